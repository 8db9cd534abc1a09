"""How one cell is read: text to a checked value, the failure worded for whoever wrote it."""

from __future__ import annotations

import re
from datetime import date
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


_CONTROL: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ufffe\uffff]"
)


def holds_control(text: str) -> bool:
    r"""Whether a text steers a terminal or turns what stands around it; tab and line breaks do not.

    Examples
    --------
    >>> holds_control("\x1b[31mred"), holds_control("\u202egnp.exe"), holds_control("a\tb")
    (True, True, False)
    """
    return _CONTROL.search(text) is not None


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
