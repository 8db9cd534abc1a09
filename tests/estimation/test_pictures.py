"""The charts draw the numbers they are given, and the report carries an estimate."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tariffimpact import charts
from tariffimpact.errors import DataError, ModelError
from tariffimpact.estimation import (
    Columns,
    Question,
    estimate,
    estimation_files,
    read_estimation,
)
from tariffimpact.estimation.pictures import pictures
from tariffimpact.release import shipped_folder
from tariffimpact.report import read_report
from tariffimpact.report.brief import brief_of_estimate
from tariffimpact.report.sections.estimates import estimate_section

pytestmark = pytest.mark.whole


@pytest.fixture(autouse=True)
def unseen():
    with charts.drawn_for(shown=False):
        yield


@pytest.fixture(scope="module")
def laundry():
    columns = Columns("item", price="value", treated="item", treated_value="Laundry equipment")
    panel = shipped_folder("data") / "panels" / "cpi_durables.csv"
    return estimate(panel, columns, Question(since="2018-03", event=True))


def test_the_groups_paths_are_their_indices(laundry):
    ax = laundry.plot()
    lines = {line.get_color(): line.get_ydata() for line in ax.lines if len(line.get_xdata()) > 2}
    base = laundry.start - 1
    for one, drawn in zip(laundry.indices, lines.values(), strict=True):
        assert drawn == pytest.approx(one.chained / one.chained[base] - 1, nan_ok=True)
    texts = [text.get_text() for text in ax.texts]
    assert "from 2018-03" in texts


def test_an_event_study_draws_each_effect_with_its_interval(laundry):
    frame = pd.DataFrame(
        {"periods_after": [-2, -1, 0, 1], "estimate": [0.01, 0.0, 0.05, 0.08],
         "low": [-0.01, 0.0, 0.03, 0.05], "high": [0.03, 0.0, 0.07, 0.11]}
    )  # fmt: skip
    ax = charts.event_effects(frame)
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [float(dot.get_ydata()[0]) for dot in dots] == list(frame["estimate"])
    reaches = [line for line in ax.lines if line.get_linewidth() == 1.6]
    assert [list(map(float, line.get_ydata())) for line in reaches] == [
        [low, high] for low, high in zip(frame["low"], frame["high"], strict=True)
    ]


def test_a_running_sum_draws_its_band():
    frame = pd.DataFrame({"periods_after": [0, 1, 2], "estimate": [0.2, 0.3, 0.4],
                          "low": [0.1, 0.2, 0.3], "high": [0.3, 0.4, 0.5]})  # fmt: skip
    ax = charts.cumulative_response(frame, full=0.5, full_label="customs share")
    line = next(line for line in ax.lines if line.get_linewidth() == 2.4)
    assert list(line.get_ydata()) == [0.2, 0.3, 0.4]
    assert any(text.get_text() == "customs share" for text in ax.texts)


def test_placebos_are_counted_and_the_estimate_marked():
    values = np.r_[0.5, np.linspace(-0.1, 0.1, 40)]
    frame = pd.DataFrame({"kind": ["estimate", *["placebo"] * 40], "value": values, "label": "x"})
    ax = charts.placebo_spread(frame)
    assert sum(bar.get_height() for bar in ax.patches) == 40
    assert ax.lines[0].get_xdata()[0] == 0.5
    with pytest.raises(ModelError, match="one row of kind estimate"):
        charts.placebo_spread(frame[1:])


@pytest.mark.parametrize("width", [None, charts.NARROW])
def test_nothing_reaches_beyond_the_figure(laundry, width):
    with charts.drawn_for(width=width):
        for picture in pictures(laundry):
            figure = picture.framed()
            box = figure.bbox
            for ax in figure.axes:
                tight = ax.get_tightbbox()
                assert tight.x0 >= box.x0 - 1
                assert tight.x1 <= box.x1 + 1, picture.name


@pytest.mark.parametrize("control", ["untreated", "synthetic"])
def test_an_answer_is_read_back_from_its_files_whole(control, tmp_path):
    columns = Columns("item", price="value", treated="item", treated_value="Laundry equipment",
                      window=(None, "2018-09"))  # fmt: skip
    panel = shipped_folder("data") / "panels" / "cpi_durables.csv"
    found = estimate(panel, columns, Question(since="2018-03", control=control))
    for name, content in estimation_files(found).items():
        (tmp_path / name).write_bytes(content)
    again = read_estimation(tmp_path)
    assert again.explain() == found.explain()
    assert estimation_files(again) == estimation_files(found)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"name": 1}', "\x00", '{"name": "x", "groups": 3}', "[" * 100_000]
)
def test_another_file_is_no_estimate(text, tmp_path):
    (tmp_path / "estimation.json").write_text(text)
    with pytest.raises(DataError, match=r"is not the record of an estimate; name the folder"):
        read_estimation(tmp_path)


def test_a_brief_of_an_estimate_says_the_groups_first(facts, laundry):
    found = brief_of_estimate(laundry, facts)
    assert found.answer.text == laundry.first_line
    own = laundry.groups[0]
    assert found.numbers[0] == ("Laundry equipment, own change", own.worded(own.change))
    assert found.figure.frame.equals(laundry.paths_frame())
    assert len(found.narrowing) == len(laundry.verdicts)


def test_a_section_of_an_estimate_says_the_groups_first(laundry):
    section = estimate_section(laundry)
    said = [getattr(block, "text", "") for block in section.blocks]
    assert section.title == "What the prices of cpi_durables say"
    assert said[0] == laundry.first_line
    figures = {block.name for block in section.blocks if hasattr(block, "draw")}
    assert figures >= {"estimate-1-groups", "estimate-1-event"}
    items = [item.text for block in section.blocks for item in getattr(block, "items", ())]
    assert any("One cluster is treated" in item for item in items)
    assert not any(str(Path(laundry.name).parent) in text for text in (*said, *items))


@pytest.mark.parametrize("companies", [("Sony",), pytest.param((), marks=pytest.mark.slow)])
def test_a_report_has_the_answers_in_the_folders_named(companies, laundry, tmp_path):
    (tmp_path / "estimation.json").write_bytes(estimation_files(laundry)["estimation.json"])
    document = read_report(companies=companies, estimates=(tmp_path, tmp_path))
    keys = [section.key for section in document.sections]
    assert [key for key in keys if key.startswith("estimate-")] == ["estimate-1", "estimate-2"]
    names = [figure.name for figure in document.figures]
    assert {"estimate-1-groups", "estimate-2-groups"} <= set(names)
    assert len(set(names)) == len(names)
