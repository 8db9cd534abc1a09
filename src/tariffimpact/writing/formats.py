"""Results as text: CSV that no spreadsheet runs, JSON without infinities."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.interval import Interval

if TYPE_CHECKING:
    import pandas as pd

_FORMULA_STARTS: Final = (
    *("=", "+", "-", "@", "\t", "\n"),
    *"\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}"
    "\N{FULLWIDTH COMMERCIAL AT}",
)
"""What a spreadsheet may take a formula to begin with, full width as well."""
_NUMBER: Final = re.compile(r"[+-]?[$€£¥]?\d+([.,]\d+)*([eE][+-]?\d+)?%?")


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a frame as CSV in UTF-8 with LF, no text cell of which a spreadsheet would run.

    A text that starts like a formula is given a leading apostrophe, which spreadsheets show as
    text, in the header too; a number, also one in a text, such as `-5`, is left alone. Line breaks
    inside a text are written as LF.
    """
    safe = frame.copy(deep=False)
    for name in frame.select_dtypes(exclude=["number", "bool"]).columns:
        safe[name] = frame[name].map(lambda cell: _as_text(cell) if isinstance(cell, str) else cell)
    safe.columns = [_as_text(str(name)) for name in frame.columns]
    text: str = safe.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8")


def json_text(value: Any) -> str:
    """Return a result as JSON: intervals as `{"low": …, "high": …}`, an infinite end as null.

    Examples
    --------
    >>> print(json_text({"rate": Interval(0.1, float("inf"))}))
    {
      "rate": {
        "low": 0.1,
        "high": null
      }
    }
    """
    return json.dumps(plain(value), ensure_ascii=False, indent=2, allow_nan=False)


def plain(value: Any) -> Any:
    """Return a result as what JSON has: an exact interval is its number, infinity and NaN null."""
    if isinstance(value, Interval):
        if value.is_exact:
            return plain(value.low)
        return {"low": plain(value.low), "high": plain(value.high)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat() if value == value else None  # pandas' day that is none
    if hasattr(value, "tolist"):  # NumPy's numbers and arrays, as the numbers and lists they hold
        return plain(value.tolist())
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _as_text(cell: str) -> str:
    """Return a text that opens as one cell of text: a bare CR would begin a row of its own."""
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    harmless = not text.startswith(_FORMULA_STARTS) or _NUMBER.fullmatch(text)
    return text if harmless else f"'{text}"
