"""The engines the one expression runs on: DuckDB, embedded, and Spark."""

from __future__ import annotations

import itertools
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from tariffimpact.errors import ModelError
from tariffimpact.tariffs.at_scale import charge, states_of
from tariffimpact.tariffs.layers import LAYERS, Plan, ScheduleLayers
from tariffimpact.writing.temporary import open_scratch, scratch

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd
    import pyarrow as pa

EngineName = Literal["duckdb", "spark"]
_LINES: Final = "lines_to_charge"
_LIBRARIES: Final = {"duckdb": "duckdb", "spark": "pyspark"}


@dataclass(frozen=True, slots=True)
class Charger(ABC):
    """What reads lines, charges them and counts them, over a connection to a database."""

    connection: Any
    _places: Iterator[int] = field(default_factory=itertools.count, init=False, repr=False)
    """What the names of rows that are kept differ by."""

    @abstractmethod
    def charged(self, lines: ir.Table) -> ir.Table:
        """Return the expression of the lines with their rate; see `at_scale.charge`."""

    def read(self, path: Path | str) -> ir.Table:
        """Return the table of a parquet file, or of several by a pattern."""
        table: ir.Table = self.connection.read_parquet(str(path))
        return table

    @contextmanager
    def kept(self, table: ir.Table) -> Iterator[ir.Table]:
        """Yield the rows of an expression, found once however often they are read."""
        if self.connection.name != "duckdb":
            with table.cache() as cached:
                yield cached
            return
        name = f"kept_{next(self._places)}"
        yield self.connection.create_table(name, table, temp=True)
        self.connection.con.execute(f"drop table {name}")

    def run(self, expression: ir.Table) -> pd.DataFrame:
        """Return the rows of an expression."""
        found = self.connection.to_pyarrow(expression)
        frame: pd.DataFrame = found.to_pandas(date_as_object=False)
        return frame

    def count(self, table: ir.Table) -> int:
        """Return the number of rows of an expression."""
        return int(self.connection.to_pyarrow(table.count()).as_py())


@dataclass(frozen=True, slots=True)
class Engine(Charger):
    """An engine with a schedule's tables loaded, ready to charge lines."""

    tables: dict[str, ir.Table]
    authorities: tuple[str, ...]
    plan: Plan
    _queries: dict[Any, tuple[str, Any]] = field(default_factory=dict, repr=False)
    """Of each shape of lines, the query that charges them and the schema of what it returns."""

    def charged(self, lines: ir.Table) -> ir.Table:
        """Return the expression of the lines with their rate; see `at_scale.charge`."""
        return charge(lines, self.tables, self.plan)

    def charge_frame(self, lines: pd.DataFrame) -> pd.DataFrame:
        """Return a frame of lines with their rates, in the same order.

        Raises
        ------
        ModelError
            If a line came back more or less than once: the schedule's windows overlap.
        """
        numbered = lines.assign(line_number=range(len(lines)))
        with _one_file(numbered) as path:
            found = self._charged_file(path)
        if len(found) != len(lines):
            raise ModelError(
                f"{len(lines):,} lines met {len(found):,} rows of the schedule; its windows "
                "overlap: build it again"
            )
        return found.drop(columns="line_number")

    def _charged_file(self, path: Path) -> pd.DataFrame:
        """Return the lines of a file with their rates, by their number.

        Writing the query takes longer than charging some thousand lines: it is kept.
        """
        table = self.connection.read_parquet(str(path), table_name=_LINES)
        if self.connection.name != "duckdb":
            return self.run(self.charged(table).order_by("line_number"))
        if table.schema() not in self._queries:
            asked = self.charged(table).order_by("line_number")
            told = asked.schema().to_pyarrow()
            self._queries[table.schema()] = self.connection.compile(asked), told
        query, schema = self._queries[table.schema()]
        found = self.connection.con.sql(query).to_arrow_table().cast(schema)
        frame: pd.DataFrame = found.to_pandas(date_as_object=False)
        return frame


@contextmanager
def engine(layers: ScheduleLayers, name: EngineName = "duckdb") -> Iterator[Engine]:
    """Yield an engine with the schedule's tables loaded; closed afterwards.

    Parameters
    ----------
    layers
        The schedule's tables.
    name
        `duckdb` or `spark` (extra `distributed`, local unless the
        environment configures a cluster).

    Raises
    ------
    ModelError
        If the engine's extra, or Spark's Java, is not installed.
    """
    connection = _connect(name)
    folder, remove = open_scratch()
    try:
        tables = {}
        frames = {"apart": layers.apart, **layers.tables}
        frames |= {states_of(name): layers.states[name] for name in LAYERS}
        for table, frame in frames.items():
            write_parquet(frame, folder / f"{table}.parquet")
            tables[table] = connection.read_parquet(str(folder / f"{table}.parquet"))
            if name == "duckdb":
                tables[table] = connection.create_table(f"layer_{table}", tables[table], temp=True)
        yield Engine(connection, tables, layers.authorities, layers.plan)
    finally:
        connection.disconnect()
        remove()


def write_parquet(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame with dates that every engine reads as dates."""
    import pyarrow.parquet as pq

    pq.write_table(arrow_table(frame), path)


def arrow_table(frame: pd.DataFrame) -> pa.Table:
    """Return a frame with dates as dates, plain texts and unknown numbers as nulls."""
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False)
    for place, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            table = table.set_column(place, column.name, table[column.name].cast(pa.date32()))
        elif pa.types.is_large_string(column.type):
            table = table.set_column(place, column.name, table[column.name].cast(pa.string()))
    return table


def check_engine(name: EngineName) -> None:
    """Refuse an engine that is not installed, before any work is done for it.

    Raises
    ------
    ModelError
        Naming the extra to install.
    """
    if find_spec(_LIBRARIES[name]) is None:
        raise ModelError(
            f"the engine {name} needs the extra distributed; "
            "install it with: pip install 'tariffimpact[distributed]'"
        )


def _connect(name: EngineName) -> Any:
    import ibis

    check_engine(name)
    return ibis.duckdb.connect() if name == "duckdb" else ibis.pyspark.connect(_spark())


def _spark() -> Any:
    from pyspark.sql import SparkSession

    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        raise ModelError("the engine spark needs Java 17 or 21, and no java is on the PATH")
    builder = SparkSession.builder.appName("tariffimpact")
    return builder.config("spark.ui.enabled", "false").getOrCreate()


@contextmanager
def _one_file(frame: pd.DataFrame) -> Iterator[Path]:
    with scratch() as folder:
        write_parquet(frame, folder / "lines.parquet")
        yield folder / "lines.parquet"
