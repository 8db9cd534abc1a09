"""Which column of a panel holds what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column of a panel holds what."""

    unit: str = "sku"
    time: str = "date"
    price: str = "price"
    treated: str | None = None
    """A column of 0 and 1, or with `treated_value` any column."""
    treated_value: str | None = None
    tariff: str | None = None
    """Rate of duty, a fraction of the customs value."""
    duty: str | None = None
    """Duty per unit, in the money of the price."""
    hts: str | None = None
    origin: str | None = None
    size: str | None = None
    weight: str | None = None
    cluster: str | None = None
    market: str | None = None
    stock: str | None = None
    controls: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    """Columns whose values have effects of their own, beside the unit and the time."""
    window: tuple[str | None, str | None] = (None, None)
    """First period kept, and the first no longer kept."""
    only: tuple[tuple[str, str], ...] = ()
    """Column and value: rows that have another are left out."""
    without: tuple[tuple[str, str], ...] = ()
    """Column and value: rows that have it are left out."""

    @property
    def named(self) -> list[str]:
        """Every column named, each once."""
        single = (
            self.unit, self.time, self.price, self.treated, self.tariff, self.duty, self.hts,
            self.origin, self.size, self.weight, self.cluster, self.market, self.stock,
        )  # fmt: skip
        chosen = [column for column, _ in (*self.only, *self.without)]
        return list(dict.fromkeys([*filter(None, single), *self.controls, *self.effects, *chosen]))

    @property
    def control_names(self) -> tuple[str, ...]:
        """The controls, the stock first."""
        return (*filter(None, [self.stock]), *self.controls)

    @property
    def clustered(self) -> bool:
        """Whether errors are clustered by another column than the unit."""
        return self.cluster is not None and self.cluster != self.unit
