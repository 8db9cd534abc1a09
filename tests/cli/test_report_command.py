"""`tariffimpact report` as it is called: what it writes and refuses, the same bytes twice."""

import csv
import json
import os
import subprocess
import sys

import pytest

from tariffimpact.report import write_report
from trees import tree
from watched import WATCHED

pytestmark = pytest.mark.whole

MAIN = "from tariffimpact.cli import main; main()"
PIPE = {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8"}


@pytest.mark.slow
def test_two_processes_write_the_same_bytes_alone_and_a_pipe_sees_no_bar(tmp_path, shipped_report):
    first, second = tmp_path / "first", tmp_path / "second"
    # another hash seed, time zone and locale; FORCE_COLOR makes rich draw on what is no terminal
    told = subprocess.run(
        [sys.executable, "-c", f"{WATCHED}{MAIN}", "report", "--out", str(first)],
        cwd=tmp_path,
        env={**os.environ, **PIPE, "FORCE_COLOR": "1"},
        capture_output=True,
        check=False,
    )
    assert (told.returncode, told.stderr) == (0, b"")
    assert b"\x1b" not in told.stdout
    assert b"\r" not in told.stdout.replace(os.linesep.encode(), b"\n")
    out = told.stdout.decode("utf-8")
    assert "━" not in out
    write_report(shipped_report, second)
    written = tree(second)
    assert {"tariff-impact.html", "tariff-impact.pdf"} < set(written)
    figures = {name.rpartition(".")[0] for name in written if name.startswith("figures/")}
    assert len(figures) >= 6
    endings = {f"{name}{end}" for name in figures for end in (".svg", ".png", ".csv")}
    assert set(written) == {"tariff-impact.html", "tariff-impact.pdf"} | endings
    assert f"{len(figures)} charts as svg, png and csv" in out
    assert tree(first) == written
    assert str(tmp_path).encode() not in b"".join(written.values())


def test_one_company_in_any_case_on_a_day_in_one_format(tmp_path, run):
    out = tmp_path / "out"
    narrowed = ["--company", "sOnY", "--as-of", "2025-08-21", "--format", "html"]
    code, told, err = run("report", *narrowed, "--out", out)
    assert (code, err) == (0, "")
    assert f"Wrote {out / 'tariff-impact.html'}" in told
    assert not (out / "tariff-impact.pdf").exists()
    with (out / "figures" / "sony-exposures.csv").open(encoding="utf-8", newline="") as file:
        assert {row["currency"] for row in csv.DictReader(file)} == {"JPY"}
    page = (out / "tariff-impact.html").read_text(encoding="utf-8")
    assert "21 August 2025" in page
    assert "¥70bn" in page  # Sony on 7 August 2025
    assert "¥50bn" not in page  # Sony on 11 November 2025
    assert "649.99" not in page  # the PlayStation 5 in March 2026
    assert "void" not in told  # held so in February 2026


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--company", "Soni"], 1, ["no facts about 'Soni'; did you mean Sony"]),
        (["--as-of", "1999-12-31"], 1, ["had been published by 1999-12-31", "the first is of"]),
        (["--as-of", "2025-02-30"], 2, ["'2025-02-30' is not a date", "2025-05-01"]),
        (["--as-of", "20250821"], 2, ["'20250821' is not a date"]),
        (["--as-of", "2999-01-01"], 2, ["2999-01-01 is yet to come"]),
        (["--format", "html,docx"], 2, ["no format 'docx'; write html,pdf"]),
        (["--format", ""], 2, ["no format ''; write html,pdf"]),
        (["--format", "html,"], 2, ["no format ''"]),
        (["--case", "no-such-case"], 1, ["no-such-case"]),
    ],
)
def test_what_is_refused_writes_nothing(tmp_path, run, arguments, code, words):
    out = tmp_path / "out"
    left, told, err = run("report", "--out", out, *arguments)
    assert (left, told) == (code, "")
    assert "Traceback" not in err
    assert "unexpected" not in err
    for word in words:
        assert word in err
    assert not out.exists()


def test_the_rate_of_cosmetics_that_the_rows_cannot_decide(run):
    """Between the EU's 15% on all of it and Section 232's 50% on all of it, by its metal share."""
    code, out, err = run("rate", "33030010", "--origin", "FRA", "--on", "2025-09-01", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["rate"] == {"low": 0.15, "high": 0.5}
    for part in found["components"]:
        assert {"authority", "kind", "base", "amount", "status", "source"} <= set(part)
        amount = part["amount"]
        assert isinstance(amount, float) or set(amount) == {"low", "high"}


NO_ADDRESS = [
    "example.org",
    "javascript:alert(1)",
    "https://me@example.org/",
    'https://example.org/"><script>',
    "https://example.org/?q=1",
]


@pytest.mark.parametrize("site", NO_ADDRESS)
def test_an_address_that_is_none_is_refused(run, tmp_path, site):
    code, _, err = run("report", "--site", site, "--out", tmp_path / "out")
    assert code == 2
    assert "is no address; write https://example.org/tariffs/" in " ".join(err.split())
    assert not (tmp_path / "out").exists()
