"""Files of import lines as they come: CSV or .xlsx, of a known layout or with names of ours.

They are written as parquet, a chunk at a time, which is what is charged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tariffimpact.errors import DataError, Fault
from tariffimpact.facts.fields import DayOrder, NumberStyle, day
from tariffimpact.facts.partners import read_country
from tariffimpact.facts.user_tables import Chunk, Columns, UserTable, open_table, read_cells
from tariffimpact.facts.workbooks import sheet_names
from tariffimpact.portfolio.ace import read_entries
from tariffimpact.portfolio.goods import Claims, KnownGoods, amount
from tariffimpact.portfolio.import_lines import LINES, MEASURED, SHARES
from tariffimpact.portfolio.layouts import (
    ACE,
    DATAWEB,
    DATAWEB_WIDE,
    OF_LINES,
    Layout,
    Period,
    names_of,
    periods_of,
    recognised,
)

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
MAX_BYTES: Final = 20_000_000_000
_NUMBERS: Final = ("customs_value", "duty", "quantity")
_OF_ONE: Final = (*SHARES, "metal_content", "metal_weight", "rate")
_MOST: Final = 1e18
_VALUES: Final = ("Customs Value", "General Customs Value")
_DUTIES: Final = "Calculated Duties"
_RESULTS: Final = "Query Results"
"""What DataWeb calls its measures and their sheets, or the one sheet of them."""
_TOLD: Final = 50
"""Faults that are told in full; of the others, how many there are."""
_COLUMNS: Final = ("hts", "origin", "customs_value", "entered_on", "duty", "quantity", "rate",
                   "metal_content", "metal_weight", *SHARES, "claims", "spi", "year",
                   "month")  # fmt: skip


@dataclass(frozen=True, slots=True)
class LineFile:
    """A file of import lines, opened."""

    table: UserTable
    layout: Layout | None
    extra: tuple[str, ...]
    duties: UserTable | None = None
    """The sheet of duties of a workbook that keeps them apart from the values."""
    periods: tuple[Period, ...] = ()
    """Columns of which each holds the values of a month or a year."""

    def described(self) -> str:
        """Return how the file was read, and what that supposes."""
        words = [self.table.described()]
        if self.layout:
            words.append(f"It is laid out as {self.layout.name}. {self.layout.says}".strip())
        if self.periods:
            first, last = self.periods[0].column, self.periods[-1].column
            words.append(f"The columns of periods are {first} to {last}.")
        return " ".join(words)


def open_lines(
    path: Path,
    *,
    rename: Mapping[str, str] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    extra: Sequence[str] = (),
) -> LineFile:
    """Open a CSV or .xlsx file of import lines, of a known layout or with names of ours.

    Parameters
    ----------
    path
        The file. Layouts: Census API, USA Trade Online, DataWeb (a row or a column a period), ACE
        ES-003.
    rename
        Our name of a column to the file's.
    encoding, sheet
        See `open_table`.
    extra
        Columns of the file to group by.

    Raises
    ------
    DataError
        If the file as a whole cannot be read, or lacks a column.
    """
    names = sheet_names(path)
    values = next((n for n in (*_VALUES, _RESULTS) if n in names), None)
    chosen = sheet or (values if len(names) > 1 else None)
    wide = _open_wide(path, chosen, encoding, rename, names)
    if wide is not None:
        return _grouped(wide, extra)
    layout = recognised(path, OF_LINES, encoding=encoding, sheet=chosen, limit=MAX_BYTES)
    known = Columns(
        ("hts", "origin", "customs_value"),
        tuple(name for name in _COLUMNS[3:]),
        names_of(layout),
        frozenset({*_NUMBERS, *_OF_ONE}),
        frozenset({"entered_on"}),
    )
    table = open_table(path, known, rename=rename, encoding=encoding, sheet=chosen,
                       limit=MAX_BYTES)  # fmt: skip
    duties = None
    if layout is DATAWEB and _DUTIES in names and "duty" not in table.places:
        of_duties = Columns(
            ("hts", "origin", "duty"), ("year", "month"), {**names_of(layout)},
            numbers=frozenset({"duty"}),
        )  # fmt: skip
        duties = open_table(path, of_duties, sheet=_DUTIES, limit=MAX_BYTES)
    return _grouped(LineFile(table, layout, (), duties), extra)


def _grouped(file: LineFile, extra: Sequence[str]) -> LineFile:
    """Return a file with further columns to group by."""
    known = (*LINES, *MEASURED, "partner", *(("year", "month") if file.periods else ()))
    file.table.with_extra(name for name in extra if name not in known)
    return replace(file, extra=tuple(extra))


def _open_wide(
    path: Path, sheet: str | None, encoding: str | None, rename: Mapping[str, str] | None,
    sheets: Sequence[str],
) -> LineFile | None:  # fmt: skip
    """Open DataWeb's download with a column a period; None if the file is no such download."""
    if (rename and "customs_value" in rename) or not recognised(
        path, (DATAWEB_WIDE,), encoding=encoding, sheet=sheet, limit=MAX_BYTES
    ):
        return None
    given: dict[str, Any] = {"rename": rename, "encoding": encoding, "limit": MAX_BYTES}
    keys = Columns(("hts", "origin"), ("customs_value", "data_type", "year"),
                   names_of(DATAWEB_WIDE))  # fmt: skip
    table = open_table(path, keys, sheet=sheet, **given)
    periods = periods_of(table.header)
    if "customs_value" in table.places or not periods:
        return None
    if len({bool(period.month) for period in periods}) > 1:
        told = ", ".join(period.column for period in periods)
        what = f"has columns of months and of years ({told}), which would count twice"
        remedy = "delete those of the years, or of the months"
        raise DataError([Fault(f"{path}:{table.line}", what, remedy)])
    columns = tuple(period.column for period in periods)
    spread = replace(keys, optional=("data_type", "year", *columns), numbers=frozenset(columns))
    duties = None
    if _DUTIES in sheets and sheet != _DUTIES:
        duties = open_table(path, spread, sheet=_DUTIES, **given)
    return LineFile(open_table(path, spread, sheet=sheet, **given), DATAWEB_WIDE, (), duties,
                    tuple(periods))  # fmt: skip


def _by_period(
    part: Chunk, periods: Sequence[Period], what: str, path: Path
) -> Iterator[tuple[Chunk, Mapping[str, str]]]:
    """Yield a chunk as it is, or once for each period, its column under another name.

    With what the file calls columns that are ours by another name.
    """
    if not periods:
        yield part, {}
        return
    faults = [*part.faults]
    for line, told in zip(part.lines, part.columns.get("data_type", ()), strict=False):
        if told not in (*_VALUES, _DUTIES):
            says = "is neither a customs value nor a duty"
            faults.append(Fault(f"{path}:{line}", says, "leave out these rows", "Data Type", told))
    for period in periods:
        columns: dict[str, Sequence[str]] = dict(part.columns)
        columns[what] = columns.get(period.column, ("",) * len(part.lines))
        if period.year:
            columns["year"] = (period.year,) * len(part.lines)
        if period.month:
            columns["month"] = (period.month,) * len(part.lines)
        styles = dict(part.styles)
        if period.column in styles:
            styles[what] = styles[period.column]
        spread = replace(part, columns=columns, styles=styles, faults=tuple(faults))
        yield spread, {what: period.column}
        faults = []


def write_lines(
    file: LineFile, to: Path, known: KnownGoods, *, on: date | None = None, chunk: int = 200_000,
    progress: Callable[[int, int], None] | None = None,
) -> int:  # fmt: skip
    """Write the lines of a file as parquet, a chunk at a time, and return how many were totals.

    Lines whose origin stands for several countries, as statistics add them, would count twice:
    they are left out and counted.

    Parameters
    ----------
    file
        The file, opened.
    to
        Parquet file to write.
    known
        What the schedule knows of claims.
    on
        Day of lines without one.
    chunk
        Rows at a time: memory grows with it and not with the file.
    progress
        Told the bytes read and the bytes there are.

    Raises
    ------
    DataError
        With the first 50 faults and the number of the others.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if on is None and any(not period.month for period in file.periods):
        years = ", ".join(period.column for period in file.periods)
        what = f"has a column a year ({years}), and the law changes within a year"
        remedy = "say the day whose law is charged, --on 2025-09-01, or download it by month"
        raise DataError([Fault(f"{file.table.path}:{file.table.line}", what, remedy)])
    duties = _duties(file) if file.duties else {}
    faults: list[Fault] = []
    count = left = 0
    writer: Any = None
    try:
        parts = (
            part
            for held in file.table.chunks(chunk)
            for part in _by_period(held, file.periods, "customs_value", file.table.path)
        )
        blamed: set[Fault] = set()
        for part, called in parts:
            reading = _Reading(file, part, known, on, duties, called)
            frame = reading.frame()
            told = sorted([*part.faults, *reading.faults], key=_line)
            again = [fault for fault in told if fault in blamed] if called else []
            blamed.update(told if called else ())
            count += reading.fault_count + len(part.faults) - len(again)
            faults += [fault for fault in told if fault not in again][: _TOLD - len(faults)]
            left += reading.totals
            table = pa.Table.from_pandas(frame, preserve_index=False)
            writer = writer or pq.ParquetWriter(to, table.schema, compression="zstd")
            writer.write_table(table.cast(writer.schema))
            if progress:
                progress(part.bytes_read, file.table.sheet.size)
    finally:
        if writer is not None:
            writer.close()
    if count > len(faults):
        what = f"{count - len(faults):,} more cells are wrong"
        faults.append(Fault(str(file.table.path), what, "correct or leave out these rows"))
    if faults:
        raise DataError(faults)
    return left


def lines_as_parquet(
    path: Path, to: Path, known: KnownGoods, *, on: date | None = None,
    rename: Mapping[str, str] | None = None, encoding: str | None = None,
    sheet: str | None = None, extra: Sequence[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> str:  # fmt: skip
    """Write the lines of a file as parquet, and return how it was read.

    The headings of chapter 99 in a report of entries are folded into the line of the goods. See
    `open_lines` and `write_lines` for the arguments.
    """
    from tariffimpact.tariffs.engines import write_parquet

    file = open_lines(path, rename=rename, encoding=encoding, sheet=sheet, extra=extra)
    if file.layout is not ACE:
        left = write_lines(file, to, known, on=on, progress=progress)
        told = f" {left:,} lines of groups of countries are left out." if left else ""
        return file.described() + told
    entries = read_entries(path, rename=rename, encoding=encoding, sheet=sheet)
    lines = entries.folded()
    claims = [_claimed(known, text) for text in lines["spi"]]
    lines["claims"] = [";".join(f"{n}={v:g}" for n, v in made) for made in claims]
    write_parquet(lines.assign(partner=lines["origin"]), to)
    return file.described()


def _claimed(known: KnownGoods, programme: str) -> Claims:
    """Return what an entry claims; of a programme without a claim here nothing is known."""
    try:
        return known.programme(programme)
    except ValueError:
        return ()


def _duties(file: LineFile) -> dict[tuple[str, ...], str]:
    """Return the duty of each product, country and period of a sheet of duties."""
    assert file.duties is not None
    found: dict[tuple[str, ...], str] = {}
    for held in file.duties.chunks():
        for part, _ in _by_period(held, file.periods, "duty", file.duties.path):
            names = ("hts", "origin", "year", "month")
            columns = [part.columns[name] for name in names if name in part.columns]
            found |= dict(zip(zip(*columns, strict=True), part.columns["duty"], strict=True))
    return found


class _Reading:
    """The rows of a chunk as lines, and what is wrong with them."""

    def __init__(
        self, file: LineFile, part: Chunk, known: KnownGoods, on: date | None,
        duties: Mapping[tuple[str, ...], str], called: Mapping[str, str],
    ) -> None:  # fmt: skip
        self.file, self.part, self.known, self.on, self.duties = file, part, known, on, duties
        self.called = called
        self.faults: list[Fault] = []
        self.fault_count = self.totals = 0

    def frame(self) -> pd.DataFrame:
        """Return the lines, of the columns that the engine takes."""
        import pandas as pd

        is_total = self.file.layout.totals if self.file.layout else (lambda _: False)
        group = [is_total(text) for text in self.part.columns["origin"]]
        self.totals = sum(group)
        part = self.part
        if self.totals:
            keep = [place for place, total in enumerate(group) if not total]
            columns = {n: [texts[i] for i in keep] for n, texts in part.columns.items()}
            part = replace(part, lines=[part.lines[i] for i in keep], columns=columns)
            self.part = part
        values: dict[str, Any] = {
            "hts": self.read("hts", _digits, ""),
            "origin": self.read("origin", _country, ""),
            "entered_on": self._days(),
        }
        values["partner"] = values["origin"]
        for name in _NUMBERS:
            values[name] = self.numbers(name, _MOST)
        if self.duties:
            values["duty"] = self._joined_duties()
        for name in _OF_ONE:
            values[name] = self.numbers(name, 10.0 if name == "rate" else 1.0, of_one=True)
        exact = {"metal": values.pop("metal_content"), "weight": values.pop("metal_weight")}
        for name in SHARES:
            known = exact[name.partition("_")[0]]
            values[name] = [a if a == a else b for a, b in zip(values[name], known, strict=True)]
        values["claims"] = self._claims()
        for name in self.file.extra:
            values.setdefault(name, list(part.columns.get(name, ())))
        frame = pd.DataFrame(values)
        frame["entered_on"] = pd.to_datetime(frame["entered_on"])
        return frame

    def blame(self, column: str, place: int, what: str, remedy: str, text: str | None) -> None:
        self.fault_count += 1
        if len(self.faults) < _TOLD:
            where = f"{self.file.table.path}:{self.part.lines[place]}"
            column = self.called.get(column, column)
            self.faults.append(Fault(where, what, remedy, column, text))

    def read(
        self, column: str, reader: Callable[[str], T], blank: T, needed: bool = True
    ) -> list[T]:
        """Return a column's values, blaming what is wrong and, where needed, what is blank."""
        texts = self.part.columns.get(column)
        if needed and texts is not None:
            for place, text in enumerate(texts):
                if not text:
                    self.blame(column, place, "is blank", "fill it in", None)
        return read_cells(self.part, column, reader, lambda *told: self.blame(column, *told),
                          blank=blank)  # fmt: skip

    def numbers(self, column: str, most: float, *, of_one: bool = False) -> list[float]:
        style = self.part.styles.get(column, NumberStyle.POINT)
        assert isinstance(style, NumberStyle)
        reader = amount(0.0, most, closed=True, remedy="give a number, 0 or more", of_one=of_one)
        return self.read(column, reader(style), float("nan"), column == "customs_value")

    def _days(self) -> list[date | None]:
        order = self.part.styles.get("entered_on", DayOrder.MONTH_FIRST)
        assert isinstance(order, DayOrder)
        columns = self.part.columns
        if "entered_on" not in columns and {"year", "month"} <= set(columns):
            texts = [f"1 {m} {y}" if not m.isdigit() else f"{y}-{m.zfill(2)}" for y, m in
                     zip(columns["year"], columns["month"], strict=True)]  # fmt: skip
            self.part = replace(self.part, columns={**columns, "entered_on": texts})
        nothing: date | None = None
        days = self.read("entered_on", lambda text: day(_month(text), order), nothing, False)
        for place, value in enumerate(days):
            if (
                value is None
                and self.on is None
                and not self.part.columns.get("entered_on", [""] * len(days))[place]
            ):
                self.blame("entered_on", place, "is blank", "give the day of entry, or --on", None)
        return [value or self.on for value in days]

    def _joined_duties(self) -> list[float]:
        names = ("hts", "origin", "year", "month")
        columns = [self.part.columns[name] for name in names if name in self.part.columns]
        texts = [self.duties.get(key, "") for key in zip(*columns, strict=True)]
        self.part = replace(self.part, columns={**self.part.columns, "duty": texts})
        return self.numbers("duty", _MOST)

    def _claims(self) -> list[str]:
        """Return the claims of each line as one text, the programme's and its own."""
        nothing: Claims = ()
        own = self.read("claims", self.known.claims_of, nothing, False)
        made = self.read("spi", self.known.programme, nothing, False)
        if self.file.layout and self.file.layout.of_entries and "spi" in self.part.columns:
            none = self.known.programme("")
            made = [claims or none for claims in made]
        pairs = zip(made, own, strict=True)
        return [";".join(f"{n}={v:g}" for n, v in sorted({**dict(a), **dict(b)}.items()))
                for a, b in pairs]  # fmt: skip


def _line(fault: Fault) -> int:
    return int(fault.where.rpartition(":")[2])


def _month(text: str) -> str:
    """Return a month in words, `January 2024`, as its first day."""
    return f"1 {text}" if re.fullmatch(r"[A-Za-z]{3,9} \d{4}", text) else text


def _digits(text: str) -> str:
    described = re.match(r"(\d{10}|\d{8})\s+\D", text)
    digits = described[1] if described else text.replace(".", "").replace(" ", "")
    if re.fullmatch(r"99\d{6}(\d\d)?", digits):
        raise ValueError(
            "is of chapter 99, a special provision; fold it into the line of the goods"
        )
    if not re.fullmatch(r"\d{8}(\d\d)?", digits, re.ASCII):
        if digits.isdigit() and len(digits) in (7, 9):
            raise ValueError(
                f"has {len(digits)} digits: a leading zero was lost; keep the column as text; if "
                f"so, 0{digits}"
            )
        raise ValueError("is not 8 or 10 digits; give the code of the tariff line")
    return digits


def _country(text: str) -> str:
    code = read_country(text)
    if code == "USA":
        raise ValueError("is the importing country; give the country of origin")
    return code
