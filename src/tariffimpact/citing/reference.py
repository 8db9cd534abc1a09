"""One thing that can be cited, and its four forms: text, BibTeX, RIS and CSL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from tariffimpact import units


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


_BIBTEX: Final = {
    ReferenceKind.PROGRAM: "software",
    ReferenceKind.DATA: "dataset",
    ReferenceKind.METHOD: "manual",
    ReferenceKind.NEWS: "online",
    ReferenceKind.PAGE: "online",
}
_RIS: Final = {
    ReferenceKind.PROGRAM: "COMP",
    ReferenceKind.DATA: "DATA",
    ReferenceKind.METHOD: "RPRT",
    ReferenceKind.NEWS: "NEWS",
    ReferenceKind.PAGE: "ELEC",
}
_CSL: Final = {
    ReferenceKind.PROGRAM: "software",
    ReferenceKind.DATA: "dataset",
    ReferenceKind.METHOD: "report",
    ReferenceKind.NEWS: "article-newspaper",
    ReferenceKind.PAGE: "webpage",
}
_OURS: Final = {
    ReferenceKind.PROGRAM: "computer program",
    ReferenceKind.DATA: "data set",
    ReferenceKind.METHOD: "documentation",
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
        if self.kind in _OURS:
            what = _OURS[self.kind]
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
        return "\n".join([f"@{_BIBTEX[self.kind]}{{{self.key},", *lines, "}"])

    def as_ris(self) -> str:
        """Return the reference in the RIS format of reference managers."""
        fields = [
            ("TY", _RIS[self.kind]),
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
            "type": _CSL[self.kind],
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
