"""What `--debug` shows: requests, answers and timings, a line each on stderr, without secrets."""

import os
from typing import TYPE_CHECKING

from coursectl.printable import printable
from coursectl.redaction import redacted
from coursectl.streams import say

if TYPE_CHECKING:
    from logging import LogRecord

_LOGGERS = ("coursectl", "urllib3")

_is_on = False


def is_debugging() -> bool:
    """Tell whether `--debug` was given, or COURSECTL_DEBUG is set (0 is as good as nothing)."""
    return _is_on or os.environ.get("COURSECTL_DEBUG", "").strip() not in ("", "0")


def begin_debugging(*, wanted: bool) -> None:
    """Show from now on what is logged, if it is `wanted` or the environment asks for it."""
    global _is_on
    if _is_on or not (wanted or is_debugging()):
        return
    _is_on = True
    import logging

    class Teller(logging.Handler):
        def filter(self, record: "LogRecord") -> bool:
            return not _is_told_by_us(record)

        def emit(self, record: "LogRecord") -> None:
            try:
                text = self.format(record)
            except Exception:  # noqa: BLE001 - logging itself would print the parts, secrets and all
                text = "a line that cannot be told"
            # Before it is made printable, which may cut through a secret, and after: see `say`.
            for line in redacted(text).splitlines():
                say(f"debug: {printable(line)}")

    teller = Teller()
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(logging.DEBUG)
        logger.addHandler(teller)
        logger.propagate = False


def _is_told_by_us(record: "LogRecord") -> bool:
    """Whether that is urllib3's line for a try of which `coursectl` has a line of its own."""
    if record.name == "urllib3.util.retry":
        return True
    is_request = isinstance(record.args, tuple) and record.args[3:4] == ("GET",)
    is_retry = str(record.msg).startswith("Retry: ")
    return record.name == "urllib3.connectionpool" and (is_request or is_retry)
