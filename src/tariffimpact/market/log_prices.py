"""Equilibria of any demand system and conduct, in the logarithms of prices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tariffimpact.market.conduct import Game
from tariffimpact.market.system import Array
from tariffimpact.market.tracking import Point, first_settled, newton, track


@dataclass(frozen=True, slots=True)
class PriceConditions:
    """First-order conditions of the products whose price is free, at staged costs and weights.

    At t = 0 costs and weights are those of `anchor`, at t = 1 those of `game`.
    """

    game: Game
    anchor: Game
    free: NDArray[np.bool_]
    prices: Array
    """Prices of the products held, shape (J,); the others are not read."""

    def shelf(self, x: Array) -> Array:
        """Return all prices from the log prices of the free products."""
        full = self.prices.copy()
        full[self.free] = np.exp(x)
        return full

    def at(self, x: Array, t: float) -> Point | None:
        """Return the conditions and their derivatives; None where a product is not sold."""
        with np.errstate(all="ignore"):
            prices, game = self.shelf(x), self._staged(t)
            if not (game.demand.quantities(prices) >= 0).all():
                return None
            free = self.free
            point = Point(
                gap=game.residual(prices)[free],
                size=game.scale(prices)[free],
                jacobian=game.jacobian(prices)[np.ix_(free, free)],
                drift=self._drift(game, prices)[free],
            )
        return point if point.finite else None

    def _staged(self, t: float) -> Game:
        if t == 1.0:
            return self.game
        old, new = self.anchor, self.game
        return replace(
            new,
            cost=old.cost ** (1 - t) * new.cost**t,
            weight=old.weight ** (1 - t) * new.weight**t,
        )

    def _drift(self, game: Game, prices: Array) -> Array:
        """Return how the conditions at fixed prices move with t, shape (J,)."""
        rise = game.cost * np.log(self.game.cost / self.anchor.cost)
        tilt = game.weight * np.log(self.game.weight / self.anchor.weight)
        return game.cost_response(prices) @ rise + game.weight_response(prices) @ tilt


def solve_prices(
    game: Game,
    anchors: Iterable[tuple[Game, Array]],
    held: NDArray[np.bool_],
    start: Array,
) -> tuple[Array, float, int]:
    """Return equilibrium prices, the largest condition relative to its terms, and Newton steps.

    Newton from `start`, then from the prices of each anchor, a game whose equilibrium is known;
    then the path from each anchor. Products `held` keep their price at `start`, shape (J,).
    """
    known, free = list(anchors), ~held
    own = PriceConditions(game, game, free, start)
    starts = (start, *(prices for _, prices in known))
    trials = [partial(newton, own, np.log(prices[free])) for prices in starts]
    for anchor, prices in known if free.all() else ():
        trials.append(partial(track, replace(own, anchor=anchor), np.log(prices)))
    found = first_settled(trials)
    return own.shelf(found.x), found.error, found.iterations
