"""A roster in figures: who is in it, how far they have come, who is active, who needs a nudge.

What each figure means stands in `coursectl.roster.definitions`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import accumulate
from math import floor, fsum
from typing import TYPE_CHECKING, NamedTuple

from coursectl.roster.criteria import Batch, Roster
from coursectl.roster.join_status import JoinStatus
from coursectl.roster.moments import Age, sortable

if TYPE_CHECKING:
    from coursectl.roster.member import Member

COUNTED = frozenset[str | None]({JoinStatus.JOINED.value})
"""The statuses that figures count where nobody names others."""

INACTIVE = Age(hours=30 * 24)
"""How long somebody has to be silent to need a nudge, where nobody says otherwise."""

ACTIVITY_DAYS = (7, 30, 90)

OURS = "the same members"
"""What the counted members are called where the API's mean is of them, too."""

_TENTHS = 10


@dataclass(frozen=True, slots=True)
class Completion:
    """How far the counted members have come; rates and what is made of them in percent."""

    members: int
    """Counted members with a rate: those whom all below is of."""
    without_rate: int
    """Counted members without one."""
    mean: float | None
    lower_quartile: float | None
    median: float | None
    upper_quartile: float | None
    at_0: int
    at_100: int
    tenths: tuple[int, ...]
    """Ten counts, from 0 up to 10 %, to 90 up to and including 100 %."""


@dataclass(frozen=True, slots=True)
class Activity:
    """When the counted members were last active; within a span counts within all longer ones."""

    within: tuple[tuple[int, int], ...]
    """Days, and how many were active within them."""
    longer_ago: int
    never: int


@dataclass(frozen=True, slots=True)
class OwnMean:
    """What the API says of the course's completion, beside what its roster says."""

    rate: float
    """`avg_completion_rate`, percent."""
    difference: float | None
    """Ours less the API's, percentage points; None where we have none."""
    counts: str | None
    """Whose mean the API's figure is, as far as this roster tells; None if it is nobody's."""


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
    joins: Mapping[date, int]
    """How many of the counted joined in each week, by its Monday; weeks of nobody are left out."""
    inactive: Age
    nudges: int
    """How many need a nudge."""
    nudged: "tuple[Member, ...]"
    """Those who do, by longest silence, as many as were wanted.

    Their moments may be text as coursectl writes it.
    """
    own_mean: OwnMean | None
    """None where the API gives none."""
    is_whole: bool
    """Whether all members of the roster are among these."""
    invalid_rows: int = 0
    """Members who are not among them, since their rows are, or were, not valid."""
    incomplete: str | None = None
    """How it shows that other members are missing; None if the roster is whole."""


def nobody(_members: "list[Member]") -> None:
    """Take members, and do nothing with them."""


class Counting(NamedTuple):
    """How members are counted.

    Of `counted_statuses`, None is whatever is usual. Of those who need a nudge, the `most_nudged`
    who were silent longest are kept, or with None all.
    """

    inactive: Age = INACTIVE
    counted_statuses: frozenset[str | None] | None = None
    most_nudged: int | None = None

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
    never: int = 0
    joins: Counter[str] = field(default_factory=Counter)
    nudges: int = 0
    nudged: "list[Member]" = field(default_factory=list)

    def __post_init__(self) -> None:
        self._counted = self.counting.counted_statuses or COUNTED
        self._spans = [
            (days, sortable(Age(hours=24 * days).before(self.as_of))) for days in ACTIVITY_DAYS
        ]
        self._silent_since = sortable(self.counting.inactive.before(self.as_of))

    def take(self, members: "list[Member]") -> None:
        """Count members."""
        self.rates.update([(m["join_status"], m["user_completion_rate"]) for m in members])
        statuses = self._counted
        counted = [m for m in members if m["join_status"] in statuses]
        active = [sortable(t) for m in counted if (t := m["last_active_at"]) is not None]
        self.never += len(counted) - len(active)
        for days, since in self._spans:
            self.active[days] += sum([t >= since for t in active])
        self.joins.update([sortable(t)[:10] for m in counted if (t := m["joined_at"])])
        since = self._silent_since
        silent = [
            m
            for m in members
            if m["join_status"] == "joined"
            and (r := m["user_completion_rate"]) is not None
            and r < 100
            and ((t := m["last_active_at"]) is None or sortable(t) < since)
        ]
        self.nudges += len(silent)
        self._keep(silent)

    def add(self, other: "Tally") -> None:
        """Count those whom another tally has counted in the same way."""
        self.rates.update(other.rates)
        self.active.update(other.active)
        self.never += other.never
        self.joins.update(other.joins)
        self.nudges += other.nudges
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
                self.nudged = sorted(self.nudged, key=_silence)[:most]

    def summary(
        self,
        *,
        course: str,
        course_id: int | None = None,
        community: str | None = None,
        fetched_at: datetime | None = None,
        own_mean: float | None = None,
        is_whole: bool = True,
    ) -> Summary:
        """Give the figures of all members taken.

        `own_mean` is the API's `avg_completion_rate`; whose mean it is can be told only if the
        members taken are the whole roster.
        """
        by_status: Counter[str | None] = Counter()
        for (status, _), number in self.rates.items():
            by_status[status] += number
        rates = self._rates_of(self._counted)
        completion = _completion(rates)
        counted = rates.total()
        active = tuple((days, self.active[days]) for days in ACTIVITY_DAYS)
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
            activity=Activity(active, counted - self.never - active[-1][1], self.never),
            joins=self._weeks(),
            inactive=self.counting.inactive,
            nudges=self.nudges,
            nudged=tuple(sorted(self.nudged, key=_silence)[: self.counting.most_nudged]),
            own_mean=None
            if own_mean is None
            else OwnMean(
                own_mean,
                None if completion.mean is None else round(completion.mean - own_mean, 9) + 0,
                self._whose(own_mean) if is_whole else None,
            ),
            is_whole=is_whole,
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

    def _whose(self, own_mean: float) -> str | None:
        """Say whose mean the API may have given, if all who fit have the same; the first of them.

        Who has its very mean fits better than who has it once it is rounded.
        """
        groups: tuple[tuple[str, frozenset[str | None] | None], ...] = (
            (OURS, self._counted),
            ("the joined", COUNTED),
            ("the joined and the managers", COUNTED | {JoinStatus.MANAGER.value}),
            (
                "the joined, the managers and the creator",
                COUNTED | {JoinStatus.MANAGER.value, JoinStatus.CREATOR.value},
            ),
            ("everybody in the roster", None),
        )
        tried = [
            (name + addition, _mean(rates))
            for addition, missing in (("", None), (", no rate taken for 0", 0.0))
            for name, statuses in groups
            for rates in [_with_missing(self._rates_of(statuses), missing)]
        ]
        fits = [
            (round(mean, 9), name)
            for name, mean in tried
            if mean is not None and _is_rounded(mean, own_mean)
        ]
        exact = [fit for fit in fits if fit[0] == round(own_mean, 9)]
        means = {mean for mean, _ in exact or fits}
        return (exact or fits)[0][1] if len(means) == 1 else None


class Tallied(Batch):
    """Members who have been counted, and are not here themselves."""

    __slots__ = ("tally",)

    def __init__(self, roster: Roster, tally: Tally) -> None:
        super().__init__(roster, [])
        self.tally = tally

    def __len__(self) -> int:
        return self.tally.members


def _completion(counts: Counter[float | None]) -> Completion:
    rates = sorted((rate, number) for rate, number in counts.items() if rate is not None)
    tenths = [0] * _TENTHS
    for rate, number in rates:
        tenths[min(int(rate // _TENTHS), _TENTHS - 1)] += number
    return Completion(
        members=sum(number for _, number in rates),
        without_rate=counts[None],
        mean=_mean(counts),
        lower_quartile=_quantile(rates, 0.25),
        median=_quantile(rates, 0.5),
        upper_quartile=_quantile(rates, 0.75),
        at_0=counts[0],
        at_100=counts[100],
        tenths=tuple(tenths),
    )


def _mean(counts: Counter[float | None]) -> float | None:
    rates = [(rate, number) for rate, number in counts.items() if rate is not None]
    if not rates:
        return None
    mean = fsum(rate * number for rate, number in rates) / sum(number for _, number in rates)
    # Of equal rates, a rounding error must not make the mean another one.
    return min(max(mean, min(rates)[0]), max(rates)[0])


def _quantile(rates: list[tuple[float, int]], part: float) -> float | None:
    """Give the rate below which a part of all lies, between two of them in proportion."""
    if not rates:
        return None
    ends = list(accumulate(number for _, number in rates))
    place = part * (ends[-1] - 1)
    below = floor(place)

    def at(place: int) -> float:
        return next(rate for (rate, _), end in zip(rates, ends, strict=True) if place < end)

    low = at(below)
    share = place - below
    return low + (at(below + 1) - low) * share if share else low


def _with_missing(counts: Counter[float | None], taken_for: float | None) -> Counter[float | None]:
    """Give counts in which those without a rate have the one given, if one is."""
    if taken_for is None or not counts[None]:
        return counts
    filled = Counter(counts)
    filled[taken_for] += filled.pop(None, 0)
    return filled


def _is_rounded(mean: float, to: float) -> bool:
    """Whether a mean may have been rounded, or cut off, to another number."""
    decimals = len(f"{to:.6f}".rstrip("0").rpartition(".")[2])
    step = 10.0**-decimals
    return abs(mean - to) <= step / 2 + 1e-9 or 0 <= mean - to < step


def _rank(status: str | None) -> tuple[int, str]:
    """Order statuses as the API documents them, then others by name, and none last."""
    known = list(map(str, JoinStatus))
    if status is None:
        return len(known) + 1, ""
    return (known.index(status), "") if status in known else (len(known), status)


def _silence(member: "Member") -> tuple[bool, str, int]:
    """Order by longest silence: never active, by when they joined; then by the last lesson."""
    last = member["last_active_at"]
    if last is not None:
        return True, sortable(last), member["id"]
    joined_at = member["joined_at"]
    return False, "never" if joined_at is None else sortable(joined_at), member["id"]
