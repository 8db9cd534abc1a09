"""Every reader under one form: bytes in; out comes a good read, or an error worded for the user."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from costpush.small_accounts import SMALL
from tariffimpact.errors import DataError, ModelError
from tariffimpact.facts import read_facts, shipped_folder
from tariffimpact.facts.reader import KINDS

FOUND = Path(__file__).parent / "found"
"""Inputs that once broke a reader, in a folder for each reader."""
DATA, CASES = shipped_folder("data"), shipped_folder("cases")
MARKET = (DATA / "console_market.csv").read_bytes()
SKUS = (DATA / "example_skus.csv").read_bytes()


@dataclass(frozen=True)
class Reader:
    """A reader, real files for it, and the name its file must have."""

    seeds: tuple[bytes, ...]
    read: Callable[[Path], object]
    name: str


def outcome(reader: Reader, raw: bytes) -> str:
    """Return `read` or `refused`; anything else than these two is an exception."""
    with _folder() as folder:
        path = folder / reader.name
        path.write_bytes(raw)
        try:
            reader.read(path)
        except DataError as error:
            _check(error, folder)
            return "refused"
        except ModelError:
            return "refused"
    return "read"


def _check(error: DataError, folder: Path) -> None:
    """Hold every fault to what a user is owed: a place, a remedy, one line that fits a screen."""
    assert error.faults
    for fault in error.faults:
        text = str(fault)
        assert text.isprintable(), ascii(text)
        assert fault.what, text
        assert fault.remedy, text
        assert fault.where.startswith(str(folder)), text
        assert len(text) < 3000, text[:500]


def folder_name(reader: str) -> str:
    """Return the name of the folder in which inputs of a reader are kept."""
    return reader.removesuffix(".csv").replace(" ", "-")


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="hostile-", dir=_memory()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@cache
def _memory() -> str | None:
    """Return a folder that is memory, where there is one: thousands of files are written."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


@cache
def _facts():
    return read_facts()


@cache
def _compiled():
    from tariffimpact.tariffs import shipped_schedule

    return shipped_schedule(_facts()).compiled


@cache
def _codes():
    from tariffimpact.portfolio.goods import KnownGoods

    return KnownGoods.of(_compiled())


def _head(raw: bytes, lines: int = 12) -> bytes:
    return b"".join(raw.splitlines(keepends=True)[:lines])


def _table(kind) -> Callable[[Path], object]:
    """Return a reader of one table that raises what `read_facts` would."""
    from tariffimpact.facts import checks
    from tariffimpact.facts.tables import columns, read_table

    def read(path: Path) -> object:
        table = read_table(path, kind)
        faults = [*table.faults, *checks.repeated(table, columns(kind)[0])]
        if faults:
            raise DataError(faults)
        return table

    return read


def _whole_folder(name: str) -> Callable[[Path], object]:
    """Return a reader of all tables, one of them the hostile file."""

    def read(path: Path) -> object:
        for other in DATA.glob("*.csv"):
            if other.stem != name:
                shutil.copy(other, path.parent / other.name)
        return read_facts(path.parent)

    return read


def _case(path: Path) -> object:
    from tariffimpact.cases import read_case

    return read_case(path, facts=_facts())


def _answered_case(path: Path) -> object:
    """Read a case and ask it everything a command would."""
    found = _case(path)
    asked = [lambda: [found.prices(p.name).summary() for p in found.products], found.explain]
    for name in ("recovery", "rollback", "path", "sourcing", "earnings"):
        asked.append(lambda name=name: getattr(found, name)().summary())
    for ask in asked:
        with suppress(ModelError):
            ask()
    return found


def _page(path: Path) -> object:
    """Read a case and write the page of it, picture and all."""
    from tariffimpact.report.brief import brief_of_case, write_brief

    return write_brief(brief_of_case(_case(path), _facts()), path.parent / "out", ["html"])


def _products(path: Path) -> object:
    from tariffimpact.market import read_products

    return read_products(path)


def _answered_market(path: Path) -> object:
    """Read a market and tax all of it, under each demand."""
    from tariffimpact.interval import Interval
    from tariffimpact.market import impose_range, read_products

    table = read_products(path)
    for demand in ("logit", "ces", "linear"):
        with suppress(ModelError):
            found = impose_range(
                table, outside_share=Interval(0.3, 0.7), ad_valorem=0.15, where={}, points=4,
                demand=demand,
            )  # fmt: skip
            found.explain()
    return table


def _skus(path: Path) -> object:
    from datetime import date

    from tariffimpact.portfolio import open_skus, read_skus

    parts = read_skus(open_skus(path), _codes(), on=date(2025, 9, 1), chunk=3)
    faults = [f for part in parts for f in part.faults]
    if faults:
        raise DataError(faults)
    return None


def _line_file(path: Path) -> object:
    """Read a file of import lines, of any layout, up to the parquet that is charged."""
    from tariffimpact.portfolio import lines_as_parquet

    return lines_as_parquet(path, path.with_suffix(".parquet"), _codes())


def _entries(path: Path) -> object:
    from datetime import date

    from tariffimpact.portfolio import read_entries

    held = read_entries(path)
    held.folded()
    charges = _facts().customs_charges
    return held.refund(on=date(2026, 11, 30), charges=charges).explain()


ACE = (
    b"Entry Summary Number,Entry Date,Entry Summary Date,Liquidation Date,Entry Summary Line "
    b"Number,Country of Origin Code,HTS Number - Full,Line Tariff Goods Value Amount,Line Tariff "
    b"Duty Amount\nE1,08/21/2025,09/03/2025,,001,VN,9903.02.69,0,2000\n"
    b"E1,08/21/2025,09/03/2025,,001,VN,9504500000,10000,0\n"
)
LINES = (
    b'hts,origin,entered_on,customs_value,duty\n9504500000,China,8/21/2025,"$1,000.50",25\n'
    b"9504.50.00.00,5520,8/22/2025,2bn,\n"
)


BRIDGE = b"""title = "A bridge"
question = "What does it cost?"
[earnings]
gross = "100e6..150e6"
offsets = [{ by = "price", share = "0.2..0.4" }, { by = "vendors", amount = 1e6 }]
months = 12
sales = 5e9
cost_of_goods = 3e9
operating_income = 5e8
tax_rate = 0.21
shares_outstanding = 100e6
demand_elasticity = "1.2..2"
months_of_stock = "2..3"
flow = "fifo"
"""
PANEL = b"sku,date,price,on,sales,stock\n" + b"".join(
    f"{unit},2025-{month:02},{place + month + (unit in 'ab' and month > 3)}.5,"
    f"{int(unit in 'ab' and month > 3)},{10 * month},yes\n".encode()
    for place, unit in enumerate("abcdef", 1)
    for month in range(1, 7)
)
RATED = b"item;month;value;tariff\n" + b"".join(
    f"{unit};2025-{month:02};1{place}{month},5;{25 if month > 2 and place < 3 else 0}%\n".encode()
    for place, unit in enumerate("abcd", 1)
    for month in range(1, 5)
)
OPTIONS = tuple(
    text.encode()
    for text in (
        "15%..20%", "$1.2bn", "CHN=1.2bn@20%", "price=40m", "60%", "1.2..2", "50\N{EN DASH}70%",
        "2025-08-21", "today", "Vietnam", "5520", "USD", "USMCA=0.5..0.7", "product=SKU name",
    )
)  # fmt: skip


def _panel(path: Path) -> object:
    """Read a panel and estimate from it, whatever of its columns is there."""
    from tariffimpact.estimation import Columns, estimate

    rated = path.suffix == ".txt"
    columns = (
        Columns(unit="item", time="month", price="value", tariff="tariff")
        if rated
        else Columns(treated="on", weight="sales", stock="stock")
    )
    return estimate(path, columns).explain()


def _record(path: Path) -> object:
    """Read what an estimate left in its folder."""
    from tariffimpact.estimation import read_estimation

    return read_estimation(path).explain()


@cache
def _estimated() -> bytes:
    """Return the record of an estimate from the small panel."""
    from tariffimpact.estimation import Columns, estimate, estimation_files

    with _folder() as folder:
        (folder / "panel.csv").write_bytes(PANEL)
        found = estimate(folder / "panel.csv", Columns(treated="on"))
        return estimation_files(found)["estimation.json"]


def _rated_panel(path: Path) -> object:
    return _panel(path.rename(path.with_suffix(".txt")))


def _options(path: Path) -> object:
    """Read a text as each kind of option: every one takes it or refuses it in words."""
    import click

    from tariffimpact.cli import numbers, options
    from tariffimpact.cli.earnings import _Imports, _Offset

    text = path.read_bytes().decode("utf-8", "surrogateescape")
    kinds = [numbers.Number(kind) for kind in ("rate", "share", "ratio", "money", "number")]
    kinds += [numbers.Worth(), _Imports(), _Offset(), options.Day(today=True), options.Country()]
    kinds += [options.Currency(), options.Claims(), options.Renaming(), options.Share()]
    taken = 0
    for kind in kinds:
        with suppress(click.BadParameter):
            kind.convert(text, None, None)
            taken += 1
    if not taken:
        raise ModelError("no option takes it")
    return taken


def _words(path: Path) -> object:
    """Search the facts for a text."""
    from tariffimpact.facts import search_facts

    text = path.read_bytes().decode("utf-8", "surrogateescape")
    return search_facts(_facts(), text, companies=text.split("/")[1:]).as_json()


def _workbook(rows: bytes) -> bytes:
    """Return the rows of a CSV as a workbook."""
    import csv
    import io

    from openpyxl import Workbook

    book = Workbook()
    for row in csv.reader(io.StringIO(rows.decode())):
        book.active.append(row)
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


LAW = DATA / "law"
LONG = ("rules", "codes", "book")
"""Tables of the law of which the head will do: the others name each other's rows."""


def _rules(name: str) -> Callable[[Path], object]:
    """Read the law of a folder in which one table is spoilt."""
    from tariffimpact.tariffs.rules import read_rules

    def read(path: Path) -> object:
        for other in LAW.glob("*.csv"):
            if other.stem != name:
                (path.parent / other.name).write_bytes(_law(other.stem))
        return read_rules(path.parent, sources=_facts().sources)

    return read


def _law(name: str) -> bytes:
    whole = (LAW / f"{name}.csv").read_bytes()
    return _head(whole, 6) if name in LONG else whole


def _schedule(path: Path) -> object:
    """Read a schedule, and ask it for a rate."""
    from datetime import date

    from tariffimpact.tariffs import Schedule, read_schedule

    found = Schedule(read_schedule(path))
    with suppress(ModelError):
        found.rate("9504500000", "CHN", date(2025, 5, 1)).explain()
    return found


def _lines(path: Path) -> object:
    from tariffimpact.portfolio import check_lines

    return check_lines(path)


def _census(path: Path) -> object:
    from tariffimpact.portfolio import read_census_imports

    return read_census_imports(path.parent)


def _version(path: Path) -> object:
    from tariffimpact.release import data_version

    return str(data_version(path.parent))


@cache
def parquet_readers() -> dict[str, Reader]:
    """Return the readers of binary files."""
    import io

    import pandas as pd

    from tariffimpact.tariffs import CompiledSchedule

    whole = _compiled()
    consoles = whole.frame[whole.frame["hts"] == "95045000"].reset_index(drop=True)
    schedule = CompiledSchedule(consoles, whole.manifest).as_bytes()
    lines, census = io.BytesIO(), io.BytesIO()
    pd.DataFrame(
        {
            "hts": ["9504500000"] * 3,
            "origin": ["CHN", "JPN", "VNM"],
            "entered_on": pd.Timestamp("2025-07-01"),
            "customs_value": [1.0, 2.0, 3.0],
            "duty": [0.1, 0.2, 0.3],
        }
    ).to_parquet(lines)
    pd.DataFrame(
        {"HS10": ["9504500000"], "CTY_CODE": ["5700"], "imports": [5.0], "duty": [1.0]}
    ).to_parquet(census)
    return {
        "schedule": Reader((schedule,), _schedule, "schedule.parquet"),
        "import lines": Reader((lines.getvalue(),), _lines, "lines.parquet"),
        "census": Reader((census.getvalue(),), _census, "5700-imports.parquet"),
        "workbook": Reader((_workbook(LINES), _workbook(ACE)), _line_file, "lines.xlsx"),
        "workbook of skus": Reader((_workbook(_head(SKUS, 4)),), _skus, "skus.xlsx"),
        "workbook of a market": Reader((_workbook(MARKET),), _products, "market.xlsx"),
        "workbook of a panel": Reader((_workbook(PANEL),), _panel, "panel.xlsx"),
        "workbook of rates": _accounts("rates.csv", "rates.xlsx"),
        "parquet of requirements": _accounts("requirements.csv", "requirements.parquet"),
        "parquet of receipts": _accounts("receipts.csv", "receipts.parquet"),
        "parquet of weights": _imports("weights.parquet"),
        "parquet of goods": _imports("goods.parquet"),
        "parquet of prices": _prices("prices.parquet"),
        "record of an estimate": Reader((_estimated(),), _record, "estimation.json"),
        "parquet panel": Reader((_parquet(PANEL),), _panel, "panel.parquet"),
        "Stata panel": Reader((_stata(PANEL),), _panel, "panel.dta"),
    }


def _parquet(rows: bytes, dtype: dict[str, type] | None = None) -> bytes:
    import io

    import pandas as pd

    return pd.read_csv(io.BytesIO(rows), dtype=dtype).to_parquet()


def _stata(rows: bytes) -> bytes:
    import io

    import pandas as pd

    raw = io.BytesIO()
    pd.read_csv(io.BytesIO(rows)).to_stata(raw, write_index=False)
    return raw.getvalue()


def _accounts(name: str, file: str = "") -> Reader:
    """Return the reader of a folder of input-output accounts, one of its tables spoilt.

    The table may lie in a file of another kind.
    """
    from tariffimpact.costpush import cost_push, read_accounts, read_rates, realised_change

    def read(path: Path) -> object:
        for other, text in SMALL.items():
            if other != name:
                (path.parent / other).write_text(text, encoding="utf-8")
        accounts = read_accounts(path.parent)
        if name == "rates.csv":
            return cost_push(accounts, read_rates(path, accounts)).as_json()
        change = realised_change(accounts, month="2025-02", base="2025-01")
        return cost_push(accounts, change).as_json()

    seed = SMALL[name].encode()
    if file:
        seed = _workbook(seed) if file.endswith(".xlsx") else _parquet(seed, dtype=_CODED)
    return Reader((seed,), read, file or name)


IMPORTS = {
    "weights.parquet": b"hts,partner,thousand_usd\n7200000000,JPN,30\n8703000000,JPN,20\n"
    b"8703000000,EU,60\n",
    "goods.parquet": b"hts,commodity\n7200000000,steel\n8703000000,car\n",
}
"""The imports of the small accounts by product and partner."""
BY_CODE = "hts,origin,change\n8703,Japan,15%\n8703,EU,10%..15%\n7200,,50%\n"


def _imports(name: str) -> Reader:
    """Return the reader of a change by code, one of the tables that weigh it spoilt."""
    from tariffimpact.costpush import cost_push, read_accounts, read_rates

    def read(path: Path) -> object:
        for other, text in (SMALL | {"rates.csv": BY_CODE}).items():
            (path.parent / other).write_text(text, encoding="utf-8")
        for other, rows in IMPORTS.items():
            if other != path.name:
                (path.parent / other).write_bytes(_parquet(rows, dtype=_IMPORTED))
        accounts = read_accounts(path.parent)
        return cost_push(accounts, read_rates(path.parent / "rates.csv", accounts)).as_json()

    return Reader((_parquet(IMPORTS[name], dtype=_IMPORTED),), read, name)


PRICED = {
    "categories.csv": "category,name,core_goods\n"
    + "".join(f"c{k},Goods {k},true\n" for k in range(6)),
    "bridge.csv": "category,commodity,producers_value,transport,wholesale,retail,"
    "purchasers_value,currency\n"
    + "".join(f"c{k},{'car' if k % 2 else 'steel'},{60 + k},10,10,{20 - k},100,USD\n"
              for k in range(6)),
    "price_items.csv": "category,item,item_name\n"
    + "".join(f"c{k},SE0{k},Goods {k}\n" for k in range(6)),
    "prices.parquet": "item,month,index\n"
    + "".join(f"SE0{k},{month},{100 + k * place + place}.5\n" for k in range(6)
              for place, month in enumerate(("2024-11", "2024-12", "2025-01", "2025-02"))),
}  # fmt: skip
"""The index of consumer prices beside small accounts of six categories."""


def _prices(name: str) -> Reader:
    """Return the reader of the index, or of its items, compared with a cost push."""
    from tariffimpact.costpush import (
        compare_prices,
        cost_push,
        read_accounts,
        realised_change,
        start_months,
    )

    def written(other: str) -> bytes:
        text = (SMALL | PRICED)[other].encode()
        return _parquet(text, dtype=_PRICED) if other.endswith(".parquet") else text

    def read(path: Path) -> object:
        for other in SMALL | PRICED:
            if other != name:
                (path.parent / other).write_bytes(written(other))
        accounts = read_accounts(path.parent)
        answer = cost_push(accounts, realised_change(accounts, month="2025-02", base="2025-01"))
        found = compare_prices(answer, start="2025-01", end="2025-02")
        return (
            found.explain()
            + start_months(answer, starts=["2024-12", "2025-01"], end="2025-02").explain()
        )

    return Reader((written(name),), read, name)


_PRICED = {"item": str, "month": str}
_IMPORTED = {"hts": str}
_CODED = {"code": str, "commodity": str}


@cache
def readers() -> dict[str, Reader]:
    """Return every reader of text by name; those that need a folder of files say `with`."""
    found = {
        f"table {name}": Reader(
            (_head((DATA / f"{name}.csv").read_bytes()),), _table(kind), f"{name}.csv"
        )
        for name, kind in KINDS.items()
    }
    found |= {
        f"folder with {name}": Reader(
            ((DATA / f"{name}.csv").read_bytes(),), _whole_folder(name), f"{name}.csv"
        )
        for name in KINDS
    }
    cases = (*(path.read_bytes() for path in sorted(CASES.glob("*.toml"))), BRIDGE)
    found["case"] = Reader(cases, _case, "case.toml")
    found["answered case"] = Reader(cases, _answered_case, "case.toml")
    found["page of a case"] = Reader(cases, _page, "case.toml")
    found["market"] = Reader((MARKET, _head(MARKET, 3)), _products, "market.csv")
    found["answered market"] = Reader((MARKET, _head(MARKET, 3)), _answered_market, "market.csv")
    found["skus"] = Reader((SKUS,), _skus, "skus.csv")
    found["panel"] = Reader((PANEL,), _panel, "panel.csv")
    found["panel of rates"] = Reader((RATED,), _rated_panel, "panel.csv")
    found["options"] = Reader(OPTIONS, _options, "option.txt")
    found["query"] = Reader(
        (b"sony price", b"estee/Sony", "株式会社".encode()), _words, "query.txt"
    )
    found["line files"] = Reader((LINES, ACE), _line_file, "lines.csv")
    found["entries"] = Reader((ACE,), _entries, "es-003.csv")
    found["version"] = Reader(((DATA / "version.toml").read_bytes(),), _version, "version.toml")
    found |= {f"accounts with {name}": _accounts(name) for name in SMALL}
    found["accounts with price_items.csv"] = _prices("price_items.csv")
    for name in ("rules", "programmes", "claims", "groups", "lists", "codes", "book"):
        found[f"rules with {name}"] = Reader((_law(name),), _rules(name), f"{name}.csv")
    return found
