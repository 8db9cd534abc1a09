"""How many cents the aluminium duty can be on a can of soda, and what is left of a rise then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tariffimpact.companies import FIRST_TARIFF
from tariffimpact.facts import Assumption, Facts, Response, Statement
from tariffimpact.interval import Interval
from tariffimpact.report.assumed import Subject, assumed
from tariffimpact.tariffs import Schedule

GRAMS_PER_TONNE: Final = 1e6
CANS: Final = "cans"
METAL_AUTHORITY: Final = "Section 232"
WIDENED: Final = "s232-steel-august-50"
"""The rule by which the metal duty reached hundreds of other products."""
METAL_DUTIES: Final = ("s232-cans-25", "s232-cans-50", WIDENED, "s232-16c-50")
"""The rules of the metal duty that the report quotes."""
DRINKS: Final = ("drink",)
CAN: Final = Subject(("can", CANS))
"""What the assumed metal and price must speak of."""


@dataclass(frozen=True, slots=True)
class CanDuty:
    """The metal duty on one can against a stated rise of its price; money in USD per can."""

    statement: Statement
    claimed: float
    """The rise spoken of, a fraction of the price."""
    ad_valorem: float
    """Duty as a fraction of the metal's value, on the day of the statement."""
    metal_mass: Assumption
    """Grams per can."""
    metal_price: Assumption
    """USD per tonne."""
    shelf_price: Assumption
    """USD per can."""

    @property
    def duty(self) -> Interval:
        """Duty if every gram of the can had paid it: an upper bound for a can of recycled metal."""
        mass = self.metal_mass.value / GRAMS_PER_TONNE
        return mass * self.metal_price.value * self.ad_valorem

    @property
    def rise(self) -> Interval:
        """The stated rise, if it were one of the shelf price."""
        return self.claimed * self.shelf_price.value

    @property
    def share_of_rise(self) -> Interval:
        """The duty as a share of that rise."""
        return self.duty / self.rise

    @property
    def left(self) -> Interval:
        """What is left of the rise once the duty is taken off."""
        return self.rise - self.duty


def can_duty(facts: Facts, schedule: Schedule) -> CanDuty | None:
    """Return the arithmetic of the can, or None where the facts do not hold its parts."""
    parts = [assumed(facts, n, CAN) for n in ("metal_mass", "metal_price", "shelf_price")]
    statement = _stated_rise(facts)
    if statement is None or statement.price_change is None:
        return None
    mass, price, shelf = parts
    rate = _metal_rate(schedule, statement)
    if mass is None or price is None or shelf is None or rate is None:
        return None
    return CanDuty(statement, statement.price_change.high, rate, mass, price, shelf)


def _stated_rise(facts: Facts) -> Statement | None:
    """Return the first rise of a drink's price stated since the tariffs that gives its size."""
    for row in facts.statements:
        sized = row.price_change is not None and row.response is Response.PASS_ON
        sized = sized and row.said_on >= FIRST_TARIFF
        if sized and any(word in row.scope.lower() for word in DRINKS):
            return row
    return None


def _metal_rate(schedule: Schedule, statement: Statement) -> float | None:
    """Return the highest metal duty on empty cans on the day of the statement, over origins."""
    cans = [product for product in schedule.products if product.family == CANS]
    if not cans:
        return None
    code = cans[0].hts
    found = [
        part.amount.high
        for origin in schedule.origins(code)
        for part in schedule.rate(code, origin, statement.said_on).counted
        if part.authority == METAL_AUTHORITY and part.amount is not None
    ]
    return max(found, default=None)
