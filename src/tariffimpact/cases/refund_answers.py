"""What a case gets back: of its exposure by a price rise, and of a duty that is refunded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from tariffimpact.arguments import Array, Numbers
from tariffimpact.cases.case_numbers import numbers_of
from tariffimpact.cases.decision_tables import Recovery as RecoveryTable
from tariffimpact.cases.decision_tables import Rollback as RollbackTable
from tariffimpact.cases.figures import At, duty_rise, new_price_of, rate_of, span
from tariffimpact.cases.product import CaseProduct
from tariffimpact.cases.question import CaseRanges, Question
from tariffimpact.decisions.recovery import Recovery, recovery, recovery_rate
from tariffimpact.decisions.refund import Rollback, refund_incidence, rollback
from tariffimpact.decisions.timing import price_after
from tariffimpact.errors import require
from tariffimpact.facts import Exposure
from tariffimpact.uncertainty import Inputs
from tariffimpact.uncertainty.inputs import Stated
from tariffimpact.uncertainty.phrasing import quantity


@dataclass(frozen=True, slots=True)
class RecoveredExposure:
    """An exposure, and the price rise of a `[recovery]` table that brings part of it back."""

    table: RecoveryTable
    exposure: Exposure | None
    """The row that the table names."""
    currency: str
    source: str

    def inputs(self) -> dict[str, Stated]:
        """Return what the share recovered depends on."""
        given = numbers_of(
            self.table, "price_rise", "annual_volume", "market_share", "retailer_share", "months",
            "volume_ratio",
        )  # fmt: skip
        rate = numbers_of(self.table, "exchange_rate") or {"exchange_rate": 1.0}
        return given | rate | {"exposure": self._amount()[0]}

    def middle(self) -> Recovery:
        """Return how much of the exposure comes back, over the ranges."""
        table, x = self.table, {name: span(value) for name, value in self.inputs().items()}
        return recovery(
            price_rise=x["price_rise"],
            annual_volume=x["annual_volume"] * x["market_share"],
            months=x["months"],
            exposure=x["exposure"],
            basis=table.basis if self.exposure is None else self.exposure.basis.value,
            retailer_share=x["retailer_share"],
            volume_ratio=x["volume_ratio"],
            same_scope=table.same_scope,
            same_window=table.same_window,
            currency=self.currency,
            exposure_currency=self._amount()[1],
            exchange_rate=None if table.exchange_rate is None else x["exchange_rate"],
            exchange_rate_on=table.exchange_rate_on,
            source=self.source,
        )

    def questions(self) -> Iterator[Question]:
        """Return the share of the exposure recovered, as a function of its inputs."""
        name = "share of the exposure recovered"
        yield Question.of("recovery", name, "fraction", _recovered, self.inputs())

    def _amount(self) -> tuple[Stated, str]:
        """Return the exposure and its currency, in the case's own where the source converts it."""
        row = self.exposure
        if row is None:
            return numbers_of(self.table, "amount")["amount"], self.currency
        if row.currency != self.currency == "USD" and row.amount_usd is not None:
            return row.amount_usd, "USD"
        return row.amount, row.currency


def _recovered(*, annual_volume: Numbers, market_share: Numbers, **inputs: Numbers) -> Numbers:
    return recovery_rate(annual_volume=annual_volume * market_share, **inputs)


@dataclass(frozen=True, slots=True)
class RefundedDuty:
    """A duty that a `[rollback]` table refunds: on a product, or on a price that is told alone."""

    table: RollbackTable
    product: CaseProduct | None
    currency: str
    source: str = ""
    price: Stated = 0.0
    """Without a product: the price under the duty."""
    earlier_rise: Stated = 0.0
    """Without a product: by how much the duty had raised it."""

    def inputs(self) -> dict[str, Stated]:
        """Return what the refund depends on: the duty per unit, the units, the pass-through."""
        table = self.table
        if self.product is None:
            return numbers_of(table, "duty_paid", "pass_through_rate", "interest")
        units = ("annual_volume", "market_share", "months_paid") if table.duty_paid is None else ()
        said = numbers_of(table, "interest", *units, "duty_paid", "pass_through_rate")
        alone = "duty_paid" in said and "pass_through_rate" in said
        return said if alone else self.product.rise_inputs() | said

    def middle(self) -> Rollback:
        """Return who holds the refund, every range at its middle."""
        at = Inputs(self._all_inputs()).central()
        return rollback(
            duty_paid=float(_duty_paid(at)),
            pass_through_rate=float(_rate(at)),
            price=float(at["price"] if self.product is None else new_price_of(at)),
            earlier_rise=max(0.0, float(_rise(at))),
            monthly_volume=float(_volume(at)),
            months=self.table.months,
            interest=at["interest"],
            reversal_share=at["reversal_share"],
            speed=at["speed"],
            rebate_share=at["rebate_share"],
            currency=self.currency,
            source=self.source,
        )

    def questions(self) -> Iterator[Question]:
        """Return the refund and its parts, as functions of their inputs."""
        inputs = self.inputs()
        for part in _PARTS:
            key, model = part.replace("_", "-"), partial(_part, part)
            yield Question.of(key, _NAMES[part], self.currency, model, inputs)

    def ranges(self) -> CaseRanges:
        """Return who holds the refund and what each policy gives back, over the ranges."""
        inputs, months = self._all_inputs(), self.table.months
        figures: dict[str, Callable[..., Numbers]] = {
            **{part: partial(_part, part) for part in _PARTS},
            "price_cuts": partial(_price_cuts, months),
            "rebate": _rebate,
        }
        found = {
            key: Question.of(key, _NAMES[key], self.currency, figure, _used(inputs, key)).bounds()
            for key, figure in figures.items()
        }
        words = {key: quantity(bounds.interval, self.currency) for key, bounds in found.items()}
        more = (
            " Where more than the duty was passed on, the absorbed part is below zero."
            if found["absorbed"].low < 0
            else ""
        )
        paid = " with interest" if inputs["interest"] != 0 else ""
        told = (
            f"Of a refund of {words['refund']}{paid}, {words['absorbed']} makes good duty the "
            f"seller had absorbed and {words['recovered_twice']} was already recovered from "
            f"buyers.{more} Keeping the price returns nothing; cutting it returns "
            f"{words['price_cuts']} to buyers in {months} months, out of the lower cost and not "
            f"out of the refund; a rebate returns {words['rebate']} of the refund itself."
        )
        return CaseRanges(told, found, self.middle(), self.currency)

    def _all_inputs(self) -> dict[str, Stated]:
        """Return what the refund and the policies depend on."""
        policy = numbers_of(self.table, "reversal_share", "speed", "rebate_share", "monthly_volume")
        if self.product is None:
            told = {"price": self.price, "earlier_rise": self.earlier_rise}
            return self.inputs() | policy | told
        sold = {}
        if self.table.monthly_volume is None:
            sold = numbers_of(self.table, "annual_volume", "market_share")
        return self.product.rise_inputs() | self.inputs() | policy | sold


_PARTS: Final = ("refund", "absorbed", "recovered_twice")
_NAMES: Final = {
    "refund": "refund",
    "absorbed": "part of the refund that makes good absorbed cost",
    "recovered_twice": "part of the refund recovered twice",
    "price_cuts": "what a price cut returns to buyers",
    "rebate": "what a rebate returns to buyers",
}
"""Figures of a refund, its parts first."""
_POLICY: Final = {
    "price_cuts": ("reversal_share", "speed", "monthly_volume"),
    "rebate": ("rebate_share",),
    "": ("price",),
}
"""Inputs of a policy, by the figure that depends on them."""


def _used(inputs: dict[str, Stated], key: str) -> dict[str, Stated]:
    """Return the inputs that a figure of the refund depends on."""
    others = {name for figure, names in _POLICY.items() if figure != key for name in names}
    return {name: value for name, value in inputs.items() if name not in others}


def _part(part: str, **x: Numbers) -> Numbers:
    """Return the refund, or what of it makes good absorbed cost or was recovered already."""
    split = refund_incidence(
        duty_paid=_duty_paid(x), pass_through_rate=_rate(x), interest=x["interest"]
    )
    found: Numbers = getattr(split, part)
    return found


def _rebate(**x: Numbers) -> Array:
    return np.asarray(_part("recovered_twice", **x)) * x["rebate_share"]


def _price_cuts(months: int, **x: Numbers) -> Array:
    gone = np.maximum(_rise(x), 0.0)
    prices = price_after(
        price=1.0 + gone, earlier_rise=gone, reversal_share=x["reversal_share"],
        speed=x["speed"], months=months,
    )  # fmt: skip
    return np.asarray(_volume(x) * (prices[..., :1] - prices[..., 1:]).sum(axis=-1))


def _duty_paid(x: At) -> Array:
    if "duty_paid" in x:
        return np.asarray(x["duty_paid"])
    duty = duty_rise(x)
    require((duty >= 0).all(), "the tariff fell, so no duty was paid more; nothing is refunded")
    sold = x["annual_volume"] * np.asarray(x["market_share"]) * x["months_paid"] / 12
    return np.asarray(duty * sold)


def _rate(x: At) -> Array:
    return np.asarray(x["pass_through_rate"] if "pass_through_rate" in x else rate_of(**x))


def _rise(x: At) -> Array:
    return np.asarray(
        x["earlier_rise"] if "earlier_rise" in x else new_price_of(x) - x["old_price"]
    )


def _volume(x: At) -> Array:
    """Return the units a month from now on."""
    if "monthly_volume" in x:
        return np.asarray(x["monthly_volume"])
    return np.asarray(x["annual_volume"] * x["market_share"] / 12)
