"""Who responds how to a tariff, and how far each response has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.charts.fonts import balanced, text_width, wrapped
from tariffimpact.charts.frames import checked, known, texts
from tariffimpact.charts.framing import drawing, fit
from tariffimpact.charts.marks import (
    key,
    label_rows,
    middle,
    row_words,
    rows_height,
)
from tariffimpact.charts.style import (
    BLUE,
    GREY_TEXT,
    GRID,
    INK,
    SIZE,
    SMALL,
    WIDTH,
    figure_of,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

RESPONSES: Final[Mapping[str, str]] = {
    "pass_on": "Raise prices",
    "absorb": "Absorb",
    "front_load": "Stock up early",
    "shift_sourcing": "Shift sourcing",
    "mix": "Product mix",
    "mitigate": "Other savings",
}
"""The responses a company can give, in the order of the columns, and the words above them."""

STAGES: Final[Mapping[str, str]] = {
    "done": "Done",
    "announced": "Announced",
    "considered": "Considered",
    "ruled_out": "Ruled out",
}
"""How far a response has come, furthest first."""

_MATRIX_ROW: Final = 0.42


def response_matrix(frame: pd.DataFrame, *, source: str = "", ax: Axes | None = None) -> Axes:
    """Draw who responds how: companies down, responses across, how far each has come as a mark.

    Parameters
    ----------
    frame
        One row per company and response: `company`, `response` (pass_on, absorb, front_load,
        shift_sourcing, mix or mitigate), `stage` (ruled_out, considered, announced or done),
        `detail` (a few words under the mark, may be blank), `classified` (a few words on the
        company as a whole, the same in all its rows). Where a company has several rows for one
        response, the furthest stage is drawn and their details are joined.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones, sized by the rows, if None.

    Returns
    -------
    Axes
        One mark per company and response.

    Raises
    ------
    ModelError
        If a column is missing, there is no row, or a response or stage is not one of those above.
    """
    columns = ("company", "response", "stage", "detail", "classified")
    data = checked(frame, "response_matrix", columns)
    known(list(data["response"]), tuple(RESPONSES), "response_matrix", "response")
    known(list(data["stage"]), tuple(STAGES), "response_matrix", "stage")
    data = data.assign(detail=texts(data, "detail"), classified=texts(data, "classified"))
    companies = list(dict.fromkeys(texts(data, "company")))
    rows = [float(n) for n in range(len(companies))]
    column = _column(companies, texts(data, "classified"), ax)
    cells = _cells(data, column)
    height = rows_height(rows, _MATRIX_ROW + _DETAIL_LINE * max(c.lines - 1 for c in cells))
    with drawing(ax, height=height, source=source) as axes:
        label_rows(axes, rows, companies)
        axes.set_xlim(-0.5, len(RESPONSES) - 0.5)
        axes.xaxis.tick_top()
        axes.tick_params(axis="x", labeltop=True, labelbottom=False)
        _column_heads(axes)
        key(axes, [(words, _STAGE_LOOKS[stage]) for stage, words in STAGES.items()], gap=34)
        verdicts = data.groupby(data["company"].astype(str))["classified"].first()
        _verdicts(axes, rows, [verdicts[company] for company in companies])
        for cell in cells:
            raised = any(other.detail for other in cells if other.company == cell.company)
            _draw_cell(axes, cell, float(companies.index(cell.company)), raised)
    return axes


_VERDICT: Final = 92.0
_DETAIL_LINE: Final = 0.12
_MARK: Final[dict[str, Any]] = {"linestyle": "none", "marker": "o", "markersize": 9}
_STAGE_LOOKS: Final[dict[str, dict[str, Any]]] = {
    "done": _MARK | {"color": BLUE},
    "announced": _MARK | {"color": BLUE, "fillstyle": "left", "markerfacecoloralt": "white"},
    "considered": _MARK | {"color": BLUE, "markerfacecolor": "white", "markeredgewidth": 1.6},
    "ruled_out": _MARK
    | {"color": GREY_TEXT, "marker": "x", "markersize": 7, "markeredgewidth": 1.8},
}


def _verdicts(ax: Axes, rows: list[float], verdicts: list[str]) -> None:
    """Print the words on each company at the right edge, and the lines between the rows."""
    ax.annotate(
        "Overall",
        (1, 1),
        xycoords="axes fraction",
        xytext=(8, 5),
        textcoords="offset points",
        fontweight="bold",
        va="baseline",
        annotation_clip=False,
    )
    for y, verdict in zip(rows, verdicts, strict=True):
        words = balanced(verdict, _VERDICT, SIZE)
        ax.annotate(
            words,
            (1, y),
            xycoords=("axes fraction", "data"),
            xytext=(8, 0),
            textcoords="offset points",
            va=middle(words),
            linespacing=1.05,
            annotation_clip=False,
        )
    fit(ax)
    beyond = (8 + _VERDICT) * figure_of(ax).dpi / 72 / ax.get_window_extent().width
    for y in (-1.0, *rows):
        ax.axhline(y + 0.5, xmax=1 + beyond, color=GRID, linewidth=0.8, zorder=0, clip_on=False)


@dataclass(frozen=True, slots=True)
class _Cell:
    """What one company says of one response."""

    company: str
    response: str
    stage: str
    detail: str

    @property
    def lines(self) -> int:
        return self.detail.count("\n") + 1


def _column(companies: list[str], verdicts: list[str], ax: Axes | None) -> float:
    """Return how wide the words under a mark may be, points."""
    if ax is not None:
        return ax.get_window_extent().width * 72 / figure_of(ax).dpi / len(RESPONSES) - 4
    lines = [line for name in companies for line in row_words(name, WIDTH).split("\n")]
    labels = max(text_width(line, SIZE) for line in lines)
    lines = [line for words in verdicts for line in wrapped(words, _VERDICT, SIZE).split("\n")]
    overall = max(text_width(line, SIZE) for line in lines)
    return (WIDTH * 72 - labels - max(overall, _VERDICT / 2) - 28) / len(RESPONSES) - 4


def _cells(data: pd.DataFrame, column: float) -> list[_Cell]:
    """Return one cell per company and response, at its furthest stage, with all its details."""
    order = list(STAGES)
    cells = []
    for (company, response), part in data.groupby(["company", "response"], sort=False):
        detail = ", ".join(dict.fromkeys(d for d in part["detail"] if d))
        cells.append(
            _Cell(
                company=str(company),
                response=str(response),
                stage=min((str(s) for s in part["stage"]), key=order.index),
                detail=balanced(detail, column, SMALL) if detail else "",
            )
        )
    return cells


def _draw_cell(ax: Axes, cell: _Cell, y: float, raised: bool) -> None:
    """Draw a mark, raised where some cell of the row has words under its mark."""
    from matplotlib.transforms import ScaledTranslation

    x = float(list(RESPONSES).index(cell.response))
    up = ScaledTranslation(0, (5.5 if raised else 0) / 72, figure_of(ax).dpi_scale_trans)
    ax.plot([x], [y], transform=ax.transData + up, **_STAGE_LOOKS[cell.stage])
    if cell.detail:
        ax.annotate(
            cell.detail,
            (x, y),
            xytext=(0, -1),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=SMALL,
            color=GREY_TEXT,
            linespacing=1.0,
            annotation_clip=False,
        )


def _column_heads(ax: Axes) -> None:
    """Name the responses along the top, each broken to the width of its column."""
    labels = [words.replace(" ", "\n", 1) for words in RESPONSES.values()]
    ax.set_xticks(range(len(labels)), labels=labels)
    for tick in ax.xaxis.get_majorticklabels():
        tick.set(color=INK, fontsize=SIZE, linespacing=1.05, verticalalignment="baseline")
