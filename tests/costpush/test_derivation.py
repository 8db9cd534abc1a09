"""The step from the official files to the shipped tables; skipped where those files are not."""

import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tariffimpact.costpush import derive_accounts, read_accounts, shipped_accounts
from tariffimpact.costpush.derivation import CONCORDANCE, REQUIREMENTS, SUPPLY
from tariffimpact.errors import DataError
from tariffimpact.portfolio import read_census_imports

REFERENCE = os.environ.get("TARIFFIMPACT_REFERENCE_DATA")
needs_files = pytest.mark.skipif(
    not REFERENCE, reason="TARIFFIMPACT_REFERENCE_DATA names no folder with the official files"
)
IO = Path(REFERENCE or ".") / "io"


@pytest.fixture(scope="module")
def derived():
    folder = Path(REFERENCE) / "hs10_imports_2024"
    imports = read_census_imports(folder, "2024-hs10-imports*.parquet")
    cpi = Path(REFERENCE) / "bls_cpi" / "cpi_us_city_avg_items_2015_on.csv.gz"
    return derive_accounts(IO, imports, prices=cpi)


@needs_files
def test_the_shipped_tables_are_what_the_step_makes(derived):
    """Text byte by byte, parquet by what it holds: its bytes are those of the version of Arrow."""
    for name, content in derived.items():
        shipped = (shipped_accounts() / name).read_bytes()
        if name.endswith(".parquet"):
            tables = [pq.read_table(io.BytesIO(raw)) for raw in (shipped, content)]
            assert tables[0].equals(tables[1]), name
        else:
            assert shipped == content, name


@needs_files
def test_the_tables_stay_small(derived):
    assert sum(map(len, derived.values())) < 1_500_000


@needs_files
def test_the_requirements_are_the_published_digits():
    sheet = pd.read_excel(IO / REQUIREMENTS, sheet_name="2017", header=None, engine="calamine")
    published = sheet.iloc[5:-1, 2:].to_numpy(float)
    assert np.abs(read_accounts().total_requirements - published).max() < 1e-12


@needs_files
def test_the_mapping_follows_its_rule():
    """Equally over the commodities under a code's first five digits, or four where none are."""
    sheet = pd.read_excel(IO / CONCORDANCE, sheet_name=0, header=None, engine="calamine")
    accounts = read_accounts()
    under = [(str(row[6]), str(row[11])) for _, row in sheet.iterrows()]
    under = [(commodity, code) for commodity, code in under if commodity in accounts.places]
    for code in {row.code for row in accounts.mapping if row.commodity}:
        targets = next(
            found
            for digits in (5, 4)
            if (found := {c for c, related in under if related.startswith(code[:digits])})
        )
        assert targets == {row.commodity for row in accounts.mapping if row.code == code}


@needs_files
@pytest.mark.parametrize("year", [2007, pytest.param(2012, marks=pytest.mark.slow)])
def test_another_year_through_the_same_step(tmp_path, year):
    for name, content in derive_accounts(IO, year=year).items():
        (tmp_path / name).write_bytes(content)
    accounts = read_accounts(tmp_path)
    assert accounts.year == year
    assert 0.05 < accounts.import_shares.mean() < 0.3
    with pytest.raises(DataError, match="holds no accounts of that year"):
        derive_accounts(IO, year=2022)


@needs_files
def test_a_damaged_workbook_is_named(tmp_path):
    for path in IO.iterdir():
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / SUPPLY).unlink()
    with pytest.raises(DataError, match=f"{SUPPLY}: is not there; get it from its publisher"):
        derive_accounts(tmp_path)
    (tmp_path / SUPPLY).write_bytes(b"not a workbook")
    with pytest.raises(DataError, match=f"{SUPPLY}: has no readable sheet 2017"):
        derive_accounts(tmp_path)


def test_a_folder_without_the_files_lists_all_of_them(tmp_path):
    with pytest.raises(DataError) as refused:
        derive_accounts(tmp_path)
    assert len(refused.value.faults) == 7
