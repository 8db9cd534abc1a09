"""Demand for one product, calibrated at one observed point: linear, isoelastic, logit.

The three agree on price, volume and elasticity where they are calibrated, and differ in how the
elasticity moves away from that point. That is the whole of the disagreement about pass-through:
a monopolist with a flat cost passes on 1/2 under linear demand, 1 minus the share under logit and
`e/(e-1)` under isoelastic demand (Weyl and Fabinger 2013).
"""

from tariffimpact.demand.curve import Demand
from tariffimpact.demand.isoelastic import IsoelasticDemand
from tariffimpact.demand.linear import LinearDemand
from tariffimpact.demand.logit import LogitDemand

__all__ = [
    "Demand",
    "IsoelasticDemand",
    "LinearDemand",
    "LogitDemand",
]
