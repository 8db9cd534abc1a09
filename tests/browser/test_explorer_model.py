"""The explorer's JavaScript against the library, on every shipped case and at random."""

import itertools
import math
import random

import pytest
from python_answers import NUMBERS, answers, case_from

from tariffimpact.cases.figures import cost_rise, span
from tariffimpact.errors import TariffImpactError
from tariffimpact.facts import read_facts
from tariffimpact.interval import Interval
from tariffimpact.passthrough import pass_through_bounds
from tariffimpact.pricing.iso_profit_range import profit_holding_range
from tariffimpact.tariffs import shipped_schedule

pytestmark = pytest.mark.whole

REL = 1e-9
_SPANS = ((0.02, 0.98), (0.3, 20.0))
"""Old costs over the price, and elasticities."""
ASK = """(states) => states.map((given) => {
  const state = { ...explorer.fresh(given.product), ...given };
  const wrong = explorer.problems(state);
  return {
    toml: explorer.toml(state), address: explorer.address(state),
    wrong, answer: wrong.length ? null : explorer.answer(state),
  };
})"""


@pytest.fixture(scope="module")
def facts():
    return read_facts()


@pytest.fixture
def ask(opened):
    page = opened.go()
    return lambda states: page.evaluate(ASK, states)


def near(left, right, scale=1.0):
    if math.isnan(left) or math.isnan(right):
        return math.isnan(left) and math.isnan(right)
    return math.isclose(left, right, rel_tol=REL, abs_tol=REL * scale)


def assert_same(told, case):
    """Hold every number of an answer to the library's."""
    expected = answers(case)
    assert set(told["rules"]) == set(expected)
    item = case.products[0]
    for rule, points in expected.items():
        found = told["rules"][rule]
        for key in set(NUMBERS) & set(points["middle"]):
            scale = 1.0 if key not in ("price", "margin") else points["middle"]["price"]
            assert near(found[key]["middle"], points["middle"][key], scale), (rule, key)
            values = [p[key] for p in points["corners"] if not math.isnan(p[key])]
            ends = (min(values), max(values)) if values else (math.nan, math.nan)
            if key == "price" and "pieces" in found[key]:
                assert_held(found[key], values, item)
                continue
            assert near(found[key]["low"], ends[0], scale), (rule, key, "low")
            assert near(found[key]["high"], ends[1], scale), (rule, key, "high")
    for rule, found in told["rules"].items():
        if rule not in ("observed", "profit") and found["price"]["exact"]:
            bounds = case.question(rule, item.name).bounds()
            assert near(found["price"]["low"], bounds.low, bounds.low), rule
            assert near(found["price"]["high"], bounds.high, bounds.high), rule
    assert (told["passThrough"] is not None) == item.has_rate
    if told["passThrough"]:
        assert_passed_on(told["passThrough"], item.pass_through())


def assert_passed_on(told, known):
    """Hold what the page says of pass-through to the library's bounds."""
    assert told.get("apart", False) == (known.rate is None)
    if known.rate is None:
        return
    assert all(map(near, told["rate"], (known.rate.low, known.rate.high)))
    assert (told["fullShare"] is None) == (known.full_share is None)
    if known.full_share is not None:
        assert all(map(near, told["fullShare"], (known.full_share.low, known.full_share.high)))
    verdicts = {"less": "less than full", "more": "more than full", "open": "cannot tell"}
    assert verdicts[told["verdict"]] == known.verdict


def assert_held(price, corners, item):
    """Hold an exact range of the profit-holding price to the library's, in units of the price."""
    ((kind, cost),) = item.cost.items()
    old = span(item.price.old)
    per_price = 1.0 if kind == "cost_share" else 1 / old.low
    ends = [duty_and_cut(item, end) for end in ("low", "high")]
    rise = Interval(*ends)
    found = profit_holding_range(
        form=item.demand.form, old_cost=span(cost) * per_price, cost_rise=rise,
        demand_elasticity=span(item.demand.elasticity),
    )  # fmt: skip
    pieces = [[low.price * old.low, high.price * old.high] for low, high in found.pieces]
    assert len(price["pieces"]) == len(pieces)
    for told, known in zip(price["pieces"], pieces, strict=True):
        assert all(near(a, b, old.low) for a, b in zip(told, known, strict=True))
    if corners:
        assert price["low"] <= min(corners) * (1 + REL)
        assert price["high"] >= max(corners) * (1 - REL)


def duty_and_cut(item, end):
    """Return an end of the cost rise over the price; it is least where each of its factors is."""
    inputs = {name: value for name, value in item.cost_inputs().items() if name != "cost_share"}
    corners = itertools.product(*([span(v).low, span(v).high] for v in inputs.values()))
    rises = []
    for corner in corners:
        x = dict(zip(inputs, corner, strict=True))
        rises.append(float(cost_rise(x)) / x["old_price"])
    return min(rises) if end == "low" else max(rises)


def test_every_shipped_product_is_answered_as_the_library_answers(opened, facts):
    page = opened.go()
    products = page.evaluate("explorer.data.products.map((product) => product.id)")
    assert len(products) >= 9
    for told in page.evaluate(ASK, [{"product": product} for product in products]):
        assert told["wrong"] == []
        assert_same(told["answer"], case_from(told["toml"], facts))


def drawn(rng, product):
    """Return a random state; some fields exact, some ranges, some that cannot be."""

    def pair(low, high):
        ends = sorted(rng.uniform(low, high) for _ in range(2))
        return [ends[0]] * 2 if rng.random() < 0.4 else ends

    at = rng.uniform(1, 2000)
    return {
        "product": product,
        "tariff_by": "rate",
        "tariff": pair(0, 1), "old_tariff": pair(0, 0.2 if rng.random() < 0.8 else 1),
        "specific": [0.0, 0.0] if rng.random() < 0.6 else pair(0, 0.2 * at),
        "old_specific": [0.0, 0.0] if rng.random() < 0.8 else pair(0, 0.1 * at),
        "exporter_cut": [0.0, 0.0] if rng.random() < 0.5 else pair(0, 0.4),
        "customs_by": rng.choice(["share", "value", "metal"]),
        "customs_share": pair(0.02, 0.95), "customs_value": pair(0.02 * at, 0.9 * at),
        "metal_grams": pair(1, 200), "metal_price_per_tonne": pair(500, 5000),
        "dutiable_share": [1.0, 1.0] if rng.random() < 0.5 else pair(0.1, 1),
        "old_price": [at, at] if rng.random() < 0.7 else pair(0.95 * at, 1.05 * at),
        "price_by": rng.choice(["new_price", "price_change", "none"]),
        "new_price": pair(0.9 * at, 1.3 * at), "price_change": [rng.uniform(-0.2, 0.5)] * 2,
        "caused_share": [1.0, 1.0] if rng.random() < 0.6 else pair(0, 1),
        "caused_by": rng.choice(["share", "otherwise"]),
        "counterfactual_change": [0.0, 0.0] if rng.random() < 0.2 else pair(-0.3, 0.4),
        "cost_by": rng.choice(["share", "money", "customs", "none"]),
        "cost_share": pair(0.05, 0.97), "unit_cost": pair(0.05 * at, 0.9 * at),
        "demand": rng.choice(["linear", "isoelastic", "logit", "none"]),
        "elasticity": pair(0.2, 6), "buyers_share": pair(0.01, 0.9), "units": pair(1, 1e6),
    }  # fmt: skip


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 3))])
def test_random_states_are_answered_as_the_library_answers(ask, facts, seed):
    """Where the page says that a state cannot be, the library refuses the case it copies."""
    rng = random.Random(seed)
    states = [drawn(rng, "textbook/Textbook product") for _ in range(60)]
    answered = 0
    for told in ask(states):
        if told["wrong"]:
            with pytest.raises(TariffImpactError):
                refused(case_from(told["toml"], facts))
        else:
            assert_same(told["answer"], case_from(told["toml"], facts))
            answered += 1
    assert answered >= 30


_KNOWN = (
    # MODELS 11: a kept price in a falling market; a price that stood still where others rose
    ({"old_price": 500.0, "new_price": 500.0, "tariff_change": [0.2, 0.2],
      "customs_share": [0.5, 0.7], "dutiable_share": [1.0, 1.0],
      "counterfactual_change": [-0.05, 0.0]}, [0.0, 0.5]),
    ({"old_price": 100.0, "new_price": 100.07, "tariff_change": [-0.1, -0.1],
      "customs_share": [0.4, 0.6], "dutiable_share": [1.0, 1.0],
      "counterfactual_change": [0.0404, 0.0404]}, [3.97 / 6, 3.97 / 4]),
)  # fmt: skip


def rise_drawn(rng):
    """Return a rise and what may have caused it, with ends at zero and duties that fall."""

    def pair(low, high):
        ends = sorted(rng.choice([rng.uniform(low, high), low]) for _ in range(2))
        return [ends[0]] * 2 if rng.random() < 0.3 else ends

    at, way = rng.uniform(1, 2000), rng.choice([1, 1, -1])
    duty = sorted(way * end for end in pair(0, 1))
    specific = sorted(way * at * end for end in pair(0, 0.3)) if rng.random() < 0.3 else [0.0, 0.0]
    caused = rng.choice([
        {"caused_share": [1.0, 1.0]}, {"caused_share": [0.0, rng.uniform(0.1, 1)]},
        {"counterfactual_change": [0.0, 0.0]}, {"counterfactual_change": pair(0, 0.3)},
        {"counterfactual_change": pair(-0.3, 0.3)}, {"counterfactual_change": pair(-1.0, 2.9)},
    ])  # fmt: skip
    return dict(
        old_price=at, new_price=rng.choice([at, at * rng.uniform(0.6, 1.6)]),
        tariff_change=duty if any(duty) or any(specific) else [0.0, 0.25],
        specific_change=specific,
        customs_share=pair(0.02, 1), dutiable_share=pair(0.1, 1), **caused,
    )  # fmt: skip


def test_pass_through_against_what_the_price_would_have_done_is_the_library_s(opened):
    """Over the formula's own inputs, apart from cases: MODELS 11 and a thousand drawn at random."""
    rng = random.Random(11)
    rises = [rise for rise, _ in _KNOWN] + [rise_drawn(rng) for _ in range(1000)]
    page = opened.go()
    found = page.evaluate("""(rises) => rises.map((rise) => {
      const point = ([key, value]) => [key, Array.isArray(value) ? value : [value, value]];
      const inputs = Object.fromEntries(Object.entries(rise).map(point));
      return model.passThrough({ ...inputs, exporter_cut: [0, 0] }, rise.tariff_change, [0, 0]);
    })""", rises)  # fmt: skip
    for (_, rate), told in zip(_KNOWN, found, strict=False):
        assert told["rate"] == pytest.approx(rate)
    apart = 0
    for rise, told in zip(rises, found, strict=True):
        spans = {
            name: Interval(*value) if isinstance(value, list) else value
            for name, value in rise.items()
        }
        known = pass_through_bounds(**spans)
        if not known.change and known.counterfactual_change is None:
            continue  # nobody says what a kept price would have done; a case takes that it stayed
        assert_passed_on(told, known)
        apart += known.rate is None
    assert 50 < apart < 500


def refused(case):
    """Ask a case everything; a fault may show only at a corner of its ranges."""
    for question in case.products[0].questions(case.currency):
        question.bounds()


def test_the_range_of_the_held_profit_price_turns_where_the_library_says(opened):
    """Old prices too low and too high, boxes across both, and edges on which the price turns."""
    rng = random.Random(5)
    boxes = []
    for _ in range(400):
        cost, elasticity = (sorted(rng.uniform(*ends) for _ in range(2)) for ends in _SPANS)
        rise = sorted(rng.uniform(0, 0.3) * rng.random() for _ in range(2))
        boxes.append([rng.choice(["linear", "isoelastic"]), cost, rise, elasticity])
    page = opened.go()
    told = page.evaluate(
        "(boxes) => boxes.map(([form, ...box]) => heldProfit.range(form, model.hold, ...box))",
        boxes,
    )
    for (form, cost, rise, elasticity), pieces in zip(boxes, told, strict=True):
        found = profit_holding_range(
            form=form, old_cost=Interval(*cost), cost_rise=Interval(*rise),
            demand_elasticity=Interval(*elasticity),
        )  # fmt: skip
        known = [[low.price, high.price] for low, high in found.pieces]
        assert len(pieces) == len(known)
        for ends, span_ in zip(pieces, known, strict=True):
            assert all(near(a, b) for a, b in zip(ends, span_, strict=True)), (form, cost, rise)


def test_rates_come_from_the_schedule(opened, facts):
    page = opened.go()
    schedule = shipped_schedule(facts)
    rates = page.evaluate("""() => {
      const told = [];
      for (const [hts, known] of Object.entries(explorer.data.schedule)) {
        for (const origin of Object.keys(known.origins)) {
          for (let day = known.first; day <= known.last; day += 37) {
            const at = { hts, origins: [origin], on: day, before: day };
            told.push([hts, origin, explorer.dated(day), explorer.lookedUp(at).after]);
          }
        }
      }
      return told;
    }""")
    assert len(rates) > 1000
    from datetime import date

    for hts, origin, day, (low, high) in rates[::7]:
        rate = schedule.rate(hts, origin, date.fromisoformat(day)).rate
        assert (low, high) == (rate.low, rate.high), (hts, origin, day)


def test_a_change_of_origin_and_day_is_the_case_with_them(ask, facts):
    state = {
        "product": "sony-ps5/PlayStation 5",
        "origins": ["CHN"],
        "on": 20270,
        "exporter_cut": [0.0, 0.1],
    }
    (told,) = ask([state])
    assert 'origins = ["CHN"]' in told["toml"]
    assert "on = 2025-07-01" in told["toml"]
    assert_same(told["answer"], case_from(told["toml"], facts))
