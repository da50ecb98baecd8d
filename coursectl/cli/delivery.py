"""An answer to where it was asked for: a file, a pager, or stdout."""

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from coursectl.cli.filename import (
    check_name,
    filled_name,
    has_fields,
    provenance_of_all,
    without_fields,
)
from coursectl.cli.formats import Format, Look, choose_look
from coursectl.places import expanded
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
    from collections.abc import Callable, Iterator, Sequence

    from coursectl.gather import Gathering
    from coursectl.render.outline import Outline
    from coursectl.roster.member import Provenance

STDOUT = ("-", "/dev/stdout")
"""What `--output` may be told for stdout."""


class Delivery(NamedTuple):
    """Where an answer goes, and how it looks there; stdout where `file` is None."""

    file: Path | None
    terminal: Terminal
    look: Look
    template: str | None = None
    """The name of the file while it is still to be filled in; see `named_by`."""

    @classmethod
    def chosen(
        cls,
        *,
        output: str | None,
        named: Format | None,
        json: bool,
        csv: bool,
        raw: bool,
        excel: bool,
    ) -> "Delivery":
        """Read the options that say so. Raises UsageError."""
        name = None if output is None or output in STDOUT else expanded(output)
        file = None
        if name is not None:
            check_name(name)
            file = Path(name) if has_fields(name) else without_fields(name)
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
        return cls(file, terminal, look, name if name and has_fields(name) else None)

    def named_by(self, provenances: "Sequence[Provenance | None]", source: str) -> "Delivery":
        """Fill in the name of the file, if it is to be. `source` is what an error calls the roster.

        Raise UsageError if the rosters do not say what is to be filled in.
        """
        if self.template is None:
            return self
        known = [each for each in provenances if each is not None]
        provenance = provenance_of_all(known, self.template)
        return self._replace(file=filled_name(self.template, provenance, source), template=None)

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
            with destination(self.file, talk) as file:
                render(file)
            return
        paged = pager and self.terminal.is_terminal and self.look.format.is_readable
        with to_stdout(talk, pager_above=self.terminal.height if paged else None) as out:
            render(out)


@contextmanager
def destination(output: Path | None, talk: Talk) -> "Iterator[Sink]":
    """Give a file to be written, in folders that are made where missing, or else stdout.

    Folders that were made for nothing are taken away. Raises UsageError.
    """
    if output is None:
        with to_stdout(talk) as out:
            yield out
        return
    missing = [each for each in output.parents if not os.path.lexists(each)]
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(printable(str(output)), error) from None
    try:
        with to_file(output) as file:
            yield file
    except BaseException:
        with suppress(OSError):
            for folder in missing:
                folder.rmdir()
        raise


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
