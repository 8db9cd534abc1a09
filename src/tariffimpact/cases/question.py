"""A question a case answers: a model, its inputs, and how sure the answer is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tariffimpact import uncertainty
from tariffimpact.uncertainty import Bounds, Draws, Ends, Inputs, Model, Sensitivity, Tornado
from tariffimpact.uncertainty.evaluation import Progress
from tariffimpact.uncertainty.inputs import Stated


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
        steps: tuple[float, ...] = (),
        ends: Callable[[Inputs], Ends | None] | None = None,
    ) -> Question:
        """Return a question about checked inputs."""
        return cls(key, name, unit, model, Inputs(dict(inputs)), steps, ends)

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
