"""Panels with a known truth, drawn from a seed."""

import numpy as np
import pandas as pd


def random_panel(seed, units=60, periods=12, *, missing=0.15, weights=False):
    """Rows of an unbalanced panel with a treated group, a control and clusters of five units."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(units), periods)
    time = np.tile(np.arange(periods), units)
    kept = rng.random(len(unit)) > missing
    unit, time = unit[kept], time[kept]
    treated = (unit < units // 3) & (time >= periods // 2)
    control = rng.normal(size=len(unit))
    y = rng.normal(3, 2, units)[unit] + rng.normal(size=periods)[time] + 0.3 * treated
    y += 0.2 * control + rng.normal(0, 0.5, len(unit))
    frame = pd.DataFrame(
        {"unit": unit, "time": time, "y": y, "treated": treated * 1.0, "control": control}
    )
    frame["group"] = unit // 5
    frame["weight"] = rng.uniform(0.5, 2, len(unit)) if weights else 1.0
    return frame


def staggered(seed, *, units=90, periods=14, noise=0.05):
    """Three cohorts, one never treated; the effect grows by 0.02 a period from 0.10."""
    rng = np.random.default_rng(seed)
    start = np.repeat([5, 9, periods], units // 3)
    unit = np.repeat(np.arange(units), periods)
    time = np.tile(np.arange(periods), units)
    since = time - start[unit]
    effect = np.where(since >= 0, 0.10 + 0.02 * since, 0.0)
    y = rng.normal(3, 1, units)[unit] + 0.01 * time + effect
    y += rng.normal(0, noise, len(unit))
    return unit, time, y, start, effect
