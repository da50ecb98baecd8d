"""The interpreter of a second process, which may be started before its work is known.

To start one takes as long as to read ten MB of an export. Whoever can tell in time that there will
be work has it started early, and finds it ready; otherwise it is started when the work is there.
It is a new one, not a fork, which is not safe beside threads and not to be had everywhere.
"""

import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import Any, BinaryIO, NamedTuple, cast

_MAIN = (
    "import gc, sys; gc.disable(); sys.path[:] = sys.argv[1:];"  # as in `run_process`
    " import coursectl.second_process as s; s.main()"
)


class Interpreter(NamedTuple):
    """One that waits for its work on stdin, and ends where that ends."""

    process: "subprocess.Popen[bytes]"
    output: BinaryIO
    """What it writes to: a temporary file without a name."""

    def close(self) -> None:
        """End it, whatever it does, and let go of what it wrote."""
        self.process.kill()
        self.process.wait()
        for file in (self.process.stdin, self.output):
            _close(file)


_ready: list[Interpreter] = []


def start_early() -> None:
    """Have one ready for `taken`, if it can be."""
    with suppress(OSError):
        _ready.append(_started())


def is_ready() -> bool:
    """Whether one has been started early."""
    return bool(_ready)


def taken() -> Interpreter:
    """Give the one that is ready, or start one. Raises OSError."""
    return _ready.pop() if _ready else _started()


def dismiss() -> None:
    """End the one that is ready and was not taken, if there is one."""
    while _ready:
        _ready.pop().close()


def _started() -> Interpreter:
    file = tempfile.TemporaryFile(prefix="coursectl-")  # noqa: SIM115 - see Interpreter.close
    output = cast("BinaryIO", file)  # Windows has it in a wrapper
    try:
        process = subprocess.Popen(  # noqa: S603 - this very interpreter
            [sys.executable, *_flags(), "-c", _MAIN, *sys.path],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        _close(output)
        raise
    return Interpreter(process, output)


def _flags() -> list[str]:
    """Give what keeps it from importing what this interpreter would not."""
    flags = ["-I"] if sys.flags.isolated else ["-P"]
    return flags + ["-E"] * bool(sys.flags.ignore_environment)


def _close(file: Any) -> None:
    if file is not None:
        with suppress(OSError):  # it holds what nobody reads any more
            file.close()
