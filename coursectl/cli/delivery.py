"""An answer to where it was asked for: a file, a pager, or stdout."""

from contextlib import AbstractContextManager
from pathlib import Path

from coursectl.cli.formats import Look
from coursectl.printable import printable
from coursectl.render.interface import Answer, Renderer, Sink
from coursectl.streams import Talk, Terminal, cannot_write, to_file, to_stdout


def deliver(
    renderer: Renderer,
    answer: Answer,
    look: Look,
    terminal: Terminal,
    talk: Talk,
    *,
    output: Path | None,
    pager: bool,
) -> None:
    """Render `answer`. Raises CoursectlError, and then leaves a file as it was."""
    if output is not None:
        with to_file(output) as file:
            renderer.render(answer, file)
        return
    paged = pager and terminal.is_terminal and look.format.is_readable
    with to_stdout(talk, pager_above=terminal.height if paged else None) as out:
        renderer.render(answer, out)


def destination(output: Path | None, talk: Talk) -> AbstractContextManager[Sink]:
    """Give a file to be written, in folders that are made where missing, or else stdout.

    Raises UsageError.
    """
    if output is None:
        return to_stdout(talk)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(printable(str(output)), error) from None
    return to_file(output)


def counted(number: int, noun: str) -> str:
    """Give a number with its noun: `1 member`, `2 members`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
