"""Why an equilibrium is the only one: a theorem, or best replies or bounds that meet."""

from __future__ import annotations

import numpy as np

from tariffimpact.market.bounds import bounds_meet
from tariffimpact.market.choice import CesDemand, LogitDemand
from tariffimpact.market.conduct import Game
from tariffimpact.market.ownership import is_partition, weighed_alike
from tariffimpact.market.system import Array, Labels

_ROUNDS = 400
_CLOSE = 1e-9


def uniqueness(game: Game, firms: tuple[str, ...]) -> str | None:
    """Return the certificate that a game has one equilibrium; None where none is known."""
    if game.conduct == "price_taking":
        return "price equals cost"
    if not isinstance(game.demand, LogitDemand | CesDemand):
        return None
    if game.conduct == "monopolistic_competition":
        return "each price is its own closed form"
    if game.conduct != "bertrand":
        return None
    if not game.demand.nesting.any() and is_partition(game.ownership, firms):
        if weighed_alike(game.weight, firms):
            return "one unknown per firm, rising in the market aggregate, and one aggregate clears"
        if isinstance(game.demand, LogitDemand) and replies_meet(game, game.demand, firms):
            return "best replies from below and from above meet"
    return "bounds from below and from above meet" if bounds_meet(game) else None


def replies_meet(game: Game, demand: LogitDemand, firms: tuple[str, ...]) -> bool:
    """Return whether best replies iterated from the lowest and the highest prices agree.

    A firm's reply y solves ``y H_rivals = sum_k t_k exp(v_k - g_k y)``: one root, rising as
    rivals' prices rise. The iterates from both ends bracket every equilibrium; where they meet
    there is one.
    """
    _, firm = np.unique(np.asarray(firms), return_inverse=True)
    order = np.argsort(firm, kind="stable")
    sizes = np.bincount(firm)
    gross = (1 / game.weight)[order]
    value = (demand.utility - demand.price_coefficient * game.cost)[order] - 1
    low, high = np.zeros(sizes.size), np.full(sizes.size, np.inf)
    with np.errstate(invalid="ignore", under="ignore"):
        for _ in range(_ROUNDS):
            low = _reply(_rivals(low, value, gross, sizes), value, gross, sizes)
            high = _reply(_rivals(high, value, gross, sizes), value, gross, sizes)
            if np.max(high - low) <= _CLOSE * (1 + np.max(low)):
                return True
    return False


def _rivals(index: Array, value: Array, gross: Array, sizes: Labels) -> Array:
    """Return log(1 + the sum of rivals' exp(v - g y)) per firm."""
    at = np.repeat(index, sizes)
    own = _log_sums(np.where(np.isinf(at), -np.inf, value - gross * np.minimum(at, 1e300)), sizes)
    others = np.where(np.eye(sizes.size, dtype=bool), -np.inf, own[None, :])
    return np.asarray(np.logaddexp.reduce(np.column_stack([np.zeros(sizes.size), others]), axis=1))


def _reply(log_rivals: Array, value: Array, gross: Array, sizes: Labels) -> Array:
    low = np.full(sizes.size, -700.0)
    high = np.full(sizes.size, np.log(max(float(value.max()), 0.0) + np.log(value.size) + 3.0))
    for _ in range(64):
        middle = (low + high) / 2
        pull = value - gross * np.repeat(np.exp(middle), sizes) - np.log(gross)
        above = middle + log_rivals > _log_sums(pull, sizes)
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.asarray(np.exp((low + high) / 2))


def _log_sums(value: Array, sizes: Labels) -> Array:
    return np.logaddexp.reduceat(value, np.cumsum(sizes) - sizes)
