"""No traceback reaches a user: not from a defect, a signal, a full disk or a reader that leaves."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tariffimpact import cli
from tariffimpact.cli import main
from tariffimpact.facts import shipped_folder

FULL = Path("/dev/full")
RATE = ["rate", "9504500000", "--origin", "CHN", "--on", "2025-05-01"]


def called(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        main(list(arguments))
    told = capsys.readouterr()
    return left.value.code, told.out, told.err


def program(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "tariffimpact", *map(str, arguments)],
        check=False,
        stderr=subprocess.PIPE,
        timeout=120,
        **options,
    )


class DefectError(Exception):
    pass


def failing(error):
    """Return a command that takes anything and raises."""
    import click

    @click.command(context_settings={"ignore_unknown_options": True})
    @click.argument("anything", nargs=-1)
    def command(anything):
        raise error

    return command


@pytest.fixture(params=list(cli._COMMANDS))
def command(request):
    return request.param


def broken(monkeypatch, error):
    """Let every command fail with an error, wherever it is looked up."""
    monkeypatch.setattr(cli._LazyGroup, "get_command", lambda *_: failing(error))


def test_a_defect_in_any_command_is_told_in_two_lines(command, monkeypatch, capsys):
    broken(monkeypatch, DefectError("first line\nsecond \x1b[31mline"))
    code, out, err = called([command], capsys)
    assert (code, out) == (1, "")
    assert err.splitlines() == [
        "error: unexpected DefectError: first line",
        "This is a defect of tariffimpact. Please report it with the command you ran and the "
        "output of the same command with --debug before its name.",
    ]


def test_debug_shows_where_it_happened(command, monkeypatch):
    broken(monkeypatch, DefectError("here"))
    with pytest.raises(DefectError, match="here"):
        main(["--debug", command])


def test_an_interrupt_is_one_line(command, monkeypatch, capsys):
    broken(monkeypatch, KeyboardInterrupt())
    code, out, err = called([command], capsys)
    assert (code, out, err.strip()) == (130, "", "interrupted; no file is half-written")


@pytest.mark.parametrize("milliseconds", [20, 40, 60, 100, 200])
def test_an_interrupt_while_the_program_loads_is_one_line(milliseconds):
    """From when Python itself has begun; before, it ends by the signal and says nothing."""
    begun = (
        "import signal, sys, os, threading, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from tariffimpact.__main__ import run\n"
        f"stop = lambda: (time.sleep({milliseconds / 1000}), os.kill(os.getpid(), signal.SIGINT))\n"
        "threading.Thread(target=stop, daemon=True).start()\n"
        "sys.argv = ['tariffimpact', 'price', 'sony-ps5', '--draws', '4000000']\n"
        "run()\n"
    )
    told = subprocess.run([sys.executable, "-c", begun], capture_output=True, check=False)
    assert (told.returncode, told.stderr.strip()) == (130, b"interrupted; no file is half-written")


@pytest.mark.parametrize("error", [
    MemoryError(),
    ImportError("libscipy_openblas.so: failed to map segment from shared object"),
    OSError(12, "Cannot allocate memory"),
])  # fmt: skip
def test_want_of_memory_is_told_as_such(error, monkeypatch, capsys):
    broken(monkeypatch, error)
    code, _, err = called(["report"], capsys)
    assert code == 1
    assert "memory" in err
    assert "suffice" in err
    assert "defect" not in err


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (MemoryError(), "error: the memory of this machine does not suffice; give fewer rows or "
         "scenarios"),
        (OSError(28, "No space left on device", "/x/\x1b[31my"),
         "error: No space left on device: /x/\\x1b[31my; check the disk, the path and its "
         "permissions"),
        (OSError(24, "Too many open files"),
         "error: Too many open files; check the disk, the path and its permissions"),
    ],
)  # fmt: skip
def test_the_machines_trouble_is_no_defect(error, text, monkeypatch, capsys):
    broken(monkeypatch, error)
    code, out, err = called(["report"], capsys)
    assert (code, out) == (1, "")
    assert err.splitlines() == [text]
    with pytest.raises(type(error)):
        main(["--debug", "report"])


def test_what_the_user_wrote_does_not_steer_the_terminal(capsys):
    code, out, err = called(
        ["rate", "\x1b[31m9504", "--origin", "CHN", "--on", "2025-05-01"], capsys
    )
    assert (code, out) == (1, "")
    assert "\x1b" not in err
    assert len(err.splitlines()) == 1


# a real process, its streams and its signals


def test_a_reader_that_leaves_early_ends_the_program_quietly():
    reads, writes = os.pipe()
    os.close(reads)  # before anything is written: the pipe is broken from the start
    told = program(*RATE, stdout=writes)
    os.close(writes)
    assert (told.returncode, told.stderr) == (1, b"")


def test_a_closed_stdout_is_no_error_and_disturbs_no_file(tmp_path):
    out = tmp_path / "out"
    closed = f"exec {sys.executable} -m tariffimpact copy-data {out} >&- 2>&-"
    told = subprocess.run(["sh", "-c", closed], check=False, timeout=120)
    assert told.returncode == 0
    shipped = shipped_folder("data")
    for path in out.iterdir():  # one would hold the words of stdout, had it taken its number
        assert path.read_bytes() == (shipped / path.name).read_bytes()
    assert len(list(out.iterdir())) > 10


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
def test_a_stdout_that_is_full_is_the_disks_trouble():
    with FULL.open("wb") as full:
        told = program(*RATE, "--json", stdout=full)
    assert told.returncode == 1
    assert told.stderr == (
        b"error: No space left on device; check the disk, the path and its permissions\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_leaves_no_trace_and_no_file(tmp_path, number):
    out = tmp_path / "out"
    begun = (
        "import signal\nfrom tariffimpact.cli import main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # unheeded in the background
        "print('begun', flush=True)\nmain()\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", begun, "report", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout.readline() == b"begun\n"
    time.sleep(0.5)  # in the middle of its reading or of its charts; on no machine at the end
    running.send_signal(number)
    _, err = running.communicate(timeout=60)
    assert running.returncode == (130 if number == signal.SIGINT else -number)
    assert b"Traceback" not in err
    assert err.strip() == (
        b"interrupted; no file is half-written" if number == signal.SIGINT else b""
    )
    assert not out.exists()


def test_letters_come_out_as_utf8_in_any_locale():
    odd = {**os.environ, "LC_ALL": "tr_TR.ISO8859-9", "PYTHONIOENCODING": "latin-1"}
    told = program("price", "textbook", stdout=subprocess.PIPE, env=odd)
    assert (told.returncode, told.stderr) == (0, b"")
    assert told.stdout.decode("utf-8")
    plain = program("price", "textbook", stdout=subprocess.PIPE)
    assert told.stdout == plain.stdout
    assert not told.stdout.isascii() or b"?" not in told.stdout
