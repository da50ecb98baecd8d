"""Secrets between runs: who can read them, to whom they are given, and two runs at once."""

import json
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import keyring
import pytest

from coursectl import threads
from coursectl.errors import AccessDenied, CoursectlError, ExitCode
from coursectl.keychain import Keychain, Record
from coursectl.redaction import redacted
from tests import keyrings
from tests.running import clean_environment

URL = "https://community.example"
RECORD = Record("oauth", "the-access-token", "the-refresh-token", 1e9, "client")
ROOT = Path(__file__).parent.parent

posix = pytest.mark.skipif(os.name != "posix", reason="modes and owners are POSIX's")


@pytest.fixture(autouse=True)
def _no_keyring():
    with keyrings.no_keyring():
        yield


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "config" / "coursectl"
    monkeypatch.setenv("COURSECTL_CONFIG", str(folder / "config.toml"))
    return folder


@pytest.fixture
def use_keyring(tmp_path, monkeypatch):
    """Choose the keyring that this process has."""
    monkeypatch.setenv("TEST_KEYRING", str(tmp_path / "keyring.json"))
    return keyring.set_keyring


def kept(folder: Path) -> Path:
    return folder / "credentials.json"


def refused(call) -> CoursectlError:
    with pytest.raises(AccessDenied) as caught:
        call()
    assert caught.value.exit_code == ExitCode.ACCESS_DENIED
    return caught.value


# The file


def test_a_record_is_found_whichever_way_its_host_was_written(folder):
    Keychain().put(URL, "default", RECORD)
    path = kept(folder)
    path.write_text(path.read_text().replace(URL, "https://Community.example.:443"))

    assert Keychain().get(URL, "default") == RECORD
    assert Keychain().delete(URL, "default") == str(path)
    assert Keychain().get(URL, "default") is None


def test_of_two_writings_of_a_host_the_usual_one_counts(folder):
    Keychain().put(URL, "default", RECORD)
    path = kept(folder)
    other = {"method": "token", "secret": "another-token"}
    held = json.loads(path.read_text())
    path.write_text(json.dumps({f"{URL}. default": other, **held, f"{URL}:443 default": other}))

    assert Keychain().get(URL, "default") == RECORD


def test_what_is_put_is_there_for_the_next_run(folder):
    assert Keychain().get(URL, "default") is None
    assert Keychain().put(URL, "default", RECORD) == str(kept(folder))
    assert Keychain().get(URL, "default") == RECORD
    assert Keychain().where(URL, "default") == str(kept(folder))


def test_a_record_is_for_one_community_and_one_profile(folder):
    Keychain().put(URL, "default", RECORD)

    for community in ("https://other.example", f"{URL}:8443", "http://community.example"):
        assert Keychain().get(community, "default") is None
    assert Keychain().get(URL, "work") is None


def test_records_do_not_disturb_each_other(folder):
    other = Record("token", "another-token")
    Keychain().put(URL, "default", RECORD)
    Keychain().put(URL, "work", other)

    assert Keychain().delete(URL, "default") == str(kept(folder))
    assert Keychain().get(URL, "default") is None
    assert Keychain().get(URL, "work") == other


def test_what_is_not_there_can_be_forgotten(folder):
    assert Keychain().delete(URL, "default") is None


def test_no_secret_is_in_what_a_record_looks_like_nor_in_what_is_told_later(folder):
    assert "the-" not in repr(RECORD)
    Keychain().put(URL, "default", Record("token", "put-by-a-test"))
    Keychain().get(URL, "default")

    assert redacted("the-access-token the-refresh-token put-by-a-test") == "*** *** ***"


@pytest.mark.slow
@posix
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_file_and_folder_are_their_owners_from_the_beginning(folder, umask):
    """Whoever watches the folder never sees a file that others could open."""
    seen = set()
    stop = threading.Event()

    def watch():
        while not stop.is_set():
            for path in folder.glob("**/*") if folder.exists() else ():
                try:
                    seen.add((path.suffix, stat.S_IMODE(path.stat().st_mode)))
                except FileNotFoundError:
                    continue

    watcher = threading.Thread(target=watch)
    before = os.umask(umask)
    try:
        watcher.start()
        for _ in range(50):
            Keychain().put(URL, "default", RECORD)
    finally:
        os.umask(before)
        stop.set()
        watcher.join()

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(kept(folder).stat().st_mode) == 0o600
    assert {mode for _, mode in seen} == {0o600}


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_that_others_can_open_is_refused(folder, mode):
    Keychain().put(URL, "default", RECORD)
    kept(folder).chmod(mode)

    for call in (
        lambda: Keychain().get(URL, "default"),
        lambda: Keychain().put(URL, "default", RECORD),
        lambda: Keychain().delete(URL, "default"),
    ):
        error = refused(call)
        assert error.message.startswith(f"{kept(folder)} can be read or written by others")
        assert "Delete it" in error.hints[0]
        assert "log in again" in error.hints[0]
    assert stat.S_IMODE(kept(folder).stat().st_mode) == mode


@posix
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_somebody_else_is_refused(folder):
    Keychain().put(URL, "default", RECORD)
    os.chown(kept(folder), 12345, -1)

    assert "belongs to somebody else" in refused(lambda: Keychain().get(URL, "default")).message


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a b": {"method": "magic", "secret": "x"}}'])
def test_a_file_that_was_not_written_here_is_refused_and_not_overwritten(folder, text):
    Keychain().put(URL, "default", RECORD)
    kept(folder).write_text(text)

    assert "something else" in refused(lambda: Keychain().get(URL, "default")).message
    refused(lambda: Keychain().put(URL, "default", RECORD))
    assert kept(folder).read_text() == text


def test_what_is_no_file_is_told_in_words(folder):
    kept(folder).mkdir(parents=True)

    assert "cannot be read" in refused(lambda: Keychain().get(URL, "default")).message


def test_a_folder_that_cannot_be_is_told_in_words(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("COURSECTL_CONFIG", str(tmp_path / "file" / "config.toml"))

    assert "cannot be" in refused(lambda: Keychain().put(URL, "default", RECORD)).message


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(folder, monkeypatch):
    Keychain().put(URL, "default", RECORD)
    before = kept(folder).read_text()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    error = refused(lambda: Keychain().put(URL, "default", Record("token", "newer")))
    assert "No space left on device" in error.message
    assert kept(folder).read_text() == before
    assert {path.name for path in folder.iterdir()} <= {"credentials.json", "credentials.lock"}


# The system's keyring


def test_where_there_is_a_keyring_it_holds_the_secret_and_no_file_does(folder, use_keyring):
    use_keyring(keyrings.Open())

    assert Keychain().put(URL, "default", RECORD) == "the system keyring"
    assert Keychain().get(URL, "default") == RECORD
    assert Keychain().get(URL, "work") is None
    assert Keychain().where(URL, "default") == "the system keyring"
    assert not kept(folder).exists()
    held = json.loads(Path(os.environ["TEST_KEYRING"]).read_text())
    assert list(held) == [f"coursectl: {URL} default"]

    assert Keychain().delete(URL, "default") == "the system keyring"
    assert Keychain().get(URL, "default") is None


def test_a_keyring_that_its_makers_advise_against_is_none(folder, use_keyring):
    use_keyring(keyrings.Plain())

    assert Keychain().put(URL, "default", RECORD) == str(kept(folder))


def test_a_locked_keyring_is_passed_over_for_the_file_and_that_is_said(folder, use_keyring):
    use_keyring(keyrings.Locked())

    where = Keychain().put(URL, "default", RECORD)
    assert where == (
        f"{kept(folder)} (the system keyring does not take it: Failed to unlock the collection!)"
    )
    assert Keychain().get(URL, "default") == RECORD


def test_a_locked_keyring_with_nothing_in_the_file_is_an_error(folder, use_keyring):
    use_keyring(keyrings.Locked())

    error = refused(lambda: Keychain().get(URL, "default"))
    assert error.message == ("the system keyring does not answer: Failed to unlock the collection!")
    assert "may still hold a secret" in refused(lambda: Keychain().delete(URL, "default")).message


@pytest.fixture
def _impatient(monkeypatch):
    monkeypatch.setattr("coursectl.keychain._KEYRING_PATIENCE", 0.2)


@pytest.mark.usefixtures("_impatient")
def test_a_keyring_that_does_not_answer_is_told_and_the_file_is_used(folder, use_keyring):
    use_keyring(keyrings.Hanging())

    error = refused(lambda: Keychain().get(URL, "default"))
    assert error.message == "the system keyring does not answer: nothing in 0 seconds"
    assert "COURSECTL_TOKEN" in error.hints[0]
    assert "PYTHON_KEYRING_BACKEND=keyring.backends.fail.Keyring" in error.hints[0]
    assert "may still hold a secret" in refused(lambda: Keychain().delete(URL, "default")).message
    assert Keychain().put(URL, "default", RECORD).startswith(f"{kept(folder)} (the system keyring")
    assert Keychain().get(URL, "default") == RECORD


@pytest.mark.usefixtures("_impatient")
def test_a_search_for_a_keyring_that_does_not_end_is_told(folder, use_keyring):
    use_keyring(keyrings.Unfindable())

    for call in (Keychain().get, Keychain().where):
        error = refused(lambda call=call: call(URL, "default"))
        assert error.message.startswith("the system keyring does not answer")
    assert Keychain().put(URL, "default", RECORD).startswith(str(kept(folder)))


def test_what_was_put_last_counts_wherever_it_is(folder, use_keyring):
    use_keyring(keyrings.Open())
    Keychain().put(URL, "default", Record("token", "first-token"))
    use_keyring(keyrings.Locked())
    Keychain().put(URL, "default", Record("token", "second-token"))
    use_keyring(keyrings.Open())
    assert Keychain().get(URL, "default").secret == "second-token"

    Keychain().put(URL, "default", Record("token", "third-token"))
    assert Keychain().get(URL, "default").secret == "third-token"
    assert "second-token" not in kept(folder).read_text()


def test_what_is_forgotten_is_forgotten_everywhere(folder, use_keyring):
    use_keyring(keyrings.Open())
    Keychain().put(URL, "default", Record("token", "first-token"))
    use_keyring(keyrings.Locked())
    Keychain().put(URL, "default", Record("token", "second-token"))
    use_keyring(keyrings.Open())
    Keychain().delete(URL, "default")

    assert Keychain().get(URL, "default") is None
    assert "token" not in Path(os.environ["TEST_KEYRING"]).read_text()


# Two at once

PUT = """
import sys
from coursectl.keychain import Keychain, Record
for number in range(20):
    Keychain().put(sys.argv[1], f"{sys.argv[2]}-{number}", Record("token", "a-token"))
"""


@pytest.mark.slow
def test_runs_that_write_at_once_lose_nothing(folder):
    environment = clean_environment(
        COURSECTL_CONFIG=os.environ["COURSECTL_CONFIG"],
        PYTHONPATH=str(ROOT),
        PYTHON_KEYRING_BACKEND=keyrings.NONE,
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", PUT, URL, str(number)], env=environment)
        for number in range(3)
    ]
    assert [run.wait(60) for run in runs] == [0, 0, 0]
    assert len(json.loads(kept(folder).read_text())) == 60


def test_the_lock_keeps_others_out_and_its_holder_in(folder):
    order = []

    def wait():
        with Keychain().lock():
            order.append("second")

    with Keychain().lock():
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.1)
        Keychain().put(URL, "default", RECORD)
        order.append("first")
    waiting.join(10)

    assert order == ["first", "second"]


def test_a_lock_that_is_never_let_go_is_told(folder, monkeypatch):
    monkeypatch.setattr("coursectl.keychain._PATIENCE", 0.1)
    errors = []

    def wait():
        try:
            Keychain().put(URL, "default", RECORD)
        except CoursectlError as error:
            errors.append(error)

    with Keychain().lock():
        waiting = threading.Thread(target=wait)
        waiting.start()
        waiting.join(10)

        with pytest.raises(CoursectlError, match="at the credentials for 0 seconds"):
            threads.within(10, lambda: Keychain().lock(within=-1).__enter__())

    assert errors[0].exit_code == ExitCode.SERVER_ERROR
    assert "another run has been at the credentials" in errors[0].message
