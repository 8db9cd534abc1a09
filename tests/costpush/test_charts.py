"""The charts of the cost push: the numbers read back off the marks."""

import pandas as pd
import pytest

from tariffimpact import charts
from tariffimpact.costpush import compare_prices, cost_push, read_accounts, realised_change
from tariffimpact.costpush.categories import OWN
from tariffimpact.errors import ModelError


@pytest.fixture(scope="module")
def answer():
    accounts = read_accounts()
    return cost_push(accounts, realised_change(accounts, month="2025-12", base="2024"))


@pytest.fixture(autouse=True)
def unseen():
    with charts.drawn_for(shown=False):
        yield


def dots(ax):
    return sorted(float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() == "o")


def test_each_category_has_two_dots_at_its_rises(answer):
    frame = answer.categories.query("core_goods").nlargest(5, "constant_percent_high")
    ax = charts.margin_dots(frame)
    expected = [*frame["constant_dollar_low"], *frame["constant_percent_low"]]
    assert dots(ax) == pytest.approx(sorted(expected))


def test_a_range_is_a_bar_from_end_to_end():
    row = {"name": "Cars", "constant_dollar_low": 0.02, "constant_dollar_high": 0.05,
           "constant_percent_low": 0.08, "constant_percent_high": 0.11}  # fmt: skip
    ax = charts.margin_dots(pd.DataFrame([row]))
    bars = [(p.get_x(), p.get_x() + p.get_width()) for p in ax.patches]
    assert bars == [pytest.approx((0.02, 0.05)), pytest.approx((0.08, 0.11))]
    assert {"2.0–5.0%", "8.0–11.0%"} <= {text.get_text() for text in ax.texts}


def test_where_duties_fall_the_words_change_sides():
    row = {"name": "Cars", "constant_dollar_low": -0.02, "constant_dollar_high": -0.02,
           "constant_percent_low": -0.05, "constant_percent_high": -0.05}  # fmt: skip
    ax = charts.margin_dots(pd.DataFrame([row]))
    sides = {text.get_text(): text.get_ha() for text in ax.texts}
    assert (sides["\N{MINUS SIGN}2.0%"], sides["\N{MINUS SIGN}5.0%"]) == ("left", "right")


def test_the_map_of_inputs_sums_to_the_rise_of_each_category(answer):
    frame = answer.mapped_inputs(4)
    sums = frame.groupby("category")["value"].sum()
    rises = answer.categories.set_index("name")["constant_dollar_low"]
    assert sums.to_numpy() == pytest.approx(rises[sums.index].to_numpy())
    ax = charts.input_map(frame, own=OWN)
    heads = [label.get_text().replace("\n", " ") for label in ax.get_xticklabels()]
    assert heads[-2:] == [OWN, "In all"]
    bold = [text.get_text() for text in ax.texts if text.get_fontweight() == "bold"]
    assert bold == [f"{100 * value:.1f}" for value in frame.groupby("category", sort=False)[
        "value"].sum()]  # fmt: skip


def test_each_item_stands_at_its_two_rises_and_the_slopes_are_written(answer):
    compared = compare_prices(answer, start="2024-12", end="2025-12")
    ax = compared.plot()
    marks = sorted(tuple(map(float, c.get_offsets()[0])) for c in ax.collections)
    frame = compared.frame
    expected = sorted(zip(frame["constant_dollar"], frame["seen"], strict=True))
    assert [x for pair in marks for x in pair] == pytest.approx([x for p in expected for x in p])
    words = " ".join(text.get_text() for text in ax.texts)
    assert f"{compared.slope().slope:.2f}".replace("-", "\N{MINUS SIGN}") in words


def test_slopes_stand_at_their_months():
    frame = pd.DataFrame(
        {"start": ["2025-01", "2025-02"] * 2, "series": "Seen", "weighted": [False, False, True,
         True], "slope": [0.1, 0.2, 0.3, 0.4], "standard_error": 0.05}
    )  # fmt: skip
    ax = charts.slopes_by_start(frame, end="December 2025")
    assert [list(line.get_ydata()) for line in ax.lines[:2]] == [[0.1, 0.2], [0.3, 0.4]]
    assert ax.lines[1].get_linestyle() == "--"
    assert [label.get_text() for label in ax.get_xticklabels()] == ["Jan\n2025", "Feb"]


@pytest.mark.parametrize(
    "name", ["margin_dots", "input_map", "predicted_and_seen", "slopes_by_start"]
)
def test_a_frame_without_its_columns_is_refused_by_name(name):
    arguments = [pd.DataFrame({"x": [1]})] * (2 if name == "predicted_and_seen" else 1)
    with pytest.raises(ModelError, match=f"{name} needs the columns"):
        getattr(charts, name)(*arguments)
