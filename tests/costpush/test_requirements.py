"""From duties to costs: closed forms, linearity, the two rules, the direction of the table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffimpact.costpush import Requirements
from tariffimpact.errors import ModelError


def two_sectors(m1, m2, a11, a12, a21, a22, t1, t2):
    """Solve p = m t + (1 - m) A'p by hand: Cramer's rule on two equations, no matrix code."""
    b1, b2 = m1 * t1, m2 * t2
    c11, c12 = 1 - (1 - m1) * a11, -(1 - m1) * a21
    c21, c22 = -(1 - m2) * a12, 1 - (1 - m2) * a22
    determinant = c11 * c22 - c12 * c21
    return (b1 * c22 - c12 * b2) / determinant, (c11 * b2 - c21 * b1) / determinant


def test_two_sectors_by_hand():
    """Sector 1 sells half a unit's cost to sector 2; nothing flows back."""
    economy = Requirements(np.array([0.4, 0.1]), np.array([[0.0, 0.5], [0.0, 0.0]]))
    first, second = economy.costs(np.array([0.25, 0.0]))
    assert first == pytest.approx(0.1)  # 0.4 imported at 25%
    assert second == pytest.approx(0.9 * 0.5 * 0.1)  # home-made units, half of their cost


def test_a_table_on_its_side_would_answer_otherwise():
    """The orientation: sector 2 uses sector 1; the other way round sector 1 would pay."""
    coefficients = np.array([[0.0, 0.5], [0.0, 0.0]])
    duty = np.array([0.0, 0.2])
    shares = np.array([0.0, 0.5])
    assert Requirements(shares, coefficients).costs(duty)[0] == 0
    assert Requirements(shares, coefficients.T).costs(duty)[0] == pytest.approx(0.5 * 0.1)


SHARE = st.floats(0, 1)
INPUT = st.floats(0, 0.45)
DUTY = st.floats(-0.5, 1.5)


@given(SHARE, SHARE, INPUT, INPUT, INPUT, INPUT, DUTY, DUTY)
def test_two_sectors_match_the_closed_form(m1, m2, a11, a12, a21, a22, t1, t2):
    economy = Requirements(np.array([m1, m2]), np.array([[a11, a12], [a21, a22]]))
    expected = two_sectors(m1, m2, a11, a12, a21, a22, t1, t2)
    assert economy.costs(np.array([t1, t2])) == pytest.approx(expected, abs=1e-12)


def economies():
    """Economies of 2 to 6 sectors that can produce: each column leaves something for labour."""

    def made(seed):
        draw = np.random.default_rng(seed)
        n = int(draw.integers(2, 7))
        shares, table = draw.uniform(0, 1, n), draw.uniform(0, 1, (n, n))
        return shares, table / table.sum(axis=0) * draw.uniform(0, 0.9, n)

    return st.integers(0, 10_000).map(made)


@given(economies(), st.sampled_from(["domestic", "total"]), st.floats(-2, 2))
def test_costs_are_linear_in_the_duties(economy, rule, factor):
    shares, table = economy
    requirements = Requirements(shares, table, rule)
    one, other = np.linspace(0, 0.4, len(shares)), np.linspace(0.3, -0.1, len(shares))
    together = requirements.costs(one + factor * other)
    apart = requirements.costs(one) + factor * requirements.costs(other)
    assert together == pytest.approx(apart, abs=1e-12)
    both = requirements.costs(np.column_stack([one, other]))
    assert both[:, 0] == pytest.approx(requirements.costs(one), abs=1e-14)


@given(economies())
def test_imports_made_with_home_inputs_cost_more(economy):
    """The published rule is never below the default one, where duties rise."""
    shares, table = economy
    duty = np.linspace(0.05, 0.3, len(shares))
    total = Requirements(shares, table, "total").costs(duty)
    domestic = Requirements(shares, table).costs(duty)
    direct = Requirements(shares, table).direct(duty)
    assert (total >= domestic - 1e-12).all()
    assert (domestic >= direct - 1e-12).all()


@given(economies())
def test_the_same_by_rounds_of_production(economy):
    """A second method: duty on the good, on its inputs, on theirs, until nothing is left."""
    shares, table = economy
    duty = np.linspace(0.05, 0.3, len(shares))
    added = cost = shares * duty
    for _ in range(3_000):
        added = (1 - shares) * (table.T @ added)
        cost = cost + added
        if added.max() < 1e-16:
            break
    assert Requirements(shares, table).costs(duty) == pytest.approx(cost, rel=1e-9)


@given(economies(), st.sampled_from(["domestic", "total"]))
def test_inputs_sum_to_the_rise(economy, rule):
    shares, table = economy
    requirements = Requirements(shares, table, rule)
    duty = np.linspace(0.05, 0.3, len(shares))
    for place, rise in enumerate(requirements.costs(duty)):
        assert requirements.inputs(duty, place).sum() == pytest.approx(rise)


def test_everything_imported_pays_its_own_duty_only():
    economy = Requirements(np.ones(3), np.full((3, 3), 0.3))
    duty = np.array([0.1, 0.2, 0.3])
    assert economy.costs(duty) == pytest.approx(duty)


@pytest.mark.parametrize(
    ("shares", "table", "rule", "words"),
    [
        ([1.2, 0.0], np.zeros((2, 2)), "domestic", "lies in 0 to 1"),
        ([-0.1, 0.0], np.zeros((2, 2)), "domestic", "lies in 0 to 1"),
        ([0.2, 0.0], np.zeros((3, 3)), "domestic", "2 import shares need 2 times 2"),
        ([0.2, 0.0], np.zeros((2, 2)), "imported", "domestic or total"),
    ],
)
def test_what_is_no_economy_is_refused(shares, table, rule, words):
    with pytest.raises(ModelError, match=words):
        Requirements(np.array(shares), table, rule)
