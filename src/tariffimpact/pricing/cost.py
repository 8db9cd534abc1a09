"""From customs value to landed cost: what a duty adds to a unit before anyone adds a margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.arguments import Numbers, check_rate, checked

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def duty_per_unit(
    *,
    customs_value: Numbers,
    ad_valorem: Numbers,
    dutiable_share: Numbers = 1.0,
    specific: Numbers = 0.0,
) -> Numbers:
    """Return the duty on one unit.

    .. math:: d = τ a v + κ

    Parameters
    ----------
    customs_value
        Declared value at the border per unit, in money; not the retail price.
    ad_valorem
        Rate as a fraction of the customs value (0.15, not 15).
    dutiable_share
        Share of the customs value that the rate bears on, 0 to 1; the metal content for a duty on
        metal.
    specific
        Duty per unit, in the money of `customs_value`.

    Returns
    -------
    float or ndarray
        Money per unit, never negative.

    Raises
    ------
    ModelError
        If an argument is negative or not finite, `dutiable_share` is above 1, or the rate is 3 or
        more: 25 for 25%.

    Examples
    --------
    >>> duty_per_unit(customs_value=300.0, ad_valorem=0.15)
    45.0
    """
    _not_negative(customs_value=customs_value, ad_valorem=ad_valorem, specific=specific)
    check_rate("ad_valorem", ad_valorem)
    _share(dutiable_share=dutiable_share)
    return ad_valorem * dutiable_share * customs_value + specific


def content_duty(*, mass: Numbers, price: Numbers, ad_valorem: Numbers) -> Numbers:
    """Return the duty on the metal in one unit, when the duty bears on the metal's value.

    Parameters
    ----------
    mass
        Metal in one unit, in any unit of mass.
    price
        Value of the metal per that unit of mass, in money.
    ad_valorem
        Rate as a fraction of the metal's value.

    Returns
    -------
    float or ndarray
        Money per unit.

    Raises
    ------
    ModelError
        If an argument is negative or not finite.

    Examples
    --------
    A can of 13 g at $2,600 a tonne and 50%:

    >>> round(content_duty(mass=13e-6, price=2600.0, ad_valorem=0.5), 4)
    0.0169
    """
    _not_negative(mass=mass)
    return duty_per_unit(customs_value=mass * price, ad_valorem=ad_valorem)


def customs_value(*, price: Numbers, customs_share: Numbers) -> Numbers:
    """Return the customs value of a unit from its shelf price before sales tax.

    Parameters
    ----------
    price
        Shelf price, in money.
    customs_share
        Customs value as a share of that price, 0 to 1.

    Raises
    ------
    ModelError
        If the share is outside 0 to 1: a unit is not worth more at the border than on the shelf.

    Examples
    --------
    >>> customs_value(price=500.0, customs_share=0.6)
    300.0
    """
    _not_negative(price=price)
    _share(customs_share=customs_share)
    return price * customs_share


@dataclass(frozen=True, slots=True, repr=False)
class LandedCost(Answer):
    """What one unit has cost once it is through customs; all amounts in `currency` per unit."""

    customs_value: float
    freight: float
    duty: float
    fees: float
    currency: str = "USD"

    @property
    def total(self) -> float:
        """Customs value, freight and insurance, duty and fees together."""
        return self.customs_value + self.freight + self.duty + self.fees

    def summary(self) -> str:
        """Return the landed cost in a sentence."""
        return (
            f"A unit declared at {self._money(self.customs_value)} lands at "
            f"{self._money(self.total)}, {self._money(self.duty)} of it duty."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the steps: `step`, `amount` (money per unit), `kind` (total, add, tariff)."""
        import pandas as pd

        return pd.DataFrame(
            [
                ("Customs value", self.customs_value, "total"),
                ("Freight, insurance", self.freight, "add"),
                ("Duty", self.duty, "tariff"),
                ("Fees", self.fees, "add"),
                ("Landed cost", self.total, "total"),
            ],
            columns=["step", "amount", "kind"],
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the build-up from customs value to landed cost."""
        from tariffimpact import charts

        return charts.cost_steps(self.to_frame(), ax=ax)

    def explain(self) -> str:
        """Return the sum with its parts."""
        parts = (self.customs_value, self.freight, self.duty, self.fees)
        terms = " + ".join(self._money(part) for part in parts)
        return (
            "landed cost = customs value + freight and insurance + duty + fees\n"
            f"{self._money(self.total)} = {terms}"
        )

    def _money(self, amount: float) -> str:
        return units.money(amount, self.currency, 2)


def landed_cost(
    *,
    customs_value: float,
    ad_valorem: float,
    dutiable_share: float = 1.0,
    specific: float = 0.0,
    freight: float = 0.0,
    fees: float = 0.0,
    currency: str = "USD",
) -> LandedCost:
    """Return what one unit costs once it is through customs.

    .. math:: L = v + f + d, quad d = τ a v + κ

    Parameters
    ----------
    customs_value, ad_valorem, dutiable_share, specific
        As in `duty_per_unit`.
    freight
        Freight and insurance per unit, outside the customs value, in money.
    fees
        Customs fees per unit, in money.
    currency
        ISO 4217 code of all amounts.

    Raises
    ------
    ModelError
        If an amount is negative or not finite.

    Examples
    --------
    >>> landed_cost(customs_value=300.0, ad_valorem=0.15, freight=10.0).total
    355.0
    """
    _not_negative(freight=freight, fees=fees)
    duty = duty_per_unit(
        customs_value=customs_value,
        ad_valorem=ad_valorem,
        dutiable_share=dutiable_share,
        specific=specific,
    )
    return LandedCost(customs_value, freight, float(duty), fees, currency)


def _not_negative(**arguments: Numbers) -> None:
    for name, value in arguments.items():
        checked(name, value, at_least=0, remedy="give it in money, or as a fraction, not below 0")


def _share(**arguments: Numbers) -> None:
    for name, value in arguments.items():
        checked(name, value, at_least=0, at_most=1, remedy="it is a share: write 0.6 for 60%")
