"""The periods of a panel: days, months, quarters, years or numbers, read one way or refused."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from tariffimpact import units
from tariffimpact.errors import DataError, Fault, ModelError, shortened

Kind = Literal["day", "month", "quarter", "year", "number"]
Reading = tuple[str, float]
"""Of what kind a moment is, or `turned`, and its value; see `Times`."""
MOST_PERIODS: Final = 2_000
"""The normal equations hold a square of this side; five years of days fit."""

_NAMES: Final = [
    units.day(date(2025, month, 1), short=True).split()[1].lower() for month in range(1, 13)
]
_DAY: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ][\d:.+Z-]*)?")
_NAMED_DAY: Final = re.compile(r"(\d{1,2})[ -]?([a-z]{3})[a-z]*[ -]?(\d{4})")
_TURNED: Final = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})")
_MONTH: Final = re.compile(r"(\d{4})(?:[-/.]|-?m)(\d{1,2})")
_NAMED_MONTH: Final = re.compile(r"([a-z]{3})[a-z]*[ -]?(\d{4})")
_QUARTER: Final = re.compile(r"(\d{4})-?q([1-4])")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:\.\d*)?")


@dataclass(frozen=True, slots=True)
class Times:
    """The periods of a panel in order.

    `values` are days since year 1, months or quarters since year 0, years, or the numbers as they
    stand; `labels` write them as 2025-04-02, 2025-04, 2025Q2, 2025 or the number.
    """

    kind: Kind
    values: tuple[float, ...]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    def place(self, text: str) -> int:
        """Return the place of the first period that starts at or after a moment.

        Parameters
        ----------
        text
            A day, a month, a quarter, a year or a number, in any of the ways a panel may hold it.

        Raises
        ------
        ModelError
            If it is none of these, or cannot be told on the panel's clock.

        Examples
        --------
        >>> years, _ = read_times(["1988", "1989", "1990"])
        >>> years.place("1989.0")
        1
        >>> months, _ = read_times(["2018-01", "2018-02", "2018-03"])
        >>> months.place("2018-02-07")
        2
        """
        reading = _reading(text)
        if reading is None:
            raise ModelError(f"{shortened(text)!r} is no day, month, year or number; {_WRITE}")
        kind, value = reading
        if kind == "turned":
            raise ModelError(f"{text!r} is {_both(text)}; write it as 2025-04-03")
        at = value if kind == self.kind else _on_clock(kind, value, self.kind, text)
        return bisect_left(self.values, at)

    def day(self, place: int) -> date:
        """Return the first day of a period.

        Raises
        ------
        ModelError
            If the periods are numbers, which stand on no calendar.
        """
        if self.kind == "number":
            raise ModelError(
                f"the periods are numbers ({self.labels[0]} to {self.labels[-1]}), which stand on "
                "no calendar; give a column of days, months or years"
            )
        return _first_day(self.kind, int(self.values[place]))


_WRITE: Final = "write a day as 2025-04-02, a month as 2025-04, a year as 2025"


def read_times(
    texts: Sequence[str], where: str = "the panel", column: str = "time"
) -> tuple[Times, list[int]]:
    """Read the distinct values of a time column as periods in order, and say where each stands.

    Parameters
    ----------
    texts
        Each value once, as text: days, months, quarters, years, or numbers such as `1989.0`.
    where, column
        File and column, for the words of an error.

    Raises
    ------
    DataError
        If a value is none of these, the kinds are mixed, days are written in two orders or in one
        that cannot be told, or there are more periods than the estimators hold.

    Examples
    --------
    >>> times, places = read_times(["2018-03-01", "2018-02-01"])
    >>> times.labels, places
    (('2018-02', '2018-03'), [1, 0])
    >>> read_times(["13/02/2018", "01/02/2018"])[0].labels
    ('2018-02-01', '2018-02-13')
    """
    found = {text: reading for text in texts if (reading := _reading(text))}
    faults = _unread([text for text in texts if text not in found], where, column)
    if faults:
        raise DataError(faults)
    examples: dict[str, str] = {}
    for text, (name, _) in found.items():
        examples.setdefault(name, text)
    if set(examples) <= {"day", "turned"}:
        kind, values = _as_days(texts, found, where, column)
    elif len(examples) > 1:
        said = units.listed([repr(examples[name]) for name in sorted(examples)])
        remedy = "write all of them alike: " + _WRITE
        raise DataError([Fault(where, f"holds {said} side by side", remedy, column)])
    else:
        kind, values = _settled(next(iter(examples)), [found[text][1] for text in texts])
    ordered = tuple(sorted(set(values)))
    if len(ordered) > MOST_PERIODS:
        what = f"holds {len(ordered):,} periods, more than {MOST_PERIODS:,}"
        raise DataError([Fault(where, what, "give weeks or months, or a part of it", column)])
    times = Times(kind, ordered, tuple(_label(kind, value) for value in ordered))
    return times, [bisect_left(ordered, value) for value in values]


def _unread(bad: Sequence[str], where: str, column: str) -> list[Fault]:
    what = "is no day, month, year or number"
    faults = [Fault(where, what, _WRITE, column, text) for text in bad[:20]]
    if len(bad) > 20:
        faults.append(Fault(where, f"has {len(bad) - 20:,} more such values", _WRITE, column))
    return faults


def _as_days(
    texts: Sequence[str], found: Mapping[str, Reading], where: str, column: str
) -> tuple[Kind, list[float]]:
    """Read days, those of which the year stands last in the one order that all of them allow."""
    turned = {t: m for t in texts if (m := _TURNED.fullmatch(t.strip()))}
    day_first = next((t for t, m in turned.items() if int(m[1]) > 12), None)
    month_first = next((t for t, m in turned.items() if int(m[3]) > 12), None)
    if day_first and month_first:
        what = f"holds days of two orders: {day_first!r} and {month_first!r}"
        raise DataError([Fault(where, what, "write all of them as 2025-04-03", column)])
    open_ = [text for text, match in turned.items() if int(match[1]) != int(match[3])]
    if open_ and not (day_first or month_first):
        text = open_[0]
        raise DataError([Fault(where, f"is {_both(text)}", "write it as 2025-04-03", column, text)])
    values = []
    for text in texts:
        if match := turned.get(text):
            first, second = int(match[1]), int(match[3])
            day, month = (first, second) if day_first else (second, first)
            values.append(float(date(int(match[4]), month, day).toordinal()))
        else:
            values.append(found[text][1])
    return _coarser(values)


def _coarser(days: list[float]) -> tuple[Kind, list[float]]:
    """Return days as months or years where each is the first of one."""
    dates = [date.fromordinal(int(day)) for day in days]
    if len(dates) > 1 and all(d.month == d.day == 1 for d in dates):
        return "year", [float(d.year) for d in dates]
    if len(dates) > 1 and all(d.day == 1 for d in dates):
        return "month", [float(d.year * 12 + d.month - 1) for d in dates]
    return "day", days


def _settled(kind: str, values: list[float]) -> tuple[Kind, list[float]]:
    """Return what plain numbers are: years, months as 201802, days as 20180214, or an index."""
    if kind != "number":
        return kind, values  # type: ignore[return-value]  # the other readings are kinds
    if all(value.is_integer() for value in values):
        whole = [int(value) for value in values]
        if all(1500 <= value <= 2200 for value in whole):
            return "year", values
        if all(150001 <= n <= 220012 and 1 <= n % 100 <= 12 for n in whole):
            return "month", [float(n // 100 * 12 + n % 100 - 1) for n in whole]
        if all(15000101 <= n <= 22001231 for n in whole):
            days = [_day(n // 10000, n // 100 % 100, n % 100) for n in whole]
            if all(day is not None for day in days):
                return _coarser([float(day) for day in days if day is not None])
    return "number", values


def _reading(text: str) -> Reading | None:
    """Return what one value is; `turned` marks a day of which the order is still open."""
    words = text.strip().lower()
    for pattern, read in _PATTERNS:
        match = pattern.fullmatch(words)
        if match and (found := read(match)):
            return found
    return None


def _read_day(match: re.Match[str]) -> Reading | None:
    day = _day(int(match[1]), int(match[2]), int(match[3]))
    return None if day is None else ("day", float(day))


def _read_named_day(match: re.Match[str]) -> Reading | None:
    if match[2] not in _NAMES:
        return None
    day = _day(int(match[3]), _NAMES.index(match[2]) + 1, int(match[1]))
    return None if day is None else ("day", float(day))


def _read_turned(match: re.Match[str]) -> Reading | None:
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    days = {_day(year, second, first), _day(year, first, second)} - {None}
    values = [float(day) for day in days if day is not None]
    return ("day" if len(values) == 1 else "turned", min(values)) if values else None


def _read_month(match: re.Match[str]) -> Reading | None:
    month = int(match[2])
    return ("month", float(int(match[1]) * 12 + month - 1)) if 1 <= month <= 12 else None


def _read_named_month(match: re.Match[str]) -> Reading | None:
    if match[1] not in _NAMES:
        return None
    return "month", float(int(match[2]) * 12 + _NAMES.index(match[1]))


_PATTERNS: Final[tuple[tuple[re.Pattern[str], Callable[..., Reading | None]], ...]] = (
    (_DAY, _read_day),
    (_NAMED_DAY, _read_named_day),
    (_TURNED, _read_turned),
    (_MONTH, _read_month),
    (_NAMED_MONTH, _read_named_month),
    (_QUARTER, lambda m: ("quarter", float(int(m[1]) * 4 + int(m[2]) - 1))),
    (_NUMBER, lambda m: ("number", float(m[0]))),
)


def _day(year: int, month: int, day: int) -> int | None:
    try:
        return date(year, month, day).toordinal()
    except ValueError:
        return None


def _both(text: str) -> str:
    match = _TURNED.fullmatch(text.strip())
    assert match is not None
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    return f"either {date(year, second, first)} or {date(year, first, second)}"


def _first_day(kind: str, value: int) -> date:
    if kind == "day":
        return date.fromordinal(value)
    if kind == "month":
        return date(value // 12, value % 12 + 1, 1)
    if kind == "quarter":
        return date(value // 4, value % 4 * 3 + 1, 1)
    return date(value, 1, 1)


def _on_clock(kind: str, value: float, clock: Kind, text: str) -> float:
    """Return a moment on the clock of a panel: the first period that starts no earlier."""
    if clock == "number" or (kind == "number" and not 1500 <= value <= 2200):
        known = "numbers" if clock == "number" else f"{clock}s"
        raise ModelError(f"{text!r} cannot be placed among periods that are {known}; write one so")
    day = _first_day("year" if kind == "number" else kind, int(value))
    if clock == "day":
        return float(day.toordinal())
    holding = {
        "month": day.year * 12 + day.month - 1,
        "quarter": day.year * 4 + (day.month - 1) // 3,
        "year": day.year,
    }[clock]
    return float(holding if _first_day(clock, holding) >= day else holding + 1)


def _label(kind: Kind, value: float) -> str:
    if kind == "number":
        return f"{value:.15g}"
    if kind == "quarter":
        return f"{int(value) // 4}Q{int(value) % 4 + 1}"
    text = _first_day(kind, int(value)).isoformat()
    return text[: {"day": 10, "month": 7, "year": 4}[kind]]
