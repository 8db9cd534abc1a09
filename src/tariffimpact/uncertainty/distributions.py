"""The distributions an uncertain input can have: the kind, and those between two ends.

A distribution is frozen and checked when built: ends in order, everything finite. What it offers
is what the methods need: values at given probabilities, random values, the range, the median.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval

Array = NDArray[np.float64]


class Distribution(ABC):
    """What is believed about one number: how likely each value is."""

    __slots__ = ()
    kind: ClassVar[str]
    """The word for it in a case file: `dist = "triangular"`."""
    rising: ClassVar[tuple[str, ...]] = ("low", "high")
    """Finite numbers, in order."""
    positive: ClassVar[tuple[str, ...]] = ()
    """Finite numbers above zero."""
    low: float
    high: float

    def __post_init__(self) -> None:
        numbers = {name: float(getattr(self, name)) for name in (*self.rising, *self.positive)}
        for name, number in numbers.items():
            if not math.isfinite(number):
                raise self._error(f"{name} must be finite (got {number}); write a plain number")
        self._check_order([numbers[name] for name in self.rising])
        for name in self.positive:
            if numbers[name] <= 0:
                raise self._error(
                    f"{name} must be above zero (got {numbers[name]:g}); write a plain number for "
                    "a value that does not vary"
                )

    def _check_order(self, values: list[float]) -> None:
        """Check that the numbers rise, and that the width of the range is itself a number."""
        if values != sorted(values):
            given = ", ".join(f"{n} {x:g}" for n, x in zip(self.rising, values, strict=True))
            raise self._error(f"{given} are out of order; write {' ≤ '.join(self.rising)}")
        if not math.isfinite(values[-1] - values[0]):
            raise self._error(
                f"{values[0]:g} to {values[-1]:g} is too wide to calculate with; "
                "give ends a real quantity could reach"
            )

    def _check_cut(self) -> None:
        """Check the ends at which tails are cut off."""
        if math.isnan(self.low) or math.isnan(self.high) or self.low >= self.high:
            raise self._error(
                f"low {self.low:g} and high {self.high:g} are out of order; write low < high"
            )

    def _error(self, words: str) -> ModelError:
        return ModelError(f"{self.kind}: {words}")

    @abstractmethod
    def quantile(self, share: Array) -> Array:
        """Return the values below which the given shares of the probability lie."""

    @property
    def support(self) -> Interval:
        """The values it can take, from `low` to `high`; an end is infinite where there is none."""
        return Interval(self.low, self.high)

    def sample(self, generator: np.random.Generator, size: int) -> Array:
        """Return `size` independent values."""
        return self.quantile(generator.random(size))

    @property
    def central(self) -> float:
        """The value that half the probability lies below (the median)."""
        return float(self.quantile(np.array([0.5]))[0])


@dataclass(frozen=True, slots=True)
class Uniform(Distribution):
    """Every value from `low` to `high` equally likely.

    Examples
    --------
    >>> Uniform(low=0.5, high=0.7).central
    0.6
    """

    low: float
    high: float
    kind: ClassVar[str] = "uniform"

    def quantile(self, share: Array) -> Array:
        """Return `low + share (high - low)`."""
        values = np.multiply(share, self.high - self.low)
        values += self.low
        return values


@dataclass(frozen=True, slots=True)
class Triangular(Distribution):
    """From `low` to `high`, likeliest at `mode`, falling away on straight lines.

    Examples
    --------
    >>> round(Triangular(low=0.0, mode=1.0, high=1.0).central, 4)
    0.7071
    """

    low: float
    mode: float
    high: float
    kind: ClassVar[str] = "triangular"
    rising: ClassVar[tuple[str, ...]] = ("low", "mode", "high")

    def quantile(self, share: Array) -> Array:
        """Return the inverse of the two parabolas the probability follows."""
        width = self.high - self.low
        rise, fall = self.mode - self.low, self.high - self.mode
        share = np.asarray(share, dtype=np.float64)
        below = share * width <= rise
        root = np.sqrt(width * np.where(below, share * rise, (1 - share) * fall))
        return np.where(below, self.low + root, self.high - root)

    def sample(self, generator: np.random.Generator, size: int) -> Array:
        """Return `size` independent values."""
        return generator.triangular(self.low, self.mode, self.high, size)


@dataclass(frozen=True, slots=True)
class Beta(Distribution):
    """From `low` to `high` with the shape of a beta distribution.

    Examples
    --------
    >>> Beta(low=0.0, high=1.0, alpha=2.0, beta=2.0).central
    0.5
    """

    low: float
    high: float
    alpha: float
    beta: float
    kind: ClassVar[str] = "beta"
    positive: ClassVar[tuple[str, ...]] = ("alpha", "beta")

    def quantile(self, share: Array) -> Array:
        """Return the inverse of the regularised incomplete beta function, scaled."""
        from scipy.special import betaincinv

        return self.low + (self.high - self.low) * betaincinv(self.alpha, self.beta, share)

    def sample(self, generator: np.random.Generator, size: int) -> Array:
        """Return `size` independent values."""
        values = generator.beta(self.alpha, self.beta, size)
        return self.low + (self.high - self.low) * values


@dataclass(frozen=True, slots=True)
class Pert(Distribution):
    """From `low` to `high`, likeliest at `mode`: the beta shape used for experts' three numbers.

    .. math:: α = 1 + 4 ("mode" − "low") / ("high" − "low"), quad β = 6 − α

    References
    ----------
    Malcolm, Roseboom, Clark and Fazar (1959), *Operations Research* 7(5): 646-669.

    Examples
    --------
    >>> Pert(low=0.0, mode=0.5, high=1.0).central
    0.5
    """

    low: float
    mode: float
    high: float
    kind: ClassVar[str] = "pert"
    rising: ClassVar[tuple[str, ...]] = ("low", "mode", "high")

    def _shape(self) -> Beta:
        """Return the beta distribution it is."""
        width = self.high - self.low
        alpha = 1 + 4 * (self.mode - self.low) / width if width else 3.0
        return Beta(self.low, self.high, alpha, 6 - alpha)

    def quantile(self, share: Array) -> Array:
        """Return the beta quantile."""
        return self._shape().quantile(share)

    def sample(self, generator: np.random.Generator, size: int) -> Array:
        """Return `size` independent values."""
        return self._shape().sample(generator, size)


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
    rising: ClassVar[tuple[str, ...]] = ("mean",)
    positive: ClassVar[tuple[str, ...]] = ("sd",)

    def __post_init__(self) -> None:
        Distribution.__post_init__(self)
        self._check_cut()
        if self._cut()[1] < 1e-12:
            raise self._error(
                f"low {self.low:g} to high {self.high:g} holds none of the probability "
                f"around {self.mean:g}; move the ends or the mean"
            )

    def _cut(self) -> tuple[float, float]:
        """Return the probability below the cut and inside it."""
        low, high = ((end - self.mean) / self.sd for end in (self.low, self.high))
        below, up_to = (0.5 * math.erfc(-z / math.sqrt(2)) for z in (low, high))
        return below, up_to - below

    def quantile(self, share: Array) -> Array:
        """Return `mean + sd` times the standard normal quantile, within the cut."""
        from scipy.special import ndtri

        below, inside = self._cut()
        inner = np.clip(below + share * inside, 1e-300, 1 - 2**-53)
        return np.clip(self.mean + self.sd * ndtri(inner), self.low, self.high)

    def sample(self, generator: np.random.Generator, size: int) -> Array:
        """Return `size` independent values."""
        if self.low == -math.inf and self.high == math.inf:
            return generator.normal(self.mean, self.sd, size)
        return self.quantile(generator.random(size))


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
    rising: ClassVar[tuple[str, ...]] = ("low",)
    positive: ClassVar[tuple[str, ...]] = ("median", "sigma")

    def __post_init__(self) -> None:
        Distribution.__post_init__(self)
        self._check_cut()
        if self.low < 0:
            raise self._error(
                f"low must not be negative (got {self.low:g}); the value itself never is"
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
