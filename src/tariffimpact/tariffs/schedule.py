"""The dated schedule: which components bear on a product, an origin and a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.codes import check_country, check_hts, country_name
from tariffimpact.errors import ModelError
from tariffimpact.facts import Facts, Product, Status, TariffRow
from tariffimpact.interval import Interval
from tariffimpact.tariffs.rate import TariffComponent, TariffRate
from tariffimpact.tariffs.stacking import MFN, Stack, after_replacement

if TYPE_CHECKING:
    import pandas as pd

CHARGED: Final = frozenset({Status.IN_FORCE, Status.VOID})
"""What an importer was charged on the day: a void duty was collected, and is refundable."""


class TariffSchedule:
    """Every dated component the data knows, ready to be asked for a rate.

    What the schedule knows is what its MFN rows cover: a product, an origin or a day outside
    them is an error that says what is known, never a zero.

    Examples
    --------
    >>> from tariffimpact.facts import read_facts
    >>> schedule = TariffSchedule(read_facts())
    >>> print(schedule.rate("9504500000", "CHN", date(2025, 5, 1)).rate)
    1.45
    """

    def __init__(self, facts: Facts) -> None:
        self.products = facts.products
        self._rows = facts.tariffs
        self._groups = {group.group: group.members for group in facts.country_groups}
        self._sources = {source.source_id: source for source in facts.sources}

    def rate(
        self, product: str, origin: str, on: date, *, quantity_per_dollar: float | None = None
    ) -> TariffRate:
        """Return what an importer was charged on a day.

        Parameters
        ----------
        product
            HTS code, digits as text; fewer than ten digits will do where only one product fits.
        origin
            ISO 3166-1 alpha-3 code of the country of origin.
        on
            Day of entry.
        quantity_per_dollar
            Units of a duty per unit (litres, pairs) in a US dollar of customs value: a total that
            counts the general rate then counts that duty too.

        Returns
        -------
        TariffRate
            The stacked rate, a fraction of the customs value, and its components.

        Raises
        ------
        ModelError
            If the schedule does not know the product, the origin or the day.
        """
        found = self.product(product)
        rows = [row for row in self._in_scope(found, origin) if _in_window(row, on)]
        self._require_known(found, origin, on, rows)
        charged = after_replacement([row for row in rows if row.status in CHARGED])
        others = [row for row in rows if row.status not in CHARGED]
        stack = Stack(charged, metal=found.metal_content, quantity_per_dollar=quantity_per_dollar)
        components = tuple(
            self._component(row, stack.amount(row), counted=row in charged)
            for row in (*charged, *others)
        )
        return TariffRate(found, origin, on, stack.total(), components)

    def explain(self, product: str, origin: str, on: date) -> str:
        """Return the rate with each component, its amount and its source, as text."""
        return self.rate(product, origin, on).explain()

    def history(self, product: str, origin: str, start: date, end: date) -> pd.DataFrame:
        """Return the rate from `start` up to, not including, `end`: one row per spell.

        Returns
        -------
        DataFrame
            `starts_on`, `ends_on` (first day no longer), `low`, `high` (fractions).

        Raises
        ------
        ModelError
            As `rate`, and if `end` is not after `start`.
        """
        import pandas as pd

        if end <= start:
            raise ModelError(f"a history needs an end after its start (got {start} to {end})")
        spells: list[dict[str, Any]] = []
        days = self._change_days(product, origin, start, end)
        for day, following in zip(days, [*days[1:], end], strict=True):
            rate = self.rate(product, origin, day).rate
            if spells and (spells[-1]["low"], spells[-1]["high"]) == (rate.low, rate.high):
                spells[-1]["ends_on"] = following
            else:
                spells.append(
                    {"starts_on": day, "ends_on": following, "low": rate.low, "high": rate.high}
                )
        return pd.DataFrame(spells)

    def product(self, code: str) -> Product:
        """Return the one product an HTS code stands for.

        Raises
        ------
        ModelError
            If no product, or more than one, fits the code; the text lists them.
        """
        try:
            digits = check_hts(code)
        except ValueError as error:
            raise ModelError(f"{code!r} is {error}") from None
        exact = [p for p in self.products if p.hts == digits]
        fits = exact or [
            p for p in self.products if p.hts.startswith(digits) or digits.startswith(p.hts)
        ]
        if len(fits) == 1:
            return fits[0]
        listed = _by_family(fits or self.products)
        what = "stands for more than one product" if fits else "is not in the schedule"
        raise ModelError(f"product {code!r} {what}; it knows {listed}")

    def origins(self, product: str) -> tuple[str, ...]:
        """Return the origins the schedule knows for a product, as sorted country codes."""
        found = self.product(product)
        rows = [r for r in self._rows if r.authority == MFN and _covers(r, found)]
        return tuple(sorted({code for row in rows for code in self._expanded(row.origins)}))

    def coverage(self, product: str, origin: str) -> tuple[date, date]:
        """Return the first day known and the first day no longer known."""
        found = self.product(product)
        rows = [row for row in self._in_scope(found, origin) if row.authority == MFN]
        if not rows:
            raise ModelError(self._unknown_origin(found, origin))
        return min(r.starts_on for r in rows), max(r.ends_on or date.max for r in rows)

    def _in_scope(self, product: Product, origin: str) -> list[TariffRow]:
        return [row for row in self._rows if _covers(row, product) and self._from(row, origin)]

    def _from(self, row: TariffRow, origin: str) -> bool:
        named = "*" in row.origins or origin in self._expanded(row.origins)
        return named and origin not in self._expanded(row.except_origins)

    def _expanded(self, words: Iterable[str]) -> set[str]:
        return {code for word in words for code in self._groups.get(word, (word,))}

    def _require_known(
        self, product: Product, origin: str, on: date, rows: Sequence[TariffRow]
    ) -> None:
        if any(row.authority == MFN for row in rows):
            return
        first, last = self.coverage(product.hts, origin)
        raise ModelError(
            f"no rate for {product.name} from {country_name(origin)} on {on}; "
            f"the schedule knows {first} to {last - timedelta(days=1)}"
        )

    def _unknown_origin(self, product: Product, origin: str) -> str:
        known = f"the schedule knows {', '.join(self.origins(product.hts))}"
        try:
            return f"no rate for {product.name} from {country_name(check_country(origin))}; {known}"
        except ValueError as error:
            return f"{origin!r} is {error} For {product.name} {known}"

    def _change_days(self, product: str, origin: str, start: date, end: date) -> list[date]:
        rows = self._in_scope(self.product(product), origin)
        edges = {day for row in rows for day in (row.starts_on, row.ends_on) if day is not None}
        return [start, *sorted(day for day in edges if start < day < end)]

    def _component(
        self, row: TariffRow, amount: Interval | None, *, counted: bool
    ) -> TariffComponent:
        return TariffComponent(
            authority=row.authority,
            name=row.name,
            kind=row.kind,
            base=row.base,
            amount=amount,
            specific_usd=row.specific_usd,
            specific_unit=row.specific_unit,
            status=row.status,
            counted=counted,
            source=self._sources[row.source_id],
            locator=row.locator,
            quote=row.quote,
            notes=row.notes,
        )


def _by_family(products: Sequence[Product]) -> str:
    """Return products as an error lists them: each family with its codes."""
    families: dict[str, list[str]] = {}
    for product in products:
        families.setdefault(product.family, []).append(product.hts)
    return "; ".join(f"{family} {', '.join(hts)}" for family, hts in families.items())


def _covers(row: TariffRow, product: Product) -> bool:
    named = any(word == "*" or product.hts.startswith(word) for word in row.hts)
    return named and not any(product.hts.startswith(word) for word in row.except_hts)


def _in_window(row: TariffRow, on: date) -> bool:
    return row.starts_on <= on and (row.ends_on is None or on < row.ends_on)
