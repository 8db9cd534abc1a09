"""Draws: the same seed, the same bytes; nothing dropped in silence; the right distribution."""

import numpy as np
import pytest
from scipy import stats

from tariffimpact.errors import ModelError
from tariffimpact.uncertainty import LogNormal, Normal, Pert, Triangular, draws, elementwise

INPUTS = {
    "a": Normal(1.0, 0.2),
    "b": Triangular(0.0, 1.0, 3.0),
    "c": "0.5..0.7",
    "d": Pert(0.0, 1.0, 2.0),
    "e": LogNormal(1.0, 0.1),
    "f": 2.0,
}


def product(a, b, c, d, e, f):
    return a * b * c * d * e * f


def test_the_same_seed_gives_the_same_bytes_whatever_the_chunk():
    first = draws(product, INPUTS, n=50_000, seed=1)
    again = draws(product, INPUTS, n=50_000, seed=1, chunk=777)
    other = draws(product, INPUTS, n=50_000, seed=2)
    assert first.values.tobytes() == again.values.tobytes()
    assert first.values.tobytes() != other.values.tobytes()


def test_an_input_keeps_its_draws_when_others_come_and_go():
    alone = draws(lambda a: a, {"a": INPUTS["a"]}, n=1000, seed=3)
    among = draws(lambda **x: x["a"], dict(reversed(INPUTS.items())), n=1000, seed=3)
    assert alone.values.tobytes() == among.values.tobytes()


def test_inputs_are_independent():
    a = draws(lambda **x: x["a"], INPUTS, n=100_000, seed=3).values
    b = draws(lambda **x: x["b"], INPUTS, n=100_000, seed=3).values
    # the correlation of 100,000 independent pairs has a standard error of 0.0032
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.013


def test_a_sum_of_normals_is_normal():
    found = draws(
        lambda x, y: x + y, {"x": Normal(1.0, 3.0), "y": Normal(2.0, 4.0)}, n=200_000, seed=5
    )
    truth = stats.norm(3, 5)
    # a quantile's standard error is sqrt(q(1-q)/n)/density: below 0.025 here; four of them
    for share in (0.05, 0.25, 0.5, 0.75, 0.95):
        assert found.quantile(share) == pytest.approx(truth.ppf(share), abs=0.1)
    assert found.to_frame().loc[0, "mean"] == pytest.approx(3.0, abs=0.045)


def test_answers_that_are_missing_are_counted():
    found = draws(
        lambda x: np.where(x < 0.25, np.nan, np.where(x > 0.75, np.inf, x)),
        {"x": "0..1"}, n=40_000, seed=1, name="price",
    )  # fmt: skip
    assert found.undefined == np.count_nonzero(~np.isfinite(found.values))
    assert found.undefined == pytest.approx(20_000, abs=400)  # four standard errors
    assert f"{found.undefined:,} of 40,000 draws" in found.summary()
    assert found.to_frame().loc[0, "undefined"] == found.undefined
    assert 0.25 <= found.interval(1.0).low <= found.interval(1.0).high <= 0.75


def test_errors_of_single_draws_are_counted():
    def no_price(*, x):
        if x > 0.5:
            raise ModelError("no price does")
        return x

    found = draws(elementwise(no_price), {"x": "0..1"}, n=1000, seed=1)
    assert 400 < found.undefined < 600


def test_no_answer_at_all():
    found = draws(lambda x: x * np.nan, {"x": "0..1"}, n=100, seed=1, name="price")
    assert found.summary() == "There is no price: none of 100 draws has an answer."
    assert found.to_frame()[["p05", "p95", "mean"]].isna().all(axis=None)
    with pytest.raises(ModelError, match="There is no price"):
        found.interval()


def test_a_path_gives_a_fan():
    months = np.arange(4)

    def path(level, slope):
        return np.asarray(level) + np.multiply.outer(slope, months)

    found = draws(path, {"level": 2.0, "slope": "0..1"}, n=10_000, seed=1, steps=months, chunk=999)
    frame = found.to_frame()
    assert frame["x"].tolist() == [0, 1, 2, 3]
    assert frame.loc[0, "p05"] == frame.loc[0, "p95"] == 2.0
    np.testing.assert_allclose(frame["p95"], 2 + 0.95 * months, atol=0.03)
    assert " at step 3 " in found.summary()
    with pytest.raises(ModelError, match="at each step"):
        found.interval()


def test_progress_reaches_the_end():
    seen = []
    draws(product, INPUTS, n=1000, seed=1, chunk=300, progress=lambda *at: seen.append(at))
    assert seen == [(300, 1000), (600, 1000), (900, 1000), (1000, 1000)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n": 0, "seed": 1}, "must be 1 or more"),
        ({"chunk": 0, "seed": 1}, "must be 1 or more"),
        ({"seed": -1}, "must not be negative"),
        ({"seed": 1, "steps": (1, 2)}, "exactly when it answers with a path"),
    ],
)
def test_bad_options(options, words):
    with pytest.raises(ModelError, match=words):
        draws(product, INPUTS, **options)


def test_no_inputs_vary():
    found = draws(lambda x: x + 1, {"x": 1.0}, n=10, seed=0)
    assert found.values.tolist() == [2.0] * 10
    assert found.summary() == "The result is 2 in every draw."
    path = draws(lambda x: np.array([x, 2 * x]), {"x": 1.0}, n=3, seed=0, steps=(0, 1))
    assert path.values.tolist() == [[1.0, 2.0]] * 3
    assert "seed 0" in found.explain()


def test_values_cannot_be_changed():
    found = draws(lambda x: x + 1, {"x": "0..1"}, n=10, seed=0)
    with pytest.raises(ValueError, match="read-only"):
        found.values[0] = 1.0
