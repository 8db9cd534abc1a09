"""Labels and marks that several charts share, and the arithmetic that keeps labels apart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from tariffimpact.charts.fonts import balanced, legible, text_width, wrapped
from tariffimpact.charts.framing import fit
from tariffimpact.charts.style import INK, SIZE, TEXT_ON_WHITE, UNDERLAY, figure_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

ROW: Final = 0.36
"""Height of a row of a bar chart, inches."""

_LABEL_SHARE: Final = 0.27
_HEADER: Final = 0.8
_PART: Final = 0.3
_ARROW: Final = 26.0
_FEW: Final = 4
_END_LINE: Final = 0.19


def rows_down(labels: Sequence[str], groups: Sequence[str]) -> tuple[list[float], dict[float, str]]:
    """Return where each row stands, counted downwards from 0, and the headings between them.

    Parameters
    ----------
    labels
        One per row.
    groups
        The group of each row; a heading is set where it changes, none where it is blank.
    """
    rows: list[float] = []
    headings: dict[float, str] = {}
    y, before = 0.0, ""
    for _, group in zip(labels, groups, strict=True):
        if group and group != before:
            y += _PART if rows else 0.0
            headings[y] = group
            y += _HEADER
        before = group
        rows.append(y)
        y += 1
    return rows, headings


def label_rows(
    ax: Axes,
    rows: Sequence[float],
    labels: Sequence[str],
    headings: dict[float, str] | None = None,
    *,
    above: float = 0.5,
    lines: int = 2,
) -> None:
    """Name the rows at the left edge, first row on top, and set the y limits around them."""
    headings = headings or {}
    width = figure_of(ax).get_figwidth()
    places = [*rows, *headings]
    words = [row_words(label, width, lines) for label in labels]
    words += [row_words(label, width, 1, bold=True) for label in headings.values()]
    ax.set_yticks(places, labels=words)
    for at, tick in zip(places, ax.yaxis.get_majorticklabels(), strict=True):
        tick.set(color=INK, linespacing=1.0, fontweight="bold" if at in headings else "normal")
        tick.set_verticalalignment(middle(tick.get_text()))
    ax.set_ylim(max(rows) + 0.5, min(places) - above)


def row_words(label: str, width: float, lines: int = 2, *, bold: bool = False) -> str:
    """Return a row's name as it is printed beside a figure of this width in inches."""
    return balanced(label, width * 72 * _LABEL_SHARE, SIZE, lines=lines, bold=bold)


def middle(text: str) -> Literal["center", "center_baseline"]:
    """Return the alignment that puts a label level with a mark, by its letters if one line."""
    return "center" if "\n" in text else "center_baseline"


def rows_height(rows: Sequence[float], row: float = ROW, above: float = 0.5) -> float:
    """Return the height of the plot area that rows need, inches."""
    return (max(rows) + 0.5 + above) * row


def beside(
    ax: Axes, x: float, y: float, text: str, *, side: int = 1, gap: float = 6.0, **looks: Any
) -> Annotation:
    """Print a label to the right (`side=1`) or left (`side=-1`) of a mark, `gap` points away."""
    style: dict[str, Any] = {"color": INK, "fontsize": SIZE, "ha": "left" if side > 0 else "right"}
    style |= {"bbox": UNDERLAY} | looks
    return ax.annotate(
        text,
        (x, y),
        xytext=(side * gap, 0),
        textcoords="offset points",
        va="center_baseline",
        annotation_clip=False,
        **style,
    )


def open_end(ax: Axes, x: float, y: float, colour: str, *, side: int = 1) -> float:
    """Draw an arrow for an end that nothing bounds; return its length in points."""
    ax.annotate(
        "",
        (x, y),
        xytext=(side * _ARROW, 0),
        textcoords="offset points",
        annotation_clip=False,
        arrowprops={
            "arrowstyle": "<|-,head_width=0.32,head_length=0.5",
            "color": colour,
            "linewidth": 2.4,
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )
    return _ARROW


def key(ax: Axes, entries: Sequence[tuple[str, dict[str, Any]]], *, gap: float = 6.0) -> None:
    """Print a key above the plot area, in as many lines as the width asks for.

    Parameters
    ----------
    entries
        The words and the looks of each mark: keywords of a `Line2D`, by default a square.
    gap
        Distance above the plot area, points.
    """
    from matplotlib.lines import Line2D

    fit(ax)
    square: dict[str, Any] = {
        "linestyle": "none",
        "marker": "s",
        "markersize": 7.5,
        "markeredgewidth": 1.2,
    }
    handles = [Line2D([], [], **(square | looks)) for _, looks in entries]
    widest = max(text_width(words, SIZE) for words, _ in entries) + 30
    room = ax.get_window_extent().width * 72 / figure_of(ax).dpi
    if sum(text_width(words, SIZE) + 30 for words, _ in entries) <= room:
        columns = len(entries)
    else:
        columns = max(1, int(room // widest))
    ax.legend(
        handles,
        [words for words, _ in entries],
        ncols=columns,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        borderpad=0,
        borderaxespad=gap / SIZE,
        handlelength=1.0,
        handletextpad=0.35,
        columnspacing=1.6,
        labelspacing=0.3,
        frameon=False,
        fontsize=SIZE,
    )


def end_labels(
    ax: Axes,
    x: float,
    ends: Sequence[tuple[float, str, str, str]],
    *,
    gap: float = 7.0,
    room: float = 120.0,
    bold: Collection[str] | None = None,
) -> None:
    """Name lines where they end, moved apart where they would touch.

    Parameters
    ----------
    x
        Where the lines end, in data.
    ends
        Of each line: where it ends, its name, its last value in words, its colour.
    gap
        Distance from the end of the line, points.
    room
        Width of a label before it is broken, points.
    bold
        The colours whose labels are bold; all of them if None.
    """
    scale = 72 / figure_of(ax).dpi
    heavy = [bold is None or colour in bold for *_, colour in ends]
    lines = 2 if len(ends) <= _FEW else 1
    labels = [_end_words(name, value, room, lines) for _, name, value, _ in ends]
    tall = [(SIZE * 1.25) * (label.count("\n") + 1) + 1.5 for label in labels]
    wanted = [float(ax.transData.transform((x, y))[1]) * scale for y, *_ in ends]
    box = ax.get_window_extent()
    places = spread(wanted, tall, box.y0 * scale - 6, box.y1 * scale + 6)
    for n, (y, _, _, colour) in enumerate(ends):
        ax.annotate(
            labels[n],
            (x, y),
            xytext=(gap, places[n] - wanted[n]),
            textcoords="offset points",
            va="center",
            ha="left",
            color=TEXT_ON_WHITE.get(colour, colour),
            fontsize=SIZE,
            linespacing=1.05,
            fontweight="bold" if heavy[n] else "normal",
            annotation_clip=False,
        )


def _end_words(name: str, value: str, room: float, lines: int) -> str:
    """Return a line's name and value: on one line if they fit or must, else the value below."""
    tail = f" {value}" if value else ""
    left = room - text_width(tail, SIZE, bold=True)
    if lines == 1 or text_width(legible(name), SIZE, bold=True) <= left:
        return wrapped(name, left, SIZE, lines=1, bold=True) + tail
    return wrapped(name, room, SIZE, bold=True) + (f"\n{value}" if value else "")


def lines_height(count: int, usual: float) -> float:
    """Return the height of a plot area whose lines are all named at their ends, inches."""
    return max(usual, count * _END_LINE)


def spread(
    wanted: Sequence[float],
    sizes: Sequence[float],
    low: float = float("-inf"),
    high: float = float("inf"),
) -> list[float]:
    """Return centres as near to those wanted as labels of these sizes allow without touching.

    Least squares under the order of the wanted places (pool adjacent violators), then moved
    inside the limits as far as there is room.

    Examples
    --------
    >>> spread([0.0, 1.0, 50.0], [10.0, 10.0, 10.0])
    [-4.5, 5.5, 50.0]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    offsets, total = [], 0.0
    for before, i in zip([None, *order], order, strict=False):
        total += 0.0 if before is None else (sizes[before] + sizes[i]) / 2
        offsets.append(total)
    pools: list[tuple[float, int]] = []
    for offset, i in zip(offsets, order, strict=True):
        pools.append((wanted[i] - offset, 1))
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            (a, m), (b, n) = pools[-2:]
            pools[-2:] = [((a * m + b * n) / (m + n), m + n)]
    level = [value for value, count in pools for _ in range(count)]
    placed = [0.0] * len(wanted)
    for value, offset, i in zip(level, offsets, order, strict=True):
        top = high - sizes[order[-1]] / 2 - total
        placed[i] = max(min(value, top), low + sizes[order[0]] / 2) + offset
    return placed
