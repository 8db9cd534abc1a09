"""What was observed of a market, and the checks on it: prices, shares, margins, duties in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from tariffimpact.errors import ModelError, require
from tariffimpact.market.policy import Reading, SizedDuties
from tariffimpact.market.system import Array, vector

MarginBase = Literal["price", "net_price"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One observed equilibrium; arrays of shape (J,)."""

    products: tuple[str, ...]
    firms: tuple[str, ...]
    prices: Array
    shares: Array
    """In the base of the demand system: units or outlay, of the potential market or of sales."""
    size: float
    """What shares are shares of: units or money."""
    duties: SizedDuties
    reading: Reading
    customs_value: Array | None
    margin_on: MarginBase

    def lerner(self, margin: Array) -> Array:
        """Return (p - k)/p from margins in the user's convention.

        `price`: the same. `net_price`: (p - k)/(p - d) with d the duty per unit; where d depends
        on the unknown cost (v = c), (p - k)/p follows from both conditions.
        """
        if self.margin_on == "price":
            return margin
        p, rate, specific = self.prices, self.duties.rate, self.duties.specific
        if self.reading == "border_price":
            return margin * (p - specific) / p
        if self.customs_value is not None:
            return margin * (p - rate * self.customs_value - specific) / p
        part = rate / (1 + rate)
        above = (p - specific) * (1 - margin) / (1 - margin * part)
        return (p - specific - above) / p

    def margin(self, lerner: Array) -> Array:
        """Return margins in the user's convention from (p - k)/p: the inverse of `lerner`."""
        if self.margin_on == "price":
            return lerner
        p, specific = self.prices, self.duties.specific
        if self.reading == "border_price":
            return lerner * p / (p - specific)
        cost = (1 - lerner) * p
        return lerner * p / (p - (cost - self.unit_cost(cost)))

    def unit_cost(self, cost: Array) -> Array:
        """Return c, money per unit without duty, from k, money per unit with duty.

        Raises
        ------
        ModelError
            If a cost is not positive: the margin is too high for the duty said to be in force.
        """
        rate, specific = self.duties.rate, self.duties.specific
        if self.reading == "customs_value" and self.customs_value is not None:
            net = cost - rate * self.customs_value - specific
        else:
            net = (cost - specific) / (1 + rate)
        for name, value, gross in zip(self.products, net, cost, strict=True):
            require(
                value > 0,
                f"{name}: a unit cost of {value:.4g} without duty ({gross:.4g} with it) is not "
                "positive, and a tariff would act as a subsidy; lower its margin, or check the "
                "duties in force and the customs value",
            )
        return np.asarray(net)


def observed_margins(
    margins: Mapping[str, float] | ArrayLike | None, products: Sequence[str]
) -> Array:
    """Return margins as an array, NaN where none is known, or name the one outside (0, 1)."""
    if margins is None:
        full = np.full(len(products), np.nan)
    elif isinstance(margins, Mapping):
        unknown = [name for name in margins if name not in products]
        require(not unknown, f"margins: {unknown and unknown[0]} is no product: {tuple(products)}")
        full = np.array([margins.get(name, np.nan) for name in products], dtype=np.float64)
    else:
        full = np.array(margins, dtype=np.float64)
        if full.shape != (len(products),):
            raise ModelError(
                f"margins: shape {full.shape} for {len(products)} products; give one per product, "
                "NaN where it is not known, or a mapping from product to margin"
            )
    for name, value in zip(products, full, strict=True):
        require(
            np.isnan(value) or 0 < value < 1,
            f"{name}: margin {value:g} is outside (0, 1); give price less cost over price as a "
            "fraction, 0.25 for 25%",
        )
    return full


def market_shares(*, values: Array, inside: float) -> tuple[Array, float]:
    """Return shares and what they are shares of, from units or outlay and the inside share."""
    total = float(values.sum())
    return values / total * inside, total / inside


def checked_shares(shares: ArrayLike, products: Sequence[str], *, outside: bool) -> Array:
    """Return shares as floats, or say which is not positive or that they sum wrongly.

    `outside`: whether the shares leave room for an outside good (sum below 1) or sum to 1.
    """
    full = vector(shares, len(products), "shares")
    for name, value in zip(products, full, strict=True):
        require(value > 0, f"{name}: share {value:g} must be positive; drop a product not sold")
    total = float(full.sum())
    if outside and total >= 1:
        raise ModelError(
            f"shares: they sum to {total:.4g}; with an outside good they must sum to less than 1: "
            "give shares of the potential market as fractions, or quantities and outside_share"
        )
    if not outside and abs(total - 1) > 1e-9:
        raise ModelError(
            f"shares: they sum to {total:.6g}; AIDS shares are of outlay on these products and "
            "sum to 1"
        )
    return full
