"""Predicted rises beside the rises seen, and what their slope owes to the month it starts in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tariffimpact.charts.axes import base_line, measure, value_axis
from tariffimpact.charts.fonts import legible
from tariffimpact.charts.frames import checked, numbers, texts
from tariffimpact.charts.framing import drawing, fit
from tariffimpact.charts.marks import end_labels, key, tell
from tariffimpact.charts.style import (
    BLUE,
    GREY,
    GREY_TEXT,
    INK,
    ORANGE,
    SMALL,
    figure_of,
    is_narrow,
    renderer,
)
from tariffimpact.units import percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_LINES: Final = ((ORANGE, "-"), (BLUE, "--"))
_LARGEST: Final = 240.0
"""Area of the mark of the item on which most is spent, square points."""
_ROOM: Final = 150.0


def predicted_and_seen(
    frame: pd.DataFrame,
    lines: pd.DataFrame,
    *,
    named: int = 9,
    source: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw each item's predicted rise of price against the one seen.

    Parameters
    ----------
    frame
        One row an item: `name`, `predicted`, `seen` (fractions), `spent` (the mark's area).
    lines
        Lines fitted: `line` (its name), `slope`, `intercept`; two at most.
    named
        Items named, those that stand furthest out.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones if None.

    Returns
    -------
    Axes
        A mark for each item, the lines with their slopes, and the line on which the price rose as
        predicted.

    Raises
    ------
    ModelError
        If a column is missing or there is no row.
    """
    data = checked(frame, "predicted_and_seen", ("name", "predicted", "seen", "spent"))
    fitted = checked(lines, "predicted_and_seen", ("line", "slope", "intercept"))
    x, y, spent = (numbers(data, name) for name in ("predicted", "seen", "spent"))
    with drawing(ax, height=3.9, source=source) as axes:
        areas = [14 + _LARGEST * value / max(spent) for value in spent]
        for name, across, up, area in zip(texts(data, "name"), x, y, areas, strict=True):
            mark = axes.scatter([across], [up], s=area, color=BLUE, alpha=0.55, linewidth=0,
                                zorder=4)  # fmt: skip
            tell(f"{name}: predicted {percent(across)}, seen {percent(up)}", mark)
        reach = (min(0.0, *x), max(*x, 0.01) * 1.08)
        axes.set_xlim(*reach)
        spare = 0.08 * (max(y) - min(y) or 1.0)
        axes.set_ylim(min(*y, 0.0) - spare, max(*y, reach[1]) + spare)
        value_axis(axes, "x", "percent")
        value_axis(axes, "y", "percent")
        base_line(axes, upright=False)
        axes.plot(reach, reach, color=GREY, linewidth=1.2, zorder=2)
        ends = [(reach[1], "As predicted", "", GREY)]
        for (colour, style), row in zip(_LINES, fitted.to_dict("records"), strict=False):
            at = [row["intercept"] + row["slope"] * value for value in reach]
            axes.plot(reach, at, color=colour, linestyle=style, linewidth=1.8, zorder=5)
            slope = f"{row['slope']:.2f}".replace("-", "\N{MINUS SIGN}")
            ends.append((at[1], f"Slope, {row['line']}", slope, colour))
        measure(axes, "x", "Predicted rise of the price, margins constant in dollars")
        measure(axes, "y", "Rise of the consumer price index; area: what is spent")
        fit(axes, looks=1)
        end_labels(axes, reach[1], ends, room=_ROOM)
        fit(axes, looks=1)
        _name(axes, texts(data, "name"), x, y, named)
    return axes


def _name(ax: Axes, names: list[str], x: list[float], y: list[float], count: int) -> None:
    """Name the items that stand furthest from the middle, where a name covers no mark or name."""
    width, height = (high - low for low, high in (ax.get_xlim(), ax.get_ylim()))
    middle = sum(x) / len(x), sum(y) / len(y)
    order = sorted(
        range(len(x)),
        key=lambda n: -(((x[n] - middle[0]) / width) ** 2 + ((y[n] - middle[1]) / height) ** 2),
    )
    marks = ax.transData.transform(list(zip(x, y, strict=True)))
    near = 4.0 * figure_of(ax).dpi / 72
    spots = [*marks, *_along(ax)]
    taken = [(a - near, b - near, a + near, b + near) for a, b in spots]
    inside = ax.get_window_extent()
    written = 0
    for n in order:
        if written == count:
            break
        words = legible(names[n].split(",")[0])
        for side, up in ((1, 0), (-1, 0), (1, 9), (-1, 9), (1, -9), (-1, -9)):
            label = ax.annotate(
                words, (x[n], y[n]), xytext=(8 * side, up), textcoords="offset points",
                ha="left" if side > 0 else "right", va="center_baseline", fontsize=SMALL,
                color=GREY_TEXT, zorder=6,
            )  # fmt: skip
            box = label.get_window_extent(renderer(ax))
            spot = (box.x0, box.y0, box.x1, box.y1)
            if _free(spot, taken) and inside.x0 < box.x0 and box.x1 < inside.x1:
                taken.append(spot)
                written += 1
                break
            label.remove()


def _along(ax: Axes) -> list[tuple[float, float]]:
    """Return points along every line drawn across the axes, in pixels."""
    points = []
    for line in ax.lines:
        points_of: Any = line.get_xydata()
        if line.get_transform() != ax.transData:
            continue  # the line at zero is in units of the axes
        (a, b), (c, d) = ax.transData.transform([points_of[0], points_of[-1]])
        points += [(a + n / 60 * (c - a), b + n / 60 * (d - b)) for n in range(61)]
    return points


def _free(
    spot: tuple[float, float, float, float], taken: list[tuple[float, float, float, float]]
) -> bool:
    """Whether a box touches none of those taken."""
    return all(spot[2] < a or c < spot[0] or spot[3] < b or d < spot[1] for a, b, c, d in taken)


def slopes_by_start(
    frame: pd.DataFrame, *, end: str = "", source: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the slope between predicted and seen rises for each month the window may start in.

    Parameters
    ----------
    frame
        One row a start and series: `start` (`2024-12`), `series` (name; two at most), `weighted`
        (drawn dashed), `slope`, `standard_error` (two of them are shaded around what is not
        weighted).
    end
        Month in which every window ends, in words.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones if None.

    Returns
    -------
    Axes
        A line a series, and the lines at none and at one for one.

    Raises
    ------
    ModelError
        If a column is missing or there is no row.
    """
    columns = ("start", "series", "weighted", "slope", "standard_error")
    data = checked(frame, "slopes_by_start", columns)
    starts = sorted(set(texts(data, "start")))
    place = {start: float(n) for n, start in enumerate(starts)}
    colours = dict(zip(dict.fromkeys(texts(data, "series")), (BLUE, ORANGE), strict=False))
    with drawing(ax, height=3.0, source=source) as axes:
        for (name, weighted), part in data.groupby(["series", "weighted"], sort=False):
            x = [place[start] for start in texts(part, "start")]
            y, error = numbers(part, "slope"), numbers(part, "standard_error")
            colour = colours[str(name)]
            if not weighted:
                low = [v - 2 * e for v, e in zip(y, error, strict=True)]
                high = [v + 2 * e for v, e in zip(y, error, strict=True)]
                axes.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0, zorder=2)
            axes.plot(x, y, color=colour, linestyle="--" if weighted else "-", linewidth=2.0,
                      zorder=4)  # fmt: skip
        axes.set_xlim(-0.3, len(starts) - 0.7)
        value_axis(axes, "y", "ratio", stretch=True)
        narrow = is_narrow(axes)
        shown = starts[:: max(1, round(len(starts) / (4 if narrow else 8)))]
        axes.set_xticks([place[s] for s in shown], labels=[_month(s, starts[0]) for s in shown])
        for value, words in ((0.0, "none"), (1.0, "one for one")):
            axes.axhline(value, color=INK, linewidth=0.9, zorder=3)
            if narrow:
                continue
            axes.annotate(words, (1, value), xycoords=("axes fraction", "data"), xytext=(5, 0),
                          textcoords="offset points", va="center_baseline", fontsize=SMALL,
                          color=INK, annotation_clip=False)  # fmt: skip
        last = f"; the last is {end}" if end else ""
        measure(axes, "x", f"First month of the window{last}. Dashed: by what is spent")
        key(axes, [(name, {"color": colour}) for name, colour in colours.items()])
    return axes


def _month(start: str, first: str) -> str:
    """Return a month as a tick has it, the year under January and under the first."""
    names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    year, month = start.split("-")
    return names[int(month) - 1] + (f"\n{year}" if month == "01" or start == first else "")
