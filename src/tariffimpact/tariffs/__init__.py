"""The rate the law asks for on a product from an origin on a day, and why.

The law is data (`data/law/`); a compile step makes one file of it with every line of the tariff
book, which comes with the program. The code is the short evaluator that stacks the components:
`Schedule` answers for one product, `at_scale` for many lines.
"""

from tariffimpact.tariffs.compile import CHARGED, build_schedule
from tariffimpact.tariffs.rate import OpenQuestion, TariffComponent, TariffRate
from tariffimpact.tariffs.schedule import Schedule, shipped_schedule
from tariffimpact.tariffs.stacking import MFN
from tariffimpact.tariffs.windows import CompiledSchedule, ScheduleFile, read_schedule

__all__ = [
    "CHARGED",
    "MFN",
    "CompiledSchedule",
    "OpenQuestion",
    "Schedule",
    "ScheduleFile",
    "TariffComponent",
    "TariffRate",
    "build_schedule",
    "read_schedule",
    "shipped_schedule",
]
