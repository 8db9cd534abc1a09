"""Differentiated-products markets: what a tariff does to all prices when rivals respond.

>>> from tariffimpact.market import Duties, calibrate
>>> market = calibrate(products=["ours", "theirs"], firms=["home", "abroad"],
...                    prices=[100.0, 100.0], shares=[0.3, 0.3], margins={"ours": 0.4})
>>> market.impose(Duties([0.0, 0.25])).price_change.round(2)
array([ 1.33, 11.21])
"""

from tariffimpact.market.auctions import AuctionMarket, AuctionResult, calibrate_auction
from tariffimpact.market.batch import BatchResult, solve_ces, solve_logit
from tariffimpact.market.calibration import calibrate
from tariffimpact.market.channels import Channels, split_channels
from tariffimpact.market.choice import CesDemand, LogitDemand
from tariffimpact.market.equilibrium import Equilibrium, Ledger
from tariffimpact.market.fit import Fit
from tariffimpact.market.flexible import AidsDemand, LinearDemand, LogLinearDemand
from tariffimpact.market.homogeneous import CournotMarket, CournotResult, calibrate_cournot
from tariffimpact.market.model import Market
from tariffimpact.market.ownership import ownership_matrix
from tariffimpact.market.policy import Duties
from tariffimpact.market.quotas import Quota
from tariffimpact.market.ranges import MarketRange, impose_range
from tariffimpact.market.scenarios import Scenarios
from tariffimpact.market.state import MarketState
from tariffimpact.market.structure import Structure
from tariffimpact.market.table import ProductTable, read_products

__all__ = [
    "AidsDemand",
    "AuctionMarket",
    "AuctionResult",
    "BatchResult",
    "CesDemand",
    "Channels",
    "CournotMarket",
    "CournotResult",
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
    "ProductTable",
    "Quota",
    "Scenarios",
    "Structure",
    "calibrate",
    "calibrate_auction",
    "calibrate_cournot",
    "impose_range",
    "ownership_matrix",
    "read_products",
    "solve_ces",
    "solve_logit",
    "split_channels",
]
