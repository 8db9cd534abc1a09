"""`tariffimpact recover`: how much of a disclosed exposure a price rise brings back."""

from __future__ import annotations

from typing import Any, Final

import click

from tariffimpact import units
from tariffimpact.cli.asked import Asked, asked_options, records
from tariffimpact.cli.case import (
    Flag,
    case_argument,
    case_described,
    case_named,
    check_choice,
    flag_options,
)
from tariffimpact.cli.options import currency_option
from tariffimpact.cli.terminal import tell

_FLAGS: Final = (
    Flag("exposure", "money", "The disclosed cost of tariffs, in --currency.", "recovery.amount"),
    Flag("rise", "money", "Price rise per unit at the shelf.", "recovery.price_rise"),
    Flag("units", "number", "Units a year before the rise.", "recovery.annual_volume"),
    Flag("market_share", "share", "Share of them sold where the price rose.",
         "recovery.market_share"),
    Flag("retailer_share", "share", "Share of the rise retailers keep.", "recovery.retailer_share"),
    Flag("months", "number", "Months of the window with the new price.", "recovery.months"),
    Flag("volume_ratio", "ratio", "Units after the rise over units before.",
         "recovery.volume_ratio"),
)  # fmt: skip


@click.command()
@case_argument
@flag_options(*_FLAGS)
@click.option(
    "--basis", type=click.Choice(["gross", "net", "unstated"]), default="unstated",
    show_default=True, help="Whether the exposure is before or after the company's own measures.",
)  # fmt: skip
@currency_option
@asked_options()
def recover(case: str | None, basis: str, currency: str, asked: Asked, **values: Any) -> None:
    """Say how much of a disclosed exposure a price rise brings back, gross and net kept apart.

    CASE is a file or a shipped case; or give --exposure, --rise and --units.
    """
    check_choice(case, values, ("exposure", "rise", "units"))
    if case is not None:
        found = case_named(case, asked.folder)
    else:
        found = case_described(_FLAGS, values, asked.folder, table={
            "title": "A recovery given by options",
            "question": "How much of the exposure does the price rise bring back?",
            "currency": currency,
            "recovery": {"basis": basis},
        })  # fmt: skip
    result, question = found.recovery(), found.question("recovery")

    def plain() -> dict[str, Any]:
        return {
            "case": case,
            "summary": result.summary(),
            "rate_at_middle": question.at_base(),
            "rate": result.rate,
            "gain": result.gain,
            "currency": result.currency,
            "conditional": result.conditional,
            "conditions": result.conditions,
            "driver": result.driver,
            "inputs": records(result.to_frame()),
        }

    def told() -> None:
        if asked.at_middle and question.is_uncertain:
            rate = units.percent(question.at_base())
            tell(f"At the middle of every range the rise brings back {rate} of the exposure.")
        else:
            tell(result.summary())

    asked.tell(plain, told, [question])
