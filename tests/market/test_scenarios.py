"""Many scenarios of one market: against conditions from scratch, closed forms, and `impose`."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_conditions import NAMES, SYSTEMS, logit_gap, logit_shares, nested_gap, observed

from sampled import examples
from tariffimpact.errors import ModelError
from tariffimpact.market import (
    CesDemand,
    Duties,
    LinearDemand,
    LogitDemand,
    Market,
)
from tariffimpact.market.conduct import ownership_matrix

RATES = np.array([[0.25, 0, 0.2, 0.1, 0], [0, 0, 0, 0, 0.4], [0.9, 0.3, 0, 0.1, 2.5]])
SPECIFIC = np.array([[0.0], [3.0], [1.0]])
READINGS = ("customs_value", "border_price")
CONDUCTS = ("bertrand", "cournot", "monopolistic_competition", "price_taking")
CHOICE = ("logit", "ces", "nested_logit", "nested_ces")


@cache
def calibrated(system, reading):
    market = observed(system, reading=reading)
    # at constant elasticities a firm of several products has no highest profit: one each
    return replace(market, firms=NAMES) if system == "log_linear" else market


def shared(firms):
    """Each firm gains a part of what the next one earns."""
    weights = ownership_matrix(firms)
    return np.maximum(weights, 0.25 * np.roll(weights, 2, axis=1))


def imposed(market, rates, specific):
    """Return the answer of `impose`, or the words of its refusal."""
    try:
        return market.impose(Duties(rates, specific))
    except ModelError as error:
        return str(error)


def assert_alike(market, rates, specific):
    """The scenarios equal `impose` for each of them, words of refusal included."""
    found = market.impose_each(Duties(rates, specific))
    ledgers, firms = found.ledgers(), found.firms_frame()
    for row, (rate, amount) in enumerate(zip(rates, specific, strict=True)):
        alone = imposed(market, rate, amount if amount.size > 1 else amount[0])
        if isinstance(alone, str):
            assert found.refused[(row,)] == alone
            assert np.isnan(found.after.prices[row]).all()
            assert np.isnan(ledgers.loc[row, "consumers":"deadweight_loss"]).all()
            continue
        after, ledger = alone.after, alone.ledger()
        assert found.after.prices[row] == pytest.approx(after.prices, rel=1e-9)
        assert found.after.shares[row] == pytest.approx(
            after.game.demand.shares(after.prices), rel=1e-8
        )
        assert found.after.duty[row] == pytest.approx(after.duty, rel=1e-8)
        assert found.after.profit[row] == pytest.approx(after.profit, rel=1e-8)
        told = ledgers.loc[row, ["consumers", "firms", "duty_revenue", "deadweight_loss"]]
        gains = [ledger.consumers, ledger.firms, ledger.duty_revenue, ledger.deadweight_loss]
        assert told.to_numpy(float) == pytest.approx(
            gains, rel=1e-8, abs=1e-9 * max(map(abs, gains))
        )
        profits = firms[firms["scenario"] == row]["profit_change"].to_numpy()
        assert profits == pytest.approx(alone.firms_frame()["profit_change"].to_numpy(), rel=1e-7)
        assert found.after.residual[row] <= 1e-10
    return found


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize(
    ("system", "conduct"),
    [
        (system, conduct)
        for system in SYSTEMS
        for conduct in CONDUCTS
        if conduct != "monopolistic_competition" or system in CHOICE
    ],
)
def test_every_scenario_is_what_impose_answers_or_refuses(system, conduct, reading):
    market = replace(calibrated(system, reading), conduct=conduct)
    assert_alike(market, RATES, SPECIFIC)
    if conduct in ("bertrand", "cournot") and system != "log_linear":
        assert_alike(replace(market, ownership=shared(market.firms)), RATES[:2], SPECIFIC[:2])


@examples(25)
@given(
    seed=st.integers(0, 2**31), spread=st.sampled_from([1, 5, 20, 60]), ces=st.booleans(),
    case=st.sampled_from(["customs_value", "border_price", "nested"]),
    top=st.sampled_from([0.1, 0.5, 2.0, 2.99]),
)  # fmt: skip
def test_random_markets_are_what_impose_answers_or_refuses(seed, spread, ces, case, top):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 7))
    nest = rng.integers(0, 3, count) if case == "nested" else np.empty(0, dtype=int)
    nesting = np.array([0.2, 0.5, 0.9])[nest] if case == "nested" else np.zeros(())
    level = rng.normal(1, spread, count)
    demand = (CesDemand if ces else LogitDemand)(level, 4.0, 1.0, nest, nesting)
    market = Market(
        products=[f"p{j}" for j in range(count)], firms=rng.integers(0, 3, count).tolist(),
        demand=demand, unit_cost=rng.uniform(0.5, 3, count),
        reading="customs_value" if case == "nested" else case,
    )  # fmt: skip
    if isinstance(imposed(market, 0.0, 0.0), str):
        return  # no equilibrium before
    found = assert_alike(market, rng.uniform(0, top, (3, count)), rng.uniform(0, 1, (3, count)))
    firms = market.firms
    for row in np.flatnonzero(found.solved):
        at = {"prices": found.after.prices[row], "cost": found.after.levy.cost[row]}
        weight = found.after.levy.weight[row]
        if case == "nested":
            gap = nested_gap(level=level, steep=3.0 if ces else 4.0, nest=nest, nesting=nesting,
                             ces=ces, pull=ownership_matrix(firms), **at)  # fmt: skip
            assert gap <= 1e-9
        elif not ces:
            gap = logit_gap(utility=level, alpha=4.0, firms=firms, weight=weight, **at)
            assert gap <= 1e-10


@pytest.mark.parametrize("reading", READINGS)
def test_a_linear_monopoly_prices_half_way_from_cost_to_choke(reading):
    """(p - k)(10 - p) peaks at (10 + k)/2, whatever part the firm keeps; none sold at k > 10."""
    market = Market(products=["a"], firms=["f"], unit_cost=[2.0], reading=reading,
                    demand=LinearDemand([10.0], [[-1.0]]))  # fmt: skip
    rate, specific = np.linspace(0, 2.5, 100)[:, None], np.linspace(0, 5, 100)[:, None]
    found = market.impose_each(Duties(rate, specific))
    cost = 2 * (1 + rate) + specific
    sold = cost[:, 0] < 10
    assert (found.solved == sold).all()
    assert found.after.prices[sold] == pytest.approx((10 + cost[sold]) / 2, rel=1e-14)
    assert found.after.shares[sold] == pytest.approx(1.0)
    quantity = 10 - found.after.prices[sold, 0]
    assert found.consumer_loss[sold] == pytest.approx((16 - quantity**2) / 2)
    assert set(found.refused) == {(row,) for row in np.flatnonzero(~sold)}
    assert "a: priced out" in found.refused[(99,)]


def test_markups_taken_alone_and_prices_at_cost():
    """CES among many: p = k e/(e - 1); logit among many: p = k + 1/alpha; price takers: p = k."""
    rates = np.linspace(0, 1, 7)[:, None] * [1.0, 0.0]
    two = {"products": ["a", "b"], "firms": ["f", "g"], "unit_cost": [1.0, 2.0]}
    cost = np.array([1.0, 2.0]) * (1 + rates)
    ces, logit = CesDemand([0.0, 0.5], 5.0), LogitDemand([1.0, 2.0], 4.0)
    for demand, conduct, expected in (
        (ces, "monopolistic_competition", cost * 1.25),
        (logit, "monopolistic_competition", cost + 0.25),
        (ces, "price_taking", cost),
    ):
        found = Market(demand=demand, conduct=conduct, **two).impose_each(Duties(rates))
        assert found.after.prices == pytest.approx(expected, rel=1e-14)


def test_a_product_its_maker_withdraws_and_a_point_that_is_no_maximum_are_named_not_numbered():
    """Of one firm, a keeps a quarter of a dollar and b all of it: a is better not sold."""
    market = Market(products=["a", "b"], firms=["f", "f"], unit_cost=[1.0, 1.0],
                    reading="border_price", demand=CesDemand([0.0, 9.0], 4.0))  # fmt: skip
    found = market.impose_each(Duties([[0.1, 0.1], [2.9, 0.0], [0.2, 0.0]]))
    assert found.solved.tolist() == [True, False, True]
    assert found.refused[(1,)].startswith("a: priced out, the firm does better to sell none")
    assert np.isnan(found.price_change[1]).all()


@pytest.mark.parametrize("conduct", ["bertrand", "cournot"])
def test_a_saddle_of_quadratic_profit_is_refused_and_the_rows_around_it_are_not(conduct):
    """At t kept of b's dollar the Hessian is [[-2, x], [x, -2t]], x = -1.3 - 0.1 t."""
    slope = np.array([[-1.0, -1.3], [-0.1, -1.0]])
    market = Market(products=["a", "b"], firms=["f", "f"], unit_cost=[1.0, 1.0], conduct=conduct,
                    reading="border_price", demand=LinearDemand([21.0, 27.0], slope))  # fmt: skip
    rate = np.array([0.2, 0.5, 1.0, 2.0, 2.9])
    kept = 1 / (1 + rate)
    found = assert_alike(market, rate[:, None] * [0.0, 1.0], np.zeros((5, 1)))
    assert (found.solved == (4 * kept > (1.3 + 0.1 * kept) ** 2)).all()
    assert "f is not at a maximum" in found.refused[(3,)]


def test_leading_axes_are_those_of_the_duties():
    market = calibrated("logit", "customs_value")
    rates = np.linspace(0, 0.5, 12).reshape(2, 6, 1)
    grid = market.impose_each(Duties(rates * np.ones(5), [0.0, 1, 0, 0, 0], 0.8))
    assert grid.after.prices.shape == (2, 6, 5)
    assert grid.solved.shape == grid.consumer_loss.shape == grid.duty_revenue.shape == (2, 6)
    flat = market.impose_each(Duties(rates.reshape(12, 1), [0.0, 1, 0, 0, 0], 0.8))
    assert grid.after.prices.reshape(12, 5) == pytest.approx(flat.after.prices, rel=1e-13)
    one = market.impose_each(Duties(rates[1, 3, 0], [0.0, 1, 0, 0, 0], 0.8))
    assert one.after.prices.shape == (5,)
    assert one.after.prices == pytest.approx(grid.after.prices[1, 3], rel=1e-13)
    assert one.after.residual.shape == ()
    frame = grid.to_frame()
    assert len(frame) == 60
    last = frame[frame["scenario"] == 9].reset_index(drop=True)
    assert last["ad_valorem"].to_numpy() == pytest.approx(0.8 * rates[1, 3, 0])
    assert last["price_after"].to_numpy() == pytest.approx(grid.after.prices[1, 3])


@pytest.mark.parametrize("system", SYSTEMS)
def test_losses_lie_between_paasche_and_laspeyres_and_every_ledger_balances(system):
    market = replace(calibrated(system, "customs_value"), duties=Duties(), conduct="price_taking")
    found = market.impose_each(Duties(np.linspace(0.05, 0.4, 4)[:, None] * [1, 0.5, 0, 1, 0.2]))
    assert found.solved.all()
    rise, sold = found.price_change, found.before.quantities
    assert ((found.after.quantities * rise).sum(axis=1) <= found.consumer_loss * (1 + 1e-9)).all()
    assert (found.consumer_loss <= rise @ sold * (1 + 1e-9)).all()
    book = found.ledgers()
    gains = book["consumers"] + book["firms"] + book["duty_revenue"]
    assert gains.to_numpy() == pytest.approx(-book["deadweight_loss"].to_numpy(), rel=1e-9)
    assert (book["deadweight_loss"] > 0).all()
    spent = (found.before.prices * sold).sum()
    still = market.impose_each(Duties([[0.0], [1e-12], [1e-9]])).ledgers()
    assert still.loc[:, "consumers":].abs().max(axis=None) < 1e-8 * spent
    for rate in (1e-14, 1e-11, 1e-8, 1e-6):
        assert abs(market.impose(Duties(rate)).ledger().firms) < 10 * rate * spent


@pytest.mark.parametrize("system", CHOICE)
def test_shares_at_many_prices_are_those_at_each(system):
    demand = calibrated(system, "customs_value").demand
    prices = np.exp(np.random.default_rng(3).normal(4.7, 1.0, (4, 3, 5)))
    each = np.array([[demand.at(one).share for one in row] for row in prices])
    assert demand.shares(prices) == pytest.approx(each, rel=1e-12)
    if system == "logit":
        scratch = logit_shares(demand.utility, demand.price_coefficient, prices[0, 0])
        assert demand.shares(prices)[0, 0] == pytest.approx(scratch, rel=1e-12)


class Foreign:
    """A demand system that knows only what the protocol asks."""

    def __init__(self, inner):
        for name in ("size", "quantities", "shares", "slopes", "elasticities", "slope_change",
                     "consumer_loss"):  # fmt: skip
            setattr(self, name, getattr(inner, name))


@pytest.mark.parametrize("conduct", ["bertrand", "price_taking"])
def test_another_demand_system_is_asked_what_the_protocol_says(conduct):
    known = replace(calibrated("linear", "customs_value"), conduct=conduct)
    other = replace(known, demand=Foreign(known.demand))
    duties = Duties(RATES[:2] / 5)
    want, found = known.impose_each(duties), other.impose_each(duties)
    assert found.after.prices == pytest.approx(want.after.prices, rel=1e-9)
    assert found.consumer_loss == pytest.approx(want.consumer_loss, rel=1e-8)
    assert found.ledgers().to_numpy(float)[:, 3:] == pytest.approx(
        want.ledgers().to_numpy(float)[:, 3:], rel=1e-7, abs=1e-12
    )
    assert other.impose_each(Duties(specific=[[1e3]])).after.shares.shape == (1, 5)


def test_bad_duties_are_refused_with_every_fault_named():
    market = calibrated("logit", "customs_value")
    with pytest.raises(ModelError) as error:
        market.impose_each(Duties(-0.1 * np.ones((3, 5)), np.ones((3, 4)), [[1.5]]))
    told = str(error.value).splitlines()
    assert told[0].startswith("ad_valorem must be at least 0 (got -0.1)")
    assert told[1].startswith("specific: shape (3, 4) for 5 products")
    assert told[2].startswith("dutiable_share must be at most 1.0 (got 1.5)")
    for bad, words in (
        (Duties([[np.nan] * 5]), "ad_valorem must be a number of ordinary size"),
        (Duties(np.ones((3, 1)), np.ones((2, 5))), r"ad_valorem \(3, 1\), specific \(2, 5\)"),
        (Duties(np.ones(1000)), r"shape \(1000,\) for 5 products"),
        (Duties(np.ones((0, 5))), "ad_valorem holds no value"),
        (Duties([["x"] * 5]), "ad_valorem must be a number"),
    ):
        with pytest.raises(ModelError, match=words):
            market.impose_each(bad)
    with pytest.raises(ModelError, match=r"duties: shape \(1, 5\) for 5 products"):
        market.impose(Duties(np.ones((1, 5))))


def test_a_market_without_an_equilibrium_before_has_no_scenarios():
    market = Market(products=["a"], firms=["f"], unit_cost=[11.0],
                    demand=LinearDemand([10.0], [[-1.0]]))  # fmt: skip
    with pytest.raises(ModelError, match="a: priced out"):
        market.impose_each(Duties([[0.0]]))


def test_results_say_what_was_solved_and_what_was_not():
    market = Market(products=["a", "b"], firms=["f", "g"], unit_cost=[2.0, 2.0],
                    demand=LinearDemand([10.0, 10.0], [[-1.0, 0.25], [0.25, -1.0]]))  # fmt: skip
    found = market.impose_each(
        Duties([[0.0, 0.0], [0.5, 0.0], [0, 0]], [[0], [0], [18.0]] * np.array([1, 0]))
    )
    assert found.summary() == (
        "2 of 3 scenarios are solved; no equilibrium for (2,). The mean shelf price changes by "
        f"0.0% to {100 * found.mean_price_change[1]:.1f}% and consumers lose $0 to "
        f"${found.consumer_loss[1]:.2f}."
    )
    told = found.explain()
    assert f"(2,): {found.refused[(2,)]}" in told
    assert "Demand: LinearDemand; conduct: bertrand" in told
    ax = found.plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    none = market.impose_each(Duties(specific=np.full((9, 2), 18.0)))
    assert none.summary().startswith("0 of 9 scenarios are solved; no equilibrium for (0,), (1,),")
    assert none.summary().endswith("(4,) ….")
    assert "and 4 more; see refused" in none.explain()
    assert none.ledgers()["solved"].sum() == 0
    none.plot()
    whole = market.impose_each(Duties([[0.5, 0.0]]))
    assert whole.summary().startswith("It is solved. The mean shelf price changes by")
    many = market.impose_each(Duties([[0.5, 0.0], [0.1, 0.0]]))
    assert many.summary().startswith("All 2 scenarios are solved. The mean shelf price")
