"""Estimates of pass-through from a panel of prices, which say first what each group did.

A panel has one row a unit and period. What is treated is a column of 0 and 1, a rate, a duty per
unit, or the program's own dated schedule by HTS code and origin. Every answer begins with each
group's own change of price; a coefficient without it is never given.
"""

from tariffimpact.estimation.answer import Estimation, Placebos, told, worded
from tariffimpact.estimation.archive import estimation_files, read_estimation
from tariffimpact.estimation.definitions import MEANINGS, Coefficient, converted
from tariffimpact.estimation.differences import Design, TwoWay, two_way
from tariffimpact.estimation.estimate import Question, estimate
from tariffimpact.estimation.events import EventStudy, event_study
from tariffimpact.estimation.groups import Group, PriceIndex
from tariffimpact.estimation.panel import Panel, open_panel
from tariffimpact.estimation.reading import Columns
from tariffimpact.estimation.regression import Block, Effects, Fit, blocks_of, fit
from tariffimpact.estimation.robustness import WildBootstrap, wild_bootstrap
from tariffimpact.estimation.synthetic import (
    SyntheticControl,
    simplex_weights,
    synthetic_control,
)
from tariffimpact.estimation.treatment import Treatment, treatment_of, unit_facts

__all__ = [
    "MEANINGS",
    "Block",
    "Coefficient",
    "Columns",
    "Design",
    "Effects",
    "Estimation",
    "EventStudy",
    "Fit",
    "Group",
    "Panel",
    "Placebos",
    "PriceIndex",
    "Question",
    "SyntheticControl",
    "Treatment",
    "TwoWay",
    "WildBootstrap",
    "blocks_of",
    "converted",
    "estimate",
    "estimation_files",
    "event_study",
    "fit",
    "open_panel",
    "read_estimation",
    "simplex_weights",
    "synthetic_control",
    "told",
    "treatment_of",
    "two_way",
    "unit_facts",
    "wild_bootstrap",
    "worded",
]
