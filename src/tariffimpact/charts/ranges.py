"""Quantities that are not one number."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.charts.axes import (
    Form,
    base_line,
    measure,
    span_worded,
    value_axis,
    widen,
    worded,
)
from tariffimpact.charts.fonts import wrapped
from tariffimpact.charts.frames import checked, numbers, texts
from tariffimpact.charts.framing import drawing
from tariffimpact.charts.marks import (
    beside,
    key,
    label_rows,
    open_end,
    row_pitch,
    rows_down,
    rows_height,
    tell,
)
from tariffimpact.charts.style import (
    BLUE,
    GREY,
    GREY_TEXT,
    INK,
    ORANGE,
    SKY,
    SMALL,
    TEXT_ON_WHITE,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TONES: Final = {"blue": BLUE, "orange": ORANGE, "grey": GREY, "sky": SKY}
"""Colours a row may have, by name."""

_THICK: Final = 0.36
_MARK: Final = 150.0


def range_bars(
    frame: pd.DataFrame,
    *,
    form: Form = "ratio",
    currency: str = "USD",
    mark: float | None = None,
    mark_label: str = "",
    x_label: str = "",
    missing: str = "unknown",
    digits: int | None = None,
    tones: Mapping[str, str] | None = None,
    seen_label: str = "",
    source: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw intervals: a bar for a range, a dot for a single value, an arrow where there is no end.

    Parameters
    ----------
    frame
        One row per quantity, drawn from the top: `label`, `low`, `high` (in the unit that `form`
        names; an end may be infinite; both NaN if there is none), and optionally `group`
        (heading over the rows that share it), `tone` (blue, orange or grey: the colour of the
        row; blue by default), `seen` (a value that was observed, drawn as an upright tick; NaN
        where there is none).
    form
        How the numbers are written: percent (of fractions), ratio or money.
    currency
        ISO 4217 code, for money.
    mark
        A value to compare with, drawn as an upright line.
    mark_label
        What it is.
    x_label
        What the axis measures, and its unit.
    missing
        What to write where both ends are NaN.
    digits
        Decimals of the words beside the bars; as many as the form has by default.
    tones
        What each tone in use means, for a key above.
    seen_label
        What the observed values are, for the key.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones, sized by the rows, if None.

    Returns
    -------
    Axes
        Per row one bar or dot, and its range in words.

    Raises
    ------
    ModelError
        If a column is missing or there is no row.

    Examples
    --------
    >>> import pandas as pd
    >>> ax = range_bars(pd.DataFrame({"label": ["PS5"], "low": [0.74], "high": [1.11]}))
    >>> ax.texts[0].get_text()
    '0.74–1.11'
    """
    data = checked(frame, "range_bars", ("label", "low", "high"))
    lows = [-math.inf if math.isnan(low) else low for low in numbers(data, "low")]
    highs = [math.inf if math.isnan(high) else high for high in numbers(data, "high")]
    digits = _digits([*lows, *highs], form) if digits is None else digits
    seen = numbers(data, "seen") if "seen" in data.columns else [math.nan] * len(data)
    colours = [TONES.get(tone, BLUE) for tone in texts(data, "tone")]
    rows, headings = rows_down(texts(data, "label"), texts(data, "group"))
    above = 0.8 if mark_label else 0.5
    with drawing(
        ax,
        height=rows_height(rows, row_pitch(texts(data, "label")), above=above),
        source=source,
    ) as axes:
        label_rows(axes, rows, texts(data, "label"), headings, above=above)
        axes.set_xlim(*limits([*lows, *highs, *seen, math.nan if mark is None else mark]))
        if x_label:
            measure(axes, "x", x_label)
        entries = _key(tones or {}, seen_label if any(map(math.isfinite, seen)) else "")
        if entries:
            key(axes, entries, gap=20 if mark_label else 5)
        for n, (y, low, high) in enumerate(zip(rows, lows, highs, strict=True)):
            known = not math.isnan(low + high)
            words = span_worded(low, high, form, currency, digits) if known else missing
            said = f"{data['group'].iloc[n]}, " if headings and texts(data, "group")[n] else ""
            told = f"{said}{texts(data, 'label')[n]}: {words}"
            if math.isfinite(seen[n]):
                told += f"; {seen_label or 'observed'} {worded(seen[n], form, currency)}"
            _range(axes, y, (low, high), words, colours[n], told, seen[n])
        if mark is not None:
            compare(axes, mark, mark_label)
        widen(axes)
        value_axis(axes, "x", form, currency, stretch=True)
    return axes


def _key(tones: Mapping[str, str], seen_label: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the entries of the key: the tones, and the observed values."""
    entries: list[tuple[str, dict[str, Any]]] = [
        (words, {"color": TONES[tone]}) for tone, words in tones.items()
    ]
    if seen_label:
        looks = {"color": INK, "marker": "|", "markersize": 11, "markeredgewidth": 2.6}
        entries.append((seen_label, looks))
    return entries


def limits(values: Iterable[float], *, zero: bool = True) -> tuple[float, float]:
    """Return limits that hold all finite values, and zero where it is near and wanted."""
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    if zero and low > 0 and low < 0.6 * high:
        low = 0.0
    if zero and high < 0 and high > 0.6 * low:
        high = 0.0
    if low == high:
        spare = abs(low) * 0.1 or 1.0
        return low - spare, high + spare
    air = 0.02 * (high - low)
    return (low - air if low else low), (high + air if high else high)


def compare(ax: Axes, value: float, label: str) -> None:
    """Draw an upright line at a value, named at its top."""
    base_line(ax, value)
    if label:
        ax.annotate(
            wrapped(label, _MARK, SMALL),
            (value, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=SMALL,
            color=INK,
            annotation_clip=False,
        )


def _digits(values: Iterable[float], form: Form) -> int | None:
    """Return the decimals for money below one, where cents would not tell the ends apart."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=1.0)
    return 3 if form == "money" and 0 < largest < 1 else None


def _range(
    ax: Axes,
    y: float,
    ends: tuple[float, float],
    words: str,
    colour: str,
    told: str,
    seen: float,
) -> None:
    """Draw one interval, what was observed, and the words."""
    low, high = ends
    bounded = [end for end in ends if math.isfinite(end)]
    if not bounded:
        beside(ax, ax.get_xlim()[0], y, words, color=GREY_TEXT)
        return
    gap = 7.0
    if low < high and len(bounded) == 2:
        (bar,) = ax.barh(y, high - low, _THICK, left=low, color=colour, linewidth=0, zorder=4)
        tell(told, bar)
    else:
        (dot,) = ax.plot(
            bounded, [y] * len(bounded), "o", color=colour, markersize=7.5, zorder=4, clip_on=False
        )
        tell(told, dot)
        gap += 2
    if low == -math.inf:
        open_end(ax, high, y, colour, side=-1)
    if high == math.inf:
        gap += open_end(ax, low, y, colour)
    if math.isfinite(seen):
        ax.plot([seen, seen], [y - 0.34, y + 0.34], color=INK, linewidth=2.6, zorder=6)
        bounded.append(seen)
    beside(
        ax, max(bounded), y, words, gap=gap, color=INK if colour == GREY else TEXT_ON_WHITE[colour]
    )
