"""The lowest and the highest answer a model gives while its inputs stay in their ranges.

Where the model is monotone in each input, both ends lie at corners of the box, and the corners
give them exactly. Where it is not, or where it has no answer in part of the box, the ends are
searched for, and the result says so. Monotone is tested along lines through the box, not proved.
Whoever knows the ends from a formula of the model hands them over, and nothing is searched.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from tariffimpact.answers import Answer
from tariffimpact.errors import require
from tariffimpact.interval import Interval
from tariffimpact.uncertainty.inputs import Input, Inputs, Model
from tariffimpact.uncertainty.phrasing import defined_share, form, input_value, quantity
from tariffimpact.uncertainty.search import (
    Box,
    Point,
    Search,
    corners,
    explains,
    lines_through,
    lowest,
    monotone,
    still,
)
from tariffimpact.units import listed

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Method = Literal["vertices", "analytic", "search"]
_HOW: Final[dict[Method, str]] = {
    "vertices": "exact, at corners of the ranges",
    "analytic": "exact, by formula",
    "search": "found by a search",
}


@dataclass(frozen=True, slots=True)
class Ends:
    """The lowest and the highest answer, and the inputs at which each is attained."""

    low: float
    """NaN where the model has no answer anywhere."""
    high: float
    low_at: Mapping[str, float]
    high_at: Mapping[str, float]
    gaps: tuple[Interval, ...] = ()
    """Stretches between the ends that no answer falls into, from below."""


@dataclass(frozen=True, slots=True, repr=False)
class Bounds(Answer):
    """The range of a model's answer over the ranges of its inputs."""

    low: float
    """The lowest answer; NaN where the model has none anywhere ("no price does")."""
    high: float
    """The highest answer; NaN where the model has none anywhere."""
    low_at: Mapping[str, float]
    """The inputs at which the lowest answer is attained."""
    high_at: Mapping[str, float]
    """The inputs at which the highest answer is attained."""
    method: Method
    """How the ends were found: at corners, by a formula of the model, or by a search."""
    gaps: tuple[Interval, ...]
    """Stretches between the ends known to hold no answer, from below."""
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
        """Whether the ends come from the corners of the box or a formula, not from a search."""
        return self.method != "search"

    def summary(self) -> str:
        """Return the range and how firm it is, in a sentence or two."""
        if not self.has_answer:
            return self._none()
        if self.low == self.high:
            return f"The {self.name} is {quantity(self.low, self.unit)}, whatever the inputs are."
        how = _HOW[self.method]
        if self.turns_in and not self.is_exact:
            how += f", for it both rises and falls with {listed(list(self.turns_in))}"
        return (
            f"The {self.name} is {quantity(self.interval, self.unit)}: lowest at "
            f"{self._place(self.low_at)}, highest at {self._place(self.high_at)} ({how})"
            f"{'; ' * bool(self.gaps)}{self.gap_words()}"
            f"{defined_share(self.undefined, self.tried, 'points tried')}."
        )

    def gap_words(self) -> str:
        """Return where between the ends no answer falls, in words; blank where it is not known."""
        listing = listed([quantity(gap, self.unit) for gap in self.gaps])
        return f"none within {listing}" if listing else ""

    def _none(self) -> str:
        if self.method == "analytic":
            return f"There is no {self.name} anywhere in the ranges, by formula."
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
        if self.method == "analytic" and not self.has_answer:
            done = "That the model has none anywhere is known by formula, not only at these points."
        elif self.method == "analytic":
            done = (
                "The ends come from a formula of the model, not from a search: both are attained, "
                "and exact to rounding."
            )
        elif self.is_exact:
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
    ends: Ends | None = None,
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
    ends
        The ends, where a formula of the model gives them.

    Returns
    -------
    Bounds
        With `method` "analytic" where the ends were given, "vertices" where the model is monotone
        in each input on all the lines, and "search" where it is not; with both ends NaN where the
        model has no answer anywhere.

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
    samples = lines_through(box.size, lines)
    points = samples.reshape(-1 if box.size else 0, box.size)
    answers = box(points).reshape(samples.shape[:-1])
    seen = list(zip(box.names, answers, strict=True))
    turning = tuple(key for key, block in seen if not monotone(block).all())
    at, values = corners(box, answers)
    tried, undefined = box.evaluations, box.undefined
    method: Method = "analytic"
    if ends is None:
        method = "vertices" if not turning and explains(values, answers) else "search"
        ends = _ends(Search(box, points, answers.reshape(-1), at, values), method, read)
    return Bounds(
        low=ends.low,
        high=ends.high,
        low_at=ends.low_at,
        high_at=ends.high_at,
        method=method,
        gaps=ends.gaps,
        turns_in=turning,
        idle=tuple(key for key, block in seen if still(block)),
        undefined=undefined,
        tried=tried,
        evaluations=box.evaluations,
        inputs=read,
        name=name,
        unit=unit,
    )


def _ends(search: Search, method: Method, read: Inputs) -> Ends:
    """Return the ends at the corners, or those a search leads to."""
    box = search.box
    if not search.has_answer:
        low = high = Point(np.full(box.size, np.nan), float("nan"))
    elif method == "vertices":
        low, high = search.ends()
    else:
        low, high = lowest(search), lowest(search, sign=-1)
    return Ends(
        low.value, high.value, box.place(low.at, read.stated), box.place(high.at, read.stated)
    )
