"""The members of one course: *Course User Dashboard*, `GET /api/v2/course/{id}/users/`."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property

from coursectl.errors import InvalidData
from coursectl.roster.criteria import Criteria
from coursectl.roster.join_status import SEEN_STATUSES, JoinStatus
from coursectl.roster.member import Course, Member
from coursectl.roster.parsing import Reading, parse_course
from coursectl.settings import Settings
from coursectl.sources.api.session import Api, BadRequest

PAGE_SIZE = 100
"""Members asked for in one request; the server may grant fewer."""


class CourseMembers:
    """The roster of a course of a community, walked from the oldest member to the newest."""

    is_local = False

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
        course = self._course or parse_course(*self._api.get(self._course_path))
        return course["name"]

    def batches(self, reading: Reading, criteria: Criteria) -> Iterator[list[Member]]:
        """Yield the members, page by page. Raises what `Api.get` raises, and InvalidData.

        The criteria's statuses and search are the server's work; the rest is not.
        """
        self.fetched_at = datetime.now(UTC)
        self._narrowed = criteria.statuses is not None or bool(criteria.search)
        query: dict[str, str | int] = {"ordering": "joined_at", "limit": PAGE_SIZE}
        if criteria.search:
            query["search"] = criteria.search
        offset = 0
        body, where = self._first_page(query, criteria.statuses)
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
            if offset >= reading.count or reading.members == members:
                return
            body, where = self._api.get(self._path, query | {"offset": offset})

    def total(self, reading: Reading) -> int:
        """Give how many members the course has, with one request more if a part was asked for."""
        if not self._narrowed:
            return reading.count or 0
        whole = Reading()
        query: dict[str, str | int] = {"ordering": "joined_at", "limit": 1}
        for _ in whole.document([self._first_page(query, None)[0]], self._path):
            pass
        return whole.count or 0

    def _first_page(
        self, query: dict[str, str | int], statuses: frozenset[str | None] | None
    ) -> tuple[bytes, str]:
        """Get a page for the statuses in the first form that the server takes; `query` keeps it.

        How a server answers a status that it does not know is not documented, and neither is which
        of two ways of writing a list it reads: a 400 leads to the next form.
        """
        *others, last = _forms(statuses)
        for form in others:
            try:
                query["statuses"] = form
                return self._api.get(self._path, query | {"offset": 0})
            except BadRequest:
                continue
        query["statuses"] = last
        return self._api.get(self._path, query | {"offset": 0})


def _forms(statuses: frozenset[str | None] | None) -> list[str]:
    """Give the values of `statuses` to try, the one that asks for most first.

    The API has no word for members without a status, and its default leaves out the creator, the
    invited and the requested. So everybody, and those without a status, are asked for by every
    word that is known; the criteria are applied again to what comes.
    """
    words = {status for status in statuses or () if status is not None}
    if statuses is None or None in statuses:
        words |= {*JoinStatus, *SEEN_STATUSES}
    documented = [status.value for status in JoinStatus if status in words]
    others = sorted(words.difference(documented))
    fallback = documented or [status.value for status in JoinStatus]
    forms = [_listed(documented + others), _listed(fallback), ",".join(fallback)]
    return list(dict.fromkeys(forms))


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else json.dumps(words, separators=(",", ":"))
