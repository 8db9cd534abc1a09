"""Companies side by side on one basis: exposure per sales, price move, what they said and did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, TypeVar

from tariffimpact import units
from tariffimpact.facts import (
    Basis,
    Cause,
    Exposure,
    Facts,
    Financial,
    PriceChange,
    Response,
    Stage,
    Statement,
)
from tariffimpact.interval import Interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = [
    "FIRST_TARIFF",
    "HOME_MARKET",
    "CompanyComparison",
    "CompanyProfile",
    "ExposureShare",
    "classify",
    "compare",
    "exposure_share",
    "profile",
]

FULL_YEAR_DAYS: Final = 300


@dataclass(frozen=True, slots=True)
class ExposureShare:
    """One disclosed exposure as a share of sales."""

    exposure: Exposure
    sales: Financial | None
    share: Interval | None
    """Fraction of sales; None where the sales, or their currency, are unknown."""
    same_period: bool
    """Whether the sales are of the very period the exposure is of."""

    @property
    def basis(self) -> Basis:
        """Gross, net or unstated."""
        return self.exposure.basis


def exposure_share(exposure: Exposure, sales: Sequence[Financial]) -> ExposureShare:
    """Return an exposure as a share of the sales of its period, or of the nearest period known.

    Only sales of the same scope are used, and sales in another currency only where the source
    itself converted the exposure; of several figures for one period the last in the table stands.
    """
    amounts = {exposure.currency: exposure.amount}
    if exposure.amount_usd is not None:
        amounts.setdefault("USD", exposure.amount_usd)
    usable = [row for row in reversed(sales) if row.unit in amounts and row.scope == exposure.scope]
    if not usable:
        return ExposureShare(exposure, None, None, same_period=False)
    nearest = min(
        usable, key=lambda row: (_days_apart(row, exposure), row.unit != exposure.currency)
    )
    same = _days_apart(nearest, exposure) == 0 and not exposure.annualised
    share = amounts[nearest.unit] / nearest.value
    return ExposureShare(exposure, nearest, share, same_period=same)


def latest_by_basis(exposures: Sequence[Exposure]) -> list[Exposure]:
    """Return the last disclosed figure of each basis, of full years where there are any."""
    full = [row for row in exposures if (row.ends_on - row.starts_on).days >= FULL_YEAR_DAYS]
    standing: list[Exposure] = []
    for row in full or exposures:
        standing = [earlier for earlier in standing if not _revises(row, earlier)]
        standing.append(row)
    return list({row.basis: row for row in standing}.values())


def exposure_words(entry: ExposureShare) -> str:
    """Return an exposure in a clause: basis, amount, period, share of sales."""
    amount = units.big_money(entry.exposure.amount, entry.exposure.currency)
    basis = "" if entry.basis is Basis.UNSTATED else f"{entry.basis.value} "
    basis = f"annual rate of {basis}" if entry.exposure.annualised else basis
    if entry.share is None:
        return f"{basis}{amount} in {entry.exposure.period}"
    nearest = "" if entry.same_period or entry.sales is None else f" of {entry.sales.period}"
    return (
        f"{basis}{amount} in {entry.exposure.period}, {units.percent(entry.share, 2)} of "
        f"sales{nearest}"
    )


def exposure_cells(entry: ExposureShare | None) -> dict[str, object]:
    """Return an exposure as the cells of a comparison; blank where there is none."""
    if entry is None:
        return {
            "basis": Basis.UNSTATED.value,
            "low": None,
            "high": None,
            "same_period": True,
            "amount_low": None,
            "amount_high": None,
            "currency": None,
            "period": None,
        }
    return {
        "basis": entry.basis.value,
        "low": None if entry.share is None else entry.share.low,
        "high": None if entry.share is None else entry.share.high,
        "same_period": entry.same_period,
        "amount_low": entry.exposure.amount.low,
        "amount_high": entry.exposure.amount.high,
        "currency": entry.exposure.currency,
        "period": entry.exposure.period,
    }


def _revises(later: Exposure, earlier: Exposure) -> bool:
    one_estimate = all(
        getattr(later, name) == getattr(earlier, name)
        for name in ("scope", "starts_on", "ends_on", "measure")
    )
    return one_estimate and (
        later.basis is earlier.basis or Basis.UNSTATED in (later.basis, earlier.basis)
    )


def _days_apart(sales: Financial, exposure: Exposure) -> int:
    starts = abs((sales.starts_on - exposure.starts_on).days)
    return starts + abs((sales.ends_on - exposure.ends_on).days)


HOME_MARKET: Final = "USA"
"""The market whose tariffs the companies answer."""
FIRST_TARIFF: Final = date(2025, 2, 4)
"""Moves before the first of the 2025 duties are no answer to them."""
ANSWERS: Final = (Cause.TARIFF, Cause.ECONOMY)
_DECIDED: Final = (Stage.ANNOUNCED, Stage.DONE)


def classify(moves: Sequence[PriceChange], statements: Sequence[Statement]) -> str:
    """Return the class of a company's response by the rule that `compare(…).explain()` states.

    Parameters
    ----------
    moves
        Price changes that count as an answer, kept prices among them.
    statements
        What the company considered, announced, did or ruled out; those with another cause than
        the tariff or the economy are left out.
    """
    statements = [row for row in statements if row.cause in ANSWERS]
    raising = rises(statements)
    raised = any(row.change > 0 for row in moves) or bool(raising)
    kept = any(row.change == 0 for row in moves) or _says(statements, Response.ABSORB, _DECIDED)
    partial = bool(raising) and all(
        row.share_of_range is not None and row.share_of_range.high < 0.5 for row in raising
    )
    mixed = _says(statements, Response.MIX, _DECIDED)
    if raised:
        return "passes on in part" if kept or mixed or partial else "passes on"
    if _says(statements, Response.PASS_ON, (Stage.CONSIDERED,)):
        return "considering a rise"
    if kept:
        return "absorbs"
    return "mitigates" if any(row.stage in _DECIDED for row in statements) else "nothing stated"


def is_answer(row: PriceChange) -> bool:
    """Return whether a price change counts as an answer to the tariff."""
    return row.market == HOME_MARKET and row.announced_on >= FIRST_TARIFF and row.cause in ANSWERS


def rises(statements: Sequence[Statement]) -> list[Statement]:
    """Return the price rises that were announced or done as an answer."""
    return [
        row
        for row in statements
        if row.response is Response.PASS_ON and row.stage in _DECIDED and row.cause in ANSWERS
    ]


def _says(statements: Sequence[Statement], response: Response, stages: Sequence[Stage]) -> bool:
    return any(row.response is response and row.stage in stages for row in statements)


Row = TypeVar("Row", PriceChange, Exposure, Statement, Financial)


@dataclass(frozen=True, slots=True)
class CompanyProfile:
    """What is known of one company's answer to the tariff."""

    company: str
    exposures: tuple[ExposureShare, ...]
    revisions: tuple[Exposure, ...]
    """Every disclosed exposure in order of disclosure: the path of the estimate."""
    price_moves: tuple[PriceChange, ...]
    """Price changes in the home market that count as an answer, kept prices among them."""
    statements: tuple[Statement, ...]
    response: str
    """The class by the rule of this module."""

    @property
    def price_move(self) -> Interval | None:
        """Smallest to largest relative move over the products; None where none is known."""
        spans = [Interval.exactly(row.relative_change) for row in self.price_moves]
        spans += [row.price_change for row in rises(self.statements) if row.price_change]
        if not spans:
            return None
        return Interval(min(s.low for s in spans), max(s.high for s in spans))

    def summary(self) -> str:
        """Return the profile in a sentence or two."""
        move = self.price_move
        prices = "" if move is None else f", prices {units.percent(move)}"
        costs = "; ".join(map(exposure_words, self.exposures)) or "no figure disclosed"
        return f"{self.company} {self.response}{prices}. Exposure: {costs}."


@dataclass(frozen=True, slots=True)
class CompanyComparison:
    """Companies on one basis."""

    profiles: tuple[CompanyProfile, ...]

    def summary(self) -> str:
        """Return the count by class of response in a sentence."""
        counts = Counter(profile.response for profile in self.profiles)
        listed = "; ".join(f"{response}: {n}" for response, n in counts.most_common())
        many = "1 company" if len(self.profiles) == 1 else f"{len(self.profiles)} companies"
        return f"{many} by response. {listed.capitalize()}."

    def to_frame(self) -> pd.DataFrame:
        """Return one row per company and exposure; a company without a figure has one blank row.

        Columns: `company`, `response`, `basis`, `low`, `high` (shares of sales), `same_period`,
        `amount_low`, `amount_high`, `currency`, `period`, `price_low`, `price_high` (fractions).
        """
        import pandas as pd

        rows = []
        for profile in self.profiles:
            move = profile.price_move
            for entry in profile.exposures or (None,):
                rows.append(
                    {
                        "company": profile.company,
                        "response": profile.response,
                        **exposure_cells(entry),
                        "price_low": None if move is None else move.low,
                        "price_high": None if move is None else move.high,
                    }
                )
        return pd.DataFrame(rows)

    def responses(self) -> pd.DataFrame:
        """Return one row per company and kind of response: `stage`, `detail`, `classified`."""
        import pandas as pd

        return pd.DataFrame(
            {
                "company": profile.company,
                "response": response.value,
                "stage": stage.value,
                "detail": detail,
                "classified": profile.response,
            }
            for profile in self.profiles
            for response, stage, detail in _response_marks(profile)
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw exposure as a share of sales by company."""
        from tariffimpact import charts

        return charts.exposure_dots(self.to_frame(), ax=ax)

    def explain(self) -> str:
        """Return one line per company and the rule of classification."""
        lines = [profile.summary() for profile in self.profiles]
        return "\n".join([self.summary(), *lines, "", (__doc__ or "").strip()])


def compare(facts: Facts) -> CompanyComparison:
    """Put every company of the facts on one basis.

    Parameters
    ----------
    facts
        The facts, narrowed beforehand to a day (`facts.as_of`) or to some companies.

    Returns
    -------
    CompanyComparison
        One profile per company with an exposure or a statement, largest known exposure first.

    Examples
    --------
    >>> from tariffimpact.facts import read_facts
    >>> compared = compare(read_facts())
    >>> next(p.response for p in compared.profiles if p.company == "PepsiCo")
    'considering a rise'
    """
    profiles = [profile(facts, name) for name in facts.companies]
    return CompanyComparison(tuple(sorted(profiles, key=_by_exposure)))


def profile(facts: Facts, company: str) -> CompanyProfile:
    """Return what is known of one company's answer to the tariff."""
    exposures = sorted(_of(facts.exposures, company), key=lambda row: row.disclosed_on)
    whole = [row for row in exposures if row.segment is None]
    sales = [
        row
        for row in _of(facts.financials, company)
        if row.measure == "net_sales" and row.market is None
    ]
    moves = tuple(row for row in _of(facts.prices, company) if is_answer(row))
    statements = tuple(row for row in _of(facts.statements, company) if row.said_on >= FIRST_TARIFF)
    return CompanyProfile(
        company=company,
        exposures=tuple(exposure_share(row, sales) for row in latest_by_basis(whole)),
        revisions=tuple(exposures),
        price_moves=moves,
        statements=statements,
        response=classify(moves, statements),
    )


def _of(rows: Iterable[Row], company: str) -> list[Row]:
    return [row for row in rows if row.company == company]


def _by_exposure(profile: CompanyProfile) -> tuple[bool, float, str]:
    lows = [entry.share.low for entry in profile.exposures if entry.share is not None]
    return (not lows, -max(lows, default=0.0), profile.company)


_ORDER: Final = (Stage.RULED_OUT, Stage.CONSIDERED, Stage.ANNOUNCED, Stage.DONE)


def _response_marks(profile: CompanyProfile) -> list[tuple[Response, Stage, str]]:
    """Return the furthest stage of each kind of response, price rises from the tags included."""
    furthest: dict[Response, Stage] = {}
    for row in (row for row in profile.statements if row.cause in ANSWERS):
        before = furthest.get(row.response, Stage.RULED_OUT)
        furthest[row.response] = max(before, row.stage, key=_ORDER.index)
    if any(row.change > 0 for row in profile.price_moves):
        furthest[Response.PASS_ON] = Stage.DONE
    if any(row.change == 0 for row in profile.price_moves):
        furthest[Response.ABSORB] = Stage.DONE
    move = profile.price_move
    said = [
        row.price_change
        for row in profile.statements
        if row.price_change is not None and row.cause in ANSWERS and row.price_change.high > 0
    ]
    size = move if move is not None and move.high > 0 else said[-1] if said else None
    detail = "" if size is None else units.percent(size, 0)
    return [
        (response, furthest[response], detail if response is Response.PASS_ON else "")
        for response in Response
        if response in furthest
    ]
