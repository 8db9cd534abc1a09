"""Products charged under their own claims, on the day of entry and on the day of comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tariffimpact.errors import Fault, require
from tariffimpact.facts import CustomsCharge
from tariffimpact.portfolio.fees import fees, interest_growth
from tariffimpact.portfolio.goods import Claims, KnownGoods
from tariffimpact.portfolio.margins import ENDS, FORMS, priced
from tariffimpact.portfolio.skus import SkuFile
from tariffimpact.tariffs import CompiledSchedule
from tariffimpact.tariffs.engines import Engine, EngineName, check_engine, engine
from tariffimpact.tariffs.layers import schedule_layers
from tariffimpact.tariffs.line_charges import FEW, charge_few

if TYPE_CHECKING:
    import pandas as pd

_ENGINES: Final = 4
"""Sets of claims whose tables are held at once."""


_FREEING: Final = ("USMCA", "AGREEMENT")
"""Claims of an agreement, which also free from the processing fee."""


@dataclass(frozen=True, slots=True)
class BatchTerms:
    """What a batch supposes beside its rows."""

    on: date | None = None
    """Day of entry of rows without one of their own."""
    before: date | None = None
    """Day the duty is compared with; the schedule's first by default."""
    elasticity: float | None = None
    """Demand elasticity, above 0, of rows without one; None leaves two price rules blank there."""
    form: str = "isoelastic"
    """`isoelastic`, `linear` or `logit`."""
    claims: Mapping[str, float] | None = None
    """Share of the duty a claim frees, by claim, for rows that say nothing of it."""
    floor: float | None = None
    """Margin below which a product is told, a share of the price."""
    refunded_on: date | None = None
    """Day on which void duty is paid back; None for no interest."""
    corporation: bool = True
    """Whether the importer is a corporation, whose interest is lower."""
    charges: Sequence[CustomsCharge] = ()
    """Fees of customs and its interest; without them both are unknown."""

    def check(self, known: KnownGoods) -> None:
        """Refuse what leaves its range."""
        require(self.form in FORMS, f"no demand {self.form!r}; use {', '.join(FORMS)}")
        require(self.elasticity is None or self.elasticity > 0, "elasticity must be above 0")
        require(self.floor is None or 0 <= self.floor < 1, "a floor margin lies from 0 to below 1")
        since = self.since(known)
        for day in filter(None, (since, self.on)):
            require(
                known.starts_on <= day < known.ends_on,
                f"the schedule does not know {day}; it begins on {known.starts_on}",
            )

    def since(self, known: KnownGoods) -> date:
        """Return the day of comparison."""
        return self.before or known.starts_on


Charging = Callable[["pd.DataFrame", Mapping[str, float]], "pd.DataFrame"]
"""Charges lines under a set of claims."""


@contextmanager
def charging(compiled: CompiledSchedule, name: EngineName) -> Iterator[Charging]:
    """Yield what charges lines under a set of claims: a few one by one, more by an engine.

    The engines of the last few sets of claims are held.
    """
    check_engine(name)
    held: dict[Claims, tuple[ExitStack, Engine]] = {}

    def charge(lines: pd.DataFrame, claims: Mapping[str, float]) -> pd.DataFrame:
        if name == "duckdb" and len(lines) <= FEW:
            return charge_few(compiled, lines, claims=claims)
        return engine_of(claims).charge_frame(lines)

    def engine_of(claims: Mapping[str, float]) -> Engine:
        key = tuple(sorted(claims.items()))
        if key not in held:
            while len(held) >= _ENGINES:
                held.pop(next(iter(held)))[0].close()
            stack = ExitStack()
            layers = schedule_layers(compiled, claims=dict(claims) or None)
            held[key] = stack, stack.enter_context(engine(layers, name))
        return held[key][1]

    try:
        yield charge
    finally:
        for stack, _ in held.values():
            stack.close()


@dataclass(frozen=True, slots=True)
class ProductDuties:
    """Charges and prices chunks of valid rows."""

    file: SkuFile
    compiled: CompiledSchedule
    known: KnownGoods
    terms: BatchTerms
    charge: Charging

    def finished(self, frame: pd.DataFrame, faults: list[Fault]) -> pd.DataFrame:
        """Charge the valid rows on both days and price those the schedule decides."""
        import pandas as pd

        skus = self._completed(frame)
        since = pd.Timestamp(self.terms.since(self.known))
        days = skus["entered_on"], pd.Series(since, index=skus.index)
        now, then = self._charged(skus, days)
        keep = _decided(skus, now, faults, self.file.table.path)
        rows = [each[keep].reset_index(drop=True) for each in (skus, now, then)]
        authorities = self.compiled.manifest["authorities"]
        void = [name in self.known.void for name in authorities]
        done = priced(*rows, form=self.terms.form, void=void, floor=self.terms.floor,
                      extra=self.file.extra)  # fmt: skip
        return self._with_fees(done, rows[0])

    def _completed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows with what the terms and the schedule supply."""
        skus = frame.copy()
        if self.terms.elasticity is not None:
            skus["demand_elasticity"] = skus["demand_elasticity"].fillna(self.terms.elasticity)
        skus["customs_value"] = skus["customs_value"] / skus["per"].fillna(1.0)
        skus["metal_content"] = skus["metal_content"].fillna(_metal_of(skus["hts"], self.compiled))
        if "units" not in self.file.columns:
            skus["units"] = 1.0
        usual = dict(self.terms.claims or {})
        rows = zip(skus["spi"], skus["use"], skus["claims"], strict=True)
        claimed: list[Any] = [{**usual, **dict(a), **dict(b), **dict(c)} for a, b, c in rows]
        free = [any(claims.get(name, 0.0) == 1 for name in _FREEING) for claims in claimed]
        return skus.assign(claimed=claimed, free_of_fee=free)

    def _charged(self, skus: pd.DataFrame, days: tuple[Any, Any]) -> list[pd.DataFrame]:
        """Return the rows charged on each of two days, under their own claims.

        A rate stated for a day wins.
        """
        import pandas as pd

        lines = pd.DataFrame(
            {
                "hts": skus["hts"],
                "origin": skus["origin"],
                "metal_low": skus["metal_content"].fillna(0.0),
                "metal_high": skus["metal_content"].fillna(1.0),
                "weight_low": skus["metal_weight"].fillna(0.0),
                "weight_high": skus["metal_weight"].fillna(1.0),
                "quantity_per_dollar": skus["duty_quantity"]
                / (skus["customs_value"] * skus["dutiable_share"].fillna(1.0)),
            }
        )
        if lines["quantity_per_dollar"].isna().all():  # a question a fifth as long
            lines = lines.drop(columns="quantity_per_dollar")
        keys = skus["claimed"].map(lambda claims: tuple(sorted(claims.items())))
        coded = (skus["hts"] != "") & (skus["origin"] != "")
        parts = [self._on_days(lines[coded & (keys == key)], days, dict(key))
                 for key in dict.fromkeys(keys[coded])]  # fmt: skip
        if not parts:
            one = _any_line(self.known).set_axis(skus.index[:1])
            parts.append([part.iloc[:0] for part in self._on_days(one, days, {})])
        return [
            _stated(pd.concat(part).reindex(skus.index), skus[stated], skus["rate"].notna())
            for stated, part in zip(("rate", "rate_before"), zip(*parts, strict=True), strict=True)
        ]

    def _on_days(
        self, lines: pd.DataFrame, days: tuple[Any, Any], claims: Mapping[str, float]
    ) -> list[pd.DataFrame]:
        """Return lines charged on each of two days, in one question."""
        import pandas as pd

        both = [lines.assign(entered_on=day.loc[lines.index]) for day in days]
        asked = pd.concat(both, ignore_index=True)
        charged = self.charge(asked, claims)
        halves = charged.iloc[: len(lines)], charged.iloc[len(lines) :]
        return [half.set_axis(lines.index) for half in halves]

    def _with_fees(self, done: pd.DataFrame, skus: pd.DataFrame) -> pd.DataFrame:
        """Return the rows with the fees of customs, and the interest on what is paid back."""
        ends = fees(skus, self.terms.charges)
        growth = self._growth(done["entered_on"].where(done["line_void_duty_usd_high"] > 0))
        for end, fee in zip(ENDS, ends, strict=True):
            done[f"fees_usd_{end}"] = fee
            done[f"line_fees_usd_{end}"] = fee * skus["units"].to_numpy()
            done[f"line_interest_usd_{end}"] = (done[f"line_void_duty_usd_{end}"] * growth).round(2)
        return done

    def _growth(self, days: pd.Series[Any]) -> Any:
        if self.terms.refunded_on is None or not self.terms.charges:
            return float("nan")
        grown = {
            day: interest_growth(
                self.terms.charges, day.date(), self.terms.refunded_on,
                corporation=self.terms.corporation,
            )
            for day in days.dropna().unique()
        }  # fmt: skip
        return np.array([grown.get(day, np.nan) for day in days])


def _any_line(known: KnownGoods) -> pd.DataFrame:
    """Return one line, for the columns of its charge."""
    import pandas as pd

    return pd.DataFrame(
        {
            "hts": [min(known.codes)], "origin": [min(known.origins or ["CHN"])],
            "metal_low": [0.0], "metal_high": [1.0], "weight_low": [0.0], "weight_high": [1.0],
            "quantity_per_dollar": [0.0],
        }
    )  # fmt: skip


def _stated(
    charged: pd.DataFrame, rate: pd.Series[float], of_file: pd.Series[bool]
) -> pd.DataFrame:
    """Return charged lines, those with a rate in the file charged that and nothing else."""
    filled = charged.copy()
    filled["known_rate"] = of_file
    numbers = [n for n in filled.columns if n.startswith(("part_", "specific_"))]
    numbers = [n for n in numbers if n != "specific_unit"]
    for name in numbers:
        filled[name] = filled[name].where(~of_file, 0.0)
    filled["specific_unit"] = filled["specific_unit"].where(~of_file, "")
    for end in ENDS:
        filled[f"rate_{end}"] = filled[f"rate_{end}"].where(~of_file, rate)
    for name in ("needs_metal", "needs_claim", "needs_use"):
        filled[name] = filled[name].where(~of_file, False).fillna(False).astype(bool)
    filled["known"] = filled["known"].where(~of_file, True).fillna(False).astype(bool)
    return filled


def _decided(skus: pd.DataFrame, now: pd.DataFrame, faults: list[Fault], path: Path) -> Any:
    """Return which rows can be charged, blaming the others."""

    def blame(mask: Any, column: str, what: Callable[[Any], str], remedy: str) -> None:
        for row in np.flatnonzero(mask).tolist():
            faults.append(
                Fault(f"{path}:{skus['line'].iat[row]}", what(row), remedy, column,
                      str(skus["hts"].iat[row]))
            )  # fmt: skip

    specific = now["specific_high"].to_numpy() > 0
    unmeasured = specific & skus["duty_quantity"].isna().to_numpy()
    endless = ~np.isfinite(now["rate_high"].to_numpy())
    unknown = ~now["known"].to_numpy(dtype=bool)
    blame(unknown, "hts", lambda _: "has no rate on the day", "check the code and the day")
    blame(
        unmeasured & ~unknown,
        "duty_quantity",
        lambda row: (
            f"is blank, and the general rate has ${now['specific_high'].iat[row]:g} per "
            f"{now['specific_unit'].iat[row]}"
        ),
        "give the quantity of one unit",
    )
    blame(
        endless & ~unmeasured & ~unknown,
        "hts",
        lambda _: "has a general rate in words that give no number",
        "work the duty out by hand",
    )
    return ~(unmeasured | endless | unknown)


def _metal_of(codes: pd.Series[str], compiled: CompiledSchedule) -> pd.Series[float]:
    """Return the metal share of products whose share is known exactly."""
    exact = {hts: low for hts, (low, high) in compiled.manifest["metal"].items() if low == high}
    table = {
        c: next((s for h, s in exact.items() if c.startswith(h)), None) for c in codes.unique()
    }
    return codes.map(table).astype("float64")
