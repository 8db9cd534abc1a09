"""Random markets of every pair of demand and conduct, against conditions made of sales alone.

Profit is differentiated by central differences: in each price under Bertrand; under Cournot in each
quantity, through the inverse of the numeric slopes of sales.
"""

import numpy as np
import pytest

from tariffimpact.errors import NoEquilibrium
from tariffimpact.market import (
    AidsDemand,
    CesDemand,
    Duties,
    LinearDemand,
    LogitDemand,
    LogLinearDemand,
    Market,
    MixedLogitDemand,
)

COUNT = 5
SYSTEMS = ("logit", "ces", "nested_logit", "nested_ces", "linear", "log_linear", "aids", "mixed")
CONDUCTS = ("bertrand", "cournot", "monopolistic_competition", "price_taking")


def drawn(system, rng):
    """A random demand system of five products, prices near 2."""
    nest = {"nest": rng.integers(0, 2, COUNT), "nesting": rng.uniform(0.1, 0.7)}
    nests = nest if "nested" in system else {}
    if "logit" in system:
        return LogitDemand(rng.normal(2, 1, COUNT), rng.uniform(0.8, 2), 100.0, **nests)
    if "ces" in system:
        return CesDemand(rng.normal(1, 1, COUNT), rng.uniform(3, 6), 100.0, **nests)
    cross = rng.uniform(0.1, 0.5, (COUNT, COUNT))
    cross = (cross + cross.T) / 2 * (1 - np.eye(COUNT))
    if system == "linear":
        slope = cross - np.diag(cross.sum(axis=1) + rng.uniform(1, 2, COUNT))
        return LinearDemand(rng.uniform(6, 9, COUNT), slope)
    if system == "log_linear":
        return LogLinearDemand(rng.normal(1, 0.3, COUNT),
                               cross / 3 - np.diag(rng.uniform(3, 5, COUNT)))  # fmt: skip
    if system == "aids":
        slope = (cross - np.diag(cross.sum(axis=1))) * 0.5
        level = rng.dirichlet(np.full(COUNT, 60.0)) - slope @ np.log(np.full(COUNT, 2.0))
        return AidsDemand(level, slope, 1.3, 100.0, np.full(COUNT, 2.0))
    return MixedLogitDemand(rng.normal(2, 1, COUNT), np.exp(rng.normal(0.2, 0.3, 40)),
                            rng.normal(0, 0.8, (40, COUNT)), market_size=100.0)  # fmt: skip


def numeric_slopes(demand, prices, step=1e-5):
    """dq_k/dp_j, rows j, from sales."""
    rows = []
    for j in range(COUNT):
        up, down = prices.copy(), prices.copy()
        up[j], down[j] = prices[j] * (1 + step), prices[j] * (1 - step)
        change = demand.quantities(up) - demand.quantities(down)
        rows.append(change / (2 * step * prices[j]))
    return np.array(rows)


def gaps(market, state):
    """Each firm's derivative of profit in each of its choices, over its own marginal terms."""
    demand, prices = market.demand, state.prices
    keep, margin = state.levy.weight, prices - state.levy.cost
    sold, slope = demand.quantities(prices), numeric_slopes(demand, prices)
    ours = np.array(market.firms)[:, None] == np.array(market.firms)
    if market.conduct == "price_taking":
        return margin / prices
    if market.conduct == "monopolistic_competition":  # each product too small to move the index
        loose = 1 - demand.nesting
        steep = (demand.price_coefficient * prices / loose if isinstance(demand, LogitDemand)
                 else 1 + (demand.elasticity - 1) / loose)  # fmt: skip
        return 1 - margin / prices * steep
    if market.conduct == "bertrand":
        terms = ours * slope * (keep * margin)[None, :]
        return (keep * sold + terms.sum(axis=1)) / (keep * sold + np.abs(terms).sum(axis=1))
    turn = np.linalg.inv(slope)  # dp_k/dq_j, rows j
    terms = ours * turn * (keep * sold)[None, :]
    return (keep * margin + terms.sum(axis=1)) / (keep * prices + np.abs(terms).sum(axis=1))


@pytest.mark.parametrize("reading", ["customs_value", "border_price"])
@pytest.mark.parametrize("conduct", CONDUCTS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_no_firm_gains_by_a_small_change_of_what_it_chooses(system, conduct, reading):
    if conduct == "monopolistic_competition" and not ("logit" in system or "ces" in system):
        return
    solved = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        demand = drawn(system, rng)
        firms = [f"f{k}" for k in rng.integers(0, 3, COUNT)]
        if system == "log_linear":
            firms = list("abcde")
        if system == "aids":
            firms = list("ffggh")
        market = Market(products=list("vwxyz"), firms=firms, demand=demand, reading=reading,
                        unit_cost=rng.uniform(0.8, 1.4, COUNT), conduct=conduct)  # fmt: skip
        duties = Duties(rng.uniform(0, 0.5, COUNT) * (rng.random(COUNT) < 0.6),
                        rng.uniform(0, 0.1, COUNT))  # fmt: skip
        try:
            state = market.equilibrium(duties)
        except NoEquilibrium:
            continue
        assert (
            np.abs(gaps(market, state)).max() < 2e-8
        )  # differences of 1e-5, squared, and rounding
        solved += 1
    assert solved >= 2
