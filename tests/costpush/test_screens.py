"""Industries, companies and own products by what comes through their inputs."""

import pytest

from tariffimpact.costpush import (
    commodities_of,
    cost_push,
    read_accounts,
    realised_change,
    screen_companies,
    screen_industries,
    screen_products,
)
from tariffimpact.errors import DataError, ModelError


@pytest.fixture(scope="module")
def answer():
    accounts = read_accounts()
    return cost_push(accounts, realised_change(accounts, month="2025-12", base="2024"))


@pytest.mark.parametrize(
    ("code", "commodities"),
    [
        ("9504500000", ("339930",)),  # consoles: dolls, toys, games
        ("7612.90.10", ("332430",)),  # aluminium cans: metal cans and boxes
        ("8703230120", ("336111",)),
        ("76", None),
    ],
)
def test_a_code_is_brought_to_its_commodity(answer, code, commodities):
    if commodities is None:
        with pytest.raises(ModelError, match="4, 6, 8 or 10 digits"):
            commodities_of(answer.accounts, code)
    else:
        assert commodities_of(answer.accounts, code) == commodities


def test_a_newer_suffix_is_found_by_its_subheading_and_a_strange_code_refused(answer):
    assert commodities_of(answer.accounts, "9504500099") == ("339930",)
    with pytest.raises(ModelError, match="belongs to no commodity"):
        commodities_of(answer.accounts, "9999999999")


def test_cans_cost_more_through_their_sheet_than_by_their_own_duty(answer):
    cans = screen_products(answer, ["7612901030"]).frame.iloc[0]
    assert cans["through_inputs_low"] > 3 * cans["direct_low"] > 0
    assert cans["cost_low"] == pytest.approx(cans["direct_low"] + cans["through_inputs_low"])
    sheet = answer.inputs("332430").iloc[1]
    assert sheet["commodity"] in {"33131B", "332430", "331110"}


def test_a_code_of_several_commodities_is_a_range(answer):
    row = screen_products(answer, ["8703"]).frame.iloc[0]
    assert row["cost_low"] < row["cost_high"]
    costs = answer.commodities.set_index("commodity")["cost_low"]
    named = row["commodities"].split()
    assert (row["cost_low"], row["cost_high"]) == (min(costs[named]), max(costs[named]))


def test_companies_of_the_facts(answer, facts):
    screen = screen_companies(answer, facts.companies)
    names = list(screen.frame["name"])
    assert set(names) | set(screen.left_out) == set(facts.companies)
    assert names.index("General Motors") < names.index("Mattel")
    assert screen.frame["through_inputs_high"].is_monotonic_decreasing
    assert "Without a commodity: " in screen.explain()
    with pytest.raises(ModelError, match="add rows to"):
        screen_companies(answer, ["Nobody Ltd"])


def test_every_industry_but_what_nobody_makes_at_home(answer):
    screen = screen_industries(answer)
    assert len(screen.frame) == int((answer.accounts.import_shares < 1).sum())
    assert "400 industries" in screen.summary()


def test_a_companys_unknown_commodity_is_blamed(answer, tmp_path):
    import shutil

    shutil.copytree(answer.accounts.folder, tmp_path / "accounts")
    path = tmp_path / "accounts" / "companies.csv"
    path.write_text("company,commodity,reason\nSony,999999,none\n", encoding="utf-8")
    accounts = read_accounts(tmp_path / "accounts")
    other = cost_push(accounts, realised_change(accounts, month="2025-12", base="2024"))
    with pytest.raises(DataError, match=r"companies.csv:2: commodity: is unknown"):
        screen_companies(other, ["Sony"])
