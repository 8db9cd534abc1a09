"""From a duty to earnings: basis points, income, per share, and the price that holds each.

It is accounting on stated numbers: gross and net cost over sales, income and shares, and how the
cost reaches the accounts through the stock. Where buyers react to a price it is a model, and the
figure says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from tariffimpact import units
from tariffimpact.answers import Answer, explained
from tariffimpact.decisions import duty_cost as cost
from tariffimpact.decisions.bridge_figures import (
    Figure,
    Form,
    cost_figures,
    figures_of,
    quarter_of,
)
from tariffimpact.decisions.duty_cost import OFFSETS, Imports, Offset, Window
from tariffimpact.decisions.stock import FLOWS
from tariffimpact.errors import require
from tariffimpact.interval import Interval, Quantity
from tariffimpact.uncertainty.phrasing import quantity

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["ACCOUNTS", "Bridge", "Figure", "Imports", "Offset", "Window", "bridge"]

Basis = Literal["net", "unstated"]

ACCOUNTS: Final[Mapping[str, str]] = {
    "sales": "sales",
    "cost_of_goods": "cost of goods before the tariff",
    "fixed_cost": "fixed cost",
    "operating_income": "operating income before the tariff",
    "tax_rate": "tax rate",
    "shares_outstanding": "shares outstanding",
    "headwind": "net headwind that the company gives, of sales",
}
"""What of a year's accounts a bridge may take, each in words."""
_WORDS: Final = {
    **ACCOUNTS,
    "months": "months of duty in the window",
    "gross": "gross cost",
    "net": "net cost",
    "demand_elasticity": "demand elasticity",
    "months_of_stock": "months of stock",
    "front_loaded_months": "months bought ahead",
    "price_rise": "announced price rise",
}
_PLAIN: Final = ("months", "demand_elasticity", "months_of_stock", "front_loaded_months")
_PERCENT: Final = ("headwind", "tariff_change", "offset_share_", "tax_rate", "price_rise")


@dataclass(frozen=True, slots=True, repr=False)
class Bridge(Answer):
    """What a tariff costs a company, from the duty to earnings per share; see `bridge`."""

    inputs: Mapping[str, Interval]
    """Every number given, by name: `customs_value_CHN`, `tariff_change_CHN`, `gross`, `net`,
    `offset_price` (money), `offset_share_price` (of the gross), `sales` …"""
    demand: Form
    flow: str
    window: str = ""
    """What the cost is of: FY to Mar 2026."""
    basis: Basis = "net"
    """Whether the net figure is said to be one; `unstated` where nobody says gross or net."""
    currency: str = "USD"
    source: str = ""

    @property
    def gross(self) -> Interval | None:
        """The cost before any answer, money in the window; None where only the net is known."""
        return cost.gross_of(self.inputs) if cost.has_gross(self.inputs) else None

    @property
    def net(self) -> Interval:
        """The cost after the company's answers; the gross where none is on record."""
        return cost.net_of(self.inputs)

    @property
    def net_name(self) -> str:
        """What the net cost is called where it stands alone."""
        return "Net cost" if self.basis == "net" else "Cost (gross or net not said)"

    @property
    def mitigated(self) -> Interval | None:
        """Share of the gross cost that all answers take back; None where it is not known.

        It bounds the part recovered by price from above: sourcing, suppliers and stock are in it.
        """
        return cost.mitigated_of(self.inputs) if cost.has_answers(self.inputs) else None

    @property
    def driver(self) -> str | None:
        """The input whose range moves the net cost (over sales) most; None where all are exact."""
        spreads = {name: self._spread(name) for name in self.inputs}
        widest = max(spreads, key=lambda name: spreads[name])
        return widest if spreads[widest] > 1e-12 else None

    def figures(self) -> tuple[Figure, ...]:
        """Return every figure that the inputs give enough for, from the duty to the price."""
        return figures_of(self.inputs, self.currency, self.demand, self.net_name)

    def quarters(self, number: int = 4) -> pd.DataFrame:
        """Return the cost by quarter since the duty's first day, as it passes through the stock.

        Parameters
        ----------
        number
            Quarters to follow; the duty stays throughout.

        Returns
        -------
        DataFrame
            `quarter` (1 first), then `_low` and `_high` of each: `charged` (duty on imports, where
            the gross is known), `booked` (in cost of goods sold), `in_stock` (charged and not yet
            booked, at the quarter's end), `net` (booked, after answers in proportion, where any
            are known), all money, and `net_bp` (of a quarter of the year's sales, where they are
            known).

        Raises
        ------
        ModelError
            If the months of stock are not known.
        """
        import pandas as pd

        require(
            "months_of_stock" in self.inputs,
            "the way through the stock needs the months of stock; give them, or turns a year",
        )
        return pd.DataFrame([quarter_of(self.inputs, n, self.flow) for n in range(1, number + 1)])

    def summary(self) -> str:
        """Return the bridge in a few sentences, ranges throughout."""
        return " ".join(_sentences(self))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per figure.

        Columns: `figure`, `label`, `unit` (a currency code, `fraction`, `basis points`, or money
        `per share`), `low`, `high` (missing where no price does), `kind` (accounting or model),
        `no_answer` (share of the points tried at which no price does).
        """
        import pandas as pd

        nowhere = (math.nan, math.nan)
        rows = [
            (f.key, f.label, f.unit, *(nowhere if f.value is None else (f.value.low, f.value.high)),
             f.kind, f.no_answer)
            for f in self.figures()
        ]  # fmt: skip
        columns = ["figure", "label", "unit", "low", "high", "kind", "no_answer"]
        return pd.DataFrame(rows, columns=columns)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw gross cost, offsets and net cost, in money."""
        import pandas as pd

        from tariffimpact import charts

        costs = cost_figures(self.inputs, self.currency, self.net_name)
        frame = pd.DataFrame(
            [(f.label, f.value.low, f.value.high) for f in costs if f.key != "base" and f.value],
            columns=["label", "low", "high"],
        )
        return charts.range_bars(
            frame, form="money", currency=self.currency, x_label="Money in the window",
            source=self.source, ax=ax,
        )  # fmt: skip

    def explain(self) -> str:
        """Return inputs, assumptions, formulas and source."""
        given = "; ".join(f"{input_words(name)} {self.said(name)}" for name in self.inputs)
        return explained(
            inputs=given,
            assumptions="all figures are of one window; sales and cost of goods are those before "
            "a price rise; the rises that hold gross profit keep the volume; those that hold or "
            f"maximise operating income lose volume along {self.demand} demand, fixed cost "
            "unchanged; earnings per share are held where operating income is, at one tax rate; "
            "quarters have equal sales, and answers come in proportion to the cost booked "
            f"(stock: {self.flow})",
            formulas="gross = sum of customs value x change of the rate x months/12; net = gross "
            "- offsets; basis points = 10,000 x net/sales; per share = net x (1 - tax)/shares; "
            "rise that holds gross profit in money = cost/sales, in per cent of sales = cost/cost "
            "of goods; operating income: (sales (1+x) - cost of goods - cost) q(x) as before",
            source=self.source,
        )

    def said(self, name: str) -> str:
        """Return one input as a sentence prints it."""
        span = self.inputs[name]
        if name.startswith(_PERCENT):
            return units.percent(span)
        if name in _PLAIN:
            return quantity(span, "")
        return units.count(span) if name == "shares_outstanding" else quantity(span, self.currency)

    def _spread(self, name: str) -> float:
        """Return by what proportion this input alone moves the net cost, over sales where known."""
        middle = {key: Interval.exactly(span.middle) for key, span in self.inputs.items()}
        x = middle | {name: self.inputs[name]}
        net = cost.net_of(x)
        return (net / x["sales"] if "sales" in x else net).magnitude.log_width


def bridge(
    *,
    gross: Quantity | None = None,
    imports: Sequence[Imports] = (),
    net: Quantity | None = None,
    offsets: Sequence[Offset] = (),
    months: Quantity = 12.0,
    accounts: Mapping[str, Quantity] | None = None,
    demand_elasticity: Quantity | None = None,
    demand: Form = "isoelastic",
    months_of_stock: Quantity | None = None,
    flow: str = "fifo_many",
    front_loaded_months: Quantity = 0.0,
    price_rise: Quantity | None = None,
    gross_window: Window | None = None,
    net_window: Window | None = None,
    basis: Basis = "net",
    currency: str = "USD",
    source: str = "",
) -> Bridge:
    """Return what a tariff costs a company, from the duty to earnings per share.

    Parameters
    ----------
    gross
        The cost before any answer, money in the window; or `imports` to work it out from.
    imports
        Customs value and change of the rate, one entry by origin; charged for `months` of a year.
    net
        The cost after the company's answers, of the same window as the gross.
    offsets
        What single answers take back of the gross, in place of `net`.
    months
        Months of the window in which the duty is charged, 0 to 12.
    accounts
        Any of `ACCOUNTS`, of a year: money, a fraction for the tax rate, a count of shares.
    demand_elasticity, demand
        Of the company's sales at the old price, positive; for the rise that holds its income.
    months_of_stock, flow, front_loaded_months
        See `stock.share_on_new_cost`; for the way through the quarters.
    price_rise
        A rise the company has announced, as a fraction of its prices.
    gross_window, net_window
        What the two figures are of, where it is known; they must agree.
    basis
        "unstated" where `net` is a figure of which nobody says whether it is gross or net; then
        it stands alone.
    currency, source
        ISO 4217 code of all money, and a credit line.

    Raises
    ------
    ModelError
        If there is no cost, or two of them; if offsets come upon a net figure, or exceed the
        gross; if gross and net are of different windows; if a tax rate comes without shares.

    Examples
    --------
    >>> found = bridge(gross=150e6, accounts={"sales": 5.35e9},
    ...                offsets=[Offset("other", 0.5, is_share=True)])
    >>> print(found.summary().split(". ")[0])
    The tariff costs $150m gross, 280 basis points of sales, and $75m net of the company's \
answers, 140 basis points
    """
    agree(gross_window, net_window)
    given = cost.cost_inputs(
        gross=gross, imports=imports, net=net, offsets=offsets, months=months
    ) | _accounts(accounts or {})
    if demand_elasticity is not None:
        given["demand_elasticity"] = cost.number("demand_elasticity", demand_elasticity, above=0)
    if months_of_stock is not None:
        require(flow in FLOWS, f"flow must be one of {', '.join(FLOWS)} (got {flow!r}); choose one")
        given["months_of_stock"] = cost.number("months_of_stock", months_of_stock, above=0)
        require(
            given["months_of_stock"].is_bounded and Interval.of(front_loaded_months).is_bounded,
            "months of stock and months bought ahead need an upper end; write 2..4",
        )
        given["front_loaded_months"] = cost.number(
            "front_loaded_months", front_loaded_months, at_least=0
        )
    if price_rise is not None:
        given["price_rise"] = cost.number("price_rise", price_rise, above=-1)
    require(
        basis == "net" or not cost.has_answers(given),
        "a figure that is not said to be gross or net cannot be set against the gross; give a net "
        "figure, or one of the two alone",
    )
    windows = [window.spell for window in (gross_window, net_window) if window is not None]
    return Bridge(given, demand, flow, windows[0] if windows else "", basis, currency, source)


def agree(gross: Window | None, net: Window | None) -> None:
    """Refuse a gross and a net figure of different windows.

    Raises
    ------
    ModelError
        If both windows are known and differ.
    """
    require(
        gross is None or net is None or gross == net,
        f"the gross figure is of {gross} and the net of {net}, so one is not what the other "
        "leaves; give two figures of one window, or one of them alone",
    )


def input_words(name: str) -> str:
    """Return what an input is, in words."""
    if name.startswith("customs_value"):
        return f"customs value of {cost.place_name(name.removeprefix('customs_value'))}"
    if name.startswith("tariff_change"):
        return f"change of the rate on {cost.place_name(name.removeprefix('tariff_change'))}"
    if name.startswith("offset_"):
        words = next(words for by, words in OFFSETS.items() if name.endswith(by))
        return f"offset by {words}"
    return _WORDS[name]


def _accounts(accounts: Mapping[str, Quantity]) -> dict[str, Interval]:
    unknown = ", ".join(name for name in accounts if name not in ACCOUNTS)
    require(not unknown, f"accounts have no {unknown}; they have {', '.join(ACCOUNTS)}")
    x = {
        name: cost.number(name, value, at_least=0, at_most=1)
        if name in ("tax_rate", "headwind")
        else cost.number(name, value)
        if name == "operating_income"
        else cost.amount(name, value)
        for name, value in accounts.items()
    }
    require(
        "tax_rate" not in x or "shares_outstanding" in x,
        "a tax rate is for the cost per share, and the shares outstanding are not known; give "
        "their number, or leave the tax rate out",
    )
    if {"sales", "cost_of_goods"} <= set(x):
        sales, goods = x["sales"], x["cost_of_goods"]
        require(
            goods.high < sales.low,
            f"a cost of goods of {units.count(goods)} may reach sales of {units.count(sales)}, so "
            "that there is no margin to hold; check that both are of one period and one currency",
        )
    return x


def _sentences(found: Bridge) -> Iterator[str]:
    """Yield what a person would quote: the cost, what prices had to do, what drives it."""
    known = {figure.key: figure for figure in found.figures()}
    yield _cost_sentence(found, known)
    yield from _headwind_sentence(known)
    yield from _earnings_sentences(known)
    yield from _implied_sentences(found, known)
    yield from _rise_sentences(known)
    if "months_of_stock" in found.inputs and found.gross is not None:
        first = found.quarters(1).iloc[0]
        spans = [
            quantity(Interval.of_row(first, name), found.currency) for name in ("charged", "booked")
        ]
        yield (
            f"Of the first quarter's duty of {spans[0]}, {spans[1]} reaches cost of goods sold in "
            "that quarter; the rest waits in stock."
        )
    if found.driver is not None and not _is_the_only_range(found):
        named = input_words(found.driver) if found.driver != "net" else found.net_name.lower()
        words = f"{named} ({found.said(found.driver)})"
        yield f"What moves the answer most is the {words}."


def _is_the_only_range(found: Bridge) -> bool:
    """Return whether the cost is all that is not exactly known, which goes without saying."""
    spread = [k for k, span in found.inputs.items() if not span.is_exact and k != "headwind"]
    return spread in (["gross"], ["net"])


def _cost_sentence(found: Bridge, known: Mapping[str, Figure]) -> str:
    parts: list[str] = []
    net = "net of the company's answers"
    if found.basis == "unstated":
        net = "(nobody says whether before or after the company's answers)"
    for key, words in (("gross", "gross"), ("net", net)):
        if key in known:
            over = known.get(f"{key}_bp")
            of_sales = "" if over is None else f", {over}{'' if parts else ' of sales'}"
            parts.append(f"{known[key]} {words}{of_sales}")
    start = f"In {found.window} the tariff" if found.window else "The tariff"
    if "base" in known:
        start = f"On {known['base']} of dutiable imports a year the tariff"
    return f"{start} costs {', and '.join(parts)}."


def _headwind_sentence(known: Mapping[str, Figure]) -> Iterator[str]:
    if "headwind" in known:
        yield f"The company itself puts its net headwind at {known['headwind']}."


def _earnings_sentences(known: Mapping[str, Figure]) -> Iterator[str]:
    if "income_after" in known:
        part = f", {known['of_income']} of it" if "of_income" in known else ""
        yield (
            f"It takes operating income from {known['income_before']} to "
            f"{known['income_after']}{part}."
        )
    if "per_share" in known:
        yield f"That is {known['per_share']}, {known['per_share'].label.split(', ')[1]}."


def _implied_sentences(found: Bridge, known: Mapping[str, Figure]) -> Iterator[str]:
    """Yield what the company's own figures imply about pass-through."""
    part = cost.offset_share(found.inputs, "price") if found.gross is not None else None
    if part is not None:
        rise = found.inputs.get("sales")
        taken = cost.offset_of(found.inputs, "price")
        words = (
            "" if rise is None or taken is None else f", a rise of {units.percent(taken / rise)}"
        )
        yield f"By these figures prices take back {units.percent(part)} of the cost{words}."
    elif "mitigated" in known:
        yield (
            f"All answers together take back {known['mitigated']} of it, so at most that part is "
            "recovered by price: sourcing, suppliers and stock are in it too."
        )
    if "announced" in known and found.gross is not None:
        share = Interval.of(known["announced"].value or 0.0) / found.gross
        yield (
            f"The announced rise of {found.said('price_rise')} brings in {known['announced']} at "
            f"the same volume, {units.percent(share)} of the gross cost."
        )


def _rise_sentences(known: Mapping[str, Figure]) -> Iterator[str]:
    """Yield the price rises that hold each, and what the best one leaves."""
    if "rise_dollar" in known:
        words = [f"{known['rise_dollar']} to hold gross profit in money at the same volume"]
        if "rise_percent" in known:
            words.append(f"{known['rise_percent']} to hold gross margin in per cent")
        held = known.get("rise_income")
        if held is not None and held.value is not None:
            some = f" (no price does at {units.percent(held.no_answer, 0)} of the points tried)"
            words.append(f"{held} to hold operating income{some if held.no_answer else ''}")
        yield f"Prices would have to rise {units.listed(words)}."
        if held is not None and held.value is None:
            yield "No price holds operating income: a rise loses more in sales than it brings in."
    if "rise_best" in known:
        moved = {
            "contribution": "sales less cost of goods and duty go",
            "income": "operating income goes",
        }
        parts = [
            f"{words} from {known[f'{key}_before']} to {known[f'{key}_best']} "
            f"({known[f'{key}_change']})"
            for key, words in moved.items()
            if f"{key}_best" in known
        ]
        yield f"The most profitable rise is {known['rise_best']}: {units.listed(parts)}."
