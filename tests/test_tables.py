"""A user's file as a table: any CSV or sheet, one style a column, every fault told."""

import gzip
import zipfile
from datetime import date, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from tariffimpact.errors import DataError
from tariffimpact.facts.fields import (
    DayOrder,
    NumberStyle,
    day,
    day_readings,
    number,
    number_evidence,
    share,
)
from tariffimpact.facts.partners import CENSUS_CODES, is_group, read_country
from tariffimpact.facts.user_tables import Columns, open_table, read_cells

COLUMNS = Columns(
    ("sku", "hts", "value"),
    ("entered_on",),
    {"value": ("Customs Value ($US)",)},
    numbers=frozenset({"value"}),
    days=frozenset({"entered_on"}),
)
PACKED = partial(gzip.compress, mtime=0)  # the same bytes in every process
HEAD = "sku,hts,value,entered_on\n"


@pytest.fixture
def read(tmp_path):
    """Return a reader of bytes: the columns, faults and styles of all chunks."""

    def reader(raw, name="a.csv", size=2, **given):
        path = tmp_path / name
        path.write_bytes(raw if isinstance(raw, bytes) else raw.encode("utf-8"))
        table = open_table(path, COLUMNS, **given)
        chunks = list(table.chunks(size))
        columns = {n: [t for c in chunks for t in c.columns[n]] for n in chunks[0].columns}
        faults = [str(f).replace(f"{tmp_path}/", "") for c in chunks for f in c.faults]
        return columns, faults, chunks[-1].styles, table

    return reader


@pytest.fixture
def refused(read, tmp_path):
    def said(raw, name="a.csv", **given):
        with pytest.raises(DataError) as caught:
            read(raw, name, **given)
        return [str(fault).replace(f"{tmp_path}/", "") for fault in caught.value.faults]

    return said


# what a cell says


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234.56", 1234.56), ("$1,234.56", 1234.56), ("US$ 1,234", 1234), ("1 234 567", 1234567),
        ("680m", 680e6), ("6bn", 6e9), ("$6.5 million", 6.5e6), ("2k", 2000), ("(12.50)", -12.5),
        ("-5", -5), ("-$5", -5), ("$-5", -5), ("5.00-", -5), ("1.00E+11", 1e11), (".5", 0.5),
        ("1'234.5", 1234.5), ("1,234 USD", 1234), ("\N{MINUS SIGN}7", -7), ("+7", 7),
    ],
)  # fmt: skip
def test_an_amount_as_people_write_it(text, value):
    assert number(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("5%", "is a percentage"), ("€5", "is not in US dollars"), ("5 EUR", "not in US dollars"),
        ("1,23", "has a decimal comma"), ("1,2345", "has a decimal comma"), ("--5", "two signs"),
        ("(-5)", "two signs"), ("1e999", "not a finite number"), ("nan", "is not a number"),
        ("12_50", "is not a number"), ("1.2.3", "is not a number"), ("1 23", "is not a number"),
        ("5 apples", "is not a number"), ("m5", "is not a number"), ("(5", "is not a number"),
        ("", "is not a number"), ("５", "is not a number"), ("$", "is not a number"),
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        number(text)


@given(st.decimals("0", "1e9", places=2), st.sampled_from(["", "$", "USD "]))
def test_a_number_is_read_back_in_both_styles(amount, sign):
    english = f"{sign}{amount:,.2f}"
    continental = english.replace(",", "x").replace(".", ",").replace("x", ".")
    assert number(english) == float(amount)
    assert number(continental, NumberStyle.COMMA) == float(amount)
    assert number_evidence(english) in (NumberStyle.POINT, None)
    assert number_evidence(continental) in (NumberStyle.COMMA, None)


def test_a_share_above_one_needs_its_sign():
    assert (share("25%"), share("0.25"), share("1")) == (0.25, 0.25, 1)
    with pytest.raises(ValueError, match=r"is above 1 without %; write 25% or 0\.25"):
        share("25")


@given(st.dates(date(2000, 1, 1), date(2068, 12, 31)))
def test_a_day_is_read_back_however_it_is_written(on):
    both = [f"{on:%Y-%m-%d}", f"{on:%Y%m%d}", f"{on:%d %b %Y}", f"{on:%B} {on.day}, {on.year}",
            f"{on}T00:00:00"]  # fmt: skip
    for order in DayOrder:
        assert [day(text, order) for text in both] == [on] * len(both)
    assert day(f"{on.month}/{on.day}/{on.year}", DayOrder.MONTH_FIRST) == on
    assert day(f"{on:%d.%m.%Y}", DayOrder.DAY_FIRST) == on
    readings = day_readings(f"{on.month}/{on.day}/{on:%y}")
    assert readings[DayOrder.MONTH_FIRST] == on
    assert (len(readings) == 1) == (on.day > 12)


def test_a_spreadsheets_number_of_a_day_is_told_as_the_day():
    """Day 45890 of a spreadsheet is 21 August 2025."""
    with pytest.raises(ValueError, match="write 2025-08-21, if it is"):
        day("45890", DayOrder.MONTH_FIRST)
    for text in ("1 May", "2025-13-01", "31/31/2025", "0", "2025", "soon"):
        with pytest.raises(ValueError, match="is not a date"):
            day(text, DayOrder.MONTH_FIRST)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("CHN", "CHN"), ("cn", "CHN"), ("China", "CHN"), ("5700", "CHN"), ("Korea, South", "KOR"),
        ("South Korea", "KOR"), ("Korea, Republic of", "KOR"), ("Vietnam", "VNM"), ("UK", "GBR"),
        ("Viet Nam", "VNM"), ("United Kingdom", "GBR"), ("Taiwan", "TWN"), ("Hong Kong", "HKG"),
        ("Russia", "RUS"), ("Turkey", "TUR"), ("Côte d'Ivoire", "CIV"), ("Czechia", "CZE"),
        ("Burma (Myanmar)", "MMR"), ("Germany (Federal Republic of Germany)", "DEU"),
        ("Denmark, except Greenland", "DNK"), ("the Netherlands", "NLD"), ("1220", "CAN"),
        ("Moldova (Republic of Moldova)", "MDA"), ("North Korea", "PRK"),
        ("Tanzania (United Republic of Tanzania)", "TZA"), ("Laos", "LAO"), ("KOREA, NORTH", "PRK"),
        ("Congo (Brazzaville)", "COG"), ("Congo (Kinshasa)", "COD"),
    ],
)  # fmt: skip
def test_a_country_by_any_name(text, code):
    assert read_country(text) == code


@pytest.mark.parametrize("text", ["EU", "European Union", "0003", "Atlantis", "99", "", "C"])
def test_what_is_no_country_is_refused(text):
    with pytest.raises(ValueError, match=r"is (not a|a group of|no) countr"):
        read_country(text)


def test_every_code_of_the_census_is_a_country():
    import pycountry

    known = {c.alpha_3 for c in pycountry.countries}
    assert set(CENSUS_CODES.values()) <= known
    assert len(CENSUS_CODES) == 239
    assert [is_group(code) for code in ("0022", "-", "5XXX", "5880")] == [True, True, True, False]


# the file


def test_the_rows_of_any_form_of_the_same_table_are_the_same(read, tmp_path):
    text = HEAD + "a,0406905600,1.5,2025-08-21\né,9504500000,2,2025-08-22\n"
    plain = read(text)[0]
    book = Workbook()
    book.active.append(["Imports of a year"])
    book.active.append([])
    for row in (HEAD.strip().split(","), ["a", "0406905600", 1.5, date(2025, 8, 21)],
                ["é", 9504500000, 2, date(2025, 8, 22)]):  # fmt: skip
        book.active.append(row)
    book.save(tmp_path / "b.xlsx")
    raw = text.encode()
    assert read(gzip.compress(raw), "b.csv.gz")[0] == plain
    assert read(text.encode("utf-16"))[0] == plain
    assert read(b"\xef\xbb\xbf" + raw)[0] == plain
    assert read(raw.replace(b"\n", b"\r\n"))[0] == plain
    assert read(raw.replace(b",", b";"))[0] == plain
    assert read(raw.replace(b",", b"\t"))[0] == plain
    assert read(b"Imports of a year\n\n" + raw)[0] == plain
    assert read(text.encode("cp1252"), encoding="cp1252")[0] == plain
    assert read(text.encode("latin-1"), encoding="latin-1")[0] == plain
    assert read((tmp_path / "b.xlsx").read_bytes(), "c.xlsx")[0] == plain


def test_columns_by_other_names(read, refused):
    columns, _, _, table = read("SKU,I_COMMODITY,Customs Value ($US),colour\na,1,2,red\n",
                                rename={"hts": "i_commodity"})  # fmt: skip
    assert columns == {"sku": ["a"], "hts": ["1"], "value": ["2"]}
    assert table.extra == ("colour",)
    assert table.described() == (
        "Read a.csv (CSV in UTF-8): hts from I_COMMODITY, value from Customs Value ($US)."
    )
    assert refused("sku,HS Code,value\na,1,2\n") == [
        'a.csv:1: hts: column is missing; add it, or say which it is: --map "hts=HS Code"; '
        "the file has sku, HS Code, value"
    ]
    told = refused(HEAD + "a,1,2,\n", rename={"hts": "HTSUS", "sk": "sku"})
    assert told[0].startswith("a.csv:1: hts: no such column (got 'HTSUS'); did you mean hts?")
    assert told[1] == "--map: is no column of ours (got 'sk'); did you mean sku?"


def test_one_order_of_dates_is_decided_by_what_only_it_can_read(read, refused):
    rows = "a,1,2,4/8/2025\nb,1,2,4/9/2025\nc,1,2,\nd,1,2,{}\n"
    assert read(HEAD + rows.format("21/8/2025"))[2]["entered_on"] is DayOrder.DAY_FIRST
    assert read(HEAD + rows.format("8/21/2025"))[2]["entered_on"] is DayOrder.MONTH_FIRST
    assert refused(HEAD + rows.format("4/4/2025")) == [
        "a.csv:2: entered_on: is 2025-04-08 as month/day/year or 2025-08-04 as day/month/year, and "
        "no date of the column decides (got '4/8/2025'); write dates as 2025-05-01"
    ]
    assert refused(HEAD + "a,1,2,4/18/2025\nb,1,2,1/1/2025\n" + rows.format("21/8/2025")) == [
        "a.csv:7: entered_on: is written in two ways: month/day/year on line 2 ('4/18/2025'), "
        "day/month/year here (got '21/8/2025'); write all days of a column in one way"
    ]


def test_one_decimal_mark_is_decided_likewise(read, refused):
    head = "sku;hts;value\n"
    assert read(head + "a;1;1,234\nb;1;1,5\n")[2]["value"] is NumberStyle.COMMA
    assert read(head + "a;1;1,234\nb;1;\nc;1;1,234.5\n")[2]["value"] is NumberStyle.POINT
    assert refused(head + "a;1;1,234\nb;1;7\n") == [
        "a.csv:2: value: is 1234 or 1.234, and no number of the column decides (got '1,234'); "
        "write it with a point, without separators"
    ]
    assert refused(head + "a;1;1,5\nb;1;1.5\n")[0].startswith(
        "a.csv:3: value: is written in two ways: 1.234,5 on line 2 ('1,5'), 1,234.5 here"
    )
    assert read('sku,hts,value\na,1,"1,234"\n')[2]["value"] is NumberStyle.POINT


def test_rows_that_are_no_rows_are_left_out_and_told(read):
    columns, faults, _, _ = read(HEAD + "a,1,2,\nb,1\n\u202ec,1,2,\n,,,\nd,1,2,,,\ne,1,2,,x\n")
    assert columns["sku"] == ["a", "d"]
    assert faults == [
        "a.csv:3: has 2 cells where the header has 4 (got 'b,1'); give every column a cell, blank "
        "where there is nothing",
        "a.csv:4: sku: holds an invisible control character (got '\\u202ec'); delete it",
        "a.csv:7: has 5 cells where the header has 4 (got 'e,1,2,,x'); put a cell that holds a "
        'comma, a quote or a line break in "double quotes"',
    ]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "a.csv: is empty; it needs a header row"),
        (b" \n\n", "a.csv: is empty"),
        (b"PAR1xx", "a.csv: is a parquet file"),
        (b"\xd0\xcf\x11\xe0\xa1", "a.csv: is a workbook of the old kind (.xls); save it as .xlsx"),
        (b"<html><table>", "a.csv: is a web page or XML"),
        (HEAD.encode("utf-16-le"), "a.csv: looks like UTF-16 text without its mark"),
        (HEAD.encode("utf-32"), "a.csv: is UTF-32 text"),
        (HEAD.encode() + "é,1,2,".encode("latin-1"), "a.csv:2: is not UTF-8 text (got '0xe9'); "
         "save it as CSV UTF-8, or name its encoding: --encoding cp1252"),
        (HEAD.encode(), "a.csv: has no rows below its header"),
        (HEAD.encode() + b'"a,1,2,\n', "a.csv:2: begins a row that is not readable as CSV"),
        (PACKED(HEAD.encode())[:15], "a.csv: cannot be unpacked"),
        (PACKED(HEAD.encode() * 9000)[:-40], "a.csv:8193: cannot be read to its end"),
        (b"PK\x03\x04 and no more", "a.csv: cannot be read as a workbook"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_is_refused(raw, words, refused):
    assert refused(raw)[0].startswith(words)


def test_a_zip_and_a_named_encoding_of_something_else_are_refused(refused, tmp_path):
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as package:
        package.writestr("a.csv", HEAD)
    assert refused((tmp_path / "b.zip").read_bytes()) == [
        "a.csv: is a zip archive and no workbook; unpack it and name the file inside; a CSV may be "
        "gzipped (.csv.gz)"
    ]
    assert refused(HEAD.encode("utf-16"), encoding="cp1252")[0].startswith("a.csv: is UTF-16 text")
    assert "is no workbook" in refused(HEAD, sheet="x")[0]


def test_a_workbook_says_what_it_cannot_say(refused, read, tmp_path):
    book = Workbook()
    sheet = book.active
    sheet.title = "One"
    for row in (HEAD.strip().split(","), ["a", "1", "=1+1", None], ["b", "1", 2.5, None]):
        sheet.append(row)
    sheet["A5"] = "c"
    sheet.merge_cells("A5:A7")
    sheet["B3"].value, sheet["B3"].data_type = "#N/A", "e"
    book.save(tmp_path / "b.xlsx")
    assert refused((tmp_path / "b.xlsx").read_bytes(), "c.xlsx") == [
        "c.xlsx:5: has merged cells, A5:A7; unmerge them and fill in each row",
        "c.xlsx:2: cell C2 is a formula without its value; open the workbook in a spreadsheet "
        "program, let it calculate and save, or paste the values",
        "c.xlsx:3: cell B3 holds an error (got '#N/A'); mend the formula, or clear the cell",
    ]
    other = book.create_sheet("Two")
    for row in (HEAD.strip().split(","), ["a", True, 1, date(2025, 8, 21)]):
        other.append(row)
    book.save(tmp_path / "b.xlsx")
    raw = (tmp_path / "b.xlsx").read_bytes()
    assert refused(raw, "c.xlsx") == [
        'c.xlsx: has 2 sheets with cells: One, Two; name the one with the table: --sheet "One"'
    ]
    assert "has no sheet Three; name one of One, Two" in refused(raw, "c.xlsx", sheet="Three")[0]
    assert read(raw, "c.xlsx", sheet="two")[0]["hts"] == ["TRUE"]


def test_a_column_that_leaves_its_order_open_follows_the_others(tmp_path):
    both = Columns(("a", "b"), days=frozenset({"a", "b"}))
    path = tmp_path / "a.csv"
    path.write_text("a,b\n4/8/2025,21/8/2025\n")
    (chunk,) = open_table(path, both).chunks()
    assert set(chunk.styles.values()) == {DayOrder.DAY_FIRST}
    three = Columns(("a", "b", "c"), days=frozenset("abc"))
    path.write_text("a,b,c\n4/8/2025,21/8/2025,8/21/2025\n")
    with pytest.raises(DataError, match="no date of the column decides"):
        list(open_table(path, three).chunks())


def test_a_file_above_its_limit_is_refused_packed_or_not(refused):
    raw = HEAD.encode() + b"a,1,2,\n" * 40_000
    assert refused(raw, limit=1000)[0] == "a.csv: is 0 MB, above the limit of 0 MB; split it"
    assert "above the limit" in refused(gzip.compress(raw), "a.csv.gz", limit=100_000)[0]


def test_a_pipe_is_read_and_one_that_nobody_writes_to_is_given_up(tmp_path, monkeypatch):
    import os
    import threading

    monkeypatch.setattr("tariffimpact.facts.sheets._PATIENCE", 0.2)
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    with pytest.raises(DataError, match=r"is a pipe that nobody wrote to in 0\.2 seconds"):
        open_table(path, COLUMNS)
    monkeypatch.setattr("tariffimpact.facts.sheets._PATIENCE", 20)
    writer = threading.Thread(target=lambda: path.write_text(HEAD + "a,1,2,\n" * 50_000))
    writer.start()
    rows = sum(len(chunk.lines) for chunk in open_table(path, COLUMNS).chunks())
    writer.join()
    assert rows == 50_000


def test_every_wrong_cell_of_a_column_is_blamed(read, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(HEAD + "a,1,x,\nb,1,,\nc,1,$5,\nd,1,x,\n")
    blamed = []
    (chunk,) = open_table(path, COLUMNS).chunks()
    values = read_cells(chunk, "value", number, lambda *told: blamed.append(told), blank=-1.0)
    assert values == [-1.0, -1.0, 5.0, -1.0]
    assert [(place, text) for place, _, _, text in blamed] == [(0, "x"), (3, "x")]
    assert read_cells(chunk, "entered_on", number, blamed.append, blank=0.0) == [0.0] * 4


@given(st.lists(st.dates(date(2020, 1, 1), date(2030, 1, 1)), min_size=1, max_size=8),
       st.sampled_from(DayOrder))  # fmt: skip
def test_a_column_of_dates_is_read_back_or_refused(tmp_path_factory, days, order):
    """Whatever the dates: the order they were written in, or a refusal; never the other order."""
    form = "%m/%d/%Y" if order is DayOrder.MONTH_FIRST else "%d/%m/%Y"
    path = tmp_path_factory.mktemp("days") / "a.csv"
    path.write_text(HEAD + "".join(f"a,1,2,{on:{form}}\n" for on in days))
    try:
        chunks = list(open_table(path, COLUMNS).chunks(3))
    except DataError:
        assert all(on.day <= 12 for on in days)
        return
    read_days = [day(t, c.styles["entered_on"]) for c in chunks for t in c.columns["entered_on"]]
    assert read_days == days


def test_a_spreadsheet_that_rewrote_a_table_is_told_in_one_line(data):
    """The program's own tables: 8/21/2025, 1.00E+11, TRUE are what a spreadsheet writes."""
    from tariffimpact.facts.records import Exposure, PriceChange
    from tariffimpact.facts.tables import read_table

    path = data.path("prices")
    text = path.read_text(encoding="utf-8")
    on = date(2025, 1, 1)
    for offset in range(800):
        on_day = on + timedelta(days=offset)
        text = text.replace(f",{on_day},", f",{on_day.month}/{on_day.day}/{on_day.year},")
    path.write_text(text, encoding="utf-8")
    (fault,) = read_table(path, PriceChange).faults
    assert fault.what.startswith("was rewritten by a spreadsheet program: ")
    assert "/2025" in fault.what
    whole = data.path("exposures").read_text(encoding="utf-8")
    data.path("exposures").write_text(whole.replace(",680000000,", ",6.80E+08,"), encoding="utf-8")
    assert not [f for f in read_table(data.path("exposures"), Exposure).faults if "rewritten" in
                f.what]  # fmt: skip
