"""Each column, declared once: its key, its header, what it holds, and how a person reads it.

The keys are the API's own field names, and `course`. Every format, `--help` and the completions
take their columns from here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from coursectl.errors import UsageError


class Kind(Enum):
    """What a column holds, which is how it is aligned, coloured and defused."""

    NUMBER = auto()
    TEXT = auto()
    STATUS = auto()
    PERCENT = auto()
    ACTIVITY = auto()
    DATE = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `null` is what a person reads for a null; machines read null, or nothing."""

    key: str
    header: str
    kind: Kind
    null: str = "-"

    @property
    def is_free_text(self) -> bool:
        """Whether a member, or whoever named the course, chose what stands in it."""
        return self.kind in (Kind.TEXT, Kind.STATUS)


COURSE = Column("course", "Course", Kind.TEXT)

MEMBER = (
    Column("id", "ID", Kind.NUMBER),
    Column("username", "Username", Kind.TEXT),
    Column("real_name", "Name", Kind.TEXT),
    Column("avatar", "Avatar", Kind.TEXT),
    Column("join_status", "Status", Kind.STATUS, null="none"),
    Column("user_completion_rate", "Completion", Kind.PERCENT),
    Column("last_active_at", "Last active", Kind.ACTIVITY, null="never"),
    Column("joined_at", "Joined", Kind.DATE, null="not joined"),
)
"""The eight documented fields, in the documented order."""

_BY_KEY = {column.key: column for column in (COURSE, *MEMBER)}

COLUMN_KEYS = tuple(_BY_KEY)


def default_columns(*, several: bool, readable: bool) -> tuple[Column, ...]:
    """Give the columns of an answer for which none were named.

    With `several` courses, theirs leads. A `readable` format leaves out the avatar, a long URL.
    """
    member = tuple(column for column in MEMBER if not (readable and column.key == "avatar"))
    return (COURSE, *member) if several else member


def parse_columns(words: Iterable[str]) -> tuple[Column, ...]:
    """Read `--columns`: keys with commas between, in the order wanted. Raises UsageError."""
    words = tuple(words)
    keys = [key for word in words for part in word.split(",") if (key := part.strip())]
    if words and not keys:
        raise UsageError("--columns names no column", f"Columns: {', '.join(COLUMN_KEYS)}.")
    for key in keys:
        if key not in _BY_KEY:
            raise UsageError(f"no column {key!r}", f"Columns: {', '.join(COLUMN_KEYS)}.")
    if len(set(keys)) < len(keys):
        raise UsageError("--columns names a column twice", "Name each once.")
    return tuple(_BY_KEY[key] for key in keys)
