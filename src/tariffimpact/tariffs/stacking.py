"""How duties under several authorities combine on one product, origin and day.

With `b` the share of the customs value on which another authority bears, a component which that
authority displaces is charged on `1 - b` only: `b` is the metal content for a duty on metal, one
for a duty on the full value, and one or nothing for a duty that the use of the goods, or an
exemption of theirs, decides.

`at_scale` says the same as one expression for an engine; a property test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product as corners_of
from typing import Final, NamedTuple, Protocol, TypeVar

from tariffimpact.facts import DutyBase, DutyKind
from tariffimpact.interval import Interval

MFN: Final = "MFN"
"""The authority of the general rate, which floors and targets count in."""
FLOORS: Final = (DutyKind.FLOOR_INCL_MFN, DutyKind.TARGET_TOTAL)
_WHOLE: Final = Interval(0.0, 1.0)


class _Corner(NamedTuple):
    """One choice of everything that is open."""

    mfn: float
    """Where the general rate lies between its low (0) and high (1) end."""
    end: str
    """At which end the other rates lie."""
    metal: float
    reach: Mapping[str, float]
    """Share of the goods that an authority reaches, where that decides for others too."""


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
    def specific_unit(self) -> str:
        """What it is per; blank where the duty is ad valorem only."""

    @property
    def displaced_by(self) -> tuple[str, ...]:
        """Authorities that take its place on the value they bear on."""

    @property
    def replaces(self) -> tuple[str, ...]:
        """Authorities whose rows it removes."""

    @property
    def share_due(self) -> Interval:
        """Share of the duty left by waivers: 1 where there are none."""

    @property
    def reach(self) -> Interval:
        """Share of the goods it bears on by their use and exemptions: 1 where neither decides."""


class Stack:
    """The charged rows of one product, origin and day, and the arithmetic that adds them up.

    Parameters
    ----------
    charged
        The rows, those that another replaces already left out (`after_replacement`).
    metal
        Metal share of the customs value; unknown, it is between nothing and all.
    quantity_per_dollar
        Units of a duty per unit in a US dollar of customs value; None where unknown.
    """

    def __init__(
        self,
        charged: Sequence[Charge],
        *,
        metal: Interval | None = None,
        quantity_per_dollar: float | None = None,
    ) -> None:
        self.charged = charged
        self._amounts: dict[int, list[float]] = {}
        self._left_of: dict[int, Interval] = {}
        self.quantity_per_dollar = quantity_per_dollar
        self._general = [row for row in charged if row.authority == MFN]
        displacing = {name for row in charged for name in row.displaced_by} - {MFN}
        self._displacing = {row.authority: row for row in charged if row.authority in displacing}
        reaches = [
            [(name, share) for share in dict.fromkeys(_ends(row.reach))]
            for name, row in self._displacing.items()
        ]
        self._corners = [
            _Corner(place, end, share, dict(reach))
            for place in self._general_places()
            for end in ("low", "high")
            for share in dict.fromkeys(_ends(metal or _WHOLE))
            for reach in corners_of(*reaches)
        ]

    def total(self) -> Interval:
        """Return the sum of the charged rows, lowest and highest over the corners."""
        low, high = (sum(self.parts(end)) for end in ("low", "high"))
        return Interval(round(low, 12), round(high, 12))

    def parts(self, end: str) -> list[float]:
        """Return what each row adds at the choice that gives an end of the total."""
        if not self.charged:
            return []
        nothing = [0.0] * len(self._corners)
        rows = [nothing if row.ad_valorem is None else self._over_corners(row)
                for row in self.charged]  # fmt: skip
        at = [list(amounts) for amounts in zip(*rows, strict=True)]
        return (min if end == "low" else max)(at, key=sum)

    def amount(self, row: Charge) -> Interval | None:
        """Return what one row adds to the rate; None where its duty is per unit only."""
        if row.ad_valorem is None:
            return None
        amounts = self._over_corners(row)
        return Interval(round(min(amounts), 12), round(max(amounts), 12))

    def _over_corners(self, row: Charge) -> list[float]:
        """Return what one row adds under each choice of what is open."""
        if id(row) not in self._amounts:
            self._amounts[id(row)] = [self._at(row, corner) for corner in self._corners]
        return self._amounts[id(row)]

    def per_unit(self, row: Charge) -> Interval | None:
        """Return what one row adds per unit, in US dollars; None where it is ad valorem only."""
        if row.specific_usd is None:
            return None
        usd = self._due(row, row.specific_usd)
        shares = [self._share(row, corner) for corner in self._corners]
        return Interval(usd.low * min(shares), usd.high * max(shares))

    def _general_places(self) -> list[float]:
        """Return the places of the general rate at which the total may have an end.

        Totals that count the general rate make it bend where a rate whose words leave a range
        reaches one of them. A rate that a claim decides is paid in full or not at all.
        """
        if all(row.ad_valorem is None or row.ad_valorem.is_exact for row in self._general) and all(
            row.specific_usd is None or row.specific_usd.is_exact for row in self._general
        ):
            return [0.0, 1.0]
        low, high = (self._mfn(place) + (self._equivalent(place) or 0.0) for place in (0.0, 1.0))
        floors = {
            end
            for row in self.charged
            if row.kind in FLOORS and row.ad_valorem is not None
            for end in _ends(row.ad_valorem)
        }
        inside = [floor for floor in floors if low < floor < high < float("inf")]
        return [0.0, 1.0, *sorted((floor - low) / (high - low) for floor in inside)]

    def _at(self, row: Charge, corner: _Corner) -> float:
        assert row.ad_valorem is not None
        if row.authority == MFN:
            due = _between(self._due(row, row.ad_valorem), corner.mfn)
        else:
            stated = _end(row.ad_valorem, corner.end)
            if row.kind in FLOORS:
                stated = self._topped(stated, corner)
            due = stated * _end(self._left(row), corner.end)
        share = self._share(row, corner)
        return due * share if share else 0.0

    def _due(self, row: Charge, rate: Interval) -> Interval:
        low, high = (
            _end(rate, end) * share if (share := _end(self._left(row), end)) else 0.0
            for end in ("low", "high")
        )
        return Interval(low, high)

    def _left(self, row: Charge) -> Interval:
        """Return what waivers leave of a duty, and exemptions that decide for it alone."""
        if id(row) not in self._left_of:
            decides = row.authority in self._displacing
            self._left_of[id(row)] = row.share_due if decides else row.share_due * row.reach
        return self._left_of[id(row)]

    def _share(self, row: Charge, corner: _Corner) -> float:
        """Return the share of the value on which a row is charged beside those that displace it."""
        bearing = [other for other in self.charged if other.authority in row.displaced_by]
        displaced = max((_bearing(other, corner) for other in bearing), default=0.0)
        return min(_bearing(row, corner), 1.0 - displaced)

    def _topped(self, floor: float, corner: _Corner) -> float:
        """Return what is left to a total after the general rate, its duty per unit included."""
        equivalent = self._equivalent(corner.mfn)
        if equivalent is None:  # a duty by volume may reach the floor by itself, or be next to none
            return 0.0 if corner.end == "low" else max(0.0, floor - self._mfn(corner.mfn))
        return max(0.0, floor - self._mfn(corner.mfn) - equivalent)

    def _mfn(self, place: float) -> float:
        return sum(
            _between(self._due(row, row.ad_valorem), place)
            for row in self._general
            if row.ad_valorem is not None
        )

    def _equivalent(self, place: float) -> float | None:
        """Return the general duty per unit as a fraction of the value; None where unknown."""
        stated = [self._due(row, row.specific_usd) for row in self._general if row.specific_usd]
        per_unit = [usd for usd in stated if usd.high > 0]
        if not per_unit:
            return 0.0
        if self.quantity_per_dollar is None:
            return None
        return sum(_between(usd, place) for usd in per_unit) * self.quantity_per_dollar


class _Replacing(Protocol):
    @property
    def authority(self) -> str: ...

    @property
    def replaces(self) -> tuple[str, ...]: ...


_Row = TypeVar("_Row", bound=_Replacing)


def after_replacement(rows: Sequence[_Row]) -> list[_Row]:
    """Return the charged rows without those another takes the place of, MFN first.

    A row that itself replaces others is never taken out.
    """
    replaced = {authority for row in rows for authority in row.replaces}
    kept = [row for row in rows if row.authority not in replaced or row.replaces]
    return sorted(kept, key=lambda row: row.authority != MFN)


def _bearing(row: Charge, corner: _Corner) -> float:
    """Return the share of the customs value on which a row bears."""
    metal = corner.metal if row.base is DutyBase.METAL else 1.0
    return metal * corner.reach.get(row.authority, 1.0)


def _between(span: Interval, place: float) -> float:
    if place in (0.0, 1.0):
        return _ends(span)[int(place)]
    return span.low + place * (span.high - span.low)


def _ends(span: Interval) -> tuple[float, float]:
    return span.low, span.high


def _end(span: Interval, end: str) -> float:
    return span.low if end == "low" else span.high
