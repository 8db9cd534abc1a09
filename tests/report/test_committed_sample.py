"""`reports/` is what `make report` writes: the numbers behind every figure are regenerated here."""

import tomllib
from html import unescape
from importlib.metadata import version
from pathlib import Path

import pytest

from tariffimpact.writing import csv_bytes

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "reports"


@pytest.fixture(scope="module")
def figures(shipped_report):
    return {figure.name: figure for figure in shipped_report.figures}


@pytest.mark.parametrize("path", sorted(REPORTS.glob("figures/*.csv")), ids=lambda path: path.stem)
def test_figure_numbers_are_those_committed(path, figures):
    made = csv_bytes(figures[path.stem].frame)
    assert made == path.read_bytes(), "run `make report` and say what moved"


def test_every_figure_and_nothing_else_is_committed(figures):
    endings = (".csv", ".png", ".svg")
    expected = {f"{name}{ending}" for name in figures for ending in endings}
    assert {path.name for path in (REPORTS / "figures").iterdir()} == expected


def test_the_committed_page_states_the_findings(shipped_report):
    page = unescape((REPORTS / "tariff-impact.html").read_text(encoding="utf-8"))
    for finding in shipped_report.findings:
        assert finding.text in page


def test_the_committed_page_names_the_program_and_the_data(shipped_report):
    data = tomllib.loads((ROOT / "data" / "version.toml").read_text(encoding="utf-8"))
    day = data["released_on"]
    named = (
        f"tariffimpact {version('tariffimpact')}, "
        f"data {data['version']} of {day.day} {day:%B} {day.year}"
    )
    assert shipped_report.made_with == named
    page = (REPORTS / "tariff-impact.html").read_text(encoding="utf-8")
    assert page.count(named) == 3, "the head, the first lines and the foot; run `make report`"
