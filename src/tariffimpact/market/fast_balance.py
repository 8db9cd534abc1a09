"""The conditions of `balance` for one market at a time, compiled by numba.

Arrays named by what they are of, cell, firm or nest, hold one market's numbers, with room to spare.
"""

from __future__ import annotations

from math import exp, log, log1p
from typing import NamedTuple

import numpy as np

from tariffimpact.market.balance import LEAST, LEAST_STILL
from tariffimpact.market.lanes import exact
from tariffimpact.market.system import Array, Labels


class Lone(NamedTuple):
    """One market: where its products, cells and firms are, and what it is given."""

    value: Array
    """Log weight within the nest at W = 0, by product."""
    extra: Array
    """1/t - 1 by product, 0 for a firm's best."""
    first: Labels
    """First product of each cell, and the number of products."""
    firm: Labels
    """Firm of each cell."""
    nest: Labels
    """Nest of each cell."""
    rest: Array
    """1 - nesting by nest."""
    even: bool
    """Whether no firm's products differ in weight."""
    curve: float


class Work(NamedTuple):
    """Room for the numbers of one market: a row for each quantity."""

    cell: Array
    firm: Array
    nest: Array
    matrix: Array


(WORTH, LOG_SHARE, KEPT, SHARE, MISSING, PULL, LEFT, NARROW, WEIGHT, STEEP, DRIFT, EARNED, SOLD,
 ERROR, KEPT_GAP, SLOPE, REACH, THROUGH, BY_SHARE, BY_INDEX, FIXED, GROSS) = range(22)  # fmt: skip
"""Rows of a cell's numbers."""
ODDS, INDEX, INDEX_LEFT, SUMMED, SUMMED_LEFT, GAP, MOVED, MOVE, MOST, BOUND, ROOM = range(11)
"""Rows of a firm's numbers."""
INCLUSIVE, SUM, NEST_SHARE, NEST_GAP, CHANGE, LOW, HIGH, PEAK = range(8)
"""Rows of a nest's numbers."""


@exact
def log_pull(pull: float, left: float, curve: float) -> float:
    """Return by how much W lowers a log weight; see `balance`."""
    return -log(left) / curve if curve > 0 else pull


@exact
def put_pull(market: Lone, work: Work, c: int, share: float, missing: float, kept: float) -> None:
    """Write W, mu and the divisor of a cell at a share within its nest."""
    cell, curve = work.cell, market.curve
    rest, f = market.rest[market.nest[c]], market.firm[c]
    scaled = (1 - rest) / (1 + rest * curve)
    narrow = 1 - scaled * share
    cell[NARROW, c] = narrow
    cell[PULL, c] = (scaled * rest * kept * share + rest * work.firm[INDEX, f]) / narrow
    left = (1 - rest) * missing + rest * work.firm[INDEX_LEFT, f]
    left = (left + scaled * share * curve * rest * (1 - kept)) / narrow
    cell[LEFT, c] = left if curve > 0 else 1.0


@exact
def still(market: Lone, work: Work, c: int, j: int) -> float:
    """Return 1 - e (g - 1) W/mu of product j of cell c."""
    left = 1 - market.curve * market.extra[j] * work.cell[PULL, c] / work.cell[LEFT, c]
    return left if left > LEAST_STILL else LEAST_STILL


@exact
def _put_weight(market: Lone, work: Work, c: int) -> float:
    """Write log B, -d log B/dW and d kappa/dW of a cell; return the mean of t."""
    cell, curve, rest = work.cell, market.curve, market.rest[market.nest[c]]
    common = log_pull(cell[PULL, c], cell[LEFT, c], curve)
    scale = rest * cell[LEFT, c]
    if market.even:
        cell[WEIGHT, c], cell[STEEP, c], cell[DRIFT, c] = (
            cell[WORTH, c] - common / rest, 1 / scale, 0.0,
        )  # fmt: skip
        return 1.0
    first, last = market.first[c], market.first[c + 1]
    peak = -np.inf
    for j in range(first, last):
        own = market.extra[j] * cell[PULL, c]
        if curve > 0:
            own = -log(still(market, work, c, j)) / curve
        value = market.value[j] - (common + own) / rest
        peak = max(peak, value)
    total = kept = falls = both = 0.0
    for j in range(first, last):
        sold = still(market, work, c, j)
        own = -log(sold) / curve if curve > 0 else market.extra[j] * cell[PULL, c]
        part = exp(market.value[j] - (common + own) / rest - peak)
        t = 1 / (1 + market.extra[j])
        fall = 1 + market.extra[j] / sold / cell[LEFT, c]
        total, kept, falls, both = (
            total + part, kept + part * t, falls + part * fall, both + part * t * fall,
        )  # fmt: skip
    kept, falls, both = kept / total, falls / total, both / total
    cell[WEIGHT, c] = log(total) + peak
    cell[STEEP, c], cell[DRIFT, c] = falls / scale, (kept * falls - both) / scale
    return kept


@exact
def close(market: Lone, work: Work) -> None:
    """Write b and 1 - b of each cell, and how far the b of each nest miss 1."""
    cell, nest = work.cell, work.nest
    count = market.rest.size
    nest[NEST_GAP, :count], nest[SUM, :count], nest[PEAK, :count] = 0.0, 0.0, 0.0
    for c in range(market.firm.size):
        share, g = exp(cell[LOG_SHARE, c]), market.nest[c]
        cell[SHARE, c] = share
        nest[NEST_GAP, g] += share
        if share > 0.5:
            nest[PEAK, g] += 1
        else:
            nest[SUM, g] += share
    for c in range(market.firm.size):
        g, share = market.nest[c], cell[SHARE, c]
        cell[MISSING, c] = max(1 - share, 0.0)
        if share > 0.5 and nest[PEAK, g] == 1 and nest[SUM, g] < 0.5:
            cell[SHARE, c], cell[MISSING, c] = 1 - nest[SUM, g], nest[SUM, g]
            cell[LOG_SHARE, c] = log1p(-nest[SUM, g])
    for g in range(count):
        fixed = nest[PEAK, g] == 1 and nest[SUM, g] < 0.5
        nest[NEST_GAP, g] = 0.0 if fixed else nest[NEST_GAP, g] - 1


@exact
def put_nest_shares(market: Lone, work: Work) -> float:
    """Write the share of each nest in the market; return log H."""
    nest, top, total = work.nest, 0.0, 0.0
    for g in range(market.rest.size):
        top = max(top, market.rest[g] * nest[INCLUSIVE, g])
    for g in range(market.rest.size):
        total += exp(market.rest[g] * nest[INCLUSIVE, g] - top)
    whole = top + log(exp(-top) + total)
    for g in range(market.rest.size):
        nest[NEST_SHARE, g] = exp(market.rest[g] * nest[INCLUSIVE, g] - whole)
    return whole


@exact
def put_index(market: Lone, work: Work, firms: int) -> None:
    """Write X and 1 - e X of each firm."""
    firm, curve = work.firm, market.curve
    for f in range(firms):
        whole = 1 + curve + curve * firm[ODDS, f]
        firm[INDEX, f], firm[INDEX_LEFT, f] = firm[ODDS, f] / whole, (1 + curve) / whole


@exact
def conditions(market: Lone, work: Work, firms: int) -> tuple[float, float]:
    """Write all conditions; return the largest of the nests, and of the firms."""
    cell, firm, nest, curve = work.cell, work.firm, work.nest, market.curve
    close(market, work)
    put_index(market, work, firms)
    outside = exp(-put_nest_shares(market, work))
    firm[SUMMED, :firms], firm[SUMMED_LEFT, :firms], firm[ROOM, :firms] = 0.0, 0.0, 0.0
    settled = firm_worst = 0.0
    for c in range(market.firm.size):
        f, g = market.firm[c], market.nest[c]
        rest, kept = market.rest[g], cell[KEPT, c]
        put_pull(market, work, c, cell[SHARE, c], cell[MISSING, c], kept)
        nu = 1 / (1 + rest * curve)
        cell[KEPT_GAP, c] = kept - _put_weight(market, work, c)
        cell[EARNED, c] = nu * (rest * kept + cell[PULL, c])
        cell[SOLD, c] = nest[NEST_SHARE, g] * cell[SHARE, c]
        cell[ERROR, c] = cell[LOG_SHARE, c] - cell[WEIGHT, c] + nest[INCLUSIVE, g]
        firm[SUMMED, f] += cell[SOLD, c] * cell[EARNED, c]
        lost = nu * cell[LEFT, c] + (1 - kept) * nu * rest * curve
        firm[SUMMED_LEFT, f] += cell[SOLD, c] * lost
        firm[ROOM, f] += cell[SOLD, c]
        settled = larger(settled, larger(abs(cell[ERROR, c]), abs(cell[KEPT_GAP, c])))
    others = outside
    for f in range(firms):
        others += 0.0 if firm[ROOM, f] > 0.5 else firm[ROOM, f]
    for g in range(market.rest.size):
        others -= nest[NEST_SHARE, g] * nest[NEST_GAP, g]
        settled = larger(settled, abs(nest[NEST_GAP, g]))
    for f in range(firms):
        firm[SUMMED, f] = max(firm[SUMMED, f], LEAST)
        firm[GAP, f] = log(firm[INDEX, f]) - log(firm[SUMMED, f])
        unsold = max(others, outside) if firm[ROOM, f] > 0.5 else 1 - firm[ROOM, f]
        firm[SUMMED_LEFT, f] += unsold
        if curve > 0:
            firm[GAP, f] += log(firm[SUMMED_LEFT, f]) - log(firm[INDEX_LEFT, f])
        firm_worst = larger(firm_worst, abs(firm[GAP, f]))
    return settled, firm_worst


@exact
def larger(one: float, two: float) -> float:
    """Return the larger number; NaN if either is."""
    return one if one > two or one != one else two
