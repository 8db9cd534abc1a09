"""The library's answers to what the explorer asks, point by point, from the case it would copy."""

from __future__ import annotations

import itertools
import math
import tomllib
from typing import Any

from tariffimpact.cases import case_of
from tariffimpact.cases.figures import (
    cost_rise,
    customs_value_of,
    duty_rise,
    new_price_of,
    unit_cost_of,
)
from tariffimpact.cases.product import CaseProduct
from tariffimpact.pricing.demand import IsoelasticDemand, LinearDemand, LogitDemand
from tariffimpact.pricing.incidence import unit_incidence
from tariffimpact.uncertainty import Inputs
from tariffimpact.uncertainty.inputs import Stated

CURVES = {"linear": LinearDemand, "isoelastic": IsoelasticDemand}
NUMBERS = ("price", "change", "margin", "volume", "profit", "consumer", "firm", "exporter")


def case_from(toml: str, facts: Any) -> Any:
    return case_of(tomllib.loads(toml), name="what-if", facts=facts)


def answers(case: Any) -> dict[str, dict[str, Any]]:
    """Return for each rule the figures at the middle and the extremes over the corners."""
    item: CaseProduct = case.products[0]
    stated = item.all_inputs()
    rules = [*item.rules] if item.demand or item.cost else list(item.rules)
    if item.has_rise:
        rules.insert(0, "observed")
    middle, corners = Inputs(stated).central(), list(_corners(stated))
    return {
        rule: {
            "middle": _at(item, rule, middle),
            "corners": [_at(item, rule, corner) for corner in corners],
        }
        for rule in rules
    }


def _corners(stated: dict[str, Stated]) -> Any:
    ends = {
        name: [value] if isinstance(value, float) else [value.low, value.high]  # type: ignore[union-attr]
        for name, value in stated.items()
        if name not in ("caused_share", "counterfactual_change")
    }
    for point in itertools.product(*ends.values()):
        yield dict(zip(ends, point, strict=True))


def _at(item: CaseProduct, rule: str, x: dict[str, float]) -> dict[str, float]:
    """Return what a rule's price means at one point, from the ledger of one unit."""
    price = float(new_price_of(x)) if rule == "observed" else _price(item, rule, x)
    old, value = x["old_price"], float(customs_value_of(x))
    found = {"price": price, "change": price / old - 1}
    found |= _burdens(x, price, value)
    if item.refusal("percent"):
        return found
    cost, new_cost = float(unit_cost_of(x)), float(unit_cost_of(x) + cost_rise(x))
    found["margin"] = price - new_cost
    if item.demand is not None:
        sold = math.nan if math.isnan(price) else float(_demand(item, x).quantity(price))
        found |= {"volume": sold - 1, "profit": (price - new_cost) * sold / (old - cost) - 1}
    return found


def _price(item: CaseProduct, rule: str, x: dict[str, float]) -> float:
    (question,) = (q for q in item.questions("USD") if q.key == rule)
    return float(question.model(**{name: x[name] for name in question.inputs.stated}))


def _demand(item: CaseProduct, x: dict[str, float]) -> Any:
    assert item.demand is not None
    known = {"price": x["old_price"], "demand_elasticity": x["demand_elasticity"]}
    if item.demand.form == "logit":
        return LogitDemand(**known, volume=1.0, share=x["buyers_share"])
    return CURVES[item.demand.form](**known, volume=1.0)


def _burdens(x: dict[str, float], price: float, value: float) -> dict[str, float]:
    duty = float(duty_rise(x))
    if math.isnan(price) or duty == 0:
        return dict.fromkeys(("consumer", "firm", "exporter"), math.nan)
    ledger = unit_incidence(
        old_price=x["old_price"], new_price=price, old_customs_value=value,
        new_customs_value=value * (1 - x.get("exporter_cut", 0.0)), old_duty=0.0, new_duty=duty,
    )  # fmt: skip
    return {
        "consumer": ledger.consumer_burden,
        "firm": ledger.firm_burden,
        "exporter": ledger.exporter_burden,
    }
