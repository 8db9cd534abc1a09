"""A compiled schedule as three tables to join lines to: by product, product and origin, origin.

Each table has one row per key and spell, and for every authority with rows in it the columns
`low_i`, `high_i`, `floor_i`, `metal_i`, `use_low_i`, `use_high_i`, `yields_i_j` of its duty and
`kept_low_i`, `kept_high_i` of its exemptions, `i` the authority's place in the schedule's list and
`j` that of one it gives way to. Spells of a key never overlap, so a line meets one row of each
table at most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tariffimpact.errors import require
from tariffimpact.portfolio.charging import KEYS, Plan
from tariffimpact.tariffs import CompiledSchedule

if TYPE_CHECKING:
    import pandas as pd

_WINDOW: Final = ["starts_on", "ends_on"]


@dataclass(frozen=True, slots=True)
class ScheduleLayers:
    """The tables of a schedule, the authorities they hold, and the codes set apart."""

    tables: Mapping[str, pd.DataFrame]
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
    """
    frame = _with_claims(compiled, dict(claims or {}))
    authorities = tuple(compiled.manifest["authorities"])
    has_hts, has_origin = frame["hts"] != "", frame["origin"] != ""
    parts = {
        "product_origin": frame[has_hts & has_origin],
        "product": frame[has_hts & ~has_origin],
        "origin": frame[~has_hts & has_origin],
    }
    named = {name for cell in frame["displaced_by"].unique() for name in cell.split("|") if name}
    displacing = tuple(sorted(authorities.index(name) for name in named))
    tables = {
        name: _wide(part, list(KEYS[name]), authorities, displacing) for name, part in parts.items()
    }
    codes = frame.loc[frame["hts"].str.len() == 10, ["hts"]].drop_duplicates()
    same = _agreed(tables, len(authorities), displacing)
    slim = {name: t.drop(columns=[c for c in same if c in t]) for name, t in tables.items()}
    by_use = {i for t in tables.values() for i in range(len(authorities)) if f"use_low_{i}" in t}
    plan = Plan(len(authorities), displacing, same, min(by_use, default=None))
    return ScheduleLayers(slim, authorities, plan, codes.rename(columns={"hts": "code"}))


def _agreed(
    tables: Mapping[str, pd.DataFrame], authorities: int, displacing: Sequence[int]
) -> dict[str, int]:
    """Return the columns that say the same in every row of every table."""
    same: dict[str, int] = {}
    names = [f"{what}_{i}" for what in ("floor", "metal") for i in range(authorities)]
    names += [f"yields_{i}_{j}" for i in range(authorities) for j in displacing]
    for name in names:
        values = {int(v) for t in tables.values() if name in t for v in t[name].dropna().unique()}
        if len(values) == 1:
            same[name] = values.pop()
    return same


def _with_claims(compiled: CompiledSchedule, claims: dict[str, float]) -> pd.DataFrame:
    frame = compiled.frame[compiled.frame["role"] != "not charged"].copy()
    told = compiled.manifest["components"]
    claim = frame["component_id"].map({name: part["claim"] for name, part in told.items()})
    for name, share in claims.items():
        require(0 <= share <= 1, f"the share of a claim is between 0 and 1 (got {name} {share})")
        rows = (claim == name) & (frame["role"] == "waiver")
        frame.loc[rows, "low"] = frame.loc[rows, "high"] * share
        frame.loc[rows, "high"] = frame.loc[rows, "low"]
    for end, share_of_all in (("low", 0.0), ("high", 1.0)):
        shares = claim.map(claims).fillna(share_of_all).astype("float64")
        frame[f"use_{end}"] = shares.where(frame["base"] == "end_use", 1.0)
    return frame


def _wide(
    frame: pd.DataFrame, keys: list[str], authorities: tuple[str, ...], displacing: Sequence[int]
) -> pd.DataFrame:
    """Return one row per key and spell, the columns of each authority and role side by side."""
    spells = _spells(frame, keys)
    for (authority, role), rows in frame.groupby(["authority", "role"], sort=True):
        place = authorities.index(str(authority))
        columns = (
            _duty_columns(rows, place, {j: authorities[j] for j in displacing})
            if role == "duty"
            else _kept(rows, place)
        )
        bearing = columns.assign(**{k: rows[k] for k in [*keys, *_WINDOW]})
        met = spells[[*keys, "starts_on"]].merge(bearing, on=keys, suffixes=("", "_row"))
        inside = (met["starts_on"] >= met["starts_on_row"]) & (met["starts_on"] < met["ends_on"])
        met = met[inside].drop(columns=["starts_on_row", "ends_on"])
        spells = spells.merge(met, on=[*keys, "starts_on"], how="left")
    return spells


def _spells(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return the stretches of days between any two changes of a key."""
    import pandas as pd

    edges = pd.concat(
        [frame[[*keys, day]].set_axis([*keys, "starts_on"], axis=1) for day in _WINDOW]
    )
    edges = edges.drop_duplicates().sort_values([*keys, "starts_on"], ignore_index=True)
    edges["ends_on"] = edges.groupby(keys)["starts_on"].shift(-1)
    return edges.dropna(subset=["ends_on"]).reset_index(drop=True)


def _duty_columns(rows: pd.DataFrame, i: int, displacing: Mapping[int, str]) -> pd.DataFrame:
    import pandas as pd

    columns = {
        f"low_{i}": rows["low"],
        f"high_{i}": rows["high"],
        f"floor_{i}": rows["kind"].isin(["floor_incl_mfn", "target_total"]),
        f"metal_{i}": rows["base"] == "metal",
    }
    names = rows["displaced_by"].str.split("|")
    for j, displacer in displacing.items():
        columns[f"yields_{i}_{j}"] = names.map(lambda cell, of=displacer: of in cell).astype(bool)
    if (rows["base"] == "end_use").any():
        columns |= {f"use_{end}_{i}": rows[f"use_{end}"] for end in ("low", "high")}
    if i == 0:
        columns |= {"specific_usd": rows["specific_usd"], "specific_unit": rows["specific_unit"]}
    return pd.DataFrame(columns)


def _kept(rows: pd.DataFrame, i: int) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({f"kept_low_{i}": 1 - rows["high"], f"kept_high_{i}": 1 - rows["low"]})
