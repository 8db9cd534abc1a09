"""Monte Carlo: the model's answer for many random values of its inputs, and how it is spread."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tariffimpact.answers import Answer
from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval
from tariffimpact.uncertainty.distributions import Array
from tariffimpact.uncertainty.inputs import Input, Inputs, Model, Progress, check_seed, evaluate
from tariffimpact.uncertainty.phrasing import defined_share, form, quantity

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

CHUNK: Final = 1 << 15
"""Draws evaluated at a time: few enough for the columns to stay in the processor's cache."""
_SHARES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
_COLUMNS: Final = ("p05", "p25", "p50", "p75", "p95")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Draws(Answer):
    """The answers of a model for random values of its inputs."""

    values: Array
    """One answer per draw, NaN where there is none; one row per draw where the answer is a path."""
    inputs: Inputs
    seed: int
    name: str
    unit: str
    """A currency code, `fraction`, or blank for a plain number."""
    steps: tuple[float, ...]
    """What the columns of a path stand at (months, say); empty where the answer is one number."""

    @property
    def undefined(self) -> int:
        """Draws without a finite answer: "no price does" is one."""
        return int(np.count_nonzero(~self._finite_rows()))

    def _finite_rows(self) -> np.ndarray:
        finite = np.isfinite(self.values)
        return np.asarray(finite if finite.ndim == 1 else finite.all(axis=1))

    def quantile(self, share: float) -> float | Array:
        """Return the value below which a share of the draws with an answer lie."""
        (value,) = self._quantiles((share,))
        return float(value) if value.ndim == 0 else value

    def interval(self, coverage: float = 0.9) -> Interval:
        """Return the central interval that holds a share of the draws with an answer."""
        if self.steps:
            raise ModelError("a path has an interval at each step; use to_frame()")
        if self.undefined == len(self.values):
            raise ModelError(self.summary())
        low, high = self._quantiles(((1 - coverage) / 2, (1 + coverage) / 2))
        return Interval(float(low), float(high))

    def _quantiles(self, shares: Sequence[float]) -> Array:
        finite = self._finite_rows()
        kept = self.values if finite.all() else self.values[finite]
        if not len(kept):
            return np.full((len(shares), *self.values.shape[1:]), np.nan)
        answers: Array = np.quantile(kept, shares, axis=0)
        return answers

    def summary(self) -> str:
        """Return the median and the middle 90 percent in a sentence."""
        if self.undefined == len(self.values):
            return f"There is no {self.name}: none of {len(self.values):,} draws has an answer."
        last = f" at step {self.steps[-1]:g}" if self.steps else ""
        low, middle, high = (
            float(value if value.ndim == 0 else value[-1])
            for value in self._quantiles((0.05, 0.5, 0.95))
        )
        if low == high:
            return f"The {self.name}{last} is {quantity(middle, self.unit)} in every draw."
        return (
            f"In half of {len(self.values):,} draws the {self.name}{last} is at or below "
            f"{quantity(middle, self.unit)}; nine in ten lie within "
            f"{quantity(Interval(low, high), self.unit)}"
            f"{defined_share(self.undefined, len(self.values), 'draws')}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return `x, p05, p25, p50, p75, p95, mean, draws, undefined`, one row per step.

        `x` is the step of a path, and missing where the answer is one number. Percentiles and the
        mean are over the draws with an answer.
        """
        import pandas as pd

        finite = self._finite_rows()
        table = np.reshape(self._quantiles(_SHARES), (len(_SHARES), -1))
        means = table[2] * np.nan if not finite.any() else self.values[finite].mean(axis=0)
        frame = pd.DataFrame(dict(zip(_COLUMNS, table, strict=True)))
        frame.insert(0, "x", list(self.steps) or [float("nan")])
        return frame.assign(
            mean=np.reshape(means, -1), draws=len(self.values), undefined=self.undefined
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the spread: a fan over the steps of a path, bars of its middle otherwise."""
        from tariffimpact import charts

        frame = self.to_frame()
        if self.steps:
            fan = frame[["x", *_COLUMNS]]
            return charts.fan(fan, **form(self.unit)._asdict(), y_label=self.name, ax=ax)
        return charts.range_bars(_nested(frame, self.name), **form(self.unit)._asdict(), ax=ax)

    def explain(self) -> str:
        """Return what was drawn from what, and how to repeat it."""
        return (
            f"{len(self.values):,} draws, seed {self.seed}; {self.undefined:,} without an answer.\n"
            f"Inputs, independent of each other:\n{self.inputs.describe()}\n"
            "An interval says where a value lies, not how likely it is; here it is spread evenly,\n"
            "which is an assumption. Percentiles are over the draws with an answer."
        )


def draws(
    model: Model,
    inputs: Mapping[str, Input] | Inputs,
    *,
    n: int = 100_000,
    seed: int,
    name: str = "result",
    unit: str = "",
    steps: Sequence[float] = (),
    chunk: int = CHUNK,
    progress: Progress | None = None,
) -> Draws:
    """Return the model's answers for `n` random values of its inputs.

    Each input has a stream of random numbers of its own, made from the seed and its name: the same
    seed gives the same bytes whatever the chunk, and adding an input leaves the others' draws as
    they were. Inputs are independent.

    Parameters
    ----------
    model
        A function of the inputs by name; given arrays of up to `chunk` values, it answers with one
        number for each (NaN where it has none), or with one row of `len(steps)` numbers.
    inputs
        A number, an interval or a distribution for each; an interval is spread evenly.
    n
        How many draws.
    seed
        A non-negative whole number.
    name, unit
        What the answer is; `unit` a currency code, `fraction`, or blank.
    steps
        What the columns of a path stand at.
    chunk
        Draws evaluated at a time; bounds the memory, changes no result.
    progress
        Called with the draws done and the draws in all.

    Raises
    ------
    ModelError
        If an input is faulty, `n` or `chunk` is below 1, the seed is negative, or the model
        answers in another shape.

    Examples
    --------
    >>> rise = draws(lambda tariff, share: 100 * tariff * share,
    ...              {"tariff": 0.25, "share": "0.4..0.6"}, seed=7, name="price rise", unit="USD")
    >>> print(rise.summary())
    In half of 100,000 draws the price rise is at or below $12.51; nine in ten lie within \
$10.25 to $14.75.
    """
    if n < 1 or chunk < 1:
        raise ModelError(f"draws and chunk must be 1 or more (got {n} and {chunk})")
    check_seed(seed)
    read = Inputs.read(inputs)
    fixed, varying = read.fixed, read.distributions()
    streams = {key: _stream(seed, key) for key in varying}
    values = np.empty((n, len(steps)) if len(steps) else n)
    per_call = max(1, chunk // max(1, len(steps)))
    for start in range(0, n, per_call):
        rows = min(per_call, n - start)
        columns = {key: item.sample(streams[key], rows) for key, item in varying.items()}
        values[start : start + rows] = _in_shape(
            evaluate(model, fixed, columns, rows), (rows, *values.shape[1:])
        )
        if progress is not None:
            progress(start + rows, n)
    values.flags.writeable = False
    return Draws(values, read, seed, name, unit, tuple(float(step) for step in steps))


def _stream(seed: int, name: str) -> np.random.Generator:
    """Return the random numbers of one input."""
    digest = hashlib.sha256(name.encode()).digest()[:16]
    key = tuple(int(word) for word in np.frombuffer(digest, dtype="<u4"))
    return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(seed, spawn_key=key)))


def _in_shape(answer: Array, shape: tuple[int, ...]) -> Array:
    if answer.shape != shape:
        raise ModelError(
            f"the model answered with shape {answer.shape} where {shape} was asked for; "
            "give `steps` exactly when it answers with a path"
        )
    return answer


def _nested(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the middle 90 and the middle 50 percent as rows of a range chart."""
    import pandas as pd

    row = frame.iloc[0]
    return pd.DataFrame(
        {
            "label": [f"{name}, middle 90%", f"{name}, middle 50%"],
            "low": [row["p05"], row["p25"]],
            "high": [row["p95"], row["p75"]],
        }
    )
