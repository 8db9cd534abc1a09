"""`price`, `recover`, `rollback`: one library call each, printed; faults blamed on the flag."""

import json

import pytest
from click.testing import CliRunner

from tariffimpact import units
from tariffimpact.cases import read_case
from tariffimpact.cli.path import path
from tariffimpact.cli.price import price
from tariffimpact.cli.recover import recover
from tariffimpact.cli.rollback import rollback
from tariffimpact.cli.source import source
from tariffimpact.errors import TariffImpactError
from tariffimpact.interval import Interval

TEXTBOOK = ["--price", "100", "--customs", "50", "--tariff", "25%"]


def run(command, *arguments):
    result = CliRunner().invoke(command, arguments, catch_exceptions=True)
    if isinstance(result.exception, TariffImpactError):
        raise result.exception
    return result


def test_price_by_flags_gives_the_textbook_prices():
    rules = ["--elasticity", "0.5", "--hold", "dollar,percent,profit"]
    result = run(price, *TEXTBOOK, *rules, "--json")
    (product,) = json.loads(result.output)["products"]
    prices = {row["rule"]: row["price"] for row in product["prices"]}
    # known answers: 112.50, 125.00, and (p - 62.5) p^-0.5 = 50 · 100^-0.5 at 116.4578
    assert prices["dollar"] == pytest.approx(112.5)
    assert prices["percent"] == pytest.approx(125.0)
    assert prices["profit"] == pytest.approx(116.4578, abs=5e-5)
    assert product["implied_elasticity"] == 2.0


def test_no_price_does_is_an_ordinary_answer():
    result = run(price, *TEXTBOOK, "--elasticity", "1.5")
    assert result.exit_code == 0
    assert "no price does: the best, $187.50" in result.output


def test_ranges_by_flags():
    result = run(price, "--price", "100", "--customs", "50%", "--tariff", "15%..25%")
    assert result.output.startswith(
        "The product: price that holds the dollar margin $107.50 to $112.50"
    )


def test_a_case_and_one_of_its_products():
    result = run(price, "sony-ps5", "--product", "playstation 5 pro", "--hold", "dollar")
    assert result.output.startswith("PlayStation 5 Pro: ")
    span = read_case("sony-ps5").question("dollar", "PlayStation 5 Pro").bounds().interval
    assert units.money(span, "USD", 2) in result.output


def test_the_same_seed_prints_the_same_bytes():
    arguments = ["sony-ps5", "--product", "PlayStation 5", "--hold", "profit", "--draws", "5000"]
    first, again, other = (
        run(price, *arguments, "--seed", seed, "--json").output for seed in ("1", "1", "2")
    )
    assert first == again
    assert first != other


def test_every_way_to_ask_how_sure():
    result = run(
        price, "sony-ps5", "--product", "PlayStation 5", "--hold", "dollar",
        "--bounds", "--draws", "1000", "--tornado", "--sobol", "--json",
    )  # fmt: skip
    (product,) = json.loads(result.output)["products"]
    (asked,) = product["uncertainty"]
    assert [answer["kind"] for answer in asked["answers"]] == [
        "bounds", "draws", "tornado", "sensitivity",
    ]  # fmt: skip
    first = asked["answers"][3]["rows"][0]
    assert first["input"] in ("customs_share", "tariff_change")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--price", "100", "--customs", "150", "--tariff", "0.1"], "a customs value of 150"),
        (["--price", "100", "--customs", "50", "--tariff", "-0.1"], "--tariff: -0.1 is out of"),
        ([*TEXTBOOK, "--elasticity", "1", "--hold", "maximise"], "elasticity of 1 or less"),
        ([*TEXTBOOK, "--elasticity", "-1.5"], "--elasticity: -1.5 is out of range"),
        ([*TEXTBOOK, "--elasticity", "2", "--demand", "logit"], "logit without a share"),
        (["textbok"], "did you mean 'textbook'?"),
        (["textbook", "--product", "none"], "its products are Textbook product"),
        (["pepsico-can", "--hold", "profit"], "lacks a cost"),
    ],
)
def test_faults_name_the_flag_and_the_remedy(arguments, words):
    with pytest.raises(TariffImpactError) as raised:
        run(price, *arguments)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("command", "arguments", "words"),
    [
        (price, [], "give a case, such as textbook, or --price, --customs, --tariff"),
        (price, ["textbook", "--price", "1"], "--price and a case"),
        (price, ["textbook", "--hold", "dolar"], "the rules are dollar, percent"),
        (price, [*TEXTBOOK, "--elasticity", "many"], "is not a number"),
        (price, [*TEXTBOOK, "--tariff", "1e308"], "is above 1 without %"),
        (price, [*TEXTBOOK, "--price", "nan"], "'--price': 'nan' is not a number"),
        (price, [*TEXTBOOK, "--customs", "x"], "'--customs': 'x' is not a number"),
        (price, [*TEXTBOOK, "--customs", "0.7..0.5"], "share or an amount"),
        (price, [*TEXTBOOK, "--customs", "70%..50%"], "upside down"),
        (price, [*TEXTBOOK, "--currency", "USS"], "is not an ISO 4217 currency code"),
        (price, ["textbook", "--draws", "0"], "--draws"),
        (recover, ["--rise", "50"], "--exposure, --units"),
        (rollback, ["--duty", "100"], "--pass-through, --price, --rise, --monthly-units"),
    ],
)
def test_misuse_is_told(command, arguments, words):
    result = run(command, *arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_recover_by_flags():
    result = run(
        recover, "--exposure", "500e6", "--rise", "50", "--units", "10e6", "--months", "6",
        "--volume-ratio", "0.9", "--basis", "gross", "--json",
    )  # fmt: skip
    answer = json.loads(result.output)
    assert answer["rate"] == pytest.approx(0.45)  # 50 · 10m · 6/12 · 0.9 / 500m
    assert not answer["conditional"]


def test_recover_a_case_says_its_conditions_first():
    result = run(recover, "estee-lauder")
    assert result.output.startswith("Conditional: the exposure is net of mitigation")
    assert result.exit_code == 0


def test_recover_with_uncertainty():
    result = run(recover, "sony-ps5", "--bounds", "--draws", "1000")
    assert "exact, at corners" in result.output
    assert "1,000 draws" in result.output
    with pytest.raises(TariffImpactError, match="--exposure: -5 is out of range"):
        run(recover, "--exposure", "-5", "--rise", "50", "--units", "1")
    with pytest.raises(TariffImpactError, match=r"has no \[recovery\]"):
        run(recover, "pepsico-can")


def test_rollback_by_flags():
    result = run(
        rollback, "--duty", "100", "--pass-through", "0.6", "--price", "550", "--rise", "50",
        "--monthly-units", "0.1", "--reversal-share", "0", "--json",
    )  # fmt: skip
    answer = json.loads(result.output)
    held = {row["figure"]: (row["low"], row["high"]) for row in answer["ranges"]}
    assert (held["absorbed"], held["recovered_twice"]) == ((40.0, 40.0), (60.0, 60.0))
    assert [row["policy"] for row in answer["policies_at_middle"]] == ["keep", "cut", "rebate"]


def test_rollback_of_a_case():
    result = run(rollback, "sony-ps5", "--bounds")
    # $50 on 15m consoles a year, the share sold in the US and the months as the case has them
    table = read_case("sony-ps5").resolved.rollback
    twice = 50 * 15e6 * Interval.of(table.market_share) * Interval.of(table.months_paid) / 12
    said = units.big_money(twice, "USD")
    assert f"and {said} was already recovered from buyers" in result.output
    assert "middle" not in result.output
    at_middle = run(rollback, "sony-ps5", "--at", "middle").output
    assert at_middle.startswith("At the middle of every range: Of a refund of $")
    with pytest.raises(TariffImpactError, match=r"has no \[rollback\]"):
        run(rollback, "pepsico-can")
    with pytest.raises(TariffImpactError, match="--duty: "):
        run(rollback, "--duty=-1", "--pass-through", "1", "--price", "2", "--rise", "1",
            "--monthly-units", "1")  # fmt: skip


def test_path_by_flags():
    result = run(
        path, *TEXTBOOK, "--turns", "4", "--pass-through", "0.5", "--months", "6", "--json"
    )
    months = json.loads(result.output)["months_at_middle"]
    # three months of stock: a third of $12.50 more each month, half of it in the price
    assert [row["price"] for row in months] == pytest.approx(
        [100, 102.0833333, 104.1666667] + [106.25] * 3
    )
    with pytest.raises(TariffImpactError, match="--turns: -1 is out of range"):
        run(path, *TEXTBOOK, "--turns=-1")


def test_path_of_a_case():
    result = run(path, "sony-ps5", "--draws", "200", "--bounds", "--json")
    asked = json.loads(result.output)["uncertainty"]
    assert [question["question"] for question in asked] == [
        "price-path", "last-price", "lowest-margin",
    ]  # fmt: skip
    assert len(asked[0]["answers"][0]["rows"]) == 14
    assert "price in month 13" in run(path, "sony-ps5").output
    at_middle = run(path, "sony-ps5", "--at", "middle").output
    assert at_middle.startswith("At the middle of every range, PlayStation 5: ")
    assert " day " in at_middle
    with pytest.raises(TariffImpactError, match=r"has no \[timing\]"):
        run(path, "pepsico-can")


def test_source_by_flags():
    offers = ["--current", "chn", "--offer", "CHN=300", "--offer", "vnm=310"]
    switch = ["--switching-cost", "1.8e6", "--monthly-units", "50000"]
    looked_up = run(source, *offers, *switch, "--hts", "9504500000", "--on", "2025-08-21", "--json")
    answer = json.loads(looked_up.output)
    # 300 at 30% is 390, 310 at 20% is 372; 1.8m / (18 · 50,000) is two months
    found = {row["figure"]: row for row in answer["ranges"]}
    assert found["saving"]["low"] == found["saving"]["high"] == pytest.approx(18.0)
    assert found["break_even"]["high"] == pytest.approx(2.0)
    own = ["--current", "CHN", "--offer", "CHN=300@30%", "--offer", "VNM=310@10%..20%"]
    assert "from China to Vietnam is $18 to $49" in run(source, *own, *switch).output
    with pytest.raises(TariffImpactError, match="give it, or --hts and --on"):
        run(source, *offers, *switch)
    assert "go together" in run(source, *offers, *switch, "--hts", "9504500000").output
    assert "write VNM=310" in run(source, "--offer", "VNM").output


def test_source_of_a_case():
    result = run(source, "textbook")
    assert "pays after 10.0 months" in result.output
    with pytest.raises(TariffImpactError, match=r"has no \[sourcing\]"):
        run(source, "pepsico-can")


@pytest.mark.parametrize("command", [price, recover, rollback, path, source])
def test_help(command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert "--seed" in result.output
    assert "CASE is a file or a shipped case" in " ".join(result.output.split())
