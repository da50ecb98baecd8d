"""The one place where an error becomes words on stderr and an exit code."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from coursectl import __version__, signals
from coursectl.cli.commands import NAMES, Group, built
from coursectl.cli.debugging import is_debugging
from coursectl.errors import CoursectlError, ExitCode, UsageError
from coursectl.files import no_room
from coursectl.printable import printable, shortened
from coursectl.redaction import redacted
from coursectl.streams import cannot_write, forget_stdout, say
from coursectl.whole_writes import failure_of_stdout

_NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Boundary(Group):
    """The group of all commands: whatever is raised below it ends here."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands: dict[str, Any] = dict.fromkeys(NAMES)
        """Each is None until it is named: a run needs one of them."""

    def list_commands(self, _: Any) -> list[str]:
        """Give the names in the order of the help."""
        return list(NAMES)

    def get_command(self, _: Any, name: str) -> Any:
        """Give a command; None if there is none of that name."""
        if name in self.commands and self.commands[name] is None:
            self.commands[name] = built(name)
        return self.commands.get(name)

    def make_context(self, info_name: Any, args: list[str], *more: Any, **extra: Any) -> Any:
        """Parse what stands before the command."""
        with _boundary():
            _refuse_windows_lines(args)
            return super().make_context(info_name, args, *more, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Parse the command's own arguments, and run it."""
        with _boundary():
            return super().invoke(ctx)


def _refuse_windows_lines(words: list[str]) -> None:
    """Raise UsageError for an argument that a script with Windows line ends has made."""
    for word in words:
        if word.endswith("\r"):
            raise UsageError(
                f"{shortened(word.rstrip(chr(13)))!r} is followed by a carriage return (\\r), as at"
                " the end of a line in a file from Windows",
                "Save the script, or the list that it reads, with Unix line ends (dos2unix FILE).",
            )


@contextmanager
def _signals_first() -> Iterator[None]:
    """Let what a signal has cut off be no fault of the data or of a server."""
    try:
        yield
    except Exception:
        if code := signals.code_of_signal():
            raise typer.Exit(code) from None
        raise


@contextmanager
def _boundary() -> Iterator[None]:
    try:
        with _signals_first():
            yield
    except (typer.Exit, typer.Abort):
        raise
    except typer.TyperException as error:
        command = getattr(getattr(error, "ctx", None), "command_path", "coursectl")
        say(shortened(redacted(error.format_message()), 400), f"See {command} --help.")
        raise typer.Exit(ExitCode.USAGE) from None
    except CoursectlError as error:
        say(error.message, *error.hints)
        raise typer.Exit(error.exit_code) from None
    except BrokenPipeError:
        # Whoever read stdout has seen enough, as in `| head`.
        forget_stdout()
        raise typer.Exit(ExitCode.OK) from None
    except KeyboardInterrupt:
        say("interrupted")
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except OSError as error:
        if failure_of_stdout() is error:
            forget_stdout()
            told = cannot_write("stdout", error)
        elif error.errno in _NO_ROOM:
            told = no_room("the answer", error.strerror or str(error))
        else:
            _report_bug(error)
            raise typer.Exit(ExitCode.BUG) from None
        say(told.message, *told.hints)
        raise typer.Exit(told.exit_code) from None
    except Exception as error:  # noqa: BLE001 - a bug is told, not shown as a traceback
        _report_bug(error)
        raise typer.Exit(ExitCode.BUG) from None


def _report_bug(error: Exception) -> None:
    import traceback

    if is_debugging():
        for line in redacted("".join(traceback.format_exception(error))).splitlines():
            say(f"debug: {printable(line)}")
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(frame.filename)}:{frame.lineno}"  # noqa: PTH119 - a name
    say(
        f"this is a bug in coursectl {__version__}:"
        f" {type(error).__name__} at {where}: {shortened(redacted(str(error)), 100)}",
        "Please report it as an issue of the project, with this line, the command, and what it"
        " prints with COURSECTL_DEBUG=1.",
    )
