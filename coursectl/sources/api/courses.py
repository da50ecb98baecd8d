"""A course by its slug or exact name: `GET /api/v2/course/search/`."""

from coursectl.errors import NotFound
from coursectl.printable import shortened
from coursectl.roster.member import Course
from coursectl.roster.parsing import parse_course_page
from coursectl.settings import Settings
from coursectl.sources.api.members import PAGE_SIZE, CourseMembers
from coursectl.sources.api.session import Api

_NAMED_CANDIDATES = 10


def find_course(wanted: str, settings: Settings) -> CourseMembers:
    """Give the roster of the course with that slug or name, whatever the case.

    Raises NotFound, listing the candidates, when none or several match.
    """
    api = Api(settings)
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
            return CourseMembers(id_, settings, course)
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
    found: dict[int | None, Course] = {}
    offset = 0
    while True:
        query: dict[str, str | int] = {"search": text, "limit": PAGE_SIZE, "offset": offset}
        count, courses = parse_course_page(*api.get("/api/v2/course/search/", query))
        before = len(found)
        found |= {course["id"]: course for course in courses}
        offset += len(courses)
        if len(found) == before or offset >= count:
            return found


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
