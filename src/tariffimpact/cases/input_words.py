"""The inputs of a case as people say them: what each is, and its value in its unit."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from tariffimpact import units
from tariffimpact.cases.case_numbers import support_of
from tariffimpact.codes import country_name
from tariffimpact.uncertainty.distributions import Distribution
from tariffimpact.uncertainty.inputs import Stated
from tariffimpact.uncertainty.phrasing import input_value, quantity

_MONEY: Final = (
    "old_price", "new_price", "customs_value", "unit_cost", "fixed_cost", "specific_change",
    "old_specific", "exposure", "duty_paid", "switching_cost", "freight", "fees", "gross", "net",
    "sales", "cost_of_goods", "operating_income", "metal_price_per_tonne", "price_rise",
)  # fmt: skip
_FRACTIONS: Final = (
    "customs_share", "cost_share", "dutiable_share", "caused_share", "market_share",
    "retailer_share", "reversal_share", "rebate_share", "offset_share", "price_change",
    "counterfactual_change", "tariff_change", "old_tariff", "tariff", "exporter_cut", "interest",
    "hazard", "holding_cost", "lasting_probability", "speed_up", "speed_down", "speed",
    "tax_rate", "headwind", "price_rise",
)  # fmt: skip
_NAMES: Final = {
    "old_price": "price before",
    "new_price": "price after",
    "price_change": "change of the price",
    "counterfactual_change": "change of the price without the tariff",
    "caused_share": "part of the change that the tariff caused",
    "tariff_change": "change of the rate",
    "old_tariff": "rate before",
    "specific_change": "change of the duty per unit",
    "old_specific": "duty per unit before",
    "customs_share": "customs value, of the price",
    "cost_share": "unit cost, of the price",
    "metal_grams": "metal in a unit, grams",
    "metal_price_per_tonne": "price of the metal a tonne",
    "units": "units a year",
    "fixed_cost": "fixed cost a year",
}
"""Names that say less than they could."""


def input_name(name: str) -> str:
    """Return what an input is, in words.

    Examples
    --------
    >>> input_name("counterfactual_change"), input_name("freight_VNM"), input_name("hazard")
    ('change of the price without the tariff', 'freight, Vietnam', 'hazard')
    """
    stem, place = _parted(name)
    words = _NAMES.get(stem, stem.replace("_", " "))
    return f"{words}, {country_name(place)}" if place else words


def input_told(name: str, value: Stated, currency: str, beside: Collection[str] = ()) -> str:
    """Return an input's value as people write it: money, percent or a plain number.

    Parameters
    ----------
    name
        As the models call it.
    value
        A number, a range or a distribution, of which the range is told.
    currency
        ISO 4217 code of money.
    beside
        The inputs it stands with: a price rise beside an exposure is money per unit.

    Examples
    --------
    >>> input_told("customs_share", 0.25, "USD")
    '25.0%'
    >>> input_told("price_rise", 0.05, "USD"), input_told("price_rise", 50.0, "USD", ["exposure"])
    ('5.0%', '$50')
    """
    reach = support_of(value)
    spread = f", {value.kind}" if isinstance(value, Distribution) and not reach.is_exact else ""
    if is_fraction(name, beside):
        return f"{units.percent(reach)}{spread}"
    if _parted(name)[0] in _MONEY:
        return f"{quantity(reach, currency)}{spread}"
    if not reach.is_bounded:
        return f"{units.ratio(reach)}{spread}"
    ends = dict.fromkeys(input_value(end) for end in (reach.low, reach.high))
    return f"{' to '.join(ends)}{spread}"


def is_fraction(name: str, beside: Collection[str] = ()) -> bool:
    """Return whether an input is a fraction, which people say in percent.

    Examples
    --------
    >>> is_fraction("tariff_change_CHN"), is_fraction("specific_change"), is_fraction("turns")
    (True, False, False)
    """
    stem, _ = _parted(name)
    return stem in _FRACTIONS and not (stem == "price_rise" and "exposure" in beside)


def _parted(name: str) -> tuple[str, str]:
    """Return an input's name and the country at its end, blank where there is none."""
    found = re.fullmatch(r"(.+)_([A-Z]{3})", name)
    return (found[1], found[2]) if found else (name, "")
