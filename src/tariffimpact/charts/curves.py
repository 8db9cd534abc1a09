"""Pass-through as it depends on the customs share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tariffimpact.charts.axes import measure, value_axis
from tariffimpact.charts.fonts import text_width
from tariffimpact.charts.frames import checked
from tariffimpact.charts.framing import drawing, fit
from tariffimpact.charts.marks import end_labels, lines_height, spread
from tariffimpact.charts.style import (
    BLUE,
    GREY,
    GREY_TEXT,
    INK,
    ORANGE,
    PALE,
    PAPER,
    SIZE,
    SKY,
    SMALL,
    TEXT_ON_WHITE,
    UNDERLAY,
    figure_of,
)
from tariffimpact.interval import Interval
from tariffimpact.units import percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

COLOURS: Final = (ORANGE, BLUE, SKY, GREY)
"""Colours of lines in the order of the frame; further lines are grey too, and told by name."""

_HEIGHT: Final = 2.9
_CEILING: Final = 2.0
_END_ROOM: Final = 95.0
_FEW: Final = 6


def line_colour(place: int) -> str:
    """Return the colour of the line at this place, counted from 0."""
    return COLOURS[min(place, len(COLOURS) - 1)]


def pass_through_curves(
    frame: pd.DataFrame,
    *,
    plausible: Interval | None = None,
    source: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw what an observed price rise says about pass-through, for every possible customs share.

    Each curve falls: the more of the price is dutiable, the more duty the same rise has to cover.
    A dot marks the share at which a product's rise is exactly the duty.

    Parameters
    ----------
    frame
        Several rows per product, in the order to be drawn: `product`, `customs_share` (customs
        value as a fraction of the old price), `pass_through_rate` (dollars of price per dollar of
        duty), `full_share` (the share at which the rate is one, the same in all rows of a product;
        above 1 or NaN where there is none to mark).
    plausible
        The customs share assumed in the report, shaded.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones if None.

    Returns
    -------
    Axes
        One line per product, one dot per full-pass-through share within the frame's range.

    Raises
    ------
    ModelError
        If a column is missing or there is no row.
    """
    columns = ("product", "customs_share", "pass_through_rate", "full_share")
    data = checked(frame, "pass_through_curves", columns)
    rates = data["pass_through_rate"].astype(float)
    top = min(max(float(rates.max()), 1.0), _CEILING)
    height = lines_height(data["product"].nunique(), _HEIGHT)
    with drawing(ax, height=height, source=source) as axes:
        shares = data["customs_share"].astype(float)
        axes.set_xlim(float(shares.min()), float(shares.max()))
        axes.set_ylim(0, max(top * 1.08, 1.25))
        measure(axes, "y", "Dollars of price per dollar of duty")
        measure(axes, "x", "Customs value as a share of the old price")
        if plausible is not None:
            _shade(axes, plausible)
        value_axis(axes, "y", "ratio")
        value_axis(axes, "x", "percent", count=7)
        axes.axhline(1.0, color=INK, linewidth=0.9, linestyle=(0, (3, 2)), zorder=2.5)
        ends: list[tuple[float, str, str, str]] = []
        dots: list[tuple[float, str]] = []
        for place, (product, part) in enumerate(data.groupby("product", sort=False)):
            colour = line_colour(place)
            curve = part.astype({"customs_share": float, "pass_through_rate": float})
            curve = curve.sort_values("customs_share")
            axes.plot(curve["customs_share"], curve["pass_through_rate"], color=colour, lw=2.2)
            full = float(part["full_share"].astype(float).iloc[0])
            ends.append((float(curve["pass_through_rate"].iloc[-1]), str(product), "", colour))
            if axes.get_xlim()[0] <= full <= axes.get_xlim()[1]:
                dots.append((full, colour))
        fit(axes, looks=1)
        end_labels(axes, axes.get_xlim()[1], ends, room=_END_ROOM)
        fit(axes, looks=1)
        _mark_full(axes, dots)
        _name_line(axes)
    return axes


def _shade(ax: Axes, plausible: Interval) -> None:
    """Shade the assumed range of the customs share and say so at its top."""
    low, high = ax.get_xlim()
    start, end = max(plausible.low, low), min(plausible.high, high)
    if start > end:
        return
    ax.axvspan(start, end, color=PALE, linewidth=0, zorder=0)
    ax.annotate(
        f"Assumed share\n{percent(plausible, 0)}",
        ((start + end) / 2, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, -5),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=SMALL,
        color=GREY_TEXT,
        bbox={**UNDERLAY, "facecolor": PALE},
    )


def _mark_full(ax: Axes, dots: list[tuple[float, str]]) -> None:
    """Mark where curves cross full pass-through, and print the shares at the foot."""
    scale = 72 / figure_of(ax).dpi
    words = [percent(x, 0) for x, _ in dots]
    wanted = [float(ax.transData.transform((x, 1))[0]) * scale for x, _ in dots]
    sizes = [text_width(word, SIZE, bold=True) + 6 for word in words]
    foot = float(ax.transData.inverted().transform((0, ax.get_window_extent().y0 + 17 / scale))[1])
    for (x, colour), word, want, place in zip(
        dots, words, wanted, spread(wanted, sizes), strict=True
    ):
        ax.plot(
            [x],
            [1],
            marker="o",
            markersize=8,
            color=colour,
            markeredgecolor=PAPER,
            markeredgewidth=1.2,
            linestyle="none",
            zorder=5,
        )
        ax.plot([x, x], [foot, 1], color=colour, linewidth=1.0, linestyle=(0, (1, 1.5)), zorder=1.5)
        ax.annotate(
            word,
            (x, 0),
            xytext=(place - want, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            color=TEXT_ON_WHITE[colour],
            fontweight="bold",
            zorder=6,
        )


def _name_line(ax: Axes) -> None:
    """Say what the line at one means, at its right end."""
    ax.annotate(
        "Full pass-through",
        (1, 1),
        xycoords=("axes fraction", "data"),
        xytext=(-2, 3),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=SMALL,
        color=INK,
        bbox={**UNDERLAY, "alpha": 0.7},
        zorder=5,
    )
