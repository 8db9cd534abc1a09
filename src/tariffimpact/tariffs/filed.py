"""A compiled schedule asked for a rate: any product, origin and day it covers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.codes import check_country, check_hts
from tariffimpact.errors import ModelError, require
from tariffimpact.facts import DutyBase, DutyKind, Product, Source, Status
from tariffimpact.interval import Interval
from tariffimpact.tariffs.compiled import CompiledSchedule
from tariffimpact.tariffs.rate import TariffComponent, TariffRate
from tariffimpact.tariffs.spells import DUTY, EXEMPTION, UNPAID, WAIVER
from tariffimpact.tariffs.stacking import Stack, after_replacement

if TYPE_CHECKING:
    import pandas as pd

SPECIAL_CHAPTERS: Final = ("98", "99")
FREED: Final = (WAIVER, EXEMPTION)
_WHOLE: Final = Interval.exactly(1.0)


@dataclass(frozen=True, slots=True)
class FiledDuty:
    """A row of the compiled schedule that bears on a line, with what exempts it."""

    component_id: str
    authority: str
    kind: DutyKind
    base: DutyBase
    ad_valorem: Interval | None
    specific_usd: Interval | None
    specific_unit: str
    displaced_by: tuple[str, ...]
    replaces: tuple[str, ...]
    share_due: Interval
    reach: Interval
    freed_by: tuple[str, ...]


class FiledSchedule:
    """Every product of the tariff schedule, from a compiled file.

    Parameters
    ----------
    compiled
        What `read_schedule` or `build_schedule` returns.
    claims
        Share of the duty that a claim frees, or of the goods put to a use, by claim:
        `{"USMCA": 0.9, "CAR PARTS": 0}`. A claim that is not named is unknown: the rate is then
        an interval.
    """

    def __init__(
        self, compiled: CompiledSchedule, *, claims: Mapping[str, float] | None = None
    ) -> None:
        self.compiled = compiled
        self._claims = compiled.checked_claims(claims or {})
        self._components: dict[str, Any] = compiled.manifest["components"]
        self._metal: dict[str, list[float]] = compiled.manifest["metal"]

    def rate(
        self,
        product: str,
        origin: str,
        on: date,
        *,
        metal_content: Interval | None = None,
        quantity_per_dollar: float | None = None,
    ) -> TariffRate:
        """Return what an importer was charged on a day.

        Parameters
        ----------
        product
            HTS code of 8 or 10 digits.
        origin
            ISO 3166-1 alpha-3 code of the country of origin.
        on
            Day of entry, within the coverage.
        metal_content
            Share of the customs value that is metal; where unknown the rate is an interval.
        quantity_per_dollar
            Units of a duty per unit (kilograms, litres) in a US dollar of customs value: a total
            that counts the general rate then counts that duty too.

        Returns
        -------
        TariffRate
            The stacked rate, a fraction of the customs value, and its components.

        Raises
        ------
        ModelError
            If the schedule does not know the code, the origin or the day.
        """
        found = self.product(product)
        if metal_content is not None:
            found = found.model_copy(update={"metal_content": metal_content})
        self._require_covered(origin, on)
        rows = self._rows(self._key(found.hts), origin, on)
        duties = [self._duty(row, rows) for row in _most_specific(rows, DUTY)]
        duties = after_replacement(duties)
        stack = Stack(duties, metal=found.metal_content, quantity_per_dollar=quantity_per_dollar)
        parts = [
            self._component(duty, stack.amount(duty), stack.per_unit(duty), counted=True)
            for duty in duties
        ]
        unpaid = [self._duty(row, []) for row in _most_specific(rows, UNPAID)]
        parts += [
            self._component(duty, duty.ad_valorem, duty.specific_usd, counted=False)
            for duty in unpaid
        ]
        return TariffRate(found, origin, on, stack.total(), tuple(parts))

    def explain(self, product: str, origin: str, on: date) -> str:
        """Return the rate with each component, its amount and its source, as text."""
        return self.rate(product, origin, on).explain()

    def history(self, product: str, origin: str, start: date, end: date) -> pd.DataFrame:
        """Return the rate from `start` up to, not including, `end`: one row per spell."""
        import pandas as pd

        key = self._key(self.product(product).hts)
        frame = self._of_line(key, origin)
        edges = {d.date() for name in ("starts_on", "ends_on") for d in frame[name]}
        days = [start, *sorted(day for day in edges if start < day < end)]
        spells: list[dict[str, Any]] = []
        for day, following in zip(days, [*days[1:], end], strict=True):
            rate = self.rate(product, origin, day).rate
            if spells and (spells[-1]["low"], spells[-1]["high"]) == (rate.low, rate.high):
                spells[-1]["ends_on"] = following
            else:
                low, high = rate.low, rate.high
                spells.append({"starts_on": day, "ends_on": following, "low": low, "high": high})
        return pd.DataFrame(spells)

    def product(self, code: str) -> Product:
        """Return the product of a code: its tariff line must be in the schedule."""
        try:
            digits = check_hts(code)
        except ValueError as error:
            raise ModelError(f"{code!r} is {error}") from None
        if digits[:2] in SPECIAL_CHAPTERS:
            raise ModelError(
                f"{code!r} is of chapter {digits[:2]}, a special provision and no product; "
                "give the code of chapters 1 to 97 the goods belong to"
            )
        if len(digits) < 8:
            under = [c for c in self._by_hts if c.startswith(digits)][:5]
            raise ModelError(
                f"{code!r} has {len(digits)} digits; give 8 or 10, such as {', '.join(under)}"
                if under
                else f"product {code!r} is not in the schedule"
            )
        if not ({digits, digits[:8]} & self._by_hts.keys()):
            raise ModelError(
                f"product {code!r} is not in the schedule; its tariff lines are those of "
                "January 2025"
            )
        metal = next((m for hts, m in self._metal.items() if digits.startswith(hts)), None)
        return Product(
            hts=digits, name=f"HTS {digits}", family="any",
            metal_content=None if metal is None else Interval(*metal),
        )  # fmt: skip

    def origins(self, product: str) -> tuple[str, ...]:
        """Return the origins the schedule knows: every country but the United States."""
        import pycountry

        self.product(product)
        return tuple(sorted(c.alpha_3 for c in pycountry.countries if c.alpha_3 != "USA"))

    def coverage(self, product: str, origin: str) -> tuple[date, date]:
        """Return the first day known and the first day no longer known."""
        self.product(product)
        told = self.compiled.manifest
        self._require_origin(origin)
        return date.fromisoformat(told["starts_on"]), date.fromisoformat(told["ends_on"])

    @cached_property
    def _by_hts(self) -> dict[str, Any]:
        rows: Any = self.compiled.frame.groupby("hts", sort=False).indices
        return dict(rows)

    def _key(self, digits: str) -> str:
        return digits if digits in self._by_hts else digits[:8]

    def _of_line(self, key: str, origin: str) -> pd.DataFrame:
        import numpy as np

        rows = [self._by_hts[code] for code in ("", key) if code in self._by_hts]
        frame = self.compiled.frame.iloc[np.concatenate(rows)]
        return frame[frame["origin"].isin(["", origin])]

    def _rows(self, key: str, origin: str, on: date) -> list[Any]:
        frame = self._of_line(key, origin)
        day = str(on)
        return list(frame[(frame["starts_on"] <= day) & (frame["ends_on"] > day)].itertuples())

    def _require_covered(self, origin: str, on: date) -> None:
        first, last = (
            date.fromisoformat(self.compiled.manifest[k]) for k in ("starts_on", "ends_on")
        )
        self._require_origin(origin)
        if not first <= on < last:
            raise ModelError(
                f"no rate on {on}; the schedule knows {first} to {last - timedelta(1)}"
            )

    def _require_origin(self, origin: str) -> None:
        try:
            check_country(origin)
        except ValueError as error:
            raise ModelError(f"{origin!r} is {error}") from None
        require(origin != "USA", "goods of the United States pay no duty here; give another origin")

    def _duty(self, row: Any, rows: list[Any]) -> FiledDuty:
        freeing = [r for r in rows if r.authority == row.authority and r.role in FREED]
        left = dict.fromkeys(FREED, _WHOLE)
        for each in freeing:
            left[each.role] = left[each.role] * (1 - self._freed(each))
        specific = Interval(row.specific_low, row.specific_high) if row.specific_high else None
        return FiledDuty(
            row.component_id, row.authority, DutyKind(row.kind), DutyBase(row.base),
            Interval(row.low, row.high), specific, row.specific_unit,
            tuple(filter(None, row.displaced_by.split("|"))),
            tuple(filter(None, row.replaces.split("|"))),
            left[WAIVER], left[EXEMPTION] * self._use(row),
            tuple(each.component_id for each in freeing),
        )  # fmt: skip

    def _use(self, row: Any) -> Interval:
        """Return the share of the goods put to the use that decides a duty, as claimed."""
        if row.base != DutyBase.END_USE:
            return _WHOLE
        claim = self._components[row.component_id]["claim"]
        claimed = self._claims.get(claim)
        return Interval(0.0, 1.0) if claimed is None else Interval.exactly(claimed)

    def _freed(self, waiver: Any) -> Interval:
        claim = self._components[waiver.component_id]["claim"]
        if claim in self._claims:
            return Interval.exactly(self._claims[claim] * waiver.high)
        return Interval(waiver.low, waiver.high)

    def _component(
        self, duty: FiledDuty, amount: Interval | None, usd: Interval | None, *, counted: bool
    ) -> TariffComponent:
        told = self._components[duty.component_id]
        waivers = [self._components[name] for name in duty.freed_by]
        where = ", ".join(filter(None, (told["heading"], told["legal_reference"])))
        names = (told["name"], *(f"{w['name']} ({w['heading']})" for w in waivers))
        notes = " ".join(filter(None, (told["notes"], *(w["notes"] for w in waivers))))
        return TariffComponent(
            authority=duty.authority,
            name="; ".join(names),
            kind=duty.kind,
            base=duty.base,
            amount=amount,
            specific_usd=usd,
            specific_unit=duty.specific_unit,
            status=Status(told["status"]),
            counted=counted,
            source=Source.model_validate(self.compiled.manifest["sources"][told["source_id"]]),
            locator=where or "the list as a whole",
            quote="",
            notes=notes,
        )


def _most_specific(rows: list[Any], role: str) -> Iterator[Any]:
    """Yield one row an authority: product and origin before product before origin."""
    best: dict[str, Any] = {}
    for row in rows:
        if row.role == role:
            held = best.get(row.authority)
            if held is None or _weight(row) > _weight(held):
                best[row.authority] = row
    yield from best.values()


def _weight(row: Any) -> int:
    return 2 * bool(row.hts) + bool(row.origin)
