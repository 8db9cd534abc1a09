"""What a company says tariffs cost it, over its sales of the same period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tariffimpact import units
from tariffimpact.facts import (
    Basis,
    Exposure,
    Financial,
)
from tariffimpact.interval import Interval

FULL_YEAR_DAYS: Final = 300


@dataclass(frozen=True, slots=True)
class ExposureShare:
    """One disclosed exposure as a share of sales."""

    exposure: Exposure
    sales: Financial | None
    share: Interval | None
    """Fraction of sales; None where the sales, or their currency, are unknown."""
    same_period: bool
    """Whether the sales are of the very period the exposure is of."""

    @property
    def basis(self) -> Basis:
        """Gross, net or unstated."""
        return self.exposure.basis


def exposure_share(exposure: Exposure, sales: Sequence[Financial]) -> ExposureShare:
    """Return an exposure as a share of the sales of its period, or of the nearest period known.

    Only sales of the same scope are used, and sales in another currency only where the source
    itself converted the exposure; of several figures for one period the last in the table stands.
    """
    amounts = {exposure.currency: exposure.amount}
    if exposure.amount_usd is not None:
        amounts.setdefault("USD", exposure.amount_usd)
    usable = [row for row in reversed(sales) if row.unit in amounts and row.scope == exposure.scope]
    if not usable:
        return ExposureShare(exposure, None, None, same_period=False)
    nearest = min(
        usable, key=lambda row: (_days_apart(row, exposure), row.unit != exposure.currency)
    )
    same = _days_apart(nearest, exposure) == 0 and not exposure.annualised
    share = amounts[nearest.unit] / nearest.value
    return ExposureShare(exposure, nearest, share, same_period=same)


def latest_by_basis(exposures: Sequence[Exposure]) -> list[Exposure]:
    """Return the last disclosed figure of each basis, of full years where there are any."""
    full = [row for row in exposures if (row.ends_on - row.starts_on).days >= FULL_YEAR_DAYS]
    standing: list[Exposure] = []
    for row in full or exposures:
        standing = [earlier for earlier in standing if not _revises(row, earlier)]
        standing.append(row)
    return list({row.basis: row for row in standing}.values())


def exposure_words(entry: ExposureShare) -> str:
    """Return an exposure in a clause: basis, amount, period, share of sales."""
    amount = units.big_money(entry.exposure.amount, entry.exposure.currency)
    basis = "" if entry.basis is Basis.UNSTATED else f"{entry.basis.value} "
    basis = f"annual rate of {basis}" if entry.exposure.annualised else basis
    if entry.share is None:
        return f"{basis}{amount} in {entry.exposure.period}"
    nearest = "" if entry.same_period or entry.sales is None else f" of {entry.sales.period}"
    return (
        f"{basis}{amount} in {entry.exposure.period}, {units.percent(entry.share, 2)} of "
        f"sales{nearest}"
    )


def exposure_cells(entry: ExposureShare | None) -> dict[str, object]:
    """Return an exposure as the cells of a comparison; blank where there is none."""
    if entry is None:
        return {
            "basis": Basis.UNSTATED.value,
            "low": None,
            "high": None,
            "same_period": True,
            "amount_low": None,
            "amount_high": None,
            "currency": None,
            "period": None,
        }
    return {
        "basis": entry.basis.value,
        "low": None if entry.share is None else entry.share.low,
        "high": None if entry.share is None else entry.share.high,
        "same_period": entry.same_period,
        "amount_low": entry.exposure.amount.low,
        "amount_high": entry.exposure.amount.high,
        "currency": entry.exposure.currency,
        "period": entry.exposure.period,
    }


def _revises(later: Exposure, earlier: Exposure) -> bool:
    one_estimate = all(
        getattr(later, name) == getattr(earlier, name)
        for name in ("scope", "starts_on", "ends_on", "measure")
    )
    return one_estimate and (
        later.basis is earlier.basis or Basis.UNSTATED in (later.basis, earlier.basis)
    )


def _days_apart(sales: Financial, exposure: Exposure) -> int:
    starts = abs((sales.starts_on - exposure.starts_on).days)
    return starts + abs((sales.ends_on - exposure.ends_on).days)
