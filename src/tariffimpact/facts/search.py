"""Finding facts by words, company, kind, source and day, and telling each with its paper."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from tariffimpact import units
from tariffimpact.errors import ModelError
from tariffimpact.facts.entries import Entry, FactKind, entries
from tariffimpact.facts.reader import Facts, folded
from tariffimpact.facts.records import Source

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS: Final = (
    "kind", "fact_id", "company", "claim", "low", "high", "unit", "standing", "source_id",
    "publisher", "published_on", "accessed_on", "locator", "quote", "notes", "url",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FoundFacts:
    """The facts a search found, in the order of the tables."""

    entries: tuple[Entry, ...]
    asked: str
    """The search in words; empty where everything was asked for."""
    resting: tuple[tuple[Source, int], ...]
    """Each source of these facts, and how many facts of all tables rest on it."""
    data: str
    """Version of the data."""
    hint: str = ""
    """What to search for instead, where nothing was found."""

    def summary(self) -> str:
        """Return how many facts of which kind were found, or what can be searched for."""
        if not self.entries:
            return f"No fact for {self.asked}. {self.hint}"
        count = Counter(entry.kind for entry in self.entries)
        kinds = [
            counted(count[kind], kind.value.replace("_", " ")) for kind in FactKind if count[kind]
        ]
        about = f"{self.asked}: " if self.asked else ""
        sources = counted(len(self.resting), "source")
        return f"{about}{units.listed(kinds)}, from {sources}. Data {self.data}."

    def to_frame(self) -> pd.DataFrame:
        """Return one row per fact: what it says, its number, its source and the words quoted."""
        import pandas as pd

        return pd.DataFrame([_flat(entry) for entry in self.entries], columns=list(_COLUMNS))

    def explain(self, width: int = 88) -> str:
        """Return every fact with its paper as text of a width, then the sources they rest on."""
        summary = wrapped(self.summary(), width)
        if not self.entries:
            return summary
        return f"{summary}\n\n{_entries_told(self.entries, width)}\n\n{self.papers(width)}"

    def papers(self, width: int = 88) -> str:
        """Return the sources as text of a width, those most rests on first."""
        return _sources_told(self.resting, width)

    def as_json(self) -> dict[str, Any]:
        """Return the facts, and their sources with how many facts rest on each."""
        return {
            "asked": self.asked,
            "summary": self.summary(),
            "data": self.data,
            "facts": [entry.as_json() for entry in self.entries],
            "sources": [
                {"source_id": source.source_id, "facts": count} for source, count in self.resting
            ],
        }


def search_facts(
    facts: Facts,
    words: str = "",
    *,
    companies: Sequence[str] = (),
    kinds: Sequence[FactKind] = (),
    sources: Sequence[str] = (),
    as_of: date | None = None,
) -> FoundFacts:
    """Return the facts that hold every word and meet every condition.

    Parameters
    ----------
    facts
        The facts, as read.
    words
        Beginnings of words, in any case, with or without accents: of a company, a product, a
        country, a claim, a quote, a note, a source. A fact must hold each of them.
    companies
        Names; a fact must be about one of them.
    kinds
        A fact must be of one of these kinds.
    sources
        Ids, or words of a publisher or a title; a fact must rest on one of the sources they name.
    as_of
        Only what had been published by this day; assumptions are ours and stay.

    Returns
    -------
    FoundFacts
        Of claims that disagree, all are found where one is.

    Raises
    ------
    ModelError
        If no company or no source is so called, or nothing was known by the day.

    Examples
    --------
    >>> from tariffimpact.facts import read_facts
    >>> found = search_facts(read_facts(), "estee considered")
    >>> [entry.fact_id for entry in found.entries]
    ['estee-lauder-price-2025-08']
    """
    known = facts if as_of is None else facts.as_of(as_of)
    about = _companies(facts, companies)
    papers = _sources(facts.sources, sources)

    def meets(entry: Entry) -> bool:
        paper = entry.source
        return (
            (not kinds or entry.kind in kinds)
            and (not about or not about.isdisjoint(entry.companies))
            and (not sources or (paper is not None and paper.source_id in papers))
            and (as_of is None or entry.kind is FactKind.ASSUMPTION or paper is None
                 or paper.published_on <= as_of)
        )  # fmt: skip

    pool = [entry for entry in entries(known) if meets(entry)]
    texts = [entry.text for entry in pool]
    asked = [word for word in map(folded, words.split()) if word]
    wordless = bool(words.strip()) and not asked  # a sign that nobody writes of matches nothing
    hits = [
        entry
        for entry, text in zip(pool, texts, strict=True)
        if not wordless and all(word in text for word in asked)
    ]
    subjects = {entry.subject for entry in hits} - {None}
    kept = {entry.fact_id for entry in hits}
    found = tuple(e for e in pool if e.fact_id in kept or e.subject in subjects)
    return FoundFacts(
        entries=found,
        asked=_worded(words, companies, kinds, sources, as_of),
        resting=_resting(facts, found),
        data=str(facts.version),
        hint="" if found else _hint(facts, words.split(), texts),
    )


def counted(number: int, noun: str) -> str:
    """Return a number of things.

    Examples
    --------
    >>> counted(1, "price"), counted(2, "price")
    ('1 price', '2 prices')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _companies(facts: Facts, names: Sequence[str]) -> set[str]:
    """Return the companies named, by their whole name or its beginning, or say which there are."""
    found: set[str] = set()
    for name in names:
        called = [c for c in facts.companies if f"{folded(c)} ".startswith(folded(name))]
        if not called or not folded(name):
            called = [facts.company_named(name)]  # or it says which names are near
        found.update(called)
    return found


def _sources(sources: Iterable[Source], names: Sequence[str]) -> set[str]:
    """Return the ids of the sources named, or say what is near."""
    texts = {s.source_id: folded(f"{s.source_id} {s.publisher} {s.title}") for s in sources}
    found: set[str] = set()
    for name in names:
        exact = {name} & set(texts)
        called = exact or {
            source_id
            for source_id, text in texts.items()
            if name.split() and all(folded(word) in text for word in name.split())
        }
        if not called:
            near = get_close_matches(name.casefold(), texts, n=3, cutoff=0.4)
            hint = f"near are {', '.join(near)}" if near else "see: tariffimpact facts --sources"
            raise ModelError(f"no source is called {name!r}; {hint}")
        found |= called
    return found


def _worded(
    words: str,
    companies: Sequence[str],
    kinds: Sequence[FactKind],
    sources: Sequence[str],
    as_of: date | None,
) -> str:
    parts = [f"“{' '.join(words.split())}”" if words.split() else ""]
    parts += [f"company {' or '.join(companies)}" if companies else ""]
    parts += [f"kind {' or '.join(kinds)}" if kinds else ""]
    parts += [f"source {' or '.join(sources)}" if sources else ""]
    parts += [f"known on {units.day(as_of)}" if as_of else ""]
    return ", ".join(part for part in parts if part)


def _resting(facts: Facts, found: Iterable[Entry]) -> tuple[tuple[Source, int], ...]:
    """Return the sources of the facts found, each with how many rows of all tables cite it."""
    rows = (row for kind in FactKind for row in getattr(facts, kind.table))
    count = Counter(row.source_id for row in rows)
    papers = {e.source.source_id: e.source for e in found if e.source is not None}
    ordered = sorted(papers.values(), key=lambda paper: -count[paper.source_id])
    return tuple((paper, count[paper.source_id]) for paper in ordered)


def _hint(facts: Facts, words: Sequence[str], texts: Sequence[str]) -> str:
    """Say which word has no fact, what is near it, and what can be searched."""
    told = []
    for word in words:
        number = sum(folded(word) in text for text in texts) if folded(word) else 0
        if number:
            told.append(f"“{word}” alone is in {counted(number, 'fact')}.")
            continue
        vocabulary = {known for text in texts for known in text.split() if len(known) > 2}
        near = get_close_matches(folded(word).strip(), sorted(vocabulary), n=3, cutoff=0.75)
        told.append(f"“{word}” is in none{f'; near it: {units.listed(near)}' if near else ''}.")
    kinds = ", ".join(FactKind)
    return " ".join(
        [
            *told,
            "A search looks through companies, products, countries, claims, quotes, notes and "
            f"sources. Kinds: {kinds}. Companies: {', '.join(facts.companies)}.",
        ]
    )


def _flat(entry: Entry) -> dict[str, Any]:
    claim, paper, row = entry.claim, entry.source, entry.record
    flat: dict[str, Any] = {
        "kind": entry.kind.value,
        "fact_id": entry.fact_id,
        "company": "; ".join(entry.companies),
        "claim": claim.words,
        "low": None if claim.value is None else claim.value.low,
        "high": None if claim.value is None else claim.value.high,
        "unit": claim.unit,
        "standing": entry.standing,
        "locator": getattr(row, "locator", ""),
        "quote": getattr(row, "quote", ""),
        "notes": getattr(row, "notes", "") or getattr(row, "reason", ""),
    }
    if paper is not None:
        flat |= {
            "source_id": paper.source_id,
            "publisher": paper.publisher,
            "published_on": paper.published_on,
            "accessed_on": paper.accessed_on,
            "url": paper.address,
        }
    return flat


# as text of a width, for a terminal or a mail

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


def _entries_told(entries: Sequence[Entry], width: int) -> str:
    """Return facts under a heading for each kind, one block each."""
    parts = []
    for kind, group in groupby(entries, key=lambda entry: entry.kind):
        parts.append("\n\n".join([_HEADINGS[kind], *(_block(entry, width) for entry in group)]))
    return "\n\n\n".join(parts)


def _sources_told(resting: Iterable[tuple[Source, int]], width: int) -> str:
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
