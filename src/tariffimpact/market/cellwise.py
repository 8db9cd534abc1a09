"""The markets of a part that need a number per firm and nest: nests, or uneven profit weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tariffimpact.market.aggregative import TOLERANCE
from tariffimpact.market.cells import Counts
from tariffimpact.market.heterogeneous import Markups, solve_cells
from tariffimpact.market.layout import Answers, Part, Problem, cut
from tariffimpact.market.maxima import at_maximum
from tariffimpact.market.system import Array

_HOPELESS = 1e8
"""Logs below a market's best at which a product counts for nothing."""


def solve_some(
    problem: Problem, part: Part, answers: Answers, multiplicative: bool,
    chosen: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Solve the `chosen` markets of a part, shape (markets,), in its rows, and write answers."""
    rows = part.shape[0]
    widths = np.diff(problem.structure.market_starts)[part.markets]
    held, widths = np.repeat(chosen, widths), widths[chosen]

    def taken(values: Array, columns: slice, some: NDArray[np.bool_]) -> Array:
        own = cut(values, part, columns)[:, some]
        return np.broadcast_to(own, (rows, own.shape[1]))

    utility, cost = (taken(x, part.products, held) for x in (problem.utility, problem.cost))
    weight = np.ones_like(cost)
    if problem.weight is not None:
        weight = taken(problem.weight, part.products, held)
    slope = taken(problem.slope, part.markets, chosen)
    counts, nesting = _counts(problem, part, chosen)
    value, fine = _values(utility, cost, slope, weight, widths, multiplicative)
    fine &= _each((nesting >= 0) & (nesting < 1), counts.nests)
    nesting = np.where(np.repeat(fine, counts.nests, axis=1), nesting, 0.0)
    product_fine = np.repeat(fine, widths, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        curve = np.where(fine, 1 / slope if multiplicative else 0.0, 0.0)
        gross = np.where(product_fine, 1 / weight, 1.0)
    found = _found(bool(nesting.any()) and problem.weight is not None,
                   value=np.where(product_fine, value, 0.0).ravel(), gross=gross.ravel(),
                   counts=counts.tile(rows), nesting=nesting.ravel(),
                   curve=curve.ravel())  # fmt: skip
    residual = np.where(fine, found.residual.reshape(fine.shape), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        markup = found.markup.reshape(cost.shape) / np.repeat(slope, widths, axis=1)
        prices = cost * (1 + markup) if multiplicative else cost + markup
    prices[np.repeat(~(residual <= TOLERANCE), widths, axis=1)] = np.nan
    answers.prices[part.rows, part.products][:, held] = prices
    answers.residual[part.rows, part.markets][:, chosen] = residual
    answers.iterations[part.rows, part.markets][:, chosen] = found.iterations.reshape(fine.shape)


def _found(doubtful: bool, **given: Any) -> Markups:
    """Return what the solver finds; where `doubtful`, a saddle of a firm's profit is flagged."""
    found = solve_cells(**given)
    if doubtful:
        saddle = ~at_maximum(markup=found.markup, **given)
        found.residual[saddle & (found.residual <= TOLERANCE)] = np.inf
    return found


def _each(good: NDArray[np.bool_], counts: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return whether all of each market's are good, along the last axis."""
    return np.logical_and.reduceat(good, np.cumsum(counts) - counts, axis=1)


def _counts(problem: Problem, part: Part, chosen: NDArray[np.bool_]) -> tuple[Counts, Array]:
    """Return the counts of the chosen markets of one row, and nesting, (rows, nests)."""
    structure = problem.structure
    if structure.counts is None or problem.nesting is None:
        firms = np.diff(structure.firm_starts)[part.markets]
        products = structure.product_counts[part.firms]
        counts = Counts.plain(products, firms).only(chosen)
        return counts, np.zeros((part.shape[0], int(chosen.sum())))
    everywhere = np.zeros(structure.names.size, dtype=np.bool_)
    everywhere[part.markets] = chosen
    nests = np.repeat(everywhere, structure.counts.nests)
    own = cut(problem.nesting, part, slice(None))[:, nests]
    return structure.counts.only(everywhere), np.broadcast_to(own, (part.shape[0], own.shape[1]))


def _values(
    utility: Array, cost: Array, slope: Array, weight: Array, widths: NDArray[np.intp],
    multiplicative: bool,
) -> tuple[Array, NDArray[np.bool_]]:  # fmt: skip
    """Return log weights at cost, and whether a market's inputs are in range, (rows, markets)."""
    starts = np.cumsum(widths) - widths
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.log(cost) if multiplicative else cost
        value = utility - np.repeat(slope, widths, axis=1) * level
        best = np.maximum(np.maximum.reduceat(value, starts, axis=1), 0.0)
        value = np.maximum(value, np.repeat(best, widths, axis=1) - _HOPELESS)
    least = np.finfo(np.float64).tiny if multiplicative else 0.0
    good = (weight > 0) & (weight <= 1) & (cost >= least) & (cost < np.inf) & np.isfinite(value)
    return value, _each(good, widths) & (slope > 0) & (slope < np.inf)
