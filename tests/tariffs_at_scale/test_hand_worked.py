"""Duties worked out by hand, from the legal texts' rules, to the cent: each part rounded alone."""

import csv
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from tariffimpact.interval import Interval
from tariffimpact.tariffs import Schedule

HERE = Path(__file__).parent


def _rows(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


ROWS = _rows(HERE / "hand_worked.csv")
KNOWN = _rows(HERE.parent / "known_rates.csv")


def _named(row):
    return "-".join((row["hts"], row["origin"], row["on"], row.get("claims", "")))


def _cents(amount):
    return Decimal(repr(round(amount, 8))).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _claims(text):
    return {name: float(share) for name, share in (p.split("=") for p in text.split(";") if p)}


def test_there_are_at_least_thirty():
    assert len(ROWS) >= 30


@pytest.mark.parametrize("row", ROWS, ids=_named)
def test_duty_to_the_cent(row, compiled):
    metal = Interval.exactly(float(row["metal"])) if row["metal"] else None
    asked = Schedule(compiled, claims=_claims(row["claims"]))
    value, quantity = float(row["value"]), float(row["quantity"] or 0)
    rate = asked.rate(
        row["hts"],
        row["origin"],
        date.fromisoformat(row["on"]),
        metal_content=metal,
        quantity_per_dollar=quantity / value,
    )
    for end, expected in (("low", row["duty_low"]), ("high", row["duty_high"])):
        total = _cents(getattr(rate.rate, end) * value)
        # parts add up at either end where none gives way to another within the interval
        parts = sum(_cents(getattr(p.amount, end) * value) for p in rate.counted if p.amount)
        specific = sum(_cents(getattr(p.specific_usd, end) * quantity) for p in rate.specific)
        assert Decimal(expected) in {total + specific, parts + specific}, row["because"]


@pytest.mark.parametrize("row", KNOWN, ids=_named)
def test_the_schedule_knows_the_story_s_rates(row, schedule):
    rate = schedule.rate(row["hts"], row["origin"], date.fromisoformat(row["on"])).rate
    low, high = float(row["rate_low"]), float(row["rate_high"])
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=1e-12)
