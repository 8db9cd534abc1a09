"""The set of rates that an observed price change leaves open, and what sets each end."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.arguments import Numbers, check_rate, plain
from tariffimpact.errors import require
from tariffimpact.interval import Interval, Quantity

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


_UNDECIDED: Final = "cannot tell"
_NONE: Final = Interval.exactly(0.0)
TOLERANCE: Final = 1e-9
"""A rate this near to a claim does not refute it: decimal prices are not exact in binary."""

_LABELS: Final = {
    "caused_share": "the share of the rise that the tariff caused",
    "counterfactual_change": "what the price would have done without the tariff",
    "tariff_change": "the change of the tariff on the goods sold",
    "dutiable_share": "the dutiable share of the customs value",
    "customs_share": "the customs share of the price",
    "specific_change": "the change of the duty per unit",
}
_OF_THE_CHANGE: Final = ("caused_share", "counterfactual_change")


@dataclass(frozen=True, slots=True, repr=False)
class PassThroughBounds(Answer):
    """What a price change says about its pass-through, and what it does not."""

    old_price: float
    new_price: float
    currency: str
    tariff_change: Interval
    customs_share: Interval
    dutiable_share: Interval
    caused_share: Interval
    counterfactual_change: Interval | None = None
    """Relative change of the price without the tariff; None where `caused_share` speaks instead."""
    specific_change: Interval = _NONE
    """Change of the duty per unit, in `currency`."""

    @property
    def change(self) -> float:
        """Price change in `currency`."""
        return self.new_price - self.old_price

    @property
    def caused_change(self) -> Interval:
        """The part of the price change that is not what the price would have done anyhow.

        Nothing is known of it where the price did not move and nobody says what it would have done:
        a kept price in a falling market is a rise.
        """
        if self.counterfactual_change is not None:
            return self.new_price - self.old_price * (1 + self.counterfactual_change)
        if self.change == 0:
            return Interval(-math.inf, math.inf)
        return self.caused_share * self.change

    @property
    def signs_agree(self) -> bool:
        """Whether price and tariff can have moved the same way (a rate exists only then)."""
        return self._directed_change.high >= 0

    @property
    def rate(self) -> Interval | None:
        """Dollars of price per dollar of duty; None where price and tariff moved apart.

        It reaches below zero where the price may have moved against the tariff.
        """
        return self._directed_change / self._duty if self.signs_agree else None

    @property
    def full_share(self) -> Interval | None:
        """Customs share at which the whole rise is duty, passed on in full; None as for `rate`.

        Without a counterfactual it is the share for the whole observed change, whatever part of it
        the tariff caused. None also where no duty bears on the customs value, or where the price
        did not move and its counterfactual is unknown.
        """
        change = self._directed_change
        if self.counterfactual_change is None and self.change:
            change = Interval.exactly(abs(self.change))
        bears = self.tariff_change.magnitude * self.dutiable_share * self.old_price
        if not self.signs_agree or bears.high == 0 or change.low == -math.inf:
            return None
        return (change - self.specific_change.magnitude) / bears

    @property
    def verdict(self) -> str:
        """`less than full`, `more than full` or `cannot tell`."""
        rate = self.rate
        if rate is None:
            return _UNDECIDED
        if rate.high < 1 - TOLERANCE:
            return "less than full"
        return "more than full" if rate.low > 1 + TOLERANCE else _UNDECIDED

    @property
    def is_identified(self) -> bool:
        """Whether the inputs bound the rate on both sides."""
        return self.rate is not None and self.rate.is_bounded

    @property
    def most_informative(self) -> str | None:
        """The input whose exact value would narrow the set most; None where all are exact.

        Each uncertain input is set to its ends and its middle, and the widest set that is left
        then is compared. Sets above zero are measured by the ratio of their ends: where the duty
        is a product, an input takes off the same ratio whatever its value turns out to be.
        """
        open_inputs = [name for name, span in self._inputs.items() if not span.is_exact]
        if self.rate is None or not open_inputs:
            return None
        by_ratio = self.rate.low > 0
        return min(open_inputs, key=lambda name: self._width_left(name, by_ratio))

    @property
    def binding(self) -> dict[str, tuple[str, ...]]:
        """The ends of the uncertain inputs that make the `low` and the `high` end of the set."""
        return {side: self._corner(side) for side in ("low", "high")}

    @property
    def conditions(self) -> tuple[str, ...]:
        """The assumptions the set rests on, in words."""
        found = ["the customs value of a unit did not change with the tariff"]
        if self.counterfactual_change == _NONE:
            found.append("the price would have stayed without the tariff")
        elif self.counterfactual_change is None and self.caused_share == Interval.exactly(1.0):
            found += ["the tariff caused the whole rise"] if self.change else []
        if self.dutiable_share == Interval.exactly(1.0):
            found.append("the whole customs value is dutiable")
        if self._duty.low == 0:
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
        if self.counterfactual_change is not None:
            move += f", {self._otherwise()},"
        if self.rate is None:
            return (
                f"{move}: price and tariff moved in different directions, so no pass-through rate "
                "exists."
            )
        if self.caused_change == Interval(-math.inf, math.inf):
            unknown = "how the price would have moved without the tariff is unknown"
            return f"{move.rstrip(',')} tells no pass-through: {unknown}, so nobody can tell."
        if self.rate.high == math.inf:
            known = "; not identified from above"
        else:
            known = "" if self.is_identified else "; not identified from below"
        full = self.verdict if self.verdict != _UNDECIDED else f"{_UNDECIDED} whether in full"
        return f"{move} is a pass-through of {units.ratio(self.rate)}{known}: {full}."

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
        change = "caused share × price change"
        if self.counterfactual_change is not None:
            change = "(new price − old price × (1 + counterfactual change))"
        duty = "tariff × dutiable × customs × price"
        duty += " + duty per unit" if "specific_change" in self._inputs else ""
        lines = [self.summary(), f"rate = {change} / ({duty})"]
        lines += [f"  {_LABELS[name]}: {span}" for name, span in self._inputs.items()]
        for side, inputs in self.binding.items():
            lines.append(f"  the {side} end is set by {', '.join(inputs) or 'exact inputs'}")
        lines += [f"  if {condition}" for condition in self.conditions]
        if self.most_informative:
            lines.append(f"  {_LABELS[self.most_informative]} would narrow it most")
        return "\n".join(lines)

    @property
    def _inputs(self) -> dict[str, Interval]:
        """The inputs that bear on the rate, by name, in the order they are told."""
        spoken = "caused_share" if self.counterfactual_change is None else "counterfactual_change"
        silent = {*_OF_THE_CHANGE} - {spoken}
        silent |= {"specific_change"} if self.specific_change == _NONE else set()
        return {name: getattr(self, name) for name in _LABELS if name not in silent}

    @property
    def _falls(self) -> bool:
        """Whether the duty fell."""
        return self.tariff_change.low < 0 or self.specific_change.low < 0

    @property
    def _directed_change(self) -> Interval:
        """The caused change of the price, positive where it went the way of the duty."""
        return -self.caused_change if self._falls else self.caused_change

    @property
    def _duty(self) -> Interval:
        """The change of the duty per unit, as a magnitude."""
        shares = self.dutiable_share * self.customs_share
        bears = self.tariff_change.magnitude * shares * self.old_price
        return bears + self.specific_change.magnitude

    def _width_left(self, name: str, by_ratio: bool) -> float:
        """Return how wide the set is at most when one input is known."""
        span = getattr(self, name)
        left = 0.0
        for value in {span.low, span.middle, span.high}:
            if not math.isfinite(value):
                continue
            one: dict[str, Any] = {name: Interval.exactly(value)}
            known = replace(self, **one)
            if known._duty.high == 0 or known.rate is None:
                continue  # nothing to pass on there
            left = max(left, known.rate.log_width if by_ratio else known.rate.width)
        return left

    def _corner(self, side: str) -> tuple[str, ...]:
        """Return the ends of the uncertain inputs that make one end of the set."""
        far = {"low": "high", "high": "low"}
        change = getattr(self._directed_change, side)
        duty_end = far[side] if change >= 0 else side
        ends = dict.fromkeys(self._inputs, duty_end)
        ends["caused_share"] = side
        ends["counterfactual_change"] = side if self._falls else far[side]
        told = []
        for name, span in self._inputs.items():
            if span.is_exact:
                continue
            shown = span if name == "counterfactual_change" else span.magnitude
            told.append(f"{name} = {getattr(shown, ends[name]):.4g}")
        return tuple(told)

    def _otherwise(self) -> str:
        """Say what the price would have been without the tariff."""
        price = self.old_price * (1 + (self.counterfactual_change or _NONE))
        if not price.is_bounded and price.low == -price.high:
            return "with nothing known of what it would otherwise be"
        return f"which would otherwise be {units.money(price, self.currency)}"


def pass_through_bounds(
    *,
    old_price: float,
    new_price: float,
    tariff_change: Quantity,
    customs_share: Quantity,
    dutiable_share: Quantity = 1.0,
    caused_share: Quantity | None = None,
    counterfactual_change: Quantity | None = None,
    specific_change: Quantity = 0.0,
    currency: str = "USD",
) -> PassThroughBounds:
    """Return the set of pass-through rates that an observed price change leaves open.

    .. math:: ρ = (p_1 − p_0 (1 + g)) / (τ a s p_0 + κ)

    with `g` the change that the price would have made without the tariff, and `κ` the change of a
    duty per unit; or, where the part `ψ` of the change that the tariff caused is stated instead,
    `ψ (p_1 − p_0)` above the line.

    Parameters
    ----------
    old_price, new_price
        Shelf prices before sales tax, in `currency`, above 0.
    tariff_change
        Change of the ad valorem rate between the goods sold at the two prices, a fraction; stock
        paid the older rate. Negative for a cut; 0 only beside a `specific_change`.
    customs_share
        Customs value as a share of the old price; 0..1 if nothing is known.
    dutiable_share
        Share of the customs value the rate bears on.
    caused_share
        Share of the change that the tariff caused, 0 to 1. Left out, and without a
        `counterfactual_change`, it is 1, and the result is conditional on it; 0..1 claims nothing.
    counterfactual_change
        Relative change that the price would have made without the tariff, a fraction: the change of
        a control, a trend, 0 if it would have stayed. Not together with `caused_share`. A price
        that did not move says something only with it.
    specific_change
        Change of the duty per unit, in `currency`, of the same sign as the tariff's.

    Raises
    ------
    ModelError
        If a price is not positive, a share is outside 0 to 1, a counterfactual stands beside a
        caused share, or the duty does not change or may change either way.

    Examples
    --------
    >>> ps5 = pass_through_bounds(old_price=500, new_price=550, tariff_change=0.15,
    ...                           customs_share=Interval(0.6, 0.9))
    >>> print(ps5.summary())
    $500 to $550 is a pass-through of 0.74 to 1.11: cannot tell whether in full.
    >>> ps5.most_informative
    'customs_share'

    A price kept where it would otherwise have fallen by up to 5% is a rise:

    >>> kept = pass_through_bounds(old_price=500, new_price=500, tariff_change=0.20,
    ...                            customs_share=Interval(0.5, 0.7),
    ...                            counterfactual_change=Interval(-0.05, 0))
    >>> print(kept.summary())
    $500 to $500, which would otherwise be $475 to $500, is a pass-through of 0.00 to 0.50: \
less than full.
    """
    for name, price in (("old_price", old_price), ("new_price", new_price)):
        require(0 < price < math.inf, f"{name} must be finite and above 0 (got {price})")
    tariff, specific = Interval.of(tariff_change), Interval.of(specific_change)
    _require_one_direction(tariff, specific)
    check_rate("tariff_change", (tariff.low, tariff.high))
    shares = {
        "customs_share": Interval.of(customs_share),
        "dutiable_share": Interval.of(dutiable_share),
        "caused_share": Interval.of(1.0 if caused_share is None else caused_share),
    }
    for name, span in shares.items():
        remedy = (
            "; where the price would have moved the other way, give counterfactual_change"
            if name == "caused_share" and span.low >= 0
            else ""
        )
        require(
            span.low >= 0 and span.high <= 1,
            f"{name} is a share and lies in 0 to 1 (got {span}){remedy}",
        )
        require(span.high > 0, f"{name} is 0, so there is nothing to pass on; give its range")
    otherwise = None if counterfactual_change is None else Interval.of(counterfactual_change)
    _require_counterfactual(otherwise, caused_share)
    return PassThroughBounds(
        float(old_price),
        float(new_price),
        currency,
        tariff,
        **shares,
        counterfactual_change=otherwise,
        specific_change=specific,
    )


def _require_one_direction(tariff: Interval, specific: Interval) -> None:
    """Refuse a duty that did not change, or may have changed either way."""
    both = f"tariff_change is {tariff}"
    both += f" and specific_change {specific}" if specific != _NONE else ""
    one_way = (tariff.low >= 0 and specific.low >= 0) or (tariff.high <= 0 and specific.high <= 0)
    moves = max(tariff.magnitude.high, specific.magnitude.high) > 0
    require(
        one_way and moves and tariff.is_bounded and specific.is_bounded,
        f"{both}: without a change of one sign there is no pass-through to tell",
    )


def _require_counterfactual(otherwise: Interval | None, caused_share: Quantity | None) -> None:
    """Refuse a counterfactual that no price can have, or that says the same thing twice."""
    if otherwise is None:
        return
    require(
        caused_share is None,
        "counterfactual_change and caused_share say the same thing twice; give one of them",
    )
    require(
        otherwise.low >= -1 or otherwise.low == -math.inf,
        f"counterfactual_change is a relative change of a price, above -1 (got {otherwise}); "
        "write -0.05 for a fall of 5%",
    )
    require(
        otherwise.high < 3 or otherwise.high == math.inf,
        f"counterfactual_change is a fraction (got {otherwise}); write 0.04 for a rise of 4%",
    )


def implied_rate(
    *,
    old_price: Numbers,
    new_price: Numbers,
    tariff_change: Numbers,
    customs_share: Numbers,
    dutiable_share: Numbers = 1.0,
    caused_share: Numbers = 1.0,
    counterfactual_change: Numbers = 0.0,
    specific_change: Numbers = 0.0,
) -> Numbers:
    """Return the pass-through rate of a price change, every input known; arrays broadcast.

    Parameters
    ----------
    old_price, new_price
        Shelf prices before sales tax, in one currency.
    tariff_change
        Change of the ad valorem rate between the goods sold at the two prices, a fraction.
    customs_share, dutiable_share, caused_share, counterfactual_change
        Fractions, as `pass_through_bounds` takes them; of the last two one at most.
    specific_change
        Change of the duty per unit, in the currency of the prices.

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
    duty = tariff_change * dutiable_share * customs_share * old_price + specific_change
    change = caused_share * (new_price - old_price * (1 + counterfactual_change))
    with np.errstate(divide="ignore", invalid="ignore"):
        return plain(np.asarray(change) / duty)


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
