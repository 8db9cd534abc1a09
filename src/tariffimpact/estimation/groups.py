"""What each group did, before any coefficient: its own change, and how much of it moved at all.

The matched-model price index of a group compares prices only with their own before:

- Jevons: the mean of ln(p_t / p_{t−1}) over units seen in both periods, chained.
- Törnqvist, with weights: the mean of the two periods' weighted means of the same.
- Drift: what the chain says at the end, against the direct comparison of the units of the first
  period; entry and exit alone move a chain away from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from tariffimpact.arguments import Array
from tariffimpact.estimation.panel import Panel, Rows
from tariffimpact.estimation.regression import Ints
from tariffimpact.estimation.treatment import OTHERS, Treatment, UnitFacts
from tariffimpact.units import percent, ratio

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Group:
    """What the units of a group did, each against its own price."""

    name: str
    units: int
    change: float
    """Mean change of price from each unit's first to the last period, a fraction of its first
    price; where prices may be below 0, the mean difference."""
    change_after: float
    """The same from the last period before treatment to the last; NaN if none is seen in both."""
    share_changed: float
    """Share of the units whose price ever changed."""
    periods_before: int
    """Periods before treatment in which the group is seen."""
    gaps: float
    """Share of the periods between first and last sight in which a unit is missing."""
    entered: int
    """Units first seen after the group's first period."""
    left: int
    """Units not seen in its last period."""
    resized: int
    """Units whose size changed."""
    index_change: float
    """Change of the chained matched-model index, a fraction; NaN for prices below 0."""
    index_drift: float
    """The chained index over the direct one, less 1."""
    signed: bool = False

    def worded(self, change: float) -> str:
        """Return a change in words, with its sign."""
        if change != change:
            return "unknown"
        words = ratio(change, 4) if self.signed else percent(change, 2)
        return f"+{words}" if change > 0 else words


@dataclass(frozen=True, slots=True)
class Description:
    """The groups of a panel, their indices, and each unit's own move."""

    groups: tuple[Group, ...]
    indices: tuple[PriceIndex, ...]
    """Chained and direct; none where prices may be below 0."""
    before: Array
    """Mean of each unit's outcome before treatment; NaN where it has none."""
    after: Array


def describe(
    panel: Panel,
    blocks: Callable[[], Iterator[Rows]],
    facts: UnitFacts,
    treatment: Treatment,
    *,
    signed: bool,
) -> Description:
    """Return what each group did.

    Parameters
    ----------
    panel, blocks
        The panel and its rows.
    facts
        What each unit does.
    treatment
        Who is treated, and from when.
    signed
        Whether prices may be 0 or below; changes are then differences.
    """
    label = _labels(treatment)
    names = [treatment.name, OTHERS][: int(label.max()) + 1]
    sums = IndexSums(len(names), len(panel.times))
    base = np.array([facts.first[label == n].min() for n in range(len(names))])
    mark = treatment.mark
    last_before = np.full(len(panel.units), np.nan)
    means = np.zeros((4, len(panel.units)))
    for rows in blocks():
        if not signed:
            sums.add(rows, label[rows.unit], base)
        early = rows.time < mark[rows.unit]
        last_before[rows.unit[early]] = rows.price[early]  # ordered: the last one stays
        value = rows.price if signed else np.log(rows.price)
        for place, chosen in ((0, early), (2, ~early)):
            unit = rows.unit[chosen]
            means[place] += np.bincount(unit, weights=value[chosen], minlength=len(panel.units))
            means[place + 1] += np.bincount(unit, minlength=len(panel.units))
    indices = [] if signed else [sums.of(n, name, int(base[n])) for n, name in enumerate(names)]
    found = tuple(
        _group(n, name, label, facts, treatment, last_before, indices[n] if indices else None)
        for n, name in enumerate(names)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        return Description(found, tuple(indices), means[0] / means[1], means[2] / means[3])


def _labels(treatment: Treatment) -> Ints:
    """Return the group of each unit: 0 treated, 1 not; below 0 where it is left out."""
    rest = -1 if treatment.alone else 1
    return np.where(treatment.treated, 0, rest).astype(np.int64)


def _group(
    number: int,
    name: str,
    label: Ints,
    facts: UnitFacts,
    treatment: Treatment,
    last_before: Array,
    index: PriceIndex | None,
) -> Group:
    own = label == number
    end = facts.last[own].max()
    at_end = own & (facts.last == end)
    signed = index is None
    change = _mean_change(facts.first_price[at_end], facts.last_price[at_end], signed=signed)
    after = _mean_change(last_before[at_end], facts.last_price[at_end], signed=signed)
    span = facts.last[own] - facts.first[own] + 1
    first = int(facts.first[own].min())
    return Group(
        name=name,
        units=int(own.sum()),
        change=change,
        change_after=after,
        share_changed=float(facts.changed[own].mean()),
        periods_before=max(int(treatment.mark[own].min()) - first, 0),
        gaps=float(1 - facts.count[own].sum() / span.sum()),
        entered=int((facts.first[own] > first).sum()),
        left=int((facts.last[own] < end).sum()),
        resized=int(facts.resized[own].sum()),
        index_change=nan if index is None else index.change,
        index_drift=nan if index is None else index.drift,
        signed=signed,
    )


def _mean_change(old: Array, new: Array, *, signed: bool) -> float:
    known = ~np.isnan(old)
    if not known.any():
        return nan
    moves = new[known] - old[known]
    return float((moves if signed else moves / old[known]).mean())


def first_line(groups: tuple[Group, ...]) -> str:
    """Return what each group did, in a sentence: the first of every answer.

    A difference that comes from the controls is said before anything else.
    """
    told = "; ".join(_moved(group) for group in groups)
    if from_controls(groups):
        return f"The difference comes from the controls: {told}."
    return f"Since each unit's first price: {told}."


def _moved(group: Group) -> str:
    """Return a group's own change, also since just before the event where that is another."""
    moved = group.worded(group.change)
    after = group.worded(group.change_after)
    if after not in ("unknown", moved):
        moved = f"{moved}, and {after} since just before the event"
    units = f"{group.units:,} {'unit' if group.units == 1 else 'units'}"
    return f"{group.name} {moved} ({units}, {percent(group.share_changed, 0)} ever changed price)"


def from_controls(groups: tuple[Group, ...]) -> bool:
    """Whether it is the untreated that moved: the treated did less than a quarter of the gap."""
    if len(groups) < 2:
        return False
    own, other = (g.change if np.isnan(g.change_after) else g.change_after for g in groups[:2])
    gap = own - other
    return bool(abs(gap) > 1e-4 and abs(own) <= 0.25 * abs(gap))


@dataclass(frozen=True, slots=True)
class PriceIndex:
    """Index numbers of one group, 1 in its first period."""

    group: str
    chained: Array
    """NaN after a period with which no unit connects."""
    direct: Array
    """Of the units seen in the first period; NaN where none is left."""
    matched: Ints
    """Units seen in a period and in the one before."""
    weighted: bool

    @property
    def change(self) -> float:
        """Change of the chained index over the whole panel, a fraction."""
        return float(self.chained[-1]) - 1

    def since(self, place: int) -> Array:
        """Return the change of the chained index since a period, the first at the earliest."""
        return np.asarray(self.chained / self.chained[max(place, 0)] - 1)

    @property
    def drift(self) -> float:
        """The chained index over the direct one at the end, less 1."""
        return float(self.chained[-1] / self.direct[-1]) - 1


class IndexSums:
    """Adds up blocks of rows to the index of each group."""

    def __init__(self, groups: int, periods: int) -> None:
        """Begin with nothing; groups and periods are numbered from 0."""
        self._shape = (groups, periods)
        self._links = {name: np.zeros(self._shape) for name in ("sum", "n", "a", "b", "c", "d")}
        self._direct = {name: np.zeros(self._shape) for name in ("sum", "n")}
        self._weighted = False

    def add(self, rows: Rows, group: Ints, base: Ints) -> None:
        """Add rows of whole units, ordered by unit and period.

        Parameters
        ----------
        rows
            The rows; prices above 0.
        group
            The group of each row; below 0 for none.
        base
            The first period of each group.
        """
        log = np.log(rows.price)
        follows = np.r_[False, (np.diff(rows.unit) == 0) & (np.diff(rows.time) == 1)]
        here = np.flatnonzero(follows & (group >= 0))
        step = log[here] - log[here - 1]
        cells = group[here] * self._shape[1] + rows.time[here]
        self._put(self._links, cells, {"sum": step, "n": np.ones(len(here))})
        if rows.weight is not None:
            self._weighted = True
            old, new = rows.weight[here - 1], rows.weight[here]
            self._put(self._links, cells, {"a": old * step, "b": old, "c": new * step, "d": new})
        starts = np.flatnonzero(np.r_[True, np.diff(rows.unit) > 0])
        local = np.cumsum(np.r_[1, np.diff(rows.unit) > 0]) - 1
        there = (group >= 0) & (rows.time[starts][local] == base[np.maximum(group, 0)])
        ratio = (log - log[starts][local])[there]
        cells = group[there] * self._shape[1] + rows.time[there]
        self._put(self._direct, cells, {"sum": ratio, "n": np.ones(len(ratio))})

    def _put(self, sums: dict[str, Array], cells: Ints, values: dict[str, Array]) -> None:
        size = self._shape[0] * self._shape[1]
        for name, value in values.items():
            sums[name] += np.bincount(cells, weights=value, minlength=size).reshape(self._shape)

    def of(self, group: int, name: str, base: int) -> PriceIndex:
        """Return the index of a group from its first period on."""
        links = {key: sums[group] for key, sums in self._links.items()}
        with np.errstate(invalid="ignore", divide="ignore"):
            if self._weighted:
                step = (links["a"] / links["b"] + links["c"] / links["d"]) / 2
            else:
                step = links["sum"] / links["n"]
            direct = np.exp(self._direct["sum"][group] / self._direct["n"][group])
        step[: base + 1] = 0.0
        chained = np.exp(np.cumsum(step))
        chained[:base] = direct[:base] = np.nan
        return PriceIndex(name, chained, direct, links["n"].astype(np.int64), self._weighted)


def index_frame(indices: tuple[PriceIndex, ...], labels: tuple[str, ...]) -> pd.DataFrame:
    """Return one row per group and period: `group`, `time`, `chained`, `direct`, `matched`."""
    import pandas as pd

    columns = ("chained", "direct", "matched")
    parts = [
        pd.DataFrame(
            {"group": one.group, "time": labels, **{name: getattr(one, name) for name in columns}}
        )
        for one in indices
    ]
    return pd.concat(parts, ignore_index=True)
