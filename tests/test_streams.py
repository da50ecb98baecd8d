import errno
import gzip
import json
import os
import select
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from coursectl.errors import InvalidData, UsageError
from coursectl.streams import HELD_BACK, to_file
from tests.running import COURSECTL, clean_environment, coursectl

# Rows enough for more output than is held back, and for fewer.
MANY, SOME = 40_000, 10_000


def export(rows, last=""):
    """Give an export of `rows` members, and of whatever text is `last` in the list."""
    members = [
        f'{{"id": {each}, "username": "member_{each}", "real_name": "Ann", "avatar": null,'
        ' "join_status": "joined", "user_completion_rate": 12.5, "last_active_at": null,'
        ' "joined_at": "2026-03-02T08:00:00Z"}'
        for each in range(rows)
    ]
    return ("[\n" + ",\n".join(members + [last] * bool(last)) + "\n]\n").encode()


@contextmanager
def running(*arguments, **options):
    """Start coursectl with pipes, and have it ended at the end."""
    process = subprocess.Popen(
        [*COURSECTL, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
        **options,
    )
    try:
        yield process
    finally:
        process.kill()
        with suppress(BrokenPipeError):
            process.communicate()


def wait_for(condition, process):
    """Wait until something holds; a process that ended will not bring it about."""
    while not condition():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.005)


# Files


def test_a_file_appears_once_it_is_complete(tmp_path):
    path = tmp_path / "roster.csv"
    with to_file(path) as file:
        file.write(b"id\n")
        assert not path.exists()
        assert [each.parent for each in tmp_path.iterdir()] == [tmp_path]
        file.write(b"1\n")
    assert path.read_bytes() == b"id\n1\n"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_stays_until_the_new_one_is_complete(tmp_path):
    path = tmp_path / "roster.csv"
    path.write_bytes(b"old")
    with to_file(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


def fail_while_writing(path, error):
    with to_file(path) as file:
        file.write(b"new")
        raise error("no")


@pytest.mark.parametrize("name", ["roster.csv", "roster.csv.gz"])
@pytest.mark.parametrize("error", [InvalidData, KeyboardInterrupt, SystemExit, OSError])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, name, error):
    path = tmp_path / name
    path.write_bytes(b"old")
    with pytest.raises(error):  # an OSError, too: it is not of this file
        fail_while_writing(path, error)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_no_file_where_there_was_none(tmp_path):
    with pytest.raises(InvalidData):
        fail_while_writing(tmp_path / "roster.csv", InvalidData)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(params=[0o022, 0o027, 0o077])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_has_the_permissions_that_the_umask_allows(tmp_path, umask):
    with to_file(tmp_path / "roster.csv"):
        pass
    assert mode_of(tmp_path / "roster.csv") == 0o666 & ~umask
    assert os.umask(umask) == umask


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
def test_a_replaced_file_keeps_its_permissions(tmp_path, umask, mode):
    path = tmp_path / "roster.csv"
    path.touch()
    path.chmod(mode)
    with to_file(path) as file:
        file.write(b"new")
    assert mode_of(path) == mode


def test_nobody_else_can_read_a_file_that_is_being_written(tmp_path):
    with to_file(tmp_path / "roster.csv") as file:
        file.write(b"private")
        (beside,) = tmp_path.iterdir()
        assert mode_of(beside) == 0o600


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "target.csv", tmp_path / "link.csv"
    target.write_bytes(b"old")
    link.symlink_to(target)
    with to_file(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert list(target.parent.iterdir()) == [target]


def test_a_link_to_nothing_yet_leads_to_the_new_file(tmp_path):
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    link.symlink_to(target)
    with to_file(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_link_that_leads_in_a_circle_cannot_be_written(tmp_path):
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.symlink_to(second)
    second.symlink_to(first)
    with pytest.raises(UsageError, match=r"first\.csv: cannot be written"), to_file(first):
        pass
    assert first.is_symlink()


def test_a_directory_cannot_be_written(tmp_path):
    with pytest.raises(UsageError) as caught, to_file(tmp_path):
        pass
    assert caught.value.message == f"{tmp_path} is a directory"
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_a_missing_folder_cannot_be_written(tmp_path):
    path = tmp_path / "missing" / "roster.csv"
    with pytest.raises(UsageError) as caught, to_file(path):
        pass
    said = os.strerror(errno.ENOENT)
    assert caught.value.message == f"{path}: cannot be written: {said}"
    assert list(tmp_path.iterdir()) == []


def test_a_file_below_a_file_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"), to_file(tmp_path / "file" / "x.csv"):
        pass


def test_a_file_name_of_the_greatest_length_can_be_written(tmp_path):
    for name in ("n" * 251 + ".csv", "👩" * 62 + ".csv"):
        with to_file(tmp_path / name) as file:
            file.write(b"new")
        assert (tmp_path / name).read_bytes() == b"new"


def test_a_longer_file_name_is_an_error_of_usage(tmp_path):
    with pytest.raises(UsageError, match="cannot be written"), to_file(tmp_path / ("n" * 300)):
        pass


def test_a_name_with_escape_codes_is_shown_without(tmp_path):
    with pytest.raises(UsageError) as caught, to_file(tmp_path / "no" / "\x1b[31mred"):
        pass
    assert "\x1b" not in caught.value.message


def test_a_device_is_written_as_it_is():
    before = Path(os.devnull).stat()
    with to_file(Path(os.devnull)) as file:
        file.write(b"new")
    after = Path(os.devnull).stat()
    assert (after.st_mode, after.st_rdev) == (before.st_mode, before.st_rdev)


def test_what_fails_early_writes_nothing_to_a_device(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(InvalidData):
        fail_while_writing(pipe, InvalidData)
    assert os.read(reader, 10) == b""
    os.close(reader)


def test_a_named_pipe_is_written_as_it_is(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with to_file(pipe) as file:
        file.write(b"new")
    assert os.read(reader, 10) == b"new"
    os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", ["roster.csv.gz", "roster.json.GZ"])
def test_a_compressed_file_has_the_same_bytes_each_time(tmp_path, name):
    files = [tmp_path / "first" / name, tmp_path / "second" / f"other-{name}"]
    for path in files:
        path.parent.mkdir()
        with to_file(path) as file:
            file.write(b"id\n")
            file.write(b"1\n")
    first, second = (path.read_bytes() for path in files)
    assert gzip.decompress(first) == b"id\n1\n"
    assert first == second
    assert first[4:8] == bytes(4)  # no time


def test_the_written_file_is_what_stdout_would_have_had(tmp_path):
    for name in ("roster.csv", "roster.csv.gz"):
        done = coursectl("members", "demo", "-o", name, cwd=tmp_path)
        assert (done.code, done.stdout) == (0, b"")
        assert done.stderr == f"coursectl: {name}: 200 members written\n"
    printed = coursectl("members", "demo", "--csv").stdout
    assert (tmp_path / "roster.csv").read_bytes() == printed
    assert gzip.decompress((tmp_path / "roster.csv.gz").read_bytes()) == printed


def test_a_bad_row_leaves_the_old_file(tmp_path):
    path = tmp_path / "roster.json"
    path.write_bytes(b"old")
    done = coursectl("members", "-", "-o", path, stdin=export(3, '{"id": "x"}'))
    assert done.code == 3
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def size_of(path):
    return path.stat().st_size


@contextmanager
def stalled(path):
    """Give a process in the middle of writing `path`, whose input has stopped to arrive."""
    with running("members", "-", "-o", path, stdout=subprocess.PIPE) as process:
        process.stdin.write(export(SOME)[:-100])
        process.stdin.flush()
        wait_for(
            lambda: any(each.stat().st_size > 2**19 for each in path.parent.iterdir()), process
        )
        yield process


def test_a_kill_in_the_middle_leaves_the_old_file(tmp_path):
    path = tmp_path / "roster.json"
    path.write_bytes(b"old")
    with stalled(path) as process:
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert path.read_bytes() == b"old"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_middle_leaves_the_old_file_and_nothing_else(tmp_path, number):
    path = tmp_path / "roster.json"
    path.write_bytes(b"old")
    with stalled(path) as process:
        process.send_signal(number)
        assert process.wait() == 128 + number
        assert process.stdout.read() == b""
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]


# stdout


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize("format_", ["json", "csv", "plain"])
def test_what_fails_early_prints_nothing(format_):
    done = coursectl("members", "-", "-f", format_, stdin=export(SOME, '{"id": "x"}'))
    assert (done.code, done.stdout) == (3, b"")
    assert "1 invalid member" in done.stderr


def test_a_huge_roster_that_fails_late_leaves_its_array_open(tmp_path):
    path = tmp_path / "roster.json"
    path.write_bytes(export(MANY, '{"id": "x"}'))
    done = coursectl("members", path, "--json")
    assert done.code == 3
    assert len(done.stdout) > HELD_BACK
    assert done.stdout.startswith(b'[\n{"id":0,')
    assert b"]" not in done.stdout
    with pytest.raises(json.JSONDecodeError):
        json.loads(done.stdout)


def test_a_huge_roster_that_is_good_is_whole():
    done = coursectl("members", "-", "--json", "-c", "id", stdin=export(MANY))
    assert (done.code, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [{"id": each} for each in range(MANY)]


def test_a_huge_roster_is_printed_while_it_still_arrives():
    with running("members", "-", "--json", stdout=subprocess.PIPE) as process:

        def feed():
            with suppress(BrokenPipeError):
                process.stdin.write(export(MANY)[:-100])
                process.stdin.flush()

        feeder = threading.Thread(target=feed)
        feeder.start()
        ready, _, _ = select.select([process.stdout], [], [], 60)
        assert ready
        assert process.stdout.read(11) == b'[\n{"id":0,"'
        assert process.poll() is None
        process.kill()
        feeder.join()


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize(
    ("rows", "columns"), [(SOME, "id,username"), (4 * MANY, "id,username,joined_at")]
)
def test_a_reader_that_stops_early_ends_the_run_quietly(rows, columns, tmp_path):
    path = tmp_path / "roster.json"
    path.write_bytes(export(rows))
    head = "import sys; print(sys.stdin.readline(), end='')"
    with running("members", path, "--csv", "-c", columns, stdout=subprocess.PIPE) as process:
        first = subprocess.run(
            [sys.executable, "-c", head], stdin=process.stdout, capture_output=True, check=True
        )
        process.stdout.close()
        assert process.wait() == 0
        assert process.stderr.read() == b""
        assert first.stdout.decode() == f"{columns}\n"


@pytest.mark.slow
@pytest.mark.parametrize("rows", [1, MANY])
@pytest.mark.parametrize("format_", ["csv", "plain"])
def test_a_reader_that_never_reads_ends_the_run_quietly(rows, format_):
    with running("members", "-", "-f", format_, "-c", "id", stdout=subprocess.PIPE) as process:
        process.stdout.close()
        process.stdin.write(export(rows))
        process.stdin.close()
        assert process.wait() == 0
        assert process.stderr.read() == b""
        process.stdin = process.stdout = None


def closing(descriptors, *arguments):
    """Run coursectl as a shell does that was told `>&-` and the like."""
    code = (
        "import os, sys\n"
        f"for each in {descriptors}: os.close(each)\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'coursectl', *sys.argv[1:]])\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env=clean_environment(),
        timeout=60,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("descriptors", [[1], [2], [1, 2], [0, 1, 2]])
def test_closed_streams_are_no_failure_unless_the_answer_was_for_one(descriptors, tmp_path):
    path = tmp_path / "roster.csv"
    done = closing(descriptors, "members", "demo", "-n", "1", "-c", "id", "--csv")
    assert done.returncode == (2 if 1 in descriptors else 0)
    assert done.stdout == (b"" if 1 in descriptors else b"id\n1224\n")
    done = closing(descriptors, "members", "demo", "-n", "1", "-c", "id", "-o", path)
    assert (done.returncode, done.stdout) == (0, b"")
    assert path.read_bytes() == b"id\n1224\n"


def test_an_export_on_a_closed_stdin_is_no_bug():
    done = closing([0], "members", "-", "--csv")
    assert done.returncode == 3
    assert done.stdout == b""
    assert b"bug" not in done.stderr


def test_a_full_disk_is_said_once():
    full = Path("/dev/full")
    for arguments in (("-n", "1"), ()):
        with full.open("wb") as stdout:
            done = subprocess.run(
                [*COURSECTL, "members", "demo", "--csv", *arguments],
                stdout=stdout,
                stderr=subprocess.PIPE,
                env=clean_environment(),
                timeout=60,
                check=False,
            )
        assert done.returncode == 2
        said = os.strerror(errno.ENOSPC)
        assert done.stderr.decode().splitlines()[0] == (
            f"coursectl: stdout: cannot be written: {said}"
        )
        assert len(done.stderr.splitlines()) == 2


# stderr


def test_talk_never_reaches_stdout(tmp_path):
    rows = b'[{"id": 1, "join_status": "odd"}, {"id": "x"}]'
    done = coursectl("members", "-", "--csv", "-c", "id", "--skip-invalid", stdin=rows)
    assert (done.code, done.stdout) == (0, b"id\n1\n")
    assert "left out 1 invalid of 2 rows" in done.stderr
    assert "'odd'" in done.stderr


def test_quiet_says_nothing_when_all_is_well(tmp_path):
    rows = b'[{"id": 1, "join_status": "odd"}, {"id": "x"}]'
    path = tmp_path / "roster.csv"
    done = coursectl("members", "-", "-q", "-o", path, "--skip-invalid", stdin=rows)
    assert (done.code, done.stdout, done.stderr) == (0, b"", "")
    assert path.exists()


def test_quiet_still_says_what_failed():
    done = coursectl("members", "-", "-q", stdin=b"")
    assert done.code == 3
    assert done.stderr.startswith("coursectl: stdin: empty")


@pytest.mark.slow
@pytest.mark.measured
def test_without_a_terminal_there_is_no_progress():
    with running("members", "-", "--csv", "-c", "id", stdout=subprocess.PIPE) as process:
        process.stdin.write(export(3)[:-4])
        process.stdin.flush()
        time.sleep(1)
        process.stdin.write(export(3)[-4:])
        process.stdin.close()
        assert process.wait() == 0
        assert process.stderr.read() == b""
        assert process.stdout.read() == b"id\n0\n1\n2\n"
        process.stdin = None
