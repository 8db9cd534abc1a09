"""How fast batches of logit markets are solved, against pyblp, a fixed point, and bare memory.

    python -m venv peers && peers/bin/pip install pyblp && peers/bin/pip install -e .
    OPENBLAS_NUM_THREADS=1 peers/bin/python benchmarks/market.py

Times are of the processor, which neighbours on a shared machine disturb least; with one thread
they are what the clock of a quiet machine shows. pyblp stays out of the project's own environment;
where it is missing it is "not run". Every contestant's prices are put into first-order conditions
written out here; one that misses by more than 1e-8 of the price gets FAILED and no speed. Rounds
are interleaved; what counts is the ratio of the medians, with the spread of the rounds' own ratios.
"""

from __future__ import annotations

import platform
import statistics
import time
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from tariffimpact.market import (
    Duties,
    LogitDemand,
    Market,
    MixedLogitDemand,
    Structure,
    calibrate,
    solve_logit,
)

try:
    import pyblp
except ImportError:
    pyblp = None

ROUNDS = 7
NESTING = 0.5
SHAPES = ((3, 1, 80_000, 60), (10, 2, 24_000, 60), (50, 5, 4_800, 30), (200, 20, 1_200, 6),
          (2_000, 100, 120, 1))  # fmt: skip
"""Products, products of a firm, markets for us (240,000 products in all), markets for pyblp."""


def draw(products, per_firm, markets, seed=0):
    rng = np.random.default_rng(seed)
    count = products * markets
    return {
        "utility": rng.normal(1, 1, count),
        "price_coefficient": 1.0,
        "cost": rng.uniform(1, 2, count) * 1.15,
        "firms": Structure.of(**labels(products, per_firm, markets)),
    }


def labels(products, per_firm, markets):
    return {
        "firms": np.tile(np.arange(products) // per_firm, markets),
        "markets": np.repeat(np.arange(markets), products),
    }


def worst_condition(case, prices, products, per_firm):
    """Largest |p - k - 1/alpha - profit| over p, alpha = 1."""
    p, k, u = (x.reshape(-1, products // per_firm, per_firm)
               for x in (prices, case["cost"], case["utility"]))  # fmt: skip
    weight = np.exp(u - p)
    share = weight / (1 + weight.sum(axis=(1, 2), keepdims=True))
    profit = ((p - k) * share).sum(axis=2, keepdims=True)
    return float(np.max(np.abs(p - k - 1 - profit) / p))


def fixed_point(case, products, per_firm):
    """Morrow and Skerlos' zeta map, every market at once, in chunks that fit the cache."""
    shape = (-1, products // per_firm, per_firm)
    costs, utilities = case["cost"].reshape(shape), case["utility"].reshape(shape)
    out = np.empty_like(costs)
    step = max(1, 16_384 // products)
    for first in range(0, len(costs), step):
        k, u = costs[first : first + step], utilities[first : first + step]
        p = k + 1
        for _ in range(5_000):
            weight = np.exp(u - p)
            share = weight / (1 + weight.sum(axis=(1, 2), keepdims=True))
            new = k + 1 + ((p - k) * share).sum(axis=2, keepdims=True)
            done = np.max(np.abs(new - p)) < 1e-12
            p = new
            if done:
                break
        out[first : first + step] = p
    return out.ravel()


def pyblp_solver(case, owners):
    """Return a call that runs compute_prices on the case, set up outside the clock."""
    pyblp.options.verbose = False
    count = case["cost"].size
    names = [f"{m}" for m in owners["markets"]]
    data = {"market_ids": names, "firm_ids": owners["firms"], "u": case["utility"],
            "prices": case["cost"] + 1, "cost": case["cost"]}  # fmt: skip
    nests = {} if "nests" not in owners else {"rho": NESTING}
    if nests:
        data["nesting_ids"] = owners["nests"]
    simulation = pyblp.Simulation(
        (pyblp.Formulation("0 + prices + u"), None, pyblp.Formulation("0 + cost")), data,
        beta=[-1, 1], gamma=[1], xi=np.zeros(count), omega=np.zeros(count), **nests,
    )  # fmt: skip
    results = simulation.replace_endogenous(
        costs=case["cost"], prices=case["cost"] + 1, compute_gradients=False,
        compute_hessians=False,
    )  # fmt: skip
    return lambda: np.ravel(results.compute_prices(costs=case["cost"]))


def seconds(call):
    start = time.process_time()
    answer = call()
    return time.process_time() - start, answer


def compare(products, per_firm, ours, theirs):
    case, few = draw(products, per_firm, ours), draw(products, per_firm, theirs)

    def worst(prices):
        of = case if prices.size == case["cost"].size else few
        return worst_condition(of, prices, products, per_firm)

    calls = {
        "numpy": (lambda: solve_logit(**case).prices, ours),
        "fixed point": (lambda: fixed_point(case, products, per_firm), ours),
    }
    if pyblp is not None:
        calls["pyblp"] = pyblp_solver(few, labels(products, per_firm, theirs)), theirs
    report(f"{products} products a market", ours, *timed(calls, worst))


def timed(calls, worst):
    """Return seconds a market of each round, and the worst condition, of each contestant."""
    times, conditions = {name: [] for name in calls}, {}
    for round_ in range(ROUNDS + 1):
        for name, (call, markets) in calls.items():
            took, prices = seconds(call)
            if round_ == 0:
                conditions[name] = worst(prices)
            else:
                times[name].append(took / markets)
    return times, conditions


def report(title, markets, times, failed):
    print(f"\n{title} ({markets} markets)")
    for name in ("numpy", "fixed point", "pyblp"):
        if name == "fixed point" and name not in times:
            continue
        if name not in times:
            print(f"  {name:12} not run: not installed")
            continue
        verdict = f"condition {failed[name]:.0e}"
        if not failed[name] <= 1e-8:
            print(f"  {name:12} FAILED ({verdict})")
            continue
        middle = statistics.median(times[name])
        print(f"  {name:12} {middle * 1e6:12.2f} us a market, {verdict}", end="")
        for other in ("fixed point", "pyblp"):
            if other in times and name == "numpy" and failed[other] <= 1e-8:
                ratios = [b / a for a, b in zip(times[name], times[other], strict=False)]
                print(f"; {statistics.median(times[other]) / middle:,.1f}x {other} "
                      f"({min(ratios):,.1f}-{max(ratios):,.1f})", end="")  # fmt: skip
        print()


def single():
    """One market, asked alone: `Market.equilibrium`, everything checked, against compute_prices."""
    print("\none market alone")
    for products, per_firm in ((3, 1), (10, 2), (50, 5), (200, 20)):
        case, owners = draw(products, per_firm, 1), labels(products, per_firm, 1)
        market = Market(
            products=[f"p{i}" for i in range(products)], unit_cost=case["cost"],
            firms=[f"f{i}" for i in owners["firms"]], demand=LogitDemand(case["utility"], 1.0),
        )  # fmt: skip
        calls = {"numpy": (lambda m=market: m.equilibrium().prices, 1)}
        if pyblp is not None:
            calls["pyblp"] = pyblp_solver(case, owners), 1
        many = {name: (lambda call=call: [call() for _ in range(20)][-1], 20)
                for name, (call, _) in calls.items()}  # fmt: skip

        def worst(prices, case=case, products=products, per_firm=per_firm):
            return worst_condition(case, prices, products, per_firm)

        report(f"{products} products, one market", 1, *timed(many, worst))


def mixed():
    """One mixed logit market of 24 products and 200 agents, five firms."""
    rng = np.random.default_rng(4)
    demand = MixedLogitDemand(rng.normal(1, 1, 24), np.exp(rng.normal(0, 0.3, 200)),
                              rng.normal(0, 1, (200, 24)))  # fmt: skip
    market = Market(products=[f"p{i}" for i in range(24)], unit_cost=rng.uniform(1, 2, 24),
                    firms=[f"f{i // 5}" for i in range(24)], demand=demand)  # fmt: skip
    took = [seconds(market.equilibrium)[0] for _ in range(5)]
    print(f"\nmixed logit, 24 products, 200 agents: {statistics.median(took) * 1e3:.0f} ms")


def nested():
    """Nested logit, firms across all nests: one number per firm and nest, against pyblp."""
    for products, per_firm, markets, few in (
        (10, 2, 2_000, 30),
        (50, 10, 400, 15),
        (200, 20, 40, 3),
    ):
        cases = {}
        for count in (markets, few):
            case, owners = draw(products, per_firm, count), labels(products, per_firm, count)
            owners["nests"] = np.tile(np.arange(products) % 5, count)
            cases[count] = case | {"firms": Structure.of(**owners), "nesting": NESTING}, owners
        case, small = cases[markets][0], cases[few][0]

        def worst(prices, cases=cases, products=products):
            return worst_nested(*cases[prices.size // products], prices, products)

        calls = {
            "numpy": (lambda c=case: solve_logit(**c).prices, markets),
        }
        if pyblp is not None:
            calls["pyblp"] = pyblp_solver(small, cases[few][1]), few
        report(f"{products} products in 5 nests", markets, *timed(calls, worst))


def worst_nested(case, owners, prices, products):
    """Largest first-order condition in money over the price, written out product by product."""
    shape = (-1, products)
    p, k, u = (x.reshape(shape) for x in (prices, case["cost"], case["utility"]))
    firm, nest = owners["firms"][:products], owners["nests"][:products]
    with_ours = firm[:, None] == firm
    in_nest = (nest[:, None] == nest).astype(float)
    weight = np.exp((u - p) / (1 - NESTING))
    inclusive = weight @ in_nest
    within = weight / inclusive
    heads = np.array([np.flatnonzero(nest == g)[0] for g in np.unique(nest)])
    denominator = 1 + (inclusive[:, heads] ** (1 - NESTING)).sum(axis=1, keepdims=True)
    share = within * inclusive ** (1 - NESTING) / denominator
    margin, worst = p - k, 0.0
    for m in range(len(p)):
        pull = (np.eye(products) - NESTING * in_nest * within[m]) / (1 - NESTING) - share[m]
        slope = share[m][:, None] * pull  # minus the fall of each share in each price
        gap = share[m] - (with_ours * slope).T @ margin[m]
        worst = max(worst, float(np.max(np.abs(gap / np.diag(slope)) / p[m])))
    return worst


def scenarios():
    """A thousand tariffs on a calibrated market of ten products, against a loop of `impose`."""
    print("\n1,000 tariffs on ten products: times as fast as a loop of `impose`")
    rng = np.random.default_rng(2)
    rates, few = rng.uniform(0, 0.2, (1_000, 10)), 30
    for demand, reading in (("logit", "customs_value"), ("logit", "border_price"),
                            ("ces", "customs_value"), ("linear", "customs_value"),
                            ("aids", "customs_value")):  # fmt: skip
        size = {"shares": np.full(10, 0.05)} if demand in ("logit", "ces") else {
            "quantities": np.full(10, 100.0)}  # fmt: skip
        size |= {"linear": {"outside_share": 0.5},
                 "aids": {"fixed": {"market_elasticity": 1.2}}}.get(demand, {})  # fmt: skip
        market = calibrate(
            products=list("abcdefghij"), firms=list("aabbccddee"), prices=rng.uniform(8, 12, 10),
            margins={"a": 0.4} if demand != "linear" else dict.fromkeys("abcdefghij", 0.4),
            demand=demand, reading=reading, **size,
        )  # fmt: skip
        each, loop, worst = [], [], 0.0
        for _ in range(3):
            took, found = seconds(lambda m=market: m.impose_each(Duties(rates)))
            each.append(took / len(rates))
            took, alone = seconds(lambda m=market: [m.impose(Duties(r)).after.prices
                                                    for r in rates[:few]])  # fmt: skip
            loop.append(took / few)
            worst = max(
                worst, float(np.max(np.abs(found.after.prices[:few] / np.array(alone) - 1)))
            )
        if not worst <= 1e-9:
            print(f"  {demand}, {reading}: FAILED, prices differ by {worst:.0e}")
            continue
        print(f"  {demand}, {reading}: {statistics.median(loop) / statistics.median(each):,.0f}x, "
              f"prices equal to {worst:.0e}")  # fmt: skip


def memory_floor():
    """Many scenarios of one large market, against moving 32 bytes a product."""
    case = draw(2_000, 100, 1)
    rng = np.random.default_rng(1)
    case["cost"] = rng.uniform(1, 2, (1_000, 2_000))
    flat, other, out = (np.ones(case["cost"].size) for _ in range(3))
    times = {"numpy": [], "floor": []}
    for _ in range(ROUNDS + 1):
        times["numpy"].append(seconds(lambda: solve_logit(**case))[0])
        times["floor"].append(seconds(lambda: np.add(flat, other, out=out))[0])
    floor = statistics.median(times["floor"][1:])
    print(f"\n2,000 products x 1,000 scenarios; memory floor {floor / flat.size * 1e9:.2f} ns a "
          "product (32 bytes moved)")  # fmt: skip
    for name in ("numpy",):
        took = statistics.median(times[name][1:])
        print(
            f"  {name:6} {took / flat.size * 1e9:.2f} ns a product, {took / floor:.1f}x the floor"
        )


def growth():
    """Fitted exponents of time in markets, scenarios and products (1 is linear)."""
    print("\ngrowth: time ~ size**e")
    for what in ("markets", "draws", "products"):
        sizes, took = (1_000, 4_000, 16_000), []
        for size in sizes:
            if what == "markets":
                case = draw(10, 2, size)
            elif what == "draws":
                case = draw(10, 2, 1)
                case["cost"] = np.random.default_rng(0).uniform(1, 2, (size, 10))
            else:
                case = draw(size, 10, 20)
            took.append(min(seconds(lambda c=case: solve_logit(**c))[0] for _ in range(ROUNDS)))
        slope = np.polyfit(np.log(sizes), np.log(took), 1)[0]
        print(f"  {what:9} e = {slope:.2f}  ({', '.join(f'{t * 1e3:.2f} ms' for t in took)})")


def main():
    print(f"Python {platform.python_version()}, {processor()}")
    for package in ("numpy", "pyblp"):
        try:
            print(f"{package} {version(package)}")
        except PackageNotFoundError:
            print(f"{package} not installed")
    for shape in SHAPES:
        compare(*shape)
    single()
    mixed()
    nested()
    scenarios()
    memory_floor()
    growth()


def processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            return next(line.split(":")[1].strip() for line in file if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor()


if __name__ == "__main__":
    main()
