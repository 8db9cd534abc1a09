"""Who gains and who loses by a change of duties: one ledger, which balances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tariffimpact import units
from tariffimpact.answers import Answer
from tariffimpact.market.fit import bars
from tariffimpact.pricing.incidence import check_balance

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True, repr=False)
class Ledger(Answer):
    """Who gained and lost over the whole market, money; gains positive.

    It balances to 1e-9 of its largest entry, and 1e-13 of what consumers pay: for next to no change
    of duties entries are next to nothing but rounding.
    """

    consumers: float
    """Minus the compensating variation."""
    firms: float
    """Change of profit, licences a firm holds not included."""
    duty_revenue: float
    """Change of the duties collected."""
    quota_rent: Mapping[str, float]
    """Rent by holder of the licences: government, importer or exporter; empty without a quota."""
    deadweight_loss: float
    """Lost gains from trade: consumers' loss of value above the resources saved."""
    currency: str = "USD"
    turnover: float = 0.0
    """What consumers pay before and after, together."""
    dearer_inputs: float = 0.0
    """What units now sold cost more to make than at the unit costs before."""
    home: tuple[str, ...] = ()
    """Firms at home; empty if nobody was told apart."""
    home_firms: float = 0.0
    """Change of the profit of the firms at home."""
    terms_of_trade: float = 0.0
    """Fall of the border prices of foreign firms' products, times what is now sold of them."""

    def __post_init__(self) -> None:
        won = (self.consumers, self.firms, self.duty_revenue, *self.quota_rent.values())
        lost = -self.deadweight_loss - self.dearer_inputs
        check_balance(won, lost, turnover=self.turnover)

    @property
    def foreign_firms(self) -> float:
        """Change of the profit of the firms abroad."""
        return self.firms - self.home_firms

    @property
    def national(self) -> float:
        """Consumers, home firms, duty revenue, and quota rent but of exporters; money."""
        rent = sum(amount for who, amount in self.quota_rent.items() if who != "exporter")
        return self.consumers + self.home_firms + self.duty_revenue + rent

    @property
    def world(self) -> float:
        """The sum of all gains and losses: minus deadweight loss and dearer inputs."""
        return self.consumers + self.firms + self.duty_revenue + sum(self.quota_rent.values())

    def entries(self) -> dict[str, float]:
        """Return the gain of each party, money; with `home` told apart, the sums too."""
        told = {"consumers": self.consumers}
        if self.home:
            told |= {"home firms": self.home_firms, "foreign firms": self.foreign_firms}
        else:
            told["firms"] = self.firms
        told["duty revenue"] = self.duty_revenue
        told |= {f"quota rent: {who}": amount for who, amount in self.quota_rent.items()}
        if self.home:
            told |= {"national welfare": self.national, "world": self.world,
                     "terms of trade": self.terms_of_trade}  # fmt: skip
        told["deadweight loss"] = -self.deadweight_loss
        return told | ({"dearer inputs": -self.dearer_inputs} if self.dearer_inputs else {})

    def summary(self) -> str:
        """Return the balance in a sentence."""
        said = {name: self._signed(gain) for name, gain in self.entries().items()}
        last = ["national welfare", "world", "terms of trade", "deadweight loss", "dearer inputs"]
        sides = [f"{name.replace(': ', ' of the ')} {gain}"
                 for name, gain in said.items() if name not in last]  # fmt: skip
        told = f"{units.listed(sides)}; deadweight loss {self._signed(self.deadweight_loss)}"
        if self.dearer_inputs:
            told += f", dearer inputs {self._signed(self.dearer_inputs)}"
        if self.home:
            told += (
                f". National welfare {said['national welfare']}, of which terms of trade "
                f"{said['terms of trade']}; world {said['world']}"
            )
        return f"{told}."

    def to_frame(self) -> pd.DataFrame:
        """Return one row per party: `party`, `gain` (money)."""
        import pandas as pd

        rows = self.entries()
        return pd.DataFrame({"party": list(rows), "gain": list(rows.values())})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the gain or loss of each party, money."""
        gain = list(self.entries().values())
        return bars(list(self.entries()), gain, gain, ax, form="money", currency=self.currency,
                    mark=0.0)  # fmt: skip

    def explain(self) -> str:
        """Return the ledger line by line and what each line means."""
        lines = [f"{party}: {self._signed(gain)}" for party, gain in self.entries().items()]
        lines.append(
            "Gains of consumers, firms and the treasury, and the rent, sum to minus the deadweight "
            "loss. Consumers' loss is the compensating variation; unit costs are constant, so "
            "suppliers outside the market gain or lose nothing."
        )
        if self.dearer_inputs:
            lines.append(
                "Dearer inputs: what units now sold cost more to make than before, a loss beside "
                "the deadweight loss."
            )
        if self.home:
            lines.append(
                f"National welfare: consumers, the firms at home ({units.listed(self.home)}), duty "
                "revenue and the quota rent of government and importers. Terms of trade: the fall "
                "of foreign firms' prices net of duty, times what is now sold of them."
            )
        return "\n".join(lines)

    def _signed(self, amount: float) -> str:
        sign = "+" if amount >= 0 else "−"
        return f"{sign}{units.big_money(abs(amount), self.currency)}"
