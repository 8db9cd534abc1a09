"""The fast engine against two slow ways, and what must hold of any schedule."""

import dataclasses
import random
import re
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from portfolio.slow_schedule import SlowSchedule
from tariffimpact.errors import ModelError
from tariffimpact.portfolio import engine, schedule_layers
from tariffimpact.tariffs import CompiledSchedule, Schedule

pytestmark = pytest.mark.whole

ORIGINS = [
    "CHN", "HKG", "CAN", "MEX", "JPN", "KOR", "DEU", "FRA", "GBR", "VNM",
    "IND", "BRA", "TWN", "CHE", "RUS", "NOR", "AUS", "KHM", "CRI", "TUR",
]  # fmt: skip
FIRST = date(2025, 1, 1)
PLAIN = re.compile(r"Free.*|(\$?[\d.]+¢?/[\w.]+ ?\+? ?)?([\d.]+%)?")


def _lines(compiled, n, seed, origins=ORIGINS, days=730, metal=None):
    rng = random.Random(seed)
    general = compiled.frame[
        (compiled.frame["authority"] == "MFN") & (compiled.frame["role"] == "duty")
    ]
    codes = sorted(set(general.loc[np.isfinite(general["high"]), "hts"]))
    rows = [
        (rng.choice(codes), rng.choice(origins), FIRST + timedelta(rng.randrange(days)))
        for _ in range(n)
    ]
    frame = pd.DataFrame(rows, columns=["hts", "origin", "entered_on"])
    frame["entered_on"] = pd.to_datetime(frame["entered_on"])
    ends = [metal] * n if metal else [tuple(sorted((rng.random(), rng.random()))) for _ in range(n)]
    return frame.assign(metal_low=[e[0] for e in ends], metal_high=[e[1] for e in ends])


def _rates(found):
    return found[["rate_low", "rate_high"]].to_numpy()


@pytest.mark.slow
def test_meets_the_rules_read_by_a_second_reader(compiled, running):
    """Lines whose rate is in plain words, with no reduced special rate and no excluded article."""
    slow = SlowSchedule()
    lines = _lines(compiled, 300, seed=1)
    plain = [
        (line := slow.line(row.hts, row.entered_on.date().isoformat())) is not None
        and all(PLAIN.fullmatch(line[c]) for c in ("general", "other"))
        and re.fullmatch(r"(Free ?\([^)]*\))?", line["special"]) is not None
        for row in lines.itertuples()
    ]
    lines = lines[plain].reset_index(drop=True)
    assert len(lines) > 200
    found = running.charge_frame(lines)
    expected = [
        slow.rate(r.hts, r.origin, r.entered_on.date().isoformat(), (r.metal_low, r.metal_high))
        for r in lines.itertuples()
    ]
    for line, ours, theirs in zip(lines.itertuples(), _rates(found), expected, strict=True):
        assert tuple(ours) == pytest.approx(theirs, abs=1e-11), line


def test_meets_the_evaluator_of_single_rates(compiled, running):
    lines = _lines(compiled, 300, seed=2)
    found = running.charge_frame(lines)
    from tariffimpact.interval import Interval

    schedule = Schedule(compiled)
    for row, low, high in zip(
        lines.itertuples(), found["rate_low"], found["rate_high"], strict=True
    ):
        metal = Interval(row.metal_low, row.metal_high)
        rate = schedule.rate(row.hts, row.origin, row.entered_on.date(), metal_content=metal).rate
        assert (low, high) == pytest.approx((rate.low, rate.high), abs=1e-11)


def test_parts_add_up_to_the_rate(compiled, running):
    found = running.charge_frame(_lines(compiled, 500, seed=4))
    for end in ("low", "high"):
        parts = sum(found[f"part_{i}_{end}"] for i in range(len(running.authorities)))
        np.testing.assert_allclose(parts, found[f"rate_{end}"], atol=1e-11)


@pytest.mark.slow
def test_the_order_of_rows_is_irrelevant(compiled, layers):
    lines = _lines(compiled, 300, seed=5)
    shuffled = CompiledSchedule(compiled.frame.sample(frac=1, random_state=0), compiled.manifest)
    turned = lines.iloc[::-1].reset_index(drop=True)
    with engine(layers) as running, engine(schedule_layers(shuffled)) as other:
        one, two = running.charge_frame(lines), other.charge_frame(turned)
    np.testing.assert_array_equal(_rates(one), _rates(two)[::-1])


def test_a_window_ends_the_day_before_its_end(compiled, running):
    edges = [date(2025, 5, 14), date(2025, 11, 10), date(2026, 2, 24), date(2026, 7, 24)]
    days = [d for edge in edges for d in (edge - timedelta(days=1), edge)]
    lines = pd.DataFrame({"hts": "9504500000", "origin": "CHN", "entered_on": pd.to_datetime(days)})
    found = running.charge_frame(lines.assign(metal_low=0.0, metal_high=1.0))
    expected = [1.45, 0.30, 0.30, 0.20, 0.20, 0.10, 0.10, 0.125]
    np.testing.assert_allclose(found["rate_low"], expected, atol=1e-12)
    np.testing.assert_allclose(found["rate_high"], expected, atol=1e-12)


def test_a_floor_never_leaves_less_than_the_general_rate(compiled, running):
    lines = _lines(compiled, 500, seed=6, origins=["JPN", "DEU", "KOR"])
    found = running.charge_frame(lines)
    assert (found["rate_low"] >= found["part_0_low"] - 1e-12).all()
    assert (found["rate_low"] <= found["rate_high"] + 1e-12).all()


def test_more_metal_displaces_more_of_the_reciprocal_duty(running):
    shares = np.linspace(0, 1, 11)
    lines = pd.DataFrame({"hts": "3304995000", "origin": "DEU",
                          "entered_on": pd.Timestamp("2025-09-01"), "metal_low": shares,
                          "metal_high": shares})  # fmt: skip
    found = running.charge_frame(lines)
    np.testing.assert_allclose(found["rate_low"], 0.15 * (1 - shares) + 0.5 * shares, atol=1e-12)


@pytest.mark.slow
def test_a_claim_narrows_the_interval_to_a_number(compiled, layers):
    lines = _lines(compiled, 200, seed=7, origins=["CAN", "MEX"], days=580)
    with engine(layers) as open_, \
            engine(schedule_layers(compiled, claims={"USMCA": 1})) as claimed:  # fmt: skip
        wide, narrow = open_.charge_frame(lines), claimed.charge_frame(lines)
    assert (narrow["rate_low"] >= wide["rate_low"] - 1e-12).all()
    assert (narrow["rate_high"] <= wide["rate_high"] + 1e-12).all()
    assert (narrow["rate_high"] - narrow["rate_low"]).mean() < 0.6 * (
        wide["rate_high"] - wide["rate_low"]
    ).mean()


@pytest.mark.slow
def test_an_overlap_that_slipped_in_is_noticed(compiled, layers):
    double = {**layers.tables, "origin": pd.concat([layers.tables["origin"]] * 2)}
    broken = dataclasses.replace(layers, tables=double)
    with engine(broken) as running, pytest.raises(ModelError, match="overlap"):
        running.charge_frame(_lines(compiled, 10, seed=8))


def test_an_unknown_code_is_flagged_and_never_free(running):
    lines = pd.DataFrame({"hts": ["1234567890"], "origin": ["CHN"],
                          "entered_on": [pd.Timestamp("2025-09-01")], "metal_low": [0.0],
                          "metal_high": [1.0]})  # fmt: skip
    assert not running.charge_frame(lines)["known"].any()


def test_an_unknown_claim_share_is_refused(compiled):
    with pytest.raises(ModelError, match="between 0 and 1"):
        schedule_layers(compiled, claims={"USMCA": 90})
