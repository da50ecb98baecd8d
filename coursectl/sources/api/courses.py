"""Courses: one by its slug or exact name, or all that whoever asks may report on.

Mirrors `GET /api/v2/course/search/`, `GET /api/v2/course/` and `GET /api/v2/course/{id}/status/`.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Literal
from unicodedata import normalize

from coursectl.errors import AccessDenied, CoursectlError, IncompleteRoster, NotFound
from coursectl.printable import shortened
from coursectl.roster.folding import folded
from coursectl.roster.join_status import JoinStatus
from coursectl.roster.member import Course, ListedCourse, ReportableCourse
from coursectl.roster.parsing import (
    parse_course,
    parse_course_page,
    parse_listed_courses,
    parse_own_status,
)
from coursectl.sources.api.client import Api
from coursectl.sources.api.lists import walk_list, whole_list
from coursectl.sources.api.members import CourseMembers
from coursectl.sources.api.session import BadRequest
from coursectl.sources.seen_courses import remember, seen_courses

_OWN_PATH = "/api/v2/course/"

_CALLED: tuple[Literal["slug"], Literal["name"]] = "slug", "name"
"""The fields under which a course is known to people."""

_NAMED_CANDIDATES = 10
_ROLES = (JoinStatus.CREATOR.value, JoinStatus.MANAGER.value)


def find_course(wanted: str, api: Api) -> CourseMembers:
    """Return the roster of the course with that slug or name, however it is typed.

    The search knows no slug, and a slug does not follow a name. So it is looked for among the
    courses of whoever asks, too, and among those seen before. Raises NotFound, listing the
    candidates, when none or several match; what the search was refused with, if no other way
    leads on; and what else `Api.get` raises.
    """
    found: dict[int | None, Course] = {}
    matches: list[Course] = []
    refusal: CoursectlError | None = None
    for look in _looks(wanted, api):
        try:
            found |= look()
        except (AccessDenied, BadRequest, NotFound) as error:
            refusal = refusal or error
            continue
        if matches := _named(list(found.values()), wanted):
            break
    shown = shortened(wanted)
    match matches:
        case [{"id": int(id_)} as course]:
            return CourseMembers(id_, api, course)
        case []:
            if refusal is not None:
                raise refusal
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


def _looks(wanted: str, api: Api) -> "Iterator[Callable[[], dict[int | None, Course]]]":
    """Yield the ways to look for a course, the shortest first."""
    # The search looks into names and descriptions, where a slug stands with blanks for hyphens.
    for text in dict.fromkeys((wanted, wanted.replace("-", " "))):
        yield partial(_search, api, text)
    for role in _ROLES:
        yield partial(_own, api, role, _hyphenated(wanted))
    for id_, slug in seen_courses().items():
        if slug and _named([Course(id=int(id_), name=None, slug=slug)], wanted):
            yield partial(_seen, api, int(id_))


def _search(api: Api, text: str) -> dict[int | None, Course]:
    """Return the courses that a search finds, by id: the first page is nearly always all."""
    path = "/api/v2/course/search/"
    return walk_list(api, path, {"search": text}, parse_course_page, ahead=1).found


def _own(api: Api, role: str, part: str) -> dict[int | None, Course]:
    """Return the courses of whoever asks in a role with that part of a slug or name, by id."""
    walk = walk_list(api, _OWN_PATH, {"statuses": role}, parse_listed_courses, ahead=1)
    return {
        id_: Course(id=course["id"], name=course["name"], slug=course["slug"])
        for id_, course in walk.found.items()
        if any(part and part in _hyphenated(course[key] or "") for key in _CALLED)
    }


def _seen(api: Api, id_: int) -> dict[int | None, Course]:
    """Return a course as it is now, by id: it may have been seen in another community."""
    course = parse_course(*api.get(f"/api/v2/course/{id_}/"), quotes=api.quotes)
    return {id_: Course(id=id_, name=course["name"], slug=course["slug"])}


def reportable_courses(api: Api) -> list[ReportableCourse]:
    """Give the courses that whoever asks created or manages.

    Raises what `Api.get` raises, InvalidData, and IncompleteRoster if not all of them came.
    """
    listed = {role: _listed_as(role, api) for role in _ROLES}
    # A server that lists a course under both does not heed what it is asked for.
    in_doubt = [
        id_
        for id_ in dict.fromkeys(id_ for found in listed.values() for id_ in found)
        if all(id_ in found and not found[id_]["join_status"] for found in listed.values())
    ]
    own = _own_statuses(in_doubt, api)
    courses = []
    for id_ in dict.fromkeys(id_ for found in listed.values() for id_ in found):
        rows = {role: found[id_] for role, found in listed.items() if id_ in found}
        course = next(iter(rows.values()))
        role = next((said for row in rows.values() if (said := row["join_status"])), None)
        if role is None:
            role = own[id_] if id_ in own else next(iter(rows))
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
    remember((course["id"], course["slug"]) for course in courses)
    return courses


def _listed_as(role: str, api: Api) -> dict[int | None, ListedCourse]:
    """Give the courses that the server lists for a status: the documented form is one at a time.

    Raises IncompleteRoster if not all of them came.
    """
    walk = whole_list(api, _OWN_PATH, {"statuses": role}, parse_listed_courses)
    if walk.is_proved:
        return walk.found
    raise IncompleteRoster(
        f"the list of courses is not whole: as {role}, expected {walk.count:,} courses,"
        f" received {len(walk.found):,}"
        + ("" if walk.is_same else f"; it kept changing (fetched {walk.number} times)"),
        "Try again; it may have changed while it was fetched.",
    )


def _own_statuses(ids: Iterable[int | None], api: Api) -> dict[int | None, str | None]:
    """Ask how whoever asks stands to each of these courses."""
    asked = {id_: api.ask(f"/api/v2/course/{id_}/status/") for id_ in ids}
    try:
        answers = ((id_, api.wait_for(answer)) for id_, answer in asked.items())
        return {
            id_: parse_own_status(answer.body, answer.where, quotes=api.quotes)
            for id_, answer in answers
        }
    finally:
        for answer in asked.values():
            answer.cancel()


def _named(courses: list[Course], wanted: str) -> list[Course]:
    """Return those that are called so, to the letter if there is one, else as it may be typed."""
    for alike in (_cased, folded, _hyphenated):
        text = alike(wanted)
        matches = [
            course
            for course in courses
            if text and text in [alike(course[key] or "") for key in _CALLED]
        ]
        if matches:
            return matches
    return []


def _cased(text: str) -> str:
    return normalize("NFC", text).casefold()


def _hyphenated(text: str) -> str:
    """Return a name as a slug has it: the slug of a course is that of its first name."""
    return "-".join(folded(text).replace("-", " ").split())


def _listed(courses: list[Course]) -> str:
    named = [
        f"{course['id']} {shortened(course['slug'] or '')} ({shortened(course['name'] or '')})"
        for course in courses[:_NAMED_CANDIDATES]
    ]
    if len(courses) > len(named):
        named.append(f"and {len(courses) - len(named)} more")
    return "Candidates: " + ", ".join(named) if named else ""
