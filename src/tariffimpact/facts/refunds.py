"""What became of the duties: what is paid back to whom, and who sues over it."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import model_validator

from tariffimpact.facts.fields import Amount, CellsError, Currency, Day, Key, Text
from tariffimpact.facts.records import Cited, Verification


class RefundStage(StrEnum):
    """How far a refund of duties has gone, and towards whom."""

    COLLECTED = "collected"
    """The duty itself, as it was paid: what a refund can be of."""
    ORDERED = "ordered"
    """A court, or the customs authority, says that it is due."""
    CLAIMED = "claimed"
    ACCEPTED = "accepted"
    """The claim is; nothing has been computed yet."""
    CERTIFIED = "certified"
    """The sum is, for payment."""
    EXPECTED = "expected"
    """The company foresees it and has not booked it."""
    BOOKED = "booked"
    """It is in the company's accounts."""
    RECEIVED = "received"
    PROMISED = "promised"
    """The company says that customers will have it, or a part."""
    HANDED_ON = "handed_on"
    """Customers have it."""
    DENIED = "denied"
    """Refused, or said not to be handed on."""


class Refund(Cited):
    """What somebody says of duties to be paid back."""

    refund_id: Key
    company: Text
    """Whose refund it is, or `all importers`."""
    scope: Text
    """The duties it is of."""
    stage: RefundStage
    amount: Amount | None = None
    """In full units of `currency`; None where no sum is given."""
    currency: Currency | None = None
    duty: Amount | None = None
    """What was paid of these duties, in `currency`, where the source says it."""
    with_interest: bool = False
    """Whether interest is in the amount, which may then be above the duty."""
    measure: Text | None = None
    """The line of the accounts it falls on."""
    period: Text | None = None
    """The period it was booked in, as the source words it."""
    said_on: Day
    verification: Verification | None = None

    @model_validator(mode="after")
    def _no_more_than_was_paid(self) -> Self:
        if (self.amount is None and self.duty is None) != (self.currency is None):
            raise CellsError(
                "an amount has a currency, and no amount has none; fill both or neither", "currency"
            )
        free = self.amount is None or self.duty is None or self.with_interest
        if not free and self.amount.low > self.duty.high:  # type: ignore[union-attr]
            raise CellsError(
                "the refund is larger than the duty; check both, or write with_interest true "
                "where interest is in it",
                "amount",
                "duty",
            )
        return self


class LawsuitAbout(StrEnum):
    """What a suit asks for."""

    AUTHORITY = "authority"
    """That the duty be held unlawful."""
    REFUND = "refund"
    """That the state pay an importer back."""
    CUSTOMERS = "customers"
    """That a seller hand on what it gets back, or what it took."""


class LawsuitStatus(StrEnum):
    """Where a suit stood when the source told of it."""

    FILED = "filed"
    DECIDED = "decided"
    DISMISSED = "dismissed"
    SETTLED = "settled"
    WITHDRAWN = "withdrawn"


class Lawsuit(Cited):
    """A suit about the duties: who sues whom, where, for whom and for what."""

    lawsuit_id: Key
    company: Text
    """The company the suit is about, or `all importers`."""
    plaintiff: Text
    defendant: Text
    court: Text
    docket: Text | None = None
    filed_on: Day
    about: LawsuitAbout
    class_of: Text | None = None
    """Whom a class action stands for; None of a suit for oneself."""
    claim: Text
    """What is asked, or was held, in a few words."""
    status: LawsuitStatus
    said_on: Day
    """The day for which the source tells of the status."""
    verification: Verification | None = None

    @model_validator(mode="after")
    def _told_after_filed(self) -> Self:
        if self.said_on < self.filed_on:
            raise CellsError("said_on is before filed_on; check both dates", "filed_on", "said_on")
        return self
