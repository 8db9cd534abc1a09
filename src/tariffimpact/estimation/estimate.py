"""From a panel of prices to pass-through: the groups first, then the estimate, then verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from tariffimpact.errors import DataError, Fault, ModelError, require
from tariffimpact.estimation.answer import ENDS, Estimation, Placebos
from tariffimpact.estimation.definitions import Coefficient, converted
from tariffimpact.estimation.differences import (
    Design,
    Outcome,
    TwoWay,
    lagged,
    several_effects,
    two_way,
)
from tariffimpact.estimation.events import (
    EventStudy,
    at_base,
    event_study,
    jackknifed_error,
)
from tariffimpact.estimation.groups import Description, describe
from tariffimpact.estimation.panel import Panel, open_panel
from tariffimpact.estimation.reading import Columns
from tariffimpact.estimation.robustness import (
    FEW_CLUSTERS,
    leave_one_out,
    placebo_dates,
    placebo_groups,
)
from tariffimpact.estimation.synthetic import SyntheticControl, synthetic_control
from tariffimpact.estimation.treatment import (
    Control,
    RateHistory,
    Treatment,
    treatment_of,
    unit_facts,
    with_schedule,
)
from tariffimpact.estimation.verdicts import Evidence, verdicts
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    import pandas as pd

LOOKED_AT: Final = 2_000_000
"""Rows up to which a panel is looked at from every side."""
TWO_WAY: Final = ("unit", "time")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a panel."""

    since: str | None = None
    """First treated day, month, year or number."""
    control: Control = "untreated"
    outcome: Outcome | None = None
    """By default the log price; the price itself for a duty and for a synthetic control."""
    effects: tuple[str, ...] = TWO_WAY
    lags: int | None = None
    event: bool = False
    vat: float = 0.0
    """Sales tax that the prices carry on the duty, a fraction."""
    customs_share: Interval | None = None
    tariff_change: Interval | None = None


def estimate(
    panel: Path | pd.DataFrame,
    columns: Columns,
    question: Question | None = None,
    *,
    schedule: RateHistory | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Estimation:
    """Return what a panel of prices says about a tariff.

    First what each group did on its own, then the estimate, then what it may not be taken for.
    With unit `i` and period `t`,

    .. math:: ln p_(i t) = α_i + γ_t + β D_(i t) + ε_(i t)

    where D is 1 for a treated unit from its day on, or ln(1 + tariff); a duty per unit goes with
    the price itself.

    Parameters
    ----------
    panel
        A frame, or a file: CSV, .csv.gz, .parquet, .xlsx, .dta. One row a unit and period.
    columns
        Which column holds what. One of `treated`, `tariff`, `duty`, or `hts` with `origin`.
    question
        What is asked.
    schedule
        Gives the rates where the panel has codes and origins; both ends of a rate that it leaves
        open.
    encoding, sheet
        Encoding of a CSV that is neither UTF-8 nor UTF-16 with its mark; sheet of a workbook.

    Returns
    -------
    Estimation
        Groups, estimates, verdicts.

    Raises
    ------
    DataError
        With all that is wrong with the panel.
    ModelError
        If the question does not fit it, or an extra is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"sku": list("aabbccdd"), "date": [2024, 2025] * 4,
    ...                       "price": [10.0, 11, 20, 22, 5, 5, 8, 8.0],
    ...                       "imported": [1, 1, 1, 1, 0, 0, 0, 0]})
    >>> found = estimate(frame, Columns(treated="imported"), Question(since="2025"))
    >>> found.groups[0].change, round(found.main.estimate, 4)
    (0.1, 0.0953)
    """
    asked = Question() if question is None else question
    _check(columns, asked, schedule)
    signed = asked.outcome == "level" and not (columns.tariff or columns.hts)
    columns = replace(columns, effects=_extra_effects(asked.effects))
    with open_panel(panel, columns, signed=signed, encoding=encoding, sheet=sheet) as opened:
        held = with_schedule(opened, schedule) if schedule is not None and columns.hts else opened
        if held.scenario_high is None:
            return _answer(held, asked)
        return _between(held, asked)


def _between(panel: Panel, asked: Question) -> Estimation:
    """Return the answer where the schedule leaves rates open: at both their ends, and over both.

    What is drawn, and the groups, are those at the high ends.
    """
    more = f"; and {len(panel.left_open) - 1:,} more" if len(panel.left_open) > 1 else ""
    left_open = f"the schedule leaves rates open ({panel.left_open[0]}{more})"
    ends = (panel, replace(panel, scenario=panel.scenario_high))
    try:
        low, high = (_answer(one, asked) for one in ends)
    except (DataError, ModelError) as error:
        raise ModelError(
            f"{left_open}, and at one end of them nothing can be told: {error}; settle them with "
            "--claim"
        ) from None
    spanned = [
        _spanned(one, other) for one, other in zip(low.estimates, high.estimates, strict=True)
    ]
    told = [
        replace(one, term=f"{one.term}, rates at their {end} ends")
        for end, found in (("low", low), ("high", high))
        for one in found.estimates
    ]
    verdict = (
        f"{left_open}: the range spans the estimates at both ends, rates in between may give "
        "others, and lags and charts are those at the high ends; settle them with --claim"
    )
    judged = dict.fromkeys((verdict, *low.verdicts, *high.verdicts))
    return replace(high, estimates=(*spanned, *told), verdicts=tuple(judged))


def _spanned(low: Coefficient, high: Coefficient) -> Coefficient:
    """Return the range over the estimates at both ends of the rates; it has no middle."""
    return replace(
        high,
        term=f"{high.term}, rates between their ends",
        estimate=nan,
        std_error=nan,
        std_error_hc1=nan,
        low=min(low.low, high.low),
        high=max(low.high, high.high),
        interval_by=ENDS,
    )


def _check(columns: Columns, asked: Question, schedule: RateHistory | None) -> None:
    """Refuse a question that says two things, or nothing."""
    ways = [columns.treated, columns.tariff, columns.duty, columns.hts or columns.origin]
    if sum(way is not None for way in ways) != 1:
        raise ModelError(
            "say how the duty is in the panel, in one way: --treated COL[=VALUE] with --from, "
            "--tariff COL, --duty COL, or --hts COL with --origin COL"
        )
    require(
        (columns.hts is None) == (columns.origin is None),
        "--hts and --origin go together: a rate needs the product and where it is from",
    )
    if columns.hts:
        require(schedule is not None, "--hts and --origin need a schedule of rates")
    rate = columns.tariff or columns.hts
    require(
        not (rate and asked.outcome not in (None, "log")),
        "a tariff goes with the log price (it gives an elasticity); for money per money of duty "
        "give --duty",
    )
    require(
        not (columns.duty and asked.outcome not in (None, "level")),
        "a duty in money goes with the price itself (it gives money per money)",
    )
    require(
        columns.treated is not None or asked.control == "untreated",
        f"--control {asked.control} needs --treated: a rate or a duty has no treated group",
    )
    require(
        columns.treated is not None or asked.since is None,
        "--from goes with --treated; a rate or a duty says by itself when it changes",
    )
    require(0 <= asked.vat < 1, f"vat is a fraction, 16% or 0.16 (got {asked.vat:g})")
    if asked.lags is not None:
        require(0 < asked.lags <= 120, f"lags are 1 to 120 periods (got {asked.lags})")
    require(asked.effects, "give at least one effect: --effects unit,time")


def _extra_effects(effects: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that effects name beside the unit and the time."""
    names = [name for effect in effects for name in effect.split("^")]
    return tuple(dict.fromkeys(name for name in names if name not in TWO_WAY))


def _answer(panel: Panel, asked: Question) -> Estimation:
    """Describe, estimate, judge."""
    blocks = panel.kept()
    facts = unit_facts(panel, blocks)
    treatment = treatment_of(panel, facts, asked.since, asked.control)
    signed = asked.outcome == "level" and treatment.kind not in ("tariff", "duty")
    signed = signed and bool((facts.first_price <= 0).any() or (facts.last_price <= 0).any())
    described = describe(panel, blocks, facts, treatment, signed=signed)
    design = Design(
        panel,
        blocks,
        facts,
        treatment,
        _outcome(asked, treatment),
        unit="unit" in asked.effects,
        time="time" in asked.effects,
    )
    bare = Estimation(
        name=panel.source.name,
        groups=described.groups,
        estimates=(),
        n=panel.rows,
        units=len(panel.units),
        clusters=len(np.unique(facts.cluster)),
        verdicts=(),
        labels=panel.times.labels,
        start=treatment.first,
        indices=described.indices,
        notes=_notes(panel, treatment),
    )
    event: EventStudy | None = None
    dropped: tuple[str, ...] = ()
    if asked.control == "synthetic":
        found = _with_synthetic(design, asked, bare)
    else:
        event = _event(design) if _has_event(design, asked) else None
        found, dropped = _with_differences(design, asked, bare, event, described)
    evidence = Evidence(
        answer=found,
        treatment=treatment,
        treated_clusters=len(np.unique(facts.cluster[treatment.treated])),
        coarser=panel.coarser(treatment.signature(facts), found.clusters),
        vat=asked.vat,
        event=event,
        dropped=dropped,
        off_again=int(facts.returns.sum()) if treatment.kind == "switch" else 0,
    )
    return replace(found, verdicts=verdicts(evidence))


def _outcome(asked: Question, treatment: Treatment) -> Outcome:
    if asked.outcome is not None:
        return asked.outcome
    return "level" if treatment.kind == "duty" or asked.control == "synthetic" else "log"


def _with_differences(
    design: Design,
    asked: Question,
    bare: Estimation,
    event: EventStudy | None,
    described: Description,
) -> tuple[Estimation, tuple[str, ...]]:
    """Compare the treated with the untreated; return what was dropped of the controls too."""
    treatment = design.treatment
    main = _main(design, asked)
    estimates = [main.coefficient]
    if event is not None and treatment.is_staggered:
        estimates.insert(0, _averaged(design, event))
    if treatment.kind in ("group", "switch") and design.outcome == "log":
        estimates.append(_main(replace(design, outcome="percent"), asked).coefficient)
    lags, cumulative = lagged(design, asked.lags) if asked.lags else ((), ())
    estimates += cumulative[-1:]
    found = replace(
        bare,
        estimates=(*estimates, *_said_otherwise(estimates[0], asked, design)),
        n=main.n,
        units=main.units,
        clusters=main.clusters,
        event=_event_rows(design, event) if asked.event and event else (),
        lags=lags,
        cumulative=cumulative,
        placebos=_placebos(design, asked, main, described),
    )
    return found, main.dropped


def _main(design: Design, asked: Question) -> TwoWay:
    """Return the two-way coefficient: our own equations, or pyfixest's for other effects."""
    if set(asked.effects) <= set(TWO_WAY):
        return two_way(design)
    return several_effects(design, asked.effects)


def _has_event(design: Design, asked: Question) -> bool:
    """Whether the path around the event is told: if asked, or needed for staggered dates."""
    treatment = design.treatment
    if treatment.alone or treatment.kind in ("tariff", "duty"):
        require(not asked.event, "--event needs --treated, and untreated units to compare with")
        return False
    return asked.event or treatment.is_staggered or design.panel.rows <= LOOKED_AT


def _event(design: Design) -> EventStudy | None:
    try:
        effects = replace(design.effects, unit=True, time=True)
        return event_study(design.blocks, design.treatment.start, effects)
    except ModelError:
        if design.treatment.is_staggered:
            raise
        return None


def _averaged(design: Design, event: EventStudy) -> Coefficient:
    """Return the mean effect over treated rows; with few clusters its error leaves each out."""
    few = event.clusters < FEW_CLUSTERS
    error = event.average_error
    if few:
        effects = replace(design.effects, unit=True, time=True)
        error = jackknifed_error(design.blocks, design.treatment.start, effects, event)
    return design.coefficient(
        f"{design.term}, mean over treated", event.average, error, event.clusters,
        method="untreated as controls", interval_by="jackknife" if few else "t",
    )  # fmt: skip


def _event_rows(design: Design, event: EventStudy) -> tuple[Coefficient, ...]:
    """Return the effects around the event, the base period among them as exactly zero."""
    whole = at_base(event)
    return tuple(
        design.coefficient(
            f"{design.term}, {relative:+d}", effect, error, event.clusters,
            method="event", periods_after=relative,
        )
        for relative, effect, error in zip(
            whole.relative.tolist(), whole.effects, whole.errors, strict=True
        )
    )  # fmt: skip


def _said_otherwise(main: Coefficient, asked: Question, design: Design) -> tuple[Coefficient, ...]:
    """Return the estimate in the other definitions, where the customs share is known."""
    if asked.customs_share is None or main.definition in ("rate", "price_change"):
        return ()
    if main.definition == "retail_elasticity":
        treated, facts = design.treatment.treated, design.facts
        old, new = (float(ends[treated].mean()) for ends in (facts.low, facts.high))
        return converted(main, customs_share=asked.customs_share, old_tariff=old, new_tariff=new)
    if asked.tariff_change is None:
        return ()
    return converted(main, customs_share=asked.customs_share, tariff_change=asked.tariff_change)


def _placebos(design: Design, asked: Question, main: TwoWay, described: Description) -> Placebos:
    """Return placebo dates and groups and the clusters left out, where the panel is small."""
    treatment, facts, panel = design.treatment, design.facts, design.panel
    fitted, both = main.fitted, set(asked.effects) == set(TWO_WAY)
    if panel.rows > LOOKED_AT or fitted is None or not both or treatment.alone:
        return Placebos()
    left = {}
    if main.n <= LOOKED_AT // 10:
        left = leave_one_out(design.blocks, design.terms, design.effects, fitted)
    without = {panel.clusters[cluster]: estimate for cluster, estimate in left.items()}
    if treatment.kind not in ("group", "switch") or treatment.is_staggered:
        return Placebos(left_out=without)
    dates = placebo_dates(design.blocks, treatment.treated, treatment.first, design.effects)
    change = described.after - described.before
    drawn = placebo_groups(change, treatment.treated, facts.cluster)
    return Placebos(
        {panel.times.labels[place]: value for place, value in dates.items()},
        tuple(float(value) for value in drawn),
        without,
    )


def _with_synthetic(design: Design, asked: Question, bare: Estimation) -> Estimation:
    """Weigh the untreated so that they follow the treated before."""
    import pandas as pd

    panel, treatment = design.panel, design.treatment
    if treatment.is_staggered:
        raise ModelError(
            "a synthetic control needs one date; give --from, or the untreated as controls"
        )
    values = np.full((len(panel.times), len(panel.units)), np.nan)
    for rows in design.rows():
        values[rows.time, rows.unit] = design.outcome_of(rows)
    outcome = pd.DataFrame(values, index=list(panel.times.labels), columns=list(panel.units))
    try:
        found = synthetic_control(outcome, treatment.treated, treatment.first)
    except ModelError as error:
        what, _, remedy = str(error).rpartition("; ")
        raise DataError([Fault(panel.source.name, what or str(error), remedy)]) from None
    main = Coefficient(
        f"{design.term}, mean gap", found.effect, found.error, *found.interval, design.definition,
        method="synthetic control", interval_by="placebos",
    )  # fmt: skip
    estimates = [main]
    if design.outcome == "level":
        estimates.append(_relative(main, found))
    comparable = found.placebo_effects[found.comparable]
    return replace(
        bare,
        estimates=(*estimates, *_said_otherwise(estimates[-1], asked, design)),
        synthetic=found,
        placebos=Placebos(groups=(found.effect, *map(float, comparable))),
    )


def _relative(main: Coefficient, found: SyntheticControl) -> Coefficient:
    """Return the mean gap as a fraction of the synthetic price after the event."""
    level = float(found.synthetic[found.start :].mean())
    numbers = {
        name: getattr(main, name) / level for name in ("estimate", "std_error", "low", "high")
    }
    return replace(main, term=f"{main.term} over synthetic", definition="percent_change", **numbers)


def _notes(panel: Panel, treatment: Treatment) -> tuple[str, ...]:
    notes = [f"Read {words}." for words in panel.read_as]
    if panel.blank:
        notes.append(f"{panel.blank:,} rows without a price are left out.")
    if treatment.kind == "group":
        first = panel.times.labels[treatment.first]
        notes.append(f"The first treated period is {first}.")
    return tuple(notes)
