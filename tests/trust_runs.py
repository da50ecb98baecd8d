"""Runs of the program for `test_trust.py`: several at once, and what they may not show."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import Generic, TypeVar

from coursectl.keychain import Keychain, Record
from tests.community import Community
from tests.oauth import CLIENT
from tests.running import COURSECTL, Outcome, clean_environment

_T = TypeVar("_T")

ISOLATED = {
    "XDG_CONFIG_HOME": str(Path(gettempdir()) / f"coursectl-tests-{os.getpid()}"),
    "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
}
"""What the tests' own fixture sets, for runs that are begun outside of a test."""

PART = 12
"""Characters of a secret in a row that are too many to be shown."""

_AT_ONCE = 3

_HASTY = """
import atexit, os, sys
from pathlib import Path
from tempfile import gettempdir
from coursectl.sources.api import pace
pace.sleep = lambda _: None
def peak():
    status = Path("/proc/self/status")
    if "PEAK" in os.environ and status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        Path(os.environ["PEAK"]).write_text(line.split()[1])
atexit.register(peak)
if "PEAK" in os.environ and sys.platform == "linux":
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
{before}
sys.argv = ["coursectl", *sys.argv[1:]]
from coursectl.cli import main
main()
"""


def hasty(
    *arguments: str | Path, environment: Mapping[str, str], before: str = "", stdin: bytes = b""
) -> Outcome:
    """Run coursectl as it is, but for the seconds between two tries; `before` is Python."""
    done = subprocess.run(
        [sys.executable, "-c", _HASTY.replace("{before}", before), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env=clean_environment(**ISOLATED, **environment),
        timeout=100,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr.decode())


@contextmanager
def begun(*arguments: str | Path, environment: Mapping[str, str], **streams):
    """Give a run that is under way; it is ended with the block."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE} | streams
    process = subprocess.Popen(
        [*COURSECTL, *map(str, arguments)],
        stderr=subprocess.PIPE,
        env=clean_environment(**ISOLATED, **environment),
        **streams,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


class AtOnce(Generic[_T]):
    """What many runs gave, by name; all are begun, a few at once, when the first is wanted."""

    def __init__(self, run: Callable[[str], _T], names: Iterable[str]) -> None:
        self.names = list(names)
        self._run = run
        self._runs: dict[str, Future[_T]] = {}

    def __getitem__(self, name: str) -> _T:
        if not self._runs:
            pool = ThreadPoolExecutor(_AT_ONCE)
            self._runs = {each: pool.submit(self._run, each) for each in self.names}
            pool.shutdown(wait=False)
        return self._runs[name].result()


def logged_in(community: Community, folder: Path, left: float = 3600) -> dict[str, str]:
    """Keep a pair of OAuth tokens as a login does; give the environment of that person."""
    config = str(folder / "config.toml")
    before = os.environ.get("COURSECTL_CONFIG")
    os.environ["COURSECTL_CONFIG"] = config
    try:
        keychain = Keychain()
    finally:
        os.environ.pop("COURSECTL_CONFIG")
        if before is not None:
            os.environ["COURSECTL_CONFIG"] = before
    pair = community.oauth.pair()
    record = Record(
        "oauth", pair["access_token"], pair["refresh_token"], time.time() + left, CLIENT
    )
    keychain.put(community.url, "default", record)
    return {"COURSECTL_URL": community.url, "COURSECTL_CONFIG": config}


def shown_parts(secrets: Iterable[str], *outputs: str | bytes) -> set[str]:
    """Give every part of a secret that is in any of these."""
    texts = [out if isinstance(out, str) else out.decode(errors="replace") for out in outputs]
    return {
        secret[start : start + PART]
        for secret in secrets
        for start in range(len(secret) - PART + 1)
        if any(secret[start : start + PART] in text for text in texts)
    }


def is_told(outcome: Outcome, code: int, lines: int = 3) -> bool:
    """Whether a failure is a failure of this kind, in a few lines, and without data."""
    assert (outcome.code, outcome.stdout) == (code, b""), outcome.stderr
    assert outcome.stderr.startswith("coursectl: ")
    assert 1 <= outcome.stderr.count("\n") <= lines
    assert "Traceback" not in outcome.stderr
    return True
