"""Building a schedule: every fault of lists and rules told at once, the same bytes twice."""

import csv
import io
import shutil
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from tariffimpact.cli.rate import rate as rate_command
from tariffimpact.cli.schedule import schedule as schedule_command
from tariffimpact.errors import DataError, ModelError
from tariffimpact.interval import Interval
from tariffimpact.tariffs import FiledSchedule, build_schedule, read_schedule
from tariffimpact.tariffs.mfn import general_rate
from tariffimpact.tariffs.raw_lists import read_raw_lists
from tariffimpact.tariffs.rules import SHIPPED, read_rules

pytest.importorskip("pyarrow", reason="the extra portfolio is not installed")


@pytest.fixture
def rules(tmp_path):
    return shutil.copytree(SHIPPED, tmp_path / "rules")


def _edit(folder, component, **changes):
    path = folder / "rules.csv"
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    for row in rows:
        if row["component_id"] == component:
            row.update(changes)
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "low", "high", "usd", "unit"),
    [
        ("Free", 0, 0, 0, ""),
        ("Free (see note 1)", 0, 0, 0, ""),
        ("5.7%", 0.057, 0.057, 0, ""),
        ("37.2¢/kg + 6%", 0.06, 0.06, 0.372, "kg"),
        ("$1.646/kg", 0, 0, 1.646, "kg"),
        ("16¢ each + 2.5%", 0.025, 0.025, 0.16, "piece"),
        ("3.9% on the movement and case + 5.3% on the battery", 0, 0.092, 0, ""),
        ("36¢ each + 5.6% + 2¢/jewel", 0.056, float("inf"), 0, ""),
        ("3.66¢/kg less 0.02¢/kg for each degree under 100 degrees", 0, float("inf"), 0, ""),
        ("See additional U.S. note 3", 0, float("inf"), 0, ""),
    ],
)
def test_general_rates(words, low, high, usd, unit):
    rate = general_rate(words)
    assert (rate.ad_valorem.low, rate.ad_valorem.high) == pytest.approx((low, high))
    assert (rate.specific_usd, rate.specific_unit) == (pytest.approx(usd), unit)


def test_every_cited_source_and_list_is_known(facts, lists):
    book = read_rules(sources=facts.sources)
    known = set(book.lists) | set(read_raw_lists(lists).lists)
    named = {w.lstrip("!")[1:] for r in book.rules for w in r.scope if w.lstrip("!")[0] == "@"}
    assert named <= known
    assert {r.source_id for r in book.rules} <= set(book.sources)


def test_same_lists_same_bytes(facts, lists, tmp_path):
    first, second = (build_schedule(lists, facts).as_bytes() for _ in range(2))
    assert first == second
    path = tmp_path / "us.parquet"
    path.write_bytes(first)
    read = read_schedule(path)
    assert read.manifest["files"]["mfn_rates_2025.csv"]["rows"] == 5
    assert read.frame.equals(build_schedule(lists, facts).frame)
    assert "5 tariff lines" not in read.summary()  # the line of chapter 98 is no product
    assert "4 tariff lines" in read.summary()


def test_a_statistical_line_set_apart_differs_from_its_tariff_line(facts, lists, rules):
    with (rules / "lists.csv").open("a", encoding="utf-8") as file:
        file.write("annex-ii,0406905600,bl-tracker\nannex-ii,7606123045,bl-tracker\n")
    schedule = FiledSchedule(build_schedule(lists, facts, rules))
    day = date(2025, 12, 1)
    assert schedule.rate("7606123045", "VNM", day).rate.low == pytest.approx(0.03 + 0.5)
    assert schedule.rate("0406905600", "VNM", day).rate == Interval(0.0, 0.5)
    assert schedule.rate("0406905699", "VNM", day).rate == Interval(0.2, 0.5)


def test_every_fault_of_the_lists_at_once(facts, lists):
    (lists / "s122_exempt_products.csv").unlink()
    (lists / "mfn_rates_2025.csv").write_text(
        "hs8,rate_raw\n4069056,Free\n61091000,1%\n61091000,2%\n", encoding="utf-8"
    )
    (lists / "s232_annex_products.csv").write_text("code,annex\n0406905600,2\n", encoding="utf-8")
    (lists / "s301_product_lists.csv").write_bytes(b"hts8,list,ch99_code\n6109\xff,1,9903\n")
    with pytest.raises(DataError) as raised:
        build_schedule(lists, facts)
    told = str(raised.value)
    for words in (
        "s122_exempt_products.csv: is not there",
        "mfn_rates_2025.csv:2: hs8: is not an HTS code (got '4069056')",
        "mfn_rates_2025.csv:4: hs8: has a second general rate",
        "s232_annex_products.csv:1: hts_prefix: column is missing",
        "s301_product_lists.csv:2: is not UTF-8 text (got '0xff')",
    ):
        assert words in told


def test_overlapping_windows_are_refused(facts, lists, rules):
    _edit(rules, "s122-column2", origins="RUS FRA", starts_on="2026-07-01")
    with pytest.raises(
        DataError, match=r"s122-column2: starts_on: the window overlaps that of s122"
    ):
        build_schedule(lists, facts, rules)


def test_a_hole_between_windows_is_refused(facts, lists, rules):
    _edit(rules, "fentanyl-chn-2", starts_on="2025-03-06")
    with pytest.raises(DataError, match=r"IEEPA fentanyl on CHN has a hole from 2025-03-04"):
        build_schedule(lists, facts, rules)


def test_an_unknown_list_is_refused(facts, lists, rules):
    _edit(rules, "s122-exempt", scope="@nobody-knows")
    with pytest.raises(DataError, match="names no list of the folder"):
        build_schedule(lists, facts, rules)


def test_a_bad_rule_is_blamed_by_line(facts, lists, rules):
    _edit(rules, "s122", ad_valorem="ten percent", source_id="nobody")
    with pytest.raises(DataError, match=r"rules.csv:\d+: ad_valorem"):
        build_schedule(lists, facts, rules)


def test_a_new_proclamation_is_a_new_row(facts, lists, rules):
    with (rules / "rules.csv").open("a", encoding="utf-8") as file:
        file.write(
            "new-2026-12,Section 999,New duty,9903.99.99,,additive,full,6109,FRA,0.07,,,,,"
            "in_force,2026-12-01,,,bl-tracker,\n"
        )
    schedule = FiledSchedule(build_schedule(lists, facts, rules))
    before, after = (
        schedule.rate("6109100012", "FRA", day).rate.high
        for day in (date(2026, 11, 30), date(2026, 12, 1))
    )
    assert after - before == pytest.approx(0.07)


@pytest.mark.parametrize("content", [b"", b"PAR1 and then nothing", b"sku,hts\n"])
def test_a_damaged_file_is_refused(tmp_path, content):
    path = tmp_path / "broken.parquet"
    path.write_bytes(content)
    with pytest.raises(DataError, match="is not a readable parquet file"):
        read_schedule(path)


def test_an_overlap_in_a_file_is_refused(facts, lists, tmp_path):
    compiled = build_schedule(lists, facts)
    row = compiled.frame[compiled.frame["component_id"] == "s122"].iloc[:1]
    import pandas as pd

    from tariffimpact.tariffs import CompiledSchedule

    doubled = CompiledSchedule(pd.concat([compiled.frame, row]), compiled.manifest)
    path = tmp_path / "us.parquet"
    path.write_bytes(doubled.as_bytes())
    with pytest.raises(DataError, match="the window of s122 overlaps"):
        read_schedule(path)


@pytest.mark.parametrize(
    ("product", "origin", "day", "words"),
    [
        ("9801001000", "CHN", date(2025, 5, 1), "a special provision"),
        ("0406", "CHN", date(2025, 5, 1), "has 4 digits; give 8 or 10, such as 04069056"),
        ("12345678", "CHN", date(2025, 5, 1), "is not in the schedule"),
        ("6109100012", "XXX", date(2025, 5, 1), "not an ISO 3166-1 alpha-3"),
        ("6109100012", "USA", date(2025, 5, 1), "pay no duty here"),
        ("6109100012", "CHN", date(2024, 5, 1), "knows 2025-01-01 to 2026-12-31"),
    ],
)
def test_what_the_schedule_does_not_know(facts, lists, product, origin, day, words):
    schedule = FiledSchedule(build_schedule(lists, facts))
    with pytest.raises(ModelError, match=words):
        schedule.rate(product, origin, day)


def test_history_meets_rate_on_both_sides_of_every_edge(facts, lists):
    schedule = FiledSchedule(build_schedule(lists, facts))
    spells = schedule.history("6109100012", "CHN", date(2025, 1, 1), date(2027, 1, 1))
    assert list(spells["starts_on"][1:]) == list(spells["ends_on"][:-1])
    for spell in spells.itertuples():
        for day in (spell.starts_on, spell.ends_on - timedelta(days=1)):
            assert schedule.rate("6109100012", "CHN", day).rate.high == spell.high


def test_commands_build_and_answer(lists, tmp_path):
    out = tmp_path / "out"
    built = CliRunner().invoke(schedule_command, ["build", "--from", str(lists), "--out", str(out)])
    assert built.exit_code == 0, built.output
    assert {p.name for p in out.iterdir()} == {"us-tariffs.parquet", "manifest.json"}
    asked = ["6109100012", "--origin", "VNM", "--on", "2025-09-01", "--schedule"]
    told = CliRunner().invoke(rate_command, [*asked, str(out / "us-tariffs.parquet")])
    assert "36.5% to 66.5% of customs value" in told.output
    wine = ["2204215005", "--origin", "FRA", "--on", "2025-09-01", "--schedule"]
    of_value = [str(out / "us-tariffs.parquet"), "--unit-value", "11.11"]  # dollars a litre
    told = CliRunner().invoke(rate_command, [*wine, *of_value])
    assert "14.4% of customs value, plus $0.063 per liter" in told.output
    alone = CliRunner().invoke(rate_command, [*asked[:-1], "--claim", "USMCA=1"])
    assert alone.exit_code == 2
