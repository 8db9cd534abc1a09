"""What the tests of product files share: rows, and the two ways to read them."""

from datetime import date

import pandas as pd

from tariffimpact.portfolio import read_skus, run_batch
from tariffimpact.portfolio.cells import KnownCodes

HEADER = "sku,company,hts,origin,customs_value,price,currency"
GOOD = "A1,Acme,9504500000,VNM,350,499.99,USD"


def run(path, compiled, **given):
    """Return a batch's result and its rows."""
    chunks = []
    result = run_batch(path, compiled, sink=chunks.append, **{"on": date(2025, 9, 1), **given})
    return result, pd.concat(chunks, ignore_index=True) if chunks else pd.DataFrame()


def faults(path, compiled, on=date(2025, 9, 1)):
    """Return the faults of a file as a user reads them, from the line on."""
    chunks = list(read_skus(path, KnownCodes.of(compiled), on=on))
    return [str(fault).partition("skus.csv:")[2] for chunk in chunks for fault in chunk.faults]
