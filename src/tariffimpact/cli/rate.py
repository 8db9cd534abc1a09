"""`tariffimpact rate`: the duty on a product from an origin on a day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tariffimpact.cli.numbers import Number
from tariffimpact.cli.options import (
    Country,
    Day,
    data_option,
    json_option,
    schedule_of,
    schedule_options,
)
from tariffimpact.cli.terminal import is_watched, tell, tell_table

if TYPE_CHECKING:
    from tariffimpact.tariffs import TariffRate


@click.command()
@click.argument("product")
@click.option("--origin", required=True, type=Country(), help="Country of origin: CHN, Japan, VN …")
@click.option(
    "--on", type=Day(today=True), required=True, help="Day of entry, as 2025-05-01, or today."
)
@click.option(
    "--metal", type=Number("share"),
    help="Share of the customs value that is the listed metal: 25%, 0.25 or 0.2..0.3.",
)  # fmt: skip
@click.option(
    "--weight", type=Number("share"),
    help="Share of the weight that is the listed metal: a light article may be free of its duty.",
)  # fmt: skip
@click.option(
    "--unit-value", type=click.FloatRange(min=0, min_open=True),
    help="Customs value, US dollars, of one unit of a duty per unit (a litre, a kilogram): a total "
    "that counts the general rate is then exact.",
)  # fmt: skip
@schedule_options
@data_option
@json_option
def rate(
    product: str,
    origin: str,
    on: date,
    metal: float | str | None,
    weight: float | str | None,
    unit_value: float | None,
    schedule_file: Path | None,
    claims: tuple[tuple[str, float], ...],
    folder: Path | None,
    as_json: bool,
) -> None:
    """Say what duty PRODUCT (an HTS code) from an origin paid on a day, and on whose authority.

    Where a fact about the goods decides, the answer is a range, and says which fact and what each
    answer would change: give it with --claim, --metal or --weight.
    """
    from tariffimpact.interval import Interval
    from tariffimpact.release import data_version
    from tariffimpact.writing import json_text

    schedule = schedule_of(schedule_file, folder, claims)
    found = schedule.rate(
        product,
        origin,
        on,
        metal_content=None if metal is None else Interval.parse(str(metal)),
        metal_weight=None if weight is None else Interval.parse(str(weight)),
        quantity_per_dollar=1 / unit_value if unit_value else None,
        questions=True,
    )
    data = schedule.data if schedule_file else str(data_version(folder))
    if as_json:
        click.echo(json_text({**found.as_json(), "data": data}))
    else:
        _tell_rate(found, data)


def _tell_rate(found: TariffRate, data: str) -> None:
    """Print a rate: in a pipe line by line, on a terminal its parts in a table, papers below."""
    if not is_watched():
        tell(f"{found.explain()}\nData: {data}")
        return
    papers = list(
        dict.fromkeys(f"{p.source.publisher}: {p.source.address}" for p in found.components)
    )
    rows = [
        (part.amount_words(), part.authority, f"{part.name} ({part.locator})",
         part.standing_words(), str(1 + papers.index(f"{part.source.publisher}: "
                                                     f"{part.source.address}")))
        for part in found.components
    ]  # fmt: skip
    tell(f"{found.summary()}\n")
    tell_table(
        "", ("Rate", "Authority", "Duty", "Standing", "Source"), rows, right=(0, 4), apart=False
    )
    numbered = [f"  {place}  {paper}" for place, paper in enumerate(papers, start=1)]
    tell("\n".join(["", *found.remarks(), f"Data: {data}", "", *numbered]), answer=False)
