"""How one cell is read: text to a checked value, the failure worded for whoever wrote it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from tariffimpact import codes
from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Country = Annotated[str, AfterValidator(codes.check_country)]
Market = Annotated[str, AfterValidator(codes.check_market)]
Currency = Annotated[str, AfterValidator(codes.check_currency)]
Hts = Annotated[str, AfterValidator(codes.check_hts)]
Price = Annotated[float, Field(gt=0, lt=1e9, allow_inf_nan=False)]


def _to_interval(value: Any) -> Any:
    """Read the cell as an interval, wording a failure as pydantic expects it."""
    if not isinstance(value, str):
        return value
    try:
        return Interval.parse(value)
    except ModelError as error:
        raise ValueError(str(error)) from None


def _not_negative(value: Interval) -> Interval:
    if value.low < 0:
        raise ValueError(
            "must not be negative; write ..100 only where a negative value is possible"
        )
    return value


def _from_zero(value: Any) -> Any:
    """Read `..100` as 0..100: an amount that cannot be negative has a lower end."""
    return f"0{value}" if isinstance(value, str) and value.lstrip().startswith("..") else value


def _words(value: Any) -> Any:
    """Read a space-separated cell as a tuple of words."""
    return tuple(value.split()) if isinstance(value, str) else value


def _names(value: Any) -> Any:
    """Read a semicolon-separated cell as a tuple of names."""
    if not isinstance(value, str):
        return value
    return tuple(name.strip() for name in value.split(";") if name.strip())


Span = Annotated[Interval, BeforeValidator(_to_interval)]
Amount = Annotated[
    Interval,
    AfterValidator(_not_negative),
    BeforeValidator(_to_interval),
    BeforeValidator(_from_zero),
]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
