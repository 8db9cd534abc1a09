"""Timing against a warehouse simulated unit by unit, and against the closed forms of one step."""

from collections import deque
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffimpact.decisions import stock, timing
from tariffimpact.errors import ModelError


def test_front_loading_known_answer_and_its_meaning():
    months = stock.front_loading_break_even(ad_valorem=0.15, holding_cost=0.02)
    assert months == pytest.approx(7.06, abs=0.005)
    assert 1.02**months == pytest.approx(1.15, rel=1e-12)  # held that long, it costs the duty


def test_months_of_stock():
    np.testing.assert_allclose(stock.months_of_stock(turns=np.array([4.0, 12.0])), [3, 1])


@pytest.mark.parametrize("held", [0.4, 1.0, 2.5, 4.0])
@pytest.mark.parametrize("flow", stock.FLOWS)
def test_one_step_of_the_duty_gives_the_share_on_new_cost(flow, held):
    path = stock.duty_in_cost(duty=[10.0] * 9, old_duty=2.0, months_of_stock=held, flow=flow)
    share = stock.share_on_new_cost(month=np.arange(9.0), months_of_stock=held, flow=flow)
    np.testing.assert_allclose(path, 2 + 8 * share, rtol=1e-12)


def test_shares_of_the_text():
    def share(flow, t, held=4.0):
        return stock.share_on_new_cost(month=t, months_of_stock=held, flow=flow)

    assert share("fifo", 4) == 0  # all at the old duty up to t = H
    assert share("fifo", 4.001) == 1
    assert share("fifo_many", 3) == stock.stock_on_new_cost(month=3, months_of_stock=4) == 0.75
    assert share("average", 3) == pytest.approx(1 - 0.75**3)
    assert share("replacement", 0) == 1
    assert share("average", 1, held=0.5) == 1


GRAIN = 20  # sub-steps a month


def warehouse(duty, old_duty, held, ahead):
    """Sell a unit a month from a first-in first-out shelf in small steps; return the duty sold.

    Value at t is the duty of the goods sold just before t, or of the first to be sold at t = 0.
    """
    shelf = deque([old_duty] * round((held + ahead) * GRAIN))
    seen = [old_duty]
    for step in range((len(duty) - 1) * GRAIN):
        if step >= round(ahead * GRAIN):
            shelf.append(duty[step // GRAIN])
        sold = shelf.popleft()
        if (step + 1) % GRAIN == 0:
            seen.append(sold)
    return seen


DUTIES = st.lists(st.floats(0, 20), min_size=3, max_size=10)
STEPS = st.integers(1, 100).map(lambda n: n / GRAIN)


@given(DUTIES, st.floats(0, 20), STEPS, st.integers(0, 100).map(lambda n: n / GRAIN))
def test_fifo_is_a_queue(duty, old, held, ahead):
    got = stock.duty_in_cost(
        duty=duty, old_duty=old, months_of_stock=held, flow="fifo", front_loaded_months=ahead
    )
    np.testing.assert_allclose(got, warehouse(duty, old, held, ahead))


def test_fifo_sells_what_came_just_before_on_the_day_a_duty_changes():
    got = stock.duty_in_cost(duty=[1, 2, 3, 4, 5], old_duty=0, months_of_stock=1, flow="fifo")
    assert got.tolist() == [0, 0, 1, 2, 3]


@given(DUTIES, st.floats(0, 20), st.integers(1, 5), st.integers(0, 4))
def test_many_products_are_many_queues(duty, old, held, ahead):
    """Products whose next delivery is spread over the H months: the mean of their queues."""
    got = stock.duty_in_cost(
        duty=duty, old_duty=old, months_of_stock=held, flow="fifo_many", front_loaded_months=ahead
    )
    lags = np.arange(held * GRAIN) / GRAIN
    queues = [warehouse(duty, old, lag, ahead) for lag in lags]
    np.testing.assert_allclose(got, np.mean(queues, axis=0), atol=1e-9)


@given(DUTIES, st.floats(0, 20), st.floats(1, 8), st.integers(0, 4))
def test_average_cost_is_a_pool(duty, old, held, ahead):
    average, expected = old, []
    for month, charged in enumerate(duty):
        expected.append(average)
        paid = old if month < ahead else charged
        average = (average * (held - 1) + paid) / held
    got = stock.duty_in_cost(
        duty=duty, old_duty=old, months_of_stock=held, flow="average", front_loaded_months=ahead
    )
    np.testing.assert_allclose(got, expected, atol=1e-9)


@given(DUTIES, st.floats(0, 20), st.floats(0.2, 6), st.sampled_from(stock.FLOWS[1:]))
def test_cost_stays_between_the_duties_it_is_made_of(duty, old, held, flow):
    got = stock.duty_in_cost(duty=duty, old_duty=old, months_of_stock=held, flow=flow)
    assert got[0] == pytest.approx(old, abs=1e-9)
    assert got.min() >= min(old, *duty) - 1e-9
    assert got.max() <= max(old, *duty) + 1e-9


@pytest.mark.parametrize("flow", stock.FLOWS[1:])
def test_front_loading_delays_by_its_months_and_avoids_nothing(flow):
    case = {"duty": [10.0] * 30, "old_duty": 0.0, "months_of_stock": 2.0, "flow": flow}
    plain, delayed = (stock.duty_in_cost(**case, front_loaded_months=f) for f in (0, 3))
    np.testing.assert_allclose(delayed[3:], plain[:-3], atol=1e-12)
    assert delayed[-1] == pytest.approx(10, abs=1e-3)


def test_carrying_cost_sums_to_the_triangle():
    months = np.linspace(0, 5, 5001)
    cost = stock.carrying_cost(
        landed_cost=50, holding_cost=0.02, front_loaded_months=4, month=months
    )
    assert np.trapezoid(cost, months) == pytest.approx(0.02 * 50 * 4**2 / 2)


def test_paths_broadcast_over_draws():
    held = np.array([1.0, 2.0, 4.0])
    got = stock.duty_in_cost(duty=[8.0] * 5, old_duty=0, months_of_stock=held, flow="fifo_many")
    np.testing.assert_allclose(got[:, 1], [8, 4, 2])
    for flow in stock.FLOWS:
        many = stock.duty_in_cost(
            duty=np.arange(10.0).reshape(2, 1, 5), old_duty=0, months_of_stock=held, flow=flow
        )
        one = stock.duty_in_cost(duty=np.arange(5.0, 10), old_duty=0, months_of_stock=2, flow=flow)
        assert many.shape == (2, 3, 5)
        np.testing.assert_allclose(many[1, 1], one)


@given(
    st.lists(st.floats(60, 140), min_size=1, max_size=12), st.floats(0.05, 1), st.floats(0.05, 1)
)
def test_partial_adjustment_is_the_rule_applied_month_by_month(targets, up, down):
    price, expected = 100.0, []
    for target in targets:
        price += (up if target > price else down) * (target - price)
        expected.append(price)
    got = timing.partial_adjustment(start=100, targets=targets, speed_up=up, speed_down=down)
    np.testing.assert_allclose(got, expected)


CASE = {
    "price": 100.0, "base_cost": 50.0, "duty": [10.0] * 8, "months_of_stock": 3.0, "flow": "fifo",
}  # fmt: skip


def test_path_adds_up_in_every_month():
    path = timing.price_path(
        **CASE, old_duty=1.0, front_loaded_months=2, holding_cost=0.02, pass_through_rate=0.6,
        speed_up=0.5,
    )  # fmt: skip
    frame = path.to_frame()
    cost = 50 + frame["duty_in_cost"] + frame["carrying_cost"]
    np.testing.assert_allclose(frame["unit_cost"], cost)
    np.testing.assert_allclose(frame["margin"], frame["price"] - cost)
    assert frame["duty_in_cost"].tolist() == [1] * 6 + [10] * 2
    assert frame["carrying_cost"].tolist() == pytest.approx(
        [0.02 * 51 * f for f in (2, 1)] + [0] * 6
    )
    assert frame["price"].tolist() == pytest.approx([100] * 6 + [102.7, 104.05])
    assert path.old_margin == 49
    assert path.lag == 6


def test_pricing_at_replacement_cost_comes_before_the_cost_does():
    path = timing.price_path(**CASE, price_follows="replacement")
    assert path.price.tolist() == [110] * 8
    assert path.margin.tolist() == [60] * 4 + [50] * 4  # a gain on stock while it lasts


def test_in_words_and_dated():
    path = timing.price_path(**CASE, pass_through_rate=0.5, first_month=date(2025, 8, 7))
    assert path.summary() == (
        "The change of duty first shows in the cost of goods sold in month 4. The margin, $50.00 a "
        "unit before, is lowest in month 4 at $45.00 and stands at $45.00 in month 7, with the "
        "price at $105.00."
    )
    assert path.to_frame()["day"].dt.date.tolist()[:2] == [date(2025, 8, 7), date(2025, 9, 7)]
    late = timing.price_path(**{**CASE, "months_of_stock": 12})
    assert late.lag is None
    assert "does not reach cost within 7 months" in late.summary()
    for part in ("Inputs:", "FIFO, one cohort", "Assumptions:", "Formulas:", "Source:"):
        assert part in path.explain()


@pytest.mark.parametrize("first_month", [None, date(2025, 8, 1)])
def test_plot_draws_price_cost_and_margin(first_month):
    path = timing.price_path(**CASE, first_month=first_month)
    ax = path.plot()
    drawn = {tuple(np.round(line.get_ydata(), 9)) for line in ax.lines}
    for series in (path.price, path.unit_cost, path.margin):
        assert tuple(np.round(series, 9)) in drawn


FULL = {
    **CASE, "old_duty": 1.0, "front_loaded_months": 1.0, "holding_cost": 0.01,
    "pass_through_rate": 1.0, "speed_up": 1.0, "speed_down": 1.0,
}  # fmt: skip
NUMBERS = [name for name in FULL if name != "flow"]


@pytest.mark.parametrize("bad", [-1, np.nan, 1e308, np.inf, "x", None], ids=str)
@pytest.mark.parametrize("name", NUMBERS)
def test_bad_arguments_are_named_with_a_remedy(name, bad):
    with pytest.raises(ModelError, match=rf"^{name} .*; \w+"):
        timing.price_path(**{**FULL, name: bad})


def test_other_bad_arguments_are_said():
    with pytest.raises(ModelError, match=r"^flow must be one of .* \(got 'lifo'\)"):
        timing.price_path(**{**CASE, "flow": "lifo"})
    with pytest.raises(ModelError, match=r"^price_follows must be booked or replacement"):
        timing.price_path(**CASE, price_follows="rivals")
    with pytest.raises(ModelError, match="together must be below the price"):
        timing.price_path(**{**CASE, "base_cost": 99, "old_duty": 2})
    with pytest.raises(ModelError, match="one value a month"):
        timing.price_path(**{**CASE, "duty": [[1.0, 2.0]]})
    with pytest.raises(ModelError, match=r"^turns must be above 0"):
        stock.months_of_stock(turns=0)
    for name, bad in (("ad_valorem", -0.1), ("holding_cost", 0.0)):
        with pytest.raises(ModelError, match=rf"^{name} .*; write"):
            stock.front_loading_break_even(**{"ad_valorem": 0.1, "holding_cost": 0.02, name: bad})
