"""Numbers as people read them: percent, percentage points, money.

Inside the package a share is a fraction and money is a plain number with its currency named beside
it; only tables, charts, reports and `summary()` call this module.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from tariffimpact.interval import Interval, Quantity

_SIGNS: Final = {"USD": "$", "JPY": "¥", "EUR": "€", "GBP": "£"}
_MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
MOST_LISTED: Final = 20
"""A sentence that names more is read by nobody."""
_NOTHING: Final = 1e-7
"""Below it a number is what rounding left of nothing."""
_EXACT: Final = 1e15
"""Below it a double has decimals to round."""
_MINUS: Final = "\N{MINUS SIGN}"


def percent(share: Quantity, digits: int = 1) -> str:
    """Return a fraction as percent.

    Examples
    --------
    >>> percent(0.111), percent(Interval(0.1, 0.2), 0), percent(Interval(0.69, float("inf")), 0)
    ('11.1%', '10% to 20%', '69% or more')
    >>> percent(0.0004), percent(0.0)
    ('0.04%', '0.0%')
    """
    return _spell(share, lambda x: f"{_signed(100 * x, digits)}%")


def points(share: Quantity, digits: int = 1) -> str:
    """Return a difference of two fractions as percentage points.

    Examples
    --------
    >>> points(0.025)
    '2.5 pp'
    """
    return _spell(share, lambda x: f"{_signed(100 * x, digits)} pp")


def ratio(value: Quantity, digits: int = 2) -> str:
    """Return a plain number, such as dollars of price per dollar of duty.

    Examples
    --------
    >>> ratio(Interval(0.7407, 1.1111))
    '0.74 to 1.11'
    """
    return _spell(value, lambda x: _signed(x, digits))


def money(amount: Quantity, currency: str, digits: int | None = None) -> str:
    """Return an amount of money in full, whole amounts without decimals unless `digits` says so.

    Examples
    --------
    >>> money(550, "USD"), money(549.99, "USD"), money(Interval(45, 67.5), "USD", 0)
    ('$550', '$549.99', '$45 to $68')
    """
    return _spell(
        amount, lambda x: _priced(x, currency, _money_digits(x) if digits is None else digits)
    )


def big_money(amount: Quantity, currency: str) -> str:
    """Return a large amount in the press's short form, three significant digits.

    Examples
    --------
    >>> big_money(680e6, "USD"), big_money(100e9, "JPY"), big_money(Interval(3.5e9, 4.5e9), "USD")
    ('$680m', '¥100bn', '$3.5bn to $4.5bn')
    """
    return _spell(amount, lambda x: _short(x, currency))


def count(number: Quantity) -> str:
    """Return a number of things in the press's short form, three significant digits.

    Examples
    --------
    >>> count(15e6), count(Interval(5.25e6, 6.75e6))
    ('15m', '5.25m to 6.75m')
    """
    return _spell(number, _shortened)


def day(on: date, *, short: bool = False) -> str:
    """Return a day as running text, or a label, prints it, whatever the locale.

    Examples
    --------
    >>> day(date(2025, 8, 21)), day(date(2025, 8, 21), short=True)
    ('21 August 2025', '21 Aug 2025')
    """
    month = _MONTHS[on.month - 1]
    return f"{on.day} {month[:3] if short else month} {on.year}"


def parse_fraction(text: str) -> float:
    """Read a share written as `15%` or `0.15`.

    Raises
    ------
    ValueError
        If it is neither, or not finite.

    Examples
    --------
    >>> parse_fraction("15%"), parse_fraction("0.15")
    (0.15, 0.15)
    """
    match = re.fullmatch(r"\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*(%?)\s*", text)
    if not match:
        raise ValueError(f"{text!r} is not a share; write 15% or 0.15")
    share = float(match[1]) / (100 if match[2] else 1)
    if math.isinf(share):
        raise ValueError(f"{text!r} is too large for a share; write 15% or 0.15")
    return share


def _spell(value: Quantity, one: Callable[[float], str]) -> str:
    """Word a number or an interval, each end through `one`."""
    span = Interval.of(value)
    if not math.isfinite(span.low) and not math.isfinite(span.high):
        return "unknown"
    if span.high == math.inf:
        return f"{one(span.low)} or more"
    if span.low == -math.inf:
        return f"{one(span.high)} or less"
    low, high = one(span.low), one(span.high)
    return low if low == high else f"{low} to {high}"


def _signed(value: float, digits: int) -> str:
    """Write a number, a half rounded away from zero as people round: 3.125 is 3.13.

    A number that is not nothing gets the digits that show it: 0.04 is no 0.0.
    """
    size = abs(float(value))
    if size < _EXACT:
        if _NOTHING < size < 1:
            digits = max(digits, math.ceil(-math.log10(2 * size)))
        nearest = Decimal(repr(size)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        text = f"{nearest:,f}"
    else:
        text = f"{size:,.{digits}f}"
    negative = value < 0 and float(text.replace(",", "")) != 0
    return f"{_MINUS if negative else ''}{text}"


def _money_digits(value: float) -> int:
    """Whole amounts carry no decimals, and neither does one that only rounding keeps from it."""
    return 0 if abs(value - round(value)) <= 1e-12 * max(1.0, abs(value)) else 2


def _priced(value: float, currency: str, digits: int) -> str:
    text = _signed(value, digits)
    sign = _SIGNS.get(currency, f"{currency} ")
    return f"{_MINUS}{sign}{text[1:]}" if text.startswith(_MINUS) else f"{sign}{text}"


def _short(value: float, currency: str) -> str:
    text = _shortened(abs(value))
    if not text[-1].isalpha():
        return _priced(value, currency, _money_digits(value))
    return f"{_MINUS if value < 0 else ''}{_SIGNS.get(currency, f'{currency} ')}{text}"


def _shortened(value: float) -> str:
    short = float(f"{value:.3g}")
    for size, suffix in ((1e12, "tn"), (1e9, "bn"), (1e6, "m")):
        if abs(value) >= 1e6 and abs(short) >= size:
            scaled = float(f"{value / size:.3g}")
            return _signed(scaled, len(f"{scaled:.12g}".partition(".")[2])) + suffix
    return _signed(value, _money_digits(value))


def listed(items: Sequence[str], last: str = "and") -> str:
    """Return items as a sentence lists them, of very many the first and how many more.

    Examples
    --------
    >>> listed(["67%", "74%", "48%"]), listed(["67%"])
    ('67%, 74% and 48%', '67%')
    >>> listed([f"{n}%" for n in range(1000)])[-16:]
    '19% and 980 more'
    """
    if len(items) > MOST_LISTED:
        items = [*items[:MOST_LISTED], f"{len(items) - MOST_LISTED:,} more"]
        last = "and"
    return f" {last} ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))
