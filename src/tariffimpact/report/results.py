"""What the report has to say, computed once: every number, before a word is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from tariffimpact.companies import CompanyComparison, compare
from tariffimpact.facts import Facts
from tariffimpact.report.can_duty import CanDuty, can_duty
from tariffimpact.report.lead import LeadEvent, lead_event
from tariffimpact.report.lead_recovery import LeadRecovery, lead_recovery
from tariffimpact.tariffs import Schedule, shipped_schedule


@dataclass(frozen=True, slots=True)
class Results:
    """Everything the sections word."""

    facts: Facts
    as_of: date
    schedule: Schedule
    lead: LeadEvent | None
    companies: CompanyComparison
    recovery: LeadRecovery | None
    """What the lead event's rise can recover; None where a part of it is not on record."""
    can: CanDuty | None
    """The arithmetic of the can; None where the facts do not hold its parts."""

    @property
    def schedule_end(self) -> date:
        """The last day for which the sources of the schedule speak."""
        return self.schedule.sources_end_on - timedelta(days=1)

    def known(self, *source_ids: str) -> tuple[str, ...]:
        """Return those source ids that the data has."""
        ids = {source.source_id for source in self.facts.sources}
        return tuple(source_id for source_id in source_ids if source_id in ids)


def gather(facts: Facts, as_of: date) -> Results:
    """Compute what the report says from the facts known on a day."""
    known = facts.as_of(as_of)
    schedule = shipped_schedule(known, known_on=as_of)
    lead = lead_event(known, schedule)
    return Results(
        facts=known,
        as_of=as_of,
        schedule=schedule,
        lead=lead,
        companies=compare(known),
        recovery=None if lead is None else lead_recovery(known, lead),
        can=can_duty(known, schedule),
    )
