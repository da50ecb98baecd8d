"""The commands by name, each imported when it is named and not before."""

from importlib import import_module
from typing import Any

import typer
from typer.main import get_command

NAMES = (
    "members",
    "summary",
    "changes",
    "courses",
    "export",
    "trend",
    "report",
    "completion",
    "auth",
)
"""In the order of the help."""


def built(name: str) -> Any:
    """Give a command as Typer builds it.

    The module of that name holds a function that is called so, or an `app` of several commands.
    """
    module = import_module(f"coursectl.cli.{name}")
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False, rich_markup_mode="rich")
        app.command(name)(getattr(module, name))
    return get_command(app)
