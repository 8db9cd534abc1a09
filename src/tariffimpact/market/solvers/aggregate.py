r"""The joint Newton on the market aggregate and one number per firm: logit and CES, exactly.

A firm that sells any number of products at a common profit weight has one unknown, the odds
z = S/(1 - S) of its share. With e = 0 for logit and e = 1/(elasticity - 1) for CES,

.. math:: g(z_f) + h = \log T_f, \quad e^{-h} + \sum_f z_f/(1 + z_f) = 1,

.. math:: g(z) = \log z - \log(1+z) + \log(1 + e(1+z))/e \quad (\to \log z - \log(1+z) + z + 1),

where T_f sums the firm's products at cost and h is the log of the market's denominator; without an
outside good the first term of the sum is 0. The Jacobian is an arrowhead, so a Newton step costs a
few passes over the firms. g rises and the sum falls in h: there is exactly one equilibrium.

The first h is as if firms were equal, then each firm's odds there; a firm with nearly all of a
market first replies to the others at their least markups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tariffimpact.market.demand_systems import Array, Labels
from tariffimpact.market.solvers.newton import TOLERANCE

AIM, MOST_AIM = 2e-14, TOLERANCE / 2
"""Condition at which steps end, per unit of the largest log type and h, and at most."""
LIMIT = 80
_DOMINANT = 10.0
_FEW, _MANY = 0.25, 3_000
"""Share of markets still moving below which the others, if there are many firms, are left."""
FLOOR = 700.0
"""Logs below the leader at which a firm's type is cut off: exp of less underflows."""
LEAST = 1e-304
"""Least odds to start from."""
START = 1.084
"""First odds are L(1 + 1.084 L)/(1 + 1.084 L + L^2/2), close to the root of z e^z/(1 + z) = L."""
LEADING = 0.9
"""Share at the least markups from which a firm's reply is worked out before the first step."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """How firms lie in memory: a rectangle, firms along one axis, or ragged in one row."""

    total: Callable[[Array], Array]
    """Sum over the firms of each market."""
    spread: Callable[[Array], Array]
    """Repeat a market's number for each of its firms."""
    peak: Callable[[Array], Array]
    """Maximum over the firms of each market."""
    away: float = 1.0
    """What the outside good adds to a market: 1, or 0 without one."""
    some: Callable[[Array, Labels], Array] | None = None
    """The firms of some markets; None where that is not cheap."""

    @property
    def least(self) -> float:
        """Least h, and least log of the largest type that counts."""
        return 0.0 if self.away else -np.inf


def rectangle(axis: int, away: float = 1.0) -> Grouping:
    """Return the grouping of markets with as many firms each, which lie along `axis`."""
    across = (slice(None), None) if axis else (None, slice(None))
    return Grouping(
        total=lambda firm: np.add.reduce(firm, axis=axis),
        spread=lambda market: market[across],
        peak=lambda firm: np.maximum.reduce(firm, axis=axis),
        away=away,
        some=None if axis else lambda firm, markets: firm[:, markets],
    )


def ragged(counts: Labels, away: float = 1.0) -> Grouping:
    """Return the grouping of markets of `counts` firms, one after the other."""
    starts = np.cumsum(counts) - counts
    market = np.repeat(np.arange(counts.size), counts)
    return Grouping(
        total=lambda firm: np.add.reduceat(firm, starts),
        spread=lambda value: value[market],
        peak=lambda firm: np.maximum.reduceat(firm, starts),
        away=away,
    )


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


def solve_types(log_types: Array, counts: Labels, curve: Array, away: float = 1.0) -> Aggregates:
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
    away
        1 with an outside good, 0 without.

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
            found = _newton(square, rectangle(1, away), curve)
            return Aggregates(found.odds.ravel(), *_rest(found))
        found = _newton(np.ascontiguousarray(square.T), rectangle(0, away), curve)
        return Aggregates(np.ascontiguousarray(found.odds.T).ravel(), *_rest(found))
    return _newton(log_types, ragged(counts, away), curve)


def _rest(found: Aggregates) -> tuple[Array, Array, Labels]:
    return found.log_total, found.residual, found.iterations


def _gap(
    odds: Array, most: float, share: Array, outside: Array, grouping: Grouping
) -> tuple[Array, Array | float]:
    """Return outside + sum of shares - 1, and the size of its terms.

    Where one firm has nearly all, its S - 1 is taken as -1/(1 + z): no digit is lost, and the gap
    is judged against what that firm leaves to others. `most` is the largest of all odds.
    """
    if not most > _DOMINANT:
        return outside + grouping.total(share) - 1, 1.0
    large = grouping.peak(odds)
    high = odds > 1  # one firm at the solution, perhaps several on the way
    left = np.where(high, -1 / (1 + odds), share)
    gap = outside + grouping.total(left) + (grouping.total(high.astype(np.float64)) - 1)
    return gap, np.where(large > 1, 1 / (1 + large), 1.0)


def _newton(log_types: Array, grouping: Grouping, curve: Array) -> Aggregates:
    """Iterate the arrowhead Newton until every market is at rounding error or stops moving."""
    with np.errstate(invalid="ignore", over="ignore", under="ignore", divide="ignore"):
        types, upper, h, odds = first_guess(log_types, grouping, curve)
        residual = np.full(h.shape, np.inf)
        iterations = np.zeros(h.shape, dtype=np.intp)
        _steps(_Markets(types, upper, curve, grouping), h, odds, residual, iterations)
        return Aggregates(odds, h, residual, iterations)


@dataclass(frozen=True, slots=True)
class _Markets:
    """Markets on their way: what stays the same from step to step."""

    types: Array
    upper: Array
    curve: Array
    grouping: Grouping


def _steps(
    of: _Markets, h: Array, odds: Array, residual: Array, iterations: Labels, taken: int = 0
) -> None:
    """Move `h` and `odds` to the solution in place; write residuals, count steps."""
    grouping, each = of.grouping, of.grouping.spread(of.curve)
    logit = not of.curve.any()
    size = np.minimum(AIM * (1.0 + grouping.peak(np.abs(of.types)) + np.abs(of.upper)), MOST_AIM)
    plus, error, fall, spare = (np.empty_like(odds) for _ in range(4))
    moving = np.ones(h.shape, dtype=np.bool_)  # the first two steps are always taken
    left = moving.size
    for step in range(taken, LIMIT):
        share = np.divide(odds, np.add(odds, 1, out=plus), out=fall)
        np.log(share, out=error)
        error += plus if logit else tail(odds, each)
        error += grouping.spread(h)
        error -= of.types
        outside = grouping.away * np.exp(-h)
        most = float(odds.max())
        gap, unit = _gap(odds, most, share, outside, grouping)
        if step > 1:
            np.maximum(grouping.peak(np.abs(error, out=spare)), np.abs(gap) / unit, out=residual)
            moving = residual > size
            left = int(np.count_nonzero(moving))
        if not left:
            return
        if left < _FEW * moving.size and odds.size > _MANY and grouping.some is not None:
            _finish(of, h, odds, residual, iterations, np.flatnonzero(moving), step)
            return
        iterations += moving
        # in this order: under CES the square of odds may be out of range
        np.multiply(odds if logit else odds / (1 + each * plus), plus, out=spare)
        spare += 1
        fall /= spare
        dh = gap - grouping.total(np.multiply(error, fall, out=spare))
        dh /= outside + grouping.total(fall)
        h_new = np.minimum(np.maximum(h + dh, grouping.least), of.upper)
        error += grouping.spread(h_new - h)
        fall *= plus
        fall *= plus
        error *= fall
        odds -= np.minimum(error, np.multiply(odds, 0.9, out=spare), out=error)
        h[:] = h_new


def _finish(
    of: _Markets, h: Array, odds: Array, residual: Array, iterations: Labels, some: Labels,
    taken: int,
) -> None:  # fmt: skip
    """Take the remaining steps in `some` markets only."""
    assert of.grouping.some is not None
    own, at = of.grouping.some, (some,)
    few = _Markets(own(of.types, some), of.upper[at], of.curve[at], of.grouping)
    state = h[at], np.ascontiguousarray(own(odds, some)), residual[at], iterations[at]
    _steps(few, *state, taken)
    h[at], residual[at], iterations[at] = state[0], state[2], state[3]
    odds[:, some] = state[1]


def first_guess(
    log_types: Array, grouping: Grouping, curve: Array
) -> tuple[Array, Array, Array, Array]:
    """Return types cut off where exp underflows, the upper end of h, and first h and odds."""
    scale = np.exp(-tail(np.zeros_like(curve), curve))
    top = np.maximum(grouping.peak(log_types), grouping.least)
    low = np.exp(log_types - grouping.spread(top))
    total = grouping.away * np.exp(-top) + grouping.total(low) * scale
    upper = top + np.log(total)
    types = np.maximum(log_types, grouping.spread(upper - FLOOR))
    low *= grouping.spread(scale / total)
    np.maximum(low, LEAST, out=low)
    led = np.flatnonzero(grouping.peak(low) > LEADING) if grouping.away else np.empty(0, int)
    change = _as_if_equal(low, upper, grouping, curve)
    low *= grouping.spread(np.exp(-change))
    h, odds = upper + change, first_odds(low)
    if led.size and grouping.some is None:
        h, odds, types = _behind_leader(log_types, upper, grouping, curve)
    elif led.size and grouping.some is not None:
        given = grouping.some(log_types, led)
        h[led], odds[:, led], types[:, led] = _behind_leader(
            given, upper[led], grouping, curve[led]
        )
    return types, upper, h, odds


def _as_if_equal(low: Array, upper: Array, grouping: Grouping, curve: Array) -> Array:
    """Return how far h lies below its upper end were firms equal, to first order in logs.

    Of as many firms as their concentration says, each with a share of `low` at the least markups.
    """
    total = grouping.total(low)
    mean = grouping.total(low * low) / total
    near = 1 + START * mean
    ratio = near / (near + 0.5 * mean * mean)
    odds = mean * ratio
    plus = 1 + odds
    bent = 1 + curve * plus
    pull = bent / (bent + odds * plus)
    change = np.log(ratio / plus) * total / (pull * total + grouping.away * np.exp(-upper))
    return np.asarray(np.maximum(change, grouping.least - upper))


def first_odds(low: Array) -> Array:
    """Return odds near the root of z e^z/(1 + z) = low; `low` is overwritten."""
    near = START * low
    near += 1
    odds = low * near
    low *= low
    low *= 0.5
    near += low
    odds /= near
    return odds


def _behind_leader(
    types: Array, upper: Array, grouping: Grouping, curve: Array
) -> tuple[Array, Array, Array]:
    """Return first h and odds, and types cut off, where a firm leads.

    The leader replies to rivals at their least markups. The cut must follow h down, or a firm too
    faint to count would end up a rival.
    """
    each = grouping.spread(curve)
    least = tail(np.zeros_like(each), each)
    low = np.exp(np.minimum(types - grouping.spread(upper) - least, 0.0))
    leads, led = low > LEADING, grouping.peak(low) > LEADING
    rivals = np.logaddexp(0.0, upper + np.log(grouping.total(np.where(leads, 0.0, low))))
    reply = alone((types - grouping.spread(rivals))[leads],
                  np.broadcast_to(each, leads.shape)[leads])  # fmt: skip
    odds = first_odds(low)
    odds[leads] = reply
    worth = types - tail(odds, each)
    top = np.maximum(grouping.peak(worth), 0.0)
    h = top + np.log(np.exp(-top) + grouping.total(np.exp(worth - grouping.spread(top))))
    h = np.where(led, h, upper)
    types = np.maximum(types, grouping.spread(h) - FLOOR)
    odds = first_odds(np.exp(np.minimum(types - grouping.spread(h) - least, 0.0)))
    odds[leads] = reply
    return h, odds, types


def tail(odds: Array, curve: Array) -> Array:
    """Return log(1 + e(1 + z))/e, its limit 1 + z at e = 0: minus the log of the markup's pull."""
    if not curve.any():
        return 1 + odds
    safe = np.where(curve == 0, 1.0, curve)
    return np.where(curve == 0, 1 + odds, np.log1p(safe * (1 + odds)) / safe)


def alone(log_type: Array, curve: Array) -> Array:
    """Return z of a firm of that type without rivals: log z + log(1 + e(1 + z))/e = log type.

    Under logit z is Lambert's W of the type over e; Newton in log z converges from anywhere.
    """
    some = np.where(curve == 0, 1.0, curve)
    high = np.where(curve == 0, np.log(np.maximum(log_type, 1.0)), log_type / (1 + 1 / some))
    log_odds = np.where(log_type > 1, high, log_type - 1)
    for _ in range(12):
        odds = np.exp(log_odds)
        log_odds -= (log_odds + tail(odds, curve) - log_type) / (
            1 + odds / (1 + curve * (1 + odds))
        )
    return np.exp(log_odds)
