"""Threads that leave the signals to the main thread, and do not keep the program from ending."""

import signal
from threading import Thread


def start(thread: Thread) -> None:
    """Start a thread as a daemon that takes no signals.

    One that it took would not interrupt what the main thread waits for.
    """
    thread.daemon = True
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        thread.start()
        return
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        thread.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
