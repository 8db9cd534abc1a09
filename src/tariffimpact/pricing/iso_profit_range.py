"""How far the price that holds profit can go while cost, its rise and the elasticity vary.

Beyond a cost rise of R no price holds profit (see `profit_peak`), so a box of inputs may have no
answer in part, and its extreme prices often lie where the answer is about to end. With x the price,
m the old margin and r the cost rise in units of the old price, and e the elasticity there:

- Where e m is below 1, x is above 1 and rises with m, r and e, and more of each may lose the
  answer. The highest x is at the last corner, or else on the surface r = R(m, e), where it is P:
  higher for a larger r and a lower e. The lowest is at the first corner.
- Where e m is above 1, x is below 1, falls with r and rises with m and e, and more r or less m or e
  may lose the answer. The lowest x is at the last corner, or else on the surface, where P is lower
  for a larger r and a lower e; on the edge of the highest m the two pull against each other, and P
  turns once. The highest is at the first corner.
- Where e m is 1, no rise is held. A box across it has two pieces.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from tariffimpact.arguments import checked
from tariffimpact.interval import Interval
from tariffimpact.pricing.demand import IsoelasticDemand, LinearDemand
from tariffimpact.pricing.iso_profit import (
    IsoelasticPeaks,
    LinearPeaks,
    Peak,
    Peaks,
    Side,
    profit_holding_ratio,
)

Form = Literal["linear", "isoelastic"]
_Curve = tuple[Peaks, type[LinearDemand] | type[IsoelasticDemand]]
_CURVES: Final[dict[Form, _Curve]] = {
    "linear": (LinearPeaks(), LinearDemand),
    "isoelastic": (IsoelasticPeaks(), IsoelasticDemand),
}


@dataclass(frozen=True, slots=True)
class HeldPrice:
    """A price that holds profit, in units of the old price, and what it answers."""

    price: float
    old_cost: float
    cost_rise: float
    demand_elasticity: float


@dataclass(frozen=True, slots=True)
class HeldProfitRange:
    """The prices that hold profit over a box of inputs, in units of the old price."""

    pieces: tuple[tuple[HeldPrice, HeldPrice], ...]
    """Lowest and highest price of each piece, from below; between two pieces no price is held.
    Empty where no price holds profit anywhere."""
    everywhere: bool
    """Whether some price holds profit all over the box."""

    @property
    def low(self) -> float:
        """The lowest price; NaN where none holds profit anywhere."""
        return self.pieces[0][0].price if self.pieces else math.nan

    @property
    def high(self) -> float:
        """The highest price; NaN where none holds profit anywhere."""
        return self.pieces[-1][1].price if self.pieces else math.nan


def profit_holding_range(
    *, form: Form, old_cost: Interval, cost_rise: Interval, demand_elasticity: Interval
) -> HeldProfitRange:
    """Return how far the profit-holding price nearest to the old one can go, to rounding.

    Every combination of the three is taken to be possible.

    Parameters
    ----------
    form
        Demand, calibrated at the old price.
    old_cost
        Unit cost before the rise over the old price, between 0 and 1.
    cost_rise
        Rise of unit cost over the old price, 0 or more.
    demand_elasticity
        At the old price, positive.

    Returns
    -------
    HeldProfitRange
        Both ends are attained.

    Raises
    ------
    ModelError
        If an argument leaves its range.

    Examples
    --------
    With a tenth of the price left as margin, a cost rise of a tenth is held up to an elasticity of
    2.5, by a price a fifth above the old one:

    >>> found = profit_holding_range(
    ...     form="linear", old_cost=Interval(0.9, 0.9), cost_rise=Interval(0.1, 0.1),
    ...     demand_elasticity=Interval(1, 4))
    >>> round(found.low, 4), round(found.high, 4), found.everywhere
    (1.1127, 1.2, False)
    >>> round(found.pieces[0][1].demand_elasticity, 4)
    2.5
    """
    cost, rise, e = ([span.low, span.high] for span in (old_cost, cost_rise, demand_elasticity))
    remedy = "give it in units of the old price"
    checked("old_cost", cost, above=0, below=1, remedy=remedy)
    checked("cost_rise", rise, at_least=0, remedy=remedy)
    checked("demand_elasticity", e, above=0, remedy="give 1.5, not -1.5")
    box = _Box(*_CURVES[form], old_cost, cost_rise, demand_elasticity)
    if cost_rise.high == 0:
        still = HeldPrice(1.0, old_cost.low, 0.0, demand_elasticity.low)
        return HeldProfitRange(((still, still),), everywhere=True)
    down, up = box.cuts(), box.rises()
    found = tuple(piece for piece in (down, up) if piece)
    if down and up and cost_rise.low == 0:  # both begin at 1, where nothing rises
        found = ((down[0], up[1]),)
    return HeldProfitRange(found, everywhere=box.holds_everywhere)


@dataclass(frozen=True, slots=True)
class _Box:
    """The ranges, and where in them the answer is extreme."""

    peaks: Peaks
    demand: type[LinearDemand] | type[IsoelasticDemand]
    cost: Interval
    rise: Interval
    elasticity: Interval

    @property
    def margin(self) -> Interval:
        """The old margin over the old price."""
        return Interval(1 - self.cost.high, 1 - self.cost.low)

    @property
    def holds_everywhere(self) -> bool:
        """Whether the combination that is first to lose the answer has one."""
        return self._last_rise() is not None or self._last_cut() is not None

    def rises(self) -> tuple[HeldPrice, HeldPrice] | None:
        """Return the lowest and highest price where the old one was too low."""
        least = self._corner(self.cost.high, self.rise.low, self.elasticity.low, 1)
        if least is None:
            return None
        return least, self._last_rise() or self._held(self._highest_peak())

    def cuts(self) -> tuple[HeldPrice, HeldPrice] | None:
        """Return the lowest and highest price where the old one was too high."""
        most = self._corner(self.cost.low, self.rise.low, self.elasticity.high, -1)
        if most is None:
            return None
        return self._last_cut() or self._held(self._lowest_peak()), most

    def _last_rise(self) -> HeldPrice | None:
        return self._corner(self.cost.low, self.rise.high, self.elasticity.high, 1)

    def _last_cut(self) -> HeldPrice | None:
        return self._corner(self.cost.high, self.rise.high, self.elasticity.low, -1)

    def _corner(self, cost: float, rise: float, e: float, side: Side) -> HeldPrice | None:
        """Return the held price of one combination; None where it is on the other side or none."""
        if ((1 - cost) * e <= 1) != (side > 0):
            return None
        demand = self.demand(price=1.0, demand_elasticity=e)
        new_cost = np.asarray(cost + rise)
        price = profit_holding_ratio(demand=demand, old_cost=np.asarray(cost), new_cost=new_cost)
        return None if np.isnan(price) else HeldPrice(float(price), cost, rise, e)

    def _needed(self, m: float, e: float, side: Side) -> float:
        """Return R, or 0 on the other side."""
        return self.peaks.of(m, e).rise if (m * e < 1) == (side > 0) else 0.0

    def _highest_peak(self) -> Peak:
        """Return the peak of the largest rise, and at it the lowest elasticity, of the box."""
        m, rise, e = self.margin, self.rise.high, self.elasticity.low
        if self._needed(m.high, e, 1) >= rise:
            return self.peaks.of_margin(m.high, rise, 1)
        if self._needed(m.low, e, 1) > rise:
            return self.peaks.of_elasticity(e, rise, 1)
        return self.peaks.of(m.low, e)

    def _lowest_peak(self) -> Peak:
        """Return the peak of the largest rise at the lowest elasticity, or else on the edge.

        Along the edge of the highest margin more elasticity holds a larger rise; P turns once.
        """
        m, rise, e = self.margin.high, self.rise, self.elasticity
        if self._needed(m, e.low, -1) >= rise.high:
            return self.peaks.of_elasticity(e.low, rise.high, -1)
        turn = self.peaks.turn(m)
        if self._needed(m, e.low, -1) < rise.low:
            start = self.peaks.of_margin(m, rise.low, -1)
            if start.elasticity >= turn:
                return start
        if self._needed(m, e.high, -1) > rise.high:
            end = self.peaks.of_margin(m, rise.high, -1)
            if end.elasticity <= turn:
                return end
        return self.peaks.of(m, min(max(turn, e.low), e.high))

    def _held(self, peak: Peak) -> HeldPrice:
        """Return a peak as a price, its place kept in the box from which rounding may move it."""
        m = self.margin
        ends = {m.low: self.cost.high, m.high: self.cost.low}
        return HeldPrice(
            peak.price,
            _within(self.cost, ends.get(peak.margin, 1 - peak.margin)),
            _within(self.rise, peak.rise),
            _within(self.elasticity, peak.elasticity),
        )


def _within(span: Interval, value: float) -> float:
    return min(max(value, span.low), span.high)
