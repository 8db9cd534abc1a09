"""Tariff rates over time, and what happened meanwhile."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from tariffimpact import units
from tariffimpact.charts.axes import (
    date_axis,
    day_at,
    measure,
    value_axis,
)
from tariffimpact.charts.courses import Course, courses_of
from tariffimpact.charts.curves import line_colour
from tariffimpact.charts.flags import raise_flags
from tariffimpact.charts.fonts import wrapped
from tariffimpact.charts.frames import checked
from tariffimpact.charts.framing import drawing, fit
from tariffimpact.charts.marks import end_labels, lines_height
from tariffimpact.charts.style import (
    SIZE,
    TEXT_ON_WHITE,
    UNDERLAY,
    figure_of,
)
from tariffimpact.units import percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_HEIGHT: Final = 2.7
_SPIKE: Final = 2.0
_SPIKE_ROOM: Final = 0.19
_SPIKE_NAME: Final = 140.0
_NEAR: Final = 0.4
_LINE: Final = 2.2
_BUNDLE: Final = 7.0


@dataclass(frozen=True, slots=True)
class _Spike:
    """A run of rates above what is drawn to scale, and the highest of them."""

    course: Course
    start: float
    end: float
    rate: float
    first: float
    past: float

    def words(self) -> str:
        """Return the highest rate, and the first and last day it held."""
        name = f"{percent(self.rate, 0)} on {self.course.origin}"
        first, last = (
            units.day(day_at(day), short=True)[:-5] for day in (self.first, self.past - 1)
        )
        days = f"{first} only" if first == last else f"{first} to {last}"
        return f"{wrapped(name, _SPIKE_NAME, SIZE, lines=1)}\n{days}"


def tariff_steps(
    frame: pd.DataFrame,
    *,
    until: date | None = None,
    events: pd.DataFrame | None = None,
    source: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the tariff by origin as steps over time, with events marked on top.

    A rate that held only briefly and towers over the rest runs off the top and is named there, so
    that the rest stays readable. Lines that share a rate run side by side.

    Parameters
    ----------
    frame
        One row per change: `origin` (display name), `starts_on` (first day), `low` and `high`
        (fractions of customs value; equal where the rate is known, NaN where nothing is known).
    until
        Day to which the last row of each origin holds; a month after the last change if None.
    events
        Optional rows `day`, `label` and `detail` (short texts, `detail` may be blank).
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones if None.

    Returns
    -------
    Axes
        Per origin one step line, or two with the band between them where low and high differ.

    Raises
    ------
    ModelError
        If a column is missing or there is no row.
    """
    first, last, courses = courses_of(frame, "tariff_steps", until)
    with drawing(ax, height=lines_height(len(courses), _HEIGHT), source=source) as axes:
        axes.set_xlim(courses[0].days[-1] - (last - first).days, courses[0].days[-1])
        ceiling = _ceiling(courses)
        clusters = _clusters(_spikes(courses, ceiling), (last - first).days)
        tallest = max(map(len, clusters), default=0)
        axes.set_ylim(0, ceiling * (1.06 + _SPIKE_ROOM * tallest))
        measure(axes, "y", "Tariff as a share of customs value")
        value_axis(axes, "y", "percent")
        date_axis(axes, first, last)
        axes.xaxis.grid(visible=False)
        apart = min(_LINE, _BUNDLE / max(len(courses) - 1, 1))
        for place, course in enumerate(courses):
            _draw(axes, course, apart * (place - (len(courses) - 1) / 2))
        ends = [
            (_last_height(c, ceiling), c.origin, c.last_words(), line_colour(c.place))
            for c in courses
        ]
        fit(axes)
        end_labels(axes, courses[0].days[-1], ends, room=100)
        fit(axes)
        for cluster in clusters:
            _name_spikes(axes, cluster)
        if events is not None and len(events):
            raise_flags(axes, checked(events, "tariff_steps events", ("day", "label", "detail")))
    return axes


def _last_height(course: Course, ceiling: float) -> float:
    """Return where its line ends, or zero where nothing is known."""
    return 0.0 if math.isnan(course.high[-1]) else min(course.high[-1], ceiling)


def _ceiling(courses: Sequence[Course]) -> float:
    """Return the highest rate to be drawn to scale.

    That is the highest of all, unless it is more than twice the rate that nine tenths of the time
    stay under.
    """
    held = sorted(spell for c in courses for spell in c.spells() if math.isfinite(spell[0]))
    if not held:
        return 0.1
    total, so_far, usual = sum(days for _, days in held), 0.0, 0.0
    for rate, days in held:
        so_far += days
        usual = rate
        if so_far >= 0.9 * total:
            break
    return max((rate for rate, _ in held if rate <= _SPIKE * usual), default=usual) or 0.1


def _draw(ax: Axes, course: Course, shift: float) -> None:
    """Draw one origin's steps, moved up by `shift` points so that shared rates stay visible."""
    from matplotlib.transforms import ScaledTranslation

    figure, colour = figure_of(ax), line_colour(course.place)
    moved = ax.transData + ScaledTranslation(0, shift / 72, figure.dpi_scale_trans)
    looks: dict[str, Any] = {
        "where": "post",
        "color": colour,
        "transform": moved,
        "zorder": 4,
    }
    ax.step(course.days, course.high, linewidth=_LINE, **looks)
    if course.low != course.high:
        ax.step(course.days, course.low, linewidth=_LINE, **looks)
        ax.fill_between(
            course.days,
            course.low,
            course.high,
            step="post",
            color=colour,
            alpha=0.16,
            linewidth=0,
            transform=moved,
            zorder=2,
        )


def _spikes(courses: Sequence[Course], ceiling: float) -> list[_Spike]:
    """Return every unbroken run of rates above the ceiling, by its first day."""
    spikes = []
    for course in courses:
        run: list[int] = []
        for n, rate in enumerate([*course.high[:-1], 0.0]):
            if rate > ceiling:
                run.append(n)
            elif run:
                peak = max(run, key=lambda n: course.high[n])
                spikes.append(
                    _Spike(
                        course=course,
                        start=course.days[run[0]],
                        end=course.days[run[-1] + 1],
                        rate=course.high[peak],
                        first=course.days[peak],
                        past=course.days[peak + 1],
                    )
                )
                run = []
    return sorted(spikes, key=lambda spike: spike.start)


def _clusters(spikes: Sequence[_Spike], span: float) -> list[list[_Spike]]:
    """Return spikes too near to each other to be named apart as one cluster each."""
    clusters: list[list[_Spike]] = []
    for spike in spikes:
        if clusters and spike.start - max(s.end for s in clusters[-1]) < _NEAR * span:
            clusters[-1].append(spike)
        else:
            clusters.append([spike])
    return clusters


def _name_spikes(ax: Axes, cluster: Sequence[_Spike]) -> None:
    """Name the rates of a cluster that run off the top, one name under another beside it."""
    low, high = ax.get_xlim()
    start, end = min(s.start for s in cluster), max(s.end for s in cluster)
    side = 1 if end < low + (1 - _NEAR) * (high - low) else -1
    for down, spike in enumerate(cluster):
        colour = line_colour(spike.course.place)
        ax.annotate(
            spike.words(),
            (end if side > 0 else start, 1),
            xycoords=("data", "axes fraction"),
            xytext=(7 * side, -2 - 26 * down),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="top",
            color=TEXT_ON_WHITE.get(colour, colour),
            linespacing=1.1,
            bbox=UNDERLAY,
            zorder=6,
        )
        ax.axvspan(spike.start, spike.end, color=colour, alpha=0.13, linewidth=0, zorder=0.5)
        ax.plot(
            [(spike.first + spike.past) / 2],
            [1],
            marker="^",
            markersize=7,
            color=colour,
            clip_on=False,
            transform=ax.get_xaxis_transform(),
            linestyle="none",
            zorder=6,
        )
