"""The search for the ends of a model's answer over a box of inputs."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from tariffimpact.interval import Interval
from tariffimpact.uncertainty.distributions import Array
from tariffimpact.uncertainty.inputs import Model, Stated, evaluate

_POINTS_PER_LINE: Final = 17
_ROUNDING: Final = 1e-12
"""A step this small, relative to the size of the answers on the line, is arithmetic, not a turn."""


def lines_through(size: int, lines: int) -> Array:
    """Return points on lines parallel to each axis: shape (axis, line, point, coordinate).

    The lines stand at scattered places, and the points on each are shifted at random within equal
    steps, so that together they look much closer at every input than one line does.
    """
    if size == 0:
        return np.zeros((0, 1, 1, 0))
    generator = np.random.default_rng(20250820)
    points = np.empty((size, lines, _POINTS_PER_LINE, size))
    points[:] = _scatter(size, lines)[None, :, None, :]
    steps = _POINTS_PER_LINE - 2
    for axis in range(size):
        inner = (np.arange(steps) + generator.random((lines, steps))) / steps
        points[axis, :, 1:-1, axis] = inner
        points[axis, :, 0, axis], points[axis, :, -1, axis] = 0.0, 1.0
    return points


def _scatter(size: int, lines: int) -> Array:
    """Return evenly scattered places for the lines, the first through the middle of the box."""
    from scipy.stats import qmc

    scattered: Array = qmc.Halton(size, scramble=True, rng=1).random(lines)
    scattered[0] = 0.5
    scattered[1 : 1 + lines // 4] = np.round(scattered[1 : 1 + lines // 4])  # along the edges too
    return scattered


def monotone(block: Array) -> np.ndarray:
    """Return for each line whether the answers on it only rise or only fall."""
    finite = np.where(np.isfinite(block), np.abs(block), 0.0)
    slack = _ROUNDING * finite.max(axis=-1, keepdims=True)
    before, after = block[:, :-1], block[:, 1:]
    rises = (after >= before - slack) | np.isnan(before) | np.isnan(after)
    falls = (after <= before + slack) | np.isnan(before) | np.isnan(after)
    return np.asarray(rises.all(axis=-1) | falls.all(axis=-1))


def still(block: Array) -> bool:
    """Return whether the answers on each line are all the same."""
    finite = np.where(np.isfinite(block), block, 0.0)
    slack = _ROUNDING * np.abs(finite).max(axis=-1)
    same_gaps = (np.isfinite(block) == np.isfinite(block[:, :1])).all()
    return bool(same_gaps and (np.ptp(finite, axis=-1) <= slack).all())


def explains(values: Array, answers: Array) -> bool:
    """Whether every answer seen lies between those at the corners."""
    if np.isnan(values).any() or np.isnan(answers).any():
        return False
    finite = np.abs(values[np.isfinite(values)])
    slack = 1e-9 * float(finite.max(initial=0.0))
    return bool((answers >= values.min() - slack).all() and (answers <= values.max() + slack).all())


_ALL_CORNERS_UP_TO: Final = 14
"""Beyond so many varying inputs the corners are those the slopes point to."""
_STARTS: Final = 8
_ROUNDS: Final = 200
_CLOUD: Final = 400
_GENERATIONS: Final = 100
_SHORTEST: Final = 1e-9
"""Steps below this share of the range end the search."""
_ROWS: Final = 1 << 16
_NOWHERE: Final = 1e300
"""Stands for "no answer" where a minimiser needs a number."""


@dataclass(slots=True)
class Box:
    """A model over the ranges of its varying inputs, each measured from 0 to 1."""

    model: Model
    fixed: Mapping[str, float]
    ranges: Mapping[str, Interval]
    evaluations: int = 0
    undefined: int = 0
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.names = tuple(self.ranges)

    @property
    def size(self) -> int:
        """How many inputs vary."""
        return len(self.names)

    def __call__(self, at: Array) -> Array:
        """Return the answers at points of the unit box, shape (points, inputs)."""
        answers = np.concatenate(
            [self._some(at[start : start + _ROWS]) for start in range(0, max(1, len(at)), _ROWS)]
        )
        self.evaluations += len(at)
        self.undefined += int(np.count_nonzero(np.isnan(answers)))
        return answers

    def _some(self, at: Array) -> Array:
        columns = {
            name: _between(span, at[:, column])
            for column, (name, span) in enumerate(self.ranges.items())
        }
        return evaluate(self.model, self.fixed, columns, len(at))

    def place(self, at: Array, stated: Mapping[str, Stated]) -> dict[str, float]:
        """Return every input, in the order it was given, at a point of the unit box."""
        moved = {
            name: float(_between(span, at[column : column + 1])[0])
            for column, (name, span) in enumerate(self.ranges.items())
        }
        return {name: moved.get(name, self.fixed.get(name, float("nan"))) for name in stated}


def _between(span: Interval, share: Array) -> Array:
    """Return the values at shares of the way from the low to the high end; the ends are exact."""
    return np.where(share == 1.0, span.high, span.low + share * span.width)


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the unit box and the answer there."""

    at: Array
    value: float


def corners(box: Box, answers: Array) -> tuple[Array, Array]:
    """Return corners of the box and the answers there.

    All of them where they are few; otherwise the two that the slopes point to, `answers` being
    those on lines along each input.
    """
    if box.size <= _ALL_CORNERS_UP_TO:
        at = np.array(list(itertools.product((0.0, 1.0), repeat=box.size)))
    else:
        steps = answers[:, :, -1] - answers[:, :, 0]
        rises = np.nansum(np.sign(steps), axis=1) >= 0
        at = np.array([1.0 - rises, 1.0 * rises])
    return at, box(at.reshape(len(at), box.size))


@dataclass(slots=True)
class Search:
    """Everything a search may start from: the points tried and their answers."""

    box: Box
    tried: Array
    answers: Array
    corner: Array
    corner_answers: Array

    @property
    def has_answer(self) -> bool:
        """Whether the model has an answer at any point tried."""
        return not bool(np.isnan(self.answers).all() and np.isnan(self.corner_answers).all())

    def ends(self) -> tuple[Point, Point]:
        """Return the corners with the lowest and the highest answer."""
        low, high = int(np.argmin(self.corner_answers)), int(np.argmax(self.corner_answers))
        values = self.corner_answers
        return (
            Point(self.corner[low], float(values[low])),
            Point(self.corner[high], float(values[high])),
        )

    def starts(self, sign: Literal[1, -1]) -> list[Point]:
        """Return the most promising points, corners first where they are as good."""
        at = np.concatenate([self.corner, self.tried])
        values = np.concatenate([self.corner_answers, self.answers])
        order = np.argsort(np.where(np.isnan(values), np.inf, sign * values), kind="stable")
        kept = [int(index) for index in order if not np.isnan(values[index])]
        spread: list[int] = []
        for index in kept[:2000]:
            if all(np.abs(at[index] - at[other]).max() > 0.05 for other in spread):
                spread.append(index)
            if len(spread) == _STARTS:
                break
        return [Point(at[index], float(values[index])) for index in spread]


def lowest(search: Search, sign: Literal[1, -1] = 1) -> Point:
    """Return the lowest answer found (the highest with `sign` -1) from many starts.

    A cloud of points drawn around the best ones shrinks towards the lowest, also along the edge of
    where the model has an answer. From there and from the best points tried, steps go downhill
    along each input and along random directions, halving where none helps: kinks and missing
    answers do not mislead them. The best is then followed by its slopes, and each input put on an
    end of its range where that is no worse.
    """
    starts = [_gathered(search, sign), *search.starts(sign)]
    best = _stepped(search.box, starts, sign)
    if np.isfinite(best.value):
        best = _better(best, _sloped(search.box, best, sign), sign)
    return _snapped(search.box, best, sign)


def _gathered(search: Search, sign: Literal[1, -1]) -> Point:
    """Return the best point of a cloud around the best so far, spread as its best tenth is."""
    generator = np.random.default_rng(20250820)
    size = search.box.size
    at = np.concatenate([search.corner, search.tried])
    values = sign * np.concatenate([search.corner_answers, search.answers])
    for _ in range(_GENERATIONS):
        values = np.where(np.isnan(values), np.inf, values)
        best = np.argsort(values, kind="stable")[: _CLOUD // 10]
        at, values = at[best], values[best]
        known = at[np.isfinite(values)]
        if len(known) < 2 or np.ptp(known, axis=0).max() < _SHORTEST:
            break
        away = known - known[0]
        spread = 2.0 * away.T @ away / len(away) + 1e-20 * np.eye(size)
        cloud = generator.multivariate_normal(known[0], spread, _CLOUD, method="eigh")
        cloud = np.clip(cloud, 0.0, 1.0)
        at = np.concatenate([at, cloud])
        values = np.concatenate([values, sign * search.box(cloud)])
    winner = int(np.argmin(np.where(np.isnan(values), np.inf, values)))
    return Point(at[winner], float(sign * values[winner]))


def _stepped(box: Box, starts: list[Point], sign: Literal[1, -1]) -> Point:
    """Return the best point that steps along lines lead to."""
    generator = np.random.default_rng(20250820)
    at = np.array([start.at for start in starts])
    values = sign * np.array([start.value for start in starts])
    reach = np.full(len(at), 0.25)
    here = np.arange(len(at))
    for _ in range(_ROUNDS):
        turned, _ = np.linalg.qr(generator.normal(size=(box.size, box.size)))
        ways = np.concatenate([np.eye(box.size), turned])
        ways = np.concatenate([ways, -ways, ways / 3, -ways / 3])
        tried = np.clip(at[:, None, :] + reach[:, None, None] * ways, 0.0, 1.0)
        answers = sign * box(tried.reshape(-1, box.size)).reshape(len(at), -1)
        answers = np.where(np.isnan(answers), np.inf, answers)
        best = np.argmin(answers, axis=1)
        helped = answers[here, best] < values
        at = np.where(helped[:, None], tried[here, best], at)
        values = np.where(helped, answers[here, best], values)
        reach = np.where(helped, reach, reach / 2)
        if reach.max() < _SHORTEST:
            break
    winner = int(np.argmin(values))
    return Point(at[winner], float(sign * values[winner]))


def _sloped(box: Box, start: Point, sign: Literal[1, -1]) -> Point:
    """Return where the slopes lead from a point."""
    from scipy.optimize import minimize

    scale = abs(start.value) or 1.0

    def downhill(at: Array) -> float:
        answer = float(box(np.clip(at, 0.0, 1.0)[None, :])[0])
        return sign * answer / scale if np.isfinite(answer) else _NOWHERE

    with np.errstate(all="ignore"):
        found = minimize(
            downhill, start.at, method="L-BFGS-B", bounds=[(0.0, 1.0)] * box.size
        )  # fmt: skip
    at = np.clip(found.x, 0.0, 1.0)
    return Point(at, float(box(at[None, :])[0]))


def _better(best: Point, other: Point, sign: Literal[1, -1]) -> Point:
    return other if not np.isnan(other.value) and sign * other.value < sign * best.value else best


def _snapped(box: Box, best: Point, sign: Literal[1, -1]) -> Point:
    """Return the point with each input on an end of its range where that is no worse.

    Where the model has no answer at the end, the input goes as far as it has one.
    """
    for column in range(box.size):
        for end in (0.0, 1.0):
            moved = _moved(box, best, column, end)
            if np.isnan(moved.value):
                moved = _edge(box, best, moved, column)
            if sign * moved.value <= sign * best.value:
                best = moved
    return best


def _moved(box: Box, point: Point, column: int, to: float) -> Point:
    at = point.at.copy()
    at[column] = to
    return Point(at, float(box(at[None, :])[0]))


def _edge(box: Box, inside: Point, outside: Point, column: int) -> Point:
    """Return the last point with an answer on the way from one with to one without."""
    for _ in range(50):
        middle = (inside.at[column] + outside.at[column]) / 2
        halfway = _moved(box, inside, column, middle)
        if np.isnan(halfway.value):
            outside = halfway
        else:
            inside = halfway
    return inside
