"""Write the expected answers and the schema anew, for a reviewer to read in the difference.

python tests/cases/expected_cases.py
"""

import ast
import inspect
import itertools
import json
import textwrap
from pathlib import Path
from typing import Any

import pandas as pd

from tariffimpact.cases import CaseFile, read_case, shipped_cases
from tariffimpact.cases.case_numbers import Part
from tariffimpact.writing import csv_bytes

CASES = Path(__file__).resolve().parents[2] / "cases"


def rounded(answers: pd.DataFrame) -> pd.DataFrame:
    """Return the answers to nine significant digits: past them a search may end elsewhere."""
    figures = ["base", "low", "high", "no_answer"]
    return answers.assign(
        **{name: answers[name].map(lambda value: float(f"{value:.9g}")) for name in figures}
    )


def schema_text() -> str:
    """Return the JSON schema of case files, for editors that complete and check as one types.

    A case points at it with `#:schema ./schema.json`.
    """
    schema = CaseFile.model_json_schema()
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "A tariffimpact case",
    }
    add_meanings(schema)
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def add_meanings(schema: dict[str, Any]) -> None:
    """Put the words below each field into the schema."""
    for table in tables_of(Part):
        part = schema if table is CaseFile else schema["$defs"][table.__name__]
        meanings = meanings_of(Part) | meanings_of(table)
        for name, words in part["properties"].items():
            if name in meanings:
                words["description"] = meanings[name]


def meanings_of(table: type[Part]) -> dict[str, str]:
    """Return the text below each field of a table, from the source."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(table))).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, text in itertools.pairwise(body.body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            found[field.target.id] = inspect.cleandoc(str(text.value.value))
    return found


def tables_of(table: type[Part]) -> list[type[Part]]:
    """Return every table of a case file."""
    return [one for child in table.__subclasses__() for one in (child, *tables_of(child))]


def main() -> None:
    for name in shipped_cases():
        text = csv_bytes(rounded(read_case(name).answers()))
        (CASES / f"{name}.expected.csv").write_bytes(text)
    (CASES / "schema.json").write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
