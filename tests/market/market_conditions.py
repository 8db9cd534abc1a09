"""One observed market in every demand system, and its conditions written from their definitions."""

import numpy as np

from tariffimpact.market import Duties, calibrate

NAMES = list("abcde")
FIRMS = ["f", "f", "g", "g", "h"]
PRICES = np.array([115.0, 130.0, 100.0, 145.0, 120.0])
SHARES = np.array([0.1, 0.15, 0.2, 0.1, 0.05])
SYSTEMS = {
    "logit": {},
    "ces": {},
    "linear": {},
    "log_linear": {},
    "aids": {"fixed": {"market_elasticity": 1.5}},
    "nested_logit": {"nests": list("xxyyy"), "fixed": {"nesting": 0.4}},
    "nested_ces": {"nests": list("xxyyy"), "fixed": {"nesting": 0.4}},
}
NEW = Duties([0.25, 0.0, 0.2, 0.1, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0])


def observed(system, **changes):
    options = {"margins": {"a": 0.3}, "duties": Duties([0.1, 0, 0.05, 0, 0])} | changes
    shares = SHARES / SHARES.sum() if system == "aids" else SHARES
    return calibrate(
        products=NAMES,
        # at constant elasticities a firm of two substitutes has no highest profit: one firm each
        firms=NAMES if system == "log_linear" else FIRMS,
        prices=PRICES,
        shares=shares,
        demand=system.removeprefix("nested_"),
        **(SYSTEMS[system] | options),
    )


def logit_shares(utility, alpha, prices):
    exponent = utility - alpha * prices
    top = max(exponent.max(), 0.0)
    weight = np.exp(exponent - top)
    return weight / (np.exp(-top) + weight.sum())


def logit_gap(*, utility, alpha, prices, cost, firms, weight=None):
    """Largest |p - k - 1/alpha - profit/(weight)| relative to the price: Bertrand, logit."""
    keep = np.ones_like(cost) if weight is None else weight
    share = logit_shares(utility, alpha, prices)
    firms = np.asarray(firms)
    earned = keep * (prices - cost) * share
    pull = np.array([earned[firms == firm].sum() for firm in firms])
    gap = prices - cost - 1 / alpha - pull / keep
    return np.max(np.abs(gap) / np.maximum(np.abs(prices), np.abs(prices - cost)))


def ces_gap(*, quality, eta, prices, cost, firms):
    """Largest miss of 1 = eta l - (eta - 1) sum_f l r, the CES condition in the Lerner index."""
    exponent = quality - (eta - 1) * np.log(prices)
    top = max(exponent.max(), 0.0)
    share = np.exp(exponent - top) / (np.exp(-top) + np.exp(exponent - top).sum())
    lerner = 1 - cost / prices
    firms = np.asarray(firms)
    pull = np.array([(lerner * share)[firms == firm].sum() for firm in firms])
    return np.max(np.abs(1 - eta * lerner + (eta - 1) * pull))


def numeric_gain(market, state, firm, step=1e-4):
    """Largest rise of a firm's profit, relative, from moving any one of its prices by `step`."""
    demand, levy = market.demand, state.levy
    own = np.array([name == firm for name in market.firms])

    def profit(prices):
        return float((levy.profit(prices) * demand.quantities(prices))[own].sum())

    at = profit(state.prices)
    gains = []
    for j in np.flatnonzero(own):
        for sign in (-1, 1):
            moved = state.prices.copy()
            moved[j] *= 1 + sign * step
            gains.append((profit(moved) - at) / abs(at))
    return max(gains)


def nested_gap(*, prices, cost, level, steep, nest, nesting, ces, pull):
    """Largest miss of the markup that each product's condition asks for, nested logit or CES.

    From d ln r_k / du_j alone; pull[j, k] weighs k's profit in j's condition, own weight 1. Logit:
    m = (1 - s)/a + s sum_nest pull m c + (1 - s) sum pull m r, relative to price. CES, with l the
    Lerner index and e = elasticity - 1: l (1 + e/(1 - s)) = 1 + e (s/(1 - s) sum_nest pull l c +
    sum pull l r), relative to the factor of l.
    """
    index = level - steep * (np.log(prices) if ces else prices)
    within, inclusive = np.empty(prices.size), []
    for group in np.unique(nest):
        here = nest == group
        scaled = index[here] / (1 - nesting[here])
        top = scaled.max()
        total = top + np.log(np.exp(scaled - top).sum())
        within[here] = np.exp(scaled - total)
        inclusive.append((1 - nesting[here][0]) * total)
    top = max(0.0, *inclusive)
    size = top + np.log(np.exp(-top) + np.exp(np.array(inclusive) - top).sum())
    share = within * np.exp(np.array(inclusive) - size)[np.searchsorted(np.unique(nest), nest)]
    same = nest[:, None] == nest[None, :]
    if not ces:
        markup = prices - cost
        asked = (
            (1 - nesting) / steep
            + nesting * ((pull * same) @ (markup * within))
            + (1 - nesting) * (pull @ (markup * share))
        )
        return np.max(np.abs(markup - asked) / np.maximum(prices, np.abs(markup)))
    lerner, odds = 1 - cost / prices, nesting / (1 - nesting)
    asked = 1 + steep * (odds * ((pull * same) @ (lerner * within)) + pull @ (lerner * share))
    factor = 1 + steep / (1 - nesting)
    return np.max(np.abs(lerner * factor - asked) / factor)
