"""What share of its exposure the lead company can be recovering through its price rise."""

from __future__ import annotations

from dataclasses import dataclass

from tariffimpact.facts import Assumption, Exposure, Facts, Financial, PriceChange
from tariffimpact.interval import Interval
from tariffimpact.recovery import Recovery, recovery
from tariffimpact.report.lead import LeadEvent

DAYS_PER_MONTH = 365 / 12


@dataclass(frozen=True, slots=True)
class LeadRecovery:
    """The recovery of each disclosed figure of the lead company, in order of disclosure."""

    change: PriceChange
    units_sold: Financial
    home_share: Assumption
    exposures: tuple[Exposure, ...]
    recoveries: tuple[Recovery, ...]
    """One for each exposure."""

    @property
    def latest(self) -> Recovery:
        """The recovery of the figure that stands."""
        return self.recoveries[-1]


def lead_recovery(facts: Facts, lead: LeadEvent) -> LeadRecovery | None:
    """Return what the lead event's rise can recover, or None where a part is not on record."""
    home = facts.assumption_named("us_share")
    if home is None or len({row.change for row in lead.changes}) != 1:
        return None
    exposures = tuple(
        row
        for row in sorted(facts.exposures, key=lambda row: row.disclosed_on)
        if row.company == lead.company and row.amount_usd and row.ends_on > lead.effective_on
    )
    sold = [row for row in facts.financials if _is_units_of(row, lead, exposures)]
    if not exposures or not sold:
        return None
    recoveries = tuple(_recovery(facts, lead, row, sold[-1], home) for row in exposures)
    return LeadRecovery(lead.changes[0], sold[-1], home, exposures, recoveries)


def _is_units_of(row: Financial, lead: LeadEvent, exposures: tuple[Exposure, ...]) -> bool:
    windows = {(exposure.starts_on, exposure.ends_on) for exposure in exposures}
    own = row.company == lead.company and row.measure == "units"
    return own and (row.starts_on, row.ends_on) in windows


def _recovery(
    facts: Facts, lead: LeadEvent, exposure: Exposure, sold: Financial, home: Assumption
) -> Recovery:
    change = lead.changes[0]
    in_force = (exposure.ends_on - max(change.effective_on, exposure.starts_on)).days
    ratio = facts.assumption_named("quantity_ratio")
    margin = facts.assumption_named("retailer_margin")
    assert exposure.amount_usd is not None
    return recovery(
        price_rise=change.change,
        annual_volume=sold.value * home.value,
        months=in_force / DAYS_PER_MONTH,
        exposure=exposure.amount_usd,
        basis=exposure.basis.value,
        retailer_share=0.0 if margin is None else Interval(0.0, margin.value.high),
        volume_ratio=1.0 if ratio is None else ratio.value,
        same_scope=exposure.scope == sold.scope,
        currency=change.currency,
        exposure_currency="USD",
    )
