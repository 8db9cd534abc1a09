"""The tornado: ends, order, turns, and what is refused."""

import numpy as np
import pytest

from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval
from tariffimpact.uncertainty import Normal, tornado


def test_a_linear_answer_swings_by_slope_times_range():
    found = tornado(lambda a, b, c: a + 10 * b - 2 * c, {"a": "0..4", "b": "1..2", "c": 3.0})
    frame = found.to_frame()
    assert frame["input"].tolist() == ["b", "a"]
    assert frame["low_output"].tolist() == [6.0, 9.0 - 0.0]
    assert frame["high_output"].tolist() == [16.0, 13.0]
    assert found.base == 2 + 15 - 6
    assert not frame["turns"].any()


def test_a_distribution_is_crossed_between_its_tails():
    swing = tornado(lambda x: x, {"x": Normal(0.0, 1.0)}).swings[0]
    assert (swing.low_input, swing.high_input) == pytest.approx((-1.6449, 1.6449), abs=1e-4)


def test_a_turn_on_the_way_widens_the_swing():
    found = tornado(lambda x, y: (x - 0.5) ** 2 + 0.1 * y, {"x": "0..1", "y": "0..1"})
    swing = found.swings[0]
    assert swing.input == "x"
    assert swing.turns
    assert swing.low_output == swing.high_output
    assert swing.reach.width == pytest.approx(0.25, rel=1e-12)


def test_the_base_can_be_given():
    found = tornado(lambda x, y: x * y, {"x": "1..1.5", "y": "0..1"}, base={"x": 1.0})
    assert found.base == 0.5
    assert found.swings[0].reach == Interval(0.0, 1.0)
    with pytest.raises(ModelError, match="base names z"):
        tornado(lambda x: x, {"x": "0..1"}, base={"z": 1.0})


def test_an_end_without_an_answer_is_shown_as_missing():
    found = tornado(lambda x: np.where(np.asarray(x) > 0.9, np.nan, x), {"x": "0..1"})
    swing = found.swings[0]
    assert np.isnan(swing.high_output)
    assert swing.reach.high == pytest.approx(0.875)


def test_what_cannot_be_drawn():
    with pytest.raises(ModelError, match="no input varies"):
        tornado(lambda x: x, {"x": 1.0})


def test_no_answer_at_base():
    found = tornado(lambda x: np.where(np.asarray(x) < 0.6, np.nan, x), {"x": "0..1"}, name="price")
    assert np.isnan(found.base)
    assert found.summary().startswith("At base there is no price; x moves it most")
    with pytest.raises(ModelError, match="no price at base"):
        found.plot()
    nowhere = tornado(lambda x: x * np.nan, {"x": "0..1"}, name="price")
    assert nowhere.swings[0].reach is None
    assert nowhere.to_frame()["lowest"].isna().all()
    assert "nor anywhere" in nowhere.summary()


def test_an_answer_that_stands_still():
    assert tornado(lambda x: 0 * x + 5, {"x": "0..1"}).summary() == (
        "At base the result is 5, and no input moves it."
    )


def test_words():
    found = tornado(lambda x: 2 * x, {"x": "0..1"}, unit="USD", name="price")
    assert found.summary().startswith("At base the price is $1; x moves it most: $0 to $2")
    assert "One input moves at a time" in found.explain()
