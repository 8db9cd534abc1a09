"""A file of products as it comes: every bad cell and every bad file told, with its remedy."""

import os
import re

import pytest

from portfolio.sku_rows import GOOD, HEADER, read, run
from tariffimpact.errors import DataError


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            "A,Acme,406905600,VNM,1,2,USD",
            "2: hts: has 9 digits: a leading zero was lost (got '406905600'); "
            "keep the column as text; if so, 0406905600",
        ),
        (
            "A,Acme,9504500000.0,VNM,1,2,USD",
            "2: hts: was read as a number (got '9504500000.0'); format the column as text: "
            "0406905600, not 406905600.0",
        ),
        ("A,Acme,9.5045E+09,VNM,1,2,USD", "2: hts: was read as a number (got '9.5045E+09')"),
        (
            "A,Acme,63079098,VNM,1,2,USD",
            "2: hts: has 8 digits, and its statistical lines are charged differently "
            "(got '63079098'); give 10 digits, such as 6307909842",
        ),
        ("A,Acme,9504,VNM,1,2,USD", "2: hts: has 4 digits (got '9504')"),
        ("A,Acme,9801001000,VNM,1,2,USD", "2: hts: is of chapter 98, a special provision"),
        ("A,Acme,0101999910,VNM,1,2,USD", "2: hts: is not in the schedule (got '0101999910')"),
        ("A,Acme,ps5,VNM,1,2,USD", "2: hts: is not an HTS code (got 'ps5')"),
        (
            "A,Acme,9504500000,CHIN,1,2,USD",
            "2: origin: is not a country (got 'CHIN'); did you mean",
        ),
        ("A,Acme,9504500000,USA,1,2,USD", "2: origin: is the importing country"),
        ("A,Acme,9504500000,VNM,1,2,EUR", "2: currency: is not USD: duty is owed in US dollars"),
        ("A,Acme,9504500000,VNM,-1,2,USD", "2: customs_value: is negative (got '-1')"),
        ("A,Acme,9504500000,VNM,0,2,USD", "2: customs_value: must be above 0 (got '0')"),
        ("A,Acme,9504500000,VNM,5%,2,USD", "2: customs_value: is a percentage (got '5%')"),
        ("A,Acme,9504500000,VNM,€5,2,USD", "2: customs_value: is not in US dollars (got '€5')"),
        ("A,Acme,9903.01.25,VNM,1,2,USD", "2: hts: is of chapter 99, a special provision"),
        ("A,Acme,9504500000,VNM,1e999,2,USD", "2: customs_value: is not a finite number"),
        ("A,Acme,9504500000,VNM,,2,USD", "2: customs_value: is blank"),
        ("A,Acme,9504500000,VNM,1,1e15,USD", "2: price: must not be above 1e+12"),
        ("A,Acme,9504500000,VNM,１,2,USD", "2: customs_value: is not a number (got '１')"),
        ("A,Acme,９５０４５０００００,VNM,1,2,USD", "2: hts: is not an HTS code"),
        ("A,Acme,9504500000,EU,1,2,USD", "2: origin: is a group of countries (got 'EU')"),
        ("A,Acme,9504500000,,1,2,USD", "2: origin: is blank; give the country of origin"),
        ("A,Acme,9504500000,VNM,1,2,", "2: currency: is blank; write USD if it is"),
        (",Acme,9504500000,VNM,1,2,USD", "2: sku: is blank"),
        ("A,Ac\x07me,9504500000,VNM,1,2,USD", r"2: company: holds an invisible control"),
        (
            "A,Acme,9504500000,VNM,1,2",
            "2: has 6 cells where the header has 7 (got 'A,Acme,9504500000,VNM,1,2'); give every",
        ),
        (
            "A,Acme, Inc,9504500000,VNM,1,2,USD",
            "2: has 8 cells where the header has 7 (got 'A,Acme, Inc,9504500000,VNM,1,2,USD'); "
            'put a cell that holds a comma, a quote or a line break in "double quotes"',
        ),
    ],
)
def test_a_bad_cell_is_told_with_its_remedy(row, told, sku_file, shipped):
    _, found = read(sku_file(row), shipped)
    assert len(found) == 1
    assert found[0].startswith(told)


def test_all_faults_of_all_rows_at_once(sku_file, shipped):
    path = sku_file(
        GOOD,
        "A2,Acme,406905600,CHIN,-1,x,EUR",
        GOOD,
        "A3,Acme,9504500000,JPN,1,2,USD,5",
        "A4,Acme,9504500000,JPN,100,250,USD",
    )
    result, rows = run(path, shipped)
    assert list(rows["sku"]) == ["A1", "A4"]
    assert [f.column for f in result.faults] == [
        *("hts", "origin", "currency", "customs_value", "price"), "sku", "",
    ]  # fmt: skip
    assert (result.accepted, result.rows) == (2, 5)
    assert "3 of 5 rows were rejected" in result.summary()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "skus.csv: is empty"),
        (b"\n \n", "skus.csv: is empty"),
        (b"PAR1....", "skus.csv: is a parquet file"),
        (f"{HEADER}\n{GOOD}\n".encode("utf-16-le"), "skus.csv: looks like UTF-16 text without"),
        (HEADER.encode(), "skus.csv: has no rows below its header"),
        (b"sku,hts\n", "customs_value: column is missing; add it, or say which it is: --map"),
        (HEADER.encode() + b",SKU\n", "sku: column stands twice"),
        (HEADER.encode() + b",sku\n", "sku: column stands twice"),
        (
            f"{HEADER}\n{GOOD}\nEstée".encode("latin-1"),
            "skus.csv:3: is not UTF-8 text (got",
        ),
        (f'{HEADER}\n{GOOD}\n"A,Acme\n{GOOD}'.encode(), "skus.csv:3: begins a row that is not"),
        (
            f'{HEADER}\n{GOOD}\n"A,Acme\n{GOOD * 5000}'.encode(),
            "skus.csv:3: begins a row that is not readable as CSV: field larger than field limit",
        ),
    ],
)
def test_a_bad_file_is_refused(content, words, tmp_path, shipped):
    path = tmp_path / "skus.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=re.escape(words)):
        read(path, shipped)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_good_file_is_read_with_any_line_end_and_byte_order_mark(mark, end, tmp_path, shipped):
    path = tmp_path / "skus.csv"
    path.write_bytes((mark + end.join([HEADER, GOOD, "", GOOD.replace("A1", "A2")])).encode())
    rows, told = read(path, shipped)
    assert told == []
    assert rows["sku"].tolist() == ["A1", "A2"]
    assert rows["line"].tolist() == [2, 4]


def test_a_sku_that_comes_again_is_told_across_chunks(sku_file, shipped):
    path = sku_file(*(GOOD.replace("A1", f"A{i % 5}") for i in range(8)))
    rows, told = read(path, shipped, chunk=2)
    assert rows["line"].tolist() == [2, 3, 4, 5, 6]
    assert told == [f"{i + 7}: sku: repeats line {i + 2} (got 'A{i}'); one row a SKU"
                    for i in range(3)]  # fmt: skip


def test_a_file_of_two_gigabytes_is_refused_before_it_is_read(tmp_path, shipped):
    path = tmp_path / "skus.csv"
    with path.open("wb") as file:
        file.write(HEADER.encode())
        os.truncate(path, 2_000_000_000)  # sparse: takes no room
    with pytest.raises(DataError, match=r"is 2,000 MB, above the limit of 1,000 MB"):
        read(path, shipped)


def test_no_day_is_told_once(sku_file, shipped):
    with pytest.raises(DataError, match="entered_on: column is missing; add it, or give --on"):
        read(sku_file(GOOD), shipped, on=None)


def test_a_day_outside_the_schedule_is_told(sku_file, shipped):
    path = sku_file(GOOD + ",2024-05-01", "B" + GOOD + ",1 May", header=HEADER + ",entered_on")
    _, found = read(path, shipped)
    assert found[0].startswith("2: entered_on: is outside the schedule, 2025-01-01 up to")
    assert found[1].startswith("3: entered_on: is not a date (got '1 May')")
