"""CES firms that keep unequal parts of a dollar: every product sold, or the withdrawn ones named.

The reference knows no Newton step. Both kinds of competition leave a CES firm one number m: with
t the share of its profit it keeps, a product's cost over price is rho (1 - m/t), with rho = 1 -
1/elasticity, and a product with t below m is not sold. The first-order conditions in prices
(Bertrand), and in quantities where r_j = (r_0 A_j q_j^(elasticity - 1))^(1/elasticity) (Cournot),

    m = sum t (1 - cost/price) share,    m (1 - rho (1 - r_0)) = (1 - rho) sum t share.

m is bisected at given H, and H is bisected until the shares sum to one.
"""

import re
from decimal import Decimal, localcontext

import numpy as np
import pytest
from scipy.optimize import brentq

from tariffimpact.errors import ModelError
from tariffimpact.market import CesDemand, Duties, Market

CONDUCT = pytest.mark.parametrize("conduct", ["bertrand", "cournot"])


def reply(h, value, keep, steep, conduct):
    """Return cost over price (0: withdrawn) and share of each product of one firm at log H."""
    rho = steep / (1 + steep)

    def at(m):
        left = rho * np.maximum(1 - m / keep, 0)
        return left, np.exp(value - h) * left**steep

    def excess(m):
        left, share = at(m)
        if conduct == "cournot":
            return (1 - rho) * keep @ share - m * (1 - rho * (1 - np.exp(-h)))
        return keep @ ((1 - left) * share) - m

    return at(brentq(excess, 0, keep.max(), xtol=1e-16, rtol=1e-15))


def settled(market, duties):
    """Return cost over price of each product where every firm may withdraw some."""
    at, steep = market.levy(duties), market.demand.elasticity - 1
    value = market.demand.log_quality - steep * np.log(at.cost)
    firms = np.array(market.firms)
    left = np.empty(value.size)

    def excess(h):
        total = np.exp(-h)
        for firm in set(market.firms):
            own = firms == firm
            left[own], share = reply(h, value[own], at.weight[own], steep, market.conduct)
            total += share.sum()
        return total - 1

    excess(brentq(excess, 0, np.logaddexp.reduce(np.append(value, 0.0)), xtol=1e-14, rtol=1e-15))
    return left


def drawn(seed, conduct):
    """Return a random market of up to 8 products, duties to 299% levied on border prices."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 9))
    market = Market(
        products=[f"p{j}" for j in range(count)],
        firms=[f"f{f}" for f in rng.integers(0, rng.integers(1, 4), count)],
        unit_cost=rng.uniform(1, 2, count),
        demand=CesDemand(rng.normal(3, rng.choice([1, 3, 6]), count), rng.uniform(1.5, 4)),
        reading="border_price",
        conduct=conduct,
    )
    return market, Duties(rng.uniform(0, 2.99, count) * (rng.random(count) < 0.6))


@CONDUCT
@pytest.mark.parametrize("count", [10, pytest.param(40, marks=pytest.mark.slow)])
def test_markets_are_solved_if_every_product_is_sold_and_else_name_those_withdrawn(conduct, count):
    solved = named = 0
    for seed in range(count):
        market, duties = drawn(seed, conduct)
        left = settled(market, duties)
        gone = [name for name, part in zip(market.products, left, strict=True) if part <= 0]
        if gone:
            words = ", ".join(gone) + ": priced out, the firm does better to sell none"
            with pytest.raises(ModelError, match=f"^{re.escape(words)}"):
                market.equilibrium(duties)
            named += 1
        else:
            state = market.equilibrium(duties)
            assert state.game.cost / state.prices == pytest.approx(left, rel=1e-6, abs=1e-12)
            solved += 1
    assert min(solved, named) >= count / 5


def test_a_cournot_firm_earns_most_without_the_product_that_is_named():
    """Profit in quantities from demand itself, over a grid of b, falls with every unit of a."""
    quality, steep, keep, cost = np.array([0.0, 4.0]), 2.0, np.array([1 / 3, 1.0]), np.ones(2)
    market = Market(products=["a", "b"], firms=["f", "f"], unit_cost=cost, reading="border_price",
                    demand=CesDemand(quality, 1 + steep), conduct="cournot")  # fmt: skip
    with pytest.raises(ModelError, match=r"^a: priced out.* on which f keeps more of each dollar"):
        market.equilibrium(Duties([2.0, 0.0]))

    def profit(units):
        """Shares r solve r_j = r_0 A_j p_j^(1 - eta) with p_j = r_j/q_j, so r_j^eta = r_0 A q^2."""
        worth = np.exp(quality / 3) * units ** (2 / 3)

        def sold(outside):
            return outside ** (1 / 3) * worth

        outside = brentq(lambda r: r + sold(r).sum() - 1, 0, 1, xtol=1e-15, rtol=1e-14)
        return keep @ (sold(outside) - cost / keep * units)

    best = [
        max(profit(np.array([a, b])) for b in np.linspace(0.02, 0.6, 200))
        for a in (0.0, 1e-6, 1e-4, 1e-2)
    ]
    assert (np.diff(best) < 0).all()


@CONDUCT
def test_where_a_price_is_held_the_others_decide_what_is_withdrawn(conduct):
    """With its rival priced out of the way b earns so much that f gives a up."""
    market = Market(products=["a", "b", "c"], firms=["f", "f", "g"], unit_cost=np.ones(3),
                    reading="border_price", conduct=conduct,
                    demand=CesDemand([0.0, 4.0, 5.0], 3.0))  # fmt: skip
    duties = Duties([1.0, 0.0, 0.0])
    assert market.equilibrium(duties).residual <= 1e-10
    with pytest.raises(ModelError, match=r"^a: priced out, the firm does better to sell none"):
        market.equilibrium(duties, hold={"c": 1e4})


def test_prices_ten_orders_above_cost_meet_the_condition_in_sixty_digits():
    """The one that sells nearly all keeps 2e-10 of its price as cost: no digit of it is noise."""
    market = Market(
        products=["a", "b", "c", "d"], firms=["f", "f", "f", "g"], unit_cost=np.ones(4),
        demand=CesDemand([137.5, -1.2, -15.6, 57.5], 3.5), reading="border_price",
    )  # fmt: skip
    state = market.equilibrium(Duties([1.66, 1.2, 0.0, 0.0]))
    with localcontext(prec=60):
        price, cost, keep = (
            [Decimal(float(x)) for x in part]
            for part in (state.prices, state.game.cost, state.game.weight)
        )
        steep = Decimal("2.5")
        weight = [
            (Decimal(float(level)) - steep * p.ln()).exp()
            for level, p in zip(market.demand.log_quality, price, strict=True)
        ]
        earned = sum(keep[k] * (1 - cost[k] / price[k]) * weight[k] for k in range(3))
        earned /= 1 + sum(weight)
        left = [steep / (1 + steep) * (1 - earned / keep[j]) for j in range(3)]
        assert cost[0] / price[0] < Decimal("1e-9")
        assert [float(cost[j] / price[j] / left[j]) for j in range(3)] == pytest.approx([1.0] * 3)
