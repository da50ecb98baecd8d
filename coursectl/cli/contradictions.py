"""Selection options that nobody can meet, which is a mistake and no empty answer."""

from datetime import UTC, datetime

from coursectl.errors import UsageError
from coursectl.roster.criteria import Criteria
from coursectl.roster.join_status import JoinStatus
from coursectl.roster.moments import Age, moment_of

_NOBODY = "Nobody can be both."

_MONTH = 28 * 24, 31 * 24
"""Hours that a calendar month may have."""


def refuse_contradictions(criteria: Criteria, as_of: Age | datetime | None) -> None:
    """Raise UsageError, which names the options, for criteria that no member can meet."""
    least, most = criteria.min_completion, criteria.max_completion
    if least is not None and most is not None and least > most:
        raise UsageError(
            f"--min-completion {least:g} is more than --max-completion {most:g}",
            "No member can be in between.",
        )
    active, inactive = criteria.active, criteria.inactive
    if active and criteria.never_active:
        raise UsageError(f"--active {active} and --never-active contradict each other", _NOBODY)
    if active and inactive and _is_within(active, inactive):
        raise UsageError(
            f"--active {active} and --inactive {inactive} contradict each other",
            f"{_NOBODY} Active within 30d and not within 7d is --active 30d --inactive 7d.",
        )
    after, before = criteria.joined_after, criteria.joined_before
    if after is not None and before is not None and _is_reversed(after, before, as_of):
        raise UsageError(
            f"--joined-after {_told(after)} is not before --joined-before {_told(before)}",
            "Nobody can have joined in between: swap them.",
        )
    if criteria.needs_nudge:
        _refuse_what_needs_no_nudge(criteria, criteria.needs_nudge, as_of)
    if isinstance(after, datetime) and isinstance(as_of, datetime) and after > as_of:
        raise UsageError(
            f"--joined-after {_told(after)} is later than --as-of {_told(as_of)}",
            "Who joined later than --as-of is left out.",
        )


def _refuse_what_needs_no_nudge(
    criteria: Criteria, silent: Age, as_of: Age | datetime | None
) -> None:
    """Raise UsageError for what nobody can be who needs a nudge after an age."""
    nudge = f"--needs-nudge {silent}"
    active, after = criteria.active, criteria.joined_after
    if criteria.statuses is not None and JoinStatus.JOINED not in criteria.statuses:
        raise UsageError(
            f"{nudge} and this --status contradict each other",
            "Nobody needs a nudge but who joined: leave out --status.",
        )
    if criteria.min_completion == 100:
        raise UsageError(
            f"{nudge} and --min-completion 100 contradict each other",
            "Nobody needs a nudge who is done.",
        )
    if active and _is_within(active, silent):
        raise UsageError(f"{nudge} and --active {active} contradict each other", _NOBODY)
    if after is not None and after != silent and _is_reversed(after, silent, as_of):
        raise UsageError(
            f"{nudge} and --joined-after {_told(after)} contradict each other",
            f"Nobody needs a nudge who joined within {silent}.",
        )


def _is_within(one: Age, other: Age) -> bool:
    """Return whether an age is no longer than another, whatever months it is measured in."""
    if one.months == other.months or one.hours == other.hours:
        return one <= other
    longest = one.hours + one.months * _MONTH[1]
    return longest <= other.hours + other.months * _MONTH[0]


def _is_reversed(
    after: Age | datetime, before: Age | datetime, as_of: Age | datetime | None
) -> bool:
    """Return whether the first of two moments is not before the second, as far as can be told."""
    if isinstance(after, Age) and isinstance(before, Age):
        return _is_within(after, before)
    if isinstance(after, Age) and as_of is None:
        return False  # a roster may be older than any date
    now = datetime.now(UTC)
    now = now if as_of is None else moment_of(as_of, now)
    return moment_of(after, now) >= moment_of(before, now)


def _told(when: Age | datetime) -> str:
    if isinstance(when, Age):
        return str(when)
    is_date = when.time() == datetime.min.time()
    return f"{when:%Y-%m-%d}" if is_date else f"{when:%Y-%m-%dT%H:%M:%SZ}"
