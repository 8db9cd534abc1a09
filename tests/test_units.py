"""Numbers as people read them, checked against what a person would write."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffimpact.interval import Interval
from tariffimpact.units import (
    big_money,
    count,
    listed,
    money,
    parse_fraction,
    percent,
    points,
    ratio,
)

INF = math.inf


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (percent(0.15), "15.0%"),
        (percent(0.15, 0), "15%"),
        (percent(-0.015), "−1.5%"),
        (percent(-0.0001), "−0.01%"),
        (percent(-1e-10), "0.0%"),
        (percent(12.5, 0), "1,250%"),
        (percent(Interval(0.1, 0.2), 0), "10% to 20%"),
        (percent(Interval(0.101, 0.102), 0), "10%"),
        (percent(Interval(0.5, INF), 0), "50% or more"),
        (percent(Interval(-INF, 0.5), 0), "50% or less"),
        (percent(Interval(-INF, INF)), "unknown"),
        (points(0.025), "2.5 pp"),
        (points(Interval(-0.01, 0.01), 0), "−1 pp to 1 pp"),
        (ratio(1.0), "1.00"),
        (ratio(-0.004), "−0.004"),
        (ratio(Interval(0.7407, 1.1111)), "0.74 to 1.11"),
        (money(550, "USD"), "$550"),
        (money(549.99, "USD"), "$549.99"),
        (money(549.9, "USD"), "$549.90"),
        (money(1234567, "JPY"), "¥1,234,567"),
        (money(-50, "EUR"), "−€50"),
        (money(479.99, "GBP"), "£479.99"),
        (money(10, "CHF"), "CHF 10"),
        (money(-10, "CHF"), "−CHF 10"),
        (money(Interval(45, 67.5), "USD", 0), "$45 to $68"),
        (money(Interval(45, INF), "USD"), "$45 or more"),
        (big_money(680e6, "USD"), "$680m"),
        (big_money(100e9, "JPY"), "¥100bn"),
        (big_money(12.3e12, "JPY"), "¥12.3tn"),
        (big_money(-1.5e9, "USD"), "−$1.5bn"),
        (big_money(14326e6, "USD"), "$14.3bn"),
        (big_money(999_999, "USD"), "$999,999"),
        (big_money(1e6, "USD"), "$1m"),
        (big_money(999.4e6, "USD"), "$999m"),
        (big_money(999.6e6, "USD"), "$1bn"),
        (big_money(-999.6e9, "CHF"), "−CHF 1tn"),
        (big_money(Interval(3.5e9, 4.5e9), "USD"), "$3.5bn to $4.5bn"),
        (big_money(Interval(200e6, INF), "USD"), "$200m or more"),
        (count(15e6), "15m"),
        (count(1234), "1,234"),
        (count(Interval(5.25e6, 6.75e6)), "5.25m to 6.75m"),
        (listed([]), ""),
        (listed(["a"]), "a"),
        (listed(["a", "b"]), "a and b"),
        (listed(["a", "b", "c"], "or"), "a, b or c"),
    ],
)
def test_as_a_person_writes_it(text, expected):
    assert text == expected


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("15%", 0.15),
        (" 15 % ", 0.15),
        ("0.15", 0.15),
        ("-2.5%", -0.025),
        ("+7%", 0.07),
        (".5", 0.5),
    ],
)
def test_reading_a_share(text, share):
    assert parse_fraction(text) == share


@pytest.mark.parametrize(
    "text", ["", "%", "15 percent", "1,5%", "nan", "inf", "0.1..0.2", "15%%", "9" * 400]
)
def test_what_is_no_share(text):
    with pytest.raises(ValueError, match=r"write 15% or 0\.15"):
        parse_fraction(text)


@given(tenths=st.integers(0, 20_000))
def test_a_printed_percentage_reads_back(tenths):
    share = tenths / 1000
    assert parse_fraction(percent(share).replace(",", "")) == pytest.approx(share, rel=1e-15)


SIZES = {"m": 1e6, "bn": 1e9, "tn": 1e12}


@given(amount=st.floats(1e6, 9e14))
def test_the_short_form_keeps_three_digits(amount):
    digits, suffix = re.fullmatch(r"\$([\d,.]+)(m|bn|tn)", big_money(amount, "USD")).groups()
    number = float(digits.replace(",", ""))
    assert number * SIZES[suffix] == pytest.approx(amount, rel=0.005000001)  # half of the third
    assert 1 <= number < (1000 if suffix != "tn" else 1e4)


@given(amount=st.floats(-1e9, 1e9))
def test_money_says_the_amount_to_the_cent(amount):
    text = money(amount, "USD", 2)
    number = float(text.replace("$", "").replace(",", "").replace("−", "-"))
    assert number == pytest.approx(amount, abs=0.005000001)
