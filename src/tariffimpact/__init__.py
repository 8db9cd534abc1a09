"""From a tariff to the shelf price, the margin and the profit of named companies and products.

Every number is sourced and every answer is as wide as the evidence leaves it. The names below are
the ones most work needs, each loaded when it is first used; the modules have more.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tariffimpact.companies import compare
    from tariffimpact.errors import DataError, ModelError, TariffImpactError
    from tariffimpact.facts import Facts, read_facts
    from tariffimpact.interval import Interval
    from tariffimpact.passthrough import convert, measure, pass_through_bounds, pass_through_rate
    from tariffimpact.pricing.cost import duty_per_unit, landed_cost
    from tariffimpact.pricing.incidence import unit_incidence
    from tariffimpact.tariffs import Schedule, shipped_schedule

_HOMES = {
    "DataError": "errors",
    "Facts": "facts",
    "Interval": "interval",
    "ModelError": "errors",
    "TariffImpactError": "errors",
    "Schedule": "tariffs",
    "shipped_schedule": "tariffs",
    "compare": "companies",
    "convert": "passthrough",
    "duty_per_unit": "pricing.cost",
    "unit_incidence": "pricing.incidence",
    "landed_cost": "pricing.cost",
    "measure": "passthrough",
    "pass_through_bounds": "passthrough",
    "pass_through_rate": "passthrough",
    "read_facts": "facts",
}

__all__ = [
    "DataError",
    "Facts",
    "Interval",
    "ModelError",
    "Schedule",
    "TariffImpactError",
    "compare",
    "convert",
    "duty_per_unit",
    "landed_cost",
    "measure",
    "pass_through_bounds",
    "pass_through_rate",
    "read_facts",
    "shipped_schedule",
    "unit_incidence",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tariffimpact' has no attribute {name!r}")
    return getattr(import_module(f"tariffimpact.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
