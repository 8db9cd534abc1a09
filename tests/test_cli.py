"""The command line as a stranger meets it: what it prints, where, and with which exit code."""

import json
import os
import subprocess
import sys

import pytest

from tariffimpact import cli
from tariffimpact.cli import main
from tariffimpact.errors import ModelError

CONSOLE = ["rate", "9504500000", "--origin", "CHN", "--on", "2025-05-01"]
HEAVY = ("pandas", "matplotlib", "scipy", "duckdb", "pydantic", "numpy", "typst", "pycountry")


def python(code, folder, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


# help


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"], ["nothing"]])
def test_help_loads_nothing_heavy(tmp_path, arguments):
    code = (
        "import sys\n"
        "from tariffimpact.cli import main\n"
        "try:\n"
        f"    main({arguments})\n"
        "except SystemExit:\n"
        "    pass\n"
        f"print('LOADED', [name for name in {HEAVY} if name in sys.modules])\n"
    )
    assert python(code, tmp_path).stdout.splitlines()[-1] == "LOADED []"


@pytest.mark.parametrize("command", list(cli._COMMANDS))
def test_help_of_each_command_needs_no_table_library(tmp_path, command):
    code = (
        "import sys\n"
        "from tariffimpact.cli import main\n"
        "try:\n"
        f"    main(['{command}', '--help'])\n"
        "except SystemExit as stop:\n"
        "    assert not stop.code\n"
        "print('LOADED', [n for n in ('pandas', 'matplotlib', 'scipy') if n in sys.modules])\n"
    )
    told = python(code, tmp_path)
    assert told.stdout.splitlines()[-1] == "LOADED []", told.stderr
    assert f"Usage: tariffimpact {command}" in told.stdout


def test_the_package_itself_loads_nothing_heavy(tmp_path):
    code = f"import sys, tariffimpact\nprint([n for n in {HEAVY} if n in sys.modules])"
    assert python(code, tmp_path).stdout == "[]\n"


def test_help_names_every_command_and_where_to_start(run):
    code, out, err = run("--help")
    assert (code, err) == (0, "")
    for name, line in cli._COMMANDS.items():
        assert name in out
        assert line.split()[0] in out
    assert "Start with: tariffimpact report" in out


def test_a_bare_call_shows_the_help(run):
    code, out, err = run()
    assert code == 2
    assert "Commands:" in out + err


def test_the_module_runs_as_a_program(tmp_path):
    told = subprocess.run(
        [sys.executable, "-m", "tariffimpact", *CONSOLE],
        cwd=tmp_path,
        env={**os.environ, "LC_ALL": "C", "TZ": "Pacific/Kiritimati"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert told.returncode == 0
    assert told.stdout.startswith(
        "Video game consoles (9504.50.0000) from China on 2025-05-01: 145.0%"
    )
    assert told.stderr == ""
    assert list(tmp_path.iterdir()) == []


# rate


def test_rate_prints_the_rate_its_parts_and_their_sources(run):
    code, out, err = run(*CONSOLE)
    assert (code, err) == (0, "")
    first, *rest = out.splitlines()
    assert first == (
        "Video game consoles (9504.50.0000) from China on 2025-05-01: 145.0% of customs value."
    )
    told = "\n".join(rest)
    assert "125.0%  IEEPA reciprocal" in told
    assert "20.0%  IEEPA fentanyl" in told
    assert told.count("https://") >= 3
    assert "[announced, not counted; full value]" in told  # List 4B, never collected


def test_rate_as_json(run):
    code, out, err = run(*CONSOLE, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["rate"] == 1.45
    assert found["refundable"] == 1.45
    assert (found["product"], found["origin"], found["on"]) == ("9504500000", "CHN", "2025-05-01")
    for part in found["components"]:
        assert {"authority", "kind", "base", "amount", "status", "source"} <= set(part)
        assert part["status"] in ("threatened", "announced", "in_force", "void")
        assert part["kind"] in ("additive", "floor_incl_mfn", "target_total", "replace")
        assert part["base"] in ("full", "metal")
        assert isinstance(part["amount"], int | float)
        source = part["source"]
        assert source["url"].startswith("http")
        assert all(source[name] for name in ("publisher", "title", "locator"))
        # the book's own column has a number, the headings of chapter 99 have words
        assert source["quote"] or part["authority"] == "MFN"
        if part["authority"] == "MFN":
            assert (source["source_id"], source["locator"]) == (
                "hts-2025-basic", "column 1, general",
            )  # fmt: skip
    counted = [part["amount"] for part in found["components"] if part["counted"]]
    assert sum(counted) == pytest.approx(found["rate"])


def test_rate_as_json_where_the_rows_cannot_decide(run):
    _, out, _ = run("rate", "3304995000", "--origin", "DEU", "--on", "2025-09-01", "--json")
    found = json.loads(out)
    assert found["rate"] == {"low": 0.15, "high": 0.5}  # the metal share of a jar is unknown
    amounts = {part["authority"]: part["amount"] for part in found["components"]}
    assert amounts["Section 232"] == {"low": 0, "high": 0.5}


def test_rate_as_json_of_a_duty_by_volume(run):
    _, out, _ = run("rate", "2202.10.00", "--origin", "JPN", "--on", "2025-01-15", "--json")
    found = json.loads(out)
    assert found["rate"] == 0
    assert found["specific"] == [{"usd": 0.002, "unit": "liter"}]
    assert found["components"][0]["amount"] is None


@pytest.mark.parametrize("code", ["9504.50.00.00", "9504.50", "950450"])
def test_rate_takes_a_code_with_dots_and_an_origin_in_any_case(run, code):
    _, out, _ = run("rate", code, "--origin", "chn", "--on", "2025-05-01")
    assert "145.0% of customs value" in out


@pytest.mark.parametrize(
    ("product", "origin", "on", "words"),
    [
        (
            "8471300000", "CHN", "2025-05-01",
            ["8471300000", "is not in the schedule", "its lines nearby are 84713001"],
        ),
        ("9904500000", "CHN", "2025-05-01", ["chapter 99", "no product", "chapters 1 to 97"]),
        ("consoles", "CHN", "2025-05-01", ["'consoles' is not an HTS code"]),
        ("9504500000", "USA", "2025-05-01", ["goods of the United States pay no duty here"]),
        ("9504500000", "CHN", "2019-05-01", ["on 2019-05-01", "begins on 2025-01-01"]),
    ],
)  # fmt: skip
def test_what_is_not_known_is_one_line_and_exit_code_1(run, product, origin, on, words):
    code, out, err = run("rate", product, "--origin", origin, "--on", on)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert len(err.splitlines()) == 1
    for word in words:
        assert word in err


@pytest.mark.parametrize(("origin", "rate"), [("AUS", "10.0%"), ("China", "145.0%")])
def test_any_origin_is_known_by_code_or_name(run, origin, rate):
    code, out, _ = run("rate", "9504500000", "--origin", origin, "--on", "2025-05-01")
    assert code == 0
    assert f"{rate} of customs value" in out


def test_a_day_after_the_sources_end_is_answered_with_a_warning(run):
    for day, warned in (("2026-10-07", False), ("2026-10-08", True)):
        code, out, _ = run("rate", "9504500000", "--origin", "CHN", "--on", day)
        assert code == 0
        assert ("Warning: The sources of this schedule end on 2026-10-07" in out) is warned


# misuse


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rat"], ["no command 'rat'; the commands are ", "report", "rate", "copy-data"]),
        (["rate", "9504", "--origin", "CHN", "--on", "May"], ["'May' is not a date", "2025-05-01"]),
        (["rate", "9504", "--origin", "CHN", "--on", "2025-02-30"], ["is not a date"]),
        (
            ["rate", "9504", "--origin", "Chin", "--on", "2025-05-01"],
            ["'Chin' is not a country; did you mean CHN?"],
        ),
        (["rate", "9504", "--on", "2025-05-01"], ["Missing option '--origin'"]),
        (["rate", "--origin", "CHN", "--on", "2025-05-01"], ["Missing argument 'PRODUCT'"]),
        (["report", "--format", "docx"], ["no format 'docx'; write html,pdf"]),
        (["report", "--as-of", "yesterday"], ["'yesterday' is not a date"]),
        (["rate", "--orgin", "CHN"], ["No such option", "--origin"]),
    ],
)
def test_misuse_says_what_would_have_done(run, arguments, words):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    for word in words:
        assert word in err
    assert "Traceback" not in err


def test_a_folder_that_is_none(run, tmp_path):
    code, out, err = run(*CONSOLE, "--data", str(tmp_path / "nowhere"))
    assert (code, out) == (1, "")
    assert err == (
        f"{tmp_path / 'nowhere'}: is not a folder; name a folder that holds prices.csv and the "
        "rest\n"
    )


def test_faults_in_the_users_tables_are_all_told(run, data):
    first = data.edit("prices", "sony-ps5-2025-08", old_price="-1", currency="")
    second = data.edit("exposures", "sony-2025-05", amount="{x}")
    code, out, err = run(*CONSOLE, "--data", str(data.folder))
    assert (code, out) == (1, "")
    assert err == (
        f"{data.path('prices')}:{first}: old_price: must be above 0 (got '-1'); "
        "give the amount itself, without a sign\n"
        f"{data.path('prices')}:{first}: currency: is blank; "
        "fill it in; this column may not be empty\n"
        f"{data.path('exposures')}:{second}: amount: is neither a number nor an interval "
        "(got '{x}'); write 0.6 or 0.5..0.7\n"
    )


def test_the_users_own_rows_are_answered_from(run, data):
    data.repeat(
        "tariffs", "ieepa-reciprocal-jpn-24-suspended", component_id="mine", origins="CHN",
        ad_valorem="0.5..0.6", status="void",
    )  # fmt: skip
    _, out, _ = run(*CONSOLE, "--data", str(data.folder))
    assert "70.0% to 80.0% of customs value" in out


# errors


def test_an_unexpected_error_is_a_defect_and_says_how_to_report_it(run, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("float division by zero")

    monkeypatch.setattr(cli.cli, "main", fail)
    code, out, err = run("report")
    assert (code, out) == (1, "")
    assert err.startswith("error: unexpected ZeroDivisionError: float division by zero\n")
    assert "This is a defect of tariffimpact" in err
    assert "--debug" in err
    with pytest.raises(ZeroDivisionError):
        main(["--debug", "report"])


def test_an_expected_error_has_no_trace(run, monkeypatch):
    def fail(*_, **__):
        raise ModelError("no price does")

    monkeypatch.setattr(cli.cli, "main", fail)
    assert run("report") == (1, "", "error: no price does\n")


# copy-data


def test_copy_data_hands_over_tables_that_read_back(run, tmp_path):
    folder = tmp_path / "mine"
    code, out, err = run("copy-data", str(folder))
    assert (code, err) == (0, "")
    assert f"files to {folder}; README.md there explains each column." in out
    assert (folder / "README.md").is_file()
    code, out, err = run(*CONSOLE, "--data", str(folder))
    assert (code, err) == (0, "")
    code, out, err = run("copy-data", str(folder))
    assert (code, out) == (1, "")
    assert err == f"{folder}: already holds something; name a new folder\n"
