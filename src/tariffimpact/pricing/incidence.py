"""Who bears the duty: a ledger that must balance.

Per unit sold, with the customs value `v`, the duty `d` and the firms' margin `m = p - v - d`,
the exporter gives up `e = v_0 - v_1` and

.. math:: Δ p + e − Δ m = Δ d

so consumer, exporter and firm burdens sum to one. A markup taken on the duty shows as a firm
burden below zero, a windfall, and is never hidden. Over a market the same holds with volumes: what
consumers, firms and exporters lose is what the treasury gains plus the deadweight loss.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.errors import ModelError, require

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TOLERANCE: Final = 1e-9
"""Largest imbalance of a ledger, relative to its largest entry."""
ROUNDING: Final = 1e-13
"""Part of the sums its entries are differences of, by which a ledger may miss besides."""


@dataclass(frozen=True, slots=True, repr=False)
class Incidence(Answer):
    """Who bears the change of duty on one unit, each as a fraction of that change."""

    duty_change: float
    """Money per unit."""
    consumer_burden: float
    firm_burden: float
    """Below zero where the firms' margin rose: a windfall."""
    exporter_burden: float
    currency: str

    def __post_init__(self) -> None:
        check_balance((self.consumer_burden, self.firm_burden, self.exporter_burden), 1.0)

    def summary(self) -> str:
        """Return the split in a sentence."""
        firms = (
            f"sellers {units.percent(self.firm_burden, 0)}"
            if self.firm_burden >= 0
            else f"sellers gain {units.percent(-self.firm_burden, 0)}"
        )
        return (
            f"Of {units.money(self.duty_change, self.currency, 2)} of duty a unit, buyers bear "
            f"{units.percent(self.consumer_burden, 0)}, {firms} and the exporter "
            f"{units.percent(self.exporter_burden, 0)}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per party: `party`, `burden` (fraction of the duty), `amount` (money)."""
        import pandas as pd

        burdens = {
            "consumers": self.consumer_burden,
            "firms": self.firm_burden,
            "exporter": self.exporter_burden,
        }
        return pd.DataFrame(
            {"party": party, "burden": burden, "amount": burden * self.duty_change}
            for party, burden in burdens.items()
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the split as one stacked bar."""
        from tariffimpact import charts

        return charts.burden_bars(self.to_frame().assign(case="Duty"), ax=ax)

    def explain(self) -> str:
        """Return the ledger line by line."""
        frame = self.to_frame()
        lines = [
            f"  {party}: {units.money(amount, self.currency, 2)}"
            for party, amount in zip(frame["party"], frame["amount"], strict=True)
        ]
        total = units.money(self.duty_change, self.currency, 2)
        return "\n".join(
            ["price rise + exporter's cut - margin rise = duty", *lines, f"  duty: {total}"]
        )


def unit_incidence(
    *,
    old_price: float,
    new_price: float,
    old_customs_value: float,
    new_customs_value: float,
    old_duty: float,
    new_duty: float,
    currency: str = "USD",
) -> Incidence:
    """Return who bears the change of duty on a unit that is still sold.

    Parameters
    ----------
    old_price, new_price
        Shelf price per unit before sales tax, in `currency`.
    old_customs_value, new_customs_value
        Declared value per unit; a fall is the exporter's cut.
    old_duty, new_duty
        Duty per unit, `new_duty` on the new customs value.

    Returns
    -------
    Incidence
        Burdens as fractions of the change of duty; they sum to 1.

    Raises
    ------
    ModelError
        If an amount is not finite, or the duty did not change.

    Examples
    --------
    >>> print(unit_incidence(old_price=100, new_price=106.25, old_customs_value=50,
    ...                 new_customs_value=50, old_duty=0, new_duty=12.5).summary())
    Of $12.50 of duty a unit, buyers bear 50%, sellers 50% and the exporter 0%.
    """
    amounts = (old_price, new_price, old_customs_value, new_customs_value, old_duty, new_duty)
    require(all(map(math.isfinite, amounts)), f"every amount must be finite (got {amounts})")
    duty_change = new_duty - old_duty
    require(duty_change != 0, "the duty per unit did not change, so there is nothing to bear")
    price_rise, cut = new_price - old_price, old_customs_value - new_customs_value
    margin_rise = price_rise + cut - duty_change  # of changes, not levels: no digits are lost
    return Incidence(
        duty_change=duty_change,
        consumer_burden=price_rise / duty_change,
        firm_burden=-margin_rise / duty_change,
        exporter_burden=cut / duty_change,
        currency=currency,
    )


def check_balance(
    entries: Sequence[ArrayLike], total: ArrayLike, *, turnover: ArrayLike = 0.0
) -> None:
    """Raise `ModelError` unless the entries sum to the total, to 1e-9 of the largest of them.

    Each is a number, or an array of as many ledgers, of which every one must balance. `turnover`
    is the size of the sums of which entries are differences: 1e-13 of it is rounding.

    Examples
    --------
    >>> check_balance((0.5, 0.5, 0.0), 1.0)
    """
    given, wanted = np.array(entries, dtype=np.float64), np.asarray(total, dtype=np.float64)
    scale = np.maximum(np.abs(given).max(axis=0), np.abs(wanted))
    with np.errstate(invalid="ignore"):
        summed = given.sum(axis=0)
        gap = np.abs(summed - wanted)
    bad = ~(np.isfinite(scale) & (gap <= TOLERANCE * scale + ROUNDING * np.asarray(turnover)))
    for at in map(tuple, np.argwhere(bad)[:1]):
        raise ModelError(
            f"the incidence ledger does not balance: {tuple(given[(slice(None), *at)].tolist())} "
            f"sum to {summed[at]:.12g}, not {wanted[at]:.12g}; this is a defect of the model that "
            "made them"
        )
