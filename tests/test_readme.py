"""What the README says is what the program does."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coursectl.cli.formats import SUFFIXES, Format
from coursectl.errors import ExitCode
from coursectl.render.columns import COLUMN_KEYS
from tests.community import Community, Course
from tests.readme import README, ROOT, Example, blocks, examples, table_below
from tests.running import clean_environment, coursectl

DEMO = json.loads((ROOT / "coursectl" / "sources" / "demo.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def environment():
    """A shell in which coursectl and jq are there, and the demo roster is course 42."""
    course = Course(42, DEMO["results"], DEMO["course"]["name"], DEMO["course"]["slug"])
    with Community(course).running() as community:
        path = [str(Path(sys.executable).parent), os.environ["PATH"]]
        if not shutil.which("jq"):
            path.append(str(ROOT / "tests" / "bin"))
        yield clean_environment(**community.environment, PATH=os.pathsep.join(path))


def shell(command: str, environment: dict[str, str], cwd: Path) -> str:
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=cwd,
        check=True,
    )
    return done.stdout.decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("readme")


@pytest.mark.parametrize("example", examples(), ids=str)
def test_an_example_prints_what_stands_below_it(example: Example, environment, folder):
    *before, last = example.commands
    for command in before:
        assert shell(command, environment, folder) == ""
    assert shell(last, environment, folder) == example.output


def test_jq_for_machines_without_it_prints_the_same(environment, folder):
    without = environment | {"PATH": f"{ROOT / 'tests' / 'bin'}:{environment['PATH']}"}
    for example in examples():
        if "| jq" in str(example):
            assert shell(str(example), without, folder) == example.output


def test_the_crontab_line_mails_what_a_shell_without_anything_prints(environment, tmp_path):
    (crontab,) = blocks("crontab")
    *settings, line = crontab.splitlines()
    assert [setting.partition("=")[0] for setting in settings] == [
        "COURSECTL_URL",
        "COURSECTL_TOKEN",
    ]
    command = re.fullmatch(r"0 6 \* \* 1  (.*)", line)[1]
    program, *arguments = shlex.split(command)
    cron = {
        "HOME": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "SHELL": "/bin/sh",
        "COURSECTL_URL": environment["COURSECTL_URL"],
        "COURSECTL_TOKEN": environment["COURSECTL_TOKEN"],
    }
    assert program == "coursectl"
    mail = shell(command, cron, tmp_path)
    assert mail.startswith("  ID  Username ")
    assert mail == coursectl(*arguments, environment=environment).text


def test_the_two_commands_stand_first_and_are_what_the_gate_runs():
    install, test = blocks("sh")[0].splitlines()
    assert install.endswith("coursectl members demo")
    assert test.endswith("pytest")


def test_a_contributor_runs_what_the_gate_runs():
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for line in blocks("sh")[-1].splitlines():
        for command in line.split(" && "):
            assert command == "pytest" or f"\n{command}\n" in gate


def test_the_exit_codes_are_those_of_the_program():
    assert table_below("Exit codes") == [[str(code.value), code.meaning] for code in ExitCode]


def options_in(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


def test_every_option_of_members_is_in_the_reference_and_no_other():
    shown = options_in(coursectl("members", "--help", environment={"COLUMNS": "200"}).text)
    told = set()
    for heading in ("Which members", "How they are shown", "What is accepted"):
        told |= {option for row in table_below(heading) for option in options_in(row[0])}
    assert told == shown - {"--help"}


def test_every_format_column_and_file_name_is_in_the_reference():
    rows = {row[0]: row[1] for row in table_below("How they are shown")}
    told = re.findall(r"`([a-z]+)`", rows["`--format`, `-f`"].partition("Default")[0])
    assert told == [format_.value for format_ in Format]
    assert re.findall(r"`(\w+)`", rows["`--columns`, `-c`"]) == list(COLUMN_KEYS)
    endings = re.findall(r"`(\.\w+)`", rows["`--output FILE`, `-o FILE`"].partition("each")[0])
    assert endings == list(SUFFIXES)


def test_the_benchmark_table_says_when_and_where_it_was_measured():
    section = README.partition("## Benchmarks\n")[2].partition("\n## ")[0]
    assert re.search(r"\d{4}-\d\d-\d\d", section)
    assert "| jq" in section
