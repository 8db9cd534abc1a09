"""First-order conditions of firms that set prices or quantities, and who owns what.

With the Lerner index l = (p - k)/p, ownership weights W, profit weights t and the slopes
S[j, k] = (p_k / q_j) dq_k/dp_j of a demand system, the conditions are

* Bertrand: ``W_jj t_j + sum_k W_jk t_k l_k S_jk = 0``
* Cournot: ``W_jj t_j l_j + sum_k W_jk t_k (S^-1)_jk = 0``
* monopolistic competition: Bertrand, each product taking the market's price index as given
* price-taking: ``l_j = 0``

each divided by W_jj t_j, so a value of 1e-10 is one part in 1e10 of the marginal revenue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import checked
from tariffimpact.errors import ModelError
from tariffimpact.market.demand_systems import (
    UNSOLD,
    Array,
    CesDemand,
    DemandSystem,
    Labels,
    LogitDemand,
    refuse_unknown,
)

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
        if (self.weight == 1).all() and (np.diagonal(self.ownership) == 1).all():
            return self.ownership
        weighed = self.ownership * self.weight[..., None, :]
        return np.asarray(weighed / np.diagonal(weighed, axis1=-2, axis2=-1)[..., :, None])

    def lerner(self, prices: Array) -> Array:
        """Return (p - k)/p, shape (J,)."""
        return np.asarray((prices - self.cost) / prices)

    def residual(self, prices: Array) -> Array:
        """Return the first-order conditions at shelf `prices`, shape (J,); 0 in equilibrium."""
        return self.terms(prices)[0]

    def relative(self, prices: Array) -> Array:
        """Return the conditions over the size of their terms, not below 0, shape (J,)."""
        gap, size = self.terms(prices)
        return np.abs(gap) / size

    def terms(self, prices: Array) -> tuple[Array, Array]:
        """Return the conditions, and the size of the terms each is the sum of, shape (J,)."""
        rest, weighed = self._parts(prices)
        lerner = self.lerner(prices)[..., None]
        size = np.abs(rest).sum(axis=-1) + (np.abs(weighed) @ np.abs(lerner))[..., 0]
        if self.conduct != "bertrand":
            size = size + 1
        return rest.sum(axis=-1) + (weighed @ lerner)[..., 0], size

    def _parts(self, prices: Array) -> tuple[Array, Array]:
        """Return c and A of the conditions c 1 + A l, l the Lerner index, shape (J, 1 or J)."""
        if self.conduct == "bertrand":
            return np.ones((prices.size, 1)), self.pull * self.demand.slopes(prices)
        even = np.eye(prices.shape[-1])
        if self.conduct == "cournot":
            return self.pull * inverse(self.demand.slopes(prices)), even
        if self.conduct == "monopolistic_competition":
            steep = atomistic_elasticity(self.demand, prices)
            return np.ones((*prices.shape, 1)), -even * steep[..., None, :]
        return np.zeros((*prices.shape, 1)), even

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
        return -self._parts(prices)[1] / prices[None, :]

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
        rest, weighed = self._parts(prices)
        return np.asarray(-inverse(weighed) @ rest.sum(axis=1))

    def objective(self, product: int, prices: Array) -> float:
        """Return what the controller of a product maximises: profits weighed by ownership."""
        earned = self.weight * (prices - self.cost) * self.demand.quantities(prices)
        return float(self.ownership[product] @ earned)


def atomistic_elasticity(demand: DemandSystem, prices: Array) -> Array:
    """Return -d ln q_j / d ln p_j of a product too small to move the price index, shape (J,).

    Logit alpha p/(1 - nesting); CES 1 + (elasticity - 1)/(1 - nesting).
    """
    if isinstance(demand, LogitDemand):
        return demand.price_coefficient * prices / (1 - demand.nesting)
    if isinstance(demand, CesDemand):
        return 1 + (demand.elasticity - 1) / (1 - demand.nesting)
    raise ModelError(
        f"monopolistic competition needs logit or CES demand (got {type(demand).__name__}); use "
        "conduct='bertrand'"
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


def numbered(firms: Sequence[str]) -> Labels:
    """Return a number for each product's firm, from 0 in order of appearance, shape (J,)."""
    first: dict[str, int] = {}
    return np.array([first.setdefault(name, len(first)) for name in firms])


def ownership_matrix(firms: Sequence[str]) -> Array:
    """Return W[j, k] = 1 where one firm sells both j and k, else 0, shape (J, J).

    Examples
    --------
    >>> ownership_matrix(["Sony", "Sony", "Microsoft"])
    array([[1., 1., 0.],
           [1., 1., 0.],
           [0., 0., 1.]])
    """
    names = numbered(firms)
    return np.asarray((names[:, None] == names[None, :]).astype(np.float64))


Ownership = ArrayLike | Mapping[str, Mapping[str, float]]
"""A matrix of weights, or by owner the weight it puts on the profit of each other firm."""


def checked_ownership(weights: Ownership, firms: Sequence[str]) -> Array:
    """Return a partial-ownership matrix as floats, or say why it is not one.

    weights[j, k] in [0, 1] is the weight that the controller of j puts on the profit of k; products
    of one firm share one row. A mapping says it by firm, each firm's own profit at 1:

    >>> checked_ownership({"Renault": {"Nissan": 0.25}}, ["Renault", "Nissan"])
    array([[1.  , 0.25],
           [0.  , 1.  ]])
    """
    if isinstance(weights, Mapping):
        weights = _by_owner(weights, firms)
    matrix = checked("ownership", weights, remedy="give a matrix of weights in [0, 1]")
    count = len(firms)
    if matrix.shape != (count, count):
        raise ModelError(
            f"ownership: shape {matrix.shape} for {count} products; give one row and one column "
            "per product, in their order"
        )
    bad = ~((matrix >= 0) & (matrix <= 1))
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise ModelError(
            f"ownership: row {row + 1} column {column + 1} is {matrix[row, column]:g}; weights "
            "are shares of profit in [0, 1]"
        )
    for row, firm in enumerate(firms):
        if matrix[row, row] <= 0:
            raise ModelError(
                f"ownership: {firm} puts no weight on its own product (row {row + 1}); the "
                "diagonal must be positive"
            )
        first = list(firms).index(firm)
        if not np.array_equal(matrix[row], matrix[first]):
            raise ModelError(
                f"ownership: rows {first + 1} and {row + 1} both belong to {firm} but differ; a "
                "firm weighs every product the same way, whichever of its prices it sets"
            )
    return matrix


def _by_owner(weights: Mapping[str, Mapping[str, float]], firms: Sequence[str]) -> Array:
    """Return the matrix of weights given by firm."""
    named = [*weights, *(held for stakes in weights.values() for held in stakes)]
    refuse_unknown("ownership", named, firms, UNSOLD)
    return np.array(
        [[1.0 if a == b else weights.get(a, {}).get(b, 0.0) for b in firms] for a in firms]
    )


def weighed_alike(weight: Array, firms: Sequence[str]) -> bool:
    """Return whether every firm keeps the same part of a dollar from all of its products."""
    if (weight == weight[0]).all():
        return True
    names = numbered(firms)
    return all(np.ptp(weight[names == firm]) == 0 for firm in set(names))


def is_partition(weights: Array, firms: Sequence[str]) -> bool:
    """Return whether the matrix says no more than which firm sells which product."""
    return bool(np.array_equal(weights, ownership_matrix(firms)))
