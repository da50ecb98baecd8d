"""Run coursectl as a person would: as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

COURSECTL = (sys.executable, "-m", "coursectl")


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout.decode()


def clean_environment(**variables: str) -> dict[str, str]:
    """An environment in which nobody has set anything for coursectl or a terminal."""
    dropped = (
        *("COURSECTL_", "_COURSECTL", "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PAGER"),
        "PYTHONUNBUFFERED",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | variables


def coursectl(
    *arguments: str | Path,
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Outcome:
    """Run coursectl to its end, with pipes for all three streams."""
    done = subprocess.run(
        [*COURSECTL, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env=clean_environment(**(environment or {})),
        cwd=cwd,
        timeout=120,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr.decode())
