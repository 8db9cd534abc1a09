"""From a charged product to its duty, landed cost, price under each rule, and margin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from tariffimpact.pricing import hold_dollar_margin, hold_percent_margin, hold_profit, maximise
from tariffimpact.pricing.demand import Demand, IsoelasticDemand, LinearDemand, LogitDemand

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
ENDS: Final = ("low", "high")
FORMS: Final[dict[str, type[Demand]]] = {
    "isoelastic": IsoelasticDemand,
    "linear": LinearDemand,
    "logit": LogitDemand,
}


def cents(amount: Array) -> Array:
    """Return amounts rounded to the cent, half a cent up, as on an entry summary.

    Examples
    --------
    >>> cents(np.array([1.005, 2.344]))
    array([1.01, 2.34])
    """
    return np.floor(amount * 100 + 0.5 + 1e-7) / 100


def priced(
    skus: pd.DataFrame, now: pd.DataFrame, before: pd.DataFrame, *, form: str, authorities: int
) -> pd.DataFrame:
    """Return one row per product: rates, duty, landed cost, prices and margins, each as a range.

    Both ends of a range suppose the same unknown (metal share, claim) before and after, so the
    lower prices go with the lower duties of both days.

    Parameters
    ----------
    skus
        Products as `read_skus` yields them, money in US dollars per unit.
    now, before
        The same products charged on the day of entry and on the day of comparison.
    form
        `isoelastic`, `linear` or `logit`: the demand through the old price.
    authorities
        How many parts a rate has.

    Returns
    -------
    DataFrame
        Unit amounts in US dollars, and `line_duty_…`, the duty of a year's units, each
        authority's part rounded to the cent.
    """
    value = (skus["customs_value"] * skus["dutiable_share"].fillna(1.0)).to_numpy()
    freight = skus["freight"].fillna(0.0).to_numpy()
    units = skus["units"].fillna(1.0).to_numpy()
    quantity = skus["duty_quantity"].fillna(0.0).to_numpy()
    columns: dict[str, Any] = {}
    for end in ENDS:
        old = (
            value * before[f"rate_{end}"].to_numpy()
            + quantity * before[f"specific_{end}"].to_numpy()
        )
        duty = value * now[f"rate_{end}"].to_numpy() + quantity * now[f"specific_{end}"].to_numpy()
        base = skus["customs_value"].to_numpy() + freight
        cost = skus["unit_cost"].fillna(skus["customs_value"] + freight + old).to_numpy()
        columns[f"rate_before_{end}"] = before[f"rate_{end}"].to_numpy()
        columns[f"rate_{end}"] = now[f"rate_{end}"].to_numpy()
        columns[f"duty_usd_{end}"] = duty
        columns[f"duty_change_usd_{end}"] = duty - old
        columns[f"landed_cost_usd_{end}"] = base + duty
        columns |= _prices(skus, cost, duty - old, end, form)
        per_line = [value * units * now[f"part_{i}_{end}"].to_numpy() for i in range(authorities)]
        per_line[0] = per_line[0] + quantity * units * now[f"specific_{end}"].to_numpy()
        rounded = [cents(part) for part in per_line]
        columns[f"line_duty_usd_{end}"] = np.sum(rounded, axis=0)
        columns |= {f"line_part_{i}_{end}": part for i, part in enumerate(rounded)}
    columns["line_value_usd"] = skus["customs_value"].to_numpy() * units
    columns["flags"] = _flags(skus, now, columns)
    given = ["line", "sku", "company", "hts", "origin", "entered_on"]
    money = {"customs_value": "customs_value_usd", "price": "price_usd"}
    return skus[[*given, *money]].rename(columns=money).assign(**columns)


def _prices(
    skus: pd.DataFrame, cost: Array, change: Array, end: str, form: str
) -> dict[str, Array]:
    """Return the price of each rule and the margins, NaN where a rule has no answer."""
    price = skus["price"].to_numpy()
    elasticity = skus["demand_elasticity"].to_numpy()
    sells = (cost < price) & (cost > 0) & np.isfinite(cost + change) & (price + change > 0)
    sells &= cost + change > 0
    known = sells & np.isfinite(elasticity)
    best = known & (elasticity > 1) if form == "isoelastic" else known

    def answer(where: Any, rule: Any) -> Array:
        out = np.full(len(price), np.nan)
        if where.any():
            out[where] = rule(where)
        return out

    def demand(where: Any) -> Demand:
        return FORMS[form](price=price[where], demand_elasticity=elasticity[where])

    return {
        f"price_hold_dollar_margin_usd_{end}": answer(
            sells, lambda w: hold_dollar_margin(price=price[w], cost_change=change[w])
        ),
        f"price_hold_percent_margin_usd_{end}": answer(
            sells,
            lambda w: hold_percent_margin(price=price[w], old_cost=cost[w], cost_change=change[w]),
        ),
        f"price_hold_profit_usd_{end}": answer(
            known, lambda w: hold_profit(demand=demand(w), old_cost=cost[w], cost_change=change[w])
        ),
        f"price_maximise_usd_{end}": answer(
            best, lambda w: maximise(demand=demand(w), old_cost=cost[w], cost_change=change[w])
        ),
        f"margin_before_{end}": (price - cost) / price,
        f"margin_if_absorbed_{end}": (price - cost - change) / price,
    }


def _flags(skus: pd.DataFrame, now: pd.DataFrame, columns: dict[str, Any]) -> list[str]:
    """Return what a reader must know of each row, in words."""
    wide = columns["rate_low"] < columns["rate_high"]
    unweighed = now["needs_metal"].to_numpy() & skus["metal_content"].isna().to_numpy()
    said = {
        "metal share unknown": unweighed & wide,
        "exemption or claim unknown": now["needs_claim"].to_numpy() & wide,
        "use of the goods unknown": now["needs_use"].to_numpy() & wide,
        "rate is an interval": wide,
        "sells below cost": columns["margin_before_low"] <= 0,
        "no price keeps the profit": (
            np.isfinite(skus["demand_elasticity"].to_numpy())
            & (columns["margin_before_low"] > 0)
            & np.isnan(columns["price_hold_profit_usd_high"])
        ),
    }  # fmt: skip
    masks: Sequence[tuple[str, Any]] = list(said.items())
    return ["; ".join(word for word, mask in masks if mask[row]) for row in range(len(skus))]
