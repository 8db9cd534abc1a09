"""From a charged product to its duty, landed cost, price under each rule, and margin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
RULES: Final = ("hold_dollar_margin", "hold_percent_margin", "hold_profit", "maximise")


def cents(amount: Array) -> Array:
    """Return amounts rounded to the cent, half a cent up, as on an entry summary.

    Examples
    --------
    >>> cents(np.array([1.005, 2.344]))
    array([1.01, 2.34])
    """
    return np.floor(amount * 100 + 0.5 + 1e-7) / 100


def priced(
    skus: pd.DataFrame,
    now: pd.DataFrame,
    before: pd.DataFrame,
    *,
    form: str,
    void: Sequence[bool],
    floor: float | None = None,
    extra: Sequence[str] = (),
) -> pd.DataFrame:
    """Return one row per product: rates, duty, landed cost, prices and margins, each as a range.

    Both ends of a range suppose the same unknown (metal share, claim) before and after, so the
    lower prices go with the lower duties of both days. Without a unit cost there is no margin and
    no price that needs one: the customs value is not the cost.

    Parameters
    ----------
    skus
        Products as `read_skus` yields them, money in US dollars per unit.
    now, before
        The same products charged on the day of entry and on the day of comparison.
    form
        `isoelastic`, `linear` or `logit`: the demand through the old price.
    void
        Of each part of a rate, whether it was held void and is paid back.
    floor
        Margin below which a product is told, a share of the price.
    extra
        Columns of `skus` to keep.

    Returns
    -------
    DataFrame
        Unit amounts in US dollars, and `line_…`, the amounts of a year's units: duty (each
        authority's part rounded to the cent), revenue, profit. NaN where a number is unknown.
    """
    value = (skus["customs_value"] * skus["dutiable_share"].fillna(1.0)).to_numpy()
    freight = skus["freight"].fillna(0.0).to_numpy()
    units = skus["units"].to_numpy()
    quantity = skus["duty_quantity"].fillna(0.0).to_numpy()
    cost, price = skus["unit_cost"].to_numpy(), skus["price"].to_numpy()
    columns: dict[str, Any] = {}
    for end in ENDS:
        old = _duty(value, quantity, before, end)
        duty = _duty(value, quantity, now, end)
        columns[f"rate_before_{end}"] = before[f"rate_{end}"].to_numpy()
        columns[f"rate_{end}"] = now[f"rate_{end}"].to_numpy()
        columns[f"duty_usd_{end}"] = duty
        columns[f"duty_change_usd_{end}"] = duty - old
        columns[f"landed_cost_usd_{end}"] = skus["customs_value"].to_numpy() + freight + duty
        columns |= _prices(skus, duty - old, end, form)
        columns |= _parts(value * units, quantity * units, now, end, void)
        if floor is not None:
            known = np.where(cost + duty - old > 0, cost + duty - old, np.nan)
            columns[f"price_for_floor_usd_{end}"] = known / (1 - floor)
        columns[f"line_profit_after_usd_{end}"] = (price - cost - (duty - old)) * units
    columns["line_value_usd"] = skus["customs_value"].to_numpy() * units
    columns["line_revenue_usd"] = price * units
    columns["line_profit_before_usd"] = (price - cost) * units
    columns["price_cut_reason"] = _reasons(price, columns)
    columns["flags"] = _flags(skus, now, columns, floor)
    given = ["line", "sku", "company", "hts", "origin", "entered_on", *extra]
    money = {"customs_value": "customs_value_usd", "price": "price_usd"}
    return skus[[*dict.fromkeys([*given, *money])]].rename(columns=money).assign(**columns)


def _duty(value: Array, quantity: Array, charged: pd.DataFrame, end: str) -> Array:
    ad_valorem = value * charged[f"rate_{end}"].to_numpy()
    return np.asarray(ad_valorem + quantity * charged[f"specific_{end}"].to_numpy())


def _parts(
    value: Array, quantity: Array, now: pd.DataFrame, end: str, void: Sequence[bool]
) -> dict[str, Array]:
    """Return the duty of a year's units, its parts, and what of it was held void."""
    parts = [value * now[f"part_{i}_{end}"].to_numpy() for i in range(len(void))]
    parts[0] = parts[0] + quantity * now[f"specific_{end}"].to_numpy()
    known = "known_rate" in now
    rounded = [cents(part) for part in parts]
    total = np.sum(rounded, axis=0)
    if known:  # a duty that the file states has no parts
        stated = np.where(now["known_rate"], cents(value * now[f"rate_{end}"].to_numpy()), total)
        total = np.asarray(stated)
    paid_back = [part for part, held in zip(rounded, void, strict=True) if held]
    return {
        f"line_duty_usd_{end}": total,
        f"line_void_duty_usd_{end}": np.sum(paid_back, axis=0) if paid_back else 0.0 * total,
        **{f"line_part_{i}_{end}": part for i, part in enumerate(rounded)},
    }


def _prices(skus: pd.DataFrame, change: Array, end: str, form: str) -> dict[str, Array]:
    """Return the price of each rule and the margins, NaN where a rule has no answer."""
    price, cost = skus["price"].to_numpy(), skus["unit_cost"].to_numpy()
    elasticity = skus["demand_elasticity"].to_numpy()
    moved = np.isfinite(price) & np.isfinite(change) & (price + change > 0) & ~(cost >= price)
    sells = moved & (cost < price) & (cost > 0) & (cost + change > 0)
    known = sells & np.isfinite(elasticity)
    best = known & (elasticity > 1) if form == "isoelastic" else known

    def answer(where: Any, rule: Any) -> Array:
        out = np.full(len(price), np.nan)
        if where.any():
            out[where] = rule(where)
        return out

    def demand(where: Any) -> Demand:
        return FORMS[form](price=price[where], demand_elasticity=elasticity[where])

    def of_cost(where: Any) -> dict[str, Array]:
        return {"old_cost": cost[where], "cost_change": change[where]}

    return {
        f"price_hold_dollar_margin_usd_{end}": answer(
            moved, lambda w: hold_dollar_margin(price=price[w], cost_change=change[w])
        ),
        f"price_hold_percent_margin_usd_{end}": answer(
            sells, lambda w: hold_percent_margin(price=price[w], **of_cost(w))
        ),
        f"price_hold_profit_usd_{end}": answer(
            known, lambda w: hold_profit(demand=demand(w), **of_cost(w))
        ),
        f"price_maximise_usd_{end}": answer(
            best, lambda w: maximise(demand=demand(w), **of_cost(w))
        ),
        f"margin_before_{end}": (price - cost) / price,
        f"margin_if_absorbed_{end}": (price - cost - change) / price,
    }


def _reasons(price: Array, columns: Mapping[str, Any]) -> list[str]:
    """Return why a rule asks for a lower price than today's: never a cut without its reason."""
    fell = columns["duty_change_usd_high"] < 0
    cents_below = price - 0.005

    def below(rule: str) -> Any:
        return columns[f"price_{rule}_usd_low"] < cents_below

    by_margin = (below("hold_dollar_margin") | below("hold_percent_margin")) & fell
    by_demand = below("hold_profit") | below("maximise")
    said = {
        "the duty is lower than on the day of comparison": by_margin | (by_demand & fell),
        "under its elasticity the price is above the one that earns most, duty or not": (
            by_demand & ~fell
        ),
    }
    return _worded(said, len(price))


def _flags(
    skus: pd.DataFrame, now: pd.DataFrame, columns: Mapping[str, Any], floor: float | None
) -> list[str]:
    """Return what a reader must know of each row, in words."""
    wide = columns["rate_low"] < columns["rate_high"]
    unweighed = now["needs_metal"].to_numpy() & skus["metal_content"].isna().to_numpy()
    margin = columns["margin_if_absorbed_high"], columns["margin_if_absorbed_low"]
    said = {
        "metal share unknown": unweighed & wide,
        "exemption or claim unknown": now["needs_claim"].to_numpy() & wide,
        "use of the goods unknown": now["needs_use"].to_numpy() & wide,
        "rate is an interval": wide,
        "part of the duty is void": np.asarray(columns["line_void_duty_usd_high"]) > 0,
        "unit cost unknown": skus["unit_cost"].isna().to_numpy(),
        "units unknown": skus["units"].isna().to_numpy(),
        "sells below cost": columns["margin_before_low"] <= 0,
        "no price keeps the profit": (
            np.isfinite(skus["demand_elasticity"].to_numpy())
            & (columns["margin_before_low"] > 0)
            & np.isnan(columns["price_hold_profit_usd_high"])
        ),
    }  # fmt: skip
    if floor is not None:
        under, perhaps = margin[0] < floor, margin[1] < floor
        low, high = np.minimum(under, perhaps), np.maximum(under, perhaps)
        said["under the floor margin"] = low
        said["perhaps under the floor margin"] = high & ~low
    return _worded(said, len(skus))


def _worded(said: Mapping[str, Any], rows: int) -> list[str]:
    masks = [(words, np.asarray(mask)) for words, mask in said.items()]
    return ["; ".join(words for words, mask in masks if mask[row]) for row in range(rows)]
