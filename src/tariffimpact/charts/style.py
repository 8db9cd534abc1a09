"""The look: colours, sizes, and matplotlib's parameters for the time of drawing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
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
SKY_TEXT: Final = "#2F74AB"
GRID: Final = "#DCE1E5"
PALE: Final = "#EEF2F5"
LINK: Final = "#B3BBC1"
"""The bar that joins two dots."""
PAPER: Final = "#FFFFFF"
INSIDE: Final = "#FFFFFE"
"""A label on a dark mark. One step from paper, so that each role has a colour of its own."""
HEAT: Final = (
    "#F2F4F6", "#FDE6CE", "#FDCB95", "#FCB27C", "#FB925C", "#EB6A48", "#BF3A22", "#8C0A0A",
)  # fmt: skip
"""The shades of a rate, from none to the highest; see `heat`."""
_HEAT_ENDS: Final = (0.0, 0.05, 0.10, 0.15, 0.20, 0.30, 0.60)

DARK: Final[dict[str, str]] = {
    BLUE: "#6CB0E6",
    ORANGE: "#F0793F",
    SKY: "#33628C",
    GREY: "#5A666E",
    INK: "#E6EAEE",
    GREY_TEXT: "#A4B0B9",
    SKY_TEXT: "#8FC1EA",
    GRID: "#35414C",
    PALE: "#1F2933",
    LINK: "#4A5660",
    PAPER: "#12181E",
    INSIDE: "#0C1218",
    **dict(
        zip(
            HEAT,
            (
                "#1E2731",
                "#3D3128",
                "#55392A",
                "#6E402A",
                "#874628",
                "#A04A26",
                "#F07A40",
                "#FFB894",
            ),
            strict=True,
        )
    ),
}
"""What each colour becomes on a dark page."""

TEXT_ON_WHITE: Final = {BLUE: BLUE, ORANGE: ORANGE, SKY: SKY_TEXT, GREY: GREY_TEXT}
"""The shade in which a label names a mark of each colour: at least 4.5 to 1 on paper."""

TEXT_INSIDE: Final = {
    BLUE: INSIDE, ORANGE: INSIDE, SKY: INK, GREY: INK,
    **dict.fromkeys(HEAT[:6], INK), **dict.fromkeys(HEAT[6:], INSIDE),
}  # fmt: skip
"""The shade of a label printed on a mark of each colour."""

UNDERLAY: Final[dict[str, Any]] = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.2}
"""Paper under a label that would otherwise lie on a grid line: the `bbox` of a text."""

WIDTH: Final = 6.7
"""Width of a chart's figure in inches: the text width of an A4 page."""

NARROW: Final = 3.55
"""Width of a chart's figure for the screen of a telephone, inches."""

_NARROW_BELOW: Final = 4.8
"""Width below which rows are named above their marks, lines in a key, inches."""

SIZE: Final = 9.5
SMALL: Final = 8.5
TITLE_SIZE: Final = 13.0

_OWN: Final = "chart"


@dataclass(frozen=True, slots=True)
class Look:
    """How charts on figures of their own are drawn for the time being."""

    width: float = WIDTH
    """Width of the whole figure, inches."""
    shown: bool = True
    """Whether pyplot knows of the figure, so that a notebook shows it."""

    @property
    def is_narrow(self) -> bool:
        """Whether it is drawn for a narrow screen: rows named above their marks."""
        return self.width < _NARROW_BELOW


_LOOK: Final[ContextVar[Look | None]] = ContextVar("look", default=None)


def look() -> Look:
    """Return how charts are drawn for the time being."""
    return _LOOK.get() or Look()


@contextmanager
def drawn_for(*, width: float | None = None, shown: bool | None = None) -> Iterator[None]:
    """Draw charts of their own at another width, or unknown to pyplot, for the time being.

    Parameters
    ----------
    width
        Width of the whole figure in inches: `WIDTH` for a page, `NARROW` for a telephone.
    shown
        Whether pyplot knows of new figures. A program that writes files wants False: nobody has
        to close them.

    Examples
    --------
    >>> with drawn_for(width=NARROW):
    ...     look().is_narrow
    True
    """
    now = look()
    changed = Look(now.width if width is None else width, now.shown if shown is None else shown)
    token = _LOOK.set(changed)
    try:
        yield
    finally:
        _LOOK.reset(token)


def heat(rate: float) -> str:
    """Return the shade of a rate: a fraction of customs value.

    Examples
    --------
    >>> [HEAT.index(heat(rate)) for rate in (0.0, 0.10, 0.125, 0.20, 1.45)]
    [0, 2, 3, 4, 7]
    """
    return HEAT[sum(rate > end + 1e-9 for end in _HEAT_ENDS)]


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
    "figure.max_open_warning": 0,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
}


_CALLERS: Final = {"backend", "backend_fallback", "interactive", "toolbar"}
"""Parameters of where pictures appear: no theme has them."""

_THEMED: Final[ContextVar[bool]] = ContextVar("themed", default=False)


@contextmanager
def theme() -> Iterator[None]:
    """Set matplotlib's parameters for the time of drawing; the caller's own come back untouched."""
    if _THEMED.get():
        yield
        return
    import matplotlib

    register()
    token = _THEMED.set(True)
    try:
        with matplotlib.rc_context():
            dict.update(cast("Any", matplotlib.rcParams), _parameters())  # checked when made
            yield
    finally:
        _THEMED.reset(token)


@cache
def _parameters() -> dict[str, Any]:
    """Return matplotlib's parameters as the theme has them, whatever the caller's are."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(cast("Any", _THEME))
        kept = sorted(set(matplotlib.rcParams) - _CALLERS)
        return {name: dict.__getitem__(matplotlib.rcParams, name) for name in kept}


def new_axes(width: float | None = None, height: float = 3.0) -> Axes:
    """Return axes on a figure of their own, which a notebook shows as it shows pyplot's.

    Parameters
    ----------
    width
        Width of the whole figure, inches; that of the look in force by default.
    height
        Height of the plot area, inches; `fit` adds what the labels need.
    """
    with theme():
        figure = _new_figure((look().width if width is None else width, height + 0.5))
        figure.set_label(_OWN)
        axes = figure.add_axes((0.2, 0.5 / (height + 0.5), 0.7, height / (height + 0.5)))
        axes.yaxis.set_label_coords(0, 1)  # none is set there: do not look for its place each time
        return axes


def _new_figure(size: tuple[float, float]) -> Figure:
    """Return a figure that pyplot knows, or one that nobody else does."""
    if look().shown:
        from matplotlib import pyplot

        return pyplot.figure(figsize=size)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size)
    FigureCanvasAgg(figure)
    return figure


def figure_of(ax: Axes) -> Figure:
    """Return the figure that axes belong to."""
    return cast("Figure", ax.get_figure(root=True))


def is_own(ax: Axes) -> bool:
    """Whether the axes sit in a figure made by `new_axes`."""
    return figure_of(ax).get_label() == _OWN


def is_narrow(ax: Axes) -> bool:
    """Whether a chart of its own is drawn for a narrow screen; axes that come along never are."""
    return is_own(ax) and figure_of(ax).get_figwidth() < _NARROW_BELOW


def renderer(ax: Axes) -> RendererAgg:
    """Return something that can measure the artists of a figure.

    One for all figures of a resolution: it remembers how wide each text is.
    """
    return _measurer(float(figure_of(ax).dpi))


@cache
def _measurer(dpi: float) -> RendererAgg:
    from matplotlib.backends.backend_agg import RendererAgg

    return RendererAgg(1, 1, dpi)  # type: ignore[no-untyped-call]
