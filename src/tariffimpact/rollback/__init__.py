"""Rollback: who holds the money when a tariff falls or is struck down and the duty is refunded.

Two ledgers, kept apart. The past: the importer of record gets the duty back, although it had
already recovered a part of it from buyers through the price. The future: the unit cost falls, and
the price follows as far and as fast as the seller lets it.
"""

from tariffimpact.rollback.policies import PolicyOutcome, Rollback, rollback
from tariffimpact.rollback.prices import price_after, round_trip
from tariffimpact.rollback.refund import RefundIncidence, refund_incidence

__all__ = [
    "PolicyOutcome",
    "RefundIncidence",
    "Rollback",
    "price_after",
    "refund_incidence",
    "rollback",
    "round_trip",
]
