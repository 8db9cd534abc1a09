"""From raw lists and rules to one validated parquet file, and back.

The file holds one row per scope, window and component, and in its metadata everything the rows
refer to: names, headings and sources of the components, digests of the raw lists, the coverage.
"""

from __future__ import annotations

import dataclasses
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tariffimpact.errors import DataError, Fault, ModelError, require, shortened
from tariffimpact.facts import DutyBase
from tariffimpact.tariffs.mfn import general_rate
from tariffimpact.tariffs.raw_lists import RawLists, read_raw_lists
from tariffimpact.tariffs.rules import FREEING, SHIPPED, RuleBook, RuleKind, inexact, read_rules
from tariffimpact.tariffs.spells import (
    COVERAGE,
    DUTY,
    UNPAID,
    Codes,
    Spell,
    rule_spells,
    without_overlap,
)
from tariffimpact.tariffs.stacking import MFN

if TYPE_CHECKING:
    import pandas as pd

    from tariffimpact.facts import Facts

FORMAT: Final = 3
_METADATA: Final = b"tariffimpact"
_GENERAL: Final = "general-rate"
_GENERAL_RATE: Final = {
    "name": "General rate",
    "authority": MFN,
    "heading": "column 1, general",
    "legal_reference": "",
    "claim": "",
    "status": "in_force",
    "legal_ends_on": None,
    "source_id": "hts-2025-basic",
    "notes": "The rate of January 2025; later changes to chapters 1 to 97 are not in the list.",
}
COLUMNS: Final = tuple(f.name for f in dataclasses.fields(Spell))


@dataclass(frozen=True, slots=True)
class CompiledSchedule:
    """A schedule of every product: its rows and what they refer to."""

    frame: pd.DataFrame
    """One row per scope, window and component: the fields of `Spell`."""
    manifest: dict[str, Any]
    """Components, sources, authorities, coverage, digests of the raw lists."""

    @property
    def data(self) -> str:
        """The version of the data whose sources and metal shares it was compiled with."""
        return str(self.manifest.get("data", "unnamed"))

    def summary(self) -> str:
        """Return what the schedule covers in a sentence."""
        files, codes = self.manifest["files"], self.manifest["codes"]
        return (
            f"{len(self.frame):,} rows over {codes['eight_digits']:,} tariff lines and "
            f"{codes['ten_digits']:,} statistical lines set apart, {self.manifest['starts_on']} to "
            f"{self.manifest['ends_on']}, from {len(files)} raw lists and "
            f"{len(self.manifest['components'])} rules."
        )

    def credit(self) -> str:
        """Return the three publishers on whom most of the components rest."""
        sources, components = self.manifest["sources"], self.manifest["components"]
        named = Counter(sources[part["source_id"]]["publisher"] for part in components.values())
        return ", ".join(name for name, _ in named.most_common(3))

    def to_frame(self) -> pd.DataFrame:
        """Return the rows."""
        return self.frame

    @property
    def claims(self) -> tuple[str, ...]:
        """Return the claims that decide something in it."""
        told = self.manifest["components"].values()
        return tuple(sorted({part["claim"] for part in told if part["claim"]}))

    def checked_claims(self, claims: Mapping[str, float]) -> dict[str, float]:
        """Return claims as the schedule names them.

        Raises
        ------
        ModelError
            If one is not known to the schedule, or no share.
        """
        known = {_squeezed(name): name for name in self.claims}
        checked = {}
        for name, share in claims.items():
            if _squeezed(name) not in known:
                raise ModelError(_no_claim(name, known))
            require(0 <= share <= 1,
                    f"the share of a claim is between 0 and 1 (got {name} {share})")  # fmt: skip
            checked[known[_squeezed(name)]] = share
        return checked

    def change_days(self) -> list[date]:
        """Return the first day and every day on which a duty or an exemption changes."""
        first, end = (date.fromisoformat(self.manifest[k]) for k in ("starts_on", "ends_on"))
        columns = (self.frame["starts_on"], self.frame["ends_on"])
        edges = {day.date() for column in columns for day in column.drop_duplicates()}
        return sorted({first, *(day for day in edges if first < day < end)})

    def as_bytes(self) -> bytes:
        """Return the schedule as a parquet file, the same bytes for the same content."""
        pa, pq = _arrow()
        table = pa.Table.from_pandas(self.frame, preserve_index=False)
        told = json.dumps(self.manifest, sort_keys=True).encode()
        buffer = io.BytesIO()
        pq.write_table(table.replace_schema_metadata({_METADATA: told}), buffer, compression="zstd")
        return buffer.getvalue()


def build_schedule(folder: Path, facts: Facts, rules: Path = SHIPPED) -> CompiledSchedule:
    """Compile raw lists and rules into a schedule of every product, or say all that is wrong.

    Parameters
    ----------
    folder
        Raw lists: general rates by HTS8, product lists of the actions.
    facts
        The shipped facts: their sources and the metal shares of the story's products.
    rules
        Folder of the rules; the shipped ones by default.

    Returns
    -------
    CompiledSchedule
        No two rows of an authority meet on a scope and a day, and no origin has a hole between
        two of an authority's windows.

    Raises
    ------
    DataError
        With every fault of the lists and rules: overlaps, holes, unknown lists, bad codes.
    """
    raw, book = read_raw_lists(folder), read_rules(rules, sources=facts.sources)
    book = dataclasses.replace(book, lists={**raw.lists, **book.lists})
    faults = list(_unknown_lists(book))
    codes = Codes(raw.general_rates, (c for listed in book.lists.values() for c in listed))
    spells = [spell for rule in book.rules for spell in rule_spells(rule, book, codes)]
    by_id = {rule.component_id: rule for rule in book.rules}
    kept, overlaps = without_overlap(spells, by_id)
    kept += _general_spells(raw, codes)
    faults += [*overlaps, *_holes(kept), *inexact(book.rules)]
    if faults:
        raise DataError(faults)
    return CompiledSchedule(spell_frame(kept), _manifest(raw, book, codes, facts))


def read_schedule(path: Path) -> CompiledSchedule:
    """Read a compiled schedule, refusing a file that is none or is damaged.

    Raises
    ------
    DataError
        Naming the file and what is wrong with it.
    """
    pa, pq = _arrow()
    remedy = "build it with: tariffimpact schedule build --from DIR"
    try:
        table = pq.read_table(path, memory_map=True)
        table.validate(full=True)
        told = json.loads((table.schema.metadata or {}).get(_METADATA, b"{}"))
    except FileNotFoundError:
        raise DataError([Fault(str(path), "is not there", remedy)]) from None
    except (OSError, ValueError, pa.ArrowException) as error:
        what = f"is not a readable parquet file: {shortened(str(error), 120)}"
        raise DataError([Fault(str(path), what, remedy)]) from None
    manifest = told if isinstance(told, dict) else {}
    if manifest.get("format") != FORMAT or tuple(table.schema.names) != COLUMNS:
        raise DataError([Fault(str(path), "is not a compiled schedule of this version", remedy)])
    frame = table.replace_schema_metadata().to_pandas(date_as_object=False)
    faults = _clashes(path, frame)
    if faults:
        raise DataError(faults)
    return CompiledSchedule(frame, manifest)


def _squeezed(name: str) -> str:
    """Return a claim's name without what people write differently: CAR PARTS, car-parts."""
    return "".join(letter for letter in name.upper() if letter.isalnum())


def _no_claim(name: str, known: Mapping[str, str]) -> str:
    near = get_close_matches(_squeezed(name), known, n=1, cutoff=0.5)
    meant = f"; did you mean {known[near[0]]}?" if near else ""
    return f"no duty depends on the claim {name}{meant} (it knows {', '.join(known.values())})"


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ModelError(
            "a schedule of every product needs the extra portfolio; "
            "install it with: pip install 'tariffimpact[portfolio]'"
        ) from None
    return pa, pq


def _general_spells(raw: RawLists, codes: Codes) -> list[Spell]:
    spells = []
    for code in codes.codes:
        rate = general_rate(raw.general_rates[code[:8]])
        spells.append(
            Spell(code, "", MFN, DUTY, RuleKind.ADDITIVE, DutyBase.FULL, rate.ad_valorem.low,
                  rate.ad_valorem.high, rate.specific_usd, rate.specific_usd, rate.specific_unit,
                  "", "", _GENERAL, 0,
                  *COVERAGE)
        )  # fmt: skip
    return spells


def _unknown_lists(book: RuleBook) -> list[Fault]:
    named = [(r, w.lstrip("!")) for r in book.rules for w in r.scope if w.lstrip("!")[0] == "@"]
    return [
        Fault(f"rules.csv: {rule.component_id}", "names no list of the folder", "add the list",
              "scope", word)
        for rule, word in named
        if word[1:] not in book.lists
    ]  # fmt: skip


def _holes(spells: Sequence[Spell]) -> list[Fault]:
    """Blame an authority that stops and starts again on an origin with days between."""
    rows: dict[tuple[str, str], list[Spell]] = {}
    for spell in spells:
        if not spell.hts and spell.role == DUTY:
            rows.setdefault((spell.authority, spell.origin), []).append(spell)
    faults: dict[tuple[str, date], Fault] = {}
    for (authority, origin), group in rows.items():
        ordered = sorted(group, key=lambda spell: spell.starts_on)
        for first, second in pairwise(ordered):
            if second.starts_on > first.ends_on:
                what = (
                    f"{authority} on {origin} has a hole from {first.ends_on} to "
                    f"{second.starts_on}, after {first.component_id}"
                )
                remedy = "add the rule for those days, with a rate of 0 if nothing was due"
                where = f"rules.csv: {second.component_id}"
                faults.setdefault(
                    (authority, first.ends_on), Fault(where, what, remedy, "starts_on")
                )
    return list(faults.values())


def spell_frame(spells: list[Spell]) -> pd.DataFrame:
    """Return rows as a frame, in the order that makes the file small and the same every time."""
    import pandas as pd

    spells.sort(key=lambda s: (s.authority, s.role, s.hts, s.origin, s.starts_on))
    frame = pd.DataFrame({name: [getattr(s, name) for s in spells] for name in COLUMNS})
    for day in ("starts_on", "ends_on"):
        frame[day] = pd.to_datetime(frame[day]).astype("datetime64[ms]")
    return frame


def _manifest(raw: RawLists, book: RuleBook, codes: Codes, facts: Facts) -> dict[str, Any]:
    used = {rule.source_id for rule in book.rules} | {"hts-2025-basic"}
    components = {
        rule.component_id: {
            "name": rule.name,
            "authority": rule.authority,
            "heading": rule.heading,
            "legal_reference": rule.legal_reference,
            "claim": rule.claim,
            "status": rule.status.value,
            "legal_ends_on": rule.legal_ends_on.isoformat() if rule.legal_ends_on else None,
            "source_id": rule.source_id,
            "notes": rule.notes,
        }
        for rule in book.rules
    } | {_GENERAL: _GENERAL_RATE}
    duties = [r.authority for r in book.rules if r.kind not in FREEING]
    return {
        "format": FORMAT,
        "data": str(facts.version),
        "starts_on": COVERAGE[0].isoformat(),
        "ends_on": COVERAGE[1].isoformat(),
        "authorities": list(dict.fromkeys([MFN, *duties])),
        "components": components,
        "sources": {s: json.loads(book.sources[s].model_dump_json()) for s in sorted(used)},
        "files": raw.files,
        "codes": {
            "eight_digits": len(codes.codes) - len(codes.apart),
            "ten_digits": len(codes.apart),
        },
        "metal": {
            p.hts: [p.metal_content.low, p.metal_content.high]
            for p in facts.products
            if p.metal_content
        },
    }


def _clashes(path: Path, frame: pd.DataFrame) -> list[Fault]:
    """Blame rows of a file that meet: a join would count both."""
    keys = ["authority", "role", "hts", "origin"]
    ordered = frame[frame["role"] != UNPAID].sort_values([*keys, "starts_on"])
    same = (ordered[keys] == ordered[keys].shift()).all(axis=1)
    met = ordered[same & (ordered["starts_on"] < ordered["ends_on"].shift())]
    return [_clash(path, row) for row in met.head(20).itertuples()]


def _clash(path: Path, row: Any) -> Fault:
    where = " from ".join(filter(None, (row.hts or "every product", row.origin)))
    what = f"the window of {row.component_id} overlaps another of {row.authority} on {where}"
    day = str(row.starts_on)[:10]
    return Fault(f"{path}: row {row.Index + 1}", what, "build the schedule again", "starts_on", day)
