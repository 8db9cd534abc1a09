"""Demand for one product, calibrated at one observed point: linear, isoelastic, logit.

The three agree on price, volume and elasticity where they are calibrated, and differ in how the
elasticity moves away from that point. That is the whole of the disagreement about pass-through:
a monopolist with a flat cost passes on 1/2 under linear demand, 1 minus the share under logit and
`e/(e-1)` under isoelastic demand (Weyl and Fabinger 2013).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import Array, Numbers, checked, plain
from tariffimpact.errors import ModelError


def price_argument(price: ArrayLike) -> Array:
    """Return `price` checked: above 0, money per unit."""
    return checked("price", price, above=0, remedy="give a price in money per unit")


def cost_argument(cost: ArrayLike) -> Array:
    """Return `unit_cost` checked: above 0, money per unit."""
    return checked("unit_cost", cost, above=0, remedy="give the cost in money per unit")


def quantity_argument(quantity: ArrayLike) -> Array:
    """Return `quantity` checked: above 0, units."""
    return checked("quantity", quantity, above=0, remedy="give the units to be sold")


def positive_price(price: ArrayLike) -> Numbers:
    """Return a price that sells a given quantity, or say that no positive price does."""
    values = np.asarray(price, dtype=np.float64)
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise ModelError("quantity is more than any positive price sells; lower it")
    return plain(values)


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
    form: ClassVar[str]
    """The name of the demand curve, in words."""

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
        >>> from tariffimpact.pricing.demand import IsoelasticDemand
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
        >>> from tariffimpact.pricing.demand import LinearDemand
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

    form: ClassVar[str] = "linear"

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

    form: ClassVar[str] = "isoelastic"

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


@dataclass(frozen=True, slots=True, kw_only=True)
class LogitDemand(Demand):
    """Logit demand, q = N s(p), s = 1/(1 + exp(a (p - p0)) (1 - s0)/s0), a = e / (p0 (1 - s0)).

    Parameters
    ----------
    price, volume, demand_elasticity
        See `Demand`.
    share
        s0, the fraction of all possible buyers who buy at `price`, strictly between 0 and 1.

    Raises
    ------
    ModelError
        See `Demand`; also if the share leaves (0, 1).

    References
    ----------
    McFadden (1974), in *Frontiers in Econometrics*.

    Examples
    --------
    >>> demand = LogitDemand(price=100, volume=10, demand_elasticity=2, share=0.2)
    >>> [round(f(100), 12) for f in (demand.quantity, demand.elasticity, demand.convexity)]
    [10.0, 2.0, 0.75]
    """

    share: Numbers
    form: ClassVar[str] = "logit"

    def __post_init__(self) -> None:
        remedy = "give the fraction of possible buyers who buy, such as 0.1"
        share = checked("share", self.share, above=0, below=1, remedy=remedy)
        object.__setattr__(self, "share", plain(share))
        Demand.__post_init__(self)

    @property
    def price_sensitivity(self) -> Numbers:
        """The a of the formula, per unit of money."""
        return self.demand_elasticity / (self.price * (1 - self.share))

    def share_at(self, price: ArrayLike) -> Numbers:
        """Return the fraction of possible buyers who buy at `price`."""
        return plain(self.share * np.exp(self.log_volume(price)))

    def log_volume(self, price: ArrayLike) -> Numbers:
        """Return ln(q(p) / q(p0)) = ln(s(p) / s0)."""
        return plain(-np.logaddexp(np.log(self.share), np.log1p(-self.share) + self._shift(price)))

    def elasticity(self, price: ArrayLike) -> Numbers:
        """Return a p (1 - s(p))."""
        return plain(self.price_sensitivity * price_argument(price) / (1 + self._odds(price)))

    def convexity(self, price: ArrayLike) -> Numbers:
        """Return (1 - 2 s)/(1 - s) at the share s(p)."""
        return plain(1 - self._odds(price))

    def _shift(self, price: ArrayLike) -> Array:
        return np.asarray(self.price_sensitivity * (price_argument(price) - self.price))

    def _log_odds(self, price: ArrayLike) -> Array:
        return np.asarray(np.log(self.share) - np.log1p(-self.share) - self._shift(price))

    def _odds(self, price: ArrayLike) -> Array:
        # s/(1 - s), which keeps its digits where nearly all buy
        with np.errstate(over="ignore", under="ignore"):
            return np.exp(self._log_odds(price))

    def price_at(self, quantity: ArrayLike) -> Numbers:
        """Return the price at which `quantity` units, above 0 and below q0/s0, are sold."""
        q = quantity_argument(quantity)
        s = self.share * q / self.volume
        if np.max(s) >= 1:
            raise ModelError(
                "quantity must be below volume/share, the number of possible buyers; lower it"
            )
        odds = np.log(s) - np.log1p(-s) - np.log(self.share) + np.log1p(-self.share)
        return positive_price(self.price - odds / self.price_sensitivity)

    def optimal_price(self, *, unit_cost: ArrayLike) -> Numbers:
        """Return c + (1 + z)/a where z exp(z) = exp(a (p0 - c) - 1) s0/(1 - s0): Lambert's W."""
        from scipy.special import wrightomega  # of t it is the z with z + ln z = t

        cost, a = cost_argument(unit_cost), self.price_sensitivity
        return plain(cost + (1 + wrightomega(self._log_odds(cost) - 1)) / a)

    def _bought(self, low: Array, high: Array) -> Array:
        # ln(1 - s + s exp(-d)) at the lower price: in two forms, for many digits at small d and
        # no zero under the logarithm at large d
        a, odds = self.price_sensitivity, self._log_odds(np.minimum(low, high))
        d = np.asarray(a * np.abs(high - low))
        near = np.log1p(np.expm1(-np.minimum(d, 1.0)) / (1 + np.exp(-odds)))
        far = np.logaddexp(0.0, odds - d) - np.logaddexp(0.0, odds)
        area = -np.where(d < 1, near, far) / (a * self.share)
        return np.asarray(np.where(high >= low, area, -area))
