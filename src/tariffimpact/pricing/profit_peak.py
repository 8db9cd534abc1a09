"""The largest cost rise that any price can hold profit against, and the price that then does.

In units of the old price, with m the old margin, e the elasticity at the old price and r the rise
of cost: the highest profit at the new cost equals the old profit where r = R(m, e), at the price
P(m, e), which is the best one:

    linear      P = 1 + 1/e - sqrt(m/e)      R = (1/sqrt(e) - sqrt(m))^2
    isoelastic  P = (e m)^(-1/(e - 1))       R = P (e - 1)/e - 1 + m     (no end for e of 1 or less)

Where e m is below 1 the old price was too low, P is above 1 and R falls with m and e; where e m is
above 1 it was too high, P is below 1 and R, below m, rises with both. At e m = 1 no rise is held.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal, Protocol

import numpy as np

Side = Literal[1, -1]
"""1 where the old price was too low, so P is above 1; -1 where it was too high."""
_RTOL: Final = 4 * float(np.finfo(float).eps)


@dataclass(frozen=True, slots=True)
class Peak:
    """A margin, a cost rise and an elasticity with r = R(m, e), and the price P(m, e)."""

    margin: float
    rise: float
    elasticity: float
    price: float


class Peaks(Protocol):
    """The surface r = R(m, e) of a demand curve, from any two of the three."""

    def of(self, m: float, e: float) -> Peak:
        """Return the peak of a margin and an elasticity."""

    def of_margin(self, m: float, rise: float, side: Side) -> Peak:
        """Return the peak of a margin and a rise, which is below the margin on side -1."""

    def of_elasticity(self, e: float, rise: float, side: Side) -> Peak:
        """Return the peak of an elasticity and a rise, which on side 1 is below R(0, e)."""

    def turn(self, m: float) -> float:
        """Return the elasticity at which the price of a margin is lowest."""


class LinearPeaks:
    """sqrt(R) = |1/sqrt(e) - sqrt(m)|: plain in any of the three."""

    def of(self, m: float, e: float) -> Peak:
        """Return the peak of a margin and an elasticity."""
        gap = e**-0.5 - math.sqrt(m)
        return Peak(m, gap * gap, e, 1 + gap * e**-0.5)

    def of_margin(self, m: float, rise: float, side: Side) -> Peak:
        """Return the peak of a margin and a rise."""
        root = math.sqrt(m) + side * math.sqrt(rise)
        return Peak(m, rise, root**-2, 1 + side * math.sqrt(rise) * root)

    def of_elasticity(self, e: float, rise: float, side: Side) -> Peak:
        """Return the peak of an elasticity and a rise."""
        root = e**-0.5 - side * math.sqrt(rise)
        return Peak(root * root, rise, e, 1 + side * math.sqrt(rise / e))

    def turn(self, m: float) -> float:
        """Return the elasticity at which P falls no more: 1 + s^2 - s sqrt(m) at s = sqrt(m)/2."""
        return 4 / m


class IsoelasticPeaks:
    """Solved for e - 1 or for u = ln P, with which every term vanishes: no digits are lost."""

    def of(self, m: float, e: float) -> Peak:
        """Return the peak of a margin and an elasticity; a rise without end for 1 or less."""
        if e <= 1:
            return Peak(m, math.inf, e, math.inf)
        return _isoelastic(m, e - 1)

    def of_margin(self, m: float, rise: float, side: Side) -> Peak:
        """Return the peak of a margin and a rise."""
        none_held = (1 - m) / m  # e - 1 where e m = 1
        x = _root(lambda x: _isoelastic(m, x).rise - rise, none_held, 0.5**side * none_held)
        return replace(_isoelastic(m, x), rise=rise)

    def of_elasticity(self, e: float, rise: float, side: Side) -> Peak:
        """Return the peak of an elasticity and a rise."""
        u = _root(lambda u: _rise(u, e - 1) - rise, 0.0, side * math.log1p(rise))
        return Peak(math.exp((1 - e) * u) / e, rise, e, math.exp(u))

    def turn(self, m: float) -> float:
        """Return the elasticity at which P falls no more: ln(e m) = 1 - 1/e."""
        from scipy.special import lambertw

        return -1 / float(lambertw(-m / math.e).real)


def _isoelastic(m: float, x: float) -> Peak:
    """Return the peak at e = 1 + x."""
    u = -(math.log(m) + math.log1p(x)) / x
    with np.errstate(over="ignore"):
        return Peak(m, _rise(u, x), 1 + x, float(np.exp(u)))


def _rise(u: float, x: float) -> float:
    """Return R at P = e^u and e = 1 + x: (1 - 1/e) P + P^(1 - e)/e - 1."""
    with np.errstate(over="ignore"):
        return float((x * np.expm1(u) + np.expm1(-x * u)) / (1 + x))


def _root(function: Callable[[float], float], below: float, first: float) -> float:
    """Return where a function passes zero on the way from a point below it past a first one.

    From the first the way doubles, or halves towards 0, until the function is at zero or above.
    """
    from scipy.optimize import brentq

    factor = 0.5 if first < below and first > 0 else 2.0
    above = first
    while function(above) < 0:
        below, above = above, factor * above
    return float(brentq(function, below, above, xtol=1e-300, rtol=_RTOL))
