"""The app: its commands, and the help that introduces them."""

import os
from typing import Annotated

import typer

from coursectl import __version__
from coursectl.cli import options
from coursectl.cli.boundary import Boundary
from coursectl.cli.debugging import begin_debugging
from coursectl.errors import ExitCode
from coursectl.redaction import keep_secrets_of

_HELP = """Who is in a course, how far has each come, and who has gone quiet.

\b
coursectl members demo                    a roster to try things on
coursectl members 42                      the roster of course 42
coursectl members 42 -s joined --csv      ... who joined, for a spreadsheet
coursectl members 42 --inactive 30d       ... who have gone quiet
coursectl members saved.json --json       a saved roster, for jq
coursectl summary 42                      how it is going, who needs a nudge
coursectl changes saved.json              what is different since then
coursectl courses                         what there is to report on
coursectl export 42 -o saved.json         the roster of today, for later
coursectl trend rosters/                  how it went, by saved rosters
coursectl report 42 -o report.html        all of it, on a page to pass on
coursectl auth login --help               ways to get in
"""

_EPILOG = "Exit codes\n" + "\n".join(f"{code.value:>3}  {code.meaning}" for code in ExitCode)

app = typer.Typer(
    name="coursectl",
    cls=Boundary,
    help=_HELP,
    epilog=_EPILOG,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"coursectl {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def coursectl(
    ctx: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
    profile: options.Profile = None,
    debug: options.Debug = False,
) -> None:
    """Show the help when no command is given."""
    begin_debugging(wanted=debug)
    ctx.obj = profile
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def run() -> None:
    """Run the app on the arguments of this process, and exit."""
    keep_secrets_of(os.environ)
    app(prog_name="coursectl")
