"""The files of a batch: rows as CSV and parquet, totals, rejected rows, a workbook."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.errors import Fault
from tariffimpact.facts.fields import CONTROL
from tariffimpact.portfolio.batch import BatchResult
from tariffimpact.writing import csv_bytes, sheet_look

if TYPE_CHECKING:
    import pandas as pd

SHEET_ROWS: Final = 20_000
"""Rows of products a workbook holds; the CSV and parquet files hold all."""
_BARS: Final = 12
"""Origins in the chart of the workbook."""
_READ: Final = {
    "totals": (
        "by", "group", "skus", "under_floor", "customs_value_usd", "duty_low_usd", "duty_high_usd",
        "rate_low", "rate_high", "margin_before", "margin_after_low", "margin_after_high",
    ),
    "skus": (
        "sku", "hts", "origin", "customs_value_usd", "price_usd", "rate_low", "rate_high",
        "duty_usd_low", "duty_usd_high", "margin_before_low", "margin_if_absorbed_low",
        "price_for_floor_usd_high", "flags",
    ),
}  # fmt: skip
"""Columns that a sheet shows and prints; the others wait behind them, folded."""


class RowFiles:
    """Writes finished rows and faults to files in a folder, chunk by chunk."""

    def __init__(self, folder: Path) -> None:
        self.csv, self.parquet = folder / "skus.csv", folder / "skus.parquet"
        self.rejected = folder / "rejected.csv"
        self._writer: Any = None
        self.rejected.write_bytes(csv_bytes(rejected_frame(())))

    def add(self, rows: pd.DataFrame) -> None:
        """Append the rows of a chunk."""
        pa, pq = _arrow()
        plain = rounded(rows)
        table = pa.Table.from_pandas(plain, preserve_index=False)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.parquet, table.schema, compression="zstd")
            self.csv.write_bytes(csv_bytes(plain.head(0)))
        _append(self.csv, plain)
        self._writer.write_table(table.cast(self._writer.schema))

    def reject(self, faults: Sequence[Fault]) -> None:
        """Append the faults of a chunk."""
        _append(self.rejected, rejected_frame(faults))

    def close(self) -> dict[str, Path]:
        """Return the finished files by name; those of rows only where there were rows."""
        finished = [self.rejected]
        if self._writer is not None:
            self._writer.close()
            finished += [self.csv, self.parquet]
        return {path.name: path for path in finished}


def _append(path: Path, frame: pd.DataFrame) -> None:
    with path.open("ab") as file:
        file.write(csv_bytes(frame).partition(b"\n")[2])


def rounded(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a batch as people read them: no parts, days as text, short numbers."""
    plain = rows[[name for name in rows.columns if not name.startswith("line_part_")]].copy()
    plain["entered_on"] = plain["entered_on"].dt.strftime("%Y-%m-%d")
    numbers = plain.select_dtypes("float").columns
    plain[numbers] = plain[numbers].round(6)
    return plain


def rejected_frame(faults: Sequence[Fault]) -> pd.DataFrame:
    """Return one row per fault: `line`, `column`, `reason`, `got`, `remedy`."""
    import pandas as pd

    return pd.DataFrame(
        [
            (int(f.where.rpartition(":")[2]), f.column, f.what, _visible(f.got or ""), f.remedy)
            for f in faults
        ],
        columns=["line", "column", "reason", "got", "remedy"],
    )


def _visible(text: str) -> str:
    r"""Return a text with its control characters written out, as \x00: no workbook holds them."""
    return CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def batch_files(result: BatchResult, rows: RowFiles) -> dict[str, bytes | Path]:
    """Return every file of a batch but the report, by name: its content, or where it lies."""
    files: dict[str, bytes | Path] = {"totals.csv": csv_bytes(result.totals), **rows.close()}
    files["batch.xlsx"] = workbook(result, rows)
    return files


def workbook(result: BatchResult, rows: RowFiles) -> bytes:
    """Return totals, products (the first 20,000) and rejected rows as a workbook, with a chart."""
    lines = result.explain().split("\n")
    lines.append("Money is in US dollars; rates and margins are shares; low and high are the ends "
                 "of what is open.")  # fmt: skip
    lines.append("The sheets totals and skus show and print the columns that are read first; the "
                 "sign + above them opens the others.")  # fmt: skip
    if result.accepted > SHEET_ROWS:
        lines.append(f"The sheet skus has the first {SHEET_ROWS:,} of {result.accepted:,} products;"
                     " skus.csv and skus.parquet have all.")  # fmt: skip
    if result.fault_count > len(result.faults):
        lines.append(f"The sheet rejected has the first {len(result.faults):,} of "
                     f"{result.fault_count:,} faults; rejected.csv has all.")  # fmt: skip
    sheets = {"totals": result.totals, "skus": _first_rows(rows)}
    shown = {}
    for name, frame in sheets.items():
        first = [column for column in _READ[name] if column in frame.columns]
        sheets[name] = frame[[*first, *(c for c in frame.columns if c not in first)]]
        shown[name] = len(first)
    sheets["rejected"] = rejected_frame(result.faults)
    if result.papers is not None:
        sheets["papers"] = result.papers
    return sheets_of(lines, sheets, chart=_chart(sheets["totals"]), shown=shown)


Chart = Callable[[Mapping[str, Any]], Any]
"""Returns a chart over the sheets by name."""


def sheets_of(
    about: Sequence[str],
    sheets: Mapping[str, pd.DataFrame],
    *,
    chart: Chart | None = None,
    shown: Mapping[str, int] | None = None,
) -> bytes:
    """Return frames as a workbook: a sheet of words, and one a frame; the same bytes every time.

    Of a frame with more rows than `SHEET_ROWS` the first are taken, and the words say so: no
    spreadsheet program opens a sheet of more than 1,048,576.

    Parameters
    ----------
    about
        Lines of the first sheet, the answer first.
    sheets
        Frame by name of its sheet.
    chart
        What is drawn below the words, if anything.
    shown
        Of a sheet, how many columns are shown and printed, the others folded; all by default.
    """
    from openpyxl import Workbook

    about = [*about, *(
        f"The sheet {name} has the first {SHEET_ROWS:,} of {len(frame):,} rows; {name}.csv has all."
        for name, frame in sheets.items() if len(frame) > SHEET_ROWS
    )]  # fmt: skip
    book = Workbook(write_only=True)
    first = book.create_sheet("about")
    made = {name: book.create_sheet(name) for name in sheets}
    sheet_look.widths(first, [100])
    for place, line in enumerate(about):
        cell = _cell(first, line, "@")
        sheet_look.prose(cell, quiet=place > 0)
        first.row_dimensions[place + 1].height = sheet_look.lines_of([line], [100])
        first.append([cell])
    sheet_look.for_print(first, across=True, one_page=True)
    if chart is not None:
        first.add_chart(chart(made), f"A{len(about) + 2}")
    for name, frame in sheets.items():
        _fill(made[name], frame.head(SHEET_ROWS), (shown or {}).get(name, len(frame.columns)))
    buffer = io.BytesIO()
    book.save(buffer)
    return sheet_look.undated(buffer.getvalue())


def _first_rows(rows: RowFiles) -> pd.DataFrame:
    import pandas as pd

    if not rows.parquet.exists():
        return pd.DataFrame({"sku": []})
    _, pq = _arrow()
    file = pq.ParquetFile(rows.parquet)
    return next(file.iter_batches(batch_size=SHEET_ROWS)).to_pandas()  # type: ignore[no-any-return]


def _fill(sheet: Any, frame: pd.DataFrame, shown: int) -> None:
    """Write a frame: head, widths and number formats by its columns, the head always in sight."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.utils import get_column_letter

    sheet.freeze_panes = "C2" if sheet.title in ("totals", "skus") else "A2"
    forms = [number_form(column) for column in frame.columns]
    sheet_look.widths(sheet, [
        sheet_look.width_of(name, frame[name].head(200).tolist(), form)
        for name, form in zip(frame.columns, forms, strict=True)
    ])  # fmt: skip
    sheet_look.fold(sheet, shown + 1, len(frame.columns))
    sheet_look.for_print(sheet, across=len(frame.columns) > 6, heads="1:1")
    header = [WriteOnlyCell(sheet, value=column) for column in frame.columns]
    for cell in header:
        cell.data_type = "s"  # a column of the user's may be called as a formula is
    sheet_look.head(header, {n for n, kind in enumerate(frame.dtypes) if kind.kind in "ifM"})
    if header:
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(header))}{len(frame) + 1}"
    sheet.append(header)
    linked = sheet.title == "papers"  # its last column, and no column of the user's
    for row in frame.itertuples(index=False):
        cells = [_cell(sheet, v, form) for v, form in zip(row, forms, strict=True)]
        if linked:
            cells[-1] = _cell(sheet, row[-1], "@")
            sheet_look.link(cells[-1], str(row[-1]))
        sheet.append(cells)


def number_form(column: str) -> str:
    """Return how a workbook shows the numbers of a column.

    Examples
    --------
    >>> number_form("rate_low"), number_form("duty_usd_high"), number_form("skus")
    ('0.0%', '"$"#,##0.00', '#,##0')
    >>> number_form("entered_on"), number_form("customs_value")
    ('yyyy-mm-dd', '#,##0.00')
    """
    if column.endswith(("_on", "_until")):
        return "yyyy-mm-dd"
    if column in ("customs_value", "price", "unit_cost", "duty", "freight"):
        return "#,##0.00"
    if column.startswith(("rate", "margin")):
        return "0.0%"
    if "usd" in column.split("_"):
        return sheet_look.money_form("USD")
    counted = column in ("skus", "units", "line") or column.startswith(
        ("without", "under", "perhaps")
    )
    return "#,##0" if counted else ""


def _chart(totals: pd.DataFrame) -> Chart | None:
    """Return what draws the least and the largest duty of the origins with most of it."""
    places = [i for i, by in enumerate(totals["by"], 2) if by == "origin"][:_BARS]
    if not places:
        return None

    def draw(sheets: Mapping[str, Any]) -> Any:
        low, high = (list(totals.columns).index(f"duty_{end}_usd") + 1 for end in ("low", "high"))
        return sheet_look.bars(
            sheets["totals"], title="Duty by origin, US dollars", names=(2, places[0], places[-1]),
            values={"at least": low, "at most": high}, form=sheet_look.money_form("USD", 0),
        )  # fmt: skip

    return draw


def _cell(sheet: Any, value: Any, form: str = "") -> Any:
    """Return a value as a workbook takes it: no formula, blank where there is no number."""
    if value is not None and value != value:  # a number or a day that is none
        value = None
    if isinstance(value, float):
        value = None if math.isnan(value) else "unknown" if math.isinf(value) else value
    formula = isinstance(value, str) and value.startswith("=")
    if not formula and not form:
        return value
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value=value)
    if isinstance(value, str):
        cell.data_type = "s"
    if form:
        cell.number_format = form
    return cell


def _arrow() -> tuple[Any, Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pa, pq
