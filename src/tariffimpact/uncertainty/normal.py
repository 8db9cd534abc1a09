"""Normal and lognormal inputs, whose tails go on for ever unless they are cut."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval
from tariffimpact.uncertainty.distributions import (
    Array,
    Distribution,
    check_finite,
    check_positive,
)


@dataclass(frozen=True, slots=True)
class Normal(Distribution):
    """Around `mean` with standard deviation `sd`; `low` and `high` cut the tails off where given.

    Examples
    --------
    >>> Normal(mean=2.0, sd=0.5, low=0.0, high=4.0).central
    2.0
    """

    mean: float
    sd: float
    low: float = -math.inf
    high: float = math.inf
    kind: ClassVar[str] = "normal"

    def __post_init__(self) -> None:
        check_finite(self.kind, mean=self.mean, sd=self.sd)
        check_positive(self.kind, "sd", self.sd)
        _check_cut(self.kind, self.low, self.high)
        if _cut_mass(self) < 1e-12:
            raise ModelError(
                f"normal: low {self.low:g} to high {self.high:g} holds none of the probability "
                f"around {self.mean:g}; move the ends or the mean"
            )

    def quantile(self, share: Array) -> Array:
        """Return `mean + sd` times the standard normal quantile, within the cut."""
        from scipy.special import ndtri

        below, inside = _cut(self)
        inner = np.clip(below + share * inside, 1e-300, 1 - 2**-53)
        return np.clip(self.mean + self.sd * ndtri(inner), self.low, self.high)

    def sample(self, generator: np.random.Generator, size: int) -> Array:
        """Return `size` independent values."""
        if self.support.low == -math.inf and self.support.high == math.inf:
            return generator.normal(self.mean, self.sd, size)
        return self.quantile(generator.random(size))

    @property
    def support(self) -> Interval:
        """From `low` to `high`, infinite where the tails are not cut."""
        return Interval(self.low, self.high)


@dataclass(frozen=True, slots=True)
class LogNormal(Distribution):
    """A positive value whose logarithm is normal: around `median`, `sigma` the sd of the log.

    Examples
    --------
    >>> round(LogNormal(median=1.5, sigma=0.2).central, 12)
    1.5
    """

    median: float
    sigma: float
    low: float = 0.0
    high: float = math.inf
    kind: ClassVar[str] = "lognormal"

    def __post_init__(self) -> None:
        check_finite(self.kind, median=self.median, sigma=self.sigma, low=self.low)
        check_positive(self.kind, "median", self.median)
        check_positive(self.kind, "sigma", self.sigma)
        _check_cut(self.kind, self.low, self.high)
        if self.low < 0:
            raise ModelError(
                f"lognormal: low must not be negative (got {self.low:g}); the value itself never is"
            )
        self._log()

    def _log(self) -> Normal:
        """Return the distribution of the logarithm."""
        low = math.log(self.low) if self.low > 0 else -math.inf
        return Normal(math.log(self.median), self.sigma, low, math.log(self.high))

    def quantile(self, share: Array) -> Array:
        """Return the exponential of the logarithm's quantile."""
        return np.clip(np.exp(self._log().quantile(share)), self.low, self.high)

    def sample(self, generator: np.random.Generator, size: int) -> Array:
        """Return `size` independent values."""
        return np.clip(np.exp(self._log().sample(generator, size)), self.low, self.high)

    @property
    def support(self) -> Interval:
        """From `low` to `high`, infinite where the upper tail is not cut."""
        return Interval(self.low, self.high)


def _cut(normal: Normal) -> tuple[float, float]:
    """Return the probability below the cut and inside it."""
    below = _standard_cdf((normal.low - normal.mean) / normal.sd)
    return below, _standard_cdf((normal.high - normal.mean) / normal.sd) - below


def _cut_mass(normal: Normal) -> float:
    return _cut(normal)[1]


def _standard_cdf(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


def _check_cut(kind: str, low: float, high: float) -> None:
    if math.isnan(low) or math.isnan(high) or low >= high:
        raise ModelError(
            f"{kind}: low {low:g} and high {high:g} are out of order; write low < high"
        )
