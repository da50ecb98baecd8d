"""Where members wait for their turn when an order needs all of them, and memory should not.

A million members take 800 MB as Python objects. So each is rendered when it comes, where that can
be, or else written down, and where they are many they wait in a temporary file.
"""

import mmap
import tempfile
from abc import ABC, abstractmethod
from array import array
from contextlib import suppress
from itertools import accumulate
from operator import sub
from typing import TYPE_CHECKING, BinaryIO, Generic, TypeVar

from coursectl.errors import UsageError
from coursectl.printable import printable
from coursectl.render.interface import Ranked, Rendered
from coursectl.roster.criteria import Batch, Roster

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coursectl.render.columns import Column
    from coursectl.render.interface import PiecewiseRenderer
    from coursectl.roster.member import Member
    from coursectl.roster.ranking import Stretch

_Kept = TypeVar("_Kept")


class Records:
    """Many texts in a file, each under a number. Without a file, a temporary one is made."""

    def __init__(self, file: "BinaryIO | None" = None) -> None:
        self._file = file
        self._is_ours = file is None
        self._ends = array("Q", [0])
        self._all: mmap.mmap | None = None

    def close(self) -> None:
        """Let go of the temporary file."""
        if self._all is not None:
            self._all.close()
        if self._file is not None and self._is_ours:
            with suppress(OSError):  # it may hold what it could not write
                self._file.close()

    def __len__(self) -> int:
        return len(self._ends) - 1

    def put(self, blocks: "Iterable[bytes]", lengths: "Iterable[int]") -> None:
        """Take texts of these lengths, in blocks of any size. Raises UsageError."""
        self._ends.extend(accumulate(lengths, initial=self._ends.pop()))
        try:
            file = self._opened()
            file.writelines(blocks)
            file.flush()
        except OSError as error:
            said = printable(error.strerror or str(error))
            raise UsageError(
                f"a temporary file for members to be sorted cannot be written: {said}",
                f"Free some space in {_folder()}, or name another folder in TMPDIR.",
            ) from None

    def _opened(self) -> "BinaryIO":
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="coursectl-")  # noqa: SIM115 - see close
        return self._file

    def at(self, stretches: "list[Stretch]") -> list[bytes]:
        """Give the texts of each of these stretches in one. None can be put any more then."""
        if self._all is None:
            self._all = mmap.mmap(self._opened().fileno(), 0, access=mmap.ACCESS_READ)
        text, ends = self._all, self._ends
        given = [text[ends[start] : ends[end]] for start, end in stretches]
        if hasattr(mmap, "MADV_DONTNEED"):
            text.madvise(mmap.MADV_DONTNEED)  # or what has been read would count as memory
        return given

    def lengths(self) -> "array[int]":
        """Give the bytes of each."""
        return array("L", map(sub, self._ends[1:], self._ends))


class _Shelf(ABC, Generic[_Kept]):
    """Members, or what is kept of each; those who are laid aside are in a temporary file."""

    def __init__(self, holds: int, records: Records | None = None) -> None:
        self.holds = holds
        """How many are in memory."""
        self._fresh: list[_Kept] = []
        self._records = Records() if records is None else records

    def close(self) -> None:
        """Let go of all of them."""
        self._records.close()

    def lay(self, numbers: list[int]) -> None:
        """Lay all aside that are not yet, in this order.

        Raises UsageError where the temporary file cannot be written.
        """
        if self._fresh:
            texts = self._written(list(map(self._fresh.__getitem__, numbers)))
            self._fresh.clear()
            self._records.put([b"".join(texts)], map(len, texts))

    def keep(self, numbers: list[int]) -> None:
        """Let go of all but these of them."""
        self._fresh = list(map(self._fresh.__getitem__, numbers))

    def _at(self, stretches: "list[Stretch]") -> list[_Kept]:
        """Give these, of whom either all have been laid aside or none."""
        numbers = [number for start, end in stretches for number in range(start, end)]
        if len(self._records):
            return self._read(self._records.at([(number, number + 1) for number in numbers]))
        return list(map(self._fresh.__getitem__, numbers))

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
        holds: int = 25_000,
        records: Records | None = None,
    ) -> None:
        super().__init__(holds, records)
        self._renderer = renderer
        self._columns = columns

    def put(self, batch: Batch) -> None:
        """Take members. Raises UsageError where the temporary file cannot be written."""
        if isinstance(batch, Ranked):
            self._records.put(batch.pieces, batch.lengths)
        elif len(batch):
            self._fresh += self._renderer.records(batch, self._columns)

    def given(self, roster: Roster, stretches: "list[Stretch]") -> Rendered:
        """Give these."""
        if len(self._records) and not self._renderer.between:
            texts = self._records.at(stretches)
        else:
            texts = self._at(stretches)
        number = sum(end - start for start, end in stretches)
        return Rendered(roster, number, [self._renderer.between.join(texts)])

    def _written(self, kept: list[bytes]) -> list[bytes]:
        return kept

    def _read(self, texts: list[bytes]) -> list[bytes]:
        return texts


def _folder() -> str:
    try:
        return printable(tempfile.gettempdir())
    except OSError:
        return "the folder for temporary files"
