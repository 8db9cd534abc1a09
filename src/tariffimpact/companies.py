"""Companies side by side on one basis: exposure per sales, price move, what they said and did.

**Exposure** is the latest full-year figure of each basis, divided by the sales of the same period.
A later figure of the same scope, period and measure revises an earlier one unless one is gross and
the other net. Where only another year's sales are known the share says so.

**Response** is classified from the facts by one rule, `RULE`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, TypeVar

from tariffimpact import units
from tariffimpact.answers import Answer
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


HEADWINDS: Final = {"tariff_headwind_net": Basis.NET, "tariff_headwind_gross": Basis.GROSS}
"""Measures of `financials.csv` that are an effect on the margin, a share of sales."""


def headwind_words(row: Financial) -> str:
    """Return an effect on the margin as the company gives it: in basis points, net or gross.

    Examples
    --------
    >>> from tariffimpact.facts import read_facts
    >>> nike = profile(read_facts(), "Nike")
    >>> headwind_words(nike.headwinds[-1])
    '120 basis points net'
    """
    return f"{units.ratio(row.value * 1e4, 0)} basis points {HEADWINDS[row.measure].value}"


def latest_by_basis(exposures: Sequence[Exposure]) -> list[Exposure]:
    """Return the last disclosed figure of each basis, of full years where there are any."""
    full = [row for row in exposures if row.is_full_year]
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
    row = None if entry is None else entry.exposure
    return {
        "basis": (Basis.UNSTATED if entry is None else entry.basis).value,
        **_ends("", None if entry is None else entry.share),
        "same_period": entry is None or entry.same_period,
        **_ends("amount_", None if row is None else row.amount),
        "currency": None if row is None else row.currency,
        "period": None if row is None else row.period,
    }


def _ends(name: str, span: Interval | None) -> dict[str, object]:
    """Return the cells of a range, blank where there is none."""
    low, high = (None, None) if span is None else (span.low, span.high)
    return {f"{name}low": low, f"{name}high": high}


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
PASSES_ON: Final = "passes on"
IN_PART: Final = "passes on in part"
OTHER_REASON: Final = "raised prices, gave another reason or none"
RULE: Final = f"""\
A company's response is the first of these that its facts bear out:
1. {PASSES_ON}: prices rose, or a rise is announced, and the company names the tariff, with no sign
   of absorbing or of a part only;
2. {IN_PART}: the same, with absorbing stated beside it, a price kept, the rise on less than half
   of the range, or prices moved elsewhere in the range;
3. {OTHER_REASON}: prices rose, the tariff was not named;
4. considering a rise: a rise considered, none announced;
5. absorbs: absorbing, or a price kept, with no rise announced or considered;
6. mitigates: sourcing, stock, mix or cost measures only;
7. nothing stated.
What a company kept, absorbed or did otherwise counts if it named the tariff or the economy."""


def classify(moves: Sequence[PriceChange], statements: Sequence[Statement]) -> str:
    """Return the class of a company's response by `RULE`.

    Parameters
    ----------
    moves
        Price changes in the home market since the first tariff, kept prices among them.
    statements
        What the company considered, announced, did or ruled out since then.
    """
    answers = [row for row in statements if row.cause in ANSWERS]
    raised = any(row.change > 0 for row in moves) or bool(rises(statements))
    named = [row for row in rises(statements) if row.cause is Cause.TARIFF]
    answered = any(row.change > 0 and row.cause is Cause.TARIFF for row in moves) or bool(named)
    kept = any(row.change == 0 and row.cause in ANSWERS for row in moves)
    absorbed = kept or _says(answers, Response.ABSORB, _DECIDED)
    partial = bool(named) and all(
        row.share_of_range is not None and row.share_of_range.high < 0.5 for row in named
    )
    if answered:
        mixed = _says(answers, Response.MIX, _DECIDED)
        return IN_PART if absorbed or mixed or partial else PASSES_ON
    if raised:
        return OTHER_REASON
    if _says(answers, Response.PASS_ON, (Stage.CONSIDERED,)):
        return "considering a rise"
    if absorbed:
        return "absorbs"
    return "mitigates" if any(row.stage in _DECIDED for row in answers) else "nothing stated"


def is_home_move(row: PriceChange) -> bool:
    """Return whether a price change is of the home market and since the first tariff."""
    return row.market == HOME_MARKET and row.announced_on >= FIRST_TARIFF


def rises(statements: Sequence[Statement]) -> list[Statement]:
    """Return the price rises that were announced or done, whatever the reason."""
    return [row for row in statements if row.response is Response.PASS_ON and row.stage in _DECIDED]


def _says(statements: Sequence[Statement], response: Response, stages: Sequence[Stage]) -> bool:
    return any(row.response is response and row.stage in stages for row in statements)


Row = TypeVar("Row", PriceChange, Exposure, Statement, Financial)


@dataclass(frozen=True, slots=True, repr=False)
class CompanyProfile(Answer):
    """What is known of one company's answer to the tariff."""

    company: str
    exposures: tuple[ExposureShare, ...]
    revisions: tuple[Exposure, ...]
    """Every disclosed exposure of the whole company in order of disclosure: its vintages."""
    price_moves: tuple[PriceChange, ...]
    """Price changes in the home market since the first tariff, kept prices among them."""
    statements: tuple[Statement, ...]
    response: str
    """The class by `RULE`."""
    headwinds: tuple[Financial, ...] = ()
    """What the company says the tariff takes off its margin, of sales; the latest of each basis."""

    @property
    def price_move(self) -> Interval | None:
        """Smallest to largest relative move over the products; None where no size is known.

        Moves for which the company gave a cause that is not the tariff are left out.
        """
        moves = [row for row in self.price_moves if row.cause is not Cause.OTHER]
        told = [row for row in rises(self.statements) if row.cause is not Cause.OTHER]
        spans = [Interval.exactly(row.relative_change) for row in moves]
        spans += [row.price_change for row in told if row.price_change is not None]
        if not spans:
            return None
        return Interval(min(s.low for s in spans), max(s.high for s in spans))

    @property
    def price_words(self) -> str:
        """The price move as a table says it: its size, or that there was one, or that none is."""
        if self.price_move is not None:
            return units.percent(self.price_move)
        raised = rises(self.statements) or any(row.change > 0 for row in self.price_moves)
        return "a rise, size not given" if raised else "none known"

    def summary(self) -> str:
        """Return the profile in a sentence or two."""
        move = self.price_move
        prices = "" if move is None else f", prices {units.percent(move)}"
        costs = "; ".join(map(exposure_words, self.exposures)) or "no figure disclosed"
        return f"{self.company} {self.response}{prices}. Exposure: {costs}.{self._margin()}"

    def _margin(self) -> str:
        told = [f"{headwind_words(row)} in {row.period}" for row in self.headwinds]
        return f" On its margin by its own words: {'; '.join(told)}." if told else ""

    def to_frame(self) -> pd.DataFrame:
        """Return one row per figure as it was disclosed, oldest first.

        Columns: `disclosed_on`, `vintage`, `basis`, `period`, `low`, `high` (money), `currency`,
        `source_id`.
        """
        import pandas as pd

        names = ["disclosed_on", "vintage", "basis", "period", "low", "high", "currency"]
        rows = [
            (
                row.disclosed_on,
                "" if row.vintage is None else row.vintage.value,
                row.basis.value,
                row.period,
                row.amount.low,
                row.amount.high,
                row.currency,
                row.source_id,
            )
            for row in self.revisions
        ]
        return pd.DataFrame(rows, columns=[*names, "source_id"])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the figures as they were disclosed, the oldest first, in the money of the last."""
        import pandas as pd

        from tariffimpact import charts

        last = self.revisions[-1].currency if self.revisions else "USD"
        rows = [
            (f"{units.day(row.disclosed_on)}, {row.basis.value}", row.amount.low, row.amount.high)
            for row in self.revisions
            if row.currency == last
        ]
        frame = pd.DataFrame(rows, columns=["label", "low", "high"])
        return charts.range_bars(frame, form="money", currency=last, ax=ax)

    def explain(self) -> str:
        """Return the summary, each figure with its source, and the rule of classification."""
        figures = [
            f"{units.day(row.disclosed_on)}: {units.big_money(row.amount, row.currency)}, "
            f"{row.basis.value}, {row.period}; {row.covers} [{row.source_id}]"
            for row in self.revisions
        ]
        return "\n".join([self.summary(), *figures, "", RULE])


@dataclass(frozen=True, slots=True, repr=False)
class CompanyComparison(Answer):
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
        `amount_low`, `amount_high`, `currency`, `period`, `price_low`, `price_high` (fractions),
        `headwind_net_low` to `headwind_gross_high` (on the margin, fractions of sales, as the
        company itself gives them).
        """
        return _exposure_frame(self.profiles)

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
        return "\n".join([self.summary(), *lines, "", RULE])


def _exposure_frame(profiles: Iterable[CompanyProfile]) -> pd.DataFrame:
    """Return one row per company and exposure; a company without a figure has one blank row."""
    import pandas as pd

    return pd.DataFrame(
        {
            "company": profile.company,
            "response": profile.response,
            **exposure_cells(entry),
            **_ends("price_", profile.price_move),
            **_headwind_cells(profile),
        }
        for profile in profiles
        for entry in profile.exposures or (None,)
    )


def _headwind_cells(profile: CompanyProfile) -> dict[str, object]:
    """Return the effect on the margin that the company gives, one pair of columns per basis."""
    said = {HEADWINDS[row.measure]: row.value for row in profile.headwinds}
    return {
        name: value
        for basis in HEADWINDS.values()
        for name, value in _ends(f"headwind_{basis.value}_", said.get(basis)).items()
    }


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
    moves = tuple(row for row in _of(facts.prices, company) if is_home_move(row))
    statements = tuple(row for row in _of(facts.statements, company) if row.said_on >= FIRST_TARIFF)
    return CompanyProfile(
        company=company,
        exposures=tuple(exposure_share(row, sales) for row in latest_by_basis(whole)),
        revisions=tuple(whole),
        price_moves=moves,
        statements=statements,
        response=classify(moves, statements),
        headwinds=_headwinds(_of(facts.financials, company)),
    )


def _headwinds(rows: Iterable[Financial]) -> tuple[Financial, ...]:
    """Return of each basis the effect on the margin of the year that ends last, as said last."""
    known = [row for row in rows if row.measure in HEADWINDS and row.market is None]
    known.sort(key=lambda row: row.ends_on)
    return tuple({row.measure: row for row in known}.values())


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
