"""How long a real terminal waits: for its first screen, and for the end."""

import fcntl
import os
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.measuring import Failed, environment

LINES, COLUMNS = 40, 200

RICH_TABLE = """
import csv, sys
from rich.console import Console
from rich.table import Table
header, *rows = csv.reader(open(sys.argv[1], encoding="utf-8", newline=""))
table = Table(*header)
for row in rows:
    table.add_row(*row)
Console().print(table)
"""
"""What people write when they want a table: the peer on a terminal."""


@dataclass(frozen=True, slots=True)
class Shown:
    """When what was there to be seen, in seconds."""

    first_screen: float
    whole: float


def shown(command: Sequence[str]) -> Shown:
    """Run a command at a terminal of its own, which reads as fast as it can. Raises Failed."""
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("4H", LINES, COLUMNS, 0, 0))
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdin=its,
        stdout=its,
        stderr=its,
        env=environment() | {"TERM": "xterm-256color"},
        start_new_session=True,
    )
    os.close(its)
    lines, first_screen = 0, None
    while data := _read(ours):
        lines += data.count(b"\n")
        if first_screen is None and lines >= LINES:
            first_screen = time.perf_counter() - start
    whole = time.perf_counter() - start
    os.close(ours)
    if process.wait() or first_screen is None:
        raise Failed(f"exit {process.returncode} after {lines} lines")
    return Shown(first_screen, whole)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # how Linux says that nobody has the other side open any more
        return b""
