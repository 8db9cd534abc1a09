"""`tariffimpact source`: what a unit costs by origin, and when a switch has paid."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tariffimpact.cli.case import warned
from tariffimpact.cli.choice import by_flag, check_choice, flags_of
from tariffimpact.cli.completion import case_names
from tariffimpact.cli.numbers import Number
from tariffimpact.cli.options import Country, Currency, Day, data_option, echo_json, json_option
from tariffimpact.cli.terminal import is_watched, tell, tell_frame, tell_table
from tariffimpact.cli.uncertainty import Asked, at_option, records, uncertainty_options
from tariffimpact.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from tariffimpact.cases import Case


class _Offer(click.ParamType[dict[str, object]]):
    """An origin and what it asks: `VNM=310`, or `VNM=310@20%` with a rate of its own."""

    name = "offer"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, object]:
        if isinstance(value, dict):
            return value
        origin, equals, terms = str(value).partition("=")
        customs, _, rate = terms.partition("@")
        if not equals or not customs:
            self.fail(f"{value!r} is not an offer; write VNM=310 or VNM=310@20%", param, ctx)
        offer: dict[str, object] = {
            "origin": Country().convert(origin.strip(), param, ctx),
            "customs_value": Number("money").convert(customs, param, ctx),
        }
        return offer | ({"ad_valorem": Number("rate").convert(rate, param, ctx)} if rate else {})


@click.command()
@click.argument("case", required=False, shell_complete=case_names)
@click.option("--hts", help="HTS code, to look the rates up.")
@click.option("--on", type=Day(), help="Day of the rates, as 2025-05-15.")
@click.option("--current", type=Country(), help="Origin bought from now: Japan, JP or JPN.")
@click.option(
    "--offer", "offers", type=_Offer(), multiple=True,
    help="Origin and customs value: VNM=310, or VNM=310@20% with a rate. Repeat it.",
)  # fmt: skip
@click.option("--switching-cost", type=Number("money"), help="Paid once, in --currency.")
@click.option("--monthly-units", type=Number("number"), help="Units a month.")
@click.option("--hazard", type=Number("share"), help="Chance a month that the rate lapses: 5%.")
@click.option("--currency", type=Currency(), is_eager=True, help="ISO 4217 code (default: USD).")
@at_option
@uncertainty_options
@data_option
@json_option
def source(
    case: str | None,
    at_middle: bool,
    asked: Asked,
    folder: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Say what a unit costs by origin on a day, and after how many months a switch has paid.

    CASE is a file or a shipped case; or give --current, two or more --offer, --switching-cost and
    --monthly-units, and rates in the offers or --hts and --on.
    """
    flags["offers"] = flags["offers"] or None
    check_choice(case, flags, ("current", "offers", "switching_cost", "monthly_units"))
    found = warned(_found(case, flags, folder))
    result = found.sourcing_ranges()
    told = result.middle if at_middle else result
    middle = found.sourcing()
    questions = [found.question(key) for key in ("saving", "break-even")]
    if as_json:
        answer = {
            "case": found.name,
            "currency": found.currency,
            "summary": told.summary(),
            "on": middle.on,
            "current": middle.current,
            "ranges": records(result.to_frame()),
            "origins_at_middle": records(middle.to_frame()),
        }
        extra = {"uncertainty": asked.as_json(questions)} if asked.anything else {}
        echo_json(answer | extra, folder)
        return
    start = "At the middle of every range: " if at_middle and result.is_uncertain else ""
    tell(f"{start}{told.summary()}")
    if at_middle or not result.is_uncertain:
        frame = middle.to_frame()
        tell_table(
            frame.to_string(index=False, float_format="{:,.4g}".format),
            _HEADS, _by_origin(frame, found.currency), right=range(1, len(_HEADS)),
        )  # fmt: skip
    elif is_watched():
        tell_frame(result.to_frame()[["name", "low", "high"]], "{:,.4g}".format)
    if asked.anything:
        tell(asked.as_text(questions), answer=False)


_HEADS: Final = (
    "Origin", "Duty", "Customs value", "Freight", "Duty paid", "Fees", "Landed cost", "Saving",
    "Pays after, months",
)  # fmt: skip


def _by_origin(frame: pd.DataFrame, currency: str) -> Iterator[list[str]]:
    """Yield what a unit costs from each origin, in words."""
    from tariffimpact import codes, units

    for row in frame.to_dict("records"):
        amounts = [
            units.money(float(row[name]), currency, 2)
            for name in ("customs_value", "freight", "duty", "fees", "landed_cost", "saving")
        ]
        months = float(row["break_even_months"])
        paid = "" if months != months else units.ratio(months, 1)
        yield [
            codes.country_name(str(row["origin"])),
            units.percent(float(row["ad_valorem"])),
            *amounts,
            paid,
        ]


def _found(case: str | None, flags: dict[str, Any], folder: Path | None) -> Case:
    """Return the case named, or the one the options describe."""
    from tariffimpact.cases import case_of, read_case
    from tariffimpact.facts import read_facts

    facts = read_facts(folder)
    if case is not None:
        return read_case(case, facts=facts)
    table: dict[str, object] = {
        "current": flags["current"].upper(),
        "switching_cost": flags["switching_cost"],
        "monthly_volume": flags["monthly_units"],
        "hazard": flags["hazard"] or 0.0,
        "offers": list(flags["offers"]),
    }
    written = {
        "title": "Origins given by options",
        "question": "Which origin is cheapest?",
        "currency": flags["currency"] or "USD",
        "sourcing": table,
        **_schedule(flags["hts"], flags["on"], table),
    }
    try:
        return case_of(written, name="the options", facts=facts)
    except DataError as error:
        raise DataError(by_flag(error, _places(error))) from None


_KEYS: Final = {
    "current": "sourcing.current",
    "switching_cost": "sourcing.switching_cost",
    "monthly_units": "sourcing.monthly_volume",
    "hazard": "sourcing.hazard",
    "on": "sourcing.on",
    "hts": "tariff.hts",
    "offer": "sourcing.offers",
}
"""Flag to the key of a case that it becomes."""
_TERMS: Final = {"customs_value": "customs value", "ad_valorem": "rate"}
"""Key of an offer, in words."""


def _places(error: DataError) -> dict[str, str]:
    """Return the flag that each place of a case stands for, those of single offers included."""
    offers = {
        fault.column: f"--offer: {_TERMS.get(fault.column.rpartition('.')[2], 'origin')}"
        for fault in error.faults
        if fault.column.startswith("sourcing.offers[")
    }
    return flags_of(_KEYS) | {"sourcing": "--current"} | offers


def _schedule(hts: str | None, on: date | None, table: dict[str, object]) -> dict[str, object]:
    """Return the tables that tell where the rates come from."""
    if hts is None or on is None:
        if hts is not None or on is not None:
            raise click.UsageError("--hts and --on go together: give both, or rates in the offers")
        return {}
    table["on"] = on
    return {"tariff": {"hts": hts, "origins": [table["current"]], "on": on, "before": on}}
