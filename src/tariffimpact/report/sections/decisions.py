"""One case in the report: the decisions it asks about, each answered, drawn and tabled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, Protocol

from tariffimpact import units
from tariffimpact.cases import Case
from tariffimpact.cases.input_words import input_name, input_told
from tariffimpact.pricing.chain import STAGE_RULES
from tariffimpact.report.content import Block, Figure, Paragraph, Section, Standing, Table
from tariffimpact.report.wording import leading
from tariffimpact.uncertainty.inputs import Inputs

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class Answer(Protocol):
    """What every result answers to."""

    def summary(self) -> str: ...  # noqa: D102

    def to_frame(self) -> pd.DataFrame: ...  # noqa: D102

    def plot(self, ax: Axes | None = None) -> Axes: ...  # noqa: D102


_ASKED: Final[dict[str, tuple[str, str]]] = {
    "recovery": (
        "recovery",
        "Share of the exposure, inputs over their ranges, then one by one",
    ),
    "rollback": ("rollback_ranges", "Refund and what buyers receive, over the ranges"),
    "timing": ("path_ranges", "Price by month, over the ranges"),
    "sourcing": ("sourcing_ranges", "Landed cost of a unit by origin, over the ranges"),
    "earnings": ("earnings", "Gross cost, offsets and net cost"),
}
"""Table of the case file to the method that answers it, and the measure of its chart."""


def case_section(case: Case, *, told: bool = False) -> Section:
    """Return what a case asks, what the models answer, with charts, and what they rest on.

    Parameters
    ----------
    case
        A case as read; only what it holds is answered.
    told
        Whether the answers stand among the findings already, and so are drawn here alone.
    """
    blocks: list[Block] = [Paragraph(case.file.question, _cites(case))]
    for kind, answer, measure in _answers(case):
        if not told:
            blocks.append(Paragraph(answer.summary(), standing=_standing(case)))
        blocks.append(_figure(case, kind, answer, measure))
    blocks.append(_inputs(case))
    reasons = [reason for reason in _reasons(case) if reason]
    blocks += [Paragraph(reason, standing="assumption") for reason in dict.fromkeys(reasons)]
    return Section(f"case-{_slug(case.name)}", f"Case: {case.title}", tuple(blocks))


def case_findings(case: Case, *, named: bool = False) -> Iterator[Paragraph]:
    """Yield what a case says first: its prices, what a rise says, each decision, over the ranges.

    `named` puts the case's title before what is not about a product.
    """
    start = f"{case.title}: " if named else ""
    cites, standing = _cites(case), _standing(case)
    for item in case.products:
        if item.has_rate:
            told = item.pass_through(case.currency).summary()
            yield Paragraph(f"{item.name}: {told}", cites, standing)
    for item in case.products:
        if item.rules:
            yield Paragraph(case.prices(item.name).summary(), cites, standing)
    for kind, answer, _ in _answers(case):
        if kind != "prices":
            yield Paragraph(f"{start}{answer.summary()}", cites, standing)


def _standing(case: Case) -> Standing:
    """Return what an answer of a case is: an assumption where an input is a range or a judgement.

    No arithmetic makes an answer firmer than what it rests on.
    """
    spread = any(len(Inputs(stated).fixed) < len(stated) for stated in case.inputs().values())
    return "assumption" if spread or any(_reasons(case)) else "model"


def _inputs(case: Case) -> Table:
    """Return what the answers rest on, as the case gives it."""
    rows = [
        (
            name or case.title,
            leading(input_name(key)),
            input_told(key, value, case.currency, stated),
        )
        for name, stated in case.inputs().items()
        for key, value in stated.items()
    ]
    several = len({row[0] for row in rows}) > 1
    return Table(
        caption="What the answers rest on",
        columns=("Of", "Input", "Value") if several else ("Input", "Value"),
        rows=tuple(row if several else row[1:] for row in rows),
        cites=tuple(_cites(case) for _ in rows),
        numeric=(2,) if several else (1,),
        searchable=len(rows) > 20,
    )


def _answers(case: Case) -> Iterator[tuple[str, Answer, str]]:
    """Yield each answer the case holds, with its kind and what its chart measures."""
    if case.products and case.products[0].rules:
        yield "prices", case.prices(), f"Price under each rule, {case.currency}, over the ranges"
    for table, (method, measure) in _ASKED.items():
        if getattr(case.file, table) is not None:
            answer: Callable[[], Answer] = getattr(case, method)
            yield table, answer(), measure
    for way in case.chains() if case.file.chain else ():
        rule = way.lines[0].rule if len(case.chains()) > 1 else "own"
        yield f"chain-{rule}", way, "What each party bears of the duty, money per unit"


def _figure(case: Case, kind: str, answer: Answer, measure: str) -> Figure:
    title = _finding(kind, answer)
    return Figure(
        name=f"{_slug(case.name)}-{kind}",
        title=title,
        subtitle=measure,
        source=f"Case {case.name}, its reasons and sources as listed.",
        alt=f"{title}. {answer.summary()}",
        frame=answer.to_frame(),
        draw=answer.plot,
        cites=_cites(case),
    )


def _finding(kind: str, answer: Any) -> str:
    """Return the answer's finding as a title."""
    if kind == "prices":
        spans = [
            f"{found.name.removeprefix('price that ')} at "
            f"{units.money(found.interval, answer.currency)}"
            for found in answer.ranges.values()
            if found.has_answer
        ]
        if not spans:
            return f"No price of {answer.product} does"
        return f"A price of {answer.product} {units.listed(spans[:2])}"
    if kind.startswith("chain"):
        rules = {line.rule for line in answer.lines}
        held = f", if every seller {STAGE_RULES[rules.pop()]}" if len(rules) == 1 else ""
        duty, rise = (
            units.money(span, answer.currency, 2) for span in (answer.duty, answer.shelf_rise)
        )
        return f"{duty} of duty puts {rise} on the shelf price{held}"
    if kind == "recovery":
        return f"The rise brings back {units.percent(answer.rate, 0)} of the exposure"
    first: str = re.split(r"(?<=[a-z%\d])\. (?=[A-Z])", answer.summary())[0]
    return first.rstrip(".")


def _reasons(case: Case) -> Iterator[str]:
    file: Any = case.file
    for part in (file.tariff, file.demand, *file.products, *(getattr(file, t) for t in _ASKED)):
        if part is not None and part.reason:
            yield part.reason


def _cites(case: Case) -> tuple[str, ...]:
    return tuple(source.source_id for source in case.sources)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "case"
