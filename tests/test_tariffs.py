"""The stacked rate: worked by hand from the texts, and case by case."""

import csv
from dataclasses import replace
from datetime import date, timedelta
from itertools import product as combinations
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffimpact.errors import DataError, ModelError
from tariffimpact.facts import CountryGroup, Product, Status, TariffRow
from tariffimpact.interval import Interval
from tariffimpact.tariffs import CompiledSchedule, Schedule
from tariffimpact.tariffs.stacking import after_replacement
from tariffimpact.tariffs.windows import FORMAT, window_frame

CONSOLE = "9504500000"
ROUNDING = 2e-12  # rates are rounded to twelve digits

with (Path(__file__).parent / "known_rates.csv").open(encoding="utf-8", newline="") as file:
    KNOWN_RATES = list(csv.DictReader(file))


def day(text):
    return date.fromisoformat(text)


# rates worked by hand


def test_there_are_47_rates_worked_by_hand():
    assert len({(row["hts"], row["origin"], row["on"]) for row in KNOWN_RATES}) == 47


@pytest.mark.parametrize(
    "known", KNOWN_RATES, ids=lambda row: f"{row['hts']}-{row['origin']}-{row['on']}"
)
def test_a_rate_worked_by_hand_from_the_texts(schedule, known):
    found = schedule.rate(known["hts"], known["origin"], day(known["on"])).rate
    assert found.low == pytest.approx(float(known["rate_low"]), abs=ROUNDING), known["because"]
    assert found.high == pytest.approx(float(known["rate_high"]), abs=ROUNDING), known["because"]


@pytest.mark.parametrize(
    ("origin", "on", "rate", "parts"),
    [
        ("CHN", "2025-05-01", 1.45, {"IEEPA fentanyl": 0.20, "IEEPA reciprocal": 1.25}),
        ("CHN", "2025-08-21", 0.30, {"IEEPA fentanyl": 0.20, "IEEPA reciprocal": 0.10}),
        ("VNM", "2025-08-21", 0.20, {"IEEPA reciprocal": 0.20}),
        ("JPN", "2025-08-21", 0.15, {"IEEPA reciprocal": 0.15}),
        ("JPN", "2025-05-01", 0.10, {"IEEPA reciprocal": 0.10}),
    ],
)
def test_the_consoles_of_the_story(schedule, origin, on, rate, parts):
    found = schedule.rate(CONSOLE, origin, day(on))
    assert found.rate == Interval.exactly(rate)
    charged = {part.authority: part.amount.low for part in found.counted if part.amount.low}
    assert charged == parts
    assert found.refundable == found.rate  # all of it rested on the act the court refused


# one rule at a time, on rows made for it

GROUP = CountryGroup(group="@PAIR", members=("JPN", "KOR"))
THING = Product(hts="01010101", name="Thing", family="things", metal_content=None)
START, END = date(2025, 1, 1), date(2026, 1, 1)
ON = date(2025, 6, 1)
TERMS = {"source_id": "hts-2025-basic", "locator": "1", "quote": "1"}


def row(authority="MFN", rate="0.05", **cells):
    given = {
        "component_id": authority.lower().replace(" ", "-"), "authority": authority,
        "name": authority, "kind": "additive", "base": "full", "hts": "*", "origins": "JPN CHN",
        "ad_valorem": rate, "status": "in_force", "starts_on": "2025-01-01",
        "ends_on": "2026-01-01", **TERMS, **cells,
    }  # fmt: skip
    return TariffRow.model_validate({name: cell for name, cell in given.items() if cell != ""})


NO_LAW = CompiledSchedule(
    window_frame([]),
    {
        "format": FORMAT,
        "data": "none",
        "starts_on": "2025-01-01",
        "ends_on": "2100-01-01",
        "sources_end_on": "2100-01-01",
        "authorities": ["MFN"],
        "components": {},
        "sources": {},
        "codes": {},
        "metal": {},
    },
)
"""A schedule of nothing, to which a user's own rows are all."""


def schedule_of(facts, rows, thing=THING):
    told = replace(facts, tariffs=tuple(rows), products=(thing,), country_groups=(GROUP,))
    return Schedule(NO_LAW, told)


@pytest.fixture
def made(facts):
    def of(*rows, metal=None):
        thing = Product(**{**THING.model_dump(), "metal_content": metal})
        return schedule_of(facts, rows, thing)

    return of


def rate_of(schedule, origin="JPN", on=ON):
    return schedule.rate("0101", origin, on).rate


def test_a_window_holds_its_first_day_and_not_its_end(made):
    schedule = made(row(), row("Extra", "0.10", starts_on="2025-03-01", ends_on="2025-04-01"))
    rates = [
        rate_of(schedule, on=on).low
        for on in (date(2025, 2, 28), date(2025, 3, 1), date(2025, 3, 31), date(2025, 4, 1))
    ]
    assert rates == pytest.approx([0.05, 0.15, 0.15, 0.05])


def test_a_window_without_an_end_goes_on(made):
    schedule = made(row(ends_on=""), row("Extra", "0.10", ends_on=""))
    assert rate_of(schedule, on=date(2099, 1, 1)).low == pytest.approx(0.15)


def test_scope_by_product_and_origin(made):
    extras = {
        "meets": {"hts": "0101"},
        "misses the product": {"hts": "0102"},
        "leaves the product out": {"except_hts": "010101"},
        "misses the origin": {"origins": "CHN"},
        "by group": {"origins": "@PAIR"},
        "leaves the origin out": {"origins": "*", "except_origins": "@PAIR"},
        "all origins": {"origins": "*"},
    }
    rates = {
        name: rate_of(made(row(), row("Extra", "0.10", **c))).low for name, c in extras.items()
    }
    assert {name for name, rate in rates.items() if rate > 0.1} == {
        "meets",
        "by group",
        "all origins",
    }


@pytest.mark.parametrize("status", ["threatened", "announced"])
def test_a_threat_and_an_announcement_never_count(made, status):
    schedule = made(row(), row("Letter", "0.25", status=status))
    found = schedule.rate("0101", "JPN", ON)
    assert found.rate == Interval.exactly(0.05)
    assert found.refundable == Interval.exactly(0.0)
    letter = found.components[-1]
    assert not letter.counted
    assert letter.amount == Interval.exactly(0.25)  # what it would have added
    assert letter not in found.counted
    assert f"[{status}, not counted; full value]" in found.explain()


def test_a_threat_displaces_and_replaces_nothing(made):
    schedule = made(
        row(),
        row("Old", "0.10", displaced_by="Letter"),
        row("Letter", "0.25", status="threatened"),
        row("Swap", "0.30", status="announced", kind="replace", replaces="Old"),
    )
    assert rate_of(schedule).low == pytest.approx(0.15)


def test_a_void_duty_was_collected_and_is_refundable(made):
    schedule = made(
        row(), row("IEEPA", "0.10", status="void"), row("Other", "0.02..0.03", status="void")
    )
    found = schedule.rate("0101", "JPN", ON)
    assert (found.rate.low, found.rate.high) == pytest.approx((0.17, 0.18))
    assert (found.refundable.low, found.refundable.high) == pytest.approx((0.12, 0.13))


@pytest.mark.parametrize(
    ("kind", "mfn", "stated", "total"),
    [
        ("floor_incl_mfn", "0", "0.15", 0.15),
        ("floor_incl_mfn", "0.064", "0.15", 0.15),
        ("floor_incl_mfn", "0.15", "0.15", 0.15),
        ("floor_incl_mfn", "0.2", "0.15", 0.20),
        ("target_total", "0.064", "0.15", 0.15),
        ("target_total", "0.2", "0.15", 0.20),
        ("additive", "0.064", "0.15", 0.214),
    ],
)
def test_a_floor_counts_the_mfn_duty_in(made, kind, mfn, stated, total):
    assert rate_of(made(row(rate=mfn), row("Deal", stated, kind=kind))).low == pytest.approx(total)


@given(mfn=st.integers(0, 60), floor=st.integers(0, 60))
def test_a_floor_is_never_below_mfn_nor_below_itself(facts, mfn, floor):
    rows = (row(rate=str(mfn / 100)), row("Deal", str(floor / 100), kind="floor_incl_mfn"))
    schedule = schedule_of(facts, rows)
    assert rate_of(schedule).low == pytest.approx(max(mfn, floor) / 100)


def test_a_floor_over_an_mfn_duty_that_depends_on_a_claim(made):
    schedule = made(row(rate="0..0.2"), row("Deal", "0.15", kind="floor_incl_mfn"))
    assert rate_of(schedule) == Interval(0.15, 0.20)


def test_a_duty_by_volume_may_reach_the_floor_by_itself(made):
    schedule = made(
        row(rate="", specific_usd="0.002", specific_unit="litre"),
        row("Deal", "0.15", kind="floor_incl_mfn"),
    )
    found = schedule.rate("0101", "JPN", ON)
    assert found.rate == Interval(0, 0.15)  # 15% less an equivalent that nobody has stated
    assert [part.specific_usd for part in found.specific] == [Interval.exactly(0.002)]
    assert found.summary().endswith("of customs value, plus $0.002 per litre.")


@pytest.mark.parametrize(
    ("base", "metal", "low", "high"),
    [
        ("metal", "0.4", 0.05 + 0.5 * 0.4 + 0.1 * 0.6, 0.05 + 0.5 * 0.4 + 0.1 * 0.6),
        ("metal", "1", 0.55, 0.55),
        ("metal", "0", 0.15, 0.15),
        ("metal", None, 0.15, 0.55),
        ("metal", "0.2..0.6", 0.05 + 0.5 * 0.2 + 0.1 * 0.8, 0.05 + 0.5 * 0.6 + 0.1 * 0.4),
        ("full", "0.4", 0.55, 0.55),
        ("full", None, 0.55, 0.55),
    ],
)
def test_a_displaced_duty_bears_on_the_rest_of_the_value(made, base, metal, low, high):
    span = None if metal is None else Interval.parse(metal)
    schedule = made(
        row(), row("232", "0.5", base=base), row("Rest", "0.1", displaced_by="232"), metal=span
    )
    found = rate_of(schedule)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_a_displacer_that_does_not_cover_the_goods_displaces_nothing(made):
    schedule = made(row(), row("232", "0.5", hts="0102"), row("Rest", "0.1", displaced_by="232"))
    assert rate_of(schedule).low == pytest.approx(0.15)


def test_a_replacement_takes_the_place_of_what_it_names_in_its_window(made):
    swap = row("New", "0.30", kind="replace", replaces="Old; MFN", starts_on="2025-06-01")
    schedule = made(row(), row("Old", "0.10"), row("Kept", "0.01"), swap)
    assert rate_of(schedule, on=date(2025, 5, 31)).low == pytest.approx(0.16)
    assert rate_of(schedule, on=date(2025, 6, 1)).low == pytest.approx(0.31)
    assert rate_of(schedule, "CHN", date(2025, 6, 1)).low == pytest.approx(0.31)
    swap = row("New", "0.30", kind="replace", replaces="Old", origins="CHN")
    narrow = made(row(), row("Old", "0.10"), swap)
    assert rate_of(narrow, "JPN").low == pytest.approx(0.15)
    assert rate_of(narrow, "CHN").low == pytest.approx(0.35)


AUTHORITIES = ("A", "B", "C", "D")


@st.composite
def stacks(draw):
    """Rows of MFN and up to four authorities: at most one floor, one on metal, none displacing
    what displaces it."""
    tenths = st.integers(0, 8)

    def span():
        low, high = sorted((draw(tenths), draw(tenths)))
        return f"{low / 10}..{high / 10}"

    rows = [row(rate=span())]
    for position, name in enumerate(AUTHORITIES[: draw(st.integers(0, 4))]):
        cells = {"status": draw(st.sampled_from(["in_force", "void", "announced"]))}
        if name == "A":
            cells["base"] = draw(st.sampled_from(["metal", "full"]))
        elif draw(st.booleans()):
            cells["displaced_by"] = "; ".join(AUTHORITIES[: draw(st.integers(1, position))])
        if name == "D":
            cells["kind"] = "floor_incl_mfn"
        rows.append(row(name, span(), **cells))
    metal = sorted((draw(tenths), draw(tenths)))
    return rows, Interval(metal[0] / 10, metal[1] / 10)


def by_brute_force(rows, metal):
    """Return the least and the greatest total over a grid of everything unknown."""
    charged = [r for r in rows if r.status in (Status.IN_FORCE, Status.VOID)]
    bases = {r.authority: r.base.value for r in charged}
    found = []
    for rates in combinations(*((r.ad_valorem.low, r.ad_valorem.high) for r in charged)):
        for share in (metal.low, (metal.low + metal.high) / 2, metal.high):
            borne = {name: share if base == "metal" else 1.0 for name, base in bases.items()}
            paid = 0.0
            for r, rate in zip(charged, rates, strict=True):
                due = max(0.0, rate - rates[0]) if r.kind.value == "floor_incl_mfn" else rate
                left = 1 - max((borne.get(name, 0.0) for name in r.displaced_by), default=0.0)
                paid += due * min(borne[r.authority], left)
            found.append(paid)
    return min(found), max(found)


@given(stack=stacks(), shuffle=st.randoms(use_true_random=False))
def test_any_stack_by_brute_force_in_any_order(facts, stack, shuffle):
    rows, metal = stack
    thing = Product(**{**THING.model_dump(), "metal_content": metal})
    shuffled = rows.copy()
    shuffle.shuffle(shuffled)
    rates = [rate_of(schedule_of(facts, order, thing)) for order in (rows, shuffled)]
    assert rates[0] == rates[1]
    assert (rates[0].low, rates[0].high) == pytest.approx(by_brute_force(rows, metal), abs=1e-11)


# the shipped schedule as a whole


def test_a_row_of_ones_own_takes_the_place_of_the_law(facts, schedule):
    own = row("IEEPA reciprocal", "0.33", hts=CONSOLE[:8], origins="VNM",
              starts_on="2025-09-01", ends_on="2025-10-01")  # fmt: skip
    asked = Schedule(schedule.source, replace(facts, tariffs=(own,)))
    days = [date(2025, 8, 31), date(2025, 9, 1), date(2025, 9, 30), date(2025, 10, 1)]
    rates = [asked.rate(CONSOLE, "VNM", on).rate.low for on in days]
    assert rates == pytest.approx([0.20, 0.33, 0.33, 0.20])


def test_a_row_that_gives_way_to_nothing_known_is_refused(facts, schedule):
    own = row("Letter", "0.1", displaced_by="Section 223")
    with pytest.raises(DataError, match=r"did you mean Section 232"):
        Schedule(schedule.source, replace(facts, tariffs=(own,)))


def test_a_row_that_replaces_is_never_taken_out():
    swap = {"kind": "replace", "ends_on": ""}
    one = row("One", "0.1", replaces="Two; MFN", **swap)
    two = row("Two", "0.2", replaces="One", **swap)
    kept = after_replacement([row(), one, two])
    assert [r.authority for r in kept] == ["One", "Two"]


@pytest.mark.parametrize("known", KNOWN_RATES[::3], ids=lambda r: f"{r['hts']}-{r['origin']}")
def test_exact_parts_add_up_to_the_rate(schedule, known):
    found = schedule.rate(known["hts"], known["origin"], day(known["on"]))
    parts = sum((p.amount for p in found.counted if p.amount is not None), Interval(0, 0))
    assert parts.low <= found.rate.low + ROUNDING
    assert found.rate.high <= parts.high + ROUNDING  # ends of the parts need not meet
    if all(p.amount is None or p.amount.is_exact for p in found.counted):
        assert found.rate.low == pytest.approx(parts.low, abs=ROUNDING)


@pytest.mark.parametrize(
    ("hts", "origin"), [(CONSOLE, "CHN"), ("76129010", "CAN"), ("3304995000", "KOR")]
)
def test_the_history_agrees_with_the_rate_of_every_day(schedule, hts, origin):
    start, end = date(2025, 1, 1), date(2026, 10, 8)
    history = schedule.history(hts, origin, start, end)
    assert history["starts_on"].iloc[0] == start
    assert history["ends_on"].iloc[-1] == end
    assert list(history["starts_on"][1:]) == list(history["ends_on"][:-1])
    for spell in history.itertuples():
        on = spell.starts_on
        while on < spell.ends_on:
            rate = schedule.rate(hts, origin, on).rate
            assert (rate.low, rate.high) == (spell.low, spell.high), on
            on += timedelta(days=1)
    moved = history[["low", "high"]].diff().abs().sum(axis=1).iloc[1:]
    assert (moved > 0).all()  # equal neighbours are one spell


@pytest.mark.parametrize("days", [0, -1])
def test_a_history_needs_time(schedule, days):
    start = date(2025, 6, 1)
    with pytest.raises(ModelError, match="needs an end after its start"):
        schedule.history(CONSOLE, "CHN", start, start + timedelta(days=days))


# what it does not know it says


@pytest.mark.parametrize(
    ("product", "origin", "on", "messages"),
    [
        ("8471300199", "CHN", "2025-05-01", []),  # a statistical line the book has not: its line
        ("8471990000", "CHN", "2025-05-01", ["is not in the schedule; its lines nearby are"]),
        ("8471", "CHN", "2025-05-01", ["has 4 digits; give 8 or 10, such as 84713001"]),
        ("consoles", "CHN", "2025-05-01", ["'consoles' is not an HTS code", "8 or 10 digits"]),
        ("9903880300", "CHN", "2025-05-01", ["is of chapter 99, a special provision"]),
        (CONSOLE, "CHINA", "2025-05-01", ["'CHINA' is not an ISO 3166-1", "CHN"]),
        (CONSOLE, "USA", "2025-05-01", ["pay no duty here"]),
        (CONSOLE, "CHN", "2024-12-31", ["no rate on 2024-12-31; the schedule begins on 2025-01"]),
    ],
)
def test_what_is_not_known_is_an_error_that_says_what_is(schedule, product, origin, on, messages):
    if not messages:
        assert schedule.rate(product, origin, day(on)).rate.is_bounded
        return
    with pytest.raises(ModelError) as caught:
        schedule.rate(product, origin, day(on))
    for message in messages:
        assert message in str(caught.value)


def test_after_its_sources_end_it_answers_with_a_warning(schedule):
    assert schedule.coverage(CONSOLE, "CHN") == (date(2025, 1, 1), date(2026, 10, 8))
    assert schedule.rate(CONSOLE, "CHN", date(2026, 10, 7)).warnings == ()
    late = schedule.rate(CONSOLE, "CHN", date(2026, 10, 8))
    assert late.rate == Interval.exactly(0.125)
    assert "sources of this schedule end on 2026-10-07" in late.warnings[0]
    assert late.warnings[0] in late.explain()
    assert late.warnings[0] in late.as_json()["warnings"]


def test_the_origins_it_knows(schedule, facts):
    covered = next(g.members for g in facts.country_groups if g.group == "@COVERED")
    assert schedule.origins(CONSOLE) == tuple(sorted(covered))
    assert "USA" not in schedule.origins("8471300100")
    assert len(schedule.origins("8471300100")) > 200


@pytest.mark.parametrize("code", ["9504.50.00.00", "9504500000", "950450", "9504"])
def test_a_short_code_will_do_where_one_product_fits(schedule, code):
    assert schedule.product(code).hts == CONSOLE


def test_a_statistical_line_finds_its_product_of_eight_digits(schedule):
    of_eight, of_ten = schedule.product("76129010"), schedule.product("7612901060")
    assert (of_ten.hts, of_ten.name) == ("7612901060", of_eight.name)
    assert of_ten.metal_content == of_eight.metal_content == Interval.exactly(1)
    rates = {schedule.rate(p.hts, "DEU", date(2025, 9, 1)).rate for p in (of_eight, of_ten)}
    assert len(rates) == 1


# the result


def test_the_result_names_each_part_and_its_source(schedule, facts):
    found = schedule.rate(CONSOLE, "JPN", date(2025, 8, 3))
    assert found.summary() == (
        "Video game consoles (9504.50.0000) from Japan on 2025-08-03: 10.0% of customs value."
    )
    told = schedule.explain(CONSOLE, "JPN", date(2025, 8, 3))
    assert told == found.explain()
    for part in found.components:
        assert part.name in told
        assert str(part.source.url) in told
        assert part.locator in told
        assert part.quote or part.authority == "MFN"
    threat = next(part for part in found.components if part.status is Status.THREATENED)
    assert threat.amount == Interval.exactly(0.25)  # the letter of 7 July 2025
    frame = found.to_frame()
    assert list(frame["counted"]) == [part.counted for part in found.components]
    assert isinstance(frame, pd.DataFrame)
    assert set(frame["source_id"]) <= {source.source_id for source in facts.sources}
    assert found.plot().get_figure() is not None
