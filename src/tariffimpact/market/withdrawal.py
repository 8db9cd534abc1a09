"""Products that their maker, or the cost of them, takes off the market: found and named."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tariffimpact.errors import ModelError
from tariffimpact.market.choice import CesDemand, LogitDemand
from tariffimpact.market.conduct import Game
from tariffimpact.market.solving import Solved, solve
from tariffimpact.market.system import Array, DemandSystem

_RUNAWAY = 1e-4
"""Cost over price below which a search that failed is taken to have run away."""
_VANISHED = 1e-6
"""Share at which a search that failed is taken to have ended at no sales."""
_OUT = 1e9
"""Price over cost of a product taken off the market."""


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
    game: Game, solved: Solved, firms: tuple[str, ...], products: Sequence[str]
) -> None:
    """Raise a `ModelError` that names the products a firm does better not to sell, if any.

    With CES demand, or constant elasticities, a firm that keeps less of a dollar from one product
    than from another (unequal duties levied on its border prices, or partial ownership) may raise
    the first one's price without limit. Such a product is confirmed by taking it off the market:
    once the rest has settled, its firm must still want a higher price.
    """
    if not isinstance(game.demand, LogitDemand | CesDemand):
        shares = game.demand.shares(solved.prices)
        last = [name for name, share in zip(products, shares, strict=True) if share < _VANISHED]
        if last:
            raise ModelError(
                f"{', '.join(last)}: priced out, the way to an equilibrium ends where "
                f"{'it sells' if len(last) == 1 else 'they sell'} nothing; drop the product from "
                "the market, or use logit or CES demand"
            )
    with np.errstate(all="ignore"):
        gone = game.cost / solved.prices < _RUNAWAY
    if not gone.any() or gone.all() or not _stays_out(game, firms, gone):
        return
    names = [name for name, out in zip(products, gone, strict=True) if out]
    raise ModelError(
        f"{', '.join(names)}: priced out, the firm does better to sell none at these duties, as "
        "sales would come at the cost of products on which it keeps more of each dollar; drop the "
        "product from the market, or use logit demand"
    )


def _stays_out(game: Game, firms: tuple[str, ...], gone: NDArray[np.bool_]) -> bool:
    """Return whether every product in `gone` would rather be dearer once the others settled."""
    rest = solve(game, firms, hold=np.where(gone, _OUT * game.cost, np.nan))
    if not rest.converged:
        return False
    wish = game.residual(rest.prices)[gone]
    return bool((wish < 0 if game.conduct == "cournot" else wish > 0).all())
