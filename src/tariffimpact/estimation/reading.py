"""A panel as it is given: CSV, Parquet, a sheet, Stata or a frame, as a table of the engine.

Nothing of it is loaded into memory. A CSV file is read by its header alone: every cell is text
until a column is asked for, so that what cannot be read is told and not guessed.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.errors import DataError, Fault, shortened
from tariffimpact.memory import limit
from tariffimpact.units import listed
from tariffimpact.writing import scratch

if TYPE_CHECKING:
    import pandas as pd

    from tariffimpact.facts.sheets import Sheet

MEMORY: Final = "400MB"
"""What the engine may hold; what is more waits on disk."""
_MOST: Final = 1 << 50
"""Bytes of a panel: no limit, as it is not held in memory."""
_SHOWN: Final = 20
_PLAIN: Final = ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "UINTEGER", "DATE")
_SIGNS: Final = "US[$]|[$€£¥]|(?:USD|EUR|GBP|JPY|CNY|CAD|MXN|BRL|ARS|CHF|INR|KRW|AUD)"
_LOOKED_AT: Final = 10_000
_PERIOD: Final = re.compile(r"(19|20)\d\d([-/. ]?(\d{1,2}|[QqMm]\d{1,2})([-/. ]\d{1,2})?)?")
_MONTHS: Final = re.compile(
    r"(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?"
    r"|nov(ember)?|dec(ember)?)[- ]?\d{0,4}",
    re.IGNORECASE,
)
_YES: Final = "'1', '1.0', 'true', 'yes', 'y', 't', 'instock'"
_NO: Final = "'0', '0.0', 'false', 'no', 'n', 'f', 'outofstock', 'soldout'"


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of a panel holds what."""

    unit: str = "sku"
    time: str = "date"
    price: str = "price"
    treated: str | None = None
    """A column of 0 and 1, or with `treated_value` any column."""
    treated_value: str | None = None
    tariff: str | None = None
    """Rate of duty, a fraction of the customs value."""
    duty: str | None = None
    """Duty per unit, in the money of the price."""
    hts: str | None = None
    origin: str | None = None
    size: str | None = None
    weight: str | None = None
    cluster: str | None = None
    market: str | None = None
    stock: str | None = None
    controls: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    """Columns whose values have effects of their own, beside the unit and the time."""
    window: tuple[str | None, str | None] = (None, None)
    """First period kept, and the first no longer kept."""
    only: tuple[tuple[str, str], ...] = ()
    """Column and value: rows that have another are left out."""
    without: tuple[tuple[str, str], ...] = ()
    """Column and value: rows that have it are left out."""

    @property
    def named(self) -> list[str]:
        """Every column named, each once."""
        single = (
            self.unit, self.time, self.price, self.treated, self.tariff, self.duty, self.hts,
            self.origin, self.size, self.weight, self.cluster, self.market, self.stock,
        )  # fmt: skip
        chosen = [column for column, _ in (*self.only, *self.without)]
        return list(dict.fromkeys([*filter(None, single), *self.controls, *self.effects, *chosen]))

    @property
    def control_names(self) -> tuple[str, ...]:
        """The controls, the stock first."""
        return (*filter(None, [self.stock]), *self.controls)

    @property
    def clustered(self) -> bool:
        """Whether errors are clustered by another column than the unit."""
        return self.cluster is not None and self.cluster != self.unit


@dataclass(frozen=True, slots=True)
class Source:
    """A panel as a table `raw` of the engine, and how to speak of it."""

    connection: Any
    name: str
    types: dict[str, str]
    """Column to the engine's type; all text for CSV."""
    decimal_comma: bool
    first_line: int | None
    """Line of the first row in its file; None where rows have no lines."""

    @property
    def is_typed(self) -> bool:
        """Whether cells have types of their own, as in Parquet and frames."""
        return self.first_line is None

    def number(self, column: str) -> str:
        """Return the expression of a number: null where blank, NaN where unreadable."""
        name = quoted(column)
        if self.types[column] in ("BOOLEAN",):
            return f"CAST({name} AS DOUBLE)"
        if not self.is_text(column):
            value = f"CAST({name} AS DOUBLE)"
            return f"CASE WHEN isnan({value}) THEN NULL ELSE {value} END"
        sign = literal(self._sign(column))
        text = f"trim(replace({name}, {sign}, ''))" if sign != "''" else f"trim({name})"
        group, point = (".", ",") if self.decimal_comma else (",", ".")
        plain = f"replace({text}, ',', '.')" if self.decimal_comma else text
        digits = f"replace(replace({text}, '{group}', ''), '{point}', '.')"
        grouped = (
            f"CASE WHEN regexp_full_match({text}, "
            f"'[+-]?[0-9]{{1,3}}([{group}][0-9]{{3}})+([{point}][0-9]+)?')"
            f" THEN TRY_CAST({digits} AS DOUBLE)"
            f" WHEN regexp_full_match({plain}, '[+-]?[0-9.]+ ?%') THEN"
            f" TRY_CAST(regexp_replace({plain}, '[% ]', '', 'g') AS DOUBLE) / 100 END"
        )
        read = f"coalesce(TRY_CAST({plain} AS DOUBLE), {grouped}, 'nan'::DOUBLE)"
        finite = f"CASE WHEN isfinite({read}) THEN {read} ELSE 'nan'::DOUBLE END"
        return f"CASE WHEN {self.blank(column)} THEN NULL ELSE {finite} END"

    def _sign(self, column: str) -> str:
        """Return the sign of a currency that a column of text bears in its first rows, if any.

        A cell further down with another sign is then no number: two currencies are never mixed.
        """
        import duckdb

        try:
            found = self.connection.execute(
                f"SELECT s FROM (SELECT regexp_extract({quoted(column)}, '{_SIGNS}') AS s FROM "  # noqa: S608
                f"(SELECT {quoted(column)} FROM raw LIMIT {_LOOKED_AT})) WHERE s <> '' LIMIT 1"
            ).fetchone()
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            return ""  # what is wrong with the file is told when it is read whole
        return str(found[0]) if found else ""

    def text(self, column: str) -> str:
        """Return the expression of a text: null where blank, whole numbers without decimals."""
        name = quoted(column)
        if self.types[column] in ("DOUBLE", "FLOAT"):
            whole = f"CAST(CAST({name} AS BIGINT) AS VARCHAR)"
            return (
                f"CASE WHEN isnan({name}) THEN NULL WHEN {name} = round({name}) "
                f"AND abs({name}) < 1e15 THEN {whole} ELSE CAST({name} AS VARCHAR) END"
            )
        return f"nullif(trim(CAST({name} AS VARCHAR)), '')"

    def key(self, column: str) -> str:
        """Return the expression of a name to group by: as it stands where it is whole or a day."""
        if self.types[column] in _PLAIN:
            return quoted(column)
        return self.text(column)

    def blank(self, column: str) -> str:
        """Return the condition that a cell holds nothing."""
        if not self.is_text(column):
            return f"{quoted(column)} IS NULL"
        return f"coalesce(lower(trim({quoted(column)})), '') IN ('', 'na', 'nan', 'null', '.')"

    def is_text(self, column: str) -> bool:
        """Whether a column is of text."""
        return self.types[column] == "VARCHAR" or self.types[column].startswith("ENUM")

    def yes_or_no(self, column: str) -> str:
        """Return the expression of a yes or no: null where blank, NaN where it is neither."""
        if not self.is_text(column):
            value = self.number(column)
            return f"CASE WHEN {value} IN (0, 1) OR {value} IS NULL THEN {value} ELSE 'nan' END"
        text = f"regexp_replace(lower({self.text(column)}), '[^a-z0-9.]', '', 'g')"
        return (
            f"CASE WHEN {self.text(column)} IS NULL THEN NULL WHEN {text} IN ({_YES}) THEN 1.0 "
            f"WHEN {text} IN ({_NO}) THEN 0.0 ELSE 'nan'::DOUBLE END"
        )

    def equals(self, column: str, value: str) -> str:
        """Return the condition that a cell is a text, or the same number."""
        same = f"coalesce({self.text(column)} = {literal(value.strip())}, false)"
        try:
            number = float(value)
        except ValueError:
            return same
        return f"({same} OR coalesce(TRY_CAST({quoted(column)} AS DOUBLE) = {number!r}, false))"

    def where(self, row: int) -> str:
        """Return the place of a row, counted from 1."""
        if self.first_line is None:
            return f"{self.name}, row {row}"
        return f"{self.name}:{row + self.first_line - 1}"

    def missing(self, columns: Sequence[str]) -> list[Fault]:
        """Return a fault for every column that is not there, or one for periods as columns."""
        if all(column in self.types for column in columns):
            return []
        wide = [name for name in self.types if _PERIOD.fullmatch(name) or _MONTHS.fullmatch(name)]
        if len(wide) >= 3:
            what = f"has the periods as columns: {listed(wide[:3])} …"
            remedy = (
                "put them under each other (melt in pandas, unpivot in a sheet), one row a unit "
                "and period: unit, date, price"
            )
            return [Fault(self.name, what, remedy)]
        known = f"the columns are {listed(list(self.types))}"
        faults = []
        for column in dict.fromkeys(c for c in columns if c not in self.types):
            near = get_close_matches(column, self.types, n=1, cutoff=0.75)
            remedy = f"did you mean {near[0]}? {known}" if near else known
            faults.append(Fault(self.name, "column is missing", remedy, column))
        return faults

    def unreadable(self, said: str) -> Fault:
        """Return what the engine says of a broken file, in fewer words."""
        line = re.search(r"Line: (\d+)", said)
        where = f"{self.name}:{line[1]}" if line else self.name
        lines = [text.strip() for text in said.splitlines() if text.strip()]
        what = next((text for text in lines[1:] if not text.startswith("Original")), lines[0])
        remedy = 'put a cell that holds a comma, a quote or a line break in "double quotes"'
        if "unicode" in said.lower() or "utf-8" in said.lower():
            what = "it is not UTF-8 text"
            remedy = "save it as CSV UTF-8, or name its encoding: --encoding cp1252"
        return Fault(where, f"is not readable as CSV: {what}", remedy)

    def faults(
        self, condition: str, column: str, count: int, what: str, remedy: str
    ) -> list[Fault]:
        """Return a fault for each of the first rows that meet a condition, and how many more."""
        rows = self.connection.execute(
            f"SELECT n, v FROM (SELECT row_number() OVER () AS n, *, "  # noqa: S608  # names quoted
            f"CAST({quoted(column)} AS VARCHAR) AS v FROM raw) WHERE {condition} "
            f"ORDER BY n LIMIT {_SHOWN}"
        ).fetchall()
        found = [Fault(self.where(n), what, remedy, column, value or "") for n, value in rows]
        if count > len(rows):
            more = f"{what} in {count - len(rows):,} more rows"
            found.append(Fault(self.name, more, remedy, column))
        return found


def quoted(column: str) -> str:
    """Return a name as the engine reads it."""
    return '"' + column.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as the engine reads it."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def engine() -> Iterator[Any]:
    """Give a connection whose tables lie on disk, and remove them at the end.

    Raises
    ------
    DataError
        If the disk or the memory does not suffice.
    """
    import duckdb
    import pandas  # noqa: F401  # the engine would take want of memory to load it for its absence

    with scratch() as folder:
        connection = duckdb.connect(str(folder / "panel.duckdb"))
        try:
            connection.execute(f"SET memory_limit = '{MEMORY}'")
            connection.execute(f"SET temp_directory = {literal(str(folder))}")
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            if limit() is not None and isinstance(error, duckdb.OutOfMemoryException):
                raise MemoryError from None  # it is the limit of this process that does not suffice
            what = f"does not fit: {str(error).splitlines()[0]}"
            remedy = "give Parquet, fewer columns, or a larger temporary folder (TMPDIR)"
            raise DataError([Fault("the panel", what, remedy)]) from None
        finally:
            connection.close()


@contextmanager
def undamaged(panel: Path | pd.DataFrame) -> Iterator[None]:
    """Say of a Parquet file that it is damaged where that shows only while it is read.

    Raises
    ------
    DataError
        In place of what the engine says of the file.
    """
    import duckdb

    ours = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
    try:
        yield
    except duckdb.Error as error:
        path = Path(panel) if isinstance(panel, Path | str) else Path()
        is_full = isinstance(error, duckdb.OutOfMemoryException | duckdb.IOException)
        elsewhere = is_full and str(path) not in str(error)
        if ".parquet" not in _suffixes(path) or elsewhere or isinstance(error, ours):
            raise
        raise DataError([_no_parquet(path, error)]) from None


def open_source(
    connection: Any,
    panel: Path | pd.DataFrame,
    wanted: Sequence[str] = (),
    *,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Source:
    """Return a panel as the table `raw` of the engine.

    Parameters
    ----------
    connection
        An engine.
    panel
        A frame, or a file: CSV, .csv.gz, .parquet, .xlsx, .dta or .dta.gz.
    wanted
        Columns that the header has: what stands above it in a CSV is passed over.
    encoding, sheet
        Encoding of a CSV that is neither UTF-8 nor UTF-16 with its mark; sheet of a workbook.

    Raises
    ------
    DataError
        If the file is not there, is empty, has no header, or is no text.
    """
    if not isinstance(panel, Path | str):
        return _frame(connection, panel, "the frame")
    path = Path(panel)
    if path.is_dir():
        remedy = "give a file: CSV, .csv.gz, .parquet, .xlsx or .dta"
        raise DataError([Fault(str(path), "is a folder", remedy)])
    suffixes = _suffixes(path)
    if path.is_file() and ".parquet" in suffixes:
        return _parquet(connection, path)
    if path.is_file() and ".dta" in suffixes:
        return _frame(connection, _stata(path), str(path))
    from tariffimpact.facts.sheets import Sheet  # a frame or Parquet needs none of the facts

    opened = Sheet(path, encoding=encoding, name=sheet, limit=_MOST)
    if opened.is_workbook:
        return _frame(connection, _sheet(opened), str(path))
    return _csv(connection, opened, wanted)


def _frame(connection: Any, frame: pd.DataFrame, name: str) -> Source:
    import pandas as pd

    plain = frame.copy(deep=False)
    plain.columns = pd.Index([str(column) for column in plain.columns])
    for column, kind in plain.dtypes.items():
        if isinstance(kind, pd.PeriodDtype | pd.CategoricalDtype | pd.IntervalDtype):
            plain[column] = plain[column].astype("str").where(plain[column].notna(), None)
    connection.register("frame", plain)
    connection.execute("CREATE VIEW raw AS SELECT * FROM frame")
    return Source(connection, name, _types(connection), False, None)


def _parquet(connection: Any, path: Path) -> Source:
    import duckdb

    try:
        connection.execute(
            f"CREATE VIEW raw AS SELECT * FROM read_parquet({literal(str(path))})"  # noqa: S608
        )
    except duckdb.Error as error:
        raise DataError([_no_parquet(path, error)]) from None
    return Source(connection, str(path), _types(connection), False, None)


def _no_parquet(path: Path, error: Exception) -> Fault:
    what = f"cannot be read as Parquet: {shortened(str(error).splitlines()[0], 200)}"
    return Fault(str(path), what, "check the file, or give CSV")


def _suffixes(path: Path) -> list[str]:
    return [suffix.lower() for suffix in path.suffixes]


def _stata(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a damaged file makes of numbers
            return pd.read_stata(path, convert_categoricals=True)
    except Exception as error:  # noqa: BLE001  # damage shows as whatever the reader stumbles over
        what = f"cannot be read as Stata: {shortened(str(error), 200) or type(error).__name__}"
        raise DataError([Fault(str(path), what, "save it as CSV")]) from None


def _sheet(opened: Sheet) -> pd.DataFrame:
    import pandas as pd
    from python_calamine import CalamineError

    try:
        return pd.read_excel(opened.path, sheet_name=opened.name, engine="calamine")
    except (ValueError, OSError, CalamineError) as error:
        what = f"cannot be read as a spreadsheet: {error}"
        raise DataError([Fault(str(opened.path), what, "save its first sheet as CSV")]) from None


def _csv(connection: Any, opened: Sheet, wanted: Sequence[str]) -> Source:
    line, header = _header(opened, wanted)
    copied = opened.encoding != "utf-8-sig" or not opened.path.is_file()
    path = _as_utf8(connection, opened) if copied else str(opened.path)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    options = {
        "delim": literal(opened.separator),
        "header": "true",
        "quote": "'\"'",
        "escape": "'\"'",
        "auto_detect": "false",
        "skip": str(line - 1),
        "columns": f"{{{columns}}}",
        "max_line_size": "4194304",
        "compression": "'gzip'" if opened.zipped and not copied else "'none'",
    }
    given = ", ".join(f"{name} = {value}" for name, value in options.items())
    connection.execute(
        f"CREATE VIEW raw AS SELECT * FROM read_csv({literal(path)}, {given})"  # noqa: S608
    )
    types = dict.fromkeys(header, "VARCHAR")
    return Source(connection, str(opened.path), types, opened.separator == ";", line + 1)


def _header(opened: Sheet, wanted: Sequence[str]) -> tuple[int, list[str]]:
    """Return the line of the header and the names of the columns; find what separates them.

    The header is the first row that has all columns wanted; without one, the first row.
    """

    def fits(cells: Sequence[str]) -> bool:
        return bool(wanted) and set(wanted) <= {cell.strip() for cell in cells}

    line, cells = opened.header(fits)
    if not fits(cells):
        line, cells = _widest(opened) or (line, cells)
    names = [cell.strip() or f"column{n}" for n, cell in enumerate(cells, start=1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        where = f"{opened.path}:{line}"
        raise DataError([Fault(where, "column stands twice", "keep one", name) for name in twice])
    return line, names


def _widest(opened: Sheet) -> tuple[int, list[str]] | None:
    """Return the first row, separated by what makes most cells of it."""
    from tariffimpact.facts.sheets import SEPARATORS

    found: dict[str, tuple[int, list[str]]] = {}
    for separator in SEPARATORS:
        opened.separator = separator
        with suppress(DataError, StopIteration):
            found[separator] = next(opened.rows())
    if not found:
        return None
    opened.separator = max(found, key=lambda separator: len(found[separator][1]))
    return found[opened.separator]


def _as_utf8(connection: Any, opened: Sheet) -> str:
    """Return a copy of a text in UTF-8, which is what the engine reads, beside its tables."""
    (folder,) = connection.execute("SELECT current_setting('temp_directory')").fetchone()
    copy = Path(str(folder)) / "panel.csv"
    opened.write_utf8(copy)
    return str(copy)


def _types(connection: Any) -> dict[str, str]:
    return {str(row[0]): str(row[1]) for row in connection.execute("DESCRIBE raw").fetchall()}
