"""The array code that solves one part of a batch, and the choice between it and compiled code."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tariffimpact.errors import ModelError
from tariffimpact.market.aggregative import TOLERANCE, solve_types
from tariffimpact.market.cellwise import solve_some
from tariffimpact.market.heterogeneous import solve_cells
from tariffimpact.market.layout import Answers, Kernel, Part, Problem, cut
from tariffimpact.market.system import Array, Labels

_SPAN = 600.0


def kernel(demand: Literal["logit", "ces"], *, backend: str) -> Kernel:
    """Return the code that solves one part.

    Raises
    ------
    ModelError
        If there is no such backend, or numba is not installed.
    """
    if backend not in ("numpy", "numba"):
        raise ModelError(f"backend: 'numpy' or 'numba' (got {backend!r})")
    alike, by_cell = solve_part, solve_cells
    if backend == "numba":
        try:
            from tariffimpact.market import fast, fast_cells
        except ImportError as error:
            raise ModelError(
                "backend='numba' needs the extra [fast]: pip install 'tariffimpact[fast]', or use "
                "backend='numpy'"
            ) from error
        alike, by_cell = fast.solve_part, fast_cells.solve_cells

    def solve(problem: Problem, part: Part, answers: Answers) -> None:
        if problem.nesting is None:
            alike(problem, part, answers, demand == "ces")
            chosen = _uneven(problem, part, answers)
        else:
            chosen = np.ones(part.shape[1], dtype=np.bool_)
        if chosen.any():
            solve_some(problem, part, answers, demand == "ces", chosen, by_cell)

    return solve


def solve_part(problem: Problem, part: Part, answers: Answers, multiplicative: bool) -> None:
    """Solve a part in which firms weigh their products alike; `multiplicative`: CES."""
    cost, slope = cut(problem.cost, part, part.products), cut(problem.slope, part, part.markets)
    products = problem.structure.product_counts[part.firms]
    counts = np.diff(problem.structure.firm_starts[part.markets.start : part.markets.stop + 1])
    rows = part.shape[0]
    prices = answers.prices[part.rows, part.products]
    value = prices  # the room for prices serves until they are known
    with np.errstate(invalid="ignore", divide="ignore"):
        level = np.log(cost) if multiplicative else cost
        np.multiply(level, -_per_product(problem, part, slope), out=value)
    value += cut(problem.utility, part, part.products)
    each = np.broadcast_to(slope, part.shape).ravel()
    with np.errstate(divide="ignore"):
        curve = 1 / each if multiplicative else np.zeros(each.size)
    found = solve_types(_types(value, products), np.tile(counts, rows), curve)
    with np.errstate(divide="ignore"):
        markup = (1 + found.odds.reshape(rows, -1)) / _repeat(slope, counts)
    if multiplicative:
        markup += 1
    _spread(np.multiply if multiplicative else np.add, cost, markup, products, prices)
    least = np.finfo(np.float64).tiny if multiplicative else 0.0
    fine = float(cost.min()) >= least and float(cost.max()) < np.inf
    good = np.ones((1, 1), dtype=np.bool_) if fine else (cost >= least) & (cost < np.inf)
    bad = _refused(problem, part, good)
    residual = found.residual.reshape(part.shape)
    _finish(problem, part, answers, np.where(bad, np.nan, residual), found.iterations)


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


def _refused(problem: Problem, part: Part, good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether a market holds an input that is out of range, (rows or 1, markets)."""
    slope = cut(problem.slope, part, part.markets)
    wrong = ~((slope > 0) & (slope < np.inf))
    if good.all():
        return wrong
    starts = problem.structure.market_starts[part.markets] - part.products.start
    return np.logical_or.reduceat(~good, starts, axis=1) | wrong


def _uneven(problem: Problem, part: Part, answers: Answers) -> NDArray[np.bool_]:
    """Check the weights; return the markets in which a firm weighs its products differently."""
    if problem.weight is None:
        return np.zeros(part.shape[1], dtype=np.bool_)
    weight = cut(problem.weight, part, part.products)
    bad = _refused(problem, part, (weight > 0) & (weight <= 1))
    if bad.any():
        residual = np.where(bad, np.nan, answers.residual[part.rows, part.markets])
        _finish(problem, part, answers, residual, answers.iterations[part.rows, part.markets])
    differs = np.zeros(weight.shape, dtype=np.bool_)
    np.not_equal(weight[:, 1:], weight[:, :-1], out=differs[:, 1:])
    differs[:, np.cumsum(problem.structure.product_counts[part.firms])[:-1]] = False
    starts = problem.structure.market_starts[part.markets] - part.products.start
    return np.asarray(np.logical_or.reduceat(differs.any(axis=0), starts))


def _types(value: Array, products: Labels) -> Array:
    """Return log sum exp of `value` per firm, flat; `value` is overwritten.

    One shift serves for all where exp cannot underflow.
    """
    if products.size == value.shape[1]:
        return value.flatten()
    starts = np.cumsum(products) - products
    high, low = float(value.max()), float(value.min())
    with np.errstate(invalid="ignore", divide="ignore", under="ignore"):
        shared = high - low < _SPAN
        shift = high if shared else np.maximum.reduceat(value, starts, axis=1)
        value -= shift if shared else np.repeat(shift, products, axis=1)
        total = _firm_sums(np.exp(value, out=value), products, starts)
        return np.asarray((np.log(total, out=total) + shift).ravel())


def _spread(join: np.ufunc, cost: Array, markup: Array, products: Labels, prices: Array) -> None:
    """Write every product's price from its firm's markup."""
    size = int(products[0])
    if not (products == size).all():
        join(cost, np.repeat(markup, products, axis=1), out=prices)
        return
    firms = (-1, products.size, size)
    join(cost.reshape(firms), markup[:, :, None], out=prices.reshape(firms))


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
