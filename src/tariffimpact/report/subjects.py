"""A report about what the user came with: one company, some companies, or cases alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from tariffimpact.cases import Case
from tariffimpact.facts import ALL_IMPORTERS, Conflict, Facts, Record
from tariffimpact.facts.reader import folded
from tariffimpact.report.content import Document, Paragraph, Reference, Section, cited_ids
from tariffimpact.report.explorer import explorer_of
from tariffimpact.report.results import Results, gather
from tariffimpact.report.sections.companies import company_section
from tariffimpact.report.sections.decisions import case_findings, case_section
from tariffimpact.report.sections.evidence import (
    assumption_section,
    conflict_section,
    limit_section,
    narrowing_section,
)
from tariffimpact.report.sections.exposure import exposure_section
from tariffimpact.report.sections.passthrough import pass_through_section
from tariffimpact.report.sections.prices import price_section
from tariffimpact.report.sections.profile import company_findings, profile_sections
from tariffimpact.report.sections.refunds import refund_section
from tariffimpact.report.sections.tariffs import tariff_section
from tariffimpact.report.wording import sources_named
from tariffimpact.tariffs import shipped_schedule

_OWN_TABLES: Final = (
    "prices", "exposures", "statements", "financials", "customs_values", "refunds", "lawsuits",
)  # fmt: skip
"""Tables of which a company's report takes the company's rows."""
_NO_ORIGIN: Final = "where the goods come from is not on record"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is about, ready for a renderer but for its references."""

    title: str
    lead: str
    results: Results
    findings: tuple[Paragraph, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()
    """What the user can add to the data so that the report says more; no part of the document."""


def about_companies(facts: Facts, names: tuple[str, ...], day: date) -> Subject:
    """Return the report on the companies named: theirs alone, and nobody else's product.

    An origin is never made up: where none is on record, what depends on it is left out, and a note
    tells the user what to add.

    Raises
    ------
    ModelError
        If a company is unknown, or nothing was known of it by the day.
    """
    known = dict.fromkeys(facts.company_named(name) for name in names)
    results, notes = _without_example(gather(facts_about(facts, tuple(known)), day))
    makers: tuple[Callable[[Results], Section | None], ...] = (
        price_section, pass_through_section, tariff_section, exposure_section, refund_section,
    )  # fmt: skip
    compared = company_section(results) if len(known) > 1 else None
    made = [
        *profile_sections(results),
        *([] if compared is None else [compared]),
        *(section for make in makers if (section := make(results)) is not None),
    ]
    papers = (narrowing_section, assumption_section, conflict_section, limit_section)
    made += [section for make in papers if (section := make(results)) is not None]
    title = " and ".join(known) if len(known) < 3 else f"{len(known)} companies"
    return Subject(
        title=f"{title} under the US tariffs",
        lead="What it costs, what was done about it and what came back: every number sourced and "
        "every answer as wide as the evidence leaves it.",
        results=results,
        findings=company_findings(results),
        sections=tuple(made),
        notes=notes,
    )


def about_cases(facts: Facts, cases: tuple[Case, ...], day: date) -> Subject:
    """Return the report on cases alone: what each asks, what follows, and what it rests on."""
    first = cases[0]
    several = len(cases) > 1
    return Subject(
        title=f"{len(cases)} cases" if several else first.title,
        lead="What follows from the numbers of each." if several else first.file.question,
        results=gather(facts, day),
        findings=tuple(found for case in cases for found in case_findings(case, named=several)),
        sections=tuple(case_section(case, told=True) for case in cases),
    )


def facts_about(facts: Facts, companies: tuple[str, ...]) -> Facts:
    """Return the facts about some companies: their rows, and what is assumed or disputed of them.

    Origins of all importers stay where they are of goods that the companies sell.
    """
    own = facts.of_companies(companies)
    codes = {row.hts for row in own.prices} | {row.hts for row in own.customs_values}
    words = _words(own, companies)
    return replace(
        own,
        origins=tuple(
            row
            for row in facts.origins
            if row.company in companies
            or (
                row.company == ALL_IMPORTERS
                and any(code.startswith(row.hts) for code in codes if code)
            )
        ),
        assumptions=tuple(
            row for row in facts.assumptions if _names(words, row.applies_to, row.name)
        ),
        conflicts=tuple(row for row in facts.conflicts if _disputed(row, words)),
        refunds=tuple(row for row in own.refunds if row.company in companies),
        lawsuits=tuple(row for row in own.lawsuits if row.company in companies),
        firms=tuple(row for row in facts.firms if row.company in companies),
    )


def _words(own: Facts, companies: tuple[str, ...]) -> tuple[str, ...]:
    """Return what the companies and their products are called, for comparison."""
    families = [
        product.family
        for product in own.products
        if any(row.hts and row.hts.startswith(product.hts) for row in own.prices)
    ]
    products = [row.product for row in own.prices]
    return tuple(dict.fromkeys(folded(name) + " " for name in (*companies, *products, *families)))


def _names(words: Iterable[str], *texts: str) -> bool:
    told = folded(" ".join(texts)) + " "
    return any(word in told for word in words)


def _disputed(row: Conflict, words: Iterable[str]) -> bool:
    return _names(words, row.subject, row.claim)


def _without_example(results: Results) -> tuple[Results, tuple[str, ...]]:
    """Return the results without an origin that nobody recorded, and what the user may add."""
    lead = results.lead
    if lead is None:
        return results, ()
    if lead.gap:
        return results, (f"{lead.company}: {lead.gap}",)
    if not lead.is_example:
        return results, ()
    note = (
        f"{lead.company}: {_NO_ORIGIN}, so that nothing is said of pass-through; add rows to "
        "origins.csv"
    )
    bare = replace(
        lead, scenarios=(), bounds=(), gap=_NO_ORIGIN, reference_rate=None, old_rate=None,
        threatened=(),
    )  # fmt: skip
    return replace(results, lead=bare, recovery=None), (note,)


def document_of(
    subject: Subject,
    facts: Facts,
    *,
    title: str | None,
    day: date,
    made_with: str,
    quotes: Mapping[str, tuple[tuple[str, str], ...]],
    cases: tuple[Case, ...],
) -> Document:
    """Return the document of a subject, with the cases after its own sections."""
    more = tuple(case_section(case) for case in cases)
    own = {section.key for section in subject.sections}
    sections = (*subject.sections, *(section for section in more if section.key not in own))
    cited = cited_ids(subject.findings, sections)
    document = Document(
        title=title or subject.title,
        lead=subject.lead,
        findings=subject.findings,
        sections=sections,
        references=tuple(
            Reference(number, facts.source(source_id), quotes.get(source_id, ()))
            for number, source_id in enumerate(cited, start=1)
        ),
        data_date=facts.dated_on,
        as_of=day,
        made_with=made_with,
        explorer=explorer_of(cases, shipped_schedule(subject.results.facts)) if cases else None,
        notes=subject.notes,
    )
    return sources_named(document, facts.sources)


def own_quotes(facts: Facts) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return the (locator, words) quoted from each source by the rows that are told of."""
    found: dict[str, dict[tuple[str, str], None]] = {}
    for name in (*_OWN_TABLES, "conflicts", "origins"):
        rows: tuple[Record, ...] = getattr(facts, name)
        for row in rows:
            place = getattr(row, "locator", ""), getattr(row, "quote", "")
            found.setdefault(getattr(row, "source_id", ""), {})[place] = None
    return {source_id: tuple(pairs) for source_id, pairs in found.items()}
