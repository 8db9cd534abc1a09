"""Companies on one basis: the rule of classification case by case, the shares by hand."""

from dataclasses import replace
from datetime import date

import pytest

from tariffimpact.companies import OTHER_REASON, classify, compare, exposure_share, profile
from tariffimpact.facts import Basis, Exposure, Financial, PriceChange, Statement
from tariffimpact.interval import Interval

PAPER = {"source_id": "s", "locator": "1", "quote": "1"}


def move(old, new, **cells):
    return PriceChange.model_validate(
        {
            "price_id": "p", "company": "Acme", "product": "Phone", "market": "USA",
            "old_price": str(old), "new_price": str(new), "currency": "USD",
            "announced_on": "2025-08-01", "effective_on": "2025-08-02", "cause": "tariff",
            **PAPER, **cells,
        }
    )  # fmt: skip


def said(response, stage, **cells):
    return Statement.model_validate(
        {
            "statement_id": "t", "company": "Acme", "scope": "group", "market": "USA",
            "said_on": "2025-08-01", "response": response, "stage": stage, "cause": "tariff",
            **PAPER, **cells,
        }
    )  # fmt: skip


def cost(amount, **cells):
    return Exposure.model_validate(
        {
            "exposure_id": "e", "company": "Acme", "scope": "group", "disclosed_on": "2025-08-01",
            "amount": amount, "currency": "USD", "period": "2025", "starts_on": "2025-01-01",
            "ends_on": "2026-01-01", "basis": "gross", "measure": "cost", "covers": "all",
            **PAPER, **cells,
        }
    )  # fmt: skip


def sales(value, **cells):
    return Financial.model_validate(
        {
            "financial_id": "f", "company": "Acme", "measure": "net_sales", "scope": "group",
            "period": "2025", "starts_on": "2025-01-01", "ends_on": "2026-01-01", "value": value,
            "unit": "USD", "horizon": "actual", **PAPER, **cells,
        }
    )  # fmt: skip


# the rule


@pytest.mark.parametrize(
    ("moves", "statements", "response"),
    [
        ([], [], "nothing stated"),
        ([move(100, 110)], [], "passes on"),
        ([], [said("pass_on", "announced")], "passes on"),
        ([], [said("pass_on", "done", share_of_range="0.5..0.7")], "passes on"),
        ([], [said("pass_on", "done", share_of_range="0.2..0.4")], "passes on in part"),
        ([], [said("pass_on", "done", share_of_range="0.5")], "passes on"),  # half is no less
        ([], [said("pass_on", "done", share_of_range="0.4..0.499")], "passes on in part"),
        ([move(100, 110)], [said("absorb", "done")], "passes on in part"),
        ([move(100, 110), move(50, 50)], [], "passes on in part"),
        ([move(100, 110)], [said("mix", "done")], "passes on in part"),
        ([move(100, 110)], [said("absorb", "considered")], "passes on"),
        ([move(100, 110)], [said("shift_sourcing", "done")], "passes on"),
        ([], [said("pass_on", "considered")], "considering a rise"),
        ([], [said("pass_on", "considered"), said("absorb", "done")], "considering a rise"),
        ([], [said("pass_on", "ruled_out")], "nothing stated"),
        ([], [said("absorb", "done")], "absorbs"),
        ([move(100, 100)], [], "absorbs"),
        ([], [said("absorb", "done"), said("mitigate", "done")], "absorbs"),
        ([], [said("mitigate", "announced")], "mitigates"),
        ([], [said("front_load", "done")], "mitigates"),
        ([], [said("shift_sourcing", "considered")], "nothing stated"),
        ([], [said("mix", "done")], "mitigates"),
        ([move(100, 90)], [], "nothing stated"),
        # another cause than the tariff or the economy is no answer to the tariff
        ([], [said("pass_on", "done", cause="economy")], OTHER_REASON),
        ([], [said("pass_on", "done", cause="other")], OTHER_REASON),
        ([move(100, 110, cause="economy")], [said("absorb", "done")], OTHER_REASON),
        ([move(100, 110, cause="unstated")], [said("pass_on", "considered")], OTHER_REASON),
        ([move(100, 110, cause="economy")], [said("pass_on", "announced")], "passes on"),
        # a price that fell or was kept for another reason is no answer
        ([move(100, 100, cause="other")], [], "nothing stated"),
        ([], [said("pass_on", "considered", cause="unstated")], "nothing stated"),
        ([], [said("absorb", "done", cause="other")], "nothing stated"),
        ([], [said("mitigate", "done", cause="other")], "nothing stated"),
    ],
)
def test_the_rule_of_classification(moves, statements, response):
    assert classify(moves, statements) == response


# shares of sales


def test_an_exposure_over_the_sales_of_its_period():
    year_before = sales("9000", starts_on="2024-01-01", ends_on="2025-01-01")
    found = exposure_share(cost("100..300"), [sales("4000"), year_before])
    assert (found.share.low, found.share.high) == pytest.approx((100 / 4000, 300 / 4000))
    assert found.same_period
    assert found.basis is Basis.GROSS


def test_an_open_exposure_is_an_open_share():
    found = exposure_share(cost("200.."), [sales("4000..5000")])
    assert found.share.low == pytest.approx(200 / 5000)
    assert not found.share.is_bounded


def test_sales_of_another_year_stand_in_and_say_so():
    last_year = sales("5000", starts_on="2024-01-01", ends_on="2025-01-01")
    older = sales("1", starts_on="2022-01-01", ends_on="2023-01-01")
    found = exposure_share(cost("100"), [older, last_year])
    assert found.sales is last_year
    assert found.share == Interval.exactly(0.02)
    assert not found.same_period


def test_a_yearly_rate_is_not_the_cost_of_the_period():
    assert not exposure_share(cost("100", annualised="true"), [sales("4000")]).same_period


def test_of_several_forecasts_the_last_in_the_table_stands():
    found = exposure_share(cost("100"), [sales("4000"), sales("5000")])
    assert found.share == Interval.exactly(0.02)


def test_currencies_meet_only_where_the_source_converted():
    yen = cost("15000", currency="JPY")
    assert exposure_share(yen, [sales("4000")]).share is None
    assert exposure_share(yen, []).share is None
    converted = cost("15000", currency="JPY", amount_usd="100")
    assert exposure_share(converted, [sales("4000")]).share == Interval.exactly(0.025)
    both = [sales("4000"), sales("500000", unit="JPY")]
    assert exposure_share(converted, both).share == Interval.exactly(0.03)  # its own currency first


def test_sales_of_another_part_of_the_company_are_no_base():
    found = exposure_share(cost("100"), [sales("500", scope="toys"), sales("4000")])
    assert found.share == Interval.exactly(0.025)
    assert exposure_share(cost("100"), [sales("500", scope="toys")]).share is None


# whole profiles


@pytest.fixture
def acme(facts):
    def known(prices=(), exposures=(), statements=(), financials=()):
        tables = {"prices": prices, "exposures": exposures, "statements": statements}
        narrowed = {name: tuple(rows) for name, rows in tables.items()}
        return replace(facts, **narrowed, financials=tuple(financials))

    return known


def test_a_later_figure_revises_an_earlier_one(acme):
    path = [
        cost("100", disclosed_on="2025-05-01", basis="net"),
        cost("70", disclosed_on="2025-08-01", basis="unstated"),
        cost("50", disclosed_on="2025-11-01", basis="unstated"),
    ]
    found = profile(acme(exposures=reversed(path)), "Acme")
    assert [entry.exposure.amount.low for entry in found.exposures] == [50]
    assert [row.amount.low for row in found.revisions] == [100, 70, 50]


def test_gross_and_net_stand_side_by_side(acme):
    rows = [
        cost("200", disclosed_on="2025-05-01", basis="gross"),
        cost("100", disclosed_on="2025-06-01", basis="net"),
    ]
    found = profile(acme(exposures=rows), "Acme")
    assert {e.basis: e.exposure.amount.low for e in found.exposures} == {
        Basis.GROSS: 200,
        Basis.NET: 100,
    }


def test_a_full_year_stands_before_a_part_of_one(acme):
    part = cost("80", disclosed_on="2025-09-01", starts_on="2025-07-01", period="H2 2025")
    full = cost("100", disclosed_on="2025-05-01")
    found = profile(acme(exposures=[full, part]), "Acme")
    assert [entry.exposure.amount.low for entry in found.exposures] == [100]
    alone = profile(acme(exposures=[part]), "Acme")
    assert [entry.exposure.amount.low for entry in alone.exposures] == [80]


@pytest.mark.parametrize(
    ("cells", "response", "price"),
    [
        ({}, "passes on", "10.0%"),
        ({"cause": "economy"}, OTHER_REASON, "10.0%"),
        ({"cause": "other"}, OTHER_REASON, "a rise, size not given"),
        ({"cause": "unstated"}, OTHER_REASON, "10.0%"),
        ({"market": "GBR"}, "nothing stated", "none known"),
        ({"announced_on": "2025-02-04"}, "passes on", "10.0%"),
        ({"announced_on": "2025-02-03"}, "nothing stated", "none known"),
    ],
)
def test_only_a_seller_that_names_the_tariff_passes_it_on(acme, cells, response, price):
    found = profile(acme(prices=[move(100, 110, **cells)]), "Acme")
    assert (found.response, found.price_words) == (response, price)


def test_a_rise_of_which_no_size_is_known_is_a_rise(acme):
    found = profile(acme(statements=[said("pass_on", "announced")]), "Acme")
    assert (found.price_move, found.price_words) == (None, "a rise, size not given")


def test_a_segment_is_no_figure_of_the_company(acme):
    found = profile(acme(exposures=[cost("100"), cost("60", segment="games")]), "Acme")
    assert [entry.exposure.amount.low for entry in found.exposures] == [100]
    assert [row.amount.low for row in found.revisions] == [100]


def test_a_profile_tells_its_vintages(acme):
    rows = [cost("100", vintage="first"), cost("70", vintage="revised", disclosed_on="2025-11-01")]
    found = profile(acme(exposures=rows), "Acme")
    assert list(found.to_frame()["vintage"]) == ["first", "revised"]
    assert "1 November 2025: $70, gross, 2025; all [s]" in found.explain()
    assert found.plot().get_figure() is not None


def test_a_statement_before_the_first_tariff_is_no_answer(acme):
    found = profile(acme(statements=[said("pass_on", "done", said_on="2025-02-03")]), "Acme")
    assert found.response == "nothing stated"


def test_the_price_move_spans_products_and_statements(acme):
    rows = [move(100, 105), move(200, 230)]
    told = [said("pass_on", "announced", price_change="0.04..0.2")]
    found = profile(acme(prices=rows, statements=told), "Acme")
    assert (found.price_move.low, found.price_move.high) == pytest.approx((0.04, 0.2))
    alone = profile(acme(prices=rows), "Acme")
    assert (alone.price_move.low, alone.price_move.high) == pytest.approx((0.05, 0.15))
    assert profile(acme(statements=[said("absorb", "done")]), "Acme").price_move is None


# the shipped facts


def test_the_companies_of_the_story(facts):
    found = {p.company: p for p in compare(facts).profiles}
    responses = {name: p.response for name, p in found.items()}
    assert responses["Sony"] == OTHER_REASON  # "a challenging economic environment"
    assert responses["Nintendo"] == responses["Monster Beverage"] == OTHER_REASON
    assert responses["PepsiCo"] == responses["Estée Lauder"] == "considering a rise"
    assert responses["Procter & Gamble"] == "passes on in part"  # a quarter of the items
    assert responses["Adidas"] == "passes on"
    assert "Firms in general" not in found
    sony = found["Sony"]
    assert [row.amount.low for row in sony.revisions] == [100e9, 70e9, 50e9]
    # 50bn of the February forecast of 12.3tn yen, the $50 on 700 and on 450
    assert sony.exposures[0].share.low == pytest.approx(50e9 / 12.3e12)
    assert (sony.price_move.low, sony.price_move.high) == pytest.approx((50 / 700, 50 / 450))
    lauder = {e.basis: e for e in found["Estée Lauder"].exposures}
    assert lauder[Basis.GROSS].share.high == float("inf")
    assert lauder[Basis.NET].share.high == pytest.approx(100e6 / 14_612_520_000)


def test_the_largest_known_exposure_comes_first(facts):
    frame = compare(facts).to_frame()
    largest = frame.groupby("company", sort=False)["low"].max()
    known = largest.dropna()
    assert list(known) == sorted(known, reverse=True)
    assert list(largest.index)[: len(known)] == list(known.index)  # the unknown last


def test_the_comparison_as_a_table(facts):
    compared = compare(facts)
    frame = compared.to_frame()
    assert set(frame["company"]) == {p.company for p in compared.profiles}
    with_share = frame.dropna(subset="low")
    assert (with_share["low"] <= with_share["high"]).all()
    responses = compared.responses()
    assert not responses.duplicated(["company", "response"]).any()
    counted = sum(int(part.rsplit(": ")[1].strip(".")) for part in compared.summary().split(";"))
    assert counted == len(compared.profiles)
    assert all(p.company in compared.explain() for p in compared.profiles)
    assert compared.plot().get_figure() is not None


def test_on_an_earlier_day_less_is_known(facts):
    then = compare(facts.as_of(date(2025, 8, 21)))
    sony = next(p for p in then.profiles if p.company == "Sony")
    assert [row.amount.low for row in sony.revisions] == [100e9, 70e9]
