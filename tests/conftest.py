"""What every test may ask for: facts, schedules, the report, and copies to plant faults in."""

import csv
import io
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from sampled import QUICK, THOROUGH
from tariffimpact.cli import main
from tariffimpact.facts import read_facts, shipped_folder
from tariffimpact.report import read_report
from tariffimpact.tariffs import shipped_schedule

# the same examples on every machine and run, and no folder left behind; `make slow` draws more
settings.register_profile(
    "quick", deadline=None, derandomize=True, database=None, max_examples=QUICK
)
settings.register_profile("thorough", settings.get_profile("quick"), max_examples=THOROUGH)
settings.load_profile("quick")


@pytest.fixture(scope="session")
def facts():
    return read_facts()


@pytest.fixture(scope="session")
def schedule(facts):
    return shipped_schedule(facts)


@pytest.fixture(scope="session")
def shipped_report():
    """The report on the shipped facts, not yet drawn."""
    return read_report()


@dataclass(frozen=True)
class DataCopy:
    """A copy of `data/` that a test may spoil."""

    folder: Path

    def path(self, table):
        return self.folder / f"{table}.csv"

    def text(self, table):
        return self.path(table).read_text(encoding="utf-8")

    def rows(self, table):
        return list(csv.DictReader(io.StringIO(self.text(table), newline="")))

    def write(self, table, rows):
        with self.path(table).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def edit(self, table, key, **cells):
        """Overwrite cells of the row with that key; return the line it stands on."""
        rows = self.rows(table)
        position = next(i for i, row in enumerate(rows) if next(iter(row.values())) == key)
        rows[position].update(cells)
        self.write(table, rows)
        return position + 2  # rows of one line each, below the header

    def repeat(self, table, key, **cells):
        """Append a copy of the row with that key, changed in `cells`; return its line."""
        rows = self.rows(table)
        row = next(row for row in rows if next(iter(row.values())) == key)
        self.write(table, [*rows, {**row, **cells}])
        return len(rows) + 2


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(shipped_folder("data"), folder)
    return DataCopy(folder)


@pytest.fixture
def law(tmp_path):
    """A copy of the law that a test may spoil."""
    return Path(shutil.copytree(shipped_folder("data") / "law", tmp_path / "law"))


@pytest.fixture(scope="session")
def reference():
    folder = os.environ.get("TARIFFIMPACT_REFERENCE_DATA")
    if not folder:
        pytest.skip("TARIFFIMPACT_REFERENCE_DATA does not name the reference data")
    return Path(folder)


@pytest.fixture(scope="session")
def compiled(schedule):
    """The shipped schedule, whole."""
    return schedule.compiled


@pytest.fixture
def run(capsys):
    """Type a command; return its exit code and what it printed and complained of."""

    def call(*arguments):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code or 0
        else:
            code = 0
        told = capsys.readouterr()
        return code, told.out, told.err

    return call
