"""The tables a case need not have: recovery, rollback, timing, sourcing."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tariffimpact.cases.case_numbers import (
    Amount,
    Anything,
    Months,
    Part,
    Positive,
    Rate,
    Share,
    SomeShare,
)
from tariffimpact.facts.fields import Country, Key


class Recovery(Part):
    """A disclosed exposure, to be set against what a price rise brings in."""

    EXACTLY_ONE = (("exposure", "amount"),)

    exposure: Key | None = None
    """A row of `exposures.csv` to take amount, currency, window and basis from."""
    amount: Positive | None = None
    """The exposure in the currency of the case, in place of a row."""
    basis: Literal["gross", "net", "unstated"] = "unstated"
    """Whether `amount` is before or after the company's own measures."""
    price_rise: Positive
    """Rise per unit at the shelf, in the currency of the case."""
    annual_volume: Positive
    """Units a year before the rise."""
    market_share: SomeShare = 1.0
    """Share of those units sold in the market where the price rose."""
    retailer_share: Share = 0.0
    """Share of the rise the retailer keeps."""
    months: Months = 12.0
    """Months of the exposure's window in which the new price held."""
    volume_ratio: Positive = 1.0
    """Units after the rise over units before."""
    exchange_rate: Positive | None = None
    """Units of the exposure's currency per unit of the case's, where they differ."""
    exchange_rate_on: date | None = None
    """The day the exchange rate is of."""
    same_scope: bool = True
    """Whether exposure and price rise cover the same products."""
    same_window: bool = True
    """Whether exposure and price rise cover the same period."""

    @model_validator(mode="after")
    def _rate_has_its_day(self) -> Self:
        if (self.exchange_rate is None) != (self.exchange_rate_on is None):
            raise ValueError("gives an exchange rate without its day, or a day without; give both")
        return self


class Rollback(Part):
    """A duty struck down and refunded: what was paid, and how the price may come back."""

    EXACTLY_ONE = (("duty_paid", "annual_volume"),)

    duty_paid: Amount | None = None
    """Duty refunded, in the currency of the case."""
    annual_volume: Positive | None = None
    """Units a year, to work the duty out from the duty per unit instead."""
    market_share: SomeShare = 1.0
    """Share of those units sold in the market."""
    months_paid: Months = 12.0
    """Months in which units that had paid the duty were sold at the new price."""
    pass_through_rate: Amount | None = None
    """Dollars of price per dollar of duty, in place of what the product's prices say."""
    interest: Amount = 0.0
    """Interest on the refund, as a fraction of the duty."""
    monthly_volume: Positive | None = None
    """Units a month from now on; the annual volume over 12 where left out."""
    months: Annotated[int, Field(ge=1, le=120)] = 12
    """Months to follow the price."""
    reversal_share: Share = 1.0
    """Share of the rise that a price cut takes back in the end."""
    speed: SomeShare = 1.0
    """Share of the remaining gap closed each month."""
    rebate_share: Share = 1.0
    """Share of what was recovered twice that a rebate pays out."""

    @model_validator(mode="after")
    def _paid_has_its_volume(self) -> Self:
        if self.duty_paid is not None and self.monthly_volume is None:
            raise ValueError("lacks monthly_volume; give it beside duty_paid")
        return self


class Timing(Part):
    """Stock, front-loading and how fast the price follows, along the path of the duty."""

    flow: Literal["replacement", "fifo", "fifo_many", "average"] = "fifo_many"
    """Which cost goes out first: of one cohort, of many products evenly, on average, or today's."""
    months_of_stock: Positive | None = None
    """Months of sales that the stock is worth."""
    turns: Positive | None = None
    """Inventory turns a year, in place of months_of_stock."""
    front_loaded_months: Months = 0.0
    """Months of sales bought ahead at the old duty."""
    holding_cost: Amount = 0.0
    """Cost of holding stock a month, as a fraction of its value."""
    pass_through_rate: Amount = 1.0
    """Dollars of price per dollar of duty that the price aims at."""
    price_follows: Literal["booked", "replacement"] = "booked"
    """Whether it aims at the duty in the goods sold or at the duty of the day."""
    speed_up: SomeShare = 1.0
    """Share of the gap closed each month where the price rises."""
    speed_down: SomeShare = 1.0
    """The same where it falls."""
    start: date | None = None
    """First day of month 0, to look the duty up by month in the schedule."""
    origin: Country | None = None
    """The origin to look it up for."""
    months: Annotated[int, Field(ge=2, le=120)] = 12
    """Months to follow."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.months_of_stock is None) == (self.turns is None):
            raise ValueError("gives both or neither of months_of_stock and turns; give one")
        if (self.start is None) != (self.origin is None):
            raise ValueError("gives start without origin, or origin without start; give both")
        return self


class Terms(Part):
    """What one origin asks for a unit before duty, and the duty on it."""

    origin: Country
    """ISO alpha-3."""
    customs_value: Positive
    """Customs value per unit, in the currency of the case."""
    freight: Amount = 0.0
    """Freight and insurance per unit, outside the customs value."""
    fees: Amount = 0.0
    """Fees per unit."""
    dutiable_share: SomeShare = 1.0
    """Share of the customs value that the rate bears on."""
    ad_valorem: Rate | None = None
    """Rate as a fraction of customs value; looked up by tariff.hts where left out."""


class Sourcing(Part):
    """The origins a product may come from, and what a switch costs."""

    current: Country
    """The origin bought from now."""
    switching_cost: Amount
    """Paid once, in the currency of the case."""
    monthly_volume: Positive
    """Units a month."""
    hazard: Share = 0.0
    """The chance in each month that the rate lapses for good."""
    lasting_probability: Share = 1.0
    """The chance that the rate lasts at all, in place of hazard."""
    saving_after: Anything = 0.0
    """Saving per unit once the rate has lapsed; negative where the new origin is then dearer."""
    on: date | None = None
    """Day of the rates looked up; tariff.on where left out."""
    offers: Annotated[tuple[Terms, ...], Field(min_length=2)]
    """Two origins or more."""

    @model_validator(mode="after")
    def _current_is_offered(self) -> Self:
        origins = [offer.origin for offer in self.offers]
        if len(set(origins)) < len(origins):
            raise ValueError("has two offers of one origin; keep one of them")
        if self.current not in origins:
            raise ValueError(f"has no offer of the current origin {self.current}; add it")
        if self.hazard != 0 and self.lasting_probability != 1:
            raise ValueError("gives hazard and lasting_probability; keep one of the two")
        return self


class ImportLine(Part):
    """Goods of one origin that bear the duty."""

    origin: Country | None = None
    """ISO alpha-3; left out where the goods are not told apart."""
    customs_value: Positive
    """Customs value a year, in the currency of the case."""
    tariff_change: Rate | None = None
    """Rise of the rate; that of [tariff] where left out, looked up for the origin by its hts."""


class OffsetLine(Part):
    """What one answer of the company takes back of the gross cost."""

    EXACTLY_ONE = (("amount", "share"),)

    by: Literal["price", "sourcing", "vendors", "other"] = "other"
    """Which answer."""
    amount: Amount | None = None
    """Money in the window."""
    share: Share | None = None
    """Share of the gross cost, in place of amount."""


class Earnings(Part):
    """What a tariff costs a company, and what it is of its sales, income and shares."""

    AT_MOST_ONE = (
        ("gross", "gross_exposure"), ("net", "net_exposure"), ("months_of_stock", "turns"),
    )  # fmt: skip

    gross: Positive | None = None
    """Cost before any answer, money in the window."""
    gross_exposure: Key | None = None
    """A row of `exposures.csv` to take the gross from, in place of it."""
    net: Positive | None = None
    """Cost after the company's answers, money in the same window."""
    net_exposure: Key | None = None
    """A row of `exposures.csv` to take the net from, in place of it."""
    sensitivity: Positive | None = None
    """What `sensitivity_points` of tariff cost a year by the company's own rule of thumb."""
    sensitivity_points: Positive = 0.01
    """The points as a fraction of customs value: 0.10 for ten."""
    tariff_change: Rate | None = None
    """Rise of the rate that the sensitivity is asked for, and imports without one of their own."""
    months: Months = 12.0
    """Months of the window in which the duty is charged on the imports."""
    sales: Positive | None = None
    """Sales of the same window."""
    cost_of_goods: Positive | None = None
    """Cost of goods sold before the tariff."""
    fixed_cost: Positive | None = None
    """Cost that does not move with the volume."""
    operating_income: Anything | None = None
    """Operating income before the tariff, in place of fixed_cost."""
    tax_rate: Share | None = None
    """Tax on the cost, for the cost per share."""
    shares_outstanding: Positive | None = None
    """Number of shares."""
    headwind: Share | None = None
    """The net headwind that the company itself gives, a share of sales: 0.012 for 120 points."""
    demand_elasticity: Positive | None = None
    """Of the company's sales at the old price, positive."""
    demand: Literal["linear", "isoelastic"] = "isoelastic"
    """Form of that demand."""
    months_of_stock: Positive | None = None
    """Months of sales that the stock is worth, for the way through the quarters."""
    turns: Positive | None = None
    """Inventory turns a year, in place of months_of_stock."""
    flow: Literal["replacement", "fifo", "fifo_many", "average"] = "fifo_many"
    """Which cost goes out first."""
    front_loaded_months: Months = 0.0
    """Months of sales bought ahead at the old duty."""
    price_rise: Anything | None = None
    """An announced rise of prices, as a fraction."""
    imports: tuple[ImportLine, ...] = ()
    offsets: tuple[OffsetLine, ...] = ()

    @model_validator(mode="after")
    def _cost_is_said_once(self) -> Self:
        sources = (self.gross, self.gross_exposure, self.sensitivity, self.imports or None)
        if sum(item is not None for item in sources) > 1:
            raise ValueError(
                "gives the gross cost more than once; keep one of gross, gross_exposure, "
                "sensitivity and imports"
            )
        if self.sensitivity is not None and self.tariff_change is None:
            raise ValueError("gives a sensitivity without tariff_change; give the rise of the rate")
        return self
