"""For whoever writes facts: rows to fill in for a company, and quotes held to their sources."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tariffimpact.errors import DataError, Fault
from tariffimpact.facts.reader import KINDS, Facts, folded
from tariffimpact.facts.records import Cited
from tariffimpact.facts.tables import columns
from tariffimpact.release import shipped_folder

CODEBOOK: Final = "README.md"
"""What says of each column of the data what it means."""
_OF_A_COMPANY: Final = ("companies", "sources", "exposures", "financials", "statements", "prices")
"""What is known of a company, in the order in which it is best filled in."""


def company_rows(name: str) -> str:
    """Return a text with the header, one row to fill and a comment for each column of six tables.

    Parameters
    ----------
    name
        The company, as its rows are to spell it.

    Examples
    --------
    >>> text = company_rows("Acme")
    >>> [line for line in text.splitlines() if line.startswith("Acme,")]
    ['Acme,Acme,,,,']
    """
    codebook = (shipped_folder("data") / CODEBOOK).read_text(encoding="utf-8")
    top = (
        f"# Rows about {name}. Fill in what the sources say, leave blank what they do not, and\n"
        "# add each row without these comments to the table named above it. Then:\n"
        "# tariffimpact facts check FOLDER\n"
    )
    return "\n".join([top, *(_starter(table, name, codebook) for table in _OF_A_COMPANY)])


def _starter(table: str, name: str, codebook: str) -> str:
    told, kind = meanings(codebook, table), KINDS[table]
    comments = []
    for column, meaning in told.items():
        needed = "" if kind.model_fields[column].is_required() else " (may be blank)"
        comments.append(f"#   {column}{needed}: {meaning}")
    filled = {"company": name, "name": name}
    if table != "companies":
        filled[next(iter(told))] = f"{'-'.join(folded(name).split())}-YEAR-MONTH"
    row = [filled.get(column, "") for column in told]
    return "\n".join([f"# {table}.csv", *comments, _line(list(told)), _line(row), ""])


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


def meanings(codebook: str, table: str) -> dict[str, str]:
    """Return what the codebook says of each column of a table, in its order."""
    section = re.search(rf"^## `?{table}\.csv`?.*?(?=^## |\Z)", codebook, re.M | re.S)
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|$", section[0] if section else "", re.M))


_LEFT_OUT: Final = re.compile(r"\s*\[(?:\.\.\.|…)\]\s*")
"""Where a quote leaves words out."""
_SIGNS: Final = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "′": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
        "–": "-", "—": "-", "‑": "-", "−": "-", "…": "...", "\u00a0": " ", "\u202f": " ",
        "\u2009": " ", "\u00ad": "", "\u200b": "",
    }
)  # fmt: skip
"""Signs that a program changes into one another when it copies a text."""


def quote_faults(facts: Facts, texts: Path) -> tuple[int, list[Fault]]:
    """Hold every quote to the text of its source.

    Parameters
    ----------
    facts
        The facts, as read.
    texts
        A folder of UTF-8 texts, each called by the id of its source, `afp-2025-08-21.txt`.

    Returns
    -------
    tuple of int and list of Fault
        How many quotes have a text to be held to, and what is wrong: words that are not in it, or
        that stand there in other signs.

    Raises
    ------
    DataError
        If the folder is not there or a text cannot be read.
    """
    if not texts.is_dir():
        raise DataError([Fault(str(texts), "is not a folder", "name a folder of texts")])
    held: dict[str, str] = {}
    checked = 0
    faults: list[Fault] = []
    for table, row in _cited(facts):
        path = texts / f"{row.source_id}.txt"
        if row.source_id not in held and path.exists():
            held[row.source_id] = _text(path)
        if row.source_id in held:
            checked += 1
            faults += _compared(table, row, held[row.source_id])
    return checked, faults


def _cited(facts: Facts) -> Iterator[tuple[str, Cited]]:
    for name, kind in KINDS.items():
        if issubclass(kind, Cited):
            for row in getattr(facts, name):
                yield name, row


def _text(path: Path) -> str:
    """Return a text with its line breaks as spaces: a quote stands on one line."""
    try:
        return _spaced(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        what = f"cannot be read: {getattr(error, 'strerror', None) or error}"
        raise DataError([Fault(str(path), what, "save it as UTF-8 text")]) from None


def _compared(table: str, row: Cited, text: str) -> Iterator[Fault]:
    """Yield what is wrong with one quote."""
    parts = [_spaced(part) for part in _LEFT_OUT.split(row.quote) if part.strip()]
    if in_order(parts, text):
        return
    where = f"{table}.csv: {getattr(row, columns(type(row))[0])}"
    if in_order([_plain(part) for part in parts], _plain(text)):
        what = "stands in its source in other signs (quotation marks, dashes or spaces)"
        yield Fault(where, what, "copy the words as the source has them", "quote", row.quote)
    else:
        what, remedy = "is not in the text of its source", "quote the source's own words"
        yield Fault(where, what, remedy, "quote", row.quote)


def in_order(parts: list[str], text: str) -> bool:
    """Return whether all parts stand in a text, one after the other.

    Examples
    --------
    >>> in_order(["a", "c"], "a b c"), in_order(["c", "a"], "a b c")
    (True, False)
    """
    place = 0
    for part in parts:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return True


def _spaced(text: str) -> str:
    return re.sub(r"[ \t\r\n]+", " ", text).strip()


def _plain(text: str) -> str:
    """Return a text without the differences that only signs make."""
    return _spaced(unicodedata.normalize("NFKC", text.translate(_SIGNS))).casefold()
