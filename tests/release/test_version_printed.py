"""The version of the data stands wherever its numbers do."""

import json
import tomllib
from importlib.metadata import version

import pytest

from tariffimpact.cli import main
from tariffimpact.facts import shipped_folder

STATED = tomllib.loads((shipped_folder("data") / "version.toml").read_text(encoding="utf-8"))
DATA = f"{STATED['version']} of {STATED['released_on']}"


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(list(arguments))
        told = capsys.readouterr()
        assert (stop.value.code, told.err) == (0, "")
        return told.out

    return call


def test_version_names_the_program_and_the_data(run):
    assert run("--version") == f"tariffimpact {version('tariffimpact')}, data {DATA}\n"


def test_copy_data_says_which_data_it_copied(run, tmp_path):
    assert f"It is data {DATA};" in run("copy-data", str(tmp_path / "mine"))
    assert (tmp_path / "mine" / "version.toml").is_file()


CONSOLE = ("9504500000", "--origin", "CHN", "--on", "2025-05-01")


def test_a_rate_names_the_data_below_its_sources(run):
    assert run("rate", *CONSOLE).splitlines()[-1] == f"Data: {DATA}"


@pytest.mark.parametrize(
    "command",
    [
        ("rate", *CONSOLE),
        ("price", "textbook"),
        ("recover", "sony-ps5"),
        ("rollback", "sony-ps5"),
        ("path", "sony-ps5"),
        ("source", "sony-ps5"),
        ("market", "--tariff", "20%", "--where", "origin=VNM"),
    ],
    ids=lambda command: command[0],
)
def test_json_names_the_data(run, command):
    assert json.loads(run(*command, "--json"))["data"] == DATA


def test_a_market_of_ones_own_rests_on_no_data_of_ours(run, tmp_path):
    market = tmp_path / "market.csv"
    market.write_text(
        "product,firm,origin,price,quantity,margin\nA,A,JPN,10,0.6,0.3\nB,B,USA,12,0.4,\n",
        encoding="utf-8",
    )
    told = run("market", str(market), "--tariff", "15%", "--outside", "0.5", "--json")
    assert "data" not in json.loads(told)


def test_an_edited_table_is_named_in_every_answer(run, data):
    data.edit("assumptions", "us-share-ps5", value="0.3..0.5")
    told = run("recover", "sony-ps5", "--data", str(data.folder), "--json")
    assert json.loads(told)["data"] == f"{STATED['version']}, edited (assumptions.csv)"


def test_a_compiled_schedule_keeps_the_data_it_was_made_with(run, law, tmp_path):
    lines = (law / "book.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if line.startswith(("hts,", "61091000,"))]  # quick to compile
    (law / "book.csv").write_text("".join(kept), encoding="utf-8")
    out = tmp_path / "schedule"
    told = run("schedule", "build", "--law", str(law), "--out", str(out))
    assert f"Data: {DATA}\n" in told
    assert json.loads((out / "manifest.json").read_text(encoding="utf-8"))["data"] == DATA
    file = str(out / "us-tariffs.parquet")
    rate = run("rate", "61091000", *CONSOLE[1:], "--schedule", file)
    assert rate.splitlines()[-1] == f"Data: {DATA}"
