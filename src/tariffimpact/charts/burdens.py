"""Who bears a duty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from tariffimpact.charts.axes import base_line, measure, value_axis
from tariffimpact.charts.fonts import text_width
from tariffimpact.charts.frames import checked, known, texts
from tariffimpact.charts.framing import drawing, fit
from tariffimpact.charts.marks import beside, key, label_rows, rows_down, rows_height
from tariffimpact.charts.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    SIZE,
    TEXT_INSIDE,
    figure_of,
)
from tariffimpact.units import percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

PARTIES: Final[Mapping[str, str]] = {
    "consumers": "Consumers",
    "firms": "US firms",
    "exporter": "Foreign exporter",
}
"""The parties a duty can fall on, in the order they are stacked, and their names in the key."""

_COLOURS: Final = {"consumers": ORANGE, "firms": BLUE, "exporter": GREY}
_THICK: Final = 0.66
_ROW: Final = 0.38


def burden_bars(
    frame: pd.DataFrame,
    *,
    parties: Mapping[str, str] = PARTIES,
    x_label: str = "Share of the duty",
    source: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw who bears each case's duty as one stacked bar; a windfall lies left of zero.

    Parameters
    ----------
    frame
        One row per case and party: `case` (row label), `party` (consumers, firms or exporter),
        `burden` (fraction of the duty, negative for a windfall; the parties of a case sum to one),
        and optionally `group` (heading over the cases of one product).
    parties
        What the key calls each party.
    x_label
        What the bars divide.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones, sized by the rows, if None.

    Returns
    -------
    Axes
        One bar per row of the frame that is not zero.

    Raises
    ------
    ModelError
        If a column is missing, there is no row, or a party is none of the three.

    Examples
    --------
    >>> import pandas as pd
    >>> ax = burden_bars(pd.DataFrame({"case": ["PS5"] * 2, "party": ["consumers", "firms"],
    ...                                "burden": [0.8, 0.2]}))
    >>> [f"{bar.get_width():.1f}" for bar in ax.patches]
    ['0.8', '0.2']
    """
    data = checked(frame, "burden_bars", ("case", "party", "burden"))
    known(list(data["party"]), tuple(PARTIES), "burden_bars", "party")
    data = data.assign(group=texts(data, "group"), burden=data["burden"].astype(float))
    cases = data[["group", "case"]].drop_duplicates()
    rows, headings = rows_down(list(cases["case"]), list(cases["group"]))
    first = 0.55
    height = rows_height(rows, _ROW, first)
    with drawing(ax, height=height, source=source) as axes:
        label_rows(axes, rows, texts(cases, "case"), headings, above=first)
        low = data[data["burden"] < 0].groupby(["group", "case"])["burden"].sum().min()
        high = data[data["burden"] > 0].groupby(["group", "case"])["burden"].sum().max()
        axes.set_xlim(min(0.0, float(low)) if low == low else 0.0, float(high))
        measure(axes, "x", x_label)
        value_axis(axes, "x", "percent", count=6)
        present = [party for party in PARTIES if party in set(data["party"])]
        looks = [
            (parties.get(party, PARTIES[party]), {"color": _COLOURS[party]}) for party in present
        ]
        key(axes, looks, gap=4)
        fit(axes)
        burdens = data.set_index(["group", "case", "party"])["burden"]
        for y, group, case in zip(rows, cases["group"], cases["case"], strict=True):
            shares = {party: float(burdens.get((group, case, party), 0.0)) for party in present}
            _stack(axes, y, shares)
        if axes.get_xlim()[0] < 0:
            base_line(axes)
    return axes


def _stack(ax: Axes, y: float, shares: dict[str, float]) -> None:
    """Draw the bar of one case: gains to the left of zero, burdens to the right."""
    left, right = 0.0, 0.0
    scale = ax.get_window_extent().width * 72 / figure_of(ax).dpi
    scale /= ax.get_xlim()[1] - ax.get_xlim()[0]
    last = [party for party, share in shares.items() if share > 0][-1:]
    for party, share in shares.items():
        if not share:
            continue
        start = left + share if share < 0 else right
        colour = _COLOURS[party]
        ax.barh(y, abs(share), _THICK, left=start, color=colour, edgecolor="white", linewidth=1.2)
        words = percent(share, 0)
        if text_width(words, SIZE, bold=True) + 6 <= abs(share) * scale:
            ax.annotate(
                words,
                (start + abs(share) / 2, y),
                ha="center",
                va="center_baseline",
                color=TEXT_INSIDE[colour],
                fontweight="bold" if party == "consumers" else "normal",
                annotation_clip=False,
            )
        elif share < 0 or [party] == last:
            beside(
                ax,
                start if share < 0 else start + share,
                y,
                words,
                side=-1 if share < 0 else 1,
                gap=3,
                color=INK,
            )
        left, right = left + min(share, 0.0), right + max(share, 0.0)
