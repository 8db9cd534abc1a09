"""The fees of customs beside the duty, and the interest on duty that is paid back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from tariffimpact.errors import ModelError
from tariffimpact.facts import Charge, CustomsCharge

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
FORMAL_FROM: Final = 2_500.0
"""Value from which an entry is formal and pays the processing fee, US dollars (19 CFR 143.21)."""


def charge_on(charges: Sequence[CustomsCharge], kind: Charge, on: date) -> CustomsCharge | None:
    """Return the fee or interest of a day, None where none is known."""
    for row in charges:
        if row.charge is kind and row.starts_on <= on and (row.ends_on is None or on < row.ends_on):
            return row
    return None


def processing_fee(value: Array, row: CustomsCharge) -> Array:
    r"""Return the merchandise processing fee of formal entries, US dollars.

    .. math:: \min(cap, \max(floor, r v))

    Parameters
    ----------
    value
        Customs value of each whole entry, US dollars.
    row
        The fee in force on the day of entry.

    Examples
    --------
    >>> from tariffimpact.facts import read_facts
    >>> charges = read_facts().customs_charges
    >>> row = charge_on(charges, Charge.MERCHANDISE_PROCESSING, date(2025, 11, 1))
    >>> processing_fee(np.array([5e3, 1e5, 1e6]), row).round(2).tolist()
    [33.58, 346.4, 651.5]
    """
    low = row.minimum_usd.low if row.minimum_usd else 0.0
    high = row.maximum_usd.high if row.maximum_usd else np.inf
    return np.minimum(high, np.maximum(low, row.rate.low * value))


def fees(skus: pd.DataFrame, charges: Sequence[CustomsCharge]) -> tuple[Array, Array]:
    """Return the least and the largest fee of a unit of each product, US dollars.

    The processing fee is a share of the entry, between a floor and a cap: without the value of the
    entry it lies between that of one entry of a year's units and that of the smallest formal
    entry. Goods that claim the USMCA or an agreement are free of it. The harbor fee is owed by sea
    alone; without the way of transport it is nothing to the whole.

    Parameters
    ----------
    skus
        Products as `read_skus` yields them, and `free_of_fee`, whether an agreement is claimed.
    charges
        Fees by window of days.

    Returns
    -------
    tuple of arrays
        NaN on a day whose fees are not known.
    """
    low, high = np.full(len(skus), np.nan), np.full(len(skus), np.nan)
    days = skus["entered_on"].to_numpy()
    for on in np.unique(days):
        known = on.astype("datetime64[D]").astype(date)
        processing = charge_on(charges, Charge.MERCHANDISE_PROCESSING, known)
        harbor = charge_on(charges, Charge.HARBOR_MAINTENANCE, known)
        if processing is None or harbor is None:
            continue
        rows = days == on
        low[rows], high[rows] = _fees_of(skus[rows], processing, harbor.rate.low)
    return low, high


def _fees_of(skus: pd.DataFrame, processing: CustomsCharge, by_sea: float) -> tuple[Array, Array]:
    value, units = skus["customs_value"].to_numpy(), skus["units"].to_numpy()
    entry, way = skus["entry_value"].to_numpy(), skus["transport"].to_numpy()
    smallest = np.maximum(value, FORMAL_FROM)
    whole = np.where(np.isfinite(units), np.maximum(value * units, smallest), np.inf)
    ends = [np.where(np.isfinite(entry), np.maximum(entry, value), end)
            for end in (whole, smallest)]  # fmt: skip
    paying = ~skus["free_of_fee"].to_numpy(dtype=bool)
    shares = [np.where(paying, processing_fee(end, processing) / end, 0.0) for end in ends]
    return (
        value * (np.minimum(*shares) + by_sea * (way == "sea")),
        value * (np.maximum(*shares) + by_sea * np.isin(way, ("sea", ""))),
    )


def interest_growth(
    charges: Sequence[CustomsCharge], paid_on: date, refunded_on: date, *, corporation: bool = True
) -> float:
    r"""Return what a dollar of duty paid back has grown by: the interest on it, US dollars.

    .. math:: \prod_{days} (1 + r_{day} / 365) - 1

    Interest runs from the day the duty was deposited to the day before it is paid back, at the
    rate of each day, compounded daily on a year of 365 days, 366 in a leap year.

    Parameters
    ----------
    charges
        Interest by window of days.
    paid_on, refunded_on
        The days; no interest where the second is not later.
    corporation
        Whether the importer is a corporation, whose rate is lower.

    Examples
    --------
    >>> from tariffimpact.facts import read_facts
    >>> charges = read_facts().customs_charges
    >>> round(interest_growth(charges, date(2025, 2, 4), date(2026, 2, 4)), 6)
    0.061831
    """
    kind = Charge.INTEREST_CORPORATION if corporation else Charge.INTEREST_OTHER
    grown, day = 1.0, paid_on
    while day < refunded_on:
        row = charge_on(charges, kind, day)
        if row is None:
            raise ModelError(f"no interest is known on {day}; add it to customs_charges.csv")
        ends = [refunded_on, date(day.year + 1, 1, 1), row.ends_on or refunded_on]
        until = min(end for end in ends if end > day)
        year = (date(day.year + 1, 1, 1) - date(day.year, 1, 1)) // timedelta(days=1)
        grown *= (1 + row.rate.low / year) ** (until - day).days
        day = until
    return grown - 1
