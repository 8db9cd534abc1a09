"""What the duties collected add to prices through inputs, under both margin rules."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from tariffimpact import costpush, units
from tariffimpact.costpush import Accounts, CostPush, Screen, StartMonths
from tariffimpact.costpush.rate_change import CodesRule
from tariffimpact.costpush.requirements import Rule
from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval
from tariffimpact.report.content import Block, Figure, Paragraph, Section, Table
from tariffimpact.report.results import Results

MONTH: Final = "2025-12"
BASE: Final = "2024"
_SOURCES: Final = (
    "bea-input-output-2017",
    "bea-pce-bridge-2017",
    "census-imports-naics-2025",
    "census-concordance",
)
_PRICES: Final = "bls-cpi-items"
_STARTS: Final = 18


def cost_push_section(results: Results) -> Section | None:
    """Return the cost push of the duties collected, or None where their sources are not known."""
    cites = results.known(*_SOURCES)
    published = [s.published_on for s in results.facts.sources if s.source_id in cites]
    if len(cites) < len(_SOURCES) or max(published) > results.as_of:
        return None
    answer = _answer()
    blocks: tuple[Block, ...] = (
        Paragraph(answer.summary(), cites, standing="accounting"),
        _categories(answer, cites),
        Paragraph(_disputed(answer), cites, standing="accounting"),
        _inputs(answer, cites),
        *_companies(results, answer, cites),
        *_prices(results, answer, cites),
    )
    return Section("cost-push", "What it adds through inputs", blocks)


@cache
def _accounts() -> Accounts:
    """Return the shipped accounts, read once for every answer."""
    return costpush.read_accounts()


@cache
def _answer(codes: CodesRule = "mapped", rule: Rule = "domestic") -> CostPush:
    """Return the answer; or one as other calculations get it, by other codes or requirements."""
    accounts = _accounts()
    change = costpush.realised_change(accounts, month=MONTH, base=BASE, codes=codes)
    return costpush.cost_push(accounts, change, requirements=rule)


def _categories(answer: CostPush, cites: tuple[str, ...]) -> Figure:
    columns = ["category", "name", "core_goods", "spent"]
    rises = [c for c in answer.categories.columns if c.endswith(("_low", "_high"))]
    return Figure(
        name="cost-push",
        title=answer.headline(),
        subtitle=f"Rise of the price if all of the cost is passed on, {answer.change.label}",
        source=answer.credit,
        alt=answer.summary(),
        frame=answer.categories[columns + rises].round(6),
        draw=lambda: answer.plot(credited=False),
        cites=cites,
    )


def _disputed(answer: CostPush) -> str:
    """Say how far the margin rule, the lost codes and the requirements move the number."""
    lost, both = _answer("published"), _answer("published", "total")
    return (
        "One switch, the margin rule, makes most of the public dispute: a shop that keeps its "
        "margin in dollars passes the cost on once, one that keeps it in per cent marks it up. "
        "Neither is observed. Two more switches are seldom told. With the industry codes of 2022 "
        f"lost, cars among them, {units.percent(lost.change.coverage.duty)} of the duty is "
        f"counted: {_pair(lost)}. With imports made of home inputs too, as published calculations "
        f"have it, the result is {_pair(_answer('mapped', 'total'))}; with both, {_pair(both)}, "
        f"beside the {_pair(answer)} above."
    )


def _pair(answer: CostPush) -> str:
    total = answer.total
    return (
        f"{units.percent(total.constant_dollar, 2)} and {units.percent(total.constant_percent, 2)}"
    )


def _inputs(answer: CostPush, cites: tuple[str, ...]) -> Figure:
    title = answer.inputs_headline()
    return Figure(
        name="through-inputs",
        title=title,
        subtitle="Rise of the price, margins constant in dollars, percentage points",
        source=answer.credit,
        alt=title,
        frame=answer.mapped_inputs().round(6),
        draw=lambda: answer.plot_inputs(credited=False),
        cites=cites,
    )


def _companies(results: Results, answer: CostPush, cites: tuple[str, ...]) -> tuple[Table, ...]:
    try:
        screen = costpush.screen_companies(answer, results.facts.companies)
    except ModelError:  # none of the chosen companies sells a good the accounts have
        return ()
    return (_table(screen, cites),)


def _table(screen: Screen, cites: tuple[str, ...]) -> Table:
    def ends(row: Mapping[Any, Any], name: str) -> str:
        low, high = (float(row[f"{name}_{end}"]) for end in ("low", "high"))
        return units.percent(Interval(low, high), 2)

    rows = tuple(
        (str(row["name"]), ends(row, "through_inputs"), ends(row, "direct"))
        for row in screen.frame.to_dict("records")
    )
    left = f" Without a good of the accounts: {units.listed(screen.left_out)}."
    return Table(
        caption="What tariffs add to the cost of what a company sells, as an average of all who "
        "make or import such goods",
        columns=("Company", "Through inputs", "Duty on the imported good itself"),
        rows=rows,
        cites=(cites,) * len(rows),
        numeric=(1, 2),
        note="A range where a company sells several kinds of goods; its own origins and inputs "
        f"may differ.{left if screen.left_out else ''}",
    )


def _prices(
    results: Results, answer: CostPush, cites: tuple[str, ...]
) -> tuple[Figure | Paragraph, ...]:
    """Return the predicted rises beside those of the consumer price index."""
    if not results.known(_PRICES):
        return ()
    starts = costpush.start_months(answer, starts=costpush.months_to("2025-06", _STARTS), end=MONTH)
    return (_slopes(starts, (*cites, _PRICES)), Paragraph(_caution(starts), standing="model"))


def _slopes(starts: StartMonths, cites: tuple[str, ...]) -> Figure:
    return Figure(
        name="cost-and-price",
        title=starts.headline(),
        subtitle="Points of price per point of predicted cost across items of the consumer price "
        "index; bands: two standard errors",
        source=starts.credit,
        alt=starts.summary(),
        frame=starts.frame.round(6),
        draw=lambda: starts.plot(credited=False),
        cites=cites,
    )


def _caution(starts: StartMonths) -> str:
    items = int(starts.frame["items"].max())
    return (
        f"Whether the {items} items whose costs rose more also rose more in price depends on the "
        "month from which one counts and on whether an item's earlier rise is taken off. It is an "
        "association across items in any case, with everything else in it that moved their "
        "prices: not the effect of the tariff."
    )
