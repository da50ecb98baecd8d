"""The signals that end a run: quietly, with 128 and their number, whatever they cut off."""

# The enums of `signal` itself take as long to import as all that --version needs.
import _signal as signal  # type: ignore[import-not-found]
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")

_came = 0
"""The number of the first one that came."""

_unwinds = False
"""Whether there may be something to take back, as a half-written file."""


def watch() -> None:
    """End this process on a signal that would end it, from now on; one that is ignored stays so."""
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) in (
            signal.SIG_DFL,
            signal.default_int_handler,
        ):
            signal.signal(number, _end)


def unwind() -> None:
    """Let a signal end the run by way of every `finally` on the stack, from now on."""
    global _unwinds
    _unwinds = True
    usual = sys.unraisablehook

    def hook(ignored: "sys.UnraisableHookArgs", /) -> None:
        # Raised where nothing can be raised, it would be shown as a traceback, and forgotten.
        if _came and isinstance(ignored.exc_value, KeyboardInterrupt | SystemExit):
            os._exit(128 + _came)
        usual(ignored)

    sys.unraisablehook = hook


def end_at_once() -> None:
    """Let a signal end this process on the spot, from now on."""
    global _unwinds
    _unwinds = False


def code_of_signal() -> int:
    """Return the exit code for the signal that came, whatever its exception turned into; or 0."""
    return 128 + _came if _came else 0


def _end(number: int, _: "FrameType | None") -> None:
    global _came
    _came = _came or number
    if not _unwinds:
        os._exit(128 + _came)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)
