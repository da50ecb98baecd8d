"""Each column, declared once: its key, its header, what it holds, and how a person reads it.

The keys are the API's own field names, and `course` and `role`. Every format, `--help` and the
completions take their columns from here.
"""

from collections.abc import Iterable
from enum import Enum, auto
from typing import NamedTuple

from coursectl.errors import UsageError


class Kind(Enum):
    """What a column holds, which is how it is aligned, coloured and defused."""

    NUMBER = auto()
    TEXT = auto()
    STATUS = auto()
    PERCENT = auto()
    POINTS = auto()
    """By how many percentage points a percentage rose, or fell."""
    ACTIVITY = auto()
    DATE = auto()
    MIXED = auto()
    """A percentage, a date-time or text, as each value is."""


class Column(NamedTuple):
    """One column. `null` is what a person reads for a null; machines read null, or nothing.

    `empty` is what a person reads for empty text. Where a table has no room for all columns, the
    one that `folds` first goes first; one that does not fold stays.
    """

    key: str
    header: str
    kind: Kind
    null: str = "-"
    empty: str = ""
    folds: int | None = None

    @property
    def is_free_text(self) -> bool:
        """Whether a member, whoever made the course, or the server chose what stands in it."""
        return self.kind in (Kind.TEXT, Kind.STATUS)


COURSE = Column("course", "Course", Kind.TEXT)

MEMBER = (
    Column("id", "ID", Kind.NUMBER, folds=2),
    Column("username", "Username", Kind.TEXT, folds=3),
    Column("real_name", "Name", Kind.TEXT),
    Column("avatar", "Avatar", Kind.TEXT, folds=1),
    Column("join_status", "Status", Kind.STATUS, null="none", folds=6),
    Column("user_completion_rate", "Completion", Kind.PERCENT),
    Column("last_active_at", "Last active", Kind.ACTIVITY, null="never", folds=5),
    Column("joined_at", "Joined", Kind.DATE, null="not joined", folds=4),
)
"""The eight documented fields, in the documented order."""

MEMBER_COLUMNS = (COURSE, *MEMBER)
"""All that can be shown of members."""

COURSE_COLUMNS = (
    Column("id", "ID", Kind.NUMBER),
    Column("name", "Name", Kind.TEXT),
    Column("slug", "Slug", Kind.TEXT, folds=1),
    Column("type", "Type", Kind.TEXT, folds=2),
    Column("privacy", "Privacy", Kind.TEXT, empty="draft", folds=4),
    Column("role", "Role", Kind.STATUS, folds=5),
    Column("created_at", "Created", Kind.DATE, folds=3),
)
"""All that can be shown of courses."""

_LACKING = (
    Column("invalid_rows", "Invalid rows", Kind.NUMBER),
    Column("incomplete", "Incomplete", Kind.TEXT),
)
"""What says that figures are not of all members."""

TREND_COLUMNS = (
    COURSE,
    Column("course_id", "Course ID", Kind.NUMBER),
    Column("community", "Community", Kind.TEXT),
    Column("fetched_at", "Fetched", Kind.DATE),
    Column("members", "Members", Kind.NUMBER, folds=3),
    Column("counted", "Counted", Kind.NUMBER, folds=1),
    Column("mean", "Mean completion", Kind.PERCENT),
    Column("active_30", "Active 30 days", Kind.NUMBER, folds=2),
    Column("completed", "Completed", Kind.NUMBER, folds=4),
    *_LACKING,
)
"""All that can be shown of exports over time."""

CHANGE_COLUMNS = (
    Column("change", "Change", Kind.TEXT),
    *(column for column in MEMBER if column.key in ("id", "username", "real_name", "join_status")),
    Column("from", "From", Kind.TEXT),
    Column("to", "To", Kind.TEXT),
    Column("delta", "Delta", Kind.POINTS),
)
"""All that a row of changes holds."""

SUMMARY_COLUMNS = (
    COURSE,
    Column("course_id", "Course ID", Kind.NUMBER),
    Column("community", "Community", Kind.TEXT),
    Column("fetched_at", "Fetched", Kind.DATE),
    Column("as_of", "As of", Kind.DATE),
    Column("members", "Members", Kind.NUMBER),
    Column("creator", "Creator", Kind.NUMBER),
    Column("manager", "Manager", Kind.NUMBER),
    Column("joined", "Joined", Kind.NUMBER, folds=1),
    Column("invited", "Invited", Kind.NUMBER),
    Column("requested", "Requested", Kind.NUMBER),
    Column("other_status", "Other status", Kind.NUMBER),
    Column("no_status", "No status", Kind.NUMBER),
    Column("counted", "Counted", Kind.NUMBER),
    Column("without_rate", "Without a rate", Kind.NUMBER),
    Column("mean", "Mean completion", Kind.PERCENT),
    Column("lower_quartile", "Lower quartile", Kind.PERCENT),
    Column("median", "Median", Kind.PERCENT, folds=3),
    Column("upper_quartile", "Upper quartile", Kind.PERCENT),
    Column("at_0", "At 0%", Kind.NUMBER),
    Column("at_100", "At 100%", Kind.NUMBER, folds=4),
    *(
        Column(f"tenth_{start}", f"{start} to {start + 10}%", Kind.NUMBER)
        for start in range(0, 100, 10)
    ),
    Column("active_7", "Active in 7 days", Kind.NUMBER),
    Column("active_30", "Active in 30 days", Kind.NUMBER, folds=5),
    Column("active_90", "Active in 90 days", Kind.NUMBER),
    Column("longer_ago", "Active longer ago", Kind.NUMBER),
    Column("never_active", "Never active", Kind.NUMBER, folds=2),
    Column("nudge", "Need a nudge", Kind.NUMBER),
    Column("own_mean", "avg_completion_rate", Kind.PERCENT),
    Column("course_type", "Type", Kind.TEXT),
    Column("from_90_under_100", "90 to under 100%", Kind.NUMBER),
    Column("active_8_to_30", "Active 8 to 30 days ago", Kind.NUMBER),
    Column("active_31_to_90", "Active 31 to 90 days ago", Kind.NUMBER),
    Column("activity_not_known", "Activity not known", Kind.NUMBER),
    Column("not_done", "Under 100%", Kind.NUMBER),
    *(
        Column(f"not_done_active_{days}", f"Of these active in {days} days", Kind.NUMBER)
        for days in (7, 30, 90)
    ),
    Column("nudge_never_began", "Never began", Kind.NUMBER),
    Column("nudge_stalled", "Stalled", Kind.NUMBER),
    Column("nudge_nearly_done", "Nearly done", Kind.NUMBER),
    Column("nudge_not_known", "Nudge not known", Kind.NUMBER),
    *_LACKING,
)
"""All that a row of a summary holds."""

_SHOWN_OF_SUMMARY = (
    "course",
    "as_of",
    "members",
    "joined",
    "mean",
    "median",
    "at_100",
    "active_30",
    "never_active",
    "nudge",
)

COLUMN_KEYS = tuple(column.key for column in MEMBER_COLUMNS)
COURSE_COLUMN_KEYS = tuple(column.key for column in COURSE_COLUMNS)
TREND_COLUMN_KEYS = tuple(column.key for column in TREND_COLUMNS)


def default_columns(*, several: bool, readable: bool) -> tuple[Column, ...]:
    """Give the columns of an answer for which none were named.

    With `several` courses, theirs leads. A `readable` format leaves out the avatar, a long URL.
    """
    member = tuple(column for column in MEMBER if not (readable and column.key == "avatar"))
    return (COURSE, *member) if several else member


def summary_columns(*, readable: bool) -> tuple[Column, ...]:
    """Give the columns of summaries, a row a course; a `readable` format has the main ones."""
    if not readable:
        return SUMMARY_COLUMNS
    return tuple(column for column in SUMMARY_COLUMNS if column.key in _SHOWN_OF_SUMMARY)


def parse_columns(words: Iterable[str], among: tuple[Column, ...]) -> tuple[Column, ...]:
    """Read `--columns`: keys with commas between, in the order wanted. Raises UsageError."""
    words = tuple(words)
    by_key = {column.key: column for column in among}
    known = f"Columns: {', '.join(by_key)}."
    keys = [key for word in words for part in word.split(",") if (key := part.strip())]
    if words and not keys:
        raise UsageError("--columns names no column", known)
    for key in keys:
        if key not in by_key:
            raise UsageError(f"no column {key!r}", known)
    if len(set(keys)) < len(keys):
        raise UsageError("--columns names a column twice", "Name each once.")
    return tuple(by_key[key] for key in keys)
