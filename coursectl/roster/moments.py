"""Moments: AGE and WHEN, the two ways in which people say one, and how one is written.

AGE is a length of time back: `36h`, `30d`, `4w`, `6mo`, `1y`. WHEN is a date, an ISO 8601
date-time, or an AGE ago. A date is its first moment in UTC; a date-time without an offset is UTC.
"""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from coursectl.errors import UsageError

_AGE = re.compile(r"(\d{1,6})(h|d|w|mo|y)", re.ASCII)
_WHEN = re.compile(r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d.*)?", re.ASCII)


class Age(NamedTuple):
    """A length of time. Months are calendar months: `1mo` before 31 March is 28 February."""

    months: int = 0
    hours: int = 0

    def __str__(self) -> str:
        """Give the age as people write one."""
        if self.months:
            return f"{self.months}mo" if self.months % 12 else f"{self.months // 12}y"
        return f"{self.hours}h" if self.hours % 24 else f"{self.hours // 24}d"

    def before(self, moment: datetime) -> datetime:
        """Give the moment that lies this long before `moment`, or the earliest there is."""
        try:
            year, month = divmod(moment.year * 12 + moment.month - 1 - self.months, 12)
            day = min(moment.day, monthrange(year, month + 1)[1])
            earlier = moment.replace(year=year, month=month + 1, day=day)
            return earlier - timedelta(hours=self.hours)
        except (ValueError, OverflowError):
            return datetime.min.replace(tzinfo=UTC)


def parse_age(text: str) -> Age:
    """Read an AGE. Raises UsageError."""
    match = _AGE.fullmatch(text.strip().lower())
    if match is None:
        raise UsageError(f"{text!r} is not an age", "An age is 36h, 30d, 4w, 6mo or 1y.")
    number = int(match[1])
    match match[2]:
        case "mo":
            return Age(months=number)
        case "y":
            return Age(months=number * 12)
        case unit:
            return Age(hours=number * {"h": 1, "d": 24, "w": 7 * 24}[unit])


def parse_when(text: str) -> Age | datetime:
    """Read a WHEN: a moment in UTC, or the age that it lies back. Raises UsageError."""
    text = text.strip()
    if _AGE.fullmatch(text.lower()):
        return parse_age(text)
    try:
        if not _WHEN.fullmatch(text):
            raise ValueError
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is not a time",
            "A time is a date (2026-01-31), a date-time (2026-01-31T09:00Z) or an age ago (30d).",
        ) from None


def moment_of(when: Age | datetime, now: datetime) -> datetime:
    """Give the moment that a WHEN means at `now`."""
    return when.before(now) if isinstance(when, Age) else when


def written(moment: datetime | str) -> str:
    """Give a moment in UTC, or the text that it already is, as the text that all formats write."""
    return moment if isinstance(moment, str) else f"{sortable(moment)}Z"


def sortable(moment: datetime | str) -> str:
    """Give a moment in UTC as text that sorts by time, which is faster than date-times do."""
    if isinstance(moment, str):
        return moment[:-1]
    return moment.replace(tzinfo=None).isoformat()
