"""A run of coursectl as a process: its signals, its streams, and how it ends."""

import gc
import os
import sys

from coursectl import signals
from coursectl.cli import sharing
from coursectl.ending import end_at_once

_SIGNALLED = 128
"""The least exit code of a run that a signal has ended."""

_MOST_DIGITS = 6
"""Of the columns or lines of a terminal."""

_AT_END = 35.0
"""Seconds that the end of the program waits for a login that would be lost; see READ_TIMEOUT."""

_AT_A_SIGNAL = 3.0
"""The same where somebody wants the program to end."""


def run_process() -> None:
    """Run the app on the arguments of this process, and exit."""
    # Members are dicts or tuples of text and numbers, which hold no cycles: counting references
    # frees them, and looking for cycles among a million of them takes a fifth of the time.
    gc.disable()
    _stand_in_for_closed_streams()
    _drop_odd_sizes()
    # Nothing here is for plugins, and to look for some is to read all that is installed.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    code = 0
    try:
        sharing.foresee(sys.argv[1:])
        from coursectl.cli.app import run

        signals.unwind()
        run()
    except KeyboardInterrupt:
        code = 130
    except SystemExit as ended:
        code = int(ended.code or 0)
    except Exception:
        # A library may have made another error of what a signal raised in it.
        if not signals.code_of_signal():
            raise
    finally:
        signals.end_at_once()
        code = signals.code_of_signal() or code
        sharing.end_foreseen()
        _finish(_AT_A_SIGNAL if code >= _SIGNALLED else _AT_END)
        code = _flush() or code
    end_at_once(code)


def _finish(seconds: float) -> None:
    """Wait for a renewed login that is not kept yet, if a thread renews one."""
    if "coursectl.threads" not in sys.modules:
        return
    from coursectl import threads
    from coursectl.streams import say

    threads.finish(seconds, lambda: say("waiting a moment: a login is being renewed"))


def _flush() -> int:
    """Write what stdout still holds, and return the exit code: not 0 if it cannot be written.

    A write that failed before has been reported already, and nothing is written after it.
    """
    from coursectl.whole_writes import failure_of_stdout

    if failure_of_stdout() is not None:
        from coursectl.streams import forget_stdout

        forget_stdout()
        return 0
    try:
        sys.stdout.flush()
    except OSError as error:
        from coursectl.streams import cannot_write, forget_stdout, say

        forget_stdout()  # which Python would complain of at exit
        if isinstance(error, BrokenPipeError):
            return 0
        told = cannot_write("stdout", error)
        say(told.message, *told.hints)
        return told.exit_code
    return 0


def _drop_odd_sizes() -> None:
    """Drop a size of the terminal that is none: whoever reads it takes ² for a number, or 10**9."""
    for name in ("COLUMNS", "LINES"):
        size = os.environ.get(name, "")
        if not (size.isascii() and size.isdecimal() and len(size) <= _MOST_DIGITS):
            os.environ.pop(name, None)


def _stand_in_for_closed_streams() -> None:
    """Python has None for a stream that was closed by whoever started us (`>&-`)."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
