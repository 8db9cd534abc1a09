"""The ledger balances, whoever bears the duty."""

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tariffimpact.errors import ModelError
from tariffimpact.passthrough import measure
from tariffimpact.pricing.incidence import Incidence, check_balance, unit_incidence

TEXTBOOK = {
    "old_price": 100,
    "new_price": 106.25,
    "old_customs_value": 50,
    "new_customs_value": 50,
    "old_duty": 0,
    "new_duty": 12.5,
}


@pytest.mark.parametrize(
    ("changes", "consumers", "firms", "exporter"),
    [
        ({}, 0.5, 0.5, 0),
        ({"new_price": 112.5}, 1, 0, 0),
        ({"new_price": 125}, 2, -1, 0),  # a markup taken on the duty is a windfall
        ({"new_price": 100}, 0, 1, 0),
        # 25% on a value cut from 50 to 40 is a duty of 10, and the exporter's cut is 10
        ({"new_price": 100, "new_customs_value": 40, "new_duty": 10}, 0, 0, 1),
        (
            {"new_price": 104, "new_customs_value": 46, "new_duty": 11.5},
            4 / 11.5,
            3.5 / 11.5,
            4 / 11.5,
        ),
        # a rollback: the duty falls by 12.5, the price by half of that
        ({"old_price": 106.25, "new_price": 100, "old_duty": 12.5, "new_duty": 0}, 0.5, 0.5, 0),
    ],
)
def test_who_bears_the_duty(changes, consumers, firms, exporter):
    found = unit_incidence(**{**TEXTBOOK, **changes})
    assert found.consumer_burden == pytest.approx(consumers)
    assert found.firm_burden == pytest.approx(firms, abs=1e-12)
    assert found.exporter_burden == pytest.approx(exporter)


cents = st.integers(1, 10_000_000).map(lambda n: n / 100)


@given(p0=cents, p1=cents, v0=cents, v1=cents, d0=cents, d1=cents)
def test_the_ledger_in_exact_fractions(p0, p1, v0, v1, d0, d1):
    assume(abs(d1 - d0) > 0.005)
    found = unit_incidence(
        old_price=p0,
        new_price=p1,
        old_customs_value=v0,
        new_customs_value=v1,
        old_duty=d0,
        new_duty=d1,
    )
    p0, p1, v0, v1, d0, d1 = map(Fraction, (p0, p1, v0, v1, d0, d1))
    duty, margin_change = d1 - d0, (p1 - v1 - d1) - (p0 - v0 - d0)
    assert (p1 - p0) + (v0 - v1) - margin_change == duty
    burdens = (found.consumer_burden, found.firm_burden, found.exporter_burden)
    exact = ((p1 - p0) / duty, -margin_change / duty, (v0 - v1) / duty)
    scale = max(1, *(abs(float(share)) for share in exact))
    assert burdens == pytest.approx([float(share) for share in exact], abs=1e-9 * scale)
    assert math.fsum(burdens) == pytest.approx(1, abs=1e-9 * scale)
    assert found.to_frame()["amount"].sum() == pytest.approx(float(duty), abs=1e-9 * scale * 1e5)


def test_a_cent_of_duty_on_a_dear_machine_is_no_defect():
    # levels of 100,000 carry an error of 1e-11, a billionth of a cent: changes do not
    found = unit_incidence(
        old_price=100_000.1,
        new_price=100_000.107,
        old_customs_value=70_000.3,
        new_customs_value=70_000.3,
        old_duty=0.0,
        new_duty=0.01,
    )
    assert found.consumer_burden == pytest.approx(0.7, abs=1e-8)


@given(
    price=st.floats(1, 1e4),
    move=st.floats(-0.2, 1),
    share=st.floats(0.1, 1),
    cut=st.floats(0, 0.3),
    tariff=st.floats(0.01, 2),
)
def test_the_consumers_burden_is_the_pass_through_rate(price, move, share, cut, tariff):
    value = price * share
    known = {
        "old_price": price,
        "new_price": price * (1 + move),
        "old_customs_value": value,
        "new_customs_value": value * (1 - cut),
    }
    borne = unit_incidence(**known, old_duty=0.0, new_duty=tariff * value * (1 - cut))
    passed = measure(**known, old_tariff=0.0, new_tariff=tariff)
    assert borne.consumer_burden == pytest.approx(passed.rate, rel=1e-12)


@pytest.mark.parametrize("amount", [math.nan, math.inf])
@pytest.mark.parametrize("name", TEXTBOOK)
def test_every_amount_must_be_known(name, amount):
    with pytest.raises(ModelError, match="every amount must be finite"):
        unit_incidence(**{**TEXTBOOK, name: amount})


def test_a_duty_that_did_not_change_is_borne_by_nobody():
    with pytest.raises(ModelError, match="nothing to bear"):
        unit_incidence(**{**TEXTBOOK, "new_duty": 0})


@pytest.mark.parametrize("gap", [1e-8, -1e-8, math.nan, math.inf])
def test_a_ledger_that_does_not_balance_is_an_error(gap):
    with pytest.raises(ModelError, match=r"does not balance.*a defect of the model"):
        check_balance((0.5, 0.5 + gap, 0.0), 1.0)
    with pytest.raises(ModelError, match="does not balance"):
        Incidence(12.5, 0.5, 0.5 + gap, 0.0, "USD")


def test_the_tolerance_is_relative_to_the_largest_entry():
    check_balance((1e12, -1e12 + 1e2, -1e2), 0.0)
    check_balance((1e12, 1.0), 1e12)
    with pytest.raises(ModelError):
        check_balance((1e3, 1.0), 1e3)
    check_balance((0.5, 0.5 + 5e-10), 1.0)


def test_entries_that_are_differences_of_large_sums_may_miss_by_their_rounding():
    check_balance((1e-6, 1e-9), 1e-6, turnover=1e5)
    with pytest.raises(ModelError):
        check_balance((1e-6, 1e-9), 1e-6, turnover=1e3)


def test_a_windfall_is_never_hidden():
    found = unit_incidence(**{**TEXTBOOK, "new_price": 125})
    assert found.summary() == (
        "Of $12.50 of duty a unit, buyers bear 200%, sellers gain 100% and the exporter 0%."
    )
    frame = found.to_frame().set_index("party")
    assert frame.loc["firms", "burden"] == -1
    assert frame.loc["firms", "amount"] == -12.5
    assert "  firms: −$12.50" in found.explain()


def test_the_ledger_line_by_line():
    found = unit_incidence(**TEXTBOOK)
    assert found.explain() == (
        "price rise + exporter's cut - margin rise = duty\n"
        "  consumers: $6.25\n  firms: $6.25\n  exporter: $0.00\n  duty: $12.50"
    )
    assert found.plot().get_figure() is not None
