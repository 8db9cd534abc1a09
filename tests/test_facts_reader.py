"""One table from bytes to records: every fault with its file, line, column, value and remedy."""

import csv
import io
import os
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffimpact.errors import DataError, ModelError
from tariffimpact.facts import (
    PriceChange,
    Source,
    Status,
    copy_shipped_data,
    read_facts,
    shipped_folder,
)
from tariffimpact.facts.reader import KINDS, OPTIONAL
from tariffimpact.facts.tables import MAX_BYTES, read_table
from tariffimpact.interval import Interval
from tariffimpact.tariffs import shipped_schedule

COLUMNS = (
    "price_id,company,product,hts,market,old_price,new_price,currency,announced_on,effective_on,"
    "cause,rounding,source_id,locator,quote,notes"
)
CELLS = {
    "price_id": "p1",
    "company": "Acme",
    "product": "Phone",
    "hts": "",
    "market": "USA",
    "old_price": "100",
    "new_price": "110",
    "currency": "USD",
    "announced_on": "2025-08-20",
    "effective_on": "2025-08-21",
    "cause": "tariff",
    "rounding": "",
    "source_id": "s1",
    "locator": "paragraph 1",
    "quote": "up 10 dollars",
    "notes": "",
}
QUOTES = 'put a cell that holds a comma, a quote or a line break in "double quotes"'
NUMBER = "write 549.99, without currency sign or thousands comma"
FINITE = "give a number, or leave an optional cell blank"
SIGN = "give the amount itself, without a sign"
ZEROS = "check the unit and the number of zeros"
HTS = "write 4, 6, 8 or 10 digits, as text so that no zero is lost"


def row(**changed):
    """Return a line of the price table, quoted as a spreadsheet would."""
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow({**CELLS, **changed}.values())
    return line.getvalue()


def table(*rows, header=COLUMNS):
    return "".join([f"{header}\n", *(rows or [row()])])


@pytest.fixture
def read(tmp_path):
    """Return a function from content to the rows read and the faults, less the folder's name."""
    path = tmp_path / "prices.csv"

    def reader(content):
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        found = read_table(path, PriceChange)
        return found.rows, [str(fault).replace(str(path), "prices.csv") for fault in found.faults]

    return reader


def test_a_row_becomes_a_frozen_record(read):
    (found,), faults = read(table())
    record = found.record
    assert (found.line, faults) == (2, [])
    assert record.new_price == 110
    assert record.effective_on == date(2025, 8, 21)
    assert record.hts is None
    with pytest.raises(ValueError, match="frozen"):
        record.new_price = 120


@pytest.mark.parametrize(
    ("column", "cell", "text"),
    [
        ("old_price", "-1", f"must be above 0 (got '-1'); {SIGN}"),
        ("old_price", "0", f"must be above 0 (got '0'); {SIGN}"),
        ("old_price", "nan", f"is not a finite number (got 'nan'); {FINITE}"),
        ("old_price", "NaN", f"is not a finite number (got 'NaN'); {FINITE}"),
        ("old_price", "inf", f"is not a finite number (got 'inf'); {FINITE}"),
        ("old_price", "-Infinity", f"is not a finite number (got '-Infinity'); {FINITE}"),
        ("old_price", "1e308", f"must be below 1,000,000,000 (got '1e308'); {ZEROS}"),
        ("old_price", "1e400", f"is not a finite number (got '1e400'); {FINITE}"),
        ("old_price", "1,000", f"is not a number (got '1,000'); {NUMBER}"),
        ("old_price", "1_000", f"is not a number (got '1_000'); {NUMBER}"),
        ("old_price", "549,99", f"is not a number (got '549,99'); {NUMBER}"),
        ("old_price", "$549.99", f"is not a number (got '$549.99'); {NUMBER}"),
        ("old_price", "５", f"is not a number (got '５'); {NUMBER}"),
        ("old_price", "0x10", f"is not a number (got '0x10'); {NUMBER}"),
        ("old_price", "500..550", f"is not a number (got '500..550'); {NUMBER}"),
        ("old_price", "", "is blank; fill it in; this column may not be empty"),
        ("old_price", "  ", "is blank; fill it in; this column may not be empty"),
        ("currency", "", "is blank; fill it in; this column may not be empty"),
        ("company", "", "is blank; fill it in; this column may not be empty"),
        ("quote", " ", "is blank; fill it in; this column may not be empty"),
        ("rounding", "-0.01", f"must not be below 0 (got '-0.01'); {SIGN}"),
        ("rounding", "inf", f"is not a finite number (got 'inf'); {FINITE}"),
        ("effective_on", "April", "is not a date (got 'April'); write it as 2025-04-02"),
        ("effective_on", "2025-02-30", "is not a date (got '2025-02-30'); write it as 2025-04-02"),
        ("effective_on", "21/08/2025", "is not a date (got '21/08/2025'); write it as 2025-04-02"),
        ("effective_on", "2025-8-2", "is not a date (got '2025-8-2'); write it as 2025-04-02"),
        ("effective_on", "20250821", "is not a date (got '20250821'); write it as 2025-04-02"),
        # the number of a day in a spreadsheet, and seconds since 1970: no date, and not 1970
        ("effective_on", "45890", "is not a date (got '45890'); write it as 2025-04-02"),
        ("effective_on", "0", "is not a date (got '0'); write it as 2025-04-02"),
        ("effective_on", "1735689600", "is not a date (got '1735689600'); write it as 2025-04-02"),
        (
            "effective_on",
            "2025-08-21T00:00:00",
            "is not a date (got '2025-08-21T00:00:00'); write it as 2025-04-02",
        ),
        ("hts", "123", f"not an HTS code (got '123'); {HTS}"),
        ("hts", "950450000", f"not an HTS code (got '950450000'); {HTS}"),
        ("hts", "9.5045E+09", f"not an HTS code (got '9.5045E+09'); {HTS}"),
        (
            "cause",
            "tarif",
            "is not one of the known values (got 'tarif'); "
            "write one of: 'tariff', 'economy', 'other' or 'unstated'",
        ),
        (
            "price_id",
            "P 1",
            "is not a valid key (got 'P 1'); "
            "use lower-case letters, digits, dots and hyphens (a group is @ and capitals)",
        ),
        (
            "currency",
            "usd",
            "not an ISO 4217 currency code (got 'usd'); did you mean USD?",
        ),
        (
            "market",
            "CHIN",
            "not an ISO 3166-1 alpha-3 country code (got 'CHIN'); did you mean CHN?",
        ),
        (
            "market",
            "Japan",
            "not an ISO 3166-1 alpha-3 country code (got 'Japan'); the three letters of JAPAN are "
            "JPN",
        ),
    ],
)
def test_a_faulty_cell_is_blamed_where_it_stands(read, column, cell, text):
    rows, faults = read(table(row(price_id="p0"), row(**{column: cell}), row(price_id="p9")))
    assert faults == [f"prices.csv:3: {column}: {text}"]
    assert [r.record.price_id for r in rows] == ["p0", "p9"]


@pytest.mark.parametrize("code", ["XXX", "XTS", "DEM", "US$", "ＵＳＤ"])
def test_no_currency_is_not_a_currency(read, code):
    _, (fault,) = read(table(row(currency=code)))
    assert fault.startswith(
        f"prices.csv:2: currency: not an ISO 4217 currency code (got '{code}'); "
    )


def test_all_faults_of_all_rows_come_at_once(read):
    _, faults = read(table(row(old_price="-1", new_price="", market="US"), row(hts="1")))
    places = [fault.split(": ")[:2] for fault in faults]
    assert places == [
        ["prices.csv:2", "market"],
        ["prices.csv:2", "old_price"],
        ["prices.csv:2", "new_price"],
        ["prices.csv:3", "hts"],
    ]


@pytest.mark.parametrize("cell", ["{x}", "{0}", "{}", "%s", "${HOME}", "a; b", "; ", "\\x1b[31m"])
def test_a_cell_that_looks_like_a_template_is_only_shown(read, cell):
    for column in ("currency", "old_price", "cause", "effective_on", "market", "hts"):
        _, (fault,) = read(table(row(**{column: cell})))
        assert f"(got '{cell.strip()}')" in fault


def test_nothing_a_terminal_acts_on_is_echoed_and_a_long_cell_is_cut(read):
    _, (fault,) = read(table(row(market="\x1b[31m" + "X" * 500)))
    assert fault.isprintable()
    assert "(got '\\x1b[31mXXX" in fault
    assert len(fault) < 200


# the file as a whole


@pytest.mark.parametrize(
    "content",
    [
        table().replace("\n", "\r\n"),
        table().replace("\n", "\r"),
        b"\xef\xbb\xbf" + table().encode(),
        table().rstrip("\n"),
        "\n  \n" + table(),
        COLUMNS.replace("old_price", " old_price ") + "\n" + row(),
        table(row(company=" Acme ")),
    ],
    ids=["CRLF", "bare CR", "BOM", "no last LF", "blank first", "padded header", "padded cell"],
)
def test_what_spreadsheets_do_to_a_file_is_read(read, content):
    rows, faults = read(content)
    assert faults == []
    assert [r.record for r in rows] == [PriceChange(**{k: v for k, v in CELLS.items() if v})]


def test_columns_may_stand_in_any_order_and_optional_ones_be_absent(read):
    names = [name for name in reversed(COLUMNS.split(",")) if name not in ("notes", "hts")]
    rows, faults = read(",".join(names) + "\n" + ",".join(CELLS[name] for name in names) + "\n")
    assert faults == []
    assert rows[0].record == PriceChange(**{k: v for k, v in CELLS.items() if v})


def test_lines_are_counted_as_an_editor_counts_them(read):
    content = table(row(quote="two\nlines"), row(price_id="p2"), ",,,\n", "\n", row(old_price="-1"))
    rows, (fault,) = read(content)
    assert [r.line for r in rows] == [2, 4]
    assert rows[0].record.quote == "two\nlines"
    assert fault == f"prices.csv:7: old_price: must be above 0 (got '-1'); {SIGN}"


def test_lines_are_counted_with_crlf_too(read):
    content = table(row(quote="two\nlines"), row(old_price="-1")).replace("\n", "\r\n")
    _, (fault,) = read(content)
    assert fault.startswith("prices.csv:4: old_price: ")


def test_a_row_with_the_wrong_number_of_cells(read):
    long, short = row().replace("dollars", "dollars, or so"), "p9,Acme\n"
    _, faults = read(table(long, short))
    assert faults == [
        f"prices.csv:2: has 17 cells where the header has 16; {QUOTES}",
        f"prices.csv:3: has 2 cells where the header has 16; {QUOTES}",
    ]


@pytest.mark.parametrize(
    "quote", ['"no end', '"ends" early'], ids=["quote left open", "text after a quote"]
)
def test_a_broken_quote_is_blamed_on_its_row(read, quote):
    _, (fault,) = read(table(row(price_id="p0"), row().replace("up 10 dollars", quote)))
    assert fault.startswith("prices.csv:3: begins a row that is not readable as CSV: ")
    assert fault.endswith(QUOTES)


def test_a_column_that_is_missing(read):
    rows, faults = read(table(header=COLUMNS.replace("currency", "zzzzz")))
    assert rows == ()
    known = faults[0].partition("; add it; ")[2]
    assert faults == [
        f"prices.csv:1: currency: column is missing; add it; {known}",
        f"prices.csv:1: column is unknown (got 'zzzzz'); remove it; {known}",
    ]
    listed = known.removeprefix("the columns are ").split(", ")
    assert sorted(listed) == sorted([*COLUMNS.split(","), "verification"])


def test_a_column_that_is_misspelt_names_the_nearest(read):
    _, faults = read(table(header=COLUMNS.replace("new_price", "newprice")))
    assert len(faults) == 2
    assert faults[1] == "prices.csv:1: column is unknown (got 'newprice'); did you mean new_price?"


def test_a_column_that_stands_twice(read):
    _, faults = read(table(header=COLUMNS.replace("notes", "quote")))
    assert faults == ["prices.csv:1: quote: column stands twice; keep one of them"]


def test_a_header_that_stands_twice_is_a_faulty_row(read):
    rows, faults = read(table(f"{COLUMNS}\n", row()))
    assert len(rows) == 1
    assert {fault.split(": ")[0] for fault in faults} == {"prices.csv:2"}
    assert "prices.csv:2: new_price: is not a number (got 'new_price'); " + NUMBER in faults


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_separator_is_named_once(read, mark, name):
    _, faults = read(table().replace(",", mark))
    assert faults == [f"prices.csv:1: is separated by {name}; save it as CSV with commas"]


@pytest.mark.parametrize("content", ["", "\n\n", "   \n", "\ufeff", ",,,\n"])
def test_an_empty_file(read, content):
    assert read(content) == ((), ["prices.csv: is empty; it needs a header row"])


def test_a_header_alone_is_an_empty_table(read):
    assert read(f"{COLUMNS}\n") == ((), [])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_in_utf16(read, encoding):
    rows, faults = read(table().encode(encoding))
    assert rows == ()
    assert faults == [
        "prices.csv: is not UTF-8 text (it looks like UTF-16); save it as CSV UTF-8",
    ]


def test_a_file_in_latin_1_names_the_line_and_the_byte(read):
    content = table(row(), row(company="Estée Lauder")).encode("latin-1")
    assert read(content) == (
        (),
        ["prices.csv:3: is not UTF-8 text (got '0xe9'); save it as CSV UTF-8"],
    )


def test_a_file_of_50_mb_is_refused_unread(tmp_path):
    path = tmp_path / "prices.csv"
    path.touch()
    os.truncate(path, 50_000_000)  # sparse: takes no room
    (fault,) = read_table(path, PriceChange).faults
    assert str(fault) == (
        f"{path}: is 50 MB, above the limit of 20 MB; "
        "a table of facts is small; check that this is the right file"
    )
    os.truncate(path, MAX_BYTES)
    assert "above the limit" not in str(read_table(path, PriceChange).faults[0])


def test_a_cell_of_a_megabyte_is_a_fault(read):
    before = csv.field_size_limit(131_072)  # Python's own: a library may have raised it
    try:
        rows, (fault,) = read(table(row(quote="w" * 1_000_000)))
    finally:
        csv.field_size_limit(before)
    assert rows == ()
    assert fault.startswith("prices.csv:2: begins a row that is not readable as CSV: ")
    assert len(fault) < 200


def test_a_file_that_is_not_there(tmp_path):
    (fault,) = read_table(tmp_path / "prices.csv", PriceChange).faults
    assert str(fault) == (
        f"{tmp_path}/prices.csv: is not there; check its name and "
        "folder; a table without rows still has its header"
    )


def test_a_folder_in_the_place_of_a_file(tmp_path):
    (tmp_path / "prices.csv").mkdir()
    (fault,) = read_table(tmp_path / "prices.csv", PriceChange).faults
    assert str(fault) == (
        f"{tmp_path}/prices.csv: cannot be read: Is a directory; check the path and permissions"
    )


# whatever the bytes, a fault and nothing else

CELL = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            "1",
            "-1",
            "1e308",
            "nan",
            "2025-01-01",
            "USD",
            "USA",
            "p1",
            "0",
            "..",
            "{}",
            '"',
            "\r",
        ]
    ),
)


@st.composite
def price_tables(draw):
    """Return a table with the right header and rows of good, odd and missing cells."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=draw(st.sampled_from(["\n", "\r\n", "\r"])))
    writer.writerow(COLUMNS.split(","))
    for changed in draw(
        st.lists(st.dictionaries(st.sampled_from(list(CELLS)), CELL, max_size=4), max_size=4)
    ):
        cells = list({**CELLS, **changed}.values())
        writer.writerow(cells[: draw(st.sampled_from([16, 16, 16, 15, 0]))])
    return text.getvalue().encode()


@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
        st.binary(max_size=60).map(lambda tail: table().encode() + tail),
        price_tables(),
    )
)
def test_whatever_the_bytes_nothing_but_faults_comes_of_it(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    found = read_table(path, PriceChange)
    assert all(str(fault).startswith(str(path)) and fault.remedy for fault in found.faults)
    assert all(str(fault).isprintable() for fault in found.faults)
    assert all(r.record.old_price > 0 for r in found.rows)


@pytest.mark.parametrize("name", KINDS)
@given(tail=st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode)))
def test_whatever_ends_a_table_nothing_but_a_data_error_is_raised(tmp_path_factory, name, tail):
    path = tmp_path_factory.getbasetemp() / f"{name}.csv"
    lines = (shipped_folder("data") / f"{name}.csv").read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + tail)
    found = read_table(path, KINDS[name])
    assert all(str(fault).startswith(str(path)) for fault in found.faults)


# amounts, spans and windows


def exposure(data, **cells):
    line = data.edit("exposures", "gm-2025-05", **cells)
    try:
        read = read_facts(data.folder)
    except DataError as error:
        here = f"{data.path('exposures')}:{line}: "
        return [str(fault).removeprefix(here) for fault in error.faults]
    return next(e for e in read.exposures if e.exposure_id == "gm-2025-05").amount


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("70", Interval(70, 70)),
        ("20..90", Interval(20, 90)),
        ("200..", Interval(200, float("inf"))),
        ("..100", Interval(0, 100)),
        ("7e10", Interval(7e10, 7e10)),
        ("0", Interval(0, 0)),
    ],
)
def test_an_amount_is_a_number_or_a_range(data, cell, amount):
    assert exposure(data, amount=cell) == amount


SPAN = "write 0.6 or 0.5..0.7"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("nan", f"is neither a number nor an interval (got 'nan'); {SPAN}"),
        ("inf", f"is neither a number nor an interval (got 'inf'); {SPAN}"),
        ("..", f"is neither a number nor an interval (got '..'); {SPAN}"),
        ("1,000", f"is neither a number nor an interval (got '1,000'); {SPAN}"),
        ("about 5", f"is neither a number nor an interval (got 'about 5'); {SPAN}"),
        ("1...2", f"is neither a number nor an interval (got '1...2'); {SPAN}"),
        ("1e308", f"must be below 1,000,000,000,000,000,000 (got '1e308'); {ZEROS}"),
        (
            "90..20",
            "the interval 90..20 is upside down (got '90..20'); write the lower end first",
        ),
        (
            "-5",
            "must not be negative (got '-5'); write ..100 only where a negative value is possible",
        ),
    ],
)
def test_what_is_no_amount(data, cell, text):
    assert exposure(data, amount=cell) == [f"amount: {text}"]


def test_a_window_that_runs_backwards(data):
    faults = exposure(data, starts_on="2026-04-01", ends_on="2026-04-01")
    assert faults == [
        "starts_on, ends_on: ends_on is not after starts_on (got '2026-04-01, 2026-04-01'); "
        "ends_on is the first day no longer inside"
    ]


@pytest.mark.parametrize(
    ("table_name", "key", "column"),
    [
        ("statements", "pg-price-2025-07", "share_of_range"),
        ("origins", "consoles-2024-chn", "share"),
        ("products", "76129010", "metal_content"),
    ],
)
def test_a_share_is_a_fraction(data, table_name, key, column):
    line = data.edit(table_name, key, **{column: "25"})
    with pytest.raises(DataError) as caught:
        read_facts(data.folder)
    assert str(caught.value) == (
        f"{data.path(table_name)}:{line}: {column}: is a share and lies in 0 to 1 (got '25'); "
        "write 0.6 for 60%"
    )


def test_a_rate_in_percent_is_refused(data):
    line = data.edit("tariffs", "ieepa-reciprocal-jpn-25-letter", ad_valorem="57")
    with pytest.raises(DataError) as caught:
        read_facts(data.folder)
    assert str(caught.value) == (
        f"{data.path('tariffs')}:{line}: ad_valorem: is above 1000% (got '57'); "
        "a rate is a fraction, so write 0.25 for 25%"
    )


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "example.org", "//x"])
def test_a_source_links_to_the_web_and_nowhere_else(data, url):
    line = data.edit("sources", "afp-2025-08-21", url=url)
    with pytest.raises(DataError) as caught:
        read_facts(data.folder)
    assert str(caught.value) == (
        f"{data.path('sources')}:{line}: url: is not a web address (got '{url}'); "
        "write it in full, as https://example.org/page"
    )


def test_a_source_read_before_it_was_published(data):
    line = data.edit("sources", "afp-2025-08-21", accessed_on="2025-08-20")
    with pytest.raises(DataError) as caught:
        read_facts(data.folder)
    assert str(caught.value) == (
        f"{data.path('sources')}:{line}: published_on, accessed_on: accessed_on is before "
        "published_on (got '2025-08-21, 2025-08-20'); check both dates"
    )


# what the tables together say


def test_the_folder_that_is_not_there(tmp_path):
    with pytest.raises(DataError) as caught:
        read_facts(tmp_path / "none")
    assert str(caught.value) == (
        f"{tmp_path}/none: is not a folder; name a folder that holds prices.csv and the rest"
    )


def test_an_empty_folder_misses_every_table(tmp_path):
    with pytest.raises(DataError) as caught:
        read_facts(tmp_path)
    assert [fault.where for fault in caught.value.faults] == [
        str(tmp_path / f"{name}.csv") for name in KINDS if name not in OPTIONAL
    ]


@pytest.mark.parametrize("name", ["sources", "country_groups"])
def test_an_unreadable_table_is_one_fault_not_one_for_each_row_that_cites_it(data, name):
    data.path(name).unlink()
    with pytest.raises(DataError) as caught:
        read_facts(data.folder)
    assert len(caught.value.faults) == 1


def test_a_faulty_source_is_one_fault_not_one_for_each_row_that_cites_it(data):
    data.edit("sources", "afp-2025-08-21", published_on="never")
    with pytest.raises(DataError) as caught:
        read_facts(data.folder)
    assert len(caught.value.faults) == 1


def test_the_shipped_copy_reads_as_the_original_and_overwrites_nothing(tmp_path, facts):
    folder = tmp_path / "mine"
    written = copy_shipped_data(folder)
    assert {path.name for path in written} >= {"README.md", *(f"{name}.csv" for name in KINDS)}
    assert read_facts(folder) == facts
    (folder / "prices.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match="already holds something; name a new folder"):
        copy_shipped_data(folder)
    assert (folder / "prices.csv").read_text(encoding="utf-8") == "mine"


def test_what_was_known_on_a_day(facts):
    day = date(2025, 8, 21)
    known = facts.as_of(day)
    published = {source.source_id: source.published_on for source in facts.sources}
    for name in ("prices", "exposures", "statements", "financials", "origins", "conflicts"):
        before, after = getattr(facts, name), getattr(known, name)
        assert after == tuple(row for row in before if published[row.source_id] <= day)
        assert name == "origins" or len(after) < len(before)
    assert [t.component_id for t in known.tariffs] == [t.component_id for t in facts.tariffs]
    with pytest.raises(ModelError, match=r"no fact had been published by 1999-12-31; the first is"):
        facts.as_of(date(1999, 12, 31))


def test_what_was_held_void_was_in_force_until_it_was_held_so(data):
    """In the law and in a user's own rows, each by its own day."""
    data.repeat(
        "tariffs", "ieepa-reciprocal-jpn-24-suspended", component_id="mine", authority="Own duty",
        displaced_by="", status="void", legal_ends_on="2025-07-01",
    )  # fmt: skip
    own = read_facts(data.folder)
    for day, law, mine in (
        ("2025-06-30", Status.IN_FORCE, Status.IN_FORCE),
        ("2025-07-01", Status.IN_FORCE, Status.VOID),
        ("2026-02-19", Status.IN_FORCE, Status.VOID),
        ("2026-02-20", Status.VOID, Status.VOID),
    ):
        asked = shipped_schedule(own, known_on=date.fromisoformat(day))
        counted = asked.rate("9504500000", "JPN", date(2025, 6, 8)).counted
        told = {part.authority: part.status for part in counted}
        assert (told["IEEPA reciprocal"], told["Own duty"]) == (law, mine), day
        assert told["MFN"] is Status.IN_FORCE


def test_companies_are_found_in_any_case_and_an_unknown_one_names_the_known(facts):
    sony = facts.of_companies(("sOnY",))
    assert sony.companies == ("Sony",)
    assert {row.company for row in sony.financials} == {"Sony"}
    lauder = facts.of_companies(("ESTÉE LAUDER", "sony"))
    assert set(lauder.companies) == {"Sony", "Estée Lauder"}
    with pytest.raises(ModelError, match=r"no facts about 'Soni'; did you mean Sony\?"):
        facts.of_companies(("Soni",))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("estee lauder", "Estée Lauder"),
        ("procter and gamble", "Procter & Gamble"),
        ("general motors", "General Motors"),
        ("monster", "Monster Beverage"),
        ("HERMES", "Hermès"),
    ],
)
def test_a_company_is_known_by_its_name_without_accents_or_signs(facts, text, name):
    if name in facts.companies:
        assert facts.company_named(text) == name


def test_a_name_that_begins_several_is_asked_back(facts):
    names = ("General Mills", "General Motors")
    rows = [facts.statements[0].model_copy(update={"company": name}) for name in names]
    both = replace(facts, statements=(*facts.statements, *rows))
    with pytest.raises(ModelError, match=r"begins several names; write one of General M"):
        both.company_named("general")


def test_an_industry_names_its_companies(facts):
    found = facts.in_industry("consumer staples")
    assert {"PepsiCo", "Monster Beverage"} <= set(found)
    assert "Sony" not in found
    with pytest.raises(ModelError, match=r"no company of the industry 'toys'; the industries are"):
        facts.in_industry("toys")


def test_a_source_is_found_by_its_id_or_the_ids_are_listed(facts):
    assert isinstance(facts.source("afp-2025-08-21"), Source)
    with pytest.raises(ModelError, match=r"no source_id 'x'; there are .*afp-2025-08-21"):
        facts.source("x")
    with pytest.raises(ModelError, match=r"no assumption_id 'x'; there are customs-share"):
        facts.assumption("x")
