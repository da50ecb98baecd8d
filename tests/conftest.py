"""What every test starts from: nothing configured; and a community, for those that ask one."""

import logging
import os
import signal
import threading
from collections import Counter
from collections.abc import Generator, Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import settings

from coursectl import redaction
from coursectl.cli import debugging
from coursectl.sources.api import pace
from tests import missing
from tests.community import Community, Course, row

_NUMBERS = count()

SLOW = "slow (pytest --all runs them)"

# In the background of a shell it is ignored, and would be by every process that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# How long an example takes is the machine's to say.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all",
        action="store_true",
        help="run the slow tests too, and fail where a program that one needs is missing",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Read what is to run, and mend how pytest-cov 7 pauses for a test that is not to be measured.

    With --no-cov it would pause what has not begun. In a process of pytest-xdist it begins twice,
    and when one is paused, the other goes on.
    """
    missing.is_failure = config.getoption("all")
    measuring = config.pluginmanager.get_plugin("_cov")
    if measuring is None:
        return
    if config.getoption("no_cov"):
        config.pluginmanager.unregister(measuring)
    elif hasattr(config, "workerinput"):
        measuring.cov_controller.pause()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return twice the number of processors: most tests wait for a process or a server."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Let coverage not begin by itself in the processes of pytest-xdist, a third time."""
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out slow tests that are not asked for, and them and property tests unmeasured.

    A trace more than doubles the time of each. What these look at has tests of single examples too,
    which reach the same lines; where it has not, they are marked as `measured`.
    """
    is_named = any("::" in argument for argument in config.args)
    for item in items:
        is_slow = item.get_closest_marker("slow") and not item.get_closest_marker("measured")
        if is_slow or item.get_closest_marker("hypothesis"):
            item.add_marker("no_cover")
        if item.get_closest_marker("slow") and not (config.getoption("all") or is_named):
            item.add_marker(pytest.mark.skip(reason=SLOW))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say in one line what was left out, and why."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in skipped)
    if reasons:
        left_out = (f"{number:,} {reason}" for reason, number in reasons.most_common())
        terminalreporter.write_line("Left out: " + "; ".join(left_out))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let a test that is not measured start processes that are not measured either."""
    measuring = os.environ.get("COVERAGE_PROCESS_CONFIG")
    if measuring is None or item.get_closest_marker("no_cover") is None:
        return (yield)
    del os.environ["COVERAGE_PROCESS_CONFIG"]
    try:
        return (yield)
    finally:
        os.environ["COVERAGE_PROCESS_CONFIG"] = measuring


@pytest.fixture(autouse=True)
def _nothing_configured(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for name in list(os.environ):
        if name.startswith("COURSECTL_"):
            monkeypatch.delenv(name)
    # What was secret to one test is a word like any other to the next.
    monkeypatch.setattr(redaction, "_secrets", dict(redaction._secrets))
    monkeypatch.setattr(redaction, "_parts", set(redaction._parts))
    # Nor has the person who runs the tests a profile or a keyring.
    home = tmp_path_factory.getbasetemp() / f"home-{next(_NUMBERS)}"  # nobody has made it
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    # A proxy is for the outside; it knows nothing of the community on loopback.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(autouse=True)
def _nothing_is_debugged() -> Iterator[None]:
    """End what a test began in this very process with --debug."""
    yield
    if not debugging._is_on:
        return
    debugging._is_on = False
    for name in debugging._LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)
        logger.propagate = True


@pytest.fixture(autouse=True)
def _nobody_asks_on(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End the requests that a refused roster left under way, before the next test begins.

    Their retries move `random`, and a property test that sees that is called flaky.
    """
    yield
    monkeypatch.setattr(pace, "sleep", lambda _seconds: None)
    for thread in threading.enumerate():
        if thread.name == "coursectl-request":
            thread.join(5)


@pytest.fixture
def community() -> Iterator[Community]:
    """A community with one course: 42, of five members."""
    with Community(Course(42, [row(id_) for id_ in range(1, 6)])).running() as community:
        yield community


@pytest.fixture
def retries_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many retries as ever, without the seconds between them."""
    close_for = pace.Pace.close_for
    monkeypatch.setattr(pace, "sleep", lambda _seconds: None)
    monkeypatch.setattr(pace.Pace, "close_for", lambda each, _seconds: close_for(each, 0))
