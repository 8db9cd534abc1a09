"""A case: what a company did under a tariff, every number a range where it is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, get_args

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.cases.earnings import EarnedBridge
from tariffimpact.cases.figures import span
from tariffimpact.cases.path_answer import TimedPrice
from tariffimpact.cases.price_answer import PriceAnswer, chain_of
from tariffimpact.cases.product import FILE_WORDS, CaseDuty, CaseProduct
from tariffimpact.cases.question import CaseRanges, Question, reach
from tariffimpact.cases.refund_answers import RecoveredExposure, RefundedDuty
from tariffimpact.cases.schema import CaseFile
from tariffimpact.cases.sourcing_answer import OfferedOrigins
from tariffimpact.decisions.bridge import Bridge
from tariffimpact.decisions.recovery import Recovery
from tariffimpact.decisions.refund import Rollback
from tariffimpact.decisions.sourcing import Resourcing
from tariffimpact.decisions.timing import PricePath
from tariffimpact.errors import ModelError, require
from tariffimpact.facts import Exposure, Source
from tariffimpact.pricing import RULES
from tariffimpact.pricing.chain import Chain, StageRule
from tariffimpact.uncertainty.inputs import Inputs, Stated

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True, repr=False)
class Case(Answer):
    """A case read, checked, and with everything it refers to found."""

    name: str
    file: CaseFile
    """As it is written."""
    resolved: CaseFile
    """With its references replaced by what they refer to."""
    duty: CaseDuty
    """The duty before and after."""
    rates: tuple[float, ...]
    """Rate by month from the start of `[timing]`, where the schedule is asked."""
    offer_rates: Mapping[str, Stated]
    """Rate by origin of the offers of `[sourcing]`."""
    products: tuple[CaseProduct, ...]
    exposures: Mapping[str, Exposure]
    """The rows it names, by the key that names them: `recovery.exposure` …"""
    earned: Mapping[str, Stated]
    """The numbers of `[earnings]` by name; see `decisions.bridge`."""
    sources: tuple[Source, ...]
    warnings: tuple[str, ...] = ()
    """What the schedule cannot know of the days asked for."""

    @property
    def title(self) -> str:
        """The case's headline."""
        return self.file.title

    @property
    def currency(self) -> str:
        """ISO 4217 code of all its money."""
        return self.file.currency

    @property
    def credit(self) -> str:
        """The publishers its numbers come from, as a credit line."""
        return ", ".join(dict.fromkeys(source.publisher for source in self.sources))

    def product(self, name: str | None = None) -> CaseProduct:
        """Return a product by its name, without regard to case; the first if none is given.

        Raises
        ------
        ModelError
            If the case has no such product; the text lists those it has.
        """
        require(self.products, f"{self.name} has no product; add [[products]]")
        if name is None:
            return self.products[0]
        for item in self.products:
            if item.name.casefold() == name.casefold():
                return item
        known = ", ".join(item.name for item in self.products)
        raise ModelError(f"{self.name} has no product {name!r}; its products are {known}")

    def question(self, key: str, product: str | None = None) -> Question:
        """Return one question, by its key.

        Raises
        ------
        ModelError
            If the case does not give enough to ask it; the text lists what can be asked.
        """
        found = self.asked(key, product)
        if found is not None:
            return found
        if key in RULES and self.products:
            raise ModelError(self.product(product).refusal(key))
        known = ", ".join(question.key for question in self._questions(product))
        raise ModelError(f"{self.name} does not answer {key!r}; it answers {known}")

    def asked(self, key: str, product: str | None = None) -> Question | None:
        """Return one question, by its key; None where the case does not give enough to ask it."""
        return next((found for found in self._questions(product) if found.key == key), None)

    def prices(
        self,
        product: str | None = None,
        *,
        rules: Sequence[str] | None = None,
        at_middle: bool = False,
        words: Mapping[str, str] = FILE_WORDS,
    ) -> PriceAnswer:
        """Return the price of a product under each rule, over the ranges.

        Parameters
        ----------
        product
            Its name; the first if none is given.
        rules
            Some of `pricing.RULES`; all the product gives enough for if none are given.
        at_middle
            Whether to say the prices at the middle of every range, and not over the ranges.
        words
            How to say what a rule lacks; see `CaseProduct.refusal`.

        Raises
        ------
        ModelError
            If a rule asked for by name has no answer here.
        """
        item = self.product(product)
        wanted = tuple(rules) if rules else item.rules
        lacking = next(filter(None, (item.refusal(rule, words) for rule in rules or ())), "")
        require(not lacking, lacking)
        questions = [self.question(rule, item.name) for rule in wanted]
        response = None
        if not item.lack("profit") and self.duty.reading == "customs_value":
            asked = None if rules is None else wanted
            response = item.price_response(rules=asked, currency=self.currency)
        return PriceAnswer(
            product=item.name,
            currency=self.currency,
            response=response,
            questions=tuple(questions),
            ranges={question.key: question.bounds() for question in questions},
            left_out={rule: item.refusal(rule, words) for rule in RULES if item.lack(rule)}
            if rules is None
            else {},
            at_middle=at_middle,
            seller_exports=self.duty.reading == "border_price",
        )

    def recovery(self) -> Recovery:
        """Return how much of the exposure the price rise brings back.

        Raises
        ------
        ModelError
            If the case has no `[recovery]`, or its exposure is in another currency.
        """
        return self._recovered().middle()

    def rollback(self, product: str | None = None) -> Rollback:
        """Return who holds the refund of the duty, every range at its middle.

        Raises
        ------
        ModelError
            If the case has no `[rollback]`, or the product no new price.
        """
        return self._refunded(product).middle()

    def rollback_ranges(self, product: str | None = None) -> CaseRanges:
        """Return who holds the refund of the duty and what policies give back, over the ranges.

        Raises
        ------
        ModelError
            As `rollback`.
        """
        return self._refunded(product).ranges()

    def path(self, product: str | None = None) -> PricePath:
        """Return cost, price and margin by month, every range at its middle.

        Raises
        ------
        ModelError
            If the case has no `[timing]`, or the product no cost.
        """
        return self._timed(product).middle()

    def path_ranges(self, product: str | None = None) -> CaseRanges:
        """Return the price by month and the lowest margin, over the ranges.

        Raises
        ------
        ModelError
            As `path`.
        """
        return self._timed(product).ranges()

    def sourcing(self) -> Resourcing:
        """Return landed cost by origin and the break-even of a switch, every range at its middle.

        Raises
        ------
        ModelError
            If the case has no `[sourcing]`.
        """
        return self._offered().middle()

    def sourcing_ranges(self) -> CaseRanges:
        """Return landed cost by origin, the saving of a switch and its break-even, over the ranges.

        Raises
        ------
        ModelError
            As `sourcing`.
        """
        return self._offered().ranges()

    def earnings(self) -> Bridge:
        """Return what the tariff costs the company, from the duty to earnings per share.

        Raises
        ------
        ModelError
            If the case has no `[earnings]`, or its cost cannot be told.
        """
        return self._earned().middle()

    def chains(self, product: str | None = None) -> tuple[Chain, ...]:
        """Return what the duty does from stage to stage, up to the shelf price of a product.

        One chain under the stages' own rules; where they have none, two: every stage holding its
        margin in money, and every one in per cent.

        Raises
        ------
        ModelError
            If the case has no `[[chain]]`, or its stages do not connect.
        """
        stages = self.resolved.chain
        require(
            stages,
            f"{self.name} has no [[chain]]; add one for each seller, with name and price, markup "
            "or margin",
        )
        rules: tuple[StageRule | None, ...] = (None,)
        if stages[0].rule is None:
            rules = ("dollar", "percent")
        return tuple(
            chain_of(stages, self.product(product), rule, self.currency, self.credit)
            for rule in rules
        )

    def answers(self) -> pd.DataFrame:
        """Return every answer of the case, one row per product and question.

        Columns: `product` (blank for the case as a whole), `question`, `name`, `unit`, `base` (at
        the middle of every range; missing for a pass-through set, of which no point is better
        than another), `low`, `high` (missing where no bound is possible), `method` (`vertices` and
        `analytic`: exact, at corners or by formula; `search`), `no_answer` (share of the points
        tried at which no price does).
        """
        import pandas as pd

        rows = [
            _row(item.name, question)
            for item in self.products
            for question in item.questions(self.currency)
        ]
        own = [question for question in self._own_questions() if not question.steps]
        rows += [_row("", question) for question in own]
        return pd.DataFrame(rows)

    def summary(self) -> str:
        """Return what the case asks, and what each product's price change says."""
        lines = [f"{self.title}. {self.file.question}"]
        if self.file.tariff is not None:
            lines.append(f"Tariff change: {self._tariff_words()}.")
        for item in self.products:
            if item.has_rate:
                lines.append(f"{item.name}: {item.pass_through(self.currency).summary()}")
            elif item.has_rise:
                lines.append(f"{item.name}: no pass-through to tell, for the duty may not change.")
        return "\n".join([*lines, *(f"Warning: {warning}" for warning in self.warnings)])

    def inputs(self) -> dict[str, dict[str, Stated]]:
        """Return every input of every answer by name, under its product, or under the blank."""
        found = {item.name: item.all_inputs() for item in self.products}
        known = {name for inputs in found.values() for name in inputs}
        own = {
            name: value
            for question in self._own_questions()
            for name, value in question.inputs.stated.items()
            if name not in known
        }
        return found | ({"": own} if own else {})

    def to_frame(self) -> pd.DataFrame:
        """Return `answers()`."""
        return self.answers()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the first answer the case has: prices, recovery, path, sourcing or earnings.

        Raises
        ------
        ModelError
            If it has none of them.
        """
        drawn: tuple[tuple[bool, Callable[[], Answer]], ...] = (
            (bool(self.products and self.products[0].rules), self.prices),
            (self.file.recovery is not None, self.recovery),
            (self.file.sourcing is not None, self.sourcing),
            (self.file.earnings is not None, self.earnings),
        )
        for has, answer in drawn:
            if has:
                return answer().plot(ax=ax)
        raise ModelError(f"{self.name} has nothing to draw; add a cost or a demand to a product")

    def explain(self) -> str:
        """Return inputs, reasons and sources."""
        lines = [self.summary()]
        for name, stated in self.inputs().items():
            lines += [f"{name or 'The case'}:", Inputs(stated).describe()]
        lines += [f"Judgement: {reason}" for reason in self._reasons()]
        lines += [
            f"Source: {source.publisher}, {source.title}, {source.published_on}: {source.address}"
            for source in self.sources
        ]
        return "\n".join(lines)

    def _tariff_words(self) -> str:
        change, per_unit = span(self.duty.change), span(self.duty.specific_change)
        words = [f"{units.points(change)} of customs value"] if change.magnitude.high > 0 else []
        if per_unit.magnitude.high > 0:
            words.append(f"{units.money(per_unit, self.currency, 2)} a unit")
        return units.listed(words) or "none"

    def _reasons(self) -> list[str]:
        file = self.file
        first: list[Any] = [file, file.tariff, file.demand]
        last: list[Any] = [
            file.recovery, file.rollback, file.timing, file.sourcing, file.earnings
        ]  # fmt: skip
        parts = (*first, *file.products, *last)
        return [part.reason for part in parts if part and part.reason]

    def _table(self, name: str) -> Any:
        """Return one of the tables a case need not have."""
        table = getattr(self.resolved, name)
        kind = get_args(CaseFile.model_fields[name].annotation)[0]
        keys = ", ".join(kind.model_fields)
        require(
            table is not None, f"{self.name} has no [{name}] table; add it: its keys are {keys}"
        )
        return table

    def first_questions(self) -> list[Question]:
        """Return the questions about the first product and about the case, paths left out."""
        return [question for question in self._questions() if not question.steps]

    def _questions(self, product: str | None = None) -> list[Question]:
        """Return every question about a product (the first by default) and about the case."""
        items = [self.product(product)] if product or self.products else []
        asked = [question for item in items for question in item.questions(self.currency)]
        return asked + self._own_questions(product)

    def _own_questions(self, product: str | None = None) -> list[Question]:
        """Return the questions about the case as a whole, or a refund on one product."""
        tables, asked = self.resolved, list[Question]()
        if tables.recovery is not None:
            asked += self._recovered().questions()
        if tables.rollback is not None:
            asked += self._refunded(product).questions()
        if tables.timing is not None and not self.product(product).refusal("percent"):
            asked += self._timed(product).questions()
        if tables.sourcing is not None:
            asked += self._offered().questions()
        if tables.earnings is not None:
            asked += self._earned().questions()
        return asked

    def _recovered(self) -> RecoveredExposure:
        row = self.exposures.get("recovery.exposure")
        return RecoveredExposure(self._table("recovery"), row, self.currency, self.credit)

    def _refunded(self, product: str | None) -> RefundedDuty:
        table, item = self._table("rollback"), self.product(product)
        return RefundedDuty(table, item, self.currency, self.credit)

    def _timed(self, product: str | None) -> TimedPrice:
        table, item = self._table("timing"), self.product(product)
        return TimedPrice(table, item, self.rates, self.currency, self.credit)

    def _offered(self) -> OfferedOrigins:
        table, tariff = self._table("sourcing"), self.file.tariff
        on: date | None = table.on or (None if tariff is None else tariff.on)
        return OfferedOrigins(table, self.offer_rates, on, self.currency, self.credit)

    def _earned(self) -> EarnedBridge:
        gross, net = (self.exposures.get(f"earnings.{name}_exposure") for name in ("gross", "net"))
        table = self._table("earnings")
        return EarnedBridge(table, self.earned, gross, net, self.currency, self.credit)


def _row(product: str, question: Question) -> dict[str, object]:
    """Return one answer; a set with an open input has no bound."""
    is_set = question.key == "pass-through" and question.is_uncertain
    return {
        "product": product,
        "question": question.key,
        "name": question.name,
        "unit": question.unit,
        "base": float("nan") if is_set else question.at_base(),
        **reach(question.bounds()),
    }
