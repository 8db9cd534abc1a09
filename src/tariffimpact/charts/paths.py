"""Values over time: paths by series, and the fan of a simulated one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tariffimpact.charts.axes import (
    Form,
    date_axis,
    day_at,
    day_number,
    measure,
    value_axis,
    worded,
)
from tariffimpact.charts.curves import line_colour
from tariffimpact.charts.fonts import wrapped
from tariffimpact.charts.frames import checked, numbers
from tariffimpact.charts.framing import drawing, fit
from tariffimpact.charts.marks import end_labels, lines_height
from tariffimpact.charts.ranges import limits
from tariffimpact.charts.style import (
    BLUE,
    GREY_TEXT,
    INK,
    SKY,
    SMALL,
    UNDERLAY,
)
from tariffimpact.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_HEIGHT: Final = 2.8
_ROOM: Final = 120.0
_MOMENT: Final = 110.0
_QUANTILES: Final = ("p05", "p25", "p50", "p75", "p95")


def paths(
    frame: pd.DataFrame,
    *,
    form: Form = "money",
    currency: str = "USD",
    y_label: str = "",
    x_label: str = "Month",
    source: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw values over time, one line per series, named where it ends.

    Parameters
    ----------
    frame
        One row per series and time: `month` (a number) or `day` (a date), `series` (name),
        `value` (in the unit that `form` names), and optionally `low` and `high` (a band around it).
    form
        How the values are written: percent (of fractions), ratio or money.
    currency
        ISO 4217 code, for money.
    y_label
        What is drawn, and its unit.
    x_label
        What the months count from; not used for dates.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones if None.

    Returns
    -------
    Axes
        One line per series, in the order of the frame.

    Raises
    ------
    ModelError
        If a column is missing, or there is no row.
    """
    when = "day" if "day" in frame.columns else "month"
    data = checked(frame, "paths", (when, "series", "value"))
    data = data.assign(_x=_places(data, when), _band="low" in data and "high" in data)
    columns = ["value", *(["low", "high"] if bool(data["_band"].iloc[0]) else [])]
    values = [value for column in columns for value in numbers(data, column)]
    height = lines_height(data["series"].nunique(), _HEIGHT)
    with drawing(ax, height=height, source=source) as axes:
        first, last = float(data["_x"].min()), float(data["_x"].max())
        axes.set_xlim(first, last if last > first else first + 1)
        axes.set_ylim(*_padded(values))
        _frame_axes(axes, form, currency, y_label, "" if when == "day" else x_label)
        if when == "day":
            date_axis(axes, day_at(axes.get_xlim()[0]), day_at(axes.get_xlim()[1]))
        ends = []
        for place, (series, part) in enumerate(data.groupby("series", sort=False)):
            line = part.sort_values("_x")
            colour = line_colour(place)
            axes.plot(line["_x"], line["value"].astype(float), color=colour, linewidth=2.2)
            if len(columns) > 1:
                low, high = line["low"].astype(float), line["high"].astype(float)
                axes.fill_between(line["_x"], low, high, color=colour, alpha=0.16, linewidth=0)
            ends.append((float(line["value"].iloc[-1]), str(series), colour))
        fit(axes, looks=1)
        values = [value for value, _, _ in ends]
        labels = [
            (value, name, words, colour)
            for (value, name, colour), words in zip(
                ends, short(values, form, currency), strict=True
            )
        ]
        end_labels(axes, last, labels, room=_ROOM)
    return axes


def fan(
    frame: pd.DataFrame,
    *,
    form: Form = "money",
    currency: str = "USD",
    mark: float | None = None,
    mark_label: str = "",
    y_label: str = "",
    x_label: str = "Months",
    source: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw the spread of a simulated value as it widens: the median in bands of draws.

    Parameters
    ----------
    frame
        One row per place: `x` (a number, such as months), `p05`, `p25`, `p50`, `p75`, `p95`
        (quantiles, in the unit that `form` names). Where the outer two are equal nothing is
        uncertain yet, and the line is dark.
    form
        How the values are written: percent (of fractions), ratio or money.
    currency
        ISO 4217 code, for money.
    mark
        A place to mark by an upright line, such as the month a tariff starts.
    mark_label
        What happens there.
    y_label
        What is drawn, and its unit.
    x_label
        What `x` counts.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones if None.

    Returns
    -------
    Axes
        The line of medians, and two bands: 5th to 95th, and 25th to 75th of a hundred draws.

    Raises
    ------
    ModelError
        If a column is missing, there is no row, or the quantiles of a row are out of order.
    """
    data = checked(frame, "fan", ("x", *_QUANTILES)).astype(float).sort_values("x")
    table = data[list(_QUANTILES)]
    if (table.diff(axis=1).iloc[:, 1:] < 0).any(axis=None):
        raise ModelError("fan needs quantiles that rise from p05 to p95 in every row")
    with drawing(ax, height=_HEIGHT, source=source) as axes:
        first, last = float(data["x"].iloc[0]), float(data["x"].iloc[-1])
        axes.set_xlim(first, last if last > first else first + 1)
        axes.set_ylim(*_padded([float(value) for value in table.to_numpy().ravel()]))
        _frame_axes(axes, form, currency, y_label, x_label)
        for low, high, alpha in (("p05", "p95", 0.28), ("p25", "p75", 0.5)):
            axes.fill_between(data["x"], data[low], data[high], color=SKY, alpha=alpha, linewidth=0)
        known = data["p05"] == data["p95"]
        axes.plot(data["x"], data["p50"], color=BLUE, linewidth=2.4, zorder=4)
        axes.plot(data["x"][known], data["p50"][known], color=INK, linewidth=2.4, zorder=5)
        if mark is not None:
            _moment(axes, mark, mark_label)
        fit(axes, looks=1)
        last_values = [float(data[quantile].iloc[-1]) for quantile in _QUANTILES]
        names = ("5th", "25th", "Median", "75th", "95th")
        ends = [
            (value, f"{name}:", words, BLUE if name == "Median" else GREY_TEXT)
            for value, words, name in zip(
                last_values, short(last_values, form, currency), names, strict=True
            )
        ]
        end_labels(axes, last, ends, room=_ROOM, bold=(BLUE,))
    return axes


def short(values: Sequence[float], form: Form, currency: str) -> list[str]:
    """Return modelled values as labels print them: without cents where nothing is lost by it.

    Examples
    --------
    >>> short([524.2, 575.1], "money", "USD"), short([501.2, 501.4], "money", "USD")
    (['$524', '$575'], ['$501.20', '$501.40'])
    """
    if form == "money" and min(map(abs, values)) >= 100:
        whole = [worded(value, form, currency, 0) for value in values]
        if len(set(whole)) == len(set(values)):
            return whole
    return [worded(value, form, currency) for value in values]


def _moment(ax: Axes, x: float, label: str) -> None:
    """Draw a dashed upright line, named at its top on the side that has more room."""
    ax.axvline(x, color=INK, linewidth=0.9, linestyle=(0, (3, 2)), zorder=3)
    low, high = ax.get_xlim()
    side = -1 if x - low > 0.3 * (high - low) else 1
    if label:
        ax.annotate(
            wrapped(label, _MOMENT, SMALL, lines=3),
            (x, 1),
            xycoords=("data", "axes fraction"),
            xytext=(5 * side, -3),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="top",
            fontsize=SMALL,
            color=GREY_TEXT,
            bbox=UNDERLAY,
            annotation_clip=False,
        )


def _places(data: pd.DataFrame, when: str) -> list[float]:
    """Return where each row stands on the x axis."""
    import pandas as pd

    if when == "month":
        return numbers(data, "month")
    return [day_number(day.date()) for day in pd.to_datetime(data["day"])]


def _padded(values: list[float]) -> tuple[float, float]:
    """Return y limits with air around the values, from zero where zero is near."""
    low, high = limits(values)
    air = (high - low) * 0.07
    return (low if low == 0 else low - air), (high if high == 0 else high + air)


def _frame_axes(ax: Axes, form: Form, currency: str, y_label: str, x_label: str) -> None:
    """Put both axes of a chart over time in place; months fall on round numbers."""
    value_axis(ax, "y", form, currency, stretch=True)
    if y_label:
        measure(ax, "y", y_label)
    if x_label:
        measure(ax, "x", x_label)
        low, high = ax.get_xlim()
        step = next((n for n in (1, 2, 3, 6, 12, 24, 60) if (high - low) / n <= 9), 120)
        start = int(-(-low // step) * step)
        ticks = list(range(start, int(high // 1) + 1, step))
        words = [worded(tick, "ratio", digits=0) for tick in ticks]
        ax.set_xticks(ticks, labels=words)
