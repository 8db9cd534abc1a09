"""Predicted rises beside those of the consumer price index, item by item: never called causal.

One item of the index is one observation: the categories it covers are pooled by what is spent on
them. A slope of one says that items whose cost rose by a point more saw their price rise by a
point more; anything else that moved the same items is in it too, and so is the month in which the
window starts, which is why the slope is told for every start. With each item's own rise over as
many months before taken off, what it would have risen anyway is so far as its past tells it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.arguments import Array
from tariffimpact.costpush.accounts import Code, frame_of, read_parquet
from tariffimpact.costpush.categories import MARGINS, CostPush
from tariffimpact.costpush.rate_change import period_words
from tariffimpact.errors import DataError, Fault, require
from tariffimpact.facts import Record
from tariffimpact.facts.checks import repeated
from tariffimpact.facts.fields import Text
from tariffimpact.facts.tables import read_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes


FEWEST: Final = 5
"""Items below which no slope is told."""
_CREDIT: Final = "US Bureau of Labor Statistics"


class PriceItem(Record):
    """The item of the consumer price index that holds a category."""

    category: Code
    item: Code
    item_name: Text


@dataclass(frozen=True, slots=True)
class Slope:
    """How much more prices rose where costs rose by a point more, across items."""

    slope: float
    """Points of price per point of predicted rise."""
    standard_error: float
    """Robust to unequal spread (HC1)."""
    intercept: float
    """Rise of an item whose predicted rise is none, fraction."""
    items: int


def slope_of(predicted: Array, seen: Array, weights: Array) -> Slope:
    """Return the slope of a weighted line through predicted and seen rises.

    .. math:: b = (∑_i w_i (x_i − x̄) (y_i − ȳ)) / (∑_i w_i (x_i − x̄)^2)

    Parameters
    ----------
    predicted, seen
        x and y, one an item.
    weights
        w, positive; equal ones for the unweighted slope.

    Raises
    ------
    ModelError
        If there are fewer than five items, or all are predicted to rise alike.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([0.0, 0.01, 0.02, 0.03, 0.05])
    >>> round(slope_of(x, 0.5 * x + 0.02, np.ones(5)).slope, 9)
    0.5
    """
    n = len(predicted)
    require(n >= FEWEST, f"a slope needs {FEWEST} items (got {n})")
    w = weights / weights.sum()
    x = predicted - w @ predicted
    spread = float(w @ x**2)
    require(spread > 1e-14, "the items are all predicted to rise alike: they tell no slope")
    mean = float(w @ seen)
    slope = float(w @ (x * (seen - mean))) / spread
    residual = seen - mean - slope * x
    error = math.sqrt(float(np.sum((w * x * residual) ** 2)) * n / (n - 2)) / spread
    return Slope(slope, error, mean - slope * float(w @ predicted), n)


@dataclass(frozen=True, repr=False)
class PriceComparison(Answer):
    """Predicted and seen rises of the items of the consumer price index over a window."""

    frame: pd.DataFrame
    """One row an item: `item`, `name`, `spent`, `constant_dollar`, `constant_percent` (predicted),
    `seen`, and `before` (the rise over as many months before; NaN if unknown), fractions."""
    start: str
    end: str
    change: str
    """The change of duty whose costs are predicted."""
    left_out: tuple[str, ...]
    """Items without an index at the start or the end."""
    credit: str

    def slope(
        self,
        margins: str = "constant_dollar",
        *,
        weighted: bool = False,
        less_before: bool = False,
    ) -> Slope:
        """Return the slope across items.

        Parameters
        ----------
        margins
            Which prediction: `constant_dollar` or `constant_percent`.
        weighted
            Whether an item counts by what is spent on it, or each alike.
        less_before
            Whether each item's rise over as many months before is taken off the one seen.
        """
        require(margins in MARGINS, f"margins are {' or '.join(MARGINS)} (got {margins!r})")
        frame = self.frame.dropna(subset=["before"]) if less_before else self.frame
        seen = frame["seen"] - frame["before"] if less_before else frame["seen"]
        weights = frame["spent"] if weighted else np.ones(len(frame))
        return slope_of(
            frame[margins].to_numpy(np.float64),
            seen.to_numpy(np.float64),
            np.asarray(weights, np.float64),
        )

    def summary(self) -> str:
        """Return the two slopes and what they are not, in a sentence or two."""
        alike, spent = self.slope(), self.slope(weighted=True)
        return (
            f"Across {alike.items} items of the consumer price index, {period_words(self.start)} "
            f"to {period_words(self.end)}, prices rose by {_worded(alike)} for each point of cost "
            f"(margins constant in dollars), or {_worded(spent)} with items weighted by what is "
            "spent on them. An association across items, not the effect of the tariff."
        )

    def headline(self) -> str:
        """Return the finding, as a chart of the items carries it."""
        ends = sorted((self.slope().slope, self.slope(weighted=True).slope))
        return (
            f"Where tariff costs were a point higher, prices rose {_more(*ends)}, "
            f"{period_words(self.start)} to {period_words(self.end)}"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the items."""
        return self.frame

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each item's predicted rise against the one seen, with both lines."""
        from tariffimpact import charts

        lines = [
            (words, line.slope, line.intercept)
            for words, line in (
                ("each item alike", self.slope()),
                ("by what is spent", self.slope(weighted=True)),
            )
        ]
        frame = self.frame.rename(columns={"constant_dollar": "predicted"})
        fitted = pd.DataFrame(lines, columns=["line", "slope", "intercept"])
        return charts.predicted_and_seen(frame, fitted, source=self.credit, ax=ax)

    def explain(self) -> str:
        """Return the slopes under both margin rules, what is left out, and the sources."""
        lines = []
        for margins, words in zip(MARGINS, ("in dollars", "in per cent"), strict=True):
            alike, spent = self.slope(margins), self.slope(margins, weighted=True)
            lines.append(
                f"Margins constant {words}: {_worded(alike)} each item alike, {_worded(spent)} "
                f"by what is spent{self._less_before(margins)}."
            )
        missing = f"Without an index in both months: {', '.join(self.left_out)}."
        return "\n".join(
            [
                self.summary(),
                *lines,
                f"Predicted: the cost of {self.change}, all passed on. Seen: the index, seasonally "
                "adjusted where the Bureau adjusts it.",
                "Anything else that moved the prices of the same items is in the slope too.",
                *([missing] if self.left_out else []),
                f"Source: {self.credit}.",
            ]
        )

    def _less_before(self, margins: str) -> str:
        """Return the same two slopes without each item's earlier rise, where it is known."""
        if self.frame["before"].notna().sum() < FEWEST:
            return ""
        alike = self.slope(margins, less_before=True)
        spent = self.slope(margins, weighted=True, less_before=True)
        return f"; less its rise over as many months before {_worded(alike)} and {_worded(spent)}"


def compare_prices(answer: CostPush, *, start: str, end: str) -> PriceComparison:
    """Return the predicted rises beside the consumer price index of the same items.

    Parameters
    ----------
    answer
        The cost of a change of duty; where it is a range its middle is taken.
    start, end
        Months of the window, `2024-12`.

    Returns
    -------
    PriceComparison
        One row an item of the index.

    Raises
    ------
    DataError
        If the folder of the accounts has no prices, or none of a month.
    ModelError
        If the window does not run forward.
    """
    return _compared(answer, _seen(answer), start, end)


@dataclass(frozen=True, repr=False)
class StartMonths(Answer):
    """The slope between predicted and seen rises for each month the window may start in."""

    frame: pd.DataFrame
    """`start`, `margins`, `weighted`, `less_before`, `slope`, `standard_error`, `items`."""
    end: str
    """Month in which every window ends."""
    credit: str

    def summary(self) -> str:
        """Return how far the slope moves with the month it starts in."""
        return f"{self.headline()}, to {period_words(self.end)}: no window is the right one."

    def headline(self) -> str:
        """Return the finding, as a chart of the slopes carries it."""
        slopes = self.frame.loc[self.frame["margins"] == MARGINS[0], "slope"]
        return (
            f"Between costs and prices the slope runs from {_plain(slopes.min())} to "
            f"{_plain(slopes.max())}, by the month the window starts in"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the slopes."""
        return self.frame

    def plot(self, ax: Axes | None = None, *, credited: bool = True) -> Axes:
        """Draw the slopes, margins constant in dollars."""
        from tariffimpact import charts

        words = {
            False: "Rise of the index",
            True: "Less the item's rise over as many months before",
        }
        chosen = self.frame[self.frame["margins"] == MARGINS[0]]
        chosen = chosen.assign(series=[words[bool(less)] for less in chosen["less_before"]])
        end = period_words(self.end)
        source = self.credit if credited else ""
        return charts.slopes_by_start(chosen, end=end, source=source, ax=ax)

    def explain(self) -> str:
        """Return the slope of each start, both ways, and what moves it."""
        chosen = self.frame.query("margins == @MARGINS[0] and not less_before and not weighted")
        rows = [
            f"  {period_words(row['start'])}: {_plain(row['slope'])} "
            f"(s.e. {_plain(row['standard_error'])}), {row['items']} items"
            for row in chosen.to_dict("records")
        ]
        return "\n".join(
            [
                self.summary(),
                "Margins constant in dollars, each item alike:",
                *rows,
                "A window that starts in a month of low prices for the exposed items shows a steep "
                "slope, one that starts in a month of high prices a flat one.",
                f"Source: {self.credit}.",
            ]
        )


def start_months(answer: CostPush, *, starts: Sequence[str], end: str) -> StartMonths:
    """Return the slope for each month the window may start in.

    Parameters
    ----------
    answer
        The cost of a change of duty.
    starts
        First months, `2024-12`; one of which the index has nothing (October 2025 was never
        collected) is left out.
    end
        Last month of every window.

    Raises
    ------
    DataError
        If the index has nothing of the last month.
    ModelError
        If it has none of the first months.
    """
    seen = _seen(answer)
    windows = [_compared(answer, seen, start, end) for start in starts if start in seen.known]
    require(windows, "the index has none of these months")
    rows = [row for window in windows for row in _slopes(window)]
    return StartMonths(pd.DataFrame(rows), end, windows[0].credit)


def _slopes(window: PriceComparison) -> Iterator[dict[str, Any]]:
    """Yield the slope under each margin rule, weight, and with or without the earlier rise."""
    before = window.frame["before"].notna().sum() >= FEWEST
    for margins, weighted, less in product(MARGINS, (False, True), (False, True)):
        if less and not before:
            continue
        found = asdict(window.slope(margins, weighted=weighted, less_before=less))
        del found["intercept"]
        ways = {"margins": margins, "weighted": weighted, "less_before": less}
        yield {"start": window.start, **ways, **found}


def months_to(end: str, count: int) -> list[str]:
    """Return the months up to one, the earliest first.

    Examples
    --------
    >>> months_to("2025-02", 3)
    ['2024-12', '2025-01', '2025-02']
    """
    period_words(end)
    year, month = map(int, end.split("-"))
    last = 12 * year + month - 1
    return [f"{n // 12}-{n % 12 + 1:02d}" for n in range(last - count + 1, last + 1)]


def _months_between(start: str, end: str) -> int:
    (y0, m0), (y1, m1) = (map(int, when.split("-")) for when in (start, end))
    return 12 * (y1 - y0) + m1 - m0


@dataclass(frozen=True, slots=True)
class _Seen:
    """The index, and what is predicted of its items: the same for every window."""

    levels: pd.DataFrame
    """One row an item, one column a month."""
    known: set[str]
    """Months of which the index has enough items: October 2025 was not collected."""
    pooled: pd.DataFrame


def _seen(answer: CostPush) -> _Seen:
    folder = answer.accounts.folder
    kinds = {"item": "string", "month": "string", "index": "float64"}
    prices = read_parquet(folder / "prices.parquet", kinds)
    items = read_table(folder / "price_items.csv", PriceItem)
    faults = [*items.faults, *repeated(items, "category")]
    for path, rows in ((items.path, items.rows), (folder / "prices.parquet", prices.index)):
        if not faults and not len(rows):
            faults.append(Fault(str(path), "has no rows", "a comparison with prices needs them"))
    if faults:
        raise DataError(faults)
    levels = prices.pivot_table(index="item", columns="month", values="index")
    counts = prices.groupby("month")["item"].nunique()
    pooled = _pooled(answer, frame_of(items))
    return _Seen(levels, set(counts[counts >= FEWEST].index), pooled)


def _compared(answer: CostPush, index: _Seen, start: str, end: str) -> PriceComparison:
    require(start < end, f"the window {start} to {end} does not run forward")
    levels = index.levels
    missing = [month for month in (start, end) if month not in index.known]
    if missing:
        first, last = levels.columns.min(), levels.columns.max()
        where = str(answer.accounts.folder / "prices.parquet")
        what = f"has no index of {period_words(missing[0])}, or of too few items"
        raise DataError([Fault(where, what, f"choose another month of {first} to {last}")])
    seen = levels[end] / levels[start] - 1
    frame = index.pooled.copy()
    earlier = months_to(start, _months_between(start, end) + 1)[0]
    held = earlier in levels.columns
    before = levels[start] / levels[earlier] - 1 if held else seen * math.nan
    frame["seen"] = frame["item"].map(seen)
    frame["before"] = frame["item"].map(before).astype("float64")
    lost = tuple(frame.loc[frame["seen"].isna(), "name"])
    return PriceComparison(
        frame=frame.dropna(subset=["seen"]).reset_index(drop=True),
        start=start,
        end=end,
        change=answer.change.label,
        left_out=lost,
        credit=f"{_CREDIT}, {answer.credit}",
    )


def _pooled(answer: CostPush, items: pd.DataFrame) -> pd.DataFrame:
    """Return each item's predicted rise: its categories', weighted by what is spent on them."""
    categories = answer.categories.drop(columns="name")
    frame = items.merge(categories, on="category", validate="one_to_one")
    for margins in MARGINS:
        middle = (frame[f"{margins}_low"] + frame[f"{margins}_high"]) / 2
        frame[margins] = middle * frame["spent"]
    groups = frame.groupby(["item", "item_name"], as_index=False, sort=False)
    sums = groups[["spent", *MARGINS]].sum()
    for margins in MARGINS:
        sums[margins] = sums[margins] / sums["spent"]
    return sums.rename(columns={"item_name": "name"})


def _worded(line: Slope) -> str:
    return f"{_plain(line.slope)} (s.e. {_plain(line.standard_error)})"


def _more(low: float, high: float) -> str:
    """Return how much more, or less, as a title says it."""
    if high < 0:
        return f"{_span(-high, -low)} points less"
    if low >= 0:
        return f"{_span(low, high)} points more"
    return f"between {_plain(-low)} points less and {_plain(high)} points more"


def _span(low: float, high: float) -> str:
    first, last = _plain(low), _plain(high)
    return first if first == last else f"{first} to {last}"


def _plain(value: float) -> str:
    return units.ratio(float(value))
