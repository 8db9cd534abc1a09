"""Refund, path and origins of a case over the ranges of its inputs, in words and as frames.

Each stands beside the answer at the middle of every range, which draws the chart and explains the
method; where every input is one number, the two say the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.arguments import Array, Numbers
from tariffimpact.cases.question import Question
from tariffimpact.codes import country_name
from tariffimpact.decisions.refund import Rollback, price_after, refund_incidence
from tariffimpact.decisions.sourcing import Resourcing
from tariffimpact.decisions.timing import PricePath
from tariffimpact.uncertainty import Bounds
from tariffimpact.uncertainty.inputs import Stated
from tariffimpact.uncertainty.phrasing import quantity

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Figure = Callable[..., Numbers]
_REFUND: Final = ("refund", "absorbed", "recovered_twice", "price_cuts", "rebate")


@dataclass(frozen=True, slots=True, repr=False)
class CaseRanges(Answer):
    """What a case answers over its ranges, beside what it answers at the middle of them."""

    told: str
    ranges: Mapping[str, Bounds]
    middle: Answer
    unit: str
    """A currency code."""

    @property
    def is_uncertain(self) -> bool:
        """Whether any input is more than one number."""
        return any(bounds.low != bounds.high for bounds in self.ranges.values())

    def summary(self) -> str:
        """Return the answer over the ranges; the plain one where every input is one number."""
        return self.told if self.is_uncertain else self.middle.summary()

    def to_frame(self) -> pd.DataFrame:
        """Return one row per figure: `figure`, `name`, `low`, `high`, `method`, `no_answer`."""
        import pandas as pd

        return pd.DataFrame(
            {
                "figure": key,
                "name": bounds.name,
                "low": bounds.low,
                "high": bounds.high,
                "method": bounds.method,
                "no_answer": bounds.undefined / bounds.tried,
            }
            for key, bounds in self.ranges.items()
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the range of each figure in money."""
        import pandas as pd

        from tariffimpact import charts

        shown = [b for b in self.ranges.values() if b.has_answer and b.unit == self.unit]
        if not self.is_uncertain or not shown:
            return self.middle.plot(ax=ax)
        frame = pd.DataFrame(
            {"label": b.name[:1].upper() + b.name[1:], "low": b.low, "high": b.high} for b in shown
        )
        return charts.range_bars(frame, form="money", currency=self.unit, ax=ax)

    def explain(self) -> str:
        """Return how each range was found, and the method at the middle of every range."""
        found = [f"{b.name}: {b.explain()}" for b in self.ranges.values() if b.low != b.high]
        return "\n".join([*found, f"At the middle of every range: {self.middle.explain()}"])


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


def sourcing_ranges(
    middle: Resourcing, landed: Mapping[str, Question], saving: Question, months: Question
) -> CaseRanges:
    """Return landed cost by origin, the saving of a switch and its break-even, over the ranges."""
    found = {f"landed_{origin}": question.bounds() for origin, question in landed.items()}
    saved, even = saving.bounds(), months.bounds()
    costs = [
        f"{quantity(found[f'landed_{origin}'].interval, middle.currency)} from "
        f"{country_name(origin)}"
        for origin in landed
    ]
    per_unit = quantity(saved.interval, middle.currency)
    if not even.has_answer:
        paid = "it never pays"
    else:
        paid = f"it has paid after {quantity(even.interval, 'months')}"
        if even.undefined:
            paid += f" (at {units.percent(even.undefined / even.tried, 0)} of the points never)"
    day = "" if middle.on is None else f" on {units.day(middle.on)}"
    told = (
        f"A unit lands at {units.listed(costs)}{day}. {saving.name[:1].upper()}{saving.name[1:]} "
        f"is {per_unit}, and {paid}."
    )
    return CaseRanges(told, found | {"saving": saved, "break_even": even}, middle, middle.currency)
