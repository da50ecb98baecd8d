"""Criteria: which members, in what order, how many."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from coursectl.errors import UsageError
from coursectl.roster.join_status import NO_STATUS, JoinStatus
from coursectl.roster.moments import Age, moment_of

if TYPE_CHECKING:
    from coursectl.roster.member import Member

    Ranked = tuple[bool, Any, int, int, Any]
    """What puts a member in order, the least first, up to a roster's number; and what it is."""

_T = TypeVar("_T")


class Roster(NamedTuple):
    """What the members of one roster have in common."""

    course: str
    """The course's name, or what stands for it."""
    as_of: datetime
    """The moment, UTC, from which the ages of these members are measured."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Some members of one roster, in order."""

    roster: Roster
    members: "list[Member]"

    def __len__(self) -> int:
        return len(self.members)

    @property
    def rows(self) -> "list[Member]":
        """The members, as rows of an answer."""
        return self.members

    @property
    def shared(self) -> dict[str, str]:
        """What a column holds for all of these members."""
        return {"course": self.roster.course}

    @property
    def as_of(self) -> datetime:
        """The moment, UTC, from which the ages of these members are measured."""
        return self.roster.as_of


class Shelf(Protocol):
    """Where members wait for their turn, and as what."""

    @property
    def holds(self) -> int:
        """How many of them are put in order at once."""

    def kept(self, batch: Batch) -> list[Any]:
        """Give what is kept of each member."""

    def lay(self, rows: "list[Ranked]") -> "Iterator[Ranked]":
        """Lay rows aside, and give them again in the same order, once. Raises CoursectlError."""

    def given(self, roster: Roster, kept: list[Any]) -> Batch:
        """Give members of what was kept of them, at least one."""


class InMemory:
    """Members wait as they are, in memory."""

    holds = 50_000

    def kept(self, batch: Batch) -> "list[Any]":
        """Give the members."""
        return batch.members

    def lay(self, rows: "list[Ranked]") -> "Iterator[Ranked]":
        """Hold on to rows."""
        return iter(rows)

    def given(self, roster: Roster, kept: list[Any]) -> Batch:
        """Give the members."""
        return Batch(roster, kept)


class Sort(NamedTuple):
    """An order: nulls last both ways, equals by id, text without regard to case."""

    column: str
    descending: bool = False


_IN_MEMORY = InMemory()


class Criteria(NamedTuple):
    """Which members are wanted, in what order, and how many. All that is given must hold."""

    statuses: frozenset[str | None] | None = None
    """Wanted `join_status` values, None among them for no status; None for whatever status."""
    search: str | None = None
    """Text that stands in `username` or `real_name`, whatever the case."""
    min_completion: float | None = None
    """Least `user_completion_rate`, percent, inclusive."""
    max_completion: float | None = None
    """Greatest `user_completion_rate`, percent, inclusive."""
    active: Age | None = None
    """A lesson was completed within this age."""
    inactive: Age | None = None
    """No lesson was completed within this age; never counts."""
    never_active: bool = False
    """No lesson was ever completed."""
    joined_after: Age | datetime | None = None
    """Joined then or later."""
    joined_before: Age | datetime | None = None
    """Joined earlier."""
    sort: Sort | None = None
    limit: int | None = None

    @property
    def needs_moment(self) -> bool:
        """Whether which members are wanted depends on when one asks."""
        return bool(
            self.active
            or self.inactive
            or isinstance(self.joined_after, Age)
            or isinstance(self.joined_before, Age)
        )

    @property
    def compares_moments(self) -> bool:
        """Whether moments have to be more than text."""
        return bool(
            self.needs_moment
            or self.joined_after
            or self.joined_before
            or (self.sort and self.sort.column in ("last_active_at", "joined_at"))
        )

    @property
    def needs_course(self) -> bool:
        """Whether the order depends on what the courses are called."""
        return self.sort is not None and self.sort.column == "course"

    def select(self, members: "list[Member]", as_of: datetime) -> "list[Member]":
        """Give those of `members` that are wanted; order and number are `arrange`'s."""
        if self.statuses is not None:
            statuses = self.statuses
            members = [m for m in members if m["join_status"] in statuses]
        if self.search:
            text = self.search.casefold()
            members = [
                m
                for m in members
                if text in (m["username"] or "").casefold()
                or text in (m["real_name"] or "").casefold()
            ]
        if (least := self.min_completion) is not None:
            members = [
                m for m in members if (r := m["user_completion_rate"]) is not None and r >= least
            ]
        if (most := self.max_completion) is not None:
            members = [
                m for m in members if (r := m["user_completion_rate"]) is not None and r <= most
            ]
        if self.active:
            since = self.active.before(as_of)
            members = [m for m in members if (t := m["last_active_at"]) is not None and t >= since]
        if self.inactive:
            since = self.inactive.before(as_of)
            members = [m for m in members if (t := m["last_active_at"]) is None or t < since]
        if self.never_active:
            members = [m for m in members if m["last_active_at"] is None]
        if self.joined_after is not None:
            start = moment_of(self.joined_after, as_of)
            members = [m for m in members if (t := m["joined_at"]) is not None and t >= start]
        if self.joined_before is not None:
            end = moment_of(self.joined_before, as_of)
            members = [m for m in members if (t := m["joined_at"]) is not None and t < end]
        return members

    def arrange(self, batches: Iterable[Batch], shelf: Shelf = _IN_MEMORY) -> Iterator[Batch]:
        """Put selected members in order and cut at the limit.

        Only an order needs them all; they are on the `shelf` meanwhile. `batches` is read to its
        end in any case: whether a roster is whole shows there.
        """
        if self.sort is not None:
            yield from _sorted(batches, self.sort, self.limit, shelf)
            return
        left = self.limit
        for batch in batches:
            if left is None:
                yield batch
            elif left:
                cut = Batch(batch.roster, batch.members[:left])
                left -= len(cut.members)
                yield cut


def parse_statuses(words: Iterable[str]) -> frozenset[str | None] | None:
    """Read `--status` words, each of which may be several with commas between. None: none given.

    Raises UsageError for words that are empty: a script with an unset variable wants to know.
    """
    statuses: set[str | None] = set()
    words = tuple(words)
    for word in ",".join(words).split(","):
        if word := word.strip():
            known = word.lower()
            statuses.add(
                None if known == NO_STATUS else known if known in set(JoinStatus) else word
            )
    if words and not statuses:
        raise UsageError("--status names no status", "Leave it out to list everybody.")
    return frozenset(statuses) or None


def parse_sort(text: str, columns: Iterable[str]) -> Sort:
    """Read `--sort`: the key of a column, `-` in front for descending. Raises UsageError."""
    descending = text.startswith("-")
    column = text.removeprefix("-")
    columns = tuple(columns)
    if column not in columns:
        raise UsageError(f"no column {column!r} to sort by", f"Columns: {', '.join(columns)}.")
    return Sort(column, descending)


_BATCH = 1_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_REVERSED = bytes(max(0xFE - byte, 0) for byte in range(0x100))
"""UTF-8 that sorts the other way round: all that occurs in it is below `0xf5`, and none `0xff`."""


def _sorted(
    batches: Iterable[Batch], sort: Sort, limit: int | None, shelf: Shelf
) -> Iterator[Batch]:
    rosters: list[Roster] = []
    rows: list[Ranked] = []
    runs: list[Iterator[Ranked]] = []
    enough = shelf.holds if limit is None else min(max(4 * limit, 10 * _BATCH), shelf.holds)
    for batch in batches:
        if not rosters or rosters[-1] is not batch.roster:
            rosters.append(batch.roster)
        rows += _ranked(batch, sort, len(rosters) - 1, shelf.kept(batch))
        if len(rows) > enough:
            rows.sort()
            rows = rows[:limit]
            if len(rows) > enough // 2:
                runs.append(shelf.lay(rows))
                rows = []
    rows.sort()
    merged = merge(*runs, rows) if runs else rows
    for number, run in groupby(islice(merged, limit), key=itemgetter(3)):
        while kept := [row[4] for row in islice(run, _BATCH)]:
            yield shelf.given(rosters[number], kept)


def _ranked(batch: Batch, sort: Sort, number: int, kept: list[Any]) -> "list[Ranked]":
    """Put what tells the order of members, which no two share, in front of what is kept of them."""
    values: list[Any]
    if sort.column == "course":
        values = [batch.roster.course] * len(batch.members)
    else:
        values = [member[sort.column] for member in batch.members]  # type: ignore[literal-required]
    values = _comparable(values, descending=sort.descending)
    return [
        (value is None, value, member["id"], number, what)
        for value, member, what in zip(values, batch.members, kept, strict=True)
    ]


def _comparable(values: list[Any], *, descending: bool) -> list[Any]:
    """Give what sorts as `Sort` says, once nulls are apart."""
    if any(isinstance(value, str) for value in values):
        values = [value if value is None else value.casefold() for value in values]
    if descending:
        values = [value if value is None else _opposite(value) for value in values]
    return values


def _opposite(value: Any) -> Any:
    """Give what sorts as `value` does, the other way round."""
    if isinstance(value, str):
        # A text ends below any that goes on, so here above it.
        return value.encode().translate(_REVERSED) + b"\xff"
    if isinstance(value, datetime):
        return _EPOCH - value
    return -value


def in_order(
    rows: list[_T], value: Callable[[_T], Any], *, id_: Callable[[_T], Any], descending: bool
) -> list[_T]:
    """Give rows in the order of a value, as `Sort` says."""
    values = _comparable([value(row) for row in rows], descending=descending)
    ranks = [(each is None, each, id_(row)) for each, row in zip(values, rows, strict=True)]
    return [rows[at] for at in sorted(range(len(rows)), key=ranks.__getitem__)]
