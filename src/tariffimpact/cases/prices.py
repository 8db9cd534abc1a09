"""The prices of one product of a case: at the middle of every range, and over the ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.cases.question import Question
from tariffimpact.pricing import PriceResponse
from tariffimpact.uncertainty import Bounds

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

RULE_NAMES: Final = {
    "dollar": "price that holds the dollar margin",
    "percent": "price that holds the percent margin",
    "profit": "price that holds profit",
    "maximise": "price that maximises profit",
}
"""What each pricing rule asks for, as the figure it is."""
NO_PRICE: Final = "no price does"
"""What stands where a rule has no answer anywhere in the ranges."""


@dataclass(frozen=True, slots=True, repr=False)
class PriceAnswer(Answer):
    """What one product of a case would cost under each rule."""

    product: str
    currency: str
    response: PriceResponse | None
    """Every range at its middle; None where cost or demand is unknown."""
    questions: tuple[Question, ...]
    """One per rule."""
    ranges: Mapping[str, Bounds]
    """How far each rule's price can go, by rule."""

    @property
    def is_uncertain(self) -> bool:
        """Whether any input is more than one number."""
        return any(question.is_uncertain for question in self.questions)

    def summary(self) -> str:
        """Return the prices in a few sentences: at the middle, then over the ranges."""
        if self.response is not None:
            text = f"{self.product}: {self.response.summary()}"
        else:
            prices = [f"{q.name} {self._money(q.at_base())}" for q in self.questions]
            text = f"{self.product}: {'; '.join(prices)}."
        if not self.is_uncertain:
            return text
        spans = [f"{bounds.name} {self._span(bounds)}" for bounds in self.ranges.values()]
        return f"{text} That is at the middle of every range; over the ranges: {'; '.join(spans)}."

    def to_frame(self) -> pd.DataFrame:
        """Return one row per rule.

        Columns: `product`, `rule`, `price` (at the middle of every range; missing where no price
        does), `low`, `high` (over the ranges), `method`, `no_answer` (share of the points tried at
        which no price does); with cost and demand known, also the columns of
        `PriceResponse.to_frame()`.
        """
        import pandas as pd

        rows = [
            {
                "product": self.product,
                "rule": question.key,
                "price": question.at_base(),
                "low": bounds.low,
                "high": bounds.high,
                "method": bounds.method,
                "no_answer": bounds.undefined / bounds.tried,
            }
            for question, bounds in zip(self.questions, self.ranges.values(), strict=True)
        ]
        frame = pd.DataFrame(rows)
        if self.response is None:
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

    def _money(self, amount: float) -> str:
        return units.money(amount, self.currency, 2)

    def _span(self, bounds: Bounds) -> str:
        if not bounds.has_answer:
            return "nowhere"
        missing = bounds.undefined / bounds.tried
        share = f"no price does in {units.percent(missing, 0)} of them" if missing else ""
        notes = "; ".join(filter(None, (bounds.gap_words(), share)))
        found = "" if bounds.is_exact else " (searched)"
        note = f" ({notes})" if notes else ""
        return f"{units.money(bounds.interval, self.currency, 2)}{found}{note}"
