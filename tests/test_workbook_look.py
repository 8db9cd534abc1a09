"""What a reader of any workbook of the program finds: heads in sight, units, links, a chart."""

import io
import re

import pandas as pd
import pytest

from tariffimpact.cases import read_case
from tariffimpact.cases.bridge_workbook import bridge_bytes
from tariffimpact.cases.case_sheet import workbook_bytes
from tariffimpact.cases.company_rows import company_case
from tariffimpact.facts import read_facts
from tariffimpact.portfolio.outputs import sheets_of
from tariffimpact.writing import sheet_look

pytestmark = pytest.mark.whole

openpyxl = pytest.importorskip("openpyxl", reason="workbooks need openpyxl")


def _portfolio():
    frame = pd.DataFrame(
        {
            "heading": ["99030269", "99030125"],
            "duty_usd": [2000.0, 1e7],
            "rate_low": [0.2, 0.1],
            "entered_on": pd.to_datetime(["2025-08-21"] * 2),
        }
    )

    def chart(sheets):
        return sheet_look.bars(sheets["headings"], title="Duty", names=(1, 2, 3),
                               values={"Duty": 2}, form="0")  # fmt: skip

    return sheets_of(["The answer. " * 30, "How it came about."], {"headings": frame}, chart=chart)


BOOKS = {
    "price": lambda: workbook_bytes(read_case("sony-ps5")),
    "metal": lambda: workbook_bytes(read_case("pepsico-can")),
    "earnings": lambda: bridge_bytes(company_case(read_facts(), "Hasbro")),
    "portfolio": _portfolio,
}


@pytest.fixture(params=BOOKS)
def book(request):
    return openpyxl.load_workbook(io.BytesIO(BOOKS[request.param]()))


def test_every_sheet_prints_one_page_wide(book):
    for sheet in book:
        assert sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.title
        assert sheet.page_setup.fitToWidth == 1, sheet.title


def test_there_is_a_chart_whose_cells_hold_what_it_names(book):
    charts = [chart for sheet in book for chart in sheet._charts]
    assert charts
    for chart in charts:
        for series in chart.series:
            sheet, cells = series.val.numRef.f.replace("'", "").rsplit("!", 1)
            drawn = [cell.value for row in book[sheet][cells.replace("$", "")] for cell in row]
            assert drawn
            assert any(value is not None for value in drawn)


def test_heads_stay_in_sight_of_every_table(book):
    for sheet in book:
        if sheet.title not in ("about", "Solver"):
            assert sheet.freeze_panes, sheet.title


def test_money_carries_its_currency(book):
    forms = {
        cell.number_format
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, int | float) and abs(cell.value) >= 1000
    }
    assert all('"$"' in form or form in ("#,##0", "#,##0.##", "#,##0.00") for form in forms)
    assert any('"$"' in form for form in forms)


@pytest.mark.parametrize("name", ["price", "earnings"])
def test_each_source_with_an_address_is_a_link(name):
    sheet = openpyxl.load_workbook(io.BytesIO(BOOKS[name]()))["Sources"]
    addresses = [row[3] for row in sheet.iter_rows(min_row=2)]
    assert addresses
    for cell in addresses:
        found = re.match("https?://", str(cell.value))
        assert bool(found) == bool(cell.hyperlink)
        assert not found or cell.hyperlink.target == cell.value


def test_a_workbook_has_the_same_bytes_every_time():
    for make in BOOKS.values():
        assert make() == make()


def test_an_address_that_is_none_is_no_link():
    sheet = openpyxl.Workbook().active
    sheet_look.link(sheet["A1"], "javascript:alert(1)")
    assert sheet["A1"].hyperlink is None


def test_columns_that_are_folded_are_neither_shown_nor_printed_and_keep_their_cells():
    frame = pd.DataFrame({"sku": ["A"], "rate_low": [0.1], "price_usd": [5.0]})
    book = openpyxl.load_workbook(
        io.BytesIO(sheets_of(["The answer."], {"skus": frame}, shown={"skus": 1}))
    )
    looks = book["skus"].column_dimensions
    folded = looks["B"]  # neighbours that look alike are stored as one
    assert not looks["A"].hidden
    assert (folded.hidden, folded.outlineLevel, folded.min) == (True, 1, 2)
    assert [cell.value for cell in book["skus"][2]] == ["A", 0.1, 5]
