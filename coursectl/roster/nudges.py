"""Who needs a nudge, of which kind, and in what order.

Moments of members may be text as coursectl writes it.
"""

from collections import Counter
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from coursectl.roster.moments import sortable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coursectl.roster.member import Member

NEARLY_DONE = 80
"""Percent from which on somebody is nearly done."""


class NudgeKind(StrEnum):
    """Why somebody needs a nudge; each has one."""

    NEVER_BEGAN = "never_began"
    """No lesson was ever completed."""
    STALLED = "stalled"
    """The last lesson was completed long ago."""
    NEARLY_DONE = "nearly_done"
    """Little is left to do."""

    @classmethod
    def of(cls, member: "Member") -> "NudgeKind":
        """Return the kind of a member who needs a nudge."""
        if (member["user_completion_rate"] or 0) >= NEARLY_DONE:
            return cls.NEARLY_DONE
        return cls.NEVER_BEGAN if member["last_active_at"] is None else cls.STALLED


def under_way(members: "Iterable[Member]") -> "list[Member]":
    """Return those who joined and are under 100 %."""
    return [
        m
        for m in members
        if m["join_status"] == "joined" and (r := m["user_completion_rate"]) is not None and r < 100
    ]


def silent_since(
    members: "Iterable[Member]",
    since: datetime | str,
    cut: "Callable[[Any], str]" = sortable,
) -> "list[Member]":
    """Return those who were members at a moment, and completed no lesson then or later.

    The moment is a datetime in UTC, or text as `sortable` gives it. Somebody without `joined_at`
    was a member if a lesson was completed before.
    """
    if isinstance(since, datetime):
        since = sortable(since)
    quiet = [m for m in members if (t := m["last_active_at"]) is None or cut(t) < since]
    return [
        m
        for m in quiet
        if (t := m["joined_at"] or m["last_active_at"]) is not None and cut(t) <= since
    ]


def silence(member: "Member") -> tuple[str, int]:
    """Return a key that puts the longest silence first: since the last lesson, or else joining."""
    since = member["last_active_at"] or member["joined_at"]
    return "" if since is None else sortable(since), member["id"]


def kinds_of(members: "list[Member]") -> "Counter[NudgeKind]":
    """Count the kinds of members who need a nudge."""
    others = [m for m in members if (m["user_completion_rate"] or 0) < NEARLY_DONE]
    never = sum([m["last_active_at"] is None for m in others])
    return Counter(
        {
            NudgeKind.NEVER_BEGAN: never,
            NudgeKind.STALLED: len(others) - never,
            NudgeKind.NEARLY_DONE: len(members) - len(others),
        }
    )
