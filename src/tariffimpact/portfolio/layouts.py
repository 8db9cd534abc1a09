"""Files as other programs write them: which columns are ours, and what must be known to read them.

A layout is recognised by its columns alone. What it supposes is said wherever its file is read.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tariffimpact.facts.partners import is_group
from tariffimpact.facts.sheets import Sheet


@dataclass(frozen=True, slots=True)
class Layout:
    """How one program names the columns of its files."""

    name: str
    marks: tuple[tuple[str, ...], ...]
    """It is this layout where a header has one name of each."""
    also: Mapping[str, tuple[str, ...]]
    """Our columns, and what it calls them, the first that is there taken."""
    says: str = ""
    """What is supposed in reading it, for the reader of the answer."""
    of_entries: bool = False
    """Whether its rows are parts of entries, in which a blank programme claims none."""
    totals: Callable[[str], bool] = field(default=lambda _: False)
    """Whether an origin stands for several countries, whose goods would count twice."""


USUAL: Final[dict[str, tuple[str, ...]]] = {
    "sku": ("item", "item number", "item no", "part number", "part no", "product id", "article"),
    "company": ("vendor", "vendor name", "supplier", "supplier name", "importer", "brand"),
    "hts": ("hts code", "hts number", "htsus", "hs code", "tariff code", "commodity code"),
    "origin": ("country of origin", "coo", "origin country", "country"),
    "customs_value": ("entered value", "declared value", "fob value", "customs value usd"),
    "price": ("retail price", "retail", "shelf price", "msrp", "unit price"),
    "units": ("annual units", "units a year", "annual volume"),
    "unit_cost": ("landed cost", "cost"),
    "duty_quantity": ("quantity per unit",),
    "entered_on": ("entry date", "date of entry", "import date"),
    "duty": ("duty paid", "duties"),
    "spi": ("special programme", "special program", "special program indicator"),
}
"""What a person calls them."""

_COST: Final = (
    "The cost per item is taken for the customs value, as the price paid to the maker; if it holds "
    "freight or duty, give the declared value: --map customs_value=…"
)
CENSUS_API: Final = Layout(
    "Census API",
    (("I_COMMODITY",), ("CTY_CODE", "CTY_NAME"), ("CON_VAL_MO", "GEN_VAL_MO", "CON_VAL_YR",
                                                  "GEN_VAL_YR")),
    {
        "hts": ("I_COMMODITY",), "origin": ("CTY_CODE", "CTY_NAME"), "entered_on": ("time",),
        "customs_value": ("CON_VAL_MO", "GEN_VAL_MO", "CON_VAL_YR", "GEN_VAL_YR"),
        "duty": ("CAL_DUT_MO", "CAL_DUT_YR"),
    },
    "A month stands for its first day.",
    totals=is_group,
)  # fmt: skip
USA_TRADE: Final = Layout(
    "USA Trade Online",
    (("Commodity",), ("Country",), ("Customs Value (Cons) ($US)", "Customs Value (Gen) ($US)")),
    {
        "hts": ("Commodity",), "origin": ("Country",), "entered_on": ("Time",),
        "customs_value": ("Customs Value (Cons) ($US)", "Customs Value (Gen) ($US)"),
        "duty": ("Calculated Duty ($US)",),
    },
    "A month stands for its first day.",
    totals=lambda name: re.search(r"total|world|european union", name, re.I) is not None,
)  # fmt: skip
DATAWEB: Final = Layout(
    "DataWeb",
    (("Data Type",), ("HTS Number",), ("Country",), ("Customs Value", "General Customs Value")),
    {
        "hts": ("HTS Number",), "origin": ("Country",),
        "customs_value": ("Customs Value", "General Customs Value"),
        "duty": ("Calculated Duties",),
    },
    "A month stands for its first day.",
)  # fmt: skip
DATAWEB_WIDE: Final = Layout(
    "DataWeb",
    (("HTS Number",), ("Country",)),
    {"hts": ("HTS Number",), "origin": ("Country",), "data_type": ("Data Type",),
     "year": ("Year",)},
    "Each column of a month or a year is read as lines of its own. A month stands for its first "
    "day; a year is charged by the law of the day that is given.",
)  # fmt: skip
"""DataWeb's download with a column a period, told by those columns (`periods_of`)."""
ACE: Final = Layout(
    "ACE ES-003",
    (("Entry Summary Number",), ("HTS Number - Full", "HTS Number"),
     ("Line Tariff Duty Amount",)),
    {
        "hts": ("HTS Number - Full", "HTS Number"), "origin": ("Country of Origin Code",),
        "customs_value": ("Line Tariff Goods Value Amount",), "duty": ("Line Tariff Duty Amount",),
        "entered_on": ("Entry Date", "Entry Summary Date"), "spi": ("Line SPI Code",),
        "entry": ("Entry Summary Number",), "entry_line": ("Entry Summary Line Number",),
        "ordinal": ("Tariff Ordinal Number",), "deposited_on": ("Entry Summary Date",),
        "liquidated_on": ("Liquidation Date",), "liquidation": ("Liquidation Status",),
    },
    "The headings of chapter 99 are folded into the line they belong to.",
    of_entries=True,
)  # fmt: skip
SHOPIFY: Final = Layout(
    "Shopify",
    (("Variant SKU", "SKU"), ("Handle", "URL handle"), ("Cost per item", "Variant Cost", "COO",
                                                        "Variant HS Code")),
    {
        "sku": ("Variant SKU", "SKU"), "company": ("Vendor",),
        "hts": ("Variant HS Code", "HS Code"), "origin": ("Variant Country of Origin", "COO"),
        "customs_value": ("Cost per item", "Variant Cost"), "price": ("Variant Price", "Price"),
    },
    _COST,
)  # fmt: skip
AMAZON: Final = Layout(
    "Amazon",
    (("item_sku", "seller-sku", "contribution_sku"), ("standard_price", "price", "your_price")),
    {
        "sku": ("item_sku", "seller-sku", "contribution_sku"),
        "company": ("brand_name", "manufacturer"),
        "hts": ("hts_code", "hs_code", "harmonized_code"), "origin": ("country_of_origin",),
        "customs_value": ("cost", "unit_cost_usd"),
        "price": ("standard_price", "your_price", "price"),
    },
    "Amazon's own files hold neither tariff code nor cost: they come from your columns or from "
    "--join.",
)  # fmt: skip
SAP: Final = Layout(
    "SAP item master",
    (("MATNR", "Material"), ("STAWN", "Commodity Code", "Comm./imp. code no.", "Commodity code"),
     ("HERKL", "Country of origin", "Country of Origin", "CtryOfOrig")),
    {
        "sku": ("MATNR", "Material"), "company": ("WERKS", "Plant"),
        "hts": ("STAWN", "Commodity Code", "Comm./imp. code no."),
        "origin": ("HERKL", "Country of origin", "CtryOfOrig"),
        "customs_value": ("STPRS", "VERPR", "Standard price", "Moving price"),
        "per": ("PEINH", "Price unit"), "currency": ("WAERS", "Currency"),
        "price": ("KBETR", "Sales price"),
    },
    "The valuation price, divided by its price unit, is taken for the customs value; if it holds "
    "freight or duty, give the declared value: --map customs_value=…",
)  # fmt: skip

OF_LINES: Final = (CENSUS_API, USA_TRADE, DATAWEB, ACE)
"""Layouts of import lines."""
OF_PRODUCTS: Final = (SHOPIFY, SAP, AMAZON)
"""Layouts of products."""


@dataclass(frozen=True, slots=True)
class Period:
    """A column that holds what was imported in a period."""

    column: str
    """What the file calls it."""
    year: str
    """Blank where a column of the row says it."""
    month: str
    """In words or digits; blank for a whole year."""


_MONTHS: Final = tuple(calendar.month_name)[1:]
_YEAR: Final = re.compile(r"(?:Year )?((?:19|20)\d\d)", re.I)
_MONTH_OF: Final = re.compile(r"([A-Za-z]{3,9})[\s,_-]+((?:19|20)\d\d)")
_NUMBERED: Final = re.compile(r"((?:19|20)\d\d)[-_](\d\d)")


def periods_of(header: Sequence[str]) -> list[Period]:
    """Return the columns of a header that are periods: `2024`, `January, 2024`, `January`.

    A month alone is one where a column says the year. Years to date are none.

    Examples
    --------
    >>> [(p.year, p.month) for p in periods_of(["Country", "2023", "2024_Suppressed"])]
    [('2023', '')]
    >>> [(p.year, p.month) for p in periods_of(["Country", "January, 2024", "2024-02"])]
    [('2024', 'January'), ('2024', '02')]
    """
    with_year = "year" in {_plain(name) for name in header}
    found = []
    for name in header:
        if year := _YEAR.fullmatch(name):
            found.append(Period(name, year[1], ""))
        elif (month := _MONTH_OF.fullmatch(name)) and _is_month(month[1]):
            found.append(Period(name, month[2], month[1]))
        elif numbered := _NUMBERED.fullmatch(name):
            found.append(Period(name, numbered[1], numbered[2]))
        elif with_year and _is_month(name):
            found.append(Period(name, "", name))
    return found


def _is_month(name: str) -> bool:
    return name.casefold() in {m[:n].casefold() for m in _MONTHS for n in (3, len(m))}


def recognised(
    path: Path, among: Sequence[Layout], *, encoding: str | None = None, sheet: str | None = None,
    limit: int,
) -> Layout | None:  # fmt: skip
    """Return the layout whose columns a file has, if any."""
    opened = Sheet(path, encoding=encoding, name=sheet, limit=limit)
    for layout in among:
        wanted = [{_plain(name) for name in names} for names in layout.marks]

        def fits(cells: Sequence[str], wanted: Sequence[set[str]] = wanted) -> bool:
            held = {_plain(cell) for cell in cells}
            return all(names & held for names in wanted)

        if fits(opened.header(fits)[1]):
            return layout
    return None


def names_of(layout: Layout | None) -> dict[str, tuple[str, ...]]:
    """Return what columns are called: in a layout first, then as people do."""
    known = dict(layout.also) if layout else {}
    return {ours: (*known.get(ours, ()), *USUAL.get(ours, ())) for ours in {**USUAL, **known}}


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()
