"""`tariffimpact earnings`: from a duty to margin, operating income and earnings per share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tariffimpact import units
from tariffimpact.cli.asked import Asked, asked_options, records
from tariffimpact.cli.case import (
    Flag,
    by_flag,
    case_argument,
    case_described,
    case_named,
    check_choice,
    flag_options,
    places_of,
    warned,
    written,
)
from tariffimpact.cli.completion import company_names
from tariffimpact.cli.numbers import Number, Worth
from tariffimpact.cli.options import FLOWS, Country, Currency, Day, Reader, xlsx_option
from tariffimpact.cli.terminal import tell
from tariffimpact.errors import DataError
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    from tariffimpact.cases import Case
    from tariffimpact.decisions.bridge import Bridge, Figure

_OFFSETS: Final = ("price", "sourcing", "vendors", "other")


class _Imports(Reader[dict[str, object]]):
    """Customs value a year: `56bn`, `CHN=1.2bn`, each with a rate of its own as `CHN=1.2bn@20%`."""

    name = "imports"

    def read(self, text: str, ctx: click.Context | None) -> dict[str, object]:
        place, equals, terms = text.rpartition("=")
        customs, at, rate = terms.partition("@")
        if (equals and not place) or not customs or (at and not rate):
            raise ValueError("is no imports; write CHN=1.2bn or CHN=1.2bn@20%")
        line: dict[str, object] = {"customs_value": Number("money").convert(customs, None, ctx)}
        if place:
            line["origin"] = Country().convert(place.strip(), None, ctx)
        return line | ({"tariff_change": Number("rate").convert(rate, None, ctx)} if at else {})


class _Offset(Reader[dict[str, object]]):
    """What an answer takes back: `price=40m`, `sourcing=20%` of the gross, or `50%` by any."""

    name = "offset"

    def read(self, text: str, ctx: click.Context | None) -> dict[str, object]:
        by, equals, size = text.rpartition("=")
        by = by.strip().lower() if equals else "other"
        if by not in _OFFSETS or not size.strip():
            raise ValueError(f"is no offset; write price=40m or 50%, by {', '.join(_OFFSETS)}")
        taken = Worth().convert(size, None, ctx)
        return {"by": by, "share" if taken.is_share else "amount": taken.written}


_FLAGS: Final = (
    Flag("gross", "money", "Cost before the company's answers: 150m.", "earnings.gross"),
    Flag("imports", _Imports(),
         "Customs value a year: 56bn, or by origin, CHN=1.2bn or CHN=1.2bn@20%. Repeat it.",
         "earnings.imports", many=True),
    Flag("sensitivity", "money", "What so many points cost a year: 17m.", "earnings.sensitivity"),
    Flag("per", "rate", "The points of --sensitivity: 10% (default: 1%).",
         "earnings.sensitivity_points"),
    Flag("tariff", "rate", "Rise of the rate on the imports: 25%.", "earnings.tariff_change"),
    Flag("hts", click.STRING,
         "HTS code, to look the rise up by origin, with --on and --before.", "tariff.hts"),
    Flag("on", Day(), "Day of the new rate, as 2025-08-21.", "tariff.on"),
    Flag("before", Day(), "Day of the old rate, as 2025-01-15.", "tariff.before"),
    Flag("net", "money", "Cost after the company's answers: 75m.", "earnings.net"),
    Flag("offsets", _Offset(),
         "What an answer takes back, price=40m or sourcing=20% of the gross; 50% by any. Repeat.",
         "earnings.offsets", spelled="--offset", many=True),
    Flag("months", "number", "Months of the year with the duty (default: 12).", "earnings.months"),
    Flag("sales", "money", "Sales of the same window.", "earnings.sales"),
    Flag("cost_of_goods", "money", "Cost of goods sold before the tariff.",
         "earnings.cost_of_goods"),
    Flag("fixed_cost", "money", "Cost that does not move with the volume.", "earnings.fixed_cost"),
    Flag("operating_income", "money", "Before the tariff; for --fixed-cost.",
         "earnings.operating_income"),
    Flag("tax_rate", "rate", "Tax on the cost, for the cost per share.", "earnings.tax_rate"),
    Flag("shares", "number", "Shares outstanding.", "earnings.shares_outstanding"),
    Flag("elasticity", "number", "Of the company's sales, positive.", "earnings.demand_elasticity"),
    Flag("demand", click.Choice(["linear", "isoelastic"]), "Its form (default: isoelastic).",
         "earnings.demand"),
    Flag("stock", "number", "Months of stock, for the way through the quarters.",
         "earnings.months_of_stock"),
    Flag("turns", "number", "Inventory turns a year, in place of --stock.", "earnings.turns"),
    Flag("flow", FLOWS, "Which cost goes out first (default: fifo_many, many products evenly).",
         "earnings.flow"),
    Flag("front_load", "number", "Months of sales bought ahead at the old duty.",
         "earnings.front_loaded_months"),
    Flag("price_rise", "rate", "A rise of prices that was announced: 2%.", "earnings.price_rise"),
    Flag("currency", Currency(), "ISO 4217 code of all money (default: USD).", "currency"),
)  # fmt: skip
_SPELLED: Final = {flag.name: flag.flag for flag in _FLAGS}


@click.command()
@case_argument
@click.option("--company", shell_complete=company_names, help="Take the figures of this company.")
@flag_options(*_FLAGS)
@xlsx_option("the bridge")
@asked_options(middle=False)
def earnings(
    case: str | None, company: str | None, xlsx: Path | None, asked: Asked, **values: Any
) -> None:
    """Follow a duty to margin, operating income and earnings per share.

    CASE is a file or a shipped case with [earnings]; or give --company; or the cost as --gross,
    --net, --imports with --tariff, or --sensitivity, and what you know of the accounts.
    """
    found = _found(case, company, values, asked.folder)
    _check_effect(found, values)
    result = found.earnings()
    keys = ("net-cost", "net-share", "income-rise")
    questions = [question for key in keys if (question := found.asked(key)) is not None]
    if xlsx is not None:
        from tariffimpact.cases.bridge_workbook import write_bridge_workbook

        write_bridge_workbook(found, xlsx)

    def told() -> None:
        about = f"{found.file.company}: " if found.file.company else ""
        tell(f"{about}{result.summary()}")
        for text in _tables(result):
            tell(text, answer=False)

    asked.tell(lambda: _plain(found, result), told, questions)
    if xlsx is not None and not asked.as_json:
        click.echo(f"Wrote {xlsx}")


_NEEDS: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "per": (("sensitivity",), "--sensitivity"),
    "tariff": (("sensitivity", "customs_value"), "--imports or --sensitivity"),
    "months": (("sensitivity", "customs_value"), "--imports or --sensitivity"),
    "price_rise": (("sales",), "--sales"),
    "demand": (("demand_elasticity",), "--elasticity"),
    "flow": (("months_of_stock",), "--stock or --turns"),
    "front_load": (("months_of_stock",), "--stock or --turns"),
    "stock": (("gross", "customs_value"), "--gross or --imports"),
    "turns": (("gross", "customs_value"), "--gross or --imports"),
}
"""Option to the inputs of which it needs one, and the options that give them."""


def _check_effect(found: Case, values: Mapping[str, Any]) -> None:
    """Refuse an option that nothing is done with, and say what it goes with.

    Raises
    ------
    click.UsageError
        Naming both.
    """
    known = set(found.earned) | ({"sensitivity"} if values["sensitivity"] is not None else set())
    for name, (wanted, words) in _NEEDS.items():
        there = any(key.startswith(wanted) for key in known)
        if values[name] is not None and not there:
            raise click.UsageError(
                f"{_SPELLED[name]} goes with {words}: without it nothing is told"
            )
    lacking = {"sales", "cost_of_goods"} - known
    if values["elasticity"] is not None and lacking:
        needed = " and ".join(_SPELLED[name] for name in sorted(lacking, reverse=True))
        raise click.UsageError(f"--elasticity goes with {needed}: without it nothing is told")


def _found(
    case: str | None, company: str | None, values: Mapping[str, Any], folder: Path | None
) -> Case:
    """Return the case named, the company's, or the one the options describe."""
    if case is not None:
        check_choice(case, {"company": company, **values}, (), _FLAGS)
        return case_named(case, folder)
    if company is None:
        return _described(values, folder)
    from tariffimpact.cases.company_rows import company_case
    from tariffimpact.facts import read_facts

    more = written(_FLAGS, values, {"earnings": {}})["earnings"]
    try:
        return warned(company_case(read_facts(folder), company, more=more))
    except DataError as error:
        raise DataError(by_flag(error, places_of(_FLAGS) | _PLACES)) from None


def _described(values: Mapping[str, Any], folder: Path | None) -> Case:
    """Return the case that options describe."""
    if all(values[name] in (None, ()) for name in ("gross", "net", "imports", "sensitivity")):
        raise click.UsageError(
            "give a case, --company, or the cost: --gross, --net, --imports or --sensitivity"
        )
    table: dict[str, Any] = {
        "title": "A bridge given by options",
        "question": "What does the tariff cost, of sales, income and a share?",
    }
    looked_up = [values[name] is not None for name in ("hts", "on", "before")]
    if any(looked_up):
        if not all(looked_up):
            raise click.UsageError("--hts, --on and --before go together: give all three")
        origins = [line["origin"] for line in values["imports"] if "origin" in line]
        if not origins:
            raise click.UsageError("--hts looks a rate up by origin: write --imports CHN=1.2bn")
        table["tariff"] = {"origins": origins}
    return case_described(_FLAGS, values, folder, table=table, places=_PLACES)


_PLACES: Final = {
    "earnings": "the figures",
    "earnings.imports[]": "--imports",
    "earnings.offsets[]": "--offset",
    "[tariff] with hts, origins, on and before": "--hts, --on and --before",
}
"""What stands for the places of a case that no option has alone."""


def _tables(result: Bridge) -> Iterator[str]:
    """Yield the figures, and the way through the stock where the stock is known."""
    width = max(len(figure.label) for figure in result.figures())
    yield "\n".join(
        f"  {figure.label:<{width}}  {figure}{_share(figure)}" for figure in result.figures()
    )
    if "months_of_stock" in result.inputs:
        yield "By quarter since the duty's first day, through the stock:"
        for row in records(result.quarters()):
            yield f"  {row['quarter']:.0f}: " + "; ".join(_in_quarter(row, result.currency))


_QUARTER: Final = {
    "charged": "charged on imports",
    "booked": "in cost of goods sold",
    "in_stock": "waiting in stock at its end",
    "net": "net of answers",
}


def _in_quarter(row: Mapping[str, float], currency: str) -> Iterator[str]:
    """Yield the parts of one quarter in words."""
    for key, words in _QUARTER.items():
        if f"{key}_low" in row:
            span = Interval(row[f"{key}_low"], row[f"{key}_high"])
            yield f"{units.big_money(span, currency)} {words}"
    if "net_bp_low" in row:
        span = Interval(row["net_bp_low"], row["net_bp_high"])
        yield f"{units.ratio(span, 0)} basis points of the quarter's sales"


def _share(figure: Figure) -> str:
    part = figure.no_answer
    if figure.value is None or not part:
        return ""
    return f" (no price does at {units.percent(part, 0)} of the points tried)"


def _plain(found: Case, result: Bridge) -> dict[str, Any]:
    """Return the answer as JSON has it."""
    stocked = "months_of_stock" in result.inputs
    return {
        "case": found.name,
        "company": found.file.company or None,
        "currency": result.currency,
        "window": result.window or None,
        "summary": result.summary(),
        "driver": result.driver,
        "figures": records(result.to_frame()),
        "quarters": records(result.quarters()) if stocked else [],
    }
