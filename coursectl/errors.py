"""What can go wrong, as a tree; each class carries the exit code that it ends the program with.

    CoursectlError
    ├── UsageError          2  the command line asks for something that cannot be
    ├── InvalidData         3  an export or an answer is not what it should be
    ├── AccessDenied        4  no credentials, refused credentials, or the wrong role
    │   └── NotConfigured   4  no community or token is set
    ├── NotFound            5  no such course, or no such file
    ├── ServerError         6  the server or the network failed
    └── IncompleteRoster    7  members are missing, so the roster would be untrue

Anything else that is raised is a bug in coursectl (1). Commands and everything below them raise;
the one boundary in `coursectl.cli` prints and exits.
"""

from enum import IntEnum
from typing import Self


class ExitCode(IntEnum):
    """How coursectl ends. `meaning` is the sentence that `--help` and the README show."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """Take the number as the value and keep the sentence beside it."""
        code = int.__new__(cls, value)
        code._value_ = value
        code.meaning = meaning
        return code

    OK = 0, "fine, also when the roster is empty"
    BUG = 1, "a bug in coursectl"
    USAGE = 2, "wrong usage"
    INVALID_DATA = 3, "invalid data"
    ACCESS_DENIED = 4, "authentication or permission"
    NOT_FOUND = 5, "not found"
    SERVER_ERROR = 6, "server or network"
    INCOMPLETE_ROSTER = 7, "incomplete roster"
    CHANGED = 8, "something changed (changes --exit-code)"
    INTERRUPTED = 130, "interrupted"


class CoursectlError(Exception):
    """An expected failure, told in a line or two.

    `message` says what failed and where; `hints` are further lines that say what to do next.
    Both are safe to print: whoever raises has made foreign text printable.
    """

    exit_code = ExitCode.BUG

    def __init__(self, message: str, *hints: str) -> None:
        super().__init__(message)
        self.message = message
        self.hints = hints


class UsageError(CoursectlError):
    """The command line asks for something that cannot be."""

    exit_code = ExitCode.USAGE


class InvalidData(CoursectlError):
    """An export or an answer of the API is not what it should be."""

    exit_code = ExitCode.INVALID_DATA


class AccessDenied(CoursectlError):
    """The community refused the credentials or the role behind them (401, 403)."""

    exit_code = ExitCode.ACCESS_DENIED


class NotConfigured(AccessDenied):
    """No community or no credentials are set."""


class NotFound(CoursectlError):
    """There is no such course or file, or no single one of that name."""

    exit_code = ExitCode.NOT_FOUND


class ServerError(CoursectlError):
    """The server or the network failed for good."""

    exit_code = ExitCode.SERVER_ERROR


class IncompleteRoster(CoursectlError):
    """Fewer or more members arrived than the roster claims to hold."""

    exit_code = ExitCode.INCOMPLETE_ROSTER
