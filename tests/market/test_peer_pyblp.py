"""The same answers as pyblp: logit batches, and fitted mixed logits brought over by the page."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tariffimpact.market import Duties, Market, solve_logit

pytestmark = pytest.mark.whole

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "mixed-logit.md"

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


@cache
def brought():
    """The function of the page that brings a fitted model over."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    names = {}
    exec(next(block for block in blocks if "def from_pyblp" in block), names)
    return names["from_pyblp"]


def solved(problem, **parameters):
    """pyblp's results at given parameters, nothing estimated but mean utilities."""
    return problem.solve(
        **parameters, W=np.eye(problem.MD), method="1s", optimization=pyblp.Optimization("return")
    )


@cache
def cereals():
    """Two of Nevo's markets at his estimates, the mean price coefficient stated."""
    pyblp.options.verbose = False
    products = pd.read_csv(pyblp.data.NEVO_PRODUCTS_LOCATION)
    agents = pd.read_csv(pyblp.data.NEVO_AGENTS_LOCATION)
    few = ["C01Q1", "C03Q2"]
    products, agents = (x[x.market_ids.isin(few)].reset_index(drop=True)
                        for x in (products, agents))  # fmt: skip
    problem = pyblp.Problem(
        (pyblp.Formulation("0 + prices"), pyblp.Formulation("1 + prices + sugar + mushy")),
        products, pyblp.Formulation("0 + income + income_squared + age + child"), agents,
    )  # fmt: skip
    pi = [[5.4819, 0, 0.2037, 0], [15.8935, -1.2, 0, 2.6342], [-0.2506, 0, 0.0511, 0],
          [1.2650, 0, -0.8091, 0]]  # fmt: skip
    found = solved(problem, sigma=np.diag([0.3302, 2.4526, 0.0163, 0.2441]), pi=pi, beta=[-30.0])
    return found, products, {"in_x1": 0, "in_x2": 1}


@cache
def cars():
    """One year of the automobile market, price sensitivity falling in income."""
    pyblp.options.verbose = False
    products = pd.read_csv(pyblp.data.BLP_PRODUCTS_LOCATION)
    agents = pd.read_csv(pyblp.data.BLP_AGENTS_LOCATION)
    products, agents = (x[x.market_ids == 1971].reset_index(drop=True) for x in (products, agents))
    problem = pyblp.Problem(
        (pyblp.Formulation("1 + hpwt + air + mpd + space"),
         pyblp.Formulation("1 + prices + hpwt + air + mpd + space")),
        products, pyblp.Formulation("0 + I(1 / income)"), agents,
    )  # fmt: skip
    found = solved(problem, sigma=np.diag([3.612, 0, 4.628, 1.818, 1.050, 2.056]),
                   pi=np.c_[[0, -43.501, 0, 0, 0, 0]], beta=np.zeros(5))  # fmt: skip
    return found, products, {"in_x1": None, "in_x2": 1}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", [pytest.param(cereals, marks=pytest.mark.slow), cars])
def test_a_fitted_mixed_logit_has_the_shares_costs_and_pass_through_of_pyblp(case):
    results, products, columns = case()
    market = products.market_ids[0]
    here = (products.market_ids == market).to_numpy()
    demand = brought()(results, market, **columns)
    prices = products.prices[here].to_numpy()
    assert demand.quantities(prices) == pytest.approx(products.shares[here].to_numpy(), rel=1e-10)
    theirs = results.compute_elasticities(market_id=market)
    assert demand.elasticities(prices) == pytest.approx(theirs, rel=1e-8, abs=1e-12)
    costs = results.compute_costs()[here].ravel()
    ours = Market(products=[f"p{i}" for i in range(prices.size)], unit_cost=costs,
                  firms=products.firm_ids[here].astype(str).tolist(), demand=demand)  # fmt: skip
    assert np.abs(ours.residual(prices)).max() < 1e-9
    state = ours.equilibrium()
    assert state.prices == pytest.approx(prices, rel=1e-9)
    passed = results.compute_passthrough(market_id=market)
    assert state.pass_through() == pytest.approx(passed[:, : prices.size], rel=1e-6, abs=1e-9)
    dearer = (
        results.compute_costs()
        * np.where(products.firm_ids == products.firm_ids[0], 1.2, 1.0)[:, None]
    )
    new = results.compute_prices(costs=dearer)[here].ravel()
    taxed = np.where(products.firm_ids[here] == products.firm_ids[0], 0.2, 0.0)
    assert ours.impose(Duties(taxed)).after.prices == pytest.approx(new, rel=1e-7)
