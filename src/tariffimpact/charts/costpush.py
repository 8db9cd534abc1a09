"""Cost push: categories under the two margin rules, and the inputs that carry the duty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.charts.axes import base_line, span_worded, value_axis, widen
from tariffimpact.charts.fonts import wrapped
from tariffimpact.charts.frames import checked, numbers, texts
from tariffimpact.charts.framing import drawing, fit
from tariffimpact.charts.marks import (
    beside,
    key,
    label_rows,
    row_pitch,
    rows_down,
    rows_height,
    tell,
)
from tariffimpact.charts.ranges import limits
from tariffimpact.charts.style import (
    BLUE,
    GREY_TEXT,
    GRID,
    INK,
    LINK,
    ORANGE,
    PAPER,
    SIZE,
    SMALL,
    TEXT_INSIDE,
    TEXT_ON_WHITE,
    figure_of,
    heat,
    is_narrow,
    look,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MARGIN_WORDS: Final = {
    "constant_dollar": "Margins constant in dollars",
    "constant_percent": "Margins constant in per cent",
}
_COLOURS: Final = {"constant_dollar": BLUE, "constant_percent": ORANGE}
_DOT: Final[dict[str, Any]] = {"linestyle": "none", "marker": "o", "markersize": 8}
_PRINTED: Final = 0.0005
"""A smaller part is left white: one twentieth of a percentage point."""
_SCALE: Final = 40.0
"""A part of a percentage point is shaded like a duty of forty points: `style.heat`."""


def margin_dots(frame: pd.DataFrame, *, source: str = "", ax: Axes | None = None) -> Axes:
    """Draw each category's rise of price as two dots, one for each margin rule.

    Parameters
    ----------
    frame
        One row a category, drawn from the top: `name`, and `constant_dollar_low`,
        `constant_dollar_high`, `constant_percent_low`, `constant_percent_high` (fractions of the
        price; a range is drawn as a bar).
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones, sized by the rows, if None.

    Returns
    -------
    Axes
        Per row a line between two marks, each with its value.

    Raises
    ------
    ModelError
        If a column is missing or there is no row.
    """
    columns = [f"{rule}_{end}" for rule in MARGIN_WORDS for end in ("low", "high")]
    data = checked(frame, "margin_dots", ("name", *columns))
    names = texts(data, "name")
    rows, _ = rows_down(names)
    with drawing(ax, height=rows_height(rows, row_pitch(names)), source=source) as axes:
        label_rows(axes, rows, names)
        axes.set_xlim(*limits([v for name in columns for v in numbers(data, name)]))
        ends = {rule: list(zip(numbers(data, f"{rule}_low"), numbers(data, f"{rule}_high"),
                               strict=True)) for rule in MARGIN_WORDS}  # fmt: skip
        for n, y in enumerate(rows):
            _pair(axes, y, names[n], ends["constant_dollar"][n], ends["constant_percent"][n])
        key(axes, [(words, _DOT | {"color": _COLOURS[rule]})
                   for rule, words in MARGIN_WORDS.items()])  # fmt: skip
        widen(axes)
        value_axis(axes, "x", "percent", stretch=True)
        if min(numbers(data, "constant_dollar_low")) < 0:
            base_line(axes)
    return axes


def _pair(
    ax: Axes, y: float, name: str, dollar: tuple[float, float], percent: tuple[float, float]
) -> None:
    """Draw one category: the line between its two rises, their marks and their words."""
    ax.plot([dollar[0], percent[1]], [y, y], color=LINK, linewidth=1.8, zorder=3)
    left = -1 if dollar <= percent else 1  # where duties fall, the rule in per cent falls further
    ends = (("constant_dollar", dollar, left), ("constant_percent", percent, -left))
    narrow = is_narrow(ax)  # no room at both sides: one label holds both
    for rule, (low, high), side in ends:
        colour, words = _COLOURS[rule], span_worded(low, high, "percent")
        if low < high:
            (mark,) = ax.barh(y, high - low, 0.34, left=low, color=colour, linewidth=0, zorder=4)
        else:
            (mark,) = ax.plot([low], [y], color=colour, zorder=5, **_DOT)
        tell(f"{name}, {MARGIN_WORDS[rule].lower()}: {words}", mark)
        if not narrow:
            beside(ax, low if side < 0 else high, y, words, side=side, gap=8.0,
                   color=TEXT_ON_WHITE[colour], fontsize=SMALL)  # fmt: skip
    if narrow:
        both = [span_worded(*span, "percent") for span in (dollar, percent)]
        beside(ax, max(dollar[1], percent[1]), y, ", ".join(both), gap=8.0, fontsize=SMALL)


def input_map(
    frame: pd.DataFrame,
    *,
    own: str = "",
    columns: int | None = None,
    source: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw through which inputs a duty reaches each category: categories down, inputs across.

    Parameters
    ----------
    frame
        One row a category and group of inputs: `category`, `sector`, `value` (fraction of the
        category's price). Categories stand in the order of first appearance.
    own
        The sector that is the good itself: its column stands last but one, unshaded.
    columns
        Groups of inputs drawn, those that carry most; the rest is one column. Five by default,
        two on a narrow screen.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones, sized by the rows, if None.

    Returns
    -------
    Axes
        A shaded cell for each pair with its value in percentage points, and each row's sum.

    Raises
    ------
    ModelError
        If a column is missing or there is no row.
    """
    data = checked(frame, "input_map", ("category", "sector", "value"))
    table = data.assign(value=numbers(data, "value")).pivot_table(
        index="category", columns="sector", values="value", aggfunc="sum", sort=False,
        fill_value=0.0,
    )  # fmt: skip
    columns = (2 if look().is_narrow else 5) if columns is None else columns
    order = [s for s in table.abs().sum().sort_values(ascending=False).index if s != own]
    cells = table[order[:columns]].copy()
    if len(order) > columns:
        cells["All other inputs"] = table[order[columns:]].sum(axis=1)
    shaded = len(cells.columns)
    if own in table.columns:
        cells[own] = table[own]
    cells["In all"] = table.sum(axis=1)
    names = [str(name) for name in cells.index]
    rows, _ = rows_down(names)
    with drawing(ax, height=rows_height(rows), source=source) as axes:
        label_rows(axes, rows, names)
        axes.set_xlim(-0.5, len(cells.columns) - 0.5)
        fit(axes, looks=1)
        _heads(axes, [str(name) for name in cells.columns])
        records = cells.to_dict("records")
        for y, name, record in zip(rows, names, records, strict=True):
            values = {str(head): float(value) for head, value in record.items()}
            axes.axhline(y + 0.5, color=GRID, linewidth=0.6, zorder=1)
            _row(axes, y, name, values, shaded)
    return axes


def _heads(ax: Axes, words: Sequence[str]) -> None:
    """Name the columns along the top, each broken to its width."""
    room = ax.get_window_extent().width * 72 / figure_of(ax).dpi / len(words) - 5
    ax.xaxis.tick_top()
    ax.tick_params(axis="x", labeltop=True, labelbottom=False)
    ax.set_xticks(range(len(words)), labels=[wrapped(w, room, SMALL, lines=4) for w in words])
    for tick in ax.xaxis.get_majorticklabels():
        tick.set(color=INK, fontsize=SMALL, linespacing=1.0, verticalalignment="bottom")


def _row(ax: Axes, y: float, name: str, row: Mapping[str, float], shaded: int) -> None:
    """Draw a category's cells, the first columns the darker the more they carry, the sum bold."""
    from matplotlib.patches import Rectangle

    half = 0.36 if is_narrow(ax) else 0.44
    for x, (head, value) in enumerate(row.items()):
        shade = heat(_SCALE * value) if x < shaded and value >= _PRINTED else PAPER
        cell = Rectangle((x - 0.47, y - half), 0.94, 2 * half, color=shade, linewidth=0, zorder=2.5)
        ax.add_patch(cell)
        small = abs(value) < _PRINTED
        words = "·" if small else f"{100 * value:.1f}".replace("-", "\N{MINUS SIGN}")
        tell(f"{name}, {head.lower()}: {'under 0.1' if small else words} pp", cell)
        ax.annotate(words, (x, y), ha="center", va="center_baseline", fontsize=SIZE, zorder=6,
                    color=GREY_TEXT if small else TEXT_INSIDE.get(shade, INK),
                    fontweight="bold" if x == len(row) - 1 else "normal")  # fmt: skip
