"""Demand systems as calibration sees them: from few unknowns to one that meets the shares."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import checked
from tariffimpact.errors import ModelError, require
from tariffimpact.market.choice import CesDemand, LogitDemand
from tariffimpact.market.flexible import AidsDemand, LinearDemand, LogLinearDemand
from tariffimpact.market.observed import Observed
from tariffimpact.market.system import Array, DemandSystem, Labels, nests

DemandName = Literal["logit", "ces", "linear", "log_linear", "aids"]
_ROUNDING = 0.005
"""Elasticities written to two decimals are this far from what they stand for."""
Build = Callable[[Mapping[str, float]], DemandSystem]


@dataclass(frozen=True, slots=True)
class Family:
    """A demand system with unknown parameters that reproduces observed prices and shares."""

    build: Build
    starts: Mapping[str, tuple[float, ...]]
    """Values to start each parameter from; the first is the usual one."""


def family(name: DemandName, seen: Observed, nest: ArrayLike | None, lerner: float) -> Family:
    """Return the family of a demand system around an observed market.

    `lerner` is a typical (p - k)/p, to start from. Linear, log-linear and AIDS demand have, at the
    observed point, diversion in proportion to share: one slope parameter.
    """
    if name not in get_args(DemandName):
        raise ModelError(f"demand: one of {get_args(DemandName)} (got {name!r})")
    if nest is not None and name not in ("logit", "ces"):
        raise ModelError(f"nests: {name} demand has none; use logit or ces")
    groups = nests(nest, 0.0, seen.prices.size)[0]
    slope = 1 / (lerner * float(seen.prices.mean()))
    nesting = {} if nest is None else {"nesting": (0.5, 0.1, 0.85)}
    if name == "logit":
        return Family(_logit(seen, groups), {"price_coefficient": (slope,), **nesting})
    if name == "ces":
        return Family(_ces(seen, groups), {"elasticity": (1 + 1 / lerner,), **nesting})
    if name == "aids":
        starts = {"slope": (1 / lerner, 0.3 / lerner), "market_elasticity": (1.0, 2.0)}
        return Family(_aids(seen), starts)
    return Family(_linear(seen) if name == "linear" else _log_linear(seen), {"slope": (slope,)})


def _index(seen: Observed, nest: Labels, nesting: Array) -> Array:
    """Return the utility index at the observed point: Berry's inversion."""
    outside = 1 - seen.shares.sum()
    nested = np.bincount(nest, seen.shares)[nest]
    return np.asarray(np.log(seen.shares / outside) - nesting * np.log(seen.shares / nested))


def _nesting(values: Mapping[str, float], seen: Observed) -> Array:
    return np.full(seen.prices.size, values.get("nesting", 0.0))


def _logit(seen: Observed, nest: Labels) -> Build:
    def build(values: Mapping[str, float]) -> LogitDemand:
        nesting, alpha = _nesting(values, seen), values["price_coefficient"]
        utility = _index(seen, nest, nesting) + alpha * seen.prices
        return LogitDemand(utility, alpha, seen.size, nest, nesting)

    return build


def _ces(seen: Observed, nest: Labels) -> Build:
    def build(values: Mapping[str, float]) -> CesDemand:
        nesting, eta = _nesting(values, seen), values["elasticity"]
        quality = _index(seen, nest, nesting) + (eta - 1) * np.log(seen.prices)
        return CesDemand(quality, eta, seen.size, nest, nesting)

    return build


def _proportional(share: Array) -> Array:
    """Return -(diag(s) - s s'): slopes whose diversion is in proportion to share."""
    return np.outer(share, share) - np.diag(share)


def _linear(seen: Observed) -> Build:
    def build(values: Mapping[str, float]) -> LinearDemand:
        slope = values["slope"] * seen.size * _proportional(seen.shares)
        return LinearDemand(seen.size * seen.shares - slope @ seen.prices, slope)

    return build


def _log_linear(seen: Observed) -> Build:
    def build(values: Mapping[str, float]) -> LogLinearDemand:
        pull = _proportional(seen.shares) / seen.shares[:, None]
        return log_linear(seen, values["slope"] * pull * seen.prices[None, :])

    return build


def log_linear(seen: Observed, elasticities: Array) -> LogLinearDemand:
    """Return the log-linear system through the observed point with given elasticities, (J, J)."""
    scale = np.log(seen.size * seen.shares) - elasticities @ np.log(seen.prices)
    return LogLinearDemand(scale, elasticities)


def linear(seen: Observed, elasticities: Array) -> LinearDemand:
    """Return the linear system through the observed point with given elasticities, (J, J)."""
    sold = seen.size * seen.shares
    slope = elasticities * sold[:, None] / seen.prices[None, :]
    return LinearDemand(sold - slope @ seen.prices, slope)


def aids(seen: Observed, elasticities: Array) -> AidsDemand:
    """Return the AIDS through the observed point with given elasticities, (J, J).

    They must be those of one homothetic consumer but for rounding: every row sums to minus the
    market elasticity, and w_j E[j, k] + (e - 1) w_j w_k is symmetric (w outlay shares, e market
    elasticity). What rounding left over is taken out.

    Raises
    ------
    ModelError
        If an elasticity is further than 0.005 from the nearest such system.
    """
    share, count = seen.shares, seen.shares.size
    sums = elasticities.sum(axis=1)
    market = -float(share @ sums)
    slope = share[:, None] * (elasticities + np.eye(count) - (1 - market) * share[None, :])
    centre = np.eye(count) - 1 / count
    slope = centre @ (slope + slope.T) / 2 @ centre
    system = _aids_through(seen, slope, market)
    miss = system.elasticities(seen.prices) - elasticities
    j, k = np.unravel_index(int(np.abs(miss).argmax()), miss.shape)
    if abs(miss[j, k]) > _ROUNDING:
        raise ModelError(
            f"elasticities: AIDS has {elasticities[j, k] + miss[j, k]:.4g} where "
            f"E[{seen.products[j]}, {seen.products[k]}] is {elasticities[j, k]:.4g}; its rows all "
            f"sum to minus the market elasticity (these sum to {sums.min():.4g} up to "
            f"{sums.max():.4g}) and outlay x E must be symmetric but for income; mend them, or use "
            "log_linear demand"
        )
    return system


def _aids(seen: Observed) -> Build:
    def build(values: Mapping[str, float]) -> AidsDemand:
        slope = values["slope"] * _proportional(seen.shares)
        return _aids_through(seen, slope, values["market_elasticity"])

    return build


def _aids_through(seen: Observed, slope: Array, market_elasticity: float) -> AidsDemand:
    level = seen.shares - slope @ np.log(seen.prices)
    return AidsDemand(level, slope, market_elasticity, seen.size, seen.prices)


def given(name: DemandName, seen: Observed, elasticities: ArrayLike) -> DemandSystem:
    """Return the system with the user's elasticities at the observed point."""
    matrix = np.asarray(elasticities, dtype=np.float64)
    count = seen.prices.size
    require(
        matrix.shape == (count, count)
        and np.isfinite(matrix).all()
        and (np.diag(matrix) < 0).all(),
        f"elasticities: need a finite {count} x {count} matrix with a negative diagonal, "
        "E[j, k] = percent change of j's sales per percent of k's price",
    )
    builders: dict[str, Callable[[Observed, Array], DemandSystem]]
    builders = {"linear": linear, "log_linear": log_linear, "aids": aids}
    if name not in builders:
        raise ModelError(f"elasticities: for {', '.join(builders)} demand only (got {name!r})")
    return builders[name](seen, matrix)


def check_parameter(name: str, value: float) -> None:
    """Raise a `ModelError` unless a parameter is in its range."""
    if name == "nesting":
        checked("fixed: nesting", value, at_least=0, below=1, remedy="0 is the plain logit or CES")
    else:
        least = 1 if name == "elasticity" else 0
        checked(f"fixed: {name}", value, above=least, remedy="parameters are positive numbers")


def to_line(name: str, value: float) -> float:
    """Return a parameter on the whole line: logs of what is positive, log odds of [0, 1)."""
    if name == "nesting":
        return math.log(value / (1 - value))
    return math.log(value - 1 if name == "elasticity" else value)


def from_line(name: str, value: float) -> float:
    """Return the parameter back: the inverse of `to_line`."""
    if name == "nesting":
        return 1 / (1 + math.exp(-value))
    return math.exp(value) + (1 if name == "elasticity" else 0)
