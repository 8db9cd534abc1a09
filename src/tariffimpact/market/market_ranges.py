"""A tariff in a market known up to ranges: the span of answers over the box, by search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, get_args

import numpy as np

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.arguments import check_rate, checked
from tariffimpact.errors import ModelError, NoEquilibrium, require
from tariffimpact.interval import Interval
from tariffimpact.market.calibration import calibrate
from tariffimpact.market.changes import Equilibrium, burden
from tariffimpact.market.conduct import Conduct
from tariffimpact.market.demand_systems import UNSOLD, Array, Flags, refuse_unknown
from tariffimpact.market.fit import DemandName, bars, framed
from tariffimpact.market.many_markets import calibrate_each
from tariffimpact.market.policy import Duties, Reading
from tariffimpact.market.product_table import ProductTable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_SEED = 20250821
_PASSES, _SLOW_PASSES = 6, 2
"""Rounds of the ascent over corners: where markets are solved at once, and where one by one."""
_EVEN = 1e-9
"""Rise of a target, over its size, below which an ascent stops."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MarketRange(Answer):
    """What a duty does over every point of the ranges that was tried and has an equilibrium."""

    products: tuple[str, ...]
    firms: tuple[str, ...]
    prices: Array
    """Prices before at the middle of the ranges, money, shape (J,)."""
    ends: Mapping[tuple[str, str], tuple[float, float]]
    """Lowest and highest answer by measure and of what: change of `price` (money), `pass-through`
    (change of price over change of duty per unit; NaN where untaxed) and change of `units` (a
    fraction) by product; change of `profit` by firm, a fraction; `duty revenue`, `consumer loss`
    and `national welfare` over what buyers paid before. With `units_sold` units and money."""
    spread: Mapping[tuple[str, str], tuple[float, float, float]]
    """5%, median and 95% of each measure where every value in its range is as likely; empty unless
    draws were asked for."""
    points: int
    """Random points of the box tried, half of them corners."""
    refused: int
    """Of those, at which the inputs contradict one another or no equilibrium exists."""
    searched: int = 0
    """Further points tried on the way from the best of them over the corners."""
    together: tuple[str, ...] = ()
    """Columns whose ranges move together over all products."""
    unread: str = ""
    """What of the table was not read."""
    unlikely: str = ""
    """What is said of the market at the middle of all ranges if it misses margins."""
    currency: str = "USD"
    units_sold: bool = False
    """Whether changes of units are in units, and the others in money."""

    @property
    def low(self) -> Array:
        """Smallest change of the shelf price found, money, shape (J,)."""
        return np.array([self.ends["price", name][0] for name in self.products])

    @property
    def high(self) -> Array:
        """Largest change of the shelf price found, money, shape (J,)."""
        return np.array([self.ends["price", name][1] for name in self.products])

    def summary(self) -> str:
        """Return each product's range in a sentence."""
        spans = [
            f"{name} {units.money(Interval(float(a), float(b)), self.currency, 2)}"
            for name, a, b in zip(self.products, self.low, self.high, strict=True)
        ]
        told = f"If rivals respond, shelf prices change by: {'; '.join(spans)}."
        if self.refused:
            told += (
                f" {units.count(self.points - self.refused)} of {units.count(self.points)} points "
                "of the ranges have an answer; the range is theirs."
            )
        return f"{told} {self.unlikely}".rstrip()

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product: changes of price, money, and pass-through, low and high."""
        columns: dict[str, object] = {"product": self.products, "firm": self.firms,
                                      "price": self.prices}  # fmt: skip
        for measure, told in (("price", "price_change"), ("pass-through", "pass_through"),
                              ("units", "units_change")):  # fmt: skip
            for side, end in enumerate(("low", "high")):
                columns[f"{told}_{end}"] = [self.ends[measure, of][side] for of in self.products]
        return framed(columns)

    def to_table(self) -> pd.DataFrame:
        """Return every measure, one row each: `measure`, `of`, `unit`, `low`, `high`.

        Price changes in money; changes of units and profit, and duty revenue, consumer loss and
        national welfare over what buyers paid before, as fractions, or with `units_sold` in units
        and money. With draws, `p05`, `median` and `p95` too.
        """
        import pandas as pd

        loose = {"price": self.currency, "units": "change", "profit": "change"}
        rows: list[dict[str, object]] = []
        for key, (low, high) in self.ends.items():
            if key[0] == "pass-through":
                continue
            unit = loose.get(key[0], "of outlay before")
            if self.units_sold:
                unit = "units" if key[0] == "units" else self.currency
            row: dict[str, object] = {"measure": key[0], "of": key[1], "unit": unit, "low": low,
                                      "high": high}  # fmt: skip
            if key in self.spread:
                row |= dict(zip(("p05", "median", "p95"), self.spread[key], strict=True))
            rows.append(row)
        return pd.DataFrame(rows)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each product's range of price changes, money."""
        return bars(self.products, self.low, self.high, ax, form="money", currency=self.currency,
                    x_label="change of shelf price")  # fmt: skip

    def explain(self) -> str:
        """Return how the range was found and what it is conditional on."""
        if self.points == 1:
            return (
                "No input is a range: one market, calibrated to its prices, sales and margins and "
                "solved before and after."
            )
        tied = (
            f" The ranges of {units.listed(self.together)} move together over all products."
            if self.together
            else " Every range varies by itself."
        )
        return (
            f"Found by search: {units.count(self.points)} points of the ranges, half of them "
            f"corners, {units.count(self.refused)} of them refused (inputs that contradict one "
            "another, or no equilibrium), then corner after corner from the best of them for each "
            f"end, {units.count(self.searched)} points more.{tied} The true range over the box may "
            "be a little wider. Each point is a market calibrated to its prices, sales and "
            f"margins, solved before and after.{self.unread}"
        )


def impose_range(
    table: ProductTable,
    *,
    outside_share: Interval,
    ad_valorem: float,
    where: Mapping[str, str],
    specific: float = 0.0,
    demand: DemandName = "logit",
    reading: Reading = "customs_value",
    conduct: Conduct = "bertrand",
    fixed: Mapping[str, float] | None = None,
    points: int = 200,
    together: Sequence[str] = (),
    home: Sequence[str] | None = None,
    draws: int = 0,
    units_sold: bool = False,
    currency: str = "USD",
) -> MarketRange:
    """Return the range of what happens when duties rise on the chosen products.

    `ad_valorem` (fraction of customs value) and `specific` (money per unit) are added to the
    duties in force on products with the text `where` asks for; the rest is as in `calibrate`.

    The ends are the lowest and highest answers **reached**: first over `points` of the box, half
    corners, half inside, the same ones every time; then, for each end of each answer, by changing
    one input after the other to its other end while that moves the answer on. Answers need not be
    monotone in the inputs, so the true range may be a little wider. Where no input is a range one
    market is solved.

    Parameters
    ----------
    together
        Columns whose ranges move together over all products, as `customs_share` if one share is
        known for all of them up to a range. By default every cell varies by itself.
    home
        Firms at home: adds their part to national welfare.
    draws
        Points drawn inside the ranges, every value as likely as any other, of which the 5%, 50%
        and 95% points are reported beside the range.
    units_sold
        Whether the column `quantity` holds units, and not parts of them: changes of units are then
        in units, and those of profit, duty revenue and welfare in money.

    Raises
    ------
    ModelError
        If an argument is out of range, or no point of the ranges has an equilibrium.
    """
    chosen = table.where(where)
    check_rate("ad_valorem", ad_valorem)
    checked("ad_valorem", ad_valorem, at_least=0, remedy="a cut is for Market.impose")
    checked("specific", specific, at_least=0, remedy="give money per unit")
    require(points > 0, f"points: at least one (got {points})")
    for name, given, known in (("demand", demand, DemandName), ("reading", reading, Reading),
                               ("conduct", conduct, Conduct)):  # fmt: skip
        refuse_unknown(name, [given], get_args(known))
    refuse_unknown("together", together, table.low)
    refuse_unknown("home", home or (), table.labels["firm"], UNSOLD)
    options = {"demand": demand, "reading": reading, "conduct": conduct, "fixed": fixed}
    levied = (np.where(chosen, ad_valorem, 0.0), np.where(chosen, specific, 0.0))
    require(
        not units_sold or "quantity" in table.low,
        "units_sold: the table has shares; give the units sold in a column quantity",
    )
    ask = _Question.of(table, outside_share, together, levied, home, units_sold, options)
    rng = np.random.default_rng(_SEED)
    if not ask.cells:
        points, draws = 1, 0
    start = rng.random((points, len(ask.cells)))
    start[::2] = rng.integers(0, 2, start[::2].shape)
    values, told = ask.answers(start)
    refused = int(np.isnan(values[:, 0]).sum())
    if refused == points:
        every = "" if points == 1 else "no point of the ranges has an equilibrium; the last said: "
        raise NoEquilibrium(every + told)
    values = _ascended(ask, start, values) if ask.cells else values
    searched = len(values) - points
    spread: dict[tuple[str, str], tuple[float, float, float]] = {}
    if draws:
        drawn, _ = ask.answers(rng.random((draws, len(ask.cells))))
        values = np.concatenate([values, drawn])
        solved = drawn[np.isfinite(drawn[:, 0])]
        if len(solved):
            quantiles = np.quantile(solved, [0.05, 0.5, 0.95], axis=0)
            spread = dict(zip(ask.names, zip(*quantiles.tolist(), strict=True), strict=True))
    low, high = (join.reduce(values, axis=0).tolist() for join in (np.fmin, np.fmax))
    return MarketRange(
        products=table.labels["product"], firms=table.labels["firm"],
        prices=(table.low["price"] + table.high["price"]) / 2,
        ends=dict(zip(ask.names, zip(low, high, strict=True), strict=True)), spread=spread,
        points=points, refused=refused, searched=searched, together=tuple(together),
        currency=currency, units_sold=units_sold, unlikely=ask.unlikely(),
        unread=" The column customs_share is not read: the duty falls on the border price."
        if reading == "border_price" and "customs_share" in table.low else "",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Question:
    """A rise of duties on a table of ranges, asked at points of the box of all that is a range."""

    table: ProductTable
    outside: Interval
    cells: Sequence[tuple[str, Flags]]
    """Column and products whose cells each coordinate moves; blank for the outside share."""
    levied: tuple[Array, Array]
    home: Sequence[str] | None
    units_sold: bool
    options: Mapping[str, object]

    @classmethod
    def of(
        cls, table: ProductTable, outside: Interval, together: Sequence[str], *told: Any
    ) -> Self:
        cells: list[tuple[str, Flags]] = []
        each = np.arange(len(table.labels["product"]))
        for name in table.low:
            wide = table.low[name] < table.high[name]
            if name in together and wide.any():
                cells.append((name, wide))
            else:
                cells.extend((name, each == j) for j in np.flatnonzero(wide))
        if not outside.is_exact:
            cells.append(("", each >= 0))
        return cls(table, outside, cells, *told)

    def values(self, at: Array) -> tuple[dict[str, Array], Array]:
        """Return each column at points of the box, shape (N, J), and outside shares, (N,)."""
        low, high, count = self.table.low, self.table.high, len(self.table.labels["product"])
        part = {name: np.zeros((len(at), count)) for name in (*low, "")}
        for column, (name, flags) in enumerate(self.cells):
            part[name][:, flags] = at[:, column, None]
        full = {name: low[name] + part[name] * (high[name] - low[name]) for name in low}
        return full, self.outside.low + part[""][:, 0] * (self.outside.high - self.outside.low)

    @property
    def names(self) -> list[tuple[str, str]]:
        """Measure and of what, of each answer."""
        labels = self.table.labels
        told = [(measure, name) for measure in ("price", "pass-through", "units")
                for name in labels["product"]]  # fmt: skip
        told += [("profit", firm) for firm in dict.fromkeys(labels["firm"])]
        whole = ("duty revenue", "consumer loss", "national welfare")
        return told + [(name, "market") for name in whole[: 2 if self.home is None else 3]]

    @property
    def quick(self) -> bool:
        """Whether all points can be solved at once."""
        told = self.options
        nested = "nest" in self.table.labels
        return (
            told["demand"] in ("logit", "ces") and not nested and not told["fixed"]
            and told["reading"] == "customs_value" and told["conduct"] == "bertrand"
            and bool(np.isfinite(self.table.low["margin"]).any()) and self.outside.low > 0
        )  # fmt: skip

    def unlikely(self) -> str:
        """Return what the market at the middle of all ranges says of margins it misses."""
        outside = (self.outside.low + self.outside.high) / 2
        try:
            fit = self.table.market(outside_share=outside, **self.options).fit  # type: ignore[arg-type]
        except NoEquilibrium:
            return ""
        return fit.warning() if fit is not None and fit.poor else ""

    def answers(self, at: Array) -> tuple[Array, str]:
        """Return the answers at points of the box, NaN where there is none, and the last reason."""
        if not self.quick:
            return self._one_by_one(at)
        values = self._at_once(at)
        left = np.flatnonzero(np.isnan(values[:, 0]))[-1:]
        told = (
            self._one_by_one(at[left])[1] or "a margin is above what these prices and sales allow"
        )
        return values, told if left.size else ""

    def _at_once(self, at: Array) -> Array:
        full, outside = self.values(at)
        price, ces = full["price"], self.options["demand"] == "ces"
        sold = full["quantity"] if "quantity" in full else full["share"]
        if "share" in full and ces:
            sold = sold / price
        known = calibrate_each(
            prices=price, quantities=sold, outside_share=outside[:, None], margins=full["margin"],
            firms=np.array(self.table.labels["firm"]), rate=full["ad_valorem"],
            specific=full["specific"], demand="ces" if ces else "logit",
            customs_value=full["customs_share"] * price if "customs_share" in full else None,
        )  # fmt: skip
        states, sums, size = [], [], np.ones((len(at), 1))
        if self.units_sold:  # what a potential buyer (CES: a dollar of outlay) is multiplied by
            weight = sold * price if ces else sold
            size = weight.sum(axis=1, keepdims=True) / (1 - outside[:, None])
        for extra in (0, 1):
            rate = full["ad_valorem"] + extra * self.levied[0]
            specific = full["specific"] + extra * self.levied[1]
            states.append(now := known.impose(rate, specific))
            duty = rate * known.customs_value + specific
            sums.append((now.prices, size * now.quantities, size * now.profit, duty))
        good = (known.solved & states[0].solved & states[1].solved)[:, 0]
        values = self._measured(sums, (size * states[1].consumer_loss(states[0]))[:, 0])
        return np.where(good[:, None], values, np.nan)

    def _measured(self, sums: Sequence[tuple[Array, Array, Array, Array]], loss: Array) -> Array:
        """Return the answers from prices, units, profit and duty before and after, (N, J) each."""
        (p0, q0, profit0, d0), (p1, q1, profit1, d1) = sums
        firms = self.table.labels["firm"]
        mine = np.array([[f == name for name in dict.fromkeys(firms)] for f in firms], dtype=float)
        with np.errstate(all="ignore"):
            before = q0, profit0 @ mine, (p0 * q0).sum(axis=1)
            units, earned, paid = (1.0, 1.0, 1.0) if self.units_sold else before
            revenue = (d1 * q1).sum(axis=1) - (d0 * q0).sum(axis=1)
            parts = [p1 - p0, burden(p1 - p0, d1 - d0, p0), (q1 - q0) / units,
                     (profit1 - profit0) @ mine / earned]  # fmt: skip
            whole = [revenue / paid, loss / paid]
            if self.home is not None:
                ours = np.array([firm in self.home for firm in firms])
                gain = (profit1 - profit0)[:, ours].sum(axis=1)
                whole.append((gain + revenue - loss) / paid)
        return np.asarray(np.concatenate([*parts, np.stack(whole, axis=1)], axis=1))

    def _alone(self, at: Array) -> Array:
        full, outside = self.values(at[None])
        table = replace(self.table, low={n: x[0] for n, x in full.items()},
                        high={n: x[0] for n, x in full.items()})  # fmt: skip
        market = table.market(outside_share=float(outside[0]), **self.options)  # type: ignore[arg-type]
        now = market.duties.sized(market.products)
        result = market.impose(Duties(now.rate + self.levied[0], now.specific + self.levied[1]))
        sums = [(s.prices[None], s.quantities[None], s.profit[None], s.duty[None])
                for s in (result.before, result.after)]  # fmt: skip
        return np.asarray(self._measured(sums, np.array([result.consumer_loss]))[0])

    def _one_by_one(self, at: Array) -> tuple[Array, str]:
        values, told = np.full((len(at), len(self.names)), np.nan), ""
        for row, point in enumerate(at):
            try:
                values[row] = self._alone(point)
            except NoEquilibrium as error:
                told = str(error)
        return values, told


def _ascended(ask: _Question, at: Array, values: Array) -> Array:
    """Return the answers so far and those of ascents over the corners, shape (N, A).

    From the best point so far of each end, every coordinate is moved to either of its ends; then
    all moves that help are made together.
    """
    most = values.shape[1] if ask.quick else len(ask.table.labels["product"])  # prices only

    def ends(some: Array) -> Array:
        both = np.concatenate([some[:, :most], -some[:, :most]], axis=1)
        return np.where(np.isfinite(both), both, -np.inf)

    known, count = ends(values), at.shape[1]
    least = np.where(np.isfinite(known), known, np.inf).min(axis=0)
    left = np.flatnonzero(known.max(axis=0) > least)
    for _ in range(_PASSES if ask.quick else _SLOW_PASSES):
        if not left.size:
            break
        best, lead = at[known[:, left].argmax(axis=0)], known[:, left].max(axis=0)
        flips = np.repeat(best, 2 * count, axis=0).reshape(left.size, count, 2, count)
        flips[:, np.arange(count), :, np.arange(count)] = [0.0, 1.0]
        tried, _ = ask.answers(flips.reshape(-1, count))
        gain = ends(tried).reshape(left.size, count, 2, -1)
        gain = np.take_along_axis(gain, left[:, None, None, None], axis=3)[..., 0]
        helps = gain.max(axis=2) > lead[:, None]
        joint = np.where(helps, gain.argmax(axis=2), best)
        jointly, _ = ask.answers(joint)
        at = np.concatenate([at, flips.reshape(-1, count), joint])
        values = np.concatenate([values, tried, jointly])
        known = ends(values)
        left = left[known[:, left].max(axis=0) > lead + _EVEN * np.abs(lead)]
    return values


def market_model(
    measure: str,
    *,
    duties: Duties,
    of: str | None = None,
    home: Sequence[str] | None = None,
    **observed: Any,
) -> Callable[..., float]:
    """Return one answer of a market as a function of what is not known of it.

    For `uncertainty.bounds`, `draws` and the other methods: the function calibrates and solves the
    market at the values it is given by name:

    * ``outside_share``, ``market_elasticity``, ``size``;
    * ``price_coefficient``, ``elasticity``, ``nesting``, ``slope``: parameters of demand;
    * ``margin:a``, the margin of product a;
    * ``stake:f:g``, the weight that firm f puts on the profit of firm g.

    Parameters
    ----------
    measure
        `price`, `price_change`, `units`, `share` or `profit` of the product or (profit) firm `of`;
        `duty_revenue`, `consumer_loss` or `national_welfare` (needs `home`), changes, money.
    duties
        The duties after.
    observed
        The arguments of `calibrate` that are known.

    Examples
    --------
    >>> from tariffimpact.uncertainty import bounds
    >>> model = market_model("price_change", of="a", duties=Duties({"a": 0.25}),
    ...                      products=["a", "b"], firms=["f", "g"], prices=[100.0, 100.0],
    ...                      quantities=[3.0, 3.0], outside_share=0.5)
    >>> found = bounds(model, {"margin:a": Interval(0.35, 0.45)})
    >>> print(f"{found.low:.2f} to {found.high:.2f}")
    10.75 to 12.91
    """
    refuse_unknown("measure", [measure], _ASKED)
    whole = measure in _ASKED[5:]
    require(whole or of is not None, f"of: say which product or firm the {measure} is of")

    def answer(**values: float) -> float:
        market = calibrate(**_observed(observed, {k: float(x) for k, x in values.items()}))
        result = market.impose(duties)
        if whole:
            return _money(result, measure, home)
        states = [result.after] if measure != "price_change" else [result.after, result.before]
        labels = market.products if measure != "profit" or of in market.products else market.firms
        refuse_unknown("of", [of], labels)
        mine = np.array([name == of for name in labels])
        kind = {"price": "prices", "price_change": "prices", "units": "quantities",
                "share": "shares"}.get(measure, measure)  # fmt: skip
        new, *old = [float(getattr(state, kind)[mine].sum()) for state in states]
        return new - sum(old)

    return answer


_ASKED = ("price", "price_change", "units", "share", "profit", "duty_revenue", "consumer_loss",
          "national_welfare")  # fmt: skip


def _money(result: Equilibrium, measure: str, home: Sequence[str] | None) -> float:
    ledger = result.ledger(home)
    if measure == "national_welfare":
        require(home, "home: national welfare needs the firms at home")
        return ledger.national
    return -ledger.consumers if measure == "consumer_loss" else ledger.duty_revenue


def _observed(known: Mapping[str, Any], values: Mapping[str, float]) -> dict[str, Any]:
    """Return the arguments of `calibrate` with values put in their places."""
    told = dict(known)
    for name, value in values.items():
        kind, _, rest = name.partition(":")
        if name in ("outside_share", "market_elasticity", "size"):
            told[name] = value
        elif name in ("price_coefficient", "elasticity", "nesting", "slope"):
            told["fixed"] = {**(told.get("fixed") or {}), name: value}
        elif kind == "margin" and rest:
            told["margins"] = {**(told.get("margins") or {}), rest: value}
        elif kind == "stake" and ":" in rest:
            owner, held = rest.split(":", 1)
            stakes = dict(told.get("ownership") or {})
            told["ownership"] = {**stakes, owner: {**stakes.get(owner, {}), held: value}}
        else:
            raise ModelError(
                f"{name}: no input of a market; write outside_share, market_elasticity, size, a "
                "parameter of demand, margin:PRODUCT or stake:OWNER:FIRM"
            )
    return told
