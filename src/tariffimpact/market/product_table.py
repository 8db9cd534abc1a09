"""A market read from a CSV of products; a cell may be a range, and then so is the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tariffimpact import units
from tariffimpact.errors import DataError, Fault, ModelError
from tariffimpact.interval import Interval
from tariffimpact.market.calibration import calibrate
from tariffimpact.market.conduct import Conduct
from tariffimpact.market.demand_systems import Array
from tariffimpact.market.fit import DemandName
from tariffimpact.market.model import Market
from tariffimpact.market.policy import Duties, Reading

if TYPE_CHECKING:
    import pandas as pd

_NEEDED = ("product", "firm", "price")
_SALES = ("quantity", "share")
_NUMBERS = ("price", *_SALES, "margin", "customs_share", "ad_valorem", "specific")
_DEFAULTS = {"customs_share": 1.0, "ad_valorem": 0.0, "specific": 0.0}
_BOUNDS: dict[str, tuple[float, float, str]] = {
    "price": (1e-6, 1e12, "give the shelf price of one unit, above 0"),
    "quantity": (1e-12, 1e15, "give units sold, above 0; drop a product not sold"),
    "share": (1e-12, 1e15, "give the part of sales, above 0; drop a product not sold"),
    "margin": (
        1e-6,
        1,
        "give price less cost over price, between 0 and 1 (0.25 is 25%), or a blank",
    ),
    "customs_share": (
        0,
        1e6,
        "give customs value over price, above 0; of a product that is not imported leave it blank, "
        "and keep the tariff off the product with --where",
    ),
    "ad_valorem": (0, 10, "give a fraction of customs value, 0.25 for 25%"),
    "specific": (0, 1e12, "give money per unit"),
}
"""Bounds that a number must lie strictly between, but duties may be 0, and how to mend it; past
them it is of another unit, and sums of squares are no numbers."""
_DUTIES = ("ad_valorem", "specific")
_MAX_BYTES = 20_000_000
"""A market is a table of products; a larger file is the wrong one."""
_NESTED = ("logit", "ces")
_BY_VALUE = ("ces", "aids")


@dataclass(frozen=True, slots=True)
class ProductTable:
    """The products of a market: labels, and numbers each with a lower and an upper end."""

    labels: Mapping[str, tuple[str, ...]]
    """Text columns by name, one entry per product: `product`, `firm`, and any other."""
    low: Mapping[str, Array]
    high: Mapping[str, Array]
    """Ends of `price`, `quantity` (units, or parts of them) or `share` (parts of what demand
    counts), `margin` (NaN where blank), `customs_share` (customs value over price, if the file
    has the column), `ad_valorem`, `specific`."""

    @property
    def exact(self) -> bool:
        """Whether no cell is a range."""
        return all(np.array_equal(self.low[n], self.high[n], equal_nan=True) for n in self.low)

    def where(self, conditions: Mapping[str, str]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return which products have the given text in the given columns, bool, shape (J,).

        Raises
        ------
        ModelError
            If a column is missing or no product matches.
        """
        chosen = np.ones(len(self.labels["product"]), dtype=bool)
        for column, value in conditions.items():
            if column not in self.labels:
                raise ModelError(
                    f"where: no column {column!r}; the text columns are {', '.join(self.labels)}"
                )
            chosen &= np.array(self.labels[column]) == value
        if not chosen.any():
            asked = " and ".join(f"{column}={value}" for column, value in conditions.items())
            known = {x for name in conditions for x in self.labels[name]}
            raise ModelError(
                f"where: no product has {asked}, so nothing would be taxed; known are "
                f"{units.listed(sorted(known))}"
            )
        return chosen

    def market(
        self,
        *,
        outside_share: float,
        demand: DemandName = "logit",
        reading: Reading = "customs_value",
        conduct: Conduct = "bertrand",
        at: float | Mapping[str, Array] = 0.5,
        fixed: Mapping[str, float] | None = None,
    ) -> Market:
        """Return the calibrated market at one point of the ranges.

        `at` is how far from the lower to the upper end each cell lies, in [0, 1]: one number, or
        by column, shape (J,). AIDS has no outside good and reads no `outside_share`. The other
        arguments are those of `calibrate`; a column `nest` makes logit and CES nested, and
        `customs_share` is read under `customs_value` only.
        """
        part = at if isinstance(at, Mapping) else dict.fromkeys(self.low, at)
        value = {n: self.low[n] + part[n] * (self.high[n] - self.low[n]) for n in self.low}
        price = value["price"]
        sold = value["quantity"] if "quantity" in value else value["share"]
        if "share" in value and demand in _BY_VALUE:
            sold = sold / price
        return calibrate(
            products=self.labels["product"], firms=self.labels["firm"], prices=price,
            quantities=sold, margins=value["margin"], demand=demand, fixed=fixed,
            nests=self.labels.get("nest") if demand in _NESTED else None,
            outside_share=None if demand == "aids" else outside_share, reading=reading,
            conduct=conduct, duties=Duties(value["ad_valorem"], value["specific"]),
            customs_value=value["customs_share"] * price
            if "customs_share" in value and reading == "customs_value" else None,
        )  # fmt: skip


def read_products(
    path: Path | str | pd.DataFrame,
    *,
    rename: Mapping[str, str] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> ProductTable:
    r"""Read a table of products: a CSV or workbook by its path, or a frame.

    Columns `product`, `firm`, `price` and one of `quantity` (units, or parts of units) and
    `share` are needed. `share` is a part of what the demand system counts: units for logit,
    linear and log-linear, outlay for CES and AIDS; only its proportions matter. `margin` (price
    less cost with duty over price, blank where unknown), `customs_share` (customs value over
    price; without the column customs value is the unit cost), `ad_valorem` (fraction of customs
    value) and `specific` (money per unit; both are duties in force), `nest` (for nested logit and
    CES) may follow, and any text column to choose products by. Numbers may be ranges:
    ``0.2..0.4``. `rename` tells what the file calls a column, our name first; `encoding` names that
    of a CSV that is not UTF-8, `sheet` the one of a workbook that has several.

    Raises
    ------
    DataError
        With every fault found, if the file cannot be read as such a table.

    Examples
    --------
    >>> import tempfile
    >>> text = "product,firm,price,quantity,margin\na,f,100,3..4,0.4\nb,g,90,2,\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "p.csv").write_text(text)
    ...     table = read_products(Path(folder) / "p.csv")
    >>> table.exact, table.high["quantity"]
    (False, array([4., 2.]))
    """
    import pandas as pd

    from tariffimpact.facts.user_tables import Columns, open_table
    from tariffimpact.writing import scratch

    if isinstance(path, pd.DataFrame):
        with scratch() as folder:
            written = folder / "frame"
            path.to_csv(written.with_suffix(".csv"), index=False)
            return read_products(written.with_suffix(".csv"))
    path = Path(path)
    table = open_table(path, Columns(_NEEDED, (*_NUMBERS[1:], "nest")), rename=rename,
                       encoding=encoding, sheet=sheet, limit=_MAX_BYTES)  # fmt: skip
    header = [*table.places, *table.extra]
    faults = list(_header_faults(path, header))
    if faults:
        raise DataError(faults)
    rows: list[tuple[str, dict[str, str]]] = []
    for chunk in table.with_extra(table.extra).chunks():
        faults.extend(chunk.faults)
        for place, line in enumerate(chunk.lines):
            given = {n: texts[place] for n, texts in chunk.columns.items() if texts[place]}
            rows.append((f"{path}:{line}", given))
    faults.extend(_label_faults(rows, "nest" in header))
    numbers = [name for name in _NUMBERS if name in header or name in ("margin", *_DUTIES)]
    low: dict[str, Array] = {}
    high: dict[str, Array] = {}
    for name in numbers:
        read = [_cell(where, name, given.get(name, ""), faults) for where, given in rows]
        low[name] = np.array([span.low for span in read])
        high[name] = np.array([span.high for span in read])
    if faults:
        raise DataError(sorted(faults, key=lambda fault: int(fault.where.rpartition(":")[2])))
    blank = np.array(["margin" not in given for _, given in rows])
    low["margin"][blank] = high["margin"][blank] = np.nan
    labels = {
        name: tuple(given.get(name, "") for _, given in rows)
        for name in header
        if name not in _NUMBERS
    }
    return ProductTable(labels, low, high)


def _header_faults(path: Path, header: list[str]) -> Iterator[Fault]:
    if "share" not in header and "quantity" not in header:
        remedy = f"add it; needed are {', '.join(_NEEDED)} and quantity or share"
        yield Fault(f"{path}:1", "column is missing", remedy, "quantity")
    if "share" in header and "quantity" in header:
        yield Fault(f"{path}:1", "stands beside quantity", "keep one of the two", "share")


def _label_faults(rows: list[tuple[str, dict[str, str]]], nested: bool) -> Iterator[Fault]:
    """Yield products without a name, a firm or a nest, and products that appear twice."""
    seen: dict[str, str] = {}
    for where, given in rows:
        for name in ("product", "firm", *(("nest",) if nested else ())):
            if name not in given:
                yield Fault(where, "is blank", "fill it in for every product", name, "")
        product = given.get("product", "")
        if product in seen:
            what, line = "appears twice", seen[product].rpartition(":")[2]
            yield Fault(where, what, f"it is on line {line} too; keep one", "product", product)
        elif product:
            seen[product] = where


def _cell(where: str, name: str, text: str, faults: list[Fault]) -> Interval:
    """Return a number or range, or add the fault and return a stand-in."""
    if not text and name not in ("price", *_SALES):
        return Interval.exactly(_DEFAULTS.get(name, 0.5))
    low, high, remedy = _BOUNDS[name]
    try:
        span = Interval.parse(text)
    except ModelError:
        what, remedy = "should be a number or a range", "write 0.3 or 0.2..0.4"
    else:
        least = span.low >= 0 if name in _DUTIES else low < span.low
        if span.is_bounded and least and span.high < high:
            return span
        what = "is out of range" if span.is_bounded else "needs both ends"
    faults.append(Fault(where, what, remedy, name, text))
    return Interval.exactly(0.5)
