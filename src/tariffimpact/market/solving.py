"""Which solver a market needs: a closed form, one number per firm, log odds, or log prices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tariffimpact.errors import ModelError
from tariffimpact.market.aggregative import TOLERANCE, solve_types
from tariffimpact.market.cells import Counts
from tariffimpact.market.choice import CesDemand, LogitDemand
from tariffimpact.market.conduct import Game, atomistic_elasticity, inverse, off_maximum
from tariffimpact.market.flexible import LinearDemand
from tariffimpact.market.heterogeneous import solve_cells
from tariffimpact.market.log_odds import solve_odds
from tariffimpact.market.log_prices import solve_prices
from tariffimpact.market.ownership import is_partition, weighed_alike
from tariffimpact.market.system import Array, Labels

_FIRST_MARKUP = 1.3
"""Price over cost to begin at where nothing better is known."""


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


def solve(
    game: Game,
    firms: tuple[str, ...],
    *,
    anchors: Iterable[tuple[Game, Array]] = (),
    hold: Array | None = None,
) -> Solved:
    """Return the equilibrium prices of a game, or its best attempt, marked unconverged.

    Parameters
    ----------
    anchors
        Games whose equilibrium prices are known; where demand has no index of utility the search
        walks from them if it must.
    hold
        Prices that are fixed from outside, NaN for products that are free, shape (J,).
    """
    begin = _FIRST_MARKUP * game.cost
    fixed = np.zeros(begin.size, dtype=bool) if hold is None else np.isfinite(hold)
    if hold is not None:
        begin[fixed] = hold[fixed]
    apart = separable(game)
    if apart is not None:
        return _measured(game, fixed, np.where(fixed, begin, apart), 0.0, 0)
    if isinstance(game.demand, LinearDemand):
        return _measured(game, fixed, _linear(game, game.demand, fixed, begin), 0.0, 1)
    if not isinstance(game.demand, LogitDemand | CesDemand):
        return _measured(game, fixed, *solve_prices(game, anchors, fixed, begin))
    found = None if fixed.any() else _by_firm(game, game.demand, firms)
    if found is None or not (kept := _measured(game, fixed, *found)).converged:
        kept = _measured(game, fixed, *solve_odds(game, fixed, begin))
    return kept


def _measured(
    game: Game, held: NDArray[np.bool_], prices: Array, error: float, count: int
) -> Solved:
    """Return prices with the worse of the solver's own error and the conditions in prices."""
    with np.errstate(all="ignore"):
        terms = np.abs(game.residual(prices)) / game.scale(prices)
    worst = float(np.max(terms[~held], initial=error))
    return Solved(prices, worst if np.isfinite(worst) and (prices > 0).all() else np.inf, count)


def separable(game: Game) -> Array | None:
    """Return prices that each follow from their own cost alone; None where rivals matter."""
    if game.conduct == "price_taking":
        return game.cost.copy()
    if game.conduct != "monopolistic_competition":
        return None
    demand = game.demand
    if isinstance(demand, LogitDemand):
        return game.cost + (1 - demand.nesting) / demand.price_coefficient
    return np.asarray(game.cost / (1 - 1 / atomistic_elasticity(demand, game.cost)))


def linear_terms(game: Game, demand: LinearDemand) -> tuple[Array, Array]:
    """Return what multiplies margins (Cournot: sales) and prices in the conditions.

    Shape (J, J), or (..., J, J) for the weights of many games.
    """
    if game.conduct == "cournot":
        steep = game.pull * inverse(demand.slope).T
        return steep, np.eye(demand.size) + steep @ demand.slope
    steep = game.pull * demand.slope.T
    return steep, demand.slope + steep


def _linear(game: Game, demand: LinearDemand, held: NDArray[np.bool_], prices: Array) -> Array:
    """Return the prices that solve the conditions of linear demand, which are linear in them.

    Sales of a product may come out negative: it is priced out.
    """
    steep, matrix = linear_terms(game, demand)
    if game.conduct == "cournot":
        right = game.cost - steep @ demand.intercept
    else:
        right = steep @ game.cost - demand.intercept
    matrix[held] = np.eye(demand.size)[held]
    try:
        return np.asarray(np.linalg.solve(matrix, np.where(held, prices, right)))
    except np.linalg.LinAlgError:
        return np.full(demand.size, np.nan)


def _by_firm(
    game: Game, demand: LogitDemand | CesDemand, firms: tuple[str, ...]
) -> tuple[Array, float, int] | None:
    """Solve plain logit or CES Bertrand through one unknown per firm; None where it has more."""
    if demand.nesting.any() or game.conduct != "bertrand":
        return None
    if not is_partition(game.ownership, firms):
        return None
    ces = isinstance(demand, CesDemand)
    level = demand.log_quality if isinstance(demand, CesDemand) else demand.utility
    steep = demand.elasticity - 1 if isinstance(demand, CesDemand) else demand.price_coefficient
    value = level - steep * (np.log(game.cost) if ces else game.cost)
    markup, error, count = _markups(value, 1 / game.weight, firms, 1 / steep if ces else 0.0)
    prices = game.cost * (1 + markup / steep) if ces else game.cost + markup / steep
    return prices, error, count


def _markups(
    value: Array, gross: Array, firms: tuple[str, ...], bend: float
) -> tuple[Array, float, int]:
    """Return each product's markup in units of utility (CES: of utility per log price)."""
    _, firm = np.unique(np.asarray(firms), return_inverse=True)
    order, sizes = np.argsort(firm, kind="stable"), np.bincount(firm)
    one_market, curve = np.array([sizes.size]), np.array([bend])
    if weighed_alike(gross, firms):
        even = solve_types(firm_types(value[order], sizes), one_market, curve)
        return 1 + even.odds[firm], float(even.residual[0]), int(even.iterations[0])
    found = solve_cells(value=value[order], gross=gross[order], nesting=np.zeros(1), curve=curve,
                        counts=Counts.plain(sizes, one_market))  # fmt: skip
    markup = np.empty_like(value)
    markup[order] = found.markup
    return markup, float(found.residual[0]), int(found.iterations[0])


def firm_types(value: Array, sizes: Labels) -> Array:
    """Return log sum exp of `value` within each firm, shape (N,); products of a firm adjacent."""
    if sizes.size == value.size:
        return value
    starts = np.cumsum(sizes) - sizes
    peak = np.maximum.reduceat(value, starts)
    spread = np.exp(value - np.repeat(peak, sizes))
    return np.log(np.add.reduceat(spread, starts)) + peak


def require_solved(solved: Solved, products: tuple[str, ...]) -> None:
    """Raise a `ModelError` unless solved: an unsolved market yields no number."""
    if not solved.converged:
        raise ModelError(
            f"market of {products[0]} … {products[-1]} ({len(products)} products): no equilibrium "
            f"found, relative first-order condition {solved.residual:.1e} after "
            f"{solved.iterations} Newton steps (needed {TOLERANCE:.0e}); check margins and "
            "elasticities, or lower the tariff to see where the market stops"
        )


def require_maximum(
    game: Game, prices: Array, firms: tuple[str, ...], free: NDArray[np.bool_]
) -> None:
    """Raise a `ModelError` if a firm could gain by a small change of its `free` prices."""
    failing = off_maximum(game, prices, firms, free)
    if failing:
        raise ModelError(
            f"no equilibrium found: first-order conditions hold at a point where {failing[0]} is "
            "not at a maximum of its profit; demand is too inelastic or too convex there: check "
            "margins and elasticities, or use logit or CES demand"
        )
