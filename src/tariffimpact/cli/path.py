"""`tariffimpact path`: cost, price and margin by month after a change of duty."""

from __future__ import annotations

from typing import Any, Final

import click

from tariffimpact.cli.asked import Asked, asked_options, records
from tariffimpact.cli.case import (
    PRODUCT,
    Flag,
    case_argument,
    case_or_product,
    check_product,
    flag_options,
)
from tariffimpact.cli.options import FLOWS
from tariffimpact.cli.terminal import tell, tell_frame

_FLAGS: Final = (
    *PRODUCT,
    Flag("turns", "number", "Inventory turns a year (default: 4).", "timing.turns"),
    Flag("flow", FLOWS, "Which cost goes out first (default: fifo_many, many products evenly).",
         "timing.flow"),
    Flag("front_load", "number", "Months of sales bought ahead at the old duty.",
         "timing.front_loaded_months"),
    Flag("holding_cost", "rate", "Cost of holding stock a month: 2%.", "timing.holding_cost"),
    Flag("pass_through", "ratio", "Dollars of price per dollar of duty aimed at.",
         "timing.pass_through_rate"),
    Flag("follows", click.Choice(["booked", "replacement"]),
         "The duty the price aims at: in the goods sold (default), or of the day.",
         "timing.price_follows"),
    Flag("speed_up", "share", "Share of the gap closed each month, upwards.", "timing.speed_up"),
    Flag("speed_down", "share", "The same downwards.", "timing.speed_down"),
    Flag("months", click.INT, "Months to follow (default: 12).", "timing.months"),
)  # fmt: skip


@click.command()
@case_argument
@click.option("--product", help="A product of the case (default: the first).")
@flag_options(*_FLAGS)
@asked_options()
def path(case: str | None, product: str | None, asked: Asked, **values: Any) -> None:
    """Say when a duty reaches cost, and what price and margin are month by month.

    CASE is a file or a shipped case; or give --price, --customs and --tariff.
    """
    check_product(case, product)
    table = {"timing": {"turns": 4.0}}
    found = case_or_product(case, _FLAGS, values, asked.folder, table)
    result = found.path_ranges(product)
    summary = (result.middle if asked.at_middle else result).summary()
    name = found.product(product).name

    def plain() -> dict[str, Any]:
        return {
            "case": found.name,
            "product": name,
            "currency": found.currency,
            "summary": summary,
            "ranges": records(result.to_frame()),
            "lag_at_middle": found.path(product).lag,
            "months_at_middle": records(result.middle.to_frame()),
        }

    def told() -> None:
        exact = asked.at_middle or not result.is_uncertain
        tell(f"{asked.start(result.is_uncertain, ',')}{name}: {summary}")
        frame = result.middle.to_frame() if exact else result.to_frame()[["name", "low", "high"]]
        tell_frame(frame, "{:,.2f}".format)

    keys = ("price-path", "last-price", "lowest-margin")
    asked.tell(plain, told, [found.question(key, product) for key in keys])
