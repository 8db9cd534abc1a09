"""Every product a company imports, or every import line of a country, charged at once.

DuckDB through Ibis is in the base install; `--engine spark` needs the extra `distributed`.
"""

from tariffimpact.portfolio.ace import Entries, EntryRefund, read_entries
from tariffimpact.portfolio.batch import BatchResult, run_batch
from tariffimpact.portfolio.effective_rates import (
    EffectiveRates,
    effective_rate_by_day,
    effective_tariff_rate,
)
from tariffimpact.portfolio.import_lines import LINES, check_lines, read_census_imports
from tariffimpact.portfolio.line_files import (
    LineFile,
    lines_as_parquet,
    open_lines,
    write_lines,
)
from tariffimpact.portfolio.outputs import RowFiles, batch_files
from tariffimpact.portfolio.product_duties import BatchTerms
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
    "Entries",
    "EntryRefund",
    "LineFile",
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
    "lines_as_parquet",
    "open_lines",
    "open_skus",
    "read_census_imports",
    "read_entries",
    "read_skus",
    "run_batch",
    "schedule_layers",
    "write_lines",
]
