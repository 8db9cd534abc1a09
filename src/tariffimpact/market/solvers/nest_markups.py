r"""Logit and CES firms with one number per nest: any nests and weights, many markets.

A cell is the products of one firm in one nest. With t_j the share of a product's profit the firm
keeps (relative to its best), e = 0 for logit and 1/(elasticity - 1) for CES, s the nesting
parameter and m_j = alpha (p - k) or (p - k)/(e p), every product of a cell has

.. math:: m_j = \nu (1 - s + W_c/t_j), \quad W_c = s a_c + (1 - s) X_f, \quad
          \nu = 1/(1 + (1 - s) e),

where a_c = sum b_j t_j m_j, b a product's share of its nest, and X_f is the firm's profit index,
the sum of r_g a_c over its nests of share r_g. Shares follow from m, so W is all that is unknown:
one Newton, whose Jacobian is dense among the cells of a market. Plain logit is the case of one cell
a firm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tariffimpact.market.demand_systems import Array, Flags, Labels
from tariffimpact.market.solvers.newton import TOLERANCE

_AIM, _FINE = 1e-13, 4e-16
"""Condition, over the largest log weight, at which steps end if they no longer help, or anyway."""
_STEPS = ((8, 1), (60, 8))
"""Steps taken in all markets, then in those left; how often a step that does not help is halved."""
_ROUNDING = 4e-15
_INSIDE = 1 - 1e-12
"""Part of the largest W at which CES demand still leaves a price."""


@dataclass(frozen=True, slots=True)
class Products:
    """The products of many markets, those of a cell adjacent, then those of a firm; shape (P,)."""

    value: Array
    """Log weight at cost: utility - alpha k, or log quality - (elasticity - 1) log k."""
    keep: Array
    """Share of its profit the firm keeps; only ratios within a firm matter."""
    nesting: Array
    firm: Labels
    nest: Labels
    market: Labels
    """Numbered through from 0, rising."""
    curve: Array
    """e of each market, shape (M,)."""
    away: float = 1.0
    """1 with an outside good, 0 without."""

    def only(self, some: Flags) -> Products:
        """Return the products of some markets, bool, shape (M,)."""
        at = some[self.market]
        firm, nest, market = (
            np.unique(x[at], return_inverse=True)[1] for x in (self.firm, self.nest, self.market)
        )
        return Products(self.value[at], self.keep[at], self.nesting[at], firm, nest, market,
                        self.curve[some], self.away)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Solution:
    """Markups that meet the conditions, and what is known of them."""

    markup: Array
    """m of each product, shape (P,)."""
    within: Array
    """Share of its nest, shape (P,)."""
    nest_share: Array
    """Share of the market of each product's nest, shape (P,)."""
    index: Array
    """X of each product's firm, shape (P,), with 1/t = 1 for the firm's best."""
    keep: Array
    """t, the firm's best 1, shape (P,)."""
    residual: Array
    """Largest condition per market, shape (M,)."""
    iterations: Labels


@dataclass(frozen=True, slots=True)
class _Cells:
    """Where each cell begins and belongs, and what is fixed in it; shape (C,)."""

    starts: Labels
    of: Labels
    """Cell of each product, shape (P,)."""
    firm: Labels
    nest: Labels
    market: Labels
    nesting: Array
    curve: Array
    shrink: Array
    """nu."""
    market_of_nest: Labels
    rest_of_nest: Array
    """1 - s of each nest, shape (G,)."""
    groups: tuple[Labels, ...]
    """Cells of the markets with equally many of them, shape (m, n)."""

    @classmethod
    def of_products(cls, given: Products) -> _Cells:
        change = np.diff(given.firm, prepend=-1) != 0
        starts = np.flatnonzero(change | (np.diff(given.nest, prepend=-1) != 0))
        market, nest = given.market[starts], given.nest[starts]
        nesting, curve = given.nesting[starts], given.curve[market]
        nests, first = np.unique(nest, return_index=True)
        sizes = np.bincount(market)
        begin = np.cumsum(sizes) - sizes
        groups = [begin[sizes == n][:, None] + np.arange(n) for n in np.unique(sizes)]
        of = np.repeat(np.arange(starts.size), np.diff(starts, append=given.value.size))
        assert nests.size == nest.max() + 1
        return cls(starts, of, given.firm[starts], nest, market, nesting, curve,
                   1 / (1 + (1 - nesting) * curve), market[first], 1 - nesting[first],
                   tuple(groups))  # fmt: skip

    def sum(self, product: Array) -> Array:
        return np.add.reduceat(product, self.starts)


@dataclass(frozen=True, slots=True)
class _At:
    """What follows from W: shares, profit indices, and the conditions."""

    markup: Array
    within: Array
    cell_share: Array
    """Share of each cell in its nest."""
    nest_share: Array
    """Share of each cell's nest in the market."""
    earned: Array
    """a of each cell."""
    index: Array
    """X of each cell's firm."""
    gap: Array
    """W - s a - (1 - s) X."""
    residual: Array
    """Largest |gap| over its terms, per market."""


def solve_cells(given: Products) -> Solution:
    """Solve every market for the markup of each product.

    Examples
    --------
    >>> zero = np.zeros(1, dtype=np.intp)
    >>> one = solve_cells(Products(np.array([2.0]), np.ones(1), np.zeros(1), zero, zero, zero,
    ...                            np.zeros(1)))
    >>> z = one.markup[0] - 1; float(round(z * np.exp(z) / np.e, 12))
    1.0
    """
    whole = _attempt(given, *_STEPS[0])
    left = ~(whole.residual <= TOLERANCE)
    if left.any():
        again = _attempt(given.only(left), *_STEPS[1])
        at = left[given.market]
        for name in ("markup", "within", "nest_share", "index"):
            getattr(whole, name)[at] = getattr(again, name)
        whole.residual[left] = again.residual
        whole.iterations[left] += again.iterations
    return whole


def _attempt(given: Products, limit: int, halvings: int) -> Solution:
    """Take at most `limit` Newton steps; one that does not help is cut, at most so often."""
    cells = _Cells.of_products(given)
    most = np.full(int(given.firm.max()) + 1, 0.0)
    np.maximum.at(most, given.firm, given.keep)
    keep = given.keep / most[given.firm]
    least = np.minimum.reduceat(keep, cells.starts)
    with np.errstate(all="ignore"):
        ceiling = np.where(cells.curve > 0, least / cells.curve * _INSIDE, np.inf)
        w = np.zeros(cells.starts.size)
        at = _evaluated(given, cells, keep, least, w)
        w = np.minimum(w - at.gap, 0.9 * ceiling)
        at = _evaluated(given, cells, keep, least, w)
        size = _size(given, cells, at)
        pace = np.ones(given.curve.size)
        steps = np.zeros(given.curve.size, dtype=np.intp)
        step, fresh = np.zeros_like(w), np.ones(given.curve.size, dtype=np.bool_)
        for _ in range(limit * halvings):
            moving = (at.residual > _FINE * (1 + size)) & (steps < limit) & (pace > 1e-3)
            if not moving.any():
                break
            if (fresh & moving).any():
                step = np.where((fresh & moving)[cells.market], _step(given, cells, keep, at), step)
                steps += fresh & moving
            goal = np.clip(w + pace[cells.market] * step, 0.1 * w, np.minimum(10 * w + 10, ceiling))
            trial = np.where(moving[cells.market], goal, w)
            there = _evaluated(given, cells, keep, least, trial)
            better = ~moving | (there.residual < at.residual)
            near = at.residual <= _AIM * (1 + size)
            go = better | (halvings == 1)
            w = np.where(go[cells.market], trial, w)
            at = there if go.all() else _evaluated(given, cells, keep, least, w)
            fresh = go
            pace = np.where(near & ~better, 0.0, np.where(go, 1.0, pace / 2))
        residual = _strained(cells, at, _size(given, cells, at))
    of = cells.of
    return Solution(at.markup, at.within, at.nest_share[of], at.index[of], keep, residual, steps)


def _evaluated(given: Products, cells: _Cells, keep: Array, least: Array, w: Array) -> _At:
    """Return the conditions and what they are made of at W."""
    of, nesting, curve = cells.of, cells.nesting, cells.curve
    markup = cells.shrink[of] * ((1 - nesting)[of] + w[of] / keep)
    bend = curve[of]
    loss = np.where(bend == 0, markup, -np.log1p(-bend * markup) / np.where(bend == 0, 1, bend))
    value = (given.value - loss) / (1 - given.nesting)
    peak = np.full(cells.market_of_nest.size, -np.inf)
    np.maximum.at(peak, given.nest, value)
    weight = np.exp(value - peak[given.nest])
    inclusive = np.bincount(cells.nest, cells.sum(weight), peak.size)
    within = weight / inclusive[given.nest]
    worth = cells.rest_of_nest * (peak + np.log(inclusive))
    top = np.full(given.curve.size, 0.0 if given.away else -np.inf)
    np.maximum.at(top, cells.market_of_nest, worth)
    part = np.exp(worth - top[cells.market_of_nest])
    total = given.away * np.exp(-top) + np.bincount(cells.market_of_nest, part, top.size)
    nest_share = (part / total[cells.market_of_nest])[cells.nest]
    earned = cells.sum(within * keep * markup)
    index = np.bincount(cells.firm, nest_share * earned).astype(np.float64)[cells.firm]
    gap = w - nesting * earned - (1 - nesting) * index
    residual = np.zeros(given.curve.size)
    np.maximum.at(residual, cells.market, np.abs(gap) / (least * (1 - nesting) + w))
    return _At(markup, within, cells.sum(within), nest_share, earned, index, gap, residual)


def _step(given: Products, cells: _Cells, keep: Array, at: _At) -> Array:
    """Return the Newton step of every W: one dense system per market."""
    of, nesting = cells.of, cells.nesting
    fall = at.within * cells.shrink[of] / keep / (1 - cells.curve[of] * at.markup)
    pull = cells.sum(fall) / (1 - nesting)  # minus d log b/dW, summed
    direct = cells.shrink * at.cell_share
    direct = direct - cells.sum(keep * at.markup * fall) / (1 - nesting)
    step = np.zeros(nesting.size)
    for group in cells.groups:
        s, a, r, b = (x[group][:, :, None] for x in (nesting, at.earned, at.nest_share, pull))
        across = b.transpose(0, 2, 1)
        nest, firm = cells.nest[group], cells.firm[group]
        same_nest = (nest[:, :, None] == nest[:, None, :]) * across
        same_firm = (firm[:, :, None] == firm[:, None, :]).astype(np.float64)
        moved = a * same_nest  # da/dW
        inside = np.arange(group.shape[1])
        moved[:, inside, inside] += direct[group]
        total = -(r * (1 - s)).transpose(0, 2, 1) * across  # dlog H/dW
        profit = same_firm @ (r * (moved - a * ((1 - s) * same_nest + total)))
        matrix = np.eye(group.shape[1]) - s * moved - (1 - s) * profit
        step[group] = solved(matrix, -at.gap[group])
    return step


def solved(matrix: Array, wanted: Array) -> Array:
    """Return the solution of each system, shapes (m, n, n) and (m, n); NaN where there is none."""
    try:
        return np.asarray(np.linalg.solve(matrix, wanted[..., None])[..., 0])
    except np.linalg.LinAlgError:
        lost = np.linalg.slogdet(matrix).sign == 0
        matrix = np.where(lost[:, None, None], np.eye(wanted.shape[1]), matrix)
        answer = np.linalg.solve(matrix, wanted[..., None])[..., 0]
        return np.where(lost[:, None], np.nan, answer)


def _size(given: Products, cells: _Cells, at: _At) -> Array:
    """Return the largest log weight of what is sold at all, which rounding grows with."""
    sold = at.within * at.nest_share[cells.of] > 0
    size = np.zeros(given.curve.size)
    np.maximum.at(size, given.market, np.where(sold, np.abs(given.value) / (1 - given.nesting), 0))
    return size


def _strained(cells: _Cells, at: _At, size: Array) -> Array:
    """Return the conditions as a firm with nearly all feels them, and rounding too, per market."""
    share = np.bincount(cells.firm, at.nest_share * at.cell_share)[cells.firm]
    spare = 1 - cells.nesting * at.cell_share - (1 - cells.nesting) * share
    left = 1 - cells.curve[cells.of] * at.markup  # cost over price, up to a factor
    np.minimum.at(spare, cells.of, left)
    least = np.ones(size.size)
    np.minimum.at(least, cells.market, spare)
    strained = at.residual / np.abs(least) + _ROUNDING * (1 + size + 1 / np.abs(least))
    return np.where(least > 0, strained, 1.0)
