"""A roster that has been fetched, and waits for the proof that it is whole."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from heapq import merge
from itertools import chain, islice
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Self

from coursectl.errors import CoursectlError, InvalidData
from coursectl.files import room_for
from coursectl.roster.criteria import Criteria
from coursectl.roster.member import Member
from coursectl.roster.parsing import Reading
from coursectl.roster.seen_ids import SeenIds
from coursectl.sources.api.lists import PAGE_SIZE
from coursectl.sources.api.statuses import Listing, Listings
from coursectl.sources.api.walk import Page

if TYPE_CHECKING:
    from coursectl.sources.interface import OnProgress

_NEVER = datetime.max.replace(tzinfo=UTC)

MOST_WAITING = 1024**3
"""Bytes of pages that may wait for the proof: more than a million usual members."""

_IN_MEMORY = 8 * 1024 * 1024
"""Bytes of pages that wait in memory for their proof; more of them wait in a file."""

_READ = _IN_MEMORY // 4
"""Bytes of pages of which the members wait, too, and are not read once more."""


class Waiting:
    """Pages that wait for the proof that they are the roster."""

    _trial: Reading

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - see __exit__
        self._places: list[tuple[int, int, int, str]] = []  # offset, start, size, where
        self.size = 0
        """Bytes of these pages."""
        self.members: list[list[Member]] | None = []
        """The members of these pages, in batches, if they are few and came in order."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, page: Page) -> None:
        """Append a page. Raise InvalidData for a row that is not valid."""
        batches = self._trial.page(page.glance, page.body, page.where)
        start = self.size
        is_in_order = not self._places or self._places[-1][0] < page.offset
        if self.members is not None:
            self.members += batches
            if start > _READ or not is_in_order:
                self.members = None
        with room_for("pages that wait for their proof"):
            self._file.write(page.body)
        self.size += len(page.body)
        self._places.append((page.offset, start, len(page.body), page.where))

    def begin(self, reading: Reading) -> None:
        """Begin with no pages, which `reading` will read."""
        self._trial = reading.anew()
        self._file.seek(0)
        self._file.truncate()
        self._places.clear()
        self.size = 0
        self.members = []

    def read(self, reading: Reading) -> Iterator[list[Member]]:
        """Yield the members on its pages."""
        if self.members is not None:
            reading.take_over(self._trial)
            yield from self.members
            return
        for body, where in self.pages():
            yield from reading.document([body], where)

    def pages(self) -> Iterator[tuple[bytes, str]]:
        """Give the pages in the order of their rows, what was looked at again among them."""
        for _, start, size, where in sorted(self._places):
            self._file.seek(start)
            yield self._file.read(size), where


class Fetched:
    """A roster as it was fetched, in one part, or in several where there is no list of all."""

    listing: Listing
    listings: Listings

    def __init__(
        self, stack: ExitStack, reading: Reading, criteria: Criteria, on_progress: "OnProgress"
    ) -> None:
        self._stack = stack
        self.reading = reading
        self.criteria = criteria
        self.on_progress = on_progress
        self.parts: list[Waiting] = []
        self.statuses: set[str | None] = set()
        """Those of its members."""
        self.count: int | None = None
        """How many they are, where the server says it."""
        self.doubt: CoursectlError | None = None
        """What speaks against its being whole."""
        self._ids = SeenIds()

    def closing(self, close: Callable[[], None]) -> None:
        """Have something closed in the end."""
        self._stack.callback(close)

    def renew(self, parts: int) -> None:
        """Have room for the pages of so many parts, and let go of those that there are."""
        for part in self.parts:
            part.begin(self.reading)
        self.parts = [self._stack.enter_context(Waiting()) for _ in range(parts)]

    def begin(self) -> None:
        """Forget whom it has met."""
        self._ids = SeenIds()
        self.statuses = set()

    def meet(self, page: Page) -> None:
        """Take note of who is on a page."""
        self._ids.take([id_ for id_ in page.glance.ids if id_ is not None])
        self.statuses |= page.glance.statuses

    def add(self, part: Waiting, page: Page) -> None:
        """Append a page to a part. Raise InvalidData if it is not valid, or too much waits."""
        if sum(each.size for each in self.parts) + len(page.body) > MOST_WAITING:
            raise InvalidData(
                f"{page.where}: more than {MOST_WAITING:,} bytes of members wait until it is proved"
                " that nobody is missing",
                "If the course really is that large, ask its server for members of one status at a"
                " time, with --status.",
            )
        part.add(page)

    def has_met(self, id_: int) -> bool:
        """Return whether somebody was on its pages."""
        return id_ in self._ids

    def members(self, reading: Reading) -> Iterator[list[Member]]:
        """Yield the members, read by `reading`, in the order in which they joined."""
        if len(self.parts) == 1:
            yield from self.parts[0].read(reading)
            return
        rows = merge(*(_one_by_one(part, reading) for part in self.parts), key=_by_joining)
        while some := list(islice(rows, PAGE_SIZE)):
            yield some


def _one_by_one(part: Waiting, reading: Reading) -> Iterator[Member]:
    """Yield members of a part; of each page all are read before another part goes on."""
    for body, where in part.pages():
        yield from list(chain.from_iterable(reading.document([body], where)))


def _by_joining(member: Any) -> tuple[bool, datetime, int]:
    at = moment(member.get("joined_at"))
    if not isinstance(at, datetime):
        return True, _NEVER, member["id"]
    return False, at.replace(tzinfo=at.tzinfo or UTC), member["id"]


def moment(at: object) -> object:
    """Give a moment if there is one, or else what is there."""
    if isinstance(at, str):
        with suppress(ValueError):
            return datetime.fromisoformat(at)
    return at
