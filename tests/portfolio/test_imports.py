"""Import lines: the effective tariff rate by hand, by group, with current and fixed weights."""

import re
from datetime import date

import pandas as pd
import pytest
from click.testing import CliRunner

from tariffimpact.cli.effective_rate import effective_rate
from tariffimpact.errors import DataError, ModelError
from tariffimpact.portfolio import (
    check_lines,
    effective_rate_by_day,
    effective_tariff_rate,
    read_census_imports,
)
from tariffimpact.tariffs.engines import write_parquet
from tariffimpact.units import percent

JULY, SEPTEMBER = pd.Timestamp("2025-07-01"), pd.Timestamp("2025-09-01")
# Consoles, hand-worked rates: China 0.30 on both days, Vietnam 0.10 then 0.20, Japan 0.10 then 0.15
LINES = pd.DataFrame(
    {
        "hts": "9504500000",
        "origin": ["CHN", "VNM", "CHN", "VNM", "JPN"],
        "entered_on": [JULY, JULY, SEPTEMBER, SEPTEMBER, SEPTEMBER],
        "customs_value": [600.0, 400.0, 100.0, 800.0, 100.0],
        "duty": [150.0, 40.0, 30.0, 150.0, 15.0],
    }
)


def test_current_weights_by_month(shipped):
    rates = effective_tariff_rate(LINES, shipped, by=["entered_on"])
    frame = rates.to_frame()
    assert frame["statutory_low"].tolist() == pytest.approx(
        [(600 * 0.30 + 400 * 0.10) / 1000, (100 * 0.30 + 800 * 0.20 + 100 * 0.15) / 1000]
    )
    assert frame["realised"].tolist() == pytest.approx([0.190, 0.195])
    assert frame["customs_value_usd"].tolist() == [1000, 1000]
    assert "current weights" in rates.summary()
    assert "0.0% of the value has a code or rate" in rates.explain()


def test_fixed_weights_hold_trade_where_it_was(shipped):
    rates = effective_tariff_rate(
        LINES,
        shipped,
        by=["entered_on"],
        weights="fixed",
        base=(date(2025, 7, 1), date(2025, 8, 1)),
    )
    frame = rates.to_frame()
    assert frame["statutory_low"].tolist() == pytest.approx([0.22, 0.6 * 0.30 + 0.4 * 0.20])
    assert frame["realised"].tolist() == pytest.approx([0.19, 0.6 * 0.30 + 0.4 * 150 / 800])


def test_groups_and_prefixes(shipped):
    frame = effective_tariff_rate(LINES, shipped, by=["hts4", "origin"]).to_frame()
    assert frame["hts4"].unique().tolist() == ["9504"]
    assert frame["origin"].tolist() == ["CHN", "JPN", "VNM"]
    whole = effective_tariff_rate(LINES, shipped, by=[]).to_frame()
    assert whole["customs_value_usd"].tolist() == [2000]


def test_what_the_schedule_does_not_know_is_left_out_and_said(shipped):
    odd = LINES.iloc[[0]].assign(hts="1234567890", customs_value=1000.0)
    frame = effective_tariff_rate(pd.concat([LINES, odd]), shipped, by=["entered_on"]).to_frame()
    assert frame["share_unknown"].tolist() == pytest.approx([0.5, 0.0])
    assert frame["statutory_low"].tolist() == pytest.approx([0.22, 0.205])


def test_rates_by_day_change_on_the_day(shipped):
    cells = LINES.iloc[[0, 1]].assign(partner=["CHN", "VNM"])[
        ["hts", "origin", "partner", "customs_value"]
    ]
    rates = effective_rate_by_day(cells, shipped)
    frame = rates.to_frame().set_index(["partner", "entered_on"])["statutory_high"]
    assert frame["VNM", pd.Timestamp("2025-08-07")] == pytest.approx(0.20)
    assert frame["CHN", pd.Timestamp("2025-04-10")] == pytest.approx(1.45)
    axes = rates.plot()
    assert [t.get_text() for t in axes.get_yticklabels()] == ["All partners", "China", "Vietnam"]
    # 600 of China's and 400 of Vietnam's on the last day of the schedule, and on the first
    first, *_, last = (0.6 * china + 0.4 * vietnam for china, vietnam in zip(
        frame["CHN"], frame["VNM"], strict=True))  # fmt: skip
    words = [percent(last), percent(first)]
    assert re.findall(r"[\d.]+%", rates.headline()) == words
    assert words[0] in [t.get_text() for t in axes.texts]
    with pytest.raises(ModelError, match="no imports from FRA; there are some from CHN, VNM"):
        rates.plot(partners=["FRA"])
    with pytest.raises(ModelError, match="by partner and entered_on"):
        effective_tariff_rate(LINES, shipped).plot()


def test_arguments_out_of_range(shipped):
    with pytest.raises(ModelError, match="fixed weights go with a base period"):
        effective_tariff_rate(LINES, shipped, weights="fixed")
    with pytest.raises(DataError, match="entered_on: column is missing"):
        effective_tariff_rate(LINES.drop(columns="entered_on"), shipped)
    with pytest.raises(ModelError, match="the lines lack port; they have hts"):
        effective_tariff_rate(LINES, shipped, by=["port"])
    with pytest.raises(ModelError, match="no grouping by duty"):
        effective_tariff_rate(LINES, shipped, by=["duty"])


def test_bad_lines_are_told_at_once(tmp_path):
    path = tmp_path / "lines.parquet"
    bad = LINES.assign(hts=["9504500000", "950450", "9504500000", "x", "9504500000"])
    bad.loc[2, "customs_value"] = -5.0
    bad.loc[4, "origin"] = "China"
    write_parquet(bad, path)
    with pytest.raises(DataError) as raised:
        check_lines(path)
    told = str(raised.value)
    assert "lines.parquet: row 2: hts: is not 8 or 10 digits, as in 2 rows (got '950450')" in told
    assert "row 3: customs_value: is negative, blank or no number, as in this row (got" in told
    assert "row 5: origin: is not an ISO alpha-3 code of a country of origin, as in this" in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"origin": "XXX"}, "row 1: origin: is not an ISO alpha-3 code"),  # never free of duty
        ({"origin": "USA"}, "row 1: origin: is not an ISO alpha-3 code"),
        ({"origin": None}, "origin: is null and not text"),
        ({"entered_on": "1 May"}, "entered_on: is large_string and not a date"),
        ({"entered_on": pd.NaT}, "row 1: entered_on: is blank, as in 5 rows"),
        ({"customs_value": "1,000"}, "customs_value: is large_string and not a number"),
        ({"customs_value": float("inf")}, "row 1: customs_value: is negative, blank or no number"),
        ({"duty": "x"}, "duty: is large_string and not a number"),
        ({"duty": -1}, "row 1: duty: is negative or no number, as in 5 rows (got '-1')"),
        ({"metal_low": 1.5}, "row 1: metal_low: is not between 0 and 1"),
    ],
)
def test_a_bad_column_is_told(change, told, tmp_path):
    path = tmp_path / "lines.parquet"
    LINES.assign(**change).to_parquet(path)
    with pytest.raises(DataError, match=re.escape(told)):
        check_lines(path)


def test_no_rows_and_damaged_pages_are_told(tmp_path):
    path = tmp_path / "lines.parquet"
    LINES.iloc[:0].to_parquet(path)
    with pytest.raises(DataError, match="has no rows"):
        check_lines(path)
    LINES.to_parquet(path, compression=None)
    damaged = bytearray(path.read_bytes())
    damaged[20:60] = b"\xff" * 40
    path.write_bytes(damaged)
    with pytest.raises(DataError, match="is not a readable parquet file"):
        check_lines(path)


def test_days_the_schedule_does_not_know_are_unknown_and_never_free(shipped):
    before = LINES.assign(entered_on=pd.Timestamp("2024-12-31"))
    rates = effective_tariff_rate(pd.concat([LINES, before]), shipped, by=["entered_on"])
    assert rates.to_frame()["share_unknown"].tolist() == pytest.approx([1, 0, 0])
    assert "2024-12-31: unknown" in rates.summary()


def test_a_column_of_any_name_may_stand_beside_the_lines(shipped):
    plain = effective_tariff_rate(LINES, shipped).to_frame()
    more = LINES.assign(known=False, key_hts="x", rate_low=1.0, code="y")
    pd.testing.assert_frame_equal(effective_tariff_rate(more, shipped).to_frame(), plain)


def test_codes_stored_as_numbers_are_refused(tmp_path):
    path = tmp_path / "lines.parquet"
    write_parquet(LINES.assign(hts=9504500000).drop(columns="origin"), path)
    with pytest.raises(DataError, match=r"(?s)origin: column is missing.*$"):
        check_lines(path)
    write_parquet(LINES.assign(hts=9504500000), path)
    with pytest.raises(DataError, match="is int64 and not text: leading zeros are lost"):
        check_lines(path)


def test_a_corrupt_parquet_is_refused(tmp_path):
    path = tmp_path / "lines.parquet"
    write_parquet(LINES, path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="is not a readable parquet file"):
        check_lines(path)
    (tmp_path / "x-imports.parquet").write_bytes(b"nothing")
    with pytest.raises(DataError, match="is not readable as import statistics"):
        read_census_imports(tmp_path)


def test_the_command(tmp_path, shipped):
    path, schedule = tmp_path / "lines.parquet", tmp_path / "us.parquet"
    write_parquet(LINES, path)
    schedule.write_bytes(shipped.as_bytes())
    told = CliRunner().invoke(
        effective_rate,
        ["--lines", str(path), "--schedule", str(schedule), "--by", "origin", "--out",
         str(tmp_path / "out")],
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    frame = pd.read_csv(tmp_path / "out" / "effective-rate.csv")
    assert frame["origin"].tolist() == ["CHN", "JPN", "VNM"]
    assert frame["statutory_low"].tolist() == pytest.approx([0.30, 0.15, (40 + 160) / 1200])


def test_a_group_of_nothing_the_schedule_knows_is_unknown(shipped):
    odd = LINES.iloc[[0]].assign(hts="1234567890", origin="DEU")
    for lines in (odd, pd.concat([LINES, odd])):
        rates = effective_tariff_rate(lines, shipped, by=["origin"])
        germany = rates.to_frame().set_index("origin").loc["DEU"]
        assert (germany["share_unknown"], str(germany["statutory_low"])) == (1.0, "nan")
    assert effective_tariff_rate(odd, shipped, by=[]).summary().endswith("all lines: unknown.")


def test_the_help_says_what_is_needed():
    told = " ".join(CliRunner().invoke(effective_rate, ["--help"]).output.split())
    assert "One of the two is needed." in told


@pytest.mark.slow
def test_the_census_imports_of_2024(compiled, reference):
    cells = read_census_imports(reference / "hs10_imports_2024")
    assert cells["customs_value"].sum() == pytest.approx(3.2088e12, rel=1e-3)
    days = [date(2025, 1, 1), date(2025, 9, 1)]
    frame = effective_rate_by_day(cells, compiled, days=days).to_frame()
    japan = frame[frame["partner"] == "JPN"]
    assert japan["statutory_high"].iloc[0] < 0.03 < 0.10 < japan["statutory_low"].iloc[1]
    # before the tariffs the law's rate stands near what was collected on the same goods in 2024
    collected = cells["duty"].sum() / cells["customs_value"].sum()
    before = frame[frame["entered_on"] == "2025-01-01"]
    weight = before["customs_value_usd"]
    low, high = ((before[f"statutory_{e}"] * weight).sum() / weight.sum() for e in ("low", "high"))
    assert low - 0.005 < collected < high + 0.005


@pytest.mark.whole
@pytest.mark.parametrize("base", [None, (SEPTEMBER.date(), date(2025, 9, 2))])
def test_many_lines_with_quantities_are_what_few_at_a_time_are(compiled, monkeypatch, base):
    """The engine and the arithmetic over the same 2,000 lines, duties per unit among them.

    With fixed weights the engine is handed sums, of which a second count differs in the last digit.
    """
    from tariffimpact.portfolio import effective_rates

    codes = sorted(set(compiled.frame["hts"]) - {""})[::6][:2000]
    lines = pd.DataFrame({
        "hts": codes, "origin": (["CHN", "FRA", "CAN", "VNM"] * 500)[: len(codes)],
        "entered_on": SEPTEMBER, "customs_value": 100.0, "quantity": 50.0,
    })  # fmt: skip
    weighed = {"base": base, "weights": "fixed" if base else "current"}
    by_line = effective_tariff_rate(lines, compiled, **weighed).to_frame()
    monkeypatch.setattr(effective_rates, "FEW", 0)
    by_engine = effective_tariff_rate(lines, compiled, **weighed).to_frame()
    pd.testing.assert_frame_equal(by_line, by_engine)
