"""Small files that coursectl reads for itself, bounded in size and in time.

What stands where such a file should be may be a pipe that nobody writes to, or a device without an
end. TAB asks, too, so nothing is imported that takes a while.
"""

import errno
import os
import select
import stat
from time import monotonic, sleep

_PATIENCE = 30.0
"""Seconds that a pipe may take in all; its writer may be asking somebody for a password."""

_UNTIL_WRITER = 3.0
"""Seconds in which somebody has to begin to write to a pipe."""

_TURN = 0.05

_FLAGS = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY", "O_CLOEXEC")
)


def read_regular(path: str, most: int) -> tuple[bytes, os.stat_result]:
    """Return what a regular file holds, at most `most` bytes, and its status.

    Raise OSError, also for anything else than a regular file, and for a larger one.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        return _read(descriptor, most), status
    finally:
        os.close(descriptor)


def read_given(path: str, most: int) -> bytes:
    """Return what a file, a pipe or a device holds, at most `most` bytes.

    Raise OSError, also for one that holds more, and TimeoutError, which is one, for a pipe to which
    nobody writes.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        is_pipe = stat.S_ISFIFO(os.fstat(descriptor).st_mode)
        return _read(descriptor, most, _UNTIL_WRITER if is_pipe else 0.0)
    finally:
        os.close(descriptor)


def _read(descriptor: int, most: int, until_writer: float = 0.0) -> bytes:
    found = bytearray()
    began = monotonic()
    while len(found) <= most:
        try:
            part = os.read(descriptor, most + 1 - len(found))
        except BlockingIOError:
            left = began + _PATIENCE - monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                raise TimeoutError(errno.ETIMEDOUT, "nothing came in time") from None
            until_writer = 0.0  # there is one
            continue
        if part:
            found += part
        elif found or monotonic() - began >= until_writer:
            if until_writer and not found:
                raise TimeoutError(errno.ETIMEDOUT, "it is a pipe that nobody writes to")
            return bytes(found)
        else:
            sleep(_TURN)
    raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes")
