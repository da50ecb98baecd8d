"""The order of members by a column: nulls last both ways, equals by id, text whatever its case."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from itertools import chain, groupby, islice, pairwise, starmap
from math import inf
from operator import sub
from types import NoneType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from coursectl.roster.criteria import Batch, Roster

_BATCH = 1_000

_SCATTERED = 4_000
"""Members in a batch who are laid aside in another order: those who stand close are read once."""

_LEAST_CUT = 10_000
"""Members among whom it is worth to look for those who cannot be within a limit any more."""

_LEAST_ALIKE = 8
"""Members of the same value, on average, from which on those of each are put together."""

_SOME = 2_000
"""Values that tell in most cases that many differ, as looking at a million dates takes long."""

_T = TypeVar("_T")

Stretch = tuple[int, int]
"""The number of the first of members who stand one behind the other, and that of the next."""


class Shelf(Protocol):
    """Where the members of a ranking wait, under the same numbers."""

    @property
    def holds(self) -> int:
        """How many it has room for before they are laid aside."""

    @property
    def is_heavy(self) -> bool:
        """Whether those who are not laid aside take much memory, however few they are."""

    def at_once(self, number: int) -> int:
        """Give how many of `number` may be given together."""

    def put(self, batch: "Batch") -> None:
        """Take members."""

    def lay(self, numbers: list[int]) -> None:
        """Lay all aside that are not yet, in this order, in which they are numbered anew.

        They are given by their numbers among them, here and below. Raises CoursectlError.
        """

    def keep(self, numbers: list[int]) -> None:
        """Let go of all but these of them, which are numbered anew, in this order."""

    def given(self, roster: "Roster", stretches: list[Stretch]) -> "Batch":
        """Give members of a roster, at least one, in this order."""


class Ranking:
    """The order of members, who are numbered as they are taken. What they are waits on a shelf.

    A million of them take some 30 MB in the end, or 10 where few of their values differ.
    """

    def __init__(self, *, descending: bool) -> None:
        self.runs: list[dict[Any, int] | list[Any]] = []
        """What is compared of those who are laid aside, run by run in order.

        Where few differ, it is how many there are of each.
        """
        self.ids: array[int] = array("q")
        """The ids of those who are laid aside, in the same order."""
        self.least_id = 0
        """The least of these, if they came in their order."""
        self.last_id = -1
        self.is_by_id = True
        """Whether of equal values the one with the lesser id comes first."""
        self._descending = descending
        self._values: list[Any] = []
        self._ids: list[int] = []
        self._rosters: list[Roster] = []
        self._roster_of: array[int] = array("L")
        """Which of the rosters each is of, if there are more than one."""

    def take(self, values: list[Any], ids: list[int], roster: "Roster") -> None:
        """Take members of a roster, of whom each has an id, and a value that `comparable` gave."""
        if not ids:
            return
        self._goes_on(ids[0], ids[-1], is_by_id=ids == sorted(ids))
        self._are_of(roster, len(ids))
        self._values += values
        self._ids += ids

    def take_over(self, other: "Ranking", roster: "Roster") -> None:
        """Take the members of another ranking, all of them laid aside as these are."""
        self._goes_on(other.least_id, other.last_id, is_by_id=other.is_by_id)
        self._are_of(roster, len(other.ids))
        self.runs += other.runs
        self.ids += other.ids

    def settle(self, shelf: Shelf, limit: int | None = None) -> None:
        """Have all laid aside in order; or with a limit, which is small, let go of what is beyond.

        Raises CoursectlError.
        """
        values, ids = self._values, self._ids
        order, numbers = _order(values, ids, descending=self._descending, is_by_id=self.is_by_id)
        order = order[:limit]
        if len(self._rosters) > 1:
            start = len(self.ids)
            roster_of = self._roster_of[start:]
            self._roster_of[start:] = array("L", map(roster_of.__getitem__, order))
        ids = [ids[place] for place in order]
        if limit is None:
            shelf.lay(order)
            self.runs.append(numbers or [values[place] for place in order])
            self.ids.fromlist(ids)
            self._values, self._ids = [], []
        else:
            shelf.keep(order)
            self._values, self._ids = [values[place] for place in order], ids
            self.is_by_id = False

    def settle_if_many(self, shelf: Shelf, limit: int | None = None) -> None:
        """Do so where it is time."""
        waiting = len(self._values)
        if limit is not None and 4 * limit <= shelf.holds:
            if waiting > max(4 * limit, _LEAST_CUT) or shelf.is_heavy:
                self.settle(shelf, limit)
            if shelf.is_heavy:
                self.settle(shelf)
        elif waiting >= shelf.holds or shelf.is_heavy:
            self.settle(shelf)

    def settle_rest(self, shelf: Shelf) -> None:
        """Have those who are not yet laid aside join the others there, if there are others."""
        if self.ids:
            self.settle(shelf)

    def in_order(self, limit: int | None, shelf: Shelf) -> "Iterator[tuple[Roster, list[Stretch]]]":
        """Yield where members are, some of a roster at a time. It ends this one."""
        alike = self._alike()
        if alike and self.is_by_id and len(self._rosters) == 1:
            for few in _parted(chain.from_iterable(alike), limit, shelf.at_once(_BATCH)):
                yield self._rosters[0], few
            return
        order = islice(self._each_by_id(alike) if alike else self._packed(), limit)
        size = shelf.at_once(_SCATTERED if self.ids else _BATCH)
        of_each: Iterable[tuple[int, Iterator[int]]] = [(0, order)]
        if len(self._rosters) > 1:
            of_each = groupby(order, key=self._roster_of.__getitem__)
        for place, run in of_each:
            while numbers := list(islice(run, size)):
                yield self._rosters[place], _stretches(numbers)

    def _alike(self) -> list[list[Stretch]] | None:
        """Give those who are laid aside, value by value; None where more than a few differ."""
        differing = sum(len(run) for run in self.runs if isinstance(run, list))
        if differing * _LEAST_ALIKE > len(self.ids):
            return None
        places: defaultdict[Any, list[Stretch]] = defaultdict(list)
        start = 0
        for run in self.runs:
            for value, number in Counter(run).items():
                places[value].append((start, start + number))
                start += number
        return [places[value] for value in _in_turn(places, descending=self._descending)]

    def _each_by_id(self, alike: list[list[Stretch]]) -> Iterator[int]:
        """Give the numbers of those who are alike by their ids."""
        for stretches in alike:
            numbers = [*chain.from_iterable(starmap(range, stretches))]
            numbers.sort(key=self.ids.__getitem__)
            yield from numbers

    def _packed(self) -> Iterator[int]:
        """Give the numbers of all in order, each 8 bytes."""
        ids = self.ids or self._ids
        order, _ = _order(
            self._all_values(), ids, descending=self._descending, is_by_id=self.is_by_id
        )
        return iter(array("Q", order))

    def _all_values(self) -> list[Any]:
        """Give what is compared of each, which ends this."""
        values: list[Any] = []
        for run in self.runs:
            values.extend(run if isinstance(run, list) else Counter(run).elements())
        values += self._values
        self.runs, self._values = [], []
        return values

    def _are_of(self, roster: "Roster", number: int) -> None:
        """Take note of whom the next members are."""
        if self._rosters[-1:] != [roster]:
            if len(self._rosters) == 1:
                self._roster_of = array("L", [0]) * (len(self.ids) + len(self._ids))
            self._rosters.append(roster)
        if len(self._rosters) > 1:
            self._roster_of += array("L", [len(self._rosters) - 1]) * number

    def _goes_on(self, least: int, last: int, *, is_by_id: bool) -> None:
        self.is_by_id = self.is_by_id and is_by_id and self.last_id < least
        if self.last_id < 0:
            self.least_id = least
        self.last_id = last


def comparable(values: list[Any]) -> list[Any]:
    """Give what sorts as a column's values do, which are all of a kind, or null."""
    if isinstance(next((value for value in values if value is not None), None), str):
        return [value if value is None else value.casefold() for value in values]
    return values


def in_order(
    rows: list[_T], value: Callable[[_T], Any], *, id_: Callable[[_T], Any], descending: bool
) -> list[_T]:
    """Give rows in the order of a value."""
    values, ids = comparable([value(row) for row in rows]), [id_(row) for row in rows]
    order, _ = _order(values, ids, descending=descending, is_by_id=False)
    return [rows[at] for at in order]


def _order(
    values: list[Any], ids: Sequence[int], *, descending: bool, is_by_id: bool
) -> tuple[list[int], dict[Any, int] | None]:
    """Give the places of values in their order; with `is_by_id` their ids ascend.

    Where few differ, it tells how many there are of each, too, in their order.
    """
    some = values[:_SOME]
    if _few_differ(set(some), some):
        alike: defaultdict[Any, list[int]] = defaultdict(list)
        for place, value in enumerate(values):
            alike[value].append(place)
        if _few_differ(alike, values):
            if not is_by_id:
                for places in alike.values():
                    places.sort(key=ids.__getitem__)
            turns = _in_turn(alike, descending=descending)
            order = list(chain.from_iterable(map(alike.__getitem__, turns)))
            return order, {value: len(alike[value]) for value in turns}
    known, nulls = list(range(len(values))), []
    kinds = set(map(type, values))
    if NoneType in kinds:
        known = [place for place, value in enumerate(values) if value is not None]
        nulls = [place for place, value in enumerate(values) if value is None]
    if kinds >= {int, float}:  # which take long to compare with each other
        values = [inf if value is None else float(value) for value in values]
    if not is_by_id:
        known.sort(key=ids.__getitem__)
        nulls.sort(key=ids.__getitem__)
    known.sort(key=values.__getitem__, reverse=descending)  # equals stay as they were
    return known + nulls, None


def _few_differ(differing: Sized, values: Sized) -> bool:
    return len(differing) * _LEAST_ALIKE <= len(values)


def _in_turn(values: Iterable[Any], *, descending: bool) -> list[Any]:
    """Give values, of which none equals another, in order."""
    values = set(values)
    nulls = values & {None}
    return [*sorted(values - nulls, reverse=descending), *nulls]


def _parted(
    stretches: Iterable[Stretch], limit: int | None, at_once: int
) -> Iterator[list[Stretch]]:
    """Yield stretches of so many members in all at a time, up to a limit."""
    left = inf if limit is None else limit
    few: list[Stretch] = []
    room = min(at_once, left)
    for start, end in stretches:
        while start < end and left:
            cut = int(min(end, start + room))
            few.append((start, cut))
            room -= cut - start
            left -= cut - start
            start = cut
            if not room:
                yield few
                few, room = [], min(at_once, left)
    if few:
        yield few


def _stretches(numbers: list[int]) -> list[Stretch]:
    """Give where members with these numbers stand: in one order, many stand in another."""
    gaps = map(sub, numbers[1:], numbers)
    jumps = [at for at, gap in enumerate(gaps, 1) if gap != 1]
    if len(jumps) * 2 > len(numbers):
        return [(number, number + 1) for number in numbers]
    return [(numbers[at], numbers[end - 1] + 1) for at, end in pairwise([0, *jumps, len(numbers)])]
