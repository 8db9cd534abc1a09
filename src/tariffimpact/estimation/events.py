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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from tariffimpact.arguments import Array
from tariffimpact.errors import ModelError
from tariffimpact.estimation.regression import (
    Block,
    Blocks,
    Bools,
    Effects,
    Ints,
    Moments,
    pseudo_inverse,
    residuals,
    where,
)
from tariffimpact.estimation.robustness import without

LEADS: Final = 24
LAGS: Final = 48
_CLUSTERS_A_LEAD: Final = 8


@dataclass(frozen=True, slots=True)
class EventStudy:
    """Effects around the event, with their joint covariance."""

    relative: Ints
    """Periods since the first treated one; −1 is the base and not among them."""
    effects: Array
    covariance: Array
    average: float
    """Mean effect over all treated unit-periods."""
    average_error: float
    clusters: int
    n: int
    cohorts: int
    treated: Ints
    """Rows behind each effect."""

    @property
    def errors(self) -> Array:
        """Clustered standard errors."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @property
    def leads(self) -> Bools:
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
    """Units that are treated from one period on, or serve as controls, and their period effects."""

    start: int
    rows: Blocks
    """Theirs, without regressors."""
    moments: Moments
    path: Array
    """Their period effects, up to a constant."""

    @classmethod
    def of(cls, blocks: Blocks, units: Bools, start: int, until: int, effects: Effects) -> Cohort:
        """Return the rows of some units before a period, added up."""

        def bare() -> Iterator[Block]:
            return (replace(block, x=np.zeros((len(block.y), 0))) for block in blocks())

        rows = where(bare, lambda block: units[block.unit] & (block.time < until))
        moments = Moments(rows, 0, effects)
        return cls(start, rows, moments, pseudo_inverse(moments.square) @ moments.cross)

    @property
    def seen(self) -> Bools:
        """Which periods have any row."""
        return self.moments.seen


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
    cohorts, control = _cohorts(blocks, start, effects)
    kept = [c for c in cohorts if c.start >= 1 and (c.seen & control.seen)[c.start - 1]]
    if not kept:
        raise ModelError(
            "no treated unit is seen in the period before its event together with an untreated "
            "one; give prices from before"
        )
    plan = _Plan.over(kept, control, leads, lags)
    if not plan.has_effect:
        raise ModelError("no period after the event is seen in both groups")
    every = (*kept, control)
    scores, groups = _scores(every, effects, plan)
    n = sum(c.moments.n for c in every)
    counted = sum(int(c.seen.sum()) - 1 for c in kept) + int(control.seen.sum())
    if not all(c.moments.nested for c in every):
        counted += sum(c.moments.units for c in every) - 1
    factor = groups / (groups - 1) * (n - 1) / max(n - counted, 1)
    covariance = factor * scores.T @ scores
    values = sum(
        (plan.contrasts[c.start].T @ c.path[:, 0] for c in every),
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


def _cohorts(blocks: Blocks, start: Ints, effects: Effects) -> tuple[list[Cohort], Cohort]:
    """Return the treated cohorts, and the one of the controls: the untreated, or the last."""
    dates = np.unique(start)
    if dates[-1] < effects.periods and len(dates) == 1:
        raise ModelError(
            "every unit is treated from the same period on, so there is no control; add untreated "
            "units"
        )
    until = min(int(dates[-1]), effects.periods)  # a cohort serves until it is treated itself

    def cohort(date: int) -> Cohort:
        units = start >= until if date == until else start == date
        return Cohort.of(blocks, units, date, until, effects)

    return [cohort(int(date)) for date in dates[dates < until]], cohort(until)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which period effects make which effect: a contrast by cohort, the average as the last."""

    relative: Ints
    contrasts: Mapping[int, Array]
    rows: Ints
    has_effect: bool

    @classmethod
    def over(cls, cohorts: Sequence[Cohort], control: Cohort, leads: int, lags: int) -> _Plan:
        cells: list[tuple[int, int, float]] = []  # start, period, rows
        for cohort in cohorts:
            for at in np.flatnonzero(cohort.seen & control.seen).tolist():
                if at != cohort.start - 1:
                    cells.append((cohort.start, at, cohort.moments.rows_in[at]))
        told = sorted({at - s for s, at, _ in cells if -leads <= at - s <= lags})
        columns = {e: n for n, e in enumerate(told)}
        periods, width = len(control.seen), len(told) + 1
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


def _scores(cohorts: Sequence[Cohort], effects: Effects, plan: _Plan) -> tuple[Array, int]:
    """Return what each cluster adds to each effect, and how many clusters there are."""
    sums = np.zeros((effects.clusters, len(plan.relative) + 1))
    present = np.zeros(effects.clusters, dtype=np.bool_)
    for cohort in cohorts:
        weights = pseudo_inverse(cohort.moments.square) @ plan.contrasts[cohort.start]
        for block in cohort.rows():
            _, error = residuals(block, effects, [], cohort.path, np.zeros(0))
            for n in np.flatnonzero(np.abs(weights).max(axis=0) > 0):
                sums[:, n] += effects.by_cluster(block, error * weights[block.time, n])
            present |= np.bincount(block.cluster, minlength=effects.clusters) > 0
    return sums, int(present.sum())


def jackknifed_error(blocks: Blocks, start: Ints, effects: Effects, study: EventStudy) -> float:
    """Return the error of the average effect by leaving out each cluster in turn.

    .. math:: √((G − 1)/G Σ_g (δ_(−g) − δ)^2)

    With few clusters it is wide enough where the usual error is not. Where the average cannot be
    told without some cluster, the error is infinite.
    """
    squares = 0.0
    for cluster in range(effects.clusters):
        try:
            again = event_study(without(blocks, cluster), start, effects, leads=0, lags=0)
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
