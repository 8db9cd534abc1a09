"""AIDS from what a user has: outlay shares and prices, a market elasticity, margins or a matrix."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from tariffimpact.cli.market import market as command
from tariffimpact.errors import ModelError
from tariffimpact.market import AidsDemand, Duties, calibrate

SHARE = np.array([0.5, 0.3, 0.2])
PRICES = np.array([10.0, 12.0, 9.0])
SLOPE = np.array([[-0.9, 0.6, 0.3], [0.6, -0.8, 0.2], [0.3, 0.2, -0.5]])
TABLE = """product,firm,origin,price,share,margin
a,f,JPN,10,0.5,0.3
b,g,USA,12,0.3,
c,h,USA,9,0.2,
"""


def true_elasticities():
    """E[j, k] = slope/w_j + (1 - e) w_k - 1{j = k}, from the definition, e = 1.4."""
    return SLOPE / SHARE[:, None] - 0.4 * SHARE[None, :] - np.eye(3)


def from_matrix(elasticities):
    return calibrate(products=list("abc"), firms=list("fgh"), prices=PRICES, shares=SHARE,
                     demand="aids", elasticities=elasticities)  # fmt: skip


def test_a_matrix_of_elasticities_gives_the_system_it_came_from():
    market = from_matrix(true_elasticities())
    assert market.demand.slope == pytest.approx(SLOPE, abs=1e-12)
    assert market.demand.market_elasticity == pytest.approx(1.4, rel=1e-12)
    state = market.equilibrium()
    assert state.prices == pytest.approx(PRICES, rel=1e-10)
    # single-product Bertrand firms: margin 1/|own elasticity|
    assert state.margins == pytest.approx(-1 / np.diag(true_elasticities()), rel=1e-10)
    assert market.fit.summary().startswith("No margin was supplied")
    assert market.impose(Duties([0.2, 0, 0])).price_change[0] > 0


def test_a_matrix_written_to_two_decimals_is_taken_and_adds_up_exactly():
    market = from_matrix(true_elasticities().round(2))
    slope = market.demand.slope
    assert slope == pytest.approx(SLOPE, abs=5e-3)
    assert slope.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)
    assert slope == pytest.approx(slope.T, abs=1e-15)


def test_a_matrix_no_consumer_has_is_refused_with_the_cell_and_what_it_should_be():
    wrong = true_elasticities()
    wrong[0, 1] += 0.3
    with pytest.raises(ModelError, match=r"AIDS has .* where E\[.* its rows all sum"):
        from_matrix(wrong)
    with pytest.raises(ModelError, match="leave nests and fixed out"):
        calibrate(products=list("abc"), firms=list("fgh"), prices=PRICES, shares=SHARE,
                  demand="aids", elasticities=true_elasticities(),
                  fixed={"market_elasticity": 1.4})  # fmt: skip


def test_one_margin_and_the_market_elasticity_pin_the_slope_down():
    """Diversion in proportion to share: E_aa = -1 - slope (1 - w) + (1 - e) w = -1/margin."""
    market = calibrate(products=list("abc"), firms=list("fgh"), prices=PRICES, shares=SHARE,
                       demand="aids", margins={"a": 0.3},
                       fixed={"market_elasticity": 1.4})  # fmt: skip
    expected = (1 / 0.3 - 1 + (1 - 1.4) * 0.5) / 0.5
    assert market.fit.parameters == {"slope": pytest.approx(expected, rel=1e-8)}


def test_two_margins_pin_both_parameters_down():
    own = [-1 - 4 * (1 - w) + (1 - 1.4) * w for w in SHARE[:2]]
    market = calibrate(products=list("abc"), firms=list("fgh"), prices=PRICES, shares=SHARE,
                       demand="aids", margins={"a": -1 / own[0], "b": -1 / own[1]})  # fmt: skip
    assert market.fit.parameters["slope"] == pytest.approx(4, rel=1e-6)
    assert market.fit.parameters["market_elasticity"] == pytest.approx(1.4, rel=1e-6)


def test_the_command_takes_shares_prices_a_market_elasticity_and_a_margin(tmp_path):
    path = tmp_path / "products.csv"
    path.write_text(TABLE)
    base = [str(path), "--tariff", "10%", "--where", "origin=JPN", "--demand", "aids", "--json"]
    unfixed = CliRunner().invoke(command, base)
    assert isinstance(unfixed.exception, ModelError)
    assert "unknown are slope, market_elasticity, margins known 1" in str(unfixed.exception)
    assert "--fix market_elasticity=" in str(unfixed.exception)
    done = CliRunner().invoke(command, [*base, "--fix", "market_elasticity=1.4"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert (told["points"], told["refused"]) == (1, 0)
    market = calibrate(products=list("abc"), firms=list("fgh"), prices=PRICES, shares=SHARE,
                       demand="aids", margins={"a": 0.3},
                       fixed={"market_elasticity": 1.4})  # fmt: skip
    wanted = market.impose(Duties([0.1, 0, 0])).price_change
    assert [row["price_change_low"] for row in told["products"]] == pytest.approx(wanted, rel=1e-8)


def test_the_command_says_how_to_write_what_it_cannot_read(tmp_path):
    path = tmp_path / "products.csv"
    path.write_text(TABLE)
    for option, words in (
        (["--fix", "nesting"], "fix: write PARAMETER=NUMBER"),
        (["--fix", "nesting=x"], "fix: write PARAMETER=NUMBER"),
        (["--fix", "eta=2"], "--fix: eta is none of"),
        (["--where", "JPN"], "where: write COLUMN=TEXT"),
    ):
        told = CliRunner().invoke(command, [str(path), "--tariff", "10%", *option])
        assert isinstance(told.exception, ModelError)
        assert words in str(told.exception)


def test_aids_that_does_not_add_up_is_refused():
    with pytest.raises(ModelError, match="the intercepts sum to 1"):
        AidsDemand([0.5, 0.4], [[-1, 1], [1, -1]], 1.0, 1.0, [1.0, 1.0])
    with pytest.raises(ModelError, match="market_elasticity must be above 0"):
        AidsDemand([0.5, 0.5], [[-1, 1], [1, -1]], 0.0, 1.0, [1.0, 1.0])
