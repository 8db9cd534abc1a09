"""The workbook: LibreOffice recalculates it to what the library says, also after a change."""

import shutil
import subprocess

import numpy as np
import pytest

from tariffimpact.cases import case_of, read_case
from tariffimpact.cases.case_sheet import workbook_bytes, write_workbook
from tariffimpact.errors import ModelError

RULES = ("dollar", "percent", "profit", "maximise")


def written(form="linear", elasticity=1.5, new=0.25, old=0.0, share=None):
    demand = {"form": form, "elasticity": elasticity}
    return {
        "title": "=1+1 is text",
        "question": "What then?",
        "tariff": {"rate": new, "old_rate": old},
        "demand": demand | ({} if share is None else {"share": share}),
        "products": [
            {"name": "=First", "old_price": 100, "new_price": 106, "customs_share": 0.5,
             "cost_share": 0.6, "units": 1000},
            {"name": "Second", "old_price": 80, "customs_value": 20, "unit_cost": 75},
        ],
    }  # fmt: skip


@pytest.fixture
def openpyxl():
    return pytest.importorskip("openpyxl", reason="openpyxl is not installed")


@pytest.fixture
def recalculated(tmp_path, openpyxl):
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        pytest.skip("LibreOffice is not installed")

    def recalculate(case, **changes):
        """Set cells of the first sheet by label, recalculate, and return the columns by label."""
        path = tmp_path / "case.xlsx"
        write_workbook(case, path)
        book = openpyxl.load_workbook(path)
        for row in book["Case"].iter_rows(min_col=1, max_col=3):
            if row[0].value in changes:
                row[2].value = changes[row[0].value]
        book.save(path)
        subprocess.run(
            [program, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
             "--convert-to", "xlsx", "--outdir", str(tmp_path / "out"), str(path)],
            check=True, capture_output=True, timeout=180,
        )  # fmt: skip
        sheet = openpyxl.load_workbook(tmp_path / "out" / "case.xlsx", data_only=True)["Case"]
        return {
            row[0]: list(row[2:])
            for row in sheet.iter_rows(values_only=True) if row[0] is not None
        }  # fmt: skip

    return recalculate


LABELS = {
    "dollar": "Price that holds the dollar margin",
    "percent": "Price that holds the percent margin",
    "profit": "Price that holds profit",
    "maximise": "Price that maximises profit",
}


def check(sheet, case):
    for n, item in enumerate(case.products):
        for rule in item.rules:
            shown, expected = sheet[LABELS[rule]][n], case.question(rule, item.name).at_base()
            if np.isnan(expected):
                assert shown == "no price does"
            else:
                # 1e-9: LibreOffice stores 15 digits, Newton's last step is far below
                assert shown == pytest.approx(expected, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"form": "linear"},
        {"form": "linear", "elasticity": 3.0},
        {"form": "isoelastic", "elasticity": 1.5},
        {"form": "isoelastic", "elasticity": 0.6},
        {"form": "isoelastic", "elasticity": 4.0},
        {"form": "isoelastic", "elasticity": 1.5, "new": 0.05, "old": 0.25},
        {"form": "logit", "elasticity": 1.5, "share": 0.2},
        {"form": "logit", "elasticity": 4.0, "share": 0.6},
        {"form": "logit", "elasticity": 2.0, "share": 0.2, "new": 0.05, "old": 0.25},
    ],
    ids=lambda options: "-".join(map(str, options.values())),
)
def test_a_recalculated_workbook_says_what_the_library_says(recalculated, options):
    case = case_of(written(**options), name="case")
    check(recalculated(case), case)
    # change the tariff cell: the prices follow as they do in the library
    changed = case_of(written(**options | {"new": 0.4}), name="case")
    check(recalculated(case, **{"Tariff after": 0.4}), changed)


@pytest.mark.slow
def test_the_story_recalculates(recalculated):
    case = read_case("sony-ps5")
    sheet = recalculated(case)
    check(sheet, case)
    share, change = case.product().customs_share(), case.duty.change
    duty = (change.low + change.high) / 2 * (share.low + share.high) / 2 * 500
    assert sheet["Pass-through rate"][0] == pytest.approx(50 / duty, rel=1e-9)
    assert recalculated(case, **{"Tariff after": 0.0})[LABELS["dollar"]] == [500, 450, 700]


def test_the_workbook_is_live_and_safe(openpyxl, tmp_path):
    case = case_of(written(), name="case")
    path = write_workbook(case, tmp_path / "case.xlsx")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Case", "Ranges", "Sources"]
    cells = {row[0].value: row for row in book["Case"].iter_rows()}
    assert cells[LABELS["dollar"]][2].value.startswith("=")
    assert cells["=1+1 is text"][0].data_type == "s"  # a title is never run
    assert workbook_bytes(case) == workbook_bytes(case)


def test_a_workbook_of_a_case_without_cost_or_rise(openpyxl):
    assert workbook_bytes(read_case("monster-can"))


def test_the_name_of_a_workbook(openpyxl, tmp_path):
    with pytest.raises(ModelError, match=r"ends in \.xlsx"):
        write_workbook(read_case("textbook"), tmp_path / "case.xls")


def test_without_openpyxl(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(ModelError, match=r"tariffimpact\[xlsx\]"):
        workbook_bytes(read_case("textbook"))
