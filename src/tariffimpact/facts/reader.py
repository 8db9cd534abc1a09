"""All tables together: read, checked against each other, narrowed to what was known on a day."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeVar

from tariffimpact.errors import DataError, Fault, ModelError
from tariffimpact.facts import checks
from tariffimpact.facts.duty_records import (
    CountryGroup,
    CustomsCharge,
    CustomsValue,
    Lawsuit,
    Product,
    Refund,
    TariffRow,
)
from tariffimpact.facts.records import (
    ALL_IMPORTERS,
    NO_COMPANY,
    Assumption,
    Cited,
    Company,
    Conflict,
    Exposure,
    Financial,
    OriginShare,
    PriceChange,
    Record,
    Remark,
    Source,
    Statement,
)
from tariffimpact.facts.tables import Table, columns, read_table
from tariffimpact.release import VERSION_FILE, DataVersion, data_version, shipped_folder

KINDS: Final[dict[str, type[Record]]] = {
    "sources": Source,
    "prices": PriceChange,
    "exposures": Exposure,
    "statements": Statement,
    "financials": Financial,
    "origins": OriginShare,
    "customs_values": CustomsValue,
    "refunds": Refund,
    "lawsuits": Lawsuit,
    "remarks": Remark,
    "companies": Company,
    "customs_charges": CustomsCharge,
    "assumptions": Assumption,
    "conflicts": Conflict,
    "products": Product,
    "country_groups": CountryGroup,
    "tariffs": TariffRow,
}
"""Table name (the file is `NAME.csv`) to the record its rows are read into."""
OPTIONAL: Final = (
    "customs_values",
    "refunds",
    "lawsuits",
    "remarks",
    "companies",
    "customs_charges",
)
"""Tables a folder may do without: they were added after others had made folders of their own."""

T = TypeVar("T", bound=Record)


@dataclass(frozen=True, slots=True, repr=False)
class Facts:
    """Everything in `data/`: one tuple of frozen records per table, in file order."""

    sources: tuple[Source, ...]
    prices: tuple[PriceChange, ...]
    exposures: tuple[Exposure, ...]
    statements: tuple[Statement, ...]
    financials: tuple[Financial, ...]
    origins: tuple[OriginShare, ...]
    assumptions: tuple[Assumption, ...]
    conflicts: tuple[Conflict, ...]
    products: tuple[Product, ...]
    country_groups: tuple[CountryGroup, ...]
    tariffs: tuple[TariffRow, ...]
    version: DataVersion
    """Which release of the data it is, or that it has been edited, or is somebody's own."""
    customs_values: tuple[CustomsValue, ...] = ()
    refunds: tuple[Refund, ...] = ()
    lawsuits: tuple[Lawsuit, ...] = ()
    remarks: tuple[Remark, ...] = ()
    firms: tuple[Company, ...] = ()
    """The rows of `companies.csv`; `companies` are the names that facts are about."""
    customs_charges: tuple[CustomsCharge, ...] = ()

    def __repr__(self) -> str:
        rows = sum(len(getattr(self, "firms" if name == "companies" else name)) for name in KINDS)
        return f"<Facts: {rows:,} rows of {len(KINDS)} tables, data {self.version}>"

    @property
    def dated_on(self) -> date:
        """The day the data speaks for: the last day a source was read."""
        return max(source.accessed_on for source in self.sources)

    @property
    def companies(self) -> tuple[str, ...]:
        """Every company with a price, an exposure or a statement, in order of appearance."""
        tables = (self.prices, self.exposures, self.statements)
        names = dict.fromkeys(row.company for table in tables for row in table)
        return tuple(name for name in names if name not in NO_COMPANY)

    @property
    def cited_tables(self) -> tuple[tuple[Cited, ...], ...]:
        """Every table whose rows quote a source."""
        return tuple(getattr(self, name) for name, kind in KINDS.items() if issubclass(kind, Cited))

    def source(self, source_id: str) -> Source:
        """Return a source by its id."""
        return _by_key(self.sources, "source_id", source_id)

    def assumption(self, assumption_id: str) -> Assumption:
        """Return an assumption by its id, or say which ids there are."""
        return _by_key(self.assumptions, "assumption_id", assumption_id)

    def as_of(self, day: date) -> Facts:
        """Return the facts whose source had been published by `day`.

        Assumptions, products, groups and the tariff schedule are kept whole: the first are ours,
        and the schedule has dates of its own: ask it with `known_on` too.

        Raises
        ------
        ModelError
            If nothing had been published by then.
        """
        known = {source.source_id for source in self.sources if source.published_on <= day}
        kept: dict[str, Any] = {
            name: tuple(row for row in getattr(self, name) if row.source_id in known)
            for name, kind in KINDS.items()
            if issubclass(kind, Cited) and kind is not TariffRow
        }
        about = ("prices", "exposures", "statements")
        if not any(kept[name] for name in about):
            told = {row.source_id for name in about for row in getattr(self, name)}
            days = (s.published_on for s in self.sources if s.source_id in told)
            first = min(days, default=None)
            raise ModelError(f"no fact had been published by {day}; the first is of {first}")
        return replace(self, **kept)

    def company_named(self, text: str) -> str:
        """Return the company that a text names, as the facts spell it.

        Case, accents and signs do not count ("estee lauder"), "and" is "&", and the beginning of
        one name alone suffices ("general motors", "monster").

        Raises
        ------
        ModelError
            If it names none of `companies`, or several; the text lists the nearest.
        """
        spelled = {_bare(name): name for name in self.companies}
        asked = _bare(text)
        begun = [name for bare, name in spelled.items() if asked and bare.startswith(f"{asked} ")]
        if asked in spelled:
            return spelled[asked]
        if len(begun) == 1:
            return begun[0]
        if begun:
            raise ModelError(f"{text!r} begins several names; write one of {', '.join(begun)}")
        near = [spelled[bare] for bare in get_close_matches(asked, spelled, n=3, cutoff=0.6)]
        hint = f"did you mean {' or '.join(near)}?" if near else "tariffimpact facts lists them"
        raise ModelError(f"no facts about {text!r}; {hint}")

    def in_industry(self, text: str) -> tuple[str, ...]:
        """Return the companies of a sector, in any case; its first words suffice.

        Raises
        ------
        ModelError
            If `companies.csv` has no such sector, or no company of it.
        """
        asked = _bare(text)
        sectors = {row.company: row.sector.value for row in self.firms}
        found = tuple(
            name
            for name in self.companies
            if name in sectors and f"{_bare(sectors[name])} ".startswith(f"{asked} ") and asked
        )
        if not found:
            known = ", ".join(sorted({sectors[name] for name in self.companies if name in sectors}))
            raise ModelError(f"no company of the industry {text!r}; the industries are {known}")
        return found

    def of_companies(self, names: tuple[str, ...]) -> Facts:
        """Return the facts of the named companies only; see `company_named`.

        Raises
        ------
        ModelError
            If a name is none of `companies`; the text lists the nearest.
        """
        wanted = {self.company_named(name) for name in names}
        about = {"prices", "exposures", "statements", "financials", "customs_values"}
        at_large = {"refunds", "lawsuits"}  # what is said of all importers is said of each
        kept: dict[str, Any] = {
            name: tuple(
                row
                for row in getattr(self, name)
                if row.company in wanted or (name in at_large and row.company == ALL_IMPORTERS)
            )
            for name in about | at_large
        }
        return replace(self, **kept)


def read_facts(folder: Path | None = None) -> Facts:
    """Read every table of a data folder.

    Parameters
    ----------
    folder
        A folder with the tables described in `data/README.md`; the shipped data by default.

    Returns
    -------
    Facts
        The records of all tables.

    Raises
    ------
    DataError
        With every fault of every table, as `file:line: column: what (got '…'); remedy`.

    Examples
    --------
    >>> facts = read_facts()
    >>> next(p.change for p in facts.prices if p.product == "PlayStation 5")
    50.0
    """
    folder = shipped_folder("data") if folder is None else folder
    if not folder.is_dir():
        remedy = "name a folder that holds prices.csv and the rest"
        raise DataError([Fault(str(folder), "is not a folder", remedy)])
    tables = {
        name: _optional(folder / f"{name}.csv", kind)
        if name in OPTIONAL
        else read_table(folder / f"{name}.csv", kind)
        for name, kind in KINDS.items()
    }
    faults = [fault for table in tables.values() for fault in table.faults]
    faults.extend(_cross_faults(tables))
    try:
        version = data_version(folder)
    except DataError as error:
        faults.extend(error.faults)
    if faults:
        raise DataError(faults)
    read: dict[str, Any] = {name: table.records for name, table in tables.items()}
    return Facts(firms=read.pop("companies"), **read, version=version)


def _optional(path: Path, kind: type[T]) -> Table[T]:
    """Return the table of a file, one without rows where there is no file."""
    return read_table(path, kind) if path.exists() else Table(path)


def copy_shipped_data(folder: Path) -> tuple[Path, ...]:
    """Copy the shipped tables and their codebook into a new folder, to be edited and passed back.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    DataError
        If the folder exists and is not empty: nothing of the user's is overwritten.
    """
    from tariffimpact.writing import check_folder, publish

    check_folder(folder)  # what a killed process left is nobody's
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError([Fault(str(folder), "already holds something", "name a new folder")])
    shipped = shipped_folder("data")
    files = {path.name: path.read_bytes() for path in sorted(shipped.glob("*.csv"))}
    for name in ("README.md", "datapackage.json", VERSION_FILE):
        files[name] = (shipped / name).read_bytes()
    return publish(folder, files)


def folded(text: str) -> str:
    """Return text for comparison: no case, no accents, words apart by one space, one before each.

    Examples
    --------
    >>> folded("Estée Lauder's $100m")
    ' estee lauder s 100m'
    """
    bare = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFKD", text))
    return re.sub(r"\W+", " ", f" {bare.casefold()}").rstrip()


def _bare(name: str) -> str:
    """Return a company's name for comparison."""
    return folded(name.replace("&", " and ")).strip()


def _cross_faults(tables: dict[str, Table[Any]]) -> Iterator[Fault]:
    """Check the tables against each other, on the rows that are valid by themselves."""
    for name, table in tables.items():
        yield from checks.repeated(table, columns(KINDS[name])[0])
        yield from checks.unsourced(table, tables["sources"])
    groups, firms = tables["country_groups"], tables["companies"]
    for name in ("prices", "exposures", "statements", "financials", "refunds", "lawsuits"):
        yield from checks.unlisted_companies(tables[name], firms)
    yield from checks.vintages_before_the_first(tables["exposures"])
    yield from checks.segments_above_their_group(tables["exposures"])
    yield from checks.refunds_above_the_duty(tables["refunds"])
    yield from checks.price_rows_that_clash(tables["prices"])
    yield from checks.unknown_groups(tables["tariffs"], groups)
    yield from checks.overlapping_windows(tables["tariffs"], groups.records)


def _by_key(records: tuple[T, ...], column: str, key: str) -> T:
    for record in records:
        if getattr(record, column) == key:
            return record
    known = ", ".join(str(getattr(record, column)) for record in records)
    raise ModelError(f"no {column} {key!r}; there are {known}")
