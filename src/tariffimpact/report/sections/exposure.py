"""The lead company's exposure: its path, and what share the price rise can be recovering."""

from __future__ import annotations

from tariffimpact import charts, units
from tariffimpact.facts import Basis
from tariffimpact.report.content import Bullets, Figure, Paragraph, Section, Table
from tariffimpact.report.recovered import LeadRecovery
from tariffimpact.report.results import Results


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
            Paragraph(found.latest.summary(), (found.exposures[-1].source_id,), "accounting"),
            Paragraph("Nobody outside the company can say it exactly, because"),
            Bullets(
                (
                    Paragraph(
                        f"the exposure is the {found.exposures[-1].scope}'s, on everything it "
                        f"imports; the rise is on {found.units_sold.scope} alone;",
                        (found.exposures[-1].source_id,),
                    ),
                    *_counted_twice(found),
                    Paragraph(
                        f"the share of units sold in the US, "
                        f"{units.percent(found.home_share.value, 0)}, is assumed: it is not "
                        "published;",
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
    latest = found.exposures[-1]
    assert latest.amount_usd is not None
    rate = units.percent(found.latest.rate, 0)
    return (
        f"{found.change.company}'s rise can bring back {rate} of its "
        f"{units.big_money(latest.amount, latest.currency)} "
        f"({units.big_money(latest.amount_usd, 'USD')}) exposure"
    )


def _path(found: LeadRecovery) -> Table:
    company, period = found.change.company, found.exposures[0].period
    return Table(
        caption=f"{company}'s tariff exposure as disclosed, {period}",
        columns=("Disclosed", "Amount", "In dollars", "Basis", "Covers", "Rise recovers"),
        rows=tuple(
            (
                units.day(row.disclosed_on),
                units.big_money(row.amount, row.currency),
                "" if row.amount_usd is None else units.big_money(row.amount_usd, "USD"),
                "not said" if row.basis is Basis.UNSTATED else row.basis.value,
                row.covers,
                units.percent(recovered.rate, 0),
            )
            for row, recovered in zip(found.exposures, found.recoveries, strict=True)
        ),
        cites=tuple((row.source_id,) for row in found.exposures),
        numeric=(1, 2, 5),
        note=f"{_revisions(len(found.exposures))}Rise recovers: conditional, see below.",
    )


def _revisions(count: int) -> str:
    return "" if count == 1 else f"{count} dated revisions of one estimate, not {count} costs. "


def _figure(found: LeadRecovery) -> Figure:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "label": f"{units.big_money(row.amount, row.currency)}, disclosed "
            f"{units.day(row.disclosed_on)}",
            "low": recovered.rate.low,
            "high": recovered.rate.high,
        }
        for row, recovered in zip(found.exposures, found.recoveries, strict=True)
    )
    title = f"{recovered_words(found)}, at most"
    sold = units.count(found.units_sold.value * found.home_share.value)
    return Figure(
        name="exposure-recovered",
        title=title,
        subtitle="Share of the disclosed exposure that the price rise brings in by the end of "
        f"{found.exposures[-1].period}, {sold} US units a year",
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
