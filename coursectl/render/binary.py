"""A sink as a binary file, for libraries that write to nothing else."""

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING

from coursectl.errors import CoursectlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

    from coursectl.render.interface import Sink


class _SinkFile(io.RawIOBase):
    def __init__(self, out: "Sink", *, defers: bool) -> None:
        self._out: Sink | None = out
        self._defers = defers
        self.failure: OSError | CoursectlError | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: "Buffer", /) -> int:
        view = memoryview(data)
        if self._out is not None:
            try:
                self._out.write(view.tobytes())
            except (OSError, CoursectlError) as error:
                if not self._defers:
                    raise
                self.failure = error
                self.forget()
        return view.nbytes

    def flush(self) -> None:
        """Do nothing, as there is nothing to do; not even complain that the file is closed."""

    def forget(self) -> None:
        self._out = None


@contextmanager
def as_file(out: "Sink", *, defers: bool = False) -> "Iterator[io.RawIOBase]":
    """Give a file that can be written, not read and not sought, and whose bytes go to `out`.

    After an exception it takes bytes and drops them: libraries complete what they have begun when
    they are thrown away, and nobody must take half an answer for a whole one. With `defers`, what
    `out` raises comes at the end of the block, for a library that complains of being interrupted.
    """
    file = _SinkFile(out, defers=defers)
    try:
        yield file
    except BaseException:
        file.forget()
        raise
    if file.failure is not None:
        raise file.failure
