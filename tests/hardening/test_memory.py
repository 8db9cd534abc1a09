"""Real limits on memory: a command answers or says in words that memory does not suffice."""

import subprocess
import sys

import pytest

resource = pytest.importorskip("resource", reason="this system knows no limits on memory")

WORDS = "the memory this process may use does not suffice, limited to"


def limited(megabytes, *arguments):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))

    return subprocess.run(
        [sys.executable, "-m", "tariffimpact", *arguments],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def answered_or_told(megabytes, *arguments):
    told = limited(megabytes, *arguments)
    if told.returncode:
        assert told.returncode == 1
        assert WORDS in told.stderr
        assert "defect" not in told.stderr
    return told.returncode == 0


@pytest.mark.parametrize("megabytes", [300, 1500])
def test_under_a_limit_the_market_is_answered_or_the_limit_is_named(megabytes):
    enough = answered_or_told(megabytes, "market", "--tariff", "20%", "--where", "firm=Sony")
    assert enough == (megabytes > 1000)


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [300, 400, 500, 600, 700, 900, 1100, 1500, 2000])
def test_under_a_limit_a_report_is_written_whole_or_not_at_all(megabytes, tmp_path):
    out = tmp_path / "out"
    enough = answered_or_told(megabytes, "report", "--out", str(out))
    assert out.exists() == enough
    if megabytes >= 2000:
        assert enough


@pytest.mark.slow
@pytest.mark.parametrize("megabytes", [300, 400, 600, 1000, 2000])
@pytest.mark.parametrize(
    "arguments",
    [
        ["rate", "9504500000", "--origin", "CHN", "--on", "2025-05-01"],
        ["price", "textbook"],
        ["facts", "Sony"],
    ],
)
def test_under_a_limit_each_command_answers_or_names_the_limit(megabytes, arguments):
    enough = answered_or_told(megabytes, *arguments)
    if megabytes >= 1000:
        assert enough
