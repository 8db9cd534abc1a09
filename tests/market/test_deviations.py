"""No firm gains by other prices, or by selling none of some products: searched, not derived.

The search knows sales only. Every set of a firm's products is withdrawn in turn (a price at which
nobody buys), and the rest is re-priced by a simplex search from several starts, rivals at their
prices, or at their sales under Cournot.
"""

from itertools import chain, combinations

import numpy as np
import pytest
from market_conditions import FIRMS, NAMES, PRICES, SHARES, SYSTEMS, observed
from scipy.optimize import minimize

from tariffimpact.errors import NoEquilibrium
from tariffimpact.market import (
    AidsDemand,
    CesDemand,
    Duties,
    LinearDemand,
    LogitDemand,
    Market,
    MarketState,
    solve_ces,
    solve_logit,
)
from tariffimpact.market.solvers.maxima import withdrawals

READINGS = ("customs_value", "border_price")


def sales(demand, prices):
    """Units sold at prices, infinite where a product is withdrawn."""
    gone = np.isinf(prices)
    if isinstance(demand, LogitDemand | CesDemand):
        return choice_sales(demand, prices)
    assert not gone.any()
    return demand.quantities(prices)


def choice_sales(demand, prices):
    """Nested logit or CES units from their definition."""
    ces = isinstance(demand, CesDemand)
    level = demand.log_quality if ces else demand.utility
    steep = demand.elasticity - 1 if ces else demand.price_coefficient
    with np.errstate(divide="ignore", over="ignore"):
        index = level - steep * (np.log(prices) if ces else prices)
    loose = 1 - demand.nesting
    weight = np.exp(np.clip(index / loose, -745, 600))
    weight[np.isinf(prices)] = 0.0
    inclusive = np.array([weight[demand.nest == g].sum() for g in demand.nest])
    part = np.where(inclusive > 0, inclusive, 1.0) ** loose * (inclusive > 0)
    heads = np.unique(demand.nest, return_index=True)[1]
    share = np.divide(weight, inclusive, out=np.zeros_like(weight), where=inclusive > 0)
    share = share * part / (1 + part[heads].sum())
    return demand.expenditure * share / prices if ces else demand.market_size * share


def best_gain(market, state, rng, starts=4):
    """Largest rise of any firm's profit, a fraction, by other prices or fewer products."""
    demand, levy, most = market.demand, state.levy, 0.0
    firms = np.array(market.firms)
    weights = state.game.ownership
    for firm in dict.fromkeys(market.firms):
        own = np.flatnonzero(firms == firm)

        def worth(prices, own=own):
            sold = sales(demand, prices)
            with np.errstate(invalid="ignore"):
                earned = np.where(sold > 0, levy.profit(prices) * sold, 0.0)
            return float(weights[own[0]] @ earned)

        now = worth(state.prices)
        for kept in chain.from_iterable(combinations(own, n) for n in range(own.size + 1)):
            kept = np.array(kept, dtype=int)
            base = state.prices.copy()
            base[np.setdiff1d(own, kept)] = np.inf
            if not kept.size:
                most = max(most, worth(base) / now - 1)
                continue

            def loss(x, base=base, kept=kept, worth=worth):
                prices = base.copy()
                prices[kept] = levy.cost[kept] * np.exp(np.clip(x, -3, 12))
                return -worth(prices)

            x = np.log(state.prices[kept] / levy.cost[kept])
            for trial in range(starts):
                start = x if trial == 0 else x + rng.normal(0, 1.0, kept.size)
                found = minimize(
                    loss,
                    start,
                    method="Nelder-Mead",
                    options={"maxiter": 400, "xatol": 1e-6, "fatol": 1e-14},
                )
                most = max(most, -found.fun / now - 1)
    return most


def nested(rng, *, ces, count=5, top=2.99, partial=False):
    """A random nested market with duties that differ within firms, levied on border prices."""
    nest = rng.integers(0, 2, count)
    nesting = rng.choice([0.3, 0.7, 0.9], 2)[nest]
    firms = np.array([f"f{f}" for f in rng.integers(0, 2, count)])
    level = rng.normal(2, 1.5, count)
    demand = (
        CesDemand(level, rng.uniform(3, 6), 1.0, nest, nesting)
        if ces
        else LogitDemand(level, 1.0, 1.0, nest, nesting)
    )
    stakes = None
    if partial:
        stakes = {"f0": {"f1": 0.3}} if {"f0", "f1"} == set(firms) else None
    market = Market(products=[f"p{j}" for j in range(count)], firms=firms.tolist(), demand=demand,
                    unit_cost=rng.uniform(0.5, 1.5, count), reading="border_price",
                    ownership=stakes)  # fmt: skip
    return market, Duties(rng.uniform(0.5, top, count) * (rng.random(count) < 0.5))


@pytest.mark.parametrize("count", [2, pytest.param(6, marks=pytest.mark.slow)])
@pytest.mark.parametrize("ces", [False, True])
@pytest.mark.parametrize("partial", [False, True])
def test_nested_firms_with_unequal_duties_survive_the_search_or_are_named(ces, partial, count):
    kept = refused = 0
    for seed in range(count):
        rng = np.random.default_rng(seed)
        market, duties = nested(rng, ces=ces, partial=partial)
        try:
            state = market.equilibrium(duties)
        except NoEquilibrium:
            refused += 1
            continue
        assert best_gain(market, state, rng, starts=2) < 1e-6
        kept += 1
    assert kept >= count // 2
    assert ces or kept + refused == count


KNOWN = [
    ("ffg", 0.9, [1.45, 0.0, 0.0], [5.811, 3.272, 0.613]),
]  # fmt: skip
"""A market of one nest with a local maximum of profit at which a firm earns less than elsewhere."""


@pytest.mark.parametrize(("firms", "nesting", "rates", "utility"), KNOWN)
def test_a_local_maximum_below_a_higher_one_is_refused_in_market_and_batch(
    firms, nesting, rates, utility, monkeypatch
):
    """With the check switched off the point is returned, and the search beats it as was said."""
    count, cost = len(firms), 1 / (1 + np.array(rates))
    demand = LogitDemand(utility, 1.0, 1.0, np.zeros(count, int), nesting)
    market = Market(products=list("abcde")[:count], firms=list(firms), unit_cost=cost,
                    demand=demand, reading="border_price")  # fmt: skip
    with pytest.raises(
        NoEquilibrium, match=r"^[a-e, ]+: .*the firm does better.*earns [\d.]+% more"
    ) as error:
        market.equilibrium(Duties(rates))
    said = float(str(error.value).split("earns ")[1].split("%")[0]) / 100
    at = market.levy(Duties(rates))
    batch = solve_logit(utility=utility, price_coefficient=1.0, cost=at.cost, firms=list(firms),
                        weight=at.weight, nests=demand.nest, nesting=nesting)  # fmt: skip
    assert not batch.solved.any() or best_gain(market, state_of(market, at, batch), RNG) < 1e-6
    monkeypatch.setattr("tariffimpact.market.solvers.require_best", lambda *_: None)
    found = best_gain(market, market.equilibrium(Duties(rates)), RNG)
    assert 0.98 * said - 1e-4 < found < 1.5 * said + 1e-4  # said of one nest, at its best there


RNG = np.random.default_rng(0)


def state_of(market, at, batch):
    return MarketState(market.game(at), market.firms, at, batch.prices, 0 * batch.prices,
                       np.zeros(batch.prices.size, bool), 0.0, 0)  # fmt: skip


@pytest.mark.parametrize("kind", ["logit", "ces"])
def test_solved_markets_of_a_batch_survive_the_search(kind):
    """Duties to 299% on the border price, nests: every returned market is searched."""
    rng = np.random.default_rng(3)
    searched = 0
    for seed in range(6):
        draw = np.random.default_rng(100 + seed)
        market, duties = nested(draw, ces=kind == "ces", count=5)
        at, demand = market.levy(duties), market.demand
        common = {"cost": at.cost, "firms": market.firms, "weight": at.weight,
                  "nests": demand.nest, "nesting": demand.nesting}  # fmt: skip
        if kind == "logit":
            found = solve_logit(utility=demand.utility, price_coefficient=1.0, **common)
        else:
            found = solve_ces(log_quality=demand.log_quality, elasticity=demand.elasticity,
                              **common)  # fmt: skip
        if found.solved.all():
            assert best_gain(market, state_of(market, at, found), rng, starts=2) < 1e-6
            searched += 1
    assert searched > 1


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("system", ["logit", "ces", "linear", "nested_logit", "nested_ces"])
def test_every_bertrand_answer_survives_small_and_large_moves_of_one_price(system, reading):
    market = observed(system, reading=reading)
    after = market.impose(Duties([0.25, 0.0, 0.2, 0.1, 0.0])).after
    for firm in dict.fromkeys(market.firms):
        own = np.flatnonzero(np.array(market.firms) == firm)
        now = float((after.levy.profit(after.prices) * after.quantities)[own].sum())
        for j in own:
            for factor in (0.5, 0.8, 0.99, 1.01, 1.2, 1.5, 2.0):
                prices = after.prices.copy()
                prices[j] *= factor
                sold = market.demand.quantities(prices)
                if (sold >= 0).all():
                    assert (after.levy.profit(prices) * sold)[own].sum() <= now * (1 + 1e-12)


def test_aids_with_a_product_its_maker_would_drop_is_refused_by_the_choke_price():
    """Two close substitutes of one firm, one of them hardly profitable at the border."""
    slope = np.array([[-4.0, 3.5, 0.5], [3.5, -4.0, 0.5], [0.5, 0.5, -1.0]])
    demand = AidsDemand([0.3, 0.4, 0.3], slope, 1.2, 100.0, np.ones(3))
    market = Market(products=["a", "b", "c"], firms=["f", "f", "g"], demand=demand,
                    unit_cost=[0.7, 0.7, 0.5], reading="border_price")  # fmt: skip
    refused = solved = 0
    for rate in np.linspace(0, 0.6, 13):
        try:
            state = market.equilibrium(Duties([rate, 0.0, 0.0]))
        except NoEquilibrium as error:
            refused += str(error).startswith("a: priced out")
            continue
        solved += 1
        # the firm without a: its price at the choke, b re-priced over a grid, from sales alone
        now = state.profit[:2].sum()
        for b in state.prices[1] * np.linspace(0.7, 1.3, 121):
            others = np.log([b, state.prices[2]])
            choke = np.exp((0.3 + slope[0, 1:] @ others) / -slope[0, 0])
            prices = np.array([choke, b, state.prices[2]])
            sold = demand.quantities(prices)
            assert sold[0] == pytest.approx(0.0, abs=1e-9)
            assert (state.levy.profit(prices) * sold)[:2].sum() <= now * (1 + 1e-8)
    assert refused > 0
    assert solved > 0


def test_withdrawal_covers_all_sets_up_to_twelve_products_and_singles_above():
    few = {tuple(some) for some in withdrawals(np.arange(4), np.zeros(4, bool))}
    assert few == {c for n in range(1, 5) for c in combinations(range(4), n)}
    taxed = np.zeros(20, bool)
    taxed[[3, 7]] = True
    many = [tuple(some) for some in withdrawals(np.arange(13), taxed)]
    assert many == [(j,) for j in range(13)] + [(3, 7)]


def test_a_linear_market_is_at_its_highest_profit_and_says_so():
    market = Market(products=NAMES, firms=FIRMS, unit_cost=0.7 * PRICES, demand=LinearDemand(
        2 * SHARES * 100, np.diag(-SHARES * 100 / PRICES)))  # fmt: skip
    told = market.impose(Duties(0.1)).explain()
    assert "highest profit that any prices" in told
    assert "local maximum" in observed("aids").impose(Duties(0.05)).explain()
    assert set(SYSTEMS) >= {"logit", "aids"}


@pytest.mark.parametrize("ces", [False, True])
def test_with_a_price_held_beside_others_of_its_maker_the_rest_is_searched_too(ces):
    """A held product of the firm in a nest may make its profit there have two peaks."""
    kept = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        market, _ = nested(rng, ces=ces, count=4)
        free = market.equilibrium()
        held = {"p0": float(free.prices[0] * rng.uniform(0.8, 1.5))}
        try:
            state = market.equilibrium(hold=held)
        except NoEquilibrium:
            continue
        own = np.flatnonzero(np.array(market.firms) == market.firms[0])[1:]
        mine = np.array(market.firms) == market.firms[0]
        now = state.profit[mine].sum()
        for factor in np.exp(rng.normal(0, 1.0, (60, 4))):
            prices = state.prices.copy()
            prices[own] = market.unit_cost[own] * (1 + (prices / market.unit_cost - 1)[own]
                                                   * factor[own])  # fmt: skip
            sold = choice_sales(market.demand, prices)
            assert ((prices - market.unit_cost) * sold)[mine].sum() <= now * (1 + 1e-9)
        kept += 1
    assert kept > 4
