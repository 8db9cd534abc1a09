"""A case over time: cost, price and margin by month from stock, adjustment and the duty's path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tariffimpact.arguments import Array, Numbers
from tariffimpact.cases.case_numbers import numbers_of
from tariffimpact.cases.decision_tables import Timing
from tariffimpact.cases.figures import At, customs_value_of, unit_cost_of
from tariffimpact.cases.product import CaseProduct
from tariffimpact.cases.question import CaseRanges, Question
from tariffimpact.decisions.stock import carrying_cost, duty_in_cost
from tariffimpact.decisions.timing import PricePath, partial_adjustment, price_path
from tariffimpact.errors import require
from tariffimpact.uncertainty import Inputs
from tariffimpact.uncertainty.inputs import Stated
from tariffimpact.uncertainty.phrasing import quantity


@dataclass(frozen=True, slots=True)
class TimedPrice:
    """The price of a product over time, under a `[timing]` table."""

    table: Timing
    product: CaseProduct
    rates: Sequence[float]
    """Rate by month, where the schedule is asked; empty where the new rate stays."""
    currency: str
    source: str

    def inputs(self) -> dict[str, Stated]:
        """Return what the path depends on.

        Raises
        ------
        ModelError
            If the product lacks a cost.
        """
        product, lack = self.product, self.product.refusal("percent")
        require(not lack, lack)
        given = numbers_of(
            self.table, "front_loaded_months", "holding_cost", "pass_through_rate", "speed_up",
            "speed_down", "turns" if self.table.months_of_stock is None else "months_of_stock",
        )  # fmt: skip
        per_unit = {"old_specific": product.duty.old_specific}
        inputs = product.cost_inputs() | {"old_tariff": product.duty.old_rate} | given
        return inputs | (per_unit if product.duty.old_specific != 0 else {})

    def middle(self) -> PricePath:
        """Return the path with every range at its middle."""
        at = Inputs(self.inputs()).central()
        old_duty, table = _old_duty(at), self.table
        return price_path(
            price=at["old_price"],
            base_cost=float(unit_cost_of(at) - old_duty),
            duty=self._duty(at),
            months_of_stock=float(_stock(at)),
            flow=table.flow,
            old_duty=float(old_duty),
            front_loaded_months=at["front_loaded_months"],
            holding_cost=at["holding_cost"],
            pass_through_rate=at["pass_through_rate"],
            price_follows=table.price_follows,
            speed_up=at["speed_up"],
            speed_down=at["speed_down"],
            first_month=table.start,
            currency=self.currency,
            source=self.source,
        )

    def questions(self) -> Iterator[Question]:
        """Return the price by month, the last price and the lowest margin on the way."""
        inputs, last = self.inputs(), self.table.months - 1

        def prices(**x: Numbers) -> Array:
            return self._path(x)[0]

        def lowest_margin(**x: Numbers) -> Array:
            price, cost = self._path(x)
            return np.asarray((price - cost).min(axis=-1))

        steps = tuple(float(month) for month in range(self.table.months))
        yield Question.of("price-path", "price", self.currency, prices, inputs, steps=steps)
        yield self._in_month("last-price", last, inputs)
        yield Question.of(
            "lowest-margin", "lowest margin on the way", self.currency, lowest_margin, inputs
        )

    def ranges(self) -> CaseRanges:
        """Return each month's price, the last and the lowest margin, over the ranges."""
        _, last, margin = self.questions()
        inputs = last.inputs.stated
        months = {
            f"price_{month}": self._in_month(f"price_{month}", month, inputs).bounds()
            for month in range(self.table.months)
        }
        end, lowest = last.bounds(), margin.bounds()
        told = (
            f"The price goes to {quantity(end.interval, self.currency)} by month "
            f"{self.table.months - 1}; the margin is lowest at "
            f"{quantity(lowest.interval, self.currency)} on the way."
        )
        found = months | {"lowest_margin": lowest}
        return CaseRanges(told, found, self.middle(), self.currency)

    def _in_month(self, key: str, month: int, inputs: Mapping[str, Stated]) -> Question:
        def price(**x: Numbers) -> Array:
            return self._path(x)[0][..., month]

        return Question.of(key, f"price in month {month}", self.currency, price, inputs)

    def _path(self, x: At) -> tuple[Array, Array]:
        """Return price and unit cost by month, the months on the last axis."""
        table, old_duty, charged = self.table, _old_duty(x), self._duty(x)
        booked = duty_in_cost(
            duty=charged,
            old_duty=old_duty,
            months_of_stock=_stock(x),
            flow=table.flow,
            front_loaded_months=x["front_loaded_months"],
        )
        aimed_at = booked if table.price_follows == "booked" else charged
        rise = aimed_at - np.asarray(old_duty)[..., None]
        price = partial_adjustment(
            start=x["old_price"],
            targets=np.asarray(x["old_price"])[..., None]
            + np.asarray(x["pass_through_rate"])[..., None] * rise,
            speed_up=x["speed_up"],
            speed_down=x["speed_down"],
        )
        cost = np.asarray(unit_cost_of(x))
        held = carrying_cost(
            landed_cost=cost[..., None],
            holding_cost=np.asarray(x["holding_cost"])[..., None],
            front_loaded_months=np.asarray(x["front_loaded_months"])[..., None],
            month=np.arange(table.months),
        )
        return price, (cost - old_duty)[..., None] + booked + held

    def _duty(self, x: At) -> Array:
        """Return the duty per unit charged in each month: looked up, or at the new rate."""
        bearing = np.asarray(x["dutiable_share"] * customs_value_of(x))[..., None]
        if self.rates:
            return np.asarray(self.rates) * bearing
        new = np.maximum(x["old_tariff"] + np.asarray(x["tariff_change"]), 0.0)
        per_unit = np.asarray(
            x.get("old_specific", 0.0) + np.asarray(x.get("specific_change", 0.0))
        )
        charged = new[..., None] * bearing + per_unit[..., None]
        return np.asarray(charged * np.ones(self.table.months))


def _old_duty(x: At) -> Array:
    by_value = x["old_tariff"] * x["dutiable_share"] * customs_value_of(x)
    return np.asarray(by_value + x.get("old_specific", 0.0))


def _stock(x: At) -> Array:
    return np.asarray(
        x["months_of_stock"] if "months_of_stock" in x else 12 / np.asarray(x["turns"])
    )
