"""A damped Newton on log prices for any demand system and conduct, prices held fixed included."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tariffimpact.errors import ModelError
from tariffimpact.market.aggregative import TOLERANCE
from tariffimpact.market.conduct import Game
from tariffimpact.market.system import Array

_STEPS = 100
_LONGEST = 0.7
_STAGES = 200


@dataclass(frozen=True, slots=True)
class Solved:
    """Prices that meet the first-order conditions, and how well."""

    prices: Array
    residual: float
    iterations: int

    @property
    def converged(self) -> bool:
        """Whether the relative first-order condition is at or below 1e-10."""
        return bool(self.residual <= TOLERANCE)


def newton(game: Game, start: Array, free: NDArray[np.bool_]) -> Solved:
    """Solve the conditions of the `free` products from `start`, the other prices held there.

    Returns the best point found, converged or not; never raises on a hard problem.
    """
    prices = start.copy()
    error = _error(game, prices, free)
    for count in range(_STEPS):
        if error <= 1e-15:
            return Solved(prices, error, count)
        step = _step(game, prices, free)
        if step is None:
            return Solved(prices, error, count)
        moved, moved_error = _search(game, prices, step, error, free)
        if not moved_error < error:
            return Solved(prices, error, count)
        prices, error = moved, moved_error
    return Solved(prices, error, _STEPS)


def _error(game: Game, prices: Array, free: NDArray[np.bool_]) -> float:
    """Return the largest condition among free products relative to its terms; inf if undefined."""
    with np.errstate(all="ignore"):
        if not (np.isfinite(prices).all() and (game.demand.quantities(prices) >= 0).all()):
            return np.inf
        terms = np.abs(game.residual(prices)) / game.scale(prices)
    worst = terms[free].max(initial=0.0)
    return float(worst) if np.isfinite(worst) else np.inf


def _step(game: Game, prices: Array, free: NDArray[np.bool_]) -> Array | None:
    """Return the Newton step in log prices, cut to a length that keeps exp() tame."""
    with np.errstate(all="ignore"):
        block = game.jacobian(prices)[np.ix_(free, free)]
        value = game.residual(prices)[free]
    if not (np.isfinite(block).all() and np.isfinite(value).all()):
        return None
    try:
        move = np.linalg.solve(block, -value)
    except np.linalg.LinAlgError:
        return None
    step = np.zeros_like(prices)
    step[free] = move * min(1.0, _LONGEST / max(float(np.abs(move).max(initial=0.0)), 1e-300))
    return step


def _search(
    game: Game, prices: Array, step: Array, error: float, free: NDArray[np.bool_]
) -> tuple[Array, float]:
    """Halve the step until the conditions improve; return the last point tried."""
    moved, moved_error = prices, error
    for _ in range(40):
        moved = prices * np.exp(step)
        moved_error = _error(game, moved, free)
        if moved_error < error:
            break
        step = step / 2
    return moved, moved_error


def follow(game: Game, start: Array, free: NDArray[np.bool_], anchor: Game) -> Solved:
    """Walk from the equilibrium `start` of `anchor` to that of `game`, cost and weight in stages.

    A step that fails is halved; a step that works is doubled. Used where one Newton from `start`
    does not converge.
    """
    at, stride, prices, steps = 0.0, 0.25, start, 0
    solved = Solved(start, np.inf, 0)
    for _ in range(_STAGES):
        goal = min(1.0, at + stride)
        stage = replace(
            game,
            cost=anchor.cost ** (1 - goal) * game.cost**goal,
            weight=anchor.weight ** (1 - goal) * game.weight**goal,
        )
        solved = newton(stage, prices, free)
        steps += solved.iterations
        if solved.converged:
            at, prices, stride = goal, solved.prices, 2 * stride
            if at == 1.0:
                return Solved(prices, solved.residual, steps)
        else:
            stride /= 2
            if stride < 1e-4:
                break
    return Solved(prices, np.inf, steps)


def require(solved: Solved, products: tuple[str, ...]) -> Solved:
    """Return `solved`, or raise a `ModelError`: an unsolved market yields no number."""
    if solved.converged:
        return solved
    raise ModelError(
        f"market of {products[0]} … {products[-1]} ({len(products)} products): no equilibrium "
        f"found, relative first-order condition {solved.residual:.1e} after {solved.iterations} "
        f"Newton steps (needed {TOLERANCE:.0e}); check margins and elasticities, or lower the "
        "tariff to see where the market stops"
    )
