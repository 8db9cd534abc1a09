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

from dataclasses import dataclass

import numpy as np

from tariffimpact.market.first_guess import first_guess, tail
from tariffimpact.market.grouping import Grouping, ragged, rectangle
from tariffimpact.market.system import Array, Labels

TOLERANCE = 1e-10
"""Relative first-order condition above which nothing is called an equilibrium."""
AIM, MOST_AIM = 2e-14, TOLERANCE / 2
"""Condition at which steps end, per unit of the largest log type and h, and at most."""
LIMIT = 80
_DOMINANT = 10.0
_FEW, _MANY = 0.25, 3_000
"""Share of markets still moving below which the others, if there are many firms, are left."""


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
            found = _newton(square, rectangle(1), curve)
            return Aggregates(found.odds.ravel(), *_rest(found))
        found = _newton(np.ascontiguousarray(square.T), rectangle(0), curve)
        return Aggregates(np.ascontiguousarray(found.odds.T).ravel(), *_rest(found))
    return _newton(log_types, ragged(counts), curve)


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
    size = np.minimum(AIM * (1.0 + grouping.peak(np.abs(of.types)) + of.upper), MOST_AIM)
    plus, error, fall, spare = (np.empty_like(odds) for _ in range(4))
    moving = np.ones(h.shape, dtype=np.bool_)  # the first two steps are always taken
    left = moving.size
    for step in range(taken, LIMIT):
        share = np.divide(odds, np.add(odds, 1, out=plus), out=fall)
        np.log(share, out=error)
        error += plus if logit else tail(odds, each)
        error += grouping.spread(h)
        error -= of.types
        outside = np.exp(-h)
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
        h_new = np.minimum(np.maximum(h + dh, 0.0), of.upper)
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
