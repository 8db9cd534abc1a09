"""The rate of a price change when every input is known; arrays broadcast."""

from __future__ import annotations

import numpy as np

from tariffimpact.arguments import Numbers, plain


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
