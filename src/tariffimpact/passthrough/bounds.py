"""The set of rates that an observed price change leaves open, and what sets each end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from tariffimpact import units
from tariffimpact.arguments import Numbers, plain
from tariffimpact.errors import require
from tariffimpact.interval import Interval, Quantity

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


TOLERANCE: Final = 1e-9
"""A rate this near to a claim does not refute it: decimal prices are not exact in binary."""

_LABELS: Final = {
    "caused_share": "the share of the rise that the tariff caused",
    "tariff_change": "the change of the tariff on the goods sold",
    "dutiable_share": "the dutiable share of the customs value",
    "customs_share": "the customs share of the price",
}


@dataclass(frozen=True, slots=True)
class PassThroughBounds:
    """What a price change says about its pass-through, and what it does not."""

    old_price: float
    new_price: float
    currency: str
    tariff_change: Interval
    customs_share: Interval
    dutiable_share: Interval
    caused_share: Interval

    @property
    def change(self) -> float:
        """Price change in `currency`."""
        return self.new_price - self.old_price

    @property
    def signs_agree(self) -> bool:
        """Whether price and tariff moved the same way (a rate exists only then)."""
        tariff = self.tariff_change
        return (self.change >= 0 and tariff.low >= 0) or (self.change <= 0 and tariff.high <= 0)

    @property
    def rate(self) -> Interval | None:
        """Dollars of price per dollar of duty; None where price and tariff moved apart."""
        if not self.signs_agree:
            return None
        return self.caused_share * abs(self.change) / self._duty

    @property
    def full_share(self) -> Interval | None:
        """Customs share at which the whole rise is duty, passed on in full; None as for `rate`."""
        if not self.signs_agree:
            return None
        return abs(self.change) / (
            self.tariff_change.magnitude * self.dutiable_share * self.old_price
        )

    @property
    def verdict(self) -> str:
        """`less than full`, `more than full` or `cannot tell`."""
        rate = self.rate
        if rate is None:
            return "cannot tell"
        if rate.high < 1 - TOLERANCE:
            return "less than full"
        return "more than full" if rate.low > 1 + TOLERANCE else "cannot tell"

    @property
    def is_identified(self) -> bool:
        """Whether the inputs bound the rate on both sides."""
        return self.rate is not None and self.rate.is_bounded

    @property
    def most_informative(self) -> str | None:
        """The input whose exact value would narrow the set most; None where all are exact.

        In logarithms the set's width is the sum of the inputs' widths, so knowing one input takes
        off its own width, whatever its value turns out to be.
        """
        widths = {name: _log_width(span) for name, span in self._inputs.items()}
        widest = max(widths, key=lambda name: widths[name])
        return widest if widths[widest] > 0 else None

    @property
    def binding(self) -> dict[str, tuple[str, ...]]:
        """The ends of the uncertain inputs that make the `low` and the `high` end of the set."""
        uncertain = {n: span.magnitude for n, span in self._inputs.items() if not span.is_exact}

        def corner(of_caused: str, of_others: str) -> tuple[str, ...]:
            ends = {n: of_caused if n == "caused_share" else of_others for n in uncertain}
            return tuple(f"{n} = {getattr(uncertain[n], end):.4g}" for n, end in ends.items())

        return {"low": corner("low", "high"), "high": corner("high", "low")}

    @property
    def conditions(self) -> tuple[str, ...]:
        """The assumptions the set rests on, in words."""
        found = ["the customs value of a unit did not change with the tariff"]
        if self.caused_share == Interval.exactly(1.0):
            found.append("the tariff caused the whole rise")
        if self.dutiable_share == Interval.exactly(1.0):
            found.append("the whole customs value is dutiable")
        if self.customs_share.low == 0:
            found.append(
                "nothing bounds the customs share from below, so nothing bounds the rate above"
            )
        return tuple(found)

    def refutes(self, claimed_rate: float) -> bool:
        """Return whether a claimed pass-through rate lies outside the set."""
        if self.rate is None:
            return False
        slack = TOLERANCE * max(1.0, abs(claimed_rate))
        return not self.rate.low - slack <= claimed_rate <= self.rate.high + slack

    def summary(self) -> str:
        """Return the finding in a sentence."""
        move = (
            f"{units.money(self.old_price, self.currency)} to "
            f"{units.money(self.new_price, self.currency)}"
        )
        if self.rate is None:
            return (
                f"{move}: price and tariff moved in different directions, so no pass-through rate "
                "exists."
            )
        known = "" if self.is_identified else "; not identified from above"
        return f"{move} is a pass-through of {units.ratio(self.rate)}{known}: {self.verdict}."

    def to_frame(self) -> pd.DataFrame:
        """Return `quantity`, `low`, `high`: the rate, the full-pass-through share, the inputs."""
        import pandas as pd

        spans = {"rate": self.rate, "full_share": self.full_share, **self._inputs}
        return pd.DataFrame(
            {"quantity": name, "low": span.low, "high": span.high}
            for name, span in spans.items()
            if span is not None
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the set against complete pass-through."""
        from tariffimpact import charts

        frame = self.to_frame().query("quantity == 'rate'").rename(columns={"quantity": "label"})
        return charts.range_bars(frame, mark=1.0, mark_label="full", form="ratio", ax=ax)

    def explain(self) -> str:
        """Return the inputs, what binds at each end, the conditions, and what would narrow it."""
        lines = [
            self.summary(),
            "rate = caused share × price change / (tariff × dutiable × customs × price)",
        ]
        lines += [f"  {_LABELS[name]}: {span}" for name, span in self._inputs.items()]
        for side, inputs in self.binding.items():
            lines.append(f"  the {side} end is set by {', '.join(inputs) or 'exact inputs'}")
        lines += [f"  if {condition}" for condition in self.conditions]
        if self.most_informative:
            lines.append(f"  {_LABELS[self.most_informative]} would narrow it most")
        return "\n".join(lines)

    @property
    def _inputs(self) -> dict[str, Interval]:
        return {name: getattr(self, name) for name in _LABELS}

    @property
    def _duty(self) -> Interval:
        shares = self.dutiable_share * self.customs_share
        return self.tariff_change.magnitude * shares * self.old_price


def pass_through_bounds(
    *,
    old_price: float,
    new_price: float,
    tariff_change: Quantity,
    customs_share: Quantity,
    dutiable_share: Quantity = 1.0,
    caused_share: Quantity = 1.0,
    currency: str = "USD",
) -> PassThroughBounds:
    """Return the set of pass-through rates that an observed price change leaves open.

    Parameters
    ----------
    old_price, new_price
        Shelf prices before sales tax, in `currency`, above 0.
    tariff_change
        Change of the ad valorem rate between the goods sold at the two prices, a fraction; stock
        paid the older rate. Negative for a cut.
    customs_share
        Customs value as a share of the old price; 0..1 if nothing is known.
    dutiable_share
        Share of the customs value the rate bears on.
    caused_share
        Share of the rise that the tariff caused: exactly 1 makes the result conditional on it,
        0..1 claims nothing.

    Raises
    ------
    ModelError
        If a price is not positive, a share is outside 0 to 1, or the tariff change is zero or may
        be of either sign.

    Examples
    --------
    >>> found = pass_through_bounds(old_price=500, new_price=550, tariff_change=0.15,
    ...                             customs_share=Interval(0.6, 0.9))
    >>> print(found.summary())
    $500 to $550 is a pass-through of 0.74 to 1.11: cannot tell.
    >>> found.most_informative
    'customs_share'
    """
    for name, price in (("old_price", old_price), ("new_price", new_price)):
        require(0 < price < math.inf, f"{name} must be finite and above 0 (got {price})")
    tariff = Interval.of(tariff_change)
    require(
        (tariff.low >= 0 or tariff.high <= 0) and tariff.magnitude.high > 0 and tariff.is_bounded,
        f"tariff_change is {tariff}: without a change of one sign there is no pass-through to tell",
    )
    shares = {
        "customs_share": Interval.of(customs_share),
        "dutiable_share": Interval.of(dutiable_share),
        "caused_share": Interval.of(caused_share),
    }
    for name, span in shares.items():
        require(
            span.low >= 0 and (span.high <= 1 or name == "caused_share"),
            f"{name} is a share and lies in 0 to 1 (got {span})",
        )
        require(span.high > 0, f"{name} is 0, so there is nothing to pass on; give its range")
    return PassThroughBounds(float(old_price), float(new_price), currency, tariff, **shares)


def _log_width(span: Interval) -> float:
    """Return the width of an interval of one sign on the log scale."""
    magnitude = span.magnitude
    if magnitude.low == 0:
        return math.inf if magnitude.high > 0 else 0.0
    return math.log(magnitude.high / magnitude.low)


def implied_rate(
    *,
    old_price: Numbers,
    new_price: Numbers,
    tariff_change: Numbers,
    customs_share: Numbers,
    dutiable_share: Numbers = 1.0,
    caused_share: Numbers = 1.0,
) -> Numbers:
    """Return the pass-through rate of a price change, every input known; arrays broadcast.

    Parameters
    ----------
    old_price, new_price
        Shelf prices before sales tax, in one currency.
    tariff_change
        Change of the ad valorem rate between the goods sold at the two prices, a fraction.
    customs_share, dutiable_share, caused_share
        Fractions, see the module.

    Returns
    -------
    float or ndarray
        Dollars of price per dollar of duty; infinite where the duty did not change, NaN where
        neither did.

    Examples
    --------
    >>> round(implied_rate(old_price=500.0, new_price=550.0, tariff_change=0.15,
    ...                    customs_share=0.6), 4)
    1.1111
    """
    duty = tariff_change * dutiable_share * customs_share * old_price
    with np.errstate(divide="ignore", invalid="ignore"):
        return plain(np.asarray(caused_share * (new_price - old_price)) / duty)


def full_share(
    *,
    old_price: Numbers,
    new_price: Numbers,
    tariff_change: Numbers,
    dutiable_share: Numbers = 1.0,
) -> Numbers:
    """Return the customs share at which the price change is the duty, dollar for dollar.

    Above it the rise is less than the duty, below it more. Above 1 no customs share explains the
    rise by duty alone.

    Examples
    --------
    >>> round(full_share(old_price=500.0, new_price=550.0, tariff_change=0.15), 4)
    0.6667
    """
    return (new_price - old_price) / (tariff_change * dutiable_share * old_price)
