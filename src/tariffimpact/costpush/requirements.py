"""From a duty on each commodity to the cost of each: directly, and through inputs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from tariffimpact.arguments import Array
from tariffimpact.errors import require

if TYPE_CHECKING:
    from tariffimpact.costpush.accounts import Accounts


Rule = Literal["domestic", "total"]
"""Which units are made with home inputs: only those made at home, or imported ones too."""
RULES: Final[tuple[Rule, Rule]] = ("domestic", "total")


@dataclass(frozen=True)
class Requirements:
    """How the duty on each commodity reaches the cost of every other.

    With `m` the import share of a commodity's supply and `A` the input coefficients, a buyer of
    commodity c pays

    .. math:: p_c = m_c Δ τ_c + (1 − m_c) ∑_i A_(i c) p_i

    under the rule `domestic`: imported units by their duty, home-made ones by their inputs. The
    rule `total` is what many published calculations take, with imports made with home inputs too:

    .. math:: P_c = ∑_i m_i Δ τ_i L_(i c), quad L = (I − A)^(−1)

    Both are linear in the duties: `p = W' (m Δτ)`, where W is `reach`.

    Parameters
    ----------
    import_shares
        m, one a commodity, 0 to 1.
    coefficients
        A, square: the input of row i in a unit of output of column c, in money over money.
    rule
        `domestic` or `total`.

    Raises
    ------
    ModelError
        If a share leaves 0 to 1, the shapes do not agree, or the rule is unknown.

    Examples
    --------
    A home-made good of which half a unit's cost is an imported input with a duty of 10%:

    >>> import numpy as np
    >>> economy = Requirements(np.array([1.0, 0.0]), np.array([[0.0, 0.5], [0.0, 0.0]]))
    >>> economy.costs(np.array([0.1, 0.0])).tolist()
    [0.1, 0.05]
    """

    import_shares: Array
    coefficients: Array
    rule: Rule = "domestic"

    def __post_init__(self) -> None:
        n = len(self.import_shares)
        require(self.rule in RULES, f"requirements are domestic or total (got {self.rule!r})")
        require(self.coefficients.shape == (n, n), f"{n} import shares need {n} times {n} "
                f"coefficients (got {self.coefficients.shape})")  # fmt: skip
        inside = bool(((self.import_shares >= 0) & (self.import_shares <= 1)).all())
        require(inside, "an import share lies in 0 to 1: imports over supply, imports included")

    @classmethod
    def of(cls, accounts: Accounts, rule: Rule = "domestic") -> Requirements:
        """Return those of a country's accounts, made once for each rule."""
        if rule not in accounts.requirements_made:
            accounts.requirements_made[rule] = cls(
                accounts.import_shares, accounts.coefficients, rule
            )
        made: Requirements = accounts.requirements_made[rule]
        return made

    @cached_property
    def reach(self) -> Array:
        """W: what a dollar of duty on row i costs the buyers of column c, in dollars."""
        eye = np.eye(len(self.import_shares))
        made = 1.0 if self.rule == "total" else 1 - self.import_shares
        return np.asarray(np.linalg.inv(eye - self.coefficients * made), np.float64)

    def costs(self, change: Array) -> Array:
        """Return the rise in the cost of each commodity, as a fraction of its price.

        Parameters
        ----------
        change
            Change of the rate of duty on each commodity, fraction of its customs value; one
            column for each scenario where there are several.

        Returns
        -------
        ndarray
            Of the shape of `change`.
        """
        return np.asarray(self.reach.T @ self.direct(change))

    def direct(self, change: Array) -> Array:
        """Return the part of the rise that is the duty on the commodity itself."""
        shares = self.import_shares if change.ndim == 1 else self.import_shares[:, None]
        return shares * change

    def inputs(self, change: Array, place: int) -> Array:
        """Return what the duty on each commodity adds to the cost of one; they sum to its rise."""
        result: Array = self.reach[:, place] * self.direct(change)
        return result
