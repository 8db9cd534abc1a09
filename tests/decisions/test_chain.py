"""Stage by stage to the shelf: known answers, closed forms, and a ledger that sums to the duty."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampled import examples
from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval
from tariffimpact.pricing.chain import STAGE_RULES, Stage, chain

DEALER = Stage("Dealer", "percent", margin=0.35)


def test_a_car_of_1690_at_the_border_and_10400_in_the_showroom():
    """523.90 of duty, times 4/0.65: 3,224 on the shelf; 1,571.70 and 1,128.40 stay on the way."""
    found = chain(
        stages=[Stage("Maker", "percent", markup=4), DEALER], customs_value=1690,
        tariff_change=0.31, shelf_price=10_400,
    )  # fmt: skip
    assert found.duty.low == pytest.approx(523.90, abs=1e-9)
    assert found.shelf_rise.low == pytest.approx(523.90 * 4 / 0.65, abs=1e-9)
    assert [line.gain.low for line in found.lines] == pytest.approx([1571.70, 1128.40], abs=1e-9)
    assert "Maker gains $1,571.70 and Dealer gains $1,128.40" in found.summary()


def test_in_money_all_the_way_the_duty_arrives_as_it_is():
    stages = [Stage("Maker", "dollar", markup=4), Stage("Dealer", "dollar", margin=0.35)]
    found = chain(stages=stages, customs_value=1690, tariff_change=0.31)
    assert found.rate.low == found.rate.high == pytest.approx(1.0, abs=1e-12)
    assert all(line.gain.magnitude.high < 1e-9 for line in found.lines)


def test_two_monopolists_in_a_row_pass_on_a_quarter_under_linear_demand():
    """Each at its best price passes half of its cost on; MODELS 5."""
    stages = [Stage("Importer", "maximise"), Stage("Shop", "maximise", margin=0.4)]
    found = chain(stages=stages, customs_value=30, tariff_change=0.2, shelf_price=100)
    assert found.rate.low == pytest.approx(0.25, rel=1e-12)


@pytest.mark.parametrize("elasticity", [1.5, 3.0])
def test_isoelastic_tiers_multiply(elasticity):
    """[e/(e-1)] squared; the first buys at 30 plus no duty, both at their best prices."""
    markup = elasticity / (elasticity - 1)
    tier = {"markup": markup, "demand_elasticity": elasticity, "demand": "isoelastic"}
    stages = [Stage("Importer", "maximise", **tier), Stage("Shop", "maximise", **tier)]
    found = chain(stages=stages, customs_value=30, tariff_change=0.2)
    assert found.rate.low == pytest.approx(markup**2, rel=1e-12)


def test_absorbing_a_share_and_costs_of_one_s_own():
    """The importer bears 40% of 10; the shop's margin in per cent is over 56 + 14 of its own."""
    stages = [
        Stage("Importer", "absorb", price=56, absorbed=0.4),
        Stage("Shop", "percent", price=100, own_cost=14),
    ]
    found = chain(stages=stages, customs_value=50, tariff_change=0.2)
    importer, shop = found.lines
    assert importer.gain.low == pytest.approx(-4)
    assert shop.sold_after.low == pytest.approx(100 * (70 + 6) / 70)


@st.composite
def ways(draw):
    """A chain of one to four stages, each told in one of three ways, and a duty."""
    paid = value = draw(st.floats(1, 1000))
    stages = []
    for n in range(draw(st.integers(1, 4))):
        over = draw(st.floats(1.05, 3))
        told = draw(st.sampled_from(["price", "markup", "margin"]))
        size = {"price": paid * over, "markup": over, "margin": 1 - 1 / over}[told]
        stages.append(
            Stage(
                f"s{n}", draw(st.sampled_from(list(STAGE_RULES))), **{told: size},
                absorbed=draw(st.floats(0, 1)),
            )
        )  # fmt: skip
        paid *= over
    return stages, value


@examples(60)
@given(ways(), st.floats(0.01, 0.5), st.floats(0, 0.3), st.floats(0, 0.2), st.floats(0, 5))
def test_the_ledger_sums_to_the_duty(way, change, old, cut, per_unit):
    stages, value = way
    stages = [
        Stage(s.name, s.rule, markup=None, price=s.price and s.price * (1 + old), margin=s.margin,
              absorbed=s.absorbed) if s.markup is None else s
        for s in stages
    ]  # fmt: skip
    found = chain(
        stages=stages, customs_value=value, tariff_change=change, old_tariff=old,
        exporter_cut=cut, specific_change=per_unit,
    )  # fmt: skip
    frame = found.to_frame()
    borne = frame[frame["party"] != "duty"]["burden_low"].sum()
    duty = frame[frame["party"] == "duty"]["burden_low"].item()
    assert borne == pytest.approx(duty, rel=1e-9, abs=1e-9 * value)
    assert duty == pytest.approx((old + change) * value * (1 - cut) - old * value + per_unit)


def test_ranges_are_wide_enough_for_every_point_of_them():
    stages = [Stage("Maker", "percent", markup=Interval(3.8, 4.2)), DEALER]
    box = {"customs_value": Interval(1600, 1800), "tariff_change": Interval(0.2, 0.31)}
    whole = chain(stages=stages, shelf_price=10_400, **box)
    rng = np.random.default_rng(1)
    for u, v in rng.random((20, 2)):
        value, change = 1600 + 200 * u, 0.2 + 0.11 * v
        duty, first = value * change, 10_400 * 0.65
        rise = duty * first / value / 0.65
        assert whole.duty.low - 1e-9 <= duty <= whole.duty.high + 1e-9
        assert whole.shelf_rise.low - 1e-9 <= rise <= whole.shelf_rise.high + 1e-9


@pytest.mark.parametrize(
    ("stages", "shelf", "words"),
    [
        ([Stage("A", "dollar", price=6000), DEALER], 10_400, "sells at 9,230.77, from the other"),
        ([Stage("A", "dollar", markup=2), DEALER], 10_400, "the stages do not connect"),
        ([Stage("A", "dollar", price=1000)], None, "sells at 1,000 what costs it 1,690"),
        ([Stage("A", "dollar"), Stage("B", "dollar")], 10_400, "A has no price that can be told"),
        ([Stage("A", "dollar")], None, "give price, markup or margin"),
        ([Stage("A", "dollar", price=2000, markup=2)], None, "keep one of them"),
        ([Stage("A", "hold", markup=2)], None, "its rules are dollar, percent, absorb, maximise"),
        ([DEALER, DEALER], None, "two stages have one name"),
        ([], None, "needs a stage"),
        ([Stage("A", "dollar", margin=1.0)], None, "margin of A must be below 1"),
    ],
)
def test_what_does_not_connect_is_refused_with_the_remedy(stages, shelf, words):
    with pytest.raises(ModelError) as raised:
        chain(stages=stages, customs_value=1690, tariff_change=0.31, shelf_price=shelf)
    assert words in str(raised.value)
