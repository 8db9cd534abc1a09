"""What a user's own folder may hold: every fault at once, nothing written, hostile names as text.

Each fault of the list is planted in a copy of the shipped data; its text is written out here in
full, with the line it stands on.
"""

import csv
import io
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from tariffimpact.cli import main
from tariffimpact.errors import DataError
from tariffimpact.facts import read_facts, shipped_folder

SIGN = "give the amount itself, without a sign"
DAY = "write it as 2025-04-02"


def rewrite(data, table, change):
    """Put a file through a function from bytes to bytes."""
    path = data.path(table)
    path.write_bytes(change(path.read_bytes()))


# each plants one fault and returns what must be said of it, without the folder


def missing_column(data):
    rows = data.rows("statements")
    data.write("statements", [{k: v for k, v in row.items() if k != "stage"} for row in rows])
    columns = (
        "statement_id, company, scope, market, said_on, response, stage, cause, price_change, "
        "share_of_range, verification, source_id, locator, quote, notes"
    )
    text = f"statements.csv:1: stage: column is missing; add it; the columns are {columns}"
    return [text]


def unknown_source(data):
    line = data.edit("exposures", "mattel-2025-05", source_id="nobody-2025-01-01")
    return [
        f"exposures.csv:{line}: source_id: is not in sources.csv (got 'nobody-2025-01-01'); "
        "add the source there, or correct the id"
    ]


def negative_price(data):
    line = data.edit("prices", "sony-ps5-2025-08", old_price="-500")
    return [f"prices.csv:{line}: old_price: must be above 0 (got '-500'); {SIGN}"]


def price_without_currency(data):
    line = data.edit("prices", "xbox-series-x-2025-05", currency="")
    return [
        f"prices.csv:{line}: currency: is blank; fill it in; this column may not be empty",
    ]


def no_date(data):
    line = data.edit("prices", "switch-2025-08", effective_on="3 August")
    return [f"prices.csv:{line}: effective_on: is not a date (got '3 August'); {DAY}"]


def duplicate_row(data):
    first = next(n for n, row in enumerate(data.rows("prices"), 2) if row["price_id"][:3] == "adi")
    line = data.repeat("prices", "adidas-samba-2025-10")
    return [
        f"prices.csv:{line}: price_id: repeats line {first} (got 'adidas-samba-2025-10'); "
        "remove or rename one of the two rows",
    ]


def overlapping_windows(data):
    charged = {"hts": "9504", "origins": "JPN CHN", "status": "in_force"}
    first = data.repeat(
        "tariffs", "ieepa-reciprocal-jpn-24-suspended", component_id="mine", **charged
    )
    line = data.repeat("tariffs", "mine", component_id="again", starts_on="2025-06-01")
    return [
        f"tariffs.csv:{line}: starts_on: the window overlaps that of mine on line {first}, "
        "same authority, product and origin (got '2025-06-01'); "
        "end the earlier row on the day the later one starts"
    ]


def unknown_currency(data):
    line = data.edit("prices", "switch-lite-2025-08", currency="EURO")
    return [
        f"prices.csv:{line}: currency: not an ISO 4217 currency code (got 'EURO'); "
        "did you mean EUR?"
    ]


def not_a_number(data):
    line = data.edit("prices", "switch-2-2025-06", new_price="NaN")
    return [
        f"prices.csv:{line}: new_price: is not a finite number (got 'NaN'); "
        "give a number, or leave an optional cell blank"
    ]


def not_an_amount(data):
    line = data.edit("exposures", "gm-2025-05", amount="nan")
    return [
        f"exposures.csv:{line}: amount: is neither a number nor an interval (got 'nan'); "
        "write 0.6 or 0.5..0.7"
    ]


def fifty_megabytes(data):
    os.truncate(data.path("assumptions"), 50_000_000)
    return [
        "assumptions.csv: is 50 MB, above the limit of 20 MB; "
        "a table of facts is small; check that this is the right file"
    ]


def in_utf16(data):
    rewrite(data, "financials", lambda raw: raw.decode("utf-8").encode("utf-16"))
    return ["financials.csv: is not UTF-8 text (it looks like UTF-16); save it as CSV UTF-8"]


def empty_file(data):
    rewrite(data, "conflicts", lambda _: b"")
    return ["conflicts.csv: is empty; it needs a header row"]


def a_nul_byte(data):
    rewrite(data, "origins", lambda raw: raw + b"\0")
    return ["origins.csv: is not UTF-8 text (it looks like UTF-16); save it as CSV UTF-8"]


PLANTS = (
    missing_column,
    unknown_source,
    negative_price,
    price_without_currency,
    no_date,
    duplicate_row,
    overlapping_windows,
    unknown_currency,
    not_a_number,
    not_an_amount,
    fifty_megabytes,
    in_utf16,
    empty_file,
    a_nul_byte,
)


def said(data):
    with pytest.raises(DataError) as caught:
        read_facts(data.folder)
    return [str(fault).removeprefix(f"{data.folder}/") for fault in caught.value.faults]


def test_the_copy_is_sound_before_anything_is_planted(data, facts):
    assert read_facts(data.folder) == facts


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_fault_is_said_in_full_and_nothing_else_is_blamed(data, plant):
    expected = plant(data)
    assert said(data) == expected


def test_all_faults_are_said_at_once(data):
    expected = [text for plant in PLANTS for text in plant(data)]
    assert sorted(said(data)) == sorted(expected)


def test_the_command_prints_the_faults_exits_1_and_writes_nothing(data, tmp_path, capsys):
    expected = [f"{data.folder}/{text}" for plant in PLANTS for text in plant(data)]
    before = sorted(tmp_path.rglob("*"))
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as left:
        main(["report", "--data", str(data.folder), "--out", str(out)])
    printed = capsys.readouterr()
    assert left.value.code == 1
    assert printed.out == ""
    assert sorted(printed.err.splitlines()) == sorted(expected)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_old_report_stays_as_it_was(data, tmp_path, capsys):
    negative_price(data)
    out = tmp_path / "out"
    out.mkdir()
    (out / "tariff-impact.html").write_bytes(b"the last good report")
    with pytest.raises(SystemExit):
        main(["report", "--data", str(data.folder), "--out", str(out)])
    capsys.readouterr()
    assert [path.name for path in out.iterdir()] == ["tariff-impact.html"]
    assert (out / "tariff-impact.html").read_bytes() == b"the last good report"


# names that some program might run

FORMULA = "=cmd|' /C calc'!A0"
SCRIPT = "<script>alert(1)</script>"
READ = '#read("/etc/passwd")'
JAPANESE = "株式会社ソニー"
RENAMED = {
    "Mattel": FORMULA,
    "Hasbro": SCRIPT,
    "Procter & Gamble": READ,
    "Estée Lauder": JAPANESE,
}


class Page(HTMLParser):
    """The text of a page, the scripts in it, and the data they read."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.texts, self.scripts, self.data, self.handlers = [], [], [], []
        self._inside = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self._inside.append(tag)
        if tag == "script":
            self._latest = self.data if ("type", "application/json") in attrs else self.scripts
            self._latest.append("")
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag):
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass

    def handle_data(self, text):
        if self._inside[-1:] == ["script"]:
            self._latest[-1] += text
        elif self._inside[-1:] != ["style"]:
            self.texts.append(text)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Return the folder of a report on companies of those names."""
    root = tmp_path_factory.mktemp("hostile")
    folder, out = root / "data", root / "out"
    shutil.copytree(shipped_folder("data"), folder)
    (folder / "console_market.csv").unlink()  # it names none of them, and takes long
    for name in ("prices", "exposures", "statements", "financials", "origins", "customs_values",
                 "refunds", "lawsuits", "companies"):  # fmt: skip
        path = folder / f"{name}.csv"
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            for row in rows:
                writer.writerow({**row, "company": RENAMED.get(row["company"], row["company"])})
    with pytest.raises(SystemExit) as left:
        main(["report", "--data", str(folder), "--out", str(out)])
    assert left.value.code == 0
    return out


@pytest.mark.whole
def test_hostile_names_are_text_in_csv(hostile):
    found = set()
    for path in sorted((hostile / "figures").glob("*.csv")):
        text = path.read_text(encoding="utf-8")
        for row in csv.reader(io.StringIO(text, newline=""), strict=True):
            assert not any(re.match(r"[=@\t\r\n]|[+-](?![\d.]|inf)", cell) for cell in row), path
            found.update(row)
    assert {f"'{FORMULA}", SCRIPT, READ, JAPANESE} <= found


@pytest.mark.whole
def test_hostile_names_are_text_in_html(hostile):
    page = Page((hostile / "tariff-impact.html").read_text(encoding="utf-8"))
    text = " ".join(page.texts)
    for name in RENAMED.values():
        assert name in text
    assert len(page.scripts) == 1  # the page's own, known to its policy by hash
    assert "alert" not in page.scripts[0]
    assert page.handlers == []
    assert "root:" not in text


@pytest.mark.whole
def test_hostile_names_are_text_in_svg(hostile):
    for path in (hostile / "figures").glob("*.svg"):
        svg = path.read_text(encoding="utf-8")
        assert "<script" not in svg.lower()


@pytest.mark.whole
def test_hostile_names_are_text_in_pdf(hostile):
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext is not installed; that the PDF was built is held by the fixture")
    path = hostile / "tariff-impact.pdf"
    run = subprocess.run([program, "-raw", str(path), "-"], capture_output=True, check=True)
    # lines break anywhere, and after a visible hyphen
    text = re.sub(r"\s", "", run.stdout.decode("utf-8"))
    for name in (FORMULA, SCRIPT, READ):
        assert re.sub(r"\s", "", name) in text
    # the font has no Japanese: each sign is a visible stand-in, and the document says so
    assert "?" * len(JAPANESE) in text
    assert "Charactersthisfontcannotprintareshownas?;theHTMLpagehasthem." in text
    assert "root:" not in text
