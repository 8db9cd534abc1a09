"""The files of a batch: rows as CSV and parquet, totals, rejected rows, a workbook."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.errors import ModelError
from tariffimpact.output import csv_bytes
from tariffimpact.portfolio.batch import BatchResult

if TYPE_CHECKING:
    import pandas as pd

SHEET_ROWS: Final = 20_000
"""Rows of products a workbook holds; the CSV and parquet files hold all."""
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


class RowFiles:
    """Writes finished rows to a CSV and a parquet file in a folder, chunk by chunk."""

    def __init__(self, folder: Path) -> None:
        self.csv, self.parquet = folder / "skus.csv", folder / "skus.parquet"
        self._writer: Any = None
        self.csv.write_bytes(b"")

    def add(self, rows: pd.DataFrame) -> None:
        """Append a chunk."""
        pa, pq = _arrow()
        plain = rounded(rows)
        text = csv_bytes(plain)
        with self.csv.open("ab") as file:
            file.write(text if self._writer is None else text.partition(b"\n")[2])
        table = pa.Table.from_pandas(plain, preserve_index=False)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.parquet, table.schema, compression="zstd")
        self._writer.write_table(table.cast(self._writer.schema))

    def close(self) -> dict[str, bytes]:
        """Return the finished files by name; none where there were no rows."""
        if self._writer is None:
            return {}
        self._writer.close()
        return {path.name: path.read_bytes() for path in (self.csv, self.parquet)}


def rounded(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a batch as people read them: no parts, days as text, short numbers."""
    plain = rows[[name for name in rows.columns if not name.startswith("line_part_")]].copy()
    plain["entered_on"] = plain["entered_on"].dt.strftime("%Y-%m-%d")
    numbers = plain.select_dtypes("float").columns
    plain[numbers] = plain[numbers].round(6)
    return plain


def rejected_frame(result: BatchResult) -> pd.DataFrame:
    """Return one row per fault: `line`, `column`, `reason`, `got`, `remedy`."""
    import pandas as pd

    return pd.DataFrame(
        [
            (int(f.where.rpartition(":")[2]), f.column, f.what, f.got or "", f.remedy)
            for f in result.rejected
        ],
        columns=["line", "column", "reason", "got", "remedy"],
    )


def batch_files(result: BatchResult, rows: RowFiles) -> dict[str, bytes]:
    """Return every file of a batch but the report, by name."""
    files = {
        "totals.csv": csv_bytes(result.totals),
        "rejected.csv": csv_bytes(rejected_frame(result)),
    }
    files |= rows.close()
    files["batch.xlsx"] = workbook(result, rows)
    return files


def workbook(result: BatchResult, rows: RowFiles) -> bytes:
    """Return totals, products (the first 20,000) and rejected rows as a workbook.

    The same result gives the same bytes.
    """
    try:
        from openpyxl import Workbook
    except ImportError:
        raise ModelError(
            "a workbook needs the extra portfolio; "
            "install it with: pip install 'tariffimpact[portfolio]'"
        ) from None
    book = Workbook(write_only=True)
    _sheet(book, "totals", result.totals)
    _sheet(book, "skus", _first_rows(rows))
    _sheet(book, "rejected", rejected_frame(result).head(SHEET_ROWS))
    buffer = io.BytesIO()
    book.save(buffer)
    return _timeless(buffer.getvalue())


def _first_rows(rows: RowFiles) -> pd.DataFrame:
    import pandas as pd

    if not rows.parquet.exists():
        return pd.DataFrame({"sku": []})
    _, pq = _arrow()
    file = pq.ParquetFile(rows.parquet)
    return next(file.iter_batches(batch_size=SHEET_ROWS)).to_pandas()  # type: ignore[no-any-return]


def _sheet(book: Any, name: str, frame: pd.DataFrame) -> None:
    from openpyxl.cell import WriteOnlyCell

    sheet = book.create_sheet(name)
    sheet.freeze_panes = "A2"
    sheet.append(list(frame.columns))
    for row in frame.itertuples(index=False):
        cells = []
        for value in row:
            empty = value is None or value != value
            cell = WriteOnlyCell(sheet, value=None if empty else value)
            if isinstance(value, str):
                cell.data_type = "s"  # never a formula
            elif isinstance(value, float) and abs(value) == float("inf"):
                cell.value = "unknown"
            cells.append(cell)
        sheet.append(cells)


def _timeless(content: bytes) -> bytes:
    """Return a workbook without the time it was written."""
    import re

    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for item in old.infolist():
            data = old.read(item)
            if item.filename == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", data)
            new.writestr(zipfile.ZipInfo(item.filename, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _arrow() -> tuple[Any, Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pa, pq
