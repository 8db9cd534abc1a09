"""A compiled schedule as three tables to join lines to: by product and origin, product, origin.

Each table has one row per key and spell, which names the state of the law it is under: of 250,000
spells, some thousand states. Spells of a key never overlap, so a line meets one row of each table
at most. The columns of a state carry the place of an authority in the schedule's list: `low_i`,
`high_i` (fractions), `usd_low_i`, `usd_high_i`, `unit_i` (its duty per unit), `floor_i`, `metal_i`,
`use_low_i`, `use_high_i`, `yields_i_j` (it gives way to j), `removes_i_j` (it takes j out), and
what its waivers leave (`kept_low_i`, `kept_high_i`), its exemptions (`left_…`) and its preferences
(`preferred_…`). What the metal's share of the weight decides stands apart, with the share below
which it frees (`weighed_kept_low_i`, `limit_kept_i`, …).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from operator import or_
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from tariffimpact.errors import ModelError
from tariffimpact.facts import DutyBase
from tariffimpact.tariffs.stacking import FLOORS, MFN
from tariffimpact.tariffs.windows import DUTY, EXEMPTION, PREFERENCE, UNPAID, WAIVER, WEIGHED

if TYPE_CHECKING:
    import pandas as pd

    from tariffimpact.tariffs.windows import CompiledSchedule

LAYERS: Final = ("product_origin", "product", "origin")
"""From the most to the least specific scope: the first that states a duty decides."""

KEYS: Final[dict[str, tuple[str, ...]]] = {
    "product_origin": ("hts", "origin"),
    "product": ("hts",),
    "origin": ("origin",),
}
_WINDOW: Final = ["starts_on", "ends_on"]
_SAYS: Final = ["kind", "base", "displaced_by", "replaces"]
_STATED: Final = [*_SAYS, "low", "high", "specific_low", "specific_high", "specific_unit",
                  "use_low", "use_high", "limit"]  # fmt: skip
"""What a row says, apart from where and when."""
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
    slots: Mapping[int, int]
    """Of each displacing authority that reaches some of the goods only, by use or exemption, the
    slot it is decided in: two that meet on a line have different ones."""
    by_use: tuple[int, ...]
    """Places of the authorities some of whose duties the use of the goods decides."""
    per_unit: tuple[int, ...]
    """Places of the authorities with a duty per unit."""
    removing: tuple[tuple[int, int], ...]
    """Pairs of an authority some of whose rows take another out, and that other."""
    bends: bool
    """Whether a rate may have its lower end where a general rate that is a range reaches a total,
    and not at an end of it."""
    bends_by_quantity: bool
    """The same, once the quantity of a duty per unit is known."""

    def may(self, name: str) -> bool:
        """Return whether some row says so: `floor_1`, `metal_2`, `yields_1_2`."""
        return self.same.get(name, 1) != 0


class _Spelled(NamedTuple):
    """The spells of the keys of a scope, and the states of the law they are under."""

    spells: pd.DataFrame
    states: pd.DataFrame


@dataclass(frozen=True, slots=True)
class ScheduleLayers:
    """The tables of a schedule, the authorities they hold, and the codes set apart."""

    tables: Mapping[str, pd.DataFrame]
    """One row per key and spell: the key, `starts_on`, `ends_on`, its `state`, and whether what is
    known of the goods bears on it: `of_metal`, `of_weight`, `of_quantity`."""
    states: Mapping[str, pd.DataFrame]
    """What each table's states hold, by `state`."""
    authorities: tuple[str, ...]
    plan: Plan
    apart: pd.DataFrame
    """HTS10 codes that the schedule treats apart from their tariff line, column `code`."""


def schedule_layers(
    compiled: CompiledSchedule, *, claims: Mapping[str, float] | None = None
) -> ScheduleLayers:
    """Return a compiled schedule as tables to join lines to.

    Parameters
    ----------
    compiled
        The schedule.
    claims
        Share of the duty a claim frees, 0 to 1, by claim; a claim not named is unknown.

    Returns
    -------
    ScheduleLayers
        One row per key and spell in each table.

    Raises
    ------
    ModelError
        If a claim is unknown or no share, if a scope has duties per unit in two units, or if more
        than three authorities whose reach is open meet on one product.
    """
    frame = _with_claims(compiled, compiled.checked_claims(claims or {}))
    authorities = tuple(compiled.manifest["authorities"])
    places = {name: i for i, name in enumerate(authorities)}
    plan = _plan(frame, places)
    has_hts, has_origin = frame["hts"] != "", frame["origin"] != ""
    parts = {
        "product_origin": frame[has_hts & has_origin],
        "product": frame[has_hts & ~has_origin],
        "origin": frame[~has_hts & has_origin],
    }
    found = {n: _spelled(part, list(KEYS[n]), places, plan) for n, part in parts.items()}
    codes = frame.loc[frame["hts"].str.len() == 10, ["hts"]].drop_duplicates()
    return ScheduleLayers(
        {name: of.spells for name, of in found.items()},
        {name: of.states for name, of in found.items()},
        authorities, plan, codes.rename(columns={"hts": "code"}),
    )  # fmt: skip


def _with_claims(compiled: CompiledSchedule, claims: Mapping[str, float]) -> pd.DataFrame:
    """Return the charged rows and their waivers, with what is claimed put in."""
    frame = compiled.frame[compiled.frame["role"] != UNPAID].copy()
    told = compiled.manifest["components"]
    claim = frame["component_id"].map({name: part["claim"] for name, part in told.items()})
    for name, share in claims.items():
        rows = (claim == name) & frame["role"].isin([WAIVER, EXEMPTION, PREFERENCE])
        frame.loc[rows, "low"] = frame.loc[rows, "high"] * share
        frame.loc[rows, "high"] = frame.loc[rows, "low"]
    for end, share_of_all in (("low", 0.0), ("high", 1.0)):
        shares = claim.map(claims).fillna(share_of_all).astype("float64")
        frame[f"use_{end}"] = shares.where(frame["base"] == DutyBase.END_USE, 1.0)
    asked = compiled.manifest.get("claims", {}).items()
    limits = {name: of.get("weight_under") for name, of in asked if name not in claims}
    limit = claim.map(limits).astype("float64")
    return frame.assign(limit=limit.where(frame["role"].isin(WEIGHED)))


def _plan(frame: pd.DataFrame, places: Mapping[str, int]) -> Plan:
    duties = frame[frame["role"] == DUTY]
    said = duties[["authority", *_SAYS]].drop_duplicates()
    same: dict[str, int] = {}
    for name, rows in said.groupby("authority", sort=False):
        i = places[str(name)]
        for what, says in (
            ("floor", rows["kind"].isin(FLOORS)), ("metal", rows["base"] == DutyBase.METAL),
        ):  # fmt: skip
            if says.nunique() == 1:
                same[f"{what}_{i}"] = int(says.iloc[0])
    displacing = sorted({places[name] for name in _named(said["displaced_by"]) if name in places})
    for i, j, says in _pairs(said, places, "displaced_by", displacing):
        if says.nunique() == 1:
            same[f"yields_{i}_{j}"] = int(says.iloc[0])
    removed = sorted({places[name] for name in _named(said["replaces"]) if name in places})
    removing = [(i, j) for i, j, says in _pairs(said, places, "replaces", removed) if says.any()]

    def with_any(rows: Any) -> tuple[int, ...]:
        return tuple(sorted({places[name] for name in duties.loc[rows, "authority"]}))

    return Plan(
        len(places), tuple(displacing), same, _slots(frame, places, displacing),
        with_any(duties["base"] == DutyBase.END_USE), with_any(duties["specific_high"] > 0),
        tuple(removing), *_bends(duties, places, same),
    )  # fmt: skip


def _bends(
    duties: pd.DataFrame, places: Mapping[str, int], same: Mapping[str, int]
) -> tuple[bool, bool]:
    """Return `bends` and `bends_by_quantity` of a plan."""
    general = duties[duties["authority"] == MFN]
    worded = (general["low"] < general["high"]) & (general["high"] < float("inf"))
    ranged = general[worded | (general["specific_low"] < general["specific_high"])]
    per_unit = bool((ranged["specific_high"] > 0).any())
    partial = (general["displaced_by"] != "") | (general["base"] != DutyBase.FULL)
    if partial.any():
        return True, True
    if ranged.empty:
        return False, False
    floors = duties[duties["kind"].isin(FLOORS) & (duties["authority"] != MFN)]
    spans = {
        str(name): (set(rows["hts"]), rows["starts_on"].min(), rows["ends_on"].max())
        for name, rows in floors.groupby("authority", sort=False)
    }
    met = any(
        _meet(one, two) and not (_yields(a, b, places, same) or _yields(b, a, places, same))
        for (a, one), (b, two) in combinations(spans.items(), 2)
    )
    return met, met or per_unit


def _meet(one: tuple[Any, ...], two: tuple[Any, ...]) -> bool:
    together = max(one[1], two[1]) < min(one[2], two[2])
    return together and ("" in one[0] | two[0] or not one[0].isdisjoint(two[0]))


def _yields(name: str, other: str, places: Mapping[str, int], same: Mapping[str, int]) -> bool:
    return same.get(f"yields_{places[name]}_{places[other]}") == 1


def _named(cells: pd.Series) -> set[str]:
    return {name for cell in cells.unique() for name in cell.split("|") if name}


def _pairs(
    duties: pd.DataFrame, places: Mapping[str, int], column: str, others: Iterable[int]
) -> Iterable[tuple[int, int, Any]]:
    names = {i: name for name, i in places.items()}
    for name, rows in duties.groupby("authority", sort=False):
        said = rows[column].str.split("|")
        for j in others:
            yield places[str(name)], j, said.map(lambda cell, of=names[j]: of in cell).astype(bool)


def _slots(
    frame: pd.DataFrame, places: Mapping[str, int], displacing: Sequence[int]
) -> dict[int, int]:
    """Return a slot for each displacing authority of open reach: no two that meet share one."""
    names = {i: name for name, i in places.items()}
    opens = frame[(frame["base"] == DutyBase.END_USE) | (frame["role"] == EXEMPTION)]
    scopes = {i: set(opens.loc[opens["authority"] == names[i], "hts"]) for i in displacing if i}
    slots: dict[int, int] = {}
    for i in (i for i, scope in scopes.items() if scope):
        met = {
            slots[j]
            for j in slots
            if "" in scopes[i] | scopes[j] or not scopes[i].isdisjoint(scopes[j])
        }
        slots[i] = next(n for n in range(len(slots) + 1) if n not in met)
    if len(set(slots.values())) > 3:
        raise ModelError(
            "more than three authorities whose reach the use or an exemption of the goods decides "
            f"meet on one product: {', '.join(names[i] for i in slots)}"
        )
    return slots


def _spelled(
    frame: pd.DataFrame, keys: list[str], places: Mapping[str, int], plan: Plan
) -> _Spelled:
    """Return the spells of each key and what they are under, all authorities side by side.

    The windows of a key, an authority and a role never overlap, and begin and end with spells.
    """
    import numpy as np
    import pandas as pd

    spells, first, after = _spells(frame, keys)
    state = np.zeros(len(spells), dtype="int64")
    parts, numbers = [], []
    groups = frame.groupby(["authority", "role", frame["limit"].notna()], sort=True).indices
    named: Any
    for named, rows in groups.items():
        authority, role, _ = named
        number = _numbered(frame.iloc[rows], _STATED)
        first_of = np.unique(number, return_index=True)[1]
        told = frame.iloc[rows].iloc[first_of]
        i = places[str(authority)]
        columns = _duty_columns(told, i, places, plan) if role == DUTY else _left(told, i, role)
        parts.append(columns.reset_index(drop=True))
        lengths = after[rows] - first[rows]
        within = np.arange(lengths.sum()) - np.repeat(lengths.cumsum() - lengths, lengths)
        numbers.append(np.full(len(spells), -1))
        numbers[-1][np.repeat(first[rows], lengths) + within] = np.repeat(number, lengths)
        state = pd.factorize(state * (len(told) + 1) + numbers[-1] + 1)[0]
    one_of = np.unique(state, return_index=True)[1]
    held = [part.reindex(at[one_of]).reset_index(drop=True)
            for part, at in zip(parts, numbers, strict=True)]  # fmt: skip
    states = pd.concat([pd.DataFrame({"state": state[one_of]}), *held], axis=1)
    asks = {name: asked.to_numpy()[state] for name, asked in _asked(states, plan).items()}
    return _Spelled(spells.assign(state=state, **asks), states)


def _numbered(frame: pd.DataFrame, columns: Iterable[str]) -> Any:
    """Return, of each row, the number of those that say the same in some columns."""
    import numpy as np
    import pandas as pd

    number = np.zeros(len(frame), dtype="int64")
    for name in columns:
        codes, seen = pd.factorize(frame[name], use_na_sentinel=False)
        number = pd.factorize(number * len(seen) + codes)[0]
    return number


def _spells(frame: pd.DataFrame, keys: list[str]) -> tuple[pd.DataFrame, Any, Any]:
    """Return the stretches of days between any two changes of a key, and those of each row.

    Of each row, the place of its first, and of the first after it.
    """
    import numpy as np

    key = frame.groupby(keys, sort=True).ngroup().to_numpy()
    day = {name: frame[name].to_numpy().astype("datetime64[D]").astype("int64") for name in _WINDOW}
    width = 1 << 24  # days, more than there are
    starts, ends = (key * width + day[name] for name in _WINDOW)
    edges = np.unique(np.concatenate([starts, ends]))
    inner = edges[:-1] // width == edges[1:] // width
    begins = edges[:-1][inner]
    named = frame[keys].iloc[np.unique(key, return_index=True)[1]]
    spells = named.iloc[begins // width].reset_index(drop=True)
    for name, at in (("starts_on", begins), ("ends_on", edges[1:][inner])):
        spells[name] = (at % width).astype("datetime64[D]").astype("datetime64[ms]")
    return spells, np.searchsorted(begins, starts), np.searchsorted(begins, ends)


def _asked(states: pd.DataFrame, plan: Plan) -> dict[str, pd.Series]:
    """Return whether a state asks for what may be known of the goods."""
    import pandas as pd

    nothing = pd.Series(False, index=states.index)
    of_metal = [
        states[f"metal_{i}"].eq(True) if f"metal_{i}" in states else states[f"low_{i}"].notna()
        for i in range(plan.authorities)
        if f"low_{i}" in states and plan.may(f"metal_{i}")
    ]
    limits = [states[name].notna() for name in states.columns if name.startswith("limit_")]
    per_unit = [states["usd_high_0"] > 0] if "usd_high_0" in states else []
    asks = {"of_metal": of_metal, "of_weight": limits, "of_quantity": per_unit}
    return {name: reduce(or_, found, nothing) for name, found in asks.items()}


def _duty_columns(
    rows: pd.DataFrame, i: int, places: Mapping[str, int], plan: Plan
) -> pd.DataFrame:
    import pandas as pd

    names = {place: name for name, place in places.items()}
    columns = {
        f"low_{i}": rows["low"],
        f"high_{i}": rows["high"],
        f"floor_{i}": rows["kind"].isin(FLOORS),
        f"metal_{i}": rows["base"] == DutyBase.METAL,
    }
    if i in plan.by_use:
        columns |= {f"use_{end}_{i}": rows[f"use_{end}"] for end in ENDS}
    if i in plan.per_unit:
        columns |= {f"usd_{end}_{i}": rows[f"specific_{end}"] for end in ENDS}
        columns[f"unit_{i}"] = rows["specific_unit"]
    for what, column, others in (
        ("yields", "displaced_by", plan.displacing),
        ("removes", "replaces", [b for a, b in plan.removing if a == i]),
    ):
        said = rows[column].str.split("|")
        for j in others:
            says = said.map(lambda cell, of=names[j]: of in cell).astype(bool)
            columns[f"{what}_{i}_{j}"] = says
    return pd.DataFrame({name: said for name, said in columns.items() if name not in plan.same})


def _left(rows: pd.DataFrame, i: int, role: Any) -> pd.DataFrame:
    import pandas as pd

    name = {WAIVER: "kept", EXEMPTION: "left", PREFERENCE: "preferred"}[role]
    if rows["limit"].isna().all():
        left = {f"{name}_low_{i}": 1 - rows["high"], f"{name}_high_{i}": 1 - rows["low"]}
        return pd.DataFrame(left)
    return pd.DataFrame({
        f"weighed_{name}_low_{i}": 1 - rows["high"], f"weighed_{name}_high_{i}": 1 - rows["low"],
        f"limit_{name}_{i}": rows["limit"],
    })  # fmt: skip
