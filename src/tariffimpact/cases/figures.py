"""The figures of a case as functions of its inputs by name; numbers or arrays, none uncertain."""

from __future__ import annotations

from typing import Any

import numpy as np

from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval
from tariffimpact.passthrough import implied_rate
from tariffimpact.pricing import hold_dollar_margin, hold_percent_margin, hold_profit, maximise
from tariffimpact.pricing.cost import duty_per_unit
from tariffimpact.pricing.demand import Demand, IsoelasticDemand, LinearDemand, LogitDemand
from tariffimpact.uncertainty import Distribution, Model
from tariffimpact.uncertainty.inputs import Stated


def customs_value_of(x: Any) -> Any:
    """Return the customs value per unit from the inputs that make it."""
    if "customs_value" in x:
        return x["customs_value"]
    if "metal_grams" in x:
        return x["metal_grams"] * x["metal_price_per_tonne"] * 1e-6
    return x["customs_share"] * x["old_price"]


def duty_rise(x: Any) -> Any:
    """Return the rise of the duty per unit; negative where the tariff falls."""
    change = np.asarray(_change_of_rate(x), dtype=np.float64)
    size = duty_per_unit(
        customs_value=customs_value_of(x),
        ad_valorem=np.abs(change),
        dutiable_share=x["dutiable_share"],
    )
    return np.sign(change) * size


def cost_rise(x: Any) -> Any:
    """Return the rise of the seller's unit cost: that of the duty, less what the exporter cuts."""
    if "exporter_cut" not in x:
        return duty_rise(x)
    return duty_rise(x) - x["exporter_cut"] * customs_value_of(x)


def full_rise(**x: Any) -> Any:
    """Return the rise of the duty as a fraction of the old price."""
    return duty_rise(x) / x["old_price"]


def unit_cost_of(x: Any) -> Any:
    """Return the seller's unit cost before the tariff: the customs value where none is given."""
    if "unit_cost" not in x and "cost_share" not in x:
        return customs_value_of(x)
    return x["unit_cost"] if "unit_cost" in x else x["cost_share"] * x["old_price"]


def price_under(rule: str, form: str | None) -> Model:
    """Return the function that gives the price under a pricing rule.

    `form` is that of the demand curve, which only `profit` and `maximise` need.
    """

    def price(**x: Any) -> Any:
        if rule == "dollar":
            return hold_dollar_margin(price=x["old_price"], cost_change=cost_rise(x))
        costs = {"old_cost": unit_cost_of(x), "cost_change": cost_rise(x)}
        if rule == "percent":
            return hold_percent_margin(price=x["old_price"], **costs)
        assert form is not None
        solve = hold_profit if rule == "profit" else maximise
        return solve(demand=demand_of(x, form), **costs)

    return price


def demand_of(x: Any, form: str, volume: float = 1.0) -> Demand:
    """Return the demand curve through the old price, with `volume` units sold at it."""
    known = {"price": x["old_price"], "demand_elasticity": x["demand_elasticity"]}
    if form == "logit":
        return LogitDemand(**known, volume=volume, share=x["buyers_share"])
    curve = LinearDemand if form == "linear" else IsoelasticDemand
    return curve(**known, volume=volume)


def rate_of(**x: Any) -> Any:
    """Return dollars of price per dollar of duty."""
    old = np.asarray(x["old_price"])
    new = x["new_price"] if "new_price" in x else old * (1 + x["price_change"])
    return implied_rate(
        old_price=old,
        new_price=new,
        tariff_change=_change_of_rate(x),
        customs_share=customs_value_of(x) / old,
        dutiable_share=x["dutiable_share"],
        caused_share=x["caused_share"],
    )


def _change_of_rate(x: Any) -> Any:
    """Return the change of the duty over the old customs value: a cut lowers what the new bears."""
    change = x["tariff_change"]
    if "exporter_cut" not in x:
        return change
    return change - (x["old_tariff"] + change) * x["exporter_cut"]


def span(value: Stated) -> Interval:
    """Return the values an input may have.

    Raises
    ------
    ModelError
        If it has no end on one side.
    """
    span = value.support if isinstance(value, Distribution) else Interval.of(value)
    if not span.is_bounded:
        raise ModelError(f"{span} has no end; give the missing end, or low = and high =")
    return span
