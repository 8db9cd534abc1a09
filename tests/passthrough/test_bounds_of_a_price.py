"""What a price rise says: a set that holds every point of the box and is reached at its corners."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval
from tariffimpact.passthrough import (
    caused_share_by_control,
    full_share,
    implied_customs_share,
    implied_rate,
    mitigated_share,
    pass_through_bounds,
)

INF = math.inf
CONSOLES = {"PS5": 500, "Digital": 450, "Pro": 700}


def rise_of_50(console, **known):
    old = CONSOLES[console]
    return pass_through_bounds(old_price=old, new_price=old + 50, **known)


# the known answers


@pytest.mark.parametrize(
    ("console", "share"), [("PS5", 0.6667), ("Digital", 0.7407), ("Pro", 0.4762)]
)
def test_the_share_at_which_50_dollars_are_the_duty(console, share):
    found = rise_of_50(console, tariff_change=0.15, customs_share=Interval(0.6, 0.9))
    assert found.full_share.is_exact
    assert round(found.full_share.low, 4) == share


@pytest.mark.parametrize(
    ("console", "low", "high", "verdict"),
    [
        ("PS5", 0.7407, 1.1111, "cannot tell"),
        ("Digital", 0.8230, 1.2346, "cannot tell"),
        ("Pro", 0.5291, 0.7937, "less than full"),
    ],
)
def test_one_rise_on_three_prices_is_three_rates(console, low, high, verdict):
    found = rise_of_50(console, tariff_change=0.15, customs_share=Interval(0.6, 0.9))
    assert (round(found.rate.low, 4), round(found.rate.high, 4)) == (low, high)
    assert found.verdict == verdict
    assert found.most_informative == "customs_share"


@pytest.mark.parametrize(
    ("tariff", "low", "high", "digits"),
    [
        (0.10, 1.03, 2.00, 2),
        (0.15, 0.69, 1.33, 2),
        (0.20, 0.52, 1.00, 2),
        (0.30, 0.34, 0.67, 2),
        (Interval(0.15, 0.20), 0.5155, 1.3333, 4),
    ],
)
def test_the_ps5_by_tariff(tariff, low, high, digits):
    found = rise_of_50("PS5", tariff_change=tariff, customs_share=Interval(0.50, 0.97))
    assert (round(found.rate.low, digits), round(found.rate.high, digits)) == (low, high)


def test_what_the_ps5_refutes():
    found = rise_of_50("PS5", tariff_change=Interval(0.15, 0.20), customs_share=Interval(0.5, 0.97))
    assert not found.refutes(1.0)
    assert found.refutes(0.5)  # narrowly: it needs s·τ of 0.20, and 0.97 · 0.20 is 0.194
    wider = rise_of_50("PS5", tariff_change=Interval(0.15, 0.20), customs_share=Interval(0.5, 1.0))
    assert not wider.refutes(0.5)
    assert found.verdict == "cannot tell"


def test_common_shares_refute_full_pass_through_of_all_three():
    at_full = [rise_of_50(c, tariff_change=0.15, customs_share=1.0).full_share for c in CONSOLES]
    assert len({round(span.low, 6) for span in at_full}) == 3


def test_a_headline_supports_a_lower_bound_only():
    found = rise_of_50("PS5", tariff_change=0.15, customs_share=Interval(0, 1))
    assert found.rate.low == pytest.approx((50 / 500) / 0.15)  # the 67% that the press computes
    assert found.rate.high == INF
    assert not found.is_identified
    assert "0.67 or more; not identified from above" in found.summary()
    assert any("nothing bounds the customs share from below" in c for c in found.conditions)
    assert found.most_informative == "customs_share"


def test_no_claim_on_the_cause_leaves_zero_open():
    found = rise_of_50(
        "PS5", tariff_change=0.15, customs_share=Interval(0.6, 0.9), caused_share=Interval(0, 1)
    )
    assert found.rate.low == 0
    assert found.rate.high == pytest.approx(1.1111, abs=5e-5)
    assert "the tariff caused the whole rise" not in found.conditions


def test_680_million_dollars_are_not_15_percent_on_consoles():
    found = implied_customs_share(
        exposure=680e6, units_sold=15e6 * Interval(0.35, 0.45), ad_valorem=0.15, price=500.0
    )
    assert (round(found.low, 2), round(found.high, 2)) == (1.34, 1.73)
    per_unit = 680e6 / (15e6 * Interval(0.35, 0.45))
    assert (round(per_unit.low), round(per_unit.high)) == (101, 130)


def test_the_xbox_needs_more_than_the_duty():
    found = pass_through_bounds(
        old_price=500,
        new_price=650,
        tariff_change=Interval(0.1, 0.3),
        customs_share=Interval(0.5, 0.97),
    )
    assert found.rate.low == pytest.approx(150 / 145.5)  # the largest duty is 0.30 · 0.97 · $500
    assert found.verdict == "more than full"
    assert found.full_share.low == pytest.approx(1.0)


# the set, against the box


@st.composite
def boxes(draw, sign=1):
    def span(low, high):
        ends = sorted((draw(st.floats(low, high)), draw(st.floats(low, high))))
        return Interval(*ends)

    old = draw(st.floats(1, 1e4))
    tariff = span(0.01, 2)
    return {
        "old_price": old,
        "new_price": old * (1 + sign * draw(st.floats(0.001, 0.9))),
        "tariff_change": tariff if sign > 0 else -tariff,
        "customs_share": span(0.01, 1),
        "dutiable_share": span(0.01, 1),
        "caused_share": span(0.01, 1),
    }


INPUTS = ("tariff_change", "customs_share", "dutiable_share", "caused_share")


@pytest.mark.parametrize("sign", [1, -1])
@given(random=st.data(), points=st.lists(st.tuples(*[st.floats(0, 1)] * 4), min_size=1, max_size=5))
def test_every_point_of_the_box_has_its_rate_in_the_set(sign, random, points):
    box = random.draw(boxes(sign))
    rate = pass_through_bounds(**box).rate
    prices = {name: box[name] for name in ("old_price", "new_price")}
    for at in points:
        point = {
            name: box[name].low + share * (box[name].high - box[name].low)
            for name, share in zip(INPUTS, at, strict=True)
        }
        value = implied_rate(**prices, **point)
        assert rate.low * (1 - 1e-12) <= value <= rate.high * (1 + 1e-12)


@pytest.mark.parametrize("sign", [1, -1])
@given(random=st.data())
def test_the_ends_are_reached_at_corners_of_the_box(sign, random):
    box = random.draw(boxes(sign))
    found = pass_through_bounds(**box)
    corners = [
        implied_rate(
            old_price=box["old_price"],
            new_price=box["new_price"],
            **dict(zip(INPUTS, corner, strict=True)),
        )
        for corner in product(*[(box[name].low, box[name].high) for name in INPUTS])
    ]
    assert found.rate.low == pytest.approx(min(corners), rel=1e-12)
    assert found.rate.high == pytest.approx(max(corners), rel=1e-12)


@given(random=st.data())
def test_the_binding_corner_reproduces_each_end(random):
    box = random.draw(boxes())
    found = pass_through_bounds(**box)
    for side in ("low", "high"):
        ends = dict(text.split(" = ") for text in found.binding[side])
        point = {name: float(ends.get(name, box[name].low)) for name in INPUTS}
        value = implied_rate(old_price=box["old_price"], new_price=box["new_price"], **point)
        assert getattr(found.rate, side) == pytest.approx(value, rel=2e-3)  # printed to 4 digits


@given(random=st.data())
def test_knowing_the_most_informative_input_narrows_the_set_most(random):
    box = random.draw(boxes())
    found = pass_through_bounds(**box)

    def log_width(name):
        # whatever the value turns out to be, the relative width left is the same
        known = {**box, name: box[name].low + 0.3 * box[name].width}
        rate = pass_through_bounds(**known).rate
        return math.log(rate.high / rate.low)

    left = {name: log_width(name) for name in INPUTS}
    assume(found.most_informative is not None)
    assert left[found.most_informative] <= min(left.values()) + 1e-9


@given(random=st.data())
def test_the_verdict_is_the_inequality_of_the_theory(random):
    box = random.draw(boxes())
    found = pass_through_bounds(**box)
    move = (box["new_price"] - box["old_price"]) / box["old_price"]
    duty = [
        getattr(box["tariff_change"], end) * getattr(box["dutiable_share"], end)
        * getattr(box["customs_share"], end) for end in ("low", "high")
    ]  # fmt: skip
    caused = box["caused_share"]
    assume(abs(caused.high * move / duty[0] - 1) > 1e-8)
    assume(abs(caused.low * move / duty[1] - 1) > 1e-8)
    certified = "cannot tell"
    if caused.high * move < duty[0]:
        certified = "less than full"
    elif caused.low * move > duty[1]:
        certified = "more than full"
    assert found.verdict == certified


@pytest.mark.parametrize("cents", range(1, 40))
def test_full_pass_through_to_the_cent_is_never_refuted_by_binary_rounding(cents):
    found = pass_through_bounds(
        old_price=100, new_price=100 + cents, tariff_change=cents / 100, customs_share=1.0
    )
    assert found.verdict == "cannot tell"
    assert not found.refutes(1.0)


@given(
    old=st.floats(1, 1e4),
    rise=st.floats(0.01, 1),
    tariff=st.floats(0.01, 2),
    dutiable=st.floats(0.1, 1),
)
def test_at_the_full_share_the_rate_is_one(old, rise, tariff, dutiable):
    move = {"old_price": old, "new_price": old * (1 + rise), "tariff_change": tariff}
    share = full_share(**move, dutiable_share=dutiable)
    rate = implied_rate(**move, customs_share=share, dutiable_share=dutiable)
    assert rate == pytest.approx(1, rel=1e-9)


def test_arrays_broadcast():
    shares = np.array([0.5, 1.0])
    rates = implied_rate(
        old_price=500.0,
        new_price=np.array([[550.0], [575.0]]),
        tariff_change=0.2,
        customs_share=shares,
    )
    assert rates == pytest.approx(np.array([[1.0, 0.5], [1.5, 0.75]]))


# signs


def test_a_cut_after_a_tariff_cut_is_told_by_magnitudes():
    up = pass_through_bounds(old_price=500, new_price=550, tariff_change=0.15, customs_share=0.6)
    down = pass_through_bounds(old_price=500, new_price=450, tariff_change=-0.15, customs_share=0.6)
    assert down.rate == up.rate
    assert down.full_share == up.full_share


@pytest.mark.parametrize(("new_price", "tariff"), [(450, 0.15), (550, -0.15)])
def test_price_and_tariff_that_part_ways_have_no_rate(new_price, tariff):
    found = pass_through_bounds(
        old_price=500, new_price=new_price, tariff_change=tariff, customs_share=Interval(0.5, 0.9)
    )
    assert found.rate is None
    assert found.full_share is None
    assert found.verdict == "cannot tell"
    assert not found.refutes(0.7)
    assert "different directions, so no pass-through rate exists" in found.summary()
    assert "rate" not in set(found.to_frame()["quantity"])


# what the price would have done without the tariff

KEPT = {"old_price": 500, "new_price": 500, "tariff_change": 0.20}


def test_a_price_kept_in_a_falling_market_is_a_rise():
    found = pass_through_bounds(
        **KEPT, customs_share=Interval(0.5, 0.7), counterfactual_change=Interval(-0.05, 0)
    )
    assert (found.caused_change.low, found.caused_change.high) == pytest.approx((0, 25))
    assert found.rate.low == 0
    assert found.rate.high == pytest.approx(0.5)
    assert found.verdict == "less than full"
    assert found.refutes(1)
    assert found.binding["high"] == ("counterfactual_change = -0.05", "customs_share = 0.5")
    assert found.full_share.high == pytest.approx(25 / (0.20 * 500))


@pytest.mark.parametrize("unknown", [None, Interval(-INF, INF)])
def test_a_kept_price_tells_nothing_while_its_counterfactual_is_unknown(unknown):
    found = pass_through_bounds(
        **KEPT, customs_share=Interval(0.5, 0.7), counterfactual_change=unknown
    )
    assert found.verdict == "cannot tell"
    assert not found.refutes(1)
    assert not found.is_identified
    assert "without the tariff is unknown" in found.summary()
    assert found.explain()
    assert len(found.to_frame())


def test_a_kept_price_that_would_have_stayed_passes_on_nothing():
    found = pass_through_bounds(**KEPT, customs_share=Interval(0.5, 0.9), counterfactual_change=0)
    assert found.rate == Interval(0, 0)
    assert found.verdict == "less than full"
    assert "the price would have stayed without the tariff" in found.conditions


def test_a_price_kept_after_a_cut_while_its_market_rose():
    """The text's second known answer: the price fell against what it would have been."""
    found = pass_through_bounds(
        old_price=100,
        new_price=100.07,
        tariff_change=-0.10,
        customs_share=Interval(0.4, 0.6),
        counterfactual_change=0.0404,
    )
    assert found.caused_change.low == pytest.approx(-3.97)
    assert (round(found.rate.low, 2), round(found.rate.high, 2)) == (0.66, 0.99)
    assert found.verdict == "less than full"


def test_signs_differ_only_where_the_whole_set_does():
    known = {"old_price": 100, "new_price": 104, "tariff_change": 0.1, "customs_share": 0.5}
    apart = pass_through_bounds(**known, counterfactual_change=Interval(0.05, 0.06))
    assert apart.rate is None
    straddles = pass_through_bounds(**known, counterfactual_change=Interval(0.03, 0.06))
    assert straddles.rate.low == pytest.approx(-2 / 5)
    assert straddles.rate.high == pytest.approx(1 / 5)
    assert 0 in straddles.rate


def test_a_duty_per_unit_joins_the_ad_valorem():
    """$2 on a price that rose $5: 10% of a value of $40 is $4, and $1 a unit beside it."""
    known = {"old_price": 100, "new_price": 105, "customs_share": 0.4}
    both = pass_through_bounds(**known, tariff_change=0.1, specific_change=1)
    assert both.rate.low == pytest.approx(1)
    alone = pass_through_bounds(**known, tariff_change=0, specific_change=Interval(2, 4))
    assert (alone.rate.low, alone.rate.high) == pytest.approx((1.25, 2.5))
    assert alone.full_share is None
    assert alone.most_informative == "specific_change"
    assert "+ duty per unit" in both.explain()


@given(random=st.data())
def test_every_point_with_a_counterfactual_has_its_rate_in_the_set(random):
    sign = random.draw(st.sampled_from([1, -1]))
    box = random.draw(boxes(sign))
    del box["caused_share"]
    ends = sorted(random.draw(st.tuples(*[st.floats(-0.5, 0.5)] * 2)))
    duties = sorted(random.draw(st.tuples(*[st.floats(0, 100)] * 2)))
    box["counterfactual_change"] = Interval(*ends)
    box["specific_change"] = sign * Interval(*duties)
    found = pass_through_bounds(**box)
    names = [name for name in box if not name.endswith("price")]
    prices = {name: box[name] for name in ("old_price", "new_price")}
    corners = [
        implied_rate(**prices, **dict(zip(names, corner, strict=True)))
        for corner in product(*[(box[name].low, box[name].high) for name in names])
    ]
    if found.rate is None:
        assert max(corners) < 0
        return
    assert found.rate.low == pytest.approx(min(corners), rel=1e-9, abs=1e-9)
    assert found.rate.high == pytest.approx(max(corners), rel=1e-9, abs=1e-9)
    for side in ("low", "high"):
        ends = dict(text.split(" = ") for text in found.binding[side])
        point = {
            name: (1 if name == "counterfactual_change" else sign) * float(ends[name])
            if name in ends
            else box[name].low
            for name in names
        }
        point |= {n: abs(v) for n, v in point.items() if n.endswith("_share")}
        value = implied_rate(**prices, **point)
        scale = max(abs(corner) for corner in corners)
        assert getattr(found.rate, side) == pytest.approx(value, rel=5e-3, abs=5e-3 * scale)


def test_a_control_that_moved_more_is_told_as_a_counterfactual():
    message = "use counterfactual_change=0.04 in pass_through_bounds"
    with pytest.raises(ModelError, match=message):
        caused_share_by_control(change=0.0007, control_change=0.04)
    for dollars in ({"change": 50, "control_change": 20}, {"change": 0.07, "control_change": 4.04}):
        with pytest.raises(ModelError, match="is a relative change of a price"):
            caused_share_by_control(**dollars)


# what a result says


def test_the_result_in_words_and_numbers():
    found = rise_of_50("PS5", tariff_change=0.15, customs_share=Interval(0.6, 0.9))
    said = "$500 to $550 is a pass-through of 0.74 to 1.11: cannot tell whether in full."
    assert found.summary() == said
    frame = found.to_frame().set_index("quantity")
    assert set(frame.index) == {"rate", "full_share", *INPUTS}
    assert frame.loc["rate", "low"] == found.rate.low
    told = found.explain()
    assert "the low end is set by customs_share = 0.9" in told
    assert "the high end is set by customs_share = 0.6" in told
    assert "if the tariff caused the whole rise" in told
    assert "the customs share of the price would narrow it most" in told
    assert found.plot().get_figure() is not None


def test_exact_inputs_leave_nothing_to_narrow():
    found = rise_of_50("PS5", tariff_change=0.15, customs_share=0.6)
    assert found.most_informative is None
    assert found.rate.is_exact
    assert "set by exact inputs" in found.explain()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"old_price": 0}, "old_price must be finite and above 0"),
        ({"new_price": math.inf}, "new_price must be finite and above 0"),
        ({"tariff_change": 0}, "without a change of one sign"),
        ({"tariff_change": Interval(-0.1, 0.1)}, "without a change of one sign"),
        ({"tariff_change": Interval(0.1, INF)}, "without a change of one sign"),
        ({"customs_share": Interval(0.5, 1.1)}, "customs_share is a share and lies in 0 to 1"),
        ({"customs_share": 0}, "customs_share is 0, so there is nothing to pass on"),
        ({"dutiable_share": -0.1}, "dutiable_share is a share"),
        ({"caused_share": Interval(-0.2, 1)}, "caused_share is a share"),
        ({"caused_share": 10}, "give counterfactual_change"),
        ({"caused_share": 1, "counterfactual_change": 0}, "say the same thing twice"),
        ({"counterfactual_change": -1.5}, "write -0.05 for a fall of 5%"),
        ({"counterfactual_change": 4.04}, "write 0.04 for a rise of 4%"),
        ({"specific_change": -2}, "without a change of one sign"),
    ],
)
def test_what_says_nothing(arguments, message):
    known = {"old_price": 500, "new_price": 550, "tariff_change": 0.15, "customs_share": 0.6}
    with pytest.raises(ModelError, match=message):
        pass_through_bounds(**{**known, **arguments})


# controls and mitigation


@pytest.mark.parametrize(
    ("change", "control", "share"),
    [(0.2, 0.0, 1.0), (0.2, 0.2, 0.0), (0.2, 0.05, 0.75), (-0.2, -0.05, 0.75)],
)
def test_the_share_a_control_market_leaves_to_the_tariff(change, control, share):
    found = caused_share_by_control(change=change, control_change=control)
    assert found == pytest.approx(share)


def test_a_control_needs_a_change_to_explain():
    with pytest.raises(ModelError, match="no rise to attribute"):
        caused_share_by_control(change=0, control_change=0.1)
    with pytest.raises(ModelError, match="control_change must be finite"):
        caused_share_by_control(change=0.1, control_change=math.nan)


def test_what_measures_take_off_a_gross_exposure():
    same = {"same_scope": True, "same_period": True}
    assert mitigated_share(gross=800e6, net=600e6, **same) == Interval(0.25, 0.25)
    # Estée Lauder: gross above $200m, net $100m: more than half
    assert mitigated_share(gross=Interval(200e6, INF), net=100e6, **same) == Interval(0.5, 1)
    found = mitigated_share(gross=Interval(100, 300), net=Interval(60, 180), **same)
    assert found.low == 0  # 180 of 100 is no mitigation, not a negative one
    assert found.high == pytest.approx(1 - 60 / 300)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"same_scope": False}, "cover different things"),
        ({"same_period": False}, "different periods"),
        ({"net": 150}, r"net \(150\) is above gross \(100\)"),
        ({"gross": 0}, "narrow the divisor"),
    ],
)
def test_figures_that_do_not_divide(arguments, message):
    known = {"gross": 100, "net": 50, "same_scope": True, "same_period": True}
    with pytest.raises(ModelError, match=message):
        mitigated_share(**{**known, **arguments})
