"""The answer: what the change of duty adds to each commodity and category, under both margins."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.arguments import Array
from tariffimpact.costpush.accounts import Accounts
from tariffimpact.costpush.rate_change import RateChange
from tariffimpact.costpush.requirements import Requirements, Rule
from tariffimpact.errors import ModelError, require
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes


MARGINS: Final = ("constant_dollar", "constant_percent")
"""What stays the same of the margins between factory and shelf."""
Grouping = Literal["origin", "authority"]
_DRAWN: Final = 16
"""Categories drawn, those whose price rises most."""

_MAPPED: Final = 14
"""Categories of the map of inputs."""

SECTORS: Final[dict[str, str]] = {
    "11": "Farm and food",
    "21": "Mining and energy",
    "22": "Mining and energy",
    "311": "Farm and food",
    "312": "Farm and food",
    "313": "Textiles, leather",
    "314": "Textiles, leather",
    "315": "Textiles, leather",
    "316": "Textiles, leather",
    "321": "Wood, paper, furniture",
    "322": "Wood, paper, furniture",
    "323": "Wood, paper, furniture",
    "324": "Mining and energy",
    "325": "Chemical goods",
    "326": "Chemical goods",
    "327": "Metals, glass, stone",
    "331": "Metals, glass, stone",
    "332": "Metals, glass, stone",
    "333": "Machinery",
    "334": "Electronics",
    "335": "Electrical goods",
    "336": "Vehicle parts",
    "337": "Wood, paper, furniture",
    "339": "Other goods, services",
}
"""First digits of a commodity to the group under which inputs are drawn."""
_REST: Final = "Other goods, services"
_POWER: Final = "Mining and energy"
OWN: Final = "The good itself, imported"


def sector_of(commodity: str) -> str:
    """Return the group of inputs a commodity is drawn under.

    Examples
    --------
    >>> sector_of("331110"), sector_of("541100")
    ('Metals, glass, stone', 'Other goods, services')
    """
    return SECTORS.get(commodity[:3], SECTORS.get(commodity[:2], _REST))


@dataclass(frozen=True, slots=True)
class Margins:
    """A rise of price under the two margin rules, and the part of it that is direct; fractions."""

    constant_dollar: Interval
    """Margins above the factory stay the same in money: cost is passed on as it is."""
    constant_percent: Interval
    """They stay the same share of the price: cost is marked up at every stage."""
    direct_dollar: Interval
    """Of the first, what is duty on the imported good itself."""
    direct_percent: Interval

    def by_name(self) -> dict[str, Interval]:
        """Return the four by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def words(self) -> str:
        """Return the two rises side by side."""
        return (
            f"{units.percent(self.constant_dollar, 2)} with margins constant in dollars, "
            f"{units.percent(self.constant_percent, 2)} with margins constant in per cent"
        )


@dataclass(frozen=True, repr=False)
class CostPush(Answer):
    """What a change of duty adds to every commodity and category of consumption."""

    accounts: Accounts
    change: RateChange
    rule: Rule

    @cached_property
    def requirements(self) -> Requirements:
        """How a duty on one commodity reaches the cost of another."""
        return Requirements.of(self.accounts, self.rule)

    @cached_property
    def total(self) -> Margins:
        """The rise of the price of core goods."""
        return self._margins(self._core)

    @cached_property
    def all_consumption(self) -> Margins:
        """The rise of the price of everything consumers buy."""
        return self._margins(np.ones(len(self.accounts.categories), bool))

    @cached_property
    def commodities(self) -> pd.DataFrame:
        """One row a commodity: `commodity`, `name`, and fractions, each `_low` and `_high`.

        `change` of the rate; `cost`, the rise for its buyers at the factory or the port; `direct`
        of it on the good itself and `through_inputs` of it on what it is made of.
        """
        eye, reach = self._direct_reach, self.requirements.reach
        frame = self.accounts.commodities[["commodity", "name"]].copy()
        frame["change_low"], frame["change_high"] = self.change.low, self.change.high
        for name, by in (("cost", reach), ("direct", eye), ("through_inputs", reach - eye)):
            frame[f"{name}_low"], frame[f"{name}_high"] = self._ends(by)
        return frame

    @cached_property
    def categories(self) -> pd.DataFrame:
        """One row a category: `category`, `name`, `core_goods`, `spent` and fractions.

        `constant_dollar`, `constant_percent` and the `direct_dollar`, `direct_percent` in them,
        each `_low` and `_high`; the rest of a rise comes through inputs.
        """
        frame = self.accounts.categories.assign(spent=self._spent)
        for name, margin in zip(("dollar", "percent"), self._weights, strict=True):
            for word, reach in (
                ("constant", self.requirements.reach),
                ("direct", self._direct_reach),
            ):
                ends = self._ends(reach @ margin)
                frame[f"{word}_{name}_low"], frame[f"{word}_{name}_high"] = ends
        return frame

    def parts(self, by: Grouping) -> pd.DataFrame:
        """Return how much of the total comes from each origin or each authority.

        Parameters
        ----------
        by
            `origin` or `authority`.

        Returns
        -------
        DataFrame
            `origin` or `authority`, and `constant_dollar`, `constant_percent`, each `_low` and
            `_high`: fractions of the price of core goods; the largest first. They sum to the
            total where every change is exact.

        Raises
        ------
        ModelError
            If the change is not told in parts.
        """
        told = self.change.parts
        if told is None:
            raise ModelError(
                f"the change is not told by {by}: receipts by month are of all origins together; "
                "ask with --on and --before, or name them in --rates"
            )
        commodity, group = (told[name].astype("category").cat for name in ("commodity", by))
        places = np.array([self.accounts.places[code] for code in commodity.categories], np.int64)
        names, rows = list(group.categories), places[commodity.codes]
        shape = (len(self.accounts.codes), len(names))
        cells = rows * shape[1] + group.codes.to_numpy(np.int64)
        ends = [
            np.bincount(cells, told[end], shape[0] * shape[1]).astype(float).reshape(shape)
            for end in ("low", "high")
        ]
        frame = pd.DataFrame({by: names})
        for name, margin in zip(MARGINS, self._pooled(self._core), strict=True):
            both = self._span(self.requirements.reach @ margin, *ends)
            frame[f"{name}_low"], frame[f"{name}_high"] = both
        order = frame["constant_dollar_high"].abs().sort_values(ascending=False).index
        return frame.loc[order].reset_index(drop=True)

    def inputs(self, of: str) -> pd.DataFrame:
        """Return which inputs carry the duty into a commodity, or a category, and from where.

        Parameters
        ----------
        of
            A commodity or a category of the accounts.

        Returns
        -------
        DataFrame
            `commodity`, `name`, `origin` (blank where the change is not told by origin), `low` and
            `high`: what the duty on that input adds to the cost, or to the price with margins
            constant in dollars, fractions; the largest first. They sum to the rise.

        Raises
        ------
        ModelError
            If the accounts have no such commodity or category.
        """
        told = self.change.parts
        frame = self.accounts.commodities[["commodity", "name"]].assign(
            origin="", low=self.change.low, high=self.change.high
        )
        if told is not None:
            sums = told.groupby(["commodity", "origin"], as_index=False)[["low", "high"]].sum()
            frame = sums.merge(self.accounts.commodities[["commodity", "name"]], on="commodity")
        places = frame["commodity"].map(self.accounts.places).to_numpy()
        weight = (self._reach_of(of) * self.accounts.import_shares)[places]
        ends = frame[["low", "high"]].mul(weight, axis=0)
        frame = frame.assign(low=ends.min(axis=1), high=ends.max(axis=1))
        order = frame[["low", "high"]].abs().max(axis=1).sort_values(ascending=False).index
        return frame.loc[order, ["commodity", "name", "origin", "low", "high"]].reset_index(
            drop=True
        )

    def summary(self) -> str:
        """Return coverage first, then the rise of core goods under both margin rules."""
        return (
            f"{self.change.coverage.words()} {self.change.label}: the cost of tariffs adds to "
            f"core goods {self.total.words()}; to all consumption "
            f"{units.percent(self.all_consumption.constant_dollar, 2)} and "
            f"{units.percent(self.all_consumption.constant_percent, 2)}."
        )

    def headline(self) -> str:
        """Return the finding, as a chart of the categories carries it."""
        low, high = self.total.constant_dollar, self.total.constant_percent
        if self.falls:
            return (
                f"Lower tariffs take {units.percent(-low)} off core goods if margins hold in "
                f"dollars, {units.percent(-high)} if they hold in per cent"
            )
        return (
            f"Tariff costs add {units.percent(low)} to core goods if margins hold in dollars, "
            f"{units.percent(high)} if they hold in per cent"
        )

    @property
    def falls(self) -> bool:
        """Whether costs fall, as when duties are taken off."""
        return self.total.constant_percent.high <= 0

    def most_moved(self, count: int) -> pd.DataFrame:
        """Return the core goods that rise most, or fall most where costs fall."""
        goods = self.categories.query("core_goods")
        if self.falls:
            return goods.nsmallest(count, "constant_percent_low")
        return goods.nlargest(count, "constant_percent_high")

    def to_frame(self) -> pd.DataFrame:
        """Return the categories."""
        return self.categories

    def plot(self, ax: Axes | None = None, *, drawn: int = _DRAWN, credited: bool = True) -> Axes:
        """Draw the core goods that rise most, each as two dots, one for each margin rule."""
        from tariffimpact import charts

        return charts.margin_dots(
            self.most_moved(drawn), source=self.credit if credited else "", ax=ax
        )

    def plot_inputs(
        self, ax: Axes | None = None, *, drawn: int = _MAPPED, credited: bool = True
    ) -> Axes:
        """Draw through which inputs the duty reaches the categories that owe most to inputs."""
        from tariffimpact import charts

        source = self.credit if credited else ""
        return charts.input_map(self.mapped_inputs(drawn), own=OWN, source=source, ax=ax)

    def mapped_inputs(self, drawn: int = _MAPPED) -> pd.DataFrame:
        """Return what groups of inputs add to the price of the goods to which inputs add most.

        Returns
        -------
        DataFrame
            `category` (its name), `sector`, `value`: fraction of the price with margins constant
            in dollars, the middle of a range; the good itself apart from what it is made of.
        """
        middle = (self.change.low + self.change.high) / 2 * self.accounts.import_shares
        sectors = [sector_of(code) for code in self.accounts.codes]
        goods = [sector not in (_REST, _POWER) for sector in sectors]
        frame = self.categories
        through = (frame["constant_dollar_high"] - frame["direct_dollar_high"]).abs()
        rows = []
        for place in through[self._weights[1][goods].sum(axis=0) > 0.5].nlargest(drawn).index:
            bought, name = self._weights[0][:, place], str(frame["name"].iloc[place])
            inputs = (self.requirements.reach @ bought - bought) * middle
            rows.append((name, OWN, float(bought @ middle)))
            for sector, value in pd.Series(inputs).groupby(sectors).sum().items():
                rows.append((name, str(sector), float(value)))
        return pd.DataFrame(rows, columns=["category", "sector", "value"])

    def inputs_headline(self) -> str:
        """Return the finding of the map of inputs: its first row and what carries most of it."""
        frame = self.mapped_inputs(1)
        inputs = frame[frame["sector"] != OWN]
        top = inputs.iloc[int(inputs["value"].abs().argmax())]
        return (
            f"Through inputs, tariffs add {100 * float(inputs['value'].sum()):.1f} percentage "
            f"points to "
            f"{_lower(str(top['category']))}, most of it through {_lower(str(top['sector']))}"
        )

    def explain(self) -> str:
        """Return the answer with its rule, its formula, what is left out and its sources."""
        words = {
            "domestic": "Imported units carry their duty, home-made ones that of their inputs: "
            "p = m·Δτ + (1 − m)·A'p.",
            "total": "Imports are made with home inputs too, as published calculations often have "
            "it: P = L'(m·Δτ); higher than the other rule.",
        }
        lost = self.change.left_out.query("duty >= 0.0005 or imports >= 0.005").head(12)
        told = [
            f"  {row['code']}: {units.percent(row['duty'], 2)} of the duty, "
            f"{units.percent(row['imports'], 2)} of the imports; {row['reason']}"
            for row in lost.to_dict("records")
        ]
        return "\n".join(
            [
                self.summary(),
                self.change.how,
                words[self.rule],
                "A price rises by cost over price where margins stay the same in dollars, and by "
                "the rise of cost itself where they stay the same in per cent.",
                "This is an accounting of costs at full pass-through with unchanged inputs and "
                "origins: neither a forecast nor a measured effect.",
                *(["Reach no commodity:", *told] if told else []),
                f"Source: {self.credit}.",
            ]
        )

    @property
    def credit(self) -> str:
        """Who published what the answer rests on."""
        return self.change.credit

    def as_json(self) -> dict[str, Any]:
        """Return the answer as the command line prints it, coverage first, rates as fractions."""
        change = self.change
        answer: dict[str, Any] = {
            "coverage": {"imports": change.coverage.imports, "duty": change.coverage.duty},
            "total": self.total.by_name(),
            "all_consumption": self.all_consumption.by_name(),
            "change": change.label,
            "requirements": self.rule,
            "categories": [_row(row) for row in self.categories.to_dict("records")],
            "left_out": change.left_out.to_dict("records"),
            "source": self.credit,
        }
        if change.parts is not None:
            answer["by_origin"] = [_row(r) for r in self.parts("origin").to_dict("records")]
            answer["by_authority"] = [_row(r) for r in self.parts("authority").to_dict("records")]
        return answer

    @cached_property
    def _category_places(self) -> dict[str, int]:
        return {code: n for n, code in enumerate(self.accounts.categories["category"])}

    @cached_property
    def _values(self) -> tuple[Array, Array]:
        """Producers' and purchasers' value of each commodity (row) in each category (column)."""
        bridge = self.accounts.bridge
        rows = bridge["commodity"].map(self.accounts.places).to_numpy()
        columns = bridge["category"].map(self._category_places).to_numpy()
        found = []
        for name in ("producers_value", "purchasers_value"):
            values = np.zeros((len(self.accounts.codes), len(self._category_places)))
            np.add.at(values, (rows, columns), bridge[name].to_numpy(np.float64))
            found.append(values)
        return found[0], found[1]

    @cached_property
    def _spent(self) -> Array:
        return np.asarray(self._values[1].sum(axis=0))

    @cached_property
    def _weights(self) -> tuple[Array, Array]:
        """Share of a category's price that is each commodity: at the factory, at the shelf."""
        producers, purchasers = self._values
        return producers / self._spent, purchasers / self._spent

    @property
    def _core(self) -> NDArray[np.bool_]:
        return self.accounts.categories["core_goods"].to_numpy(bool)

    @cached_property
    def _direct_reach(self) -> Array:
        """The reach of a duty on the good itself alone."""
        return np.eye(len(self.accounts.codes))

    def _pooled(self, chosen: NDArray[np.bool_]) -> tuple[Array, Array]:
        """Return the same shares of the price of several categories together."""
        spent = float(self._spent[chosen].sum())
        require(spent > 0, "no category is of core goods; mark some in categories.csv")
        producers, purchasers = self._values
        return producers[:, chosen].sum(axis=1) / spent, purchasers[:, chosen].sum(axis=1) / spent

    def _margins(self, chosen: NDArray[np.bool_]) -> Margins:
        found = []
        for weights in self._pooled(chosen):
            for reach in (self.requirements.reach @ weights, weights):
                low, high = self._ends(reach)
                found.append(Interval(float(low), float(high)))
        dollar, direct_dollar, percent, direct_percent = found
        return Margins(dollar, percent, direct_dollar, direct_percent)

    def _ends(self, reach: Array) -> tuple[Any, Any]:
        return self._span(reach, self.change.low, self.change.high)

    def _span(self, reach: Array, low: Array, high: Array) -> tuple[Any, Any]:
        """Return the least and the most that a linear reach makes of duties within two ends.

        Exact: each duty stands at the end that its own weight asks for, also where the weight is
        negative (by-products).
        """
        middle = self.requirements.direct((low + high) / 2)
        spread = self.requirements.direct((high - low) / 2)
        centre, half = reach.T @ middle, np.abs(reach).T @ spread
        return centre - half, centre + half

    def _reach_of(self, of: str) -> Array:
        """Return what a dollar of duty on each commodity costs the buyers of one, or of a category.

        A code that is both is taken as the commodity.
        """
        if of in self.accounts.places:
            return np.asarray(self.requirements.reach[:, self.accounts.places[of]])
        if of in self._category_places:
            bought = self._weights[0][:, self._category_places[of]]
            return np.asarray(self.requirements.reach @ bought)
        raise ModelError(
            f"the accounts have no commodity or category {of!r}; use a code such as "
            f"{self.accounts.codes[0]}, or a category such as "
            f"{self.accounts.categories['category'].iloc[0]}"
        )


def cost_push(
    accounts: Accounts, change: RateChange, *, requirements: Rule = "domestic"
) -> CostPush:
    """Return what a change of duty adds to every commodity and category.

    Parameters
    ----------
    accounts
        Input-output accounts.
    change
        The change of the rate of duty on each commodity.
    requirements
        `domestic`: home-made units alone are made with home inputs; `total`: imported ones too.

    Returns
    -------
    CostPush
        Both margin rules, direct and through inputs.

    Raises
    ------
    ModelError
        If the change is not on these accounts' commodities.
    """
    require(
        len(change.low) == len(accounts.codes),
        f"the change is on {len(change.low)} commodities, the accounts have {len(accounts.codes)}; "
        "take both from the same folder",
    )
    return CostPush(accounts, change, requirements)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _row(row: dict[Any, Any]) -> dict[str, Any]:
    """Return a row with each pair of `_low` and `_high` as one interval."""
    told: dict[str, Any] = {}
    for key, value in row.items():
        name, _, end = str(key).rpartition("_")
        if end == "low":
            told[name] = Interval.of_row(row, name)
        elif end != "high":
            told[str(key)] = value
    return told
