"""The order of members by a column: nulls last both ways, equals by id, text whatever its case."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice
from math import inf
from types import NoneType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from coursectl.roster.criteria import Batch, Roster

_BATCH = 1_000

_LEAST_CUT = 10_000
"""Members among whom it is worth to look for those who cannot be within a limit any more."""

_T = TypeVar("_T")


class Shelf(Protocol):
    """Where the members of a ranking wait, under the same numbers."""

    @property
    def holds(self) -> int:
        """How many it has room for before they are laid aside."""

    def put(self, batch: "Batch") -> None:
        """Take members."""

    def lay(self, numbers: list[int]) -> None:
        """Lay all aside that are not yet, in this order, in which they are numbered anew.

        They are given by their numbers among them, here and below. Raises CoursectlError.
        """

    def keep(self, numbers: list[int]) -> None:
        """Let go of all but these of them, which are numbered anew, in this order."""

    def given(self, roster: "Roster", numbers: list[int]) -> "Batch":
        """Give members of a roster, at least one, in this order."""


class Ranking:
    """The order of members, who are numbered as they are taken. What they are waits on a shelf.

    A million of them take some 70 MB in the end.
    """

    def __init__(self, *, descending: bool) -> None:
        self.values: list[Any] = []
        """What is compared; those who are laid aside come first, run by run in order."""
        self.ids: array[int] = array("q")
        self.least_id = 0
        """The least of these, if they came in their order."""
        self.last_id = -1
        self.is_by_id = True
        """Whether of equal values the one with the lesser id comes first."""
        self._descending = descending
        self._rosters: list[Roster] = []
        self._laid = 0

    def take(self, values: list[Any], ids: list[int], roster: "Roster") -> None:
        """Take members of a roster, of whom each has an id, and a value that `comparable` gave."""
        if not ids:
            return
        self._goes_on(ids[0], ids[-1], is_by_id=ids == sorted(ids))
        self.values += values
        self.ids.extend(ids)
        self._rosters += [roster] * len(values)

    def take_over(self, other: "Ranking", roster: "Roster") -> None:
        """Take the members of another ranking, all of them laid aside as these are."""
        self._goes_on(other.least_id, other.last_id, is_by_id=other.is_by_id)
        self.values += other.values
        self.ids.extend(other.ids)
        self._rosters += [roster] * len(other.values)
        self._laid = len(self.values)

    def settle(self, shelf: Shelf, limit: int | None = None) -> None:
        """Have all laid aside in order; or with a limit, which is small, let go of what is beyond.

        Raises CoursectlError.
        """
        start = self._laid
        values, ids, rosters = self.values[start:], self.ids[start:], self._rosters[start:]
        order = _order(values, ids, descending=self._descending, is_by_id=self.is_by_id)[:limit]
        self.values[start:] = map(values.__getitem__, order)
        self.ids[start:] = array("q", map(ids.__getitem__, order))
        self._rosters[start:] = map(rosters.__getitem__, order)
        if limit is None:
            shelf.lay(order)
            self._laid = len(self.values)
        else:
            shelf.keep(order)
            self.is_by_id = False

    def settle_if_many(self, shelf: Shelf, limit: int | None = None) -> None:
        """Do so where it is time."""
        waiting = len(self.values) - self._laid
        if limit is not None and 4 * limit <= shelf.holds:
            if waiting > max(4 * limit, _LEAST_CUT):
                self.settle(shelf, limit)
        elif waiting >= shelf.holds:
            self.settle(shelf)

    def settle_rest(self, shelf: Shelf) -> None:
        """Have those who are not yet laid aside join the others there, if there are others."""
        if self._laid:
            self.settle(shelf)

    def in_order(self, limit: int | None) -> "Iterator[tuple[Roster, list[int]]]":
        """Yield the numbers of members, some hundreds of a roster at a time. It ends this one."""
        order = array(
            "Q",
            _order(self.values, self.ids, descending=self._descending, is_by_id=self.is_by_id)[
                :limit
            ],
        )
        self.values.clear()
        for roster, run in groupby(order, key=self._rosters.__getitem__):
            while numbers := list(islice(run, _BATCH)):
                yield roster, numbers

    def _goes_on(self, least: int, last: int, *, is_by_id: bool) -> None:
        self.is_by_id = self.is_by_id and is_by_id and self.last_id < least
        if not self.values:
            self.least_id = least
        self.last_id = last


def comparable(values: list[Any]) -> list[Any]:
    """Give what sorts as a column's values do."""
    if str in set(map(type, values)):
        return [value if value is None else value.casefold() for value in values]
    return values


def in_order(
    rows: list[_T], value: Callable[[_T], Any], *, id_: Callable[[_T], Any], descending: bool
) -> list[_T]:
    """Give rows in the order of a value."""
    values, ids = comparable([value(row) for row in rows]), [id_(row) for row in rows]
    return [rows[at] for at in _order(values, ids, descending=descending, is_by_id=False)]


def _order(values: list[Any], ids: Sequence[Any], *, descending: bool, is_by_id: bool) -> list[int]:
    """Give the places of values in their order; with `is_by_id` their ids ascend."""
    kinds = set(map(type, values))
    if kinds >= {int, float}:  # which take long to compare with each other
        alike: dict[Any, float] = {value: float(value) for value in {*values} if value is not None}
        alike[None] = -inf if descending else inf
        values, kinds = list(map(alike.__getitem__, values)), {float}
    known, nulls = list(range(len(values))), []
    if NoneType in kinds:
        known = [place for place, value in enumerate(values) if value is not None]
        nulls = [place for place, value in enumerate(values) if value is None]
    if not is_by_id:
        known.sort(key=ids.__getitem__)
        nulls.sort(key=ids.__getitem__)
    known.sort(key=values.__getitem__, reverse=descending)  # equals stay as they were
    return known + nulls
