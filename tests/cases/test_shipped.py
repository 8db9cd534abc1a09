"""The shipped cases: committed answers, answers by hand, and where the numbers come from."""

import functools
import re
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from expected_cases import CASES, rounded, schema_text

from tariffimpact.cases import case_of, read_case, shipped_cases
from tariffimpact.errors import DataError, ModelError
from tariffimpact.facts import read_facts

NAMES = ("estee-lauder", "monster-can", "nintendo-switch-2", "pepsico-can", "sony-ps5", "textbook")


@pytest.fixture(scope="module")
def facts():
    return read_facts()


@pytest.fixture(scope="module")
def cases(facts):
    return {name: read_case(name, facts=facts) for name in NAMES}


@functools.cache
def answers(name):
    return read_case(name).answers()


def answer(case, question, product=""):
    frame = answers(case.name)
    (row,) = frame[(frame["question"] == question) & (frame["product"] == product)].to_dict(
        "records"
    )
    return row


def test_the_story_is_shipped():
    assert set(NAMES) <= set(shipped_cases())


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_answers_stand(name):
    expected = pd.read_csv(CASES / f"{name}.expected.csv", keep_default_na=True)
    found = rounded(answers(name))
    for column in ("product", "question", "name", "unit", "method"):
        assert found[column].tolist() == expected[column].fillna("").tolist()
    for column in ("base", "low", "high", "no_answer"):
        exact = found["method"] != "search"
        # corners and formulas repeat to the digits kept; a search ends within its step
        np.testing.assert_allclose(found[column][exact], expected[column][exact], rtol=1e-8)
        np.testing.assert_allclose(found[column][~exact], expected[column][~exact], rtol=1e-5)


def test_the_textbook_by_hand(cases):
    """Duty 12.50; linear monopoly at its best price passes on half, and cannot hold its profit."""
    case, product = cases["textbook"], "Textbook product"
    by_hand = {
        "full": 0.125, "pass-through": 0.5, "dollar": 112.5, "percent": 125.0, "maximise": 106.25,
    }  # fmt: skip
    for question, value in by_hand.items():
        row = answer(case, question, product)
        assert row["low"] == row["high"] == pytest.approx(value, rel=1e-12)
    profit = answer(case, "profit", product)
    assert np.isnan(profit["low"])
    assert profit["no_answer"] == 1.0
    # 6.25 on 875 units against 12.50 on 875 units
    assert answer(case, "recovery")["base"] == pytest.approx(0.5, rel=1e-12)
    response = case.product().price_response()
    assert response["profit"].note.startswith("no price does")
    assert response.was_optimal


def test_sony_by_hand(cases):
    """50/(0.20·0.90·p) to 50/(0.15·0.70·p) for p of 500, 450 and 700."""
    for product, price in (
        ("PlayStation 5", 500),
        ("PlayStation 5 Digital Edition", 450),
        ("PlayStation 5 Pro", 700),
    ):
        row = answer(cases["sony-ps5"], "pass-through", product)
        assert row["low"] == pytest.approx(50 / (0.20 * 0.90 * price), rel=1e-12)
        assert row["high"] == pytest.approx(50 / (0.15 * 0.70 * price), rel=1e-12)
        assert np.isnan(row["base"])  # a set, no point of it better than another
    assert cases["sony-ps5"].product("PlayStation 5 Pro").pass_through().verdict == "less than full"
    recovery = cases["sony-ps5"].recovery()
    assert recovery.conditional
    # $50, 15m consoles, 35 to 40% in the US, 223 of 365 days, against $136m to $204m of games
    low = 50 * (1 - 0.05) * 15e6 * 0.35 * 223 / 365 * 0.84 / 204e6
    high = 50 * 15e6 * 0.40 * 223 / 365 * 1.03 / 136e6
    assert (recovery.rate.low, recovery.rate.high) == pytest.approx((low, high), rel=1e-6)
    assert (round(low, 2), round(high, 2)) == (0.63, 1.39)  # the known answers


def test_the_switch_2_at_the_value_it_was_declared_at(cases):
    """$33.80 of duty on $338 at the 10% of the launch, 338/449.99 of the price."""
    row = answer(cases["nintendo-switch-2"], "full", "Switch 2")
    assert (row["low"], row["high"]) == pytest.approx((33.8 / 449.99, 33.8 / 449.99), rel=1e-8)


def test_a_refund_by_hand(cases):
    """What was recovered twice is $50 on every unit sold at the new price, whatever the duty."""
    row = answer(cases["sony-ps5"], "recovered-twice")
    assert row["low"] == pytest.approx(50 * 15e6 * 0.35 * 4 / 12, rel=1e-12)
    assert row["high"] == pytest.approx(50 * 15e6 * 0.40 * 6.2 / 12, rel=1e-12)
    split = cases["textbook"].rollback().refund
    assert (split.absorbed, split.recovered_twice) == (5000.0, 5000.0)


def test_a_can_cannot_explain_a_tenth(cases):
    """15 g at $4,250 a tonne and 50 points of duty on a can of 53 cents."""
    row = answer(cases["pepsico-can"], "full", "12-ounce can of a soft drink")
    assert row["high"] == pytest.approx(15e-6 * 4250 * 0.5 / 0.53, rel=1e-12)
    assert row["high"] < 0.1


def test_nintendo_absorbs_on_the_console(cases):
    case = cases["nintendo-switch-2"]
    assert answer(case, "pass-through", "Switch 2")["high"] == 0.0
    assert case.product("switch 2").pass_through().verdict == "less than full"
    row = answer(case, "pass-through", "Switch 2 Pro Controller")
    assert row["low"] == pytest.approx(5 / (79.99 * 0.1 * 0.8), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_every_table_with_numbers_says_where_they_come_from(name):
    def walk(table, place):
        own = [key for key, value in table.items() if is_number(key, value)]
        if own:
            assert table.get("source") or table.get("reason"), f"{place}: {own}"
        for key, value in table.items():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict) and not set(item) & {"dist", "assumption", "financial"}:
                    walk(item, f"{place}.{key}")

    def is_number(key, value):
        interval = isinstance(value, str) and ".." in value and key not in {"reason", "question"}
        return interval or isinstance(value, int | float)

    text = (CASES / f"{name}.toml").read_text(encoding="utf-8")
    assert text.startswith("#:schema ./schema.json\n")
    walk(tomllib.loads(text), name)


@pytest.mark.parametrize("name", NAMES)
def test_words(cases, name):
    case = cases[name]
    assert case.summary().startswith(case.title)
    explained = case.explain()
    for source in case.sources:
        assert source.address in explained
    assert case.sources or name == "textbook"


def test_the_schema_is_up_to_date():
    assert (CASES / "schema.json").read_text(encoding="utf-8") == schema_text()


def test_the_readme_names_every_case_and_its_example_is_one(tmp_path):
    text = (CASES / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in shipped_cases())
    (example,) = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / "kettle.toml").write_text(example, encoding="utf-8")
    assert read_case(tmp_path / "kettle.toml").prices().is_uncertain


def test_the_chart_says_no_price_does_where_the_summary_says_nowhere():
    case = case_of(
        {
            "title": "T", "question": "Q", "tariff": {"rate": 2.9},
            "demand": {"form": "linear", "elasticity": "5..6"},
            "products": [
                {"name": "P", "old_price": 100, "customs_value": 90, "cost_share": 0.95}
            ],
        },
        name="mine",
    )  # fmt: skip
    answer = case.prices()
    words = [text.get_text() for text in answer.plot().texts]
    assert "no price holds profit anywhere in the ranges" in answer.summary()
    assert ("no price does" in words, "unknown" in words) == (True, False)


def test_a_table_that_is_not_there_is_named_with_its_keys():
    with pytest.raises(ModelError, match=r"no \[rollback\] table; add it: .*\bduty_paid\b"):
        read_case("monster-can").rollback()


def test_a_remedy_names_a_schema_that_is_there():
    with pytest.raises(DataError) as caught:
        case_of({"title": "T", "question": "Q", "timing": {"months": "x"}}, name="mine")
    (remedy,) = {fault.remedy for fault in caught.value.faults if "schema.json" in fault.remedy}
    assert Path(remedy.removeprefix("see the key's meaning in ")).is_file()
