"""From a duty to earnings: published figures, a textbook trader, brute force over ranges."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from sampled import examples
from tariffimpact.decisions.bridge import Imports, Offset, Window, bridge
from tariffimpact.decisions.duty_cost import added_duty, base_from_sensitivity
from tariffimpact.decisions.stock import FLOWS, months_on_new_cost, share_on_new_cost
from tariffimpact.errors import ModelError
from tariffimpact.interval import Interval


def figures(found):
    return {figure.key: figure for figure in found.figures()}


def test_deckers():
    """$150m unmitigated, half of it offset, on sales of $5,350m: 280 and 140 basis points."""
    found = bridge(
        gross=150e6, offsets=[Offset("other", 0.5, is_share=True)], accounts={"sales": 5350e6}
    )
    known = figures(found)
    assert known["gross_bp"].value.low == pytest.approx(280, abs=0.5)
    assert known["net_bp"].value.low == pytest.approx(140, abs=0.5)
    assert "280 basis points of sales, and $75m net" in found.summary()


def test_a_rule_of_thumb():
    """$17m for each 10 points is a base of $170m; 30 points of it are $51m."""
    base = base_from_sensitivity(cost=17e6, points=0.10)
    assert base.low == pytest.approx(170e6, rel=1e-12)
    found = bridge(imports=[Imports(base, 0.30)])
    assert found.gross.low == pytest.approx(51e6, rel=1e-12)


def test_general_motors():
    """$56bn at 25% for eight months of the year is $9.33bn."""
    gross = bridge(imports=[Imports(56e9, 0.25)], months=8).gross
    assert gross.low == gross.high == pytest.approx(56e9 / 4 * 2 / 3, rel=1e-12)


@pytest.mark.parametrize(
    ("net", "sales", "points"),
    [(160e6, 7.2e9, 222), (240e6, 10.9e9, 220)],
    ids=["Tapestry", "Lululemon"],
)
def test_a_net_figure_over_sales(net, sales, points):
    """$160m on $7.2bn is 2.2%; $240m is 220 basis points of Lululemon's sales."""
    assert figures(bridge(net=net, accounts={"sales": sales}))["net_bp"].value.low == pytest.approx(
        points, abs=0.5
    )


def trader(**changes):
    """P = 80 - 0.0001 Q, import cost 32, other 8, fixed 2.5m: at P 60, Q is 200,000."""
    accounts = {"sales": 60 * 2e5, "cost_of_goods": 40 * 2e5, "fixed_cost": 2.5e6}
    imports = [Imports(32 * 2e5, 0.25)]
    return bridge(
        imports=imports, accounts=accounts, demand_elasticity=1e4 * 60 / 2e5, demand="linear",
        **changes,
    )  # fmt: skip


def test_the_steel_trader():
    """60 to 64, 200,000 to 160,000 tonnes; contribution 4m to 2.56m, profit 1.5m to 0.06m."""
    known = figures(trader())
    expected = {
        "gross": 1.6e6, "rise_best": 4 / 60, "contribution_before": 4e6,
        "contribution_best": (64 - 48) * 160_000, "contribution_change": -0.36,
        "income_before": 1.5e6, "income_best": 0.06e6, "income_change": -0.96,
    }  # fmt: skip
    for key, value in expected.items():
        assert known[key].value.low == known[key].value.high == pytest.approx(value, rel=1e-9), key
    assert known["rise_income"].value is None
    assert "No price holds operating income" in trader().summary()
    assert trader().to_frame().set_index("figure").loc["rise_income", "no_answer"] == 1.0


def test_what_a_rise_holds():
    """Gross profit in money needs D/S, the margin in per cent D/C; income (S(1+x)-C-D)q = S-C."""
    accounts = {"sales": 100.0, "cost_of_goods": 50.0, "fixed_cost": 20.0}
    known = figures(bridge(gross=12.5, accounts=accounts, demand_elasticity=0.5))
    assert known["rise_dollar"].value.low == pytest.approx(0.125)
    assert known["rise_percent"].value.low == pytest.approx(0.25)
    x = known["rise_income"].value.low
    assert (100 * (1 + x) - 62.5) * (1 + x) ** -0.5 == pytest.approx(50, rel=1e-12)
    assert x == pytest.approx(0.164578, abs=5e-7)


def test_per_share_and_income():
    accounts = {"operating_income": 400e6, "tax_rate": 0.25, "shares_outstanding": 50e6}
    known = figures(bridge(gross=100e6, net=60e6, accounts=accounts))
    assert known["per_share"].value.low == pytest.approx(60 * 0.75 / 50)
    assert known["of_income"].value.low == pytest.approx(0.15)
    assert known["income_after"].value.low == pytest.approx(340e6)
    assert known["offsets"].value.low == pytest.approx(40e6)
    assert known["mitigated"].value.low == pytest.approx(0.4)


@pytest.mark.parametrize("basis", ["gross", "net"])
def test_a_cost_said_to_be_up_to_a_sum_starts_at_nothing(basis):
    """Up to $100m on sales of $5bn: 0 to 200 basis points, a rise of 0% to 2%."""
    found = figures(bridge(**{basis: Interval(0.0, 100.0)}, accounts={"sales": 5_000.0}))
    for name, high in ((f"{basis}_bp", 200.0), ("rise_dollar", 0.02)):
        assert (found[name].value.low, found[name].value.high) == pytest.approx((0.0, high))
    with pytest.raises(ModelError, match=f"{basis} is 0; leave it out"):
        bridge(**{basis: 0.0})


def test_what_a_price_has_to_bear():
    """The offset by price stays in it; the others come off."""
    offsets = [Offset("price", 20.0, is_share=False), Offset("vendors", 0.3, is_share=True)]
    known = figures(bridge(gross=100.0, offsets=offsets, accounts={"sales": 1000.0}))
    assert known["net"].value.low == pytest.approx(50.0)
    assert known["rise_dollar"].value.low == pytest.approx(0.07)


@examples(4)
@given(st.data())
def test_accounting_over_ranges_is_what_its_corners_give(data):
    """Every figure's ends are attained at corners of the ranges, and nowhere beyond."""
    spans = {
        "value": data.draw(spread(1e6, 1e9)), "change": data.draw(spread(0.05, 0.5)),
        "months": data.draw(spread(3, 12)), "price": data.draw(spread(0.0, 0.5)),
        "vendors": data.draw(spread(0.0, 5e3)), "sales": data.draw(spread(1e9, 1e10)),
        "shares": data.draw(spread(1e6, 1e8)), "tax": data.draw(spread(0.0, 0.4)),
    }  # fmt: skip

    def at(x):
        return bridge(
            imports=[Imports(x["value"], x["change"], "CHN"), Imports(2e6, x["change"], "VNM")],
            offsets=[Offset("price", x["price"], True), Offset("vendors", x["vendors"], False)],
            months=x["months"],
            accounts={
                "sales": x["sales"], "shares_outstanding": x["shares"], "tax_rate": x["tax"],
            },
        )  # fmt: skip

    whole = figures(at(spans))
    corners = [
        figures(at(dict(zip(spans, corner, strict=True))))
        for corner in itertools.product(*((x.low, x.high) for x in spans.values()))
    ]
    for key in ("duty_CHN", "gross", "net", "gross_bp", "net_bp", "per_share", "rise_dollar"):
        # `change` stands once for each origin, so only its common corners are attained
        low, high = (end([c[key].value.low for c in corners]) for end in (min, max))
        assert whole[key].value.low == pytest.approx(low, rel=1e-9, abs=1e-9), key
        assert whole[key].value.high == pytest.approx(high, rel=1e-9, abs=1e-9), key


def spread(low, high):
    ends = st.tuples(st.floats(low, high), st.floats(low, high))
    return ends.map(lambda pair: Interval(min(pair), max(pair)))


@examples(40)
@given(st.sampled_from(FLOWS), st.floats(0.3, 8), st.floats(0, 14))
def test_months_on_the_new_cost_are_the_integral_of_the_share(flow, stock, months):
    def share(t):
        return share_on_new_cost(month=t, months_of_stock=stock, flow=flow)

    kinks = [x for x in (stock,) if 0 < x < months]
    area, _ = quad(share, 0, months, points=kinks or None, limit=200)
    found = months_on_new_cost(months=months, months_of_stock=stock, flow=flow)
    assert found == pytest.approx(area, abs=1e-6)  # quadrature's own error at the kink


def test_quarters_through_three_months_of_stock():
    """The first quarter books half of its duty, the rest waits; later ones book all of theirs."""
    frame = bridge(gross=120.0, accounts={"sales": 4000.0}, months_of_stock=3).quarters()
    assert frame["charged_low"].tolist() == [30.0] * 4
    np.testing.assert_allclose(frame["booked_low"], [15, 30, 30, 30])
    np.testing.assert_allclose(frame["in_stock_high"], [15.0] * 4)
    np.testing.assert_allclose(frame["net_bp_low"], [150, 300, 300, 300])


def test_what_is_charged_is_booked_or_in_stock():
    found = bridge(gross=120.0, months_of_stock=2.5, front_loaded_months=1.7, flow="average")
    frame = found.quarters(6)
    charged, booked = frame["charged_low"].cumsum(), frame["booked_low"].cumsum()
    np.testing.assert_allclose(charged - booked, frame["in_stock_low"], rtol=1e-12)
    assert charged.iloc[0] == pytest.approx(120 / 12 * (3 - 1.7))


def test_longer_stock_books_later():
    found = bridge(gross=120.0, months_of_stock=Interval(2, 4)).quarters(1).iloc[0]
    ends = [
        bridge(gross=120.0, months_of_stock=m).quarters(1).iloc[0]["booked_low"] for m in (4, 2)
    ]
    assert [found["booked_low"], found["booked_high"]] == pytest.approx(ends)


def test_the_input_that_decides_is_named():
    found = bridge(gross=Interval(100e6, 110e6), accounts={"sales": Interval(4e9, 6e9)})
    assert found.driver == "sales"
    assert "What moves the answer most is the sales ($4bn to $6bn)." in found.summary()
    assert bridge(gross=1.0).driver is None


def test_an_open_end_stays_open():
    """Above $200m gross and $100m net: half or more is taken back, and no more than all."""
    found = bridge(gross=Interval(200e6, math.inf), net=100e6, accounts={"sales": 14e9})
    assert (found.mitigated.low, found.mitigated.high) == (0.5, 1.0)
    assert "$200m or more gross" in found.summary()


def test_an_announced_rise_is_set_against_the_gross():
    found = bridge(gross=100e6, accounts={"sales": 5e9}, price_rise=0.01)
    assert "brings in $50m at the same volume, 50.0% of the gross cost" in found.summary()


def test_an_annual_rate_is_not_said_to_be_the_cost_of_the_year():
    """A company that gives a rate for twelve months has not said what the year cost it."""
    rate, year = (
        bridge(gross=8e8, gross_window=Window("2025", annualised=is_rate))
        for is_rate in (True, False)
    )
    assert rate.summary().startswith("In a year at the rate of 2025 the tariff costs $800m gross")
    assert year.summary().startswith("In 2025 the tariff costs $800m gross")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "there is no cost: give gross"),
        ({"gross": 1.0, "imports": [Imports(1.0, 0.1)]}, "keep one of them"),
        ({"net": 1.0, "offsets": [Offset("price", 0.1, True)]}, "counts them twice"),
        ({"gross": 2.0, "net": 1.0, "offsets": [Offset("price", 0.1, True)]}, "one thing twice"),
        ({"gross": 1.0, "net": 2.0}, "is above the gross"),
        ({"gross": 1.0, "offsets": [Offset("price", 2.0, False)]}, "more than the gross cost"),
        ({"gross": 1.0, "offsets": [Offset("price", 1.1, True)]}, "110% of it at least"),
        ({"gross": 1.0, "offsets": [Offset("price", 0.1, True)] * 2}, "stands twice"),
        ({"gross": 1.0, "accounts": {"tax_rate": 0.2}}, "the shares outstanding are not known"),
        ({"gross": 1.0, "accounts": {"turnover": 1.0}}, "accounts have no turnover"),
        ({"gross": 1.0, "accounts": {"sales": 1.0, "cost_of_goods": 1.0}}, "no margin to hold"),
        ({"gross": 1.0, "months": 13}, "months must be at most 12"),
        ({"gross": -1.0}, "gross must be at least 0"),
        ({"imports": [Imports(1.0, 0.1, "CHN")] * 2}, "add the two up"),
        ({"gross": 1.0, "months_of_stock": 1.0, "flow": "lifo"}, "flow must be one of"),
        (
            {
                "gross": 2.0, "net": 1.0,
                "gross_window": Window("H2 2025"), "net_window": Window("2025"),
            },
            "the gross figure is of H2 2025 and the net of 2025",
        ),
        (
            {
                "gross": 2.0, "net": 1.0,
                "gross_window": Window("2025", annualised=True), "net_window": Window("2025"),
            },
            "an annual rate of 2025",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_the_remedy(arguments, words):
    with pytest.raises(ModelError) as raised:
        bridge(**arguments)
    assert words in str(raised.value)
    assert ";" in str(raised.value) or ":" in str(raised.value)


def test_quarters_ask_for_the_stock():
    with pytest.raises(ModelError, match="needs the months of stock"):
        bridge(gross=1.0).quarters()


def test_added_duty_by_origin_adds_up():
    parts = [
        added_duty(customs_value=v, tariff_change=t, months=6) for v, t in ((4, 0.5), (8, 0.25))
    ]
    found = bridge(imports=[Imports(4, 0.5, "CHN"), Imports(8, 0.25, "VNM")], months=6)
    assert found.gross == parts[0] + parts[1]
    assert figures(found)["duty_CHN"].value == parts[0]
    assert "Duty on goods from China" in found.to_frame()["label"].tolist()


def test_a_cost_that_alone_is_a_range_is_not_said_to_move_the_answer():
    told = bridge(
        gross=Interval(20e6, 25e6), accounts={"sales": 400e6, "headwind": Interval(0.02, 0.03)}
    )
    assert "What moves the answer most" not in told.summary()
    both = bridge(gross=Interval(20e6, 25e6), accounts={"sales": Interval(300e6, 500e6)})
    assert "What moves the answer most is the sales" in both.summary()
