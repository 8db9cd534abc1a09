"""Sobol indices against closed forms, and the bootstrap against a plain one."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampled import examples
from tariffimpact.errors import ModelError
from tariffimpact.uncertainty import Normal, sobol
from tariffimpact.uncertainty.sobol import estimates


def by_input(found):
    return {index.input: index for index in found.indices}


def test_ishigami():
    """sin x1 + a sin² x2 + b x3⁴ sin x1 on [-π, π]³; indices by integration (Saltelli 2000)."""
    a, b = 7.0, 0.1
    inputs = dict.fromkeys(("x1", "x2", "x3"), (-math.pi, math.pi))
    found = by_input(
        sobol(
            lambda x1, x2, x3: np.sin(x1) + a * np.sin(x2) ** 2 + b * x3**4 * np.sin(x1),
            {name: {"dist": "uniform", "low": lo, "high": hi} for name, (lo, hi) in inputs.items()},
            seed=1,
        )
    )
    first = 0.5 * (1 + b * math.pi**4 / 5) ** 2
    third = b**2 * math.pi**8 * 8 / 225
    variance = first + a**2 / 8 + third
    # 0.005: Sobol points of N = 2^14; plain Monte Carlo would need 0.03
    assert found["x1"].first == pytest.approx(first / variance, abs=0.005)
    assert found["x2"].first == pytest.approx(a**2 / 8 / variance, abs=0.005)
    assert found["x3"].first == pytest.approx(0.0, abs=0.005)
    assert found["x1"].total == pytest.approx((first + third) / variance, abs=0.005)
    assert found["x2"].total == pytest.approx(a**2 / 8 / variance, abs=0.005)
    assert found["x3"].total == pytest.approx(third / variance, abs=0.005)


def test_the_g_function():
    """Sobol's g: product of (|4x - 2| + a)/(1 + a); V_i = 1/(3 (1 + a)²), products beyond."""
    weights = [0.0, 1.0, 4.5, 9.0, 99.0]
    names = [f"x{i}" for i in range(len(weights))]

    def g(**x):
        return np.prod(
            [(abs(4 * x[name] - 2) + a) / (1 + a) for name, a in zip(names, weights, strict=True)],
            axis=0,
        )

    found = by_input(sobol(g, dict.fromkeys(names, "0..1"), seed=2))
    own = np.array([1 / (3 * (1 + a) ** 2) for a in weights])
    variance = np.prod(1 + own) - 1
    for name, share in zip(names, own, strict=True):
        assert found[name].first == pytest.approx(share / variance, abs=0.01)
        rest = np.prod(1 + own) / (1 + share)
        assert found[name].total == pytest.approx(share * rest / variance, abs=0.01)


@examples(20)
@given(
    slopes=st.lists(st.floats(0.1, 10.0), min_size=1, max_size=5),
    spreads=st.lists(st.floats(0.1, 10.0), min_size=5, max_size=5),
    level=st.floats(-1e6, 1e6),
)
def test_a_linear_answer_shares_its_variance_by_squares(slopes, spreads, level):
    names = [f"x{i}" for i in range(len(slopes))]
    found = by_input(
        sobol(
            lambda **x: level + sum(k * x[name] for name, k in zip(names, slopes, strict=True)),
            {name: Normal(0.0, sd) for name, sd in zip(names, spreads, strict=False)},
            n=2**12, seed=1, bootstraps=10,
        )
    )  # fmt: skip
    parts = np.array([(k * sd) ** 2 for k, sd in zip(slopes, spreads, strict=False)])
    for name, share in zip(names, parts / parts.sum(), strict=True):
        assert found[name].first == pytest.approx(share, abs=0.03)
        assert found[name].total == pytest.approx(share, abs=0.03)


def test_estimates_are_the_formulas_row_by_row():
    generator = np.random.default_rng(1)
    a, b, ab = generator.normal(size=64), generator.normal(size=64), generator.normal(size=(3, 64))
    shares, mean, variance = estimates(a, b, ab, bootstraps=10, seed=1)
    centre = np.concatenate([a, b, *ab]).mean()
    assert mean == pytest.approx(centre, rel=1e-12)
    assert variance == pytest.approx(np.concatenate([a, b]).var(), rel=1e-12)
    for i in range(3):
        first = np.mean((b - centre) * (ab[i] - a)) / variance
        total = np.mean((a - ab[i]) ** 2) / 2 / variance
        assert shares[i, 0] == pytest.approx(first, rel=1e-10)
        assert shares[i, 2] == pytest.approx(total, rel=1e-10)


def test_the_product_of_counts_is_the_plain_bootstrap():
    """Resample rows one by one: the spread agrees as well as two bootstraps can."""
    generator = np.random.default_rng(1)
    a, b = generator.normal(size=500), generator.normal(size=500)
    ab = 0.7 * b + 0.3 * a
    shares, _, _ = estimates(a, b, ab[None, :], bootstraps=2000, seed=1)
    centre = np.concatenate([a, b, ab]).mean()
    plain = []
    for _ in range(2000):
        rows = generator.integers(0, 500, 500)
        variance = np.concatenate([a[rows], b[rows]]).var()
        plain.append(np.mean((a[rows] - ab[rows]) ** 2) / 2 / variance)
        assert centre is not None
    # a standard deviation from 2,000 resamples is good to 1.6%; two of them to 2.2%; four times
    assert shares[0, 3] / 1.959964 == pytest.approx(np.std(plain, ddof=1), rel=0.09)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    held = 0
    for seed in range(40):
        index = by_input(
            sobol(lambda a, b: 3 * a + 4 * b, {"a": "0..1", "b": "0..1"}, n=256, seed=seed)
        )["a"]
        held += 9 / 25 in index.total_interval
    assert held >= 36  # Sobol points are more even than the bootstrap takes them to be


def test_the_same_seed_gives_the_same_indices():
    def model(a, b):
        return a * b

    inputs = {"a": "0..1", "b": Normal(2.0, 1.0)}
    first, again = (sobol(model, inputs, n=256, seed=9) for _ in range(2))
    assert first.indices == again.indices
    assert first.indices != sobol(model, inputs, n=256, seed=10).indices


def test_rows_without_an_answer_are_counted():
    found = sobol(lambda x, y: np.where(x < 0.1, np.nan, x + y), {"x": "0..1", "y": "0..1"},
                  n=1024, seed=1)  # fmt: skip
    # a row goes if x is below 0.1 in A or in B: 0.19 of 1,024 rows
    assert found.undefined == pytest.approx(0.19 * 1024, abs=12)
    assert "sample rows" in found.summary()
    with pytest.raises(ModelError, match="narrow the inputs"):
        sobol(lambda x: np.where(x < 0.5, np.nan, x), {"x": "0..1"}, n=1024, seed=1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n": 1000, "seed": 1}, "power of two.*1024 would do"),
        ({"n": 0, "seed": 1}, "power of two"),
        ({"seed": -1}, "must not be negative"),
        ({"bootstraps": 3, "seed": 1}, "10 or more"),
    ],
)
def test_bad_options(options, words):
    with pytest.raises(ModelError, match=words):
        sobol(lambda x: x, {"x": "0..1"}, **options)


def test_nothing_varies():
    with pytest.raises(ModelError, match="no input varies"):
        sobol(lambda x: x, {"x": 1.0}, seed=1)
    with pytest.raises(ModelError, match="does not vary"):
        sobol(lambda x: 0 * x + 5, {"x": "0..1"}, n=64, seed=1)


def test_a_path_is_refused():
    with pytest.raises(ModelError, match="one figure of it"):
        sobol(lambda x: np.stack([x, x], axis=1), {"x": "0..1"}, n=64, seed=1)


def test_frame_progress_and_words():
    seen = []
    found = sobol(
        lambda a, b: 3 * a + 4 * b, {"a": "0..1", "b": "0..1"}, n=1024, seed=1,
        name="price", progress=lambda *at: seen.append(at),
    )  # fmt: skip
    assert seen[-1] == (4096, 4096)
    frame = found.to_frame()
    assert frame["input"].tolist() == ["b", "a"]
    assert (frame["total_low"] <= frame["total"]).all()
    assert (frame["first_high"] >= frame["first"]).all()
    assert found.summary().startswith("b accounts for 64% of the variance of the price")
    assert "Jansen 1999" in found.explain()
