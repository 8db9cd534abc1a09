"""Real limits on memory: a command answers or says in words that memory does not suffice."""

import subprocess
import sys

import pytest

from .readers import ACE, PANEL, SKUS

pytestmark = pytest.mark.whole

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
        ["earnings", "--gross", "150m", "--xlsx", "out/bridge.xlsx"],
        ["brief", "--case", "textbook", "--out", "out"],
        ["cost-push", "--month", "2025-12", "--base", "2024", "--out", "out"],
        ["estimate", "panel.csv", "--treated", "on", "--out", "out"],
        ["refund", "es-003.csv", "--out", "out"],
        ["batch", "skus.csv", "--on", "2025-09-01", "--out", "out"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_under_a_limit_each_command_answers_or_names_the_limit(
    megabytes, arguments, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    for name, rows in {"panel.csv": PANEL, "es-003.csv": ACE, "skus.csv": SKUS}.items():
        (tmp_path / name).write_bytes(rows)
    enough = answered_or_told(megabytes, *arguments)
    assert (tmp_path / "out").exists() == (enough and "out" in arguments[-1])
    if megabytes >= (2000 if arguments[0] in ("batch", "estimate") else 1000):
        assert enough
