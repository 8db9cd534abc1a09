"""Every row of every table as one kind of thing: what it says, about whom, and on which paper."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tariffimpact.codes import country_name
from tariffimpact.facts.reader import Facts, folded
from tariffimpact.facts.records import Assumption, Cited, Conflict, Record, Source
from tariffimpact.facts.sentences import Claim, claim_of, origin_name


class FactKind(StrEnum):
    """What a fact is about; each kind is a table."""

    PRICE = "price"
    EXPOSURE = "exposure"
    STATEMENT = "statement"
    FINANCIAL = "financial"
    ORIGIN = "origin"
    CUSTOMS_VALUE = "customs_value"
    REFUND = "refund"
    LAWSUIT = "lawsuit"
    REMARK = "remark"
    TARIFF = "tariff"
    CONFLICT = "conflict"
    ASSUMPTION = "assumption"

    @property
    def table(self) -> str:
        """The field of `Facts`, and the name of the file."""
        return f"{self.value}s"


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of one table, with the paper it rests on."""

    kind: FactKind
    record: Record
    source: Source | None
    """None for an assumption that rests on no document."""
    companies: tuple[str, ...]
    """Whom it is about; of an assumption or a conflict, whom or whose product it names."""
    products: tuple[str, ...]
    """What the schedule calls the goods that the row's HTS codes name."""
    disputed: bool
    """Whether a source says otherwise: the claims are rows of kind `conflict`."""

    @property
    def fact_id(self) -> str:
        """The key of the row."""
        return key_of(self.record)

    @property
    def claim(self) -> Claim:
        """What the row says."""
        return claim_of(self.record)

    @property
    def subject(self) -> str | None:
        """What a claim that is in dispute is about; None of any other row."""
        return self.record.subject if isinstance(self.record, Conflict) else None

    @property
    def standing(self) -> str:
        """What the row is worth, where it is not simply what its source says."""
        if isinstance(self.record, Conflict):
            return "used" if self.record.used else "not used"
        if isinstance(self.record, Assumption):
            return "assumption"
        return "disputed" if self.disputed else ""

    @property
    def text(self) -> str:
        """Everything that a search looks through, folded."""
        row = dict(self.record)
        words = [self.kind.value, self.kind.table, self.standing, self.claim.words]
        words += [*self.companies, *self.products]
        for cell in row.values():
            words += cell if isinstance(cell, tuple) else [cell if isinstance(cell, str) else ""]
        words += [country_name(code) for code in (row.get("market"),) if code]
        words += [origin_name(word) for word in row.get("origins", ())]
        if self.source is not None:
            # not its title, which may name other companies than the row is about
            words += [self.source.publisher, self.source.kind.value]
        return folded(" ".join(words))

    def as_json(self) -> dict[str, Any]:
        """Return what it says, every column of the row, and its source in full."""
        from tariffimpact.writing import plain

        return {
            "kind": self.kind.value,
            "id": self.fact_id,
            "claim": self.claim.words,
            "standing": self.standing,
            "companies": self.companies,
            "row": plain(dict(self.record)),
            "source": None if self.source is None else self.source.model_dump(mode="json"),
        }


def entries(facts: Facts) -> Iterator[Entry]:
    """Yield every row that says something, in the order of the tables."""
    papers = {source.source_id: source for source in facts.sources}
    claims = {(row.source_id, row.quote) for row in facts.conflicts}
    about = _about(facts)
    for kind in FactKind:
        for row in getattr(facts, kind.table):
            in_claims = isinstance(row, Cited) and (row.source_id, row.quote) in claims
            pointed = "conflicts.csv" in getattr(row, "notes", "")
            yield Entry(
                kind=kind,
                record=row,
                source=papers.get(row.source_id),
                companies=(row.company,) if hasattr(row, "company") else about(row),
                products=tuple(_products(facts, row)),
                disputed=kind is not FactKind.CONFLICT and (in_claims or pointed),
            )


def _products(facts: Facts, row: Record) -> Iterator[str]:
    """Yield name and family of each product whose code begins with one of the row's."""
    codes = getattr(row, "hts", None) or ()
    named = codes if isinstance(codes, tuple) else (codes,)
    for product in facts.products:
        if any(product.hts.startswith(code) or code.startswith(product.hts) for code in named):
            yield f"{product.name} {product.family}"


def key_of(record: Record) -> str:
    """Return the key of a row of facts: its one id that is not its source's.

    Examples
    --------
    >>> from tariffimpact.facts import read_facts
    >>> key_of(read_facts().prices[0])
    'sony-ps5-2025-08'
    """
    names = (name for name in type(record).model_fields if name.endswith("_id"))
    key: str = getattr(record, next(name for name in names if name != "source_id"))
    return key


def _about(facts: Facts) -> Callable[[Record], tuple[str, ...]]:
    """Return what tells whom a row without a company is about.

    It is a company if the row names it or one of its products, or rests on a source that no other
    company's facts rest on.
    """
    names: dict[str, set[str]] = {name: {folded(name)} for name in facts.companies}
    citing: defaultdict[str, set[str]] = defaultdict(set)
    for table in (facts.prices, facts.exposures, facts.statements, facts.financials, facts.origins):
        for row in table:
            citing[row.source_id].add(row.company)
            if row.company in names and hasattr(row, "product"):
                names[row.company].add(folded(row.product))

    def about(row: Record) -> tuple[str, ...]:
        columns = ("subject", "claim", "applies_to")
        text = folded(" ".join(getattr(row, column, "") for column in columns)) + " "
        only = citing[getattr(row, "source_id", None) or ""]
        return tuple(
            company
            for company, called in names.items()
            if any(f"{name} " in text for name in called)
            or (isinstance(row, Conflict) and only == {company})
        )

    return about
