"""A community whose course does not stand still while it is read."""

import json
import random
from collections import defaultdict
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from coursectl.sources.api.client import Answer
from tests.community import TOKEN, Community, Course, Reply, Request, answer, row

_START = datetime(2026, 1, 1, tzinfo=UTC)
_NOW = datetime(2026, 11, 1, tzinfo=UTC)

EVENTS = (
    ("join",),
    ("leave",),
    ("leave", "join"),
    ("invite",),
    ("accept",),
    ("leave", "accept"),
    ("leave", "join", "accept"),
    ("leave", "invite"),
)
"""What can happen between two answers; several at once leave the count as it was."""

MOVES = (
    ("approve",),
    ("demote",),
    ("touch",),
    ("leave", "join"),
    ("leave", "approve"),
    ("leave", "accept"),
    ("leave", "touch"),
    ("leave", "join", "approve"),
    ("leave", "join", "demote"),
    ("leave", "join", "touch"),
    ("leave", "demote"),
    ("leave", "invite", "approve"),
)
"""The same, where somebody moves in the order of the list; `aimed`, past the page that is next."""


@dataclass(frozen=True)
class Unrest:
    """How a roster is made, and what happens to it."""

    members: int = 60
    not_joined: int = 0
    tied: int = 1
    """Members who joined in the same moment."""
    page: int = 10
    rate: float = 0.0
    """How likely something happens before an answer."""
    answers: float = float("inf")
    """Answers after which nothing happens any more."""
    shuffled: bool = False
    """Whether rows that the order does not tell apart come in another order each time."""
    events: tuple[tuple[str, ...], ...] = EVENTS
    ordering: str | None = None
    """How the server sorts whatever it is asked for; None as it is asked."""
    is_aimed: bool = False
    """Whether those leave who were met, and those move to the pages before who were not."""
    lag: int = 0
    """Answers by which `count` lags behind."""
    short: int = 0
    """By how many `count` is always too low."""


class ChangingCommunity(Community):
    """Course 42, to which something may happen before each answer but the first."""

    def __init__(self, seed: int, unrest: Unrest) -> None:
        self.random = random.Random(seed)
        joined = [
            row(id_, joined_at=_moment(_START, id_ // unrest.tied))
            for id_ in range(1, unrest.members + 1)
        ]
        invited = [
            row(unrest.members + id_, join_status="invited", joined_at=None)
            for id_ in range(1, unrest.not_joined + 1)
        ]
        super().__init__(Course(42, joined + invited))
        self.unrest = unrest
        self.largest_page = unrest.page
        self.nulls_first = self.random.random() < 0.5
        self.at_first = {member["id"] for member in joined + invited}
        self.left: set[int] = set()
        self.newest = 10_000
        self.answers = 0
        self._sent: set[int] = set()  # in this walk
        self._counts: defaultdict[str | None, list[int]] = defaultdict(list)
        self._lock = Lock()

    @property
    def who_stayed(self) -> set[int]:
        """Members who have been there all the time."""
        return self.at_first - self.left

    @property
    def who_ever_was(self) -> set[int]:
        return self.at_first | set(range(10_001, self.newest + 1))

    def behave(self, request: Request) -> Reply:
        with self._lock:
            self.answers += 1
            if 1 < self.answers <= self.unrest.answers and self.random.random() < self.unrest.rate:
                for event in self.random.choice(self.unrest.events):
                    getattr(self, event)()
            if self.unrest.shuffled:
                self.random.shuffle(self.courses[42].members)
            if self.unrest.ordering is not None:
                request = request.asking(ordering=self.unrest.ordering)
            reply = super().behave(request)
            if request.path.endswith("/users/"):
                reply = self._lagging(reply, request.query)
            return reply

    def _lagging(self, reply: Reply, query: dict[str, str]) -> Reply:
        """Take note of who is sent, and count as some answers to the same question before."""
        page = json.loads(reply.body)
        ids = {member["id"] for member in page["results"]}
        self._sent = ids if query.get("offset") == "0" else self._sent | ids
        counts = self._counts[query.get("statuses")]
        counts.append(page["count"])
        page["count"] = max(
            0, counts[max(0, len(counts) - 1 - self.unrest.lag)] - self.unrest.short
        )
        return answer(page)

    def join(self) -> None:
        self.newest += 1
        self.courses[42].members.append(row(self.newest, joined_at=_moment(_NOW, self.newest)))

    def invite(self) -> None:
        self.newest += 1
        members = self.courses[42].members
        invited = row(self.newest, join_status="invited", joined_at=None)
        members.insert(self.random.randint(0, len(members)), invited)

    def leave(self) -> None:
        if (left := self._one(was_sent=True)) is not None:
            self.courses[42].members.remove(left)
            self.left.add(left["id"])

    def accept(self) -> None:
        """Somebody who was invited joins."""
        if (invited := self._one(has_joined=False)) is not None:
            self.newest += 1
            invited.update(join_status="joined", joined_at=_moment(_NOW, self.newest))

    def approve(self) -> None:
        """Somebody who asked to join is let in, as of when they asked."""
        if (asked := self._one(has_joined=False)) is not None:
            minutes = self.random.random() * self.unrest.members / self.unrest.tied
            asked.update(join_status="joined", joined_at=_moment(_START, minutes))

    def demote(self) -> None:
        """Somebody gets a status that takes `joined_at` away."""
        if (joined := self._one(has_joined=True)) is not None:
            joined.update(join_status="requested", joined_at=None)

    def touch(self) -> None:
        """A row is updated, and comes elsewhere among its equals."""
        members = self.courses[42].members
        if (touched := self._one()) is not None:
            members.remove(touched)
            members.insert(self.random.randint(0, len(members)), touched)

    def _one(
        self, *, was_sent: bool = False, has_joined: bool | None = None
    ) -> dict[str, Any] | None:
        """Choose somebody; None if there is nobody of that kind."""
        some = [
            member
            for member in self.courses[42].members
            if has_joined is None or has_joined == (member["joined_at"] is not None)
        ]
        if self.unrest.is_aimed:
            some = [each for each in some if (each["id"] in self._sent) == was_sent] or some
        return self.random.choice(some) if some else None


def _moment(start: datetime, minutes: float) -> str:
    return (start + timedelta(minutes=minutes)).isoformat()


class DirectApi:
    """Answers of a community without HTTP between, in whatever order they were asked for."""

    def __init__(self, community: ChangingCommunity) -> None:
        self.settings = community.settings
        self.concurrency = community.random.choice((1, 2, 8))
        self.quotes = True
        self._community = community
        self._waiting: list[tuple[Request, str, Future[Answer]]] = []
        self._clock = 0

    def ask(self, path: str, query: dict[str, str | int]) -> "Future[Answer]":
        headers = {"authorization": f"Bearer {TOKEN}"}
        request = Request("GET", f"{path}?{urlencode(query)}", headers)
        self._waiting.append((request, f"{path}?offset={query.get('offset')}", Future()))
        return self._waiting[-1][2]

    def wait_for(self, wanted: "Future[Answer]") -> Answer:
        while not wanted.done():
            under_way = min(self.concurrency, len(self._waiting))
            place = self._community.random.randrange(under_way)
            request, where, future = self._waiting.pop(place)
            if not future.cancelled():
                self._clock += 1
                reply = self._community.behave(request)
                future.set_result(Answer(reply.body, where, float(self._clock)))
        return wanted.result()
