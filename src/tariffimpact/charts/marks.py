"""Labels and marks that several charts share, and the arithmetic that keeps labels apart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

from tariffimpact.charts.axes import ROW_NAME
from tariffimpact.charts.fonts import balanced, legible, text_width, wrapped
from tariffimpact.charts.framing import fit
from tariffimpact.charts.style import (
    INK,
    SIZE,
    TEXT_ON_WHITE,
    UNDERLAY,
    figure_of,
    is_narrow,
    look,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

VALUE: Final = "value:"
"""How the id of a mark begins that carries its value in words."""

ROW: Final = 0.36
"""Height of a row of a bar chart, inches."""

_LABEL_SHARE: Final = 0.27
_HEADER: Final = 0.8
_PART: Final = 0.3
_ARROW: Final = 26.0
_FEW: Final = 4
_FEW_ROWS: Final = 9
_DENSE_ROW: Final = 0.28
_NAME_LINE: Final = 0.5
"""Height of a line of a name above a mark, in rows."""
_NAME_UP: Final = 0.4
"""Distance of such a name from the middle of its row, in rows."""
_END_LINE: Final = 0.19


def rows_down(
    labels: Sequence[str], groups: Sequence[str] = (), lines: int = 2
) -> tuple[list[float], dict[float, str]]:
    """Return where each row stands, counted downwards from 0, and the headings between them.

    On a narrow screen, where names stand above the marks, rows stand as far apart as their names
    are tall.

    Parameters
    ----------
    labels
        One per row.
    groups
        The group of each row; a heading is set where it changes, none where it is blank.
    lines
        Lines that a name may take.
    """
    narrow = look().is_narrow
    rows: list[float] = []
    headings: dict[float, str] = {}
    y, before = 0.0, ""
    for label, group in zip(labels, groups or [""] * len(labels), strict=True):
        if group and group != before:
            y += _PART if rows else 0.0
            headings[y] = group
            y += _HEADER
        before = group
        if narrow and label.strip():
            y += _NAME_LINE * (row_words(label, look().width, lines, narrow=True).count("\n") + 1)
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
    aside: bool = False,
) -> None:
    """Name the rows, first row on top, and set the y limits around them.

    Names stand at the left edge, or above the marks where the screen is narrow; headings begin at
    the left end of the plot area. With `aside` names stand at the left whatever the screen.
    """
    width, narrow = figure_of(ax).get_figwidth(), is_narrow(ax) and not aside
    words = [row_words(label, width, lines, narrow=narrow) for label in labels]
    ax.set_yticks(list(rows), labels=[""] * len(words) if narrow else words)
    for tick in ax.yaxis.get_majorticklabels():
        tick.set(color=INK, linespacing="normal")
        tick.set_verticalalignment(middle(tick.get_text()))
    ax.set_ylim(max(rows) + 0.5, -above)
    looks: dict[str, Any] = {
        "xycoords": ("axes fraction", "data"), "textcoords": "offset points", "ha": "left",
        "color": INK, "fontsize": SIZE, "annotation_clip": False, "gid": ROW_NAME, "zorder": 6,
    }  # fmt: skip
    for y, heading in (headings or {}).items():
        room = width * 72 * (1 if narrow else 1 - _LABEL_SHARE) - 14
        text = wrapped(heading, room, SIZE, lines=1, bold=True)
        ax.annotate(
            text, (0, y), xytext=(0, 0), va="center_baseline", fontweight="bold",
            bbox=UNDERLAY, **looks,
        )  # fmt: skip
    if narrow:
        for y, name in zip(rows, words, strict=True):
            if name:
                up: dict[str, Any] = {"va": "bottom", "linespacing": "normal", "bbox": UNDERLAY}
                ax.annotate(name, (0, y - _NAME_UP), xytext=(0, 0), **looks, **up)


def row_words(label: str, width: float, lines: int = 2, *, narrow: bool = False) -> str:
    """Return a row's name as it is printed in a figure of this width in inches."""
    if narrow:
        return wrapped(
            label, width * 72 - 20, SIZE, lines=lines
        )  # the plot area stands in a little
    return balanced(label, width * 72 * _LABEL_SHARE, SIZE, lines=lines)


def middle(text: str) -> Literal["center", "center_baseline"]:
    """Return the alignment that puts a label level with a mark, by its letters if one line."""
    return "center" if "\n" in text else "center_baseline"


def row_pitch(labels: Sequence[str]) -> float:
    """Return the height of a row, inches: less where there are many, each named on one line."""
    tall = any("\n" in row_words(label, look().width) for label in labels)
    return ROW if len(labels) <= _FEW_ROWS or tall else _DENSE_ROW


def rows_height(rows: Sequence[float], row: float = ROW, above: float = 0.5) -> float:
    """Return the height of the plot area that rows need, inches."""
    return (max(rows) + 0.5 + above) * row


def tell(words: str, *artists: Artist) -> None:
    """Give marks the words that a reader gets who points at them; `images.svg` writes them out."""
    for artist in artists:
        artist.set_gid(f"{VALUE}{words}")


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

    fit(ax, looks=1)
    square: dict[str, Any] = {
        "linestyle": "none",
        "marker": "s",
        "markersize": 7.5,
        "markeredgewidth": 1.2,
    }
    handles = [Line2D([], [], **(square | looks)) for _, looks in entries]
    narrow = is_narrow(ax)
    room = ax.get_window_extent().width * 72 / figure_of(ax).dpi
    left = 0.0
    if narrow:  # as wide as the figure, whatever the axis leaves of it
        room = figure_of(ax).get_figwidth() * 72 - 6
        left = -ax.get_position().x0 / ax.get_position().width
        left += 0.04 / ax.get_position().width / figure_of(ax).get_figwidth()
    texts = [wrapped(words, room - 44, SIZE, lines=2) for words, _ in entries]
    widths = [max(text_width(line, SIZE) for line in text.split("\n")) + 30 for text in texts]
    columns = len(texts) if sum(widths) <= room else max(1, int(room // max(widths)))
    ax.legend(
        handles,
        texts,
        ncols=columns,
        loc="lower left",
        bbox_to_anchor=(left, 1),
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
    if is_narrow(ax):
        key(ax, [(f"{name} {value}".strip(), {"color": c}) for _, name, value, c in ends], gap=24)
        return
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
