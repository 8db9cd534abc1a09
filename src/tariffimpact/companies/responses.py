"""What counts as an answer to the tariff, and the class of a company's response."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from tariffimpact.facts import (
    Cause,
    PriceChange,
    Response,
    Stage,
    Statement,
)

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
