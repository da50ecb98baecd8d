"""Text for people, a screen at a time where it is longer than one."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, cast

from coursectl.redaction import SECRET_VARIABLES
from coursectl.whole_writes import WholeWriter

if TYPE_CHECKING:
    import io
    import subprocess

    from coursectl.render.interface import Sink

_AT_ONCE = 3.0
"""Seconds within which a pager that ends with a failure has shown nothing worth looking at."""

_RETAINED = 1024 * 1024
"""Bytes, of which no pipe holds more: from then on, the pager has read some."""

_CANNOT_RUN = (126, 127)
"""Exit codes of a shell that could not run a command."""

_LEFT = (0, -signal.SIGINT, 128 + signal.SIGINT)
"""Exit codes of a pager that a person has left, and of a shell around it that ctrl-C reached."""

_FOR_SHELL = re.compile(r"[|&;<>()$`\\*?\[\]#~=%{}!\n]")
"""What means something to a shell, beside blanks and quotes."""

_QUOTED = re.compile("'[^']*'")


class Paged:
    """Lines for the pager if there are at least `above`, else for `out`; until then they wait."""

    def __init__(
        self,
        out: "Sink",
        above: int,
        on_release: Callable[[], None],
        tell: Callable[[str, str], None],
    ) -> None:
        self._out = out
        self._above = above
        self._on_release = on_release
        self._tell = tell
        self._waiting: list[bytes] = []
        self._lines = 0
        self._is_shown = False
        self._pager: _Pager | None = None
        self._handler = signal.getsignal(signal.SIGINT)

    def write(self, data: bytes) -> None:
        """Take some of the text."""
        if not self._is_shown:
            self._waiting.append(data)
            self._lines += data.count(b"\n")
        elif self._pager is None:
            self._out.write(data)
        elif not self._pager.take(data):
            self._go_on_without(self._pager)

    def flush(self) -> None:
        """Begin to show what there is, if it is too long for a screen."""
        if not self._is_shown and self._lines >= self._above:
            self._show(_started())

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show all in the end; stay until the pager is left."""
        # ctrl-C is for the pager, which has its own use for it.
        interrupted = signal.getsignal(signal.SIGINT)
        try:
            yield
            self.flush()
            if not self._is_shown:
                self._show(None)
        finally:
            if self._pager is not None:
                self._pager.end()
                signal.signal(signal.SIGINT, interrupted)
        if self._pager is not None and self._pager.has_failed:
            self._go_on_without(self._pager)

    def _show(self, pager: "_Pager | None") -> None:
        self._on_release()
        if pager is not None:
            self._handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._pager = pager
        self._is_shown = True
        waiting, self._waiting = self._waiting, []
        self.write(b"".join(waiting))

    def _go_on_without(self, pager: "_Pager") -> None:
        """Show on the terminal what a pager was to show that failed, and all else."""
        self._pager = None
        signal.signal(signal.SIGINT, self._handler)
        self._tell(f"the pager ended with exit code {pager.code}", "PAGER names another one.")
        self._out.write(b"".join(pager.retained))


class _Pager:
    """A pager that is running."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.retained: list[bytes] = []
        """All that it was given, until it has read some of it."""
        self._process = process
        self._started_at = time.monotonic()
        self._size = 0
        self._stdin = WholeWriter(cast("io.FileIO", process.stdin))

    def take(self, data: bytes) -> bool:
        """Give it some of the text; return False if it has failed before it has shown any."""
        if self._size <= _RETAINED:
            self.retained.append(data)
        try:
            self._stdin.write(data)
        except BrokenPipeError:  # whoever reads has seen enough, or it has failed
            self.end()
            return not self.has_failed
        self._size += len(data)
        if self._size > _RETAINED:
            self.retained.clear()
        return True

    def end(self) -> None:
        """Wait until it is left."""
        with suppress(BrokenPipeError):
            self._process.communicate()

    @property
    def code(self) -> int:
        """The exit code, once it has ended."""
        return self._process.returncode

    @property
    def has_failed(self) -> bool:
        """Whether it has ended without having shown anything, as far as can be told."""
        at_once = time.monotonic() - self._started_at < _AT_ONCE
        if self.code in _LEFT or self._size > _RETAINED:
            return False
        return at_once or self.code in _CANNOT_RUN


def _started() -> _Pager | None:
    """Start the pager that the person chose; None if there is none to be had."""
    import shlex
    import subprocess

    chosen = os.environ.get("PAGER", "less")
    try:
        words = shlex.split(chosen)
    except ValueError:
        return None
    if words in ([], ["cat"]):
        return None
    if os.name == "posix" and _FOR_SHELL.search(_QUOTED.sub("", chosen)):
        words = ["/bin/sh", "-c", chosen]
    # less stays only for what fills the screen, shows colour and leaves the text behind.
    environment = {"LESS": "FRX", "LESSCHARSET": "utf-8", **os.environ}
    for name in SECRET_VARIABLES:
        environment.pop(name, None)
    try:
        process = subprocess.Popen(words, stdin=subprocess.PIPE, bufsize=0, env=environment)  # noqa: S603
    except OSError:
        return None
    return _Pager(process)
