"""A signal ends a run quietly, whenever it comes, with 128 and its number."""

import signal
import subprocess
import time

import pytest

from tests.running import COURSECTL, clean_environment

CODES = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]

SELF_SIGNALLED = """
import os, signal, sys
sys.argv = ["coursectl", *sys.argv[3:]]
from coursectl.cli import main
number, module = int(os.environ["NUMBER"]), os.environ["MODULE"]
class Finder:
    def find_spec(self, name, *_):
        if name == module:
            os.kill(os.getpid(), number)
sys.meta_path.insert(0, Finder())
main()
"""


def ended(program: str, *words: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [COURSECTL[0], "-c", program, "-", "-", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=clean_environment(**environment),
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(("number", "code"), CODES)
@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("coursectl.whole_writes", ["--version"]),
        ("coursectl.cli.manual", ["--help"]),
        ("coursectl.cli.process", ["members", "demo"]),
        ("typer", ["members", "demo"]),
        ("coursectl.cli.boundary", ["members", "demo"]),
    ],
)
def test_a_signal_amid_an_import_ends_it_quietly(number, code, module, words):
    environment = {"NUMBER": str(int(number)), "MODULE": module}
    assert ended(SELF_SIGNALLED, *words, **environment) == (code, "")


SWALLOWED = """
import os, signal, sys
sys.argv = ["coursectl", "members", "demo", "--csv"]
from coursectl import gather
from coursectl.cli import main
from coursectl.errors import InvalidData, ServerError
def selected(*_, **__):
    try:
        signal.raise_signal(int(os.environ["NUMBER"]))
    except BaseException:
        raise {"3": InvalidData, "6": ServerError, "1": ValueError}[os.environ["AS"]]("made of it")
    yield
gather.Gathering._selected = selected
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), CODES)
@pytest.mark.parametrize("kind", ["1", "3", "6"])
def test_what_a_signal_cut_off_is_no_fault_of_the_data(number, code, kind):
    assert ended(SWALLOWED, NUMBER=str(int(number)), AS=kind) == (code, "")


def test_a_hangup_that_is_ignored_stays_ignored():
    run = subprocess.run(
        ["sh", "-c", f"trap '' HUP; exec {COURSECTL[0]} -c \"$0\" - - --version", SELF_SIGNALLED],
        capture_output=True,
        timeout=60,
        check=False,
        env=clean_environment(NUMBER=str(int(signal.SIGHUP)), MODULE="coursectl.whole_writes"),
    )
    assert (run.returncode, run.stderr) == (0, b"")


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), CODES)
def test_a_signal_at_any_moment_of_a_run_ends_it_quietly(tmp_path, number, code):
    for delay in range(20):
        run = subprocess.Popen(
            [*COURSECTL, "export", "demo", "-o", str(tmp_path / "out.json"), "-q"],
            stderr=subprocess.PIPE,
            env=clean_environment(),
        )
        time.sleep(0.05 + delay * 0.03)
        run.send_signal(number)
        _, said = run.communicate(timeout=60)
        if b"Fatal Python error" in said:
            continue  # before our own code it is Python's to say how it ends
        assert run.returncode in (0, code, -number), said
        assert run.returncode == -number or said in (b"", b"coursectl: interrupted\n") or delay < 5
        assert not list(tmp_path.glob(".coursectl-*"))
