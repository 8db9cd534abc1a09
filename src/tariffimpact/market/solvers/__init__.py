"""How a market is solved: a closed form, one number per firm, log odds, or log prices.

Only the market itself imports from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

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
from tariffimpact.market.solvers.log_odds import OddsConditions, eased, solve_odds
from tariffimpact.market.solvers.maxima import reduced
from tariffimpact.market.solvers.newton import TOLERANCE, solve_prices

_FIRST_MARKUP = 1.3
"""Price over cost to begin at where nothing better is known."""
_CERTAIN = 1e-8
"""Curvature of profit, over the largest, at which a firm is at a maximum beyond doubt."""
_ENTRIES = 2**21
"""Numbers in a stack of matrices worked on at once."""
_CHUNK = 131_072
_VANISHED = 1e-6
"""Share at which a search that failed is taken to have ended at no sales."""
_BEYOND, _UNWANTED = 1e300, -1e4
"""Price and log quality of a product off the market."""
_CLEAR = 1e-9
"""Condition, in units of marginal revenue, beyond what rounding makes of none."""


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
        row = replace(game, cost=game.cost[None], weight=game.weight[None])
        return measured(game, fixed, _linear(row, game.demand, fixed, begin)[0][0], 0.0, 1)
    if not isinstance(game.demand, ChoiceDemand):
        return measured(game, fixed, *solve_prices(game, anchors, fixed, begin))
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


def _linear(
    game: Game, demand: LinearDemand, held: Flags, prices: Array
) -> tuple[Array, Array, Array]:
    """Return the prices of many games, (R, J), that solve conditions linear in them.

    Also what multiplies margins (Cournot: sales) there, and the Hessians of profit. Rows of the
    same weights share one factorisation, shape (1, J, J). Sales may come out negative: priced out.
    """
    weight = game.weight[:1] if (game.weight == game.weight[:1]).all() else game.weight
    pull = replace(game, weight=weight).pull.reshape(-1, demand.size, demand.size)
    own = inverse(demand.slope) if game.conduct == "cournot" else demand.slope
    steep, even = pull * own.T, np.eye(demand.size)
    if game.conduct == "cournot":
        matrix, right = even + steep @ demand.slope, game.cost - steep @ demand.intercept
    else:
        matrix, right = demand.slope + steep, _times(steep, game.cost) - demand.intercept
    matrix[:, held], right[:, held] = even[held], prices[held]
    try:
        if len(matrix) == 1:
            found = np.asarray(np.linalg.solve(matrix[0], right.T).T)
        else:
            found = np.asarray(np.linalg.solve(matrix, right[:, :, None])[:, :, 0])
    except np.linalg.LinAlgError:
        found = np.full(right.shape, np.nan)
    return found, steep, (np.diag(game.ownership) * weight)[:, :, None] * (own + steep)


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
    fixed = np.full(len(firms), np.nan) if hold is None else hold
    gone = _withdrawn(game, firms, fixed)
    names = [name for name, out in zip(products, gone, strict=True) if out]
    makers = list(dict.fromkeys(firm for firm, out in zip(firms, gone, strict=True) if out))
    if names:
        raise NoEquilibrium(
            f"{', '.join(names)}: priced out, the firm does better to sell none at these duties, "
            f"as sales would come at the cost of products on which {units.listed(makers)} "
            f"{'keeps' if len(makers) == 1 else 'keep'} more of each dollar; drop the product "
            "from the market, or use logit demand"
        )


def _withdrawn(game: Game, firms: tuple[str, ...], hold: Array) -> Flags:
    """Return the products that are withdrawn, as far as the market without them confirms it."""
    held = np.isfinite(hold)
    conditions = OddsConditions.of(game, held, np.where(held, hold, game.cost))
    with np.errstate(all="ignore"):
        gone = [now.unbounded(found.x)[0] for now, found in eased(conditions)]
    tried: dict[bytes, Flags] = {out.tobytes(): out for out in reversed(gone) if out.any()}
    for out in tried.values():
        rest, fixed = reduced(game, out), hold[~out]
        names = tuple(firm for firm, lost in zip(firms, out, strict=True) if not lost)
        solved = solve(rest, names, hold=fixed)
        if not solved.converged:
            out = out.copy()
            out[~out] = more = _withdrawn(rest, names, fixed)
            if not more.any():
                continue
            left = tuple(firm for firm, lost in zip(names, more, strict=True) if not lost)
            solved = solve(reduced(rest, more), left, hold=fixed[~more])
        dearer = _dearer(game, out, solved.prices)
        if solved.converged and not (out & (dearer < -_CLEAR)).any():
            return np.asarray(out & (dearer > _CLEAR))
    return np.zeros_like(held)


def _dearer(game: Game, gone: Flags, prices: Array) -> Array:
    """Return the condition of each product if those `gone` sell nothing; above 0: raise a price.

    Each product that is gone is looked at as the only one of them that might come back.
    """
    demand = game.demand
    assert isinstance(demand, CesDemand)
    shelf = np.full(gone.size, _BEYOND)
    shelf[~gone] = prices
    unsold = np.where(gone, 2 * _UNWANTED, demand.log_quality)
    condition = np.zeros(gone.size)
    for j in np.flatnonzero(gone):
        unsold[j] = _UNWANTED
        now = replace(game, demand=replace(demand, log_quality=unsold))
        condition[j] = now.residual(shelf)[j]
        unsold[j] = 2 * _UNWANTED
    return -condition if game.conduct == "cournot" else condition


def solve_rows(game: Game, firms: tuple[str, ...]) -> tuple[Array, Array]:
    """Return prices, shape (R, J), and residuals, shape (R,), infinite where a row is in doubt.

    `game` has a row per scenario; one in doubt is for the solver of single markets.
    """
    with np.errstate(all="ignore"):
        prices, residual = _solved_rows(game, firms)
        sold = (game.demand.quantities(prices) > 0).all(axis=1) & (prices > 0).all(axis=1)
    return prices, np.where(sold & (residual <= TOLERANCE), residual, np.inf)


def _solved_rows(game: Game, firms: tuple[str, ...]) -> tuple[Array, Array]:
    """Return prices and residuals; infinite or NaN where no method here applies."""
    demand, tall = game.demand, max(1, _ENTRIES // game.demand.size**2)
    apart = game.conduct in ("price_taking", "monopolistic_competition")
    if isinstance(demand, LinearDemand) or apart:
        if len(game.cost) > tall:  # matrices of some rows at a time
            parts = [_solved_rows(replace(game, cost=game.cost[row : row + tall],
                                          weight=game.weight[row : row + tall]), firms)
                     for row in range(0, len(game.cost), tall)]  # fmt: skip
            prices, residual = (np.concatenate(x) for x in zip(*parts, strict=True))
            return prices, residual
        if (alone := separable(game)) is not None:
            return alone, np.max(game.relative(alone), axis=1)
        assert isinstance(demand, LinearDemand)
        return _linear_rows(game, demand, firms)
    plain = game.conduct == "bertrand" and is_partition(game.ownership, firms)
    if plain and isinstance(demand, ChoiceDemand):
        return _choice_rows(game, demand, firms)
    return np.full_like(game.cost, np.nan), np.full(len(game.cost), np.inf)


def _choice_rows(game: Game, demand: ChoiceDemand, firms: tuple[str, ...]) -> tuple[Array, Array]:
    """Return what the batch finds: it flags where a firm earns more elsewhere."""
    nested = bool(demand.nesting.any())
    problem = Problem.of(
        utility=demand.level, slope=demand.steep, cost=game.cost,
        structure=Structure.of(firms=numbered(firms), nests=demand.nest if nested else None),
        ces=isinstance(demand, CesDemand), weight=None if (game.weight == 1).all() else game.weight,
        nesting=demand.nesting if nested else 0.0, outside_good=demand.outside_good,
    )  # fmt: skip
    found = run(problem, problem.pieces(_CHUNK))
    return found.prices, found.residual[:, 0]


def _linear_rows(game: Game, demand: LinearDemand, firms: tuple[str, ...]) -> tuple[Array, Array]:
    """Return prices and residuals of linear demand, infinite where profit is no maximum."""
    free = np.zeros(demand.size, dtype=np.bool_)
    prices, steep, hessian = _linear(game, demand, free, game.cost[0])
    sold, margin = demand.quantities(prices), prices - game.cost
    cournot = game.conduct == "cournot"
    lead, other = (margin, sold) if cournot else (sold, margin)
    size = (prices if cournot else sold) + _times(np.abs(steep), np.abs(other))
    gap = np.max(np.abs(lead + _times(steep, other)) / size, axis=1)
    return prices, np.where(_at_maximum(hessian, firms), gap, np.inf)


def _times(matrix: Array, rows: Array) -> Array:
    """Return each row times its matrix; one matrix serves all rows, shape (R or 1, J, J)."""
    if len(matrix) == 1:
        return np.asarray(rows @ matrix[0].T)
    return np.asarray((matrix @ rows[:, :, None])[:, :, 0])


def _at_maximum(hessian: Array, firms: tuple[str, ...]) -> Flags:
    """Return whether profit is concave beyond doubt in each firm's own choices, shape (R or 1,)."""
    sure = np.ones(len(hessian), dtype=np.bool_)
    names = numbered(firms)
    for firm in set(names):
        own = np.flatnonzero(names == firm)
        bend = np.linalg.eigvalsh(hessian[:, own[:, None], own])
        sure &= bend[:, -1] < _CERTAIN * bend[:, 0]
    return sure
