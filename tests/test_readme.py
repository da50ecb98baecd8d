"""What the README says is what the program does."""

import gzip
import json
import os
import re
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import tomllib
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import duckdb
import pexpect
import platformdirs.macos
import platformdirs.unix
import pytest
import yaml

from coursectl.cli.filename import EXPORT_SUFFIXES, FIELDS
from coursectl.cli.formats import SUFFIXES, Format
from coursectl.errors import ExitCode
from coursectl.render.columns import COLUMN_KEYS, COURSE_COLUMN_KEYS, TREND_COLUMN_KEYS
from coursectl.roster.change_kind import ChangeKind
from coursectl.roster.definitions import CHANGES, DEFINITIONS
from coursectl.settings import SECRETS, Method, Settings
from tests.browser import browser, destination
from tests.community import JWT_SECRET, TOKEN, Community, Course, detail
from tests.oauth import CLIENT
from tests.readme import (
    README,
    ROOT,
    Crontab,
    Example,
    blocks,
    examples,
    languages,
    section,
    table_below,
    unit,
    units,
)
from tests.running import clean_environment, coursectl
from tests.saved import save_rosters
from tests.test_terminal import terminal_environment

# Each command has tests of its own; here it does what the README says.
pytestmark = [pytest.mark.no_cover, pytest.mark.slow]

DEMO = json.loads((ROOT / "coursectl" / "sources" / "demo.json").read_text(encoding="utf-8"))
BIN = Path(sys.executable).parent
URL = "https://community.example"
"""What the README calls the community."""

USER_ID = "1224"


def days() -> list[str]:
    return re.findall(r"\d{4}-\d\d-\d\d", blocks("text", "DuckDB over a folder of exports")[0])


def of_the_demo(**changes) -> Course:
    course = Course(42, [*DEMO["results"]], DEMO["course"]["name"], DEMO["course"]["slug"])
    course.own_status, course.created_at = "creator", "2026-03-02T08:00:00Z"
    for name, value in changes.items():
        setattr(course, name, value)
    return course


class Reader:
    """Somebody who does what the README says, where its community is one on loopback."""

    def __init__(self, folder: Path, community: Community) -> None:
        self.folder = folder
        self.community = community
        path = [str(BIN), os.environ["PATH"]]
        if not shutil.which("jq"):
            path.append(str(ROOT / "tests" / "bin"))
        self.environment = clean_environment(
            HOME=str(folder),
            PATH=os.pathsep.join(path),
            PYTHONPATH=str(ROOT),
            NO_PROXY="127.0.0.1",
            COURSECTL_CONFIG=str(folder / "config.toml"),
            PYTHON_KEYRING_BACKEND="tests.keyrings.Open",
            TEST_KEYRING=str(folder / "keyring.json"),
        )

    def local(self, text: str) -> str:
        """The README's text with the community that there is."""
        return text.replace(URL, self.community.url)

    def told(self, text: str) -> str:
        """What was printed, with the README's community, and without what no two runs share."""
        return steady(text.replace(self.community.url, URL))

    def run(self, command: str, stdin: str = "", **variables: str) -> str:
        """Run a line of the README in a shell; give all that it printed."""
        done = subprocess.run(
            ["/bin/sh", "-c", self.local(command)],
            input=stdin.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.environment | variables,
            cwd=self.folder,
            timeout=120,
            check=False,
        )
        printed = self.told(done.stdout.decode())
        assert done.returncode == 0, printed
        return printed


def steady(text: str) -> str:
    text = re.sub(r"(/oauth/authorize/|/callback)\?\S+", r"\1?...", text)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC, renewed", "(a time), renewed", text)


def anew(folder: Path, community: Community) -> Reader:
    """Somebody who has not logged in, and has a browser."""
    reader = Reader(folder, community)
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{listener.getsockname()[1]}/callback"
    community.oauth.redirect_uris = {uri}
    # The port that the README names may be taken, on a machine that runs tests.
    reader.environment |= {"BROWSER": browser(folder), "COURSECTL_REDIRECT_URI": uri}
    return reader


@pytest.fixture(scope="module")
def readme_community():
    other = Course(57, [], "Knife Skills", "knife-skills", type="structured", privacy="")
    other.created_at = "2026-09-14T10:30:00Z"
    with Community(of_the_demo(), other).running() as community:
        community.account = {
            name: DEMO["results"][0][name] for name in ("id", "username", "real_name")
        }
        yield community


@pytest.fixture(scope="module")
def reader(readme_community, tmp_path_factory) -> Reader:
    """Somebody who is logged in."""
    reader = anew(tmp_path_factory.mktemp("readme"), readme_community)
    reader.run(next(str(example) for example in examples() if example.is_login))
    return reader


@pytest.fixture
def newcomer(readme_community, tmp_path) -> Reader:
    return anew(tmp_path, readme_community)


@pytest.fixture
def unattended(tmp_path):
    """A machine of its own: the README's course on a community that a test may spoil."""
    with Community(of_the_demo()).running() as community:
        community.account["id"] = int(USER_ID)
        yield Reader(tmp_path, community)


# Examples


def test_every_block_is_of_a_kind_that_is_tested_here():
    kinds = {"console", "sh", "crontab", "ini", "yaml", "sql", "text", "toml", "python"}
    assert set(languages()) == kinds


@pytest.mark.parametrize("example", [each for each in examples() if not each.is_login], ids=str)
def test_an_example_prints_what_stands_below_it(example: Example, reader):
    *before, last = example.commands
    for command in before:
        assert reader.run(command) == ""
    assert reader.run(last) == steady(example.output)


def test_jq_for_machines_without_it_prints_the_same(reader):
    path = f"{ROOT / 'tests' / 'bin'}:{reader.environment['PATH']}"
    for example in examples():
        if "| jq" in str(example):
            assert reader.run(str(example), PATH=path) == example.output


# Getting in


@pytest.mark.parametrize("example", [each for each in examples() if each.is_login], ids=str)
def test_a_login_prints_what_stands_below_it_and_is_one(example: Example, newcomer):
    assert f"--client-id {CLIENT}" in str(example)
    assert newcomer.run(str(example)) == steady(example.output)
    assert "Maja Bianchi" in newcomer.run("coursectl auth status")


def test_the_redirect_uri_to_register_is_the_one_that_is_used():
    uri = Settings.model_fields["redirect_uri"].default
    assert f"`{uri}`" in section("Your own courses")
    assert f"`{uri}`" in "".join(row[2] for row in table_below("Settings"))


def test_a_login_without_a_browser_asks_for_the_address_it_ends_on(newcomer):
    assert "`--no-browser`" in section("Your own courses")
    (login,) = (str(each) for each in examples() if each.is_login)
    program, *arguments = shlex.split(newcomer.local(login))
    child = pexpect.spawn(
        str(BIN / program),
        [*arguments, "--no-browser"],
        env=terminal_environment(**newcomer.environment),
        dimensions=(24, 400),
        encoding="utf-8",
        timeout=30,
    )
    with closing(child):
        child.expect(r"(http://\S+/oauth/authorize/\S+)\r\n")
        address = child.match[1]
        child.expect_exact("The address that it sent you to: ")
        child.sendline(destination(address))
        child.expect(pexpect.EOF)
    assert "Maja Bianchi" in newcomer.run("coursectl auth status")


@pytest.mark.parametrize(
    ("options", "secret"),
    [("--method token", TOKEN), (f"--method jwt --user-id {USER_ID}", JWT_SECRET)],
)
def test_a_login_with_a_secret_reads_it_from_a_pipe(newcomer, options, secret):
    assert f"`{options}`" in section("Your own courses")
    told = newcomer.run(f"coursectl auth login --url {URL} {options}", stdin=f"{secret}\n")
    assert told.startswith(f"coursectl: logged in to {URL} as Maja Bianchi")
    assert "Maja Bianchi" in newcomer.run("coursectl auth status")


def test_a_server_needs_three_variables_and_a_file_of_its_own(newcomer):
    (script,) = blocks("sh", "Your own courses")
    told = newcomer.run(
        f"{script}\ncoursectl auth status --json 2>&1", stdin=f"{JWT_SECRET}\n", SHELL="/bin/sh"
    )
    status = json.loads(told)
    assert (status["method"], status["id"]) == ("jwt", int(USER_ID))
    secret = newcomer.folder / ".community-secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_the_ways_to_name_a_course_are_the_same(reader):
    paragraph = section("Your own courses").rpartition("These are the same:")[2]
    named = re.findall(r"`([^`]+)`", paragraph)
    assert len(named) == 4
    told = {reader.run(f"coursectl members {course} -c id --csv") for course in named}
    assert len(told) == 1
    assert told.pop().count("\n") > 190


# Recipes for nobody at the terminal


def exported(reader: Reader, folder: Path) -> list[Path]:
    """Say what was saved in a folder, each the whole roster of the course."""
    files = sorted(folder.iterdir())
    for file in files:
        document = json.loads(gzip.decompress(file.read_bytes()))
        assert document["community"] == reader.community.url
        assert len(document["results"]) == document["count"] >= 196
        assert document["course"]["id"] == 42
        today = document["fetched_at"][:10]
        assert file.name == f"{of_the_demo().slug}-{today}.json.gz"
    return files


def with_secret(path: Path) -> Path:
    path.touch(0o600)
    path.write_text(f"{JWT_SECRET}\n")
    return path


def as_cron(reader: Reader, line: str) -> subprocess.CompletedProcess[str]:
    """Run a job with what cron sets, and nothing else."""
    crontab = Crontab.of(blocks("crontab")[0])
    told = {name: reader.local(value) for name, value in crontab.settings.items()}
    # coursectl is where these tests have it; the first folder of the README's has its place.
    told["PATH"] = told["PATH"].replace("/usr/local/bin", str(BIN), 1)
    return subprocess.run(
        [told["SHELL"], "-c", line],
        env={"HOME": str(reader.folder), "LOGNAME": "maja", "USER": "maja"} | told,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=reader.folder,
        timeout=120,
        start_new_session=True,
        check=False,
    )


def test_cron_finds_coursectl_and_its_secret_and_mails_plain_text(unattended):
    crontab = Crontab.of(blocks("crontab")[0])
    (weekly, report), (nightly, _) = crontab.jobs
    assert (weekly, nightly) == ("0 6 * * 1", "30 2 * * *")
    assert "%" not in blocks("crontab")[0]
    with_secret(unattended.folder / ".community-secret")

    mail = as_cron(unattended, report)

    assert (mail.returncode, mail.stderr) == (0, "")
    assert mail.stdout.startswith("  ID  Username ")
    assert "\x1b" not in mail.stdout
    as_anybody = unattended.run(report, **unattended.community.environment)
    assert mail.stdout == as_anybody


def test_cron_saves_a_roster_a_night_and_has_nothing_to_mail(unattended):
    _, (_, export) = Crontab.of(blocks("crontab")[0]).jobs
    with_secret(unattended.folder / ".community-secret")

    mail = as_cron(unattended, export)

    assert (mail.returncode, mail.stdout, mail.stderr) == (0, "", "")
    assert len(exported(unattended, unattended.folder / "rosters")) == 1


def test_cron_mails_what_failed(unattended):
    for _, line in Crontab.of(blocks("crontab")[0]).jobs:
        mail = as_cron(unattended, line)
        assert (mail.returncode, mail.stdout) == (ExitCode.USAGE, "")
        assert "COURSECTL_JWT_SECRET_FILE" in mail.stderr
        assert "names no file that is there" in mail.stderr


def test_the_systemd_units_are_what_systemd_takes(tmp_path):
    assert list(units()) == [
        "/etc/systemd/system/rosters.service",
        "/etc/systemd/system/rosters.timer",
    ]
    for path, text in units().items():
        there = text.replace("/usr/local/bin", str(BIN))
        (tmp_path / Path(path).name).write_text(there, encoding="utf-8")
    timer = dict(unit(units()["/etc/systemd/system/rosters.timer"])["Timer"])
    assert timer == {"OnCalendar": "*-*-* 02:30", "Persistent": "true"}
    if not shutil.which("systemd-analyze"):
        return
    for command in (
        ["verify", "./rosters.service", "./rosters.timer"],
        ["calendar", timer["OnCalendar"]],
    ):
        done = subprocess.run(
            ["systemd-analyze", *command], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        # It names a key that it does not know, and is content all the same.
        assert done.stderr == ""


def test_the_systemd_service_saves_the_roster_with_what_systemd_gives_it(unattended):
    service = unit(units()["/etc/systemd/system/rosters.service"])["Service"]
    settings = dict(service)
    state, credentials = unattended.folder / "state", unattended.folder / "credentials"
    for folder in (state / settings["StateDirectory"], credentials):
        folder.mkdir(parents=True)
    name, _, _ = settings["LoadCredential"].partition(":")
    with_secret(credentials / name).chmod(0o400)

    def filled(text: str) -> str:
        return unattended.local(text).replace("%S", str(state)).replace("%d", str(credentials))

    environment = {"HOME": "/", "LANG": "C.UTF-8", "PATH": "/usr/local/bin:/usr/bin:/bin"}
    for name, value in service:
        if name == "Environment":
            environment |= dict(each.split("=", 1) for each in filled(value).split())
    program, *arguments = filled(settings["ExecStart"]).split()
    assert program == "/usr/local/bin/coursectl"
    done = subprocess.run(
        [str(BIN / "coursectl"), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=filled(settings["WorkingDirectory"]),
        timeout=120,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert len(exported(unattended, state / settings["StateDirectory"])) == 1


def test_the_steps_of_github_actions_save_the_roster_and_keep_what_was_saved(unattended):
    save, keep = yaml.safe_load(blocks("yaml")[0])
    secrets = {"COURSECTL_JWT_SECRET": JWT_SECRET}
    environment = {
        name: re.sub(
            r"\$\{\{ secrets\.(\w+) \}\}", lambda found: secrets[found[1]], unattended.local(str(v))
        )
        for name, v in save["env"].items()
    }
    assert not any("${{" in value for value in environment.values())
    done = subprocess.run(
        ["bash", "-e", "-c", save["run"]],
        env={"HOME": str(unattended.folder), "PATH": f"{BIN}:/usr/bin:/bin", "CI": "true"}
        | {"GITHUB_ACTIONS": "true"}
        | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=unattended.folder,
        timeout=120,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "")
    assert re.fullmatch(r"coursectl: rosters/\S+: \d+ members written\n", done.stderr)
    assert re.fullmatch(r"actions/upload-artifact@v\d+", keep["uses"])
    assert keep["with"]["if-no-files-found"] == "error"
    assert len(exported(unattended, unattended.folder / keep["with"]["path"])) == 1


@pytest.mark.parametrize(
    ("code", "told", "ends_with", "said"),
    [
        (ExitCode.OK, "", 0, ""),
        (ExitCode.ACCESS_DENIED, "not allowed (403)", 0, "somebody has to log in again"),
        (ExitCode.SERVER_ERROR, "deadline", 0, "the roster of yesterday stands"),
        (ExitCode.INCOMPLETE_ROSTER, "not the whole roster", 0, "the roster of yesterday stands"),
        (ExitCode.NOT_FOUND, "not found (404)", ExitCode.NOT_FOUND, ""),
    ],
)
def test_the_script_does_by_exit_code_what_it_says(unattended, code, told, ends_with, said):
    community = unattended.community
    misdeeds = {
        ExitCode.ACCESS_DENIED: detail(403, "You do not have permission."),
        ExitCode.SERVER_ERROR: detail(503, "Down."),
        ExitCode.INCOMPLETE_ROSTER: community.edited(
            lambda page: page.update(count=page["count"] + 1) if "count" in page else None
        ),
        ExitCode.NOT_FOUND: detail(404, "Not found."),
    }
    community.misdeed_for_good = misdeeds.get(code)
    soon = {"COURSECTL_DEADLINE": "1s"} if code is ExitCode.SERVER_ERROR else {}
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", blocks("sh", "What to do with exit codes")[0]],
        env=unattended.environment | community.environment | soon,
        capture_output=True,
        text=True,
        cwd=unattended.folder,
        timeout=120,
        check=False,
    )
    assert done.returncode == ends_with, done.stderr
    assert told in done.stderr
    assert said in done.stdout
    assert bool(said) == bool(done.stdout)
    assert (unattended.folder / "rosters").exists() == (code is ExitCode.OK)


def test_a_script_prints_what_changed_since_its_last_run(unattended):
    heading = "What changed since last week"
    ((script,), community) = blocks("sh", heading), unattended.community

    assert unattended.run(script, **community.environment) == ""  # the first time
    assert unattended.run(script, **community.environment) == ""

    gone = community.courses[42].members.pop(1)
    told = unattended.run(script, **community.environment)
    assert "\nLeft\n----\n" in told
    assert gone["username"] in told
    assert unattended.run(script, **community.environment) == ""


def test_a_script_compares_with_its_last_good_run(unattended):
    (script,), community = blocks("sh", "What changed since last week"), unattended.community
    unattended.run(script, **community.environment)
    gone = community.courses[42].members.pop(1)

    community.misdeed_for_good = detail(403, "You do not have permission.")
    assert failing(unattended, script) == ExitCode.ACCESS_DENIED

    community.misdeed_for_good = None
    assert gone["username"] in unattended.run(script, **community.environment)


def failing(unattended, script: str) -> int:
    """How a script of the README ends that does not end well."""
    return subprocess.run(
        ["/bin/sh", "-c", script],
        env=unattended.environment | unattended.community.environment,
        capture_output=True,
        cwd=unattended.folder,
        timeout=120,
        check=False,
    ).returncode


def test_a_report_every_monday_begins_from_nothing(unattended):
    (script,), community = blocks("sh", "A report every Monday"), unattended.community
    page = unattended.folder / "mondays" / "report.html"

    assert unattended.run(script, **community.environment) == ""
    assert "What changed since" not in page.read_text(encoding="utf-8")

    del community.courses[42].members[1]
    community.misdeed_for_good = detail(403, "You do not have permission.")
    assert failing(unattended, script) == ExitCode.ACCESS_DENIED
    community.misdeed_for_good = None
    # A roster that another job has saved meanwhile is not what it compares with.
    nightly = Crontab.of(blocks("crontab")[0]).jobs[1][1]
    assert unattended.run(nightly, **community.environment) == ""

    assert unattended.run(script, **community.environment) == ""
    told = page.read_text(encoding="utf-8")
    assert "What changed since" in told
    assert ">Left<" in told


def test_duckdb_reads_a_folder_of_exports_and_finds_what_a_trend_shows(tmp_path):
    rosters = save_rosters(tmp_path, days())
    (sql,) = blocks("sql", "DuckDB over a folder of exports")
    query = sql.replace("'rosters/", f"'{rosters}/")
    assert query != sql
    with duckdb.connect() as connection:
        found = connection.sql(query)
        (table,) = blocks("text", "DuckDB over a folder of exports")
        header, *rows = [
            [cell.strip() for cell in line.strip("│").split("│")]
            for line in table.splitlines()
            if line.startswith("│")
        ]
        assert header == found.columns
        assert rows[1:] == [[str(cell) for cell in row] for row in found.fetchall()]
    points = json.loads(coursectl("trend", rosters, "--json").text)
    assert rows[1:] == [
        [str(point["course_id"]), point["fetched_at"][:10], str(point["members"])]
        + [str(point["counted"]), str(round(point["mean"], 1))]
        + [str(point[name]) for name in ("active_30", "completed")]
        for point in points
    ]


def test_a_loop_makes_a_data_set_of_many_rosters_that_duckdb_reads(unattended):
    heading = "A data set of many rosters"
    (script,), (sql,), (table,) = (blocks(kind, heading) for kind in ("sh", "sql", "text"))
    other = Course(57, DEMO["results"][::2], "Knife Skills", "knife-skills")
    unattended.community.courses[57] = other

    before = datetime.now(UTC).date()
    assert unattended.run(script, **unattended.community.environment) == ""

    query = sql.replace("'dataset/", f"'{unattended.folder}/dataset/")
    assert query != sql
    header, _, *rows = [
        re.split(r" *│ *", line.strip("│ ")) for line in table.splitlines() if line[0] == "│"
    ]
    with duckdb.connect() as connection:
        found = connection.sql(query)
        assert header == found.columns
        assert all(before <= date <= datetime.now(UTC).date() for _, date, *_ in found.fetchall())
        assert [[row[0], *row[2:]] for row in rows] == [
            [str(course), str(members), str(completion)]
            for course, _, members, completion in found.fetchall()
        ]


# The two commands, and the gate


def test_the_two_commands_stand_first_and_are_what_the_gate_runs():
    install, test = blocks("sh")[0].splitlines()
    assert install.endswith("coursectl members demo")
    assert test.endswith("pytest")


def test_the_gate_runs_what_a_contributor_is_told_to_run():
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    reading = gate[gate.index("mapfile -t checks") :].partition("\n\n")[0]
    script = f"{reading}\nprintf '%s\\n' \"${{checks[@]}}\""
    done = subprocess.run(["bash", "-euc", script], cwd=ROOT, capture_output=True, text=True)
    assert gate.count('for check in "${checks[@]}"; do') == 1
    assert done.stdout == blocks("sh", "Contributing")[0]


# Reference


def test_the_exit_codes_are_those_of_the_program():
    assert table_below("Exit codes") == [[str(code.value), code.meaning] for code in ExitCode]


def options_in(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


LACKED = {"changes": {"--columns"}, "summary": {"--columns"}}
"""Options in tables of all commands that a command lacks, as its own section says."""


def options_below(heading: str, command: str) -> set[str]:
    """The options in a table that are of a command; a table of three columns says of which."""
    return {
        option
        for row in table_below(heading)
        if len(row) < 3 or {*command.split()} & {*re.findall(r"\w+", row[1])}
        for option in options_in(row[0])
    }


@pytest.mark.parametrize(
    ("command", "headings"),
    [
        (
            "members",
            (
                "Large exports",
                "Pseudonyms",
                "Which members",
                "How they are shown",
                "What is accepted",
                "Which community",
            ),
        ),
        ("courses", ("courses", "How they are shown", "Which community")),
        ("export", ("Pseudonyms", "export", "What is accepted", "Which community")),
        (
            "summary",
            (
                "Large exports",
                "Pseudonyms",
                "summary",
                "Which members",
                "How they are shown",
                "What is accepted",
                "Which community",
            ),
        ),
        (
            "trend",
            ("Pseudonyms", "trend", "How they are shown", "What is accepted", "Which community"),
        ),
        (
            "changes",
            ("Pseudonyms", "changes", "How they are shown", "What is accepted", "Which community"),
        ),
        ("auth login", ("auth", "Which community")),
        ("auth status", ("auth", "Which community")),
        ("auth logout", ("auth", "Which community")),
    ],
)
def test_every_option_of_a_command_is_in_the_reference_and_no_other(command, headings):
    shown = options_in(coursectl(*command.split(), "--help", environment={"COLUMNS": "200"}).text)
    told = set().union(*(options_below(heading, command) for heading in headings))
    told -= LACKED.get(command, set())
    assert told == shown - {"--help"}


def test_what_may_stand_before_a_command_is_said_so():
    shown = coursectl("--help", environment={"COLUMNS": "200"}).text
    shown = shown.partition("Options")[2].partition("Exit codes")[0]
    shown = shown.partition("Commands")[0]
    told = {
        option
        for row in table_below("Which community")
        if row[1].endswith("also before the command")
        for option in options_in(row[0])
    }
    assert told == options_in(shown) - {"--help", "--version"}


def test_every_command_is_in_the_readme():
    shown = coursectl("--help", environment={"COLUMNS": "200"}).text
    listed = shown.partition("Commands\n")[2].partition("\n\n")[0]
    commands = re.findall(r"^  (\w+) ", listed, re.MULTILINE)
    assert {
        "members",
        "summary",
        "changes",
        "export",
        "courses",
        "trend",
        "report",
        "auth",
        "completion",
    } == set(commands)
    assert all(re.search(rf"coursectl {command}\b", README) for command in commands)


def test_every_format_column_and_file_name_is_in_the_reference():
    rows = {row[0]: row[1] for row in table_below("How they are shown")}
    told = re.findall(r"`([a-z]+)`", rows["`--format`, `-f`"].partition("Default")[0])
    assert told == [format_.value for format_ in Format]
    assert re.findall(r"`(\w+)`", rows["`--columns`, `-c`"]) == list(COLUMN_KEYS)
    endings = re.findall(r"`(\.\w+)`", rows["`--output FILE`, `-o FILE`"].partition("each")[0])
    assert endings == list(SUFFIXES)


def test_every_column_of_courses_is_in_the_reference():
    rows = {row[0]: row[1] for row in table_below("courses")}
    assert re.findall(r"`(\w+)`", rows["`--columns`, `-c`"]) == list(COURSE_COLUMN_KEYS)


def test_every_column_of_a_trend_is_in_the_reference():
    rows = {row[0]: row[1] for row in table_below("trend")}
    assert re.findall(r"`(\w+)`", rows["`--columns`, `-c`"]) == list(TREND_COLUMN_KEYS)


def test_every_field_of_a_summary_is_in_the_reference():
    (course,) = json.loads(coursectl("summary", "demo", "--json").text)["courses"]
    rows = [row for row in section("summary").splitlines() if row.startswith("| `")]
    told = {name: row for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert [name for name in told if name in course] == list(course)
    parts = course | {"own_mean": dict.fromkeys(("avg_completion_rate", "difference", "counts"))}
    for name in ("course", "counted", "completion", "activity", "own_mean", "nudge"):
        assert [each for each in quoted(told[name])[1:] if each in parts[name]] == list(parts[name])
    assert set(quoted(told["nudge"])) >= set(course["nudge"]["people"][0])
    assert set(quoted(told["completion"])) >= set(course["completion"]["tenths"][0])
    assert set(quoted(told["joins"])) >= set(course["joins"][0])
    assert "none" in quoted(told["by_status"])


def quoted(row: str) -> list[str]:
    """The words in backquotes, each where it stands first."""
    return list(dict.fromkeys(re.findall(r"`(\w+)`", row)))


def test_what_the_figures_mean_is_said_in_the_words_of_the_definitions():
    entry = re.compile(r"^- \*\*(.+?)\*\*: (.*?)\n(?=- |\n)", re.MULTILINE | re.DOTALL)
    told = entry.findall(section("What the figures mean"))
    assert [(term, " ".join(meaning.split())) for term, meaning in told] == list(DEFINITIONS)


def test_each_kind_of_change_is_said_in_the_words_of_its_definition():
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", section("changes"), re.MULTILINE)
    assert rows == [(kind, meaning) for kind, (_, meaning) in zip(ChangeKind, CHANGES, strict=True)]


def test_what_is_filled_in_to_the_name_of_an_export_is_in_the_reference():
    rows = {row[0]: row[1] for row in table_below("export")}
    told = rows["`--output FILE`, `-o FILE`"]
    assert tuple(re.findall(r"`\{(\w+)\}`", told)) == FIELDS
    assert tuple(re.findall(r"`(\.[\w.]+)`", told)) == EXPORT_SUFFIXES


# Settings


def test_every_variable_is_in_the_reference_and_what_it_is_called_in_a_profile():
    told = {row[0].strip("`"): row[1].strip("`") for row in table_below("Settings")}
    expected = {
        f"COURSECTL_{field.upper()}": "" if field in (*SECRETS, "profile") else field
        for field in Settings.model_fields
    }
    assert told == expected | {"COURSECTL_DEBUG": "", "COURSECTL_CONFIG": ""}


def test_the_example_of_profiles_loads_and_leaves_no_setting_out(tmp_path, monkeypatch):
    (text,) = blocks("toml")
    document = tomllib.loads(text)
    config = tmp_path / "config.toml"
    for number, path in enumerate(re.findall(r'_file = "(.*?)"', text)):
        secret = tmp_path / f"secret-{number}"
        secret.write_text(f"s3cret-{number}")
        text = text.replace(f'"{path}"', f'"{secret.name}"')
    config.write_text(text)
    monkeypatch.setenv("COURSECTL_CONFIG", str(config))

    loaded = {name: Settings.load(name) for name in document["profiles"]}

    assert Settings.load().profile == document["profile"]
    assert {settings.method for settings in loaded.values()} == set(get_args(Method))
    used = {key for profile in document["profiles"].values() for key in profile}
    assert used == Settings.model_fields.keys() - {"profile", *SECRETS}
    work = loaded["work"]
    assert (work.deadline, work.concurrency, work.user_id) == (3600, 2, int(USER_ID))


def test_the_profiles_are_where_the_readme_says(monkeypatch):
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for system in (platformdirs.unix.Unix, platformdirs.macos.MacOS):
        folder = system("coursectl", appauthor=False).user_config_path
        assert f"`~/{folder.relative_to(Path.home())}" in section("Settings")


def test_the_defaults_are_those_of_the_program():
    rows = {row[0].partition(" ")[0].strip("`"): row[2] for row in table_below("Which community")}
    fields = Settings.model_fields
    assert f"Default: {fields['concurrency'].default}" in rows["--concurrency"]
    assert f"Default: `{fields['deadline'].default / 60:.0f}m`" in rows["--deadline"]


# Benchmarks


def test_the_benchmark_table_says_when_and_where_it_was_measured():
    told = section("Benchmarks")
    assert re.search(r"\d{4}-\d\d-\d\d", told)
    assert "| jq" in told
