"""A panel of prices to a clustered coefficient: ours, from a file larger than memory, and pyfixest.

`python benchmarks/estimation.py 5_000_000 [50_000_000]` writes a panel of so many rows (100,000
units at most) as Parquet and runs each contestant in a process of its own. First the answers are
compared; a contestant whose coefficient or error is not that of the other gets FAILED and no time.
Times are processor seconds of all threads, from the file to the error; memory is the peak of the
process. Only ratios mean anything.
"""

import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

UNITS = 100_000
ROUNDS = 3


def write_panel(path: Path, rows: int) -> None:
    """An unbalanced panel: a third of the units treated from the middle on."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    units = min(UNITS, max(rows // 10, 10))
    periods = round(rows / 0.96 / units)
    rng = np.random.default_rng(1)
    level, common = rng.normal(3, 1, units), rng.normal(0, 0.1, periods).cumsum()
    with pq.ParquetWriter(path, SCHEMA()) as writer:
        for first in range(0, periods, max(1, 2_000_000 // units)):
            chosen = np.arange(first, min(first + max(1, 2_000_000 // units), periods))
            unit = np.tile(np.arange(units), len(chosen))
            period = np.repeat(chosen, units)
            kept = rng.random(len(unit)) < 0.96
            unit, period = unit[kept], period[kept]
            treated = (unit % 3 == 0) & (period >= periods // 2)
            log = level[unit] + common[period] + 0.05 * treated + rng.normal(0, 0.1, len(unit))
            writer.write_table(
                pa.table(
                    {"sku": unit.astype(np.int32), "date": period.astype(np.int32),
                     "price": np.exp(log), "imported": treated.astype(np.int8)},
                    SCHEMA(),
                )
            )  # fmt: skip


def SCHEMA():  # noqa: N802
    import pyarrow as pa

    return pa.schema(
        [
            ("sku", pa.int32()),
            ("date", pa.int32()),
            ("price", pa.float64()),
            ("imported", pa.int8()),
        ]
    )


def ours(path: Path) -> tuple[float, float]:
    from tariffimpact.estimation import (
        Columns,
        Design,
        open_panel,
        treatment_of,
        two_way,
        unit_facts,
    )

    with open_panel(path, Columns(treated="imported")) as panel:
        blocks = panel.kept()
        facts = unit_facts(panel, blocks)
        treatment = treatment_of(panel, facts, None, "untreated")
        found = two_way(Design(panel, blocks, facts, treatment, "log")).coefficient
    return found.estimate, found.std_error


def theirs(path: Path) -> tuple[float, float]:
    import pandas as pd
    import pyfixest

    frame = pd.read_parquet(path)
    frame["y"] = np.log(frame["price"])
    frame["own"] = frame["sku"]
    found = pyfixest.feols("y ~ imported | sku + date", frame, vcov={"CRV1": "own"})
    return float(found.coef()["imported"]), float(found.se()["imported"])


def command(path: Path) -> tuple[float, float]:
    """The whole answer: groups, index, both outcomes, verdicts."""
    from tariffimpact.estimation import Columns, Question, estimate

    found = estimate(path, Columns(treated="imported"), Question(control="untreated"))
    return found.main.estimate, found.main.std_error


CONTESTANTS = {"ours": ours, "pyfixest": theirs, "the whole answer": command}


def run_one(name: str, path: Path) -> None:
    """In a process of its own: print answer, processor seconds and peak memory."""
    start = time.process_time()
    answer = CONTESTANTS[name](path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"answer": answer, "seconds": time.process_time() - start, "mb": peak}))


def measured(name: str, path: Path) -> dict:
    done = subprocess.run(
        [sys.executable, __file__, "--one", name, str(path)], capture_output=True, text=True
    )
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1:]}
    return json.loads(done.stdout.splitlines()[-1])


def compare(rows: int, names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.parquet"
        write_panel(path, rows)
        found: dict[str, list[dict]] = {name: [] for name in names}
        for round_ in range(ROUNDS if rows <= 10_000_000 else 1):
            for name in names if round_ % 2 else reversed(names):
                found[name].append(measured(name, path))
        print(f"{rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB of Parquet")
        report(found)


def report(found: dict[str, list[dict]]) -> None:
    answers = {n: runs[0].get("answer") for n, runs in found.items()}
    known = [answer for answer in answers.values() if answer]
    for name, runs in found.items():
        if answers[name] is None:
            print(f"  {name:<18} not run: {runs[0]['failed']}")
        elif not np.allclose(answers[name], known[0], rtol=1e-7):
            print(f"  {name:<18} FAILED: {answers[name]} against {known[0]}")
        else:
            seconds = [run["seconds"] for run in runs]
            print(
                f"  {name:<18} {statistics.median(seconds):7.2f} s of processor "
                f"({min(seconds):.2f} to {max(seconds):.2f}), {max(r['mb'] for r in runs):,.0f} MB"
            )
    if answers.get("ours") and answers.get("pyfixest"):
        ratio = [
            b["seconds"] / a["seconds"]
            for a, b in zip(found["ours"], found["pyfixest"], strict=True)
        ]
        spread = f"{min(ratio):.1f} to {max(ratio):.1f}"
        print(f"  pyfixest over ours: {statistics.median(ratio):.1f} ({spread})")


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        run_one(sys.argv[2], Path(sys.argv[3]))
        return
    import duckdb
    import pyfixest

    print(f"Python {platform.python_version()}, NumPy {np.__version__}, DuckDB "
          f"{duckdb.__version__}, pyfixest {pyfixest.__version__}")  # fmt: skip
    for rows in [int(text.replace("_", "")) for text in sys.argv[1:]] or [500_000, 5_000_000]:
        names = list(CONTESTANTS) if rows <= 10_000_000 else ["ours", "the whole answer"]
        compare(rows, names)


if __name__ == "__main__":
    main()
