"""Courses as rows of an answer: which of them, in what order, how many."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING

from coursectl.roster.criteria import Sort
from coursectl.roster.folding import folded
from coursectl.roster.ranking import in_order

if TYPE_CHECKING:
    from coursectl.roster.member import ReportableCourse

_BY_NAME = Sort("name")
"""Which is what people look for."""


@dataclass(frozen=True, slots=True)
class CourseBatch:
    """Courses, in order."""

    rows: "list[ReportableCourse]"
    as_of: datetime
    """When they were listed, UTC."""
    shared: Mapping[str, str] = field(default_factory=dict)


def select_courses(
    courses: "Iterable[ReportableCourse]",
    *,
    search: str | None = None,
    sort: Sort | None = None,
    limit: int | None = None,
) -> "list[ReportableCourse]":
    """Return those with `search` in their name or slug, by name unless there is a sort.

    Case and accents do not matter.
    """
    text = folded(search or "")
    found = [
        course
        for course in courses
        if text in folded(course["name"] or "") or text in folded(course["slug"] or "")
    ]
    sort = sort or _BY_NAME
    return in_order(
        found, itemgetter(sort.column), id_=itemgetter("id"), descending=sort.descending
    )[:limit]
