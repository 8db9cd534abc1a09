"""`tariffimpact cost-push`: what a change of duty does to every category, through inputs."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tariffimpact.cli.options import (
    PATH,
    Day,
    echo_json,
    json_option,
    out_option,
    schedule_options,
    table_options,
)
from tariffimpact.cli.terminal import tell, tell_table

if TYPE_CHECKING:
    import pandas as pd

    from tariffimpact.answers import Answer
    from tariffimpact.costpush import Accounts, CostPush, RateChange

_LISTED = 12
_STARTS = 12
"""First months told in which a window of prices may start."""
_THROUGH = "Rise of cost through inputs, beside the duty on the good itself"
_MEASURES = {
    "products": _THROUGH,
    "industries": _THROUGH,
    "companies": _THROUGH,
    "prices": "Items of the index; an association, not an effect",
    "start_months": "Points of price per point of cost; bands: two standard errors",
}
"""What the charts beside the categories measure."""


@click.group("cost-push", invoke_without_command=True)
@click.option("--month", help="Month, or year, of the duty collected: 2025-12.")
@click.option("--base", help="Month, or year, it is compared with: 2024.")
@click.option("--on", "day", type=Day(), help="Day of the law: its rates on the imports of 2024.")
@click.option("--before", type=Day(), help="Day it is compared with.")
@schedule_options
@click.option(
    "--rates", "rates_file", type=PATH,
    help="CSV or .xlsx with your own change of duty: commodity or hts (or * for the others), "
    "change; origin, authority.",
)  # fmt: skip
@table_options
@click.option(
    "--codes", type=click.Choice(["mapped", "published"]), default="mapped", show_default=True,
    help="Codes a newer classification made: mapped to the accounts, or lost as published.",
)  # fmt: skip
@click.option(
    "--requirements", type=click.Choice(["domestic", "total"]), default="domestic",
    show_default=True,
    help="What is made with home inputs: home-made units only, or imported ones too.",
)  # fmt: skip
@click.option(
    "--tables",
    type=PATH,
    help="Folder of input-output accounts (default: the United States, 2017).",
)
@click.option(
    "--margins", type=click.Choice(["both"]), default="both", show_default=True,
    help="Both rules are always told: margins constant in dollars, and in per cent.",
)  # fmt: skip
@click.option("--hts", "products", multiple=True, help="Own product by HTS code; may be repeated.")
@click.option(
    "--screen",
    type=click.Choice(["industries", "companies"]),
    help="Rank industries, or the companies of the facts, by what comes through inputs.",
)
@click.option(
    "--prices", "window", nargs=2,
    help="Compare with the consumer price index between two months: 2024-12 2025-12.",
)  # fmt: skip
@out_option(None, "Folder to write tables and charts to.")
@json_option
def cost_push(out: Path | None, as_json: bool, **given: Any) -> None:
    """Say what a change of duty adds to every commodity and category, through inputs.

    Give one change: --month and --base (duty collected), --on and --before (the law, on the
    imports of 2024), or --rates FILE (your own). Coverage is told first.
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    pairs = [("month", "base"), ("day", "before"), ("rates_file", "rates_file")]
    named = [pair for pair in pairs if given[pair[0]] or given[pair[1]]]
    if len(named) != 1 or not (given[named[0][0]] and given[named[0][1]]):
        raise click.UsageError(
            "give one change: --month 2025-12 --base 2024 (duty collected), or --on DAY "
            "--before DAY (the law), or --rates FILE"
        )
    from tariffimpact import costpush

    accounts = costpush.read_accounts(given["tables"])
    change = _change(accounts, given)
    answer = costpush.cost_push(accounts, change, requirements=given["requirements"])
    beside = _beside(answer, given)
    if as_json:
        told = {name: found.to_frame().to_dict("records") for name, found in beside.items()}
        echo_json({**answer.as_json(), **told}, None)
    else:
        tell(answer.explain())
        for head, rows in _tables(answer):
            tell_table(_plain(head, rows), (head, "Dollars", "Per cent"), rows, right=(1, 2))
        for found in beside.values():
            tell(f"\n{found.explain()}")
    if out is not None:
        _write(answer, beside, out)


def _change(accounts: Accounts, given: Mapping[str, Any]) -> RateChange:
    """Return the change of duty that was named: one's own, the law's, or as collected."""
    from tariffimpact import costpush
    from tariffimpact.facts import read_facts
    from tariffimpact.tariffs import read_schedule, shipped_schedule

    if (rates := given["rates_file"]) is not None:
        reading = {name: given[name] for name in ("encoding", "sheet")}
        return costpush.read_rates(rates, accounts, rename=dict(given["renamed"]), **reading)
    if given["day"] is None:
        month = {name: given[name] for name in ("month", "base", "codes")}
        return costpush.realised_change(accounts, **month)
    own = given["schedule_file"]
    compiled = read_schedule(own) if own else shipped_schedule(read_facts()).compiled
    days, claims = {"on": given["day"], "before": given["before"]}, dict(given["claims"])
    return costpush.law_change(accounts, compiled, **days, claims=claims)


def _beside(answer: CostPush, given: Mapping[str, Any]) -> dict[str, Answer]:
    """Return what is asked for beside the categories, by name."""
    from tariffimpact import costpush
    from tariffimpact.facts import read_facts

    found: dict[str, Answer] = {}
    if given["products"]:
        found["products"] = costpush.screen_products(answer, given["products"])
    if given["screen"] == "industries":
        found["industries"] = costpush.screen_industries(answer)
    if given["screen"] == "companies":
        found["companies"] = costpush.screen_companies(answer, read_facts().companies)
    if given["window"]:
        start, end = given["window"]
        found["prices"] = costpush.compare_prices(answer, start=start, end=end)
        starts = costpush.months_to(start, _STARTS)
        found["start_months"] = costpush.start_months(answer, starts=starts, end=end)
    return found


_Rises = list[tuple[str, str, str]]


def _tables(answer: CostPush) -> list[tuple[str, _Rises]]:
    """Return a head and rows: the core goods that move most, then by origin and authority."""
    head = f"Core goods that {'fall' if answer.falls else 'rise'} most"
    tables = [(head, _rises(answer.most_moved(_LISTED), "name", 1))]
    if answer.change.parts is not None:
        parts: tuple[Any, ...] = ("origin", "authority")
        tables += [
            (f"Core goods, by {by}", _rises(answer.parts(by).head(_LISTED), by, 2)) for by in parts
        ]
    return tables


def _rises(frame: pd.DataFrame, names: str, digits: int) -> _Rises:
    """Return the names of some rows and their rises under both margin rules, in words."""
    from tariffimpact import units
    from tariffimpact.interval import Interval

    def told(row: Mapping[Hashable, Any], rule: str) -> str:
        return units.percent(Interval.of_row(row, rule), digits)

    return [
        (str(row[names]) or "not told", told(row, "constant_dollar"), told(row, "constant_percent"))
        for row in frame.to_dict("records")
    ]


def _plain(head: str, rows: _Rises) -> str:
    """Return a table as a pipe gets it: columns of a fixed width."""
    lines = [(head, "dollars", "per cent"), *rows]
    return "\n".join(f"{name[:58]:<58} {low:>16} {high:>16}" for name, low, high in lines)


def _write(answer: CostPush, beside: Mapping[str, Answer], out: Path) -> None:
    from tariffimpact import charts
    from tariffimpact.writing import check_folder, csv_bytes, publish

    check_folder(out)
    files = {
        "categories.csv": csv_bytes(answer.categories.round(8)),
        "commodities.csv": csv_bytes(answer.commodities.round(8)),
    }
    files |= {f"{name}.csv": csv_bytes(found.to_frame()) for name, found in beside.items()}
    measure = "Rise of the price if all of the cost is passed on"
    pictures = {"cost-push": (answer.plot(), answer.headline(), measure, answer.summary())}
    if len(answer.mapped_inputs()):  # accounts of other codes have no goods that it knows
        said, more = answer.inputs_headline(), "margins constant in dollars, percentage points"
        pictures["inputs"] = (answer.plot_inputs(), said, f"{measure}, {more}", said)
    for name, words in _MEASURES.items():
        if name in beside:
            found: Any = beside[name]
            pictures[name] = (found.plot(), found.headline(), words, found.summary())
    for name, (axes, title, subtitle, alt) in pictures.items():
        figure = charts.framed(axes, title=title, subtitle=subtitle)
        files[f"{name}.svg"] = charts.svg(figure, name=name, alt=alt).encode()
        files[f"{name}.png"] = charts.png(figure)
    for path in publish(out, files):
        click.echo(f"Wrote {path}", err=True)


@cost_push.command()
@click.option(
    "--from", "official", type=PATH,
    help="Folder with the official workbooks and the imports and duty by month.",
)  # fmt: skip
@click.option(
    "--mrio",
    type=PATH,
    help="Folder of a multi-regional table that pymrio saved, in place of --from.",
)
@click.option("--region", help="The country of --mrio, as the table calls it.")
@click.option(
    "--currency", "money", default="USD", show_default=True, help="Money of --mrio, in millions."
)
@click.option(
    "--imports", "census", type=PATH,
    help="Folder of Census imports by product and partner, one parquet file a partner.",
)  # fmt: skip
@click.option(
    "--cpi", "prices", type=PATH,
    help="CSV of the consumer price index by item and month.",
)  # fmt: skip
@click.option("--year", type=int, help="Year of the accounts (of --from 2017 by default).")
@out_option("costpush", "Folder to write the tables to.")
def build(
    official: Path | None,
    mrio: Path | None,
    region: str | None,
    money: str,
    census: Path | None,
    prices: Path | None,
    year: int | None,
    out: Path,
) -> None:
    """Make a folder of input-output accounts, checked when it is read.

    From the official files of the United States (--from), or of any country from a multi-regional
    table (--mrio DIR --region NAME --year YEAR): what such a table does not know is left blank and
    told.
    """
    from tariffimpact.costpush import derive_accounts
    from tariffimpact.portfolio import read_census_imports
    from tariffimpact.writing import check_folder, publish

    check_folder(out)
    if (official is None) == (mrio is None):
        raise click.UsageError("give --from DIR, or --mrio DIR --region NAME --year YEAR")
    if mrio is not None:
        _from_mrio(mrio, region, money, year, out)
        return
    assert official is not None
    imports = None if census is None else read_census_imports(census, "*-imports????.parquet")
    files = derive_accounts(official, imports, prices=prices, year=year or 2017)
    if census is None:
        click.echo("Without --imports no weights.parquet is made: --on and --before need it.")
    for path in publish(out, files):
        click.echo(f"Wrote {path}")


def _from_mrio(folder: Path, region: str | None, money: str, year: int | None, out: Path) -> None:
    """Write what a multi-regional table knows of a country, and say what it does not."""
    from tariffimpact.costpush import MRIO_LACKS, accounts_of_mrio, read_mrio
    from tariffimpact.writing import publish

    if region is None or year is None:
        raise click.UsageError("--mrio needs --region NAME and --year YEAR")
    table = read_mrio(folder)
    credit = f"multi-regional table in {folder.name}"
    files = accounts_of_mrio(table, region, year=year, currency=money, credit=credit)
    for path in publish(out, files):
        click.echo(f"Wrote {path}")
    click.echo("A multi-regional table does not know, and leaves blank:")
    for words in MRIO_LACKS:
        click.echo(f"- {words}")
