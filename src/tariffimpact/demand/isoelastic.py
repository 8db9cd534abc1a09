"""Isoelastic demand: the elasticity is the same at every price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import Array, Numbers, plain
from tariffimpact.demand.arguments import (
    cost_argument,
    positive_price,
    price_argument,
    quantity_argument,
)
from tariffimpact.demand.curve import Demand
from tariffimpact.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class IsoelasticDemand(Demand):
    """Isoelastic demand, q = q0 (p/p0)^-e: the elasticity is the same at every price.

    Parameters, raises: see `Demand`. Convexity is 1 + 1/e; a monopolist passes on e/(e-1).

    Examples
    --------
    >>> demand = IsoelasticDemand(price=100, volume=10, demand_elasticity=2)
    >>> demand.quantity(200), demand.elasticity(200), demand.convexity(200), demand.price_at(2.5)
    (2.5, 2.0, 1.5, 200.0)
    """

    @property
    def form(self) -> str:
        """The name of the demand curve, in words."""
        return "isoelastic"

    def log_volume(self, price: ArrayLike) -> Numbers:
        """Return ln(q(p) / q(p0)) = -e ln(p/p0)."""
        return plain(-self.demand_elasticity * np.log(price_argument(price) / self.price))

    def elasticity(self, price: ArrayLike) -> Numbers:
        """Return the elasticity, the same at every price."""
        return plain(
            np.broadcast_arrays(price_argument(price), self.price, self.demand_elasticity)[2]
        )

    def convexity(self, price: ArrayLike) -> Numbers:
        """Return 1 + 1/e, the same at every price."""
        return plain(1 + 1 / np.asarray(self.elasticity(price)))

    def price_at(self, quantity: ArrayLike) -> Numbers:
        """Return p0 (q/q0)^(-1/e), the price at which `quantity` units (above 0) are sold."""
        q = quantity_argument(quantity)
        with np.errstate(over="ignore", under="ignore"):
            return positive_price(self.price * (q / self.volume) ** (-1 / self.demand_elasticity))

    def optimal_price(self, *, unit_cost: ArrayLike) -> Numbers:
        """Return c e/(e-1).

        Raises
        ------
        ModelError
            If the elasticity is 1 or less, where profit rises without bound.
        """
        cost, elasticity = cost_argument(unit_cost), np.asarray(self.demand_elasticity)
        if elasticity.min() <= 1:
            raise ModelError(
                "demand_elasticity must be above 1 to maximise profit (got "
                f"{elasticity.min():g}): at 1 or less profit rises without bound with the price; "
                "use a higher elasticity, or linear or logit demand"
            )
        return plain(cost * elasticity / (elasticity - 1))

    def _bought(self, low: Array, high: Array) -> Array:
        # p q du over u = ln p; expm1(k u)/k keeps its digits as e goes through 1
        u, k = np.log(high / low), 1 - np.asarray(self.demand_elasticity)
        k = np.where(np.abs(k) < 1e-300, 1e-300, k)
        return np.asarray(np.exp(k * np.log(low / self.price)) * self.price * np.expm1(k * u) / k)
