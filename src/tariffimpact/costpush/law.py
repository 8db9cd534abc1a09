"""The change of duty that the law made between two days, on the imports of a year.

Each product from each partner is charged on both days by the schedule of every product, and
weighted by what was imported of it: by commodity, by origin, by authority.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from tariffimpact import units
from tariffimpact.arguments import Array
from tariffimpact.codes import EUROPEAN_UNION, UNION_MEMBER
from tariffimpact.costpush.accounts import Accounts, read_parquet
from tariffimpact.costpush.rate_change import Coverage, RateChange, require_coverage
from tariffimpact.errors import DataError, Fault, require
from tariffimpact.tariffs import CompiledSchedule
from tariffimpact.tariffs.engines import engine
from tariffimpact.tariffs.layers import schedule_layers

_ENDS: Final = ("low", "high")
_NEAR: Final = 1e-12
_THOUSAND: Final = 1000.0


@dataclass(frozen=True)
class ChargedImports:
    """Imports by product and partner with the change of the duty on each."""

    frame: pd.DataFrame
    """`hts`, `partner`, `commodity` (missing where the code has none), `value` (US dollars),
    `known` (whether the schedule has a bounded rate on both days), `low`, `high` (the change of
    the rate), `duty` (on the later day at the middle of its range, fraction)."""
    parts: Mapping[str, tuple[Array, Array]]
    """Of each authority, the ends of the change of its part, one a row of `frame`."""
    total: float
    """All imports of the year, US dollars, those too small to be listed with them."""

    @property
    def owed(self) -> pd.Series[float]:
        """Duty on the later day, US dollars, one a row of `frame`."""
        return (self.frame["value"] * self.frame["duty"]).fillna(0.0)


def charge_imports(
    accounts: Accounts,
    compiled: CompiledSchedule,
    *,
    on: date,
    before: date,
    claims: Mapping[str, float] | None = None,
) -> ChargedImports:
    """Charge the year's imports on two days: the one place where trade meets the schedule.

    What the schedule leaves open about a product (a claim, a metal share, an end use) is the same
    on both days: the change is taken between the two low ends and between the two high ends, and
    lies between them.

    Parameters
    ----------
    accounts
        The accounts; `weights.parquet` and `goods.parquet` of their folder are read.
    compiled
        The schedule of every product.
    on, before
        The later and the earlier day.
    claims
        Share of the duty a claim frees, 0 to 1, by claim; one not named is unknown.
    """
    lines, total = imported_lines(accounts.folder)
    with engine(schedule_layers(compiled, claims=claims)) as running:
        asked = [
            lines[["hts", "origin"]].assign(
                entered_on=pd.Timestamp(day), metal_low=0.0, metal_high=1.0
            )
            for day in (on, before)
        ]
        charged = running.charge_frame(pd.concat(asked, ignore_index=True))
        authorities = running.authorities
    days = charged.iloc[: len(lines)], charged.iloc[len(lines) :].reset_index(drop=True)
    now, then = days
    bounded = [day["known"] & np.isfinite(day["rate_high"]) for day in days]
    parts = {name: _between(now, then, f"part_{i}") for i, name in enumerate(authorities)}
    low, high = _between(now, then, "rate")
    middle = (now["rate_low"] + now["rate_high"]) / 2
    frame = lines.drop(columns="origin").assign(
        known=bounded[0] & bounded[1],
        low=low,
        high=high,
        duty=middle.where(bounded[0], 0.0),
    )
    moved = {name: ends for name, ends in parts.items() if max(map(_largest, ends)) > _NEAR}
    return ChargedImports(frame, moved, total)


def law_change(
    accounts: Accounts,
    compiled: CompiledSchedule,
    *,
    on: date,
    before: date,
    claims: Mapping[str, float] | None = None,
) -> RateChange:
    """Return the change of the law between two days, weighted by the imports of a year.

    .. math:: Δ τ_i = (∑_(j ∈ i) v_j (τ_j^1 − τ_j^0)) / (∑_(j ∈ i) v_j)

    over the products and partners j of commodity i.

    Parameters
    ----------
    accounts, compiled, on, before, claims
        As in `charge_imports`.

    Returns
    -------
    RateChange
        By origin and authority too; a range where a claim, a metal share or an end use decides.

    Raises
    ------
    DataError
        If the accounts have no weights.
    ModelError
        If `before` is not before `on`, a claim is unknown, or less than 95% of the duty reaches
        a commodity.
    """
    require(before < on, f"--before comes before --on (got {before} and {on})")
    _require_known(compiled, before, on)
    charged = charge_imports(accounts, compiled, on=on, before=before, claims=claims)
    frame = charged.frame
    used = frame["commodity"].notna() & frame["known"]
    coverage = _coverage(charged, used)
    require_coverage(coverage)
    values = frame["value"].where(used, 0.0)
    sums = values.groupby(frame["commodity"]).sum()
    weight = values / frame["commodity"].map(sums).where(lambda total: total > 0)
    ends = [_by_commodity(accounts, frame["commodity"], weight * frame[end]) for end in _ENDS]
    label = f"{units.day(on)} over {units.day(before)}"
    return RateChange(
        low=ends[0],
        high=ends[1],
        coverage=coverage,
        label=label,
        how=f"Rates of the law, {label}, on the imports of 2024 by product and partner; what the "
        f"schedule leaves open is the same on both days.{_beyond(compiled, on)}",
        credit=f"{accounts.credit}; {compiled.credit()}",
        left_out=_left_out(charged, used),
        parts=_parts(charged, used, weight),
    )


def _beyond(compiled: CompiledSchedule, on: date) -> str:
    """Say of a day after the schedule's sources end that what came later is not in it."""
    known = compiled.manifest.get("sources_end_on")
    if not known or on <= date.fromisoformat(known):
        return ""
    end = units.day(date.fromisoformat(known))
    return f" The schedule's sources reach to {end}: of what came after it says nothing."


def _require_known(compiled: CompiledSchedule, *days: date) -> None:
    """Refuse a day on which the schedule has no law, before anything is charged."""
    first, after = (date.fromisoformat(compiled.manifest[n]) for n in ("starts_on", "ends_on"))
    for day in days:
        require(
            first <= day < after,
            f"the schedule holds no duties on {units.day(day)}; it begins on {units.day(first)} "
            f"and ends before {units.day(after)}; name a day within it, or another --schedule",
        )


def imported_lines(folder: Path) -> tuple[pd.DataFrame, float]:
    """Return the year's imports by product and partner with their commodity, and their total."""
    import pyarrow.parquet as pq

    path = folder / "weights.parquet"
    if not path.exists():
        remedy = "build the folder with --imports, which names the imports by product and partner"
        raise DataError([Fault(str(path), "is not there", remedy)])
    kinds = {"hts": "string", "partner": "string", "thousand_usd": "float64"}
    frame = read_parquet(path, kinds)
    goods = read_parquet(folder / "goods.parquet", {"hts": "string", "commodity": "string"})
    told = (pq.read_metadata(path).metadata or {}).get(b"total_usd", b"")
    value = frame["thousand_usd"] * _THOUSAND
    total = float(told) if told.isdigit() else float(value.sum())
    lines = frame.assign(
        value=value,
        origin=frame["partner"].replace(EUROPEAN_UNION, UNION_MEMBER),
        commodity=frame["hts"].map(goods.set_index("hts")["commodity"]),
    )
    return lines.drop(columns="thousand_usd"), total


def _between(now: pd.DataFrame, then: pd.DataFrame, column: str) -> tuple[Array, Array]:
    """Return the least and the most of the change, the same end on both days."""
    with np.errstate(invalid="ignore"):  # an unbounded rate on both days is left out later
        changes = [
            (now[f"{column}_{end}"] - then[f"{column}_{end}"]).to_numpy(np.float64) for end in _ENDS
        ]
    return np.fmin(*changes), np.fmax(*changes)


def _largest(values: Array) -> float:
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def _coverage(charged: ChargedImports, used: pd.Series) -> Coverage:
    owed = float(charged.owed.sum())
    return Coverage(
        imports=float(charged.frame.loc[used, "value"].sum()) / charged.total,
        duty=float(charged.owed[used].sum()) / owed if owed else 1.0,
        what="2024",
    )


def _by_commodity(accounts: Accounts, commodity: pd.Series, values: pd.Series) -> Array:
    sums = values.groupby(commodity).sum().reindex(list(accounts.codes), fill_value=0.0)
    return sums.to_numpy(np.float64)


def _left_out(charged: ChargedImports, used: pd.Series) -> pd.DataFrame:
    """Return the chapters whose imports reach no commodity, or have no bounded rate."""
    frame = charged.frame[~used]
    duty = charged.owed
    reasons = {True: "no commodity of the accounts", False: "no bounded rate in the schedule"}
    rows = pd.DataFrame(
        {
            "code": "HTS " + frame["hts"].str[:2],
            "reason": frame["commodity"].isna().map(reasons),
            "imports": frame["value"] / charged.total,
            "duty": duty[~used] / (float(duty.sum()) or 1.0),
        }
    )
    sums = rows.groupby(["code", "reason"], as_index=False)[["imports", "duty"]].sum()
    listed = sums.sort_values("imports", ascending=False, ignore_index=True)
    return listed[["code", "imports", "duty", "reason"]]


def _parts(charged: ChargedImports, used: pd.Series, weight: pd.Series) -> pd.DataFrame:
    """Return the change by commodity, origin and authority, as parts that add up."""
    keys = charged.frame.loc[used, ["commodity", "partner"]].rename(columns={"partner": "origin"})
    weights = weight[used].to_numpy()
    found = []
    for authority, (low, high) in charged.parts.items():
        part = keys.assign(low=weights * low[used], high=weights * high[used])
        sums = part.groupby(["commodity", "origin"], as_index=False)[["low", "high"]].sum()
        moved = sums[(sums["low"].abs() > _NEAR) | (sums["high"].abs() > _NEAR)]
        found.append(moved.assign(authority=authority))
    columns = ["commodity", "origin", "authority", "low", "high"]
    return pd.concat(found)[columns] if found else pd.DataFrame(columns=columns)
