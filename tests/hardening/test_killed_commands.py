"""Every command that writes, killed with no chance to clean up: one set whole, and nothing left.

`test_interrupted_writes.py` kills the one writer before each of its changes; here the commands
themselves are killed, at moments of their work and at changes to their folder.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import click
import pytest

from tariffimpact.cli import cli
from tariffimpact.facts import shipped_folder
from tariffimpact.writing import check_folder
from trees import tree

from .readers import ACE, LINES, PANEL
from .test_interrupted_writes import HOOK

SKUS = shipped_folder("data") / "example_skus.csv"
PRICED = ["--price", "500", "--customs", "60%", "--tariff", "15%..20%", "--cost", "70%"]
REFERENCE = os.environ.get("TARIFFIMPACT_REFERENCE_DATA")
COMMANDS = {
    "report": ["--case", "textbook", "--out", "out"],
    "brief": ["--company", "Sony", "--format", "html,pdf,pptx", "--out", "out"],
    "batch": ["skus.csv", "--on", "2025-09-01", "--out", "out"],
    "effective-rate": ["--lines", "lines.csv", "--out", "out"],
    "refund": ["es-003.csv", "--out", "out"],
    "estimate": ["panel.csv", "--treated", "on", "--out", "out"],
    "cost-push": ["--rates", "rates.csv", "--tables", "accounts", "--out", "out"],
    "cost-push build": REFERENCE and ["--from", f"{REFERENCE}/io", "--out", "out"],
    "schedule build": ["--out", "out"],
    "schedule export": ["--on", "2025-09-01", "--origin", "CHN", "--out", "out"],
    "price": [*PRICED, "--elasticity", "1.5..2.5", "--xlsx", "out/price.xlsx"],
    "earnings": ["--gross", "150m", "--sales", "5bn", "--xlsx", "out/bridge.xlsx"],
    "copy-data": ["out"],
}
"""What each is asked; nothing where the official files that it needs are not here."""
KILLS = (0.3, 0.8, 0.95, "change", "change")
"""Moments, of the time that the whole run takes; or a change to the folder, by chance."""

KILLED = f"""{HOOK}
from tariffimpact.cli import main
step = int(sys.argv[1])
if step:
    stop_at(Path("out").resolve(), step, kill)
main(sys.argv[2:])
"""


def writers(group: click.Group, above: str = "") -> Iterator[str]:
    """Yield every command that takes a place to write to."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if any({"--out", "--xlsx"} & set(option.opts) for option in command.params):
            yield f"{above}{name}"
        if isinstance(command, click.Group):
            yield from writers(command, f"{above}{name} ")


def test_every_command_that_writes_is_killed():
    assert {*writers(cli), "copy-data"} == set(COMMANDS)


@pytest.fixture
def work(tmp_path):
    """A folder with what the commands read, beside the folder for what killed processes leave."""
    from costpush.small_accounts import SMALL

    (tmp_path / "skus.csv").write_bytes(b"".join(SKUS.read_bytes().splitlines(True)[:3]))
    (tmp_path / "lines.csv").write_bytes(LINES)
    (tmp_path / "es-003.csv").write_bytes(ACE)
    (tmp_path / "panel.csv").write_bytes(PANEL)
    (tmp_path / "accounts").mkdir()
    for name, text in SMALL.items():
        (tmp_path / "accounts" / name).write_text(text, encoding="utf-8")
    (tmp_path / "accounts" / "rates.csv").rename(tmp_path / "rates.csv")
    (tmp_path / "tmp").mkdir()
    return tmp_path


def started(work, name, step=0):
    arguments = [*name.split(), *COMMANDS[name]]
    return subprocess.Popen(
        [sys.executable, "-c", KILLED, str(step), *arguments],
        cwd=work,
        env={**os.environ, "TMPDIR": str(work / "tmp")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def finished(work, name):
    process = started(work, name)
    _, err = process.communicate(timeout=570)
    assert process.returncode in (0, 3), err
    return tree(work / "out")


def killed(work, name, kill, seconds, chance):
    process = started(work, name, chance.randrange(1, 60) if kill == "change" else 0)
    if kill != "change":
        time.sleep(kill * seconds)
        process.send_signal(signal.SIGKILL)
    process.communicate(timeout=570)
    return process.returncode


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="this system has no such signal")
@pytest.mark.parametrize("name", [n for n, asked in COMMANDS.items() if asked and n != "copy-data"])
def test_a_killed_command_leaves_one_set_whole_and_the_next_run_nothing_else(work, name):
    out, chance = work / "out", random.Random(name)
    start = time.monotonic()
    new = finished(work, name)
    seconds = time.monotonic() - start
    assert new
    old = dict.fromkeys(new, b"old")
    ended = []
    for kill in KILLS:
        for file in out.rglob("*"):
            if file.is_file():
                file.write_bytes(b"old")
        (out / "mine.txt").write_bytes(b"mine")
        ended.append(killed(work, name, kill, seconds, chance))
        check_folder(out)  # what every run begins with
        found = tree(out)
        assert found.pop("mine.txt") == b"mine"
        assert found in (old, new), (kill, ended)
    assert -signal.SIGKILL in ended
    assert finished(work, name) == new | {"mine.txt": b"mine"}
    assert list((work / "tmp").glob("tariffimpact*")) == []
    assert not list(out.glob(".unfinished-*"))


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="this system has no such signal")
@pytest.mark.parametrize("step", [2, 25, 40, 55, 68])
def test_a_killed_copy_of_the_data_is_begun_again(work, step):
    """It wants an empty folder, and what a killed one left does not stand in its way."""
    process = started(work, "copy-data", step)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    copied = finished(work, "copy-data")
    data = shipped_folder("data")
    assert set(copied) == {path.name for path in data.iterdir() if path.name in copied}
    assert {name: (data / name).read_bytes() for name in copied} == copied
