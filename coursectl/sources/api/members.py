"""The members of one course: *Course User Dashboard*, `GET /api/v2/course/{id}/users/`."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from coursectl.errors import (
    AccessDenied,
    CoursectlError,
    IncompleteRoster,
    InvalidData,
    NotFound,
)
from coursectl.printable import shortened
from coursectl.roster.criteria import Criteria
from coursectl.roster.join_status import SEEN_STATUSES, JoinStatus
from coursectl.roster.member import Course, Member
from coursectl.roster.nearest import meant
from coursectl.roster.parsing import Reading, parse_course, parse_course_as_sent
from coursectl.sources.api.client import Api
from coursectl.sources.api.fetched import Fetched, moment
from coursectl.sources.api.lists import PAGE_SIZE
from coursectl.sources.api.neighbours import KNOWN_BESIDE, Neighbours, unchecked
from coursectl.sources.api.session import NOT_THE_API, BadRequest, answers_of_a_server
from coursectl.sources.api.statuses import Listings
from coursectl.sources.api.walk import Page, Walk
from coursectl.sources.interface import no_progress
from coursectl.sources.seen_courses import remember

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from coursectl.sources.api.client import Answer, Query
    from coursectl.sources.interface import OnProgress

_QUERY: dict[str, str | int] = {"ordering": "joined_at", "limit": PAGE_SIZE, "offset": 0}

_LOOKS = 4
"""Times that a roster is fetched when somebody stands beside it who is not in it."""

_WALKS = 8
"""Times that a roster is walked, when it does not stand still."""

_ID = itemgetter("id")

_MOST_TIED = 10_000
"""Members in a row who joined in the same moment that are put in order; more would fill memory."""


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
        self.caveats: list[str] = []
        """Whom it may lack, as the server answers; known once it has been fetched."""
        self.warnings: list[str] = []
        self.fetched_at: datetime | None = None
        self._path = f"/api/v2/course/{id_}/users/"
        self._course_path = f"/api/v2/course/{id_}/"
        self._course = course
        self._api = api
        self._narrowed = False
        self._taken: set[str] = set()

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
        asked, statuses = criteria.statuses, criteria.statuses
        self._narrowed = statuses is not None
        wanted = {*JoinStatus} if asked is None or None in asked else asked
        as_they_come = _few_will_do(criteria)
        with (
            Neighbours(self._api, self._course_path, filter(None, wanted)) as beside,
            ExitStack() as stack,
        ):
            looks = 0
            while True:
                looks += 1
                fetched = Fetched(stack, reading, criteria, on_progress)
                for page in self._fetch(fetched, statuses, beside):
                    yield from reading.page(page.glance, page.body, page.where)
                missing = self._missing(fetched, beside, is_all=statuses is None)
                if missing is not None or fetched.doubt is not None or looks == _LOOKS:
                    break
                fetched.renew(0)
                # Who stands beside may have another status by now, or none: everybody tells.
                self._narrowed, statuses = False, None
            doubt = fetched.doubt or self._doubt_beside(fetched, beside, asked, missing)
            if doubt and not reading.allow_incomplete:
                raise doubt
            more = [to_json({"results": missing})] if missing else []
            for body in more:
                for _ in reading.anew().document([body], self._course_path):
                    pass  # what is not valid shows before anything is given
            if not as_they_come or len(fetched.parts) > 1:
                yield from fetched.members(reading)
            known = reading.members
            for body in more:
                yield from reading.document([body], self._course_path)
        is_counted = fetched.count is not None and not (as_they_come and looks > 1)
        count = (fetched.count or 0) if is_counted else known
        reading.settle(count + reading.members - known, doubt.message if doubt else None)

    def _fetch(
        self,
        fetched: Fetched,
        statuses: frozenset[str | None] | None,
        beside: Neighbours,
    ) -> Iterator[Page]:
        """Fetch members with these statuses until they are proved; yield pages to be given at once.

        Pages that wait for their proof are in `fetched`.
        """
        self.fetched_at = datetime.now(UTC)
        as_they_come = _few_will_do(fetched.criteria)
        fetched.listings = listings = self._listings(beside.has_nobody)
        fetched.closing(listings.cancel)
        for at_once in (as_they_come, True):
            fetched.listing = listing = listings.find(statuses, at_once=at_once)
            self._taken |= {*listing.words} - listing.refused
            if statuses == fetched.criteria.statuses and at_once == as_they_come:
                self.caveats += [f"{self.name}: {text}" for text in listing.caveats(statuses)]
            remember([(self.course_id, self._course["slug"] if self._course else None)])
            if len(listing.forms) > 1:
                self._fetch_each(fetched)
                return
            fetched.renew(1)
            (part,), (form,) = fetched.parts, listing.forms
            walk = None
            for walk in self._walks(form, fetched.criteria, listing.first):
                part.begin(fetched.reading)
                fetched.begin()
                for page in walk.pages():
                    fetched.on_progress(walk.members, walk.count)
                    fetched.meet(page)
                    if page.offset == 0 and JoinStatus.CREATOR not in fetched.statuses:
                        beside.begin_creator()
                    if as_they_come:
                        yield page
                    else:
                        fetched.add(part, page)
            assert walk is not None  # noqa: S101 - a roster is walked at least once
            fetched.doubt = self._doubt(walk)
            fetched.count = walk.count if fetched.doubt else walk.members
            if not listings.leave_out(fetched.statuses):
                return

    def _fetch_each(self, fetched: Fetched) -> None:
        """Fetch status by status, as the server reads no list, until two rounds are the same.

        Who moves from one status to another in between is in neither of one round at most.
        """
        forms = fetched.listing.forms
        fetched.count = fetched.doubt = None
        fetched.renew(len(forms))
        walks: dict[str, Walk] = {}
        for _ in range(_WALKS):
            self.fetched_at = datetime.now(UTC)
            fetched.begin()
            done = 0
            for form, part in zip(forms, fetched.parts, strict=True):
                part.begin(fetched.reading)
                walks[form] = walk = self._walk(form, None, walks.get(form), is_plain=True)
                for page in walk.pages():
                    fetched.on_progress(done + walk.members, None)
                    fetched.meet(page)
                    fetched.add(part, page)
                done += walk.members
            if all(walk.is_same and walk.is_counted for walk in walks.values()):
                return
        doubts = [doubt for walk in walks.values() if (doubt := self._doubt(walk))]
        fetched.doubt = doubts[0] if doubts else self._kept_changing(_WALKS)

    def _walks(self, form: str, criteria: Criteria, first: "Answer | None") -> Iterator[Walk]:
        """Yield walks over the roster, to be walked, until one is proved or no other would be."""
        walk = None
        most = 1 + (criteria.limit or 0) // PAGE_SIZE if _few_will_do(criteria) else None
        while True:
            walk = self._walk(form, first, walk, is_plain=most is not None, most=most)
            yield walk
            if walk.is_proved or walk.is_same or walk.number == _WALKS:
                return
            self.fetched_at = datetime.now(UTC)
            first = None

    def _walk(
        self,
        form: str,
        first: "Answer | None",
        before: Walk | None,
        *,
        is_plain: bool,
        most: int | None = None,
    ) -> Walk:
        """Return a walk over members listed by a form of `statuses`, `most` pages ahead."""
        query = _QUERY | {"statuses": form}

        def ask(offset: int) -> "Future[Answer]":
            return self._api.ask(self._path, query | {"offset": offset})

        page = Page.of(0, first or self._api.wait_for(ask(0)), quotes=self._api.quotes)
        ahead = min(2 * self._api.concurrency, most or 2 * self._api.concurrency)
        return Walk(self._api, ask, page, before, ahead=ahead, is_plain=is_plain)

    def _missing(
        self,
        fetched: Fetched,
        beside: Neighbours,
        *,
        is_all: bool,
    ) -> list[dict[str, object]] | None:
        """Return rows of those who belong to the roster, and `/users/` does not give.

        None if it takes another look at the roster to tell who these are.
        """

        def absent() -> set[int]:
            return set(beside.absent(fetched.has_met, fetched.listings.count_of))

        rows: list[dict[str, object]] = []
        if JoinStatus.CREATOR not in fetched.statuses:
            creator = beside.creator()
            if creator is not None and not fetched.has_met(creator["id"]):
                rows = [{**creator, "join_status": JoinStatus.CREATOR.value}]
        before = absent()
        if (before or rows) and not is_all:
            return None
        if before:
            beside.look_again()
            now = absent()
            if not before <= now:
                return None  # who stands there no more may be a member since the roster was fetched
            rows += beside.rows(now)
        return rows

    def _doubt_beside(
        self,
        fetched: Fetched,
        beside: Neighbours,
        asked: frozenset[str | None] | None,
        missing: list[dict[str, object]] | None,
    ) -> CoursectlError | None:
        """Return what speaks against what was fetched; warn of what cannot be known of it."""
        if missing is None:
            return self._kept_changing(_LOOKS)
        unheeded = fetched.listings.unheeded
        if unheeded & fetched.statuses:
            unheeded = frozenset()  # it lists everybody, whatever it is asked for
        unknown = beside.unknown
        known = {*KNOWN_BESIDE} - unknown.keys()
        for word in sorted((asked or frozenset[str]()) & unheeded - known, key=str):
            return IncompleteRoster(
                f"{self.name}: the server does not list by the status {shortened(str(word))!r},"
                " so it is not known who has it",
                meant(str(word), (*JoinStatus, *SEEN_STATUSES))
                + "List everybody, or what there is with --allow-incomplete.",
            )
        unsure = {status: why for status, why in unknown.items() if status not in fetched.statuses}
        said = unchecked(unsure)
        if asked is None and unheeded > KNOWN_BESIDE:
            if missing:  # it does leave people out, so it may leave out others
                return IncompleteRoster(
                    f"{self.name} may not be the whole roster: the server does not list by status"
                    " as asked, so others may be missing",
                    "List what there is with --allow-incomplete.",
                )
            said = "the server does not list by status as asked; others may be missing"
        if said:
            self.caveats.append(f"{self.name}: {said}")
        return None

    def _kept_changing(self, times: int) -> IncompleteRoster:
        return IncompleteRoster(
            f"{self.name} may not be the whole roster: it kept changing (fetched {times} times)",
            "Fetch it again, or list what there is with --allow-incomplete.",
        )

    def _doubt(self, walk: Walk) -> CoursectlError | None:
        """Give what speaks against the last of the walks."""
        if walk.is_proved:
            return None
        figures = f"expected {walk.count:,} members, received {walk.members:,} unique"
        if walk.is_same and walk.repeats:
            return InvalidData(
                f"{walk.repeats}: the first page once more, where a later one should be: {figures}",
                NOT_THE_API,
            )
        if walk.is_same and (walk.members > walk.count or walk.miscounted):
            return InvalidData(
                f"{walk.miscounted or self._path}: the count is wrong: {figures}",
                NOT_THE_API,
            )
        if walk.members == walk.count:
            return self._kept_changing(walk.number)
        return IncompleteRoster(
            f"{self.name} is not the whole roster: {figures}"
            + ("" if walk.is_same else f"; it kept changing (fetched {walk.number} times)"),
            "Fetch it again, or list what there is with --allow-incomplete.",
        )

    def takes_status(self, word: str) -> bool:
        """Return whether the server was asked for a status by that word, and took it."""
        return word in self._taken

    def total(self, reading: Reading) -> int | None:
        """Give how many members the course has, with a request more if a part was asked for."""
        if not self._narrowed:
            return (reading.count or 0) - reading.invalid
        try:
            with Neighbours(self._api, self._course_path, JoinStatus) as beside:
                listings = self._listings(beside.has_nobody, limit=1)
                count = listings.find(None).count
                return count if beside.are_in(listings.count_of) else None
        except CoursectlError:
            return None

    def _listings(self, has_nobody: "Callable[[str], bool]", limit: int = PAGE_SIZE) -> Listings:
        def ask(part: "Query") -> "Future[Answer]":
            return self._api.ask(self._path, {**_QUERY, "limit": limit, **part})

        return Listings(ask, self._api.wait_for, has_nobody)


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
    return [moment(member.get("joined_at")) for member in members]


def _few_will_do(criteria: Criteria) -> bool:
    """Whether the first members that are wanted are all that is wanted."""
    return criteria.limit is not None and criteria.sort is None
