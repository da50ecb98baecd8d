"""What is different between two rosters of one course, member by member.

What each kind of change means stands in `coursectl.roster.definitions`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from coursectl.errors import UsageError
from coursectl.printable import shortened
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
        return _delta(self.was, self.now)

    @property
    def place(self) -> float | str:
        """Where it stands among changes of its kind, equals by id: the least first.

        The largest progress comes first, that from no rate last, and the longest silence first;
        else the id alone decides.
        """
        if self.kind is ChangeKind.PROGRESSED:
            delta = self.delta
            return 1 if delta is None else -delta
        if self.kind is ChangeKind.SILENT:
            last = self.member["last_active_at"]
            return "" if last is None else sortable(last)  # never comes before all others
        return 0

    def _told_of(self, member: "Member | None") -> Any:
        if member is None:
            return None
        match self.kind:
            case ChangeKind.JOINED | ChangeKind.LEFT | ChangeKind.MOVED:
                return member["join_status"]
            case ChangeKind.PROGRESSED | ChangeKind.REGRESSED | ChangeKind.COMPLETED:
                return member["user_completion_rate"]
            case ChangeKind.SILENT:
                return member["last_active_at"]
            case ChangeKind.RENAMED:
                return {key: member[key] for key in ("username", "real_name")}


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

    def __iter__(self) -> Iterator[Change]:
        """Give all changes, kind by kind. May raise CoursectlError."""
        return (
            change for kind, number in self.counts.items() if number for change in self.of(kind)
        )


def kinds_of(
    before: "Member | None", after: "Member | None", silence: Silence | None
) -> list[ChangeKind]:
    """Give what happened to a member; without `silence`, who fell silent is not told.

    Either member is None where that roster does not have them; moments are text as coursectl
    writes it.
    """
    if after is None:
        return [ChangeKind.LEFT]
    now = after["user_completion_rate"]
    if before is None:
        return [ChangeKind.JOINED] + [ChangeKind.COMPLETED] * (now == 100)
    kinds = []
    was = before["user_completion_rate"]
    if before["join_status"] != after["join_status"]:
        kinds.append(ChangeKind.MOVED)
    if now is not None and (was is None or now > was):
        kinds.append(ChangeKind.PROGRESSED)
    if was is not None and (now is None or now < was):
        kinds.append(ChangeKind.REGRESSED)
    if now == 100 != was:
        kinds.append(ChangeKind.COMPLETED)
    if silence is not None and _fell_silent(before, after, silence):
        kinds.append(ChangeKind.SILENT)
    if any(before[key] != after[key] for key in ("username", "real_name")):
        kinds.append(ChangeKind.RENAMED)
    return kinds


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


def _fell_silent(before: "Member", after: "Member", silence: Silence) -> bool:
    rate, last = after["user_completion_rate"], after["last_active_at"]
    return (
        after["join_status"] == JoinStatus.JOINED
        and rate is not None
        and rate < 100
        and before["last_active_at"] is not None
        and sortable(before["last_active_at"]) >= sortable(silence.before)
        and (last is None or sortable(last) < sortable(silence.after))
    )


def _delta(was: float | None, now: float | None) -> float | None:
    if was is None or now is None:
        return None
    delta = now - was
    # 33.3 less 12.5 is 20.8, and not what binary fractions make of it.
    return delta if isinstance(delta, int) else round(delta, 9) + 0
