"""The mean that the API gives of a course, held against what its roster says."""

from collections import Counter
from dataclasses import dataclass
from math import isclose
from typing import TYPE_CHECKING

from coursectl.roster.figures import mean_of
from coursectl.roster.join_status import JoinStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

COUNTED = frozenset[str | None]({JoinStatus.JOINED.value})
"""The statuses that figures count where nobody names others."""

OURS = "the same members"
"""What the counted members are called where the API's mean is of them, too."""


@dataclass(frozen=True, slots=True)
class OwnMean:
    """What the API says of the course's completion, beside what its roster says."""

    rate: float
    """`avg_completion_rate`, percent."""
    difference: float | None
    """Ours less the API's, percentage points; None unless both are of the same members."""
    counts: str | None
    """Whose mean the API's figure is, as far as this roster tells; None if it is nobody's."""

    @classmethod
    def beside(
        cls,
        rate: float,
        counted: frozenset[str | None],
        rates_of: "Callable[[Iterable[str | None] | None], Counter[float | None]]",
    ) -> "OwnMean":
        """Return the API's mean beside that of the counted statuses of a whole roster.

        `rates_of` counts the rates among members with some statuses, or with None among all.
        """
        counts = _whose(rate, counted, rates_of)
        ours = mean_of(rates_of(counted)) if counts == OURS else None
        return cls(rate, None if ours is None else round(ours - rate, 9) + 0, counts)


def _whose(
    own_mean: float,
    counted: frozenset[str | None],
    rates_of: "Callable[[Iterable[str | None] | None], Counter[float | None]]",
) -> str | None:
    """Say whose mean the API may have given, if all who fit have the same; the first of them.

    Who has its very mean fits better than who has it once it is rounded.
    """
    groups: tuple[tuple[str, frozenset[str | None] | None], ...] = (
        (OURS, counted),
        ("the joined", COUNTED),
        ("the joined and the managers", COUNTED | {JoinStatus.MANAGER.value}),
        (
            "the joined, the managers and the creator",
            COUNTED | {JoinStatus.MANAGER.value, JoinStatus.CREATOR.value},
        ),
        ("everybody in the roster", None),
    )
    tried = [
        (name + addition, mean_of(rates))
        for addition, missing in (("", None), (", no rate taken for 0", 0.0))
        for name, statuses in groups
        for rates in [_with_missing(rates_of(statuses), missing)]
    ]
    fits = [
        (round(mean, 9), name)
        for name, mean in tried
        if mean is not None and _is_rounded(mean, own_mean)
    ]
    exact = [fit for fit in fits if isclose(fit[0], own_mean, rel_tol=0, abs_tol=1e-9)]
    means = {mean for mean, _ in exact or fits}
    return (exact or fits)[0][1] if len(means) == 1 else None


def _with_missing(counts: Counter[float | None], taken_for: float | None) -> Counter[float | None]:
    """Give counts in which those without a rate have the one given, if one is."""
    if taken_for is None or not counts[None]:
        return counts
    filled = Counter(counts)
    filled[taken_for] += filled.pop(None, 0)
    return filled


def _is_rounded(mean: float, to: float) -> bool:
    """Whether a mean may have been rounded, or cut off, to another number."""
    decimals = len(f"{to:.6f}".rstrip("0").rpartition(".")[2])
    step = 10.0**-decimals
    return abs(mean - to) <= step / 2 + 1e-9 or 0 <= mean - to < step
