"""Every public result keeps the one promise: a summary in print, one line, a table."""

import importlib
import inspect
import pkgutil
from abc import ABC
from datetime import date

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import tariffimpact
from tariffimpact.answers import Answer
from tariffimpact.cases import read_case
from tariffimpact.costpush import (
    compare_prices,
    cost_push,
    read_accounts,
    realised_change,
    screen_companies,
    start_months,
)
from tariffimpact.decisions.bridge import bridge
from tariffimpact.decisions.refund import refund_incidence
from tariffimpact.facts import read_facts
from tariffimpact.interval import Interval
from tariffimpact.passthrough import measure, pass_through_bounds
from tariffimpact.pricing import price_response
from tariffimpact.pricing.cost import landed_cost
from tariffimpact.pricing.demand import IsoelasticDemand
from tariffimpact.pricing.incidence import unit_incidence
from tariffimpact.tariffs import shipped_schedule
from tariffimpact.uncertainty import Uniform, bounds, draws, sobol, tornado

LISTS = {"FoundFacts"}
"""What a search found is a list, and lies below the charts: it has no picture."""


def results():
    """Every class of the package that has a summary of its own."""
    for module in pkgutil.walk_packages(tariffimpact.__path__, "tariffimpact."):
        if module.name.endswith("__main__"):
            continue
        for name, found in vars(importlib.import_module(module.name)).items():
            own = inspect.isclass(found) and found.__module__ == module.name
            if (
                own
                and name not in LISTS
                and "summary" in vars(found)
                and not getattr(found, "_is_protocol", False)
            ):
                yield pytest.param(found, id=f"{module.name}.{name}")


@pytest.mark.parametrize("result", list(results()))
def test_what_has_a_summary_is_an_answer(result):
    assert issubclass(result, Answer)
    assert not inspect.isabstract(result) or ABC in result.__bases__
    for name in ("__str__", "__repr__", "_repr_html_"):
        assert getattr(result, name) is getattr(Answer, name), f"{name} is its own"


def pushed():
    accounts = read_accounts()
    return cost_push(accounts, realised_change(accounts, month="2025-12", base="2024"))


def duty_cost(value, tariff):
    return value * tariff


SCHEDULE = shipped_schedule(read_facts())
BOX = {"value": Uniform(40, 60), "tariff": Uniform(0.1, 0.2)}


ANSWERS = {
    "pass_through_bounds": lambda: pass_through_bounds(
        old_price=500, new_price=550, tariff_change=0.15, customs_share=Interval(0.6, 0.9)
    ),
    "measure": lambda: measure(
        old_price=100, new_price=106.25, old_customs_value=50, new_customs_value=50,
        old_tariff=0.0, new_tariff=0.25,
    ),
    "landed_cost": lambda: landed_cost(customs_value=50, ad_valorem=0.25),
    "unit_incidence": lambda: unit_incidence(
        old_price=100, new_price=106.25, old_customs_value=50, new_customs_value=50,
        old_duty=0.0, new_duty=12.5,
    ),
    "price_response": lambda: price_response(
        old_cost=50, cost_change=12.5,
        demand=IsoelasticDemand(price=100, volume=10, demand_elasticity=1.5),
    ),
    "refund_incidence": lambda: refund_incidence(
        duty_paid=np.array([100.0, 200.0]), pass_through_rate=0.6, interest=0.06
    ),
    "bridge": lambda: bridge(gross=150e6, net=75e6, accounts={"sales": Interval(5e9, 5.5e9)}),
    "case": lambda: read_case("textbook"),
    "case prices": lambda: read_case("textbook").prices(),
    "cost push": pushed,
    "cost push of companies": lambda: screen_companies(pushed(), ["PepsiCo", "Nike"]),
    "costs and prices": lambda: compare_prices(pushed(), start="2024-12", end="2025-12"),
    "costs and prices by start": lambda: start_months(
        pushed(), starts=["2024-11", "2024-12"], end="2025-12"
    ),
    "tariff rate": lambda: SCHEDULE.rate("3304995000", "DEU", date(2025, 9, 1), questions=True),
    "compiled schedule": lambda: SCHEDULE.compiled,
    "bounds": lambda: bounds(duty_cost, BOX),
    "draws": lambda: draws(duty_cost, BOX, n=200, seed=1),
    "tornado": lambda: tornado(duty_cost, BOX),
    "sobol": lambda: sobol(duty_cost, BOX, n=256, seed=1),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_prints_its_summary_takes_a_line_and_shows_a_table(name):
    answer = ANSWERS[name]()
    assert str(answer) == answer.summary()
    assert repr(answer).startswith(f"<{type(answer).__name__}: ")
    assert "\n" not in repr(answer)
    assert len(repr(answer)) < 160
    frame = answer.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert len(frame)
    shown = answer._repr_html_()
    assert shown.startswith("<p>")
    assert "<table" in shown
    assert answer.explain()


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_draws_on_the_axes_it_is_given(name):
    _, ax = plt.subplots()
    try:
        assert ANSWERS[name]().plot(ax=ax) is ax
    finally:
        plt.close("all")


def test_a_long_frame_shows_twenty_rows_and_says_how_many_more():
    many = refund_incidence(duty_paid=np.arange(1.0, 11.0), pass_through_rate=0.5)
    assert many._repr_html_().count("<tr") == 21
    assert "… and 10 more rows" in many._repr_html_()
