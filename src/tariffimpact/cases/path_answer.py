"""A case over time: cost, price and margin by month from stock, adjustment and the duty's path."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tariffimpact.arguments import Array, Numbers
from tariffimpact.cases.case_numbers import stated
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

if TYPE_CHECKING:
    pass


_INPUTS = ("front_loaded_months", "holding_cost", "pass_through_rate", "speed_up", "speed_down")


def timed(
    table: Timing, product: CaseProduct, *, old_tariff: Stated, rates: Sequence[float],
    currency: str, source: str,
) -> PricePath:  # fmt: skip
    """Return the path of a `[timing]` table, every range at its middle."""
    at = Inputs(timing_inputs(table, product, old_tariff)).central()
    old_duty = _old_duty(at)
    return price_path(
        price=at["old_price"],
        base_cost=float(unit_cost_of(at) - old_duty),
        duty=_duty(at, table, rates),
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
        currency=currency,
        source=source,
    )


def timing_questions(
    table: Timing,
    product: CaseProduct,
    *,
    old_tariff: Stated,
    rates: Sequence[float],
    currency: str,
) -> Iterator[Question]:
    """Return the price by month, the last price and the lowest margin on the way."""
    inputs = timing_inputs(table, product, old_tariff)

    def prices(**x: Numbers) -> Array:
        return _path(x, table, rates)[0]

    def last_price(**x: Numbers) -> Array:
        return prices(**x)[..., -1]

    def lowest_margin(**x: Numbers) -> Array:
        price, cost = _path(x, table, rates)
        return np.asarray((price - cost).min(axis=-1))

    last = table.months - 1
    steps = tuple(float(month) for month in range(table.months))
    yield Question.of("price-path", "price", currency, prices, inputs, steps)
    yield Question.of("last-price", f"price in month {last}", currency, last_price, inputs)
    yield Question.of("lowest-margin", "lowest margin on the way", currency, lowest_margin, inputs)


def timing_inputs(table: Timing, product: CaseProduct, old_tariff: Stated) -> dict[str, Stated]:
    """Return what the path depends on.

    Raises
    ------
    ModelError
        If the product lacks a cost.
    """
    require(not product.refusal("percent"), product.refusal("percent"))
    stock = "turns" if table.months_of_stock is None else "months_of_stock"
    names = (*_INPUTS, stock)
    given = {name: stated(getattr(table, name)) for name in names}
    per_unit = {"old_specific": product.duty.old_specific}
    inputs = product.cost_inputs() | {"old_tariff": old_tariff} | given
    return inputs | (per_unit if product.duty.old_specific != 0 else {})


def _path(x: At, table: Timing, rates: Sequence[float]) -> tuple[Array, Array]:
    """Return price and unit cost by month, the months on the last axis."""
    old_duty, charged = _old_duty(x), _duty(x, table, rates)
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


def _old_duty(x: At) -> Array:
    by_value = x["old_tariff"] * x["dutiable_share"] * customs_value_of(x)
    return np.asarray(by_value + x.get("old_specific", 0.0))


def _duty(x: At, table: Timing, rates: Sequence[float]) -> Array:
    """Return the duty per unit charged in each month: looked up, or at the new rate throughout."""
    bearing = np.asarray(x["dutiable_share"] * customs_value_of(x))[..., None]
    if rates:
        return np.asarray(rates) * bearing
    new = np.maximum(x["old_tariff"] + np.asarray(x["tariff_change"]), 0.0)
    per_unit = np.asarray(x.get("old_specific", 0.0) + np.asarray(x.get("specific_change", 0.0)))
    charged = new[..., None] * bearing + per_unit[..., None]
    return np.asarray(charged * np.ones(table.months))


def _stock(x: At) -> Array:
    return np.asarray(
        x["months_of_stock"] if "months_of_stock" in x else 12 / np.asarray(x["turns"])
    )


Figure = Callable[..., Numbers]


def path_ranges(
    middle: PricePath, prices: Question, last: Question, margin: Question
) -> CaseRanges:
    """Return a price path over the ranges: each month's price, the last, the lowest margin."""
    months = {
        f"price_{month}": Question.of(
            f"price_{month}", f"price in month {month}", prices.unit,
            _month(prices, month), prices.inputs.stated,
        ).bounds()
        for month in range(len(prices.steps))
    }  # fmt: skip
    ends, lowest = last.bounds(), margin.bounds()
    told = (
        f"The price goes to {quantity(ends.interval, last.unit)} by month "
        f"{len(prices.steps) - 1}; the margin is lowest at "
        f"{quantity(lowest.interval, margin.unit)} on the way."
    )
    return CaseRanges(told, months | {"lowest_margin": lowest}, middle, prices.unit)


def _month(prices: Question, month: int) -> Figure:
    def price(**x: Numbers) -> Array:
        return np.asarray(prices.model(**x))[..., month]

    return price
