"""The input-output accounts of a country and a year: what each commodity is made of and used for.

A folder of tables, the shipped one or a user's own, is read whole and checked whole: a table that
stands on its side, a share above one, a category that nobody buys, two currencies, a negative
supply are named together, each with its remedy.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import numpy as np
import pandas as pd
from pydantic import Field, StringConstraints

from tariffimpact.arguments import Array
from tariffimpact.errors import DataError, Fault, shortened
from tariffimpact.facts import Record, shipped_folder
from tariffimpact.facts.fields import Currency, Text
from tariffimpact.facts.tables import Table, read_table

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,16}$")]
Number = Annotated[float, Field(allow_inf_nan=False, gt=-1e18, lt=1e18)]
KINDS: Final = ("total", "input")
"""What `requirements` may hold: total requirements, or input coefficients."""
_TOTAL: Final = 5e-6
"""How far a column may stand from its published total for each of its entries: rounding."""
_GUIDE: Final = "see the codebook in data/README.md, section costpush"
R = TypeVar("R", bound=Record)


class Commodity(Record):
    """A commodity of the accounts."""

    commodity: Code
    name: Text
    supply: Number
    """Total supply at basic prices, in `currency`."""
    imports: Number
    """Of it imported, at the price with insurance and freight, in `currency`."""
    currency: Currency
    requirements_total: Number
    """Sum of its column of `requirements`, as published: what tells a table on its side."""


class Category(Record):
    """A category of consumption."""

    category: Code
    name: Text
    core_goods: bool
    """Whether it is of the group whose total is told first."""


class BridgeRow(Record):
    """What buyers of a category pay for one commodity, and where the money goes."""

    category: Code
    commodity: Code
    producers_value: Number
    transport: Number
    wholesale: Number
    retail: Number
    purchasers_value: Number
    currency: Currency


class Requirement(Record):
    """What a unit of one commodity needs of another."""

    input: Code
    output: Code
    coefficient: Number


class CodeRow(Record):
    """The commodity a code of the trade statistics belongs to, as the concordance has it."""

    code: Code
    commodity: Code


class MappingRow(Record):
    """Where a code goes that the concordance does not know; nowhere if `commodity` is blank."""

    code: Code
    commodity: Code | None = None
    share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
    reason: Text


@dataclass(frozen=True)
class Accounts:
    """Input-output accounts, bridge and concordance, checked."""

    folder: Path
    country: str
    year: int
    credit: str
    """Who published them, for a credit line."""
    commodities: pd.DataFrame
    """`commodity`, `name`, `supply`, `imports`, in the order of the matrices."""
    total_requirements: Array
    """L: output of row i needed for a unit of column c's final use."""
    categories: pd.DataFrame
    """`category`, `name`, `core_goods`."""
    bridge: pd.DataFrame
    """Fields of `BridgeRow`."""
    concordance: dict[str, str]
    mapping: tuple[MappingRow, ...]

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The commodities, in the order of the matrices."""
        return tuple(self.commodities["commodity"])

    @cached_property
    def places(self) -> dict[str, int]:
        """Commodity to its place."""
        return {code: n for n, code in enumerate(self.codes)}

    @cached_property
    def import_shares(self) -> Array:
        """Share of each commodity's supply that is imported, 0 to 1."""
        supply = self.commodities["supply"].to_numpy(np.float64)
        imports = self.commodities["imports"].to_numpy(np.float64)
        share = np.divide(imports, supply, out=np.zeros_like(supply), where=supply > 0)
        return np.asarray(np.clip(share, 0, 1))

    @cached_property
    def coefficients(self) -> Array:
        """A: input of row i in a unit of output of column c; A = I - L^-1."""
        return np.eye(len(self.codes)) - np.linalg.inv(self.total_requirements)

    @cached_property
    def requirements_made(self) -> dict[str, Any]:
        """The `Requirements` already made of these accounts, by their rule."""
        return {}

    def name(self, commodity: str) -> str:
        """Return what a commodity is called."""
        return str(self.commodities["name"].iloc[self.places[commodity]])


def shipped_accounts() -> Path:
    """Return the folder of the shipped accounts: the United States, 2017, in 402 commodities."""
    return shipped_folder("data") / "costpush"


def read_accounts(folder: Path | None = None) -> Accounts:
    """Read a folder of input-output accounts.

    Parameters
    ----------
    folder
        Folder with `accounts.toml`, `commodities.csv`, `categories.csv`, `bridge.csv`,
        `codes.csv`, `mapping.csv` and `requirements.parquet` (or `.csv`); the shipped one if None.

    Returns
    -------
    Accounts
        Nothing in them needs to be checked again.

    Raises
    ------
    DataError
        With every fault of every table, each with its remedy.

    Examples
    --------
    >>> accounts = read_accounts()
    >>> accounts.country, accounts.year, len(accounts.codes)
    ('USA', 2017, 402)
    """
    folder = shipped_accounts() if folder is None else folder
    faults: list[Fault] = []
    about = _about(folder / "accounts.toml", faults)
    commodities = _rows(folder / "commodities.csv", Commodity, faults)
    categories = _rows(folder / "categories.csv", Category, faults)
    bridge = _rows(folder / "bridge.csv", BridgeRow, faults)
    codes = _rows(folder / "codes.csv", CodeRow, faults)
    mapping = _rows(folder / "mapping.csv", MappingRow, faults)
    names = [row.commodity for row in commodities.records]
    faults += [*_repeated(commodities, "commodity"), *_repeated(categories, "category")]
    faults += _repeated(codes, "code")
    matrix = _matrix(folder, names, faults) if names and not commodities.faults else None
    if matrix is not None:
        faults += _orientation(folder, commodities.records, matrix)
        matrix, found = _total(folder, matrix, str(about.get("requirements")))
        faults += found
    faults += [*_supplied(commodities), *_one_currency(commodities, bridge)]
    faults += [*_bought(categories, bridge), *_at_home(commodities, categories, bridge)]
    faults += [*_mapped(commodities, codes, mapping)]
    if faults:
        raise DataError(faults)
    assert matrix is not None

    return Accounts(
        folder=folder,
        country=str(about["country"]),
        year=int(about["year"]),
        credit=str(about["credit"]),
        commodities=frame_of(commodities),
        total_requirements=matrix,
        categories=frame_of(categories),
        bridge=frame_of(bridge),
        concordance={row.code: row.commodity for row in codes.records},
        mapping=mapping.records,
    )


def _rows(path: Path, kind: type[R], faults: list[Fault]) -> Table[R]:
    table = read_table(path, kind)
    faults.extend(table.faults)
    return table


def _about(path: Path, faults: list[Fault]) -> dict[str, Any]:
    """Return what the folder says of itself, and blame what it leaves out."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        faults.append(Fault(str(path), "is not there", f"add it; {_GUIDE}"))
        return {}
    except (OSError, ValueError, RecursionError) as error:
        faults.append(Fault(str(path), f"is not readable as TOML: {error}", _GUIDE))
        return {}
    kinds: dict[str, type] = {"country": str, "year": int, "credit": str, "requirements": str}
    for key, kind in kinds.items():
        if not isinstance(told.get(key), kind):
            faults.append(Fault(str(path), "is missing or of another type", _GUIDE, key))
    if isinstance(told.get("requirements"), str) and told["requirements"] not in KINDS:
        remedy = "write total (output per unit of final use) or input (input per unit of output)"
        faults.append(Fault(str(path), "is not a kind of table", remedy, "requirements",
                            told["requirements"]))  # fmt: skip
    return told


def _matrix(folder: Path, codes: Sequence[str], faults: list[Fault]) -> Array | None:
    """Return the square table, rows inputs and columns outputs, or blame its file."""
    kinds = {"input": "string", "output": "string", "coefficient": "float64"}
    try:
        path, frame = read_either(folder, "requirements", kinds, Requirement)
    except DataError as error:
        faults.extend(error.faults)
        return None
    if not np.isfinite(frame["coefficient"]).all():
        remedy = "give every pair a number, and leave out the pairs that are zero"
        faults.append(Fault(str(path), "holds a cell that is no number", remedy, "coefficient"))
        return None
    known, places, found = {code: n for n, code in enumerate(codes)}, {}, len(faults)
    for column in ("input", "output"):
        places[column] = frame[column].map(known)
        strange = sorted({str(code) for code in frame[column][places[column].isna()]})
        if strange:
            what = f"names {len(strange)} codes that commodities.csv does not have"
            remedy = "use one list of commodities in both tables"
            faults.append(Fault(str(path), what, remedy, column, ", ".join(strange[:5])))
    if len(faults) > found:
        return None
    rows, columns = (places[column].to_numpy(np.int64) for column in ("input", "output"))
    again = frame.duplicated(["input", "output"]).to_numpy()
    if again.any():
        i, j = min(zip(rows[again].tolist(), columns[again].tolist(), strict=True))
        what = f"has the pair of input {codes[i]} and output {codes[j]} more than once"
        faults.append(Fault(str(path), what, "keep one row a pair"))
        return None
    matrix = np.zeros((len(codes), len(codes)))
    matrix[rows, columns] = frame["coefficient"]
    return matrix


def read_either(
    folder: Path, name: str, kinds: dict[str, str], record: type[R]
) -> tuple[Path, pd.DataFrame]:
    """Read a table that is parquet or CSV, and return its file and its columns.

    Raises
    ------
    DataError
        If neither is there, or it is not what `kinds` or the record of its rows say.
    """
    path = folder / f"{name}.parquet"
    if path.exists():
        return path, read_parquet(path, kinds)
    table = read_table(folder / f"{name}.csv", record)
    if table.faults:
        raise DataError(table.faults)
    return table.path, frame_of(table)


def frame_of(table: Table[Any]) -> pd.DataFrame:
    """Return the records of a table as a frame."""
    return pd.DataFrame([record.model_dump() for record in table.records])


def read_parquet(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    """Read columns of a parquet file as given types, refusing a damaged file or another one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=list(columns)).select(list(columns))
        table.validate(full=True)  # a text need not be UTF-8 before
        kinds = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in columns.items()])
        frame: pd.DataFrame = table.cast(kinds).to_pandas(ignore_metadata=True)
        return frame
    except FileNotFoundError:
        raise DataError([Fault(str(path), "is not there", _GUIDE)]) from None
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        what = f"is not readable: {shortened(str(error), 120)}"
        remedy = f"it needs the columns {', '.join(columns)}"
        raise DataError([Fault(str(path), what, remedy)]) from None


def _orientation(folder: Path, commodities: Sequence[Commodity], matrix: Array) -> Iterator[Fault]:
    """Blame a table whose columns do not sum to the published totals, and say if its rows do."""
    stated = np.array([row.requirements_total for row in commodities])
    allowed = _TOTAL * len(stated) + 1e-6 * np.abs(stated)
    gaps = [np.abs(matrix.sum(axis=axis) - stated) for axis in (0, 1)]
    off = gaps[0] > allowed
    if not off.any():
        return
    where = str(folder / "requirements")
    if not (gaps[1] > allowed).any():
        what = "is transposed: its rows, not its columns, sum to requirements_total"
        yield Fault(where, what, "swap the columns input and output; a column is what one output "
                    "needs", "input, output")  # fmt: skip
        return
    worst = int(np.argmax(gaps[0]))
    code = commodities[worst].commodity
    what = (
        f"{int(off.sum())} columns do not sum to requirements_total of commodities.csv: "
        f"{code} sums to {matrix.sum(axis=0)[worst]:.4f}, stated {stated[worst]:.4f}"
    )
    yield Fault(where, what, "check for rows left out, or state the totals of this table")


def _total(folder: Path, matrix: Array, kind: str) -> tuple[Array, list[Fault]]:
    """Return total requirements, from input coefficients where the table holds those."""
    where = str(folder / "requirements")
    try:
        table = matrix if kind == "total" else np.eye(len(matrix)) - matrix
        inverse = np.asarray(np.linalg.inv(table), np.float64)
    except np.linalg.LinAlgError:
        what = "is not the table of an economy that can produce: it has no inverse"
        remedy = "check accounts.toml, requirements: total or input"
        return matrix, [Fault(where, what, remedy)]
    if kind == "input" and (np.diag(inverse) < 1 - 1e-9).any():
        what = "needs more than a unit of input for a unit of output"
        remedy = "give coefficients per unit of output, in money over money"
        return matrix, [Fault(where, what, remedy)]
    return (matrix if kind == "total" else inverse), []


def _repeated(table: Table[R], column: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for row in table.rows:
        key = str(getattr(row.record, column))
        if key in seen:
            yield table.fault(row, column, "stands twice", "keep one row")
        seen.add(key)


def _supplied(table: Table[Commodity]) -> Iterator[Fault]:
    """Blame a negative supply and a share of imports above one."""
    for row in table.rows:
        record = row.record
        if record.supply < 0:
            yield table.fault(row, "supply", "is negative", "give total supply at basic prices; "
                              "put a fall of stocks on the use side")  # fmt: skip
        elif record.imports > record.supply * (1 + 1e-9):
            what = f"is above supply, an import share of {_share(record)}"
            yield table.fault(row, "imports", what, "give both for the same commodity, year and "
                              "unit; supply includes imports")  # fmt: skip


def _share(record: Commodity) -> str:
    return f"{record.imports / record.supply:.0%}" if record.supply else "more than all"


def _one_currency(*tables: Table[Any]) -> Iterator[Fault]:
    """Blame every row whose currency is not that of the first row of all tables."""
    first = next((row.record.currency for table in tables for row in table.rows), "")
    for table in tables:
        for row in table.rows:
            if row.record.currency != first:
                what = f"differs from the other rows, which are in {first}"
                yield table.fault(row, "currency", what, "convert the row at one dated rate")


def _bought(categories: Table[Category], bridge: Table[BridgeRow]) -> Iterator[Fault]:
    """Blame a category without weight: no row of the bridge, or rows that sum to nothing."""
    spent: dict[str, float] = {}
    for row in bridge.records:
        spent[row.category] = spent.get(row.category, 0.0) + row.purchasers_value
    if bridge.faults:
        return
    for line in categories.rows:
        value = spent.get(line.record.category)
        if not value:  # a deduction, such as what visitors from abroad spend, is negative
            what = "has no weight: " + (
                "no row of bridge.csv" if value is None else "its purchasers' values sum to 0"
            )
            yield categories.fault(line, "category", what, "add what is spent on it, or remove it")


def _at_home(
    commodities: Table[Commodity], categories: Table[Category], bridge: Table[BridgeRow]
) -> Iterator[Fault]:
    """Blame codes of the bridge that another table does not have, and values that do not add up."""
    known = {"commodity": commodities.keys("commodity"), "category": categories.keys("category")}
    for row in bridge.rows:
        for column, keys in known.items():
            if keys is not None and getattr(row.record, column) not in keys:
                table = {"commodity": "commodities", "category": "categories"}[column]
                yield bridge.fault(row, column, "is unknown", f"add its row to {table}.csv")
        record = row.record
        parts = record.producers_value + record.transport + record.wholesale + record.retail
        if abs(parts - record.purchasers_value) > 0.02 * abs(record.purchasers_value) + 3e6:
            what = f"is not the sum of its parts, {parts:,.0f}"
            yield bridge.fault(row, "purchasers_value", what, "check the row's five amounts")


def _mapped(
    commodities: Table[Commodity], codes: Table[CodeRow], mapping: Table[MappingRow]
) -> Iterator[Fault]:
    """Blame unknown targets, codes mapped twice over, and shares that are not one in all."""
    known = commodities.keys("commodity")
    if known is None:  # the table could not be read, which is told already
        return
    for row in codes.rows:
        if row.record.commodity not in known:
            yield codes.fault(row, "commodity", "is unknown", "add its row to commodities.csv")
    concordance = {row.code for row in codes.records}
    shares: dict[str, float] = {}
    for line in mapping.rows:
        record = line.record
        shares[record.code] = shares.get(record.code, 0.0) + record.share
        if record.commodity is not None and record.commodity not in known:
            yield mapping.fault(line, "commodity", "is unknown", "add its row to commodities.csv")
        if record.code in concordance:
            yield mapping.fault(line, "code", "is in codes.csv too", "keep it in one of the two")
    for code, share in shares.items():
        if abs(share - 1) > 1e-6:
            what = f"the shares of code {code} sum to {share:g}"
            yield Fault(str(mapping.path), what, "make them sum to 1", "share")
