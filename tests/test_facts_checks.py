"""Checks across rows: windows that overlap, by brute force over products, origins and days."""

from datetime import date, timedelta
from itertools import product as combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tariffimpact.errors import DataError
from tariffimpact.facts import CountryGroup, PriceChange, Source, TariffRow, read_facts
from tariffimpact.facts.checks import (
    overlapping_windows,
    price_rows_that_clash,
    repeated,
    unknown_authorities,
    unknown_groups,
    unsourced,
)
from tariffimpact.facts.tables import Row, Table

GROUPS = (
    CountryGroup(group="@ASIA", members=("JPN", "KOR")),
    CountryGroup(group="@BOTH", members=("CHN", "JPN")),
)
# more codes and countries than any row names, so that exceptions never use up a scope
CODES = ["".join(parts) for parts in combinations(("01", "02", "03"), repeat=3)]
COUNTRIES = ("JPN", "KOR", "CHN", "DEU")
DAYS = [date(2025, 1, 1) + timedelta(days=n) for n in range(8)]


def row(number, **cells):
    given = {
        "component_id": f"c{number}", "authority": "A", "name": "n", "kind": "additive",
        "base": "full", "hts": "*", "origins": "*", "ad_valorem": "0.1", "status": "in_force",
        "starts_on": DAYS[0], "source_id": "s", "locator": "1", "quote": "1", **cells,
    }  # fmt: skip
    return TariffRow.model_validate(given)


def table(*records):
    return Table(Path("tariffs.csv"), tuple(Row(n, r) for n, r in enumerate(records, 2)))


@st.composite
def tariff_rows(draw, number):
    prefixes = st.sampled_from(["0101", "0102", "0201", "010101", "010102", "020101", "020202"])
    places = st.sampled_from(["JPN", "KOR", "CHN", "@ASIA", "@BOTH"])

    def words(one, *, least=0):
        return " ".join(draw(st.lists(one, min_size=least, max_size=2)))

    start = draw(st.integers(0, 6))
    end = draw(st.none() | st.integers(start + 1, 7))
    cells = {
        "authority": draw(st.sampled_from("AB")),
        "hts": draw(st.just("*")) if draw(st.booleans()) else words(prefixes, least=1),
        "except_hts": words(prefixes),
        "origins": "*" if draw(st.booleans()) else words(places, least=1),
        "except_origins": words(places),
        "status": draw(st.sampled_from(["in_force", "void", "announced", "threatened"])),
        "starts_on": DAYS[start],
        "ends_on": None if end is None else DAYS[end],
    }
    return row(number, **cells)


def expanded(words):
    members = {group.group: group.members for group in GROUPS}
    return {code for word in words for code in members.get(word, (word,))}


def charged_cells(record):
    """Return every code, country and day on which a row is charged."""
    if record.status not in ("in_force", "void"):
        return set()
    codes = [
        code
        for code in CODES
        if any(word == "*" or code.startswith(word) for word in record.hts)
        and not any(code.startswith(word) for word in record.except_hts)
    ]
    places = [
        place
        for place in COUNTRIES
        if ("*" in record.origins or place in expanded(record.origins))
        and place not in expanded(record.except_origins)
    ]
    days = [
        day
        for day in DAYS
        if record.starts_on <= day and (record.ends_on is None or day < record.ends_on)
    ]
    return set(combinations(codes, places, days))


@settings(max_examples=300)
@given(first=tariff_rows(1), second=tariff_rows(2), third=tariff_rows(3))
def test_windows_overlap_where_a_code_a_country_and_a_day_are_charged_twice(first, second, third):
    records = (first, second, third)
    blamed = set()
    for later, record in enumerate(records):
        for earlier in records[:later]:
            if earlier.authority == record.authority and (
                charged_cells(earlier) & charged_cells(record)
            ):
                blamed.add(f"tariffs.csv:{later + 2}")
    faults = list(overlapping_windows(table(*records), GROUPS))
    assert {fault.where for fault in faults} == blamed


def test_an_overlap_names_the_row_it_meets():
    rows = table(row(1, ends_on=DAYS[5]), row(2, starts_on=DAYS[4]))
    (fault,) = overlapping_windows(rows, GROUPS)
    assert str(fault) == (
        "tariffs.csv:3: starts_on: the window overlaps that of c1 on line 2, same authority, "
        "product and origin (got '2025-01-05'); end the earlier row on the day the later one starts"
    )
    touching = table(row(1, ends_on=DAYS[5]), row(2, starts_on=DAYS[5]))
    assert not list(overlapping_windows(touching, GROUPS))


def test_each_repetition_names_the_first():
    rows = table(row(1), row(2), row(1), row(1))
    faults = [str(fault) for fault in repeated(rows, "component_id")]
    remedy = "remove or rename one of the two rows"
    assert faults == [
        f"tariffs.csv:{line}: component_id: repeats line 2 (got 'c1'); {remedy}" for line in (4, 5)
    ]


def price(key, **cells):
    given = {
        "price_id": key, "company": "Acme", "product": "Phone", "market": "USA",
        "old_price": 100, "new_price": 110, "currency": "USD", "announced_on": DAYS[0],
        "effective_on": DAYS[1], "cause": "tariff", "source_id": "s", "locator": "1", "quote": "1",
        **cells,
    }  # fmt: skip
    return PriceChange.model_validate(given)


def test_a_price_that_changes_twice_on_a_day_is_blamed_once():
    rows = table(price("p1"), price("p2"), price("p1"), price("p3", product="Tablet"))
    assert [str(fault) for fault in price_rows_that_clash(rows)] == [
        "tariffs.csv:3: price_id: changes the price that line 2 changes: same product, company, "
        "market, day and source (got 'p2'); remove or rename one of the two rows"
    ]
    assert [fault.where for fault in repeated(rows, "price_id")] == ["tariffs.csv:4"]


def test_an_unknown_group_is_shown_among_its_words():
    groups = Table(Path("country_groups.csv"), tuple(Row(2, group) for group in GROUPS))
    rows = table(row(1, origins="@ASIA @NOPE"), row(2, except_origins="@NOWHERE"))
    assert [str(fault) for fault in unknown_groups(rows, groups)] == [
        "tariffs.csv:2: origins: @NOPE is not in country_groups.csv (got '@ASIA @NOPE'); "
        "define the group there",
        "tariffs.csv:3: except_origins: @NOWHERE is not in country_groups.csv (got '@NOWHERE'); "
        "define the group there",
    ]


@pytest.mark.parametrize(("rejected", "faults"), [((), 1), (((3, {"source_id": "s"}),), 0)])
def test_a_row_is_not_blamed_for_a_source_that_is_there_but_faulty(rejected, faults):
    other = Source.model_validate(
        {
            "source_id": "t", "publisher": "p", "title": "t", "url": "https://example.org/page",
            "kind": "press", "published_on": "2025-01-01", "accessed_on": "2025-01-02",
            "licence": "l",
        }
    )  # fmt: skip
    sources = Table(Path("sources.csv"), (Row(2, other),), rejected=rejected)
    assert len(list(unsourced(table(row(1)), sources))) == faults


def test_an_authority_that_no_row_has_displaces_nothing_in_silence():
    rows = table(row(1, authority="Section 232"), row(2, displaced_by="Section 223; Section 232"))
    assert [str(fault) for fault in unknown_authorities(rows)] == [
        "tariffs.csv:3: displaced_by: no row has the authority Section 223 "
        "(got 'Section 223 Section 232'); did you mean Section 232?"
    ]


def test_a_row_with_a_faulty_cell_is_told_of_its_unknown_source_at_once(data):
    line = data.edit("prices", "sony-ps5-2025-08", old_price="-1", source_id="nobody")
    bad = data.edit("prices", "switch-2025-08", source_id="No Key")
    with pytest.raises(DataError) as caught:
        read_facts(data.folder)
    told = [(f.where.rsplit("/", 1)[1], f.column) for f in caught.value.faults]
    assert sorted(told) == sorted([
        (f"prices.csv:{line}", "old_price"), (f"prices.csv:{line}", "source_id"),
        (f"prices.csv:{bad}", "source_id"),
    ])  # fmt: skip
