"""A page to send: the answer in a sentence, one chart, five numbers, what would narrow them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from tariffimpact import charts, units, writing
from tariffimpact.cases import Case, Question
from tariffimpact.cases.company_rows import company_case
from tariffimpact.cases.input_words import input_name, input_told
from tariffimpact.companies import profile
from tariffimpact.decisions.bridge import Bridge, input_words
from tariffimpact.errors import ModelError, require
from tariffimpact.estimation import Estimation, worded
from tariffimpact.estimation.pictures import pictures
from tariffimpact.facts import Facts, PriceChange
from tariffimpact.interval import Interval
from tariffimpact.portfolio import BatchResult
from tariffimpact.release import made_with
from tariffimpact.report import wording
from tariffimpact.report.content import Brief, Document, Figure, Paragraph, Standing
from tariffimpact.report.html import ICON, TEMPLATES, environment, inline_svg, policy
from tariffimpact.report.pdf import compiled
from tariffimpact.report.sections.estimates import picture_figure, sentence
from tariffimpact.report.sections.profile import change_words, move_words, response_words
from tariffimpact.report.slides import slides_of
from tariffimpact.report.webfont import font_faces
from tariffimpact.report.wording import leading
from tariffimpact.uncertainty.phrasing import quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS: Final = ("html", "pdf", "pptx")
STEM: Final = "tariff-brief"
"""Name of the page's files, before the ending."""
_NUMBERS: Final = 5
_SOURCES: Final = 6
_FIRST: Final = (
    "gross", "net", "net_bp", "gross_bp", "headwind", "mitigated", "per_share", "income_after",
    "rise_dollar", "rise_income", "rise_percent", "rise_best",
)  # fmt: skip
"""Figures of a bridge by how much they tell."""


def brief_of_company(facts: Facts, company: str, *, title: str | None = None) -> Brief:
    """Return the page about a company: what the tariff costs it, and what prices had to do.

    Raises
    ------
    ModelError
        If the company is unknown, or nothing of it is on record.
    """
    name = facts.company_named(company)
    if not any(row.company == name for row in facts.exposures):
        return _brief_without_cost(facts, name, title)
    case = company_case(facts, name)
    found, own = case.earnings(), profile(facts, name)
    first = _first_sentence(found.summary())
    answer = first.replace("tariff costs", f"tariff costs {name}", 1)
    rows = [entry.exposure for entry in own.exposures]
    figure = _figure(
        name="brief",
        title=f"What {name} disclosed, in order"
        if len(own.revisions) > 1
        else "Cost of the tariff",
        subtitle="Cost of the tariffs as disclosed, money in the period it is of",
        source="Company disclosures; see Sources.",
        answer=own if own.revisions else found,
    )
    return Brief(
        title=title or f"{name} under the US tariffs",
        answer=Paragraph(answer, tuple(row.source_id for row in rows), "accounting"),
        figure=figure,
        numbers=tuple(_bridge_numbers(found)),
        narrowing=tuple(_bridge_narrowing(found, name)),
        sources=case.sources,
        data_date=facts.dated_on,
        made_with=made_with(facts.version, units.day),
    )


def _brief_without_cost(facts: Facts, name: str, title: str | None) -> Brief:
    """Return the page about a company that has disclosed no cost: what it said and did."""
    own = profile(facts, name)
    rows = (*own.price_moves, *own.statements)
    require(rows, f"neither a cost nor a price nor a statement of {name} is on record")
    moves = sorted(own.price_moves, key=lambda row: row.effective_on)[-_NUMBERS:]
    numbers = [
        (f"{row.product}, {units.day(row.effective_on)}", change_words(row)) for row in moves
    ]
    said = f"{name} has disclosed no cost of the tariffs that is on record. {response_words(own)}"
    sources = tuple(dict.fromkeys(row.source_id for row in rows))
    return Brief(
        title=title or f"{name} under the US tariffs",
        answer=Paragraph(said, sources, "evidence"),
        figure=_moves_figure(name, moves) if moves else None,
        numbers=tuple(numbers),
        narrowing=(f"What the tariff costs {name}, before and after its own measures",),
        sources=tuple(facts.source(source_id) for source_id in sources),
        data_date=facts.dated_on,
        made_with=made_with(facts.version, units.day),
    )


def _moves_figure(name: str, moves: Sequence[PriceChange]) -> Figure:
    """Return the prices of a company before and after each move."""
    import pandas as pd

    currency = moves[-1].currency
    frame = pd.DataFrame(
        {
            "label": f"{row.product}, {units.day(row.effective_on)}",
            "low": min(row.old_price, row.new_price),
            "high": max(row.old_price, row.new_price),
        }
        for row in moves
        if row.currency == currency
    )
    title = f"{name}: {'; '.join(map(move_words, moves[-1:]))}"
    return Figure(
        name="brief", title=title, subtitle=f"US shelf price before and after, {currency}",
        source="Prices as announced; see Sources.", alt=title, frame=frame,
        draw=lambda: charts.range_bars(frame, form="money", currency=currency),
    )  # fmt: skip


def brief_of_case(case: Case, facts: Facts, *, title: str | None = None) -> Brief:
    """Return the page about a case: what its first answer says, over its ranges.

    Raises
    ------
    ModelError
        If the case has nothing to answer.
    """
    questions = case.first_questions()
    require(questions, f"{case.name} has nothing to answer; give it a product, or [earnings]")
    text, figure = _case_answer(case)
    judged: Standing = "assumption" if any(q.is_uncertain for q in questions) else "model"
    return Brief(
        title=title or case.title,
        answer=Paragraph(text, standing=judged),
        figure=figure,
        numbers=tuple(_question_numbers(questions)),
        narrowing=tuple(_question_narrowing(questions, case.currency)),
        sources=case.sources,
        data_date=facts.dated_on,
        made_with=made_with(facts.version, units.day),
    )


def brief_of_batch(
    result: BatchResult, facts: Facts, *, name: str, title: str | None = None
) -> Brief:
    """Return the page about a file of products: what they pay, and what is left open."""
    rows = result.totals[result.totals["by"].isin(["all", "authority"])]
    numbers = []
    for row in rows.head(_NUMBERS).to_dict("records"):
        duty = Interval(float(row["duty_low_usd"]), float(row["duty_high_usd"]))
        label = "Duty a year" if row["by"] == "all" else f"of it {row['group']}"
        numbers.append((label, units.big_money(duty, "USD")))
    narrowing = ["The metal share, claims and end uses that the file leaves open, row by row"]
    if result.rejected:
        narrowing.append(f"The {result.rejected:,} rows that could not be read")
    figure = _figure(
        name="brief", title="What the products pay, by origin",
        subtitle="Duty as a share of customs value", source=result.credit,
        answer=replace(result, credit=""),
    )  # fmt: skip
    return Brief(
        title=title or f"The products of {name} under the US tariffs",
        answer=Paragraph(_first_sentence(result.summary()), standing="accounting"),
        figure=figure,
        numbers=tuple(numbers),
        narrowing=tuple(narrowing),
        sources=(),
        data_date=facts.dated_on,
        made_with=made_with(facts.version, units.day),
        unsourced=f"The products of the file; duties as in {result.credit}.",
    )


def brief_of_estimate(found: Estimation, facts: Facts, *, title: str | None = None) -> Brief:
    """Return the page about an estimate: what each group did, the estimates, what they may not be.

    The first chart is that of the groups' own paths.
    """
    drawn = pictures(found)
    numbers = [(f"{group.name}, own change", group.worded(group.change)) for group in found.groups]
    numbers += [
        (f"{one.term}, {one.definition.replace('_', ' ')}", worded(one, 2))
        for one in found.estimates
    ]
    return Brief(
        title=title or f"What the prices of {found.subject} say",
        answer=Paragraph(found.first_line, standing="accounting"),
        figure=picture_figure(drawn[0], "brief") if drawn else None,
        numbers=tuple(numbers[:_NUMBERS]),
        narrowing=tuple(sentence(words) for words in found.verdicts),
        sources=(),
        data_date=facts.dated_on,
        made_with=made_with(facts.version, units.day),
        unsourced=f"The prices of {found.short_name}: {found.n:,} of {found.units:,} units.",
    )


def write_brief(
    brief: Brief, out: Path, formats: Iterable[str], document: Document | None = None
) -> tuple[Path, ...]:
    """Write the page in each format asked for, all or nothing; same input, same bytes.

    Parameters
    ----------
    brief
        What it says.
    out
        The folder.
    formats
        Any of `html`, `pdf` and `pptx`; slides show the findings and charts of `document`, or of
        the page alone.

    Raises
    ------
    ModelError
        If a format is unknown, or slides are asked for and python-pptx is not installed.
    """
    wanted = tuple(formats)
    unknown = ", ".join(kind for kind in wanted if kind not in FORMATS)
    require(not unknown, f"a brief has no format {unknown}; use {', '.join(FORMATS)}")
    chart = _svg(brief.figure)
    files: dict[str, bytes] = {}
    for kind in wanted:
        if kind == "html":
            files[f"{STEM}.html"] = _html(brief, chart).encode("utf-8")
        elif kind == "pdf":
            files[f"{STEM}.pdf"] = compiled(
                "brief.typ", _content(brief, chart), day=brief.data_date
            )
        else:
            files[f"{STEM}.pptx"] = slides_of(brief, document)
    return writing.publish(out, files)


def _case_answer(case: Case) -> tuple[str, Figure | None]:
    """Return the sentence that answers a case first, and its chart."""
    source = f"Case {case.name}, its reasons and sources as listed."
    if case.file.earnings is not None and not case.products:
        found = case.earnings()
        return _first_sentence(found.summary()), _figure(
            name="brief", title="Cost of the tariff", subtitle="Money in the window",
            source=source, answer=found,
        )  # fmt: skip
    if not case.products:
        told = case.recovery() if case.file.recovery is not None else case.sourcing_ranges()
        return told.summary(), _figure(
            name="brief", title="The answer over its ranges", subtitle=case.file.question,
            source=source, answer=told,
        )  # fmt: skip
    item = case.product()
    prices = case.prices(item.name)
    text = _first_sentence(prices.summary())
    if item.has_rate:
        text = f"{item.name}: {item.pass_through(case.currency).summary()}"
    figure = _figure(
        name="brief", title=f"The price of {item.name} under each rule",
        subtitle=f"Shelf price, {case.currency}, over the ranges", source=source, answer=prices,
    )  # fmt: skip
    return text, figure


def _first_sentence(text: str) -> str:
    return f"{text.split('. ')[0].rstrip('.')}."


def _figure(*, name: str, title: str, subtitle: str, source: str, answer: Any) -> Figure:
    def draw() -> Axes:
        axes: Axes = answer.plot()
        return axes

    return Figure(
        name=name, title=title, subtitle=subtitle, source=source,
        alt=f"{title}. {answer.summary()}", frame=answer.to_frame(), draw=draw,
    )  # fmt: skip


def _bridge_numbers(found: Bridge) -> Iterator[tuple[str, str]]:
    known = {figure.key: figure for figure in found.figures()}
    keys = [key for key in _FIRST if key in known]
    for key in keys[:_NUMBERS]:
        yield known[key].label, str(known[key])


def _bridge_narrowing(found: Bridge, name: str) -> Iterator[str]:
    if found.driver is not None:
        yield f"{leading(input_words(found.driver))}: now {found.said(found.driver)}"
    if found.gross is None:
        yield f"What the tariff costs {name} before its own measures"
    elif found.mitigated is None:
        yield f"What {name}'s own measures take back of it"
    else:
        yield "What part of the offsets comes from prices"
    yield "The customs value of its imports by origin"


def _question_numbers(questions: list[Question]) -> Iterator[tuple[str, str]]:
    for question in questions[:_NUMBERS]:
        found = question.bounds()
        label = leading(question.name)
        if not found.has_answer:
            yield label, "no price does"
            continue
        if found.undefined:
            missing = units.percent(found.undefined / found.tried, 0)
            label += f" (none at {missing} of the points tried)"
        plain = units.ratio(found.interval) if not question.unit else ""
        yield label, plain or quantity(found.interval, question.unit)


def _question_narrowing(questions: list[Question], currency: str) -> Iterator[str]:
    """Yield the input that moves each of the first answers most, each once."""
    told: dict[str, None] = {}
    for question in questions[:_NUMBERS]:
        if not question.is_uncertain:
            continue
        frame = question.tornado().to_frame()
        if len(frame):
            name, stated = str(frame.iloc[0]["input"]), question.inputs.stated
            words = input_told(name, stated[name], currency, stated)
            told[f"{leading(input_name(name))}: now {words}"] = None
    yield from list(told)[:3] or ["Nothing: every input is one number"]


def _svg(figure: Figure | None) -> str:
    if figure is None:
        return ""
    from tariffimpact.charts import drawn_for, svg
    from tariffimpact.charts.style import figure_of

    with drawn_for(shown=False):
        axes = figure.draw()
    return svg(figure_of(axes), name=figure.name, alt=figure.alt)


def _html(brief: Brief, chart: str) -> str:
    from markupsafe import Markup

    sheets = [
        (TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "brief.css")
    ]
    style = "\n".join((font_faces(), *sheets))
    page = environment({}, {}).get_template("brief.html.j2")
    return page.render(
        brief=brief,
        chart=inline_svg(chart, brief.figure.alt) if brief.figure else "",
        standing=wording.STANDINGS[brief.answer.standing] if brief.answer.standing else "",
        style=Markup(style),  # noqa: S704  (ours, not the data's)
        policy=policy(style, ""),
        icon=f"data:image/svg+xml,{quote(ICON)}",
        foot=_foot(brief),
        unsourced=brief.unsourced,
    )


def _content(brief: Brief, chart: str) -> dict[str, Any]:
    """Return what the printed page needs, in characters the font has."""
    from tariffimpact.charts import legible

    figure, standing = brief.figure, brief.answer.standing
    shown = brief.sources[:_SOURCES]
    sources = [
        {
            "words": legible(f"{s.publisher}, {s.title}, {units.day(s.published_on)}"),
            "url": "" if s.url is None else str(s.url),
            "site": "" if s.url is None else str(s.url.host),
        }
        for s in shown
    ]
    return {
        "title": legible(brief.title),
        "answer": legible(brief.answer.text),
        "standing": f"{standing}: {wording.STANDINGS[standing]}" if standing else "",
        "author": "tariffimpact",
        "language": "en",
        "figure": None
        if figure is None
        else {
            "title": legible(figure.title),
            "subtitle": legible(figure.subtitle),
            "source": legible(wording.credit(figure.source)),
            "alt": figure.alt,
            "svg": chart,
        },
        "numbers": [[legible(label), legible(value)] for label, value in brief.numbers],
        "narrowing": [legible(item) for item in brief.narrowing],
        "sources": sources,
        "unsourced": legible(brief.unsourced),
        "foot": legible(_foot(brief, len(brief.sources) - len(shown))),
    }


def _foot(brief: Brief, left: int = 0) -> str:
    more = f"{left} more sources in the data. " if left > 0 else ""
    return f"{more}As of {units.day(brief.data_date)}. {brief.made_with}"


def check_formats(formats: Iterable[str]) -> None:
    """Refuse slides before anything is computed where they cannot be made.

    Raises
    ------
    ModelError
        If python-pptx is not installed.
    """
    if "pptx" in formats:
        try:
            import pptx  # noqa: F401
        except ImportError:
            raise ModelError(
                "slides need python-pptx; install it with: pip install 'tariffimpact[slides]'"
            ) from None
