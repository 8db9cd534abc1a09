"""What a report says, with no word about how it looks: one content, two renderers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from tariffimpact.facts import Source
from tariffimpact.report.explorer import Explorer

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MOST_ROWS: Final = 200
"""Rows of a table that a page carries; paper takes ten pages for them."""

Standing = Literal["evidence", "accounting", "model", "assumption"]
"""What kind of statement it is: what somebody reported, what follows from reported numbers by
arithmetic, what follows from a model, or what nobody has published."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or a few, with the sources they rest on."""

    text: str
    cites: tuple[str, ...] = ()
    """Source ids, in the order they are cited."""
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class Bullets:
    """Paragraphs as a list."""

    items: tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart, its finding as title, and everything a reader who cannot see it needs."""

    name: str
    """File name without ending; unique in the document."""
    title: str
    """The finding, a sentence."""
    subtitle: str
    """Measure and unit."""
    source: str
    """Credit line."""
    alt: str
    """The finding in words, for whoever cannot see the chart."""
    frame: pd.DataFrame
    """The tidy numbers drawn, published beside the chart under the same name."""
    draw: Callable[[], Axes]
    """Draws the chart without title on new axes."""
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under named columns; of very many the first, and how many more there are."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    cites: tuple[tuple[str, ...], ...] = ()
    """Source ids of each row; empty where no row has any."""
    numeric: tuple[int, ...] = ()
    """Positions of the columns to be set flush right."""
    note: str = ""
    searchable: bool = False
    """Whether the page lets a reader search and sort it."""

    def __post_init__(self) -> None:
        if (left := len(self.rows) - MOST_ROWS) > 0:
            more = "1 more row" if left == 1 else f"{left:,} more rows"
            note = f"{self.note} … and {more}, which the data holds.".strip()
            for name, kept in (
                ("rows", self.rows[:MOST_ROWS]), ("cites", self.cites[:MOST_ROWS]), ("note", note),
            ):  # fmt: skip
                object.__setattr__(self, name, kept)


Block: TypeAlias = Paragraph | Bullets | Figure | Table


@dataclass(frozen=True, slots=True)
class Section:
    """A titled part of the report."""

    key: str
    """Anchor: lower-case letters, digits and hyphens."""
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A numbered source with the words quoted from it."""

    number: int
    source: Source
    quotes: tuple[tuple[str, str], ...] = ()
    """(locator, quoted words), in the order of the tables."""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    title: str
    lead: str
    findings: tuple[Paragraph, ...]
    sections: tuple[Section, ...]
    references: tuple[Reference, ...]
    data_date: date
    """The day the data speaks for; every date in the documents comes from here."""
    as_of: date
    """The day whose knowledge the report has."""
    made_with: str
    """The program and the data, each with its version."""
    opening: Figure | None = None
    """The picture that stands before everything else."""
    explorer: Explorer | None = None
    """What a reader may change on the page; the printed version has none."""
    language: str = "en"
    notes: tuple[str, ...] = ()
    """What the user can add to the data so that the report says more; printed beside it, and no
    part of the document."""
    site: str = ""
    """Address of the folder on the web where the page will lie, a slash at its end; blank where
    nobody says, and then a shared link has no picture: its address must be whole."""

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Every figure in reading order."""
        first = () if self.opening is None else (self.opening,)
        return first + tuple(b for s in self.sections for b in s.blocks if isinstance(b, Figure))

    def numbers(self, cites: Iterable[str]) -> tuple[int, ...]:
        """Return the reference numbers of some source ids, in ascending order."""
        wanted = set(cites)
        return tuple(r.number for r in self.references if r.source.source_id in wanted)


@dataclass(frozen=True, slots=True)
class Brief:
    """A page to send."""

    title: str
    answer: Paragraph
    figure: Figure | None
    numbers: tuple[tuple[str, str], ...]
    """Label and value, at most five; ranges where they are ranges."""
    narrowing: tuple[str, ...]
    """The facts that would narrow them."""
    sources: tuple[Source, ...]
    data_date: date
    made_with: str
    unsourced: str = "The numbers given; no source is named in them."
    """What stands where there is no source."""


def cited_ids(
    findings: Iterable[Paragraph], sections: Iterable[Section], opening: Figure | None = None
) -> tuple[str, ...]:
    """Return every source id in the order a reader meets it, each once."""
    found = [] if opening is None else list(opening.cites)
    found += [source_id for paragraph in findings for source_id in paragraph.cites]
    for section in sections:
        for block in section.blocks:
            found.extend(cites_of(block))
    return tuple(dict.fromkeys(found))


def cites_of(block: Block) -> Iterator[str]:
    """Yield the source ids a block cites, in order."""
    if isinstance(block, Bullets):
        for item in block.items:
            yield from item.cites
    elif isinstance(block, Table):
        for row in block.cites:
            yield from row
    else:
        yield from block.cites
