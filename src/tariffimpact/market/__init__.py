"""Differentiated-products markets: what a tariff does to all prices when rivals respond.

>>> from tariffimpact.market import Duties, calibrate
>>> market = calibrate(products=["ours", "theirs"], firms=["home", "abroad"],
...                    prices=[100.0, 100.0], shares=[0.3, 0.3], margins={"ours": 0.4})
>>> market.impose(Duties([0.0, 0.25])).price_change.round(2)
array([ 1.33, 11.21])
"""

from tariffimpact.market.alternatives import (
    AuctionMarket,
    AuctionResult,
    CournotMarket,
    CournotResult,
    calibrate_auction,
    calibrate_cournot,
)
from tariffimpact.market.calibration import calibrate
from tariffimpact.market.changes import Channels, Equilibrium, Scenarios
from tariffimpact.market.conduct import ownership_matrix
from tariffimpact.market.demand_systems import CesDemand, DemandSystem, LogitDemand
from tariffimpact.market.equilibrium import MarketState
from tariffimpact.market.fit import Fit
from tariffimpact.market.flexible import AidsDemand, LinearDemand, LogLinearDemand
from tariffimpact.market.ledgers import Ledger
from tariffimpact.market.many_markets import (
    BatchResult,
    CalibratedMarkets,
    calibrate_each,
    solve_ces,
    solve_logit,
)
from tariffimpact.market.market_ranges import MarketRange, impose_range, market_model
from tariffimpact.market.mixed_logit import MixedLogitDemand
from tariffimpact.market.model import Market, split_channels
from tariffimpact.market.policy import Duties, Quota, Tie
from tariffimpact.market.product_table import ProductTable, read_products
from tariffimpact.market.solvers.layout import Structure

__all__ = [
    "AidsDemand",
    "AuctionMarket",
    "AuctionResult",
    "BatchResult",
    "CalibratedMarkets",
    "CesDemand",
    "Channels",
    "CournotMarket",
    "CournotResult",
    "DemandSystem",
    "Duties",
    "Equilibrium",
    "Fit",
    "Ledger",
    "LinearDemand",
    "LogLinearDemand",
    "LogitDemand",
    "Market",
    "MarketRange",
    "MarketState",
    "MixedLogitDemand",
    "ProductTable",
    "Quota",
    "Scenarios",
    "Structure",
    "Tie",
    "calibrate",
    "calibrate_auction",
    "calibrate_cournot",
    "calibrate_each",
    "impose_range",
    "market_model",
    "ownership_matrix",
    "read_products",
    "solve_ces",
    "solve_logit",
    "split_channels",
]
