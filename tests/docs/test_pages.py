"""Every block of the pages is run: what it shows is what it prints.

A page is one session in an empty folder. A block `console` is typed, a block `python` executed, a
block with a title is saved under that name, a block `text` is what the Python above it printed.
`…` stands for text left out: within a line for a part of it, alone for any number of lines.
"""

import contextlib
import io
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tariffimpact.cli import main

pytestmark = pytest.mark.whole

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "cases" / "README.md"])
BLOCK = re.compile(r"^```[ {.]*(?P<kind>\w+)(?P<rest>[^\n]*)\n(?P<body>.*?)^```$", re.M | re.S)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
SET_UP = re.compile(
    r"make (?P<target>[a-z-]+)( .*)?|python3? -m venv \S+|\. \S+/bin/activate|.*pip install .+"
)


@pytest.mark.filterwarnings("ignore:.*fetch_arrow_table.*:DeprecationWarning")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_does_what_it_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "90")  # some commands write as wide as the terminal
    Session(page.read_text(encoding="utf-8"), promises=page.name == "README.md").run()


class Session:
    """The blocks of one page, one after the other."""

    def __init__(self, text, *, promises):
        self.blocks = list(BLOCK.finditer(text))
        self.text = text
        self.promises = promises  # the README's comments say what is printed; test_readme asks
        self.names = {"__name__": "page"}
        self.printed = None

    def run(self):
        assert self.text.count("\n```") >= 2 * len(self.blocks) - 1, "a block is not understood"
        for block in self.blocks:
            step = getattr(self, f"_{block['kind']}", None)
            assert step, f"nothing runs a block of kind {block['kind']!r}"
            step(block)
        self._all_shown()

    def _console(self, block):
        self._all_shown()
        for typed in re.split(r"^\$ ", block["body"], flags=re.M)[1:]:
            command, _, shown = typed.partition("\n")
            compare(command, shown, run_command(command, shown), whole=bool(shown.strip()))

    def _python(self, block):
        self._all_shown()
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(block["body"], "the page", "exec"), self.names)
        self.printed = out.getvalue()

    def _text(self, block):
        assert self.printed is not None, f"nothing above printed {block['body']!r}"
        compare("the block above", block["body"], self.printed, whole=True)
        self.printed = None

    def _toml(self, block):
        tomllib.loads(block["body"])
        self._save(block)

    def _csv(self, block):
        assert "title=" in block["rest"]
        self._save(block)

    def _sh(self, block):
        for line in block["body"].splitlines():
            command = line.split("#")[0].strip()
            if command.startswith("eval "):
                run_in_bash(command)
                continue
            known = SET_UP.fullmatch(command)
            assert known, f"nothing runs {command!r}"
            assert known["target"] is None or known["target"] in TARGETS, command

    def _math(self, block):
        """Formulas are set, or refused, when the site is built."""

    def _latex(self, block):
        for file in re.findall(r"\\includegraphics(?:\[.*?\])?\{(.+?)\}", block["body"]):
            assert list(Path().glob(f"{file}*")), f"no command wrote {file}"

    def _save(self, block):
        if title := re.search(r'title="(add to |in )?(.+?)"', block["rest"]):
            how, path = title[1], Path(title[2])
            before = path.read_text(encoding="utf-8") if how else ""
            path.write_text(saved(how, before, block["body"]), encoding="utf-8")

    def _all_shown(self):
        assert self.promises or not self.printed, f"the page does not show {self.printed!r}"
        self.printed = None


def saved(how, before, written):
    if how != "in ":
        return before + written
    key = re.escape(written.partition(",")[0])  # the row with the same key is changed
    after, rows = re.subn(rf"^{key},.*\n", lambda _: written, before, flags=re.M)
    assert rows == 1, f"no row has the key {key}"
    return after


def run_command(command, shown):
    """Return what a command prints; it fails only where the page shows an error or asks `$?`."""
    asked = command.endswith("; echo $?")
    program, *arguments = shlex.split(command.removesuffix("; echo $?"))
    assert program == "tariffimpact", f"nothing runs {command!r}"
    out = io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
        pytest.raises(SystemExit) as stop,
    ):
        main(arguments)
    fails = bool(re.match(r"error: |\S+:\d+: ", shown))
    assert asked or (stop.value.code or 0) == int(fails), f"{command}: {out.getvalue()}"
    return out.getvalue() + (f"{stop.value.code or 0}\n" if asked else "")


def run_in_bash(command):
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    found = subprocess.run(
        ["bash", "-c", f"{command}\ncomplete -p tariffimpact"],
        env={"PATH": path},
        check=True,
        capture_output=True,
    )
    assert b"tariffimpact" in found.stdout


def compare(name, shown, printed, *, whole):
    if not whole:
        return
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n"
        for line in trimmed(shown)
    )
    assert re.fullmatch(pattern, "".join(f"{line}\n" for line in trimmed(printed))), (
        f"{name} prints\n{printed}\nand the page shows\n{shown}"
    )


def trimmed(text):
    return [line.rstrip() for line in text.strip("\n").splitlines()]
