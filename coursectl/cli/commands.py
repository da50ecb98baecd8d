"""The commands by name, each imported when it is named and not before."""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from coursectl.cli.plain_values import taking_plain_values

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


class _InManual:
    """What has its help in the manual."""

    def get_help(self, ctx: Any) -> str:
        """Give the help."""
        from coursectl.cli.help import help_text

        return help_text(ctx.command_path)


class _NamesPage:
    """What names its own page of the help in an error of its parser."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Parse arguments."""
        try:
            return super().parse_args(ctx, args)  # type: ignore[misc]
        except typer.TyperException as error:
            if getattr(error, "ctx", None) is None:
                error.ctx = ctx  # type: ignore[attr-defined]
            raise


class Command(_InManual, _NamesPage, TyperCommand):
    """A command."""

    def get_params(self, ctx: Any) -> Any:
        """Give its parameters."""
        return taking_plain_values(super().get_params(ctx))


class Group(_InManual, _NamesPage, TyperGroup):
    """A group of commands."""

    def get_params(self, ctx: Any) -> Any:
        """Give its parameters."""
        return taking_plain_values(super().get_params(ctx))


def built(name: str) -> Any:
    """Give a command as Typer builds it.

    The module of that name holds a function that is called so, or an `app` of several commands.
    """
    module = import_module(f"coursectl.cli.{name}")
    app = getattr(module, "app", None)
    if app is None:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name, cls=Command)(getattr(module, name))
    return get_command(app)
