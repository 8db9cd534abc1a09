"""One product of a case: its inputs, and the questions they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from tariffimpact.cases.case_numbers import numbers_of, stated
from tariffimpact.cases.figures import (
    RULE_NAMES,
    cost_rise,
    demand_of,
    full_rise,
    held_profit_ends,
    new_price_of,
    price_under,
    rate_of,
    span,
    unit_cost_of,
)
from tariffimpact.cases.question import Question
from tariffimpact.cases.schema import Demand as WrittenDemand
from tariffimpact.cases.schema import Product
from tariffimpact.errors import require
from tariffimpact.interval import Interval
from tariffimpact.passthrough import PassThroughBounds, pass_through_bounds
from tariffimpact.pricing import RULES, PriceResponse, price_response
from tariffimpact.uncertainty import Inputs
from tariffimpact.uncertainty.inputs import Stated

FILE_WORDS: Final = {
    "cost": "{name} lacks a cost; give cost_share, unit_cost or no_other_cost = true",
    "demand": "{name} lacks a demand; add [demand] with an elasticity",
    "bound": "at an elasticity of 1 or less (demand.elasticity is {elasticity}) profit rises "
    "without bound with the price, so none is best; give an elasticity above 1, or form = "
    '"linear"',
    "room": "the margin of {name} with the duty on it may be more than the shelf price; give the "
    "price at the border, or the cost, more nearly",
}
"""What a pricing rule lacks and the remedy, in the words of a case file."""
_FLAG: Final = 1.0
"""What stands for a choice among inputs that are numbers."""


@dataclass(frozen=True, slots=True)
class CaseDuty:
    """The duty of a case before and after."""

    change: Stated = 0.0
    """Change of the ad valorem rate between the goods sold at the old and the new price."""
    old_rate: Stated = 0.0
    specific_change: Stated = 0.0
    """Change of the duty per unit, money."""
    old_specific: Stated = 0.0
    reading: Literal["customs_value", "border_price"] = "customs_value"
    """Whether it is a cost on a given customs value, or falls on the seller's own price."""


@dataclass(frozen=True, slots=True)
class PriceMove:
    """The shelf price before, and after where that is known: as a price, or as a change of it."""

    old: Stated
    new: Stated | None = None
    change: Stated | None = None

    @property
    def is_known(self) -> bool:
        """Whether a new price is."""
        return self.new is not None or self.change is not None

    def inputs(self) -> dict[str, Stated]:
        """Return both by name."""
        known = {"old_price": self.old, "new_price": self.new, "price_change": self.change}
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True)
class CaseProduct:
    """A product with its prices, its customs value, its cost and the demand for it."""

    name: str
    price: PriceMove
    duty: CaseDuty
    customs: Mapping[str, Stated]
    """What the customs value is made of, with the price: share, value, or metal and its price."""
    exporter_cut: Stated
    """Fraction by which the exporter lowers the customs value when the tariff comes."""
    dutiable_share: Stated
    caused_share: Stated
    counterfactual_change: Stated | None
    cost: Mapping[str, Stated]
    """The seller's unit cost, in money or as a share of the old price; empty where it is unknown,
    or the customs value alone."""
    no_other_cost: bool
    """Whether the customs value is the seller's whole cost."""
    units: Stated
    fixed_cost: Stated
    demand: WrittenDemand | None

    @classmethod
    def of(
        cls, item: Product, price: PriceMove, *, duty: CaseDuty, demand: WrittenDemand | None
    ) -> CaseProduct:
        """Return a product from its table, once all its numbers are known.

        Raises
        ------
        ModelError
            If it cannot be: a customs value or a cost above the price whatever the ranges are.
        """
        customs = numbers_of(item, "customs_share", "customs_value")
        if item.metal is not None:
            metal = numbers_of(item.metal, "grams", "price_per_tonne")
            customs = {f"metal_{name}": value for name, value in metal.items()}
        counterfactual = item.counterfactual_change
        product = cls(
            name=item.name,
            price=price,
            duty=duty,
            customs=customs,
            counterfactual_change=None if counterfactual is None else stated(counterfactual),
            cost=numbers_of(item, "unit_cost", "cost_share"),
            no_other_cost=item.no_other_cost,
            demand=demand,
            **numbers_of(item, "exporter_cut", "dutiable_share", "caused_share", "units",
                         "fixed_cost"),
        )  # fmt: skip
        product._check()
        return product

    def _check(self) -> None:
        price, value = span(self.price.old), self.customs_value()
        require(
            value.high <= price.low,
            f"a customs value of {value} may be above the price of {price}; a unit is not worth "
            "more at the border than on the shelf, so correct one of the two",
        )
        if "unit_cost" in self.cost:
            cost, most = span(self.cost["unit_cost"]), price
            if self.duty.reading == "border_price":
                most = value
            require(
                cost.high < most.low,
                f"a unit cost of {cost} may reach the price of {most}; give a cost below it",
            )

    def customs_value(self) -> Interval:
        """Return the customs value per unit, money."""
        parts = {name: span(value) for name, value in self.customs.items()}
        if "customs_value" in parts:
            return parts["customs_value"]
        if "metal_grams" in parts:
            return parts["metal_grams"] * parts["metal_price_per_tonne"] * 1e-6
        return parts["customs_share"] * span(self.price.old)

    def customs_share(self) -> Interval:
        """Return the customs value as a share of the old price."""
        if "customs_share" in self.customs:
            return span(self.customs["customs_share"])
        share = self.customs_value() / span(self.price.old)
        return Interval(share.low, min(1.0, share.high))

    @property
    def has_rise(self) -> bool:
        """Whether a new price is known."""
        return self.price.is_known

    @property
    def has_rate(self) -> bool:
        """Whether the rise has a pass-through rate: the duty changed, and one way only."""
        change, specific = self._change_of_rate(), span(self.duty.specific_change)
        up = change.low >= 0 and specific.low >= 0
        down = change.high <= 0 and specific.high <= 0
        moved = change.magnitude.high > 0 or specific.magnitude.high > 0
        return self.has_rise and (up or down) and moved

    @property
    def rules(self) -> tuple[str, ...]:
        """The pricing rules the product gives enough for."""
        return tuple(rule for rule in RULES if not self.refusal(rule))

    def lack(self, rule: str) -> str:
        """Return what a pricing rule wants for that is not given, in a word; blank where nothing.

        `cost`, `demand`, `bound` (profit rises without bound with the price) or `room` (an
        exporter's margin with the duty on it is more than the shelf price).
        """
        if rule != "dollar" and not self.cost and not self.no_other_cost:
            return "cost"
        if rule not in ("profit", "maximise"):
            return ""
        if self.demand is None:
            return "demand"
        elasticity = span(stated(self.demand.elasticity))
        if rule == "maximise" and self.demand.form == "isoelastic" and elasticity.low <= 1:
            return "bound"
        return "" if self._has_room() else "room"

    def refusal(self, rule: str, words: Mapping[str, str] = FILE_WORDS) -> str:
        """Return why a pricing rule has no answer here and the remedy, blank where it has one.

        `words` say it by what is lacking, with `{name}` for the product and `{elasticity}`.
        """
        lack = self.lack(rule)
        if not lack:
            return ""
        elasticity = "" if self.demand is None else span(stated(self.demand.elasticity))
        return words[lack].format(name=self.name, elasticity=elasticity)

    def _has_room(self) -> bool:
        """Return whether an exporter's margin leaves room for the costs after it."""
        if self.duty.reading != "border_price":
            return True
        corner = self.cost_inputs()
        ends = {
            name: span(value).low if name == "old_price" or name in self.cost else span(value).high
            for name, value in corner.items()
        }
        return float(unit_cost_of(ends)) > 0

    def pass_through(self, currency: str = "USD") -> PassThroughBounds:
        """Return what the price change says about pass-through.

        A price that was kept is taken to be one that would have stayed, and the result says so.

        Raises
        ------
        ModelError
            If no new price is known.
        """
        at = Inputs(self.rise_inputs()).central()
        old, new = at["old_price"], float(new_price_of(at))
        counterfactual = self.counterfactual_change
        if counterfactual is None and new == old:
            counterfactual = 0.0
        told = counterfactual is not None
        return pass_through_bounds(
            old_price=old,
            new_price=new,
            tariff_change=self._change_of_rate(),
            customs_share=self.customs_share(),
            dutiable_share=span(self.dutiable_share),
            caused_share=None if told else span(self.caused_share),
            counterfactual_change=None if counterfactual is None else span(counterfactual),
            specific_change=span(self.duty.specific_change),
            currency=currency,
        )

    def price_response(
        self, *, rules: tuple[str, ...] | None = None, currency: str = "USD"
    ) -> PriceResponse:
        """Return the price under each rule, every range at its middle.

        Raises
        ------
        ModelError
            If cost or demand is missing.
        """
        reason = next(filter(None, map(self.refusal, rules or ("profit",))), "")
        require(not reason and not self.refusal("profit"), reason or self.refusal("profit"))
        assert self.demand is not None
        at = Inputs(self.cost_inputs() | self._demand_inputs()).central()
        year = Inputs({"units": self.units, "fixed_cost": self.fixed_cost}).central()
        return price_response(
            demand=demand_of(at, self.demand.form, year["units"]),
            old_cost=float(unit_cost_of(at)),
            cost_change=float(cost_rise(at)),
            fixed_cost=year["fixed_cost"],
            rules=rules,
            currency=currency,
        )

    def questions(self, currency: str) -> Iterator[Question]:
        """Return every question the product gives enough for."""
        duty = self._duty_inputs()
        yield Question.of(
            "full", "rise that passes the duty on in full", "fraction", full_rise, duty
        )
        if self.has_rate:
            yield Question.of("pass-through", "pass-through rate", "", rate_of, self.rise_inputs())
        for rule in self.rules:
            form = self.demand.form if self.demand else None
            model, inputs = price_under(rule, form), self._price_inputs(rule)
            ends = partial(held_profit_ends, form=form) if rule == "profit" and form else None
            yield Question.of(rule, RULE_NAMES[rule], currency, model, inputs, ends=ends)

    def rise_inputs(self) -> dict[str, Stated]:
        """Return what the pass-through of the price rise depends on.

        Raises
        ------
        ModelError
            If no new price is known.
        """
        require(self.has_rise, f"{self.name} has no new price; give new_price or price_change")
        if self.counterfactual_change is None:
            caused = {"caused_share": self.caused_share}
        else:
            caused = {"counterfactual_change": self.counterfactual_change}
        return self._duty_inputs() | caused | self.price.inputs()

    def all_inputs(self) -> dict[str, Stated]:
        """Return every number that any question about the product depends on."""
        rise = self.rise_inputs() if self.has_rise else {}
        year = {"units": self.units, "fixed_cost": self.fixed_cost} if self.fixed_cost != 0 else {}
        found = rise | self.cost_inputs() | self._demand_inputs() | year
        return {name: value for name, value in found.items() if name != "border_price"}

    def cost_inputs(self) -> dict[str, Stated]:
        """Return what duty and unit cost depend on."""
        inputs = self._duty_inputs() | dict(self.cost)
        if self.duty.reading == "border_price":
            inputs |= {"border_price": _FLAG, "old_tariff": self.duty.old_rate}
        return inputs

    def _duty_inputs(self) -> dict[str, Stated]:
        cut = {"exporter_cut": self.exporter_cut, "old_tariff": self.duty.old_rate}
        per_unit = {"specific_change": self.duty.specific_change}
        return {
            "old_price": self.price.old,
            **self.customs,
            "tariff_change": self.duty.change,
            "dutiable_share": self.dutiable_share,
            **(cut if self.exporter_cut != 0 else {}),
            **(per_unit if self.duty.specific_change != 0 else {}),
        }

    def _change_of_rate(self) -> Interval:
        """Return the change of the duty over the old customs value (see `figures.duty_rise`)."""
        duty = self.duty
        change, old, cut = map(span, (duty.change, duty.old_rate, self.exporter_cut))
        return Interval(
            change.low - (old.high + change.low) * cut.high,
            change.high - (old.low + change.high) * cut.low,
        )

    def _demand_inputs(self) -> dict[str, Stated]:
        if self.demand is None:
            return {}
        inputs = {"demand_elasticity": stated(self.demand.elasticity)}
        share = self.demand.share
        return inputs if share is None else inputs | {"buyers_share": stated(share)}

    def _price_inputs(self, rule: str) -> dict[str, Stated]:
        if rule == "dollar":
            return self._duty_inputs()
        if rule == "percent":
            return self.cost_inputs()
        return self.cost_inputs() | self._demand_inputs()
