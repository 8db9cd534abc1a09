"""Cost push: what a change of tariffs does to every commodity and category, through inputs.

Imported units pay their duty, home-made ones that of their inputs, and of theirs in turn. How much
of it reaches a shelf rests on one switch, whether the margins above the factory stay the same in
dollars or in per cent: both are always told. Accounting of costs, not a forecast of prices.

>>> from tariffimpact.costpush import cost_push, read_accounts, realised_change
>>> accounts = read_accounts()
>>> answer = cost_push(accounts, realised_change(accounts, month="2025-12", base="2024"))
>>> round(answer.total.constant_dollar.low, 6), round(answer.total.constant_percent.low, 6)
(0.021799, 0.054966)
"""

from tariffimpact.costpush.accounts import Accounts, read_accounts, shipped_accounts
from tariffimpact.costpush.categories import CostPush, Margins, cost_push
from tariffimpact.costpush.derivation import derive_accounts
from tariffimpact.costpush.law import ChargedImports, charge_imports, law_change
from tariffimpact.costpush.mrio import MRIO_LACKS, accounts_of_mrio, read_mrio
from tariffimpact.costpush.own_rates import read_rates
from tariffimpact.costpush.prediction import (
    PriceComparison,
    Slope,
    StartMonths,
    compare_prices,
    months_to,
    slope_of,
    start_months,
)
from tariffimpact.costpush.rate_change import (
    Coverage,
    RateChange,
    effective_rates,
    realised_change,
)
from tariffimpact.costpush.requirements import Requirements
from tariffimpact.costpush.screens import (
    Screen,
    commodities_of,
    screen_companies,
    screen_industries,
    screen_products,
)

__all__ = [
    "MRIO_LACKS",
    "Accounts",
    "ChargedImports",
    "CostPush",
    "Coverage",
    "Margins",
    "PriceComparison",
    "RateChange",
    "Requirements",
    "Screen",
    "Slope",
    "StartMonths",
    "accounts_of_mrio",
    "charge_imports",
    "commodities_of",
    "compare_prices",
    "cost_push",
    "derive_accounts",
    "effective_rates",
    "law_change",
    "months_to",
    "read_accounts",
    "read_mrio",
    "read_rates",
    "realised_change",
    "screen_companies",
    "screen_industries",
    "screen_products",
    "shipped_accounts",
    "slope_of",
    "start_months",
]
