"""A rate and its parts: what an importer was charged, and on whose authority."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.codes import country_name, hts_label
from tariffimpact.facts import DutyBase, DutyKind, Product, Source, Status
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class TariffComponent:
    """One part of a rate: what it adds, on which base, on whose authority."""

    authority: str
    name: str
    kind: DutyKind
    base: DutyBase
    amount: Interval | None
    """Fraction of the customs value; None where the duty is per unit only."""
    specific_usd: Interval | None
    """US dollars per `specific_unit`; None where the duty is ad valorem only."""
    specific_unit: str
    status: Status
    counted: bool
    """Whether the day's rate holds it: threatened and announced duties never count."""
    source: Source
    locator: str
    quote: str
    notes: str

    def amount_words(self) -> str:
        """Return what it adds: a percentage, or dollars per unit."""
        return _per_unit(self) if self.amount is None else units.percent(self.amount)

    def standing_words(self) -> str:
        """Return whether it is in force, void or only announced, and what it is charged on."""
        standing = self.status.value.replace("_", " ") + ("" if self.counted else ", not counted")
        return f"{standing}; {self.base.value} value"


LEFT_OUT: Final = (
    "Not in this rate: anti-dumping and countervailing duties, which go by maker and case, and the "
    "merchandise processing and harbour fees."
)


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A fact that decides the rate and is not known, with the rate under each answer."""

    claim: str
    question: str
    how: str
    """How the command line is told the answer."""
    if_not: Interval
    if_so: Interval

    def sentence(self) -> str:
        """Return the question and what it would change."""
        no, yes = units.percent(self.if_not), units.percent(self.if_so)
        if self.if_not == self.if_so:
            return f"{self.question} A total with the general rate hangs on it ({self.how})."
        if self.claim == "metal content":
            return f"{self.question} {no} at none, {yes} at all of it ({self.how})."
        return f"{self.question} {no} if not, {yes} if so ({self.how})."


@dataclass(frozen=True, slots=True, repr=False)
class TariffRate(Answer):
    """The duty on a product from an origin on a day, with its parts."""

    product: Product
    origin: str
    on: date
    rate: Interval
    """Ad valorem part, fraction of the customs value; an interval where the rows cannot decide."""
    components: tuple[TariffComponent, ...]
    warnings: tuple[str, ...] = ()
    """What stands between this answer and the law of the day."""
    open_questions: tuple[OpenQuestion, ...] = ()
    """What would narrow the rate, where it was asked."""

    @property
    def specific_usd(self) -> Interval:
        """The counted duties per unit, US dollars, whatever their units."""
        usd = [part.specific_usd for part in self.specific if part.specific_usd is not None]
        return sum(usd, start=Interval.exactly(0.0))

    @property
    def counted(self) -> tuple[TariffComponent, ...]:
        """The components the rate is made of."""
        return tuple(part for part in self.components if part.counted)

    @property
    def specific(self) -> tuple[TariffComponent, ...]:
        """The counted duties per physical unit, which no ad valorem rate can hold."""
        return tuple(part for part in self.counted if part.specific_usd is not None)

    @property
    def refundable(self) -> Interval:
        """The part of the rate that was collected without legal ground, fraction."""
        void = [p.amount for p in self.counted if p.status is Status.VOID and p.amount is not None]
        total = sum(void, start=Interval.exactly(0.0))
        return Interval(round(total.low, 12), round(total.high, 12))

    def summary(self) -> str:
        """Return the rate in a sentence."""
        per_unit = "".join(f", plus {_per_unit(part)}" for part in self.specific)
        name, code = self.product.name, hts_label(self.product.hts)
        goods = name if code in name else f"{name} ({code})"
        return (
            f"{goods} from {country_name(self.origin)} on {self.on}: {units.percent(self.rate)} of "
            f"customs value{per_unit}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per component, amounts as fractions of the customs value."""
        import pandas as pd

        return pd.DataFrame(
            {
                "authority": part.authority,
                "name": part.name,
                "kind": part.kind.value,
                "base": part.base.value,
                "low": None if part.amount is None else part.amount.low,
                "high": None if part.amount is None else part.amount.high,
                "status": part.status.value,
                "counted": part.counted,
                "source_id": part.source.source_id,
            }
            for part in self.components
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the amount of each counted component as a range."""
        from tariffimpact import charts

        frame = self.to_frame().query("counted").rename(columns={"authority": "label"})
        source = ", ".join(dict.fromkeys(part.source.publisher for part in self.counted))
        return charts.range_bars(frame, form="percent", source=source, ax=ax)

    def explain(self) -> str:
        """Return each component with its amount, its standing and its source, one a line."""
        return "\n".join([self.summary(), *map(_line, self.components), *self.remarks()])

    def remarks(self) -> list[str]:
        """Return what is open, noted, warned of and left out, one a line."""
        open_ = [f"Open: {question.sentence()}" for question in self.open_questions]
        notes = dict.fromkeys(part.notes for part in self.counted if part.notes)
        return [*open_, *(f"Note: {note}" for note in notes),
                *(f"Warning: {warning}" for warning in self.warnings), LEFT_OUT]  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """Return the rate and its components as the command line prints them."""
        return {
            "product": self.product.hts,
            "origin": self.origin,
            "on": self.on,
            "rate": self.rate,
            "refundable": self.refundable,
            "specific": [
                {"usd": part.specific_usd, "unit": part.specific_unit} for part in self.specific
            ],
            "components": [_part_as_json(part) for part in self.components],
            "open_questions": [
                {
                    "claim": q.claim,
                    "question": q.question,
                    "how": q.how,
                    "if_not": q.if_not,
                    "if_so": q.if_so,
                }
                for q in self.open_questions
            ],
            "warnings": [*self.warnings, LEFT_OUT],
        }


def _per_unit(part: TariffComponent) -> str:
    assert part.specific_usd is not None
    return f"${part.specific_usd} per {part.specific_unit}"


def _line(part: TariffComponent) -> str:
    return (
        f"  {part.amount_words():>14}  {part.authority}: {part.name} [{part.standing_words()}]\n"
        f"{'':>16}  {part.source.publisher}, {part.locator}: {part.source.address}"
    )


def _part_as_json(part: TariffComponent) -> dict[str, Any]:
    return {
        "authority": part.authority,
        "name": part.name,
        "kind": part.kind,
        "base": part.base,
        "amount": part.amount,
        "specific": (
            None
            if part.specific_usd is None
            else {"usd": part.specific_usd, "unit": part.specific_unit}
        ),
        "status": part.status,
        "counted": part.counted,
        "notes": part.notes,
        "source": {
            "source_id": part.source.source_id,
            "publisher": part.source.publisher,
            "title": part.source.title,
            "url": part.source.address,
            "locator": part.locator,
            "quote": part.quote,
        },
    }
