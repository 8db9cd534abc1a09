"""The lowest and the highest answer a model gives while its inputs stay in their ranges.

Where the model is monotone in each input, both ends lie at corners of the box, and the corners
give them exactly. Where it is not, or where it has no answer in part of the box, the ends are
searched for, and the result says so. Monotone is tested along lines through the box, not proved.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from tariffimpact.errors import require
from tariffimpact.interval import Interval
from tariffimpact.uncertainty.distributions import Array
from tariffimpact.uncertainty.evaluation import Model
from tariffimpact.uncertainty.inputs import Input, Inputs
from tariffimpact.uncertainty.search import Box, Point, Search, corners, lowest
from tariffimpact.uncertainty.wording import defined_share, form, input_value, listed, quantity

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_POINTS_PER_LINE: Final = 17
_ROUNDING: Final = 1e-12
"""A step this small, relative to the size of the answers on the line, is arithmetic, not a turn."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The range of a model's answer over the ranges of its inputs."""

    low: float
    """The lowest answer; NaN where the model has none anywhere ("no price does")."""
    high: float
    """The highest answer; NaN where the model has none anywhere."""
    low_at: Mapping[str, float]
    """The inputs at which the lowest answer is attained."""
    high_at: Mapping[str, float]
    """The inputs at which the highest answer is attained."""
    method: Literal["vertices", "search"]
    turns_in: tuple[str, ...]
    """The inputs along which the answer was seen to both rise and fall."""
    idle: tuple[str, ...]
    """The varying inputs that the answer was never seen to move with."""
    undefined: int
    """Points tried, all over the ranges, at which the model had no answer."""
    tried: int
    """Points tried, not counting those a search led to."""
    evaluations: int
    inputs: Inputs
    name: str
    unit: str

    @property
    def interval(self) -> Interval:
        """The range as an interval.

        Raises
        ------
        ModelError
            If the model has no answer anywhere.
        """
        require(self.has_answer, self._none())
        return Interval(self.low, self.high)

    @property
    def has_answer(self) -> bool:
        """Whether the model has an answer anywhere in the ranges."""
        return not math.isnan(self.low)

    @property
    def is_exact(self) -> bool:
        """Whether the ends come from the corners of the box, not from a search."""
        return self.method == "vertices"

    def summary(self) -> str:
        """Return the range and how firm it is, in a sentence or two."""
        if not self.has_answer:
            return self._none()
        if self.low == self.high:
            return f"The {self.name} is {quantity(self.low, self.unit)}, whatever the inputs are."
        how = "exact, at corners of the ranges" if self.is_exact else "found by a search"
        if self.turns_in:
            how += f", for it both rises and falls with {listed(list(self.turns_in))}"
        return (
            f"The {self.name} is {quantity(self.interval, self.unit)}: lowest at "
            f"{self._place(self.low_at)}, highest at {self._place(self.high_at)} ({how})"
            f"{defined_share(self.undefined, self.tried, 'points tried')}."
        )

    def _none(self) -> str:
        return (
            f"There is no {self.name}: none of {self.tried:,} points of the ranges has an answer."
        )

    def _place(self, place: Mapping[str, float]) -> str:
        still = {*self.inputs.fixed, *self.idle}
        moved = [f"{key} {input_value(value)}" for key, value in place.items() if key not in still]
        return listed(moved) or "the given inputs"

    def to_frame(self) -> pd.DataFrame:
        """Return two rows, `low` and `high`: `end, value`, and each input where it is attained."""
        import pandas as pd

        rows = [("low", self.low, self.low_at), ("high", self.high, self.high_at)]
        return pd.DataFrame([{"end": end, "value": value, **at} for end, value, at in rows])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the range as one bar.

        Raises
        ------
        ModelError
            If the model has no answer anywhere.
        """
        require(self.has_answer, self._none())
        import pandas as pd

        from tariffimpact import charts

        row = {"label": [self.name], "low": [self.low], "high": [self.high]}
        written = form(self.unit)
        return charts.range_bars(pd.DataFrame(row), **written._asdict(), ax=ax)

    def explain(self) -> str:
        """Return the inputs, what was done, and what that is worth."""
        if self.is_exact:
            done = (
                "Along every line tested the answer only rises or only falls with each input, so "
                "its ends lie at corners of the ranges. This is exact if it holds between the "
                "points tested too; it was tested, not proved."
            )
        else:
            turns = listed(list(self.turns_in)) or "none of the inputs"
            done = (
                f"The answer was seen to turn in {turns}"
                + (", and to be missing in part of the ranges" if self.undefined else "")
                + ". The ends were searched for from many starts: each is attained, so the true "
                "range is at least this wide, and may be wider."
            )
        return (
            f"Ranges:\n{self.inputs.describe()}\n"
            f"{self.evaluations:,} evaluations; of {self.tried:,} points all over the ranges, "
            f"{self.undefined:,} without an answer.\n{done}"
        )


def bounds(
    model: Model,
    inputs: Mapping[str, Input] | Inputs,
    *,
    name: str = "result",
    unit: str = "",
    lines: int = 64,
) -> Bounds:
    """Return the lowest and the highest answer while every input stays in its range.

    Parameters
    ----------
    model
        A function of the inputs by name that takes arrays (see `elementwise`).
    inputs
        A number, an interval or a distribution for each; of a distribution only its ends count.
    name, unit
        What the answer is; `unit` a currency code, `fraction`, or blank.
    lines
        Lines through the box, per input, on which monotonicity is tested.

    Returns
    -------
    Bounds
        With `method` "vertices" where the model is monotone in each input on all the lines, and
        "search" where it is not; with both ends NaN where the model has no answer anywhere.

    Raises
    ------
    ModelError
        If an input is faulty or has no end.

    Examples
    --------
    >>> rate = bounds(lambda tariff, customs_share: 50 / (500 * tariff * customs_share),
    ...               {"tariff": 0.15, "customs_share": Interval(0.6, 0.9)},
    ...               name="pass-through rate")
    >>> print(rate.summary())
    The pass-through rate is 0.7407 to 1.111: lowest at customs_share 0.9, highest at \
customs_share 0.6 (exact, at corners of the ranges).
    """
    read = Inputs.read(inputs)
    box = Box(model, read.fixed, read.supports())
    samples = _lines(box.size, lines)
    points = samples.reshape(-1 if box.size else 0, box.size)
    answers = box(points).reshape(samples.shape[:-1])
    turning = {
        key for key, block in zip(box.names, answers, strict=True) if not _monotone(block).all()
    }
    at, values = corners(box, answers)
    exact = not turning and _explains(values, answers)
    search = Search(box, points, answers.reshape(-1), at, values)
    tried, undefined = box.evaluations, box.undefined
    if not search.has_answer:
        low = high = Point(np.full(box.size, np.nan), float("nan"))
    else:
        low, high = search.ends() if exact else (lowest(search), lowest(search, sign=-1))
    return Bounds(
        low=low.value,
        high=high.value,
        low_at=box.place(low.at, read.stated),
        high_at=box.place(high.at, read.stated),
        method="vertices" if exact else "search",
        turns_in=tuple(key for key in box.names if key in turning),
        idle=tuple(key for key, block in zip(box.names, answers, strict=True) if _still(block)),
        undefined=undefined,
        tried=tried,
        evaluations=box.evaluations,
        inputs=read,
        name=name,
        unit=unit,
    )


def _lines(size: int, lines: int) -> Array:
    """Return points on lines parallel to each axis: shape (axis, line, point, coordinate).

    The lines stand at scattered places, and the points on each are shifted at random within equal
    steps, so that together they look much closer at every input than one line does.
    """
    if size == 0:
        return np.zeros((0, 1, 1, 0))
    generator = np.random.default_rng(20250820)
    points = np.empty((size, lines, _POINTS_PER_LINE, size))
    points[:] = _scatter(size, lines)[None, :, None, :]
    steps = _POINTS_PER_LINE - 2
    for axis in range(size):
        inner = (np.arange(steps) + generator.random((lines, steps))) / steps
        points[axis, :, 1:-1, axis] = inner
        points[axis, :, 0, axis], points[axis, :, -1, axis] = 0.0, 1.0
    return points


def _scatter(size: int, lines: int) -> Array:
    """Return evenly scattered places for the lines, the first through the middle of the box."""
    from scipy.stats import qmc

    scattered: Array = qmc.Halton(size, scramble=True, rng=1).random(lines)
    scattered[0] = 0.5
    scattered[1 : 1 + lines // 4] = np.round(scattered[1 : 1 + lines // 4])  # along the edges too
    return scattered


def _monotone(block: Array) -> np.ndarray:
    """Return for each line whether the answers on it only rise or only fall."""
    finite = np.where(np.isfinite(block), np.abs(block), 0.0)
    slack = _ROUNDING * finite.max(axis=-1, keepdims=True)
    before, after = block[:, :-1], block[:, 1:]
    rises = (after >= before - slack) | np.isnan(before) | np.isnan(after)
    falls = (after <= before + slack) | np.isnan(before) | np.isnan(after)
    return np.asarray(rises.all(axis=-1) | falls.all(axis=-1))


def _still(block: Array) -> bool:
    """Return whether the answers on each line are all the same."""
    finite = np.where(np.isfinite(block), block, 0.0)
    slack = _ROUNDING * np.abs(finite).max(axis=-1)
    same_gaps = (np.isfinite(block) == np.isfinite(block[:, :1])).all()
    return bool(same_gaps and (np.ptp(finite, axis=-1) <= slack).all())


def _explains(values: Array, answers: Array) -> bool:
    """Whether every answer seen lies between those at the corners."""
    if np.isnan(values).any() or np.isnan(answers).any():
        return False
    finite = np.abs(values[np.isfinite(values)])
    slack = 1e-9 * float(finite.max(initial=0.0))
    return bool((answers >= values.min() - slack).all() and (answers <= values.max() + slack).all())
