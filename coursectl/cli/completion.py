"""What a TAB press offers, and the scripts that make a shell ask for it.

Nothing here goes to the network or reads a roster.
"""

import os
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated

import typer

from coursectl.render.columns import COLUMN_KEYS, COURSE_COLUMN_KEYS, TREND_COLUMN_KEYS
from coursectl.roster.changes import ChangeKind
from coursectl.roster.join_status import NO_STATUS, JoinStatus
from coursectl.sources import EXPORT_SUFFIXES

COMPLETE_VARIABLE = "_COURSECTL_COMPLETE"
"""Set by the scripts when they want to know what could follow."""


def complete_status(incomplete: str) -> list[str]:
    """Offer statuses, after a comma too."""
    return list(_after_comma(incomplete, (*JoinStatus, NO_STATUS)))


def complete_column(incomplete: str) -> list[str]:
    """Offer columns of members, after a comma too."""
    return list(_after_comma(incomplete, COLUMN_KEYS))


def complete_course_column(incomplete: str) -> list[str]:
    """Offer columns of courses, after a comma too."""
    return list(_after_comma(incomplete, COURSE_COLUMN_KEYS))


def complete_trend_column(incomplete: str) -> list[str]:
    """Offer columns of exports over time, after a comma too."""
    return list(_after_comma(incomplete, TREND_COLUMN_KEYS))


def complete_change(incomplete: str) -> list[str]:
    """Offer kinds of change, after a comma too."""
    return list(_after_comma(incomplete, ChangeKind))


def complete_sort() -> list[str]:
    """Offer columns to sort members by, both ways."""
    return [*COLUMN_KEYS, *(f"-{key}" for key in COLUMN_KEYS)]


def complete_course_sort() -> list[str]:
    """Offer columns to sort courses by, both ways."""
    return [*COURSE_COLUMN_KEYS, *(f"-{key}" for key in COURSE_COLUMN_KEYS)]


def complete_course(incomplete: str) -> list[str]:
    """Offer `demo` and the exports at hand; with neither, the shell offers its files."""
    folder = incomplete[: incomplete.rfind(os.sep) + 1]
    try:
        with os.scandir(folder or ".") as entries:
            names = sorted(folder + entry.name for entry in entries)
    except OSError:
        names = []
    exports = (name for name in names if name.endswith(EXPORT_SUFFIXES))
    return [name for name in ("demo", *exports) if name.startswith(incomplete)]


def _after_comma(incomplete: str, words: Iterable[str]) -> Iterator[str]:
    before, comma, _ = incomplete.rpartition(",")
    given = set(before.split(","))
    return (f"{before}{comma}{word}" for word in words if word not in given)


class Shell(StrEnum):
    """A shell that coursectl completes in."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


_ZSH_END = "compdef _coursectl_completion coursectl"
_ZSH_END_EITHER_WAY = f"""\
if [[ ${{funcstack[1]}} == _coursectl ]]; then
  _coursectl_completion
else
  {_ZSH_END}
fi"""
"""Where compinit has found the script, zsh calls it for the first TAB, and wants an answer."""


def completion_script(shell: Shell) -> str:
    """Give the script for a shell."""
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    script: str = get_completion_script(
        prog_name="coursectl", complete_var=COMPLETE_VARIABLE, shell=shell.value
    )
    return script.replace(_ZSH_END, _ZSH_END_EITHER_WAY) if shell is Shell.ZSH else script


def prepare_completion() -> None:
    """Make Typer answer the scripts. It would do so itself if it also offered to install them."""
    from typer.completion import completion_init  # type: ignore[attr-defined]

    # Typer lays a help text out for the width of the terminal; a shell wants it on one line.
    os.environ["COLUMNS"] = "1000"
    completion_init()


def completion(
    shell: Annotated[Shell, typer.Argument(help="Which shell.", show_default=False)],
) -> None:
    """Print the script that completes commands, options and their values in a shell.

    \b
    bash        eval "$(coursectl completion bash)"           in ~/.bashrc
    zsh         eval "$(coursectl completion zsh)"            in ~/.zshrc
    fish        coursectl completion fish | source            in config.fish
    powershell  coursectl completion powershell | Out-String | Invoke-Expression
    """  # noqa: D301 - a backspace keeps the lines below it apart
    typer.echo(completion_script(shell))
