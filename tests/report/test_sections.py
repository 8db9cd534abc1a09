"""What the report says, against the known answers and whatever facts are left out."""

import csv
import re
from dataclasses import replace
from datetime import date

import pytest

from sampled import sampled
from tariffimpact import units
from tariffimpact.cases import read_case, shipped_cases
from tariffimpact.charts import drawn_for
from tariffimpact.companies import compare
from tariffimpact.errors import ModelError
from tariffimpact.facts import Exposure, Financial, RefundStage, read_facts, shipped_folder
from tariffimpact.interval import Interval
from tariffimpact.report import build_report
from tariffimpact.report.content import Figure, Table, cites_of
from tariffimpact.report.lead import lead_event
from tariffimpact.report.lead_recovery import lead_recovery
from tariffimpact.report.sections.companies import exposure_span
from tariffimpact.report.sections.refunds import money_frame
from tariffimpact.report.standings import standing
from tariffimpact.tariffs import shipped_schedule

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
LEAD = lead_event(FACTS, shipped_schedule(FACTS))


@pytest.mark.parametrize(
    "known",
    [
        "$250 or less (Vietnam, 20%), $333 (Japan, 15%)",  # 50/0.20, 50/0.15
        "$167 (China, 30%)",
        "7.1% to 11.1%",
        "$1.11 to $1.43",  # entered before 7 August at 10%, s in 0.70..0.90
        "$0.74 to $0.95",  # Japan's 15%
        "$0.56 to $0.71",  # Vietnam's 20%
        "$0.52 to $1.00",  # s in 0.50..0.97 at 20%: nothing from other makers
        "a customs value of 151% to 173%",  # $680m on 5.25m to 6m consoles at 15% of $500
        "$113 to $130 for each of 5.25m to 6m units",
        "$38 to $43 a unit",  # a third of it
        "$135.00",  # the largest duty an Xbox Series X can have borne: 30% of 90% of $499.99
        "computes that 67% was passed on",
        "Vietnam 76%, Japan 8%, China 7%, Thailand 5% and Cambodia 4%",
        "$128m to $189m",
        "63% to 139%",
        "paid 12.5%",
        "the PlayStation 5 rose again on 2 April 2026",
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
    for said in (
        "$680m",
        "$100m",
        "threat",
        "407",
        "bringing forward purchases",
        "passed on additional costs",
        "absorbed a part",
    ):
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
    units = (15e6 * 0.35, 15e6 * 0.40)
    months = (date(2026, 4, 1) - date(2025, 8, 21)).days / 365
    low = 50 * units[0] * months * 0.84 * 0.95 / 204e6
    high = 50 * units[1] * months * 1.03 / 136e6
    assert f"{100 * low:.0f}% to {100 * high:.0f}%" in DOCUMENT.findings[4].text


def test_the_report_and_the_case_give_one_answer():
    """The recovered share and the rate from 7 August on, from one set of rows."""
    case = read_case("sony-ps5")
    recovered = lead_recovery(FACTS, LEAD)
    rate = case.recovery().rate
    assert (recovered.latest.rate.low, recovered.latest.rate.high) == pytest.approx(
        (rate.low, rate.high), rel=1e-6
    )
    open_today = next(s for s in LEAD.scenarios if s.is_open and s.is_current)
    for entry in LEAD.of(open_today):
        asked = case.product(entry.price.product).pass_through().rate
        assert (entry.bounds.rate.low, entry.bounds.rate.high) == pytest.approx(
            (asked.low, asked.high)
        )


def test_goods_pay_the_rate_of_their_day_of_import():
    """The eve of 7 August is the last day at 10%, and China's goods are barred from that day."""
    rates = {(s.origins, s.entered): s.tariff_change.low for s in LEAD.singles}
    everywhere = ("VNM", "JPN", "THA", "KHM")
    assert rates == pytest.approx({
        (("VNM",), "from 7 August 2025"): 0.20,
        (("JPN",), "from 7 August 2025"): 0.15,
        (("THA", "KHM"), "from 7 August 2025"): 0.19,
        (everywhere, "before 7 August 2025"): 0.10,
        (("CHN",), "before 7 August 2025"): 0.30,
    })  # fmt: skip


@pytest.mark.parametrize(("ends_on", "first"), [("2025-08-21", "JPN"), ("2025-08-22", "VNM")])
def test_an_origin_that_ends_on_the_day_of_the_rise_counts_no_more(ends_on, first):
    """Windows are half-open: a statement that ends on 21 August says nothing of that day."""
    own = [row for row in FACTS.origins if row.origin_id == "sony-us-vietnam-2025"]
    ended = own[0].model_copy(update={"ends_on": date.fromisoformat(ends_on)})
    large = [r.model_copy(update={"share": Interval.exactly(0.9)}) for r in FACTS.origins
             if r.origin_id == "consoles-2025-08-jpn"]  # fmt: skip
    facts = replace(FACTS, origins=(ended, *large))
    assert lead_event(facts, shipped_schedule(facts)).scenarios[0].origins == (first,)


@pytest.mark.parametrize(("months", "days"), [("3", 92), ("1", 31), ("0.4", 13)])
def test_the_stock_on_record_decides_how_old_goods_may_be(months, days):
    rows = [row.model_copy(update={"value": Interval.parse(months)})
            if row.name == "months_of_stock" else row for row in FACTS.assumptions]  # fmt: skip
    facts = replace(FACTS, assumptions=tuple(rows))
    lead = lead_event(facts, shipped_schedule(facts))
    assert lead.stock_days == days
    # 13 days before 21 August all paid what was paid on the day: no older rate is left
    assert any(s.entered.startswith("before") for s in lead.singles) == (days > 14)


def test_standings_follow_from_what_a_sentence_rests_on():
    share, price = FACTS.assumption("us-share-ps5"), FACTS.prices[0]
    exact = FACTS.assumption("dutiable-share")
    assert standing(price, share) == standing(share, modelled=True) == "assumption"
    assert standing(price, exact) == "accounting"  # one is no range
    assert standing(price, modelled=True) == "model"
    assert standing(price, computed=False) == "evidence"
    assert {p.standing for p in DOCUMENT.findings if "if the customs value" in p.text.lower()} == {
        "assumption"
    }


def test_each_section_of_facts_says_how_far_they_reach():
    days = {source.source_id: source.published_on for source in FACTS.sources}
    for key in ("prices", "recovery", "refunds", "companies"):
        blocks = SECTIONS[key].blocks
        cited = [days[source] for block in blocks for source in cites_of(block)]
        assert blocks[-1].text.startswith(
            f"The facts of this section reach to {units.day(max(cited))};"
        )


def exposed(company, low, high, **cells):
    """A company whose exposure is from `low` to `high` percent of its sales."""
    given = {
        "exposure_id": company.lower(), "company": company, "scope": "group",
        "disclosed_on": "2025-08-01", "amount": f"{low}..{high}", "currency": "USD",
        "period": "2025", "starts_on": "2025-01-01", "ends_on": "2026-01-01", "basis": "gross",
        "measure": "cost", "covers": "all", "source_id": "s", "locator": "1", "quote": "1", **cells,
    }  # fmt: skip
    sold = {
        "financial_id": company.lower(), "company": company, "measure": "net_sales",
        "scope": "group", "period": given["period"], "starts_on": given["starts_on"],
        "ends_on": given["ends_on"], "value": "100", "unit": "USD", "horizon": "actual",
        "source_id": "s", "locator": "1", "quote": "1",
    }  # fmt: skip
    return Exposure.model_validate(given), Financial.model_validate(sold)


def span_of(*companies):
    exposures, sales = zip(*companies, strict=True)
    facts = replace(FACTS, exposures=exposures, financials=sales, prices=(), statements=())
    return exposure_span(compare(facts))


def test_like_is_set_beside_like_and_the_title_holds_every_end():
    """The lowest low end and the highest high end of one basis and one year, no yearly rates."""
    fiscal = {"period": "FY to Jun 2027", "starts_on": "2026-07-01", "ends_on": "2027-07-01"}
    told = span_of(
        exposed("Low", 0, 2), exposed("High", 2, 6.4), exposed("Middle", 1, 5),
        exposed("Yearly", 8, 9, annualised="true"), exposed("Net", 20, 30, basis="net"),
        exposed("Later", 40, 50, **fiscal),
    )  # fmt: skip
    assert told == (
        "gross exposures of 2025 run from 0.0% to 2.0% of sales (Low) to 2.0% to 6.4% (High)"
    )
    assert span_of(exposed("Alone", 1, 2), exposed("Net", 3, 4, basis="net")) is None


def test_a_sentence_holds_two_stretches_of_days_and_sends_the_reader_on():
    early = build_report(FACTS, as_of=date(2025, 6, 30))
    covered, rates = early.findings[1].text, early.findings[2].text
    assert covered.count(" if it entered ") == rates.count("on what entered ") == 2
    assert covered.endswith("The section below has the other days of import and origins.")
    assert not DOCUMENT.findings[1].text.endswith("origins.")


def test_a_refund_booked_and_received_is_one_refund():
    """The refunds of companies are added once each, the largest figure of each."""
    rows = [r for r in FACTS.refunds if r.company == "Nike"]
    received = rows[0].model_copy(update={"refund_id": "x", "stage": RefundStage.RECEIVED})
    told = {}
    for name, more in (("once", ()), ("twice", (received,))):
        facts = replace(FACTS, refunds=(*FACTS.refunds, *more))
        section = next(s for s in build_report(facts).sections if s.key == "refunds")
        told[name] = next(b.text for b in section.blocks if "companies on record" in
                          getattr(b, "text", ""))  # fmt: skip
    assert told["once"] == told["twice"]


def test_who_has_the_money_adds_up():
    """Importers' part and the Treasury's are what was collected, end against end."""
    told = dict(money_frame(FACTS.refunds))
    importers, treasury = list(told.values())[:2]
    assert importers.low + treasury.high == pytest.approx(166e9)
    assert importers.high + treasury.low == pytest.approx(166e9)
    assert (importers.low, importers.high) == pytest.approx((106.6e9, 0.73 * 166e9))
    assert money_frame([r for r in FACTS.refunds if r.stage != "collected"]) == []


def test_what_customers_have_is_drawn_and_not_taken_for_nothing():
    (drawn,) = [b for b in SECTIONS["refunds"].blocks if isinstance(b, Figure)]
    assert drawn.frame["low"].isna().tolist() == [False, False, True]
    assert "no sum on record" in drawn.alt
    promise = next(row for row in FACTS.refunds if row.company == "FedEx")
    handed = promise.model_copy(update={
        "stage": RefundStage.HANDED_ON, "amount": Interval.exactly(8e8), "currency": "USD",
    })  # fmt: skip
    told = dict(money_frame((*FACTS.refunds, handed)))
    assert list(told.values())[2] == Interval.exactly(8e8)


def test_no_claim_stands_in_quotation_marks_that_nobody_made():
    assert not re.search(r"“[^”]*(passed on|is the tariff on)”", TEXT)


def test_as_of_the_day_of_the_story_knows_nothing_later():
    early = build_report(FACTS, as_of=date(2025, 8, 21))
    law = shipped_schedule(FACTS).source.manifest["sources"]
    ours = {*law, *(row.source_id for row in (*FACTS.tariffs, *FACTS.assumptions))}
    for reference in early.references:
        source = reference.source
        assert source.published_on <= date(2025, 8, 21) or source.source_id in ours
    assert "void" not in " ".join(finding.text for finding in early.findings)
    assert "¥50bn" not in text_of(early)
    assert "¥70bn" in text_of(early)


@pytest.mark.parametrize("company", sampled(FACTS.companies, 6))
def test_each_company_alone_makes_a_report(company):
    text = text_of(build_report(FACTS, companies=(company.upper(),)))
    assert company in text
    assert not ids_in(text)


def test_no_row_of_the_data_is_named_by_its_id():
    text = "; ".join(note for row in FACTS.exposures if (note := row.notes))
    assert ids_in(text)  # the notes do, so that the search below finds what there is to find
    assert not ids_in(TEXT)
    assert "(Kiel Institute" in TEXT
    assert not re.search(r"\b[a-z_]+\.csv\b", TEXT)


def ids_in(text):
    """Return the ids of rows of the facts that stand in a text, but where a row is to be mended."""
    text = re.sub(r"the row \S+ of \w+\.csv", "", text)
    keys = {
        row[0] for path in shipped_folder("data").glob("*.csv")
        for row in csv.reader(path.read_text(encoding="utf-8").splitlines())
    }  # fmt: skip
    return keys & set(re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)+", text))


@pytest.mark.parametrize(
    "table",
    sampled(["prices", "exposures", "statements", "financials", "origins", "assumptions",
             "conflicts", "tariffs", "products"], 3),
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


@pytest.mark.parametrize("name", sampled(shipped_cases(), 2))
def test_each_shipped_case_can_be_included_and_drawn(name):
    document = build_report(FACTS, cases=(read_case(name),))
    own = [f for f in document.figures if f.name.startswith(name)]
    with drawn_for(shown=False):
        for figure in own:
            assert figure.draw().get_figure() is not None
    assert all(re.fullmatch(r"[a-z0-9-]+", section.key) for section in document.sections)
