"""Totals over products that grow chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.portfolio.margins import ENDS

if TYPE_CHECKING:
    import pandas as pd

    from tariffimpact.errors import Fault

FAULTS_KEPT: Final = 20_000
"""Faults a result holds; `rejected.csv` has every one."""
_LARGEST: Final = 50
_SUMS: Final = (
    "customs_value_usd", "duty_low_usd", "duty_high_usd", "void_duty_low_usd",
    "void_duty_high_usd", "interest_low_usd", "interest_high_usd", "fees_low_usd",
    "fees_high_usd", "revenue_usd", "profit_before_usd", "profit_after_low_usd",
    "profit_after_high_usd",
)  # fmt: skip
_COUNTS: Final = ("skus", "without_units", "without_margin", "under_floor", "perhaps_under_floor")
TOTALS: Final = (
    "by", "group", *_COUNTS, *_SUMS, "rate_low", "rate_high", "margin_before", "margin_after_low",
    "margin_after_high",
)  # fmt: skip
"""Columns of the totals: revenue and profit of the products whose cost and price are known."""


class Sums:
    """Totals that grow chunk by chunk."""

    def __init__(self, authorities: tuple[str, ...], by: Sequence[str] = ()) -> None:
        self.authorities, self.by = authorities, ("company", "origin", *by)
        self.groups: dict[tuple[str, str], list[float]] = {}
        self.faults: list[Fault] = []
        self.fault_count = self.rejected = self.accepted = 0
        self.largest: list[pd.DataFrame] = []
        self.per_unit = True
        """Whether no row has units: the totals are then of one unit each."""
        self.codes: set[str] = set()
        self.first_day: date | None = None
        self.last_day: date | None = None
        """The earliest and the latest day of entry."""

    def add(self, done: pd.DataFrame) -> None:
        """Add a chunk's rows."""
        import pandas as pd

        self.accepted += len(done)
        if len(done):
            first, last = done["entered_on"].min().date(), done["entered_on"].max().date()
            self.codes.update(done["hts"].unique())
            self.first_day = min(self.first_day or first, first)
            self.last_day = max(self.last_day or last, last)
        measured = _measured(done)
        self._take("all", "all", measured.sum())
        for by in self.by:
            for group, sums in measured.groupby(done[by]).sum().iterrows():
                self._take(by, str(group), sums)
        for i, authority in enumerate(self.authorities):
            ends = pd.concat([done[f"line_part_{i}_{end}"] for end in ENDS], axis=1)
            low, high = ends.min(axis=1), ends.max(axis=1)  # the least total may hold more of one
            if (high > 0).any():
                part = measured.where(high > 0).assign(duty_low_usd=low, duty_high_usd=high)
                self._take("authority", authority, part[high > 0].sum())
        top = pd.concat([*self.largest, done]).nlargest(_LARGEST, "line_duty_usd_high")
        self.largest = [top]

    def reject(self, faults: Sequence[Fault]) -> None:
        """Count the faults of a chunk and their rows, and keep the first of them."""
        self.fault_count += len(faults)
        self.rejected += len({fault.where for fault in faults})
        self.faults.extend(faults[: FAULTS_KEPT - len(self.faults)])

    def _take(self, by: str, group: str, sums: pd.Series[Any]) -> None:
        held = self.groups.setdefault((by, group), [0.0] * (len(_COUNTS) + len(_SUMS)))
        for place, name in enumerate((*_COUNTS, *_SUMS)):
            held[place] += float(sums[name])

    def totals(self) -> pd.DataFrame:
        """Return the totals, largest duty first."""
        import pandas as pd

        return pd.DataFrame(list(self._rows()), columns=list(TOTALS))

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        order = {name: place for place, name in enumerate(("all", *self.by, "authority"))}
        duty = len(_COUNTS) + _SUMS.index("duty_high_usd")
        ranked = sorted(self.groups.items(), key=lambda g: (order[g[0][0]], -g[1][duty], g[0][1]))
        for (by, group), values in ranked:
            counts = [int(value) for value in values[: len(_COUNTS)]]
            sums = dict(zip(_SUMS, values[len(_COUNTS) :], strict=True))
            rates = [_over(sums[f"duty_{end}_usd"], sums["customs_value_usd"]) for end in ENDS]
            revenue = sums["revenue_usd"]
            margins = [_over(sums[f"profit_{name}_usd"], revenue)
                       for name in ("before", "after_low", "after_high")]  # fmt: skip
            yield by, group, *counts, *(round(s, 2) for s in sums.values()), *rates, *margins


def _over(amount: float, whole: float) -> float:
    return amount / whole if whole > 0 else float("nan")


def _measured(done: pd.DataFrame) -> pd.DataFrame:
    """Return what each row adds to the counts and sums; what is unknown adds nothing and counts."""
    import pandas as pd

    def ends(name: str) -> tuple[pd.Series[float], pd.Series[float]]:
        both = done[[f"{name}_{end}" for end in ENDS]]
        return both.min(axis=1), both.max(axis=1)

    after = ends("line_profit_after_usd")
    known = done["line_profit_before_usd"].notna() & after[0].notna()
    duty, void = ends("line_duty_usd"), ends("line_void_duty_usd")
    interest, fee = ends("line_interest_usd"), ends("line_fees_usd")
    columns: dict[str, Any] = {
        "skus": 1,
        "without_units": done["line_value_usd"].isna(),
        "without_margin": ~known,
        "under_floor": done["flags"].str.contains(r"(?:^|; )under the floor"),
        "perhaps_under_floor": done["flags"].str.contains("perhaps under the floor"),
        "customs_value_usd": done["line_value_usd"],
        "duty_low_usd": duty[0], "duty_high_usd": duty[1],
        "void_duty_low_usd": void[0], "void_duty_high_usd": void[1],
        "interest_low_usd": interest[0], "interest_high_usd": interest[1],
        "fees_low_usd": fee[0], "fees_high_usd": fee[1],
        "revenue_usd": done["line_revenue_usd"].where(known),
        "profit_before_usd": done["line_profit_before_usd"].where(known),
        "profit_after_low_usd": after[0].where(known),
        "profit_after_high_usd": after[1].where(known),
    }  # fmt: skip
    return pd.DataFrame(columns, index=done.index).astype("float64")
