"""`tariffimpact rollback`: who holds the refund of a duty, and what a policy gives back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from tariffimpact.cli.asked import Asked, asked_options, records
from tariffimpact.cli.case import (
    Flag,
    by_flag,
    case_argument,
    case_named,
    check_choice,
    check_product,
    flag_options,
    places_of,
    written,
)
from tariffimpact.cli.options import currency_option
from tariffimpact.cli.terminal import tell
from tariffimpact.errors import DataError, Fault
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    from tariffimpact.cases import Question
    from tariffimpact.cases.question import CaseRanges

_FLAGS: Final = (
    Flag("duty", "money", "Duty refunded, in --currency.", "duty_paid"),
    Flag("pass_through", "ratio", "Dollars of price per dollar of duty.", "pass_through_rate"),
    Flag("interest", "rate", "Interest as a fraction of the duty.", "interest"),
    Flag("price", "money", "Shelf price under the duty.", "price"),
    Flag("rise", "money", "By how much the duty had raised it.", "earlier_rise"),
    Flag("monthly_units", "number", "Units a month from now on.", "monthly_volume"),
    Flag("months", click.INT, "Months to follow the price (default: 12).", "months"),
    Flag("reversal_share", "share", "Share of the rise a cut takes back.", "reversal_share"),
    Flag("speed", "share", "Share of the remaining gap closed each month.", "speed"),
    Flag("rebate_share", "share", "Share of the double recovery paid out.", "rebate_share"),
)
"""Options, and the keys of `[rollback]` they stand for; the price and its rise are a product's."""


@click.command()
@case_argument
@click.option("--product", help="A product of the case (default: the first).")
@flag_options(*_FLAGS)
@currency_option
@asked_options()
def rollback(
    case: str | None, product: str | None, currency: str, asked: Asked, **values: Any
) -> None:
    """Say who holds the refund when a duty falls, and what keeping, cutting or a rebate returns.

    CASE is a file or a shipped case; or give --duty, --pass-through, --price, --rise and
    --monthly-units.
    """
    check_product(case, product)
    check_choice(case, values, ("duty", "pass_through", "price", "rise", "monthly_units"))
    if case is None:
        result, questions = _by_flags(values, currency)
    else:
        found = case_named(case, asked.folder)
        keys = ("refund", "absorbed", "recovered-twice")
        result = found.rollback_ranges(product)
        questions = [found.question(key, product) for key in keys]
    summary = (result.middle if asked.at_middle else result).summary()

    def plain() -> dict[str, Any]:
        return {
            "case": case,
            "summary": summary,
            "currency": result.unit,
            "ranges": records(result.to_frame()),
            "policies_at_middle": records(result.middle.to_frame()),
        }

    asked.tell(plain, lambda: tell(f"{asked.start(result.is_uncertain)}{summary}"), questions)


def _by_flags(values: Mapping[str, Any], currency: str) -> tuple[CaseRanges, list[Question]]:
    """Return who holds the refund that options describe, and the questions behind it."""
    from tariffimpact.cases.decision_tables import Rollback as Table
    from tariffimpact.cases.reader import table_of
    from tariffimpact.cases.refund_answers import RefundedDuty
    from tariffimpact.uncertainty import read_input

    _check_prices(values)
    terms = written(_FLAGS, values, {})
    price, rise = terms.pop("price"), terms.pop("earlier_rise")
    try:
        table: Any = table_of(Table, terms, name="options")
    except DataError as error:
        raise DataError(by_flag(error, places_of(_FLAGS))) from None
    under, rise = read_input(price, name="price"), read_input(rise, name="rise")
    refund = RefundedDuty(table, None, currency, price=under, earlier_rise=rise)
    return refund.ranges(), list(refund.questions())


def _check_prices(values: Mapping[str, Any]) -> None:
    """Refuse a price, or a rise, that is none.

    Raises
    ------
    DataError
        Naming the option.
    """
    lows = {name: Interval.parse(str(values[name])).low for name in ("price", "rise")}
    faults = [
        Fault(f"--{name}", f"{low:g} is out of range", "give an amount above 0")
        for name, low in lows.items()
        if low <= 0
    ]
    high = Interval.parse(str(values["rise"])).high
    if not faults and high >= lows["price"]:
        what = f"{high:g} is no part of a price of {lows['price']:g}"
        faults = [Fault("--rise", what, "a rise is less than the price that holds it")]
    if faults:
        raise DataError(faults)
