"""Every title is borne out by the rows of its figure, as published, and by the marks drawn."""

from __future__ import annotations

import io
import itertools
import math
import re
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampled import examples
from tariffimpact import charts, writing
from tariffimpact.report.content import Document, Figure
from tariffimpact.report.sections.cans import can_title
from tariffimpact.report.sections.companies import cost_title
from tariffimpact.report.sections.history import control_title, duty_events, history_title
from tariffimpact.report.sections.passthrough import passed_on_title
from tariffimpact.report.sections.rivals import rivals_title

MONEY = re.compile(r"[−-]?\$(\d[\d,]*(?:\.\d+)?)(m|bn|tn|k)?\b")
PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")
SCALE = {None: 1.0, "k": 1e3, "m": 1e6, "bn": 1e9, "tn": 1e12}


def published(figure: Figure) -> pd.DataFrame:
    """Return the rows of a figure as its CSV file has them."""
    return pd.read_csv(io.BytesIO(writing.csv_bytes(figure.frame)))


def values_of(frame: pd.DataFrame) -> np.ndarray:
    """Return every number of the rows, and the sums, shares, and changes a title may be of."""
    numbers = frame.select_dtypes("number")
    found = [numbers.to_numpy(dtype=float).ravel(), numbers.sum().to_numpy(dtype=float)]
    with np.errstate(divide="ignore", invalid="ignore"):
        for one, other in itertools.permutations(numbers.columns, 2):
            a, b = (numbers[name].to_numpy(dtype=float) for name in (one, other))
            found += [a - b, a / b - 1]
    if {"case", "part", "amount"} <= set(frame.columns):
        of_case = frame.groupby("case")["amount"].transform("sum")
        found.append((frame["amount"] / of_case).to_numpy(dtype=float))
    values = np.abs(np.concatenate(found))
    return values[np.isfinite(values)]


def is_there(said: float, digits: int, scale: float, values: np.ndarray) -> bool:
    """Whether some value of the rows is the number said, to the digits it is said with."""
    return bool(
        np.isclose(values, said * scale, atol=0.51 * 10.0**-digits * scale, rtol=5e-3).any()
    )


def unsupported(figure: Figure) -> list[str]:
    """Return the numbers of a title that no row bears out."""
    values = values_of(published(figure))
    wrong = []
    for found in MONEY.finditer(figure.title):
        text, scale = found[1].replace(",", ""), SCALE[found[2]]
        if not is_there(float(text), len(text.partition(".")[2]), scale, values):
            wrong.append(found[0])
    for found in PERCENT.finditer(figure.title):
        if not is_there(float(found[1]), len(found[1].partition(".")[2]), 0.01, values):
            wrong.append(found[0])
    return wrong


SAID_ELSEWHERE = {"at", "a"}
"""Words before a percentage that states the case, not the finding: at 15%, a 10% rise."""


def without_premise(title: str) -> str:
    return re.sub(r"\b(?:At|at|a) \d+(?:\.\d+)?%", "", title)


def test_every_number_of_a_title_is_in_the_rows_of_its_figure(shipped_report: Document) -> None:
    import dataclasses

    told = {
        figure.name: unsupported(dataclasses.replace(figure, title=without_premise(figure.title)))
        for figure in shipped_report.figures
    }
    assert {name: wrong for name, wrong in told.items() if wrong} == {}


def test_the_check_sees_a_title_that_its_rows_do_not_bear_out(shipped_report: Document) -> None:
    import dataclasses

    figure = next(f for f in shipped_report.figures if f.name == "exposure-by-company")
    wrong = dataclasses.replace(figure, title="Exposures run from 0.4% to 99.3%")
    assert unsupported(wrong) == ["99.3%"]


def test_titles_are_made_of_the_published_rows_alone(shipped_report: Document) -> None:
    """Read back from the files, the rows give the same words."""
    figures = {figure.name: figure for figure in shipped_report.figures}
    rows = {name: published(figure) for name, figure in figures.items()}
    assert passed_on_title(rows["passed-on"].fillna({"entered": ""}), "$50") == (
        figures["passed-on"].title
    )
    assert can_title(rows["cents-per-can"], 0.1) == figures["cents-per-can"].title
    assert cost_title(rows["exposure-by-company"]) == figures["exposure-by-company"].title
    assert control_title(rows["control-markets"]) == figures["control-markets"].title
    rivals = figures["if-rivals-respond"]
    assert rivals_title(rows[rivals.name], "Sony") == rivals.title
    history = rows["prices-and-duty"]
    history["starts_on"] = pd.to_datetime(history["starts_on"]).dt.date
    title = figures["prices-and-duty"].title
    assert history_title(history, title.split("duty on ")[1].split(" fell")[0]) == title


@pytest.mark.parametrize("width", [charts.WIDTH, charts.NARROW])
def test_marks_stand_where_the_rows_say(shipped_report: Document, width: float) -> None:
    """Bars of ranges from low to high, dots on their changes, stretches of duty on their days."""
    figures = {figure.name: figure for figure in shipped_report.figures}
    with charts.drawn_for(width=width, shown=False):
        bars = figures["passed-on"].draw().patches
        spans = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars if bar.get_gid()]
        rows = figures["passed-on"].frame
        assert spans == [
            pytest.approx(pair) for pair in zip(rows["low"], rows["high"], strict=True)
        ]
        axes = figures["control-markets"].draw()
        drawn = sorted(
            float(line.get_xdata()[0]) for line in axes.lines if line.get_gid() is not None
        )
        assert drawn == pytest.approx(sorted(figures["control-markets"].frame["change"]))
        axes = figures["prices-and-duty"].draw()
        duties = figures["prices-and-duty"].frame.query("kind == 'duty'")
        starts = sorted(patch.get_x() for patch in axes.patches if patch.get_gid())
        assert starts == pytest.approx(
            sorted(float(day.toordinal() - date(1970, 1, 1).toordinal())
                   for day in duties["starts_on"])
        )  # fmt: skip


RATES = st.lists(
    st.lists(st.sampled_from([0.0, 0.1, 0.15, 0.2, 0.3, 1.45]), min_size=4, max_size=4),
    min_size=1, max_size=4,
)  # fmt: skip
PRICES = st.lists(st.sampled_from([400.0, 450.0, 500.0]), min_size=4, max_size=4)


def history_of(rates: list[list[float]], prices: list[float]) -> pd.DataFrame:
    first = date(2025, 1, 1)
    rows = []
    for n, spells in enumerate(rates):
        for k, rate in enumerate(spells):
            if k == 0 or rate != spells[k - 1]:
                day = first + timedelta(days=100 * k)
                rows.append(("duty", f"Country {n}", "", day, rate, rate, "share", "", rate))
    for k, price in enumerate(prices):
        if k == 0 or price != prices[k - 1]:
            day = first + timedelta(days=100 * k + 50)
            rows.append(("list price", "Thing", "Maker", day, price, price, "USD", "", math.nan))
    return pd.DataFrame(rows, columns=["kind", "name", "company", "starts_on", "low", "high",
                                       "unit", "note", "refundable"])  # fmt: skip


@examples(20)
@given(rates=RATES, prices=PRICES)
def test_a_fall_then_a_rise_is_said_only_where_every_mark_shows_it(rates, prices):
    title = history_title(history_of(rates, prices), "things")
    fell = [k for k in range(1, 4) if all(spells[k] < spells[k - 1] for spells in rates)]
    rose = [k for k in range(1, 4) if prices[k] > prices[k - 1]]
    if " fell in " in title:
        assert fell
        assert any(later >= fell[-1] for later in rose)
    elif fell:
        assert not any(later >= fell[-1] for later in rose)


@examples(20)
@given(rates=RATES)
def test_events_of_the_duties_are_on_days_on_which_duties_moved(rates):
    frame = history_of(rates, [400.0] * 4)
    events = duty_events(frame)
    assert set(events["day"]) <= set(frame[frame["kind"] == "duty"]["starts_on"])
    assert list(events["day"]) == sorted(events["day"])


VERDICTS = st.lists(
    st.lists(st.sampled_from(["less than full", "more than full", "cannot tell"]),
             min_size=2, max_size=3),
    min_size=1, max_size=3,
).filter(lambda table: len({len(row) for row in table}) == 1)  # fmt: skip


@examples(20)
@given(table=VERDICTS)
def test_a_title_of_ranges_claims_of_no_row_what_its_verdict_denies(table):
    frame = pd.DataFrame(
        [(f"Model {n}", f"Country {k}", "", verdict)
         for n, row in enumerate(table) for k, verdict in enumerate(row)],
        columns=["product", "origin", "entered", "verdict"],
    )  # fmt: skip
    title = passed_on_title(frame, "$50")
    for side, verdict in (("less", "less than full"), ("more", "more than full")):
        if f"{side} than the duty on every model, wherever" in title:
            assert set(frame["verdict"]) == {verdict}
        elif f"was {side} than" in title:
            first, _, others = title.partition("; on the other models")
            named = frame[[name in first for name in frame["product"]]]
            places = frame[[name in (others or first) for name in frame["origin"]]]
            assert set(named["verdict"]) <= {verdict}
            assert set(places["verdict"]) <= {verdict}
            assert len(named) + len(places) > 0
