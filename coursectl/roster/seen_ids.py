"""Which member ids a roster has already given, for a million of them in a few MB.

A Python set of a million integers takes 70 MB, more than all the rest of the program. Here, ids in
order mostly cost a byte each; in no order, those that lie close together, as a community's do, cost
a bit for each that there may be, and scattered ones 16 to 32 bytes.
"""

import re
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import accumulate, islice
from operator import sub

_SPREAD = 0x9E3779B97F4A7C15
"""Multiplying by this, 2**64 over the golden ratio, sends evenly spaced ids far apart."""

_AT_ONCE = 1_000

_FEW = 20_000
"""Ids that are looked up in a Python set, ten times as fast and forty times as large."""

_WINDOW = 1 << 26
"""How far apart ids may lie of which each takes a bit, or the place of one: 8 MB for all."""

_PIECE = 64 * 1024
"""Bytes of such bits that are looked at together."""


class _FewIds(set[int]):
    """As many as may take some MB, at once."""

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


class _ScatteredIds:
    """An open-addressing hash table of 64-bit slots, at most half full. A slot of 0 is free."""

    def __init__(self) -> None:
        self._slots: array[int] = array("q", [0]) * 1024
        self._count = 0

    def take(self, ids: list[int]) -> list[int]:
        while (self._count + len(ids)) * 2 > len(self._slots):
            self._double()
        slots, mask = self._slots, len(self._slots) - 1
        fresh = []
        for id_ in ids:
            key = id_ + 1
            slot = (key * _SPREAD >> 40) & mask
            while held := slots[slot]:
                if held == key:
                    break
                slot = slot + 1 & mask
            else:
                slots[slot] = key
                fresh.append(id_)
        self._count += len(fresh)
        return fresh

    def __contains__(self, id_: int) -> bool:
        slots, mask = self._slots, len(self._slots) - 1
        slot = ((id_ + 1) * _SPREAD >> 40) & mask
        while slots[slot] not in (0, id_ + 1):
            slot = slot + 1 & mask
        return slots[slot] != 0

    def __iter__(self) -> Iterator[int]:
        return (key - 1 for key in self._slots if key)

    def _double(self) -> None:
        old, mask = self._slots, len(self._slots) * 2 - 1
        slots = self._slots = array("q", [0]) * (mask + 1)
        for key in old:
            if key:
                slot = (key * _SPREAD >> 40) & mask
                while slots[slot]:
                    slot = slot + 1 & mask
                slots[slot] = key


class _Run:
    """Ids that came in order, up or down, batch by batch: a look at its ends tells what is new.

    It is kept as stretches, each a number and the gaps from there to the ids, mostly a byte each.
    """

    def __init__(self) -> None:
        self.least = self.greatest = -1
        self.upmost = bytearray()
        """The gaps of the stretch that ends in the greatest."""
        self.stretches: list[tuple[int, bytearray | array[int]]] = [(-1, self.upmost)]

    def __iter__(self) -> Iterator[int]:
        for start, gaps in self.stretches:
            yield from islice(accumulate(gaps, initial=start), 1, None)

    def goes_on(self, ids: list[int]) -> bool:
        """Take ids that all lie above or all below those before, each once; False if they don't."""
        ordered = sorted(ids)  # they mostly are, so to sort them takes less than to look for both
        try:
            gaps = bytes(map(sub, ordered, [self.greatest, *ordered]))
        except ValueError:  # some do not lie close above the one before
            return self._goes_on_apart(ordered)
        if 0 in gaps:
            return False
        self._reaches(ordered[0], ordered[-1])
        self.upmost += gaps
        return True

    def _goes_on_apart(self, ordered: list[int]) -> bool:
        start = ordered[0] - 1
        gaps = list(map(sub, ordered, [start, *ordered]))
        if 0 in gaps or not self._reaches(ordered[0], ordered[-1]):
            return False
        widest = max(gaps)
        size = "B" if widest < 2**8 else "H" if widest < 2**16 else "q"
        self.stretches.append((start, array(size, gaps)))
        if self.greatest == ordered[-1]:
            self.upmost = bytearray()
            self.stretches.append((self.greatest, self.upmost))
        return True

    def joins(self, other: "_Run") -> bool:
        """Take those of another run if they all lie above or all below; False if they don't."""
        if not self._reaches(other.least, other.greatest):
            return False
        self.stretches += other.stretches
        if self.greatest == other.greatest:
            self.upmost = other.upmost
        return True

    def _reaches(self, least: int, greatest: int) -> bool:
        """Take note of how far it goes now, unless some of that lies where it is already."""
        if self.least <= greatest and least <= self.greatest:
            return False
        self.least = least if self.least < 0 else min(least, self.least)
        self.greatest = max(greatest, self.greatest)
        return True


class SeenIds:
    """A set of ids (0 to 2**63 - 2) that answers one question: which of these are new."""

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
        """Remember what another one does; False, with some of it remembered, if any was seen."""
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

    def take(self, ids: list[int]) -> list[int]:
        """Remember `ids` and give those not seen before, each once, in order."""
        if not ids:
            return ids
        if isinstance(self._kept, _Run) and self._kept.goes_on(ids):
            self._count += len(ids)
            return ids
        kept = self._in_any_order()
        if isinstance(kept, _CloseIds) and not kept.makes_room_for(ids):
            kept = self._moved(_ScatteredIds())
        fresh = kept.take(ids)
        self._count += len(fresh)
        if isinstance(kept, _FewIds) and len(kept) > _FEW:
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
        return _FewIds()
    if greatest - least < _WINDOW:
        return _CloseIds(least, greatest)
    return _ScatteredIds()


def _some_at_once(ids: Iterable[int]) -> Iterator[list[int]]:
    ids = iter(ids)
    while some := list(islice(ids, _AT_ONCE)):
        yield some
