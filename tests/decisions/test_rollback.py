"""Rollback: ledgers that must add up, and price paths against a month-by-month loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffimpact.decisions.refund import refund_incidence, rollback
from tariffimpact.decisions.timing import price_after, round_trip
from tariffimpact.errors import ModelError


def test_known_answer():
    split = refund_incidence(duty_paid=100, pass_through_rate=0.6)
    assert split.absorbed == pytest.approx(40)
    assert split.recovered_twice == pytest.approx(60)
    assert split.interest_paid == 0
    assert split.refund == 100


@given(st.floats(0, 1e9), st.floats(0, 3), st.floats(0, 0.5))
def test_the_parts_make_the_refund(duty, rate, interest):
    split = refund_incidence(duty_paid=duty, pass_through_rate=rate, interest=interest)
    total = split.absorbed + split.recovered_twice + split.interest_paid
    assert total == pytest.approx(split.refund, rel=1e-12, abs=1e-9)
    assert split.refund == pytest.approx(duty * (1 + interest))


def test_more_than_the_duty_may_have_been_passed_on():
    split = refund_incidence(duty_paid=100, pass_through_rate=1.25)
    assert split.absorbed == pytest.approx(-25)
    assert split.recovered_twice == pytest.approx(125)
    result = rollback(
        duty_paid=100, pass_through_rate=1.25, price=550, earlier_rise=50, monthly_volume=1
    )
    assert "absorbed part is negative" in result.summary()


def loop(start, target, speed_up, speed_down, months):
    """The rule of partial adjustment, one month after the other."""
    path = [start]
    for _ in range(months):
        speed = speed_up if target > path[-1] else speed_down
        path.append(path[-1] + speed * (target - path[-1]))
    return path


@given(
    st.floats(50, 500), st.floats(0, 40), st.floats(0, 1), st.floats(0.01, 1), st.integers(0, 40)
)
def test_prices_follow_partial_adjustment(price, rise, share, speed, months):
    got = price_after(
        price=price, earlier_rise=rise, reversal_share=share, speed=speed, months=months
    )
    expected = loop(price, price - share * rise, 1.0, speed, months)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    assert (np.diff(got) <= 1e-9).all()


def test_limits_of_the_reversal():
    case = {"price": 116.4578, "earlier_rise": 16.4578, "months": 3}
    full = price_after(**case, reversal_share=1, speed=1)
    np.testing.assert_allclose(full, [116.4578, 100, 100, 100])
    none = price_after(**case, reversal_share=0, speed=1)
    np.testing.assert_allclose(none, 116.4578)


@given(
    st.floats(0, 20), st.floats(0, 2), st.floats(0, 2), st.floats(0.05, 1), st.floats(0.05, 1),
    st.integers(0, 12), st.integers(0, 12),
)  # fmt: skip
def test_round_trip_is_a_climb_and_a_fall(duty, up, down, speed_up, speed_down, on, off):
    got = round_trip(
        price=100, duty_per_unit=duty, months_on=on, months_off=off, rate_up=up, rate_down=down,
        speed_up=speed_up, speed_down=speed_down,
    )  # fmt: skip
    climb = loop(100, 100 + up * duty, speed_up, 1.0, on)
    top = climb[-1]
    fall = loop(top, max(top - down * duty, 100), 1.0, speed_down, off)
    np.testing.assert_allclose(got, climb + fall[1:], rtol=1e-10)
    assert got.min() >= 100 - 1e-9


def test_equal_rates_come_back_and_slower_falls_leave_a_ratchet():
    case = {"price": 100, "duty_per_unit": 10, "months_on": 5, "months_off": 5}
    there_and_back = round_trip(**case, rate_up=0.8, rate_down=0.8)
    assert there_and_back[5] == pytest.approx(108)
    assert there_and_back[-1] == pytest.approx(100)
    ratchet = round_trip(**case, rate_up=0.8, rate_down=0.3, speed_down=0.5)
    assert ratchet[-1] > 104


def test_paths_broadcast_over_draws():
    speed = np.array([0.1, 0.5, 1.0])
    got = price_after(price=110, earlier_rise=10, reversal_share=1, speed=speed, months=2)
    assert got.shape == (3, 3)
    np.testing.assert_allclose(got[:, 1], 110 - 10 * speed)
    trip = round_trip(
        price=100, duty_per_unit=np.array([0.0, 10.0]), months_on=1, months_off=1, rate_up=1,
        rate_down=1,
    )  # fmt: skip
    np.testing.assert_allclose(trip, [[100, 100, 100], [100, 110, 100]])


CASE = {
    "duty_paid": 100e6, "pass_through_rate": 0.6, "price": 550.0, "earlier_rise": 50.0,
    "monthly_volume": 100_000, "months": 6, "interest": 0.07,
}  # fmt: skip


def test_three_policies():
    result = rollback(**CASE, reversal_share=0.5, speed=0.5, rebate_share=0.75)
    frame = result.to_frame().set_index("policy")
    path = loop(550, 525, 1.0, 0.5, 6)
    saved = sum(550 - p for p in path[1:]) * 100_000
    assert frame["price_end"].tolist() == pytest.approx([550, path[-1], 550])
    assert frame["price_cuts"].tolist() == pytest.approx([0, saved, 0])
    assert frame["rebate"].tolist() == pytest.approx([0, 0, 45e6])
    assert frame["recovered_twice"].tolist() == pytest.approx([60e6, 60e6, 15e6])
    assert (frame["buyers_receive"] == frame["rebate"] + frame["price_cuts"]).all()
    assert frame["buyers_paid"].tolist() == pytest.approx([60e6] * 3)
    assert frame["refund"].tolist() == pytest.approx([107e6] * 3)
    held = frame["absorbed"] + frame["rebate"] + frame["recovered_twice"]
    assert held.tolist() == pytest.approx([100e6] * 3)


def test_in_words():
    words = rollback(**CASE).summary()
    assert words.startswith(
        "Of a refund of $107m, $40m makes good duty the seller had absorbed and $60m was already "
        "recovered from buyers; $7m is interest."
    )
    assert "returns $30m to buyers in 6 months" in words
    assert "a rebate returns $60m of the refund itself" in words
    text = rollback(**CASE, source="CBP").explain()
    for part in ("Inputs:", "Assumptions:", "Formulas:", "Source: CBP"):
        assert part in text


def test_plot_stacks_to_the_duty_under_every_policy():
    ax = rollback(**CASE).plot()
    labels = [label.get_text() for label in ax.get_yticklabels()]
    labels += [text.get_text() for text in ax.texts]
    for policy in ("Keep the price", "Cut the price", "Pay a rebate"):
        assert any(policy in text for text in labels)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("duty_paid", -1), ("pass_through_rate", -0.1), ("interest", -0.1), ("price", 0),
        ("earlier_rise", -1), ("earlier_rise", 550), ("reversal_share", 1.1), ("speed", 0),
        ("speed", 1.5), ("rebate_share", -0.1), ("monthly_volume", -1), ("months", -1),
        *[(name, bad) for name in CASE for bad in (np.nan, 1e308, np.inf, "x")],
    ],
)  # fmt: skip
def test_bad_arguments_are_named_with_a_remedy(name, bad):
    with pytest.raises(ModelError, match=rf"^{name} .*; \w+"):
        rollback(**{**CASE, name: bad})


@pytest.mark.parametrize(
    "name",
    ["price", "duty_per_unit", "rate_up", "rate_down", "speed_up", "speed_down", "months_on",
     "months_off"],
)  # fmt: skip
def test_bad_arguments_of_a_round_trip_are_named(name):
    case = {
        "price": 100, "duty_per_unit": 10, "months_on": 2, "months_off": 2, "rate_up": 1,
        "rate_down": 1, "speed_up": 1, "speed_down": 1,
    }  # fmt: skip
    for bad in (-1, np.nan, 1e308):
        with pytest.raises(ModelError, match=rf"^{name} .*; \w+"):
            round_trip(**{**case, name: bad})


def test_months_are_whole():
    with pytest.raises(ModelError, match="months must be one whole number"):
        price_after(price=1, earlier_rise=0, reversal_share=1, speed=1, months=1.5)
