"""Periods: written in many ways, read as one, refused where they can be two."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffimpact.errors import DataError, ModelError
from tariffimpact.estimation.times import read_times

DAYS = st.dates(date(1950, 1, 1), date(2080, 12, 31))


@given(days=st.lists(DAYS, min_size=2, max_size=20, unique=True))
def test_days_come_back_in_order_in_every_way_of_writing(days):
    """A day with a number above 12 settles the order of the others."""
    days = [*days, date(2001, 5, 28), date(2001, 5, 27)]
    days = list(dict.fromkeys(days))
    expected = tuple(day.isoformat() for day in sorted(days))
    for form in ("%Y-%m-%d", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d %b %Y", "%Y-%m-%d 00:00:00"):
        times, places = read_times([day.strftime(form) for day in days])
        assert times.labels == expected, form
        assert [times.labels[place] for place in places] == [day.isoformat() for day in days]


@pytest.mark.parametrize(
    ("texts", "kind", "labels"),
    [
        (["2018-03", "2018-02"], "month", ("2018-02", "2018-03")),
        (["201803", "201802"], "month", ("2018-02", "2018-03")),
        (["2018m3", "2018M02"], "month", ("2018-02", "2018-03")),
        (["Mar 2018", "feb 2018"], "month", ("2018-02", "2018-03")),
        (["2018Q2", "2018-Q1"], "quarter", ("2018Q1", "2018Q2")),
        (["1989.0", "1970.0"], "year", ("1970", "1989")),
        (["2018-01-01", "2019-01-01"], "year", ("2018", "2019")),
        (["-4.0", "0.0", "37.0"], "number", ("-4", "0", "37")),
        (["1", "2.5"], "number", ("1", "2.5")),
    ],
)
def test_what_it_is_read_as(texts, kind, labels):
    times, _ = read_times(texts)
    assert (times.kind, times.labels) == (kind, labels)


def test_two_orders_are_refused_with_an_example_of_each():
    with pytest.raises(DataError, match=r"two orders: '13/02/2018' and '02/14/2018'"):
        read_times(["13/02/2018", "02/14/2018"])


def test_an_order_that_cannot_be_told_is_refused_with_both_readings():
    with pytest.raises(DataError, match=r"either 2018-04-03 or 2018-03-04"):
        read_times(["03/04/2018", "05/06/2018"])


def test_mixed_kinds_and_nonsense_are_refused_all_at_once():
    with pytest.raises(DataError, match=r"'2018-02' and '1989' side by side|'1989'"):
        read_times(["2018-02", "1989"])
    with pytest.raises(DataError) as stop:
        read_times(["soon", "2018-02-30", "2018-02-03"])
    assert {fault.got for fault in stop.value.faults} == {"soon", "2018-02-30"}


@pytest.mark.parametrize("text", ["1989", "1989.0", "1989-01-01", "1989-01"])
def test_a_year_among_years(text):
    times, _ = read_times([str(year) for year in range(1970, 2001)])
    assert times.labels[times.place(text)] == "1989"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("2018-02-01", "2018-02"),  # the month that begins on it
        ("2018-02-02", "2018-03"),  # February is over by a day: it holds untreated days
        ("2018-02", "2018-02"),
        ("2018", "2018-01"),
    ],
)
def test_the_first_month_that_starts_no_earlier(text, first):
    times, _ = read_times([f"2018-{month:02d}" for month in range(1, 13)])
    assert times.labels[times.place(text)] == first


def test_a_day_among_numbers_has_no_place():
    times, _ = read_times(["-4", "-3", "0"])
    assert times.place("0") == 2
    with pytest.raises(ModelError, match="numbers"):
        times.place("2018-02-01")
    with pytest.raises(ModelError, match="calendar"):
        times.day(0)
