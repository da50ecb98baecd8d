import subprocess
import sys

from tests.running import clean_environment


def ended(program: str) -> tuple[int, str, str]:
    """Run what comes before the end of a process: its exit code, stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-c", f"from coursectl.ending import end_at_once\n{program}"],
        capture_output=True,
        text=True,
        env=clean_environment(),
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_what_was_written_and_what_is_registered_for_the_end_is_not_lost():
    program = "import atexit; atexit.register(print, 'good bye'); print('hello'); end_at_once(3)"
    assert ended(program) == (3, "hello\ngood bye\n", "")


def test_nothing_is_taken_apart():
    program = "class A:\n    __del__ = lambda self: print('gone')\nkept = A()\nend_at_once(0)"
    assert ended(program) == (0, "", "")


def test_streams_may_be_closed_or_missing():
    assert ended("import sys; sys.stdout.close(); sys.stderr = None; end_at_once(4)") == (4, "", "")


def test_the_end_comes_at_once_though_a_thread_goes_on():
    program = "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()"
    assert ended(f"{program}; end_at_once(5)") == (5, "", "")
