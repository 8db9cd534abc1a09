"""Totals over products that grow chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.portfolio.pricing import ENDS

if TYPE_CHECKING:
    import pandas as pd

    from tariffimpact.errors import Fault

FAULTS_KEPT: Final = 20_000
"""Faults a result holds; `rejected.csv` has every one."""
_LARGEST: Final = 50
_TOTALS: Final = ["by", "group", "skus", "customs_value_usd", "duty_low_usd", "duty_high_usd",
                  "rate_low", "rate_high"]  # fmt: skip


class Sums:
    """Totals that grow chunk by chunk."""

    def __init__(self, authorities: tuple[str, ...]) -> None:
        self.authorities = authorities
        self.groups: dict[tuple[str, str], list[float]] = {}
        self.faults: list[Fault] = []
        self.fault_count = self.rejected = self.accepted = 0
        self.largest: list[pd.DataFrame] = []

    def add(self, done: pd.DataFrame) -> None:
        """Add a chunk's rows."""
        import numpy as np
        import pandas as pd

        self.accepted += len(done)
        measures = ["line_value_usd", "line_duty_usd_low", "line_duty_usd_high"]
        self._take("all", "all", len(done), [float(done[name].sum()) for name in measures])
        for by in ("company", "origin"):
            found = done.groupby(by)[measures].agg("sum").assign(skus=done.groupby(by).size())
            rows: Any = found.itertuples()
            for row in rows:
                self._take(by, str(row[0]), row.skus, [float(x) for x in row[1:4]])
        for i, authority in enumerate(self.authorities):
            ends = [done[f"line_part_{i}_{end}"].to_numpy() for end in ENDS]
            parts = [np.minimum(*ends), np.maximum(*ends)]  # the least total may hold more of one
            bearing = parts[1] > 0
            if bearing.any():
                value = float(done.loc[bearing, "line_value_usd"].sum())
                sums = [value, *(float(part.sum()) for part in parts)]
                self._take("authority", authority, int(bearing.sum()), sums)
        top = pd.concat([*self.largest, done]).nlargest(_LARGEST, "line_duty_usd_high")
        self.largest = [top]

    def reject(self, faults: Sequence[Fault]) -> None:
        """Count the faults of a chunk and their rows, and keep the first of them."""
        self.fault_count += len(faults)
        self.rejected += len({fault.where for fault in faults})
        self.faults.extend(faults[: FAULTS_KEPT - len(self.faults)])

    def _take(self, by: str, group: str, count: int, sums: list[float]) -> None:
        held = self.groups.setdefault((by, group), [0.0] * 4)
        for place, amount in enumerate([count, *sums]):
            held[place] += amount

    def totals(self) -> pd.DataFrame:
        """Return the totals, largest duty first."""
        import pandas as pd

        return pd.DataFrame(list(self._rows()), columns=_TOTALS)

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        order = {"all": 0, "company": 1, "origin": 2, "authority": 3}
        ranked = sorted(self.groups.items(), key=lambda g: (order[g[0][0]], -g[1][3], g[0][1]))
        for (by, group), (count, value, low, high) in ranked:
            rates = [low / value, high / value] if value else [float("nan")] * 2
            yield by, group, int(count), round(value, 2), round(low, 2), round(high, 2), *rates
