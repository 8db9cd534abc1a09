"""Words that the page and the printed report share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from tariffimpact import units
from tariffimpact.interval import Interval, Quantity
from tariffimpact.report.content import Block, Bullets, Document, Paragraph, Standing, Table

if TYPE_CHECKING:
    import pandas as pd

    from tariffimpact.facts import Source

STANDINGS: Final[Mapping[Standing, str]] = {
    "evidence": "somebody reported it, and the source is named",
    "accounting": "it follows from reported numbers by arithmetic",
    "model": "it follows from a model, and holds as far as the model does",
    "assumption": "nobody has published it; the range and its reason are stated",
}
"""What each standing tells the reader, to follow its name and a colon."""
MOST_DRAWN: Final = 40
"""Items a chart shows: as many as a reader can tell apart, and a picture can hold."""
_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")


def within(label: str) -> str:
    """Return a label as it stands inside a sentence: its first letter small, names kept.

    Examples
    --------
    >>> within("Video game consoles"), within("LED lamps")
    ('video game consoles', 'LED lamps')
    """
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def leading(label: str) -> str:
    """Return a label as it stands at the head of a sentence, or alone in a cell.

    Examples
    --------
    >>> leading("any but China")
    'Any but China'
    """
    return label[:1].upper() + label[1:]


def tariff(rate: Quantity) -> str:
    """Return a tariff in percent, to a tenth where it is not whole.

    Examples
    --------
    >>> tariff(0.15), tariff(0.085)
    ('15%', '8.5%')
    """
    return units.percent(rate, _digits(rate))


def points(change: Quantity) -> str:
    """Return a change of a tariff in points, to a tenth where it is not whole.

    Examples
    --------
    >>> points(0.09), points(0.01), points(Interval(0.065, 0.2))
    ('9 points', '1 point', '6.5 to 20.0 points')
    """
    said = units.ratio(Interval.of(change) * 100.0, _digits(change))
    return f"{said} point" if said == "1" else f"{said} points"


def _digits(rate: Quantity) -> int:
    span = Interval.of(rate)
    return 0 if all(abs(100 * x - round(100 * x)) < 1e-9 for x in (span.low, span.high)) else 1


def goods_words(products: Sequence[str]) -> str:
    """Return products in a few words, by those their names begin with.

    Examples
    --------
    >>> goods_words(["PlayStation 5", "PlayStation 5 Pro"]), goods_words(["Samba"])
    ('2 PlayStation 5 models', 'the Samba')
    """
    if len(products) == 1:
        return f"the {products[0]}"
    shared = shared_words(products)
    return f"{len(products)} {shared} models" if shared else units.listed(products)


def shared_words(products: Sequence[str]) -> str:
    """Return the words with which all of some names begin.

    Examples
    --------
    >>> shared_words(["PlayStation 5", "PlayStation 5 Pro"])
    'PlayStation 5'
    """
    columns = zip(*(product.split() for product in products), strict=False)
    return " ".join(c[0] for c in takewhile(lambda words: len(set(words)) == 1, columns))


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
    ('0.3', '21 Aug 2025', '–')
    """
    import pandas as pd

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "–"
    if isinstance(value, date):  # a pandas Timestamp is one too
        return units.day(date(value.year, value.month, value.day), short=True)
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


def sources_named(document: Document, sources: Iterable[Source]) -> Document:
    """Return the document with publisher and day wherever its words hold the id of a source.

    Notes of the data point to other papers by id, which no reader of a report knows.
    """
    names = {one.source_id: f"{one.publisher}, {units.day(one.published_on)}" for one in sources}

    def words(text: str) -> str:
        return _ID.sub(lambda found: names.get(found[0], found[0]), text)

    def paragraph(told: Paragraph) -> Paragraph:
        return replace(told, text=words(told.text))

    def block(told: Block) -> Block:
        if isinstance(told, Paragraph):
            return paragraph(told)
        if isinstance(told, Bullets):
            return Bullets(tuple(map(paragraph, told.items)))
        if isinstance(told, Table):
            rows = tuple(tuple(map(words, row)) for row in told.rows)
            return replace(told, rows=rows, note=words(told.note))
        return told

    return replace(
        document,
        findings=tuple(map(paragraph, document.findings)),
        sections=tuple(
            replace(section, blocks=tuple(map(block, section.blocks)))
            for section in document.sections
        ),
    )
