"""Room among the system's files: gone with its work, or with the next where it was killed."""

import os
import signal
import subprocess
import sys
import tempfile

import pytest

from tariffimpact.writing import scratch

KILLED = """
import sys, time
from tariffimpact.writing import scratch
with scratch() as folder:
    (folder / "rows").write_bytes(b"x" * 1000)
    print(folder, flush=True)
    time.sleep(600)
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="this system has no such locks")


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def held(root):
    """Start a process that has a folder; return both."""
    process = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True)
    return process, root / process.stdout.readline().strip()


def test_what_a_killed_process_left_is_removed_by_the_next_and_not_what_is_in_use(root):
    (killed, left), (living, used) = held(root), held(root)
    try:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert left.exists()
        with scratch() as own:
            assert not left.exists()
            assert (used / "rows").stat().st_size == 1000
            assert sorted(root.iterdir()) == sorted([own, used])
    finally:
        for process in (killed, living):
            process.kill()
            process.wait()
            process.stdout.close()


def test_a_folder_is_removed_after_an_error_too(root):
    def fails():
        with scratch() as folder:
            (folder / "rows").write_bytes(b"x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert list(root.iterdir()) == []


def test_what_is_not_ours_is_left_alone(root, monkeypatch):
    elsewhere = root / "elsewhere"
    elsewhere.mkdir()
    (root / "tariffimpact-run-link").symlink_to(elsewhere, target_is_directory=True)
    (root / "tariffimpact-run-file").write_bytes(b"a file")
    (root / "tariffimpact-run-theirs").mkdir()
    (root / "tariffimpact-other").mkdir()
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    with scratch():
        pass
    assert len(list(root.iterdir())) == 5
    monkeypatch.setattr(os, "geteuid", lambda: me)
    with scratch():
        pass
    assert sorted(path.name for path in root.iterdir()) == [
        "elsewhere", "tariffimpact-other", "tariffimpact-run-file", "tariffimpact-run-link",
    ]  # fmt: skip


OFTEN = """
from tariffimpact.writing import scratch
for number in range(150):
    with scratch() as folder:
        (folder / "own").write_text(str(number), encoding="ascii")
        assert (folder / "own").read_text(encoding="ascii") == str(number)
        assert len(list(folder.iterdir())) == 1
"""


def test_processes_that_begin_and_end_together_leave_each_other_alone(root):
    workers = [subprocess.Popen([sys.executable, "-c", OFTEN]) for _ in range(4)]
    assert [worker.wait(60) for worker in workers] == [0] * 4
    assert list(root.iterdir()) == []
