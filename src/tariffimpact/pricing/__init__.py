"""Pricing rules after a change of cost: hold dollar margin, percent margin or profit; maximise.

`price_response` answers for one product in words, a frame and a chart; the rules beside it take
arrays that broadcast over products, scenarios and draws. "No price does" is an answer: NaN from a
rule, a note with the best attainable price from `price_response`.
"""

from tariffimpact.pricing.response import RULES, PriceResponse, RuleOutcome, price_response
from tariffimpact.pricing.rules import (
    hold_dollar_margin,
    hold_percent_margin,
    hold_profit,
    implied_elasticity,
    maximise,
)

__all__ = [
    "RULES",
    "PriceResponse",
    "RuleOutcome",
    "hold_dollar_margin",
    "hold_percent_margin",
    "hold_profit",
    "implied_elasticity",
    "maximise",
    "price_response",
]
