"""The shipped lists and duties held to the text of the law and to duties worked from it."""

import csv
import gzip
import json
import re
from datetime import date

import pytest

from tariffimpact.facts import shipped_folder
from tariffimpact.interval import Interval
from tariffimpact.tariffs import Schedule

LAW = shipped_folder("data") / "law"
CLOSED = {
    "D07": {"CIVIL AIRCRAFT": 0}, "D08": {"CIVIL AIRCRAFT": 0}, "D09": {"CIVIL AIRCRAFT": 0},
    "D10": {"CIVIL AIRCRAFT": 0}, "D13": {"EXCLUSION": 0}, "D24": {"KITCHEN CABINETS": 0},
    "D30": {"UNDER 15% METAL": 1}, "D31": {"US METAL": 1, "UNDER 15% METAL": 0},
    "D32": {"CIVIL AIRCRAFT": 1}, "D34": {"SHIP TO SHORE CRANE": 1}, "D35": {"AGOA": 1},
    "D36": {"AGREEMENT": 1}, "D40": {"UNDER 15% METAL": 0}, "D49": {"UNDER 15% METAL": 0},
    "D56": {"CIVIL AIRCRAFT": 0}, "D57": {"CIVIL AIRCRAFT": 1}, "D28": {"PHARMACEUTICAL USE": 0},
}  # fmt: skip
"""What the worked cases leave unsaid or say in words, as claims."""
WITHIN = {"D28", "D34"}
"""Cases worked to a range: D28 is not on the list of the EU's exemptions, D34 bears every part."""


def _rows(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


@pytest.fixture(scope="module")
def cases(reference):
    return _rows(reference / "us_tariffs" / "worked_cases.csv")


def test_every_worked_case(schedule, cases):
    assert len(cases) == 58
    for case in cases:
        told = {
            k.strip(): float(v) for k, v in re.findall(r"([A-Za-z ]+)=([\d.]+)", case["claims"])
        }
        metal = told.pop("metal", None)
        claims = told | CLOSED.get(case["id"], {})
        rate = Schedule(schedule.source, claims=claims).rate(
            case["hts"], case["origin"], date.fromisoformat(case["date"]),
            metal_content=None if metal is None else Interval.exactly(metal),
        ).rate  # fmt: skip
        expected = Interval.parse(case["expected"])
        if case["id"] in WITHIN:
            assert expected.low <= rate.low <= rate.high <= expected.high + 1e-12, case["id"]
        else:
            assert (rate.low, rate.high) == pytest.approx((expected.low, expected.high)), case["id"]


PROGRAMMES = [
    # line, origin, claim, its general rate, the rate with the claim: the special column of the book
    ("39161000", "CAN", "AUTOMOTIVE PRODUCTS", 0.058, 0.0),  # Free (B)
    ("39161000", "DEU", "AUTOMOTIVE PRODUCTS", 0.058, 0.058),  # general note 5: Canadian articles
    ("29171970", "CHE", "DYE INTERMEDIATE", 0.04, 0.0),  # Free (K, L): each frees by itself
    ("29171970", "CHE", "PHARMACEUTICAL USE", 0.04, 0.0),
    ("39161000", "CHE", "DYE INTERMEDIATE", 0.058, 0.058),  # no (L)
    ("42021100", "GUM", "INSULAR POSSESSION", 0.08, 0.0),  # general note 3(a)(iv), any line
    ("42021100", "PLW", "FREELY ASSOCIATED STATE", 0.08, 0.0),  # general note 10
    ("42021100", "PLW", "INSULAR POSSESSION", 0.08, 0.08),
]


@pytest.mark.parametrize(("line", "origin", "claim", "general", "claimed"), PROGRAMMES)
def test_a_programme_frees_what_the_book_says(schedule, line, origin, claim, general, claimed):
    none = dict.fromkeys((
        "USMCA", "AUTOMOTIVE PRODUCTS", "DYE INTERMEDIATE", "PHARMACEUTICAL USE",
        "INSULAR POSSESSION", "FREELY ASSOCIATED STATE",
    ), 0.0)  # fmt: skip
    for made, expected in ((none, general), (none | {claim: 1.0}, claimed)):
        asked = Schedule(schedule.source, claims=made)
        assert asked.rate(line, origin, date(2025, 1, 15)).rate == Interval.exactly(expected)


def test_no_metal_duty_on_lines_that_no_list_names(compiled, reference):
    rows = _rows(reference / "us_tariffs" / "annex_overreach.csv")
    schedule = Schedule(compiled.of_codes(row["hts"] for row in rows))
    assert len(rows) == 315
    for row in rows:
        rate = schedule.rate(row["hts"], "VNM", date(2026, 5, 1))
        metal = [part.amount.high for part in rate.counted if part.authority == "Section 232"]
        assert not any(metal), row["hts"]


def test_no_listed_prefix_is_wider_than_the_note(reference):
    """US note 16(c), as another parser took it from the text: the same codes, digit for digit."""
    told = json.loads((reference / "us_tariffs/legal/note16c_lists.json").read_text())
    ours = [r for r in _rows(LAW / "codes.csv") if re.fullmatch(r"note-16c:[ivx]+", r["list"])]
    ours = {row["hts"] for row in ours if row["list"] != "note-16c:xi"}
    assert ours == {c.removesuffix("00") if len(c) == 10 else c for codes in told.values()
                    for c in codes}  # fmt: skip


def test_every_code_of_a_list_taken_from_chapter_99_stands_in_it(reference):
    path = reference / "us_tariffs/legal/chapter99_2026_rev_6.txt.gz"
    with gzip.open(path) as file:
        words = file.read().decode("latin-1")
    text = set(re.findall(r"\d{4}(?:\.\d\d(?:\.\d\d(?:\d\d)?)?)?", words))
    taken = {r["list"] for r in _rows(LAW / "lists.csv") if r["source_id"] == "hts-2026-rev-6"}
    listed = [r for r in _rows(LAW / "codes.csv") if r["list"] in taken]
    assert len(taken) > 20
    for row in listed:
        parts = [row["hts"][:4], row["hts"][4:6], row["hts"][6:]]
        written = ".".join(part for part in parts if part)
        assert {written, f"{written}00"} & text, row
