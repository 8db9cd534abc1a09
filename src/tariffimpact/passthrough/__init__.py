"""Pass-through: its four definitions, and what an observed price change says of it.

`rates` converts dollars per dollar, percent per point and elasticities into each other. `bounds`
says what an observed price leaves open: a set, not a number. Prices are observed; the tariff on the
goods sold, the customs share, the dutiable share and the part of the rise that the tariff caused
are known only up to a set. With `p` the price, `s` the customs share, `a` the dutiable share, `τ`
the **change** of the ad valorem rate between the goods sold at the old price and at the new, and
`ψ` the caused share,

.. math:: ρ = (ψ Δ p) / (τ a s p_0)

is monotone in each, so its bounds are its values at two corners. A midpoint would be an invention
and is never reported. `refutations` are shares that refute claims.
"""

from tariffimpact.passthrough.bounds import (
    PassThroughBounds,
    full_share,
    implied_rate,
    pass_through_bounds,
)
from tariffimpact.passthrough.rates import (
    PassThrough,
    chained_rate,
    convert,
    measure,
    pass_through_rate,
)
from tariffimpact.passthrough.refutations import (
    caused_share_by_control,
    implied_customs_share,
    mitigated_share,
)

__all__ = [
    "PassThrough",
    "PassThroughBounds",
    "caused_share_by_control",
    "chained_rate",
    "convert",
    "full_share",
    "implied_customs_share",
    "implied_rate",
    "measure",
    "mitigated_share",
    "pass_through_bounds",
    "pass_through_rate",
]
