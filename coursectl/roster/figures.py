"""Figures of rates: how far some members have come, from how often each rate occurs."""

from collections import Counter
from dataclasses import dataclass
from decimal import Context, Decimal
from itertools import accumulate
from math import floor, fsum

_TENTHS = 10

# As decimal numbers, so that 21.25 is no 21.249999999999996, which would be rounded otherwise.
_EXACT = Context(prec=60)

_MANY = 20_000
"""Different rates that are too many for that: no server writes a rate to so many decimals."""


@dataclass(frozen=True, slots=True)
class Completion:
    """How far the counted members have come; rates and what is made of them in percent."""

    members: int
    """Counted members with a rate: those whom all below is of."""
    without_rate: int
    """Counted members without one."""
    mean: float | None
    lower_quartile: float | None
    median: float | None
    upper_quartile: float | None
    at_0: int
    at_100: int
    tenths: tuple[int, ...]
    """Ten counts, from 0 up to 10 %, to 90 up to and including 100 %."""

    @property
    def from_90_under_100(self) -> int:
        """How many of the last tenth are not done."""
        return self.tenths[-1] - self.at_100

    @property
    def not_done(self) -> int:
        """How many have a rate under 100 %."""
        return self.members - self.at_100

    @classmethod
    def of(cls, counts: Counter[float | None]) -> "Completion":
        """Return the figures of rates, each of which occurs so often; None is no rate."""
        rates = sorted((rate, number) for rate, number in counts.items() if rate is not None)
        tenths = [0] * _TENTHS
        for rate, number in rates:
            tenths[min(int(rate // _TENTHS), _TENTHS - 1)] += number
        return cls(
            members=sum(number for _, number in rates),
            without_rate=counts[None],
            mean=mean_of(counts),
            lower_quartile=_quantile(rates, 0.25),
            median=_quantile(rates, 0.5),
            upper_quartile=_quantile(rates, 0.75),
            at_0=counts[0],
            at_100=counts[100],
            tenths=tuple(tenths),
        )


def mean_of(counts: Counter[float | None]) -> float | None:
    """Return the mean of rates, each of which occurs so often; None is no rate, or no mean."""
    rates = [(rate, number) for rate, number in counts.items() if rate is not None]
    if not rates:
        return None
    members = sum(number for _, number in rates)
    if len(rates) > _MANY:
        mean = fsum(rate * number for rate, number in rates) / members
        return min(max(mean, min(rates)[0]), max(rates)[0])
    total = Decimal(0)
    for rate, number in rates:
        total = _EXACT.fma(Decimal(repr(rate)), number, total)
    return float(_EXACT.divide(total, members))


def _quantile(rates: list[tuple[float, int]], part: float) -> float | None:
    """Give the rate below which a part of all lies, between two of them in proportion."""
    if not rates:
        return None
    ends = list(accumulate(number for _, number in rates))
    place = part * (ends[-1] - 1)
    below = floor(place)

    def at(place: int) -> float:
        return next(rate for (rate, _), end in zip(rates, ends, strict=True) if place < end)

    low = at(below)
    share = place - below
    if not share:
        return low
    lower, upper = Decimal(repr(low)), Decimal(repr(at(below + 1)))
    return float(_EXACT.fma(_EXACT.subtract(upper, lower), Decimal(share), lower))
