"""What is wrong with the cells of a panel, all of it at once, each with its remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from tariffimpact.errors import Fault
from tariffimpact.estimation.reading import Columns, Source
from tariffimpact.estimation.regression import Ints
from tariffimpact.estimation.times import Times

_PERCENT: Final = 3.0
"""A duty of 300% or more was written in percent."""
_LARGEST, _SMALLEST = 1e15, 1e-15
"""No price, weight or duty of goods lies beyond."""
_TWICE: Final = "keep one, average them, or make two units of it, by --market or another --unit"
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class _Check:
    """A condition that no row may meet: `{}` stands for the value."""

    role: str
    column: str
    test: str
    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What one count over the rows of a panel found."""

    rows: int
    blank: int
    """Rows without a price."""
    faults: list[Fault]


def checked_cells(
    raw: Source, columns: Columns, parts: Mapping[str, str], kept: str, *, signed: bool
) -> Checked:
    """Return what is wrong with cells: one count over the table, then a look at the rows.

    Parameters
    ----------
    raw
        The panel as it is given.
    columns
        Which column holds what.
    parts
        The expression of each role on the panel as given; the table `staged` holds their values.
    kept
        The condition of the rows kept.
    signed
        Whether the price may be 0 or below.
    """
    checks = list(_checks(columns, parts, signed=signed))
    tests = [_where(check, dict.fromkeys(parts, ""), staged=True) for check in checks]
    counted = ", ".join(f"count(*) FILTER (WHERE {test})" for test in tests)
    rows, priced, *counts = raw.connection.execute(
        f"SELECT count(*), count(price), {counted} FROM staged"  # noqa: S608
    ).fetchone()
    if not rows:
        what, remedy = "has no rows", "check the file, --where and --without"
        return Checked(0, 0, [Fault(raw.name, what, remedy)])
    faults: list[Fault] = []
    for count, check in zip(counts, checks, strict=True):
        if count:
            seen = f"{_where(check, parts, staged=False)} AND {kept}"
            faults += raw.faults(seen, check.column, count, check.what, check.remedy)
    return Checked(int(rows), int(rows - priced), faults)


def _where(check: _Check, parts: Mapping[str, str], *, staged: bool) -> str:
    """Return the condition of a check, on the staged table or on the panel as given."""
    value = check.role if staged else f"({parts[check.role]})"
    price = "price" if staged else f"({parts['price']})"
    test = check.test.format(value)
    return f"({test})" if check.role == "price" else f"({test}) AND {price} IS NOT NULL"


def _checks(columns: Columns, parts: Mapping[str, str], *, signed: bool) -> Iterator[_Check]:
    yield _Check("unit_key", columns.unit, "{} IS NULL", "is blank", "name the unit")
    yield _Check("time_key", columns.time, "{} IS NULL", "is blank", "give the period")
    remedy = "give a price, as 549.99, or leave it blank"
    yield _Check("price", columns.price, "isnan({})", "is no number", remedy)
    yield _in_range("price", columns.price)
    if not signed:
        yield _Check("price", columns.price, "{} <= 0", "is a price of 0 or below", remedy)
    yield from _treatment_checks(columns)
    for role, name in (("weight", columns.weight), ("size", columns.size)):
        if name:
            yield from _filled(role, name, "give a number above 0")
            what = f"is a {role} of 0 or below"
            yield _Check(role, name, "{} <= 0", what, "give a number above 0, or leave the row out")
            yield _in_range(role, name)
    for n, name in enumerate(columns.control_names):
        stock = name == columns.stock
        remedy = "write 1 and 0, or in stock and out of stock" if stock else "write a number"
        yield from _filled(f"control{n}", name, remedy)
        yield _in_range(f"control{n}", name)
    if "cluster_key" in parts:
        what, remedy = "is blank", "name the cluster"
        yield _Check("cluster_key", columns.cluster or "", "{} IS NULL", what, remedy)
    for n, name in enumerate(columns.effects):
        yield _Check(f"effect_key{n}", name, "{} IS NULL", "is blank", "fill it in")
    if "pair_key" in parts:
        remedy = "give the HTS code and the country of origin"
        yield _Check("pair_key", columns.hts or "", "{} IS NULL", "or its origin is blank", remedy)


def _treatment_checks(columns: Columns) -> Iterator[_Check]:
    if columns.tariff:
        remedy = "write a rate as a fraction of the customs value, 0.25, or as 25%"
        yield from _filled("treatment", columns.tariff, remedy)
        test = f"{{}} >= {_PERCENT}"
        yield _Check("treatment", columns.tariff, test, "is a tariff in per cent", remedy)
        yield _Check("treatment", columns.tariff, "{} < 0", "is a tariff below 0", remedy)
    elif columns.duty:
        yield from _filled("treatment", columns.duty, "write the duty per unit, in money")
        yield _in_range("treatment", columns.duty)
    elif columns.treated and columns.treated_value is None:
        remedy = f"write 1 and 0, or --treated {columns.treated}=VALUE"
        yield from _filled("treatment", columns.treated, remedy)


def _in_range(role: str, column: str) -> _Check:
    """Return the check of a size that means something and whose square can be held."""
    test = f"abs({{0}}) > {_LARGEST} OR ({{0}} <> 0 AND abs({{0}}) < {_SMALLEST})"
    return _Check(role, column, test, "is out of range", "check the number and its unit")


def _filled(role: str, column: str, remedy: str) -> Iterator[_Check]:
    yield _Check(role, column, "isnan({})", "cannot be read", remedy)
    yield _Check(role, column, "{} IS NULL", "is blank", f"fill it in: unknown is not 0; {remedy}")


def twice(
    raw: Source,
    columns: Columns,
    units: Sequence[str],
    times: Times,
    places: Ints | None,
) -> list[Fault]:
    """Return a fault for each unit and period that has more than one price.

    Rows lie in the order of their places, in memory or in the table `panel`, so that two prices
    are neighbours.
    """
    if places is not None:
        again = places[1:][places[1:] == places[:-1]]
        values, counts = np.unique(again, return_counts=True)
        found = list(zip(values.tolist(), (counts + 1).tolist(), strict=True))
    else:
        found = _repeated(raw)
    faults = []
    for place, count in found[:_SHOWN]:
        unit, at = divmod(place, len(times))
        what = f"has {count} prices in {times.labels[at]}"
        faults.append(Fault(raw.name, what, _TWICE, columns.unit, units[unit]))
    if len(found) > _SHOWN:
        what = f"has more than one price in {len(found) - _SHOWN:,} more units and periods"
        faults.append(Fault(raw.name, what, _TWICE, columns.unit))
    return faults


def _repeated(raw: Source) -> list[tuple[int, int]]:
    """Return the places that more than one row of the table `panel` has, and how many."""
    (repeated,) = raw.connection.execute(
        "SELECT count(*) FROM (SELECT place = lag(place) OVER () AS same FROM panel) WHERE same"
    ).fetchone()
    if not repeated:
        return []
    rows = raw.connection.execute(
        "SELECT place, count(*) FROM panel GROUP BY place HAVING count(*) > 1 ORDER BY place"
    ).fetchmany(1_000_000)
    return [(int(place), int(count)) for place, count in rows]
