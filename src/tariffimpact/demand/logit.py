"""Logit demand: buyers choose between the product and going without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import Array, Numbers, checked, plain
from tariffimpact.demand.arguments import (
    cost_argument,
    positive_price,
    price_argument,
    quantity_argument,
)
from tariffimpact.demand.curve import Demand
from tariffimpact.errors import ModelError


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

    def __post_init__(self) -> None:
        remedy = "give the fraction of possible buyers who buy, such as 0.1"
        share = checked("share", self.share, above=0, below=1, remedy=remedy)
        object.__setattr__(self, "share", plain(share))
        Demand.__post_init__(self)

    @property
    def form(self) -> str:
        """The name of the demand curve, in words."""
        return "logit"

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
        cost, a = cost_argument(unit_cost), self.price_sensitivity
        return plain(cost + (1 + lambert_of_exp(self._log_odds(cost) - 1)) / a)

    def _bought(self, low: Array, high: Array) -> Array:
        # ln(1 - s + s exp(-d)) at the lower price: in two forms, for many digits at small d and
        # no zero under the logarithm at large d
        a, odds = self.price_sensitivity, self._log_odds(np.minimum(low, high))
        d = np.asarray(a * np.abs(high - low))
        near = np.log1p(np.expm1(-np.minimum(d, 1.0)) / (1 + np.exp(-odds)))
        far = np.logaddexp(0.0, odds - d) - np.logaddexp(0.0, odds)
        area = -np.where(d < 1, near, far) / (a * self.share)
        return np.asarray(np.where(high >= low, area, -area))


def lambert_of_exp(t: ArrayLike) -> Array:
    """Return z with z + ln z = t, by Newton in y = ln z from the right, where it is monotone."""
    target = np.asarray(t, dtype=np.float64)
    y = np.where(target > 1, np.log(np.maximum(target, 1.0)), target)
    for _ in range(40):
        z = np.exp(y)
        step = (y + z - target) / (1 + z)
        y = y - step
        if np.max(np.abs(step)) <= 1e-15 * max(1.0, float(np.max(np.abs(y)))):
            break
    return np.asarray(np.exp(y))
