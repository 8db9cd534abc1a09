"""What customs takes and pays beside the duty: fees on an entry, interest on what it pays back."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import model_validator

from tariffimpact.facts.fields import Amount, CellsError, Key, Rate
from tariffimpact.facts.records import Dated


class Charge(StrEnum):
    """What is charged, or paid."""

    MERCHANDISE_PROCESSING = "merchandise_processing"
    """The fee on a formal entry, a share of its value between a floor and a cap."""
    HARBOR_MAINTENANCE = "harbor_maintenance"
    """The fee on cargo that comes in by sea, a share of its value."""
    INTEREST_CORPORATION = "interest_corporation"
    """Interest a year on duty paid back to a corporation, compounded daily."""
    INTEREST_OTHER = "interest_other"
    """The same to any other importer."""


class CustomsCharge(Dated):
    """A fee of customs, or its interest, over a window of days."""

    charge_id: Key
    charge: Charge
    rate: Rate
    """Fraction of the customs value; of interest, a year."""
    minimum_usd: Amount | None = None
    """Least fee of an entry."""
    maximum_usd: Amount | None = None
    """Largest fee of an entry."""

    @model_validator(mode="after")
    def _limits_are_in_order(self) -> Self:
        low, high = self.minimum_usd, self.maximum_usd
        if low is not None and high is not None and low.high > high.low:
            raise CellsError("the floor is above the cap; check both", "minimum_usd", "maximum_usd")
        return self
