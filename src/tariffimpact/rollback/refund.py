"""A refund of duty, split by who had borne the duty."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from tariffimpact.arguments import Numbers, checked, plain


@dataclass(frozen=True, slots=True)
class RefundIncidence:
    """A refund split by who had borne the duty; money, floats or arrays. See `refund_incidence`."""

    duty_paid: Numbers
    pass_through_rate: Numbers
    interest: Numbers
    """Interest paid on the refund, as a fraction of the duty."""

    @property
    def refund(self) -> Numbers:
        """Duty and interest, paid to the importer of record."""
        return self.duty_paid * (1 + self.interest)

    @property
    def absorbed(self) -> Numbers:
        """The part that makes good cost the seller bore; negative where more was passed on."""
        return self.duty_paid * (1 - self.pass_through_rate)

    @property
    def recovered_twice(self) -> Numbers:
        """The part that buyers had already paid through the price."""
        return self.duty_paid * self.pass_through_rate

    @property
    def interest_paid(self) -> Numbers:
        """Interest on the duty, in money."""
        return self.duty_paid * self.interest


def refund_incidence(
    *, duty_paid: ArrayLike, pass_through_rate: ArrayLike, interest: ArrayLike = 0.0
) -> RefundIncidence:
    """Return how much of a refund makes good absorbed cost and how much is recovered twice.

    Absorbed (1 - f) D, recovered twice f D, and interest i D, which sum to the refund D (1 + i).

    Parameters
    ----------
    duty_paid
        D, the duty paid on goods sold, money, not negative.
    pass_through_rate
        f, money of price per money of duty, not negative; above 1 where a markup was taken on it.
    interest
        i, interest on the refund as a fraction of the duty, not negative.

    Raises
    ------
    ModelError
        If an argument leaves its range.

    Examples
    --------
    >>> split = refund_incidence(duty_paid=100, pass_through_rate=0.6)
    >>> split.absorbed, split.recovered_twice
    (40.0, 60.0)
    """
    duty = checked("duty_paid", duty_paid, at_least=0, remedy="give the duty paid, in money")
    rate = checked(
        "pass_through_rate", pass_through_rate, at_least=0,
        remedy="give dollars of price per dollar of duty, such as 0.6",
    )  # fmt: skip
    extra = checked("interest", interest, at_least=0, remedy="write 0.07 for 7% of the duty")
    return RefundIncidence(plain(duty), plain(rate), plain(extra))
