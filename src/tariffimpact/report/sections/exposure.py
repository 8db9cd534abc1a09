"""The lead company's exposure: its path, and what share the price rise can be recovering."""

from __future__ import annotations

from datetime import timedelta

from tariffimpact import charts, units
from tariffimpact.facts import Basis, Exposure
from tariffimpact.report.content import Bullets, Figure, Paragraph, Section, Table
from tariffimpact.report.lead_recovery import LeadRecovery
from tariffimpact.report.results import Results
from tariffimpact.report.standings import standing


def exposure_section(results: Results) -> Section | None:
    """Return the path of the estimate, the recovered share, and why nobody can say it exactly."""
    found = results.recovery
    if found is None:
        return None
    company = found.change.company
    return Section(
        "recovery",
        f"{company}: what the rise can recover",
        (
            _path(found),
            _figure(found),
            Paragraph(
                found.latest.summary(),
                (found.standing.source_id,),
                standing(found.standing, found.home_share, found.stays, found.ratio),
            ),
            Paragraph("Nobody outside the company can say it exactly, because"),
            Bullets(
                (
                    Paragraph(
                        f"the exposure is that of {_part(found.standing)}, on everything it "
                        f"imports; the rise is on {found.units_sold.scope} alone;",
                        (found.standing.source_id,),
                    ),
                    *_counted_twice(found),
                    Paragraph(
                        f"the share of units sold in the US, "
                        f"{units.percent(found.home_share.value, 0)}, is a range that others "
                        "give, not the company's own figure;",
                        tuple(filter(None, (found.home_share.source_id,))),
                    ),
                    Paragraph(_unknown_parts(found)),
                )
            ),
        ),
    )


def _counted_twice(found: LeadRecovery) -> list[Paragraph]:
    """Say that a net figure may hold the rise already."""
    first = found.exposures[0]
    if first.basis is not Basis.NET:
        return []
    return [
        Paragraph(
            "the first figure is net of the company's own measures, price moves perhaps among "
            "them, so dividing a price rise by it may count the rise twice;",
            (first.source_id,),
        )
    ]


def _unknown_parts(found: LeadRecovery) -> str:
    """Say what is assumed of buyers and retailers, or that nothing is."""
    said = []
    for words, row in (
        ("the response of buyers", found.ratio),
        ("the part of the rise that stays with retailers", found.stays),
    ):
        none = "would lower it, and is taken as none for want of a range"
        said.append(f"{words} {none if row is None else 'is a range of its own'}")
    return f"{'; '.join(said)}."


def recovered_words(found: LeadRecovery) -> str:
    """Return the recovered share of the standing figure in a clause."""
    latest = found.standing
    assert latest.amount_usd is not None
    last = units.day(latest.ends_on - timedelta(days=1))
    of = "exposure" if latest.segment is None else f"that it put on {latest.segment}"
    return (
        f"{found.change.company}'s rise brings in "
        f"{units.big_money(found.latest.gain, found.change.currency)} by "
        f"{last}, {units.percent(found.latest.rate, 0)} of the "
        f"{units.big_money(latest.amount_usd, 'USD')} "
        f"({units.big_money(latest.amount, latest.currency)}) {of}"
    )


def _part(row: Exposure) -> str:
    """Return what a figure is of, in a word or two."""
    return row.segment or f"the {row.scope}"


def _path(found: LeadRecovery) -> Table:
    company, period = found.change.company, found.exposures[0].period
    return Table(
        caption=f"{company}'s tariff exposure as disclosed, {period}",
        columns=("Disclosed", "Of", "Amount", "In dollars", "Basis", "Covers", "Rise recovers"),
        rows=tuple(
            (
                units.day(row.disclosed_on, short=True),
                row.segment or row.scope,
                units.big_money(row.amount, row.currency),
                "" if row.amount_usd is None else units.big_money(row.amount_usd, "USD"),
                "not said" if row.basis is Basis.UNSTATED else row.basis.value,
                row.covers,
                units.percent(recovered.rate, 0),
            )
            for row, recovered in zip(found.exposures, found.recoveries, strict=True)
        ),
        cites=tuple((row.source_id,) for row in found.exposures),
        numeric=(2, 3, 6),
        note=f"{_revisions(found)}Rise recovers: conditional, see below.",
    )


def _revisions(found: LeadRecovery) -> str:
    count = sum(row.segment is None for row in found.exposures)
    return "" if count < 2 else f"{count} dated figures of one estimate, not {count} costs. "


def _figure(found: LeadRecovery) -> Figure:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "label": f"{units.big_money(row.amount, row.currency)} of {_part(row)}, "
            f"{units.day(row.disclosed_on)}",
            "low": recovered.rate.low,
            "high": recovered.rate.high,
            "brings_in_usd_low": recovered.gain.low,
            "brings_in_usd_high": recovered.gain.high,
            "exposure_usd_low": None if row.amount_usd is None else row.amount_usd.low,
            "exposure_usd_high": None if row.amount_usd is None else row.amount_usd.high,
        }
        for row, recovered in zip(found.exposures, found.recoveries, strict=True)
    )
    title = recovered_words(found)
    sold = units.count(found.units_sold.value * found.home_share.value)
    return Figure(
        name="exposure-recovered",
        title=title,
        subtitle="Share of the disclosed exposure that the price rise brings in by the end of "
        f"{found.standing.period}, {sold} US units a year",
        source="Company disclosures; units and volume: see Assumptions.",
        alt=f"{title}. "
        + " ".join(
            f"Of {label}: {units.percent(recovered.rate, 0)}."
            for label, recovered in zip(frame["label"], found.recoveries, strict=True)
        ),
        frame=frame,
        draw=lambda: charts.range_bars(
            frame, form="percent", mark=1.0, mark_label="All of it", digits=0
        ),
        cites=tuple(row.source_id for row in found.exposures),
    )
