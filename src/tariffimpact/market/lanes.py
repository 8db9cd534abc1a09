"""What compiled code for 32 markets in step stands on: its decorators, exp, log, and rows.

exp and log are written out, for the compiler turns arithmetic into vector code but not calls into
the C library; the numbers of the markets solved together lie side by side for the same reason. A
row of `firms` holds one firm of each of them, the row `lane` what they have one of.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

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
TYPE, ODDS, ERROR, FLAT, BEND, TURN = (k * LANES for k in range(6))
"""Where a firm's numbers start in its row, `FIRM_ROW` long.

Flat is 1/a, bend b and turn b - 2 S z of the step in `fast_newton`.
"""
FIRM_ROW = 6 * LANES
H, UPPER, CURVE, SIZE, WORST, GAP, PULL, OUTSIDE = (k * LANES for k in range(8))
DROP, WHOLE, UNIT, STEP, TAKEN, SHIFT, BAD, SECOND = (k * LANES for k in range(8, 16))
"""Where a market's numbers start in the row of lanes, `LANE_ROW` long."""
LANE_ROW = 16 * LANES
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
    """Return z of a firm without rivals; see `first_guess.alone`."""
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
