"""What every test may ask for: facts, schedules, the report, and copies to plant faults in."""

import csv
import io
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from tariffimpact.cli import main
from tariffimpact.facts import read_facts, shipped_folder
from tariffimpact.report import read_report
from tariffimpact.tariffs import FiledSchedule, TariffSchedule, build_schedule

# the same examples on every machine and every run, and no folder left behind
settings.register_profile("reproducible", deadline=None, derandomize=True, database=None)
settings.load_profile("reproducible")


@pytest.fixture(scope="session")
def facts():
    return read_facts()


@pytest.fixture(scope="session")
def schedule(facts):
    return TariffSchedule(facts)


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


SMALL = {
    "mfn_rates_2025.csv": "hs8,mfn_rate,rate_type,rate_raw\n"
    "04069056,0,free,Free\n61091000,0.165,ad_valorem,16.5%\n22042150,0,specific,6.3¢/liter\n"
    "76061230,0.03,ad_valorem,3%\n98010010,0,other,No change\n",
    "s301_product_lists.csv": "hts8,list,ch99_code\n61091000,4A,9903.88.15\n"
    + "".join(
        f"22042150,{name},9903.88.00\n"
        for name in [
            "1",
            "2",
            "3",
            "3_addl",
            "4B",
            "biden_25",
            "biden_50",
            "biden_100",
            "biden_50_jan25",
            "biden_25_jan25",
            "cranes_301",
        ]
    )
    + "".join(f"22042150,biden_jan26,9903.91.{n}\n" for n in ("06", "07", "08")),
    "s232_derivative_products.csv": "hts_prefix,ch99_code,derivative_type,effective_date\n"
    "61091000,9903.85.08,aluminum,\n76161090,9903.85.07,aluminum,\n"
    "04069056,9903.85.08,aluminum,2025-08-18\n04069056,9903.81.91,steel,2025-08-18\n",
    "s232_annex_products.csv": "hts_prefix,annex,metal_type,source,effective_date\n"
    "7606,1a,steel,p,2026-04-06\n7607,1b,steel,p,2026-04-06\n7608,2,steel,p,2026-04-06\n"
    "7609,3,steel,p,2026-04-06\n",
    "s122_exempt_products.csv": "hts8\n04069056\n",
    "floor_exempt_products.csv": "hts8,category,country_group,ch99_code\n"
    + "".join(f"61091000,x,{g},9903.02.74\n" for g in ("eu", "swiss", "japan", "korea")),
    "country_eo_exempt_products.csv": "# a comment\n"
    "ch99_code,hts10,effective_date_start,effective_date_end,source,note\n"
    "9903.01.77,0406.90.56,2025-08-06,,x,y\n9903.01.77,6109.10.00,2025-11-13,,x,y\n",
}


@pytest.fixture
def lists(tmp_path):
    folder = tmp_path / "lists"
    folder.mkdir()
    for name, text in SMALL.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def reference():
    folder = os.environ.get("TARIFFIMPACT_REFERENCE_DATA")
    if not folder:
        pytest.skip("TARIFFIMPACT_REFERENCE_DATA does not name the reference data")
    return Path(folder)


@pytest.fixture(scope="session")
def compiled(reference, facts):
    pytest.importorskip("pyarrow", reason="the extra portfolio is not installed")
    return build_schedule(reference / "us_tariffs", facts)


@pytest.fixture(scope="session")
def every_product(compiled):
    return FiledSchedule(compiled)


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
