"""From gathered members to their figures."""

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from coursectl.gather import StartOver
from coursectl.roster.criteria import Criteria
from coursectl.roster.summary import USUAL, Counting, Tally, nobody

if TYPE_CHECKING:
    from collections.abc import Callable

    from coursectl.gather import Gathering
    from coursectl.roster.member import Member
    from coursectl.roster.summary import Summary


_DECIMAL = re.compile(r"\d{1,3}(\.\d{1,20})?", re.ASCII)


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
        counted = counting.tally(gathering.batches(), also)
    except StartOver:
        counted = counting.tally(gathering.batches(), also)
    (roster,) = gathering.rosters
    tally = counted or Tally(roster.as_of, counting)
    provenance = gathering.provenance
    assert provenance is not None  # noqa: S101 - it was asked for
    summary = tally.summary(
        course=provenance.course_name or roster.course,
        course_id=provenance.course_id,
        community=provenance.community,
        fetched_at=provenance.fetched_at,
        own_mean=_rate(provenance.course.get("avg_completion_rate")),
        course_type=provenance.course_type,
        is_whole=criteria._replace(sort=None, in_hindsight=False) == Criteria()
        and not any(each.joined_later for each in gathering.hindsight.values())
        and not (gathering.incomplete or gathering.left_out),
    )
    return replace(
        summary,
        invalid_rows=gathering.members_left_out().rows,
        incomplete=gathering.doubt,
    )


def _rate(value: object) -> float | None:
    """Give what a server says of a course as a percentage, if it is one."""
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = float(value)  # as Django REST Framework writes decimals
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return abs(value) if 0 <= value <= 100 else None
