"""The stacked rate: worked by hand from the texts, by a slow evaluator, and case by case."""

import csv
import random
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from itertools import product as combinations
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffimpact.errors import ModelError
from tariffimpact.facts import CountryGroup, Product, Status, TariffRow, shipped_folder
from tariffimpact.interval import Interval
from tariffimpact.tariffs import TariffSchedule

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


# every rate, by a slow evaluator that knows no `displaced_by`
#
# With b the share of the value that Section 232 bears on (the metal content, 1 on the full value,
# 0 if not covered), the order of the texts is
#   MFN + 232·b + (reciprocal, country order, 122, 301 of 2026)·(1 - b)
#       + fentanyl (China: full, others: ·(1 - b)) + 301 China + 338


def table(name):
    with (shipped_folder("data") / f"{name}.csv").open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


GROUPS = {row["group"]: set(row["members"].split()) for row in table("country_groups")}
ORIGINS = sorted(GROUPS["@COVERED"])
PRODUCTS = {row["hts"]: row["metal_content"] for row in table("products")}
SHARED = (
    "IEEPA reciprocal",
    "IEEPA country order",
    "Section 122",
    "Section 301 forced labour",
    "Section 301 Brazil",
)
WHOLE = ("Section 301 China", "Section 338")


def countries(words):
    return set().union(*(GROUPS.get(word, {word}) for word in words.split()))


def ends(cell):
    return tuple(Fraction(end) for end in cell.split(".."))


@cache
def charged_rows():
    rows = [row for row in table("tariffs") if row["status"] in ("in_force", "void")]
    for row in rows:
        row["from"] = countries(row["origins"]) - countries(row["except_origins"])
        row["ends"] = ends(row["ad_valorem"]) if row["ad_valorem"] else None
        row["until"] = row["ends_on"] or "9999-12-31"
    return rows


@cache
def bearing_on(hts, origin):
    return [
        row
        for row in charged_rows()
        if origin in row["from"]
        and any(word == "*" or hts.startswith(word) for word in row["hts"].split())
        and not any(hts.startswith(word) for word in row["except_hts"].split())
    ]


@cache
def totals(metal, origin, rows):
    """Return the lowest and highest rate over every combination of what is not known."""
    names = [name for name, *_ in rows]
    assert len(names) == len(set(names)), "no authority is charged twice"
    found = set()
    for rates in combinations(*(spans or (None,) for _, spans, *_ in rows)):
        by_name = {
            name: (rate, kind, base)
            for (name, _, kind, base), rate in zip(rows, rates, strict=True)
        }
        for share in metal:
            found |= {total(by_name, share, origin, extra) for extra in equivalents(by_name)}
    return min(found), max(found)


def equivalents(by_name):
    """Return ad valorem equivalents of an MFN duty by volume: none, or more than any floor."""
    return (Fraction(0),) if by_name["MFN"][0] is not None else (Fraction(0), Fraction(9))


def total(by_name, metal, origin, equivalent):
    mfn = by_name["MFN"][0] or Fraction(0)

    def topped_up(name):
        rate, kind, _ = by_name.get(name, (Fraction(0), "additive", "full"))
        assert kind in ("additive", "floor_incl_mfn")
        return rate if kind == "additive" else max(Fraction(0), rate - mfn - equivalent)

    on_metal, _, base = by_name.get("Section 232", (Fraction(0), "", ""))
    b = {"metal": metal, "full": Fraction(1), "": Fraction(0)}[base]
    fentanyl = topped_up("IEEPA fentanyl") * (1 if origin in ("CHN", "HKG") else 1 - b)
    assert set(by_name) <= {"MFN", "Section 232", "IEEPA fentanyl", *SHARED, *WHOLE}
    shared, whole = sum(map(topped_up, SHARED)), sum(map(topped_up, WHOLE))
    return mfn + on_metal * b + shared * (1 - b) + fentanyl + whole


def slow_rate(hts, origin, on):
    rows = tuple(
        (row["authority"], row["ends"], row["kind"], row["base"])
        for row in bearing_on(hts, origin)
        if row["starts_on"] <= on < row["until"]
    )
    content = ends(PRODUCTS[hts]) if PRODUCTS[hts] else (0, Fraction(1, 4), Fraction(1, 2), 1)
    return totals(content, origin, rows)


def changing_days():
    edges = {row[column] for row in charged_rows() for column in ("starts_on", "ends_on")}
    first, after = "2025-01-01", "2026-10-08"
    inside = {day(edge) for edge in edges if first < edge < after}
    eves = {on - timedelta(days=1) for on in inside}
    return sorted({day(first), day(after) - timedelta(days=1), *inside, *eves})


@pytest.mark.parametrize("every", [10, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("hts", PRODUCTS)
def test_every_rate_by_the_slow_evaluator(schedule, hts, every):
    """Every product from every origin, on some of the days before and after each change.

    Each pair takes every tenth day, and each a start of its own, so that among them all days are
    met; the slow run takes all days of all pairs.
    """
    days, offset = changing_days(), list(PRODUCTS).index(hts)
    for position, origin in enumerate(ORIGINS):
        for on in days[(offset + position) % every :: every]:
            low, high = slow_rate(hts, origin, on.isoformat())
            found = schedule.rate(hts, origin, on).rate
            assert found.low == pytest.approx(float(low), abs=ROUNDING), (origin, on)
            assert found.high == pytest.approx(float(high), abs=ROUNDING), (origin, on)


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


@pytest.fixture
def made(facts):
    def schedule_of(*rows, metal=None):
        thing = Product(**{**THING.model_dump(), "metal_content": metal})
        return TariffSchedule(
            replace(facts, tariffs=rows, products=(thing,), country_groups=(GROUP,))
        )

    return schedule_of


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
    schedule = TariffSchedule(replace(facts, tariffs=rows, products=(THING,), country_groups=()))
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
    rates = [
        rate_of(TariffSchedule(replace(facts, tariffs=tuple(order), products=(thing,))))
        for order in (rows, shuffled)
    ]
    assert rates[0] == rates[1]
    assert (rates[0].low, rates[0].high) == pytest.approx(by_brute_force(rows, metal), abs=1e-11)


# the shipped schedule as a whole


def test_the_order_of_the_rows_is_irrelevant(facts, schedule):
    rows = list(facts.tariffs)
    random.Random(7).shuffle(rows)
    shuffled = TariffSchedule(replace(facts, tariffs=tuple(rows)))
    for known in KNOWN_RATES:
        asked = (known["hts"], known["origin"], day(known["on"]))
        assert shuffled.rate(*asked).rate == schedule.rate(*asked).rate


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


SPAN = "the schedule knows 2025-01-01 to 2026-10-07"


@pytest.mark.parametrize(
    ("product", "origin", "on", "messages"),
    [
        ("8471300000", "CHN", "2025-05-01", ["is not in the schedule; it knows", CONSOLE]),
        ("3303", "CHN", "2025-05-01", ["more than one product", "3303001000", "3303003000"]),
        ("consoles", "CHN", "2025-05-01", ["'consoles' is not an HTS code", "8 or 10 digits"]),
        (CONSOLE, "AUS", "2025-05-01", ["from Australia; the schedule knows", "CHN", "VNM"]),
        (CONSOLE, "CHINA", "2025-05-01", ["'CHINA' is not an ISO 3166-1", "CHN", "knows"]),
        (CONSOLE, "CHN", "2024-12-31", ["from China on 2024-12-31", SPAN]),
        (CONSOLE, "CHN", "2026-10-08", ["from China on 2026-10-08", SPAN]),
    ],
)
def test_what_is_not_known_is_an_error_that_says_what_is(schedule, product, origin, on, messages):
    with pytest.raises(ModelError) as caught:
        schedule.rate(product, origin, day(on))
    for message in messages:
        assert message in str(caught.value)


def test_both_edges_of_the_schedule_are_known(schedule):
    assert schedule.coverage(CONSOLE, "CHN") == (date(2025, 1, 1), date(2026, 10, 8))
    assert schedule.rate(CONSOLE, "CHN", date(2025, 1, 1)).rate == Interval.exactly(0)
    assert schedule.rate(CONSOLE, "CHN", date(2026, 10, 7)).rate.low > 0
    with pytest.raises(ModelError, match="from Australia; the schedule knows"):
        schedule.coverage(CONSOLE, "AUS")


def test_the_origins_it_knows(schedule):
    assert schedule.origins(CONSOLE) == tuple(ORIGINS)


@pytest.mark.parametrize("code", ["9504.50.00.00", "9504500000", "950450", "9504"])
def test_a_short_code_will_do_where_one_product_fits(schedule, code):
    assert schedule.product(code).hts == CONSOLE


def test_a_statistical_line_finds_its_product_of_eight_digits(schedule):
    assert schedule.product("7612901060").hts == "76129010"


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
        assert part.quote
    threat = next(part for part in found.components if part.status is Status.THREATENED)
    assert threat.amount == Interval.exactly(0.25)  # the letter of 7 July 2025
    frame = found.to_frame()
    assert list(frame["counted"]) == [part.counted for part in found.components]
    assert isinstance(frame, pd.DataFrame)
    assert set(frame["source_id"]) <= {source.source_id for source in facts.sources}
    assert found.plot().get_figure() is not None
