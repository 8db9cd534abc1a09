"""First-order conditions of price- and quantity-setting firms, and their exact derivatives.

With the Lerner index l = (p - k)/p, ownership weights W, profit weights t and the slopes
S[j, k] = (p_k / q_j) dq_k/dp_j of a demand system, the conditions are

* Bertrand: ``W_jj t_j + sum_k W_jk t_k l_k S_jk = 0``
* Cournot: ``W_jj t_j l_j + sum_k W_jk t_k (S^-1)_jk = 0``
* monopolistic competition: Bertrand, each product taking the market's price index as given
* price-taking: ``l_j = 0``

each divided by W_jj t_j, so a value of 1e-10 is one part in 1e10 of the marginal revenue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tariffimpact.errors import ModelError
from tariffimpact.market.choice import CesDemand, LogitDemand
from tariffimpact.market.system import Array, DemandSystem

_FLAT = 1e-10
"""Curvature of profit, relative to marginal revenue, that cannot be told from none."""
Conduct = Literal["bertrand", "cournot", "monopolistic_competition", "price_taking"]


@dataclass(frozen=True, slots=True)
class Game:
    """A market as its firms see it at given duties: the conditions that prices must meet."""

    demand: DemandSystem
    ownership: Array
    cost: Array
    weight: Array
    conduct: Conduct

    @property
    def pull(self) -> Array:
        """Weight of product k in the condition of j, relative to its own, shape (..., J, J)."""
        weighed = self.ownership * self.weight[..., None, :]
        return np.asarray(weighed / np.diagonal(weighed, axis1=-2, axis2=-1)[..., :, None])

    def lerner(self, prices: Array) -> Array:
        """Return (p - k)/p, shape (J,)."""
        return np.asarray((prices - self.cost) / prices)

    def residual(self, prices: Array) -> Array:
        """Return the first-order conditions at shelf `prices`, shape (J,); 0 in equilibrium."""
        lerner = self.lerner(prices)
        if self.conduct == "bertrand":
            return np.asarray(1 + (self.pull * self.demand.slopes(prices)) @ lerner)
        if self.conduct == "cournot":
            return np.asarray(
                lerner + (self.pull * inverse(self.demand.slopes(prices))).sum(axis=1)
            )
        if self.conduct == "monopolistic_competition":
            return 1 - lerner * atomistic_elasticity(self.demand, prices)
        return lerner

    def scale(self, prices: Array) -> Array:
        """Return the size of the terms each condition is the sum of, shape (J,)."""
        lerner = np.abs(self.lerner(prices))
        if self.conduct == "bertrand":
            return 1 + np.abs(self.pull * self.demand.slopes(prices)) @ lerner
        if self.conduct == "cournot":
            return np.asarray(
                1 + np.abs(self.pull * inverse(self.demand.slopes(prices))).sum(axis=1)
            )
        return 1 + lerner

    def jacobian(self, prices: Array) -> Array:
        """Return J[j, l] = d residual_j / d ln p_l, shape (J, J), exact."""
        lerner, cost_share = self.lerner(prices), self.cost / prices
        if self.conduct == "bertrand":
            pull, slopes = self.pull, self.demand.slopes(prices)
            bend = self.demand.slope_change(prices, pull * lerner[None, :])
            return pull * slopes * cost_share[None, :] + bend
        if self.conduct == "cournot":
            return np.diag(cost_share) - self._inverse_change(prices)
        if self.conduct == "monopolistic_competition":
            steep = atomistic_elasticity(self.demand, prices)
            growth = lerner * steep if isinstance(self.demand, LogitDemand) else 0 * lerner
            return np.diag(-cost_share * steep - growth)
        return np.diag(cost_share)

    def _inverse_change(self, prices: Array) -> Array:
        """Return -sum_k pull[j, k] d(S^-1)[j, k] / d ln p_l, shape (J, J)."""
        turned = inverse(self.demand.slopes(prices))
        right = self.pull @ turned.T
        rows = [
            self.demand.slope_change(prices, np.outer(turned[j], right[j])).sum(axis=0)
            for j in range(prices.size)
        ]
        return np.array(rows)

    def cost_response(self, prices: Array) -> Array:
        """Return C[j, l] = d residual_j / d k_l at fixed prices, per unit of money, (J, J)."""
        if self.conduct == "bertrand":
            return -self.pull * self.demand.slopes(prices) / prices[None, :]
        if self.conduct == "monopolistic_competition":
            return np.diag(atomistic_elasticity(self.demand, prices) / prices)
        return np.diag(-1 / prices)

    def weight_response(self, prices: Array) -> Array:
        """Return T[j, l] = d residual_j / d theta_l at fixed prices, shape (J, J)."""
        if self.conduct == "bertrand":
            terms = self.pull * self.demand.slopes(prices) * self.lerner(prices)[None, :]
        elif self.conduct == "cournot":
            terms = self.pull * inverse(self.demand.slopes(prices))
        else:
            return np.zeros((prices.size, prices.size))
        return np.asarray(terms / self.weight[None, :] - np.diag(terms.sum(axis=1) / self.weight))

    def implied_lerner(self, prices: Array) -> Array:
        """Return the Lerner index at which `prices` are an equilibrium, shape (J,)."""
        if self.conduct == "bertrand":
            return np.asarray(-inverse(self.pull * self.demand.slopes(prices)).sum(axis=1))
        if self.conduct == "cournot":
            return np.asarray(-(self.pull * inverse(self.demand.slopes(prices))).sum(axis=1))
        if self.conduct == "monopolistic_competition":
            return 1 / atomistic_elasticity(self.demand, prices)
        return np.zeros(prices.size)


def atomistic_elasticity(demand: DemandSystem, prices: Array) -> Array:
    """Return -d ln q_j / d ln p_j of a product too small to move the price index, shape (J,).

    Logit alpha p/(1 - nesting); CES 1 + (elasticity - 1)/(1 - nesting).

    Raises
    ------
    ModelError
        If the demand system has no price index to take as given.
    """
    if isinstance(demand, LogitDemand):
        return demand.price_coefficient * prices / (1 - demand.nesting)
    if isinstance(demand, CesDemand):
        return 1 + (demand.elasticity - 1) / (1 - demand.nesting)
    raise ModelError(
        f"monopolistic competition needs logit or CES demand (got {type(demand).__name__}); use "
        "conduct='bertrand'"
    )


def off_maximum(
    game: Game, prices: Array, firms: tuple[str, ...], free: NDArray[np.bool_]
) -> tuple[str, ...]:
    """Return the firms whose profit is not at a local maximum in their own `free` prices.

    At a solution the Hessian of a firm's profit in log prices is the Jacobian block of its
    conditions times a positive diagonal, so no eigenvalue of the block may be positive beyond
    rounding (Bertrand). Cournot conditions have the opposite sign in prices and are checked in
    quantities: dp/dq turns the block's sign.
    """
    if game.conduct == "price_taking":
        return ()
    block = game.jacobian(prices)
    if game.conduct == "cournot":
        block = block @ inverse(game.demand.elasticities(prices))
    names = np.asarray(firms)
    return tuple(
        firm
        for firm in dict.fromkeys(firms)
        if (own := np.flatnonzero((names == firm) & free)).size
        and np.linalg.eigvals(block[np.ix_(own, own)]).real.max() > _FLAT
    )


def inverse(slopes: Array) -> Array:
    """Return the inverse of a demand system's slopes, or say that it has none."""
    try:
        return np.asarray(np.linalg.inv(slopes))
    except np.linalg.LinAlgError as error:
        raise ModelError(
            "demand cannot be inverted: its slopes are singular, so no prices or margins belong "
            "to it; check the parameters, and for duplicate products"
        ) from error
