"""The members of one course: *Course User Dashboard*, `GET /api/v2/course/{id}/users/`."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from operator import itemgetter
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Self

from coursectl.errors import (
    AccessDenied,
    CoursectlError,
    IncompleteRoster,
    InvalidData,
    NotFound,
)
from coursectl.files import room_for
from coursectl.roster.criteria import Criteria
from coursectl.roster.member import Course, Member
from coursectl.roster.parsing import Reading, parse_course, parse_course_as_sent
from coursectl.sources.api.client import Api
from coursectl.sources.api.session import NOT_THE_API, BadRequest, answers_of_a_server
from coursectl.sources.api.statuses import FirstPage, first_page
from coursectl.sources.api.walk import Page, Walk
from coursectl.sources.interface import no_progress
from coursectl.sources.seen_courses import remember

if TYPE_CHECKING:
    from concurrent.futures import Future

    from coursectl.sources.api.client import Answer, Query
    from coursectl.sources.interface import OnProgress

PAGE_SIZE = 100
"""Members asked for in one request; the server may grant fewer."""

_WALKS = 8
"""Times that a roster is walked, when it does not stand still."""

_STILL_WALKS = 2
"""Times that it is walked in the hope that `count` does not move meanwhile."""

_ID = itemgetter("id")

_MOST_TIED = 10_000
"""Members in a row who joined in the same moment that are put in order; more would fill memory."""

_IN_MEMORY = 8 * 1024 * 1024
"""Bytes of pages that wait in memory for their proof; more of them wait in a file."""

_READ = _IN_MEMORY // 4
"""Bytes of pages of which the members wait, too, and are not read once more."""


class CourseMembers:
    """The roster of a course of a community, walked from the oldest member to the newest.

    Nothing is given before all is proved, unless the first few members are all that is wanted.
    """

    is_local = False
    is_repeatable = False

    def __init__(self, id_: int, api: Api, course: Course | None = None) -> None:
        self.name = f"course {id_}"
        self.course_id = id_
        self.community = api.settings.url
        """The community, as `https://host`."""
        self.warnings: list[str] = []
        self.fetched_at: datetime | None = None
        self._path = f"/api/v2/course/{id_}/users/"
        self._course_path = f"/api/v2/course/{id_}/"
        self._course = course
        self._api = api
        self._narrowed = False

    @cached_property
    def course_name(self) -> str | None:
        """The course's name, as the API tells it to anyone who may see the course."""
        try:
            course = self._course or parse_course(
                *self._api.get(self._course_path), quotes=self._api.quotes
            )
        except CoursectlError as error:
            self.warnings.append(f"{self.name}: its name is not known: {error.message}")
            return None
        return course["name"]

    def course_as_sent(self) -> dict[str, object]:
        """Give the course with every field that the API sends to those who run it.

        Mirrors `GET /api/v2/course/{id}/?view=dashboard`; where that is refused, the view that
        anyone has who may see the course. Raises what `Api.get` raises, and InvalidData.
        """
        try:
            body, where = self._api.get(self._course_path, {"view": "dashboard"})
        except (AccessDenied, BadRequest, NotFound):
            body, where = self._api.get(self._course_path)
        return parse_course_as_sent(body, where, quotes=self._api.quotes)

    def batches(
        self, reading: Reading, criteria: Criteria, on_progress: "OnProgress" = no_progress
    ) -> Iterator[list[Member]]:
        """Yield the members, oldest first, equals by id.

        The criteria's statuses are the server's work; the rest is not: how it compares text is
        not known, and what it leaves out cannot be had back. Raises what `Api.get` raises,
        InvalidData, and IncompleteRoster unless `reading` takes that, too.
        """
        with answers_of_a_server():
            yield from _ties_by_id(self._as_served(reading, criteria, on_progress))

    def _as_served(
        self, reading: Reading, criteria: Criteria, on_progress: "OnProgress"
    ) -> Iterator[list[Member]]:
        """Yield the members, page by page."""
        self._narrowed = criteria.statuses is not None
        walk = None
        with _Waiting() as waiting:
            for walk in self._walks(criteria):
                waiting.clear()
                trial = reading.anew()
                for page in walk.pages():
                    on_progress(walk.members, walk.count)
                    if _few_will_do(criteria):
                        yield from reading.page(page.glance, page.body, page.where)
                        continue
                    # What is not valid shows before anything is given.
                    waiting.add(page, trial.page(page.glance, page.body, page.where))
            assert walk is not None  # noqa: S101 - a roster is walked at least once
            doubt = self._doubt(walk)
            if doubt and not reading.allow_incomplete:
                raise doubt
            if _few_will_do(criteria):
                pass  # they were given as they came
            elif waiting.members is not None:
                reading.take_over(trial)
                yield from waiting.members
            else:
                for body, where in waiting.pages():
                    yield from reading.document([body], where)
        reading.settle(walk.count, doubt.message if doubt else None)

    def _walks(self, criteria: Criteria) -> Iterator[Walk]:
        """Yield walks over the roster, to be walked, until one is proved or no other would be."""
        query: dict[str, str | int] = {"ordering": "joined_at", "limit": PAGE_SIZE, "offset": 0}
        self.fetched_at = datetime.now(UTC)
        start = self._first_page(query, criteria.statuses)
        self.warnings += [f"{self.name}: {text}" for text in start.warnings(criteria.statuses)]
        query["statuses"] = start.form
        remember([(self.course_id, self._course["slug"] if self._course else None)])

        def ask(offset: int) -> "Future[Answer]":
            return self._api.ask(self._path, query | {"offset": offset})

        ahead = 2 * self._api.concurrency
        if _few_will_do(criteria):
            ahead = min(ahead, 1 + (criteria.limit or 0) // PAGE_SIZE)
        first, walk = start.answer, None
        while True:
            page = Page.of(0, first, quotes=self._api.quotes)
            walk = Walk(self._api, ask, page, walk, ahead=ahead)
            yield walk
            if self._is_proved(walk) or walk.is_same or walk.number == _WALKS:
                return
            self.fetched_at = datetime.now(UTC)
            first = self._api.wait_for(ask(0))

    def _is_proved(self, walk: Walk) -> bool:
        """Whether the walk met the whole roster. It need not stand still if it never does."""
        if walk.members != walk.count:
            return False
        return walk.is_same or (walk.is_complete and (walk.is_still or walk.number > _STILL_WALKS))

    def _doubt(self, walk: Walk) -> CoursectlError | None:
        """Give what speaks against the last of the walks."""
        if self._is_proved(walk):
            return None
        figures = f"expected {walk.count:,} members, received {walk.members:,} unique"
        if walk.is_same and walk.repeats:
            return InvalidData(
                f"{walk.repeats}: the first page once more, where a later one should be: {figures}",
                NOT_THE_API,
            )
        if walk.is_same and walk.members > walk.count:
            return InvalidData(
                f"{self._path}: the count is wrong: {figures}",
                NOT_THE_API,
            )
        return IncompleteRoster(
            f"{self.name} is not the whole roster: {figures}"
            + ("" if walk.is_same else f"; it kept changing (fetched {walk.number} times)"),
            "Fetch it again, or list what there is with --allow-incomplete.",
        )

    def total(self, reading: Reading) -> int | None:
        """Give how many members the course has, with a request more if a part was asked for."""
        if not self._narrowed:
            return (reading.count or 0) - reading.invalid
        query: dict[str, str | int] = {"ordering": "joined_at", "limit": 1, "offset": 0}
        try:
            page = self._first_page(query, None)
        except CoursectlError:
            return None
        return page.count

    def _first_page(self, query: "Query", statuses: frozenset[str | None] | None) -> FirstPage:
        """Ask for the first page, of members with these statuses; None is everybody."""
        return first_page(
            lambda part: self._api.wait_for(self._api.ask(self._path, {**query, **part})), statuses
        )


def _ties_by_id(batches: Iterable[list[Member]]) -> Iterator[list[Member]]:
    """Put members who joined in the same moment, or have not, in the order of their ids.

    Servers give them in any order, and the same roster should be given in the same one each time.
    """
    tied: list[Member] = []
    tied_at: object = None
    for members in batches:
        moments = _joined_at(members)
        starts = [at for at, (one, then) in enumerate(pairwise([tied_at, *moments])) if one != then]
        settled: list[Member] = []
        if starts:
            settled = sorted(tied + members[: starts[0]], key=_ID)
            tied = []
            if starts[-1] - starts[0] < len(starts):  # each joined in a moment of their own
                settled += members[starts[0] : starts[-1]]
            else:
                for start, end in pairwise(starts):
                    settled += sorted(members[start:end], key=_ID)
        tied += members[starts[-1] :] if starts else members
        tied_at = moments[-1] if moments else tied_at
        if len(tied) > _MOST_TIED:
            settled += sorted(tied, key=_ID)
            tied = []
        if settled:
            yield settled
    if tied:
        yield sorted(tied, key=_ID)


def _joined_at(members: list[Any]) -> list[object]:
    """Give moments that can be told from each other, however they are written."""
    read = datetime.fromisoformat
    with suppress(KeyError, TypeError, ValueError):  # nearly all are there, and the text of one
        return [None if (at := member["joined_at"]) is None else read(at) for member in members]
    return [_moment(member.get("joined_at")) for member in members]


def _moment(at: object) -> object:
    """Give a moment if there is one, or else what is there."""
    if isinstance(at, str):
        with suppress(ValueError):
            return datetime.fromisoformat(at)
    return at


def _few_will_do(criteria: Criteria) -> bool:
    """Whether the first members that are wanted are all that is wanted."""
    return criteria.limit is not None and criteria.sort is None


class _Waiting:
    """Pages that wait for the proof that they are the roster."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - see __exit__
        self._places: list[tuple[int, int, int, str]] = []  # offset, start, size, where
        self.members: list[list[Member]] | None = []
        """The members of these pages, in batches, if they are few and came in order."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, page: Page, batches: list[list[Member]]) -> None:
        start = self._file.tell()
        is_in_order = not self._places or self._places[-1][0] < page.offset
        if self.members is not None:
            self.members += batches
            if start > _READ or not is_in_order:
                self.members = None
        with room_for("pages that wait for their proof"):
            self._file.write(page.body)
        self._places.append((page.offset, start, len(page.body), page.where))

    def clear(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._places.clear()
        self.members = []

    def pages(self) -> Iterator[tuple[bytes, str]]:
        """Give the pages in the order of their rows, what was looked at again among them."""
        for _, start, size, where in sorted(self._places):
            self._file.seek(start)
            yield self._file.read(size), where
