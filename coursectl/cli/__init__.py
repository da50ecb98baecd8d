"""The command line. `main` is what the `coursectl` script runs."""

import gc
import os
import signal
import sys


def main() -> None:
    """Run coursectl on the arguments of this process, and exit."""
    if sys.argv[1:] == ["--version"]:
        from coursectl import __version__

        print(f"coursectl {__version__}")  # noqa: T201
        return
    # Members are dicts of text and numbers, which hold no cycles: counting references frees them,
    # and looking for cycles among a million of them takes a fifth of the time.
    gc.disable()
    signal.signal(signal.SIGTERM, _terminate)
    _stand_in_for_closed_streams()
    try:
        from coursectl.cli.app import run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


def _terminate(number: int, _: object) -> None:
    """End by way of every `finally` on the stack, so that no half-written file stays behind."""
    sys.exit(128 + number)


def _stand_in_for_closed_streams() -> None:
    """Python has None for a stream that was closed by whoever started us (`>&-`)."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
