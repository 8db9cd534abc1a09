"""A change of duty that the user states: what a row names, how it is weighted, what is refused."""

import pandas as pd
import pytest

from costpush.small_accounts import SMALL
from tariffimpact.costpush import cost_push, read_accounts, read_rates
from tariffimpact.costpush.law import imported_lines
from tariffimpact.errors import DataError


@pytest.fixture(scope="module")
def accounts():
    return read_accounts()


@pytest.fixture
def stated(accounts, tmp_path):
    """Return a reader of lines written to a file."""

    def read(*lines, of=accounts, name="rates.csv", **options):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return read_rates(path, of, **options)

    return read


def shares(accounts):
    """Return the part of each partner in a commodity's imports, from the shipped weights."""
    lines, _ = imported_lines(accounts.folder)
    sums = lines.groupby(["commodity", "partner"])["value"].sum()
    return sums / sums.groupby("commodity").transform("sum")


def test_a_whole_commodity_and_the_rest(stated, accounts):
    change = stated("commodity,change", "331110,50%", "*,0.1")
    place = accounts.places["331110"]
    assert (change.low[place], change.high[place]) == (0.5, 0.5)
    assert (change.low == 0.1).sum() == len(change.low) - 1
    assert change.parts is None


def test_an_origin_is_weighted_by_its_part_of_the_imports(stated, accounts):
    change = stated("commodity,origin,change", "336111,Japan,15%", "336111,EU,0.25", "*,,0")
    part = shares(accounts)["336111"]
    expected = 0.15 * part["JPN"] + 0.25 * part["EU"]
    assert change.low[accounts.places["336111"]] == pytest.approx(expected)
    parts = change.parts.set_index(["commodity", "origin"])["low"]
    assert parts["336111", "JPN"] == pytest.approx(0.15 * part["JPN"])


def test_a_code_is_weighted_by_its_part_of_each_commodity(stated, accounts):
    change = stated("commodity,hts,change", ",8703,10%", "*,,0").low
    lines, _ = imported_lines(accounts.folder)
    cars = lines[lines["hts"].str.startswith("8703")].groupby("commodity")["value"].sum()
    sums = lines.groupby("commodity")["value"].sum()
    for commodity, value in cars.items():
        expected = 0.1 * value / sums[commodity]
        assert change[accounts.places[commodity]] == pytest.approx(expected)
    assert (change > 0).sum() == len(cars)


def test_the_rest_is_what_no_row_names_of_a_commodity_too(stated, accounts):
    change = stated("commodity,origin,change", "336111,JPN,15%", "*,,10%")
    part = shares(accounts)["336111"]["JPN"]
    expected = 0.15 * part + 0.10 * (1 - part)
    assert change.low[accounts.places["336111"]] == pytest.approx(expected)


def test_two_authorities_on_the_same_goods_add_up(stated, accounts):
    change = stated("commodity,authority,change", "331110,Section 232,50%",
                    "331110,Section 301,25%", "*,,0")  # fmt: skip
    assert change.low[accounts.places["331110"]] == pytest.approx(0.75)
    answer = cost_push(accounts, change)
    parts = answer.parts("authority").set_index("authority")["constant_dollar_low"]
    assert parts["Section 232"] == pytest.approx(2 * parts["Section 301"])
    assert parts.sum() == pytest.approx(answer.total.constant_dollar.low)


def test_a_range_of_duties_is_a_range_of_rises(stated, accounts):
    answer = cost_push(accounts, stated("commodity,change", "336111,10%..0.25", "*,0"))
    ends = [
        cost_push(accounts, stated("commodity,change", f"336111,{rate}", "*,0")).total
        for rate in ("10%", "0.25")
    ]
    found = answer.total.constant_dollar
    assert (found.low, found.high) == pytest.approx(
        tuple(total.constant_dollar.low for total in ends)
    )


def test_a_fall_is_a_fall(stated, accounts):
    answer = cost_push(accounts, stated("commodity,change", "336111,-10%", "*,0"))
    assert answer.total.constant_percent.high < answer.total.constant_dollar.low < 0


def test_a_workbook_and_other_names_are_taken_as_they_come(accounts, tmp_path):
    frame = pd.DataFrame({"Product": ["95045000"], "Country": ["Viet Nam"], "Rate change": ["20%"]})
    rest = pd.DataFrame({"Product": [""], "Country": [""], "Rate change": ["0"], "Code": ["*"]})
    pd.concat([frame, rest]).to_excel(tmp_path / "rates.xlsx", index=False)
    change = read_rates(tmp_path / "rates.xlsx", accounts)
    lines, _ = imported_lines(accounts.folder)
    toys = lines[lines["commodity"] == "339930"]
    consoles = toys[toys["hts"].str.startswith("95045000") & (toys["partner"] == "VNM")]
    expected = 0.2 * consoles["value"].sum() / toys["value"].sum()
    assert change.low[accounts.places["339930"]] == pytest.approx(expected)


def test_decimal_commas_are_read_where_the_column_has_them(stated, accounts):
    change = stated("commodity;change", "331110;0,5", "33131B;7,5%", "*;0")
    assert change.low[accounts.places["331110"]] == 0.5
    assert change.low[accounts.places["33131B"]] == 0.075


def test_costs_that_fall_are_told_as_a_fall(stated, accounts):
    answer = cost_push(accounts, stated("commodity,change", "*,-10%"))
    assert answer.falls
    assert answer.headline().startswith("Lower tariffs take 2.3% off core goods")
    moved = answer.most_moved(5)["constant_percent_low"]
    core = answer.categories.query("core_goods")["constant_percent_low"]
    assert list(moved) == sorted(core)[:5]


def test_the_sentence_says_how_much_is_named(stated):
    words = stated("commodity,change", "336111,25%", "*,0").coverage.words()
    assert words.startswith("rates.csv names the goods of ")
    assert words.endswith("the others are as its row * says.")


def test_everything_wrong_is_told_at_once(stated):
    with pytest.raises(DataError) as refused:
        stated(
            "commodity,hts,origin,change",
            "331110,,,25",
            "999999,,,10%",
            "331110,7206,,10%",
            ",,,10%",
            ",72,,10%",
            "336111,,Atlantis,10%",
            "336111,,,",
            "336111,,,20%..10%",
        )
    told = "\n".join(str(fault) for fault in refused.value.faults)
    for words in (
        "rates.csv:2: change: is above 1 without % (got '25'); write 25% or 0.25",
        "rates.csv:3: commodity: is not a commodity of the accounts (got '999999')",
        "rates.csv:4: commodity: names both a commodity and an HTS code",
        "rates.csv:5: commodity: names no goods",
        "rates.csv:6: hts: ",
        "rates.csv:7: origin: is not a country",
        "rates.csv:8: change: is blank",
        "rates.csv:9: change: is upside down",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["commodity,change", "331110,10%"], r"does not name all imports of \d+ commodities"),
        (["commodity,change", "331110,10%", "331110,20%", "*,0"], "a row above names"),
        (["commodity,change", "*,0", "*,10%"], "stands twice"),
        (["commodity,origin,change", "*,CHN,10%"], "leave the origin of \\* blank"),
        (["commodity,origin,change", "336111,DEU,10%", "*,,0"], "European Union are one origin"),
        (["commodity,hts,change", ",9999999999,10%", "*,,0"], "nothing is imported"),
    ],
)
def test_goods_named_twice_nowhere_or_not_at_all_are_refused(stated, lines, words):
    with pytest.raises(DataError, match=words):
        stated(*lines)


def test_accounts_without_weights_know_whole_commodities_only(stated, tmp_path):
    for name, text in SMALL.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    own = read_accounts(tmp_path)
    assert list(stated("commodity,change", "steel,10%", "car,0.2", of=own).low) == [0.1, 0.2]
    with pytest.raises(DataError, match=r"weights.parquet: is not there"):
        stated("commodity,origin,change", "steel,CAN,10%", "*,,0", of=own)
