"""What a price rise says about pass-through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tariffimpact import charts, units
from tariffimpact.facts import PriceChange, ValueMeasure
from tariffimpact.interval import Interval
from tariffimpact.passthrough import pass_through_bounds
from tariffimpact.report.content import Block, Bullets, Figure, Paragraph, Section, Table
from tariffimpact.report.lead import LeadEvent
from tariffimpact.report.origins import OriginScenario
from tariffimpact.report.results import Results
from tariffimpact.report.sections.claims import refuted_claims
from tariffimpact.report.standings import standing
from tariffimpact.report.wording import MOST_DRAWN, first_items, leading

if TYPE_CHECKING:
    import pandas as pd


def pass_through_section(results: Results) -> Section | None:
    """Return the curves, the bounds by origin and the claims the facts refute."""
    lead = results.lead
    if lead is None or not lead.scenarios:
        return None
    title = "How much of the duty was passed on"
    if not lead.has_rate:
        return Section("pass-through", title, (Paragraph(apart_words(lead)), _bounds_table(lead)))
    blocks: tuple[Block, ...] = (
        Paragraph(
            "A duty is a fraction of the customs value, the value declared at the border. What "
            f"{lead.goods} {'is' if len(lead.changes) == 1 else 'are'} declared at is not public."
            f"{_declared(results, lead)} One price {lead.move} is therefore a line of "
            "pass-through rates, one for each customs share, and only a range of shares picks a "
            "stretch of it. The rate "
            "here is dollars of price per dollar of duty: 1 is full pass-through. Everything in "
            f"this section takes the whole {lead.move} as caused by the tariff, an unchanged "
            f"customs value and {_before(lead)}; each would move the rate.",
            standing="accounting",
        ),
        _ranges(lead),
        *_wide_paragraph(lead),
        *_identified_paragraphs(lead),
        *(_claims(results, lead) if lead.move == "rise" else ()),
    )
    return Section("pass-through", title, blocks)


def covered_words(row: PriceChange, scenarios: Sequence[OriginScenario]) -> str:
    """Return up to which declared value a rise covers the duty, in each of some scenarios.

    The value is the rise over the change of the rate: $50 at 20% covers the duty on $250.
    """
    told = [
        f"{units.money(covered_value(row, scenario), row.currency, 0)}"
        f"{'' if place else ' or less'} ({scenario.countries}, {scenario.words})"
        for place, scenario in enumerate(scenarios)
    ]
    return ", ".join(told)


def covered_value(row: PriceChange, scenario: OriginScenario) -> float:
    """Return the largest declared value, in the row's money, whose added duty the rise covers."""
    return abs(row.change) / scenario.tariff_change.magnitude.high


def share_evidence(results: Results, lead: LeadEvent) -> str:
    """Return the declared values of other goods of the kind, each with its share; blank if none."""
    found: dict[str, str] = {}
    for row in results.facts.customs_values:
        other = row.product not in {change.product for change in lead.changes}
        declared = row.measure is ValueMeasure.DECLARED_VALUE and row.share is not None
        if other and declared and row.hts == lead.changes[0].hts:
            found.setdefault(
                row.product,
                f"{row.company}'s {row.product} at {units.money(row.amount, row.currency, 0)} "
                f"({units.percent(row.share or 0.0, 0)} of its price)",
            )
    return units.listed(list(found.values())) if found else ""


def _declared(results: Results, lead: LeadEvent) -> str:
    values = share_evidence(results, lead)
    return f" Of goods of the kind {values} are on record." if values else ""


def apart_words(lead: LeadEvent) -> str:
    """Return why no rate of pass-through exists, in a sentence."""
    scenario = lead.scenarios[0]
    tariff = "rose" if scenario.tariff_change.low >= 0 else "fell"
    prices = {"rise": "the price rose", "cut": "the price fell"}.get(
        lead.move, "prices moved both ways"
    )
    return (
        f"The tariff on goods from {scenario.label} {tariff} ({scenario.words}), and {prices}: "
        "where price and tariff move apart no pass-through rate exists."
    )


def _before(lead: LeadEvent) -> str:
    """Return what the goods sold at the old price are taken to have paid."""
    if all(scenario.is_from_zero for scenario in lead.scenarios):
        return "no duty before"
    return f"the duty before as on {units.day(lead.old_day)}"


def _claims(results: Results, lead: LeadEvent) -> tuple[Block, ...]:
    return (
        Paragraph("Claims about the rise that the facts refute, or cut down:"),
        Bullets(tuple(refuted_claims(results, lead))),
    )


def full_share_words(lead: LeadEvent) -> str:
    """Return the full-pass-through shares under the reference scenario, product by product."""
    found = [
        (units.percent(entry.bounds.full_share, 0), entry.price.product)
        for entry in lead.of(lead.scenarios[0])
        if entry.bounds.full_share is not None
    ]
    if len(lead.changes) == 1:
        return found[0][0]
    return units.listed([f"{share} ({product})" for share, product in found])


_TONES = {"less than full": "blue", "more than full": "orange"}


def _ranges(lead: LeadEvent) -> Figure:
    """Return what was passed on by product and origin, as ranges against one dollar."""
    import pandas as pd

    frame = pd.DataFrame(
        {
            "product": entry.price.product,
            "old_price": entry.price.old_price,
            "new_price": entry.price.new_price,
            "origin": entry.scenario.label if entry.scenario.is_open else entry.scenario.countries,
            "entered": entry.scenario.entered,
            "tariff": entry.scenario.words,
            "low": entry.bounds.rate.low,
            "high": entry.bounds.rate.high,
            "verdict": entry.bounds.verdict,
        }
        for entry in lead.bounds
        if entry.bounds.rate is not None
    )
    kept, rest = first_items(frame, "product", "passed-on")
    currency = lead.changes[0].currency
    drawn = kept.assign(
        group=[
            f"{name}, {units.money(old, currency)} to {units.money(new, currency)}"
            for name, old, new in zip(
                kept["product"], kept["old_price"], kept["new_price"], strict=True
            )
        ],
        label=[
            f"{leading(origin)}{_short_days(entered)}, {rate}"
            for origin, entered, rate in zip(
                kept["origin"], kept["entered"], kept["tariff"], strict=True
            )
        ],
        tone=[_TONES.get(verdict, "grey") for verdict in kept["verdict"]],
    )
    title = passed_on_title(frame, _moved(lead))
    share = "0% to 100%"
    if lead.customs_share is not None:
        share = units.percent(lead.customs_share.value, 0)
    tones = {
        tone: words
        for tone, words in (("blue", "less than the duty"), ("orange", "more than the duty"),
                            ("grey", "cannot tell"))
        if tone in set(drawn["tone"])
    }  # fmt: skip
    return Figure(
        name="passed-on",
        title=title,
        subtitle=f"Dollars of price per dollar of duty, if the customs value is {share} of the old "
        f"price and the tariff caused the whole {lead.move}{rest}",
        source=f"{lead.company}’s prices as reported; duty of {units.day(lead.effective_on)}, and "
        "of the months before where stock may be older.",
        alt=f"{title}. "
        + " ".join(
            f"{entry.price.product}, {entry.scenario.label}: "
            f"{units.money(entry.bounds.rate, currency, 2)}, {entry.bounds.verdict}."
            for entry in lead.bounds[: 4 * MOST_DRAWN]
            if entry.bounds.rate is not None
        ),
        frame=frame,
        draw=lambda: charts.range_bars(
            drawn, form="money", currency=currency, mark=1.0, mark_label="$1: full pass-through",
            tones=tones, digits=2,
        ),
        cites=rate_sources(lead),
    )  # fmt: skip


def _short_days(entered: str) -> str:
    """Return days of import as a row's name has room for them.

    Examples
    --------
    >>> _short_days("from 7 August 2025"), _short_days("before 7 August 2025"), _short_days("")
    (' since 7 Aug', ' before 7 Aug', '')
    """
    if not entered:
        return ""
    word, day, month = entered.split()[:3]
    return f" {word.replace('from', 'since')} {day} {month[:3]}"


def _moved(lead: LeadEvent) -> str:
    """Return the move of the lead's prices in a few words: `$50`, or `The rise`."""
    amounts = {abs(row.change) for row in lead.changes}
    if len(amounts) == 1:
        return units.money(amounts.pop(), lead.changes[0].currency)
    return f"The {lead.move}"


def passed_on_title(frame: pd.DataFrame, move: str) -> str:
    """Return what the ranges settle, product by product and origin by origin.

    A product is settled if its range lies on one side of a dollar for every origin; an origin and
    its days of import if it does for every product.
    """
    ends = {"less than full": "less", "more than full": "more"}
    verdicts = frame.assign(side=[ends.get(v, "open") for v in frame["verdict"]])
    for side in ("less", "more"):
        marked = verdicts.assign(hit=verdicts["side"] == side)
        if marked["hit"].all():
            return f"{move} was {side} than the duty on every model, wherever it was made"
        products = [str(name[0]) for name in _all(marked, ["product"])]
        origins = _all(marked, ["entered", "origin"])
        if products:
            first = f"{move} was {side} than the duty on the {units.listed(products)} wherever made"
            others = f"; on the other models only for those {_from(origins)} is it sure"
            return first + (others if origins else "; for the other models it cannot be told")
        if origins:
            return f"{move} was {side} than the duty on every model {_from(origins)}"
    if (verdicts["side"] == "open").all():
        return f"Nobody outside can tell whether {move} was more or less than the duty"
    return f"Whether {move} was more or less than the duty depends on model and origin"


def _from(places: list[tuple[str, ...]]) -> str:
    """Return days of import and origins in words, the origins of the same days together."""
    by_days: dict[str, list[str]] = {}
    for entered, origin in places:
        by_days.setdefault(entered, []).append(origin)
    told = [
        f"from {_named(names)}" + (f" {entered.replace('from ', 'since ')}" if entered else "")
        for entered, names in by_days.items()
    ]
    return f"{', '.join(told[:-1])}, and {told[-1]}" if len(told) > 1 else "".join(told)


def _named(names: list[str]) -> str:
    """Return origins in a list, the last of which may be a list itself.

    Examples
    --------
    >>> _named(["Vietnam", "Thailand and Cambodia"]), _named(["China", "Japan"])
    ('Vietnam, Thailand and Cambodia', 'China and Japan')
    """
    return ", ".join(names) if " and " in names[-1] else units.listed(names)


def _all(marked: pd.DataFrame, by: list[str]) -> list[tuple[str, ...]]:
    """Return the items of which every row is a hit, in the order of the rows."""
    hits = marked.groupby(by, sort=False)["hit"].all()
    return [
        tuple(map(str, name)) if isinstance(name, tuple) else (str(name),)
        for name in hits[hits].index
    ]


def _bounds_table(lead: LeadEvent) -> Table:
    rows = []
    for entry in lead.bounds:
        bounds = entry.bounds
        duty = bounds.tariff_change * bounds.customs_share * entry.price.old_price
        rows.append(
            (
                entry.price.product,
                leading(entry.scenario.label),
                entry.scenario.words,
                units.money(duty, entry.price.currency, 0),
                "none" if bounds.full_share is None else units.percent(bounds.full_share, 0),
                "none" if bounds.rate is None else units.ratio(bounds.rate),
                bounds.verdict,
            )
        )
    share = "0% to 100%"
    if lead.customs_share is not None:
        share = units.percent(lead.customs_share.value, 0)
    return Table(
        caption=f"Pass-through by origin, customs share {share}",
        columns=(
            "Product",
            "Origin",
            "Tariff change",
            "Added duty a unit",
            "Full pass-through at",
            "Pass-through rate",
            "Verdict",
        ),
        rows=tuple(rows),
        cites=tuple(rate_sources(lead) if i == 0 else () for i in range(len(rows))),
        numeric=(2, 3, 4, 5),
        note="Full pass-through at: the customs share at which the price moves by the added "
        "duty; above 100% no customs share explains the move by duty alone.",
    )


def _wide_paragraph(lead: LeadEvent) -> list[Paragraph]:
    """Say what each scenario leaves where nothing is taken from other makers' goods."""
    if lead.wide_share is None:
        return []
    row, told = lead.changes[0], []
    for scenario in lead.singles:
        bounds = pass_through_bounds(
            old_price=row.old_price,
            new_price=row.new_price,
            currency=row.currency,
            tariff_change=scenario.tariff_change,
            customs_share=lead.wide_share.value,
        )
        if bounds.rate is not None:
            told.append(
                f"{units.ratio(bounds.rate)} for {scenario.label} ({scenario.words}): "
                f"{bounds.verdict}"
            )
    return [
        Paragraph(
            f"If nothing is taken from other makers, the customs share is "
            f"{units.percent(lead.wide_share.value, 0)} ({lead.wide_share.reason[:1].lower()}"
            f"{lead.wide_share.reason[1:]}) The {row.product}'s rate is then "
            f"{'; '.join(told)}.",
            tuple(filter(None, (lead.wide_share.source_id,))),
            standing(lead.wide_share),
        )
    ]


def _identified_paragraphs(lead: LeadEvent) -> list[Paragraph]:
    """Say what holds without the assumption on the customs share."""
    reference = lead.scenarios[0]
    widest = max(lead.scenarios, key=lambda scenario: scenario.tariff_change.magnitude.high)
    lows, at_reference = (
        [abs(row.relative_change) / s.tariff_change.magnitude.high for row in lead.changes]
        for s in (widest, reference)
    )
    of_all = (
        ""
        if len(lead.scenarios) == 1
        else f", {_spelled(lows)} at the largest change of any scenario, {widest.words}"
    )
    found = [
        Paragraph(
            "Without any assumption on the customs share, only a lower bound stands, since the "
            f"customs value cannot exceed the price: {_spelled(at_reference)} at "
            f"{reference.countries}'s {reference.words}{of_all}. From above the rate is not "
            "identified.",
            standing="accounting",
        )
    ]
    if len({row.change for row in lead.changes}) == 1 and len(lead.changes) > 1:
        found.append(
            Paragraph(
                f"One {lead.move} of "
                f"{units.money(abs(lead.changes[0].change), lead.changes[0].currency)} on "
                f"{len(lead.changes)} prices is {len(lead.changes)} pass-through rates: with one "
                "customs share for all, they cannot all be complete. With an equal duty in money "
                "on each, they can.",
                standing="accounting",
            )
        )
    return found


def rate_sources(lead: LeadEvent) -> tuple[str, ...]:
    """Return the sources of the duties counted in the reference rate."""
    if lead.reference_rate is None:
        return ()
    return tuple(part.source.source_id for part in lead.reference_rate.counted)


def _spelled(values: list[float]) -> str:
    return units.ratio(Interval(min(values), max(values)))
