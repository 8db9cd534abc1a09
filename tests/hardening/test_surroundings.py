"""What lies around the program: the network, which it never asks, and the machine's habits."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from trees import tree
from watched import WATCHED

SOURCE = Path(__file__).parents[2] / "src" / "tariffimpact"
DATA = Path(__file__).parents[2] / "data"

PRICED = ["--price", "500", "--customs", "60%", "--tariff", "15%..20%", "--cost", "70%"]
ANSWERS = {
    "rate": ["rate", "9504500000", "--origin", "CHN", "--on", "2025-05-01", "--json"],
    "price": ["price", *PRICED, "--elasticity", "1.5..2.5", "--json", "--draws", "200"],
    "recover": ["recover", "estee-lauder", "--json"],
    "rollback": ["rollback", "textbook", "--json"],
    "path": ["path", *PRICED, "--json"],
    "market": ["market", "--tariff", "20%", "--where", "origin=VNM", "--json"],
    "words": ["price", "sony-ps5"],
}
FILES = {
    "report": ["report", "--case", "sony-ps5"],
    "batch": ["batch", str(DATA / "example_skus.csv"), "--on", "2025-09-01"],
}

CALL = """
import json, sys
from tariffimpact.cli import main
if sys.argv[1] != "--all":
    main(sys.argv[1:])
for arguments in json.loads(sys.argv[2]):
    try:
        main(arguments)
    except SystemExit as left:
        assert not left.code, (arguments, left.code)
    print("end of answer", flush=True)
"""
END = b"end of answer"
ALONE = f"{WATCHED}{CALL}"


def program(code, arguments, folder, **environment):
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONHASHSEED", "COLUMNS", "TZ")}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env={**kept, **environment},
        capture_output=True,
        check=False,
        timeout=300,
    )


# the network, which no command asks: answers are asked below, a report in
# tests/cli/test_report_command.py, a batch in tests/portfolio/test_batch.py


def test_the_hook_would_notice(tmp_path):
    asks = ALONE.replace(CALL, "import socket\nsocket.create_connection(('localhost', 9))")
    told = program(asks, [], tmp_path)
    assert told.returncode == 1
    assert b"RuntimeError: ('socket." in told.stderr


@pytest.mark.slow
def test_a_report_is_written_where_there_is_no_network_at_all(tmp_path):
    """In a name space of its own without any interface, where native code finds none either."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("unshare is not installed, so no space without a network can be made")
    apart = [unshare, "--map-root-user", "--net"]
    if subprocess.run([*apart, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no space without a network can be made here")
    told = subprocess.run(
        [*apart, sys.executable, "-m", "tariffimpact", "report", "--out", "out"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert (told.returncode, told.stderr) == (0, b"")
    assert {"tariff-impact.html", "tariff-impact.pdf"} < set(tree(tmp_path / "out"))


# the code itself

_FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "input", "breakpoint"}
_FORBIDDEN_MODULES = {
    "pickle", "cPickle", "dill", "shelve", "marshal", "joblib", "subprocess", "socket",
    "urllib.request", "http", "requests", "httpx", "aiohttp", "ftplib", "smtplib", "telnetlib",
    "webbrowser", "ctypes", "cffi", "xmlrpc", "imp", "code", "codeop", "pty",
}  # fmt: skip
_FORBIDDEN_NAMES = {
    "os.system", "os.popen", "os.execv", "os.execve", "os.spawnv", "os.fork", "os.startfile",
    "yaml.load", "yaml.unsafe_load", "yaml.full_load", "pd.read_pickle", "np.load",
    "np.fromfile", "pd.read_html", "pd.eval",
}  # fmt: skip


def violations(tree):
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in _FORBIDDEN_CALLS:
                yield name
            case ast.Attribute(attr="to_pickle" | "read_pickle" as name):
                yield name
            case ast.Attribute() if ast.unparse(node) in _FORBIDDEN_NAMES:
                yield ast.unparse(node)
            case ast.Import():
                yield from filter(is_forbidden, (alias.name for alias in node.names))
            case ast.ImportFrom(module=str(name), level=0):
                imported = [name, *(f"{name}.{alias.name}" for alias in node.names)]
                yield from filter(is_forbidden, imported)
            case ast.keyword(arg="shell" | "allow_pickle" as name):
                yield name


def is_forbidden(module):
    return any(f"{module}.".startswith(f"{name}.") for name in _FORBIDDEN_MODULES)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("eval('1')", ["eval"]),
        ("import pickle", ["pickle"]),
        ("yaml.load('x')", ["yaml.load"]),
        ("yaml.safe_load('x')", []),
        ("from urllib import request", ["urllib.request"]),
        ("from urllib.parse import quote", []),
        ("import urllib.request", ["urllib.request"]),
        ("run('x', shell=True)", ["shell"]),
        ("os.system('x')", ["os.system"]),
        ("frame.to_pickle('x')", ["to_pickle"]),
        ("frame.eval('a + b')", []),
        ("from tariffimpact.cases import code", []),
    ],
)
def test_the_search_finds_what_it_is_for(code, found):
    assert list(violations(ast.parse(code))) == found


def test_no_code_is_made_from_data_and_nothing_leaves_the_machine():
    files = sorted(SOURCE.rglob("*.py"))
    assert len(files) > 100
    found = {
        (path.relative_to(SOURCE).as_posix(), what)
        for path in files
        for what in violations(ast.parse(path.read_text(encoding="utf-8")))
    }
    # a copy of this process alone sets the PDF under a limit on memory; it runs nothing else
    assert found == {("memory.py", "os.fork")}


# the machine's habits

HABITS = [
    {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC", "COLUMNS": "200"},
    {"PYTHONHASHSEED": "1", "LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati", "COLUMNS": "40"},
    {"PYTHONHASHSEED": "random", "LC_ALL": "de_DE.UTF-8", "TZ": "America/St_Johns", "TERM": "dumb"},
    {"PYTHONUTF8": "0", "LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0"},
]
# the locale is put in force, as it is by a program that calls this one as a library
HABITUAL = f"""{WATCHED}
import locale, os
os.umask(int(os.environ["HABITUAL_UMASK"], 8))
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:
    assert not os.environ.get("LOCPATH")
{CALL}
"""


@pytest.fixture(scope="module")
def locales(tmp_path_factory):
    """Return the folder of the locales that `in_habit` makes."""
    return tmp_path_factory.mktemp("locales")


def is_made(locale, folder):
    """Whether a locale, such as the Turkish one, could be made in a folder."""
    if (folder / locale).exists():
        return True
    name, _, letters = locale.partition(".")
    command = ["localedef", "-i", name, "-f", letters, folder / locale]
    found = shutil.which("localedef")
    return bool(found) and not subprocess.run(command, capture_output=True, check=False).returncode


def in_habit(place, arguments, folder, locales):
    """Return what is printed and written in a habit, without network or other programs."""
    folder = folder / f"folder {place}"
    folder.mkdir()
    habits = HABITS[place] | {"HABITUAL_UMASK": "077" if place % 2 else "022"}
    if habits["LC_ALL"] in ("tr_TR.UTF-8", "de_DE.UTF-8") and is_made(habits["LC_ALL"], locales):
        habits["LOCPATH"] = str(locales)
    told = program(HABITUAL, arguments, folder, **habits)
    assert (told.returncode, told.stderr) == (0, b"")
    return told.stdout, tree(folder)


@pytest.mark.slow
@pytest.mark.parametrize("others", [[1], [2, 3]])
def test_answers_are_the_same_to_the_byte_whatever_the_habits(tmp_path, locales, others):
    """And no command asks the network or starts a program: the hook would notice, see above."""
    every = ["--all", json.dumps(list(ANSWERS.values()))]
    first, *rest = (in_habit(place, every, tmp_path, locales) for place in [0, *others])
    assert first[0].count(END) == len(ANSWERS)
    assert all(other == first for other in rest)


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("batch", [1, 2, 3]),
        ("report", [1, 2, 3]),
    ],
)
@pytest.mark.slow
def test_files_are_the_same_to_the_byte_whatever_the_habits(tmp_path, locales, name, others):
    arguments = [*FILES[name], "--out", "out"]
    first, *rest = (in_habit(place, arguments, tmp_path, locales) for place in [0, *others])
    assert len(first[1]) > 5
    assert all(other == first for other in rest)
    assert not any(str(tmp_path).encode() in content for content in first[1].values())
