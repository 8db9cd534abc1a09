"""Companies side by side on one basis: exposure per sales, price move, what they said and did.

**Exposure** is the latest full-year figure of each basis, divided by the sales of the same period.
A later figure of the same scope, period and measure revises an earlier one unless one is gross and
the other net. Where only another year's sales are known the share says so.

**Response** is classified from the facts by one rule, in this order:

1. *passes on* - prices rose, or a rise is announced, with no sign of absorbing or of a part only;
2. *passes on in part* - the same, with absorbing stated beside it, a range kept at its old price,
   the rise on less than half of the range, or prices moved elsewhere in the range;
3. *considering a rise* - a rise considered, none announced;
4. *absorbs* - absorbing, or a price kept, with no rise announced or considered;
5. *mitigates* - sourcing, stock, mix or cost measures only;
6. *nothing stated*.

A move or a statement counts as an answer if the seller gave the tariff or the economy as its
cause.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from tariffimpact import units
from tariffimpact.companies.exposures import (
    ExposureShare,
    exposure_cells,
    exposure_share,
    exposure_words,
    latest_by_basis,
)
from tariffimpact.companies.responses import ANSWERS, FIRST_TARIFF, classify, is_answer, rises
from tariffimpact.facts import (
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

        return charts.exposure_bars(self.to_frame(), ax=ax)

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
