"""One expression that joins lines to the schedule and stacks their duties, for any engine.

The same Ibis expression runs on DuckDB, embedded, and on Spark. Lines meet the three tables of
`layers` by range joins; the most specific scope that states a duty decides; exemptions and claims
free a share of it; floors count the general rate; a displaced authority is charged on the rest of
the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add, mul, or_
from typing import TYPE_CHECKING, Any, Final, Literal

from tariffimpact.portfolio.layers import KEYS, LAYERS

if TYPE_CHECKING:
    import ibis.expr.types as ir

End = Literal["low", "high"]
ENDS: Final[tuple[End, End]] = ("low", "high")
LINE_COLUMNS: Final = ("hts", "origin", "entered_on", "metal_low", "metal_high")
"""What a table of lines must have to be charged; everything else is carried along."""


def charge(
    lines: ir.Table, tables: dict[str, ir.Table], authorities: int, displacing: Sequence[int]
) -> ir.Table:
    """Return the lines with their rate and each authority's part of it.

    Parameters
    ----------
    lines
        One row a line: `hts` (8 or 10 digits), `origin` (ISO alpha-3), `entered_on` (date),
        `metal_low` and `metal_high` (metal share of the customs value), and what else there is.
    tables
        The tables of `schedule_layers`, and `apart`.
    authorities
        How many authorities they hold.
    displacing
        The places of those that take another's place on the value they bear on.

    Returns
    -------
    Table
        The lines in no order, and `known` (whether the schedule has the code on the day),
        `needs_metal`, `needs_claim` (whether a metal share or an exemption or claim decides),
        `rate_low`, `rate_high` (fractions of the customs value), `part_i_low`, `part_i_high` for
        each authority (the parts add up to the rate), `specific_low`, `specific_high` (US dollars
        per `specific_unit`).
    """
    decided = _decided(_joined(lines, tables), lines, tables, authorities)
    due = _due(decided, authorities)
    parts = _parts(_shares(due, authorities, displacing), authorities)
    return _chosen(parts, lines, authorities)


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
    joined: ir.Table, lines: ir.Table, tables: dict[str, ir.Table], authorities: int
) -> ir.Table:
    """Keep, of each authority, what the most specific table states, and what is left of it."""
    import ibis

    def stated(column: str, absent: Any) -> Any:
        holding = [joined[f"{column}__{n}"] for n in LAYERS if column in tables[n].columns]
        return ibis.coalesce(*holding, absent) if holding else ibis.literal(absent)

    def kept(end: End, i: int) -> Any:
        names = [n for n in LAYERS if f"kept_{end}_{i}" in tables[n].columns]
        shares = [joined[f"kept_{end}_{i}__{n}"].coalesce(1.0) for n in names]
        return reduce(mul, shares) if shares else ibis.literal(1.0)

    undecided = [
        joined[f"kept_low_{i}__{n}"].coalesce(1.0) < joined[f"kept_high_{i}__{n}"].coalesce(1.0)
        for i in range(authorities)
        for n in LAYERS
        if f"kept_low_{i}" in tables[n].columns
    ]
    columns: dict[str, Any] = {
        "needs_claim": reduce(or_, undecided) if undecided else ibis.literal(False),
        "known": stated("low_0", -1.0) >= 0.0,
        "specific_usd": stated("specific_usd", 0.0),
        "specific_unit": stated("specific_unit", ""),
    }
    for i in range(authorities):
        for end in ENDS:
            columns[f"stated_{end}_{i}"] = stated(f"{end}_{i}", 0.0)
            columns[f"kept_{end}_{i}"] = kept(end, i)
        columns[f"floor_{i}"] = stated(f"floor_{i}", False)
        columns[f"yields_{i}"] = stated(f"yields_{i}", -1)
        on_metal = stated(f"metal_{i}", False)
        columns[f"on_metal_{i}"] = on_metal
        columns[f"present_{i}"] = stated(f"low_{i}", -1.0) >= 0.0
    return joined.select(*(joined[name] for name in lines.columns), **columns)


def _due(table: ir.Table, authorities: int) -> ir.Table:
    """Add `due_end_i`: the duty on the whole value, floors counting the general rate."""
    import ibis

    general = {}
    for end in ENDS:  # nothing is left of a waived duty, whatever it was
        due = table[f"stated_{end}_0"] * table[f"kept_{end}_0"]
        general[f"due_{end}_0"] = ibis.ifelse(table[f"kept_{end}_0"] == 0, 0.0, due)
    table = table.mutate(**general)
    columns = {}
    for i in range(1, authorities):
        for end in ENDS:
            stated = table[f"stated_{end}_{i}"]
            topped = ibis.greatest(stated - table[f"due_{end}_0"], 0.0)
            if end == "low":  # a duty by volume may reach the floor by itself
                topped = ibis.ifelse(table["specific_usd"] > 0, 0.0, topped)
            stated = ibis.ifelse(table[f"floor_{i}"], topped, stated)
            columns[f"due_{end}_{i}"] = stated * table[f"kept_{end}_{i}"]
    return table.mutate(**columns)


def _shares(table: ir.Table, authorities: int, displacing: Sequence[int]) -> ir.Table:
    """Add `share_metal_i`: the share of the value each authority bears on."""
    import ibis

    bearing = {
        f"bearing_{metal}_{i}": ibis.ifelse(
            table[f"present_{i}"],
            ibis.ifelse(table[f"on_metal_{i}"], table[f"metal_{metal}"], 1.0),
            0.0,
        )
        for i in displacing
        for metal in ENDS
    }
    table = table.mutate(**bearing)
    columns = {}
    for i in range(authorities):
        for metal in ENDS:
            own = ibis.ifelse(table[f"on_metal_{i}"], table[f"metal_{metal}"], 1.0)
            for other in displacing:
                taken = table[f"bearing_{metal}_{other}"]
                yields = table[f"yields_{i}"] == other
                own = ibis.ifelse(yields, ibis.least(own, 1.0 - taken), own)
            columns[f"share_{metal}_{i}"] = own
    return table.mutate(**columns)


def _parts(table: ir.Table, authorities: int) -> ir.Table:
    """Add each authority's part, `cell_end_metal_i`, and whether the lower metal share decides."""
    cells = {
        f"cell_{end}_{metal}_{i}": table[f"due_{end}_{i}"] * table[f"share_{metal}_{i}"]
        for end in ENDS
        for metal in ENDS
        for i in range(authorities)
    }
    on_metal = reduce(or_, (table[f"on_metal_{i}"] for i in range(authorities)))
    table = table.mutate(**cells, needs_metal=on_metal)
    totals = {
        f"total_{end}_{metal}": reduce(
            add, (table[f"cell_{end}_{metal}_{i}"] for i in range(authorities))
        )
        for end in ENDS
        for metal in ENDS
    }
    return table.mutate(**totals)


def _chosen(table: ir.Table, lines: ir.Table, authorities: int) -> ir.Table:
    """Keep, at each end of the rate, the metal share that gives it."""
    import ibis

    columns: dict[str, Any] = {}
    for end in ENDS:
        a, b = table[f"total_{end}_low"], table[f"total_{end}_high"]
        first = (a <= b) if end == "low" else (a >= b)
        columns[f"rate_{end}"] = ibis.ifelse(first, a, b).round(12)
        for i in range(authorities):
            cells = table[f"cell_{end}_low_{i}"], table[f"cell_{end}_high_{i}"]
            columns[f"part_{i}_{end}"] = ibis.ifelse(first, *cells)
        columns[f"specific_{end}"] = table["specific_usd"] * table[f"kept_{end}_0"]
    return table.select(
        *lines.columns, "known", "needs_metal", "needs_claim", "specific_unit", **columns
    )
