"""The data has a version of its own, and only untouched tables carry it."""

import hashlib
import re
import subprocess
import tomllib
from datetime import date

import pytest

from tariffimpact.errors import DataError
from tariffimpact.facts import copy_shipped_data, read_facts, shipped_folder
from tariffimpact.facts.reader import KINDS
from tariffimpact.release import DataVersion, data_version, made_with

DATA = shipped_folder("data")
STATED = tomllib.loads((DATA / "version.toml").read_text(encoding="utf-8"))
TABLES = sorted(path.name for path in DATA.glob("*.csv"))


@pytest.mark.parametrize("name", TABLES)
def test_no_table_moved_without_the_version(name):
    """A table that changed is a new version; the line to write is in the message."""
    found = hashlib.sha256((DATA / name).read_bytes()).hexdigest()
    assert STATED["sha256"].get(name) == found, (
        f'{name} changed: raise the version in data/version.toml and write "{name}" = "{found}"'
    )


def test_no_checksum_is_of_a_table_that_is_gone():
    assert sorted(STATED["sha256"]) == TABLES
    assert {f"{name}.csv" for name in KINDS} <= set(TABLES)


def test_the_checksums_are_those_of_a_program_of_its_own():
    try:
        told = subprocess.run(
            ["sha256sum", *TABLES], cwd=DATA, capture_output=True, text=True, check=True
        ).stdout
    except FileNotFoundError:
        pytest.skip("this machine has no sha256sum")
    found = {name: value for value, name in (line.split() for line in told.splitlines())}
    assert found == STATED["sha256"]


def test_the_version_is_of_its_day_and_no_source_was_read_later(facts):
    year, month, _ = map(int, STATED["version"].split("."))
    assert (year, month) == (STATED["released_on"].year, STATED["released_on"].month)
    assert facts.dated_on <= STATED["released_on"]
    assert facts.version == DataVersion(STATED["version"], STATED["released_on"])


def test_facts_keep_their_version_when_narrowed(facts):
    narrowed = facts.as_of(date(2025, 9, 1)).of_companies(("Sony",))
    assert narrowed.version == facts.version


# whose data it is


def test_a_copy_is_the_released_data_until_a_table_is_edited(tmp_path):
    folder = tmp_path / "mine"
    copy_shipped_data(folder)
    assert str(read_facts(folder).version) == f"{STATED['version']} of {STATED['released_on']}"
    prices = folder / "prices.csv"
    edited = prices.read_text(encoding="utf-8").replace(",500,550,", ",500,560,", 1)
    prices.write_text(edited, encoding="utf-8")
    assert str(read_facts(folder).version) == f"{STATED['version']}, edited (prices.csv)"


def test_line_ends_and_files_of_ones_own_are_no_edit(data):
    data.path("prices").write_bytes(data.path("prices").read_bytes().replace(b"\n", b"\r\n"))
    (data.folder / "my-skus.csv").write_text("sku\n1\n", encoding="utf-8")
    assert read_facts(data.folder).version.edited == ()


@pytest.mark.parametrize("lost", ["console_market.csv", "example_skus.csv"])
def test_a_table_that_is_gone_is_an_edit(data, lost):
    (data.folder / lost).unlink()
    assert data_version(data.folder).edited == (lost,)


def test_new_checksums_do_not_make_an_edit_the_released_data(data):
    """Whoever brings the checksums up to date but keeps the version has edited it all the same."""
    text = data.path("prices").read_text(encoding="utf-8").replace(",500,550,", ",500,560,", 1)
    data.path("prices").write_text(text, encoding="utf-8")
    version = data.folder / "version.toml"
    old = STATED["sha256"]["prices.csv"]
    new = hashlib.sha256(text.encode()).hexdigest()
    written = version.read_text(encoding="utf-8").replace(old, new)
    version.write_text(written, encoding="utf-8")
    assert data_version(data.folder).edited == ("prices.csv",)
    version.write_text(written.replace(STATED["version"], "2031.2.7"), encoding="utf-8")
    assert str(data_version(data.folder)) == f"2031.2.7 of {STATED['released_on']}"


def test_tables_without_a_version_are_somebodys_own(data):
    (data.folder / "version.toml").unlink()
    assert str(read_facts(data.folder).version) == "own data"
    assert made_with(DataVersion()).endswith(", own data")
    assert "data own data" not in made_with(DataVersion())


def test_many_edits_are_counted_not_listed():
    version = DataVersion("2026.11.0", date(2026, 11, 24), ("a.csv", "b.csv", "c.csv", "d.csv"))
    assert str(version) == "2026.11.0, edited (a.csv, b.csv, c.csv and 1 more)"


def test_every_fault_of_a_version_is_told_at_once_beside_those_of_the_tables(data):
    data.edit("prices", "sony-ps5-2025-08", old_price="-1")
    (data.folder / "version.toml").write_text(
        'version = "1.0"\nreleased_on = "soon"\nsha256 = { "../prices.csv" = "0" }\n',
        encoding="utf-8",
    )
    with pytest.raises(DataError) as caught:
        read_facts(data.folder)
    columns = [fault.column for fault in caught.value.faults]
    assert columns == ["old_price", "version", "released_on", "sha256"]


@pytest.mark.parametrize(
    "text",
    ["", "version = ", "[" * 100_000, 'version = "2026.11.0"', "\ufeff\x00", "sha256 = 3"],
    ids=["empty", "cut off", "nested", "half", "binary", "no table"],
)
def test_what_is_no_version_is_told_in_one_line_each(data, text):
    (data.folder / "version.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        data_version(data.folder)
    for line in str(caught.value).splitlines():
        assert re.match(rf"{re.escape(str(data.folder))}/version\.toml: .+; .+", line)
