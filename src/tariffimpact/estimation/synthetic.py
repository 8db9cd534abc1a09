"""The synthetic control: a weighted mean of untreated units that moved with the treated before.

.. math:: min_w Σ_(t < s) (y_(1 t) − Σ_j w_j y_(j t))^2, quad w_j ≥ 0, quad Σ_j w_j = 1

fitted on the outcome before the event only. The gap after it is the effect; the same done to each
untreated unit in turn says how large a gap arises where nothing happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tariffimpact.arguments import Array
from tariffimpact.errors import ModelError
from tariffimpact.estimation.definitions import around
from tariffimpact.estimation.regression import Bools, Ints

if TYPE_CHECKING:
    import pandas as pd

MOST_DONORS: Final = 3_000
_DRAWS: Final = 200
_FOLLOWS: Final = 20.0
"""A placebo that follows its own past this many times worse says nothing of the treated."""
_ENOUGH: Final = 5


@dataclass(frozen=True, slots=True)
class SyntheticControl:
    """Weights, both paths, and what the same method finds where nothing happened."""

    donors: tuple[str, ...]
    weights: Array
    labels: tuple[str, ...]
    start: int
    treated: Array
    """Mean outcome of the treated units."""
    synthetic: Array
    placebo_gaps: Array
    """One row for each placebo: its gap in each period."""
    left_out: tuple[str, ...]
    """Untreated units with a missing period, which cannot serve."""

    @property
    def gaps(self) -> Array:
        """Treated less synthetic, in the unit of the outcome."""
        return self.treated - self.synthetic

    @property
    def effect(self) -> float:
        """Mean gap after the event."""
        return float(self.gaps[self.start :].mean())

    @property
    def fit_error(self) -> float:
        """Root of the mean square of the gaps before the event."""
        return float(np.sqrt(np.mean(self.gaps[: self.start] ** 2)))

    @property
    def placebo_effects(self) -> Array:
        """Mean gap after the event of each placebo."""
        return np.asarray(self.placebo_gaps[:, self.start :].mean(axis=1))

    @property
    def comparable(self) -> Bools:
        """Which placebos follow their own past about as well as the treated followed theirs.

        Those of which the mean square gap before is at most 20 times that of the treated; all of
        them where fewer than five would be left.
        """
        before = np.mean(self.placebo_gaps[:, : self.start] ** 2, axis=1)
        near = before <= _FOLLOWS * max(self.fit_error**2, 1e-300)
        return near if near.sum() >= _ENOUGH else np.ones(len(near), dtype=np.bool_)

    @property
    def error(self) -> float:
        """Root mean square effect of the comparable placebos; NaN with fewer than two."""
        effects = self.placebo_effects[self.comparable]
        return float(np.sqrt(np.mean(effects**2))) if len(effects) > 1 else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """The effect, with the spread of the placebos around it at 95% (Student's t)."""
        return around(self.effect, self.error, max(int(self.comparable.sum()), 1))

    @property
    def p_value(self) -> float:
        """Share of units, the treated among them, whose gaps grow as much after the event.

        Ranked by the mean square of the gap after over that before.
        """
        gaps = np.vstack([self.gaps, self.placebo_gaps])
        before = np.mean(gaps[:, : self.start] ** 2, axis=1)
        after = np.mean(gaps[:, self.start :] ** 2, axis=1)
        ratios = after / np.maximum(before, 1e-300)
        return float(np.mean(ratios >= ratios[0]))

    def weighted(self) -> dict[str, float]:
        """Return the weight of each unit that has any, the largest first."""
        weights = self.weights
        order = [n for n in np.argsort(-weights) if weights[n] > 5e-7]
        return {self.donors[n]: round(float(weights[n]), 6) for n in order}

    def path_frame(self) -> pd.DataFrame:
        """Return one row per period: `time`, `treated`, `synthetic`, `gap`."""
        import pandas as pd

        columns = {"treated": self.treated, "synthetic": self.synthetic, "gap": self.gaps}
        return pd.DataFrame({"time": self.labels, **columns})


def simplex_weights(target: Array, donors: Array) -> Array:
    """Return the weights, not below 0 and adding up to 1, that bring donors nearest to a target.

    The nearest point of the donors' convex hull. With Z the donors less the target, it is found
    by the non-negative least squares of (0, 1) on (Z, 1) and scaling the answer to one: along a
    direction w the best length is 1/(1 + |Zw|²), so the same w is least in both.

    Parameters
    ----------
    target
        One number a period.
    donors
        One row a period, one column a donor.

    Examples
    --------
    >>> simplex_weights(np.array([1.0, 2.0]), np.array([[0.0, 4.0], [1.0, 5.0]])).round(6)
    array([0.75, 0.25])
    """
    from scipy import optimize

    away = donors - target[:, None]
    scale = float(np.sqrt(np.mean(away**2))) or 1.0
    stacked = np.vstack([away / scale, np.ones(donors.shape[1])])
    found, _ = optimize.nnls(stacked, np.r_[np.zeros(len(target)), 1.0])
    return np.asarray(found / found.sum())


def synthetic_control(
    outcome: pd.DataFrame,
    treated: Bools,
    start: int,
    *,
    seed: int = 20180207,
) -> SyntheticControl:
    """Return the synthetic control of the treated units' mean, with placebos in space.

    Parameters
    ----------
    outcome
        One row a period in order, one column a unit; missing where a unit is not seen.
    treated
        Which columns are treated.
    start
        Place of the first treated period.
    seed
        Of the draws of placebo groups, where several units are treated.

    Raises
    ------
    ModelError
        If fewer than two untreated units are seen in every period, the treated are not, or there
        are fewer than two periods before.

    References
    ----------
    Abadie, Diamond and Hainmueller (2010), *Journal of the American Statistical Association*
    105(490): 493-505.
    """
    values = outcome.to_numpy(dtype=np.float64)
    whole = ~np.isnan(values).any(axis=0)
    names = np.array([str(column) for column in outcome.columns])
    pool = np.flatnonzero(whole & ~treated)
    own = np.flatnonzero(whole & treated)
    _require(pool, own, start, int(treated.sum()))
    target = values[:, own].mean(axis=1)
    weights = simplex_weights(target[:start], values[:start, pool])
    return SyntheticControl(
        donors=tuple(names[pool]),
        weights=weights,
        labels=tuple(str(label) for label in outcome.index),
        start=start,
        treated=target,
        synthetic=values[:, pool] @ weights,
        placebo_gaps=_placebos(values[:, pool], len(own), start, seed),
        left_out=tuple(names[~whole & ~treated]),
    )


def _require(pool: Ints, own: Ints, start: int, treated: int) -> None:
    if start < 2:
        raise ModelError("a synthetic control needs two periods before the event, better twenty")
    if not len(own):
        raise ModelError(
            f"none of the {treated} treated units is seen in every period; shorten the panel with "
            "--window, or fill the gaps"
        )
    if len(pool) < 2:
        raise ModelError(
            f"{len(pool)} untreated units are seen in every period, and a synthetic control needs "
            "two; shorten the panel with --window"
        )
    if len(pool) > MOST_DONORS:
        raise ModelError(
            f"{len(pool):,} untreated units are too many to weigh (at most {MOST_DONORS:,}); give "
            "groups of them as units, such as categories"
        )


def _placebos(donors: Array, size: int, start: int, seed: int) -> Array:
    """Return the gaps of placebo groups as large as the treated one, each from the other donors."""
    count = donors.shape[1]
    if size == 1:
        groups = [np.array([n]) for n in range(min(count, _DRAWS))]
    elif count >= size + 2:
        rng = np.random.default_rng(seed)
        groups = [rng.choice(count, size, replace=False) for _ in range(_DRAWS)]
    else:
        return np.zeros((0, len(donors)))
    if count < 3:
        return np.zeros((0, len(donors)))
    gaps = []
    for group in groups:
        others = np.setdiff1d(np.arange(count), group)
        target = donors[:, group].mean(axis=1)
        weights = simplex_weights(target[:start], donors[:start, others])
        gaps.append(target - donors[:, others] @ weights)
    return np.array(gaps)
