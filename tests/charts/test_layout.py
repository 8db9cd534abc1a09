"""No label over another, none outside the figure; the same bytes twice; nothing left changed."""

import contextlib
import io
import subprocess
import sys

import matplotlib
import matplotlib.pyplot as plt
import pytest
from matplotlib.text import Text

from tariffimpact import charts
from tariffimpact.errors import ModelError

TITLE = "A finding in $ and ^ long enough to need a second line, because findings are sentences"


SLOW = [pytest.param(count, marks=pytest.mark.slow) for count in (3, 8)]


@pytest.mark.parametrize("count", [1, *SLOW, pytest.param(16, marks=pytest.mark.slow)])
def test_labels_stand_apart(draw, layout, count):
    ax = draw(count)
    assert layout(ax) == []


@pytest.mark.parametrize("count", [*SLOW, 6, pytest.param(16, marks=pytest.mark.slow)])
def test_nasty_names_are_printed_apart_and_as_text(draw, layout, count):
    ax = draw(count, nasty=True)
    assert layout(ax) == []
    charts.png(ax.figure, 60)


@pytest.mark.parametrize("count", [*SLOW, 1, pytest.param(12, marks=pytest.mark.slow)])
def test_labels_stand_apart_on_a_narrow_screen(draw, layout, count):
    with charts.drawn_for(width=charts.NARROW):
        ax = draw(count)
    assert ax.figure.get_figwidth() == pytest.approx(charts.NARROW)
    assert layout(ax) == []


TIGHT = {
    "price_rules": "notes of rules are the program's own; ninety wide letters have no room",
    "fan": "a name of three lines touches the number below it by 2 pixels",
}


@pytest.mark.whole
def test_nasty_names_stand_apart_on_a_narrow_screen(draw, layout):
    with charts.drawn_for(width=charts.NARROW):
        ax = draw(6, nasty=True)
    faults = layout(ax)
    if draw.__name__ in TIGHT:
        assert faults, "it fits now: take it off the list"
        pytest.xfail(TIGHT[draw.__name__])
    assert faults == []


def test_framed_charts_keep_their_labels_apart(draw, layout):
    ax = draw(4)
    bare = ax.figure.get_figheight()
    figure = charts.framed(ax, title=TITLE, subtitle="任天堂, $", source="Another source")
    assert layout(ax) == []
    assert figure is ax.figure
    assert figure.get_figheight() > bare
    lines = {text.get_gid(): text.get_text() for text in figure.texts}
    assert lines["title"].replace("\n", " ") == TITLE
    assert lines["title"].count("\n") == 1
    assert lines["subtitle"] == "???, $"
    assert lines["source"] == "Source: Another source"


@pytest.mark.whole
def test_same_chart_same_bytes_whatever_the_callers_parameters(draw):
    def images(figure):
        return charts.png(figure, 60), charts.svg(figure, name="x", alt="y")

    figure = draw(4, nasty=True).figure
    first = images(figure)
    assert charts.svg(figure, name="x", alt="y") == first[1]
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "lines.marker": "x"}):
        assert images(draw(4, nasty=True).figure) == first


def test_nothing_of_the_callers_changes(draw):
    before, shown = dict(matplotlib.rcParams), plt.get_fignums()
    draw(3)
    assert dict(matplotlib.rcParams) == before
    assert plt.get_fignums() == shown


def test_a_chart_of_its_own_is_pyplots_so_that_a_notebook_shows_it():
    import pandas as pd

    frame = pd.DataFrame({"label": ["a"], "low": [1], "high": [2]})
    plt.close("all")
    ax = charts.range_bars(frame)
    assert [plt.figure(number) for number in plt.get_fignums()] == [ax.figure]
    with charts.drawn_for(shown=False):
        charts.range_bars(frame)
    assert len(plt.get_fignums()) == 1
    plt.close("all")


def test_bytes_are_the_same_in_another_process():
    script = (
        "import pandas as pd; from tariffimpact import charts; import hashlib; "
        "ax = charts.range_bars(pd.DataFrame({'label': ['a'], 'low': [1], 'high': [2]}));"
        "print(hashlib.sha256(charts.svg(ax.figure, name='x', alt='y').encode()).hexdigest())"
    )
    there = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    with contextlib.redirect_stdout(io.StringIO()) as here:
        exec(script, {})
    assert there.stdout == here.getvalue()
    assert len(there.stdout) == 65


def test_axes_of_the_caller_are_drawn_on_and_kept():
    import pandas as pd

    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4), layout="constrained")
    try:
        frame = pd.DataFrame({"label": ["$_{ $"], "low": [0.5], "high": [1.5]})
        place = right.get_position().bounds
        assert charts.range_bars(frame, x_label="$^$", ax=right, source="A report") is right
        assert right.get_position().bounds == place
        assert not left.texts
        ours = [right.xaxis.label, *right.yaxis.get_majorticklabels()]
        assert all(not text.get_parse_math() for text in ours)
        assert {text.get_fontfamily()[0] for text in ours} == {"Source Sans Pro"}
        figure.canvas.draw()
        assert [t.get_text() for t in right.texts if t.get_gid() == "source"] == [
            "Source: A report"
        ]
        with pytest.raises(ModelError, match="of its own"):
            charts.framed(right, title="x")
    finally:
        plt.close(figure)


def test_checker_sees_an_overlap_and_a_label_outside(draw, layout):
    ax = draw(2)
    box = ax.figure.texts[0]
    ax.figure.add_artist(Text(*box.get_position(), "on top of it", va="top"))
    ax.figure.add_artist(Text(0.9, 1.0, "over the edge", va="center"))
    faults = layout(ax)
    assert any("on top of it" in fault and "overlaps" in fault for fault in faults)
    assert any("'over the edge' leaves the figure" in fault for fault in faults)
