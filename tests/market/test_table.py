"""The CSV of products, the range of answers, and the command."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tariffimpact.cli.market import market as command
from tariffimpact.errors import DataError, ModelError
from tariffimpact.interval import Interval
from tariffimpact.market import Duties, impose_range, read_products

CONSOLES = Path(__file__).parents[2] / "data" / "console_market.csv"


@pytest.fixture
def exact(tmp_path):
    path = tmp_path / "exact.csv"
    path.write_text("product,firm,origin,price,quantity,margin\na,f,JPN,100,3,0.4\nb,g,USA,90,2,\n")
    return path


def test_numbers_give_one_answer_and_ranges_hold_it(exact, tmp_path):
    table = read_products(exact)
    assert table.exact
    one = table.market(outside_share=0.5).impose(Duties([0.15, 0.0])).price_change
    point = impose_range(table, outside_share=Interval.exactly(0.5), ad_valorem=0.15,
                         where={"origin": "JPN"}, points=4)  # fmt: skip
    assert point.low == pytest.approx(one, rel=1e-9)
    assert point.high == pytest.approx(one, rel=1e-9)
    wide = tmp_path / "wide.csv"
    wide.write_text(exact.read_text().replace("0.4", "0.3..0.5"))
    span = impose_range(read_products(wide), outside_share=Interval(0.4, 0.6), ad_valorem=0.15,
                        where={"origin": "JPN"}, points=40)  # fmt: skip
    assert (span.low < one).all()
    assert (one < span.high).all()
    assert span.plot().get_figure() is not None


def test_a_range_says_it_was_searched_and_one_market_says_it_was_not(exact, tmp_path):
    table = read_products(exact)
    duty = {"ad_valorem": 0.15, "where": {"origin": "JPN"}}
    one = impose_range(table, outside_share=Interval.exactly(0.5), **duty)
    assert (one.points, one.refused) == (1, 0)
    assert one.explain().startswith("No input is a range")
    wide = tmp_path / "wide.csv"
    wide.write_text(exact.read_text().replace("0.4", "0.3..0.5"))
    found = impose_range(
        read_products(wide), outside_share=Interval.exactly(0.5), points=20, **duty
    )
    assert found.explain().startswith("Found by search: 20 points")
    # the only range is a margin, and half the points are corners: both ends are reached there
    ends = [read_products(wide).market(outside_share=0.5, at=at).impose(Duties([0.15, 0.0]))
            .price_change[0] for at in (0.0, 1.0)]  # fmt: skip
    assert [found.low[0], found.high[0]] == pytest.approx(sorted(ends), rel=1e-9)


def test_shares_are_parts_of_what_demand_counts_and_nests_are_read(tmp_path):
    """Units for logit, outlay for CES: the shares of the market come out as the file has them."""
    path = tmp_path / "shares.csv"
    path.write_text("product,firm,nest,price,share,margin\na,f,x,100,30,0.4\n"
                    "b,g,x,50,20,0.2\nc,h,y,80,50,\n")  # fmt: skip
    table = read_products(path)
    for demand in ("logit", "ces"):
        market = table.market(outside_share=0.5, demand=demand, fixed={"nesting": 0.3})
        shares = market.equilibrium().game.demand.shares(market.fit.prices)
        assert shares == pytest.approx([0.15, 0.1, 0.25], rel=1e-9)
        assert list(market.demand.nest) == [0, 0, 1]
        assert market.demand.nesting == pytest.approx(np.full(3, 0.3))


def test_every_fault_in_a_file_is_reported_at_once(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text(
        "product,firm,price,quantity,margin,ad_valorem,nest\n"
        "a,f,x,3,0.2,0,n\n"
        "b,,90,,1.2,25,n\n"
        "a,g,-5,1..,0.1..0.2,0.25,\n"
    )
    with pytest.raises(DataError) as caught:
        read_products(path)
    found = [(fault.where.rpartition(":")[2], fault.column, fault.got) for fault in
             caught.value.faults]  # fmt: skip
    assert sorted(found) == [
        ("2", "price", "x"),
        ("3", "ad_valorem", "25"),
        ("3", "firm", ""),
        ("3", "margin", "1.2"),
        ("3", "quantity", ""),
        ("4", "nest", ""),
        ("4", "price", "-5"),
        ("4", "product", "a"),
        ("4", "quantity", "1.."),
    ]
    told = str(caught.value).splitlines()
    assert told[0].endswith(
        "bad.csv:2: price: should be a number or a range (got 'x'); write 0.3 or 0.2..0.4"
    )
    assert [int(line.split("bad.csv:")[1][0]) for line in told] == [2, 3, 3, 3, 3, 4, 4, 4, 4]
    path.write_text("product,firm,price\na,f,1\n")
    with pytest.raises(DataError, match=r"bad.csv:1: quantity: column is missing; add it"):
        read_products(path)
    path.write_text("product,firm,price,quantity,share\na,f,1,1,1\n")
    with pytest.raises(DataError, match="share: stands beside quantity"):
        read_products(path)


def test_a_product_that_is_not_imported_has_a_blank_share_and_no_tariff(tmp_path):
    """What its blank stands for is then of no effect: the same answer as with any share."""
    path = tmp_path / "home.csv"

    def written(home):
        path.write_text("product,firm,origin,price,quantity,margin,customs_share\n"
                        f"a,f,JPN,100,3,0.4,0.6\nb,g,USA,90,2,,{home}\n")  # fmt: skip
        return path

    with pytest.raises(DataError) as caught:
        read_products(written("0"))
    assert str(caught.value).endswith(
        "home.csv:3: customs_share: is out of range (got '0'); give customs value over price, "
        "above 0; of a product that is not imported leave it blank, and keep the tariff off the "
        "product with --where"
    )
    prices = [
        impose_range(read_products(written(home)), outside_share=Interval.exactly(0.5),
                     ad_valorem=0.15, where={"origin": "JPN"}).low.tolist()
        for home in ("", "0.01", "0.9")
    ]  # fmt: skip
    assert prices[0] == prices[1] == prices[2]


def test_a_condition_that_chooses_nothing_is_refused(exact):
    table = read_products(exact)
    with pytest.raises(ModelError, match="no product has"):
        table.where({"origin": "CHN"})
    with pytest.raises(ModelError, match="no column 'colour'"):
        table.where({"colour": "red"})


def test_the_console_market_leaves_fifty_dollars_possible_and_rivals_rise_little():
    result = CliRunner().invoke(
        command, [str(CONSOLES), "--tariff", "20%", "--where", "firm=Sony", "--json"]
    )
    assert result.exit_code == 0, result.output
    rows = {row["product"]: row for row in json.loads(result.output)["products"]}
    ps5 = rows["PlayStation 5"]
    assert ps5["price_change_low"] < 50 < ps5["price_change_high"]
    assert ps5["pass_through_high"] < 1  # logit firms absorb some
    rivals = [row["price_change_high"] for row in rows.values() if row["firm"] != "Sony"]
    assert 0 < np.max(rivals) < 10


def test_the_command_says_that_rivals_respond(exact):
    told = CliRunner().invoke(command, [str(exact), "--tariff", "15%", "--outside", "0.5"])
    assert told.output.startswith("If rivals respond")
