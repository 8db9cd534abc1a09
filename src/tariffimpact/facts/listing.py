"""Facts and sources as text of a given width, for a terminal or a mail."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from tariffimpact import units
from tariffimpact.facts.entries import Entry, FactKind
from tariffimpact.facts.records import Source

_HEADINGS: Final = {
    FactKind.PRICE: "PRICES",
    FactKind.EXPOSURE: "WHAT TARIFFS COST, AS COMPANIES SAY",
    FactKind.STATEMENT: "WHAT COMPANIES SAID AND DID",
    FactKind.FINANCIAL: "SALES AND OTHER FIGURES",
    FactKind.ORIGIN: "WHERE GOODS COME FROM",
    FactKind.CUSTOMS_VALUE: "WHAT A UNIT IS WORTH AT THE BORDER",
    FactKind.REFUND: "DUTIES PAID BACK, OR TO BE",
    FactKind.LAWSUIT: "SUITS OVER THE DUTIES",
    FactKind.REMARK: "WHAT IS SAID OF TARIFFS AT LARGE",
    FactKind.TARIFF: "DUTIES",
    FactKind.CONFLICT: "WHERE SOURCES DISAGREE",
    FactKind.ASSUMPTION: "ASSUMPTIONS, PUBLISHED BY NOBODY",
}
_LABEL: Final = 10
"""Width of the column of labels."""


def of_entries(entries: Sequence[Entry], width: int) -> str:
    """Return facts under a heading for each kind, one block each."""
    parts = []
    for kind, group in groupby(entries, key=lambda entry: entry.kind):
        parts.append("\n\n".join([_HEADINGS[kind], *(_block(entry, width) for entry in group)]))
    return "\n\n\n".join(parts)


def of_sources(resting: Iterable[tuple[Source, int]], width: int) -> str:
    """Return sources with how many facts rest on each, one block each."""
    lines = ["SOURCES, AND HOW MANY FACTS REST ON EACH", ""]
    for source, count in resting:
        paper = f"{_publisher(source)}, “{source.title}”, {_days(source)}"
        lines += _indented(f"{count:>5}  ", f"{source.source_id}: {paper}", width)
    return "\n".join(lines)


def wrapped(text: str, width: int) -> str:
    """Return a paragraph broken into lines."""
    return "\n".join(_indented("", text, width))


def _block(entry: Entry, width: int) -> str:
    head = [*entry.companies, entry.fact_id, entry.standing]
    lines = [_clean(" · ".join(part for part in head if part))]
    lines += _indented("  ", entry.claim.words, width)
    for label, text in _details(entry):
        lines += _indented(f"  {label:<{_LABEL}}", text, width)
    return "\n".join(lines)


def _details(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield each labelled line of a fact that has something to say."""
    row, source = entry.record, entry.source
    quote = getattr(row, "quote", "")
    yield from _told("covers", getattr(row, "covers", ""))
    yield from _told("reason", getattr(row, "reason", ""))
    yield from _told("words", f"“{quote}”" if quote else "")
    yield from _told("place", getattr(row, "locator", ""))
    if source is not None:
        yield "source", f"{_publisher(source)}, {_days(source)}"
        yield "", source.source_id
        yield from _told("", source.address)
    yield from _told("notes", getattr(row, "notes", ""))


def _told(label: str, text: str) -> Iterator[tuple[str, str]]:
    if text:
        yield label, text


def _publisher(source: Source) -> str:
    return f"{source.publisher} ({source.kind.value})"


def _days(source: Source) -> str:
    return f"{units.day(source.published_on)}, read {units.day(source.accessed_on)}"


def _indented(start: str, text: str, width: int) -> list[str]:
    """Return lines of a width, the first after `start`, the others below its text."""
    return textwrap.wrap(
        _clean(text),
        max(width, len(start) + 20),
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words="://" not in text,  # an address must stay whole
        break_on_hyphens=False,
    )


def _clean(text: str) -> str:
    """Return text on one line, without what a terminal would act on."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
