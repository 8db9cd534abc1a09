"""Write the data package and the codebook's counts anew, after the tables have changed.

python tests/release/expected_package.py
"""

from pathlib import Path

from tariffimpact.facts import read_facts
from tariffimpact.facts.codebook import CODEBOOK, PACKAGE_FILE, data_package, with_kinds
from tariffimpact.writing import json_text

DATA = Path(__file__).resolve().parents[2] / "data"


def package_text() -> str:
    return f"{json_text(data_package(DATA))}\n"


def main() -> None:
    codebook = DATA / CODEBOOK
    told = with_kinds(codebook.read_text(encoding="utf-8"), read_facts(DATA))
    codebook.write_text(told, encoding="utf-8")
    (DATA / PACKAGE_FILE).write_text(package_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
