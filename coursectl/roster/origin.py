"""Which roster a page object is of, and whether all parts of a document are of the same one.

What a loop of curl leaves behind is pages of one fetch: none of them says which course it is of or
when it was fetched. Exports say it. Several of them in one file (`cat`, `jq -s`) look like pages,
too, but are as many rosters: taken for one, they would give rates of October under a date of
November, or members of one course under the name of another.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from coursectl.errors import InvalidData
from coursectl.printable import shortened
from coursectl.roster.member import Course


class Origin(NamedTuple):
    """What a page object says of the roster that it is of; None for what it does not say."""

    course: Course | None = None
    community: str | None = None
    fetched_at: datetime | None = None

    def is_of_another(self, other: "Origin") -> bool:
        """Return whether both say something that cannot be said of one roster."""
        return any(
            mine is not None and theirs is not None and mine != theirs
            for mine, theirs in zip(self, other, strict=True)
        )

    def described(self, *, quotes: bool) -> str:
        """Return it in words, which unless it `quotes` repeat no text of it."""
        course = "a course that is not named"
        if self.course is not None:
            id_, name = self.course["id"], self.course["name"]
            course = "a course" if id_ is None else f"course {id_}"
            course += f" ({shortened(name)})" if name and quotes else ""
        at = f" of {shortened(self.community)}" if self.community and quotes else ""
        if self.fetched_at is None:
            return f"{course}{at}, not known when fetched"
        return f"{course}{at}, fetched {self.fetched_at:%Y-%m-%d %H:%M:%S} UTC"


_UNKNOWN = Origin()
_ONE_BY_ONE = "Give them one by one, each as a file of its own."


class OneOrigin:
    """The origin of a document's parts, as they come: page objects, or members in none.

    A part may tell more of itself once its members have been read.
    """

    def __init__(self) -> None:
        self._first: Origin | None = None
        self._this: Origin | None = None
        self._fields: object = None

    def take(self, fields: object, origin: Origin, name: str, *, quotes: bool) -> None:
        """Take what a part says so far: the same part as before if `fields` are the same object.

        Raise InvalidData, in which `name` is what the document is called, if it is of another
        roster than the first.
        """
        if fields is not self._fields or fields is None:
            self.end(name, quotes=quotes)
        self._fields, self._this = fields, origin
        if self._first is not None and origin.is_of_another(self._first):
            raise _two_rosters(self._first, origin, name, quotes=quotes)

    def goes_on(self, fields: object) -> None:
        """Take note that these fields, too, are of the part that came last."""
        self._fields = fields

    def end(self, name: str, *, quotes: bool) -> None:
        """Take note that the part is complete. Raise InvalidData as `take` does."""
        if self._this is None:
            return
        if self._first is None:
            self._first = self._this
        elif self._this != self._first:
            raise _two_rosters(self._first, self._this, name, quotes=quotes)
        self._this = self._fields = None


class OneCourse:
    """The course that members in no page name, each in its row, as JSON of several courses does.

    A member of two of them would count once, and the figures would be of neither.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def check(self, rows: Iterable[object], document: str, *, quotes: bool) -> None:
        """Raise InvalidData if one of these rows names another course."""
        for row in rows:
            other = row.get("course") if isinstance(row, dict) else None
            if isinstance(other, str) and other != self._name:
                names = f": {shortened(self._name)!r}, and {shortened(other)!r}" if quotes else ""
                raise InvalidData(f"{document}: members of several courses{names}", _ONE_BY_ONE)


def _two_rosters(one: Origin, other: Origin, name: str, *, quotes: bool) -> InvalidData:
    told = [
        "one that says nothing of where it is from"
        if each == _UNKNOWN
        else each.described(quotes=quotes)
        for each in (one, other)
    ]
    return InvalidData(
        f"{name}: several rosters, one behind the other: {told[0]}; and {told[1]}",
        _ONE_BY_ONE,
    )
