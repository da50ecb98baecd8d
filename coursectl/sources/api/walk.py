"""All pages of a roster that changes while it is fetched.

A page is true of the moment when it was made, and the next page of another. Somebody who leaves in
between makes everybody behind move up, and whoever stood at the edge is on neither page; if
somebody else joins, `count` tells nothing. So pages overlap by a few rows, and each joint between
two of them is looked at:

- Where the later page begins with somebody who joined strictly before the last one of the page
  before, everybody who stayed is on one of the two: the earlier page shows all who joined until
  then, the later one all from there on.
- Where both show members who joined in the same moment, or not at all, that proves nothing: their
  order may differ from answer to answer. But if the server shuffles them, it is unlikely that the
  rows in the overlap are the same all the same, and less likely with every joint.

Who accepts an invitation moves from those who have not joined to the newest who have. Where there
are any of the former, the place where the latter end is looked at again at last.

What a walk cannot prove, the next one can: if two walks find the same members, and as many as
`count` says all the time, then these were the members at the moment between the two.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import prod
from typing import TYPE_CHECKING

from coursectl.errors import InvalidData
from coursectl.redaction import redacted_bytes
from coursectl.roster.glance import Glance, glance
from coursectl.roster.parsing import Reading
from coursectl.roster.seen_ids import SeenIds
from coursectl.sources.api.session import NOT_THE_API

if TYPE_CHECKING:
    from concurrent.futures import Future

    from coursectl.sources.api.client import Answer, Api

_OVERLAP = 3
"""Rows that a page shares with the one before, where pages are of some size."""

_SMALL_CHANCE = 1e-6
"""How likely it may be that a shuffled overlap looks the same."""

_NEVER = datetime.min.replace(tzinfo=UTC)

_MOST_OPEN = 32
"""Joints that are looked at again."""

_ROUNDS = 15
"""Times that joints are looked at again."""

_BARREN = 3
"""Pages in a row, or looks at all joints, that bring nobody new, after which it is enough."""

_ODD_PAGES = 10
"""Pages, beside twice as many as there should be, after which a list is held for endless."""


def refuse_endless(where: str, pages: int, at_first: int, step: int, so_far: str) -> None:
    """Raise InvalidData after far more pages than a list of so many rows has.

    `at_first` is how many rows the server said that there are, and `step` how many a page brings.
    """
    if pages > _ODD_PAGES + 2 * at_first / max(1, step):
        raise InvalidData(
            f"{where}: the list has no end: {so_far} so far, where it said at first that there are"
            f" {at_first:,}",
            NOT_THE_API,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a roster."""

    offset: int
    body: bytes
    where: str
    at: float
    """When it had arrived, in seconds of a clock that only runs forward."""
    glance: Glance

    @property
    def end(self) -> int:
        """The offset behind its last row."""
        return self.offset + len(self.glance.ids)

    @classmethod
    def of(cls, offset: int, answer: "Answer", *, quotes: bool) -> "Page":
        """Look at an answer. Raises InvalidData if it is no page, and `quotes` what it is."""
        seen = glance(answer.body)
        if seen is None:
            # The validator knows what is wrong; what it takes is a roster, but no page of the API.
            reading = Reading(skip_invalid=True, names_nobody=not quotes)
            for _ in reading.document([redacted_bytes(answer.body)], answer.where):
                pass
            problem = f"{answer.where}: not a page of members (it has no count, or no results)"
            raise InvalidData(
                *(reading.problems[:1] or [problem]),
                NOT_THE_API,
            )
        return cls(offset, answer.body, answer.where, answer.at, seen)


class Walk:
    """One walk over all pages, `ahead` of them asked for before they are wanted.

    `ask` begins a request for the page at an offset; `first` is the page at 0, and `before` the
    walk before this one, if any.
    """

    def __init__(
        self,
        api: "Api",
        ask: "Callable[[int], Future[Answer]]",
        first: Page,
        before: "Walk | None" = None,
        *,
        ahead: int,
    ) -> None:
        self.count = first.glance.count
        """How many members the server says there are, as it said last."""
        self.members = 0
        """Members met, each counted once."""
        self.number: int = before.number + 1 if before else 1
        """Which of the walks over the roster this is."""
        self._api = api
        self._ask = ask
        self._first = first
        self._ahead = ahead
        self._before = before
        if before:
            before.forget()
        granted = len(first.glance.ids)
        self._granted = min(granted, before.least) if before else granted
        self.least: int = self._granted
        """Rows on the shortest page but the last."""
        self._overlap = min(_OVERLAP, self._granted // 5)
        self._under_way: deque[tuple[int, Future[Answer]]] = deque()
        self._end = first.end  # of what has been asked for
        self._pages = 1
        self._seen = SeenIds()
        self.counts: set[int] = set()
        """How many there were, as each page said."""
        self.repeats: str | None = None
        """Where the first page came from once more, in place of a later one."""
        self._counted_at = 0.0
        self._joints = _Joints(first.glance)
        self._is_same = before is not None
        self._end_of_joined = 0
        self._has_not_joined = False

    def _page(self, offset: int, answer: "Future[Answer]") -> Page:
        return Page.of(offset, self._api.wait_for(answer), quotes=self._api.quotes)

    @property
    def is_complete(self) -> bool:
        """Whether everybody who stayed was met, and as many members as there are."""
        return self.members == self.count and self._joints.hold

    @property
    def is_still(self) -> bool:
        """Whether the count never moved."""
        return len(self.counts) == 1

    @property
    def is_same(self) -> bool:
        """Whether this walk met those members that the walk before met, and no count moved."""
        before = self._before
        return (
            before is not None
            and self._is_same
            and (self.members, self.counts) == (before.members, before.counts)
            and self.is_still
        )

    def has_met(self, ids: list[int]) -> bool:
        """Tell whether all of these were on its pages."""
        return all(id_ in self._seen for id_ in ids)

    def forget(self) -> None:
        """Let go of the walk before this one, once both have been compared."""
        self._before = None

    def pages(self) -> Iterator[Page]:
        """Yield the pages in order, and what was looked at again in the end.

        Raises InvalidData for a list without end, and what `Api.get` raises.
        """
        try:
            page = self._first
            self._take(page)
            yield page
            barren = 0
            while (next_page := self._next(page)) is not None:
                self._joints.look_at(page, next_page)
                is_new = self._take(next_page, known=page.end - next_page.offset)
                yield next_page
                barren = 0 if is_new else barren + 1
                if barren and (not next_page.glance.ids or page.end >= self.count):
                    break
                if next_page.glance.ids == self._first.glance.ids:
                    self.repeats = next_page.where
                if self.repeats or barren == _BARREN:
                    break
                page = next_page
            yield from self._mend()
            if self._has_not_joined and self._pages > 1:
                yield self._look_again()
        finally:
            for _, answer in self._under_way:
                answer.cancel()

    def _next(self, page: Page) -> Page | None:
        """Give the page after `page`, and see to it that further ones are under way."""
        while len(self._under_way) < self._ahead and self._granted and self._end < self.count:
            self._ask_for(self._end - self._overlap)
        if not self._under_way and page.glance.has_next:
            self._ask_for(page.end)  # it says that there are more than it counts
        if not self._under_way:
            return None
        offset, answer = self._under_way.popleft()
        self._pages += 1
        refuse_endless(
            page.where,
            self._pages,
            self._first.glance.count,
            self._granted - self._overlap,
            f"{self.members:,} members",
        )
        return self._page(offset, answer)

    def _mend(self) -> Iterator[Page]:
        """Fetch what lies around joints that prove nothing, until nothing is missing any more."""
        barren = 0
        for _ in range(_ROUNDS):
            if self.is_complete or not self._joints.open or barren == _BARREN:
                return
            if self.members > self.count:
                return  # somebody left, so it takes another walk
            known = self.members
            offsets = [max(0, joint.at - self._granted // 2) for joint in self._joints.open]
            asked = [(offset, self._ask(offset)) for offset in offsets]
            for joint, (offset, answer) in zip(tuple(self._joints.open), asked, strict=True):
                page = self._page(offset, answer)
                self._joints.bridge(joint, page)
                self._take(page, known=len(page.glance.ids))
                yield page
            if self.members == self.count:
                return
            barren = 0 if self.members > known else barren + 1

    def _ask_for(self, offset: int) -> None:
        self._under_way.append((offset, self._ask(offset)))
        self._end = offset + self._granted

    def _take(self, page: Page, known: int = 0) -> bool:
        """Take note of who is on a page, of which some rows are `known`; tell if anybody is new."""
        ids = page.glance.ids
        fresh = self._seen.take([id_ for id_ in ids if id_ is not None])
        nameless = ids[max(0, known) :].count(None)
        self.members += len(fresh) + nameless
        if self._before is not None:
            self._is_same = self._is_same and self._before.has_met(fresh)
        self.counts.add(page.glance.count)
        if page.at >= self._counted_at:
            self.count, self._counted_at = page.glance.count, page.at
        if ids and page.end < page.glance.count:
            self.least = min(self.least, len(ids))
        joined_at = page.glance.joined_at
        self._has_not_joined = self._has_not_joined or not all(joined_at)
        last = next((at for at in range(len(ids), 0, -1) if joined_at[at - 1] is not None), None)
        if last is not None:
            self._end_of_joined = max(self._end_of_joined, page.offset + last)
        return bool(fresh or nameless)

    def _look_again(self) -> Page:
        """Look again at where those end who have joined: who has joined meanwhile stands there."""
        end = self.count if self._joints.nulls_first else self._end_of_joined
        offset = max(0, end - self._granted // 2)
        page = self._page(offset, self._ask(offset))
        shows_end = page.end >= page.glance.count or (
            not self._joints.nulls_first and None in page.glance.joined_at
        )
        start = page.glance.ids[0] if page.glance.ids else None
        if not shows_end or start is None or start not in self._seen:
            self._joints.break_()
        self._take(page, known=len(page.glance.ids))
        return page


@dataclass(frozen=True, slots=True, eq=False)
class _Joint:
    """Where one page ends and a later one goes on."""

    page: Glance
    later: Glance
    at: int
    """The offset behind the earlier page."""
    chance: float
    """How likely it looks as it does although somebody is on neither page; 1 if it is broken."""


_Keys = tuple[list[tuple[int, datetime]], bool]
"""What the server sorts a page by, so that it can be compared, and whether it is in order."""


class _Joints:
    """What the joints between pages prove."""

    def __init__(self, first: Glance) -> None:
        self.nulls_first = first.joined_at[:1] == (None,)
        """Whether the server puts those who have not joined in front."""
        self.open: list[_Joint] = []
        """Joints that prove nothing, or not much; a few of them, if there are many."""
        self._broken = 0
        self._chances: list[float] = []  # of joints between tied rows
        # The later page of one joint is the earlier one of the next.
        self._last: tuple[Glance, _Keys] | None = None

    @property
    def hold(self) -> bool:
        """Whether nobody who stayed can have been missed."""
        return not self._broken and (not self._chances or prod(self._chances) < _SMALL_CHANCE)

    def break_(self) -> None:
        """Take note of a place that does not join on."""
        self._broken += 1

    def look_at(self, page: Page, later: Page) -> None:
        """Look at two pages that should overlap."""
        if not later.glance.ids:
            if later.offset < later.glance.count:
                self.break_()
            return
        chance = self._chance_of(page.glance, later.glance)
        self._count(chance, 1)
        if chance and len(self.open) < _MOST_OPEN:
            self.open.append(_Joint(page.glance, later.glance, page.end, chance))

    def bridge(self, joint: _Joint, page: Page) -> None:
        """Look at a joint again, by way of a page that holds rows of both sides."""
        if not page.glance.ids:
            return
        before = self._chance_of(joint.page, page.glance)
        behind = self._chance_of(page.glance, joint.later)
        if 1 not in (before, behind):
            self.open.remove(joint)
            self._count(joint.chance, -1)
            self._count(before, 1)
            self._count(behind, 1)

    def _count(self, chance: float, number: int) -> None:
        """Take note of a joint, or of one fewer."""
        if chance == 1:
            self._broken += number
        elif chance and number > 0:
            self._chances.append(chance)
        elif chance:
            self._chances.remove(chance)

    def _chance_of(self, page: Glance, later: Glance) -> float:
        """Give how likely two pages look as they do although somebody is on neither of them.

        0 where that cannot be, 1 where they do not overlap.
        """
        keys, is_sorted = self._keys(page)
        later_keys, later_is_sorted = self._keys(later)
        are_sorted = is_sorted and later_is_sorted
        if are_sorted and later_keys[0] < keys[-1]:
            return 0
        start = later.ids[0]
        if start is None or start not in page.ids:
            return 1
        shared = page.ids[page.ids.index(start) :]
        if later.ids[: len(shared)] != shared[: len(later.ids)]:
            return 1
        # As many rows could be in each place of the overlap as have the same key.
        rows = dict(zip(page.ids + later.ids, keys + later_keys, strict=True))
        tied = sum(not are_sorted or key == keys[-1] for key in rows.values())
        return prod(1 / max(1, tied - place) for place in range(len(shared)))

    def _keys(self, page: Glance) -> _Keys:
        if self._last is None or page is not self._last[0]:
            null = (0 if self.nulls_first else 2, _NEVER)
            keys = [null if at is None else (1, at) for at in page.joined_at]
            self._last = page, (keys, keys == sorted(keys))
        return self._last[1]
