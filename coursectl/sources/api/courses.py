"""Courses: one by its slug or exact name, or all that whoever asks may report on.

Mirrors `GET /api/v2/course/search/`, `GET /api/v2/course/` and `GET /api/v2/course/{id}/status/`.
"""

from collections.abc import Callable
from typing import TypeVar

from coursectl.errors import IncompleteRoster, NotFound
from coursectl.printable import shortened
from coursectl.roster.join_status import JoinStatus
from coursectl.roster.member import Course, ListedCourse, ReportableCourse
from coursectl.roster.parsing import parse_course_page, parse_listed_courses, parse_own_status
from coursectl.sources.api.client import Api
from coursectl.sources.api.members import PAGE_SIZE, CourseMembers

_NAMED_CANDIDATES = 10
_ROLES = (JoinStatus.CREATOR.value, JoinStatus.MANAGER.value)
_Row = TypeVar("_Row", Course, ListedCourse)


def find_course(wanted: str, api: Api) -> CourseMembers:
    """Give the roster of the course with that slug or name, whatever the case.

    Raises NotFound, listing the candidates, when none or several match.
    """
    found: dict[int | None, Course] = {}
    # The search looks into names and descriptions, where a slug stands with blanks for hyphens.
    for text in dict.fromkeys((wanted, wanted.replace("-", " "))):
        found |= _search(api, text)
        matches = [course for course in found.values() if _is_named(course, wanted)]
        if matches:
            break
    shown = shortened(wanted)
    match matches:
        case [{"id": int(id_)} as course]:
            return CourseMembers(id_, api, course)
        case []:
            raise NotFound(
                f"no course has the slug or name {shown!r}",
                _listed(list(found.values()))
                or "Look at the course's web page: its address holds the id and the slug.",
            )
        case _:
            raise NotFound(
                f"{len(matches)} courses have the slug or name {shown!r}: give the id",
                _listed(matches),
            )


def _search(api: Api, text: str) -> dict[int | None, Course]:
    """Give the courses that a search finds, by id; a page with none that is new ends it."""
    _, found = _pages(api, "/api/v2/course/search/", {"search": text}, parse_course_page)
    return found


def reportable_courses(api: Api) -> list[ReportableCourse]:
    """Give the courses that whoever asks created or manages.

    Raises what `Api.get` raises, InvalidData, and IncompleteRoster if not all of them came.
    """
    listed = {role: _listed_as(role, api) for role in _ROLES}
    courses = []
    for id_ in dict.fromkeys(id_ for found in listed.values() for id_ in found):
        rows = {role: found[id_] for role, found in listed.items() if id_ in found}
        course = next(iter(rows.values()))
        role = next((said for row in rows.values() if (said := row["join_status"])), None)
        if role is None:
            # A server that lists it under both does not heed what it is asked for.
            role = next(iter(rows)) if len(rows) == 1 else _own_status(api, course["id"])
        if role in _ROLES:
            courses.append(
                ReportableCourse(
                    id=course["id"],
                    name=course["name"],
                    slug=course["slug"],
                    type=course["type"],
                    privacy=course["privacy"],
                    role=role,
                    created_at=course["created_at"],
                )
            )
    return courses


def _listed_as(role: str, api: Api) -> dict[int | None, ListedCourse]:
    """Give the courses that the server lists for a status: the documented form is one at a time."""
    count, found = _pages(api, "/api/v2/course/", {"statuses": role}, parse_listed_courses)
    if len(found) != count:
        raise IncompleteRoster(
            f"the list of courses is not whole: as {role}, expected {count:,} courses,"
            f" received {len(found):,}",
            "Try again; it may have changed while it was fetched.",
        )
    return found


def _own_status(api: Api, id_: int) -> str | None:
    return parse_own_status(*api.get(f"/api/v2/course/{id_}/status/"))


def _pages(
    api: Api,
    path: str,
    query: dict[str, str | int],
    parse: Callable[[bytes, str], tuple[int, list[_Row]]],
) -> tuple[int, dict[int | None, _Row]]:
    """Give how many courses there are said to be at the most, and those on all pages, by id.

    A page with none that is new ends the walk.
    """
    found: dict[int | None, _Row] = {}
    most = offset = 0
    while True:
        count, courses = parse(*api.get(path, query | {"limit": PAGE_SIZE, "offset": offset}))
        # Where the count shrinks, what was left moved up, and one may never have been sent.
        most = max(most, count)
        before = len(found)
        found |= {course["id"]: course for course in courses}
        offset += len(courses)
        if len(found) == before or offset >= count:
            return most, found


def _is_named(course: Course, wanted: str) -> bool:
    return wanted.casefold() in (
        (course["slug"] or "").casefold(),
        (course["name"] or "").casefold(),
    )


def _listed(courses: list[Course]) -> str:
    named = [
        f"{course['id']} {shortened(course['slug'] or '')} ({shortened(course['name'] or '')})"
        for course in courses[:_NAMED_CANDIDATES]
    ]
    if len(courses) > len(named):
        named.append(f"and {len(courses) - len(named)} more")
    return "Candidates: " + ", ".join(named) if named else ""
