"""`reports/` is what `make report` writes: the numbers behind every figure are regenerated here."""

import tomllib
from html import unescape
from importlib.metadata import version
from pathlib import Path

import pytest

from tariffimpact.output import csv_bytes
from tariffimpact.report import read_report

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "reports"
DOCUMENT = read_report()
FIGURES = {figure.name: figure for figure in DOCUMENT.figures}


@pytest.mark.parametrize("name", FIGURES)
def test_figure_numbers_are_those_committed(name):
    committed = (REPORTS / "figures" / f"{name}.csv").read_bytes()
    assert csv_bytes(FIGURES[name].frame) == committed, "run `make report` and say what moved"


def test_nothing_else_is_committed():
    endings = (".csv", ".png", ".svg")
    expected = {f"{name}{ending}" for name in FIGURES for ending in endings}
    assert {path.name for path in (REPORTS / "figures").iterdir()} == expected


def test_the_committed_page_states_the_findings():
    page = unescape((REPORTS / "tariff-impact.html").read_text(encoding="utf-8"))
    for finding in DOCUMENT.findings:
        assert finding.text in page


def test_the_committed_page_names_the_program_and_the_data():
    data = tomllib.loads((ROOT / "data" / "version.toml").read_text(encoding="utf-8"))
    day = data["released_on"]
    named = (
        f"tariffimpact {version('tariffimpact')}, "
        f"data {data['version']} of {day.day} {day:%B} {day.year}"
    )
    assert DOCUMENT.made_with == named
    page = (REPORTS / "tariff-impact.html").read_text(encoding="utf-8")
    assert page.count(named) == 3, "the head, the first lines and the foot; run `make report`"
