"""Cells of a batch: the products of one firm in one nest, and how cells, firms and nests meet.

Cells lie flat, those of a firm adjacent, firms of a market adjacent; nests are numbered through,
market by market. Without nests every market is one nest and every firm one cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tariffimpact.market.system import Array, Labels


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of each there are, for P products, C cells, N firms and M markets."""

    products: Labels
    """Products of each cell, shape (C,)."""
    cells: Labels
    """Cells of each firm, shape (N,)."""
    firms: Labels
    """Firms of each market, shape (M,)."""
    nests: Labels
    """Nests of each market, shape (M,)."""
    nest: Labels
    """Number of each cell's nest within its market, from 0, shape (C,)."""

    @classmethod
    def plain(cls, products: Labels, firms: Labels) -> Counts:
        """Return the counts of markets without nests from products per firm, firms per market."""
        one = np.ones_like(products)
        return cls(products, one, firms, np.ones_like(firms), 0 * one)

    def nest_of_product(self) -> Labels:
        """Return the nest of each product, numbered through, shape (P,)."""
        first = np.cumsum(self.nests) - self.nests
        of_cell = np.repeat(np.repeat(first, self.firms), self.cells) + self.nest
        return np.repeat(of_cell, self.products)

    def tile(self, rows: int) -> Counts:
        """Return the counts of `rows` copies, one after the other."""
        each = (self.products, self.cells, self.firms, self.nests, self.nest)
        return Counts(*(np.tile(x, rows) for x in each))

    def only(self, markets: NDArray[np.bool_]) -> Counts:
        """Return the counts of some of the markets."""
        firms = np.repeat(markets, self.firms)
        cells = np.repeat(firms, self.cells)
        return Counts(self.products[cells], self.cells[firms], self.firms[markets],
                      self.nests[markets], self.nest[cells])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cells:
    """Where each cell belongs, and sums over what belongs together."""

    product_starts: Labels
    cell_of_product: Labels
    cell_starts: Labels
    """First cell of each firm, shape (N,)."""
    firm: Labels
    """Firm of each cell, shape (C,)."""
    nest: Labels
    """Nest of each cell, numbered through, shape (C,)."""
    market: Labels
    """Market of each cell, shape (C,)."""
    market_of_firm: Labels
    market_of_nest: Labels
    pairs: tuple[Labels, Labels]
    """Every ordered pair of cells of one firm."""
    systems: tuple[tuple[Labels, Labels], ...]
    """Markets with equally many nests, shape (m,), and their nests, shape (m, n)."""

    @classmethod
    def of(cls, counts: Counts) -> Cells:
        """Return the places of cells from their counts."""
        market_of_firm = np.repeat(np.arange(counts.firms.size), counts.firms)
        firm = np.repeat(np.arange(counts.cells.size), counts.cells)
        market = market_of_firm[firm]
        first_nest = np.cumsum(counts.nests) - counts.nests
        cell_starts = np.cumsum(counts.cells) - counts.cells
        beside = counts.cells[firm]
        left = np.repeat(np.arange(firm.size), beside)
        step = np.arange(left.size) - np.repeat(np.cumsum(beside) - beside, beside)
        systems = []
        for size in np.unique(counts.nests):
            equal = np.flatnonzero(counts.nests == size)
            systems.append((equal, first_nest[equal][:, None] + np.arange(size)))
        return cls(
            np.cumsum(counts.products) - counts.products,
            np.repeat(np.arange(counts.products.size), counts.products),
            cell_starts, firm, first_nest[market] + counts.nest, market, market_of_firm,
            np.repeat(np.arange(counts.nests.size), counts.nests),
            (left, cell_starts[firm[left]] + step), tuple(systems),
        )  # fmt: skip

    def in_cell(self, product: Array) -> Array:
        """Sum over the products of each cell."""
        return np.add.reduceat(product, self.product_starts)

    def in_firm(self, cell: Array) -> Array:
        """Sum over the cells of each firm."""
        return np.add.reduceat(cell, self.cell_starts)

    def in_nest(self, cell: Array) -> Array:
        """Sum over the cells of each nest."""
        return _sums(self.nest, cell, self.market_of_nest.size)

    def among_firms(self, firm: Array) -> Array:
        """Sum over the firms of each market."""
        return _sums(self.market_of_firm, firm, int(self.market[-1]) + 1)

    def among_nests(self, nest: Array) -> Array:
        """Sum over the nests of each market."""
        return _sums(self.market_of_nest, nest, int(self.market[-1]) + 1)

    def log_in_cell(self, value: Array) -> Array:
        """Log of the sum of exp over the products of each cell."""
        peak = np.maximum.reduceat(value, self.product_starts)
        return np.log(self.in_cell(np.exp(value - peak[self.cell_of_product]))) + peak

    def log_in_nest(self, value: Array) -> Array:
        """Log of the sum of exp over the cells of each nest."""
        peak = np.full(self.market_of_nest.size, -np.inf)
        np.maximum.at(peak, self.nest, value)
        return np.asarray(np.log(self.in_nest(np.exp(value - peak[self.nest]))) + peak)

    def log_total(self, nest: Array) -> Array:
        """Log of one plus the sum of exp over the nests of each market."""
        peak = np.zeros(int(self.market[-1]) + 1)
        np.maximum.at(peak, self.market_of_nest, nest)
        rest = self.among_nests(np.exp(nest - peak[self.market_of_nest]))
        return np.asarray(np.log(np.exp(-peak) + rest) + peak)

    def log_firm(self, cell: Array) -> Array:
        """Log of the sum of exp over the cells of each firm."""
        peak = np.maximum.reduceat(cell, self.cell_starts)
        return np.log(self.in_firm(np.exp(cell - peak[self.firm]))) + peak


def _sums(of: Labels, value: Array, count: int) -> Array:
    return np.asarray(np.bincount(of, value, minlength=count), dtype=np.float64)
