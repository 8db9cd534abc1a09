"""Intervals hold every value their parts could take, and no operation invents one."""

import math
import operator
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval

INF = math.inf
NUMBERS = st.floats(-1e6, 1e6)
SHARES = st.floats(0, 1)
LARGEST = Fraction(math.nextafter(INF, 0))


@st.composite
def intervals(draw, numbers=NUMBERS):
    low, high = sorted((draw(numbers), draw(numbers)))
    return Interval(low, high)


def inside(span, share):
    """A point of the interval, its ends included."""
    return min(max(span.low + share * (span.high - span.low), span.low), span.high)


OPERATIONS = pytest.mark.parametrize(
    "operate", [operator.add, operator.sub, operator.mul, operator.truediv]
)


@OPERATIONS
@given(a=intervals(), b=intervals(), at=SHARES, bt=SHARES)
def test_the_result_holds_the_result_of_any_two_points(operate, a, b, at, bt):
    x, y = inside(a, at), inside(b, bt)
    if operate is operator.truediv:
        assume(y != 0 and not (b.low < 0 < b.high) and (b.low, b.high) != (0, 0))
    # rounding is monotone, so not even a last digit may stick out
    assert operate(x, y) in operate(a, b)
    assert operate(x, y) in operate(a, y)
    assert operate(x, y) in operate(x, b)


@OPERATIONS
@given(a=intervals(), b=intervals())
def test_the_ends_hold_the_exact_corners_and_lie_next_to_them(operate, a, b):
    """Against fractions, which do not round."""
    if operate is operator.truediv:
        assume(not (b.low <= 0 <= b.high))
    ends = [Fraction(x) for x in (a.low, a.high)], [Fraction(y) for y in (b.low, b.high)]
    corners = [operate(x, y) for x in ends[0] for y in ends[1]]
    found = operate(a, b)
    if max(map(abs, corners)) > LARGEST:
        assert found.high == INF or found.low == -INF
        return
    if a.is_exact and b.is_exact:
        assert found.is_exact
        assert found.low == float(corners[0])
        return
    assert Fraction(found.low) <= min(corners)
    assert Fraction(math.nextafter(found.low, INF)) > min(corners)
    assert Fraction(found.high) >= max(corners)
    assert Fraction(math.nextafter(found.high, -INF)) < max(corners)


def test_an_end_beyond_the_largest_double_loses_nothing():
    huge = Interval(1e308, 1.5e308)
    assert huge * 10 == Interval(math.nextafter(INF, 0), INF)
    assert huge * -10 == Interval(-INF, math.nextafter(-INF, 0))


@given(a=intervals())
def test_magnitude_and_negation(a):
    points = [inside(a, share / 20) for share in range(21)]
    assert all(abs(x) in a.magnitude and -x in -a for x in points)
    assert a.magnitude.high == max(abs(a.low), abs(a.high))
    assert a.magnitude.low == (0 if a.low <= 0 <= a.high else min(abs(a.low), abs(a.high)))
    negated = -a
    assert -negated == a


def test_plain_numbers_on_either_side():
    span = Interval(2, 4)
    assert span + 1 == 1 + span == Interval(3, 5)
    assert span - 1 == Interval(1, 3)
    assert 1 - span == Interval(-3, -1)
    assert span * -1 == -1 * span == Interval(-4, -2)
    assert span / 2 == Interval(1, 2)
    assert 8 / span == Interval(2, 4)


@pytest.mark.parametrize(
    ("result", "low", "high"),
    [
        (lambda: 1 / Interval(0, 2), 0.5, INF),
        (lambda: 1 / Interval(-2, 0), -INF, -0.5),
        (lambda: -1 / Interval(0, 2), -INF, -0.5),
        (lambda: Interval(-1, 1) / Interval(0, 2), -INF, INF),
        (lambda: Interval(0, 1) / Interval(0, 1), 0, INF),
        (lambda: 0 / Interval(0, 2), 0, 0),
        (lambda: 1 / Interval(2, INF), 0, 0.5),
        (lambda: Interval(1, INF) / Interval(1, INF), 0, INF),
        (lambda: Interval(0, 1) * Interval(1, INF), 0, INF),
        (lambda: 0 * Interval(1, INF), 0, 0),
        (lambda: Interval(-INF, 3) * Interval(0, 1), -INF, 3),
        (lambda: Interval(-INF, 1) / Interval(-INF, -1), -1, INF),
        (lambda: Interval(1, INF) - Interval(1, INF), -INF, INF),
        (lambda: Interval(-INF, 3) + 1, -INF, 4),
    ],
)
def test_zero_and_infinite_ends_are_limits_from_inside(result, low, high):
    assert result() == Interval(low, high)


def test_a_quotient_of_equals_is_exactly_one():
    # 49 * (1 / 49) is below 1 in binary, 49 / 49 is not
    assert all(Interval(n, n) / n == Interval(1, 1) for n in range(1, 200))


@pytest.mark.parametrize("divisor", [Interval(-1, 1), Interval(0, 0), 0])
def test_division_by_what_holds_zero_is_refused(divisor):
    with pytest.raises(ModelError, match="narrow the divisor"):
        Interval(1, 2) / divisor


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [(2, 1, "upside down"), (math.nan, 1, "two numbers"), (0, math.nan, "two numbers")],
)
def test_what_is_no_interval(low, high, message):
    with pytest.raises(ModelError, match=message):
        Interval(low, high)


def test_what_can_be_asked_of_it():
    span = Interval(0.6, 0.9)
    assert 0.6 in span
    assert 0.9 in span
    assert 0.59 not in span
    assert math.nan not in span
    assert span.width == pytest.approx(0.3)
    assert not span.is_exact
    assert span.is_bounded
    assert Interval(0, INF).width == INF
    assert not Interval(0, INF).is_bounded
    assert Interval.of(span) is span
    assert Interval.of(3) == Interval.exactly(3) == Interval(3, 3)
    assert Interval.exactly(3).is_exact
    assert Interval.exactly(3).width == 0
    with pytest.raises(AttributeError):
        span.low = 0


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("0.6", 0.6, 0.6),
        ("0", 0, 0),
        (" 0.5..0.7 ", 0.5, 0.7),
        ("0.5 .. 0.7", 0.5, 0.7),
        ("-0.05..0", -0.05, 0),
        ("200..", 200, INF),
        ("..100", -INF, 100),
        ("0..", 0, INF),
        ("..0", -INF, 0),
        ("1e3..2E3", 1000, 2000),
        (".5..1.", 0.5, 1),
    ],
)
def test_reading(text, low, high):
    assert Interval.parse(text) == Interval(low, high)


@pytest.mark.parametrize(
    "text",
    ["", "..", "abc", "1,000", "NaN", "inf", "1..inf", "1-2", "1..2..3", "0.5...7", "5 %", "{x}"],
)
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(ModelError, match="neither a number nor an interval"):
        Interval.parse(text)


@pytest.mark.parametrize("text", ["1e999", "-1e999", "1e999..", "0..1e999"])
def test_a_number_too_large_is_no_infinity(text):
    with pytest.raises(ModelError, match="too large for a number"):
        Interval.parse(text)


def test_upside_down_in_a_file_says_so():
    with pytest.raises(ModelError, match=r"5\.\.1 is upside down; write the lower end first"):
        Interval.parse("5..1")


@given(
    ends=st.tuples(
        st.none() | st.integers(-9999, 9999).map(lambda n: n / 1000),
        st.none() | st.integers(-9999, 9999).map(lambda n: n / 1000),
    )
)
def test_what_is_printed_reads_back(ends):
    assume(ends != (None, None))
    low, high = -INF if ends[0] is None else ends[0], INF if ends[1] is None else ends[1]
    assume(low <= high)
    span = Interval(low, high)
    assert Interval.parse(str(span)) == span  # four digits: exact at four significant digits


@given(text=st.text(max_size=12))
def test_any_text_is_read_or_refused_in_words(text):
    try:
        span = Interval.parse(text)
    except ModelError as error:
        assert str(error)  # noqa: PT017 - either outcome is right
    else:
        assert span.low <= span.high
        assert math.isfinite(span.low) or math.isfinite(span.high)


@given(span=intervals())
def test_a_table_holds_both_ends(span):
    row = span.columns("rate")
    assert list(row) == ["rate_low", "rate_high"]
    assert Interval.of_row(row, "rate") == span


@given(span=intervals())
def test_the_middle_is_as_far_from_either_end(span):
    assert span.low <= span.middle <= span.high
    assert span.middle - span.low == pytest.approx(span.high - span.middle, abs=1e-9)


@pytest.mark.parametrize(("low", "high"), [(2.0, INF), (-INF, 3.0)])
def test_where_an_end_is_open_the_lower_one_stands_for_the_middle(low, high):
    assert Interval(low, high).middle == low


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(1, 2, math.log(2)), (3, 3, 0), (0, 0, 0), (0, 1, INF), (-1, 1, INF), (1, INF, INF)],
)
def test_how_wide_a_span_is_in_proportion(low, high, expected):
    assert Interval(low, high).log_width == pytest.approx(expected)
