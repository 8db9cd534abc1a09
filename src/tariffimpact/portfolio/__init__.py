"""Every product a company imports, or every import line of a country, charged at once.

Needs the extra `portfolio` (DuckDB through Ibis); `--engine spark` the extra `distributed`.
"""

from tariffimpact.portfolio.batch import BatchResult, run_batch
from tariffimpact.portfolio.charging import charge
from tariffimpact.portfolio.engines import Engine, engine
from tariffimpact.portfolio.layers import ScheduleLayers, schedule_layers
from tariffimpact.portfolio.skus import NEEDED, OPTIONAL, read_skus
from tariffimpact.portfolio.written import RowFiles, batch_files

__all__ = [
    "NEEDED",
    "OPTIONAL",
    "BatchResult",
    "Engine",
    "RowFiles",
    "ScheduleLayers",
    "batch_files",
    "charge",
    "engine",
    "read_skus",
    "run_batch",
    "schedule_layers",
]
