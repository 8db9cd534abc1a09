"""Write the expected answers and the schema anew, for a reviewer to read in the difference.

python tests/cases/expected_cases.py
"""

from pathlib import Path

import pandas as pd

from tariffimpact.cases import read_case, shipped_cases
from tariffimpact.cases.schema import schema_text
from tariffimpact.writing import csv_bytes

CASES = Path(__file__).resolve().parents[2] / "cases"


def rounded(answers: pd.DataFrame) -> pd.DataFrame:
    """Return the answers to nine significant digits: past them a search may end elsewhere."""
    figures = ["base", "low", "high", "no_answer"]
    return answers.assign(
        **{name: answers[name].map(lambda value: float(f"{value:.9g}")) for name in figures}
    )


def main() -> None:
    for name in shipped_cases():
        text = csv_bytes(rounded(read_case(name).answers()))
        (CASES / f"{name}.expected.csv").write_bytes(text)
    (CASES / "schema.json").write_text(schema_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
