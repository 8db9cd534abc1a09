"""The tornado: each input across its own range, the others at their base."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tariffimpact.answers import Answer
from tariffimpact.errors import ModelError, require
from tariffimpact.interval import Interval
from tariffimpact.uncertainty.distributions import Array, Distribution
from tariffimpact.uncertainty.inputs import Input, Inputs, Model, evaluate
from tariffimpact.uncertainty.phrasing import form, input_value, quantity

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_POINTS: Final = 33
_TAIL: Final = 0.05


@dataclass(frozen=True, slots=True)
class Swing:
    """How far the answer moves when one input crosses its range."""

    input: str
    low_input: float
    high_input: float
    low_output: float
    """The answer at `low_input`; NaN where the model has none."""
    high_output: float
    """The answer at `high_input`; NaN where the model has none."""
    reach: Interval | None
    """The lowest and the highest answer on the way, the ends included; None where there is none."""

    @property
    def turns(self) -> bool:
        """Whether the answer goes further on the way than at the ends."""
        if self.reach is None:
            return False
        ends = (self.low_output, self.high_output)
        slack = 1e-9 * self.reach.magnitude.high
        return not (self.reach.low >= min(ends) - slack and self.reach.high <= max(ends) + slack)

    @property
    def width(self) -> float:
        """How far the answer moves."""
        return 0.0 if self.reach is None else self.reach.width


@dataclass(frozen=True, slots=True, repr=False)
class Tornado(Answer):
    """The swings of an answer, the widest first."""

    swings: tuple[Swing, ...]
    base: float
    """The answer with every input at its base; NaN where there is none."""
    base_at: Mapping[str, float]
    inputs: Inputs
    name: str
    unit: str

    def summary(self) -> str:
        """Return the input that moves the answer most, and by how much."""
        first = self.swings[0]
        if math.isnan(self.base):
            start = f"At base there is no {self.name}"
        else:
            start = f"At base the {self.name} is {quantity(self.base, self.unit)}"
        if first.reach is None:
            return f"{start}, nor anywhere one input alone leads to."
        if not first.width:
            return f"{start}, and no input moves it."
        return (
            f"{start}; {first.input} moves it most: {quantity(first.reach, self.unit)} as it goes "
            f"from {input_value(first.low_input)} to {input_value(first.high_input)}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per input, the widest swing first.

        Columns `input, low_input, high_input, low_output, high_output, base, lowest, highest,
        turns`: the answers at the ends, and the lowest and highest on the way.
        """
        import pandas as pd

        ends = ("input", "low_input", "high_input", "low_output", "high_output")
        frame = pd.DataFrame({name: [getattr(x, name) for x in self.swings] for name in ends})
        reaches = [(math.nan, math.nan) if x.reach is None else (x.reach.low, x.reach.high)
                   for x in self.swings]  # fmt: skip
        frame["base"] = self.base
        frame[["lowest", "highest"]] = reaches
        return frame.assign(turns=[swing.turns for swing in self.swings])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw one bar per input, the widest on top; an end without an answer stays at base.

        Raises
        ------
        ModelError
            If there is no answer at base.
        """
        require(math.isfinite(self.base), f"there is no {self.name} at base; give another base")
        from tariffimpact import charts

        frame = self.to_frame()
        frame["input"] = frame["input"].str.replace("_", " ")
        for end in ("low", "high"):
            missing = frame[f"{end}_output"].isna()
            words = frame[f"{end}_input"].map(input_value)
            frame[f"{end}_input"] = words + missing.map({True: ": no answer", False: ""})
            frame[f"{end}_output"] = frame[f"{end}_output"].fillna(self.base)
        return charts.tornado(frame, **form(self.unit)._asdict(), x_label=self.name, ax=ax)

    def explain(self) -> str:
        """Return the base, the ranges, and what a tornado leaves out."""
        base = "\n".join(f"  {key} = {value:.6g}" for key, value in self.base_at.items())
        return (
            f"Base:\n{base}\nRanges:\n{self.inputs.describe()}\n"
            "An interval is crossed from end to end, a distribution from its 5th to its 95th "
            "percentile.\nOne input moves at a time: what two do together is not in it (see sobol)."
        )


def tornado(
    model: Model,
    inputs: Mapping[str, Input] | Inputs,
    *,
    base: Mapping[str, float] | None = None,
    name: str = "result",
    unit: str = "",
) -> Tornado:
    """Return how far the answer moves as each input crosses its range, the others at base.

    Parameters
    ----------
    model
        A function of the inputs by name that takes arrays (see `elementwise`).
    inputs
        A number, an interval or a distribution for each. An interval is crossed from end to end, a
        distribution from its 5th to its 95th percentile.
    base
        Where the others stay; left out, the middle of an interval and the median of a distribution.
    name, unit
        What the answer is; `unit` a currency code, `fraction`, or blank.

    Raises
    ------
    ModelError
        If an input is faulty, or none varies.

    Examples
    --------
    >>> rise = tornado(lambda tariff, share: 100 * tariff * share,
    ...                {"tariff": "0.15..0.25", "share": "0.4..0.6"}, unit="USD", name="rise")
    >>> print(rise.summary())
    At base the rise is $10; tariff moves it most: $7.50 to $12.50 as it goes from 0.15 to 0.25.
    """
    read = Inputs.read(inputs)
    varying = read.distributions(needed=True)
    base_at = {**read.central(), **_known(base, read)}
    base_at = {key: base_at[key] for key in read.stated}
    at_base = float(evaluate(model, base_at, {}, 1)[0])
    at_base = at_base if math.isfinite(at_base) else math.nan
    swings = [
        _swing(model, base_at, key, _crossing(read, key, item)) for key, item in varying.items()
    ]
    swings.sort(key=lambda swing: -swing.width)
    return Tornado(tuple(swings), at_base, base_at, read, name, unit)


def _known(base: Mapping[str, float] | None, read: Inputs) -> Mapping[str, float]:
    if unknown := set(base or {}) - set(read.stated):
        raise ModelError(
            f"base names {', '.join(sorted(unknown))}, which is no input; "
            f"the inputs are {', '.join(read.stated)}"
        )
    return base or {}


def _crossing(read: Inputs, key: str, item: Distribution) -> Array:
    """Return the values an input takes on its way across."""
    stated = read.stated[key]
    if isinstance(stated, Interval):
        return np.linspace(stated.low, stated.high, _POINTS)
    low, high = item.quantile(np.array([_TAIL, 1 - _TAIL]))
    return np.linspace(low, high, _POINTS)


def _swing(model: Model, base: Mapping[str, float], key: str, values: Array) -> Swing:
    others = {name: value for name, value in base.items() if name != key}
    answers = evaluate(model, others, {key: values}, len(values))
    finite = answers[np.isfinite(answers)]
    return Swing(
        input=key,
        low_input=float(values[0]),
        high_input=float(values[-1]),
        low_output=float(answers[0]),
        high_output=float(answers[-1]),
        reach=Interval(float(finite.min()), float(finite.max())) if finite.size else None,
    )
