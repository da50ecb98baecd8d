"""stdout for data, stderr for talk, and files that are whole or not there."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from math import ceil
from pathlib import Path
from threading import Lock, Timer
from time import monotonic
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Self, cast

from coursectl import threads
from coursectl.errors import CoursectlError, UsageError
from coursectl.files import opened_as_it_is, replacing
from coursectl.printable import printable
from coursectl.redaction import redacted
from coursectl.whole_writes import WholeWriter

if TYPE_CHECKING:
    from rich.progress import Progress

    from coursectl.render.interface import Sink

HELD_BACK = 4 * 1024 * 1024
"""Bytes that wait until the roster has proved good, or until there are more of them."""

_BEFORE_PROGRESS = 0.5
"""Seconds of work before a progress bar shows."""

_LEAST_WAIT = 0.95
"""Seconds of waiting of which it is told."""


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
        self._waits_until = 0.0
        self._longest_wait = 0.0

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

    def wait(self, seconds: float, why: str) -> None:
        """Tell that nothing is asked for so many seconds: live with the progress, or else once.

        Of a wait at least twice as long as those that were told it is told again.
        """
        with self._lock:
            self._waits_until = max(self._waits_until, monotonic() + seconds)
            is_told = self._timer is not None or self._quiet
            if is_told or seconds < max(_LEAST_WAIT, 2 * self._longest_wait):
                return
            self._longest_wait = seconds
        say(f"waiting {seconds:.0f} s, as the server asks ({why or 'too many requests'})")

    def _doing(self) -> str:
        """Return what is going on, for the progress."""
        left = ceil(self._waits_until - monotonic())
        return f"Waiting {left:,} s, as the server asks" if left > 0 else "Reading members"

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
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn
        from rich.text import Text

        doing = self._doing

        class Doing(ProgressColumn):
            """What is going on, looked up each time that it is drawn."""

            def render(self, _: object) -> Text:
                return Text(doing())

        with self._lock:
            if self._timer is None:
                return
            columns = (Doing(), BarColumn(), MofNCompleteColumn())
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

    def __init__(self, file: "_Named", on_release: Callable[[], None]) -> None:
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
    out = _Named("stdout", sys.stdout.buffer, may_break=True)
    if pager_above is not None:
        from coursectl.pager import Paged

        pages = Paged(out, pager_above, talk.stop, say)
        with pages.shown():
            yield pages
    else:
        held = _HeldBack(out, talk.stop)
        yield held
        held.flush()
    out.flush()


def forget_stdout() -> None:
    """Let go of what stdout still holds: Python would write it at exit, and complain there."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - not a path of ours
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


# Files


@contextmanager
def to_file(path: Path) -> "Iterator[Sink]":
    """Give a place to write a file to, which appears under its name once it is complete.

    A name that ends in `.gz` is compressed. What is no regular file (a descriptor, a device, a
    pipe) is written as it is. Raise UsageError when the file cannot be written.
    """
    shown = printable(str(path))
    with _writing(shown):
        with suppress(FileNotFoundError):
            path.stat()  # a loop of links is told here, as an OSError
        if path.is_dir():
            raise UsageError(f"{shown} is a directory", "Name a file in it.")
        raw = opened_as_it_is(path)
    if raw is not None:
        with raw:
            held = _HeldBack(_Named(shown, WholeWriter(raw)), lambda: None)
            yield held
            held.flush()
        return
    of_block: BaseException | None = None
    try:
        with replacing(
            path.resolve(), private=False, tell=lambda told: say(f"{shown}: {told}")
        ) as file:
            try:
                yield from _compressed_by_name(path, _Named(shown, file))
            except BaseException as error:
                of_block = error
                raise
    except OSError as error:
        if error is of_block:  # which is not the fault of the file
            raise
        raise cannot_write(shown, error) from None


def _compressed_by_name(path: Path, file: "_Named") -> "Iterator[Sink]":
    if path.suffix.lower() != ".gz":
        yield file
        return
    import gzip

    # No name and no time inside: the same roster gives the same bytes.
    with gzip.GzipFile("", "wb", fileobj=cast("BinaryIO", file), mtime=0) as zipped:
        yield zipped


class _Named:
    """A file whose errors say which one it is."""

    def __init__(
        self, name: str, file: "BinaryIO | WholeWriter", *, may_break: bool = False
    ) -> None:
        self._name = name
        self._file = file
        self._may_break = may_break
        """Whether it is no failure that nobody reads on."""

    def write(self, data: bytes) -> int:
        with _writing(self._name, may_break=self._may_break):
            return self._file.write(data)

    def flush(self) -> None:
        with _writing(self._name, may_break=self._may_break):
            self._file.flush()


@contextmanager
def _writing(name: str, *, may_break: bool = False) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if may_break and isinstance(error, BrokenPipeError):
            raise
        raise cannot_write(name, error) from None


def cannot_write(name: str, error: OSError) -> CoursectlError:
    """Give the error of a place that takes no more, or never did."""
    if isinstance(error, FileNotFoundError) and not _has_working_folder():
        return UsageError(
            f"{name}: cannot be written: the folder that you are in has been deleted",
            "Go to another one, or give the whole path of a file.",
        )
    return UsageError(
        f"{name}: cannot be written: {printable(error.strerror or str(error))}",
        "Check the folder, its permissions and the free space.",
    )


def _has_working_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - nothing but whether there is one
    except FileNotFoundError:
        return False
    return True
