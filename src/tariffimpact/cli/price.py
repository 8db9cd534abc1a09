"""`tariffimpact price`: what a product would cost under each pricing rule."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tariffimpact import units
from tariffimpact.cli.asked import Asked, asked_options, records
from tariffimpact.cli.case import (
    PRODUCT,
    Flag,
    case_argument,
    case_or_product,
    check_product,
    flag_options,
)
from tariffimpact.cli.numbers import Number, Worth
from tariffimpact.cli.options import Reader, Several, xlsx_option
from tariffimpact.cli.terminal import is_watched, tell, tell_table
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    from tariffimpact.cases.price_answer import PriceAnswer
    from tariffimpact.pricing.chain import Chain

_RULES: Final = ("dollar", "percent", "profit", "maximise")
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


class _Seller(Reader[dict[str, object]]):
    """A seller on the way to the shelf: `dealer=35%:percent`."""

    name = "seller"

    def read(self, text: str, ctx: click.Context | None) -> dict[str, object]:
        name, equals, terms = text.partition("=")
        size, _, rule = terms.partition(":")
        if not equals or not name.strip():
            raise ValueError(f"is no seller; write {_SELLERS}")
        stage: dict[str, object] = {"name": name.strip()}
        size = size.strip()
        if size[:1] in ("x", "X", "\N{MULTIPLICATION SIGN}"):
            stage["markup"] = Number("number").convert(size[1:], None, ctx)
        elif size:
            worth = Worth().convert(size, None, ctx)
            stage["margin" if worth.is_share else "price"] = worth.written
        return stage | (self._rule(rule.strip(), ctx) if rule.strip() else {})

    def _rule(self, text: str, ctx: click.Context | None) -> dict[str, object]:
        rule, _, size = text.partition("@")
        if rule not in _STAGE_RULES:
            known = ", ".join(_STAGE_RULES)
            raise click.BadParameter(f"no rule {rule!r}; the rules are {known}")
        found: dict[str, object] = {"rule": rule}
        if rule == "absorb":
            found["absorbed"] = Number("share").convert(size, None, ctx)
        elif size:
            found["demand_elasticity"] = Number("number").convert(size, None, ctx)
        return found


_DEMAND: Final = (
    Flag("elasticity", "number", "Demand elasticity at the old price, positive.",
         "demand.elasticity"),
    Flag("demand", click.Choice(["linear", "isoelastic", "logit"]),
         "Form of demand (default: isoelastic).", "demand.form"),
    Flag("share", "share", "Logit only: share of buyers at the old price.", "demand.share"),
)  # fmt: skip
_FLAGS: Final = (
    *PRODUCT,
    Flag("specific", "money", "Duty per unit, with --tariff or in place of it.", "tariff.specific"),
    Flag("old_specific", "money", "Duty per unit before (default: 0).", "tariff.old_specific"),
    Flag("reading", click.Choice(["customs_value", "border_price"]),
         "What the duty falls on: a given customs value (default), or the seller's own price at "
         "the border, for one that is itself the exporter; --customs is then that price.",
         "tariff.reading"),
    *_DEMAND,
    Flag("units", "number", "Units a year (default: 1, so volumes are ratios).",
         "products[1].units"),
    Flag("fixed_cost", "money", "Cost a year that units do not move.", "products[1].fixed_cost"),
    Flag("exporter_cut", "share", "Fraction by which the exporter lowers its price.",
         "products[1].exporter_cut"),
)  # fmt: skip
_CHAIN: Final = Flag(
    "chain", _Seller(),
    "A seller on the way to the shelf, from the importer on: NAME=x4 (its price over what it "
    "pays), NAME=35% (its margin) or NAME=$100 (its price), and :RULE, dollar, percent, absorb@20% "
    "or maximise. Repeat it.", "chain", many=True,
)  # fmt: skip


@click.command()
@case_argument
@click.option("--product", help="A product of the case (default: all).")
@flag_options(*_FLAGS)
@click.option(
    "--hold", type=Several("rule", _RULES, f"the rules are {', '.join(_RULES)}"),
    help="Rules: dollar,percent,profit,maximise (default: all).",
)  # fmt: skip
@flag_options(_CHAIN)
@xlsx_option("the case")
@asked_options()
def price(
    case: str | None,
    product: str | None,
    hold: tuple[str, ...] | None,
    xlsx: Path | None,
    asked: Asked,
    **values: Any,
) -> None:
    """Say what a product would cost if the seller held its margin, held its profit, or maximised.

    CASE is a file or a shipped case (sony-ps5, textbook …); or give --price, --customs and
    --tariff. With --chain, or a case that has one, also what each seller on the way to the shelf
    makes of the duty. "No price does" is an ordinary answer.
    """
    check_product(case, product)
    unasked = _DEMAND if values["elasticity"] is None else ()  # a form alone is no demand
    flags = tuple(flag for flag in (*_FLAGS, _CHAIN) if flag not in unasked)
    found = case_or_product(case, flags, values, asked.folder)
    names = [product] if product else [item.name for item in found.products]
    words = {"words": _WORDS} if case is None else {}
    answers = [found.prices(name, rules=hold, at_middle=asked.at_middle, **words) for name in names]
    chains = found.chains(product) if found.file.chain else ()
    if xlsx is not None:
        from tariffimpact.cases.case_sheet import write_workbook

        write_workbook(found, xlsx)

    def plain() -> dict[str, Any]:
        ways = [{"summary": way.summary(), "ledger": records(way.to_frame())} for way in chains]
        products = [_plain(answer, asked) for answer in answers]
        return {
            "case": found.name, "chains": ways, "currency": found.currency, "products": products,
        }  # fmt: skip

    def told() -> None:
        if is_watched():
            _tell_table(answers)
        for answer in answers:
            if not is_watched():
                tell(answer.summary())
            asked.tell_sure(answer.questions)
        for way in chains:
            tell(_ledger(way))
        if xlsx is not None:
            click.echo(f"Wrote {xlsx}")

    asked.tell(plain, told)


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


def _plain(answer: PriceAnswer, asked: Asked) -> dict[str, Any]:
    """Return the prices of one product as JSON has them."""
    return {
        "product": answer.product,
        "summary": answer.summary(),
        "implied_elasticity": answer.response and answer.response.implied_elasticity,
        "prices": records(answer.to_frame()),
        **({"uncertainty": asked.rows(answer.questions)} if asked.anything else {}),
    }
