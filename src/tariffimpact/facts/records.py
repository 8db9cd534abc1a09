"""What a fact is: one frozen record for each kind of row in `data/`.

A record is valid once built; code that receives one never checks it again. Shares are fractions,
dates are half-open (`starts_on <= day < ends_on`), money names its currency, and every fact
carries its paper: a source, a place in it, and the quoted words.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, HttpUrl, model_validator

from tariffimpact.facts.fields import (
    Amount,
    CellsError,
    Country,
    Currency,
    Day,
    Hts,
    Key,
    Market,
    Names,
    Origins,
    Price,
    Rounding,
    Share,
    Span,
    Text,
)


class Record(BaseModel):
    """A frozen row with no unknown columns."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Cited(Record):
    """A row that names its paper."""

    source_id: Key
    """A row of `sources.csv`."""
    locator: Text
    """Where in the source: page, paragraph, table, heading."""
    quote: Text
    """The words of the source that carry the fact."""
    notes: str = ""


class Dated(Cited):
    """A cited row that holds over a half-open window."""

    starts_on: Day
    ends_on: Day | None = None
    """First day no longer inside; blank while it goes on."""

    @model_validator(mode="after")
    def _window_runs_forward(self) -> Self:
        if self.ends_on is not None and self.ends_on <= self.starts_on:
            raise CellsError(
                "ends_on is not after starts_on; ends_on is the first day no longer inside",
                "starts_on",
                "ends_on",
            )
        return self


class Verification(StrEnum):
    """How the words of a row were read."""

    READ_WHOLE = "read_whole"
    """The page the row cites, from beginning to end."""
    READ_IN_EXCERPT = "read_in_excerpt"
    """The passage on the page the row cites, not the whole page."""
    CARRIED_BY_ANOTHER = "carried_by_another"
    """Not on the page the row cites: another one gives the words, or the value; the notes say."""


class SourceKind(StrEnum):
    """What the page that was read is."""

    PRIMARY = "primary"
    """The company's or the body's own: a release, a filing, a law, a court's order, a count."""
    WIRE = "wire"
    """A news agency's own page."""
    CARRIED = "carried"
    """The text of an agency, or of the company itself, on another's page; both are named."""
    PRESS = "press"
    TRADE = "trade"
    """A trade journal, a specialist's page, a law firm's or an adviser's."""
    AGGREGATOR = "aggregator"
    """Summaries, reposts that name no source, text written by a machine."""


class Source(Record):
    """A document facts are taken from."""

    source_id: Key
    publisher: Text
    title: Text
    url: HttpUrl | None = None
    """Where it was read; None where no address of the document itself is at hand."""
    kind: SourceKind
    published_on: Day
    """When they said it."""
    accessed_on: Day
    """When we read it."""
    licence: Text

    @property
    def address(self) -> str:
        """The address as text, blank where there is none."""
        return "" if self.url is None else str(self.url)

    @model_validator(mode="after")
    def _read_after_published(self) -> Self:
        if self.accessed_on < self.published_on:
            raise CellsError(
                "accessed_on is before published_on; check both dates",
                "published_on",
                "accessed_on",
            )
        return self


class Cause(StrEnum):
    """What the seller gave as the reason of a price change."""

    TARIFF = "tariff"
    ECONOMY = "economy"
    """Economic or market conditions, the tariff not named."""
    OTHER = "other"
    """A cause that is not a tariff."""
    UNSTATED = "unstated"


class PriceChange(Cited):
    """A seller's announced change of one product's price in one market."""

    price_id: Key
    company: Text
    product: Text
    hts: Hts | None = None
    """The product's HTS code, where the tariff schedule knows it."""
    market: Market
    old_price: Price
    new_price: Price
    currency: Currency
    announced_on: Day
    effective_on: Day
    cause: Cause
    rounding: Rounding = 0.0
    """How far either price may stand from the tag: 0.01 where the source rounds 499.99 to 500."""
    verification: Verification | None = None

    @property
    def change(self) -> float:
        """Price rise in `currency`; negative for a cut."""
        return self.new_price - self.old_price

    @property
    def relative_change(self) -> float:
        """Price rise as a fraction of the old price."""
        return self.new_price / self.old_price - 1


class Basis(StrEnum):
    """Whether a disclosed exposure is before or after the company's own measures."""

    GROSS = "gross"
    NET = "net"
    UNSTATED = "unstated"


class Vintage(StrEnum):
    """Which of several figures of one estimate it is."""

    FIRST = "first"
    """The first the company gave for the period."""
    REVISED = "revised"
    """A later forecast of the same cost."""
    ACTUAL = "actual"
    """What it was, said when the period was over."""


FULL_YEAR_DAYS: Final = 300
"""Days from which a period is a year: fiscal years differ by weeks, forecasts begin late."""


class Exposure(Dated):
    """What a company says tariffs cost it over a period."""

    exposure_id: Key
    company: Text
    scope: Text
    """What part of the company the figure covers."""
    segment: Text | None = None
    """The company's own segment, where the figure is a part of the scope's; None of the whole."""
    market: Market | None = None
    disclosed_on: Day
    amount: Amount
    currency: Currency
    amount_usd: Amount | None = None
    """The same amount in US dollars where the source converts it."""
    period: Text
    ends_on: Day
    basis: Basis
    vintage: Vintage | None = None
    """None where it is not known to be the first."""
    measure: Text
    """The line it falls on: cost, operating income, profit before tax."""
    annualised: bool = False
    covers: Text
    """What is inside the figure and what is not, in words."""
    verification: Verification | None = None

    @property
    def is_full_year(self) -> bool:
        """Whether its period is a year."""
        return (self.ends_on - self.starts_on).days >= FULL_YEAR_DAYS


EVERYBODY: Final = "Firms in general"
"""The `company` of statements about firms at large, which are no company's."""
ALL_IMPORTERS: Final = "all importers"
"""The `company` of what is said of every importer together."""
NO_COMPANY: Final = (EVERYBODY, ALL_IMPORTERS)
"""What may stand under `company` and is none."""


class Response(StrEnum):
    """What a company does about a tariff."""

    PASS_ON = "pass_on"
    ABSORB = "absorb"
    FRONT_LOAD = "front_load"
    SHIFT_SOURCING = "shift_sourcing"
    MIX = "mix"
    """Moves prices or packs elsewhere in the range: accessories, pack sizes, materials."""
    MITIGATE = "mitigate"
    """Cost measures and supplier talks that are none of the above."""


class Stage(StrEnum):
    """How far a stated response has gone."""

    RULED_OUT = "ruled_out"
    CONSIDERED = "considered"
    ANNOUNCED = "announced"
    DONE = "done"


class Statement(Cited):
    """A response a company considered, announced, carried out or ruled out."""

    statement_id: Key
    company: Text
    scope: Text
    market: Market
    said_on: Day
    response: Response
    stage: Stage
    cause: Cause
    """What the response answers, in the company's words."""
    price_change: Span | None = None
    """Size of the price move as a fraction, where one is given."""
    share_of_range: Share | None = None
    """Share of the items sold that it touches, where one is given."""
    verification: Verification | None = None


class Horizon(StrEnum):
    """Whether a figure was reported or forecast."""

    ACTUAL = "actual"
    FORECAST = "forecast"


class Financial(Dated):
    """A reported or forecast figure of a company over a period."""

    financial_id: Key
    company: Text
    measure: Text
    """net_sales, units, gross_margin, share_of_sales …"""
    scope: Text
    market: Market | None = None
    period: Text
    ends_on: Day
    value: Span
    unit: Text
    """A currency code for money, `units`, or `fraction`."""
    horizon: Horizon
    verification: Verification | None = None


class OriginShare(Dated):
    """Where goods sold in a market came from, over a period."""

    origin_id: Key
    company: Text
    """The company, or `all importers`."""
    product: Text
    hts: Hts
    market: Market
    origins: Origins
    """ISO alpha-3 codes, `*` for any, `!CHN` for any but China."""
    share: Share | None = None
    """Share of the imports' customs value; blank where the source gives none."""


class Assumption(Record):
    """A range nobody has published, with the reason for it."""

    assumption_id: Key
    name: Text
    """What it is a range of: customs_share, us_share, retailer_margin …"""
    applies_to: Text
    value: Span
    unit: Text
    reason: Text
    source_id: Key | None = None
    """A source that bears on the range, where there is one."""


class Conflict(Cited):
    """One of several claims about the same thing that cannot all be right."""

    claim_id: Key
    subject: Text
    """What the claims are about; rows with the same subject disagree."""
    claim: Text
    used: bool
    """Whether this project's figures rest on this claim."""
    reason: Text
    """Why it is used, or why it is only recorded."""


class Sector(StrEnum):
    """The eleven sectors of the Global Industry Classification Standard."""

    COMMUNICATION_SERVICES = "Communication Services"
    CONSUMER_DISCRETIONARY = "Consumer Discretionary"
    CONSUMER_STAPLES = "Consumer Staples"
    ENERGY = "Energy"
    FINANCIALS = "Financials"
    HEALTH_CARE = "Health Care"
    INDUSTRIALS = "Industrials"
    INFORMATION_TECHNOLOGY = "Information Technology"
    MATERIALS = "Materials"
    REAL_ESTATE = "Real Estate"
    UTILITIES = "Utilities"


class Company(Record):
    """A company that facts are about."""

    company: Text
    """As every other table spells it."""
    name: Text
    """The registered name."""
    country: Country
    """Where it has its seat."""
    sector: Sector
    listed: Names = ()
    """Where its shares are listed, `TYO: 6758`; none of a company that is not."""
    notes: str = ""


class Remark(Cited):
    """What a source says of tariffs at large, that is no company's figure and no answer of one."""

    remark_id: Key
    subject: Text
    """What it is about, in a few words."""
    market: Market | None = None
    said_on: Day
    verification: Verification | None = None
