"""A quantity that is not one number: the closed interval the evidence leaves.

An interval says *the value lies in here*; it says nothing about where. Arithmetic is exact for
inputs that vary independently, so an expression that names the same interval twice must be
written another way, or evaluated at its vertices. An end that has no double of its own is rounded
outwards, so that an interval never loses a value; a single number stays the nearest double.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from tariffimpact.errors import ModelError, shortened

# each text matches in one way at most, so that a long one that is no number is refused at once
_NUMBER: Final = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_SPAN: Final = re.compile(rf"({_NUMBER})?\s*\.\.\s*({_NUMBER})?")


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed interval `[low, high]`; `high` may be infinite, and so may `low`.

    Raises
    ------
    ModelError
        If an end is not a number, or `low > high`.

    Examples
    --------
    >>> Interval(0.6, 0.9) * 500
    Interval(low=299.99999999999994, high=450.00000000000006)
    >>> print(50 / (Interval(0.6, 0.9) * 75))
    0.7407..1.111
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if math.isnan(self.low) or math.isnan(self.high):
            raise ModelError(
                "an interval needs two numbers; leave the cell blank if one is unknown"
            )
        if self.low > self.high:
            raise ModelError(
                f"the interval {self.low:g}..{self.high:g} is upside down; "
                "write the lower end first"
            )

    @classmethod
    def exactly(cls, value: float) -> Interval:
        """Return the interval that holds one value."""
        return cls(float(value), float(value))

    @classmethod
    def of(cls, value: Quantity) -> Interval:
        """Return `value` as an interval, whether it is one already or a number."""
        return value if isinstance(value, Interval) else cls.exactly(value)

    @classmethod
    def parse(cls, text: str) -> Interval:
        """Read `0.6`, `0.5..0.7`, `200..` (no upper end known) or `..100` (no lower end known).

        Examples
        --------
        >>> Interval.parse("0.5..0.7")
        Interval(low=0.5, high=0.7)
        >>> Interval.parse("200..").high
        inf
        """
        words = text.strip()
        span = _SPAN.fullmatch(words)
        if re.fullmatch(_NUMBER, words):
            return cls.exactly(_finite(words))
        if span and (span[1] or span[2]) and "..." not in words:
            low = _finite(span[1]) if span[1] else -math.inf
            return cls(low, _finite(span[2]) if span[2] else math.inf)
        raise ModelError(
            f"{shortened(text)!r} is neither a number nor an interval; write 0.6 or 0.5..0.7"
        )

    @property
    def is_exact(self) -> bool:
        """Whether the interval holds one value only."""
        return self.low == self.high

    @property
    def is_bounded(self) -> bool:
        """Whether both ends are finite."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def width(self) -> float:
        """Distance between the ends, in the unit of the value."""
        return 0.0 if self.is_exact else self.high - self.low

    @property
    def log_width(self) -> float:
        """ln(high/low): by what proportion it leaves a value open; infinite where it reaches 0."""
        if self.is_exact:
            return 0.0
        return math.log(self.high / self.low) if self.low > 0 else math.inf

    @property
    def middle(self) -> float:
        """Half way between the ends; the lower end where one is open."""
        return (self.low + self.high) / 2 if self.is_bounded else self.low

    def columns(self, name: str) -> dict[str, float]:
        """Return the ends as a table holds them, in `name_low` and `name_high`."""
        return {f"{name}_low": self.low, f"{name}_high": self.high}

    @classmethod
    def of_row(cls, row: Any, name: str) -> Interval:
        """Return the interval of which a row of a table holds the ends.

        Examples
        --------
        >>> print(Interval.of_row({"rate_low": 0.5, "rate_high": 0.7}, "rate"))
        0.5..0.7
        """
        return cls(float(row[f"{name}_low"]), float(row[f"{name}_high"]))

    @property
    def magnitude(self) -> Interval:
        """The interval of absolute values."""
        if self.low >= 0:
            return self
        if self.high <= 0:
            return -self
        return Interval(0.0, max(-self.low, self.high))

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __add__(self, other: Quantity) -> Interval:
        other = Interval.of(other)
        if self.is_exact and other.is_exact:  # a sum of two doubles is rounded to the nearest
            return Interval.exactly(self.low + other.low)
        ends = ((self.low, other.low), (self.high, other.high))
        return _hull(ends, _sum, exact=False)

    def __sub__(self, other: Quantity) -> Interval:
        return self + -Interval.of(other)

    def __mul__(self, other: Quantity) -> Interval:
        other = Interval.of(other)
        if self.is_exact and other.is_exact:  # so is a product of two
            zero = self.low == 0 or other.low == 0
            return Interval.exactly(0.0 if zero else self.low * other.low)
        if 1.0 == other.low == other.high:
            return self
        return _hull(_corners(self, other), _product, exact=False)

    def __truediv__(self, other: Quantity) -> Interval:
        other = Interval.of(other)
        if other.low < 0 < other.high or other.low == other.high == 0:
            raise ModelError(
                f"cannot divide by {other}, which holds zero inside; narrow the divisor"
            )
        # a zero end is approached from inside the interval, where the quotient grows without bound
        sign = 1.0 if other.high > 0 else -1.0
        return _hull(
            _corners(self, other),
            lambda a, b: _quotient(a, b, sign),
            self.is_exact and other.is_exact,
        )

    def __radd__(self, other: float) -> Interval:
        return self + other

    def __rsub__(self, other: float) -> Interval:
        return -self + other

    def __rmul__(self, other: float) -> Interval:
        return self * other

    def __rtruediv__(self, other: float) -> Interval:
        return Interval.exactly(other) / self

    def __str__(self) -> str:
        low, high = f"{self.low:.4g}", f"{self.high:.4g}"
        if self.is_exact:
            return low
        return f"{'' if self.low == -math.inf else low}..{'' if self.high == math.inf else high}"


Quantity = float | Interval
"""A number or an interval: what every uncertain argument accepts."""


Exact = Fraction | float
"""A value without rounding; a float where it is infinite."""


def _corners(one: Interval, other: Interval) -> Iterable[tuple[float, float]]:
    return ((a, b) for a in (one.low, one.high) for b in (other.low, other.high))


def _hull(
    corners: Iterable[tuple[float, float]], of: Callable[[float, float], Exact], exact: bool
) -> Interval:
    """Return the interval of an operation over its corners, its ends rounded outwards.

    Of two numbers it is the number nearest to the result, as floating point has it.
    """
    values = [of(a, b) for a, b in corners]
    low, high = min(values), max(values)
    if exact:
        return Interval.exactly(_nearest(low))
    return Interval(_outwards(low, -math.inf), _outwards(high, math.inf))


def _nearest(value: Exact) -> float:
    """Return the double nearest to a value; an infinite one beyond the largest."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _outwards(value: Exact, towards: float) -> float:
    """Return the double at a value, or the next one `towards` minus or plus infinity."""
    end = _nearest(value)
    if math.isinf(end):  # the largest double bounds what lies beyond it from inside
        inside = isinstance(value, Fraction) and (end > 0) != (towards > 0)
        return math.nextafter(end, 0.0) if inside else end
    beyond = end > value if towards < 0 else end < value
    return math.nextafter(end, towards) if beyond else end


def _sum(a: float, b: float) -> Exact:
    return a + b if math.isinf(a) or math.isinf(b) else Fraction(a) + Fraction(b)


def _product(a: float, b: float) -> Exact:
    """Return the product, with zero times an infinite end taken as zero (the limit from inside)."""
    if a == 0 or b == 0:
        return 0.0
    return a * b if math.isinf(a) or math.isinf(b) else Fraction(a) * Fraction(b)


def _quotient(a: float, b: float, sign: float) -> Exact:
    """Return the quotient, with a zero divisor taken as the limit from the side of `sign`.

    Zero over anything is zero, and so is anything over an infinite end, both limits from inside.
    """
    if a == 0 or math.isinf(b):
        return 0.0
    if b == 0:
        return math.copysign(math.inf, a) * sign
    return a / b if math.isinf(a) else Fraction(a) / Fraction(b)


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ModelError(
            f"{shortened(text)!r} is too large for a number; check the number of zeros"
        )
    return value
