"""How a batch lies in memory: rows of scenarios and draws, markets, firms, products."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tariffimpact.errors import ModelError
from tariffimpact.market.system import Array, Labels

FIRM_SHARE = 10
"""A part holds at most one firm for so many products: firms take more work, and more arrays."""


@dataclass(frozen=True, slots=True)
class Part:
    """A rectangle of a batch: some rows, and a run of whole markets."""

    rows: slice
    markets: slice
    products: slice
    firms: slice

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and markets."""
        return (int(self.rows.stop - self.rows.start),
                int(self.markets.stop - self.markets.start))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answers:
    """Where the solvers write: prices, and one residual and step count per market."""

    prices: Array
    """Shape (R, P); NaN in unsolved markets."""
    residual: Array
    """Shape (R, M)."""
    iterations: Labels
    """Shape (R, M)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A batch: R rows of P products; an argument that is the same in all rows has one row."""

    utility: Array
    slope: Array
    """Per market, shape (R or 1, M)."""
    cost: Array
    weight: Array | None
    order: Labels | None
    """Positions of the caller's products in the order worked in; None if the same."""
    lead: tuple[int, ...]
    product_counts: Labels
    """Products of each firm, shape (N,)."""
    firm_starts: Labels
    """First firm of each market, and N, shape (M + 1,)."""
    market_starts: Labels
    """First product of each market, and P, shape (M + 1,)."""
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
        given = [np.asarray(x, dtype=np.float64) for x in (utility, cost, slope)]
        given += [] if weight is None else [np.asarray(weight, dtype=np.float64)]
        try:
            shape = np.broadcast_shapes(firm.shape, *(x.shape for x in given))
        except ValueError as error:
            raise ModelError(f"batch: arguments do not broadcast to (..., P): {error}") from error
        if shape[-1] != firm.size:
            raise ModelError(f"batch: {firm.size} firms for {shape[-1]} products on the last axis")
        order, product_counts, firm_starts, market_starts = _counted(firm, market)
        heads = market_starts[:-1]
        flat = [_rows(x, shape, order) for x in (*given[:2], *given[3:])]
        return cls(flat[0], _heads(given[2], shape, heads), flat[1],
                   None if weight is None else flat[2], order, shape[:-1], product_counts,
                   firm_starts, market_starts, market[heads])  # fmt: skip

    @property
    def rows(self) -> int:
        """Scenarios times draws."""
        return int(np.prod(self.lead, dtype=np.intp))

    @property
    def size(self) -> int:
        """Products P in all markets."""
        return int(self.cost.shape[1])

    def parts(self, chunk: int) -> Iterator[Part]:
        """Yield rectangles of about `chunk` products, at least one market and row each."""
        most = max(1, chunk // FIRM_SHARE)
        first, last = 0, self.market_starts.size - 1
        if self.size <= chunk and self.product_counts.size <= most and self.rows == 1:
            yield Part(slice(0, 1), slice(0, last), slice(0, self.size),
                       slice(0, self.product_counts.size))  # fmt: skip
            return
        while first < last:
            until = last
            for ends, limit in ((self.market_starts, chunk), (self.firm_starts, most)):
                until = min(until, int(np.searchsorted(ends, ends[first] + limit, "right")) - 1)
            until = max(until, first + 1)
            width, firms = (
                int(ends[until] - ends[first]) for ends in (self.market_starts, self.firm_starts)
            )
            tall = max(1, min(chunk // width, most // firms))
            for row in range(0, self.rows, tall):
                yield Part(
                    slice(row, min(row + tall, self.rows)),
                    slice(first, until),
                    slice(int(self.market_starts[first]), int(self.market_starts[until])),
                    slice(int(self.firm_starts[first]), int(self.firm_starts[until])),
                )
            first = until

    def only(self, markets: NDArray[np.bool_]) -> tuple[Problem, NDArray[np.bool_]]:
        """Return the batch of some of its markets, and which products they hold."""
        firms = np.repeat(markets, np.diff(self.firm_starts))
        products = np.repeat(markets, np.diff(self.market_starts))
        firm_starts, market_starts = (
            np.append(0, np.cumsum(np.diff(ends)[markets]))
            for ends in (self.firm_starts, self.market_starts)
        )
        weight = None if self.weight is None else self.weight[:, products]
        return Problem(
            self.utility[:, products], self.slope[:, markets], self.cost[:, products], weight,
            None, self.lead, self.product_counts[firms], firm_starts, market_starts,
            self.names[markets],
        ), products  # fmt: skip

    def restore(self, prices: Array) -> Array:
        """Return prices in the caller's order of products."""
        if self.order is None:
            return prices
        back = np.empty_like(prices)
        back[:, self.order] = prices
        return back


Kernel = Callable[[Problem, Part, Answers], None]
"""Code that solves one part and writes the answers in their place."""


def _rows(given: Array, shape: tuple[int, ...], order: Labels | None) -> Array:
    """Return an argument as rows of products, one row where it is the same in all."""
    if order is None and given.shape == shape[-1:]:
        return np.ascontiguousarray(given)[None]
    lead = shape[:-1] if any(n > 1 for n in given.shape[:-1]) else (1,)
    flat = np.broadcast_to(given.reshape(given.shape[-1:]) if lead == (1,) else given,
                           (*lead, shape[-1])).reshape(-1, shape[-1])  # fmt: skip
    return np.ascontiguousarray(flat if order is None else flat[:, order])


def _heads(slope: Array, shape: tuple[int, ...], heads: Labels) -> Array:
    """Return the slope of each market's first product, one row where it is the same in all."""
    if slope.ndim == 0 or slope.shape[-1] == 1:
        return _rows(slope, (*shape[:-1], heads.size), None)
    return np.ascontiguousarray(_rows(slope, shape, None)[:, heads])


def _counted(
    firm: NDArray[Any], market: NDArray[Any]
) -> tuple[Labels | None, Labels, Labels, Labels]:
    """Return the order that brings each firm's products together, and counts in that order.

    The counts are the products of each firm, and the starts of markets in firms and in products.
    """
    new_market = _changes(market)
    order, edges = None, np.flatnonzero(_changes(firm) | new_market)
    heads = new_market[edges]
    _check_adjacent(market[edges[heads]])
    label = firm[edges]
    if not ((label[1:] >= label[:-1]) | heads[1:]).all():
        _, firm = np.unique(firm, return_inverse=True)
        order = np.lexsort((firm, np.cumsum(new_market)))
        edges = np.flatnonzero(_changes(firm[order]) | new_market)
        heads = new_market[edges]
    firm_starts = np.append(np.flatnonzero(heads), edges.size)
    edges = np.append(edges, firm.size)
    return order, np.diff(edges), firm_starts, edges[firm_starts]


def _changes(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Return whether each label differs from the one before; the first does."""
    new = np.ones(labels.size, dtype=np.bool_)
    np.not_equal(labels[1:], labels[:-1], out=new[1:])
    return new


def _check_adjacent(names: NDArray[Any]) -> None:
    if (names[1:] > names[:-1]).all():
        return
    seen, times = np.unique(names, return_counts=True)
    if seen.size != names.size:
        twice = seen[times > 1][0]
        raise ModelError(f"markets: the products of {twice} are not adjacent; sort by market")
