"""Recovery: how much of a disclosed tariff exposure a price rise brings back.

It is accounting, not pass-through: the numerator is money from buyers, the denominator a company's
own statement. A net statement has some of the price rise in it already, so against one the answer
is only a bound, and says so before anything else.
"""

from tariffimpact.recovery.disclosed import Recovery, recovery
from tariffimpact.recovery.rate import recovery_rate

__all__ = ["Recovery", "recovery", "recovery_rate"]
