"""A batch solved by numba: the compiled counterpart of `kernels.solve_part`.

Products are touched twice: to sum each firm's type, and to write prices.
"""

from __future__ import annotations

import numpy as np

from tariffimpact.market.aggregative import TOLERANCE
from tariffimpact.market.lanes import (
    ABSENT,
    BAD,
    CURVE,
    LANES,
    ODDS,
    SHIFT,
    SMALLEST,
    TAKEN,
    TYPE,
    WORST,
    exact,
    exp,
    fused,
    log,
    newton,
    summing,
)
from tariffimpact.market.layout import Answers, Part, Problem
from tariffimpact.market.system import Array, Labels

_BUFFER = 1_024
"""Products whose exp is taken at once, more where one market has more."""
_UNDERFLOW, _OVERFLOW = 1e-290, 1e300


@summing
def _sum(values: Array, first: int, size: int) -> float:
    part, total = values[first : first + size], 0.0
    for j in range(size):
        total += part[j]
    return total


@fused
def _fill(
    values: Array, at: int, utility: Array, u: int, cost: Array, c: int, size: int, slope: float,
    multiplicative: bool, shift: float,
) -> int:  # fmt: skip
    """Write utility - slope x (log) cost - shift from `at` on; return how many costs are bad."""
    value, worth, level = values[at : at + size], utility[u : u + size], cost[c : c + size]
    bad = 0
    if multiplicative:
        for j in range(size):
            value[j] = worth[j] - slope * log(level[j]) - shift
            bad += 0 if (level[j] >= SMALLEST) & (level[j] < np.inf) else 1
    else:
        for j in range(size):
            value[j] = worth[j] - slope * level[j] - shift
            bad += 0 if (level[j] >= 0.0) & (level[j] < np.inf) else 1
    return bad


@exact
def _firm_sums(values: Array, at: int, counts: Labels, first: int, last: int, firms: Array,
               i: int) -> bool:  # fmt: skip
    """Write the sums over the firms of the market in lane i; return if all are in range."""
    fits = True
    for f in range(first, last):
        total = _sum(values, at, counts[f])
        firms[f - first, TYPE + i] = total
        fits &= (total > _UNDERFLOW) & (total < _OVERFLOW)
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
    cost: Array, c: int, slope: float, counts: Labels, first: int, last: int, firms: Array, i: int,
    multiplicative: bool, solved: bool, prices: Array, p: int,
) -> None:  # fmt: skip
    """Write the prices of the market in lane i, NaN where it is not solved."""
    for f in range(first, last):
        markup = (1.0 + firms[f - first, ODDS + i]) / slope if solved else np.nan
        price, level = prices[p : p + counts[f]], cost[c : c + counts[f]]
        if multiplicative:
            for j in range(counts[f]):
                price[j] = level[j] * (1.0 + markup)
        else:
            for j in range(counts[f]):
                price[j] = level[j] + markup
        c += counts[f]
        p += counts[f]


@exact
def _width(products: Labels, market: int) -> int:
    return int(products[market + 1] - products[market])


@exact
def _load(
    inputs: tuple[Array, Array, Array], own: tuple[int, int, int], counts: Labels,
    starts: Labels, products: Labels, rows: Labels, markets: Labels, values: Array, firms: Array,
    lane: Array, multiplicative: bool, logs: bool,
) -> bool:  # fmt: skip
    """Write sums of exp(utility - slope x (log) cost - shift) per firm; return if all in range.

    The shift is the value of a market's first product. `logs`: write logs instead, of any range.
    """
    utility, slopes, cost = inputs
    waiting = held = 0
    fits = True
    for i in range(markets.size):
        r, m = rows[i], markets[i]
        slope = slopes[r * own[1] + m]
        at, size = products[m], _width(products, m)
        u, c = r * own[0] + at, r * own[2] + at
        shift = 0.0 if logs else utility[u] - slope * (log(cost[c]) if multiplicative else cost[c])
        bad = _fill(values, held, utility, u, cost, c, size, slope, multiplicative, shift)
        lane[SHIFT + i] = shift
        lane[CURVE + i] = 1.0 / slope if multiplicative else 0.0
        lane[BAD + i] = bad if 0.0 < slope < np.inf else 1.0
        held += size
        if i + 1 == markets.size or held + _width(products, markets[i + 1]) > values.size:
            for j in range(0 if logs else held):
                values[j] = exp(values[j])
            held = 0
            for w in range(waiting, i + 1):
                m = markets[w]
                if logs:
                    _firm_logs(values, held, counts, starts[m], starts[m + 1], firms, w)
                else:
                    fits &= _firm_sums(values, held, counts, starts[m], starts[m + 1], firms, w)
                held += _width(products, m)
            waiting, held = i + 1, 0
    return fits


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
    values, room = np.empty(max(_BUFFER, width)), np.empty((most, 4 * LANES))
    lane = np.empty(14 * LANES)
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
            lane[SHIFT : SHIFT + LANES] = 0.0
            lane[CURVE : CURVE + LANES] = 1.0 if multiplicative else 0.0
            if _load(inputs, own, counts, starts, products, rows, markets, values, firms, lane,
                     multiplicative, logs):  # fmt: skip
                break
        newton(firms, lane, multiplicative, logs)
        for i in range(here):
            m, at = markets[i], rows[i] * many + markets[i]
            worst = np.nan if lane[BAD + i] > 0.0 else lane[WORST + i]
            residual[at], steps[at] = worst, int(lane[TAKEN + i])
            _write(inputs[2], rows[i] * own[2] + products[m], inputs[1][rows[i] * own[1] + m],
                   counts, starts[m], starts[m + 1], firms, i, multiplicative, worst <= TOLERANCE,
                   prices, rows[i] * size + products[m])  # fmt: skip


def solve_part(problem: Problem, part: Part, answers: Answers, multiplicative: bool) -> None:
    """Solve a part in which firms weigh their products alike; `multiplicative`: CES."""
    sequence = np.arange(part.markets.start, part.markets.stop)
    firms = np.diff(problem.structure.firm_starts[part.markets.start : part.markets.stop + 1])
    if (firms != firms[0]).any():
        sequence = sequence[np.argsort(firms, kind="stable")]
    inputs = problem.utility.ravel(), problem.slope.ravel(), problem.cost.ravel()
    utility, slope, cost = (
        x.shape[1] if len(x) > 1 else 0 for x in (problem.utility, problem.slope, problem.cost)
    )
    structure = problem.structure
    _solve(inputs, (utility, slope, cost), structure.product_counts, structure.firm_starts,
           structure.market_starts, sequence, part.rows.start, part.rows.stop, multiplicative,
           answers.prices.ravel(), answers.residual.ravel(),
           answers.iterations.ravel())  # fmt: skip
