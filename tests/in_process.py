"""Run coursectl in the process of the tests, which is quicker where nothing is printed."""

from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import pytest

from coursectl.cli.app import app


def run(*arguments: str | Path) -> tuple[int, list[str]]:
    """Run it to its end; give its exit code and the lines that it says."""
    with redirect_stderr(StringIO()) as said, pytest.raises(SystemExit) as ended:
        app([str(each) for each in arguments], prog_name="coursectl")
    return int(ended.value.code or 0), said.getvalue().splitlines()
