"""How much the duty on each commodity changed, and how much of trade that knows.

From what was collected by month, from the law (`law_change`), or from the user's own file. What
share of the imports and of the duty reaches a commodity at all comes with every change: a code
that a newer classification made, and the accounts do not know, takes its duty with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd

from tariffimpact import units
from tariffimpact.arguments import Array
from tariffimpact.costpush.accounts import Accounts, read_either
from tariffimpact.errors import DataError, Fault, ModelError, require
from tariffimpact.facts import Record
from tariffimpact.facts.fields import Text

CodesRule = Literal["mapped", "published"]
LEAST_COVERAGE: Final = 0.95
"""A change that knows less of the duty is refused unless the published codes are asked for."""
_LARGEST: Final = 1e18
"""No country imports more in a month, whatever its currency."""
_UNMAPPED: Final = 0.001
"""A code without commodity that carries more of the duty is an error."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Share of the imports and of the duty that reaches a commodity, 0 to 1."""

    imports: float
    duty: float
    what: str = "imports"
    """What they are shares of, in words."""
    stated: str = ""
    """The sentence that says it, where the user stated the change."""

    def words(self) -> str:
        """Return the two shares in a sentence."""
        return self.stated or (
            f"{units.percent(self.duty)} of the duty and {units.percent(self.imports)} of the "
            f"imports of {self.what} reach a commodity."
        )


@dataclass(frozen=True)
class RateChange:
    """The change of the rate of duty on each commodity."""

    low: Array
    """Fraction of the customs value, at least; in the order of the accounts' commodities."""
    high: Array
    """At most; equal to `low` where it is known."""
    coverage: Coverage
    label: str
    """What changed, for a title: `December 2025 over 2024`."""
    how: str
    """How it was found, in a sentence."""
    credit: str
    left_out: pd.DataFrame
    """Codes that reach no commodity: `code`, `imports`, `duty` (shares), `reason`."""
    parts: pd.DataFrame | None = field(default=None)
    """By `commodity`, `origin`, `authority`: `low`, `high`; they add up to the change."""

    @property
    def is_exact(self) -> bool:
        """Whether every change is one number."""
        return bool((self.low == self.high).all())


def realised_change(
    accounts: Accounts, *, month: str, base: str, codes: CodesRule = "mapped"
) -> RateChange:
    """Return the change of the duty collected over the imports, month against base.

    .. math:: Δ τ_i = D_(i 1) / M_(i 1) − D_(i 0) / M_(i 0)

    Parameters
    ----------
    accounts
        The accounts; `receipts.parquet` or `receipts.csv` of their folder holds imports and duty.
    month, base
        `2025-12` or a whole year, `2024`.
    codes
        `mapped`: a code that the concordance does not know goes where `mapping.csv` says.
        `published`: it is lost, as in calculations that do not map it.

    Returns
    -------
    RateChange
        Exact, for every commodity; a commodity that nothing was imported of has no duty.

    Raises
    ------
    DataError
        If the receipts lack the month, or a code with more than 0.1% of the duty has no commodity.
    ModelError
        If less than 95% of the duty reaches a commodity and `codes` is `mapped`.
    """
    receipts = read_receipts(accounts.folder)
    now, then = (_period(receipts, when, accounts.folder) for when in (month, base))
    shares = code_shares(accounts, codes)
    if codes == "mapped":
        _require_mapped(accounts, shares, now, month)
        _require_mapped(accounts, shares, then, base)
    rates = [_rates(accounts, shares, sums) for sums in (now, then)]
    change = rates[0] - rates[1]
    known = now.index.isin(list(shares))
    total = now[["imports", "duty"]].sum()
    covered = now.loc[known, ["imports", "duty"]].sum() / total.where(total > 0, 1.0)
    coverage = Coverage(float(covered["imports"]), float(covered["duty"]), period_words(month))
    if codes == "mapped":
        require_coverage(coverage)
    reasons = {row.code: row.reason for row in accounts.mapping if row.commodity is None}
    lost = now[~known] / total
    lost = lost.rename_axis("code").reset_index().sort_values("duty", ascending=False)
    lost["reason"] = [reasons.get(code, "not in the concordance") for code in lost["code"]]
    return RateChange(
        low=change,
        high=change,
        coverage=coverage,
        label=f"{period_words(month)} over {period_words(base)}",
        how=f"Duty collected over imports, {period_words(month)} less {period_words(base)}.",
        credit=accounts.credit,
        left_out=lost.reset_index(drop=True),
    )


def effective_rates(accounts: Accounts) -> pd.DataFrame:
    """Return the effective rate of all imports by month: `month`, `imports`, `duty`, `rate`."""
    receipts = read_receipts(accounts.folder)
    sums = receipts.groupby("month", as_index=False)[["imports", "duty"]].sum()
    return sums.assign(rate=sums["duty"] / sums["imports"])


def read_receipts(folder: Path) -> pd.DataFrame:
    """Return imports and duty by code and month: `month`, `code`, `imports`, `duty`.

    Raises
    ------
    DataError
        If the table is not there, holds a negative amount, or more than one currency.
    """
    kinds = {"month": "string", "code": "string", "imports": "float64", "duty": "float64",
             "currency": "string"}  # fmt: skip
    path, frame = read_either(folder, "receipts", kinds, Receipt)
    if frame.empty:
        raise DataError(
            [Fault(str(path), "has no rows", "give imports and duty by month and code")]
        )
    faults = []
    if frame["currency"].nunique() > 1:
        got = ", ".join(sorted(frame["currency"].unique()))
        faults.append(Fault(str(path), "mixes currencies", "convert at dated rates first",
                            "currency", got))  # fmt: skip
    for column in ("imports", "duty"):
        if not frame[column].between(0, _LARGEST).all():
            what = "holds an amount that is negative, above 1e18 or no number"
            faults.append(Fault(str(path), what, "give what was imported and paid", column))
    if faults:
        raise DataError(faults)
    return frame.drop(columns="currency")


class Receipt(Record):
    """Imports and duty of a code in a month."""

    month: Text
    code: Text
    imports: float
    duty: float
    currency: Text


def code_shares(accounts: Accounts, codes: CodesRule) -> dict[str, dict[str, float]]:
    """Return the commodities of each code of the trade statistics, with their shares."""
    shares = {code: {commodity: 1.0} for code, commodity in accounts.concordance.items()}
    for row in accounts.mapping if codes == "mapped" else ():
        if row.commodity is not None:
            shares.setdefault(row.code, {})[row.commodity] = row.share
    return shares


def require_coverage(coverage: Coverage) -> None:
    """Refuse a change that knows too little of the duty."""
    require(
        coverage.duty >= LEAST_COVERAGE,
        f"{coverage.words()} Below {LEAST_COVERAGE:.0%} of the duty the answer is about other "
        "goods than the tariff; add the lost codes to mapping.csv, or ask for --codes published "
        "to repeat a published calculation",
    )


def period_words(when: str) -> str:
    """Return a month or a year as running text has it.

    Examples
    --------
    >>> period_words("2025-12"), period_words("2024")
    ('December 2025', '2024')
    """
    match = _PERIOD.fullmatch(when)
    if not match:
        raise ModelError(f"{when!r} is neither a month nor a year; write 2025-12 or 2024")
    if not match[2]:
        return match[1]
    return units.day(date(int(match[1]), int(match[2]), 1)).removeprefix("1 ")


_PERIOD: Final = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2]))?")


def _period(receipts: pd.DataFrame, when: str, folder: Path) -> pd.DataFrame:
    """Return the sums of a month or a year by code."""
    words = period_words(when)
    months = receipts["month"].str[: len(when)] == when
    found = receipts.loc[months, "month"].nunique()
    if found != (12 if len(when) == 4 else 1):
        first, last = receipts["month"].min(), receipts["month"].max()
        what = f"has {found} months of {words}" if found else f"has no receipts of {words}"
        remedy = f"it holds {first} to {last}; choose a month or a whole year of those"
        raise DataError([Fault(str(folder / "receipts"), what, remedy)])
    return receipts[months].groupby("code")[["imports", "duty"]].sum()


def _rates(
    accounts: Accounts, shares: Mapping[str, Mapping[str, float]], sums: pd.DataFrame
) -> Array:
    """Return the duty over the imports of each commodity; 0 where nothing was imported."""
    totals = np.zeros((len(accounts.codes), 2))
    for code, imports, duty in zip(sums.index, sums["imports"], sums["duty"], strict=True):
        for commodity, share in shares.get(str(code), {}).items():
            totals[accounts.places[commodity]] += share * imports, share * duty
    imports, duty = totals.T
    return np.divide(duty, imports, out=np.zeros(len(totals)), where=imports > 0)


def _require_mapped(
    accounts: Accounts, shares: Mapping[str, object], sums: pd.DataFrame, when: str
) -> None:
    """Blame each code of weight that has neither a commodity nor a reason to have none."""
    decided = {row.code for row in accounts.mapping} | set(shares)
    portion = sums["duty"] / sums["duty"].sum()
    lost = portion[(portion > _UNMAPPED) & ~sums.index.isin(list(decided))]
    where = str(accounts.folder / "mapping.csv")
    words = period_words(when)
    faults = [
        Fault(
            where,
            f"has no row for code {code}, {units.percent(float(share), 2)} of the duty of {words}",
            "add its commodity with a reason, or a row without commodity that says why",
        )
        for code, share in lost.items()
    ]
    if faults:
        raise DataError(faults)
