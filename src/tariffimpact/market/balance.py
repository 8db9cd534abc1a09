r"""Conditions of logit and CES firms with several cells.

A cell is the products of one firm f in one nest g. With t_j the share of a product's profit the
firm keeps (relative to its best), e = 0 for logit and 1/(elasticity - 1) for CES, s the nesting
parameter and m_j = alpha (p - k) or (p - k)/(e p), every product of a cell has

.. math:: m_j = \nu (1 - s + W_c/t_j), \quad W_c = s a_c + (1 - s) X_f, \quad
          \nu = 1/(1 + (1 - s) e),

where X_f is the firm's profit index and a_c = b_c A_c that of the cell within its nest, b_c its
share there, A_c = nu ((1 - s) kappa_c + W_c) and kappa_c the mean of t_j. The unknowns are b and
kappa per cell, X per firm (as z: X = z/(1 + e + e z)) and the inclusive value d per nest; the
conditions

* b_c = B_c(W_c) exp(-d_g), and kappa_c is the mean it should be,
* X_f = sum over its cells of s_g b_c A_c,
* the b of each nest sum to 1,

with s_g = exp((1 - s) d_g)/H, are taken in logs. One minus a share near one is summed from the
others, and mu = 1 - e W from parts that are all positive: no digit is lost where one firm or one
cell has nearly all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tariffimpact.market.cells import Cells
from tariffimpact.market.system import Array

LEAST_STILL = 1e-30
LEAST = 1e-300
"""Odds and profit below which a firm counts as selling nothing."""


@dataclass(frozen=True, slots=True)
class Given:
    """A set of markets at given costs: what does not change from step to step."""

    cells: Cells
    worth: Array
    """Log weight of a product within its nest at W = 0, shape (P,)."""
    gross: Array | None
    """1/t of each product, its firm's least 1, shape (P,); None if all are 1 and each cell's
    products are summed into one."""
    rest: Array
    """1 - nesting of each nest, shape (G,)."""
    curve: Array
    """e of each market, shape (M,)."""

    @property
    def cell_rest(self) -> Array:
        """1 - nesting of each cell's nest."""
        return self.rest[self.cells.nest]

    @property
    def cell_curve(self) -> Array:
        """The curve e of each cell's market."""
        return self.curve[self.cells.market]

    @property
    def firm_curve(self) -> Array:
        """The curve e of each firm's market."""
        return self.curve[self.cells.market_of_firm]


@dataclass(frozen=True, slots=True)
class Point:
    """Values of the unknowns."""

    log_share: Array
    """log b of each cell within its nest."""
    kept: Array
    """kappa of each cell."""
    odds: Array
    """z of each firm."""
    inclusive: Array
    """d of each nest."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions at a point, 0 in equilibrium, and what their derivatives are made of."""

    cell: Array
    kept: Array
    firm: Array
    nest: Array
    log_share: Array
    """log b of each cell, and b."""
    share: Array
    sold: Array
    """Share of each cell in the market."""
    nest_share: Array
    pull: Array
    """W of each cell."""
    left: Array
    """mu = 1 - e W of each cell."""
    earned: Array
    """A of each cell."""
    index: Array
    """X of each firm, and 1 - e X."""
    index_left: Array
    summed: Array
    """What X should be, and 1 - e times that."""
    summed_left: Array
    steepness: Array
    """-d log B/dW of each cell."""
    drift: Array
    """d kappa/dW of each cell."""
    narrow: Array
    """1 - s nu b of each cell, by which W is divided."""


def index_of(odds: Array, curve: Array) -> tuple[Array, Array]:
    """Return X and 1 - e X of firms with odds z."""
    whole = 1 + curve + curve * odds
    return odds / whole, (1 + curve) / whole


def pull_of(
    given: Given, share: Array, missing: Array, kept: Array | float, odds: Array
) -> tuple[Array, Array, Array]:
    """Return W, mu and the divisor of cells with `share` b and `missing` 1 - b."""
    rest, curve, firm = given.cell_rest, given.cell_curve, given.cells.firm
    index, index_left = index_of(odds, given.firm_curve)
    scaled = (1 - rest) / (1 + rest * curve)
    narrow = 1 - scaled * share
    pull = (scaled * rest * kept * share + rest * index[firm]) / narrow
    left = (1 - rest) * missing + rest * index_left[firm]
    left = (left + scaled * share * curve * rest * (1 - kept)) / narrow
    return pull, np.where(curve == 0, 1.0, left), narrow


def log_pull(pull: Array, left: Array, curve: Array) -> Array:
    """Return -log(mu)/e, its limit W at e = 0: by how much W lowers a product's log weight."""
    return np.where(curve == 0, pull, -np.log(left) / np.where(curve == 0, 1.0, curve))


def still_sold(given: Given, extra: Array, pull: Array, left: Array) -> Array:
    """Return 1 - e (g - 1) W/mu of each product: at nothing the firm withdraws it."""
    of = given.cells.cell_of_product
    return np.maximum(1 - given.cell_curve[of] * extra * (pull / left)[of], LEAST_STILL)


def _weights(given: Given, pull: Array, left: Array) -> tuple[Array, Array, Array, Array]:
    """Return log B of each cell, the mean of t, -d log B/dW and d kappa/dW."""
    cells, rest = given.cells, given.cell_rest
    common = log_pull(pull, left, given.cell_curve)
    if given.gross is None:
        value = given.worth - common / rest
        return value, np.ones_like(value), 1 / (rest * left), np.zeros_like(value)
    of, extra = cells.cell_of_product, given.gross - 1
    still, curve = still_sold(given, extra, pull, left), given.cell_curve[of]
    own = np.where(curve == 0, extra * pull[of],
                   -np.log(still) / np.where(curve == 0, 1.0, curve))  # fmt: skip
    value = given.worth - (common[of] + own) / rest[of]
    peak = np.maximum.reduceat(value, cells.product_starts)
    part = np.exp(value - peak[of])
    total = cells.in_cell(part)
    part /= total[of]
    fall = 1 + extra / still / left[of]
    kept, falls, both = (cells.in_cell(part * x)
                         for x in (1 / given.gross, fall, fall / given.gross))  # fmt: skip
    scale = rest * left
    return np.log(total) + peak, kept, falls / scale, (kept * falls - both) / scale


def _closed(given: Given, point: Point) -> tuple[Array, Array, Array, Array]:
    """Return b, its log, 1 - b, and how far the b of each nest miss 1.

    A cell with more than half of its nest gets what the others leave.
    """
    cells = given.cells
    share = np.exp(point.log_share)
    large = share > 0.5
    others = cells.in_nest(np.where(large, 0.0, share))
    fixed = (cells.in_nest(large.astype(np.float64)) == 1) & (others < 0.5)
    top = large & fixed[cells.nest]
    rest = np.where(top, others[cells.nest], 0.0)
    share = np.where(top, 1 - rest, share)
    missing = np.where(top, rest, np.maximum(1 - share, 0.0))
    log_share = np.where(top, np.log1p(-rest), point.log_share)
    return share, log_share, missing, np.where(fixed, 0.0, cells.in_nest(share) - 1)


def conditions(given: Given, point: Point) -> Conditions:
    """Return the conditions at a point."""
    cells, rest, curve = given.cells, given.cell_rest, given.cell_curve
    share, log_share, missing, gap = _closed(given, point)
    pull, left, narrow = pull_of(given, share, missing, point.kept, point.odds)
    log_weight, kept, steepness, drift = _weights(given, pull, left)
    nu = 1 / (1 + rest * curve)
    earned = nu * (rest * point.kept + pull)
    log_total = cells.log_total(given.rest * point.inclusive)
    nest_share = np.exp(given.rest * point.inclusive - log_total[cells.market_of_nest])
    sold = nest_share[cells.nest] * share
    index, index_left = index_of(point.odds, given.firm_curve)
    summed = np.maximum(cells.in_firm(sold * earned), LEAST)
    firm = np.log(index) - np.log(summed)
    summed_left = np.ones_like(summed)
    if curve.any():
        lost = nu * left + (1 - point.kept) * nu * rest * curve
        unsold = _unsold(given, sold, np.exp(-log_total), nest_share * gap)
        summed_left = np.where(given.firm_curve == 0, 1.0, unsold + cells.in_firm(sold * lost))
        firm += np.log(summed_left) - np.log(index_left)
    return Conditions(
        log_share - log_weight + point.inclusive[cells.nest], point.kept - kept, firm, gap,
        log_share, share, sold, nest_share, pull, left, earned, index, index_left, summed,
        summed_left, steepness, drift, narrow,
    )  # fmt: skip


def _unsold(given: Given, sold: Array, outside: Array, excess: Array) -> Array:
    """Return 1 - S of each firm, from what others sell where S is above one half."""
    cells = given.cells
    share = cells.in_firm(sold)
    large = share > 0.5
    others = outside + cells.among_firms(np.where(large, 0.0, share)) - cells.among_nests(excess)
    others = np.maximum(others, outside)
    return np.where(large, others[cells.market_of_firm], 1 - share)
