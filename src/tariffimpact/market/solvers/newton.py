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
        step = solutions(point.jacobian, -point.lifted[..., None])[..., 0]
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


def solutions(matrix: Array, right: Array) -> Array:
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


Ties = Sequence[tuple[Flags, bool]]
"""Products of each tie, bool, shape (J,), and whether they share a ratio (else a change)."""


@dataclass(frozen=True, slots=True)
class PriceConditions:
    """First-order conditions of the products whose price is free, at staged costs and weights.

    At t = 0 costs and weights are those of `anchor`, at t = 1 those of `game`. One unknown per free
    product, its log price, and one per tie: the log of its ratio, or of one plus its change over
    the mean price before. A tie's condition is the mean of its products', each weighed by what a
    move of the tie is worth at its sales (Bertrand).
    """

    game: Game
    anchor: Game
    free: Flags
    prices: Array
    """Prices of the products held and, before, of those tied, shape (J,); others are not read."""
    ties: Ties = ()
    kept_sales: Array | None = None
    """Log sales that some free products keep whatever is priced, NaN for the others, (J,)."""

    def some(self, which: Any) -> Self:
        """Return the only system there is."""
        return self

    @property
    def alone(self) -> Labels:
        """Positions of the products that are neither held nor tied."""
        tied = np.any([flags for flags, _ in self.ties], axis=0) if self.ties else False
        return np.flatnonzero(self.free & ~np.asarray(tied))

    def place(self, prices: Array) -> Array:
        """Return x at `prices`, ties as before."""
        return np.append(np.log(prices[self.alone]), np.zeros(len(self.ties)))

    def shelf(self, x: Array) -> tuple[Array, Array]:
        """Return all prices, and d log p/dx, shape (J, n)."""
        prices, alone = self.prices.copy(), self.alone
        moves = np.zeros((prices.size, x.size))
        prices[alone] = np.exp(x[: alone.size])
        moves[alone, np.arange(alone.size)] = 1.0
        for column, (flags, ratio) in enumerate(self.ties, start=alone.size):
            before = self.prices[flags]
            lift = before if ratio else before.mean()
            prices[flags] = before + lift * np.expm1(x[column])
            moves[flags, column] = lift * np.exp(x[column]) / prices[flags]
        return prices, moves

    def at(self, x: Array, t: float) -> Point:
        """Return the conditions and their derivatives; no numbers where a product is not sold."""
        with np.errstate(all="ignore"):
            prices, moves = self.shelf(x)
            game = between(self.anchor, self.game, t)
            sold = game.demand.quantities(prices)
            if not ((sold >= 0) & (prices > 0)).all():
                lost = np.full(x.size, np.nan)
                return Point(lost, lost, np.outer(lost, lost), lost, lost)
            gap, size = game.terms(prices)
            jacobian = game.jacobian(prices)
            if self.kept_sales is not None:
                fixed = np.isfinite(self.kept_sales)
                gap = np.where(fixed, np.log(sold) - self.kept_sales, gap)
                size = np.where(fixed, 1, size)
                jacobian[fixed] = game.demand.elasticities(prices)[fixed]
            drift = np.zeros_like(gap) if self.game is self.anchor else self._drift(game, prices)
            part, turn = moves.T, 0.0
            if self.ties:
                worth = sold * np.diag(game.ownership) * game.weight * prices
                part = (worth[:, None] * moves).T
                part = part / part.sum(axis=1, keepdims=True)
                apart = part * (gap - (part @ gap)[:, None])
                growth = (game.demand.elasticities(prices) + np.eye(prices.size)) @ moves
                turn = apart @ growth + np.diag((apart * (1 - moves.T)).sum(axis=1))
            whole = part @ gap
            return Point(whole, part @ size, part @ jacobian @ moves + turn, part @ drift, whole)

    def _drift(self, game: Game, prices: Array) -> Array:
        """Return how the conditions at fixed prices move with t, shape (J,)."""
        rise = game.cost * np.log(self.game.cost / self.anchor.cost)
        tilt = game.weight * np.log(self.game.weight / self.anchor.weight)
        return game.cost_response(prices) @ rise + game.weight_response(prices) @ tilt

    def off_peak(self, x: Array, firms: Sequence[str]) -> Iterator[str]:
        """Yield the firms whose profit is not at a local maximum in their own unknowns of x."""
        makers = np.array([firms[j] for j in self.alone]
                          + [firms[int(flags.argmax())] for flags, _ in self.ties])  # fmt: skip
        jacobian = self.at(x, 1.0).jacobian
        for firm in dict.fromkeys(makers):
            own = np.flatnonzero(makers == firm)
            if np.linalg.eigvals(jacobian[np.ix_(own, own)]).real.max() > TOLERANCE:
                yield str(firm)


def solve_prices(
    game: Game, anchors: Iterable[tuple[Game, Array]], held: Flags, start: Array, ties: Ties = ()
) -> tuple[PriceConditions, Found]:
    """Return the conditions of a game and where they are met: its `shelf` there says the prices.

    Newton from `start`, then from the prices of each anchor, a game whose equilibrium is known;
    then the path from each anchor. Products `held` keep their price at `start`, shape (J,); those
    in `ties` move together from there.
    """
    known = list(anchors)
    own = PriceConditions(game, game, ~held, start, ties)
    starts = (*(prices for _, prices in known), start)
    trials = [partial(newton, own, own.place(prices)) for prices in starts]
    trials += [partial(_from, replace(own, anchor=anchor), prices) for anchor, prices in known]
    return own, first_settled(trials)


def _from(conditions: PriceConditions, prices: Array) -> Found:
    """Return where the path from the anchor ends, which is first solved with the prices held."""
    anchor = replace(conditions, game=conditions.anchor)
    first = newton(anchor, conditions.place(prices))
    return track(conditions, first.x) if first.error <= SETTLED else first
