"""The matched-model index: closed forms, and the drift of its chain."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampled import examples
from tariffimpact.estimation import Columns, Question, estimate


def indices(frame, **columns):
    asked = Columns(treated="treated", **columns)
    found = estimate(frame, asked, Question(since="2"))
    return {one.group: one for one in found.indices}


def panel(prices, weights=None, treated=(1, 0, 0)):
    """One row of the table a period, one column a unit; NaN where it is not seen."""
    rows = [
        {"sku": f"u{unit}", "date": period, "price": prices[period][unit],
         "treated": treated[unit], "w": 1.0 if weights is None else weights[period][unit]}
        for period in range(len(prices))
        for unit in range(len(prices[0]))
        if prices[period][unit] == prices[period][unit]
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_jevons_is_the_geometric_mean_of_price_relatives():
    found = indices(panel([[10, 4, 8], [11, 5, 8], [12, 5, 4.0]]))["others"]
    assert found.chained == pytest.approx([1, np.sqrt(5 / 4), np.sqrt(5 / 4 * 4 / 8)])
    assert found.direct == pytest.approx(found.chained)
    assert found.drift == pytest.approx(0)


def test_tornqvist_weighs_by_the_mean_of_both_periods_shares():
    weights = [[1, 3, 1], [1, 1, 1], [1, 1, 3]]
    found = indices(panel([[10, 4, 8], [11, 5, 8], [12, 5, 4.0]], weights), weight="w")["others"]
    first = np.exp((3 / 4 + 1 / 2) / 2 * np.log(5 / 4))
    second = first * np.exp((1 / 2 + 3 / 4) / 2 * np.log(4 / 8))
    assert found.chained == pytest.approx([1, first, second])


def test_a_chain_drifts_where_units_come_and_go():
    """A new unit that falls by half moves the chain; the direct index never knew it."""
    nan = float("nan")
    found = indices(panel([[10, 4, nan], [10, 4, 8], [10, 4, 4.0]]))["others"]
    assert found.chained[-1] == pytest.approx(np.sqrt(0.5))
    assert found.direct[-1] == pytest.approx(1)
    assert found.drift == pytest.approx(np.sqrt(0.5) - 1)
    assert list(found.matched) == [0, 1, 2]


@examples(8)
@given(st.lists(st.lists(st.floats(0.1, 100), min_size=3, max_size=3), min_size=3, max_size=8))
def test_without_entry_or_exit_a_jevons_chain_has_no_drift(prices):
    found = indices(panel(prices))["others"]
    assert found.chained == pytest.approx(found.direct, rel=1e-9)
