"""Logit and CES demand, with or without nests: shares of a utility index in price or log price."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import checked
from tariffimpact.market.system import Array, Labels, NestShares, nests, vector


@dataclass(frozen=True, slots=True)
class LogitDemand:
    """Logit or nested logit: each of `market_size` consumers buys one unit, or the outside good.

    ``q_j = M r_j(u)``, ``u_j = utility_j - price_coefficient * p_j``.

    Parameters
    ----------
    utility
        Mean utility of each product at a price of zero, outside good 0, shape (J,).
    price_coefficient
        Fall of utility per unit of money, positive.
    market_size
        Potential buyers M, units; shares are of M, the outside good included.
    nest, nesting
        Nest of each product, any labels, shape (J,), and nesting parameter in [0, 1), one or
        shape (J,); without them the plain logit.

    References
    ----------
    Berry (1994), *RAND Journal of Economics* 25(2): 242-262.

    Examples
    --------
    >>> demand = LogitDemand(utility=[1.0, 2.0], price_coefficient=1.0)
    >>> demand.shares(np.array([1.0, 2.0])).round(4)
    array([0.3333, 0.3333])
    """

    utility: Array
    price_coefficient: float
    market_size: float = 1.0
    nest: Labels = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    nesting: Array = field(default_factory=lambda: np.zeros(()))

    def __post_init__(self) -> None:
        _settle(self, "utility", self.utility)
        checked(
            "price_coefficient", self.price_coefficient, above=0,
            remedy="give the fall of utility per unit of money",
        )  # fmt: skip
        checked("market_size", self.market_size, above=0, remedy="give the number of buyers")

    @property
    def size(self) -> int:
        """Number of products J."""
        return self.utility.size

    def at(self, prices: Array) -> NestShares:
        """Return the shares and their nest structure at `prices`, shape (J,)."""
        index = self.utility - self.price_coefficient * prices
        return NestShares.of(index, self.nest, self.nesting)

    def _divided(self, prices: Array) -> tuple[Array, Array]:
        index = self.utility - self.price_coefficient * prices
        return divided(index, self.nest, self.nesting)

    def shares(self, prices: Array) -> Array:
        """Return quantity shares of the potential market, shape (..., J) as `prices`."""
        return self._divided(prices)[0]

    def quantities(self, prices: Array) -> Array:
        """Return units sold, shape (..., J) as `prices`."""
        return self.market_size * self.shares(prices)

    def elasticities(self, prices: Array) -> Array:
        """Return E[j, k] = d ln q_j / d ln p_k, shape (J, J)."""
        return -self.at(prices).semi_elasticities() * (self.price_coefficient * prices)[None, :]

    slopes = elasticities

    def slope_change(self, prices: Array, weights: Array) -> Array:
        """Return sum_k weights[j, k] dE[j, k] / d ln p_l, shape (J, J)."""
        at, steep = self.at(prices), self.price_coefficient * prices
        bend = at.curvature(weights * steep[None, :]) * steep[None, :]
        return bend - weights * at.semi_elasticities() * steep[None, :]

    def consumer_loss(self, before: Array, after: Array) -> float:
        """Return the compensating variation -M log(H1/H0)/alpha, money; positive is a loss."""
        return float(self.consumer_losses(before, after))

    def consumer_losses(self, before: Array, after: Array) -> Array:
        """Return the compensating variations of many price vectors after, shape (...)."""
        fall = self._divided(before)[1] - self._divided(after)[1]
        return self.market_size * fall / self.price_coefficient


@dataclass(frozen=True, slots=True)
class CesDemand:
    """CES or nested CES with an outside good of price 1: shares are shares of expenditure.

    ``q_j = Y r_j(u) / p_j``, ``u_j = log_quality_j - (elasticity - 1) log p_j``.

    Parameters
    ----------
    log_quality
        Log quality weight of each product, outside good 0, shape (J,); changes with the unit of
        money.
    elasticity
        Elasticity of substitution across products (across nests if there are nests), above 1.
    expenditure
        Total outlay Y on inside and outside goods, money.
    nest, nesting
        As in `LogitDemand`; within a nest the elasticity of substitution is
        ``1 + (elasticity - 1)/(1 - nesting)``.

    References
    ----------
    Sheu (2014), *Journal of Industrial Economics* 62(4); Head and Mayer (2014).

    Examples
    --------
    >>> demand = CesDemand(log_quality=[0.0], elasticity=3.0, expenditure=100.0)
    >>> demand.quantities(np.array([1.0]))
    array([50.])
    """

    log_quality: Array
    elasticity: float
    expenditure: float = 1.0
    nest: Labels = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    nesting: Array = field(default_factory=lambda: np.zeros(()))

    def __post_init__(self) -> None:
        _settle(self, "log_quality", self.log_quality)
        checked(
            "elasticity", self.elasticity, above=1,
            remedy="at 1 or below a firm of CES demand would raise its price without limit",
        )  # fmt: skip
        checked("expenditure", self.expenditure, above=0, remedy="give the outlay, money")

    @property
    def size(self) -> int:
        """Number of products J."""
        return self.log_quality.size

    def at(self, prices: Array) -> NestShares:
        """Return the expenditure shares and their nest structure at `prices`, shape (J,)."""
        index = self.log_quality - (self.elasticity - 1) * np.log(prices)
        return NestShares.of(index, self.nest, self.nesting)

    def _divided(self, prices: Array) -> tuple[Array, Array]:
        index = self.log_quality - (self.elasticity - 1) * np.log(prices)
        return divided(index, self.nest, self.nesting)

    def shares(self, prices: Array) -> Array:
        """Return expenditure shares, outside good included, shape (..., J) as `prices`."""
        return self._divided(prices)[0]

    def quantities(self, prices: Array) -> Array:
        """Return units sold, revenue over price, shape (..., J) as `prices`."""
        return self.expenditure * self.shares(prices) / prices

    def elasticities(self, prices: Array) -> Array:
        """Return E[j, k] = d ln q_j / d ln p_k, shape (J, J)."""
        return -(self.elasticity - 1) * self.at(prices).semi_elasticities() - np.eye(self.size)

    slopes = elasticities

    def slope_change(self, prices: Array, weights: Array) -> Array:
        """Return sum_k weights[j, k] dE[j, k] / d ln p_l, shape (J, J)."""
        return (self.elasticity - 1) ** 2 * self.at(prices).curvature(weights)

    def consumer_loss(self, before: Array, after: Array) -> float:
        """Return the compensating variation Y (P1/P0 - 1), money; positive is a loss.

        P = H**(1/(1 - elasticity)) is the exact price index, the outside good included.
        """
        return float(self.consumer_losses(before, after))

    def consumer_losses(self, before: Array, after: Array) -> Array:
        """Return the compensating variations of many price vectors after, shape (...)."""
        fall = self._divided(before)[1] - self._divided(after)[1]
        return np.asarray(self.expenditure * np.expm1(fall / (self.elasticity - 1)))


def divided(index: Array, nest: Labels, nesting: Array) -> tuple[Array, Array]:
    """Return shares, shape (..., J), and log H, shape (...), at utility `index`, shape (..., J).

    The outside good has utility 0 and H is one over its share; see `NestShares`.
    """
    scaled = index / (1 - nesting)
    order = np.argsort(nest, kind="stable")
    starts = np.flatnonzero(np.diff(nest[order], prepend=-1))
    inclusive = np.logaddexp.reduceat(scaled[..., order], starts, axis=-1)
    worth = (1 - nesting[order[starts]]) * inclusive
    log_total = np.asarray(np.logaddexp.reduce(worth, axis=-1, initial=0.0))
    within = scaled - nesting * inclusive[..., nest]
    return np.exp(within - log_total[..., None]), log_total


def _settle(demand: LogitDemand | CesDemand, name: str, level: ArrayLike) -> None:
    """Store the arrays of a frozen demand system as checked floats."""
    full = vector(level, np.asarray(level).size, name)
    nest, nesting = nests(demand.nest, demand.nesting, full.size)
    object.__setattr__(demand, name, full)
    object.__setattr__(demand, "nest", nest)
    object.__setattr__(demand, "nesting", nesting)
