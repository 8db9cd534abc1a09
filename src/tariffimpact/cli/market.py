"""`tariffimpact market`: what a tariff does to all prices of a market when rivals respond."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tariffimpact.cli.numbers import Number
from tariffimpact.cli.options import FilePath, currency_option, json_option, table_options
from tariffimpact.cli.terminal import at_work, tell, tell_table
from tariffimpact.errors import ModelError

if TYPE_CHECKING:
    from tariffimpact.market import MarketRange
    from tariffimpact.market.conduct import Conduct
    from tariffimpact.market.fit import DemandName
    from tariffimpact.market.policy import Reading

_MILLION = 1e6


@click.command()
@click.argument("products", required=False, type=FilePath())
@click.option(
    "--tariff", required=True, type=Number("rate"), help="Rise of the ad valorem duty, as 15%."
)
@click.option("--where", multiple=True, metavar="COLUMN=TEXT", help="Products it falls on.")
@click.option(
    "--demand",
    type=click.Choice(["logit", "ces", "linear", "log_linear", "aids"]),
    default="logit",
    show_default=True,
    help="A column nest in PRODUCTS makes logit and ces nested.",
)
@click.option(
    "--fix",
    multiple=True,
    metavar="PARAMETER=NUMBER",
    help="A parameter of demand not to take from the margins, as market_elasticity=1.5 (aids) or "
    "nesting=0.4.",
)
@click.option(
    "--conduct",
    type=click.Choice(["bertrand", "cournot", "monopolistic_competition", "price_taking"]),
    default="bertrand",
    show_default=True,
)
@click.option(
    "--reading",
    type=click.Choice(["customs_value", "border_price"]),
    default="customs_value",
    show_default=True,
    help="A cost on a given customs value, or a levy on the firm's own border price.",
)
@click.option(
    "--outside",
    type=Number("share"),
    default="0.3..0.7",
    show_default=True,
    help="Share of potential buyers who buy none, as 30% or 30%..70%. Not read for aids.",
)
@click.option(
    "--home", multiple=True, metavar="FIRM", help="A firm at home: adds national welfare."
)
@click.option(
    "--together",
    multiple=True,
    metavar="COLUMN",
    help="A column whose ranges move together over all products, as customs_share.",
)
@click.option(
    "--draws",
    type=click.IntRange(1, 1_000_000),
    help="Also say where 90% of so many draws lie, every value in its range as likely.",
)
@click.option(
    "--units-sold",
    is_flag=True,
    help="The column quantity holds units, not parts of them: changes in units and money.",
)
@table_options
@currency_option
@json_option
def market(
    products: Path | None,
    tariff: float | str,
    where: tuple[str, ...],
    demand: DemandName,
    fix: tuple[str, ...],
    conduct: Conduct,
    reading: Reading,
    outside: float | str,
    home: tuple[str, ...],
    together: tuple[str, ...],
    draws: int | None,
    units_sold: bool,
    renamed: tuple[tuple[str, str], ...],
    encoding: str | None,
    sheet: str | None,
    currency: str,
    as_json: bool,
) -> None:
    """Say what a tariff on some of the products in PRODUCTS does if rivals respond.

    Prices, sales, profits, duty revenue and consumers' loss; with --home national welfare too.
    PRODUCTS, a CSV or .xlsx file, has the columns product, firm, price and quantity (or share), and
    may have margin, customs_share, ad_valorem, specific, nest and any other to choose products by.
    Numbers may be ranges, as 0.2..0.4. Without PRODUCTS it is the shipped console market of the
    story.
    """
    from tariffimpact.facts import shipped_folder
    from tariffimpact.interval import Interval
    from tariffimpact.market import impose_range, read_products
    from tariffimpact.release import data_version
    from tariffimpact.writing import json_text

    _check_options(tariff, demand)
    share = Interval.parse(outside) if isinstance(outside, str) else Interval.exactly(outside)
    table = read_products(
        products or shipped_folder("data") / "console_market.csv",
        rename=dict(renamed), encoding=encoding, sheet=sheet,
    )  # fmt: skip
    with at_work("Solving the market at every end of its ranges"), _options_named():
        found = impose_range(
            table,
            outside_share=Interval.exactly(0.5) if demand == "aids" else share,
            ad_valorem=float(tariff),
            where=_pairs("--where", "COLUMN=TEXT, as origin=JPN", where),
            demand=demand,
            reading=reading,
            conduct=conduct,
            fixed=_parameters(fix),
            together=together,
            home=home or None,
            draws=draws or 0,
            units_sold=units_sold,
            currency=currency,
        )
    if as_json:
        told = {
            "currency": found.currency,
            "points": found.points,
            "refused": found.refused,
            "searched": found.searched,
            "products": found.to_frame().to_dict("records"),
            "measures": found.to_table().to_dict("records"),
        }
        shipped = {} if products else {"data": str(data_version())}
        click.echo(json_text(told | shipped))
    else:
        tell(f"{found.summary()}\n")
        drawn = (_DRAWN,) if found.spread else ()
        heads = ("Measure", "Of", "Range", *drawn)
        tell_table(_table(found), heads, _named_once(_rows(found)), right=(2, 3), apart=False)
        tell(f"\n{found.explain()}", answer=False)


def _check_options(tariff: float | str, demand: str) -> None:
    """Refuse a range of tariffs or a cut, and an outside share that demand does not read."""
    if isinstance(tariff, str):
        raise ModelError(f"--tariff: one rate (got {tariff}); ask once for each end")
    if tariff < 0:
        raise ModelError(
            f"--tariff: the rise of a duty, at or above 0 (got {tariff:g}); for a cut write the "
            "duties in force in the column ad_valorem and use Python (Market.impose)"
        )
    source = click.get_current_context().get_parameter_source("outside")
    if demand == "aids" and source is click.core.ParameterSource.COMMANDLINE:
        raise ModelError("--outside: aids demand has no outside good; leave it out")


_DRAWN: Final = "90% of draws"


def _table(found: MarketRange) -> str:
    """Return every measure with its range, aligned, the currency in the words."""
    heads = ("", "", "range", _DRAWN if found.spread else "")
    rows = [heads, *((*row, "")[:4] for row in _rows(found))]
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def _rows(found: MarketRange) -> list[tuple[str, ...]]:
    """Return every measure with its range in words, and that of the draws where there are any."""
    rows: list[tuple[str, ...]] = []
    for row in found.to_table().to_dict("records"):
        what = {"price": "price change", "units": "units sold"}.get(row["measure"], row["measure"])
        what = f"{what}, {row['unit']}" if row["unit"] == found.currency else what
        of = row["of"]
        if of == "market":
            of = "all buyers" if found.units_sold else "over sales before"
        drawn = (_words(row, "p05", "p95", found.currency),) if found.spread else ()
        rows.append((what, of, _words(row, "low", "high", found.currency), *drawn))
    return rows


def _named_once(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the rows, each measure named in the first of its own alone."""
    before = ["", *(row[0] for row in rows)]
    return [
        ("" if row[0] == last else row[0], *row[1:])
        for row, last in zip(rows, before, strict=False)
    ]


def _words(row: dict[Hashable, Any], low: str, high: str, currency: str) -> str:
    """Return a range in words: money, units, or percent."""
    from tariffimpact import units
    from tariffimpact.interval import Interval

    if not row[low] <= row[high]:
        return "unknown"
    span = Interval(row[low], row[high])
    if row["unit"] == "units":
        return units.ratio(span, 0)
    if row["unit"] != currency:
        return units.percent(span)
    if max(abs(span.low), abs(span.high)) >= _MILLION:
        return units.big_money(span, currency)
    return units.money(span, currency, 2 if row["measure"] == "price" else 0)


_CALLED: Final = {
    "outside_share": "--outside", "where": "--where", "together": "--together", "fixed": "--fix",
    "home": "--home",
}  # fmt: skip


@contextmanager
def _options_named() -> Iterator[None]:
    """Call what is mistaken by the name of its option."""
    try:
        yield
    except ModelError as error:
        name, colon, rest = str(error).partition(": ")
        if type(error) is not ModelError or not colon or name not in _CALLED:
            raise
        raise ModelError(f"{_CALLED[name]}: {rest}") from None


def _pairs(option: str, form: str, texts: tuple[str, ...]) -> dict[str, str]:
    """Return NAME=VALUE of each text by its name, which may stand once."""
    given: dict[str, str] = {}
    for text in texts:
        name, value = _pair(option, form, text)
        if name in given:
            raise ModelError(f"{option}: names {name} twice; keep one, or ask once for each")
        given[name] = value
    return given


def _pair(option: str, form: str, text: str) -> tuple[str, str]:
    """Return the two sides of NAME=VALUE, or say how to write it."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ModelError(f"{option}: write {form} (got {text!r})")
    return name.strip(), value.strip()


def _parameters(fix: tuple[str, ...]) -> dict[str, float]:
    """Return the parameters of demand that the user fixes."""
    form = "PARAMETER=NUMBER, as market_elasticity=1.5"
    given: dict[str, float] = {}
    for name, value in _pairs("--fix", form, fix).items():
        try:
            given[name] = float(value)
        except ValueError:
            raise ModelError(f"--fix: write {form} (got {f'{name}={value}'!r})") from None
    return given
