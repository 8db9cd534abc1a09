"""`tariffimpact price`: what a product would cost under each pricing rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tariffimpact.cli.case import case_or_options, product_options
from tariffimpact.cli.completion import case_names
from tariffimpact.cli.numbers import Number
from tariffimpact.cli.options import data_option, echo_json, json_option
from tariffimpact.cli.uncertainty import Asked, records, uncertainty_options

if TYPE_CHECKING:
    from tariffimpact.cases import Case


class _Rules(click.ParamType[tuple[str, ...]]):
    """Pricing rules, separated by commas."""

    name = "rules"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        known = ("dollar", "percent", "profit", "maximise")
        chosen = tuple(dict.fromkeys(part.strip().lower() for part in str(value).split(",")))
        if unknown := [part for part in chosen if part not in known]:
            words = ", ".join(map(repr, unknown))
            self.fail(f"no rule {words}; the rules are {', '.join(known)}", param, ctx)
        return chosen


@click.command()
@click.argument("case", required=False, shell_complete=case_names)
@click.option("--product", help="A product of the case (default: all).")
@product_options
@click.option(
    "--elasticity", type=Number("number"), help="Demand elasticity at the old price, positive."
)
@click.option(
    "--demand",
    type=click.Choice(["linear", "isoelastic", "logit"]),
    help="Form of demand (default: isoelastic).",
)
@click.option("--share", type=Number("share"), help="Logit only: share of buyers at the old price.")
@click.option(
    "--units", type=Number("number"), help="Units a year (default: 1, so volumes are ratios)."
)
@click.option(
    "--exporter-cut", type=Number("share"), help="Fraction by which the exporter lowers its price."
)
@click.option("--hold", type=_Rules(), help="Rules: dollar,percent,profit,maximise (default: all).")
@click.option(
    "--xlsx", type=click.Path(path_type=Path, dir_okay=False),
    help="Write the case as a workbook with live formulas.",
)  # fmt: skip
@uncertainty_options
@data_option
@json_option
def price(
    case: str | None,
    product: str | None,
    hold: tuple[str, ...] | None,
    xlsx: Path | None,
    asked: Asked,
    folder: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Say what a product would cost if the seller held its margin, held its profit, or maximised.

    CASE is a file or a shipped case (sony-ps5, textbook …); or give --price, --customs and
    --tariff. "No price does" is an ordinary answer.
    """
    found = case_or_options(case, flags, folder, _more(flags))
    names = [product] if product else [item.name for item in found.products]
    answers = [found.prices(name, rules=hold) for name in names]
    if xlsx is not None:
        from tariffimpact.cases.workbook import write_workbook

        write_workbook(found, xlsx)
    if as_json:
        echo_json(_plain(found, answers, asked), folder)
        return
    for answer in answers:
        click.echo(answer.summary())
        if asked.anything:
            click.echo(asked.as_text(answer.questions))
    if xlsx is not None:
        click.echo(f"Wrote {xlsx}")


def _plain(case: Case, answers: list[Any], asked: Asked) -> dict[str, Any]:
    """Return the answers as JSON has them."""
    return {
        "case": case.name,
        "currency": case.currency,
        "products": [
            {
                "product": answer.product,
                "summary": answer.summary(),
                "implied_elasticity": answer.response and answer.response.implied_elasticity,
                "prices": records(answer.to_frame()),
                **({"uncertainty": asked.as_json(answer.questions)} if asked.anything else {}),
            }
            for answer in answers
        ],
    }


def _more(flags: dict[str, Any]) -> dict[str, object]:
    """Return the tables that demand flags describe."""
    if flags["elasticity"] is None:
        return {}
    demand = {"form": flags["demand"] or "isoelastic", "elasticity": flags["elasticity"]}
    return {"demand": demand | ({} if flags["share"] is None else {"share": flags["share"]})}
