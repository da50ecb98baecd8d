"""An answer to where it was asked for: a file, a pager, or stdout."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from coursectl.cli.formats import Format, Look, choose_look
from coursectl.printable import printable
from coursectl.render.interface import Answer, Sink
from coursectl.streams import (
    Talk,
    Terminal,
    cannot_write,
    say,
    stdout_terminal,
    to_file,
    to_stdout,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from coursectl.gather import Gathering
    from coursectl.render.outline import Outline

STDOUT = ("-", "/dev/stdout")
"""What `--output` may be told for stdout."""


class Delivery(NamedTuple):
    """Where an answer goes, and how it looks there; stdout where `file` is None."""

    file: Path | None
    terminal: Terminal
    look: Look

    @classmethod
    def chosen(
        cls,
        *,
        output: Path | None,
        named: Format | None,
        json: bool,
        csv: bool,
        raw: bool,
        excel: bool,
    ) -> "Delivery":
        """Read the options that say so. Raises UsageError."""
        file = None if str(output) in STDOUT else output
        terminal = stdout_terminal() if file is None else Terminal(is_terminal=False)
        look = choose_look(
            named=named,
            json=json,
            csv=csv,
            output=file,
            on_terminal=terminal.is_terminal,
            raw=raw,
            excel=excel,
        )
        return cls(file, terminal, look)

    def deliver(self, answer: Answer, talk: Talk, *, may_fold: bool, pager: bool) -> None:
        """Render `answer`. Raises CoursectlError, and then leaves a file as it was."""
        renderer = self.look.renderer(self.terminal, may_fold=may_fold)
        self.write(lambda out: renderer.render(answer, out), talk, pager=pager)

    def deliver_outline(
        self, outline: "Outline", talk: Talk, *, pager: bool, links_avatars: bool = False
    ) -> None:
        """Render `outline`. Raises CoursectlError, and then leaves a file as it was."""
        renderer = self.look.outliner(self.terminal, links_avatars=links_avatars)
        self.write(lambda out: renderer.render_outline(outline, out), talk, pager=pager)

    def write(self, render: "Callable[[Sink], None]", talk: Talk, *, pager: bool) -> None:
        """Let `render` write. Raises CoursectlError, and then leaves a file as it was."""
        if self.file is not None:
            with to_file(self.file) as file:
                render(file)
            return
        paged = pager and self.terminal.is_terminal and self.look.format.is_readable
        with to_stdout(talk, pager_above=self.terminal.height if paged else None) as out:
            render(out)


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


def tell_of(gathering: "Gathering", file: Path | None, talk: Talk) -> None:
    """Say what there is to say of a roster once it has been written."""
    tell_read(gathering, talk)
    tell_written(file, counted(gathering.shown, "member"), talk)


def tell_read(gathering: "Gathering", talk: Talk) -> None:
    """Say what there is to say of rosters once they have been read."""
    for message in gathering.incomplete:
        say(message)
    for caveat in gathering.caveats:
        say(*caveat)
    for warning in gathering.warnings:
        talk.note(*warning)


def tell_written(file: Path | None, what: str, talk: Talk, *, verb: str = "written") -> None:
    """Say what stands in a file now, if it is one."""
    if file is not None:
        talk.note(f"{printable(str(file))}: {what} {verb}")


def counted(number: int, noun: str) -> str:
    """Give a number with its noun: `1 member`, `2 members`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
