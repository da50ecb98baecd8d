import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from coursectl import __version__
from coursectl.errors import ExitCode
from tests.running import clean_environment, coursectl


@pytest.mark.parametrize("arguments", [["--version"], ["--version", "members"]])
def test_the_version_is_told(arguments):
    run = coursectl(*arguments)
    assert (run.code, run.text, run.stderr) == (0, f"coursectl {__version__}\n", "")


def test_without_a_command_the_help_begins_with_examples():
    run = coursectl()
    assert run.code == 0
    lines = [line.strip() for line in run.text.splitlines() if line.strip()]
    assert lines[2] == "Examples"
    assert lines[3].startswith("coursectl members demo ")


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_the_help_lists_the_exit_codes(option):
    shown = re.findall(r"^ *(\d+)  (.+?) *$", coursectl(option).text, re.MULTILINE)
    assert shown == [(str(code.value), code.meaning) for code in ExitCode]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["membrs"], "No such command 'membrs'. Did you mean 'members'?"),
        (["--bad"], "No such option: --bad"),
        (["members"], "Missing argument 'COURSE'."),
        (["members", "demo", "--colums", "id"], "No such option: --colums"),
        (["members", "demo", "-n", "-1"], "Invalid value for '--limit' / '-n'"),
        (["members", "demo", "--min-completion", "101"], "Invalid value for '--min-completion'"),
        (["members", "demo", "--max-completion", "nan"], "Invalid value for '--max-completion'"),
        (["members", "demo", "-f", "xml"], "Invalid value for '--format' / '-f'"),
        (["members", "demo", "--inactive", "30"], "--inactive: '30' is not an age"),
        (["members", "demo", "--active", "6m"], "--active: '6m' is not an age"),
        (["members", "demo", "--joined-after", "monday"], "--joined-after: 'monday' is not a time"),
        (["members", "demo", "--joined-before", "2026-02-30"], "--joined-before: '2026-02-30'"),
        (["members", "demo", "--as-of", "1700000000"], "--as-of: '1700000000' is not a time"),
        (["members", "demo", "--sort", "name"], "--sort: no column 'name' to sort by"),
        (["members", "demo", "-c", "id,name"], "no column 'name'"),
        (["members", "demo", "-c", "id,id"], "--columns names a column twice"),
        (["members", "demo", "--json", "--csv"], "two formats at once: csv and json"),
        (["members", "demo", "--json", "--raw"], "--raw goes with csv and tsv, not json"),
        (["members", "demo", "--excel"], "--excel goes with csv and tsv, not plain"),
        (["members", "demo", "-o", "x.docx"], "no format goes with the file name 'x.docx'"),
        (["members", "-", "-"], "stdin can be read once"),
        (["members", ""], "a COURSE is empty"),
        (
            ["members", "demo", "--min-completion", "9", "--max-completion", "8"],
            "--min-completion 9 is more than --max-completion 8",
        ),
    ],
)
def test_wrong_usage_is_told_in_two_lines(arguments, message):
    run = coursectl(*arguments)
    assert run.code == ExitCode.USAGE
    assert run.stdout == b""
    assert run.stderr.startswith(f"coursectl: {message}")
    assert run.stderr.count("\n") == 2


def test_an_unknown_column_lists_the_valid_ones():
    assert coursectl("members", "demo", "-c", "x").stderr.splitlines()[1] == (
        "  Columns: course, id, username, real_name, avatar, join_status,"
        " user_completion_rate, last_active_at, joined_at."
    )


def test_with_nothing_configured_three_lines_say_what_to_set_and_what_works_now():
    run = coursectl("members", "42")
    assert run.code == ExitCode.ACCESS_DENIED
    assert run.stderr.splitlines() == [
        "coursectl: no community to ask: COURSECTL_URL and COURSECTL_TOKEN not set",
        "  Set both, or log in: coursectl auth login --url https://<your community> --client-id ID",
        "  Nothing at hand yet? This works now: coursectl members demo",
    ]


BROKEN = """
import coursectl.render.csv
coursectl.render.csv.raw_values = lambda *_: {}["no\\nsuch"]
import sys
sys.argv = ["coursectl", "members", "demo", "--csv"]
from coursectl.cli import main
main()
"""


def run_broken(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BROKEN],
        capture_output=True,
        text=True,
        env=clean_environment(**environment),
        check=False,
    )


def test_a_bug_is_called_one_and_says_how_to_report_it():
    run = run_broken()
    assert run.returncode == ExitCode.BUG
    assert run.stdout == ""
    first, second = run.stderr.splitlines()
    assert first == (
        f"coursectl: this is a bug in coursectl {__version__}: KeyError at <string>:3: 'no\\nsuch'"
    )
    assert second.startswith("  Please report it")


def test_a_traceback_shows_only_when_asked_for():
    assert "Traceback" not in run_broken().stderr
    assert "Traceback" in run_broken(COURSECTL_DEBUG="1").stderr


def shell(command: str, **environment: str) -> tuple[int, str]:
    """Run a line of a shell in which coursectl is there; give its exit code and all it says."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run = subprocess.run(
        ["/bin/sh", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=clean_environment(PATH=path, **environment),
        check=False,
    )
    return run.returncode, run.stdout


def test_an_answer_for_a_closed_stdout_is_not_lost_without_a_word(tmp_path):
    code, said = shell("coursectl members demo >&-")
    assert (code, said) == (
        ExitCode.USAGE,
        "coursectl: stdout is closed\n  Name a file with -o.\n",
    )
    file = tmp_path / "a.csv"
    assert shell(f"coursectl members demo -o {file} >&- 2>&-") == (0, "")
    assert file.read_text().count("\n") == 201


@pytest.mark.slow
@pytest.mark.measured
@pytest.mark.parametrize("command", ["--version", "--help", "completion bash", "members demo"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_whoever_stops_reading_ends_it_quietly(command, unbuffered):
    line = f"{{ coursectl {command}; echo $? >&3; }} 3>&1 | true"
    assert shell(f"( {line} ) 3>&1", PYTHONUNBUFFERED=unbuffered) in ((0, "0\n"), (0, ""))


@pytest.mark.parametrize("command", ["--help", "completion bash", "members demo"])
def test_a_full_disk_is_told_in_words(command):
    code, said = shell(f"coursectl {command} > /dev/full", PYTHONUNBUFFERED="1")
    assert code == ExitCode.USAGE
    assert said.startswith("coursectl: stdout: cannot be written: No space left on device\n")


def test_a_descriptor_by_its_name_is_written_to_and_not_replaced(tmp_path):
    log = tmp_path / "log"
    log.write_text("precious\n")
    assert shell(f"coursectl members demo -n0 --csv -c id -o /dev/stdout >> {log}") == (0, "")
    assert log.read_text() == "precious\nid\n"


def test_the_console_script_and_the_module_are_the_same_program():
    script = Path(sys.executable).with_name("coursectl")
    run = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert run.stdout == coursectl("--version").text
