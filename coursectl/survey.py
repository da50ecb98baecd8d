"""From gathered members to their figures."""

import re
from typing import TYPE_CHECKING

from coursectl.gather import StartOver
from coursectl.roster.criteria import Criteria
from coursectl.roster.summary import USUAL, Counting, Tallied, Tally

if TYPE_CHECKING:
    from collections.abc import Callable

    from coursectl.gather import Gathering
    from coursectl.roster.member import Member
    from coursectl.roster.summary import Summary


_DECIMAL = re.compile(r"\d{1,3}(\.\d{1,20})?", re.ASCII)


def nobody(_members: "list[Member]") -> None:
    """Take members, and do nothing with them."""


def summarise(
    gathering: "Gathering",
    criteria: "Criteria",
    counting: Counting = USUAL,
    *,
    also: "Callable[[list[Member]], object]" = nobody,
) -> "Summary":
    """Give the figures of a gathering of one source that tells its provenance.

    `also` is given all members, too, as they come, of a gathering that supposes nothing. Raises
    CoursectlError.
    """
    try:
        tally = _tallied(gathering, counting, also)
    except StartOver:
        tally = _tallied(gathering, counting, also)
    (roster,) = gathering.rosters
    provenance = gathering.provenance
    assert provenance is not None  # noqa: S101 - it was asked for
    return tally.summary(
        course=provenance.course_name or roster.course,
        course_id=provenance.course_id,
        community=provenance.community,
        fetched_at=provenance.fetched_at,
        own_mean=_rate(provenance.course.get("avg_completion_rate")),
        is_whole=criteria._replace(sort=None) == Criteria()
        and not (gathering.incomplete or gathering.left_out),
    )


def _tallied(
    gathering: "Gathering", counting: Counting, also: "Callable[[list[Member]], object]"
) -> Tally:
    tally: Tally | None = None
    for batch in gathering.batches():
        tally = tally or Tally(batch.as_of, counting)
        if isinstance(batch, Tallied):
            tally.add(batch.tally)
        else:
            tally.take(batch.members)
            also(batch.members)
    (roster,) = gathering.rosters
    return tally or Tally(roster.as_of, counting)


def _rate(value: object) -> float | None:
    """Give what a server says of a course as a percentage, if it is one."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = float(value)  # as Django REST Framework writes decimals
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if 0 <= value <= 100 else None
