"""The command line. `main` is what the `coursectl` script runs."""

import sys


def main() -> None:
    """Run coursectl on the arguments of this process, and exit."""
    if sys.argv[1:] == ["--version"] and sys.stdout is not None:
        _show_version()
        return
    from coursectl.cli.process import run_process

    run_process()


def _show_version() -> None:
    """Answer what scripts ask often before anything else is imported; the app answers it too."""
    from coursectl import __version__

    try:
        sys.stdout.write(f"coursectl {__version__}\n")
        sys.stdout.flush()
    except OSError:
        from coursectl.streams import forget_stdout

        forget_stdout()
