"""How a batch lies in memory: rows of scenarios and draws, markets, firms, products."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.errors import ModelError
from tariffimpact.market.structure import Structure
from tariffimpact.market.system import Array, Labels

FIRM_SHARE = 10
"""A part holds at most one firm for so many products: firms take more work, and more arrays."""

NEST_ARRAYS = 8
"""How many times the memory of a plain market a nested one takes."""


@dataclass(frozen=True, slots=True)
class Part:
    """A rectangle of a batch: some rows, and a run of whole markets."""

    rows: slice
    markets: slice
    products: slice
    firms: slice

    @property
    def size(self) -> int:
        """Rows times products."""
        return self.shape[0] * int(self.products.stop - self.products.start)

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
    nesting: Array | None
    """Per nest, shape (R or 1, G); None without nests."""
    lead: tuple[int, ...]
    structure: Structure

    @classmethod
    def of(
        cls,
        *,
        utility: ArrayLike,
        slope: ArrayLike,
        cost: ArrayLike,
        structure: Structure,
        weight: ArrayLike | None = None,
        nesting: ArrayLike = 0.0,
    ) -> Problem:
        """Return the batch, checked; see `batch.solve_logit` for the arguments."""
        given = {"utility": utility, "cost": cost, "slope": slope, "nesting": nesting}
        given |= {} if weight is None else {"weight": weight}
        arrays = {name: np.asarray(x, dtype=np.float64) for name, x in given.items()}
        size = structure.size
        try:
            shape = np.broadcast_shapes((size,), *(x.shape for x in arrays.values()))
        except ValueError as error:
            raise ModelError(f"batch: arguments do not broadcast to (..., P): {error}") from error
        if shape[-1] != size:
            raise ModelError(f"batch: {size} firms for {shape[-1]} products on the last axis")
        flat = {name: _rows(arrays[name], shape, structure.order)
                for name in ("utility", "cost", "weight") if name in arrays}  # fmt: skip
        slopes = _heads(arrays["slope"], shape, structure.market_starts[:-1])
        inside = _inside(arrays["nesting"], shape, structure)
        return cls(flat["utility"], slopes, flat["cost"], flat.get("weight"), inside, shape[:-1],
                   structure)  # fmt: skip

    @property
    def rows(self) -> int:
        """Scenarios times draws."""
        return int(np.prod(self.lead, dtype=np.intp))

    @property
    def size(self) -> int:
        """Products P in all markets."""
        return int(self.cost.shape[1])

    def parts(self, chunk: int) -> Iterator[Part]:
        """Yield rectangles of as many firms as `chunk` products may have.

        Where firms weigh products unevenly they hold at most `chunk` products too, and fewer with
        nests: else no array of a part holds all its products.
        """
        holders = self.structure.firm_starts
        whole = Part(slice(0, self.rows), slice(0, holders.size - 1), slice(0, self.size),
                     slice(0, int(holders[-1])))  # fmt: skip
        most = whole.size if self.weight is None else chunk
        if self.nesting is not None:
            most = max(1, chunk // NEST_ARRAYS)
        return self.split(whole, most, max(1, chunk // FIRM_SHARE))

    def split(self, part: Part, most_products: int, most_firms: int) -> Iterator[Part]:
        """Yield rectangles of a part within the limits, at least one market and row each."""
        products, holders = self.structure.market_starts, self.structure.firm_starts
        first, last = part.markets.start, part.markets.stop
        while first < last:
            until = last
            for ends, limit in ((products, most_products), (holders, most_firms)):
                if ends[last] - ends[first] > limit:
                    until = min(until, int(ends.searchsorted(ends[first] + limit, "right")) - 1)
            until = max(until, first + 1)
            width, firms = (int(ends[until] - ends[first]) for ends in (products, holders))
            tall = max(1, min(most_products // width, most_firms // firms))
            for row in range(part.rows.start, part.rows.stop, tall):
                yield Part(
                    slice(row, min(row + tall, part.rows.stop)),
                    slice(first, until),
                    slice(int(products[first]), int(products[until])),
                    slice(int(holders[first]), int(holders[until])),
                )
            first = until

    def restore(self, prices: Array) -> Array:
        """Return prices in the caller's order of products."""
        if self.structure.order is None:
            return prices
        back = np.empty_like(prices)
        back[:, self.structure.order] = prices
        return back


Kernel = Callable[[Problem, Part, Answers], None]
"""Code that solves one part and writes the answers in their place."""


def cut(values: Array, part: Part, columns: slice) -> Array:
    """Return the part's rows of an argument, or its one row."""
    return values[part.rows if len(values) > 1 else slice(None), columns]


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


def _inside(nesting: Array, shape: tuple[int, ...], structure: Structure) -> Array | None:
    """Return the nesting parameter of each nest, one row where it is the same in all."""
    if structure.counts is None or structure.nest_heads is None:
        if nesting.any():
            raise ModelError("nesting: a nesting parameter needs nests; name each product's nest")
        return None
    if nesting.ndim == 0 or nesting.shape[-1] == 1:
        return _rows(nesting, (*shape[:-1], structure.nest_heads.size), None)
    each = _rows(nesting, shape, structure.order)
    per_nest = np.ascontiguousarray(each[:, structure.nest_heads])
    if (each != per_nest[:, structure.counts.nest_of_product()]).any():
        raise ModelError("nesting: a nest has several values; give one per nest")
    return per_nest
