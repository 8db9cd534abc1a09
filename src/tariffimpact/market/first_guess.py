"""Where the Newton of `aggregative` starts: h as if firms were equal, then each firm's odds there.

A firm with nearly all of a market first replies to the others at their least markups.
"""

from __future__ import annotations

import numpy as np

from tariffimpact.market.grouping import Grouping
from tariffimpact.market.system import Array

FLOOR = 700.0
"""Logs below the leader at which a firm's type is cut off: exp of less underflows."""
LEAST = 1e-304
"""Least odds to start from."""
START = 1.084
"""First odds are L(1 + 1.084 L)/(1 + 1.084 L + L^2/2), close to the root of z e^z/(1 + z) = L."""
LEADING = 0.9
"""Share at the least markups from which a firm's reply is worked out before the first step."""


def first_guess(
    log_types: Array, grouping: Grouping, curve: Array
) -> tuple[Array, Array, Array, Array]:
    """Return types cut off where exp underflows, the upper end of h, and first h and odds."""
    scale = np.exp(-tail(np.zeros_like(curve), curve))
    top = np.maximum(grouping.peak(log_types), 0.0)
    low = np.exp(log_types - grouping.spread(top))
    total = np.exp(-top) + grouping.total(low) * scale
    upper = top + np.log(total)
    types = np.maximum(log_types, grouping.spread(upper - FLOOR))
    low *= grouping.spread(scale / total)
    np.maximum(low, LEAST, out=low)
    led = np.flatnonzero(grouping.peak(low) > LEADING)
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
    change = np.log(ratio / plus) * total / (pull * total + np.exp(-upper))
    return np.asarray(np.maximum(change, -upper))


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
