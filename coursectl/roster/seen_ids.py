"""Which member ids a roster has already given, for a million of them in a few MB.

A Python set of a million integers takes 70 MB, more than all the rest of the program. Here, ids in
order mostly cost a byte each; in no order, those that lie close together, as a community's do, cost
a bit for each that there may be. A great many in order, and many that are scattered, wait in a
temporary file.
"""

import pickle
import re
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import accumulate, chain, islice
from operator import sub
from typing import Any

from coursectl.files import no_room

_AT_ONCE = 1_000

_FEW = 20_000
"""Ids that are looked up in a Python set, ten times as fast as bits and forty times as large."""

_MANY = 100_000
"""Those that are looked up there where they are scattered, which takes 8 MB."""

_WINDOW = 1 << 26
"""How far apart ids may lie of which each takes a bit, or the place of one: 8 MB for all."""

_PIECE = 64 * 1024
"""Bytes of such bits that are looked at together."""

_IN_MEMORY = 1 << 20
"""Bytes of ids in order that are kept there."""

_STRETCH = 200
"""Bytes that a stretch of them takes beside its gaps."""


class _FewIds(set[int]):
    """As many as may take some MB, at once."""

    def __init__(self, ids: Iterable[int] = (), *, most: int = 0) -> None:
        super().__init__(ids)
        self.most = most
        """How many may be kept here."""

    def take(self, ids: list[int]) -> list[int]:
        fresh = [id_ for id_ in ids if id_ not in self]
        if len({*fresh}) < len(fresh):
            fresh = list(dict.fromkeys(fresh))
        self.update(fresh)
        return fresh


class _CloseIds:
    """A bit for each id that there may be, from some way below the least to the greatest."""

    def __init__(self, least: int, greatest: int) -> None:
        room = _WINDOW - (greatest - least)
        self.start = 0 if greatest < _WINDOW else max(0, least - room // 2) >> 3 << 3
        self.bits = bytearray()
        self._reach(greatest)

    def __iter__(self) -> Iterator[int]:
        for found in re.finditer(rb"[^\0]", self.bits):
            for bit in range(8):
                if found[0][0] >> bit & 1:
                    yield self.start + (found.start() << 3) + bit

    def makes_room_for(self, ids: Collection[int]) -> bool:
        """See to it that these can be taken; False where they lie too far from the others."""
        greatest = max(ids)
        if min(ids) < self.start or greatest - self.start >= _WINDOW:
            return False
        self._reach(greatest)
        return True

    def _reach(self, greatest: int) -> None:
        """Have a bit for each up to this one."""
        self.bits += bytes(max((greatest - self.start >> 3) + 1 - len(self.bits), 0))

    def take(self, ids: list[int]) -> list[int]:
        start, bits = self.start, self.bits
        again = []
        for id_ in ids:
            place, bit = id_ - start >> 3, 1 << (id_ & 7)
            byte = bits[place]
            if byte & bit:
                again.append(id_)
            else:
                bits[place] = byte | bit
        return _without(ids, again) if again else ids

    def joins(self, other: "_CloseIds") -> bool:
        """Take those of others that lie near; False, with some taken, if any was seen or is far."""
        ahead = other.start - self.start >> 3
        if abs(ahead) >= _WINDOW >> 3:
            return False
        if ahead < 0:
            self.start, self.bits[:0], ahead = other.start, bytes(-ahead), 0
        self._reach(other.start + 8 * len(other.bits) - 1)
        for at in range(0, len(other.bits), _PIECE):
            theirs = other.bits[at : at + _PIECE]
            place = slice(ahead + at, ahead + at + len(theirs))
            one, another = int.from_bytes(self.bits[place]), int.from_bytes(theirs)
            if one & another:
                return False
            self.bits[place] = (one | another).to_bytes(len(theirs))
        return True

    def __contains__(self, id_: int) -> bool:
        place = id_ - self.start >> 3
        return 0 <= place < len(self.bits) and bool(self.bits[place] >> (id_ & 7) & 1)


def _without(ids: list[int], again: list[int]) -> list[int]:
    """Leave out ids that came again, of each the last ones."""
    left = Counter(again)
    kept = []
    for id_ in reversed(ids):
        if left[id_]:
            left[id_] -= 1
        else:
            kept.append(id_)
    return kept[::-1]


class _Waiting:
    """A table in a temporary file without a name, which is gone when nobody knows of it."""

    def __init__(self, columns: str) -> None:
        import sqlite3
        import weakref

        database = sqlite3.connect("")
        weakref.finalize(self, database.close).atexit = False  # the file ends with the process
        self._error = sqlite3.OperationalError
        self.execute = database.execute
        with self.room():
            self.execute(f"CREATE TABLE waiting ({columns})")

    @contextmanager
    def room(self) -> Iterator[None]:
        """Raise UsageError where there is none."""
        try:
            yield
        except self._error as error:
            raise no_room("the ids of members", str(error)) from None

    def rows(self, query: str, *values: int) -> Iterator[tuple[Any, ...]]:
        """Give those that are asked for; there may have to be room for others meanwhile."""
        with self.room():
            yield from self.execute(query, values)


class _ScatteredIds:
    """Each takes some us, and all of them some MB of memory."""

    def __init__(self) -> None:
        self._waiting = _Waiting("id INTEGER PRIMARY KEY")

    def take(self, ids: list[int]) -> list[int]:
        execute, put = self._waiting.execute, "INSERT OR IGNORE INTO waiting VALUES (?)"
        with self._waiting.room():
            return [id_ for id_ in ids if execute(put, (id_,)).rowcount]

    def __contains__(self, id_: int) -> bool:
        return any(self._waiting.rows("SELECT id FROM waiting WHERE id = ?", id_))

    def __iter__(self) -> Iterator[int]:
        return (id_ for (id_,) in self._waiting.rows("SELECT id FROM waiting ORDER BY id"))


_Stretch = tuple[int, "bytearray | array[int]"]


class _Run:
    """Ids that came in order, up or down, batch by batch: a look at its ends tells what is new.

    It is kept as stretches, each a number and the gaps from there to the ids, mostly a byte each.
    """

    def __init__(self) -> None:
        self.least = self.greatest = -1
        self.upmost = bytearray()
        """The gaps of the stretch that ends in the greatest."""
        self.stretches: list[_Stretch] = [(-1, self.upmost)]
        """Those that do not wait."""
        self.left = _IN_MEMORY
        """Bytes that these may take yet."""
        self._waiting: _Waiting | None = None

    def __len__(self) -> int:
        return sum(len(gaps) for stretches in self._all() for _, gaps in stretches)

    def __iter__(self) -> Iterator[int]:
        for start, gaps in chain.from_iterable(self._all()):
            yield from islice(accumulate(gaps, initial=start), 1, None)

    def parts(self) -> Iterator["_Run"]:
        """Give runs of none that wait, which are all of these."""
        if self._waiting is None:
            yield self
            return
        for stretches in self._all():
            part = _Run()
            for start, gaps in stretches:
                if gaps:
                    part.reaches(start + gaps[0], start + sum(gaps))
            part.stretches = [*stretches, (part.greatest, part.upmost)]
            part.left = 0
            yield part

    def _all(self) -> Iterator[list[_Stretch]]:
        if self._waiting is not None:
            for (stretches,) in self._waiting.rows("SELECT stretches FROM waiting"):
                yield pickle.loads(stretches)  # noqa: S301 - as they were put there
        yield self.stretches

    def _has_taken(self, size: int) -> None:
        """Have the stretches wait if they are many by now."""
        self.left -= size
        if self.left >= 0:
            return
        if self._waiting is None:
            self._waiting = _Waiting("stretches BLOB")
        with self._waiting.room():
            stretches = pickle.dumps(self.stretches, pickle.HIGHEST_PROTOCOL)
            self._waiting.execute("INSERT INTO waiting VALUES (?)", (stretches,))
        self.upmost = bytearray()
        self.stretches = [(self.greatest, self.upmost)]
        self.left = _IN_MEMORY

    def goes_on(self, ids: list[int]) -> bool:
        """Take ids that all lie above or all below those before, each once; False if they don't."""
        ordered = sorted(ids)  # they mostly are, so to sort them takes less than to look for both
        try:
            gaps = bytes(map(sub, ordered, [self.greatest, *ordered]))
        except ValueError:  # some do not lie close above the one before
            return self._goes_on_apart(ordered)
        if 0 in gaps:
            return False
        self.reaches(ordered[0], ordered[-1])
        self.upmost += gaps
        self._has_taken(len(gaps))
        return True

    def _goes_on_apart(self, ordered: list[int]) -> bool:
        start = ordered[0] - 1
        gaps = list(map(sub, ordered, [start, *ordered]))
        if 0 in gaps or not self.reaches(ordered[0], ordered[-1]):
            return False
        widest = max(gaps)
        size = "B" if widest < 2**8 else "H" if widest < 2**16 else "q"
        apart = array(size, gaps)
        self.stretches.append((start, apart))
        if self.greatest == ordered[-1]:
            self.upmost = bytearray()
            self.stretches.append((self.greatest, self.upmost))
        self._has_taken(_STRETCH + len(apart) * apart.itemsize)
        return True

    def joins(self, other: "_Run") -> bool:
        """Take those of a part of another run if all lie above or all below; False if not."""
        if not self.reaches(other.least, other.greatest):
            return False
        self.stretches += other.stretches
        if self.greatest == other.greatest:
            self.upmost = other.upmost
        self._has_taken(_IN_MEMORY - other.left)
        return True

    def reaches(self, least: int, greatest: int) -> bool:
        """Take note of how far it goes now, unless some of that lies where it is already."""
        if self.least <= greatest and least <= self.greatest:
            return False
        self.least = least if self.least < 0 else min(least, self.least)
        self.greatest = max(greatest, self.greatest)
        return True


class SeenIds:
    """A set of ids (0 to 2**63 - 1) that answers one question: which of these are new."""

    def __init__(self) -> None:
        self._kept: _Run | _AnyOrder = _Run()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, id_: int) -> bool:
        return id_ in self._in_any_order()

    def __iter__(self) -> Iterator[int]:
        return iter(self._kept)

    def join(self, other: "SeenIds") -> bool:
        """Remember a part of another one; False, with some of it remembered, if any was seen."""
        if not other:
            return True
        is_joined = False
        match self._kept, other._kept:  # noqa: SLF001 - another of these
            case _Run() as one, _Run() as another:
                is_joined = one.joins(another)
            case _CloseIds() as one, _CloseIds() as another:
                is_joined = one.joins(another)
        if is_joined:
            self._count += len(other)
            return True
        return all(len(self.take(few)) == len(few) for few in _some_at_once(other))

    def parts(self) -> Iterator["SeenIds"]:
        """Give others of all of these, each so small that it can be pickled."""
        match self._kept:
            case _Run() as run:
                for of_run in run.parts():
                    part = SeenIds()
                    part._kept, part._count = of_run, len(of_run)
                    yield part
            case _ScatteredIds():
                for few in _some_at_once(self):
                    part = SeenIds()
                    part.take(few)
                    yield part
            case _:
                yield self

    def take(self, ids: list[int]) -> list[int]:
        """Remember `ids` and give those not seen before, each once, in order."""
        if not ids:
            return ids
        if isinstance(self._kept, _Run) and self._kept.goes_on(ids):
            self._count += len(ids)
            return ids
        kept = self._in_any_order()
        if isinstance(kept, _CloseIds) and not kept.makes_room_for(ids):
            kept = self._moved(_apart(self._count))
        fresh = kept.take(ids)
        self._count += len(fresh)
        if isinstance(kept, _FewIds) and len(kept) > kept.most:
            self._moved(_room_for(len(kept), min(kept), max(kept)))
        return fresh

    def _in_any_order(self) -> "_AnyOrder":
        """Look at each id from now on."""
        if isinstance(self._kept, _Run):
            return self._moved(_room_for(self._count, self._kept.least, self._kept.greatest))
        return self._kept

    def _moved(self, kept: "_AnyOrder") -> "_AnyOrder":
        """Have them kept so from now on."""
        for few in _some_at_once(self._kept):
            kept.take(few)
        self._kept = kept
        return kept


_AnyOrder = _FewIds | _CloseIds | _ScatteredIds


def _room_for(number: int, least: int, greatest: int) -> _AnyOrder:
    """Give what so many ids from the least to the greatest are best kept in, and some more."""
    if number <= _FEW:
        return _FewIds(most=_FEW)
    if greatest - least < _WINDOW:
        return _CloseIds(least, greatest)
    return _apart(number)


def _apart(number: int) -> _AnyOrder:
    """Give what so many are best kept in if they do not lie close together."""
    return _FewIds(most=_MANY) if number <= _MANY else _ScatteredIds()


def _some_at_once(ids: Iterable[int]) -> Iterator[list[int]]:
    ids = iter(ids)
    while some := list(islice(ids, _AT_ONCE)):
        yield some
