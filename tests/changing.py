"""A community whose course does not stand still while it is read."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock

from tests.community import Community, Course, Reply, Request, row

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
            return super().behave(request)

    def join(self) -> None:
        self.newest += 1
        self.courses[42].members.append(row(self.newest, joined_at=_moment(_NOW, self.newest)))

    def invite(self) -> None:
        self.newest += 1
        members = self.courses[42].members
        invited = row(self.newest, join_status="invited", joined_at=None)
        members.insert(self.random.randint(0, len(members)), invited)

    def leave(self) -> None:
        members = self.courses[42].members
        if members:
            left = self.random.choice(members)
            members.remove(left)
            self.left.add(left["id"])

    def accept(self) -> None:
        """Somebody who was invited joins."""
        invited = [member for member in self.courses[42].members if member["joined_at"] is None]
        if invited:
            self.newest += 1
            joined_at = _moment(_NOW, self.newest)
            self.random.choice(invited).update(join_status="joined", joined_at=joined_at)


def _moment(start: datetime, minutes: int) -> str:
    return (start + timedelta(minutes=minutes)).isoformat()
