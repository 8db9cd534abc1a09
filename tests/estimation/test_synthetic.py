"""The synthetic control: weights against another optimiser, and a truth planted in the panel."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from tariffimpact.errors import ModelError
from tariffimpact.estimation import simplex_weights, synthetic_control


@given(seed=st.integers(0, 10_000), periods=st.integers(2, 30), donors=st.integers(2, 12))
def test_weights_meet_the_conditions_of_a_minimum(seed, periods, donors):
    """On the simplex; no donor with weight could be swapped for one with a smaller gradient."""
    rng = np.random.default_rng(seed)
    target, pool = rng.normal(50, 9, periods), rng.normal(50, 9, (periods, donors))
    weights = simplex_weights(target, pool)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    gradient = pool.T @ (pool @ weights - target)
    slack = gradient - gradient.min()
    scale = np.abs(pool.T @ pool).max()
    assert weights @ slack <= 1e-9 * scale


def test_weights_equal_those_of_a_general_optimiser():
    rng = np.random.default_rng(1)
    target, pool = rng.normal(5, 1, 15), rng.normal(5, 1, (15, 6))
    other = optimize.minimize(
        lambda w: np.sum((pool @ w - target) ** 2), np.full(6, 1 / 6), method="SLSQP",
        bounds=[(0, 1)] * 6, constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 500},
    )  # fmt: skip
    assert simplex_weights(target, pool) == pytest.approx(other.x, abs=1e-5)


def planted(effect=-4.0, periods=30, start=20):
    rng = np.random.default_rng(3)
    factors = rng.normal(0, 1, (periods, 3)).cumsum(axis=0)
    donors = 100 + factors @ rng.normal(0, 1, (3, 12)) + rng.normal(0, 0.3, (periods, 12))
    own = donors[:, :3] @ [0.5, 0.3, 0.2]
    own[start:] += effect
    values = np.column_stack([own, donors])
    labels = [str(1970 + n) for n in range(periods)]
    return pd.DataFrame(values, index=labels, columns=["own", *(f"d{n}" for n in range(12))])


def test_finds_the_mix_and_the_effect_that_were_planted():
    frame = planted()
    found = synthetic_control(frame, np.array([True] + [False] * 12), 20)
    weights = found.weighted()
    assert weights == pytest.approx({"d0": 0.5, "d1": 0.3, "d2": 0.2}, abs=1e-5)
    assert found.effect == pytest.approx(-4.0, abs=1e-6)
    assert found.fit_error == pytest.approx(0.0, abs=1e-6)
    assert found.p_value == pytest.approx(1 / 13)  # no placebo's gap grows as much
    assert len(found.placebo_gaps) == 12


def test_a_unit_with_a_hole_does_not_serve_and_is_named():
    frame = planted()
    frame.iloc[4, 3] = np.nan
    found = synthetic_control(frame, np.array([True] + [False] * 12), 20)
    assert found.left_out == ("d2",)
    assert "d2" not in found.donors


@pytest.mark.parametrize(
    ("change", "start", "words"),
    [
        (lambda f: f, 1, "two periods before"),
        (lambda f: f.iloc[:, :2], 20, "needs two"),
        (lambda f: f.assign(own=np.nan), 20, "none of the 1 treated"),
    ],
)
def test_what_cannot_be_weighed_is_refused(change, start, words):
    frame = change(planted())
    treated = np.array([True] + [False] * (frame.shape[1] - 1))
    with pytest.raises(ModelError, match=words):
        synthetic_control(frame, treated, start)
