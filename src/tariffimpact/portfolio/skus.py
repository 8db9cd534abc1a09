"""Reading a file of products: row by row, every fault told, nothing silently mended."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.errors import DataError, Fault
from tariffimpact.facts.fields import DayOrder, NumberStyle
from tariffimpact.facts.user_tables import Chunk, Columns, UserTable, open_table, read_cells
from tariffimpact.portfolio.goods import KnownGoods, amount
from tariffimpact.portfolio.layouts import OF_PRODUCTS, Layout, names_of, recognised
from tariffimpact.units import listed

if TYPE_CHECKING:
    import pandas as pd

NEEDED: Final = ("sku", "hts", "origin", "customs_value")
"""Columns that a file of products must have; `hts` and `origin` not where it has `rate`."""
OPTIONAL: Final = (
    "company", "price", "currency", "units", "unit_cost", "freight", "dutiable_share",
    "metal_content", "metal_weight", "demand_elasticity", "duty_quantity", "entered_on", "claims",
    "use", "spi", "rate", "rate_before", "transport", "entry_value", "per",
)  # fmt: skip
"""Columns that it may have; what each means is in `data/README.md`."""
MAX_BYTES: Final = 1_000_000_000
"""A larger file is no list of products; import lines go to `effective-rate`."""
TOO_LARGE: Final = "split it, or charge it as import lines with tariffimpact effective-rate"

_MOST: Final = 1e12
"""More than this a unit, or a year, is a slip, and its cents are beyond a float."""
_NUMBERS: Final[dict[str, tuple[float, float, bool, str]]] = {
    "customs_value": (0.0, _MOST, False, "give the declared value of one unit, in US dollars"),
    "price": (0.0, _MOST, False, "give the shelf price of one unit before sales tax, US dollars"),
    "units": (0.0, _MOST, True, "give the units a year"),
    "unit_cost": (0.0, _MOST, False, "give the seller's cost of one unit before the duty changed"),
    "freight": (0.0, _MOST, True, "give freight and insurance of one unit, in US dollars"),
    "demand_elasticity": (0.0, 1000.0, False, "give -(p/q) dq/dp, a positive number"),
    "duty_quantity": (0.0, _MOST, True, "give the kilograms, litres or pieces in one unit"),
    "entry_value": (0.0, _MOST, False, "give the value of the whole entry, in US dollars"),
    "per": (0.0, 1e9, False, "give the number of units that the price is of"),
}
_SHARES: Final[dict[str, tuple[float, float, bool, str]]] = {
    "dutiable_share": (0.0, 1.0, False, "write the share of the customs value, 60% or 0.6"),
    "metal_content": (0.0, 1.0, True, "write the share of the customs value, 60% or 0.6"),
    "metal_weight": (0.0, 1.0, True, "write the metal's share of the weight, 60% or 0.6"),
    "rate": (0.0, 10.0, True, "write the duty known, 15% or 0.15"),
    "rate_before": (0.0, 10.0, True, "write the duty known of the day of comparison, 15% or 0.15"),
}
TRANSPORT: Final = ("sea", "air", "road", "rail")
_TRANSPORT: Final[dict[str, str]] = {
    **{name: name for name in TRANSPORT}, "vessel": "sea", "ocean": "sea", "ship": "sea",
    "truck": "road", "train": "rail", "plane": "air", "10": "sea", "11": "sea", "20": "rail",
    "21": "rail", "30": "road", "31": "road", "40": "air", "41": "air",
}  # fmt: skip
"""How goods come in, in words or as the mode of transport of an entry summary."""


@dataclass(frozen=True, slots=True)
class SkuChunk:
    """Some rows of a file: the valid ones as numbers, and what is wrong with the others."""

    frame: pd.DataFrame
    """Column `line`, those of the file and the extra ones asked for; a blank number is NaN, blank
    claims are `()`."""
    faults: tuple[Fault, ...]
    bytes_read: int


@dataclass(frozen=True, slots=True)
class SkuFile:
    """A file of products, opened."""

    table: UserTable
    layout: Layout | None
    joined: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Cells of a second file, by SKU and our column."""
    joined_columns: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def columns(self) -> frozenset[str]:
        """Our columns that it has."""
        return frozenset({*self.table.places, *self.joined_columns})

    def described(self) -> str:
        """Return how the file was read, and what that supposes."""
        words = [self.table.described()]
        if self.layout:
            words.append(f"It is laid out as {self.layout.name}. {self.layout.says}".strip())
        if "currency" not in self.columns:
            words.append("Money is taken to be US dollars.")
        unused = [name for name in self.table.extra if name not in self.extra]
        if unused:
            words.append(f"Not used: {listed(unused)}.")
        return " ".join(words)


def open_skus(
    path: Path,
    *,
    rename: Mapping[str, str] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    join: Path | None = None,
    extra: Iterable[str] = (),
) -> SkuFile:
    """Open a file of products, with a second one that has what the first lacks.

    Parameters
    ----------
    path
        CSV or .xlsx with the columns `NEEDED` and any of `OPTIONAL`, by our names, by those of a
        layout, or by `rename`. Money is in US dollars per unit.
    rename
        Our name of a column to the file's.
    encoding, sheet
        See `open_table`.
    join
        A file with `sku` and further columns.
    extra
        Columns of the file to group by.

    Raises
    ------
    DataError
        If a file as a whole cannot be read, or a column is missing from both.
    """
    layout = recognised(path, OF_PRODUCTS, encoding=encoding, sheet=sheet, limit=MAX_BYTES)
    other = _second(join, encoding) if join else None
    renamed = dict(rename or {})
    left = tuple(n for n in NEEDED if other is None or n not in other.places or n == "sku")
    known = open_table(
        path, _columns(("sku",), layout), rename=renamed, encoding=encoding, sheet=sheet,
        limit=MAX_BYTES, too_large=TOO_LARGE,
    )  # fmt: skip
    if "rate" in known.places:
        left = tuple(name for name in left if name not in ("hts", "origin"))
    table = open_table(
        path, _columns(left, layout), rename=renamed, encoding=encoding, sheet=sheet,
        limit=MAX_BYTES, too_large=TOO_LARGE,
    )  # fmt: skip
    asked = tuple(extra)
    table.with_extra(name for name in asked if name not in (*NEEDED, *OPTIONAL))
    if other is None:
        return SkuFile(table, layout, extra=asked)
    supplied = tuple(n for n in other.places if n not in table.places)
    return SkuFile(table, layout, _by_sku(other, supplied), supplied, asked)


def _columns(needed: Sequence[str], layout: Layout | None) -> Columns:
    rest = tuple(name for name in (*NEEDED, *OPTIONAL) if name not in needed)
    numbers = frozenset({*_NUMBERS, *_SHARES})
    return Columns(tuple(needed), rest, names_of(layout), numbers, frozenset({"entered_on"}))


def _second(path: Path, encoding: str | None) -> UserTable:
    layout = recognised(path, OF_PRODUCTS, encoding=encoding, limit=MAX_BYTES)
    return open_table(path, _columns(("sku",), layout), encoding=encoding, limit=MAX_BYTES)


def _by_sku(table: UserTable, columns: Sequence[str]) -> dict[str, dict[str, str]]:
    cells: dict[str, dict[str, str]] = {}
    faults: list[Fault] = []
    for chunk in table.chunks():
        faults.extend(chunk.faults)
        for place, sku in enumerate(chunk.columns["sku"]):
            given = {name: chunk.columns[name][place] for name in columns}
            if sku and cells.setdefault(sku, given) != given:
                where = f"{table.path}:{chunk.lines[place]}"
                what = "stands twice with different cells"
                faults.append(Fault(where, what, "keep one row a SKU", "sku", sku))
    if faults:
        raise DataError(faults)
    return cells


def read_skus(
    file: SkuFile, known: KnownGoods, *, on: date | None = None, chunk: int = 50_000
) -> Iterator[SkuChunk]:
    """Yield the rows of a file of products, a chunk at a time.

    Parameters
    ----------
    file
        The file, opened.
    known
        What the schedule knows.
    on
        Day of entry of rows that have none of their own.
    chunk
        Rows at a time.

    Yields
    ------
    SkuChunk
        Valid rows and faults, in file order.

    Raises
    ------
    DataError
        If no row has a day, or the file breaks off.
    """
    if on is None and "entered_on" not in file.columns:
        where = f"{file.table.path}:{file.table.line}"
        raise DataError([Fault(where, "column is missing", "add it, or give --on", "entered_on")])
    rows = _Rows(file, known, on, _repeated(file.table))
    for part in file.table.chunks(chunk):
        yield rows.chunk(part)


def _repeated(table: UserTable) -> frozenset[int]:
    """Return the hashes of the SKUs that stand on more than one line.

    Read before the rows are: so that only these are remembered, eight bytes a row for a moment,
    and a file that breaks off in its last line is refused before its first is charged.
    """
    import numpy as np

    place = table.places["sku"]
    rows = (cells for line, cells in table.sheet.rows() if line > table.line and len(cells) > place)
    hashes = array("q", (hash(cells[place].strip()) for cells in rows))
    values, counts = np.unique(np.frombuffer(hashes, dtype=np.int64), return_counts=True)
    return frozenset(values[counts > 1].tolist())


@dataclass(slots=True)
class _Rows:
    """Turns chunks of text into chunks of numbers, remembering the SKUs that come again."""

    file: SkuFile
    known: KnownGoods
    on: date | None
    repeated: frozenset[int]
    seen: dict[str, int] = field(default_factory=dict)

    def chunk(self, part: Chunk) -> SkuChunk:
        import pandas as pd

        reading = _Reading(self.file, part, self.known)
        columns = reading.columns(self.on)
        for place, sku in enumerate(part.columns["sku"]):
            if sku and hash(sku) in self.repeated:
                line = self.seen.setdefault(sku, part.lines[place])
                if line != part.lines[place]:
                    reading.blame("sku", place, f"repeats line {line}", "one row a SKU", sku)
        frame = pd.DataFrame({"line": list(part.lines), **columns})
        for name in ("entered_on",):
            frame[name] = pd.to_datetime(frame[name])
        whole = [place not in reading.wrong for place in range(len(part.lines))]
        faults = [f for row in sorted(reading.wrong) for f in reading.wrong[row]]
        return SkuChunk(
            frame[whole].reset_index(drop=True), (*part.faults, *faults), part.bytes_read
        )


class _Reading:
    """The cells of a chunk as values, and what is wrong with them, by row."""

    def __init__(self, file: SkuFile, part: Chunk, known: KnownGoods) -> None:
        self.file, self.known = file, known
        self.wrong: dict[int, list[Fault]] = {}
        held = dict(part.columns)
        skus = part.columns["sku"]
        for name in file.joined_columns:
            held[name] = [file.joined.get(sku, {}).get(name, "") for sku in skus]
        self.part = Chunk(part.lines, held, (), part.styles, part.bytes_read)

    def blame(self, column: str, place: int, what: str, remedy: str, text: str | None) -> None:
        where = f"{self.file.table.path}:{self.part.lines[place]}"
        self.wrong.setdefault(place, []).append(Fault(where, what, remedy, column, text))

    def columns(self, on: date | None) -> dict[str, list[Any]]:
        """Return every column, in our order, reading all and blaming what is wrong."""
        rated = [bool(text) for text in self.texts("rate")]
        values: dict[str, list[Any]] = {"sku": self.named("sku")}
        values["company"] = self.named("company", blank="unnamed")
        values["hts"] = self.read("hts", self.known.code, "", unless=rated,
                                  blank="give the HTS code, 10 digits as text")  # fmt: skip
        values["origin"] = self.read("origin", self.known.origin, "", unless=rated,
                                     blank="give the country of origin: CHN, VNM")  # fmt: skip
        values["currency"] = self.read("currency", _dollars, "USD", blank="write USD if it is"
                                       if "currency" in self.file.columns else "")  # fmt: skip
        for name, (low, high, closed, remedy) in {**_NUMBERS, **_SHARES}.items():
            style = self.part.styles.get(name, NumberStyle.POINT)
            assert isinstance(style, NumberStyle)
            of = amount(low, high, closed=closed, remedy=remedy, of_one=name in _SHARES)(style)
            needed = remedy if name == "customs_value" else ""
            values[name] = self.read(name, of, float("nan"), blank=needed)
        for name in ("claims", "use"):
            values[name] = self.read(name, self.known.claims_of, ())
        values["spi"] = self.read("spi", self.known.programme, ())
        values["transport"] = self.read("transport", _transport, "")
        order = self.part.styles.get("entered_on", DayOrder.MONTH_FIRST)
        assert isinstance(order, DayOrder)
        days: list[date | None] = self.read("entered_on", self.known.day(order), None)
        if on is None:
            self.check_blank("entered_on", days, "give the day of entry, or --on")
        values["entered_on"] = [day or on for day in days]
        for name in self.file.extra:
            values.setdefault(name, list(self.texts(name)))
        return values

    def texts(self, column: str) -> Sequence[str]:
        return self.part.columns.get(column, ("",) * len(self.part.lines))

    def named(self, column: str, blank: str = "") -> list[str]:
        """Return a column of names, blaming blank ones of a column that the file has."""
        texts = list(self.texts(column))
        if column in self.file.columns:
            self.check_blank(column, texts, "fill it in")
        return [text or blank for text in texts]

    def read(
        self, column: str, reader: Any, nothing: Any, *, blank: str = "",
        unless: Sequence[bool] = (),
    ) -> list[Any]:  # fmt: skip
        """Return a column's values; `blank` is the remedy where none may be, save `unless`."""
        values = read_cells(
            self.part, column, reader, lambda *told: self.blame(column, *told), blank=nothing
        )
        if blank:
            self.check_blank(column, self.texts(column), blank, unless)
        return values

    def check_blank(
        self, column: str, cells: Sequence[Any], remedy: str, unless: Sequence[bool] = ()
    ) -> None:
        for place, cell in enumerate(cells):
            spared = unless and unless[place]
            known_wrong = any(f.column == column for f in self.wrong.get(place, ()))
            if not cell and not spared and not known_wrong:
                self.blame(column, place, "is blank", remedy, None)


def _dollars(text: str) -> str:
    if text.upper() not in ("USD", "US$", "$"):
        raise ValueError(
            "is not USD: duty is owed in US dollars; convert customs_value, price, cost and "
            "freight at a dated rate and write USD"
        )
    return "USD"


def _transport(text: str) -> str:
    known = _TRANSPORT.get(text.casefold())
    if known is None:
        raise ValueError(f"is no way of transport; write one of {', '.join(TRANSPORT)}")
    return known
