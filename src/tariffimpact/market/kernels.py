"""The array code that solves one part of a batch."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tariffimpact.market.aggregative import TOLERANCE, solve_types
from tariffimpact.market.cellwise import solve_some
from tariffimpact.market.layout import Answers, Kernel, Part, Problem, cut
from tariffimpact.market.system import Array, Labels

UNDERFLOW, OVERFLOW = 1e-290, 1e300
"""Sums of exp between these are exact to rounding: no term that counts was cut off."""
_BLOCK = 32_768
"""Products whose numbers fit the cache nearest to the processor, with costs and utilities."""


def kernel(demand: Literal["logit", "ces"]) -> Kernel:
    """Return the code that solves one part."""

    def solve(problem: Problem, part: Part, answers: Answers) -> None:
        if problem.nesting is None:
            solve_part(problem, part, answers, demand == "ces")
            chosen = _uneven(problem, part, answers)
        else:
            chosen = np.ones(part.shape[1], dtype=np.bool_)
        if chosen.any():
            solve_some(problem, part, answers, demand == "ces", chosen)

    return solve


def solve_part(problem: Problem, part: Part, answers: Answers, multiplicative: bool) -> None:
    """Solve a part in which firms weigh their products alike; `multiplicative`: CES."""
    slope = cut(problem.slope, part, part.markets)
    products = problem.structure.product_counts[part.firms]
    counts = np.diff(problem.structure.firm_starts[part.markets.start : part.markets.stop + 1])
    single = products.size == part.products.stop - part.products.start
    blocks = [part] if single else list(problem.split(part, _BLOCK, _BLOCK))
    room = np.empty(max(block.size for block in blocks))
    types, good = np.empty((part.shape[0], products.size)), np.ones(part.shape, dtype=np.bool_)
    good &= (slope > 0) & (slope < np.inf)
    with np.errstate(invalid="ignore", divide="ignore", under="ignore", over="ignore"):
        for block in blocks:
            rows = _inside(block.rows, part.rows)
            own = types[rows, _inside(block.firms, part.firms)]
            _put_types(problem, block, own, room, multiplicative)
            within = rows, _inside(block.markets, part.markets)
            good[within] &= _costs_fine(problem, block, multiplicative)
        curve = np.zeros(part.shape)
        if multiplicative:
            curve += 1 / slope
        many = counts if part.shape[0] == 1 else np.tile(counts, part.shape[0])
        found = solve_types(types.ravel(), many, curve.ravel())
        markup = (1 + found.odds.reshape(types.shape)) / _repeat(slope, counts)
    markup += 1 if multiplicative else 0
    for block in blocks:
        own = markup[_inside(block.rows, part.rows), _inside(block.firms, part.firms)]
        _put_prices(problem, block, own, answers.prices, multiplicative)
    residual = found.residual.reshape(part.shape)
    _finish(problem, part, answers, np.where(good, residual, np.nan), found.iterations)


def _inside(inner: slice, outer: slice) -> slice:
    """Return where a run lies in the run that holds it."""
    return slice(inner.start - outer.start, inner.stop - outer.start)


def _put_types(
    problem: Problem, part: Part, types: Array, room: Array, multiplicative: bool
) -> None:
    """Write log sum exp of utility - slope x (log) cost over each firm, shape (rows, firms)."""
    products = problem.structure.product_counts[part.firms]
    size = part.products.stop - part.products.start
    if products.size == size:
        _put_values(problem, part, types, multiplicative)
        return
    value = room[: part.size].reshape(-1, size)
    _put_values(problem, part, value, multiplicative)
    starts = np.cumsum(products) - products
    total = _firm_sums(np.exp(value, out=value), products, starts)
    if total.min() > UNDERFLOW and total.max() < OVERFLOW:
        np.log(total, out=types)
        return
    _put_values(problem, part, value, multiplicative)
    shift = np.maximum.reduceat(value, starts, axis=1)
    value -= np.repeat(shift, products, axis=1)
    np.log(_firm_sums(np.exp(value, out=value), products, starts), out=types)
    types += shift


def _put_values(problem: Problem, part: Part, value: Array, multiplicative: bool) -> None:
    """Write utility - slope x (log) cost of each product, shape (rows, products)."""
    cost = cut(problem.cost, part, part.products)
    slope = cut(problem.slope, part, part.markets)
    np.multiply(np.log(cost) if multiplicative else cost, -_per_product(problem, part, slope),
                out=value)  # fmt: skip
    value += cut(problem.utility, part, part.products)


def _put_prices(
    problem: Problem, part: Part, markup: Array, prices: Array, multiplicative: bool
) -> None:
    """Write every product's price from its firm's markup, shape (rows, firms)."""
    products = problem.structure.product_counts[part.firms]
    join = np.multiply if multiplicative else np.add
    cost, out = cut(problem.cost, part, part.products), prices[part.rows, part.products]
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
        prices[np.repeat(failed, _widths(problem, part), axis=1)] = np.nan


def _widths(problem: Problem, part: Part) -> Labels:
    """Return the products of each market of a part."""
    return np.diff(problem.structure.market_starts[part.markets.start : part.markets.stop + 1])


def _per_product(problem: Problem, part: Part, slope: Array) -> Array:
    """Return each product's slope; one number where all markets share it."""
    if (slope == slope[0, 0]).all():
        return slope[:1, :1]
    return _repeat(slope, _widths(problem, part))


def _costs_fine(problem: Problem, part: Part, multiplicative: bool) -> NDArray[np.bool_]:
    """Return whether all costs of each market are in range, (rows or 1, markets or 1)."""
    cost = cut(problem.cost, part, part.products)
    least = np.finfo(np.float64).tiny if multiplicative else 0.0
    if float(cost.min()) >= least and float(cost.max()) < np.inf:
        return np.ones((1, 1), dtype=np.bool_)
    return _by_market(problem, part, (cost >= least) & (cost < np.inf), np.logical_and)


def _by_market(
    problem: Problem, part: Part, each: NDArray[np.bool_], join: np.ufunc
) -> NDArray[np.bool_]:
    """Return what is so of all (or any) products of each market, (rows or 1, markets)."""
    starts = problem.structure.market_starts[part.markets] - part.products.start
    return np.asarray(join.reduceat(each, starts, axis=1), dtype=np.bool_)


def _uneven(problem: Problem, part: Part, answers: Answers) -> NDArray[np.bool_]:
    """Check the weights; return the markets in which a firm weighs its products differently."""
    if problem.weight is None:
        return np.zeros(part.shape[1], dtype=np.bool_)
    weight = cut(problem.weight, part, part.products)
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
