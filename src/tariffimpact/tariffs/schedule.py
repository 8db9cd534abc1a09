"""The dated schedule: which components bear on a product, an origin and a day."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.codes import check_country, check_hts, country_name, every_country, hts_label
from tariffimpact.errors import DataError, Fault, ModelError, require
from tariffimpact.facts import DutyBase, DutyKind, Facts, Product, Source, Status, shipped_folder
from tariffimpact.interval import Interval
from tariffimpact.tariffs.compile import own_rows
from tariffimpact.tariffs.rate import OpenQuestion, TariffComponent, TariffRate
from tariffimpact.tariffs.stacking import MFN, Stack, after_replacement
from tariffimpact.tariffs.windows import (
    DUTY,
    EXEMPTION,
    FREEING,
    PREFERENCE,
    UNPAID,
    WAIVER,
    WEIGHED,
    CompiledSchedule,
    ScheduleFile,
    Window,
    checked_claims,
    day_warnings,
    weighed_claims,
)
from tariffimpact.units import percent

if TYPE_CHECKING:
    import pandas as pd

SPECIAL_CHAPTERS: Final = ("98", "99")
SHIPPED: Final = "us-tariffs.parquet"
COVERED: Final = "@COVERED"
"""The group of countries that the facts cover."""
_WHOLE: Final = Interval.exactly(1.0)
_OPEN: Final = Interval(0.0, 1.0)


def shipped_schedule(
    facts: Facts,
    *,
    claims: Mapping[str, float] | None = None,
    known_on: date | None = None,
) -> Schedule:
    """Return the schedule of every line that comes with the program, with the rows of some facts.

    Examples
    --------
    >>> from tariffimpact.facts import read_facts
    >>> schedule = shipped_schedule(read_facts())
    >>> print(schedule.rate("9504500000", "CHN", date(2025, 5, 1)).rate)
    1.45
    >>> print(schedule.rate("8471300100", "VNM", date(2025, 5, 1)).rate)
    0
    """
    file = ScheduleFile(Path(shipped_folder("data")) / SHIPPED)
    return Schedule(file, facts, claims=claims, known_on=known_on)


@dataclass(frozen=True, slots=True)
class Duty:
    """A row that bears on a line, with what frees of it."""

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


@dataclass(frozen=True, slots=True)
class _Line:
    """A product and origin on a day, with what is known of the goods."""

    product: Product
    origin: str
    on: date
    rows: tuple[Window, ...]
    quantity_per_dollar: float | None
    weighed: Mapping[str, float]
    """Claims that the metal's share of the weight decides."""


class Schedule:
    """Every dated component of a compiled schedule, ready to be asked for a rate.

    What it does not know, a product, an origin or a day before its first, is an error that says
    what is known, never a zero. After the last day of its sources an answer carries a warning.

    Parameters
    ----------
    source
        A compiled schedule, or a file of one, of which only what is asked for is read.
    facts
        Whose `tariffs` rows join the schedule, and whose products have names and metal shares.
    claims
        Share of the duty that a claim frees, or of the goods put to a use, by claim:
        `{"USMCA": 0.9, "CAR PARTS": 0}`. A claim that is not named is unknown: the rate is then
        an interval.
    known_on
        Day on which the law is read: a duty that was held void later is in force still.

    Raises
    ------
    ModelError
        If a claim is unknown to the schedule, or no share of 0 to 1.
    DataError
        If a row of the facts names an authority that neither they nor the schedule have.
    """

    def __init__(
        self,
        source: CompiledSchedule | ScheduleFile,
        facts: Facts | None = None,
        *,
        claims: Mapping[str, float] | None = None,
        known_on: date | None = None,
    ) -> None:
        self.source = source
        self._known_on = known_on
        self.products = facts.products if facts else ()
        told = source.manifest
        self.claims = checked_claims(claims or {}, told)
        self._made = {*checked_claims(claims or {}, told | {"claims": {}})}
        self._facts = facts
        self._components: dict[str, Any] = dict(told["components"])
        self._sources = {key: Source.model_validate(s) for key, s in _cited(told).items()}
        self._own: list[Window] = []
        if facts and facts.tariffs:
            codes = {c for row in facts.tariffs for w in row.hts if w != "*"
                     for c in source.codes_under(w)}  # fmt: skip
            codes |= {product.hts[:8] for product in facts.products}
            _check_authorities(facts, told["authorities"])
            self._own, own_components = own_rows(facts, codes)
            self._components |= own_components
            self._sources |= {source.source_id: source for source in facts.sources}

    @cached_property
    def compiled(self) -> CompiledSchedule:
        """The whole schedule with the rows of the facts, for engines that charge many lines."""
        source = self.source
        whole = source.read() if isinstance(source, ScheduleFile) else source
        own = {window.component_id for window in self._own}
        components = {key: self._components[key] for key in own}
        cited = {part["source_id"] for part in components.values()}
        sources = {key: json.loads(self._sources[key].model_dump_json()) for key in cited}
        return whole.joined(self._own, components, sources)

    @property
    def sources_end_on(self) -> date:
        """First day that no source of it speaks for."""
        return date.fromisoformat(self.source.manifest["sources_end_on"])

    @property
    def data(self) -> str:
        """The version of the data it was compiled with."""
        return str(self.source.manifest.get("data", "unnamed"))

    def rate(
        self,
        product: str,
        origin: str,
        on: date,
        *,
        metal_content: Interval | None = None,
        metal_weight: Interval | None = None,
        quantity_per_dollar: float | None = None,
        questions: bool = False,
    ) -> TariffRate:
        """Return what an importer was charged on a day.

        Parameters
        ----------
        product
            HTS code, digits as text: 8 or 10; fewer where only one of the named products fits.
        origin
            ISO 3166-1 alpha-3 code of the country of origin.
        on
            Day of entry.
        metal_content
            Share of the customs value that is metal; where unknown the rate is an interval.
        metal_weight
            Share of the weight that is the listed metal, which frees light articles.
        quantity_per_dollar
            Units of a duty per unit (kilograms, litres) in a US dollar of customs value: a total
            that counts the general rate then counts that duty too.
        questions
            Whether to add what is open, and what each answer would change.

        Returns
        -------
        TariffRate
            The stacked rate, a fraction of the customs value, and its components.

        Raises
        ------
        ModelError
            If the schedule does not know the code, the origin or the day, or a share of metal is
            none.
        """
        for part, of in ((metal_content, "customs value"), (metal_weight, "weight")):
            if part is not None and not 0 <= part.low <= part.high <= 1:
                raise ModelError(
                    f"the metal's share of the {of} lies from 0 to 100% (got {percent(part)})"
                )
        found = self.product(product)
        if metal_content is not None:
            found = found.model_copy(update={"metal_content": metal_content})
        weighed = weighed_claims(metal_weight or _OPEN, self.source.manifest)
        line = self._line(found, origin, on, quantity_per_dollar, weighed)
        rate = self._charged(line, self.claims)
        asked = tuple(self._questions(line, rate)) if questions else ()
        return replace(rate, warnings=tuple(self._warnings(line)), open_questions=asked)

    def stack(
        self,
        hts: str,
        origin: str,
        on: date,
        *,
        metal: Interval,
        weight: Interval,
        quantity_per_dollar: float | None = None,
    ) -> tuple[Stack, bool]:
        """Return the duties of a line of 8 or 10 digits on a day, and whether the book has it then.

        See `rate`, which also says where they come from.
        """
        rows = tuple(self._rows(self._key(hts), origin, on))
        weighed = weighed_claims(weight, self.source.manifest)
        duties = self._duties(rows, self.claims, weighed)
        known = any(row.authority == MFN and row.role == DUTY for row in rows)
        return Stack(duties, metal=metal, quantity_per_dollar=quantity_per_dollar), known

    def explain(self, product: str, origin: str, on: date) -> str:
        """Return the rate with each component, its amount and its source, as text."""
        return self.rate(product, origin, on, questions=True).explain()

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
        self._require_known(origin, start)
        found = self.product(product)
        weighed = weighed_claims(_OPEN, self.source.manifest)
        rows = self._of_line(self._key(found.hts), origin)
        edges = {day for row in rows for day in (row.starts_on, row.ends_on)}
        days = [start, *sorted(day for day in edges if start < day < end)]
        spells: list[dict[str, Any]] = []
        for day, following in zip(days, [*days[1:], end], strict=True):
            line = self._line(found, origin, day, None, weighed)
            rate = self._stacked(line, self.claims)[1].total()
            if spells and (spells[-1]["low"], spells[-1]["high"]) == (rate.low, rate.high):
                spells[-1]["ends_on"] = following
            else:
                low, high = rate.low, rate.high
                spells.append({"starts_on": day, "ends_on": following, "low": low, "high": high})
        return pd.DataFrame(spells)

    def product(self, code: str) -> Product:
        """Return the one product an HTS code stands for.

        Raises
        ------
        ModelError
            If no product, or more than one, fits the code; the text lists some.
        """
        try:
            digits = check_hts(code)
        except ValueError as error:
            raise ModelError(f"{code!r} is {error}") from None
        if digits[:2] in SPECIAL_CHAPTERS:
            raise ModelError(
                f"{code!r} is of chapter {digits[:2]}, a special provision and no product; "
                "give the code of chapters 1 to 97 the goods belong to"
            )
        named = [p for p in self.products if digits in (p.hts, p.hts[: len(digits)])]
        exact = [p for p in named if p.hts == digits]
        if len(exact or named) == 1:
            return (exact or named)[0]
        if len(digits) < 8:
            raise ModelError(_too_short(code, self.source.codes_under(digits)))
        if not ({digits, digits[:8]} & set(self.source.codes_under(digits[:8]))):
            raise ModelError(f"product {code!r} is not in the schedule{self._near(digits)}")
        named = [p for p in self.products if digits.startswith(p.hts)]
        if named:  # a statistical line of a product named by its tariff line
            return named[0].model_copy(update={"hts": digits})
        shares = self.source.manifest["metal"].items()
        metal = next((Interval(*m) for hts, m in shares if digits.startswith(hts)), None)
        name = f"HTS {hts_label(digits)}"
        return Product(hts=digits, name=name, family="any", metal_content=metal)

    def _near(self, digits: str) -> str:
        near = self.source.codes_under(digits[:6])[:5] or self.source.codes_under(digits[:4])[:5]
        return f"; its lines nearby are {', '.join(near)}" if near else ""

    def origins(self, product: str) -> tuple[str, ...]:
        """Return the origins to ask for: those the facts cover, of the products they name.

        Of any other product every country but the United States.
        """
        found = self.product(product)
        groups = self._facts.country_groups if self._facts and found in self.products else ()
        covered = next((group.members for group in groups if group.group == COVERED), None)
        return tuple(sorted(covered or every_country() - {"USA"}))

    def component(self, component_id: str) -> dict[str, Any]:
        """Return what the schedule says of a component: name, heading, locator, quote, source."""
        told: dict[str, Any] = self._components[component_id]
        return told | {"component_id": component_id}

    def coverage(self, product: str, origin: str) -> tuple[date, date]:
        """Return the first day known and the first day that no source speaks for."""
        self.product(product)
        self._require_origin(origin)
        return date.fromisoformat(self.source.manifest["starts_on"]), self.sources_end_on

    def _key(self, digits: str) -> str:
        if digits not in self._keys:
            self._keys[digits] = digits if digits in self.source.codes_under(digits) else digits[:8]
        return self._keys[digits]

    @cached_property
    def _keys(self) -> dict[str, str]:
        return {}

    def _of_line(self, key: str, origin: str) -> list[Window]:
        """Return the rows that bear on a code from an origin, of every day; picked out once."""
        if (key, origin) not in self._lines:
            rows = [*self._of_code(key), *self._own]
            bearing = [r for r in rows if r.hts in ("", key) and r.origin in ("", origin)]
            everywhere = [*self._everywhere.get("", ()), *self._everywhere.get(origin, ())]
            self._lines[key, origin] = [*everywhere, *bearing]
        return self._lines[key, origin]

    @cached_property
    def _lines(self) -> dict[tuple[str, str], list[Window]]:
        return {}

    @cached_property
    def _everywhere(self) -> dict[str, list[Window]]:
        """The rows of every product, by origin."""
        rows: dict[str, list[Window]] = {}
        for row in self.source.rows_of(""):
            rows.setdefault(row.origin, []).append(row)
        return rows

    @cached_property
    def _codes(self) -> dict[str, list[Window]]:
        return {}

    def _of_code(self, key: str) -> list[Window]:
        if key not in self._codes:
            self._codes[key] = self.source.rows_of(key)
        return self._codes[key]

    def _rows(self, key: str, origin: str, on: date) -> list[Window]:
        rows = [r for r in self._of_line(key, origin) if r.starts_on <= on < r.ends_on]
        own = {_place(row) for row in rows if row in self._own and row.role != UNPAID}
        return [row for row in rows if row in self._own or _place(row) not in own]

    def _require_known(self, origin: str, on: date) -> None:
        self._require_origin(origin)
        first = date.fromisoformat(self.source.manifest["starts_on"])
        require(on >= first, f"no rate on {on}; the schedule begins on {first}")

    def _require_origin(self, origin: str) -> None:
        try:
            check_country(origin)
        except ValueError as error:
            raise ModelError(f"{origin!r} is {error}") from None
        require(origin != "USA", "goods of the United States pay no duty here; give another origin")

    def _line(
        self, product: Product, origin: str, on: date, quantity_per_dollar: float | None,
        weighed: Mapping[str, float],
    ) -> _Line:  # fmt: skip
        """Return what bears on goods on a day.

        Raises
        ------
        ModelError
            As `rate`.
        """
        self._require_known(origin, on)
        rows = tuple(self._rows(self._key(product.hts), origin, on))
        if not any(row.authority == MFN and row.role == DUTY for row in rows):
            raise ModelError(
                f"no general rate for {product.name} from {country_name(origin)} on {on}; add a "
                "row with the authority MFN for it to tariffs.csv"
            )
        return _Line(product, origin, on, rows, quantity_per_dollar, weighed)

    def _stacked(self, line: _Line, claims: Mapping[str, float]) -> tuple[list[Duty], Stack]:
        charged = self._duties(line.rows, claims, line.weighed)
        return charged, Stack(
            charged,
            metal=line.product.metal_content,
            quantity_per_dollar=line.quantity_per_dollar,
        )

    def _charged(self, line: _Line, claims: Mapping[str, float]) -> TariffRate:
        charged, stack = self._stacked(line, claims)
        parts = [
            self._component(duty, stack.amount(duty), stack.per_unit(duty), counted=True)
            for duty in charged
        ]
        for row in (row for row in line.rows if row.role == UNPAID):
            duty = self._duty(row, (), claims, {})
            part = self._component(duty, duty.ad_valorem, duty.specific_usd, counted=False)
            parts.append(part)
        return TariffRate(line.product, line.origin, line.on, stack.total(), tuple(parts))

    def _duties(
        self, rows: tuple[Window, ...], claims: Mapping[str, float], weighed: Mapping[str, float]
    ) -> list[Duty]:
        """Return the duties charged, with what frees of each, those replaced left out."""
        stated = _most_specific(rows, DUTY)
        return after_replacement([self._duty(row, rows, claims, weighed) for row in stated])

    def _duty(
        self, row: Window, rows: tuple[Window, ...], claims: Mapping[str, float],
        weighed: Mapping[str, float],
    ) -> Duty:  # fmt: skip
        freeing = [r for r in rows if r.authority == row.authority and r.role in FREEING]
        preferred = [r for r in freeing if r.role == PREFERENCE]
        if preferred:
            best = max(preferred, key=_weight)
            freeing = [r for r in freeing if r.role != PREFERENCE or r is best]
        left = dict.fromkeys((*FREEING,), _WHOLE)
        for each in freeing:
            left[each.role] = left[each.role] * (1 - self._freed(each, claims, weighed))
        freeing = [each for each in freeing if each.high > 0]
        specific = Interval(row.specific_low, row.specific_high) if row.specific_high else None
        only_specific = row.high == 0 and specific is not None
        return Duty(
            row.component_id, row.authority, DutyKind(row.kind), DutyBase(row.base),
            None if only_specific else Interval(row.low, row.high), specific, row.specific_unit,
            tuple(filter(None, row.displaced_by.split("|"))),
            tuple(filter(None, row.replaces.split("|"))),
            left[WAIVER] * left[PREFERENCE], left[EXEMPTION] * self._use(row, claims),
            tuple(each.component_id for each in freeing),
        )  # fmt: skip

    def _use(self, row: Window, claims: Mapping[str, float]) -> Interval:
        """Return the share of the goods put to the use that decides a duty, as claimed."""
        if row.base != DutyBase.END_USE:
            return _WHOLE
        claimed = claims.get(self._components[row.component_id]["claim"])
        return _OPEN if claimed is None else Interval.exactly(claimed)

    def _freed(
        self, row: Window, claims: Mapping[str, float], weighed: Mapping[str, float]
    ) -> Interval:
        """Return the share freed: as claimed, else as the weight decides, else as the rule says."""
        claim = self._components[row.component_id]["claim"]
        share = claims.get(claim, weighed.get(claim) if row.role in WEIGHED else None)
        if share is not None:
            return Interval.exactly(share * row.high)
        return Interval(row.low, row.high)

    def _component(
        self, duty: Duty, amount: Interval | None, usd: Interval | None, *, counted: bool
    ) -> TariffComponent:
        told = self._components[duty.component_id]
        freeing = [self._components[name] for name in duty.freed_by]
        where = ", ".join(filter(None, (told["heading"], told["legal_reference"])))
        names = (told["name"], *(f"{w['name']} ({w['heading']})" for w in freeing))
        notes = dict.fromkeys(filter(None, (told["notes"], *(w["notes"] for w in freeing))))
        return TariffComponent(
            authority=duty.authority,
            name="; ".join(names),
            kind=duty.kind,
            base=duty.base,
            amount=amount,
            specific_usd=usd,
            specific_unit=duty.specific_unit,
            status=self._status(told),
            counted=counted,
            source=self._sources[told["source_id"]],
            locator=told.get("locator") or where or "the list as a whole",
            quote=told.get("quote", ""),
            notes=" ".join(notes),
        )

    def _status(self, told: Mapping[str, Any]) -> Status:
        status = Status(told["status"])
        day = self._known_on
        held = told["legal_ends_on"] or self._voided_on
        return Status.IN_FORCE if status is Status.VOID and day and str(day) < held else status

    @cached_property
    def _voided_on(self) -> str:
        """The day on which the duties of the law that are now void were held so."""
        void = [part["legal_ends_on"] for part in self.source.manifest["components"].values()
                if part["status"] == Status.VOID and part["legal_ends_on"]]  # fmt: skip
        return min(void, default="0001-01-01")

    def _questions(self, line: _Line, rate: TariffRate) -> Iterator[OpenQuestion]:
        """Yield what is open about a line, with the rate under each answer."""
        bearing = {duty.component_id for duty in line.rows}
        open_claims = dict.fromkeys(
            part["claim"]
            for key in sorted(bearing)
            if (part := self._components[key])["claim"]
            and part["claim"] not in {*self._made, *line.weighed}
        )
        for claim in open_claims:
            no, yes = (self._charged(line, self.claims | {claim: share}) for share in (0.0, 1.0))
            if (no.rate, no.specific_usd) != (yes.rate, yes.specific_usd):
                asked = self.source.manifest.get("claims", {}).get(claim, {})
                asks = asked.get("question", "")
                how = (
                    f"--claim '{claim}=1' or =0"
                    + ("; presumed not" if claim in self.claims else "")
                    + (", or --weight SHARE" if asked.get("weight_under") else "")
                )
                yield OpenQuestion(claim, asks, how, no.rate, yes.rate)
        on_metal = any(part.base is DutyBase.METAL for part in rate.counted)
        if on_metal and not (line.product.metal_content and line.product.metal_content.is_exact):
            none, all_ = (
                self._charged(replace(line, product=line.product.model_copy(
                    update={"metal_content": Interval.exactly(share)})), self.claims)
                for share in (0.0, 1.0)
            )  # fmt: skip
            asks = "What share of the customs value is the metal?"
            yield OpenQuestion("metal content", asks, "--metal SHARE", none.rate, all_.rate)
        totals = any(part.kind in (DutyKind.FLOOR_INCL_MFN, DutyKind.TARGET_TOTAL)
                     for part in rate.counted)  # fmt: skip
        if rate.specific and totals and line.quantity_per_dollar is None:
            asks = "What is the customs value of a unit of the duty per unit?"
            how = "--unit-value DOLLARS"
            yield OpenQuestion("value per unit", asks, how, rate.rate, rate.rate)

    def day_warnings(self, on: date) -> list[str]:
        """Return what stands between any answer for a day and the law of the day."""
        return day_warnings(on, self.sources_end_on)

    def _warnings(self, line: _Line) -> Iterator[str]:
        yield from self.day_warnings(line.on)
        if line.product.hts[:8] in self.source.manifest.get("quotas", ()):
            yield ("The line is part of a tariff-rate quota: whether goods enter within it decides "
                   "which line they belong to, and is not decided here.")  # fmt: skip
        if line.rows and any("ban" in self._components[row.component_id]["name"]
                             for row in line.rows if row.role == DUTY):  # fmt: skip
            yield "An import ban is in force on these goods: see the notes."


def _check_authorities(facts: Facts, known: list[str]) -> None:
    """Refuse rows that give way to, or replace, an authority that nothing states."""
    names = {*known, *(row.authority for row in facts.tariffs)}
    faults = []
    for row in facts.tariffs:
        for column in ("displaced_by", "replaces"):
            for name in getattr(row, column):
                if name not in names:
                    near = get_close_matches(name, names, n=1)
                    remedy = f"did you mean {near[0]}?" if near else "spell it as in authority"
                    where = f"tariffs.csv: {row.component_id}"
                    faults.append(Fault(where, f"no duty is of {name}", remedy, column, name))
    if faults:
        raise DataError(faults)


def _cited(manifest: Mapping[str, Any]) -> dict[str, Any]:
    cited: dict[str, Any] = manifest["sources"]
    return cited


def _too_short(code: str, under: list[str]) -> str:
    if not under:
        return f"product {code!r} is not in the schedule"
    digits = len(code.replace(".", ""))
    return f"{code!r} has {digits} digits; give 8 or 10, such as {', '.join(under[:5])}"


def _most_specific(rows: tuple[Window, ...], role: str) -> Iterator[Window]:
    """Yield one row an authority: product and origin before product before origin."""
    best: dict[str, Window] = {}
    for row in rows:
        if row.role == role:
            held = best.get(row.authority)
            if held is None or _weight(row) > _weight(held):
                best[row.authority] = row
    yield from best.values()


def _place(row: Window) -> tuple[str, str, str, str]:
    return row.hts, row.origin, row.authority, row.role


def _weight(row: Window) -> int:
    return 2 * bool(row.hts) + bool(row.origin)
