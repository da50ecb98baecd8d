"""Rosters saved as JSON: a file, stdin, or the bundled demo."""

import errno
import io
import os
import sys
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from coursectl.errors import CoursectlError, InvalidData, NotFound
from coursectl.printable import printable
from coursectl.roster.criteria import Criteria
from coursectl.roster.documents import BLOCK
from coursectl.roster.member import Member
from coursectl.roster.parsing import Reading
from coursectl.sources.interface import no_progress

if TYPE_CHECKING:
    from coursectl.sources.interface import OnProgress

STDIN = "-"
DEMO = "demo"

GZIP_MAGIC = b"\x1f\x8b"


class Export:
    """An export in a file, or on stdin where `path` is None. gzip is known by its first bytes."""

    is_local = True
    fetched_at: datetime | None = None
    course_name: str | None = None
    course_id: int | None = None
    community: str | None = None

    def __init__(self, path: Path | None, name: str) -> None:
        self.name = printable(name)
        self.warnings: list[str] = []
        self.is_repeatable = path is not None and os.path.isfile(path)  # noqa: PTH113 - not of a long name
        self.path = path

    @classmethod
    def demo(cls) -> "Export":
        """Give the bundled export, which needs no community and no account."""
        return cls(Path(__file__).with_name("demo.json"), DEMO)

    def batches(
        self,
        reading: Reading,
        criteria: Criteria,  # noqa: ARG002
        on_progress: "OnProgress" = no_progress,
    ) -> Iterator[list[Member]]:
        """Yield the members of the export. Raises InvalidData, or NotFound for a missing file."""
        for members in reading.document(self.blocks(), self.name):
            on_progress(reading.members, reading.count)
            yield members

    def size(self) -> int | None:
        """Give how many bytes it takes as it lies there; None for what is no regular file."""
        if self.path is None or not self.is_repeatable:
            return None
        try:
            return self.path.stat().st_size
        except OSError:
            return None

    def end(self) -> bytes | None:
        """Give the last bytes of a regular file that is not zipped; None where they are none."""
        if self.path is None or not self.is_repeatable:
            return None
        try:
            with self.path.open("rb") as file:
                if file.read(len(GZIP_MAGIC)) == GZIP_MAGIC:
                    return None
                file.seek(max(file.seek(0, os.SEEK_END) - BLOCK, 0))
                return file.read(BLOCK)
        except OSError:
            return None

    def course_as_sent(self) -> dict[str, object] | None:
        """Give None: what an export says of its course, its reading tells."""
        return None

    def total(self, reading: Reading) -> int:
        """Give how many valid members the export holds."""
        return reading.valid

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes of the export, unzipped. Raises InvalidData and NotFound."""
        try:
            with self._open() as file:
                # A pipe may give one byte at first, so looking ahead would not do.
                block = file.read(len(GZIP_MAGIC))
                if block == GZIP_MAGIC:
                    file = _unzipped(_Rejoined(block, file))
                    block = file.read(BLOCK)
                while block:
                    yield block
                    block = file.read(BLOCK)
        except (OSError, EOFError, zlib.error) as error:
            raise self._unreadable(error) from None

    def _open(self) -> BinaryIO:
        if self.path is None:
            if sys.stdin is None:
                raise OSError(errno.EBADF, "stdin is closed")
            return open(sys.stdin.fileno(), "rb", closefd=False)
        return self.path.open("rb")

    def _unreadable(self, error: Exception) -> CoursectlError:
        match error:
            case FileNotFoundError():
                return NotFound(f"{self.name}: no such file")
            case IsADirectoryError():
                return InvalidData(
                    f"{self.name}: a directory, expected an export",
                    "Name a file in it, or give the course by its id.",
                )
            case PermissionError():
                return InvalidData(
                    f"{self.name}: no permission to read it", "Ask its owner, or copy it."
                )
            case _:
                said = printable(str(getattr(error, "strerror", None) or error))
                return InvalidData(f"{self.name}: cannot be read: {said}", "Save the export again.")


class _Rejoined(io.RawIOBase):
    """A file of which the start has been read already."""

    def __init__(self, start: bytes, rest: BinaryIO) -> None:
        self._start = start
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._start or self._rest.read(len(buffer))
        self._start = b""
        buffer[: len(data)] = data
        return len(data)


def _unzipped(file: io.RawIOBase) -> BinaryIO:
    import gzip

    return cast("BinaryIO", gzip.GzipFile(fileobj=cast("BinaryIO", file)))
