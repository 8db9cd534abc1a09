"""The version of the data stands wherever its numbers do."""

import tomllib
from importlib.metadata import version

import pytest

from tariffimpact.cli import main
from tariffimpact.facts import shipped_folder

STATED = tomllib.loads((shipped_folder("data") / "version.toml").read_text(encoding="utf-8"))
DATA = f"{STATED['version']} of {STATED['released_on']}"


@pytest.fixture
def run(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(list(arguments))
        told = capsys.readouterr()
        assert (stop.value.code, told.err) == (0, "")
        return told.out

    return call


def test_version_names_the_program_and_the_data(run):
    assert run("--version") == f"tariffimpact {version('tariffimpact')}, data {DATA}\n"


def test_copy_data_says_which_data_it_copied(run, tmp_path):
    assert f"It is data {DATA};" in run("copy-data", str(tmp_path / "mine"))
    assert (tmp_path / "mine" / "version.toml").is_file()
