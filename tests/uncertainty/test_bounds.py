"""Bounds: corners against grids, turns that must be noticed, answers that are missing."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampled import examples
from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval
from tariffimpact.uncertainty import Normal, Triangular, bounds, elementwise


def rate(*, tariff, dutiable, customs_share, caused, rise=50.0, price=500.0):
    return caused * rise / (tariff * dutiable * customs_share * price)


def test_the_known_answers_of_a_price_rise():
    """Fifty dollars on a $500 console; closed form of an expression monotone in each input."""
    found = bounds(
        rate,
        {"tariff": "0.15..0.20", "dutiable": 1, "customs_share": "0.50..0.97", "caused": 1},
    )
    assert found.low == pytest.approx(0.5155, abs=5e-5)
    assert found.high == pytest.approx(1.3333, abs=5e-5)
    assert found.method == "vertices"
    assert found.low_at == {"tariff": 0.2, "dutiable": 1.0, "customs_share": 0.97, "caused": 1.0}
    assert found.high_at["customs_share"] == 0.5
    assert found.high_at["tariff"] == 0.15


intervals = st.tuples(st.floats(0.05, 2.0), st.floats(0.0, 1.0)).map(
    lambda pair: Interval(pair[0], pair[0] + pair[1])
)


@examples(40)
@given(a=intervals, b=intervals, c=intervals)
def test_corners_are_the_ends_of_a_fine_grid(a, b, c):
    def model(a, b, c):
        return a * np.exp(-b) / c - a  # falls with b and c; rises or falls with a: linear in it

    found = bounds(model, {"a": a, "b": b, "c": c})
    grids = [np.linspace(span.low, span.high, 21) for span in (a, b, c)]
    values = model(*np.meshgrid(*grids, indexing="ij"))
    assert found.method == "vertices"
    # the grid holds the corners; 1e-12 is rounding
    assert found.low == pytest.approx(values.min(), rel=1e-12, abs=1e-12)
    assert found.high == pytest.approx(values.max(), rel=1e-12, abs=1e-12)
    for value, at in ((found.low, found.low_at), (found.high, found.high_at)):
        assert model(**at) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("turn", [0.02, 0.3, 0.5, 0.77, 0.97])
def test_a_turn_is_noticed_and_its_bottom_found(turn):
    found = bounds(lambda x, y: (x - turn) ** 2 + y, {"x": "0..1", "y": "2..3"})
    assert found.method == "search"
    assert found.turns_in == ("x",)
    # 1e-8: the minimiser's step tolerance, squared by the parabola
    assert found.low == pytest.approx(2.0, abs=1e-8)
    assert found.low_at["x"] == pytest.approx(turn, abs=1e-4)
    assert found.low_at["y"] == 2.0
    assert found.high == pytest.approx(max(turn, 1 - turn) ** 2 + 3, rel=1e-12)
    assert "both rises and falls with x" in found.summary()


@examples(15)
@given(
    centre=st.lists(st.floats(0.1, 0.9), min_size=2, max_size=4),
)
def test_the_search_finds_kinks(centre):
    names = [f"x{i}" for i in range(len(centre))]

    def tent(**inputs):
        return sum(abs(inputs[name] - at) for name, at in zip(names, centre, strict=True))

    found = bounds(tent, dict.fromkeys(names, "0..1"))
    assert found.method == "search"
    assert found.low == pytest.approx(0.0, abs=1e-4)
    assert found.high == pytest.approx(sum(max(at, 1 - at) for at in centre), rel=1e-9)


def test_the_search_beats_a_fine_grid_on_a_wavy_answer():
    def wavy(x, y):
        return np.sin(7 * x) * np.cos(5 * y) + 0.3 * x

    grid = np.linspace(0, 2, 1001)
    values = wavy(grid[:, None], grid[None, :])
    found = bounds(wavy, {"x": "0..2", "y": "0..2"})
    assert found.low <= values.min() + 1e-9
    assert found.high >= values.max() - 1e-9


def test_an_answer_that_is_missing_in_part_is_searched_and_said():
    def root(x):
        with np.errstate(invalid="ignore"):
            return np.sqrt(np.asarray(x))

    found = bounds(root, {"x": "-1..4"})
    assert found.method == "search"
    assert found.undefined > 0
    assert found.high == 2.0
    assert found.low == pytest.approx(0.0, abs=1e-2)
    assert "have no answer" in found.summary()


def test_the_search_follows_the_edge_of_where_there_is_an_answer():
    """The highest price that holds profit under linear demand lies where the root is double.

    With margin m, elasticity e and rise r over the old price, (sqrt(1/e) - sqrt(r))^2 = m there,
    and the price ratio is 1 + sqrt(r/e) = 1 + sqrt(r) (sqrt(r) + sqrt(m)): highest at the largest
    r and m, at an elasticity inside its range.
    """

    def held(*, tariff, customs_share, cost_share, elasticity):
        rise, margin = tariff * customs_share, 1 - cost_share
        b = 1 / elasticity - margin + rise
        with np.errstate(invalid="ignore"):
            return 1 + (b - np.sqrt(b * b - 4 * rise / elasticity)) / 2

    found = bounds(
        held,
        {
            "customs_share": "0.50..0.97",
            "tariff": "0.15..0.20",
            "cost_share": "0.90..0.97",
            "elasticity": "1.2..3",
        },
    )
    assert found.method == "search"
    assert found.undefined > 0
    best = 1 + np.sqrt(0.194) * (np.sqrt(0.194) + np.sqrt(0.1))
    assert found.high <= best + 1e-9
    # 1e-4: near the edge the price falls off as the square root of the distance from it
    assert found.high == pytest.approx(best, rel=1e-4)


def test_no_answer_anywhere():
    found = bounds(lambda x: np.full_like(x, np.nan), {"x": "0..1"}, name="price")
    assert not found.has_answer
    assert found.undefined == found.tried
    assert found.summary().startswith("There is no price: none of")
    assert found.to_frame()["value"].isna().all()
    for ask in (lambda: found.interval, found.plot):
        with pytest.raises(ModelError, match="There is no price"):
            ask()


def test_an_infinite_end_is_an_answer():
    found = bounds(lambda share: 1 / share, {"share": "0..1"})
    assert found.interval == Interval(1.0, np.inf)
    assert found.method == "vertices"


def test_one_number_in_one_number_out():
    found = bounds(lambda x, y: x + y, {"x": 1, "y": 2}, name="sum")
    assert found.interval == Interval(3.0, 3.0)
    assert found.summary() == "The sum is 3, whatever the inputs are."


def test_an_input_that_moves_nothing_is_not_named():
    found = bounds(lambda x, y: x + 0 * y, {"x": "0..1", "y": "0..1"}, name="sum")
    assert found.idle == ("y",)
    assert "lowest at x 0, highest at x 1" in found.summary()


def test_distributions_count_by_their_ends():
    found = bounds(lambda x: -x, {"x": Triangular(1.0, 2.0, 5.0)})
    assert found.interval == Interval(-5.0, -1.0)
    with pytest.raises(ModelError, match=r"x: .*give the missing end"):
        bounds(lambda x: -x, {"x": Normal(0.0, 1.0)})
    cut = bounds(lambda x: -x, {"x": Normal(0.0, 1.0, low=-2.0, high=1.0)})
    assert cut.interval == Interval(-1.0, 2.0)


def test_many_inputs_use_the_corners_the_slopes_point_to():
    names = [f"x{i:02}" for i in range(18)]
    signs = dict(zip(names, itertools.cycle([1, -1]), strict=False))
    found = bounds(
        lambda **x: sum(signs[name] * x[name] for name in names), dict.fromkeys(names, "0..1")
    )
    assert found.interval == Interval(-9.0, 9.0)
    assert found.method == "vertices"


def test_a_model_of_plain_numbers():
    def no_price(*, duty):
        if duty > 3:
            raise ModelError("no price does")
        return 100 + duty

    found = bounds(elementwise(no_price), {"duty": "0..2"})
    assert found.interval == Interval(100.0, 102.0)
    partly = bounds(elementwise(no_price), {"duty": "0..4"})
    assert partly.method == "search"
    assert partly.high == pytest.approx(103.0, abs=1e-3)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda x: np.zeros((3, 3)), "answered with shape"),
        (lambda x: "much", "not numbers"),
    ],
)
def test_a_model_that_answers_otherwise(model, words):
    with pytest.raises(ModelError, match=words):
        bounds(model, {"x": "0..1"})


def test_frame_and_explanation():
    found = bounds(lambda x, y: x - y, {"x": "1..2", "y": "0..1"}, name="gap", unit="USD")
    frame = found.to_frame()
    assert frame["end"].tolist() == ["low", "high"]
    assert frame["value"].tolist() == [0.0, 2.0]
    assert frame["x"].tolist() == [1.0, 2.0]
    assert found.summary() == (
        "The gap is $0 to $2: lowest at x 1 and y 1, highest at x 2 and y 0 "
        "(exact, at corners of the ranges)."
    )
    assert "tested, not proved" in found.explain()
