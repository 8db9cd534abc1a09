r"""The joint Newton on the market aggregate and one number per firm: logit and CES, exactly.

A firm that sells any number of products at a common profit weight has one unknown, the odds
z = S/(1 - S) of its share. With e = 0 for logit and e = 1/(elasticity - 1) for CES,

.. math:: g(z_f) + h = \log T_f, \quad e^{-h} + \sum_f z_f/(1 + z_f) = 1,

.. math:: g(z) = \log z - \log(1+z) + \log(1 + e(1+z))/e \quad (\to \log z - \log(1+z) + z + 1),

where T_f sums the firm's products at cost and h is the log of the market's denominator; without an
outside good the first term of the sum is 0. The Jacobian is an arrowhead, so a Newton step costs a
few passes over the firms. g rises and the sum falls in h: there is exactly one equilibrium.

The first h is as if firms were equal, then each firm's odds there; a firm with nearly all of a
market first replies to the others at their least markups. Markets of equally many firms are solved
together, in arrays of shape (firms, markets).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tariffimpact.market.demand_systems import Array, Labels
from tariffimpact.market.solvers.newton import TOLERANCE

AIM, MOST_AIM = 2e-14, TOLERANCE / 2
"""Condition at which steps end, per unit of the largest log type and h, and at most."""
LIMIT = 80
_DOMINANT = 10.0
FLOOR = 700.0
"""Logs below the leader at which a firm's type is cut off: exp of less underflows."""
LEAST = 1e-304
"""Least odds to start from."""
START = 1.084
"""First odds are L(1 + 1.084 L)/(1 + 1.084 L + L^2/2), close to the root of z e^z/(1 + z) = L."""
LEADING = 0.9
"""Share at the least markups from which a firm's reply is worked out before the first step."""


@dataclass(frozen=True, slots=True)
class Aggregates:
    """Solutions of many markets at once."""

    odds: Array
    """z = S/(1 - S) per firm, shape (N,), markets one after the other."""
    residual: Array
    """Largest relative first-order condition per market, shape (M,); NaN where input is."""
    iterations: Labels
    """Newton steps per market, shape (M,)."""


def solve_types(log_types: Array, counts: Labels, curve: Array, away: float = 1.0) -> Aggregates:
    """Solve every market from its firms' types log T_f, those of a market adjacent, shape (N,).

    A type of -inf is a firm nobody would buy from. `counts` are firms per market and `curve` its e,
    shape (M,); `away` is 1 with an outside good, 0 without.

    >>> one = solve_types(np.array([1.0]), np.array([1]), np.array([0.0]))
    >>> z = one.odds[0]; float(round(z * np.exp(z), 12))  # Lambert W: z exp(z) = T/e
    1.0
    """
    width = int(counts[0])
    if (counts == width).all():
        types = np.ascontiguousarray(log_types.reshape(-1, width).T)
        odds, residual, steps = _newton(types, curve, away)
        return Aggregates(odds.T.ravel(), residual, steps)
    found = Aggregates(np.empty(log_types.size), np.empty(counts.size),
                       np.empty(counts.size, dtype=np.intp))  # fmt: skip
    starts = np.cumsum(counts) - counts
    for width in np.unique(counts):
        some = np.flatnonzero(counts == width)
        firms = starts[some] + np.arange(width)[:, None]
        found.odds[firms], found.residual[some], found.iterations[some] = _newton(
            log_types[firms], curve[some], away
        )
    return found


def _newton(types: Array, curve: Array, away: float) -> tuple[Array, Array, Labels]:
    """Return odds, conditions and steps: until all are at rounding error or stop moving."""
    with np.errstate(all="ignore"):
        return _steps(*_first_guess(types, curve, away), curve, away)


def _steps(
    types: Array, upper: Array, h: Array, odds: Array, curve: Array, away: float
) -> tuple[Array, Array, Labels]:
    """Return odds, conditions and steps, from a first guess of h and odds."""
    logit, least = not curve.any(), 0.0 if away else -np.inf
    size = np.minimum(AIM * (1.0 + np.maximum.reduce(np.abs(types)) + np.abs(upper)), MOST_AIM)
    residual, steps = np.full(h.shape, np.inf), np.zeros(h.shape, dtype=np.intp)
    plus, error, fall, spare = (np.empty_like(odds) for _ in range(4))
    for step in range(LIMIT):
        share = np.divide(odds, np.add(odds, 1, out=plus), out=fall)
        np.log(share, out=error)
        error += plus if logit else tail(odds, curve)
        error += h
        error -= types
        outside = away * np.exp(-h)
        gap, unit = _gap(odds, share, outside)
        if step > 1:  # the first two steps are always taken
            np.maximum(
                np.maximum.reduce(np.abs(error, out=spare)), np.abs(gap) / unit, out=residual
            )
        moving = residual > size
        if not moving.any():
            break
        steps += moving
        # in this order: under CES the square of odds may be out of range
        np.multiply(odds if logit else odds / (1 + curve * plus), plus, out=spare)
        spare += 1
        fall /= spare
        dh = gap - np.add.reduce(np.multiply(error, fall, out=spare))
        dh /= outside + np.add.reduce(fall)
        h_new = np.minimum(np.maximum(h + dh, least), upper)
        error += h_new - h
        fall *= plus
        fall *= plus
        error *= fall
        odds -= np.minimum(error, np.multiply(odds, 0.9, out=spare), out=error)
        h = h_new
    return odds, residual, steps


def _gap(odds: Array, share: Array, outside: Array) -> tuple[Array, Array | float]:
    """Return outside + sum of shares - 1, and the size of its terms.

    Where one firm has nearly all, its S - 1 is taken as -1/(1 + z): no digit is lost, and the gap
    is judged against what that firm leaves to others.
    """
    if not float(odds.max()) > _DOMINANT:
        return outside + np.add.reduce(share) - 1, 1.0
    large = np.maximum.reduce(odds)
    high = odds > 1  # one firm at the solution, perhaps several on the way
    left = np.where(high, -1 / (1 + odds), share)
    gap = outside + np.add.reduce(left) + (np.add.reduce(high, dtype=np.intp) - 1)
    return gap, np.where(large > 1, 1 / (1 + large), 1.0)


def _first_guess(types: Array, curve: Array, away: float) -> tuple[Array, Array, Array, Array]:
    """Return types cut off where exp underflows, the upper end of h, and first h and odds."""
    scale = np.exp(-tail(np.zeros_like(curve), curve))
    top = types.max(axis=0, initial=0.0 if away else -np.inf)
    low = np.exp(types - top)
    total = away * np.exp(-top) + np.add.reduce(low) * scale
    upper = top + np.log(total)
    low = np.maximum(low * (scale / total), LEAST)
    cut = np.maximum(types, upper - FLOOR)
    change = _as_if_equal(low, upper, curve, away)
    h, odds = upper + change, _first_odds(low * np.exp(-change))
    led = np.flatnonzero(np.maximum.reduce(low) > LEADING)
    if led.size and away:
        h[led], odds[:, led], cut[:, led] = _behind_leader(types[:, led], upper[led], curve[led])
    return cut, upper, h, odds


def _as_if_equal(low: Array, upper: Array, curve: Array, away: float) -> Array:
    """Return how far h lies below its upper end were firms equal, to first order in logs.

    Of as many firms as their concentration says, each with a share of `low` at the least markups.
    """
    total = np.add.reduce(low)
    mean = np.add.reduce(low * low) / total
    near = 1 + START * mean
    ratio = near / (near + 0.5 * mean * mean)
    odds = mean * ratio
    bent = 1 + curve * (1 + odds)
    pull = bent / (bent + odds * (1 + odds))
    change = np.log(ratio / (1 + odds)) * total / (pull * total + away * np.exp(-upper))
    return np.asarray(np.maximum(change, -upper if away else -np.inf))


def _first_odds(low: Array) -> Array:
    """Return odds near the root of z e^z/(1 + z) = low."""
    near = START * low + 1
    return np.asarray(low * near / (near + 0.5 * low * low))


def _behind_leader(types: Array, upper: Array, curve: Array) -> tuple[Array, Array, Array]:
    """Return first h and odds, and types cut off, of markets in which a firm leads.

    The leader replies to rivals at their least markups. The cut must follow h down, or a firm too
    faint to count would end up a rival.
    """
    least = tail(np.zeros_like(curve), curve)
    low = np.exp(np.minimum(types - upper - least, 0.0))
    leads = low > LEADING
    rivals = np.logaddexp(0.0, upper + np.log(np.add.reduce(np.where(leads, 0.0, low))))
    reply = _alone((types - rivals)[leads], np.broadcast_to(curve, leads.shape)[leads])
    odds = _first_odds(low)
    odds[leads] = reply
    h = np.logaddexp.reduce(types - tail(odds, curve), axis=0, initial=0.0)
    types = np.maximum(types, h - FLOOR)
    odds = _first_odds(np.exp(np.minimum(types - h - least, 0.0)))
    odds[leads] = reply
    return h, odds, types


def tail(odds: Array, curve: Array) -> Array:
    """Return log(1 + e(1 + z))/e, its limit 1 + z at e = 0: minus the log of the markup's pull."""
    if not curve.any():
        return 1 + odds
    safe = np.where(curve == 0, 1.0, curve)
    return np.where(curve == 0, 1 + odds, np.log1p(safe * (1 + odds)) / safe)


def _alone(log_type: Array, curve: Array) -> Array:
    """Return z of a firm without rivals, by Newton: log z + log(1 + e(1 + z))/e = log type."""
    some = np.where(curve == 0, 1.0, curve)
    high = np.where(curve == 0, np.log(np.maximum(log_type, 1.0)), log_type / (1 + 1 / some))
    log_odds = np.where(log_type > 1, high, log_type - 1)
    for _ in range(12):
        odds = np.exp(log_odds)
        gap = log_odds + tail(odds, curve) - log_type
        log_odds -= gap / (1 + odds / (1 + curve * (1 + odds)))
    return np.exp(log_odds)
