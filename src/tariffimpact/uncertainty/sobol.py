"""Sobol indices: the share of an answer's variance that each input accounts for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tariffimpact.answers import Answer
from tariffimpact.errors import ModelError, NotIdentified
from tariffimpact.interval import Interval
from tariffimpact.uncertainty.distributions import Array, Distribution
from tariffimpact.uncertainty.inputs import Input, Inputs, Model, Progress, check_seed, evaluate
from tariffimpact.uncertainty.phrasing import defined_share
from tariffimpact.units import percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


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


_LARGEST: Final = 1 << 22


@dataclass(frozen=True, slots=True)
class Index:
    """One input's share of the variance."""

    input: str
    first: float
    """What it accounts for by itself."""
    first_interval: Interval
    total: float
    """What it accounts for by itself and together with the others."""
    total_interval: Interval


@dataclass(frozen=True, slots=True, repr=False)
class Sensitivity(Answer):
    """First- and total-order Sobol indices, the largest total first."""

    indices: tuple[Index, ...]
    mean: float
    variance: float
    rows: int
    """Rows of the two sample matrices (N)."""
    undefined: int
    """Rows left out because the model had no answer in some of their evaluations."""
    evaluations: int
    bootstraps: int
    seed: int
    inputs: Inputs
    name: str

    def summary(self) -> str:
        """Return which input matters most, and what is left to their working together."""
        first = self.indices[0]
        together = 1 - sum(index.first for index in self.indices)
        return (
            f"{first.input} accounts for {percent(_share(first.total), 0)} of the variance of the "
            f"{self.name} (95% interval {percent(first.total_interval, 0)}); "
            f"{percent(_share(together), 0)} is due to inputs working together"
            f"{defined_share(self.undefined, self.rows, 'sample rows')}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return `input, first, first_low, first_high, total, total_low, total_high`.

        Indices are fractions of the variance; the intervals are 95% bootstrap intervals.
        """
        import pandas as pd

        rows = [
            (x.input, x.first, x.first_interval.low, x.first_interval.high,
             x.total, x.total_interval.low, x.total_interval.high)
            for x in self.indices
        ]  # fmt: skip
        columns = ["input", "first", "first_low", "first_high", "total", "total_low", "total_high"]
        return pd.DataFrame(rows, columns=columns)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw first- and total-order bars with their intervals."""
        from tariffimpact import charts

        frame = self.to_frame()
        spoken = frame["input"].str.replace("_", " ")
        return charts.sensitivity_bars(frame.assign(input=spoken), ax=ax)

    def explain(self) -> str:
        """Return the estimators, the sample, and what the indices assume."""
        return (
            f"Inputs, independent of each other:\n{self.inputs.describe()}\n"
            f"{self.evaluations:,} evaluations on scrambled Sobol points, N = {self.rows:,}, seed "
            f"{self.seed}; {self.undefined:,} rows without an answer left out.\n"
            "First order: mean f(B)(f(A_B) - f(A)) / V (Saltelli et al. 2010); total order: "
            "mean (f(A) - f(A_B))² / 2V (Jansen 1999).\n"
            f"Intervals: ±1.96 standard deviations over {self.bootstraps} bootstraps of the rows; "
            "Sobol points are more even than random ones, so these are wide rather than narrow.\n"
            "An interval input is spread evenly, which is an assumption. A share of variance says "
            "which fact is worth finding out, not what causes what."
        )


def sobol(
    model: Model,
    inputs: Mapping[str, Input] | Inputs,
    *,
    n: int = 2**14,
    seed: int,
    bootstraps: int = 100,
    name: str = "result",
    progress: Progress | None = None,
) -> Sensitivity:
    """Return the share of the answer's variance that each input accounts for.

    .. math::

        S_i = (∑ f(B) [f(A_B^i) − f(A)]) / (N V), quad
        T_i = (∑ [f(A) − f(A_B^i)]^2) / (2 N V)

    A and B are two independent sample matrices, :math:`A_B^i` is A with column i from B; the model
    is evaluated N (d + 2) times for d varying inputs. A bootstrap reweights the N rows by how
    often each was drawn: all of them are one product of the counts with the rows' terms.

    Parameters
    ----------
    model
        A function of the inputs by name that takes arrays (see `elementwise`).
    inputs
        A number, an interval or a distribution for each; an interval is spread evenly.
    n
        N, a power of two.
    seed
        A non-negative whole number; the same seed gives the same indices.
    bootstraps
        Resamples behind the 95% intervals, at least 10.
    name
        What the answer is.
    progress
        Called with the evaluations done and those in all.

    Raises
    ------
    ModelError
        If an input is faulty, none varies, `n` is no power of two, or the answer does not vary.
    NotIdentified
        If the model has no answer in more than half of the rows.

    References
    ----------
    Saltelli et al. (2010), *Computer Physics Communications* 181(2): 259-270.
    Jansen (1999), *Computer Physics Communications* 117(1-2): 35-43.

    Examples
    --------
    >>> shares = sobol(lambda a, b: 3 * a + 4 * b, {"a": "0..1", "b": "0..1"}, seed=1)
    >>> [(index.input, round(index.first, 2)) for index in shares.indices]  # 16/25 and 9/25
    [('b', 0.64), ('a', 0.36)]
    """
    _check(n, seed, bootstraps)
    read = Inputs.read(inputs)
    varying = read.distributions(needed=True)
    at_a, at_b, at_ab = _evaluate(model, read.fixed, varying, n, seed, progress)
    defined = np.isfinite(at_a) & np.isfinite(at_b) & np.isfinite(at_ab).all(axis=0)
    if not defined.all():
        if defined.sum() * 2 < n:
            raise NotIdentified(
                f"{name}: the model has no answer in {n - int(defined.sum()):,} of {n:,} sample "
                "rows; narrow the inputs to where it has one"
            )
        at_a, at_b, at_ab = at_a[defined], at_b[defined], at_ab[:, defined]
    indices, mean, variance = estimates(at_a, at_b, at_ab, bootstraps=bootstraps, seed=seed)
    if not variance > 0:
        raise ModelError(f"{name} does not vary with any input; there is no variance to share out")
    named = [
        Index(key, first, Interval(first - a, first + a), total, Interval(total - b, total + b))
        for key, (first, a, total, b) in zip(varying, indices.tolist(), strict=True)
    ]
    named.sort(key=lambda index: -index.total)
    return Sensitivity(
        indices=tuple(named),
        mean=mean,
        variance=variance,
        rows=n,
        undefined=n - int(defined.sum()),
        evaluations=n * (len(varying) + 2),
        bootstraps=bootstraps,
        seed=seed,
        inputs=read,
        name=name,
    )


def _evaluate(
    model: Model,
    fixed: Mapping[str, float],
    varying: Mapping[str, Distribution],
    n: int,
    seed: int,
    progress: Progress | None,
) -> tuple[Array, Array, Array]:
    """Return the answers on A, on B, and on A with each column from B in turn."""
    from scipy.stats import qmc

    unit = qmc.Sobol(2 * len(varying), scramble=True, rng=seed).random(n)
    columns = np.ascontiguousarray(unit.T)
    keys = list(varying)
    a = {key: varying[key].quantile(columns[i]) for i, key in enumerate(keys)}
    b = {key: varying[key].quantile(columns[len(keys) + i]) for i, key in enumerate(keys)}
    answers = np.empty((len(keys) + 2, n))
    for done, at in enumerate([a, b, *({**a, key: b[key]} for key in keys)]):
        answers[done] = _single(evaluate(model, fixed, at, n))
        if progress is not None:
            progress((done + 1) * n, answers.size)
    return answers[0], answers[1], answers[2:]


def _single(answer: Array) -> Array:
    if answer.ndim != 1:
        raise ModelError("the answer is a path; decompose one figure of it, such as its last step")
    return answer


def _check(n: int, seed: int, bootstraps: int) -> None:
    if n < 2 or n > _LARGEST or n & (n - 1):
        near = 1 << max(1, min(int(n), _LARGEST)).bit_length()
        raise ModelError(f"n must be a power of two up to 2^22 (got {n}); {near} would do")
    check_seed(seed)
    if bootstraps < 10:
        raise ModelError(f"bootstraps must be 10 or more (got {bootstraps}); 100 is usual")


def _share(value: float) -> float:
    """Return an index without the noise that can carry it past 0 or 1."""
    return min(1.0, max(0.0, value))
