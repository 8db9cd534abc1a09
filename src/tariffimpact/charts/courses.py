"""Rates over time as charts draw them: each origin's course, carried on to the last day drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tariffimpact.charts.axes import day_number, span_worded
from tariffimpact.charts.frames import checked

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Course:
    """The rates of one origin: `low[n]` and `high[n]` hold from `days[n]` to `days[n + 1]`."""

    origin: str
    place: int
    """Its place among the origins, from 0."""
    days: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    def spells(self) -> Iterator[tuple[float, float]]:
        """Yield the highest rate of each spell and the days it lasts."""
        for rate, start, end in zip(self.high, self.days, self.days[1:], strict=False):
            yield rate, end - start

    def last_words(self) -> str:
        """Return the rate it ends with."""
        low, high = self.low[-1], self.high[-1]
        if math.isnan(low) or math.isnan(high):
            return "unknown"
        known = [100 * end for end in (low, high) if math.isfinite(end)]
        whole = all(abs(rate - round(rate)) < 1e-6 for rate in known)
        return span_worded(low, high, "percent", digits=0 if whole else 1)


def courses_of(
    frame: pd.DataFrame, chart: str, until: date | None
) -> tuple[date, date, list[Course]]:
    """Return the first and the last day drawn, and one course per origin in order of appearance.

    Parameters
    ----------
    frame
        One row per origin and change: `origin`, `starts_on`, `low`, `high`.
    chart
        Who asks, for the words of an error.
    until
        Day to which the last row of each origin holds; a month after the last change if None.

    Raises
    ------
    ModelError
        If a column is missing or there is no row.
    """
    import pandas as pd

    data = checked(frame, chart, ("origin", "starts_on", "low", "high"))
    data = data.assign(starts_on=pd.to_datetime(data["starts_on"]))
    first = data["starts_on"].min().date()
    last = until or data["starts_on"].max().date() + timedelta(days=30)
    parts = enumerate(data.groupby("origin", sort=False))
    return first, last, [_course(str(name), n, part, last) for n, (name, part) in parts]


def _course(origin: str, place: int, part: pd.DataFrame, last: date) -> Course:
    """Return an origin's course to the last day; its first rate where every change is later."""
    rows = part.sort_values("starts_on")
    drawn = rows["starts_on"].dt.date < last
    rows = rows[drawn] if drawn.any() else rows.head(1)
    days = [day_number(day) for day in [*rows["starts_on"].dt.date, last]]
    low, high = ([float(v) for v in rows[end]] for end in ("low", "high"))
    return Course(origin, place, tuple(days), (*low, low[-1]), (*high, high[-1]))
