"""The estimators of the Sobol indices, and the bootstrap of their sampling error."""

from __future__ import annotations

from typing import Final

import numpy as np

from tariffimpact.uncertainty.distributions import Array

_Z: Final = 1.959963984540054
"""A normal value lies within so many standard deviations of its mean 95 times in 100."""


def estimates(
    at_a: Array, at_b: Array, at_ab: Array, *, bootstraps: int, seed: int
) -> tuple[Array, float, float]:
    """Return the indices from the model's answers, with the mean and the variance of the answer.

    Parameters
    ----------
    at_a, at_b
        Answers on the two sample matrices, shape (N,).
    at_ab
        Answers on A with one column from B, shape (inputs, N).
    bootstraps, seed
        Resamples, and the seed of their counts.

    Returns
    -------
    tuple
        Shape (inputs, 4): first order, half width of its 95% interval, total order, half width of
        its 95% interval; then the mean and the variance.

    Examples
    --------
    >>> a, b = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 0.0, 1.0, 1.0])
    >>> shares, mean, variance = estimates(a, b, b[None, :], bootstraps=10, seed=1)
    >>> shares[0, [0, 2]], mean, variance
    (array([1., 1.]), 0.5, 0.25)
    """
    inputs, rows = at_ab.shape
    mean = (at_a.sum() + at_b.sum() + at_ab.sum()) / (rows * (inputs + 2))
    a, b = at_a - mean, at_b - mean
    moves = at_ab - at_a
    terms = np.empty((2 * inputs + 2, rows))
    np.multiply(moves, b, out=terms[:inputs])
    np.multiply(moves, moves, out=terms[inputs : 2 * inputs])
    np.add(a, b, out=terms[-2])
    np.add(a * a, b * b, out=terms[-1])
    weights = np.concatenate([np.ones((1, rows)), _counts(bootstraps, rows, seed)])
    means = weights @ terms.T / rows
    variance = means[:, -1] / 2 - (means[:, -2] / 2) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = means[:, : 2 * inputs] / variance[:, None]
    shares[:, inputs:] /= 2
    half = _Z * shares[1:].std(axis=0, ddof=1)
    columns = [shares[0, :inputs], half[:inputs], shares[0, inputs:], half[inputs:]]
    return np.stack(columns, axis=1), float(mean), float(variance[0])


def _counts(bootstraps: int, rows: int, seed: int) -> Array:
    """Return how often each row is drawn in each resample: multinomial counts."""
    generator = np.random.default_rng([seed, rows])
    drawn = generator.integers(0, rows, size=(bootstraps, rows), dtype=np.int32)
    counts = np.empty((bootstraps, rows))
    for resample, rows_drawn in zip(counts, drawn, strict=True):
        resample[:] = np.bincount(rows_drawn, minlength=rows)
    return counts
