"""The members of one course: *Course User Dashboard*, `GET /api/v2/course/{id}/users/`."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property

from coursectl.errors import InvalidData
from coursectl.printable import shortened
from coursectl.roster.criteria import Criteria
from coursectl.roster.join_status import SEEN_STATUSES, JoinStatus
from coursectl.roster.member import Course, Member
from coursectl.roster.parsing import Reading, is_empty_page, parse_course
from coursectl.settings import Settings
from coursectl.sources.api.session import Api, BadRequest

_DOCUMENTED = tuple(status.value for status in JoinStatus)

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
        self._taken: list[str] = []

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
        if criteria.statuses is not None:
            self._warn(criteria.statuses)
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

    def total(self, reading: Reading) -> int:
        """Give how many members the course has, with one request more if a part was asked for."""
        if not self._narrowed:
            return (reading.count or 0) - reading.invalid
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
        of two ways of writing a list it reads: a 400, or nobody, leads to the next form.
        """
        nobody: tuple[bytes, str, str] | None = None
        refusal: BadRequest | None = None
        for words in self._attempts(query, _words(statuses)):
            for form in dict.fromkeys((_listed(words), ",".join(words))):
                query["statuses"] = form
                try:
                    body, where = self._api.get(self._path, query | {"offset": 0})
                except BadRequest as error:
                    refusal = error
                    continue
                if len(words) == 1 or not is_empty_page(body):
                    self._taken = words
                    return body, where
                nobody = nobody or (body, where, form)
                self._taken = words
            if nobody:
                body, where, query["statuses"] = nobody
                return body, where
        assert refusal is not None  # noqa: S101 - there is an attempt, and it was refused
        raise refusal

    def _attempts(self, query: dict[str, str | int], words: list[str]) -> Iterator[list[str]]:
        """Give the words to ask for: all, and if that is refused, those that are not refused."""
        yield words
        known = [word for word in words if word in _DOCUMENTED]
        others = [word for word in words if word not in _DOCUMENTED]
        if others:
            taken = [word for word in others if len(others) > 1 and self._takes(query, word)]
            yield known + taken or list(_DOCUMENTED)

    def _takes(self, query: dict[str, str | int], word: str) -> bool:
        try:
            self._api.get(self._path, query | {"statuses": word, "limit": 1})
        except BadRequest:
            return False
        return True

    def _warn(self, asked: frozenset[str | None]) -> None:
        """Say which of the statuses that were asked for the server cannot have looked for."""
        if None in asked:
            self.warnings.append(
                f"{self.name}: the API cannot be asked for members without a status;"
                " only those that it sent all the same are listed"
            )
        for word in sorted(word for word in asked if word is not None):
            if word not in self._taken:
                self.warnings.append(
                    f"{self.name}: the server does not take the status {shortened(word)!r},"
                    " so nobody with it can be listed"
                )


def _words(statuses: frozenset[str | None] | None) -> list[str]:
    """Give the words to ask the server for, documented ones first.

    The API has no word for members without a status, and its default leaves out the creator, the
    invited and the requested. So everybody, and those without a status, are asked for by every
    word that is known; the criteria are applied again to what comes.
    """
    words = {status for status in statuses or () if status is not None}
    if statuses is None or None in statuses:
        words |= {*_DOCUMENTED, *SEEN_STATUSES}
    return [word for word in _DOCUMENTED if word in words] + sorted(words.difference(_DOCUMENTED))


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else json.dumps(words, separators=(",", ":"))
