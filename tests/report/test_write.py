"""A report is written whole, the same way every time."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from sample import FORMULA

from tariffimpact import writing
from tariffimpact.errors import ModelError
from tariffimpact.report.content import Document
from tariffimpact.report.write import write_report


@pytest.fixture(scope="module")
def written(document: Document, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return write_report(document, tmp_path_factory.mktemp("report"))


def test_report_and_figures_are_there(written: tuple[Path, ...], document: Document) -> None:
    folder = written[0].parent
    figures = [f"figures/{f.name}.{e}" for f in document.figures for e in ("svg", "png", "csv")]
    expected = ["tariff-impact.html", "tariff-impact.pdf", *figures]
    assert [str(file.relative_to(folder)) for file in written] == expected
    assert sorted(p for p in folder.rglob("*") if p.is_file()) == sorted(written)


def test_the_numbers_behind_a_figure_are_beside_it(
    written: tuple[Path, ...], document: Document
) -> None:
    folder = written[0].parent / "figures"
    for figure in document.figures:
        content = (folder / f"{figure.name}.csv").read_bytes()
        assert content == writing.csv_bytes(figure.frame)


def test_the_shared_picture_says_what_it_shows(
    written: tuple[Path, ...], document: Document
) -> None:
    svg = (written[0].parent / "figures/console-prices.svg").read_text(encoding="utf-8")
    assert document.figures[0].title in svg
    assert "Source: Sony" in svg


def test_twice_the_same_bytes(
    written: tuple[Path, ...], document: Document, tmp_path: Path
) -> None:
    again = write_report(document, tmp_path)
    assert [file.read_bytes() for file in again] == [file.read_bytes() for file in written]


def test_progress_counts_every_step(document: Document, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    write_report(document, tmp_path, ["pdf"], lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]  # two figures, the PDF, the folder
    assert not (tmp_path / "tariff-impact.html").exists()


def test_an_unknown_format_is_an_error_that_says_which_there_are(
    document: Document, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="no format docx; use html or pdf"):
        write_report(document, tmp_path, ["html", "docx"])
    assert not list(tmp_path.iterdir())


def test_a_chart_that_fails_leaves_the_old_report_alone(document: Document, tmp_path: Path) -> None:
    old = tmp_path / "tariff-impact.html"
    old.write_text("the old report", encoding="utf-8")

    def fail() -> None:
        raise ModelError("no chart today")

    broken = dataclasses.replace(document.figures[1], draw=fail)
    section = dataclasses.replace(document.sections[0], blocks=(document.figures[0], broken))
    with pytest.raises(ModelError, match="no chart today"):
        write_report(dataclasses.replace(document, sections=(section,)), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["tariff-impact.html"]
    assert old.read_text(encoding="utf-8") == "the old report"


def test_a_formula_in_a_frame_is_text_in_the_csv(document: Document, tmp_path: Path) -> None:
    figure = document.figures[0]
    frame = figure.frame.assign(product=FORMULA)
    section = dataclasses.replace(
        document.sections[0], blocks=(dataclasses.replace(figure, frame=frame),)
    )
    write_report(dataclasses.replace(document, sections=(section,)), tmp_path, [])
    lines = (tmp_path / "figures/console-prices.csv").read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("'=") for line in lines[1:])
