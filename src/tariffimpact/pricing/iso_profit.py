"""The price that holds profit, for any number of draws at once.

Everything is in units of the old price: k is cost over old price, m the old margin over it, and
u = ln(p/p0). The condition (p - c1) q(p) = (p0 - c0) q(p0) is

    g(u) = ln(e^u - k) - ln m + ln(q/q0) = 0.

g is concave in u wherever the elasticity does not fall with the price (linear, isoelastic, logit),
so it has at most one root on each side of the peak of profit, and Newton's method started outside
a root walks to it without ever passing it: no bracket has to be kept. Starting points that are
provably outside: after a cost rise, the price that holds the dollar margin (volume is lost, so
profit is lower, and from the old price to there it only fell short); after a cost fall, below both
roots, the margin that would just hold profit if as much were sold as at a price equal to cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tariffimpact.arguments import Array
from tariffimpact.errors import ModelError
from tariffimpact.pricing.demand import Demand, IsoelasticDemand, LinearDemand, LogitDemand

_BLOCK: Final = 8192  # draws at a time: a dozen arrays of them stay in a core's cache
_ROUNDS: Final = 200
_ROUNDING: Final = 4 * np.finfo(float).eps


@dataclass(frozen=True, slots=True)
class _Isoelastic:
    """Isoelastic demand in units of the old price and volume."""

    e: Array

    def response(self, u: Array, p: Array) -> tuple[Array, Array]:
        """Return ln(q/q0) and the elasticity at p = e^u."""
        return -self.e * u, self.e

    def peak(self, k: Array, log_m: Array) -> tuple[Array, Array]:
        """Return ln of the profit-maximising price and g there; (inf, inf) if there is none."""
        bounded = self.e > 1
        lerner = np.where(bounded, self.e - 1, 1.0)
        top = np.log(k * (self.e / lerner))
        g = np.log(k / lerner) - log_m - self.e * top
        return np.where(bounded, top, np.inf), np.where(bounded, g, np.inf)

    def take(self, at: NDArray[np.bool_] | slice) -> _Isoelastic:
        """Return the curve for some of the draws."""
        return _Isoelastic(self.e[at])


@dataclass(frozen=True, slots=True)
class _Logit:
    """The same of logit demand."""

    a: Array
    share: Array

    def response(self, u: Array, p: Array) -> tuple[Array, Array]:
        # cut at e^700, where a start so far out would overflow: the steps from there are shorter
        out = (1 - self.share) * np.exp(np.minimum(self.a * (p - 1), 700.0))
        everyone = self.share + out
        return -np.log(everyone), self.a * p * (out / everyone)

    def peak(self, k: Array, log_m: Array) -> tuple[Array, Array]:
        from scipy.special import wrightomega

        odds = self.share / (1 - self.share)
        z = wrightomega(np.log(odds) + self.a * (1 - k) - 1)
        with np.errstate(divide="ignore"):  # z is 0 where cost is out of reach: g is minus infinity
            return np.log(k + (1 + z) / self.a), np.log(z / (self.a * self.share)) - log_m

    def take(self, at: NDArray[np.bool_] | slice) -> _Logit:
        return _Logit(self.a[at], self.share[at])


_Curve = _Isoelastic | _Logit


def profit_holding_ratio(*, demand: Demand, old_cost: Array, new_cost: Array) -> Array:
    """Return p1/p0 at the profit-holding price nearest to p0, NaN where no price holds profit.

    Costs are money per unit, checked by the caller: 0 < old cost < p0, 0 < new cost.
    """
    k0, k1 = np.asarray(old_cost / demand.price), np.asarray(new_cost / demand.price)
    elasticity = np.asarray(demand.demand_elasticity)
    if isinstance(demand, LinearDemand):
        return _linear(k0, k1, elasticity)
    if isinstance(demand, IsoelasticDemand):
        k0, k1, elasticity = np.broadcast_arrays(k0, k1, elasticity)
        curve: _Curve = _Isoelastic(elasticity.reshape(-1))
    elif isinstance(demand, LogitDemand):
        k0, k1, elasticity, share = np.broadcast_arrays(k0, k1, elasticity, demand.share)
        curve = _Logit((elasticity / (1 - share)).reshape(-1), share.reshape(-1))
    else:
        raise ModelError("demand must be linear, isoelastic or logit; use one of these three")
    before, after = k0.reshape(-1), k1.reshape(-1)
    ratio = np.empty(before.size)
    for start in range(0, before.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        ratio[part] = np.exp(_block(before[part], after[part], curve.take(part)))
    return ratio.reshape(k0.shape)


def _linear(k0: Array, k1: Array, e: Array) -> Array:
    """Return the root of x^2 - b x + rise/e = 0 nearer to 0, x = p/p0 - 1, without cancellation."""
    rise = k1 - k0
    b = 1 / e - (1 - k0) + rise
    spread = b * b - 4 * rise / e
    root = np.sqrt(np.maximum(spread, 0.0))
    divisor = np.where(b >= 0, b + root, b - root)
    x = 2 * (rise / e) / np.where(divisor == 0, 1.0, divisor)
    slack = _ROUNDING * (np.abs(b) * (1 + 1 / e) + 1 / e)  # where the peak only just holds
    return np.where((spread >= -slack) & (k1 < 1 + 1 / e), 1 + x, np.nan)


def _block(k0: Array, k1: Array, curve: _Curve) -> Array:
    """Return u = ln(p1/p0) for one block of draws."""
    log_m, u = np.log1p(-k0), np.zeros(k0.shape)
    for side, solve in ((k1 > k0, _after_rise), (k1 < k0, _after_fall)):
        if side.all():
            return solve(k1, k1 - k0, log_m, curve)
        if side.any():
            u[side] = solve(k1[side], (k1 - k0)[side], log_m[side], curve.take(side))
    return u


def _after_rise(k: Array, rise: Array, log_m: Array, curve: _Curve) -> Array:
    """Return the root on the side of the peak where the old price lies; the other is farther."""
    top, height = curve.peak(k, log_m)
    tolerance = _ROUNDING * (1 + np.abs(log_m))
    u = np.where(height < -tolerance, np.nan, top)  # where the peak only just holds, it is the root
    inside = height > tolerance
    u[inside] = _newton(np.log1p(rise[inside]), k[inside], log_m[inside], curve.take(inside))
    return u


def _after_fall(k: Array, rise: Array, log_m: Array, curve: _Curve) -> Array:
    """Return the lower root, or the upper where profit at the lower one's mirror image is short."""
    with np.errstate(under="ignore"):
        thin = np.exp(log_m - curve.response(np.log(k), k)[0])
    u = _newton(np.log(k + np.maximum(thin, _ROUNDING * k)), k, log_m, curve)
    mirrored = 2 - np.exp(u)
    x = np.log(mirrored)
    short = np.log(mirrored - k) - log_m + curve.response(x, mirrored)[0] < 0
    if short.any():
        u[short] = _newton(x[short], k[short], log_m[short], curve.take(short))
    return u


def _newton(u: Array, k: Array, log_m: Array, curve: _Curve) -> Array:
    """Return the roots of g reached from starting points outside them; drops draws that arrived."""
    roots = u.copy()
    at = np.arange(u.size)
    for _ in range(_ROUNDS if u.size else 0):
        p = np.exp(u)
        volume, elasticity = curve.response(u, p)
        lever = p / (p - k)  # 1 over the Lerner index
        g = np.minimum(np.log(p - k) - log_m + volume, 0.0)  # above 0 by rounding only
        step = g / (lever - elasticity)
        u = u - step
        # the error left is about (step lever)^2: at 1e-8 it is that of rounding
        moving = np.abs(step) * lever > 1e-8
        count = np.count_nonzero(moving)
        if count == 0:
            break
        if count < u.size / 2:
            roots[at] = u
            u, k, log_m, at = u[moving], k[moving], log_m[moving], at[moving]
            curve = curve.take(moving)
    roots[at] = u
    return roots


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


class LinearPeaks:
    """The surface r = R(m, e) of linear demand, from any two of the three.

    sqrt(R) = |1/sqrt(e) - sqrt(m)|: plain in each.
    """

    def of(self, m: float, e: float) -> Peak:
        """Return the peak of a margin and an elasticity."""
        gap = e**-0.5 - math.sqrt(m)
        return Peak(m, gap * gap, e, 1 + gap * e**-0.5)

    def of_margin(self, m: float, rise: float, side: Side) -> Peak:
        """Return the peak of a margin and a rise, which is below the margin on side -1."""
        root = math.sqrt(m) + side * math.sqrt(rise)
        return Peak(m, rise, root**-2, 1 + side * math.sqrt(rise) * root)

    def of_elasticity(self, e: float, rise: float, side: Side) -> Peak:
        """Return the peak of an elasticity and a rise, which on side 1 is below R(0, e)."""
        root = e**-0.5 - side * math.sqrt(rise)
        return Peak(root * root, rise, e, 1 + side * math.sqrt(rise / e))

    def turn(self, m: float) -> float:
        """Return the elasticity at which the price of a margin is lowest.

        There P falls no more: 1 + s^2 - s sqrt(m) at s = sqrt(m)/2.
        """
        return 4 / m


class IsoelasticPeaks:
    """The same of isoelastic demand.

    Solved for e - 1 or for u = ln P, with which every term vanishes: no digits are lost.
    """

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


Peaks = LinearPeaks | IsoelasticPeaks


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
