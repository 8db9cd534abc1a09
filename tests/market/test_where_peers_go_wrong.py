"""Each failure found by running the field's other programs, with what must happen instead."""

from dataclasses import replace

import numpy as np
import pytest
from market_conditions import FIRMS, NAMES, PRICES, SHARES, SYSTEMS, observed

from tariffimpact.errors import ModelError
from tariffimpact.market import Duties, LogitDemand, Market, Quota, calibrate
from tariffimpact.market.calibration import checked_shares

RATE = Duties([0.25, 0.0, 0.2, 0.1, 0.0])
STEADY = [name for name in SYSTEMS if name != "log_linear"]


def conducts(system):
    """Monopolistic competition needs an index of the market to take as given."""
    apart = [] if system in ("linear", "log_linear", "aids") else ["monopolistic_competition"]
    return ["bertrand", "cournot", "price_taking", *apart]


@pytest.mark.parametrize(
    ("system", "conduct"), [(name, how) for name in SYSTEMS for how in conducts(name)]
)
def test_a_change_of_units_changes_nothing_but_the_unit(system, conduct):
    shares = SHARES / SHARES.sum() if system == "aids" else SHARES
    by_value = system in ("ces", "aids", "nested_ces")
    # at constant elasticities a firm of several products has no highest profit: one each
    firms = NAMES if system == "log_linear" else FIRMS

    def impose(m, u):
        market = calibrate(
            products=NAMES, firms=firms, prices=PRICES * m, shares=shares,
            margins={"a": 0.5 if system == "aids" else 0.3},
            size=u * m if by_value else u, demand=system.removeprefix("nested_"),
            conduct=conduct if conduct == "cournot" else "bertrand", **SYSTEMS[system],
        )  # fmt: skip
        return replace(market, conduct=conduct).impose(RATE)

    plain = impose(1, 1)
    ledger = plain.ledger()
    assert ledger.deadweight_loss > 0
    for money, units in ((1e-4, 1e-6), (1e-4, 1e6), (1e6, 1e-6), (1e6, 1e6)):
        scaled = impose(money, units)
        assert scaled.after.prices / money == pytest.approx(plain.after.prices, rel=1e-9)
        assert scaled.after.quantities / units == pytest.approx(plain.after.quantities, rel=1e-8)
        assert scaled.after.pass_through() == pytest.approx(plain.after.pass_through(), abs=1e-8)
        for part in ("consumers", "firms", "duty_revenue", "deadweight_loss"):
            told = getattr(scaled.ledger(), part) / (money * units)
            assert told == pytest.approx(getattr(ledger, part), rel=1e-6, abs=1e-12)


def test_every_margin_supplied_is_reported_and_a_just_identified_one_is_met():
    exact = observed("logit")
    assert exact.fit.misses[0] == pytest.approx(0, abs=1e-9)
    over = observed("logit", margins={"a": 0.3, "c": 0.5, "e": 0.25})
    assert over.fit.overidentified
    assert "by minimum distance; largest miss" in over.fit.summary()
    frame = over.fit.to_frame()
    assert frame["miss"].abs().max() > 0.01
    alpha = over.demand.price_coefficient
    share = np.array([0.25, 0.25, 0.3, 0.3, 0.05])
    scale = 1 / ((1 - share) * PRICES)  # margins are scale / alpha: least squares by hand
    known, wanted = scale[[0, 2, 4]], np.array([0.3, 0.5, 0.25])
    assert 1 / alpha == pytest.approx(known @ wanted / (known @ known), rel=1e-8)


def test_two_margins_pin_down_the_nesting_parameter_they_came_from():
    truth = observed("nested_logit")
    known = dict(zip(NAMES, truth.fit.fitted, strict=True))
    found = calibrate(products=NAMES, firms=FIRMS, prices=PRICES, shares=SHARES, margins=known,
                      nests=list("xxyyy"), duties=truth.duties)  # fmt: skip
    assert found.fit.parameters["nesting"] == pytest.approx(0.4, abs=1e-6)


def test_what_is_not_identified_is_refused():
    with pytest.raises(ModelError, match="not identified: unknown are price_coefficient, nesting"):
        observed("nested_logit", fixed={})
    with pytest.raises(ModelError, match="unknown are price_coefficient, margins known 0"):
        observed("logit", margins=None)


@pytest.mark.parametrize("system", STEADY)
def test_consumer_loss_lies_between_paasche_and_laspeyres(system):
    """For price rises sum q1 dp <= loss <= sum q0 dp, whatever the demand system."""
    for reading in ("customs_value", "border_price"):
        result = observed(system, reading=reading, duties=Duties()).impose(Duties(0.4))
        rise, loss = result.price_change, -result.ledger().consumers
        assert (rise > 0).all()
        assert result.after.quantities @ rise <= loss <= result.before.quantities @ rise


def test_ces_quantities_are_revenue_over_price():
    state = observed("ces").equilibrium()
    assert state.prices * state.quantities == pytest.approx(SHARES, rel=1e-10)


def test_cournot_profit_and_duty_revenue_share_one_base():
    for reading in ("customs_value", "border_price"):
        result = observed("linear", conduct="cournot", reading=reading).impose(RATE)
        money = result.after.money()
        sold = result.after.quantities
        net = result.after.border_prices @ sold
        assert net == pytest.approx(money["profit"] + money["resource_cost"], rel=1e-12)
        assert money["outlay"] - net == pytest.approx(money["duty_revenue"], rel=1e-12)
        result.ledger()


@pytest.mark.parametrize("holder", ["government", "importer", "exporter"])
def test_quota_rent_is_paid_to_its_holder_and_profit_is_at_the_new_margin(holder):
    market = observed("logit", duties=Duties())
    free = market.equilibrium().quantities
    limit = 0.6 * (free[2] + free[3])
    result = market.impose(Duties(), quotas=[Quota(products=("c", "d"), limit=limit,
                                                   rent_to=holder)])  # fmt: skip
    after = result.after
    assert after.quantities[2:4].sum() == pytest.approx(limit, rel=1e-9)
    licence = after.licence_price[2]
    same = market.impose(Duties(specific=[0, 0, licence, licence, 0]))
    assert after.prices == pytest.approx(same.after.prices, rel=1e-9)
    assert after.profit == pytest.approx(same.after.profit, rel=1e-9)
    ledger = result.ledger()
    assert ledger.quota_rent == {holder: pytest.approx(licence * limit, rel=1e-9)}
    assert ledger.duty_revenue == pytest.approx(0, abs=1e-12)
    slack = market.impose(Duties(), quotas=[Quota(products=("c",), limit=10.0)])
    assert slack.after.licence_price.max() == 0.0


@pytest.mark.parametrize("part", [0.6, 0.97, 0.999])
def test_a_quota_is_kept_however_little_it_takes_off(part):
    """Sales a thousandth above the limit are sales above it: the licence has a price."""
    market = observed("logit", duties=Duties())
    limit = part * market.equilibrium().quantities[2]
    result = market.impose(Duties(), quotas=[Quota(products=("c",), limit=limit)])
    assert result.after.quantities[2] == pytest.approx(limit, rel=1e-9)
    assert result.after.licence_price[2] > 0


def test_a_negative_marginal_cost_is_refused_not_subsidised():
    with pytest.raises(ModelError, match=r"a: (the demand found implies|a unit cost)"):
        calibrate(products=["a", "b"], firms=["f", "f"], prices=[10.0, 100.0], shares=[0.3, 0.3],
                  margins={"b": 0.9})  # fmt: skip
    with pytest.raises(ModelError, match="unit_cost: a has -1"):
        Market(products=["a"], firms=["f"], unit_cost=[-1.0],
               demand=LogitDemand(np.array([1.0]), 1.0))  # fmt: skip


def test_duties_in_force_count_in_the_margin_in_either_convention():
    duties = Duties(0.25, 2.0)
    for reading in ("customs_value", "border_price"):
        for value in (None, PRICES * 0.4) if reading == "customs_value" else (None,):
            market = observed("logit", margins={"a": 0.3}, margin_on="net_price", duties=duties,
                              reading=reading, customs_value=value)  # fmt: skip
            state = market.equilibrium()
            net = state.prices[0] - state.duty[0]
            profit = (net - market.unit_cost[0]) / net
            assert profit == pytest.approx(0.3, rel=1e-8)
            assert market.fit.fitted[0] == pytest.approx(0.3, rel=1e-8)


def test_a_tariff_on_the_consumer_price_converts():
    share = Duties.from_consumer_share(0.2)
    market = observed("logit", duties=Duties(), reading="border_price")
    after = market.impose(share).after
    assert after.duty == pytest.approx(0.2 * after.prices, rel=1e-12)
    with pytest.raises(ModelError, match="consumer share must be below 1"):
        Duties.from_consumer_share(1.0)


def test_a_tariff_that_prices_a_product_out_names_it():
    market = observed("linear", duties=Duties())
    with pytest.raises(ModelError, match="e: priced out, LinearDemand has no positive sales"):
        market.impose(Duties([0, 0, 0, 0, 2.9]))
    choke = observed("aids", duties=Duties(), margins={"a": 0.3})
    with pytest.raises(ModelError, match="a: priced out, the way to an equilibrium ends where it"):
        choke.impose(Duties([2.9, 0, 0, 0, 0]))
    cheap = Market(products=["a", "b"], firms=["f", "g"], unit_cost=[1, 1],
                   demand=LogitDemand([1.0, 1.0], 20.0))  # fmt: skip
    with pytest.raises(ModelError, match="a: priced out, LogitDemand has no positive sales"):
        cheap.impose(Duties(specific=[60.0, 0.0]))


def test_a_product_under_a_quota_cannot_be_held_too():
    market = observed("logit", duties=Duties())
    with pytest.raises(ModelError, match="hold, quotas: a is under both"):
        market.impose(Duties(), hold={"a": 115.0}, quotas=[Quota(products="a", limit=0.01)])


@pytest.mark.parametrize(("change", "words"), [
    ({"shares": [0.5, 0.6, 0.1, 0.1, 0.1]}, "sum to 1.4"),
    ({"shares": [0.5, 0.0, 0.1, 0.1, 0.1]}, "b: share 0 must be positive"),
    ({"margins": {"a": 1.2}}, r"a: margin 1.2 is outside \(0, 1\)"),
    ({"margins": {"z": 0.2}}, "z is no product"),
    ({"firms": ["f", "", "g", "g", "h"]}, "b has no firm"),
    ({"products": list("aacde")}, "a appears twice"),
    ({"ownership": np.eye(4)}, r"ownership: shape \(4, 4\)"),
    ({"ownership": -np.eye(5)}, "row 1 column 1 is -1"),
    ({"ownership": np.eye(5)}, "rows 1 and 2 both belong to f but differ"),
    ({"demand": "cobb"}, "demand: .* is none of"),
    ({"fixed": {"eta": 3}}, "fixed: eta"),
    ({"prices": [0.0, 1, 1, 1, 1]}, "prices: a has 0"),
    ({"duties": Duties(-0.1)}, "at or above 0"),
    ({"duties": Duties(0.1, 0, 1.5)}, "dutiable_share"),
    ({"reading": "cif"}, "reading: .* is none of"),
    ({"conduct": "collusion"}, "conduct: .* is none of"),
    ({"quantities": np.ones(5)}, "give one of the two"),
    ({"shares": None, "quantities": np.ones(5)}, "outside_share"),
    ({"firms": ["f", None, "g", "g", "h"]}, "b has no firm"),
    ({"prices": ["x", 1, 1, 1, 1]}, "prices must be numbers"),
    ({"ownership": "x"}, "ownership must be a number"),
    ({"margin_on": "net"}, "margin_on: .* is none of"),
    ({"fixed": {"price_coefficient": -1.0}}, "price_coefficient must be above 0"),
    ({"fixed": {"nesting": 1.0}, "nests": list("xxyyy")}, "nesting must be below 1"),
    ({"demand": "ces", "fixed": {"elasticity": 0.5}}, "elasticity must be above 1"),
    ({"nests": list("xxyyy"), "demand": "linear"}, "nests: linear demand has none"),
    ({"conduct": "price_taking"}, "margins: price takers earn none"),
    ({"conduct": "monopolistic_competition", "demand": "linear"}, "needs logit or CES demand"),
    ({"duties": Duties(0.0, 500.0)}, "a unit cost of .* is not positive"),
    ({"size": 0.0}, "size must be above 0"),
    ({"elasticities": -np.eye(5)}, "they are for linear, log_linear, aids"),
])  # fmt: skip
def test_bad_input_is_named_with_what_is_wrong(change, words):
    options = {"products": NAMES, "firms": FIRMS, "prices": PRICES, "shares": SHARES,
               "margins": {"a": 0.3}} | change  # fmt: skip
    with pytest.raises(ModelError, match=words):
        calibrate(**options)


def test_aids_shares_must_sum_to_one():
    with pytest.raises(ModelError, match="sum to 1"):
        checked_shares([0.2, 0.2], ["a", "b"], outside=False)


def test_every_documented_default_runs():
    market = calibrate(products=["a"], firms=["f"], prices=[10.0], shares=[0.4],
                       margins=[0.5])  # fmt: skip
    result = market.impose(Duties())
    assert result.price_change == pytest.approx([0.0], abs=1e-12)
    for thing in (result, result.ledger(), market.fit):
        assert thing.summary()
        assert thing.explain()
        assert len(thing.to_frame())
        assert thing.plot().get_figure() is not None
    assert len(result.firms_frame()) == 1
    state = result.after
    assert state.diversion_ratios() == pytest.approx(np.array([[-1.0]]))
    assert Duties.from_consumer_share(0.0).ad_valorem == 0.0
