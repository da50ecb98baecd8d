"""What can happen to a member between two rosters, by name."""

from enum import StrEnum


class ChangeKind(StrEnum):
    """What can happen to a member between two rosters, in the order in which it is told."""

    JOINED = "joined"
    LEFT = "left"
    MOVED = "moved"
    PROGRESSED = "progressed"
    REGRESSED = "regressed"
    COMPLETED = "completed"
    SILENT = "silent"
    RENAMED = "renamed"
