"""The prices of one product of a case over its ranges, and the chain of sellers up to them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.arguments import Array, Numbers
from tariffimpact.cases.case_numbers import Written, stated, support_of
from tariffimpact.cases.figures import RULE_NAMES, span, unit_cost_of
from tariffimpact.cases.product import CaseProduct
from tariffimpact.cases.question import Question, reach
from tariffimpact.cases.schema import ChainStage
from tariffimpact.interval import Interval
from tariffimpact.pricing import PriceResponse
from tariffimpact.pricing.chain import Chain, Stage, StageRule, chain
from tariffimpact.uncertainty import Bounds, bounds

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_NONE: Final = {
    "dollar": "no price holds the dollar margin",
    "percent": "no price holds the percent margin",
    "profit": "no price holds profit",
    "maximise": "no price is best",
}
NO_PRICE: Final = "no price does"
"""What stands where a rule has no answer anywhere in the ranges."""


@dataclass(frozen=True, slots=True, repr=False)
class PriceAnswer(Answer):
    """What one product of a case would cost under each rule."""

    product: str
    currency: str
    response: PriceResponse | None
    """Every range at its middle; None where cost or demand is unknown, or the seller exports."""
    questions: tuple[Question, ...]
    """One per rule."""
    ranges: Mapping[str, Bounds]
    """How far each rule's price can go, by rule."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Rules without an answer, and what each lacks."""
    at_middle: bool = False
    """Whether the answer is told at the middle of every range."""
    seller_exports: bool = False
    """Whether the duty falls on the seller's own price."""

    @property
    def is_uncertain(self) -> bool:
        """Whether any input is more than one number."""
        return any(question.is_uncertain for question in self.questions)

    def summary(self) -> str:
        """Return the prices in a few sentences: over the ranges, or at the middle if asked so."""
        return " ".join(filter(None, (self._prices(), self._own_price(), self._left_out())))

    @property
    def _over_ranges(self) -> bool:
        return self.is_uncertain and not self.at_middle

    def table_words(self) -> list[tuple[str, str, str, str]]:
        """Return a row of words for each rule: product, rule, price, and what to know of it."""
        return [
            ("" if place else self.product, question.name.removeprefix("price that "), price, note)
            for place, (question, price, note) in enumerate(self._told())
        ]

    def _told(self) -> Iterator[tuple[Question, str, str]]:
        """Yield each rule's price in words, `none` where there is none, and what to know of it."""
        for question, found in zip(self.questions, self.ranges.values(), strict=True):
            price = found.interval if found.has_answer else None
            if not self._over_ranges:
                middle = question.at_base()
                price = None if math.isnan(middle) else Interval.exactly(middle)
            if price is None:
                yield question, "none", NO_PRICE
            else:
                note = _notes(found) if self._over_ranges else ""
                yield question, units.money(price, self.currency, 2), note

    def remark(self) -> str:
        """Return what the prices do not say: the middle taken, the margin, the rules left out."""
        middle = "At the middle of every range." if self.is_uncertain and self.at_middle else ""
        implied = self._implied().strip() if self._over_ranges else ""
        return " ".join(filter(None, (middle, implied, self._own_price(), self._left_out())))

    def _prices(self) -> str:
        middle = "At the middle of every range, " if self.is_uncertain and self.at_middle else ""
        if self.response is not None and not self._over_ranges:
            return f"{middle}{self.product}: {self.response.summary()}"
        implied = self._implied() if self._over_ranges else ""
        prices = [self._clause(*told) for told in self._told()]
        return f"{middle}{self.product}: {'; '.join(prices)}.{implied}"

    def _clause(self, question: Question, price: str, note: str) -> str:
        """Return a rule's price in a clause, how it was found, and where there is none."""
        if price == "none":
            anywhere = " anywhere in the ranges" if self._over_ranges else ""
            return f"{_NONE[question.key]}{anywhere}"
        exact = not self._over_ranges or self.ranges[question.key].is_exact
        searched = "" if exact else " (searched)"
        return f"{question.name} {price}{searched}{f' ({note})' if note else ''}"

    def _own_price(self) -> str:
        if not self.seller_exports:
            return ""
        return (
            "The seller is the exporter and the duty falls on its own price: holding that price "
            "holds its margin, in money and in per cent."
        )

    def _implied(self) -> str:
        """Say which elasticity the margin implies beside the one that was given."""
        if self.response is None:
            return ""
        x = self.questions[-1].inputs
        if "demand_elasticity" not in x.stated:
            return ""
        moving = {name: x.stated[name] for name in _MARGIN if name in x.stated}
        found = bounds(_implied_elasticity, moving, name="elasticity").interval
        given = support_of(x.stated["demand_elasticity"])
        return (
            f" The old price's margin implies an elasticity of {units.ratio(found)}; "
            f"{units.ratio(given)} was given."
        )

    def _left_out(self) -> str:
        """Say which rules have no answer and why, each reason once."""
        by_reason: dict[str, list[str]] = {}
        for rule, reason in self.left_out.items():
            by_reason.setdefault(reason, []).append(RULE_NAMES[rule])
        return " ".join(
            f"Left out: the {units.listed(names)}; {reason}." for reason, names in by_reason.items()
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per rule.

        Columns: `product`, `rule`, `low`, `high` (over the ranges; missing where no price does),
        `method`, `no_answer` (share of the points tried at which no price does), `price` (where
        every input is one number; missing over ranges), `at_middle` (of every range). With cost
        and demand known and every input one number, or the middle asked for, also the columns of
        `PriceResponse.to_frame()`.
        """
        import pandas as pd

        exact = not self.is_uncertain
        rows = [
            {
                "product": self.product,
                "rule": question.key,
                **reach(bounds),
                "price": question.at_base() if exact else math.nan,
                "at_middle": question.at_base(),
            }
            for question, bounds in zip(self.questions, self.ranges.values(), strict=True)
        ]
        frame = pd.DataFrame(rows)
        if self.response is None or not (exact or self.at_middle):
            return frame
        return frame.merge(self.response.to_frame().drop(columns="price"), on="rule", how="left")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the prices: ranges where inputs are ranges, else each rule against the old price."""
        import pandas as pd

        from tariffimpact import charts

        if self.response is not None and not self.is_uncertain:
            return self.response.plot(ax=ax)
        frame = pd.DataFrame(
            {"label": bounds.name, "low": bounds.low, "high": bounds.high}
            for bounds in self.ranges.values()
        )
        return charts.range_bars(
            frame, form="money", currency=self.currency, missing=NO_PRICE, ax=ax
        )

    def explain(self) -> str:
        """Return the inputs, the formulas, and how the ranges were found."""
        lines = [self.questions[-1].inputs.describe()]
        if self.response is not None:
            lines.append(self.response.explain())
        lines += [f"{b.name}: {b.explain()}" for b in self.ranges.values() if self.is_uncertain]
        return "\n".join(lines)


_MARGIN: Final = (
    "old_price", "unit_cost", "cost_share", "customs_value", "customs_share", "metal_grams",
    "metal_price_per_tonne",
)  # fmt: skip
"""Inputs that the margin before the tariff may depend on."""


def _implied_elasticity(**x: Numbers) -> Array:
    price = np.asarray(x["old_price"])
    return np.asarray(price / (price - unit_cost_of(x)))


def _notes(found: Bounds) -> str:
    """Return where in the ranges a rule has no price, its share of the points never none or all."""
    missing = found.undefined / found.tried
    part = units.percent(missing, 0)
    if missing < 0.005:
        part = "less than 1%"
    elif missing > 0.995:
        part = "more than 99%"
    share = f"no price does at {part} of the points tried" if missing else ""
    return "; ".join(filter(None, (found.gap_words(), share)))


def chain_of(
    stages: Sequence[ChainStage],
    product: CaseProduct,
    rule: StageRule | None,
    currency: str,
    source: str,
) -> Chain:
    """Return the chain of a case, all stages under one rule where they have none of their own.

    Raises
    ------
    ModelError
        As `pricing.chain.chain`.
    """
    return chain(
        stages=[_stage(stage, stage.rule or rule or "percent") for stage in stages],
        customs_value=product.customs_value(),
        tariff_change=span(product.duty.change),
        old_tariff=span(product.duty.old_rate),
        dutiable_share=span(product.dutiable_share),
        specific_change=span(product.duty.specific_change),
        old_specific=span(product.duty.old_specific),
        exporter_cut=span(product.exporter_cut),
        shelf_price=span(product.price.old),
        currency=currency,
        source=source,
    )


def _stage(written: ChainStage, rule: StageRule) -> Stage:
    return Stage(
        written.name,
        rule,
        price=_known(written.price),
        markup=_known(written.markup),
        margin=_known(written.margin),
        absorbed=span(stated(written.absorbed)),
        own_cost=span(stated(written.own_cost)),
        demand_elasticity=_known(written.demand_elasticity),
        demand=written.demand,
    )


def _known(value: Written | None) -> Interval | None:
    return None if value is None else span(stated(value))
