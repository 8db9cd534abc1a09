"""Points that meet every first-order condition and are no equilibrium: told apart and refused."""

import numpy as np
import pytest

from tariffimpact.errors import ModelError, NoEquilibrium
from tariffimpact.market import Duties, LinearDemand, LogLinearDemand, Market, calibrate
from tariffimpact.market.solvers.maxima import off_maximum

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
    assert not off_maximum(state.game, state.prices, state.firms, ~state.held)


def test_with_one_price_held_only_the_other_must_be_at_its_maximum():
    """Given b = 3 the profit is concave in a: (a - 1)(q_a) + 2 q_b peaks at a = 2."""
    state = monopoly(CROSS).equilibrium(hold={"b": 3.0})
    assert state.prices == pytest.approx([2.0, 3.0])
    assert not off_maximum(state.game, state.prices, state.firms, ~state.held)


@pytest.mark.parametrize("conduct", ["bertrand", "cournot"])
@pytest.mark.parametrize("seed", range(8))
def test_two_substitutes_of_one_firm_at_constant_elasticities_are_refused_by_name(seed, conduct):
    """The dearer a the more b earns, without end."""
    rng = np.random.default_rng(seed)
    cross = rng.uniform(0.2, 0.6, (3, 3)) * (1 - np.eye(3))
    demand = LogLinearDemand(rng.normal(0, 1, 3), cross - np.diag(rng.uniform(3, 5, 3)))
    market = Market(products=["a", "b", "c"], firms=["f", "f", "g"], unit_cost=rng.uniform(1, 2, 3),
                    demand=demand, conduct=conduct)  # fmt: skip
    for ask in (market.equilibrium, lambda: market.impose(Duties(0.1))):
        with pytest.raises(NoEquilibrium, match=r"^a, b: no equilibrium, f profits from both"):
            ask()
    game = market.game(market.levy(Duties()))
    assert np.isfinite(market.residual(np.full(3, 3.0))).all()
    if conduct == "bertrand":
        found = np.full(3, 3.0)
        dear = [game.objective(0, found * [10.0**power, 1, 1]) for power in (0, 2, 8, 16, 32)]
        assert dear[-1] > dear[0]
        assert (np.diff(dear[1:]) > 0).all()
    calibrated = calibrate(products=list("abc"), firms=list("ffg"), prices=[2.0, 3.0, 2.5],
                           quantities=[5.0, 4.0, 6.0], outside_share=0.5, demand="log_linear",
                           margins={"a": 0.4}, conduct=conduct)  # fmt: skip
    assert calibrated.residual([2.0, 3.0, 2.5]) == pytest.approx(np.zeros(3), abs=1e-9)
    with pytest.raises(NoEquilibrium, match="are substitutes"):
        calibrated.equilibrium()


def test_a_calibration_to_a_point_that_is_no_maximum_is_refused():
    """A monopoly of complements: margins 1/(2 + 4) each, and a saddle of quadratic profit."""
    with pytest.raises(ModelError, match="f is not at a maximum"):
        calibrate(products=["a", "b"], firms=["f", "f"], prices=[1.0, 1.0],
                  quantities=[1.0, 1.0], outside_share=0.5, demand="linear",
                  elasticities=[[-2.0, -4.0], [-4.0, -2.0]])  # fmt: skip
