"""Asked of a market: ties, whose welfare, shocks to cost, no outside good, many markets."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from market_conditions import FIRMS, NAMES, PRICES, SHARES, observed
from scipy.optimize import brentq, minimize_scalar

from tariffimpact.errors import ModelError, NoEquilibrium
from tariffimpact.interval import Interval
from tariffimpact.market import (
    Duties,
    LogitDemand,
    Market,
    Quota,
    Tie,
    calibrate,
    calibrate_each,
    market_model,
    read_products,
    solve_ces,
    solve_logit,
)
from tariffimpact.uncertainty import bounds, draws

RATE = Duties([0.25, 0.0, 0.0, 0.0, 0.0])


@pytest.mark.parametrize("by", ["change", "ratio"])
@pytest.mark.parametrize("system", ["logit", "ces", "nested_logit", "linear", "aids"])
def test_tied_prices_move_as_one_and_no_other_move_earns_more(system, by):
    """A washer and its dryer: one number for both, the best by a search, rivals at theirs."""
    market = observed(system, duties=Duties())
    result = market.impose(RATE, ties=[Tie(products=("a", "b"), by=by)])
    old, new = result.before.prices, result.after.prices
    moved = (new - old if by == "change" else new / old)[:2]
    assert moved[0] == pytest.approx(moved[1], rel=1e-9)
    levy, demand = result.after.levy, market.demand

    def loss(x):
        prices = new.copy()
        prices[:2] = old[:2] + x if by == "change" else old[:2] * x
        return -(levy.profit(prices) * demand.quantities(prices))[:2].sum()

    spread = 10 if by == "change" else 0.1
    found = minimize_scalar(loss, bounds=(moved[0] - spread, moved[0] + spread),
                            method="bounded", options={"xatol": 1e-10})  # fmt: skip
    assert found.x == pytest.approx(moved[0], abs=1e-5 * spread)
    free = market.residual(new, RATE)
    assert np.abs(free[2:]).max() < 1e-9  # the others meet their own conditions
    assert abs(free[0]) > 1e-4  # and a alone would move
    assert "Prices moved together: a and b" in result.explain()
    with pytest.raises(ModelError, match="tied"):
        result.after.pass_through()


@pytest.mark.parametrize(("ties", "words"), [
    ([Tie(products=("a", "c"))], "are products of f, g; only one maker"),
    ([Tie(products=("a", "z"))], "z is no product"),
    ([Tie(products=("a", "b")), Tie(products=("b", "a"))], "is in two ties"),
])  # fmt: skip
def test_ties_that_make_no_sense_are_named(ties, words):
    with pytest.raises(ModelError, match=words):
        observed("logit").impose(RATE, ties=ties)
    with pytest.raises(ModelError, match="not two products"):
        Tie(products=("a",))
    with pytest.raises(ModelError, match="hold, ties: a is under both"):
        observed("logit").impose(RATE, ties=[Tie(products=("a", "b"))], hold={"a": 100.0})
    with pytest.raises(ModelError, match="not under cournot"):
        observed("logit", conduct="cournot").impose(RATE, ties=[Tie(products=("a", "b"))])


def test_the_nation_and_the_world_are_sums_of_their_parts():
    market = observed("logit", reading="border_price", duties=Duties())
    quota = Quota(products="c", limit=0.1, rent_to="exporter")
    result = market.impose(Duties([0.25, 0.1, 0, 0, 0]), quotas=[quota])
    ledger = result.ledger(home=["g", "h"])
    book = ledger.entries()
    rise = result.after.profit - result.before.profit
    assert ledger.home_firms == pytest.approx(rise[2:].sum(), rel=1e-12)
    assert ledger.foreign_firms == pytest.approx(rise[:2].sum(), rel=1e-12)
    assert ledger.national == pytest.approx(
        ledger.consumers + rise[2:].sum() + ledger.duty_revenue, rel=1e-12
    )  # the rent goes abroad
    assert ledger.world == pytest.approx(-ledger.deadweight_loss, rel=1e-9)
    rent = ledger.quota_rent["exporter"]
    assert book["national welfare"] + ledger.foreign_firms + rent == pytest.approx(ledger.world)
    border = [s.prices - s.duty - s.licence_price for s in (result.before, result.after)]
    gain = ((border[0] - border[1]) * result.after.quantities)[:2].sum()
    assert ledger.terms_of_trade == pytest.approx(gain, rel=1e-12)
    assert gain > 0  # makers abroad cut their border prices
    assert "National welfare" in ledger.summary()
    assert "home" in ledger.explain()
    with pytest.raises(ModelError, match="home: z sells nothing in this market"):
        result.ledger(home=["z"])


def test_costs_and_exchange_rates_move_costs_as_a_duty_of_the_same_size_does():
    market = observed("logit", duties=Duties())
    taxed = market.impose(Duties([0.2, 0.2, 0, 0, 0]))
    dearer = market.impose(Duties(), exchange_rate={"a": 1.2, "b": 1.2})
    assert dearer.after.prices == pytest.approx(taxed.after.prices, rel=1e-12)
    same = market.impose(Duties(), costs={"a": 1.2 * market.unit_cost[0],
                                          "b": 1.2 * market.unit_cost[1]})  # fmt: skip
    assert same.after.prices == pytest.approx(taxed.after.prices, rel=1e-12)
    ledger = dearer.ledger()
    assert ledger.duty_revenue == 0
    extra = 0.2 * market.unit_cost[:2] @ dearer.after.quantities[:2]
    assert ledger.dearer_inputs == pytest.approx(extra, rel=1e-12)
    assert ledger.deadweight_loss == pytest.approx(taxed.ledger().deadweight_loss, rel=1e-8)
    assert "dearer inputs" in ledger.summary()
    with pytest.raises(ModelError, match="costs: z is no product"):
        market.impose(Duties(), costs={"z": 1.0})
    with pytest.raises(ModelError, match="exchange_rate: a has 0"):
        market.impose(Duties(), exchange_rate={"a": 0.0})


@pytest.mark.parametrize("demand", ["logit", "ces"])
def test_without_an_outside_good_two_equal_firms_split_the_market(demand):
    """Logit: markup 1/(alpha (1 - 1/2)) = 2/alpha; CES: p/(p - k) = eta - (eta - 1)/2."""
    market = calibrate(products=["a", "b"], firms=["f", "g"], prices=[10.0, 10.0],
                       quantities=[3.0, 3.0], outside_share=0, margins={"a": 0.25},
                       demand=demand)  # fmt: skip
    slope = next(iter(market.fit.parameters.values()))
    assert slope == pytest.approx(2 / 2.5 if demand == "logit" else 7.0, rel=1e-9)
    result = market.impose(Duties(0.2))
    if demand == "logit":  # nobody can leave: a cost of all is passed on in full
        assert result.price_change == pytest.approx(0.2 * market.unit_cost, rel=1e-9)
        assert result.after.quantities.sum() == pytest.approx(6.0, rel=1e-12)
        assert result.consumer_loss == pytest.approx(6 * 0.2 * 7.5, rel=1e-9)
    else:
        assert result.after.prices == pytest.approx(1.2 * result.before.prices, rel=1e-9)
    uneven = market.impose_each(Duties([[0.2, 0.0], [0.1, 0.3]]))
    for row, rate in enumerate(([0.2, 0.0], [0.1, 0.3])):
        alone = market.impose(Duties(rate))
        assert uneven.after.prices[row] == pytest.approx(alone.after.prices, rel=1e-9)
        gap = market.residual(alone.after.prices, Duties(rate))
        assert np.abs(gap).max() < 1e-9
    with pytest.raises(NoEquilibrium, match="buyers must buy one"):
        calibrate(products=["a", "b"], firms=["f", "f"], prices=[10.0, 10.0], margins={"a": 0.2},
                  quantities=[3.0, 3.0], outside_share=0, demand=demand)  # fmt: skip


@pytest.mark.parametrize("demand", ["logit", "ces", "linear"])
def test_the_market_elasticity_asked_for_is_that_of_the_market(demand):
    options = {"products": NAMES, "firms": FIRMS, "prices": PRICES, "margins": {"a": 0.3}}
    reach = {"logit": 1.2, "ces": 1.5, "linear": 0.8}[demand]
    market = calibrate(quantities=100 * SHARES, market_elasticity=reach, demand=demand, **options)
    up, down = (market.demand.quantities(PRICES * (1 + h)).sum() for h in (1e-6, -1e-6))
    assert -(np.log(up) - np.log(down)) / 2e-6 == pytest.approx(reach, rel=1e-6)
    outside = market.fit.parameters["outside_share"]
    same = calibrate(quantities=100 * SHARES, outside_share=outside, demand=demand, **options)
    assert same.equilibrium(RATE).prices == pytest.approx(market.equilibrium(RATE).prices, rel=1e-8)
    with pytest.raises(ModelError, match="out of reach: with these margins it lies between"):
        calibrate(quantities=100 * SHARES, market_elasticity=400.0, demand=demand, **options)
    with pytest.raises(ModelError, match="in place of outside_share"):
        calibrate(quantities=SHARES, market_elasticity=1.0, outside_share=0.5, **options)


def test_a_missed_margin_is_told_by_every_answer_made_from_it():
    market = observed("logit", margins={"a": 0.3, "e": 0.8}, duties=Duties())
    assert market.fit.poor
    words = "The calibration misses margins: "
    result, many = market.impose(RATE), market.impose_each(Duties([[0.1], [0.2]]))
    for answer in (market, result, many):
        assert words in answer.summary()
        assert words in answer.explain() or "by minimum distance" in answer.explain()
    assert words not in observed("logit", duties=Duties()).impose(RATE).summary()


def test_a_frame_mappings_and_arrays_say_the_same():
    frame = pd.DataFrame(
        {
            "product": NAMES,
            "firm": FIRMS,
            "price": PRICES,
            "share": SHARES,
            "margin": [0.3, *[np.nan] * 4],
            "ad_valorem": [0.1, 0, 0.05, 0, 0],
        }
    )
    arrays = observed("logit")
    named = calibrate(
        prices=dict(zip(NAMES, PRICES, strict=True)), firms=dict(zip(NAMES, FIRMS, strict=True)),
        shares=dict(zip(NAMES, SHARES, strict=True)), margins={"a": 0.3},
        duties=Duties({"a": 0.1, "c": 0.05}), ownership={"f": {"g": 0.0}},
    )  # fmt: skip
    for market in (calibrate(frame), named):
        assert market.unit_cost == pytest.approx(arrays.unit_cost, rel=1e-12)
        assert market.equilibrium(RATE).prices == pytest.approx(arrays.equilibrium(RATE).prices)
    with pytest.raises(ModelError, match="price is a column, and prices is given too"):
        calibrate(frame, prices=PRICES)
    with pytest.raises(ModelError, match="no column firm"):
        calibrate(frame.drop(columns="firm"))
    with pytest.raises(ModelError, match="ownership: z sells nothing"):
        calibrate(frame, ownership={"z": {"f": 0.3}})
    with pytest.raises(ModelError, match=r"share 1\.2 is above 1"):
        calibrate(frame.assign(share=[1.2, 0.1, 0.1, 0.1, 0.1]))
    result = arrays.impose(RATE)
    table = result.to_table("share")
    assert list(table) == ["before", "after", "change"]
    assert table["change"].sum() == pytest.approx(
        result.after.shares.sum() - result.before.shares.sum()
    )
    assert "\\begin{tabular}" in table.to_latex() if _has_jinja() else True
    matrix = result.before.labelled(result.before.pass_through())
    assert matrix.loc["a", "b"] == result.before.pass_through()[0, 1]


def _has_jinja():
    try:
        import jinja2  # noqa: F401
    except ImportError:
        return False
    return True


def test_percent_written_as_a_number_is_refused():
    for given in (25, [0.1, 15.0], {"a": 145}):
        with pytest.raises(ModelError, match="is a fraction"):
            Duties(given).sized(["a", "b"])
    assert Duties(2.99).sized(["a"]).rate[0] == 2.99


def test_a_customs_value_has_no_part_where_the_duty_falls_on_the_border_price():
    with pytest.raises(ModelError, match="customs_value: under the reading 'border_price'"):
        observed("logit", customs_value=PRICES / 2, reading="border_price")


@pytest.mark.parametrize("reading", ["customs_value", "border_price"])
def test_a_margin_on_the_net_price_is_what_the_maker_keeps_of_it(reading):
    """(p - d - c)/(p - d), d the duty per unit: under a border price (w - c)/w."""
    market = observed("logit", margins={"a": 0.3}, margin_on="net_price", reading=reading,
                      duties=Duties([0.25, 0, 0, 0, 0]))  # fmt: skip
    state = market.equilibrium()
    net = state.prices[0] - state.duty[0]
    assert (net - market.unit_cost[0]) / net == pytest.approx(0.3, rel=1e-9)


@pytest.mark.parametrize("demand", ["logit", "ces"])
def test_many_markets_calibrated_at_once_are_those_calibrated_alone(demand):
    rng = np.random.default_rng(0)
    markets, firms = np.repeat(np.arange(6), 4), np.tile(list("ffgh"), 6)
    prices, sold = rng.uniform(8, 12, 24), rng.uniform(1, 4, 24)
    margin = np.where(np.arange(24) % 4 == 0, 0.3, np.nan)
    margin[5] = 0.35
    rate = rng.uniform(0, 0.3, 24)
    found = calibrate_each(prices=prices, quantities=sold, outside_share=0.4, margins=margin,
                           firms=firms, markets=markets, rate=rate / 2, demand=demand)  # fmt: skip
    assert found.solved.all()
    before, after = found.impose(rate / 2), found.impose(rate)
    assert before.prices == pytest.approx(prices, rel=1e-9)
    loss, book = after.consumer_loss(before), after.firms_frame()
    for m in range(6):
        at = markets == m
        alone = calibrate(products=list("abcd"), firms=firms[at], prices=prices[at],
                          quantities=sold[at], outside_share=0.4, margins=margin[at],
                          duties=Duties(rate[at] / 2), demand=demand)  # fmt: skip
        result = alone.impose(Duties(rate[at]))
        size = getattr(alone.demand, "expenditure" if demand == "ces" else "market_size")
        assert after.prices[at] == pytest.approx(result.after.prices, rel=1e-8)
        assert after.quantities[at] * size == pytest.approx(result.after.quantities, rel=1e-8)
        assert after.profit[at] * size == pytest.approx(result.after.profit, rel=1e-7)
        assert loss[m] * size == pytest.approx(result.consumer_loss, rel=1e-7)
        duty = after.duty_revenue(rate * found.unit_cost)[m] * size
        assert duty == pytest.approx(result.after.money()["duty_revenue"], rel=1e-7)
        profit = book[book["market"] == str(m)]["profit"].to_numpy() * size
        firm = result.firms_frame()["profit_after"].to_numpy()
        assert profit == pytest.approx(firm, rel=1e-7)
    bad = calibrate_each(prices=[1.0, 100.0], quantities=[3.0, 3.0], outside_share=0.4,
                         margins=[np.nan, 0.9], firms=["f", "f"])  # fmt: skip
    assert not bad.solved.any()
    assert np.isnan(bad.impose(0.1).prices).all()
    assert bad.summary() == "0 of 1 markets calibrated to their margins."


@pytest.mark.parametrize("outside_good", [True, False])
def test_shares_of_a_nested_batch_are_those_of_the_demand(outside_good):
    rng = np.random.default_rng(4)
    nest, level, cost = np.array([0, 1, 0, 1, 2]), rng.normal(1, 1, 5), rng.uniform(1, 2, 5)
    options = {"firms": list("fgfhg"), "cost": cost, "nests": nest, "nesting": 0.4,
               "outside_good": outside_good}  # fmt: skip
    for solve, kind in ((solve_logit, "logit"), (solve_ces, "ces")):
        given = {"price_coefficient": 1.0, "utility": level} if kind == "logit" else {
            "elasticity": 4.0, "log_quality": level}  # fmt: skip
        found = solve(**given, **options)
        assert found.solved.all()
        assert found.by_market(found.shares)[0] < 1 if outside_good else True
        if not outside_good:
            assert found.shares.sum() == pytest.approx(1.0, rel=1e-12)
        if kind == "logit":
            demand = LogitDemand(level, 1.0, 1.0, nest, 0.4, outside_good)
            assert found.shares == pytest.approx(demand.shares(found.prices), rel=1e-10)
            market = Market(products=NAMES, firms=list("fgfhg"), unit_cost=cost, demand=demand)
            assert found.prices == pytest.approx(market.equilibrium().prices, rel=1e-9)
            assert np.abs(market.residual(found.prices)).max() < 1e-9


def test_a_monopolist_of_a_nestless_pair_by_its_own_equation():
    """p - k = (1 + z)/alpha with z exp(z) = T/e: one root, by bisection."""
    market = Market(products=["a", "b"], firms=["f", "f"], unit_cost=[1.0, 2.0],
                    demand=LogitDemand([3.0, 3.5], 1.0))  # fmt: skip
    worth = np.exp(3.0 - 1.0) + np.exp(3.5 - 2.0)
    odds = brentq(lambda z: z * np.exp(z) - worth / np.e, 0, 10)
    assert market.equilibrium().prices - [1.0, 2.0] == pytest.approx(1 + odds, rel=1e-12)


def test_the_market_needs_no_pydantic_and_no_fact():
    code = ("import sys, tariffimpact.market as m; "
            "m.calibrate(products=['a'], firms=['f'], prices=[1.0], shares=[0.4], margins=[0.5]); "
            "print([n for n in ('pydantic', 'tariffimpact.facts', 'pandas', 'matplotlib') "
            "if n in sys.modules])")  # fmt: skip
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_bounds_and_draws_take_a_market_as_it_is():
    """Margins, outside share, nesting and a stake: ends at corners are those solved there."""
    known = {"products": list("abc"), "firms": list("fgh"), "prices": [100.0, 90.0, 110.0],
             "quantities": [3.0, 2.0, 2.0], "nests": list("nnm")}  # fmt: skip
    inputs = {"outside_share": Interval(0.3, 0.5), "margin:a": Interval(0.3, 0.4),
              "nesting": Interval(0.1, 0.4), "stake:f:g": Interval(0.0, 0.2)}  # fmt: skip
    plain = {name: value for name, value in known.items() if name != "nests"}
    model = market_model("price_change", of="a", duties=Duties({"a": 0.2}), **plain)
    found = bounds(model, {"outside_share": 0.4, "margin:a": Interval(0.3, 0.4)}, lines=1)
    ends = [model(outside_share=0.4, **{"margin:a": m}) for m in (0.3, 0.4)]
    assert [found.low, found.high] == pytest.approx(sorted(ends), rel=1e-9)
    many = draws(market_model("national_welfare", duties=Duties({"a": 0.2}), home=["g"], **known),
                 inputs, n=12, seed=1)  # fmt: skip
    assert np.isfinite(many.values).all()
    with pytest.raises(ModelError, match="colour: no input of a market"):
        market_model("price", of="a", duties=Duties(0.1), **known)(colour=1.0)
    with pytest.raises(ModelError, match="measure: happiness is none of price"):
        market_model("happiness", duties=Duties(0.1), **known)


def test_products_come_from_text_and_frames_too(tmp_path):
    frame = pd.DataFrame(
        {
            "product": ["a", "b"],
            "firm": ["f", "g"],
            "price": [100.0, 90.0],
            "quantity": ["3..4", "2"],
            "margin": [0.4, np.nan],
        }
    )
    frame.to_csv(tmp_path / "p.csv", index=False)
    for given in (frame, str(tmp_path / "p.csv"), tmp_path / "p.csv"):
        table = read_products(given)
        assert table.high["quantity"].tolist() == [4.0, 2.0]
        assert np.isnan(table.low["margin"]).tolist() == [False, True]
