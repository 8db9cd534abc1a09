"""A question a case answers, and answers told over the ranges of their inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tariffimpact import uncertainty
from tariffimpact.answers import Answer
from tariffimpact.uncertainty import Bounds, Draws, Ends, Inputs, Model, Sensitivity, Tornado
from tariffimpact.uncertainty.inputs import Progress, Stated

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Question:
    """One figure of a case as a function of its uncertain inputs."""

    key: str
    """Short name: `pass-through`, `dollar`, `percent`, `profit`, `maximise`, `recovery` …"""
    name: str
    """What the figure is, for a sentence: "price that holds the dollar margin"."""
    unit: str
    """A currency code, `fraction`, or blank for a plain number."""
    model: Model
    inputs: Inputs
    steps: tuple[float, ...] = ()
    """Months of a path; empty where the answer is one figure. A path can only be drawn from."""
    ends: Callable[[Inputs], Ends | None] | None = None
    """How far the answer goes by a formula; it says None where the inputs do not allow it."""

    @classmethod
    def of(
        cls,
        key: str,
        name: str,
        unit: str,
        model: Model,
        inputs: Mapping[str, Stated],
        **more: Any,
    ) -> Question:
        """Return a question about inputs, which are checked; `more` are its other fields."""
        return cls(key, name, unit, model, Inputs(dict(inputs)), **more)

    @property
    def is_uncertain(self) -> bool:
        """Whether any input is more than one number."""
        return len(self.inputs.fixed) < len(self.inputs.stated)

    def at_base(self) -> float:
        """Return the answer at the middle of every range; NaN where there is none."""
        answer = self.model(**self.inputs.central())
        return float(np.asarray(answer).reshape(-1)[0])

    def bounds(self) -> Bounds:
        """Return how far the answer can go; see `uncertainty.bounds`."""
        known = self.ends(self.inputs) if self.ends else None
        return uncertainty.bounds(
            self.model, self.inputs, name=self.name, unit=self.unit, ends=known
        )

    def draws(self, *, n: int, seed: int, progress: Progress | None = None) -> Draws:
        """Return how the answer is spread; see `uncertainty.draws`."""
        return uncertainty.draws(
            self.model, self.inputs, n=n, seed=seed, name=self.name, unit=self.unit,
            steps=self.steps, progress=progress,
        )  # fmt: skip

    def tornado(self) -> Tornado:
        """Return which input moves the answer; see `uncertainty.tornado`."""
        return uncertainty.tornado(self.model, self.inputs, name=self.name, unit=self.unit)

    def sobol(self, *, n: int = 2**14, seed: int, progress: Progress | None = None) -> Sensitivity:
        """Return which input the answer's variance is due to; see `uncertainty.sobol`."""
        return uncertainty.sobol(
            self.model, self.inputs, n=n, seed=seed, name=self.name, progress=progress
        )


def reach(bounds: Bounds) -> dict[str, Any]:
    """Return the columns of how far an answer can go: `low`, `high`, `method`, `no_answer`."""
    return {
        "low": bounds.low,
        "high": bounds.high,
        "method": bounds.method,
        "no_answer": bounds.undefined / bounds.tried,
    }


@dataclass(frozen=True, slots=True, repr=False)
class CaseRanges(Answer):
    """What a case answers over its ranges, beside what it answers at the middle of them."""

    told: str
    ranges: Mapping[str, Bounds]
    middle: Answer
    unit: str
    """A currency code."""

    @property
    def is_uncertain(self) -> bool:
        """Whether any input is more than one number."""
        return any(bounds.low != bounds.high for bounds in self.ranges.values())

    def summary(self) -> str:
        """Return the answer over the ranges; the plain one where every input is one number."""
        return self.told if self.is_uncertain else self.middle.summary()

    def to_frame(self) -> pd.DataFrame:
        """Return one row per figure: `figure`, `name`, `low`, `high`, `method`, `no_answer`."""
        import pandas as pd

        return pd.DataFrame(
            {"figure": key, "name": bounds.name, **reach(bounds)}
            for key, bounds in self.ranges.items()
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the range of each figure in money."""
        import pandas as pd

        from tariffimpact import charts

        shown = [b for b in self.ranges.values() if b.has_answer and b.unit == self.unit]
        if not self.is_uncertain or not shown:
            return self.middle.plot(ax=ax)
        frame = pd.DataFrame(
            {"label": b.name[:1].upper() + b.name[1:], "low": b.low, "high": b.high} for b in shown
        )
        return charts.range_bars(frame, form="money", currency=self.unit, ax=ax)

    def explain(self) -> str:
        """Return how each range was found, and the method at the middle of every range."""
        found = [f"{b.name}: {b.explain()}" for b in self.ranges.values() if b.low != b.high]
        return "\n".join([*found, f"At the middle of every range: {self.middle.explain()}"])
