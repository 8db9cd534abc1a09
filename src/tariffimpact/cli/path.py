"""`tariffimpact path`: cost, price and margin by month after a change of duty."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from tariffimpact.cli.case import case_or_options, product_options, warned
from tariffimpact.cli.choice import check_product
from tariffimpact.cli.completion import case_names
from tariffimpact.cli.numbers import Number
from tariffimpact.cli.options import data_option, echo_json, json_option
from tariffimpact.cli.terminal import tell, tell_frame
from tariffimpact.cli.uncertainty import Asked, at_option, records, uncertainty_options

_KEYS: Final = {
    "turns": "turns",
    "flow": "flow",
    "front_load": "front_loaded_months",
    "holding_cost": "holding_cost",
    "pass_through": "pass_through_rate",
    "follows": "price_follows",
    "speed_up": "speed_up",
    "speed_down": "speed_down",
    "months": "months",
}
"""Flag to key of `[timing]`."""


@click.command()
@click.argument("case", required=False, shell_complete=case_names)
@click.option("--product", help="A product of the case (default: the first).")
@product_options
@click.option("--turns", type=Number("number"), help="Inventory turns a year (default: 4).")
@click.option(
    "--flow",
    type=click.Choice(["replacement", "fifo", "fifo_many", "average"]),
    help="Which cost goes out first (default: fifo_many, many products evenly).",
)
@click.option(
    "--front-load", type=Number("number"), help="Months of sales bought ahead at the old duty."
)
@click.option("--holding-cost", type=Number("rate"), help="Cost of holding stock a month: 2%.")
@click.option(
    "--pass-through", type=Number("ratio"), help="Dollars of price per dollar of duty aimed at."
)
@click.option(
    "--follows",
    type=click.Choice(["booked", "replacement"]),
    help="The duty the price aims at: in the goods sold (default), or of the day.",
)
@click.option(
    "--speed-up", type=Number("share"), help="Share of the gap closed each month, upwards."
)
@click.option("--speed-down", type=Number("share"), help="The same downwards.")
@click.option("--months", type=int, help="Months to follow (default: 12).")
@at_option
@uncertainty_options
@data_option
@json_option
def path(
    case: str | None,
    product: str | None,
    at_middle: bool,
    asked: Asked,
    folder: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Say when a duty reaches cost, and what price and margin are month by month.

    CASE is a file or a shipped case; or give --price, --customs and --tariff.
    """
    check_product(case, product)
    timing = {key: flags[flag] for flag, key in _KEYS.items() if flags[flag] is not None}
    more = {"timing": {"turns": 4.0, **timing}}
    names = {f"timing.{key}": f"--{flag.replace('_', '-')}" for flag, key in _KEYS.items()}
    found = warned(case_or_options(case, flags, folder, more, names))
    result = found.path_ranges(product)
    told = result.middle if at_middle else result
    keys = ("price-path", "last-price", "lowest-margin")
    questions = [found.question(key, product) for key in keys]
    if as_json:
        answer = {
            "case": found.name,
            "product": found.product(product).name,
            "currency": found.currency,
            "summary": told.summary(),
            "ranges": records(result.to_frame()),
            "lag_at_middle": found.path(product).lag,
            "months_at_middle": records(result.middle.to_frame()),
        }
        extra = {"uncertainty": asked.as_json(questions)} if asked.anything else {}
        echo_json(answer | extra, folder)
        return
    middle = "At the middle of every range, " if at_middle and result.is_uncertain else ""
    tell(f"{middle}{found.product(product).name}: {told.summary()}")
    if at_middle or not result.is_uncertain:
        table = result.middle.to_frame()
    else:
        table = result.to_frame()[["name", "low", "high"]]
    tell_frame(table, "{:,.2f}".format)
    if asked.anything:
        tell(asked.as_text(questions), answer=False)
