"""What a case file holds, table by table: the words an editor completes and a reader is told of."""

from __future__ import annotations

import ast
import inspect
import itertools
import json
import textwrap
from datetime import date
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

from tariffimpact.cases.numbers import Amount, Months, Positive, Rate, Share, SomeShare
from tariffimpact.facts.cells import Country, Currency, Hts, Key, Text

Sources = Annotated[
    tuple[Key, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class Part(BaseModel):
    """A table of a case file: no unknown keys, and a place for where its numbers come from."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    source: Sources = ()
    """Ids in `sources.csv` that the numbers of this table come from."""
    reason: str = ""
    """Where a number is a judgement: why this number."""


class Tariff(Part):
    """The duty before and after: rates, or a product, its origins and two days to look up."""

    rate: Rate | None = None
    """Ad valorem rate on the goods sold at the new price, a fraction of customs value."""
    old_rate: Rate = 0.0
    """The same on the goods sold at the old price."""
    hts: Hts | None = None
    """HTS code, to look the rates up in the schedule instead."""
    origins: tuple[Country, ...] = ()
    """Origins the goods may have, ISO alpha-3; the rate is a range over them."""
    on: date | None = None
    """Day the goods sold at the new price entered."""
    before: date | None = None
    """Day the goods sold at the old price entered."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        looked_up = (self.hts, self.origins or None, self.on, self.before)
        if self.rate is None and None in looked_up:
            raise ValueError(
                "says neither a rate nor what to look one up by; give rate, "
                "or all of hts, origins, on and before"
            )
        if self.rate is not None and any(item is not None for item in looked_up):
            raise ValueError("gives a rate and what to look one up by; keep one of the two")
        return self


class Demand(Part):
    """How the volume answers to the price."""

    form: Literal["linear", "isoelastic", "logit"] = "isoelastic"
    elasticity: Positive
    """Positive: percent of volume lost per percent of price, at the old price."""
    share: SomeShare | None = None
    """Logit only: the share of buyers who buy the product at the old price."""

    @model_validator(mode="after")
    def _share_goes_with_logit(self) -> Self:
        if (self.form == "logit") != (self.share is not None):
            raise ValueError(
                "gives a share without logit demand, or logit without a share; "
                'share goes with form = "logit", and only with it'
            )
        return self


class Metal(Part):
    """The metal in a unit, where the duty bears on it and not on the whole product."""

    grams: Positive
    price_per_tonne: Positive
    """Value of the metal before duty, in the currency of the case."""


_EXACTLY_ONE: Final = (("price", "old_price"), ("customs_share", "customs_value", "metal"))
_AT_MOST_ONE: Final = (
    ("no_other_cost", "cost_share"),
    ("no_other_cost", "unit_cost"),
    ("cost_share", "unit_cost"),
    ("new_price", "price_change"),
    ("price", "new_price"),
    ("price", "price_change"),
)


class Product(Part):
    """One product: its price before and after, and what of it passes customs."""

    name: Text
    price: Key | None = None
    """A row of `prices.csv` to take both prices from."""
    old_price: Positive | None = None
    """Shelf price before sales tax, in the currency of the case."""
    new_price: Positive | None = None
    """The same after; left out where no new price is known."""
    price_change: Annotated[float, Field(gt=-1, lt=10)] | None = None
    """Rise as a fraction of the old price, in place of new_price."""
    customs_share: SomeShare | None = None
    """Customs value as a share of the old price."""
    customs_value: Positive | None = None
    """Customs value per unit in money, in place of customs_share."""
    metal: Metal | None = None
    """In place of customs_share, where only the metal is dutiable."""
    dutiable_share: SomeShare = 1.0
    """Share of the customs value that the rate bears on."""
    caused_share: Share = 1.0
    """Share of the price rise that the tariff caused; 1 makes the result conditional on it."""
    cost_share: SomeShare | None = None
    """The seller's unit cost as a share of the old price, duty in force included."""
    unit_cost: Positive | None = None
    """The same in money, in place of cost_share."""
    no_other_cost: bool = False
    """Whether the seller's unit cost is the customs value alone, in place of a cost."""
    units: Positive = 1.0
    """Units a year at the old price."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        for names in _EXACTLY_ONE:
            given = [name for name in names if getattr(self, name) is not None]
            if len(given) != 1:
                said = " and ".join(given) or "none of the prices or shares"
                raise ValueError(f"gives {said}; give exactly one of {', '.join(names)}")
        for one, other in _AT_MOST_ONE:
            if getattr(self, one) not in (None, False) and getattr(self, other) is not None:
                raise ValueError(f"gives {one} and {other}; keep one of the two")
        return self


class Recovery(Part):
    """A disclosed exposure, to be set against what a price rise brings in."""

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
    def _one_exposure(self) -> Self:
        if (self.exposure is None) == (self.amount is None):
            raise ValueError("gives both or neither of exposure and amount; give exactly one")
        if (self.exchange_rate is None) != (self.exchange_rate_on is None):
            raise ValueError("gives an exchange rate without its day, or a day without; give both")
        return self


class Rollback(Part):
    """A duty struck down and refunded: what was paid, and how the price may come back."""

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
    def _one_duty(self) -> Self:
        if (self.duty_paid is None) == (self.annual_volume is None):
            raise ValueError(
                "gives both or neither of duty_paid and annual_volume; give exactly one"
            )
        if self.duty_paid is not None and self.monthly_volume is None:
            raise ValueError("lacks monthly_volume; give it beside duty_paid")
        return self


class Timing(Part):
    """Stock, front-loading and how fast the price follows, along the path of the duty."""

    flow: Literal["replacement", "fifo", "fifo_many", "average"] = "fifo_many"
    """Which cost goes out first: of one cohort, of many products evenly, on average, or today's."""
    months_of_stock: Positive | None = None
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
    speed_down: SomeShare = 1.0
    """Share of the gap closed each month, upwards and downwards."""
    start: date | None = None
    """First day of month 0, to look the duty up by month in the schedule."""
    origin: Country | None = None
    """The origin to look it up for."""
    months: Annotated[int, Field(ge=2, le=120)] = 12

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if (self.months_of_stock is None) == (self.turns is None):
            raise ValueError("gives both or neither of months_of_stock and turns; give one")
        if (self.start is None) != (self.origin is None):
            raise ValueError("gives start without origin, or origin without start; give both")
        return self


class CaseFile(Part):
    """A case as it is written: what is asked, of which products, under which tariff."""

    title: Text
    question: Text
    """What the case asks, in a sentence."""
    company: str = ""
    currency: Currency = "USD"
    tariff: Tariff
    demand: Demand | None = None
    products: Annotated[tuple[Product, ...], Field(min_length=1)]
    recovery: Recovery | None = None
    rollback: Rollback | None = None
    timing: Timing | None = None

    @model_validator(mode="after")
    def _schedule_needs_a_product(self) -> Self:
        if self.timing is not None and self.timing.start is not None and self.tariff.hts is None:
            raise ValueError("gives timing.start without tariff.hts; give hts, origins, on, before")
        return self


def schema_text() -> str:
    """Return the JSON schema of case files, for editors that complete and check as one types.

    It stands in `cases/schema.json`; a case points at it with `#:schema ./schema.json`.
    """
    schema = CaseFile.model_json_schema()
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "A tariffimpact case",
    }
    _add_meanings(schema, (CaseFile, Tariff, Demand, Metal, Product, Recovery, Rollback, Timing))
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _add_meanings(schema: dict[str, Any], tables: tuple[type[Part], ...]) -> None:
    """Put the words below each field into the schema."""
    for table in tables:
        part = schema if table is CaseFile else schema["$defs"][table.__name__]
        meanings = _meanings(Part) | _meanings(table)
        for name, words in part["properties"].items():
            if name in meanings:
                words["description"] = meanings[name]


def _meanings(table: type[Part]) -> dict[str, str]:
    """Return the text below each field of a table, from the source."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(table))).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for field, text in itertools.pairwise(body.body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            found[field.target.id] = inspect.cleandoc(str(text.value.value))
    return found
