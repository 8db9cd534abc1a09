"""What else could have made the coefficient: few clusters, one cluster, other dates and groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb
from typing import Final

import numpy as np

from tariffimpact.arguments import Array
from tariffimpact.errors import ModelError
from tariffimpact.estimation.regression import (
    Block,
    Blocks,
    Bools,
    Effects,
    Fit,
    Ints,
    Moments,
    fit,
    pseudo_inverse,
    residuals,
    where,
)

FEW_CLUSTERS: Final = 40
DRAWS: Final = 9_999
_ENUMERATED: Final = 13
"""From this many clusters on, signs alone give enough draws; below, six-point weights."""
_LEFT_OUT: Final = 40
_EXACT: Final = 1e-12
"""Of an estimate: an error below this part of it is none."""


@dataclass(frozen=True, slots=True)
class WildBootstrap:
    """The wild cluster bootstrap of one coefficient, its null imposed: interval and p-value."""

    low: float
    high: float
    p_value: float
    """That the coefficient is zero."""
    draws: int


@dataclass(frozen=True, slots=True)
class _Clusters:
    """What each cluster adds, as the bootstrap needs it; all draws are sums of these."""

    own: Array
    """Of each cluster: its score at the estimate, and what a restriction by one adds to it."""
    cross: tuple[Array, Array]
    """How the scores of one cluster move the residuals of another: at the estimate, and by one."""


def wild_bootstrap(
    blocks: Blocks,
    effects: Effects,
    fitted: Fit,
    *,
    place: int = 0,
    level: float = 0.95,
    draws: int = DRAWS,
    seed: int = 20180207,
) -> WildBootstrap:
    """Return the wild cluster bootstrap of a coefficient of a fit, by inverting its test.

    The null is imposed and the scores are drawn by cluster (the fast algorithm of Roodman and
    others); the interval holds every value that the test does not reject.

    Parameters
    ----------
    blocks, effects
        As they were fitted.
    fitted
        The fit; each of its units lies in one cluster, or there are no unit effects.
    place
        Which coefficient.
    level
        Of the interval.
    draws, seed
        How many draws, and where they start.

    Raises
    ------
    ModelError
        If a unit lies in several clusters: its effect is then not any cluster's own.

    References
    ----------
    Roodman, MacKinnon, Nielsen and Webb (2019), *Stata Journal* 19(1): 4-60.
    """
    if effects.unit and not fitted.nested:
        raise ModelError("a unit lies in several clusters; cluster by a column that holds units")
    sums = _cluster_sums(blocks, effects, fitted, place)
    weights = _draws_of(len(sums.own), draws, seed)
    estimate = float(fitted.coefficients[place])
    # the factor for small samples is the same in every draw and falls out of the comparison
    own_error = float(np.sqrt(np.sum(sums.own[:, 0] ** 2)))
    if own_error <= _EXACT * max(abs(estimate), 1e-300):
        return WildBootstrap(estimate, estimate, 1.0 if estimate == 0 else 0.0, 0)

    def p_value(value: float) -> float:
        distance = estimate - value
        score = sums.own[:, 0] + distance * sums.own[:, 1]
        moved = sums.cross[0] + distance * sums.cross[1]
        spread = score[:, None] * weights - moved @ weights
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn = np.abs(score @ weights) / np.sqrt(np.sum(spread**2, axis=0))
        return float(np.mean(np.nan_to_num(drawn, nan=np.inf) > abs(distance) / own_error + 1e-12))

    reach = float(fitted.errors[place])
    low, high = (_end(p_value, estimate, side * reach, 1 - level) for side in (-1, 1))
    return WildBootstrap(low, high, p_value(0.0), weights.shape[1])


def _end(p_value: Callable[[float], float], estimate: float, step: float, alpha: float) -> float:
    """Return where the test begins to reject on one side; infinite where it never does."""
    far = step
    for _ in range(12):
        if p_value(estimate + far) < alpha:
            break
        far *= 2
    else:
        return float(np.copysign(np.inf, step))
    near = 0.0
    for _ in range(40):
        middle = (near + far) / 2
        if p_value(estimate + middle) < alpha:
            far = middle
        else:
            near = middle
        if abs(far - near) < 1e-4 * abs(step):
            break
    return estimate + (near + far) / 2


def _draws_of(clusters: int, draws: int, seed: int) -> Array:
    """Return the weights of each cluster in each draw: signs, or six points where few."""
    rng = np.random.default_rng(seed)
    if clusters >= _ENUMERATED:
        return np.where(rng.integers(0, 2, size=(clusters, draws)) == 1, 1.0, -1.0)
    points = np.sqrt(np.array([0.5, 1.0, 1.5]))
    return np.asarray(np.r_[-points, points][rng.integers(0, 6, size=(clusters, draws))])


def _cluster_sums(blocks: Blocks, effects: Effects, fitted: Fit, place: int) -> _Clusters:
    """Return what each cluster adds to the score and to the residuals of the others.

    With Q the regressors and periods, each less its unit's mean, f the part of the coefficient's
    own regressor that the others leave, over its square, and u the residuals: the sums Q'f and
    Q'u by cluster.
    """
    width, periods = len(fitted.coefficients), effects.periods if effects.time else 0
    own = np.zeros((effects.clusters, width + periods))
    errors = np.zeros((effects.clusters, width + periods))
    scores = np.zeros((effects.clusters, 2))

    def kept() -> Iterator[Block]:
        return (replace(block, x=block.x[:, list(fitted.kept)]) for block in blocks())

    for block in kept():
        left, error = residuals(
            block, effects, range(width), fitted.period_slopes, fitted.coefficients
        )
        weight = np.ones(len(error)) if block.weight is None else block.weight
        mine = fitted.inverse[place] @ left
        # what the unit effects leave of Q is read off the residuals, which are orthogonal to them
        _add_by_cluster(own, block, mine * weight, effects)
        _add_by_cluster(errors, block, error, effects)
        for n, row in enumerate((error, weight * mine / fitted.inverse[place, place])):
            scores[:, n] += effects.by_cluster(block, mine * row)
    sums = Moments(kept, width, effects)
    cross = sums.cross[:, :width]
    square = np.block([[sums.within[:width, :width], cross.T], [cross, sums.square]])
    across = own @ pseudo_inverse(square)
    restricted = own / fitted.inverse[place, place]
    present = np.flatnonzero(np.abs(own).sum(axis=1) + np.abs(errors).sum(axis=1) > 0)
    pick = np.ix_(present, present)
    return _Clusters(scores[present], ((across @ errors.T)[pick], (across @ restricted.T)[pick]))


def _add_by_cluster(total: Array, block: Block, values: Array, effects: Effects) -> None:
    """Add the products of values with the regressors and the periods, by cluster."""
    width = block.x.shape[1]
    for n in range(width):
        total[:, n] += effects.by_cluster(block, values * block.x[:, n])
    if effects.time:
        periods = effects.periods
        cells = block.cluster * periods + block.time
        sums = np.bincount(cells, weights=values, minlength=effects.clusters * periods)
        total[:, width:] += sums.reshape(effects.clusters, periods)


def leave_one_out(
    blocks: Blocks, terms: tuple[str, ...], effects: Effects, fitted: Fit
) -> dict[int, float]:
    """Return the first coefficient without each cluster in turn, the heaviest forty at most.

    The heaviest are those whose score moves the coefficient most; they come first.
    """
    sums = np.zeros(effects.clusters)
    for block in blocks():
        left, error = fitted.left_of(block, effects)
        sums += effects.by_cluster(block, (fitted.inverse[0] @ left) * error)
    found = {}
    for cluster in np.argsort(-np.abs(sums))[:_LEFT_OUT].tolist():
        try:
            again = fit(without(blocks, cluster), terms, effects, required=1)
        except ModelError:  # it was the only treated one, or the only other
            continue
        found[cluster] = float(again.coefficients[0])
    return found


def without(blocks: Blocks, cluster: int) -> Blocks:
    """Return the rows of all clusters but one."""
    return where(blocks, lambda block: block.cluster != cluster)


def placebo_dates(
    blocks: Blocks, treated: Bools, first: int, effects: Effects, most: int = 8
) -> dict[int, float]:
    """Return the coefficient at false dates, from the periods before the true one alone.

    Parameters
    ----------
    blocks
        Rows of whole units; regressors are not read.
    treated
        Which units are treated.
    first
        The first treated period.
    effects
        How many periods and clusters there are.
    most
        How many dates at most, spread evenly.
    """
    found: dict[int, float] = {}
    if first < 4:
        return found
    before = where(blocks, lambda block: block.time < first)
    for date in np.unique(np.linspace(2, first - 2, most).round().astype(int)).tolist():

        def falsely_treated(date: int = date) -> Iterator[Block]:
            for block in before():
                on = treated[block.unit] & (block.time >= date)
                yield replace(block, x=on.astype(np.float64)[:, None])

        try:
            found[date] = float(fit(falsely_treated, ("placebo",), effects).coefficients[0])
        except ModelError:  # no unit of a group is seen on both sides of it
            continue
    return found


def placebo_groups(
    change: Array, treated: Bools, cluster: Ints, *, draws: int = 1_999, seed: int = 1
) -> Array:
    """Return the difference of mean changes for groups of clusters drawn by chance.

    Where there are no more groups of that size than draws, each of them is taken once.

    Parameters
    ----------
    change
        Each unit's change from before to after; NaN where it has none.
    treated
        Which units are treated.
    cluster
        The cluster of each unit; those with any treated unit are drawn as treated.
    draws, seed
        How many draws, and where they start.

    Returns
    -------
    array
        The true difference, then one for each other group; empty where there is none.
    """
    known = ~np.isnan(change)
    groups = np.unique(cluster[known])
    place = np.searchsorted(groups, cluster[known])
    total = np.bincount(place, weights=change[known])
    units = np.bincount(place).astype(np.float64)
    is_treated = np.bincount(place, weights=treated[known]) > 0
    size = int(is_treated.sum())
    if not 0 < size < len(groups):
        return np.zeros(0)

    def gap(chosen: Bools) -> float:
        inside, outside = units[chosen].sum(), units[~chosen].sum()
        return float(total[chosen].sum() / inside - total[~chosen].sum() / outside)

    return np.array([gap(one) for one in _groups_of(is_treated, draws, seed)])


def _groups_of(treated: Bools, draws: int, seed: int) -> Iterator[Bools]:
    """Yield the treated group, then every other of its size, or so many drawn by chance."""
    yield treated
    size, true = int(treated.sum()), tuple(np.flatnonzero(treated).tolist())
    if comb(len(treated), size) > draws + 1:
        rng = np.random.default_rng(seed)
        yield from (rng.permutation(treated) for _ in range(draws))
        return
    for chosen in combinations(range(len(treated)), size):
        if chosen != true:
            group = np.zeros(len(treated), dtype=np.bool_)
            group[list(chosen)] = True
            yield group
