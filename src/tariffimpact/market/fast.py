"""A batch solved by numba: the compiled counterpart of `kernels.solve_part`.

Products are touched twice: to sum each firm's type, and to write prices.
"""

from __future__ import annotations

import numpy as np

from tariffimpact.market.aggregative import TOLERANCE
from tariffimpact.market.fast_newton import newton
from tariffimpact.market.kernels import OVERFLOW, UNDERFLOW
from tariffimpact.market.lanes import (
    ABSENT,
    BAD,
    CURVE,
    FIRM_ROW,
    LANE_ROW,
    LANES,
    ODDS,
    SMALLEST,
    TAKEN,
    TYPE,
    WORST,
    exact,
    exp,
    fused,
    log,
    summing,
)
from tariffimpact.market.layout import Answers, Part, Problem
from tariffimpact.market.system import Array, Labels

_BUFFER = 2_048
"""Products whose exp is taken at once, more where one market has more."""
_NORMAL, _INFINITE = np.uint64(1 << 52), np.uint64(0x7FF << 52)
"""Bits of the smallest normal number and of infinity."""


@summing
def _sum(values: Array, first: int, size: int) -> float:
    part, total = values[first : first + size], 0.0
    for j in range(size):
        total += part[j]
    return total


@fused
def _fill(
    values: Array, utility: Array, u: int, cost: Array, c: int, size: int, slope: float,
    multiplicative: bool, logs: bool,
) -> bool:  # fmt: skip
    """Write exp(utility - slope x (log) cost), or its log; return whether a cost may be bad.

    As whole numbers the bits of a negative number, infinity or NaN are above those of any other.
    """
    value, worth, level = values[:size], utility[u : u + size], cost[c : c + size]
    low, top = _INFINITE if multiplicative else _NORMAL, np.uint64(0)
    if multiplicative:
        for j in range(size):
            bits = np.float64(level[j]).view(np.uint64)
            low, top = min(low, bits), max(top, bits)
            value[j] = worth[j] - slope * log(level[j])
        for j in range(0 if logs else size):
            value[j] = exp(value[j])
    elif logs:
        for j in range(size):
            top = max(top, np.float64(level[j]).view(np.uint64))
            value[j] = worth[j] - slope * level[j]
    else:
        for j in range(size):
            top = max(top, np.float64(level[j]).view(np.uint64))
            value[j] = exp(worth[j] - slope * level[j])
    return bool(low < _NORMAL or top >= _INFINITE)


@exact
def _firm_sums(values: Array, at: int, counts: Labels, first: int, last: int, firms: Array,
               i: int) -> bool:  # fmt: skip
    """Write the sums over the firms of the market in lane i; return if all are in range."""
    fits = True
    for f in range(first, last):
        total = _sum(values, at, counts[f])
        firms[f - first, TYPE + i] = total
        fits &= (total > UNDERFLOW) & (total < OVERFLOW)
        at += counts[f]
    return fits


@exact
def _firm_logs(values: Array, at: int, counts: Labels, first: int, last: int, firms: Array,
               i: int) -> None:  # fmt: skip
    """Write the logs of the sums of exp over the firms of the market in lane i."""
    for f in range(first, last):
        peak, total = ABSENT, 0.0
        for j in range(at, at + counts[f]):
            peak = values[j] if values[j] > peak or values[j] != values[j] else peak
        for j in range(at, at + counts[f]):
            total += exp(values[j] - peak)
        firms[f - first, TYPE + i] = peak if peak == ABSENT else log(total) + peak
        at += counts[f]


@exact
def _write(
    cost: Array, slope: float, counts: Labels, first: int, last: int, firms: Array, i: int,
    multiplicative: bool, prices: Array,
) -> None:  # fmt: skip
    """Write the prices of the market in lane i."""
    flat, at = 1.0 / slope, 0
    for f in range(first, last):
        markup = (1.0 + firms[f - first, ODDS + i]) * flat
        price, level = prices[at : at + counts[f]], cost[at : at + counts[f]]
        if multiplicative:
            for j in range(counts[f]):
                price[j] = level[j] * (1.0 + markup)
        else:
            for j in range(counts[f]):
                price[j] = level[j] + markup
        at += counts[f]


@exact
def _width(products: Labels, market: int) -> int:
    return int(products[market + 1] - products[market])


@exact
def _run(
    first: int, slopes: Array, own: int, products: Labels, rows: Labels, markets: Labels, room: int
) -> tuple[int, int]:
    """Return until which lane markets lie side by side with one slope, and their products."""
    slope, size = slopes[rows[first] * own + markets[first]], _width(products, markets[first])
    last = first + 1
    while last < markets.size and rows[last] == rows[first]:
        m = markets[last]
        more = _width(products, m)
        if m != markets[last - 1] + 1 or size + more > room:
            break
        if slopes[rows[last] * own + m] != slope:
            break
        last, size = last + 1, size + more
    return last, size


@exact
def _load(
    inputs: tuple[Array, Array, Array], own: tuple[int, int, int], counts: Labels,
    starts: Labels, products: Labels, rows: Labels, markets: Labels, values: Array, firms: Array,
    lane: Array, multiplicative: bool, logs: bool,
) -> bool:  # fmt: skip
    """Write sums of exp(utility - slope x (log) cost) per firm; return if all are in range.

    `logs`: write logs instead, of any range.
    """
    utility, slopes, cost = inputs
    first, fits = 0, True
    while first < markets.size:
        last, size = _run(first, slopes, own[1], products, rows, markets, values.size)
        r, m = rows[first], markets[first]
        slope, begin = slopes[r * own[1] + m], products[m]
        c = r * own[2] + begin
        bad = _fill(values, utility, r * own[0] + begin, cost, c, size, slope, multiplicative, logs)
        for w in range(first, last):
            m = markets[w]
            at = products[m] - begin
            if logs:
                _firm_logs(values, at, counts, starts[m], starts[m + 1], firms, w)
            else:
                fits &= _firm_sums(values, at, counts, starts[m], starts[m + 1], firms, w)
            lane[CURVE + w] = 1.0 / slope if multiplicative else 0.0
            wrong = bad and _bad_costs(cost, c + at, _width(products, m), multiplicative)
            lane[BAD + w] = 1.0 if wrong or not 0.0 < slope < np.inf else 0.0
        first = last
    return fits


@exact
def _bad_costs(cost: Array, c: int, size: int, multiplicative: bool) -> bool:
    """Return whether a cost is out of range."""
    least = SMALLEST if multiplicative else 0.0
    wrong = False
    for j in range(c, c + size):
        wrong |= not least <= cost[j] < np.inf
    return wrong


@exact
def _solve(
    inputs: tuple[Array, Array, Array], own: tuple[int, int, int], counts: Labels,
    starts: Labels, products: Labels, sequence: Labels, first_row: int, last_row: int,
    multiplicative: bool, prices: Array, residual: Array, steps: Labels,
) -> None:  # fmt: skip
    """Solve the markets of `sequence` in each row, some at a time; arrays are flat.

    `own` is the length of a row of utility, slope and cost, 0 where one row serves for all.
    """
    width = most = 1
    for m in sequence:
        width = max(width, _width(products, m))
        most = max(most, starts[m + 1] - starts[m])
    values, room = np.empty(max(_BUFFER, width)), np.empty((most, FIRM_ROW))
    lane = np.empty(LANE_ROW)
    all_rows, all_markets = np.empty((2, LANES), dtype=np.intp)
    size, many, r, k = products[-1], starts.size - 1, first_row, 0
    while r < last_row:
        here, most = 0, 1
        while here < LANES and r < last_row:
            m = sequence[k]
            all_rows[here], all_markets[here] = r, m
            most = max(most, starts[m + 1] - starts[m])
            here, k = here + 1, k + 1
            if k == sequence.size:
                r, k = r + 1, 0
        rows, markets, firms = all_rows[:here], all_markets[:here], room[:most]
        logs = False
        for trial in range(2):
            logs = trial == 1
            firms[:, :LANES] = ABSENT if logs else 0.0
            lane[CURVE : CURVE + LANES] = 1.0 if multiplicative else 0.0
            if _load(inputs, own, counts, starts, products, rows, markets, values, firms, lane,
                     multiplicative, logs):  # fmt: skip
                break
        newton(firms, lane, multiplicative, logs)
        for i in range(here):
            m, at = markets[i], rows[i] * many + markets[i]
            worst = np.nan if lane[BAD + i] > 0.0 else lane[WORST + i]
            residual[at], steps[at] = worst, int(lane[TAKEN + i])
            width, c = _width(products, m), rows[i] * own[2] + products[m]
            price = prices[rows[i] * size + products[m] :][:width]
            if worst <= TOLERANCE:
                _write(inputs[2][c : c + width], inputs[1][rows[i] * own[1] + m], counts,
                       starts[m], starts[m + 1], firms, i, multiplicative, price)  # fmt: skip
            else:
                price[:] = np.nan


def solve_part(problem: Problem, part: Part, answers: Answers, multiplicative: bool) -> None:
    """Solve a part in which firms weigh their products alike; `multiplicative`: CES."""
    sequence = np.arange(part.markets.start, part.markets.stop)
    firms = np.diff(problem.structure.firm_starts[part.markets.start : part.markets.stop + 1])
    if (firms != firms[0]).any():
        sequence = sequence[np.argsort(firms, kind="stable")]
    inputs = _read_only(problem.utility), _read_only(problem.slope), _read_only(problem.cost)
    utility, slope, cost = (
        x.shape[1] if len(x) > 1 else 0 for x in (problem.utility, problem.slope, problem.cost)
    )
    structure = problem.structure
    _solve(inputs, (utility, slope, cost), structure.product_counts, structure.firm_starts,
           structure.market_starts, sequence, part.rows.start, part.rows.stop, multiplicative,
           answers.prices.ravel(), answers.residual.ravel(),
           answers.iterations.ravel())  # fmt: skip


def _read_only(values: Array) -> Array:
    """Return the numbers flat and locked: compiled code has a version for each kind it is given."""
    flat = values.reshape(-1)
    flat.flags.writeable = False
    return flat
