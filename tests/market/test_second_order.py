"""Points that meet every first-order condition and are no equilibrium: told apart and refused."""

import numpy as np
import pytest
from market_conditions import NEW, observed

from tariffimpact.errors import ModelError
from tariffimpact.market import Duties, LinearDemand, Market, calibrate
from tariffimpact.market.conduct import off_maximum
from tariffimpact.market.solving import solve

CROSS = np.array([[-1.0, -2.0], [-2.0, -1.0]])
"""Complements so strong that a dearer a with a cheaper b always earns more: no maximum exists."""


def monopoly(slope, conduct="bertrand"):
    choke = np.array([3.0, 5.0])
    return Market(products=["a", "b"], firms=["f", "f"], unit_cost=np.ones(2), conduct=conduct,
                  demand=LinearDemand(-slope @ choke, slope))  # fmt: skip


@pytest.mark.parametrize("conduct", ["bertrand", "cournot"])
def test_a_saddle_of_linear_demand_is_refused(conduct):
    """Profit is quadratic: its stationary point is half way from cost to choke, here a saddle."""
    market = monopoly(CROSS, conduct)
    game = market.game(market.levy(Duties()))
    middle = np.array([2.0, 3.0])
    assert game.residual(middle) == pytest.approx(np.zeros(2), abs=1e-12)

    def profit(prices):
        return float((prices - 1) @ market.demand.quantities(prices))

    gains = [profit(middle + 0.1 * np.array(way)) - profit(middle) for way in ((1, 1), (1, -1))]
    assert gains[0] < 0 < gains[1]
    assert off_maximum(game, middle, market.firms, np.ones(2, dtype=bool)) == ("f",)
    with pytest.raises(ModelError, match="f is not at a maximum of its profit"):
        market.equilibrium()


@pytest.mark.parametrize("conduct", ["bertrand", "cournot"])
def test_the_same_point_with_weaker_cross_effects_is_a_maximum(conduct):
    state = monopoly(np.array([[-1.0, -0.5], [-0.5, -1.0]]), conduct).equilibrium()
    assert state.prices == pytest.approx([2.0, 3.0])
    assert state.second_order()


def test_with_one_price_held_only_the_other_must_be_at_its_maximum():
    """Given b = 3 the profit is concave in a: (a - 1)(q_a) + 2 q_b peaks at a = 2."""
    state = monopoly(CROSS).equilibrium(hold={"b": 3.0})
    assert state.prices == pytest.approx([2.0, 3.0])
    assert state.second_order()


def test_a_constant_elasticity_firm_with_two_duties_is_refused_where_profit_rises():
    market = observed("log_linear", reading="border_price")
    at = market.levy(NEW)
    game = market.game(at)
    before = market.equilibrium()
    found = solve(game, market.firms, anchors=[(before.game, before.prices)])
    assert found.converged
    failing = off_maximum(game, found.prices, market.firms, np.ones(5, dtype=bool))
    assert failing
    for firm in failing:
        own = np.flatnonzero(np.array(market.firms) == firm)
        way = np.zeros(5)
        values, vectors = np.linalg.eig(game.jacobian(found.prices)[np.ix_(own, own)])
        way[own] = vectors[:, values.real.argmax()].real

        def profit(prices, own=own):
            return float((at.profit(prices) * market.demand.quantities(prices))[own].sum())

        assert profit(found.prices * np.exp(1e-3 * way)) > profit(found.prices)
    with pytest.raises(ModelError, match="no equilibrium found: first-order conditions hold"):
        market.impose(NEW)


def test_a_calibration_to_a_point_that_is_no_maximum_is_refused():
    """A monopoly of complements: margins 1/(2 + 4) each, and a saddle of quadratic profit."""
    with pytest.raises(ModelError, match="f is not at a maximum"):
        calibrate(products=["a", "b"], firms=["f", "f"], prices=[1.0, 1.0],
                  quantities=[1.0, 1.0], outside_share=0.5, demand="linear",
                  elasticities=[[-2.0, -4.0], [-4.0, -2.0]])  # fmt: skip
