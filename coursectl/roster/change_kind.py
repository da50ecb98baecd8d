"""What can happen to a member between two rosters, by name."""

from enum import StrEnum


class ChangeKind(StrEnum):
    """What can happen to a member between two rosters, in the order in which it is told."""

    JOINED = "joined"
    LEFT = "left"
    INVITED = "invited"
    REQUESTED = "requested"
    WITHDRAWN = "withdrawn"
    MOVED = "moved"
    PROGRESSED = "progressed"
    REGRESSED = "regressed"
    COMPLETED = "completed"
    SILENT = "silent"
    RENAMED = "renamed"


OF_WHO_CAME = (
    ChangeKind.JOINED,
    ChangeKind.INVITED,
    ChangeKind.REQUESTED,
    ChangeKind.COMPLETED,
)
"""What cannot be told where somebody may be missing from the first roster."""

OF_WHO_WENT = (ChangeKind.LEFT, ChangeKind.WITHDRAWN)
"""What cannot be told where somebody may be missing from the second roster."""
