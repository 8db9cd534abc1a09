"""A case's origins side by side: landed cost from each, and when a switch has paid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from tariffimpact import units
from tariffimpact.arguments import Numbers
from tariffimpact.cases.case_numbers import numbers_of
from tariffimpact.cases.decision_tables import Sourcing
from tariffimpact.cases.figures import At
from tariffimpact.cases.question import CaseRanges, Question
from tariffimpact.codes import country_name
from tariffimpact.decisions.sourcing import (
    Offer,
    Resourcing,
    expected_break_even_months,
    expected_saving,
    resourcing,
)
from tariffimpact.pricing.cost import duty_per_unit
from tariffimpact.uncertainty import Inputs
from tariffimpact.uncertainty.inputs import Stated
from tariffimpact.uncertainty.phrasing import quantity

_TERMS: Final = ("customs_value", "freight", "fees", "dutiable_share")
_SWITCH: Final = (
    "switching_cost", "monthly_volume", "hazard", "lasting_probability", "saving_after",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class OfferedOrigins:
    """The origins of a `[sourcing]` table, and a switch between them."""

    table: Sourcing
    rates: Mapping[str, Stated]
    """Rate by origin: the one given, or the schedule's."""
    on: date | None
    """Day of the rates, where it is known."""
    currency: str
    source: str

    def terms(self, *origins: str) -> dict[str, Stated]:
        """Return the terms and the rate of each origin, of all if none is named."""
        inputs: dict[str, Stated] = {}
        for offer in self.table.offers:
            if offer.origin in origins or not origins:
                terms = numbers_of(offer, *_TERMS)
                inputs |= {f"{term}_{offer.origin}": value for term, value in terms.items()}
                inputs[f"tariff_{offer.origin}"] = self.rates[offer.origin]
        return inputs

    def middle(self) -> Resourcing:
        """Return landed cost by origin and the break-even, every range at its middle."""
        switch = numbers_of(self.table, *_SWITCH)
        at = Inputs(self.terms() | switch).central()
        origins = [offer.origin for offer in self.table.offers]
        return resourcing(
            offers=[
                Offer(origin=origin, **{term: at[f"{term}_{origin}"] for term in _TERMS})
                for origin in origins
            ],
            ad_valorem={origin: at[f"tariff_{origin}"] for origin in origins},
            current=self.table.current,
            on=self.on,
            currency=self.currency,
            source=self.source,
            **{name: at[name] for name in _SWITCH},
        )

    def questions(self) -> Iterator[Question]:
        """Return the saving per unit of a switch to the cheapest of the others, and its months."""
        current = self.table.current
        costs = {origin: cost.total for origin, cost in self.middle().costs.items()}
        target = min((origin for origin in costs if origin != current), key=lambda o: costs[o])
        landed = self.terms(current, target)

        def saving(**x: Numbers) -> Numbers:
            return _landed(current, **x) - _landed(target, **x)

        def months(**x: Numbers) -> Numbers:
            expected = expected_saving(
                saving_per_unit=saving(**x),
                lasting_probability=x["lasting_probability"],
                saving_after=x["saving_after"],
            )
            return expected_break_even_months(
                switching_cost=x["switching_cost"],
                saving_per_unit=expected,
                monthly_volume=x["monthly_volume"],
                hazard=x["hazard"],
                saving_after=x["saving_after"],
            )

        way = f"a switch from {country_name(current)} to {country_name(target)}"
        yield Question.of("saving", f"saving per unit of {way}", self.currency, saving, landed)
        switch = landed | numbers_of(self.table, *_SWITCH)
        yield Question.of("break-even", f"time until {way} has paid", "months", months, switch)

    def ranges(self) -> CaseRanges:
        """Return landed cost by origin, the saving of a switch, its break-even, over the ranges."""
        saving, months = self.questions()
        saved, even = saving.bounds(), months.bounds()
        landed = {}
        for offer in self.table.offers:
            model = partial(_landed, offer.origin)
            name = f"landed cost from {country_name(offer.origin)}"
            terms = self.terms(offer.origin)
            landed[offer.origin] = Question.of("", name, self.currency, model, terms).bounds()
        costs = [
            f"{quantity(bounds.interval, self.currency)} from {country_name(origin)}"
            for origin, bounds in landed.items()
        ]
        paid = "it never pays"
        if even.has_answer:
            paid = f"it has paid after {quantity(even.interval, 'months')}"
        if even.has_answer and even.undefined:
            paid += f" (at {units.percent(even.undefined / even.tried, 0)} of the points never)"
        day = "" if self.on is None else f" on {units.day(self.on)}"
        told = (
            f"A unit lands at {units.listed(costs)}{day}. {saving.name[:1].upper()}"
            f"{saving.name[1:]} is {quantity(saved.interval, self.currency)}, and {paid}."
        )
        found = {f"landed_{origin}": bounds for origin, bounds in landed.items()}
        found |= {"saving": saved, "break_even": even}
        return CaseRanges(told, found, self.middle(), self.currency)


def _landed(origin: str, /, **x: Numbers) -> Numbers:
    """Return the landed cost of a unit from an origin."""
    at: At = {name.removesuffix(f"_{origin}"): value for name, value in x.items()}
    duty = duty_per_unit(
        customs_value=at["customs_value"],
        ad_valorem=at["tariff"],
        dutiable_share=at["dutiable_share"],
    )
    return at["customs_value"] + at["freight"] + at["fees"] + duty
