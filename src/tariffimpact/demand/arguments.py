"""The arguments that every demand curve takes, checked."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.arguments import Array, Numbers, checked, plain
from tariffimpact.errors import ModelError


def price_argument(price: ArrayLike) -> Array:
    """Return `price` checked: above 0, money per unit."""
    return checked("price", price, above=0, remedy="give a price in money per unit")


def cost_argument(cost: ArrayLike) -> Array:
    """Return `unit_cost` checked: above 0, money per unit."""
    return checked("unit_cost", cost, above=0, remedy="give the cost in money per unit")


def quantity_argument(quantity: ArrayLike) -> Array:
    """Return `quantity` checked: above 0, units."""
    return checked("quantity", quantity, above=0, remedy="give the units to be sold")


def positive_price(price: ArrayLike) -> Numbers:
    """Return a price that sells a given quantity, or say that no positive price does."""
    values = np.asarray(price, dtype=np.float64)
    if not (np.isfinite(values).all() and (values > 0).all()):
        raise ModelError("quantity is more than any positive price sells; lower it")
    return plain(values)
