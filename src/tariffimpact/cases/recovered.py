"""A case's exposure set against its price rise."""

from __future__ import annotations

from typing import Any

from tariffimpact.cases.figures import span
from tariffimpact.cases.question import Question
from tariffimpact.decisions.recovery import Recovery, recovery, recovery_rate
from tariffimpact.facts import Exposure
from tariffimpact.uncertainty.inputs import Stated


def recovered(table: Any, exposure: Exposure | None, *, currency: str, source: str) -> Recovery:
    """Return how much of the exposure the price rise of a `[recovery]` table brings back."""
    amount, exposure_currency = _amount(table, exposure, currency)
    rate = table.exchange_rate
    return recovery(
        price_rise=span(table.price_rise),
        annual_volume=span(table.annual_volume) * span(table.market_share),
        months=span(table.months),
        exposure=span(amount),
        basis=table.basis if exposure is None else exposure.basis.value,
        retailer_share=span(table.retailer_share),
        volume_ratio=span(table.volume_ratio),
        same_scope=table.same_scope,
        same_window=table.same_window,
        currency=currency,
        exposure_currency=exposure_currency,
        exchange_rate=None if rate is None else span(rate),
        exchange_rate_on=table.exchange_rate_on,
        source=source,
    )


def recovery_question(table: Any, exposure: Exposure | None, currency: str) -> Question:
    """Return the share of the exposure recovered, as a function of its inputs."""
    inputs = {
        name: getattr(table, name)
        for name in (
            "price_rise",
            "annual_volume",
            "market_share",
            "retailer_share",
            "months",
            "volume_ratio",
        )
    }
    inputs["exchange_rate"] = 1.0 if table.exchange_rate is None else table.exchange_rate
    inputs["exposure"], _ = _amount(table, exposure, currency)
    return Question.of(
        "recovery", "share of the exposure recovered", "fraction", _recovered, inputs
    )


def _recovered(*, annual_volume: Any, market_share: Any, **inputs: Any) -> Any:
    return recovery_rate(annual_volume=annual_volume * market_share, **inputs)


def _amount(table: Any, exposure: Exposure | None, currency: str) -> tuple[Stated, str]:
    """Return the exposure and its currency, in the case's own where the source converts it."""
    if exposure is None:
        return table.amount, currency
    if exposure.currency != currency == "USD" and exposure.amount_usd is not None:
        return exposure.amount_usd, "USD"
    return exposure.amount, exposure.currency
