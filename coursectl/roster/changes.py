"""What is different between two rosters of one course, member by member.

What each kind of change means stands in `coursectl.roster.definitions`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from coursectl.errors import UsageError
from coursectl.printable import printable, shortened
from coursectl.roster.change_kind import ChangeKind
from coursectl.roster.join_status import JoinStatus
from coursectl.roster.moments import sortable
from coursectl.roster.nearest import meant

if TYPE_CHECKING:
    from coursectl.roster.member import Member
    from coursectl.roster.moments import Age


@dataclass(frozen=True, slots=True)
class Silence:
    """From when on a lesson makes a member active: one moment for each of the two rosters, UTC."""

    before: datetime
    after: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one member; moments of members are text as coursectl writes it.

    `before` is None where the member was not in the first roster, `after` where not in the second.
    """

    kind: ChangeKind
    before: "Member | None"
    after: "Member | None"

    @property
    def member(self) -> "Member":
        """The member as last seen."""
        member = self.after or self.before
        assert member is not None  # noqa: S101 - who is in neither roster has not changed
        return member

    @property
    def was(self) -> Any:
        """What changed, as it was; None where it was not there."""
        return self._told_of(self.before)

    @property
    def now(self) -> Any:
        """What changed, as it is now; None where it is not there."""
        return self._told_of(self.after)

    @property
    def delta(self) -> float | None:
        """By how many percentage points a rate rose, or fell if negative, where both are there."""
        if self.kind not in (ChangeKind.PROGRESSED, ChangeKind.REGRESSED):
            return None
        if self.was is None or self.now is None:
            return None
        return difference(self.was, self.now)

    @property
    def place(self) -> float | str:
        """Where it stands among changes of its kind, equals by id: the least first.

        The largest progress comes first, that from no rate last, and the longest silence first,
        from the last lesson or else from joining; else the id alone decides.
        """
        if self.kind is ChangeKind.PROGRESSED:
            delta = self.delta
            return 1 if delta is None else -delta
        if self.kind is ChangeKind.SILENT:
            since = self.member["last_active_at"] or self.member["joined_at"]
            return "" if since is None else sortable(since)
        return 0

    def _told_of(self, member: "Member | None") -> Any:
        if member is None:
            return None
        match self.kind:
            case ChangeKind.PROGRESSED | ChangeKind.REGRESSED | ChangeKind.COMPLETED:
                return member["user_completion_rate"]
            case ChangeKind.SILENT:
                return member["last_active_at"]
            case ChangeKind.RENAMED:
                return {key: member[key] for key in _NAMES}  # type: ignore[literal-required]
            case _:
                return member["join_status"]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two rosters."""

    fetched_at: datetime | None
    """UTC; None where it does not say."""
    members: int


@dataclass(frozen=True, slots=True)
class Changes:
    """All that is different between two rosters of one course."""

    course: str | None
    """Its name; None where neither roster tells it."""
    course_id: int | None
    community: str | None
    before: Side
    after: Side
    as_of: datetime
    """The moment, UTC, from which ages are measured: when the second roster was fetched, if known.
    """
    inactive: "Age"
    """For how long somebody has to be silent to be newly silent."""
    counts: Mapping[ChangeKind, int | None]
    """How many changes there are of each kind that was asked for; None where that cannot be told.
    """
    of: Callable[[ChangeKind], Iterator[Change]]
    """Gives the changes of a kind, in order. May raise CoursectlError."""

    @property
    def total(self) -> int:
        """How many changes there are."""
        return sum(number or 0 for number in self.counts.values())

    @property
    def unknown(self) -> tuple[ChangeKind, ...]:
        """The kinds that were asked for and cannot be told."""
        return tuple(kind for kind, number in self.counts.items() if number is None)

    def __iter__(self) -> Iterator[Change]:
        """Give all changes, kind by kind. May raise CoursectlError."""
        return (
            change for kind, number in self.counts.items() if number for change in self.of(kind)
        )


class _Standing(Enum):
    """How somebody stands to a course, as far as changes tell it apart."""

    OUT = auto()
    """Not in the roster, or in it without a status."""
    OTHER = auto()
    """`payment_waiting`, or a word that the API does not document."""
    INVITED = auto()
    REQUESTED = auto()
    MEMBER = auto()
    """Creator, manager or joined."""


_STANDINGS: dict[str | None, _Standing] = {
    None: _Standing.OUT,
    "": _Standing.OUT,
    JoinStatus.INVITED: _Standing.INVITED,
    JoinStatus.REQUESTED: _Standing.REQUESTED,
    **dict.fromkeys((JoinStatus.CREATOR, JoinStatus.MANAGER, JoinStatus.JOINED), _Standing.MEMBER),
}

_J, _L, _I = (ChangeKind.JOINED,), (ChangeKind.LEFT,), (ChangeKind.INVITED,)
_R, _W, _M = (ChangeKind.REQUESTED,), (ChangeKind.WITHDRAWN,), (ChangeKind.MOVED,)
_S: tuple[ChangeKind, ...] = ()

_BY_STANDINGS = {
    # To: out, other, invited, requested, member.
    _Standing.OUT: (_S, _M, _I, _R, _J),
    _Standing.OTHER: (_M, _M, _I, _R, _J),
    _Standing.INVITED: (_W, _M, _S, _R, _J),
    _Standing.REQUESTED: (_W, _M, _I, _S, _J),
    _Standing.MEMBER: (_L, _L, _L + _I, _L + _R, _M),
}
"""What a change of status is, from each standing to each, in the order of `_Standing`.

Who came and who left are told apart from who was asked and who asked, whose going is no leaving:
as many members as there were, and who joined, without who left, are as many as there are. Who is
asked again, or asks, is still waiting. No status is none, like not being there; what else is new
of a status is a move, so that no change goes untold.
"""

_TO = {standing: place for place, standing in enumerate(_Standing)}

_NAMES = ("username", "real_name")

_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u2060"))
"""Characters without a look that `printable` leaves: soft hyphen, zero width space, word joiner."""


def kinds_of(
    before: "Member | None", after: "Member | None", silence: Silence | None
) -> list[ChangeKind]:
    """Give what happened to a member; without `silence`, who fell silent is not told.

    Either member is None where that roster does not have them; moments are text as coursectl
    writes it.
    """
    kinds = list(_of_status(before, after))
    if after is None:
        return kinds
    if before is not None:
        was, now = before["user_completion_rate"], after["user_completion_rate"]
        if was is not None and now is not None:
            rise = difference(was, now)
            kinds += [ChangeKind.PROGRESSED] * (rise > 0) + [ChangeKind.REGRESSED] * (rise < 0)
        elif now is not None and ChangeKind.JOINED not in kinds:
            kinds.append(ChangeKind.PROGRESSED)
        elif was is not None and ChangeKind.LEFT not in kinds:
            kinds.append(ChangeKind.REGRESSED)
    if _is_at_100(after) and not (before is not None and _is_at_100(before)):
        kinds.append(ChangeKind.COMPLETED)
    if silence is not None and _fell_silent(before, after, silence):
        kinds.append(ChangeKind.SILENT)
    if before is not None and any(_look(before[key]) != _look(after[key]) for key in _NAMES):  # type: ignore[literal-required]
        kinds.append(ChangeKind.RENAMED)
    return kinds


def difference(was: float, now: float) -> float:
    """Return by how many percentage points a rate rose, to nine decimals; what is less is none.

    33.3 less 12.5 is 20.8, and not what binary fractions make of it.
    """
    delta = now - was
    return delta if isinstance(delta, int) else round(delta, 9) or 0


def parse_kinds(words: Iterable[str]) -> tuple[ChangeKind, ...]:
    """Read `--only` words, each of which may be several with commas between. All if none is given.

    They come in the order in which they are told. Raises UsageError.
    """
    words = tuple(words)
    named = {part for word in words for each in word.split(",") if (part := each.strip().lower())}
    known = f"Kinds of change: {', '.join(ChangeKind)}."
    if words and not named:
        raise UsageError("--only names no kind of change", known)
    for name in sorted(named.difference(ChangeKind)):
        raise UsageError(
            f"--only: no kind of change {shortened(name)!r}", meant(name, ChangeKind) + known
        )
    return tuple(kind for kind in ChangeKind if kind in named or not named)


def _of_status(before: "Member | None", after: "Member | None") -> tuple[ChangeKind, ...]:
    was = before["join_status"] if before is not None else None
    now = after["join_status"] if after is not None else None
    if was == now:
        return ()
    once, today = (_STANDINGS.get(status, _Standing.OTHER) for status in (was, now))
    return _BY_STANDINGS[once][_TO[today]]


def _is_at_100(member: "Member") -> bool:
    """Whether a summary counts a member among those at 100 %."""
    return member["join_status"] == JoinStatus.JOINED and member["user_completion_rate"] == 100


def _fell_silent(before: "Member | None", after: "Member", silence: Silence) -> bool:
    rate = after["user_completion_rate"]
    if after["join_status"] != JoinStatus.JOINED or rate is None or rate >= 100:
        return False
    # Of who was not there before, when they joined says whether they could have been silent.
    once = after | {"last_active_at": None} if before is None else before
    return _is_silent(
        after["last_active_at"], after["joined_at"] or once["joined_at"], silence.after
    ) and not _is_silent(
        once["last_active_at"], once["joined_at"] or after["joined_at"], silence.before
    )


def _is_silent(last: Any, joined_at: Any, since: datetime) -> bool:
    """Whether somebody had joined by then, if it is known when, and was not active from then on."""
    edge = sortable(since)
    return (last is None or sortable(last) < edge) and (
        joined_at is None or sortable(joined_at) <= edge
    )


def _look(name: str | None) -> str:
    """Return what a name looks like: no name, an empty one, and one of blanks look alike."""
    return " ".join(normalize("NFC", printable(name or "")).translate(_UNSEEN).split())
