"""Every product a company imports, or every import line of a country, charged at once.

Needs the extra `portfolio` (DuckDB through Ibis); `--engine spark` the extra `distributed`.
"""

from tariffimpact.portfolio.batch import BatchResult, BatchTerms, run_batch
from tariffimpact.portfolio.census import read_census_imports
from tariffimpact.portfolio.effective import EffectiveRates
from tariffimpact.portfolio.imports import (
    effective_rate_by_day,
    effective_tariff_rate,
)
from tariffimpact.portfolio.lines import LINES, check_lines
from tariffimpact.portfolio.outputs import RowFiles, batch_files
from tariffimpact.portfolio.skus import NEEDED, OPTIONAL, SkuFile, open_skus, read_skus
from tariffimpact.tariffs.at_scale import charge
from tariffimpact.tariffs.engines import Engine, engine
from tariffimpact.tariffs.layers import Plan, ScheduleLayers, schedule_layers

__all__ = [
    "LINES",
    "NEEDED",
    "OPTIONAL",
    "BatchResult",
    "BatchTerms",
    "EffectiveRates",
    "Engine",
    "Plan",
    "RowFiles",
    "ScheduleLayers",
    "SkuFile",
    "batch_files",
    "charge",
    "check_lines",
    "effective_rate_by_day",
    "effective_tariff_rate",
    "engine",
    "open_skus",
    "read_census_imports",
    "read_skus",
    "run_batch",
    "schedule_layers",
]
