r"""Why an equilibrium is the only one: a theorem, or bounds on every equilibrium that meet.

With y the utility lost to a markup, g the margin (y under logit, e (p - k)/p under CES, e =
elasticity - 1), c and r a product's share in its nest and in the market, the condition of j is

.. math:: g_j (1 + (1 - s)/e - w_{jj}) = 1 - s + \sum_{k \ne j} \frac{W_{jk} t_k}{W_{jj} t_j}
   g_k w_{jk}, \quad w_{jk} = s c_k [k \text{ in the nest of } j] + (1 - s) r_k

(1/e = 0 under logit). Every w falls in the y of its own product k and rises in all others. So
between bounds on all y the right side has bounds, and the y that meets a bound of it while all
others are at theirs bounds y_j anew: the left side rises in y_j and falls in the others. Where no
weight on another's profit is above that on one's own, no equilibrium has a price below cost or,
under logit, y_j above max t (1 + sum W(exp(V - 1)))/t_j, W Lambert's: there the bounds begin.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tariffimpact.market.conduct import Game, is_partition, weighed_alike
from tariffimpact.market.demand_systems import Array, CesDemand, ChoiceDemand, Flags, Labels

_ROUNDS, _HALVINGS = 300, 80
_CLOSE, _FINE = 1e-9, 1e-13
"""Width, over 1 + y, at which bounds have met, and to which each is bisected."""
_STUCK = 1e-3
"""Share of their width by which bounds must close in a round."""
_ROUNDING = 1e-15
_BEYOND = 1500.0
"""Log of a price over cost beyond what floating-point numbers hold."""


def uniqueness(game: Game, firms: tuple[str, ...]) -> str | None:
    """Return the certificate that a game has one equilibrium; None where none is known."""
    demand = game.demand
    if game.conduct == "price_taking":
        return "price equals cost"
    if not isinstance(demand, ChoiceDemand):
        return None
    if game.conduct == "monopolistic_competition":
        return "each price is its own closed form"
    if game.conduct != "bertrand":
        return None
    plain = not demand.nesting.any() and is_partition(game.ownership, firms)
    if plain and weighed_alike(game.weight, firms):
        return "one unknown per firm, rising in the market aggregate, and one aggregate clears"
    meet = any((high - low <= _CLOSE * (1 + low)).all() for low, high in bounds(game))
    return "bounds from below and from above meet" if meet else None


def bounds(game: Game) -> Iterator[tuple[Array, Array]]:
    """Yield bounds on each product's y, shape (J,), ever closer, until they meet or are stuck.

    None for games whose equilibria may lie anywhere, or in which firms do not set prices.
    """
    demand = game.demand
    if not isinstance(demand, ChoiceDemand) or game.conduct != "bertrand":
        return
    if not demand.outside_good:
        return
    if (game.ownership > np.diag(game.ownership)[:, None]).any():
        return
    cells, cell = _Cells.of(game, demand)
    low, high = np.zeros(cells.value.size), cells.most
    for _ in range(_ROUNDS):
        yield low[cell], high[cell]
        with np.errstate(over="ignore", under="ignore"):
            least = cells.bounded(high, low, (low, high), -1)
            most = cells.bounded(low, high, (low, high), 1)
        if np.sum(least - low) + np.sum(high - most) <= _STUCK * np.max(most - least):
            return
        low, high = least, most


@dataclass(frozen=True, slots=True)
class _Cells:
    """Products that always share one y, each cell as one product."""

    value: Array
    """Utility V at cost."""
    nest: Labels
    rest: Array
    """1 - s."""
    pull: Array
    """Weight of k in the condition of j, relative to its own."""
    bend: float
    """1/e."""
    most: Array
    """Where the upper bounds begin."""

    @classmethod
    def of(cls, game: Game, demand: ChoiceDemand) -> tuple[_Cells, Labels]:
        """Return the cells of a game, and the cell of each product."""
        alike = np.column_stack([demand.nest, game.weight, game.ownership, game.ownership.T])
        _, first, cell = np.unique(alike, axis=0, return_index=True, return_inverse=True)
        cell = cell.ravel()
        value = demand.index(game.cost)
        bend = 1 / demand.steep if isinstance(demand, CesDemand) else 0.0
        rest, kept = 1 - demand.nesting[first], game.weight[first]
        worth = np.full(first.size, -np.inf)
        np.logaddexp.at(worth, cell, value / rest[cell])
        worth *= rest
        if bend:
            most = np.full(first.size, _BEYOND / bend)
        else:  # log(1 + x) is above Lambert's W(x)
            most = kept.max() / kept * (1 + np.logaddexp(0, worth - 1).sum())
        pull = game.pull[np.ix_(first, first)]
        return cls(worth, demand.nest[first], rest, pull, bend, most), cell

    def margin(self, loss: Array) -> Array:
        """Return g at y."""
        return -np.expm1(-self.bend * loss) / self.bend if self.bend else loss

    def bounded(self, own: Array, others: Array, within: tuple[Array, Array], side: int) -> Array:
        """Return the least (`side` -1) or most (1) y `within` bounds that may meet a condition.

        The others are at `others`; their shares, which the right side is weighed by, are those of
        each at `own` among `others`. Rounding goes to the side of the bound.
        """
        rivals = self._rivals(others)
        nested, share = self._shares(own, *rivals)
        nesting, same = 1 - self.rest, self._same()
        earned = self.pull * (nesting[:, None] * same * nested + self.rest[:, None] * share)
        np.fill_diagonal(earned, 0.0)
        right = self.rest + earned @ self.margin(others)
        blur = _ROUNDING * (1 + np.max(np.abs(self.value) / self.rest))
        low, high = within
        for _ in range(_HALVINGS):
            if (high - low <= _FINE * (1 + low)).all():
                break
            middle = (low + high) / 2
            nested, share = self._shares(middle, *rivals)
            margin, most = self.margin(middle), 1 + self.rest * self.bend
            gap = margin * (most - nesting * nested - self.rest * share) - right
            above = gap > side * blur * (margin * most + right)
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return low if side < 0 else high

    def _same(self) -> Flags:
        return np.asarray(self.nest[:, None] == self.nest[None, :])

    def _rivals(self, loss: Array) -> tuple[Array, Array]:
        """Return log sums of what each has beside it in its nest, and outside it."""
        scaled, same = (self.value - loss) / self.rest, self._same()
        beside = np.where(same & ~np.eye(loss.size, dtype=bool), scaled, -np.inf)
        worth = self.rest * np.logaddexp.reduce(np.where(same, scaled, -np.inf), axis=1)
        _, one = np.unique(self.nest, return_index=True)
        away = np.where(self.nest[:, None] == self.nest[one], -np.inf, worth[one])
        return (np.logaddexp.reduce(beside, axis=1),
                np.logaddexp.reduce(away, axis=1, initial=0.0))  # fmt: skip

    def _shares(self, loss: Array, beside: Array, outside: Array) -> tuple[Array, Array]:
        """Return each one's share in its nest and in the market at its own `loss`."""
        scaled = (self.value - loss) / self.rest
        whole = np.logaddexp(scaled, beside)
        within = np.exp(scaled - whole)
        return within, within / (1 + np.exp(outside - self.rest * whole))
