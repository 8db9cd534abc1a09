"""Mixed logit against sums over agents written out, its limits, differences and a second solver."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from sampled import examples
from tariffimpact.errors import ModelError, NoEquilibrium
from tariffimpact.market import Duties, LogitDemand, Market, MixedLogitDemand

PRICES = np.array([1.0, 1.4, 2.0, 1.2])


def drawn(seed, agents=30, products=4):
    rng = np.random.default_rng(seed)
    weights = rng.uniform(0.2, 1, agents)
    return MixedLogitDemand(
        utility=rng.normal(2, 1, products),
        price_coefficient=np.exp(rng.normal(0.3, 0.5, agents)),
        taste=rng.normal(0, 1.5, (agents, products)), weights=weights / weights.sum(),
        market_size=100.0,
    )  # fmt: skip


def units(demand, prices):
    """Agent by agent."""
    total = np.zeros(demand.size)
    for i, weight in enumerate(demand.weights):
        odds = np.exp(demand.utility + demand.taste[i] - demand.price_coefficient[i] * prices)
        total += weight * odds / (1 + odds.sum())
    return 100 * total


@examples(20)
@given(seed=st.integers(0, 2**31))
def test_sales_slopes_and_their_change_are_those_of_the_sum_over_agents(seed):
    demand, step = drawn(seed), 1e-5
    assert demand.quantities(PRICES) == pytest.approx(units(demand, PRICES), rel=1e-12)
    moves = np.exp(step * np.eye(4))
    numeric = np.array([np.log(units(demand, PRICES * m) / units(demand, PRICES / m))
                        for m in moves]).T / (2 * step)  # fmt: skip
    assert demand.elasticities(PRICES) == pytest.approx(numeric, rel=1e-6, abs=1e-8)
    weights = np.random.default_rng(seed).normal(0, 1, (4, 4))
    bend = np.array([(weights * (demand.slopes(PRICES * m) - demand.slopes(PRICES / m))).sum(axis=1)
                     for m in moves]).T / (2 * step)  # fmt: skip
    assert demand.slope_change(PRICES, weights) == pytest.approx(bend, rel=1e-5, abs=1e-6)


def test_agents_alike_are_the_plain_logit():
    plain = LogitDemand([2.0, 1.0, 0.5], 1.3, 50.0)
    mixed = MixedLogitDemand([2.0, 1.0, 0.5], np.full(7, 1.3), market_size=50.0)
    options = {"products": list("abc"), "firms": list("ffg"), "unit_cost": [1.0, 1.2, 0.8]}
    one, two = (Market(demand=d, **options).impose(Duties([0.3, 0, 0.1])) for d in (plain, mixed))
    assert two.after.prices == pytest.approx(one.after.prices, rel=1e-12)
    assert two.ledger().consumers == pytest.approx(one.ledger().consumers, rel=1e-12)
    assert two.after.pass_through() == pytest.approx(one.after.pass_through(), rel=1e-9)


@pytest.mark.parametrize("conduct", ["bertrand", "cournot"])
@pytest.mark.parametrize("seed", range(4))
def test_no_price_and_no_withdrawal_earns_more_where_firms_are_solved(seed, conduct):
    demand = drawn(seed)
    market = Market(products=list("abcd"), firms=list("ffgg"), unit_cost=[0.5, 0.7, 0.9, 0.4],
                    demand=demand, conduct=conduct)  # fmt: skip
    state = market.impose(Duties([0.4, 0.0, 0.0, 0.2])).after
    assert state.residual <= 1e-10
    if conduct == "cournot":
        return
    for own in ([0, 1], [2, 3]):
        now = state.profit[own].sum()
        for j in own:

            def loss(x, j=j, own=own):
                prices = state.prices.copy()
                prices[j] = np.exp(x)
                return -((prices - state.game.cost) * units(demand, prices))[own].sum()

            found = minimize_scalar(loss, bounds=(np.log(state.game.cost[j]), 6.0))
            assert -found.fun <= now * (1 + 1e-8)
            prices = state.prices.copy()
            prices[j] = 1e6  # nobody buys it
            assert ((prices - state.game.cost) * units(demand, prices))[own].sum() < now


def test_consumers_lose_between_paasche_and_laspeyres_and_the_ledger_balances():
    market = Market(products=list("abcd"), firms=list("fggh"), unit_cost=[0.5, 0.7, 0.9, 0.4],
                    demand=drawn(3))  # fmt: skip
    result = market.impose(Duties(0.3))
    rise, loss = result.price_change, -result.ledger(home=["f"]).consumers
    assert result.after.quantities @ rise <= loss <= result.before.quantities @ rise
    by_agent = market.demand.losses_by_agent(result.before.prices, result.after.prices)
    assert 100 * market.demand.weights @ by_agent == pytest.approx(loss, rel=1e-12)
    assert "local maximum" in result.explain()


def test_mean_utilities_are_found_through_observed_shares():
    demand = drawn(5)
    shares = demand.shares(PRICES)
    again = MixedLogitDemand.through(shares=shares, prices=PRICES, taste=demand.taste,
                                     price_coefficient=demand.price_coefficient,
                                     weights=demand.weights)  # fmt: skip
    assert again.utility == pytest.approx(demand.utility, abs=1e-9)


@pytest.mark.parametrize(("change", "words"), [
    ({"weights": [0.6, 0.6, -0.2]}, "agent 3 has -0.2; weights are shares"),
    ({"weights": [0.6, 0.6, 0.2]}, "they sum to 1.4"),
    ({"price_coefficient": [1.0, -1.0, 1.0]}, "price_coefficient must be above 0"),
    ({"price_coefficient": [1.0, 1.0]}, "one row of tastes and one price coefficient per agent"),
    ({"taste": np.zeros((3, 5))}, "one row of tastes"),
    ({"utility": [np.nan, 1.0]}, "utility: value 1 is nan"),
])  # fmt: skip
def test_bad_agents_are_named(change, words):
    options = {"utility": [1.0, 2.0], "price_coefficient": [1.0, 1.0, 1.0],
               "taste": np.zeros((3, 2))} | change  # fmt: skip
    with pytest.raises(ModelError, match=words):
        MixedLogitDemand(**options)


def test_buyers_without_another_choice_than_one_firm_have_no_equilibrium():
    demand = MixedLogitDemand([1.0, 2.0], [1.0, 2.0], outside_good=False)
    both = {"products": list("ab"), "unit_cost": [1.0, 1.0], "demand": demand}
    with pytest.raises(NoEquilibrium, match="f profits from every product"):
        Market(firms=list("ff"), **both).equilibrium()
    state = Market(firms=list("fg"), **both).equilibrium()
    assert state.shares.sum() == pytest.approx(1.0, rel=1e-12)
