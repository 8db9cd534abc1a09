"""Companies side by side: what the tariff costs them, and what they do about it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.charts.axes import measure, span_worded, value_axis, widen, worded
from tariffimpact.charts.frames import checked, known, numbers, texts
from tariffimpact.charts.framing import drawing
from tariffimpact.charts.marks import (
    ROW,
    beside,
    label_rows,
    open_end,
    rows_height,
)
from tariffimpact.charts.style import (
    BLUE,
    GREY,
    GREY_TEXT,
    SKY,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

BASES: Final = {"gross": BLUE, "net": SKY, "unstated": GREY}
"""On which basis a company states its exposure: before or after what it does about it."""

_THICK: Final = 0.56
_NONE: Final = "no figure disclosed"


def exposure_bars(frame: pd.DataFrame, *, source: str = "", ax: Axes | None = None) -> Axes:
    """Draw each company's tariff cost as a share of its sales, as a range where it is one.

    A bar is solid up to the low end and pale up to the high end; an arrow has no high end. The
    fill, and a word beside each bar, says whether the figure is gross or net of the company's own
    countermeasures; hatching, and a word, that the sales are those of another period.

    Parameters
    ----------
    frame
        One row per figure, drawn from the top: `company`, `basis` (gross, net or unstated),
        `low` and `high` (fraction of sales; `high` may be infinite; both NaN if the company
        disclosed no figure), `same_period` (whether cost and sales cover the same months).
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones, sized by the rows, if None.

    Returns
    -------
    Axes
        Per company with a figure a bar from 0 to `low` and, where `high` is finite and above it, a
        second one up to `high`.

    Raises
    ------
    ModelError
        If a column is missing, there is no row, or a basis is none of the three.
    """
    data = checked(frame, "exposure_bars", ("company", "basis", "low", "high", "same_period"))
    disclosed = data["low"].notna() | data["high"].notna()
    known(list(data["basis"][disclosed]), tuple(BASES), "exposure_bars", "basis")
    lows, highs = numbers(data, "low"), numbers(data, "high")
    companies = texts(data, "company")
    labels = ["" if n and c == companies[n - 1] else c for n, c in enumerate(companies)]
    rows = [float(n) for n in range(len(data))]
    finite = [end for end in (*lows, *highs) if math.isfinite(end)]
    with drawing(ax, height=rows_height(rows, ROW), source=source) as axes:
        label_rows(axes, rows, labels)
        axes.set_xlim(0, max(finite, default=0.0) or 0.01)
        measure(axes, "x", "Tariff cost as a share of sales")
        same = [bool(value) for value in data["same_period"]]
        for y, low, high, basis, together in zip(
            rows, lows, highs, texts(data, "basis"), same, strict=True
        ):
            if math.isnan(low) and math.isnan(high):
                beside(axes, 0, y, _NONE, color=GREY_TEXT, fontstyle="normal")
            else:
                low = 0.0 if math.isnan(low) else low
                _exposure(axes, y, low, math.inf if math.isnan(high) else high, basis, together)
        widen(axes)
        axes.set_xlim(0, axes.get_xlim()[1])
        value_axis(axes, "x", "percent")
    return axes


def _exposure(ax: Axes, y: float, low: float, high: float, basis: str, together: bool) -> None:
    """Draw one company's figure and its words."""
    colour = BASES[basis]
    looks: dict[str, Any] = {"color": colour, "linewidth": 0}
    if not together:
        looks = {"facecolor": "white", "edgecolor": colour, "hatch": "/////", "linewidth": 1.1}
    ax.barh(y, low, _THICK, **looks)
    end, gap = low, 6.0
    if high == math.inf:
        gap += open_end(ax, low, y, colour)
    elif high > low:
        ax.barh(y, high - low, _THICK, left=low, **({**looks, "alpha": 0.38}))
        end = high
    span = span_worded(low, high, "percent")
    if low == 0 and 0 < high < math.inf:
        span = f"up to {worded(high, 'percent')}"
    words = f"{span} {_BASIS_WORDS[basis]}"
    beside(ax, end, y, words + ("" if together else ", other period’s sales"), gap=gap)


_BASIS_WORDS: Final = {"gross": "gross", "net": "net", "unstated": "basis not stated"}
