"""Many logit or CES markets at once: how a batch lies in memory, and how its parts are solved.

Products lie flat, those of a market adjacent, then those of a firm, then those of a nest; rows are
scenarios and draws. An argument that is the same in all rows has one row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tariffimpact.errors import ModelError
from tariffimpact.market.conduct import Game, ownership_matrix
from tariffimpact.market.demand_systems import (
    Array,
    CesDemand,
    ChoiceDemand,
    Flags,
    Labels,
    LogitDemand,
)
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
_BLOCK = 32_768
"""Products whose numbers fit the cache nearest to the processor, with costs and utilities."""
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
        market = np.zeros(firm.size, dtype=np.intp) if markets is None else np.asarray(markets)
        nest = None if nests is None else np.asarray(nests)
        labels = [firm, market] if nest is None else [firm, market, nest]
        if firm.ndim != 1 or firm.size == 0 or any(x.shape != firm.shape for x in labels):
            shapes = ", ".join(str(x.shape) for x in labels)
            raise ModelError(
                f"firms, markets, nests: need one label per product (got shapes {shapes})"
            )
        new = _changes(market)
        names = market[new]
        _check_adjacent(names)
        order, nest = _ordered(firm, np.cumsum(new) - 1, nest)
        firm = firm if order is None else firm[order]
        edges = np.flatnonzero(_changes(firm) | new)
        heads = new[edges]
        firm_starts = np.append(np.flatnonzero(heads), edges.size)
        edges = np.append(edges, firm.size)
        return cls(order, np.diff(edges), firm_starts, edges[firm_starts], names, nest)

    @property
    def size(self) -> int:
        """Products P."""
        return int(self.market_starts[-1])

    def widths(self, markets: slice) -> Labels:
        """Return the products of each of a run of markets."""
        return np.diff(self.market_starts[markets.start : markets.stop + 1])


def _ordered(
    firm: Names, market: Labels, nest: Names | None
) -> tuple[Labels | None, Labels | None]:
    """Return the order by market, firm and nest, None if it is the given one, and nests in it."""
    if nest is None:
        rising = (firm[1:] >= firm[:-1]) | (np.diff(market) > 0)
        if rising.all():
            return None, None
        _, firm = np.unique(firm, return_inverse=True)
        return np.lexsort((firm, market)), None
    firm, nest = (np.unique(x, return_inverse=True)[1] for x in (firm, nest))
    order = np.lexsort((nest, firm, market))
    _, number = np.unique((market * (int(nest.max()) + 1) + nest)[order], return_inverse=True)
    return (None if (np.diff(order) > 0).all() else order), number


def _changes(labels: Names) -> Flags:
    """Return whether each label differs from the one before; the first does."""
    new = np.ones(labels.size, dtype=np.bool_)
    np.not_equal(labels[1:], labels[:-1], out=new[1:])
    return new


def _check_adjacent(names: Names) -> None:
    if (names[1:] > names[:-1]).all():
        return
    seen, times = np.unique(names, return_counts=True)
    if seen.size != names.size:
        twice = seen[times > 1][0]
        raise ModelError(f"markets: the products of {twice} are not adjacent; sort by market")


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
    """A batch: R rows of P products."""

    utility: Array
    slope: Array
    """Per market, shape (R or 1, M)."""
    cost: Array
    weight: Array | None
    nesting: Array | None
    """Per product, shape (R or 1, P); None without nests."""
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
        return cls(flat["utility"], slopes, flat["cost"], flat.get("weight"),
                   _inside(arrays["nesting"], shape, structure), shape[:-1], structure, ces,
                   outside_good)  # fmt: skip

    @property
    def rows(self) -> int:
        """Scenarios times draws."""
        return int(np.prod(self.lead, dtype=np.intp))

    @property
    def away(self) -> float:
        """What the outside good adds to H."""
        return 1.0 if self.outside_good else 0.0

    @property
    def whole(self) -> Part:
        """The batch as one part."""
        holders = self.structure.firm_starts
        return Part(slice(0, self.rows), slice(0, holders.size - 1), slice(0, self.structure.size),
                    slice(0, int(holders[-1])))  # fmt: skip

    def pieces(self, chunk: int) -> list[Part]:
        """Return rectangles of as many firms as `chunk` products may have.

        Where firms weigh products unevenly they hold at most `chunk` products too, and fewer with
        nests: else no array of a part holds all its products.
        """
        most = self.whole.size if self.weight is None else chunk
        if self.nesting is not None:
            most = max(1, chunk // CELL_ARRAYS)
        return list(self.split(self.whole, most, max(1, chunk // FIRM_SHARE)))

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

    def restored(self, prices: Array) -> Array:
        """Return prices in the caller's order of products."""
        if self.structure.order is None:
            return prices
        back = np.empty_like(prices)
        back[:, self.structure.order] = prices
        return back


def run(problem: Problem, pieces: Iterator[Part]) -> Answers:
    """Solve piece by piece and return the answers, prices in the caller's order."""
    shape = (problem.rows, problem.structure.names.size)
    answers = Answers(np.empty((problem.rows, problem.structure.size)), np.empty(shape),
                      np.empty(shape, dtype=np.intp))  # fmt: skip
    for part in pieces:
        if problem.nesting is None:
            solve_alike(problem, part, answers)
            chosen = _uneven(problem, part, answers)
        else:
            chosen = np.ones(part.shape[1], dtype=np.bool_)
        if chosen.any():
            solve_uneven(problem, part, answers, chosen)
    return Answers(problem.restored(answers.prices), answers.residual, answers.iterations)


def _cut(values: Array, part: Part, columns: slice) -> Array:
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
    """Return the nesting parameter of each product, one row where it is the same in all."""
    if structure.nest is None:
        if nesting.any():
            raise ModelError("nesting: a nesting parameter needs nests; name each product's nest")
        return None
    each = _rows(nesting, shape, structure.order)
    _, heads = np.unique(structure.nest, return_index=True)
    same = each[:, heads][:, structure.nest]
    if ((each != same) & ~(np.isnan(each) & np.isnan(same))).any():
        raise ModelError("nesting: a nest has several values; give one per nest")
    return each


def solve_alike(problem: Problem, part: Part, answers: Answers) -> None:
    """Solve a part in which firms weigh their products alike."""
    slope = _cut(problem.slope, part, part.markets)
    products = problem.structure.product_counts[part.firms]
    counts = np.diff(problem.structure.firm_starts[part.markets.start : part.markets.stop + 1])
    single = products.size == part.products.stop - part.products.start
    blocks = [part] if single else list(problem.split(part, _BLOCK, _BLOCK))
    room = np.empty(max(block.size for block in blocks))
    types, good = np.empty((part.shape[0], products.size)), np.ones(part.shape, dtype=np.bool_)
    good &= (slope > 0) & (slope < np.inf)
    if not problem.outside_good:
        good &= counts > 1
    with np.errstate(invalid="ignore", divide="ignore", under="ignore", over="ignore"):
        for block in blocks:
            rows = _within(block.rows, part.rows)
            _put_types(problem, block, types[rows, _within(block.firms, part.firms)], room)
            good[rows, _within(block.markets, part.markets)] &= _costs_fine(problem, block)
        curve = np.zeros(part.shape)
        if problem.ces:
            curve += 1 / slope
        many = counts if part.shape[0] == 1 else np.tile(counts, part.shape[0])
        found = solve_types(types.ravel(), many, curve.ravel(), problem.away)
        markup = (1 + found.odds.reshape(types.shape)) / _repeat(slope, counts)
    markup += 1 if problem.ces else 0
    for block in blocks:
        own = markup[_within(block.rows, part.rows), _within(block.firms, part.firms)]
        _put_prices(problem, block, own, answers.prices)
    residual = found.residual.reshape(part.shape)
    _finish(problem, part, answers, np.where(good, residual, np.nan), found.iterations)


def _within(inner: slice, outer: slice) -> slice:
    """Return where a run lies in the run that holds it."""
    return slice(inner.start - outer.start, inner.stop - outer.start)


def _put_types(problem: Problem, part: Part, types: Array, room: Array) -> None:
    """Write log sum exp of utility - slope x (log) cost over each firm, shape (rows, firms)."""
    products = problem.structure.product_counts[part.firms]
    size = part.products.stop - part.products.start
    if products.size == size:
        _put_values(problem, part, types)
        return
    value = room[: part.size].reshape(-1, size)
    _put_values(problem, part, value)
    starts = np.cumsum(products) - products
    total = _firm_sums(np.exp(value, out=value), products, starts)
    if total.min() > UNDERFLOW and total.max() < OVERFLOW:
        np.log(total, out=types)
        return
    _put_values(problem, part, value)
    shift = np.maximum.reduceat(value, starts, axis=1)
    value -= np.repeat(shift, products, axis=1)
    np.log(_firm_sums(np.exp(value, out=value), products, starts), out=types)
    types += shift


def _put_values(problem: Problem, part: Part, value: Array) -> None:
    """Write utility - slope x (log) cost of each product, shape (rows, products)."""
    cost = _cut(problem.cost, part, part.products)
    slope = _cut(problem.slope, part, part.markets)
    alike = (slope == slope[0, 0]).all()
    each = slope[:1, :1] if alike else _repeat(slope, problem.structure.widths(part.markets))
    np.multiply(np.log(cost) if problem.ces else cost, -each, out=value)
    value += _cut(problem.utility, part, part.products)


def _put_prices(problem: Problem, part: Part, markup: Array, prices: Array) -> None:
    """Write every product's price from its firm's markup, shape (rows, firms)."""
    products = problem.structure.product_counts[part.firms]
    join = np.multiply if problem.ces else np.add
    cost, out = _cut(problem.cost, part, part.products), prices[part.rows, part.products]
    size = int(products[0])
    if (products == size).all():
        firms = (-1, products.size, size)
        join(cost.reshape(firms), markup[:, :, None], out=out.reshape(firms))
    else:
        join(cost, np.repeat(markup, products, axis=1), out=out)


def _finish(problem: Problem, part: Part, answers: Answers, residual: Array, steps: Labels) -> None:
    """Write residuals and steps; NaN for prices where a market is not solved."""
    within = (part.rows, part.markets)
    answers.residual[within] = residual
    answers.iterations[within] = steps.reshape(part.shape)
    failed = ~(residual <= TOLERANCE)
    if failed.any():
        prices = answers.prices[part.rows, part.products]
        prices[np.repeat(failed, problem.structure.widths(part.markets), axis=1)] = np.nan


def _costs_fine(problem: Problem, part: Part) -> Flags:
    """Return whether all costs of each market are in range, (rows or 1, markets or 1)."""
    cost = _cut(problem.cost, part, part.products)
    least = np.finfo(np.float64).tiny if problem.ces else 0.0
    if float(cost.min()) >= least and float(cost.max()) < np.inf:
        return np.ones((1, 1), dtype=np.bool_)
    return _by_market(problem, part, (cost >= least) & (cost < np.inf), np.logical_and)


def _by_market(problem: Problem, part: Part, each: Flags, join: np.ufunc) -> Flags:
    """Return what is so of all (or any) products of each market, (rows or 1, markets)."""
    starts = problem.structure.market_starts[part.markets] - part.products.start
    return np.asarray(join.reduceat(each, starts, axis=1), dtype=np.bool_)


def _uneven(problem: Problem, part: Part, answers: Answers) -> Flags:
    """Check the weights; return the markets in which a firm weighs its products differently."""
    if problem.weight is None:
        return np.zeros(part.shape[1], dtype=np.bool_)
    weight = _cut(problem.weight, part, part.products)
    good = _by_market(problem, part, (weight > 0) & (weight <= 1), np.logical_and)
    if not good.all():
        residual = np.where(good, answers.residual[part.rows, part.markets], np.nan)
        _finish(problem, part, answers, residual, answers.iterations[part.rows, part.markets])
    differs = np.zeros(weight.shape, dtype=np.bool_)
    np.not_equal(weight[:, 1:], weight[:, :-1], out=differs[:, 1:])
    differs[:, np.cumsum(problem.structure.product_counts[part.firms])[:-1]] = False
    return np.asarray(_by_market(problem, part, differs, np.logical_or).any(axis=0))


def _firm_sums(value: Array, products: Labels, starts: Labels) -> Array:
    """Return sums over the products of each firm, shape (rows, firms)."""
    size = int(products[0])
    if (products == size).all():
        return np.asarray((value.reshape(-1, size) @ np.ones(size)).reshape(len(value), -1))
    return np.add.reduceat(value, starts, axis=1)


def _repeat(value: Array, counts: Labels) -> Array:
    """Return `value` repeated along its last axis, itself where every count is 1."""
    if (counts == 1).all():
        return value
    size = int(counts[0])
    return np.repeat(value, size if (counts == size).all() else counts, axis=1)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The markets of a part that need a number per firm and nest, row by row; shape (rows, ...)."""

    utility: Array
    cost: Array
    weight: Array
    nesting: Array
    slope: Array
    """Per market, shape (rows, markets)."""
    firm: Labels
    """Of the products of one row, numbered through from 0, as nest and market."""
    nest: Labels
    market: Labels

    @classmethod
    def of(cls, problem: Problem, part: Part, chosen: Flags) -> _Chosen:
        structure, rows = problem.structure, part.shape[0]
        market = np.repeat(np.arange(chosen.size), structure.widths(part.markets))
        held = chosen[market]
        firm = np.repeat(np.arange(part.firms.stop - part.firms.start),
                         structure.product_counts[part.firms])  # fmt: skip
        nest = market if structure.nest is None else structure.nest[part.products]

        def taken(values: Array | None, columns: slice, some: Flags, absent: float) -> Array:
            if values is None:
                return np.full((rows, int(some.sum())), absent)
            own = _cut(values, part, columns)[:, some]
            return np.broadcast_to(own, (rows, own.shape[1]))

        wide = [taken(x, part.products, held, absent) for x, absent in (
            (problem.utility, 0), (problem.cost, 0), (problem.weight, 1), (problem.nesting, 0)
        )]  # fmt: skip
        slope = taken(problem.slope, part.markets, chosen, 0)
        labels = [np.unique(x[held], return_inverse=True)[1] for x in (firm, nest, market)]
        return cls(wide[0], wide[1], wide[2], wide[3], slope, labels[0], labels[1], labels[2])

    @property
    def starts(self) -> Labels:
        """First product of each market."""
        return np.flatnonzero(np.diff(self.market, prepend=-1))

    def products(self, ces: bool, away: float) -> tuple[Products, Flags]:
        """Return all rows as one run of products, and whether a market's inputs are in range."""
        rows, slope = len(self.cost), self.slope[:, self.market]
        with np.errstate(divide="ignore", invalid="ignore"):
            value = self.utility - slope * (np.log(self.cost) if ces else self.cost)
            best = np.maximum(np.maximum.reduceat(value, self.starts, axis=1), 0.0)
            value = np.maximum(value, best[:, self.market] - _HOPELESS)
        least = np.finfo(np.float64).tiny if ces else 0.0
        good = (self.weight > 0) & (self.weight <= 1) & (self.cost >= least) & np.isfinite(value)
        good &= (self.cost < np.inf) & (self.nesting >= 0) & (self.nesting < 1)
        good &= (slope > 0) & (slope < np.inf)
        fine = np.logical_and.reduceat(good, self.starts, axis=1)
        each = fine[:, self.market]
        shift = np.arange(rows)[:, None]
        firm, nest, market = (
            (x + shift * (int(x.max()) + 1)).ravel() for x in (self.firm, self.nest, self.market)
        )
        curve = 1 / np.where(fine, self.slope, 1.0) if ces else np.zeros(fine.shape)
        return Products(
            np.where(each, value, 0.0).ravel(), np.where(each, self.weight, 1.0).ravel(),
            np.where(each, self.nesting, 0.0).ravel(), firm, nest, market, curve.ravel(), away,
        ), fine  # fmt: skip

    def game(self, row: int, market: int, ces: bool, outside_good: bool) -> Game:
        """Return one market of one row."""
        at = self.market == market
        slope = float(self.slope[row, market])
        utility = np.maximum(self.utility[row, at], -_HOPELESS)
        options = {"nest": self.nest[at], "nesting": self.nesting[row, at],
                   "outside_good": outside_good}  # fmt: skip
        demand: ChoiceDemand = (
            CesDemand(utility, 1 + slope, **options) if ces
            else LogitDemand(utility, slope, **options)
        )  # fmt: skip
        firms = [str(f) for f in self.firm[at]]
        return Game(demand, ownership_matrix(firms), self.cost[row, at], self.weight[row, at],
                    "bertrand")  # fmt: skip


def solve_uneven(problem: Problem, part: Part, answers: Answers, chosen: Flags) -> None:
    """Solve the `chosen` markets of a part, shape (markets,), in its rows, and write answers."""
    given = _Chosen.of(problem, part, chosen)
    products, fine = given.products(problem.ces, problem.away)
    found = solve_cells(products)
    residual = np.where(fine, found.residual.reshape(fine.shape), np.nan)
    if problem.weight is not None and problem.nesting is not None:
        residual[_elsewhere(products, found).reshape(fine.shape) & (residual <= TOLERANCE)] = np.inf
    with np.errstate(divide="ignore", invalid="ignore"):
        markup = found.markup.reshape(given.cost.shape)
        if problem.ces:  # m is e (p - k)/p there
            prices = given.cost / (1 - markup / given.slope[:, given.market])
        else:
            prices = given.cost + markup / given.slope[:, given.market]
    steps = found.iterations.reshape(fine.shape)
    for row, market in np.argwhere(fine & ~(residual <= TOLERANCE) & ~np.isinf(residual)):
        at = given.market == market
        game = given.game(row, market, problem.ces, problem.outside_good)
        prices[row, at], residual[row, market], count = _alone(game)
        steps[row, market] += count
    prices[~(residual <= TOLERANCE)[:, given.market]] = np.nan
    market = np.repeat(np.arange(chosen.size), problem.structure.widths(part.markets))
    answers.prices[part.rows, part.products][:, chosen[market]] = prices
    answers.residual[part.rows, part.markets][:, chosen] = residual
    answers.iterations[part.rows, part.markets][:, chosen] = steps


def _elsewhere(given: Products, found: Solution) -> Flags:
    """Return the markets in which a firm earns more at quite other prices, or without a product."""
    cell = np.cumsum((np.diff(given.firm, prepend=-1) != 0)
                     | (np.diff(given.nest, prepend=-1) != 0)) - 1  # fmt: skip
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    market = given.market[starts]
    gain, _ = better_elsewhere(
        OwnNests(found.within, found.keep, found.markup, cell, given.nesting[starts],
                 given.curve[market], found.nest_share[starts], found.index[starts])
    )  # fmt: skip
    lost = np.zeros(given.curve.size, dtype=np.bool_)
    lost[market[gain > 0]] = True
    return lost


def _alone(game: Game) -> tuple[Array, float, int]:
    """Return prices, residual and steps of one market, infinite where it has no equilibrium."""
    free = np.ones(game.cost.size, dtype=np.bool_)
    prices, error, count = settled_odds(game)
    if not error <= TOLERANCE:
        return prices, np.inf if isinstance(game.demand, CesDemand) else error, count
    numbers = game.ownership.argmax(axis=1)
    labels = tuple(map(str, numbers))
    try:
        require_best(game, prices, labels, tuple(map(str, range(free.size))), free, ~free)
    except ModelError:
        return prices, np.inf, count
    return prices, error, count
