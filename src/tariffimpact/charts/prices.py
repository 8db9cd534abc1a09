"""Prices before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tariffimpact.charts.axes import base_line, measure, value_axis, widen, worded
from tariffimpact.charts.fonts import wrapped
from tariffimpact.charts.frames import checked, numbers, one_currency, texts
from tariffimpact.charts.framing import drawing
from tariffimpact.charts.marks import beside, key, label_rows, rows_down, rows_height, tell
from tariffimpact.charts.ranges import limits
from tariffimpact.charts.style import (
    BLUE,
    GREY,
    GREY_TEXT,
    LINK,
    ORANGE,
    PAPER,
    SKY,
    SMALL,
    UNDERLAY,
    is_narrow,
)
from tariffimpact.errors import ModelError
from tariffimpact.units import percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_ROW: Final = 0.5
_HEAD: Final = 0.95
_WIDE: Final = 20.0
_NOTE: Final = 190.0
_DOT: Final[dict[str, Any]] = {
    "marker": "o",
    "markersize": 8.5,
    "linestyle": "none",
    "zorder": 4,
    "clip_on": False,
}
_OLD: Final = _DOT | {"color": BLUE, "markerfacecolor": PAPER, "markeredgewidth": 2.2}
_NEW: Final = _DOT | {"color": ORANGE}


def price_dumbbell(frame: pd.DataFrame, *, source: str = "", ax: Axes | None = None) -> Axes:
    """Draw each product's price before and after, joined, with the change in percent.

    Where the dearest product costs over twenty times the cheapest the axis is logarithmic, so that
    equal changes in percent look equal.

    Parameters
    ----------
    frame
        One row per product, drawn from the top: `product`, `old_price` and `new_price` (in
        `currency`, above zero), `currency` (one ISO 4217 code for all).
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones, sized by the rows, if None.

    Returns
    -------
    Axes
        Per row one line from the old to the new price, and two dots.

    Raises
    ------
    ModelError
        If a column is missing, there is no row, there are several currencies, or a price is not
        above zero.

    Examples
    --------
    >>> import pandas as pd
    >>> ax = price_dumbbell(pd.DataFrame({"product": ["PS5"], "old_price": [500],
    ...                                   "new_price": [550], "currency": ["USD"]}))
    >>> [text.get_text() for text in ax.texts]
    ['$500', '$550', '+10.0%', 'Old price', 'New price']
    """
    data = checked(frame, "price_dumbbell", ("product", "old_price", "new_price", "currency"))
    currency = one_currency(data, "price_dumbbell")
    old, new = numbers(data, "old_price"), numbers(data, "new_price")
    if not all(price > 0 for price in (*old, *new)):
        raise ModelError("price_dumbbell needs prices above zero; leave out rows without one")
    rows, _ = rows_down(texts(data, "product"))
    with drawing(ax, height=rows_height(rows, _ROW, _HEAD), source=source) as axes:
        label_rows(axes, rows, texts(data, "product"), above=_HEAD)
        if max(*old, *new) > _WIDE * min(*old, *new):
            axes.set_xscale("log")
            for minor in (False, True):  # matplotlib's own, which are wide, until the axis has ours
                axes.set_xticks([], minor=minor)
            measure(axes, "x", "Logarithmic scale")
        for y, before, after in zip(rows, old, new, strict=True):
            _dumbbell(axes, y, before, after, currency)
        _headings(axes, rows[0], old[0], new[0], max(*old, *new) - min(*old, *new))
        widen(axes)
        value_axis(axes, "x", "money", currency, stretch=True)
    return axes


def change_words(old: float, new: float) -> str:
    """Return a price change in percent, with its sign.

    Examples
    --------
    >>> change_words(450, 500), change_words(500, 450), change_words(500, 500)
    ('+11.1%', '−10.0%', 'unchanged')
    """
    if new == old:
        return "unchanged"
    return ("+" if new > old else "") + percent(new / old - 1, 1)


def _dumbbell(ax: Axes, y: float, old: float, new: float, currency: str) -> None:
    side = 1 if new >= old else -1
    ax.plot([old, new], [y, y], color=LINK, linewidth=3, zorder=2)
    ax.plot([old], [y], **_OLD)
    ax.plot([new], [y], **_NEW)
    beside(ax, old, y, worded(old, "money", currency), side=-side, gap=9, color=BLUE)
    words = worded(new, "money", currency)
    beside(ax, new, y, words, side=side, gap=9, color=ORANGE, fontweight="bold")
    middle = (old * new) ** 0.5 if ax.get_xscale() == "log" else (old + new) / 2
    ax.annotate(
        change_words(old, new),
        (middle, y),
        xytext=(0, -7.5),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=SMALL,
        color=GREY_TEXT,
        annotation_clip=False,
    )


def _headings(ax: Axes, y: float, old: float, new: float, span: float) -> None:
    """Name the two dots above the first row, over the dots or apart where these are close."""
    if is_narrow(ax):
        _dots_key(ax, "Old price")
        return
    side = 1 if new >= old else -1
    inward = 4 if abs(new - old) > 0.08 * span and ax.get_xscale() == "linear" else -2
    for x, words, colour, towards in (
        (old, "Old price", BLUE, -side),
        (new, "New price", ORANGE, side),
    ):
        ax.annotate(
            words,
            (x, y),
            xytext=(-inward * towards, 9),
            textcoords="offset points",
            ha="left" if towards > 0 else "right",
            va="bottom",
            color=colour,
            fontweight="bold" if colour == ORANGE else "normal",
            annotation_clip=False,
            bbox=UNDERLAY,
        )


def _dots_key(ax: Axes, old: str) -> None:
    """Name the two dots in a key, where names of rows stand above the marks."""
    key(ax, [(old, {**_OLD, "clip_on": True}), ("New price", {**_NEW, "clip_on": True})], gap=4)


def price_rules(
    frame: pd.DataFrame, *, currency: str = "USD", source: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the new price that each pricing rule asks for, or that no price satisfies it.

    Parameters
    ----------
    frame
        One row per rule, drawn from the top: `rule` (row label), `price` (in `currency`; NaN where
        no price satisfies the rule), `old_price` (in `currency`), `note` (a few words, may be
        blank).
    currency
        ISO 4217 code.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones, sized by the rows, if None.

    Returns
    -------
    Axes
        Per row the old price as a hollow dot and, where there is one, the new price as a full dot.

    Raises
    ------
    ModelError
        If a column is missing, there is no row, or an old price is not above zero.
    """
    data = checked(frame, "price_rules", ("rule", "price", "old_price", "note"))
    old, new = numbers(data, "old_price"), numbers(data, "price")
    if not all(price > 0 for price in old):
        raise ModelError("price_rules needs old prices above zero")
    rows, _ = rows_down(texts(data, "rule"))
    notes = texts(data, "note")
    with drawing(ax, height=rows_height(rows, _ROW, _HEAD), source=source) as axes:
        label_rows(axes, rows, texts(data, "rule"), above=_HEAD)
        axes.set_xlim(*limits([*old, *new], zero=False))
        for y, before, after, note in zip(rows, old, new, notes, strict=True):
            _rule(axes, y, before, after, wrapped(note, _NOTE, SMALL, lines=1), currency)
        name = (
            f"Old price {worded(old[0], 'money', currency)}" if len(set(old)) == 1 else "Old price"
        )
        if is_narrow(axes):
            _dots_key(axes, name)
            name = ""
        axes.annotate(
            name,
            (old[0], rows[0]),
            xytext=(0, 9),
            textcoords="offset points",
            ha="center",
            va="bottom",
            color=BLUE,
            annotation_clip=False,
            bbox=UNDERLAY,
        )
        widen(axes)
        value_axis(axes, "x", "money", currency, stretch=True)
    return axes


def _rule(ax: Axes, y: float, old: float, new: float, note: str, currency: str) -> None:
    """Draw one rule's price, its words, and the note under them."""
    ax.plot([old, new], [y, y], color=LINK, linewidth=3, zorder=2)
    ax.plot([old], [y], **_OLD)
    at, words, colour, side = old, "no price does", GREY_TEXT, 1
    if new == new:
        ax.plot([new], [y], **_NEW)
        at, colour, side = new, ORANGE, 1 if new >= old else -1
        words = f"{worded(new, 'money', currency)} ({change_words(old, new)})"
    beside(ax, at, y, words, side=side, gap=9, color=colour, fontweight="bold")
    if note:
        ax.annotate(
            note,
            (at, y),
            xytext=(9 * side, -7),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="top",
            fontsize=SMALL,
            color=GREY_TEXT,
            annotation_clip=False,
            bbox=UNDERLAY,
        )


_PLACES: Final = (ORANGE, BLUE, SKY, GREY)


def change_dots(
    frame: pd.DataFrame, *, x_label: str = "", source: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the change of each product's price in each market, the taxed one and its controls.

    Parameters
    ----------
    frame
        One row per product and market: `product`, `market` (display name; the first in the frame
        is the one under the tariff), `change` (relative, a fraction).
    x_label
        What the axis measures.
    source
        Credit line printed below.
    ax
        Axes to draw on; new ones, sized by the rows, if None.

    Returns
    -------
    Axes
        Per row of the frame one dot; those of the first market are full.

    Raises
    ------
    ModelError
        If a column is missing or there is no row.
    """
    data = checked(frame, "change_dots", ("product", "market", "change"))
    markets = list(dict.fromkeys(texts(data, "market")))
    products = list(dict.fromkeys(texts(data, "product")))
    rows, _ = rows_down(products)
    looks = {
        market: _DOT | {"color": _PLACES[min(n, 3)]} | ({} if n == 0 else _RING)
        for n, market in enumerate(markets)
    }
    with drawing(ax, height=rows_height(rows, _ROW), source=source) as axes:
        label_rows(axes, rows, products)
        axes.set_xlim(*limits([0.0, *numbers(data, "change")]))
        if x_label:
            measure(axes, "x", x_label)
        key(axes, [(m, {**looks[m], "clip_on": True}) for m in markets], gap=5)
        for y, product in zip(rows, products, strict=True):
            mine = data[data["product"].astype(str) == product]
            values = numbers(mine, "change")
            axes.plot([min(values), max(values)], [y, y], color=LINK, linewidth=2, zorder=2)
            for market, value in zip(texts(mine, "market"), values, strict=True):
                (dot,) = axes.plot([value], [y], **looks[market])
                tell(f"{product}, {market}: {_signed(value)}", dot)
            for value, side in _outer(values):
                beside(axes, value, y, _signed(value), side=side, gap=9)
        base_line(axes)
        widen(axes)
        value_axis(axes, "x", "percent", stretch=True)
    return axes


_RING: Final[dict[str, Any]] = {"markerfacecolor": PAPER, "markeredgewidth": 2.2}


def _signed(change: float) -> str:
    return ("+" if change > 0 else "") + percent(change, 0)


def _outer(values: list[float]) -> list[tuple[float, int]]:
    """Return the ends of a row, each with the side on which its words stand."""
    low, high = min(values), max(values)
    return [(high, 1)] if low == high else [(low, -1), (high, 1)]
