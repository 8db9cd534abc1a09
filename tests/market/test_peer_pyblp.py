"""The same prices as pyblp where pyblp converges; skipped where it is not installed."""

import numpy as np
import pytest

from tariffimpact.market import solve_logit

pyblp = pytest.importorskip("pyblp", reason="the peer pyblp is not installed")


def test_prices_agree_with_pyblp():
    pyblp.options.verbose = False
    rng = np.random.default_rng(0)
    utility, cost = rng.normal(1, 1, 60), rng.uniform(1, 2, 60)
    firms, markets = np.tile([0, 0, 1, 1, 2, 3], 10), np.repeat(np.arange(10), 6)
    data = {"market_ids": markets, "firm_ids": firms, "u": utility, "cost": cost,
            "prices": cost + 1}  # fmt: skip
    simulation = pyblp.Simulation(
        (pyblp.Formulation("0 + prices + u"), None, pyblp.Formulation("0 + cost")), data,
        beta=[-1, 1], gamma=[1], xi=np.zeros(60), omega=np.zeros(60),
    )  # fmt: skip
    results = simulation.replace_endogenous(costs=cost, prices=cost + 1)
    theirs = np.ravel(results.compute_prices(costs=1.15 * cost))
    ours = solve_logit(utility=utility, price_coefficient=1.0, cost=1.15 * cost, firms=firms,
                       markets=markets)  # fmt: skip
    # pyblp stops at a step of 1e-14 in prices, its map contracting by about one half
    assert ours.prices == pytest.approx(theirs, rel=1e-11)
