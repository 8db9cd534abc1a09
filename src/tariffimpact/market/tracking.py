"""Solving F(x, 1) = 0: a damped Newton, and a path from t = 0 to 1 for when it does not arrive.

The path is followed by arc length, so that it may turn back in t on its way: where F(x, 0) = 0 has
one solution and solutions stay bounded in between, it cannot miss (Allgower and Georg 1990,
*Numerical Continuation Methods*).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from tariffimpact.market.system import Array

SETTLED = 1e-11
"""Relative gap at which no further start is tried."""
_AIM = 1e-15
_HALVINGS, _LAST_HALVINGS = 30, 3
"""How often a step that does not help is halved: on the way, and where rounding is near."""
_PATH_STEPS = 1000
_T_SCALE = 10.0
"""What a whole t counts for in arc length, in units of x."""
_CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class Point:
    """F and its derivatives at one x and t."""

    gap: Array
    """F, shape (n,)."""
    size: Array
    """Size of the terms that F is the sum of, shape (n,)."""
    jacobian: Array
    """dF/dx, shape (n, n)."""
    drift: Array
    """dF/dt, shape (n,)."""

    @property
    def error(self) -> float:
        """Largest gap relative to its terms."""
        return float(np.max(np.abs(self.gap) / self.size, initial=0.0))

    @property
    def finite(self) -> bool:
        """Whether every number is finite."""
        parts = (self.gap, self.size, self.jacobian, self.drift)
        return all(bool(np.isfinite(part).all()) for part in parts)


class Conditions(Protocol):
    """A system of n equations in n unknowns and the path parameter t."""

    def at(self, x: Array, t: float) -> Point | None:
        """Return F there; None outside its domain."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best point reached."""

    x: Array
    error: float
    """Largest gap relative to its terms; inf if no point of the domain was reached."""
    iterations: int


def newton(conditions: Conditions, start: Array, limit: int = 100) -> Found:
    """Return the best point a damped Newton at t = 1 reaches from `start` in `limit` steps."""
    x = start
    point = conditions.at(x, 1.0)
    if point is None:
        return Found(x, np.inf, 0)
    for count in range(limit):
        step = _solved(point.jacobian, -point.gap)
        if point.error <= _AIM or step is None:
            return Found(x, point.error, count)
        for _ in range(_HALVINGS if point.error > SETTLED else _LAST_HALVINGS):
            moved = conditions.at(x + step, 1.0)
            if moved is not None and moved.error < point.error:
                break
            step = step / 2
        else:
            return Found(x, point.error, count)
        x, point = x + step, moved
    return Found(x, point.error, limit)


def track(conditions: Conditions, start: Array) -> Found:
    """Return the point at t = 1 on the path that begins at (`start`, 0), or where it was lost."""
    at = np.append(start, 0.0)
    point = conditions.at(start, 0.0)
    stride, count = 0.5, 0
    if point is None:
        return Found(start, np.inf, 0)
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
    end = conditions.at(at[:-1], 1.0)
    return Found(at[:-1], np.inf if end is None else end.error, count)


def first_settled(trials: Iterable[Callable[[], Found]]) -> Found:
    """Return the first trial that settles, else the last one; iterations of all of them."""
    found, count = Found(np.empty(0), np.inf, 0), 0
    for trial in trials:
        found = trial()
        count += found.iterations
        if found.error <= SETTLED:
            break
    return replace(found, iterations=count)


def _corrected(conditions: Conditions, guess: Array, reach: float) -> tuple[Array, Point] | None:
    """Return the point of the path nearest to `guess`, or None if Newton leaves it by `reach`."""
    at, last = guess, np.inf
    for _ in range(6):
        point = conditions.at(at[:-1], at[-1] / _T_SCALE)
        if point is None or point.error > 0.5 * last or at[-1] > _T_SCALE:
            return None
        if point.error < _CLOSE:
            return (at, point) if np.linalg.norm(at - guess) < reach else None
        last = point.error
        at = at - np.linalg.lstsq(_along(point), point.gap, rcond=None)[0]
    return None


def _along(point: Point) -> Array:
    """Return the derivatives in x and in the path's own measure of t, shape (n, n + 1)."""
    return np.column_stack([point.jacobian, point.drift / _T_SCALE])


def _tangent(point: Point, ahead: Array) -> Array:
    """Return the unit direction of the path that goes on rather than back."""
    direction = np.linalg.svd(_along(point))[2][-1]
    return np.asarray(direction if direction @ ahead > 0 else -direction)


def _solved(matrix: Array, right: Array) -> Array | None:
    try:
        step = np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        return None
    return np.asarray(step) if np.isfinite(step).all() else None
