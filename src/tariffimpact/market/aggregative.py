r"""The joint Newton on the market aggregate and one number per firm: logit and CES, exactly.

A firm that sells any number of products at a common profit weight has one unknown, the odds
z = S/(1 - S) of its share. With e = 0 for logit and e = 1/(elasticity - 1) for CES,

.. math:: g(z_f) + h = \log T_f, \quad e^{-h} + \sum_f z_f/(1 + z_f) = 1,

.. math:: g(z) = \log z - \log(1+z) + \log(1 + e(1+z))/e \quad (\to \log z - \log(1+z) + z + 1),

where T_f sums the firm's products at cost and h is the log of the market's denominator. The
Jacobian is an arrowhead, so a Newton step costs a few passes over the firms. g rises and the sum
falls in h: there is exactly one equilibrium.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tariffimpact.market.system import Array, Labels

TOLERANCE = 1e-10
"""Relative first-order condition above which nothing is called an equilibrium."""
AIM = 2e-14
FLOOR = 700.0
LIMIT = 80
START = 1.084
"""First odds are L(1 + 1.084 L)/(1 + 1.084 L + L^2/2), close to the root of z e^z/(1 + z) = L."""
_DOMINANT = 10.0


@dataclass(frozen=True, slots=True)
class Aggregates:
    """Solutions of many markets at once."""

    odds: Array
    """z = S/(1 - S) per firm, shape (N,), markets one after the other."""
    log_total: Array
    """h = log H per market, shape (M,)."""
    residual: Array
    """Largest relative first-order condition per market, shape (M,); NaN where input is."""
    iterations: Labels
    """Newton steps per market, shape (M,)."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How firms lie in memory: a rectangle, firms along one axis, or ragged in one row."""

    total: Callable[[Array], Array]
    """Sum over the firms of each market."""
    spread: Callable[[Array], Array]
    """Repeat a market's number for each of its firms."""
    peak: Callable[[Array], Array]
    """Maximum over the firms of each market."""


def solve_types(log_types: Array, counts: Labels, curve: Array) -> Aggregates:
    """Solve every market from its firms' types.

    Parameters
    ----------
    log_types
        log T_f of each firm, shape (N,), the firms of a market adjacent; -inf is a firm nobody
        would buy from.
    counts
        Firms in each market, shape (M,), each at least 1, summing to N.
    curve
        e of each market, shape (M,): 0 for logit, 1/(elasticity - 1) for CES.

    Examples
    --------
    >>> one = solve_types(np.array([1.0]), np.array([1]), np.array([0.0]))
    >>> z = one.odds[0]; float(round(z * np.exp(z), 12))  # Lambert W: z exp(z) = T/e
    1.0
    """
    width = int(counts[0])
    if (counts == width).all():
        square = log_types.reshape(-1, width)
        if width > counts.size:
            found = _newton(square, _rectangle(1), curve)
            return Aggregates(found.odds.ravel(), *_rest(found))
        found = _newton(np.ascontiguousarray(square.T), _rectangle(0), curve)
        return Aggregates(np.ascontiguousarray(found.odds.T).ravel(), *_rest(found))
    return _newton(log_types, _ragged(counts), curve)


def _rest(found: Aggregates) -> tuple[Array, Array, Labels]:
    return found.log_total, found.residual, found.iterations


def _rectangle(axis: int) -> _Layout:
    across = (slice(None), None) if axis else (None, slice(None))
    return _Layout(
        total=lambda firm: np.add.reduce(firm, axis=axis),
        spread=lambda market: market[across],
        peak=lambda firm: np.maximum.reduce(firm, axis=axis),
    )


def _ragged(counts: Labels) -> _Layout:
    starts = np.cumsum(counts) - counts
    market = np.repeat(np.arange(counts.size), counts)
    return _Layout(
        total=lambda firm: np.add.reduceat(firm, starts),
        spread=lambda value: value[market],
        peak=lambda firm: np.maximum.reduceat(firm, starts),
    )


def tail(odds: Array, curve: Array) -> Array:
    """Return log(1 + e(1 + z))/e, its limit 1 + z at e = 0: minus the log of the markup's pull."""
    if not curve.any():
        return 1 + odds
    safe = np.where(curve == 0, 1.0, curve)
    return np.where(curve == 0, 1 + odds, np.log1p(safe * (1 + odds)) / safe)


def _start(log_types: Array, layout: _Layout, curve: Array) -> tuple[Array, Array, Array]:
    """Return types cut off where exp underflows, the upper end of h, and first odds."""
    least = tail(np.zeros_like(curve), curve)
    top = np.maximum(layout.peak(log_types), 0.0)
    scale = layout.total(np.exp(log_types - layout.spread(top))) * np.exp(-least)
    upper = top + np.log(np.exp(-top) + scale)
    types = np.maximum(log_types, layout.spread(upper) - FLOOR)
    low = types - layout.spread(upper + least)
    low = np.exp(np.minimum(low, 0.0, out=low), out=low)
    near = START * low
    near += 1
    odds = low * near
    low *= low
    low *= 0.5
    near += low
    odds /= near
    return types, upper, odds


def _gap(odds: Array, share: Array, outside: Array, layout: _Layout) -> tuple[Array, Array]:
    """Return outside + sum of shares - 1, and the size of its terms.

    Where one firm has nearly all, its S - 1 is taken as -1/(1 + z): no digit is lost, and the gap
    is judged against what that firm leaves to others.
    """
    if not odds.max() > _DOMINANT:
        return outside + layout.total(share) - 1, np.ones_like(outside)
    large = layout.peak(odds)
    most = odds > 1  # one firm at the solution, perhaps several on the way
    left = np.where(most, -1 / (1 + odds), share)
    gap = outside + layout.total(left) + (layout.total(most.astype(np.float64)) - 1)
    return gap, np.where(large > 1, 1 / (1 + large), 1.0)


def _newton(log_types: Array, layout: _Layout, curve: Array) -> Aggregates:
    """Iterate the arrowhead Newton until every market is at rounding error or stops moving."""
    with np.errstate(invalid="ignore", over="ignore", under="ignore", divide="ignore"):
        types, upper, odds = _start(log_types, layout, curve)
        each = layout.spread(curve)
        logit = not curve.any()
        h = upper.copy()
        size = 1.0 + np.abs(layout.peak(np.abs(types))) + upper
        residual = np.full(h.shape, np.inf)
        iterations = np.zeros(h.shape, dtype=np.intp)
        plus, error, fall, spare = (np.empty_like(odds) for _ in range(4))
        for _ in range(LIMIT):
            share = np.divide(odds, np.add(odds, 1, out=plus), out=fall)
            np.log(share, out=error)
            error += plus if logit else tail(odds, each)
            error += layout.spread(h)
            error -= types
            outside = np.exp(-h)
            gap, unit = _gap(odds, share, outside, layout)
            residual = np.maximum(layout.peak(np.abs(error, out=spare)), np.abs(gap) / unit)
            moving = residual > AIM * size
            if not moving.any():
                break
            iterations += moving
            np.multiply(odds, plus, out=spare)
            if not logit:
                spare /= 1 + each * plus
            spare += 1
            fall /= spare
            total_fall = layout.total(fall)
            dh = (gap - layout.total(np.multiply(error, fall, out=spare))) / (outside + total_fall)
            h_new = np.minimum(np.maximum(h + dh, 0.0), upper)
            error += layout.spread(h_new - h)
            plus *= plus
            error *= np.multiply(fall, plus, out=fall)
            odds -= np.minimum(error, np.multiply(odds, 0.9, out=spare), out=error)
            h = h_new
        return Aggregates(odds, h, residual, iterations)
