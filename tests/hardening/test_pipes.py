"""Files that are pipes: read where somebody writes to them, given up where nobody does."""

import os
import threading

import pytest

from tariffimpact.cases import read_case
from tariffimpact.errors import DataError
from tariffimpact.facts import sheets
from tariffimpact.facts.sheets import Sheet

pytestmark = pytest.mark.skipif(os.name != "posix", reason="this system has no named pipes")


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    return path


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(sheets, "_PATIENCE", 0.2)


def test_a_pipe_that_nobody_writes_to_is_given_up_with_words(pipe, impatient):
    with pytest.raises(DataError, match=r"that nobody wrote to in 0\.2 seconds; start"):
        Sheet(pipe, limit=1000)
    with pytest.raises(DataError, match="a pipe that nobody wrote to"):
        read_case(pipe)


def test_a_pipe_that_somebody_writes_to_is_read_whole(pipe):
    rows = b"product,price\n" + b"a,1\n" * 50_000

    def write():
        with pipe.open("wb") as file:
            file.write(rows)

    writer = threading.Thread(target=write)
    writer.start()
    sheet = Sheet(pipe, limit=10_000_000)
    writer.join()
    assert sum(1 for _ in sheet.rows()) == 50_001
