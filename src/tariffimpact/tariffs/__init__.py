"""The rate the law asks for on a product from an origin on a day, and why.

The schedule is data: dated components, each with a legal ground, a base and a scope. The code is
the short evaluator that stacks them.
"""

from tariffimpact.tariffs.rate import TariffComponent, TariffRate
from tariffimpact.tariffs.schedule import CHARGED, TariffSchedule
from tariffimpact.tariffs.stacking import MFN

__all__ = ["CHARGED", "MFN", "TariffComponent", "TariffRate", "TariffSchedule"]
