"""Scales, ticks and words for numbers: what the axes of every chart have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from tariffimpact.charts.fonts import legible, wrapped
from tariffimpact.charts.framing import fit
from tariffimpact.charts.style import (
    GREY_TEXT,
    GRID,
    INK,
    SIZE,
    UNDERLAY,
    figure_of,
    is_narrow,
    renderer,
)
from tariffimpact.units import big_money, day, money, percent, ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Form = Literal["percent", "ratio", "money", "cents"]
"""How a number is written: as a percentage, as it stands, as money, or money in cents."""

ROW_NAME: Final = "row-name"
"""Marks the texts that name rows above their marks: no widening of the axis moves them."""

_LARGE: Final = 1_000_000
_SPARE: Final = 4
_EPOCH: Final = date(1970, 1, 1).toordinal()
_NEAR: Final = 0.14


def worded(value: float, form: Form, currency: str = "USD", digits: int | None = None) -> str:
    """Return a number as a label prints it.

    Examples
    --------
    >>> worded(0.111, "percent"), worded(1.11, "ratio"), worded(549.99, "money")
    ('11.1%', '1.11', '$549.99')
    """
    if form == "percent":
        return percent(value, 1 if digits is None else digits)
    if form == "ratio":
        return ratio(value, 2 if digits is None else digits)
    if form == "cents":
        return f"{ratio(100 * value, 1 if digits is None else digits)}¢"
    if abs(value) >= _LARGE:
        return legible(big_money(value, currency))
    return legible(money(value, currency, digits))


def span_worded(
    low: float, high: float, form: Form, currency: str = "USD", digits: int | None = None
) -> str:
    """Return a range as a label prints it, with the unit once where it can be.

    Examples
    --------
    >>> span_worded(0.019, 0.024, "percent"), span_worded(0.69, float("inf"), "percent")
    ('1.9–2.4%', 'at least 69.0%')
    """
    first, last = (worded(end, form, currency, digits) for end in (low, high))
    if not math.isfinite(low):
        return "unknown" if not math.isfinite(high) else f"at most {last}"
    if not math.isfinite(high):
        return f"at least {first}"
    if first == last:
        return first
    if form in ("percent", "cents") and low >= 0:
        return f"{first[:-1]}–{last}"
    return f"{first}–{last}" if low >= 0 else f"{first} to {last}"


def value_axis(
    ax: Axes,
    which: Literal["x", "y"],
    form: Form,
    currency: str = "USD",
    *,
    count: int = 5,
    stretch: bool = False,
) -> None:
    """Put round, labelled values and faint lines on an axis.

    Parameters
    ----------
    count
        How many steps at most.
    stretch
        Whether the limits may move out a little to end on a round value.
    """
    from matplotlib.ticker import MaxNLocator

    axis = ax.xaxis if which == "x" else ax.yaxis
    low, high = sorted(ax.get_xlim() if which == "x" else ax.get_ylim())
    if axis.get_scale() == "log":
        ticks = _log_ticks(low, high, 4 if is_narrow(ax) else 7)
    else:
        count = min(count, 4) if is_narrow(ax) and which == "x" else count
        locator = MaxNLocator(nbins=count, steps=[1, 2, 2.5, 5, 10])
        spare = (high - low) * (_NEAR if stretch else 1e-9)
        ticks = [float(t) for t in locator.tick_values(low, high)]
        ticks = [t for t in ticks if low - spare <= t <= high + spare]
        if stretch and ticks:
            ends = min(low, ticks[0]), max(high, ticks[-1])
            (ax.set_xlim if which == "x" else ax.set_ylim)(*ends)
    axis.set_ticks(ticks, labels=tick_words(ticks, form, currency), minor=False)
    axis.set_ticks([], minor=True)
    axis.grid(visible=True, color=GRID, linewidth=0.8)


def tick_words(ticks: Sequence[float], form: Form, currency: str = "USD") -> list[str]:
    """Return the labels of an axis, all with the fewest decimals that keep them true."""
    if form == "money" and any(abs(t) >= _LARGE for t in ticks):
        return [worded(t, form, currency) for t in ticks]
    scale = 100.0 if form in ("percent", "cents") else 1.0
    near = 1e-6 * max((abs(t) for t in ticks), default=1.0) * scale
    digits = next(
        (n for n in range(6) if all(abs(round(t * scale, n) - t * scale) <= near for t in ticks)), 6
    )
    if form == "money" and digits == 1:
        digits = 2  # money has cents or none
    return [worded(t, form, currency, digits) for t in ticks]


def date_axis(ax: Axes, first: date, last: date) -> None:
    """Put month names on the x axis of dates, the year under January and under the first."""
    months = (last.year - first.year) * 12 + last.month - first.month
    most = 4 if is_narrow(ax) else 8
    step = next((n for n in (1, 2, 3, 6, 12, 24, 60) if months / n <= most), 120)
    start = first.year * 12 + first.month - 1
    start += -start % step
    if start == first.year * 12 + first.month - 1 and first.day > 1:
        start += step
    stops = [date(n // 12, n % 12 + 1, 1) for n in range(start, last.year * 12 + last.month, step)]
    seen: set[int] = set()
    labels = []
    for stop in stops:
        labels.append(
            day(stop, short=True).split()[1] + ("" if stop.year in seen else f"\n{stop.year}")
        )
        seen.add(stop.year)
    ax.set_xticks([day_number(stop) for stop in stops], labels=labels)


def day_number(day: date) -> float:
    """Return a day as a place on an axis of dates: days since the start of 1970."""
    return float(day.toordinal() - _EPOCH)


def day_at(number: float) -> date:
    """Return the day at a place on an axis of dates."""
    return date.fromordinal(int(number) + _EPOCH)


def measure(ax: Axes, which: Literal["x", "y"], text: str) -> None:
    """Name what an axis measures, and its unit."""
    room = math.inf
    if is_narrow(ax):
        if which == "y":
            fit(ax, looks=1)
        left = ax.get_position().x0 if which == "y" else 0.0
        room = figure_of(ax).get_figwidth() * 72 * (1 - left) - 8
    text = legible(text) if room == math.inf else wrapped(text, room, SIZE, lines=3)
    if which == "x":
        ax.set_xlabel(text, color=GREY_TEXT, fontsize=SIZE, labelpad=5)
    else:  # along the top, where it is read before the values
        ax.annotate(
            text,
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 9),
            textcoords="offset points",
            ha="left",
            va="bottom",
            color=GREY_TEXT,
            fontsize=SIZE,
            annotation_clip=False,
            bbox=UNDERLAY,
            zorder=5,
        )


def base_line(ax: Axes, at: float = 0.0, *, upright: bool = True) -> None:
    """Draw the line from which bars are measured."""
    draw = ax.axvline if upright else ax.axhline
    draw(at, color=INK, linewidth=0.9, zorder=2.5)


def widen(ax: Axes) -> None:
    """Stretch the x axis until the labels beside the marks lie within the plot area."""
    labels = [text for text in ax.texts if text.get_in_layout() and text.get_gid() != ROW_NAME]
    for label in labels:  # the plot area is to be as wide as if they were inside it
        label.set_in_layout(False)
    fit(ax)
    for label in labels:
        label.set_in_layout(True)
    measurer = renderer(ax)
    spare = _SPARE * figure_of(ax).dpi / 72
    for _ in range(12):
        box = ax.get_window_extent()
        reach = [label.get_window_extent(measurer) for label in labels]
        left = max((box.x0 + spare - r.x0 for r in reach), default=0.0)
        right = max((r.x1 - box.x1 + spare for r in reach), default=0.0)
        if left <= 0.5 and right <= 0.5:
            break
        back = ax.transData.inverted()
        ends = [(box.x0 - max(left, 0.0), box.y0), (box.x1 + max(right, 0.0), box.y0)]
        ax.set_xlim(*(float(back.transform(end)[0]) for end in ends))


def _log_ticks(low: float, high: float, most: int) -> list[float]:
    """Return 1, 2, 5, 10, … within the limits, thinned to a handful."""
    tens = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [m * 10.0**n for n in tens for m in steps if low <= m * 10.0**n <= high]
        if len(ticks) <= most:
            break
    return ticks[:: -(-len(ticks) // most)]
