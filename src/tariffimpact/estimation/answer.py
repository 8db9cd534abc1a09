"""What an estimate from a panel says: the groups first, then the numbers, then the verdicts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.errors import ModelError
from tariffimpact.estimation.definitions import MEANINGS, Coefficient
from tariffimpact.estimation.groups import Group, PriceIndex, first_line, from_controls
from tariffimpact.estimation.synthetic import SyntheticControl
from tariffimpact.interval import Interval, Quantity
from tariffimpact.passthrough import PassThroughBounds, pass_through_bounds

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from tariffimpact.charts.axes import Form

_PERCENT: Final = ("log_change", "percent_change")
_COLUMNS: Final = [
    "term", "method", "periods_after", "estimate", "std_error", "std_error_hc1", "low", "high",
    "definition", "interval_by",
]  # fmt: skip
ENDS: Final = "ends of the rates"
"""Where an interval comes from that spans the estimates at both ends of open rates."""


@dataclass(frozen=True, slots=True)
class Placebos:
    """The same estimate where nothing happened."""

    dates: Mapping[str, float] = field(default_factory=dict)
    """False date to coefficient, from the periods before the true one."""
    groups: tuple[float, ...] = ()
    """The true difference of mean changes, then one for each group drawn by chance."""
    left_out: Mapping[str, float] = field(default_factory=dict)
    """Cluster to the coefficient without it, the heaviest first."""

    @property
    def p_value(self) -> float:
        """Share of the groups drawn by chance whose difference is as large; NaN without any."""
        if not self.groups:
            return math.nan
        true = abs(self.groups[0])
        return sum(abs(value) >= true - 1e-15 for value in self.groups) / len(self.groups)


@dataclass(frozen=True, slots=True, repr=False)
class Estimation(Answer):
    """What a panel of prices says about a tariff, the groups' own moves before any coefficient."""

    name: str
    """The panel."""
    groups: tuple[Group, ...]
    estimates: tuple[Coefficient, ...]
    n: int
    """Rows used."""
    units: int
    clusters: int
    verdicts: tuple[str, ...]
    labels: tuple[str, ...]
    """The periods."""
    start: int
    """Place of the first treated period."""
    indices: tuple[PriceIndex, ...] = ()
    event: tuple[Coefficient, ...] = ()
    """Effects by period around the event."""
    lags: tuple[Coefficient, ...] = ()
    cumulative: tuple[Coefficient, ...] = ()
    """Running sums of the lags."""
    synthetic: SyntheticControl | None = None
    placebos: Placebos = field(default_factory=Placebos)
    notes: tuple[str, ...] = ()
    """How the panel was read, and what was left out."""

    @property
    def short_name(self) -> str:
        """The panel without its folder."""
        return Path(self.name).name

    @property
    def subject(self) -> str:
        """The panel without its folder and the endings of its file."""
        return self.short_name.partition(".")[0] or self.short_name

    @property
    def first_line(self) -> str:
        """What each group did."""
        return first_line(self.groups)

    @property
    def difference_from_controls(self) -> bool:
        """Whether it is the untreated that moved, and the treated hardly did."""
        return from_controls(self.groups)

    @property
    def main(self) -> Coefficient:
        """The first estimate."""
        return self.estimates[0]

    def summary(self) -> str:
        """Return what each group did, then the first estimate."""
        return f"{self.first_line} {told(self.main)}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per estimate, also around the event and by lag."""
        import pandas as pd

        every = (*self.estimates, *self.event, *self.lags, *self.cumulative)
        frame = pd.DataFrame([one.record() for one in every], columns=_COLUMNS)
        return frame.astype({"periods_after": "Int64"})

    def groups_frame(self) -> pd.DataFrame:
        """Return one row per group: its own change, and what moved at all; shares are fractions."""
        import pandas as pd

        return pd.DataFrame([asdict(group) for group in self.groups]).drop(columns="signed")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the groups' own paths, before any coefficient."""
        from tariffimpact import charts

        form: Form = "percent" if self.synthetic is None else "ratio"
        return charts.group_paths(
            self.paths_frame(),
            event=self.labels[self.start],
            form=form,
            source=self.short_name,
            ax=ax,
        )

    def paths_frame(self) -> pd.DataFrame:
        """Return each group's path: `group`, `time`, `place`, `value`.

        The value is the change of the matched-model index since just before the event, a fraction;
        with a synthetic control it is the outcome itself, of the treated and of the synthetic.

        Raises
        ------
        ModelError
            If prices may be below 0, so that no index exists.
        """
        import pandas as pd

        if self.synthetic is not None:
            one = self.synthetic
            values = {self.groups[0].name: one.treated, "synthetic": one.synthetic}
        elif self.indices:
            values = {one.group: one.since(self.start - 1) for one in self.indices}
        else:
            raise ModelError("prices of 0 or below have no index; give the prices themselves")
        every = range(len(self.labels))
        parts = [
            pd.DataFrame({"group": name, "time": self.labels, "place": every, "value": path})
            for name, path in values.items()
        ]
        return pd.concat(parts, ignore_index=True)

    def explain(self) -> str:
        """Return the groups, every estimate with its definition, the verdicts and the notes."""
        lines = [self.first_line]
        lines += [f"  {_group_line(group)}" for group in self.groups]
        lines += [told(one) for one in self.estimates]
        lines += [f"{self.n:,} prices of {self.units:,} units in {self.clusters:,} clusters."]
        lines += [f"- {verdict}" for verdict in self.verdicts]
        lines += [f"  {note}" for note in self.notes]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain values: fractions, and null where nothing is known."""
        estimates = [_record(one) for one in self.estimates]
        answer: dict[str, Any] = {
            "summary": self.summary(),
            "groups": self.groups_frame().to_dict("records"),
            "estimates": estimates,
            "n": self.n,
            "units": self.units,
            "clusters": self.clusters,
            "verdicts": list(self.verdicts),
            "notes": list(self.notes),
        }
        for name in ("event", "lags", "cumulative"):
            if rows := getattr(self, name):
                answer[name] = [_record(one) for one in rows]
        if self.synthetic is not None:
            one = self.synthetic
            answer["weights"] = one.weighted()
            answer["gaps"] = dict(zip(one.labels, map(float, one.gaps), strict=True))
            answer["fit_error"], answer["p_value"] = one.fit_error, one.p_value
        placebos = self.placebos
        if placebos.dates or placebos.groups or placebos.left_out:
            answer["placebos"] = {
                "dates": dict(placebos.dates),
                "groups_p_value": placebos.p_value,
                "without_cluster": dict(placebos.left_out),
            }
        return answer

    def counterfactual(self) -> Interval:
        """Return what the treated group's price would have done without the treatment.

        Its own change less the effect, over the interval of the effect: a range for
        `pass_through_bounds`.

        Raises
        ------
        ModelError
            If the estimate is not a change of price of a group.
        """
        effect = self._effect()
        own = self.groups[0].change
        return Interval(own - effect.high, own - effect.low)

    def bounds(
        self,
        *,
        customs_share: Quantity,
        tariff_change: Quantity,
        dutiable_share: Quantity = 1.0,
        price: float = 100.0,
        currency: str = "USD",
    ) -> PassThroughBounds:
        """Return the set of pass-through rates that the estimate leaves open.

        Parameters
        ----------
        customs_share
            Customs value as a share of the old price.
        tariff_change
            Change of the ad valorem rate that the treated group met, a fraction; below 0 for a cut.
        dutiable_share
            Share of the customs value that the rate bears on.
        price, currency
            An old price to speak of; the set does not depend on it.
        """
        own = self.groups[0].change
        return pass_through_bounds(
            old_price=price,
            new_price=price * (1 + own),
            counterfactual_change=self.counterfactual(),
            tariff_change=tariff_change,
            customs_share=customs_share,
            dutiable_share=dutiable_share,
            currency=currency,
        )

    def _effect(self) -> Interval:
        """Return the effect on the price, a fraction, as an interval."""
        first = {one.definition: one for one in reversed(self.estimates)}
        if "percent_change" in first:
            return first["percent_change"].interval
        if "log_change" in first:
            change = first["log_change"]
            return Interval(math.expm1(change.low), math.expm1(change.high))
        raise ModelError(
            f"a {self.main.definition} is already a pass-through; a counterfactual comes from the "
            "change of a group"
        )


def _record(one: Coefficient) -> dict[str, Any]:
    return {key: value for key, value in one.record().items() if value is not None}


def worded(one: Coefficient, digits: int = 4) -> str:
    """Return the interval of an estimate, changes of price in percent."""
    return f"{_number(one, one.low, digits)} to {_number(one, one.high, digits)}"


def _number(one: Coefficient, value: float, digits: int = 4) -> str:
    if not math.isfinite(value):
        return "no end"
    scale, sign = (100.0, "%") if one.definition in _PERCENT else (1.0, "")
    return units.ratio(scale * value, digits) + sign


def told(one: Coefficient) -> str:
    """Return an estimate as a sentence: the range first, the definition named."""
    scale = 100.0 if one.definition in _PERCENT else 1.0
    by = {
        "wild bootstrap": ", wild bootstrap",
        "placebos": ", spread of placebos",
        "jackknife": ", each cluster left out in turn",
        ENDS: ", over both ends of the rates",
    }
    if one.interval_by in ("conversion", ENDS):
        error = ""
    else:
        spread = units.ratio(scale * one.std_error, 4)
        error = f"; estimate {_number(one, one.estimate)}, standard error {spread}"
        if math.isfinite(one.std_error_hc1):
            error += f", {units.ratio(scale * one.std_error_hc1, 4)} row by row (HC1)"
    definition = one.definition.replace("_", " ")
    return (
        f"{one.term}: {worded(one)} ({one.method}"
        f"{by.get(one.interval_by, '')}), {definition}: {MEANINGS[one.definition]}{error}."
    )


def _group_line(group: Group) -> str:
    words = [
        f"{group.name}: {group.worded(group.change)} since each unit's first price",
        f"{group.worded(group.change_after)} since the last period before",
        f"{units.percent(group.share_changed, 0)} of {group.units:,} ever changed price",
        f"{group.periods_before:,} {'period' if group.periods_before == 1 else 'periods'} before",
    ]
    if not group.signed and not math.isnan(group.index_change):
        words.append(
            f"matched-model index {group.worded(group.index_change)}, its chain drifts by "
            f"{group.worded(group.index_drift)}"
        )
    for count, what in (
        (group.entered, "entered later"),
        (group.left, "left before the end"),
        (group.resized, "changed size"),
    ):
        if count:
            words.append(f"{count:,} {what}")
    if group.gaps > 0.0005:
        words.append(f"{units.percent(group.gaps)} of prices missing in between")
    return "; ".join(words) + "."
