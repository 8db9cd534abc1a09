"""What a case file holds, table by table: the words an editor completes and a reader is told of.

The text below each field is its description in `cases/schema.json`, by which editors complete and
check a case as one types; `tests/cases/expected_cases.py` writes that file anew.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    model_validator,
)

from tariffimpact.cases.case_numbers import Amount, Anything, Part, Positive, Rate, Share, SomeShare
from tariffimpact.cases.decision_tables import (
    Earnings,
    Recovery,
    Rollback,
    Sourcing,
    Timing,
)
from tariffimpact.facts.fields import Country, Currency, Hts, Key, Text


class Tariff(Part):
    """The duty before and after: rates, or a product, its origins and two days to look up."""

    rate: Rate | None = None
    """Ad valorem rate on the goods sold at the new price, a fraction of customs value."""
    old_rate: Rate = 0.0
    """The same on the goods sold at the old price."""
    specific: Amount = 0.0
    """Duty per unit on the goods sold at the new price, in the currency of the case."""
    old_specific: Amount = 0.0
    """The same on the goods sold at the old price."""
    reading: Literal["customs_value", "border_price"] = "customs_value"
    """Whether the duty is a cost on a given customs value, or falls on the seller's own price: it
    is itself the exporter, and sets the price at the border."""
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
        per_unit = (self.specific, self.old_specific) != (0, 0)
        if self.rate is None and looked_up == (None, None, None, None) and per_unit:
            return self
        if self.rate is None and None in looked_up:
            raise ValueError(
                "says neither a rate nor what to look one up by; give rate or specific, "
                "or all of hts, origins, on and before"
            )
        if self.rate is not None and any(item is not None for item in looked_up):
            raise ValueError("gives a rate and what to look one up by; keep one of the two")
        return self


class Demand(Part):
    """How the volume answers to the price."""

    form: Literal["linear", "isoelastic", "logit"] = "isoelastic"
    """How the elasticity moves away from the old price: it stays if isoelastic, else it grows."""
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
    """Mass of the metal in a unit."""
    price_per_tonne: Positive
    """Value of the metal before duty, in the currency of the case."""


class Product(Part):
    """One product: its price before and after, and what of it passes customs."""

    AT_MOST_ONE = (
        ("no_other_cost", "cost_share"), ("no_other_cost", "unit_cost"),
        ("cost_share", "unit_cost"), ("new_price", "price_change"), ("price", "new_price"),
        ("price", "price_change"),
    )  # fmt: skip

    name: Text
    """What the product is called, once in a case."""
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
    exporter_cut: Share = 0.0
    """Fraction by which the exporter lowers the customs value when the tariff comes."""
    caused_share: Share = 1.0
    """Share of the price rise that the tariff caused; 1 makes the result conditional on it."""
    counterfactual_change: Anything | None = None
    """What the price would have done without the tariff, a fraction of the old price: that of a
    control, a trend, 0 if it would have stayed; in place of caused_share."""
    cost_share: SomeShare | None = None
    """The seller's unit cost as a share of the old price, duty in force included."""
    unit_cost: Positive | None = None
    """The same in money, in place of cost_share."""
    no_other_cost: bool = False
    """Whether the seller's unit cost is the customs value alone, in place of a cost."""
    units: Positive = 1.0
    """Units a year at the old price."""
    fixed_cost: Amount = 0.0
    """Cost a year that does not move with the units."""

    @model_validator(mode="after")
    def _pairs_hold(self) -> Self:
        for names in (("price", "old_price"), ("customs_share", "customs_value", "metal")):
            given = [name for name in names if getattr(self, name) is not None]
            if len(given) != 1:
                said = " and ".join(given) or "none of the prices or shares"
                raise ValueError(f"gives {said}; give exactly one of {', '.join(names)}")
        self.check_pairs()
        if self.counterfactual_change is not None and self.caused_share != 1:
            raise ValueError(
                "gives counterfactual_change and caused_share, two ways to say what the tariff "
                "did not cause; keep one of the two"
            )
        return self


class ChainStage(Part):
    """One seller between the border and the shelf, in their order."""

    name: Text
    """What it is called, once in a case."""
    rule: Literal["dollar", "percent", "absorb", "maximise"] | None = None
    """What it does with a rise of its cost; where no stage has one, money and per cent are both
    answered."""
    price: Positive | None = None
    """What it sells for before the tariff, in the currency of the case."""
    markup: Positive | None = None
    """That over what it pays: 4 for four times; in place of price."""
    margin: Share | None = None
    """The part of its price that it does not pay on, in place of price."""
    absorbed: Share = 0.0
    """Share of a rise of its cost that it bears, under the rule absorb."""
    own_cost: Amount = 0.0
    """Its own cost per unit, which the tariff does not touch."""
    demand_elasticity: Positive | None = None
    """That it faces, under the rule maximise; the one at which its price is best if left out."""
    demand: Literal["linear", "isoelastic"] = "linear"
    """Form of that demand."""


class CaseFile(Part):
    """A case as it is written: what is asked, of which products, under which tariff."""

    title: Text
    """What the case is called."""
    question: Text
    """What the case asks, in a sentence."""
    company: str = ""
    """The company it is about, as the facts spell it."""
    currency: Currency = "USD"
    """ISO 4217; all money of the case is in it."""
    tariff: Tariff | None = None
    demand: Demand | None = None
    products: tuple[Product, ...] = ()
    chain: tuple[ChainStage, ...] = ()
    recovery: Recovery | None = None
    rollback: Rollback | None = None
    timing: Timing | None = None
    sourcing: Sourcing | None = None
    earnings: Earnings | None = None

    @model_validator(mode="after")
    def _has_something_to_ask(self) -> Self:
        alone = (self.recovery, self.sourcing, self.earnings)
        if not self.products and alone == (None, None, None):
            raise ValueError(
                "has no [[products]], [recovery], [sourcing] or [earnings]; give at least one"
            )
        if self.products and self.tariff is None:
            raise ValueError("has products and no [tariff]; add it with a rate")
        needs = (self.rollback or self.timing) is not None
        if needs and not self.products:
            raise ValueError("has a [rollback] or [timing] and no product; add [[products]]")
        return self

    @model_validator(mode="after")
    def _chain_has_rules(self) -> Self:
        if self.chain and not self.products:
            raise ValueError(
                "has a [[chain]] and no product whose price it makes; add [[products]]"
            )
        ruled = {stage.rule is not None for stage in self.chain}
        if len(ruled) > 1:
            raise ValueError(
                "has a [[chain]] with a rule for some stages only; give every stage one, or none"
            )
        return self

    @model_validator(mode="after")
    def _own_price_is_not_cut(self) -> Self:
        levied = self.tariff is not None and self.tariff.reading == "border_price"
        if levied and any(item.exporter_cut != 0 for item in self.products):
            raise ValueError(
                'has reading = "border_price", where the cut of the border price is the answer, '
                "and an exporter_cut; leave out one of the two"
            )
        if levied and any(item.no_other_cost for item in self.products):
            raise ValueError(
                'has reading = "border_price" and a seller whose whole cost is its own price; '
                "give unit_cost, what a unit costs it"
            )
        return self

    @model_validator(mode="after")
    def _path_knows_no_cut(self) -> Self:
        if self.timing is not None and any(item.exporter_cut != 0 for item in self.products):
            raise ValueError(
                "has a [timing] and a product with an exporter_cut, whose day nobody gives; "
                "leave out one of the two"
            )
        return self

    @model_validator(mode="after")
    def _schedule_needs_a_product(self) -> Self:
        started = self.timing is not None and self.timing.start is not None
        if started and (self.tariff is None or self.tariff.hts is None):
            raise ValueError("gives timing.start without tariff.hts; give hts, origins, on, before")
        return self
