"""Which member ids a roster has already given, for a million of them in a few MB.

A Python set of a million integers takes 70 MB, more than all the rest of the program. Ids that lie
close together, as a community's do, cost about a bit each here; scattered ones about 16 bytes.
"""

from array import array
from collections.abc import Iterable, Iterator
from itertools import accumulate, islice
from operator import sub

_SPREAD = 0x9E3779B97F4A7C15
"""Multiplying by this, 2**64 over the golden ratio, sends evenly spaced ids far apart."""

_AT_ONCE = 1_000

_FEW = 20_000
"""Ids that are looked up in a Python set, ten times as fast and forty times as large."""

_PAGE_BITS = 15
_PAGE_BYTES = (1 << _PAGE_BITS) // 8


class _FewIds(set[int]):
    """As many as may take some MB, at once."""

    def take(self, ids: list[int]) -> list[int]:
        fresh = [id_ for id_ in ids if id_ not in self]
        if len({*fresh}) < len(fresh):
            fresh = list(dict.fromkeys(fresh))
        self.update(fresh)
        return fresh


class _CloseIds:
    """Pages of one bit an id, made where an id falls."""

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}

    def __iter__(self) -> Iterator[int]:
        for number, page in self._pages.items():
            for place, byte in enumerate(page):
                for bit in range(8) if byte else ():
                    if byte >> bit & 1:
                        yield (number << _PAGE_BITS) + (place << 3) + bit

    def take(self, ids: Iterable[int]) -> list[int]:
        pages = self._pages
        fresh = []
        for id_ in ids:
            page = pages.get(id_ >> _PAGE_BITS)
            if page is None:
                page = pages[id_ >> _PAGE_BITS] = bytearray(_PAGE_BYTES)
            place, bit = (id_ >> 3) % _PAGE_BYTES, 1 << (id_ & 7)
            if not page[place] & bit:
                page[place] |= bit
                fresh.append(id_)
        return fresh

    def __contains__(self, id_: int) -> bool:
        page = self._pages.get(id_ >> _PAGE_BITS)
        return page is not None and bool(page[(id_ >> 3) % _PAGE_BYTES] >> (id_ & 7) & 1)

    def size(self) -> int:
        """Bytes taken."""
        return len(self._pages) * _PAGE_BYTES


class _ScatteredIds:
    """An open-addressing hash table of 64-bit slots, at most half full. A slot of 0 is free."""

    def __init__(self, ids: Iterable[int]) -> None:
        self._slots: array[int] = array("q", bytes(8 * 1024))
        self._count = 0
        chunk: list[int] = []
        for id_ in ids:
            chunk.append(id_)
            if len(chunk) == 512:
                self.take(chunk)
                chunk.clear()
        self.take(chunk)

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
        slots = self._slots = array("q", bytes(8 * (mask + 1)))
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
        self._upmost = bytearray()
        """The gaps of the stretch that ends in the greatest."""
        self._stretches: list[tuple[int, bytearray | array[int]]] = [(-1, self._upmost)]

    def __iter__(self) -> Iterator[int]:
        for start, gaps in self._stretches:
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
        self._upmost += gaps
        return True

    def _goes_on_apart(self, ordered: list[int]) -> bool:
        start = ordered[0] - 1
        gaps = list(map(sub, ordered, [start, *ordered]))
        if 0 in gaps or not self._reaches(ordered[0], ordered[-1]):
            return False
        widest = max(gaps)
        size = "B" if widest < 2**8 else "H" if widest < 2**16 else "q"
        self._stretches.append((start, array(size, gaps)))
        if self.greatest == ordered[-1]:
            self._upmost = bytearray()
            self._stretches.append((self.greatest, self._upmost))
        return True

    def joins(self, other: "_Run") -> bool:
        """Take those of another run if they all lie above or all below; False if they don't."""
        if not self._reaches(other.least, other.greatest):
            return False
        self._stretches += other._stretches  # noqa: SLF001 - another of these
        if self.greatest == other.greatest:
            self._upmost = other._upmost  # noqa: SLF001
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
        self._run: _Run | None = _Run()
        self._ids: _FewIds | _CloseIds | _ScatteredIds = _FewIds()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, id_: int) -> bool:
        self._end_run()
        return id_ in self._ids

    def __iter__(self) -> Iterator[int]:
        return iter(self._ids if self._run is None else self._run)

    def join(self, other: "SeenIds") -> bool:
        """Remember what another one does; False, with some of it remembered, if any was seen."""
        run = other._run  # noqa: SLF001 - another of these
        if self._run is not None and run is not None and self._run.joins(run):
            self._count += len(other)
            return True
        ids = iter(other)
        while few := list(islice(ids, _AT_ONCE)):
            if len(self.take(few)) < len(few):
                return False
        return True

    def take(self, ids: list[int]) -> list[int]:
        """Remember `ids` and give those not seen before, each once, in order."""
        if self._run is not None:
            if not ids or self._run.goes_on(ids):
                self._count += len(ids)
                return ids
            self._end_run()
        return self._take(ids)

    def _take(self, ids: list[int]) -> list[int]:
        fresh = self._ids.take(ids)
        self._count += len(fresh)
        if isinstance(self._ids, _FewIds) and len(self._ids) > _FEW:
            few, self._ids = self._ids, _CloseIds()
            self._ids.take(few)
        if isinstance(self._ids, _CloseIds) and self._ids.size() > 2**20 + 16 * self._count:
            self._ids = _ScatteredIds(self._ids)
        return fresh

    def _end_run(self) -> None:
        """Look at each id from now on."""
        if self._run is not None:
            run, self._run, self._count = iter(self._run), None, 0
            while ids := list(islice(run, _AT_ONCE)):
                self._take(ids)
