"""`tariffimpact rollback`: who holds the refund of a duty, and what a policy gives back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tariffimpact.cli.case import warned
from tariffimpact.cli.choice import by_flag, check_choice, check_product, flags_of
from tariffimpact.cli.completion import case_names
from tariffimpact.cli.numbers import Number
from tariffimpact.cli.options import currency_option, data_option, echo_json, json_option
from tariffimpact.cli.terminal import tell
from tariffimpact.cli.uncertainty import Asked, at_option, records, uncertainty_options
from tariffimpact.errors import DataError, Fault
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    from tariffimpact.cases import Question
    from tariffimpact.cases.question import CaseRanges

_KEYS: Final = {
    "duty": "duty_paid",
    "pass_through": "pass_through_rate",
    "interest": "interest",
    "monthly_units": "monthly_volume",
    "months": "months",
    "reversal_share": "reversal_share",
    "speed": "speed",
    "rebate_share": "rebate_share",
}
"""Flag to key of `[rollback]`."""


@click.command()
@click.argument("case", required=False, shell_complete=case_names)
@click.option("--product", help="A product of the case (default: the first).")
@click.option("--duty", type=Number("money"), help="Duty refunded, in --currency.")
@click.option("--pass-through", type=Number("ratio"), help="Dollars of price per dollar of duty.")
@click.option("--interest", type=Number("rate"), help="Interest as a fraction of the duty.")
@click.option("--price", type=Number("money"), help="Shelf price under the duty.")
@click.option("--rise", type=Number("money"), help="By how much the duty had raised it.")
@click.option("--monthly-units", type=Number("number"), help="Units a month from now on.")
@click.option("--months", type=int, help="Months to follow the price (default: 12).")
@click.option("--reversal-share", type=Number("share"), help="Share of the rise a cut takes back.")
@click.option("--speed", type=Number("share"), help="Share of the remaining gap closed each month.")
@click.option("--rebate-share", type=Number("share"), help="Share of the double recovery paid out.")
@currency_option
@at_option
@uncertainty_options
@data_option
@json_option
def rollback(
    case: str | None,
    product: str | None,
    at_middle: bool,
    asked: Asked,
    folder: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Say who holds the refund when a duty falls, and what keeping, cutting or a rebate returns.

    CASE is a file or a shipped case; or give --duty, --pass-through, --price, --rise and
    --monthly-units.
    """
    result, questions = _answered(case, product, flags, folder)
    told = result.middle if at_middle else result
    if as_json:
        answer = {
            "case": case,
            "summary": told.summary(),
            "currency": result.unit,
            "ranges": records(result.to_frame()),
            "policies_at_middle": records(result.middle.to_frame()),
        }
        extra = {"uncertainty": asked.as_json(questions)} if asked.anything else {}
        echo_json(answer | extra, folder)
        return
    middle = "At the middle of every range: " if at_middle and result.is_uncertain else ""
    tell(f"{middle}{told.summary()}")
    if asked.anything:
        tell(asked.as_text(questions), answer=False)


def _answered(
    case: str | None, product: str | None, flags: dict[str, Any], folder: Path | None
) -> tuple[CaseRanges, list[Question]]:
    """Return the rollback and the questions behind it, of a case or of the options."""
    optional = {name: value for name, value in flags.items() if name != "currency"}
    check_product(case, product)
    check_choice(case, optional, ("duty", "pass_through", "price", "rise", "monthly_units"))
    if case is None:
        return _by_flags(flags)
    from tariffimpact.cases import read_case
    from tariffimpact.facts import read_facts

    found = warned(read_case(case, facts=read_facts(folder)))
    keys = ("refund", "absorbed", "recovered-twice")
    return found.rollback_ranges(product), [found.question(key, product) for key in keys]


def _check_prices(flags: dict[str, Any]) -> None:
    """Refuse a price, or a rise, that is none.

    Raises
    ------
    DataError
        Naming the option.
    """
    lows = {name: Interval.parse(str(flags[name])).low for name in ("price", "rise")}
    faults = [
        Fault(f"--{name}", f"{low:g} is out of range", "give an amount above 0")
        for name, low in lows.items()
        if low <= 0
    ]
    high = Interval.parse(str(flags["rise"])).high
    if not faults and high >= lows["price"]:
        what = f"{high:g} is no part of a price of {lows['price']:g}"
        faults = [Fault("--rise", what, "a rise is less than the price that holds it")]
    if faults:
        raise DataError(faults)


def _by_flags(flags: dict[str, Any]) -> tuple[CaseRanges, list[Question]]:
    from tariffimpact.cases.decision_tables import Rollback as Table
    from tariffimpact.cases.reader import table_of
    from tariffimpact.cases.refund_answers import refund_by_terms, refund_questions

    _check_prices(flags)
    written = {key: flags[flag] for flag, key in _KEYS.items() if flags[flag] is not None}
    try:
        table: Any = table_of(Table, written, name="options")
    except DataError as error:
        raise DataError(by_flag(error, flags_of(_KEYS))) from None
    refund = {name: getattr(table, name) for name in ("duty_paid", "pass_through_rate", "interest")}
    result = refund_by_terms(
        table, price=flags["price"], rise=flags["rise"], currency=flags["currency"]
    )
    return result, list(refund_questions(refund, flags["currency"]))
