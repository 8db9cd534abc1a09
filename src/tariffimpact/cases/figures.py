"""The figures of a case as functions of its inputs by name; numbers or arrays, none uncertain."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tariffimpact.arguments import Array, Numbers
from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval
from tariffimpact.passthrough import implied_rate
from tariffimpact.pricing import hold_dollar_margin, hold_percent_margin, hold_profit, maximise
from tariffimpact.pricing.cost import duty_per_unit
from tariffimpact.pricing.demand import Demand, IsoelasticDemand, LinearDemand, LogitDemand
from tariffimpact.uncertainty import Distribution, Model
from tariffimpact.uncertainty.inputs import Stated

At = Mapping[str, Numbers]
"""A value for each input, by name."""


def customs_value_of(x: At) -> Array:
    """Return the customs value per unit from the inputs that make it."""
    if "customs_value" in x:
        return np.asarray(x["customs_value"])
    if "metal_grams" in x:
        return np.asarray(x["metal_grams"] * x["metal_price_per_tonne"] * 1e-6)
    return np.asarray(x["customs_share"] * x["old_price"])


def duty_rise(x: At) -> Array:
    """Return the rise of the duty per unit; negative where the tariff falls."""
    change = np.asarray(_change_of_rate(x), dtype=np.float64)
    size = duty_per_unit(
        customs_value=customs_value_of(x),
        ad_valorem=np.abs(change),
        dutiable_share=x["dutiable_share"],
    )
    return np.asarray(np.sign(change) * size + x.get("specific_change", 0.0))


def cost_rise(x: At) -> Array:
    """Return the rise of the seller's unit cost: that of the duty, less what the exporter cuts."""
    if "exporter_cut" not in x:
        return duty_rise(x)
    return np.asarray(duty_rise(x) - x["exporter_cut"] * customs_value_of(x))


def full_rise(**x: Numbers) -> Array:
    """Return the rise of the duty as a fraction of the old price."""
    return np.asarray(duty_rise(x) / x["old_price"])


def unit_cost_of(x: At) -> Array:
    """Return the seller's unit cost before the tariff: the customs value where none is given.

    Of a seller that is itself the exporter (`border_price` among the inputs) it is the cost in
    money of the shelf: a dollar of its own price is 1 + the new rate on the shelf, so the old cost
    that leaves its margin is the shelf price less that margin with the duty on it.
    """
    if "unit_cost" not in x and "cost_share" not in x:
        return customs_value_of(x)
    own = x["unit_cost"] if "unit_cost" in x else x["cost_share"] * x["old_price"]
    if "border_price" not in x:
        return np.asarray(own)
    levied = 1 + (x["old_tariff"] + np.asarray(x["tariff_change"])) * x["dutiable_share"]
    return np.asarray(x["old_price"] - levied * (customs_value_of(x) - own))


def price_under(rule: str, form: str | None) -> Model:
    """Return the function that gives the price under a pricing rule.

    `form` is that of the demand curve, which only `profit` and `maximise` need. A seller that is
    itself the exporter holds its margin, in money or per cent, by keeping its own price: both then
    pass the duty on as it is.
    """

    def price(**x: Numbers) -> Numbers:
        if rule == "dollar" or (rule == "percent" and "border_price" in x):
            return hold_dollar_margin(price=x["old_price"], cost_change=cost_rise(x))
        costs = {"old_cost": unit_cost_of(x), "cost_change": cost_rise(x)}
        if rule == "percent":
            return hold_percent_margin(price=x["old_price"], **costs)
        assert form is not None
        solve = hold_profit if rule == "profit" else maximise
        return solve(demand=demand_of(x, form), **costs)

    return price


def demand_of(x: At, form: str, volume: float = 1.0) -> Demand:
    """Return the demand curve through the old price, with `volume` units sold at it."""
    price, elasticity = x["old_price"], x["demand_elasticity"]
    if form == "logit":
        return LogitDemand(
            price=price, demand_elasticity=elasticity, volume=volume, share=x["buyers_share"]
        )
    curve = LinearDemand if form == "linear" else IsoelasticDemand
    return curve(price=price, demand_elasticity=elasticity, volume=volume)


def new_price_of(x: At) -> Array:
    """Return the new price, as given or as a change of the old one."""
    if "new_price" in x:
        return np.asarray(x["new_price"])
    return np.asarray(x["old_price"] * (1 + np.asarray(x["price_change"])))


def rate_of(**x: Numbers) -> Numbers:
    """Return dollars of price per dollar of duty."""
    old = np.asarray(x["old_price"])
    caused = "counterfactual_change" if "counterfactual_change" in x else "caused_share"
    return implied_rate(
        old_price=old,
        new_price=new_price_of(x),
        tariff_change=_change_of_rate(x),
        customs_share=customs_value_of(x) / old,
        dutiable_share=x["dutiable_share"],
        specific_change=x.get("specific_change", 0.0),
        **{caused: x[caused]},
    )


def _change_of_rate(x: At) -> Numbers:
    """Return the change of the duty over the old customs value: a cut lowers what the new bears."""
    change = x["tariff_change"]
    if "exporter_cut" not in x:
        return change
    return change - (x["old_tariff"] + np.asarray(change)) * x["exporter_cut"]


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
