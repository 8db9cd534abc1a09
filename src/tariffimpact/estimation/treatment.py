"""Who is treated, from when, and at what rate: read off the panel or the program's own schedule.

What is missing to tell it is refused, all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from tariffimpact import units
from tariffimpact.arguments import Array
from tariffimpact.codes import check_hts, country_name, hts_label
from tariffimpact.errors import DataError, Fault, ModelError
from tariffimpact.estimation.panel import PAIRED, Panel, Rows
from tariffimpact.estimation.regression import Bools, Ints
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["group", "switch", "tariff", "duty"]
Control = Literal["untreated", "synthetic", "none"]
OTHERS: Final = "others"
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What each unit does, whoever is treated: one entry a unit."""

    first: Ints
    last: Ints
    count: Ints
    first_price: Array
    last_price: Array
    changed: Bools
    """Whether its price ever changed."""
    resized: Bools
    low: Array
    high: Array
    """Least and largest treatment."""
    onset: Ints
    """First period with another treatment than in its first; the number of periods if none."""
    still: Ints
    """Last period before the onset in which it is seen."""
    returns: Bools
    """Whether a treatment of 1 falls back to 0."""
    cluster: Ints


@dataclass(frozen=True, slots=True)
class Treatment:
    """The units that are treated, and the first period in which each is."""

    kind: Kind
    treated: Bools
    start: Ints
    """First treated period of each unit; the number of periods where it never is."""
    name: str
    """The treated group in words."""
    periods: int
    alone: bool = False
    """Whether the untreated are left out, because nobody wants them as controls."""

    @property
    def first(self) -> int:
        """The first period in which any unit is treated."""
        return int(self.start[self.treated].min())

    @property
    def is_staggered(self) -> bool:
        """Whether units are treated from different periods on."""
        return self.kind == "switch" and len(np.unique(self.start[self.treated])) > 1

    @property
    def mark(self) -> Ints:
        """The period from which each unit's change is counted: the first one for the untreated."""
        return np.where(self.treated, self.start, self.first)

    def signature(self, facts: UnitFacts) -> Ints:
        """Return a number that is the same for units treated alike: from when, and how much."""
        both = np.column_stack([self.start, facts.low.round(12), facts.high.round(12)])
        found = np.unique(both, axis=0, return_inverse=True)[1]
        return np.asarray(found, dtype=np.int64).ravel()

    def on(self, rows: Rows) -> Array:
        """Return the regressor of rows: 0 or 1, ln(1 + tariff), or the duty."""
        if self.kind == "tariff":
            return np.asarray(np.log1p(rows.treatment))
        if self.kind in ("duty", "switch"):
            return rows.treatment
        return (self.treated[rows.unit] & (rows.time >= self.start[rows.unit])).astype(np.float64)


def unit_facts(panel: Panel, blocks: Callable[[], Iterator[Rows]]) -> UnitFacts:
    """Return what each unit does, from one pass over the panel."""
    parts = [_facts_of(rows, len(panel.times)) for rows in blocks()]
    return UnitFacts(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _facts_of(rows: Rows, periods: int) -> tuple[NDArray[np.generic], ...]:
    starts = np.flatnonzero(np.r_[True, np.diff(rows.unit) > 0])
    ends = np.r_[starts[1:], len(rows.unit)] - 1
    local = np.repeat(np.arange(len(starts)), ends - starts + 1)
    follows = np.r_[False, np.diff(rows.unit) == 0]

    def ever(condition: Bools) -> Bools:
        return np.asarray(np.logical_or.reduceat(condition & follows, starts))

    moved = np.r_[False, np.abs(np.diff(rows.price)) > 1e-9 * np.abs(rows.price[1:])]
    sized = np.zeros(len(local), dtype=np.bool_)
    if rows.size is not None:
        sized = np.r_[False, np.abs(np.diff(rows.size)) > 1e-9 * rows.size[1:]]
    other = np.abs(rows.treatment - rows.treatment[starts][local]) > 1e-12
    onset = np.minimum.reduceat(np.where(other, rows.time, periods), starts)
    place = np.minimum.reduceat(np.where(other, np.arange(len(other)), len(other)), starts)
    still = rows.time[np.where(place < len(other), place - 1, ends)]
    falls = np.r_[False, np.diff(rows.treatment) < 0]
    return (
        rows.time[starts],
        rows.time[ends],
        ends - starts + 1,
        rows.price[starts],
        rows.price[ends],
        ever(moved),
        ever(sized),
        np.minimum.reduceat(rows.treatment, starts),
        np.maximum.reduceat(rows.treatment, starts),
        onset,
        still,
        ever(falls),
        rows.cluster[starts],
    )


def treatment_of(panel: Panel, facts: UnitFacts, since: str | None, control: Control) -> Treatment:
    """Return who is treated and from when.

    Parameters
    ----------
    panel
        The panel, whose columns say how treatment is written.
    facts
        What each unit does.
    since
        First treated day, month, year or number; None where the treatment column turns on.
    control
        Whether the untreated serve as controls.

    Raises
    ------
    DataError
        With all that is missing: a second period, a day on which treatment turns on, treated and
        untreated units, a tariff that changes, clusters.
    """
    faults = _few(panel, facts)
    columns = panel.columns
    if columns.tariff or columns.duty or columns.hts:
        column = columns.tariff or columns.duty or columns.hts or ""
        kind: Kind = "duty" if columns.duty else "tariff"
        moves = facts.onset < len(panel.times)
        if not moves.any() and len(panel.times) > 1:
            what = "never changes within a unit, so nothing can be passed through"
            remedy = "give the rate in force on each day, before and after the change"
            faults.append(Fault(panel.source.name, what, remedy, column))
        if faults:
            raise DataError(faults)
        name = f"goods whose {kind} changed"
        return Treatment(kind, moves, facts.onset, name, len(panel.times))
    found, more = _of_groups(panel, facts, since, control)
    if faults + more or found is None:
        raise DataError(faults + more)
    return found


def _few(panel: Panel, facts: UnitFacts) -> list[Fault]:
    """Return a fault for a panel of one period, and for one cluster."""
    name, faults = panel.source.name, []
    if len(panel.times) < 2:
        what = f"holds one period, {panel.times.labels[0]}"
        faults.append(Fault(name, what, "give prices before and after", panel.columns.time))
    if len(panel.clusters) < 2:
        column = panel.columns.cluster or panel.columns.unit
        remedy = "cluster by a finer column, with --cluster, or give more units"
        faults.append(Fault(name, "is one cluster, and an error needs several", remedy, column))
    return faults


def _of_groups(
    panel: Panel, facts: UnitFacts, since: str | None, control: Control
) -> tuple[Treatment | None, list[Fault]]:
    columns, periods = panel.columns, len(panel.times)
    column = columns.treated or ""
    name = columns.treated_value or column
    where, faults = panel.source.name, []
    treated = facts.high > 0
    switches = (facts.low < 1) & treated
    if not treated.any():
        what = f"treats nobody: no row has {column} = {columns.treated_value or 1}"
        faults.append(Fault(where, what, "check the column and the value of --treated", column))
        return None, faults
    if treated.all() and control != "none" and (since is not None or not _staggers(facts, periods)):
        what = "treats every unit, so there is no control"
        remedy = "add untreated units, or say --control none for a plain before and after"
        faults.append(Fault(where, what, remedy, column))
    start = np.full(len(treated), periods)
    kind: Kind = "group"
    if since is not None:
        place, said = _placed(panel, since)
        faults += said
        start[treated] = place
    elif switches.any():
        kind = "switch"
        start[treated] = _starts(facts, periods)[treated]
    else:
        what = "never turns on: it is the same in every period of a unit"
        remedy = "say from when, with --from 2025-04-02"
        faults.append(Fault(where, what, remedy, column))
    if faults:
        return None, faults
    return Treatment(kind, treated, start, name, periods, alone=control == "none"), []


def _starts(facts: UnitFacts, periods: int) -> Ints:
    """Return the first treated period of each treated unit.

    A unit that is not seen just then turns on when it is seen again. Where one date fits all that
    turn on, it is that date.
    """
    switches = facts.onset < periods
    onset = np.where(switches, facts.onset, facts.first)
    if switches.any() and facts.still[switches].max() < facts.onset[switches].min():
        onset[switches] = facts.onset[switches].min()
    return onset


def _staggers(facts: UnitFacts, periods: int) -> bool:
    """Whether treatment turns on at more than one moment, so that the later are controls."""
    starts = _starts(facts, periods)
    return len(np.unique(starts[facts.onset < periods])) > 1


def _placed(panel: Panel, since: str) -> tuple[int, list[Fault]]:
    """Return the first treated period, with a fault where nothing lies before it or after."""
    times = panel.times
    spans = f"the panel holds {times.labels[0]} to {times.labels[-1]}"
    try:
        place = times.place(since)
    except ModelError as error:
        what, _, remedy = str(error).rpartition("; ")
        return 0, [Fault("--from", what, remedy)]
    if place >= len(times):
        return place, [Fault("--from", f"{since} is after the last period", f"{spans}")]
    if place == 0:
        return place, [Fault("--from", f"{since} leaves no period before it", f"{spans}")]
    return place, []


class RateHistory(Protocol):
    """What is asked of a schedule."""

    def history(self, product: str, origin: str, start: date, end: date) -> pd.DataFrame:
        """Return the rate by spell: `starts_on`, `ends_on`, `low`, `high`."""
        ...


def with_schedule(panel: Panel, schedule: RateHistory) -> Panel:
    """Return a panel whose treatment is the rate that the schedule has for each row.

    Where the schedule leaves a rate open (a claim, a metal share, an end use), both its ends are
    kept. A period's rate is the mean over its days. Goods on a shelf may have been imported
    earlier, at another rate: lags tell that, the join does not.

    Parameters
    ----------
    panel
        A panel read with columns for the HTS code and the country of origin.
    schedule
        Gives the dated rates.

    Raises
    ------
    DataError
        With every code and origin that the schedule does not know, or of which it cannot bound the
        rate.
    """
    from tariffimpact.facts.partners import read_country  # loads the facts, which others spare

    spans = period_spans(panel)
    pairs = panel.source.connection.execute("SELECT key FROM pairs ORDER BY code").fetchall()
    rates = np.full((2, len(pairs), len(panel.times)), np.nan)
    faults, left_open = [], []
    for place, (key,) in enumerate(pairs):
        hts, _, origin = str(key).partition(PAIRED)
        try:
            hts, origin = check_hts(hts), read_country(origin)
            spells = schedule.history(hts, origin, spans[0][0], spans[-1][1])
        except (ModelError, ValueError) as error:
            faults.append(_fault(panel, str(error), str(key)))
            continue
        if not np.isfinite(spells["high"]).all():
            what = "has a rate without an upper end; settle it with --claim, or leave it out"
            faults.append(_fault(panel, what, str(key)))
            continue
        open_spells = spells[spells["high"] - spells["low"] > 1e-12]
        if len(open_spells):
            left_open.append(_open_words(hts, origin, open_spells.iloc[0]))
        for end, name in enumerate(("low", "high")):
            rates[end, place] = _by_period(spells, name, spans)
    if faults:
        rest = [Fault(panel.source.name, f"and {len(faults) - _SHOWN:,} more", "as above")]
        raise DataError(faults[:_SHOWN] + (rest if len(faults) > _SHOWN else []))
    return replace(
        panel,
        scenario=rates[0],
        scenario_high=rates[1] if left_open else None,
        left_open=tuple(left_open),
    )


def _open_words(hts: str, origin: str, spell: pd.Series[Any]) -> str:
    """Return a code and origin with the first rate that is a range."""
    rate = units.percent(Interval(float(spell["low"]), float(spell["high"])))
    return f"{hts_label(hts)} from {country_name(origin)}, {rate} from {spell['starts_on']}"


def _fault(panel: Panel, said: str, key: str) -> Fault:
    what, _, remedy = said.rpartition("; ")
    return Fault(
        panel.source.name, what or said, remedy or "check it", panel.columns.hts or "", key
    )


def period_spans(panel: Panel) -> list[tuple[date, date]]:
    """Return the first day of each period and the first after it; a day stands for itself.

    Raises
    ------
    ModelError
        If the periods are numbers, which stand on no calendar.
    """
    months = {"day": 0, "month": 1, "quarter": 3, "year": 12, "number": 0}[panel.times.kind]
    spans = []
    for n in range(len(panel.times)):
        first = panel.times.day(n)
        later = first.month - 1 + months
        after = date(first.year + later // 12, later % 12 + 1, 1)
        spans.append((first, after if months else first + timedelta(days=1)))
    return spans


def _by_period(spells: pd.DataFrame, end: str, spans: list[tuple[date, date]]) -> Array:
    """Return the mean rate over the days of each period, at one end of its range."""
    starts = [_number(day) for day in spells["starts_on"]]
    rates = spells[end].to_numpy(dtype=np.float64)
    first, last = (np.array([_number(span[n]) for span in spans]) for n in (0, 1))
    total = np.zeros(len(spans))
    for start, stop, rate in zip(starts, [*starts[1:], last[-1]], rates, strict=True):
        total += rate * np.clip(np.minimum(last, stop) - np.maximum(first, start), 0, None)
    return np.asarray(total / (last - first))


def _number(day: Any) -> int:
    return int(date(day.year, day.month, day.day).toordinal())
