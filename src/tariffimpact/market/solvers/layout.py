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
from tariffimpact.market.conduct import Game, ownership_matrix
from tariffimpact.market.demand_systems import Array, CesDemand, Flags, Labels, LogitDemand
from tariffimpact.market.solvers.aggregate import solve_types
from tariffimpact.market.solvers.log_odds import settled_odds
from tariffimpact.market.solvers.maxima import OwnNests, better_elsewhere, require_best
from tariffimpact.market.solvers.nest_markups import Products, Solution, solve_cells
from tariffimpact.market.solvers.newton import TOLERANCE

FIRM_SHARE = 10
"""A part holds at most one firm for so many products: firms take more work, and more arrays."""
CELL_ARRAYS = 8
"""How many times the memory of a plain market one with several cells a firm takes."""
UNDERFLOW, OVERFLOW = 1e-290, 1e300
"""Sums of exp between these are exact to rounding: no term that counts was cut off."""
_HOPELESS = 1e8
"""Logs below a market's best at which a product counts for nothing."""
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
        starts = np.cumsum(self.product_counts) - self.product_counts
        return np.asarray(np.add.reduceat(values, starts, axis=-1))


def _changes(labels: Names) -> Flags:
    """Return whether each label differs from the one before; the first does."""
    new = np.ones(labels.size, dtype=np.bool_)
    np.not_equal(labels[1:], labels[:-1], out=new[1:])
    return new


@dataclass(frozen=True, slots=True)
class Part:
    """A rectangle of a batch: some rows, and a run of whole markets."""

    rows: slice
    markets: slice
    firms: slice
    products: slice
    widths: Labels
    """Products of each market."""
    counts: Labels
    """Firms of each market."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Where the solvers write: prices (R, P), and residuals and steps of each market, (R, M)."""

    prices: Array
    residual: Array
    iterations: Labels

    def write(self, part: Part, prices: Array, residual: Array, steps: Labels) -> None:
        """Write what was found of a part; NaN for prices where a market is not solved."""
        self.residual[part.rows, part.markets] = residual
        self.iterations[part.rows, part.markets] = steps.reshape(residual.shape)
        failed = ~(residual <= TOLERANCE)
        if failed.any():
            prices[np.repeat(failed, part.widths, axis=1)] = np.nan
        self.prices[part.rows, part.products] = prices


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

    def pieces(self, chunk: int) -> Iterator[Part]:
        """Yield rectangles of about `chunk` products: fewer firms, and fewer with several cells."""
        plain = self.nesting is None and self.weight is None
        limits = max(1, chunk if plain else chunk // CELL_ARRAYS), max(1, chunk // FIRM_SHARE)
        ends = self.structure.market_starts, self.structure.firm_starts
        first, rows = 0, len(self.cost)
        while first < self.structure.names.size:
            until = min(int(e.searchsorted(e[first] + limit, "right")) - 1
                        for e, limit in zip(ends, limits, strict=True))  # fmt: skip
            until = max(until, first + 1)
            products, firms = (slice(int(e[first]), int(e[until])) for e in ends)
            widths, counts = (np.diff(e[first : until + 1]) for e in ends)
            tall = max(1, min(limits[0] // widths.sum(), limits[1] // counts.sum()))
            for row in range(0, rows, tall):
                yield Part(slice(row, min(row + tall, rows)), slice(first, until), firms, products,
                           widths, counts)  # fmt: skip
            first = until

    def uneven(self, part: Part) -> bool:
        """Return whether a firm of a part needs more than one number."""
        if self.weight is None or self.nesting is not None:
            return self.nesting is not None
        weight = self.weight[part.rows, part.products]
        inside = np.ones(weight.shape[1], dtype=np.bool_)
        sizes = self.structure.product_counts[part.firms]
        inside[np.cumsum(sizes) - sizes] = False
        return bool((np.diff(weight, axis=1, prepend=0.0)[:, inside] != 0).any())

    def values(self, part: Part) -> Array:
        """Return utility - slope x (log) cost of each product of a part, shape (rows, products)."""
        cost = self.cost[part.rows, part.products]
        value = np.log(cost) if self.ces else cost.copy()
        value *= -_repeat(self.slope[part.rows, part.markets], part.widths)
        value += self.utility[part.rows, part.products]
        return value

    def fine(self, part: Part) -> Flags:
        """Return whether all inputs of each market of a part are in range, (rows, markets)."""
        slope, cost = self.slope[part.rows, part.markets], self.cost[part.rows, part.products]
        good = (cost >= (np.finfo(np.float64).tiny if self.ces else 0.0)) & (cost < np.inf)
        if self.weight is not None:
            each = self.weight[part.rows, part.products]
            good &= (each > 0) & (each <= 1)
        if self.nesting is not None:
            each = self.nesting[part.rows, part.products]
            good &= (each >= 0) & (each < 1)
        fine = (slope > 0) & (slope < np.inf)
        if not good.all():
            fine &= np.logical_and.reduceat(good, np.cumsum(part.widths) - part.widths, axis=1)
        return np.asarray(fine if self.outside_good else fine & (part.counts > 1))

    def priced(self, part: Part, markup: Array) -> Array:
        """Return prices at markups of each product of a part: on cost, or (CES) a part of it."""
        cost = self.cost[part.rows, part.products]
        return cost * (1 + markup) if self.ces else cost + markup


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


def run(problem: Problem, pieces: Iterable[Part]) -> Answers:
    """Solve piece by piece and return the answers, prices in the caller's order."""
    structure = problem.structure
    shape = (len(problem.cost), structure.names.size)
    answers = Answers(np.empty(problem.cost.shape), np.empty(shape), np.empty(shape, dtype=np.intp))
    for part in pieces:
        with np.errstate(all="ignore"):
            (_by_cell if problem.uneven(part) else _by_firm)(problem, part, answers)
    return Answers(structure.restored(answers.prices), answers.residual, answers.iterations)


def _by_firm(problem: Problem, part: Part, answers: Answers) -> None:
    """Solve a part in which firms weigh their products alike."""
    sizes = problem.structure.product_counts[part.firms]
    types, slope = _types(problem.values(part), sizes), problem.slope[part.rows, part.markets]
    curve = 1 / slope if problem.ces else np.zeros(slope.shape)
    away = 1.0 if problem.outside_good else 0.0
    found = solve_types(types.ravel(), np.tile(part.counts, len(types)), curve.ravel(), away)
    markup = (1 + found.odds.reshape(types.shape)) / _repeat(slope, part.counts)
    each = markup if (sizes == 1).all() else np.repeat(markup, sizes, axis=1)
    residual = np.where(problem.fine(part), found.residual.reshape(slope.shape), np.nan)
    answers.write(part, problem.priced(part, each), residual, found.iterations)


def _types(value: Array, sizes: Labels) -> Array:
    """Return log sum exp of `value` over each firm's products, shape (rows, firms)."""
    if (sizes == 1).all():
        return value
    total = _firm_sums(np.exp(value), sizes)
    if total.min() > UNDERFLOW and total.max() < OVERFLOW:
        return np.asarray(np.log(total))
    peak = np.maximum.reduceat(value, np.cumsum(sizes) - sizes, axis=1)
    total = _firm_sums(np.exp(value - np.repeat(peak, sizes, axis=1)), sizes)
    return np.asarray(peak + np.log(total))


def _firm_sums(value: Array, sizes: Labels) -> Array:
    """Return sums over the products of each firm, shape (rows, firms)."""
    size = int(sizes[0])
    if (sizes == size).all():
        return np.asarray((value.reshape(-1, size) @ np.ones(size)).reshape(len(value), -1))
    return np.asarray(np.add.reduceat(value, np.cumsum(sizes) - sizes, axis=1))


def _by_cell(problem: Problem, part: Part, answers: Answers) -> None:
    """Solve a part by one number per firm and nest; by itself what that does not settle."""
    slope = problem.slope[part.rows, part.markets]
    products, fine = _products(problem, part)
    found = solve_cells(products)
    residual = np.where(fine, found.residual.reshape(fine.shape), np.nan)
    if problem.weight is not None and problem.nesting is not None:
        residual[_elsewhere(products, found).reshape(fine.shape) & (residual <= TOLERANCE)] = np.inf
    markup = found.markup.reshape(len(fine), -1) / np.repeat(slope, part.widths, axis=1)
    if problem.ces:  # the margin over price there, so the markup over cost is this
        markup = markup / (1 - markup)
    prices, steps = problem.priced(part, markup), found.iterations.reshape(fine.shape)
    ends = np.append(0, np.cumsum(part.widths))
    for row, market in np.argwhere(fine & ~(residual <= TOLERANCE) & ~np.isinf(residual)):
        at = slice(ends[market], ends[market + 1])
        prices[row, at], residual[row, market], count = _alone(problem, part, row, market, at)
        steps[row, market] += count
    answers.write(part, prices, residual, steps)


def _products(problem: Problem, part: Part) -> tuple[Products, Flags]:
    """Return all rows as one run of products, and whether a market's inputs are in range."""
    starts = np.cumsum(part.widths) - part.widths
    market = np.repeat(np.arange(part.widths.size), part.widths)
    sizes, nests = problem.structure.product_counts[part.firms], problem.structure.nest
    firm = np.repeat(np.arange(sizes.size), sizes)
    nest = market if nests is None else np.unique(nests[part.products], return_inverse=True)[1]
    value = problem.values(part)
    best = np.maximum.reduceat(value, starts, axis=1)
    value = np.maximum(value, np.maximum(best, 0.0)[:, market] - _HOPELESS)
    fine = problem.fine(part) & np.logical_and.reduceat(np.isfinite(value), starts, axis=1)
    each, shift = fine[:, market], np.arange(len(fine))[:, None]
    weight, nesting = (
        np.full(value.shape, absent) if x is None
        else np.where(each, x[part.rows, part.products], absent)
        for x, absent in ((problem.weight, 1.0), (problem.nesting, 0.0))
    )  # fmt: skip
    slope = np.where(fine, problem.slope[part.rows, part.markets], 1.0)
    firm, nest, market = ((x + shift * (int(x.max()) + 1)).ravel() for x in (firm, nest, market))
    products = Products(
        np.where(each, value, 0.0).ravel(), weight.ravel(), nesting.ravel(), firm, nest, market,
        (1 / slope if problem.ces else 0 * slope).ravel(), 1.0 if problem.outside_good else 0.0,
    )  # fmt: skip
    return products, fine


def _elsewhere(given: Products, found: Solution) -> Flags:
    """Return the markets in which a firm earns more at quite other prices, or without a product."""
    cell = np.cumsum(_changes(given.firm) | _changes(given.nest)) - 1
    starts = np.flatnonzero(_changes(cell))
    market = given.market[starts]
    gain, _ = better_elsewhere(
        OwnNests(found.within, found.keep, found.markup, cell, given.nesting[starts],
                 given.curve[market], found.nest_share[starts], found.index[starts])
    )  # fmt: skip
    lost = np.zeros(given.curve.size, dtype=np.bool_)
    lost[market[gain > 0]] = True
    return lost


def _alone(
    problem: Problem, part: Part, row: int, market: int, at: slice
) -> tuple[Array, float, int]:
    """Return prices, residual and steps of one market, infinite where it has no equilibrium."""

    def own(values: Array | None, absent: float) -> Array:
        given = np.full(at.stop - at.start, absent)
        return given if values is None else values[part.rows, part.products][row, at]

    slope = float(problem.slope[part.rows, part.markets][row, market])
    sizes, nests = problem.structure.product_counts[part.firms], problem.structure.nest
    level = np.maximum(own(problem.utility, 0.0), -_HOPELESS)
    nest = np.zeros(level.size, dtype=np.intp) if nests is None else nests[part.products][at]
    demand = (CesDemand if problem.ces else LogitDemand)(
        level, slope + problem.ces, nest=nest, nesting=own(problem.nesting, 0.0),
        outside_good=problem.outside_good,
    )  # fmt: skip
    firms = tuple(str(f) for f in np.repeat(np.arange(sizes.size), sizes)[at])
    game = Game(demand, ownership_matrix(firms), own(problem.cost, 0.0), own(problem.weight, 1.0),
                "bertrand")  # fmt: skip
    prices, error, count = settled_odds(game)
    if not error <= TOLERANCE:
        return prices, np.inf if problem.ces else error, count
    free = np.ones(level.size, dtype=np.bool_)
    try:
        require_best(game, prices, firms, firms, free, ~free)
    except ModelError:
        return prices, np.inf, count
    return prices, error, count
