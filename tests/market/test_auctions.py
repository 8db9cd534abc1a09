"""Second-score auctions against auctions drawn one by one, and their closed forms."""

import numpy as np
import pytest

from tariffimpact.errors import ModelError
from tariffimpact.market import Duties, calibrate_auction

PRODUCTS, FIRMS = ["a", "b", "c"], ["f", "f", "g"]


def observed(**changes):
    options = {"products": PRODUCTS, "firms": FIRMS, "prices": [10.0, 12.0, 9.0],
               "shares": [0.3, 0.2, 0.25], "margins": {"a": 0.3}} | changes  # fmt: skip
    return calibrate_auction(**options)


def test_what_was_observed_comes_out_and_firms_earn_one_margin_on_all_products():
    market = observed(duties=Duties([0.1, 0.0, 0.2], [0.0, 0.5, 0.0]))
    state = market.at(market.duties)
    assert state.prices == pytest.approx([10.0, 12.0, 9.0], rel=1e-12)
    assert state.shares == pytest.approx([0.3, 0.2, 0.25], rel=1e-12)
    assert state.margins[0] == pytest.approx(0.3, rel=1e-12)
    earned = state.prices - state.levy.cost
    assert earned[0] == pytest.approx(earned[1], rel=1e-12)


@pytest.mark.parametrize("duties", [Duties(), Duties([0.25, 0.0, 0.1])])
def test_a_million_auctions_drawn_from_the_definition_agree(duties):
    """Gumbel tastes; the best firm wins and is paid its lead over the best other or nothing."""
    market = observed()
    state = market.at(duties)
    alpha, rng = market.demand.price_coefficient, np.random.default_rng(1)
    draws = 1_000_000
    offer = market.demand.utility / alpha - state.levy.cost
    offer = offer + rng.gumbel(size=(draws, 3)) / alpha
    outside = rng.gumbel(size=draws) / alpha
    best_f, best_g = offer[:, :2].max(axis=1), offer[:, 2]
    winner = np.where((best_f > best_g) & (best_f > outside), offer[:, :2].argmax(axis=1),
                      np.where(best_g > outside, 2, 3))  # fmt: skip
    lead = np.where(winner < 2, best_f - np.maximum(best_g, outside),
                    best_g - np.maximum(best_f, outside))  # fmt: skip
    left = np.where(winner < 2, np.maximum(best_g, outside), np.maximum(best_f, outside))
    left = np.where(winner == 3, outside, left)
    for j in range(3):
        # standard errors are below 0.0005 and 0.01
        assert (winner == j).mean() == pytest.approx(state.shares[j], abs=0.002)
        paid = (state.levy.cost[j] + lead[winner == j]).mean()
        assert paid == pytest.approx(state.prices[j], abs=0.04)
    nothing = np.euler_gamma / alpha  # mean of the outside taste, which surplus is counted from
    assert left.mean() - nothing == pytest.approx(market.consumer_surplus(state), abs=0.03)


def test_a_small_duty_is_passed_on_as_the_derivative_says():
    """dp_a/dk_a = 1 + m'(S) dS/dk_a, with dS/dk_a = -alpha s_a (1 - S)."""
    market = observed()
    alpha, step = market.demand.price_coefficient, 1e-5
    up, down = (market.at(Duties(specific=[1 + x, 1, 1])) for x in (step, -step))
    shares = market.at(Duties(specific=1.0)).shares
    own = shares[0] + shares[1]
    slope = (own / (1 - own) + np.log(1 - own)) / (own**2 * alpha)
    expected = 1 - slope * alpha * shares[0] * (1 - own)
    assert (up.prices[0] - down.prices[0]) / (2 * step) == pytest.approx(expected, rel=1e-6)


def test_two_alike_firms_and_the_gains_from_trade():
    """S each: margin -log(1 - S)/(alpha S); buyers and sellers share all gains, log H/alpha."""
    market = calibrate_auction(products=["a", "b"], firms=["f", "g"], prices=[10.0, 10.0],
                               shares=[0.4, 0.4], margins={"a": 0.3}, size=50.0)  # fmt: skip
    alpha = market.demand.price_coefficient
    assert alpha == pytest.approx(-np.log(0.6) / (0.4 * 3.0), rel=1e-12)
    result = market.impose(Duties([0.2, 0.2]))
    assert result.after.prices[0] == pytest.approx(result.after.prices[1], rel=1e-12)
    for state in (result.before, result.after):
        outside = 1 - state.shares.sum()
        gains = 50 * -np.log(outside) / alpha
        assert market.consumer_surplus(state) + state.money()["profit"] == pytest.approx(gains)
    ledger = result.ledger()
    assert ledger.deadweight_loss > 0
    gains = ledger.consumers + ledger.firms + ledger.duty_revenue
    assert gains == pytest.approx(-ledger.deadweight_loss, rel=1e-9)
    money = result.after.money()
    assert money.pop("outlay") == pytest.approx(sum(money.values()), rel=1e-12)


def test_units_change_nothing_but_the_unit_and_results_answer_the_same_calls():
    plain = observed().impose(Duties(0.2))
    for money in (1e-4, 1e6):
        scaled = observed(prices=np.array([10.0, 12.0, 9.0]) * money, size=1e6)
        result = scaled.impose(Duties(0.2))
        assert result.price_change / money == pytest.approx(plain.price_change, rel=1e-9)
        assert result.after.quantities / 1e6 == pytest.approx(plain.after.quantities, rel=1e-9)
    assert plain.summary().startswith("Mean prices paid change by: a $")
    assert "Second-score" in plain.explain()
    assert len(plain.to_frame()) == 3
    assert plain.plot().get_figure() is not None


def test_several_margins_are_met_by_least_squares():
    market = observed(margins={"a": 0.3, "c": 0.2})
    lead = -np.log(0.5) / 0.5 / 10, -np.log(0.75) / 0.25 / 9
    scale = (lead[0] * 0.3 + lead[1] * 0.2) / (lead[0] ** 2 + lead[1] ** 2)
    assert 1 / market.demand.price_coefficient == pytest.approx(scale, rel=1e-12)


@pytest.mark.parametrize(("change", "words"), [
    ({"margins": {}}, "give at least one"),
    ({"margins": {"a": 1.0}}, "a: margin 1 is outside"),
    ({"shares": [0.5, 0.4, 0.2]}, "sum to 1.1"),
    ({"margins": {"b": 0.9}}, "cost with duty: a has -0.8"),
    ({"duties": Duties(0.0, 8.0)}, "unit_cost: a has -1"),
    ({"firms": ["f", "", "g"]}, "b has no firm"),
])  # fmt: skip
def test_bad_input_is_named(change, words):
    with pytest.raises(ModelError, match=words):
        observed(**change)
