"""One expression that joins lines to the schedule and stacks their duties, for any engine.

The same Ibis expression runs on DuckDB, embedded, and on Spark. Lines meet the three tables of
`layers` by range joins; the most specific scope that states a duty decides; exemptions and claims
free a share of it; floors count the general rate; a displaced authority is charged on the rest of
the value. Where a metal share or the use of the goods is open, each end of the rate is that of the
share and use that give it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from itertools import product
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
    """`floor_i`, `metal_i`, `yields_i_j` of an authority all of whose rows agree."""
    by_use: int | None
    """Place of the authority some of whose duties the use of the goods decides."""


@dataclass(frozen=True, slots=True)
class _Open:
    """What is open about a line: its metal share, and whether its goods are put to the use."""

    metal: Any
    use: Any


def charge(lines: ir.Table, tables: dict[str, ir.Table], plan: Plan) -> ir.Table:
    """Return the lines with their rate and each authority's part of it.

    Parameters
    ----------
    lines
        One row a line: `hts` (8 or 10 digits), `origin` (ISO alpha-3), `entered_on` (date),
        `metal_low` and `metal_high` (metal share of the customs value), and what else there is;
        `quantity_per_dollar`, units of a duty per unit in a dollar of customs value, if known.
    tables
        The tables of `schedule_layers`, and `apart`.
    plan
        What they hold.

    Returns
    -------
    Table
        The lines in no order, and `known` (whether the schedule has the code on the day),
        `needs_metal`, `needs_claim`, `needs_use` (whether a metal share, an exemption or claim, or
        the use of the goods decides),
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
        columns[f"on_metal_{i}"] = stated(f"metal_{i}", bool(plan.same.get(f"metal_{i}")))
        columns[f"present_{i}"] = stated(f"low_{i}", -1.0) >= 0.0
        for j in plan.displacing:
            agreed = bool(plan.same.get(f"yields_{i}_{j}"))
            columns[f"yields_{i}_{j}"] = stated(f"yields_{i}_{j}", agreed)
    for end in ENDS if plan.by_use is not None else ():
        columns[f"use_{end}"] = stated(f"use_{end}_{plan.by_use}", 1.0)
    if "quantity_per_dollar" not in lines.columns:
        columns["quantity_per_dollar"] = ibis.null("float64")
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
                stated = ibis.ifelse(table[f"floor_{i}"], _topped(table, stated, end), stated)
            columns[f"due_{end}_{i}"] = stated * table[f"kept_{end}_{i}"]
    metal = [i for i in range(plan.authorities) if plan.same.get(f"metal_{i}", 1)]
    columns["needs_metal"] = reduce(
        or_, (table[f"on_metal_{i}"] for i in metal), ibis.literal(False)
    )
    open_claims = [
        table[f"kept_low_{i}"] < table[f"kept_high_{i}"] for i in range(plan.authorities)
    ]
    columns["needs_claim"] = reduce(or_, open_claims)
    by_use = plan.by_use is not None
    columns["needs_use"] = table["use_low"] < table["use_high"] if by_use else ibis.literal(False)
    return table.mutate(**columns)


def _topped(table: ir.Table, floor: Any, end: End) -> Any:
    """Return what is left to a total after the general rate, its duty per unit included.

    Where the quantity is unknown, the duty per unit may reach the total by itself or be next to
    none.
    """
    import ibis

    other = "high" if end == "low" else "low"
    equivalent = table["specific_usd"] * table[f"kept_{other}_0"] * table["quantity_per_dollar"]
    unknown = floor if end == "low" else ibis.literal(0.0)
    per_unit = ibis.ifelse(table["specific_usd"] > 0, equivalent.coalesce(unknown), 0.0)
    return ibis.greatest(floor - table[f"due_{end}_0"] - per_unit, 0.0)


def _bearing(table: ir.Table, plan: Plan, i: int, at: _Open) -> Any:
    """Return the share of the value on which an authority bears; None for the whole."""
    import ibis

    share: Any = None
    if plan.same.get(f"metal_{i}", 1):
        share = ibis.ifelse(table[f"on_metal_{i}"], at.metal, 1.0)
    if i == plan.by_use:
        share = at.use if share is None else share * at.use
    return share


def _part(table: ir.Table, plan: Plan, i: int, end: End, at: _Open) -> Any:
    """Return an authority's part: its duty on the share of the value it bears on."""
    import ibis

    share = _bearing(table, plan, i, at)
    for j in plan.displacing:
        yields = plan.same.get(f"yields_{i}_{j}")
        if yields == 0:
            continue
        taken = _bearing(table, plan, j, at)
        left = ibis.ifelse(table[f"present_{j}"], 0.0 if taken is None else 1.0 - taken, 1.0)
        if yields is None:
            left = ibis.ifelse(table[f"yields_{i}_{j}"], left, 1.0)
        share = left if share is None else ibis.least(share, left)
    due = table[f"due_{end}_{i}"]
    return due if share is None else due * share


def _chosen(table: ir.Table, lines: ir.Table, plan: Plan) -> ir.Table:
    """Add the parts and their sum, at each end of the rate with the metal and use that give it."""
    import ibis

    uses: tuple[End, ...] = ("low",) if plan.by_use is None else ENDS
    corners = [(metal, use) for use in uses for metal in ENDS]

    def at(metal: End, use: End) -> _Open:
        return _Open(table[f"metal_{metal}"], 1.0 if plan.by_use is None else table[f"use_{use}"])

    totals = {}
    for end, (metal, use) in product(ENDS, corners):
        total = _total(table, plan, end, at(metal, use))
        if (metal, use) != ("low", "low"):  # only where it can differ from the first
            differs = ibis.and_(
                *[table[f"needs_{what}"] for what, side in (("metal", metal), ("use", use))
                  if side == "high"]
            )  # fmt: skip
            total = ibis.ifelse(differs, total, ibis.null("float64"))
        totals[f"total_{end}_{metal}_{use}"] = total
    table = table.mutate(**totals)
    chosen = {}
    for end in ENDS:
        held = {corner: table[f"total_{end}_{corner[0]}_{corner[1]}"] for corner in corners}
        best = (ibis.least if end == "low" else ibis.greatest)(*held.values())
        chosen[f"rate_{end}"] = best
        for what, place in (("metal", 0), ("use", 1)):
            if what == "metal" or plan.by_use is not None:
                sides = [(held[c] == best, table[f"{what}_{c[place]}"]) for c in corners[1:]]
                chosen[f"{what}_at_{end}"] = ibis.cases(*sides, else_=table[f"{what}_low"])
    table = table.mutate(**chosen)
    columns: dict[str, Any] = {}
    for end in ENDS:
        columns[f"rate_{end}"] = table[f"rate_{end}"].round(12)
        use_at = 1.0 if plan.by_use is None else table[f"use_at_{end}"]
        opened = _Open(table[f"metal_at_{end}"], use_at)
        for i in range(plan.authorities):
            columns[f"part_{i}_{end}"] = _part(table, plan, i, end, opened)
        columns[f"specific_{end}"] = table["specific_usd"] * table[f"kept_{end}_0"]
    told = ("known", "needs_metal", "needs_claim", "needs_use", "specific_unit")
    return table.select(*lines.columns, *told, **columns)


def _total(table: ir.Table, plan: Plan, end: End, at: _Open) -> Any:
    return reduce(add, (_part(table, plan, i, end, at) for i in range(plan.authorities)))
