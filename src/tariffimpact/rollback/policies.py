"""What a seller may do with a refund: keep the price, cut it, or pay a rebate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tariffimpact import units
from tariffimpact.arguments import Array, Numbers, checked
from tariffimpact.rollback.prices import fraction, price_after
from tariffimpact.rollback.refund import RefundIncidence, refund_incidence

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_POLICIES: Final = {"keep": "Keep the price", "cut": "Cut the price", "rebate": "Pay a rebate"}
_HOLDERS: Final = {
    "consumers": "Back with buyers",
    "firms": "Makes good absorbed cost",
    "exporter": "Recovered twice",
}


@dataclass(frozen=True, slots=True)
class PolicyOutcome:
    """What one policy after the refund leaves with whom, over the months followed."""

    policy: str
    """keep, cut or rebate."""
    prices: Array
    """Money per unit by month, month 0 first."""
    rebate: float
    """Paid to past buyers out of what was recovered twice, money."""
    price_cuts: float
    """Saved by later buyers against the price under the duty, money over the months followed."""

    @property
    def label(self) -> str:
        """The policy in words."""
        return _POLICIES[self.policy]


@dataclass(frozen=True, slots=True)
class Rollback:
    """Three policies after a duty is struck down and refunded; see `rollback`."""

    refund: RefundIncidence
    outcomes: tuple[PolicyOutcome, ...]
    monthly_volume: float
    reversal_share: float
    speed: float
    rebate_share: float
    currency: str = "USD"
    source: str = ""

    def summary(self) -> str:
        """Return who holds the refund, and what each policy changes, in a few sentences."""
        split, money = self.refund, self._money
        words = (
            f"Of a refund of {money(split.refund)}, {money(split.absorbed)} makes good duty the "
            f"seller had absorbed and {money(split.recovered_twice)} was already recovered from "
            "buyers"
        )
        if float(split.interest):
            words += f"; {money(split.interest_paid)} is interest"
        if float(split.pass_through_rate) > 1:
            words += ". More than the duty was passed on, so the absorbed part is negative"
        cut, rebate = self._outcome("cut"), self._outcome("rebate")
        months = cut.prices.size - 1
        return (
            f"{words}. Keeping the price returns nothing; cutting it returns "
            f"{money(cut.price_cuts)} to buyers in {months} months, out of the lower cost and not "
            f"out of the refund; a rebate returns {money(rebate.rebate)} of the refund itself."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per policy; money in `currency`.

        Columns: `policy`, `label`, `price_start`, `price_end`, `refund`, `absorbed`, `rebate`,
        `recovered_twice` (after the rebate), `price_cuts`, `buyers_receive` (rebate and cuts),
        `buyers_paid` (the duty passed on to them before).
        """
        import pandas as pd

        rows = [
            {
                "policy": outcome.policy,
                "label": outcome.label,
                "price_start": float(outcome.prices[0]),
                "price_end": float(outcome.prices[-1]),
                "refund": float(self.refund.refund),
                "absorbed": float(self.refund.absorbed),
                "rebate": outcome.rebate,
                "recovered_twice": float(self.refund.recovered_twice) - outcome.rebate,
                "price_cuts": outcome.price_cuts,
                "buyers_receive": outcome.rebate + outcome.price_cuts,
                "buyers_paid": float(self.refund.recovered_twice),
            }
            for outcome in self.outcomes
        ]
        return pd.DataFrame(rows)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw who holds the refunded duty under each policy."""
        import pandas as pd

        from tariffimpact import charts

        duty = float(self.refund.duty_paid) or 1.0
        frame = self.to_frame()
        parts = {"consumers": "rebate", "firms": "absorbed", "exporter": "recovered_twice"}
        rows = [
            (row["label"], party, row[column] / duty)
            for _, row in frame.iterrows()
            for party, column in parts.items()
        ]
        bars = pd.DataFrame(rows, columns=["case", "party", "burden"])
        return charts.burden_bars(
            bars, parties=_HOLDERS, x_label="Share of the refunded duty", source=self.source, ax=ax
        )

    def explain(self) -> str:
        """Return inputs, assumptions, formulas and source."""
        split = self.refund
        return (
            f"Inputs: duty paid {self._money(split.duty_paid)}, pass-through rate "
            f"{split.pass_through_rate:g}, interest {units.percent(float(split.interest))} of the "
            f"duty; {self.monthly_volume:,.0f} units a month; {units.percent(self.reversal_share)} "
            f"of the rise reversed, {units.percent(self.speed)} of the gap a month; "
            f"{units.percent(self.rebate_share)} of what was recovered twice paid as rebate.\n"
            "Assumptions: the importer of record gets the refund and sets the price; volume stays "
            "as it is; interest stays with the importer; a price cut passes on the lower cost of "
            "new goods and is not counted against the refund of the old.\n"
            "Formulas: absorbed (1 - rate) duty; recovered twice rate x duty; price after t months "
            "p* + (p - p*)(1 - speed)^t.\n"
            f"Source: {self.source or 'the inputs given'}"
        )

    def _money(self, amount: Numbers) -> str:
        return units.big_money(float(amount), self.currency)

    def _outcome(self, policy: str) -> PolicyOutcome:
        return next(outcome for outcome in self.outcomes if outcome.policy == policy)


def rollback(
    *,
    duty_paid: float,
    pass_through_rate: float,
    price: float,
    earlier_rise: float,
    monthly_volume: float,
    months: int = 12,
    interest: float = 0.0,
    reversal_share: float = 1.0,
    speed: float = 1.0,
    rebate_share: float = 1.0,
    currency: str = "USD",
    source: str = "",
) -> Rollback:
    """Return who holds a refund, and what keeping, cutting the price or a rebate would change.

    Keep: price and refund stay. Cut: the price falls by `reversal_share` of the earlier rise, at
    `speed`; the refund stays. Rebate: the price stays and `rebate_share` of what was recovered
    twice goes back to past buyers.

    Parameters
    ----------
    duty_paid, pass_through_rate, interest
        See `refund_incidence`.
    price, earlier_rise, reversal_share, speed, months
        See `price_after`.
    monthly_volume
        Units a month from now on, not negative.
    rebate_share
        Fraction of the recovered-twice part paid out under the rebate policy, 0 to 1.
    currency
        ISO 4217 code of all money.
    source
        Credit line of the inputs.

    Raises
    ------
    ModelError
        If an argument leaves its range.

    Examples
    --------
    >>> result = rollback(duty_paid=100e6, pass_through_rate=0.6, price=550, earlier_rise=50,
    ...                   monthly_volume=100_000, months=6)
    >>> frame = result.to_frame()
    >>> (frame["recovered_twice"] / 1e6).tolist(), (frame["price_cuts"] / 1e6).tolist()
    ([60.0, 60.0, 0.0], [0.0, 30.0, 0.0])
    """
    split = refund_incidence(
        duty_paid=duty_paid, pass_through_rate=pass_through_rate, interest=interest
    )
    volume = checked("monthly_volume", monthly_volume, at_least=0, remedy="give units a month")
    part = float(fraction("rebate_share", rebate_share))
    outcomes = []
    for policy in _POLICIES:
        prices = price_after(
            price=price, earlier_rise=earlier_rise, speed=speed, months=months,
            reversal_share=reversal_share if policy == "cut" else 0.0,
        )  # fmt: skip
        rebate = part * float(split.recovered_twice) if policy == "rebate" else 0.0
        cuts = float(volume * (prices[0] - prices[1:]).sum())
        outcomes.append(PolicyOutcome(policy, prices, rebate, cuts))
    return Rollback(
        split, tuple(outcomes), float(volume), float(reversal_share), float(speed), part,
        currency, source,
    )  # fmt: skip
