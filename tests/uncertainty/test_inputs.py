"""Inputs: what is accepted, what is refused, and the quantile functions against SciPy's."""

import math

import numpy as np
import pytest
from scipy import stats

from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval
from tariffimpact.uncertainty import (
    Beta,
    Inputs,
    LogNormal,
    Normal,
    Pert,
    Triangular,
    Uniform,
    read_input,
)

SHARES = np.linspace(0.001, 0.999, 997)

ORACLES = [
    (Uniform(2.0, 5.0), stats.uniform(2, 3)),
    (Triangular(2.0, 3.0, 7.0), stats.triang(0.2, 2, 5)),
    (Triangular(2.0, 2.0, 7.0), stats.triang(0.0, 2, 5)),
    (Triangular(2.0, 7.0, 7.0), stats.triang(1.0, 2, 5)),
    (Normal(1.0, 0.5), stats.norm(1, 0.5)),
    (Normal(1.0, 0.5, low=0.8, high=3.0), stats.truncnorm(-0.4, 4, 1, 0.5)),
    (LogNormal(1.5, 0.3), stats.lognorm(0.3, scale=1.5)),
    (Beta(1.0, 4.0, 2.0, 5.0), stats.beta(2, 5, 1, 3)),
    (Pert(0.0, 2.0, 10.0), stats.beta(1.8, 4.2, 0, 10)),
]
NAMES = [repr(ours) for ours, _ in ORACLES]


@pytest.mark.parametrize(("ours", "theirs"), ORACLES, ids=NAMES)
def test_quantiles_are_scipys(ours, theirs):
    # 1e-9: both are closed forms or special functions to about machine precision
    np.testing.assert_allclose(ours.quantile(SHARES), theirs.ppf(SHARES), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("ours", "theirs"), ORACLES, ids=NAMES)
def test_samples_follow_the_distribution(ours, theirs):
    values = ours.sample(np.random.default_rng(4), 20_000)
    # the Kolmogorov-Smirnov distance of 20,000 values is above 0.0138 once in 1,000 seeds
    assert stats.kstest(values, theirs.cdf).statistic < 0.0138


@pytest.mark.parametrize(("ours", "theirs"), ORACLES, ids=NAMES)
def test_the_support_holds_every_sample(ours, theirs):
    values = ours.sample(np.random.default_rng(5), 10_000)
    assert ours.support.low <= values.min()
    assert values.max() <= ours.support.high
    assert ours.support == Interval(*theirs.support())


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (3, 3.0),
        ("0.5..0.7", Interval(0.5, 0.7)),
        ("0.6", 0.6),
        (Interval(0.6, 0.6), 0.6),
        ({"dist": "uniform", "low": 0, "high": 1}, Uniform(0.0, 1.0)),
        ({"dist": "triangular", "low": 0, "mode": 1, "high": 1}, Triangular(0.0, 1.0, 1.0)),
        ({"dist": "normal", "mean": 0, "sd": 1}, Normal(0.0, 1.0)),
        ({"dist": "normal", "mean": 0, "sd": 1, "low": -1, "high": 2}, Normal(0.0, 1.0, -1.0, 2.0)),
        ({"dist": "lognormal", "median": 2, "sigma": 1}, LogNormal(2.0, 1.0)),
        ({"dist": "beta", "low": 0, "high": 1, "alpha": 2, "beta": 3}, Beta(0.0, 1.0, 2.0, 3.0)),
        ({"dist": "pert", "low": 0, "mode": 1, "high": 2}, Pert(0.0, 1.0, 2.0)),
    ],
)
def test_every_way_of_writing_an_input(value, read):
    assert read_input(value, name="x") == read


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        ("0.7..0.5", "write the lower end first"),
        ("about half", "write 0.6 or 0.5..0.7"),
        (math.nan, "must be finite"),
        (math.inf, "must be finite"),
        (True, "is not a number"),
        (None, "is not a number"),
        ([1, 2], "is not a number"),
        ({"dist": "uniform", "low": 2, "high": 1}, "write low ≤ high"),
        ({"dist": "triangular", "low": 0, "mode": 2, "high": 1}, "write low ≤ mode ≤ high"),
        ({"dist": "triangular", "low": 0, "high": 1}, "lacks mode"),
        ({"dist": "trianglar", "low": 0, "high": 1}, "did you mean 'triangular'?"),
        ({"dist": "uniform", "low": 0, "hihg": 1}, "did you mean 'high'?"),
        ({"low": 0, "high": 1}, "dist must be one of"),
        ({"dist": "normal", "mean": 0, "sd": 0}, "sd must be above zero"),
        ({"dist": "normal", "mean": 0, "sd": 1, "low": 3, "high": 2}, "write low < high"),
        ({"dist": "normal", "mean": 0, "sd": 1, "low": 90, "high": 91}, "none of the probability"),
        ({"dist": "lognormal", "median": -1, "sigma": 1}, "median must be above zero"),
        ({"dist": "lognormal", "median": 1, "sigma": 1, "low": -1}, "must not be negative"),
        ({"dist": "beta", "low": 0, "high": 1, "alpha": 0, "beta": 1}, "alpha must be above zero"),
        ({"dist": "uniform", "low": -1e308, "high": 1e308}, "too wide"),
        ({"dist": "uniform", "low": 0, "high": "one"}, "is not a number"),
        ({"dist": "uniform", "low": 0, "high": math.inf}, "must be finite"),
    ],
)
def test_a_faulty_input_names_the_field_and_the_remedy(value, remedy):
    with pytest.raises(ModelError) as raised:
        read_input(value, name="customs_share")
    assert str(raised.value).startswith("customs_share: ")
    assert remedy in str(raised.value)


def test_all_faults_are_reported_at_once():
    with pytest.raises(ModelError) as raised:
        Inputs.read({"a": math.nan, "b": 1.0, "c": "2..1"})
    lines = str(raised.value).splitlines()
    assert [line[0] for line in lines] == ["a", "c"]


def test_no_inputs_at_all():
    with pytest.raises(ModelError, match="no inputs"):
        Inputs.read({})


def test_central_values():
    inputs = Inputs.read({"a": 2.0, "b": "1..3", "c": LogNormal(1.5, 0.2), "d": Uniform(4.0, 4.0)})
    assert inputs.central() == pytest.approx({"a": 2.0, "b": 2.0, "c": 1.5, "d": 4.0}, rel=1e-12)
    assert inputs.fixed == {"a": 2.0, "d": 4.0}


def test_an_open_interval_has_no_bound_and_no_spread():
    inputs = Inputs.read({"share": "0.5.."})
    with pytest.raises(ModelError, match=r"share: .*give the missing end"):
        inputs.supports()
    with pytest.raises(ModelError, match=r"share: .*give the missing end"):
        inputs.distributions()
    with pytest.raises(ModelError, match="cut a distribution's tails off"):
        Inputs.read({"share": Normal(0.5, 0.1)}).supports()
