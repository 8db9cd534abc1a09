"""What a row says, in a sentence a reader can check against its source, and as a number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from tariffimpact import units
from tariffimpact.codes import country_name, hts_label
from tariffimpact.facts.duty_records import (
    CustomsValue,
    Lawsuit,
    LawsuitAbout,
    Refund,
    RefundStage,
    TariffRow,
    ValueMeasure,
)
from tariffimpact.facts.records import (
    Assumption,
    Basis,
    Cause,
    Conflict,
    Exposure,
    Financial,
    OriginShare,
    PriceChange,
    Record,
    Remark,
    Response,
    Statement,
)
from tariffimpact.interval import Interval

_CAUSES: Final = {
    Cause.TARIFF: "reason given: the tariff",
    Cause.ECONOMY: "reason given: the economy, no tariff named",
    Cause.OTHER: "reason given: not a tariff",
    Cause.UNSTATED: "no reason given",
}
_RESPONSES: Final = {
    Response.PASS_ON: "Raise prices",
    Response.ABSORB: "Absorb the cost",
    Response.FRONT_LOAD: "Buy or ship ahead of the tariff",
    Response.SHIFT_SOURCING: "Move the sourcing",
    Response.MIX: "Move prices or packs elsewhere in the range",
    Response.MITIGATE: "Cut costs in other ways",
}
_BASES: Final = {
    Basis.GROSS: "gross, before the company's own measures",
    Basis.NET: "net of the company's own measures",
    Basis.UNSTATED: "gross or net not said",
}
_VALUES: Final = {
    ValueMeasure.DECLARED_VALUE: "Declared value of one unit",
    ValueMeasure.UNIT_COST: "Cost of one unit",
    ValueMeasure.DUTY_PER_UNIT: "Duty on one unit",
    ValueMeasure.UNIT_VALUE: "Value of imports over their number",
}
_REFUNDS: Final = {
    RefundStage.COLLECTED: "Duties collected",
    RefundStage.ORDERED: "Refund ordered",
    RefundStage.CLAIMED: "Refund claimed",
    RefundStage.ACCEPTED: "Claims accepted",
    RefundStage.CERTIFIED: "Refunds certified for payment",
    RefundStage.EXPECTED: "Refund expected",
    RefundStage.BOOKED: "Refund booked",
    RefundStage.RECEIVED: "Refund received",
    RefundStage.PROMISED: "Refund promised to customers",
    RefundStage.HANDED_ON: "Refund handed on to customers",
    RefundStage.DENIED: "Refund denied",
}
_SUITS: Final = {
    LawsuitAbout.AUTHORITY: "over the authority for the duty",
    LawsuitAbout.REFUND: "for a refund of the duty",
    LawsuitAbout.CUSTOMERS: "for what customers paid",
}
_LISTED: Final = 4
"""Codes or origins named before the rest is counted."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a row says."""

    words: str
    value: Interval | None = None
    """The number of the row; of a price change the new price. None where it states none."""
    unit: str = ""


def claim_of(record: Record) -> Claim:
    """Return what a row of any table of facts says.

    Examples
    --------
    >>> from tariffimpact.facts import read_facts
    >>> claim_of(read_facts().assumptions[0]).words
    'Customs share, consoles sold in the US: 70% to 90% of shelf price'
    """
    return _CLAIMS[type(record)](record)


def _price(row: PriceChange) -> Claim:
    old, new = (units.money(price, row.currency) for price in (row.old_price, row.new_price))
    change = units.money(abs(row.change), row.currency)
    share = _percent(Interval.exactly(abs(row.relative_change)))
    move = f"{old} to {new}, {'up' if row.change > 0 else 'down'} {change} ({share})"
    words = _joined(
        f"{row.product}, {country_name(row.market)}: {move if row.change else f'kept at {new}'}",
        f"from {units.day(row.effective_on)}, announced {units.day(row.announced_on)}",
        _CAUSES[row.cause],
    )
    return Claim(words, Interval.exactly(row.new_price), row.currency)


def _exposure(row: Exposure) -> Claim:
    amount = units.big_money(row.amount, row.currency)
    if row.amount_usd is not None and row.currency != "USD":
        amount += f" ({units.big_money(row.amount_usd, 'USD')})"
    words = _joined(
        f"Tariff cost, {row.segment or row.scope}, "
        f"{country_name(row.market) if row.market else 'several markets'}: "
        f"{amount}, in {row.measure}",
        _period(row),
        _BASES[row.basis],
        "" if row.vintage is None else f"{row.vintage.value} figure",
        "a yearly rate, not the period's cost" if row.annualised else "",
        f"disclosed {units.day(row.disclosed_on)}",
    )
    return Claim(words, row.amount, row.currency)


def _statement(row: Statement) -> Claim:
    stage = row.stage.value.replace("_", " ")
    size = "" if row.price_change is None else f"price change {_percent(row.price_change)}"
    share = row.share_of_range
    words = _joined(
        f"{_RESPONSES[row.response]} ({stage}): {row.scope}, {country_name(row.market)}",
        size,
        "" if share is None else f"on {_percent(share)} of the range",
        _CAUSES[row.cause],
        f"said {units.day(row.said_on)}",
    )
    return Claim(words, row.price_change, "" if row.price_change is None else "fraction")


def _financial(row: Financial) -> Claim:
    words = _joined(
        f"{_plain(row.measure)}, {row.scope}, "
        f"{country_name(row.market) if row.market else 'worldwide'}: "
        f"{_figure(row.value, row.unit)}",
        _period(row),
        "reported" if row.horizon.value == "actual" else row.horizon.value,
    )
    return Claim(words, row.value, row.unit)


def _origin(row: OriginShare) -> Claim:
    share = "share not given" if row.share is None else f"{_percent(row.share)} of their value"
    words = _joined(
        f"{row.product[:1].upper()}{row.product[1:]} ({hts_label(row.hts)}) sold in "
        f"{_in(row.market)} come from {_origins(row.origins)}: {share}",
        _window(row.starts_on, row.ends_on),
    )
    return Claim(words, row.share, "" if row.share is None else "fraction")


def _customs_value(row: CustomsValue) -> Claim:
    at = "" if row.rate is None else f" at {_percent(row.rate)}"
    share = "" if row.share is None else f"value is {_percent(row.share)} of the shelf price"
    words = _joined(
        f"{_VALUES[row.measure]}, {row.product}{_where_from(row)}: "
        f"{units.money(row.amount, row.currency)}{at}",
        row.value_of,
        share,
        f"said {units.day(row.said_on)}",
    )
    return Claim(words, row.amount, row.currency)


def _where_from(row: CustomsValue) -> str:
    made = "" if row.origin is None else f" from {country_name(row.origin)}"
    return made if row.market is None else f"{made}, {country_name(row.market)}"


def _refund(row: Refund) -> Claim:
    sum_ = "" if row.amount is None else f": {units.big_money(row.amount, row.currency or 'USD')}"
    duty = "" if row.duty is None else f"of {units.big_money(row.duty, row.currency or 'USD')} paid"
    words = _joined(
        f"{_REFUNDS[row.stage]}, {row.scope}{sum_}",
        duty,
        "interest included" if row.with_interest else "",
        f"in {row.measure}" if row.measure else "",
        row.period or "",
        f"said {units.day(row.said_on)}",
    )
    return Claim(words, row.amount, row.currency or "")


def _lawsuit(row: Lawsuit) -> Claim:
    docket = "" if row.docket is None else f", {row.docket}"
    words = _joined(
        f"{row.plaintiff} v. {row.defendant}, {row.court}{docket}, {_SUITS[row.about]}: "
        f"{row.claim}",
        "" if row.class_of is None else f"class: {row.class_of}",
        f"filed {units.day(row.filed_on)}",
        f"{row.status.value} on {units.day(row.said_on)}",
    )
    return Claim(words)


def _remark(row: Remark) -> Claim:
    market = "" if row.market is None else f", {country_name(row.market)}"
    return Claim(_joined(f"{row.subject}{market}", f"said {units.day(row.said_on)}"))


def _tariff(row: TariffRow) -> Claim:
    value, unit = row.ad_valorem, "fraction"
    duties = [] if value is None else [f"{_percent(value)} of the {row.base.value} value"]
    if row.specific_usd is not None:
        duties.append(f"${_span(row.specific_usd)} per {row.specific_unit}")
    if value is None:
        value, unit = row.specific_usd, f"USD per {row.specific_unit}"
    goods = ["every product" if code == "*" else hts_label(code) for code in row.hts]
    words = _joined(
        f"{row.authority}, {row.name}",
        f"{' plus '.join(duties)}, {row.kind.value.replace('_', ' ')}",
        f"{_some(goods)} from {_origins(row.origins)}",
        row.status.value.replace("_", " "),
        _window(row.starts_on, row.ends_on),
    )
    return Claim(words, value, unit)


def _assumption(row: Assumption) -> Claim:
    return Claim(
        f"{_plain(row.name)}, {row.applies_to}: {_figure(row.value, row.unit)}", row.value, row.unit
    )


def _conflict(row: Conflict) -> Claim:
    standing = "the figures rest on it" if row.used else "recorded, not used"
    return Claim(_joined(f"{row.subject}: {row.claim}", standing))


_CLAIMS: Final[dict[type[Record], Callable[[Any], Claim]]] = {
    PriceChange: _price,
    Exposure: _exposure,
    Statement: _statement,
    Financial: _financial,
    OriginShare: _origin,
    CustomsValue: _customs_value,
    Refund: _refund,
    Lawsuit: _lawsuit,
    Remark: _remark,
    TariffRow: _tariff,
    Assumption: _assumption,
    Conflict: _conflict,
}


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)


def _plain(name: str) -> str:
    """Return the name of a column or a measure as words, `net_sales` as `Net sales`."""
    words = name.replace("_", " ")
    return "US" + words[2:] if words.startswith("us ") else words[:1].upper() + words[1:]


def _in(market: str) -> str:
    name = country_name(market)
    return f"the {name}" if name.startswith(("United", "European")) else name


def _percent(share: Interval) -> str:
    whole = all(round(100 * end, 6).is_integer() for end in (share.low, share.high))
    return units.percent(share, 0 if whole else 1)


def _figure(value: Interval, unit: str) -> str:
    """Return a number with its unit: money short, fractions as percent, anything else plain."""
    if unit.startswith("fraction"):
        return f"{_percent(value)}{unit.removeprefix('fraction')}"
    if unit.isupper() and len(unit) == 3:
        return units.big_money(value, unit)
    if unit == "units":
        return units.count(value)
    return _span(value) if unit == "ratio" else f"{_span(value)} {unit}"


def _span(value: Interval) -> str:
    return str(value).replace("..", " to ")


def _period(row: Exposure | Financial) -> str:
    """Return the period as the source words it and, unless that is a year, as days."""
    days = _window(row.starts_on, row.ends_on)
    return row.period if row.period.isdigit() else f"{row.period} ({days})"


def _window(starts_on: date, ends_on: date | None) -> str:
    """Return a window by its first and its last day inside."""
    if ends_on is None:
        return f"from {units.day(starts_on)}"
    first, last = units.day(starts_on), units.day(ends_on - timedelta(days=1))
    return f"{first} only" if first == last else f"{first} to {last}"


def _origins(words: Sequence[str]) -> str:
    return _some([origin_name(word) for word in words])


def origin_name(word: str) -> str:
    """Return one word of a scope of origins as people read it.

    Examples
    --------
    >>> origin_name("!CHN"), origin_name("@EU27")
    ('any country but China', 'the group @EU27')
    """
    if word == "*":
        return "any country"
    if word.startswith("@"):
        return f"the group {word}"
    bare = word.removeprefix("!")
    return f"any country but {country_name(bare)}" if bare != word else country_name(word)


def _some(names: Sequence[str]) -> str:
    """Return the first few names and the number of the others."""
    rest = len(names) - _LISTED
    return units.listed([*names[:_LISTED], f"{rest} more"] if rest > 0 else names)
