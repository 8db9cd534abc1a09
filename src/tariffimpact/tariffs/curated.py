"""The story's curated rows as a compiled schedule, for engines that charge many lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Final

from tariffimpact.facts import Facts, Product, Status, TariffRow
from tariffimpact.tariffs.compiled import FORMAT, CompiledSchedule, spell_frame
from tariffimpact.tariffs.spells import DUTY, UNPAID, Spell
from tariffimpact.tariffs.stacking import MFN

_OPEN: Final = date(2100, 1, 1)


def curated_schedule(facts: Facts) -> CompiledSchedule:
    """Return the shipped rows as a compiled schedule: the story's products only.

    Parameters
    ----------
    facts
        What `read_facts` returns.

    Returns
    -------
    CompiledSchedule
        Every row over each of its products and origins.

    Examples
    --------
    >>> from tariffimpact.facts import read_facts
    >>> curated_schedule(read_facts()).manifest["authorities"][0]
    'MFN'
    """
    groups = {group.group: group.members for group in facts.country_groups}
    known = _origins(("@COVERED",), groups)
    spells = [
        spell
        for row in facts.tariffs
        for product in facts.products
        if _covers(row, product)
        for spell in _spells(row, product, known, groups)
    ]
    general = [row for row in facts.tariffs if row.authority == MFN]
    components = {
        row.component_id: {
            "name": row.name, "authority": row.authority, "heading": row.locator,
            "legal_reference": "", "claim": "", "status": row.status.value,
            "legal_ends_on": row.legal_ends_on and row.legal_ends_on.isoformat(),
            "source_id": row.source_id, "notes": row.notes,
        }
        for row in facts.tariffs
    }  # fmt: skip
    used = {row.source_id for row in facts.tariffs}
    ends = [row.ends_on for row in general if row.ends_on]
    metal = [(p.hts, p.metal_content) for p in facts.products if p.metal_content]
    manifest = {
        "format": FORMAT,
        "data": str(facts.version),
        "starts_on": min(row.starts_on for row in general).isoformat(),
        "ends_on": min(ends).isoformat(),
        "authorities": list(dict.fromkeys([MFN, *(row.authority for row in facts.tariffs)])),
        "components": components,
        "sources": {
            source.source_id: json.loads(source.model_dump_json())
            for source in facts.sources
            if source.source_id in used
        },
        "files": {},
        "codes": {"eight_digits": len(facts.products), "ten_digits": 0},
        "metal": {hts: [share.low, share.high] for hts, share in metal},
    }
    return CompiledSchedule(spell_frame(spells), manifest)


def _spells(
    row: TariffRow, product: Product, known: set[str], groups: dict[str, tuple[str, ...]]
) -> Iterator[Spell]:
    barred = _origins(row.except_origins, groups)
    named = known if "*" in row.origins else _origins(row.origins, groups)
    role = DUTY if row.status in (Status.IN_FORCE, Status.VOID) else UNPAID
    rate, specific = row.ad_valorem, row.specific_usd
    for origin in sorted(named - barred):
        yield Spell(
            product.hts, origin, row.authority, role, row.kind, row.base,
            rate.low if rate else 0.0, rate.high if rate else 0.0,
            specific.low if specific else 0.0, specific.high if specific else 0.0,
            row.specific_unit, "|".join(row.displaced_by), "|".join(row.replaces),
            row.component_id,
            0,
            row.starts_on, row.ends_on or _OPEN,
        )  # fmt: skip


def _covers(row: TariffRow, product: Product) -> bool:
    named = any(word == "*" or product.hts.startswith(word) for word in row.hts)
    return named and not any(product.hts.startswith(word) for word in row.except_hts)


def _origins(words: tuple[str, ...], groups: dict[str, tuple[str, ...]]) -> set[str]:
    return {code for word in words for code in groups.get(word, (word,))}
