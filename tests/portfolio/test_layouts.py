"""Files of seven programs, by their own column names and with made-up values, read without help."""

import csv
import io
from datetime import date

import pandas as pd
import pytest
from openpyxl import Workbook

from portfolio.sku_rows import run
from tariffimpact.errors import DataError
from tariffimpact.portfolio import effective_tariff_rate, lines_as_parquet, open_skus
from tariffimpact.portfolio.goods import KnownGoods


def table(*rows, separator=","):
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\n").writerows(rows)
    return text.getvalue()


@pytest.fixture
def lines(tmp_path, shipped):
    """Return the lines of a file as a frame, and how it was read."""

    def read(content, name="lines.csv", **given):
        path, to = tmp_path / name, tmp_path / "lines.parquet"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        told = lines_as_parquet(path, to, KnownGoods.of(shipped), **given)
        return pd.read_parquet(to), told

    return read


CENSUS_API = table(
    ["I_COMMODITY", "I_COMMODITY_SDESC", "CTY_CODE", "CTY_NAME", "CON_VAL_MO", "CAL_DUT_MO",
     "time", "COMM_LVL"],
    ["9504500000", "VIDEO GAME CONSOLES", "5700", "CHINA", "800", "240", "2025-09", "HS10"],
    ["9504500000", "VIDEO GAME CONSOLES", "5520", "VIETNAM", "200", "40", "2025-09", "HS10"],
    ["9504500000", "VIDEO GAME CONSOLES", "0022", "OECD", "90", "9", "2025-09", "HS10"],
    ["9504500000", "VIDEO GAME CONSOLES", "-", "TOTAL FOR ALL COUNTRIES", "1000", "280",
     "2025-09", "HS10"],
)  # fmt: skip
USA_TRADE = "Imports\nSource: made up\n\n" + table(
    ["Commodity", "Country", "Time", "Customs Value (Cons) ($US)", "Calculated Duty ($US)"],
    ["9504500000 Video Game Consoles", "China", "September 2025", "800", "240"],
    ["9504500000 Video Game Consoles", "Vietnam", "September 2025", "200", "40"],
    ["9504500000 Video Game Consoles", "World Total", "September 2025", "1,000", "280"],
)  # fmt: skip
ACE = table(
    ["Entry Summary Number", "Entry Date", "Entry Summary Date", "Liquidation Date",
     "Liquidation Status", "Entry Summary Line Number", "Country of Origin Code", "Line SPI Code",
     "Tariff Ordinal Number", "HTS Number - Full", "Line Tariff Goods Value Amount",
     "Line Tariff Duty Amount"],
    ["XXX00000017", "09/21/2025", "10/01/2025", "", "", "001", "CN", "", "1", "9903.01.24", "0",
     "160.00"],
    ["XXX00000017", "09/21/2025", "10/01/2025", "", "", "001", "CN", "", "2", "9903.01.25", "0",
     "80.00"],
    ["XXX00000017", "09/21/2025", "10/01/2025", "", "", "001", "CN", "", "3", "9504.50.0000",
     "$800.00", "0"],
    ["XXX00000017", "09/21/2025", "10/01/2025", "", "", "002", "VN", "", "1", "9903.02.69",
     "200.00", "40.00"],
    ["XXX00000017", "09/21/2025", "10/01/2025", "", "", "002", "VN", "", "2", "9504.50.0000",
     "0", "0"],
)  # fmt: skip


def dataweb():
    book = Workbook()
    book.active.title = "Query Parameters"
    book.active.append(["Made up"])
    for name, china, vietnam in (("Customs Value", 800, 200), ("Calculated Duties", 240, 40)):
        sheet = book.create_sheet(name)
        sheet.append(["Data Type", "HTS Number", "Description", "Country", "Year", "Month", name])
        for country, value in (("China", china), ("Vietnam", vietnam)):
            sheet.append([name, "9504500000", "Consoles", country, 2025, 9, value])
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def dataweb_wide(header, rows, title="Customs Value", data_type="Customs Value", duties=None):
    """A workbook of DataWeb's with a column a period: its title, its count, then the header."""
    book = Workbook()
    book.active.title = "Query Parameters"
    book.active.append(["Made up"])
    for name, held in ((title, rows), ("Calculated Duties", duties)):
        if held is None:
            continue
        sheet = book.create_sheet(name)
        sheet.append([f"{name}|Monthly Data"])
        sheet.append(["Data Row Count", len(held)])
        sheet.append(["Data Type", "HTS Number", "Description", "Country", *header])
        for country, *values in held:
            told = data_type if name == title else name
            sheet.append([told, "9504500000", "Consoles", country, *values])
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


@pytest.mark.parametrize(
    "header",
    [
        ["August, 2025", "September, 2025"], ["August 2025", "Sep 2025"], ["2025-08", "2025-09"],
        ["August_2025", "September_2025"],
    ],
)  # fmt: skip
def test_a_column_a_month_is_read_as_lines_of_each(header, lines):
    content = dataweb_wide(
        header, [("China", 700, 800), ("Vietnam", 0, 200)],
        duties=[("China", 210, 240), ("Vietnam", 0, 40)],
    )  # fmt: skip
    frame, told = lines(content, "wide.xlsx")
    assert "It is laid out as DataWeb. Each column of a month or a year is read as lines" in told
    assert frame["origin"].tolist() == ["CHN", "VNM"] * 2
    assert frame["entered_on"].dt.month.tolist() == [8, 8, 9, 9]
    assert frame["customs_value"].tolist() == [700, 0, 800, 200]
    assert frame["duty"].tolist() == [210, 0, 240, 40]


def test_a_month_alone_is_of_the_year_of_its_row(lines):
    book = dataweb_wide(["Year", "August", "September"], [("China", 2025, 7, 8)])
    frame, _ = lines(book, "wide.xlsx")
    assert frame["entered_on"].dt.strftime("%Y-%m").tolist() == ["2025-08", "2025-09"]


def test_a_column_a_year_is_charged_by_the_law_of_the_day_given(lines, shipped, tmp_path):
    book = dataweb_wide(
        ["2023", "2024", "2024_Suppressed", "2025_Year_to_date"],
        [("China", 100, 800, 1, 50), ("Vietnam", "1,000", 200, 1, 60)], title="Query Results",
    )  # fmt: skip
    with pytest.raises(DataError) as caught:
        lines(book, "wide.xlsx")
    assert str(caught.value).endswith(
        "wide.xlsx:3: has a column a year (2023, 2024), and the law changes within a year; say the "
        "day whose law is charged, --on 2025-09-01, or download it by month"
    )
    frame, told = lines(book, "wide.xlsx", on=date(2025, 9, 1), extra=["year"])
    assert "a year is charged by the law of the day that is given" in told
    assert frame["year"].tolist() == ["2023", "2023", "2024", "2024"]
    assert frame["customs_value"].tolist() == [100, 1000, 800, 200]
    rates = effective_tariff_rate(tmp_path / "lines.parquet", shipped, by=["year"])
    assert rates.to_frame()["statutory_high"].tolist() == pytest.approx(
        [(100 * 0.3 + 1000 * 0.2) / 1100, (800 * 0.3 + 200 * 0.2) / 1000]
    )


@pytest.mark.parametrize(
    ("header", "values", "data_type", "words"),
    [
        (["2024", "January 2025"], (1, 2), "Customs Value",
         "has columns of months and of years (2024, January 2025), which would count twice; delete "
         "those of the years, or of the months"),
        (["August 2025"], (1,), "FAS Value",
         "wide.xlsx:4: Data Type: is neither a customs value nor a duty (got 'FAS Value'); leave "
         "out these rows"),
        (["August 2025"], ("",), "Customs Value", "wide.xlsx:4: August 2025: is blank"),
    ],
)  # fmt: skip
def test_what_a_wide_file_leaves_open_is_refused(header, values, data_type, words, lines):
    content = dataweb_wide(header, [("China", *values)], "Query Results", data_type)
    with pytest.raises(DataError) as caught:
        lines(content, "wide.xlsx")
    assert words in str(caught.value)


def test_what_is_wrong_with_a_row_is_told_once_and_not_of_each_period(lines):
    content = dataweb_wide(["August 2025", "September 2025"], [("Chinaa", 1, "n/a")])
    with pytest.raises(DataError) as caught:
        lines(content, "wide.xlsx")
    told = str(caught.value).splitlines()
    assert [line.rpartition("wide.xlsx:")[2].partition(" is ")[0] for line in told] == [
        "4: origin:", "4: September 2025:",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "on"),
    [
        ("Census API", CENSUS_API, date(2025, 9, 1)),
        ("USA Trade Online", USA_TRADE, date(2025, 9, 1)),
        ("DataWeb", dataweb(), date(2025, 9, 1)),
        ("ACE ES-003", ACE, date(2025, 9, 21)),
    ],
)
def test_the_same_lines_in_each_layout(name, content, on, lines, shipped, tmp_path):
    """Consoles in September 2025: China 30%, Vietnam 20%, as charged."""
    frame, told = lines(content, "lines.xlsx" if name == "DataWeb" else "lines.csv")
    assert f"It is laid out as {name}." in told
    assert frame["hts"].tolist() == ["9504500000"] * 2
    assert frame["origin"].tolist() == ["CHN", "VNM"]
    assert set(pd.to_datetime(frame["entered_on"]).dt.date) == {on}
    assert frame["customs_value"].tolist() == [800, 200]
    assert frame["duty"].tolist() == [240, 40]
    rates = effective_tariff_rate(tmp_path / "lines.parquet", shipped).to_frame()
    assert rates["statutory_low"].tolist() == pytest.approx([0.30, 0.20])
    assert rates["realised"].tolist() == pytest.approx([0.30, 0.20])


def test_totals_of_groups_are_left_out_and_counted(lines):
    assert lines(CENSUS_API)[1].endswith("2 lines of groups of countries are left out.")


def test_a_programme_without_a_claim_here_leaves_the_claim_open(lines):
    frame, _ = lines(ACE.replace("CN,,", "CN,N,"))
    assert frame["claims"].tolist()[0] == ""


@pytest.mark.parametrize("symbol", ["", "A+", "A", "J"])
def test_a_blank_or_lapsed_programme_claims_no_preference(symbol, lines):
    frame, _ = lines(ACE.replace("CN,,", f"CN,{symbol},"))
    assert frame["claims"].tolist()[0] == (
        "AGOA=0;AGREEMENT=0;AUTOMOTIVE PRODUCTS=0;CARIBBEAN BASIN=0;DYE INTERMEDIATE=0;"
        "FREELY ASSOCIATED STATE=0;INSULAR POSSESSION=0;USMCA=0"
    )


@pytest.mark.parametrize(
    ("symbol", "claim"),
    [("S+", "USMCA"), ("P+", "AGREEMENT"), ("D", "AGOA"), ("E*", "CARIBBEAN BASIN"),
     ("R", "CARIBBEAN BASIN"), ("C", "CIVIL AIRCRAFT"), ("K", "PHARMACEUTICAL USE"),
     ("B", "AUTOMOTIVE PRODUCTS"), ("L", "DYE INTERMEDIATE"), ("Y", "INSULAR POSSESSION"),
     ("Z", "FREELY ASSOCIATED STATE")],
)  # fmt: skip
def test_each_programme_of_the_special_column_is_a_claim(symbol, claim, lines):
    frame, _ = lines(ACE.replace("CN,,", f"CN,{symbol},"))
    assert frame["claims"].tolist()[0] == f"{claim}=1"


def test_a_heading_of_chapter_99_alone_is_told(lines):
    alone = "\n".join(line for line in ACE.splitlines() if "9504" not in line or ",001," in line)
    with pytest.raises(DataError) as caught:
        lines(alone)
    assert str(caught.value).endswith(
        "lines.csv:5: hts: line 002 of entry XXX00000017 has headings of chapter 99 alone; add the "
        "row of the goods"
    )


def test_faults_of_lines_are_told_fifty_at_a_time(lines):
    rows = [["9504500000", "CHN", "2025-09-01", "-1"]] * 70
    with pytest.raises(DataError) as caught:
        lines(table(["hts", "origin", "entered_on", "customs_value"], *rows))
    told = str(caught.value).splitlines()
    assert len(told) == 51
    assert told[0].endswith("lines.csv:2: customs_value: is negative (got '-1'); give a number, 0 "
                            "or more")  # fmt: skip
    assert told[-1].endswith("lines.csv: 20 more cells are wrong; correct or leave out these rows")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (["950450000", "CHN", "2025-09-01", "1"], "hts: has 9 digits: a leading zero was lost"),
        (["9903.01.25", "CHN", "2025-09-01", "1"], "hts: is of chapter 99, a special provision"),
        (["9504500000", "EU", "2025-09-01", "1"], "origin: is a group of countries (got 'EU')"),
        (["9504500000", "CHN", "", "1"], "entered_on: is blank; give the day of entry, or --on"),
        (["9504500000", "CHN", "2025-09-01", ""], "customs_value: is blank; fill it in"),
        (["9504500000", "CHN", "2025-09-01", "1%"], "customs_value: is a percentage"),
    ],
)
def test_a_bad_line_is_told(row, told, lines):
    with pytest.raises(DataError) as caught:
        lines(table(["hts", "origin", "entered_on", "customs_value"], row))
    assert f"lines.csv:2: {told}" in str(caught.value)


# products

SHOPIFY = table(
    ["Handle", "Title", "Vendor", "Variant SKU", "Variant Price", "Cost per item", "Status"],
    ["console", "Console", "Acme", "C-1", "499.99", "350.00", "active"],
    ["shoe", "Shoe", "Acme", "S-1", "110.00", "28.00", "active"],
)
SHOPIFY_STOCK = table(
    ["Handle", "Title", "Option1 Name", "Option1 Value", "SKU", "HS Code", "COO", "Location",
     "Bin name", "On hand (current)"],
    ["console", "Console", "Title", "Default", "C-1", "9504500000", "VN", "East", "", "5"],
    ["shoe", "Shoe", "Title", "Default", "S-1", "6404.11.90", "VN", "East", "", "7"],
)  # fmt: skip
AMAZON = table(
    ["item_sku", "item_name", "brand_name", "standard_price", "quantity", "country_of_origin"],
    ["C-1", "Console", "Acme", "499.99", "5", "VN"],
    ["S-1", "Shoe", "Acme", "110.00", "7", "VN"],
    separator="\t",
)
AMAZON_CODES = table(["sku", "HTS code", "customs value"], ["C-1", "9504500000", "350"],
                     ["S-1", "6404.11.90", "28"])  # fmt: skip
SAP = table(
    ["MATNR", "MAKTX", "WERKS", "STAWN", "HERKL", "STPRS", "PEINH", "WAERS", "KBETR"],
    ["C-1", "Console", "1000", "9504500000", "VN", "35,000.00", "100", "USD", "499.99"],
    ["S-1", "Shoe", "1000", "6404.11.90", "VN", "280.00", "10", "USD", "110.00"],
)


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [("Shopify", SHOPIFY, SHOPIFY_STOCK), ("Amazon", AMAZON, AMAZON_CODES),
     ("SAP item master", SAP, None)],
)  # fmt: skip
def test_the_same_products_in_each_layout(name, first, second, tmp_path, shipped):
    """A console at 20% of $350, a shoe at the general 20% and 20% of $28, one unit each."""
    path, join = tmp_path / "skus.csv", None
    path.write_text(first, encoding="utf-8")
    if second:
        join = tmp_path / "more.csv"
        join.write_text(second, encoding="utf-8")
    file = open_skus(path, join=join)
    assert f"It is laid out as {name}." in file.described()
    result, rows = run(file, shipped)
    assert rows["sku"].tolist() == ["C-1", "S-1"]
    assert rows["price_usd"].tolist() == [499.99, 110]
    assert rows["duty_usd_low"].tolist() == pytest.approx([70.0, 0.4 * 28])
    assert rows["flags"].str.contains("unit cost unknown").all()
    assert "No margin is known" in result.summary()


def test_a_file_that_lacks_what_the_second_has_not_is_refused(tmp_path):
    path = tmp_path / "skus.csv"
    path.write_text(SHOPIFY, encoding="utf-8")
    with pytest.raises(DataError, match="hts: column is missing; add it, or say which it is"):
        open_skus(path)
