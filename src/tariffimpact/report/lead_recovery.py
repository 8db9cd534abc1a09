"""What share of its exposure the lead company can be recovering through its price rise."""

from __future__ import annotations

from dataclasses import dataclass

from tariffimpact.decisions.recovery import Recovery, recovery
from tariffimpact.facts import Assumption, Exposure, Facts, Financial, PriceChange
from tariffimpact.report.assumed import assumed
from tariffimpact.report.lead import LeadEvent

DAYS_PER_MONTH = 365 / 12


@dataclass(frozen=True, slots=True)
class LeadRecovery:
    """The recovery of each disclosed figure of the lead company, in order of disclosure."""

    change: PriceChange
    units_sold: Financial
    home_share: Assumption
    stays: Assumption | None
    """The part of the rise that may stay with retailers; None where none is on record."""
    ratio: Assumption | None
    """Units after the rise over units before; None where none is on record."""
    exposures: tuple[Exposure, ...]
    """The figures of the whole scope, and of the segment the product is of, by day."""
    recoveries: tuple[Recovery, ...]
    """One for each exposure."""

    @property
    def standing(self) -> Exposure:
        """The figure that stands: the last of the product's segment, or else of the whole."""
        segments = [row for row in self.exposures if row.segment is not None]
        return (segments or self.exposures)[-1]

    @property
    def latest(self) -> Recovery:
        """The recovery of the figure that stands."""
        return self.recoveries[self.exposures.index(self.standing)]


def lead_recovery(facts: Facts, lead: LeadEvent) -> LeadRecovery | None:
    """Return what the lead event's rise can recover, or None where a part is not on record."""
    home = assumed(facts, "us_share", lead.subject)
    first = lead.changes[0]
    alike = {(row.change, row.currency) for row in lead.changes} == {(first.change, "USD")}
    if home is None or not alike or lead.move != "rise":
        return None
    exposures = lead_exposures(facts, lead)
    sold = [row for row in facts.financials if _is_units_of(row, lead, exposures)]
    if not exposures or not sold:
        return None
    stays = assumed(facts, "retailer_part", lead.subject)
    ratio = assumed(facts, "quantity_ratio", lead.subject)
    recoveries = tuple(_recovery(first, row, sold[-1], (home, stays, ratio)) for row in exposures)
    return LeadRecovery(first, sold[-1], home, stays, ratio, exposures, recoveries)


def lead_exposures(facts: Facts, lead: LeadEvent) -> tuple[Exposure, ...]:
    """Return what the lead company put on the whole scope, and on the product's segment, by day.

    A segment is the product's if what its figure covers names the goods.
    """
    rows = [
        row
        for row in facts.exposures
        if row.company == lead.company
        and row.amount_usd is not None
        and row.amount_usd.high > 0
        and row.ends_on > lead.effective_on
        and (row.segment is None or lead.subject.level(row.covers) is not None)
    ]
    return tuple(sorted(rows, key=lambda row: (row.disclosed_on, row.segment is not None)))


def _is_units_of(row: Financial, lead: LeadEvent, exposures: tuple[Exposure, ...]) -> bool:
    windows = {(exposure.starts_on, exposure.ends_on) for exposure in exposures}
    own = row.company == lead.company and row.measure == "units"
    return own and (row.starts_on, row.ends_on) in windows


def _recovery(
    change: PriceChange,
    exposure: Exposure,
    sold: Financial,
    ranges: tuple[Assumption, Assumption | None, Assumption | None],
) -> Recovery:
    home, stays, ratio = ranges
    in_force = (exposure.ends_on - max(change.effective_on, exposure.starts_on)).days
    assert exposure.amount_usd is not None
    return recovery(
        price_rise=change.change,
        annual_volume=sold.value * home.value,
        months=in_force / DAYS_PER_MONTH,
        exposure=exposure.amount_usd,
        basis=exposure.basis.value,
        retailer_share=0.0 if stays is None else stays.value,
        volume_ratio=1.0 if ratio is None else ratio.value,
        same_scope=exposure.scope == sold.scope,
        currency=change.currency,
        exposure_currency="USD",
    )
