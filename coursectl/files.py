"""Files that are whole or as they were, and temporary ones."""

import errno
import io
import os
import re
import signal
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import current_thread, main_thread
from typing import BinaryIO, Self, cast

from coursectl.access import Access, AccessRefused, set_mode, synchronize
from coursectl.errors import UsageError
from coursectl.printable import printable
from coursectl.whole_writes import WholeWriter

_COPIED = 1024 * 1024
"""Bytes that are copied at once."""

_NOT_PERMITTED = {errno.EACCES, errno.EPERM, errno.EROFS}

_NOT_REPLACEABLE = {errno.EBUSY, errno.EXDEV, *_NOT_PERMITTED}
"""How renaming fails for a file that is mounted by itself, or in a folder with a sticky bit."""

_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL
for _name in ("O_CLOEXEC", "O_BINARY", "O_NOFOLLOW"):
    _NEW_FILE |= getattr(os, _name, 0)

_DESCRIPTOR = re.compile(
    r"/dev/(?:stdin|stdout|stderr|fd/(?P<number>\d+))"
    r"|/proc/(?P<process>\d+)(?:/task/\d+)?/fd/(?P<of_process>\d+)"
)
_STANDARD = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_MOST_LINKS = 40


@contextmanager
def replacing(
    path: Path, *, private: bool = True, tell: "Callable[[str], None] | None" = None
) -> Iterator[BinaryIO]:
    """Open a file beside `path` that takes its place at a good end, and is gone at any other.

    Nobody else can read it before it is complete, nor ever if it is `private`. Otherwise it is as
    the one whose place it takes: of the same owner and group, for the same people, with the same
    attributes; a new one is as a shell would make it. Where that cannot be (owner or mode cannot be
    set, the folder cannot be written, the file is a mount point), what is complete is copied into
    the file that is there, and where not even that can be, `tell` says what was lost. Raise
    OSError, and UsageError where there is no room for a temporary file.
    """
    before = None if private else Access.of(path)
    beside = path.with_name(f".coursectl-{os.urandom(8).hex()}")
    try:
        try:
            descriptor = os.open(beside, _NEW_FILE, 0o600 if private or before else 0o666)
        except OSError as error:
            if before is None or error.errno not in _NOT_PERMITTED:
                raise
            with _copied_into(path) as file:
                yield file
            return
        with open(descriptor, "w+b") as file:  # noqa: PTH123 - a descriptor
            usual = stat.S_IMODE(os.fstat(descriptor).st_mode)
            if not private:
                with suppress(OSError):
                    set_mode(descriptor, usual & 0o700)
            yield file
            file.flush()
            if private:
                set_mode(descriptor, 0o600)
                is_copied = False
            else:
                is_copied = _take_over(file, path, before, usual, tell)
            synchronize(descriptor)
            if not is_copied and os.name == "posix":
                is_copied = _put_in_place(beside, path, file, private=private)
        if not is_copied and os.name != "posix":  # where none is renamed while it is open
            beside.replace(path)
    finally:
        with suppress(OSError):
            beside.unlink()


def _take_over(
    file: BinaryIO,
    path: Path,
    before: Access | None,
    usual: int,
    tell: "Callable[[str], None] | None",
) -> bool:
    """Give a complete file what the one at `path` has, or else copy it, and return whether it is.

    A new one gets its `usual` mode.
    """
    now = Access.of(path) or before
    if now is None:
        with suppress(OSError):
            set_mode(file.fileno(), usual)
        return False
    try:
        now.give(file.fileno())
    except AccessRefused:
        try:
            _copy(file, path)
        except OSError as error:
            if error.errno not in _NOT_PERMITTED:
                raise
            now.give_less(file.fileno())
            if tell is not None:
                tell("belonged to somebody else and is yours now, as it could not be given back")
        else:
            return True
    return False


def _put_in_place(beside: Path, path: Path, file: BinaryIO, *, private: bool) -> bool:
    """Give a complete file its name, or else copy it, and return whether it is copied."""
    try:
        beside.replace(path)
    except OSError as error:
        if error.errno not in _NOT_REPLACEABLE or (private and not _is_private(path)):
            raise
        try:
            _copy(file, path)
        except PermissionError:
            raise error from None
        return True
    return False


def _is_private(path: Path) -> bool:
    status = path.stat()
    is_ours = hasattr(os, "geteuid") and status.st_uid == os.geteuid()
    return is_ours and not stat.S_IMODE(status.st_mode) & 0o077


@contextmanager
def _copied_into(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that is copied into the one at `path` at a good end."""
    os.close(os.open(path, os.O_WRONLY))  # what cannot be written is told before all the work
    with _Temporary(printable(path.name)) as file:
        yield cast("BinaryIO", file)
        file.flush()
        _copy(file.file, path)


class _Temporary:
    """A temporary file for something, whose errors say where there is no room."""

    def __init__(self, what: str) -> None:
        self._what = what
        with room_for(what):
            self.file = cast("BinaryIO", tempfile.TemporaryFile(prefix="coursectl-"))  # noqa: SIM115 - see __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # it may hold what it could not write
            self.file.close()

    def write(self, data: bytes) -> int:
        with room_for(self._what):
            return self.file.write(data)

    def flush(self) -> None:
        with room_for(self._what):
            self.file.flush()


def _copy(file: BinaryIO, path: Path) -> None:
    """Write what is complete into the file that is there, which stays whose it is.

    Signals wait meanwhile. Where there is no room, the file is as it was. Raise OSError.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    # It is neither made nor emptied.
    descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_BINARY", 0))
    with _signals_held(), io.FileIO(descriptor, "wb") as raw:
        _make_room(descriptor, size)
        out = WholeWriter(raw)
        while piece := file.read(_COPIED):
            out.write(piece)
        raw.truncate(size)
        synchronize(descriptor)


def _make_room(descriptor: int, size: int) -> None:
    """See that a file can grow to a size. Raise OSError where it cannot, and leave it as it was."""
    before = os.fstat(descriptor).st_size
    if size <= before or not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(descriptor, before, size - before)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}:
            os.ftruncate(descriptor, before)
            raise


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let the signals that end a run take effect after the block."""
    if current_thread() is not main_thread():
        yield
        return
    came: list[int] = []
    before = {}
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
            before[number] = signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])


# What is no file that could be replaced


def opened_as_it_is(path: Path) -> io.FileIO | None:
    """Open a descriptor, a device or a pipe; None for a file, which may not be there yet.

    A descriptor of this process is written where it stands, as with `>&3`: neither emptied nor
    replaced, even if it is that of a file. Raise OSError.
    """
    match = _descriptor(path)
    if match is not None:
        number = match["number"] or match["of_process"] or _STANDARD[match[0]]
        if match["process"] in (None, str(os.getpid())):
            return io.FileIO(os.dup(int(number)), "wb")
        return io.FileIO(path, "ab")
    return io.FileIO(path, "ab") if path.exists() and not path.is_file() else None


def is_written_as_it_is(path: Path) -> bool:
    """Whether a path names a descriptor, a device or a pipe. Raise OSError."""
    return _descriptor(path) is not None or (path.exists() and not path.is_file())


def _descriptor(path: Path) -> re.Match[str] | None:
    """Return what a path says of a descriptor if it leads to one; links are followed there."""
    here = str(path)
    for _ in range(_MOST_LINKS):
        folder, name = os.path.split(here)
        folder = os.path.realpath(folder or ".")
        here = os.path.join(folder, name)  # noqa: PTH118 - Path knows no such path
        if match := _DESCRIPTOR.fullmatch(here):
            return match
        try:
            here = os.path.join(folder, os.readlink(here))  # noqa: PTH115,PTH118
        except (OSError, ValueError):
            return None
    return None


# Temporary files


def no_room(what: str, said: str, folder: str | None = None) -> UsageError:
    """Return what to say when a temporary file for `what` cannot be written."""
    return UsageError(
        f"a temporary file for {what} cannot be written: {printable(said)}",
        f"Free some space in {folder or temporary_folder()}, or name another folder in TMPDIR.",
    )


@contextmanager
def room_for(what: str) -> Iterator[None]:
    """Raise UsageError for an OSError, which is one of a temporary file for `what`."""
    try:
        yield
    except OSError as error:
        raise no_room(what, error.strerror or str(error)) from None


def temporary_folder() -> str:
    """Return where temporary files are, to be shown."""
    try:
        return printable(tempfile.gettempdir())
    except OSError:  # there is none that can be written
        return "the folder for temporary files"
