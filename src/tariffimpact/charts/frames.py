"""What a chart may expect of the frame it is given."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from tariffimpact.errors import ModelError

if TYPE_CHECKING:
    import pandas as pd


def checked(frame: pd.DataFrame, chart: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return the frame with its rows numbered from 0.

    Raises
    ------
    ModelError
        If a column is missing or there is no row; the message names the chart and the columns.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise ModelError(
            f"{chart} needs the columns {', '.join(columns)}; missing: {', '.join(missing)}"
        )
    if frame.empty:
        raise ModelError(f"{chart} has nothing to draw: the frame has no rows")
    return frame.reset_index(drop=True)


def known(values: Collection[object], allowed: Collection[str], chart: str, column: str) -> None:
    """Refuse a word that the chart has no way to draw.

    Raises
    ------
    ModelError
        If a value is not one of `allowed`.
    """
    strange = sorted({str(value) for value in values if value not in allowed})
    if strange:
        raise ModelError(
            f"{chart} cannot draw {column} {', '.join(map(repr, strange))}; "
            f"use one of {', '.join(allowed)}"
        )


def one_currency(frame: pd.DataFrame, chart: str) -> str:
    """Return the currency of all rows.

    Raises
    ------
    ModelError
        If there is more than one, which no single axis can show.
    """
    currencies = sorted(set(frame["currency"].astype(str)))
    if len(currencies) > 1:
        raise ModelError(
            f"{chart} shows one currency at a time, not {', '.join(currencies)}; draw one each"
        )
    return currencies[0]


def texts(frame: pd.DataFrame, column: str) -> list[str]:
    """Return a column as text, blank where it is missing or absent."""
    if column not in frame.columns:
        return [""] * len(frame)
    return ["" if value is None or value != value else str(value) for value in frame[column]]


def numbers(frame: pd.DataFrame, column: str) -> list[float]:
    """Return a column as floats, NaN where it is missing."""
    return [float(value) for value in frame[column].astype(float)]
