"""What an observed price change says about pass-through: a set, not a number.

Prices are observed; the tariff on the goods sold, the customs share, the dutiable share and the
part of the rise that the tariff caused are known only up to a set. With `p` the price, `s` the
customs share, `a` the dutiable share, `τ` the **change** of the ad valorem rate between the goods
sold at the old price and at the new, and `ψ` the caused share,

.. math:: ρ = (ψ Δ p) / (τ a s p_0)

is monotone in each, so its bounds are its values at two corners. A midpoint would be an invention
and is never reported.
"""

from tariffimpact.identification.bounds import PassThroughBounds, pass_through_bounds
from tariffimpact.identification.claims import (
    caused_share_by_control,
    implied_customs_share,
    mitigated_share,
)
from tariffimpact.identification.point import full_share, implied_rate

__all__ = [
    "PassThroughBounds",
    "caused_share_by_control",
    "full_share",
    "implied_customs_share",
    "implied_rate",
    "mitigated_share",
    "pass_through_bounds",
]
