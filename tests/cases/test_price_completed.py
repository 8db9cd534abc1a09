"""Duties per unit, an exporter's own price, fixed cost, counterfactuals and chains in cases."""

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.optimize import brentq, minimize_scalar

from tariffimpact.cases import case_of
from tariffimpact.cli.price import price
from tariffimpact.errors import DataError, TariffImpactError


def case(product=None, tariff=None, **tables):
    written = {
        "title": "T", "question": "Q", "tariff": {"rate": 0.25} if tariff is None else tariff,
        "products": [{"name": "P", "old_price": 100, "customs_value": 50} | (product or {})],
    }  # fmt: skip
    return case_of(written | tables, name="mine")


def run(*arguments):
    result = CliRunner().invoke(price, arguments, catch_exceptions=True)
    if isinstance(result.exception, TariffImpactError):
        raise result.exception
    return result


def test_a_duty_per_unit_joins_the_rate_or_replaces_it():
    """25% of 50 and $2; then $2 alone."""
    both = case(tariff={"rate": 0.25, "specific": 2.0})
    assert both.question("dollar").at_base() == pytest.approx(114.5)
    alone = case(tariff={"specific": 3.0, "old_specific": 1.0})
    assert alone.question("dollar").at_base() == pytest.approx(102.0)
    assert "$2.00 a unit" in alone.summary()
    rise = case({"new_price": 101}, {"specific": 3.0, "old_specific": 1.0})
    assert rise.product().pass_through().rate.low == pytest.approx(0.5)
    assert rise.question("pass-through").at_base() == pytest.approx(0.5)


def test_a_duty_per_unit_reaches_the_shelf_through_the_stock():
    timed = case(
        {"cost_share": 0.8}, {"specific": 3.0, "old_specific": 1.0},
        timing={"turns": 4.0, "months": 6},
    )  # fmt: skip
    assert timed.path().price[-1] == pytest.approx(102.0)


def test_a_price_that_did_not_move_against_one_that_would_have_fallen():
    """500 to 500, 20%, customs 50 to 70%, otherwise 5% down to unchanged: 0 to 0.5."""
    kept = {"old_price": 500, "new_price": 500, "customs_share": "0.5..0.7"}
    kept |= {"counterfactual_change": "-0.05..0"}
    found = case_of(
        {
            "title": "T", "question": "Q", "tariff": {"rate": 0.2},
            "products": [{"name": "P"} | kept],
        },
        name="mine",
    )  # fmt: skip
    rate = found.product().pass_through().rate
    assert (rate.low, rate.high) == (pytest.approx(0, abs=1e-12), pytest.approx(0.5))
    bounds = found.question("pass-through").bounds()
    assert (bounds.low, bounds.high) == (pytest.approx(0, abs=1e-12), pytest.approx(0.5))


def test_a_counterfactual_and_a_caused_share_are_refused_together():
    with pytest.raises(DataError, match=r"counterfactual_change and caused_share, two ways"):
        case({"new_price": 110, "counterfactual_change": 0.02, "caused_share": 0.5})


def test_fixed_cost_is_in_the_profit_and_moves_no_price():
    """The steel trader: 60 to 64, profit 1.5m to 0.06m, 96% lower."""
    result = run(
        "--price", "60", "--customs", "32", "--cost", "40", "--tariff", "25%", "--elasticity", "3",
        "--demand", "linear", "--units", "200,000", "--fixed-cost", "2.5m",
    )  # fmt: skip
    assert "no price does: the best, $64.00, leaves profit 96.0% lower" in result.output
    assert "to maximise profit, $64.00" in result.output
    lost = run(
        "--price", "60", "--customs", "32", "--cost", "40", "--tariff", "25%", "--elasticity", "3",
        "--demand", "linear", "--units", "200,000", "--fixed-cost", "3m",
    )  # fmt: skip
    assert "the best, $64.00, leaves a loss of $440,000.00" in lost.output


@pytest.mark.parametrize("form", ["linear", "isoelastic"])
@pytest.mark.parametrize("elasticity", [0.6, 2.0])
def test_an_exporter_s_own_price_by_brute_force(form, elasticity):
    """p = (1 + t) w + 40 at w = 60; the seller keeps (w - 30) q(p), t from 0 to 25%."""

    def volume(p):
        return (
            max(0.0, 1 - elasticity * (p / 100 - 1))
            if form == "linear"
            else (p / 100) ** -elasticity
        )

    def profit(p):
        return ((p - 40) / 1.25 - 30) * volume(p)

    found = case(
        {"customs_value": 60, "unit_cost": 30},
        {"rate": 0.25, "reading": "border_price"},
        demand={"form": form, "elasticity": elasticity},
    )
    prices = {q.key: q.at_base() for q in found.product().questions("USD")}
    assert prices["dollar"] == prices["percent"] == pytest.approx(115.0)
    top = 100 * (1 + 1 / elasticity) if form == "linear" else 1e4
    if form == "linear" or elasticity > 1:
        best = minimize_scalar(lambda p: -profit(p), bounds=(77.6, top), method="bounded",
                               options={"xatol": 1e-10}).x  # fmt: skip
        assert prices["maximise"] == pytest.approx(best, rel=1e-6)
        top = best
    if profit(top) > 30:
        held = brentq(lambda p: profit(p) - 30, 100, top, xtol=1e-12)
        assert prices["profit"] == pytest.approx(held, rel=1e-10)
    else:
        assert np.isnan(prices["profit"])


def test_an_exporter_without_a_cost_or_with_a_cut_is_asked_back():
    reading = {"rate": 0.25, "reading": "border_price"}
    with pytest.raises(DataError, match="leave out one of the two"):
        case({"exporter_cut": 0.1, "unit_cost": 30}, reading)
    with pytest.raises(DataError, match="give unit_cost, what a unit costs it"):
        case({"no_other_cost": True}, reading)
    with pytest.raises(DataError, match="may reach the price of 50"):
        case({"unit_cost": 60}, reading)
    arguments = [
        "--price",
        "100",
        "--customs",
        "60",
        "--tariff",
        "25%",
        "--reading",
        "border_price",
    ]
    assert "the duty falls on its own price" in run(*arguments, "--cost", "30").output


def test_the_chain_on_the_command_line():
    """1,690 at the border, four times that, 35% of 10,400, 31%: 3,224 more on the shelf."""
    car = ["--price", "10,400", "--customs", "$1690", "--tariff", "31%"]
    ruled = run(*car, "--chain", "maker=x4:percent", "--chain", "dealer=35%:percent").output
    assert "by $3,224.00: $6.15 for each $1 of duty" in ruled
    assert "maker   gains   $1,571.70" in ruled
    assert "dealer  gains   $1,128.40" in ruled
    free = run(*car, "--chain", "maker=x4", "--chain", "dealer=35%").output
    assert "If every seller holds its margin in money, a duty of $523.90" in free
    assert "If every seller holds its margin in per cent, a duty of $523.90" in free


def test_a_chain_in_a_case():
    stages = [
        {"name": "Importer", "rule": "absorb", "absorbed": "0.2..0.4"},
        {"name": "Shop", "margin": "0.3..0.4", "rule": "dollar"},
    ]
    (found,) = case(chain=stages).chains()
    assert found.shelf_rise.low == pytest.approx(12.5 * 0.6)
    assert found.shelf_rise.high == pytest.approx(12.5 * 0.8)
    with pytest.raises(DataError, match="give every stage one, or none"):
        case(chain=[stages[0], {"name": "Shop", "margin": 0.3}])


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ("maker", "write maker=x4:percent"),
        ("maker=x4:hold", "no rule 'hold'"),
        ("maker=x4:absorb@x", "'x' is not a number"),
    ],
)
def test_a_seller_that_cannot_be_read_is_told_how(terms, words):
    result = run("--price", "100", "--customs", "50", "--tariff", "10%", "--chain", terms)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_what_is_left_out_is_said_in_the_words_of_the_shell():
    told = run("--price", "100", "--customs", "50", "--tariff", "10%").output
    assert "Left out: the price that holds profit and price that maximises profit" in told
    assert "give --elasticity" in told
    with pytest.raises(TariffImpactError, match=r"--demand linear"):
        run("--price", "100", "--customs", "50", "--tariff", "10%", "--elasticity", "1", "--hold",
            "maximise")  # fmt: skip


def test_the_middle_is_told_only_where_it_is_asked_for():
    ranged = ["--price", "100", "--customs", "50", "--tariff", "10%..20%", "--elasticity", "3"]
    assert "At the middle of every range, The product" in run(*ranged, "--at", "middle").output
    assert "middle" not in run(*ranged).output
