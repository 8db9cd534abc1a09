"""How well a calibrated market meets the margins it was given, each one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tariffimpact import units
from tariffimpact.market.system import Array

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The moments of a calibration: prices and shares are met exactly, margins as said here."""

    products: tuple[str, ...]
    prices: Array
    """Observed shelf prices, money per unit, shape (J,)."""
    observed: Array
    """Margins supplied, fractions, shape (J,); NaN where none was."""
    fitted: Array
    """Margins of the calibrated market in the same convention, shape (J,)."""
    parameters: Mapping[str, float]
    """Estimated parameters; those the user fixed are not among them."""
    margin_on: str
    """Base of the margins: `price` or `net_price`."""

    @property
    def misses(self) -> Array:
        """Fitted less observed margin, fractions, shape (J,); NaN where none was supplied."""
        return self.fitted - self.observed

    @property
    def overidentified(self) -> bool:
        """Whether more margins were supplied than parameters estimated."""
        return int(np.isfinite(self.observed).sum()) > len(self.parameters)

    def summary(self) -> str:
        """Return what was estimated and the largest miss in a sentence."""
        count = int(np.isfinite(self.observed).sum())
        if not count:
            return "No margin was supplied: costs follow from the demand parameters given."
        worst = int(np.nanargmax(np.abs(self.misses)))
        miss = units.points(abs(float(self.misses[worst])), 2)
        if not self.parameters:
            return (
                f"No parameter was estimated; of {count} margin{'s' if count > 1 else ''} supplied "
                f"the largest miss is {miss} at {self.products[worst]}."
            )
        values = ", ".join(f"{name} = {value:.5g}" for name, value in self.parameters.items())
        how = "by minimum distance" if self.overidentified else "exactly"
        return (
            f"{values} from {count} margin{'s' if count > 1 else ''}, {how}; "
            f"largest miss {miss} at {self.products[worst]}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per product: `product`, `observed`, `fitted`, `miss` (fractions)."""
        import pandas as pd

        return pd.DataFrame(
            {
                "product": self.products,
                "observed": self.observed,
                "fitted": self.fitted,
                "miss": self.misses,
            }
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each product's margin, from the observed to the fitted one."""
        from tariffimpact import charts

        seen = np.where(np.isfinite(self.observed), self.observed, self.fitted)
        frame = self.to_frame().rename(columns={"product": "label"})
        ends = {"low": np.minimum(seen, self.fitted), "high": np.maximum(seen, self.fitted)}
        return charts.range_bars(frame.assign(**ends), form="percent", x_label="margin", ax=ax)

    def explain(self) -> str:
        """Return each margin, observed and fitted, and what margins are relative to."""
        base = "shelf price" if self.margin_on == "price" else "price net of duty"
        rows = [
            f"{name}: observed {'none' if np.isnan(seen) else units.percent(float(seen))}, "
            f"fitted {units.percent(float(fitted))}"
            for name, seen, fitted in zip(self.products, self.observed, self.fitted, strict=True)
        ]
        return "\n".join([f"Margins are price less cost with duty, over the {base}.", *rows])
