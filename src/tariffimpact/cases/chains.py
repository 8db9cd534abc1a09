"""A case's `[[chain]]`: the sellers between the border and the shelf price of one product."""

from __future__ import annotations

from collections.abc import Sequence

from tariffimpact.cases.figures import span
from tariffimpact.cases.numbers import Written, stated
from tariffimpact.cases.product import CaseProduct
from tariffimpact.cases.schema import ChainStage
from tariffimpact.interval import Interval
from tariffimpact.pricing.chain import Chain, Stage, StageRule, chain


def chain_of(
    stages: Sequence[ChainStage],
    product: CaseProduct,
    rule: StageRule | None,
    currency: str,
    source: str,
) -> Chain:
    """Return the chain of a case, all stages under one rule where they have none of their own.

    Raises
    ------
    ModelError
        As `pricing.chain.chain`.
    """
    return chain(
        stages=[_stage(stage, stage.rule or rule or "percent") for stage in stages],
        customs_value=product.customs_value(),
        tariff_change=span(product.duty.change),
        old_tariff=span(product.duty.old_rate),
        dutiable_share=span(product.dutiable_share),
        specific_change=span(product.duty.specific_change),
        old_specific=span(product.duty.old_specific),
        exporter_cut=span(product.exporter_cut),
        shelf_price=span(product.price.old),
        currency=currency,
        source=source,
    )


def _stage(written: ChainStage, rule: StageRule) -> Stage:
    return Stage(
        written.name,
        rule,
        price=_known(written.price),
        markup=_known(written.markup),
        margin=_known(written.margin),
        absorbed=span(stated(written.absorbed)),
        own_cost=span(stated(written.own_cost)),
        demand_elasticity=_known(written.demand_elasticity),
        demand=written.demand,
    )


def _known(value: Written | None) -> Interval | None:
    return None if value is None else span(stated(value))
