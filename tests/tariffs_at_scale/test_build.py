"""Building a schedule: every fault of the law told at once, the same bytes twice, sealed."""

import csv
import io
import random
from datetime import date, timedelta

import pytest

from tariffimpact.errors import DataError, ModelError
from tariffimpact.facts import shipped_folder
from tariffimpact.interval import Interval
from tariffimpact.tariffs import Schedule, ScheduleFile, build_schedule, read_schedule
from tariffimpact.tariffs.columns import general_rate, special_rates
from tariffimpact.tariffs.schedule import SHIPPED

FILE = shipped_folder("data") / SHIPPED
KEEP = ("61091000", "84713001", "76129010")


def _rows(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def _write(path, rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


@pytest.fixture
def small(law):
    """The law over three lines, quick to compile; each list keeps a code."""
    _write(law / "book.csv", [r for r in _rows(law / "book.csv") if r["hts"] in KEEP])
    kept = {r["list"]: r for r in _rows(law / "codes.csv")}.values()
    near = [r for r in _rows(law / "codes.csv") if r["hts"][:4] in {c[:4] for c in KEEP}]
    _write(law / "codes.csv", [*near, *(r for r in kept if r not in near)])
    return law


def _edit(folder, component, **changes):
    rows = _rows(folder / "rules.csv")
    for row in rows:
        if row["component_id"] == component:
            row.update(changes)
    _write(folder / "rules.csv", rows)


@pytest.mark.parametrize(
    ("words", "low", "high", "usd", "unit"),
    [
        ("Free", 0, 0, 0, ""),
        ("Free (see note 1)", 0, 0, 0, ""),
        ("5.7%", 0.057, 0.057, 0, ""),
        ("33 1/3%", 1 / 3, 1 / 3, 0, ""),
        ("37.2¢/kg + 6%", 0.06, 0.06, 0.372, "kg"),
        ("$1.646/kg", 0, 0, 1.646, "kg"),
        ("16¢ each + 2.5%", 0.025, 0.025, 0.16, "piece"),
        ("3.9% on the movement and case + 5.3% on the battery", 0, 0.092, 0, ""),
        ("36¢ each + 5.6% + 2¢/jewel", 0.056, float("inf"), 0, ""),
        ("3.66¢/kg less 0.02¢/kg for each degree under 100 degrees", 0, float("inf"), 0, ""),
        ("See additional U.S. note 3", 0, float("inf"), 0, ""),
    ],
)
def test_rates_in_words(words, low, high, usd, unit):
    rate = general_rate(words)
    assert (rate.ad_valorem.low, rate.ad_valorem.high) == pytest.approx((low, high))
    assert (rate.specific_usd, rate.specific_unit) == (pytest.approx(usd), unit)


def test_special_rates_by_symbol():
    words = "Free (A+,AU,S+) 16.6% (JO) See 9823.10.01 (KR)"
    assert special_rates(words) == {
        "A": "Free", "AU": "Free", "S": "Free", "JO": "16.6%", "KR": "See 9823.10.01",
    }  # fmt: skip
    assert special_rates("") == {}


@pytest.mark.slow
def test_the_shipped_file_is_what_the_law_compiles_to(facts):
    assert build_schedule(facts).as_bytes() == FILE.read_bytes()


def test_the_shipped_file_was_built_from_the_law_that_lies_beside_it(compiled):
    """Quicker than to compile: the same rules and lines, with the same words."""
    rules = {row["component_id"]: row for row in _rows(shipped_folder("data") / "law/rules.csv")}
    told = compiled.manifest["components"]
    assert set(rules) <= set(told)
    for name, row in rules.items():
        for column in (
            "name", "heading", "claim", "source_id", "locator", "quote", "notes", "starts_on",
        ):  # fmt: skip
            assert told[name][column] == row[column], (name, column)
    lines = {row["hts"] for row in _rows(shipped_folder("data") / "law/book.csv")}
    assert lines <= set(compiled.frame["hts"])
    assert len(lines) == 11_414


def test_same_law_same_bytes(facts, small, tmp_path):
    first, second = (build_schedule(facts, small).as_bytes() for _ in range(2))
    assert first == second
    path = tmp_path / "us.parquet"
    path.write_bytes(first)
    read = read_schedule(path)
    assert set(read.frame["hts"].str[:8]) == {"", *KEEP}
    assert "3 tariff lines" in read.summary()


def test_one_product_read_alone_is_the_same_as_of_the_whole():
    file = ScheduleFile(FILE)
    compiled = file.read()
    for code in ("", "84713001", "0102214000"[:8], "6307909842"):
        whole = sorted(map(repr, compiled.rows_of(code)))
        assert sorted(map(repr, file.rows_of(code))) == whole
    assert file.codes_under("847130") == compiled.codes_under("847130") == ["84713001"]


def test_a_statistical_line_set_apart_differs_from_its_tariff_line(schedule):
    day = date(2026, 2, 1)
    mask, other = (schedule.rate(code, "CHN", day).rate for code in ("6307909842", "6307909882"))
    assert mask == Interval.exactly(0.77)  # 7% + 50% + 10% + 10%
    assert other == Interval.exactly(0.345)  # 7% + 7.5% + 10% + 10%


def test_every_fault_of_the_law_at_once(facts, small):
    (small / "groups.csv").unlink()
    _edit(small, "s122", ad_valorem="ten percent", source_id="nobody")
    _edit(small, "s301-cranes", claim="CRANE")
    with (small / "codes.csv").open("a", encoding="utf-8") as file:
        file.write("annex-ii,4069056,,\nnobody-knows,04069056,,\n")
    with pytest.raises(DataError) as raised:
        build_schedule(facts, small)
    told = str(raised.value)
    for words in (
        "groups.csv",
        "rules.csv:",
        "ad_valorem",
        "is not in claims.csv; say there what it asks (got 'CRANE')",
        "codes.csv:",
        "(got '4069056')",
        "is not in lists.csv; say there what the list is (got 'nobody-knows')",
    ):
        assert words.partition(";")[0] in told


def test_overlapping_windows_are_refused(facts, small):
    _edit(small, "s122-column2", origins="RUS FRA", starts_on="2026-07-01")
    with pytest.raises(DataError, match="s122-column2: starts_on: the window overlaps that of"):
        build_schedule(facts, small)


def test_a_hole_between_windows_is_refused(facts, small):
    _edit(small, "fentanyl-chn-2", starts_on="2025-03-06")
    with pytest.raises(DataError, match=r"IEEPA fentanyl on CHN has a hole from 2025-03-04"):
        build_schedule(facts, small)


def test_an_unknown_list_is_refused(facts, small):
    _edit(small, "s122-exempt", scope="@nobody-knows")
    with pytest.raises(DataError, match="names no list of the folder"):
        build_schedule(facts, small)


def test_a_new_proclamation_is_a_new_row(facts, small):
    rows = _rows(small / "rules.csv")
    blank = dict.fromkeys(rows[0], "")
    new = {"component_id": "new-2026-12", "authority": "Section 999", "name": "New duty",
           "kind": "additive", "base": "full", "scope": "6109", "origins": "FRA",
           "ad_valorem": "0.07", "status": "in_force", "starts_on": "2026-12-01",
           "source_id": "bl-tracker"}  # fmt: skip
    _write(small / "rules.csv", [*rows, blank | new])
    schedule = Schedule(build_schedule(facts, small))
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


def test_a_flipped_byte_is_refused(facts, small, tmp_path):
    """Any byte, in the rows or in what they refer to: two hundred of them."""
    content = build_schedule(facts, small).as_bytes()
    path = tmp_path / "us.parquet"
    draw = random.Random(5)
    for place in (0, len(content) - 1, *draw.sample(range(len(content)), 200)):
        spoilt = bytearray(content)
        spoilt[place] ^= 1 << draw.randrange(8)
        path.write_bytes(bytes(spoilt))
        with pytest.raises(DataError):
            read_schedule(path)


def test_an_overlap_in_a_file_is_refused(facts, small, tmp_path):
    import pandas as pd

    from tariffimpact.tariffs import CompiledSchedule

    compiled = build_schedule(facts, small)
    row = compiled.frame[compiled.frame["component_id"] == "s122"].iloc[:1]
    doubled = CompiledSchedule(pd.concat([compiled.frame, row]), compiled.manifest)
    path = tmp_path / "us.parquet"
    path.write_bytes(doubled.as_bytes())
    with pytest.raises(DataError, match="the window of s122 overlaps"):
        read_schedule(path)


@pytest.mark.parametrize(
    ("claim", "words"),
    [({"CARPRTS": 1}, "did you mean CAR PARTS"), ({"USMCA": 90}, "between 0 and 1")],
)
def test_claims_are_checked(compiled, claim, words):
    with pytest.raises(ModelError, match=words):
        Schedule(compiled, claims=claim)


def test_history_meets_rate_on_both_sides_of_every_edge(schedule):
    spells = schedule.history("6109100012", "CHN", date(2025, 1, 1), date(2026, 12, 1))
    assert list(spells["starts_on"][1:]) == list(spells["ends_on"][:-1])
    for spell in spells.itertuples():
        for day in (spell.starts_on, spell.ends_on - timedelta(days=1)):
            assert schedule.rate("6109100012", "CHN", day).rate.high == spell.high


def test_commands_build_and_answer(run, small, tmp_path):
    out = tmp_path / "out"
    code, _, _ = run("schedule", "build", "--law", small, "--out", out)
    assert code == 0
    assert {p.name for p in out.iterdir()} == {"us-tariffs.parquet", "manifest.json"}
    own = ("--schedule", out / "us-tariffs.parquet")
    _, told, _ = run("rate", "6109100012", "--origin", "Vietnam", "--on", "2025-09-01", *own)
    assert "36.5% of customs value" in told
    code, _, error = run("rate", "2204215005", "--origin", "FRA", "--on", "2025-09-01", *own)
    assert code == 1
    assert "is not in the schedule" in error


def test_any_product_today_with_no_option(run):
    """Wine, with a litre's value; and the first line of the issue."""
    wine = ("rate", "2204215005", "--origin", "FRA", "--on", "2025-09-01", "--unit-value", "11.11")
    assert "14.4% of customs value, plus $0.063 per liter" in run(*wine)[1]
    code, told, _ = run("rate", "8471300100", "--origin", "VNM", "--on", "today")
    assert code == 0
    assert f"on {date.today()}" in told
    assert "Are the goods parts of passenger vehicles" in told
    assert "anti-dumping and countervailing duties" in told


def test_the_history_of_a_line(run):
    _, told, _ = run("schedule", "history", "9504500000", "--origin", "CHN", "--to", "2025-05-20")
    assert told.splitlines()[-1] == "2025-05-14 to 2025-05-20: 30.0%"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fetch_arrow_table.*:DeprecationWarning")
def test_the_rates_of_a_whole_day(run, tmp_path):
    out = tmp_path / "out"
    code, told, _ = run("schedule", "export", "--on", "2025-05-01", "--origin", "CHN", "--out", out)
    assert code == 0, told
    rows = {row["hts"]: row for row in _rows(out / "schedule.csv")}
    assert float(rows["95045000"]["rate_low"]) == 1.45
    assert len(rows) > 11_400
