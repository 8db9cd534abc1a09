"""Shell completion: what each shell is offered, in the shells themselves where they are."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tariffimpact.cli import _COMMANDS
from tariffimpact.facts import shipped_folder

pytestmark = pytest.mark.whole

BINARIES = Path(sys.executable).parent
CASES = sorted(path.stem for path in shipped_folder("cases").glob("*.toml"))
SHELLS = ("bash", "zsh", "fish")


def environment(**more):
    path = f"{BINARIES}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "LC_ALL": "C.UTF-8", **more}


def offered(shell, *words):
    """Return the words that click offers a shell for the last word of a line."""
    told = subprocess.run(
        [str(BINARIES / "tariffimpact")],
        env=environment(
            _TARIFFIMPACT_COMPLETE=f"{shell}_complete",
            COMP_WORDS=" ".join(["tariffimpact", *words]),
            COMP_CWORD=words[-1] if shell == "fish" else str(len(words)),
        ),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert told.stderr == ""
    if shell == "zsh":
        lines = told.stdout.splitlines()
        kinds = zip(lines[::3], lines[1::3], strict=False)
    else:
        kinds = (line.split("\t")[0].split(",", 1) for line in told.stdout.splitlines())
    return [value for kind, value in kinds if kind == "plain"]


def typed(shell, script):
    """Run a script in a shell of its own, without anybody's settings."""
    if shutil.which(shell) is None:
        pytest.skip(f"this machine has no {shell}")
    bare = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    told = subprocess.run(
        [shell, *bare, "-c", script],
        env=environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return told.stdout.splitlines()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_names_of_the_commands(shell):
    assert offered(shell, "re") == [name for name in _COMMANDS if name.startswith("re")]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_names_of_the_cases(shell):
    assert CASES
    assert offered(shell, "price", "s") == [name for name in CASES if name.startswith("s")]


@pytest.mark.parametrize("command", ["price", "recover", "rollback", "path", "source"])
def test_every_command_on_a_case_offers_them(command):
    assert offered("zsh", command, "tex") == ["textbook"]


@pytest.mark.parametrize("command", ["report", "facts"])
def test_companies_as_each_shell_has_them_typed(command):
    assert offered("zsh", command, "--company", "stan") == ["Stanley Black & Decker"]
    assert offered("bash", command, "--company", "Stan") == [r"Stanley\\ Black\\ \\&\\ Decker"]


def test_kinds_sources_and_ids():
    assert offered("zsh", "facts", "--kind", "p") == ["price"]
    assert offered("zsh", "facts", "--source", "jiji-2025-11") == ["jiji-2025-11-11"]
    assert offered("zsh", "cite", "sony-2025") == ["sony-2025-05", "sony-2025-08", "sony-2025-11"]


def test_bash_completes():
    script = """
    eval "$(_TARIFFIMPACT_COMPLETE=bash_source tariffimpact)"
    complete -p tariffimpact
    COMP_WORDS=(tariffimpact price s) COMP_CWORD=2
    _tariffimpact_completion tariffimpact 2>/dev/null
    printf '%s\\n' "${COMPREPLY[@]}"
    COMP_WORDS=(tariffimpact report --company 'Est') COMP_CWORD=3 COMPREPLY=()
    _tariffimpact_completion tariffimpact
    eval "printf '%s\\n' ${COMPREPLY[*]}"
    """
    registered, *told = typed("bash", script)
    assert registered.endswith("-F _tariffimpact_completion tariffimpact")
    assert told == ["sony-ps5", "Estée Lauder"]


def test_zsh_completes():
    script = """
    compdef() { print "$@" }
    compadd() { print -l $completions }
    _describe() { print -l $completions_with_descriptions }
    _path_files() { : }
    eval "$(_TARIFFIMPACT_COMPLETE=zsh_source tariffimpact)"
    words=(tariffimpact price s); CURRENT=3; _tariffimpact_completion
    """
    assert typed("zsh", script) == ["_tariffimpact_completion tariffimpact", "sony-ps5"]


def test_fish_completes():
    script = """
    _TARIFFIMPACT_COMPLETE=fish_source tariffimpact | source
    complete -C 'tariffimpact price so'
    complete -C 'tariffimpact report --company Stan'
    """
    assert {"sony-ps5", "Stanley Black & Decker"} <= {
        line.split("\t")[0].replace("\\", "") for line in typed("fish", script)
    }


def test_the_readme_says_how():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert 'eval "$(_TARIFFIMPACT_COMPLETE=bash_source tariffimpact)"' in readme
    assert "zsh_source" in readme
    assert "fish_source" in readme
