"""Certificates that an equilibrium is the only one: nests, partial ownership, uneven weights."""

import numpy as np
import pytest
from market_conditions import NEW, observed
from test_nests import drawn, gap

from tariffimpact.market import CesDemand
from tariffimpact.market.conduct import Game, ownership_matrix
from tariffimpact.market.solvers.log_odds import OddsConditions
from tariffimpact.market.solvers.maxima import bounds, uniqueness
from tariffimpact.market.solvers.newton import newton

MEET = "bounds from below and from above meet"
STAKES = [
    [1, 1, 0.2, 0.2, 0],
    [1, 1, 0.2, 0.2, 0],
    [0.1, 0.1, 1, 1, 0],
    [0.1, 0.1, 1, 1, 0],
    [0, 0, 0.3, 0.3, 1],
]


def cases(count):
    """Yield random markets with nests, half of them with partial ownership, and their games."""
    for seed in range(count):
        market, duties = drawn(
            ces=bool(seed % 2), seed=seed, sd=(1, 5, 20)[seed % 3], partial=seed % 4 < 2,
            near=("zero", "middle", "one")[seed // 2 % 3],
            reading=("customs_value", "border_price")[seed // 3 % 2],
        )  # fmt: skip
        yield market, duties, market.game(market.levy(duties))


def lost(game, prices):
    """Return the utility lost to markups."""
    demand = game.demand
    if isinstance(demand, CesDemand):
        return (demand.elasticity - 1) * np.log(prices / game.cost)
    return demand.price_coefficient * (prices - game.cost)


def points(game, count=4):
    """Return prices where the first-order conditions hold, as found from random shares."""
    rng = np.random.default_rng(0)
    free = np.zeros(game.cost.size, dtype=bool)
    conditions = OddsConditions.of(game, free, game.cost)
    with np.errstate(all="ignore"):
        found = [
            newton(conditions, rng.normal(0, 4, conditions.at_cost.shape), 25) for _ in range(count)
        ]
        return [
            game.demand.dearer(game.cost, conditions.loss(one.x)[0])
            for one in found
            if one.error < 1e-12
        ]


@pytest.mark.parametrize("count", [6, pytest.param(24, marks=pytest.mark.slow)])
def test_every_round_of_bounds_holds_every_point_that_meets_the_conditions(count):
    held = 0
    for market, duties, game in cases(count):
        for prices in points(game):
            assert gap(market, duties, prices) <= 1e-9
            loss = lost(game, prices)
            slack = 1e-9 * (1 + loss)
            for low, high in bounds(game):
                assert (low <= loss + slack).all()
                assert (loss <= high + slack).all()
                held += 1
    assert held > 12 * count


def test_where_bounds_meet_every_start_ends_at_one_point():
    certified = 0
    for _, _, game in cases(24):
        low, high = list(bounds(game))[-1]
        if (high - low <= 1e-9 * (1 + low)).all():
            certified += 1
            for prices in points(game):
                assert lost(game, prices) == pytest.approx(low, rel=1e-7, abs=1e-7)
    assert certified > 12


@pytest.mark.parametrize("system", ["logit", "ces", "nested_logit", "nested_ces"])
@pytest.mark.parametrize("stakes", [None, STAKES])
def test_nests_and_stakes_in_rivals_are_certified(system, stakes):
    state = observed(system, ownership=stakes).impose(NEW).after
    known = stakes is None and "nested" not in system
    assert state.uniqueness() == (
        "one unknown per firm, rising in the market aggregate, and one aggregate clears"
        if known
        else MEET
    )


def test_a_market_with_several_points_that_meet_the_conditions_is_not_certified():
    rate = np.array([2.45, 0.25, 6.58, 1.03, 6.54])
    cost = np.array([1.86, 3.17, 2.05, 3.89, 2.29])
    demand = CesDemand([6.37, -4.58, 12.5, 4.94, -20.59], 4.0, 1.0, [0, 1, 0, 0, 1], 0.97)
    firms = tuple("fgfgf")
    game = Game(demand, ownership_matrix(firms), cost, 1 / (1 + rate), "bertrand")
    found = points(game, 30)
    assert max(game.relative(prices).max() for prices in found) <= 1e-9
    assert np.ptp([prices[2] for prices in found]) > 1
    assert uniqueness(game, firms) is None


def test_a_firm_that_weighs_a_rival_above_itself_has_no_bounds():
    """It may price below cost to help the rival."""
    weights = np.array(STAKES)
    weights[4, 4] = 0.2
    state = observed("logit", ownership=weights).impose(NEW).after
    assert list(bounds(state.game)) == []
    assert state.uniqueness() is None
