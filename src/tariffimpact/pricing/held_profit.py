"""The price that holds profit, for any number of draws at once; NumPy only.

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

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from tariffimpact.arguments import Array
from tariffimpact.demand import Demand, IsoelasticDemand, LinearDemand, LogitDemand
from tariffimpact.demand.logit import lambert_of_exp
from tariffimpact.errors import ModelError

_BLOCK: Final = 8192  # draws at a time: a dozen arrays of them stay in a core's cache
_ROUNDS: Final = 200
_ROUNDING: Final = 4 * np.finfo(float).eps


class _Curve(Protocol):
    """A demand curve in units of the old price and volume."""

    def response(self, u: Array, p: Array) -> tuple[Array, Array]:
        """Return ln(q/q0) and the elasticity at p = e^u."""

    def peak(self, k: Array, log_m: Array) -> tuple[Array, Array]:
        """Return ln of the profit-maximising price and g there; (inf, inf) if there is none."""

    def take(self, at: NDArray[np.bool_] | slice) -> _Curve:
        """Return the curve for some of the draws."""


@dataclass(frozen=True, slots=True)
class _Isoelastic:
    e: Array

    def response(self, u: Array, p: Array) -> tuple[Array, Array]:
        return -self.e * u, self.e

    def peak(self, k: Array, log_m: Array) -> tuple[Array, Array]:
        bounded = self.e > 1
        lerner = np.where(bounded, self.e - 1, 1.0)
        top = np.log(k * (self.e / lerner))
        g = np.log(k / lerner) - log_m - self.e * top
        return np.where(bounded, top, np.inf), np.where(bounded, g, np.inf)

    def take(self, at: NDArray[np.bool_] | slice) -> _Isoelastic:
        return _Isoelastic(self.e[at])


@dataclass(frozen=True, slots=True)
class _Logit:
    a: Array
    share: Array

    def response(self, u: Array, p: Array) -> tuple[Array, Array]:
        # cut at e^700, where a start so far out would overflow: the steps from there are shorter
        out = (1 - self.share) * np.exp(np.minimum(self.a * (p - 1), 700.0))
        everyone = self.share + out
        return -np.log(everyone), self.a * p * (out / everyone)

    def peak(self, k: Array, log_m: Array) -> tuple[Array, Array]:
        odds = self.share / (1 - self.share)
        z = lambert_of_exp(np.log(odds) + self.a * (1 - k) - 1)
        with np.errstate(divide="ignore"):  # z is 0 where cost is out of reach: g is minus infinity
            return np.log(k + (1 + z) / self.a), np.log(z / (self.a * self.share)) - log_m

    def take(self, at: NDArray[np.bool_] | slice) -> _Logit:
        return _Logit(self.a[at], self.share[at])


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
