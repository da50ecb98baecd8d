"""What a roster does not tell of a moment before it was fetched."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from coursectl.roster.criteria import Criteria
    from coursectl.roster.member import Member


@dataclass
class Hindsight:
    """Whom a roster has that was not in it at an earlier moment, and of whom it tells too little.

    It holds one lesson of each member, the last one: whether there was one before is not known.
    """

    as_of: "datetime"
    """The earlier moment, UTC."""
    joined_later: set[int] = field(default_factory=set)
    """The ids of those who joined after it, and are left out."""
    active_later: int = 0
    """How many others were active after it, of those whom the other criteria ask for."""

    def look_at(self, members: "list[Member]", criteria: "Criteria") -> None:
        """Take note of members, who have datetimes, before criteria select among them."""
        self.joined_later.update(
            m["id"] for m in members if (t := m["joined_at"]) is not None and t > self.as_of
        )
        whatever_they_did = criteria._replace(
            active=None, inactive=None, never_active=False, needs_nudge=None
        )
        self.active_later += sum(
            (t := m["last_active_at"]) is not None and t > self.as_of
            for m in whatever_they_did.select(members, self.as_of)
        )

    def told(self) -> list[str]:
        """Return what is to be said of it."""
        said = []
        if later := len(self.joined_later):
            said.append(f"{later:,} joined later and {_are(later)} left out")
        if active := self.active_later:
            said.append(f"of {active:,}, active later, it is not known whether they were before")
        return said


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
