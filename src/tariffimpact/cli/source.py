"""`tariffimpact source`: what a unit costs by origin, and when a switch has paid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tariffimpact.cli.asked import Asked, asked_options, records
from tariffimpact.cli.case import (
    CURRENCY,
    Flag,
    case_argument,
    case_described,
    case_named,
    check_choice,
    flag_options,
)
from tariffimpact.cli.numbers import Number
from tariffimpact.cli.options import Country, Day, Reader
from tariffimpact.cli.terminal import is_watched, tell, tell_frame, tell_table

if TYPE_CHECKING:
    import pandas as pd

    from tariffimpact.cases import Case


class _Offer(Reader[dict[str, object]]):
    """An origin and what it asks: `VNM=310`, or `VNM=310@20%` with a rate of its own."""

    name = "offer"

    def read(self, text: str, ctx: click.Context | None) -> dict[str, object]:
        origin, equals, terms = text.partition("=")
        customs, _, rate = terms.partition("@")
        if not equals or not customs:
            raise ValueError("is not an offer; write VNM=310 or VNM=310@20%")
        offer: dict[str, object] = {
            "origin": Country().convert(origin.strip(), None, ctx),
            "customs_value": Number("money").convert(customs, None, ctx),
        }
        return offer | ({"ad_valorem": Number("rate").convert(rate, None, ctx)} if rate else {})


_FLAGS: Final = (
    Flag("hts", click.STRING, "HTS code, to look the rates up.", "tariff.hts"),
    Flag("on", Day(), "Day of the rates, as 2025-05-15.", "sourcing.on"),
    Flag("current", Country(), "Origin bought from now: Japan, JP or JPN.", "sourcing.current"),
    Flag("offers", _Offer(),
         "Origin and customs value: VNM=310, or VNM=310@20% with a rate. Repeat it.",
         "sourcing.offers", spelled="--offer", many=True),
    Flag("switching_cost", "money", "Paid once, in --currency.", "sourcing.switching_cost"),
    Flag("monthly_units", "number", "Units a month.", "sourcing.monthly_volume"),
    Flag("hazard", "share", "Chance a month that the rate lapses: 5%.", "sourcing.hazard"),
    CURRENCY,
)  # fmt: skip


@click.command()
@case_argument
@flag_options(*_FLAGS)
@asked_options()
def source(case: str | None, asked: Asked, **values: Any) -> None:
    """Say what a unit costs by origin on a day, and after how many months a switch has paid.

    CASE is a file or a shipped case; or give --current, two or more --offer, --switching-cost and
    --monthly-units, and rates in the offers or --hts and --on.
    """
    needed = ("current", "offers", "switching_cost", "monthly_units")
    check_choice(case, values, needed, _FLAGS)
    found = _described(values, asked.folder) if case is None else case_named(case, asked.folder)
    result, middle = found.sourcing_ranges(), found.sourcing()
    summary = (middle if asked.at_middle else result).summary()

    def plain() -> dict[str, Any]:
        return {
            "case": found.name,
            "currency": found.currency,
            "summary": summary,
            "on": middle.on,
            "current": middle.current,
            "ranges": records(result.to_frame()),
            "origins_at_middle": records(middle.to_frame()),
        }

    def told() -> None:
        tell(f"{asked.start(result.is_uncertain)}{summary}")
        if asked.at_middle or not result.is_uncertain:
            frame = middle.to_frame()
            words = frame.to_string(index=False, float_format="{:,.4g}".format)
            rows = _by_origin(frame, found.currency)
            tell_table(words, _HEADS, rows, right=range(1, len(_HEADS)))
        elif is_watched():
            tell_frame(result.to_frame()[["name", "low", "high"]], "{:,.4g}".format)

    asked.tell(plain, told, [found.question(key) for key in ("saving", "break-even")])


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


def _described(values: Mapping[str, Any], folder: Path | None) -> Case:
    """Return the case that options describe, its rates looked up where they say how."""
    on, current = values["on"], values["current"]
    table: dict[str, Any] = {
        "title": "Origins given by options",
        "question": "Which origin is cheapest?",
    }
    if (values["hts"] is None) != (on is None):
        raise click.UsageError("--hts and --on go together: give both, or rates in the offers")
    if on is not None:
        table["tariff"] = {"origins": [current], "on": on, "before": on}
    return case_described(_FLAGS, values, folder, table=table, places=_PLACES)


_PLACES: Final = {
    "sourcing": "--current",
    "sourcing.offers[]": "--offer: origin",
    "sourcing.offers[].customs_value": "--offer: customs value",
    "sourcing.offers[].ad_valorem": "--offer: rate",
}
"""What stands for the places of a case that no option has alone."""
