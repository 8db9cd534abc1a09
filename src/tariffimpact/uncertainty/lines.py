"""Lines through a box of inputs, along which it is seen whether an answer turns or moves."""

from __future__ import annotations

from typing import Final

import numpy as np

from tariffimpact.uncertainty.distributions import Array

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
