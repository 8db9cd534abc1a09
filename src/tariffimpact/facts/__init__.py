"""The sourced facts, and the only place that reads `data/`.

`read_facts()` returns every table as frozen records, or raises one `DataError` with all faults.
"""

from tariffimpact.facts.duties import (
    CountryGroup,
    DateBasis,
    DutyBase,
    DutyKind,
    Product,
    Status,
    TariffRow,
)
from tariffimpact.facts.entries import Entry, FactKind, entries
from tariffimpact.facts.reader import Facts, copy_shipped_data, read_facts
from tariffimpact.facts.records import (
    EVERYBODY,
    Assumption,
    Basis,
    Cause,
    Cited,
    Conflict,
    Exposure,
    Financial,
    Horizon,
    OriginShare,
    PriceChange,
    Record,
    Response,
    Source,
    SourceKind,
    Stage,
    Statement,
)
from tariffimpact.facts.search import FoundFacts, search_facts
from tariffimpact.release import DataVersion, shipped_folder

__all__ = [
    "EVERYBODY",
    "Assumption",
    "Basis",
    "Cause",
    "Cited",
    "Conflict",
    "CountryGroup",
    "DataVersion",
    "DateBasis",
    "DutyBase",
    "DutyKind",
    "Entry",
    "Exposure",
    "FactKind",
    "Facts",
    "Financial",
    "FoundFacts",
    "Horizon",
    "OriginShare",
    "PriceChange",
    "Product",
    "Record",
    "Response",
    "Source",
    "SourceKind",
    "Stage",
    "Statement",
    "Status",
    "TariffRow",
    "copy_shipped_data",
    "entries",
    "read_facts",
    "search_facts",
    "shipped_folder",
]
