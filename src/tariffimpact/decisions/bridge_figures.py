"""The figures of a bridge from a duty to earnings, each a function of the inputs by name.

Over intervals the accounting is exact, for every formula names each input once. What depends on
how buyers react is bounded over the ranges, the company's sales taken as one product.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import numpy as np

from tariffimpact import units
from tariffimpact.arguments import Array
from tariffimpact.decisions import duty_cost as cost
from tariffimpact.decisions.duty_cost import OFFSETS, N
from tariffimpact.decisions.stock import months_on_new_cost
from tariffimpact.interval import Interval
from tariffimpact.pricing.demand import Demand, IsoelasticDemand, LinearDemand
from tariffimpact.pricing.rules import hold_profit, maximise
from tariffimpact.uncertainty import Bounds, bounds
from tariffimpact.uncertainty.phrasing import quantity

__all__ = ["Figure", "demand_bounds", "figures_of", "income_of", "per_share"]

Form = Literal["isoelastic", "linear"]
Numbers = Mapping[str, Interval]
"""The numbers given, by name."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a bridge."""

    key: str
    label: str
    unit: str
    """A currency code, `fraction`, `basis points`, or `XXX per share`."""
    value: Interval | None
    """None where no price does, anywhere in the ranges."""
    kind: Literal["accounting", "model"] = "accounting"
    no_answer: float = 0.0
    """Share of the points tried at which no price does."""

    def __str__(self) -> str:
        return "no price does" if self.value is None else said(self.value, self.unit)


def figures_of(x: Numbers, currency: str, form: Form, net: str) -> tuple[Figure, ...]:
    """Return every figure that the inputs give enough for, from the duty to the price.

    `net` is what the net cost is called: a figure of which nobody says whether it is one has
    another name.
    """
    return (
        *cost_figures(x, currency, net),
        *_on_accounts(x, currency, net),
        *_by_price(x, currency),
        *_by_demand(x, currency, form),
    )


def income_of(x: Mapping[str, N]) -> N:
    """Return operating income before the tariff: as given, or sales less both costs."""
    if "operating_income" in x:
        return x["operating_income"]
    return x["sales"] - x["cost_of_goods"] - x["fixed_cost"]


def per_share(x: Mapping[str, N]) -> N:
    """Return the net cost per share, N (1 - t)/shares; before tax where no rate is known."""
    net = cost.net_of(x)
    after = net * (1 - x["tax_rate"]) if "tax_rate" in x else net
    return after / x["shares_outstanding"]


def said(span: Interval, unit: str) -> str:
    """Return a figure with its unit, as a sentence prints it."""
    if unit == "basis points":
        words = units.ratio(span, 0)
        for end in (" or more", " or less"):
            if words.endswith(end):
                return f"{words.removesuffix(end)} basis points{end}"
        return f"{words} basis points"
    if unit.endswith(" per share"):
        return f"{units.money(span, unit.split()[0], 2)} per share"
    return quantity(span, unit)


def cost_figures(x: Numbers, currency: str, net: str) -> list[Figure]:
    """Return gross cost, by origin where there are several, offsets and net cost."""
    parts = cost.places(x)
    rows = [
        Figure(f"duty{part}", f"Duty on {cost.place_name(part)}", currency, cost.duty_of(x, part))
        for part in (parts if len(parts) > 1 else ())
    ]
    if parts:
        rows.append(Figure("base", "Dutiable customs value a year", currency, cost.base_of(x)))
    if cost.has_gross(x):
        gross = cost.gross_of(x)
        rows.append(Figure("gross", "Gross cost", currency, gross))
        if "net" in x:
            rows.append(Figure("offsets", "All offsets", currency, gross - x["net"]))
    for by, words in OFFSETS.items():
        taken = cost.offset_of(x, by)
        if taken is not None:
            rows.append(Figure(f"offset_{by}", f"Offset by {words}", currency, taken))
    if cost.has_net(x):
        rows.append(Figure("net", net, currency, cost.net_of(x)))
    return rows


def _on_accounts(x: Numbers, currency: str, named: str) -> Iterator[Figure]:
    """Yield the cost over sales, operating income and shares."""
    net = cost.net_of(x)
    if cost.has_answers(x):
        share = cost.mitigated_of(x)
        yield Figure("mitigated", "Share of the gross taken back", "fraction", share)
    if "sales" in x and cost.has_gross(x):
        over = cost.gross_of(x) / x["sales"] * 1e4
        yield Figure("gross_bp", "Gross cost of sales", "basis points", over)
    if "sales" in x and cost.has_net(x):
        yield Figure("net_bp", f"{named} of sales", "basis points", net / x["sales"] * 1e4)
    if "headwind" in x:
        label = "Net headwind that the company gives"
        yield Figure("headwind", label, "basis points", x["headwind"] * 1e4)
    if "operating_income" in x or {"sales", "cost_of_goods", "fixed_cost"} <= set(x):
        income = income_of(x)
        if income.low > 0:
            yield Figure("of_income", "Cost of operating income", "fraction", net / income)
        yield Figure("income_before", "Operating income before", currency, income)
        yield Figure("income_after", "Operating income after", currency, income - net)
    if "shares_outstanding" in x:
        taxed = "after" if "tax_rate" in x else "before"
        label, unit = f"Cost per share, {taxed} tax", f"{currency} per share"
        yield Figure("per_share", label, unit, per_share(x))


def _by_price(x: Numbers, currency: str) -> Iterator[Figure]:
    """Yield the price rises that hold gross profit, at the same volume."""
    if "sales" not in x:
        return
    left = cost.cost_for_price(x)
    label = "Rise that holds gross profit in money, at the same volume"
    yield Figure("rise_dollar", label, "fraction", left / x["sales"])
    if "cost_of_goods" in x:
        label = "Rise that holds gross margin in per cent"
        yield Figure("rise_percent", label, "fraction", left / x["cost_of_goods"])
    if "price_rise" in x:
        label = "What the announced rise brings in, at the same volume"
        yield Figure("announced", label, currency, x["price_rise"] * x["sales"])


_MODELLED: Final = {
    "rise_income": ("Rise that holds operating income", "fraction"),
    "rise_best": ("Rise that maximises operating income", "fraction"),
    "contribution_before": ("Contribution before the tariff", "money"),
    "contribution_best": ("Contribution at the best rise", "money"),
    "contribution_change": ("Change of the contribution", "fraction"),
    "income_best": ("Operating income at the best rise", "money"),
    "income_change": ("Change of operating income", "fraction"),
}


def _by_demand(x: Numbers, currency: str, form: Form) -> Iterator[Figure]:
    """Yield what depends on how buyers react: a range of each, or that no price does."""
    for key, (label, unit) in _MODELLED.items():
        span = demand_bounds(x, key, form)
        if span is None:
            continue
        yield Figure(
            key,
            label,
            currency if unit == "money" else unit,
            span.interval if span.has_answer else None,
            "model",
            span.undefined / span.tried,
        )


def demand_bounds(x: Numbers, key: str, form: Form) -> Bounds | None:
    """Return how far a figure that depends on demand can go; None where an input is missing.

    At an isoelastic elasticity of 1 or less profit rises without bound with the price, so that
    there is no best one, and only the rise that holds operating income is told.
    """
    names = ["sales", "cost_of_goods", "demand_elasticity"]
    if key.startswith("income_"):
        names.append("operating_income" if "operating_income" in x else "fixed_cost")
    if not set(names) <= set(x):
        return None
    if key != "rise_income" and form == "isoelastic" and x["demand_elasticity"].low <= 1:
        return None
    inputs = {name: x[name] for name in names} | {"cost": cost.cost_for_price(x)}
    if not all(span.is_bounded for span in inputs.values()):
        return None
    return bounds(partial(demand_figure, key, form), dict(inputs), name=key)


def demand_figure(key: str, form: Form, **x: Array) -> Array:
    """Return a figure that depends on demand: the company's sales are one product of price S."""
    sales, goods, added = (np.asarray(x[name]) for name in ("sales", "cost_of_goods", "cost"))
    curve = LinearDemand if form == "linear" else IsoelasticDemand
    demand: Demand = curve(price=sales, volume=1.0, demand_elasticity=x["demand_elasticity"])
    if key == "rise_income":
        held = np.asarray(hold_profit(demand=demand, old_cost=goods, cost_change=added))
        return held / sales - 1
    best = np.asarray(maximise(demand=demand, old_cost=goods, cost_change=added))
    if key == "rise_best":
        return best / sales - 1
    before = sales - goods + 0 * best
    after = (best - goods - added) * np.asarray(demand.quantity(best))
    if key.startswith("income_"):
        fixed = x["fixed_cost"] if "fixed_cost" in x else before - x["operating_income"]
        before, after = before - fixed, after - fixed
    if key.endswith("_change"):
        return np.asarray(after / before - 1)
    return np.asarray(before if key.endswith("_before") else after)


def quarter_of(x: Numbers, number: int, flow: str) -> dict[str, float]:
    """Return one quarter's cost; all of it falls with longer stock but what waits in stock."""
    stock, ahead = x["months_of_stock"], x["front_loaded_months"]
    if flow == "replacement":  # it knows no stock
        ahead = Interval.exactly(0.0)
    start, end = 3.0 * number - 3, 3.0 * number

    def booked(until: float, held: float, front: float) -> float:
        months = months_on_new_cost(
            months=until, months_of_stock=held, flow=flow, front_loaded_months=front
        )
        return float(months)

    def charged(until: float, front: float) -> float:
        return max(until - front, 0.0)

    slow, fast = (stock.high, ahead.high), (stock.low, ahead.low)
    sold = Interval(
        booked(end, *slow) - booked(start, *slow), booked(end, *fast) - booked(start, *fast)
    )
    spans = {"net": cost.net_of(x) / x["months"] * sold}
    if cost.has_gross(x):
        monthly = cost.gross_of(x) / x["months"]
        received = [
            charged(end, front) - charged(start, front) for front in (ahead.high, ahead.low)
        ]
        waiting = [
            charged(end, front) - booked(end, held, front)
            for front, held in ((ahead.high, stock.low), (ahead.low, stock.high))
        ]
        spans |= {
            "charged": monthly * Interval(*received),
            "booked": monthly * sold,
            "in_stock": monthly * Interval(*waiting),
        }
    if "sales" in x:
        spans["net_bp"] = spans["net"] / x["sales"] * 4e4
    row = {"quarter": float(number)}
    if not cost.has_net(x):  # then it is what is booked
        del spans["net"]
    for name in ("charged", "booked", "in_stock", "net", "net_bp"):
        if name in spans:
            row |= spans[name].columns(name)
    return row
