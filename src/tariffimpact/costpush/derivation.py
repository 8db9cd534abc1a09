"""The step that makes a folder of accounts from the official files.

It reads the workbooks of the US Bureau of Economic Analysis (total requirements, supply, the
consumption bridge, the concordance), the Census Bureau's imports and duty by industry code and by
product and partner, and writes the compact tables that ship. Anybody can run it again, for
another of the workbooks' years too; nothing in the tables was typed by hand but the mapping of
codes that a newer classification split or merged, which gives its reason row by row.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from tariffimpact.costpush.accounts import shipped_accounts
from tariffimpact.errors import DataError, Fault, shortened
from tariffimpact.facts.workbooks import Workbook
from tariffimpact.writing import csv_bytes

if TYPE_CHECKING:
    import pyarrow as pa

REQUIREMENTS: Final = "CxC_TR_2017_PRO_DET.xlsx"
SUPPLY: Final = "Supply_2017_DET.xlsx"
BRIDGE: Final = "PCEBridge_Detail.xlsx"
CONCORDANCE: Final = "BEA-Industry-and-Commodity-Codes-and-NAICS-Concordance.xlsx"
RECEIPTS: Final = "TOTALnaics-data-2025-12.parquet"
GOODS: Final = "hs10_naics_bea.csv.gz"
CORE: Final = "core_goods_categories.csv"
YEARS: Final = (2007, 2012, 2017)
"""Years of the workbooks, one sheet each."""
_FIRST_MONTH: Final = "2023-01"
_FIRST_PRICES: Final = "2022-01"
_MILLION: Final = 1_000_000
_FLOOR: Final = 100_000
"""Imports of a product from a partner below it are left out of the weights, US dollars a year."""
_CURRENCY: Final = "USD"
_AGAIN: Final = "get the file again from its publisher"
_SOURCES: Final = (
    "bea-input-output-2017",
    "bea-pce-bridge-2017",
    "census-imports-naics-2025",
    "census-imports-2024",
    "census-concordance",
    "bls-cpi-items",
)
"""Rows of `sources.csv`."""


@dataclass(frozen=True, slots=True)
class _Matrix:
    codes: list[str]
    names: list[str]
    frame: pd.DataFrame


def derive_accounts(
    folder: Path,
    imports: pd.DataFrame | None = None,
    *,
    prices: Path | None = None,
    year: int = 2017,
) -> dict[str, bytes]:
    """Return the files of a folder of accounts, by name.

    Parameters
    ----------
    folder
        The official files, under the names this module gives.
    imports
        Imports of a year by product and partner: `hts` (10 digits), `partner` (ISO alpha-3 or
        `EU`), `customs_value` (US dollars); without them no weights are made, and a change of the
        law cannot be asked about.
    prices
        The consumer price index by item and month, CSV: `item_code`, `date`, `value`,
        `seasonally_adjusted`; without it no prediction is compared with prices.
    year
        Sheet of the workbooks: 2007, 2012 or 2017.

    Returns
    -------
    dict of str to bytes
        File name to content, the same bytes for the same files.

    Raises
    ------
    DataError
        Naming every official file that is missing or not what it should be.
    """
    if year not in YEARS:
        remedy = f"choose one of {', '.join(map(str, YEARS))}"
        raise DataError([Fault(str(folder), "holds no accounts of that year", remedy,
                               got=str(year))])  # fmt: skip
    needed = (REQUIREMENTS, SUPPLY, BRIDGE, CONCORDANCE, RECEIPTS, GOODS, CORE)
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        remedy = "get it from its publisher; data/README.md names the page"
        raise DataError(Fault(str(folder / name), "is not there", remedy) for name in missing)
    required = _requirements(folder, year)
    receipts = _receipts(folder / RECEIPTS)
    concordance = _concordance(folder, required.codes, sorted(set(receipts["code"])))
    bridge, categories = _bridge(folder, year)
    files = {
        "accounts.toml": _about(folder, needed, year),
        "commodities.csv": csv_bytes(_commodities(folder, year, required)),
        "requirements.parquet": _long(required),
        "categories.csv": csv_bytes(categories),
        "bridge.csv": csv_bytes(bridge),
        "codes.csv": csv_bytes(concordance),
        "mapping.csv": (shipped_accounts() / "mapping.csv").read_bytes(),
        "receipts.parquet": _receipts_file(receipts),
    }
    goods = _goods(folder, required.codes, imports)
    files["goods.parquet"] = _parquet(goods, {}, dictionary=("commodity",))
    if imports is not None:
        files["weights.parquet"] = _weights(imports)
    if prices is not None:
        items = (shipped_accounts() / "price_items.csv").read_bytes()
        files |= {"price_items.csv": items, "prices.parquet": _prices(prices, items)}
    return files


def _another(path: Path, what: str, remedy: str = _AGAIN) -> DataError:
    """Return what is said of an official file that is not what it should be."""
    return DataError([Fault(str(path), what, remedy)])


def _sheet(path: Path, sheet: str) -> pd.DataFrame:
    """Read a sheet as it stands, every cell where it is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            Workbook(path, path).sheet(sheet)  # refuses what would fill the memory
            return pd.read_excel(path, sheet_name=sheet, header=None, engine="calamine")
    except Exception as error:  # noqa: BLE001  # the reader has errors of its own of many kinds
        said = error.faults[0].what if isinstance(error, DataError) else str(error)
        what = f"has no readable sheet {sheet}: {shortened(said, 120)}"
        raise _another(path, what) from None


def _row_of(path: Path, frame: pd.DataFrame, word: str, column: int = 0) -> int:
    """Return the row in which a column holds a word, which is where a table begins."""
    found = frame.index[frame[column].astype(str).str.strip() == word]
    if not len(found):
        raise _another(path, f"has no cell {word!r} in column {column + 1}")
    return int(found[0])


def _dollars(millions: pd.Series) -> pd.Series:
    """Return amounts in millions, of which some are blank, in whole dollars."""
    return (pd.to_numeric(millions).fillna(0.0) * _MILLION).round().astype("int64")


def _requirements(folder: Path, year: int) -> _Matrix:
    """Return the commodity-by-commodity total requirements and their published totals."""
    path = folder / REQUIREMENTS
    raw = _sheet(path, str(year))
    head, foot = _row_of(path, raw, "Code"), _row_of(path, raw, "T010")
    columns = [str(cell) for cell in raw.iloc[head, 2:]]
    frame = raw.iloc[head + 1 : foot + 1, 2:].astype("float64")
    frame.columns = pd.Index(columns)
    frame.index = pd.Index([str(code) for code in raw.iloc[head + 1 : foot + 1, 0]])
    codes = list(frame.index[:-1])
    if codes != columns:
        what = "is not square: its rows and columns are not the same commodities in one order"
        raise _another(path, what)
    return _Matrix(codes, [str(n) for n in raw.iloc[head + 1 : foot, 1]], frame)


def _long(required: _Matrix) -> bytes:
    """Return the requirements as a table of pairs, exact to the seven published decimals."""
    import pyarrow as pa

    n = len(required.codes)
    digits = np.rint(required.frame.iloc[:-1].to_numpy().T.ravel() * 1e7).astype(np.int64)
    kept = digits != 0
    names = pa.array(required.codes)

    def column(places: Any) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(places[kept].astype(np.int32)), names)

    wide = np.zeros((int(kept.sum()), 2), "<i8")  # a decimal of 128 bits, low half first
    wide[:, 0], wide[:, 1] = digits[kept], np.where(digits[kept] < 0, -1, 0)
    exact = pa.Array.from_buffers(pa.decimal128(12, 7), len(wide), [None, pa.py_buffer(wide)])
    inputs, outputs = np.tile(np.arange(n), n), np.repeat(np.arange(n), n)
    table = pa.table({"input": column(inputs), "output": column(outputs), "coefficient": exact})
    return _written(table, ["input", "output"], {"coefficient": "BYTE_STREAM_SPLIT"})


def _commodities(folder: Path, year: int, required: _Matrix) -> pd.DataFrame:
    """Return each commodity's supply at basic prices and its imports, in US dollars."""
    path = folder / SUPPLY
    raw = _sheet(path, str(year))
    head = _row_of(path, raw, "Code")
    header = [str(cell).strip() for cell in raw.iloc[head]]
    body = raw.iloc[head + 1 :]
    body = body.set_index(body[0].astype(str)).reindex(required.codes)
    amounts = {}
    for name, column in (("supply", "T013"), ("imports", "MCIF")):
        if column not in header:
            raise _another(path, f"has no column {column}")
        amounts[name] = _dollars(body[header.index(column)]).to_numpy()
    return pd.DataFrame(
        {
            "commodity": required.codes,
            "name": required.names,
            "supply": amounts["supply"],
            "imports": amounts["imports"].clip(min=0),
            "currency": _CURRENCY,
            "requirements_total": required.frame.iloc[-1].round(7).to_numpy(),
        }
    )


def _bridge(folder: Path, year: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the bridge from producers' to purchasers' values, and its categories."""
    path = folder / BRIDGE
    raw = _sheet(path, str(year))
    rows = raw.iloc[_row_of(path, raw, "NIPA Line") + 1 :].dropna(subset=[0, 2])
    money = ["producers_value", "transport", "wholesale", "retail", "purchasers_value"]
    bridge = pd.DataFrame({"category": rows[0].map(lambda line: str(int(line))),
                           "commodity": rows[2].astype(str)})  # fmt: skip
    for place, name in enumerate(money, 4):
        bridge[name] = _dollars(rows[place])
    bridge["currency"] = _CURRENCY
    core = set(pd.read_csv(folder / CORE)["nipa_u20404_line"].astype(str))
    names = rows.drop_duplicates(0)
    lines = names[0].map(lambda line: str(int(line)))
    categories = pd.DataFrame({"category": lines.to_numpy(),
                               "name": names[1].astype(str).map(_one_line).to_numpy()})  # fmt: skip
    categories["core_goods"] = categories["category"].isin(core).map({True: "true", False: "false"})
    return bridge, categories


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _concordance(folder: Path, commodities: Sequence[str], codes: Sequence[str]) -> pd.DataFrame:
    """Return the commodity of each code of the trade statistics: the longest code that begins it.

    A code that the concordance does not know is not in the table.
    """
    path = folder / CONCORDANCE
    raw = _sheet(path, "NAICS Codes")
    head = _row_of(path, raw, "Detail", 6)
    known = {str(c) for c in commodities}
    begins: dict[str, str] = {}
    for _, row in raw.iloc[head + 1 :].iterrows():
        detail, stem = str(row[6]).strip(), str(row[11]).strip().rstrip("*")
        if detail in known and stem.isdigit():
            begins[stem] = detail
    found = {code: _longest(code, begins) for code in codes}
    rows = [(code, commodity) for code, commodity in found.items() if commodity]
    return pd.DataFrame(rows, columns=["code", "commodity"])


def _longest(code: str, begins: Mapping[str, str]) -> str | None:
    return next((begins[code[:n]] for n in range(len(code), 1, -1) if code[:n] in begins), None)


def _receipts(path: Path) -> pd.DataFrame:
    """Return imports for consumption and calculated duty by code and month."""
    columns = ["NAICS", "time", "CON_VAL_MO", "CAL_DUT_MO"]
    try:
        raw = pd.read_parquet(path, columns=columns)
    except Exception as error:  # noqa: BLE001  # the reader has errors of its own of many kinds
        what = f"is not readable: {shortened(str(error), 120)}"
        raise _another(path, what, f"it needs the columns {', '.join(columns)}") from None
    frame = pd.DataFrame(
        {
            "month": raw["time"].astype(str),
            "code": raw["NAICS"].astype(str),
            "imports": pd.to_numeric(raw["CON_VAL_MO"]).astype("int64"),
            "duty": pd.to_numeric(raw["CAL_DUT_MO"]).astype("int64"),
        }
    )
    frame = frame[(frame["month"] >= _FIRST_MONTH) & ((frame["imports"] > 0) | (frame["duty"] > 0))]
    return frame.sort_values(["month", "code"], ignore_index=True)


def _receipts_file(receipts: pd.DataFrame) -> bytes:
    whole = receipts.assign(currency=_CURRENCY)
    encoding = {"imports": "DELTA_BINARY_PACKED", "duty": "DELTA_BINARY_PACKED"}
    return _parquet(whole, encoding, dictionary=("month", "code", "currency"))


def _goods(folder: Path, commodities: Sequence[str], imports: pd.DataFrame | None) -> pd.DataFrame:
    """Return the commodity of each product: by its ten digits, or by the longest it shares.

    Statistical suffixes change every half year; a product whose suffix is newer than the list
    takes the commodity of the products that share its first nine digits, or eight, down to four,
    where these agree on one.
    """
    listed = pd.read_csv(folder / GOODS, dtype=str).dropna(subset=["bea_detail_code"])
    listed = listed.assign(commodity=listed["bea_detail_code"].replace(_REPORTED_AS))
    listed = listed[listed["commodity"].isin(list(commodities))]
    known = dict(zip(listed["hs10"], listed["commodity"], strict=True))
    shared: dict[str, set[str]] = {}
    for code, commodity in known.items():
        for digits in range(4, 10):
            shared.setdefault(code[:digits], set()).add(commodity)
    everything = pd.read_csv(folder / GOODS, dtype=str)["hs10"]
    newer = set() if imports is None else set(imports["hts"]) - set(everything)
    for code in sorted(newer):
        near = next((shared[code[:n]] for n in range(9, 3, -1) if code[:n] in shared), set())
        if len(near) == 1:
            known[code] = next(iter(near))
    return pd.DataFrame(sorted(known.items()), columns=["hts", "commodity"])


_REPORTED_AS: Final = {"331314": "331313"}
"""An industry without a commodity of its own: the Bureau reports secondary smelting of aluminium
as primary production (note on the concordance)."""


def _weights(imports: pd.DataFrame) -> bytes:
    """Return the imports by product and partner, to the nearest thousand dollars."""
    sums = imports.groupby(["hts", "partner"], as_index=False)["customs_value"].sum()
    kept = sums[sums["customs_value"] >= _FLOOR].sort_values(["hts", "partner"])
    told = kept[["hts", "partner"]].assign(
        thousand_usd=np.rint(kept["customs_value"].to_numpy() / 1000).astype("int32")
    )
    total = f"{imports['customs_value'].sum():.0f}"
    return _parquet(told, {"thousand_usd": "BYTE_STREAM_SPLIT"}, dictionary=("hts", "partner"),
                    metadata={"total_usd": total})  # fmt: skip


def _prices(path: Path, items: bytes) -> bytes:
    """Return the index of each item by month, seasonally adjusted where it is published so."""
    try:
        raw = pd.read_csv(path)
        wanted = set(pd.read_csv(io.BytesIO(items))["item"])
        raw = raw[raw["item_code"].isin(wanted) & (raw["date"] >= f"{_FIRST_PRICES}-01")]
        adjusted = raw.groupby("item_code")["seasonally_adjusted"].transform("max")
        kept = raw[raw["seasonally_adjusted"] == adjusted].dropna(subset=["value"])
    except (OSError, ValueError, KeyError) as error:
        what = f"is not readable as price indices: {shortened(str(error), 120)}"
        remedy = "it needs the columns item_code, date, value, seasonally_adjusted"
        raise _another(path, what, remedy) from None
    frame = pd.DataFrame(
        {
            "item": kept["item_code"],
            "month": kept["date"].str[:7],
            "index": kept["value"],
            "adjusted": kept["seasonally_adjusted"] == 1,
        }
    )
    ordered = frame.sort_values(["item", "month"], ignore_index=True)
    return _parquet(ordered, {}, dictionary=("item", "month"))


def _parquet(
    frame: pd.DataFrame,
    encoding: Mapping[str, str],
    *,
    dictionary: Sequence[str],
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(metadata)
    return _written(table, list(dictionary), dict(encoding))


def _written(table: pa.Table, dictionary: list[str], encoding: dict[str, str]) -> bytes:
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(
        table,
        buffer,
        compression="zstd",
        compression_level=19,
        use_dictionary=dictionary,
        column_encoding=encoding or None,
    )
    return buffer.getvalue()


def _about(folder: Path, names: Sequence[str], year: int) -> bytes:
    """Return what the folder says of itself, with the digest of each official file."""
    digests = "\n".join(
        f'"{name}" = "{hashlib.sha256((folder / name).read_bytes()).hexdigest()}"' for name in names
    )
    text = f"""\
# Input-output accounts, made by: tariffimpact cost-push build
country = "USA"
year = {year}
credit = "US Bureau of Economic Analysis ({year} accounts), US Census Bureau"
requirements = "total"
sources = [{", ".join(f'"{source}"' for source in _SOURCES)}]

# SHA-256 of the official files they were made from
[files]
{digests}
"""
    return text.encode()
