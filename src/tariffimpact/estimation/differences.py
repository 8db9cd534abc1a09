"""The two-way estimates: a group from a day on, a tariff, a duty, and a tariff with its lags.

Unit and period effects by our own equations; others, and their interactions, by pyfixest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from tariffimpact.errors import ModelError
from tariffimpact.estimation.definitions import Coefficient, Definition
from tariffimpact.estimation.panel import Panel, Rows
from tariffimpact.estimation.regression import Block, Blocks, Effects, Fit, fit, part_of
from tariffimpact.estimation.robustness import FEW_CLUSTERS, WildBootstrap, wild_bootstrap
from tariffimpact.estimation.treatment import Treatment, UnitFacts

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

Outcome = Literal["log", "percent", "level"]
MISSING: Final = "needs the extra estimation: pip install 'tariffimpact[estimation]'"
RowBlocks = Callable[[], Iterator[Rows]]

_DEFINITIONS: Final[dict[Outcome, Definition]] = {
    "log": "log_change",
    "percent": "percent_change",
    "level": "price_change",
}


@dataclass(frozen=True, slots=True)
class Design:
    """What is regressed on what: the rows of a panel with outcome, treatment and controls."""

    panel: Panel
    rows: RowBlocks
    facts: UnitFacts
    treatment: Treatment
    outcome: Outcome
    unit: bool = True
    time: bool = True

    @property
    def term(self) -> str:
        """The treatment in words."""
        kind, labels = self.treatment.kind, self.panel.times.labels
        if kind == "tariff":
            return "ln(1 + tariff)"
        if kind == "duty":
            return self.panel.columns.duty or "duty"
        if self.treatment.is_staggered:
            return f"{self.treatment.name}, from its own date"
        return f"{self.treatment.name} from {labels[self.treatment.first]}"

    @property
    def definition(self) -> Definition:
        """What the coefficient is called."""
        if self.treatment.kind == "tariff":
            return "retail_elasticity"
        return "rate" if self.treatment.kind == "duty" else _DEFINITIONS[self.outcome]

    @property
    def effects(self) -> Effects:
        """The effects to take out; without untreated units a period has no effect of its own."""
        panel = self.panel
        time = self.time and not self.treatment.alone
        return Effects(len(panel.times), len(panel.clusters), self.unit, time)

    @property
    def terms(self) -> tuple[str, ...]:
        """The treatment, then the controls."""
        return (self.term, *self.panel.control_names)

    def blocks(self) -> Iterator[Block]:
        """Yield the rows as the regression takes them."""
        for rows in self.rows():
            block = Block(
                rows.unit,
                rows.time,
                outcome_of(self.outcome, rows, self.facts),
                np.column_stack([self.treatment.on(rows), rows.controls]),
                rows.cluster,
                rows.weight,
            )
            if not self.treatment.alone:
                yield block
            else:
                yield from part_of(block, self.treatment.treated[rows.unit])


def outcome_of(outcome: Outcome, rows: Rows, facts: UnitFacts) -> Floats:
    """Return the outcome of rows: log price, change since the unit's first price, or the price."""
    if outcome == "log":
        logged: Floats = np.log(rows.price)
        return logged
    if outcome == "percent":
        first: Floats = rows.price / facts.first_price[rows.unit] - 1
        return first
    return rows.price


@dataclass(frozen=True, slots=True)
class TwoWay:
    """A fitted design, its coefficient in words, and the bootstrap where clusters are few."""

    fitted: Fit
    coefficient: Coefficient
    bootstrap: WildBootstrap | None


def two_way(design: Design) -> TwoWay:
    """Return the coefficient of a design, bootstrapped where there are fewer than 40 clusters.

    Raises
    ------
    ModelError
        If the treatment cannot be told from the effects or a control, or there is one cluster.
    """
    fitted = fit(design.blocks, design.terms, design.effects, required=1)
    bootstrap = None
    if fitted.clusters < FEW_CLUSTERS and (fitted.nested or not design.unit):
        bootstrap = wild_bootstrap(design.blocks, design.effects, fitted)
    estimate, error = float(fitted.coefficients[0]), float(fitted.errors[0])
    low, high = around(estimate, error, fitted.clusters)
    if bootstrap:
        low, high = bootstrap.low, bootstrap.high
    found = Coefficient(
        term=design.term,
        estimate=estimate,
        std_error=error,
        low=low,
        high=high,
        definition=design.definition,
        std_error_hc1=float(fitted.errors_hc1[0]),
        method="before and after" if design.treatment.alone else "two-way",
        interval_by="wild bootstrap" if bootstrap else "t",
    )
    return TwoWay(fitted, found, bootstrap)


def around(
    estimate: float, error: float, clusters: int, level: float = 0.95
) -> tuple[float, float]:
    """Return the interval by Student's t with as many degrees as clusters less one."""
    from scipy import special  # its statistics take a second to load

    reach = float(special.stdtrit(clusters - 1, 0.5 + level / 2)) * error
    return estimate - reach, estimate + reach


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


@dataclass(frozen=True, slots=True)
class Lagged:
    """A tariff with its lags, in changes: each lag's coefficient, and their running sums."""

    lags: tuple[Coefficient, ...]
    cumulative: tuple[Coefficient, ...]
    fitted: Fit


def lagged(design: Design, lags: int) -> Lagged:
    """Return the response by period since the change, and its running sum with its error.

    .. math:: Δ ln p_(i t) = γ_t + Σ_k β_k Δ ln(1 + τ_(i, t−k)) + ε

    A row counts where the unit is seen in every period back to the last lag.

    Raises
    ------
    ModelError
        If no change is left to look at: the panel is shorter before it than the lags are long.
    """
    terms = tuple(f"{design.term}, {k} after" for k in range(lags + 1))
    effects = Effects(
        len(design.panel.times), len(design.panel.clusters), unit=False, time=design.effects.time
    )
    blocks = _lag_blocks(design, lags)
    _require_changes(blocks, lags)
    fitted = fit(blocks, (*terms, *design.panel.control_names), effects, required=lags + 1)
    own = slice(0, lags + 1)
    sums = np.cumsum(fitted.coefficients[own])
    ones = np.tril(np.ones((lags + 1, lags + 1)))
    errors = np.sqrt(np.diag(ones @ fitted.covariance[own, own] @ ones.T))
    errors_hc1 = np.sqrt(np.diag(ones @ fitted.covariance_hc1[own, own] @ ones.T))

    def told(name: str, k: int, value: float, error: float, hc1: float) -> Coefficient:
        low, high = around(value, error, fitted.clusters)
        return Coefficient(name, value, error, low, high, design.definition, hc1, "lags",
                           periods_after=k)  # fmt: skip

    each = tuple(
        told(terms[k], k, *map(float, numbers))
        for k, numbers in enumerate(
            zip(fitted.coefficients[own], fitted.errors[own], fitted.errors_hc1[own], strict=True)
        )
    )
    running = tuple(
        told(f"{design.term}, sum up to {k} after", k, *map(float, numbers))
        for k, numbers in enumerate(zip(sums, errors, errors_hc1, strict=True))
    )
    return Lagged(each, running, fitted)


def _lag_blocks(design: Design, lags: int) -> Blocks:
    """Return the rows in changes, with the changes of the treatment up to the last lag."""

    def changes() -> Iterator[Block]:
        for block in design.blocks():
            here = np.arange(lags + 1, len(block.y))
            back = here - lags - 1
            whole = (block.unit[here] == block.unit[back]) & (
                block.time[here] - block.time[back] == lags + 1
            )
            here = here[whole]
            if not len(here):
                continue
            x = block.x[:, 0]
            columns = [x[here - k] - x[here - k - 1] for k in range(lags + 1)]
            controls = block.x[here, 1:] - block.x[here - 1, 1:]
            yield Block(
                block.unit[here],
                block.time[here],
                block.y[here] - block.y[here - 1],
                np.column_stack([*columns, controls]),
                block.cluster[here],
                None if block.weight is None else block.weight[here],
            )

    return changes


def _require_changes(blocks: Blocks, lags: int) -> None:
    """Refuse lags of which one has no change to show, or no rows at all."""
    moved = np.zeros(lags + 1, dtype=np.bool_)
    for block in blocks():
        moved |= (np.abs(block.x[:, : lags + 1]) > 1e-12).any(axis=0)
    if not moved.all():
        short = int(np.flatnonzero(~moved)[0])
        raise ModelError(
            f"--lags {lags} asks for {lags + 1} periods in a row before a change and {lags} after "
            f"it, and no unit shows the change {short} periods after; give fewer lags"
        )
