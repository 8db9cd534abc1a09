"""Nested logit and nested CES, any owners, at extreme utilities: solved, or named and refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_conditions import nested_gap

from sampled import examples
from tariffimpact.errors import ModelError
from tariffimpact.market import CesDemand, Duties, LogitDemand, Market
from tariffimpact.market.solvers import solve

DRAWS = {
    "seed": st.integers(0, 2**32 - 1),
    "sd": st.sampled_from([1, 5, 20, 60]),
    "near": st.sampled_from(["zero", "middle", "one"]),
    "partial": st.booleans(),
    "reading": st.sampled_from(["customs_value", "border_price"]),
}


def drawn(*, ces, seed, sd, near, partial, reading, conduct="bertrand"):
    """Return a random nested market and duties: up to 8 products, tariffs to 200%."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 9))
    firm = rng.integers(0, rng.integers(1, count + 1), count)
    nest = rng.integers(0, rng.integers(1, 4), count)
    by_nest = {
        "zero": 10 ** rng.uniform(-12, -2, 3),
        "middle": rng.uniform(0.05, 0.95, 3),
        "one": 1 - 10 ** rng.uniform(-3, -1, 3),
    }[near]
    weights = rng.uniform(0, 1, (count, count)) * (rng.random((count, count)) < 0.5)
    np.fill_diagonal(weights, 1.0)
    options = {"nest": nest, "nesting": by_nest[nest]}
    level, steep = rng.normal(0, sd, count), 10 ** rng.uniform(-1, 1)
    demand = (
        CesDemand(level, 1 + steep, 1.0, **options)
        if ces
        else LogitDemand(level, steep, 1.0, **options)
    )
    market = Market(
        products=[f"p{j}" for j in range(count)],
        firms=[f"f{f}" for f in firm],
        unit_cost=rng.uniform(1, 2, count),
        demand=demand,
        reading=reading,
        conduct=conduct,
        ownership=weights[firm][:, firm] if partial else None,
    )
    rate = rng.uniform(0, 2, count) * (rng.random(count) < 0.6)
    return market, Duties(rate, rng.uniform(0, 0.5, count))


def gap(market, duties, prices):
    """Return the miss of the first-order conditions, written from scratch."""
    demand, at = market.demand, market.levy(duties)
    ces = isinstance(demand, CesDemand)
    firms = np.array(market.firms)
    owned = (firms[:, None] == firms).astype(float)
    weights = owned if market.ownership is None else market.ownership
    return nested_gap(
        prices=prices,
        cost=at.cost,
        level=demand.log_quality if ces else demand.utility,
        steep=demand.elasticity - 1 if ces else demand.price_coefficient,
        nest=demand.nest,
        nesting=demand.nesting,
        ces=ces,
        pull=weights * at.weight[None, :] / at.weight[:, None],
    )


def check(ces, draw):
    market, duties = drawn(ces=ces, **draw)
    solved = solve(market.game(market.levy(duties)), market.firms)
    if solved.converged:
        assert gap(market, duties, solved.prices) <= 1e-10
        return
    # only CES may have no interior equilibrium, where weights within a firm differ: the firm does
    # better to sell none of a product. Among near-perfect substitutes it may have none at all, and
    # rounding blurs prices where quality is as far apart as exp(60)
    assert ces
    assert draw["partial"] or draw["reading"] == "border_price" or draw["sd"] == 60
    sure = draw["sd"] < 60 and draw["near"] != "one"
    reason = "does better to sell none" if sure else r"priced out|no equilibrium found"
    with pytest.raises(ModelError, match=reason):
        market.equilibrium(duties)


@examples(20)
@given(st.fixed_dictionaries(DRAWS), st.booleans())
def test_extreme_nested_markets_are_solved_or_refused(draw, ces):
    check(ces, draw)


@pytest.mark.parametrize("nesting", [0.0, 0.5])
def test_a_product_its_own_firm_would_rather_not_sell_is_named(nesting):
    """CES, one firm, 200% on the border price of a: profit is highest without it, by a grid."""
    quality, cost, keep = np.array([0.0, 4.0]), np.ones(2), np.array([1 / 3, 1.0])
    market = Market(products=["a", "b"], firms=["f", "f"], unit_cost=cost, reading="border_price",
                    demand=CesDemand(quality, 3.0, 1.0, [0, 0], nesting))  # fmt: skip
    with pytest.raises(ModelError, match=r"^a: priced out, the firm does better to sell none"):
        market.equilibrium(Duties([2.0, 0.0]))

    def profit(a, b):
        weight = np.exp((quality[:, None] - 2 * np.log([a, b])) / (1 - nesting))
        nest = weight.sum(axis=0) ** (1 - nesting)
        share = weight / weight.sum(axis=0) * nest / (1 + nest)
        lerner = 1 - cost[:, None] * np.array([[3.0], [1.0]]) / np.array([a, b])
        return (keep[:, None] * lerner * share).sum(axis=0)

    grid = np.exp(np.linspace(0, 4, 400))
    best = [profit(np.full(400, a), grid).max() for a in (4.0, 8.0, 30.0, 1e3, 1e6)]
    assert (np.diff(best) > 0).all()


@pytest.mark.parametrize("ces", [False, True])
@pytest.mark.parametrize("conduct", ["bertrand", "cournot"])
def test_products_held_in_an_extreme_market_stay_and_the_rest_reply(ces, conduct):
    market, duties = drawn(ces=ces, seed=11, sd=5, near="middle", partial=False,
                           reading="customs_value", conduct=conduct)  # fmt: skip
    free = market.equilibrium(duties)
    again = market.equilibrium(duties, hold={"p0": float(free.prices[0])})
    assert again.prices == pytest.approx(free.prices, rel=1e-9)
    moved = market.equilibrium(duties, hold={"p0": float(free.prices[0]) * 1.5})
    assert moved.prices[0] == pytest.approx(free.prices[0] * 1.5)
    miss = market.residual(moved.prices, duties)
    assert np.abs(miss[1:]).max() < 1e-9
    assert abs(miss[0]) > 1e-6
