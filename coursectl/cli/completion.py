"""The scripts that make a shell ask, at a TAB press, what could follow."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Shell(StrEnum):
    """A shell that coursectl completes in."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


_SCRIPTS = Path(__file__).with_name("scripts")


def completion_script(shell: Shell) -> str:
    """Give the script for a shell."""
    return (_SCRIPTS / f"coursectl.{shell}").read_text(encoding="utf-8")


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
    typer.echo(completion_script(shell), nl=False)
