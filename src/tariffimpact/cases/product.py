"""One product of a case: its inputs, and the questions they answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from tariffimpact.cases.figures import (
    cost_rise,
    demand_of,
    full_rise,
    price_under,
    rate_of,
    span,
    unit_cost_of,
)
from tariffimpact.cases.held import held_profit_ends
from tariffimpact.cases.prices import RULE_NAMES
from tariffimpact.cases.question import Question
from tariffimpact.cases.schema import Demand as WrittenDemand
from tariffimpact.cases.schema import Product
from tariffimpact.errors import require
from tariffimpact.interval import Interval
from tariffimpact.passthrough import PassThroughBounds, pass_through_bounds
from tariffimpact.pricing import RULES, PriceResponse, price_response
from tariffimpact.uncertainty import Inputs
from tariffimpact.uncertainty.inputs import Stated


@dataclass(frozen=True, slots=True)
class CaseProduct:
    """A product with its prices, its customs value, its cost and the demand for it."""

    name: str
    customs: dict[str, Stated]
    """What the customs value is made of, with the price: share, value, or metal and its price."""
    old_price: Stated
    new_price: Stated | None
    price_change: float | None
    """Rise as a fraction, where no new price is given."""
    tariff_change: Stated
    old_tariff: Stated
    exporter_cut: Stated
    """Fraction by which the exporter lowers the customs value when the tariff comes."""
    dutiable_share: Stated
    caused_share: Stated
    unit_cost: Stated | None
    cost_share: Stated | None
    no_other_cost: bool
    """Whether the customs value is the seller's whole cost."""
    units: Stated
    demand: WrittenDemand | None

    @classmethod
    def of(
        cls, item: Product, old: Any, new: Any, *, demand: WrittenDemand | None,
        tariff_change: Stated, old_tariff: Stated,
    ) -> CaseProduct:  # fmt: skip
        """Return a product from its table, once all its numbers are known.

        Raises
        ------
        ModelError
            If it cannot be: a customs value or a cost above the price whatever the ranges are.
        """
        written: Any = item
        metal: Any = item.metal
        made_of: dict[str, Any] = {
            "customs_share": written.customs_share,
            "customs_value": written.customs_value,
            "metal_grams": metal.grams if metal else None,
            "metal_price_per_tonne": metal.price_per_tonne if metal else None,
        }
        product = cls(
            name=item.name,
            customs={name: value for name, value in made_of.items() if value is not None},
            old_price=old,
            new_price=new,
            price_change=item.price_change,
            tariff_change=tariff_change,
            old_tariff=old_tariff,
            exporter_cut=written.exporter_cut,
            dutiable_share=written.dutiable_share,
            caused_share=written.caused_share,
            unit_cost=written.unit_cost,
            cost_share=written.cost_share,
            no_other_cost=item.no_other_cost,
            units=written.units,
            demand=demand,
        )
        product._check()
        return product

    def _check(self) -> None:
        price, value = span(self.old_price), self.customs_value()
        require(
            value.high <= price.low,
            f"a customs value of {value} may be above the price of {price}; a unit is not worth "
            "more at the border than on the shelf, so correct one of the two",
        )
        if self.unit_cost is not None:
            cost = span(self.unit_cost)
            require(
                cost.high < price.low,
                f"a unit cost of {cost} may reach the price of {price}; give a cost below it",
            )

    def customs_value(self) -> Interval:
        """Return the customs value per unit, money."""
        parts = {name: span(value) for name, value in self.customs.items()}
        if "customs_value" in parts:
            return parts["customs_value"]
        if "metal_grams" in parts:
            return parts["metal_grams"] * parts["metal_price_per_tonne"] * 1e-6
        return parts["customs_share"] * span(self.old_price)

    def customs_share(self) -> Interval:
        """Return the customs value as a share of the old price."""
        if "customs_share" in self.customs:
            return span(self.customs["customs_share"])
        share = self.customs_value() / span(self.old_price)
        return Interval(share.low, min(1.0, share.high))

    @property
    def has_rise(self) -> bool:
        """Whether a new price is known."""
        return self.new_price is not None or self.price_change is not None

    @property
    def has_rate(self) -> bool:
        """Whether the rise has a pass-through rate: the duty changed, and one way only."""
        change = self._change_of_rate()
        one_way = change.low >= 0 or change.high <= 0
        return self.has_rise and one_way and change.magnitude.high > 0

    @property
    def rules(self) -> tuple[str, ...]:
        """The pricing rules the product gives enough for."""
        return tuple(rule for rule in RULES if not self.refusal(rule))

    def refusal(self, rule: str) -> str:
        """Return why a pricing rule has no answer here and the remedy, blank where it has one."""
        costs = (self.unit_cost, self.cost_share, self.no_other_cost or None)
        if rule != "dollar" and costs == (None, None, None):
            return f"{self.name} lacks a cost; give cost_share, unit_cost or no_other_cost = true"
        if rule not in ("profit", "maximise"):
            return ""
        if self.demand is None:
            return f"{self.name} lacks a demand; add [demand] with an elasticity"
        elasticity: Any = self.demand.elasticity
        if rule == "maximise" and self.demand.form == "isoelastic" and span(elasticity).low <= 1:
            return (
                f"at an elasticity of 1 or less (demand.elasticity is {span(elasticity)}) profit "
                "rises without bound with the price, so none is best; give an elasticity above 1, "
                'or form = "linear"'
            )
        return ""

    def pass_through(self, currency: str = "USD") -> PassThroughBounds:
        """Return what the price change says about pass-through.

        A price that was kept is taken to be one that would have stayed, and the result says so.

        Raises
        ------
        ModelError
            If no new price is known.
        """
        at = Inputs(self.rise_inputs()).central()
        kept = self.new_price_at(at) == at["old_price"]
        return pass_through_bounds(
            old_price=at["old_price"],
            new_price=self.new_price_at(at),
            tariff_change=self._change_of_rate(),
            customs_share=self.customs_share(),
            dutiable_share=span(self.dutiable_share),
            caused_share=None if kept else span(self.caused_share),
            counterfactual_change=0.0 if kept else None,
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
        volume = Inputs({"u": self.units}).central()["u"]
        return price_response(
            demand=demand_of(at, self.demand.form, volume),
            old_cost=unit_cost_of(at),
            cost_change=cost_rise(at),
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

    def new_price_at(self, at: dict[str, float]) -> float:
        """Return the new price at given inputs."""
        if "new_price" in at:
            return at["new_price"]
        return at["old_price"] * (1 + at["price_change"])

    def rise_inputs(self) -> dict[str, Stated]:
        """Return what the pass-through of the price rise depends on.

        Raises
        ------
        ModelError
            If no new price is known.
        """
        require(self.has_rise, f"{self.name} has no new price; give new_price or price_change")
        inputs = self._duty_inputs() | {"caused_share": self.caused_share}
        if self.price_change is not None:
            return inputs | {"price_change": self.price_change}
        assert self.new_price is not None
        return inputs | {"new_price": self.new_price}

    def all_inputs(self) -> dict[str, Stated]:
        """Return everything any question about the product depends on."""
        rise = self.rise_inputs() if self.has_rise else {}
        return rise | self.cost_inputs() | self._demand_inputs()

    def _duty_inputs(self) -> dict[str, Stated]:
        cut = {"exporter_cut": self.exporter_cut, "old_tariff": self.old_tariff}
        return {
            "old_price": self.old_price,
            **self.customs,
            "tariff_change": self.tariff_change,
            "dutiable_share": self.dutiable_share,
            **(cut if self.exporter_cut != 0 else {}),
        }

    def _change_of_rate(self) -> Interval:
        """Return the change of the duty over the old customs value (see `figures.duty_rise`)."""
        change, old, cut = map(span, (self.tariff_change, self.old_tariff, self.exporter_cut))
        return Interval(
            change.low - (old.high + change.low) * cut.high,
            change.high - (old.low + change.high) * cut.low,
        )

    def cost_inputs(self) -> dict[str, Stated]:
        """Return what duty and unit cost depend on."""
        costs = {"unit_cost": self.unit_cost, "cost_share": self.cost_share}
        return self._duty_inputs() | {key: x for key, x in costs.items() if x is not None}

    def _demand_inputs(self) -> dict[str, Stated]:
        if self.demand is None:
            return {}
        written: Any = self.demand
        inputs: dict[str, Stated] = {"demand_elasticity": written.elasticity}
        return inputs if written.share is None else inputs | {"buyers_share": written.share}

    def _price_inputs(self, rule: str) -> dict[str, Stated]:
        if rule == "dollar":
            return self._duty_inputs()
        if rule == "percent":
            return self.cost_inputs()
        return self.cost_inputs() | self._demand_inputs()
