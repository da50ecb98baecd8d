"""All pages of a roster that changes while it is fetched, and what proves that nobody is missing.

A page is true of the moment when it was made, and the next page of another. In between members
leave, join, and move: a request is approved and dated back, a status takes `joined_at` away, an
invitation is accepted, a row that was updated changes its place among its equals. Somebody who
leaves makes everybody behind move up; and one who left and was met, with one who moved and was not,
are as many as `count` says. So neither `count` nor pages that fit together prove a roster. These
do, where *whole* means that whoever is a member all the time is given:

**One answer.** A page that holds as many members as it counts is the roster of its moment.

**Twice.** Let one walk be over before the next one begins, and let the first page of the next say
that there are n members. If the walk before met n, and the next met all of these again, each of
them was a member at the moment of that page, because they were met before and behind it. So these
are n members of n, and whoever was not met before joined later. Nothing is supposed of the order
or of who moved where; only that `count` is right at that moment, and that nobody left and came back
in the meantime. Where a page reaches farther than it counts, `count` is wrong, and the walk proves
nothing. That the next walk must meet each and every one again, and finds more only if a count
moved, is more than the proof takes: a `count` that lags behind is not believed either.
Of two pages only the first has to be fetched twice: the second is that moment.

**In order, both ends twice.** This is what an ordinary roster costs: two or three requests more
than it has pages. It supposes that the server sorts by `joined_at`, as the pages have to show, and
that while the walk lasts nobody's `joined_at` changes but from nothing to a moment or from a moment
to nothing, once. Read, in turn: the first page and the last one; those between, in any order; the
first and the last page again. Every page has to begin strictly before the last row of the page
before it, so whatever the moment is at which somebody joined, there is a page on which there was
no room between its rows but for that one (pages show all that is sorted between two of their rows).
Those who have not joined are at one end, all on one page. Now nobody who stays can be missed:

- Their moment stays the same: they are on the page that shows it.
- They had none at first and were given one. If that was after the page with their end was read for
  the first time, they were on it. If before, that was the last page, since everything begins with
  the first; all others that may show their moment were read later, the first page, too: the second
  time.
- They had one, and it was taken away. If that was before the page that shows the moment was read,
  they are on the page with their end when it is read again, after all others.

This alone would do, with any `count`. But a roster that shows any other sign of having moved is
walked again: a count that is another one, fewer or more members than it says, rows that are not
where they were on the page before, ends that are not as they were.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coursectl.errors import InvalidData
from coursectl.redaction import redacted_bytes
from coursectl.roster.glance import Glance, glance
from coursectl.roster.parsing import Reading
from coursectl.roster.seen_ids import SeenIds
from coursectl.sources.api.overlaps import Overlaps
from coursectl.sources.api.session import NOT_THE_API

if TYPE_CHECKING:
    from concurrent.futures import Future

    from coursectl.sources.api.client import Answer, Api

_OVERLAP = 3
"""Rows that a page shares with the one before, where pages are of some size."""

_LEAST_STRICT = 10
"""Rows of the smallest pages that overlap by enough to be strict."""

_ROUNDS = 15
"""Times that places in doubt are refetched."""

_EMPTY_ROUNDS = 3
"""Pages in a row, or rounds of refetching, that bring nobody new, after which it is enough."""

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

    `ask` begins a request for the page at an offset; `first` is the page at 0, asked for alone,
    and `before` the walk before this one, if any. A walk that `is_plain` fetches pages in order,
    each once, and only the next one can prove what it met.
    """

    def __init__(
        self,
        api: "Api",
        ask: "Callable[[int], Future[Answer]]",
        first: Page,
        before: "Walk | None" = None,
        *,
        ahead: int,
        is_plain: bool = False,
    ) -> None:
        self.count = first.glance.count
        """How many members the server says there are, as it said last."""
        self.members = 0
        """Members met, each counted once."""
        self.nameless = 0
        """Rows met without a valid id."""
        self.number: int = before.number + 1 if before else 1
        """Which of the walks over the roster this is."""
        self.repeats: str | None = None
        """Where the first page came from once more, in place of a later one."""
        self.counts: set[int] = set()
        """How many there were, as each page said."""
        self.miscounted: str | None = None
        """Where a page came from that reaches farther than it says that there are members."""
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
        # Where nothing moved and yet the order proved nothing, it will not do so now either.
        is_in_no_order = before is not None and before.is_still and not before.is_strict
        self._is_plain = is_plain or is_in_no_order or self._granted < _LEAST_STRICT
        self._last: Page | None = None  # fetched already, while its turn has not come
        self._under_way: deque[tuple[int, Future[Answer]]] = deque()
        self._end = first.end  # of what has been asked for
        self._pages = 1
        self._seen = SeenIds()
        self._again = 0  # of those whom the walk before met, by their ids
        self._counted_at = 0.0
        self._overlaps = Overlaps(first.glance)
        self._proves_itself = False

    @property
    def is_still(self) -> bool:
        """Whether the count never moved."""
        return len(self.counts) == 1

    @property
    def is_counted(self) -> bool:
        """Whether the server counts as many members as it gave."""
        return self.members == self.count and self.miscounted is None

    @property
    def is_strict(self) -> bool:
        """Whether the pages show that the server keeps all in one order."""
        return self._overlaps.are_strict

    @property
    def is_same(self) -> bool:
        """Whether this walk met those members that the walk before met, and no count moved."""
        before = self._before
        return (
            before is not None
            and self._met_again == self.members == before.members
            and self.is_still
            and self.counts == before.counts
        )

    @property
    def is_proved(self) -> bool:
        """Whether whoever stayed was met, as this walk shows alone or with the one before."""
        before = self._before
        return self._proves_itself or (
            before is not None
            and self.miscounted is before.miscounted is None
            and self._met_again == before.members == self._first.glance.count
            and (self.members == before.members or not self.is_still)
        )

    @property
    def _met_again(self) -> int:
        """How many of those whom the walk before met were met again."""
        return self._again + (min(self.nameless, self._before.nameless) if self._before else 0)

    @property
    def _is_quiet(self) -> bool:
        """Whether nothing shows that the roster moved since the walk began."""
        return self.is_still and self.members == self.count and self._overlaps.are_aligned

    def has_met(self, ids: list[int]) -> int:
        """Return how many of these were on its pages."""
        return sum(id_ in self._seen for id_ in ids)

    def forget(self) -> None:
        """Let go of the walk before this one, once both have been compared."""
        self._before = None

    def pages(self) -> Iterator[Page]:
        """Yield the pages in order, and behind them what was refetched and shows somebody new.

        Raises InvalidData for a list without end, and what `Api.get` raises.
        """
        try:
            self._take(self._first)
            yield self._first
            met_at_first, last = self.members, None
            if not self._is_plain and self._first.end < self.count:
                # With room for one row more, so that it shows that there is none.
                offset = self.count - self._granted + 1
                last = self._last = self._page(offset, self._ask(offset))
                self._pages += 1
            yield from self._onward()
            if self.members < self.count:
                yield from self._look_for_more()
            elif self.members == met_at_first:
                self._proves_itself = self.is_counted and self.members == self._first.glance.count
            elif last is not None and self._is_quiet:
                yield from self._prove_alone(last)
        finally:
            for _, answer in self._under_way:
                answer.cancel()

    def _onward(self) -> Iterator[Page]:
        """Yield the pages behind the first one."""
        page, empty = self._first, 0
        while (next_page := self._next(page)) is not None:
            self._overlaps.check(page, next_page)
            is_new = self._take(next_page, known=page.end - next_page.offset)
            yield next_page
            empty = 0 if is_new else empty + 1
            if self._last is None and empty:
                if not next_page.glance.ids or page.end >= self.count:
                    return
                if next_page.glance.ids == self._first.glance.ids:
                    self.repeats = next_page.where
                    return
            if empty == _EMPTY_ROUNDS:
                return
            page = next_page

    def _next(self, page: Page) -> Page | None:
        """Return the page after `page`, and see to it that further ones are under way."""
        last = self._last
        until = self.count if last is None else last.offset + self._overlap
        while len(self._under_way) < self._ahead and self._granted and self._end < until:
            self._ask_for(self._end - self._overlap)
        if not self._under_way and last is not None:
            self._last = None
            self._end = max(self._end, last.end)
            return last
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

    def _look_for_more(self) -> Iterator[Page]:
        """Refetch what lies around overlaps that prove nothing, until nobody is missing."""
        empty = 0
        for _ in range(_ROUNDS):
            if self.members >= self.count or empty == _EMPTY_ROUNDS or not self._overlaps.open:
                return
            known = self.members
            yield from self._refetch()
            empty = 0 if self.members > known else empty + 1

    def _refetch(self) -> Iterator[Page]:
        """Fetch a page around each overlap that is not strict."""
        overlaps = tuple(self._overlaps.open)
        pages = self._fetch([overlap.centred(self._granted) for overlap in overlaps])
        for overlap, page in zip(overlaps, pages, strict=True):
            self._overlaps.bridge(overlap, page)
            if self._take(page, known=len(page.glance.ids)):
                yield page

    def _prove_alone(self, last: Page) -> Iterator[Page]:
        """Fetch the ends again, the last page only if there are more than two pages."""
        first = self._first
        if self._pages == 2:
            (again,) = self._fetch([0])
            is_met = {*last.glance.ids, *again.glance.ids}.issuperset(first.glance.ids)
            if self._take(again, known=len(again.glance.ids)):
                yield again
            self._proves_itself = is_met and (self.members == self.count or not self.is_still)
            return
        if not self.is_strict:
            costs = len(self._overlaps.open)
            if 2 * costs > self._pages or not self._overlaps.can_be_bridged(self._granted):
                return
            yield from self._refetch()
        if not self.is_strict or None in (first.glance.joined_at[-1], last.glance.joined_at[0]):
            return
        is_alike = self._shows_end(last)
        for page, again in zip((first, last), self._fetch([0, last.offset]), strict=True):
            is_alike &= again.glance.joined_at == page.glance.joined_at
            if self._take(again, known=len(again.glance.ids)):
                is_alike = False
                yield again
        self._proves_itself = is_alike and self._is_quiet

    def _shows_end(self, page: Page) -> bool:
        """Return whether there is nobody behind a page, whatever the count says."""
        has_room = len(page.glance.ids) < self._granted and not page.glance.has_next
        return has_room and page.end >= page.glance.count

    def _ask_for(self, offset: int) -> None:
        self._under_way.append((offset, self._ask(offset)))
        self._end = offset + self._granted

    def _fetch(self, offsets: list[int]) -> Iterator[Page]:
        """Yield the pages at these offsets, all of them asked for at once."""
        asked = [(offset, self._ask(offset)) for offset in offsets]
        return (self._page(offset, answer) for offset, answer in asked)

    def _page(self, offset: int, answer: "Future[Answer]") -> Page:
        return Page.of(offset, self._api.wait_for(answer), quotes=self._api.quotes)

    def _take(self, page: Page, known: int = 0) -> bool:
        """Take note of who is on a page, of which some rows are `known`; tell if anybody is new."""
        ids = page.glance.ids
        fresh = self._seen.take([id_ for id_ in ids if id_ is not None])
        nameless = ids[max(0, known) :].count(None)
        self.members += len(fresh) + nameless
        self.nameless += nameless
        if self._before is not None:
            self._again += self._before.has_met(fresh)
        self.counts.add(page.glance.count)
        if ids and page.end > page.glance.count:
            self.miscounted = page.where
        if page.at >= self._counted_at:
            self.count, self._counted_at = page.glance.count, page.at
        if ids and page.end < page.glance.count:
            self.least = min(self.least, len(ids))
        return bool(fresh or nameless)
