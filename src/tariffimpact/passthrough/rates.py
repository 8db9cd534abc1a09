"""The pass-through dictionary: four definitions in use, measured and converted into each other.

- `rate`: price rise over duty rise, dollars per dollar; said by incidence theory.
- `retail_rate`: percent of price per point of tariff; said by the press and retail trackers.
- `retail_elasticity`: d ln price / d ln (1 + tariff); said by retail regressions.
- `border`: 1 + d ln customs value / d ln (1 + tariff); said by import-price regressions.

The same price change is 0.50 in one and 0.25 in another, so none may be quoted without its name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from tariffimpact.answers import Answer
from tariffimpact.arguments import check_rate
from tariffimpact.errors import ModelError, require
from tariffimpact.units import percent, ratio

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Definition = Literal["rate", "retail_rate", "retail_elasticity", "border"]

_MEANINGS: Final[dict[Definition, str]] = {
    "rate": "dollars of price per dollar of duty",
    "retail_rate": "percent of price per percentage point of tariff",
    "retail_elasticity": "percent of price per percent of (1 + tariff)",
    "border": "1 where the exporter cuts nothing",
}


@dataclass(frozen=True, slots=True, repr=False)
class PassThrough(Answer):
    """One price change under each of the four definitions."""

    rate: float
    """Dollars of price per dollar of duty."""
    retail_rate: float
    """Fraction of the old price per unit of ad valorem rate."""
    retail_elasticity: float
    """Log price change per log change of (1 + tariff)."""
    border: float
    """1 where the exporter cuts nothing, 0 where the cut undoes the tariff."""

    def summary(self) -> str:
        """Return the four numbers, each with its name."""
        return (
            f"The same move is a pass-through of {ratio(self.rate)} dollars per dollar of duty, "
            f"{ratio(self.retail_rate)} percent of price per point of tariff, an elasticity of "
            f"{ratio(self.retail_elasticity, 3)} at the shelf and {ratio(self.border)} at the "
            "border."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per definition: `definition`, `value`, `meaning`."""
        import pandas as pd

        return pd.DataFrame(
            {"definition": name, "value": getattr(self, name), "meaning": meaning}
            for name, meaning in _MEANINGS.items()
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the four values against complete pass-through at 1."""
        from tariffimpact import charts

        frame = self.to_frame().rename(columns={"definition": "label", "value": "low"})
        frame = frame.assign(high=frame["low"])
        return charts.range_bars(frame, mark=1.0, mark_label="complete", form="ratio", ax=ax)

    def explain(self) -> str:
        """Return each definition with its value."""
        return "\n".join(
            f"{name} = {getattr(self, name):.4g}: {meaning}" for name, meaning in _MEANINGS.items()
        )


def measure(
    *,
    old_price: float,
    new_price: float,
    old_customs_value: float,
    new_customs_value: float,
    old_tariff: float,
    new_tariff: float,
    dutiable_share: float = 1.0,
    specific_change: float = 0.0,
) -> PassThrough:
    """Return a price change under all four definitions, everything observed.

    Parameters
    ----------
    old_price, new_price
        Shelf price per unit before and after, before sales tax, in money.
    old_customs_value, new_customs_value
        Customs value per unit before and after, in the same money.
    old_tariff, new_tariff
        Ad valorem rate before and after, fractions of customs value.
    dutiable_share
        Share of the customs value the rate bears on, 0 to 1.
    specific_change
        Change of the duty per unit that is not ad valorem, in money.

    Raises
    ------
    ModelError
        If prices or values are not positive, or the duty or the tariff did not change.

    Examples
    --------
    >>> found = measure(old_price=100, new_price=106.25, old_customs_value=50,
    ...                 new_customs_value=50, old_tariff=0.0, new_tariff=0.25)
    >>> found.rate, found.retail_rate, round(found.retail_elasticity, 4), found.border
    (0.5, 0.25, 0.2717, 1.0)
    """
    amounts = (old_price, new_price, old_customs_value, new_customs_value)
    require(
        all(0 < amount < math.inf for amount in amounts),
        f"prices and customs values must be finite and above 0 (got {amounts})",
    )
    require(0 <= dutiable_share <= 1, f"dutiable_share lies in 0 to 1 (got {dutiable_share})")
    log_tariff = _log_tariff(old_tariff, new_tariff)
    duty_change = (
        dutiable_share * (new_tariff * new_customs_value - old_tariff * old_customs_value)
        + specific_change
    )
    require(duty_change != 0, "the duty per unit did not change, so nothing can be passed through")
    change = new_price - old_price
    return PassThrough(
        rate=change / duty_change,
        retail_rate=change / old_price / (new_tariff - old_tariff),
        retail_elasticity=math.log(new_price / old_price) / log_tariff,
        border=1 + math.log(new_customs_value / old_customs_value) / log_tariff,
    )


def convert(
    value: float,
    *,
    given: Definition,
    wanted: Definition,
    customs_share: float,
    old_tariff: float,
    new_tariff: float,
    dutiable_share: float = 1.0,
) -> float:
    """Return a pass-through stated in one definition as another says it.

    With the customs value unchanged and no specific duty, `s` the customs share and `a` the
    dutiable share,

    .. math::
        "retail_rate" = "rate" · s a, quad
        "retail_elasticity" = ln(1 + "retail_rate" · Δ τ) / ln((1 + τ_1) / (1 + τ_0))

    Parameters
    ----------
    value
        The pass-through as `given` defines it.
    given, wanted
        Names of the definitions.
    customs_share
        Customs value as a share of the old shelf price, above 0, at most 1.
    old_tariff, new_tariff
        Ad valorem rate before and after, fractions.
    dutiable_share
        Share of the customs value the rate bears on, above 0, at most 1.

    Raises
    ------
    ModelError
        If a share or tariff is out of range, or one definition is `border`: that one speaks of the
        import price and says nothing about the shelf without the exporter's cut and a shelf rule.

    Examples
    --------
    >>> convert(0.5, given="rate", wanted="retail_rate", customs_share=0.5,
    ...         old_tariff=0.0, new_tariff=0.25)
    0.25
    """
    if given == wanted:
        return value
    if "border" in (given, wanted):
        raise ModelError(
            "border pass-through says nothing about the shelf price; give the exporter's cut and "
            "the shelf prices to measure() instead"
        )
    for name, share in (("customs_share", customs_share), ("dutiable_share", dutiable_share)):
        require(0 < share <= 1, f"{name} lies above 0, up to 1 (got {share}); it is never guessed")
    log_tariff, step = _log_tariff(old_tariff, new_tariff), new_tariff - old_tariff
    exposed = customs_share * dutiable_share
    if given == "rate":
        retail_rate = value * exposed
    elif given == "retail_rate":
        retail_rate = value
    else:
        retail_rate = math.expm1(value * log_tariff) / step
    if wanted == "rate":
        return retail_rate / exposed
    if wanted == "retail_rate":
        return retail_rate
    require(
        1 + retail_rate * step > 0,
        f"a retail rate of {retail_rate:g} would take the price below 0 at a tariff step of "
        f"{percent(step)}",
    )
    return math.log1p(retail_rate * step) / log_tariff


def pass_through_rate(
    *,
    demand_elasticity: float,
    supply_elasticity: float,
    conduct: float = 0.0,
    demand_convexity: float = 0.0,
) -> float:
    """Return the rise in the duty-paid price per dollar of a small duty.

    .. math:: ρ = 1 / (1 + (ε_D − θ) / ε_S + θ (1 − ζ))

    A small duty on a symmetric market without duty; conduct does not respond to it. For a large
    duty solve the equilibrium instead of extrapolating.

    Parameters
    ----------
    demand_elasticity
        :math:`ε_D = −(p/q) · d q / d p`, a positive number.
    supply_elasticity
        :math:`ε_S`, a positive number; infinite for constant marginal cost.
    conduct
        :math:`θ` in 0 to 1: 0 perfect competition, 1/n symmetric Cournot, 1 monopoly.
    demand_convexity
        :math:`ζ = −q · p''/p'`: 0 linear, 1 exponential, :math:`1 + 1/ε_D` isoelastic.

    Returns
    -------
    float
        Dollars per dollar. It is not an elasticity.

    Raises
    ------
    ModelError
        If an argument leaves its range, or the market has no stable equilibrium there.

    References
    ----------
    Weyl and Fabinger (2013), *Journal of Political Economy* 121(3): 528-583.

    Examples
    --------
    >>> pass_through_rate(demand_elasticity=3.0, supply_elasticity=float("inf"), conduct=1.0)
    0.5
    """
    require(
        demand_elasticity > 0 and supply_elasticity > 0,
        "elasticities must be positive; write demand_elasticity=1.5, not -1.5 "
        f"(got demand {demand_elasticity}, supply {supply_elasticity})",
    )
    require(0 <= conduct <= 1, f"conduct lies in 0 to 1: 0 competition, 1 monopoly (got {conduct})")
    require(
        math.isfinite(demand_convexity), f"demand_convexity must be finite ({demand_convexity})"
    )
    slope = 1 + (demand_elasticity - conduct) / supply_elasticity + conduct * (1 - demand_convexity)
    require(
        slope > 0,
        "no stable equilibrium: demand is too convex for this conduct "
        f"(1 + (e_D - θ)/e_S + θ(1 - ζ) = {slope:.4g}, must be above 0)",
    )
    return 1 / slope


def chained_rate(*rates: float) -> float:
    """Return the pass-through of a chain of sellers, each passing on to the next.

    Two linear monopolists in a row pass on 1/2 each, so a quarter reaches the shelf.

    Examples
    --------
    >>> chained_rate(0.5, 0.5)
    0.25
    """
    require(rates and np.all(np.isfinite(rates)), f"give the rate of each tier (got {rates})")
    return math.prod(rates)


def _log_tariff(old_tariff: float, new_tariff: float) -> float:
    require(
        old_tariff >= 0 and new_tariff >= 0 and math.isfinite(old_tariff + new_tariff),
        f"tariffs are fractions, not below 0 (got {old_tariff} and {new_tariff})",
    )
    check_rate("a tariff", (old_tariff, new_tariff))
    require(old_tariff != new_tariff, "the tariff did not change, so no pass-through can be told")
    return math.log1p(new_tariff) - math.log1p(old_tariff)
