"""What a demand system must offer the solver, and the algebra of nests that two of them share.

Everything is written in logarithms of prices, so the unit of money drops out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tariffimpact.errors import ModelError

Array = NDArray[np.float64]
Labels = NDArray[np.intp]


@runtime_checkable
class DemandSystem(Protocol):
    """Demand for J differentiated products; every price is the shelf price before sales tax."""

    @property
    def size(self) -> int:
        """Number of products J."""

    def quantities(self, prices: Array) -> Array:
        """Return units sold, shape (J,); `prices` in money per unit, shape (J,), all positive."""

    def shares(self, prices: Array) -> Array:
        """Return market shares, shape (J,), in the base the system is defined on."""

    def elasticities(self, prices: Array) -> Array:
        """Return E[j, k] = d ln q_j / d ln p_k, shape (J, J); the diagonal is negative."""

    def slopes(self, prices: Array) -> Array:
        """Return S[j, k] = (p_k / q_j) dq_k / dp_j, shape (J, J).

        It weighs the margin of k by what a higher price of j does to the sales of k. Where demand
        slopes are symmetric S equals E, and nothing is divided by a vanishing quantity.
        """

    def slope_change(self, prices: Array, weights: Array) -> Array:
        """Return D[j, l] = sum_k weights[j, k] dS[j, k] / d ln p_l, shape (J, J)."""

    def consumer_loss(self, before: Array, after: Array) -> float:
        """Return the money consumers would need after prices move; positive is a loss."""


@dataclass(frozen=True, slots=True)
class NestShares:
    """Shares of a (nested) logit in its utility index u, with an outside good of utility 0.

    ``r_j = exp(u_j/(1-s_g)) / D_g * D_g**(1-s_g) / H``, ``H = 1 + sum_g D_g**(1-s_g)``, where
    ``s_g`` in [0, 1) is the nesting parameter (0: plain logit). The log odds x_j = log(r_j / r_0)
    say the same as u: ``u_j = (1-s_g) x_j + s_g log sum_{k in g} exp(x_k)`` (Berry's inversion).
    """

    index: Array
    """Utility index u, shape (J,)."""
    log_odds: Array
    """log of share over the outside share, shape (J,)."""
    share: Array
    """Share of the whole market, shape (J,)."""
    outside: float
    """Share of the outside good."""
    conditional: Array
    """Share within the nest, shape (J,)."""
    log_total: float
    """log H; H is one over the outside share."""
    same: NDArray[np.bool_]
    """same[j, k]: j and k are in one nest, shape (J, J)."""
    nesting: Array
    """Nesting parameter of each product's nest, shape (J,)."""

    @classmethod
    def of(cls, index: Array, nest: Labels, nesting: Array) -> NestShares:
        """Return the shares at utility `index`, shape (J,); `nest` numbers the nests from 0."""
        scaled = index / (1 - nesting)
        inclusive = _log_sum(scaled, nest)
        return cls.from_log_odds(scaled - nesting * inclusive, nest, nesting)

    @classmethod
    def from_log_odds(cls, log_odds: Array, nest: Labels, nesting: Array) -> NestShares:
        """Return the shares at given log odds, shape (J,)."""
        peak = max(float(log_odds.max()), 0.0)
        weight, rest = np.exp(log_odds - peak), np.exp(-peak)
        total = float(rest + weight.sum())
        inclusive = _log_sum(log_odds, nest)
        return cls(
            index=(1 - nesting) * log_odds + nesting * inclusive,
            log_odds=log_odds,
            share=weight / total,
            outside=float(rest / total),
            conditional=np.exp(log_odds - inclusive),
            log_total=peak + math.log(total),
            same=nest[:, None] == nest[None, :],
            nesting=nesting,
        )

    def cross(self) -> Array:
        """Return G[j, k] = -d ln r_j / du_k for k other than j, same formula on the diagonal."""
        odds = self.nesting / (1 - self.nesting)
        return self.same * (odds * self.conditional)[None, :] + self.share[None, :]

    def semi_elasticities(self) -> Array:
        """Return N[j, k] = d ln r_j / du_k, shape (J, J).

        The diagonal is what the other columns and the outside good take, so that no digit is lost
        where one product has nearly all.
        """
        others = -self.cross()
        np.fill_diagonal(others, 0.0)
        return others + np.diag(self.outside - others.sum(axis=1))

    def curvature(self, weights: Array) -> Array:
        """Return sum_k weights[j, k] dN[j, k] / du_l, shape (J, J)."""
        pull = self.nesting * self.conditional / (1 - self.nesting) ** 2
        within = weights * self.same * pull[None, :]
        spread = within.sum(axis=1)[:, None] * self.same * self.conditional[None, :]
        return np.asarray(
            spread - within - (weights * self.share[None, :]) @ self.semi_elasticities()
        )

    def index_change(self) -> Array:
        """Return U[j, l] = du_j / dx_l, x the log odds, shape (J, J)."""
        return np.diag(1 - self.nesting) + self.same * np.outer(self.nesting, self.conditional)


def _log_sum(value: Array, nest: Labels) -> Array:
    """Return log sum exp of `value` over each product's nest, shape (J,)."""
    peak = np.full(int(nest.max()) + 1, -np.inf)
    np.maximum.at(peak, nest, value)
    return np.asarray((peak + np.log(np.bincount(nest, np.exp(value - peak[nest]))))[nest])


def vector(values: ArrayLike, size: int, name: str) -> Array:
    """Return `values` as floats of shape (size,), a single number repeated.

    Raises
    ------
    ModelError
        If the length does not match or a value is not finite.

    Examples
    --------
    >>> vector(0.15, 2, "ad_valorem")
    array([0.15, 0.15])
    """
    try:
        given = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise ModelError(
            f"{name} must be numbers (got {values!r:.60}); give one for all or one per product"
        ) from None
    if given.ndim > 1 or (given.ndim == 1 and given.size != size):
        raise ModelError(
            f"{name}: {given.size} values of shape {given.shape} for {size} products; give one "
            "number for all or one per product, in the order of the products"
        )
    full = np.array(np.broadcast_to(given, (size,)))
    if not np.isfinite(full).all():
        at = int(np.flatnonzero(~np.isfinite(full))[0])
        raise ModelError(f"{name}: value {at + 1} is {full[at]}; give a finite number")
    return full


def nests(labels: ArrayLike | None, nesting: ArrayLike, size: int) -> tuple[Labels, Array]:
    """Return nest numbers from 0 and the nesting parameter per product, both of shape (size,).

    `labels` name each product's nest (None or empty: no nests, the plain logit); `nesting` is in
    [0, 1): one number, or one per product, equal within a nest.
    """
    values = vector(nesting, size, "nesting")
    if labels is None or np.size(labels) == 0:
        if values.any():
            raise ModelError("nesting: a nesting parameter needs nests; name each product's nest")
        return np.zeros(size, dtype=np.intp), values
    names, number = np.unique(np.asarray(labels), return_inverse=True)
    if number.shape != (size,):
        raise ModelError(f"nests: {number.size} labels for {size} products; name one per product")
    if ((values < 0) | (values >= 1)).any():
        raise ModelError(
            f"nesting: must lie in [0, 1) (got {values.min():g} to {values.max():g}); 0 is the "
            "plain logit, values near 1 make products within a nest near-perfect substitutes"
        )
    for group, name in enumerate(names):
        if np.ptp(values[number == group]) > 0:
            raise ModelError(f"nesting: nest {name!s} has several values; give one per nest")
    return number.astype(np.intp), values
