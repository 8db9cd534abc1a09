"""The exact two-way equations against pyfixest, and against blocks of any size."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimation.panels_of import random_panel
from tariffimpact.errors import ModelError
from tariffimpact.estimation import Block, Effects, blocks_of, fit

TERMS = ("treated", "control")


def fitted(frame, cluster="unit", *, weights=False, unit=True, time=True):
    blocks = blocks_of(
        frame["unit"].to_numpy(),
        frame["time"].to_numpy(),
        frame["y"].to_numpy(),
        frame[list(TERMS)].to_numpy(),
        cluster=frame[cluster].to_numpy(),
        weight=frame["weight"].to_numpy() if weights else None,
    )
    clusters = int(frame[cluster].max()) + 1
    periods = int(frame["time"].max()) + 1
    return fit(blocks, TERMS, Effects(periods, clusters, unit, time), required=1)


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("cluster", ["unit", "group", "time", "other"])
@pytest.mark.filterwarnings("ignore")
def test_equals_pyfixest(cluster, weights):
    """Coefficients and errors to 1e-8: the same least squares by another route."""
    pyfixest = pytest.importorskip("pyfixest", reason="the extra estimation is not installed")
    frame = random_panel(1, weights=True)
    frame["other"] = np.random.default_rng(2).integers(0, 30, len(frame))
    # a cluster column of its own name: where it is named like an effect, pyfixest 0.60 may take
    # the numbers of the two effects for each other and so miscount
    frame["own"] = frame[cluster]
    ours = fitted(frame, cluster, weights=weights)
    peer = pyfixest.feols(
        "y ~ treated + control | unit + time",
        frame,
        vcov={"CRV1": "own"},
        fixef_tol=1e-12,  # it takes the effects out by iteration
        weights="weight" if weights else None,
    )
    assert ours.coefficients == pytest.approx(peer.coef().to_numpy(), rel=1e-8)
    assert ours.errors == pytest.approx(peer.se().to_numpy(), rel=1e-8)
    assert ours.errors_hc1 == pytest.approx(peer.vcov("HC1").se().to_numpy(), rel=1e-8)


@pytest.mark.parametrize(
    ("unit", "time", "formula"), [(True, False, "unit"), (False, True, "time")]
)
@pytest.mark.filterwarnings("ignore")
def test_one_effect_alone_equals_pyfixest(unit, time, formula):
    pyfixest = pytest.importorskip("pyfixest", reason="the extra estimation is not installed")
    frame = random_panel(3).assign(own=lambda f: f["group"])
    ours = fitted(frame, "group", unit=unit, time=time)
    peer = pyfixest.feols(f"y ~ treated + control | {formula}", frame, vcov={"CRV1": "own"})
    assert ours.coefficients == pytest.approx(peer.coef().to_numpy(), rel=1e-8)
    assert ours.errors == pytest.approx(peer.se().to_numpy(), rel=1e-8)


def test_two_units_in_two_periods_by_hand():
    """The difference of differences: (12 − 10) − (6 − 5) = 1, with a third unit for the error."""
    unit, time = np.repeat([0, 1, 2], 2), np.tile([0, 1], 3)
    y = np.array([10.0, 12.0, 5.0, 6.0, 7.0, 8.0])
    treated = ((unit == 0) & (time == 1)).astype(float)
    found = fit(blocks_of(unit, time, y, treated), ("treated",), Effects(2, 3))
    assert found.coefficients[0] == pytest.approx(1.0, abs=1e-12)


@given(seed=st.integers(0, 50), cuts=st.lists(st.integers(1, 59), max_size=6, unique=True))
def test_blocks_of_any_size_give_the_same(seed, cuts):
    """A panel read in parts is the panel: sums do not depend on where it is cut."""
    frame = random_panel(seed).sort_values(["unit", "time"])
    whole = fitted(frame)
    edges = [0, *sorted(cuts), 60]

    def parts():
        for low, high in pairwise(edges):
            part = frame[(frame["unit"] >= low) & (frame["unit"] < high)]
            if len(part):
                yield Block(
                    part["unit"].to_numpy(), part["time"].to_numpy(), part["y"].to_numpy(),
                    part[list(TERMS)].to_numpy(), part["unit"].to_numpy(),
                )  # fmt: skip

    again = fit(parts, TERMS, Effects(12, 60), required=1)
    assert again.coefficients == pytest.approx(whole.coefficients, rel=1e-9)
    assert again.errors == pytest.approx(whole.errors, rel=1e-9)


@given(seed=st.integers(0, 50), level=st.floats(-1e6, 1e6), scale=st.floats(1e-3, 1e3))
def test_levels_do_not_matter_and_scales_scale(seed, level, scale):
    frame = random_panel(seed)
    whole = fitted(frame)
    other = fitted(frame.assign(y=level + scale * frame["y"]))
    assert other.coefficients == pytest.approx(scale * whole.coefficients, rel=1e-5)


def test_units_that_never_meet_are_two_panels():
    """Periods 0 to 5 for some units, 6 to 11 for others: the square has two free constants."""
    frame = random_panel(5, missing=0.0)
    early = frame["unit"] % 2 == 0
    frame = frame[early & (frame["time"] < 6) | ~early & (frame["time"] >= 6)]
    rng = np.random.default_rng(6)
    frame = frame.assign(treated=rng.integers(0, 2, len(frame)).astype(float))
    dummies = np.column_stack(
        [frame[list(TERMS)]]
        + [frame["unit"] == n for n in sorted(set(frame["unit"]))]
        + [frame["time"] == n for n in range(12)]
    ).astype(float)
    by_dummies = np.linalg.lstsq(dummies, frame["y"].to_numpy(), rcond=None)[0][:2]
    assert fitted(frame).coefficients == pytest.approx(by_dummies, rel=1e-8)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (lambda f: (f["time"] > 5) * 1.0, "cannot be told from the effects of units and periods"),
        (lambda f: (f["unit"] < 9) * 1.0, "cannot be told from the effects of units and periods"),
        (lambda f: 3 * f["control"], "cannot be told from control"),
    ],
)
def test_a_treatment_that_says_nothing_new_is_refused(column, words):
    frame = random_panel(7)
    with pytest.raises(ModelError, match=words):
        fitted(frame.assign(treated=column(frame)))


def test_a_control_that_says_nothing_new_is_left_out_and_named():
    frame = random_panel(8)
    found = fitted(frame.assign(control=frame["unit"] * 2.0))
    assert found.terms == ("treated",)
    assert found.dropped == ("control",)


def test_one_cluster_has_no_error():
    frame = random_panel(9).assign(one=0)
    with pytest.raises(ModelError, match="one cluster"):
        fitted(frame, "one")
