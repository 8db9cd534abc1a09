"""Events above a chart over time: each on its pole, none over another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.charts.axes import day_number
from tariffimpact.charts.fonts import text_width, wrapped
from tariffimpact.charts.frames import texts
from tariffimpact.charts.style import GREY_TEXT, INK, SIZE, SMALL, figure_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_FLAG: Final = 27.0
_FLAG_BASE: Final = 24.0
_FLAG_ROOM: Final = 110.0


def raise_flags(ax: Axes, events: pd.DataFrame) -> None:
    """Mark events by thin lines that carry their labels above the plot area."""
    import pandas as pd

    scale = 72 / figure_of(ax).dpi
    flags = []
    days = [day_number(day.date()) for day in pd.to_datetime(events["day"])]
    for day, label, detail in zip(
        days, texts(events, "label"), texts(events, "detail"), strict=True
    ):
        label = wrapped(label, _FLAG_ROOM, SIZE, lines=1, bold=True)
        detail = wrapped(detail, _FLAG_ROOM, SMALL, lines=1)
        wide = max(text_width(label, SIZE, bold=True), text_width(detail, SMALL)) + 10
        flags.append((float(ax.transData.transform((day, 0))[0]) * scale, day, wide, label, detail))
    flags.sort()
    sides, levels = hoist(
        [x for x, *_ in flags],
        [wide for _, _, wide, *_ in flags],
        low=ax.get_window_extent().x0 * scale - 20,
    )
    for (_, day, _, label, detail), side, level in zip(flags, sides, levels, strict=True):
        _flag(ax, day, _FLAG_BASE + _FLAG * level, label, detail, side)


def hoist(
    poles: Sequence[float], widths: Sequence[float], low: float
) -> tuple[list[int], list[int]]:
    """Return on which side of its pole each flag flies, and in which row, so that none touch.

    The first so many flags fly to the left, the others to the right, whatever needs fewest rows.

    Parameters
    ----------
    poles
        Where the poles stand, ascending.
    widths
        How wide the flags are, in the same unit.
    low
        How far left a flag may reach.

    Examples
    --------
    >>> hoist([0, 100, 110], [50, 50, 50], low=-60)
    ([-1, -1, 1], [0, 0, 0])
    """
    count, best = len(poles), None
    for split in range(count + 1):
        if any(poles[n] - widths[n] < low for n in range(split)):
            break
        rightward = _rows([-x for x in poles[split:]][::-1], list(widths[split:])[::-1])[::-1]
        rows = _rows(list(poles[:split]), list(widths[:split])) + rightward
        if best is None or max(rows) < max(best[1]):
            best = [-1] * split + [1] * (count - split), rows
    assert best is not None  # all to the right is always possible
    return best


def _rows(poles: list[float], widths: list[float]) -> list[int]:
    """Return the rows of flags that fly towards the poles before them, which are placed first.

    A flag clears the poles that rise to its row or above it.
    """
    rows: list[int] = []
    for pole, width in zip(poles, widths, strict=True):
        blocking = [row for before, row in zip(poles, rows, strict=False) if before > pole - width]
        rows.append(max(blocking, default=-1) + 1)
    return rows


def _flag(ax: Axes, day: float, base: float, label: str, detail: str, side: int) -> None:
    """Draw one event's line up to its flag, `base` points above the plot area, and the words."""
    top = ("data", "axes fraction")
    line: dict[str, Any] = {"color": INK, "linewidth": 0.8, "linestyle": (0, (2, 2))}
    ax.plot([day, day], [0, 1], transform=ax.get_xaxis_transform(), zorder=1.5, **line)
    ax.annotate(
        "",
        (day, 1),
        xycoords=top,
        xytext=(0, base + _FLAG - 4),
        textcoords="offset points",
        arrowprops={"arrowstyle": "-", "shrinkA": 0, "shrinkB": 0, **line},
        annotation_clip=False,
    )
    rows: tuple[tuple[float, str, dict[str, Any]], ...] = (
        (11.5 if detail else 6, label, {"fontweight": "bold", "color": INK, "fontsize": SIZE}),
        (0.5, detail, {"color": GREY_TEXT, "fontsize": SMALL}),
    )
    for up, text, looks in rows:
        if text:
            ax.annotate(
                text,
                (day, 1),
                xycoords=top,
                xytext=(4 * side, base + up),
                textcoords="offset points",
                ha="left" if side > 0 else "right",
                va="bottom",
                annotation_clip=False,
                **looks,
            )
