"""Companies side by side on one basis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tariffimpact import charts, units
from tariffimpact.companies import (
    HEADWINDS,
    IN_PART,
    OTHER_REASON,
    PASSES_ON,
    CompanyComparison,
    CompanyProfile,
    ExposureShare,
    headwind_words,
)
from tariffimpact.facts import EVERYBODY, Basis, Exposure
from tariffimpact.interval import Interval
from tariffimpact.report.content import Block, Figure, Paragraph, Section, Table
from tariffimpact.report.results import Results
from tariffimpact.report.wording import leading

if TYPE_CHECKING:
    import pandas as pd


def company_section(results: Results) -> Section | None:
    """Return exposure per sales, responses, and the table behind both."""
    compared = results.companies
    if not compared.profiles:
        return None
    drawn = any(entry.share for p in compared.profiles for entry in p.exposures)
    figures = [_exposures(results)] if drawn else []
    blocks: tuple[Block, ...] = (
        Paragraph(
            "Exposures are what companies say tariffs cost them, over their own sales of the same "
            "period. Gross is before, net after their own measures, price rises among them: the "
            "two do not compare, and most companies publish only one. An interval is drawn where "
            "the company gave one, or only an end of it.",
            standing="accounting",
        ),
        *figures,
        _table(compared),
        *_firms_in_general(results),
        Paragraph(
            "The response is classified from the facts by one rule: a price rise announced or "
            "done for which the company names the tariff is “passes on”; “in part” if a range "
            "was kept at its price, costs were said to be absorbed, or the rise touches less than "
            "half of the range; a rise for which it gave another reason, or none, is “raised "
            "prices, gave another reason or none”; a rise only considered is “considering a "
            "rise”; a price kept or cost absorbed with no rise is “absorbs”; only sourcing, "
            "stock or cost measures is “mitigates”. What a company does not say is not counted, "
            "so the number that passes the tariff on is a lower bound.",
            standing="accounting",
        ),
    )
    return Section("companies", "Companies on one basis", blocks)


def _exposures(results: Results) -> Figure:
    compared = results.companies
    frame = company_rows(compared, {f.company: f.sector.value for f in results.facts.firms})
    entries = [entry for profile in compared.profiles for entry in profile.exposures]
    silent = [p.company for p in compared.profiles if not p.exposures]
    title = cost_title(frame)
    tail = f" No figure: {units.listed(silent)}." if silent else ""
    return Figure(
        name="exposure-by-company",
        title=title,
        subtitle="Tariff cost a year as the company put it, percent of its sales, latest figure of "
        "each basis" + (" by industry" if frame["group"].any() else ""),
        source="Company disclosures. Gross and net figures do not compare: read within a panel.",
        alt=f"{title}.{tail} The table below has every figure.",
        frame=frame,
        draw=lambda: charts.exposure_dots(frame),
        cites=tuple(dict.fromkeys(entry.exposure.source_id for entry in entries)),
    )


def company_rows(compared: CompanyComparison, sectors: Mapping[str, str]) -> pd.DataFrame:
    """Return the figures as the chart stacks them: industries and companies by their upper end.

    Industries of one company stand together under the last heading; where no industry is on record
    there is no heading.
    """
    import numpy as np

    frame = compared.to_frame()[
        ["company", "basis", "low", "high", "same_period", "response", "currency", "amount_low",
         "amount_high", "period", *HEADWIND_COLUMNS]
    ].dropna(subset=["low", "high"], how="all")  # fmt: skip
    finite = frame["high"].where(np.isfinite(frame["high"].astype(float)), frame["low"])
    frame = frame.assign(
        group=[sectors.get(name, "") for name in frame["company"]],
        marked=frame["company"].isin(STORY),
        _end=finite.astype(float),
    )
    counts = frame.groupby(["basis", "group"])["company"].transform("size")
    frame["group"] = frame["group"].where((counts > 1) | (frame["group"] == ""), _OTHERS)
    tops = frame.groupby(["basis", "group"])["_end"].transform("max")
    frame = frame.assign(_top=tops.where(frame["group"] != _OTHERS, -1.0))
    order = ["_top", "group", "_end", "company"]
    frame = frame.sort_values(order, ascending=[False, True, False, True], kind="stable")
    return frame.drop(columns=["_top", "_end"]).reset_index(drop=True)


HEADWIND_COLUMNS = tuple(
    f"headwind_{basis.value}_{end}" for basis in HEADWINDS.values() for end in ("low", "high")
)
_OTHERS = "Other industries"
STORY = ("Sony", "Nintendo", "Microsoft", "Estée Lauder", "PepsiCo", "Monster Beverage")
"""The companies that the story is about."""


def cost_title(frame: pd.DataFrame) -> str:
    """Return which company's figure reaches highest before its own measures, and which net."""
    said: list[str] = []
    for basis in ("gross", "net", "unstated"):
        mine = frame[frame["basis"] == basis]
        if mine.empty or (basis == "unstated" and said):
            continue
        ends = mine["high"].astype(float)
        ends = ends.where(ends < math.inf, mine["low"])
        top: Any = mine.iloc[int(ends.to_numpy().argmax())]
        low = 0.0 if top["low"] != top["low"] else float(top["low"])
        high = float(ends.max())
        reach = (
            "" if math.isclose(low, high) else ("more than " if top["high"] > high else "up to ")
        )
        what = {"gross": "gross", "net": "net"}.get(basis, "disclosed")
        share = f"{reach}{units.percent(high)} of sales"
        said.append(f"{top['company']} the highest {what} cost of the tariff, {share}"
                    if not said else f"{top['company']} the highest {what}, {share}")  # fmt: skip
    if not said:
        return "No exposure can be put over sales of its period"
    first = said[0].replace(" the highest", " names the highest", 1)
    return "; ".join([first, *said[1:]])


def exposure_span(compared: CompanyComparison) -> str | None:
    """Return the lowest and the highest exposure among those that compare, as a clause.

    Like is set beside like: figures of one basis, of years that mostly fall into one calendar
    year, over sales of the same period, no yearly rates; of the groups of such figures the largest
    one. None where no two compare.
    """
    groups: dict[tuple[Basis, int], list[tuple[str, Interval]]] = {}
    for profile in compared.profiles:
        for entry in profile.exposures:
            if entry.share is not None and entry.same_period and entry.share.is_bounded:
                key = (entry.basis, _year(entry.exposure))
                groups.setdefault(key, []).append((profile.company, entry.share))
    told = [_span_words(*key, found) for key, found in _largest(groups)]
    return "; ".join(told) or None


def _largest(
    groups: dict[tuple[Basis, int], list[tuple[str, Interval]]],
) -> list[tuple[tuple[Basis, int], list[tuple[str, Interval]]]]:
    """Return of each basis that is told the year with the most companies, two at least."""
    found = []
    for basis in (Basis.GROSS, Basis.NET):
        years = {key: rows for key, rows in groups.items() if key[0] is basis and len(rows) > 1}
        if years:
            key = max(years, key=lambda key: (len(years[key]), key[1]))
            found.append((key, years[key]))
    return found


def _span_words(basis: Basis, year: int, found: list[tuple[str, Interval]]) -> str:
    least, low = min(found, key=lambda entry: (entry[1].low, entry[1].high))
    most, high = max(found, key=lambda entry: (entry[1].high, entry[1].low))
    return (
        f"{basis.value} exposures of {year} run from {units.percent(low)} of sales ({least}) to "
        f"{units.percent(high)} ({most})"
    )


def _year(exposure: Exposure) -> int:
    """Return the calendar year that holds the middle of an exposure's period."""
    return (exposure.starts_on + (exposure.ends_on - exposure.starts_on) / 2).year


def passing_words(compared: CompanyComparison) -> str:
    """Return how many companies pass the tariff on and name it, and how many rose otherwise."""
    profiles = compared.profiles
    passing = [p for p in profiles if p.response in (PASSES_ON, IN_PART)]
    others = [p for p in profiles if p.response == OTHER_REASON]
    if len(profiles) == 1:
        only = profiles[0]
        if others:
            return f"{only.company} raised prices and did not name the tariff"
        does = "passes" if passing else "does not pass"
        return f"{only.company} {does} the tariff on, as far as it is known"
    if passing:
        verb, says = ("passes", "says") if len(passing) == 1 else ("pass", "say")
        count = f"{len(passing)} of {len(profiles)} companies {verb} the tariff on and {says} so"
    else:
        count = f"None of {len(profiles)} companies passes the tariff on and says so"
    return (
        f"{count}; {len(others)} raised prices and gave another reason or none" if others else count
    )


def companies_finding(results: Results) -> list[Paragraph]:
    """Return what the companies have in common: who passes on, and what it costs them."""
    profiles = results.companies.profiles
    if len(profiles) < 2:
        return []
    known = exposure_span(results.companies)
    costs = "" if known is None else f" {leading(known)}."
    margin = headwind_sentence(results.companies)
    costs += "" if margin is None else f" {leading(margin)}."
    silent = [p.company for p in profiles if not p.exposures]
    named = units.listed(silent) if len(silent) <= 6 else f"{len(silent)} companies"
    unsaid = f" Of {named} no figure was found." if silent else ""
    return [
        Paragraph(
            leading(f"{passing_words(results.companies)}.{costs}{unsaid}"),
            tuple(dict.fromkeys(row.source_id for p in profiles for row in p.headwinds)),
            "evidence",
        )
    ]


def _firms_in_general(results: Results) -> list[Paragraph]:
    """Say what the sources say of firms at large, who are nobody's row."""
    rows = [row for row in results.facts.statements if row.company == EVERYBODY]
    if not rows:
        return []
    said = units.listed([f"“{row.quote}”" for row in rows])
    return [
        Paragraph(
            f"Of businesses at large, no company named, the story says: {said}.",
            tuple(dict.fromkeys(row.source_id for row in rows)),
            "evidence",
        )
    ]


def headwind_sentence(compared: CompanyComparison) -> str | None:
    """Return which companies give the effect on their margin in basis points, as a clause."""
    told = [
        f"{' and '.join(map(headwind_words, profile.headwinds))} ({profile.company})"
        for profile in compared.profiles
        if profile.headwinds
    ]
    if not told:
        return None
    return f"off the margin the tariff takes, by their own words, {units.listed(told)}"


def _table(compared: CompanyComparison) -> Table:
    """Return the companies' figures; a column for what they say of their margin if any does."""
    rows = [(p, entry) for p in compared.profiles for entry in (p.exposures or (None,))]
    said = any(p.headwinds for p in compared.profiles)
    told = [_row(profile, entry) for profile, entry in rows]
    columns = (*_COSTS, *((_MARGIN,) if said else ()), "Price move", "Response")
    cells = [
        (*row, *((_margin(profile),) if said else ()), profile.price_words, profile.response)
        for row, (profile, _) in zip(told, rows, strict=True)
    ]
    margin = (
        f"{_MARGIN}: basis points (hundredths of a percent) of sales that the company itself says "
        "the tariff takes off its margin. "
        if said
        else ""
    )
    return Table(
        caption="Exposure, price move and response",
        columns=columns,
        rows=tuple(cells),
        cites=tuple(_row_cites(profile, entry) for profile, entry in rows),
        numeric=(1, 4, 5, 6) if said else (1, 4, 5),
        searchable=len(rows) > 12,
        note="Of sales: * the sales are of another period; † the exposure is an annual rate. "
        f"“No sales” where none of the same part of the company and currency is on record. {margin}"
        "Price move: smallest to largest over products in the US since February 2025, whatever "
        "the reason but one that is not the tariff.",
    )


_COSTS = ("Company", "Exposure", "Basis", "Period", "Of sales")
_MARGIN = "On its margin"


def _row(profile: CompanyProfile, entry: ExposureShare | None) -> tuple[str, ...]:
    if entry is None:
        return (profile.company, "none found", "", "", "")
    star = " †" if entry.exposure.annualised else "" if entry.same_period else " *"
    share = "no sales" if entry.share is None else f"{_share(entry)}{star}"
    basis = "not said" if entry.basis is Basis.UNSTATED else entry.basis.value
    amount = units.big_money(entry.exposure.amount, entry.exposure.currency)
    return (profile.company, amount, basis, entry.exposure.period, share)


def _margin(profile: CompanyProfile) -> str:
    return "; ".join(headwind_words(row).replace("basis points", "bp") for row in profile.headwinds)


def _row_cites(profile: CompanyProfile, entry: ExposureShare | None) -> tuple[str, ...]:
    said = (*profile.price_moves, *profile.statements, *profile.headwinds)
    found = [row.source_id for row in said]
    if entry is not None:
        found = [entry.exposure.source_id, *found]
        if entry.sales is not None:
            found.insert(1, entry.sales.source_id)
    return tuple(dict.fromkeys(found))


def _share(entry: ExposureShare) -> str:
    return "unknown" if entry.share is None else units.percent(entry.share)
