"""Duty and landed cost, against sums done in exact fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffimpact.errors import ModelError
from tariffimpact.pricing.cost import content_duty, customs_value, duty_per_unit, landed_cost

MONEY = st.floats(0, 1e6)
RATES = st.floats(0, 2.99)
SHARES = st.floats(0, 1)


@given(value=MONEY, rate=RATES, share=SHARES, specific=MONEY, freight=MONEY, fees=MONEY)
def test_the_sum_in_exact_fractions(value, rate, share, specific, freight, fees):
    duty = Fraction(rate) * Fraction(share) * Fraction(value) + Fraction(specific)
    landed = landed_cost(
        customs_value=value,
        ad_valorem=rate,
        dutiable_share=share,
        specific=specific,
        freight=freight,
        fees=fees,
    )
    total = Fraction(value) + Fraction(freight) + duty + Fraction(fees)
    assert landed.duty == pytest.approx(float(duty), rel=1e-15)  # three roundings
    assert landed.total == pytest.approx(float(total), rel=1e-15)
    assert landed.to_frame().set_index("step")["amount"].drop("Landed cost").sum() == (
        pytest.approx(landed.total, rel=1e-15)
    )


def test_a_can_of_aluminium():
    # 13 g at $2,600 a tonne is 3.38 cents of metal, half of it duty
    assert content_duty(mass=13e-6, price=2600.0, ad_valorem=0.5) == pytest.approx(0.0169)


def test_customs_value_is_a_share_of_the_shelf_price():
    assert customs_value(price=500.0, customs_share=0.6) == 300.0
    assert customs_value(price=500.0, customs_share=1.0) == 500.0


def test_arrays_broadcast_over_products_and_scenarios():
    values, rates = np.array([[100.0], [300.0]]), np.array([0.0, 0.15, 0.25])
    duty = duty_per_unit(customs_value=values, ad_valorem=rates, specific=1.0)
    assert duty == pytest.approx(np.array([[1, 16, 26], [1, 46, 76]]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("customs_value", -1.0),
        ("customs_value", math.inf),
        ("ad_valorem", -0.1),
        ("ad_valorem", math.nan),
        ("specific", -0.1),
        ("dutiable_share", 1.01),
        ("dutiable_share", -0.01),
        ("dutiable_share", math.nan),
        ("freight", -1.0),
        ("fees", math.inf),
    ],
)
def test_what_cannot_be(name, value):
    with pytest.raises(ModelError, match=rf"^{name} .*\(got {value:g}\)"):
        landed_cost(**{"customs_value": 100.0, "ad_valorem": 0.15, name: value})


def test_one_bad_entry_of_an_array_is_enough():
    with pytest.raises(ModelError, match=r"^dutiable_share "):
        duty_per_unit(customs_value=100.0, ad_valorem=0.15, dutiable_share=np.array([0.5, 2.0]))


@pytest.mark.parametrize("price", [-2600.0, math.nan, math.inf])
def test_no_metal_has_such_a_price(price):
    with pytest.raises(ModelError):
        content_duty(mass=13e-6, price=price, ad_valorem=0.5)


def test_no_unit_is_worth_more_at_the_border_than_on_the_shelf():
    with pytest.raises(ModelError, match="customs_share must be at most 1"):
        customs_value(price=500.0, customs_share=1.2)


def test_the_result_says_its_parts():
    landed = landed_cost(
        customs_value=300.0, ad_valorem=0.15, freight=10.0, fees=1.5, currency="EUR"
    )
    assert landed.summary() == "A unit declared at €300.00 lands at €356.50, €45.00 of it duty."
    assert landed.explain() == (
        "landed cost = customs value + freight and insurance + duty + fees\n"
        "€356.50 = €300.00 + €10.00 + €45.00 + €1.50"
    )
    assert list(landed.to_frame()["kind"]) == ["total", "add", "tariff", "add", "total"]
    assert landed.plot().get_figure() is not None
