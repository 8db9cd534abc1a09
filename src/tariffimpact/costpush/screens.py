"""Who is exposed through inputs: industries, the companies of the facts, own products by HTS code.

A company stands for the commodities it sells (`companies.csv` of the accounts, a reason a row); a
product for the commodity its code belongs to. Where that is more than one, the answer is a range:
which of them weighs most is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import pandas as pd

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.codes import check_hts, country_name, hts_label
from tariffimpact.costpush.accounts import Accounts, Code, read_parquet
from tariffimpact.costpush.categories import CostPush
from tariffimpact.errors import DataError, ModelError
from tariffimpact.facts import Record
from tariffimpact.facts.fields import Text
from tariffimpact.facts.tables import read_table
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PARTS: Final = ("cost", "direct", "through_inputs")
_DRAWN: Final = 15
_LISTED: Final = 30
_TOLD: Final = 3
"""Inputs told of a product."""


class CompanyCommodity(Record):
    """A commodity that a company sells."""

    company: Text
    commodity: Code
    reason: Text


@dataclass(frozen=True, repr=False)
class Screen(Answer):
    """What a change of duty adds to the cost of each of several things, directly and by inputs."""

    frame: pd.DataFrame
    """One row each: `name`, `commodities` (codes), and `cost`, `direct`, `through_inputs`, each
    `_low` and `_high`: fractions of the price at the factory or the port. Most through inputs
    first."""
    what: str
    """What the rows are: industries, companies, products."""
    change: str
    credit: str
    drivers: tuple[str, ...] = ()
    """Of products, which input, and from where, carries most of the cost."""
    left_out: tuple[str, ...] = ()
    """What has no row: the accounts give it no commodity."""

    def summary(self) -> str:
        """Return the row that owes most to inputs, in a sentence."""
        top = self.frame.iloc[0]
        return (
            f"{self.change}: {self._most()} to {top['name']}: "
            f"{units.percent(Interval.of_row(top, 'through_inputs'), 2)} of its cost, beside "
            f"{units.percent(Interval.of_row(top, 'direct'), 2)} on the imported good itself."
        )

    def headline(self) -> str:
        """Return the finding, as a chart of the rows carries it."""
        top, most = self.frame.iloc[0], self._most()
        return (
            f"{most[:1].upper()}{most[1:]} to {top['name']}: "
            f"{units.percent(Interval.of_row(top, 'through_inputs'))} of its cost"
        )

    def _most(self) -> str:
        """Return the beginning of the finding: of how many it is the most."""
        if len(self.frame) == 1:
            return "tariffs add, through inputs,"
        return f"of {len(self.frame)} {self.what}, tariffs add most through inputs"

    def to_frame(self) -> pd.DataFrame:
        """Return the rows."""
        return self.frame

    def alike(self) -> pd.DataFrame:
        """Return a row for all that stand for the same commodities, `names` together."""
        sold = [" ".join(sorted(codes.split())) for codes in self.frame["commodities"]]
        together = self.frame.assign(sold=sold).groupby("sold", sort=False)
        rows = together.first().assign(names=together["name"].agg(tuple))
        return rows.reset_index(drop=True)

    def plot(self, ax: Axes | None = None, *, drawn: int = _DRAWN) -> Axes:
        """Draw what inputs add to the cost of the rows that owe most to them."""
        from tariffimpact import charts

        frame = (
            self.alike()
            .head(drawn)
            .rename(columns={"through_inputs_low": "low", "through_inputs_high": "high"})
        )
        names = frame["names"]
        frame["label"] = [
            one[0] + (f" and {len(one) - 1} more" if len(one) > 1 else "") for one in names
        ]
        return charts.range_bars(
            frame[["label", "low", "high"]],
            form="percent",
            x_label="Rise of cost through inputs",
            source=self.credit,
            ax=ax,
        )

    def explain(self) -> str:
        """Return every row with its commodities, what is left out, and the sources."""
        rows = [
            f"  {', '.join(row['names'])}: {units.percent(Interval.of_row(row, 'cost'), 2)}, of it "
            f"{units.percent(Interval.of_row(row, 'through_inputs'), 2)} through inputs "
            f"({row['commodities']})"
            for row in self.alike().head(_LISTED).to_dict("records")
        ]
        if (left := len(self.alike()) - _LISTED) > 0:
            rows.append(f"  and {left:,} more, which --json and --out hold")
        return "\n".join(
            [
                self.summary(),
                *rows,
                *self.drivers,
                *([f"Without a commodity: {', '.join(self.left_out)}."] if self.left_out else []),
                "A commodity is the average of all who make or import it: a company's own origins "
                "and inputs may differ.",
                f"Source: {self.credit}.",
            ]
        )


def screen_industries(answer: CostPush) -> Screen:
    """Return every commodity that is made at home, by what inputs add to its cost."""
    made = answer.accounts.import_shares < 1
    frame = answer.commodities[made].assign(commodities=answer.commodities["commodity"])
    return _screen(answer, frame.drop(columns="commodity"), "industries")


def screen_companies(answer: CostPush, companies: Iterable[str]) -> Screen:
    """Return companies by what inputs add to the cost of what they sell.

    Parameters
    ----------
    answer
        The cost of a change of duty.
    companies
        Their names, as the facts spell them.

    Raises
    ------
    DataError
        If the accounts' `companies.csv` is not there or names an unknown commodity.
    ModelError
        If none of the companies has a commodity.
    """
    sold = company_commodities(answer.accounts)
    names = list(dict.fromkeys(companies))
    known = {name: sold[name] for name in names if name in sold}
    if not known:
        raise ModelError(
            f"none of {len(names)} companies has a commodity; add rows to "
            f"{answer.accounts.folder / 'companies.csv'}"
        )
    return _screen(
        answer,
        _ranges(answer, known),
        "companies",
        tuple(name for name in names if name not in sold),
    )


def screen_products(answer: CostPush, codes: Sequence[str]) -> Screen:
    """Return products by what the change of duty adds to their cost.

    Parameters
    ----------
    answer
        The cost of a change of duty.
    codes
        HTS codes of four to ten digits; one that stands for several commodities is a range.

    Raises
    ------
    ModelError
        If a code is none, or belongs to no commodity.
    """
    chosen = {hts_label(_digits(code)): commodities_of(answer.accounts, code) for code in codes}
    drivers = tuple(
        line
        for commodity in dict.fromkeys(c for commodities in chosen.values() for c in commodities)
        for line in _drivers(answer, commodity)
    )
    return replace(_screen(answer, _ranges(answer, chosen), "products"), drivers=drivers)


def commodities_of(accounts: Accounts, code: str) -> tuple[str, ...]:
    """Return the commodities that an HTS code belongs to.

    Examples
    --------
    >>> from tariffimpact.costpush import read_accounts
    >>> commodities_of(read_accounts(), "9504500000")
    ('339930',)
    """
    digits = _digits(code)
    goods = read_parquet(
        accounts.folder / "goods.parquet", {"hts": "string", "commodity": "string"}
    )
    found = goods.loc[goods["hts"].str.startswith(digits), "commodity"]
    for length in (8, 6):  # a suffix newer than the list: what its subheading holds
        if found.empty and len(digits) > length:
            found = goods.loc[goods["hts"].str.startswith(digits[:length]), "commodity"]
    if found.empty:
        raise ModelError(
            f"{hts_label(digits)} belongs to no commodity of the accounts; goods.parquet has "
            f"chapters {goods['hts'].min()[:2]} to {goods['hts'].max()[:2]}"
        )
    return tuple(sorted(set(found)))


def company_commodities(accounts: Accounts) -> dict[str, tuple[str, ...]]:
    """Return the commodities each company sells, as `companies.csv` of the accounts has them."""
    path = accounts.folder / "companies.csv"
    table = read_table(path, CompanyCommodity)
    remedy = f"use a code of {accounts.folder / 'commodities.csv'}"
    unknown = [row for row in table.rows if row.record.commodity not in accounts.places]
    faults = [table.fault(row, "commodity", "is unknown", remedy) for row in unknown]
    if faults := [*table.faults, *faults]:
        raise DataError(faults)
    sold: dict[str, tuple[str, ...]] = {}
    for record in table.records:
        sold[record.company] = (*sold.get(record.company, ()), record.commodity)
    return sold


def _digits(code: str) -> str:
    try:
        return check_hts(code)
    except ValueError as error:
        raise ModelError(f"{code!r} is {error}") from None


def _ranges(answer: CostPush, chosen: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """Return a row for each name: from the least to the most that its commodities say."""
    costs = answer.commodities.set_index("commodity")
    rows = []
    for name, commodities in chosen.items():
        part = costs.loc[list(commodities)]
        row: dict[str, object] = {"name": name, "commodities": " ".join(commodities)}
        for what in _PARTS:
            row[f"{what}_low"] = part[f"{what}_low"].min()
            row[f"{what}_high"] = part[f"{what}_high"].max()
        rows.append(row)
    return pd.DataFrame(rows)


def _drivers(answer: CostPush, commodity: str) -> Iterator[str]:
    """Yield what carries most of the rise of a commodity's cost, a line each."""
    name = answer.accounts.name(commodity)
    yield f"What moves {commodity}, {name}:"
    for row in answer.inputs(commodity).head(_TOLD).to_dict("records"):
        origin = f", from {country_name(row['origin'])}" if row["origin"] else ""
        yield f"  {units.percent(Interval(row['low'], row['high']), 2)}: {row['name']}{origin}"


def _screen(
    answer: CostPush, frame: pd.DataFrame, what: str, left_out: tuple[str, ...] = ()
) -> Screen:
    columns = ["name", "commodities", *(f"{p}_{end}" for p in _PARTS for end in ("low", "high"))]
    ordered = frame[columns].sort_values("through_inputs_high", ascending=False, kind="stable")
    return Screen(
        frame=ordered.reset_index(drop=True),
        what=what,
        change=answer.change.label,
        credit=answer.credit,
        left_out=left_out,
    )
