"""Effective tariff rates by group: what they say, in words, as a table and as a chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from tariffimpact import units
from tariffimpact.codes import country_name
from tariffimpact.errors import require
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Weights = Literal["current", "fixed"]
_DRAWN: Final = 7
"""Partners drawn, the largest, unless some are named."""


@dataclass(frozen=True, slots=True)
class EffectiveRates:
    """Effective tariff rates by group."""

    frame: pd.DataFrame
    """One row a group: the grouping columns, `customs_value_usd`, `statutory_low`,
    `statutory_high`, `realised` (fractions of the customs value, NaN where unknown),
    `share_unknown` (of the value whose code or rate the schedule does not know, left out of the
    statutory rate) and `share_specific` (of the value that also owes a duty per unit, not in
    the rate)."""
    by: tuple[str, ...]
    weights: Weights
    credit: str

    def summary(self) -> str:
        """Return the first and the last group, or day, in a sentence."""
        frame = self.mean(["entered_on"]) if "entered_on" in self.by else self.frame
        by = ("entered_on",) if "entered_on" in self.by else self.by
        rows = [frame.iloc[0], frame.iloc[-1]] if len(frame) > 1 else [frame.iloc[0]]
        said = [
            f"{', '.join(str(row[name])[:10] for name in by) or 'all lines'}: {_range(row)}"
            for row in rows
        ]
        return f"Statutory effective tariff rate, {self.weights} weights: {'; '.join(said)}."

    def headline(self) -> str:
        """Return what a chart of rates over time shows, as its title."""
        days = self.mean(["entered_on"])
        first, last = days.iloc[0], days.iloc[-1]
        when = units.day(last["entered_on"].date())
        return (
            f"On these imports the law asks {_range(last)} from {when}, "
            f"after {_range(first)} on {units.day(first['entered_on'].date())}"
        )

    def mean(self, by: Sequence[str]) -> pd.DataFrame:
        """Return the statutory rates over fewer groups, weighted by the value that has one.

        Parameters
        ----------
        by
            Grouping columns, of those the rates are by.
        """
        known = self.frame["customs_value_usd"] * (1 - self.frame["share_unknown"])
        ends = ["statutory_low", "statutory_high"]
        duty = self.frame[ends].mul(known, axis=0).fillna(0.0)
        sums = duty.assign(known=known, **{name: self.frame[name] for name in by})
        found = sums.groupby(list(by), as_index=False).sum()
        found[ends] = found[ends].div(found["known"].where(found["known"] > 0), axis=0)
        return found

    def to_frame(self) -> pd.DataFrame:
        """Return the rates by group."""
        return self.frame

    def plot(self, ax: Axes | None = None, *, partners: Sequence[str] = ()) -> Axes:
        """Draw the statutory rate over time, of all partners and of each in a strip of its own.

        Parameters
        ----------
        ax
            Axes to draw on; new ones if None.
        partners
            Partners to draw; the seven with the largest customs value if none is named.

        Raises
        ------
        ModelError
            If the rates are not by partner and day, or a named partner is not among them.
        """
        import pandas as pd

        from tariffimpact import charts

        by_both = {"partner", "entered_on"} <= set(self.by)
        require(by_both, "a chart over time needs rates by partner and entered_on")
        values = self.frame.groupby("partner")["customs_value_usd"].max()
        strange = [name for name in partners if name not in values.index]
        known = ", ".join(values.index)
        require(not strange, f"no imports from {', '.join(strange)}; there are some from {known}")
        chosen = list(partners) or list(values.nlargest(_DRAWN).index)
        each = self.mean(["partner", "entered_on"]).set_index("partner")
        parts = [each.loc[[name]].assign(origin=country_name(name)) for name in chosen]
        if len(values) > 1:
            parts.insert(0, self.mean(["entered_on"]).assign(origin="All partners"))
        frame = pd.concat(parts, ignore_index=True).rename(
            columns={"entered_on": "starts_on", "statutory_low": "low", "statutory_high": "high"}
        )
        return charts.rate_strips(frame, source=self.credit, ax=ax)

    def explain(self) -> str:
        """Return the summary, the definitions and what is left out."""
        value = self.frame["customs_value_usd"]
        left = float((self.frame["share_unknown"] * value).sum() / value.sum())
        per_unit = float((self.frame["share_specific"] * value).sum() / value.sum())
        return "\n".join(
            [
                self.summary(),
                "Statutory: the schedule's rate on each line, weighted by customs value; a range "
                "where a claim, a metal share or an end use decides.",
                "Realised: duty collected over customs value.",
                f"{units.percent(left)} of the value has a code or rate the schedule does not "
                f"know and is left out of the statutory rate; {units.percent(per_unit)} also owes "
                "a duty per unit, which an ad valorem rate cannot hold.",
                f"Source: {self.credit}.",
            ]
        )


def _range(row: Any) -> str:
    low, high = float(row["statutory_low"]), float(row["statutory_high"])
    return "unknown" if low != low else units.percent(Interval(low, high))
