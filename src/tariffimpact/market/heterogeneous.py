"""Firms whose own products differ in duty or lie in several nests: logit and CES, many markets.

One markup no longer serves all products of a firm; one number per firm and nest does. The joint
Newton of `balance` starts where each firm best replies to rivals at their least markups, first
lets the nests settle, and is repeated with shorter steps on the markets it leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tariffimpact.market.aggregative import TOLERANCE
from tariffimpact.market.balance import (
    LEAST,
    LEAST_STILL,
    Conditions,
    Given,
    Point,
    conditions,
    log_pull,
    pull_of,
    still_sold,
)
from tariffimpact.market.cells import Cells, Counts
from tariffimpact.market.first_guess import alone
from tariffimpact.market.steps import newton_step
from tariffimpact.market.system import Array, Labels

AIM, FINE = 1e-14, 1e-15
"""Conditions, over the largest log weight, at which steps end if they no longer help, or anyway."""
PASSES = ((1.0, 30), (0.3, 150))
"""Length of the joint steps, and how many are taken at most: first, and on what is left."""
SETTLED = 0.3
"""Conditions of the nests below which the profit indices start to move."""
LONGEST = 50.0
ROUNDING = 4e-15


@dataclass(frozen=True, slots=True)
class Markups:
    """Solutions of many markets at once."""

    markup: Array
    """alpha (p - k) under logit, (elasticity - 1)(p - k)/k under CES, shape (P,)."""
    index: Array
    """alpha x profit per consumer (per unit of outlay), 1/t = 1 for a firm's best, shape (N,)."""
    residual: Array
    """Largest condition per market, shape (M,); NaN where input is, infinite where a firm earns
    most by withdrawing a product, so that no finite price meets its condition."""
    iterations: Labels
    """Newton steps per market, shape (M,)."""


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Where a solution can lie."""

    worth: Array
    """log B of each cell at the least markups."""
    most: Array
    """z of each firm if it were alone."""
    steepest: Array
    """Largest gross of each cell."""


def solve_cells(
    *, value: Array, gross: Array, counts: Counts, nesting: Array, curve: Array
) -> Markups:
    """Solve every market for the markup of each product.

    Parameters
    ----------
    value
        Log weight at cost: utility - alpha k, or log quality - (elasticity - 1) log k, shape (P,),
        the products of a cell adjacent, then the cells of a firm.
    gross
        1 over the share of its profit the firm keeps, shape (P,), positive; only ratios within a
        firm matter.
    counts
        Products of each cell, and so on.
    nesting
        Nesting parameter of each nest, in [0, 1), shape (G,).
    curve
        e of each market, shape (M,): 0 for logit, 1/(elasticity - 1) for CES.

    Examples
    --------
    >>> one = solve_cells(value=np.array([2.0]), gross=np.array([1.0]), nesting=np.zeros(1),
    ...                   counts=Counts.plain(np.array([1]), np.array([1])), curve=np.zeros(1))
    >>> z = one.markup[0] - 1; float(round(z * np.exp(z) / np.e, 12))
    1.0
    """
    whole: Markups | None = None
    left = np.ones(counts.firms.size, dtype=np.bool_)
    for pace, limit in PASSES:
        firms = np.repeat(left, counts.firms)
        cells = np.repeat(firms, counts.cells)
        products = np.repeat(cells, counts.products)
        with np.errstate(all="ignore"):
            found = _attempt(value[products], gross[products], counts.only(left),
                             nesting[np.repeat(left, counts.nests)], curve[left], pace,
                             limit)  # fmt: skip
        if whole is None:
            whole = found
        else:
            whole.markup[products], whole.index[firms] = found.markup, found.index
            whole.residual[left] = found.residual
            whole.iterations[left] += found.iterations
        left = ~(whole.residual <= TOLERANCE) & ~np.isinf(whole.residual)
        if not left.any():
            break
    assert whole is not None
    return whole


def _attempt(
    value: Array, gross: Array, counts: Counts, nesting: Array, curve: Array, pace: float,
    limit: int,
) -> Markups:  # fmt: skip
    """Solve with joint steps of length `pace`, at most `limit` of them."""
    cells, rest = Cells.of(counts), 1 - nesting
    best = np.minimum.reduceat(gross, cells.product_starts[cells.cell_starts])
    relative = gross / best[cells.firm][cells.cell_of_product]
    share, bend = rest[cells.nest], curve[cells.market]
    least = np.where(bend == 0, share, np.log1p(share * bend) / np.where(bend == 0, 1.0, bend))
    of = cells.cell_of_product
    worth = (value - least[of]) / share[of]
    even = bool((relative == 1).all())
    inner = cells
    if even:
        worth, one = cells.log_in_cell(worth), np.arange(cells.firm.size)
        inner = replace(cells, product_starts=one, cell_of_product=one)
    given = Given(inner, worth, None if even else relative, rest, curve)
    bounds, point = _start(given, least)
    at, residual, steps = _iterate(given, bounds, point, pace, limit)
    markup = (share[of] + relative * at.pull[of]) / at.left[of]
    if not even:
        still = still_sold(given, relative - 1, at.pull, at.left)
        markup /= still
        residual = _strained(cells, bounds, still, residual)
    return Markups(markup, at.index / best, residual, steps)


def _strained(cells: Cells, bounds: _Bounds, still: Array, residual: Array) -> Array:
    """Return residuals as they show in the price of a product that is all but withdrawn.

    Its cost over price is what is left after digits cancel; infinite where nothing is.
    """
    least, size = np.ones_like(residual), np.zeros_like(residual)
    np.minimum.at(least, cells.market[cells.cell_of_product], still)
    np.maximum.at(size, cells.market, np.abs(bounds.worth))
    strained = np.maximum(residual, ROUNDING * (1 + size)) / least
    return np.where(least <= LEAST_STILL, np.inf, np.where(least < 1, strained, residual))


def _start(given: Given, least: Array) -> tuple[_Bounds, Point]:
    """Return bounds, and where to start."""
    cells, rest, of = given.cells, given.cell_rest, given.cells.cell_of_product
    worth = cells.log_in_cell(given.worth)
    inclusive = cells.log_in_nest(worth)
    share = np.exp(worth - inclusive[cells.nest])
    large = share > 0.5
    others = cells.in_nest(np.where(large, 0.0, share))[cells.nest]
    missing = np.where(large, others, 1 - share)
    type_ = cells.log_firm(rest * worth + least)
    most = np.maximum(alone(type_, given.firm_curve), LEAST)
    log_total = cells.log_total(given.rest * inclusive)
    nest_share = np.exp(given.rest * inclusive - log_total[cells.market_of_nest])
    without = nest_share[cells.nest] * missing**rest
    elsewhere = cells.among_nests(nest_share)[cells.market_of_firm]
    elsewhere -= cells.in_firm(nest_share[cells.nest])
    rivals = np.exp(-log_total)[cells.market_of_firm] + np.maximum(elsewhere, 0.0)
    rivals += cells.in_firm(without)
    total = log_total[cells.market_of_firm] + np.log(rivals)
    odds = alone(type_ - total, given.firm_curve)
    kept, steepest = np.ones_like(worth), np.ones_like(worth)
    if given.gross is not None:
        kept = cells.in_cell(np.exp(given.worth - worth[of]) / given.gross)
        steepest = np.maximum.reduceat(given.gross, cells.product_starts)
        mean = cells.in_firm(np.exp(rest * worth + least - type_[cells.firm]) * kept)
        whole = 1 + given.firm_curve
        odds = mean * odds * whole / (whole + given.firm_curve * odds * (1 - mean))
    odds = np.clip(odds, LEAST, most)
    log_share = worth - inclusive[cells.nest]
    return _Bounds(worth, most, steepest), Point(log_share, kept, odds, inclusive)


def _iterate(
    given: Given, bounds: _Bounds, point: Point, pace: float, limit: int
) -> tuple[Conditions, Array, Labels]:
    """Take Newton steps until every market is at rounding error, lost, or out of steps."""
    cells, count = given.cells, given.curve.size
    steps = np.zeros(count, dtype=np.intp)
    joint = np.zeros(count, dtype=np.bool_)
    size = np.zeros(count)
    np.maximum.at(size, cells.market, np.abs(bounds.worth))
    before = np.full(count, np.inf)
    while True:
        at = conditions(given, point)
        settled = _worst(count, (np.maximum(np.abs(at.cell), np.abs(at.kept)), cells.market),
                         (np.abs(at.nest), cells.market_of_nest))  # fmt: skip
        residual = _worst(count, (settled, np.arange(count)),
                          (np.abs(at.firm), cells.market_of_firm))  # fmt: skip
        moving = residual > np.where(4 * residual > before, AIM, FINE) * (1 + size)
        if not (moving & (steps < limit)).any():
            return at, residual * _reach(given, at), steps
        steps += moving
        before = residual
        joint |= settled < SETTLED
        point = _moved(given, bounds, point, at, joint, moving, pace)


def _reach(given: Given, at: Conditions) -> Array:
    """Return how much a missed share can weigh in a condition: under logit 1 + X, the most."""
    most = np.ones(given.curve.size)
    np.maximum.at(most, given.cells.market_of_firm, 1 + at.index * (given.firm_curve == 0))
    return most


def _worst(count: int, *parts: tuple[Array, Labels]) -> Array:
    """Return the largest value of each market."""
    most = np.zeros(count)
    for value, market in parts:
        np.maximum.at(most, market, value)
    return most


def _moved(
    given: Given, bounds: _Bounds, point: Point, at: Conditions, joint: NDArray[np.bool_],
    moving: NDArray[np.bool_], pace: float,
) -> Point:  # fmt: skip
    """Return the next point, kept inside its bounds; markets at rest stay."""
    cells = given.cells
    d_share, d_kept, d_index, d_inclusive = newton_step(given, at, joint)
    reach = np.where(joint, pace, 1.0)
    of_cell, of_firm = reach[cells.market], reach[cells.market_of_firm]
    now = at.log_share
    d_share = of_cell * d_share
    up = np.minimum(now + d_share, np.log1p(-np.minimum(0.1 * np.maximum(1 - at.share, 0.0), 0.5)))
    log_share = np.where(d_share > 0, up, np.maximum(now + d_share, now - LONGEST))
    floor = 0.0 if given.gross is None else 1 / bounds.steepest
    kept = np.clip(point.kept + of_cell * d_kept, floor, 1.0)
    curve = given.firm_curve
    change = of_firm * d_index * (1 + curve + curve * point.odds) ** 2 / (1 + curve)
    odds = np.clip(_longer(point.odds, change), LEAST, bounds.most)
    low, high = _inclusive_bounds(given, bounds, odds)
    inclusive = point.inclusive + reach[cells.market_of_nest] * d_inclusive
    inclusive = np.clip(inclusive, low, high)
    go, go_firm = moving[cells.market], moving[cells.market_of_firm]
    go_nest = moving[cells.market_of_nest]
    return Point(
        np.where(go, log_share, now), np.where(go, kept, point.kept),
        np.where(go_firm, odds, point.odds), np.where(go_nest, inclusive, point.inclusive),
    )  # fmt: skip


def _longer(odds: Array, change: Array) -> Array:
    """Return odds moved by `change`: in logs where small, never to a tenth, always positive."""
    ratio = change / odds
    small = odds * np.exp(np.clip(ratio, -LONGEST, LONGEST))
    small = np.where(ratio > 0, np.minimum(small, np.maximum(1.0, odds + change)), small)
    return np.where(odds < 1, small, odds + np.maximum(change, -0.9 * odds))


def _inclusive_bounds(given: Given, bounds: _Bounds, odds: Array) -> tuple[Array, Array]:
    """Return the least and largest inclusive value of each nest at the firms' odds."""
    cells, rest, curve = given.cells, given.cell_rest, given.cell_curve
    none, one = np.zeros_like(rest), np.ones_like(rest)
    pull, left, _ = pull_of(given, none, one, 0.0 * none, odds)
    high = cells.log_in_nest(bounds.worth - log_pull(pull, left, curve) / rest)
    pull, left, _ = pull_of(given, one, none, one, odds)
    low = bounds.worth - bounds.steepest * log_pull(pull, left, curve) / rest
    low = np.where((curve > 0) & (bounds.steepest > 1), -np.inf, low)
    least = np.full(given.rest.size, -np.inf)
    np.maximum.at(least, cells.nest, low)
    return least - 1e-9, high + 1e-9
