"""Searching the facts: what is found is what the tables hold, read here without the library."""

import csv
import io
import json
import re
from collections import Counter
from datetime import date
from functools import partial

import pytest

from tariffimpact.errors import ModelError
from tariffimpact.facts import FactKind, read_facts, search_facts, shipped_folder
from tariffimpact.facts.search import wrapped
from tariffimpact.facts.sentences import claim_of

DATA = shipped_folder("data")
ROWS = {
    kind: list(
        csv.DictReader(io.StringIO((DATA / f"{kind.table}.csv").read_text(encoding="utf-8")))
    )
    for kind in FactKind
}


def ids(kind, rows):
    key = next(iter(ROWS[kind][0]))
    return {row[key] for row in rows}


@pytest.fixture
def run(run):
    return partial(run, "facts")


@pytest.fixture
def found(facts):
    return lambda *a, **k: {entry.fact_id for entry in search_facts(facts, *a, **k).entries}


# what is found


def test_everything_is_found_where_nothing_is_asked(facts, found):
    assert found() == set().union(*(ids(kind, rows) for kind, rows in ROWS.items()))
    assert len(search_facts(facts).entries) == sum(map(len, ROWS.values()))


@pytest.mark.parametrize("kind", FactKind)
def test_a_kind_is_a_table(found, kind):
    assert found(kinds=[kind]) == ids(kind, ROWS[kind])


@pytest.mark.parametrize("kind", [k for k in FactKind if "company" in ROWS[k][0]])
@pytest.mark.parametrize("company", ["Sony", "Estée Lauder", "Procter & Gamble"])
def test_a_company_is_its_rows(found, kind, company):
    expected = ids(kind, [row for row in ROWS[kind] if row["company"] == company])
    assert found(companies=[company], kinds=[kind]) == expected
    assert found(companies=[company.upper()], kinds=[kind]) == expected


def test_a_company_brings_the_disputes_and_assumptions_that_name_it_or_its_products(found):
    disputes = found(companies=["Nintendo"], kinds=[FactKind.CONFLICT])
    assert disputes == set()
    disputes = found(companies=["Sony"], kinds=[FactKind.CONFLICT])
    assert {"sony-50", "ps5-origin-japan", "april-tariffs", "yen-642"} <= disputes
    assert not {"gm-level", "pepsi-shelf", "el-net"} & disputes
    assert found(companies=["General Motors"], kinds=[FactKind.CONFLICT]) >= {"gm-half-to-one"}
    assert "us-share-ps5" in found(companies=["Sony"], kinds=[FactKind.ASSUMPTION])


@pytest.mark.parametrize("source_id", ["afp-2025-08-21", "hts-2025-basic", "jiji-2025-11-11"])
def test_a_source_is_the_rows_that_cite_it(facts, found, source_id):
    expected = set()
    for kind, rows in ROWS.items():
        expected |= ids(kind, [row for row in rows if row["source_id"] == source_id])
    assert expected <= found(sources=[source_id])
    others = found(sources=[source_id]) - expected  # the other side of a dispute comes along
    assert others <= ids(FactKind.CONFLICT, ROWS[FactKind.CONFLICT])


def test_each_source_says_how_many_rows_rest_on_it(facts):
    counted = Counter(row["source_id"] for rows in ROWS.values() for row in rows)
    del counted[""]  # an assumption that rests on no document
    told = {source.source_id: number for source, number in search_facts(facts).resting}
    assert told == counted
    numbers = list(told.values())
    assert numbers == sorted(numbers, reverse=True)


def test_a_day_leaves_out_what_was_published_later(facts, found):
    papers = {source.source_id: source.published_on.isoformat() for source in facts.sources}
    day = date(2025, 8, 21)
    for kind in set(FactKind) - {FactKind.ASSUMPTION}:
        known = [row for row in ROWS[kind] if papers[row["source_id"]] <= day.isoformat()]
        assert found(kinds=[kind], as_of=day) == ids(kind, known)


@pytest.mark.whole
def test_the_first_words_of_each_quote_find_its_row(found):
    for kind, rows in ROWS.items():
        for row in (row for row in rows[::9] if row.get("quote")):
            words = " ".join(re.findall(r"\w+", row["quote"])[:4])
            assert ids(kind, [row]) <= found(words), words


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ESTEE considered", {"estee-lauder-price-2025-08"}),
        ("playst digital europ", {"sony-ps5-digital-eu-2025-04"}),
        ("zins", set()),
    ],
)
def test_words_match_by_their_beginning_in_any_case_and_without_accents(found, words, expected):
    assert found(words) == expected


@pytest.mark.parametrize("words", ["consoles china list", "section 301 video game console"])
def test_a_duty_is_found_by_the_product_and_the_country_it_bears_on(data, words):
    data.repeat(
        "tariffs", "ieepa-reciprocal-jpn-25-letter", component_id="mine", name="List 4B",
        authority="Section 301", hts="95045000", origins="CHN", displaced_by="",
    )  # fmt: skip
    told = search_facts(read_facts(data.folder), words, kinds=[FactKind.TARIFF]).entries
    assert [entry.fact_id for entry in told] == ["mine"]


def test_a_threat_is_found_by_the_country_it_bears_on(found):
    told = found("japan letter", kinds=[FactKind.TARIFF])
    assert told == {"ieepa-reciprocal-jpn-25-letter"}


def test_where_one_claim_is_found_all_that_disagree_with_it_are(facts):
    subjects = {}
    for row in ROWS[FactKind.CONFLICT]:
        subjects.setdefault(row["subject"], set()).add(row["claim_id"])
    for row in ROWS[FactKind.CONFLICT]:
        words = " ".join(re.findall(r"\w+", row["quote"])[:6])
        entries = search_facts(facts, words, kinds=[FactKind.CONFLICT]).entries
        assert subjects[row["subject"]] <= {entry.fact_id for entry in entries}


# what it says


@pytest.mark.parametrize(
    ("table", "key", "words"),
    [
        (
            "prices",
            "sony-ps5-2025-08",
            "PlayStation 5, United States: $500 to $550, up $50 (10%); from 21 August 2025, "
            "announced 20 August 2025; reason given: the economy, no tariff named",
        ),
        (
            "prices",
            "switch-2-2025-06",
            "Switch 2, United States: kept at $449.99; from 5 June 2025, announced 18 April 2025; "
            "reason given: the economy, no tariff named",
        ),
        (
            "exposures",
            "sony-2025-05",
            "Tariff cost, group, United States: ¥100bn ($680m), in operating income; FY to Mar "
            "2026 (1 April 2025 to 31 March 2026); net of the company's own measures; first "
            "figure; disclosed 14 May 2025",
        ),
        (
            "statements",
            "pepsico-price-story-2025-08",
            "Raise prices (considered): soft drinks, United States; price change 10%; reason "
            "given: the tariff; said 20 August 2025",
        ),
        (
            "financials",
            "sony-ps5-units-2025",
            "Units, PlayStation 5, worldwide: 18.5m; FY to Mar 2025 (1 April 2024 to 31 March "
            "2025); reported",
        ),
        (
            "origins",
            "sony-us-from-2025-08",
            "PlayStation 5 (9504.50.0000) sold in the United States come from any country but "
            "China: share not given; from 7 August 2025",
        ),
        (
            "conflicts",
            "sony-50",
            "Sony's tariff exposure for the year to March 2026: ¥50bn; the figures rest on it",
        ),
        (
            "assumptions",
            "can-aluminium-grams",
            "Metal mass, a 12-ounce drinks can: 12 to 15 grams",
        ),
    ],
)
def test_a_row_in_a_sentence(facts, table, key, words):
    (row,) = (row for row in getattr(facts, table) if key in row.model_dump().values())
    assert claim_of(row).words == words


def test_no_number_of_a_row_is_lost_in_its_sentence(facts):
    """Each price and each amount of dollars stands in the sentence, in full or in short form."""
    for row in facts.prices:
        for price in (row.old_price, row.new_price):
            assert f"{price:,.2f}".removesuffix(".00") in claim_of(row).words
    for row in facts.tariffs:
        if row.ad_valorem is not None:
            for end in (row.ad_valorem.low, row.ad_valorem.high):
                number = f"{100 * end:.1f}".removesuffix(".0")
                assert re.search(rf"{re.escape(number)}(\.0)?%", claim_of(row).words)


def test_what_a_source_says_otherwise_is_marked(facts):
    standing = {entry.fact_id: entry.standing for entry in search_facts(facts).entries}
    assert standing["sony-2025-11"] == "disputed"  # the same words are a claim
    assert standing["sony-ps5-2026-04"] == "disputed"  # its notes point at the claims
    assert standing["sony-2025-08"] == ""
    assert (standing["sony-50"], standing["sony-100"]) == ("used", "not used")
    assert standing["us-share-ps5"] == "assumption"


# the command


def test_it_shows_each_fact_with_its_whole_paper(run):
    code, out, err = run("sony", "--kind", "exposure")
    assert (code, err) == (0, "")
    flat = " ".join(out.split())
    for row in (r for r in ROWS[FactKind.EXPOSURE] if r["company"] == "Sony"):
        for column in ("quote", "locator", "covers", "source_id", "notes", "exposure_id"):
            assert " ".join(row[column].split()) in flat
    assert "Jiji Press, carried by Nippon.com (carried), 11 November 2025, read 24 November" in flat
    assert "https://www.nippon.com/en/news/yjj2025111100531/" in flat


@pytest.mark.parametrize("columns", ["40", "72", "200"])
def test_lines_fit_the_terminal_unless_one_word_does_not(run, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    _, out, _ = run("Sony", "--company", "Sony")
    width = min(int(columns), 100)
    long = [line for line in out.splitlines() if len(line) > width]
    assert all(len(line.split()) == 1 or "://" in line for line in long if " · " not in line)


def test_without_a_question_it_says_what_there_is(run):
    code, out, _ = run()
    assert code == 0
    told = out.partition(", from ")[0].replace(" and ", ", ").split(", ")
    assert told[:3] == [
        f"{len(ROWS[kind]):,} {kind.value}s"
        for kind in (FactKind.PRICE, FactKind.EXPOSURE, FactKind.STATEMENT)
    ]
    assert {int(part.split()[0].replace(",", "")) for part in told} <= {
        len(rows) for rows in ROWS.values()
    }
    assert "Estée Lauder" in out
    assert "tariffimpact facts Sony price" in out


def test_nothing_found_says_what_is_near_and_what_can_be_asked(run):
    code, out, err = run("Sonny", "consoles")
    assert (code, err) == (0, "")
    flat = " ".join(out.split())
    assert flat.startswith("No fact for “Sonny consoles”. “Sonny” is in none; near it: sony.")
    assert re.search(r"“consoles” alone is in \d+ facts", flat)
    assert "Kinds: price, exposure, " in flat
    assert json.loads(run("Sonny", "--json")[1])["facts"] == []


def test_a_query_without_a_word_finds_nothing(facts, run):
    for sign in ("!", "…", "?! --", "()"):
        assert search_facts(facts, sign).entries == ()
        assert "is in none" in search_facts(facts, sign).summary()
    assert run("!")[1].startswith("No fact for")


@pytest.mark.parametrize(
    ("option", "value", "near"),
    [
        ("--company", "Sonny", "did you mean Sony?"),
        ("--company", "", "no facts about ''"),
        ("--source", "jiji-2025-11-12", "jiji-2025-11-11"),
        ("--source", "  ", "no source is called"),
    ],
)
def test_a_name_nobody_has_is_an_error_that_helps(run, option, value, near):
    code, out, err = run(option, value)
    assert (code, out) == (1, "")
    assert near in err
    assert len(err.splitlines()) == 1


def test_json_holds_every_column_of_the_row_and_its_source(run):
    _, out, _ = run("--company", "Nike", "--kind", "exposure", "--json")
    told = json.loads(out)
    fact = next(fact for fact in told["facts"] if fact["id"] == "nike-2025-09")
    row = next(r for r in ROWS[FactKind.EXPOSURE] if r["exposure_id"] == "nike-2025-09")
    assert set(fact["row"]) == set(row)
    assert fact["row"]["quote"] == row["quote"]
    assert fact["row"]["amount"] == float(row["amount"])
    assert fact["row"]["ends_on"] == row["ends_on"]
    assert fact["row"]["annualised"] is True
    assert fact["source"]["url"].startswith("https://")
    assert row["source_id"] in {source["source_id"] for source in told["sources"]}


def test_csv_is_the_same_facts(run):
    _, out, _ = run("tariff", "--kind", "statement", "--csv")
    rows = list(csv.DictReader(out.splitlines()))
    _, told, _ = run("tariff", "--kind", "statement", "--json")
    assert [row["fact_id"] for row in rows] == [fact["id"] for fact in json.loads(told)["facts"]]
    assert all(row["quote"] and row["published_on"] for row in rows)
    assert any(row["url"] for row in rows)
    assert all(row["url"] or row["source_id"] == "afp-2025-08-21" for row in rows)  # no address


def test_two_forms_at_once_are_refused(run):
    code, out, err = run("--csv", "--json")
    assert (code, out) == (2, "")
    assert "keep one" in err


def test_sources_alone(run):
    _, out, _ = run("--company", "Tapestry", "--sources")
    assert out.startswith("SOURCES, AND HOW MANY FACTS REST ON EACH")
    assert "Tariff cost" not in out


def test_tables_of_ones_own_are_searched_and_called_edited(run, data):
    data.edit("prices", "sony-ps5-2025-08", quote="Zinsfuß up by $50")
    _, out, _ = run("ZINSFUSS", "--data", str(data.folder))
    assert "“Zinsfuß up by $50”" in out
    assert "edited (prices.csv)" in " ".join(out.split())


def test_a_text_cannot_drive_the_terminal():
    assert wrapped("\x1b[31mred\x07\nup", 40) == "[31mred up"


def test_nothing_known_on_a_day_is_said(run, facts):
    code, _, err = run("--as-of", "1999-01-01")
    assert code == 1
    assert "no fact had been published by 1999-01-01" in err
    with pytest.raises(ModelError, match="no fact had been published"):
        search_facts(read_facts(), as_of=date(1999, 1, 1))
