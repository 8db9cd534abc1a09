"""What every demand curve offers, and the point at which it is calibrated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import Array, Numbers, checked, plain
from tariffimpact.demand.arguments import price_argument
from tariffimpact.errors import ModelError


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand(ABC):
    """Demand through the observed point (`price`, `volume`) with the elasticity found there.

    Parameters
    ----------
    price
        Shelf price before sales tax, money per unit, above 0.
    volume
        Units sold in the period at that price, above 0; 1 makes every volume a ratio.
    demand_elasticity
        -(p/q) dq/dp at that price, a positive number, at most 1000.

    Raises
    ------
    ModelError
        If an argument leaves its range, or arrays do not broadcast.
    """

    price: Numbers
    volume: Numbers = 1.0
    demand_elasticity: Numbers

    def __post_init__(self) -> None:
        self._keep("price", above=0, remedy="give the shelf price before sales tax")
        self._keep("volume", above=0, remedy="give the units sold, or leave it out for ratios")
        self._keep(
            "demand_elasticity",
            above=0,
            at_most=1000,
            remedy="write it as a positive number, 1.5 rather than -1.5",
        )
        try:
            np.broadcast_shapes(*(np.shape(getattr(self, name)) for name in self._fields()))
        except ValueError:
            raise ModelError(
                f"{', '.join(self._fields())} have shapes that do not broadcast; "
                "give each one value, or the same number of values"
            ) from None

    def _fields(self) -> tuple[str, ...]:
        return tuple(field.name for field in fields(self))

    def _keep(self, name: str, *, remedy: str, above: float, at_most: float | None = None) -> None:
        value = checked(name, getattr(self, name), above=above, at_most=at_most, remedy=remedy)
        object.__setattr__(self, name, plain(value))

    @property
    @abstractmethod
    def form(self) -> str:
        """The name of the demand curve, in words."""

    @abstractmethod
    def log_volume(self, price: ArrayLike) -> Numbers:
        """Return ln(q(p) / q(p0)); minus infinity where nothing is sold."""

    @abstractmethod
    def elasticity(self, price: ArrayLike) -> Numbers:
        """Return -(p/q) dq/dp at `price`, positive; infinite where nothing is sold."""

    @abstractmethod
    def convexity(self, price: ArrayLike) -> Numbers:
        """Return -q p''/p' of inverse demand, the `demand_convexity` of Weyl and Fabinger."""

    @abstractmethod
    def price_at(self, quantity: ArrayLike) -> Numbers:
        """Return the price at which `quantity` units are sold, money per unit."""

    @abstractmethod
    def optimal_price(self, *, unit_cost: ArrayLike) -> Numbers:
        """Return argmax (p - c) q(p), money per unit; `unit_cost` is c, above 0."""

    @abstractmethod
    def _bought(self, low: Array, high: Array) -> Array:
        """Return the integral of q(p)/q(p0) from `low` to `high`, either order."""

    def quantity(self, price: ArrayLike) -> Numbers:
        """Return the units sold at `price` (money per unit, above 0).

        Raises
        ------
        ModelError
            If the price is not above 0, or so low that the volume overflows.

        Examples
        --------
        >>> from tariffimpact.demand import IsoelasticDemand
        >>> IsoelasticDemand(price=100, volume=10, demand_elasticity=2).quantity(200)
        2.5
        """
        with np.errstate(over="ignore", under="ignore"):
            units = np.asarray(self.volume * np.exp(self.log_volume(price)))
        if not np.isfinite(units).all():
            raise ModelError(
                "price is so far below the calibrated price that the volume overflows; "
                "calibrate demand nearer to it"
            )
        return plain(units)

    def consumer_surplus_change(self, *, old_price: ArrayLike, new_price: ArrayLike) -> Numbers:
        """Return what buyers gain when the price moves: minus the integral of q(p) dp.

        Money per period, negative for a price rise (Marshall's measure, no income effect).

        Examples
        --------
        >>> from tariffimpact.demand import LinearDemand
        >>> demand = LinearDemand(price=100, volume=10, demand_elasticity=1)
        >>> demand.consumer_surplus_change(old_price=100, new_price=120)
        -180.0
        """
        old, new = price_argument(old_price), price_argument(new_price)
        with np.errstate(over="ignore", under="ignore"):
            change = np.asarray(-self.volume * self._bought(old, new))
        if not np.isfinite(change).all():
            raise ModelError(
                "old_price and new_price lie so far from the calibrated price that the surplus "
                "overflows; calibrate demand nearer to them"
            )
        return plain(change)
