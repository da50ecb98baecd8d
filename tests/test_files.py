"""A file that takes the place of another: whose it is, who may read it, and where it cannot."""

import gzip
import os
import shutil
import signal
import stat
import struct
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from coursectl.errors import UsageError
from coursectl.files import _signals_held, replacing
from coursectl.streams import to_file
from tests.running import COURSECTL, clean_environment, coursectl

is_root = hasattr(os, "geteuid") and os.geteuid() == 0
as_root = pytest.mark.skipif(not is_root, reason="only root may give a file away, or mount one")

USER, OTHER, GROUP = 65534, 4322, 4321


def write(path: Path, text: bytes = b"new") -> None:
    with to_file(path) as file:
        file.write(text)


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def owner_of(path: Path) -> tuple[int, int]:
    return path.stat().st_uid, path.stat().st_gid


def old_file(path: Path, mode: int = 0o644, *, of: tuple[int, int] | None = None) -> Path:
    path.write_bytes(b"old")
    path.chmod(mode)
    if of is not None:
        os.chown(path, *of)
    return path


def as_user(user: int, groups: Sequence[int], act: Callable[[], None]) -> None:
    """Do something as somebody else, in a process of its own; it fails as that fails."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups(groups)
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            act()
            code = 0
        except BaseException:  # noqa: BLE001 - a process of its own tells what it was
            traceback.print_exc()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can reach, and write to."""
    folder = Path("/var/tmp") / f"coursectl-test-{os.getpid()}"
    folder.mkdir()
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def access_list(folder: bool) -> bytes:
    """An access list by which user 1234 has access, and neither the group nor others have."""

    def entry(tag: int, rights: int, id_: int = 0xFFFFFFFF) -> bytes:
        return struct.pack("<HHI", tag, rights, id_)

    all_ = 7 if folder else 6
    entries = (entry(1, all_), entry(2, all_, 1234), entry(4, 0), entry(16, all_), entry(32, 0))
    return struct.pack("<I", 2) + b"".join(entries)


def give_list(path: Path, kind: str) -> bytes:
    given = access_list(folder=kind == "default")
    try:
        os.setxattr(path, f"system.posix_acl_{kind}", given)
    except (OSError, AttributeError):
        pytest.skip("there are no access lists here")
    return given


def list_of(path: Path) -> bytes:
    return os.getxattr(path, "system.posix_acl_access")


# Access


def test_a_new_file_has_the_access_list_that_the_folder_gives(tmp_path):
    give_list(tmp_path, "default")
    (tmp_path / "by-hand").touch()
    write(tmp_path / "new")
    assert list_of(tmp_path / "new") == list_of(tmp_path / "by-hand")
    assert mode_of(tmp_path / "new") == mode_of(tmp_path / "by-hand") == 0o660


def test_a_new_file_is_closed_to_the_access_list_until_it_is_complete(tmp_path):
    give_list(tmp_path, "default")
    with to_file(tmp_path / "new"):
        (beside,) = tmp_path.iterdir()
        assert mode_of(beside) == 0o600


def test_a_private_file_lets_in_nobody_of_the_access_list(tmp_path):
    give_list(tmp_path, "default")
    with replacing(tmp_path / "private") as file:
        file.write(b"secret")
    assert mode_of(tmp_path / "private") == 0o600


def test_a_replaced_file_keeps_its_access_list(tmp_path):
    path = old_file(tmp_path / "kept")
    given = give_list(path, "access")
    write(path)
    assert (path.read_bytes(), list_of(path), mode_of(path)) == (b"new", given, 0o660)


def test_a_replaced_file_takes_no_access_list_from_its_folder(tmp_path):
    path = old_file(tmp_path / "kept", 0o640)
    give_list(tmp_path, "default")
    write(path)
    assert "system.posix_acl_access" not in os.listxattr(path)
    assert (path.read_bytes(), mode_of(path)) == (b"new", 0o640)


def test_a_replaced_file_keeps_the_attributes_of_its_user(tmp_path):
    path = old_file(tmp_path / "kept")
    try:
        os.setxattr(path, "user.origin", b"mail")
    except (OSError, AttributeError):
        pytest.skip("there are no attributes here")
    write(path)
    assert os.getxattr(path, "user.origin") == b"mail"


@as_root
@pytest.mark.parametrize("mode", [0o640, 0o4750, 0o600])
def test_root_leaves_a_replaced_file_to_its_owner(tmp_path, mode):
    path = old_file(tmp_path / "report.csv", of=(1234, GROUP))
    path.chmod(mode)
    write(path)
    assert (path.read_bytes(), owner_of(path), mode_of(path)) == (b"new", (1234, GROUP), mode)


@as_root
def test_a_file_of_a_group_stays_of_it_and_of_its_owner(open_folder):
    path = old_file(open_folder / "report.csv", 0o660, of=(1000, GROUP))
    as_user(USER, [GROUP], lambda: write(path))
    assert (path.read_bytes(), owner_of(path), mode_of(path)) == (b"new", (1000, GROUP), 0o660)
    assert list(open_folder.iterdir()) == [path]


@as_root
def test_an_own_file_of_a_group_of_which_one_is_not_stays_of_it(open_folder):
    path = old_file(open_folder / "report.csv", 0o640, of=(USER, OTHER))
    as_user(USER, [], lambda: write(path))
    assert (path.read_bytes(), owner_of(path), mode_of(path)) == (b"new", (USER, OTHER), 0o640)


@as_root
def test_a_file_that_can_only_be_replaced_lets_in_nobody_more(open_folder, capfd):
    path = old_file(open_folder / "report.csv", 0o444, of=(0, 0))
    closed = old_file(open_folder / "closed.csv", 0o640, of=(0, 0))

    def act() -> None:
        write(path)
        write(closed)

    as_user(USER, [], act)
    assert (path.read_bytes(), owner_of(path), mode_of(path)) == (b"new", (USER, USER), 0o444)
    assert (owner_of(closed), mode_of(closed)) == ((USER, USER), 0o600)
    assert capfd.readouterr().err.splitlines()[0] == (
        f"coursectl: {path}: belonged to somebody else and is yours now,"
        " as it could not be given back"
    )


# Where no file can take the place of another


@as_root
def test_a_file_in_a_folder_that_cannot_be_written_is_written_in_place(open_folder):
    path = old_file(open_folder / "report.csv", of=(USER, USER))
    os.link(path, open_folder / "same")
    open_folder.chmod(0o755)

    def fail() -> None:
        with suppress(KeyError), to_file(path) as file:
            file.write(b"half")
            raise KeyError

    as_user(USER, [], fail)
    assert path.read_bytes() == b"old"
    as_user(USER, [], lambda: write(path, b"x" * 3_000_000))
    as_user(USER, [], lambda: write(path, b"n"))
    assert (open_folder / "same").read_bytes() == b"n"


@as_root
def test_a_new_file_in_a_folder_that_cannot_be_written_is_refused(open_folder):
    open_folder.chmod(0o755)

    def act() -> None:
        with pytest.raises(UsageError, match="cannot be written: Permission denied"):
            write(open_folder / "new")

    as_user(USER, [], act)


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A file that is mounted by itself, from a disk of 64 KB."""
    disk, path = tmp_path / "disk", old_file(tmp_path / "report.csv")
    disk.mkdir()
    tiny = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]
    if not is_root or subprocess.run(tiny, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    old_file(disk / "report.csv")
    subprocess.run(["mount", "--bind", disk / "report.csv", path], check=True)
    yield path
    subprocess.run(["umount", path, disk], check=True)


def test_a_file_that_is_mounted_by_itself_is_written_in_place(mounted):
    before = mounted.stat().st_ino
    write(mounted)
    assert (mounted.read_bytes(), mounted.stat().st_ino) == (b"new", before)
    assert sorted(each.name for each in mounted.parent.iterdir()) == ["disk", "report.csv"]


def test_what_finds_no_room_in_place_leaves_the_old_file(mounted):
    with pytest.raises(UsageError, match="cannot be written: No space left on device"):
        write(mounted, bytes(200_000))
    assert mounted.read_bytes() == b"old"
    assert sorted(each.name for each in mounted.parent.iterdir()) == ["disk", "report.csv"]


NO_MODES = """
#include <errno.h>
#include <sys/stat.h>
int chmod(const char *p, mode_t m) { errno = EPERM; return -1; }
int fchmod(int f, mode_t m) { errno = EPERM; return -1; }
int fchmodat(int d, const char *p, mode_t m, int x) { errno = EPERM; return -1; }
"""


@pytest.mark.no_cover
@pytest.mark.skipif(shutil.which("gcc") is None, reason="it takes a C compiler")
def test_where_no_mode_can_be_set_a_file_is_written_all_the_same(tmp_path):
    (tmp_path / "modes.c").write_text(NO_MODES)
    library = tmp_path / "modes.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, tmp_path / "modes.c"], check=True)
    folder = tmp_path / "there"
    folder.mkdir()
    old_file(folder / "old.csv", 0o664)
    for name, mode in (("new.csv", 0o644), ("old.csv", 0o664)):
        run = subprocess.run(
            [*COURSECTL, "members", "demo", "-n", "1", "-c", "id", "-o", name],
            env=clean_environment(LD_PRELOAD=str(library)),
            cwd=folder,
            capture_output=True,
            check=False,
            preexec_fn=lambda: os.umask(0o022),
        )
        assert run.returncode == 0, run.stderr
        assert (folder / name).read_bytes() == b"id\n1224\n"
        assert mode_of(folder / name) == mode
    assert sorted(each.name for each in folder.iterdir()) == ["new.csv", "old.csv"]


def test_a_signal_waits_while_a_file_is_written_in_place():
    done = []

    def interrupted() -> None:
        with _signals_held():
            signal.raise_signal(signal.SIGINT)
            done.append("written")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert done == ["written"]


def test_another_name_of_a_replaced_file_keeps_what_it_held(tmp_path):
    path = old_file(tmp_path / "report.csv")
    (tmp_path / "snapshot").hardlink_to(path)
    write(path)
    assert (path.read_bytes(), (tmp_path / "snapshot").read_bytes()) == (b"new", b"old")


# Below /dev and /proc


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="it is Linux's")
def test_files_below_dev_and_proc_are_files_like_others(tmp_path):
    here = Path("/dev/shm") / f"coursectl-test-{os.getpid()}"
    here.mkdir()
    (tmp_path / "link").symlink_to(f"/proc/self/root{here}")
    try:
        for folder in (here, tmp_path / "link"):
            for _ in range(2):
                write(folder / "a.csv")
                write(folder / "a.json.gz")
            assert (folder / "a.csv").read_bytes() == b"new"
            assert gzip.decompress((folder / "a.json.gz").read_bytes()) == b"new"
        assert sorted(each.name for each in here.iterdir()) == ["a.csv", "a.json.gz"]
    finally:
        shutil.rmtree(here)


def test_an_export_below_dev_needs_the_name_of_one(tmp_path):
    if not Path("/dev/shm").is_dir():
        pytest.skip("it is Linux's")
    run = coursectl("export", "demo", "-o", f"/dev/shm/coursectl-test-{os.getpid()}.csv")
    assert run.code == 2
    assert "is no name of an export" in run.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such names")
@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}", "link"])
def test_a_descriptor_of_a_file_is_written_where_it_stands(tmp_path, name):
    if name.startswith("/proc") and not Path("/proc/self").exists():
        pytest.skip("there is no /proc")
    path = tmp_path / "out"
    with path.open("wb", buffering=0) as file:
        file.write(b"before ")
        target = Path(name.format(file.fileno()))
        if name == "link":
            target = tmp_path / "link"
            target.symlink_to(f"/dev/fd/{file.fileno()}")
        before = path.stat().st_ino
        write(target)
        file.write(b" after")
    assert (path.read_bytes(), path.stat().st_ino) == (b"before new after", before)


def test_a_descriptor_that_is_not_open_cannot_be_written():
    with pytest.raises(UsageError, match=r"/dev/fd/999: cannot be written: Bad file descriptor"):
        write(Path("/dev/fd/999"))


def test_stdout_by_any_of_its_names_is_stdout(tmp_path):
    for name in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
        out = tmp_path / "out"
        with out.open("wb", buffering=0) as file:
            file.write(b"before\n")
            run = subprocess.run(
                [*COURSECTL, "members", "demo", "-n", "1", "-c", "id", "--csv", "-o", name],
                stdout=file,
                env=clean_environment(),
                check=False,
            )
        assert (run.returncode, out.read_bytes()) == (0, b"before\nid\n1224\n")
