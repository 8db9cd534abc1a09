"""A rise of the price where the duty did not change, or may not have: no rate, and no fault."""

import math

import pytest

from tariffimpact.cases import case_of
from tariffimpact.facts import read_facts


def case_at(rate):
    written = {
        "title": "A kettle", "question": "What now?",
        "tariff": {"rate": rate, "reason": "Made up."},
        "products": [{"name": "Kettle", "old_price": 100.0, "new_price": 110.0,
                      "customs_share": 0.5, "reason": "Made up."}],
    }  # fmt: skip
    return case_of(written, name="kettle", facts=read_facts())


def test_without_a_change_of_duty_there_is_no_rate_to_ask_for():
    case = case_at(0.0)
    assert "pass-through" not in set(case.answers()["question"])
    assert "no pass-through to tell" in case.summary()


def test_a_duty_that_may_not_have_changed_leaves_the_rate_open_above():
    """110 - 100 over at most 0.2 x 0.5 x 100 of duty."""
    case = case_at("0..0.2")
    answers = case.answers().set_index("question")
    assert answers.loc["pass-through", "low"] == pytest.approx(1.0)
    assert math.isinf(answers.loc["pass-through", "high"])
    assert "not identified from above" in case.summary()
