"""Over time: prices above the duty that goods paid on the way in, and rates of many origins.

Each origin has a strip of its own, so that ranges never cover each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from tariffimpact import units
from tariffimpact.charts.axes import (
    ROW_NAME,
    date_axis,
    day_at,
    day_number,
    measure,
    span_worded,
    value_axis,
    worded,
)
from tariffimpact.charts.fonts import balanced, text_width, wrapped
from tariffimpact.charts.frames import checked, numbers, one_currency, texts
from tariffimpact.charts.framing import drawing, fit
from tariffimpact.charts.marks import end_labels, label_rows, spread, tell
from tariffimpact.charts.style import (
    BLUE,
    GREY,
    GREY_TEXT,
    GRID,
    INK,
    ORANGE,
    PAPER,
    SIZE,
    SKY,
    SMALL,
    TEXT_INSIDE,
    TEXT_ON_WHITE,
    UNDERLAY,
    figure_of,
    heat,
    is_narrow,
    look,
    renderer,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform

_STRIP: Final = 0.62
"""Height of a strip with the gap above it, inches."""
_FULL: Final = 0.84
"""Share of it that the highest rate drawn to scale takes."""
_LASTING: Final = 60
"""Days a rate must hold to be drawn to scale; a higher one is cut and named."""


_MAKERS: Final = (ORANGE, BLUE, GREY, SKY)
"""Colours of the groups of products, in the order of the frame; further groups are sky too."""
_PRICES: Final = 2.9
"""Height of the prices, inches."""
_CELL: Final = 17.0
_GAP: Final = 4.0
_HEADING: Final = 34.0
"""Room above the first strip for what the strips measure, points."""
_END: Final = 124.0
_EVENT: Final = 84.0
_WIDEST: Final = 3.0


def price_history(
    prices: pd.DataFrame,
    duties: pd.DataFrame,
    *,
    events: pd.DataFrame | None = None,
    until: date | None = None,
    source: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw list prices as steps over time, above strips of the duty on the goods by origin.

    A line is dotted from its last record on. Each step carries its change in percent.

    Parameters
    ----------
    prices
        One row per product and price, in order of time: `product`, `group` (whose colour it has),
        `starts_on` (first day at the price), `price` (in `currency`, one code for all), and
        optionally `note` (a few words under a step), `main` (False for a product left out on a
        narrow screen).
    duties
        One row per origin and change: `origin`, `starts_on`, `low` and `high` (fractions of customs
        value), in the order in which the strips are to stand.
    events
        Optional rows `day` and `label` (a few words).
    until
        Last day drawn; a month after the last change of a duty if None.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones if None.

    Returns
    -------
    Axes
        Per product one step line and a dotted one; the strips lie below the axis.

    Raises
    ------
    ModelError
        If a column is missing, there is no row, or prices are in several currencies.
    """
    data = checked(prices, "price_history", ("product", "group", "starts_on", "price", "currency"))
    currency = one_currency(data, "price_history")
    first, last, courses = courses_of(duties, "price_history", until)
    if ax is None and look().is_narrow and "main" in data.columns and data["main"].any():
        data = data[data["main"].astype(bool)].reset_index(drop=True)
    with drawing(ax, height=_PRICES, source=source) as axes:
        axes.set_xlim(day_number(first), day_number(last))
        lines = _price_lines(data, day_number(first), day_number(last))
        values = [price for line in lines for price in line.prices]
        air = 0.07 * (max(values) - min(values)) or 0.05 * max(values)
        axes.set_ylim(min(values) - air, max(values) + 1.6 * air)
        value_axis(axes, "y", "money", currency)
        below = _duty_cells(axes, courses)
        date_axis(axes, first, last)
        axes.tick_params(axis="x", pad=below + 4)
        axes.xaxis.grid(visible=False)
        fit(axes, looks=1)
        if not is_narrow(axes):
            ends = [(line.prices[-1], line.product, worded(line.prices[-1], "money", currency, 0),
                     line.colour) for line in lines]  # fmt: skip
            end_labels(axes, day_number(last), ends, room=_END)
            fit(axes, looks=1)
        for line in lines:
            _price_line(axes, line, day_number(last), currency)
        if is_narrow(axes):
            _names_inside(axes, lines, day_number(last), currency)
        if events is not None and len(events):
            fit(axes, looks=1)
            _name_events(axes, events, below)
    return axes


def duty_strips(
    frame: pd.DataFrame, *, until: date | None = None, source: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the duty by origin as strips over time, the rate printed on each stretch.

    Parameters
    ----------
    frame
        One row per origin and change: `origin`, `starts_on`, `low` and `high` (fractions of customs
        value; equal where the rate is known).
    until
        Day to which the last row of each origin holds; a month after the last change if None.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones if None.

    Returns
    -------
    Axes
        Per origin a strip of stretches, shaded by their highest rate.

    Raises
    ------
    ModelError
        If a column is missing or there is no row.
    """
    first, last, courses = courses_of(frame, "duty_strips", until)
    with drawing(ax, height=0.02, source=source) as axes:
        axes.set_xlim(day_number(first), day_number(last))
        axes.set_yticks([])
        below = _duty_cells(axes, courses)
        date_axis(axes, first, last)
        axes.tick_params(axis="x", pad=below + 4)
        axes.xaxis.grid(visible=False)
    return axes


@dataclass(frozen=True, slots=True)
class _PriceLine:
    """One product's list price over time."""

    product: str
    colour: str
    width: float
    days: tuple[float, ...]
    prices: tuple[float, ...]
    notes: tuple[str, ...]


def _price_lines(data: pd.DataFrame, first: float, last: float) -> list[_PriceLine]:
    """Return one line per product, thinner from line to line so that shared prices show both."""
    import pandas as pd

    groups = list(dict.fromkeys(texts(data, "group")))
    data = data.assign(
        day=[day_number(day.date()) for day in pd.to_datetime(data["starts_on"])],
        note=texts(data, "note"),
        group=texts(data, "group"),
        product=texts(data, "product"),
    )
    data = data[data["day"] < last]
    found = []
    count = data["product"].nunique()
    for place, (product, part) in enumerate(data.groupby("product", sort=False)):
        colour = _MAKERS[min(groups.index(part["group"].iloc[0]), len(_MAKERS) - 1)]
        width = _WIDEST - 1.6 * place / max(count - 1, 1)
        days = tuple(max(day, first) for day in numbers(part, "day"))
        found.append(
            _PriceLine(str(product), colour, width, days, tuple(numbers(part, "price")),
                       tuple(part["note"]))
        )  # fmt: skip
    return found


def _price_line(ax: Axes, line: _PriceLine, last: float, currency: str) -> None:
    """Draw one product's steps, dotted from the last record on, and word its changes."""
    looks: dict[str, Any] = {"color": line.colour, "zorder": 4, "solid_joinstyle": "miter"}
    if len(line.days) > 1:
        (steps,) = ax.step(line.days, line.prices, where="post", linewidth=line.width, **looks)
        moves = " to ".join(worded(price, "money", currency) for price in line.prices)
        tell(f"{line.product}: {moves}", steps)
    (rest,) = ax.plot(
        [line.days[-1], last], [line.prices[-1]] * 2, linewidth=line.width,
        linestyle=(0, (1, 1)), **looks,
    )  # fmt: skip
    tell(f"{line.product}: {worded(line.prices[-1], 'money', currency)}, last on record", rest)
    for n in range(1, len(line.days)):
        old, new = line.prices[n - 1], line.prices[n]
        change = units.percent(new / old - 1, 0)
        _beside_step(ax, line, n, f"{'+' if new > old else ''}{change}", up=new >= old, bold=True)
        if line.notes[n]:
            note = balanced(line.notes[n], 96 if is_narrow(ax) else 130, SMALL, lines=3)
            _beside_step(ax, line, n, note, up=new < old, bold=False)


def _beside_step(ax: Axes, line: _PriceLine, n: int, text: str, *, up: bool, bold: bool) -> None:
    """Print a few words over or under the level that a step leads to."""
    ax.annotate(
        text,
        (line.days[n], line.prices[n]),
        xytext=(3, 2.5 if up else -4),
        textcoords="offset points",
        va="bottom" if up else "top",
        ha="left",
        fontsize=SMALL,
        linespacing=1.05,
        fontweight="bold" if bold else "normal",
        color=TEXT_ON_WHITE.get(line.colour, line.colour),
        zorder=6,
    )


def _names_inside(ax: Axes, lines: Sequence[_PriceLine], last: float, currency: str) -> None:
    """Name the lines above their right ends, where the screen leaves no room beside them.

    Each name stands as low above its line as the words of steps and the names below leave it.
    """
    scale = 72 / figure_of(ax).dpi
    measurer = renderer(ax)
    taken = [text.get_window_extent(measurer) for text in ax.texts if text.get_gid() != ROW_NAME]
    for line in sorted(lines, key=lambda line: line.prices[-1]):
        text = ax.annotate(
            wrapped(f"{line.product} {worded(line.prices[-1], 'money', currency, 0)}",
                    0.62 * figure_of(ax).get_figwidth() * 72, SMALL, lines=1, bold=True),
            (last, line.prices[-1]), xytext=(0, 2.5), textcoords="offset points",
            ha="right", va="bottom", fontsize=SMALL, fontweight="bold", zorder=7,
            color=TEXT_ON_WHITE.get(line.colour, line.colour), bbox={**UNDERLAY, "pad": 0.4},
        )  # fmt: skip
        for up in range(8):
            text.set_position((0, 2.5 + up * 6))
            box = text.get_window_extent(measurer)
            if not any(box.overlaps(other) for other in taken):
                break
        taken.append(text.get_window_extent(measurer))
    top = max((box.y1 for box in taken), default=0.0) * scale
    over = top - ax.get_window_extent().y1 * scale
    if over > 0:
        low, high = ax.get_ylim()
        ax.set_ylim(low, high + (high - low) * over / (ax.get_window_extent().height * scale))


def _below(ax: Axes) -> Transform:
    """Return the transform for marks under the plot area: days across, points down from it."""
    from matplotlib.transforms import Affine2D, ScaledTranslation, blended_transform_factory

    down = (
        Affine2D().scale(1 / 72)
        + figure_of(ax).dpi_scale_trans
        + ScaledTranslation(0, 0, cast("Any", ax.transAxes))
    )
    return blended_transform_factory(ax.transData, down)


def _duty_cells(ax: Axes, courses: Sequence[Course]) -> float:
    """Draw a strip per origin under the plot area; return how far down they reach, points."""
    transform = _below(ax)
    top = _HEADING + (8.0 if is_narrow(ax) else 0.0)
    room = figure_of(ax).get_figwidth() * 72 - 90
    ax.annotate(
        wrapped("Duty on goods entering that day, % of customs value", room, SIZE, lines=2),
        (0, 0), xycoords="axes fraction", xytext=(0, -12), textcoords="offset points",
        va="top", ha="left", color=GREY_TEXT, fontsize=SIZE, annotation_clip=False,
        bbox=UNDERLAY, zorder=2,
    )  # fmt: skip
    peak = max((rate for c in courses for rate in c.high if math.isfinite(rate)), default=0.0)
    for n, course in enumerate(courses):
        base = -(top + n * (_CELL + _GAP) + _CELL)
        name = wrapped(course.origin, 78, SIZE, lines=1)
        ax.annotate(
            name, (0, 0), xycoords="axes fraction", xytext=(-5, base + _CELL / 2),
            textcoords="offset points", ha="right", va="center_baseline", color=INK,
            fontsize=SIZE, annotation_clip=False, gid=ROW_NAME,
        )  # fmt: skip
        for k in range(len(course.days) - 1):
            _cell(ax, course, k, base, peak, transform)
    return top + len(courses) * (_CELL + _GAP)


def _cell(ax: Axes, course: Course, k: int, base: float, peak: float, transform: Transform) -> None:
    """Draw one stretch of one origin's rate, and print the rate where it fits."""
    from matplotlib.patches import Rectangle

    start, end, low, high = course.days[k], course.days[k + 1], course.low[k], course.high[k]
    known = math.isfinite(low) and math.isfinite(high)
    shade = heat(high) if known else PAPER
    patch = Rectangle(
        (start, base), end - start, _CELL, facecolor=shade, edgecolor=PAPER, linewidth=0.8,
        transform=transform, clip_on=False, zorder=3,
    )  # fmt: skip
    ax.add_patch(patch)
    words = "unknown"
    if known:
        words = span_worded(low, high, "percent", digits=None if _is_odd(low, high) else 0)
    days = f"{units.day(day_at(start))} to {units.day(day_at(end - 1))}"
    tell(f"{course.origin}, {days}: {words}", patch)
    if not known:
        return
    left, right = (float(ax.transData.transform((day, 0))[0]) for day in (start, end))
    room = (right - left) * 72 / figure_of(ax).dpi
    text = words.rstrip("%")
    fits = text_width(text, SMALL) + 3 <= room
    if fits or (high == peak and high > 0):
        ax.annotate(
            text, ((start + end) / 2, base + (_CELL / 2 if fits else _CELL + 1)),
            xycoords=transform, ha="center", va="center_baseline" if fits else "bottom",
            fontsize=SMALL, annotation_clip=False, zorder=5,
            color=TEXT_INSIDE[shade] if fits else INK,
            fontweight="normal" if fits and high < peak else "bold",
        )  # fmt: skip


def _is_odd(*rates: float) -> bool:
    """Whether a rate needs a decimal."""
    return any(math.isfinite(r) and abs(100 * r - round(100 * r)) > 1e-6 for r in rates)


def _name_events(ax: Axes, events: pd.DataFrame, below: float) -> None:
    """Mark events by thin lines through prices and strips, named on top, none over another."""
    import pandas as pd

    data = checked(events, "price_history events", ("day", "label")).sort_values("day")
    days = [day_number(day.date()) for day in pd.to_datetime(data["day"])]
    narrow = is_narrow(ax)
    room = 56.0 if narrow else _EVENT
    labels = [balanced(label, room, SMALL, lines=3) for label in texts(data, "label")]
    scale = 72 / figure_of(ax).dpi
    box = ax.get_window_extent()
    wide = [max(text_width(row, SMALL) for row in label.split("\n")) + 10 for label in labels]
    wanted = [float(ax.transData.transform((day, 0))[0]) * scale for day in days]
    low, high = (0.0, figure_of(ax).get_figwidth() * 72) if narrow else (
        box.x0 * scale - 40, box.x1 * scale + 60)  # fmt: skip
    places = spread(wanted, wide, low, high)
    for day, label, want, place in zip(days, labels, wanted, places, strict=True):
        ax.plot(
            [day, day], [-below, box.height * scale + 5], transform=_below(ax), color=INK,
            linewidth=0.8, linestyle=(0, (2, 2)), zorder=1.5, clip_on=False,
        )  # fmt: skip
        ax.annotate(
            label, (day, 1), xycoords=("data", "axes fraction"), xytext=(place - want, 8),
            textcoords="offset points", ha="center", va="bottom", fontsize=SMALL, color=INK,
            linespacing=1.05, annotation_clip=False,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Course:
    """The rates of one origin: `low[n]` and `high[n]` hold from `days[n]` to `days[n + 1]`."""

    origin: str
    place: int
    """Its place among the origins, from 0."""
    days: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def spells(self) -> Iterator[tuple[float, float]]:
        """Yield the highest rate of each spell and the days it lasts."""
        for rate, start, end in zip(self.high, self.days, self.days[1:], strict=False):
            yield rate, end - start

    def last_words(self) -> str:
        """Return the rate it ends with."""
        low, high = self.low[-1], self.high[-1]
        if math.isnan(low) or math.isnan(high):
            return "unknown"
        known = [100 * end for end in (low, high) if math.isfinite(end)]
        whole = all(abs(rate - round(rate)) < 1e-6 for rate in known)
        return span_worded(low, high, "percent", digits=0 if whole else 1)


def courses_of(
    frame: pd.DataFrame, chart: str, until: date | None
) -> tuple[date, date, list[Course]]:
    """Return the first and the last day drawn, and one course per origin in order of appearance.

    Parameters
    ----------
    frame
        One row per origin and change: `origin`, `starts_on`, `low`, `high`.
    chart
        Who asks, for the words of an error.
    until
        Day to which the last row of each origin holds; a month after the last change if None.

    Raises
    ------
    ModelError
        If a column is missing or there is no row.
    """
    import pandas as pd

    data = checked(frame, chart, ("origin", "starts_on", "low", "high"))
    data = data.assign(starts_on=pd.to_datetime(data["starts_on"]))
    first = data["starts_on"].min().date()
    last = until or data["starts_on"].max().date() + timedelta(days=30)
    parts = enumerate(data.groupby("origin", sort=False))
    return first, last, [_course(str(name), n, part, last) for n, (name, part) in parts]


def _course(origin: str, place: int, part: pd.DataFrame, last: date) -> Course:
    """Return an origin's course to the last day; its first rate where every change is later."""
    rows = part.sort_values("starts_on")
    drawn = rows["starts_on"].dt.date < last
    rows = rows[drawn] if drawn.any() else rows.head(1)
    days = [day_number(day) for day in [*rows["starts_on"].dt.date, last]]
    low, high = ([float(v) for v in rows[end]] for end in ("low", "high"))
    return Course(origin, place, tuple(days), (*low, low[-1]), (*high, high[-1]))


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
        label_rows(axes, rows, [course.origin for course in courses], aside=True)
        axes.set_ylim(-len(courses) + 0.94, 1.0)
        measure(axes, "y", f"Share of customs value; each strip is {scale:.0%} high. "
                           "Dark: at least; light: at most")  # fmt: skip
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
