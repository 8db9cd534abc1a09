"""Bars of parts: who bears a duty, what a rise is made of, who has the money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tariffimpact.charts.axes import (
    Form,
    base_line,
    measure,
    value_axis,
    widen,
    worded,
)
from tariffimpact.charts.fonts import legible, text_width
from tariffimpact.charts.frames import checked, known, texts
from tariffimpact.charts.framing import drawing, fit
from tariffimpact.charts.marks import (
    beside,
    key,
    label_rows,
    rows_down,
    rows_height,
    tell,
)
from tariffimpact.charts.style import (
    BLUE,
    GREY,
    INK,
    ORANGE,
    PAPER,
    SIZE,
    TEXT_INSIDE,
    figure_of,
)

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


@dataclass(frozen=True, slots=True)
class Part:
    """What one colour of a stacked bar stands for."""

    words: str
    """Its name in the key."""
    colour: str
    bold: bool = False


def stacked_bars(
    frame: pd.DataFrame,
    *,
    parts: Mapping[str, Part],
    form: Form = "money",
    currency: str = "USD",
    digits: int | None = None,
    totals: bool = False,
    total_word: str = "",
    x_label: str = "",
    source: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw each case as one bar of its parts; what is below zero lies left of it.

    Parameters
    ----------
    frame
        One row per case and part: `case` (row label), `part` (a key of `parts`), `amount` (in the
        unit that `form` names), and optionally `group` (heading over the cases that share it) and
        `words` (what to print on the part instead of its amount).
    parts
        Name and colour of each part, in the order they are stacked.
    form
        How the numbers are written: percent (of fractions), ratio, money or cents.
    currency
        ISO 4217 code, for money.
    digits
        Decimals of the numbers printed.
    totals
        Whether each bar's sum stands at its end.
    total_word
        A word after that sum.
    x_label
        What the axis measures.
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
        If a column is missing, there is no row, or a part is not in `parts`.
    """
    data = checked(frame, "stacked_bars", ("case", "part", "amount"))
    known(list(data["part"]), tuple(parts), "stacked_bars", "part")
    data = data.assign(
        group=texts(data, "group"), words=texts(data, "words"), amount=data["amount"].astype(float)
    )
    cases = data[["group", "case"]].drop_duplicates()
    rows, headings = rows_down(texts(cases, "case"), texts(cases, "group"))
    first = 0.55
    with drawing(ax, height=rows_height(rows, _ROW, first), source=source) as axes:
        label_rows(axes, rows, texts(cases, "case"), headings, above=first)
        sums = [data["amount"].where(mask).groupby([data["group"], data["case"]]).sum()
                for mask in (data["amount"] < 0, data["amount"] > 0)]  # fmt: skip
        axes.set_xlim(min(0.0, float(sums[0].min())), float(sums[1].max()) or 1.0)
        if x_label:
            measure(axes, "x", x_label)
        present = [part for part in parts if part in set(data["part"])]
        key(axes, [(parts[part].words, {"color": parts[part].colour}) for part in present], gap=4)
        fit(axes, looks=1)
        if totals:
            _sum_words(axes, data, cases, rows, form, currency, digits, total_word)
            widen(axes)
        axes.set_xlim(axes.get_xlim()[0] if sums[0].min() < 0 else 0.0, axes.get_xlim()[1])
        value_axis(axes, "x", form, currency, count=6)
        for y, group, case in zip(rows, cases["group"], cases["case"], strict=True):
            mine = data[(data["group"] == group) & (data["case"] == case)]
            _stack(axes, y, mine, parts, form, currency, digits, totals)
        if axes.get_xlim()[0] < 0:
            base_line(axes)
    return axes


def _sum_words(
    ax: Axes, data: pd.DataFrame, cases: pd.DataFrame, rows: Sequence[float], form: Form,
    currency: str, digits: int | None, word: str,
) -> None:  # fmt: skip
    """Print each bar's sum at its right end."""
    for y, group, case in zip(rows, cases["group"], cases["case"], strict=True):
        mine = data[(data["group"] == group) & (data["case"] == case)]["amount"]
        said = f"{worded(float(mine.sum()), form, currency, digits)} {word}".strip()
        beside(ax, float(mine[mine > 0].sum()), y, said, gap=5)


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
    parts = {
        party: Part(parties.get(party, words), _COLOURS[party], bold=party == "consumers")
        for party, words in PARTIES.items()
    }
    drawn = data.assign(group=texts(data, "group"))[["group", "case", "party", "burden"]]
    return stacked_bars(
        drawn.rename(columns={"party": "part", "burden": "amount"}),
        parts=parts, form="percent", digits=0, x_label=x_label, source=source, ax=ax,
    )  # fmt: skip


def _stack(
    ax: Axes, y: float, mine: pd.DataFrame, parts: Mapping[str, Part], form: Form, currency: str,
    digits: int | None, totals: bool,
) -> None:  # fmt: skip
    """Draw the bar of one case: what is below zero to the left, the rest to the right."""
    left, right = 0.0, 0.0
    scale = ax.get_window_extent().width * 72 / figure_of(ax).dpi
    scale /= ax.get_xlim()[1] - ax.get_xlim()[0]
    found = {name: mine[mine["part"] == name] for name in parts}
    amounts = {name: float(rows["amount"].sum()) for name, rows in found.items() if len(rows)}
    last = [name for name, amount in amounts.items() if amount > 0][-1:]
    for name, amount in amounts.items():
        if not amount:
            continue
        part, start = parts[name], left + amount if amount < 0 else right
        (bar,) = ax.barh(
            y, abs(amount), _THICK, left=start, color=part.colour, edgecolor=PAPER, linewidth=1.2
        )
        short = worded(amount, form, currency, digits)
        words = legible(next(filter(None, found[name]["words"]), short))
        tell(f"{mine['case'].iloc[0]}, {part.words}: {words}", bar)
        room = abs(amount) * scale - 6
        fitting = next((w for w in (words, short) if text_width(w, SIZE, bold=True) <= room), "")
        if fitting:
            ax.annotate(
                fitting,
                (start + abs(amount) / 2, y),
                ha="center",
                va="center_baseline",
                color=TEXT_INSIDE.get(part.colour, INK),
                fontweight="bold" if part.bold else "normal",
                annotation_clip=False,
            )
        elif amount < 0 or ([name] == last and not totals):
            at, side = (start, -1) if amount < 0 else (start + amount, 1)
            beside(ax, at, y, words, side=side, gap=3, color=INK)
        left, right = left + min(amount, 0.0), right + max(amount, 0.0)
