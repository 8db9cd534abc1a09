"""The program's own dated schedule, joined to a panel: the rate of each row from its code."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tariffimpact import units
from tariffimpact.codes import check_hts, country_name, hts_label
from tariffimpact.errors import DataError, Fault, ModelError
from tariffimpact.estimation.panel import PAIRED, Panel
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 20


class RateHistory(Protocol):
    """What is asked of a schedule."""

    def history(self, product: str, origin: str, start: date, end: date) -> pd.DataFrame:
        """Return the rate by spell: `starts_on`, `ends_on`, `low`, `high`."""
        ...


def with_schedule(panel: Panel, schedule: RateHistory) -> Panel:
    """Return a panel whose treatment is the rate that the schedule has for each row.

    Where the schedule leaves a rate open (a claim, a metal share, an end use), both its ends are
    kept. A period's rate is the mean over its days. Goods on a shelf may have been imported
    earlier, at another rate: lags tell that, the join does not.

    Parameters
    ----------
    panel
        A panel read with columns for the HTS code and the country of origin.
    schedule
        Gives the dated rates.

    Raises
    ------
    DataError
        With every code and origin that the schedule does not know, or of which it cannot bound the
        rate.
    """
    from tariffimpact.facts.partners import read_country  # loads the facts, which others spare

    spans = period_spans(panel)
    pairs = panel.source.connection.execute("SELECT key FROM pairs ORDER BY code").fetchall()
    rates = np.full((2, len(pairs), len(panel.times)), np.nan)
    faults, left_open = [], []
    for place, (key,) in enumerate(pairs):
        hts, _, origin = str(key).partition(PAIRED)
        try:
            hts, origin = check_hts(hts), read_country(origin)
            spells = schedule.history(hts, origin, spans[0][0], spans[-1][1])
        except (ModelError, ValueError) as error:
            faults.append(_fault(panel, str(error), str(key)))
            continue
        if not np.isfinite(spells["high"]).all():
            what = "has a rate without an upper end; settle it with --claim, or leave it out"
            faults.append(_fault(panel, what, str(key)))
            continue
        open_spells = spells[spells["high"] - spells["low"] > 1e-12]
        if len(open_spells):
            left_open.append(_open_words(hts, origin, open_spells.iloc[0]))
        for end, name in enumerate(("low", "high")):
            rates[end, place] = _by_period(spells, name, spans)
    if faults:
        rest = [Fault(panel.source.name, f"and {len(faults) - _SHOWN:,} more", "as above")]
        raise DataError(faults[:_SHOWN] + (rest if len(faults) > _SHOWN else []))
    return replace(
        panel,
        scenario=rates[0],
        scenario_high=rates[1] if left_open else None,
        left_open=tuple(left_open),
    )


def _open_words(hts: str, origin: str, spell: pd.Series[Any]) -> str:
    """Return a code and origin with the first rate that is a range."""
    rate = units.percent(Interval(float(spell["low"]), float(spell["high"])))
    return f"{hts_label(hts)} from {country_name(origin)}, {rate} from {spell['starts_on']}"


def _fault(panel: Panel, said: str, key: str) -> Fault:
    what, _, remedy = said.rpartition("; ")
    return Fault(
        panel.source.name, what or said, remedy or "check it", panel.columns.hts or "", key
    )


def period_spans(panel: Panel) -> list[tuple[date, date]]:
    """Return the first day of each period and the first after it; a day stands for itself.

    Raises
    ------
    ModelError
        If the periods are numbers, which stand on no calendar.
    """
    months = {"day": 0, "month": 1, "quarter": 3, "year": 12, "number": 0}[panel.times.kind]
    spans = []
    for n in range(len(panel.times)):
        first = panel.times.day(n)
        later = first.month - 1 + months
        after = date(first.year + later // 12, later % 12 + 1, 1)
        spans.append((first, after if months else first + timedelta(days=1)))
    return spans


def _by_period(
    spells: pd.DataFrame, end: str, spans: list[tuple[date, date]]
) -> NDArray[np.float64]:
    """Return the mean rate over the days of each period, at one end of its range."""
    starts = [_number(day) for day in spells["starts_on"]]
    rates = spells[end].to_numpy(dtype=np.float64)
    first, last = (np.array([_number(span[n]) for span in spans]) for n in (0, 1))
    total = np.zeros(len(spans))
    for start, stop, rate in zip(starts, [*starts[1:], last[-1]], rates, strict=True):
        total += rate * np.clip(np.minimum(last, stop) - np.maximum(first, start), 0, None)
    found: NDArray[np.float64] = total / (last - first)
    return found


def _number(day: Any) -> int:
    return int(date(day.year, day.month, day.day).toordinal())
