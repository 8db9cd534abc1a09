"""Verdicts in words: what the numbers may not be taken for, and what would mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tariffimpact.estimation.answer import Estimation
from tariffimpact.estimation.events import EventStudy
from tariffimpact.estimation.robustness import FEW_CLUSTERS
from tariffimpact.estimation.treatment import Treatment
from tariffimpact.interval import Interval
from tariffimpact.units import listed, percent, ratio

SHORT: Final = 8
"""Fewer periods before the event show no trend."""
_REJECTED: Final = 0.05
_ENOUGH: Final = 3
"""Fewer treated clusters have no error that can be trusted."""
_FEW: Final = {
    "wild bootstrap": "the interval is from a wild cluster bootstrap",
    "jackknife": "the interval leaves out each cluster in turn, as no bootstrap is at hand",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """An answer without verdicts, and what else they may rest on."""

    answer: Estimation
    treatment: Treatment
    treated_clusters: int
    coarser: tuple[str | None, int]
    """A column within whose values all units are treated alike, coarser than the clusters, and how
    many values it has."""
    vat: float
    event: EventStudy | None
    dropped: Sequence[str]
    off_again: int
    """Units whose treatment is taken back."""


def verdicts(found: Evidence) -> tuple[str, ...]:
    """Return the verdicts, what weighs most first."""
    return tuple(words for rule in _RULES for words in rule(found))


def _controls(found: Evidence) -> Iterator[str]:
    if found.answer.difference_from_controls:
        own, other = found.answer.groups[:2]
        yield (
            f"the difference comes from the controls: {own.name} moved by "
            f"{own.worded(own.change)} and {other.name} by {other.worded(other.change)}; it is a "
            "pass-through only if the treated would have moved like them"
        )


def _interval(found: Evidence) -> Iterator[str]:
    if found.answer.main.low <= 0 <= found.answer.main.high:
        yield "the interval holds zero: no effect, and one of either sign, fit these prices"


def _before(found: Evidence) -> Iterator[str]:
    before = found.answer.groups[0].periods_before
    if found.treatment.kind in ("group", "switch") and before < SHORT:
        yield (
            f"too short before to see a trend: {before} {'period' if before == 1 else 'periods'}; "
            "whether the groups moved alike before cannot be told"
        )


def _trend(found: Evidence) -> Iterator[str]:
    tested = found.event.pre_trend() if found.event else None
    told = found.answer.groups[0].periods_before >= SHORT and found.treated_clusters >= _ENOUGH
    if tested and told:
        p, leads = tested
        if p < _REJECTED:
            yield (
                f"the groups moved apart before ({_chance(p)} that {leads} leads are zero): "
                "the estimate may carry that trend on; try --control synthetic"
            )
        else:
            yield (
                f"no trend apart before is seen ({_chance(p)} that {leads} leads are zero), "
                "which does not show that there is none"
            )


def _chance(p: float) -> str:
    return "p below 0.001" if p < 0.001 else f"p = {ratio(p, 3)}"


def _placebo(found: Evidence) -> Iterator[str]:
    placebos, main = found.answer.placebos, found.answer.main
    if found.answer.synthetic is not None:
        return
    effect = abs(main.estimate)
    large = [date for date, value in placebos.dates.items() if abs(value) >= effect]
    if large and main.definition != "price_change":
        yield (
            f"false dates do as much: {listed(large)} give{'s' if len(large) == 1 else ''} a "
            "coefficient as large"
        )
    if placebos.groups and placebos.p_value > _REJECTED:
        yield (
            f"of the groups of as many clusters {percent(placebos.p_value, 0)} differ as much, "
            "this one among them: the difference is not unusual"
        )
    if placebos.left_out:
        worst, value = next(iter(placebos.left_out.items()))
        signs = {value > 0 for value in placebos.left_out.values()}
        if len(signs) > 1 or abs(value - main.estimate) > 0.5 * effect:
            yield f"it hangs on one cluster: without {worst} the estimate is {value:.4g}"


def _clusters(found: Evidence) -> Iterator[str]:
    answer = found.answer
    if answer.synthetic is not None:
        return
    if answer.clusters < FEW_CLUSTERS:
        unknown = "the errors may be too small by an unknown factor"
        done = _FEW.get(answer.main.interval_by, unknown)
        yield f"fewer than 40 clusters: bootstrap ({answer.clusters}; {done})"
    if found.treated_clusters < _ENOUGH and found.treatment.kind in ("group", "switch"):
        one = "one cluster is" if found.treated_clusters == 1 else "two clusters are"
        yield (
            f"{one} treated: no error by clusters can be trusted; look at the placebos, or at "
            "--control synthetic"
        )


def _brand(found: Evidence) -> Iterator[str]:
    column, values = found.coarser
    if column:
        yield (
            f"treated by {column}, so cluster by {column}: all units of one {column} are treated "
            f"alike ({values} values); add --cluster {column}"
        )


def _staggered(found: Evidence) -> Iterator[str]:
    if found.treatment.is_staggered:
        yield (
            "dates are staggered: the first estimate compares treated units with untreated ones "
            "only; the two-way coefficient also compares treated with treated"
        )
    if found.off_again:
        yield (
            f"treatment is taken back in {found.off_again:,} units, and the effect is counted from "
            "its first day on"
        )


def _alone(found: Evidence) -> Iterator[str]:
    if found.treatment.alone:
        yield "no control: whatever else moved prices since that day is in the estimate"


def _meaning(found: Evidence) -> Iterator[str]:
    full = 1 + found.vat
    if found.vat:
        yield (
            f"prices carry VAT on the duty: full pass-through is {ratio(full)} money of price per "
            "money of duty"
        )
    rates = [one for one in found.answer.estimates if one.definition == "rate"]
    if rates:
        yield _against_full(rates[0].interval, full)
        return
    if found.answer.main.definition == "retail_elasticity":
        yield (
            "this is a retail elasticity: at full pass-through it is the customs share, so a "
            "number below 1 is no evidence of incomplete pass-through; give --customs-share to "
            "say it in dollars per dollar"
        )
    else:
        yield (
            "this is a change of price, not yet a pass-through: give --customs-share and "
            "--tariff-change to say it in dollars per dollar"
        )


def _against_full(rate: Interval, full: float) -> str:
    said = f"{ratio(rate)} of each dollar of duty" if rate.is_bounded else "an unbounded range"
    if rate.high < full:
        return f"less than full pass-through: {said}, and full is {ratio(full)}"
    if rate.low > full:
        return f"more than full pass-through: {said}, and full is {ratio(full)}"
    return f"cannot tell whether pass-through was full: {said}, and full is {ratio(full)}"


def _fit(found: Evidence) -> Iterator[str]:
    one = found.answer.synthetic
    if one is None:
        return
    spread = float(one.treated[: one.start].std())
    if one.fit_error > 0.25 * spread:
        yield (
            "no mix of the untreated follows the treated before: the root mean square gap is "
            f"{ratio(one.fit_error, 3)}, and its own spread before is {ratio(spread, 3)}"
        )
    if len(one.donors) > one.start:
        yield (
            f"{len(one.donors)} donors for {one.start} periods before: a close fit says little, "
            "and the weights need not be the only ones"
        )
    count = len(one.placebo_gaps) + 1
    if count > 1:
        words = "" if one.p_value > _REJECTED else ": larger than where nothing happened"
        yield (
            f"of {count} units in turn, {percent(one.p_value, 1)} have gaps that grow as much"
            f"{words}; with so many the least possible is {percent(1 / count, 1)}"
        )
    if one.left_out:
        count = len(one.left_out)
        units = "unit with missing periods is" if count == 1 else "units with missing periods are"
        yield f"{count} untreated {units} not used"


def _dropped(found: Evidence) -> Iterator[str]:
    if found.dropped:
        yield (
            f"{listed(list(found.dropped))} never changes within a unit, or the other controls "
            "hold it: left out of the regression"
        )
    drifts = [group for group in found.answer.groups if abs(group.index_drift) > 0.02]
    if drifts:
        names = listed([f"{g.name} by {g.worded(g.index_drift)}" for g in drifts])
        yield f"the chained index drifts from the direct one ({names}): units come and go"


_RULES: Final[tuple[Callable[[Evidence], Iterator[str]], ...]] = (
    _controls,
    _interval,
    _before,
    _trend,
    _placebo,
    _clusters,
    _brand,
    _staggered,
    _alone,
    _meaning,
    _fit,
    _dropped,
)
