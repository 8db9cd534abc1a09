"""The report against bare matplotlib: what it costs to say where each number comes from.

A contestant is a process of its own, warm (everything compiled and cached on disk), measured in
processor time. The report is the command, from facts to files; how many charts it draws, and how
many pictures of each kind it saves, is counted in a run of its own. Against it stands matplotlib,
imported and made to draw charts of twelve bars, counted in two ways:

drawn
    as many charts as the report draws, each figure at the width of a page and at that of a
    telephone; the first saved as SVG and PNG, the second as SVG, which is what the report saves;
published
    as many charts as the report has figures, each saved as SVG and PNG.

Rounds are interleaved; the ratios of medians are told with their spread round by round.

    python benchmarks/report.py [rounds]
"""

from __future__ import annotations

import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from typing import Final

BARE: Final = """
import io, json, sys
import matplotlib
matplotlib.use("agg")
from matplotlib import pyplot
for n, kinds in enumerate(json.loads(sys.argv[1])):
    figure, axes = pyplot.subplots(figsize=(6.7 if "png" in kinds else 3.55, 3.5))
    axes.barh([f"Row {k}" for k in range(12)], [k + n + 1 for k in range(12)])
    axes.set_title("A chart of twelve bars")
    axes.set_xlabel("Dollars")
    for kind in kinds:
        figure.savefig(io.BytesIO(), format=kind, **({"dpi": 200} if kind == "png" else {}))
    pyplot.close(figure)
"""
REPORT: Final = """
import sys
from tariffimpact.cli import cli
cli(["report", "--out", sys.argv[1]], standalone_mode=False)
"""
COUNTED: Final = (
    """
from matplotlib.figure import Figure
drawn = {}
def counted(figure, file, *, format, **options):
    drawn.setdefault(id(figure), [figure]).append("svg" if format == "svg" else "png")
    return saved(figure, file, format=format, **options)
saved, Figure.savefig = Figure.savefig, counted
"""
    + REPORT
    + """
import json
print(json.dumps([kinds[1:] for kinds in drawn.values()]))
"""
)


def seconds(script: str, argument: str) -> tuple[float, str]:
    """Return the processor time of a script in a process of its own, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(
        [sys.executable, "-c", script, argument], check=True, capture_output=True, text=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, run.stdout.strip()


def against(report: list[float], bare: list[float]) -> str:
    """Return the ratio of the medians, and how it went round by round."""
    ratios = [one / other for one, other in zip(report, bare, strict=True)]
    ratio = statistics.median(report) / statistics.median(bare)
    return f"{ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def main(rounds: int) -> None:
    """Count what the report draws and saves, then measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        drawn = seconds(COUNTED, folder)[1].splitlines()[-1]  # which also warms it
        figures = sum("png" in kinds for kinds in json.loads(drawn))
        charts = {"drawn": drawn, "published": json.dumps([["svg", "png"]] * figures)}
        for wanted in charts.values():
            seconds(BARE, wanted)
        report: list[float] = []
        bare: dict[str, list[float]] = {name: [] for name in charts}
        for _ in range(rounds):
            report.append(seconds(REPORT, folder)[0])
            for name, wanted in charts.items():
                bare[name].append(seconds(BARE, wanted)[0])
    kinds = [kind for saved in json.loads(drawn) for kind in saved]
    print(f"Python {platform.python_version()}, {platform.machine()}, {rounds} rounds")
    print(f"{figures} figures; {len(json.loads(drawn))} charts drawn, saved {kinds.count('svg')} "
          f"times as SVG and {kinds.count('png')} times as PNG")  # fmt: skip
    print(f"report: {statistics.median(report):.1f} s")
    for name, took in bare.items():
        print(f"bare, as {name}: {statistics.median(took):.1f} s; {against(report, took)} times")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
