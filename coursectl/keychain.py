"""Secrets kept between runs: in the system's keyring, or in a file that only its owner can read.

What is kept belongs to one community and one profile, and is given out for these two only.
"""

import json
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, TypeVar

from coursectl import threads
from coursectl.address import community_url
from coursectl.errors import AccessDenied, ServerError
from coursectl.files import replacing
from coursectl.login_hints import login_command
from coursectl.own_files import read_regular
from coursectl.places import config_file, config_path
from coursectl.printable import printable, shortened
from coursectl.redaction import keep_secret
from coursectl.settings import Method

if TYPE_CHECKING:
    from pathlib import Path

    from keyring.backend import KeyringBackend

_SERVICE = "coursectl"
_KEYRING = "the system keyring"
_LEAST_PRIORITY = 1
"""Of the keyrings that their makers recommend; others write plain files of their own."""

_LARGEST = 4 * 1024 * 1024
"""Bytes of the file; a record has some hundred to a few thousand."""

_T = TypeVar("_T")

_PATIENCE = 90.0
"""Seconds to wait for another run, which may be waiting for a server."""

_KEYRING_PATIENCE = 30.0
"""Seconds to wait for the keyring, which may be asking somebody for a password."""

_WITHOUT_IT = (
    "Unlock it, set COURSECTL_TOKEN or another of the variables, or do without it:"
    " PYTHON_KEYRING_BACKEND=keyring.backends.fail.Keyring"
)


@dataclass(frozen=True, slots=True)
class Record:
    """The secret of one way into a community."""

    method: Method
    secret: str = field(repr=False)
    """The token, the community's API secret, or OAuth's access token."""
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None
    """When the access token ends, in seconds since 1970."""
    client_id: str | None = None
    """The OAuth client that the tokens were given to."""

    def __post_init__(self) -> None:
        """Let none of it be shown."""
        for secret in (self.secret, self.refresh_token):
            keep_secret(secret or "")


class Keychain:
    """The records of one person.

    A keyring that is there but fails (locked, say) is passed over for the file; whatever is in the
    file is newer than what the keyring may hold, and goes first.
    """

    def __init__(self) -> None:
        # Without a home there is no file; what is set, or in a keyring, lets one in all the same.
        self._has_home = config_path() is not None
        self._beside = config_file() if self._has_home else None
        self._shown = (
            printable(str(self._file)) if self._has_home else "no file, for want of a home"
        )

    @property
    def _file(self) -> "Path":
        """Where records are kept without a keyring. Raises UsageError without a home."""
        return (self._beside or config_file()).parent / "credentials.json"

    def get(self, community: str, profile: str) -> Record | None:
        """Give what is kept.

        Raises AccessDenied when the file may have been read or written by others, when it is not
        what was written, and when there is nothing in it and the keyring fails.
        """
        name = _name(community, profile)
        if (record := self._read(profile).get(name)) is not None:
            return record
        try:
            backend = _keyring()
            if backend is None:
                return None
            text = _asked(lambda: backend.get_password(_SERVICE, name))
        except Exception as error:  # noqa: BLE001 - backends raise whatever their systems do
            raise _no_answer(error) from None
        return None if text is None else _records(text, _KEYRING, profile).get(name)

    def put(self, community: str, profile: str, record: Record) -> str:
        """Keep a record; say where. Raises AccessDenied when that cannot be."""
        name = _name(community, profile)
        with self.lock():
            trouble = ""
            text = _text({name: record})
            try:
                if (backend := _keyring()) is not None:
                    _asked(lambda: backend.set_password(_SERVICE, name, text))
            except Exception as error:  # noqa: BLE001 - as above
                trouble = f" ({_KEYRING} does not take it: {_reason(error)})"
            else:
                if backend is not None:
                    self._drop(name, profile)
                    return _KEYRING
            self._write(self._read(profile) | {name: record})
            return self._shown + trouble

    def delete(self, community: str, profile: str) -> str | None:
        """Forget a record; say where it was, or None if nowhere. Raises AccessDenied."""
        name = _name(community, profile)
        with self.lock():
            where = self._shown if self._drop(name, profile) else None
            try:
                backend = _keyring()
                if backend is not None and (
                    _asked(lambda: backend.get_password(_SERVICE, name)) is not None
                ):
                    _asked(lambda: backend.delete_password(_SERVICE, name))
                    where = _KEYRING
            except Exception as error:  # noqa: BLE001 - as above
                raise AccessDenied(
                    f"{_KEYRING} may still hold a secret: {_reason(error)}",
                    "Unlock it, and log out again.",
                ) from None
        return where

    def where(self, community: str, profile: str) -> str:
        """Say where a record is kept, or would be. Raises AccessDenied as `get` does."""
        if _name(community, profile) in self._read(profile):
            return self._shown
        try:
            return self._shown if _keyring() is None else _KEYRING
        except _Silent as error:
            raise _no_answer(error) from None

    @contextmanager
    def lock(self, within: float = float("inf")) -> Iterator[None]:
        """Keep other runs and threads from changing a record; a thread may do so repeatedly.

        Who only reads needs no lock: the file is replaced whole. Raises ServerError when another
        run holds it for too long, or for more than `within` seconds, and AccessDenied when the
        folder cannot be written.
        """
        from filelock import FileLock, Timeout

        kept = self._file
        path = kept.with_suffix(".lock")
        patience = min(_PATIENCE, max(0.0, within))
        try:
            kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = FileLock(path, mode=0o600, is_singleton=True)
            lock.acquire(timeout=patience)
        except Timeout:
            raise ServerError(
                f"{printable(str(path))}: another run has been at the credentials for"
                f" {patience:.0f} seconds",
                "Try again when it has ended.",
            ) from None
        except OSError as error:
            raise self._not_written(error) from None
        try:
            yield
        finally:
            lock.release()

    def _read(self, profile: str) -> dict[str, Record]:
        if not self._has_home:
            return {}
        try:
            # Whoever swaps the file cannot come between the look at it and the reading.
            text, status = read_regular(str(self._file), _LARGEST)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise AccessDenied(
                f"{self._shown} cannot be read: {error.strerror}", "Check the file."
            ) from None
        self._refuse_unless_private(status, login_command(profile))
        return _records(text, self._shown, profile)

    def _refuse_unless_private(self, status: os.stat_result, login: str) -> None:
        if sys.platform == "win32":  # where the folder's own access list says who reads
            return
        if status.st_uid != os.geteuid():
            raise AccessDenied(
                f"{self._shown} belongs to somebody else",
                f"Do not trust it: delete it, then log in again with {login}.",
            )
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise AccessDenied(
                f"{self._shown} can be read or written by others, so its secrets may be known",
                f"Delete it, have its tokens revoked, and log in again with {login}.",
            )

    def _drop(self, name: str, profile: str) -> bool:
        records = self._read(profile)
        if name not in records:
            return False
        del records[name]
        self._write(records)
        return True

    def _write(self, records: dict[str, Record]) -> None:
        """Replace the file by one that nobody else could ever read."""
        try:
            with replacing(self._file) as file:
                file.write(f"{_text(records)}\n".encode())
        except OSError as error:
            raise self._not_written(error) from None

    def _not_written(self, error: OSError) -> AccessDenied:
        return AccessDenied(
            f"{self._shown} cannot be written: {error.strerror}",
            "Check the folder and the free space, or name another place in COURSECTL_CONFIG.",
        )


def _name(community: str, profile: str) -> str:
    return f"{community} {profile}"


def _text(records: dict[str, Record]) -> str:
    plain = {
        name: {key: value for key, value in asdict(record).items() if value is not None}
        for name, record in records.items()
    }
    return json.dumps(plain, indent=1)


def _records(text: str | bytes, where: str, profile: str) -> dict[str, Record]:
    from pydantic import TypeAdapter, ValidationError

    try:
        records = TypeAdapter(dict[str, Record]).validate_json(text)
    except ValidationError:
        raise AccessDenied(
            f"{where} holds something else than coursectl has written",
            f"Delete it, then log in again with {login_command(profile)}.",
        ) from None
    # One that was kept under another writing of its host, as long ago as that was possible.
    return {_one_writing(name): record for name, record in records.items()} | {
        name: record for name, record in records.items() if _one_writing(name) == name
    }


def _one_writing(name: str) -> str:
    community, _, profile = name.partition(" ")
    try:
        return _name(community_url(community), profile)
    except ValueError:
        return name


def _keyring() -> "KeyringBackend | None":
    """Give the system's keyring if it has one."""
    try:
        return _asked(_recommended)
    except _Silent:
        raise
    except Exception:  # noqa: BLE001 - looking for one, keyring asks every system it knows
        return None


def _recommended() -> "KeyringBackend | None":
    import keyring

    backend = keyring.get_keyring()
    return backend if backend.priority >= _LEAST_PRIORITY else None


class _Silent(Exception):
    """The keyring has neither answered nor failed."""


def _asked(call: Callable[[], _T]) -> _T:
    """Give what the keyring answers; one that waits for the desktop of nobody never does."""
    try:
        return threads.within(_KEYRING_PATIENCE, call)
    except TimeoutError:
        raise _Silent(f"nothing in {_KEYRING_PATIENCE:.0f} seconds") from None


def _no_answer(error: Exception) -> AccessDenied:
    return AccessDenied(f"{_KEYRING} does not answer: {_reason(error)}", _WITHOUT_IT)


def _reason(error: Exception) -> str:
    return shortened(str(error) or type(error).__name__, 100)
