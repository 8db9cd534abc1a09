"""Equilibria in log prices, of any demand and conduct: a damped Newton, and a path for the rest.

F(x, 1) = 0 is solved by Newton, or along a path from t = 0, followed by arc length, so that it may
turn back in t on its way: where F(x, 0) = 0 has one solution and solutions stay bounded in between,
it cannot miss (Allgower and Georg 1990, *Numerical Continuation Methods*).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, Self

import numpy as np

from tariffimpact.market.conduct import Game
from tariffimpact.market.demand_systems import Array, Flags, Labels

TOLERANCE = 1e-10
"""Relative first-order condition above which nothing is called an equilibrium."""
SETTLED = 1e-11
"""Relative gap at which no further start is tried."""
AIM = 1e-15
"""Relative gap at which steps end."""
_HALVINGS, _LAST_HALVINGS = 30, 3
"""How often a step that does not help is halved: on the way, and where rounding is near."""
_PATH_STEPS = 1000
_T_SCALE = 10.0
"""What a whole t counts for in arc length, in units of x."""
_CLOSE = 1e-9
_STAGES = (1, 4, 16, 64)
"""Steps in which costs are raised to new ones where one step does not arrive."""


@dataclass(frozen=True, slots=True)
class Point:
    """F and its derivatives at one x and t, or at many, shape (..., n)."""

    gap: Array
    """F."""
    size: Array
    """Size of the terms that F is the sum of."""
    jacobian: Array
    """dF/dx, shape (..., n, n), or a regular matrix times it."""
    drift: Array
    """dF/dt, times the same."""
    lifted: Array
    """F, times the same."""

    @property
    def error(self) -> Array:
        """Largest gap relative to its terms, shape (...); infinite outside the domain of F."""
        finite = np.isfinite(self.jacobian).all(axis=-1) & np.isfinite(self.drift)
        with np.errstate(all="ignore"):
            worst = np.max(np.abs(self.gap) / self.size, axis=-1, initial=0.0)
        return np.where(finite.all(axis=-1) & np.isfinite(worst), worst, np.inf)

    def replaced(self, which: Flags, other: Point) -> Point:
        """Return the point with `which` systems, shape (...), taken from another."""
        row = which[..., None]
        return Point(np.where(row, other.gap, self.gap), np.where(row, other.size, self.size),
                     np.where(row[..., None], other.jacobian, self.jacobian),
                     np.where(row, other.drift, self.drift),
                     np.where(row, other.lifted, self.lifted))  # fmt: skip


class Conditions(Protocol):
    """Systems of n equations in n unknowns and the path parameter t."""

    def at(self, x: Array, t: float) -> Point:
        """Return F there; not a number outside its domain."""

    def some(self, which: Any) -> Self:
        """Return some of many systems, by flags, or one by its number."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best points reached."""

    x: Array
    error: Array
    """Largest gap relative to its terms, shape (...); inf if no point of the domain was reached."""
    iterations: Labels

    def replaced(self, which: Any, again: Found) -> Found:
        """Return the same, `which` taken from another trial at them."""
        x, error, count = self.x.copy(), self.error.copy(), self.iterations.copy()
        x[which], error[which] = again.x, again.error
        count[which] += again.iterations
        return Found(x, error, count)


def newton(conditions: Conditions, start: Array, limit: int = 100, aim: float = AIM) -> Found:
    """Return the best points a damped Newton at t = 1 reaches in `limit` steps, or `aim` at.

    Every system takes steps of its own length; when most are done the rest go on alone.
    """
    x, point = start, conditions.at(start, 1.0)
    error = point.error
    live, count = np.isfinite(error), np.zeros(error.shape, dtype=np.intp)
    for number in range(limit):
        step = solved(point.jacobian, -point.lifted[..., None])[..., 0]
        live = live & (error > aim) & np.isfinite(step).all(axis=-1)
        if not live.any():
            break
        if live.ndim and live.sum() <= live.size // 2:
            rest = newton(conditions.some(live), x[live], limit - number, aim)
            return Found(x, error, count).replaced(live, rest)
        left, live = live, np.zeros_like(live)
        for halving in range(_HALVINGS):
            trial = np.where(left[..., None], x + step, x)
            there = conditions.at(trial, 1.0)
            better = left & (there.error < error)
            x, point = np.where(better[..., None], trial, x), point.replaced(better, there)
            live, left = live | better, left & ~better
            left &= (error > SETTLED) | (halving + 1 < _LAST_HALVINGS)
            if not left.any():
                break
            step = step / 2
        error, count = point.error, count + live
    return Found(x, error, count)


def track(conditions: Conditions, start: Array) -> Found:
    """Return the point at t = 1 on the path that begins at (`start`, 0), or where it was lost."""
    at = np.append(start, 0.0)
    point = conditions.at(start, 0.0)
    stride, count = 0.5, 0
    if not np.isfinite(point.error):
        return Found(start, point.error, np.zeros((), dtype=np.intp))
    ahead = _tangent(point, np.eye(start.size + 1)[-1])
    for count in range(1, _PATH_STEPS):
        if at[-1] + stride * ahead[-1] >= _T_SCALE:
            reach = (_T_SCALE - at[-1]) / ahead[-1]
            last = newton(conditions, at[:-1] + reach * ahead[:-1])
            if last.error <= SETTLED:
                return Found(last.x, last.error, count + last.iterations)
        moved = _corrected(conditions, at + stride * ahead, 0.3 * stride)
        turned = None if moved is None else _tangent(moved[1], ahead)
        if moved is None or turned is None or turned @ ahead < 0.9:
            stride /= 3
            if stride < 1e-10:
                break
        else:
            at, ahead = moved[0], turned
            stride *= 1.7
    return Found(at[:-1], conditions.at(at[:-1], 1.0).error, np.array(count))


def first_settled(trials: Iterable[Callable[[], Found]]) -> Found:
    """Return the first trial that settles, else the last one; iterations of all of them."""
    count = np.zeros((), dtype=np.intp)
    for trial in trials:
        found = trial()
        count = count + found.iterations
        if (found.error <= SETTLED).all():
            break
    return replace(found, iterations=count)


def _corrected(conditions: Conditions, guess: Array, reach: float) -> tuple[Array, Point] | None:
    """Return the point of the path nearest to `guess`, or None if Newton leaves it by `reach`."""
    at, last = guess, np.inf
    for _ in range(6):
        point = conditions.at(at[:-1], at[-1] / _T_SCALE)
        error = float(point.error)
        if not np.isfinite(error) or error > 0.5 * last or at[-1] > _T_SCALE:
            return None
        if error < _CLOSE:
            return (at, point) if np.linalg.norm(at - guess) < reach else None
        last = error
        at = at - np.linalg.lstsq(_along(point), point.lifted, rcond=None)[0]
    return None


def _along(point: Point) -> Array:
    """Return the derivatives in x and in the path's own measure of t, shape (n, n + 1)."""
    return np.column_stack([point.jacobian, point.drift / _T_SCALE])


def _tangent(point: Point, ahead: Array) -> Array:
    """Return the unit direction of the path that goes on rather than back."""
    direction = np.linalg.svd(_along(point))[2][-1]
    return np.asarray(direction if direction @ ahead > 0 else -direction)


def solved(matrix: Array, right: Array) -> Array:
    """Return the solutions, shape (..., n, k) as `right`, of each system; NaN where none is."""
    try:
        return np.asarray(np.linalg.solve(matrix, right))
    except np.linalg.LinAlgError:
        lost = (np.linalg.slogdet(matrix).sign == 0)[..., None, None]
        whole = np.where(lost, np.eye(matrix.shape[-1]), matrix)
        return np.where(lost, np.nan, np.linalg.solve(whole, right))


def between(old: Game, new: Game, t: float) -> Game:
    """Return the game whose costs and weights are part t of the way, in logs, to the new ones."""
    if t == 1.0 or old is new:
        return new
    return replace(new, cost=old.cost ** (1 - t) * new.cost**t,
                   weight=old.weight ** (1 - t) * new.weight**t)  # fmt: skip


def _outside(x: Array) -> Point:
    """Return the point of x outside the domain."""
    lost = np.full(x.size, np.nan)
    return Point(lost, lost, np.outer(lost, lost), lost, lost)


class _One:
    """Conditions of one system."""

    __slots__ = ()

    def some(self, which: Any) -> Self:
        """Return the only one."""
        return self


@dataclass(frozen=True, slots=True)
class PriceConditions(_One):
    """First-order conditions of the products whose price is free, at staged costs and weights.

    At t = 0 costs and weights are those of `anchor`, at t = 1 those of `game`.
    """

    game: Game
    anchor: Game
    free: Flags
    prices: Array
    """Prices of the products held, shape (J,); the others are not read."""
    kept_sales: Array | None = None
    """Log sales that some free products keep whatever is priced, NaN for the others, (J,)."""

    def shelf(self, x: Array) -> Array:
        """Return all prices from the log prices of the free products."""
        full = self.prices.copy()
        full[self.free] = np.exp(x)
        return full

    def at(self, x: Array, t: float) -> Point:
        """Return the conditions and their derivatives; no numbers where a product is not sold."""
        with np.errstate(all="ignore"):
            prices, game = self.shelf(x), between(self.anchor, self.game, t)
            if not (game.demand.quantities(prices) >= 0).all():
                return _outside(x)
            free = self.free
            gap, size = game.terms(prices)
            jacobian = game.jacobian(prices)
            if self.kept_sales is not None:
                fixed = np.isfinite(self.kept_sales)
                sales = np.log(game.demand.quantities(prices))
                gap, size = np.where(fixed, sales - self.kept_sales, gap), np.where(fixed, 1, size)
                jacobian[fixed] = game.demand.elasticities(prices)[fixed]
            drift = np.zeros_like(gap) if self.game is self.anchor else self._drift(game, prices)
        return Point(gap[free], size[free], jacobian[np.ix_(free, free)], drift[free], gap[free])

    def _drift(self, game: Game, prices: Array) -> Array:
        """Return how the conditions at fixed prices move with t, shape (J,)."""
        rise = game.cost * np.log(self.game.cost / self.anchor.cost)
        tilt = game.weight * np.log(self.game.weight / self.anchor.weight)
        return game.cost_response(prices) @ rise + game.weight_response(prices) @ tilt


def solve_prices(
    game: Game,
    anchors: Iterable[tuple[Game, Array]],
    held: Flags,
    start: Array,
) -> tuple[Array, float, int]:
    """Return equilibrium prices, the largest condition relative to its terms, and Newton steps.

    Newton from `start`, then from the prices of each anchor, a game whose equilibrium is known;
    then the path from each anchor. Products `held` keep their price at `start`, shape (J,).
    """
    known, free = list(anchors), ~held
    own = PriceConditions(game, game, free, start)
    starts = (*(prices for _, prices in known), start)
    trials = [partial(newton, own, np.log(prices[free])) for prices in starts]
    for anchor, prices in known if free.all() else ():
        trials.append(partial(track, replace(own, anchor=anchor), np.log(prices)))
    found = first_settled(trials)
    return own.shelf(found.x), float(found.error), int(found.iterations)


@dataclass(frozen=True, slots=True)
class TiedConditions(_One):
    """Bertrand conditions of firms that move the prices of some products together.

    One unknown per free product, its log price, and one per tie: the log of its ratio, or of one
    plus its change over the mean price before. A tie's condition is the mean of its products', each
    weighed by what a move of the tie is worth at its sales.
    """

    game: Game
    held: Flags
    before: Array
    ties: Sequence[tuple[Flags, bool]]
    """Products of each tie, bool, shape (J,), and whether they share a ratio (else a change)."""

    @property
    def alone(self) -> Labels:
        """Positions of the products that are neither held nor tied."""
        joined = np.any([flags for flags, _ in self.ties], axis=0)
        return np.flatnonzero(~self.held & ~joined)

    def shelf(self, z: Array) -> tuple[Array, Array]:
        """Return all prices, and d log p/dz, shape (J, n)."""
        prices, alone = self.before.copy(), self.alone
        moves = np.zeros((prices.size, z.size))
        prices[alone] = np.exp(z[: alone.size])
        moves[alone, np.arange(alone.size)] = 1.0
        for column, (flags, ratio) in enumerate(self.ties, start=alone.size):
            mean = float(self.before[flags].mean())
            lift = mean * np.expm1(z[column])
            prices[flags] = self.before[flags] * np.exp(z[column]) if ratio else (
                self.before[flags] + lift
            )  # fmt: skip
            moves[flags, column] = 1.0 if ratio else (mean + lift) / prices[flags]
        return prices, moves

    def at(self, z: Array, t: float) -> Point:
        """Return the conditions and their derivatives; no numbers where a price is not positive."""
        with np.errstate(all="ignore"):
            prices, moves = self.shelf(z)
            game = self.game
            sales = game.demand.quantities(prices)
            if not ((prices > 0) & (sales >= 0)).all():
                return _outside(z)
            worth = sales * np.diag(game.ownership) * game.weight * prices
            part = (worth[:, None] * moves).T
            part /= part.sum(axis=1, keepdims=True)
            gap, size = game.terms(prices)
            whole = part @ gap
            apart = part * (gap - whole[:, None])
            growth = (game.demand.elasticities(prices) + np.eye(prices.size)) @ moves
            turn = apart @ growth + np.diag((apart * (1 - moves.T)).sum(axis=1))
            slope = part @ game.jacobian(prices) @ moves + turn
        return Point(whole, part @ size, slope, np.zeros(whole.size), whole)


def solve_tied(
    game: Game,
    anchor: Game,
    held: Flags,
    prices: Array,
    before: Array,
    ties: Sequence[tuple[Flags, bool]],
) -> tuple[Array, TiedConditions, Found]:
    """Return prices at which no free product or tie is better moved, and how they were found.

    `anchor` is the game whose equilibrium is `before`; products `held` stand at `prices`.
    """
    start = np.where(held, prices, before)
    for stages in _STAGES:
        conditions = TiedConditions(anchor, held, start, ties)
        z = np.concatenate([np.log(before[conditions.alone]), np.zeros(len(ties))])
        for t in np.arange(1, stages + 1) / stages:
            conditions = replace(conditions, game=between(anchor, game, t))
            found = newton(conditions, z)
            if found.error > SETTLED:
                break
            z = found.x
        if found.error <= SETTLED:
            break
    return conditions.shelf(found.x)[0], replace(conditions, game=game), found


def off_peak(conditions: TiedConditions, z: Array, makers: Sequence[str]) -> Iterator[str]:
    """Yield the makers whose profit is not at a local maximum in their own unknowns of z."""
    point = conditions.at(z, 1.0)
    for firm in dict.fromkeys(makers):
        own = np.flatnonzero(np.array(makers) == firm)
        if np.linalg.eigvals(point.jacobian[np.ix_(own, own)]).real.max() > TOLERANCE:
            yield firm
