"""The joint Newton of `heterogeneous` compiled by numba, one market at a time.

The same unknowns, conditions, start and limits on steps as the array code, in loops.
"""

from __future__ import annotations

from math import exp, log, log1p

import numpy as np

from tariffimpact.market.aggregative import TOLERANCE
from tariffimpact.market.balance import LEAST, LEAST_STILL
from tariffimpact.market.cells import Counts
from tariffimpact.market.fast_balance import (
    BOUND,
    GAP,
    GROSS,
    INCLUSIVE,
    INDEX,
    KEPT,
    LEFT,
    LOG_SHARE,
    MISSING,
    MOST,
    MOVE,
    MOVED,
    NEST_SHARE,
    ODDS,
    PULL,
    ROOM,
    WEIGHT,
    WORTH,
    Lone,
    Work,
    close,
    conditions,
    larger,
    put_nest_shares,
    still,
)
from tariffimpact.market.fast_steps import (
    linearise,
    log_sums,
    move,
    put_changes,
)
from tariffimpact.market.heterogeneous import (
    AIM,
    FINE,
    PASSES,
    ROUNDING,
    SETTLED,
    Markups,
)
from tariffimpact.market.lanes import alone, exact
from tariffimpact.market.system import Array, Labels

_PACES = np.array([pace for pace, _ in PASSES])
_LIMITS = np.array([limit for _, limit in PASSES])


@exact
def _load(market: Lone, work: Work) -> None:
    """Turn values into log weights at the least markups, and sum them by cell."""
    cell, curve = work.cell, market.curve
    for c in range(market.firm.size):
        rest = market.rest[market.nest[c]]
        least = log1p(rest * curve) / curve if curve > 0 else rest
        peak, gross = -np.inf, 1.0
        for j in range(market.first[c], market.first[c + 1]):
            market.value[j] = (market.value[j] - least) / rest
            peak, gross = max(peak, market.value[j]), max(gross, 1 + market.extra[j])
        total = kept = 0.0
        for j in range(market.first[c], market.first[c + 1]):
            part = exp(market.value[j] - peak)
            total, kept = total + part, kept + part / (1 + market.extra[j])
        cell[WORTH, c], cell[KEPT, c], cell[GROSS, c] = log(total) + peak, kept / total, gross


@exact
def _start(market: Lone, work: Work, firms: int) -> None:
    """Start where each firm best replies to rivals at their least markups."""
    cell, firm, nest, curve = work.cell, work.firm, work.nest, market.curve
    _load(market, work)
    log_sums(market, work, WORTH, INCLUSIVE)
    whole = put_nest_shares(market, work)
    for c in range(market.firm.size):
        cell[LOG_SHARE, c] = cell[WORTH, c] - nest[INCLUSIVE, market.nest[c]]
    close(market, work)
    everywhere = 0.0
    for g in range(market.rest.size):
        everywhere += nest[NEST_SHARE, g]
    firm[BOUND, :firms], firm[ROOM, :firms] = -np.inf, 0.0
    firm[MOVE, :firms], firm[MOVED, :firms] = 0.0, 0.0
    for c in range(market.firm.size):
        f, rest = market.firm[c], market.rest[market.nest[c]]
        least = log1p(rest * curve) / curve if curve > 0 else rest
        cell[WEIGHT, c] = rest * cell[WORTH, c] + least
        firm[BOUND, f] = max(firm[BOUND, f], cell[WEIGHT, c])
        firm[MOVED, f] += nest[NEST_SHARE, market.nest[c]]
        firm[MOVE, f] += nest[NEST_SHARE, market.nest[c]] * cell[MISSING, c] ** rest
    firm[GAP, :firms] = 0.0
    for c in range(market.firm.size):
        f = market.firm[c]
        part = exp(cell[WEIGHT, c] - firm[BOUND, f])
        firm[ROOM, f] += part
        firm[GAP, f] += part * cell[KEPT, c]
    for f in range(firms):
        kind = log(firm[ROOM, f]) + firm[BOUND, f]
        rivals = exp(-whole) + max(everywhere - firm[MOVED, f], 0.0) + firm[MOVE, f]
        firm[MOST, f] = max(alone(kind, curve), LEAST)
        reply, mean = alone(kind - whole - log(rivals), curve), firm[GAP, f] / firm[ROOM, f]
        reply = mean * reply * (1 + curve) / (1 + curve + curve * reply * (1 - mean))
        firm[ODDS, f] = min(max(reply, LEAST), firm[MOST, f])


@exact
def _solve(market: Lone, work: Work, firms: int, pace: float, limit: int) -> tuple[float, int]:
    """Solve one market; return its residual and the steps taken."""
    _start(market, work, firms)
    size = 1.0
    for c in range(market.firm.size):
        size = max(size, 1 + abs(work.cell[WORTH, c]))
    joint, steps, before = False, 0, np.inf
    while True:
        settled, worst = conditions(market, work, firms)
        residual = larger(settled, worst)
        aim = AIM if 4 * residual > before else FINE
        if not residual > aim * size or steps == limit:
            break
        steps, before = steps + 1, residual
        joint = joint or settled < SETTLED
        linearise(market, work, firms, joint)
        put_changes(market, work, firms)
        move(market, work, firms, pace if joint else 1.0)
    reach = 1.0
    for f in range(firms):
        if market.curve == 0:
            reach = max(reach, 1 + work.firm[INDEX, f])
    return residual * reach, steps


@exact
def _put_markups(market: Lone, work: Work, markup: Array, residual: float) -> float:
    """Write the markups; return the residual as it shows in them, see `heterogeneous`."""
    least, size, cell = 1.0, 1.0, work.cell
    for c in range(market.firm.size):
        rest = market.rest[market.nest[c]]
        for j in range(market.first[c], market.first[c + 1]):
            sold = 1.0 if market.even else still(market, work, c, j)
            least = min(least, sold)
            markup[j] = (rest + (1 + market.extra[j]) * cell[PULL, c]) / cell[LEFT, c] / sold
        size = max(size, 1 + abs(cell[WORTH, c]))
    if least <= LEAST_STILL:
        return np.inf
    return larger(residual, ROUNDING * size) / least if least < 1 else residual


@exact
def _each(
    value: Array, extra: Array, counts: tuple[Labels, ...], rest: Array, curve: Array,
    markup: Array, index: Array, residual: Array, iterations: Labels,
) -> None:  # fmt: skip
    """Solve every market."""
    products, cells, firms, nests, nest = counts
    most = nests.max()
    work = Work(np.empty((22, _widest(cells, firms))), np.empty((11, firms.max())),
                 np.empty((8, most)), np.empty((most, most + 1)))  # fmt: skip
    j = c = f = g = 0
    for m in range(firms.size):
        count = 0
        owner = np.empty(_sum(cells, f, f + firms[m]), dtype=np.intp)
        for k in range(firms[m]):
            for _ in range(cells[f + k]):
                owner[count] = k
                count += 1
        first = np.zeros(count + 1, dtype=np.intp)
        first[1:] = np.cumsum(products[c : c + count])
        here = slice(j, j + first[count])
        even = bool((extra[here] == 0).all())
        for trial in range(_PACES.size):
            market = Lone(value[here].copy(), extra[here], first, owner, nest[c : c + count],
                             rest[g : g + nests[m]], even, curve[m])  # fmt: skip
            worst, steps = _solve(market, work, firms[m], _PACES[trial], _LIMITS[trial])
            iterations[m] += steps
            residual[m] = _put_markups(market, work, markup[here], worst)
            index[f : f + firms[m]] = work.firm[INDEX, : firms[m]]
            if residual[m] <= TOLERANCE or np.isinf(residual[m]):
                break
        j, c, f, g = j + first[count], c + count, f + firms[m], g + nests[m]


@exact
def _sum(values: Labels, first: int, last: int) -> int:
    total = 0
    for i in range(first, last):
        total += values[i]
    return total


@exact
def _widest(cells: Labels, firms: Labels) -> int:
    """Return the most cells of a market."""
    most, f = 1, 0
    for m in range(firms.size):
        most = max(most, _sum(cells, f, f + firms[m]))
        f += firms[m]
    return most


def solve_cells(
    *, value: Array, gross: Array, counts: Counts, nesting: Array, curve: Array
) -> Markups:
    """Solve every market for the markup of each product; see `heterogeneous.solve_cells`."""
    heads = np.cumsum(counts.cells) - counts.cells
    starts = np.cumsum(counts.products) - counts.products
    best = np.minimum.reduceat(gross, starts[heads])
    of = np.repeat(np.repeat(np.arange(best.size), counts.cells), counts.products)
    found = Markups(np.empty(value.size), np.empty(best.size), np.empty(curve.size),
                    np.zeros(curve.size, dtype=np.intp))  # fmt: skip
    each = counts.products, counts.cells, counts.firms, counts.nests, counts.nest
    _each(value, gross / best[of] - 1, each, 1 - nesting, curve, found.markup, found.index,
          found.residual, found.iterations)  # fmt: skip
    return Markups(found.markup, found.index / best, found.residual, found.iterations)
