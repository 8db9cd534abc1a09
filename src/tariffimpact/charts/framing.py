"""The figure around a chart: margins as wide as its labels, title, source line.

A chart on axes of its own has a plot area of a fixed height; `fit` gives its figure the margins
that labels, title and source line need, so nothing is clipped and nothing is guessed. Axes that
come from elsewhere are drawn on and otherwise left as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.charts.fonts import FAMILY, wrapped
from tariffimpact.charts.style import (
    GREY_TEXT,
    INK,
    ORANGE,
    SIZE,
    SMALL,
    TITLE_SIZE,
    figure_of,
    is_own,
    new_axes,
    renderer,
    theme,
)
from tariffimpact.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

_POINT: Final = 1 / 72
_BARE_PAD: Final = 3.0
_FRAME_PAD: Final = 9.0
FRAME: Final = ("title", "subtitle", "source", "tab")
"""Ids of what `framed` puts around a chart."""

_STILL: Final = 0.002
"""A change of the margins that is none, inches: a fifth of a pixel on the screen."""


@contextmanager
def drawing(
    ax: Axes | None, *, height: float, source: str = "", width: float | None = None
) -> Iterator[Axes]:
    """Give a chart the axes to draw on, in the theme, and finish them when it is done.

    Parameters
    ----------
    ax
        The caller's axes, or None for new ones.
    height
        Height of the plot area if the axes are new, inches.
    source
        Credit line, printed below as `Source: …`; nothing is printed for an empty one.
    width
        Width of the figure if the axes are new, inches; that of the look in force by default.
    """
    with theme():
        axes = new_axes(width, height) if ax is None else ax
        _dress(axes)
        yield axes
        _literal(axes)
        if source:
            sign(axes, source)
        fit(axes)


def framed(ax: Axes, *, title: str, subtitle: str = "", source: str = "") -> Figure:
    """Return the chart's figure as the version to share: finding, measure, chart, source.

    The figure of `ax` is changed in place, and grows around the chart, whose layout stays: the
    bare chart can be cut out of the picture again, see `images.svg_pair`.

    Parameters
    ----------
    ax
        Axes returned by a chart that was given none.
    title
        The finding, in bold; wrapped to the width, never cut.
    subtitle
        The measure and its unit, in grey.
    source
        Credit line; replaces the one the chart already has.

    Raises
    ------
    ModelError
        If the axes sit in a figure that was not made for this chart.
    """
    figure = figure_of(ax)
    if not is_own(ax):
        raise ModelError("only a chart on axes of its own can be framed; draw it without ax=")
    with theme():
        bare, reach = _lines(figure)[1], _held(ax)
        room = figure.get_figwidth() / _POINT - 2 * bare / _POINT
        _set_line(figure, "title", wrapped(title, room, TITLE_SIZE, lines=9, bold=True))
        _set_line(figure, "subtitle", wrapped(subtitle, room, SIZE + 0.5, lines=9))
        if source:
            sign(ax, source)
        _lay(ax, reach, figure.get_figwidth() + 2 * (_lines(figure)[1] - bare))
        _place(figure)
    return figure


def sign(ax: Axes, source: str) -> None:
    """Print the source line below the chart, in place of any it has."""
    words = source if source.startswith(("Source", "Note")) else f"Source: {source}"
    if is_own(ax):
        figure = figure_of(ax)
        room = figure.get_figwidth() / _POINT - 2 * _FRAME_PAD
        _set_line(figure, "source", wrapped(words, room, SMALL, lines=9))
        return
    box, tight = ax.get_window_extent(), ax.get_tightbbox(renderer(ax))
    below = (box.y0 - tight.y0) * 72 / figure_of(ax).dpi if tight else 0.0
    room = box.width * 72 / figure_of(ax).dpi
    ax.annotate(
        wrapped(words, room, SMALL, lines=9),
        (0, 0),
        xycoords="axes fraction",
        xytext=(0, -below - 8),
        textcoords="offset points",
        va="top",
        fontsize=SMALL,
        color=GREY_TEXT,
        gid="source",
        annotation_clip=False,
    )


def fit(ax: Axes, looks: int = 3) -> None:
    """Give a chart's own figure the margins its labels need; other figures are left alone.

    Margins that fit already cost one look at the labels; the plot area keeps its height.

    Parameters
    ----------
    looks
        How often at most to look at the labels: once is enough where the chart is still changing.
    """
    if not is_own(ax):
        return
    held = _held(ax)
    for _ in range(looks):
        reach = _overhang(ax)
        if max(abs(a - b) for a, b in zip(reach, held, strict=True)) < _STILL:
            break
        _lay(ax, reach, figure_of(ax).get_figwidth())
        held = reach
    _place(figure_of(ax))


def _held(ax: Axes) -> tuple[float, float, float, float]:
    """Return the overhang that the figure has room for: left, right, below, above, inches."""
    figure = figure_of(ax)
    lines, pad = _lines(figure)
    width, height = figure.get_size_inches()
    box = ax.get_position()
    return (
        box.x0 * width - pad,
        (1 - box.x1) * width - pad,
        box.y0 * height - _foot(lines, pad),
        (1 - box.y1) * height - _head(lines, pad),
    )


def _lay(ax: Axes, reach: tuple[float, float, float, float], width: float) -> None:
    """Put the plot area, as tall as it is, into a figure of this width with room around it."""
    figure = figure_of(ax)
    lines, pad = _lines(figure)
    left, right, below, above = reach
    height = ax.get_position().height * figure.get_figheight()
    bottom = below + _foot(lines, pad)
    total = height + above + _head(lines, pad) + bottom
    figure.set_size_inches(width, total)
    left, right = left + pad, right + pad
    ax.set_position(
        (left / width, bottom / total, max(width - left - right, 0.5) / width, height / total)
    )


def bare_box(ax: Axes) -> tuple[float, float, float, float]:
    """Return where the bare chart lies in its framed figure: left, top, width, height, inches."""
    figure = figure_of(ax)
    lines, pad = _lines(figure)
    width, height = figure.get_size_inches()
    side = pad - _BARE_PAD * _POINT
    top, bottom = (part - _BARE_PAD * _POINT for part in (_head(lines, pad), _foot(lines, pad)))
    return side, top, width - 2 * side, height - top - bottom


def _lines(figure: Figure) -> tuple[dict[str, Text], float]:
    """Return the lines around the chart, and the margin around everything, inches."""
    lines = {str(line.get_gid()): line for line in figure.texts}
    return lines, (_FRAME_PAD if "title" in lines else _BARE_PAD) * _POINT


def _dress(ax: Axes) -> None:
    """Put the theme on axes that may have been made without it."""
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.patch.set_visible(False)
    ax.set_axisbelow(True)
    ax.tick_params(length=0, labelsize=SIZE, labelcolor=GREY_TEXT, labelfontfamily=FAMILY, pad=5)
    ax.tick_params(left=False, bottom=False)  # a mark of no length is drawn all the same


def _literal(ax: Axes) -> None:
    """Make labels that the caller's axes brought along print a dollar sign as one, in our font."""
    for axis in (ax.xaxis, ax.yaxis):
        ticks = axis.get_major_ticks()
        for text in (axis.label, *(label for t in ticks for label in (t.label1, t.label2))):
            text.set_parse_math(False)
            text.set_fontfamily(FAMILY)


def _set_line(figure: Figure, gid: str, text: str) -> None:
    for line in [line for line in figure.texts if line.get_gid() == gid]:
        line.remove()
    if text:
        looks: dict[str, dict[str, Any]] = {
            "title": {"fontsize": TITLE_SIZE, "fontweight": "bold", "color": INK},
            "subtitle": {"fontsize": SIZE + 0.5, "color": GREY_TEXT},
            "source": {"fontsize": SMALL, "color": GREY_TEXT},
        }
        figure.text(0, 0, text, gid=gid, va="top", ha="left", linespacing=1.25, **looks[gid])


def _overhang(ax: Axes) -> tuple[float, float, float, float]:
    """Return how far the artists reach beyond the plot area: left, right, below, above, inches."""
    box, tight = ax.get_window_extent(), ax.get_tightbbox(renderer(ax))
    if tight is None:
        return 0.0, 0.0, 0.0, 0.0
    reach = (box.x0 - tight.x0, tight.x1 - box.x1, box.y0 - tight.y0, tight.y1 - box.y1)
    left, right, below, above = (max(float(r), 0.0) / figure_of(ax).dpi for r in reach)
    return left, right, below, above


def _tall(line: Text | None) -> float:
    """Return the height of a block of text, inches."""
    if line is None:
        return 0.0
    rows = line.get_text().count("\n") + 1
    return float(line.get_fontsize()) * (1.25 * rows + 0.05) * _POINT


def _head(lines: dict[str, Text], pad: float) -> float:
    if "title" not in lines:
        return pad
    gap = 12 * _POINT
    return 14 * _POINT + _tall(lines["title"]) + 3 * _POINT + _tall(lines.get("subtitle")) + gap


def _foot(lines: dict[str, Text], pad: float) -> float:
    return pad + (_tall(lines["source"]) + 11 * _POINT if "source" in lines else 0.0)


def _place(figure: Figure) -> None:
    """Put title, subtitle, source line and tab where the finished figure has them."""
    from matplotlib.patches import Rectangle

    lines, pad = _lines(figure)
    width, height = figure.get_size_inches()
    y = height - 14 * _POINT
    for gid in ("title", "subtitle"):
        if gid in lines:
            lines[gid].set_position((pad / width, y / height))
            y -= _tall(lines[gid]) + 3 * _POINT
    if "source" in lines:
        lines["source"].set_position((pad / width, (pad + _tall(lines["source"])) / height))
    for old in [patch for patch in figure.patches if patch.get_gid() == "tab"]:
        old.remove()
    if "title" in lines:
        tall = 5 * _POINT / height
        tab = Rectangle((pad / width, 1 - tall), 0.45 / width, tall, color=ORANGE, lw=0, gid="tab")
        tab.set_transform(figure.transFigure)
        figure.add_artist(tab)
