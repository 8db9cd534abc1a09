"""Recovery: how much of a disclosed tariff exposure a price rise brings back.

It is accounting, not pass-through: the numerator is money from buyers, the denominator a company's
own statement. A net statement has some of the price rise in it already, so against one the answer
is only a bound, and says so before anything else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, Literal

from numpy.typing import ArrayLike

from tariffimpact import units
from tariffimpact.answers import Answer, explained
from tariffimpact.arguments import Numbers, checked, plain
from tariffimpact.errors import require
from tariffimpact.interval import Interval, Quantity

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def recovery_rate(
    *,
    price_rise: ArrayLike,
    annual_volume: ArrayLike,
    months: ArrayLike,
    exposure: ArrayLike,
    retailer_share: ArrayLike = 0.0,
    volume_ratio: ArrayLike = 1.0,
    exchange_rate: ArrayLike = 1.0,
) -> Numbers:
    """Return the fraction of an exposure that a price rise brings back.

    .. math:: R = Δ p (1 − r) Q · m / 12 · q_1 / q_0 · e / X

    Parameters
    ----------
    price_rise
        Δp, rise of the shelf price, money per unit, not negative.
    annual_volume
        Q, units a year before the rise, above 0.
    months
        m, months of the exposure's window in which the higher price is charged, not negative.
    exposure
        X, the disclosed cost of tariffs over that window, in its own currency, above 0.
    retailer_share
        r, fraction of the rise that stays with retailers, 0 to 1.
    volume_ratio
        Volume after over volume before, q1/q0, not negative; 1 if buyers do not react.
    exchange_rate
        e, units of the exposure's currency per unit of the price's currency, above 0.

    Returns
    -------
    float or ndarray
        Fraction; above 1 if the rise brings back more than the exposure.

    Raises
    ------
    ModelError
        If an argument leaves its range.

    Examples
    --------
    >>> recovery_rate(price_rise=50, annual_volume=10e6, months=6, volume_ratio=0.9, exposure=500e6)
    0.45
    """
    rise = checked("price_rise", price_rise, at_least=0, remedy="for a price cut, see rollback")
    volume = checked("annual_volume", annual_volume, above=0, remedy="give units a year")
    span = checked("months", months, at_least=0, remedy="give the months in force")
    cost = checked("exposure", exposure, above=0, remedy="give the disclosed cost of tariffs")
    share = checked(
        "retailer_share", retailer_share, at_least=0, at_most=1, remedy="write 0.2 for 20%"
    )
    ratio = checked("volume_ratio", volume_ratio, at_least=0, remedy="write 0.9 if a tenth is lost")
    rate = checked("exchange_rate", exchange_rate, above=0, remedy="give it as of a date")
    return plain(rise * (1 - share) * volume * (span / 12) * ratio * rate / cost)


Basis = Literal["gross", "net", "unstated"]

_INPUTS: Final = {
    "price_rise": "price rise",
    "seller_share": "seller's share of the rise",
    "annual_volume": "annual volume",
    "months": "months in force",
    "volume_ratio": "volume kept",
    "exposure": "exposure",
    "exchange_rate": "exchange rate",
}


@dataclass(frozen=True, slots=True, repr=False)
class Recovery(Answer):
    """How much of an exposure a price rise brings back, and what that is conditional on."""

    inputs: dict[str, Interval]
    """Each input of the product, as an interval; `seller_share` is 1 - the retailers' share."""
    basis: Basis
    same_scope: bool
    same_window: bool
    currency: str
    exposure_currency: str
    exchange_rate_on: date | None
    source: str = ""

    @property
    def rate(self) -> Interval:
        """R, a fraction: exact, since each input enters once and the answer is monotone in it."""
        return _rate(self.inputs)

    @property
    def gain(self) -> Interval:
        """The money that the rise brings in over the window, in the price's currency."""
        return _gain(self.inputs)

    @property
    def conditions(self) -> tuple[str, ...]:
        """What keeps the answer from being a plain ratio; empty if nothing does."""
        found = []
        if self.basis == "net":
            found.append(
                "the exposure is net of mitigation, which may count this price rise already, so "
                "this is the most of the gross exposure that the rise can bring back"
            )
        if self.basis == "unstated":
            found.append(
                "the exposure is not said to be gross or net; if it is net, this is the most of "
                "the gross exposure that the rise can bring back"
            )
        if not self.same_scope:
            found.append("the exposure covers other products than the price rise")
        if not self.same_window:
            found.append("the exposure covers another period than the price rise")
        return tuple(found)

    @property
    def conditional(self) -> bool:
        """Whether the answer holds only under the `conditions`."""
        return bool(self.conditions)

    @property
    def driver(self) -> str | None:
        """The input whose range moves the answer most, in proportion; None if all are exact."""
        widest = max(self.inputs, key=lambda name: self.inputs[name].log_width)
        return widest if self.inputs[widest].log_width > 0 else None

    def summary(self) -> str:
        """Return the answer in a few sentences, the conditions first."""
        first = f"Conditional: {'; '.join(self.conditions)}. " if self.conditional else ""
        months = _plainly(self.inputs["months"])
        answer = (
            f"A price rise of {units.money(self.inputs['price_rise'], self.currency)} brings in "
            f"{units.big_money(self.gain, self.currency)} over {months} months, "
            f"{units.percent(self.rate)} of the {self._exposure()}."
        )
        if self.driver is None:
            return first + answer
        span = self.inputs[self.driver]
        written = _plainly(span)
        if self.driver == "exposure":
            written = units.big_money(span, self.exposure_currency)
        return f"{first}{answer} What moves it most is the {_INPUTS[self.driver]} ({written})."

    def to_frame(self) -> pd.DataFrame:
        """Return one row per input, and the answer last.

        Columns: `input` (name; `rate` for the answer), `label`, `low`, `high` (in its own unit),
        `rate_low`, `rate_high` (the answer, a fraction, as this input alone crosses its range and
        the others stay in the middle of theirs).
        """
        import pandas as pd

        rows = []
        for name, span in self.inputs.items():
            alone = self._alone(name)
            rows.append((name, _INPUTS[name], span.low, span.high, alone.low, alone.high))
        rate = self.rate
        rows.append(("rate", "recovered", rate.low, rate.high, rate.low, rate.high))
        columns = ["input", "label", "low", "high", "rate_low", "rate_high"]
        return pd.DataFrame(rows, columns=columns)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the answer, and what each uncertain input alone makes of it, against 100%."""
        from tariffimpact import charts

        frame = self.to_frame()
        moves = (frame["low"] < frame["high"]) | (frame["input"] == "rate")
        shown = frame[moves].iloc[::-1]
        bars = shown.assign(low=shown["rate_low"], high=shown["rate_high"])
        bars["label"] = [
            "All together" if name == "rate" else f"Only the {label}"
            for name, label in zip(shown["input"], shown["label"], strict=True)
        ]
        return charts.range_bars(
            bars[["label", "low", "high"]], form="percent", mark=1.0, mark_label="All of it",
            x_label="Share of the exposure recovered", source=self.source, ax=ax,
        )  # fmt: skip

    def explain(self) -> str:
        """Return inputs, conditions, assumptions, formula and source."""
        given = "; ".join(f"{_INPUTS[name]} {_plainly(x)}" for name, x in self.inputs.items())
        scope = "the same" if self.same_scope else "other"
        window = "the same" if self.same_window else "another"
        dated = f" of {self.exchange_rate_on}" if self.exchange_rate_on else ""
        return explained(
            inputs=f"{given}. Exposure in {self.exposure_currency}, {self.basis}; exchange rate "
            f"{self.exposure_currency} per {self.currency}{dated}",
            stated=f"exposure and price rise cover {scope} products and {window} period",
            assumptions="the whole rise counts, whatever its cause; the margin on units no longer "
            "sold is not deducted. Accounting, not a pass-through rate",
            formula="price rise x (1 - retailers' share) x annual volume x months/12 x volume "
            "kept x exchange rate / exposure",
            conditions="; ".join(self.conditions) or "none",
            source=self.source,
        )

    def _exposure(self) -> str:
        kind = "exposure" if self.basis == "unstated" else f"{self.basis} exposure"
        return f"{units.big_money(self.inputs['exposure'], self.exposure_currency)} {kind}"

    def _alone(self, name: str) -> Interval:
        mid = {key: Interval.exactly(span.middle) for key, span in self.inputs.items()}
        return _rate(mid | {name: self.inputs[name]})


def recovery(
    *,
    price_rise: Quantity,
    annual_volume: Quantity,
    months: Quantity,
    exposure: Quantity,
    basis: Basis,
    retailer_share: Quantity = 0.0,
    volume_ratio: Quantity = 1.0,
    same_scope: bool = True,
    same_window: bool = True,
    currency: str = "USD",
    exposure_currency: str | None = None,
    exchange_rate: Quantity | None = None,
    exchange_rate_on: date | None = None,
    source: str = "",
) -> Recovery:
    """Return how much of an exposure a price rise brings back, as a range.

    Parameters
    ----------
    price_rise, annual_volume, months, exposure, retailer_share, volume_ratio
        See `recovery_rate`; each a number or an interval.
    basis
        Whether the exposure is "gross" or "net" of mitigation, or that is "unstated".
    same_scope, same_window
        Whether exposure and price rise cover the same products, and the same period.
    currency, exposure_currency
        ISO 4217 codes of the price rise and of the exposure; one code if the second is None.
    exchange_rate, exchange_rate_on
        Units of `exposure_currency` per unit of `currency`, and the day (or last day of the
        period) it is of; both needed where the currencies differ.
    source
        Credit line of the inputs.

    Raises
    ------
    ModelError
        If an argument leaves its range, or the currencies differ and no dated rate is given.

    Examples
    --------
    >>> result = recovery(price_rise=50, annual_volume=Interval(8e6, 10e6), months=6,
    ...                   volume_ratio=0.9, exposure=500e6, basis="net")
    >>> print(result.rate, result.conditional, result.driver)
    0.36..0.45 True annual_volume
    """
    require(
        basis in ("gross", "net", "unstated"),
        f"basis must be gross, net or unstated (got {basis!r}); say whether mitigation is in it",
    )
    other = exposure_currency or currency
    require(
        other == currency or (exchange_rate is not None and exchange_rate_on is not None),
        f"exchange_rate and exchange_rate_on are needed to set {currency} against {other}; give "
        f"{other} per {currency} and its date",
    )
    given = {
        "price_rise": price_rise,
        "seller_share": Interval.exactly(1.0) - _interval("retailer_share", retailer_share),
        "annual_volume": annual_volume,
        "months": months,
        "volume_ratio": volume_ratio,
        "exposure": exposure,
        "exchange_rate": 1.0 if other == currency else exchange_rate,
    }
    inputs = {name: _interval(name, value) for name, value in given.items()}
    for end in ("low", "high"):  # both corners pass the checks of the formula
        ends = {name: getattr(span, end) for name, span in inputs.items()}
        recovery_rate(retailer_share=1 - ends.pop("seller_share"), **ends)
    return Recovery(
        inputs, basis, same_scope, same_window, currency, other, exchange_rate_on, source
    )


def _gain(x: dict[str, Interval]) -> Interval:
    sold = x["annual_volume"] * (x["months"] / 12) * x["volume_ratio"]
    return x["price_rise"] * x["seller_share"] * sold


def _rate(x: dict[str, Interval]) -> Interval:
    return _gain(x) * x["exchange_rate"] / x["exposure"]


def _interval(name: str, value: Quantity | None) -> Interval:
    if isinstance(value, Interval):
        return value
    number = checked(name, value if value is not None else math.nan, remedy="give a number")
    return Interval.exactly(float(number))


def _plainly(span: Interval) -> str:
    ends = [f"{x:,.0f}" if x >= 1000 else f"{x:.4g}" for x in (span.low, span.high)]
    return ends[0] if span.is_exact else " to ".join(ends)
