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

from coursectl.deadline import check_deadline
from coursectl.errors import CoursectlError, InvalidData, NotFound
from coursectl.printable import printable
from coursectl.roster.criteria import Criteria
from coursectl.roster.documents import BLOCK
from coursectl.roster.member import Member
from coursectl.roster.parsing import Reading
from coursectl.sources.interface import no_progress
from coursectl.sources.opened import Opened, Read

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
        self.caveats: list[str] = []
        self.warnings: list[str] = []
        self.is_repeatable = path is not None and os.path.isfile(path)  # noqa: PTH113 - not of a long name
        self.path = path
        self._opened: Opened | None = None

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
        try:
            for members in reading.document(self.blocks(), self.name):
                on_progress(reading.members, reading.count)
                yield members
        except InvalidData:
            # What is wrong with it may be that it is half written.
            self.check_unchanged()
            raise

    def opened(self) -> Opened:
        """Return the file, opened once for all that is read of it. Raises OSError."""
        if self._opened is None or self._opened.is_closed:
            if self.path is not None:
                self._opened = Opened.at(self.path)
            elif sys.stdin is not None:
                self._opened = Opened(sys.stdin.fileno(), is_ours=False)
            else:
                raise OSError(errno.EBADF, "stdin is closed")
        return self._opened

    def close(self) -> None:
        """Let go of the file; what is read after this may be another one."""
        if self._opened is not None:
            self._opened.close()

    def check_unchanged(self) -> None:
        """Raise InvalidData if the file has been written since it was opened."""
        if self._opened is not None and not self._opened.is_closed and self._opened.has_changed():
            raise InvalidData(
                f"{self.name}: it changed while it was read", "Run it again when it is written."
            )

    def size(self) -> int | None:
        """Give how many bytes it takes as it lies there; None for what is no regular file."""
        if not self.is_repeatable:
            return None
        try:
            stamp = self.opened().stamp
        except OSError:
            return None
        return None if stamp is None else stamp.size

    def end(self) -> bytes | None:
        """Give the last bytes of a regular file that is not zipped; None where they are none."""
        size = self.size()
        if size is None:
            return None
        try:
            file = self.opened()
            if file.read_at(0, len(GZIP_MAGIC)) == GZIP_MAGIC:
                return None
            return file.read_at(max(size - BLOCK, 0), BLOCK)
        except OSError:
            return None

    def course_as_sent(self) -> dict[str, object] | None:
        """Give None: what an export says of its course, its reading tells."""
        return None

    def takes_status(self, _: str) -> bool:
        """Return False: a file is asked for nothing."""
        return False

    def total(self, reading: Reading) -> int:
        """Give how many valid members the export holds."""
        return reading.valid

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes of the export, unzipped. Raises InvalidData and NotFound."""
        try:
            read = self.opened().reader()
            # A pipe may give one byte at first, so looking ahead would not do.
            start = read(len(GZIP_MAGIC))
            while 0 < len(start) < len(GZIP_MAGIC) and (more := read(1)):
                start += more
            if start == GZIP_MAGIC:
                read = _unzipped(start, read)
            elif start:
                yield start
            while block := read(BLOCK):
                yield block
                check_deadline(self.name)
        except (OSError, EOFError, zlib.error) as error:
            self.check_unchanged()
            raise self._unreadable(error) from None
        self.check_unchanged()

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

    def __init__(self, start: bytes, read: Read) -> None:
        self._start = start
        self._read = read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._start or self._read(len(buffer))
        self._start = b""
        buffer[: len(data)] = data
        return len(data)


def _unzipped(start: bytes, read: Read) -> Read:
    """Return what reads on from the start of a gzip file and gives what was zipped."""
    import gzip

    return gzip.GzipFile(fileobj=cast("BinaryIO", _Rejoined(start, read))).read
