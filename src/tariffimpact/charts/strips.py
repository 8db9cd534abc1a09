"""Rates of many origins over time, one strip each, so that ranges never cover each other."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.charts.axes import date_axis, day_number, measure
from tariffimpact.charts.courses import Course, courses_of
from tariffimpact.charts.framing import drawing, fit
from tariffimpact.charts.marks import label_rows
from tariffimpact.charts.style import BLUE, GREY_TEXT, GRID, INK, SIZE, SKY, SMALL, UNDERLAY

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_STRIP: Final = 0.62
"""Height of a strip with the gap above it, inches."""
_FULL: Final = 0.84
"""Share of it that the highest rate drawn to scale takes."""
_LASTING: Final = 60
"""Days a rate must hold to be drawn to scale; a higher one is cut and named."""


def rate_strips(
    frame: pd.DataFrame,
    *,
    until: date | None = None,
    source: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the rate of each origin over time in a strip of its own, all to one scale.

    What is certain is filled, what is open above it is filled lightly. A rate above all that held
    for two months is cut at the strip's top and named there.

    Parameters
    ----------
    frame
        One row per origin and change: `origin` (display name), `starts_on` (first day), `low` and
        `high` (fractions of customs value; equal where the rate is known). Strips stand in the
        order of first appearance.
    until
        Day to which the last row of each origin holds; a month after the last change if None.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones if None.

    Returns
    -------
    Axes
        Per origin the filled range, its rate at the end at the right.

    Raises
    ------
    ModelError
        If a column is missing or there is no row.
    """
    first, last, courses = courses_of(frame, "rate_strips", until)
    scale = max(1, math.ceil(10 * max(map(_lasting, courses)) - 1e-9)) / 10
    with drawing(ax, height=_STRIP * len(courses) + 0.1, source=source) as axes:
        axes.set_xlim(day_number(first), day_number(last))
        date_axis(axes, first, last)
        axes.xaxis.grid(visible=True, color=GRID, linewidth=0.8)
        for course in courses:
            _strip(axes, course, scale)
        rows = [0.3 - course.place for course in courses]
        label_rows(axes, rows, [course.origin for course in courses])
        axes.set_ylim(-len(courses) + 0.94, 1.0)
        measure(axes, "y", f"Share of customs value; each strip is {scale:.0%} high. "
                           "Dark: at least; light: at most")  # fmt: skip
        fit(axes)
    return axes


def _lasting(course: Course) -> float:
    """Return the highest rate at or above which the origin was for two months."""
    held = sorted(course.spells(), reverse=True)
    total = 0.0
    for rate, span in held:
        total += span
        if total >= _LASTING and math.isfinite(rate):
            return rate
    return held[-1][0] if held else 0.0


def _strip(ax: Axes, course: Course, scale: float) -> None:
    """Draw one origin above its base line and word the rate it ends with."""
    base, days, low, high = -float(course.place), course.days, course.low, course.high

    def at(rates: tuple[float, ...]) -> list[float]:
        return [base + _FULL * min(rate, scale) / scale for rate in rates]

    looks: dict[str, Any] = {"step": "post", "linewidth": 0, "zorder": 3}
    ax.fill_between(days, base, at(low), color=BLUE, **looks)
    ax.fill_between(days, at(low), at(high), color=SKY, alpha=0.45, **looks)
    ax.axhline(base, color=GREY_TEXT, linewidth=0.8, zorder=4)
    ax.annotate(
        course.last_words(), (1, base + 0.3), xycoords=("axes fraction", "data"), xytext=(6, 0),
        textcoords="offset points", va="center", fontsize=SIZE, fontweight="bold", color=INK,
    )  # fmt: skip
    peak = max(range(len(high) - 1), key=lambda n: high[n])
    if high[peak] > scale:
        end = next(d for d, rate in zip(days[peak:], high[peak:], strict=True) if rate <= scale)
        ax.annotate(
            f"{high[peak]:.0%}, cut off", (end, base + _FULL), xytext=(4, 0),
            textcoords="offset points", va="top", fontsize=SMALL, color=GREY_TEXT, bbox=UNDERLAY,
        )  # fmt: skip
