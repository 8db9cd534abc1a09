"""How a batch lies in memory, and the array code that solves one chunk of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tariffimpact.errors import ModelError
from tariffimpact.market.aggregative import solve_types
from tariffimpact.market.heterogeneous import solve_profits
from tariffimpact.market.system import Array, Labels

_SPAN = 600.0


@dataclass(frozen=True, slots=True)
class Part:
    """A rectangle of a batch: some rows, and a run of whole markets."""

    rows: slice
    markets: slice
    products: slice
    firms: slice

    @property
    def rows_count(self) -> int:
        """Number of rows."""
        return int(self.rows.stop - self.rows.start)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and markets."""
        return self.rows_count, int(self.markets.stop - self.markets.start)


@dataclass(frozen=True, slots=True)
class Block:
    """One chunk as flat arrays: rows one after the other, each market's firms adjacent."""

    utility: Array
    slope: Array
    """Per market."""
    cost: Array
    weight: Array | None
    products: Labels
    """Products of each firm."""
    firms: Labels
    """Firms of each market."""
    product_counts_by_market: Labels


@dataclass(frozen=True, slots=True)
class Found:
    """Prices of a chunk, flat, and one residual and step count per market."""

    prices: Array
    residual: Array
    iterations: Labels


Kernel = Callable[[Block], Found]


@dataclass(frozen=True, slots=True)
class Problem:
    """A batch: arguments broadcast to rows x products, firms and markets counted."""

    utility: Array
    slope: Array
    cost: Array
    weight: Array | None
    order: Labels | None
    """Positions of the caller's products in the order worked in; None if the same."""
    lead: tuple[int, ...]
    product_counts: Labels
    firm_counts: Labels
    names: NDArray[Any]

    @classmethod
    def of(
        cls,
        *,
        utility: ArrayLike,
        slope: ArrayLike,
        cost: ArrayLike,
        firms: ArrayLike,
        markets: ArrayLike | None = None,
        weight: ArrayLike | None = None,
    ) -> Problem:
        """Return the batch, checked; see `batch.solve_logit` for the arguments."""
        firm = np.asarray(firms)
        market = np.zeros(firm.size, dtype=np.intp) if markets is None else np.asarray(markets)
        if firm.ndim != 1 or firm.size == 0 or market.shape != firm.shape:
            raise ModelError(
                f"firms, markets: need one label per product (got shapes {firm.shape}, "
                f"{market.shape})"
            )
        given = [np.asarray(x, dtype=np.float64) for x in (utility, slope, cost)]
        given += [] if weight is None else [np.asarray(weight, dtype=np.float64)]
        try:
            shape = np.broadcast_shapes(firm.shape, *(x.shape for x in given))
        except ValueError as error:
            raise ModelError(f"batch: arguments do not broadcast to (..., P): {error}") from error
        if shape[-1] != firm.size:
            raise ModelError(f"batch: {firm.size} firms for {shape[-1]} products on the last axis")
        order, product_counts, firm_counts, names = _counted(firm, market)
        rows = int(np.prod(shape[:-1], dtype=np.intp))
        full = [np.broadcast_to(x, shape).reshape(rows, -1) if x.ndim > 1 else x for x in given]
        flat = [np.broadcast_to(x, (rows, firm.size)) for x in full]
        if order is not None:
            flat = [x[:, order] for x in flat]
        keep = flat[3] if weight is not None else None
        return cls(flat[0], flat[1], flat[2], keep, order, shape[:-1], product_counts, firm_counts,
                   names)  # fmt: skip

    @property
    def rows(self) -> int:
        """Scenarios times draws."""
        return int(self.cost.shape[0])

    @property
    def size(self) -> int:
        """Products P in all markets."""
        return int(self.cost.shape[1])

    @property
    def firm_starts(self) -> Labels:
        """First firm of each market."""
        return np.cumsum(self.firm_counts) - self.firm_counts

    @property
    def market_products(self) -> Labels:
        """Products of each market."""
        return np.add.reduceat(self.product_counts, self.firm_starts)

    @property
    def market_starts(self) -> Labels:
        """First product of each market."""
        return np.cumsum(self.market_products) - self.market_products

    def parts(self, chunk: int) -> Iterator[Part]:
        """Yield rectangles of at most `chunk` products, at least one market and row each."""
        firm_ends = np.append(self.firm_starts, self.product_counts.size)
        ends = np.append(self.market_starts, self.size)
        first, last = 0, self.firm_counts.size
        while first < last:
            until = int(np.searchsorted(ends, ends[first] + chunk, side="right")) - 1
            until = min(max(until, first + 1), last)
            width = int(ends[until] - ends[first])
            tall = max(1, chunk // width)
            for row in range(0, self.rows, tall):
                yield Part(
                    slice(row, min(row + tall, self.rows)),
                    slice(first, until),
                    slice(int(ends[first]), int(ends[until])),
                    slice(int(firm_ends[first]), int(firm_ends[until])),
                )
            first = until

    def block(self, part: Part) -> Block:
        """Return one rectangle as flat arrays."""
        at = (part.rows, part.products)
        repeat = part.rows_count
        heads = self.market_starts[part.markets]
        return Block(
            utility=self.utility[at].ravel(),
            slope=self.slope[part.rows][:, heads].ravel(),
            cost=self.cost[at].ravel(),
            weight=None if self.weight is None else self.weight[at].ravel(),
            products=np.tile(self.product_counts[part.firms], repeat),
            firms=np.tile(self.firm_counts[part.markets], repeat),
            product_counts_by_market=np.tile(self.market_products[part.markets], repeat),
        )

    def restore(self, prices: Array) -> Array:
        """Return prices in the caller's order of products."""
        if self.order is None:
            return prices
        back = np.empty_like(prices)
        back[:, self.order] = prices
        return back


def _counted(firm: Labels, market: Labels) -> tuple[Labels | None, Labels, Labels, NDArray[Any]]:
    """Return the order that brings each firm's products together, and counts in that order."""
    new_market = np.append(True, market[1:] != market[:-1])
    starts = np.flatnonzero(new_market)
    names = market[starts]
    if not (names[1:] > names[:-1]).all() and np.unique(names).size != names.size:
        seen, times = np.unique(names, return_counts=True)
        twice = seen[times > 1][0]
        raise ModelError(f"markets: the products of {twice} are not adjacent; sort by market")
    if ((firm[1:] >= firm[:-1]) | new_market[1:]).all():
        new_firm = np.append(True, firm[1:] != firm[:-1]) | new_market
        order = None
    else:
        _, label = np.unique(firm, return_inverse=True)
        order = np.lexsort((label, np.cumsum(new_market)))
        new_firm = np.append(True, label[order][1:] != label[order][:-1]) | new_market
    products = np.diff(np.append(np.flatnonzero(new_firm), firm.size))
    firms = np.add.reduceat(new_firm.astype(np.intp), starts)
    return order, products, firms, names


def kernel(demand: Literal["logit", "ces"], *, uniform: bool, backend: str) -> Kernel:
    """Return the code that solves one chunk.

    `uniform`: every product of a firm has the same profit weight, for sure.
    """
    if backend == "numba":
        from tariffimpact.market.fast import fast_kernel

        return fast_kernel(demand, uniform=uniform)
    if backend != "numpy":
        raise ModelError(f"backend: 'numpy' or 'numba' (got {backend!r})")
    if demand == "ces":
        return ces_block
    return logit_block if uniform else levied_block


def _per_product(block: Block) -> Array | float:
    """Return each product's slope; one number where all markets share it."""
    if (block.slope == block.slope[0]).all():
        return float(block.slope[0])
    return np.repeat(block.slope, block.product_counts_by_market)


def logit_block(block: Block) -> Found:
    """Solve a chunk of logit markets in which firms weigh their products alike."""
    value = block.utility - _per_product(block) * block.cost
    types = _types(value, block.products)
    found = solve_types(types, block.firms, np.zeros(block.firms.size))
    markup = (1 + found.odds) / np.repeat(block.slope, block.firms)
    prices = block.cost + _spread(markup, block.products, block.cost.size)
    return Found(prices, refuse(block, block.cost < 0, found.residual), found.iterations)


def ces_block(block: Block) -> Found:
    """Solve a chunk of CES markets."""
    with np.errstate(invalid="ignore", divide="ignore"):
        value = block.utility - _per_product(block) * np.log(block.cost)
    found = solve_types(_types(value, block.products), block.firms, 1 / block.slope)
    markup = 1 + (1 + found.odds) / np.repeat(block.slope, block.firms)
    prices = block.cost * _spread(markup, block.products, block.cost.size)
    return Found(prices, refuse(block, block.cost <= 0, found.residual), found.iterations)


def levied_block(block: Block) -> Found:
    """Solve a chunk of logit markets in which a firm's products carry their own weights."""
    assert block.weight is not None
    per_product = _per_product(block)
    value = block.utility - per_product * block.cost - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        gross = 1 / block.weight
        found = solve_profits(value=value, gross=gross, products=block.products, firms=block.firms)
        prices = block.cost + (1 + gross * np.repeat(found.index, block.products)) / per_product
    bad = (block.cost < 0) | ~((block.weight > 0) & (block.weight <= 1))
    return Found(prices, refuse(block, bad, found.residual), found.iterations)


def refuse(block: Block, bad: np.ndarray[tuple[int], np.dtype[np.bool_]], residual: Array) -> Array:
    """Return residuals with NaN where a market holds an input that is out of range."""
    wrong_slope = ~((block.slope > 0) & np.isfinite(block.slope))
    if not (bad.any() or wrong_slope.any()):
        return residual
    starts = np.cumsum(block.product_counts_by_market) - block.product_counts_by_market
    return np.where(np.logical_or.reduceat(bad, starts) | wrong_slope, np.nan, residual)


def _types(value: Array, products: Labels) -> Array:
    """Return log sum exp of `value` per firm; one shift for all where exp cannot underflow."""
    if products.size == value.size:
        return value
    starts = np.cumsum(products) - products
    high, low = float(value.max()), float(value.min())
    with np.errstate(invalid="ignore", divide="ignore", under="ignore"):
        if high - low < _SPAN:
            return np.asarray(np.log(np.add.reduceat(np.exp(value - high), starts)) + high)
        peak = np.maximum.reduceat(value, starts)
        total = np.add.reduceat(np.exp(value - np.repeat(peak, products)), starts)
        return np.asarray(np.log(total) + peak)


def _spread(per_firm: Array, products: Labels, size: int) -> Array:
    return per_firm if per_firm.size == size else np.repeat(per_firm, products)
