"""A workbook that would fill the memory is refused before it is loaded, however small its file."""

import io
import resource
import struct
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook as Written

from tariffimpact.errors import DataError
from tariffimpact.facts import workbooks
from tariffimpact.facts.sheets import Sheet
from tariffimpact.facts.workbooks import sheet_names

SHEET = "xl/worksheets/sheet1.xml"
HEAD = ["hts", "origin", "entered_on", "customs_value"]


def written(path, **cells):
    """Write a workbook of a header, and of cells wherever they are asked for."""
    book = Written()
    book.active.append(HEAD)
    for place, value in cells.items():
        book.active[place] = value
    book.save(path)
    return path


def with_sheet(path, text):
    """Write a workbook whose sheet is that text."""
    raw = written(path).read_bytes()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(path, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, text if name == SHEET else old.read(name))
    return path


def refused(path, **options):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError) as caught:
        Sheet(path, limit=10**9, **options)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes
    return str(caught.value).removeprefix(f"{path}: ")


FAR = "its cells, blank ones with a format too, reach to XFD1048576; delete what stands far"


@pytest.mark.parametrize("asked", [None, "Sheet"])
def test_one_stray_cell_far_from_the_table_is_told(tmp_path, asked):
    path = written(tmp_path / "far.xlsx", XFD1048576="x")
    said = refused(path, name=asked)
    assert said.startswith(f"has a sheet of 17,179,869,184 places: {FAR}")
    assert sheet_names(path) == ("Sheet",)


@pytest.mark.parametrize(
    "cells",
    [
        '<x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row>'
        '<x:row r="1048576"><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row>',
        "<row r='1'><c r='a1'><v>1</v></c></row>"
        "<row r='1048576'><c s='1' r='xfd1048576'><v>1</v></c></row>",
        '<row r="1"><c r="XFD1"><v>1</v></c></row><row r="1048576"><c><v>1</v></c></row>'
        '<row><c r="A1"/></row>',
    ],
)
def test_a_far_cell_is_seen_however_it_is_written(tmp_path, cells):
    head = '<x:worksheet xmlns:x="urn:x" xmlns="urn:y"><sheetData>'
    said = refused(with_sheet(tmp_path / "far.xlsx", head + cells), name="Sheet")
    assert f"{FAR} from the table, or save it as CSV" in said


def test_a_cell_that_no_sheet_has_is_damage(tmp_path):
    cells = '<row r="1"><c r="A1"><v>1</v></c><c r="ZZZZZZZZ99999999999"><v>1</v></c></row>'
    said = refused(with_sheet(tmp_path / "far.xlsx", f"<worksheet>{cells}</worksheet>"))
    assert said.startswith("cannot be read as a workbook: a cell beyond the last that a sheet has")


def test_a_table_a_little_away_from_the_corner_is_read(tmp_path):
    book = Written()
    for place, name in zip("CDEF", HEAD, strict=True):
        book.active[f"{place}40000"] = name
    path = tmp_path / "away.xlsx"
    book.save(path)
    assert [cells[-4:] for _, cells in Sheet(path, limit=10**9).rows()] == [HEAD]


@pytest.mark.parametrize("honest", [True, False])
def test_what_unpacks_to_too_much_is_refused(tmp_path, monkeypatch, honest):
    """30 MB of blanks in 30 kB, where 20 MB are too many; the archive may call them one byte."""
    monkeypatch.setattr(workbooks, "_MAX_UNPACKED", 20_000_000)
    path = with_sheet(tmp_path / "blanks.xlsx", b"<worksheet>" + b" " * 30_000_000)
    if not honest:
        path.write_bytes(path.read_bytes().replace(struct.pack("<I", 30_000_011), b"\1\0\0\0"))
        with zipfile.ZipFile(path) as package:
            assert package.getinfo(SHEET).file_size == 1
    assert refused(path) == (
        "unpacks to more than 20 MB; save the table as CSV, which may be larger"
    )
    assert sheet_names(path) == ()


def test_a_row_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(workbooks, "_MAX_ROW", 5_000_000)
    path = with_sheet(tmp_path / "row.xlsx", b"<worksheet><row><c>" + b" " * 9_000_000)
    assert refused(path).startswith("cannot be read as a workbook: a row of more than 5 MB")


def test_faults_of_cells_are_told_wherever_the_text_is_cut(tmp_path, monkeypatch):
    path = written(tmp_path / "formulas.xlsx", **{f"B{row}": "=1+1" for row in range(2, 400)})
    for block in (61, 1000, 1 << 20):
        monkeypatch.setattr(workbooks, "_BLOCK", block)
        with pytest.raises(DataError) as caught:
            list(Sheet(path, limit=10**9).rows())
        assert len(caught.value.faults) == 398
        assert str(caught.value.faults[-1]).startswith(
            f"{path}:399: cell B399 is a formula without its value; open the workbook in a"
        )


def test_the_official_workbooks_are_held_to_the_same(tmp_path):
    from tariffimpact.costpush.derivation import _sheet

    path = written(tmp_path / "requirements.xlsx", XFD1048576="x")
    with pytest.raises(DataError, match="no readable sheet Sheet: has a sheet of 17,179,869,184 "):
        _sheet(Path(path), "Sheet")
