"""A case's refund: what was paid on the units sold, who bore it, and what a policy gives back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tariffimpact.cases.figures import duty_rise, new_price_of, rate_of
from tariffimpact.cases.product import CaseProduct
from tariffimpact.cases.question import Question
from tariffimpact.cases.range_answers import CaseRanges, refund_ranges
from tariffimpact.decisions.refund import Rollback, refund_incidence, rollback
from tariffimpact.errors import require
from tariffimpact.uncertainty import Inputs
from tariffimpact.uncertainty.inputs import Stated

_PARTS: Final = {
    "refund": "refund",
    "absorbed": "part of the refund that makes good absorbed cost",
    "recovered_twice": "part of the refund recovered twice",
}


def refunded(table: Any, product: CaseProduct, *, currency: str, source: str) -> Rollback:
    """Return who holds the refund of a `[rollback]` table, every range at its middle."""
    at = Inputs(product.rise_inputs() | refund_inputs(table, product) | _policy(table)).central()
    old, new = at["old_price"], float(new_price_of(at))
    return rollback(
        duty_paid=float(_duty_paid(at)),
        pass_through_rate=float(_rate(at)),
        price=new,
        earlier_rise=max(0.0, new - old),
        monthly_volume=at["monthly_volume"]
        if "monthly_volume" in at
        else at["annual_volume"] * at["market_share"] / 12,
        months=table.months,
        interest=at["interest"],
        reversal_share=at["reversal_share"],
        speed=at["speed"],
        rebate_share=at["rebate_share"],
        currency=currency,
        source=source,
    )


def refund_over_ranges(
    table: Any, product: CaseProduct, *, currency: str, source: str
) -> CaseRanges:
    """Return who holds the refund of a `[rollback]` table, over the ranges of its inputs."""
    inputs = product.rise_inputs() | refund_inputs(table, product) | _policy(table)
    if table.monthly_volume is None:
        inputs |= {"annual_volume": table.annual_volume, "market_share": table.market_share}

    def rise(**x: Any) -> Any:
        return new_price_of(x) - x["old_price"]

    def volume(**x: Any) -> Any:
        if "monthly_volume" in x:
            return x["monthly_volume"]
        return x["annual_volume"] * x["market_share"] / 12

    return refund_ranges(
        refunded(table, product, currency=currency, source=source),
        inputs,
        duty_paid=lambda **x: _duty_paid(x),
        pass_through=lambda **x: _rate(x),
        rise=rise,
        volume=volume,
        months=table.months,
        currency=currency,
    )


def refund_by_terms(table: Any, *, price: Any, rise: Any, currency: str) -> CaseRanges:
    """Return the same of a `[rollback]` table whose price under the duty and rise are told apart.

    Raises
    ------
    ModelError
        If a number leaves its range.
    """
    names = ("duty_paid", "pass_through_rate", "interest", "monthly_volume")
    stated = {name: getattr(table, name) for name in names} | _policy(table)
    inputs = Inputs.read(stated | {"price": price, "earlier_rise": rise})
    at = inputs.central()
    middle = rollback(**at, months=table.months, currency=currency)  # type: ignore[arg-type]
    return refund_ranges(
        middle,
        inputs.stated,
        duty_paid=lambda **x: x["duty_paid"],
        pass_through=lambda **x: x["pass_through_rate"],
        rise=lambda **x: x["earlier_rise"],
        volume=lambda **x: x["monthly_volume"],
        months=table.months,
        currency=currency,
    )


def refund_questions(inputs: Mapping[str, Stated], currency: str) -> Iterator[Question]:
    """Return the refund and its parts, as functions of their inputs (see `refund_inputs`)."""
    for part, name in _PARTS.items():

        def amount(*, part: str = part, **x: Any) -> Any:
            split = refund_incidence(
                duty_paid=_duty_paid(x), pass_through_rate=_rate(x), interest=x["interest"]
            )
            return getattr(split, part)

        key = part.replace("_", "-")
        yield Question.of(key, name, currency, amount, inputs)


def refund_inputs(table: Any, product: CaseProduct) -> dict[str, Stated]:
    """Return what the refund depends on: the duty per unit, the units, the pass-through."""
    names: tuple[str, ...] = ("interest",)
    if table.duty_paid is None:
        names += ("annual_volume", "market_share", "months_paid")
    else:
        names += ("duty_paid",)
    if table.pass_through_rate is not None:
        names += ("pass_through_rate",)
    said = {name: getattr(table, name) for name in names}
    return (
        said
        if "duty_paid" in said and "pass_through_rate" in said
        else (product.rise_inputs() | said)
    )


def _policy(table: Any) -> dict[str, Stated]:
    names = ["reversal_share", "speed", "rebate_share"]
    if table.monthly_volume is not None:
        names.append("monthly_volume")
    return {name: getattr(table, name) for name in names}


def _duty_paid(x: Any) -> Any:
    if "duty_paid" in x:
        return x["duty_paid"]
    duty = duty_rise(x)
    require((duty >= 0).all(), "the tariff fell, so no duty was paid more; nothing is refunded")
    return duty * x["annual_volume"] * x["market_share"] * x["months_paid"] / 12


def _rate(x: Any) -> Any:
    return x["pass_through_rate"] if "pass_through_rate" in x else rate_of(**x)
