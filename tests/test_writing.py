"""Files appear whole or not at all, stay in their folder, and hold nothing a spreadsheet runs."""

import csv
import errno
import io
import json
import os
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffimpact.errors import DataError
from tariffimpact.interval import Interval
from tariffimpact.writing import csv_bytes, json_text, publish
from trees import tree

OLD = {"report.html": b"old page", "figures/a.svg": b"old chart"}
NEW = {"report.html": b"new page", "figures/a.svg": b"new chart", "figures/b.svg": b"second"}


def faults(folder, files):
    with pytest.raises(DataError) as caught:
        publish(folder, files)
    return str(caught.value)


def test_a_set_is_written_in_order_and_folders_are_made(tmp_path):
    out = tmp_path / "new" / "folder"
    written = publish(out, NEW)
    assert written == tuple(out / name for name in NEW)
    assert tree(out) == NEW
    assert {path.name for path in out.iterdir()} == {"report.html", "figures"}


def test_an_older_set_is_replaced_and_other_files_are_left_alone(tmp_path):
    publish(tmp_path, OLD)
    (tmp_path / "mine.txt").write_bytes(b"kept")
    publish(tmp_path, NEW)
    assert tree(tmp_path) == NEW | {"mine.txt": b"kept"}


@pytest.mark.parametrize(
    "name",
    [
        "..",
        ".",
        "",
        "../x.svg",
        "figures/../../x.svg",
        "figures/../x.svg",
        "/etc/x.svg",
        "/x.svg",
        ".//..//x.svg",
    ],
)
def test_a_name_that_would_leave_the_folder_is_refused(tmp_path, name):
    out = tmp_path / "out"
    text = faults(out, {"good.txt": b"good", name: b"bad"})
    assert text == (
        f"{name}: would be written outside its folder; "
        "name it inside --out, where no subfolder is a link"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_subfolder_that_is_a_link_to_elsewhere_is_refused(tmp_path):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "figures").symlink_to(elsewhere, target_is_directory=True)
    assert "outside its folder" in faults(out, NEW)
    assert list(elsewhere.iterdir()) == []
    assert not (out / "report.html").exists()


def test_a_file_that_is_a_link_is_replaced_not_written_through(tmp_path):
    out, private = tmp_path / "out", tmp_path / "private.txt"
    private.write_bytes(b"private")
    out.mkdir()
    (out / "report.html").symlink_to(private)
    publish(out, NEW)
    assert private.read_bytes() == b"private"
    assert tree(out) == NEW


def test_the_folder_itself_may_be_a_link(tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real, target_is_directory=True)
    publish(tmp_path / "link", NEW)
    assert tree(real) == NEW


def test_a_file_where_the_folder_should_be(tmp_path):
    out = tmp_path / "out"
    out.write_bytes(b"a file")
    assert faults(out, NEW).startswith(f"{out}: cannot be written: ")
    assert faults(out / "below", NEW).endswith("; choose another folder")
    assert out.read_bytes() == b"a file"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_permission(tmp_path):
    out = tmp_path / "out"
    out.mkdir(mode=0o500)
    text = faults(out, NEW)
    assert text == f"{out}: cannot be written: Permission denied; choose another folder"
    assert list(out.iterdir()) == []


def test_a_disk_that_fills_half_way_leaves_the_old_set(tmp_path, monkeypatch):
    publish(tmp_path, OLD)
    calls = []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) == len(NEW):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left on device" in faults(tmp_path, NEW)
    assert tree(tmp_path) == OLD
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "figures"}


@pytest.mark.parametrize("failure", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
@pytest.mark.parametrize("last", list(NEW))
def test_a_move_that_fails_half_way_puts_the_old_set_back(tmp_path, monkeypatch, failure, last):
    publish(tmp_path, OLD)
    move = Path.replace

    def fails(self, target):
        if Path(target) == tmp_path / last and self.read_bytes() == NEW[last]:
            raise failure
        return move(self, target)

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises((DataError, KeyboardInterrupt)):
        publish(tmp_path, NEW)
    assert tree(tmp_path) == OLD
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "figures"}


def test_a_folder_in_the_place_of_a_file_is_named_before_anything_moves(tmp_path):
    publish(tmp_path, OLD)
    (tmp_path / "figures" / "b.svg").mkdir()
    text = faults(tmp_path, NEW)
    assert text == (
        f"{tmp_path / 'figures' / 'b.svg'}: is a folder, not a file; "
        "remove it, or choose another folder"
    )
    assert tree(tmp_path) == OLD


# CSV


def cells(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_text_that_starts_like_a_formula_gets_an_apostrophe(start):
    text = f"{start}cmd|' /C calc'!A0"
    content = csv_bytes(pd.DataFrame({"company": [text, "Sony"], "price": [-1.5, 2]}))
    shown = f"'{text}".replace("\r", "\n")
    assert cells(content)[1:] == [[shown, "-1.5"], ["Sony", "2.0"]]


def test_a_bare_carriage_return_does_not_begin_a_row():
    frame = pd.DataFrame({"company": ["Sony\r=1+1", "Sony\r\n=1+1"], "n": [1, 2]})
    assert cells(csv_bytes(frame))[1:] == [["Sony\n=1+1", "1"], ["Sony\n=1+1", "2"]]


def test_csv_is_utf8_with_lf_and_numbers_are_left_alone():
    frame = pd.DataFrame({"company": ["Estée", "株式会社", None], "share": [-0.1, 1e-9, None]})
    content = csv_bytes(frame)
    assert content == "company,share\nEstée,-0.1\n株式会社,1e-09\n,\n".encode()


def test_the_guard_reaches_categories():
    frame = pd.DataFrame({"company": pd.Categorical(["=1+1", "Sony", "=1+1"])})
    assert [row[0] for row in cells(csv_bytes(frame))] == ["company", "'=1+1", "Sony", "'=1+1"]


CHARACTERS = st.sampled_from("=+-@\t\r\n,\"' a") | st.characters(codec="utf-8")


@given(st.lists(st.text(CHARACTERS), min_size=1, max_size=5))
def test_no_text_comes_out_as_a_formula_and_each_can_be_read_back(texts):
    # two columns, for a row of one empty cell is a blank line
    content = csv_bytes(pd.DataFrame({"n": range(len(texts)), "text": texts}))
    read = [row[1] for row in cells(content)[1:]]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in read)
    lines = [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]
    assert all(cell in (text, f"'{text}") for cell, text in zip(read, lines, strict=True))


# JSON


class Standing(StrEnum):
    IN_FORCE = "in_force"


@dataclass(frozen=True)
class Answer:
    rate: Interval
    on: date
    standing: Standing


def read_json(value):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(json_text(value), parse_constant=refuse)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Interval(0.1, 0.2), {"low": 0.1, "high": 0.2}),
        (Interval(0.15, 0.15), 0.15),
        (Interval(2e8, float("inf")), {"low": 2e8, "high": None}),
        (Interval(float("-inf"), 1), {"low": None, "high": 1}),
        (Interval(float("-inf"), float("inf")), {"low": None, "high": None}),
        (float("inf"), None),
        (float("-inf"), None),
        (float("nan"), None),
        (0.0, 0.0),
        (True, True),
        (None, None),
        (date(2025, 8, 21), "2025-08-21"),
        (Standing.IN_FORCE, "in_force"),
        ((1, [Interval(0, 1)]), [1, [{"low": 0, "high": 1}]]),
        ({1: {"x": float("nan")}}, {"1": {"x": None}}),
        ("株式会社 <b>", "株式会社 <b>"),
        (np.int64(3), 3),
        (np.float64("inf"), None),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.array([[1.5, np.nan], [2, 3]]), [[1.5, None], [2, 3]]),
        (np.datetime64("2025-08-21"), "2025-08-21"),
        ({"n": np.int64(1)}, {"n": 1}),
        (pd.Series([1, 2], dtype="int64"), [1, 2]),
        (pd.Timestamp("2025-08-21"), "2025-08-21T00:00:00"),
        (pd.NaT, None),
        (
            Answer(Interval(0, 1), date(2025, 1, 2), Standing.IN_FORCE),
            {"rate": {"low": 0, "high": 1}, "on": "2025-01-02", "standing": "in_force"},
        ),
    ],
)
def test_json_has_no_infinity_no_nan_and_no_interval_of_one_value(value, expected):
    assert read_json(value) == expected


def test_a_set_comes_out_in_one_order():
    names = {"VNM", "CHN", "JPN", "MYS", "KHM"}
    assert read_json(names) == ["CHN", "JPN", "KHM", "MYS", "VNM"]


def test_json_keeps_letters_as_they_are():
    assert "株式会社" in json_text({"company": "株式会社"})


def test_headers_and_full_width_formulas_are_text_and_numbers_stay():
    texts = ["\uff1dcmd", "\uff0bA1", "\uff0d1", "\uff20x"]
    frame = pd.DataFrame({"=1+1": texts, "n": ["-5", "+7.5%", "-A1", "-1e3"]})
    head, *rows = cells(csv_bytes(frame))
    assert head == ["'=1+1", "n"]
    assert [row[0] for row in rows] == ["'\uff1dcmd", "'\uff0bA1", "'\uff0d1", "'\uff20x"]
    assert [row[1] for row in rows] == ["-5", "+7.5%", "'-A1", "-1e3"]
