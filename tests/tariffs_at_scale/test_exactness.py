"""Where rates bend between their ends, and which rules no evaluator could tell exactly."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from tariffimpact.facts import DutyBase, DutyKind
from tariffimpact.interval import Interval
from tariffimpact.tariffs.rules import inexact, read_rules
from tariffimpact.tariffs.stacking import MFN, Stack


@dataclass(frozen=True)
class Row:
    authority: str
    kind: DutyKind
    ad_valorem: Interval
    base: DutyBase = DutyBase.FULL
    specific_usd: Interval | None = None
    displaced_by: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    share_due: Interval = field(default_factory=lambda: Interval.exactly(1.0))
    reach: Interval = field(default_factory=lambda: Interval.exactly(1.0))


def _floor(name, rate):
    return Row(name, DutyKind.FLOOR_INCL_MFN, Interval.exactly(rate))


@pytest.mark.parametrize(("first", "second"), [(0.1, 0.2), (0.15, 0.15), (0.05, 0.4)])
def test_two_totals_beside_an_open_general_rate(first, second):
    """m + max(0, a - m) + max(0, b - m) bends at a and at b; a grid of m finds its ends."""
    rows = [
        Row(MFN, DutyKind.ADDITIVE, Interval(0.0, 0.3)),
        _floor("A", first),
        _floor("B", second),
    ]
    m = np.linspace(0, 0.3, 30_001)
    totals = m + np.maximum(0, first - m) + np.maximum(0, second - m)
    found = Stack(rows).total()
    assert (found.low, found.high) == pytest.approx((totals.min(), totals.max()), abs=1e-5)


@pytest.mark.parametrize(
    ("usd_per_litre", "litres_per_dollar", "total"),
    [(0.063, 0.09, 0.15), (0.063, 3.0, 0.189), (0.0, 3.0, 0.15)],
)
def test_a_total_counts_a_duty_per_unit_by_its_equivalent(usd_per_litre, litres_per_dollar, total):
    general = Row(
        MFN, DutyKind.ADDITIVE, Interval.exactly(0.0), specific_usd=Interval.exactly(usd_per_litre)
    )
    stack = Stack([general, _floor("A", 0.15)], quantity_per_dollar=litres_per_dollar)
    rate = stack.total()
    assert rate.is_exact
    assert rate.low + usd_per_litre * litres_per_dollar == pytest.approx(total)
    unknown = Stack([general, _floor("A", 0.15)]).total()
    # a duty of nothing per unit leaves nothing open
    assert (unknown.low, unknown.high) == (0.0 if usd_per_litre else 0.15, 0.15)


@pytest.fixture(scope="module")
def rules(facts):
    return read_rules(sources=facts.sources).rules


def test_the_shipped_rules_are_exact(rules):
    assert inexact(rules) == []


def test_rules_that_could_not_be_told_exactly_are_refused(rules):
    changes = {"s232-auto-parts": {"base": DutyBase.METAL}, "labour-floor-10": {"displaced_by": ()}}
    rules = [rule.model_copy(update=changes.get(rule.component_id, {})) for rule in rules]
    told = "\n".join(map(str, inexact(rules)))
    assert "s232-steel-50: displaced_by: gives way to Section 232 vehicles on part of" in told
    assert "kind: is a total with MFN on days when labour-floor-10 is one too" in told
