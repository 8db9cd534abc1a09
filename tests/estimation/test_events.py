"""Event studies: against the saturated regression, and against a known truth."""

import numpy as np
import pandas as pd
import pytest

from estimation.panels_of import staggered
from tariffimpact.errors import ModelError
from tariffimpact.estimation import Effects, blocks_of, event_study, fit


def blocks(unit, time, y, cluster=None):
    return blocks_of(unit, time, y, np.zeros((len(y), 0)), cluster=cluster)


@pytest.mark.filterwarnings("ignore")
def test_equals_the_saturated_regression_averaged_by_hand():
    """Cohort × period dummies by pyfixest, averaged by rows with their covariance: to 1e-6."""
    pyfixest = pytest.importorskip("pyfixest", reason="the extra estimation is not installed")
    unit, time, y, start, _ = staggered(1, noise=0.3)
    kept = np.random.default_rng(1).random(len(unit)) < 0.9
    unit, time, y = unit[kept], time[kept], y[kept]
    frame = pd.DataFrame({"u": unit, "p": time, "y": y, "own": unit // 3})
    names, cells = [], []
    for cohort in (5, 9):
        for relative in range(-cohort, 14 - cohort):
            if relative != -1:
                name = f"d{cohort}_{relative + 20}"
                frame[name] = ((start[unit] == cohort) & (time - cohort == relative)) * 1.0
                names.append(name)
                cells.append((relative, frame[name].sum()))
    peer = pyfixest.feols(f"y ~ {' + '.join(names)} | u + p", frame, vcov={"CRV1": "own"})
    ours = event_study(blocks(unit, time, y, unit // 3), start, Effects(14, 30))
    rows = [[n if e == r else 0 for e, n in cells] for r in ours.relative]
    rows.append([n if e >= 0 else 0 for e, n in cells])
    weights = np.array(rows) / np.sum(rows, axis=1, keepdims=True)
    errors = np.sqrt(np.diag(weights @ peer._vcov @ weights.T))
    assert [*ours.effects, ours.average] == pytest.approx(
        weights @ peer.coef().to_numpy(), rel=1e-8
    )
    assert [*ours.errors, ours.average_error] == pytest.approx(errors, rel=1e-6)


def test_one_date_is_the_difference_of_mean_changes():
    """Balanced, one date: the effect is a plain double difference against the period before."""
    rng = np.random.default_rng(2)
    unit, time = np.repeat(np.arange(20), 6), np.tile(np.arange(6), 20)
    y = rng.normal(size=120)
    start = np.where(np.arange(20) < 8, 3, 6)
    found = event_study(blocks(unit, time, y), start, Effects(6, 20))
    table = y.reshape(20, 6)
    change = table - table[:, [2]]
    expected = change[:8].mean(axis=0) - change[8:].mean(axis=0)
    assert list(found.relative) == [-3, -2, 0, 1, 2]
    assert found.effects == pytest.approx(np.delete(expected, 2), abs=1e-12)


def test_staggered_dates_do_not_bias_the_average_as_they_do_two_way():
    """Without noise it is the mean effect exactly; the two-way coefficient is off by a tenth."""
    unit, time, y, start, effect = staggered(3, noise=0.0)
    found = event_study(blocks(unit, time, y), start, Effects(14, 90))
    treated = time >= start[unit]
    truth = effect[treated].mean()
    assert found.average == pytest.approx(truth, rel=1e-10)
    plain = fit(blocks_of(unit, time, y, treated * 1.0), ("treated",), Effects(14, 90))
    assert abs(plain.coefficients[0] / truth - 1) > 0.05


def test_without_untreated_units_the_last_cohort_serves_until_its_date():
    unit, time, y, start, effect = staggered(4, noise=0.0)
    start = np.where(start == 14, 12, start)
    since = time - start[unit]
    y = y + np.where((start[unit] == 12) & (since >= 0), 9.0, 0.0)
    found = event_study(blocks(unit, time, y), start, Effects(14, 90))
    cells = (time >= start[unit]) & (time < 12)
    assert found.cohorts == 2
    assert found.average == pytest.approx(effect[cells].mean(), rel=1e-10)


def test_all_treated_at_once_is_refused():
    unit, time, y, start, _ = staggered(5)
    with pytest.raises(ModelError, match="no control"):
        event_study(blocks(unit, time, y), np.full_like(start, 5), Effects(14, 90))


def test_a_trend_before_is_found():
    """Treated prices drift by one standard deviation a period before: p below one in a thousand."""
    unit, time, y, start, _ = staggered(6)
    drifting = y + 0.05 * time * (start[unit] < 14)
    found = event_study(blocks(unit, time, drifting), start, Effects(14, 90))
    p, leads = found.pre_trend()
    assert leads == 8  # 9 to 2 periods before, of the later cohort
    assert p < 1e-3


@pytest.mark.parametrize(
    ("units", "panels"), [(60, 120), pytest.param(24, 800, marks=pytest.mark.slow)]
)
def test_groups_that_move_alike_are_seldom_told_to_part(units, panels):
    """At 5% about 5% are: with 19 leads each tested against few clusters it was 44% and more.

    The bounds are three standard errors of a share of 5% in so many panels, and two points for a
    third of the clusters being treated.
    """
    unit, time = np.repeat(np.arange(units), 24), np.tile(np.arange(24), units)
    start = np.where(np.arange(units) < units // 3, 20, 24)
    rejected = 0
    for seed in range(panels):
        y = np.random.default_rng(seed).normal(0, 0.05, len(unit))
        p, _ = event_study(blocks(unit, time, y), start, Effects(24, units)).pre_trend()
        rejected += p < 0.05
    assert rejected / panels < 0.05 + 0.02 + 3 * np.sqrt(0.05 * 0.95 / panels)
