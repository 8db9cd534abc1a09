"""The share of an exposure that a price rise brings back, on numbers and arrays."""

from __future__ import annotations

from numpy.typing import ArrayLike

from tariffimpact.arguments import Numbers, checked, plain


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
