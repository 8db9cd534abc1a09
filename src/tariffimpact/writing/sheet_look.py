"""How every sheet of a workbook looks and prints: heads, widths, numbers, links, one page wide.

Nothing here imports openpyxl until a sheet is dressed.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Container, Iterable, Sequence
from typing import Any, Final

from tariffimpact import units

BLUE: Final = "FF0F5E9C"
INK: Final = "FF16202A"
GREY: Final = "FF56626B"
INPUT: Final = "FFEAF2FA"
"""The ground of a cell that a reader may change."""
_HEAD: Final = "FFEEF2F5"
_RULE: Final = "FF8E9AA2"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_A4: Final = 9
_MILLIONS_FROM: Final = 5_000_000
_WIDEST: Final = 60
_NARROWEST: Final = 9
_LANDSCAPE_FROM: Final = 80.0
"""Width of all columns, in characters, from which a sheet prints on its side."""
_SAMPLE: Final = 200
"""Rows that decide how wide a column is."""


def money_form(currency: str, digits: int = 2) -> str:
    """Return the number format of money of a currency.

    Examples
    --------
    >>> money_form("USD"), money_form("CHF", 0)
    ('"$"#,##0.00', '"CHF "#,##0')
    """
    sign = _sign(currency)
    decimals = f".{'0' * digits}" if digits else ""
    return f'"{sign}"#,##0{decimals}'


def axis_form(currency: str, largest: float) -> str:
    """Return the number format of money on an axis that reaches to an amount.

    Examples
    --------
    >>> axis_form("USD", 3e8), axis_form("USD", 900)
    ('"$"#,##0,,"m"', '"$"#,##0')
    """
    return f'"{_sign(currency)}"#,##0' + (',,"m"' if abs(largest) >= _MILLIONS_FROM else "")


def _sign(currency: str) -> str:
    return re.sub(r"[\d.,]", "", units.money(1, currency, 0))


def _font(**looks: Any) -> Any:
    """Return the typeface of a workbook; openpyxl names none, and programs then choose."""
    from openpyxl.styles import Font

    return Font(name="Calibri", **({"size": 11} | looks))


def head(cells: Iterable[Any], numbers: Container[int] = ()) -> None:
    """Dress the cells of a head: bold on a pale ground above a rule, wrapped where it is long.

    Parameters
    ----------
    numbers
        Places, counted from 0, of the columns of numbers, whose heads stand flush right.
    """
    from openpyxl.styles import Alignment, Border, PatternFill, Side

    for place, cell in enumerate(cells):
        cell.font = _font(bold=True, color=INK)
        cell.fill = PatternFill("solid", start_color=_HEAD)
        cell.border = Border(bottom=Side("thin", color=_RULE))
        side = "right" if place in numbers else "left"
        cell.alignment = Alignment(wrap_text=True, vertical="bottom", horizontal=side)


def title(cell: Any) -> None:
    """Dress the first cell of a sheet of words."""
    cell.font = _font(bold=True, size=14, color=INK)


def prose(cell: Any, *, quiet: bool = False) -> None:
    """Dress a paragraph: wrapped; `quiet` in grey."""
    from openpyxl.styles import Alignment

    cell.alignment = Alignment(wrap_text=True, vertical="top")
    cell.font = _font(color=GREY if quiet else INK)


def lines_of(texts: Iterable[str], wide: Iterable[float]) -> float:
    """Return how tall a row of wrapped texts is, points: no program is asked to find it out.

    Examples
    --------
    >>> lines_of(["a" * 250, "short"], (100, 20))
    46.5
    """
    lines = max(
        (-(-len(text) * 1.1 // width) for text, width in zip(texts, wide, strict=True)), default=1
    )
    return 15.5 * max(lines, 1)


def section(cells: Iterable[Any]) -> None:
    """Dress the name of a part of a sheet: bold above a rule."""
    from openpyxl.styles import Border, Side

    for cell in cells:
        cell.font = _font(bold=True, color=INK)
        cell.border = Border(bottom=Side("thin", color=_RULE))


def link(cell: Any, address: str) -> None:
    """Make a cell lead to an address on the web; what is no such address stays text."""
    from openpyxl.styles import Alignment

    if address.startswith(("https://", "http://")):
        cell.hyperlink = address
        cell.font = _font(color=BLUE, underline="single")
    cell.alignment = Alignment(wrap_text=True, vertical="top")


def may_change(cell: Any) -> None:
    """Colour a cell as one to be changed."""
    from openpyxl.styles import PatternFill

    cell.fill = PatternFill("solid", start_color=INPUT)
    cell.font = _font(color=BLUE)


def width_of(name: str, values: Sequence[Any], form: str = "") -> float:
    """Return how wide a column is: as its first cells need, its head on up to three lines.

    Examples
    --------
    >>> width_of("duty_low_usd", [1234.5], '"$"#,##0.00'), width_of("sku", ["A"])
    (14, 9)
    """

    def long(value: Any) -> int:
        if isinstance(value, float):
            if value != value:
                return 0
            return len(f"{value:,.2f}") + 1 if form else min(len(f"{value:g}"), 12)
        return len(f"{value:,}" if isinstance(value, int) else str(value))

    words = max((len(word) for word in name.split()), default=0)
    lines = max(words + 2, -(-len(name) // 3) + 1)
    cells = [long(value) for value in values[:_SAMPLE] if value is not None]
    return min(_WIDEST, max(_NARROWEST, lines, *(n + 2 for n in cells), 0))


def widths(sheet: Any, wide: Sequence[float]) -> None:
    """Set how wide the columns of a sheet are, and lay it on its side if that is much."""
    from openpyxl.utils import get_column_letter

    for place, width in enumerate(wide, 1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    for_print(sheet, across=sum(wide) > _LANDSCAPE_FROM)


def fold(sheet: Any, first: int, last: int) -> None:
    """Hide columns, counted from 1, behind a sign that opens them; folded they are not printed."""
    from openpyxl.utils import get_column_letter

    sheet.sheet_properties.outlinePr.summaryRight = False
    for place in range(first, last + 1):
        dimension = sheet.column_dimensions[get_column_letter(place)]
        dimension.outlineLevel, dimension.hidden = 1, True


def for_print(
    sheet: Any, *, across: bool = False, heads: str | None = None, one_page: bool = False
) -> None:
    """Print a sheet one page wide and as tall as it is, its head on every page.

    Parameters
    ----------
    across
        Whether the paper lies on its side.
    heads
        Rows to repeat on every page, as `1:1`.
    one_page
        Whether all of it goes on one page.
    """
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, int(one_page)
    sheet.page_setup.orientation = "landscape" if across else "portrait"
    sheet.page_setup.paperSize = _A4
    sheet.page_margins.left = sheet.page_margins.right = 0.5
    sheet.page_margins.top = sheet.page_margins.bottom = 0.6
    sheet.oddFooter.right.text = "&P of &N"
    sheet.oddFooter.left.text = "&A"
    sheet.sheet_view.showGridLines = False
    if heads:
        sheet.print_title_rows = heads


def bars(
    sheet: Any,
    *,
    title: str,
    names: tuple[int, int, int],
    values: dict[str, int],
    form: str,
    across: bool = True,
) -> Any:
    """Return a chart of bars over the cells of a sheet.

    Parameters
    ----------
    sheet
        Whose cells they are.
    title
        What the bars are, with the unit.
    names
        Column of the names of the bars, first and last row.
    values
        Words of each series to its column.
    form
        Number format of the axis.
    across
        Whether the bars lie, first name on top.
    """
    from openpyxl.chart import BarChart, Reference
    from openpyxl.chart.series import SeriesLabel

    column, first, last = names
    chart = BarChart()
    chart.type, chart.style, chart.title = "bar" if across else "col", 10, title
    chart.width, chart.height = 20, max(7.0, min(16.0, 3 + 0.9 * (last - first + 1)))
    for place in values.values():
        chart.add_data(Reference(sheet, place, first, place, last), titles_from_data=False)
    for series, words, colour in zip(chart.series, values, _SERIES, strict=False):
        series.tx = SeriesLabel(v=words)
        series.graphicalProperties.solidFill = colour
        series.graphicalProperties.line.solidFill = colour
    chart.set_categories(Reference(sheet, column, first, column, last))
    chart.gapWidth, chart.legend.position = 60, "b"
    chart.y_axis.numFmt, chart.y_axis.delete, chart.x_axis.delete = form, False, False
    chart.y_axis.majorGridlines.spPr = _faint()
    if across:
        chart.x_axis.scaling.orientation = "maxMin"
        chart.y_axis.crosses = "max"
    return chart


def _faint() -> Any:
    from openpyxl.chart.shapes import GraphicalProperties
    from openpyxl.drawing.line import LineProperties

    return GraphicalProperties(ln=LineProperties(solidFill="DCE1E5"))


_SERIES: Final = ("0F5E9C", "C8501E", "5C98C8", "8E9AA2", "16202A")


def undated(package: bytes) -> bytes:
    """Return a workbook, or another office document, without the time it was written at."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            data = old.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"(<dcterms:\w+[^>]*>)[^<]*", rb"\g<1>1980-01-01T00:00:00Z", data)
            new.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
