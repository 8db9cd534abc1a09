"""The Newton step of `steps` for one market at a time, compiled by numba."""

from __future__ import annotations

from math import exp, log, log1p

import numpy as np

from tariffimpact.market.balance import (
    LEAST,
)
from tariffimpact.market.fast_balance import (
    BY_INDEX,
    BY_SHARE,
    CHANGE,
    DRIFT,
    EARNED,
    ERROR,
    FIXED,
    GAP,
    GROSS,
    HIGH,
    INCLUSIVE,
    INDEX,
    INDEX_LEFT,
    KEPT,
    KEPT_GAP,
    LEFT,
    LOG_SHARE,
    LOW,
    MOST,
    MOVE,
    MOVED,
    NARROW,
    NEST_GAP,
    NEST_SHARE,
    ODDS,
    PEAK,
    PULL,
    REACH,
    ROOM,
    SHARE,
    SLOPE,
    SOLD,
    STEEP,
    SUM,
    SUMMED,
    SUMMED_LEFT,
    THROUGH,
    WEIGHT,
    WORTH,
    Lone,
    Work,
    log_pull,
    put_index,
    put_pull,
)
from tariffimpact.market.heterogeneous import LONGEST
from tariffimpact.market.lanes import exact
from tariffimpact.market.system import Array


@exact
def linearise(market: Lone, work: Work, firms: int, joint: bool) -> None:
    """Write how b and X answer to d and H; see `steps.newton_step`."""
    cell, firm, curve = work.cell, work.firm, market.curve
    for f in range(firms):
        firm[MOVED, f] = 1 / firm[SUMMED, f] + curve / firm[SUMMED_LEFT, f]
        firm[ROOM, f] = 1 / firm[INDEX, f] + curve / firm[INDEX_LEFT, f]
        firm[MOVE, f] = 0.0
    for c in range(market.firm.size):
        f, rest = market.firm[c], market.rest[market.nest[c]]
        nu, drift, narrow = 1 / (1 + rest * curve), cell[DRIFT, c], cell[NARROW, c]
        by_kept = (1 - rest) * nu * rest * cell[SHARE, c] / narrow
        scale = 1 / (1 - drift * by_kept)
        by_share = (1 - rest) * cell[EARNED, c] * cell[SHARE, c] / narrow * scale
        by_index = rest / narrow * scale
        fixed = -by_kept * scale * cell[KEPT_GAP, c]
        slope = 1 + cell[STEEP, c] * by_share
        error = (cell[ERROR, c] + cell[STEEP, c] * fixed) / slope
        reach = cell[STEEP, c] * by_index / slope
        gain = nu * (1 + rest * drift)
        strength = cell[SOLD, c] * (cell[EARNED, c] + gain * by_share)
        firm[ROOM, f] -= firm[MOVED, f] * (cell[SOLD, c] * gain * by_index - strength * reach)
        firm[MOVE, f] += cell[SOLD, c] * (gain * fixed - nu * rest * cell[KEPT_GAP, c])
        firm[MOVE, f] -= strength * error
        cell[ERROR, c], cell[SLOPE, c], cell[REACH, c] = error, slope, reach
        cell[BY_SHARE, c], cell[BY_INDEX, c], cell[FIXED, c] = by_share, by_index, fixed
        cell[THROUGH, c] = cell[SOLD, c] * cell[EARNED, c] * rest - strength / slope
    for f in range(firms):
        firm[MOVED, f] = firm[MOVED, f] / firm[ROOM, f] if joint else 0.0
        start = -firm[GAP, f] / firm[ROOM, f] if joint else 0.0
        firm[MOVE, f] = start + firm[MOVED, f] * firm[MOVE, f]


@exact
def put_changes(market: Lone, work: Work, firms: int) -> None:
    """Write the changes of d, then of X: one linear system as large as there are nests."""
    cell, firm, nest, matrix = work.cell, work.firm, work.nest, work.matrix
    count = market.rest.size
    matrix[:count, : count + 1] = 0.0
    begin = 0
    for g in range(count):
        matrix[g, count] = nest[NEST_GAP, g]
    for c in range(market.firm.size):
        f, g = market.firm[c], market.nest[c]
        spent = cell[SHARE, c] * cell[REACH, c]
        matrix[g, g] += cell[SHARE, c] / cell[SLOPE, c]
        matrix[g, count] -= cell[SHARE, c] * cell[ERROR, c] + spent * firm[MOVE, f]
        draw = spent * firm[MOVED, f]
        for k in range(count):
            matrix[g, k] -= draw * firm[SUMMED, f] * nest[NEST_SHARE, k] * market.rest[k]
        begin = c if c == 0 or market.firm[c - 1] != f else begin
        other = begin
        while other < market.firm.size and market.firm[other] == f:
            matrix[g, market.nest[other]] += draw * cell[THROUGH, other]
            other += 1
    _eliminate(matrix, count)
    total = 0.0
    for g in range(count):
        nest[CHANGE, g] = matrix[g, count]
        total += nest[NEST_SHARE, g] * market.rest[g] * nest[CHANGE, g]
    for f in range(firms):
        firm[MOVE, f] -= firm[MOVED, f] * firm[SUMMED, f] * total
    for c in range(market.firm.size):
        f = market.firm[c]
        firm[MOVE, f] += firm[MOVED, f] * cell[THROUGH, c] * nest[CHANGE, market.nest[c]]


@exact
def _eliminate(matrix: Array, count: int) -> None:
    """Solve matrix[:, :count] x = matrix[:, count] in place; x goes to the last column."""
    for k in range(count):
        best = k
        for i in range(k + 1, count):
            if abs(matrix[i, k]) > abs(matrix[best, k]):
                best = i
        for j in range(k, count + 1):
            matrix[k, j], matrix[best, j] = matrix[best, j], matrix[k, j]
        for i in range(k + 1, count):
            ratio = matrix[i, k] / matrix[k, k]
            for j in range(k, count + 1):
                matrix[i, j] -= ratio * matrix[k, j]
    for k in range(count - 1, -1, -1):
        for j in range(k + 1, count):
            matrix[k, count] -= matrix[k, j] * matrix[j, count]
        matrix[k, count] /= matrix[k, k]


@exact
def move(market: Lone, work: Work, firms: int, reach: float) -> None:
    """Move the unknowns by what was written, inside their bounds."""
    cell, firm, nest, curve = work.cell, work.firm, work.nest, market.curve
    for c in range(market.firm.size):
        index, change = firm[MOVE, market.firm[c]], nest[CHANGE, market.nest[c]]
        by = -cell[ERROR, c] - change / cell[SLOPE, c] - cell[REACH, c] * index
        pull = cell[BY_SHARE, c] * by + cell[BY_INDEX, c] * index + cell[FIXED, c]
        now, by = cell[LOG_SHARE, c], reach * by
        most = log1p(-min(0.1 * max(1 - cell[SHARE, c], 0.0), 0.5))
        up, down = now + by, max(now + by, now - LONGEST)
        cell[LOG_SHARE, c] = (most if most < up else up) if by > 0 else down
        kept = cell[KEPT, c] + reach * (cell[DRIFT, c] * pull - cell[KEPT_GAP, c])
        cell[KEPT, c] = min(max(kept, 1 / cell[GROSS, c]), 1.0)
    for f in range(firms):
        odds = firm[ODDS, f]
        change = reach * firm[MOVE, f] * (1 + curve + curve * odds) ** 2 / (1 + curve)
        longer = odds + max(change, -0.9 * odds)
        if odds < 1:
            ratio = change / odds
            longer = odds * exp(min(max(ratio, -LONGEST), LONGEST))
            if ratio > 0:
                longer = min(longer, max(1.0, odds + change))
        firm[ODDS, f] = min(max(longer, LEAST), firm[MOST, f])
    put_index(market, work, firms)
    _bound(market, work)
    for g in range(market.rest.size):
        moved = nest[INCLUSIVE, g] + reach * nest[CHANGE, g]
        nest[INCLUSIVE, g] = min(max(moved, nest[LOW, g] - 1e-9), nest[HIGH, g] + 1e-9)


@exact
def _bound(market: Lone, work: Work) -> None:
    """Write the least and largest inclusive value of each nest at the firms' X."""
    cell, nest, curve = work.cell, work.nest, market.curve
    count = market.rest.size
    nest[LOW, :count] = -np.inf
    for c in range(market.firm.size):
        g = market.nest[c]
        put_pull(market, work, c, 1.0, 0.0, 1.0)
        low = cell[GROSS, c] * log_pull(cell[PULL, c], cell[LEFT, c], curve) / market.rest[g]
        if not (curve > 0 and cell[GROSS, c] > 1):
            nest[LOW, g] = max(nest[LOW, g], cell[WORTH, c] - low)
        put_pull(market, work, c, 0.0, 1.0, 0.0)
        high = log_pull(cell[PULL, c], cell[LEFT, c], curve) / market.rest[g]
        cell[WEIGHT, c] = cell[WORTH, c] - high
    log_sums(market, work, WEIGHT, HIGH)


@exact
def log_sums(market: Lone, work: Work, what: int, to: int) -> None:
    """Write the log of the sum of exp of a cell's numbers over each nest."""
    cell, nest, count = work.cell, work.nest, market.rest.size
    nest[PEAK, :count], nest[SUM, :count] = -np.inf, 0.0
    for c in range(market.firm.size):
        g = market.nest[c]
        nest[PEAK, g] = max(nest[PEAK, g], cell[what, c])
    for c in range(market.firm.size):
        g = market.nest[c]
        nest[SUM, g] += exp(cell[what, c] - nest[PEAK, g])
    for g in range(count):
        nest[to, g] = log(nest[SUM, g]) + nest[PEAK, g]
