"""A file of products: prices as the scalar rules give them, all files or none."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from portfolio.sku_rows import GOOD, HEADER, run
from tariffimpact.cli.batch import batch
from tariffimpact.errors import DataError, ModelError
from tariffimpact.facts import shipped_folder
from tariffimpact.portfolio import run_batch
from tariffimpact.portfolio.margins import cents
from tariffimpact.pricing import price_response
from tariffimpact.pricing.demand import IsoelasticDemand, LinearDemand
from trees import tree
from watched import WATCHED

pytestmark = pytest.mark.whole

COLUMNS = {
    "dollar": "hold_dollar_margin",
    "percent": "hold_percent_margin",
    "profit": "hold_profit",
    "maximise": "maximise",
}
EXAMPLE = shipped_folder("data") / "example_skus.csv"


def test_a_duty_per_unit_needs_its_quantity(shipped, sku_file):
    row = "W{0},Wine,2204215005,AUS,{1},30,USD,{2}"
    path = sku_file(
        row.format(1, 10, ""), row.format(2, 10, 0.75), header=HEADER + ",duty_quantity"
    )
    result, rows = run(path, shipped, claims={"AGREEMENT": 0})
    assert [f.column for f in result.faults] == ["duty_quantity"]
    assert "the general rate has $0.063 per liter" in str(result.faults[0])
    assert rows["duty_usd_low"].tolist() == pytest.approx([0.063 * 0.75 + 0.10 * 10])


def test_a_total_counts_the_duty_per_unit_of_the_row(shipped, sku_file):
    """15% of $10 is $1.50 whatever of it the general duty is; 9 litres of wine at $3 owe more."""
    row = "W{0},Wine,2204215005,FRA,{1},30,USD,{2}"
    path = sku_file(row.format(1, 10, 0.75), row.format(2, 3, 9), header=HEADER + ",duty_quantity")
    _, rows = run(path, shipped)
    for end in ("low", "high"):
        assert rows[f"duty_usd_{end}"].tolist() == pytest.approx([1.5, 9 * 0.063])


@pytest.fixture(scope="module")
def example(shipped):
    """The shipped products charged and priced: the result and its rows."""
    return run(EXAMPLE, shipped)


@pytest.mark.parametrize("form", ["isoelastic", "linear"])
def test_prices_are_those_of_the_single_rules(form, shipped, example):
    result, rows = example if form == "isoelastic" else run(EXAMPLE, shipped, form=form)
    given = pd.read_csv(EXAMPLE, dtype={"hts": str}).set_index("sku")
    kind = {"isoelastic": IsoelasticDemand, "linear": LinearDemand}[form]
    assert result.accepted == len(given) == 14
    for row in rows.itertuples():
        sku = given.loc[row.sku]
        for end in ("low", "high"):
            change = getattr(row, f"duty_change_usd_{end}")
            if np.isnan(sku.unit_cost):  # the customs value is not the cost
                asked = [f"price_{name}_usd_{end}" for name in list(COLUMNS.values())[1:]]
                assert np.isnan([getattr(row, name) for name in asked]).all()
                held = getattr(row, f"price_hold_dollar_margin_usd_{end}")
                assert held == pytest.approx(sku.price + change)
                continue
            demand = kind(price=sku.price, demand_elasticity=sku.demand_elasticity)
            answers = price_response(
                demand=demand, old_cost=float(sku.unit_cost), cost_change=change, currency="USD"
            )
            for outcome in answers.outcomes:
                ours = getattr(row, f"price_{COLUMNS[outcome.rule]}_usd_{end}")
                expected = outcome.price if outcome.exists else np.nan
                assert ours == pytest.approx(expected, rel=1e-9, nan_ok=True), (row.sku, outcome)


def test_totals_add_up(example):
    result, rows = example
    totals = result.totals.set_index(["by", "group"])
    whole = totals.loc[("all", "all")]
    for by in ("company", "origin"):
        for column in ("skus", "customs_value_usd", "duty_low_usd", "duty_high_usd"):
            assert totals.loc[by, column].sum() == pytest.approx(whole[column])
    assert whole["duty_low_usd"] == pytest.approx(rows["line_duty_usd_low"].sum())
    # the consoles by hand: 30% of 35 m, 20% of 52.5 m, 15% of 14.4 m
    assert totals.loc[("company", "Example Games"), "duty_low_usd"] == pytest.approx(
        10_500_000 + 10_500_000 + 2_160_000
    )
    chart = result.plot()
    assert "Vietnam" in " ".join(t.get_text() for t in chart.get_yticklabels()) or chart.patches
    assert "rounded to the cent" in result.explain()


def test_chunks_change_nothing(shipped, example):
    (one, rows), (two, others) = example, run(EXAMPLE, shipped, chunk=3)
    pd.testing.assert_frame_equal(rows, others)
    pd.testing.assert_frame_equal(one.totals, two.totals)


def test_flags_say_what_is_open(example):
    _, rows = example
    flags = rows.set_index("sku")["flags"]
    assert "metal share unknown" in flags["EX-CREAM-DE"]
    assert "metal share unknown" not in flags["EX-CREAM-CN"]
    assert flags["EX-TOY-MX"].startswith("exemption or claim unknown; rate is an interval")
    assert "no price keeps the profit" in flags["EX-CONSOLE-CN"]


@given(st.decimals("0", "1e6", places=4))
def test_cents_round_half_up(amount):
    from decimal import ROUND_HALF_UP, Decimal

    expected = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert cents(np.array([float(amount)]))[0] == pytest.approx(float(expected), abs=1e-9)


def test_an_argument_out_of_range(shipped, sku_file):
    with pytest.raises(ModelError, match="no demand 'cubic'"):
        run(EXAMPLE, shipped, form="cubic")
    with pytest.raises(ModelError, match="does not know 2020-01-01"):
        run(EXAMPLE, shipped, before=date(2020, 1, 1))
    with pytest.raises(ModelError, match="does not know 2024-09-01; it begins on 2025-01-01"):
        run(EXAMPLE, shipped, on=date(2024, 9, 1))


def test_a_file_of_which_the_schedule_decides_no_row(shipped, sku_file):
    """Sugar, whose general rate is by the degree: nothing to add up, and nothing to write."""
    result, rows = run(sku_file("S1,Acme,17011210,BRA,350,499.99,USD"), shipped)
    assert (result.accepted, result.rejected, len(rows)) == (0, 1, 0)
    assert "give no number" in str(result.faults[0])


def _invoke(*args):
    return CliRunner().invoke(batch, [str(a) for a in args])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The folder a process writes of the shipped products, without network or other programs."""
    folder = tmp_path_factory.mktemp("batch") / "out"
    code = f"{WATCHED}\nfrom tariffimpact.cli import main; main()"
    command = [sys.executable, "-c", code, "batch", EXAMPLE, "--on", "2025-09-01", "--out", folder]
    told = subprocess.run(command, capture_output=True, check=False, timeout=300)
    assert (told.returncode, told.stderr) == (0, b"")
    return folder


def test_two_processes_write_all_files_and_the_same_bytes(tmp_path, written):
    told = _invoke(EXAMPLE, "--on", "2025-09-01", "--out", tmp_path / "again")
    assert told.exit_code == 0, told.output
    one, two = tree(written), tree(tmp_path / "again")
    assert set(one) == {"skus.csv", "skus.parquet", "totals.csv", "rejected.csv", "batch.xlsx",
                        "batch.html"}  # fmt: skip
    assert one == two
    assert b"EX-CONSOLE-CN" in one["batch.html"]


@pytest.mark.skipif(find_spec("pyspark") is not None, reason="the extra distributed is installed")
def test_spark_without_its_extra_says_which_to_install(tmp_path):
    told = _invoke(EXAMPLE, "--on", "2025-09-01", "--engine", "spark", "--out", tmp_path / "out")
    assert isinstance(told.exception, ModelError)
    assert "pip install 'tariffimpact[distributed]'" in str(told.exception)
    assert not (tmp_path / "out").exists()


def test_rejected_rows_are_written_and_the_exit_code_says_so(tmp_path, sku_file):
    path = sku_file(GOOD, "=cmd(),Acme,406905600,VNM,1,2,USD")
    told = _invoke(path, "--on", "2025-09-01", "--out", tmp_path / "out")
    assert told.exit_code == 3
    text = (tmp_path / "out" / "rejected.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert [(r["line"], r["column"]) for r in rows] == [("3", "hts")]
    assert rows[0]["reason"] == "has 9 digits: a leading zero was lost"


def test_a_formula_in_a_name_stays_text(tmp_path, sku_file):
    from openpyxl import load_workbook

    path = sku_file("=1+1,Acme,9504500000,VNM,350,499.99,USD")
    assert _invoke(path, "--on", "2025-09-01", "--out", tmp_path / "out").exit_code == 0
    assert "'=1+1" in (tmp_path / "out" / "skus.csv").read_text(encoding="utf-8")
    sheet = load_workbook(tmp_path / "out" / "batch.xlsx")["skus"]
    column = [cell.value for cell in sheet[1]].index("sku")
    assert (sheet[2][column].value, sheet[2][column].data_type) == ("=1+1", "s")


def test_the_workbook_says_what_it_holds(tmp_path, sku_file, monkeypatch):
    from openpyxl import load_workbook

    monkeypatch.setattr("tariffimpact.portfolio.outputs.SHEET_ROWS", 3)
    path = sku_file(*(GOOD.replace("A1", f"A{i}") for i in range(5)))
    assert _invoke(path, "--on", "2025-09-01", "--out", tmp_path / "out").exit_code == 0
    book = load_workbook(tmp_path / "out" / "batch.xlsx")
    assert book.sheetnames == ["about", "totals", "skus", "rejected", "papers"]
    about = [row[0].value for row in book["about"].iter_rows()]
    assert about[0] == (
        "5 products, one unit of each, with a customs value of $1,750 pay $350, 20.0% of it. "
        "No margin is known: it takes a price, a unit cost and the duty before. "
        "$350 of the duty was held void and is paid back on claim; $0 is owed. "
        f"Interest to 30 November 2026 adds ${5 * round(70 * (1 + 0.06 / 365) ** 455 - 70, 2):.2f}."
    )  # each row's 455 days from 1 September 2025 at 6% a year, compounded daily
    assert any(line.startswith("The sheet skus has the first 3 of 5 products") for line in about)
    totals = book["totals"]
    head = [cell.value for cell in totals[1]]
    rate, duty = (totals[2][head.index(name)] for name in ("rate_low", "duty_low_usd"))
    assert (rate.value, rate.number_format) == (pytest.approx(0.2), "0.0%")
    assert (duty.value, duty.number_format) == (350, '"$"#,##0.00')
    assert book["skus"].max_row == 4
    # a console from Vietnam on that day: free by the book, 20% under heading 9903.02.69
    papers = [[cell.value for cell in row[:3]] for row in book["papers"].iter_rows(min_row=2)]
    assert [row[0] for row in papers] == ["IEEPA reciprocal"]
    assert papers[0][1] == "Vietnam, 20%"
    address = book["papers"]["F2"]
    assert address.hyperlink.target == address.value
    assert address.value.startswith("https://")


def test_the_page_tells_the_findings_and_draws_the_origins(written):
    page = (written / "batch.html").read_text(encoding="utf-8")
    # the consoles by hand: 10.5 m + 10.5 m + 2.16 m
    assert "Example Games pays the most, $23.2m a year" in page
    assert page.count("<svg") >= 1
    assert page.count("Source: ") <= 2  # below the chart once, and in the method
    assert "use of the goods" not in page
    assert ">Vietnam<" in page


def test_a_failed_run_leaves_the_old_output_alone(tmp_path, sku_file, written):
    out = shutil.copytree(written, tmp_path / "out")
    broken = sku_file(GOOD, header=HEADER.replace("customs_value", "prise"))
    assert isinstance(_invoke(broken, "--on", "2025-09-01", "--out", out).exception, DataError)
    assert tree(out) == tree(written)


def test_a_case_lends_its_demand(tmp_path, sku_file):
    path = sku_file(GOOD + ",350", header=HEADER + ",unit_cost")
    told = _invoke(path, "--on", "2025-09-01", "--case", "textbook", "--json",
                   "--out", tmp_path / "out")  # fmt: skip
    assert told.exit_code == 0, told.output
    assert json.loads(told.output)["totals"][0]["duty_low_usd"] == 70.0
    rows = pd.read_csv(tmp_path / "out" / "skus.csv")
    # linear demand: maximising passes on half of the distance from cost to choke price
    assert rows["price_maximise_usd_low"].iloc[0] == pytest.approx(
        (420 + 499.99 * 1.5) / 2, abs=1e-6
    )


def test_what_no_workbook_holds_is_rejected_and_shown(tmp_path, sku_file):
    path = sku_file(*(GOOD.replace("A1", f"A{i}") for i in range(200)), GOOD.replace("A1", "B\0"))
    told = _invoke(path, "--on", "2025-09-01", "--out", tmp_path / "out")
    assert told.exit_code == 3, told.exception
    text = (tmp_path / "out" / "rejected.csv").read_text(encoding="utf-8")
    assert r"202,sku,holds an invisible control character,B\x00,delete it" in text


def test_every_fault_is_written_though_a_result_holds_but_the_first(
    tmp_path, sku_file, monkeypatch
):
    monkeypatch.setattr("tariffimpact.portfolio.totals.FAULTS_KEPT", 60)
    path = sku_file(GOOD, *(f"B{i},Acme,9504500000,VNM,-1,x,USD" for i in range(40)))
    told = _invoke(path, "--on", "2025-09-01", "--out", tmp_path / "out")
    assert told.exit_code == 3
    assert "40 of 41 rows were rejected" in told.output
    assert "… and 30 more in rejected.csv" in told.output
    frame = pd.read_csv(tmp_path / "out" / "rejected.csv")
    assert frame["line"].tolist() == [line for line in range(3, 43) for _ in range(2)]


def test_an_interrupted_run_leaves_the_old_output_and_can_be_run_again(tmp_path, sku_file, written):
    out = shutil.copytree(written, tmp_path / "out")
    many = sku_file(*(GOOD.replace("A1", f"A{i}") for i in range(60_000)))
    command = [sys.executable, "-m", "tariffimpact", "batch", str(many), "--on", "2025-09-01",
               "--out", str(out)]  # fmt: skip
    for sign in (signal.SIGINT, signal.SIGKILL):
        working = tmp_path / f"working-{sign.name}"
        working.mkdir()
        running = subprocess.Popen(
            command,
            env={**os.environ, "TMPDIR": str(working)},
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        deadline = time.monotonic() + 60
        while not list(working.glob("*/rejected.csv")):  # the run is under way
            assert running.poll() is None, running.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        running.send_signal(sign)
        running.communicate(timeout=60)
        assert running.returncode == (130 if sign is signal.SIGINT else -sign)
        assert tree(out) == tree(written)
        assert not list(working.iterdir()) or sign is signal.SIGKILL
    assert _invoke(sku_file(GOOD), "--on", "2025-09-01", "--out", out).exit_code == 0
    assert b"A1,Acme" in (out / "skus.csv").read_bytes()
    assert tree(out).keys() == tree(written).keys()


@pytest.mark.slow
def test_memory_stays_bounded(tmp_path, shipped):
    import resource

    path = Path(tmp_path / "skus.csv")
    line = "S{},Acme,9504500000,VNM,350,499.99,USD"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER + "\n")
        file.writelines(line.format(i) + "\n" for i in range(300_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = run_batch(path, shipped, sink=lambda rows: None, on=date(2025, 9, 1))
    assert result.accepted == 300_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600_000  # kB
