"""What the tests of product files share: rows, and the ways to read them."""

from datetime import date

import pandas as pd

from tariffimpact.portfolio import open_skus, read_skus, run_batch
from tariffimpact.portfolio.goods import KnownGoods

HEADER = "sku,company,hts,origin,customs_value,price,currency"
GOOD = "A1,Acme,9504500000,VNM,350,499.99,USD"


def run(path, compiled, **given):
    """Return a batch's result and its rows."""
    chunks = []
    result = run_batch(path, compiled, sink=chunks.append, **{"on": date(2025, 9, 1), **given})
    return result, pd.concat(chunks, ignore_index=True) if chunks else pd.DataFrame()


def read(path, compiled, *, on=date(2025, 9, 1), chunk=50_000):
    """Return the good rows of a file, and its faults as a user reads them, from the line on."""
    chunks = list(read_skus(open_skus(path), KnownGoods.of(compiled), on=on, chunk=chunk))
    told = [str(fault).partition("skus.csv:")[2] for chunk in chunks for fault in chunk.faults]
    return pd.concat([chunk.frame for chunk in chunks], ignore_index=True), told
