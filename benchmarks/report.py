"""The report against bare matplotlib: what it costs to say where each number comes from.

A contestant is a process of its own, warm (everything compiled and cached on disk), measured in
processor time: the whole report, facts to files; and matplotlib imported and made to draw as many
bare charts of as many marks, each to SVG and PNG. Rounds are interleaved; the ratio of medians is
told with its spread.

    python benchmarks/report.py [rounds]
"""

from __future__ import annotations

import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from typing import Final

BARE: Final = """
import io, sys
import matplotlib
matplotlib.use("agg")
from matplotlib import pyplot
for n in range(int(sys.argv[1])):
    figure, axes = pyplot.subplots(figsize=(6.7, 3.5))
    axes.barh([f"Row {k}" for k in range(12)], [k + n + 1 for k in range(12)])
    axes.set_title("A chart of twelve bars")
    axes.set_xlabel("Dollars")
    figure.savefig(io.BytesIO(), format="svg")
    figure.savefig(io.BytesIO(), format="png", dpi=200)
    pyplot.close(figure)
"""
REPORT: Final = """
import sys
from pathlib import Path
from tariffimpact.report import read_report, write_report
document = read_report()
write_report(document, Path(sys.argv[1]))
print(len(document.figures))
"""


def seconds(script: str, argument: str) -> tuple[float, str]:
    """Return the processor time of a script in a process of its own, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(
        [sys.executable, "-c", script, argument], check=True, capture_output=True, text=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used, run.stdout.strip()


def main(rounds: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        _, charts = seconds(REPORT, folder)  # once, to warm it
        seconds(BARE, charts)
        report, bare = [], []
        for _ in range(rounds):
            report.append(seconds(REPORT, folder)[0])
            bare.append(seconds(BARE, charts)[0])
    ratios = sorted(one / other for one, other in zip(report, bare, strict=True))
    print(f"Python {platform.python_version()}, {platform.machine()}, {rounds} rounds")
    print(f"report with {charts} charts at two widths: {statistics.median(report):.1f} s")
    print(f"matplotlib, {charts} bare charts: {statistics.median(bare):.1f} s")
    print(
        f"ratio of medians {statistics.median(report) / statistics.median(bare):.1f} "
        f"({ratios[0]:.1f} to {ratios[-1]:.1f})"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
