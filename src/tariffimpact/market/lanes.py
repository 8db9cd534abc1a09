"""The joint Newton of `aggregative` for 32 markets in step, compiled by numba to vector code.

The same conditions, start and results; steps are taken in log z and exp(-h) to second order, which
costs little here and saves one in four. exp and log are written out, for the compiler turns
arithmetic into vector code but not calls into the C library; the numbers of the markets solved
together lie side by side for the same reason. A row of `firms` holds one firm of each of them, the
row `lane` what they have one of.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from tariffimpact.market.aggregative import AIM, FLOOR, LEADING, LEAST, LIMIT, START
from tariffimpact.market.system import Array

_Code = TypeVar("_Code", bound=Callable[..., Any])


def _compiled(*freedoms: str) -> Callable[[_Code], _Code]:
    """Return numba's decorator; `freedoms` are the liberties taken with rounding."""
    return cast(
        "Callable[[_Code], _Code]",
        njit(cache=True, nogil=True, error_model="numpy", fastmath=set(freedoms) or False),
    )


fused = _compiled("contract")
exact = _compiled()
summing = _compiled("reassoc", "contract")

LANES = 32
"""Markets solved in step."""
ABSENT = -1e300
"""Log type of a firm that only fills up a lane."""
SMALLEST = 2.2250738585072014e-308
"""Least number whose log is taken: the smallest normal one."""
TYPE, ODDS, ERROR, FALL = 0, LANES, 2 * LANES, 3 * LANES
"""Where a firm's numbers start in its row."""
H, UPPER, CURVE, SIZE, WORST, GAP, PULL = (k * LANES for k in range(7))
DROP, WHOLE, UNIT, STEP, TAKEN, SHIFT, BAD = (k * LANES for k in range(7, 14))
"""Where a market's numbers start in the row of lanes."""
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
_LOG2_E, _MAGIC = 1.4426950408889634, 6755399441055744.0
_ROOT_HALF = 0x3FE6A09E667F3BCD


@fused
def exp(x: float) -> float:
    """Return exp(x), x cut off at -708 and 709, to an ulp or two; NaN stays NaN."""
    x = -708.0 if x < -708.0 else x
    x = 709.0 if x > 709.0 else x
    shifted = x * _LOG2_E + _MAGIC
    whole = shifted - _MAGIC
    r = x - whole * _LN2_HIGH - whole * _LN2_LOW
    series = 1 / 6227020800.0
    series = series * r + 1 / 479001600.0
    series = series * r + 1 / 39916800.0
    series = series * r + 1 / 3628800.0
    series = series * r + 1 / 362880.0
    series = series * r + 1 / 40320.0
    series = series * r + 1 / 5040.0
    series = series * r + 1 / 720.0
    series = series * r + 1 / 120.0
    series = series * r + 1 / 24.0
    series = series * r + 1 / 6.0
    series = series * r + 0.5
    series = series * r + 1.0
    series = series * r + 1.0
    power = (np.float64(shifted).view(np.int64) + np.int64(1023)) << np.int64(52)
    return series * np.int64(power).view(np.float64)


@fused
def log(x: float) -> float:
    """Return log(x) to an ulp for positive normal x; NaN for NaN and infinity."""
    bits = np.float64(x).view(np.int64)
    whole = (bits - np.int64(_ROOT_HALF)) >> np.int64(52)
    f = np.int64(bits - (whole << np.int64(52))).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    series = 1.479819860511658591e-01
    series = series * z + 1.531383769920937332e-01
    series = series * z + 1.818357216161805012e-01
    series = series * z + 2.222219843214978396e-01
    series = series * z + 2.857142874366239149e-01
    series = series * z + 3.999999999940941908e-01
    series = series * z + 6.666666666666735130e-01
    half = 0.5 * f * f
    scale = float(whole)
    tail = s * (half + series * z) + scale * _LN2_LOW
    return scale * _LN2_HIGH - ((half - tail) - f) + (x - x)


@exact
def alone(log_type: float, curve: float) -> float:
    """Return z of a firm without rivals; see `aggregative.alone`."""
    z = log_type - 1
    if log_type > 1:
        z = log_type / (1 + 1 / curve) if curve > 0 else math.log(log_type)
    for _ in range(12):
        odds = math.exp(z)
        tail = math.log1p(curve * (1 + odds)) / curve if curve > 0 else 1 + odds
        move = (z + tail - log_type) / (1 + odds / (1 + curve * (1 + odds)))
        z -= move
        if abs(move) < 1e-15:
            break
    return math.exp(z)


@exact
def _behind_leader(firms: Array, lane: Array, i: int, multiplicative: bool) -> None:
    """Write first h and odds of lane i from its leader's reply, and cut its types off again.

    See `aggregative._behind_leader`; the types as given wait where slopes will be.
    """
    curve = lane[CURVE + i] if multiplicative else 0.0
    upper, least, others, leader = lane[UPPER + i], lane[PULL + i], 0.0, 0
    for f in range(firms.shape[0]):
        low = math.exp(firms[f, FALL + i] - upper - least)
        if low > LEADING:
            leader = f
        else:
            others += low
    away = upper + math.log(others) if others > 0 else -math.inf
    rivals = max(away, 0.0) + math.log1p(math.exp(-abs(away)))
    firms[leader, ODDS + i] = alone(firms[leader, FALL + i] - rivals, curve)
    top = 0.0
    for f in range(firms.shape[0]):
        plus = 1.0 + firms[f, ODDS + i]
        tail = math.log1p(curve * plus) / curve if multiplicative else plus
        firms[f, ERROR + i] = firms[f, FALL + i] - tail
        top = max(top, firms[f, ERROR + i])
    total = math.exp(-top)
    for f in range(firms.shape[0]):
        total += math.exp(firms[f, ERROR + i] - top)
    lane[H + i] = top + math.log(total)
    for f in range(firms.shape[0]):
        firms[f, TYPE + i] = max(firms[f, FALL + i], lane[H + i] - FLOOR)
        if f != leader:
            low = math.exp(min(firms[f, TYPE + i] - lane[H + i] - least, 0.0))
            near = 1.0 + START * max(low, LEAST)
            firms[f, ODDS + i] = max(low, LEAST) * near / (near + 0.5 * low * low)


@exact
def _start(firms: Array, lane: Array, multiplicative: bool) -> None:
    """Cut off types where exp underflows; write the upper end of h and first odds."""
    for i in range(LANES):
        lane[UPPER + i], lane[DROP + i], lane[PULL + i] = 0.0, 0.0, 1.0
        lane[TAKEN + i], lane[SIZE + i], lane[WORST + i] = 0.0, 0.0, 0.0
        if multiplicative:
            lane[PULL + i] = log(1.0 + lane[CURVE + i]) / lane[CURVE + i]
    for f in range(firms.shape[0]):
        firm = firms[f]
        for i in range(LANES):
            own = firm[TYPE + i]
            lane[UPPER + i] = own if own > lane[UPPER + i] else lane[UPPER + i]
    for i in range(LANES):
        lane[DROP + i] = exp(-lane[UPPER + i])
    for f in range(firms.shape[0]):
        firm = firms[f]
        for i in range(LANES):
            low = exp(firm[TYPE + i] - lane[UPPER + i] - lane[PULL + i])
            firm[ODDS + i] = low
            lane[DROP + i] += low
    for i in range(LANES):
        upper = lane[UPPER + i] + log(lane[DROP + i])
        lane[UPPER + i], lane[H + i], lane[DROP + i] = upper, upper, 1.0 / lane[DROP + i]
    for f in range(firms.shape[0]):
        firm = firms[f]
        for i in range(LANES):
            given, least = firm[TYPE + i], lane[UPPER + i] - FLOOR
            own = least if given < least else given
            size = 0.0 if given == ABSENT else abs(own)
            lane[SIZE + i] = size if size > lane[SIZE + i] else lane[SIZE + i]
            low = firm[ODDS + i] * lane[DROP + i]
            low = low if low > LEAST else LEAST
            lane[WORST + i] = low if low > lane[WORST + i] else lane[WORST + i]
            near = 1.0 + START * low
            firm[ODDS + i] = low * near / (near + 0.5 * low * low)
            firm[TYPE + i], firm[FALL + i] = own, given
    for i in range(LANES):
        lane[SIZE + i] += 1.0 + lane[UPPER + i]
        if lane[WORST + i] > LEADING:
            _behind_leader(firms, lane, i, multiplicative)


@fused
def _conditions(firms: Array, lane: Array, multiplicative: bool) -> None:
    """Write every firm's error and slope, and their sums over the firms of each market."""
    for i in range(LANES):
        outside = exp(-lane[H + i])
        lane[GAP + i], lane[DROP + i], lane[UNIT + i] = outside, outside, 1.0
        lane[PULL + i], lane[WHOLE + i], lane[WORST + i] = 0.0, -1.0, 0.0
    for f in range(firms.shape[0]):
        firm = firms[f]
        for i in range(LANES):
            firm[FALL + i] = 1.0 + firm[ODDS + i]
        if multiplicative:
            for i in range(LANES):
                bent = lane[CURVE + i] * firm[FALL + i]
                one = 1.0 + bent
                firm[FALL + i] = (log(one) + (bent - (one - 1.0)) / one) / lane[CURVE + i]
        for i in range(LANES):
            odds = firm[ODDS + i]
            plus = 1.0 + odds
            bent = 1.0 + lane[CURVE + i] * plus
            pull = bent + odds * plus
            inverse = 1.0 / (plus * pull)
            left = pull * inverse
            share = odds * left
            error = log(share) + firm[FALL + i] + lane[H + i] - firm[TYPE + i]
            rate = plus * plus * bent * inverse
            fall = odds * rate * left * left
            firm[ERROR + i], firm[FALL + i] = error, rate
            lane[PULL + i] += error * fall
            lane[DROP + i] += fall
            # one firm with nearly all: its S - 1 is -1/(1 + z), no digit lost
            lane[GAP + i] += -left if odds > 1.0 else share
            lane[WHOLE + i] += 1.0 if odds > 1.0 else 0.0
            unit = left if odds > 1.0 else 1.0
            lane[UNIT + i] = unit if unit < lane[UNIT + i] else lane[UNIT + i]
            size = abs(error)
            lane[WORST + i] = lane[WORST + i] if lane[WORST + i] > size else size


@exact
def newton(firms: Array, lane: Array, multiplicative: bool, logs: bool) -> None:
    """Solve the markets in the lanes: h and odds; see `aggregative`. `logs`: types are in logs."""
    if not logs:
        for f in range(firms.shape[0]):
            firm = firms[f]
            for i in range(LANES):
                total = firm[TYPE + i]
                firm[TYPE + i] = ABSENT if total == 0.0 else log(total) + lane[SHIFT + i]
    _start(firms, lane, multiplicative)
    for step in range(LIMIT + 1):
        _conditions(firms, lane, multiplicative)
        moving = 0.0
        for i in range(LANES):
            gap = lane[GAP + i] + lane[WHOLE + i]
            size = abs(gap) / lane[UNIT + i]
            worst = lane[WORST + i] if lane[WORST + i] > size else size
            go = 1.0 if worst > AIM * lane[SIZE + i] else 0.0
            dh = (gap - lane[PULL + i]) / lane[DROP + i]
            near = -0.5 if dh < -0.5 else dh
            near = 0.5 if near > 0.5 else near
            h = lane[H + i] + dh + 0.5 * near * near
            h = 0.0 if h < 0.0 else h
            h = lane[UPPER + i] if h > lane[UPPER + i] else h
            lane[STEP + i] = h - lane[H + i]
            lane[H + i] = h if go > 0.0 else lane[H + i]
            lane[WORST + i], lane[UNIT + i] = worst, go
            lane[TAKEN + i] += go
            moving += go
        if step == LIMIT or not moving > 0.0:
            break
        for f in range(firms.shape[0]):
            firm = firms[f]
            for i in range(LANES):
                odds = firm[ODDS + i]
                ratio = -firm[FALL + i] * (firm[ERROR + i] + lane[STEP + i])
                near = ratio + 0.5 * ratio * ratio
                far = -0.9 if ratio < -0.9 else ratio
                ratio = near if (odds <= 1.0) & (abs(ratio) <= 1.0) else far
                firm[ODDS + i] = odds + odds * ratio if lane[UNIT + i] > 0.0 else odds
