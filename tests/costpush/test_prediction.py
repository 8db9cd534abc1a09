"""Predicted rises beside the price index: the slope by a second method, windows, what is left."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffimpact.costpush import (
    compare_prices,
    cost_push,
    months_to,
    read_accounts,
    realised_change,
    slope_of,
    start_months,
)
from tariffimpact.errors import DataError, ModelError


@pytest.fixture(scope="module")
def answer():
    accounts = read_accounts()
    return cost_push(accounts, realised_change(accounts, month="2025-12", base="2024"))


@given(st.integers(0, 10_000), st.integers(5, 40))
def test_the_slope_is_that_of_weighted_least_squares(seed, items):
    """By NumPy's least squares on rows scaled by the root of the weight; HC1 by its sandwich."""
    draw = np.random.default_rng(seed)
    x, y = draw.uniform(-0.1, 0.2, items), draw.normal(0, 0.1, items)
    weights = draw.uniform(0.1, 5, items)
    found = slope_of(x, y, weights)
    root = np.sqrt(weights)
    design = np.column_stack([np.ones(items), x]) * root[:, None]
    solved, *_ = np.linalg.lstsq(design, y * root)
    assert (found.intercept, found.slope) == pytest.approx(tuple(solved))
    residual = y * root - design @ solved
    bread = np.linalg.inv(design.T @ design)
    meat = design.T @ (design * residual[:, None] ** 2)
    sandwich = bread @ meat @ bread * items / (items - 2)
    assert found.standard_error == pytest.approx(sandwich[1, 1] ** 0.5)


def test_a_slope_needs_items_that_differ():
    with pytest.raises(ModelError, match="needs 5 items"):
        slope_of(np.arange(4.0), np.arange(4.0), np.ones(4))
    with pytest.raises(ModelError, match="predicted to rise alike"):
        slope_of(np.ones(6), np.arange(6.0), np.ones(6))


def test_an_item_pools_its_categories_by_what_is_spent(answer):
    """The item `New cars` holds domestic and foreign ones: 3.0 and 1.8 dollars of ten."""
    frame = compare_prices(answer, start="2024-12", end="2025-12").frame.set_index("item")
    cars = answer.categories.set_index("category").loc[["7", "8"]]
    spent = cars["spent"]
    assert frame.loc["SS45011", "spent"] == spent.sum()
    assert frame.loc["SS45011", "constant_dollar"] == pytest.approx(
        (cars["constant_dollar_low"] * spent).sum() / spent.sum()
    )


def test_rises_are_those_of_the_published_index(answer):
    """Televisions, seasonally adjusted, December 2024 to December 2025 (BLS CUSR0000SERA01)."""
    frame = compare_prices(answer, start="2024-12", end="2025-12").frame.set_index("item")
    assert frame.loc["SERA01", "seen"] == pytest.approx(-0.0730, abs=0.0001)
    assert len(frame) == 48


def test_the_slope_moves_with_the_first_month_and_is_never_called_an_effect(answer):
    compared = compare_prices(answer, start="2024-12", end="2025-12")
    assert "not the effect of the tariff" in compared.summary()
    assert "cause" not in compared.explain()
    found = start_months(answer, starts=months_to("2025-06", 18), end="2025-12")
    assert found.frame["start"].nunique() == 18
    assert set(found.frame["weighted"]) == {True, False}
    slopes = found.frame.query("margins == 'constant_dollar'")["slope"]
    assert slopes.min() < -0.5
    assert slopes.max() > 1
    one = found.frame.query(
        "start == '2024-12' and margins == 'constant_dollar' and weighted and not less_before"
    )
    assert one["slope"].item() == pytest.approx(compared.slope(weighted=True).slope)


def test_a_month_the_index_lacks_is_named_and_skipped_as_a_start(answer):
    with pytest.raises(DataError, match="has no index of October 2025, or of too few items"):
        compare_prices(answer, start="2025-10", end="2025-12")
    found = start_months(answer, starts=["2025-09", "2025-10"], end="2025-12")
    assert set(found.frame["start"]) == {"2025-09"}
    with pytest.raises(ModelError, match="none of these months"):
        start_months(answer, starts=["2025-10"], end="2025-12")
    with pytest.raises(ModelError, match="does not run forward"):
        compare_prices(answer, start="2025-12", end="2024-12")


def test_a_window_without_an_earlier_one_says_less(answer):
    """Four years back the index does not reach: no earlier rise is taken off."""
    compared = compare_prices(answer, start="2022-01", end="2025-12")
    assert compared.frame["before"].isna().all()
    assert "months before" not in compared.explain()
