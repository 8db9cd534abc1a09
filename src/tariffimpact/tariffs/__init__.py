"""The rate the law asks for on a product from an origin on a day, and why.

The schedule is data: dated components, each with a legal ground, a base and a scope. The code is
the short evaluator that stacks them. `TariffSchedule` holds the story's products, curated row by
row; `build_schedule` compiles raw lists and rules into a file of every product, and
`FiledSchedule` answers from it in the same words.
"""

from tariffimpact.tariffs.compiled import CompiledSchedule, build_schedule, read_schedule
from tariffimpact.tariffs.curated import curated_schedule
from tariffimpact.tariffs.filed import FiledSchedule
from tariffimpact.tariffs.rate import TariffComponent, TariffRate
from tariffimpact.tariffs.schedule import CHARGED, TariffSchedule
from tariffimpact.tariffs.stacking import MFN

__all__ = [
    "CHARGED",
    "MFN",
    "CompiledSchedule",
    "FiledSchedule",
    "TariffComponent",
    "TariffRate",
    "TariffSchedule",
    "build_schedule",
    "curated_schedule",
    "read_schedule",
]
