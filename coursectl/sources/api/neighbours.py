"""Who belongs to a course by what others of its endpoints say.

Not documented beyond an enum: whether `/users/` gives the invited and those who asked to join. The
API has a list of each, and the course says who created it. A roster is whole only if nobody is
there who is not in it.

Mirrors `GET /api/v2/course/{id}/invite/`, `GET /api/v2/course/{id}/request_join/` and `created_by`
of `GET /api/v2/course/{id}/?view=dashboard`.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Self

from coursectl.errors import AccessDenied, InvalidData, NotFound
from coursectl.roster.join_status import JoinStatus
from coursectl.roster.member import Person
from coursectl.roster.parsing import parse_creator, parse_people
from coursectl.sources.api.lists import PAGE_SIZE, whole_list
from coursectl.sources.api.session import BadRequest, NotOffered

if TYPE_CHECKING:
    from concurrent.futures import Future

    from coursectl.sources.api.client import Answer, Api

_PLACES = {JoinStatus.INVITED.value: "invite/", JoinStatus.REQUESTED.value: "request_join/"}

_ROLES = {
    JoinStatus.INVITED.value: "is invited",
    JoinStatus.REQUESTED.value: "asked to join",
    JoinStatus.CREATOR.value: "created the course",
}

_CREATOR = JoinStatus.CREATOR.value

KNOWN_BESIDE = frozenset(_ROLES)
"""Statuses of which the API tells elsewhere who has them."""

_NOT_THERE = (AccessDenied, BadRequest, InvalidData, NotFound, NotOffered)

Found = dict[int, Person]


class Neighbours:
    """The people of a course with some statuses, as far as it lists them beside its roster.

    What it takes to know them is asked for side by side with the roster.
    """

    def __init__(self, api: "Api", course_path: str, statuses: Iterable[str]) -> None:
        self.unknown: dict[str, str] = {}
        """Statuses of which nothing can be known here, and why."""
        self._api = api
        self._path = course_path
        self._wanted = frozenset(statuses)
        self._begun = {
            status: api.ask(course_path + place, {"limit": PAGE_SIZE, "offset": 0})
            for status, place in _PLACES.items()
            if status in self._wanted
        }
        self._creator: Future[Answer] | None = None
        self._lists: dict[str, Found] = {}

    def __enter__(self) -> Self:
        """Begin to use what was asked for."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of what is still under way."""
        for answer in (*self._begun.values(), self._creator):
            if answer is not None:
                answer.cancel()

    def absent(
        self, has_met: Callable[[int], bool], count_of: Callable[[str], int | None]
    ) -> Found:
        """Return those who stand in the lists and were not met in the roster.

        `count_of` gives how many members the roster has with a status, by what the server says.
        """
        if not self._lists and self._begun:
            self._take(has_met, count_of)
        return {
            id_: person
            for found in self._lists.values()
            for id_, person in found.items()
            if not has_met(id_)
        }

    def has_nobody(self, status: str) -> bool:
        """Return whether a list is there and empty."""
        begun = self._begun.get(status)
        try:
            return begun is not None and self._page(begun) == (0, [])
        except _NOT_THERE:
            return False

    def begin_creator(self) -> None:
        """Ask who created the course, if the creator is wanted."""
        if self._creator is None and _CREATOR in self._wanted:
            self._creator = self._api.ask(self._path, {"view": "dashboard"})

    def are_in(self, count_of: Callable[[str], int | None]) -> bool:
        """Return whether no list is longer than the roster, by what the server says of both."""
        for status, begun in self._begun.items():
            try:
                count, _ = self._page(begun)
            except _NOT_THERE:
                continue
            if count > (count_of(status) or 0):
                return False
        return True

    def look_again(self) -> None:
        """Fetch the lists once more, whole."""
        for status in list(self._lists):
            self._lists[status] = self._whole(status)

    def rows(self, ids: Iterable[int]) -> list[dict[str, object]]:
        """Return those with these ids as rows of a roster, each with the status of the list."""
        wanted = set(ids)
        return [
            {**person, "join_status": status}
            for status, found in self._lists.items()
            for id_, person in found.items()
            if id_ in wanted
        ]

    def creator(self) -> Person | None:
        """Return who created the course, by what it says, if the creator is wanted.

        None if nobody did, or it is unknown.
        """
        self.begin_creator()
        if self._creator is None:
            return None
        try:
            answer = self._api.wait_for(self._creator)
            return parse_creator(answer.body, answer.where, quotes=self._api.quotes)
        except _NOT_THERE as error:
            self.unknown[_CREATOR] = error.message
            return None

    def _take(self, has_met: Callable[[int], bool], count_of: Callable[[str], int | None]) -> None:
        for status, answer in self._begun.items():
            try:
                self._lists[status] = self._first(status, answer, has_met, count_of)
            except _NOT_THERE as error:
                self.unknown[status] = error.message

    def _first(
        self,
        status: str,
        begun: "Future[Answer]",
        has_met: Callable[[int], bool],
        count_of: Callable[[str], int | None],
    ) -> Found:
        """Return a list, of which the first page will do if all are in the roster by their number.

        To fetch thousands who are known already would only take time.
        """
        count, people = self._page(begun)
        found = {person["id"]: person for person in people}
        if count <= len(found):
            return found
        if all(map(has_met, found)) and (count_of(status) or 0) >= count:
            return found
        return self._whole(status)

    def _page(self, begun: "Future[Answer]") -> tuple[int, list[Person]]:
        answer = self._api.wait_for(begun)
        return parse_people(answer.body, answer.where, quotes=self._api.quotes)

    def _whole(self, status: str) -> Found:
        path = self._path + _PLACES[status]
        walk = whole_list(self._api, path, {}, parse_people)
        if not walk.is_proved:
            raise InvalidData(
                f"{path}: not the whole list: expected {walk.count:,}, received {len(walk.found):,}"
            )
        return {id_: person for id_, person in walk.found.items() if id_ is not None}


def unchecked(unknown: dict[str, str]) -> str:
    """Return a sentence of statuses that cannot be looked up, and why not; empty if none."""
    words = [status for status in _ROLES if status in unknown]
    who = " or ".join(_ROLES[status] for status in words)
    return (
        f"it cannot be checked that everybody is listed who {who}: {unknown[words[0]]}"
        if words
        else ""
    )
