"""The inputs of a case as people say them: what each is, and its value in its unit."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from tariffimpact import units
from tariffimpact.cases.case_numbers import support_of
from tariffimpact.codes import country_name
from tariffimpact.uncertainty.distributions import Distribution
from tariffimpact.uncertainty.inputs import Stated
from tariffimpact.uncertainty.phrasing import input_value, quantity


@dataclass(frozen=True, slots=True)
class _Input:
    """What an input is."""

    unit: Literal["money", "fraction", "number"]
    words: str = ""
    """In a sentence, where its name says less than it could."""
    label: str = ""
    """In the workbook of a case; blank where it has no row of its own."""


_INPUTS: Final[dict[str, _Input]] = {
    "old_price": _Input("money", "price before", "Old price"),
    "new_price": _Input("money", "price after", "New price"),
    "price_change": _Input("fraction", "change of the price", "Price rise, fraction"),
    "customs_share": _Input(
        "fraction", "customs value, of the price", "Customs value, share of the old price"
    ),
    "customs_value": _Input("money", "", "Customs value given"),
    "metal_grams": _Input("number", "metal in a unit, grams", "Metal, grams"),
    "metal_price_per_tonne": _Input("money", "price of the metal a tonne", "Metal price per tonne"),
    "dutiable_share": _Input("fraction", "", "Dutiable share of the customs value"),
    "exporter_cut": _Input("fraction", "", "Cut of the exporter's price"),
    "caused_share": _Input(
        "fraction", "part of the change that the tariff caused",
        "Share of the rise the tariff caused",
    ),
    "cost_share": _Input(
        "fraction", "unit cost, of the price", "Unit cost, share of the old price"
    ),
    "unit_cost": _Input("money", "", "Unit cost given"),
    "demand_elasticity": _Input("number", "", "Demand elasticity at the old price"),
    "buyers_share": _Input("fraction", "", "Share of buyers at the old price"),
    "units": _Input("number", "units a year", "Units a year at the old price"),
    "fixed_cost": _Input("money", "fixed cost a year"),
    "counterfactual_change": _Input("fraction", "change of the price without the tariff"),
    "tariff_change": _Input("fraction", "change of the rate"),
    "old_tariff": _Input("fraction", "rate before"),
    "specific_change": _Input("money", "change of the duty per unit"),
    "old_specific": _Input("money", "duty per unit before"),
    **dict.fromkeys((
        "exposure", "duty_paid", "switching_cost", "freight", "fees", "gross", "net", "sales",
        "cost_of_goods", "operating_income", "offset",
    ), _Input("money")),
    **dict.fromkeys((
        "market_share", "retailer_share", "reversal_share", "rebate_share", "offset_share",
        "tariff", "interest", "hazard", "holding_cost", "lasting_probability", "speed_up",
        "speed_down", "speed", "tax_rate", "headwind", "price_rise",
    ), _Input("fraction")),
}  # fmt: skip
"""The inputs of the answers by name, those of a product first, in the order of its workbook."""
LABELS: Final = {name: known.label for name, known in _INPUTS.items() if known.label}
"""Names of the rows of inputs in the workbook of a case."""
_NUMBER: Final = _Input("number")


def input_name(name: str) -> str:
    """Return what an input is, in words.

    Examples
    --------
    >>> input_name("counterfactual_change"), input_name("freight_VNM"), input_name("hazard")
    ('change of the price without the tariff', 'freight, Vietnam', 'hazard')
    """
    stem, place = _parted(name)
    words = _INPUTS.get(stem, _NUMBER).words or stem.replace("_", " ")
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
    unit = unit_of(name, beside)
    if unit == "fraction":
        return f"{units.percent(reach)}{spread}"
    if unit == "money":
        return f"{quantity(reach, currency)}{spread}"
    if not reach.is_bounded:
        return f"{units.ratio(reach)}{spread}"
    ends = dict.fromkeys(input_value(end) for end in (reach.low, reach.high))
    return f"{' to '.join(ends)}{spread}"


def unit_of(name: str, beside: Collection[str] = ()) -> Literal["money", "fraction", "number"]:
    """Return what an input is measured in: money, a fraction told in percent, a plain number.

    Examples
    --------
    >>> unit_of("tariff_change_CHN"), unit_of("offset_vendors"), unit_of("turns")
    ('fraction', 'money', 'number')
    """
    if name == "price_rise" and "exposure" in beside:
        return "money"
    stem = re.sub(r"^(offset(_share)?)_\w+", r"\1", _parted(name)[0])  # by which answer
    return _INPUTS.get(stem, _NUMBER).unit


def _parted(name: str) -> tuple[str, str]:
    """Return an input's name and the country at its end, blank where there is none."""
    found = re.fullmatch(r"(.+)_([A-Z]{3})", name)
    return (found[1], found[2]) if found else (name, "")
