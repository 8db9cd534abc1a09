r"""The joint Newton of `aggregative` for 32 markets in step, compiled by numba to vector code.

The same conditions and results. Steps are of third order (Chebyshev's), which costs little here:
with u = (r + dh)/a, a = S dr/dS and w = S/a, a step moves z by :math:`-z(1+z)u + b((1+z)u)^2/2`
and S by :math:`-Su + (b - 2Sz)u^2/2`, where :math:`b = w(1 + 2z + e(a-1)^2)`. They start from the
h of a market of equal firms, as many as its concentration says: two steps mostly do.
"""

from __future__ import annotations

import math

from tariffimpact.market.aggregative import AIM, LIMIT, MOST_AIM
from tariffimpact.market.first_guess import FLOOR, LEADING, LEAST, START
from tariffimpact.market.lanes import (
    ABSENT,
    BEND,
    CURVE,
    DROP,
    ERROR,
    FLAT,
    GAP,
    LANES,
    ODDS,
    OUTSIDE,
    PULL,
    SECOND,
    SHIFT,
    SIZE,
    STEP,
    TAKEN,
    TURN,
    TYPE,
    UNIT,
    UPPER,
    WHOLE,
    WORST,
    H,
    alone,
    exact,
    exp,
    fused,
    log,
)
from tariffimpact.market.system import Array

FAINT = 1e-280
"""Odds below which a firm's condition is not looked at: it sells nothing, or only fills a lane."""


@exact
def _behind_leader(firms: Array, lane: Array, i: int, multiplicative: bool) -> None:
    """Write first h and odds of lane i from its leader's reply, and cut its types off again.

    See `first_guess._behind_leader`; the types as given wait where slopes will be.
    """
    curve = lane[CURVE + i] if multiplicative else 0.0
    upper, least, others, leader = lane[UPPER + i], lane[PULL + i], 0.0, 0
    for f in range(firms.shape[0]):
        low = math.exp(firms[f, FLAT + i] - upper - least)
        if low > LEADING:
            leader = f
        else:
            others += low
    away = upper + math.log(others) if others > 0 else -math.inf
    rivals = max(away, 0.0) + math.log1p(math.exp(-abs(away)))
    firms[leader, ODDS + i] = alone(firms[leader, FLAT + i] - rivals, curve)
    top = 0.0
    for f in range(firms.shape[0]):
        plus = 1.0 + firms[f, ODDS + i]
        tail = math.log1p(curve * plus) / curve if multiplicative else plus
        firms[f, ERROR + i] = firms[f, FLAT + i] - tail
        top = max(top, firms[f, ERROR + i])
    total = math.exp(-top)
    for f in range(firms.shape[0]):
        total += math.exp(firms[f, ERROR + i] - top)
    lane[H + i] = top + math.log(total)
    for f in range(firms.shape[0]):
        firms[f, TYPE + i] = max(firms[f, FLAT + i], lane[H + i] - FLOOR)
        if f != leader:
            low = math.exp(min(firms[f, TYPE + i] - lane[H + i] - least, 0.0))
            near = 1.0 + START * max(low, LEAST)
            firms[f, ODDS + i] = max(low, LEAST) * near / (near + 0.5 * low * low)


@exact
def _sums(firms: Array, lane: Array, logs: bool) -> None:
    """Write log types to TYPE, and to ODDS types in units of exp(shift), and their sums to DROP."""
    for i in range(LANES):
        lane[DROP + i], lane[SHIFT + i] = 0.0, 0.0
    if logs:
        for f in range(firms.shape[0]):
            firm = firms[f]
            for i in range(LANES):
                own = firm[TYPE + i]
                lane[SHIFT + i] = own if own > lane[SHIFT + i] else lane[SHIFT + i]
    for f in range(firms.shape[0]):
        firm = firms[f]
        for i in range(LANES):
            given = firm[TYPE + i]
            total = exp(given - lane[SHIFT + i]) if logs else given
            own = given if logs else log(given)
            firm[TYPE + i] = own if total > 0.0 or logs else ABSENT
            firm[ODDS + i] = total
            lane[DROP + i] += total


@exact
def _start(firms: Array, lane: Array, multiplicative: bool) -> None:
    """Cut off types where exp underflows; write the upper end of h, first h and first odds."""
    for i in range(LANES):
        lane[PULL + i] = 1.0
        if multiplicative:
            lane[PULL + i] = log(1.0 + lane[CURVE + i]) / lane[CURVE + i]
        total = lane[DROP + i] if lane[DROP + i] > LEAST else LEAST
        away = lane[SHIFT + i] - lane[PULL + i] + log(total)
        upper = (away if away > 0.0 else 0.0) + log(1.0 + exp(-abs(away)))
        lane[UPPER + i], lane[STEP + i] = upper, exp(lane[SHIFT + i] - lane[PULL + i] - upper)
        lane[DROP + i], lane[SECOND + i], lane[WORST + i] = 0.0, 0.0, 0.0
        lane[TAKEN + i], lane[SIZE + i] = 0.0, 0.0
    for f in range(firms.shape[0]):
        firm = firms[f]
        for i in range(LANES):
            given, least = firm[TYPE + i], lane[UPPER + i] - FLOOR
            own = least if given < least else given
            size = 0.0 if given == ABSENT else abs(own)
            lane[SIZE + i] = size if size > lane[SIZE + i] else lane[SIZE + i]
            low = firm[ODDS + i] * lane[STEP + i]
            low = low if low > LEAST else LEAST
            lane[DROP + i] += low
            lane[SECOND + i] += low * low
            lane[WORST + i] = low if low > lane[WORST + i] else lane[WORST + i]
            firm[ODDS + i], firm[TYPE + i], firm[FLAT + i] = low, own, given
    _as_if_equal(lane)
    for f in range(firms.shape[0]):
        firm = firms[f]
        for i in range(LANES):
            low = firm[ODDS + i] * lane[STEP + i]
            near = 1.0 + START * low
            firm[ODDS + i] = low * near / (near + 0.5 * low * low)
    for i in range(LANES):
        aim = AIM * (1.0 + lane[SIZE + i] + lane[UPPER + i])
        lane[SIZE + i] = aim if aim < MOST_AIM else MOST_AIM
        if lane[WORST + i] > LEADING:
            _behind_leader(firms, lane, i, multiplicative)


@fused
def _as_if_equal(lane: Array) -> None:
    """Write h of a market of equal firms, to first order in logs, and by how much odds rise."""
    for i in range(LANES):
        total = lane[DROP + i]
        mean = lane[SECOND + i] / total
        near = 1.0 + START * mean
        ratio = near / (near + 0.5 * mean * mean)
        odds = mean * ratio
        plus = 1.0 + odds
        bent = 1.0 + lane[CURVE + i] * plus
        pull = bent / (bent + odds * plus)
        change = log(ratio / plus) * total / (pull * total + exp(-lane[UPPER + i]))
        change = change if change > -lane[UPPER + i] else -lane[UPPER + i]
        lane[H + i], lane[STEP + i] = lane[UPPER + i] + change, exp(-change)


@fused
def _conditions(firms: Array, lane: Array, multiplicative: bool) -> None:
    """Write every firm's error and slopes, and their sums over the firms of each market."""
    for i in range(LANES):
        outside = exp(-lane[H + i])
        lane[GAP + i], lane[DROP + i], lane[OUTSIDE + i] = outside, outside, outside
        lane[PULL + i], lane[WHOLE + i], lane[WORST + i], lane[UNIT + i] = 0.0, -1.0, 0.0, 1.0
    for f in range(firms.shape[0]):
        firm = firms[f]
        _slopes(firm, lane, multiplicative)
        for i in range(LANES):
            odds, left, flat = firm[ODDS + i], firm[ERROR + i], firm[TURN + i]
            share = odds * left
            error = log(share) + firm[FLAT + i] + lane[H + i] - firm[TYPE + i]
            fall = share * flat
            bend = fall * (1.0 + odds + odds) + share * (1.0 - flat) * firm[BEND + i]
            firm[ERROR + i], firm[FLAT + i] = error, flat
            firm[BEND + i], firm[TURN + i] = bend, bend - 2.0 * share * odds
            lane[PULL + i] += error * fall
            lane[DROP + i] += fall
            # one firm with nearly all: its S - 1 is -1/(1 + z), no digit lost
            lane[GAP + i] += -left if odds > 1.0 else share
            lane[WHOLE + i] += 1.0 if odds > 1.0 else 0.0
            unit = left if odds > 1.0 else 1.0
            lane[UNIT + i] = unit if unit < lane[UNIT + i] else lane[UNIT + i]
            size = abs(error) if odds > FAINT else 0.0
            lane[WORST + i] = lane[WORST + i] if lane[WORST + i] > size else size


@fused
def _slopes(firm: Array, lane: Array, multiplicative: bool) -> None:
    """Write 1/(1 + z) to ERROR, 1/a to TURN, log(1 + e(1 + z))/e to FLAT and e(a - 1) to BEND.

    Under CES odds may be so large that their square is out of range.
    """
    if multiplicative:
        for i in range(LANES):
            odds, plus = firm[ODDS + i], 1.0 + firm[ODDS + i]
            bent = lane[CURVE + i] * plus
            one = 1.0 + bent
            apart = odds / one * plus
            firm[ERROR + i], firm[TURN + i] = 1.0 / plus, 1.0 / (1.0 + apart)
            firm[FLAT + i] = (log(one) + (bent - (one - 1.0)) / one) / lane[CURVE + i]
            firm[BEND + i] = lane[CURVE + i] * apart
    else:
        for i in range(LANES):
            odds, plus = firm[ODDS + i], 1.0 + firm[ODDS + i]
            pull = 1.0 + odds * plus
            inverse = 1.0 / (plus * pull)
            firm[ERROR + i], firm[TURN + i] = pull * inverse, plus * inverse
            firm[FLAT + i], firm[BEND + i] = plus, 0.0


@exact
def _judge(lane: Array) -> bool:
    """Write each market's largest condition, and a step of h to second order if it must move."""
    for i in range(LANES):
        gap = lane[GAP + i] + lane[WHOLE + i]
        size = abs(gap) / lane[UNIT + i]
        worst = lane[WORST + i] if lane[WORST + i] > size else size
        go = 1.0 if worst > lane[SIZE + i] else 0.0
        change = (gap - lane[PULL + i]) / lane[DROP + i]
        lane[STEP + i], lane[SECOND + i] = change, lane[OUTSIDE + i] * change * change
        lane[WORST + i], lane[UNIT + i] = worst, go
        lane[TAKEN + i] += go
    moving = False
    for i in range(LANES):
        moving |= lane[UNIT + i] > 0.0
    return moving


@fused
def _move(firms: Array, lane: Array) -> None:
    """Move h and odds where a market must move."""
    for f in range(firms.shape[0]):
        firm = firms[f]
        for i in range(LANES):
            by = firm[FLAT + i] * (firm[ERROR + i] + lane[STEP + i])
            lane[SECOND + i] += firm[TURN + i] * by * by
    for i in range(LANES):
        more = 0.5 * lane[SECOND + i] / lane[DROP + i]
        more = -0.5 if more < -0.5 else more
        more = 0.5 if more > 0.5 else more
        h = lane[H + i] + (lane[STEP + i] + more)
        h = 0.0 if h < 0.0 else h
        h = lane[UPPER + i] if h > lane[UPPER + i] else h
        lane[STEP + i] = h - lane[H + i]
        lane[H + i] = h if lane[UNIT + i] > 0.0 else lane[H + i]
    for f in range(firms.shape[0]):
        firm = firms[f]
        for i in range(LANES):
            odds = firm[ODDS + i]
            by = (1.0 + odds) * firm[FLAT + i] * (firm[ERROR + i] + lane[STEP + i])
            by = 0.9 if by > 0.9 else by
            moved = odds + by * (0.5 * firm[BEND + i] * by - odds)
            firm[ODDS + i] = moved if lane[UNIT + i] > 0.0 else odds


@exact
def newton(firms: Array, lane: Array, multiplicative: bool, logs: bool) -> None:
    """Solve the markets in the lanes: h and odds; see `aggregative`. `logs`: types are in logs."""
    _sums(firms, lane, logs)
    _start(firms, lane, multiplicative)
    for step in range(LIMIT + 1):
        _conditions(firms, lane, multiplicative)
        if not _judge(lane) or step == LIMIT:
            break
        _move(firms, lane)
