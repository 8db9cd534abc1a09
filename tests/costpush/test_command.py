"""`tariffimpact cost-push` from the command line."""

import json

import pytest

from tariffimpact.cli import main

pytestmark = pytest.mark.whole

DECEMBER = ["cost-push", "--month", "2025-12", "--base", "2024"]


def run(capsys, *arguments):
    code = 0
    try:
        main(list(arguments))
    except SystemExit as stop:
        code = stop.code or 0
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    ("options", "dollar", "percent"),
    [
        (["--codes", "published", "--requirements", "total"], 2.1687, 5.5867),
        (["--codes", "mapped", "--requirements", "total"], 2.5067, 6.2644),
        (["--codes", "published", "--requirements", "domestic"], 1.8448, 4.8255),
        (["--margins", "both"], 2.1799, 5.4966),
    ],
)
def test_the_known_answers_as_json(capsys, options, dollar, percent):
    code, out, _ = run(capsys, *DECEMBER, *options, "--json")
    answer = json.loads(out)
    assert code == 0
    assert next(iter(answer)) == "coverage"
    total = answer["total"]
    assert 100 * total["constant_dollar"] == pytest.approx(dollar, abs=0.00005)
    assert 100 * total["constant_percent"] == pytest.approx(percent, abs=0.00005)
    assert len(answer["categories"]) == 212
    names = {row["name"]: row for row in answer["categories"]}
    assert set(names["Furniture"]) >= {"constant_dollar", "constant_percent", "direct_dollar"}


def test_coverage_is_printed_first(capsys):
    code, out, _ = run(capsys, *DECEMBER)
    assert code == 0
    assert out.startswith("99.9% of the duty and 94.2% of the imports of December 2025 reach a")
    assert "neither a forecast nor a measured effect" in out
    assert "Men's and boys' clothing" in out


def test_tables_and_charts_are_written(capsys, tmp_path):
    code, _, err = run(capsys, *DECEMBER, "--out", str(tmp_path / "out"))
    assert code == 0
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["categories.csv", "commodities.csv", "cost-push.png", "cost-push.svg",
                       "inputs.png", "inputs.svg"]  # fmt: skip
    assert err.count("Wrote") == 6


def test_what_is_asked_beside_is_written_and_drawn_too(capsys, tmp_path):
    options = ["--screen", "companies", "--hts", "7612.90.10", "--out", str(tmp_path / "out")]
    assert run(capsys, *DECEMBER, *options)[0] == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {f"{name}.{ending}" for name in ("companies", "products")
            for ending in ("csv", "svg", "png")} <= names  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [[], ["--month", "2025-12"], ["--base", "2024"],
     ["--month", "2025-12", "--base", "2024", "--rates", "x.csv"]],
)  # fmt: skip
def test_one_change_is_needed(capsys, options):
    code, _, err = run(capsys, "cost-push", *options)
    assert code == 2
    assert "give one change: --month 2025-12 --base 2024" in err


def test_an_own_change(capsys, tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text("commodity,change\n*,0.1\n", encoding="utf-8")
    code, out, _ = run(capsys, "cost-push", "--rates", str(path), "--json")
    assert code == 0
    assert 100 * json.loads(out)["total"]["constant_dollar"] == pytest.approx(2.2842, abs=5e-5)


def test_a_folder_that_is_none_is_one_message_a_line(capsys, tmp_path):
    code, out, err = run(capsys, *DECEMBER, "--tables", str(tmp_path))
    assert (code, out) == (1, "")
    assert "accounts.toml: is not there" in err
    assert "Traceback" not in err


def test_the_tables_are_built_by_a_command(capsys, tmp_path):
    code, _, err = run(capsys, "cost-push", "build", "--from", str(tmp_path), "--out",
                       str(tmp_path / "out"))  # fmt: skip
    assert code == 1
    assert "Supply_2017_DET.xlsx: is not there" in err
    assert not (tmp_path / "out").exists()
