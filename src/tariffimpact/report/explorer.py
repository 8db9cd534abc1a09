"""What the explorer of the HTML page starts from: products, their ranges and their rates.

The page answers as the library does; its formulas are in `templates/explorer-model.js`, and tests
in a browser hold the two together. A distribution is taken by its ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from tariffimpact import codes
from tariffimpact.cases import Case
from tariffimpact.cases.figures import span
from tariffimpact.cases.product import CaseProduct
from tariffimpact.errors import ModelError
from tariffimpact.pricing import RULES
from tariffimpact.tariffs import Schedule

Pair = list[float]
"""The ends of a range, low and high."""


@dataclass(frozen=True, slots=True)
class Field:
    """A number of the explorer, as people see it and as it may be."""

    label: str
    kind: str
    """`share` (shown in percent), `amount` or `number`."""
    neutral: tuple[float, float]
    """Where a product does not say."""
    span: tuple[float, float, float] = (0.0, 1.0, 0.01)
    """Ends and step of the slider; of an amount they follow the value."""
    least: float | None = None
    above: float | None = None
    most: float | None = None


def _share(label: str, at: float, *, above: float | None = None) -> Field:
    least = 0.0 if above is None else None
    return Field(label, "share", (at, at), (0.0, 1.0, 0.01), least, above, 1.0)


def _amount(label: str, at: float) -> Field:
    return Field(label, "amount", (at, at), above=0.0)


PAIRS: Final = {
    "tariff": Field("New rate", "share", (0.15, 0.15), (0.0, 1.0, 0.005), 0.0, None, 10.0),
    "old_tariff": Field("Old rate", "share", (0.0, 0.0), (0.0, 1.0, 0.005), 0.0, None, 10.0),
    "specific": Field("New duty a unit", "amount", (0.0, 0.0), least=0.0),
    "old_specific": Field("Old duty a unit", "amount", (0.0, 0.0), least=0.0),
    "exporter_cut": _share("Exporter's cut of its price", 0.0),
    "customs_share": _share("Customs value, share of the old price", 0.6, above=0.0),
    "customs_value": _amount("Customs value a unit", 50.0),
    "metal_grams": _amount("Metal, grams", 13.0),
    "metal_price_per_tonne": _amount("Metal price a tonne", 2500.0),
    "dutiable_share": _share("Dutiable share of the customs value", 1.0, above=0.0),
    "old_price": _amount("Old price", 100.0),
    "new_price": _amount("New price", 110.0),
    "price_change": Field("Price rise", "share", (0.1, 0.1), (-0.5, 1.0, 0.005), None, -1.0, 10.0),
    "caused_share": _share("Share of the rise the tariff caused", 1.0),
    "counterfactual_change": Field(
        "What the price would have done without the tariff",
        "share",
        (0.0, 0.0),
        (-0.5, 0.5, 0.005),
        -1.0,
        None,
        2.99,
    ),
    "cost_share": _share("Unit cost, share of the old price", 0.8, above=0.0),
    "unit_cost": _amount("Unit cost", 80.0),
    "elasticity": Field("Elasticity", "number", (2.0, 2.0), (0.1, 10.0, 0.1), None, 0.0, 1000.0),
    "buyers_share": _share("Share of buyers who buy", 0.2, above=0.0),
    "units": _amount("Units a year", 1.0),
}


@dataclass(frozen=True, slots=True)
class Explorer:
    """Everything the page needs, as JSON has it."""

    products: tuple[dict[str, Any], ...]
    schedule: dict[str, dict[str, Any]]
    """By HTS code: `first`, `last` day, `names` of the origins, and the spells of each."""
    presets: tuple[tuple[str, date], ...] = ()
    """Days to choose a rate of, each with its name."""
    left_out: tuple[str, ...] = ()
    """Products of the cases that the page cannot start from: see `_product`."""

    @property
    def pairs(self) -> Mapping[str, Field]:
        """The numbers a reader may move."""
        return PAIRS

    def as_json(self) -> dict[str, Any]:
        """Return the data of the page."""
        neutral: dict[str, Any] = {name: list(field.neutral) for name, field in PAIRS.items()}
        neutral |= {
            "price_by": "none", "tariff_by": "rate", "customs_by": "share", "cost_by": "none",
            "caused_by": "share", "demand": "none", "rule": "dollar",
        }  # fmt: skip
        fields = {
            name: {
                key: value
                for key in ("label", "kind", "span", "least", "above", "most")
                if (value := getattr(field, key)) is not None
            }
            for name, field in PAIRS.items()
        }
        return {
            "pairs": fields, "neutral": neutral,
            "rules": {"observed": "The observed price", **RULES},
            "products": self.products, "schedule": self.schedule,
            "presets": [{"label": label, "day": _day(day)} for label, day in self.presets],
        }  # fmt: skip


PEAK: Final = ("April 2025", date(2025, 4, 15))
STORY: Final = ("August 2025", date(2025, 8, 21))
"""Days that a reader asks for: the highest rates, and the story's."""


def explorer_of(
    cases: Iterable[Case], schedule: Schedule, today: date | None = None
) -> Explorer | None:
    """Return the explorer over the products of some cases; None where they have none.

    Parameters
    ----------
    cases
        Each product of theirs becomes a place to start from.
    schedule
        Where the rates by origin and day come from.
    today
        The day whose knowledge the page has, offered with the story's and the peak's; none is
        offered without it.
    """
    told = [(item.name, _product(case, item)) for case in cases for item in case.products]
    products = tuple(found for _, found in told if found)
    if not products:
        return None
    left_out = tuple(dict.fromkeys(name for name, found in told if not found))
    asked = {item["state"].get("hts") for item in products} - {None}
    known = () if today is None else (("Today", today), STORY, PEAK)
    presets = tuple((label, day) for label, day in known if today is None or day <= today)
    spells = {hts: _spells(schedule, hts) for hts in sorted(asked)}
    return Explorer(products, spells, presets, left_out)


def _product(case: Case, item: CaseProduct) -> dict[str, Any] | None:
    """Return one product with the state the explorer starts from; None where it has none.

    The page knows duties on a given customs value and a unit, not on the seller's own price.
    """
    if item.duty.reading != "customs_value":
        return None
    try:
        state = _state(case, item)
    except ModelError:  # nothing but the ends of a distribution could be shown, and one is missing
        return None
    return {
        "id": f"{case.name}/{item.name}",
        "title": case.title,
        "name": item.name,
        "company": case.file.company,
        "currency": case.currency,
        "state": state,
    }


def _state(case: Case, item: CaseProduct) -> dict[str, Any]:
    return {
        **_tariff(case),
        **_price(item),
        **_caused(item),
        **_customs(item),
        **_cost(item),
        **_demand(item),
        "dutiable_share": _pair(item.dutiable_share),
        "exporter_cut": _pair(item.exporter_cut),
        "units": _pair(item.units),
    }


def _tariff(case: Case) -> dict[str, Any]:
    tariff: Any = case.resolved.tariff
    per_unit = {
        "specific": _pair(tariff.specific), "old_specific": _pair(tariff.old_specific)
    }  # fmt: skip
    if tariff.hts is None:
        rate, old_rate = tariff.rate or 0.0, tariff.old_rate
        return per_unit | {
            "tariff_by": "rate", "tariff": _pair(rate), "old_tariff": _pair(old_rate)
        }  # fmt: skip
    change, old = span(case.duty.change), span(case.duty.old_rate)
    return per_unit | {
        "tariff_by": "schedule",
        "tariff": [change.low + old.low, change.high + old.high],
        "old_tariff": [old.low, old.high],
        "hts": tariff.hts,
        "origins": list(tariff.origins),
        "on": _day(tariff.on),
        "before": _day(tariff.before),
    }


def _price(item: CaseProduct) -> dict[str, Any]:
    move = item.price
    seen = {"old_price": _pair(move.old)}
    if move.new is not None:
        return seen | {"price_by": "new_price", "new_price": _pair(move.new)}
    if move.change is not None:
        return seen | {"price_by": "price_change", "price_change": _pair(move.change)}
    return seen


def _caused(item: CaseProduct) -> dict[str, Any]:
    if item.counterfactual_change is None:
        return {"caused_by": "share", "caused_share": _pair(item.caused_share)}
    return {
        "caused_by": "otherwise", "counterfactual_change": _pair(item.counterfactual_change)
    }  # fmt: skip


def _customs(item: CaseProduct) -> dict[str, Any]:
    kinds = {"customs_share": "share", "customs_value": "value", "metal_grams": "metal"}
    given = {name: _pair(value) for name, value in item.customs.items()}
    return {"customs_by": kinds[next(iter(given))], **given}


def _cost(item: CaseProduct) -> dict[str, Any]:
    kinds = {"cost_share": "share", "unit_cost": "money"}
    for name, value in item.cost.items():
        return {"cost_by": kinds[name], name: _pair(value)}
    return {"cost_by": "customs" if item.no_other_cost else "none"}


def _demand(item: CaseProduct) -> dict[str, Any]:
    if item.demand is None:
        return {"demand": "none"}
    written: Any = item.demand
    share = {} if written.share is None else {"buyers_share": _pair(written.share)}
    return {"demand": written.form, "elasticity": _pair(written.elasticity), **share}


def _pair(value: Any) -> Pair:
    ends = span(value)
    return [ends.low, ends.high]


def _spells(schedule: Schedule, hts: str) -> dict[str, Any]:
    """Return the rates of a product from every origin; origins of the same rates share a list."""
    origins: dict[str, int] = {}
    known: dict[tuple[tuple[float, ...], ...], int] = {}
    first, last = date.min, date.max
    for origin in schedule.origins(hts):
        start, end = schedule.coverage(hts, origin)
        first, last = max(first, start), min(last, end)
        frame = schedule.history(hts, origin, start, end)
        days = map(_day, frame["starts_on"])
        spells = tuple(zip(days, frame["low"].tolist(), frame["high"].tolist(), strict=True))
        origins[origin] = known.setdefault(spells, len(known))
    names = sorted((codes.country_name(code), code) for code in origins)
    return {
        "label": f"{schedule.product(hts).name} ({codes.hts_label(hts)})",
        "first": _day(first),
        "last": _day(last) - 1,
        "names": {code: name for name, code in names},
        "origins": origins,
        "spells": [[list(spell) for spell in spells] for spells in known],
    }


_EPOCH: Final = date(1970, 1, 1).toordinal()


def _day(day: Any) -> int:
    """Return a day as the number of days since 1970-01-01."""
    return int(day.toordinal()) - _EPOCH
