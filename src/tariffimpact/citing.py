"""How to cite the program, its data, and the sources that the data rests on.

The program and the data are cited as `CITATION.cff` states them, any source or fact by its paper;
each reference has four forms: text, BibTeX, RIS and CSL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final

from tariffimpact import units
from tariffimpact.errors import ModelError
from tariffimpact.facts import Cited, Entry, Facts, Source, SourceKind, entries
from tariffimpact.release import shipped_folder

__all__ = ["Bibliography", "Reference", "ReferenceKind", "cite"]

METHOD: Final = "method"
"""What the method note goes by."""
_NEWS: Final = (SourceKind.WIRE, SourceKind.CARRIED, SourceKind.PRESS)


class ReferenceKind(StrEnum):
    """What a reference is to."""

    PROGRAM = "program"
    DATA = "data"
    METHOD = "method"
    """The note of results and proofs in the documentation."""
    NEWS = "news"
    """An article of a news agency or a newspaper."""
    PAGE = "page"
    """Any other document read on the web."""


@dataclass(frozen=True, slots=True)
class _Form:
    """What a kind of document is called in each form of a reference."""

    bibtex: str
    ris: str
    csl: str
    ours: str = ""
    """In words, of what is ours."""


_FORMS: Final = {
    ReferenceKind.PROGRAM: _Form("software", "COMP", "software", "computer program"),
    ReferenceKind.DATA: _Form("dataset", "DATA", "dataset", "data set"),
    ReferenceKind.METHOD: _Form("manual", "RPRT", "report", "documentation"),
    ReferenceKind.NEWS: _Form("online", "NEWS", "article-newspaper"),
    ReferenceKind.PAGE: _Form("online", "ELEC", "webpage"),
}
_ESCAPES: Final = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


@dataclass(frozen=True, slots=True)
class Reference:
    """Who published what, when, and where it was read."""

    key: str
    kind: ReferenceKind
    authors: tuple[str, ...]
    """Organisations, or people as `Family, Given`."""
    title: str
    issued: date
    version: str = ""
    container: str = ""
    """The page that carries another's text."""
    url: str = ""
    accessed: date | None = None
    place: str = ""
    """Where in the document, and its words, for the reference of one fact."""

    def as_text(self) -> str:
        """Return the reference as a reader would print it.

        Examples
        --------
        >>> print(Reference("t", ReferenceKind.PROGRAM, ("The developers",), "tariffimpact",
        ...                 date(2026, 11, 24), version="0.1.0").as_text())
        The developers (24 November 2026). tariffimpact, version 0.1.0 [computer program].
        """
        authors, issued = "; ".join(self.authors), units.day(self.issued)
        if what := _FORMS[self.kind].ours:
            return f"{authors} ({issued}). {self.title}, version {self.version} [{what}]."
        carried = f", carried by {self.container}" if self.container else ""
        read = f" (read {units.day(self.accessed)})" if self.accessed else ""
        place = f" {self.place[:1].upper()}{self.place[1:]}." if self.place else ""
        title = self.title if self.title.startswith("[") else f"“{self.title}”"
        at = f" {self.url}" if self.url else ""
        return f"{authors}{carried}. {title}. {issued}.{place}{at}{read}."

    def as_bibtex(self) -> str:
        """Return the reference as a BibTeX entry, which biblatex reads too."""
        fields = {
            "author": f"{{{' and '.join(map(_braced, self.authors))}}}",
            "title": f"{{{_braced(self.title)}}}",
            "year": f"{{{self.issued.year}}}",
            "month": units.day(self.issued, short=True).split()[1].lower(),
            "version": f"{{{_escaped(self.version)}}}" if self.version else "",
            "organization": f"{{{_escaped(self.container)}}}" if self.container else "",
            "url": f"{{{_unbraced(self.url)}}}" if self.url else "",
            "urldate": f"{{{self.accessed}}}" if self.accessed else "",
            "note": f"{{{_escaped(self._note())}}}",
        }
        lines = [f"  {name} = {value}," for name, value in fields.items() if value]
        return "\n".join([f"@{_FORMS[self.kind].bibtex}{{{self.key},", *lines, "}"])

    def as_ris(self) -> str:
        """Return the reference in the RIS format of reference managers."""
        fields = [
            ("TY", _FORMS[self.kind].ris),
            ("ID", self.key),
            *(("AU", author) for author in self.authors),
            ("TI", self.title),
            ("T2", self.container),
            ("PY", str(self.issued.year)),
            ("DA", f"{self.issued:%Y/%m/%d}"),
            ("ET", self.version),
            ("UR", self.url),
            ("Y2", f"{self.accessed:%Y/%m/%d}" if self.accessed else ""),
            ("N1", self.place),
        ]
        lines = [f"{tag}  - {' '.join(text.split())}" for tag, text in fields if text]
        return "\n".join([*lines, "ER  - "])

    def as_csl(self) -> dict[str, Any]:
        """Return the reference as an item of CSL-JSON."""
        item = {
            "id": self.key,
            "type": _FORMS[self.kind].csl,
            "author": [{"literal": author} for author in self.authors],
            "title": self.title,
            "issued": _date_parts(self.issued),
            "version": self.version,
            "container-title": self.container,
            "URL": self.url,
            "accessed": _date_parts(self.accessed) if self.accessed else "",
            "note": self.place,
        }
        return {name: value for name, value in item.items() if value}

    def _note(self) -> str:
        """Return the day, for which BibTeX has no field, and the place of a fact."""
        return f"{units.day(self.issued)}{f'; {self.place}' if self.place else ''}"


def _date_parts(day: date) -> dict[str, list[list[int]]]:
    return {"date-parts": [[day.year, day.month, day.day]]}


def _escaped(text: str) -> str:
    r"""Return text that TeX prints as it stands.

    Examples
    --------
    >>> print(_escaped("P&G: 10% of $1_000"))
    P\&G: 10\% of \$1\_000
    """
    return re.sub(r"[\\~^&%$#_{}]", lambda found: _ESCAPES[found[0]], " ".join(text.split()))


def _braced(text: str) -> str:
    """Return text whose capitals stay, and that is one name however many words it has."""
    return f"{{{_escaped(text)}}}"


def _unbraced(url: str) -> str:
    return url.replace("{", "%7B").replace("}", "%7D")


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
