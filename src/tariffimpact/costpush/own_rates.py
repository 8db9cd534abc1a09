"""A change of duty that the user states: by commodity or HTS code, by origin and authority.

What a row names is a part of the imports: of a commodity, of the products under a code, from an
origin. Its change is weighted by that part, so that 25% on cars from Japan is a quarter of what
Japan's cars are of all cars imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tariffimpact import units
from tariffimpact.arguments import Array
from tariffimpact.codes import EUROPEAN_UNION, check_hts
from tariffimpact.costpush.accounts import Accounts
from tariffimpact.costpush.law import imported_lines
from tariffimpact.costpush.rate_change import Coverage, RateChange
from tariffimpact.errors import DataError, Fault
from tariffimpact.facts.fields import NumberStyle, share
from tariffimpact.facts.partners import read_country
from tariffimpact.facts.user_tables import Chunk, Columns, UserTable, open_table, read_cells
from tariffimpact.interval import Interval

Places = NDArray[np.int64]
Names = NDArray[np.str_]

_COLUMNS: Final = Columns(
    needed=("change",),
    optional=("commodity", "hts", "origin", "authority"),
    also={
        "change": ("rate change", "duty change", "tariff change"),
        "commodity": ("code",),
        "hts": ("hts10", "hts8", "product"),
        "origin": ("country", "partner"),
    },
    numbers=frozenset({"change"}),
)
_REST: Final = "*"
_MOST: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class _Row:
    """What one row states."""

    where: str
    commodity: str
    hts: str
    origin: str
    authority: str
    change: Interval


@dataclass(frozen=True)
class _Goods:
    """The imports in parts that a row can name: by product and origin, or a whole commodity."""

    hts: Names
    """Sorted; blank for a commodity of which no product is listed."""
    origin: Names
    commodity: Places
    weight: Array
    """Part of the imports of its commodity."""
    named: NDArray[np.bool_]
    """Whether a row other than `*` names the part."""

    @classmethod
    def of(cls, accounts: Accounts, *, by_part: bool) -> _Goods:
        """Return the imports in parts; whole commodities if no row needs more."""
        size = len(accounts.codes)
        lines = pd.DataFrame({"hts": [], "partner": [], "commodity": [], "value": []})
        if by_part:
            lines = imported_lines(accounts.folder)[0].dropna(subset=["commodity"])
            lines = lines.sort_values(["hts", "partner"])
        places = np.array([accounts.places[code] for code in lines["commodity"]], np.int64)
        values = lines["value"].to_numpy(np.float64)
        sums = np.bincount(places, values, size)
        rest = np.flatnonzero(sums == 0)
        blank = np.full(len(rest), "")
        return cls(
            hts=np.concatenate([blank, lines["hts"].to_numpy(np.str_)]),
            origin=np.concatenate([blank, lines["partner"].to_numpy(np.str_)]),
            commodity=np.concatenate([rest, places]),
            weight=np.concatenate([np.ones(len(rest)), values / sums[places]]),
            named=np.zeros(len(rest) + len(lines), bool),
        )

    def under(self, row: _Row, accounts: Accounts) -> Places:
        """Return the parts that a row names."""
        if row.hts:
            ends = np.searchsorted(self.hts, [row.hts, f"{row.hts}:"])  # the sign after the digits
            found = np.arange(*ends, dtype=np.int64)
        else:
            found = np.flatnonzero(self.commodity == accounts.places[row.commodity])
        return found[self.origin[found] == row.origin] if row.origin else found

    def share_of(self, parts: Places | NDArray[np.bool_], accounts: Accounts) -> Array:
        """Return what part of the imports of each commodity some parts are."""
        sums = np.bincount(self.commodity[parts], self.weight[parts], len(accounts.codes))
        return np.asarray(sums, np.float64)


def read_rates(
    path: Path,
    accounts: Accounts,
    *,
    rename: Mapping[str, str] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> RateChange:
    """Return the change of duty that a file states.

    Parameters
    ----------
    path
        CSV or .xlsx with `change` (0.25, 25% or a range, `10%..25%`) and `commodity` (a code of
        the accounts, or `*` for all that no other row names) or `hts` (4 to 10 digits);
        `origin` (a country, or EU) and `authority` where the change differs by them.
    accounts
        The accounts; `weights.parquet` of their folder weights rows by code or origin.
    rename, encoding, sheet
        As in `facts.user_tables.open_table`.

    Returns
    -------
    RateChange
        By origin and authority where the file tells them. Its coverage is the share of the
        imports that the file names.

    Raises
    ------
    DataError
        With every fault: a commodity, code or origin that is unknown, goods named twice under one
        authority, imports that no row names.
    """
    table = open_table(path, _COLUMNS, rename=rename, encoding=encoding, sheet=sheet, limit=_MOST)
    faults: list[Fault] = []
    rows = [row for chunk in table.chunks() for row in _rows(table, chunk, accounts, faults)]
    if faults:
        raise DataError(faults)
    goods = _Goods.of(accounts, by_part=any(row.hts or row.origin for row in rows))
    parts, faults = _claimed(rows, goods, accounts)
    faults = faults or _silent(path, rows, goods, accounts)
    if faults:
        raise DataError(faults)
    return _stated(path, accounts, parts, goods)


def _rows(table: UserTable, chunk: Chunk, accounts: Accounts, faults: list[Fault]) -> list[_Row]:
    """Return the rows of a chunk, and blame each cell that says nothing we know."""
    faults.extend(chunk.faults)

    def told(column: str) -> list[str]:
        return list(chunk.columns.get(column, ("",) * len(chunk.lines)))

    def blame(column: str, place: int, what: str, remedy: str, text: str) -> None:
        where = f"{table.path}:{chunk.lines[place]}"
        faults.append(Fault(where, what, remedy, column, text))

    codes = read_cells(chunk, "hts", check_hts, lambda *a: blame("hts", *a), blank="")
    origins = read_cells(chunk, "origin", _origin, lambda *a: blame("origin", *a), blank="")
    style = chunk.styles.get("change", NumberStyle.POINT)
    changes = read_cells(
        chunk, "change", lambda text: _change(text, style), lambda *a: blame("change", *a),
        blank=None,
    )  # fmt: skip
    rows = []
    for n, (commodity, hts, authority) in enumerate(
        zip(told("commodity"), told("hts"), told("authority"), strict=True)
    ):
        if bool(commodity) == bool(hts):
            what = "names both a commodity and an HTS code" if hts else "names no goods"
            blame("commodity", n, what, "give one of commodity and hts", commodity or hts)
        elif commodity and commodity != _REST and commodity not in accounts.places:
            remedy = "use a code of commodities.csv, such as 336111 for cars"
            blame("commodity", n, "is not a commodity of the accounts", remedy, commodity)
        elif (change := changes[n]) is not None:
            where = f"{table.path}:{chunk.lines[n]}"
            rows.append(_Row(where, commodity, codes[n], origins[n], authority, change))
        elif not told("change")[n]:
            blame("change", n, "is blank", "write 25%, or 0 where nothing changed", "")
    return rows


def _change(text: str, style: Any = NumberStyle.POINT) -> Interval | None:
    """Read a change of duty, or a range of it.

    Examples
    --------
    >>> _change("25%"), _change("0.1..0.25")
    (Interval(low=0.25, high=0.25), Interval(low=0.1, high=0.25))
    """
    low, dots, high = text.partition("..")
    ends = [share(end, style) for end in ((low, high) if dots else (low,))]
    if ends[0] > ends[-1]:
        raise ValueError("is upside down; write the lower end first")
    return Interval(ends[0], ends[-1])


def _origin(text: str) -> str:
    union = text.strip().upper() in {EUROPEAN_UNION, "EUROPEAN UNION"}
    return EUROPEAN_UNION if union else read_country(text)


def _claimed(
    rows: list[_Row], goods: _Goods, accounts: Accounts
) -> tuple[list[tuple[_Row, Places]], list[Fault]]:
    """Return what each row names, note it in `goods`, and blame goods named twice or nowhere."""
    found: list[tuple[_Row, Places]] = []
    faults: list[Fault] = []
    under: dict[str, NDArray[np.bool_]] = {}
    for row in (row for row in rows if row.commodity != _REST):
        parts = goods.under(row, accounts)
        taken = under.setdefault(row.authority, np.zeros(len(goods.weight), bool))
        if not len(parts):
            what = "names goods of which nothing is imported, as far as the accounts know"
            remedy = "check code and origin; members of the European Union are one origin, EU"
            faults.append(Fault(row.where, what, remedy, "hts" if row.hts else "origin",
                                row.hts or row.origin or row.commodity))  # fmt: skip
        elif taken[parts].any():
            what = "names goods that a row above names"
            remedy = "keep one, or name the authority of each if both are due"
            faults.append(Fault(row.where, what, remedy, "hts" if row.hts else "commodity",
                                row.hts or row.commodity))  # fmt: skip
        taken[parts] = goods.named[parts] = True
        found.append((row, parts))
    others = [row for row in rows if row.commodity == _REST]
    for row in (row for row in others if row.origin):
        what = "is of all other goods and of one origin"
        faults.append(Fault(row.where, what, "leave the origin of * blank", "origin", row.origin))
    rest = [row for row in others if not row.origin]
    for row in rest[1:]:
        faults.append(Fault(row.where, "stands twice", "keep one row *", "commodity", _REST))
    return [*found, *((row, np.flatnonzero(~goods.named)) for row in rest[:1])], faults


def _silent(path: Path, rows: list[_Row], goods: _Goods, accounts: Accounts) -> list[Fault]:
    """Blame imports that no row names: a change that is not said is not none."""
    if any(row.commodity == _REST for row in rows):
        return []
    imported = accounts.import_shares[goods.commodity] > 0
    left = goods.commodity[~goods.named & imported]
    if not len(left):
        return []
    first, count = accounts.codes[left[0]], len(set(left.tolist()))
    what = f"does not name all imports of {count} commodities, {first} among them"
    return [Fault(str(path), what, "add a row *,0 if their duty did not change")]


def _stated(
    path: Path, accounts: Accounts, found: list[tuple[_Row, Places]], goods: _Goods
) -> RateChange:
    """Return the change that the rows make together."""
    ends, told = np.zeros((2, len(accounts.codes))), []
    for row, parts in found:
        weights = goods.share_of(parts, accounts)
        change = [weights * row.change.low, weights * row.change.high]
        ends += change
        touched = np.flatnonzero(weights)
        told.append(pd.DataFrame({
            "commodity": [accounts.codes[n] for n in touched], "origin": row.origin,
            "authority": row.authority, "low": change[0][touched], "high": change[1][touched],
        }))  # fmt: skip
    imports = accounts.commodities["imports"].to_numpy(np.float64)
    covered = float(goods.share_of(goods.named, accounts) @ imports / imports.sum())
    rest = any(row.commodity == _REST for row, _ in found)
    return RateChange(
        low=ends[0],
        high=ends[1],
        coverage=Coverage(covered, 1.0, str(accounts.year), _sentence(path, covered, rest)),
        label=f"As {path.name} states",
        how=f"Stated in {path.name}; rows by code or origin weighted by the imports of 2024.",
        credit=f"{path.name}; {accounts.credit}",
        left_out=pd.DataFrame(columns=["code", "imports", "duty", "reason"]),
        parts=pd.concat(told, ignore_index=True)
        if any(row.origin or row.authority for row, _ in found)
        else None,
    )


def _sentence(path: Path, covered: float, rest: bool) -> str:
    """Say how much of the imports a file names."""
    if rest and covered == 0:
        return f"{path.name} gives all imports one change, that of its row *."
    others = "; the others are as its row * says" if rest else ""
    return f"{path.name} names the goods of {units.percent(covered)} of the imports{others}."
