"""Linear demand: the elasticity rises with the price, up to a choke price."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearDemand(Demand):
    """Linear demand, q = q0 (1 - e (p - p0)/p0), zero from the choke price p0 (1 + 1/e) on.

    Parameters, raises: see `Demand`. A monopolist passes on half of a cost (Cournot 1838).

    Examples
    --------
    >>> demand = LinearDemand(price=100, volume=10, demand_elasticity=2)
    >>> demand.choke_price, demand.quantity(125), demand.elasticity(125), demand.convexity(125)
    (150.0, 5.0, 5.0, 0.0)
    """

    @property
    def form(self) -> str:
        """The name of the demand curve, in words."""
        return "linear"

    @property
    def choke_price(self) -> Numbers:
        """The lowest price at which nothing is sold, money per unit."""
        return self.price * (1 + 1 / self.demand_elasticity)

    def log_volume(self, price: ArrayLike) -> Numbers:
        """Return ln(q(p) / q(p0)); minus infinity from the choke price on."""
        with np.errstate(divide="ignore"):
            fall = self.demand_elasticity * (price_argument(price) - self.price) / self.price
            return plain(np.log1p(-np.minimum(fall, 1.0)))

    def elasticity(self, price: ArrayLike) -> Numbers:
        """Return p / (choke price - p); infinite from the choke price on."""
        p = price_argument(price)
        with np.errstate(divide="ignore"):
            return plain(p / np.maximum(self.choke_price - p, 0.0))

    def convexity(self, price: ArrayLike) -> Numbers:
        """Return 0 everywhere: the price falls along a straight line."""
        return plain(
            np.zeros(np.broadcast_shapes(price_argument(price).shape, np.shape(self.choke_price)))
        )

    def price_at(self, quantity: ArrayLike) -> Numbers:
        """Return the price at which `quantity` units (0 to the saturation volume) are sold."""
        q = quantity_argument(quantity)
        return positive_price(self.price * (1 + (1 - q / self.volume) / self.demand_elasticity))

    def optimal_price(self, *, unit_cost: ArrayLike) -> Numbers:
        """Return half-way from cost to choke price; the choke price where cost is above it."""
        choke = self.choke_price
        return plain((np.minimum(cost_argument(unit_cost), choke) + choke) / 2)

    def _bought(self, low: Array, high: Array) -> Array:
        choke = self.choke_price
        a, b = np.minimum(low, choke), np.minimum(high, choke)
        mean = self.demand_elasticity / self.price * ((choke - a) + (choke - b)) / 2
        return np.asarray(mean * (b - a))
