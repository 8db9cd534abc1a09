"""A model and its inputs: a number, an interval, or a distribution for each.

Every method of this package takes the same mapping from input to value, so that a case can be
bounded, drawn from and decomposed without being written again; and calls the model once for many
values of its inputs, or once for each where it must be.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from tariffimpact.errors import ModelError, require, shortened
from tariffimpact.interval import Interval
from tariffimpact.uncertainty.distributions import (
    Array,
    Beta,
    Distribution,
    LogNormal,
    Normal,
    Pert,
    Triangular,
    Uniform,
)

Model = Callable[..., Any]
"""A function of the inputs by name. Each is a number or an array of one length; so is the answer,
with NaN where the model has none. A path answers with one row per value of the inputs."""

Progress = Callable[[int, int], None]
"""Called with the work done and the work in all."""

Stated = float | Interval | Distribution
"""A checked input."""
Input = Stated | str | Mapping[str, object]
"""What may be written for one: a number, an interval, `"0.5..0.7"`, a distribution or its table."""

_KINDS: Final[dict[str, type[Distribution]]] = {
    kind.kind: kind for kind in (Uniform, Triangular, Normal, LogNormal, Beta, Pert)
}


def read_input(value: object, *, name: str) -> Stated:
    """Return one input checked, whatever form it is written in.

    Parameters
    ----------
    value
        A finite number, an `Interval`, text such as `"0.5..0.7"`, a `Distribution`, or a table
        `{"dist": "triangular", "low": 0.5, "mode": 0.6, "high": 0.7}`.
    name
        The input's name, put in front of any error.

    Raises
    ------
    ModelError
        If it is none of these, or its ends are out of order or not finite.

    Examples
    --------
    >>> read_input("0.5..0.7", name="customs_share")
    Interval(low=0.5, high=0.7)
    >>> read_input({"dist": "pert", "low": 1, "mode": 1.5, "high": 3}, name="demand_elasticity")
    Pert(low=1.0, mode=1.5, high=3.0)
    >>> read_input({"dist": "uniform", "low": 2, "high": 1}, name="demand_elasticity")
    Traceback (most recent call last):
        ...
    tariffimpact.errors.ModelError: demand_elasticity: uniform: low 2, high 1 are out of order; \
write low ≤ high
    """
    try:
        return _read(value)
    except ModelError as error:
        raise ModelError(f"{name}: {error}") from None


def _read(value: object) -> Stated:
    if isinstance(value, Distribution):
        return value
    if isinstance(value, Interval):
        return _number(value.low) if value.is_exact else value
    if isinstance(value, str):
        return _read(Interval.parse(value))
    if isinstance(value, Mapping):
        return _from_table(value)
    return _number(value)


def _number(value: object) -> float:
    """Return a finite number, refusing everything that only looks like one."""
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise ModelError(
            f"{shortened(repr(value))} is not a number; "
            'write 0.6, "0.5..0.7" or a table with dist, low, high'
        )
    try:
        number = float(value)
    except OverflowError:  # an integer may have any number of digits
        number = math.inf
    if not math.isfinite(number):
        raise ModelError(
            f'must be finite (got {number}); write an interval such as "0.5..0.7" if it is unknown'
        )
    return number


def _from_table(table: Mapping[str, object]) -> Distribution:
    """Build the distribution a table describes."""
    word = table.get("dist")
    if not isinstance(word, str) or word not in _KINDS:
        raise ModelError(
            f"dist must be one of {', '.join(_KINDS)} (got {word!r})"
            f'{_nearest(str(word), list(_KINDS))}; write dist = "triangular" with low, mode, high'
        )
    kind = _KINDS[word]
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]  # every kind is a dataclass
    names = [field.name for field in fields]
    required = [field.name for field in fields if field.default is dataclasses.MISSING]
    given = {key: item for key, item in table.items() if key != "dist"}
    for key in given:
        if key not in names:
            raise ModelError(
                f"{word} has no {key!r}{_nearest(key, names)}; it takes {', '.join(names)}"
            )
    if missing := [key for key in required if key not in given]:
        raise ModelError(f"{word} lacks {', '.join(missing)}; it takes {', '.join(names)}")
    return kind(**{key: _number(item) for key, item in given.items()})


def _nearest(word: str, known: list[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f", did you mean {close[0]!r}?" if close else ""


@dataclass(frozen=True, slots=True)
class Inputs:
    """A model's inputs, checked, parted into those that are known and those that are not."""

    stated: Mapping[str, Stated]

    @classmethod
    def read(cls, inputs: Mapping[str, Input] | Inputs) -> Inputs:
        """Check every input, and report every fault at once.

        Raises
        ------
        ModelError
            With one line for each input that is wrong, or if there is none.
        """
        if isinstance(inputs, Inputs):
            return inputs
        if not inputs:
            raise ModelError("no inputs; name at least one, such as customs_share='0.5..0.7'")
        stated: dict[str, Stated] = {}
        faults: list[str] = []
        for name, value in inputs.items():
            try:
                stated[name] = read_input(value, name=name)
            except ModelError as error:
                faults.append(str(error))
        if faults:
            raise ModelError("\n".join(faults))
        return cls(stated)

    @property
    def ranges(self) -> dict[str, Interval]:
        """The range of each input, whether it varies or not."""
        return {
            name: value.support if isinstance(value, Distribution) else Interval.of(value)
            for name, value in self.stated.items()
        }

    @property
    def fixed(self) -> dict[str, float]:
        """The inputs that are one number, or a distribution over one number."""
        return {name: span.low for name, span in self.ranges.items() if span.is_exact}

    def distributions(self, *, needed: bool = False) -> dict[str, Distribution]:
        """Return a distribution for each varying input; an interval is spread evenly.

        Raises
        ------
        ModelError
            If an interval has no end on one side: nothing can be spread over it; if none varies
            and one is needed.
        """
        found: dict[str, Distribution] = {}
        for name, span in self.ranges.items():
            value = self.stated[name]
            if span.is_exact:
                continue
            if isinstance(value, Distribution):
                found[name] = value
            elif span.is_bounded:
                found[name] = Uniform(span.low, span.high)
            else:
                raise ModelError(f"{name}: nothing can be drawn from {span}; give the missing end")
        if needed and not found:
            raise ModelError('no input varies; write one as an interval such as "0.5..0.7"')
        return found

    def supports(self) -> dict[str, Interval]:
        """Return the range of each varying input.

        Raises
        ------
        ModelError
            If a range has no end on one side.
        """
        ranges = {name: span for name, span in self.ranges.items() if not span.is_exact}
        for name, span in ranges.items():
            if not math.isfinite(span.width):
                cut = " (low = and high = cut a distribution's tails off)"
                raise ModelError(
                    f"{name}: no bound is possible over {span}; give the missing end"
                    f"{cut if isinstance(self.stated[name], Distribution) else ''}"
                )
        return ranges

    def central(self) -> dict[str, float]:
        """Return one value for each input: the number, the middle of the interval, the median."""
        return self.fixed | {name: item.central for name, item in self.distributions().items()}

    def describe(self) -> str:
        """Return one line per input, in words."""
        return "\n".join(f"  {name} = {_worded(value)}" for name, value in self.stated.items())


def _worded(value: Stated) -> str:
    if isinstance(value, Distribution):
        parts = ", ".join(
            f"{field.name} {getattr(value, field.name):g}"
            for field in dataclasses.fields(value)  # type: ignore[arg-type]  # always a dataclass
        )
        return f"{value.kind}: {parts}"
    return f"{value:g}" if isinstance(value, float) else str(value)


def elementwise(model: Model) -> Model:
    """Return a model that may be given arrays, from one that takes numbers only.

    A call that ends in a `ModelError` ("no price does") becomes NaN, which the methods count and
    report. It is a loop: a vectorised model is a hundred times faster.

    Examples
    --------
    >>> def root(*, x):
    ...     if x < 0:
    ...         raise ModelError("no root; give a positive number")
    ...     return x ** 0.5
    >>> elementwise(root)(x=np.array([4.0, -1.0]))
    array([ 2., nan])
    """

    def one_by_one(**inputs: Any) -> Array:
        names = list(inputs)
        rows = np.broadcast_arrays(
            *(np.asarray(value, dtype=np.float64) for value in inputs.values())
        )
        answers = []
        for row in zip(*(np.atleast_1d(column) for column in rows), strict=True):
            try:
                answers.append(float(model(**dict(zip(names, map(float, row), strict=True)))))
            except ModelError:
                answers.append(float("nan"))
        return np.array(answers)

    return one_by_one


def evaluate(
    model: Model, fixed: Mapping[str, float], columns: Mapping[str, Array], rows: int
) -> Array:
    """Return the model's answers for `rows` values of the varying inputs.

    Raises
    ------
    ModelError
        If the answer is not one number, or one row of numbers, for each.
    """
    with np.errstate(all="ignore"):  # what does not come out finite is counted and reported
        try:
            answer = np.asarray(model(**fixed, **columns))
        except (TypeError, ValueError):
            if not columns:
                raise
            answer = elementwise(model)(**fixed, **columns)  # it takes numbers, one at a time
    if answer.dtype.kind not in "fiub":
        raise ModelError(
            f"the model answered with {answer.dtype}, not numbers; return one figure of its result"
        )
    if answer.ndim == 0:
        return np.full(rows, float(answer))
    if not columns and answer.ndim == 1:  # nothing varies: one path for all
        return np.tile(answer.astype(np.float64), (rows, 1))
    if answer.shape[0] != rows or answer.ndim > 2:
        raise ModelError(
            f"the model answered with shape {answer.shape} for {rows} values of its inputs; "
            "return one number for each, or wrap a model of plain numbers in elementwise()"
        )
    return answer.astype(np.float64, copy=False)


def check_seed(seed: int) -> None:
    """Refuse a seed below 0.

    Raises
    ------
    ModelError
        If it is.
    """
    require(seed >= 0, f"the seed must not be negative (got {seed}); any whole number from 0 does")
