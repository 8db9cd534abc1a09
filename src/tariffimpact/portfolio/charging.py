"""One expression that joins lines to the schedule and stacks their duties, for any engine.

The same Ibis expression runs on DuckDB, embedded, and on Spark. Lines meet the three tables of
`layers` by range joins; the most specific scope that states a duty decides; exemptions and claims
free a share of it; floors count the general rate; a displaced authority is charged on the rest of
the value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add, mul, or_
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    import ibis.expr.types as ir

LAYERS: Final = ("product_origin", "product", "origin")
"""From the most to the least specific scope: the first that states a duty decides."""

KEYS: Final[dict[str, tuple[str, ...]]] = {
    "product_origin": ("hts", "origin"),
    "product": ("hts",),
    "origin": ("origin",),
}
End = Literal["low", "high"]
ENDS: Final[tuple[End, End]] = ("low", "high")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the tables hold, known before a line is read: it keeps the expression short."""

    authorities: int
    displacing: tuple[int, ...]
    """Places of the authorities that take another's place on the value they bear on."""
    same: Mapping[str, int]
    """`floor_i`, `metal_i`, `yields_i` of an authority all of whose rows agree."""


def charge(lines: ir.Table, tables: dict[str, ir.Table], plan: Plan) -> ir.Table:
    """Return the lines with their rate and each authority's part of it.

    Parameters
    ----------
    lines
        One row a line: `hts` (8 or 10 digits), `origin` (ISO alpha-3), `entered_on` (date),
        `metal_low` and `metal_high` (metal share of the customs value), and what else there is.
    tables
        The tables of `schedule_layers`, and `apart`.
    plan
        What they hold.

    Returns
    -------
    Table
        The lines in no order, and `known` (whether the schedule has the code on the day),
        `needs_metal`, `needs_claim` (whether a metal share or an exemption or claim decides),
        `rate_low`, `rate_high` (fractions of the customs value), `part_i_low`, `part_i_high` for
        each authority (the parts add up to the rate), `specific_low`, `specific_high` (US dollars
        per `specific_unit`).
    """
    decided = _decided(_joined(lines, tables), lines, tables, plan)
    return _chosen(_due(decided, plan), lines, plan)


def _joined(lines: ir.Table, tables: dict[str, ir.Table]) -> ir.Table:
    """Join each line to one row of each table at most: columns get the table's name as a suffix."""
    apart = tables["apart"]
    keyed = lines.left_join(apart, lines["hts"] == apart["code"])
    keyed = keyed.mutate(key_hts=keyed["code"].coalesce(keyed["hts"].substr(0, 8)))
    for name in LAYERS:
        layer = tables[name]
        layer = layer.rename({f"{column}__{name}": column for column in layer.columns})
        on = [keyed["key_hts" if k == "hts" else k] == layer[f"{k}__{name}"] for k in KEYS[name]]
        on += [
            keyed["entered_on"] >= layer[f"starts_on__{name}"],
            keyed["entered_on"] < layer[f"ends_on__{name}"],
        ]
        keyed = keyed.left_join(layer, on)
    return keyed


def _decided(
    joined: ir.Table, lines: ir.Table, tables: dict[str, ir.Table], plan: Plan
) -> ir.Table:
    """Keep, of each authority, what the most specific table states, and what is left of it."""
    import ibis

    def stated(column: str, absent: Any) -> Any:
        holding = [joined[f"{column}__{n}"] for n in LAYERS if column in tables[n].columns]
        return ibis.coalesce(*holding, absent) if holding else ibis.literal(absent)

    def kept(end: End, i: int) -> list[Any]:
        names = [n for n in LAYERS if f"kept_{end}_{i}" in tables[n].columns]
        return [joined[f"kept_{end}_{i}__{n}"].coalesce(1.0) for n in names]

    columns: dict[str, Any] = {
        "known": stated("low_0", -1.0) >= 0.0,
        "specific_usd": stated("specific_usd", 0.0),
        "specific_unit": stated("specific_unit", ""),
    }
    for i in range(plan.authorities):
        for end in ENDS:
            columns[f"stated_{end}_{i}"] = stated(f"{end}_{i}", 0.0)
            columns[f"kept_{end}_{i}"] = reduce(mul, kept(end, i), ibis.literal(1.0))
        columns[f"floor_{i}"] = stated(f"floor_{i}", bool(plan.same.get(f"floor_{i}")))
        columns[f"yields_{i}"] = stated(f"yields_{i}", plan.same.get(f"yields_{i}", -1))
        columns[f"on_metal_{i}"] = stated(f"metal_{i}", bool(plan.same.get(f"metal_{i}")))
        columns[f"present_{i}"] = stated(f"low_{i}", -1.0) >= 0.0
    return joined.select(*(joined[name] for name in lines.columns), **columns)


def _due(table: ir.Table, plan: Plan) -> ir.Table:
    """Add `due_end_i`: the duty on the whole value, floors counting the general rate."""
    import ibis

    general = {}
    for end in ENDS:  # nothing is left of a waived duty, whatever it was
        due = table[f"stated_{end}_0"] * table[f"kept_{end}_0"]
        general[f"due_{end}_0"] = ibis.ifelse(table[f"kept_{end}_0"] == 0, 0.0, due)
    table = table.mutate(**general)
    columns: dict[str, Any] = {}
    for i in range(1, plan.authorities):
        for end in ENDS:
            stated = table[f"stated_{end}_{i}"]
            if plan.same.get(f"floor_{i}", 1):
                topped = ibis.greatest(stated - table[f"due_{end}_0"], 0.0)
                if end == "low":  # a duty by volume may reach the floor by itself
                    topped = ibis.ifelse(table["specific_usd"] > 0, 0.0, topped)
                stated = ibis.ifelse(table[f"floor_{i}"], topped, stated)
            columns[f"due_{end}_{i}"] = stated * table[f"kept_{end}_{i}"]
    metal = [i for i in range(plan.authorities) if plan.same.get(f"metal_{i}", 1)]
    columns["needs_metal"] = reduce(
        or_, (table[f"on_metal_{i}"] for i in metal), ibis.literal(False)
    )
    open_claims = [
        table[f"kept_low_{i}"] < table[f"kept_high_{i}"] for i in range(plan.authorities)
    ]
    columns["needs_claim"] = reduce(or_, open_claims)
    for i in plan.displacing:
        for end in ENDS:
            share = ibis.ifelse(table[f"on_metal_{i}"], table[f"metal_{end}"], 1.0)
            columns[f"bearing_{end}_{i}"] = ibis.ifelse(table[f"present_{i}"], share, 0.0)
    return table.mutate(**columns)


def _part(table: ir.Table, plan: Plan, i: int, end: End, metal: End) -> Any:
    """Return an authority's part: its duty on the share of the value it bears on."""
    import ibis

    share: Any = None
    if plan.same.get(f"metal_{i}", 1):
        share = ibis.ifelse(table[f"on_metal_{i}"], table[f"metal_{metal}"], 1.0)
    yields_to = plan.same.get(f"yields_{i}")
    for other in plan.displacing:
        left = 1.0 - table[f"bearing_{metal}_{other}"]
        left = left if share is None else ibis.least(share, left)
        if yields_to == other:
            share = left
        elif yields_to is None:
            share = ibis.ifelse(
                table[f"yields_{i}"] == other, left, 1.0 if share is None else share
            )
    due = table[f"due_{end}_{i}"]
    return due if share is None else due * share


def _chosen(table: ir.Table, lines: ir.Table, plan: Plan) -> ir.Table:
    """Add the parts and their sum, at each end of the rate with the metal share that gives it."""
    import ibis

    places = range(plan.authorities)
    least = {f"total_{end}_low": _total(table, plan, end, "low") for end in ENDS}
    table = table.mutate(**least)
    other = {
        f"total_{end}_high": ibis.ifelse(
            table["needs_metal"], _total(table, plan, end, "high"), table[f"total_{end}_low"]
        )
        for end in ENDS
    }
    table = table.mutate(**other)
    columns: dict[str, Any] = {}
    for end in ENDS:
        a, b = table[f"total_{end}_low"], table[f"total_{end}_high"]
        first = (a <= b) if end == "low" else (a >= b)
        columns[f"rate_{end}"] = ibis.ifelse(first, a, b).round(12)
        for i in places:
            cells = [_part(table, plan, i, end, metal) for metal in ENDS]
            columns[f"part_{i}_{end}"] = ibis.ifelse(first, *cells)
        columns[f"specific_{end}"] = table["specific_usd"] * table[f"kept_{end}_0"]
    return table.select(
        *lines.columns, "known", "needs_metal", "needs_claim", "specific_unit", **columns
    )


def _total(table: ir.Table, plan: Plan, end: End, metal: End) -> Any:
    return reduce(add, (_part(table, plan, i, end, metal) for i in range(plan.authorities)))
