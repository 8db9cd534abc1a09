"""A rate in percent where a fraction is asked is refused with what was probably meant."""

import numpy as np
import pytest

from tariffimpact.arguments import check_rate
from tariffimpact.decisions.stock import front_loading_break_even
from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval
from tariffimpact.passthrough import convert, measure, pass_through_bounds
from tariffimpact.pricing.cost import content_duty, duty_per_unit, landed_cost

PRICES = {"old_price": 100, "new_price": 106}
VALUES = {"old_customs_value": 50, "new_customs_value": 50}

ASKED = {
    "duty_per_unit": lambda rate: duty_per_unit(customs_value=50, ad_valorem=rate),
    "arrays": lambda rate: duty_per_unit(customs_value=50, ad_valorem=np.array([0.1, rate])),
    "content_duty": lambda rate: content_duty(mass=1, price=50, ad_valorem=rate),
    "landed_cost": lambda rate: landed_cost(customs_value=50, ad_valorem=rate),
    "measure": lambda rate: measure(**PRICES, **VALUES, old_tariff=0, new_tariff=rate),
    "convert": lambda rate: convert(
        0.5, given="rate", wanted="retail_rate", customs_share=0.5, old_tariff=0, new_tariff=rate
    ),
    "bounds": lambda rate: pass_through_bounds(**PRICES, tariff_change=rate, customs_share=0.5),
    "bounds of a range": lambda rate: pass_through_bounds(
        **PRICES, tariff_change=Interval(0.1, rate), customs_share=0.5
    ),
    "front_loading": lambda rate: front_loading_break_even(ad_valorem=rate, holding_cost=0.02),
}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("percent", [3, 15, 145])
def test_a_rate_in_percent_is_refused_with_the_fraction(name, percent):
    with pytest.raises(ModelError, match=f"write {percent / 100:g} for {percent}%"):
        ASKED[name](percent)


@pytest.mark.parametrize("name", ASKED)
def test_a_rate_of_145_percent_is_a_rate(name):
    ASKED[name](1.45)


def test_no_rate_at_all_is_no_rate_in_percent():
    check_rate("ad_valorem", [])
