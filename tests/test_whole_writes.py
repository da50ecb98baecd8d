"""All that is written arrives, or the run fails: whatever takes it, and whoever writes it."""

import errno
import fcntl
import io
import os
import resource
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coursectl.errors import ExitCode
from coursectl.whole_writes import WaitingWriter, WholeWriter
from tests.community import Community
from tests.running import COURSECTL, clean_environment, coursectl
from tests.saved import save_rosters

posix_pipes = pytest.mark.skipif(
    not hasattr(fcntl, "F_SETPIPE_SZ"), reason="a pipe of a chosen size is Linux's"
)

RAW = {"PYTHONUNBUFFERED": "1"}


@contextmanager
def narrow_pipe() -> Iterator[tuple[int, int]]:
    """A pipe that does not block and holds 4096 bytes."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    try:
        yield reader, writer
    finally:
        os.close(reader)


def read_slowly(reader: int) -> bytes:
    """Read to the end, a piece at a time, beginning late."""
    time.sleep(0.05)
    pieces = []
    while piece := os.read(reader, 1500):
        pieces.append(piece)
    return b"".join(pieces)


@posix_pipes
@pytest.mark.parametrize(
    "stream_on", [WholeWriter, lambda raw: io.BufferedWriter(WaitingWriter(raw))]
)
def test_a_full_pipe_that_does_not_block_is_waited_for(stream_on: Callable[[io.FileIO], io.IOBase]):
    data = os.urandom(50_000)
    with narrow_pipe() as (reader, writer):

        def write() -> None:
            with io.FileIO(writer, "wb") as raw:
                stream = stream_on(raw)
                stream.write(data[:10])
                stream.write(data[10:])
                stream.flush()

        thread = threading.Thread(target=write)
        thread.start()
        found = read_slowly(reader)
        thread.join()
    assert found == data


def test_a_write_that_takes_nothing_is_a_failure():
    class Stuck(io.FileIO):
        def write(self, _: object, /) -> int:
            return 0

    with Stuck(os.devnull, "wb") as raw, pytest.raises(OSError, match=os.strerror(errno.EIO)):
        WholeWriter(raw).write(b"some")


# Every command

COMMANDS = [
    *(["members", "demo", "-f", name] for name in ("table", "plain", "json", "jsonl", "csv")),
    *(["members", "demo", "-f", name] for name in ("tsv", "markdown", "html", "xlsx", "parquet")),
    ["export", "demo"],
    ["summary", "demo", "-f", "plain"],
    ["summary", "demo", "--json"],
    ["changes", "before.json.gz", "demo", "-f", "html", "-q"],
    ["trend", "before.json.gz", "--json"],
    ["report", "demo", "-f", "html"],
    ["courses", "--json"],
    ["auth", "status"],
    ["completion", "bash"],
    ["members", "--help"],
    ["--debug", "--help"],
    ["--version"],
    ["--debug", "--version"],
]
"""Those with `--debug` are answered by Typer, as what is plain is not."""

QUICK = [["members", "demo", "-f", "json"], ["--debug", "--help"]]


def marked() -> list[object]:
    return [
        pytest.param(each, marks=() if each in QUICK else pytest.mark.slow, id=" ".join(each))
        for each in COMMANDS
    ]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with an export from before."""
    (saved,) = save_rosters(tmp_path, ["2026-10-05"]).iterdir()
    saved.rename(tmp_path / "before.json.gz")
    return tmp_path


def is_alike(name: str, one: bytes, other: bytes) -> bool:
    # A workbook and a page say when they were made.
    return len(one) == len(other) if name in ("xlsx", "html") else one == other


@pytest.mark.slow
@posix_pipes
@pytest.mark.parametrize("command", marked())
def test_a_raw_stdout_that_does_not_block_gets_all(
    command: list[str], place: Path, community: Community
):
    environment = community.environment | RAW
    usual = coursectl(*command, environment=environment, cwd=place)
    with (
        narrow_pipe() as (reader, writer),
        subprocess.Popen(
            [*COURSECTL, *command],
            stdout=writer,
            stderr=subprocess.PIPE,
            env=clean_environment(**environment),
            cwd=place,
        ) as process,
    ):
        os.close(writer)
        found = read_slowly(reader)
        assert process.stderr is not None
        said = process.stderr.read().decode()
    assert (process.returncode, said) == (usual.code, usual.stderr) == (0, usual.stderr)
    assert is_alike(command[-1], found, usual.stdout)


@pytest.mark.parametrize("variables", [RAW, pytest.param({}, marks=pytest.mark.slow)])
@pytest.mark.parametrize("command", marked())
def test_a_full_disk_is_an_error_of_every_command(
    command: list[str], variables: dict[str, str], place: Path, community: Community
):
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COURSECTL, *command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_environment(**community.environment, **variables),
            cwd=place,
            timeout=60,
            check=False,
        )
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.splitlines()[:2] == [
        f"coursectl: stdout: cannot be written: {os.strerror(errno.ENOSPC)}",
        "  Check the folder, its permissions and the free space.",
    ]


@pytest.mark.no_cover
@pytest.mark.parametrize("command", marked())
@pytest.mark.parametrize("bytes_", [pytest.param(0, marks=pytest.mark.slow), 10])
def test_a_limit_of_the_file_size_is_an_error_of_every_command(
    command: list[str], bytes_: int, place: Path, community: Community
):
    out = place / "out"
    with out.open("wb") as file:
        done = subprocess.run(
            [*COURSECTL, *command],
            stdout=file,
            stderr=subprocess.PIPE,
            text=True,
            env=clean_environment(**community.environment, **RAW),
            cwd=place,
            timeout=60,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_)),
        )
    assert done.returncode == ExitCode.USAGE
    assert "cannot be written" in done.stderr
    assert out.stat().st_size <= bytes_


@pytest.mark.slow
def test_a_run_that_was_stopped_and_continued_writes_all(tmp_path: Path):
    path = tmp_path / "roster.jsonl"
    path.write_text(
        "".join(f'{{"id":{id_},"username":"user_{id_}"}}\n' for id_ in range(1, 30_001))
    )
    with subprocess.Popen(
        [*COURSECTL, "members", path, "--csv", "--jobs", "1"],
        stdout=subprocess.PIPE,
        env=clean_environment(**RAW),
    ) as process:
        assert process.stdout is not None
        begun = os.read(process.stdout.fileno(), 100)  # the pipe is full soon
        time.sleep(0.5)
        for number in (signal.SIGSTOP, signal.SIGCONT) * 2:
            process.send_signal(number)
            time.sleep(0.1)
        found = begun + process.stdout.read()
    assert process.returncode == 0
    assert found.count(b"\n") == 30_001
