"""The members of one course: *Course User Dashboard*, `GET /api/v2/course/{id}/users/`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property

from coursectl.errors import CoursectlError, InvalidData
from coursectl.roster.criteria import Criteria
from coursectl.roster.member import Course, Member
from coursectl.roster.parsing import Reading, parse_course
from coursectl.settings import Settings
from coursectl.sources.api.session import Api
from coursectl.sources.api.statuses import first_page

PAGE_SIZE = 100
"""Members asked for in one request; the server may grant fewer."""


class CourseMembers:
    """The roster of a course of a community, walked from the oldest member to the newest."""

    is_local = False
    is_repeatable = False

    def __init__(self, id_: int, settings: Settings, course: Course | None = None) -> None:
        self.name = f"course {id_}"
        self.warnings: list[str] = []
        self.fetched_at: datetime | None = None
        self._path = f"/api/v2/course/{id_}/users/"
        self._course_path = f"/api/v2/course/{id_}/"
        self._course = course
        self._api = Api(settings)
        self._narrowed = False

    @cached_property
    def course_name(self) -> str | None:
        """The course's name, as the API tells it to anyone who may see the course."""
        try:
            course = self._course or parse_course(*self._api.get(self._course_path))
        except CoursectlError as error:
            self.warnings.append(f"{self.name}: its name is not known: {error.message}")
            return None
        return course["name"]

    def batches(self, reading: Reading, criteria: Criteria) -> Iterator[list[Member]]:
        """Yield the members, page by page. Raises what `Api.get` raises, and InvalidData.

        The criteria's statuses and search are the server's work; the rest is not.
        """
        self.fetched_at = datetime.now(UTC)
        self._narrowed = criteria.statuses is not None or bool(criteria.search)
        query: dict[str, str | int] = {"ordering": "joined_at", "limit": PAGE_SIZE, "offset": 0}
        if criteria.search:
            query["search"] = criteria.search
        page = first_page(lambda part: self._api.get(self._path, query | part), criteria.statuses)
        self.warnings += [f"{self.name}: {text}" for text in page.warnings(criteria.statuses)]
        query["statuses"] = page.form
        body, where = page.body, page.where
        offset = 0
        while True:
            rows, members = reading.rows, reading.members
            reading.count = None
            yield from reading.document([body], where)
            if reading.count is None:
                raise InvalidData(
                    f"{where}: not a page of members (it has no count)",
                    "Check COURSECTL_URL; if it is right, the API has changed.",
                )
            offset += reading.rows - rows
            all_there = offset >= reading.count and not reading.has_next
            if all_there or reading.members == members:
                return
            body, where = self._api.get(self._path, query | {"offset": offset})

    def total(self, reading: Reading) -> int | None:
        """Give how many members the course has, with a request more if a part was asked for."""
        if not self._narrowed:
            return (reading.count or 0) - reading.invalid
        query: dict[str, str | int] = {"ordering": "joined_at", "limit": 1, "offset": 0}
        try:
            page = first_page(lambda part: self._api.get(self._path, query | part), None)
        except CoursectlError:
            return None
        return page.count
