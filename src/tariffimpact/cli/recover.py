"""`tariffimpact recover`: how much of a disclosed exposure a price rise brings back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tariffimpact import units
from tariffimpact.cli.case import warned
from tariffimpact.cli.choice import by_flag, check_choice, flags_of
from tariffimpact.cli.completion import case_names
from tariffimpact.cli.numbers import Number
from tariffimpact.cli.options import currency_option, data_option, echo_json, json_option
from tariffimpact.cli.terminal import tell
from tariffimpact.cli.uncertainty import Asked, at_option, records, uncertainty_options
from tariffimpact.errors import DataError

if TYPE_CHECKING:
    from tariffimpact.cases import Question
    from tariffimpact.decisions.recovery import Recovery

_KEYS: Final = {
    "exposure": "amount",
    "rise": "price_rise",
    "units": "annual_volume",
    "market_share": "market_share",
    "retailer_share": "retailer_share",
    "months": "months",
    "volume_ratio": "volume_ratio",
}
"""Flag to key of `[recovery]`."""


@click.command()
@click.argument("case", required=False, shell_complete=case_names)
@click.option(
    "--exposure", type=Number("money"), help="The disclosed cost of tariffs, in --currency."
)
@click.option("--rise", type=Number("money"), help="Price rise per unit at the shelf.")
@click.option("--units", type=Number("number"), help="Units a year before the rise.")
@click.option(
    "--market-share", type=Number("share"), help="Share of them sold where the price rose."
)
@click.option("--retailer-share", type=Number("share"), help="Share of the rise retailers keep.")
@click.option("--months", type=Number("number"), help="Months of the window with the new price.")
@click.option(
    "--volume-ratio", type=Number("ratio"), help="Units after the rise over units before."
)
@click.option(
    "--basis",
    type=click.Choice(["gross", "net", "unstated"]),
    default="unstated",
    show_default=True,
    help="Whether the exposure is before or after the company's own measures.",
)
@currency_option
@at_option
@uncertainty_options
@data_option
@json_option
def recover(
    case: str | None,
    at_middle: bool,
    asked: Asked,
    folder: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Say how much of a disclosed exposure a price rise brings back, gross and net kept apart.

    CASE is a file or a shipped case; or give --exposure, --rise and --units.
    """
    result, question = _answered(case, flags, folder)
    if as_json:
        answer = {
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
        extra = {"uncertainty": asked.as_json([question])} if asked.anything else {}
        echo_json(answer | extra, folder)
        return
    if at_middle and question.is_uncertain:
        rate = units.percent(question.at_base())
        tell(f"At the middle of every range the rise brings back {rate} of the exposure.")
    else:
        tell(result.summary())
    if asked.anything:
        tell(asked.as_text([question]), answer=False)


def _answered(
    case: str | None, flags: dict[str, Any], folder: Path | None
) -> tuple[Recovery, Question]:
    """Return the recovery and the question behind it, of a case or of the options."""
    from tariffimpact.cases import read_case
    from tariffimpact.cases.decision_tables import Recovery as Table
    from tariffimpact.cases.reader import table_of
    from tariffimpact.cases.refund_answers import recovered, recovery_question

    check_choice(case, {name: flags[name] for name in _KEYS}, ("exposure", "rise", "units"))
    if case is not None:
        from tariffimpact.facts import read_facts

        found = warned(read_case(case, facts=read_facts(folder)))
        return found.recovery(), found.question("recovery")
    written = {key: flags[flag] for flag, key in _KEYS.items() if flags[flag] is not None}
    try:
        table = table_of(Table, {**written, "basis": flags["basis"]}, name="options")
    except DataError as error:
        raise DataError(by_flag(error, flags_of(_KEYS))) from None
    currency = flags["currency"]
    result = recovered(table, None, currency=currency, source="")
    return result, recovery_question(table, None, currency)
