"""A panel of prices, checked and ordered by unit, read in blocks of whole units."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tariffimpact.arguments import Array
from tariffimpact.errors import DataError, Fault
from tariffimpact.estimation.faults import Checked, checked_cells, twice
from tariffimpact.estimation.reading import Columns, Source, engine, open_source, undamaged
from tariffimpact.estimation.regression import Ints
from tariffimpact.estimation.times import Times, read_times

if TYPE_CHECKING:
    import pandas as pd

BLOCK: Final = 250_000
"""Rows of a block."""
HELD: Final = 8_000_000
"""Rows up to which a panel is kept in memory."""
PAIRED: Final = " from "
"""What stands between a code and its origin."""
_SPREAD: Final = 4
"""Places for each row up to which rows are laid out over all of them."""
MOST_COLUMNS: Final = 20
MOST_LOOKED_AT: Final = 5_000_000
"""Rows of a panel in which coarser groups are looked for."""
_ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "unit": ("unit", "product", "prod", "item", "item_id", "product_id", "series", "id", "state"),
    "time": ("time", "day", "week", "month", "year", "period"),
    "price": ("value", "price_usd", "unit_price", "p"),
}


@dataclass(frozen=True, slots=True)
class Rows:
    """A block of whole units, ordered by unit and period."""

    unit: Ints
    time: Ints
    price: Array
    """Per unit of size, if the panel has sizes."""
    treatment: Array
    """0 and 1, a rate, or a duty; zero where the panel has none."""
    weight: Array | None
    cluster: Ints
    controls: Array
    """One column each, the stock first."""
    size: Array | None
    effects: Ints
    """Codes of the other columns that have effects, one column each."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel in the engine, and what is known of it as a whole."""

    source: Source
    columns: Columns
    times: Times
    units: tuple[str, ...]
    clusters: tuple[str, ...]
    """Names of the clusters; those of the units where these are the clusters."""
    rows: int
    """Rows that have a price."""
    blank: int
    """Rows left out because they have no price."""
    read_as: tuple[str, ...] = ()
    """What was read as what, where nobody said it."""
    held: dict[str, Any] | None = field(default=None, repr=False)
    """The rows themselves, in order, where they are few enough; else they lie in the engine."""
    scenario: Array | None = field(default=None, repr=False)
    """Rate by product-origin pair and period, where the schedule gives it; the low end."""
    scenario_high: Array | None = field(default=None, repr=False)
    """The high end, where the schedule leaves any of the rates open."""
    left_open: tuple[str, ...] = ()
    """The rates that it leaves open, in words."""

    @property
    def control_names(self) -> tuple[str, ...]:
        """The controls, the stock first."""
        return self.columns.control_names

    def blocks(self, size: int = BLOCK) -> Iterator[Rows]:
        """Yield the rows in blocks of whole units, about as large as said."""
        units = len(self.units)
        step = max(1, size * units // max(self.rows, 1))
        for first in range(0, units, step):
            yield self._block(first, min(first + step, units))

    def kept(self) -> Callable[[], Iterator[Rows]]:
        """Return what gives the blocks, made once where the rows are held in memory."""
        if self.held is None:
            return self.blocks
        made = list(self.blocks())
        return lambda: iter(made)

    def _arrays(self, first: int, last: int) -> dict[str, Any]:
        """Return the columns of the rows of some units, in order."""
        ends = [first * len(self.times), last * len(self.times)]
        if self.held is not None:
            low, high = np.searchsorted(self.held["place"], ends)
            return {name: values[low:high] for name, values in self.held.items()}
        arrays = _fetched(self.source, "panel WHERE place >= $1 AND place < $2", ends)
        place = arrays["place"]
        if np.any(place[1:] < place[:-1]):  # the engine may mix its threads
            order = np.argsort(place, kind="stable")
            arrays = {name: values[order] for name, values in arrays.items()}
        return arrays

    def _block(self, first: int, last: int) -> Rows:
        arrays = self._arrays(first, last)
        unit, time = np.divmod(arrays["place"], len(self.times))
        controls = [arrays[f"control{n}"] for n in range(len(self.control_names))]
        treatment = arrays["treatment"].astype(np.float64)
        if self.scenario is not None:
            treatment = self.scenario[treatment.astype(np.int64), time]
        size = arrays["size"] if self.columns.size else None
        return Rows(
            unit,
            time,
            arrays["price"] if size is None else arrays["price"] / size,
            treatment,
            arrays["weight"] if self.columns.weight else None,
            arrays["cluster"].astype(np.int64) if "cluster" in arrays else unit,
            _columns(controls, len(unit)).astype(np.float64),
            size,
            _columns([arrays[f"effect{n}"] for n in range(len(self.columns.effects))], len(unit)),
        )

    def coarser(self, signature: Ints, clusters: int) -> tuple[str | None, int]:
        """Return a column within whose values all units are treated alike, and its values.

        Only a column that is the same for all rows of a unit, has three values or more and fewer
        than there are clusters; the one with the fewest values.
        """
        raw, connection = self.source, self.source.connection
        taken = {*self.columns.named, self.columns.unit} - {self.columns.market}
        names = [n for n in raw.types if n not in taken and raw.is_text(n)][:MOST_COLUMNS]
        if not names or self.rows > MOST_LOOKED_AT:
            return None, 0
        ends = ", ".join(
            f"min({raw.text(name)}) AS low{n}, max({raw.text(name)}) AS high{n}"
            for n, name in enumerate(names)
        )
        key = unit_key(raw, self.columns)
        frame = connection.execute(
            f"SELECT u.code AS unit, {ends} FROM raw JOIN units u ON u.key = {key} "  # noqa: S608
            "GROUP BY u.code ORDER BY u.code"
        ).df()
        found = []
        for n, name in enumerate(names):
            own = frame[f"low{n}"]
            values = int(own.nunique())
            if own.isna().any() or (own != frame[f"high{n}"]).any() or not 3 <= values < clusters:
                continue
            alike = frame.assign(signature=signature[frame["unit"]]).groupby(f"low{n}")["signature"]
            if (alike.nunique() == 1).all():
                found.append((values, name))
        return (min(found)[1], min(found)[0]) if found else (None, 0)


def _fetched(source: Source, rows: str, given: Sequence[int] = ()) -> dict[str, Any]:
    found = source.connection.execute(f"SELECT * FROM {rows}", list(given)).fetchnumpy()  # noqa: S608
    return {name: np.ma.getdata(values) for name, values in found.items()}


def _columns(arrays: Sequence[Any], rows: int) -> Any:
    return np.column_stack(arrays) if arrays else np.zeros((rows, 0), dtype=np.int64)


def unit_key(raw: Source, columns: Columns) -> str:
    """Return the expression of a unit: its name, with its market where there are several."""
    if not columns.market:
        return raw.key(columns.unit)
    return f"{raw.text(columns.unit)} || ' / ' || {raw.text(columns.market)}"


@contextmanager
def open_panel(
    source: Path | pd.DataFrame,
    columns: Columns,
    *,
    signed: bool = False,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Iterator[Panel]:
    """Give a panel, ordered by unit and period, for as long as it is read.

    Parameters
    ----------
    source
        A frame, or a file: CSV, .csv.gz, .parquet, .xlsx, .dta or .dta.gz. Blank prices are left
        out.
    columns
        Which column holds what.
    signed
        Whether the price may be 0 or below, as a change of price may.
    encoding, sheet
        Encoding of a CSV that is neither UTF-8 nor UTF-16 with its mark; sheet of a workbook.

    Raises
    ------
    DataError
        With every fault found: columns that are missing, cells that cannot be read, prices of 0 or
        below, two prices of one unit in one period, rates in percent, days of two orders.
    """
    with engine() as connection, undamaged(source):
        raw = open_source(connection, source, columns.named, encoding=encoding, sheet=sheet)
        columns, read_as = _named(raw, columns)
        faults = raw.missing(columns.named)
        if faults:
            raise DataError(faults)
        parts = _stage(raw, columns)
        checked = checked_cells(raw, columns, parts, _kept(raw, columns), signed=signed)
        faults = checked.faults
        try:
            times = _code_times(raw, columns)
        except DataError as error:
            raise DataError([*error.faults, *faults]) from None
        units = _code(raw, columns, "unit_key", "units")
        held = _order(raw, columns, times, len(units), checked)
        faults += twice(raw, columns, units, times, None if held is None else held["place"])
        if faults:
            raise DataError(faults)
        yield _panel(raw, columns, times, units, read_as, held, checked)


def _named(raw: Source, columns: Columns) -> tuple[Columns, tuple[str, ...]]:
    """Return the columns with the usual other names in place of those nobody gave."""
    said: list[str] = []
    changes: dict[str, Any] = {}
    for role, default in (("unit", "sku"), ("time", "date"), ("price", "price")):
        if getattr(columns, role) == default and default not in raw.types:
            lower = {name.lower(): name for name in raw.types}
            fits = [lower[name] for name in (default, *_ALIASES[role]) if name in lower]
            if fits:
                changes[role] = fits[0]
                said.append(f"{fits[0]} as the {role}")
    return replace(columns, **changes), tuple(said)


def _stage(raw: Source, columns: Columns) -> dict[str, str]:
    """Make the table `staged` of the columns asked for; return the expression of each."""
    import duckdb

    parts = {
        "unit_key": unit_key(raw, columns),
        "time_key": raw.key(columns.time),
        "price": raw.number(columns.price),
        "treatment": _treatment(raw, columns),
    }
    for role in ("weight", "size"):
        if name := getattr(columns, role):
            parts[role] = raw.number(name)
    if columns.clustered:
        parts["cluster_key"] = raw.key(columns.cluster or "")
    if columns.hts and columns.origin:
        parts["pair_key"] = f"{raw.text(columns.hts)} || '{PAIRED}' || {raw.text(columns.origin)}"
    controls = [raw.yes_or_no(columns.stock)] if columns.stock else []
    controls += [raw.number(name) for name in columns.controls]
    parts |= {f"control{n}": words for n, words in enumerate(controls)}
    parts |= {f"effect_key{n}": raw.text(name) for n, name in enumerate(columns.effects)}
    selected = ", ".join(f"{words} AS {name}" for name, words in parts.items())
    try:
        kind = "VIEW" if raw.is_typed else "TABLE"  # text is read once, numbers need no copy
        raw.connection.execute(
            f"CREATE {kind} staged AS SELECT {selected} FROM raw WHERE {_kept(raw, columns)}"  # noqa: S608
        )
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        raise DataError([raw.unreadable(str(error))]) from None
    return parts


def _treatment(raw: Source, columns: Columns) -> str:
    if columns.tariff or columns.duty:
        return raw.number(columns.tariff or columns.duty or "")
    if columns.treated is None:
        return "0.0"
    if columns.treated_value is None:
        return raw.yes_or_no(columns.treated)
    same = raw.equals(columns.treated, columns.treated_value)
    return f"CASE WHEN {same} THEN 1.0 ELSE 0.0 END"


def _kept(raw: Source, columns: Columns) -> str:
    """Return the condition of the rows kept: one of the values named for each column."""
    named: dict[str, list[str]] = {}
    for column, value in columns.only:
        named.setdefault(column, []).append(raw.equals(column, value))
    found = [f"({' OR '.join(conditions)})" for conditions in named.values()]
    found += [f"NOT {raw.equals(column, value)}" for column, value in columns.without]
    return " AND ".join(found) or "true"


def _code_times(raw: Source, columns: Columns) -> Times:
    """Read the distinct periods and make the table `periods` of their places."""
    raw.connection.execute(
        "CREATE TABLE moments AS SELECT DISTINCT time_key AS key FROM staged "
        "WHERE time_key IS NOT NULL AND price IS NOT NULL"
    )
    found = raw.connection.execute(
        "SELECT CAST(key AS VARCHAR) AS text FROM moments ORDER BY text LIMIT 200000"
    ).fetchall()
    texts = [str(text) for (text,) in found]
    if not texts:
        raise DataError([])
    times, places = read_times(texts, raw.name, columns.time)
    first, last = _window(times, columns)
    kept = [n for n, place in enumerate(places) if first <= place < last]
    _codes(raw.connection, [texts[n] for n in kept], [places[n] - first for n in kept])
    return replace(times, values=times.values[first:last], labels=times.labels[first:last])


def _window(times: Times, columns: Columns) -> tuple[int, int]:
    """Return the places of the first period kept and the first no longer kept."""
    first, last = columns.window
    start = 0 if first is None else times.place(first)
    end = len(times) if last is None else times.place(last)
    if start >= end:
        what = f"{first or ''}..{last or ''} holds no period"
        remedy = f"the panel holds {times.labels[0]} to {times.labels[-1]}"
        raise DataError([Fault("--window", what, remedy)])
    return start, end


def _codes(connection: Any, texts: Sequence[str], places: Sequence[int]) -> None:
    """Make the table `periods` that numbers the moments as they are written."""
    connection.execute(
        "CREATE TABLE periods AS SELECT m.key, CAST(c.code AS INTEGER) AS code FROM "
        "(SELECT unnest($1) AS key, unnest($2) AS code) c JOIN moments m "
        "ON CAST(m.key AS VARCHAR) = c.key",
        [list(texts), list(places)],
    )


def _code(raw: Source, columns: Columns, key: str, table: str) -> tuple[str, ...]:
    """Make a table that numbers the distinct texts of a column in order; return them."""
    seen = " SEMI JOIN periods ON periods.key = staged.time_key" if any(columns.window) else ""
    raw.connection.execute(
        f"CREATE TABLE {table} AS SELECT key, CAST(row_number() OVER (ORDER BY key) - 1 AS INTEGER)"  # noqa: S608
        f" AS code FROM (SELECT DISTINCT {key} AS key FROM staged{seen}"
        f" WHERE price IS NOT NULL AND {key} IS NOT NULL)"
    )
    rows = raw.connection.execute(f"SELECT key FROM {table} ORDER BY code").fetchall()  # noqa: S608
    return tuple(str(key) for (key,) in rows)


def _order(
    raw: Source, columns: Columns, times: Times, units: int, checked: Checked
) -> dict[str, Any] | None:
    """Order the rows by unit and period, codes for names.

    They are returned where they are few enough to be held; else they lie in the table `panel`.
    """
    periods = f"CAST({len(times)} AS BIGINT)"
    joins, parts = "", [f"u.code * {periods} + t.code AS place", "price"]
    if columns.hts:
        _code(raw, columns, "pair_key", "pairs")
        joins += " JOIN pairs p ON p.key = s.pair_key"
    small = columns.treated is not None  # 0 or 1
    own = "CAST(treatment AS UTINYINT) AS treatment" if small else "treatment"
    parts.append("p.code AS treatment" if columns.hts else own)
    if columns.clustered:
        _code(raw, columns, "cluster_key", "cluster_codes")
        joins += " JOIN cluster_codes c ON c.key = s.cluster_key"
        parts.append("c.code AS cluster")
    parts += [role for role in ("weight", "size") if getattr(columns, role)]
    parts += [f"control{n}" for n in range(len(columns.control_names))]
    for n in range(len(columns.effects)):
        _code(raw, columns, f"effect_key{n}", f"effects{n}")
        joins += f" JOIN effects{n} e{n} ON e{n}.key = s.effect_key{n}"
        parts.append(f"e{n}.code AS effect{n}")
    raw.connection.execute(
        f"CREATE VIEW coded AS SELECT {', '.join(parts)} FROM staged s "  # noqa: S608
        f"JOIN units u ON u.key = s.unit_key JOIN periods t ON t.key = s.time_key{joins} "
        f"WHERE price IS NOT NULL{' AND NOT isnan(treatment)' if small else ''}"
    )
    if checked.rows - checked.blank <= HELD:
        raw.connection.execute("SET threads = 1")  # handing rows over takes less work so
        arrays = _fetched(raw, "coded")
        raw.connection.execute("RESET threads")
        return _in_order(arrays, units * len(times))
    raw.connection.execute("CREATE TABLE panel AS SELECT * FROM coded ORDER BY place")
    return None


def _in_order(arrays: dict[str, Any], places: int) -> dict[str, Any]:
    """Return columns ordered by place: laid out over all places where most of them are taken."""
    place = arrays["place"]
    if np.all(place[1:] >= place[:-1]):
        return arrays
    taken, order = place[:0], place[:0]
    if places <= _SPREAD * len(place):
        row = np.full(places, -1, dtype=np.int32)
        row[place] = np.arange(len(place), dtype=np.int32)
        taken = np.flatnonzero(row >= 0)
        order = row[taken]
    if len(taken) < len(place):  # too few of the places are taken, or one of them twice
        order = np.argsort(place, kind="stable")
        taken = place[order]
    return {n: taken if n == "place" else values[order] for n, values in arrays.items()}


def _panel(
    raw: Source,
    columns: Columns,
    times: Times,
    units: tuple[str, ...],
    read_as: tuple[str, ...],
    held: dict[str, Any] | None,
    checked: Checked,
) -> Panel:
    if held is None:
        (rows,) = raw.connection.execute("SELECT count(*) FROM panel").fetchone()
    else:
        rows = len(held["place"])
    if not rows:
        raise DataError([Fault(raw.name, "has no price", "fill it in", columns.price)])
    clusters = units
    if columns.clustered:
        keys = raw.connection.execute("SELECT key FROM cluster_codes ORDER BY code").fetchall()
        clusters = tuple(str(key) for (key,) in keys)
    return Panel(raw, columns, times, units, clusters, int(rows), checked.blank, read_as, held)
