"""Estimates from a panel: the groups' own paths, the effect around an event, and placebos."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tariffimpact.charts.axes import (
    Form,
    base_line,
    measure,
    span_worded,
    value_axis,
    worded,
)
from tariffimpact.charts.curves import line_colour
from tariffimpact.charts.frames import checked, numbers, texts
from tariffimpact.charts.framing import drawing, fit
from tariffimpact.charts.marks import end_labels, key, lines_height, tell
from tariffimpact.charts.ranges import limits
from tariffimpact.charts.style import (
    BLUE,
    GREY,
    GREY_TEXT,
    INK,
    ORANGE,
    SMALL,
    UNDERLAY,
    is_narrow,
)
from tariffimpact.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_HEIGHT: Final = 2.8
_ROOM: Final = 115.0
_TICKS: Final = 7
_BINS: Final = 31
_STEPS: Final = (1, 2, 3, 5, 6, 10, 12, 24, 50, 100, 200, 500)


def group_paths(
    frame: pd.DataFrame,
    *,
    event: str = "",
    form: Form = "percent",
    y_label: str = "",
    source: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw what each group did, one line each, and when the treatment began.

    Parameters
    ----------
    frame
        One row per group and period: `group`, `time` (label), `place` (0, 1, …), `value` (in the
        unit that `form` names; missing where the group is not seen).
    event
        The label of the first treated period, marked by an upright line before it.
    form
        How the values are written: percent (of fractions), ratio or money.
    y_label
        What is drawn, and its unit.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones if None.

    Returns
    -------
    Axes
        One line per group, in the order of the frame, named where it ends.

    Raises
    ------
    ModelError
        If a column is missing, or there is no row.
    """
    data = checked(frame, "group_paths", ("group", "time", "place", "value"))
    height = lines_height(data["group"].nunique(), _HEIGHT)
    labels = _labels(data)
    with drawing(ax, height=height, source=source) as axes:
        axes.set_xlim(min(labels), max(max(labels), min(labels) + 1))
        axes.set_ylim(*_padded(numbers(data, "value")))
        value_axis(axes, "y", form, stretch=True)
        if y_label:
            measure(axes, "y", y_label)
        _period_axis(axes, labels)
        if form == "percent":
            base_line(axes, 0.0, upright=False)
        ends = []
        for n, (group, part) in enumerate(data.groupby("group", sort=False)):
            line = part.sort_values("place")
            values = line["value"].astype(float)
            axes.plot(line["place"], values, color=line_colour(n), linewidth=2.2)
            last = float(values.dropna().iloc[-1]) if values.notna().any() else math.nan
            ends.append((last, str(group), worded(last, form), line_colour(n)))
        _event_line(axes, labels, event)
        fit(axes, looks=1)
        end_labels(axes, axes.get_xlim()[1], [end for end in ends if end[0] == end[0]], room=_ROOM)
    return axes


def event_effects(
    frame: pd.DataFrame,
    *,
    form: Form = "percent",
    x_label: str = "Periods since the first treated one",
    y_label: str = "",
    source: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the effect by period around an event, with its interval.

    Parameters
    ----------
    frame
        One row per period: `periods_after` (below 0 before the event), `estimate`, `low`, `high`
        (in the unit that `form` names).
    form
        How the values are written: percent (of fractions), ratio or money.
    x_label, y_label
        What the axes measure.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones if None.

    Returns
    -------
    Axes
        A dot and an interval per period: grey before the event, blue from it on.

    Raises
    ------
    ModelError
        If a column is missing, or there is no row.
    """
    columns = ("periods_after", "estimate", "low", "high")
    data = checked(frame, "event_effects", columns).sort_values("periods_after")
    ends = [value for name in columns[1:] for value in numbers(data, name)]
    with drawing(ax, height=_HEIGHT, source=source) as axes:
        places = numbers(data, "periods_after")
        axes.set_xlim(min(places) - 0.7, max(places) + 0.7)
        axes.set_ylim(*_padded([0.0, *ends]))
        value_axis(axes, "y", form, stretch=True)
        if y_label:
            measure(axes, "y", y_label)
        measure(axes, "x", x_label)
        _whole_ticks(axes, min(places), max(places))
        base_line(axes, 0.0, upright=False)
        axes.axvline(-0.5, color=INK, linewidth=0.9, linestyle=(0, (3, 2)), zorder=2)
        for x, value, low, high in zip(
            places, *(numbers(data, name) for name in columns[1:]), strict=True
        ):
            colour = GREY if x < 0 else BLUE
            (reach,) = axes.plot([x, x], [low, high], color=colour, linewidth=1.6, zorder=3)
            (dot,) = axes.plot([x], [value], "o", color=colour, markersize=4.5, zorder=4)
            tell(f"{x:+.0f}: {worded(value, form)} ({span_worded(low, high, form)})", reach, dot)
        shown = [("Before, should lie at zero", {"color": GREY, "marker": "o"})]
        shown.append(("After, with 95% interval", {"color": BLUE, "marker": "o"}))
        key(axes, shown, gap=22.0 if y_label else 6.0)
    return axes


def cumulative_response(
    frame: pd.DataFrame,
    *,
    form: Form = "ratio",
    full: float | None = None,
    full_label: str = "",
    x_label: str = "Periods since the change",
    y_label: str = "",
    source: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw how much of a change has been passed on by each period, with its interval.

    Parameters
    ----------
    frame
        One row per period: `periods_after`, `estimate`, `low`, `high`.
    form
        How the values are written.
    full, full_label
        A value to compare with, and what it is.
    x_label, y_label
        What the axes measure.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones if None.

    Returns
    -------
    Axes
        One line and a band.

    Raises
    ------
    ModelError
        If a column is missing, or there is no row.
    """
    columns = ("periods_after", "estimate", "low", "high")
    data = checked(frame, "cumulative_response", columns).sort_values("periods_after")
    places, values, low, high = (numbers(data, name) for name in columns)
    marks = [] if full is None else [full]
    with drawing(ax, height=_HEIGHT, source=source) as axes:
        axes.set_xlim(min(places), max(max(places), min(places) + 1))
        axes.set_ylim(*_padded([0.0, *values, *low, *high, *marks]))
        value_axis(axes, "y", form, stretch=True)
        if y_label:
            measure(axes, "y", y_label)
        measure(axes, "x", x_label)
        _whole_ticks(axes, min(places), max(places))
        base_line(axes, 0.0, upright=False)
        axes.fill_between(places, low, high, color=BLUE, alpha=0.16, linewidth=0)
        axes.plot(places, values, color=BLUE, linewidth=2.4, zorder=4)
        if full is not None:
            axes.axhline(full, color=INK, linewidth=0.9, linestyle=(0, (3, 2)), zorder=2.5)
            _note(axes, axes.get_xlim()[0], full, full_label)
        fit(axes, looks=1)
        reach = span_worded(low[-1], high[-1], form)
        ends = [(values[-1], worded(values[-1], form), f"({reach})", BLUE)]
        end_labels(axes, axes.get_xlim()[1], ends, room=_ROOM)
    return axes


def placebo_spread(
    frame: pd.DataFrame,
    *,
    form: Form = "percent",
    x_label: str = "",
    source: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the estimate among those found where nothing happened.

    Parameters
    ----------
    frame
        One row per estimate: `kind` (`estimate` or `placebo`), `value` (in the unit that `form`
        names), and optionally `label`, printed at the estimate.
    form
        How the values are written.
    x_label
        What is counted along, and its unit.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones if None.

    Returns
    -------
    Axes
        Bars that count the placebos, and an upright line at the estimate.

    Raises
    ------
    ModelError
        If a column is missing, there is no placebo, or not exactly one estimate.
    """
    data = checked(frame, "placebo_spread", ("kind", "value"))
    own = data[data["kind"] == "estimate"]
    drawn = numbers(data[data["kind"] == "placebo"], "value")
    if len(own) != 1 or not drawn:
        raise ModelError("placebo_spread needs one row of kind estimate, and some of kind placebo")
    value = float(own["value"].iloc[0])
    with drawing(ax, height=2.2, source=source) as axes:
        low, high = limits([*drawn, value, 0.0], zero=True)
        air = 0.06 * (high - low)
        axes.set_xlim(low - air, high + air)
        heights, _, _ = axes.hist(
            drawn, bins=_BINS, range=axes.get_xlim(), color=GREY, linewidth=0, zorder=3
        )
        axes.set_ylim(0, 1.25 * max(1.0, float(max(heights))))
        value_axis(axes, "x", form)
        value_axis(axes, "y", "ratio", count=3)
        _whole_ticks(axes, *axes.get_ylim(), which="y")
        measure(axes, "y", "Placebos")
        if x_label:
            measure(axes, "x", x_label)
        axes.axvline(value, color=ORANGE, linewidth=2.4, zorder=5)
        label = (texts(own.reset_index(drop=True), "label")[0] or "Estimate").strip()
        side = "right" if value > (low + high) / 2 else "left"
        axes.annotate(
            f"{label} {worded(value, form)}",
            (value, 1),
            xycoords=("data", "axes fraction"),
            xytext=(-6 if side == "right" else 6, -4),
            textcoords="offset points",
            ha=side,
            va="top",
            color=ORANGE,
            fontweight="bold",
            bbox=UNDERLAY,
            zorder=6,
        )
    return axes


def _labels(data: pd.DataFrame) -> dict[float, str]:
    """Return the label of each place on the axis of periods."""
    pairs = zip(numbers(data, "place"), texts(data, "time"), strict=True)
    return dict(sorted(dict(pairs).items()))


def _period_axis(ax: Axes, labels: dict[float, str]) -> None:
    """Name some of the periods, evenly, the first among them."""
    places = list(labels)
    wanted = 4 if is_narrow(ax) else _TICKS
    step = max(1, math.ceil((len(places) - 1) / (wanted - 1)))
    shown = places[::step]
    ax.set_xticks(shown, labels=[labels[place] for place in shown])


def _whole_ticks(ax: Axes, low: float, high: float, which: str = "x") -> None:
    """Put ticks on whole numbers only, a handful of them."""
    step = next((n for n in _STEPS if (high - low) / n <= 9), 1000)
    start = math.ceil(low / step) * step
    ticks = [float(tick) for tick in range(start, math.floor(high) + 1, step)]
    (ax.set_xticks if which == "x" else ax.set_yticks)(
        ticks, labels=[worded(tick, "ratio", digits=0) for tick in ticks]
    )


def _event_line(ax: Axes, labels: dict[float, str], event: str) -> None:
    """Draw the line between the last untreated period and the first treated one."""
    place = next((place for place, label in labels.items() if label == event), None)
    if place is None:
        return
    ax.axvline(place - 0.5, color=INK, linewidth=0.9, linestyle=(0, (3, 2)), zorder=3)
    low, high = ax.get_xlim()
    side = -1 if place - low > 0.6 * (high - low) else 1
    ax.annotate(
        f"from {event}",
        (place - 0.5, 1),
        xycoords=("data", "axes fraction"),
        xytext=(5 * side, -3),
        textcoords="offset points",
        ha="left" if side > 0 else "right",
        va="top",
        fontsize=SMALL,
        color=GREY_TEXT,
        bbox=UNDERLAY,
    )


def _note(ax: Axes, x: float, y: float, words: str) -> None:
    ax.annotate(words, (x, y), xytext=(4, 3), textcoords="offset points", fontsize=SMALL,
                color=INK, bbox=UNDERLAY, zorder=5)  # fmt: skip


def _padded(values: Sequence[float]) -> tuple[float, float]:
    """Return limits with air around the finite values."""
    low, high = limits([value for value in values if math.isfinite(value)], zero=False)
    air = (high - low) * 0.08
    return low - air, high + air
