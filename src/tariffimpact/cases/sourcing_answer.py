"""A case's origins side by side: landed cost from each, and when a switch has paid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from tariffimpact import units
from tariffimpact.arguments import Numbers
from tariffimpact.cases.case_numbers import stated
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

if TYPE_CHECKING:
    pass


_TERMS = ("customs_value", "freight", "fees", "dutiable_share")
_SWITCH = ("switching_cost", "monthly_volume", "hazard", "lasting_probability", "saving_after")


def sourced(
    table: Sourcing, rates: Mapping[str, Stated], *, on: date | None, currency: str, source: str
) -> Resourcing:
    """Return landed cost by origin of a `[sourcing]` table, every range at its middle."""
    at = Inputs(_inputs(table, rates, [offer.origin for offer in table.offers])).central()
    offers = [
        Offer(origin=offer.origin, **{term: at[f"{term}_{offer.origin}"] for term in _TERMS})
        for offer in table.offers
    ]
    return resourcing(
        offers=offers,
        ad_valorem={offer.origin: at[f"tariff_{offer.origin}"] for offer in table.offers},
        current=table.current,
        on=on,
        currency=currency,
        source=source,
        **{name: at[name] for name in _SWITCH},
    )


def sourcing_questions(
    table: Sourcing, rates: Mapping[str, Stated], *, target: str, currency: str
) -> Iterator[Question]:
    """Return the saving per unit of a switch to `target`, and the months until it has paid."""
    inputs = _inputs(table, rates, [table.current, target])

    def saving(**x: Numbers) -> Numbers:
        return _landed(x, table.current) - _landed(x, target)

    def expected(**x: Numbers) -> Numbers:
        return expected_saving(
            saving_per_unit=saving(**x),
            lasting_probability=x["lasting_probability"],
            saving_after=x["saving_after"],
        )

    def months(**x: Numbers) -> Numbers:
        return expected_break_even_months(
            switching_cost=x["switching_cost"],
            saving_per_unit=expected(**x),
            monthly_volume=x["monthly_volume"],
            hazard=x["hazard"],
            saving_after=x["saving_after"],
        )

    way = f"a switch from {country_name(table.current)} to {country_name(target)}"
    landed = {name: x for name, x in inputs.items() if name not in _SWITCH}
    yield Question.of("saving", f"saving per unit of {way}", currency, saving, landed)
    yield Question.of("break-even", f"time until {way} has paid", "months", months, inputs)


def landed_questions(
    table: Sourcing, rates: Mapping[str, Stated], currency: str
) -> dict[str, Question]:
    """Return the landed cost of a unit by origin."""
    found = {}
    for offer in table.offers:
        inputs = _inputs(table, rates, [offer.origin])
        terms = {name: value for name, value in inputs.items() if name not in _SWITCH}
        found[offer.origin] = Question.of(
            f"landed-{offer.origin}", f"landed cost from {country_name(offer.origin)}", currency,
            partial(_landed_cost, offer.origin), terms,
        )  # fmt: skip
    return found


def _landed_cost(origin: str, **x: Numbers) -> Numbers:
    return _landed(x, origin)


def _inputs(table: Sourcing, rates: Mapping[str, Stated], origins: list[str]) -> dict[str, Stated]:
    """Return the terms and the rate of each origin, and what the switch depends on."""
    inputs: dict[str, Stated] = {}
    for offer in table.offers:
        if offer.origin in origins:
            inputs |= {f"{term}_{offer.origin}": stated(getattr(offer, term)) for term in _TERMS}
            inputs[f"tariff_{offer.origin}"] = rates[offer.origin]
    return inputs | {name: stated(getattr(table, name)) for name in _SWITCH}


def _landed(x: At, origin: str) -> Numbers:
    """Return the landed cost of a unit from an origin."""
    value = x[f"customs_value_{origin}"]
    duty = duty_per_unit(
        customs_value=value,
        ad_valorem=x[f"tariff_{origin}"],
        dutiable_share=x[f"dutiable_share_{origin}"],
    )
    return value + x[f"freight_{origin}"] + x[f"fees_{origin}"] + duty


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
