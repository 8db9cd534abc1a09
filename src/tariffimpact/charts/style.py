"""The look: colours, sizes, and matplotlib's parameters for the time of drawing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from tariffimpact.charts.fonts import FAMILY, register

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.figure import Figure

BLUE: Final = "#0F5E9C"
ORANGE: Final = "#C8501E"
SKY: Final = "#5C98C8"
GREY: Final = "#8E9AA2"
INK: Final = "#16202A"
GREY_TEXT: Final = "#56626B"
GRID: Final = "#DCE1E5"
PALE: Final = "#EEF2F5"

TEXT_ON_WHITE: Final = {BLUE: BLUE, ORANGE: ORANGE, SKY: "#2F74AB", GREY: GREY_TEXT}
"""The shade in which a label names a mark of each colour: at least 4.5 to 1 on white."""

TEXT_INSIDE: Final = {BLUE: "white", ORANGE: "white", SKY: INK, GREY: INK}
"""The shade of a label printed on a mark of each colour."""

UNDERLAY: Final[dict[str, Any]] = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
"""White paper under a label that would otherwise lie on a grid line: the `bbox` of a text."""

WIDTH: Final = 6.7
"""Width of a chart's figure in inches: the text width of an A4 page."""

SIZE: Final = 9.5
SMALL: Final = 8.5
TITLE_SIZE: Final = 13.0

_OWN: Final = "chart"

_THEME: Final[dict[str, Any]] = {
    "font.family": [FAMILY],
    "font.size": SIZE,
    "text.color": INK,
    "text.parse_math": False,
    "text.usetex": False,
    "text.hinting": "none",
    "axes.edgecolor": INK,
    "axes.linewidth": 0.8,
    "axes.axisbelow": True,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.spines.bottom": False,
    "axes.labelcolor": GREY_TEXT,
    "axes.labelsize": SIZE,
    "axes.unicode_minus": True,
    "xtick.labelcolor": GREY_TEXT,
    "ytick.labelcolor": GREY_TEXT,
    "ytick.alignment": "center",
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "hatch.linewidth": 0.9,
    "lines.solid_capstyle": "butt",
    "svg.fonttype": "none",
    "svg.hashsalt": "tariffimpact",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@contextmanager
def theme() -> Iterator[None]:
    """Set matplotlib's parameters for the time of drawing; the caller's own come back untouched."""
    import matplotlib

    register()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(cast("Any", _THEME))
        yield


def new_axes(width: float = WIDTH, height: float = 3.0) -> Axes:
    """Return axes on a figure of their own, known to no global state.

    Parameters
    ----------
    width
        Width of the whole figure, inches.
    height
        Height of the plot area, inches; `fit` adds what the labels need.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with theme():
        figure = Figure(figsize=(width, height + 0.5))
        FigureCanvasAgg(figure)
        figure.set_label(_OWN)
        return figure.add_axes((0.2, 0.5 / (height + 0.5), 0.7, height / (height + 0.5)))


def figure_of(ax: Axes) -> Figure:
    """Return the figure that axes belong to."""
    return cast("Figure", ax.get_figure(root=True))


def is_own(ax: Axes) -> bool:
    """Whether the axes sit in a figure made by `new_axes`."""
    return figure_of(ax).get_label() == _OWN


def renderer(ax: Axes) -> RendererAgg:
    """Return something that can measure the artists of a figure."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = figure_of(ax)
    canvas = figure.canvas
    agg = canvas if isinstance(canvas, FigureCanvasAgg) else FigureCanvasAgg(figure)
    return cast("RendererAgg", agg.get_renderer())  # type: ignore[no-untyped-call]
