"""Where members wait for their turn when an order needs all of them, and memory should not.

A million members take 800 MB as Python objects. So each is rendered when it comes, where that can
be, or else written down, and where they are many they wait in a temporary file.
"""

import mmap
import sys
import tempfile
from abc import ABC, abstractmethod
from array import array
from contextlib import suppress
from itertools import accumulate
from operator import sub
from typing import TYPE_CHECKING, BinaryIO, Generic, TypeVar, cast

from coursectl.files import room_for
from coursectl.render.interface import Rendered
from coursectl.roster.criteria import Batch, Roster

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coursectl.render.columns import Column
    from coursectl.render.interface import PiecewiseRenderer
    from coursectl.roster.member import Member
    from coursectl.roster.ranking import Ranking, Shelf, Stretch

_Kept = TypeVar("_Kept")

_HEAVY = 16 * 1024 * 1024
"""Bytes of texts that are in memory, as far as they are counted, before they are laid aside."""

_GIVEN = 8 * 1024 * 1024
"""Bytes of records that are given together."""


class Records:
    """Many texts in a file, each under a number. Without a file, a temporary one is made."""

    def __init__(self, file: "BinaryIO | None" = None, ends: "array[int] | None" = None) -> None:
        self.ends = array("Q", [0]) if ends is None else ends
        """Where the first one begins, which is at 0, and where each ends."""
        self._file = file
        self._is_ours = file is None
        self._mapped: mmap.mmap | None = None
        self._behind: Records | None = None

    def close(self) -> None:
        """Let go of the temporary file."""
        if self._behind is not None:
            self._behind.close()
        if self._mapped is not None:
            self._mapped.close()
        if self._file is not None and self._is_ours:
            with suppress(OSError):  # it may hold what it could not write
                self._file.close()

    def __len__(self) -> int:
        return len(self.ends) - 1 + (0 if self._behind is None else len(self._behind))

    def put(self, blocks: "Iterable[bytes]", lengths: "Iterable[int]") -> None:
        """Take texts of these lengths, in blocks of any size. Raises UsageError."""
        self.ends.fromlist(list(accumulate(lengths, initial=self.ends.pop())))
        with room_for("members to be sorted"):
            file = self._opened()
            file.writelines(blocks)
            file.flush()

    def _opened(self) -> "BinaryIO":
        if self._file is None:
            file = tempfile.TemporaryFile(prefix="coursectl-")  # noqa: SIM115 - see close
            self._file = cast("BinaryIO", file)  # Windows has it in a wrapper
        return self._file

    def longest(self) -> int:
        """Give how long the longest is, or more than none is where all of them are short."""
        here = self.ends
        longest = max(map(sub, here[1:], here)) if here[-1] > _GIVEN else here[-1]
        return longest if self._behind is None else max(longest, self._behind.longest())

    def join(self, others: "Records") -> None:
        """Have others behind these. They stay in their file, which may be closed now.

        None can be put any more then.
        """
        others.text()
        self._behind = others

    def at(self, stretches: "list[Stretch]") -> list[bytes]:
        """Give the texts of each of these stretches in one. None can be put any more then."""
        here, text, ends = len(self.ends) - 1, self.text(), self.ends
        behind, ends_behind = (
            (b"", ends) if self._behind is None else (self._behind.text(), self._behind.ends)
        )
        given = []
        for start, end in stretches:
            if end <= here:
                given.append(text[ends[start] : ends[end]])
            elif start >= here:
                given.append(behind[ends_behind[start - here] : ends_behind[end - here]])
            else:
                given.append(text[ends[start] : ends[here]] + behind[: ends_behind[end - here]])
        for each in (text, behind):
            if sys.platform != "win32" and isinstance(each, mmap.mmap):
                each.madvise(mmap.MADV_DONTNEED)  # or what was read would count as memory
        return given

    def text(self) -> "mmap.mmap | bytes":
        """Give all that is in the file, from its beginning."""
        if len(self.ends) == 1:
            return b""
        if self._mapped is None:
            self._mapped = mmap.mmap(self._opened().fileno(), 0, access=mmap.ACCESS_READ)
        return self._mapped


class Ranked(Batch):
    """Members of a roster who are in the order of a ranking, and rendered, in records.

    They can only wait on a shelf for members as they are rendered.
    """

    __slots__ = ("ranking", "records")

    def __init__(self, roster: Roster, ranking: "Ranking", records: Records) -> None:
        super().__init__(roster, [])
        self.ranking = ranking
        self.records = records

    def __len__(self) -> int:
        return len(self.records)

    def wait(self, ranking: "Ranking", shelf: "Shelf", _: str) -> None:
        """Have the members wait, laid aside as they are."""
        ranking.settle(shelf)
        ranking.take_over(self.ranking, self.roster)
        shelf.put(self)


class _Shelf(ABC, Generic[_Kept]):
    """Members, or what is kept of each; those who are laid aside are in a temporary file."""

    def __init__(self, holds: int, records: Records | None = None) -> None:
        self.holds = holds
        """How many are in memory."""
        self._fresh: list[_Kept] = []
        self._weight = 0
        self._records = Records() if records is None else records

    def close(self) -> None:
        """Let go of all of them."""
        self._records.close()

    @property
    def is_heavy(self) -> bool:
        """Whether what is in memory takes much of it, however few they are."""
        return self._weight > _HEAVY

    def at_once(self, number: int) -> int:
        """Give how many of `number` may be given together."""
        return max(1, min(number, _GIVEN // max(1, self._records.longest())))

    def lay(self, numbers: list[int]) -> None:
        """Lay all aside that are not yet, in this order.

        Raises UsageError where the temporary file cannot be written.
        """
        if self._fresh:
            texts = self._written(self._fresh_at(numbers))
            self._fresh.clear()
            self._weight = 0
            self._records.put([b"".join(texts)], map(len, texts))

    def keep(self, numbers: list[int]) -> None:
        """Let go of all but these of them."""
        self._weight = self._weight * len(numbers) // max(1, len(self._fresh))
        self._fresh = self._fresh_at(numbers)

    def _at(self, stretches: "list[Stretch]") -> list[_Kept]:
        """Give these, of whom either all have been laid aside or none."""
        numbers = [number for start, end in stretches for number in range(start, end)]
        if len(self._records):
            return self._read(self._records.at([(number, number + 1) for number in numbers]))
        return self._fresh_at(numbers)

    def _fresh_at(self, numbers: list[int]) -> list[_Kept]:
        fresh = self._fresh
        return [fresh[number] for number in numbers]

    @abstractmethod
    def _written(self, kept: list[_Kept]) -> list[bytes]:
        """Give a text of each."""

    @abstractmethod
    def _read(self, texts: list[bytes]) -> list[_Kept]:
        """Give each of its text."""


class Aside(_Shelf["Member"]):
    """Members as they are."""

    def __init__(self, holds: int = 50_000) -> None:
        super().__init__(holds)

    def put(self, batch: Batch) -> None:
        """Take members."""
        self._fresh += batch.members
        self._weight += sum([len(member.get("avatar") or "") for member in batch.members])

    def given(self, roster: Roster, stretches: "list[Stretch]") -> Batch:
        """Give these."""
        return Batch(roster, self._at(stretches))

    def _written(self, kept: "list[Member]") -> list[bytes]:
        import pickle

        return [pickle.dumps(member) for member in kept]

    def _read(self, texts: list[bytes]) -> "list[Member]":
        import pickle

        return [pickle.loads(text) for text in texts]  # noqa: S301 - as written


class AsideRendered(_Shelf[bytes]):
    """Members as records of a format."""

    def __init__(
        self,
        renderer: "PiecewiseRenderer",
        columns: "tuple[Column, ...]",
        holds: int = 10_000,
        records: Records | None = None,
    ) -> None:
        super().__init__(holds, records)
        self._renderer = renderer
        self._columns = columns

    def put(self, batch: Batch) -> None:
        """Take members. Raises UsageError where the temporary file cannot be written."""
        if isinstance(batch, Ranked):
            self._records.join(batch.records)
        elif len(batch):
            records = self._renderer.records(batch, self._columns)
            self._fresh += records
            self._weight += sum(map(len, records))

    def given(self, roster: Roster, stretches: "list[Stretch]") -> Rendered:
        """Give these."""
        if len(self._records) and not self._renderer.between:
            texts = self._records.at(stretches)
        else:
            texts = self._at(stretches)
        starts, ends = zip(*stretches, strict=True)
        number = sum(ends) - sum(starts)
        return Rendered(roster, number, [self._renderer.between.join(texts)])

    def _written(self, kept: list[bytes]) -> list[bytes]:
        return kept

    def _read(self, texts: list[bytes]) -> list[bytes]:
        return texts
