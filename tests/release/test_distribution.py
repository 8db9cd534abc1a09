"""The wheel and the sdist: what is in them, the same bytes each time, and they work alone."""

import json
import os
import subprocess
import sys
import tomllib
import venv
from email.parser import Parser

import pytest
from distribution import ROOT, build, call, checkout, install, members, tracked, unpacked

from tariffimpact.report import read_report, write_report

FILES = tracked()
DATA = tomllib.loads((ROOT / "data" / "version.toml").read_text(encoding="utf-8"))
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
TOLD = f"tariffimpact {VERSION}, data {DATA['version']} of {DATA['released_on']}\n"
NOT_SHIPPED = (".ci/", ".github/", ".pre-commit-config.yaml")
"""What only a checkout needs."""

pytestmark = [
    pytest.mark.whole,
    pytest.mark.skipif(FILES is None, reason="not a checkout: nothing tells which files belong"),
]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = checkout(FILES, tmp_path_factory.mktemp("checkout"))
    stray = folder / "mine" / "secret.csv"  # a user's own tables beside ours
    stray.parent.mkdir()
    stray.write_text("cost\n1\n", encoding="utf-8")
    (folder / "src" / "tariffimpact" / "__pycache__").mkdir()
    (folder / "src" / "tariffimpact" / "__pycache__" / "x.pyc").write_bytes(b"\0")
    return folder


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    return build(source, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def sdist(source, tmp_path_factory):
    return build(source, tmp_path_factory.mktemp("sdist"), "sdist")


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    return install(wheel, tmp_path_factory.mktemp("installed") / "env")


def test_the_wheel_holds_the_package_the_data_the_cases_and_nothing_else(wheel):
    expected = {name.removeprefix("src/") for name in FILES if name.startswith("src/")}
    for folder in ("data", "cases"):
        names = {name for name in FILES if name.startswith(f"{folder}/")}
        expected |= {f"tariffimpact/shipped/{name}" for name in names}
    expected.add("tariffimpact/shipped/CITATION.cff")
    about = f"tariffimpact-{VERSION}.dist-info/"
    files = members(wheel)
    assert {name for name in files if not name.startswith(about)} == expected
    assert {name.removeprefix(about) for name in files if name.startswith(about)} == {
        "METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE",
    }  # fmt: skip
    assert files[f"{about}licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()
    for name in (name for name in FILES if name.startswith("data/")):
        assert files[f"tariffimpact/shipped/{name}"] == (ROOT / name).read_bytes()


def test_what_the_wheel_ships_beside_its_modules_is_listed(wheel):
    """A file is shipped because somebody meant it: a new one is added to shipped.txt by hand."""
    listed = (ROOT / "tests/release/shipped.txt").read_text(encoding="utf-8").split()
    shipped = {n for n in members(wheel) if not n.endswith(".py") and ".dist-info/" not in n}
    assert shipped == set(listed)
    modules = {name for name in members(wheel) if name.endswith(".py")}
    assert all(name.startswith("tariffimpact/") for name in modules)
    assert not [name for name in modules if name.startswith("tariffimpact/shipped/")]


def test_the_wheel_says_what_it_is(wheel):
    told = Parser().parsestr(members(wheel)[f"tariffimpact-{VERSION}.dist-info/METADATA"].decode())
    assert (told["Name"], told["Version"]) == ("tariffimpact", VERSION)
    assert told["License-Expression"] == "MIT"
    assert told["Requires-Python"] == ">=3.11"
    assert "typing_extensions" not in told.get_all("Requires-Dist")
    assert "# tariffimpact" in told.get_payload()


def test_the_sdist_holds_every_file_under_version_control_but_those_of_the_checkout(sdist):
    expected = {name for name in FILES if not name.startswith(NOT_SHIPPED)}
    assert set(members(sdist)) - {"PKG-INFO"} == expected


def test_an_installed_wheel_works_in_an_empty_folder(installed, tmp_path):
    assert call(installed, "--version", cwd=tmp_path).stdout == TOLD
    code = "import tariffimpact; print(tariffimpact.__file__)"
    where = subprocess.run(
        [str(installed / "python"), "-I", "-c", code],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert where.stdout.startswith(str(installed.parent))
    found = call(installed, "facts", "Sony", "--kind", "exposure", "--json", cwd=tmp_path)
    assert json.loads(found.stdout)["facts"][0]["id"] == "sony-2025-05"
    cited = call(installed, "cite", cwd=tmp_path).stdout
    assert f"version {VERSION} [computer program]" in cited
    assert f"version {DATA['version']} [data set]" in cited
    priced = call(installed, "price", "textbook", cwd=tmp_path)
    assert (priced.returncode, priced.stderr) == (0, "")
    assert "$" in priced.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_installed_wheel_writes_the_whole_report(installed, tmp_path):
    told = call(installed, "report", cwd=tmp_path)
    assert (told.returncode, told.stderr) == (0, "")
    assert {path.name for path in tmp_path.iterdir()} == {"reports"}
    here = tmp_path / "here"
    write_report(read_report(), here)
    for path in (path for path in here.rglob("*") if path.is_file()):
        written = tmp_path / "reports" / path.relative_to(here)
        assert written.read_bytes() == path.read_bytes(), path.name


@pytest.mark.slow
def test_the_sdist_builds_the_same_wheel(sdist, wheel, tmp_path):
    again = build(unpacked(sdist, tmp_path / "source"), tmp_path / "out", "wheel")
    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("target", ["wheel", "sdist"])
def test_the_same_files_are_the_same_bytes(request, target, tmp_path, monkeypatch):
    """From another folder, by files of another day, in another zone, under another mask."""
    first = request.getfixturevalue(target)
    source = checkout(FILES, tmp_path / "elsewhere")
    for path in source.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        if path.is_file():
            path.chmod(0o600)
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    monkeypatch.setenv("LC_ALL", "C")
    again = build(source, tmp_path / "out", target)
    assert again.read_bytes() == first.read_bytes()


@pytest.mark.slow
def test_the_sdist_has_what_its_tests_need(sdist, tmp_path):
    source = unpacked(sdist, tmp_path / "source")
    environment = {**os.environ, "PYTHONPATH": str(source / "src")}
    quick = ["tests/test_data_health.py", "tests/cases", "tests/docs/test_readme.py",
             "tests/report/test_committed_sample.py", "tests/release"]  # fmt: skip
    for arguments in (["--collect-only", "-q"], ["-q", "-m", "not slow", *quick]):
        told = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
            cwd=source, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert told.returncode == 0, told.stdout[-3000:]


@pytest.mark.slow
def test_a_clean_environment_needs_nothing_but_the_wheel(wheel, tmp_path):
    """Every dependency is declared: installed from the package index into an empty environment."""
    venv.create(tmp_path / "env", with_pip=True)
    binaries, empty = tmp_path / "env" / "bin", tmp_path / "empty"
    empty.mkdir()
    told = subprocess.run(
        [str(binaries / "pip"), "install", "--quiet", "--disable-pip-version-check", str(wheel)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "Failed to establish a new connection" in told.stderr:
        pytest.skip("no package index within reach")
    assert told.returncode == 0, told.stderr
    subprocess.run([str(binaries / "pip"), "check"], check=True, capture_output=True)
    assert call(binaries, "--version", cwd=empty).stdout == TOLD
    for command in (["facts", "Sony"], ["price", "textbook"], ["cite"], ["report"]):
        ran = call(binaries, *command, cwd=empty)
        assert (ran.returncode, ran.stderr) == (0, ""), command
