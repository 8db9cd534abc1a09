"""Other effects than unit and period, and their interactions, by pyfixest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tariffimpact.errors import ModelError
from tariffimpact.estimation.definitions import Coefficient
from tariffimpact.estimation.differences import Design, TwoWay, around
from tariffimpact.estimation.regression import Fit

if TYPE_CHECKING:
    import pandas as pd

MISSING = "needs the extra estimation: pip install 'tariffimpact[estimation]'"


def several_effects(design: Design, effects: Sequence[str]) -> TwoWay:
    """Return the coefficient with any effects, columns of the panel or `a^b` of two of them.

    Parameters
    ----------
    design
        What is regressed on what.
    effects
        `unit`, `time`, names of columns, and interactions such as `brand^time`.

    Raises
    ------
    ModelError
        If pyfixest is not installed, or the treatment is the same as the effects.
    """
    try:
        import pyfixest
    except ImportError:
        raise ModelError(f"--effects {','.join(effects)} {MISSING}") from None
    import warnings

    frame, names = _frame(design)
    terms = [f"x{n}" for n in range(len(design.terms))]
    formula = f"y ~ {' + '.join(terms)} | {' + '.join(_named(e, names) for e in effects)}"
    weights = "weight" if "weight" in frame else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of collinear controls, which we name ourselves
        # the cluster has a name of its own: pyfixest 0.60 may take the counts of two effects for
        # each other where a cluster is named like one
        found = pyfixest.feols(formula, frame, vcov={"CRV1": "cluster"}, weights=weights)
        kept = list(found.coef().index)
        if "x0" not in kept:
            raise ModelError(
                f"{design.term} cannot be told from the effects {', '.join(effects)}; leave one out"
            )
        error = float(found.se()["x0"])
        hc1 = float(found.vcov("HC1").se()["x0"])
    clusters = int(frame["cluster"].nunique())
    value = float(found.coef()["x0"])
    low, high = around(value, error, clusters)
    size = len(kept)
    fitted = Fit(
        terms=tuple(design.terms[terms.index(name)] for name in kept),
        kept=tuple(terms.index(name) for name in kept),
        coefficients=np.asarray(found.coef(), dtype=np.float64),
        covariance=np.full((size, size), np.nan),
        covariance_hc1=np.full((size, size), np.nan),
        n=int(found._N),
        units=int(frame["unit"].nunique()),
        clusters=clusters,
        dropped=tuple(
            name for term, name in zip(terms, design.terms, strict=True) if term not in kept
        ),
        nested=False,
        inverse=np.full((size, size), np.nan),
        period_slopes=np.zeros((0, size + 1)),
    )
    coefficient = Coefficient(
        design.term,
        value,
        error,
        low,
        high,
        design.definition,
        hc1,
        f"effects of {', '.join(effects)}",
    )
    return TwoWay(fitted, coefficient, None)


def _frame(design: Design) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the rows as a frame for pyfixest, and the names of the effects in it."""
    import pandas as pd

    names = {"unit": "unit", "time": "time"}
    names |= {name: f"effect{n}" for n, name in enumerate(design.panel.columns.effects)}
    parts: list[pd.DataFrame] = []
    for block, rows in zip(design.blocks(), design.rows(), strict=True):
        columns: dict[str, Any] = {"unit": block.unit, "time": block.time, "y": block.y}
        columns |= {f"x{n}": block.x[:, n] for n in range(block.x.shape[1])}
        columns["cluster"] = block.cluster
        if block.weight is not None:
            columns["weight"] = block.weight
        if len(rows.unit) != len(block.unit):
            raise ModelError("other effects than unit and time need untreated units")
        columns |= {f"effect{n}": rows.effects[:, n] for n in range(rows.effects.shape[1])}
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True), names


def _named(effect: str, names: dict[str, str]) -> str:
    return "^".join(names[name] for name in effect.split("^"))
