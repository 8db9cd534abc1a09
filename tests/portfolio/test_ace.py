"""Entries of an importer: what is paid back, worked by hand."""

import csv
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from tariffimpact.cli.refund import refund
from tariffimpact.errors import DataError
from tariffimpact.facts import Charge
from tariffimpact.portfolio import read_entries
from tariffimpact.portfolio.ace import PROTEST, RELIQUIDATION
from tariffimpact.portfolio.fees import charge_on, interest_growth

HEAD = ("Entry Summary Number,Entry Date,Entry Summary Date,Liquidation Date,Entry Summary Line "
        "Number,Country of Origin Code,HTS Number - Full,Line Tariff Goods Value Amount,Line "
        "Tariff Duty Amount")  # fmt: skip
ROWS = (
    "E1,08/21/2025,09/03/2025,{},001,VN,9903.02.69,0,2000",
    "E1,08/21/2025,09/03/2025,{},001,VN,9504500000,10000,0",
    "E2,05/06/2025,05/16/2025,,001,CN,9903.88.03,0,250",
    "E2,05/06/2025,05/16/2025,,001,CN,9903.01.24,0,200",
    "E2,05/06/2025,05/16/2025,,001,CN,6404192030,1000,375",
)
ON = date(2026, 11, 30)


@pytest.fixture
def entries(tmp_path):
    def write(liquidated="", rows=ROWS):
        path = tmp_path / "es-003.csv"
        text = "\n".join([HEAD, *rows]).replace("{}", liquidated)
        path.write_text(text + "\n", encoding="utf-8")
        return path

    return write


def test_the_refund_is_the_duty_under_void_headings_with_interest(entries, facts):
    held = read_entries(entries())
    answer = held.refund(on=ON, charges=facts.customs_charges)
    frame = answer.to_frame().set_index("entry")
    assert frame["duty_usd"].to_dict() == {"E1": 2000, "E2": 200}
    # 6% a year, compounded daily, from the day of deposit: 453 and 563 days
    assert frame["interest_usd"].to_dict() == {
        "E1": round(2000 * ((1 + 0.06 / 365) ** 453 - 1), 2),
        "E2": round(200 * ((1 + 0.06 / 365) ** 563 - 1), 2),
    }
    other = held.refund(on=ON, charges=facts.customs_charges, corporation=False)
    assert other.to_frame()["interest_usd"].iloc[0] == pytest.approx(
        2000 * ((1 + 0.07 / 365) ** 453 - 1), abs=0.005
    )
    assert answer.summary().startswith("$2,200 of the $2,825 of duty on 2 entries was paid under")
    assert answer.by_heading()["heading"].tolist() == ["99030269", "99030124"]
    assert "9903.02.69" in [t.get_text() for t in answer.plot().get_yticklabels()]


@pytest.mark.parametrize(
    ("days", "standing"),
    [
        (RELIQUIDATION.days - 1, "liquidated less than 90 days ago"),
        (RELIQUIDATION.days, "open to protest"),
        (PROTEST.days, "open to protest"),
        (PROTEST.days + 1, "final"),
    ],
)
def test_an_entry_stands_by_the_days_since_its_liquidation(days, standing, entries, facts):
    on = ON - timedelta(days=days)
    path = entries(f"{on:%m/%d/%Y}")
    frame = read_entries(path).refund(on=ON, charges=facts.customs_charges).to_frame()
    assert frame.set_index("entry")["standing"].to_dict() == {
        "E1": standing,
        "E2": "not liquidated",
    }
    assert frame["protest_until"].iloc[0].date() == on + timedelta(days=180)


def test_a_line_is_its_goods_with_all_duty_on_them(entries):
    lines = read_entries(entries()).folded()
    assert lines["hts"].tolist() == ["9504500000", "6404192030"]
    assert lines["customs_value"].tolist() == [10000, 1000]
    assert lines["duty"].tolist() == [2000, 825]
    assert lines["headings"].tolist() == ["99030269", "99038803;99030124"]


def test_a_value_on_the_heading_alone_is_the_lines(entries):
    rows = ("E1,08/21/2025,09/03/2025,,001,VN,9903.02.69,10000,2000",
            "E1,08/21/2025,09/03/2025,,001,VN,9504500000,0,0")  # fmt: skip
    assert read_entries(entries(rows=rows)).folded()["customs_value"].tolist() == [10000]


def test_every_bad_cell_is_told(entries):
    rows = (*ROWS, "E3,08/21/2025,,,001,VN,99030269,0,2 apples", "E4,,,,001,XX,9903,0,1")
    with pytest.raises(DataError) as caught:
        read_entries(entries(rows=rows))
    told = [line.partition("es-003.csv:")[2] for line in str(caught.value).splitlines()]
    assert [line.split(";")[0] for line in told] == [
        "7: duty: is not a number (got '2 apples')",
        "8: hts: is not 8 or 10 digits (got '9903')",
        "8: origin: is not a country (got 'XX')",
        "8: entered_on: is blank",
    ]


def test_no_void_duty_is_said(entries, facts):
    path = entries(rows=(ROWS[1], ROWS[2], ROWS[4]))
    answer = read_entries(path).refund(on=ON, charges=facts.customs_charges)
    assert answer.summary() == (
        "None of the $625 of duty on 2 entries was paid under a heading that was held void."
    )


def test_the_command_writes_the_refund(entries, tmp_path):
    out = tmp_path / "out"
    told = CliRunner().invoke(refund, [str(entries()), "--on", "2026-11-30", "--out", str(out)])
    assert told.exit_code == 0, told.output
    assert told.output.startswith("$2,200 of the $2,825 of duty on 2 entries")
    names = {"refund.csv", "headings.csv", "lines.csv", "refund.xlsx", "refund.svg"}
    assert {path.name for path in out.iterdir()} == names
    with (out / "refund.csv").open(encoding="utf-8") as file:
        assert [row["duty_usd"] for row in csv.DictReader(file)] == ["2000.0", "200.0"]


def test_a_workbook_has_the_first_rows_and_says_so(entries, tmp_path, monkeypatch):
    from openpyxl import load_workbook

    monkeypatch.setattr("tariffimpact.portfolio.outputs.SHEET_ROWS", 1)
    out = tmp_path / "out"
    CliRunner().invoke(refund, [str(entries()), "--on", "2026-11-30", "--out", str(out)])
    book = load_workbook(out / "refund.xlsx")
    assert (book["refund"].max_row, book["lines"].max_row) == (2, 2)  # the head and one row
    about = [row[0].value for row in book["about"].iter_rows() if row[0].value]
    assert "The sheet refund has the first 1 of 2 rows; refund.csv has all." in about
    with (out / "refund.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 2


def test_interest_crosses_rates_and_years(facts):
    """Growth over two spans is the product of the growths, whatever day parts them."""
    charges, first, last = facts.customs_charges, date(2025, 2, 4), date(2026, 9, 1)
    whole = 1 + interest_growth(charges, first, last)
    for middle in (date(2025, 4, 1), date(2026, 1, 1), date(2026, 4, 1), date(2025, 7, 17)):
        parts = [interest_growth(charges, *span) for span in ((first, middle), (middle, last))]
        assert (1 + parts[0]) * (1 + parts[1]) == pytest.approx(whole, rel=1e-12)
    assert interest_growth(charges, last, last) == 0


def test_a_fee_holds_from_its_first_day_to_the_day_before_its_end(facts):
    limits = {
        on: charge_on(facts.customs_charges, Charge.MERCHANDISE_PROCESSING, on).minimum_usd.low
        for on in (date(2025, 9, 30), date(2025, 10, 1))
    }
    assert list(limits.values()) == [32.71, 33.58]
    assert charge_on(facts.customs_charges, Charge.HARBOR_MAINTENANCE, date(2020, 1, 1)) is None
