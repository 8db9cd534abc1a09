"""Products that their maker, or the cost of them, takes off the market: found and named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tariffimpact import units
from tariffimpact.errors import ModelError
from tariffimpact.market.choice import CesDemand, LogitDemand
from tariffimpact.market.conduct import Game
from tariffimpact.market.log_odds import OddsConditions, eased
from tariffimpact.market.solving import Solved, solve
from tariffimpact.market.system import Array, DemandSystem

_VANISHED = 1e-6
"""Share at which a search that failed is taken to have ended at no sales."""
_BEYOND, _UNWANTED = 1e300, -1e4
"""Price and log quality of a product off the market."""
_CLEAR = 1e-9
"""Condition, in units of marginal revenue, beyond what rounding makes of none."""


def check_sold(demand: DemandSystem, prices: Array, products: Sequence[str]) -> None:
    """Raise a `ModelError` that names the products nobody buys at `prices`."""
    sold = demand.quantities(prices)
    gone = [name for name, units in zip(products, sold, strict=True) if not units > 0]
    if gone:
        choice = isinstance(demand, LogitDemand | CesDemand)
        raise ModelError(
            f"{', '.join(gone)}: priced out, {type(demand).__name__} has no positive sales at "
            "these costs; drop the product from the market"
            + ("" if choice else ", or use logit or CES demand")
        )


def check_offered(
    game: Game,
    solved: Solved,
    firms: tuple[str, ...],
    products: Sequence[str],
    hold: Array | None = None,
) -> None:
    """Raise a `ModelError` that names the products a firm does better not to sell, if any.

    With CES demand a firm that keeps less of a dollar from one product than from another (unequal
    duties levied on its border prices, or partial ownership) may raise the first one's price
    without limit. `hold` are prices fixed from outside, NaN where free.
    """
    demand = game.demand
    if not isinstance(demand, LogitDemand | CesDemand):
        shares = demand.shares(solved.prices)
        last = [name for name, share in zip(products, shares, strict=True) if share < _VANISHED]
        if last:
            raise ModelError(
                f"{', '.join(last)}: priced out, the way to an equilibrium ends where "
                f"{'it sells' if len(last) == 1 else 'they sell'} nothing; drop the product from "
                "the market, or use logit or CES demand"
            )
    if not isinstance(demand, CesDemand):
        return
    fixed = np.full(len(firms), np.nan) if hold is None else hold
    gone = _withdrawn(game, np.asarray(firms), fixed)
    names = [name for name, out in zip(products, gone, strict=True) if out]
    makers = list(dict.fromkeys(firm for firm, out in zip(firms, gone, strict=True) if out))
    if names:
        raise ModelError(
            f"{', '.join(names)}: priced out, the firm does better to sell none at these duties, "
            f"as sales would come at the cost of products on which {units.listed(makers)} "
            f"{'keeps' if len(makers) == 1 else 'keep'} more of each dollar; drop the product "
            "from the market, or use logit demand"
        )


def _withdrawn(game: Game, firms: NDArray[np.str_], hold: Array) -> NDArray[np.bool_]:
    """Return the products that are withdrawn, as far as the market without them confirms it."""
    held = np.isfinite(hold)
    conditions = OddsConditions.of(game, held, np.where(held, hold, game.cost))
    with np.errstate(all="ignore"):
        gone = [now.unbounded(found.x) for now, found in eased(conditions)]
    for out in {out.tobytes(): out for out in reversed(gone) if out.any()}.values():
        rest, names, fixed = _without(game, out), firms[~out], hold[~out]
        solved = solve(rest, tuple(names), hold=fixed)
        if not solved.converged:
            out = out.copy()
            out[~out] = more = _withdrawn(rest, names, fixed)
            if not more.any():
                continue
            solved = solve(_without(rest, more), tuple(names[~more]), hold=fixed[~more])
        dearer = _dearer(game, out, solved.prices)
        if solved.converged and not (out & (dearer < -_CLEAR)).any():
            return out & (dearer > _CLEAR)
    return np.zeros_like(held)


def _dearer(game: Game, gone: NDArray[np.bool_], prices: Array) -> Array:
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


def _without(game: Game, gone: NDArray[np.bool_]) -> Game:
    """Return the game of the products that are not `gone`."""
    demand, kept = game.demand, ~gone
    assert isinstance(demand, CesDemand)
    left = replace(demand, log_quality=demand.log_quality[kept], nest=demand.nest[kept],
                   nesting=demand.nesting[kept])  # fmt: skip
    return replace(game, demand=left, ownership=game.ownership[np.ix_(kept, kept)],
                   cost=game.cost[kept], weight=game.weight[kept])  # fmt: skip
