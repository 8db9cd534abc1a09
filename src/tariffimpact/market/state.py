"""A market at rest: prices, sales, money, and the exact derivatives around them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tariffimpact.errors import ModelError
from tariffimpact.market.certificates import uniqueness
from tariffimpact.market.conduct import Game, off_maximum
from tariffimpact.market.policy import Levy
from tariffimpact.market.system import Array


@dataclass(frozen=True, slots=True)
class MarketState:
    """One equilibrium of a market; arrays of shape (J,) in the order of its products."""

    game: Game
    firms: tuple[str, ...]
    levy: Levy
    prices: Array
    """Shelf prices before sales tax, money per unit."""
    licence_price: Array
    """Price of a quota licence per unit, money; 0 without a binding quota."""
    held: NDArray[np.bool_]
    """Whether the price was fixed from outside, bool."""
    residual: float
    """Largest first-order condition relative to its terms, at most 1e-10."""
    iterations: int

    @property
    def quantities(self) -> Array:
        """Units sold."""
        return self.game.demand.quantities(self.prices)

    @property
    def margins(self) -> Array:
        """Price less cost with duty, over price: (p - k)/p."""
        return self.game.lerner(self.prices)

    @property
    def duty(self) -> Array:
        """Duty a unit, money, the licence not included."""
        return self.levy.duty(self.prices) - self.licence_price

    @property
    def profit(self) -> Array:
        """Profit of each product, money."""
        return self.levy.profit(self.prices) * self.quantities

    def money(self) -> dict[str, float]:
        """Return what consumers pay and who gets it: `outlay` is the sum of the other four."""
        sold = self.quantities
        return {
            "outlay": float(self.prices @ sold),
            "profit": float(self.profit.sum()),
            "duty_revenue": float(self.duty @ sold),
            "quota_rent": float(self.licence_price @ sold),
            "resource_cost": float(self.levy.unit_cost @ sold),
        }

    def elasticities(self) -> Array:
        """Return E[j, k] = d ln q_j / d ln p_k, shape (J, J)."""
        return self.game.demand.elasticities(self.prices)

    def diversion_ratios(self) -> Array:
        """Return D[j, k], the share of j's lost sales won by k when j's price rises; -1 own."""
        slopes = self.game.demand.slopes(self.prices) / self.prices[None, :]
        return -slopes / np.diag(slopes)[:, None]

    def pass_through(self) -> Array:
        """Return R[j, l] = dp_j / dk_l, money per money, shape (J, J), exact.

        k_l is the cost of product l with duty: under `customs_value` one dollar of it is one
        dollar of duty. Rows of products whose price is held are zero.
        """
        return self._solve(self.game.cost_response(self.prices))

    def tariff_response(self) -> Array:
        """Return T[j, l] = dp_j / d rate_l, money per unit of ad valorem rate, shape (J, J).

        Counts the change of the firm's weight under `border_price` as well as that of its cost.
        """
        base = self.levy
        if base.fixed_duty is not None:
            raise ModelError(
                "tariff_response: under the reading 'customs_value' the duty is a cost; multiply "
                "pass_through() by each product's customs value"
            )
        cost = self.game.cost_response(self.prices) * base.unit_cost[None, :]
        weight = self.game.weight_response(self.prices) * -(base.weight**2)[None, :]
        return self._solve(cost + weight)

    def _solve(self, forcing: Array) -> Array:
        """Return dp given d residual / d something, held prices staying put."""
        free = ~self.held
        answer = np.zeros_like(forcing)
        block = self.game.jacobian(self.prices)[np.ix_(free, free)]
        answer[free] = -np.linalg.solve(block, forcing[free]) * self.prices[free, None]
        return answer

    def second_order(self) -> bool:
        """Return whether every firm is at a local maximum of its profit.

        No market is returned where this fails; see `off_maximum` for how it is found.
        """
        return not off_maximum(self.game, self.prices, self.firms, ~self.held)

    def uniqueness(self) -> str | None:
        """Return why this equilibrium is the only one, or None where there is no certificate."""
        return uniqueness(self.game, self.firms)
