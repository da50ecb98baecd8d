"""Criteria: which members, in what order, how many."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from coursectl.errors import UsageError
from coursectl.roster.fields import FIELDS
from coursectl.roster.folding import folded
from coursectl.roster.join_status import parse_status
from coursectl.roster.moments import Age, moment_of
from coursectl.roster.nudges import silent_since, under_way
from coursectl.roster.ranking import Ranking, Shelf, comparable

if TYPE_CHECKING:
    from coursectl.roster.fields import Cells
    from coursectl.roster.member import Member

_STATUS = FIELDS.index("join_status")


class Roster(NamedTuple):
    """What the members of one roster have in common."""

    course: str
    """The course's name, or what stands for it."""
    as_of: datetime
    """The moment, UTC, from which the ages of these members are measured."""


class Batch:
    """Some members of one roster, in order."""

    __slots__ = ("members", "roster")

    def __init__(self, roster: Roster, members: "list[Member]") -> None:
        self.roster = roster
        self.members = members

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

    def part(self, start: int = 0, end: int | None = None) -> "Batch":
        """Give those from one place up to another."""
        return Batch(self.roster, self.members[start:end])

    def wait(self, ranking: Ranking, shelf: Shelf, column: str) -> None:
        """Have the members wait until they can be put in order by a column."""
        shared = self.shared.get(column)
        values = self._values(column) if shared is None else [shared] * len(self)
        ranking.take(comparable(values), self._values("id"), self.roster)
        shelf.put(self)

    def _values(self, field: str) -> list[Any]:
        return list(map(itemgetter(field), self.members))


class BatchInCells(Batch):
    """The same of members whose cells are all that is wanted of them."""

    __slots__ = ("cells",)

    def __init__(self, roster: Roster, cells: "list[Cells]") -> None:
        super().__init__(roster, [])
        self.cells = cells

    def __len__(self) -> int:
        return len(self.cells)

    def under(self, keys: Sequence[str]) -> "list[Cells]":
        """Give the cells under these keys of columns, a row a member."""
        if tuple(keys) == FIELDS:
            return self.cells
        shared = tuple(self.shared.values())
        places = [(*self.shared, *FIELDS).index(key) for key in keys]
        return [tuple([row[place] for place in places]) for row in map(shared.__add__, self.cells)]

    def part(self, start: int = 0, end: int | None = None) -> "BatchInCells":
        """Give those from one place up to another."""
        return BatchInCells(self.roster, self.cells[start:end])

    def _values(self, field: str) -> list[Any]:
        return list(map(itemgetter(FIELDS.index(field)), self.cells))


class Sort(NamedTuple):
    """An order: nulls last both ways, equals by id, text without regard to case."""

    column: str
    descending: bool = False


class Criteria(NamedTuple):
    """Which members are wanted, in what order, and how many. All that is given must hold."""

    statuses: frozenset[str | None] | None = None
    """Wanted `join_status` values, None among them for no status; None for whatever status."""
    search: str | None = None
    """Text that stands in `username` or `real_name`, whatever the case and the accents."""
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
    needs_nudge: Age | None = None
    """Joined at least this age ago, is under 100 %, and completed no lesson within it."""
    in_hindsight: bool = False
    """The moment that ages are measured from lies before the roster was fetched, or may.

    Who joined later is not wanted, and a lesson completed later tells nothing of that moment.
    """
    sort: Sort | None = None
    limit: int | None = None

    @property
    def needs_moment(self) -> bool:
        """Whether which members are wanted depends on when one asks."""
        return bool(
            self.active
            or self.inactive
            or self.needs_nudge
            or isinstance(self.joined_after, Age)
            or isinstance(self.joined_before, Age)
        )

    @property
    def compares_moments(self) -> bool:
        """Whether moments have to be more than text."""
        return bool(
            self.needs_moment
            or self.in_hindsight
            or self.joined_after
            or self.joined_before
            or (self.sort and self.sort.column in ("last_active_at", "joined_at"))
        )

    @property
    def looks_at_status_only(self) -> bool:
        """Whether nothing but `join_status` tells which members are wanted, each of them."""
        return self == Criteria(statuses=self.statuses, sort=self.sort)

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
            text = folded(self.search)
            members = [
                m
                for m in members
                if ((name := m["username"]) and text in folded(name))
                or ((name := m["real_name"]) and text in folded(name))
            ]
        if (least := self.min_completion) is not None:
            members = [
                m for m in members if (r := m["user_completion_rate"]) is not None and r >= least
            ]
        if (most := self.max_completion) is not None:
            members = [
                m for m in members if (r := m["user_completion_rate"]) is not None and r <= most
            ]
        members = self._by_activity(members, as_of)
        if self.joined_after is not None:
            start = moment_of(self.joined_after, as_of)
            members = [m for m in members if (t := m["joined_at"]) is not None and t >= start]
        if self.joined_before is not None:
            end = moment_of(self.joined_before, as_of)
            members = [m for m in members if (t := m["joined_at"]) is not None and t < end]
        if self.in_hindsight:
            members = [m for m in members if (t := m["joined_at"]) is None or t <= as_of]
        return members

    def _by_activity(self, members: "list[Member]", as_of: datetime) -> "list[Member]":
        if self.active:
            since = self.active.before(as_of)
            members = [m for m in members if (t := m["last_active_at"]) is not None and t >= since]
            if self.in_hindsight:
                members = [m for m in members if (t := m["last_active_at"]) and t <= as_of]
        if self.inactive:
            since = self.inactive.before(as_of)
            members = [m for m in members if (t := m["last_active_at"]) is None or t < since]
        if self.never_active:
            members = [m for m in members if m["last_active_at"] is None]
        if self.needs_nudge:
            members = silent_since(under_way(members), self.needs_nudge.before(as_of))
        return members

    def batch(self, roster: Roster, members: "list[Any]", *, in_cells: bool) -> Batch:
        """Give those that are wanted of members of a roster as a batch.

        They may be `in_cells` if this `looks_at_status_only`.
        """
        if not in_cells:
            return Batch(roster, self.select(members, roster.as_of))
        if (statuses := self.statuses) is not None:
            members = [cells for cells in members if cells[_STATUS] in statuses]
        return BatchInCells(roster, members)

    def arrange(self, batches: Iterable[Batch], shelf: Shelf) -> Iterator[Batch]:
        """Put selected members in order and cut at the limit.

        Only an order needs them all; they are on the `shelf` meanwhile. `batches` is read to its
        end in any case: whether a roster is whole shows there.
        """
        if self.sort is not None:
            ranking = ranked(batches, self.sort, shelf, self.limit)
            for roster, stretches in ranking.in_order(self.limit, shelf):
                yield shelf.given(roster, stretches)
            return
        left = self.limit
        for batch in batches:
            if left is None:
                yield batch
            elif left:
                cut = batch.part(end=left)
                left -= len(cut)
                yield cut


def parse_statuses(words: Iterable[str]) -> frozenset[str | None] | None:
    """Read `--status` words, each of which may be several with commas between. None: none given.

    Raises UsageError for words that are empty: a script with an unset variable wants to know.
    """
    statuses: set[str | None] = set()
    words = tuple(words)
    for word in ",".join(words).split(","):
        if word := word.strip():
            statuses.add(parse_status(word))
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


def ranked(batches: Iterable[Batch], sort: Sort, shelf: Shelf, limit: int | None = None) -> Ranking:
    """Have members wait on a shelf, all of them unless there is a limit. Raises CoursectlError."""
    ranking = Ranking(descending=sort.descending)
    for batch in batches:
        batch.wait(ranking, shelf, sort.column)
        ranking.settle_if_many(shelf, limit)
    ranking.settle_rest(shelf)
    return ranking
