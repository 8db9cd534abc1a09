"""The range of the profit-holding price against grids, and the two conditions of its peaks.

The range may be checked from both sides without its formulas. No combination of a grid may fall
outside it; and each end is a price that holds profit in the box, so the range is no wider than the
truth. At an end where two prices that hold profit meet, the profit condition is flat and says
little about the price; there the price must also be the best one at the new cost.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampled import examples
from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval
from tariffimpact.pricing import hold_profit
from tariffimpact.pricing.demand import IsoelasticDemand, LinearDemand
from tariffimpact.pricing.iso_profit_range import profit_holding_range

DEMANDS = {"linear": LinearDemand, "isoelastic": IsoelasticDemand}
FORMS = sorted(DEMANDS)


def found(form, cost, rise, elasticity):
    spans = (
        Interval.of(x) if isinstance(x, float) else Interval(*x) for x in (cost, rise, elasticity)
    )
    names = ("old_cost", "cost_rise", "demand_elasticity")
    return profit_holding_range(form=form, **dict(zip(names, spans, strict=True)))


def held(form, cost, rise, elasticity):
    demand = DEMANDS[form](price=1.0, demand_elasticity=elasticity)
    return np.asarray(hold_profit(demand=demand, old_cost=cost, cost_change=rise))


def grid(form, box, points):
    axes = np.meshgrid(*(np.linspace(*span, points) for span in box), indexing="ij")
    return [axis.reshape(-1) for axis in axes], held(form, *axes).reshape(-1)


def zoomed(form, box, sign, points=7):
    """Return the lowest answer (highest with sign -1) by grids that close in on the best point."""
    best, inner = math.nan, box
    for _ in range(20):
        axes, answers = grid(form, inner, points)
        if np.isnan(answers).all():
            break
        index = int(np.nanargmin(sign * answers))
        best = answers[index] if not sign * best <= sign * answers[index] else best
        at = [axis[index] for axis in axes]
        inner = [
            (max(low, x - 0.35 * (b - a)), min(high, x + 0.35 * (b - a)))
            for (low, high), (a, b), x in zip(box, inner, at, strict=True)
        ]
    return best


def shortfall(form, end):
    """Return how far profit at an end is from the old profit, relative to it."""
    demand = DEMANDS[form](price=1.0, demand_elasticity=end.demand_elasticity)
    margin = end.price - (end.old_cost + end.cost_rise)
    return margin * demand.quantity(end.price) / (1 - end.old_cost) - 1


def place(end):
    return end.old_cost, end.cost_rise, end.demand_elasticity


@st.composite
def boxes(draw):
    def span(low, high):
        ends = sorted(draw(st.tuples(st.floats(low, high), st.floats(low, high))))
        return ends[0], draw(st.sampled_from([ends[0], ends[1], ends[1]]))

    widest = draw(st.sampled_from([0.001, 0.03, 0.3, 1.5]))
    return [span(0.02, 0.98), span(widest * 1e-3, widest), span(0.2, 8.0)]


@pytest.mark.parametrize("form", FORMS)
@examples(40)
@given(box=boxes())
def test_no_combination_falls_outside_and_every_end_is_attained(form, box):
    result = found(form, *box)
    _, answers = grid(form, box, 15)
    answered = answers[~np.isnan(answers)]
    assert not (result.everywhere and answered.size < answers.size)
    assert result.pieces or not answered.size
    assert (answered >= result.low * (1 - 1e-13)).all()
    assert (answered <= result.high * (1 + 1e-13)).all()
    for below, above in zip(result.pieces[:-1], result.pieces[1:], strict=True):
        between = (answered > below[1].price) & (answered < above[0].price)
        assert not between.any()
    for end in (end for piece in result.pieces for end in piece):
        assert all(low <= x <= high for (low, high), x in zip(box, place(end), strict=True))
        assert abs(shortfall(form, end)) < 1e-12
        # a hair less rise: where two prices meet, rounding decides whether there is one
        cost, rise, elasticity = place(end)
        near = held(form, cost, rise * (1 - np.array([0, 1e-14])), elasticity)
        assert np.nanmin(abs(near / end.price - 1)) < 1e-6  # the root of the hair
        if not all(x in span for span, x in zip(box, place(end), strict=True)):
            demand = DEMANDS[form](price=1.0, demand_elasticity=elasticity)
            best = demand.optimal_price(unit_cost=cost + rise)
            assert end.price == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize("form", FORMS)
@examples(25)
@given(box=boxes())
def test_a_grid_that_closes_in_on_an_end_does_not_pass_it(form, box):
    result = found(form, *box)
    low, high = zoomed(form, box, 1), zoomed(form, box, -1)
    assert math.isnan(low) or low >= result.low * (1 - 1e-13)
    assert math.isnan(high) or high <= result.high * (1 + 1e-13)


SONY = [(0.90, 0.97), (0.075, 0.194), (1.2, 3.0)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "box",
    [
        SONY,
        [(0.9, 0.97), (0.01, 0.02), (1.0, 2.0)],
        [(0.2, 0.3), (0.01, 0.9), (2.0, 7.0)],
        [(0.4, 0.5), (0.01, 0.1), (3.5, 4.5)],
        [(0.4, 0.6), (0.0, 0.05), (1.2, 3.5)],
    ],
)
def test_a_grid_that_closes_in_comes_near_both_ends(form, box):
    """Within 1% of the price: on a curved edge of the answer a grid of boxes gets stuck."""
    result = found(form, *box)
    assert result.low == pytest.approx(zoomed(form, box, 1, points=25), rel=1e-2)
    assert result.high == pytest.approx(zoomed(form, box, -1, points=25), rel=1e-2)


def test_the_console_by_hand():
    """Lowest at the first corner; highest where margin 0.1 and rise 0.194 leave one price.

    (y + 0.1 - 0.194)(1 - e y) = 0.1 has one root y where 1/sqrt(e) = sqrt(0.1) + sqrt(0.194), and
    it is y = sqrt(0.194/e).
    """
    result = found("linear", *SONY)
    root = math.sqrt(0.1) + math.sqrt(0.194)
    assert result.high == pytest.approx(1 + math.sqrt(0.194) * root, rel=1e-14)
    end = result.pieces[-1][1]
    assert place(end) == (0.9, 0.194, pytest.approx(root**-2, rel=1e-14))
    assert held("linear", *place(end)) == pytest.approx(result.high, rel=1e-7)  # not NaN
    assert result.low == held("linear", 0.97, 0.075, 1.2)
    assert len(result.pieces) == 1
    assert not result.everywhere


def test_the_textbook_has_no_price():
    """Cost half the price, elasticity 2: the old price was the best, so no rise is held."""
    for form in FORMS:
        result = found(form, 0.5, (0.05, 0.125), 2.0)
        assert result.pieces == ()
        assert not result.everywhere
        assert math.isnan(result.low)
        assert math.isnan(result.high)


def test_an_old_price_that_was_too_high_falls_least_where_it_turns():
    """Linear, margin m: P = 1 + s^2 - s sqrt(m) is lowest at s = sqrt(m)/2, by m/4, for r = m/4."""
    end = found("linear", 0.2, (0.01, 0.4), (1.3, 30.0)).pieces[0][0]
    assert end.price == pytest.approx(1 - 0.8 / 4, rel=1e-15)
    assert (end.cost_rise, end.demand_elasticity) == pytest.approx((0.8 / 4, 4 / 0.8), rel=1e-14)
    # isoelastic: P = (e m)^(-1/(e-1)), whose lowest point a search of one variable finds
    end = found("isoelastic", 0.2, (0.001, 0.4), (1.3, 30.0)).pieces[0][0]
    elasticities = np.linspace(1.3, 30.0, 200_001)
    prices = (0.8 * elasticities) ** (-1 / (elasticities - 1))
    assert end.price == pytest.approx(prices.min(), rel=1e-8)
    assert end.price <= prices.min()


@pytest.mark.parametrize("form", FORMS)
def test_a_box_across_the_best_price_has_two_pieces(form):
    """At margin 0.5 and elasticity 2 the old price was the best one: no rise is held there."""
    result = found(form, 0.5, (0.001, 0.01), (1.0, 4.0))
    down, up = result.pieces
    assert down[1].price < 1 < up[0].price
    assert up[0].price == held(form, 0.5, 0.001, 1.0)
    assert down[1].price == held(form, 0.5, 0.001, 4.0)
    assert not result.everywhere
    # with no rise at all the old price stays, and joins the two
    joined = found(form, 0.5, (0.0, 0.01), (1.0, 4.0))
    assert len(joined.pieces) == 1
    assert (joined.low, joined.high) == (result.low, result.high)


@pytest.mark.parametrize("form", FORMS)
def test_no_rise_leaves_the_price(form):
    result = found(form, (0.2, 0.8), 0.0, (0.5, 5.0))
    assert (result.low, result.high, result.everywhere) == (1.0, 1.0, True)
    rising = found(form, (0.6, 0.8), (0.0, 0.01), (0.5, 1.5))
    assert rising.low == 1.0 < rising.high
    falling = found(form, (0.2, 0.3), (0.0, 0.01), (4.0, 5.0))
    assert falling.high == 1.0 > falling.low


def test_inelastic_isoelastic_demand_holds_any_rise():
    """At an elasticity of 1 the share of cost in the price stays: x = k1/k0."""
    result = found("isoelastic", 0.5, (0.1, 5.0), (0.2, 1.0))
    assert result.everywhere
    assert result.high == pytest.approx(5.5 / 0.5, rel=1e-12)


def test_a_cost_nobody_would_pay_is_not_held():
    """Linear demand ends at 1 + 1/e = 1.5; new costs from 1.6 are above it."""
    result = found("linear", 0.9, (0.7, 0.8), 2.0)
    assert result.pieces == ()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((0.0, 0.1, 2.0), "old_cost must be above 0"),
        (((0.5, 1.0), 0.1, 2.0), "old_cost must be below 1"),
        ((0.5, (-0.1, 0.1), 2.0), "cost_rise must be at least 0"),
        ((0.5, 0.1, (0.0, 2.0)), "demand_elasticity must be above 0"),
    ],
)
def test_a_faulty_argument_is_named(arguments, named):
    with pytest.raises(ModelError, match=named):
        found("linear", *arguments)
