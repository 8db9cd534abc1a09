"""How duties under several authorities combine on one product, origin and day.

With `b` the share of the customs value on which another authority bears, a component which that
authority displaces is charged on `1 - b` only: `b` is the metal content for a duty on metal, one
for a duty on the full value.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product as corners_of
from typing import Final, Protocol

from tariffimpact.facts import DutyBase, DutyKind, Product, TariffRow
from tariffimpact.interval import Interval

MFN: Final = "MFN"
"""The authority of the general rate, which floors and targets count in."""

_CORNERS: Final = tuple(corners_of(("low", "high"), repeat=3))
"""Ends of (MFN rate, other rates, metal share): the stacked rate is monotone in each of them."""


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
    """The charged rows of one product, origin and day, and the arithmetic that adds them up."""

    def __init__(self, charged: Sequence[Charge], product: Product) -> None:
        self.charged = charged
        self.metal = product.metal_content or Interval(0.0, 1.0)

    def total(self) -> Interval:
        """Return the sum of the charged rows, lowest and highest over the corners."""
        totals = [
            sum(self._at(row, corner) for row in self.charged if row.ad_valorem is not None)
            for corner in _CORNERS
        ]
        return Interval(round(min(totals), 12), round(max(totals), 12))

    def amount(self, row: Charge) -> Interval | None:
        """Return what one row adds, or would add, to the rate."""
        if row.ad_valorem is None:
            return None
        amounts = [self._at(row, corner) for corner in _CORNERS]
        return Interval(round(min(amounts), 12), round(max(amounts), 12))

    def _at(self, row: Charge, corner: tuple[str, ...]) -> float:
        mfn_end, own_end, metal_end = corner
        assert row.ad_valorem is not None
        own_end = mfn_end if row.authority == MFN else own_end
        stated = _end(row.ad_valorem, own_end)
        if row.kind in (DutyKind.FLOOR_INCL_MFN, DutyKind.TARGET_TOTAL):
            stated = max(0.0, stated - self._mfn(mfn_end))
            if own_end == "low" and self._mfn_is_specific:
                stated = 0.0  # a duty by volume may reach the floor by itself
        stated *= _end(row.share_due, own_end)
        metal = _end(self.metal, metal_end)
        base = metal if row.base is DutyBase.METAL else 1.0
        return stated * min(base, 1.0 - self._displaced(row, metal))

    def _mfn(self, end: str) -> float:
        return sum(
            _end(row.ad_valorem, end) * _end(row.share_due, end)
            for row in self.charged
            if row.authority == MFN and row.ad_valorem is not None
        )

    @property
    def _mfn_is_specific(self) -> bool:
        return any(row.authority == MFN and row.specific_usd is not None for row in self.charged)

    def _displaced(self, row: Charge, metal: float) -> float:
        """Return the largest share of the value on which a displacing authority bears."""
        bearing = [other for other in self.charged if other.authority in row.displaced_by]
        return max((metal if o.base is DutyBase.METAL else 1.0 for o in bearing), default=0.0)


def after_replacement(rows: Sequence[TariffRow]) -> list[TariffRow]:
    """Return the charged rows without those another takes the place of, MFN first."""
    replaced = {authority for row in rows for authority in row.replaces}
    kept = [row for row in rows if row.authority not in replaced or row.replaces]
    return sorted(kept, key=lambda row: (row.authority != MFN, row.starts_on))


def _end(span: Interval, end: str) -> float:
    return span.low if end == "low" else span.high
