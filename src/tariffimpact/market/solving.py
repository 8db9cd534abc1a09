"""Which solver a market needs: one number per firm where that is exact, Newton on prices if not."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from tariffimpact.market.aggregative import solve_types
from tariffimpact.market.choice import CesDemand, LogitDemand
from tariffimpact.market.conduct import Game, atomistic_elasticity
from tariffimpact.market.heterogeneous import solve_profits
from tariffimpact.market.newton import Solved, follow, newton
from tariffimpact.market.ownership import is_partition
from tariffimpact.market.system import Array, Labels


def solve(
    game: Game,
    firms: tuple[str, ...],
    *,
    anchors: Iterable[tuple[Game, Array]] = (),
    held: NDArray[np.bool_] | None = None,
    start: Array | None = None,
) -> Solved:
    """Return the equilibrium prices of a game, or its best attempt, marked unconverged.

    Parameters
    ----------
    anchors
        Games whose equilibrium prices are known; Newton walks from them if it must.
    held
        Products whose prices stay at `start`, shape (J,); None for none.
    start
        Prices to begin at; needed with `held`.
    """
    free = np.ones(game.cost.size, dtype=bool) if held is None else ~held
    if free.all() and (exact := closed(game, firms)) is not None:
        scaled = float(np.max(np.abs(game.residual(exact.prices)) / game.scale(exact.prices)))
        polished = Solved(exact.prices, max(scaled, exact.residual), exact.iterations)
        return polished if polished.converged else newton(game, exact.prices, free)
    best: Solved | None = None
    known = list(anchors)
    starts = [start] if start is not None else [p for _, p in known] + [_guess(game)]
    for prices in starts:
        found = newton(game, prices, free)
        if found.converged:
            return found
        best = found if best is None or found.residual < best.residual else best
    if free.all():
        for anchor, prices in known:
            found = follow(game, prices, free, anchor)
            if found.converged:
                return found
    assert best is not None
    return best


def closed(game: Game, firms: tuple[str, ...]) -> Solved | None:
    """Return prices from the firm-level solvers or a closed form; None where neither applies."""
    if game.conduct == "price_taking":
        return Solved(game.cost.copy(), 0.0, 0)
    demand = game.demand
    if not isinstance(demand, LogitDemand | CesDemand):
        return None
    if game.conduct == "monopolistic_competition":
        return Solved(_atomistic(demand, game.cost), 0.0, 0)
    plain = not demand.nesting.any() and game.conduct == "bertrand"
    if not (plain and is_partition(game.ownership, firms)):
        return None
    return _by_firm(game, demand, firms)


def _atomistic(demand: LogitDemand | CesDemand, cost: Array) -> Array:
    if isinstance(demand, LogitDemand):
        return cost + (1 - demand.nesting) / demand.price_coefficient
    return cost / (1 - 1 / atomistic_elasticity(demand, cost))


def _by_firm(game: Game, demand: LogitDemand | CesDemand, firms: tuple[str, ...]) -> Solved | None:
    """Solve plain logit or CES Bertrand through one unknown per firm."""
    _, firm = np.unique(np.asarray(firms), return_inverse=True)
    order = np.argsort(firm, kind="stable")
    sizes = np.bincount(firm)
    one_market = np.array([sizes.size])
    uneven = any(np.ptp(game.weight[firm == f]) > 0 for f in range(sizes.size))
    if isinstance(demand, LogitDemand):
        alpha = demand.price_coefficient
        value = demand.utility - alpha * game.cost
        if uneven:
            gross = 1 / game.weight
            found = solve_profits(
                value=value[order] - 1, gross=gross[order], products=sizes, firms=one_market
            )
            prices = game.cost + (1 + gross * found.index[firm]) / alpha
            return Solved(prices, float(found.residual[0]), int(found.iterations[0]))
        types = firm_types(value[order], sizes)
        by_firm = solve_types(types, one_market, np.zeros(1))
        prices = game.cost + (1 + by_firm.odds[firm]) / alpha
    else:
        if uneven:
            return None
        steep = demand.elasticity - 1
        types = firm_types((demand.log_quality - steep * np.log(game.cost))[order], sizes)
        by_firm = solve_types(types, one_market, np.array([1 / steep]))
        prices = game.cost * (1 + (1 + by_firm.odds[firm]) / steep)
    return Solved(prices, float(by_firm.residual[0]), int(by_firm.iterations[0]))


def firm_types(value: Array, sizes: Labels) -> Array:
    """Return log sum exp of `value` within each firm, shape (N,); products of a firm adjacent."""
    if sizes.size == value.size:
        return value
    starts = np.cumsum(sizes) - sizes
    peak = np.maximum.reduceat(value, starts)
    spread = np.exp(value - np.repeat(peak, sizes))
    return np.log(np.add.reduceat(spread, starts)) + peak


def _guess(game: Game) -> Array:
    """Return prices to start from where no equilibrium is known."""
    if isinstance(game.demand, LogitDemand | CesDemand):
        return _atomistic(game.demand, game.cost)
    return game.cost * 1.3
