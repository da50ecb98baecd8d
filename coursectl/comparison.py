"""From two rosters to what is different between them, in memory that does not grow with them.

Both wait in a temporary database, which finds the few members who are not the same in both.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Self

from coursectl.address import community_of
from coursectl.errors import UsageError
from coursectl.files import no_room
from coursectl.printable import shortened
from coursectl.roster.change_kind import OF_WHO_CAME, OF_WHO_WENT, ChangeKind
from coursectl.roster.changes import Change, Changes, Side, Silence, kinds_of
from coursectl.roster.moments import written
from coursectl.roster.pseudonyms import check_comparable
from coursectl.roster.summary import INACTIVE

if TYPE_CHECKING:
    from coursectl.gather import Gathering
    from coursectl.roster.member import Member, Provenance
    from coursectl.roster.moments import Age

_CACHE = 32 * 1024
"""KiB of the database that are held in memory; what is more lies in a file without a name."""

_PAGE = 16 * 1024
"""Bytes that are read or written at once: a fifth faster than the usual 4 KiB for a million."""

_FIELDS = (
    "id",
    "username",
    "real_name",
    "join_status",
    "user_completion_rate",
    "last_active_at",
    "joined_at",
)
_COMPARED = ("username", "real_name", "join_status", "user_completion_rate")
_FIRST_MOMENT = _FIELDS.index("last_active_at")
_MOMENTS = tuple(itemgetter(place) for place in range(_FIRST_MOMENT, len(_FIELDS)))

_BATCH = 1_000
"""Rows that are read or written at once."""

_values_of = itemgetter(*_FIELDS)
_BOTH = ", ".join(f"{side}.{field}" for side in ("before", "after") for field in _FIELDS)


class Comparison:
    """Two rosters of one course, side by side.

    First the whole of the roster before is taken, then that after, batch by batch. `kinds` are
    those that are asked for, in the order in which they are told; `inactive` is how long somebody
    has to be silent. What it gives can be read until it is closed, at the end of its `with`.
    """

    def __init__(
        self, kinds: Sequence[ChangeKind] = tuple(ChangeKind), inactive: "Age" = INACTIVE
    ) -> None:
        self._kinds = tuple(kinds)
        self._inactive = inactive
        self._name = ""
        self._provenance: Provenance | None = None
        self._knows_everybody = True
        self._left_out: frozenset[int] = frozenset()
        # With no name it lies in a temporary file, of which nothing is left however this ends.
        self._database = sqlite3.connect("", isolation_level=None)
        self._before = _Table(self._database, "before")
        self._after = _Table(self._database, "after")

    def __enter__(self) -> Self:
        with _room():
            self._database.executescript(
                f"PRAGMA page_size = {_PAGE}; PRAGMA cache_size = -{_CACHE};"
                " PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;"
                # Their order is that in which they are told.
                " CREATE TABLE changes (kind, place, id, PRIMARY KEY (kind, place, id))"
                " WITHOUT ROWID;"
            )
            self._before.create()
            self._after.create()
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    @property
    def before(self) -> "Provenance":
        """Where the roster before is from, once it has been taken."""
        assert self._provenance is not None  # noqa: S101 - it comes first
        return self._provenance

    def take_before(self, gathering: "Gathering", name: str) -> None:
        """Take the roster before, whole: all members of one source, and where it is from.

        `name` is what errors call it. Raises CoursectlError.
        """
        for batch in gathering.batches():
            self._before.take(batch.members)
        self._name = name
        self._provenance = gathering.provenance
        self._knows_everybody = gathering.knows_everybody
        self._left_out |= gathering.members_left_out().ids | gathering.ids_joined_later()

    def take_after(self, members: "list[Member]") -> None:
        """Take members of the roster after. Raises UsageError if there is no room for them."""
        self._after.take(members)

    def check(self, after: "Provenance", name: str) -> None:
        """Raise UsageError unless that is a later roster of the same course.

        What is not known is no reason. This may be asked with as much as is known before the roster
        is fetched.
        """
        before = self.before
        check_comparable(before.pseudonyms, after.pseudonyms)
        mine, other = before.course_id, after.course_id
        differ = mine is not None and other is not None and mine != other
        if differ or not is_same_community(before.community, after.community):
            raise UsageError(
                f"{self._name} and {name} are rosters of different courses:"
                f" {_described(before)}, and {_described(after)}",
                "Compare two rosters of one course.",
            )
        if before.fetched_at and after.fetched_at and before.fetched_at > after.fetched_at:
            raise UsageError(
                f"{self._name} ({_told(before.fetched_at)}) is newer than"
                f" {name} ({_told(after.fetched_at)})",
                "The older one comes first: swap them, or check the clock of this machine.",
            )

    def changes(self, gathering: "Gathering", name: str) -> Changes:
        """Give what is different, once all members of the roster after have been taken.

        `gathering` is where they came from, and tells where it is from. Raises UsageError as
        `check` does, and CoursectlError if there is no room.
        """
        before, after = self.before, gathering.provenance
        assert after is not None  # noqa: S101 - it was asked for
        self.check(after, name)
        sides = (
            Side(before.fetched_at, self._before.members),
            Side(after.fetched_at, self._after.members),
        )
        silence = None
        if before.fetched_at and after.fetched_at:
            silence = Silence(
                self._inactive.before(before.fetched_at), self._inactive.before(after.fetched_at)
            )
        with _room():
            self._before.complete()
            self._after.complete()
            # Of a member in an invalid row it is not known what changed, nor whether they left.
            # Who joined after the moment that ages are measured from is no change before it.
            unknown = gathering.members_left_out().ids | gathering.ids_joined_later()
            left_out = [(id_,) for id_ in self._left_out | unknown]
            self._database.executemany("DELETE FROM before WHERE id = ?", left_out)
            self._database.executemany("DELETE FROM after WHERE id = ?", left_out)
            counts = self._find(silence, knows_everybody_after=gathering.knows_everybody)
        return Changes(
            course=after.course_name or before.course_name,
            course_id=after.course_id if before.course_id is None else before.course_id,
            community=after.community or before.community,
            before=sides[0],
            after=sides[1],
            as_of=after.fetched_at or gathering.rosters[-1].as_of,
            inactive=self._inactive,
            counts=counts,
            of=self._of,
        )

    def _find(
        self, silence: Silence | None, *, knows_everybody_after: bool
    ) -> dict[ChangeKind, int | None]:
        """Write down who changed, and how; give how many there are of each kind, where known.

        Who is missing where not everybody is known has not come or gone.
        """
        unknown: set[ChangeKind] = {ChangeKind.SILENT} if silence is None else set()
        if not self._knows_everybody:
            unknown.update(OF_WHO_CAME)
        if not knows_everybody_after:
            unknown.update(OF_WHO_WENT)
        counts = {kind: None if kind in unknown else 0 for kind in self._kinds}
        rows: list[tuple[int, float | str, int]] = []
        for before, after in self._different(silence):
            kinds = kinds_of(before, after, silence)
            if before is None and not self._knows_everybody:
                kinds = [kind for kind in kinds if kind is ChangeKind.SILENT]
            if after is None and not knows_everybody_after:
                continue
            for kind in kinds:
                if (count := counts.get(kind)) is not None:
                    change = Change(kind, before, after)
                    counts[kind] = count + 1
                    rows.append((self._kinds.index(kind), change.place, change.member["id"]))
            if len(rows) >= _BATCH:
                self._database.executemany("INSERT INTO changes VALUES (?, ?, ?)", rows)
                rows.clear()
        self._database.executemany("INSERT INTO changes VALUES (?, ?, ?)", rows)
        return counts

    def _different(
        self, silence: Silence | None
    ) -> "Iterator[tuple[Member | None, Member | None]]":
        """Give all who changed, and a few who may not have: moments are compared to the second."""
        differ = [f"before.{field} IS NOT after.{field}" for field in _COMPARED]
        seconds: tuple[str, ...] = ()
        if silence is not None:
            differ.append(
                "(ifnull(after.last_active_at <= ?, TRUE) AND ifnull(after.joined_at <= ?, TRUE)"
                " AND (before.last_active_at >= ?"
                " OR ifnull(before.joined_at, after.joined_at) >= ?))"
            )
            # Any moment within a second begins with it, and sorts before it with a Z behind it.
            once, last = written(silence.before)[:19], f"{written(silence.after)[:19]}Z"
            seconds = (last, last, once, once)
        for query, values in (
            (
                f"SELECT {_BOTH} FROM after LEFT JOIN before USING (id)"  # noqa: S608 - our own words
                f" WHERE before.id IS NULL OR {' OR '.join(differ)}",
                seconds,
            ),
            (
                f"SELECT {_BOTH} FROM before LEFT JOIN after USING (id)"  # noqa: S608
                " WHERE after.id IS NULL",
                (),
            ),
        ):
            for row in self._database.execute(query, values):
                yield _pair(row)

    def _of(self, kind: ChangeKind) -> Iterator[Change]:
        """Give the changes of a kind, in order."""
        with _room():
            for row in self._database.execute(
                f"SELECT {_BOTH} FROM changes"  # noqa: S608 - our own words
                " LEFT JOIN before USING (id) LEFT JOIN after USING (id)"
                " WHERE kind = ? ORDER BY place, changes.id",
                (self._kinds.index(kind),),
            ):
                yield Change(kind, *_pair(row))


class _Table:
    """The members of one roster, by id.

    Those who come in the order of their ids go straight to their places; all others wait, and are
    sorted in the end: to put a million of them into their places one by one takes three times as
    long.
    """

    def __init__(self, database: sqlite3.Connection, name: str) -> None:
        self.members = 0
        self._database = database
        self._name = name
        self._last = -1

    def create(self) -> None:
        fields = ", ".join(_FIELDS[1:])
        self._database.execute(f"CREATE TABLE {self._name} (id INTEGER PRIMARY KEY, {fields})")
        self._database.execute(f"CREATE TABLE {self._name}_unsorted (id, {fields})")

    def take(self, members: "Iterable[Member]") -> None:
        rows = list(map(_values_of, members))
        if any(datetime in set(map(type, map(moment_of, rows))) for moment_of in _MOMENTS):
            rows = [(*row[:_FIRST_MOMENT], *map(_text, row[_FIRST_MOMENT:])) for row in rows]
        rows.sort(key=itemgetter(0))
        if not rows:
            return
        self.members += len(rows)
        table = self._name
        if rows[0][0] > self._last:
            self._last = rows[-1][0]
        else:
            table += "_unsorted"
        with _room():
            # Two pseudonyms may come to share an id, if hardly ever: the first one has it.
            self._database.executemany(
                f"INSERT OR IGNORE INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                rows,
            )

    def complete(self) -> None:
        """Put all into their places."""
        self._database.execute(
            f"INSERT OR IGNORE INTO {self._name}"  # noqa: S608 - our own words
            f" SELECT * FROM {self._name}_unsorted ORDER BY id"
        )
        self._database.execute(f"DROP TABLE {self._name}_unsorted")


def is_same_community(one: str | None, other: str | None) -> bool:
    """Whether two addresses may be of one community; one that is not known may."""
    return one is None or other is None or community_of(one) == community_of(other)


def _described(provenance: "Provenance") -> str:
    id_, name = provenance.course_id, provenance.course_name
    course = "a course" if id_ is None else f"course {id_}"
    called = "" if name is None else f" ({shortened(name)})"
    at = "" if provenance.community is None else f" of {shortened(provenance.community)}"
    return course + called + at


def _told(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _text(moment: datetime | str | None) -> str | None:
    """Give a moment in the one form that makes equal moments equal."""
    return None if moment is None else written(moment)


def _pair(row: tuple[Any, ...]) -> "tuple[Member | None, Member | None]":
    return _member(row), _member(row[len(_FIELDS) :])


def _member(values: tuple[Any, ...]) -> "Member | None":
    """Give the member whose values these begin with; None where there is none."""
    if values[0] is None:
        return None
    return dict(zip(_FIELDS, values, strict=False))  # type: ignore[return-value]


@contextmanager
def _room() -> Iterator[None]:
    """Raise UsageError where the database finds no room."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise no_room("rosters to be compared", str(error)) from None
