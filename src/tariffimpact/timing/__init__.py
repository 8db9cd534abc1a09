"""Timing: when a duty reaches cost, price and margin, and how long stock bought ahead delays it.

A duty is paid on the day of receipt and reaches the cost of goods sold as stock turns over. Time is
in months; month t is the moment t months after the path starts, and the duty of month k is charged
on what is received from k to k + 1.
"""

from tariffimpact.timing.adjustment import partial_adjustment
from tariffimpact.timing.path import PricePath, price_path
from tariffimpact.timing.stock import (
    FLOWS,
    carrying_cost,
    duty_in_cost,
    front_loading_break_even,
    months_of_stock,
    share_on_new_cost,
    stock_on_new_cost,
)

__all__ = [
    "FLOWS",
    "PricePath",
    "carrying_cost",
    "duty_in_cost",
    "front_loading_break_even",
    "months_of_stock",
    "partial_adjustment",
    "price_path",
    "share_on_new_cost",
    "stock_on_new_cost",
]
