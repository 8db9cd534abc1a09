"""One country out of a multi-regional table: by hand, and through pymrio where it is installed."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from tariffimpact.cli import main
from tariffimpact.costpush import (
    MRIO_LACKS,
    accounts_of_mrio,
    cost_push,
    read_accounts,
    read_mrio,
    read_rates,
)
from tariffimpact.errors import DataError, ModelError
from tariffimpact.writing import publish

REGIONS, SECTORS = ("home", "away"), ("steel", "cars")


def table():
    """Home makes 100 of steel and 200 of cars; its cars take 30 of its own steel and 20 of away's,
    and its buyers 10 of away's steel and 50 of away's cars."""
    places = pd.MultiIndex.from_product([REGIONS, SECTORS], names=["region", "sector"])
    flows = pd.DataFrame(0.0, places, places)
    flows.loc[("home", "steel"), ("home", "cars")] = 30.0
    flows.loc[("away", "steel"), ("home", "cars")] = 20.0
    flows.loc[("away", "steel"), ("away", "cars")] = 5.0
    buyers = pd.MultiIndex.from_product([REGIONS, ["households"]], names=["region", "category"])
    final = pd.DataFrame(0.0, places, buyers)
    final["home", "households"] = [70.0, 150.0, 10.0, 50.0]
    final["away", "households"] = [0.0, 50.0, 10.0, 10.0]
    output = pd.DataFrame({"indout": [100.0, 200.0, 45.0, 60.0]}, index=places)
    return SimpleNamespace(Z=flows, Y=final, x=output)


def written(folder, **changes):
    files = accounts_of_mrio(table(), "home", year=2022, currency="EUR", **changes)
    publish(folder, files)
    return folder


def filled(folder):
    """The forms filled in: a margin of 40% of the factory price on everything."""
    bridge = pd.read_csv(folder / "bridge.csv")
    bridge["retail"] = 0.4 * bridge["producers_value"]
    bridge["purchasers_value"] = bridge["producers_value"] + bridge["retail"]
    bridge.fillna(0.0).to_csv(folder / "bridge.csv", index=False)
    goods = pd.read_csv(folder / "categories.csv").assign(core_goods="true")
    goods.to_csv(folder / "categories.csv", index=False)


def test_what_is_blank_is_named_cell_by_cell(tmp_path):
    with pytest.raises(DataError) as told:
        read_accounts(written(tmp_path / "home"))
    words = str(told.value)
    assert "bridge.csv:2: transport" in words
    assert "categories.csv:2: core_goods" in words
    assert len(MRIO_LACKS) == 4


def test_by_hand(tmp_path):
    """Imports are 30 of 130 of steel and 50 of 250 of cars; a car takes 0.25 of steel.

    A duty of 10% on all: steel rises by 0.1·30/130; cars by 0.1·0.2 + 0.8·0.25 times that.
    """
    folder = written(tmp_path / "home")
    filled(folder)
    accounts = read_accounts(folder)
    assert (accounts.country, accounts.year) == ("home", 2022)
    assert accounts.import_shares == pytest.approx([30 / 130, 50 / 250])
    assert accounts.coefficients[0] == pytest.approx([0.0, 0.25])
    (tmp_path / "rates.csv").write_text("commodity,change\n*,10%\n")
    answer = cost_push(accounts, read_rates(tmp_path / "rates.csv", accounts))
    steel = 0.1 * 30 / 130
    cars = 0.1 * 0.2 + 0.8 * 0.25 * steel
    assert answer.commodities["cost_low"].to_numpy() == pytest.approx([steel, cars])
    weights = np.array([80.0, 200.0]) / 280
    assert answer.total.constant_percent.low == pytest.approx(weights @ [steel, cars])
    assert answer.total.constant_dollar.low == pytest.approx(weights @ [steel, cars] / 1.4)


def test_long_names_become_places_and_another_region_is_named(tmp_path):
    long = table()
    names = {"steel": "Basic iron and steel and of ferro-alloys", "cars": "Motor vehicles"}
    long.Z = long.Z.rename(index=names, level=1).rename(columns=names, level=1)
    long.Y, long.x = (one.rename(index=names, level=1) for one in (long.Y, long.x))
    files = accounts_of_mrio(long, "home", year=2022, currency="EUR")
    assert b"S0001,Basic iron and steel" in files["commodities.csv"]
    with pytest.raises(ModelError, match=r"no region 'DEU'; it has home, away"):
        accounts_of_mrio(long, "DEU", year=2022, currency="EUR")


def test_a_sector_with_inputs_and_no_output_is_named():
    broken = table()
    broken.x.loc[("home", "cars")] = 0.0
    with pytest.raises(ModelError, match="'cars' of home has inputs but no output"):
        accounts_of_mrio(broken, "home", year=2022, currency="EUR")


def test_the_table_that_pymrio_ships(tmp_path, capsys):
    """Its own coefficients, summed over the regions that inputs come from."""
    pymrio = pytest.importorskip("pymrio", reason="pymrio is not installed")
    system = pymrio.load_test().calc_all()
    system.save_all(str(tmp_path / "mrio"))
    region = system.get_regions()[0]
    with pytest.raises(SystemExit) as stop:
        main(["cost-push", "build", "--mrio", str(tmp_path / "mrio"), "--region", region,
              "--year", "2010", "--currency", "EUR", "--out", str(tmp_path / "out")])  # fmt: skip
    assert not stop.value.code
    assert "does not know, and leaves blank" in capsys.readouterr().out
    filled(tmp_path / "out")
    accounts = read_accounts(tmp_path / "out")
    expected = system.A[region].groupby(level=1, sort=False).sum()
    assert accounts.coefficients == pytest.approx(expected.to_numpy(), abs=1e-9)


def test_a_folder_that_is_none_and_options_that_are_missing(tmp_path, capsys, monkeypatch):
    for options, words in (
        (["--mrio", str(tmp_path)], "--mrio needs --region NAME and --year YEAR"),
        ([], "give --from DIR, or --mrio DIR"),
    ):
        with pytest.raises(SystemExit) as stop:
            main(["cost-push", "build", *options, "--out", str(tmp_path / "out")])
        assert stop.value.code == 2
        assert words in capsys.readouterr().err
    monkeypatch.setitem(__import__("sys").modules, "pymrio", None)
    with pytest.raises(ModelError, match="needs pymrio: pip install pymrio"):
        read_mrio(tmp_path)


def test_the_json_of_a_converted_table_says_what_it_covers(tmp_path, capsys):
    folder = written(tmp_path / "home", credit="A statistical office")
    filled(folder)
    (tmp_path / "rates.csv").write_text("commodity,change\nsteel,10%\n*,0\n")
    with pytest.raises(SystemExit):
        main(["cost-push", "--tables", str(folder), "--rates", str(tmp_path / "rates.csv"),
              "--json"])  # fmt: skip
    answer = json.loads(capsys.readouterr().out)
    assert answer["coverage"]["imports"] == pytest.approx(30 / 80)
    assert "A statistical office" in answer["source"]
