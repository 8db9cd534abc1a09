"""How fast the pricing rules are on a million draws, against the bare NumPy they cannot do without.

    python benchmarks/pricing.py

The bare version draws the same random numbers and writes the same arithmetic in whole arrays: no
checks, no errors, no result objects, and for the price that holds profit a fixed number of Newton
steps, the fewest with which 99 in 100 draws are right to 1e-9. Our answers are checked first,
draw by draw, against a bracketing root finder that shares no code with either. Rounds are
interleaved, and what counts is the ratio of the medians.
"""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from tariffimpact import pricing
from tariffimpact.pricing.demand import Demand, IsoelasticDemand, LinearDemand, LogitDemand

ROUNDS = 21
DRAWS = 10**6
CHECKED = 2000
PRICE = 100.0
SHARE = 0.2
Array = np.ndarray


@dataclass
class Inputs:
    elasticity: Array
    cost: Array
    change: Array


def inputs(n: int, low: float = 0.3, high: float = 2.2) -> Inputs:
    """Draw what a case with ranges draws: elasticity, unit cost, and the duty per unit."""
    generator = np.random.default_rng(20250821)
    return Inputs(
        generator.uniform(low, high, n),
        generator.uniform(45.0, 60.0, n),
        generator.uniform(0.10, 0.20, n) * generator.uniform(30.0, 60.0, n),
    )


def demand(form: str, elasticity: Array) -> Demand:
    if form == "linear":
        return LinearDemand(price=PRICE, demand_elasticity=elasticity)
    if form == "isoelastic":
        return IsoelasticDemand(price=PRICE, demand_elasticity=elasticity)
    return LogitDemand(price=PRICE, demand_elasticity=elasticity, share=SHARE)


def ours_held(form: str, x: Inputs) -> Array:
    return pricing.hold_profit(
        demand=demand(form, x.elasticity), old_cost=x.cost, cost_change=x.change
    )


def ours_best(form: str, x: Inputs) -> Array:
    return pricing.maximise(
        demand=demand(form, x.elasticity), old_cost=x.cost, cost_change=x.change
    )


def ours_margins(form: str, x: Inputs) -> tuple[Array, Array]:
    return (
        pricing.hold_dollar_margin(price=PRICE, cost_change=x.change),
        pricing.hold_percent_margin(price=PRICE, old_cost=x.cost, cost_change=x.change),
    )


def bare_linear(x: Inputs) -> Array:
    b = 1 / x.elasticity - (PRICE - x.cost) / PRICE + x.change / PRICE
    spread = b * b - 4 * x.change / PRICE / x.elasticity
    root = np.sqrt(spread)
    answer = PRICE + PRICE * (2 * x.change / PRICE / x.elasticity) / np.where(
        b >= 0, b + root, b - root
    )
    return np.where(x.cost + x.change < PRICE * (1 + 1 / x.elasticity), answer, np.nan)


def bare_isoelastic(x: Inputs, steps: int) -> Array:
    e, k = x.elasticity, (x.cost + x.change) / PRICE
    log_m = np.log(1 - x.cost / PRICE)
    top = np.log(k * e / (e - 1))
    none = (e > 1) & (np.log(k / (e - 1)) - log_m - e * top < 0)
    u = np.log1p(x.change / PRICE)
    for _ in range(steps):
        p = np.exp(u)
        u = u - (np.log(p - k) - log_m - e * u) / (p / (p - k) - e)
    return np.where(none, np.nan, PRICE * np.exp(u))


def bare_lambert(t: Array) -> Array:
    y = np.where(t > 1, np.log(t), t)
    for _ in range(4):
        z = np.exp(y)
        y = y - (y + z - t) / (1 + z)
    return np.exp(y)


def bare_logit(x: Inputs, steps: int) -> Array:
    a, k = x.elasticity / (1 - SHARE), (x.cost + x.change) / PRICE
    log_m = np.log(1 - x.cost / PRICE)
    z = bare_lambert(np.log(SHARE / (1 - SHARE)) + a * (1 - k) - 1)
    none = np.log(z / (a * SHARE)) - log_m < 0
    u = np.log1p(x.change / PRICE)
    for _ in range(steps):
        p = np.exp(u)
        out = (1 - SHARE) * np.exp(a * (p - 1))
        g = np.log(p - k) - log_m - np.log(SHARE + out)
        u = u - g / (p / (p - k) - a * p * out / (SHARE + out))
    return np.where(none, np.nan, PRICE * np.exp(u))


def bare_held(form: str, x: Inputs, steps: int) -> Array:
    with np.errstate(all="ignore"):
        if form == "linear":
            return bare_linear(x)
        return bare_isoelastic(x, steps) if form == "isoelastic" else bare_logit(x, steps)


def bare_best(form: str, x: Inputs) -> Array:
    cost, e = x.cost + x.change, x.elasticity
    with np.errstate(all="ignore"):
        if form == "linear":
            choke = PRICE * (1 + 1 / e)
            return (np.minimum(cost, choke) + choke) / 2
        if form == "isoelastic":
            return cost * e / (e - 1)
        a = e / (PRICE * (1 - SHARE))
        return cost + (1 + bare_lambert(np.log(SHARE / (1 - SHARE)) + a * (PRICE - cost) - 1)) / a


def bare_margins(form: str, x: Inputs) -> tuple[Array, Array]:
    return PRICE + x.change, PRICE * (x.cost + x.change) / x.cost


def volume(form: str, e: float, p: float) -> float:
    """Return q/q0, written out once more."""
    if form == "linear":
        return max(1 - e * (p - PRICE) / PRICE, 0.0)
    if form == "isoelastic":
        return float((p / PRICE) ** -e)
    return float(1 / (SHARE + (1 - SHARE) * np.exp(e / (1 - SHARE) * (p / PRICE - 1))))


def by_bracket(form: str, e: float, c0: float, c1: float) -> float:
    """Return the price that holds profit by Brent's method from a scan, NaN where none is found."""

    def gap(p: float) -> float:
        return (p - c1) * volume(form, e, p) / (PRICE - c0) - 1

    highest = PRICE * (1 + 1 / e) if form == "linear" else 1e4
    peak = optimize.minimize_scalar(
        lambda u: -gap(np.exp(u)), bounds=(np.log(c1), np.log(highest)), method="bounded",
        options={"xatol": 1e-10},
    )  # fmt: skip
    top = float(np.exp(peak.x))
    if gap(top) < 0:
        return float("nan")
    # below the peak the root lies between cost and peak; above it, between peak and old price
    return optimize.brentq(gap, *((c1, top) if top > PRICE else (top, PRICE)), xtol=1e-12)


def right(form: str, found: Array, x: Inputs) -> bool:
    for i in range(CHECKED):
        e, c0, c1 = x.elasticity[i], x.cost[i], x.cost[i] + x.change[i]
        expected = by_bracket(form, e, c0, c1)
        if np.isnan(expected) != np.isnan(found[i]):
            return False
        # 1e-7: where two roots nearly meet, price and profit share the digits between them
        if not np.isnan(expected) and abs(found[i] / expected - 1) > 1e-7:
            return False
    return True


def steps_needed(form: str, found: Array, x: Inputs) -> int:
    """Return the fewest Newton steps with which 99 in 100 draws of the bare version are right."""
    exists = ~np.isnan(found)
    for steps in range(1, 40):
        gap = np.abs(bare_held(form, x, steps)[exists] / found[exists] - 1)
        if np.quantile(gap, 0.99) < 1e-9:
            return steps
    raise RuntimeError(f"{form}: the bare version does not converge")


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


def report(name: str, mine: list[float], bare: list[float]) -> None:
    each = sorted(a / b for a, b in zip(mine, bare, strict=True))
    middle = statistics.median(mine) / statistics.median(bare)
    print(
        f"  {name:<44} {1e3 * statistics.median(mine):7.1f} ms, bare "
        f"{1e3 * statistics.median(bare):7.1f} ms: {middle:.2f} ({each[0]:.2f} to {each[-1]:.2f})"
    )


def held(form: str) -> None:
    x = inputs(DRAWS)
    found = ours_held(form, x)
    if not right(form, found, x):
        print(f"hold profit, {form}: FAILED")
        return
    steps = steps_needed(form, found, x) if form != "linear" else 0
    note = f", bare with {steps} steps" if steps else ", closed form"
    print(f"hold profit, {form}: right; no price for {np.isnan(found).mean():.0%} of draws{note}")
    mine, bare = interleaved(
        lambda: ours_held(form, inputs(DRAWS)), lambda: bare_held(form, inputs(DRAWS), steps)
    )
    report("with the random numbers", mine, bare)
    mine, bare = interleaved(lambda: ours_held(form, x), lambda: bare_held(form, x, steps))
    report("without them", mine, bare)


def plain(name: str, form: str, ours: Callable, bare: Callable) -> None:
    low = 1.1 if form == "isoelastic" else 0.3
    x = inputs(DRAWS, low)
    good = np.allclose(ours(form, x), bare(form, x), rtol=1e-12)
    print(f"{name}, {form}: {'right' if good else 'FAILED'}")
    if good:
        mine, theirs = interleaved(
            lambda: ours(form, inputs(DRAWS, low)), lambda: bare(form, inputs(DRAWS, low))
        )
        report("with the random numbers", mine, theirs)


def growth() -> None:
    sizes = (10**4, 10**5, 10**6, 10**7)
    medians = []
    for n in sizes:
        x = inputs(n)
        (seconds,) = interleaved(lambda x=x: ours_held("isoelastic", x))
        medians.append(statistics.median(seconds))
    exponent = np.polyfit(np.log(sizes), np.log(medians), 1)[0]
    print(f"hold profit, isoelastic, {sizes[0]:,} to {sizes[-1]:,} draws: exponent {exponent:.2f}")


def main() -> None:
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {DRAWS:,} draws")
    for form in ("linear", "isoelastic", "logit"):
        held(form)
        plain("maximise", form, ours_best, bare_best)
    plain("hold dollar and percent margin", "any", ours_margins, bare_margins)
    growth()


if __name__ == "__main__":
    main()
