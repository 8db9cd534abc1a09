"""How one cell is read: text to a checked value, the failure worded for whoever wrote it.

First the fields of the program's own tables, which are written one way. Then what people write in
files of their own: `$1,234.56`, `680m`, `25%`, `8/21/2025`, `Korea, South`; one column keeps one
style, and what can be read in two ways is never guessed.
"""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticKnownError

from tariffimpact import codes
from tariffimpact.errors import ModelError, shortened
from tariffimpact.interval import Interval

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Country = Annotated[str, AfterValidator(codes.check_country)]
Market = Annotated[str, AfterValidator(codes.check_market)]
Currency = Annotated[str, AfterValidator(codes.check_currency)]
Hts = Annotated[str, AfterValidator(codes.check_hts)]

_LARGEST: Final = 1e18
"""No sum of money, count or share of this subject comes near it."""
_LARGEST_RATE: Final = 10.0
"""A duty of 1000 percent: what is above it was written in percent."""


CONTROL: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ufffe\uffff]"
)


def holds_control(text: str) -> bool:
    r"""Whether a text steers a terminal or turns what stands around it; tab and line breaks do not.

    Examples
    --------
    >>> holds_control("\x1b[31mred"), holds_control("\u202egnp.exe"), holds_control("a\tb")
    (True, True, False)
    """
    return CONTROL.search(text) is not None


class CellsError(ValueError):
    """What is wrong with several cells of a row together: `what; remedy`, and their columns."""

    def __init__(self, words: str, *columns: str) -> None:
        super().__init__(words)
        self.columns = columns


def _day(value: Any) -> Any:
    """Refuse what only looks like a day: pydantic would read `0` as 1 January 1970."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise PydanticKnownError("date_parsing", {"error": "not a day"})
    return value


def _plain_number(value: Any) -> Any:
    """Refuse `12_50`, which Python reads as 1250."""
    if isinstance(value, str) and "_" in value:
        raise PydanticKnownError("float_parsing")
    return value


def _to_interval(value: Any) -> Any:
    """Read the cell as an interval, wording a failure as pydantic expects it."""
    if not isinstance(value, str):
        return value
    try:
        span = Interval.parse(value)
    except ModelError as error:
        raise ValueError(str(error).removeprefix(f"{shortened(value)!r} ")) from None
    if any(_LARGEST < abs(end) < float("inf") for end in (span.low, span.high)):
        raise ValueError(f"must be below {_LARGEST:,.0f}; check the unit and the number of zeros")
    return span


def _up_to_one(value: Interval) -> Interval:
    if value.high > 1:
        raise ValueError("is a share and lies in 0 to 1; write 0.6 for 60%")
    return value


def _a_fraction(value: Interval) -> Interval:
    if value.high > _LARGEST_RATE:
        raise ValueError("is above 1000%; a rate is a fraction, so write 0.25 for 25%")
    return value


def _not_negative(value: Interval) -> Interval:
    if value.low < 0:
        raise ValueError(
            "must not be negative; write ..100 only where a negative value is possible"
        )
    return value


def _from_zero(value: Any) -> Any:
    """Read `..100` as 0..100: an amount that cannot be negative has a lower end."""
    return f"0{value}" if isinstance(value, str) and re.match(r"\.\.[^.]", value.strip()) else value


def _words(value: Any) -> Any:
    """Read a space-separated cell as a tuple of words."""
    return tuple(value.split()) if isinstance(value, str) else value


def _scope(word: str) -> str:
    """Read one word of a scope of goods: an HTS prefix as digits, or `*`."""
    return word if word == "*" else codes.check_hts(word)


def _origin(word: str) -> str:
    """Read one word of a scope of origins: a country, a group, `*`, or all but a country."""
    if word != "*" and not word.startswith("@"):
        codes.check_country(word.removeprefix("!"))
    return word


def _names(value: Any) -> Any:
    """Read a semicolon-separated cell as a tuple of names."""
    if not isinstance(value, str):
        return value
    return tuple(name.strip() for name in value.split(";") if name.strip())


Day = Annotated[date, BeforeValidator(_day)]
Price = Annotated[float, Field(gt=0, lt=1e9, allow_inf_nan=False), BeforeValidator(_plain_number)]
Rounding = Annotated[float, Field(ge=0, allow_inf_nan=False), BeforeValidator(_plain_number)]
Span = Annotated[Interval, BeforeValidator(_to_interval)]
Amount = Annotated[
    Interval,
    AfterValidator(_not_negative),
    BeforeValidator(_to_interval),
    BeforeValidator(_from_zero),
]
Share = Annotated[Amount, AfterValidator(_up_to_one)]
Rate = Annotated[Amount, AfterValidator(_a_fraction)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Countries = Annotated[tuple[Country, ...], BeforeValidator(_words)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], BeforeValidator(_words)]
Scopes = Annotated[tuple[Annotated[str, AfterValidator(_scope)], ...], BeforeValidator(_words)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


# what people write, in a file of their own


class NumberStyle(StrEnum):
    """Which mark parts the decimals in a column of numbers."""

    POINT = "1,234.5"
    COMMA = "1.234,5"


class DayOrder(StrEnum):
    """Which number comes first in a column of dates such as 4/8/2025."""

    MONTH_FIRST = "month/day/year"
    DAY_FIRST = "day/month/year"


_BLANKS: Final = re.compile(r"\s+", re.ASCII)
_APART: Final = re.compile(r"\d\s{2,}\d", re.ASCII)
"""Digits further apart than a separator of thousands holds them."""
_LONGEST: Final = 200
"""Letters of a text above which it is no number that anybody would write."""
_SIGNED: Final = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[-+\N{MINUS SIGN}])?\s*(?P<money>[^\d\s.,()%+-]{0,4}?)\s*"
    r"(?P<sign2>[-+\N{MINUS SIGN}])?\s*(?P<body>(?:\d[\d.,' \u00a0\u202f\u2019]*|[.,]\d+)"
    r"(?:[eE][+-]?\d+)?)\s*(?P<unit>[^\d\s()%-]{0,12})\s*(?P<percent>%)?"
    r"(?P<trail>-)?\s*(?P<close>\))?",
    re.ASCII,
)
_SCALES: Final[dict[str, float]] = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6,
    "bn": 1e9, "b": 1e9, "billion": 1e9, "tn": 1e12, "trillion": 1e12,
}  # fmt: skip
_CURRENCIES: Final[dict[str, str]] = {
    "$": "USD", "us$": "USD", "usd$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₩": "KRW",
}  # fmt: skip
_GROUPS: Final = r"[' \u00a0\u202f\u2019]"
_GROUPED: Final = re.compile(rf"\d{{1,3}}({_GROUPS}\d{{3}})+([.,]\d*)?")
_NO_NUMBER: Final = "is not a number; write 1234.56"
_POINT: Final = re.compile(r"\d+(\.\d*)?|\.\d+|\d{1,3}(,\d{3})+(\.\d*)?")
_COMMA: Final = re.compile(r"\d+(,\d*)?|,\d+|\d{1,3}(\.\d{3})+(,\d*)?")


def number(text: str, style: NumberStyle = NumberStyle.POINT) -> float:
    """Return an amount as people write it: signs of dollars, thousands, millions, brackets.

    Raises
    ------
    ValueError
        If it is none, or is a percentage, or is in another currency than dollars; `what; remedy`.

    Examples
    --------
    >>> [number(t) for t in ("$1,234.56", "680m", "6bn", "(12.5)", "-5", "1.00E+02")]
    [1234.56, 680000000.0, 6000000000.0, -12.5, -5.0, 100.0]
    >>> number("1.234,5", NumberStyle.COMMA)
    1234.5
    """
    value, percent = written_amount(text, style)
    if percent:
        raise ValueError("is a percentage; give the amount itself")
    return value


def share(text: str, style: NumberStyle = NumberStyle.POINT) -> float:
    """Return a share: 0.25, or 25% with its sign.

    Raises
    ------
    ValueError
        If it is none, or above one without %; `what; remedy`.

    Examples
    --------
    >>> share("25%"), share("0.25")
    (0.25, 0.25)
    >>> share("25")
    Traceback (most recent call last):
    ValueError: is above 1 without %; write 25% or 0.25
    """
    value, percent = written_amount(text, style)
    if percent:
        return value / 100
    if value > 1:
        raise ValueError(f"is above 1 without %; write {value:g}% or {value / 100:g}")
    return value


def written_amount(
    text: str, style: NumberStyle = NumberStyle.POINT, currency: str = "USD"
) -> tuple[float, bool]:
    """Return what a number says, and whether it has a sign of per cent.

    Raises
    ------
    ValueError
        If it is no number, or names another currency than `currency`; `what; remedy`.

    Examples
    --------
    >>> written_amount("15%"), written_amount("€2.5bn", currency="EUR")
    ((15.0, True), (2500000000.0, False))
    """
    plain = "" if _APART.search(text) else _BLANKS.sub(" ", text.strip())
    found = _SIGNED.fullmatch(plain) if len(plain) <= _LONGEST else None
    if found is None or bool(found["open"]) != bool(found["close"]):
        raise ValueError(_NO_NUMBER)
    scale = _scale(found["money"].casefold(), found["unit"].casefold(), currency)
    value = _digits(found["body"].rstrip(), style) * scale
    marks = [found[name] for name in ("sign", "sign2", "open", "trail")]
    negative = sum(bool(mark) and mark != "+" for mark in marks)
    if negative > 1:
        raise ValueError("has two signs; write -1234.56")
    if not math.isfinite(value):
        raise ValueError("is not a finite number; check the number of zeros")
    return (-value if negative else value), bool(found["percent"])


def _scale(money: str, unit: str, currency: str) -> float:
    """Return what the words around a number multiply it by: `$` before, `m` or `USD` after."""
    for name in (money, unit):
        named = _CURRENCIES.get(name, name.upper())
        if name and named != currency and name not in _SCALES:
            if len(named) == 3 and named.isalpha():
                asked = "US dollars" if currency == "USD" else currency
                raise ValueError(f"is not in {asked}; convert it at a dated rate")
            raise ValueError(_NO_NUMBER)
    if money in _SCALES:
        raise ValueError(_NO_NUMBER)
    return _SCALES.get(unit, 1.0)


def _digits(body: str, style: NumberStyle) -> float:
    """Return the number that digits, separators and a power of ten say, infinity if too large."""
    if re.search(_GROUPS, body) and not _GROUPED.fullmatch(body):
        raise ValueError(_NO_NUMBER)
    digits, _, power = re.sub(_GROUPS, "", body).lower().partition("e")
    if not (_POINT if style is NumberStyle.POINT else _COMMA).fullmatch(digits):
        if style is NumberStyle.POINT and _COMMA.fullmatch(digits):
            meant = _pointed(digits)
            raise ValueError(f"has a decimal comma where the column has points; write {meant}")
        raise ValueError(_NO_NUMBER)
    plain = digits.replace(",", "") if style is NumberStyle.POINT else _pointed(digits)
    return float(f"{plain}e{power or 0}")


def _pointed(body: str) -> str:
    return body.replace(".", "").replace(",", ".")


def number_evidence(text: str) -> NumberStyle | None:
    """Return which style a number can only be in; None where both read it, or neither.

    Examples
    --------
    >>> number_evidence("1,234.5").value, number_evidence("12,5").value
    ('1,234.5', '1.234,5')
    >>> number_evidence("1,234") is None
    True
    """
    marks = re.sub(r"[^\d.,]", "", text).strip(".,")
    if "." not in marks and "," not in marks:
        return None
    point, comma = _POINT.fullmatch(marks), _COMMA.fullmatch(marks)
    if bool(point) == bool(comma):
        return None
    return NumberStyle.POINT if point else NumberStyle.COMMA


_ISO_DAY: Final = re.compile(r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?)?")
_NUMBERED: Final = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)(?: \d\d?:\d\d(?::\d\d)?)?")
_NAMED: Final = re.compile(
    r"(?:(\d{1,2})[ -]([A-Za-z]{3,9})\.?[ ,-]+(\d{4}|\d\d)|([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4}))"
)
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip


def day_readings(text: str) -> dict[DayOrder, date]:
    """Return what a date says under each order in which it is one.

    Examples
    --------
    >>> {order.name: str(day) for order, day in day_readings("4/8/2025").items()}
    {'MONTH_FIRST': '2025-04-08', 'DAY_FIRST': '2025-08-04'}
    >>> [len(day_readings(t)) for t in ("2025-08-21", "8/21/2025", "21 Aug 2025", "soon")]
    [2, 1, 2, 0]
    """
    words = text.strip()
    found = _ISO_DAY.fullmatch(words) or re.fullmatch(r"(\d{4})(\d\d)(\d\d)", words)
    if found:
        return _under(int(found[1]), int(found[2]), int(found[3]))
    if of_month := re.fullmatch(r"(\d{4})-(\d\d)", words):
        return _under(int(of_month[1]), int(of_month[2]), 1)
    if named := _NAMED.fullmatch(words):
        groups = (1, 2, 3) if named[1] else (5, 4, 6)
        written, name, year = (str(named[group]) for group in groups)
        starts = [n for n, m in enumerate(_MONTHS, 1) if m.startswith(name.lower())]
        return _under(_full_year(year), starts[0], int(written)) if len(starts) == 1 else {}
    numbered = _NUMBERED.fullmatch(words)
    if numbered is None:
        return {}
    first, second, when = int(numbered[1]), int(numbered[3]), _full_year(numbered[4])
    month_first = _under(when, first, second).get(DayOrder.MONTH_FIRST)
    day_first = _under(when, second, first).get(DayOrder.DAY_FIRST)
    both = {DayOrder.MONTH_FIRST: month_first, DayOrder.DAY_FIRST: day_first}
    return {order: found for order, found in both.items() if found is not None}


def _under(year: int, month: int, day: int) -> dict[DayOrder, date]:
    try:
        return dict.fromkeys(DayOrder, date(year, month, day))
    except ValueError:
        return {}


def _full_year(text: str) -> int:
    return int(text) + (2000 if len(text) == 2 else 0)


def day(text: str, order: DayOrder) -> date:
    """Return a date in the order of its column.

    Raises
    ------
    ValueError
        If it is none in that order; `what; remedy`.

    Examples
    --------
    >>> day("8/21/2025", DayOrder.MONTH_FIRST)
    datetime.date(2025, 8, 21)
    """
    readings = day_readings(text)
    if order in readings:
        return readings[order]
    if readings:
        other = next(iter(readings.values()))
        raise ValueError(f"is no date as {order.value}, as the column's others are; write {other}")
    if re.fullmatch(r"[34567]\d{4}(\.0)?", text):
        meant = date(1899, 12, 30) + timedelta(days=int(float(text)))
        raise ValueError(f"is a spreadsheet's number of a day; write {meant}, if it is")
    raise ValueError("is not a date; write it as 2025-05-01")
