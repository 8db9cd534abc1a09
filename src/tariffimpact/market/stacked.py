"""One market at many costs at once: all rows in one go, where a closed form or the batch serves.

Which rows are equilibria is left to what is certain: a row of doubt is not settled here, and is
for the solver of single markets to solve or to refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tariffimpact.market.aggregative import TOLERANCE
from tariffimpact.market.batch import solve_ces, solve_logit
from tariffimpact.market.choice import CesDemand, LogitDemand
from tariffimpact.market.conduct import Game, inverse
from tariffimpact.market.flexible import LinearDemand
from tariffimpact.market.ownership import is_partition
from tariffimpact.market.solving import linear_terms, separable
from tariffimpact.market.system import Array, DemandSystem

_CERTAIN = 1e-8
"""Curvature of profit, over the largest, at which a firm is at a maximum beyond doubt."""
_ENTRIES = 2**21
"""Numbers in a stack of matrices worked on at once."""


@runtime_checkable
class ManyPrices(DemandSystem, Protocol):
    """A demand system that takes many price vectors at once, shape (..., J), in sales and shares.

    All of this package do; another one is asked one price vector at a time.
    """

    def consumer_losses(self, before: Array, after: Array) -> Array:
        """Return `consumer_loss` of each price vector `after`, shape (...)."""


def at_each(demand: DemandSystem, prices: Array, name: Literal["quantities", "shares"]) -> Array:
    """Return what is sold, or its shares, at each of many price vectors, shape (R, J)."""
    one: Callable[[Array], Array] = getattr(demand, name)
    if isinstance(demand, ManyPrices):
        return one(prices)
    return np.asarray(np.vectorize(one, otypes=[np.float64], signature="(j)->(j)")(prices))


def losses(demand: DemandSystem, before: Array, after: Array) -> Array:
    """Return what consumers lose at each of many price vectors, money, shape (R,)."""
    if isinstance(demand, ManyPrices):
        return demand.consumer_losses(before, after)
    return np.array([demand.consumer_loss(before, prices) for prices in after], dtype=np.float64)


def solve_rows(game: Game, firms: tuple[str, ...]) -> tuple[Array, Array]:
    """Return prices, shape (R, J), and residuals, shape (R,), infinite where a row is in doubt.

    `game` has costs and weights of shape (R, J): one row per scenario.
    """
    if not isinstance(game.demand, ManyPrices):
        return _undecided(game)
    with np.errstate(all="ignore"):
        prices, residual = _solved(game, firms)
        sold = (game.demand.quantities(prices) > 0).all(axis=1) & (prices > 0).all(axis=1)
    return prices, np.where(sold & (residual <= TOLERANCE), residual, np.inf)


def _undecided(game: Game) -> tuple[Array, Array]:
    return np.full_like(game.cost, np.nan), np.full(len(game.cost), np.inf)


def _solved(game: Game, firms: tuple[str, ...]) -> tuple[Array, Array]:
    """Return prices and residuals; infinite or NaN where no method here applies."""
    apart = separable(game)
    if apart is not None:
        return apart, np.max(np.abs(game.residual(apart)) / game.scale(apart), axis=1)
    if isinstance(game.demand, LinearDemand):
        tall = max(1, _ENTRIES // game.demand.size**2)
        parts = [
            _linear(_cut(game, slice(row, row + tall)), game.demand, firms)
            for row in range(0, len(game.cost), tall)
        ]
        prices, residual = (np.concatenate(x) for x in zip(*parts, strict=True))
        return prices, residual
    plain = game.conduct == "bertrand" and is_partition(game.ownership, firms)
    if plain and isinstance(game.demand, LogitDemand | CesDemand):
        return _choice(game, game.demand, firms)
    return _undecided(game)


def _cut(game: Game, rows: slice) -> Game:
    return replace(game, cost=game.cost[rows], weight=game.weight[rows])


def _choice(
    game: Game, demand: LogitDemand | CesDemand, firms: tuple[str, ...]
) -> tuple[Array, Array]:
    """Return what the batch finds: it flags a point that is a saddle of a firm's profit."""
    nested = bool(demand.nesting.any())
    solve = (
        partial(solve_logit, utility=demand.utility, price_coefficient=demand.price_coefficient)
        if isinstance(demand, LogitDemand)
        else partial(solve_ces, log_quality=demand.log_quality, elasticity=demand.elasticity)
    )
    found = solve(
        cost=game.cost,
        firms=np.asarray(firms),
        weight=None if (game.weight == 1).all() else game.weight,
        nests=demand.nest if nested else None,
        nesting=demand.nesting if nested else 0.0,
    )
    return found.prices, found.residual[:, 0]


def _linear(game: Game, demand: LinearDemand, firms: tuple[str, ...]) -> tuple[Array, Array]:
    """Return the prices that solve the conditions of linear demand, which are linear in them.

    Rows of the same weights share one factorisation and one Hessian of profit, which is quadratic.
    """
    weight = game.weight[:1] if (game.weight == game.weight[:1]).all() else game.weight
    steep, matrix = linear_terms(replace(game, weight=weight), demand)
    cournot = game.conduct == "cournot"
    if cournot:
        right = game.cost - steep @ demand.intercept
    else:
        right = _times(steep, game.cost) - demand.intercept
    try:
        prices = _over(matrix, right)
    except np.linalg.LinAlgError:
        return _undecided(game)
    sold, margin = demand.quantities(prices), prices - game.cost
    lead, other = (margin, sold) if cournot else (sold, margin)
    size = (prices if cournot else sold) + _times(np.abs(steep), np.abs(other))
    gap = np.max(np.abs(lead + _times(steep, other)) / size, axis=1)
    scale = (np.diag(game.ownership) * weight)[:, :, None]
    own = inverse(demand.slope) if cournot else demand.slope
    return prices, np.where(_at_maximum(scale * (own + steep), firms), gap, np.inf)


def _times(matrix: Array, rows: Array) -> Array:
    """Return each row times its matrix; one matrix serves all rows, shape (R or 1, J, J)."""
    if len(matrix) == 1:
        return np.asarray(rows @ matrix[0].T)
    return np.asarray((matrix @ rows[:, :, None])[:, :, 0])


def _over(matrix: Array, rows: Array) -> Array:
    """Return the x whose product with the matrix is each row; see `_times`."""
    if len(matrix) == 1:
        return np.asarray(np.linalg.solve(matrix[0], rows.T).T)
    return np.asarray(np.linalg.solve(matrix, rows[:, :, None])[:, :, 0])


def _at_maximum(hessian: Array, firms: tuple[str, ...]) -> NDArray[np.bool_]:
    """Return whether profit is concave beyond doubt in each firm's own choices, shape (R or 1,)."""
    sure = np.ones(len(hessian), dtype=np.bool_)
    for firm in set(firms):
        own = np.flatnonzero(np.asarray(firms) == firm)
        bend = np.linalg.eigvalsh(hessian[:, own[:, None], own])
        sure &= bend[:, -1] < _CERTAIN * bend[:, 0]
    return sure
