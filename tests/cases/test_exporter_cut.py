"""An exporter that lowers its price: duty, cost and pass-through follow the lower customs value."""

import pytest

from tariffimpact.cases import case_of
from tariffimpact.errors import DataError
from tariffimpact.facts import read_facts
from tariffimpact.pricing.incidence import unit_incidence

PRODUCT = {
    "name": "Kettle", "old_price": 100.0, "new_price": 104.0, "customs_value": 50.0,
    "cost_share": 0.6, "reason": "Round numbers.",
}  # fmt: skip
DEMAND = {"form": "linear", "elasticity": 2.0, "reason": "Round."}


@pytest.fixture(scope="module")
def facts():
    return read_facts()


def kettle(facts, cut, *, rate=0.3, old_rate=0.1, **more):
    written = {
        "title": "A kettle", "question": "What now?",
        "tariff": {"rate": rate, "old_rate": old_rate, "reason": "Round numbers."},
        "demand": DEMAND, "products": [PRODUCT | {"exporter_cut": cut}], **more,
    }  # fmt: skip
    return case_of(written, name="kettle", facts=facts)


@pytest.mark.parametrize("cut", [0.0, 0.1, 0.25])
def test_the_ledger_of_one_unit_says_the_same(facts, cut):
    """Worked from both customs values and both duties, not from a change of the rate."""
    lower = 50 * (1 - cut)
    ledger = unit_incidence(
        old_price=100, new_price=104, old_customs_value=50, new_customs_value=lower,
        old_duty=0.1 * 50, new_duty=0.3 * lower,
    )  # fmt: skip
    case = kettle(facts, cut)
    assert case.question("pass-through").at_base() == pytest.approx(ledger.consumer_burden, 1e-12)
    cost_rise = ledger.duty_change * (1 - ledger.exporter_burden)
    assert case.question("dollar").at_base() == pytest.approx(100 + cost_rise, rel=1e-12)
    assert case.question("percent").at_base() == pytest.approx(100 + cost_rise / 0.6, rel=1e-12)
    # a monopolist facing a straight line passes half on: (c + choke price)/2, the choke at 150
    assert case.question("maximise").at_base() == pytest.approx((60 + cost_rise + 150) / 2)


def test_ranges_of_cut_and_rates_reach_their_corners(facts):
    """The duty's change is (t1 (1 - x) - t0) v, so its ends lie at opposite corners."""
    case = kettle(facts, "0..0.2", rate="0.3..0.4", old_rate="0.05..0.1")
    found = case.question("pass-through").bounds()
    # the case takes change and old rate apart: a change of 0.2 to 0.35 from 0.05 to 0.1
    assert found.high == pytest.approx(4 / (50 * (0.2 - 0.3 * 0.2)))
    assert found.low == pytest.approx(4 / (50 * 0.35))
    told = case.product().pass_through()
    assert (told.rate.low, told.rate.high) == pytest.approx((found.low, found.high))


def test_a_path_over_time_refuses_a_cut(facts):
    timing = {
        "flow": "fifo_many", "turns": 4.0, "pass_through_rate": 0.5, "months": 6, "reason": "None.",
    }  # fmt: skip
    with pytest.raises(DataError, match="exporter_cut"):
        kettle(facts, 0.1, timing=timing)
    assert kettle(facts, 0.0, timing=timing).path()
