"""The dictionary of pass-through and its theory, against closed forms and markets solved twice."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tariffimpact.errors import ModelError
from tariffimpact.passthrough import chained_rate, convert, measure, pass_through_rate

INF = math.inf
TEXTBOOK = {
    "old_price": 100,
    "new_price": 106.25,
    "old_customs_value": 50,
    "new_customs_value": 50,
    "old_tariff": 0.0,
    "new_tariff": 0.25,
}
SHELF = ("rate", "retail_rate", "retail_elasticity")


# the dictionary


def test_one_price_rise_in_four_definitions():
    found = measure(**TEXTBOOK)
    assert found.rate == pytest.approx(0.50)
    assert found.retail_rate == pytest.approx(0.25)
    assert found.retail_elasticity == pytest.approx(math.log(1.0625) / math.log(1.25))
    assert round(found.retail_elasticity, 4) == 0.2717
    assert found.border == 1


def test_the_exporter_undoes_the_tariff():
    # the duty-paid price v(1 + t) stays at 50 when v falls to 40 at 25%
    found = measure(**{**TEXTBOOK, "new_customs_value": 40})
    assert found.border == pytest.approx(0)
    assert found.rate == pytest.approx(6.25 / 10)  # the duty is on the lower value


def test_a_tariff_on_a_part_of_the_value_and_a_duty_per_unit():
    found = measure(**TEXTBOOK, dutiable_share=0.4, specific_change=1.25)
    assert found.rate == pytest.approx(6.25 / (0.4 * 12.5 + 1.25))


def test_a_rollback_measured_backwards_is_the_same_move():
    there = measure(**TEXTBOOK)
    back = measure(
        **{**TEXTBOOK, "old_price": 106.25, "new_price": 100, "old_tariff": 0.25, "new_tariff": 0}
    )
    assert back.rate == pytest.approx(there.rate)
    assert back.retail_elasticity == pytest.approx(there.retail_elasticity)


shares = st.floats(0.05, 1)
tariffs = st.floats(0, 2)


@given(
    value=st.floats(-0.5, 3),
    share=shares,
    dutiable=shares,
    old=tariffs,
    new=tariffs,
    pair=st.sampled_from(list(permutations(SHELF, 2))),
)
def test_converting_there_and_back_is_no_change(value, share, dutiable, old, new, pair):
    assume(abs(old - new) > 0.01)
    known = {
        "customs_share": share,
        "dutiable_share": dutiable,
        "old_tariff": old,
        "new_tariff": new,
    }
    try:
        there = convert(value, given=pair[0], wanted=pair[1], **known)
    except ModelError as refused:
        assert "below 0" in str(refused)  # noqa: PT017 - a price below 0 has no elasticity
        return
    assert convert(there, given=pair[1], wanted=pair[0], **known) == pytest.approx(
        value, rel=1e-9, abs=1e-9
    )


@given(
    price=st.floats(1, 1e4),
    share=shares,
    dutiable=shares,
    old=tariffs,
    new=tariffs,
    move=st.floats(-0.5, 2),
    pair=st.sampled_from(list(permutations(SHELF, 2))),
)
def test_conversion_agrees_with_measuring_the_same_move(
    price, share, dutiable, old, new, move, pair
):
    assume(abs(old - new) > 0.01)
    found = measure(
        old_price=price,
        new_price=price * (1 + move),
        old_customs_value=price * share,
        new_customs_value=price * share,
        old_tariff=old,
        new_tariff=new,
        dutiable_share=dutiable,
    )
    converted = convert(
        getattr(found, pair[0]),
        given=pair[0],
        wanted=pair[1],
        customs_share=share,
        dutiable_share=dutiable,
        old_tariff=old,
        new_tariff=new,
    )
    assert converted == pytest.approx(getattr(found, pair[1]), rel=1e-9, abs=1e-9)
    assert found.border == 1


@pytest.mark.parametrize("shelf", SHELF)
def test_border_says_nothing_about_the_shelf(shelf):
    known = {"customs_share": 0.5, "old_tariff": 0.0, "new_tariff": 0.25}
    with pytest.raises(ModelError, match="says nothing about the shelf price"):
        convert(1.0, given="border", wanted=shelf, **known)
    with pytest.raises(ModelError, match="says nothing about the shelf price"):
        convert(1.0, given=shelf, wanted="border", **known)
    assert convert(0.8, given="border", wanted="border", **known) == 0.8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"customs_share": 0.0}, "customs_share lies above 0, up to 1 .* never guessed"),
        ({"customs_share": 1.1}, "customs_share lies above 0"),
        ({"customs_share": math.nan}, "customs_share lies above 0"),
        ({"dutiable_share": 0.0}, "dutiable_share lies above 0"),
        ({"old_tariff": -0.1}, "fractions, not below 0"),
        ({"new_tariff": math.inf}, "fractions, not below 0"),
        ({"new_tariff": 0.0}, "the tariff did not change"),
    ],
)
def test_what_cannot_be_converted(arguments, message):
    known = {"customs_share": 0.5, "old_tariff": 0.0, "new_tariff": 0.25, **arguments}
    with pytest.raises(ModelError, match=message):
        convert(0.5, given="rate", wanted="retail_rate", **known)


def test_a_price_below_zero_has_no_elasticity():
    with pytest.raises(ModelError, match=r"below 0 at a tariff step of 25\.0%"):
        convert(
            -4.0,
            given="retail_rate",
            wanted="retail_elasticity",
            customs_share=0.5,
            old_tariff=0.0,
            new_tariff=0.25,
        )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"old_price": 0}, "must be finite and above 0"),
        ({"new_customs_value": -1}, "must be finite and above 0"),
        ({"new_price": math.nan}, "must be finite and above 0"),
        ({"dutiable_share": 1.5}, "dutiable_share lies in 0 to 1"),
        ({"new_tariff": 0.0}, "the tariff did not change"),
        ({"dutiable_share": 0.0}, "the duty per unit did not change"),
    ],
)
def test_what_cannot_be_measured(arguments, message):
    with pytest.raises(ModelError, match=message):
        measure(**{**TEXTBOOK, **arguments})


def test_the_result_names_each_number():
    found = measure(**TEXTBOOK)
    assert found.summary() == (
        "The same move is a pass-through of 0.50 dollars per dollar of duty, 0.25 percent of price "
        "per point of tariff, an elasticity of 0.272 at the shelf and 1.00 at the border."
    )
    assert list(found.to_frame()["definition"]) == [*SHELF, "border"]
    assert found.explain().startswith("rate = 0.5: dollars of price per dollar of duty\n")
    assert found.plot().get_figure() is not None


# theory: closed forms


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        # perfect competition with flat cost passes on all of it, whatever demand
        ({"demand_elasticity": 0.3}, 1),
        ({"demand_elasticity": 0.3, "demand_convexity": 1.5}, 1),
        # competition: e_S / (e_S + e_D)
        ({"demand_elasticity": 1.0, "supply_elasticity": 3.0}, 0.75),
        # monopoly, flat cost: linear 1/2, exponential 1, isoelastic e / (e - 1)
        ({"demand_elasticity": 3.0, "conduct": 1.0}, 1 / 2),
        ({"demand_elasticity": 3.0, "conduct": 1.0, "demand_convexity": 1.0}, 1),
        ({"demand_elasticity": 3.0, "conduct": 1.0, "demand_convexity": 1 + 1 / 3}, 3 / 2),
        # Cournot with four sellers: linear n / (n + 1), isoelastic n e / (n e - 1)
        ({"demand_elasticity": 2.0, "conduct": 1 / 4}, 4 / 5),
        ({"demand_elasticity": 2.0, "conduct": 1 / 4, "demand_convexity": 1.5}, 8 / 7),
    ],
)
def test_closed_forms(arguments, expected):
    known = {"supply_elasticity": INF, **arguments}
    assert pass_through_rate(**known) == pytest.approx(expected, rel=1e-12)


@given(share=st.floats(0.01, 0.99), sensitivity=st.floats(0.01, 10))
def test_a_logit_monopolist_passes_on_one_less_its_share(share, sensitivity):
    """Its convexity comes from the demand q = 1/(1 + exp(α p - δ)) by hand.

    p' = -1/(α q (1-q)) and p'' = (1-2q)/(α (q (1-q))²), so -q p''/p' = (1-2q)/(1-q). At flat
    cost the elasticity does not enter.
    """
    rate = pass_through_rate(
        demand_elasticity=sensitivity,
        supply_elasticity=INF,
        conduct=1.0,
        demand_convexity=(1 - 2 * share) / (1 - share),
    )
    assert rate == pytest.approx(1 - share, rel=1e-9)


def test_two_monopolists_in_a_row():
    linear = pass_through_rate(demand_elasticity=3.0, supply_elasticity=INF, conduct=1.0)
    assert chained_rate(linear, linear) == pytest.approx(1 / 4)
    # isoelastic tiers: [e / (e - 1)]²
    isoelastic = pass_through_rate(
        demand_elasticity=3.0, supply_elasticity=INF, conduct=1.0, demand_convexity=4 / 3
    )
    assert chained_rate(isoelastic, isoelastic) == pytest.approx((3 / 2) ** 2)
    assert chained_rate(0.7) == 0.7


# theory: a market solved twice


def solved(demand, slope, curvature_cost, conduct, duty):
    """Price at which demand p(q) meets mc(q) + duty - θ p'(q) q, by bisection on q."""
    low, high = 1e-9, 1e3
    for _ in range(200):
        q = (low + high) / 2
        gap = demand(q) + conduct * slope(q) * q - (1 + curvature_cost * q) - duty
        low, high = (q, high) if gap > 0 else (low, q)
    return demand(q), q


DEMANDS = {
    "linear": (lambda q: 10 - q, lambda q: -1.0, lambda q: 0.0),
    "exponential": (lambda q: 6 - 2 * math.log(q), lambda q: -2 / q, lambda q: 2 / q**2),
    "isoelastic": (
        lambda q: 5 * q ** (-1 / 2.5),
        lambda q: -2 * q ** (-1 / 2.5 - 1),
        lambda q: 2.8 * q ** (-1 / 2.5 - 2),
    ),
}


@pytest.mark.parametrize("conduct", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("cost_slope", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("name", DEMANDS)
def test_a_market_solved_twice(name, cost_slope, conduct):
    demand, slope, bend = DEMANDS[name]
    step = 1e-5
    dearer, _ = solved(demand, slope, cost_slope, conduct, step)
    cheaper, _ = solved(demand, slope, cost_slope, conduct, -step)
    price, q = solved(demand, slope, cost_slope, conduct, 0.0)
    # the formula's conduct is θ with p - mc = θ p/ε_D; supply elasticity is of the cost side
    marginal_cost = 1 + cost_slope * q
    formula = pass_through_rate(
        demand_elasticity=-price / (slope(q) * q),
        supply_elasticity=marginal_cost / (cost_slope * q),
        conduct=conduct,
        demand_convexity=-q * bend(q) / slope(q),
    )
    # the slope of a numeric solution: truncation of step² and bisection to 1e-13 over 2e-5
    assert formula == pytest.approx((dearer - cheaper) / (2 * step), rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"demand_elasticity": -1.5}, r"write demand_elasticity=1\.5, not -1\.5"),
        ({"supply_elasticity": 0.0}, "elasticities must be positive"),
        ({"demand_elasticity": math.nan}, "elasticities must be positive"),
        ({"conduct": 1.1}, "conduct lies in 0 to 1"),
        ({"conduct": -0.1}, "conduct lies in 0 to 1"),
        ({"demand_convexity": math.inf}, "demand_convexity must be finite"),
        ({"conduct": 1.0, "supply_elasticity": INF, "demand_convexity": 2.0}, "too convex"),
        ({"conduct": 1.0, "supply_elasticity": INF, "demand_convexity": 2.5}, "too convex"),
    ],
)
def test_where_the_theory_ends(arguments, message):
    known = {"demand_elasticity": 1.5, "supply_elasticity": 2.0, **arguments}
    with pytest.raises(ModelError, match=message):
        pass_through_rate(**known)


@pytest.mark.parametrize("rates", [(), (math.nan,), (0.5, math.inf)])
def test_a_chain_needs_the_rate_of_each_tier(rates):
    with pytest.raises(ModelError, match="give the rate of each tier"):
        chained_rate(*rates)


# a constant dollar margin passes on exactly one; the log-log coefficient is then the cost share


def test_a_coefficient_below_one_is_no_evidence_of_incomplete_pass_through():
    step = 1e-7
    found = measure(
        old_price=100,
        new_price=100 + 60 * step,
        old_customs_value=60,
        new_customs_value=60,
        old_tariff=0.0,
        new_tariff=step,
    )
    assert found.rate == pytest.approx(1, rel=1e-6)
    assert found.retail_elasticity == pytest.approx(0.6, rel=1e-5)


def test_the_theory_is_finite_over_its_range():
    for convexity in np.linspace(-5, 1.9, 30):
        rate = pass_through_rate(
            demand_elasticity=2.0,
            supply_elasticity=INF,
            conduct=1.0,
            demand_convexity=float(convexity),
        )
        assert rate == pytest.approx(1 / (2 - convexity))
