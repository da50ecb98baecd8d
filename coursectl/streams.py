"""stdout for data, stderr for talk, and files that are whole or not there."""

import os
import shutil
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, Timer
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self, cast

from coursectl import threads
from coursectl.errors import CoursectlError, UsageError
from coursectl.files import replacing
from coursectl.printable import printable
from coursectl.redaction import SECRET_VARIABLES, redacted

if TYPE_CHECKING:
    import subprocess

    from rich.progress import Progress

    from coursectl.render.interface import Sink

HELD_BACK = 4 * 1024 * 1024
"""Bytes that wait until the roster has proved good, or until there are more of them."""

_BEFORE_PROGRESS = 0.5
"""Seconds of work before a progress bar shows."""


# stderr


def say(*lines: str) -> None:
    """Tell a person something; the first line says what, further ones how or why."""
    text = "".join(
        f"{'  ' if number else 'coursectl: '}{line}\n" for number, line in enumerate(lines)
    )
    with suppress(OSError, ValueError):  # nobody listens: that is no failure of the work
        sys.stderr.write(redacted(text))
        sys.stderr.flush()


class Talk:
    """What is said beside the data: nothing when `quiet`, and progress only on a terminal.

    Progress shows once the work has taken half a second, within `with`.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._lock = Lock()
        self._timer: Timer | None = None
        self._progress: Progress | None = None
        self._done = 0
        self._total: int | None = None

    def __enter__(self) -> Self:
        """Begin to watch the time."""
        if not self._quiet and sys.stderr.isatty():
            self._timer = Timer(_BEFORE_PROGRESS, self._show)
            threads.start(self._timer)
        return self

    def __exit__(self, *_: object) -> None:
        """Take the progress away."""
        self.stop()

    def note(self, *lines: str) -> None:
        """Say something that is good to know."""
        if not self._quiet and lines:
            self.stop()
            say(*lines)

    def advance(self, done: int, total: int | None) -> None:
        """Tell that `done` members of `total` have arrived."""
        self._done, self._total = done, total
        if self._progress is not None:
            task = self._progress.task_ids[0]
            self._progress.update(task, completed=done, total=total)

    def stop(self) -> None:
        """Show no progress any more, so that something else can be written."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._progress is not None:
                self._progress.stop()
                self._progress = None

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        with self._lock:
            if self._timer is None:
                return
            columns = (TextColumn("Reading members"), BarColumn(), MofNCompleteColumn())
            progress = Progress(*columns, console=Console(stderr=True), transient=True)
            progress.add_task("", completed=self._done, total=self._total)
            progress.start()
            self._progress = progress


# stdout


class Terminal(NamedTuple):
    """What stdout can show. Without a terminal: any width, no colour."""

    is_terminal: bool
    width: int | None = None
    height: int | None = None
    color_system: str | None = None
    no_color: bool = False


def stdout_terminal() -> Terminal:
    """Look at stdout."""
    if not sys.stdout.isatty():
        columns = os.environ.get("COLUMNS", "")[:6]
        # 0 is how some programs say that they do not know.
        return Terminal(
            is_terminal=False, width=int(columns) or None if columns.isdecimal() else None
        )
    from rich.console import Console

    console = Console()
    size = shutil.get_terminal_size()
    return Terminal(
        is_terminal=True,
        width=size.columns,
        height=size.lines,
        color_system=console.color_system,
        no_color=console.no_color,
    )


class _HeldBack:
    """Writes that wait, so that what fails early has written nothing."""

    def __init__(self, file: BinaryIO, on_release: Callable[[], None]) -> None:
        self._file = file
        self._on_release = on_release
        self._waiting: list[bytes] | None = []
        self._size = 0

    def write(self, data: bytes) -> None:
        if self._waiting is None:
            self._file.write(data)
            return
        self._waiting.append(data)
        self._size += len(data)
        if self._size > HELD_BACK:
            self.flush()

    def flush(self) -> None:
        """Let go of what waits."""
        if self._waiting is not None:
            self._on_release()
            waiting, self._waiting = self._waiting, None
            self._file.write(b"".join(waiting))


@contextmanager
def to_stdout(talk: Talk, *, pager_above: int | None = None) -> "Iterator[Sink]":
    """Give a place to write to; what fails before `HELD_BACK` bytes writes nothing.

    With `pager_above`, all waits until the renderer says that no more can fail, and is shown by the
    pager if it has as many lines.
    Raises BrokenPipeError when nobody reads on, and UsageError when stdout cannot be written.
    """
    if sys.__stdout__ is None:
        raise UsageError("stdout is closed", "Name a file with -o.")
    out = sys.stdout.buffer
    try:
        if pager_above is not None:
            pages = _Paged(out, pager_above, talk.stop)
            with pages.shown():
                yield pages
        else:
            held = _HeldBack(out, talk.stop)
            yield held
            held.flush()
        out.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise cannot_write("stdout", error) from None


def forget_stdout() -> None:
    """Let go of what stdout still holds: Python would write it at exit, and complain there."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - not a path of ours
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


class _Paged:
    """Lines for the pager if there are at least `above`, else for `out`; until then they wait."""

    def __init__(self, out: BinaryIO, above: int, on_release: Callable[[], None]) -> None:
        self._out = out
        self._above = above
        self._on_release = on_release
        self._waiting: list[bytes] = []
        self._lines = 0
        self._sink: BinaryIO | None = None
        self._pager: subprocess.Popen[bytes] | None = None

    def write(self, data: bytes) -> None:
        if self._sink is None:
            self._waiting.append(data)
            self._lines += data.count(b"\n")
        elif self._pager is None:
            self._sink.write(data)
        else:
            with suppress(BrokenPipeError):  # whoever reads has seen enough
                self._sink.write(data)

    def flush(self) -> None:
        """Begin to show what there is, if it is too long for a screen."""
        if self._sink is None and self._lines >= self._above:
            self._begin(_pager())

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show all in the end; stay until the pager is left."""
        # ctrl-C is for the pager, which has its own use for it.
        interrupted = signal.getsignal(signal.SIGINT)
        try:
            yield
            self.flush()
            if self._sink is None:
                self._begin(None)
        finally:
            if self._pager is not None:
                with suppress(BrokenPipeError):
                    self._pager.communicate()
                signal.signal(signal.SIGINT, interrupted)

    def _begin(self, pager: "subprocess.Popen[bytes] | None") -> None:
        self._on_release()
        self._pager = pager
        self._sink = self._out
        if pager is not None and pager.stdin is not None:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self._sink = cast("BinaryIO", pager.stdin)
        self.write(b"".join(self._waiting))


def _pager() -> "subprocess.Popen[bytes] | None":
    """Start the pager that the person chose; None if there is none to be had."""
    import shlex
    import subprocess

    try:
        command = shlex.split(os.environ.get("PAGER", "less"))
    except ValueError:
        return None
    if command in ([], ["cat"]):
        return None
    # less stays only for what fills the screen, shows colour and leaves the text behind.
    environment = {"LESS": "FRX", "LESSCHARSET": "utf-8", **os.environ}
    for name in SECRET_VARIABLES:
        environment.pop(name, None)
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)  # noqa: S603
    except OSError:
        return None


# Files


@contextmanager
def to_file(path: Path) -> "Iterator[Sink]":
    """Give a place to write a file to, which appears under its name once it is complete.

    A name that ends in `.gz` is compressed. What is no regular file (a device, a pipe) is written
    as it is. Raises UsageError when the file cannot be written.
    """
    shown = printable(str(path))
    try:
        with suppress(FileNotFoundError):
            path.stat()  # a loop of links is told here, as an OSError
        is_descriptor = path.is_relative_to("/dev") or path.is_relative_to("/proc")
        if is_descriptor or (path.exists() and not path.is_file()):
            if path.is_dir():
                raise UsageError(f"{shown} is a directory", "Name a file in it.")
            with path.open("ab") as file:
                held = _HeldBack(file, lambda: None)
                yield held
                held.flush()
            return
        with replacing(path.resolve(), _mode(path)) as file:
            if path.suffix.lower() == ".gz":
                import gzip

                # No name and no time inside: the same roster gives the same bytes.
                with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as zipped:
                    yield zipped
            else:
                yield file
    except OSError as error:
        raise cannot_write(shown, error) from None


def _mode(path: Path) -> int:
    """Give the permissions that a file has, or would have if it were made now."""
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask()


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def cannot_write(name: str, error: OSError) -> CoursectlError:
    """Give the error of a place that takes no more, or never did."""
    return UsageError(
        f"{name}: cannot be written: {printable(error.strerror or str(error))}",
        "Check the folder, its permissions and the free space.",
    )
