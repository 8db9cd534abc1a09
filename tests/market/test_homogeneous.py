"""Cournot in one good against its textbook solution, and the split of a price change."""

import numpy as np
import pytest
from market_conditions import observed

from tariffimpact.errors import ModelError
from tariffimpact.market import Duties, calibrate_cournot, split_channels


def symmetric(firms, curve, elasticity=1.5):
    return calibrate_cournot(firms=[str(i) for i in range(firms)], price=10.0,
                             quantities=np.full(firms, 4.0), demand_elasticity=elasticity,
                             curve=curve)  # fmt: skip


@pytest.mark.parametrize("firms", [1, 2, 5, 40])
def test_pass_through_is_n_over_n_plus_one_and_n_e_over_n_e_minus_one(firms):
    linear = symmetric(firms, "linear").impose(Duties(specific=0.3))
    assert (linear.after.prices[0] - 10) / 0.3 == pytest.approx(firms / (firms + 1), rel=1e-10)
    steep = symmetric(firms, "isoelastic").impose(Duties(specific=0.3))
    expected = 1.5 * firms / (1.5 * firms - 1)
    assert (steep.after.prices[0] - 10) / 0.3 == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("curve", ["linear", "isoelastic"])
@pytest.mark.parametrize("reading", ["customs_value", "border_price"])
def test_what_was_observed_is_reproduced_and_the_ledger_balances(curve, reading):
    market = calibrate_cournot(firms=["home", "a", "b"], price=100.0, quantities=[5.0, 3.0, 2.0],
                               demand_elasticity=1.2, curve=curve, reading=reading,
                               duties=Duties([0, 0.1, 0.1], [0, 1, 0]))  # fmt: skip
    result = market.impose(Duties([0, 0.3, 0.2], [0, 1, 0]))
    assert result.before.prices[0] == pytest.approx(100.0, rel=1e-10)
    assert result.before.quantities == pytest.approx([5.0, 3.0, 2.0], rel=1e-9)
    price, sold = result.after.prices[0], result.after.quantities
    # P + P'q = k, with -P' from the observed point or from the curve
    fall = 100.0 / (1.2 * 10.0) if curve == "linear" else price / (1.2 * sold.sum())
    assert price - fall * sold == pytest.approx(result.after.levy.cost, rel=1e-10)
    totals = result.after.money()
    assert totals.pop("outlay") == pytest.approx(sum(totals.values()), rel=1e-12)
    ledger = result.ledger()
    gains = ledger.consumers + ledger.firms + ledger.duty_revenue
    assert gains == pytest.approx(-ledger.deadweight_loss, rel=1e-9)
    rise = price - 100.0
    assert sold.sum() * rise <= -ledger.consumers <= 10.0 * rise


def test_units_of_price_and_quantity_change_nothing_but_the_unit():
    def price(money, units):
        market = calibrate_cournot(firms=["a", "b"], price=10.0 * money,
                                   quantities=np.array([3.0, 2.0]) * units,
                                   demand_elasticity=1.0)  # fmt: skip
        return market.impose(Duties([0.2, 0.0])).after.prices[0] / money

    for money in (1e-4, 1e6):
        for units in (1e-6, 1e6):
            assert price(money, units) == pytest.approx(price(1, 1), rel=1e-10)


def test_a_firm_priced_out_is_named_and_a_market_without_equilibrium_refused():
    market = calibrate_cournot(firms=["home", "abroad"], price=10.0, quantities=[5.0, 5.0],
                               demand_elasticity=1.0)  # fmt: skip
    result = market.impose(Duties([0.0, 2.0]))
    assert "abroad no longer sells" in result.summary()
    assert result.after.quantities[1] == 0.0
    assert result.after.prices[0] == pytest.approx(12.5)  # a monopoly: (20 + 5)/2
    assert len(result.to_frame()) == 2
    assert "Cournot" in result.explain()
    assert result.plot().get_figure() is not None
    with pytest.raises(ModelError, match="unit_cost: a has"):
        calibrate_cournot(firms=["a"], price=10.0, quantities=[5.0], demand_elasticity=0.5)
    with pytest.raises(ModelError, match="appears twice"):
        calibrate_cournot(firms=["a", "a"], price=10.0, quantities=[5.0, 1.0],
                          demand_elasticity=2.0)  # fmt: skip


@pytest.mark.parametrize("reading", ["customs_value", "border_price"])
def test_the_channels_add_up_and_an_untaxed_firm_moves_only_with_its_rivals(reading):
    market = observed("logit", duties=Duties(), reading=reading)
    duties = Duties([0.25, 0.1, 0.0, 0.0, 0.0])
    split = split_channels(market, duties)
    whole = market.impose(duties).price_change
    assert split.own + split.rivals == pytest.approx(whole, abs=1e-9)
    assert split.own[2:] == pytest.approx(np.zeros(3), abs=1e-8)
    assert (split.rivals[2:] > 0).all()
    assert "as rivals respond" in split.summary()
    assert len(split.to_frame()) == 5
    assert split.explain()
    assert split.plot().get_figure() is not None
