"""The exact range of the price that holds profit, where the inputs of a case let it be known.

`profit_holding_range` knows it over a box of old cost, cost rise and elasticity. It is that of a
case where its inputs let these three vary freely: where no uncertain input moves both the cost and
its rise, and neither moves with an uncertain price, of which both are then shares.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np

from tariffimpact.cases.figures import cost_rise, unit_cost_of
from tariffimpact.interval import Interval
from tariffimpact.pricing.iso_profit_range import (
    Form,
    HeldPrice,
    HeldProfitRange,
    profit_holding_range,
)
from tariffimpact.uncertainty import Ends, Inputs

_ROUNDING: Final = 1e-13
"""A figure that moves less than this with an input, relative to itself, does not depend on it."""


def held_profit_ends(inputs: Inputs, form: Form | Literal["logit"]) -> Ends | None:
    """Return the ends of the price that holds profit, None where no formula gives them.

    None is given for logit demand, too, and where the cost may fall.
    """
    if form == "logit":
        return None
    spans = inputs.supports()
    cost, rise = (_Share.of(figure, inputs.fixed, spans) for figure in (unit_cost_of, cost_rise))
    coupled = cost.moved_by & rise.moved_by or "old_price" in cost.moved_by | rise.moved_by
    if coupled or rise.span.low < 0 or not 0 < cost.span.low <= cost.span.high < 1:
        return None
    known = spans | {key: Interval.exactly(value) for key, value in inputs.fixed.items()}
    price = known["old_price"]
    found = profit_holding_range(
        form=form,
        old_cost=cost.span,
        cost_rise=rise.span,
        demand_elasticity=known["demand_elasticity"],
    )

    def place(held: HeldPrice, old_price: float) -> dict[str, float]:
        moved = {
            **cost.at(held.old_cost),
            **rise.at(held.cost_rise),
            "demand_elasticity": held.demand_elasticity,
            "old_price": old_price,
        }
        return {key: moved.get(key, known[key].low) for key in inputs.stated}

    if not found.pieces:
        nowhere = {key: inputs.fixed.get(key, np.nan) for key in inputs.stated}
        return Ends(np.nan, np.nan, nowhere, nowhere)
    return Ends(
        low=price.low * found.low,
        high=price.high * found.high,
        low_at=place(found.pieces[0][0], price.low),
        high_at=place(found.pieces[-1][1], price.high),
        gaps=_gaps(found, price),
    )


def _gaps(found: HeldProfitRange, price: Interval) -> tuple[Interval, ...]:
    ends = [(price.low * low.price, price.high * high.price) for low, high in found.pieces]
    return tuple(
        Interval(below, above) for (_, below), (above, _) in pairwise(ends) if below < above
    )


@dataclass(frozen=True, slots=True)
class _Share:
    """A figure over the old price, and the corners of the inputs at which it is least and most.

    The figures are linear in each input alone, being sums of products, so corners hold their ends.
    """

    of_inputs: Callable[[Mapping[str, Any]], Any]
    span: Interval
    moved_by: frozenset[str]
    low_at: Mapping[str, float]
    high_at: Mapping[str, float]

    @classmethod
    def of(
        cls,
        figure: Callable[[Any], Any],
        fixed: Mapping[str, float],
        spans: Mapping[str, Interval],
    ) -> _Share:
        """Return a figure's range and the uncertain inputs that move it."""
        anywhere = {**fixed, **{key: span.low for key, span in spans.items()}}

        def of_inputs(at: Mapping[str, Any]) -> Any:
            x = {**anywhere, **at}
            return figure(x) / x["old_price"]

        corners = np.array(list(itertools.product(*((x.low, x.high) for x in spans.values()))))
        shares = np.asarray(of_inputs(dict(zip(spans, corners.T, strict=True))), dtype=np.float64)
        values = np.broadcast_to(shares, len(corners))
        cube, slack = values.reshape((2,) * len(spans)), _ROUNDING * np.abs(values).max()
        moved_by = [key for axis, key in enumerate(spans) if np.ptp(cube, axis=axis).max() > slack]

        def place(corner: np.intp) -> dict[str, float]:
            at = dict(zip(spans, corners[corner].tolist(), strict=True))
            return {key: at[key] for key in moved_by}

        low, high = place(np.argmin(values)), place(np.argmax(values))
        span = Interval(float(of_inputs(low)), float(of_inputs(high)))
        return cls(of_inputs, span, frozenset(moved_by), low, high)

    def at(self, share: float) -> Mapping[str, float]:
        """Return inputs at which the figure is a given share, between the two corners."""
        if share <= self.span.low:
            return self.low_at
        if share >= self.span.high:
            return self.high_at
        from scipy.optimize import brentq

        def between(way: float) -> dict[str, float]:
            return {key: low + way * (self.high_at[key] - low) for key, low in self.low_at.items()}

        way = brentq(lambda way: float(self.of_inputs(between(way))) - share, 0.0, 1.0, xtol=1e-15)
        return between(way)
