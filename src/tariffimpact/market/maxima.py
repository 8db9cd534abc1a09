r"""Whether prices that meet every first-order condition are a maximum of each firm's profit.

With the signs of `balance`, c_j a product's share in its nest and A = sum t_j m_j c_j over the
products of a cell, the derivative of X in a firm's own prices is 0 where its conditions hold, and
that of A in one of them, with u the utility index, is -c_j (A - X) du_j. So the Hessian of its
profit, each row over its own share, has one block per cell, and in u a block is

.. math:: -\operatorname{diag}\left(\frac{t_j (1 - e m_j)}{\nu (1 - s)}\right)
          + \frac{s}{1 - s} (A - X) \mathbf{1} c',

the first term with 1 - e m_j = k/p, 1 under logit. It is negative definite if and only if

.. math:: s \nu (A - X) \sum_j \frac{c_j}{t_j (1 - e m_j)} < 1.

Where s = 0, or a firm keeps the same part of each dollar, that always holds: then at a solution the
left side is at most s. Elsewhere the point may be a saddle of a firm's profit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tariffimpact.market.cells import Cells, Counts
from tariffimpact.market.system import Array


def at_maximum(
    *, value: Array, markup: Array, gross: Array, counts: Counts, nesting: Array, curve: Array
) -> NDArray[np.bool_]:
    """Return whether each firm of each market is at a local maximum of its profit, shape (M,).

    Parameters
    ----------
    markup
        Markups that meet the first-order conditions, as in `heterogeneous.Markups`, shape (P,).
    value, gross, counts, nesting, curve
        As in `heterogeneous.solve_cells`.

    Examples
    --------
    >>> at_maximum(value=np.array([2.0]), markup=np.array([2.0]), gross=np.array([1.0]),
    ...            counts=Counts.plain(np.array([1]), np.array([1])), nesting=np.array([0.5]),
    ...            curve=np.zeros(1))
    array([ True])
    """
    sure = np.ones(counts.firms.size, dtype=np.bool_)
    some = _uneven(gross, counts)
    if some.any():
        firms, nests = np.repeat(some, counts.firms), np.repeat(some, counts.nests)
        products = np.repeat(np.repeat(firms, counts.cells), counts.products)
        with np.errstate(all="ignore"):
            turn = _turn(value[products], markup[products], gross[products],
                         Cells.of(counts.only(some)), 1 - nesting[nests], curve[some])  # fmt: skip
        sure[some] = turn < 1
    return sure


def _uneven(gross: Array, counts: Counts) -> NDArray[np.bool_]:
    """Return whether a firm keeps more of a dollar from one product than another, shape (M,)."""
    cells = np.arange(counts.cells.size).repeat(counts.cells)
    firm = cells.repeat(counts.products)
    differs = np.flatnonzero((gross[1:] != gross[:-1]) & (firm[1:] == firm[:-1]))
    market = np.arange(counts.firms.size).repeat(counts.firms)
    uneven = np.zeros(counts.firms.size, dtype=np.bool_)
    uneven[market[firm[differs]]] = True
    return uneven


def _turn(
    value: Array, markup: Array, gross: Array, cells: Cells, rest: Array, curve: Array
) -> Array:
    """Return the largest left side of the condition in each market, shape (M,)."""
    of, bend, loose = cells.cell_of_product, curve[cells.market], rest[cells.nest]
    price = 1 + bend[of] * markup  # over cost; 1 under logit
    fall = np.where(bend[of] == 0, markup, np.log(price) / np.where(bend == 0, 1.0, bend)[of])
    index = (value - fall) / loose[of]
    inclusive = cells.log_in_nest(cells.log_in_cell(index))
    within = np.exp(index - inclusive[cells.nest][of])
    total = cells.log_total(rest * inclusive)
    nest_share = np.exp(rest * inclusive - total[cells.market_of_nest])
    earned = cells.in_cell(within * markup / price / gross)
    profit = cells.in_firm(nest_share[cells.nest] * earned)
    spread = cells.in_cell(within * gross * price)
    turn = (1 - loose) / (1 + loose * bend) * (earned - profit[cells.firm]) * spread
    most = np.full(curve.size, -np.inf)
    np.maximum.at(most, cells.market, turn)
    return most
