"""The moment at which a run gives up on what it reads, where `--deadline` names one.

Requests have a pace of their own, with the same deadline; what is read of files, and of answers
once they are there, is held against this one, some kilobytes at a time.
"""

from time import monotonic

from coursectl.errors import ServerError

_seconds: float | None = None
_until = float("inf")


def begin_deadline(seconds: float) -> None:
    """Give up in so many seconds from now."""
    global _seconds, _until
    _seconds, _until = seconds, monotonic() + seconds


def has_deadline() -> bool:
    """Return whether one was named."""
    return _seconds is not None


def check_deadline(name: str) -> None:
    """Raise ServerError after the deadline; `name` is what was being read."""
    if monotonic() > _until:
        raise ServerError(
            f"{name}: not done within the deadline ({_seconds:g} s in all)",
            "Allow more time with --deadline.",
        )
