"""Keyrings as a system may have them, for PYTHON_KEYRING_BACKEND or for this process."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keyring
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring
from keyring.errors import KeyringLocked

NONE = "keyring.backends.fail.Keyring"
"""For PYTHON_KEYRING_BACKEND: no keyring, whatever the system has."""


@contextmanager
def no_keyring() -> Iterator[None]:
    """Leave this process without a keyring, whatever the system has."""
    usual = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    try:
        yield
    finally:
        keyring.set_keyring(usual)


class Open(KeyringBackend):
    """One that works; what it holds is in the file that TEST_KEYRING names."""

    priority = 5

    @property
    def _path(self) -> Path:
        return Path(os.environ["TEST_KEYRING"])

    def _held(self) -> dict[str, str]:
        return json.loads(self._path.read_text()) if self._path.exists() else {}

    def get_password(self, service: str, username: str) -> str | None:
        return self._held().get(f"{service}: {username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._path.write_text(json.dumps(self._held() | {f"{service}: {username}": password}))

    def delete_password(self, service: str, username: str) -> None:
        held = self._held()
        del held[f"{service}: {username}"]
        self._path.write_text(json.dumps(held))


class Locked(KeyringBackend):
    """One that is there, and that nobody unlocks."""

    priority = 5

    def get_password(self, *_: str) -> str | None:
        raise KeyringLocked("Failed to unlock the collection!")

    set_password = delete_password = get_password


class Hanging(KeyringBackend):
    """One that waits for somebody who is not there."""

    priority = 5

    def get_password(self, *_: str) -> str | None:
        time.sleep(60)
        return None

    set_password = delete_password = get_password


class Unfindable(Open):
    """One of which not even its quality can be learnt."""

    @property
    def priority(self) -> float:
        time.sleep(60)
        return 5


class Plain(Open):
    """One that keeps secrets in a plain file of its own; its makers advise against it."""

    priority = 0.5
