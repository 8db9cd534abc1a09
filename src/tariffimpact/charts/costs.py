"""How a cost is built up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.charts.axes import value_axis, widen, worded
from tariffimpact.charts.fonts import balanced, text_width
from tariffimpact.charts.frames import checked, known, numbers, texts
from tariffimpact.charts.framing import drawing
from tariffimpact.charts.marks import beside, label_rows, rows_down, rows_height
from tariffimpact.charts.style import (
    BLUE,
    GREY_TEXT,
    INK,
    ORANGE,
    SIZE,
    SKY,
    figure_of,
    look,
)
from tariffimpact.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

KINDS: Final = {"total": BLUE, "add": SKY, "tariff": ORANGE}
"""What a step is: a level of its own, an amount on top of the last, or the duty on top of it."""

_HEIGHT: Final = 2.9
_THICK: Final = 0.68
_THICKEST: Final = 72.0
_ROW: Final = 0.34
_MOST: Final = 9
_TOLERANCE: Final = 0.006


@dataclass(frozen=True, slots=True)
class _Step:
    """One bar, from where the last one ended to where this one ends, in money."""

    name: str
    start: float
    end: float
    kind: str
    words: str


def cost_steps(
    frame: pd.DataFrame, *, currency: str = "USD", source: str = "", ax: Axes | None = None
) -> Axes:
    """Draw how a cost builds up to a price, step by step, the duty in its own colour.

    Bars stand upright while their labels fit between them, and lie one under another otherwise.

    Parameters
    ----------
    frame
        One row per step, in order: `step` (its name), `amount` (in `currency`; negative for a
        deduction), `kind` (total for a level that starts from zero, add, or tariff).
    currency
        ISO 4217 code.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones if None.

    Returns
    -------
    Axes
        One bar per step.

    Raises
    ------
    ModelError
        If a column is missing, there is no row, a kind is none of the three, an amount is missing,
        or a total is not what the steps before it add up to.

    Examples
    --------
    >>> import pandas as pd
    >>> ax = cost_steps(pd.DataFrame({"step": ["Customs value", "Duty", "Landed cost"],
    ...                               "amount": [300, 75, 375],
    ...                               "kind": ["total", "tariff", "total"]}))
    >>> [text.get_text() for text in ax.texts]
    ['$300', '+$75', '$375']
    """
    data = checked(frame, "cost_steps", ("step", "amount", "kind"))
    known(list(data["kind"]), tuple(KINDS), "cost_steps", "kind")
    steps = _steps(data, currency)
    room = (
        look().width * 72 - 6
        if ax is None
        else ax.get_window_extent().width * 72 / figure_of(ax).dpi
    )
    room /= len(steps)
    upright = len(steps) <= _MOST
    upright = upright and all(text_width(s.words, SIZE, bold=True) + 4 <= room for s in steps)
    rows, _ = rows_down([step.name for step in steps])
    with drawing(ax, height=_HEIGHT if upright else rows_height(rows, _ROW), source=source) as axes:
        if upright:
            _upright(axes, steps, room)
        else:
            label_rows(axes, rows, [step.name for step in steps])
            _lying(axes, steps, rows, currency)
    return axes


def _steps(data: pd.DataFrame, currency: str) -> list[_Step]:
    steps: list[_Step] = []
    level = 0.0
    for name, amount, kind in zip(
        texts(data, "step"), numbers(data, "amount"), texts(data, "kind"), strict=True
    ):
        if amount != amount:
            raise ModelError(f"cost_steps needs an amount for {name!r}; leave the step out if none")
        if kind == "total" and steps and abs(amount - level) > _TOLERANCE * max(abs(level), 1.0):
            raise ModelError(
                f"cost_steps: {name!r} is {amount:g}, but the steps before it add up to {level:g}"
            )
        start = 0.0 if kind == "total" else level
        level = start + amount
        sign = "+" if kind != "total" and amount >= 0 else ""
        words = sign + worded(amount, "money", currency)
        steps.append(_Step(name, start, level, kind, words))
    return steps


def _upright(ax: Axes, steps: list[_Step], room: float) -> None:
    """Draw the steps from left to right, their names underneath."""
    ends = [0.0, *(end for step in steps for end in (step.start, step.end))]
    air = (max(ends) - min(ends)) * 0.1 or 1.0
    ax.set_xlim(-0.5, len(steps) - 0.5)
    ax.set_ylim(min(ends) - (air if min(ends) < 0 else 0), max(ends) + air)
    ax.axhline(0, color=INK, linewidth=0.9, zorder=5)
    names = [balanced(step.name, room - 6, SIZE, lines=3) for step in steps]
    ax.set_xticks(range(len(steps)), labels=names)
    for tick in ax.xaxis.get_majorticklabels():
        tick.set(color=INK, linespacing=1.1)
    ax.set_yticks([])
    thick = min(_THICK, _THICKEST / room)
    for x, step in enumerate(steps):
        colour = KINDS[step.kind]
        ax.bar(x, step.end - step.start, thick, bottom=step.start, color=colour, linewidth=0)
        if x + 1 < len(steps):
            ends_at = [x + thick / 2, x + 1 - thick / 2]
            ax.plot(ends_at, [step.end] * 2, color=GREY_TEXT, linewidth=0.9)
        ax.annotate(
            step.words,
            (x, max(step.start, step.end)),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            annotation_clip=False,
            **_label_looks(step.kind),
        )


def _lying(ax: Axes, steps: list[_Step], rows: list[float], currency: str) -> None:
    """Draw the steps from the top down, their names at the left."""
    ends = [0.0, *(end for step in steps for end in (step.start, step.end))]
    ax.set_xlim(min(ends), max(ends) or 1.0)
    for n, (y, step) in enumerate(zip(rows, steps, strict=True)):
        colour = KINDS[step.kind]
        ax.barh(y, step.end - step.start, _THICK, left=step.start, color=colour, linewidth=0)
        if n + 1 < len(steps):
            ax.plot(
                [step.end] * 2, [y + _THICK / 2, rows[n + 1] - _THICK / 2], color=GREY_TEXT, lw=0.9
            )
        beside(ax, max(step.start, step.end), y, step.words, gap=5, **_label_looks(step.kind))
    widen(ax)
    value_axis(ax, "x", "money", currency)


def _label_looks(kind: str) -> dict[str, Any]:
    """Return how the amount of a step is printed: bold in its colour, unless it is one of many."""
    if kind == "add":
        return {"color": INK}
    return {"color": KINDS[kind], "fontweight": "bold"}
