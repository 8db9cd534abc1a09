"""Bad cases: every fault at once, with file, line, key and remedy."""

import numpy as np
import pytest

from tariffimpact.cases import read_case
from tariffimpact.errors import DataError, ModelError
from tariffimpact.facts import read_facts

GOOD = """\
title = "A case"
question = "What then?"

[tariff]
rate = 0.25

[demand]
elasticity = "1.5..2"

[[products]]
name = "One"
old_price = 100
new_price = 106
customs_share = { dist = "triangular", low = 0.4, mode = 0.5, high = 0.6 }
cost_share = 0.7

[[products]]
name = "Two"
old_price = 50
customs_value = 20

[recovery]
amount = 1000
price_rise = 6
annual_volume = 100
"""


@pytest.fixture(scope="module")
def facts():
    return read_facts()


@pytest.fixture
def read(tmp_path, facts):
    def write_and_read(text):
        path = tmp_path / "case.toml"
        path.write_text(text, encoding="utf-8")
        return read_case(path, facts=facts)

    return write_and_read


def test_a_good_case(read):
    case = read(GOOD)
    assert [item.name for item in case.products] == ["One", "Two"]
    assert [q.key for q in case.product("one").questions("USD")] == [
        "full", "pass-through", "dollar", "percent", "profit", "maximise",
    ]  # fmt: skip
    assert [q.key for q in case.product("Two").questions("USD")] == ["full", "dollar"]
    assert case.question("recovery").at_base() == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("rate = 0.25", "rate = -0.1", ":5: tariff.rate: -0.1 is out of range"),
        ("rate = 0.25", "rate = 25", "write 0.15 for 15%"),
        ("rate = 0.25", "rate = nan", ":5: tariff.rate: must be finite"),
        ("rate = 0.25", "rate = true", "is not a number"),
        ("rate = 0.25", "rtae = 0.25", ":5: tariff.rtae: is not a key here, did you mean 'rate'?"),
        ("rate = 0.25", "", ":4: tariff: says neither a rate nor"),
        ("rate = 0.25", 'rate = 0.2\nhts = "9504500000"', "keep one of the two"),
        ('"1.5..2"', '"2..1.5"', ":8: demand.elasticity: the interval 2..1.5 is upside down"),
        ('"1.5..2"', "-1.5", "give an amount above 0"),
        ('"1.5..2"', '{ dist = "normal", mean = 2, sd = 1 }', "cut a distribution's tails off"),
        ('"1.5..2"', '{ dist = "uniform", low = 2, high = 1 }', "write low ≤ high"),
        ('"1.5..2"', "{ low = 1, high = 2 }", "is neither a distribution nor a row of the data"),
        ('"1.5..2"', '{ assumption = "no-such" }', ":8: demand.elasticity: is not in assumptions"),
        ('"1.5..2"', '2\nform = "cubic"', "write one of: 'linear', 'isoelastic' or 'logit'"),
        ('"1.5..2"', '2\nform = "logit"', "logit without a share"),
        ('"1.5..2"', "2\nshare = 0.5", "share goes with form"),
        ("mode = 0.5", "mode = 0.7", "write low ≤ mode ≤ high"),
        ("cost_share = 0.7", "cost_share = 1.7", "a share lies above 0, up to 1"),
        ("cost_share = 0.7", 'cost_share = "0.7..1.7"', "0.7..1.7 is out of range"),
        ("cost_share = 0.7", "cost_share = 0.7\nunit_cost = 70", "keep one of the two"),
        ("cost_share = 0.7", "unit_cost = 100", "may reach the price of 100"),
        ("customs_value = 20", "customs_value = 51", ":17: products[2]: a customs value of 51"),
        ("customs_value = 20", "", "give exactly one of customs_share, customs_value, metal"),
        ("customs_value = 20", "customs_value = 1e308", "check the number of zeros"),
        ("old_price = 50", "old_price = 1e308", "beyond any real quantity"),
        ("old_price = 50", 'price = "no-such-price"', ":19: products[2].price: is not in prices"),
        ("old_price = 50", 'price = "sony-ps5-digital-eu-2025-04"', "is in EUR, the case in USD"),
        ("old_price = 50", "old_price = 50\nunits = 0", "give an amount above 0"),
        ("old_price = 50", 'old_price = 50\nsource = "nobody"', "is not in sources.csv"),
        ("amount = 1000", "", ":22: recovery: gives both or neither of exposure and amount"),
        ("amount = 1000", 'exposure = "nobody"', ":23: recovery.exposure: is not in exposures"),
        ("amount = 1000", "amount = 1000\nmonths = -1", "give months, 0 or more"),
        ('title = "A case"', "", ":1: title: is missing; add it"),
        ('title = "A case"', "title = 5", "title: is not text (got '5'); put it in quotes"),
        ('title = "A case"', 'title = "x"\ncurrency = "USS"', ":2: currency: "),
        ("question =", "queston =", "did you mean 'question'?"),
        ('name = "One"', "name = One", ":11: is not TOML"),
    ],
)
def test_a_fault_is_placed_and_mended(read, old, new, fault):
    with pytest.raises(DataError) as raised:
        read(GOOD.replace(old, new))
    text = str(raised.value)
    assert fault in text
    assert "case.toml" in text
    assert all("; " in line for line in text.splitlines())


def test_all_faults_at_once(read):
    text = GOOD.replace("rate = 0.25", "rate = -1").replace("cost_share = 0.7", "cst_share = 0.7")
    with pytest.raises(DataError) as raised:
        read(text.replace('"1.5..2"', '"x"'))
    assert len(raised.value.faults) == 3


def test_all_ids_that_lead_nowhere_at_once(read):
    text = GOOD.replace('"1.5..2"', '{ assumption = "no-such" }')
    with pytest.raises(DataError) as raised:
        read(text.replace("old_price = 50", 'price = "no-such"'))
    assert len(raised.value.faults) == 2


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("textbok", "did you mean 'textbook'?"),
        ("nothing-like-it", "the shipped cases are"),
        ("missing.toml", "cannot be read"),
    ],
)
def test_a_case_that_is_not_there(name, words):
    with pytest.raises(DataError, match=words.replace("?", r"\?")):
        read_case(name)


def test_a_file_that_is_not_text(tmp_path, facts):
    path = tmp_path / "case.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="is not UTF-8 text"):
        read_case(path, facts=facts)
    path.write_bytes(b" " * 1_000_001)
    with pytest.raises(DataError, match="too large"):
        read_case(path, facts=facts)


def test_a_tariff_looked_up(read):
    text = GOOD.replace(
        "rate = 0.25",
        'hts = "9504500000"\norigins = ["CHN", "VNM"]\non = 2025-08-21\nbefore = 2025-05-15',
    )
    # China 30% on both days, Vietnam 10% and then 20%: changes of 0 and 10 points
    change = read(text).duty.change
    assert (change.low, change.high) == pytest.approx((0.0, 0.1))
    with pytest.raises(DataError, match="origins"):
        read(text.replace("VNM", "XXX"))
    with pytest.raises(DataError, match="no rate on 1999-05-15; the schedule begins on 2025-01-01"):
        read(text.replace("2025-05-15", "1999-05-15"))


def test_a_refund_worked_out_from_the_duty(read):
    table = "\n[rollback]\nannual_volume = 1200\nmonths_paid = 6\ninterest = 0.1\n"
    case = read(GOOD + table)
    # duty 0.25 of a customs value of 50 on 600 units; $6 of the rise on each
    assert case.question("refund").at_base() == pytest.approx(12.5 * 600 * 1.1)
    assert case.question("recovered-twice").at_base() == pytest.approx(6 * 600)
    assert case.rollback().monthly_volume == 100
    with pytest.raises(ModelError, match="Two has no new price"):
        case.rollback("Two")


def test_a_path_over_the_months(read):
    case = read(GOOD + '\n[timing]\nmonths_of_stock = 2\nflow = "fifo_many"\nmonths = 4\n')
    # 0.25 of a customs value of 50 is 12.50; half of it in month 1, all from month 2
    np.testing.assert_allclose(case.path().price, [100, 106.25, 112.5, 112.5])
    drawn = case.question("price-path").draws(n=50, seed=1)
    assert drawn.values.shape == (50, 4)
    assert case.question("lowest-margin").at_base() == pytest.approx(30.0)
    with pytest.raises(ModelError, match="Two lacks a cost"):
        case.path("Two")


def test_a_path_looked_up_by_month(read):
    text = GOOD.replace(
        "rate = 0.25",
        'hts = "9504500000"\norigins = ["JPN"]\non = 2025-08-21\nbefore = 2025-01-15',
    )
    timing = '\n[timing]\nturns = 12\nflow = "replacement"\nstart = 2025-03-31\norigin = "JPN"\n'
    # Japan: nothing in March 2025, 10% from 5 April, 15% from 7 August
    assert read(text + timing).rates == (0, *[0.1] * 4, *[0.15] * 6, 0.1)
    with pytest.raises(DataError, match=r"timing\.origin: is 0\.\.0\.25 on"):
        read(text + timing.replace("JPN", "CAN"))
    with pytest.raises(DataError, match=r"timing\.start without tariff\.hts"):
        read(GOOD + timing)
    with pytest.raises(DataError, match="give both"):
        read(text + timing.replace("start = 2025-03-31\n", ""))


def test_the_path_drawn_is_the_path_shown(facts):
    """The vectorised path against the library's own, every range at its middle."""
    case = read_case("sony-ps5", facts=facts)
    question = case.question("price-path")
    one = question.model(**question.inputs.central())
    np.testing.assert_allclose(one, case.path().price, rtol=1e-12)
    assert case.question("lowest-margin").at_base() == pytest.approx(case.path().margin.min())


def test_a_path_from_an_old_duty(read):
    text = GOOD.replace("rate = 0.25", "rate = 0.25\nold_rate = 0.1")
    case = read(text + '\n[timing]\nmonths_of_stock = 2\nflow = "fifo_many"\nmonths = 4\n')
    # cost 70 holds a duty of 5; it rises to 77.50 and the price by as much
    assert case.path().unit_cost[-1] == pytest.approx(77.5)
    drawn = case.question("lowest-margin").at_base()
    assert drawn == pytest.approx(case.path().margin.min()) == pytest.approx(30.0)


def test_origins_side_by_side(read):
    table = """
[sourcing]
current = "CHN"
switching_cost = 1800000
monthly_volume = 50000
on = 2025-08-21
[[sourcing.offers]]
origin = "CHN"
customs_value = 300
[[sourcing.offers]]
origin = "VNM"
customs_value = "310..320"
"""
    looked_up = GOOD.replace(
        "rate = 0.25",
        'hts = "9504500000"\norigins = ["VNM"]\non = 2025-08-21\nbefore = 2025-01-15',
    )
    # 300 at 30% is 390; 310 to 320 at 20% is 372 to 384
    found = read(looked_up + table).question("saving").bounds()
    assert (found.low, found.high) == pytest.approx((6.0, 18.0))
    months = read(looked_up + table).question("break-even").bounds()
    assert (months.low, months.high) == pytest.approx((2.0, 6.0))
    with pytest.raises(DataError, match=r"sourcing\.offers\[1\]\.ad_valorem: is missing"):
        read(GOOD + table)
    with pytest.raises(DataError, match="no offer of the current origin JPN"):
        read(looked_up + table.replace('current = "CHN"', 'current = "JPN"'))
    with pytest.raises(DataError, match="two offers of one origin"):
        read(looked_up + table.replace('"VNM"\ncustoms', '"CHN"\ncustoms'))


def test_a_case_without_products(read):
    head = 'title = "A"\nquestion = "B"\n'
    case = read(head + "[recovery]\namount = 10\nprice_rise = 1\nannual_volume = 5\n")
    assert case.question("recovery").at_base() == 0.5
    with pytest.raises(ModelError, match="has no product"):
        case.prices()
    for text, words in (
        ("", "give at least one"),
        ("[rollback]\nannual_volume = 5\n[recovery]\namount = 10\nprice_rise = 1\n"
         "annual_volume = 5\n", "no product"),
        ('[[products]]\nname = "x"\nold_price = 5\ncustoms_value = 1\n', "no .tariff."),
    ):  # fmt: skip
        with pytest.raises(DataError, match=words):
            read(head + text)


def test_a_falling_tariff_lowers_prices(read):
    case = read(GOOD.replace("rate = 0.25", "rate = 0.1\nold_rate = 0.3"))
    assert case.question("dollar", "Two").at_base() == pytest.approx(50 - 0.2 * 20)


def test_a_question_the_case_does_not_answer(read):
    with pytest.raises(ModelError, match="it answers full, dollar, recovery"):
        read(GOOD).question("pass-through", "Two")
    with pytest.raises(ModelError, match="Two lacks a cost; give cost_share"):
        read(GOOD).question("profit", "Two")
    with pytest.raises(ModelError, match="One lacks a demand; add"):
        read(GOOD.replace('[demand]\nelasticity = "1.5..2"', "")).question("profit", "One")
    with pytest.raises(ModelError, match="its products are One, Two"):
        read(GOOD).product("Three")


def test_maximising_at_an_elasticity_of_one(read):
    text = GOOD.replace('"1.5..2"', "1")
    with pytest.raises(ModelError, match="elasticity"):
        read(text).question("maximise", "One").at_base()


def test_uncertainty_of_a_question(read):
    question = read(GOOD).question("profit", "One")
    first, again = (question.draws(n=2000, seed=1).values for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert question.tornado().swings
    assert {index.input for index in question.sobol(n=256, seed=1).indices} == {
        "customs_share", "demand_elasticity",
    }  # fmt: skip
