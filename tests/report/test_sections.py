"""What the report says, against the known answers and whatever facts are left out."""

import re
from dataclasses import replace
from datetime import date

import pytest

from tariffimpact.cases import read_case, shipped_cases
from tariffimpact.charts import drawn_for
from tariffimpact.errors import ModelError
from tariffimpact.facts import read_facts
from tariffimpact.report import build_report
from tariffimpact.report.content import Figure, Table

FACTS = read_facts()
DOCUMENT = build_report(FACTS)
SECTIONS = {section.key: section for section in DOCUMENT.sections}


def text_of(document):
    """Everything a reader reads in running text, tables and titles."""
    words = [paragraph.text for paragraph in document.findings]
    for section in document.sections:
        for block in section.blocks:
            if isinstance(block, Figure):
                words += [block.title, block.subtitle, block.alt]
            elif isinstance(block, Table):
                words += [block.caption, block.note, *(cell for row in block.rows for cell in row)]
            else:
                words += [p.text for p in getattr(block, "items", (block,))]
    return "\n".join(words)


TEXT = text_of(DOCUMENT)


@pytest.mark.parametrize(
    "known",
    [
        "67% (PlayStation 5), 74% (PlayStation 5 Digital Edition) and 48% (PlayStation 5 Pro)",
        "7.1% to 11.1%",
        "$0.69 to $1.33",  # s in 0.50..0.97 at 15%
        "$0.52 to $1.00",  # at 20%
        "$0.34 to $0.67",  # at 30%
        "a customs value of 134% to 173%",  # $680m as a duty on consoles
        "$101 to $130 each",
        "$145.50",  # the largest duty an Xbox Series X can have borne
        "“67% passed on”",
        "From above the rate is not identified",
        "Not causal",
        "¥100bn",
        "¥70bn",
        "¥50bn",
    ],
)
def test_the_known_answers_are_in_the_report(known):
    assert known in TEXT


def test_every_fact_of_the_story_is_in_the_report():
    for company in ("Sony", "Estée Lauder", "PepsiCo", "Monster Beverage"):
        assert company in TEXT
    for said in ("$680m", "$100m", "threat", "407", "pulled purchases forward", "passed costs on"):
        assert said in TEXT


def test_twelve_companies_stand_side_by_side():
    (table,) = [b for b in SECTIONS["companies"].blocks if isinstance(b, Table)]
    named = {row[0] for row in table.rows}
    assert {
        "Sony", "Microsoft", "Nintendo", "Estée Lauder", "PepsiCo", "Monster Beverage",
        "Procter & Gamble", "Nike", "Mattel", "Stanley Black & Decker", "General Motors", "Walmart",
    } <= named  # fmt: skip


def test_every_citation_has_a_reference_and_every_reference_is_cited():
    numbers = [reference.number for reference in DOCUMENT.references]
    assert numbers == list(range(1, len(numbers) + 1))
    for section in DOCUMENT.sections:
        for block in section.blocks:
            if isinstance(block, Figure):
                assert len(DOCUMENT.numbers(block.cites)) == len(set(block.cites))
    quoting = {row.source_id for table in FACTS.cited_tables for row in table}
    for reference in DOCUMENT.references:
        assert reference.quotes or reference.source.source_id not in quoting


def test_cents_per_can_by_hand():
    # 12 to 15 grams at $2,550 to $4,250 a tonne and 50%
    low, high = 12e-6 * 2550 * 0.5, 15e-6 * 4250 * 0.5
    assert f"{100 * low:.1f} to {100 * high:.1f} cents" in TEXT


def test_recovery_by_hand():
    units = (15e6 * 0.35, 15e6 * 0.45)
    months = (date(2026, 4, 1) - date(2025, 8, 21)).days / 365
    low = 50 * units[0] * months * 0.84 * 0.95 / 324.4e6
    high = 50 * units[1] * months * 1.03 / 324.4e6
    assert f"{100 * low:.0f}% to {100 * high:.0f}%" in DOCUMENT.findings[3].text


def test_as_of_the_day_of_the_story_knows_nothing_later():
    early = build_report(FACTS, as_of=date(2025, 8, 21))
    ours = {row.source_id for row in (*FACTS.tariffs, *FACTS.assumptions)}
    for reference in early.references:
        source = reference.source
        assert source.published_on <= date(2025, 8, 21) or source.source_id in ours
    assert "void" not in " ".join(finding.text for finding in early.findings)
    assert "¥50bn" not in text_of(early)
    assert "¥70bn" in text_of(early)


@pytest.mark.parametrize("company", FACTS.companies)
def test_each_company_alone_makes_a_report(company):
    assert company in text_of(build_report(FACTS, companies=(company.upper(),)))


@pytest.mark.parametrize(
    "table", ["prices", "exposures", "statements", "financials", "origins", "assumptions",
              "conflicts", "tariffs", "products"],
)  # fmt: skip
def test_a_report_without_one_table_says_less_and_does_not_fail(table):
    fewer = replace(FACTS, **{table: ()})
    if table == "prices":
        fewer = replace(fewer, exposures=FACTS.exposures)
    document = build_report(fewer)
    assert document.sections
    assert len(document.figures) <= len(DOCUMENT.figures)


def test_before_anything_was_published_there_is_no_report():
    with pytest.raises(ModelError, match="no fact had been published"):
        build_report(FACTS, as_of=date(1999, 1, 1))


def test_a_case_brings_its_decisions():
    document = build_report(FACTS, cases=(read_case("textbook"), read_case("sony-ps5")))
    names = [figure.name for figure in document.figures]
    assert len(set(names)) == len(names)
    assert {"textbook-prices", "sony-ps5-recovery", "sony-ps5-timing"} <= set(names)
    assert "to hold dollar margin, $112.50" in text_of(document)


@pytest.mark.parametrize("name", shipped_cases())
def test_each_shipped_case_can_be_included_and_drawn(name):
    document = build_report(FACTS, cases=(read_case(name),))
    own = [f for f in document.figures if f.name.startswith(name)]
    with drawn_for(shown=False):
        for figure in own:
            assert figure.draw().get_figure() is not None
    assert all(re.fullmatch(r"[a-z0-9-]+", section.key) for section in document.sections)
