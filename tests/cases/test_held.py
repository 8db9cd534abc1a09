"""The exact range of a case's profit-holding price: against its own model, drawn from all over."""

from dataclasses import replace

import numpy as np
import pytest

from tariffimpact.cases import case_of, read_case
from tariffimpact.facts import read_facts
from tariffimpact.uncertainty import Inputs

KETTLE = {"name": "Kettle", "old_price": 100.0, "customs_share": 0.5, "reason": "Round numbers."}
SHARES = {"customs_share": "0.3..0.6", "cost_share": "0.6..0.8"}
CASES = {
    "shares of a price that is known": SHARES,
    "shares of a price that is not": SHARES | {"old_price": "90..110"},
    "money": {"customs_share": None, "customs_value": "40..50", "unit_cost": "60..85"},
    "metal": {
        "customs_share": None, "metal": {"grams": "9000..11000", "price_per_tonne": "2500..4000"},
        "dutiable_share": "0.5..1", "cost_share": 0.8,
    },
    "a cut and two rates": SHARES | {"exporter_cut": "0..0.05"},
    "a margin too high": {"customs_share": "0.1..0.3", "cost_share": "0.2..0.4"},
    "a cost that is the customs value": {"customs_share": 0.7, "no_other_cost": True},
}  # fmt: skip
NOT_KNOWN = {
    "customs value moves cost and rise": {"customs_share": "0.3..0.6", "no_other_cost": True},
    "price moves cost": SHARES | {"old_price": "90..110", "cost_share": None, "unit_cost": 70.0},
    "price moves rise": SHARES | {"old_price": "90..110", "customs_share": None}
    | {"customs_value": 40.0},
    "cost may fall": SHARES | {"exporter_cut": "0..0.9"},
}  # fmt: skip


@pytest.fixture(scope="module")
def facts():
    return read_facts()


def profit_of(facts, product, *, form="linear", elasticity="1.2..3", **demand):
    made = {key: value for key, value in (KETTLE | product).items() if value is not None}
    written = {
        "title": "A kettle", "question": "What now?", "products": [made],
        "tariff": {"rate": "0.1..0.25", "old_rate": "0..0.02", "reason": "Round numbers."},
        "demand": {"form": form, "elasticity": elasticity, "reason": "Round."} | demand,
    }  # fmt: skip
    return case_of(written, name="kettle", facts=facts).question("profit")


@pytest.mark.parametrize("form", ["linear", "isoelastic"])
@pytest.mark.parametrize("what", CASES)
def test_the_range_holds_every_answer_and_attains_its_ends(facts, what, form):
    question = profit_of(facts, CASES[what], form=form)
    found = question.bounds()
    assert found.method == "analytic"
    drawn = question.draws(n=20_000, seed=1).values
    answers = drawn[np.isfinite(drawn)]
    assert answers.size
    assert answers.min() >= found.low * (1 - 1e-12)
    assert answers.max() <= found.high * (1 + 1e-12)
    for gap in found.gaps:
        assert not ((answers > gap.low) & (answers < gap.high)).any()
    for at, price in ((found.low_at, found.low), (found.high_at, found.high)):
        # 1e-6: where two prices meet, one moves as the root of the rounding of the inputs
        assert question.model(**at) == pytest.approx(price, rel=1e-6)
        assert list(at) == list(question.inputs.stated)
        for name, span in question.inputs.supports().items():
            assert span.low <= at[name] <= span.high
    inside = replace(question, ends=None).bounds()  # corners or a search: never outside
    assert inside.low >= found.low * (1 - 1e-12)
    assert inside.high <= found.high * (1 + 1e-12)


@pytest.mark.parametrize("what", NOT_KNOWN)
def test_where_the_inputs_are_coupled_the_ends_are_searched(facts, what):
    question = profit_of(facts, NOT_KNOWN[what])
    assert question.ends(question.inputs) is None
    assert question.bounds().method in ("search", "vertices")


def test_logit_demand_is_searched(facts):
    question = profit_of(facts, SHARES, form="logit", share=0.3)
    assert question.ends(question.inputs) is None


def test_one_elasticity_and_one_cost_are_a_box_too(facts):
    """At cost 0.8, e = 2 and a rise of 0.05: y^2 - 0.35 y + 0.025 = 0, so y = 0.1."""
    question = profit_of(facts, {"cost_share": 0.8}, elasticity=2.0)
    fixed = replace(question, inputs=Inputs(question.inputs.stated | {"tariff_change": 0.1}))
    found = fixed.bounds()
    assert found.method == "analytic"
    assert found.low == found.high == pytest.approx(110.0, rel=1e-12)


def test_the_console_by_hand():
    """The largest margin and rise leave one price: 1 + sqrt(r)(sqrt(r) + sqrt(m)) (see pricing)."""
    case = read_case("sony-ps5")
    found = case.question("profit").bounds()
    rise = case.duty.change.high * case.product().customs_share().high
    by_hand = 500 * (1 + np.sqrt(rise) * (np.sqrt(rise) + np.sqrt(0.1)))
    assert found.high == pytest.approx(by_hand, rel=1e-14)
    assert found.summary().count("(exact, by formula)") == 1
    assert "not from a search" in found.explain()


def test_a_gap_is_told():
    """A controller whose old price may be too low or too high: no price near it holds profit."""
    prices = read_case("nintendo-switch-2").prices("Switch 2 Pro Controller", rules=["profit"])
    (gap,) = prices.ranges["profit"].gaps
    assert gap.low < 79.99 < gap.high
    # either side: the least rise, at the elasticity and cost that take it best
    assert gap.low == pytest.approx(79.99 * cheapest(0.025, 0.6, 3.0), rel=1e-12)
    assert gap.high == pytest.approx(79.99 * cheapest(0.025, 0.15, 1.2), rel=1e-12)
    assert "none within $76.66 to $82.45" in prices.summary()
    assert "none within $76.66 to $82.45" in prices.ranges["profit"].summary()


def cheapest(rise, margin, e):
    """Return the root nearest 1 of (y + margin - rise)(1 - e y) = margin, by numpy's roots."""
    roots = np.roots([-e, 1 - e * (margin - rise), -rise])
    return 1 + min(roots.real, key=abs)


def test_no_price_anywhere_is_known_and_told():
    found = read_case("textbook").question("profit").bounds()
    assert not found.has_answer
    assert (
        found.summary() == "There is no price that holds profit anywhere in the ranges, by formula."
    )
    assert "not only at these points" in found.explain()
