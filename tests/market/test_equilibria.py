"""Equilibria against closed forms, residuals written from scratch, limits and differences."""

import numpy as np
import pytest
from market_conditions import (
    FIRMS,
    NAMES,
    NEW,
    PRICES,
    SYSTEMS,
    logit_gap,
    logit_shares,
    numeric_gain,
    observed,
)
from scipy.special import lambertw

from tariffimpact.errors import ModelError
from tariffimpact.market import (
    CesDemand,
    Duties,
    LinearDemand,
    LogitDemand,
    LogLinearDemand,
    Market,
)
from tariffimpact.market.solvers.maxima import off_maximum

SOLVED = pytest.mark.parametrize(
    ("system", "reading"),
    [(name, reading) for name in SYSTEMS for reading in ("customs_value", "border_price")],
)


@pytest.fixture(params=list(SYSTEMS))
def system(request):
    return request.param


@pytest.mark.parametrize("reading", ["customs_value", "border_price"])
def test_a_calibrated_market_reproduces_what_was_observed(system, reading):
    state = observed(system, reading=reading).equilibrium()
    assert state.prices == pytest.approx(PRICES, rel=1e-10)
    assert state.margins[0] == pytest.approx(0.3, abs=1e-9)


@SOLVED
def test_no_firm_gains_by_moving_one_price(system, reading):
    market = observed(system, reading=reading)
    after = market.impose(NEW).after
    for firm in set(market.firms):
        assert numeric_gain(market, after, firm) < 1e-12


def test_cournot_prices_leave_no_gain_from_moving_one_quantity():
    """Residual from scratch: m_j = (1 + S_f/s_0)/alpha for logit in quantities."""
    market = observed("logit", conduct="cournot", duties=Duties())
    after = market.impose(Duties([0.3, 0, 0, 0, 0])).after
    alpha = market.demand.price_coefficient
    share = logit_shares(market.demand.utility, alpha, after.prices)
    own = np.array([share[[f == g for g in FIRMS]].sum() for f in FIRMS])
    markup = (1 + own / (1 - share.sum())) / alpha
    assert after.prices - after.game.cost == pytest.approx(markup, rel=1e-10)


def test_jacobian_and_elasticities_match_finite_differences(system):
    step = 1e-6
    for conduct in ("bertrand", "cournot"):
        market = observed(system, conduct=conduct)
        game = market.game(market.levy(market.duties))
        moves = np.exp(step * np.eye(5))
        up = np.array([game.residual(PRICES * m) for m in moves])
        down = np.array([game.residual(PRICES / m) for m in moves])
        numeric = (up - down).T / (2 * step)
        assert game.jacobian(PRICES) == pytest.approx(numeric, abs=1e-7 * np.abs(numeric).max())
    ups = np.array([np.log(market.demand.quantities(PRICES * m)) for m in moves])
    downs = np.array([np.log(market.demand.quantities(PRICES / m)) for m in moves])
    assert market.demand.elasticities(PRICES) == pytest.approx((ups - downs).T / 2e-6, abs=1e-7)


@pytest.mark.parametrize("conduct", ["bertrand", "cournot"])
def test_pass_through_matrix_matches_a_market_solved_twice(system, conduct):
    market = observed(system, conduct=conduct, duties=Duties())
    exact = market.equilibrium().pass_through()
    for taxed in range(5):
        bump = np.zeros(5)
        bump[taxed] = 1e-4
        up = market.equilibrium(Duties(specific=2e-4 * np.ones(5) / 2 + bump)).prices
        down = market.equilibrium(Duties(specific=2e-4 * np.ones(5) / 2 - bump)).prices
        assert (up - down) / 2e-4 == pytest.approx(exact[:, taxed], rel=1e-4, abs=2e-5)


def test_response_to_the_rate_on_the_border_price_matches_a_market_solved_twice(system):
    market = observed(system, reading="border_price", duties=Duties(0.1))
    exact = market.equilibrium().tariff_response()
    for taxed in range(5):
        bump = np.full(5, 0.1)
        bump[taxed] += 1e-6
        up = market.equilibrium(Duties(bump)).prices
        bump[taxed] -= 2e-6
        down = market.equilibrium(Duties(bump)).prices
        assert (up - down) / 2e-6 == pytest.approx(exact[:, taxed], rel=1e-5, abs=1e-5)


def test_one_product_logit_is_lambert_w():
    market = Market(products=["a"], firms=["f"], unit_cost=[1.0],
                    demand=LogitDemand(utility=[3.0], price_coefficient=0.5))  # fmt: skip
    expected = 1 + (1 + lambertw(np.exp(3.0 - 0.5 - 1)).real) / 0.5
    assert market.equilibrium().prices[0] == pytest.approx(expected, rel=1e-13)


def test_symmetric_logit_has_the_textbook_markup():
    """Markup 1/(alpha (1 - s)), each single-product firm at share s."""
    market = Market(products=NAMES, firms=NAMES, unit_cost=np.ones(5),
                    demand=LogitDemand(utility=np.full(5, 2.0), price_coefficient=1.0))  # fmt: skip
    state = market.equilibrium()
    share = 1 / (5 + np.exp(state.prices[0] - 2.0))
    assert state.prices - 1 == pytest.approx(np.full(5, 1 / (1 - share)), rel=1e-12)


def test_linear_monopoly_passes_on_half_and_isoelastic_more_than_all():
    linear = Market(products=["a"], firms=["f"], unit_cost=[2.0],
                    demand=LinearDemand(np.array([10.0]), np.array([[-1.0]])))  # fmt: skip
    assert linear.equilibrium().prices[0] == pytest.approx(6.0, rel=1e-13)
    assert linear.equilibrium().pass_through()[0, 0] == pytest.approx(0.5, rel=1e-12)
    steep = Market(products=["a"], firms=["f"], unit_cost=[2.0],
                   demand=LogLinearDemand(np.array([0.0]), np.array([[-3.0]])))  # fmt: skip
    assert steep.equilibrium().prices[0] == pytest.approx(3.0, rel=1e-13)
    assert steep.equilibrium().pass_through()[0, 0] == pytest.approx(1.5, rel=1e-12)


def test_nested_logit_at_zero_nesting_is_logit():
    utility, cost = np.array([1.0, 2.0, 0.5, 3.0]), np.array([1.0, 1.5, 0.7, 2.0])
    found = [
        Market(products=list("abcd"), firms=list("ffgh"), unit_cost=cost,
               demand=LogitDemand(utility, 1.0, 1.0, nest, nesting)).equilibrium().prices
        for nest, nesting in ((np.array([0, 0, 1, 1]), np.full(4, 1e-12)),
                              (np.empty(0, dtype=int), np.zeros(())))
    ]  # fmt: skip
    assert found[0] == pytest.approx(found[1], rel=1e-10)


def test_many_small_firms_approach_monopolistic_competition_and_one_firm_is_a_monopoly():
    utility = np.zeros(4)
    demand = LogitDemand(utility - 12, 1.0)
    names = list("abcd")
    tiny = Market(products=names, firms=names, unit_cost=np.ones(4), demand=demand)
    assert tiny.equilibrium().prices == pytest.approx(np.full(4, 2.0), rel=1e-5)
    whole = Market(products=names, firms=["f"] * 4, unit_cost=np.ones(4),
                   demand=LogitDemand(utility, 1.0))  # fmt: skip
    odds = lambertw(4 * np.exp(-2.0)).real
    assert whole.equilibrium().prices == pytest.approx(np.full(4, 2 + odds), rel=1e-12)


def test_partial_ownership_softens_competition_between_none_and_full():
    demand = LogitDemand(np.array([2.0, 2.0]), 1.0)

    def prices(weight):
        return Market(products=["a", "b"], firms=["f", "g"], unit_cost=[1.0, 1.0], demand=demand,
                      ownership=[[1, weight], [weight, 1]]).equilibrium().prices  # fmt: skip

    merged = Market(products=["a", "b"], firms=["f", "f"], unit_cost=[1.0, 1.0], demand=demand)
    assert prices(1.0) == pytest.approx(merged.equilibrium().prices, rel=1e-10)
    assert prices(0.0)[0] < prices(0.4)[0] < prices(1.0)[0]
    half = prices(0.4)
    share = logit_shares(np.array([2.0, 2.0]), 1.0, half)
    assert half[0] - 1 == pytest.approx(1 + (half - 1) @ (share * [1, 0.4]), rel=1e-10)


def test_where_the_rate_is_the_same_within_each_firm_the_readings_share_prices_not_profits():
    rate = Duties([0.3, 0.3, 0.0, 0.0, 0.1])
    a = observed("logit", duties=Duties())
    b = observed("logit", duties=Duties(), reading="border_price")
    one, two = a.impose(rate), b.impose(rate)
    assert one.after.prices == pytest.approx(two.after.prices, rel=1e-10)
    paid = two.after.prices
    keep = 1 / (1 + np.array(rate.ad_valorem))
    assert two.after.profit == pytest.approx(one.after.profit * keep, rel=1e-9)
    assert two.after.duty == pytest.approx(paid * (1 - keep), rel=1e-12)


@SOLVED
def test_the_ledger_balances_and_money_adds_up(system, reading):
    result = observed(system, reading=reading).impose(NEW)
    ledger = result.ledger()
    gains = ledger.consumers + ledger.firms + ledger.duty_revenue
    assert gains == pytest.approx(-ledger.deadweight_loss, rel=1e-9)
    money = result.after.money()
    parts = sum(value for name, value in money.items() if name != "outlay")
    assert money["outlay"] == pytest.approx(parts, rel=1e-12)
    burdens = result.burdens()
    total = burdens[["consumer_burden", "firm_burden", "exporter_burden"]].sum(axis=1)
    assert total[burdens["consumer_burden"].notna()].to_numpy() == pytest.approx(1.0)


def test_bounds_certify_uniqueness_of_a_firm_with_two_duties():
    market = observed("logit", reading="border_price", duties=Duties())
    after = market.impose(Duties([0.5, 0, 1.0, 0, 0])).after
    assert after.uniqueness() == "bounds from below and from above meet"
    assert not off_maximum(after.game, after.prices, after.firms, ~after.held)


def test_ces_closed_form_for_a_single_product():
    """l = 1/(eta - (eta - 1) r): iterate the fixed point from the definition."""
    demand = CesDemand(np.array([0.7]), 4.0, 50.0)
    price = Market(products=["a"], firms=["f"], unit_cost=[1.3], demand=demand).equilibrium().prices
    share = np.exp(0.7) * price**-3.0 / (1 + np.exp(0.7) * price**-3.0)
    assert 1 - 1.3 / price == pytest.approx(1 / (4 - 3 * share), rel=1e-12)


def test_residual_at_given_prices_and_prices_held_fixed():
    market = observed("logit", duties=Duties())
    assert np.abs(market.residual(PRICES)).max() < 1e-10
    assert market.residual(PRICES * 1.1).max() < 0  # every firm would cut
    held = market.equilibrium(Duties([0.3, 0, 0, 0, 0]), hold={"c": 100.0, "d": 145.0})
    assert held.prices[2:4] == pytest.approx([100.0, 145.0])
    free = [0, 1, 4]
    alpha, utility = market.demand.price_coefficient, market.demand.utility
    share = logit_shares(utility, alpha, held.prices)
    earned = (held.prices - held.game.cost) * share
    for j, own in ((0, [0, 1]), (1, [0, 1]), (4, [4])):
        assert j in free
        markup = held.prices[j] - held.game.cost[j]
        assert markup == pytest.approx(1 / alpha + earned[own].sum(), rel=1e-9)


def test_an_unsolved_market_is_named_and_yields_no_number():
    """One price left free: its condition 1 + E l = 0 needs E < -1, and E is -0.5."""
    market = Market(products=["a"], firms=["f"], unit_cost=[1.0],
                    demand=LogLinearDemand([0.0], [[-0.5]]))  # fmt: skip
    with pytest.raises(ModelError, match=r"market of a … a \(1 products\): no equilibrium found"):
        market.equilibrium()


@pytest.mark.parametrize("sd", [1, 5, 20, 60])
def test_a_multinational_with_a_domestic_and_an_imported_line_is_solved_in_both_readings(sd):
    rng = np.random.default_rng(sd)
    firms = ["m", "m", "d", "i"]
    utility, cost = rng.normal(0, sd, 4), rng.uniform(1, 2, 4)
    for rate in (0.1, 0.5, 2.0):
        for reading in ("customs_value", "border_price"):
            market = Market(products=list("abcd"), firms=firms, unit_cost=cost, reading=reading,
                            demand=LogitDemand(utility, 1.0))  # fmt: skip
            state = market.equilibrium(Duties([rate, 0, 0, rate]))
            gap = logit_gap(utility=utility, alpha=1.0, prices=state.prices, firms=firms,
                            cost=state.game.cost, weight=state.game.weight)  # fmt: skip
            assert gap <= 1e-10
