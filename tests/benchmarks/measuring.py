"""How long a command takes, and how much memory: whole processes, one at a time and in turn.

Unix only: the peak of a child's memory comes from `wait4`.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

from tests.running import clean_environment

MB = 1_000_000
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024

Tool = TypeVar("Tool")
Taken = TypeVar("Taken")


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took."""

    wall: float
    """Seconds."""
    peak: int
    """Bytes of resident memory."""
    cpu: float
    """Seconds of all cores, user and system."""


class Failed(Exception):
    """A command that did not do its job."""


# A child's peak begins with its parent's, and a process that has imported as much as this one takes
# 20 MB: so the parent is an interpreter that has imported nothing.
_LAUNCHER = """
import os, sys, time
report, command = int(sys.argv[1]), sys.argv[2:]
unseen = [(os.POSIX_SPAWN_CLOSE, report)]
start = time.perf_counter()
process = os.posix_spawnp(command[0], command, os.environ, file_actions=unseen)
_, status, usage = os.wait4(process, 0)
wall = time.perf_counter() - start
cpu = usage.ru_utime + usage.ru_stime
os.write(report, f"{os.waitstatus_to_exitcode(status)} {wall} {usage.ru_maxrss} {cpu}".encode())
"""


def measure(command: Sequence[str], output: BinaryIO | int = subprocess.DEVNULL) -> Run:
    """Run a command to its end. Raises Failed."""
    with tempfile.TemporaryFile() as report, tempfile.TemporaryFile() as said:
        subprocess.run(
            [sys.executable, "-ISc", _LAUNCHER, str(report.fileno()), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=said,
            env=environment(),
            pass_fds=[report.fileno()],
            check=True,
        )
        report.seek(0)
        code, wall, peak, cpu = report.read().split()
        if int(code):
            said.seek(0)
            last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
            raise Failed(f"exit {int(code)}: {last[:100].replace('|', '/')}")
    return Run(float(wall), int(peak) * _RSS_UNIT, float(cpu))


def in_turn(
    commands: Mapping[Tool, Sequence[str]], runs: int, take: Callable[[Sequence[str]], Taken]
) -> dict[Tool, list[Taken]]:
    """Run A B C A B C ..., so that a change in the machine's mood meets all of them alike."""
    measured: dict[Tool, list[Taken]] = {tool: [] for tool in commands}
    for number in range(runs):
        say(f"run {number + 1} of {runs}; load {os.getloadavg()[0]:.1f}")
        for tool, command in commands.items():
            measured[tool].append(take(command))
    return measured


def environment() -> dict[str, str]:
    """Give an installed program's: bytecode is kept, output in blocks, and nobody looks on."""
    unwanted = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "COVERAGE_")
    return {
        name: value for name, value in clean_environment().items() if not name.startswith(unwanted)
    }


def say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
