"""Cost push: the price system dense, sparse and by rounds, and a whole answer by 60 x 30 parts.

    python benchmarks/costpush.py

The price system p = m t + (1 - m) A'p is solved for 1,800 scenarios (60 partners by 30
authorities) at three sizes: the accounts' 402 commodities, a part of them, and a made economy of
1,200. Every contestant is first held to the residual of the system, which none of them computes;
one that is wrong gets FAILED and no speed. Rounds are interleaved; what counts is the ratio of the
medians, not the seconds of one machine. pymrio solves the total requirements and has no price
system with import shares: not run.
"""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import scipy
import scipy.linalg
import scipy.sparse
import scipy.sparse.linalg

from tariffimpact.costpush import Requirements, cost_push, read_accounts, realised_change

ROUNDS = 7
PARTNERS, AUTHORITIES = 60, 30
SIZES = (100, 402, 1200)

Solver = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def ours(shares: np.ndarray, table: np.ndarray, duties: np.ndarray) -> np.ndarray:
    return Requirements(shares, table).costs(duties)


def dense_solve(shares: np.ndarray, table: np.ndarray, duties: np.ndarray) -> np.ndarray:
    system = np.eye(len(shares)) - (1 - shares)[:, None] * table.T
    return scipy.linalg.solve(system, shares[:, None] * duties)


def sparse_lu(shares: np.ndarray, table: np.ndarray, duties: np.ndarray) -> np.ndarray:
    system = np.eye(len(shares)) - (1 - shares)[:, None] * table.T
    factors = scipy.sparse.linalg.splu(scipy.sparse.csc_matrix(system))
    return factors.solve(shares[:, None] * duties)


def by_rounds(shares: np.ndarray, table: np.ndarray, duties: np.ndarray) -> np.ndarray:
    added = cost = shares[:, None] * duties
    made = (1 - shares)[:, None] * table.T
    while np.abs(added).max() > 1e-15:
        added = made @ added
        cost = cost + added
    return cost


CONTESTANTS: dict[str, Solver] = {
    "dense inverse (ours)": ours,
    "dense solve": dense_solve,
    "sparse LU": sparse_lu,
    "rounds of production": by_rounds,
}


def economy(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return import shares and coefficients of the accounts, a part of them, or made up."""
    accounts = read_accounts()
    shares, table = accounts.import_shares, accounts.coefficients
    if size <= len(shares):
        return shares[:size], table[:size, :size]
    draw = np.random.default_rng(1)
    made = draw.uniform(0, 1, (size, size)) * (draw.uniform(0, 1, (size, size)) < 0.4)
    return draw.uniform(0, 1, size), made / made.sum(axis=0) * 0.55


def residual(shares: np.ndarray, table: np.ndarray, duties: np.ndarray, p: np.ndarray) -> float:
    wanted = shares[:, None] * duties + (1 - shares)[:, None] * (table.T @ p)
    return float(np.abs(p - wanted).max() / np.abs(p).max())


def compare(size: int) -> dict[str, float]:
    shares, table = economy(size)
    draw = np.random.default_rng(2)
    duties = draw.uniform(0, 0.001, (size, PARTNERS * AUTHORITIES))
    right = {}
    for name, solve in CONTESTANTS.items():
        off = residual(shares, table, duties, solve(shares, table, duties))
        if off < 1e-10:
            right[name] = solve
        else:
            print(f"  {name}: FAILED, residual {off:.1e}")
    times: dict[str, list[float]] = {name: [] for name in right}
    for _ in range(ROUNDS):
        for name, solve in right.items():
            start = time.perf_counter()
            solve(shares, table, duties)
            times[name].append(time.perf_counter() - start)
    own = times["dense inverse (ours)"]
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, found in times.items():
        ratios = [a / b for a, b in zip(found, own, strict=True)]
        print(
            f"  {name}: {medians[name] * 1e3:.0f} ms, "
            f"{medians[name] / statistics.median(own):.2f} times ours "
            f"({min(ratios):.2f} to {max(ratios):.2f})"
        )
    return medians


def whole_answer() -> None:
    """Time an answer by origin and authority on every commodity, partner and authority."""
    accounts = read_accounts()
    change = realised_change(accounts, month="2025-12", base="2024")
    names = [accounts.codes, [f"C{n:02d}" for n in range(PARTNERS)],
             [f"A{n:02d}" for n in range(AUTHORITIES)]]  # fmt: skip
    columns = ["commodity", "origin", "authority"]
    parts = pd.MultiIndex.from_product(names, names=columns).to_frame(index=False)
    parts["low"] = parts["high"] = np.random.default_rng(3).uniform(0, 0.001, len(parts))
    sums = parts.groupby("commodity")["low"].sum().reindex(list(accounts.codes)).to_numpy()
    answer = cost_push(accounts, replace(change, low=sums, high=sums, parts=parts))
    warm = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        by_origin, by_authority = answer.parts("origin"), answer.parts("authority")
        total = answer.total.constant_dollar.low
        warm.append(time.perf_counter() - start)
    for found in (by_origin, by_authority):
        assert abs(found["constant_dollar_low"].sum() / total - 1) < 1e-10
    print(
        f"402 x {PARTNERS} x {AUTHORITIES} = {len(parts):,} parts, warm: "
        f"{statistics.median(warm[1:]):.2f} s ({min(warm[1:]):.2f} to {max(warm[1:]):.2f})"
    )


def main() -> None:
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, SciPy {scipy.__version__}")
    ours_by_size = []
    for size in SIZES:
        print(f"{size} commodities, {PARTNERS * AUTHORITIES:,} scenarios")
        ours_by_size.append(compare(size)["dense inverse (ours)"])
    growth = np.polyfit(np.log(SIZES), np.log(ours_by_size), 1)[0]
    print(f"growth of ours with the number of commodities: exponent {growth:.2f}")
    whole_answer()


if __name__ == "__main__":
    main()
