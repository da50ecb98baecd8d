"""Files that change while they are read, and pipes that have nothing yet."""

import gc
import gzip
import json
import os
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from coursectl.errors import InvalidData
from coursectl.gather import Gathering
from coursectl.render.columns import MEMBER_COLUMNS
from coursectl.render.csv import CsvRenderer
from coursectl.roster.criteria import Criteria
from coursectl.roster.moments import Age
from coursectl.second_process import GatheringInHalves
from coursectl.sources.export import Export
from coursectl.sources.opened import Opened
from tests.community import row
from tests.running import COURSECTL, clean_environment

NOW = datetime(2026, 11, 23, tzinfo=UTC)
MEMBERS = 5_000


def roster(name: str, ids: range = range(MEMBERS), *, packed: bool = False) -> bytes:
    """The bytes of a roster of members of one name, which says when it was fetched at its end."""
    active = {"last_active_at": "2026-11-01T06:00:00Z"}
    rows = [row(id_) | active | {"real_name": name} for id_ in ids]
    said = {"count": len(rows), "fetched_at": "2026-11-20T06:00:00Z"}
    text = f'{{"results": {json.dumps(rows)}, {json.dumps(said)[1:]}'.encode()
    return gzip.compress(text) if packed else text


def replace(path: Path, data: bytes) -> None:
    other = path.with_name("other")
    other.write_bytes(data)
    other.replace(path)


def overwrite(path: Path, data: bytes) -> None:
    with path.open("r+b") as file:
        file.write(data)
        file.truncate()


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def truncate(path: Path, _: bytes) -> None:
    os.truncate(path, 1_000)


def names(
    path: Path, change: Callable[[Path, bytes], None], other: bytes, criteria: Criteria
) -> set[str | None]:
    """Whose names are given of a file that changes once it has been begun."""
    changes = [change]

    def on_progress(*_: object) -> None:
        while changes:
            time.sleep(0.02)  # clocks of file systems tick every few milliseconds
            changes.pop()(path, other)

    gathering = Gathering([Export(path, path.name)], criteria, now=NOW, on_progress=on_progress)
    return {member["real_name"] for batch in gathering.batches() for member in batch.members}


TWICE = Criteria(active=Age(hours=24 * 365 * 20))
"""What depends on the end of the file, so that it is read for that first."""


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("criteria", [Criteria(), TWICE], ids=["once", "twice"])
def test_a_file_that_is_replaced_is_read_as_it_was(packed, criteria, tmp_path):
    path = tmp_path / "roster.json"
    path.write_bytes(roster("old", packed=packed))
    other = roster("new", range(MEMBERS, 0, -1), packed=packed)
    assert names(path, replace, other, criteria) == {"old"}


@pytest.mark.slow
@pytest.mark.parametrize("change", [overwrite, append, truncate])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("criteria", [Criteria(), TWICE], ids=["once", "twice"])
def test_a_file_that_is_written_while_it_is_read_is_refused(change, packed, criteria, tmp_path):
    path = tmp_path / "roster.json"
    path.write_bytes(roster("old", packed=packed))
    other = roster("new", range(MEMBERS, 0, -1), packed=packed)
    with pytest.raises(InvalidData) as caught:
        names(path, change, other, criteria)
    assert caught.value.message == "roster.json: it changed while it was read"


def test_an_overwritten_file_of_the_same_size_and_time_is_refused(tmp_path):
    def secretly(path: Path, data: bytes) -> None:
        before = path.stat()
        overwrite(path, data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    path = tmp_path / "roster.json"
    path.write_bytes(roster("old"))
    with pytest.raises(InvalidData, match="it changed while it was read"):
        names(path, secretly, roster("new"), Criteria())


def test_a_write_right_behind_another_shows(tmp_path):
    path = tmp_path / "roster.json"
    for _ in range(20):
        path.write_bytes(b"old")
        opened = Opened.at(path)
        with path.open("r+b") as file:
            file.write(b"new")
        assert opened.has_changed()


def halves(path: Path, change: Callable[[Path, bytes], None]) -> bytes:
    """What is given of a file that is read in halves and changes once it has been begun."""
    path.write_bytes(roster("old", range(60_000)))
    other = roster("new", range(60_000, 0, -1))
    changes = [change]

    def on_progress(*_: object) -> None:
        while changes:
            time.sleep(0.02)
            changes.pop()(path, other)

    gathering = GatheringInHalves(
        [Export(path, path.name)],
        Criteria(),
        now=NOW,
        renderer=CsvRenderer(),
        columns=MEMBER_COLUMNS,
        on_progress=on_progress,
    )
    return b"".join(CsvRenderer().body(gathering.batches(), MEMBER_COLUMNS))


@pytest.mark.slow
@pytest.mark.measured
def test_both_halves_are_of_the_file_that_was_there(tmp_path):
    given = halves(tmp_path / "roster.json", replace)
    assert (given.count(b"old"), given.count(b"new")) == (60_000, 0)


@pytest.mark.slow
@pytest.mark.measured
def test_halves_of_a_file_that_is_written_are_refused(tmp_path):
    with pytest.raises(InvalidData, match=r"roster\.json: it changed while it was read"):
        halves(tmp_path / "roster.json", overwrite)


def test_what_is_known_of_a_guess_at_the_end_is_of_the_same_file(tmp_path):
    path = tmp_path / "roster.json"
    path.write_bytes(roster("old"))
    source = Export(path, path.name)
    assert source.size() == path.stat().st_size
    replace(path, roster("new")[:-1] + b', "course": {"id": 7}}')
    assert b'"course"' not in (source.end() or b"")


@pytest.mark.slow
@pytest.mark.measured
def test_a_file_is_closed_once_it_has_been_read(tmp_path):
    path = tmp_path / "roster.json"
    path.write_bytes(roster("old"))
    gc.collect()  # other tests may have left descriptors open
    before = len(list(Path("/dev/fd").iterdir()))
    sources = [Export(path, path.name) for _ in range(50)]
    for _ in Gathering(sources, Criteria(), now=NOW).batches():
        pass
    assert len(list(Path("/dev/fd").iterdir())) == before


# Pipes


def members_of(source: str, stdin: int) -> tuple[int, bytes, bytes]:
    done = subprocess.run(
        [*COURSECTL, "members", source, "--csv", "-c", "id"],
        stdin=stdin,
        capture_output=True,
        env=clean_environment(),
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("source", ["-", "/dev/stdin"])
def test_a_pipe_that_has_nothing_yet_is_not_at_its_end(packed, source):
    reads, writes = os.pipe()
    os.set_blocking(reads, False)
    text = roster("old", range(3), packed=packed)

    def write_slowly() -> None:
        for piece in (text[:1], text[1:40], text[40:]):
            time.sleep(0.3)
            os.write(writes, piece)
        os.close(writes)

    writer = Thread(target=write_slowly)
    writer.start()
    outcome = members_of(source, reads)
    writer.join()
    os.close(reads)
    assert outcome == (0, b"id\n0\n1\n2\n", b"")


def test_stdin_may_be_a_file_of_which_a_part_has_been_read(tmp_path):
    path = tmp_path / "roster.json"
    path.write_bytes(b"A headline.\n" + roster("old", range(3)))
    descriptor = os.open(path, os.O_RDONLY)
    os.lseek(descriptor, len(b"A headline.\n"), os.SEEK_SET)
    outcome = members_of("-", descriptor)
    os.close(descriptor)
    assert outcome == (0, b"id\n0\n1\n2\n", b"")
