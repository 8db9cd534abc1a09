"""How a market is solved: a closed form, one number per firm, log odds, or log prices.

Only the market itself imports from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tariffimpact import units
from tariffimpact.errors import ModelError, NoEquilibrium
from tariffimpact.market.conduct import (
    Game,
    atomistic_elasticity,
    inverse,
    is_partition,
    numbered,
    weighed_alike,
)
from tariffimpact.market.demand_systems import (
    Array,
    CesDemand,
    ChoiceDemand,
    DemandSystem,
    Flags,
    LogitDemand,
)
from tariffimpact.market.flexible import LinearDemand
from tariffimpact.market.solvers.aggregate import solve_types
from tariffimpact.market.solvers.layout import Problem, Structure, run
from tariffimpact.market.solvers.log_odds import solve_odds, withdrawn
from tariffimpact.market.solvers.maxima import refuse_unbounded, require_best
from tariffimpact.market.solvers.newton import TOLERANCE, Ties, solutions, solve_prices

_FIRST_MARKUP = 1.3
"""Price over cost to begin at where nothing better is known."""
_CHUNK = 131_072
_VANISHED = 1e-6
"""Share at which a search that failed is taken to have ended at no sales."""


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


def settled(
    game: Game,
    firms: tuple[str, ...],
    products: tuple[str, ...],
    *,
    hold: Array,
    anchors: Sequence[tuple[Game, Array]],
    ties: Ties,
    duty: Callable[[Array], Array],
) -> Solved:
    """Return the equilibrium of a game, every firm at its best, or say why there is none.

    `hold` and `anchors` as in `solve`; with `ties` prices move together from those of the anchor,
    and a local maximum is all that is known. `duty` is that of each unit at given prices.
    """
    held = np.isfinite(hold)
    check_choice(game, firms)
    refuse_unbounded(game, firms, products, ~held)
    if not ties:
        solved = solve(game, firms, anchors=anchors, hold=hold)
        if not solved.converged:
            check_offered(game, solved, firms, products, hold)
        require_solved(solved, products)
        check_sold(game.demand, solved.prices, products)
        require_best(game, solved.prices, firms, products, ~held, duty(solved.prices) > 0)
        return solved
    start = np.where(held, hold, anchors[0][1])
    conditions, at = solve_prices(game, anchors, held, start, ties)
    bound = ~np.isin(np.arange(hold.size), conditions.alone)
    prices = conditions.shelf(at.x)[0]
    solved = measured(game, bound, prices, float(at.error), int(at.iterations))
    require_solved(solved, products)
    check_sold(game.demand, prices, products)
    for firm in conditions.off_peak(at.x, firms):
        raise NoEquilibrium(
            f"no equilibrium found: {firm} is not at a maximum of its profit where its tied prices "
            "meet their condition; check margins and elasticities"
        )
    return solved


def solve(
    game: Game,
    firms: tuple[str, ...],
    *,
    anchors: Iterable[tuple[Game, Array]] = (),
    hold: Array | None = None,
) -> Solved:
    """Return the equilibrium prices of a game, or its best attempt, marked unconverged.

    `anchors` are games whose equilibrium prices are known, to walk from where demand has no index
    of utility; `hold` are prices fixed from outside, NaN where free.
    """
    begin = _FIRST_MARKUP * game.cost
    fixed = np.zeros(begin.size, dtype=bool) if hold is None else np.isfinite(hold)
    if hold is not None:
        begin[fixed] = hold[fixed]
    apart = separable(game)
    if apart is not None:
        return measured(game, fixed, np.where(fixed, begin, apart), 0.0, 0)
    if isinstance(game.demand, LinearDemand):
        return measured(game, fixed, _linear(game, game.demand, fixed, begin), 0.0, 1)
    if not isinstance(game.demand, ChoiceDemand):
        conditions, at = solve_prices(game, anchors, fixed, begin)
        prices = conditions.shelf(at.x)[0]
        return measured(game, fixed, prices, float(at.error), int(at.iterations))
    found = None if fixed.any() else _by_firm(game, game.demand, firms)
    if found is None or not (kept := measured(game, fixed, *found)).converged:
        kept = measured(game, fixed, *solve_odds(game, fixed, begin))
    return kept


def measured(game: Game, held: Flags, prices: Array, error: float, count: int) -> Solved:
    """Return prices with the worse of the solver's own error and the conditions in prices."""
    with np.errstate(all="ignore"):
        terms = game.relative(prices)
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


def _linear(game: Game, demand: LinearDemand, held: Flags, prices: Array) -> Array:
    """Return the prices that solve conditions linear in them; some may sell less than nothing."""
    even = np.eye(demand.size)
    if game.conduct == "cournot":
        steep = game.pull * inverse(demand.slope).T
        matrix, right = even + steep @ demand.slope, game.cost - steep @ demand.intercept
    else:
        steep = game.pull * demand.slope.T
        matrix, right = demand.slope + steep, steep @ game.cost - demand.intercept
    matrix[held], right[held] = even[held], prices[held]
    return solutions(matrix, right[:, None])[:, 0]


def _by_firm(
    game: Game, demand: ChoiceDemand, firms: tuple[str, ...]
) -> tuple[Array, float, int] | None:
    """Solve plain logit or CES Bertrand through one number per firm; None where it has more."""
    if demand.nesting.any() or game.conduct != "bertrand" or not weighed_alike(game.weight, firms):
        return None
    if not is_partition(game.ownership, firms):
        return None
    ces = isinstance(demand, CesDemand)
    firm, value = numbered(firms), demand.index(game.cost)
    types = np.full(int(firm.max()) + 1, -np.inf)
    if types.size == value.size:
        types[firm] = value
    else:
        np.maximum.at(types, firm, value)
        types += np.log(np.bincount(firm, np.exp(value - types[firm])))
    curve = np.array([1 / demand.steep if ces else 0.0])
    found = solve_types(types, np.array([types.size]), curve, demand.away)
    markup = (1 + found.odds[firm]) / demand.steep
    prices = game.cost * (1 + markup) if ces else game.cost + markup
    return prices, float(found.residual[0]), int(found.iterations[0])


def require_solved(solved: Solved, products: Sequence[str]) -> None:
    """Raise a `ModelError` unless solved: an unsolved market yields no number."""
    if not solved.converged:
        raise NoEquilibrium(
            f"market of {products[0]} … {products[-1]} ({len(products)} products): no equilibrium "
            f"found, relative first-order condition {solved.residual:.1e} after "
            f"{solved.iterations} Newton steps (needed {TOLERANCE:.0e}); check margins and "
            "elasticities, or lower the tariff to see where the market stops"
        )


def check_choice(game: Game, firms: tuple[str, ...]) -> None:
    """Raise a `ModelError` if buyers have no other choice than one firm, or than its quantity."""
    demand = game.demand
    if getattr(demand, "outside_good", True):
        return
    refuse_captive(game.ownership, game.conduct, firms)
    if game.conduct == "cournot" and isinstance(demand, LogitDemand):
        raise ModelError(
            "conduct: without an outside good logit sales sum to the market, so firms cannot "
            "choose them (cournot); use bertrand, or give an outside_share"
        )


def refuse_captive(ownership: Array, conduct: str, firms: Sequence[str]) -> None:
    """Raise an error if a firm profits from all that buyers can choose."""
    all_of_it = (ownership > 0).all(axis=1)
    if conduct in ("bertrand", "cournot") and all_of_it.any():
        raise NoEquilibrium(
            f"{firms[int(all_of_it.argmax())]} profits from every product and buyers must buy one, "
            "so no price is high enough for it; give the market an outside good (outside_share)"
        )


def check_sold(demand: DemandSystem, prices: Array, products: Sequence[str]) -> None:
    """Raise a `ModelError` that names the products nobody buys at `prices`."""
    sold = demand.quantities(prices)
    if (sold > 0).all():
        return
    gone = [name for name, units in zip(products, sold, strict=True) if not units > 0]
    raise NoEquilibrium(
        f"{', '.join(gone)}: priced out, {type(demand).__name__} has no positive sales at "
        "these costs; drop the product from the market"
        + ("" if isinstance(demand, ChoiceDemand) else ", or use logit or CES demand")
    )


def check_offered(
    game: Game,
    solved: Solved,
    firms: tuple[str, ...],
    products: Sequence[str],
    hold: Array | None = None,
) -> None:
    """Raise a `ModelError` that names the products a firm does better not to sell, if any.

    For a search that found none. A CES firm that keeps less of a dollar from one product than from
    another may raise the first one's price without limit.
    """
    demand = game.demand
    if not isinstance(demand, ChoiceDemand):
        with np.errstate(all="ignore"):
            shares = demand.shares(solved.prices)
        last = [name for name, share in zip(products, shares, strict=True) if share < _VANISHED]
        if last:
            raise NoEquilibrium(
                f"{', '.join(last)}: priced out, the way to an equilibrium ends where "
                f"{'it sells' if len(last) == 1 else 'they sell'} nothing; drop the product from "
                "the market, or use logit or CES demand"
            )
    if not isinstance(demand, CesDemand):
        return
    held = np.zeros(len(firms), dtype=bool) if hold is None else np.isfinite(hold)
    prices = game.cost if hold is None else np.where(held, hold, game.cost)
    with np.errstate(all="ignore"):
        gone = withdrawn(game, held, prices)
    names = [name for name, out in zip(products, gone, strict=True) if out]
    makers = list(dict.fromkeys(firm for firm, out in zip(firms, gone, strict=True) if out))
    if names:
        raise NoEquilibrium(
            f"{', '.join(names)}: priced out, the firm does better to sell none at these duties, "
            f"as sales would come at the cost of products on which {units.listed(makers)} "
            f"{'keeps' if len(makers) == 1 else 'keep'} more of each dollar; drop the product "
            "from the market, or use logit demand"
        )


def solve_rows(game: Game, firms: tuple[str, ...]) -> tuple[Array, Array]:
    """Return prices, shape (R, J), and residuals, shape (R,), infinite where a row is in doubt.

    `game` has a row per scenario; one in doubt, and all but logit and CES under Bertrand, are for
    the solver of single markets. The batch flags where a firm earns more elsewhere.
    """
    demand = game.demand
    plain = game.conduct == "bertrand" and is_partition(game.ownership, firms)
    if not plain or not isinstance(demand, ChoiceDemand):
        return np.full_like(game.cost, np.nan), np.full(len(game.cost), np.inf)
    nested = bool(demand.nesting.any())
    problem = Problem.of(
        utility=demand.level, slope=demand.steep, cost=game.cost,
        structure=Structure.of(firms=numbered(firms), nests=demand.nest if nested else None),
        ces=isinstance(demand, CesDemand), weight=None if (game.weight == 1).all() else game.weight,
        nesting=demand.nesting if nested else 0.0, outside_good=demand.outside_good,
    )  # fmt: skip
    found = run(problem, problem.pieces(_CHUNK))
    with np.errstate(all="ignore"):
        sold = ((demand.quantities(found.prices) > 0) & (found.prices > 0)).all(axis=1)
    residual = found.residual[:, 0]
    return found.prices, np.where(sold & (residual <= TOLERANCE), residual, np.inf)
