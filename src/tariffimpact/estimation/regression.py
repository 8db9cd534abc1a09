"""Least squares with unit and period effects by exact normal equations, in two passes over blocks.

The unit effects are eliminated (each unit's weighted means are taken off), which leaves a square
of the periods and the regressors:

.. math:: A γ + B β = "sums of" y, quad A = D - P' "diag"(1/n) P

with `P` the weights of each unit in each period, `n` their sums by unit and `D` by period. Each
block of whole units adds its part, so a panel may be larger than memory. A second pass takes the
residuals, the scores by cluster, and one step of refinement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tariffimpact.arguments import Array
from tariffimpact.errors import ModelError, NotIdentified

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ABSORBED: Final = 1e-9
"""A regressor of which less than this part of the variance is left says nothing of its own."""
_ONE_CLUSTER: Final = (
    "there is one cluster, and an error needs several; cluster by a finer column, or give more "
    "units"
)
_PIVOT: Final = 1e-6
_FEW_MISSING: Final = 64
_FEW_ROWS: Final = 4


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of whole units, those of a unit one after the other."""

    unit: Ints
    time: Ints
    """Place of the period, from 0."""
    y: Array
    x: Array
    """One column a regressor."""
    cluster: Ints
    """Number of the cluster, from 0."""
    weight: Array | None = None

    def at(self, rows: NDArray[Any]) -> Block:
        """Return some of the rows, by place or by a mask."""
        weight = None if self.weight is None else self.weight[rows]
        return Block(
            self.unit[rows], self.time[rows], self.y[rows], self.x[rows], self.cluster[rows], weight
        )


Blocks = Callable[[], Iterator[Block]]


def where(blocks: Blocks, chosen: Callable[[Block], Bools]) -> Blocks:
    """Return the rows that are chosen; a block without any falls out."""

    def parts() -> Iterator[Block]:
        for block in blocks():
            here = chosen(block)
            if here.all():
                yield block
            elif here.any():
                yield block.at(here)

    return parts


@dataclass(frozen=True, slots=True)
class Effects:
    """Which effects are taken out, and how many periods and clusters there are."""

    periods: int
    clusters: int
    unit: bool = True
    time: bool = True

    def by_cluster(self, block: Block, values: Array) -> Array:
        """Return the sums of values by cluster."""
        return np.asarray(
            np.bincount(block.cluster, weights=values, minlength=self.clusters), np.float64
        )


@dataclass(frozen=True, slots=True)
class Within:
    """A block with each unit's weighted means taken off, where the effects ask for it."""

    block: Block
    local: Any
    """Number of each row's unit within the block."""
    totals: Array
    """Weight of each unit."""
    values: Array
    """One row a variable: the regressors, then the outcome."""

    @classmethod
    def of(cls, block: Block, effects: Effects, level: Array | None = None) -> Within:
        """Return it; before, a level by period is taken off each variable, if one is given."""
        values = np.empty((block.x.shape[1] + 1, len(block.y)))
        values[:-1], values[-1] = block.x.T, block.y
        if level is not None:
            for row, steps in zip(values, level.T, strict=True):
                row -= steps[block.time]
        starts = np.flatnonzero(np.r_[True, block.unit[1:] != block.unit[:-1]])
        counts = np.diff(np.r_[starts, len(block.unit)])
        weight = block.weight
        totals = counts.astype(np.float64) if weight is None else np.add.reduceat(weight, starts)
        if effects.unit:
            for row in values:
                sums = np.add.reduceat(row if weight is None else row * weight, starts)
                row -= np.repeat(sums / totals, counts)
        return cls(block, np.repeat(np.arange(len(starts)), counts), totals, values)

    def weighed(self, values: Array) -> Array:
        """Return values times the weights of the rows, if there are any."""
        return values if self.block.weight is None else values * self.block.weight


class Moments:
    """The sums over blocks that the normal equations need."""

    def __init__(self, blocks: Blocks, regressors: int, effects: Effects) -> None:
        """Add up all blocks."""
        size, width = effects.periods if effects.time else 0, regressors + 1
        self.square = np.zeros((size, size))
        self.cross = np.zeros((size, width))
        self.within = np.zeros((width, width))
        self.spread = np.zeros((3, width))
        """Of each regressor and the outcome: sums, squares, and weights, to tell what is left."""
        self.n = self.units = 0
        self.rows_in = np.zeros(effects.periods, dtype=np.int64)
        """Rows in each period."""
        self.nested = True
        """Whether each unit lies in one cluster."""
        self._low = np.full(effects.periods, effects.clusters, dtype=np.int64)
        self._high = np.full(effects.periods, -1, dtype=np.int64)
        for block in blocks():
            self._add(Within.of(block, effects), effects)

    @property
    def periods_nested(self) -> bool:
        """Whether each period lies in one cluster, as with clusters of time."""
        return bool(self.n and (self._low[self.seen] == self._high[self.seen]).all())

    @property
    def seen(self) -> Bools:
        """Which periods have any row."""
        return self.rows_in > 0

    def _add(self, part: Within, effects: Effects) -> None:
        """Add a block to the sums."""
        block, periods = part.block, effects.periods
        weighted = part.weighed(part.values)
        self.within += product(part.values, weighted)
        raw = np.vstack([block.x.T, block.y])
        total = part.totals.sum()
        self.spread += [part.weighed(raw).sum(axis=1), part.weighed(raw**2).sum(axis=1),
                        [total] * len(raw)]  # fmt: skip
        self.n += len(block.y)
        self.units += len(part.totals)
        rows_in = np.bincount(block.time, minlength=periods)
        self.rows_in += rows_in
        self._add_nesting(part)
        if not effects.time:
            return
        for n, row in enumerate(weighted):
            self.cross[:, n] += np.bincount(block.time, weights=row, minlength=periods)
        whole = block.weight
        own = (
            rows_in if whole is None else np.bincount(block.time, weights=whole, minlength=periods)
        )
        self.square[np.diag_indices(periods)] += own
        if effects.unit:
            self.square -= _presence_square(part, periods)

    def _add_nesting(self, part: Within) -> None:
        """Note whether units, and periods, lie in one cluster each."""
        block = part.block
        if block.cluster is block.unit:
            return
        first = block.cluster[np.flatnonzero(np.r_[True, np.diff(part.local) > 0])]
        self.nested &= bool(np.array_equal(first[part.local], block.cluster))
        if not self.nested:
            np.minimum.at(self._low, block.time, block.cluster)
            np.maximum.at(self._high, block.time, block.cluster)


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients with the covariance clustered and the one that is robust row by row."""

    terms: tuple[str, ...]
    kept: tuple[int, ...]
    """Places of the terms among the regressors given."""
    coefficients: Array
    covariance: Array
    covariance_hc1: Array
    n: int
    units: int
    clusters: int
    dropped: tuple[str, ...]
    """Controls that the effects, or other controls, already hold."""
    nested: bool
    inverse: Array
    """Of the cross product of what is left of the regressors."""
    period_slopes: Array
    """The period effects of each regressor kept, and of the outcome."""

    @property
    def errors(self) -> Array:
        """Clustered standard errors."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))

    @property
    def errors_hc1(self) -> Array:
        """Standard errors robust row by row (HC1)."""
        return np.asarray(np.sqrt(np.diag(self.covariance_hc1)))

    def left_of(self, block: Block, effects: Effects) -> tuple[Array, Array]:
        """Return what the effects leave of the regressors, and the weighed residuals."""
        return residuals(block, effects, self.kept, self.period_slopes, self.coefficients)


def fit(
    blocks: Blocks, terms: Sequence[str], effects: Effects, *, required: int | None = None
) -> Fit:
    """Return the least squares of the outcome on the regressors and the effects.

    The covariance is clustered with the factor G/(G−1) · (n−1)/(n−k), where k counts the
    regressors and the effects, those of a kind that lies within clusters (units, mostly) as one;
    HC1 has n/(n−k) with every effect counted.

    Parameters
    ----------
    blocks
        Gives the blocks, the same ones each time it is called.
    terms
        Names of the regressors.
    effects
        The effects to take out.
    required
        How many of the terms, from the first, may not be dropped; all of them by default.

    Raises
    ------
    NotIdentified
        If a required term is the same as the effects and the other terms together.
    ModelError
        If there are no more rows than coefficients, or there is one cluster.
    """
    need = len(terms) if required is None else required
    if effects.clusters < 2:
        raise ModelError(_ONE_CLUSTER)
    moments = Moments(blocks, len(terms), effects)
    slopes = _period_slopes(moments, effects)
    left = moments.within - moments.cross.T @ slopes
    kept = _kept(left, moments.spread, terms, need)
    chosen = [*kept, len(terms)]
    slopes, left = slopes[:, chosen], left[np.ix_(chosen, chosen)]
    inverse = np.asarray(np.linalg.inv(left[:-1, :-1]), dtype=np.float64)
    start = inverse @ left[:-1, -1]
    width = len(kept)
    scores, meat = np.zeros((effects.clusters, width)), np.zeros((width, width))
    gradient, present = np.zeros(width), np.zeros(effects.clusters, dtype=np.int64)
    for block in blocks():
        rest, error = residuals(block, effects, kept, slopes, start)
        score = rest * error
        meat += product(score, score)
        gradient += score.sum(axis=1)
        for n, row in enumerate(score):
            scores[:, n] += effects.by_cluster(block, row)
        present += np.bincount(block.cluster, minlength=effects.clusters)
    names = tuple(terms[n] for n in kept)
    n, groups = moments.n, int(np.count_nonzero(present))
    clustered, every = _counted(width, moments, effects)
    if groups < 2:
        raise ModelError(_ONE_CLUSTER)
    if n <= every:
        raise ModelError(f"{n:,} rows cannot tell {every:,} coefficients; give more rows")
    factor = groups / (groups - 1) * (n - 1) / (n - clustered)
    return Fit(
        terms=names,
        kept=tuple(kept),
        coefficients=start + inverse @ gradient,
        covariance=factor * inverse @ (scores.T @ scores) @ inverse,
        covariance_hc1=n / (n - every) * inverse @ meat @ inverse,
        n=n,
        units=moments.units,
        clusters=groups,
        dropped=tuple(name for name in terms if name not in names),
        nested=moments.nested,
        inverse=inverse,
        period_slopes=slopes,
    )


def product(one: Array, other: Array) -> Array:
    """Return the cross product of two sets of long rows.

    Where the rows are few the threads of the algebra library cost several times what they do.
    """
    if len(one) > _FEW_ROWS:
        return np.asarray(one @ other.T)
    return np.asarray(np.einsum("ir,jr->ij", one, other))


def _presence_square(part: Within, periods: int) -> Array:
    """Return P' diag(1/n) P of a block, by what is missing where that is little.

    With M the missing, P = 1 − M and d = 1/n, it is Σd − 1 (M'd)' − (M'd) 1' + M' diag(d) M.
    """
    units = len(part.totals)
    place = part.local * periods + part.block.time
    if part.block.weight is None:
        missing = np.ones(units * periods, dtype=np.bool_)
        missing[place] = False
        unit, time = np.divmod(np.flatnonzero(missing), periods)
        most = int(np.bincount(unit).max()) if len(unit) else 0
        if most <= _FEW_MISSING:
            share = 1 / part.totals
            sums = np.bincount(time, weights=share[unit], minlength=periods)
            both = _pairs(unit, time, share[unit], most, periods)
            return np.asarray(share.sum() - sums[:, None] - sums + both)
    presence = np.zeros((units, periods))
    presence[part.local, part.block.time] = part.weighed(np.ones(len(place)))
    return np.asarray(presence.T @ (presence / part.totals[:, None]))


def _pairs(unit: Ints, time: Ints, share: Array, most: int, periods: int) -> Array:
    """Return the square that sums a share over every two entries of a unit, itself included."""
    square = np.zeros((periods, periods))
    for apart in range(most):
        first = slice(0, len(unit) - apart)
        same = unit[first] == unit[apart:]
        cells = (time[first] * periods + time[apart:])[same]
        sums = np.bincount(cells, weights=share[first][same], minlength=periods * periods)
        one = sums.reshape(periods, periods)
        square += one if apart == 0 else one + one.T
    return square


def _period_slopes(moments: Moments, effects: Effects) -> Array:
    """Return the period effects of each regressor and of the outcome, up to a constant."""
    if not effects.time:
        return np.zeros((0, moments.cross.shape[1]))
    seen = np.flatnonzero(moments.seen)
    square, cross = moments.square[np.ix_(seen, seen)], moments.cross[seen]
    slopes = np.zeros_like(moments.cross)
    lift = np.trace(square) / len(seen) ** 2 if effects.unit else 0.0
    lifted = square + lift  # the constant is free: this makes one answer of the many
    try:
        pivots = np.diag(np.linalg.cholesky(lifted))
        whole = pivots.min() > _PIVOT * pivots.max()
    except np.linalg.LinAlgError:
        whole = False
    if whole:
        slopes[seen] = np.linalg.solve(lifted, cross)
    else:  # several sets of units that never meet
        slopes[seen] = pseudo_inverse(square) @ cross
    return slopes


def pseudo_inverse(square: Array) -> Array:
    """Return the inverse of a symmetric matrix on what it does not send to zero."""
    found = np.linalg.pinv(square, rcond=_PIVOT**2 * 100, hermitian=True)
    return np.asarray(found, dtype=np.float64)


def _kept(left: Array, spread: Array, terms: Sequence[str], need: int) -> list[int]:
    """Return the places of the terms to keep, or say which required term says nothing new."""
    total, squares, weight = spread
    varies = np.maximum(squares - total**2 / weight, 0.0)[:-1]
    order = [*range(need, len(terms)), *range(need)]  # the controls first: what do they leave?
    rest, kept = left[:-1, :-1].copy(), []
    for n in order:
        if rest[n, n] > ABSORBED * max(varies[n], 1e-300) and rest[n, n] > ABSORBED * left[n, n]:
            kept.append(n)
            rest = rest - np.outer(rest[:, n], rest[n]) / rest[n, n]
        elif n < need:
            raise NotIdentified(_absorbed(n, left, varies, terms))
    return sorted(kept)


def _absorbed(n: int, left: Array, varies: Array, terms: Sequence[str]) -> str:
    if left[n, n] <= ABSORBED * max(varies[n], 1e-300):
        return (
            f"{terms[n]} cannot be told from the effects of units and periods: it is the same for "
            "all units in every period, or never changes within a unit; give untreated units, or "
            "a column that varies"
        )
    scale = np.sqrt(np.maximum(np.diag(left)[:-1], 1e-300))
    alike = np.abs(left[n, :-1]) / scale / scale[n]
    alike[n] = 0.0
    other = terms[int(alike.argmax())]
    return f"{terms[n]} cannot be told from {other}: the two move together; leave one of them out"


def _counted(kept: int, moments: Moments, effects: Effects) -> tuple[int, int]:
    """Return the coefficients counted for clustered errors and for HC1."""
    periods = int(moments.seen.sum()) if effects.time else 0
    units = moments.units if effects.unit else 0
    every = kept + units + periods - (1 if effects.time and effects.unit else 0)
    inside = [units] if effects.unit and moments.nested else []
    inside += [periods] if effects.time and moments.periods_nested else []
    return every - sum(inside) + len(inside), every


def residuals(
    block: Block, effects: Effects, kept: Sequence[int], slopes: Array, coefficients: Array
) -> tuple[Array, Array]:
    """Return what the effects leave of the regressors, one row each, and the weighed residuals."""
    chosen = replace(block, x=block.x[:, list(kept)]) if len(kept) < block.x.shape[1] else block
    part = Within.of(chosen, effects, slopes if effects.time else None)
    left = part.values[:-1]
    return left, part.weighed(part.values[-1] - coefficients @ left)


def blocks_of(
    unit: Ints,
    time: Ints,
    y: Array,
    x: Array,
    *,
    cluster: Ints | None = None,
    weight: Array | None = None,
) -> Blocks:
    """Return arrays as one block, rows in any order; clusters are the units by default."""
    own = unit if cluster is None else cluster
    block = Block(unit, time, y, x.reshape(len(y), -1), own, weight).at(np.lexsort((time, unit)))
    return lambda: iter((block,))
