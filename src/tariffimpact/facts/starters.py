"""Rows to fill in for a new company, each column with what the codebook says of it."""

from __future__ import annotations

import csv
import io
import re
from typing import Final

from tariffimpact.facts.package import CODEBOOK
from tariffimpact.facts.reader import KINDS, folded
from tariffimpact.release import shipped_folder

_TABLES: Final = ("companies", "sources", "exposures", "financials", "statements", "prices")
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
    return "\n".join([top, *(_starter(table, name, codebook) for table in _TABLES)])


def _starter(table: str, name: str, codebook: str) -> str:
    section = re.search(rf"^## `?{table}\.csv`?.*?(?=^## |\Z)", codebook, re.M | re.S)
    told = re.findall(r"^\| `(\w+)` \| (.+?) \|$", section[0] if section else "", re.M)
    filled = {"company": name, "name": name}
    kind = KINDS[table]
    comments = []
    for column, meaning in told:
        needed = "" if kind.model_fields[column].is_required() else " (may be blank)"
        comments.append(f"#   {column}{needed}: {meaning}")
    slug = "-".join(folded(name).split())
    key = {} if table == "companies" else {told[0][0]: f"{slug}-YEAR-MONTH"}
    row = [(key | filled).get(column, "") for column, _ in told]
    return "\n".join(
        [f"# {table}.csv", *comments, _line([column for column, _ in told]), _line(row), ""]
    )


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()
