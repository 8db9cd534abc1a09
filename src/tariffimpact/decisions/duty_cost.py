"""What a tariff costs a company: gross by origin or from its own rule of thumb, offsets, net.

The formulas take numbers, arrays and intervals alike, and name every input once, so that over
intervals they are exact: gross = sum of B Δτ m/12, net = gross less the offsets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from tariffimpact.arguments import Array, checked
from tariffimpact.codes import country_name
from tariffimpact.errors import require
from tariffimpact.interval import Interval, Quantity
from tariffimpact.units import count

__all__ = [
    "OFFSETS",
    "Imports",
    "Offset",
    "Window",
    "added_duty",
    "base_from_sensitivity",
]

N = TypeVar("N", float, Array, Interval)
OffsetBy = Literal["price", "sourcing", "vendors", "other"]
OFFSETS: Final[Mapping[OffsetBy, str]] = {
    "price": "price",
    "sourcing": "sourcing",
    "vendors": "vendors",
    "other": "other measures",
}
"""By what a company takes back some of the cost, each in words."""
_VALUE, _CHANGE, _SHARE, _MONEY = "customs_value", "tariff_change", "offset_share_", "offset_"


def added_duty(
    *, customs_value: Quantity, tariff_change: Quantity, months: Quantity = 12.0
) -> Interval:
    """Return the duty that a change of the rate adds in a window, B Δτ m/12.

    Parameters
    ----------
    customs_value
        B, dutiable customs value a year, money.
    tariff_change
        Δτ, change of the rate as a fraction of customs value.
    months
        m, months of the window in which it is charged.

    Examples
    --------
    $56bn of cars and parts at 25% for eight months:

    >>> print(added_duty(customs_value=56e9, tariff_change=0.25, months=8) / 1e9)
    9.333
    """
    value = Interval.of(customs_value)
    return value * Interval.of(tariff_change) * Interval.of(months) / 12.0


def base_from_sensitivity(*, cost: Quantity, points: Quantity) -> Interval:
    """Return the dutiable value behind a company's own rule of thumb: 100 k for k a point.

    Parameters
    ----------
    cost
        Money a year that so many points of tariff cost.
    points
        The points as a fraction of customs value: 0.10 for ten.

    Examples
    --------
    >>> print(base_from_sensitivity(cost=17e6, points=0.10) / 1e6)
    170
    """
    return Interval.of(cost) / Interval.of(points)


@dataclass(frozen=True, slots=True)
class Imports:
    """Goods that bear the duty: their customs value a year and the change of their rate."""

    customs_value: Quantity
    """Money a year."""
    tariff_change: Quantity
    """Fraction of customs value."""
    origin: str = ""
    """ISO 3166-1 alpha-3; blank where the goods are not told apart."""


@dataclass(frozen=True, slots=True)
class Offset:
    """What one answer of the company takes back of the cost."""

    by: OffsetBy
    amount: Quantity
    """Money in the window, or a fraction of the gross cost."""
    is_share: bool
    """Whether `amount` is a fraction of the gross cost."""


@dataclass(frozen=True, slots=True)
class Window:
    """The period a figure is of, as its source names it."""

    label: str
    """FY to Mar 2026."""
    annualised: bool = False
    """Whether a part of a year was blown up to twelve months."""

    @property
    def spell(self) -> str:
        """What a cost is said to be incurred in: 2025, or a year at the rate of 2025."""
        return f"a year at the rate of {self.label}" if self.annualised else self.label

    def __str__(self) -> str:
        return f"an annual rate of {self.label}" if self.annualised else self.label


def cost_inputs(
    *,
    gross: Quantity | None,
    imports: Sequence[Imports],
    net: Quantity | None,
    offsets: Sequence[Offset],
    months: Quantity,
) -> dict[str, Interval]:
    """Return what the cost is made of, by name, each checked.

    Raises
    ------
    ModelError
        If there is no cost or two of them, offsets come upon a net figure, or exceed the gross.
    """
    given: dict[str, Interval] = {}
    for item in imports:
        place = f"_{item.origin}" if item.origin else ""
        require(f"{_VALUE}{place}" not in given, f"{place_name(place)} stand twice; add the two up")
        given[f"{_VALUE}{place}"] = amount("customs_value", item.customs_value)
        given[f"{_CHANGE}{place}"] = number("tariff_change", item.tariff_change, at_least=0)
    for name, figure in {"gross": gross, "net": net}.items():
        if figure is not None:
            given[name] = number(name, figure, at_least=0)
            require(given[name].high > 0, f"{name} is 0; leave it out where there is no cost")
    given["months"] = number("months", months, at_least=0, at_most=12)
    for offset in offsets:
        name = f"{_SHARE if offset.is_share else _MONEY}{offset.by}"
        require(name not in given, f"the offset by {offset.by} stands twice; add the two up")
        given[name] = number(name, offset.amount, at_least=0)
    _check_cost(given)
    return given


def _check_cost(x: Mapping[str, Interval]) -> None:
    require(
        "gross" not in x or not places(x),
        "gross and imports both say the gross cost; keep one of them",
    )
    answered = any(name.startswith(_MONEY) for name in x)
    require(
        has_gross(x) or "net" in x,
        "there is no cost: give gross, imports with a change of the rate, or net",
    )
    require(
        has_gross(x) or not answered,
        "offsets come off a gross cost, and a net figure has them in it already, so taking them "
        "off again counts them twice; give the gross, or leave the offsets out",
    )
    require(
        not ("net" in x and answered),
        "gross, net and offsets say one thing twice; keep the gross and one of the two",
    )
    if has_gross(x) and "net" in x:
        gross = gross_of(x)
        require(
            x["net"].low <= gross.high,
            f"a net cost of {count(x['net'])} is above the gross of {count(gross)}; net is what is "
            "left after the company's answers, so swap the two or correct one",
        )
    if answered:
        share, whole = mitigated_of(x), "the offsets take back more than the gross cost"
        require(
            share.low <= 1,
            f"{whole} ({100 * share.low:.3g}% of it at least); give each as a part of one gross "
            "figure, in money or in %",
        )


def has_gross(x: Mapping[str, object]) -> bool:
    """Return whether the gross cost is known."""
    return "gross" in x or bool(places(x))


def has_answers(x: Mapping[str, object]) -> bool:
    """Return whether it is known what the company's answers take back of the gross."""
    return has_gross(x) and ("net" in x or any(name.startswith(_MONEY) for name in x))


def has_net(x: Mapping[str, object]) -> bool:
    """Return whether the net cost is known apart from the gross."""
    return "net" in x or has_answers(x)


def places(x: Mapping[str, object]) -> list[str]:
    """Return the endings of the names of the customs values: blank, or `_CHN` for an origin."""
    return [name.removeprefix(_VALUE) for name in x if name.startswith(_VALUE)]


def place_name(place: str) -> str:
    """Return what stands under such an ending, in words."""
    return f"goods from {country_name(place[1:])}" if place else "all imports"


def duty_of(x: Mapping[str, N], place: str) -> N:
    """Return the added duty on the goods of one origin, B Δτ m/12."""
    return x[f"{_VALUE}{place}"] * x[f"{_CHANGE}{place}"] * x["months"] / 12


def base_of(x: Mapping[str, N]) -> N:
    """Return the dutiable customs value a year, over all origins."""
    return _added([x[f"{_VALUE}{place}"] for place in places(x)])


def gross_of(x: Mapping[str, N]) -> N:
    """Return the gross cost: as given, or the sum over origins."""
    if "gross" in x:
        return x["gross"]
    duties = [x[f"{_VALUE}{place}"] * x[f"{_CHANGE}{place}"] for place in places(x)]
    return _added(duties) * x["months"] / 12


def _added(items: Sequence[N]) -> N:
    """Return a sum of one item or more; intervals have no 0 to begin with."""
    total, *rest = items
    for item in rest:
        total = total + item
    return total


def net_of(x: Mapping[str, N]) -> N:
    """Return the net cost: as given, or the gross less the offsets."""
    return x["net"] if "net" in x else _less(x, tuple(OFFSETS))


def cost_for_price(x: Mapping[str, N]) -> N:
    """Return what prices have to bear: the net cost, and what they are said to take back."""
    return x["net"] if "net" in x else _less(x, tuple(by for by in OFFSETS if by != "price"))


def mitigated_of(x: Mapping[str, N]) -> N:
    """Return the share of the gross cost that the answers take back, 1 - net/gross."""
    if "net" in x:
        return 1 - x["net"] / gross_of(x)
    shares, money = (_given(x, prefix, tuple(OFFSETS)) for prefix in (_SHARE, _MONEY))
    parts = [_added(shares)] if shares else []
    if money:
        parts.append(_added(money) / gross_of(x))
    return _added(parts)


def offset_of(x: Mapping[str, N], by: OffsetBy) -> N | None:
    """Return what one answer takes back, money; None where it is not given."""
    if f"{_SHARE}{by}" in x:
        return x[f"{_SHARE}{by}"] * gross_of(x)
    return x.get(f"{_MONEY}{by}")


def offset_share(x: Mapping[str, N], by: OffsetBy) -> N | None:
    """Return what one answer takes back, as a share of the gross; None where it is not given."""
    if f"{_SHARE}{by}" in x:
        return x[f"{_SHARE}{by}"]
    return x[f"{_MONEY}{by}"] / gross_of(x) if f"{_MONEY}{by}" in x else None


def _less(x: Mapping[str, N], answers: Sequence[OffsetBy]) -> N:
    """Return the gross cost less some of the offsets."""
    left = gross_of(x)
    if shares := _given(x, _SHARE, answers):
        left = left * (1 - _added(shares))
    if money := _given(x, _MONEY, answers):
        left = left - _added(money)
    return left


def _given(x: Mapping[str, N], prefix: str, answers: Sequence[OffsetBy]) -> list[N]:
    return [x[f"{prefix}{by}"] for by in answers if f"{prefix}{by}" in x]


def amount(name: str, value: Quantity) -> Interval:
    """Return money or a count as an interval, checked to be above 0; its upper end may be open."""
    return number(name, value, above=0)


def number(
    name: str,
    value: Quantity,
    *,
    above: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Interval:
    """Return a number as an interval, both ends checked; an open end is allowed."""
    span = Interval.of(value)
    if ends := [end for end in (span.low, span.high) if math.isfinite(end)]:
        remedy = "give it in money, months or as a fraction, as the name says"
        checked(name, ends, above=above, at_least=at_least, at_most=at_most, remedy=remedy)
    require(
        math.isfinite(span.low), f"{name} has no lower end (got {span}); write 0..{span.high:g}"
    )
    return span
