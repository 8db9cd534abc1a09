"""Words that the page and the printed report share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.report.content import Document, Standing

if TYPE_CHECKING:
    import pandas as pd

STANDINGS: Final[Mapping[Standing, str]] = {
    "evidence": "somebody reported it, and the source is named",
    "accounting": "it follows from reported numbers by arithmetic",
    "model": "it follows from a model, and holds as far as the model does",
    "assumption": "nobody has published it; the range and its reason are stated",
}
"""What each standing tells the reader, to follow its name and a colon."""
MOST_DRAWN: Final = 40
"""Items a chart shows: as many as a reader can tell apart, and a picture can hold."""


def within(label: str) -> str:
    """Return a label as it stands inside a sentence: its first letter small, names kept.

    Examples
    --------
    >>> within("Any but China")
    'any but China'
    """
    return label[:1].lower() + label[1:]


def credit(source: str) -> str:
    """Return a figure's credit line as it is printed.

    Examples
    --------
    >>> credit("Sony, 20 August 2025"), credit("Note: rounded.")
    ('Source: Sony, 20 August 2025', 'Note: rounded.')
    """
    return source if source.startswith(("Source", "Note")) else f"Source: {source}"


def first_items(frame: pd.DataFrame, column: str, name: str) -> tuple[pd.DataFrame, str]:
    """Return the rows of a chart's first items, and the words that say so where that is not all.

    Parameters
    ----------
    frame
        The tidy numbers of the chart.
    column
        Names the item that a row is about.
    name
        File name of the numbers, without ending.
    """
    items = frame[column].unique()
    if len(items) <= MOST_DRAWN:
        return frame, ""
    left = len(items) - MOST_DRAWN
    rows = frame[frame[column].isin(items[:MOST_DRAWN])]
    return rows, f"; … and {left:,} more, in figures/{name}.csv"


def cell_words(value: Any) -> str:
    """Return one cell of a data frame as a table prints it.

    Examples
    --------
    >>> cell_words(0.1 + 0.2), cell_words(date(2025, 8, 21)), cell_words(float("nan"))
    ('0.3', '2025-08-21', '–')
    """
    import pandas as pd

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "–"
    if isinstance(value, date):  # a pandas Timestamp is one too
        return value.isoformat()[:10]
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def numeric_columns(frame: pd.DataFrame) -> tuple[int, ...]:
    """Return the positions of the columns that hold numbers."""
    import pandas as pd

    return tuple(
        place
        for place, name in enumerate(frame.columns)
        if pd.api.types.is_numeric_dtype(frame[name])
        and not pd.api.types.is_bool_dtype(frame[name])
    )


def dated(document: Document) -> tuple[tuple[str, date], ...]:
    """Return the dates a reader must know, each after what it says."""
    if document.as_of == document.data_date:
        return (("As of", document.as_of),)
    return (("As known on", document.as_of), ("Data of", document.data_date))
