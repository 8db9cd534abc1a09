"""How duties under several authorities combine on one product, origin and day.

With `b` the share of the customs value on which another authority bears, a component which that
authority displaces is charged on `1 - b` only: `b` is the metal content for a duty on metal, one
for a duty on the full value, and one or nothing for a duty that the use of the goods decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product as corners_of
from typing import Final, NamedTuple, Protocol

from tariffimpact.facts import DutyBase, DutyKind, Product, TariffRow
from tariffimpact.interval import Interval

MFN: Final = "MFN"
"""The authority of the general rate, which floors and targets count in."""
_WHOLE: Final = Interval(0.0, 1.0)
_FLOORS: Final = (DutyKind.FLOOR_INCL_MFN, DutyKind.TARGET_TOTAL)


class _Corner(NamedTuple):
    """One choice of everything that is open."""

    mfn: float
    """Where the general rate lies between its low (0) and high (1) end."""
    end: str
    """At which end the other rates lie."""
    metal: float
    use: float


class Charge(Protocol):
    """What the arithmetic asks of a charged row."""

    @property
    def authority(self) -> str:
        """Legal ground."""

    @property
    def kind(self) -> DutyKind:
        """How the number becomes a duty."""

    @property
    def base(self) -> DutyBase:
        """What the number is a fraction of."""

    @property
    def ad_valorem(self) -> Interval | None:
        """Fraction of the base; None where the duty is per unit only."""

    @property
    def specific_usd(self) -> Interval | None:
        """US dollars per unit; None where the duty is ad valorem only."""

    @property
    def displaced_by(self) -> tuple[str, ...]:
        """Authorities that take its place on the value they bear on."""

    @property
    def share_due(self) -> Interval:
        """Share of the duty left by exemptions and claims: 1 where there are none."""


class Stack:
    """The charged rows of one product, origin and day, and the arithmetic that adds them up.

    Parameters
    ----------
    charged
        The rows.
    product
        Its metal content; unknown, it is between nothing and all.
    quantity_per_dollar
        Units of a duty per unit in a US dollar of customs value; None where unknown.
    use
        Share of the goods put to the use that an order names.
    """

    def __init__(
        self,
        charged: Sequence[Charge],
        product: Product,
        *,
        quantity_per_dollar: float | None = None,
        use: Interval = _WHOLE,
    ) -> None:
        self.charged = charged
        self.quantity_per_dollar = quantity_per_dollar
        metal = product.metal_content or _WHOLE
        self._general = [row for row in charged if row.authority == MFN]
        self._corners = [
            _Corner(*open_)
            for open_ in corners_of(
                self._general_places(), ("low", "high"), _ends(metal), _ends(use)
            )
        ]

    def total(self) -> Interval:
        """Return the sum of the charged rows, lowest and highest over the corners."""
        totals = [
            sum(self._at(row, corner) for row in self.charged if row.ad_valorem is not None)
            for corner in self._corners
        ]
        return Interval(round(min(totals), 12), round(max(totals), 12))

    def amount(self, row: Charge) -> Interval | None:
        """Return what one row adds, or would add, to the rate."""
        if row.ad_valorem is None:
            return None
        amounts = [self._at(row, corner) for corner in self._corners]
        return Interval(round(min(amounts), 12), round(max(amounts), 12))

    def _general_places(self) -> list[float]:
        """Return the places of the general rate between which the total is a straight line.

        Two totals that count the same general rate make it bend where the rate reaches one.
        """
        low, high = (self._mfn(place) + (self._equivalent(place) or 0.0) for place in (0.0, 1.0))
        floors = {
            end
            for row in self.charged
            if row.kind in _FLOORS and row.ad_valorem is not None
            for end in _ends(row.ad_valorem)
        }
        inside = [floor for floor in floors if low < floor < high < float("inf")]
        return [0.0, 1.0, *sorted((floor - low) / (high - low) for floor in inside)]

    def _at(self, row: Charge, corner: _Corner) -> float:
        assert row.ad_valorem is not None
        if row.authority == MFN:
            due = _between(_due(row, row.ad_valorem), corner.mfn)
        else:
            stated = _end(row.ad_valorem, corner.end)
            if row.kind in _FLOORS:
                stated = self._topped(stated, corner)
            due = stated * _end(row.share_due, corner.end)
        return due * min(_base(row, corner), 1.0 - self._displaced(row, corner))

    def _topped(self, floor: float, corner: _Corner) -> float:
        """Return what is left to a total after the general rate, its duty per unit included."""
        equivalent = self._equivalent(corner.mfn)
        if equivalent is None:  # a duty by volume may reach the floor by itself, or be next to none
            return 0.0 if corner.end == "low" else max(0.0, floor - self._mfn(corner.mfn))
        return max(0.0, floor - self._mfn(corner.mfn) - equivalent)

    def _mfn(self, place: float) -> float:
        return sum(
            _between(_due(row, row.ad_valorem), place)
            for row in self._general
            if row.ad_valorem is not None
        )

    def _equivalent(self, place: float) -> float | None:
        """Return the general duty per unit as a fraction of the value; None where unknown."""
        per_unit = [row for row in self._general if row.specific_usd is not None]
        if not per_unit:
            return 0.0
        if self.quantity_per_dollar is None:
            return None
        usd = sum(_between(row.specific_usd, place) for row in per_unit if row.specific_usd)
        return usd * self.quantity_per_dollar

    def _displaced(self, row: Charge, corner: _Corner) -> float:
        """Return the largest share of the value on which a displacing authority bears."""
        bearing = [other for other in self.charged if other.authority in row.displaced_by]
        return max((_base(other, corner) for other in bearing), default=0.0)


def after_replacement(rows: Sequence[TariffRow]) -> list[TariffRow]:
    """Return the charged rows without those another takes the place of, MFN first."""
    replaced = {authority for row in rows for authority in row.replaces}
    kept = [row for row in rows if row.authority not in replaced or row.replaces]
    return sorted(kept, key=lambda row: (row.authority != MFN, row.starts_on))


def _base(row: Charge, corner: _Corner) -> float:
    """Return the share of the customs value on which a row bears."""
    return {DutyBase.METAL: corner.metal, DutyBase.END_USE: corner.use}.get(row.base, 1.0)


def _due(row: Charge, rate: Interval) -> Interval:
    low, high = (
        _end(rate, end) * share if (share := _end(row.share_due, end)) else 0.0
        for end in ("low", "high")
    )
    return Interval(low, high)


def _between(span: Interval, place: float) -> float:
    if place in (0.0, 1.0):
        return _ends(span)[int(place)]
    return span.low + place * (span.high - span.low)


def _ends(span: Interval) -> tuple[float, float]:
    return span.low, span.high


def _end(span: Interval, end: str) -> float:
    return span.low if end == "low" else span.high
