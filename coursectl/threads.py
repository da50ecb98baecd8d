"""Threads that leave the signals to the main thread, and do not keep the program from ending."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, Thread
from typing import TypeVar

_T = TypeVar("_T")

_AT_ONCE = 0.3
"""Seconds of waiting of which nothing is said."""

_SIGNALS = {
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
}

_changed = Condition()
_unfinished = 0


def start(thread: Thread) -> None:
    """Start a thread as a daemon that takes no signals.

    One that it took would not interrupt what the main thread waits for.
    """
    thread.daemon = True
    if sys.platform == "win32":  # where signals are not masked
        thread.start()
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def within(seconds: float, call: Callable[[], _T]) -> _T:
    """Give what `call` gives in another thread. Raises what it raises.

    Raises TimeoutError too when it takes longer; it then goes on, and nobody hears of it.
    """
    from concurrent.futures import Future

    answer: Future[_T] = Future()

    def work() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            answer.set_exception(error)

    start(Thread(target=work, name="coursectl-call"))
    return answer.result(seconds)


@contextmanager
def unfinished() -> Iterator[None]:
    """Do what would be lost if the program ended amid it; see `finish`."""
    global _unfinished
    with _changed:
        _unfinished += 1
    try:
        yield
    finally:
        with _changed:
            _unfinished -= 1
            _changed.notify_all()


def finish(seconds: float, tell: Callable[[], None]) -> None:
    """Wait for what is `unfinished`, but no longer than that; `tell` so if it takes a while."""
    with _changed:
        if _changed.wait_for(lambda: not _unfinished, min(_AT_ONCE, seconds)):
            return
    tell()
    with _changed:
        _changed.wait_for(lambda: not _unfinished, seconds)
