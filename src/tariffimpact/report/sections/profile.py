"""One company: what the tariff costs it, what it did and said, and what the schedule says now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from tariffimpact import units
from tariffimpact.cases.company_rows import company_case
from tariffimpact.codes import country_name, hts_label
from tariffimpact.companies import CompanyProfile
from tariffimpact.decisions.bridge import Bridge
from tariffimpact.errors import TariffImpactError
from tariffimpact.facts import Facts, PriceChange, Statement
from tariffimpact.report.content import Figure, Paragraph, Section, Table
from tariffimpact.report.results import Results
from tariffimpact.report.sections.companies import companies_finding
from tariffimpact.report.sections.findings import covered, days_decide
from tariffimpact.report.standings import standing
from tariffimpact.report.wording import tariff, within

_RESPONSES: Final = {
    "pass_on": "price",
    "absorb": "absorb",
    "front_load": "stock ahead",
    "shift_sourcing": "source elsewhere",
    "mix": "mix",
    "mitigate": "other measures",
}
_CLASSES: Final = {
    "passes on": "passes the tariff on",
    "passes on in part": "passes the tariff on in part",
    "considering a rise": "is considering a rise of its prices",
    "absorbs": "absorbs the tariff",
    "mitigates": "answers with other measures than its prices",
    "nothing stated": "has announced no measure",
}
"""A class of response as a sentence goes on with it."""
_BOOKED: Final = ("booked", "received", "handed_on", "promised", "expected", "claimed")
"""Stages of a refund that a company's findings name, what is surest first."""


def company_findings(results: Results) -> tuple[Paragraph, ...]:
    """Return what a reader should know of each company first, most telling first.

    Of several, what they have in common goes before.
    """
    return *companies_finding(results), *(
        found
        for profile in results.companies.profiles
        for found in (
            *_cost(results, profile),
            *_response(profile),
            *_moves(profile),
            *_covered(results, profile),
            *_refund(results.facts, profile.company),
            *_now(results, profile.company),
        )
    )


def profile_sections(results: Results) -> Iterator[Section]:
    """Yield a section on what the tariff costs each company and what it said and did."""
    for profile in results.companies.profiles:
        blocks: list[Paragraph | Figure | Table] = []
        found = bridge_of(results.facts, profile.company)
        if found is not None:
            blocks += [_bridge_table(found, profile)]
        if len(profile.revisions) > 1:
            blocks += [_figure(profile), _vintages(profile)]
        if profile.statements:
            blocks.append(_statements(profile))
        if blocks:
            key = f"company-{_slug(profile.company)}"
            yield Section(key, f"{profile.company}: cost and answer", tuple(blocks))


def bridge_of(facts: Facts, company: str) -> Bridge | None:
    """Return the way from a company's disclosed cost to its earnings; None without a cost."""
    try:
        return company_case(facts, company).earnings()
    except TariffImpactError:
        return None


def _cost(results: Results, profile: CompanyProfile) -> Iterator[Paragraph]:
    found = bridge_of(results.facts, profile.company)
    if found is None:
        yield Paragraph(
            f"{profile.company} has disclosed no cost of the tariffs that is on record.",
            standing="evidence",
        )
        return
    words = found.summary().replace("the tariff costs", f"the tariff costs {profile.company}", 1)
    words = words.replace("The tariff costs", f"The tariff costs {profile.company}", 1)
    rows = [entry.exposure for entry in profile.exposures]
    cites = tuple(dict.fromkeys(row.source_id for row in rows))
    yield Paragraph(words, cites, standing(*rows))


def _response(profile: CompanyProfile) -> Iterator[Paragraph]:
    if profile.statements:
        cites = tuple(dict.fromkeys(row.source_id for row in profile.statements))
        yield Paragraph(response_words(profile), cites, "evidence")


def response_words(profile: CompanyProfile) -> str:
    """Return how a company answers, and what it said last of what it does."""
    words = f"{profile.company} {_CLASSES.get(profile.response, profile.response)}."
    said = [row for row in profile.statements if row.stage.value in ("announced", "done")]
    last = max(said or profile.statements, key=lambda row: row.said_on, default=None)
    if last is None or last.quote in ("", "-"):
        return words
    return f"{words} On {units.day(last.said_on)}: “{last.quote}”."


def _moves(profile: CompanyProfile) -> Iterator[Paragraph]:
    moves = sorted(profile.price_moves, key=lambda row: row.effective_on)
    if not moves:
        return
    told = [move_words(row) for row in moves[:6]]
    more = f", and {len(moves) - 6} more" if len(moves) > 6 else ""
    yield Paragraph(
        f"US prices of {profile.company}: {'; '.join(told)}{more}.",
        tuple(dict.fromkeys(row.source_id for row in moves)),
        "evidence",
    )


def move_words(row: PriceChange) -> str:
    """Return a price and its change in a clause."""
    return f"{row.product} {change_words(row)} from {units.day(row.effective_on)}"


def change_words(row: PriceChange) -> str:
    """Return a price before and after, or the price that was kept."""
    prices = [units.money(price, row.currency) for price in (row.old_price, row.new_price)]
    return " to ".join(prices) if row.change else f"kept at {prices[0]}"


def _covered(results: Results, profile: CompanyProfile) -> Iterator[Paragraph]:
    """Say up to which declared value the rise covers the duty, where origins are on record."""
    lead = results.lead
    if lead is None or lead.company != profile.company or not lead.scenarios or not lead.has_rate:
        return
    if lead.move != "rise":
        return
    yield Paragraph(
        covered(lead),
        tuple(dict.fromkeys(row.source_id for row in lead.changes)),
        standing(*lead.changes),
    )
    if lead.customs_share is not None:
        yield days_decide(results, lead)


def _refund(facts: Facts, company: str) -> Iterator[Paragraph]:
    rows = [row for row in facts.refunds if row.company == company]
    for stage in _BOOKED:
        told = [row for row in rows if row.stage.value == stage]
        if not told:
            continue
        last = max(told, key=lambda row: row.said_on)
        amount = (
            "no amount given"
            if last.amount is None or last.currency is None
            else units.big_money(last.amount, last.currency)
        )
        yield Paragraph(
            f"Refund of duties to {company}, {stage.replace('_', ' ')}: {amount} ({last.scope}), "
            f"said on {units.day(last.said_on)}.",
            (last.source_id,),
            "evidence",
        )
        return


def _now(results: Results, company: str) -> Iterator[Paragraph]:
    """Say what the schedule charges on the day of the report, from origins on record alone."""
    facts, day = results.facts, min(results.as_of, results.schedule_end)
    codes = dict.fromkeys(row.hts for row in facts.prices if row.company == company and row.hts)
    for code in codes:
        rates = []
        for origin in _origins(facts, company, code, day):
            try:
                rate = results.schedule.rate(code, origin, day)
            except TariffImpactError:
                continue
            rates.append((origin, rate))
        if rates:
            alike: dict[str, list[str]] = {}
            for origin, rate in rates:
                alike.setdefault(tariff(rate.rate), []).append(country_name(origin))
            told = units.listed([f"{rate} from {units.listed(at)}" for rate, at in alike.items()])
            name = within(rates[0][1].product.name)
            sources = [part.source.source_id for _, rate in rates for part in rate.counted]
            yield Paragraph(
                f"On {units.day(day)} the schedule charges {name} ({hts_label(code)}) {told}.",
                tuple(dict.fromkeys(sources)),
                "evidence",
            )


def _origins(facts: Facts, company: str, code: str, day: date) -> list[str]:
    """Return the single origins on record for a company's goods on a day, its own rows first."""
    rows = [row for row in facts.origins if code.startswith(row.hts)]
    rows.sort(key=lambda row: (row.company != company, -(row.share.high if row.share else 1.0)))
    found: dict[str, None] = {}
    for row in rows:
        ended = row.ends_on is not None and row.ends_on <= day and row.company == company
        if not ended:
            found |= dict.fromkeys(origin for origin in row.origins if origin.isalpha())
    barred = {
        origin.removeprefix("!")
        for row in rows
        if row.company == company and row.starts_on <= day
        for origin in row.origins
        if origin.startswith("!")
    }
    return [origin for origin in found if origin not in barred][:4]


def _bridge_table(found: Bridge, profile: CompanyProfile) -> Table:
    cites = tuple(dict.fromkeys(entry.exposure.source_id for entry in profile.exposures))
    rows = tuple((figure.label, str(figure), figure.kind) for figure in found.figures())
    return Table(
        caption=f"From the tariff to earnings, {found.window or 'as disclosed'}",
        columns=("Figure", "Value", "Kind"),
        rows=rows,
        cites=tuple(cites for _ in rows),
        numeric=(1,),
        note="What all answers take back bounds what prices took back from above.",
    )


def _figure(profile: CompanyProfile) -> Figure:
    rows = profile.revisions
    first, last = rows[0], rows[-1]
    moved = (
        f"{profile.company}: from {units.big_money(first.amount, first.currency)} to "
        f"{units.big_money(last.amount, last.currency)}, as disclosed"
    )
    return Figure(
        name=f"{_slug(profile.company)}-exposures",
        title=moved,
        subtitle="Cost of the tariffs as disclosed, money in the period it is of",
        source="Company disclosures; see References.",
        alt=f"{moved}, in {len(rows)} disclosures from {units.day(first.disclosed_on)} to "
        f"{units.day(last.disclosed_on)}.",
        frame=profile.to_frame(),
        draw=profile.plot,
        cites=tuple(dict.fromkeys(row.source_id for row in rows)),
    )


def _vintages(profile: CompanyProfile) -> Table:
    rows = profile.revisions
    return Table(
        caption=f"What {profile.company} disclosed, in order",
        columns=("Disclosed", "Amount", "Basis", "Period", "Covers"),
        rows=tuple(
            (
                units.day(row.disclosed_on),
                units.big_money(row.amount, row.currency),
                row.basis.value,
                row.period,
                row.covers,
            )
            for row in rows
        ),
        cites=tuple((row.source_id,) for row in rows),
        numeric=(1,),
    )


def _statements(profile: CompanyProfile) -> Table:
    rows: tuple[Statement, ...] = profile.statements
    return Table(
        caption=f"What {profile.company} considered, announced and did",
        columns=("Said", "Answer", "How far", "Words"),
        rows=tuple(
            (
                units.day(row.said_on),
                _RESPONSES.get(row.response.value, row.response.value.replace("_", " ")),
                row.stage.value.replace("_", " "),
                row.quote,
            )
            for row in rows
        ),
        cites=tuple((row.source_id,) for row in rows),
    )


def _slug(name: str) -> str:
    letters = "".join(ch if ch.isascii() and ch.isalnum() else "-" for ch in name.lower())
    return "-".join(filter(None, letters.split("-"))) or "company"
