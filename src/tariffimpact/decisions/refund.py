"""Rollback: who holds the money when a tariff falls or is struck down and the duty is refunded.

Two ledgers, kept apart. The past: the importer of record gets the duty back, although it had
already recovered a part of it from buyers through the price. The future: the unit cost falls, and
the price follows as far and as fast as the seller lets it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact import units
from tariffimpact.answers import Answer, explained
from tariffimpact.arguments import Array, Numbers, checked, plain
from tariffimpact.decisions.timing import fraction, price_after

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True, repr=False)
class RefundIncidence(Answer):
    """A refund split by who had borne the duty; money, floats or arrays. See `refund_incidence`."""

    duty_paid: Numbers
    pass_through_rate: Numbers
    interest: Numbers
    """Interest paid on the refund, as a fraction of the duty."""

    @property
    def refund(self) -> Numbers:
        """Duty and interest, paid to the importer of record."""
        return self.duty_paid * (1 + self.interest)

    @property
    def absorbed(self) -> Numbers:
        """The part that makes good cost the seller bore; negative where more was passed on."""
        return self.duty_paid * (1 - self.pass_through_rate)

    @property
    def recovered_twice(self) -> Numbers:
        """The part that buyers had already paid through the price."""
        return self.duty_paid * self.pass_through_rate

    @property
    def interest_paid(self) -> Numbers:
        """Interest on the duty, in money."""
        return self.duty_paid * self.interest

    def summary(self) -> str:
        """Return who holds which part of the refund; over arrays the span of each part."""
        return f"{self.said(_spelled)}."

    def said(self, money: Callable[[Numbers], str]) -> str:
        """Return the same without a full stop, money as a function writes it."""
        words = (
            f"Of a refund of {money(self.refund)}, {money(self.absorbed)} makes good duty the "
            f"seller had absorbed and {money(self.recovered_twice)} was already recovered from "
            "buyers"
        )
        return (
            f"{words}; {money(self.interest_paid)} is interest" if np.any(self.interest) else words
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per part and entry of the arrays: `part`, `entry`, `amount` in money."""
        import pandas as pd

        return pd.DataFrame(
            {"part": name, "entry": entry, "amount": float(amount)}
            for name, value in self._parts.items()
            for entry, amount in enumerate(np.atleast_1d(np.ravel(value)))
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each part of the refund as a share of the duty, a range where it is an array."""
        import pandas as pd

        from tariffimpact import charts

        duty = np.asarray(self.duty_paid, dtype=np.float64)
        shares = {
            _PARTS[name]: np.asarray(part) / np.where(duty > 0, duty, 1.0)
            for name, part in self._parts.items()
        }
        frame = pd.DataFrame(
            {"label": label, "low": float(np.min(share)), "high": float(np.max(share))}
            for label, share in shares.items()
        )
        return charts.range_bars(frame, form="percent", ax=ax)

    def explain(self) -> str:
        """Return inputs, assumptions and formulas."""
        return explained(
            inputs=f"duty paid {_spelled(self.duty_paid)}, pass-through rate "
            f"{_spelled(self.pass_through_rate)}, interest {_spelled(self.interest)} of the duty",
            assumptions="the importer of record gets the refund and set the price; what buyers "
            "paid through the price is not returned to them",
            formulas="refund D (1 + i), absorbed (1 - f) D, recovered twice f D, interest i D",
        )

    @property
    def _parts(self) -> dict[str, Numbers]:
        return {
            "absorbed": self.absorbed,
            "recovered_twice": self.recovered_twice,
            "interest": self.interest_paid,
        }


_PARTS: Final = {
    "absorbed": "Makes good absorbed cost",
    "recovered_twice": "Recovered twice",
    "interest": "Interest",
}


def _spelled(value: Numbers) -> str:
    """Write a number, or the span of an array of them."""
    ends = f"{float(np.min(value)):,.6g}", f"{float(np.max(value)):,.6g}"
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def refund_incidence(
    *, duty_paid: ArrayLike, pass_through_rate: ArrayLike, interest: ArrayLike = 0.0
) -> RefundIncidence:
    """Return how much of a refund makes good absorbed cost and how much is recovered twice.

    Absorbed (1 - f) D, recovered twice f D, and interest i D, which sum to the refund D (1 + i).

    Parameters
    ----------
    duty_paid
        D, the duty paid on goods sold, money, not negative.
    pass_through_rate
        f, money of price per money of duty, not negative; above 1 where a markup was taken on it.
    interest
        i, interest on the refund as a fraction of the duty, not negative.

    Raises
    ------
    ModelError
        If an argument leaves its range.

    Examples
    --------
    >>> split = refund_incidence(duty_paid=100, pass_through_rate=0.6)
    >>> split.absorbed, split.recovered_twice
    (40.0, 60.0)
    """
    duty = checked("duty_paid", duty_paid, at_least=0, remedy="give the duty paid, in money")
    rate = checked(
        "pass_through_rate", pass_through_rate, at_least=0,
        remedy="give dollars of price per dollar of duty, such as 0.6",
    )  # fmt: skip
    extra = checked("interest", interest, at_least=0, remedy="write 0.07 for 7% of the duty")
    return RefundIncidence(plain(duty), plain(rate), plain(extra))


_POLICIES: Final = {"keep": "Keep the price", "cut": "Cut the price", "rebate": "Pay a rebate"}
_HOLDERS: Final = {
    "consumers": "Back with buyers",
    "firms": _PARTS["absorbed"],
    "exporter": _PARTS["recovered_twice"],
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


@dataclass(frozen=True, slots=True, repr=False)
class Rollback(Answer):
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
        money, words = self._money, self.refund.said(self._money)
        if float(self.refund.pass_through_rate) > 1:
            words += ". More than the duty was passed on, so the absorbed part is negative"
        outcomes = {outcome.policy: outcome for outcome in self.outcomes}
        cut, rebate = outcomes["cut"], outcomes["rebate"]
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
        return explained(
            inputs=f"duty paid {self._money(split.duty_paid)}, pass-through rate "
            f"{split.pass_through_rate:g}, interest {units.percent(float(split.interest))} of the "
            f"duty; {self.monthly_volume:,.0f} units a month; {units.percent(self.reversal_share)} "
            f"of the rise reversed, {units.percent(self.speed)} of the gap a month; "
            f"{units.percent(self.rebate_share)} of what was recovered twice paid as rebate",
            assumptions="the importer of record gets the refund and sets the price; volume stays "
            "as it is; interest stays with the importer; a price cut passes on the lower cost of "
            "new goods and is not counted against the refund of the old",
            formulas="absorbed (1 - rate) duty; recovered twice rate x duty; price after t months "
            "p* + (p - p*)(1 - speed)^t",
            source=self.source,
        )

    def _money(self, amount: Numbers) -> str:
        return units.big_money(float(amount), self.currency)


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
