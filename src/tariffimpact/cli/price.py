"""`tariffimpact price`: what a product would cost under each pricing rule."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tariffimpact import units
from tariffimpact.cli.case import case_or_options, product_options, warned
from tariffimpact.cli.choice import check_product
from tariffimpact.cli.completion import case_names
from tariffimpact.cli.numbers import Number, Worth
from tariffimpact.cli.options import FilePath, data_option, echo_json, json_option
from tariffimpact.cli.terminal import is_watched, tell, tell_table
from tariffimpact.cli.uncertainty import Asked, at_option, records, uncertainty_options
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    from tariffimpact.cases import Case
    from tariffimpact.cases.price_answer import PriceAnswer
    from tariffimpact.pricing.chain import Chain


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


class _Seller(click.ParamType[dict[str, object]]):
    """A seller on the way to the shelf: `dealer=35%:percent`."""

    name = "seller"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, object]:
        if isinstance(value, dict):
            return value
        name, equals, terms = str(value).partition("=")
        size, _, rule = terms.partition(":")
        if not equals or not name.strip():
            self.fail(f"{value!r} is no seller; write {_SELLERS}", param, ctx)
        stage: dict[str, object] = {"name": name.strip()}
        size = size.strip()
        if size[:1] in ("x", "X", "\N{MULTIPLICATION SIGN}"):
            stage["markup"] = Number("number").convert(size[1:], param, ctx)
        elif size:
            worth = Worth().convert(size, param, ctx)
            stage["margin" if worth.is_share else "price"] = worth.written
        return stage | (self._rule(rule.strip(), param, ctx) if rule.strip() else {})

    def _rule(
        self, text: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, object]:
        rule, _, size = text.partition("@")
        if rule not in _STAGE_RULES:
            self.fail(f"no rule {rule!r}; the rules are {', '.join(_STAGE_RULES)}", param, ctx)
        found: dict[str, object] = {"rule": rule}
        if rule == "absorb":
            found["absorbed"] = Number("share").convert(size, param, ctx)
        elif size:
            found["demand_elasticity"] = Number("number").convert(size, param, ctx)
        return found


_STAGE_RULES: Final = ("dollar", "percent", "absorb", "maximise")
_SELLERS: Final = "maker=x4:percent, dealer=35%:dollar or shop=$100:absorb@20%"
_WORDS: Final = {
    "cost": "the unit cost is not known: give --cost",
    "demand": "how buyers react is not known: give --elasticity",
    "bound": "at an elasticity of 1 or less (--elasticity is {elasticity}) profit rises without "
    "bound with the price, so none is best; give an elasticity above 1, or --demand linear",
    "room": "the seller's margin with the duty on it may be more than the shelf price; give "
    "--customs, its own price at the border, or --cost more nearly",
}
"""What a pricing rule lacks, in the words of the shell."""


@click.command()
@click.argument("case", required=False, shell_complete=case_names)
@click.option("--product", help="A product of the case (default: all).")
@product_options
@click.option(
    "--specific", type=Number("money"), help="Duty per unit, with --tariff or in place of it."
)
@click.option("--old-specific", type=Number("money"), help="Duty per unit before (default: 0).")
@click.option(
    "--reading",
    type=click.Choice(["customs_value", "border_price"]),
    help="What the duty falls on: a given customs value (default), or the seller's own price at "
    "the border, for one that is itself the exporter; --customs is then that price.",
)
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
@click.option("--fixed-cost", type=Number("money"), help="Cost a year that units do not move.")
@click.option(
    "--exporter-cut", type=Number("share"), help="Fraction by which the exporter lowers its price."
)
@click.option("--hold", type=_Rules(), help="Rules: dollar,percent,profit,maximise (default: all).")
@click.option(
    "--chain", type=_Seller(), multiple=True,
    help="A seller on the way to the shelf, from the importer on: NAME=x4 (its price over what it "
    "pays), NAME=35% (its margin) or NAME=$100 (its price), and :RULE, dollar, percent, absorb@20% "
    "or maximise. Repeat it.",
)  # fmt: skip
@click.option(
    "--xlsx", type=FilePath(dir_okay=False),
    help="Write the case as a workbook with live formulas.",
)  # fmt: skip
@at_option
@uncertainty_options
@data_option
@json_option
def price(
    case: str | None,
    product: str | None,
    hold: tuple[str, ...] | None,
    chain: tuple[dict[str, object], ...],
    xlsx: Path | None,
    at_middle: bool,
    asked: Asked,
    folder: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Say what a product would cost if the seller held its margin, held its profit, or maximised.

    CASE is a file or a shipped case (sony-ps5, textbook …); or give --price, --customs and
    --tariff. With --chain, or a case that has one, also what each seller on the way to the shelf
    makes of the duty. "No price does" is an ordinary answer.
    """
    flags["chain"] = list(chain) or None
    check_product(case, product)
    found = warned(case_or_options(case, flags, folder, _more(flags), _PLACES))
    names = [product] if product else [item.name for item in found.products]
    more: dict[str, Any] = {"words": _WORDS} if case is None else {}
    answers = [found.prices(name, rules=hold, at_middle=at_middle, **more) for name in names]
    chains = found.chains(product) if found.file.chain else ()
    if xlsx is not None:
        from tariffimpact.cases.workbook import write_workbook

        write_workbook(found, xlsx)
    if as_json:
        echo_json(_plain(found, answers, chains, asked), folder)
        return
    if is_watched():
        _tell_table(answers)
    for answer in answers:
        if not is_watched():
            tell(answer.summary())
        if asked.anything:
            tell(asked.as_text(answer.questions), answer=False)
    for way in chains:
        tell(_ledger(way))
    if xlsx is not None:
        click.echo(f"Wrote {xlsx}")


_PLACES: Final = {
    "tariff.specific": "--specific",
    "tariff.old_specific": "--old-specific",
    "tariff.reading": "--reading",
    "products[1].fixed_cost": "--fixed-cost",
    "chain": "--chain",
}


def _tell_table(answers: list[PriceAnswer]) -> None:
    """Print the price of each product under each rule, and what a range does not say."""
    rows = [row for answer in answers for row in answer.table_words()]
    tell_table("", ("Product", "Price that", "Price", ""), rows, right=(2,), apart=False)
    for remark in dict.fromkeys(filter(None, (answer.remark() for answer in answers))):
        tell(f"\n{remark}", answer=False)


def _ledger(way: Chain) -> str:
    """Return a chain: its sentence, and a line for each party that sums to the duty."""
    lines = [way.summary()]
    rows = [row for row in records(way.to_frame()) if row["burden_low"] or row["burden_high"]]
    width = max((len(str(row["party"])) for row in rows), default=0)
    for row in rows:
        span = Interval(row["burden_low"], row["burden_high"])
        gains = span.high <= 0 and row["party"] != "duty"
        verb = "in all" if row["party"] == "duty" else "gains" if gains else "bears"
        amount = units.money(span.magnitude if gains else span, way.currency, 2)
        lines.append(f"  {row['party']:<{width}}  {verb:<6}  {amount}")
    return "\n".join(lines)


def _plain(
    case: Case, answers: list[PriceAnswer], chains: Sequence[Chain], asked: Asked
) -> dict[str, Any]:
    """Return the answers as JSON has them."""
    return {
        "case": case.name,
        "chains": [{"summary": way.summary(), "ledger": records(way.to_frame())} for way in chains],
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
    """Return the tables that the flags of demand and of the chain describe."""
    more: dict[str, object] = {} if flags["chain"] is None else {"chain": flags["chain"]}
    if flags["elasticity"] is None:
        return more
    demand = {"form": flags["demand"] or "isoelastic", "elasticity": flags["elasticity"]}
    share = {} if flags["share"] is None else {"share": flags["share"]}
    return more | {"demand": demand | share}
