"""Checks across rows: windows that overlap, by brute force over products, origins and days."""

from datetime import date, timedelta
from itertools import product as combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampled import examples
from tariffimpact.errors import DataError
from tariffimpact.facts import (
    Company,
    CountryGroup,
    CustomsValue,
    Exposure,
    Lawsuit,
    PriceChange,
    Refund,
    Source,
    TariffRow,
    read_facts,
)
from tariffimpact.facts.checks import (
    overlapping_windows,
    price_rows_that_clash,
    refunds_above_the_duty,
    repeated,
    segments_above_their_group,
    unknown_groups,
    unlisted_companies,
    unsourced,
    vintages_before_the_first,
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


@examples(60)
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


def exposure(key, **cells):
    given = {
        "exposure_id": key, "company": "Acme", "scope": "group", "disclosed_on": "2025-05-10",
        "amount": "100", "currency": "USD", "period": "2025", "starts_on": "2025-01-01",
        "ends_on": "2026-01-01", "basis": "gross", "measure": "cost", "covers": "all",
        "source_id": "s", "locator": "1", "quote": "1", **cells,
    }  # fmt: skip
    return Exposure.model_validate(given)


def refund(key, **cells):
    given = {
        "refund_id": key, "company": "Acme", "scope": "IEEPA", "stage": "booked",
        "amount": "100", "currency": "USD", "said_on": "2026-05-10",
        "source_id": "s", "locator": "1", "quote": "1", **cells,
    }  # fmt: skip
    return Refund.model_validate(given)


def told(faults):
    return [str(fault).removeprefix("tariffs.csv:") for fault in faults]


def test_no_figure_of_an_estimate_is_older_than_its_first():
    rows = table(
        exposure("first", vintage="first"),
        exposure("earlier", vintage="revised", disclosed_on="2025-05-09"),
        exposure("same-day", vintage="revised"),
        exposure("other-basis", vintage="revised", basis="net", disclosed_on="2025-04-01"),
        exposure("unsaid", disclosed_on="2025-04-01"),
        exposure("any-basis", vintage="actual", basis="unstated", disclosed_on="2025-04-02"),
        exposure("again", vintage="first", disclosed_on="2025-05-11"),
    )
    assert told(vintages_before_the_first(rows)) == [
        "3: disclosed_on: was said before the first figure of this estimate, on line 2 (got "
        "'2025-05-09'); call this one first and that one revised, or correct the day",
        "7: disclosed_on: was said before the first figure of this estimate, on line 2 (got "
        "'2025-04-02'); call this one first and that one revised, or correct the day",
        "8: vintage: is a second first figure of this estimate, after line 2 (got 'first'); "
        "write revised, or actual",
    ]


@pytest.mark.parametrize(("part", "blamed"), [("40..90", False), ("40.1..90", True)])
def test_segments_come_to_no_more_than_their_group(part, blamed):
    """60 and the least of 40 to 90 make exactly the group's 100; a tenth more does not."""
    rows = table(
        exposure("group"),
        exposure("games", segment="games", amount="60"),
        exposure("chips", segment="chips", amount=part),
        exposure("later", segment="chips", amount="900", disclosed_on="2025-08-01"),
    )
    assert told(segments_above_their_group(rows)) == blamed * [
        "4: amount: the segments of this period come to 100 at least, above their group's figure "
        "on line 2 (got '40.1..90'); check the amounts, the basis and the period"
    ]


@pytest.mark.parametrize(("back", "interest", "blamed"), [
    ("100", "false", False), ("100.5", "false", True), ("100.5", "true", False),
    ("90..120", "false", False),
])  # fmt: skip
def test_a_refund_is_no_larger_than_the_duty(back, interest, blamed):
    paid = refund("paid", stage="collected", amount="100")
    rows = table(paid, refund("back", amount=back, with_interest=interest))
    assert told(refunds_above_the_duty(rows)) == blamed * [
        "3: amount: the refund is larger than the duty collected, 100 on line 2 (got '100.5'); "
        "check both, or write with_interest true where interest is in it"
    ]
    cells = {"amount": back, "duty": "100", "with_interest": interest}
    if blamed:
        with pytest.raises(ValueError, match="the refund is larger than the duty"):
            refund("alone", **cells)
    else:
        refund("alone", **cells)


def test_a_refund_of_other_money_is_not_compared():
    rows = table(refund("paid", stage="collected", amount="100"), refund("b", currency="JPY"))
    assert not list(refunds_above_the_duty(rows))


def test_a_company_is_in_the_list_of_companies():
    acme = Company(company="Acme", name="Acme Inc.", country="USA", sector="Industrials")
    firms = Table(Path("companies.csv"), (Row(2, acme),))
    rows = table(exposure("a"), exposure("b", company="Acmee"), exposure("c", company="Nobody"),
                 refund("d", company="all importers"))  # fmt: skip
    assert told(unlisted_companies(rows, firms)) == [
        "3: company: is not in companies.csv (got 'Acmee'); did you mean Acme?",
        "4: company: is not in companies.csv (got 'Nobody'); add the company there",
    ]
    assert not list(unlisted_companies(rows, Table(Path("companies.csv"))))


def declared(**cells):
    given = {
        "value_id": "v", "company": "Acme", "product": "Phone", "measure": "declared_value",
        "value_of": "declared on export", "amount": "338", "currency": "USD",
        "shelf_price": "449.99", "said_on": "2025-04-03",
        "source_id": "s", "locator": "1", "quote": "1", **cells,
    }  # fmt: skip
    return CustomsValue.model_validate(given)


def test_a_duty_on_a_unit_says_what_it_is_a_duty_on():
    """$34 at 10% and $155 at 46% are duties on $340 and on $336.96."""
    at_ten = declared(measure="duty_per_unit", amount="34", rate="0.10")
    at_46 = declared(measure="duty_per_unit", amount="155", rate="0.46")
    assert at_ten.value.low == pytest.approx(340)
    assert at_46.value.high == pytest.approx(336.9565, abs=1e-4)
    assert declared().share.low == pytest.approx(338 / 449.99)
    assert declared(shelf_price=None).share is None
    for cells in ({"rate": "0.1"}, {"measure": "duty_per_unit"}):
        with pytest.raises(ValueError, match="a duty per unit has a rate, and nothing else has"):
            declared(**cells)


def test_a_suit_is_not_told_of_before_it_is_filed():
    given = {
        "lawsuit_id": "l", "company": "Acme", "plaintiff": "p", "defendant": "d", "court": "c",
        "filed_on": "2026-05-02", "about": "customers", "claim": "x", "status": "filed",
        "said_on": "2026-05-01", "source_id": "s", "locator": "1", "quote": "1",
    }  # fmt: skip
    with pytest.raises(ValueError, match="said_on is before filed_on"):
        Lawsuit.model_validate(given)
    assert Lawsuit.model_validate({**given, "said_on": "2026-05-02"}).docket is None
