"""A roster in figures: who is in it, how far they have come, who is active, who needs a nudge.

What each figure means stands in `coursectl.roster.definitions`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from coursectl.roster.criteria import Batch, Roster
from coursectl.roster.figures import Completion
from coursectl.roster.join_status import JoinStatus
from coursectl.roster.moments import Age, sortable
from coursectl.roster.nudges import NudgeKind, kinds_of, silence, silent_since, under_way
from coursectl.roster.own_mean import COUNTED, OwnMean

if TYPE_CHECKING:
    from coursectl.roster.member import Member

INACTIVE = Age(hours=30 * 24)
"""How long somebody has to be silent to need a nudge, where nobody says otherwise."""

ACTIVITY_DAYS = (7, 30, 90)

_NEVER, _LATER = 0, -1
"""Under which those are counted who were never active, and those who were only later."""


@dataclass(frozen=True, slots=True)
class Activity:
    """When some members were last active; within a span counts within all longer ones."""

    within: tuple[tuple[int, int], ...]
    """Days, and how many were active within them."""
    longer_ago: int
    never: int
    not_known: int = 0
    """How many were active later than the moment that ages are measured from.

    When they were active before that is not known.
    """

    @property
    def bands(self) -> dict[str, int]:
        """How many were last active when, by name: each of the members is in one of these."""
        bands, before = {}, (0, 0)
        for days, number in self.within:
            name = f"days_{before[0] + 1}_to_{days}" if before[0] else f"within_{days}_days"
            bands[name] = number - before[1]
            before = days, number
        return bands | {
            "longer_ago": self.longer_ago,
            "never": self.never,
            "not_known": self.not_known,
        }


@dataclass(frozen=True, slots=True)
class Nudges:
    """Who needs a nudge."""

    members: int
    """How many do."""
    by_kind: Mapping[NudgeKind, int]
    """How many of each kind; each of them is of one."""
    not_known: int
    """Those who joined and are under 100 % of whom is not known whether they were silent."""
    people: "tuple[Member, ...]"
    """Those who do, by longest silence, as many as were wanted.

    Their moments may be text as coursectl writes it.
    """


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of one roster."""

    course: str
    """The course's name, or what the roster was asked for by."""
    course_id: int | None
    community: str | None
    fetched_at: datetime | None
    """When the roster was fetched, UTC, where that is known."""
    as_of: datetime
    """The moment, UTC, from which ages are measured."""
    members: int
    by_status: Mapping[str | None, int]
    """How many have each status: the documented ones first, others, and none last."""
    counted: int
    """Those that the figures below are of."""
    counted_statuses: tuple[str | None, ...]
    completion: Completion
    activity: Activity
    not_done: Activity
    """The same of those of them who have a rate under 100 %."""
    joins: Mapping[date, int]
    """How many of the counted joined in each week, by its Monday; weeks of nobody are left out."""
    inactive: Age
    nudges: Nudges
    own_mean: OwnMean | None
    """None where the API gives none."""
    is_whole: bool
    """Whether all members of the roster are among these."""
    invalid_rows: int = 0
    """Members who are not among them, since their rows are, or were, not valid."""
    incomplete: str | None = None
    """How it shows that other members are missing; None if the roster is whole."""
    course_type: str | None = None
    """Whether, and how, the course opens over time, as the API says it."""

    @property
    def opens_over_time(self) -> bool | None:
        """Whether the course opens over time; None where that is not known.

        There, who has done all that is open needs no nudge, and of whom that holds no roster tells.
        """
        if self.course_type == "self-paced":
            return False
        return True if self.course_type in ("structured", "scheduled") else None

    @property
    def unfinished_week(self) -> date:
        """The Monday of the week that is not over yet."""
        today = self.as_of.date()
        return date.fromordinal(max(today.toordinal() - today.weekday(), 1))


def nobody(_members: "list[Member]") -> None:
    """Take members, and do nothing with them."""


class Counting(NamedTuple):
    """How members are counted.

    Of `counted_statuses`, None is whatever is usual. Of those who need a nudge, the `most_nudged`
    who were silent longest are kept, or with None all. With `in_hindsight`, the roster was fetched
    later than the moment that ages are measured from: whoever was active later may have been
    active before that moment, or not.
    """

    inactive: Age = INACTIVE
    counted_statuses: frozenset[str | None] | None = None
    most_nudged: int | None = None
    in_hindsight: bool = False

    def tally(
        self,
        batches: "Iterable[Batch]",
        also: "Callable[[list[Member]], object]" = nobody,
    ) -> "Tally | None":
        """Count members as they come, and give them to `also`; None if there are no batches."""
        tally: Tally | None = None
        for batch in batches:
            tally = tally or Tally(batch.as_of, self)
            if isinstance(batch, Tallied):
                tally.add(batch.tally)
            else:
                tally.take(batch.members)
                also(batch.members)
        return tally


USUAL = Counting()


@dataclass
class Tally:
    """Counts that grow as members come, and a `Summary` in the end.

    Moments may be text as coursectl writes it.
    """

    as_of: datetime
    counting: Counting = USUAL
    rates: Counter[tuple[str | None, float | None]] = field(default_factory=Counter)
    active: Counter[int] = field(default_factory=Counter)
    open: Counter[int] = field(default_factory=Counter)
    joins: Counter[str] = field(default_factory=Counter)
    kinds: Counter[NudgeKind] = field(default_factory=Counter)
    undated: int = 0
    nudged: "list[Member]" = field(default_factory=list)

    def __post_init__(self) -> None:
        self._counted = self.counting.counted_statuses or COUNTED
        self._spans = [
            (days, sortable(Age(hours=24 * days).before(self.as_of))) for days in ACTIVITY_DAYS
        ]
        self._silent_since = sortable(self.counting.inactive.before(self.as_of))
        self._as_of = sortable(self.as_of)

    def take(self, members: "list[Member]") -> None:
        """Count members."""
        self.rates.update([(m["join_status"], m["user_completion_rate"]) for m in members])
        statuses = self._counted
        counted = [m for m in members if m["join_status"] in statuses]
        not_done = [m for m in counted if (r := m["user_completion_rate"]) is not None and r < 100]
        cut = _cut(members)
        self._count_active(self.active, counted, cut)
        self._count_active(self.open, not_done, cut)
        self.joins.update([cut(t)[:10] for m in counted if (t := m["joined_at"])])
        candidates = not_done if statuses == COUNTED else under_way(members)
        silent = silent_since(candidates, self._silent_since, cut)
        self.kinds.update(kinds_of(silent))
        self.undated += self._of_unknown_silence(candidates)
        self._keep(silent)

    def _count_active(
        self, active: Counter[int], members: "list[Member]", cut: "Callable[[Any], str]"
    ) -> None:
        """Count when members were last active: under so many days, `_NEVER` or `_LATER`."""
        moments = [cut(t) for m in members if (t := m["last_active_at"]) is not None]
        active[_NEVER] += len(members) - len(moments)
        if self.counting.in_hindsight:
            known = [t for t in moments if t <= self._as_of]
            active[_LATER] += len(moments) - len(known)
            moments = known
        for days, since in reversed(self._spans):  # the longest first: all others lie in it
            moments = [t for t in moments if t >= since]
            active[days] += len(moments)

    def _of_unknown_silence(self, members: "list[Member]") -> int:
        """Count those of whom it cannot be told whether they were silent."""
        never = [m for m in members if m["last_active_at"] is None]
        unknown = sum([m["joined_at"] is None for m in never])
        if self.counting.in_hindsight:
            unknown += sum(
                [
                    (t := m["last_active_at"]) is not None
                    and sortable(t) > self._as_of
                    and ((j := m["joined_at"]) is None or sortable(j) <= self._silent_since)
                    for m in members
                ]
            )
        return unknown

    def add(self, other: "Tally") -> None:
        """Count those whom another tally has counted in the same way."""
        self.rates.update(other.rates)
        self.active.update(other.active)
        self.open.update(other.open)
        self.joins.update(other.joins)
        self.kinds.update(other.kinds)
        self.undated += other.undated
        self._keep(other.nudged)

    @property
    def members(self) -> int:
        """How many have been counted."""
        return self.rates.total()

    def _keep(self, silent: "list[Member]") -> None:
        most = self.counting.most_nudged
        if most != 0:
            self.nudged += silent
            if most is not None and len(self.nudged) > max(4 * most, 1_000):
                self.nudged = sorted(self.nudged, key=silence)[:most]

    def summary(
        self,
        *,
        course: str,
        course_id: int | None = None,
        community: str | None = None,
        fetched_at: datetime | None = None,
        own_mean: float | None = None,
        is_whole: bool = True,
        course_type: str | None = None,
    ) -> Summary:
        """Give the figures of all members taken.

        `own_mean` is the API's `avg_completion_rate`; whose mean it is can be told only if the
        members taken are the whole roster.
        """
        by_status: Counter[str | None] = Counter()
        for (status, _), number in self.rates.items():
            by_status[status] += number
        rates = self._rates_of(self._counted)
        completion = Completion.of(rates)
        counted = rates.total()
        own = None
        if own_mean is not None:
            own = OwnMean(own_mean, None, None)
            if is_whole:
                own = OwnMean.beside(own_mean, self._counted, self._rates_of)
        return Summary(
            course=course,
            course_id=course_id,
            community=community,
            fetched_at=fetched_at,
            as_of=self.as_of,
            members=by_status.total(),
            by_status={status: by_status[status] for status in sorted(by_status, key=_rank)},
            counted=counted,
            counted_statuses=tuple(sorted(self._counted, key=_rank)),
            completion=completion,
            activity=_activity(self.active, counted),
            not_done=_activity(self.open, completion.not_done),
            joins=self._weeks(),
            inactive=self.counting.inactive,
            nudges=Nudges(
                self.kinds.total(),
                {kind: self.kinds[kind] for kind in NudgeKind},
                self.undated,
                tuple(sorted(self.nudged, key=silence)[: self.counting.most_nudged]),
            ),
            own_mean=own,
            is_whole=is_whole,
            course_type=course_type,
        )

    def _weeks(self) -> dict[date, int]:
        """Count joins by the Monday of their week."""
        weeks: Counter[date] = Counter()
        for text, number in self.joins.items():
            day = date.fromisoformat(text)
            weeks[date.fromordinal(day.toordinal() - day.weekday())] += number
        return {monday: weeks[monday] for monday in sorted(weeks)}

    def _rates_of(self, statuses: Iterable[str | None] | None) -> Counter[float | None]:
        """Count rates among members with these statuses, or among all of them."""
        found: Counter[float | None] = Counter()
        wanted = None if statuses is None else frozenset(statuses)
        for (status, rate), number in self.rates.items():
            if wanted is None or status in wanted:
                found[rate] += number
        return found


class Tallied(Batch):
    """Members who have been counted, and are not here themselves."""

    __slots__ = ("tally",)

    def __init__(self, roster: Roster, tally: Tally) -> None:
        super().__init__(roster, [])
        self.tally = tally

    def __len__(self) -> int:
        return self.tally.members


_AS_TEXT = itemgetter(slice(None, -1))
"""The same as `sortable` does to text, in half the time."""


def _cut(members: "list[Member]") -> "Callable[[Any], str]":
    """Give what makes moments of these members sortable, which are all text, or all datetimes."""
    moments = (m["joined_at"] or m["last_active_at"] for m in members)
    first = next((moment for moment in moments if moment is not None), None)
    return _AS_TEXT if isinstance(first, str) else sortable


def _activity(active: Counter[int], members: int) -> Activity:
    """Give how many of some members were active when."""
    within = tuple((days, active[days]) for days in ACTIVITY_DAYS)
    never, later = active[_NEVER], active[_LATER]
    return Activity(within, members - never - later - within[-1][1], never, later)


def _rank(status: str | None) -> tuple[int, str]:
    """Order statuses as the API documents them, then others by name, and none last."""
    known = list(map(str, JoinStatus))
    if status is None:
        return len(known) + 1, ""
    return (known.index(status), "") if status in known else (len(known), status)
