"""A company's rows of the facts as a case: what it says tariffs cost it, and its accounts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from tariffimpact.cases.case import Case
from tariffimpact.cases.reader import case_of
from tariffimpact.errors import ModelError
from tariffimpact.facts import Basis, Exposure, Facts, Financial

_MEASURES: Final = {
    "net_sales": "sales",
    "operating_income": "operating_income",
    "cost_of_sales": "cost_of_goods",
    "shares_outstanding": "shares_outstanding",
    "tax_rate": "tax_rate",
    "inventory_months": "months_of_stock",
    "tariff_headwind_net": "headwind",
}
"""Measure of `financials.csv` to key of `[earnings]`."""
_OF_ANY_PERIOD: Final = ("shares_outstanding", "tax_rate", "inventory_months")


def company_case(facts: Facts, company: str, *, more: Mapping[str, object] | None = None) -> Case:
    """Return the case of a company's own figures, with its `[earnings]`.

    Of its exposures the latest full year stands, and of that year the last figure of each basis;
    accounts are those of the same period and currency.

    Parameters
    ----------
    facts
        The facts, narrowed beforehand to a day (`facts.as_of`).
    company
        Its name, without regard to case and accents.
    more
        Keys of `[earnings]` to add, or to put in place of the company's own.

    Raises
    ------
    ModelError
        If the company is unknown, or discloses no cost and `more` gives none.
    """
    name = facts.company_named(company)
    given = dict(more or {})
    says_cost = {"gross", "net", "sensitivity", "imports"} & set(given)
    rows = [] if says_cost else standing(row for row in facts.exposures if row.company == name)
    if not rows and not says_cost:
        raise ModelError(
            f"{name} has disclosed no cost of tariffs that is on record; give --gross, --net, "
            "--imports or --sensitivity"
        )
    currency, written = _cost(rows) if rows else (str(given.pop("currency", "USD")), {})
    written |= _accounts([row for row in facts.financials if row.company == name], rows, currency)
    given.pop("currency", None)
    return case_of(
        {
            "title": f"{name}: from the tariff to earnings",
            "question": "What does the tariff cost, of sales, income and a share?",
            "company": name,
            "currency": currency,
            "earnings": written | given,
        },
        name=name,
        facts=facts,
    )


def standing(exposures: Iterable[Exposure]) -> list[Exposure]:
    """Return the figures that stand for a company: of one window, the last of each basis.

    A gross and a net figure go before one that is not said to be either, unless that one was said
    after them, and so revises them; the whole company before a segment, a full year before a part,
    the year that ends last before others, and what was said last before what it revised.
    """
    windows: dict[tuple[object, ...], dict[Basis, Exposure]] = {}
    for row in sorted(exposures, key=lambda row: row.disclosed_on):
        window = (row.scope, row.segment, row.starts_on, row.ends_on, row.annualised)
        windows.setdefault(window, {})[row.basis] = row
    if not windows:
        return []
    chosen = max(windows.values(), key=_rank)
    said = [chosen[basis] for basis in (Basis.GROSS, Basis.NET) if basis in chosen]
    other = chosen.get(Basis.UNSTATED)
    if other is not None and all(row.disclosed_on < other.disclosed_on for row in said):
        return [other]
    return said


def _rank(window: Mapping[Basis, Exposure]) -> tuple[object, ...]:
    row = max(window.values(), key=lambda row: row.disclosed_on)
    return (
        row.segment is None, row.is_full_year, row.ends_on, not row.annualised, len(window),
        row.disclosed_on,
    )  # fmt: skip


def _cost(rows: list[Exposure]) -> tuple[str, dict[str, object]]:
    """Return the currency of the figures, and the keys that name them."""
    keys = {
        "gross_exposure" if row.basis is Basis.GROSS else "net_exposure": row.exposure_id
        for row in rows
    }
    currencies = {row.currency for row in rows}
    return (currencies.pop() if len(currencies) == 1 else "USD"), dict(keys)


def _accounts(rows: list[Financial], cost: list[Exposure], currency: str) -> dict[str, object]:
    """Return the accounts of the period of the cost, each as a reference to its row."""
    found: dict[str, object] = {}
    for row in rows:
        key = _MEASURES.get(row.measure)
        whole = row.market is None and (not cost or row.scope == cost[0].scope)
        money = row.unit not in ("fraction", "units", "months", "shares")
        if key is None or not whole or (money and row.unit != currency):
            continue
        same = not cost or (row.starts_on, row.ends_on) == (cost[0].starts_on, cost[0].ends_on)
        if same or row.measure in _OF_ANY_PERIOD:
            found[key] = {"financial": row.financial_id}
    return found
