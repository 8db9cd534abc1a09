"""Mixed logit: consumers of several kinds, each with tastes and a price sensitivity of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import checked
from tariffimpact.errors import ModelError
from tariffimpact.market.demand_systems import Array, Flags, vector

_SUMS = 1e-9
_ROUNDS, _MET = 2_000, 1e-14


@dataclass(frozen=True, slots=True)
class MixedLogitDemand:
    """Mixed (random-coefficients) logit over agents i with weights w_i.

    ``q_j = M sum_i w_i s_ij``, ``s_ij = exp(u_ij)/(1 + sum_k exp(u_ik))``, ``u_ij = utility_j +
    taste_ij - price_coefficient_i p_j``.

    Agents are draws from any distribution, nodes of a quadrature, or survey respondents.

    Parameters
    ----------
    utility
        δ, mean utility at a price of zero, outside good 0, shape (J,).
    price_coefficient
        α, fall of utility per unit of money, positive: one number, or one per agent, shape (I,).
    taste
        μ, what each agent adds to the utility of each product, shape (I, J); 0 for none.
    weights
        w, shares of the agents in the population, shape (I,), summing to 1; None for equal ones.
    market_size
        Potential buyers M, units; shares are of M, the outside good included.
    outside_good
        False if buyers must buy one of the products.

    References
    ----------
    Berry, Levinsohn and Pakes (1995), *Econometrica* 63(4): 841-890.

    Examples
    --------
    >>> one = MixedLogitDemand(utility=[1.0, 2.0], price_coefficient=[1.0, 1.0])
    >>> one.shares(np.array([1.0, 2.0])).round(4)
    array([0.3333, 0.3333])
    """

    utility: Array
    price_coefficient: Array
    taste: Array = 0.0  # type: ignore[assignment]
    weights: Array | None = None
    market_size: float = 1.0
    outside_good: bool = True

    def __post_init__(self) -> None:
        put = object.__setattr__
        utility = vector(self.utility, np.size(self.utility), "utility")
        remedy = "give each agent's fall of utility per unit of money"
        alpha = np.atleast_1d(checked("price_coefficient", self.price_coefficient, above=0,
                                      remedy=remedy))  # fmt: skip
        taste = np.atleast_1d(checked("taste", self.taste, remedy="give agents x products"))
        told = 1 if self.weights is None else np.size(self.weights)
        agents = max(alpha.size, len(taste) if taste.ndim == 2 else 1, told)
        try:
            taste = np.array(np.broadcast_to(taste, (agents, utility.size)))
            alpha = np.array(np.broadcast_to(alpha, (agents,)))
        except ValueError:
            raise ModelError(
                f"taste, price_coefficient: shapes {taste.shape} and {alpha.shape} for {agents} "
                f"agents and {utility.size} products; one row of tastes and one price coefficient "
                "per agent"
            ) from None
        put(self, "utility", utility)
        put(self, "price_coefficient", alpha)
        put(self, "taste", taste)
        put(self, "weights", checked_weights(self.weights, agents))
        checked("market_size", self.market_size, above=0, remedy="give the number of buyers")

    @classmethod
    def through(
        cls,
        *,
        shares: ArrayLike,
        prices: ArrayLike,
        price_coefficient: ArrayLike,
        taste: ArrayLike = 0.0,
        weights: ArrayLike | None = None,
        market_size: float = 1.0,
    ) -> MixedLogitDemand:
        """Return the demand whose shares at `prices` are the observed ones, shape (J,).

        The mean utilities are those of Berry's contraction, unique for given tastes.

        Raises
        ------
        ModelError
            If shares are not positive or leave nothing for the outside good.

        Examples
        --------
        >>> met = MixedLogitDemand.through(shares=[0.3, 0.2], prices=[1.0, 2.0],
        ...                                price_coefficient=[0.5, 2.0])
        >>> met.shares(np.array([1.0, 2.0])).round(12)
        array([0.3, 0.2])
        """
        price = vector(prices, np.size(prices), "prices")
        seen = vector(shares, price.size, "shares")
        if not ((seen > 0).all() and seen.sum() < 1):
            raise ModelError(
                f"shares: positive and summing to less than 1 (got {seen.min():.4g} and a sum of "
                f"{seen.sum():.4g}); give shares of the potential market"
            )
        demand = cls(np.zeros(price.size), price_coefficient, taste, weights, market_size)  # type: ignore[arg-type]
        level = np.log(seen / (1 - seen.sum())) + demand.price_coefficient.mean() * price
        for _ in range(_ROUNDS):
            demand = replace(demand, utility=level)
            gap = np.log(seen) - np.log(demand.shares(price))
            level = level + gap
            if np.abs(gap).max() < _MET:
                break
            slope = demand._utility_slopes(price)
            step = np.linalg.solve(slope, gap) - gap
            if np.abs(gap).max() < 0.1 and np.isfinite(step).all():
                level = level + step
        return replace(demand, utility=level)

    @property
    def size(self) -> int:
        """Number of products J."""
        return self.utility.size

    def choices(self, prices: Array) -> tuple[Array, Array]:
        """Return each agent's shares, shape (I, J), and log of the sum of its weights, (I,)."""
        index = self.utility + self.taste - self.price_coefficient[:, None] * prices[None, :]
        peak = index.max(axis=1)
        peak = np.maximum(peak, 0.0) if self.outside_good else peak
        weight = np.exp(index - peak[:, None])
        total = weight.sum(axis=1) + (np.exp(-peak) if self.outside_good else 0.0)
        return weight / total[:, None], peak + np.log(total)

    def shares(self, prices: Array) -> Array:
        """Return quantity shares of the potential market, shape (..., J) as `prices`."""
        assert self.weights is not None
        if prices.ndim > 1:  # one by one, for agents take memory
            return np.apply_along_axis(self.shares, -1, prices)
        return np.asarray(self.weights @ self.choices(prices)[0])

    def quantities(self, prices: Array) -> Array:
        """Return units sold, shape (..., J) as `prices`."""
        return self.market_size * self.shares(prices)

    def _moves(self, prices: Array, power: int) -> tuple[Array, Array, Array]:
        """Return agents' shares, their weights times α to a power, and the shares of all."""
        assert self.weights is not None
        choice, _ = self.choices(prices)
        return choice, self.weights * self.price_coefficient**power, self.weights @ choice

    def _utility_slopes(self, prices: Array) -> Array:
        """Return d ln s_j / d δ_k, shape (J, J)."""
        choice, weight, share = self._moves(prices, 0)
        return (np.diag(share) - (choice * weight[:, None]).T @ choice) / share[:, None]

    def elasticities(self, prices: Array) -> Array:
        """Return E[j, k] = d ln q_j / d ln p_k, shape (J, J)."""
        choice, weight, share = self._moves(prices, 1)
        slope = (choice * weight[:, None]).T @ choice - np.diag(weight @ choice)
        return np.asarray(slope * prices[None, :] / share[:, None])

    slopes = elasticities

    def slope_change(self, prices: Array, weights: Array) -> Array:
        """Return sum_k weights[j, k] dE[j, k] / d ln p_l, shape (J, J).

        With the slopes D[j, k] = sum_i w_i α_i s_ij (s_ik - 1(j = k)) of shares in prices,
        dD[j, k]/dp_l is the third moment of the agents' choices.
        """
        choice, weight, share = self._moves(prices, 1)
        square = weight * self.price_coefficient
        slope = (choice * weight[:, None]).T @ choice - np.diag(weight @ choice)
        bent = (choice * square[:, None]).T @ choice
        scaled = weights * prices[None, :] / share[:, None]  # of D[j, k] in each sum
        # d(s_ij s_ik)/dp_l = -α_i s_ij s_ik (1(j=l) + 1(k=l) - 2 s_il)
        pulled = square[:, None] * choice * (choice @ scaled.T)
        moved = 2 * pulled.T @ choice - np.diag(pulled.sum(axis=0)) - scaled * bent
        # minus the diagonal of D: d(s_ij)/dp_l = -α_i s_ij (1(j=l) - s_il)
        moved -= np.diagonal(scaled)[:, None] * (bent - np.diag(square @ choice))
        own_price = slope * prices[None, :] / share[:, None]
        pull = weights * own_price
        return np.asarray(moved * prices[None, :] + pull - pull.sum(axis=1)[:, None] * own_price)

    def consumer_loss(self, before: Array, after: Array) -> Array:
        """Return the compensating variation, M sum_i w_i log(H_i before / H_i after) / α_i.

        Money, shape (...) for prices after of shape (..., J).
        """
        assert self.weights is not None
        if after.ndim > 1:
            return np.apply_along_axis(lambda one: self.consumer_loss(before, one), -1, after)
        return np.asarray(self.market_size * (self.weights @ self.losses_by_agent(before, after)))

    def losses_by_agent(self, before: Array, after: Array) -> Array:
        """Return each agent's compensating variation, money a head, shape (I,)."""
        fall = self.choices(before)[1] - self.choices(after)[1]
        return np.asarray(fall / self.price_coefficient)

    def without(self, gone: Flags) -> MixedLogitDemand:
        """Return demand for the products that are not `gone`, where those are not sold."""
        return replace(self, utility=self.utility[~gone], taste=self.taste[:, ~gone])


def checked_weights(weights: ArrayLike | None, agents: int) -> Array:
    """Return the agents' weights, equal ones for None, or say which is wrong."""
    if weights is None:
        return np.full(agents, 1 / agents)
    given = vector(weights, agents, "weights")
    if (given < 0).any():
        at = int(np.flatnonzero(given < 0)[0])
        raise ModelError(
            f"weights: agent {at + 1} has {given[at]:g}; weights are shares of the population, "
            "not below 0"
        )
    if abs(given.sum() - 1) > _SUMS:
        raise ModelError(
            f"weights: they sum to {given.sum():.6g}; shares of the population sum to 1, so divide "
            "them by their sum"
        )
    return given
