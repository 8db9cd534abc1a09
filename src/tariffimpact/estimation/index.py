"""The matched-model price index of a group: prices compared only with their own before.

- Jevons: the mean of ln(p_t / p_{t−1}) over units seen in both periods, chained.
- Törnqvist, with weights: the mean of the two periods' weighted means of the same.
- Drift: what the chain says at the end, against the direct comparison of the units of the first
  period; entry and exit alone move a chain away from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tariffimpact.errors import require
from tariffimpact.estimation.panel import Rows

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PriceIndex:
    """Index numbers of one group, 1 in its first period."""

    group: str
    chained: Floats
    """NaN after a period with which no unit connects."""
    direct: Floats
    """Of the units seen in the first period; NaN where none is left."""
    matched: Ints
    """Units seen in a period and in the one before."""
    weighted: bool

    @property
    def change(self) -> float:
        """Change of the chained index over the whole panel, a fraction."""
        return float(self.chained[-1]) - 1

    @property
    def drift(self) -> float:
        """The chained index over the direct one at the end, less 1."""
        return float(self.chained[-1] / self.direct[-1]) - 1


class IndexSums:
    """Adds up blocks of rows to the index of each group."""

    def __init__(self, groups: int, periods: int) -> None:
        """Begin with nothing; groups and periods are numbered from 0."""
        require(groups > 0 and periods > 0, "an index needs a group and a period")
        self._shape = (groups, periods)
        self._links = {name: np.zeros(self._shape) for name in ("sum", "n", "a", "b", "c", "d")}
        self._direct = {name: np.zeros(self._shape) for name in ("sum", "n")}
        self._weighted = False

    def add(self, rows: Rows, group: Ints, base: Ints) -> None:
        """Add rows of whole units, ordered by unit and period.

        Parameters
        ----------
        rows
            The rows; prices above 0.
        group
            The group of each row; below 0 for none.
        base
            The first period of each group.
        """
        log = np.log(rows.price)
        follows = np.r_[False, (np.diff(rows.unit) == 0) & (np.diff(rows.time) == 1)]
        here = np.flatnonzero(follows & (group >= 0))
        step = log[here] - log[here - 1]
        cells = group[here] * self._shape[1] + rows.time[here]
        self._put(self._links, cells, {"sum": step, "n": np.ones(len(here))})
        if rows.weight is not None:
            self._weighted = True
            old, new = rows.weight[here - 1], rows.weight[here]
            self._put(self._links, cells, {"a": old * step, "b": old, "c": new * step, "d": new})
        starts = np.flatnonzero(np.r_[True, np.diff(rows.unit) > 0])
        local = np.cumsum(np.r_[1, np.diff(rows.unit) > 0]) - 1
        there = (group >= 0) & (rows.time[starts][local] == base[np.maximum(group, 0)])
        ratio = (log - log[starts][local])[there]
        cells = group[there] * self._shape[1] + rows.time[there]
        self._put(self._direct, cells, {"sum": ratio, "n": np.ones(len(ratio))})

    def _put(self, sums: dict[str, Floats], cells: Ints, values: dict[str, Floats]) -> None:
        size = self._shape[0] * self._shape[1]
        for name, value in values.items():
            sums[name] += np.bincount(cells, weights=value, minlength=size).reshape(self._shape)

    def of(self, group: int, name: str, base: int) -> PriceIndex:
        """Return the index of a group from its first period on."""
        links = {key: sums[group] for key, sums in self._links.items()}
        with np.errstate(invalid="ignore", divide="ignore"):
            if self._weighted:
                step = (links["a"] / links["b"] + links["c"] / links["d"]) / 2
            else:
                step = links["sum"] / links["n"]
            direct = np.exp(self._direct["sum"][group] / self._direct["n"][group])
        step[: base + 1] = 0.0
        chained = np.exp(np.cumsum(step))
        chained[:base] = direct[:base] = np.nan
        return PriceIndex(name, chained, direct, links["n"].astype(np.int64), self._weighted)


def index_frame(indices: tuple[PriceIndex, ...], labels: tuple[str, ...]) -> pd.DataFrame:
    """Return one row per group and period: `group`, `time`, `chained`, `direct`, `matched`."""
    import pandas as pd

    return pd.concat(
        [
            pd.DataFrame(
                {
                    "group": one.group,
                    "time": labels,
                    "chained": one.chained,
                    "direct": one.direct,
                    "matched": one.matched,
                }
            )
            for one in indices
        ],
        ignore_index=True,
    )
