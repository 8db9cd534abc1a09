"""An estimate in the words of the pass-through dictionary, and how to say it in others."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any, Final, Literal

from tariffimpact.errors import require
from tariffimpact.interval import Interval
from tariffimpact.passthrough import convert

Definition = Literal[
    "retail_elasticity",
    "retail_rate",
    "rate",
    "log_change",
    "percent_change",
    "price_change",
]

MEANINGS: Final[dict[str, str]] = {
    "retail_elasticity": "percent of price per percent of (1 + tariff)",
    "retail_rate": "percent of price per percentage point of tariff",
    "rate": "money of price per money of duty",
    "log_change": "change of the log price",
    "percent_change": "change of price as a fraction of the price compared with",
    "price_change": "change in the unit of the price column",
}
"""What a coefficient is, by the name of its definition."""


@dataclass(frozen=True, slots=True)
class Coefficient:
    """One estimate with its error, its interval and the definition it is in."""

    term: str
    estimate: float
    std_error: float
    """Clustered; for a synthetic control the spread of its placebos; NaN where there is none."""
    low: float
    high: float
    """95% interval."""
    definition: Definition
    std_error_hc1: float = float("nan")
    """Robust row by row, for comparison."""
    method: str = "two-way"
    interval_by: str = "t"
    """Where it comes from: `t`, `wild bootstrap`, `jackknife`, `placebos`, `conversion`."""
    periods_after: int | None = None
    """Of an effect around the event or a cumulative one: periods since the first treated one."""

    @classmethod
    def by_clusters(
        cls, term: str, estimate: float, error: float, clusters: int, definition: Definition,
        **more: Any,
    ) -> Coefficient:  # fmt: skip
        """Return an estimate with its interval by Student's t, one degree less than clusters."""
        low, high = around(float(estimate), float(error), clusters - 1)
        return cls(term, float(estimate), float(error), low, high, definition, **more)

    @property
    def interval(self) -> Interval:
        """The interval; an end may be infinite."""
        return Interval(self.low, self.high)

    def record(self) -> dict[str, Any]:
        """Return the fields by name, as a table or JSON holds them."""
        return asdict(self)


def around(estimate: float, error: float, degrees: int) -> tuple[float, float]:
    """Return the 95% interval by Student's t."""
    from scipy import special  # its statistics take a second to load

    reach = float(special.stdtrit(degrees, 0.975)) * error
    return estimate - reach, estimate + reach


def converted(
    found: Coefficient,
    *,
    customs_share: Interval,
    tariff_change: Interval | None = None,
    old_tariff: float = 0.0,
    new_tariff: float | None = None,
) -> tuple[Coefficient, ...]:
    """Return an estimate of the shelf price as a rate and a retail rate, at the corners.

    The interval covers every customs share in its range and every value in that of the estimate;
    the point is the estimate at the middle of the share.

    Parameters
    ----------
    found
        A `retail_elasticity`, or a `log_change` or `percent_change` caused by a tariff.
    customs_share
        Customs value as a share of the old shelf price, above 0 to 1.
    tariff_change
        Change of the ad valorem rate that caused a change of price; read for changes only.
    old_tariff, new_tariff
        Rates before and after; read for an elasticity only.

    Raises
    ------
    ModelError
        If a share is out of range, or the tariff did not change.

    Examples
    --------
    >>> effect = Coefficient("imported", -0.04, 0.004, -0.048, -0.032, "percent_change")
    >>> rate, _ = converted(effect, customs_share=Interval(0.4, 0.6),
    ...                     tariff_change=Interval.exactly(-0.10))
    >>> print(f"{rate.interval}, about {rate.estimate:.2f}")
    0.5333..1.2, about 0.80
    """
    require(
        0 < customs_share.low <= customs_share.high <= 1,
        f"the customs share lies above 0, up to 1 (got {customs_share}); it is never guessed",
    )
    changes = tariff_change if tariff_change is not None else Interval.exactly(1.0)
    if found.definition != "retail_elasticity":
        require(
            tariff_change is not None and not changes.low <= 0 <= changes.high,
            "a change of price is a pass-through only per change of tariff; give --tariff-change",
        )

    def said(
        value: float, share: float, change: float, wanted: Literal["rate", "retail_rate"]
    ) -> float:
        if found.definition == "retail_elasticity":
            assert new_tariff is not None
            return convert(
                value,
                given="retail_elasticity",
                wanted=wanted,
                customs_share=share,
                old_tariff=old_tariff,
                new_tariff=new_tariff,
            )
        rise = math.expm1(value) if found.definition == "log_change" else value
        return rise / change / (share if wanted == "rate" else 1.0)

    def one(wanted: Literal["rate", "retail_rate"]) -> Coefficient:
        ends = [found.low, found.high]
        shares = [customs_share.low, customs_share.high]
        corners = [
            said(value, share, change, wanted)
            for value, share, change in product(ends, shares, [changes.low, changes.high])
            if math.isfinite(value)
        ] or [math.nan]
        unbounded = not all(math.isfinite(end) for end in ends)
        return replace(
            found,
            estimate=said(found.estimate, customs_share.middle, changes.middle, wanted),
            std_error=math.nan,
            std_error_hc1=math.nan,
            low=-math.inf if unbounded else min(corners),
            high=math.inf if unbounded else max(corners),
            definition=wanted,
            interval_by="conversion",
        )

    return one("rate"), one("retail_rate")
