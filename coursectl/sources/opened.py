"""A file that is read from one descriptor, and whether it changed meanwhile.

An export may be looked into at its end, read twice, and cut in two. If each of these opened the
path anew, a file that is replaced in between would give members of both. So it is opened once: who
replaces it, as `export -o` does, leaves what is read here as it was. A file that is written in
place is another matter; that shows in its stamp.
"""

import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

Read = Callable[[int], bytes]
"""Gives at most so many bytes that come next, and none at the end."""

_TICK = 20_000_000
"""Nanoseconds within which two writes may have the same time in a file system."""

_MOST_WAITS = 10
"""Times that a file which somebody writes is waited for."""

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)


class Stamp(NamedTuple):
    """What changes when a regular file does."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int
    links: int

    @classmethod
    def of(cls, descriptor: int) -> "Stamp | None":
        """Return the stamp of what is open; None for what is no regular file."""
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return None
        return cls(
            found.st_dev,
            found.st_ino,
            found.st_size,
            found.st_mtime_ns,
            found.st_ctime_ns,
            found.st_nlink,
        )

    def is_still(self, descriptor: int) -> bool:
        """Return whether what is open is the same file, and nobody has written it since.

        Who puts another file in its place takes a link from it, which is told as a change, too.
        """
        now = Stamp.of(descriptor)
        if now is None or self[:4] != now[:4]:
            return False
        return self.changed == now.changed or self.links != now.links


def _settled(descriptor: int) -> Stamp | None:
    """Return the stamp of what is open once another write would show in it.

    That is a moment after the last one, so it hardly ever takes any time.
    """
    stamp = Stamp.of(descriptor)
    for _ in range(_MOST_WAITS):
        if stamp is None or not 0 <= (age := time.time_ns() - stamp.modified) < _TICK:
            break
        time.sleep((_TICK - age) / 1e9)
        stamp = Stamp.of(descriptor)
    return stamp


class Opened:
    """A file, or a pipe, that is open for reading until it is closed or nobody has it any more."""

    def __init__(self, descriptor: int, *, is_ours: bool) -> None:
        self.descriptor = descriptor
        self._is_ours = is_ours
        self.stamp = _settled(descriptor)
        """None for what is no regular file, which can be read once, from where it is."""

    @classmethod
    def at(cls, path: Path) -> "Opened":
        """Return a file that has been opened. Raise OSError."""
        return cls(os.open(path, _FLAGS), is_ours=True)

    def __del__(self) -> None:
        self.close()

    @property
    def is_closed(self) -> bool:
        """Whether it can be read no more."""
        return self.descriptor < 0

    def close(self) -> None:
        """Let go of the descriptor."""
        if self._is_ours and not self.is_closed:
            os.close(self.descriptor)
        self.descriptor = -1

    def has_changed(self) -> bool:
        """Return whether it has been written since it was opened; always False for a pipe."""
        return self.stamp is not None and not self.stamp.is_still(self.descriptor)

    def read_at(self, offset: int, size: int) -> bytes:
        """Return at most `size` bytes of a regular file from `offset` on. Raise OSError."""
        if sys.platform != "win32":
            return os.pread(self.descriptor, size, offset)
        os.lseek(self.descriptor, offset, os.SEEK_SET)
        return os.read(self.descriptor, size)

    def reader(self) -> Read:
        """Return what reads it from its start, whoever else reads it; or a pipe from where it is.

        So is a regular file that somebody else has opened. It raises OSError.
        """
        if self.stamp is None or not self._is_ours:
            return self._read_on
        at = 0

        def read(size: int) -> bytes:
            nonlocal at
            data = self.read_at(at, size)
            at += len(data)
            return data

        return read

    def _read_on(self, size: int) -> bytes:
        """Return what comes next, and wait for it where nothing is there yet."""
        while True:
            try:
                return os.read(self.descriptor, size)
            except BlockingIOError:
                import select

                select.select([self.descriptor], [], [])
