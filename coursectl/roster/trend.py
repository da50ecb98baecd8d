"""The figures of exports over time: a point an export, a series a course.

What each figure means stands in `coursectl.roster.definitions`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from coursectl.errors import InvalidData

if TYPE_CHECKING:
    from coursectl.roster.summary import Summary

ACTIVE_DAYS = 30
"""How many days back from when it was fetched a member of an export is active."""


@dataclass(frozen=True, slots=True)
class Point:
    """The figures of one export."""

    export: str
    """What errors and warnings call the export."""
    course: str
    """The course's name, or what stands for it."""
    course_id: int | None
    community: str | None
    """The URL of the community, where the export says it."""
    host: str | None
    """Its host, by which communities are told apart."""
    fetched_at: datetime
    """When the export was fetched, UTC."""
    members: int
    counted: int
    """Those that the figures below are of."""
    mean: float | None
    """Mean completion, percent; None where nobody has a rate."""
    active_30: int
    """Active within `ACTIVE_DAYS`."""
    completed: int
    """At 100 %."""
    invalid_rows: int = 0
    """Members whom the figures lack, since their rows are, or were, not valid."""
    incomplete: str | None = None
    """How it shows that other members are missing; None if the export is whole."""

    @property
    def key(self) -> tuple[str | None, int | str]:
        """Which course it is of: by community and id, or by name where there is no id."""
        return self.host, self.course if self.course_id is None else self.course_id

    @property
    def figures(self) -> tuple[float | None, ...]:
        """All that the export says at its moment."""
        return self.members, self.counted, self.mean, self.active_30, self.completed


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one course, by time, each of another moment; at least one."""

    label: str
    """The course's latest name, with its id and its host where that alone could be another's."""
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """All series, by their labels."""

    series: tuple[Series, ...]
    contradicted: tuple[tuple[Point, Point], ...] = ()
    """A point, and one of the same course and moment that says otherwise and was left out."""

    @property
    def points(self) -> int:
        """How many points all series have."""
        return sum(len(series.points) for series in self.series)


def point_of(summary: "Summary", *, export: str, host: str | None) -> Point:
    """Give the point of an export. Raises InvalidData where it does not say when it was fetched."""
    if summary.fetched_at is None:
        raise InvalidData(
            f"{export}: does not say when it was fetched, so it has no date",
            "What coursectl export saves says so.",
        )
    is_nameless = summary.course == export and summary.course_id is not None
    return Point(
        export=export,
        course=f"course {summary.course_id}" if is_nameless else summary.course,
        course_id=summary.course_id,
        community=summary.community,
        host=host,
        fetched_at=summary.fetched_at,
        members=summary.members,
        counted=summary.counted,
        mean=summary.completion.mean,
        active_30=dict(summary.activity.within)[ACTIVE_DAYS],
        completed=summary.completion.at_100,
        invalid_rows=summary.invalid_rows,
        incomplete=summary.incomplete,
    )


def trend_of(points: Iterable[Point]) -> Trend:
    """Put points in series; of those of one course and one moment, the first counts."""
    by_course: dict[tuple[str | None, int | str], dict[datetime, Point]] = {}
    contradicted = []
    for point in points:
        of_course = by_course.setdefault(point.key, {})
        first = of_course.setdefault(point.fetched_at, point)
        if first.figures != point.figures:
            contradicted.append((first, point))
    found = [tuple(course[moment] for moment in sorted(course)) for course in by_course.values()]
    labels = _labels([points[-1] for points in found])
    series = [Series(*each) for each in zip(labels, found, strict=True)]
    series.sort(key=lambda series: (series.label.casefold(), series.label))
    return Trend(tuple(series), tuple(contradicted))


def _labels(courses: list[Point]) -> list[str]:
    """Give names that tell courses apart, with no more in them than that needs."""
    names = [course.course for course in courses]
    ids = ["no id" if course.course_id is None else f"id {course.course_id}" for course in courses]
    hosts = [course.host or "no community" for course in courses]
    by_name = Counter(names)
    by_name_and_id = Counter(zip(names, ids, strict=True))
    return [
        name
        if by_name[name] == 1
        else f"{name} ({id_})"
        if by_name_and_id[name, id_] == 1
        else f"{name} ({id_}, {host})"
        for name, id_, host in zip(names, ids, hosts, strict=True)
    ]
