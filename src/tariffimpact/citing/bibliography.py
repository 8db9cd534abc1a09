"""What to cite: the program and the data as `CITATION.cff` states them, and any source or fact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, Final

from tariffimpact.citing.reference import Reference, ReferenceKind
from tariffimpact.errors import ModelError
from tariffimpact.facts import Cited, Entry, Facts, Source, SourceKind, entries
from tariffimpact.release import shipped_folder

METHOD: Final = "method"
"""What the method note goes by."""
_NEWS: Final = (SourceKind.WIRE, SourceKind.CARRIED, SourceKind.PRESS)


@dataclass(frozen=True, slots=True)
class Bibliography:
    """References, each in four forms."""

    references: tuple[Reference, ...]

    def as_text(self) -> str:
        """Return one reference a paragraph."""
        return "\n\n".join(reference.as_text() for reference in self.references)

    def as_bibtex(self) -> str:
        """Return a BibTeX file."""
        return "\n\n".join(reference.as_bibtex() for reference in self.references)

    def as_ris(self) -> str:
        """Return a RIS file."""
        return "\n\n".join(reference.as_ris() for reference in self.references)

    def as_csl(self) -> list[dict[str, Any]]:
        """Return the items of a CSL-JSON file."""
        return [reference.as_csl() for reference in self.references]


def cite(facts: Facts, ids: Sequence[str] = ()) -> Bibliography:
    """Return the references of the program and the data, or of the sources of some ids.

    Parameters
    ----------
    facts
        The data used. Edited tables are cited as edited; one's own are not cited as ours.
    ids
        Ids of sources or facts, or `method` for the note of results and proofs. A fact is cited by
        its source, with the place and the words.

    Raises
    ------
    ModelError
        If an id is none, naming those that are near; or if a fact rests on no document.

    Examples
    --------
    >>> from tariffimpact.facts import read_facts
    >>> print(cite(read_facts(), ["jiji-2025-11-11"]).as_text())
    Jiji Press, carried by Nippon.com. “Sony Forecasts Record Full-Year Operating Profit”. 11 ...
    """
    return Bibliography(tuple(_by_id(facts, ids) if ids else _project(facts)))


def _project(facts: Facts) -> Iterator[Reference]:
    """Yield the references of the program and, unless the tables are one's own, of the data."""
    stated = _stated()
    data = _stated_as("data")
    yield _own("tariffimpact", ReferenceKind.PROGRAM, stated, stated["version"])
    version = facts.version
    if version.version is not None and version.released_on is not None:
        named = str(version) if version.edited else version.version
        yield _own("tariffimpact-data", ReferenceKind.DATA, data, named, version.released_on)


def _own(
    key: str, kind: ReferenceKind, stated: Any, version: str, issued: date | None = None
) -> Reference:
    authors = tuple(
        author.get("name") or f"{author['family-names']}, {author['given-names']}"
        for author in stated["authors"]
    )
    day = stated["date-released"] if issued is None else issued
    return Reference(key, kind, authors, stated["title"], day, version)


def _stated() -> dict[str, Any]:
    """Return what `CITATION.cff` states; the wheel ships it beside the data."""
    import yaml

    path = shipped_folder("data").with_name("CITATION.cff")
    stated: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return stated


def _stated_as(kind: str) -> dict[str, Any]:
    """Return the reference of that type, as `CITATION.cff` states it."""
    references: list[dict[str, Any]] = _stated()["references"]
    return next(item for item in references if item["type"] == kind)


def _by_id(facts: Facts, ids: Sequence[str]) -> Iterator[Reference]:
    sources = {source.source_id: source for source in facts.sources}
    rows = {entry.fact_id: entry for entry in entries(facts)}
    known = [*sources, *rows, METHOD]
    unknown = [name for name in ids if name not in known]
    if unknown:
        near = [key for name in unknown for key in _near(name, known)]
        hint = f"near are {', '.join(near)}" if near else "find one with: tariffimpact facts WORD"
        listed = ", ".join(map(repr, unknown))
        raise ModelError(f"no source and no fact has the id {listed}; {hint}")
    for name in dict.fromkeys(ids):
        if name == METHOD:
            note = _stated_as("manual")
            yield _own("tariffimpact-method", ReferenceKind.METHOD, note, note["version"])
        else:
            yield _document(sources[name]) if name in sources else _fact(rows[name])


def _near(name: str, known: Sequence[str]) -> list[str]:
    """Return a few ids that hold the name, or look like it."""
    holding = [key for key in known if name and name.casefold() in key]
    return holding[:5] or get_close_matches(name.casefold(), known, n=3)


def _fact(entry: Entry) -> Reference:
    """Return the reference of a fact: that of its source, with the place and the words."""
    if entry.source is None:
        raise ModelError(f"{entry.fact_id} rests on no document: it is an assumption of ours")
    if isinstance(entry.record, Cited):
        place = f"{entry.record.locator}: “{entry.record.quote}”"
    else:
        place = f"bears on an assumption of ours: {entry.claim.words}"
    return _document(entry.source, entry.fact_id, place)


def _document(source: Source, key: str = "", place: str = "") -> Reference:
    author, _, container = source.publisher.partition(", carried by ")
    return Reference(
        key=key or source.source_id,
        kind=ReferenceKind.NEWS if source.kind in _NEWS else ReferenceKind.PAGE,
        authors=(author,),
        title=source.title,
        issued=source.published_on,
        container=container,
        url=source.address,
        accessed=source.accessed_on,
        place=place,
    )
