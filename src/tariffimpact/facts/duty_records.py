"""Duties: what they fall on, what they are, what customs takes beside them, what comes back.

Products and their values at the border, dated components of the duty, fees and interest, refunds
and the suits over them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import StringConstraints, model_validator

from tariffimpact.facts.fields import (
    Amount,
    CellsError,
    Countries,
    Country,
    Currency,
    Day,
    Hts,
    Key,
    Market,
    Names,
    Origins,
    Price,
    Rate,
    Scopes,
    Share,
    Text,
)
from tariffimpact.facts.records import Cited, Dated, Record, Verification
from tariffimpact.interval import Interval


class Product(Record):
    """A product the tariff schedule knows."""

    hts: Hts
    name: Text
    family: Text
    """The story's word for it: consoles, cans, cosmetics, drinks, toys, footwear."""
    metal_content: Share | None = None
    """Share of the customs value that is metal; blank where unknown, which means 0..1."""
    notes: str = ""


class CountryGroup(Record):
    """A list of countries a legal text treats alike."""

    group: Annotated[str, StringConstraints(pattern=r"^@[A-Z0-9-]+$")]
    members: Countries
    notes: str = ""


class DutyKind(StrEnum):
    """How a component turns its number into a duty."""

    ADDITIVE = "additive"
    FLOOR_INCL_MFN = "floor_incl_mfn"
    """Tops the MFN duty up to a floor: max(0, floor - MFN)."""
    TARGET_TOTAL = "target_total"
    """Brings the total of MFN and this component to a target: max(0, target - MFN)."""
    REPLACE = "replace"
    """Takes the place of the authorities it names."""


class DutyBase(StrEnum):
    """What a component's rate is a fraction of."""

    FULL = "full"
    """The whole customs value."""
    METAL = "metal"
    """The value of the metal content."""
    END_USE = "end_use"
    """The whole customs value of goods put to the use the order names, nothing of others."""


class Status(StrEnum):
    """What became of a component."""

    THREATENED = "threatened"
    ANNOUNCED = "announced"
    IN_FORCE = "in_force"
    VOID = "void"
    """Collected over its window, then held unlawful: refundable."""


class DateBasis(StrEnum):
    """Which of its several dates a window states."""

    LEGAL = "legal"
    COLLECTION = "collection"
    HTS = "hts"


class TariffRow(Dated):
    """One dated component of the duty on some products from some origins."""

    component_id: Key
    authority: Text
    """Legal ground: MFN, Section 232, IEEPA reciprocal …"""
    name: Text
    kind: DutyKind
    base: DutyBase
    hts: Scopes
    """HTS prefixes, or `*` for every product."""
    except_hts: Scopes = ()
    origins: Origins
    """ISO alpha-3 codes and `@GROUP`s, or `*` for every origin the schedule knows."""
    except_origins: Origins = ()
    ad_valorem: Rate | None = None
    """Fraction of the base; an interval where the row cannot decide, such as an unknown claim."""
    specific_usd: Amount | None = None
    """US dollars per `specific_unit`."""
    specific_unit: str = ""
    displaced_by: Names = ()
    """Authorities that take this component's place on the part of the value they bear on."""
    replaces: Names = ()
    """For kind `replace`: the authorities it takes the place of."""
    status: Status
    legal_ends_on: Day | None = None
    """First day without legal ground, where that is not `ends_on`."""
    date_basis: DateBasis = DateBasis.LEGAL

    @property
    def share_due(self) -> Interval:
        """Share of the duty that is due: a row of its own states every exemption and claim."""
        return Interval.exactly(1.0)

    @model_validator(mode="after")
    def _states_a_duty(self) -> Self:
        if self.ad_valorem is None and self.specific_usd is None:
            raise CellsError(
                "no duty given; fill ad_valorem or specific_usd (0 is a duty, blank is not)",
                "ad_valorem",
                "specific_usd",
            )
        if (self.specific_usd is None) != (not self.specific_unit):
            raise CellsError(
                "specific_usd and specific_unit go together; fill both or neither",
                "specific_usd",
                "specific_unit",
            )
        if (self.kind is DutyKind.REPLACE) != bool(self.replaces):
            raise CellsError(
                "kind 'replace' and the column replaces go together; fill both or neither",
                "kind",
                "replaces",
            )
        return self

    @property
    def reach(self) -> Interval:
        """Share of the goods it bears on: a row states its own range."""
        return Interval.exactly(1.0)


class ValueMeasure(StrEnum):
    """What a money amount per unit is."""

    DECLARED_VALUE = "declared_value"
    """The value stated to a customs authority."""
    UNIT_COST = "unit_cost"
    """What one unit costs its maker."""
    DUTY_PER_UNIT = "duty_per_unit"
    UNIT_VALUE = "unit_value"
    """The value of imports over their number, whatever the heading holds."""


class CustomsValue(Cited):
    """What one unit of a product is worth at the border, costs, or pays there."""

    value_id: Key
    company: Text
    product: Text
    hts: Hts | None = None
    origin: Country | None = None
    """Where the unit was made; None where that is not said."""
    market: Market | None = None
    """Where it was entered; None of a cost, which is no entry's."""
    measure: ValueMeasure
    value_of: Text
    """What it is a value of, in words: declared on export from Vietnam, parts and assembly."""
    amount: Amount
    """Of one unit, in `currency`."""
    currency: Currency
    rate: Rate | None = None
    """The rate of a duty per unit; None of a value or a cost."""
    shelf_price: Price | None = None
    """The price of the same product in the shop, in `currency`; None where none compares."""
    said_on: Day
    verification: Verification | None = None

    @model_validator(mode="after")
    def _rate_goes_with_a_duty(self) -> Self:
        if (self.measure is ValueMeasure.DUTY_PER_UNIT) != (self.rate is not None):
            raise CellsError(
                "a duty per unit has a rate, and nothing else has; fill both or neither",
                "measure",
                "rate",
            )
        if self.rate is not None and self.rate.low <= 0:
            raise CellsError("a duty per unit has a rate above 0; give the rate", "rate")
        return self

    @property
    def value(self) -> Interval:
        """The value of one unit, in `currency`: of a duty, what it is a duty on."""
        return self.amount if self.rate is None else self.amount / self.rate

    @property
    def share(self) -> Interval | None:
        """`value` as a fraction of the shelf price; None without one."""
        return None if self.shelf_price is None else self.value / self.shelf_price


class Charge(StrEnum):
    """What is charged, or paid."""

    MERCHANDISE_PROCESSING = "merchandise_processing"
    """The fee on a formal entry, a share of its value between a floor and a cap."""
    HARBOR_MAINTENANCE = "harbor_maintenance"
    """The fee on cargo that comes in by sea, a share of its value."""
    INTEREST_CORPORATION = "interest_corporation"
    """Interest a year on duty paid back to a corporation, compounded daily."""
    INTEREST_OTHER = "interest_other"
    """The same to any other importer."""


class CustomsCharge(Dated):
    """A fee of customs, or its interest, over a window of days."""

    charge_id: Key
    charge: Charge
    rate: Rate
    """Fraction of the customs value; of interest, a year."""
    minimum_usd: Amount | None = None
    """Least fee of an entry."""
    maximum_usd: Amount | None = None
    """Largest fee of an entry."""

    @model_validator(mode="after")
    def _limits_are_in_order(self) -> Self:
        low, high = self.minimum_usd, self.maximum_usd
        if low is not None and high is not None and low.high > high.low:
            raise CellsError("the floor is above the cap; check both", "minimum_usd", "maximum_usd")
        return self


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
