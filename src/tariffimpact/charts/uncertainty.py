"""What a result's uncertainty comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tariffimpact.charts.axes import Form, base_line, measure, value_axis, widen, worded
from tariffimpact.charts.fonts import wrapped
from tariffimpact.charts.frames import checked, numbers, texts
from tariffimpact.charts.framing import drawing
from tariffimpact.charts.marks import ROW, beside, key, label_rows, rows_down, rows_height
from tariffimpact.charts.style import BLUE, GREY_TEXT, INK, SIZE, SKY
from tariffimpact.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_THICK: Final = 0.62
_PAIR: Final = 0.34
_INPUT: Final = 70.0


def tornado(
    frame: pd.DataFrame,
    *,
    form: Form = "money",
    currency: str = "USD",
    x_label: str = "",
    source: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw how far each input, moved across its range alone, moves the result; widest on top.

    Parameters
    ----------
    frame
        One row per input: `input` (name), `low_input` and `high_input` (the ends of its range, as
        text), `low_output` and `high_output` (the result there, in the unit that `form` names),
        `base` (the result with every input at its base, the same in all rows).
    form
        How the result is written: percent (of fractions), ratio or money.
    currency
        ISO 4217 code, for money.
    x_label
        What the result is, and its unit.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones, sized by the rows, if None.

    Returns
    -------
    Axes
        Two bars per input, from the base to the result at the low and at the high end.

    Raises
    ------
    ModelError
        If a column is missing, there is no row, or the base is not the same everywhere.
    """
    columns = ("input", "low_input", "high_input", "low_output", "high_output", "base")
    data = checked(frame, "tornado", columns)
    if data["base"].nunique() != 1:
        raise ModelError("tornado compares inputs around one base; give every row the same base")
    swing = data[["low_output", "high_output", "base"]].astype(float)
    data = data.assign(_swing=swing.max(axis=1) - swing.min(axis=1))
    data = data.sort_values("_swing", ascending=False, kind="stable", ignore_index=True)
    base = float(data["base"].iloc[0])
    rows, _ = rows_down(texts(data, "input"))
    with drawing(ax, height=rows_height(rows, ROW), source=source) as axes:
        label_rows(axes, rows, texts(data, "input"))
        low, high = float(swing.min().min()), float(swing.max().max())
        axes.set_xlim(low, high if high > low else low + 1)
        if x_label:
            measure(axes, "x", x_label)
        looks = (("Low end of range", {"color": SKY}), ("High end of range", {"color": BLUE}))
        key(axes, looks, gap=4)
        outputs = numbers(data, "low_output"), numbers(data, "high_output")
        inputs = texts(data, "low_input"), texts(data, "high_input")
        for y, ends, words in zip(
            rows, zip(*outputs, strict=True), zip(*inputs, strict=True), strict=True
        ):
            _swing(axes, y, base, ends, words)
        base_line(axes, base)
        widen(axes)
        value_axis(axes, "x", form, currency)
    return axes


def _swing(
    ax: Axes, y: float, base: float, ends: tuple[float, float], words: tuple[str, str]
) -> None:
    """Draw the two bars of one input; one above the other where both go the same way."""
    same_way = (ends[0] - base) * (ends[1] - base) > 0
    thick = _THICK / 2 if same_way else _THICK
    for n, (end, word, colour) in enumerate(zip(ends, words, (SKY, BLUE), strict=True)):
        at = y + (n - 0.5) * thick if same_way else y
        side = 1 if end > base or (end == base and ends[1 - n] < base) else -1
        if end == base == ends[1 - n]:
            side = 2 * n - 1
        ax.barh(at, end - base, thick, left=base, color=colour, linewidth=0)
        looks: dict[str, Any] = {"fontsize": 7.5, "bbox": None} if same_way else {}
        beside(
            ax,
            end,
            at,
            wrapped(word, _INPUT, SIZE, lines=1),
            side=side,
            gap=4,
            color=GREY_TEXT,
            **looks,
        )


def sensitivity_bars(frame: pd.DataFrame, *, source: str = "", ax: Axes | None = None) -> Axes:
    """Draw Sobol indices: how much of the result's variance each input explains; largest on top.

    Parameters
    ----------
    frame
        One row per input: `input` (name), `first` (share of the variance it explains alone) and
        `total` (with all its interactions), each with the ends of its bootstrap interval:
        `first_low`, `first_high`, `total_low`, `total_high` (fractions of the variance; estimates
        may fall a little below 0 or above 1).
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones, sized by the rows, if None.

    Returns
    -------
    Axes
        Two bars per input, each with a thin line over its interval.

    Raises
    ------
    ModelError
        If a column is missing or there is no row.
    """
    names = ("first", "total")
    columns = [f"{name}{end}" for name in names for end in ("", "_low", "_high")]
    data = checked(frame, "sensitivity_bars", ("input", *columns))
    data = data.sort_values("total", ascending=False, kind="stable", ignore_index=True)
    rows, _ = rows_down(texts(data, "input"))
    with drawing(ax, height=rows_height(rows, 1.25 * ROW), source=source) as axes:
        label_rows(axes, rows, texts(data, "input"))
        values = data[columns].astype(float)
        axes.set_xlim(min(0.0, float(values.min().min())), max(float(values.max().max()), 0.05))
        measure(axes, "x", "Share of the result’s variance")
        looks = (("Alone", {"color": BLUE}), ("With interactions", {"color": SKY}))
        key(axes, looks, gap=4)
        for n, (name, colour) in enumerate(zip(names, (BLUE, SKY), strict=True)):
            for y, value, low, high in zip(
                rows, *(numbers(data, name + end) for end in ("", "_low", "_high")), strict=True
            ):
                at = y + (n - 0.5) * _PAIR
                axes.barh(at, value, _PAIR * 0.94, color=colour, linewidth=0)
                axes.plot([low, high], [at, at], color=INK, linewidth=1.1, zorder=4)
                words = worded(value, "percent", digits=0)
                beside(axes, max(high, value, 0.0), at, words, gap=5, color=GREY_TEXT, bbox=None)
        base_line(axes)
        widen(axes)
        value_axis(axes, "x", "percent")
    return axes
