"""The wild cluster bootstrap against wildboottest, draw by draw, and the other robustness."""

import numpy as np
import pytest

from tariffimpact.errors import ModelError
from tariffimpact.estimation import Effects, blocks_of, fit, robustness, wild_bootstrap

pytestmark = pytest.mark.whole

CLUSTERS = 12


def few_clusters(seed=1, effect=0.3):
    rng = np.random.default_rng(seed)
    unit, time = np.repeat(np.arange(48), 10), np.tile(np.arange(10), 48)
    kept = rng.random(480) < 0.9
    unit, time = unit[kept], time[kept]
    cluster = unit // 4
    treated = ((cluster < 6) & (time >= 5)).astype(float)
    control = rng.normal(size=len(unit))
    y = rng.normal(size=48)[unit] + rng.normal(size=10)[time] + effect * treated + control / 2
    y += rng.normal(0, 0.2, (CLUSTERS, 10))[cluster, time] + rng.normal(0, 0.3, len(unit))
    return unit, time, y, np.column_stack([treated, control]), cluster


def within_units(unit, values):
    return values - (np.bincount(unit, values) / np.bincount(unit))[unit]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("null", [0.0, 0.2])
def test_p_value_equals_wildboottest_with_the_same_draws(null):
    peer = pytest.importorskip("wildboottest.wildboottest", reason="no extra estimation")
    unit, time, y, x, cluster = few_clusters()
    shifted = y - null * x[:, 0]
    blocks, effects = blocks_of(unit, time, shifted, x, cluster=cluster), Effects(10, CLUSTERS)
    fitted = fit(blocks, ("treated", "control"), effects)
    ours = wild_bootstrap(blocks, effects, fitted)
    columns = [within_units(unit, x[:, n]) for n in range(2)]
    columns += [within_units(unit, (time == n) * 1.0) for n in range(1, 10)]
    restriction = np.eye(11)[0]
    other = peer.WildboottestCL(
        X=np.column_stack(columns), Y=within_units(unit, shifted), cluster=cluster, R=restriction,
        B=robustness.DRAWS, seed=1,
    )  # fmt: skip
    other.get_scores("11", impose_null=True)
    other.v = robustness._draws_of(CLUSTERS, robustness.DRAWS, 20180207)
    for step in ("numer", "denom", "tboot", "vcov", "tstat", "pvalue"):
        getattr(other, f"get_{step}")()
    assert ours.p_value == pytest.approx(other.pvalue, abs=1.5 / robustness.DRAWS)


def test_the_ends_of_the_interval_are_just_rejected():
    """Inverted: a null at either end has a p-value of 5%."""
    unit, time, y, x, cluster = few_clusters()
    effects = Effects(10, CLUSTERS)
    blocks = blocks_of(unit, time, y, x, cluster=cluster)
    found = wild_bootstrap(blocks, effects, fit(blocks, ("treated", "control"), effects))
    for end in (found.low, found.high):
        at_end = blocks_of(unit, time, y - end * x[:, 0], x, cluster=cluster)
        again = wild_bootstrap(at_end, effects, fit(at_end, ("treated", "control"), effects))
        assert again.p_value == pytest.approx(0.05, abs=0.002)


def test_a_control_that_falls_out_changes_nothing():
    """Its column is still among the regressors given, and must not be counted."""
    unit, time, y, x, cluster = few_clusters()
    effects = Effects(10, CLUSTERS)
    blocks = blocks_of(unit, time, y, x, cluster=cluster)
    wider = np.column_stack([x[:, 0], unit * 1.0, x[:, 1]])
    more = blocks_of(unit, time, y, wider, cluster=cluster)
    plain = fit(blocks, ("treated", "control"), effects)
    found = fit(more, ("treated", "constant", "control"), effects, required=1)
    assert found.dropped == ("constant",)
    ours, theirs = wild_bootstrap(blocks, effects, plain), wild_bootstrap(more, effects, found)
    assert (theirs.low, theirs.high) == pytest.approx((ours.low, ours.high), rel=1e-6)
    terms = ("treated", "constant", "control")
    left = robustness.leave_one_out(more, terms, effects, found)
    again = robustness.leave_one_out(blocks, ("treated", "control"), effects, plain)
    assert list(left.values()) == pytest.approx(list(again.values()))


def test_units_in_several_clusters_are_refused():
    unit, time, y, x, _ = few_clusters()
    blocks, effects = blocks_of(unit, time, y, x, cluster=time), Effects(10, 10)
    with pytest.raises(ModelError, match="several clusters"):
        wild_bootstrap(blocks, effects, fit(blocks, ("treated", "control"), effects))


def test_leaving_out_a_cluster_is_fitting_without_it():
    unit, time, y, x, cluster = few_clusters()
    blocks, effects = blocks_of(unit, time, y, x, cluster=cluster), Effects(10, CLUSTERS)
    fitted = fit(blocks, ("treated", "control"), effects)
    found = robustness.leave_one_out(blocks, ("treated", "control"), effects, fitted)
    assert len(found) == CLUSTERS
    for left_out, estimate in list(found.items())[:3]:
        kept = cluster != left_out
        part = blocks_of(unit[kept], time[kept], y[kept], x[kept], cluster=cluster[kept])
        again = fit(part, ("treated", "control"), effects)
        assert estimate == pytest.approx(again.coefficients[0], rel=1e-9)


def test_placebo_dates_see_nothing_where_nothing_happened():
    unit, time = np.repeat(np.arange(40), 12), np.tile(np.arange(12), 40)
    y = np.sin(unit) + 0.1 * time + 0.5 * ((unit < 20) & (time >= 8))
    blocks = blocks_of(unit, time, y, np.zeros((480, 0)))
    found = robustness.placebo_dates(blocks, np.arange(40) < 20, 8, Effects(12, 40))
    assert len(found) >= 4
    assert max(found) < 8
    assert list(found.values()) == pytest.approx([0.0] * len(found), abs=1e-10)


def test_placebo_groups_are_of_whole_clusters_each_once_where_there_are_few():
    """Four clusters, two of them treated: six groups, and two of them as far apart."""
    change = np.array([1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    cluster = np.repeat([0, 1, 2, 3], 2)
    every = robustness.placebo_groups(change, np.arange(8) < 4, cluster)
    assert every[0] == 1.0
    assert sorted(np.round(every, 9)) == [-1.0, 0.0, 0.0, 0.0, 0.0, 1.0]


def test_placebo_groups_are_drawn_by_chance_where_there_are_many():
    """Of 24 clusters 12 treated there are 2.7 million: drawn, each cluster as often as another."""
    change = np.r_[np.ones(12), np.zeros(12)]
    drawn = robustness.placebo_groups(change, np.arange(24) < 12, np.arange(24), draws=999)
    assert len(drawn) == 1000
    assert drawn[0] == 1.0
    assert np.mean(drawn[1:]) == pytest.approx(0.0, abs=0.03)  # of spread 0.2 each
