"""The two-way estimates: a group from a day on, a tariff, a duty, and a tariff with its lags.

Unit and period effects by our own equations; others, and their interactions, by pyfixest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from tariffimpact.arguments import Array
from tariffimpact.errors import ModelError
from tariffimpact.estimation.definitions import Coefficient, Definition
from tariffimpact.estimation.panel import Panel, Rows
from tariffimpact.estimation.regression import Block, Blocks, Effects, Fit, fit, where
from tariffimpact.estimation.robustness import FEW_CLUSTERS, wild_bootstrap
from tariffimpact.estimation.treatment import Treatment, UnitFacts

if TYPE_CHECKING:
    import pandas as pd

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
        """Give the rows as the regression takes them."""
        if self.treatment.alone:
            treated = self.treatment.treated
            return where(self._every_block, lambda block: treated[block.unit])()
        return self._every_block()

    def _every_block(self) -> Iterator[Block]:
        for rows in self.rows():
            x = np.column_stack([self.treatment.on(rows), rows.controls])
            yield Block(rows.unit, rows.time, self.outcome_of(rows), x, rows.cluster, rows.weight)

    def outcome_of(self, rows: Rows) -> Array:
        """Return the log price, the change since the unit's first price, or the price."""
        if self.outcome == "log":
            return np.asarray(np.log(rows.price))
        if self.outcome == "percent":
            return np.asarray(rows.price / self.facts.first_price[rows.unit] - 1)
        return rows.price

    def coefficient(
        self, term: str, estimate: float, error: float, clusters: int, **more: Any
    ) -> Coefficient:
        """Return an estimate of the treatment in the words of the design."""
        return Coefficient.by_clusters(term, estimate, error, clusters, self.definition, **more)


@dataclass(frozen=True, slots=True)
class TwoWay:
    """The coefficient of a design in words, and the rows and clusters behind it."""

    coefficient: Coefficient
    n: int
    """Rows used."""
    units: int
    clusters: int
    dropped: tuple[str, ...]
    """Controls that the effects, or other controls, already hold."""
    fitted: Fit | None = None
    """Our own fit; None where another library has fitted it."""


def two_way(design: Design) -> TwoWay:
    """Return the coefficient of a design, bootstrapped where there are fewer than 40 clusters.

    Raises
    ------
    ModelError
        If the treatment cannot be told from the effects or a control, or there is one cluster.
    """
    fitted = fit(design.blocks, design.terms, design.effects, required=1)
    found = design.coefficient(
        design.term,
        fitted.coefficients[0],
        fitted.errors[0],
        fitted.clusters,
        std_error_hc1=float(fitted.errors_hc1[0]),
        method="before and after" if design.treatment.alone else "two-way",
    )
    if fitted.clusters < FEW_CLUSTERS and (fitted.nested or not design.unit):
        drawn = wild_bootstrap(design.blocks, design.effects, fitted)
        found = replace(found, low=drawn.low, high=drawn.high, interval_by="wild bootstrap")
    return TwoWay(found, fitted.n, fitted.units, fitted.clusters, fitted.dropped, fitted)


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
    coefficient = design.coefficient(
        design.term, found.coef()["x0"], error, clusters,
        std_error_hc1=hc1, method=f"effects of {', '.join(effects)}",
    )  # fmt: skip
    named = zip(terms, design.terms, strict=True)
    dropped = tuple(name for term, name in named if term not in kept)
    return TwoWay(coefficient, int(found._N), int(frame["unit"].nunique()), clusters, dropped)


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


def lagged(design: Design, lags: int) -> tuple[tuple[Coefficient, ...], tuple[Coefficient, ...]]:
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

    def told(name: str, *columns: Array) -> tuple[Coefficient, ...]:
        return tuple(
            design.coefficient(
                name.format(design.term, k), value, error, fitted.clusters,
                std_error_hc1=float(hc1), method="lags", periods_after=k,
            )
            for k, (value, error, hc1) in enumerate(zip(*columns, strict=True))
        )  # fmt: skip

    own_errors = fitted.errors[own], fitted.errors_hc1[own]
    return (
        told("{}, {} after", fitted.coefficients[own], *own_errors),
        told("{}, sum up to {} after", sums, errors, errors_hc1),
    )


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
            moved = block.y[here] - block.y[here - 1]
            yield replace(block.at(here), y=moved, x=np.column_stack([*columns, controls]))

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
