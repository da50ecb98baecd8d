"""Where members wait for their turn when an order needs all of them, and memory should not.

A million members take 800 MB as Python objects, and a fifth of that as rows of CSV or JSON. So each
is rendered when it comes, where that can be, and where they are many they wait in a temporary file.
"""

import os
import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from coursectl.errors import UsageError
from coursectl.printable import printable
from coursectl.render.interface import Rendered
from coursectl.roster.criteria import Batch, InMemory, Roster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coursectl.render.columns import Column
    from coursectl.render.interface import PiecewiseRenderer
    from coursectl.roster.criteria import Ranked

_AT_ONCE = 1_000
"""Rows that are written, and come back, together."""


class Aside(InMemory):
    """A temporary file without a name, made when it is needed and gone at the end of `with`."""

    def __init__(self) -> None:
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def lay(self, rows: "list[Ranked]") -> "Iterator[Ranked]":
        """Write rows, and give what reads them again, in the same order.

        Raises UsageError where the temporary file cannot be written.
        """
        import pickle

        places = []
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="coursectl-")  # noqa: SIM115 - see __exit__
            self._file.seek(0, os.SEEK_END)
            for start in range(0, len(rows), _AT_ONCE):
                places.append(self._file.tell())
                pickle.dump(rows[start : start + _AT_ONCE], self._file)
            self._file.flush()
        except OSError as error:
            said = printable(error.strerror or str(error))
            raise UsageError(
                f"a temporary file for members to be sorted cannot be written: {said}",
                f"Free some space in {_folder()}, or name another folder in TMPDIR.",
            ) from None
        return self._read(self._file, places)

    def _read(self, file: BinaryIO, places: list[int]) -> "Iterator[Ranked]":
        import pickle

        for place in places:
            file.seek(place)
            yield from pickle.load(file)  # noqa: S301 - as it was laid


class AsideRendered(Aside):
    """The same for members who wait as bytes of a format."""

    holds = 150_000

    def __init__(self, renderer: "PiecewiseRenderer", columns: "tuple[Column, ...]") -> None:
        super().__init__()
        self._renderer = renderer
        self._columns = columns

    def kept(self, batch: Batch) -> list[Any]:
        """Give the record of each member."""
        return self._renderer.records(batch, self._columns) if batch.members else []

    def given(self, roster: Roster, kept: list[bytes]) -> Rendered:
        """Give the records."""
        return Rendered(roster, [], len(kept), [self._renderer.between.join(kept)])


def _folder() -> str:
    try:
        return printable(tempfile.gettempdir())
    except OSError:
        return "the folder for temporary files"
