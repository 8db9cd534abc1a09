"""The arithmetic of `stacking` for many lines: one expression, for any engine.

The same Ibis expression runs on DuckDB, embedded, and on Spark. Lines meet the tables of `layers`
by range joins, which say under which states of the law they are. Lines under the same states of
which the same is known are of one kind: each kind is charged once, however many lines it has. The
most specific scope that states a duty decides, waivers and exemptions free a share of it, floors
count the general rate, a displaced authority is charged on the rest of the value. Where a metal
share, the use or an exemption of the goods is open, each end of the rate is that of the choice that
gives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from itertools import product
from operator import add, mul, or_
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tariffimpact.tariffs.layers import ENDS, KEYS, LAYERS, End, Plan

if TYPE_CHECKING:
    import ibis.expr.types as ir


_KNOWN: Final = {"metal_low": 0.0, "metal_high": 1.0, "weight_low": 0.0, "weight_high": 1.0,
                 "quantity_per_dollar": -1.0}  # fmt: skip
"""What may be known of the goods of a line, and what stands for what is not."""
_OF_KIND: Final = "kind__"
"""How the columns begin that tell the kinds of lines apart."""


class _Choice(NamedTuple):
    """One choice of everything that is open about a line, at one end of its rate."""

    place: int
    """Which of the places of the general rate: 0 is its own end."""
    corner: int
    """Which metal share and reaches: 0 is the lower end of each."""


def charge(lines: ir.Table, tables: dict[str, ir.Table], plan: Plan) -> ir.Table:
    """Return the lines with their rate and each authority's part of it.

    Parameters
    ----------
    lines
        One row a line, read twice and the same both times: `hts` (8 or 10 digits), `origin` (ISO
        alpha-3), `entered_on` (date), `metal_low` and `metal_high` (metal share of the customs
        value), and what else there is: `quantity_per_dollar`, units of a duty per unit in a dollar
        of customs value, and `weight_low` and `weight_high`, the metal's share of the weight.
    tables
        The tables of `schedule_layers`, `apart`, and of each table its states (`states_of`).
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
        per `specific_unit`, summed over the authorities).
    """
    by_quantity = "quantity_per_dollar" in lines.columns
    plan = replace(plan, bends=plan.bends_by_quantity if by_quantity else plan.bends)
    located = _located(lines, tables)
    telling = [name for name in located.columns if name.startswith(_OF_KIND)]
    # found twice: an engine that held the lines for both ends of the join would need their memory
    kinds = _located(lines.view(), tables).select(*telling).distinct()
    decided = _decided(_under(kinds, tables), kinds, tables, plan)
    places = _places(plan, by_quantity=by_quantity)
    due = _due(_opened(_removed(decided, plan), plan), plan, places)
    told = _told(_totalled(_shared(due, plan), plan, places), kinds, plan, places)
    return located.view().inner_join(told, telling).drop(*telling)


def states_of(table: str) -> str:
    """Return the name of the table of the states of a table of spells."""
    return f"{table}_states"


def _located(lines: ir.Table, tables: dict[str, ir.Table]) -> ir.Table:
    """Add the kind of each line: the state it is under in each table, and what bears on it."""
    import ibis

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
    kind = {f"state__{name}": keyed[f"state__{name}"].coalesce(-1) for name in LAYERS}
    for name, unknown in _KNOWN.items():
        if name in lines.columns:
            asks = f"of_{name.partition('_')[0]}"
            asked = _any(keyed[f"{asks}__{table}"].coalesce(False) for table in LAYERS)
            told = keyed[name].cast("float64").coalesce(unknown)
            kind[name] = ibis.ifelse(asked, told, unknown)
    named = {f"{_OF_KIND}{name}": column for name, column in kind.items()}
    return keyed.select(*(keyed[name] for name in lines.columns), **named)


def _under(kinds: ir.Table, tables: dict[str, ir.Table]) -> ir.Table:
    """Join each kind to what its states hold: columns get the table's name as a suffix."""
    known = {name: f"{_OF_KIND}{name}" for name in _KNOWN}
    columns = {name: kinds[held] for name, held in known.items() if held in kinds.columns}
    if "quantity_per_dollar" in columns:
        unknown = _KNOWN["quantity_per_dollar"]
        columns["quantity_per_dollar"] = columns["quantity_per_dollar"].nullif(unknown)
    joined = kinds.mutate(**columns)
    for name in LAYERS:
        states = tables[states_of(name)]
        states = states.rename({f"{column}__{name}": column for column in states.columns})
        state = joined[f"{_OF_KIND}state__{name}"]
        joined = joined.left_join(states, state == states[f"state__{name}"])
    return joined


def _decided(
    joined: ir.Table, kinds: ir.Table, tables: dict[str, ir.Table], plan: Plan
) -> ir.Table:
    """Keep, of each authority, what the most specific table states, and what is left of it."""
    import ibis

    held = {name: tables[states_of(name)].columns for name in LAYERS}

    def stated(column: str, absent: Any) -> Any:
        holding = [joined[f"{column}__{n}"] for n in LAYERS if column in held[n]]
        return ibis.coalesce(*holding, absent) if holding else ibis.literal(absent)

    def product_of(what: str, end: End, i: int) -> Any:
        """Return what all rows leave, those that the weight decides by the line's weight."""
        column, by_weight = f"{what}_{end}_{i}", f"weighed_{what}_{end}_{i}"
        left = [joined[f"{column}__{n}"] for n in LAYERS if column in held[n]]
        for name in (n for n in LAYERS if by_weight in held[n]):
            if_light = joined[f"weighed_{what}_low_{i}__{name}"]
            limit = joined[f"limit_{what}_{i}__{name}"]
            open_ = ibis.ifelse(weight["high"] < limit, if_light, joined[f"{by_weight}__{name}"])
            left.append(ibis.ifelse(weight["low"] >= limit, 1.0, open_))
        return reduce(mul, (c.coalesce(1.0) for c in left), ibis.literal(1.0))

    weight = {
        end: joined[f"weight_{end}"] if f"weight_{end}" in joined.columns else ibis.literal(at)
        for end, at in (("low", 0.0), ("high", 1.0))
    }  # fmt: skip

    columns: dict[str, Any] = {}
    for i in range(plan.authorities):
        columns[f"present_{i}"] = stated(f"low_{i}", -1.0) >= 0.0
        for end in ENDS:
            columns[f"stated_{end}_{i}"] = stated(f"{end}_{i}", 0.0)
            preferred = stated(f"preferred_{end}_{i}", 1.0)
            columns[f"kept_{end}_{i}"] = product_of("kept", end, i) * preferred
            left = product_of("left", end, i) * stated(f"use_{end}_{i}", 1.0)
            columns[f"reach_{end}_{i}"] = left
        for what in ("floor", "metal"):
            agreed = bool(plan.same.get(f"{what}_{i}"))
            columns[f"{what}_{i}"] = stated(f"{what}_{i}", agreed) & columns[f"present_{i}"]
        for j in plan.displacing:
            agreed = bool(plan.same.get(f"yields_{i}_{j}"))
            columns[f"yields_{i}_{j}"] = stated(f"yields_{i}_{j}", agreed)
    for i, j in plan.removing:
        columns[f"removes_{i}_{j}"] = stated(f"removes_{i}_{j}", False)
    for i in plan.per_unit:
        for end in ENDS:
            columns[f"usd_{end}_{i}"] = stated(f"usd_{end}_{i}", 0.0)
        columns[f"unit_{i}"] = stated(f"unit_{i}", "")
    columns["known"] = columns["present_0"]
    absent = ibis.null("float64")
    for name in ("quantity_per_dollar", "metal_low", "metal_high"):
        columns[name] = joined[name] if name in joined.columns else absent
    return joined.select(*(joined[name] for name in kinds.columns), **columns)


def _removed(table: ir.Table, plan: Plan) -> ir.Table:
    """Take out the duties of authorities that another's row takes the place of."""
    import ibis

    columns: dict[str, Any] = {}
    for j in sorted({j for _, j in plan.removing}):
        said = [table[f"removes_{i}_{k}"] for i, k in plan.removing if k == j]
        own = [table[f"removes_{i}_{k}"] for i, k in plan.removing if i == j]
        gone = reduce(or_, said) & ~reduce(or_, own, ibis.literal(False))
        for name in (f"present_{j}", f"floor_{j}", f"metal_{j}"):
            columns[name] = table[name] & ~gone
        money = [f"usd_{end}_{j}" for end in ENDS if j in plan.per_unit]
        for name in (*(f"stated_{end}_{j}" for end in ENDS), *money):
            columns[name] = ibis.ifelse(gone, 0.0, table[name])
        if j in plan.per_unit:
            columns[f"unit_{j}"] = ibis.ifelse(gone, "", table[f"unit_{j}"])
        for end in ENDS:
            for what in ("kept", "reach"):
                columns[f"{what}_{end}_{j}"] = ibis.ifelse(gone, 1.0, table[f"{what}_{end}_{j}"])
    return table.mutate(**columns) if columns else table


def _opened(table: ir.Table, plan: Plan) -> ir.Table:
    """Add what waivers leave of each duty, and what is open about a line."""
    import ibis

    columns: dict[str, Any] = {}
    for i in range(plan.authorities):
        for end in ENDS:
            left = table[f"kept_{end}_{i}"]
            if i not in plan.slots:
                left = left * table[f"reach_{end}_{i}"]
            columns[f"left_{end}_{i}"] = left
            if i in plan.per_unit:
                columns[f"usd_{end}_{i}"] = table[f"usd_{end}_{i}"] * left
    for end in ENDS:
        left = columns[f"left_{end}_0"]  # nothing is left of a waived duty, whatever it was
        columns[f"general_{end}"] = ibis.ifelse(left == 0, 0.0, table[f"stated_{end}_0"] * left)
        columns[f"equivalent_{end}"] = ibis.literal(0.0)
        if 0 in plan.per_unit:
            worth = columns[f"usd_{end}_0"] * table["quantity_per_dollar"]
            columns[f"equivalent_{end}"] = ibis.ifelse(columns["usd_high_0"] > 0, worth, 0.0)
    if plan.bends:
        worded = table["stated_low_0"] < table["stated_high_0"]
        if 0 in plan.per_unit:
            worded = worded | (table["usd_low_0"] < table["usd_high_0"])
        columns["worded"] = worded
    every = range(plan.authorities)
    columns["needs_metal"] = _any(table[f"metal_{i}"] for i in _may(plan, "metal"))
    due = {i: table[f"stated_high_{i}"] > 0 for i in every}
    due |= {i: due[i] | (table[f"usd_high_{i}"] > 0) for i in plan.per_unit}
    kept = {i: table[f"kept_low_{i}"] < table[f"kept_high_{i}"] for i in every}
    columns["needs_claim"] = _any(kept[i] & due[i] for i in every)
    reaches = {i: table[f"reach_low_{i}"] < table[f"reach_high_{i}"] for i in every}
    columns["needs_use"] = _any(reaches[i] & due[i] for i in every)
    for slot in set(plan.slots.values()):
        columns[f"open_{slot}"] = _any(reaches[i] for i, s in plan.slots.items() if s == slot)
    return table.mutate(**columns)


def _any(conditions: Iterable[Any]) -> Any:
    import ibis

    return reduce(or_, conditions, ibis.literal(False))


def _may(plan: Plan, what: str) -> list[int]:
    return [i for i in range(plan.authorities) if plan.may(f"{what}_{i}")]


def _due(table: ir.Table, plan: Plan, places: Mapping[End, int]) -> ir.Table:
    """Add `due_end_i`: the duty on the whole value, floors counting the general rate.

    `due_end_i_p` is the same at another place of the general rate, where the rate may turn there:
    it is convex along the general rate, so its top is at an end of it; its bottom is at the lower
    end, but where a duty per unit counts in a total, or the general rate bears on a part of the
    value only: then it may be at the upper end or, if the rate's own words leave a range, where it
    reaches a total.
    """
    import ibis

    opened = (table["general_low"] < table["general_high"]) | (
        table["equivalent_low"].coalesce(0.0) < table["equivalent_high"].coalesce(0.0)
    )
    turns = ibis.literal(True) if plan.bends else table["equivalent_high"].coalesce(0.0) > 0
    floors = [i for i in _may(plan, "floor") if i]
    table = table.mutate(turns=opened & turns & _any(table[f"floor_{i}"] for i in floors))
    columns: dict[str, Any] = {}
    for end, number in places.items():
        for place in range(number):
            general, equivalent = _general_at(table, floors, end, place)
            for i in range(plan.authorities):
                due = general if i == 0 else table[f"stated_{end}_{i}"]
                if i in floors:
                    counted = equivalent.coalesce(due if end == "low" else ibis.literal(0.0))
                    topped = ibis.greatest(due - general - counted, 0.0)
                    due = ibis.ifelse(table[f"floor_{i}"], topped, due)
                due = due if i == 0 else due * table[f"left_{end}_{i}"]
                if place == 0:
                    columns[f"due_{end}_{i}"] = due
                elif i in (0, *floors):
                    nothing = ibis.null("float64")
                    columns[f"due_{end}_{i}_{place}"] = ibis.ifelse(table["turns"], due, nothing)
    return table.mutate(**columns)


def _places(plan: Plan, *, by_quantity: bool) -> dict[End, int]:
    """Return at how many places of the general rate each end of the rate may lie."""
    if plan.bends:
        return {"low": 2 + len([i for i in _may(plan, "floor") if i]), "high": 2}
    number = 2 if by_quantity and 0 in plan.per_unit else 1
    return {"low": number, "high": number}


def _general_at(
    table: ir.Table, floors: Sequence[int], end: End, place: int
) -> tuple[Any, Any]:  # fmt: skip
    """Return the general rate, and the duty per unit as a share, at a place.

    0 is the end itself, 1 the other, and one more for each total, where the rate reaches it.
    """
    import ibis

    other: End = "high" if end == "low" else "low"
    if place < 2:
        at = end if place == 0 else other
        return table[f"general_{at}"], table[f"equivalent_{at}"]
    low, high = (table[f"general_{e}"] + table[f"equivalent_{e}"].coalesce(0.0) for e in ENDS)
    width = ibis.ifelse(high < float("inf"), high - low, 0.0).nullif(0.0)
    inside = ((table[f"stated_low_{floors[place - 2]}"] - low) / width).coalesce(0.0)
    inside = ibis.ifelse(table["worded"], ibis.greatest(ibis.least(inside, 1.0), 0.0), 0.0)

    def at_inside(what: str) -> Any:
        start, stop = table[f"{what}_low"], table[f"{what}_high"]
        return ibis.ifelse(inside > 0, start + inside * (stop - start), start)

    return at_inside("general"), at_inside("equivalent")


def _shared(table: ir.Table, plan: Plan) -> ir.Table:
    """Add `share_i_n`: the share of the value on which an authority is charged, by corner.

    There are none of an authority that always bears on the whole; a corner that is no other than
    the first has no number.
    """
    import ibis

    columns: dict[str, Any] = {}
    for n, (metal, *reach) in enumerate(_corners(plan)):
        reached = {i: table[f"reach_{reach[slot]}_{i}"] for i, slot in plan.slots.items()}
        opened = [table[f"open_{slot}"] for slot, end in enumerate(reach) if end == "high"]
        differs = [table["needs_metal"]] * (metal == "high") + opened
        for i in range(plan.authorities):
            share = _share(table, plan, i, table[f"metal_{metal}"], reached)
            if share is not None and n:
                share = ibis.ifelse(ibis.and_(*differs), share, ibis.null("float64"))
            if share is not None:
                columns[f"share_{i}_{n}"] = share
    return table.mutate(**columns) if columns else table


def _corners(plan: Plan) -> list[tuple[End, ...]]:
    """Return every choice of the metal share and of the reach in each slot."""
    return list(product(ENDS, repeat=1 + len(set(plan.slots.values()))))


def _share(table: ir.Table, plan: Plan, i: int, metal: Any, reached: Mapping[int, Any]) -> Any:
    """Return the share of the value on which an authority is charged; None for the whole."""
    import ibis

    share = _bearing(table, plan, i, metal, reached)
    for j in plan.displacing:
        yields = plan.same.get(f"yields_{i}_{j}")
        if yields == 0:
            continue
        taken = _bearing(table, plan, j, metal, reached)
        left = ibis.ifelse(table[f"present_{j}"], 0.0 if taken is None else 1.0 - taken, 1.0)
        if yields is None:
            left = ibis.ifelse(table[f"yields_{i}_{j}"], left, 1.0)
        share = left if share is None else ibis.least(share, left)
    return share


def _bearing(table: ir.Table, plan: Plan, i: int, metal: Any, reached: Mapping[int, Any]) -> Any:
    """Return the share of the value on which an authority bears; None for the whole."""
    import ibis

    share: Any = None
    if plan.may(f"metal_{i}"):
        share = ibis.ifelse(table[f"metal_{i}"], metal, 1.0)
    if i in reached:
        share = reached[i] if share is None else share * reached[i]
    return share


def _totalled(table: ir.Table, plan: Plan, places: Mapping[End, int]) -> ir.Table:
    """Add the rate at each end, and the place and the corner that give it."""
    import ibis

    totals: dict[str, Any] = {}
    choices: dict[End, list[_Choice]] = {}
    for end, number in places.items():
        choices[end] = [
            _Choice(place, n) for place in range(number) for n in range(len(_corners(plan)))
        ]
        for place, n in choices[end]:
            parts = (_part(table, end, i, place, n) for i in range(plan.authorities))
            totals[f"total_{end}_{place}_{n}"] = reduce(add, parts)
    table = table.mutate(**totals)
    chosen = {}
    for end in ENDS:
        held = [table[f"total_{end}_{place}_{n}"] for place, n in choices[end]]
        best = (ibis.least if end == "low" else ibis.greatest)(*held)
        chosen[f"rate_{end}"] = best
        reached = list(zip(held, choices[end], strict=True))
        for what, which in (("place", 0), ("corner", 1)):
            numbers = [(total == best, choice[which]) for total, choice in reached]
            first = ibis.literal(0)
            chosen[f"{what}_{end}"] = ibis.cases(*numbers, else_=0) if numbers[1:] else first
    return table.mutate(**chosen)


def _part(table: ir.Table, end: End, i: int, place: int, n: int) -> Any:
    """Return an authority's part of the rate at a place and a corner."""
    import ibis

    elsewhere = f"due_{end}_{i}_{place}"
    due = table[elsewhere] if elsewhere in table.columns else table[f"due_{end}_{i}"]
    if f"share_{i}_{n}" not in table.columns:
        return due
    share = table[f"share_{i}_{n}"]
    return due * share if i else ibis.ifelse(share == 0, 0.0, due * share)


def _told(table: ir.Table, kinds: ir.Table, plan: Plan, places: Mapping[End, int]) -> ir.Table:
    """Return the kinds with the rate, its parts at the choice that gives it, and what is open."""
    import ibis

    def chosen(name: str, which: str, number: int, first: Any) -> Any:
        """Return the column of the chosen place or corner, `first` where none is another."""
        others = [
            (table[which] == k, table[f"{name}_{k}"])
            for k in range(1, number)
            if f"{name}_{k}" in table.columns
        ]
        return ibis.cases(*others, else_=first) if others else first

    columns: dict[str, Any] = {}
    corners = len(_corners(plan))
    for end, number in places.items():
        columns[f"rate_{end}"] = table[f"rate_{end}"].round(12)
        for i in range(plan.authorities):
            part = chosen(f"due_{end}_{i}", f"place_{end}", number, table[f"due_{end}_{i}"])
            if f"share_{i}_0" in table.columns:
                share = chosen(f"share_{i}", f"corner_{end}", corners, table[f"share_{i}_0"])
                part = part * share if i else ibis.ifelse(share == 0, 0.0, part * share)
            columns[f"part_{i}_{end}"] = part
        columns[f"specific_{end}"] = _dollars(table, plan, end)
    columns["specific_unit"] = _unit(table, plan)
    told = ("known", "needs_metal", "needs_claim", "needs_use")
    return table.select(*kinds.columns, *told, **columns)


def _dollars(table: ir.Table, plan: Plan, end: End) -> Any:
    """Return the duties per unit of all authorities, each at its own lowest or highest."""
    import ibis

    total: Any = ibis.literal(0.0)
    for i in plan.per_unit:
        usd = table[f"usd_{end}_{i}"]
        if f"share_{i}_0" in table.columns:
            shares = [table[f"share_{i}_{n}"] for n in range(len(_corners(plan)))]
            usd = usd * (ibis.least if end == "low" else ibis.greatest)(*shares)
        total = total + usd
    return total


def _unit(table: ir.Table, plan: Plan) -> Any:
    import ibis

    units = [table[f"unit_{i}"].nullif("") for i in plan.per_unit]
    return ibis.coalesce(*units, "") if units else ibis.literal("")
