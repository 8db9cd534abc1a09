"""What a case gets back: of its exposure by a price rise, and of a duty that is refunded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from tariffimpact.arguments import Array, Numbers
from tariffimpact.cases.case_numbers import Written, stated
from tariffimpact.cases.decision_tables import Recovery as RecoveryTable
from tariffimpact.cases.decision_tables import Rollback as RollbackTable
from tariffimpact.cases.figures import At, duty_rise, new_price_of, rate_of, span
from tariffimpact.cases.product import CaseProduct
from tariffimpact.cases.question import CaseRanges, Question
from tariffimpact.decisions.recovery import Recovery, recovery, recovery_rate
from tariffimpact.decisions.refund import Rollback, price_after, refund_incidence, rollback
from tariffimpact.errors import require
from tariffimpact.facts import Exposure
from tariffimpact.interval import Interval
from tariffimpact.uncertainty import Inputs, read_input
from tariffimpact.uncertainty.inputs import Stated
from tariffimpact.uncertainty.phrasing import quantity

if TYPE_CHECKING:
    pass


def _span(written: Written) -> Interval:
    return span(stated(written))


def recovered(
    table: RecoveryTable, exposure: Exposure | None, *, currency: str, source: str
) -> Recovery:
    """Return how much of the exposure the price rise of a `[recovery]` table brings back."""
    amount, exposure_currency = _amount(table, exposure, currency)
    rate = table.exchange_rate
    return recovery(
        price_rise=_span(table.price_rise),
        annual_volume=_span(table.annual_volume) * _span(table.market_share),
        months=_span(table.months),
        exposure=span(amount),
        basis=table.basis if exposure is None else exposure.basis.value,
        retailer_share=_span(table.retailer_share),
        volume_ratio=_span(table.volume_ratio),
        same_scope=table.same_scope,
        same_window=table.same_window,
        currency=currency,
        exposure_currency=exposure_currency,
        exchange_rate=None if rate is None else _span(rate),
        exchange_rate_on=table.exchange_rate_on,
        source=source,
    )


def recovery_question(table: RecoveryTable, exposure: Exposure | None, currency: str) -> Question:
    """Return the share of the exposure recovered, as a function of its inputs."""
    inputs = {
        name: stated(getattr(table, name))
        for name in (
            "price_rise",
            "annual_volume",
            "market_share",
            "retailer_share",
            "months",
            "volume_ratio",
        )
    }
    rate = table.exchange_rate
    inputs["exchange_rate"] = 1.0 if rate is None else stated(rate)
    inputs["exposure"], _ = _amount(table, exposure, currency)
    return Question.of(
        "recovery", "share of the exposure recovered", "fraction", _recovered, inputs
    )


def _recovered(*, annual_volume: Numbers, market_share: Numbers, **inputs: Numbers) -> Numbers:
    return recovery_rate(annual_volume=annual_volume * market_share, **inputs)


def _amount(table: RecoveryTable, exposure: Exposure | None, currency: str) -> tuple[Stated, str]:
    """Return the exposure and its currency, in the case's own where the source converts it."""
    if exposure is None:
        assert table.amount is not None  # the table has one of the two
        return stated(table.amount), currency
    if exposure.currency != currency == "USD" and exposure.amount_usd is not None:
        return exposure.amount_usd, "USD"
    return exposure.amount, exposure.currency


_PARTS: Final = {
    "refund": "refund",
    "absorbed": "part of the refund that makes good absorbed cost",
    "recovered_twice": "part of the refund recovered twice",
}


def refunded(table: RollbackTable, product: CaseProduct, *, currency: str, source: str) -> Rollback:
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
    table: RollbackTable, product: CaseProduct, *, currency: str, source: str
) -> CaseRanges:
    """Return who holds the refund of a `[rollback]` table, over the ranges of its inputs."""
    inputs = product.rise_inputs() | refund_inputs(table, product) | _policy(table)
    if table.monthly_volume is None:
        assert table.annual_volume is not None  # the table has one of the two
        inputs |= {
            "annual_volume": stated(table.annual_volume),
            "market_share": stated(table.market_share),
        }

    def rise(**x: Numbers) -> Numbers:
        return new_price_of(x) - x["old_price"]

    def volume(**x: Numbers) -> Numbers:
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


def refund_by_terms(
    table: RollbackTable, *, price: object, rise: object, currency: str
) -> CaseRanges:
    """Return the same of a `[rollback]` table whose price under the duty and rise are told apart.

    Raises
    ------
    ModelError
        If a number leaves its range.
    """
    names = ("duty_paid", "pass_through_rate", "interest", "monthly_volume")
    told: dict[str, Stated] = {name: stated(getattr(table, name)) for name in names}
    told |= _policy(table)
    told |= {
        "price": read_input(price, name="price"),
        "earlier_rise": read_input(rise, name="rise"),
    }
    inputs = Inputs(told)
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

        def amount(*, part: str = part, **x: Numbers) -> Numbers:
            split = refund_incidence(
                duty_paid=_duty_paid(x), pass_through_rate=_rate(x), interest=x["interest"]
            )
            found: Numbers = getattr(split, part)
            return found

        key = part.replace("_", "-")
        yield Question.of(key, name, currency, amount, inputs)


def refund_inputs(table: RollbackTable, product: CaseProduct) -> dict[str, Stated]:
    """Return what the refund depends on: the duty per unit, the units, the pass-through."""
    names: tuple[str, ...] = ("interest",)
    if table.duty_paid is None:
        names += ("annual_volume", "market_share", "months_paid")
    else:
        names += ("duty_paid",)
    if table.pass_through_rate is not None:
        names += ("pass_through_rate",)
    said = {name: stated(getattr(table, name)) for name in names}
    return (
        said
        if "duty_paid" in said and "pass_through_rate" in said
        else (product.rise_inputs() | said)
    )


def _policy(table: RollbackTable) -> dict[str, Stated]:
    names = ["reversal_share", "speed", "rebate_share"]
    if table.monthly_volume is not None:
        names.append("monthly_volume")
    return {name: stated(getattr(table, name)) for name in names}


def _duty_paid(x: At) -> Array:
    if "duty_paid" in x:
        return np.asarray(x["duty_paid"])
    duty = duty_rise(x)
    require((duty >= 0).all(), "the tariff fell, so no duty was paid more; nothing is refunded")
    sold = x["annual_volume"] * np.asarray(x["market_share"]) * x["months_paid"] / 12
    return np.asarray(duty * sold)


def _rate(x: At) -> Array:
    return np.asarray(x["pass_through_rate"] if "pass_through_rate" in x else rate_of(**x))


Figure = Callable[..., Numbers]
_REFUND: Final = ("refund", "absorbed", "recovered_twice", "price_cuts", "rebate")


def refund_ranges(
    middle: Rollback,
    inputs: Mapping[str, Stated],
    *,
    duty_paid: Figure,
    pass_through: Figure,
    rise: Figure,
    volume: Figure,
    months: int,
    currency: str,
) -> CaseRanges:
    """Return who holds a refund and what each policy gives back, over the ranges."""

    def split(part: str, **x: Numbers) -> Numbers:
        held = refund_incidence(
            duty_paid=duty_paid(**x), pass_through_rate=pass_through(**x), interest=x["interest"]
        )
        found: Numbers = getattr(held, part)
        return found

    def rebate(**x: Numbers) -> Array:
        return np.asarray(split("recovered_twice", **x)) * x["rebate_share"]

    def price_cuts(**x: Numbers) -> Array:
        gone = np.maximum(rise(**x), 0.0)
        prices = price_after(
            price=1.0 + gone, earlier_rise=gone, reversal_share=x["reversal_share"],
            speed=x["speed"], months=months,
        )  # fmt: skip
        return np.asarray(volume(**x) * (prices[..., :1] - prices[..., 1:]).sum(axis=-1))

    figures: dict[str, Figure] = {
        part: partial(split, part) for part in ("refund", "absorbed", "recovered_twice")
    }
    figures |= {"price_cuts": price_cuts, "rebate": rebate}
    names = dict(zip(_REFUND, _REFUND_NAMES, strict=True))
    found = {
        key: Question.of(key, names[key], currency, figure, _used(inputs, key)).bounds()
        for key, figure in figures.items()
    }
    words = {key: quantity(bounds.interval, currency) for key, bounds in found.items()}
    more = (
        " Where more than the duty was passed on, the absorbed part is below zero."
        if found["absorbed"].low < 0
        else ""
    )
    paid = " with interest" if inputs["interest"] != 0 else ""
    told = (
        f"Of a refund of {words['refund']}{paid}, {words['absorbed']} makes good duty the seller "
        f"had absorbed and {words['recovered_twice']} was already recovered from buyers.{more} "
        f"Keeping the price returns nothing; cutting it returns {words['price_cuts']} to buyers in "
        f"{months} months, out of the lower cost and not out of the refund; a rebate returns "
        f"{words['rebate']} of the refund itself."
    )
    return CaseRanges(told, found, middle, currency)


_REFUND_NAMES: Final = (
    "refund",
    "part of the refund that makes good absorbed cost",
    "part of the refund recovered twice",
    "what a price cut returns to buyers",
    "what a rebate returns to buyers",
)
_POLICY: Final = ("reversal_share", "speed", "rebate_share", "monthly_volume", "price")


def _used(inputs: Mapping[str, Stated], key: str) -> dict[str, Stated]:
    """Return the inputs that a figure of the refund depends on."""
    policy = {
        "price_cuts": ("reversal_share", "speed", "monthly_volume"),
        "rebate": ("rebate_share",),
    }.get(key, ())
    return {name: value for name, value in inputs.items() if name not in _POLICY or name in policy}
