"""Pricing rules against closed forms, root finders, optimisers and a grid that know no formula."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import optimize

from tariffimpact import pricing
from tariffimpact.errors import ModelError
from tariffimpact.pricing.demand import IsoelasticDemand, LinearDemand, LogitDemand


def isoelastic(elasticity, price=100.0):
    return IsoelasticDemand(price=price, demand_elasticity=elasticity)


def profit(demand, price, cost):
    return (price - cost) * demand.quantity(price)


TEXTBOOK = {"old_cost": 50.0, "cost_change": 12.5}


def test_margins_of_the_textbook_case():
    assert pricing.hold_dollar_margin(price=100, cost_change=12.5) == 112.5
    assert pricing.hold_percent_margin(price=100, **TEXTBOOK) == 125.0


@pytest.mark.parametrize(
    ("elasticity", "expected"), [(0.5, 116.4578), (1, 125.0), (1.5, None), (2, None), (2.5, None)]
)
def test_held_profit_of_the_textbook_case(elasticity, expected):
    got = pricing.hold_profit(demand=isoelastic(elasticity), **TEXTBOOK)
    assert math.isnan(got) if expected is None else got == pytest.approx(expected, abs=5e-5)


def test_held_profit_may_be_a_cut():
    got = pricing.hold_profit(demand=isoelastic(4), old_cost=50, cost_change=2.5)
    assert got == pytest.approx(97.2824, abs=5e-5)


def test_a_rollback_brings_the_price_back():
    demand = isoelastic(0.5, price=116.4578)
    got = pricing.hold_profit(demand=demand, old_cost=62.5, cost_change=-12.5)
    assert got == pytest.approx(100.0, abs=5e-5)


@pytest.mark.parametrize("change", [1.0, 12.5, 40.0, -10.0])
def test_linear_demand_from_an_optimal_start_passes_on_half(change):
    demand = LinearDemand(price=100, demand_elasticity=2)
    got = pricing.maximise(demand=demand, old_cost=50, cost_change=change)
    assert got == pytest.approx(100 + change / 2, rel=1e-15)


def test_isoelastic_demand_from_an_optimal_start_passes_on_more_than_one_for_one():
    got = pricing.maximise(demand=isoelastic(2), **TEXTBOOK)
    assert got == 125.0  # e/(e-1) = 2 dollars a dollar


def demands(price, elasticity, share):
    return (
        LinearDemand(price=price, demand_elasticity=elasticity),
        IsoelasticDemand(price=price, demand_elasticity=elasticity),
        LogitDemand(price=price, demand_elasticity=elasticity, share=share),
    )


def roots_by_scan(demand, old_cost, new_cost):
    """Every p with the old profit, by sign changes on a fine grid, then Brent's method."""
    price = demand.price
    target = profit(demand, price, old_cost)

    def gap(p):
        return profit(demand, p, new_cost) / target - 1

    top = min(getattr(demand, "choke_price", np.inf), 60 * max(price, new_cost))
    grid = np.unique(np.r_[np.geomspace(new_cost * (1 + 1e-12), top, 4000), price])
    values = gap(grid)
    sides = list(pairwise(zip(grid, values, strict=True)))
    return [optimize.brentq(gap, a, b, xtol=1e-13, rtol=1e-14) for (a, x), (b, y) in sides
            if x * y < 0]  # fmt: skip


CASE = {
    "price": st.floats(1, 1e4), "elasticity": st.floats(0.1, 8), "share": st.floats(0.02, 0.9),
    "margin": st.floats(0.05, 0.9), "change": st.floats(-0.9, 2),
}  # fmt: skip


@given(**CASE)
def test_held_profit_is_the_nearest_root_a_scan_finds(price, elasticity, share, margin, change):
    assume(abs(change) > 1e-3)
    cost = price * (1 - margin)
    for demand in demands(price, elasticity, share):
        new_cost = cost * (1 + change)
        got = pricing.hold_profit(demand=demand, old_cost=cost, cost_change=new_cost - cost)
        found = roots_by_scan(demand, cost, new_cost)
        if math.isnan(got):
            assert not found
            continue
        assert profit(demand, got, new_cost) == pytest.approx(
            profit(demand, price, cost), rel=1e-9
        )  # 1e-9: near the peak two roots meet and price and profit share the digits
        if found and (change < 0 or len(found) == 2):  # the scan may miss two roots in one cell
            nearest = min(abs(root - price) for root in found)
            assert abs(got - price) <= nearest * (1 + 1e-6) + 1e-9 * price


@given(**CASE)
def test_no_price_means_the_best_one_falls_short(price, elasticity, share, margin, change):
    assume(abs(change) > 1e-3)
    cost = price * (1 - margin)
    new_cost = cost * (1 + change)
    for demand in demands(price, elasticity, share):
        got = pricing.hold_profit(demand=demand, old_cost=cost, cost_change=new_cost - cost)
        if isinstance(demand, IsoelasticDemand) and elasticity <= 1:
            assert not math.isnan(got)
            continue
        best = pricing.maximise(demand=demand, old_cost=cost, cost_change=new_cost - cost)
        spare = profit(demand, best, new_cost) / profit(demand, price, cost) - 1
        if abs(spare) > 1e-12:
            assert math.isnan(got) == (spare < 0)


@given(**CASE)
def test_maximise_beats_a_grid(price, elasticity, share, margin, change):
    cost = price * (1 - margin)
    new_cost = cost * (1 + change)
    for demand in demands(price, elasticity, share):
        if isinstance(demand, IsoelasticDemand) and elasticity <= 1.01:
            continue
        best = pricing.maximise(demand=demand, old_cost=cost, cost_change=new_cost - cost)
        grid = np.geomspace(new_cost, 50 * max(price, new_cost), 3000)
        top = profit(demand, grid, new_cost).max()
        assert profit(demand, best, new_cost) >= top * (1 - 1e-12) - 1e-12 * price


@given(
    price=CASE["price"], elasticity=CASE["elasticity"], share=CASE["share"], margin=CASE["margin"],
    low=st.floats(0.01, 0.5), more=st.floats(0.01, 0.5),
)  # fmt: skip
def test_held_profit_rises_with_the_cost_where_the_old_price_is_below_the_peak(
    price, elasticity, share, margin, low, more
):
    assume(elasticity < 1 / margin)
    cost = price * (1 - margin)
    for demand in demands(price, elasticity, share):
        small, large = pricing.hold_profit(
            demand=demand, old_cost=cost, cost_change=cost * np.array([low, low + more])
        )
        assert math.isnan(large) or small <= large
        if not math.isnan(small):
            dollar = pricing.hold_dollar_margin(price=price, cost_change=cost * low)
            assert small >= dollar * (1 - 1e-12)  # volume is lost, so more than the duty is needed


def test_limits():
    """No reaction of buyers: holding profit is holding the dollar margin. No change: no change."""
    tiny = isoelastic(1e-9)
    assert pricing.hold_profit(demand=tiny, **TEXTBOOK) == pytest.approx(112.5, rel=1e-8)
    for demand in demands(100.0, 2.0, 0.2):
        assert pricing.hold_profit(demand=demand, old_cost=50, cost_change=0) == 100.0
    unit = isoelastic(1.0)  # p q is fixed, so the percent margin is what holds profit
    for change in (0.1, 12.5, 300.0, -30.0):
        held = pricing.hold_profit(demand=unit, old_cost=50, cost_change=change)
        assert held == pytest.approx(100 * (50 + change) / 50, rel=1e-13)


def test_a_cost_fall_may_be_held_by_a_rise_where_that_is_nearer():
    """The old price far above the peak: the root above it is nearer than the one below."""
    demand = LinearDemand(price=100, demand_elasticity=9)  # choke price 111.1
    got = pricing.hold_profit(demand=demand, old_cost=50, cost_change=-20)
    assert 100 < got < demand.choke_price
    for demand in (isoelastic(6), LogitDemand(price=100, demand_elasticity=9, share=0.2)):
        got = pricing.hold_profit(demand=demand, old_cost=50, cost_change=-20)
        low, high = roots_by_scan(demand, 50, 30)
        assert got == pytest.approx(high, rel=1e-12)
        assert high - 100 < 100 - low


def test_two_roots_that_meet():
    """At the cost where the best profit just equals the old one, the best price is the answer."""
    for demand in demands(100.0, 3.0, 0.2)[1:]:
        best_cost = optimize.brentq(
            lambda c, d=demand: profit(d, d.optimal_price(unit_cost=c), c) - profit(d, 100.0, 50.0),
            50.0, 100.0, xtol=1e-14,
        )  # fmt: skip
        inside, outside = pricing.hold_profit(
            demand=demand, old_cost=50, cost_change=best_cost - 50 + np.array([-1e-9, 1e-9])
        )
        assert inside == pytest.approx(demand.optimal_price(unit_cost=best_cost), rel=1e-4)
        assert math.isnan(outside)


def test_arrays_give_the_numbers_of_single_calls():
    rng = np.random.default_rng(20250821)
    n = 20_000  # more than two blocks
    elasticity, cost = rng.uniform(0.3, 4, n), rng.uniform(30, 70, n)
    change = rng.uniform(-20, 20, n)
    for demand, one in (
        (LinearDemand(price=100, demand_elasticity=elasticity), LinearDemand),
        (IsoelasticDemand(price=100, demand_elasticity=elasticity), IsoelasticDemand),
        (LogitDemand(price=100, demand_elasticity=elasticity, share=0.2), LogitDemand),
    ):
        many = pricing.hold_profit(demand=demand, old_cost=cost, cost_change=change)
        extra = {"share": 0.2} if one is LogitDemand else {}
        for i in range(0, n, 397):
            alone = pricing.hold_profit(
                demand=one(price=100, demand_elasticity=elasticity[i], **extra),
                old_cost=cost[i], cost_change=change[i],
            )  # fmt: skip
            # two roots that nearly meet share the digits between them
            assert many[i] == pytest.approx(alone, rel=1e-10, nan_ok=True)
        held = many[~np.isnan(many)]
        residual = profit(demand, np.where(np.isnan(many), 100, many), cost + change) / (100 - cost)
        assert held.size > n / 4
        np.testing.assert_allclose(residual[~np.isnan(many)], 1, rtol=1e-11)


def test_arrays_broadcast():
    demand = isoelastic(np.array([[0.5], [1.0]]))
    got = pricing.hold_profit(demand=demand, old_cost=50, cost_change=np.array([5.0, 12.5, 20.0]))
    assert got.shape == (2, 3)
    assert got[0, 1] == pytest.approx(116.4578, abs=5e-5)


@pytest.mark.parametrize("share", [0.001, 0.5, 0.99])
@pytest.mark.parametrize("elasticity", [0.01, 1.0, 50.0, 1000.0])
@pytest.mark.parametrize("cost", [1e-6, 1.0, 99.999])
@pytest.mark.parametrize("change", [-0.999, -1e-9, 1e-9, 0.5, 1e6])
def test_extremes_answer_or_say_none(share, elasticity, cost, change):
    for demand in demands(100.0, elasticity, share):
        got = pricing.hold_profit(demand=demand, old_cost=cost, cost_change=cost * change)
        if not math.isnan(got):
            margin = got - cost * (1 + change)
            # how much the rounding of the price is magnified
            lever = 1 + got / margin + demand.elasticity(got) + elasticity / (1 - share)
            residual = np.log(margin / (100 - cost)) + demand.log_volume(got)
            assert residual == pytest.approx(0, abs=1e-13 * lever)


def test_response_gives_every_number_under_every_rule():
    demand = IsoelasticDemand(price=100, volume=1000, demand_elasticity=1.5)
    response = pricing.price_response(demand=demand, **TEXTBOOK)
    dollar = response["dollar"]
    volume = 1000 * 1.125**-1.5
    assert dollar.margin == 50
    assert dollar.volume == pytest.approx(volume)
    assert dollar.revenue == pytest.approx(112.5 * volume)
    assert dollar.profit == pytest.approx(50 * volume)
    assert response.before.profit == 50_000
    assert response["maximise"].price == pytest.approx(187.5)
    assert response.implied_elasticity == 2.0
    assert not response.was_optimal
    assert not response["profit"].exists
    assert response["profit"].note == "no price does: the best, $187.50, leaves profit 2.6% lower"
    frame = response.to_frame()
    assert list(frame["rule"]) == list(pricing.RULES)
    assert frame["price"].isna().tolist() == [False, False, True, False]
    assert frame["pass_through_rate"].tolist()[:2] == [1.0, 2.0]
    assert frame["profit_change"][3] == pytest.approx(125 * 1.875**-1.5 / 50 - 1)


def test_response_in_words():
    words = pricing.price_response(demand=isoelastic(1.5), **TEXTBOOK).summary()
    assert "to hold dollar margin, $112.50 (+12.5%)" in words
    assert "to hold profit, no price does" in words
    assert "too low" in words
    assert "2.00, not 1.50" in words
    assert "falls $12.50" in pricing.price_response(
        demand=isoelastic(1.5), old_cost=50, cost_change=-12.5
    ).summary()  # fmt: skip
    best = pricing.price_response(demand=isoelastic(2), **TEXTBOOK)
    assert "was the best one" in best.summary()
    assert "too high" in pricing.price_response(demand=isoelastic(4), **TEXTBOOK).summary()
    text = best.explain()
    for part in ("Inputs:", "Assumptions:", "Formulas:", "Source: the inputs given"):
        assert part in text


def test_plot_shows_the_prices_and_that_none_holds_profit():
    ax = pricing.price_response(demand=isoelastic(1.5), **TEXTBOOK).plot()
    text = " ".join(text.get_text() for text in ax.texts)
    assert "$112.50 (+12.5%)" in text
    assert "no price does" in text
    assert "the best, $187.50" in text


def test_profit_without_bound_is_an_answer_until_asked_for_by_name():
    response = pricing.price_response(demand=isoelastic(1.0), **TEXTBOOK)
    assert response.best is None
    assert "without bound" in response["maximise"].note
    with pytest.raises(ModelError, match=r"^demand_elasticity must be above 1 .*without bound"):
        pricing.price_response(demand=isoelastic(1.0), rules=["maximise"], **TEXTBOOK)


def test_cost_above_what_anyone_pays():
    demand = LinearDemand(price=100, demand_elasticity=4)  # choke price 125
    response = pricing.price_response(demand=demand, old_cost=50, cost_change=80)
    assert response["profit"].note == ("no price does: cost is above the highest price anyone pays")
    assert response.best.price == 125
    assert response.best.profit == 0


BAD = [np.nan, np.inf, 1e308, "dear", None]


@pytest.mark.parametrize("bad", [*BAD, 0.0, -5.0], ids=str)
def test_bad_costs_are_named(bad):
    for rule in (pricing.hold_profit, pricing.maximise, pricing.price_response):
        with pytest.raises(ModelError, match=r"^old_cost .*; give"):
            rule(demand=isoelastic(2), old_cost=bad, cost_change=1)
    with pytest.raises(ModelError, match=r"^old_cost .*; give"):
        pricing.hold_percent_margin(price=100, old_cost=bad, cost_change=1)


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_bad_changes_are_named(bad):
    for rule in (pricing.hold_profit, pricing.maximise, pricing.price_response):
        with pytest.raises(ModelError, match=r"^cost_change .*; give"):
            rule(demand=isoelastic(2), old_cost=50, cost_change=bad)
    with pytest.raises(ModelError, match=r"^cost_change .*; give"):
        pricing.hold_dollar_margin(price=100, cost_change=bad)


def test_costs_that_do_not_fit_the_price_are_said():
    with pytest.raises(ModelError, match=r"^old_cost must be below the price \(got cost 120, "):
        pricing.implied_elasticity(price=100, old_cost=np.array([50, 120]))
    with pytest.raises(ModelError, match="no profit to hold"):
        pricing.hold_profit(demand=isoelastic(2), old_cost=100, cost_change=1)
    with pytest.raises(ModelError, match=r"^cost_change must leave a cost above 0"):
        pricing.hold_profit(demand=isoelastic(2), old_cost=50, cost_change=-50)
    with pytest.raises(ModelError, match="more off than the whole price"):
        pricing.hold_dollar_margin(price=100, cost_change=-100)


def test_bad_requests_are_said():
    with pytest.raises(ModelError, match=r"rules must be among dollar.*\(got \['double'\]\)"):
        pricing.price_response(demand=isoelastic(2), rules=["double"], **TEXTBOOK)
    with pytest.raises(ModelError, match="single numbers"):
        pricing.price_response(demand=isoelastic(np.array([2, 3])), **TEXTBOOK)
    with pytest.raises(ModelError, match="rule must be one of those asked for, dollar"):
        pricing.price_response(demand=isoelastic(2), rules=["dollar"], **TEXTBOOK)["profit"]


@pytest.mark.parametrize(
    ("change", "said"),
    [(0.0, "cost stays at $60.00"), (0.004, "cost rises $0.004 from $60.00"),
     (1e-9, "cost rises less than $0.01 from $60.00"), (-0.004, "cost falls $0.004 from $60.00"),
     (12.5, "cost rises $12.50 from $60.00")],
)  # fmt: skip
def test_a_cost_that_hardly_moves_is_not_said_to_move_by_nothing(change, said):
    demand = IsoelasticDemand(price=100.0, volume=1.0, demand_elasticity=2.0)
    found = pricing.price_response(demand=demand, old_cost=60.0, cost_change=change)
    assert said in found.summary()
