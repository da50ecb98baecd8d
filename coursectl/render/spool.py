"""Rows that wait until all of them have been seen, in a temporary file if they are many."""

import marshal
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import Generic, Self, TypeVar

from coursectl.files import room_for

_Row = TypeVar("_Row")

_IN_MEMORY = 4 * 1024 * 1024
"""Bytes of rows that wait there."""


class RowSpool(Generic[_Row]):
    """Batches of rows, made of what `marshal` takes: lists, tuples, texts and numbers."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - see __exit__
        self._sizes: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(self, rows: list[_Row]) -> None:
        """Append a batch. Raise UsageError where the temporary file cannot be written."""
        written = marshal.dumps(rows)
        with room_for("the rows of a table"):
            self._file.write(written)
        self._sizes.append(len(written))

    @property
    def is_empty(self) -> bool:
        """Whether nothing has been put."""
        return not self._sizes

    def batches(self) -> Iterator[list[_Row]]:
        """Yield the batches in order, each as it was put."""
        self._file.seek(0)
        for size in self._sizes:
            yield marshal.loads(self._file.read(size))  # noqa: S302 - as written by `put`
