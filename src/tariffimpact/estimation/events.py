"""Each cohort's own path of prices, and how it leaves that of the untreated around the event.

Units treated from the same period on are a cohort. A cohort's path is its period effects beside
its unit effects, from its own rows alone; what the treatment did `e` periods after the event is

.. math:: δ_(g,e) = (γ_(g, s+e) − γ_(g, s−1)) − (γ_(0, s+e) − γ_(0, s−1))

with `s` the cohort's first treated period and 0 the untreated. No treated unit ever serves as a
control, so staggered dates do no harm; averaged over cohorts by their observed units this is the
interaction-weighted estimator of Sun and Abraham (2021). Where all are treated sooner or later,
the last cohort serves as the control, up to the period in which it is treated itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tariffimpact.errors import ModelError
from tariffimpact.estimation.regression import (
    Block,
    Blocks,
    Effects,
    Moments,
    accumulate,
    part_of,
    pseudo_inverse,
    residuals,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEADS: Final = 24
LAGS: Final = 48
_CLUSTERS_A_LEAD: Final = 8


@dataclass(frozen=True, slots=True)
class EventStudy:
    """Effects around the event, with their joint covariance."""

    relative: Ints
    """Periods since the first treated one; −1 is the base and not among them."""
    effects: Floats
    covariance: Floats
    average: float
    """Mean effect over all treated unit-periods."""
    average_error: float
    clusters: int
    n: int
    cohorts: int
    treated: Ints
    """Rows behind each effect."""

    @property
    def errors(self) -> Floats:
        """Clustered standard errors."""
        found: Floats = np.sqrt(np.diag(self.covariance))
        return found

    @property
    def leads(self) -> NDArray[np.bool_]:
        """Which effects lie before the event."""
        return self.relative < 0

    def pre_trend(self) -> tuple[float, int] | None:
        """Return the p-value that all leads are zero, and how many they are; None without any.

        Hotelling's test: with q leads and G clusters, the Wald statistic times (G − q)/(q (G − 1))
        against F with q and G − q. No more leads are tested than one for every eight clusters,
        spread evenly; with more a test by clusters rejects what is true far too often.
        """
        from scipy import special

        places = np.flatnonzero(self.leads)
        tested = min(len(places), max(self.clusters // _CLUSTERS_A_LEAD, 1))
        if not tested or self.clusters < 3:
            return None
        places = places[np.linspace(0, len(places) - 1, tested).round().astype(int)]
        square = self.covariance[np.ix_(places, places)]
        effect = self.effects[places]
        wald = float(effect @ pseudo_inverse(square) @ effect)
        rest = self.clusters - tested
        scaled = wald * rest / (tested * (self.clusters - 1))
        return float(special.fdtrc(tested, rest, scaled)), tested


@dataclass(frozen=True, slots=True)
class Cohort:
    """Units that are treated from one period on, or serve as controls."""

    start: int
    units: NDArray[np.bool_]


def event_study(
    blocks: Blocks,
    start: Ints,
    effects: Effects,
    *,
    leads: int = LEADS,
    lags: int = LAGS,
) -> EventStudy:
    """Return the effects around the event, robust to staggered dates.

    Parameters
    ----------
    blocks
        Rows of whole units; regressors are not read.
    start
        First treated period of each unit; the number of periods where it never is.
    effects
        How many periods and clusters there are.
    leads, lags
        How many periods before and after are told, at most.

    Raises
    ------
    ModelError
        If no unit is untreated, not even for a while, or no cohort is seen just before its event.

    References
    ----------
    Sun and Abraham (2021), *Journal of Econometrics* 225(2): 175-199.
    """
    cohorts, control, until = _cohorts(start, effects.periods)
    sums = {
        cohort.start: accumulate(_only(blocks, cohort, until), 0, effects)
        for cohort in (*cohorts, control)
    }
    kept = [c for c in cohorts if c.start >= 1 and _seen(sums, control, c, c.start - 1)]
    if not kept:
        raise ModelError(
            "no treated unit is seen in the period before its event together with an untreated "
            "one; give prices from before"
        )
    plan = _Plan.over(kept, control, sums, leads, lags, until)
    if not plan.has_effect:
        raise ModelError("no period after the event is seen in both groups")
    paths = {c.start: _path(sums[c.start]) for c in (*kept, control)}
    scores = _scores(blocks, effects, (*kept, control), until, sums, paths, plan)
    n = sum(sums[c.start].n for c in (*kept, control))
    counted = sum(int(sums[c.start].seen.sum()) - 1 for c in kept)
    counted += int(sums[control.start].seen.sum())
    if not all(sums[c.start].nested for c in (*kept, control)):
        counted += sum(sums[c.start].units for c in (*kept, control)) - 1
    groups = int(scores.present.sum())
    factor = groups / (groups - 1) * (n - 1) / max(n - counted, 1)
    covariance = factor * scores.sums.T @ scores.sums
    values = sum(
        (plan.contrasts[c.start].T @ paths[c.start][:, 0] for c in (*kept, control)),
        start=np.zeros(len(plan.relative) + 1),
    )
    return EventStudy(
        relative=plan.relative,
        effects=values[:-1],
        covariance=covariance[:-1, :-1],
        average=float(values[-1]),
        average_error=float(np.sqrt(covariance[-1, -1])),
        clusters=groups,
        n=n,
        cohorts=len(kept),
        treated=plan.rows,
    )


def _cohorts(start: Ints, periods: int) -> tuple[list[Cohort], Cohort, int]:
    """Return the treated cohorts, the one of the controls, and the first period not used."""
    dates = np.unique(start)
    if dates[-1] >= periods:
        control, until, rest = Cohort(periods, start >= periods), periods, dates[dates < periods]
    elif len(dates) > 1:
        last = int(dates[-1])
        control, until, rest = Cohort(last, start == last), last, dates[:-1]
    else:
        raise ModelError(
            "every unit is treated from the same period on, so there is no control; add untreated "
            "units"
        )
    return [Cohort(int(date), start == date) for date in rest], control, until


def _only(blocks: Blocks, cohort: Cohort, until: int) -> Blocks:
    """Return the rows of a cohort, without regressors."""

    def chosen() -> Iterator[Block]:
        for block in blocks():
            empty = replace(block, x=np.zeros((len(block.y), 0)))
            yield from part_of(empty, cohort.units[block.unit] & (block.time < until))

    return chosen


def _seen(sums: dict[int, Moments], control: Cohort, cohort: Cohort, at: int) -> bool:
    return bool(sums[cohort.start].seen[at] and sums[control.start].seen[at])


def _path(moments: Moments) -> Floats:
    """Return the period effects of a cohort, up to a constant."""
    found: Floats = pseudo_inverse(moments.square) @ moments.cross
    return found


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which period effects make which effect: a contrast by cohort, the average as the last."""

    relative: Ints
    contrasts: dict[int, Floats]
    rows: Ints
    has_effect: bool

    @classmethod
    def over(
        cls,
        cohorts: list[Cohort],
        control: Cohort,
        sums: dict[int, Moments],
        leads: int,
        lags: int,
        until: int,
    ) -> _Plan:
        cells: list[tuple[int, int, float]] = []  # start, period, rows
        for cohort in cohorts:
            counts = sums[cohort.start].rows_in
            for at in range(until):
                if at != cohort.start - 1 and _seen(sums, control, cohort, at):
                    cells.append((cohort.start, at, counts[at]))
        told = sorted({at - s for s, at, _ in cells if -leads <= at - s <= lags})
        columns = {e: n for n, e in enumerate(told)}
        periods, width = len(sums[control.start].seen), len(told) + 1
        contrasts = {c.start: np.zeros((periods, width)) for c in (*cohorts, control)}
        totals = np.zeros(width)
        for s, at, rows in cells:
            targets = [columns[at - s]] if at - s in columns else []
            targets += [width - 1] if at >= s else []
            for n in targets:
                totals[n] += rows
                for which, sign in ((s, 1.0), (control.start, -1.0)):
                    contrasts[which][at, n] += sign * rows
                    contrasts[which][s - 1, n] -= sign * rows
        scale = np.where(totals > 0, totals, 1.0)
        return cls(
            np.array(told, dtype=np.int64),
            {key: matrix / scale for key, matrix in contrasts.items()},
            np.round(totals[:-1]).astype(np.int64),
            bool(totals[-1] > 0),
        )


@dataclass(slots=True)
class _Scores:
    sums: Floats
    present: NDArray[np.bool_]


def _scores(
    blocks: Blocks,
    effects: Effects,
    cohorts: tuple[Cohort, ...],
    until: int,
    sums: dict[int, Moments],
    paths: dict[int, Floats],
    plan: _Plan,
) -> _Scores:
    """Return what each cluster adds to each effect."""
    width = len(plan.relative) + 1
    found = _Scores(np.zeros((effects.clusters, width)), np.zeros(effects.clusters, dtype=np.bool_))
    for cohort in cohorts:
        weights = pseudo_inverse(sums[cohort.start].square)
        weights = weights @ plan.contrasts[cohort.start]
        for block in _only(blocks, cohort, until)():
            _, error = residuals(block, effects, [], paths[cohort.start], np.zeros(0))
            for n in np.flatnonzero(np.abs(weights).max(axis=0) > 0):
                found.sums[:, n] += np.bincount(
                    block.cluster,
                    weights=error * weights[block.time, n],
                    minlength=effects.clusters,
                )
            found.present |= np.bincount(block.cluster, minlength=effects.clusters) > 0
    return found


def jackknifed_error(blocks: Blocks, start: Ints, effects: Effects, study: EventStudy) -> float:
    """Return the error of the average effect by leaving out each cluster in turn.

    .. math:: √((G − 1)/G Σ_g (δ_(−g) − δ)^2)

    With few clusters it is wide enough where the usual error is not. Where the average cannot be
    told without some cluster, the error is infinite.
    """
    squares = 0.0
    for cluster in range(effects.clusters):

        def without(cluster: int = cluster) -> Iterator[Block]:
            for block in blocks():
                yield from part_of(block, block.cluster != cluster)

        try:
            again = event_study(without, start, effects, leads=0, lags=0)
        except ModelError:
            return float("inf")
        squares += (again.average - study.average) ** 2
    return float(np.sqrt((study.clusters - 1) / study.clusters * squares))


def at_base(study: EventStudy) -> EventStudy:
    """Return the study with its base period as an effect of exactly zero, for drawing."""
    place = int(np.searchsorted(study.relative, -1))
    size = len(study.relative) + 1
    covariance = np.zeros((size, size))
    others = np.delete(np.arange(size), place)
    covariance[np.ix_(others, others)] = study.covariance
    return replace(
        study,
        relative=np.insert(study.relative, place, -1),
        effects=np.insert(study.effects, place, 0.0),
        covariance=covariance,
        treated=np.insert(study.treated, place, 0),
    )
