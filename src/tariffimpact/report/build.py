"""From facts to the document: results, then sections, then numbered sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

from tariffimpact import units
from tariffimpact.cases import Case, read_case, shipped_cases
from tariffimpact.errors import DataError
from tariffimpact.estimation import Estimation, read_estimation
from tariffimpact.facts import Facts, TariffRow, read_facts, shipped_folder
from tariffimpact.market import ProductTable, read_products
from tariffimpact.release import made_with
from tariffimpact.report.can_duty import METAL_DUTIES
from tariffimpact.report.content import Document, Paragraph, Reference, Section, cited_ids, cites_of
from tariffimpact.report.explorer import explorer_of
from tariffimpact.report.results import Results, gather
from tariffimpact.report.sections.cans import can_section
from tariffimpact.report.sections.companies import company_section
from tariffimpact.report.sections.cost_push import cost_push_section
from tariffimpact.report.sections.decisions import case_section
from tariffimpact.report.sections.estimates import estimate_section
from tariffimpact.report.sections.evidence import (
    assumption_section,
    conflict_section,
    limit_section,
    method_section,
    narrowing_section,
)
from tariffimpact.report.sections.exposure import exposure_section
from tariffimpact.report.sections.findings import findings
from tariffimpact.report.sections.history import history_figure
from tariffimpact.report.sections.passthrough import pass_through_section
from tariffimpact.report.sections.prices import price_section
from tariffimpact.report.sections.refunds import refund_section
from tariffimpact.report.sections.rivals import rival_section
from tariffimpact.report.sections.tariffs import tariff_section
from tariffimpact.report.subjects import about_cases, about_companies, document_of, own_quotes
from tariffimpact.report.wording import sources_named

MARKET: Final = "console_market.csv"
"""Name of the table of the lead's market, beside the facts; a folder need not have one."""

_SUBJECTS = (
    price_section,
    pass_through_section,
    tariff_section,
    exposure_section,
    refund_section,
    company_section,
    can_section,
    cost_push_section,
)
_PAPERS = (
    narrowing_section,
    method_section,
    assumption_section,
    conflict_section,
    limit_section,
)


def build_report(
    facts: Facts,
    *,
    as_of: date | None = None,
    companies: tuple[str, ...] = (),
    cases: tuple[Case, ...] = (),
    market: ProductTable | None = None,
    explored: tuple[Case, ...] = (),
    estimates: tuple[Estimation, ...] = (),
) -> Document:
    """Return the report on the facts known on a day.

    Parameters
    ----------
    facts
        All the facts, as read.
    as_of
        The day whose knowledge the report has; by default the day the data speaks for.
    companies
        Names to narrow the report to, in any case; all companies by default.
    cases
        Cases whose decisions the report includes, each in a section of its own.
    market
        Products of the lead's market, for what the rise says if rivals respond.
    explored
        More cases whose products a reader of the page may start from, after those of `cases` and
        the lead's company first.
    estimates
        Estimates from panels of prices, each in a section of its own.

    Returns
    -------
    Document
        The content, ready for a renderer.

    Raises
    ------
    ModelError
        If a company is unknown, or nothing was known by the day.

    Examples
    --------
    >>> from tariffimpact.facts import read_facts
    >>> document = build_report(read_facts())
    >>> document.findings[0].text.partition(":")[0]
    'Sony raised the US price of 3 PlayStation 5 models by $50, or 7.1% to 11.1%'
    """
    day = facts.dated_on if as_of is None else as_of
    chosen = facts.of_companies(companies) if companies else facts
    results = gather(chosen, day)
    made = [
        with_reach(section, results.facts)
        for make in _SUBJECTS
        if (section := make(results)) is not None
    ]
    rivals = None if market is None else rival_section(results, market)
    made += [] if rivals is None else [rivals]
    made += [case_section(case) for case in cases]
    made += [estimate_section(one, place) for place, one in enumerate(estimates, start=1)]
    made += [section for make in _PAPERS if (section := make(results)) is not None]
    sections = tuple(made)
    found = findings(results)
    opening = None if results.lead is None else history_figure(results, results.lead)
    document = Document(
        title="Tariff price impact",
        lead=_lead_words(results),
        findings=found,
        sections=sections,
        references=_references(facts, results, cited_ids(found, sections, opening)),
        data_date=facts.dated_on,
        as_of=day,
        made_with=made_with(facts.version, units.day),
        opening=opening,
        explorer=explorer_of((*cases, *_lead_first(explored, results)), results.schedule, day),
    )
    return sources_named(document, facts.sources)


def read_report(
    folder: Path | None = None,
    *,
    as_of: date | None = None,
    companies: tuple[str, ...] = (),
    cases: tuple[str | Path, ...] = (),
    estimates: tuple[Path, ...] = (),
    title: str | None = None,
) -> Document:
    """Read a data folder, the cases named and the market beside the data; return the report.

    Parameters
    ----------
    folder
        A folder with the tables of facts; the shipped data by default.
    as_of
        As in `build_report`.
    companies
        Names, in any case and without accents: the report is about these alone.
    cases
        Files, or names of shipped cases; without `companies` the report is about these alone.
    estimates
        Folders that `estimate --out` wrote: each result has a section after the others.
    title
        The title of the document; one that fits the subject by default.

    Raises
    ------
    DataError
        With every fault of every table, or if a folder holds no estimate.
    ModelError
        As in `build_report`.
    """
    found = tuple(read_estimation(one) for one in estimates)
    facts = read_facts(folder)
    products = (shipped_folder("data") if folder is None else folder) / MARKET
    named = tuple(read_case(case, facts=facts) for case in cases)
    known = facts if as_of is None else facts.as_of(as_of)
    if companies or named:
        document = _about(facts, known, companies, named, as_of, title)
        own = tuple(estimate_section(one, place) for place, one in enumerate(found, start=1))
        return replace(document, sections=(*document.sections, *own))
    document = build_report(
        facts,
        as_of=as_of,
        market=read_products(products) if products.exists() else None,
        explored=tuple(_other_cases(known)),
        estimates=found,
    )
    return document if title is None else replace(document, title=title)


def _about(
    facts: Facts,
    known: Facts,
    companies: tuple[str, ...],
    cases: tuple[Case, ...],
    as_of: date | None,
    title: str | None,
) -> Document:
    """Return the report on some companies, or on cases alone."""
    day = facts.dated_on if as_of is None else as_of
    if companies:
        subject = about_companies(facts, companies, day)
        own = {name.casefold() for name in subject.results.facts.companies}
        theirs = [case for case in _other_cases(known) if case.file.company.casefold() in own]
    else:
        subject, theirs = about_cases(facts, cases, day), []
    named = {case.name for case in cases}
    document = document_of(
        subject,
        facts,
        title=title,
        day=day,
        made_with=made_with(facts.version, units.day),
        quotes=own_quotes(subject.results.facts) if companies else {},
        cases=cases,
    )
    explored = (*cases, *(case for case in theirs if case.name not in named))
    return replace(document, explorer=explorer_of(explored, subject.results.schedule))


def with_reach(section: Section, facts: Facts) -> Section:
    """Return a section with a line at its end that says how far its facts reach."""
    cited = {source_id for block in section.blocks for source_id in cites_of(block)}
    days = [source.published_on for source in facts.sources if source.source_id in cited]
    if not days:
        return section
    line = Paragraph(
        f"The facts of this section reach to {units.day(max(days))}; of what came after it says "
        "nothing."
    )
    return replace(section, blocks=(*section.blocks, line))


def _other_cases(facts: Facts) -> Iterator[Case]:
    """Yield the shipped cases that the facts bear out.

    Other data, or an earlier day, need not have the rows that a shipped case refers to.
    """
    for name in shipped_cases():
        try:
            yield read_case(name, facts=facts)
        except DataError:
            continue


def _lead_first(cases: Iterable[Case], results: Results) -> list[Case]:
    company = None if results.lead is None else results.lead.company
    return sorted(cases, key=lambda case: case.file.company != company)


def _lead_words(results: Results) -> str:
    names = [profile.company for profile in results.companies.profiles]
    subject = f"{len(names)} companies" if len(names) > 1 else "".join(names) or "no company"
    return (
        f"From US tariffs to shelf prices, margins and profits: {subject}, every number sourced "
        "and every answer as wide as the evidence leaves it."
    )


def _references(facts: Facts, results: Results, cited: tuple[str, ...]) -> tuple[Reference, ...]:
    """Return the cited sources, numbered as a reader meets them, with the words quoted."""
    quotes = _quotes(facts, results)
    return tuple(
        Reference(number, facts.source(source_id), quotes.get(source_id, ()))
        for number, source_id in enumerate(cited, start=1)
    )


def _quotes(facts: Facts, results: Results) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the (locator, words) quoted from each source, each pair once.

    Of the tariff schedule, which quotes a text for every duty it knows, only the words behind the
    rates that the report shows.
    """
    found: dict[str, dict[tuple[str, str], None]] = {}
    for table in facts.cited_tables:
        for row in table:
            if not isinstance(row, TariffRow):
                found.setdefault(row.source_id, {})[row.locator, row.quote] = None
    for source_id, locator, quote in _shown_duties(results):
        if quote:
            found.setdefault(source_id, {})[locator, quote] = None
    return {source_id: tuple(pairs) for source_id, pairs in found.items()}


def _shown_duties(results: Results) -> list[tuple[str, str, str]]:
    """Return source, locator and words of each duty on the lead product, and of those on metal."""
    metal = [results.schedule.component(name) for name in METAL_DUTIES]
    shown = [(told["source_id"], told["locator"], told["quote"]) for told in metal]
    if results.lead is None:
        return shown
    change = results.lead.changes[0]
    parts = list(results.lead.threatened)
    origins = {origin for scenario in results.lead.scenarios for origin in scenario.origins}
    for origin in sorted(origins):
        parts += results.schedule.rate(change.hts or "", origin, change.effective_on).components
    return shown + [(part.source.source_id, part.locator, part.quote) for part in parts]
