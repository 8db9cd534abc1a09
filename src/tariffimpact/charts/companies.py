"""Companies side by side: what the tariff costs each, like figures beside like."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.charts.axes import ROW_NAME, span_worded, worded
from tariffimpact.charts.fonts import wrapped
from tariffimpact.charts.frames import checked, known, numbers, texts
from tariffimpact.charts.framing import drawing, fit
from tariffimpact.charts.marks import key, open_end, tell
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
    UNDERLAY,
    figure_of,
    is_narrow,
    look,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

BASES: Final = {"gross": BLUE, "net": SKY, "unstated": GREY}
"""On which basis a company states its exposure: before or after what it does about it."""

_BASIS_WORDS: Final = {
    "gross": "Gross: before own measures",
    "net": "Net of own measures",
    "unstated": "Basis not said",
}
_PITCH: Final = 0.178
"""Height of a row, inches."""
_DOT: Final = 6.2
_BAR: Final = 0.5
_NAME: Final = 0.42
_MARKED: Final = "in the story"
"""Share of a panel's width for the names."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One figure of one company, or a heading over several."""

    text: str
    basis: str
    low: float
    high: float
    together: bool
    marked: bool
    is_heading: bool = False


def exposure_dots(frame: pd.DataFrame, *, source: str = "", ax: Axes | None = None) -> Axes:
    """Draw each company's tariff cost as a share of its sales, one panel for each basis.

    Gross and net figures do not compare, so they stand in panels of their own to one scale. A dot
    is a number, a bar a range, an arrow has no upper end, a ring or hollow bar rests on the sales
    of another period.

    Parameters
    ----------
    frame
        One row per figure, drawn from the top within its panel: `company`, `basis` (gross, net or
        unstated), `low` and `high` (fraction of sales; `high` may be infinite; rows of which both
        are NaN are left out), `same_period` (whether cost and sales cover the same months), and
        optionally `group` (heading over the rows that share it) and `marked` (True for a company
        to be told apart).
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones, sized by the rows, if None.

    Returns
    -------
    Axes
        Panels side by side, or one under another on a narrow screen.

    Raises
    ------
    ModelError
        If a column is missing, there is no row, or a basis is none of the three.
    """
    data = checked(frame, "exposure_dots", ("company", "basis", "low", "high", "same_period"))
    known(list(data["basis"].dropna()), tuple(BASES), "exposure_dots", "basis")
    panels = _panels(data)
    narrow = ax is None and look().is_narrow
    columns = _columns(panels, narrow)
    tallest = max((len(column) for column in columns), default=1)
    with drawing(ax, height=tallest * _PITCH, source=source) as axes:
        axes.set_ylim(tallest - 0.5, -0.5)
        axes.set_xlim(0, len(columns))
        axes.set_yticks([])
        axes.set_xticks([])
        axes.set_position((0.01, axes.get_position().y0, 0.98, axes.get_position().height))
        key(axes, _entries(data), gap=4)
        _tell_marked(axes)
        fit(axes, looks=1)
        top = max((end for c in columns for r in c for end in (r.low, r.high)
                   if math.isfinite(end)), default=0.01) or 0.01  # fmt: skip
        for place, column in enumerate(columns):
            _Panel(axes, place, 1 / len(columns) if narrow else 1.0, top).draw(column)
    return axes


def _panels(data: pd.DataFrame) -> dict[str, list[_Row]]:
    """Return the rows of each basis, headings included, each panel named on its first row."""
    found: dict[str, list[_Row]] = {}
    lows, highs = numbers(data, "low"), numbers(data, "high")
    groups = texts(data, "group")
    marked = [bool(value) for value in data["marked"]] if "marked" in data else [False] * len(data)
    for basis, words in _BASIS_WORDS.items():
        rows: list[_Row] = []
        before = ""
        for n, company in enumerate(texts(data, "company")):
            low, high = lows[n], highs[n]
            if data["basis"].iloc[n] != basis or (math.isnan(low) and math.isnan(high)):
                continue
            if groups[n] and groups[n] != before:
                rows.append(_Row(groups[n], basis, 0, 0, True, False, True))
                before = groups[n]
            low = 0.0 if math.isnan(low) else low
            high = math.inf if math.isnan(high) else high
            rows.append(
                _Row(company, basis, low, high, bool(data["same_period"].iloc[n]), marked[n])
            )
        if rows:
            found[basis] = [_Row(words, basis, 0, 0, True, True, True), *rows]
    return found


def _columns(panels: dict[str, list[_Row]], narrow: bool) -> list[list[_Row]]:
    """Return the panels as columns: gross at the left, the others under one another beside it."""
    blank = _Row("", "gross", 0, 0, True, False, True)
    if narrow:
        return [[row for rows in panels.values() for row in (*rows, blank)][:-1]]
    left = panels.get("gross", [])
    right: list[_Row] = []
    for basis in ("net", "unstated"):
        if panels.get(basis):
            right += ([blank] if right else []) + panels[basis]
    return [column for column in (left, right) if column]


def _entries(data: pd.DataFrame) -> list[tuple[str, dict[str, Any]]]:
    """Return what the marks mean, for the key."""
    ring: dict[str, Any] = {
        "color": GREY_TEXT, "marker": "o", "markerfacecolor": PAPER, "markeredgewidth": 1.6,
    }  # fmt: skip
    found: list[tuple[str, dict[str, Any]]] = [
        ("one number", {"color": GREY_TEXT, "marker": "o"}), ("a range", {"color": GREY_TEXT}),
    ]  # fmt: skip
    if not all(bool(value) for value in data["same_period"]):
        found.append(("sales of another year", ring))
    if "marked" in data and data["marked"].any():
        found.append((_MARKED, {"color": ORANGE, "marker": ""}))
    return found


def _tell_marked(ax: Axes) -> None:
    """Print the key's words for marked companies as their names are printed."""
    legend = ax.get_legend()
    for words in legend.get_texts() if legend else ():
        if words.get_text() == _MARKED:
            words.set(color=ORANGE, fontweight="bold")


@dataclass(frozen=True, slots=True)
class _Panel:
    """Draws one column of rows: names, marks, and their values, to the scale of all panels."""

    ax: Axes
    place: int
    share: float
    top: float
    """The highest value on the scale, a fraction of sales."""

    @property
    def _points(self) -> float:
        """Width of the panel, points."""
        box = self.ax.get_window_extent().width * 72 / figure_of(self.ax).dpi
        return box / max(self.ax.get_xlim()[1], 1)

    @property
    def _zero(self) -> float:
        return self.place + (0.40 if is_narrow(self.ax) else _NAME)

    def _at(self, value: float) -> float:
        """Return where a value stands, in data; the right end leaves room for its words."""
        room = 1 - (self._zero - self.place) - 62 / self._points
        return self._zero + room * value / self.top

    def draw(self, rows: Sequence[_Row]) -> None:
        """Draw every row, and the scale under each heading of a panel."""
        size = SMALL
        for y, row in enumerate(rows):
            if row.is_heading:
                self._heading(y, row, size)
            else:
                self._row(y, row, size)

    def _heading(self, y: float, row: _Row, size: float) -> None:
        if not row.text:
            return
        if row.marked:  # the name of the panel
            self.ax.annotate(
                row.text, (self.place, y), xytext=(1, 0), textcoords="offset points",
                ha="left", va="center_baseline", color=INK, fontsize=SIZE, fontweight="bold",
                annotation_clip=False, gid=ROW_NAME,
            )  # fmt: skip
            return
        text = wrapped(row.text, self._points - 8, size, lines=1)
        self.ax.annotate(
            text, (self.place, y), xytext=(1, -1), textcoords="offset points", ha="left",
            va="center_baseline", color=GREY_TEXT, fontsize=size, annotation_clip=False,
            gid=ROW_NAME,
        )  # fmt: skip

    def _row(self, y: float, row: _Row, size: float) -> None:
        """Draw one figure, its name at the left and its words at the right."""
        room = (self._zero - self.place) * self._points - 12
        self.ax.annotate(
            wrapped(row.text, room, size, lines=1, bold=row.marked), (self._zero, y),
            xytext=(-7, 0), textcoords="offset points", ha="right", va="center_baseline",
            color=ORANGE if row.marked else INK, fontsize=size,
            fontweight="bold" if row.marked else "normal", annotation_clip=False, gid=ROW_NAME,
        )  # fmt: skip
        end_of_line = self._at(self.top)
        self.ax.plot([self._zero, end_of_line], [y, y], color=GRID, linewidth=0.7, zorder=1)
        words = _words(row)
        colour = BASES[row.basis]
        end = row.low if math.isinf(row.high) else row.high
        gap = 6.0
        if math.isfinite(row.high) and ("–" in words or words.startswith("up")):
            looks: dict[str, Any] = {"color": colour, "linewidth": 0}
            if not row.together:
                looks = {"facecolor": PAPER, "edgecolor": colour, "linewidth": 1.3}
            (bar,) = self.ax.barh(
                y, self._at(row.high) - self._at(row.low), _BAR, left=self._at(row.low),
                zorder=4, **looks,
            )  # fmt: skip
            tell(f"{row.text}: {words} of sales, {_BASIS_WORDS[row.basis].lower()}", bar)
        else:
            fill = colour if row.together else PAPER
            (dot,) = self.ax.plot(
                [self._at(row.low)], [y], "o", color=colour, markersize=_DOT, zorder=5,
                markerfacecolor=fill, markeredgewidth=1.5, clip_on=False,
            )  # fmt: skip
            tell(f"{row.text}: {words} of sales, {_BASIS_WORDS[row.basis].lower()}", dot)
            if math.isinf(row.high):
                gap += open_end(self.ax, self._at(row.low), y, colour) * 0.9
        self.ax.annotate(
            words, (self._at(end), y), xytext=(gap, 0), textcoords="offset points", ha="left",
            va="center_baseline", fontsize=size, color=INK, annotation_clip=False,
            bbox={**UNDERLAY, "pad": 0.4}, zorder=3,
        )  # fmt: skip


def _words(row: _Row) -> str:
    """Return a figure as it is printed beside its mark."""
    digits = 2 if 0 < max(row.low, 0 if math.isinf(row.high) else row.high) < 0.001 else 1
    if math.isinf(row.high):
        return f"over {worded(row.low, 'percent', digits=digits)}"
    if row.low == 0 < row.high:
        return f"up to {worded(row.high, 'percent', digits=digits)}"
    return span_worded(row.low, row.high, "percent", digits=digits)
