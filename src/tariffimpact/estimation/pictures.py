"""The charts of an answer, each with its finding in words and the numbers it draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tariffimpact import charts, units
from tariffimpact.estimation.answer import Estimation
from tariffimpact.estimation.definitions import MEANINGS, Coefficient

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tariffimpact.charts.axes import Form


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart: its finding, its measure, its numbers, and how it is drawn."""

    name: str
    title: str
    subtitle: str
    frame: pd.DataFrame
    draw: Callable[[], Axes]
    source: str

    def framed(self) -> Figure:
        """Return the chart with title, measure and source, to share."""
        return charts.framed(
            self.draw(), title=self.title, subtitle=self.subtitle, source=self.source
        )


def pictures(found: Estimation) -> tuple[Picture, ...]:
    """Return the charts of an answer, the groups' own paths first."""
    makers = (_paths, _event, _cumulative, _placebos)
    return tuple(picture for make in makers for picture in make(found))


def _source(found: Estimation) -> str:
    return f"{found.short_name}; {found.n:,} prices of {found.units:,} units"


def _paths(found: Estimation) -> Iterator[Picture]:
    if not found.indices and found.synthetic is None:
        return
    frame = found.paths_frame()
    synthetic = found.synthetic is not None
    base = _base(found)
    subtitle = (
        "Treated, and the weighted mean of the untreated that moved with it before"
        if synthetic
        else f"Matched-model price index of each group, change since {base}"
    )
    yield Picture(
        "groups",
        _moved(found),
        subtitle,
        frame,
        lambda: charts.group_paths(
            frame, event=found.labels[found.start], form="ratio" if synthetic else "percent"
        ),
        _source(found),
    )


def _moved(found: Estimation) -> str:
    """Return what the groups did as a title says it."""
    if found.synthetic is not None:
        gap = found.synthetic.effect
        name, label = found.groups[0].name, found.labels[found.start]
        side = "above" if gap > 0 else "below"
        return f"From {label} on, {name} is {abs(gap):.3g} {side} its synthetic control on average"
    moves = units.listed(
        [f"{one.group} by {_signed(one.since(found.start - 1)[-1])}" for one in found.indices]
    )
    if found.difference_from_controls:
        return f"The difference comes from the controls: since {_base(found)} prices moved, {moves}"
    return f"Since {_base(found)} prices moved: {moves}"


def _base(found: Estimation) -> str:
    """Return the last period before the event, from which the groups' paths are told."""
    return found.labels[max(found.start - 1, 0)]


def _signed(change: float) -> str:
    return (
        "unknown" if math.isnan(change) else f"{'+' if change > 0 else ''}{units.percent(change)}"
    )


def _form(one: Coefficient) -> Form:
    return "percent" if one.definition in ("log_change", "percent_change") else "ratio"


def _rows(coefficients: tuple[Coefficient, ...]) -> pd.DataFrame:
    import pandas as pd

    columns = ["term", "periods_after", "estimate", "low", "high", "definition"]
    return pd.DataFrame([one.record() for one in coefficients], columns=columns)


def _event(found: Estimation) -> Iterator[Picture]:
    if not found.event:
        return
    frame, form = _rows(found.event), _form(found.event[0])
    last = found.event[-1]
    said = _worded(last, form)
    before = [one for one in found.event if (one.periods_after or 0) < -1]
    off = sum(not one.low <= 0 <= one.high for one in before)
    yield Picture(
        "event",
        f"{last.periods_after} periods after, the effect is {said}; {off} of {len(before)} periods "
        "before differ from zero",
        f"Effect by period, {MEANINGS[last.definition]}; 95% intervals",
        frame,
        lambda: charts.event_effects(frame, form=form),
        _source(found),
    )


def _cumulative(found: Estimation) -> Iterator[Picture]:
    if not found.cumulative:
        return
    frame, form = _rows(found.cumulative), _form(found.cumulative[0])
    last = found.cumulative[-1]
    yield Picture(
        "cumulative",
        f"{last.periods_after} periods after the change, {_worded(last, form)} had been passed on",
        f"Running sum of the response, {MEANINGS[last.definition]}; 95% interval",
        frame,
        lambda: charts.cumulative_response(frame, form=form),
        _source(found),
    )


def _placebos(found: Estimation) -> Iterator[Picture]:
    import pandas as pd

    values = found.placebos.groups
    if len(values) < 3:
        return
    form: Form = "ratio" if found.synthetic or found.groups[0].signed else "percent"
    as_large = sum(abs(value) >= abs(values[0]) - 1e-15 for value in values[1:])
    frame = pd.DataFrame(
        {"kind": ["estimate", *["placebo"] * (len(values) - 1)], "value": values, "label": ""}
    )
    frame.loc[0, "label"] = found.groups[0].name
    what = "units that can be followed as well" if found.synthetic else "groups of other units"
    yield Picture(
        "placebos",
        f"{as_large:,} of {len(values) - 1:,} {what} differ as much as {found.groups[0].name}",
        "Mean gap to the synthetic control after the event"
        if found.synthetic
        else "Difference of the groups' mean changes, after less before, log prices",
        frame,
        lambda: charts.placebo_spread(frame, form=form),
        _source(found),
    )


def _worded(one: Coefficient, form: Form) -> str:
    if not (math.isfinite(one.low) and math.isfinite(one.high)):
        return "unknown"
    return units.percent(one.interval) if form == "percent" else units.ratio(one.interval)
