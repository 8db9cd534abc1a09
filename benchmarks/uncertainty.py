"""How fast uncertainty is, against SALib and against the bare arithmetic it cannot do without.

    python -m venv peers && peers/bin/pip install SALib && peers/bin/pip install -e .
    peers/bin/python benchmarks/uncertainty.py

SALib stays out of the project's own environment; where it is missing it is "not run". Every
contestant is checked first against a closed form, by a route that uses neither; one that is wrong
gets FAILED and no speed. Rounds are interleaved, and what counts is the ratio of the medians.
"""

from __future__ import annotations

import math
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from tariffimpact.passthrough import implied_rate
from tariffimpact.pricing import hold_profit
from tariffimpact.pricing.demand import LinearDemand
from tariffimpact.uncertainty import Draws, draws, sobol
from tariffimpact.uncertainty.sobol import estimates

try:
    from SALib.analyze import sobol as salib_analyze
    from SALib.sample import sobol as salib_sample
except ImportError:
    salib_analyze = salib_sample = None

ROUNDS = 9
SIZES = (2**12, 2**14, 2**16)
DRAWS = (10**5, 10**6, 10**7)
WEIGHTS = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0])
NAMES = [f"x{i}" for i in range(len(WEIGHTS))]


def g_function(**x: np.ndarray) -> np.ndarray:
    """Sobol's g, whose indices have a closed form."""
    product = np.ones_like(x["x0"])
    for name, weight in zip(NAMES, WEIGHTS, strict=True):
        product *= (np.abs(4 * x[name] - 2) + weight) / (1 + weight)
    return product


def closed_form() -> tuple[np.ndarray, np.ndarray]:
    """Return first- and total-order indices of the g-function."""
    own = 1 / (3 * (1 + WEIGHTS) ** 2)
    everything = np.prod(1 + own)
    return own / (everything - 1), own * everything / (1 + own) / (everything - 1)


def ours(n: int) -> tuple[np.ndarray, np.ndarray]:
    found = sobol(g_function, dict.fromkeys(NAMES, "0..1"), n=n, seed=1, bootstraps=100)
    order = {index.input: index for index in found.indices}
    return (
        np.array([order[name].first for name in NAMES]),
        np.array([order[name].total for name in NAMES]),
    )


def salib(n: int) -> tuple[np.ndarray, np.ndarray]:
    problem = {"num_vars": len(NAMES), "names": NAMES, "bounds": [[0.0, 1.0]] * len(NAMES)}
    at = salib_sample.sample(problem, n, calc_second_order=False, seed=1)
    answers = g_function(**dict(zip(NAMES, at.T, strict=True)))
    found = salib_analyze.analyze(
        problem, answers, calc_second_order=False, num_resamples=100, seed=1
    )
    return found["S1"], found["ST"]


def estimators_agree() -> float:
    """Return the largest difference of the two estimators on the same evaluations."""
    generator = np.random.default_rng(1)
    a, b = generator.random((2, 4096)) ** 2
    ab = generator.random((len(NAMES), 4096)) * a + b
    shares, _, _ = estimates(a, b, ab, bootstraps=100, seed=1)
    problem = {"num_vars": len(NAMES), "names": NAMES, "bounds": [[0.0, 1.0]] * len(NAMES)}
    stacked = np.concatenate([a[None], ab, b[None]]).T.ravel()
    found = salib_analyze.analyze(problem, stacked, calc_second_order=False, seed=1)
    return float(
        max(np.abs(shares[:, 0] - found["S1"]).max(), np.abs(shares[:, 2] - found["ST"]).max())
    )


def interleaved(*contestants: Callable[[], object]) -> list[list[float]]:
    """Return the seconds of each contestant in each round."""
    for contestant in contestants:
        contestant()
    seconds: list[list[float]] = [[] for _ in contestants]
    for round_ in range(ROUNDS):
        order = range(len(contestants))
        for place in order if round_ % 2 else reversed(order):
            start = time.perf_counter()
            contestants[place]()
            seconds[place].append(time.perf_counter() - start)
    return seconds


def ratio(slow: list[float], fast: list[float]) -> str:
    """Return the ratio of medians and the range of the ratios round by round."""
    each = sorted(a / b for a, b in zip(slow, fast, strict=True))
    middle = statistics.median(slow) / statistics.median(fast)
    return f"{middle:.2f}x ({each[0]:.2f} to {each[-1]:.2f})"


def growth(sizes: tuple[int, ...], seconds: list[list[float]]) -> float:
    """Return the exponent of the seconds in the size."""
    return float(np.polyfit(np.log(sizes), np.log([statistics.median(s) for s in seconds]), 1)[0])


def sobol_against_salib() -> None:
    first, total = closed_form()
    found = ours(2**14)
    # 0.01: Sobol points of N = 2^14 on a kinked answer in 8 dimensions
    good = np.allclose(found[0], first, atol=0.01) and np.allclose(found[1], total, atol=0.01)
    print(f"Sobol, g-function, 8 inputs, 100 bootstraps: {'right' if good else 'FAILED'}")
    if salib_analyze is None:
        print("  SALib: not run (not installed)")
        return
    theirs = salib(2**14)
    fine = np.allclose(theirs[0], first, atol=0.01) and np.allclose(theirs[1], total, atol=0.01)
    print(f"  SALib {version('SALib')}: {'right' if fine else 'FAILED'}")
    print(f"  largest difference on the same evaluations: {estimators_agree():.1e}")
    if not (good and fine):
        return
    mine, others = [], []
    for n in SIZES:
        a, b = interleaved(lambda n=n: ours(n), lambda n=n: salib(n))
        mine.append(a)
        others.append(b)
        print(f"  N = {n:>6,}: {ratio(b, a)} as fast as SALib")
    print(f"  growth with N: {growth(SIZES, mine):.2f}, SALib {growth(SIZES, others):.2f}")


RATE = {
    "old_price": 500.0,
    "new_price": 550.0,
    "tariff_change": "0.15..0.20",
    "customs_share": {"dist": "triangular", "low": 0.5, "mode": 0.7, "high": 0.97},
    "dutiable_share": {"dist": "normal", "mean": 0.9, "sd": 0.03},
}


def bare_rate(n: int) -> np.ndarray:
    """The random numbers and the arithmetic, nothing else."""
    generator = np.random.Generator(np.random.PCG64DXSM(1))
    tariff = generator.uniform(0.15, 0.20, n)
    share = generator.triangular(0.5, 0.7, 0.97, n)
    dutiable = generator.normal(0.9, 0.03, n)
    return 50 / (tariff * dutiable * share * 500)


def draws_against_bare(name: str, model: Callable[..., object], inputs: dict[str, object],
                       bare: Callable[[int], np.ndarray]) -> None:  # fmt: skip
    def run(n: int) -> Draws:
        return draws(model, inputs, n=n, seed=1)

    def summed(n: int) -> str:
        return run(n).summary()

    shares = (0.05, 0.25, 0.5, 0.75, 0.95)
    gap = np.abs(run(10**6).quantile(0.5) / np.nanquantile(bare(10**6), 0.5) - 1)
    # two medians of a million draws each, spread about 15%: good to 3e-4; four times
    good = gap < 1.2e-3
    print(f"draws, {name}: {'right' if good else 'FAILED'} (medians differ by {gap:.1e})")
    if not good:
        return
    mine = []
    for n in DRAWS:
        a, b, c, d = interleaved(
            lambda n=n: run(n),
            lambda n=n: bare(n),
            lambda n=n: summed(n),
            lambda n=n: np.nanquantile(bare(n), shares),
        )
        mine.append(a)
        print(
            f"  {n:>10,} draws: {ratio(a, b)} of the bare time; "
            f"with five percentiles on both sides {ratio(c, d)}"
        )
    print(f"  growth with n: {growth(DRAWS, mine):.2f}")


PRICE = {
    "tariff": "0.15..0.20",
    "customs_share": {"dist": "triangular", "low": 0.5, "mode": 0.7, "high": 0.9},
    "cost_share": {"dist": "pert", "low": 0.8, "mode": 0.9, "high": 0.95},
    "elasticity": {"dist": "lognormal", "median": 2.0, "sigma": 0.2},
}


def held(*, tariff: np.ndarray, customs_share: np.ndarray, cost_share: np.ndarray,
         elasticity: np.ndarray) -> object:  # fmt: skip
    """The price of a $500 product that holds profit, linear demand."""
    return hold_profit(
        demand=LinearDemand(price=500.0, demand_elasticity=elasticity),
        old_cost=cost_share * 500,
        cost_change=tariff * customs_share * 500,
    )


def bare_held(n: int) -> np.ndarray:
    """The random numbers and the root of the quadratic, nothing else; NaN where no price does."""
    generator = np.random.Generator(np.random.PCG64DXSM(1))
    tariff = generator.uniform(0.15, 0.20, n)
    share = generator.triangular(0.5, 0.7, 0.9, n)
    alpha = 1 + 4 * 0.1 / 0.15
    cost = 0.8 + 0.15 * generator.beta(alpha, 6 - alpha, n)
    elasticity = np.exp(np.log(2.0) + 0.2 * generator.standard_normal(n))
    rise = tariff * share
    b = 1 / elasticity - (1 - cost) + rise
    with np.errstate(invalid="ignore"):
        root = np.sqrt(b * b - 4 * rise / elasticity)
        return 500 * (1 + 2 * (rise / elasticity) / (b + root))


def installed(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} absent"


def main() -> None:
    packages = ", ".join(installed(name) for name in ("numpy", "scipy", "SALib"))
    print(f"Python {platform.python_version()}, {packages}; {ROUNDS} rounds")
    print(f"{platform.machine()}, {processor()}")
    assert math.isclose(bare_rate(1).size, 1)
    sobol_against_salib()
    draws_against_bare("pass-through rate of a price rise", implied_rate, RATE, bare_rate)
    draws_against_bare("price that holds profit, linear demand", held, PRICE, bare_held)


def processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            names = [line.partition(":")[2].strip() for line in file if "model name" in line]
        return f"{names[0]}, {len(names)} cores"
    except (OSError, IndexError):
        return platform.processor()


if __name__ == "__main__":
    main()
