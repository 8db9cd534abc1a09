"""The range of a market known up to ranges: no point of the box lies beyond it, and its words."""

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner
from test_table import CONSOLES

from tariffimpact.cli.market import market as command
from tariffimpact.errors import ModelError, NoEquilibrium
from tariffimpact.interval import Interval
from tariffimpact.market import Duties, impose_range, read_products

JAPAN = {"ad_valorem": 0.15, "where": {"origin": "JPN"}}
SONY = {"ad_valorem": 0.15, "where": {"firm": "Sony"}}


@pytest.fixture
def wide(tmp_path):
    """The console market with customs shares of 0.50 to 0.97, whatever is known of them by now."""
    text = re.sub(r",[\d.]+(\.\.[\d.]+)?(?=,(story|listed) price)", ",0.50..0.97",
                  CONSOLES.read_text(encoding="utf-8"))  # fmt: skip
    (tmp_path / "wide.csv").write_text(text, encoding="utf-8")
    return read_products(tmp_path / "wide.csv")


def at_points(table, count, seed=1, **options):
    """Price changes at random points of the box, each market calibrated and solved alone."""
    rng = np.random.default_rng(seed)
    taxed, found = table.where({"firm": "Sony"}), []
    for i in range(count):
        draw = rng.random if i % 2 else lambda size: rng.integers(0, 2, size).astype(float)
        part = {name: np.asarray(draw(taxed.size)) for name in table.low}
        outside = 0.3 + 0.4 * float(draw(1)[0])
        market = table.market(outside_share=outside, at=part, **options)
        found.append(market.impose(Duties(0.15 * taxed)).price_change)
    return np.array(found)


@pytest.mark.parametrize("demand", ["logit", "ces"])
def test_no_point_of_the_ranges_lies_beyond_what_is_reported(demand, wide):
    found = impose_range(wide, outside_share=Interval(0.3, 0.7), demand=demand, **SONY)
    points = at_points(wide, 150, demand=demand)
    width = found.high - found.low
    assert (points >= found.low - 1e-3 * width).all()
    assert (points <= found.high + 1e-3 * width).all()
    # a customs share is not one number for all products: this point was outside of what was said
    assert demand == "ces" or found.low[0] < 19.22


def test_columns_that_move_together_give_a_narrower_range_and_say_so(wide):
    free = impose_range(wide, outside_share=Interval(0.3, 0.7), **SONY)
    tied = impose_range(wide, outside_share=Interval(0.3, 0.7), together=["customs_share"], **SONY)
    assert (tied.low[:3] > free.low[:3] + 0.5).all()
    assert "Every range varies by itself" in free.explain()
    assert "The ranges of customs_share move together" in tied.explain()
    assert f"{free.searched:,} points more" in free.explain()


def test_points_solved_at_once_and_one_by_one_agree(tmp_path):
    path = tmp_path / "nest.csv"
    text = "product,firm,origin,price,quantity,margin,customs_share\n" \
           "a,f,JPN,100,2..3,0.3..0.4,0.5..0.6\nb,g,USA,90,2,,0.5\n"  # fmt: skip
    path.write_text(text)
    quick = impose_range(read_products(path), outside_share=Interval(0.4, 0.5), **JAPAN)
    path.write_text(text.replace("customs_share\n", "customs_share,nest\n")
                    .replace("0.6\n", "0.6,n\n").replace(",,0.5\n", ",,0.5,n\n"))  # fmt: skip
    slow = impose_range(read_products(path), outside_share=Interval(0.4, 0.5), points=40,
                        fixed={"nesting": 0.0}, home=["g"], **JAPAN)  # fmt: skip
    assert slow.low == pytest.approx(quick.low, rel=1e-6)
    assert slow.high == pytest.approx(quick.high, rel=1e-6)
    table = slow.to_table().set_index(["measure", "of"])
    welfare = table.loc[("national welfare", "market")]
    assert welfare["low"] <= welfare["high"]


def test_a_range_from_some_of_its_points_says_from_how_many(tmp_path):
    """A margin up to 0.95 leaves no positive cost for the cheap rival at the upper end."""
    path = tmp_path / "thin.csv"
    path.write_text("product,firm,origin,price,quantity,margin\n"
                    "a,f,JPN,100,3,0.3..0.95\nb,g,USA,60,2,\n")  # fmt: skip
    found = impose_range(read_products(path), outside_share=Interval.exactly(0.5), **JAPAN)
    assert 0 < found.refused < 200
    assert f"{200 - found.refused} of 200 points of the ranges have an answer" in found.summary()
    path.write_text(path.read_text().replace("0.3..0.95", "0.8..0.95"))
    with pytest.raises(NoEquilibrium, match="no point of the ranges has an equilibrium; the last"):
        impose_range(read_products(path), outside_share=Interval.exactly(0.5), **JAPAN)


@pytest.mark.parametrize(("change", "words"), [
    ({"ad_valorem": 15}, "ad_valorem is a fraction"),
    ({"ad_valorem": -0.1}, "a cut is for Market.impose"),
    ({"demand": "cobb"}, "^demand: .* is none of"),
    ({"conduct": "collusion"}, "^conduct: .* is none of"),
    ({"fixed": {"eta": 2.0}}, "^fixed: eta is none of"),
    ({"together": ["colour"]}, "^together: colour is none of"),
    ({"home": ["Sega"]}, "^home: Sega sells nothing"),
    ({"where": {"origin": "ITA"}}, "^where: no product has"),
    ({"conduct": "monopolistic_competition", "demand": "linear"}, "monopolistic"),
])  # fmt: skip
def test_a_wrong_argument_is_told_as_one(change, words):
    options = {"outside_share": Interval(0.3, 0.7), **SONY} | change
    with pytest.raises(ModelError, match=words):
        impose_range(read_products(CONSOLES), **options)


def test_the_command_tells_every_measure_and_json_the_same():
    arguments = ["--tariff", "15%", "--where", "firm=Sony", "--home", "Sony", "--draws", "200"]
    told = CliRunner().invoke(command, arguments).output
    for words in ("price change, USD", "units sold", "profit", "duty revenue", "consumer loss",
                  "national welfare", "90% of draws"):  # fmt: skip
        assert words in told
    found = json.loads(CliRunner().invoke(command, [*arguments, "--json"]).output)
    assert found["currency"] == "USD"
    measures = {row["measure"] for row in found["measures"]}
    assert measures == {"price", "units", "profit", "duty revenue", "consumer loss",
                        "national welfare"}  # fmt: skip
    assert all(row["low"] <= row["p05"] <= row["p95"] <= row["high"] for row in found["measures"])


UNITS = "product,firm,origin,price,quantity,margin,customs_share\n" \
        "a,f,JPN,100,3000,0.3,0.5\nb,f,USA,90,2000,,\nc,g,USA,80,4000,,\n"  # fmt: skip


@pytest.mark.parametrize("demand", ["logit", "ces", "linear"])
def test_units_sold_give_the_units_and_money_of_the_market_alone(tmp_path, demand):
    """A market of no ranges, and the same of a range of nearly no width, solved all at once."""
    (tmp_path / "units.csv").write_text(UNITS)
    table = read_products(tmp_path / "units.csv")
    market = table.market(outside_share=0.5, demand=demand)
    result = market.impose(Duties({"a": 0.15}))
    ledger = result.ledger(home=["g"])
    for outside in (Interval.exactly(0.5), Interval(0.5, 0.5 + 1e-9)):
        found = impose_range(table, outside_share=outside, demand=demand, home=["g"],
                             units_sold=True, **JAPAN)  # fmt: skip
        low = found.to_table().set_index(["measure", "of"])["low"]
        sold = result.after.quantities - result.before.quantities
        assert low["units"].to_numpy() == pytest.approx(sold, rel=1e-6)
        firms = result.firms_frame()["profit_change"]
        assert low["profit"].to_numpy() == pytest.approx(firms.to_numpy(), rel=1e-6)
        assert low["duty revenue", "market"] == pytest.approx(ledger.duty_revenue, rel=1e-6)
        assert low["consumer loss", "market"] == pytest.approx(-ledger.consumers, rel=1e-6)
        assert low["national welfare", "market"] == pytest.approx(ledger.national, rel=1e-6)


def test_the_command_says_units_and_money_where_quantities_are_units(tmp_path):
    (tmp_path / "units.csv").write_text(UNITS)
    arguments = [str(tmp_path / "units.csv"), "--tariff", "15%", "--where", "origin=JPN"]
    told = CliRunner().invoke(command, [*arguments, "--units-sold", "--currency", "EUR"]).output
    for words in ("price change, EUR", "profit, EUR", "duty revenue, EUR", "all buyers"):
        assert words in told
    assert "%" not in told
    assert "over sales before" in CliRunner().invoke(command, arguments).output
    (tmp_path / "units.csv").write_text(UNITS.replace("quantity", "share"))
    ran = CliRunner().invoke(command, [*arguments, "--units-sold"])
    assert "give the units sold in a column quantity" in str(ran.exception)


@pytest.mark.parametrize(("arguments", "words"), [
    (["--tariff", "15"], "write 15%"),
    (["--tariff", "-15%"], "--tariff: the rise of a duty"),
    (["--tariff", "15%", "--where", "origin=ITA"], "no product has origin=ITA and firm=Sony"),
    (["--tariff", "15%", "--fix", "eta=2"], "none of the parameters of this demand"),
    (["--tariff", "nan"], "is not a number"),
    (["--tariff", "15%", "--outside", "40"], "write 40%"),
    (["--tariff", "10%..20%"], "one rate"),
    (["--tariff", "15%", "--demand", "aids", "--outside", "0.5"], "no outside good"),
    (["--tariff", "15%", "--demand", "aids"], "--fix market_elasticity=…"),
])  # fmt: skip
def test_slips_on_the_command_line_are_told_in_its_words(arguments, words):
    ran = CliRunner().invoke(command, [*arguments, "--where", "firm=Sony"])
    assert ran.exit_code != 0
    assert words in ran.output + str(ran.exception)
