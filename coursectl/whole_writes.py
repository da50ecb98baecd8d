"""Streams that take all that is written to them, or fail.

A write takes as much as it can at once: a part, where a disk, a quota or a pipe is nearly full or
the process was stopped and continued, and nothing, where a pipe that does not block is full.
Python's own streams see to the rest only where they are buffered and block, and PYTHONUNBUFFERED=1
is common in containers.
"""

import errno
import io
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Buffer

_PAUSE = 0.01
"""Seconds between two attempts, where nothing tells when the next one is worth it."""


class WaitingWriter(io.RawIOBase):
    """A raw stream that waits for a place that takes nothing yet; closing it leaves that open."""

    def __init__(self, raw: io.FileIO) -> None:
        super().__init__()
        self._raw = raw
        self.failure: OSError | None = None
        """What the last write failed with."""

    def write(self, data: "Buffer", /) -> int:
        """Write some of the bytes, and return how many. Raises OSError."""
        try:
            while (taken := self._raw.write(data)) is None:
                _wait_for(self._raw.fileno())
        except OSError as error:
            self.failure = error
            raise
        return taken

    def writable(self) -> bool:
        """Return that it can be written."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._raw.fileno()

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._raw.isatty()


class WholeWriter(WaitingWriter):
    """A raw stream of which each write takes all bytes. A buffered one does so by itself."""

    def write(self, data: "Buffer", /) -> int:
        """Write all bytes, and return how many. Raises OSError."""
        left = memoryview(data).cast("B")
        size = len(left)
        while left:
            taken = super().write(left)
            if not taken:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            left = left[taken:]
        return size


def mend_streams() -> None:
    """Let stdout and stderr of this process take all that is written to them, from anywhere."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        buffer = getattr(stream, "buffer", None)
        raw = getattr(buffer, "raw", buffer)
        # On Windows no pipe is without blocking, and a console has a stream of its own.
        if os.name == "posix" and isinstance(raw, io.FileIO):
            setattr(sys, name, _mended(stream, raw, is_raw=buffer is raw))


def _mended(stream: io.TextIOWrapper, raw: io.FileIO, *, is_raw: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        WholeWriter(raw) if is_raw else io.BufferedWriter(WaitingWriter(raw)),  # type: ignore[arg-type]
        encoding=stream.encoding,
        errors=stream.errors,
        newline="\n",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def failure_of_stdout() -> OSError | None:
    """Return what the last write to stdout failed with, if one has failed."""
    buffer = getattr(sys.stdout, "buffer", None)
    found = getattr(getattr(buffer, "raw", buffer), "failure", None)
    return found if isinstance(found, OSError) else None


def _wait_for(descriptor: int) -> None:
    """Wait until a descriptor takes something."""
    import select

    try:
        select.select([], [descriptor], [])
    except ValueError:  # its number is too high for that
        import time

        time.sleep(_PAUSE)
