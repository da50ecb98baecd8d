"""Who is in a course and not among the members of its roster, since their rows were not valid.

An export says it of itself, behind its members and beside `count`, which counts those that are
there: `"left_out": {"rows": 3, "ids": [7, 9]}` is two members whose ids are known, and one more.
"""

from typing import Any, NamedTuple

_MOST_IDS = 100_000
"""Ids that an export names; of more of them it says only how many."""


class LeftOut(NamedTuple):
    """Members whose rows were left out, each counted once."""

    ids: frozenset[int] = frozenset()
    nameless: int = 0
    """How many rows there were without a valid id."""

    @classmethod
    def said(cls, value: dict[str, Any]) -> "LeftOut":
        """Return what an export says, which has been validated."""
        ids = frozenset(value["ids"])
        return cls(ids, max(0, value["rows"] - len(ids)))

    @property
    def rows(self) -> int:
        """How many they are in all."""
        return len(self.ids) + self.nameless

    def along_with(self, other: "LeftOut") -> "LeftOut":
        """Return both together."""
        return LeftOut(self.ids | other.ids, self.nameless + other.nameless)

    def as_said(self) -> dict[str, object]:
        """Return what an export says of them."""
        named = sorted(self.ids) if len(self.ids) <= _MOST_IDS else []
        return {"rows": self.rows, "ids": named}
