"""Who is treated, from when: read off the panel, or refused with what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from tariffimpact.arguments import Array
from tariffimpact.errors import DataError, Fault, ModelError
from tariffimpact.estimation.panel import Panel, Rows
from tariffimpact.estimation.regression import Bools, Ints

Kind = Literal["group", "switch", "tariff", "duty"]
Control = Literal["untreated", "synthetic", "none"]
OTHERS: Final = "others"


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
