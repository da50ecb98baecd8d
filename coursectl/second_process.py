"""A second process for a large export: it reads, selects and renders the second half of a file.

One process reads some 40 MB a second, and Python runs on one core. So the file is cut in the
middle. While this process reads the first half as ever, another one reads the second half and
renders it into a temporary file without a name, from which the rows are copied behind those of the
first half, or among them if they are sorted. The answer is the same to the byte, or else the file
is read by one process after all; see `coursectl.roster.halves`.

The second process ends with this one, whatever ends it: it waits for the end of its stdin.
"""

import os
import pickle
import struct
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Protocol, Self

from coursectl import threads
from coursectl.aside import AsideRendered, Ranked, Records
from coursectl.ending import end_at_once
from coursectl.errors import CoursectlError
from coursectl.gather import Gathering
from coursectl.render.interface import Rendered
from coursectl.roster.criteria import Batch, Criteria, Roster, Sort, ranked
from coursectl.roster.documents import BLOCK
from coursectl.roster.halves import Cut, FirstHalf, Form, NotInHalves, SecondHalf, Told
from coursectl.roster.parsing import prepare
from coursectl.roster.seen_ids import SeenIds
from coursectl.second_interpreter import Interpreter, is_ready, taken
from coursectl.sources.export import GZIP_MAGIC, Export
from coursectl.sources.interface import Source, no_progress
from coursectl.sources.opened import Opened, Stamp

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable

    from coursectl.render.columns import Column
    from coursectl.render.interface import PiecewiseRenderer
    from coursectl.roster.member import Member
    from coursectl.roster.parsing import Reading
    from coursectl.roster.ranking import Ranking
    from coursectl.roster.summary import Counting, Tallied, Tally
    from coursectl.sources.interface import OnProgress

_AHEAD = 14 * 1024 * 1024
"""Bytes that this process reads while the second one starts."""

_AHEAD_OF_READY = 1024 * 1024
"""Bytes that it reads before one that is ready has begun."""

_LOOKED_AT = 4 * BLOCK
"""Bytes of the middle in which two members have to meet."""

_COPIED = 1024 * 1024
"""Bytes that are copied at once."""

_LENGTH = struct.Struct("<Q")
"""What the file of the second process ends in: how long the rows in it are."""


class _Work(Protocol):
    """What becomes of the members of the second half."""

    def done(self, batches: "Iterable[Batch]", out: BinaryIO) -> object:
        """Write what is made of them, in the second process, and give what else is known then."""

    def given(self, roster: Roster, second: "_Second") -> Batch:
        """Give that as a batch, in this one."""


class _Rendering(NamedTuple):
    """They are rendered."""

    renderer: "PiecewiseRenderer"
    columns: "tuple[Column, ...]"

    def done(self, batches: "Iterable[Batch]", out: BinaryIO) -> None:
        """Write all of them."""
        out.writelines(self.renderer.body(batches, self.columns))

    def given(self, roster: Roster, second: "_Second") -> Rendered:
        """Give them."""
        return Rendered(roster, second.members, second.pieces())


class _Sorting(NamedTuple):
    """They are rendered, and put in order run by run."""

    renderer: "PiecewiseRenderer"
    columns: "tuple[Column, ...]"
    sort: Sort

    def done(self, batches: "Iterable[Batch]", out: BinaryIO) -> "tuple[Ranking, array[int]]":
        """Write their records."""
        records = Records(out)
        shelf = AsideRendered(self.renderer, self.columns, records=records)
        ranking = ranked(batches, self.sort, shelf)
        ranking.settle(shelf)
        return ranking, records.ends

    def given(self, roster: Roster, second: "_Second") -> Ranked:
        """Give them."""
        ranking, ends = second.known
        return Ranked(roster, ranking, Records(second.output, ends))


class _Counting(NamedTuple):
    """They are counted."""

    counting: "Counting"

    def done(self, batches: "Iterable[Batch]", _: BinaryIO) -> "Tally | None":
        """Write nothing."""
        return self.counting.tally(batches)

    def given(self, roster: Roster, second: "_Second") -> "Tallied":
        """Give the counts."""
        from coursectl.roster.summary import Tallied

        return Tallied(roster, second.known)


class _Task(NamedTuple):
    """What the second process is to do."""

    path: str
    stamp: Stamp
    form: Form
    start: int
    moments_as_written: bool
    in_cells: bool
    roster: Roster
    criteria: Criteria
    work: _Work


class GatheringInHalves(Gathering):
    """The wanted members of one export, of which the second half comes `Rendered` or `Tallied`.

    There is a renderer or a counting, and the criteria set no limit, nor with a counting an order.
    Members are not under pseudonyms, nor as they were sent.
    """

    def _selected(self, source: Source) -> Iterator[Batch]:
        """Read the export in halves, or where it does not come apart, as one."""
        given = 0
        halved = _Halved.of(source) if isinstance(source, Export) else None
        if halved is not None:
            try:
                with _Second() as second:
                    halved.second = second
                    for batch in super()._selected(halved):
                        if not second.is_started:
                            second.start(self._task(halved, batch.roster))
                        given += len(batch)
                        yield batch
                return
            except NotInHalves:
                pass
        for batch in super()._selected(source):
            # What has been given of the first half are the first members of the whole.
            again = min(given, len(batch))
            given -= again
            yield batch.part(again) if again else batch

    def _reading(self, source: Source) -> "Reading":
        if isinstance(source, _Halved):
            return FirstHalf(
                source.cut.form,
                moments_as_written=self._moments_as_written,
                in_cells=self._in_cells(source),
            )
        return super()._reading(source)

    def _looked_through(self, source: Source, so_far: "Reading") -> "Reading":
        if isinstance(source, _Halved) and not self._supposes:
            raise NotInHalves  # what this depends on may stand at the end
        return super()._looked_through(source, so_far)

    def _elsewhere(self, source: Source, roster: Roster) -> Iterator[Batch]:
        if isinstance(source, _Halved) and source.second.members:
            yield self._work().given(roster, source.second)

    def _work(self) -> _Work:
        if self._counting is not None:
            return _Counting(self._counting)
        assert self._renderer is not None  # noqa: S101 - as the class says
        if self._criteria.sort is None:
            return _Rendering(self._renderer, self._columns)
        return _Sorting(self._renderer, self._columns, self._criteria.sort)

    def _task(self, halved: "_Halved", roster: Roster) -> _Task:
        return _Task(
            halved.real_path,
            halved.stamp,
            halved.cut.form,
            halved.cut.start,
            self._moments_as_written,
            self._in_cells(halved),
            roster,
            self._criteria,
            self._work(),
        )


class _Halved(Export):
    """The first half of an export, and of the second one all but the members."""

    second: "_Second"

    def __init__(self, whole: Export, path: Path, file: Opened, stamp: Stamp, cut: Cut) -> None:
        super().__init__(path, whole.name)
        self.name = whole.name
        self.cut = cut
        self.stamp = stamp
        self._opened = file
        self.real_path = os.path.realpath(path)
        self._is_at_cut = False

    @classmethod
    def of(cls, whole: Export) -> Self | None:
        """Cut an export; None where there is no telling how, or no file to be cut."""
        if whole.path is None or not sys.executable:
            return None
        try:
            file = whole.opened()
            if (stamp := file.stamp) is None:
                return None
            beginning = file.read_at(0, BLOCK)
            if beginning.startswith(GZIP_MAGIC):
                return None
            ahead = _AHEAD_OF_READY if is_ready() else _AHEAD
            middle = (stamp.size + min(ahead, stamp.size // 2)) // 2
            cut = Cut.guessed(beginning, file.read_at(middle, _LOOKED_AT), middle)
        except OSError:
            return None
        return None if cut is None else cls(whole, whole.path, file, stamp, cut)

    def batches(
        self, reading: "Reading", criteria: Criteria, on_progress: "OnProgress" = no_progress
    ) -> Iterator[list["Member"]]:
        """Yield the members of the first half, and let `reading` know of the second one.

        Raises NotInHalves.
        """
        assert isinstance(reading, FirstHalf)  # noqa: S101 - as GatheringInHalves makes it
        last = []
        try:
            for members in super().batches(
                # The other half is about as far.
                reading,
                criteria,
                lambda done, total: on_progress(2 * done, total),
            ):
                self.second.check()
                # Where the cut is near, one reading would give others along with these, or none.
                if self._is_at_cut:
                    last.append(members)
                else:
                    yield members
        except CoursectlError:
            raise NotInHalves from None
        reading.prove_cut()
        reading.go_on(self.second.told(), self.second.seen())
        if self.opened().has_changed():
            raise NotInHalves
        on_progress(reading.members, reading.count)
        yield from last

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes of the first half, and what closes it."""
        left = self.cut.end
        for block in super().blocks():
            if len(block) >= left:
                self._is_at_cut = True
                yield block[:left]
                break
            yield block
            left -= len(block)
        _, closing = self.cut.form.value
        if closing:
            yield closing


class _Second:
    """The second process, which is gone at the end of `with`."""

    output: BinaryIO
    """What it has written to, once it has told."""

    def __init__(self) -> None:
        self.members = 0
        """How many have been selected."""
        self.known: Any = None
        """What is known of these, beside what was written of them."""
        self._interpreter: Interpreter | None = None
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._interpreter is not None:
            self._interpreter.close()

    @property
    def is_started(self) -> bool:
        """Whether there is such a process, or has been."""
        return self._interpreter is not None

    def start(self, task: _Task) -> None:
        """Begin with a task. Raises NotInHalves where that cannot be."""
        try:
            self._interpreter = taken()
            stdin = self._interpreter.process.stdin
            assert stdin  # noqa: S101 - a pipe
            pickle.dump(task, stdin)
            stdin.flush()
        except OSError:
            raise NotInHalves from None

    def check(self) -> None:
        """Raise NotInHalves if it has given up."""
        if self._interpreter is not None and self._interpreter.process.poll():
            raise NotInHalves

    def told(self) -> Told:
        """Wait for it, and give what it told. Raises NotInHalves."""
        if self._interpreter is None or self._interpreter.process.wait():
            raise NotInHalves
        file = self.output = self._interpreter.output
        try:
            file.seek(-_LENGTH.size, os.SEEK_END)
            (self._rows,) = _LENGTH.unpack(file.read())
            file.seek(self._rows)
            told: Told
            self.members, self.known, told = pickle.load(file)  # noqa: S301 - our own process
        except OSError:
            raise NotInHalves from None
        return told

    def seen(self) -> Iterator[SeenIds]:
        """Yield the ids of the members that it has read, once it has told. Raises NotInHalves."""
        try:
            yield from iter(lambda: pickle.load(self.output), None)  # noqa: S301 - our own process
        except OSError:
            raise NotInHalves from None

    def pieces(self) -> Iterator[bytes]:
        """Yield what has been written."""
        file = self.output
        file.seek(0)
        left = self._rows
        while left > 0:
            piece = file.read(min(left, _COPIED))
            left -= len(piece)
            yield piece


# In the second process


def main() -> None:
    """Do the task that comes on stdin; what is told goes to stdout. Ends with 1 if it cannot."""
    end_at_once(_code_of_work())


def _code_of_work() -> int:
    prepare()
    try:
        task: _Task = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that began this
    except EOFError:
        return 0  # there is none
    threads.start(Thread(target=_end_with_the_first))
    try:
        with open(1, "wb", buffering=_COPIED, closefd=False) as out:
            _do(task, out)
    except (NotInHalves, CoursectlError, OSError):
        return 1
    return 0


def _end_with_the_first() -> None:
    os.read(0, 1)  # nothing ever comes but the end
    os._exit(1)


def _do(task: _Task, out: BinaryIO) -> None:
    reading = SecondHalf(
        task.form, moments_as_written=task.moments_as_written, in_cells=task.in_cells
    )
    selected = 0

    def batches(file: BinaryIO) -> Iterator[Batch]:
        nonlocal selected
        for members in reading.document(iter(lambda: file.read(BLOCK), b""), task.path):
            batch = task.criteria.batch(task.roster, members, in_cells=task.in_cells)
            selected += len(batch)
            yield batch

    with open(task.path, "rb", buffering=0) as file:  # noqa: PTH123 - as it was opened before
        if not task.stamp.is_still(file.fileno()):
            raise NotInHalves
        file.seek(task.start)
        known = task.work.done(batches(file), out)
        rows = out.tell()
        if not task.stamp.is_still(file.fileno()):
            raise NotInHalves
    told = (selected, known, reading.told())
    for each in chain([told], reading.seen(), [None]):
        pickle.dump(each, out, pickle.HIGHEST_PROTOCOL)  # which makes no copy of what is large
    out.write(_LENGTH.pack(rows))
