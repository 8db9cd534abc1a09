"""The figures of a case as functions of its inputs by name; numbers or arrays, none uncertain.

The price that holds profit also has exact ends: `profit_holding_range` knows them over a box of old
cost, cost rise and elasticity. It is that of a case where its inputs let these three vary freely:
where no uncertain input moves both the cost and its rise, and neither moves with an uncertain
price, of which both are then shares.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np

from tariffimpact.arguments import Array, Numbers
from tariffimpact.cases.case_numbers import support_of
from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval
from tariffimpact.passthrough import implied_rate
from tariffimpact.pricing import hold_dollar_margin, hold_percent_margin, hold_profit, maximise
from tariffimpact.pricing.cost import duty_per_unit
from tariffimpact.pricing.demand import Demand, IsoelasticDemand, LinearDemand, LogitDemand
from tariffimpact.pricing.iso_profit_range import (
    Form,
    HeldPrice,
    HeldProfitRange,
    profit_holding_range,
)
from tariffimpact.uncertainty import Ends, Inputs, Model
from tariffimpact.uncertainty.inputs import Stated

At = Mapping[str, Numbers]
"""A value for each input, by name."""


RULE_NAMES: Final = {
    "dollar": "price that holds the dollar margin",
    "percent": "price that holds the percent margin",
    "profit": "price that holds profit",
    "maximise": "price that maximises profit",
}
"""What each pricing rule asks for, as the figure it is."""


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
    span = support_of(value)
    if not span.is_bounded:
        raise ModelError(f"{span} has no end; give the missing end, or low = and high =")
    return span


_ROUNDING: Final = 1e-13
"""A figure that moves less than this with an input, relative to itself, does not depend on it."""


def held_profit_ends(inputs: Inputs, form: Form | Literal["logit"]) -> Ends | None:
    """Return the ends of the price that holds profit, None where no formula gives them.

    None is given for logit demand, too, and where the cost may fall.
    """
    if form == "logit":
        return None
    spans = inputs.supports()
    cost, rise = (_Share.of(figure, inputs.fixed, spans) for figure in (unit_cost_of, cost_rise))
    coupled = cost.moved_by & rise.moved_by or "old_price" in cost.moved_by | rise.moved_by
    if coupled or rise.span.low < 0 or not 0 < cost.span.low <= cost.span.high < 1:
        return None
    known = spans | {key: Interval.exactly(value) for key, value in inputs.fixed.items()}
    price = known["old_price"]
    found = profit_holding_range(
        form=form,
        old_cost=cost.span,
        cost_rise=rise.span,
        demand_elasticity=known["demand_elasticity"],
    )

    def place(held: HeldPrice, old_price: float) -> dict[str, float]:
        moved = {
            **cost.at(held.old_cost),
            **rise.at(held.cost_rise),
            "demand_elasticity": held.demand_elasticity,
            "old_price": old_price,
        }
        return {key: moved.get(key, known[key].low) for key in inputs.stated}

    if not found.pieces:
        nowhere = {key: inputs.fixed.get(key, np.nan) for key in inputs.stated}
        return Ends(np.nan, np.nan, nowhere, nowhere)
    return Ends(
        low=price.low * found.low,
        high=price.high * found.high,
        low_at=place(found.pieces[0][0], price.low),
        high_at=place(found.pieces[-1][1], price.high),
        gaps=_gaps(found, price),
    )


def _gaps(found: HeldProfitRange, price: Interval) -> tuple[Interval, ...]:
    ends = [(price.low * low.price, price.high * high.price) for low, high in found.pieces]
    return tuple(
        Interval(below, above) for (_, below), (above, _) in pairwise(ends) if below < above
    )


@dataclass(frozen=True, slots=True)
class _Share:
    """A figure over the old price, and the corners of the inputs at which it is least and most.

    The figures are linear in each input alone, being sums of products, so corners hold their ends.
    """

    of_inputs: Callable[[Mapping[str, Any]], Any]
    span: Interval
    moved_by: frozenset[str]
    low_at: Mapping[str, float]
    high_at: Mapping[str, float]

    @classmethod
    def of(
        cls,
        figure: Callable[[Any], Any],
        fixed: Mapping[str, float],
        spans: Mapping[str, Interval],
    ) -> _Share:
        """Return a figure's range and the uncertain inputs that move it."""
        anywhere = {**fixed, **{key: span.low for key, span in spans.items()}}

        def of_inputs(at: Mapping[str, Any]) -> Any:
            x = {**anywhere, **at}
            return figure(x) / x["old_price"]

        corners = np.array(list(itertools.product(*((x.low, x.high) for x in spans.values()))))
        shares = np.asarray(of_inputs(dict(zip(spans, corners.T, strict=True))), dtype=np.float64)
        values = np.broadcast_to(shares, len(corners))
        cube, slack = values.reshape((2,) * len(spans)), _ROUNDING * np.abs(values).max()
        moved_by = [key for axis, key in enumerate(spans) if np.ptp(cube, axis=axis).max() > slack]

        def place(corner: np.intp) -> dict[str, float]:
            at = dict(zip(spans, corners[corner].tolist(), strict=True))
            return {key: at[key] for key in moved_by}

        low, high = place(np.argmin(values)), place(np.argmax(values))
        span = Interval(float(of_inputs(low)), float(of_inputs(high)))
        return cls(of_inputs, span, frozenset(moved_by), low, high)

    def at(self, share: float) -> Mapping[str, float]:
        """Return inputs at which the figure is a given share, between the two corners."""
        if share <= self.span.low:
            return self.low_at
        if share >= self.span.high:
            return self.high_at
        from scipy.optimize import brentq

        def between(way: float) -> dict[str, float]:
            return {key: low + way * (self.high_at[key] - low) for key, low in self.low_at.items()}

        way = brentq(lambda way: float(self.of_inputs(between(way))) - share, 0.0, 1.0, xtol=1e-15)
        return between(way)
