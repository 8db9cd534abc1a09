"""Linear, log-linear and AIDS demand: a matrix of slopes instead of a utility index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import checked
from tariffimpact.errors import ModelError, require
from tariffimpact.market.demand_systems import Array, Flags, vector

_SUMS = 1e-9
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


class _Sold:
    """What linear and log-linear demand share: shares are of units sold."""

    __slots__ = ()

    def quantities(self, prices: Array) -> Array:
        """Return units sold, shape (..., J) as `prices`."""
        raise NotImplementedError

    def shares(self, prices: Array) -> Array:
        """Return quantity shares among the products, summing to 1, shape (..., J)."""
        sold = self.quantities(prices)
        return np.asarray(sold / sold.sum(axis=-1, keepdims=True))


@dataclass(frozen=True, slots=True)
class LinearDemand(_Sold):
    """Linear demand ``q = intercept + slope @ p``.

    Parameters
    ----------
    intercept
        Units sold at a price of zero, shape (J,).
    slope
        slope[j, k] = dq_j/dp_k, units per unit of money, shape (J, J), negative diagonal.

    Examples
    --------
    >>> LinearDemand(np.array([10.0]), np.array([[-1.0]])).quantities(np.array([4.0]))
    array([6.])
    """

    intercept: Array
    slope: Array

    def __post_init__(self) -> None:
        _settle(self, "intercept", "slope")

    @property
    def size(self) -> int:
        """Number of products J."""
        return self.intercept.size

    def quantities(self, prices: Array) -> Array:
        """Return units sold, shape (..., J) as `prices`; not above 0 where they choke demand."""
        return self.intercept + prices @ self.slope.T

    def elasticities(self, prices: Array) -> Array:
        """Return E[j, k] = d ln q_j / d ln p_k, shape (J, J)."""
        return self.slope * prices[None, :] / self.quantities(prices)[:, None]

    def slopes(self, prices: Array) -> Array:
        """Return S[j, k] = (p_k / q_j) dq_k / dp_j, shape (J, J)."""
        return self.slope.T * prices[None, :] / self.quantities(prices)[:, None]

    def slope_change(self, prices: Array, weights: Array) -> Array:
        """Return sum_k weights[j, k] dS[j, k] / d ln p_l, shape (J, J)."""
        pull = weights * self.slopes(prices)
        return np.asarray(pull - pull.sum(axis=1)[:, None] * self.elasticities(prices))

    def consumer_loss(self, before: Array, after: Array) -> Array:
        """Return the fall of consumer surplus, (q0 + q1)/2 . (p1 - p0), money, shape (...).

        Exact where the slope matrix is symmetric; otherwise the integral along the straight line
        between the two price vectors.
        """
        mean = (self.quantities(before) + self.quantities(after)) / 2
        return np.asarray((mean * (after - before)).sum(axis=-1))

    def without(self, gone: Flags) -> LinearDemand:
        """Return demand for the rest where each product `gone` is at its own choke price."""
        slope, reach = _reduced(self.slope, gone)
        return LinearDemand(self.intercept[~gone] - reach @ self.intercept[gone], slope)


@dataclass(frozen=True, slots=True)
class LogLinearDemand(_Sold):
    """Constant-elasticity demand ``log q = log_scale + elasticity @ log p``.

    Parameters
    ----------
    log_scale
        Log units sold at prices of 1, shape (J,).
    elasticity
        elasticity[j, k] = d ln q_j / d ln p_k, shape (J, J); the diagonal below -1.

    Examples
    --------
    >>> LogLinearDemand(np.array([0.0]), np.array([[-2.0]])).quantities(np.array([2.0]))
    array([0.25])
    """

    log_scale: Array
    elasticity: Array

    def __post_init__(self) -> None:
        _settle(self, "log_scale", "elasticity")

    @property
    def size(self) -> int:
        """Number of products J."""
        return self.log_scale.size

    def quantities(self, prices: Array) -> Array:
        """Return units sold, shape (..., J) as `prices`."""
        return np.exp(self.log_scale + np.log(prices) @ self.elasticity.T)

    def elasticities(self, prices: Array) -> Array:
        """Return E[j, k] = d ln q_j / d ln p_k, shape (J, J), the same at all prices."""
        return self.elasticity

    def slopes(self, prices: Array) -> Array:
        """Return S[j, k] = (p_k / q_j) dq_k / dp_j, shape (J, J)."""
        value = prices * self.quantities(prices)
        return self.elasticity.T * value[None, :] / value[:, None]

    def slope_change(self, prices: Array, weights: Array) -> Array:
        """Return sum_k weights[j, k] dS[j, k] / d ln p_l, shape (J, J)."""
        pull = weights * self.slopes(prices)
        growth = self.elasticity + np.eye(self.size)
        return np.asarray(pull @ growth - pull.sum(axis=1)[:, None] * growth)

    def consumer_loss(self, before: Array, after: Array) -> Array:
        """Return the fall of consumer surplus along the straight path of log prices, money, (...).

        The cross elasticities of a calibrated system need not be those of one consumer; the
        integral then depends on the path, and this path is the one meant.
        """
        step = np.log(after / before)
        total = np.zeros(step.shape[:-1])
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            prices = before * np.exp(step * (node + 1) / 2)
            total += weight / 2 * (step * prices * self.quantities(prices)).sum(axis=-1)
        return total

    def without(self, gone: Flags) -> LogLinearDemand:
        """Return demand for the rest where the price of each product `gone` is without bound."""
        require(
            not self.elasticity[np.ix_(~gone, gone)].any(),
            "log-linear demand: what is sold of one product depends on another that is not sold",
        )
        return LogLinearDemand(self.log_scale[~gone], self.elasticity[np.ix_(~gone, ~gone)])


@dataclass(frozen=True, slots=True)
class AidsDemand:
    """Almost ideal demand, homothetic: expenditure shares linear in log prices.

    ``w = intercept + slope @ log p``; total outlay is ``X = expenditure *
    (P/P_ref)**(1 - market_elasticity)``, where ``d log P = w . d log p`` and P_ref is the index at
    `reference_prices`. `slope` is symmetric with rows summing to 0.

    Parameters
    ----------
    intercept
        Expenditure shares at prices of 1, shape (J,).
    slope
        slope[j, k] = dw_j / d ln p_k, shape (J, J).
    market_elasticity
        Fall of the quantity index per percent of the price index, positive.
    expenditure
        Outlay at `reference_prices`, money.
    reference_prices
        Prices at which `expenditure` is spent, shape (J,).

    References
    ----------
    Deaton and Muellbauer (1980), *American Economic Review* 70(3); Epstein and Rubinfeld (2001).

    Examples
    --------
    >>> one = AidsDemand(np.array([1.0]), np.array([[0.0]]), 2.0, 8.0, np.array([2.0]))
    >>> one.quantities(np.array([4.0]))
    array([1.])
    """

    intercept: Array
    slope: Array
    market_elasticity: float
    expenditure: float
    reference_prices: Array

    def __post_init__(self) -> None:
        _settle(self, "intercept", "slope", falling=False)
        put = object.__setattr__
        put(self, "reference_prices", vector(self.reference_prices, self.size, "reference_prices"))
        for name, remedy in (
            ("market_elasticity", "write 1.5, not -1.5"),
            ("expenditure", "give the outlay at the reference prices, money"),
            ("reference_prices", "give money per unit"),
        ):
            checked(name, getattr(self, name), above=0, remedy=remedy)
        near = _SUMS * (1 + np.abs(self.slope).max() + np.abs(self.intercept).max())
        if abs(self.intercept.sum() - 1) > near or np.abs(self.slope.sum(axis=0)).max() > near:
            raise ModelError(
                "intercept, slope: AIDS shares sum to 1 at all prices, so the intercepts sum to 1 "
                "and the columns of the slope to 0"
            )

    @property
    def size(self) -> int:
        """Number of products J."""
        return self.intercept.size

    def shares(self, prices: Array) -> Array:
        """Return expenditure shares among the products, summing to 1, shape (..., J)."""
        return self.intercept + np.log(prices) @ self.slope.T

    def outlay(self, prices: Array) -> Array:
        """Return total expenditure at `prices`, money, shape (...)."""
        bend = 1 - self.market_elasticity
        return np.asarray(self.expenditure * np.exp(bend * self._rise(prices)))

    def _rise(self, prices: Array) -> Array:
        """Return log P(prices) - log P(reference); shares are linear, so their mean is exact."""
        mean = (self.shares(prices) + self.shares(self.reference_prices)) / 2
        return np.asarray((mean * np.log(prices / self.reference_prices)).sum(axis=-1))

    def quantities(self, prices: Array) -> Array:
        """Return units sold, shape (..., J) as `prices`; not above 0 where they choke demand."""
        return self.shares(prices) * self.outlay(prices)[..., None] / prices

    def elasticities(self, prices: Array) -> Array:
        """Return E[j, k] = d ln q_j / d ln p_k, shape (J, J)."""
        share = self.shares(prices)
        income = (1 - self.market_elasticity) * share[None, :]
        return self.slope / share[:, None] + income - np.eye(self.size)

    slopes = elasticities

    def slope_change(self, prices: Array, weights: Array) -> Array:
        """Return sum_k weights[j, k] dE[j, k] / d ln p_l, shape (J, J)."""
        share = self.shares(prices)
        bend = (weights * self.slope).sum(axis=1)[:, None] * self.slope / share[:, None] ** 2
        return np.asarray((1 - self.market_elasticity) * weights @ self.slope - bend)

    def consumer_loss(self, before: Array, after: Array) -> Array:
        """Return the fall of consumer surplus, the integral of X d log P, money; path-free."""
        rise = self._rise(after) - self._rise(before)
        bend = 1 - self.market_elasticity
        start = self.outlay(before)
        return start * rise if bend == 0 else np.asarray(start * np.expm1(bend * rise) / bend)

    def without(self, gone: Flags) -> AidsDemand:
        """Return demand for the rest where each product `gone` is at its own choke price."""
        slope, reach = _reduced(self.slope, gone)
        level = self.intercept[~gone] - reach @ self.intercept[gone]
        prices = self.reference_prices.copy()
        choke = self.intercept[gone] + self.slope[np.ix_(gone, ~gone)] @ np.log(prices[~gone])
        prices[gone] = np.exp(-np.linalg.solve(self.slope[np.ix_(gone, gone)], choke))
        return AidsDemand(level, slope, self.market_elasticity, float(self.outlay(prices)),
                          prices[~gone])  # fmt: skip


def _reduced(slope: Array, gone: Flags) -> tuple[Array, Array]:
    """Return the slopes of the rest where `gone` sell nothing, and how those reach them."""
    reach = np.linalg.solve(slope[np.ix_(gone, gone)].T, slope[np.ix_(~gone, gone)].T).T
    left = slope[np.ix_(~gone, ~gone)] - reach @ slope[np.ix_(gone, ~gone)]
    return np.asarray(left), np.asarray(reach)


def _settle(demand: object, level: str, slope: str, *, falling: bool = True) -> None:
    """Store checked intercepts and slopes; `falling`: own slopes must be negative."""
    levels: ArrayLike = getattr(demand, level)
    full = vector(levels, np.asarray(levels).size, level)
    matrix = np.array(getattr(demand, slope), dtype=np.float64)
    require(
        matrix.shape == (full.size, full.size) and np.isfinite(matrix).all(),
        f"{slope}: need a finite {full.size} x {full.size} matrix, one row and one column per "
        f"product (got shape {matrix.shape})",
    )
    require(
        not falling or (np.diag(matrix) < 0).all(),
        f"{slope}: the diagonal must be negative (got {np.diag(matrix).max():g}); a product sells "
        "less at a higher price",
    )
    object.__setattr__(demand, level, full)
    object.__setattr__(demand, slope, matrix)
