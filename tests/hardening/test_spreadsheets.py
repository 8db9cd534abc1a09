"""What a spreadsheet would run: no file of any command holds it, whatever the user's file says."""

import csv
import io
import shutil

import pytest
from openpyxl import load_workbook

from costpush.small_accounts import SMALL
from tariffimpact.facts import shipped_folder

from .readers import ACE, BRIDGE, PANEL

RUN = "=cmd|' /C calc'!A0"
FULL = "\N{FULLWIDTH EQUALS SIGN}1+1"
STARTS = ("=", "+", "@", "\t", "\r", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
          "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip
CASE = f'''title = "{RUN}"
question = "{FULL}"
[tariff]
rate = 0.15
[demand]
form = "linear"
elasticity = "1.2..2"
reason = "{RUN}"
[[products]]
name = "{RUN}"
old_price = 100
customs_value = 50
unit_cost = 60
reason = "@SUM(A1)"
'''
SKUS = (
    f"sku,company,hts,origin,customs_value,price,currency,units,{RUN}\n"
    f"{RUN},@SUM(A1),9504500000,VNM,350,499.99,USD,1000,+1+1\n"
    f"{FULL},\N{FULLWIDTH COMMERCIAL AT}x,9504500000,CHN,350,499.99,USD,1000,{FULL}\n"
    "A,Acme,9504500000,CHN,-5,499.99,USD,1000,\nB,Acme,9504500000,CHN,-$5,499.99,USD,1000,\n"
)


def harmless(cell):
    """Whether a spreadsheet takes a cell of a CSV for what it says: a text or a number."""
    return not cell.startswith(STARTS) and not (cell.startswith("-") and cell[1:2] not in NUMBERS)


NUMBERS = (*"0123456789.$", "")


def check(folder):
    """Check every cell of every file; return how many hold a text that was made harmless."""
    checked = 0
    for path in folder.rglob("*.csv"):
        for row in csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")):
            for cell in row:
                assert harmless(cell), (path.name, cell)
                checked += cell.startswith("'")
    for path in folder.rglob("*.xlsx"):
        for sheet in load_workbook(path):
            for cell in (cell for row in sheet.iter_rows() for cell in row):
                text = str(cell.value)
                if cell.data_type == "f":
                    assert "cmd" not in text, (path.name, sheet.title, cell.coordinate, text)
                    assert FULL not in text, (path.name, sheet.title, cell.coordinate, text)
                checked += text.startswith(STARTS) and cell.data_type != "f"
    return checked


@pytest.fixture
def written(tmp_path, run):
    """Run a command that writes to a folder; return the folder."""

    def write(*arguments):
        code, _, err = run(*arguments)
        assert code in (0, 3), err
        return tmp_path / "out"

    return write


def test_the_check_finds_what_it_is_for(tmp_path):
    for cell in (RUN, FULL, "@x", "+1+1", "-x", "-1+1|x"):
        (tmp_path / "a.csv").write_text(f'"{cell}"\n', encoding="utf-8")
        if cell != "-1+1|x":
            with pytest.raises(AssertionError):
                check(tmp_path)
    (tmp_path / "a.csv").write_text("'=1\n-5\n-$5\n-.5\n-\n", encoding="utf-8")
    assert check(tmp_path) == 1


@pytest.mark.parametrize("command", ["price", "earnings"])
def test_workbooks_of_a_case(command, written, tmp_path):
    text = CASE if command == "price" else BRIDGE.decode().replace("A bridge", RUN)
    (tmp_path / "case.toml").write_text(text, encoding="utf-8")
    out = tmp_path / "out" / "book.xlsx"
    assert check(written(command, tmp_path / "case.toml", "--xlsx", out)) > 0


def test_files_of_a_refund(written, tmp_path):
    rows = ACE.decode().replace("E1", RUN.replace(",", ""))
    (tmp_path / "es-003.csv").write_text(rows, encoding="utf-8")
    assert check(written("refund", tmp_path / "es-003.csv", "--out", tmp_path / "out")) > 0


def test_files_of_an_estimate(written, tmp_path):
    rows = PANEL.decode().replace("\na,", f"\n{RUN},").replace("sku,", f"{FULL},")
    (tmp_path / "panel.csv").write_text(rows, encoding="utf-8")
    written(
        "estimate", tmp_path / "panel.csv", "--unit", FULL, "--treated", "on",
        "--out", tmp_path / "out",
    )  # fmt: skip
    check(tmp_path / "out")


def test_files_of_a_cost_push(written, tmp_path):
    tables = tmp_path / "tables"
    tables.mkdir()
    for name, text in SMALL.items():
        spoilt = text.replace("Steel", RUN).replace("New cars", FULL)
        (tables / name).write_text(spoilt, encoding="utf-8")
    rates = shutil.move(tables / "rates.csv", tmp_path / "rates.csv")
    out = tmp_path / "out"
    assert check(written("cost-push", "--rates", rates, "--tables", tables, "--out", out)) > 0


@pytest.mark.slow
def test_files_of_a_batch_and_a_negative_number_as_it_was(written, tmp_path):
    (tmp_path / "skus.csv").write_text(SKUS, encoding="utf-8")
    out = tmp_path / "out"
    found = written("batch", tmp_path / "skus.csv", "--by", RUN, "--on", "2025-09-01", "--out", out)
    assert check(found) > 0
    with (out / "rejected.csv").open(encoding="utf-8", newline="") as file:
        rejected = list(csv.DictReader(file))
    assert [(row["line"], row["got"]) for row in rejected] == [("4", "-5"), ("5", "-$5")]


def test_a_table_that_a_us_spreadsheet_saved_is_refused_in_one_line(run, tmp_path):
    folder = shutil.copytree(shipped_folder("data"), tmp_path / "data")
    path = folder / "prices.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("2025-08-21", "8/21/2025"), encoding="utf-8")
    code, out, err = run("facts", "check", folder)
    assert (code, out) == (1, "")
    (line,) = err.splitlines()
    assert "was rewritten by a spreadsheet program" in line
    assert "8/21/2025" in line
