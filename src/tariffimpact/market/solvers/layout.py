"""Many logit or CES markets at once: how a batch lies in memory, and how its parts are solved.

Products lie flat, those of a market adjacent, then those of a firm, then those of a nest; rows are
scenarios and draws. What is the same in all rows or products is a view, not a copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tariffimpact.errors import ModelError
from tariffimpact.market.demand_systems import Array, Flags, Labels, divided
from tariffimpact.market.solvers.aggregate import solve_types
from tariffimpact.market.solvers.log_odds import Products, solve_products
from tariffimpact.market.solvers.maxima import OwnNests, better_elsewhere
from tariffimpact.market.solvers.newton import TOLERANCE

FIRM_SHARE = 10
"""A part holds at most one firm for so many products: firms take more work, and more arrays."""
UNEVEN_ARRAYS = 8
"""How many times the memory of a plain market one with several numbers a firm takes."""
UNDERFLOW, OVERFLOW = 1e-290, 1e300
"""Sums of exp between these are exact to rounding: no term that counts was cut off."""
_HOPELESS = 1e8
"""Logs below a market's best at which a product counts for nothing."""
_TINY = np.finfo(np.float64).tiny
Names = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Structure:
    """The products of a batch: whose they are, and in which market and nest.

    `solve_logit` and `solve_ces` take it in place of labels, so that many calls on the same
    products read them once.

    Examples
    --------
    >>> owned = Structure.of(firms=["a", "b", "a"], markets=["east", "east", "west"])
    >>> owned.size, owned.names.tolist()
    (3, ['east', 'west'])
    """

    order: Labels | None
    """Positions of the caller's products in the order worked in; None if the same."""
    product_counts: Labels
    """Products of each firm, shape (N,)."""
    firm_starts: Labels
    """First firm of each market, and N, shape (M + 1,)."""
    market_starts: Labels
    """First product of each market, and P, shape (M + 1,)."""
    names: Names
    """Label of each market, shape (M,)."""
    nest: Labels | None = None
    """Nest of each product, numbered through, shape (P,); None without nests."""

    @classmethod
    def of(
        cls, *, firms: ArrayLike, markets: ArrayLike | None = None, nests: ArrayLike | None = None
    ) -> Structure:
        """Return the structure of P products from their labels, each of shape (P,).

        `markets` None is one market; the products of a market must be adjacent. The label of a
        nest counts within its market.

        Raises
        ------
        ModelError
            If labels differ in number, or a market's products are not adjacent.
        """
        firm = np.asarray(firms)
        same = np.zeros(firm.size, dtype=np.intp)
        market, nest = (same if x is None else np.asarray(x) for x in (markets, nests))
        if firm.ndim != 1 or firm.size == 0 or not firm.shape == market.shape == nest.shape:
            shapes = ", ".join(str(x.shape) for x in (firm, market, nest))
            raise ModelError(
                f"firms, markets, nests: need one label per product (got shapes {shapes})"
            )
        names = market[_changes(market)]
        seen, times = np.unique(names, return_counts=True)
        if seen.size != names.size:
            twice = seen[times > 1][0]
            raise ModelError(f"markets: the products of {twice} are not adjacent; sort by market")
        market = np.cumsum(_changes(market)) - 1
        firm, nest = (np.unique(x, return_inverse=True)[1] for x in (firm, nest))
        order = np.lexsort((nest, firm, market))
        number = (market * (int(nest.max()) + 1) + nest)[order]
        edges = np.flatnonzero(_changes(market) | _changes(firm[order]))
        firm_starts = np.append(np.flatnonzero(_changes(market[edges])), edges.size)
        edges = np.append(edges, firm.size)
        return cls(
            None if (np.diff(order) > 0).all() else order, np.diff(edges), firm_starts,
            edges[firm_starts], names,
            None if nests is None else np.unique(number, return_inverse=True)[1],
        )  # fmt: skip

    @property
    def size(self) -> int:
        """Products P."""
        return int(self.market_starts[-1])

    @property
    def widths(self) -> Labels:
        """Products of each market, shape (M,)."""
        return np.diff(self.market_starts)

    @property
    def counts(self) -> Labels:
        """Firms of each market, shape (M,)."""
        return np.diff(self.firm_starts)

    @property
    def firm_heads(self) -> Labels:
        """First product of each firm, shape (N,)."""
        return np.cumsum(self.product_counts) - self.product_counts

    def part(self, some: slice) -> Structure:
        """Return the structure of a run of markets, its products in the order worked in."""
        products, firms = (slice(int(x[some.start]), int(x[some.stop]))
                           for x in (self.market_starts, self.firm_starts))  # fmt: skip
        ends = slice(some.start, some.stop + 1)
        return Structure(
            None, self.product_counts[firms], self.firm_starts[ends] - firms.start,
            self.market_starts[ends] - products.start, self.names[some],
            None if self.nest is None else self.nest[products],
        )  # fmt: skip

    def sorted(self, values: Array) -> Array:
        """Return numbers of the caller's products in the order worked in, shape (..., P)."""
        return values if self.order is None else values[..., self.order]

    def restored(self, values: Array) -> Array:
        """Return numbers in the caller's order of products: the inverse of `sorted`."""
        return values if self.order is None else values[..., np.argsort(self.order)]

    def over_markets(self, values: Array | Flags) -> Array:
        """Return sums over the products of each market, in either order, shape (..., M)."""
        return np.asarray(np.add.reduceat(values, self.market_starts[:-1], axis=-1))

    def over_firms(self, values: Array) -> Array:
        """Return sums over the products of each firm, in the order worked in, shape (..., N)."""
        return np.asarray(np.add.reduceat(values, self.firm_heads, axis=-1))


def _changes(labels: Names) -> Flags:
    """Return whether each label differs from the one before; the first does."""
    new = np.ones(labels.size, dtype=np.bool_)
    np.not_equal(labels[1:], labels[:-1], out=new[1:])
    return new


@dataclass(frozen=True, slots=True)
class Answers:
    """Prices, shape (R, P), NaN where a market is not solved, and residuals and steps, (R, M)."""

    prices: Array
    residual: Array
    iterations: Labels


@dataclass(frozen=True, slots=True)
class Problem:
    """A batch: R rows of P products."""

    utility: Array
    cost: Array
    slope: Array
    """Per market, shape (R, M); all else is per product, shape (R, P)."""
    weight: Array | None
    nesting: Array | None
    lead: tuple[int, ...]
    structure: Structure
    ces: bool
    outside_good: bool = True

    @classmethod
    def of(
        cls,
        *,
        utility: ArrayLike,
        slope: ArrayLike,
        cost: ArrayLike,
        structure: Structure,
        ces: bool,
        weight: ArrayLike | None = None,
        nesting: ArrayLike = 0.0,
        outside_good: bool = True,
    ) -> Problem:
        """Return the batch, checked; see `solve_logit` for the arguments."""
        given = [utility, cost, slope, nesting, 1.0 if weight is None else weight]
        size = structure.size
        try:
            *arrays, _ = np.broadcast_arrays(*(np.asarray(x, float) for x in given), np.empty(size))
        except ValueError as error:
            raise ModelError(f"batch: arguments do not broadcast to (..., P): {error}") from error
        lead, wide = arrays[0].shape[:-1], arrays[0].shape[-1]
        if wide != size:
            raise ModelError(f"batch: {size} firms for {wide} products on the last axis")
        flat = [_taken(x.reshape(-1, size), structure.order) for x in arrays]
        slopes = _taken(arrays[2].reshape(-1, size), structure.market_starts[:-1])
        return cls(flat[0], flat[1], slopes, None if weight is None else flat[4],
                   _checked_nesting(flat[3], structure), lead, structure, ces,
                   outside_good)  # fmt: skip

    def pieces(self, chunk: int) -> Iterator[tuple[slice, slice]]:
        """Yield rows and whole markets of about `chunk` products, of fewer firms, or if uneven."""
        plain, of = self.nesting is None and self.weight is None, self.structure
        limits = max(1, chunk if plain else chunk // UNEVEN_ARRAYS), max(1, chunk // FIRM_SHARE)
        ends, first, rows = (of.market_starts, of.firm_starts), 0, len(self.cost)
        while first < of.names.size:
            until = min(int(e.searchsorted(e[first] + limit, "right")) - 1
                        for e, limit in zip(ends, limits, strict=True))  # fmt: skip
            until = max(until, first + 1)
            tall = max(1, min(int(limit // (e[until] - e[first]))
                              for e, limit in zip(ends, limits, strict=True)))  # fmt: skip
            for row in range(0, rows, tall):
                yield slice(row, min(row + tall, rows)), slice(first, until)
            first = until

    def part(self, rows: slice, markets: slice) -> Problem:
        """Return some rows of a run of markets."""
        starts = self.structure.market_starts
        at = rows, slice(int(starts[markets.start]), int(starts[markets.stop]))
        weight, nesting = (None if x is None else x[at] for x in (self.weight, self.nesting))
        return Problem(self.utility[at], self.cost[at], self.slope[rows, markets], weight, nesting,
                       (), self.structure.part(markets), self.ces, self.outside_good)  # fmt: skip

    def uneven(self) -> bool:
        """Return whether a firm needs more than one number."""
        if self.weight is None or self.nesting is not None:
            return self.nesting is not None
        inside = np.ones(self.structure.size, dtype=np.bool_)
        inside[self.structure.firm_heads] = False
        return bool((np.diff(self.weight, axis=1, prepend=0.0)[:, inside] != 0).any())

    def values(self) -> Array:
        """Return utility - slope x (log) cost of each product, shape (R, P)."""
        value = np.log(self.cost) if self.ces else self.cost.copy()
        value *= -_repeat(self.slope, self.structure.widths)
        value += self.utility
        return value

    def fine(self) -> Flags:
        """Return whether all inputs of each market are in range, shape (R, M)."""
        good = (self.cost >= (_TINY if self.ces else 0.0)) & (self.cost < np.inf)
        if self.weight is not None:
            good &= (self.weight > 0) & (self.weight <= 1)
        if self.nesting is not None:
            good &= (self.nesting >= 0) & (self.nesting < 1)
        fine = (self.slope > 0) & (self.slope < np.inf)
        if not good.all():
            fine &= np.logical_and.reduceat(good, self.structure.market_starts[:-1], axis=1)
        return np.asarray(fine if self.outside_good else fine & (self.structure.counts > 1))

    def priced(self, markup: Array) -> Array:
        """Return prices at markups of each product: on cost, or (CES) a part of it."""
        return self.cost * (1 + markup) if self.ces else self.cost + markup


def _taken(rows: Array, columns: Labels | None) -> Array:
    """Return some columns, once where all rows are the same."""
    if columns is None:
        return rows
    once = rows[:1] if rows.strides[0] == 0 else rows
    return np.broadcast_to(once[:, columns], (len(rows), columns.size))


def _checked_nesting(nesting: Array, structure: Structure) -> Array | None:
    """Return the nesting parameter of each product, one value in a nest; None without nests."""
    once = nesting[:1] if nesting.strides[0] == 0 else nesting
    if structure.nest is None:
        if once.any():
            raise ModelError("nesting: a nesting parameter needs nests; name each product's nest")
        return None
    heads = np.unique(structure.nest, return_index=True)[1]
    if not np.array_equal(once, once[:, heads][:, structure.nest], equal_nan=True):
        raise ModelError("nesting: a nest has several values; give one per nest")
    return nesting


def _repeat(value: Array, counts: Labels) -> Array:
    """Return `value` repeated along its last axis; one column where all are the same."""
    if (value == value[:, :1]).all():
        return value[:, :1]
    return value if (counts == 1).all() else np.repeat(value, counts, axis=1)


def run(problem: Problem, pieces: Iterable[tuple[slice, slice]]) -> Answers:
    """Solve piece by piece and return the answers, prices in the caller's order."""
    of = problem.structure
    shape, starts = (len(problem.cost), of.names.size), of.market_starts
    prices, residual = np.empty(problem.cost.shape), np.empty(shape)
    steps = np.empty(shape, dtype=np.intp)
    for rows, markets in pieces:
        part = problem.part(rows, markets)
        with np.errstate(all="ignore"):
            found, error, count = (_by_nest if part.uneven() else _by_firm)(part)
        error = np.where(part.fine(), error.reshape(part.slope.shape), np.nan)
        failed = ~(error <= TOLERANCE)
        if failed.any():
            found[np.repeat(failed, part.structure.widths, axis=1)] = np.nan
        prices[rows, int(starts[markets.start]) : int(starts[markets.stop])] = found
        residual[rows, markets], steps[rows, markets] = error, count.reshape(error.shape)
    return Answers(of.restored(prices), residual, steps)


def _by_firm(part: Problem) -> tuple[Array, Array, Labels]:
    """Return prices, errors and steps where firms weigh their products alike."""
    of, slope = part.structure, part.slope
    sizes, types = of.product_counts, _types(part.values(), of)
    curve = 1 / slope if part.ces else np.zeros(slope.shape)
    away = 1.0 if part.outside_good else 0.0
    found = solve_types(types.ravel(), np.tile(of.counts, len(types)), curve.ravel(), away)
    markup = (1 + found.odds.reshape(types.shape)) / _repeat(slope, of.counts)
    each = markup if (sizes == 1).all() else np.repeat(markup, sizes, axis=1)
    return part.priced(each), found.residual, found.iterations


def _types(value: Array, of: Structure) -> Array:
    """Return log sum exp of `value` over each firm's products, shape (rows, firms)."""
    if (of.product_counts == 1).all():
        return value
    total = _firm_sums(np.exp(value), of)
    if total.min() > UNDERFLOW and total.max() < OVERFLOW:
        return np.asarray(np.log(total))
    peak = np.maximum.reduceat(value, of.firm_heads, axis=1)
    total = _firm_sums(np.exp(value - np.repeat(peak, of.product_counts, axis=1)), of)
    return np.asarray(peak + np.log(total))


def _firm_sums(value: Array, of: Structure) -> Array:
    """Return sums over the products of each firm, shape (rows, firms)."""
    size = int(of.product_counts[0])
    if (of.product_counts == size).all():
        return np.asarray((value.reshape(-1, size) @ np.ones(size)).reshape(len(value), -1))
    return of.over_firms(value)


def _by_nest(part: Problem) -> tuple[Array, Array, Labels]:
    """Return prices, errors and steps where a firm needs more numbers than one."""
    products, fine = _products(part)
    loss, error, steps = solve_products(products)
    error[~fine.ravel()] = np.nan
    if part.weight is not None and part.nesting is not None:
        error[_elsewhere(products, loss) & (error <= TOLERANCE)] = np.inf
    each = loss.reshape(len(part.cost), -1) / _repeat(part.slope, part.structure.widths)
    return part.priced(np.expm1(each) if part.ces else each), error, steps


def _products(part: Problem) -> tuple[Products, Flags]:
    """Return all rows as one run of products, and whether a market's inputs are in range."""
    of, value = part.structure, part.values()
    market = np.repeat(np.arange(of.names.size), of.widths)
    firm = np.repeat(np.arange(of.product_counts.size), of.product_counts)
    nest = market if of.nest is None else np.unique(of.nest, return_inverse=True)[1]
    best = np.maximum.reduceat(value, of.market_starts[:-1], axis=1)
    value = np.maximum(value, np.maximum(best, 0.0)[:, market] - _HOPELESS)
    finite = np.logical_and.reduceat(np.isfinite(value), of.market_starts[:-1], axis=1)
    fine = part.fine() & finite
    each, shift = fine[:, market], np.arange(len(value))[:, None]
    weight, nesting = (np.where(each, absent if x is None else x, absent).ravel()
                       for x, absent in ((part.weight, 1.0), (part.nesting, 0.0)))  # fmt: skip
    firm, nest, market = ((x + shift * (int(x.max()) + 1)).ravel() for x in (firm, nest, market))
    products = Products(
        np.where(each, value, 0.0).ravel(), weight, nesting, firm, nest, market,
        np.where(fine, part.slope, 1.0).ravel(), part.ces, 1.0 if part.outside_good else 0.0,
    )  # fmt: skip
    return products, fine


def _elsewhere(given: Products, loss: Array) -> Flags:
    """Return the markets in which a firm earns more at quite other prices, or without a product."""
    cell = np.cumsum(_changes(given.firm) | _changes(given.nest)) - 1
    starts = np.flatnonzero(_changes(cell))
    market, nest, firm = (x[starts] for x in (given.market, given.nest, given.firm))
    curve = (1 / given.steep if given.ces else 0 * given.steep)[given.market]
    keep, most = given.weight, np.zeros(int(firm.max()) + 1)
    np.maximum.at(most, given.firm, keep)
    keep = keep / most[given.firm]
    heads = np.flatnonzero(_changes(given.market))
    part, _ = divided(given.value - loss, given.nest, given.nesting, given.away, heads)
    share = np.bincount(given.nest, part).astype(np.float64)
    within = part / share[given.nest]
    markup = np.where(curve == 0, loss, -np.expm1(-curve * loss) / np.where(curve == 0, 1, curve))
    index = np.bincount(given.firm, part * keep * markup).astype(np.float64)
    gain, _ = better_elsewhere(
        OwnNests(within, keep, markup, cell, given.nesting[starts], curve[starts], share[nest],
                 index[firm])
    )  # fmt: skip
    lost = np.zeros(given.steep.size, dtype=np.bool_)
    lost[market[gain > 0]] = True
    return lost
