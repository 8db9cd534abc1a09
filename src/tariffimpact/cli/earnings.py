"""`tariffimpact earnings`: from a duty to margin, operating income and earnings per share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tariffimpact import units
from tariffimpact.cli.case import warned
from tariffimpact.cli.choice import by_flag
from tariffimpact.cli.completion import case_names, company_names
from tariffimpact.cli.numbers import Number, Worth
from tariffimpact.cli.options import (
    Country,
    Currency,
    Day,
    FilePath,
    data_option,
    echo_json,
    json_option,
)
from tariffimpact.cli.terminal import tell
from tariffimpact.cli.uncertainty import Asked, records, uncertainty_options
from tariffimpact.errors import DataError
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    from tariffimpact.cases import Case
    from tariffimpact.decisions.bridge import Bridge, Figure
    from tariffimpact.facts import Facts

_OFFSETS: Final = ("price", "sourcing", "vendors", "other")


class _Imports(click.ParamType[dict[str, object]]):
    """Customs value a year: `56bn`, `CHN=1.2bn`, each with a rate of its own as `CHN=1.2bn@20%`."""

    name = "imports"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, object]:
        if isinstance(value, dict):
            return value
        place, equals, terms = str(value).rpartition("=")
        customs, at, rate = terms.partition("@")
        if (equals and not place) or not customs or (at and not rate):
            self.fail(f"{value!r} is no imports; write CHN=1.2bn or CHN=1.2bn@20%", param, ctx)
        line: dict[str, object] = {"customs_value": Number("money").convert(customs, param, ctx)}
        if place:
            line["origin"] = Country().convert(place.strip(), param, ctx)
        return line | ({"tariff_change": Number("rate").convert(rate, param, ctx)} if at else {})


class _Offset(click.ParamType[dict[str, object]]):
    """What an answer takes back: `price=40m`, `sourcing=20%` of the gross, or `50%` by any."""

    name = "offset"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, object]:
        if isinstance(value, dict):
            return value
        by, equals, size = str(value).rpartition("=")
        by = by.strip().lower() if equals else "other"
        if by not in _OFFSETS or not size.strip():
            known = ", ".join(_OFFSETS)
            self.fail(f"{value!r} is no offset; write price=40m or 50%, by {known}", param, ctx)
        taken = Worth().convert(size, param, ctx)
        return {"by": by, "share" if taken.is_share else "amount": taken.written}


_KEYS: Final = {
    "gross": "gross",
    "imports": "imports",
    "sensitivity": "sensitivity",
    "per": "sensitivity_points",
    "tariff": "tariff_change",
    "net": "net",
    "offsets": "offsets",
    "months": "months",
    "sales": "sales",
    "cost_of_goods": "cost_of_goods",
    "fixed_cost": "fixed_cost",
    "operating_income": "operating_income",
    "tax_rate": "tax_rate",
    "shares": "shares_outstanding",
    "elasticity": "demand_elasticity",
    "demand": "demand",
    "stock": "months_of_stock",
    "turns": "turns",
    "flow": "flow",
    "front_load": "front_loaded_months",
    "price_rise": "price_rise",
}
"""Option to key of `[earnings]`."""
_FLAGS: Final = {"offsets": "--offset"} | {
    name: f"--{name.replace('_', '-')}" for name in _KEYS if name != "offsets"
}


@click.command()
@click.argument("case", required=False, shell_complete=case_names)
@click.option("--company", shell_complete=company_names, help="Take the figures of this company.")
@click.option("--gross", type=Number("money"), help="Cost before the company's answers: 150m.")
@click.option(
    "--imports", type=_Imports(), multiple=True,
    help="Customs value a year: 56bn, or by origin, CHN=1.2bn or CHN=1.2bn@20%. Repeat it.",
)  # fmt: skip
@click.option("--sensitivity", type=Number("money"), help="What so many points cost a year: 17m.")
@click.option("--per", type=Number("rate"), help="The points of --sensitivity: 10% (default: 1%).")
@click.option("--tariff", type=Number("rate"), help="Rise of the rate on the imports: 25%.")
@click.option("--hts", help="HTS code, to look the rise up by origin, with --on and --before.")
@click.option("--on", type=Day(), help="Day of the new rate, as 2025-08-21.")
@click.option("--before", type=Day(), help="Day of the old rate, as 2025-01-15.")
@click.option("--net", type=Number("money"), help="Cost after the company's answers: 75m.")
@click.option(
    "--offset", "offsets", type=_Offset(), multiple=True,
    help="What an answer takes back, price=40m or sourcing=20% of the gross; 50% by any. Repeat.",
)  # fmt: skip
@click.option(
    "--months",
    type=Number("number"),
    help="Months of the year with the duty (default: 12).",
)
@click.option("--sales", type=Number("money"), help="Sales of the same window.")
@click.option("--cost-of-goods", type=Number("money"), help="Cost of goods sold before the tariff.")
@click.option("--fixed-cost", type=Number("money"), help="Cost that does not move with the volume.")
@click.option(
    "--operating-income",
    type=Number("money"),
    help="Before the tariff; for --fixed-cost.",
)
@click.option("--tax-rate", type=Number("rate"), help="Tax on the cost, for the cost per share.")
@click.option("--shares", type=Number("number"), help="Shares outstanding.")
@click.option("--elasticity", type=Number("number"), help="Of the company's sales, positive.")
@click.option(
    "--demand", type=click.Choice(["linear", "isoelastic"]), help="Its form (default: isoelastic)."
)
@click.option(
    "--stock",
    type=Number("number"),
    help="Months of stock, for the way through the quarters.",
)
@click.option("--turns", type=Number("number"), help="Inventory turns a year, in place of --stock.")
@click.option(
    "--flow",
    type=click.Choice(["replacement", "fifo", "fifo_many", "average"]),
    help="Which cost goes out first (default: fifo_many, many products evenly).",
)
@click.option(
    "--front-load",
    type=Number("number"),
    help="Months of sales bought ahead at the old duty.",
)
@click.option("--price-rise", type=Number("rate"), help="A rise of prices that was announced: 2%.")
@click.option(
    "--currency", type=Currency(), is_eager=True,
    help="ISO 4217 code of all money (default: USD).",
)  # fmt: skip
@click.option(
    "--xlsx", type=FilePath(dir_okay=False),
    help="Write the bridge as a workbook with live formulas.",
)  # fmt: skip
@uncertainty_options
@data_option
@json_option
def earnings(
    case: str | None,
    company: str | None,
    xlsx: Path | None,
    asked: Asked,
    folder: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Follow a duty to margin, operating income and earnings per share.

    CASE is a file or a shipped case with [earnings]; or give --company; or the cost as --gross,
    --net, --imports with --tariff, or --sensitivity, and what you know of the accounts.
    """
    found = warned(_found(case, company, flags, folder))
    _check_effect(found, flags)
    result = found.earnings()
    keys = ("net-cost", "net-share", "income-rise")
    questions = [question for key in keys if (question := found.asked(key)) is not None]
    if xlsx is not None:
        from tariffimpact.cases.bridge_workbook import write_bridge_workbook

        write_bridge_workbook(found, xlsx)
    if as_json:
        extra = {"uncertainty": asked.as_json(questions)} if asked.anything else {}
        echo_json(_plain(found, result) | extra, folder)
        return
    tell(f"{company_words(found)}{result.summary()}")
    for text in _tables(result):
        tell(text, answer=False)
    if asked.anything:
        tell(asked.as_text(questions), answer=False)
    if xlsx is not None:
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


def _check_effect(found: Case, flags: Mapping[str, Any]) -> None:
    """Refuse an option that nothing is done with, and say what it goes with.

    Raises
    ------
    click.UsageError
        Naming both.
    """
    known = set(found.earned) | ({"sensitivity"} if flags["sensitivity"] is not None else set())
    for name, (wanted, words) in _NEEDS.items():
        there = any(key.startswith(wanted) for key in known)
        if flags[name] is not None and not there:
            raise click.UsageError(f"{_flag(name)} goes with {words}: without it nothing is told")
    lacking = {"sales", "cost_of_goods"} - known
    if flags["elasticity"] is not None and lacking:
        needed = " and ".join(_flag(name) for name in sorted(lacking, reverse=True))
        raise click.UsageError(f"--elasticity goes with {needed}: without it nothing is told")


def company_words(found: Case) -> str:
    """Return the company the answer is about, to go before it; blank where there is none."""
    return f"{found.file.company}: " if found.file.company else ""


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


def _found(
    case: str | None, company: str | None, flags: Mapping[str, Any], folder: Path | None
) -> Case:
    """Return the case named, the company's, or the one the options describe."""
    from tariffimpact.cases import read_case
    from tariffimpact.cases.company_rows import company_case
    from tariffimpact.facts import read_facts

    given = {name: value for name, value in flags.items() if value not in (None, ())}
    facts = read_facts(folder)
    if case is not None:
        if company is not None or given:
            other = "--company" if company is not None else _flag(next(iter(given)))
            raise click.UsageError(f"{other} and a case: keep one, or edit the case")
        return read_case(case, facts=facts)
    try:
        if company is not None:
            return company_case(facts, company, more=_table(given))
        return _by_options(given, facts)
    except DataError as error:
        raise DataError(by_flag(error, _places(error))) from None


def _by_options(given: Mapping[str, Any], facts: Facts) -> Case:
    """Return the case that options describe."""
    from tariffimpact.cases import case_of

    if not {"gross", "net", "imports", "sensitivity"} & set(given):
        raise click.UsageError(
            "give a case, --company, or the cost: --gross, --net, --imports or --sensitivity"
        )
    written: dict[str, object] = {
        "title": "A bridge given by options",
        "question": "What does the tariff cost, of sales, income and a share?",
        "currency": given.get("currency", "USD"),
        "earnings": _table(given),
    }
    looked_up = [name for name in ("hts", "on", "before") if name in given]
    if looked_up:
        if len(looked_up) < 3:
            raise click.UsageError("--hts, --on and --before go together: give all three")
        origins = [line["origin"] for line in given.get("imports", ()) if "origin" in line]
        if not origins:
            raise click.UsageError("--hts looks a rate up by origin: write --imports CHN=1.2bn")
        written["tariff"] = {name: given[name] for name in looked_up} | {"origins": origins}
    return case_of(written, name="the options", facts=facts)


def _table(given: Mapping[str, Any]) -> dict[str, object]:
    """Return the `[earnings]` table of the options."""
    return {
        key: list(given[name]) if isinstance(given[name], tuple) else given[name]
        for name, key in _KEYS.items()
        if name in given
    }


def _flag(name: str) -> str:
    return _FLAGS.get(name, f"--{name.replace('_', '-')}")


def _places(error: DataError) -> dict[str, str]:
    """Return the option that each place of a case stands for, those of repeated ones included."""
    places = {f"earnings.{key}": _flag(name) for name, key in _KEYS.items()}
    for fault in error.faults:
        for key in ("imports", "offsets"):
            if fault.column.startswith(f"earnings.{key}["):
                places[fault.column] = _flag(key)
    return places | {
        "earnings": "the figures",
        "currency": "--currency",
        "tariff.hts": "--hts",
        "[tariff] with hts, origins, on and before": "--hts, --on and --before",
    }
