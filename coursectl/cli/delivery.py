"""An answer to where it was asked for: a file, a pager, or stdout."""

from pathlib import Path

from coursectl.cli.formats import Look
from coursectl.render.interface import Answer, Renderer
from coursectl.streams import Talk, Terminal, to_file, to_stdout


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
