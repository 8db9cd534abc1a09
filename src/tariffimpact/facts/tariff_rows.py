"""What the duty falls on and what it is: products, their values at the border, dated components."""

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
