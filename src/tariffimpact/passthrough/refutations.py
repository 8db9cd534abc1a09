"""Shares that refute claims: of the price at the border, of a rise, of a gross cost."""

from __future__ import annotations

import numpy as np

from tariffimpact.errors import require
from tariffimpact.interval import Interval, Quantity


def implied_customs_share(
    *, exposure: Quantity, units_sold: Quantity, ad_valorem: Quantity, price: float
) -> Interval:
    """Return the customs share at which a duty on one product alone would be a whole exposure.

    A share above 1 refutes the claim that the exposure is the duty on that product: other goods
    carry part of it.

    Parameters
    ----------
    exposure
        Disclosed cost over a period, in the currency of `price`.
    units_sold
        Units imported over the same period.
    ad_valorem
        Rate as a fraction of the customs value.
    price
        Shelf price per unit.

    Examples
    --------
    Sony's $680m as a 15% duty on 15 m consoles, 35 to 45% of them sold in America:

    >>> print(implied_customs_share(exposure=680e6, units_sold=15e6 * Interval(0.35, 0.45),
    ...                             ad_valorem=0.15, price=500.0))
    1.343..1.727
    """
    require(price > 0, f"price must be above 0 (got {price})")
    per_unit = Interval.of(exposure) / units_sold
    return per_unit / ad_valorem / price


def caused_share_by_control(*, change: float, control_change: float) -> float:
    """Return the share of a price change that a market without the tariff does not have as well.

    Holds under parallel trends: without the tariff both markets would have moved alike, in percent.

    Parameters
    ----------
    change, control_change
        Relative price changes of the same product over the same days, fractions: 0.10, never
        dollars.

    Returns
    -------
    float
        1 where the control did not move, 0 where it moved as much.

    Raises
    ------
    ModelError
        If a change is no relative change, or the control moved more or the other way: then no
        share in 0 to 1 says what the tariff did, and `counterfactual_change` of
        `pass_through_bounds` does.

    Examples
    --------
    >>> round(caused_share_by_control(change=0.2, control_change=0.05), 2)
    0.75
    """
    for name, value in (("change", change), ("control_change", control_change)):
        require(np.isfinite(value), f"{name} must be finite (got {value})")
        require(
            -1 < value < 3,
            f"{name} is a relative change of a price (got {value:g}); write 0.1 for 10%, "
            "and divide dollars by the old price",
        )
    require(change != 0, "the price did not change, so there is no rise to attribute")
    share = (change - control_change) / change
    require(
        0 <= share <= 1,
        f"the control moved by {control_change:g} where the price moved by {change:g}, so no share "
        f"of the change is the tariff's; use counterfactual_change={control_change:g} in "
        "pass_through_bounds",
    )
    return share


def mitigated_share(
    *, gross: Quantity, net: Quantity, same_scope: bool, same_period: bool
) -> Interval:
    """Return the share of a gross exposure that the company's own measures take off.

    .. math:: 1 − "net" / "gross"

    It bounds the share recovered through prices from above: it holds sourcing, suppliers and stock
    as well.

    Raises
    ------
    ModelError
        If the two figures differ in scope or period: their ratio would mean nothing. If net is
        above gross.

    Examples
    --------
    >>> print(mitigated_share(gross=Interval(200e6, float("inf")), net=100e6,
    ...                       same_scope=True, same_period=True))
    0.5..1
    """
    require(same_scope, "gross and net cover different things; find figures of one scope")
    require(same_period, "gross and net are of different periods; find figures of one period")
    share = 1 - Interval.of(net) / gross
    require(
        share.high >= 0,
        f"net ({Interval.of(net)}) is above gross ({Interval.of(gross)}): the measures would have "
        "added to the cost; check which figure is which",
    )
    return Interval(max(0.0, share.low), min(1.0, share.high))
