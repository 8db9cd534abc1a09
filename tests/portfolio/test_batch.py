"""A file of products: bad cells told, prices as the scalar rules give them, all files or none."""

import csv
import json
import os
import re
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("ibis", reason="the extra portfolio is not installed")

from tariffimpact.cli.batch import batch
from tariffimpact.demand import IsoelasticDemand, LinearDemand
from tariffimpact.errors import DataError, ModelError
from tariffimpact.facts import shipped_folder
from tariffimpact.portfolio import read_skus, run_batch
from tariffimpact.portfolio.cells import KnownCodes
from tariffimpact.portfolio.pricing import cents
from tariffimpact.pricing import price_response
from tariffimpact.tariffs import build_schedule, curated_schedule

HEADER = "sku,company,hts,origin,customs_value,price,currency"
GOOD = "A1,Acme,9504500000,VNM,350,499.99,USD"
COLUMNS = {
    "dollar": "hold_dollar_margin",
    "percent": "hold_percent_margin",
    "profit": "hold_profit",
    "maximise": "maximise",
}
EXAMPLE = shipped_folder("data") / "example_skus.csv"


@pytest.fixture(scope="module")
def shipped(facts):
    return curated_schedule(facts)


@pytest.fixture
def sku_file(tmp_path):
    def write(*rows, header=HEADER):
        path = tmp_path / "skus.csv"
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    return write


def _run(path, compiled, **given):
    chunks = []
    result = run_batch(path, compiled, sink=chunks.append, **{"on": date(2025, 9, 1), **given})
    return result, pd.concat(chunks, ignore_index=True) if chunks else pd.DataFrame()


def _faults(path, compiled, on=date(2025, 9, 1)):
    chunks = list(read_skus(path, KnownCodes.of(compiled), on=on))
    return [str(fault).partition("skus.csv:")[2] for chunk in chunks for fault in chunk.faults]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            "A,Acme,406905600,VNM,1,2,USD",
            "2: hts: has 9 digits: a leading zero was lost (got '406905600'); "
            "keep the column as text; if so, 0406905600",
        ),
        (
            "A,Acme,9504500000.0,VNM,1,2,USD",
            "2: hts: was read as a number (got '9504500000.0'); format the column as text: "
            "0406905600, not 406905600.0",
        ),
        ("A,Acme,9.5045E+09,VNM,1,2,USD", "2: hts: was read as a number (got '9.5045E+09')"),
        (
            "A,Acme,95045000,VNM,1,2,USD",
            "2: hts: has 8 digits, and its statistical lines are charged differently "
            "(got '95045000'); give 10 digits, such as 9504500000",
        ),
        ("A,Acme,9504,VNM,1,2,USD", "2: hts: has 4 digits (got '9504')"),
        ("A,Acme,9801001000,VNM,1,2,USD", "2: hts: is of chapter 98, a special provision"),
        ("A,Acme,0101210010,VNM,1,2,USD", "2: hts: is not in the schedule (got '0101210010')"),
        ("A,Acme,ps5,VNM,1,2,USD", "2: hts: is not an HTS code (got 'ps5')"),
        ("A,Acme,9504500000,CHIN,1,2,USD", "2: origin: not an ISO 3166-1 alpha-3 country code"),
        ("A,Acme,9504500000,USA,1,2,USD", "2: origin: is the importing country"),
        ("A,Acme,9504500000,NOR,1,2,USD", "2: origin: is not among the origins the shipped rows"),
        ("A,Acme,9504500000,VNM,1,2,EUR", "2: currency: is not USD: duty is owed in US dollars"),
        ("A,Acme,9504500000,VNM,-1,2,USD", "2: customs_value: is negative (got '-1')"),
        ("A,Acme,9504500000,VNM,0,2,USD", "2: customs_value: must be above 0 (got '0')"),
        (
            'A,Acme,9504500000,VNM,"1,250.50",2,USD',
            "2: customs_value: has thousands separators (got '1,250.50'); write 1250.50",
        ),
        ("A,Acme,9504500000,VNM,$5,2,USD", "2: customs_value: is not a number (got '$5')"),
        ("A,Acme,9504500000,VNM,1e999,2,USD", "2: customs_value: is not a finite number"),
        ("A,Acme,9504500000,VNM,,2,USD", "2: customs_value: is blank"),
        (",Acme,9504500000,VNM,1,2,USD", "2: sku: is blank"),
        ("A,Acme,9504500000,VNM,1,2", "2: has 6 cells where the header has 7"),
    ],
)
def test_a_bad_cell_is_told_with_its_remedy(row, told, sku_file, shipped):
    found = _faults(sku_file(row), shipped)
    assert len(found) == 1
    assert found[0].startswith(told)


def test_all_faults_of_all_rows_at_once(sku_file, shipped):
    path = sku_file(
        GOOD,
        "A2,Acme,406905600,CHIN,-1,x,EUR",
        GOOD,
        "A3,Acme,9504500000,JPN,1,2,USD,5",
        "A4,Acme,9504500000,JPN,100,250,USD",
    )
    result, rows = _run(path, shipped)
    assert list(rows["sku"]) == ["A1", "A4"]
    assert [f.column for f in result.rejected] == [
        *("hts", "origin", "currency", "customs_value", "price"), "sku", "",
    ]  # fmt: skip
    assert (result.accepted, result.rows) == (2, 5)
    assert "3 of 5 rows were rejected" in result.summary()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"PAR1....", "is not CSV text"),
        (b"\xff\xfes\0k\0u\0", "is not CSV text"),
        (b"sku,hts\n", "company: column is missing"),
        (HEADER.encode() + b",colour\n", "column is unknown (got 'colour')"),
        (HEADER.encode() + b",unit\n", "did you mean units?"),
        (HEADER.encode() + b",sku\n", "sku: column stands twice"),
        (HEADER.encode() + b"\nA\xff,b,c,d,1,2,USD\n", "is not UTF-8 text"),
        (HEADER.encode() + b'\n"A,Acme\n', "is not readable as CSV"),
    ],
)
def test_a_bad_file_is_refused(content, words, tmp_path, shipped):
    path = tmp_path / "skus.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=re.escape(words)):
        _run(path, shipped)


def test_a_file_of_two_gigabytes_is_refused_before_it_is_read(tmp_path, shipped):
    path = tmp_path / "skus.csv"
    with path.open("wb") as file:
        file.write(HEADER.encode())
        os.truncate(path, 2_000_000_000)  # sparse: takes no room
    with pytest.raises(DataError, match=r"is 2,000 MB, above the limit of 1,000 MB; split it"):
        _run(path, shipped)


def test_no_day_is_told_once(sku_file, shipped):
    with pytest.raises(DataError, match="entered_on: column is missing; add it, or give --on"):
        _run(sku_file(GOOD), shipped, on=None)


def test_a_day_outside_the_schedule_is_told(sku_file, shipped):
    path = sku_file(GOOD + ",2024-05-01", "B" + GOOD + ",1 May", header=HEADER + ",entered_on")
    found = _faults(path, shipped)
    assert found[0].startswith("2: entered_on: is outside the schedule, 2025-01-01 up to")
    assert found[1].startswith("3: entered_on: is not a date (got '1 May')")


def test_a_duty_per_unit_needs_its_quantity(lists, facts, sku_file):
    compiled = build_schedule(lists, facts)
    row = "W{0},Wine,2204215005,AUS,{1},30,USD,{2}"
    path = sku_file(
        row.format(1, 10, ""), row.format(2, 10, 0.75), header=HEADER + ",duty_quantity"
    )
    result, rows = _run(path, compiled, claims={"AGREEMENT": 0})
    assert [f.column for f in result.rejected] == ["duty_quantity"]
    assert "the general rate has $0.063 per liter" in str(result.rejected[0])
    assert rows["duty_usd_low"].tolist() == pytest.approx([0.063 * 0.75 + 0.10 * 10])


@pytest.mark.parametrize("form", ["isoelastic", "linear"])
def test_prices_are_those_of_the_single_rules(form, shipped):
    result, rows = _run(EXAMPLE, shipped, form=form)
    given = pd.read_csv(EXAMPLE, dtype={"hts": str}).set_index("sku")
    kind = {"isoelastic": IsoelasticDemand, "linear": LinearDemand}[form]
    assert result.accepted == len(given) == 14
    for row in rows.itertuples():
        sku = given.loc[row.sku]
        for end in ("low", "high"):
            change = getattr(row, f"duty_change_usd_{end}")
            landed = sku.customs_value + sku.freight + getattr(row, f"duty_usd_{end}") - change
            cost = landed if np.isnan(sku.unit_cost) else sku.unit_cost
            demand = kind(price=sku.price, demand_elasticity=sku.demand_elasticity)
            answers = price_response(
                demand=demand, old_cost=float(cost), cost_change=change, currency="USD"
            )
            for outcome in answers.outcomes:
                ours = getattr(row, f"price_{COLUMNS[outcome.rule]}_usd_{end}")
                expected = outcome.price if outcome.exists else np.nan
                assert ours == pytest.approx(expected, rel=1e-9, nan_ok=True), (row.sku, outcome)


def test_totals_add_up(shipped):
    result, rows = _run(EXAMPLE, shipped)
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


def test_chunks_change_nothing(shipped):
    (one, rows), (two, others) = _run(EXAMPLE, shipped), _run(EXAMPLE, shipped, chunk=3)
    pd.testing.assert_frame_equal(rows, others)
    pd.testing.assert_frame_equal(one.totals, two.totals)


def test_flags_say_what_is_open(shipped):
    _, rows = _run(EXAMPLE, shipped)
    flags = rows.set_index("sku")["flags"]
    assert "metal share unknown" in flags["EX-CREAM-DE"]
    assert "metal share unknown" not in flags["EX-CREAM-CN"]
    assert flags["EX-TOY-MX"].startswith("rate is an interval")
    assert "no price keeps the profit" in flags["EX-CONSOLE-CN"]


@given(st.decimals("0", "1e6", places=4))
def test_cents_round_half_up(amount):
    from decimal import ROUND_HALF_UP, Decimal

    expected = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert cents(np.array([float(amount)]))[0] == pytest.approx(float(expected), abs=1e-9)


def test_an_argument_out_of_range(shipped, sku_file):
    with pytest.raises(ModelError, match="no demand 'cubic'"):
        _run(EXAMPLE, shipped, form="cubic")
    with pytest.raises(ModelError, match="does not know 2020-01-01"):
        _run(EXAMPLE, shipped, before=date(2020, 1, 1))


def _invoke(*args):
    return CliRunner().invoke(batch, [str(a) for a in args])


def test_the_command_writes_all_files_and_the_same_bytes_twice(tmp_path):
    for name in ("one", "two"):
        told = _invoke(EXAMPLE, "--on", "2025-09-01", "--out", tmp_path / name)
        assert told.exit_code == 0, told.output
    one, two = (
        {p.name: p.read_bytes() for p in (tmp_path / name).iterdir()} for name in ("one", "two")
    )
    assert set(one) == {"skus.csv", "skus.parquet", "totals.csv", "rejected.csv", "batch.xlsx",
                        "batch.html"}  # fmt: skip
    assert one == two
    assert b"EX-CONSOLE-CN" in one["batch.html"]


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


def test_a_failed_run_leaves_the_old_output_alone(tmp_path, sku_file):
    out = tmp_path / "out"
    assert _invoke(sku_file(GOOD), "--on", "2025-09-01", "--out", out).exit_code == 0
    before = {p.name: p.read_bytes() for p in out.iterdir()}
    broken = sku_file(GOOD, header=HEADER.replace("price", "prise"))
    assert isinstance(_invoke(broken, "--on", "2025-09-01", "--out", out).exception, DataError)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == before


def test_a_case_lends_its_demand(tmp_path, sku_file):
    told = _invoke(sku_file(GOOD), "--on", "2025-09-01", "--case", "textbook", "--json",
                   "--out", tmp_path / "out")  # fmt: skip
    assert told.exit_code == 0, told.output
    assert json.loads(told.output)["totals"][0]["duty_low_usd"] == 70.0
    rows = pd.read_csv(tmp_path / "out" / "skus.csv")
    # linear demand: maximising passes on half of the distance from cost to choke price
    assert rows["price_maximise_usd_low"].iloc[0] == pytest.approx(
        (420 + 499.99 * 1.5) / 2, abs=1e-6
    )


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
