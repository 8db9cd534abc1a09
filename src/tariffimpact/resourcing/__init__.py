"""Re-sourcing: what a unit costs by origin, and how soon a switch of origin pays.

A tariff that may not last makes a switch a bet. The odds enter as a constant chance a month that
the rate lapses, or as one probability that it stays.
"""

from tariffimpact.resourcing.break_even import (
    break_even_months,
    expected_break_even_months,
    expected_saving,
)
from tariffimpact.resourcing.origins import Offer, Resourcing, resourcing

__all__ = [
    "Offer",
    "Resourcing",
    "break_even_months",
    "expected_break_even_months",
    "expected_saving",
    "resourcing",
]
