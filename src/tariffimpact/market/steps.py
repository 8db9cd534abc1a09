"""The Newton step on the conditions of `balance`, many markets at once.

Eliminating b, kappa and X leaves one linear system per market, as large as it has nests.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tariffimpact.market.balance import Conditions, Given
from tariffimpact.market.cells import Cells
from tariffimpact.market.system import Array


def newton_step(
    given: Given, at: Conditions, joint: NDArray[np.bool_]
) -> tuple[Array, Array, Array, Array]:
    """Return the changes of log b, kappa, X and d; X stays where a market is not yet `joint`."""
    cells, rest, firm, nest = given.cells, given.cell_rest, given.cells.firm, given.cells.nest
    nu = 1 / (1 + rest * given.cell_curve)
    by_kept = (1 - rest) * nu * rest * at.share / at.narrow
    scale = 1 / (1 - at.drift * by_kept)
    by_share = (1 - rest) * at.earned * at.share / at.narrow * scale
    by_index = rest / at.narrow * scale
    fixed = -by_kept * scale * at.kept  # dW = by_share dlog b + by_index dX + fixed
    slope = 1 + at.steepness * by_share
    error = at.cell + at.steepness * fixed
    reach = at.steepness * by_index / slope  # dlog b = -(error + dd)/slope - reach dX
    gain = nu * (1 + rest * at.drift)
    strength = at.sold * (at.earned + gain * by_share)
    pace = 1 / at.summed + given.firm_curve / at.summed_left
    own = 1 / at.index + given.firm_curve / at.index_left
    own = own - pace * cells.in_firm(at.sold * gain * by_index - strength * reach)
    known = at.sold * (gain * fixed - nu * rest * at.kept) - strength * error / slope
    moved = np.where(joint[cells.market_of_firm], pace / own, 0.0)
    start = np.where(joint[cells.market_of_firm], -at.firm / own, 0.0)
    start = start + moved * cells.in_firm(known)
    through = at.sold * at.earned * rest - strength / slope
    spent = at.share * reach
    inclusive, total = _inclusive(given, at, moved, start, through, spent, error / slope,
                                  at.share / slope)  # fmt: skip
    index = start + moved * (
        cells.in_firm(through * inclusive[nest]) - at.summed * total[cells.market_of_firm]
    )
    log_share = -(error + inclusive[nest]) / slope - reach * index[firm]
    pull = by_share * log_share + by_index * index[firm] + fixed
    return log_share, at.drift * pull - at.kept, index, inclusive


def _inclusive(
    given: Given, at: Conditions, moved: Array, start: Array, through: Array, spent: Array,
    error: Array, flow: Array,
) -> tuple[Array, Array]:  # fmt: skip
    """Return the changes of d, and of log H: one linear system per market."""
    cells, nest = given.cells, given.cells.nest
    lead, tail = cells.pairs
    size = given.rest.size
    diagonal = cells.in_nest(flow)
    wanted = at.nest - cells.in_nest(at.share * error + spent * start[cells.firm])
    weight = at.nest_share * given.rest
    draw = cells.in_nest(spent * (moved * at.summed)[cells.firm])
    change = np.empty(size)
    place = np.empty(size, dtype=np.intp)
    for _, nests in cells.systems:
        place[nests] = np.arange(nests.size).reshape(nests.shape)
    coupling = (spent * moved[cells.firm])[lead] * through[tail]
    many = nest_counts(cells)
    for markets, nests in cells.systems:
        count = nests.shape[1]
        matrix = -draw[nests][:, :, None] * weight[nests][:, None, :]
        inside = many[cells.market[lead]] == count
        a, b = place[nest[lead[inside]]], place[nest[tail[inside]]]
        flat = np.bincount(a * count + b % count, coupling[inside],
                           minlength=markets.size * count * count)  # fmt: skip
        matrix += flat.reshape(matrix.shape)
        matrix[:, np.arange(count), np.arange(count)] += diagonal[nests]
        change[nests] = _solved(matrix, wanted[nests])
    return change, cells.among_nests(weight * change)


def nest_counts(cells: Cells) -> Array:
    """Return the number of nests of each market."""
    return cells.among_nests(np.ones(cells.market_of_nest.size))


def _solved(matrix: Array, wanted: Array) -> Array:
    """Return the solution of each system; NaN where there is none."""
    if wanted.shape[1] == 1:
        return wanted / matrix[:, :, 0]
    try:
        return np.asarray(np.linalg.solve(matrix, wanted[:, :, None])[:, :, 0])
    except np.linalg.LinAlgError:
        lost = np.linalg.slogdet(matrix).sign == 0
        matrix[lost] = np.eye(wanted.shape[1])
        return np.where(lost[:, None], np.nan,
                        np.linalg.solve(matrix, wanted[:, :, None])[:, :, 0])  # fmt: skip
