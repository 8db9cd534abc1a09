"""What a command prints on a terminal, at two widths, and that a pipe gets it as it always did."""

import os
import pty
import re
import struct
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffimpact.cli import terminal

pytestmark = pytest.mark.whole

fcntl = pytest.importorskip("fcntl", reason="terminals of this kind are Unix's")
termios = pytest.importorskip("termios", reason="terminals of this kind are Unix's")

RATE = ("rate", "9504500000", "--origin", "CHN", "--on", "2025-08-21")
COMMANDS = {
    "rate": RATE,
    "price": ("price", "sony-ps5"),
    "recover": ("recover", "sony-ps5"),
    "earnings": ("earnings", "--company", "Hasbro"),
    "path": ("path", "textbook"),
    "source": ("source", "textbook"),
    "cost-push": ("cost-push", "--month", "2025-12", "--base", "2024"),
}
PROSE = ("recover", "earnings")
"""Commands that print the same words on a terminal as to a pipe."""


@pytest.fixture
def watched(monkeypatch, run):
    """Run a command as on a terminal of so many columns."""

    def call(width, *arguments):
        monkeypatch.setattr(terminal, "columns", lambda: width)
        for name, module in list(sys.modules.items()):
            if name.startswith("tariffimpact.cli") and hasattr(module, "is_watched"):
                monkeypatch.setattr(module, "is_watched", lambda: True)
        monkeypatch.setattr(terminal, "is_watched", lambda: True)
        return run(*arguments)

    return call


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_line_is_wider_than_the_terminal(watched, width, command):
    code, out, err = watched(width, *COMMANDS[command])
    assert (code, err) == (0, "")
    wide = [line for line in out.splitlines() if len(line) > width and "https://" not in line]
    assert wide == []


@pytest.mark.parametrize("command", PROSE)
def test_a_terminal_gets_the_words_that_a_pipe_gets(watched, run, command):
    _, piped, _ = run(*COMMANDS[command])
    _, shown, _ = watched(80, *COMMANDS[command])
    assert shown.split() == piped.split()


def test_a_rate_stands_in_a_table_with_its_papers_below(watched):
    _, out, _ = watched(80, *RATE)
    assert re.search(r"^20\.0% +IEEPA fentanyl .* void; full value +\d$", out, re.MULTILINE)
    assert "https://www.whitehouse.gov/" in out


def on_a_terminal(width, *arguments, **environment):
    """Return what a command prints on a real terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    bare = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
    with subprocess.Popen(
        [sys.executable, "-m", "tariffimpact", *arguments],
        stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL,
        env={**bare, "TERM": "xterm-256color", **environment},
    ):  # fmt: skip
        os.close(theirs)
        told = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            told += part
    os.close(ours)
    return told.decode()


def test_the_answer_is_bold_and_colour_can_be_forbidden():
    coloured = on_a_terminal(80, "recover", "sony-ps5")
    assert coloured.startswith("\x1b[1;33mConditional:")
    plain = on_a_terminal(80, "recover", "sony-ps5", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", plain)
    assert "\x1b" not in on_a_terminal(80, "recover", "sony-ps5", TERM="dumb")


words = st.text(st.characters(min_codepoint=33, max_codepoint=0x24F), min_size=1, max_size=30)


@given(
    told=st.lists(words, min_size=1, max_size=40),
    indent=st.integers(0, 6),
    width=st.integers(40, 120),
)
def test_a_line_keeps_its_words_and_breaks_only_at_spaces(told, indent, width):
    line = " " * indent + " ".join(told)
    lines = terminal.set_lines(line, width)
    assert " ".join(lines).split() == line.split()
    for part in lines:
        assert len(part) <= width or len(part.split()) <= 2  # a long word, and its bullet
