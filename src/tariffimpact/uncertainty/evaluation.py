"""How a model is called: once for many values of its inputs, or once for each where it must be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tariffimpact.errors import ModelError, require
from tariffimpact.uncertainty.distributions import Array

Model = Callable[..., Any]
"""A function of the inputs by name. Each is a number or an array of one length; so is the answer,
with NaN where the model has none. A path answers with one row per value of the inputs."""

Progress = Callable[[int, int], None]
"""Called with the work done and the work in all."""


def elementwise(model: Model) -> Model:
    """Return a model that may be given arrays, from one that takes numbers only.

    A call that ends in a `ModelError` ("no price does") becomes NaN, which the methods count and
    report. It is a loop: a vectorised model is a hundred times faster.

    Examples
    --------
    >>> def root(*, x):
    ...     if x < 0:
    ...         raise ModelError("no root; give a positive number")
    ...     return x ** 0.5
    >>> elementwise(root)(x=np.array([4.0, -1.0]))
    array([ 2., nan])
    """

    def one_by_one(**inputs: Any) -> Array:
        names = list(inputs)
        rows = np.broadcast_arrays(
            *(np.asarray(value, dtype=np.float64) for value in inputs.values())
        )
        answers = []
        for row in zip(*(np.atleast_1d(column) for column in rows), strict=True):
            try:
                answers.append(float(model(**dict(zip(names, map(float, row), strict=True)))))
            except ModelError:
                answers.append(float("nan"))
        return np.array(answers)

    return one_by_one


def evaluate(
    model: Model, fixed: Mapping[str, float], columns: Mapping[str, Array], rows: int
) -> Array:
    """Return the model's answers for `rows` values of the varying inputs.

    Raises
    ------
    ModelError
        If the answer is not one number, or one row of numbers, for each.
    """
    with np.errstate(all="ignore"):  # what does not come out finite is counted and reported
        try:
            answer = np.asarray(model(**fixed, **columns))
        except (TypeError, ValueError):
            if not columns:
                raise
            answer = elementwise(model)(**fixed, **columns)  # it takes numbers, one at a time
    if answer.dtype.kind not in "fiub":
        raise ModelError(
            f"the model answered with {answer.dtype}, not numbers; return one figure of its result"
        )
    if answer.ndim == 0:
        return np.full(rows, float(answer))
    if not columns and answer.ndim == 1:  # nothing varies: one path for all
        return np.tile(answer.astype(np.float64), (rows, 1))
    if answer.shape[0] != rows or answer.ndim > 2:
        raise ModelError(
            f"the model answered with shape {answer.shape} for {rows} values of its inputs; "
            "return one number for each, or wrap a model of plain numbers in elementwise()"
        )
    return answer.astype(np.float64, copy=False)


def check_seed(seed: int) -> None:
    """Refuse a seed below 0.

    Raises
    ------
    ModelError
        If it is.
    """
    require(seed >= 0, f"the seed must not be negative (got {seed}); any whole number from 0 does")
