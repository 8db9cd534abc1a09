"""Demand curves against numerical calculus: slopes, integrals and optimisers know no formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize

from tariffimpact.errors import ModelError
from tariffimpact.pricing.demand import IsoelasticDemand, LinearDemand, LogitDemand

POINT = {"price": 100.0, "volume": 10.0}
CURVES = [
    LinearDemand(**POINT, demand_elasticity=1.5),
    IsoelasticDemand(**POINT, demand_elasticity=1.5),
    IsoelasticDemand(**POINT, demand_elasticity=1.0),
    IsoelasticDemand(**POINT, demand_elasticity=0.4),
    LogitDemand(**POINT, demand_elasticity=1.5, share=0.3),
    LogitDemand(**POINT, demand_elasticity=2.5, share=0.7),
]
NAMES = [f"{curve.form}-{curve.demand_elasticity}" for curve in CURVES]
PRICES = [70.0, 100.0, 130.0]


def slope(f, x, h=1e-4):
    """Five-point derivative: error of order h^4, about 1e-9 here."""
    return (f(x - 2 * h) - 8 * f(x - h) + 8 * f(x + h) - f(x + 2 * h)) / (12 * h)


@pytest.mark.parametrize("curve", CURVES, ids=NAMES)
def test_passes_through_the_observed_point(curve):
    assert curve.quantity(100.0) == pytest.approx(10.0, rel=1e-14)
    assert curve.elasticity(100.0) == pytest.approx(curve.demand_elasticity, rel=1e-13)
    assert curve.log_volume(100.0) == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("price", PRICES)
@pytest.mark.parametrize("curve", CURVES, ids=NAMES)
def test_elasticity_is_the_slope_of_the_quantity(curve, price):
    numeric = -price / curve.quantity(price) * slope(curve.quantity, price)
    assert curve.elasticity(price) == pytest.approx(numeric, rel=1e-8)  # 1e-8: difference step


@pytest.mark.parametrize("price", PRICES)
@pytest.mark.parametrize("curve", CURVES, ids=NAMES)
def test_convexity_is_that_of_inverse_demand(curve, price):
    q, h = curve.quantity(price), 1e-3
    below, at, above = (curve.price_at(q + step) for step in (-h, 0, h))
    first, second = (above - below) / (2 * h), (above - 2 * at + below) / h**2
    assert curve.convexity(price) == pytest.approx(-q * second / first, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("curve", CURVES, ids=NAMES)
def test_price_at_undoes_quantity(curve):
    for price in PRICES:
        assert curve.price_at(curve.quantity(price)) == pytest.approx(price, rel=1e-12)


@pytest.mark.parametrize(("old", "new"), [(100, 130), (130, 100), (80, 170), (100, 100)])
@pytest.mark.parametrize("curve", CURVES, ids=NAMES)
def test_surplus_is_the_area_under_demand(curve, old, new):
    kink = [p for p in (getattr(curve, "choke_price", 0.0),) if old < p < new]
    area = integrate.quad(curve.quantity, old, new, points=kink or None, epsabs=1e-11)[0]
    got = curve.consumer_surplus_change(old_price=old, new_price=new)
    assert got == pytest.approx(-area, rel=1e-10, abs=1e-10)


def test_surplus_of_a_small_move_keeps_its_digits():
    for curve in CURVES:
        got = curve.consumer_surplus_change(old_price=100, new_price=100 + 1e-9)
        assert got == pytest.approx(-10 * ((100 + 1e-9) - 100), rel=1e-8)


@pytest.mark.parametrize("cost", [20.0, 62.5, 120.0])
@pytest.mark.parametrize("curve", [c for c, n in zip(CURVES, NAMES, strict=True) if "-1.5" in n])
def test_optimal_price_beats_an_optimiser(curve, cost):
    best = curve.optimal_price(unit_cost=cost)
    top = getattr(curve, "choke_price", 10 * best)
    found = optimize.minimize_scalar(
        lambda p: -(p - cost) * curve.quantity(p), bounds=(cost, top), method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    assert best == pytest.approx(found.x, rel=1e-6)  # 1e-6: flat top, so half the digits
    assert (best - cost) * curve.quantity(best) >= -found.fun * (1 - 1e-12)


def test_optimal_price_of_linear_demand_is_half_way_and_stops_at_the_choke():
    curve = LinearDemand(**POINT, demand_elasticity=2.0)  # choke price 150
    np.testing.assert_allclose(
        curve.optimal_price(unit_cost=np.array([50, 150, 200])), [100, 150, 150]
    )


@pytest.mark.parametrize("odds_at_cost", [-40.0, -3.0, 0.0, 5.0, 400.0])
def test_logit_optimum_meets_the_first_order_condition(odds_at_cost):
    """From a cost so high that odds at it are e^-40 to one so low that they are e^400."""
    curve = LogitDemand(price=1000.0, demand_elasticity=250.0, share=0.5)
    cost = 1000.0 - odds_at_cost / curve.price_sensitivity
    price = curve.optimal_price(unit_cost=cost)
    lerner = (price - cost) * curve.elasticity(price) / price
    assert lerner == pytest.approx(1.0, rel=1e-9)


def test_logit_tends_to_exponential_demand_as_the_share_vanishes():
    """With a tiny share q = q0 exp(-e (p - p0)/p0), whose convexity is 1."""
    curve = LogitDemand(**POINT, demand_elasticity=2.0, share=1e-12)
    assert curve.quantity(150.0) == pytest.approx(10 * np.exp(-1.0), rel=1e-10)
    assert curve.convexity(150.0) == pytest.approx(1.0, rel=1e-10)
    assert curve.optimal_price(unit_cost=30.0) == pytest.approx(30.0 + 50.0, rel=1e-10)


def test_weyl_fabinger_rates_follow_from_convexity():
    """Monopoly, flat cost: d p*/d c = 1/(2 - convexity at p*)."""
    for curve in (CURVES[0], CURVES[1], CURVES[4], CURVES[5]):
        rate = slope(lambda c, f=curve: f.optimal_price(unit_cost=c), 50.0, 1e-2)
        best = curve.optimal_price(unit_cost=50.0)
        assert rate == pytest.approx(1 / (2 - curve.convexity(best)), rel=1e-7)
    logit = CURVES[5]
    best = logit.optimal_price(unit_cost=50.0)
    assert 1 / (2 - logit.convexity(best)) == pytest.approx(1 - logit.share_at(best), rel=1e-12)


@given(
    price=st.floats(1, 1e4), elasticity=st.floats(0.05, 20), share=st.floats(0.01, 0.95),
    low=st.floats(0.2, 3), gap=st.floats(1e-3, 2),
)  # fmt: skip
def test_volume_falls_and_elasticity_does_not(price, elasticity, share, low, gap):
    for curve in (
        LinearDemand(price=price, demand_elasticity=elasticity),
        IsoelasticDemand(price=price, demand_elasticity=elasticity),
        LogitDemand(price=price, demand_elasticity=elasticity, share=share),
    ):
        p, dearer = low * price, (low + gap) * price
        assert curve.quantity(dearer) <= curve.quantity(p)
        assert curve.elasticity(dearer) >= curve.elasticity(p) * (1 - 1e-9)
        assert curve.consumer_surplus_change(old_price=p, new_price=dearer) <= 0


def test_broadcasts_over_products_and_draws():
    elasticity = np.array([[0.5], [1.0], [2.0]])
    curve = IsoelasticDemand(price=np.array([100.0, 200.0]), demand_elasticity=elasticity)
    got = curve.quantity(150.0)
    assert got.shape == (3, 2)
    assert got[2, 1] == pytest.approx((150 / 200) ** -2)
    assert curve.elasticity(150.0).shape == curve.convexity(150.0).shape == (3, 2)
    logit = LogitDemand(price=100.0, demand_elasticity=2.0, share=np.array([0.1, 0.2]))
    assert logit.quantity(120.0).shape == (2,)
    linear = LinearDemand(price=np.array([100.0, 200.0]), demand_elasticity=elasticity)
    assert linear.convexity(50.0).shape == (3, 2)


BAD = [0.0, -1.0, np.nan, np.inf, 1e308, 1e-308, "dear", None, [], 1j, 10**400]


@pytest.mark.parametrize("bad", BAD, ids=[f"{value!r:.12}" for value in BAD])
@pytest.mark.parametrize("name", ["price", "volume", "demand_elasticity", "share"])
def test_bad_arguments_are_named_with_a_remedy(name, bad):
    good = {"price": 100.0, "volume": 1.0, "demand_elasticity": 1.5, "share": 0.2}
    with pytest.raises(ModelError, match=rf"^{name} .*; (give|write)"):
        LogitDemand(**{**good, name: bad})


@pytest.mark.parametrize("bad", BAD, ids=[f"{value!r:.12}" for value in BAD])
def test_bad_prices_and_costs_are_named(bad):
    for curve in CURVES:
        with pytest.raises(ModelError, match=r"^price .*; give"):
            curve.quantity(bad)
        with pytest.raises(ModelError, match=r"^unit_cost .*; give"):
            curve.optimal_price(unit_cost=bad)
        with pytest.raises(ModelError, match=r"^quantity .*; give"):
            curve.price_at(bad)


def test_other_limits_are_said():
    with pytest.raises(ModelError, match=r"^share must be below 1 \(got 1\)"):
        LogitDemand(price=1, demand_elasticity=1, share=1)
    with pytest.raises(ModelError, match="demand_elasticity must be at most 1000"):
        LinearDemand(price=1, demand_elasticity=1001)
    with pytest.raises(ModelError, match=r"^demand_elasticity must be above 1 .*without bound"):
        IsoelasticDemand(price=1, demand_elasticity=[1.0, 2.0]).optimal_price(unit_cost=1)
    with pytest.raises(ModelError, match="do not broadcast"):
        LinearDemand(price=[1, 2], demand_elasticity=[1, 2, 3])
    with pytest.raises(ModelError, match="volume overflows"):
        IsoelasticDemand(price=1e20, demand_elasticity=900).quantity(1.0)
    with pytest.raises(ModelError, match="surplus overflows"):
        IsoelasticDemand(price=1e20, demand_elasticity=900).consumer_surplus_change(
            old_price=1.0, new_price=2.0
        )
    with pytest.raises(ModelError, match="number of possible buyers"):
        LogitDemand(price=1, volume=1, demand_elasticity=1, share=0.5).price_at(2.0)
    with pytest.raises(ModelError, match="more than any positive price sells"):
        LinearDemand(price=1, volume=1, demand_elasticity=1).price_at(2.0)


def test_linear_demand_beyond_the_choke_price():
    curve = LinearDemand(**POINT, demand_elasticity=2.0)
    assert curve.quantity(150.0) == curve.quantity(1e6) == 0.0
    assert curve.log_volume(200.0) == -np.inf
    assert curve.elasticity(200.0) == np.inf
