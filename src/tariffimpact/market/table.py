"""A market read from a CSV of products; a cell may be a range, and then so is the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tariffimpact.errors import DataError, Fault, ModelError
from tariffimpact.facts.tables import cells_by_name, csv_rows
from tariffimpact.interval import Interval
from tariffimpact.market.calibration import calibrate
from tariffimpact.market.conduct import Conduct
from tariffimpact.market.families import DemandName
from tariffimpact.market.model import Market
from tariffimpact.market.policy import Duties, Reading
from tariffimpact.market.system import Array

_NEEDED = ("product", "firm", "price", "quantity")
_NUMBERS = ("price", "quantity", "margin", "customs_share", "ad_valorem", "specific")
_DEFAULTS = {"customs_share": 1.0, "ad_valorem": 0.0, "specific": 0.0}


@dataclass(frozen=True, slots=True)
class ProductTable:
    """The products of a market: labels, and numbers each with a lower and an upper end."""

    labels: Mapping[str, tuple[str, ...]]
    """Text columns by name, one entry per product: `product`, `firm`, and any other."""
    low: Mapping[str, Array]
    high: Mapping[str, Array]
    """Ends of `price`, `quantity` (units, or parts of the sales), `margin` (NaN where blank),
    `customs_share` (customs value over price, for a column given), `ad_valorem`, `specific`."""
    has_customs_share: bool

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
            raise ModelError(f"where: no product has {dict(conditions)}; nothing would be taxed")
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
        by column, shape (J,). The other arguments are those of `calibrate`.
        """
        part = at if isinstance(at, Mapping) else dict.fromkeys(self.low, at)
        value = {n: self.low[n] + part[n] * (self.high[n] - self.low[n]) for n in self.low}
        customs = value["customs_share"] * value["price"] if self.has_customs_share else None
        return calibrate(
            products=self.labels["product"], firms=self.labels["firm"], prices=value["price"],
            quantities=value["quantity"], margins=value["margin"], demand=demand, fixed=fixed,
            outside_share=None if demand == "aids" else outside_share, reading=reading,
            conduct=conduct, duties=Duties(value["ad_valorem"], value["specific"]),
            customs_value=customs,
        )  # fmt: skip


def read_products(path: Path) -> ProductTable:
    r"""Read a CSV of products.

    Columns `product`, `firm`, `price` and `quantity` are needed; `margin` (price less cost with
    duty over price, blank where unknown), `customs_share` (customs value over price; without the
    column customs value is the unit cost), `ad_valorem` and `specific` (duties in force) may
    follow, and any text column to choose products by. Numbers may be ranges: ``0.2..0.4``.

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
    lines = csv_rows(path)
    header = [name.strip() for name in next(lines)[1]]
    faults = list(_header_faults(path, header))
    if faults:
        raise DataError(faults)
    rows: list[tuple[str, dict[str, str]]] = []
    for line, cells in lines:
        given, found = cells_by_name(f"{path}:{line}", header, cells)
        faults.extend(found)
        rows.append((f"{path}:{line}", given))
    if not rows:
        raise DataError([Fault(str(path), "has no products", "add a row for each product")])
    low: dict[str, Array] = {}
    high: dict[str, Array] = {}
    for name in _NUMBERS:
        read = [_cell(where, name, given.get(name, ""), faults) for where, given in rows]
        low[name] = np.array([span.low for span in read])
        high[name] = np.array([span.high for span in read])
    if faults:
        raise DataError(faults)
    blank = np.array(["margin" not in given for _, given in rows])
    low["margin"][blank] = high["margin"][blank] = np.nan
    labels = {
        name: tuple(given.get(name, "") for _, given in rows)
        for name in header
        if name not in _NUMBERS
    }
    return ProductTable(labels, low, high, "customs_share" in header)


def _header_faults(path: Path, header: list[str]) -> Iterator[Fault]:
    for name in _NEEDED:
        if name not in header:
            remedy = f"add it; needed are {', '.join(_NEEDED)}"
            yield Fault(f"{path}:1", "column is missing", remedy, name)
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            yield Fault(f"{path}:1", "column stands twice", "keep one of them", name)


def _cell(where: str, name: str, text: str, faults: list[Fault]) -> Interval:
    """Return a number or range, or add the fault and return a stand-in."""
    if not text and name not in ("price", "quantity"):
        return Interval.exactly(_DEFAULTS.get(name, 0.5))
    try:
        return Interval.parse(text)
    except ModelError:
        what, remedy = "should be a number or a range", "write 0.3 or 0.2..0.4"
        faults.append(Fault(where, what, remedy, name, text))
        return Interval.exactly(0.5)
