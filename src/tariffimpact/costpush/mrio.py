"""One country's accounts out of a multi-regional table, as pymrio holds them: what it has.

A multi-regional table knows what each sector needs of every other, what of it is imported, and
what households buy at basic prices. It does not know the margins above the factory, the imports
and duty by product, or the concordance of codes. Those tables are written as forms: what is known
is filled in and the rest is blank, so that reading them names every cell that is missing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd

from tariffimpact.errors import DataError, Fault, ModelError, require, shortened
from tariffimpact.writing import csv_bytes

MRIO_LACKS: Final[tuple[str, ...]] = (
    "bridge.csv: transport, wholesale, retail and purchasers_value of each row: what buyers pay "
    "above the factory price, from the supply and use tables of the statistical office",
    "categories.csv: core_goods: true for the goods whose total is told first",
    "codes.csv: the commodity of each code of the trade statistics, for duty by month alone",
    "receipts.csv: imports and duty by code and month, for --month and --base alone",
)
"""What a multi-regional table cannot tell, in words."""
_CODE: Final = re.compile(r"[^A-Za-z0-9.-]+")
_LONGEST: Final = 16


class RegionalTable(Protocol):
    """What is asked of `pymrio.IOSystem`: flows, final demand, output, by region and sector."""

    Z: Any
    Y: Any
    x: Any


def read_mrio(folder: Path) -> RegionalTable:
    """Return a table that `save_all` of pymrio wrote to a folder.

    Raises
    ------
    ModelError
        If pymrio is not installed.
    DataError
        If the folder holds no such table.
    """
    try:
        import pymrio
    except ImportError:
        raise ModelError("--mrio needs pymrio: pip install pymrio") from None
    try:
        found: RegionalTable = pymrio.load_all(folder)
    except Exception as error:  # noqa: BLE001  # the reader has errors of its own of many kinds
        what = f"is not readable as a table of pymrio: {shortened(str(error), 120)}"
        raise DataError([Fault(str(folder), what, "save it with save_all of pymrio")]) from None
    return found


def accounts_of_mrio(
    table: RegionalTable,
    region: str,
    *,
    year: int,
    currency: str,
    unit: float = 1e6,
    credit: str = "a multi-regional table",
) -> dict[str, bytes]:
    """Return the tables of one region's accounts that a multi-regional table can fill.

    Input coefficients are of inputs from all regions together, A = (Σ_r Z_r) / x; imports are what
    other regions send to the region's sectors and buyers, at basic prices of the sender, which is
    before insurance and freight; supply is output and imports.

    Parameters
    ----------
    table
        `pymrio.IOSystem` with Z, Y and x, rows and columns by region and sector.
    region
        Its name of the country.
    year, currency, credit
        What the table is of, in what money, and who published it.
    unit
        Money of one of its units: 1e6 where it is in millions.

    Returns
    -------
    dict of str to bytes
        File name to content; what is missing is blank (`MRIO_LACKS`).

    Raises
    ------
    ModelError
        If the region is not in the table, or a sector has no output but inputs.
    """
    flows, final, output = table.Z, table.Y, table.x
    names = [str(name) for name in dict.fromkeys(flows.index.get_level_values(0))]
    require(region in names, f"the table has no region {region!r}; it has {', '.join(names[:20])}")
    sectors = list(flows.loc[region].index)
    inputs = flows[region].groupby(level=1).sum().loc[sectors, sectors].to_numpy(np.float64)
    made = output.loc[region].iloc[:, 0].reindex(sectors).to_numpy(np.float64)
    empty = (made <= 0) & (inputs.sum(axis=0) > 0)
    if empty.any():
        worst = sectors[int(np.flatnonzero(empty)[0])]
        raise ModelError(f"sector {worst!r} of {region} has inputs but no output; check x")
    coefficients = np.divide(inputs, made, out=np.zeros(inputs.shape), where=made > 0)
    abroad = flows.index.get_level_values(0) != region
    sent = (flows.loc[abroad, region].sum(axis=1) + final.loc[abroad, region].sum(axis=1)).groupby(
        level=1
    )
    imports = np.clip(sent.sum().reindex(sectors).to_numpy(np.float64), 0, None)
    codes = _codes([str(sector) for sector in sectors])
    bought = final[region].sum(axis=1).groupby(level=1).sum().reindex(sectors).to_numpy(np.float64)
    commodities = pd.DataFrame({
        "commodity": codes, "name": [str(sector) for sector in sectors],
        "supply": (made + imports) * unit, "imports": imports * unit, "currency": currency,
        "requirements_total": coefficients.sum(axis=0),
    })  # fmt: skip
    here = bought > 0
    return {
        "accounts.toml": _about(region, year, credit),
        "commodities.csv": csv_bytes(commodities),
        "requirements.csv": csv_bytes(_pairs(codes, coefficients)),
        "categories.csv": csv_bytes(commodities.loc[here, ["commodity", "name"]].rename(
            columns={"commodity": "category"}).assign(core_goods="")),
        "bridge.csv": csv_bytes(_form(np.array(codes)[here], bought[here] * unit, currency)),
        "codes.csv": b"code,commodity\n",
        "mapping.csv": b"code,commodity,share,reason\n",
    }  # fmt: skip


def _codes(names: list[str]) -> list[str]:
    """Return a code of each sector: its name where that will do, else its place."""
    short = [_CODE.sub("-", name).strip("-") for name in names]
    plain = len(set(short)) == len(short) and all(0 < len(code) <= _LONGEST for code in short)
    return short if plain else [f"S{n:04d}" for n in range(1, len(names) + 1)]


def _pairs(codes: list[str], coefficients: Any) -> pd.DataFrame:
    rows, columns = np.nonzero(coefficients)
    return pd.DataFrame({"input": [codes[n] for n in rows], "output": [codes[n] for n in columns],
                         "coefficient": coefficients[rows, columns]})  # fmt: skip


def _form(codes: Any, values: Any, currency: str) -> pd.DataFrame:
    """Return the bridge as far as it is known: what is bought, at basic prices."""
    frame = pd.DataFrame({"category": codes, "commodity": codes, "producers_value": values})
    blank = dict.fromkeys(("transport", "wholesale", "retail", "purchasers_value"), "")
    return frame.assign(**blank, currency=currency)


def _about(region: str, year: int, credit: str) -> bytes:
    import json

    country, by = json.dumps(region), json.dumps(credit, ensure_ascii=False)
    text = f'country = {country}\nyear = {year}\ncredit = {by}\nrequirements = "input"\n'
    return text.encode("utf-8")
